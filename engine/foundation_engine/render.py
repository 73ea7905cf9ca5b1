"""Writing a pattern's surface form in any of the four languages, from parameter values in the spec's terms.

The spec's language mapping gives the head and the order of positional parameters; how a parameter is spelled and how a
value is written follow `docs/surface.md`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from foundation_specs.model import (
    Jitter,
    JitterKind,
    LanguageId,
    LanguageMapping,
    Parameter,
    ParameterType,
    PatternSpec,
)

from foundation_engine.schedule import to_nanoseconds

_HOLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Rendering:
    """A surface form as text; `omitted` are the parameters whose value that language cannot be written from here."""

    text: str
    import_line: str
    omitted: tuple[str, ...] = ()


class UnwritableError(Exception):
    """The value has no literal in that language."""


def render(spec: PatternSpec, language: LanguageId, values: Mapping[str, Any]) -> Rendering | None:
    """The surface form with exactly the parameters in `values`, or None when the spec has no mapping for the language.

    A required positional parameter without a value is written as its name in angle brackets.
    """
    mapping = spec.mappings.get(language)
    if mapping is None or not mapping.forms:
        return None
    form, template = next(iter(mapping.forms.items()))
    seconds = form in {"annotation", "macro", "decorator"} or language in {LanguageId.PYTHON, LanguageId.RUBY}
    head, tail, positional = _anatomy(template, language)
    package = head.rpartition(".")[0].rpartition(" ")[2] if language is LanguageId.GO else ""
    tail = _closing_call(tail, spec, language, values, seconds=seconds)
    written: list[str] = []
    omitted: list[str] = []
    for parameter_id in positional:
        parameter = spec.parameters.get(parameter_id)
        if parameter is None:
            written.append(parameter_id)
            continue
        text = f"<{parameter_id}>"
        if parameter_id in values:
            try:
                text = literal(
                    values[parameter_id], parameter, language, seconds=seconds, typed=True, package=package
                )
            except UnwritableError:
                omitted.append(parameter_id)
        written.append(text)
    named: list[str] = []
    for parameter_id, value in values.items():
        parameter = spec.parameters.get(parameter_id)
        if parameter is None or parameter_id in positional:
            continue
        try:
            text = literal(value, parameter, language, seconds=seconds, package=package)
        except UnwritableError:
            omitted.append(parameter_id)
            continue
        named.append(_named(parameter_id, text, language, form, package, mapping))
    import_line = mapping.import_line
    if language is LanguageId.RUST and form not in {"macro", "annotation"}:
        # A builder: positional arguments go to its head, every other parameter is a method of its own.
        return Rendering(f"{head}({', '.join(written)}){''.join(named)}{tail}", import_line, tuple(omitted))
    arguments = ", ".join([*written, *named])
    brackets = f"({arguments})" if arguments or not _bare_is_legal(form, language) else ""
    return Rendering(f"{head}{brackets}{tail}", import_line, tuple(omitted))


def _closing_call(
    tail: str, spec: PatternSpec, language: LanguageId, values: Mapping[str, Any], *, seconds: bool
) -> str:
    """The call that ends a builder chain; it is dropped when it only sets a parameter, which is written elsewhere."""
    hole = _HOLE.search(tail)
    if hole is None:
        return tail
    parameter = spec.parameters.get(hole[1])
    if parameter is not None and not parameter.required:
        return ""
    text = f"<{hole[1]}>"
    if parameter is not None and parameter.id in values:
        try:
            text = literal(values[parameter.id], parameter, language, seconds=seconds)
        except UnwritableError:
            text = f"<{hole[1]}>"
    return tail[: hole.start()] + text + tail[hole.end() :]


def _bare_is_legal(form: str, language: LanguageId) -> bool:
    return form in {"decorator", "annotation", "macro"} or (language is LanguageId.RUBY and form == "method")


def _anatomy(template: str, language: LanguageId) -> tuple[str, str, list[str]]:
    """What stands before the argument list, what after it, and the positional arguments in order."""
    start = template.index("(") if "(" in template else len(template)
    depth, end = 0, len(template)
    for index in range(start, len(template)):
        depth += {"(": 1, ")": -1}.get(template[index], 0)
        if depth == 0:
            end = index
            break
    head, inside, rest = template[:start], template[start + 1 : end], template[end + 1 :]
    positional: list[str] = []
    for piece in _split(inside):
        if hole := re.fullmatch(r"\{(\w+)\}", piece):
            positional.append(hole[1])
        elif piece and not _HOLE.search(piece):
            positional.append(piece)
    if language is LanguageId.RUST and rest.startswith("."):
        # The last call of the chain ends it; those before it set parameters, which are written anew.
        chain = _split_chain(rest)
        rest = chain[-1] if chain else ""
    return head, rest, positional


def _split(inside: str) -> list[str]:
    pieces: list[str] = []
    depth, current = 0, ""
    for character in inside:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(character, 0)
        if character == "," and depth == 0:
            pieces.append(current.strip())
            current = ""
        else:
            current += character
    return [*pieces, current.strip()] if current.strip() else pieces


def _split_chain(rest: str) -> list[str]:
    calls: list[str] = []
    depth, current = 0, ""
    for character in rest:
        if character == "." and depth == 0 and current:
            calls.append(current)
            current = ""
        depth += {"(": 1, ")": -1}.get(character, 0)
        current += character
    return [*calls, current] if current else calls


def _named(
    parameter_id: str, text: str, language: LanguageId, form: str, package: str, mapping: LanguageMapping
) -> str:
    if language is LanguageId.PYTHON:
        return f"{parameter_id}={text}"
    if language is LanguageId.RUBY:
        return f"{parameter_id}: {text}"
    if language is LanguageId.RUST:
        return f"{parameter_id} = {text}" if form in {"macro", "annotation"} else f".{parameter_id}({text})"
    if form == "annotation":
        return f"{camel(parameter_id)}={text}"
    option = mapping.names.get(parameter_id) or f"With{pascal(parameter_id)}"
    return f"{package}.{option}({text})" if package else f"{option}({text})"


def pascal(parameter_id: str) -> str:
    """`max_attempts` as `MaxAttempts`, `base_url` as `BaseURL`."""
    return "".join("URL" if word == "url" else word.capitalize() for word in parameter_id.split("_"))


def camel(parameter_id: str) -> str:
    """`max_attempts` as `maxAttempts`."""
    words = pascal(parameter_id)
    return words[:1].lower() + words[1:]


def literal(
    value: Any,
    parameter: Parameter,
    language: LanguageId,
    *,
    seconds: bool = True,
    typed: bool = False,
    package: str = "",
) -> str:
    """A value in the spec's terms as source text.

    `seconds` says whether durations are bare numbers there, as they are in annotations and attributes. In Go calls,
    `typed` asks for a list with its type instead of variadic items, and `package` qualifies enum members.

    Raises UnwritableError for a value that has no literal in the language.
    """
    if value is None:
        nothing = {LanguageId.PYTHON: "None", LanguageId.RUBY: "nil", LanguageId.GO: "nil"}.get(language)
        if nothing is None:
            raise UnwritableError(parameter.id)
        return nothing
    if isinstance(value, Jitter):
        return _jitter(value, language, seconds=seconds)
    if parameter.is_duration and isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value, parameter, language) if seconds else _duration(value, language)
    if parameter.type is ParameterType.ENUM:
        return _enum(str(value), parameter, language, seconds=seconds, package=package)
    if parameter.type is ParameterType.EXCEPTIONS:
        names = [str(name) for name in cast("tuple[Any, ...]", value)]
        return _sequence(
            [_error(name, language) for name in names], language, kind="error", variadic=not seconds
        )
    if parameter.id == "mode" and isinstance(value, int):
        return f"0o{value:o}"
    return _plain(value, parameter, language, variadic=not seconds and not typed, typed=typed and not seconds)


def _plain(
    value: Any, parameter: Parameter, language: LanguageId, *, variadic: bool = False, typed: bool = False
) -> str:
    if isinstance(value, bool):
        return str(value) if language is LanguageId.PYTHON else str(value).lower()
    if isinstance(value, (int, float)):
        return _number(value, parameter, language)
    if isinstance(value, str):
        return _string(value, language)
    if isinstance(value, (list, tuple)):
        items = [_plain(item, parameter, language) for item in cast("tuple[Any, ...]", value)]
        kind = "string" if parameter.type is ParameterType.STRINGS else "int"
        return _sequence(items, language, kind=kind, variadic=variadic, typed=typed)
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        if language is LanguageId.PYTHON:
            return (
                "{"
                + ", ".join(
                    f"{_string(k, language)}: {_plain(v, parameter, language)}" for k, v in entries.items()
                )
                + "}"
            )
        if language is LanguageId.RUBY:
            return (
                "{ "
                + ", ".join(
                    f"{_string(k, language)} => {_plain(v, parameter, language)}" for k, v in entries.items()
                )
                + " }"
            )
    raise UnwritableError(parameter.id)


def _number(value: float, parameter: Parameter, language: LanguageId) -> str:
    if isinstance(value, float) and value.is_integer() and parameter.type is not ParameterType.FLOAT:
        return str(int(value))
    if parameter.type is ParameterType.FLOAT and isinstance(value, int) and language is LanguageId.RUST:
        return f"{value}.0"
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else repr(value)


def _duration(seconds: float, language: LanguageId) -> str:
    nanoseconds = to_nanoseconds(seconds)
    for unit, go, rust in (
        (10**9, "Second", "secs"),
        (10**6, "Millisecond", "millis"),
        (10**3, "Microsecond", "micros"),
    ):
        if nanoseconds % unit == 0:
            count = nanoseconds // unit
            return f"{count}*time.{go}" if language is LanguageId.GO else f"Duration::from_{rust}({count})"
    return (
        f"{nanoseconds}*time.Nanosecond"
        if language is LanguageId.GO
        else f"Duration::from_nanos({nanoseconds})"
    )


def _string(value: str, language: LanguageId) -> str:
    if language is LanguageId.RUBY and re.fullmatch(r"[^'\\\x00-\x1f]*", value):
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


def _enum(value: str, parameter: Parameter, language: LanguageId, *, seconds: bool, package: str) -> str:
    if language is LanguageId.RUBY:
        return f":{value}"
    if seconds:
        return json.dumps(value)
    if language is LanguageId.GO:
        member = value.upper() if value == "json" else pascal(value)
        return f"{package}.{member}" if package else member
    kind = "Backoff" if parameter.id == "backoff_strategy" else pascal(parameter.id)
    return f"{kind}::{pascal(value)}"


def _jitter(jitter: Jitter, language: LanguageId, *, seconds: bool) -> str:
    kind = jitter.kind
    if language is LanguageId.PYTHON:
        if kind is JitterKind.NONE:
            return "False"
        if kind is JitterKind.SYMMETRIC:
            return "True" if jitter.ratio == 0.25 else f"Jitter.symmetric({jitter.ratio:g})"
        return f"Jitter.{kind.value}()"
    if language is LanguageId.RUBY:
        if kind is JitterKind.NONE:
            return "false"
        if kind is JitterKind.SYMMETRIC:
            return "true" if jitter.ratio == 0.25 else f"{{ kind: :symmetric, ratio: {jitter.ratio:g} }}"
        return f":{kind.value}"
    if not seconds:
        raise UnwritableError("jitter")
    if kind is JitterKind.NONE:
        return "false"
    if kind is JitterKind.SYMMETRIC:
        if jitter.ratio == 0.25:
            return "true"
        separator = "=" if language is LanguageId.RUST else ": "
        return (
            f'{{kind{separator}"symmetric", ratio{separator}{jitter.ratio:g}}}'
            if language is LanguageId.GO
            else "true"
        )
    return json.dumps(kind.value)


# The error classes that every runtime has; any other name stays as it is written, and may not exist elsewhere.
_OURS = frozenset(
    {
        "NetworkError",
        "TimeoutError",
        "ServiceUnavailable",
        "AuthenticationError",
        "ValidationError",
        "ConfigurationError",
        "ProcessError",
        "HttpError",
        "HttpStatusError",
    }
)


def _error(name: str, language: LanguageId) -> str:
    if name not in _OURS:
        return name
    if language is LanguageId.RUBY:
        return f"Foundation::{name}"
    return name


def _sequence(
    items: list[str], language: LanguageId, *, kind: str, variadic: bool = False, typed: bool = False
) -> str:
    inside = ", ".join(items)
    if language is LanguageId.GO and variadic:
        return inside
    if language is LanguageId.GO and typed:
        return f"[]{kind}{{{inside}}}"
    if language is LanguageId.PYTHON and kind == "error":
        return f"({inside},)" if len(items) == 1 else f"({inside})"
    return f"[{inside}]"
