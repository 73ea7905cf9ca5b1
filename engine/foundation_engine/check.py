"""Checking: compare what is written at an occurrence with what its spec requires.

`check` judges one occurrence by itself. `check_document` and `check_tree` add what only the whole document shows, apply
the user's choice of codes and the document's suppressions, and are what the command line and the editor both call.
Whatever is not statically known is never reported.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from foundation_grammars.occurrence import ByteRange, Occurrence, OccurrenceForm, StaticValue, ValueKind
from foundation_grammars.prefilter import may_hold_pattern
from foundation_grammars.query import find_occurrences
from foundation_grammars.suppression import find_suppressions
from foundation_grammars.tree import SyntaxTree, parse
from foundation_specs.guarantees import broken
from foundation_specs.guarantees import message as guarantee_message
from foundation_specs.model import Dialect, LanguageId, Parameter, ParameterType, PatternSpec, Severity
from foundation_specs.registry import SpecRegistry

from foundation_engine import surroundings
from foundation_engine.codes import RULES, CodeFilter, selects
from foundation_engine.effective import (
    BoundArgument,
    Setting,
    UnreadableError,
    bind,
    dialect_of,
    known_values,
    plain,
    settings_in_force,
    written_as_seconds,
)
from foundation_engine.finding import Finding
from foundation_engine.suppress import apply_suppressions


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What the user wants reported.

    `codes` says which codes; `severity` replaces severities, by whatever selects a code; `patterns` are the pattern
    ids to look at, None for all of them.
    """

    codes: CodeFilter = field(default_factory=CodeFilter)
    severity: Mapping[str, Severity] = field(default_factory=dict[str, Severity])
    patterns: frozenset[str] | None = None

    def severity_of(self, finding: Finding) -> Severity:
        """The severity to report: the user's for this code, the one written last when several match."""
        chosen = finding.severity
        for selector, severity in self.severity.items():
            if selects(selector, finding.code):
                chosen = severity
        return chosen


@dataclass(frozen=True, slots=True)
class Facts:
    """What a requirement is judged by: the occurrence, its spec, and what its arguments mean."""

    occurrence: Occurrence
    spec: PatternSpec
    dialect: Dialect | None
    bound: tuple[BoundArgument, ...]
    settings: Mapping[str, Setting]

    @property
    def library(self) -> str:
        """The library's name for messages."""
        return "provide.foundation" if self.occurrence.dialect == "provide" else self.occurrence.dialect

    def finding(
        self,
        rule: str,
        message: str,
        place: ByteRange,
        *,
        advice: str = "",
        severity: Severity | None = None,
        related: tuple[tuple[ByteRange, str], ...] = (),
        **data: Any,
    ) -> Finding:
        """A finding of one of the rules at this occurrence; `data` is what a fix needs."""
        return Finding(
            code=f"{self.spec.pattern_id}/{rule}",
            severity=severity or RULES[rule].severity,
            message=message,
            range=place,
            help=advice,
            pattern_id=self.spec.pattern_id,
            related=related,
            data={"anchor": self.occurrence.range.start, **data},
        )


def check(occurrence: Occurrence, spec: PatternSpec) -> list[Finding]:
    """Every requirement that the occurrence, taken by itself, does not meet, in source order."""
    facts = Facts(
        occurrence,
        spec,
        dialect_of(occurrence, spec),
        bind(occurrence, spec),
        settings_in_force(occurrence, spec),
    )
    found = [finding for judge in _JUDGES for finding in judge(facts)]
    return _in_order(found)


def check_document(
    text: bytes, language: LanguageId, registry: SpecRegistry, options: CheckOptions | None = None
) -> list[Finding]:
    """Every finding in a document, in source order; parses it only when a pattern may be in it."""
    if not worth_parsing(text, language):
        return []
    return check_tree(parse(text, language), registry, options)


def worth_parsing(text: bytes, language: LanguageId) -> bool:
    """False only when checking the document cannot yield a finding."""
    return may_hold_pattern(text, language) or _SUPPRESSION.search(text) is not None


_SUPPRESSION = re.compile(rb"foundation:[ \t]*ignore")


