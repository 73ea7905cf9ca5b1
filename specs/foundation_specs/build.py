"""Turns the plain values of a spec into a `PatternSpec`, and says what in them contradicts itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from foundation_specs.model import (
    Dialect,
    Exceptions,
    Guarantee,
    Jitter,
    JitterKind,
    LanguageId,
    LanguageMapping,
    Parameter,
    ParameterType,
    PatternSpec,
    Severity,
)

Plain: TypeAlias = dict[str, Any]

# What a template may name besides the pattern's own parameters.
PLACEHOLDERS = frozenset(
    {"function", "target", "type", "name", "app", "breaker", "limiter", "client", "logger"}
)
DEFAULT_JITTER = Jitter(JitterKind.SYMMETRIC, 0.25)

_FORMS = ("decorator", "annotation", "macro", "method", "call", "constructor", "context_manager")
HOLE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_CEL_TEXT = re.compile(r"""[rR]?("([^"\\]|\\.)*"|'([^'\\]|\\.)*')""")
_CEL_NAME = re.compile(r"(?<![.\w])[A-Za-z_]\w*(?!\w*\s*\()")


def section(data: Plain, key: str) -> Plain:
    """The mapping at `key`, empty when it is left out."""
    return data.get(key) or {}


def items_of(data: Plain, key: str) -> list[Any]:
    """The list at `key`, empty when it is left out."""
    return data.get(key) or []


def build_pattern(data: Plain, source: str = "") -> PatternSpec:
    """The spec that schema-valid `data` describes; `source` names the file that it came from."""
    semantics: Plain = section(data, "semantics")
    exceptions: Plain = section(semantics, "exceptions")
    parameters = {key: build_parameter(key, value) for key, value in section(semantics, "parameters").items()}
    pattern_id: str = data["pattern_id"]
    return PatternSpec(
        pattern_id=pattern_id,
        version=data["version"],
        title=data.get("title") or pattern_id.replace("_", " ").capitalize(),
        description=semantics.get("description", ""),
        parameters=parameters,
        exceptions=Exceptions(
            tuple(items_of(exceptions, "retryable")), tuple(items_of(exceptions, "non_retryable"))
        ),
        guarantees=tuple(build_guarantee(item, parameters) for item in items_of(semantics, "guarantees")),
        mappings={
            LanguageId(key): _mapping(LanguageId(key), value)
            for key, value in section(data, "language_mappings").items()
        },
        dialects=tuple(
            _dialect(
                dialect_id,
                LanguageId(language),
                section(section(data, "dialects"), dialect_id)[language],
                parameters,
            )
            for dialect_id in section(data, "dialects")
            for language in section(section(data, "dialects"), dialect_id)
        ),
        rationale=data.get("rationale", ""),
        references=tuple(items_of(data, "references")),
        source=source,
    )


def build_parameter(parameter_id: str, data: Plain) -> Parameter:
    """One parameter. The RFC writes `jitter` as a boolean; it is loaded as the `jitter` type, which takes one."""
    kind = ParameterType(data.get("type", "any"))
    if parameter_id == "jitter" and kind is ParameterType.BOOLEAN:
        kind = ParameterType.JITTER
    minimum, maximum = data.get("range") or (None, None)
    default = data.get("default")
    if default is not None:
        default = _default(kind, default)
    return Parameter(
        id=parameter_id,
        type=kind,
        description=data.get("description", ""),
        unit=data.get("unit"),
        minimum=minimum,
        maximum=maximum,
        exclusive_minimum=data.get("exclusive_minimum", False),
        default=default,
        has_default=default is not None,
        required=data.get("required", False),
        values=tuple(items_of(data, "values")),
        aliases=tuple(items_of(data, "aliases")),
        positional=data.get("positional"),
        default_from=data.get("default_from"),
        default_text=data.get("default_text", ""),
        min_items=data.get("min_items", 0),
    )


