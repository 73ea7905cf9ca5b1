"""What an occurrence means: its effective parameters, its delay schedule, and the same in other languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from foundation_grammars.occurrence import ByteRange, Occurrence, Target
from foundation_specs.effective import Origin
from foundation_specs.guarantees import broken, in_words
from foundation_specs.model import Dialect, Guarantee, Jitter, LanguageId, Parameter, PatternSpec

from foundation_engine.effective import Setting, dialect_of, known_values, settings_in_force
from foundation_engine.render import camel, render
from foundation_engine.schedule import DEFAULT_JITTER, DelaySchedule, delay_schedule, summarise


class ValueSource(StrEnum):
    """Where an effective value comes from."""

    LITERAL = "literal"  # written at the occurrence
    CONSTANT = "constant"  # a constant of the file; `constant` names it
    POLICY = "policy"  # written inside a policy literal
    DEFAULT = "default"  # the spec's default
    DIALECT = "dialect default"  # the default of the library in use, where it differs from the spec's
    RUNTIME = "only known at run time"


@dataclass(frozen=True, slots=True)
class EffectiveParameter:
    """One parameter as it is in force at the occurrence.

    `value` is an int, float (seconds for a duration), bool, str, tuple, `model.Jitter` or None; it means something
    only when `known`. `text` is what to show ("0.5 s", "exponential", "symmetric 0.25", "MAX_TRIES + 1"). `spelled` is
    the name that this language and dialect use. `range` is the argument's, None for a default.
    """

    parameter: Parameter
    spelled: str
    value: Any
    known: bool
    text: str
    source: ValueSource
    constant: str | None = None
    range: ByteRange | None = None

    @property
    def provenance(self) -> str:
        """The source in words: "default", "literal", "constant MAX_TRIES", "policy"."""
        if self.source is ValueSource.CONSTANT and self.constant:
            return f"constant {self.constant}"
        return str(self.source)


@dataclass(frozen=True, slots=True)
class GuaranteeState:
    """A guarantee and whether the effective parameters keep it; None when it is not decided by parameters."""

    guarantee: Guarantee
    kept: bool | None


@dataclass(frozen=True, slots=True)
class Translation:
    """The same annotation in another language, with the line that imports it."""

    language: LanguageId
    text: str
    import_line: str


@dataclass(frozen=True, slots=True)
class Description:
    """All that a hover shows for one occurrence.

    `schedule` is set for patterns that wait between attempts and only when every value it needs is known.
    `translations` hold the three other languages, in the order Python, Go, Rust, Ruby. `retryable` and
    `non_retryable` are the exception names in force. `differences` are plain sentences about a dialect that does not
    behave as the spec says. `summary` is the pattern's own description.
    """

    pattern_id: str
    version: str
    title: str
    summary: str
    dialect: str
    language: LanguageId
    spelled: str
    range: ByteRange
    target: Target | None
    parameters: tuple[EffectiveParameter, ...]
    schedule: DelaySchedule | None
    schedule_text: str
    retryable: tuple[str, ...]
    non_retryable: tuple[str, ...]
    guarantees: tuple[GuaranteeState, ...]
    translations: tuple[Translation, ...]
    differences: tuple[str, ...]
    references: tuple[str, ...]


def describe(occurrence: Occurrence, spec: PatternSpec) -> Description:
    """Describe `occurrence` by its spec; whatever is not statically known says so instead of being guessed."""
    dialect = dialect_of(occurrence, spec)
    settings = settings_in_force(occurrence, spec)
    values = known_values(settings)
    schedule = schedule_of(spec, values)
    broken_ids = {guarantee.id for guarantee in broken(spec, values, dialect)}
    return Description(
        pattern_id=spec.pattern_id,
        version=spec.version,
        title=spec.title,
        summary=spec.description,
        dialect=occurrence.dialect,
        language=occurrence.language,
        spelled=occurrence.spelled,
        range=occurrence.range,
        target=occurrence.target,
        parameters=tuple(_effective(setting, occurrence, dialect) for setting in settings.values()),
        schedule=schedule,
        schedule_text="" if schedule is None else summarise(schedule),
        retryable=_names(settings, "retryable"),
        non_retryable=_names(settings, "non_retryable"),
        guarantees=tuple(_state(guarantee, values, broken_ids, dialect) for guarantee in spec.guarantees),
        translations=tuple(translations(spec, settings, occurrence.language)),
        differences=dialect.differences if dialect is not None else (),
        references=spec.references,
    )


def _effective(setting: Setting, occurrence: Occurrence, dialect: Dialect | None) -> EffectiveParameter:
    parameter, bound = setting.parameter, setting.bound
    spelled = bound.argument.spelled if bound is not None and bound.argument.spelled else ""
    if not spelled:
        own = (
            next((n for n, p in dialect.parameters.items() if p == parameter.id), "")
            if dialect is not None
            else ""
        )
        spelled = own or (camel(parameter.id) if occurrence.language is LanguageId.GO else parameter.id)
    constant = bound.argument.value.constant if bound is not None else None
    if bound is None:
        text = in_words(parameter, setting.value) if setting.known else "?"
        if setting.known and setting.value is None and parameter.default_text:
            text = parameter.default_text
        source = {Origin.DIALECT: ValueSource.DIALECT}.get(setting.origin, ValueSource.DEFAULT)
        if not setting.known:
            source = ValueSource.RUNTIME
        return EffectiveParameter(parameter, spelled, setting.value, setting.known, text, source)
    if not setting.known:
        source, text = ValueSource.RUNTIME, bound.argument.value.text
        if bound.argument.value.known:
            source = ValueSource.LITERAL
    elif constant is not None:
        source, text = ValueSource.CONSTANT, in_words(parameter, setting.value)
    else:
        source = ValueSource.POLICY if bound.argument.nested else ValueSource.LITERAL
        text = in_words(parameter, setting.value)
    return EffectiveParameter(
        parameter, spelled, setting.value, setting.known, text, source, constant, bound.argument.range
    )


def _names(settings: Mapping[str, Setting], parameter_id: str) -> tuple[str, ...]:
    setting = settings.get(parameter_id)
    return tuple(setting.value) if setting is not None and setting.known and setting.value else ()


def _state(
    guarantee: Guarantee, values: Mapping[str, Any], broken_ids: set[str], dialect: Dialect | None
) -> GuaranteeState:
    if guarantee.check is None or (dialect is not None and guarantee.id in dialect.exempt):
        return GuaranteeState(guarantee, None)
    if guarantee.id in broken_ids:
        return GuaranteeState(guarantee, False)
    return GuaranteeState(guarantee, True if all(name in values for name in guarantee.parameters) else None)


def schedule_of(spec: PatternSpec, values: Mapping[str, Any]) -> DelaySchedule | None:
    """The delay schedule that known values give, or None when the pattern has none or a value is not known.

    A pattern without a strategy of its own (the HTTP client) waits exponentially with the default jitter, as
    `docs/semantics.md` section 10 says.
    """
    if not {"max_attempts", "base_delay"} <= set(spec.parameters):
        return None
    needed = {"max_attempts", "base_delay", "max_delay", "backoff_strategy", "jitter"} & set(spec.parameters)
    if not needed <= set(values):
        return None
    attempts, base, cap = values["max_attempts"], values["base_delay"], values.get("max_delay")
    strategy = values.get("backoff_strategy", "exponential")
    jitter = values.get("jitter", DEFAULT_JITTER)
    numbers = (attempts, base) if cap is None else (attempts, base, cap)
    if any(isinstance(n, bool) or not isinstance(n, (int, float)) or n < 0 for n in numbers):
        return None
    if not isinstance(attempts, int) or attempts < 1 or not isinstance(jitter, Jitter):
        return None
    try:
        return delay_schedule(
            max_attempts=attempts, base_delay=base, backoff_strategy=strategy, max_delay=cap, jitter=jitter
        )
    except ValueError:
        # An unknown strategy is a finding of its own; there is no schedule to show for it.
        return None


def translations(
    spec: PatternSpec, settings: Mapping[str, Setting], source: LanguageId
) -> Iterator[Translation]:
    """The surface form in each language but `source`, with the parameters that are written and known here."""
    written = {
        key: setting.value
        for key, setting in settings.items()
        if setting.bound is not None and setting.known and not (setting.value is None and key != "fallback")
    }
    for language in LanguageId:
        if language is source:
            continue
        rendering = render(spec, language, written)
        if rendering is not None:
            yield Translation(language, rendering.text, rendering.import_line)