def check_tree(
    tree: SyntaxTree,
    registry: SpecRegistry,
    options: CheckOptions | None = None,
    occurrences: list[Occurrence] | None = None,
) -> list[Finding]:
    """Every finding in a parsed document, in source order; `occurrences` when the caller has found them already."""
    options = options or CheckOptions()
    if occurrences is None:
        occurrences = find_occurrences(tree)
    if options.patterns is not None:
        occurrences = [o for o in occurrences if o.pattern_id in options.patterns]
    found: list[Finding] = []
    for occurrence in occurrences:
        spec = registry.get(occurrence.pattern_id)
        if spec is not None:
            found.extend(check(occurrence, spec))
    found = [f for f in found if not surroundings.excused(f, tree)]
    found.extend(surroundings.check_surroundings(occurrences, tree, registry))
    wanted = [finding for finding in found if options.codes.wants(finding.code)]
    kept = apply_suppressions(wanted, find_suppressions(tree), tree, registry, options.codes)
    return _in_order([replace(finding, severity=options.severity_of(finding)) for finding in kept])


def _in_order(found: Iterable[Finding]) -> list[Finding]:
    """The findings sorted by place, code and message, each once: two occurrences may share one policy constant."""
    unique: dict[tuple[int, int, str, str], Finding] = {}
    for finding in found:
        unique.setdefault((finding.range.start, finding.range.end, finding.code, finding.message), finding)
    return [unique[key] for key in sorted(unique)]


def _keyword_retry(facts: Facts) -> Iterator[Finding]:
    if facts.occurrence.malformed != "keyword-retry":
        return
    yield facts.finding(
        "keyword-retry",
        "`retry` is a keyword in Ruby, so this call with a block is a syntax error",
        facts.occurrence.name_range,
        advice="write `Foundation.retry(...) do`",
    )


def _missing_import(facts: Facts) -> Iterator[Finding]:
    occurrence = facts.occurrence
    if occurrence.imported or occurrence.malformed:
        return
    mapping = facts.spec.mappings.get(occurrence.language)
    line = _import_line(facts)
    # Ruby code is often required by whoever loads the file, which this file does not show.
    severity = Severity.INFO if occurrence.language is LanguageId.RUBY else None
    yield facts.finding(
        "missing-import",
        f"`{occurrence.spelled}` is not imported in this file",
        occurrence.name_range,
        advice=f"add `{line}`" if line and mapping is not None else "import it",
        severity=severity,
        import_line=line,
    )


def _import_line(facts: Facts) -> str:
    """The line that imports exactly the name in use, or the mapping's own line when the name cannot be told."""
    occurrence = facts.occurrence
    mapping = facts.spec.mappings.get(occurrence.language)
    if occurrence.language is LanguageId.PYTHON and re.fullmatch(r"[\w.]+\.\w+", occurrence.symbol):
        module, _, name = occurrence.symbol.rpartition(".")
        return f"from {module} import {name}" if name == occurrence.spelled else ""
    return mapping.import_line if mapping is not None else ""


def _unknown_parameter(facts: Facts) -> Iterator[Finding]:
    given = {item.parameter.id for item in facts.bound if item.parameter is not None}
    names = accepted_names(facts.spec, facts.dialect, facts.occurrence)
    for item in facts.bound:
        argument = item.argument
        if item.parameter is not None or item.accepted or not argument.spelled:
            continue
        where = argument.name_range or argument.range
        suggestion, certain, offset = _suggest(argument.parameter or argument.spelled, facts, names)
        # A Go or Rust call with an option that does not exist does not compile; it may only be one we do not list.
        if not suggestion and not written_as_seconds(facts.occurrence):
            continue
        data: dict[str, Any] = {"argument": [argument.range.start, argument.range.end]}
        if suggestion:
            target = facts.spec.parameter_in(facts.dialect, suggestion)
            if target is None or target.id in given:
                data["fix"] = "remove"
                certain = False
            else:
                data |= {"fix": "rename", "to": respell(suggestion, argument.spelled, facts.occurrence)}
            data["certain"] = certain
            if offset and argument.value.kind is ValueKind.INTEGER and argument.value.constant is None:
                data["value"] = [
                    argument.value_range.start,
                    argument.value_range.end,
                    str(argument.value.value + offset),
                ]
        else:
            data |= {"fix": "remove", "certain": False}
        shown = respell(suggestion, argument.spelled, facts.occurrence) if suggestion else ""
        hint = f"did you mean `{shown}`?" if shown else "it takes " + ", ".join(f"`{n}`" for n in names)
        if offset:
            hint += " It counts the first call too, so it is one more than the number of retries."
        yield facts.finding(
            "unknown-parameter",
            f"{facts.library}'s {_name_of(facts)} has no parameter `{argument.spelled}`",
            where,
            advice=hint,
            **data,
        )