def jitter_from(value: object, when_true: Jitter = DEFAULT_JITTER) -> Jitter | None:
    """The jitter that a boolean, a kind or a `{kind, ratio}` mapping means, or None when it is none of these."""
    if isinstance(value, Jitter):
        return value
    if isinstance(value, bool):
        return when_true if value else Jitter(JitterKind.NONE)
    if isinstance(value, str):
        return Jitter(JitterKind(value)) if value in set(JitterKind) else None
    if isinstance(value, Mapping):
        fields: Mapping[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        kind, ratio = fields.get("kind", when_true.kind), fields.get("ratio", when_true.ratio)
        in_range = isinstance(ratio, (int, float)) and not isinstance(ratio, bool) and 0 <= ratio <= 1
        if (
            in_range
            and isinstance(kind, str)
            and kind in set(JitterKind)
            and not set(fields) - {"kind", "ratio"}
        ):
            return Jitter(JitterKind(kind), float(ratio))
    return None


def _default(kind: ParameterType, value: Any) -> Any:
    if kind is ParameterType.JITTER:
        return jitter_from(value) or DEFAULT_JITTER
    if kind is ParameterType.FLOAT and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def build_guarantee(data: str | Plain, parameters: Mapping[str, Parameter]) -> Guarantee:
    """One guarantee; a plain sentence gets an id made of its words."""
    if isinstance(data, str):
        words = re.findall(r"[a-z0-9]+", data.lower().replace("_", " "))
        return Guarantee(id="-".join(words)[:64].strip("-") or "guarantee", text=data)
    check: str | None = data.get("check")
    read = names_read(check) if check else frozenset[str]()
    examples: Plain = section(data, "examples")
    text: str = data.get("text") or data.get("message") or data["id"].replace("-", " ")
    return Guarantee(
        id=data["id"],
        text=text,
        severity=Severity(data.get("severity", "error")),
        check=check,
        message=data.get("message", ""),
        parameters=tuple(name for name in parameters if name in read),
        rationale=data.get("why", ""),
        remedy=data.get("instead", ""),
        fix_safety=data.get("fix_safety", ""),
        valid=tuple(items_of(examples, "valid")),
        invalid=tuple(items_of(examples, "invalid")),
    )


def checked_ids(guarantees: list[Any]) -> list[str]:
    """The ids of the plain guarantees that have a check."""
    mappings: list[Plain] = [item for item in guarantees if isinstance(item, dict)]
    return [item["id"] for item in mappings if "check" in item]


def names_read(check: str) -> set[str]:
    """The names in a CEL expression that are neither fields, functions nor text."""
    return set(_CEL_NAME.findall(_CEL_TEXT.sub("''", check)))


def _mapping(language: LanguageId, data: Plain) -> LanguageMapping:
    return LanguageMapping(
        language=language,
        forms={key: value for key, value in data.items() if key in _FORMS},
        import_line=data.get("import", ""),
        test_framework=data.get("test_framework", ""),
        names=section(data, "names"),
    )


def _dialect(
    dialect_id: str, language: LanguageId, data: Plain, parameters: Mapping[str, Parameter]
) -> Dialect:
    def values(given: Plain) -> Plain:
        return {
            key: None
            if value is None
            else _default(parameters[key].type, value)
            if key in parameters
            else value
            for key, value in given.items()
        }

    positional: list[str] | None = data.get("positional")
    return Dialect(
        id=dialect_id,
        language=language,
        parameters=section(data, "parameters"),
        defaults=values(section(data, "defaults")),
        callable_defaults={key: values(value) for key, value in section(data, "callable_defaults").items()},
        extra_values={key: tuple(value) for key, value in section(data, "extra_values").items()},
        types={key: ParameterType(value) for key, value in section(data, "types").items()},
        ranges={key: (value[0], value[1]) for key, value in section(data, "ranges").items()},
        positional=None if positional is None else tuple(positional),
        ignored=tuple(items_of(data, "ignored")),
        open=data.get("open", False),
        exempt=tuple(items_of(data, "exempt")),
        differences=tuple(items_of(data, "differences")),
    )