def _name_of(facts: Facts) -> str:
    return f"`{facts.occurrence.spelled}`" if facts.occurrence.spelled else facts.spec.title.lower()


def accepted_names(spec: PatternSpec, dialect: Dialect | None, occurrence: Occurrence) -> list[str]:
    """The parameter names that the dialect accepts, in the spec's order, as they are suggested to a person."""
    del occurrence
    if dialect is not None and dialect.parameters:
        return list(dialect.parameters)
    return list(spec.parameters)


# What other libraries call a parameter, by pattern: our name, and what to add to an integer value (retries are one
# fewer than attempts).
_SYNONYMS: Mapping[str, Mapping[str, tuple[str, int]]] = {
    "retry_with_backoff": {
        "retries": ("max_attempts", 1),
        "max_retries": ("max_attempts", 1),
        "num_retries": ("max_attempts", 1),
        "attempts": ("max_attempts", 0),
        "tries": ("max_attempts", 0),
        "max_tries": ("max_attempts", 0),
        "stop_max_attempt_number": ("max_attempts", 0),
        "delay": ("base_delay", 0),
        "initial_delay": ("base_delay", 0),
        "interval": ("base_delay", 0),
        "base_interval": ("base_delay", 0),
        "wait_initial": ("base_delay", 0),
        "max_interval": ("max_delay", 0),
        "wait_max": ("max_delay", 0),
        "strategy": ("backoff_strategy", 0),
        "exceptions": ("retryable", 0),
        "on": ("retryable", 0),
    },
    "circuit_breaker": {
        "fail_max": ("failure_threshold", 0),
        "threshold": ("failure_threshold", 0),
        "reset_timeout": ("recovery_timeout", 0),
        "timeout": ("recovery_timeout", 0),
        "cool_off_time": ("recovery_timeout", 0),
    },
    "rate_limiting": {
        "rate": ("limit", 0),
        "max_calls": ("limit", 0),
        "calls": ("limit", 0),
        "interval": ("period", 0),
        "window": ("period", 0),
    },
    "http_client": {
        "max_retries": ("max_attempts", 1),
        "retries": ("max_attempts", 1),
        "url": ("base_url", 0),
    },
    "process_execution": {"cmd": ("command", 0), "working_dir": ("cwd", 0), "environment": ("env", 0)},
}


def _suggest(name: str, facts: Facts, names: list[str]) -> tuple[str, bool, int]:
    """The accepted name that is most likely meant, whether that is beyond doubt, and what to add to its value."""
    synonym = _SYNONYMS.get(facts.spec.pattern_id, {}).get(name)
    if synonym is not None:
        meant, offset = synonym
        spelled = _in_dialect(meant, facts.dialect)
        if spelled:
            return spelled, False, offset
    pool = list(names)
    if facts.dialect is None or not facts.dialect.parameters:
        pool += [alias for p in facts.spec.parameters.values() for alias in p.aliases]
    if facts.dialect is not None:
        pool += facts.dialect.ignored
    close = difflib.get_close_matches(name, pool, 2, 0.6)
    if not close:
        return "", False, 0
    best = difflib.SequenceMatcher(None, name, close[0]).ratio()
    second = difflib.SequenceMatcher(None, name, close[1]).ratio() if len(close) > 1 else 0.0
    return close[0], best >= 0.85 and best - second >= 0.1, 0


def _in_dialect(parameter_id: str, dialect: Dialect | None) -> str:
    if dialect is None or not dialect.parameters:
        return parameter_id
    return next((name for name, mapped in dialect.parameters.items() if mapped == parameter_id), "")


def respell(parameter_id: str, like: str, occurrence: Occurrence) -> str:
    """A snake_case parameter name spelled as its surroundings are: `maxAttempts`, `WithMaxAttempts`, `MaxAttempts`."""
    if occurrence.language is not LanguageId.GO:
        return parameter_id
    words = parameter_id.split("_")
    pascal = "".join(word.capitalize() if word != "url" else "URL" for word in words)
    head, dot, last = like.rpartition(".")
    if last.startswith("With"):
        return f"{head}{dot}With{pascal}"
    if last[:1].isupper():
        return pascal
    return pascal[:1].lower() + pascal[1:]


def _duplicate_parameter(facts: Facts) -> Iterator[Finding]:
    first: dict[str, BoundArgument] = {}
    for item in facts.bound:
        if item.parameter is None or item.argument.nested:
            continue
        held = first.setdefault(item.parameter.id, item)
        if held is item:
            continue
        same = held.argument.value.known and (held.argument.value.kind, held.argument.value.value) == (
            item.argument.value.kind,
            item.argument.value.value,
        )
        yield facts.finding(
            "duplicate-parameter",
            f"`{_shown_name(item)}` is given twice",
            item.argument.range,
            advice="keep one of the two",
            related=((held.argument.range, "first given here"),),
            fix="remove",
            argument=[item.argument.range.start, item.argument.range.end],
            certain=same,
        )


def _shown_name(item: BoundArgument) -> str:
    if item.argument.spelled:
        return item.argument.spelled
    return item.parameter.id if item.parameter is not None else item.argument.value.text


def _conflicting_parameters(facts: Facts) -> Iterator[Finding]:
    """A policy beside parameters of its own: the provide library refuses them, and ignores exceptions there."""
    if facts.occurrence.dialect != "provide" or facts.spec.pattern_id != "retry_with_backoff":
        return
    policy = next((a for a in facts.occurrence.arguments if a.policy), None)
    if policy is None or policy.value.kind is ValueKind.NONE:
        return
    own = [
        i.argument for i in facts.bound if i.argument.nested and i.parameter and i.parameter.id == "retryable"
    ]
    instead = ""
    if own:
        instead = f"; the policy's `{own[0].spelled}` counts"
    elif not facts.occurrence.open_arguments:
        instead = ": every exception is retried"
    for item in facts.bound:
        argument = item.argument
        if (
            argument.nested
            or item.parameter is None
            or argument.value.kind in {ValueKind.NONE, ValueKind.UNKNOWN}
        ):
            continue
        if item.parameter.type is ParameterType.EXCEPTIONS:
            yield facts.finding(
                "ignored-exceptions",
                f"`{_on_one_line(argument.value.text)}` is ignored because `policy=` is given{instead}",
                argument.range,
                advice="name the exceptions in the policy: `RetryPolicy(..., retryable_errors=(...))`",
                related=((policy.range, "the policy that counts"),),
            )
        else:
            yield facts.finding(
                "conflicting-parameters",
                f"`{_shown_name(item)}` cannot be given together with `policy`",
                argument.range,
                advice="put it into the policy, or drop the policy",
                related=((policy.range, "the policy"),),
                fix="remove",
                argument=[argument.range.start, argument.range.end],
                certain=False,
            )


def _on_one_line(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _missing_parameter(facts: Facts) -> Iterator[Finding]:
    occurrence = facts.occurrence
    if occurrence.open_arguments or any(a.policy for a in occurrence.arguments):
        return
    if occurrence.form in {OccurrenceForm.IMPORT, OccurrenceForm.CLASS}:
        return
    # Go and Rust calls take what is required as positional arguments, which their compilers already demand.
    compiled = occurrence.language in {LanguageId.GO, LanguageId.RUST}
    if compiled and occurrence.form not in {OccurrenceForm.ANNOTATION, OccurrenceForm.MACRO}:
        return
    given = {item.parameter.id for item in facts.bound if item.parameter is not None}
    if any(not item.argument.spelled and item.parameter is None for item in facts.bound):
        return
    for setting in facts.settings.values():
        parameter = setting.parameter
        if not parameter.required or parameter.id in given:
            continue
        spelled = _in_dialect(parameter.id, facts.dialect)
        if not spelled:
            continue
        yield facts.finding(
            "missing-parameter",
            f"{_name_of(facts)} needs `{respell(spelled, 'a', occurrence)}`",
            occurrence.name_range,
            advice=parameter.description,
        )


_MILLISECONDS = re.compile(
    r"(?:_(?:MS|MILLIS|MILLISECONDS|MSEC|MSECS)|[a-z](?:Ms|Millis|Milliseconds))$", re.IGNORECASE
)
_CAMEL_MILLISECONDS = re.compile(r"[a-z](?:Ms|MS|Millis|Milliseconds)$")


def _values(facts: Facts) -> Iterator[Finding]:
    """Type, unit, choice and range of every value that is statically known."""
    for item in facts.bound:
        if item.parameter is None:
            continue
        value = item.argument.value
        if not value.known:
            continue
        unit = _unit_problem(facts, item)
        if unit is not None:
            yield unit
            continue
        try:
            plain_value = plain(value, item.parameter, facts.occurrence)
        except LookupError:
            continue
        except UnreadableError as error:
            if _accepts_anyway(facts, item.parameter, value):
                continue
            yield facts.finding(
                "wrong-type",
                f"`{_shown_name(item)}` is {_article(value)}; expected {error.wanted}",
                item.argument.value_range,
                advice=item.parameter.description,
                **_retyping(item.parameter, value, item, facts.occurrence),
            )
            continue
        yield from _choice(facts, item, plain_value)
        yield from _range(facts, item, plain_value)


def _accepts_anyway(facts: Facts, parameter: Parameter, value: StaticValue) -> bool:
    """True for spellings that the recognised library documents although the spec's type differs."""
    if facts.occurrence.dialect == "foundation":
        return False
    # The provide library runs strings through a shell when asked to, and takes paths and numbers as strings nowhere.
    return parameter.type in {ParameterType.STRINGS, ParameterType.EXCEPTIONS, ParameterType.MAPPING} or (
        value.kind is ValueKind.NAME
    )


def _article(value: StaticValue) -> str:
    words = {
        ValueKind.INTEGER: "an integer",
        ValueKind.FLOAT: "a float",
        ValueKind.STRING: "a string",
        ValueKind.BYTES: "bytes",
        ValueKind.BOOLEAN: "a boolean",
        ValueKind.NONE: "none",
        ValueKind.SYMBOL: "a symbol",
        ValueKind.DURATION: "a duration",
        ValueKind.LIST: "a list",
        ValueKind.MAPPING: "a mapping",
        ValueKind.NAME: "a name",
    }
    return words.get(value.kind, "something else")


def _retyping(
    parameter: Parameter, value: StaticValue, item: BoundArgument, occurrence: Occurrence
) -> dict[str, Any]:
    """The data of a fix that writes the same value in the right type, when there is one."""
    if value.constant is not None:
        return {}
    text: str | None = None
    certain = True
    match parameter.type, value.kind:
        case ParameterType.INTEGER, ValueKind.STRING if re.fullmatch(r"-?\d{1,15}", str(value.value)):
            text = str(value.value)
        case ParameterType.INTEGER, ValueKind.FLOAT if float(value.value).is_integer():
            text = str(int(value.value))
        case ParameterType.FLOAT, ValueKind.STRING if re.fullmatch(r"-?\d{1,15}(\.\d+)?", str(value.value)):
            text = str(value.value)
        case ParameterType.FLOAT, ValueKind.DURATION if written_as_seconds(occurrence):
            text = f"{value.value / 1e9:g}"
        case ParameterType.BOOLEAN, ValueKind.STRING if str(value.value).lower() in {"true", "false"}:
            truth = str(value.value).lower()
            text = truth.capitalize() if occurrence.language is LanguageId.PYTHON else truth
        case ParameterType.BOOLEAN, ValueKind.INTEGER if value.value in {0, 1}:
            truth = "true" if value.value else "false"
            text = truth.capitalize() if occurrence.language is LanguageId.PYTHON else truth
        case _:
            return {}
    place = item.argument.value_range
    return {"fix": "replace", "to": text, "span": [place.start, place.end], "certain": certain}


def _unit_problem(facts: Facts, item: BoundArgument) -> Finding | None:
    """A duration in another unit, where that is beyond doubt."""
    parameter, argument = item.parameter, item.argument
    if parameter is None or not parameter.is_duration:
        return None
    value, occurrence = argument.value, facts.occurrence
    if value.kind not in {ValueKind.INTEGER, ValueKind.FLOAT} or not value.value:
        return None
    place = [argument.value_range.start, argument.value_range.end]
    if occurrence.language is LanguageId.GO and not written_as_seconds(occurrence):
        if value.kind is not ValueKind.INTEGER:
            return None
        return facts.finding(
            "wrong-unit",
            f"a time.Duration of {value.value} is {value.value} nanoseconds",
            argument.value_range,
            advice=f"multiply by a unit: `{value.text} * time.Millisecond`",
            fix="unit",
            span=place,
            choices=[f"{value.text} * time.Millisecond", f"{value.text} * time.Second"],
        )
    if occurrence.language is LanguageId.RUST and not written_as_seconds(occurrence):
        exact = (
            f"from_secs({value.text})" if value.kind is ValueKind.INTEGER else f"from_secs_f64({value.text})"
        )
        choices = [f"Duration::{exact}"]
        if value.kind is ValueKind.INTEGER:
            choices.append(f"Duration::from_millis({value.text})")
        return facts.finding(
            "wrong-unit",
            f"`{_shown_name(item)}` is a bare number; a std::time::Duration carries its unit",
            argument.value_range,
            advice=f"write `{choices[0]}`",
            fix="unit",
            span=place,
            choices=choices,
        )
    constant = value.constant or ""
    if _MILLISECONDS.search(constant) or _CAMEL_MILLISECONDS.search(constant):
        division = "/ 1000.0" if occurrence.language is LanguageId.RUBY else "/ 1000"
        return facts.finding(
            "wrong-unit",
            f"`{constant}` is in milliseconds, `{_shown_name(item)}` in seconds",
            argument.value_range,
            advice=f"write `{value.text} {division}`",
            fix="unit",
            span=place,
            choices=[f"{value.text} {division}"]
            if occurrence.form not in {OccurrenceForm.ANNOTATION, OccurrenceForm.MACRO}
            else [],
        )
    return None


def _choice(facts: Facts, item: BoundArgument, value: Any) -> Iterator[Finding]:
    parameter = item.parameter
    if parameter is None or parameter.type is not ParameterType.ENUM or not isinstance(value, str):
        return
    if value in parameter.values:
        return
    argument = item.argument
    close = difflib.get_close_matches(value, parameter.values, 1, 0.6)
    data: dict[str, Any] = {}
    if close and argument.value.constant is None:
        ratio = difflib.SequenceMatcher(None, value, close[0]).ratio()
        place = argument.value_range
        data = {
            "fix": "choice",
            "from": value,
            "to": close[0],
            "span": [place.start, place.end],
            "certain": ratio >= 0.8,
        }
    choices = ", ".join(f"`{v}`" for v in parameter.values)
    hint = f"did you mean `{close[0]}`? " if close else ""
    yield facts.finding(
        "unknown-value",
        f"`{value}` is no choice for `{_shown_name(item)}`",
        argument.value_range,
        advice=f"{hint}choices: {choices}",
        **data,
    )


def _range(facts: Facts, item: BoundArgument, value: Any) -> Iterator[Finding]:
    parameter = item.parameter
    if parameter is None:
        return
    numbers: tuple[Any, ...] = value if parameter.type is ParameterType.INTEGERS else (value,)
    for number in numbers:
        side = outside(parameter, number)
        if side == 0:
            continue
        below, above = side < 0, side > 0
        argument = item.argument
        data: dict[str, Any] = {}
        clamped = _clamped(parameter, below)
        if clamped is not None and argument.value.constant is None and len(numbers) == 1:
            text = _as_written(clamped, argument.value, facts.occurrence)
            place = argument.value_range
            data = {"fix": "replace", "to": text, "span": [place.start, place.end], "certain": False}
        advice = parameter.description
        if (
            above
            and parameter.is_duration
            and isinstance(number, int)
            and written_as_seconds(facts.occurrence)
        ):
            # A whole number of seconds that is too long is most often a number of milliseconds.
            seconds = f"{number / 1000:g}"
            advice = f"durations are in seconds here; {number} milliseconds are `{seconds}`"
            if data:
                data = {"fix": "unit", "span": data["span"], "choices": [seconds, data["to"]]}
        # The provide library has no upper limits; beyond ours its code runs, but cannot be ported as it is.
        severity = Severity.INFO if above and facts.occurrence.dialect != "foundation" else None
        through = f" (from {argument.value.constant})" if argument.value.constant else ""
        closed = (
            parameter.minimum is not None
            and parameter.maximum is not None
            and not parameter.exclusive_minimum
        )
        missed = ", outside" if closed else "; expected"
        yield facts.finding(
            "out-of-range",
            f"`{_shown_name(item)}` is {_number(number)}{through}{missed} {interval(parameter)}",
            argument.value_range,
            advice=advice,
            severity=severity,
            **data,
        )


def outside(parameter: Parameter, value: Any) -> int:
    """-1 when a value is below the parameter's range, 1 when above, 0 when inside or when it has no range."""
    if parameter.type is ParameterType.INTEGERS and isinstance(value, tuple):
        return next((s for item in cast("tuple[Any, ...]", value) if (s := outside(parameter, item))), 0)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    low, high = parameter.minimum, parameter.maximum
    if low is not None and (value < low or (parameter.exclusive_minimum and value == low)):
        return -1
    return 1 if high is not None and value > high else 0


def _clamped(parameter: Parameter, below: bool) -> float | None:
    if not below:
        return parameter.maximum
    return None if parameter.exclusive_minimum else parameter.minimum


def _as_written(value: float, original: StaticValue, occurrence: Occurrence) -> str:
    if original.kind is ValueKind.DURATION:
        nanoseconds = round(value * 1_000_000_000)
        if occurrence.language is LanguageId.GO:
            whole = nanoseconds % 1_000_000_000 == 0
            return (
                f"{nanoseconds // 1_000_000_000} * time.Second"
                if whole
                else f"{nanoseconds // 1_000_000} * time.Millisecond"
            )
        if occurrence.language is LanguageId.RUST:
            whole = nanoseconds % 1_000_000_000 == 0
            return (
                f"Duration::from_secs({nanoseconds // 1_000_000_000})"
                if whole
                else f"Duration::from_millis({nanoseconds // 1_000_000})"
            )
    if original.kind is ValueKind.FLOAT:
        return repr(float(value))
    return _number(value)


def _number(value: float) -> str:
    return str(int(value)) if isinstance(value, int) or float(value).is_integer() else repr(value)


def interval(parameter: Parameter) -> str:
    """The range in words a person reads at a glance: "1 to 100 calls", "at least 0 seconds", "more than 0 seconds"."""
    unit = f" {parameter.unit}" if parameter.unit else ""
    low, high = parameter.minimum, parameter.maximum
    # A spec writes "more than nothing" for a float as a tiny minimum.
    if low is not None and (parameter.exclusive_minimum or 0 < low < 1e-6):
        above = _number(0 if low < 1e-6 else low)
        return f"more than {above}" + (f" and up to {_number(high)}" if high is not None else "") + unit
    if low is not None and high is not None:
        return f"{_number(low)} to {_number(high)}{unit}"
    if low is not None:
        return f"at least {_number(low)}{unit}"
    return f"at most {_number(high)}{unit}" if high is not None else "any value"


def _contradictory_exceptions(facts: Facts) -> Iterator[Finding]:
    pairs = (("retryable", "non_retryable"), ("expected", "excluded"))
    for included, excluded in pairs:
        a, b = facts.settings.get(included), facts.settings.get(excluded)
        if a is None or b is None or a.bound is None or b.bound is None or not (a.known and b.known):
            continue
        both = sorted(set(a.value or ()) & set(b.value or ()))
        for name in both:
            yield facts.finding(
                "contradictory-exceptions",
                f"`{name}` is both in `{_shown_name(a.bound)}` and in `{_shown_name(b.bound)}`, which wins",
                b.bound.argument.value_range,
                advice="keep it in one of the two",
                related=((a.bound.argument.value_range, f"`{name}` is listed here as well"),),
            )


def _backup_window(facts: Facts) -> Iterator[Finding]:
    backup = facts.settings.get("backup")
    if facts.spec.pattern_id != "file_operations" or facts.occurrence.dialect != "provide":
        return
    if backup is None or backup.bound is None or not backup.known or backup.value is not True:
        return
    yield facts.finding(
        "backup-window",
        "this library makes the backup by renaming the file away, so readers see no file for a moment",
        backup.bound.argument.range,
        advice="copy or link the file to its backup before writing, or use `foundation.files.atomic_write`",
    )


_INTERPOLATED = re.compile(r"[rR]?[fF][rR]?(?P<quote>\"\"\"|'''|\"|')(?P<body>.*)(?P=quote)$", re.DOTALL)


def _interpolated_shell(facts: Facts) -> Iterator[Finding]:
    """A shell command with something unquoted put into it; the provide library's `shell` runs strings."""
    occurrence = facts.occurrence
    if facts.spec.pattern_id != "process_execution" or not occurrence.symbol.endswith(
        (".shell", ".async_shell")
    ):
        return
    for item in facts.bound:
        if item.parameter is None or item.parameter.id != "command":
            continue
        literal = _INTERPOLATED.match(item.argument.value.text)
        if literal is None or item.argument.value.known:
            continue
        holes = re.findall(r"(?<!\{)\{([^{}]+)\}", literal["body"])
        if not holes or all("quote(" in hole for hole in holes):
            continue
        yield facts.finding(
            "interpolated-shell",
            f"`{{{holes[0]}}}` is put into a shell command unquoted",
            item.argument.value_range,
            advice="pass a list of arguments to `run`, or quote the value with `shlex.quote`",
        )


def _guarantees(facts: Facts) -> Iterator[Finding]:
    """The spec's own guarantees, when a parameter that the user wrote breaks one."""
    if not any(g.check is not None for g in facts.spec.guarantees) or not facts.bound:
        return
    # A value that is already reported by itself says nothing about the guarantees that read it.
    wrong = {
        name
        for name, setting in facts.settings.items()
        if setting.bound is not None
        and (
            _unit_problem(facts, setting.bound) is not None
            or (setting.known and outside(setting.parameter, setting.value))
        )
    }
    values = {name: value for name, value in known_values(facts.settings).items() if name not in wrong}
    for guarantee in broken(facts.spec, values, facts.dialect):
        written = [
            setting.bound
            for name in guarantee.parameters
            if (setting := facts.settings.get(name)) is not None and setting.bound is not None
        ]
        if not written:
            continue
        last = max(written, key=lambda item: item.argument.range)
        yield Finding(
            code=f"{facts.spec.pattern_id}/{guarantee.id}",
            severity=guarantee.severity,
            message=guarantee_message(facts.spec, guarantee, values),
            range=last.argument.range,
            help=guarantee.remedy,
            pattern_id=facts.spec.pattern_id,
            related=tuple(
                (item.argument.range, "together with this") for item in written if item is not last
            ),
            data={"anchor": facts.occurrence.range.start},
        )


_JUDGES: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    _keyword_retry,
    _missing_import,
    _unknown_parameter,
    _duplicate_parameter,
    _conflicting_parameters,
    _missing_parameter,
    _values,
    _contradictory_exceptions,
    _backup_window,
    _interpolated_shell,
    _guarantees,
)
