"""Finds what a schema cannot see in a pattern spec: keys that contradict each other, names of nothing, broken CEL."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from foundation_specs import cel
from foundation_specs._schema import shown
from foundation_specs.build import (
    HOLE,
    PLACEHOLDERS,
    Plain,
    build_guarantee,
    build_parameter,
    build_pattern,
    checked_ids,
    items_of,
    jitter_from,
    names_read,
    section,
)
from foundation_specs.effective import effective_parameters
from foundation_specs.guarantees import broken, cel_value
from foundation_specs.model import Guarantee, Parameter, ParameterType, PatternSpec, Problem
from foundation_specs.yaml_source import KeyPath, YamlDocument

_GUARANTEES: KeyPath = ("semantics", "guarantees")
_NUMBERS = {ParameterType.INTEGER, ParameterType.FLOAT, ParameterType.INTEGERS}
_LISTS = {ParameterType.EXCEPTIONS, ParameterType.STRINGS, ParameterType.INTEGERS}
_MACRO_VARIABLE = re.compile(r"\.\s*\w+\s*\(\s*([A-Za-z_]\w*)\s*,")
_CEL_WORDS = {"true", "false", "null", "in"}
_CEL_FUNCTIONS = {
    "size", "contains", "startsWith", "endsWith", "matches", "double", "int", "uint", "string", "bool", "bytes",
    "type", "dyn", "has", "duration", "timestamp", "min", "max", "getFullYear", "getMonth", "getDate", "getDayOfMonth",
    "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds", "total_delay",
}  # fmt: skip


def pattern_problems(document: YamlDocument, data: Plain) -> list[Problem]:
    """Every contradiction in `data`, the schema-valid values of a pattern after merging, in the order of their places.

    A problem stands at its key in `document`, or at the nearest enclosing key that the document has.
    """
    semantics: Plain = section(data, "semantics")
    plain_parameters: Plain = section(semantics, "parameters")
    problems = list(_parameters(document, plain_parameters))
    problems += _exceptions(document, section(semantics, "exceptions"))
    problems += _mappings(document, section(data, "language_mappings"), plain_parameters)
    guarantees: list[Any] = items_of(semantics, "guarantees")
    problems += _dialects(document, section(data, "dialects"), plain_parameters, guarantees)
    if not problems:
        # Guarantees are evaluated with the parameters, so these must be sound first; a second pass is better than
        # reporting what follows from another mistake.
        parameters = {key: build_parameter(key, value) for key, value in plain_parameters.items()}
        problems += _guarantees(document, guarantees, parameters)
    if not problems:
        problems += _examples(document, build_pattern(data))
    return sorted(
        set(problems), key=lambda problem: (problem.line, problem.column, problem.key, problem.message)
    )


def value_problem(parameter: Plain, value: Any) -> str:
    """What is wrong with `value` as a value of the plain parameter, in words; "" when nothing is."""
    kind = ParameterType(parameter.get("type", "any"))
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    match kind:
        case ParameterType.INTEGER if not is_number or isinstance(value, float):
            return f"expected a whole number, got {shown(value)}"
        case ParameterType.FLOAT if not is_number:
            return f"expected a number, got {shown(value)}"
        case ParameterType.BOOLEAN if not isinstance(value, bool):
            return f"expected true or false, got {shown(value)}"
        case ParameterType.STRING | ParameterType.BYTES if not isinstance(value, str):
            return f"expected text, got {shown(value)}"
        case ParameterType.ENUM if value not in parameter.get("values", ()):
            return f"expected one of {', '.join(parameter.get('values', ()))}; got {shown(value)}"
        case ParameterType.JITTER if jitter_from(value) is None:
            return f"expected true, false or {{kind: none|full|equal|symmetric, ratio: 0 to 1}}; got {shown(value)}"
        case ParameterType.EXCEPTIONS | ParameterType.STRINGS if not _is_list(value, str):
            return f"expected a list of texts, got {shown(value)}"
        case ParameterType.INTEGERS if not _is_list(value, int):
            return f"expected a list of whole numbers, got {shown(value)}"
        case ParameterType.MAPPING if not isinstance(value, dict):
            return f"expected a mapping, got {shown(value)}"
        case _:
            pass
    return _range_problem(parameter, value) if kind in _NUMBERS else ""


def _is_list(value: Any, item_type: type) -> bool:
    if not isinstance(value, list):
        return False
    items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
    return all(isinstance(item, item_type) and not isinstance(item, bool) for item in items)


def _range_problem(parameter: Plain, value: Any) -> str:
    low, high = parameter.get("range") or (None, None)
    if low is None or high is None or low > high:
        return ""
    for number in value if isinstance(value, list) else [value]:  # pyright: ignore[reportUnknownVariableType]
        if number < low or number > high or (number == low and parameter.get("exclusive_minimum")):
            return f"{number} is outside the range [{low}, {high}]"
    return ""


def _parameters(document: YamlDocument, parameters: Plain) -> Iterator[Problem]:
    spelled: dict[str, str] = dict.fromkeys(parameters, "")
    positions: dict[int, str] = {}
    for key, value in parameters.items():
        here: KeyPath = ("semantics", "parameters", key)
        parameter: Plain = value

        def problem(field: str, message: str, here: KeyPath = here) -> Problem:
            return document.problem((*here, field), message)

        if "type" not in parameter:
            yield document.problem(here, "the key `type` is missing")
            continue
        kind = ParameterType(parameter["type"])
        if "range" in parameter:
            low, high = parameter["range"]
            if kind not in _NUMBERS:
                yield problem("range", f"only numbers have a range, and the type is {kind}")
            elif low > high:
                yield problem("range", f"the smallest value {low} is above the largest {high}")
        if "unit" in parameter and kind not in (ParameterType.INTEGER, ParameterType.FLOAT):
            yield problem("unit", f"only numbers have a unit, and the type is {kind}")
        if kind is ParameterType.ENUM and "values" not in parameter:
            yield document.problem(here, "an enum needs the key `values`")
        if kind is not ParameterType.ENUM and "values" in parameter:
            yield problem("values", f"only an enum has values, and the type is {kind}")
        if "min_items" in parameter and kind not in _LISTS:
            yield problem("min_items", f"only lists have items, and the type is {kind}")
        if parameter.get("default") is not None:
            is_rfc_jitter = key == "jitter" and kind is ParameterType.BOOLEAN
            wrong = value_problem(
                {**parameter, "type": "jitter"} if is_rfc_jitter else parameter, parameter["default"]
            )
            if wrong:
                yield problem("default", wrong)
            if parameter.get("required"):
                yield problem("required", "a required parameter has no default")
            if "default_from" in parameter:
                yield problem("default_from", "a parameter has `default` or `default_from`, not both")
        source = parameter.get("default_from")
        if source is not None and source not in parameters:
            yield problem("default_from", _unknown("parameter", source, parameters))
        elif source is not None and parameters[source].get("type") != parameter["type"]:
            yield problem("default_from", f"`{source}` is of another type")
        for index, alias in enumerate(items_of(parameter, "aliases")):
            if alias in spelled:
                other = spelled[alias] or alias
                yield document.problem(
                    (*here, "aliases", index), f"`{alias}` already means the parameter `{other}`"
                )
            spelled[alias] = key
        position = parameter.get("positional")
        if position is not None and positions.setdefault(position, key) != key:
            yield problem("positional", f"the position {position} already belongs to `{positions[position]}`")


def _exceptions(document: YamlDocument, exceptions: Plain) -> Iterator[Problem]:
    retryable = items_of(exceptions, "retryable")
    for index, name in enumerate(items_of(exceptions, "non_retryable")):
        if name in retryable:
            yield document.problem(
                ("semantics", "exceptions", "non_retryable", index),
                f"`{name}` is also listed as retryable; keep one",
            )


def _mappings(document: YamlDocument, mappings: Plain, parameters: Plain) -> Iterator[Problem]:
    for language, mapping in mappings.items():
        here: KeyPath = ("language_mappings", language)
        for form, template in mapping.items():
            if form == "names":
                for name in template:
                    if name not in parameters:
                        yield document.problem(
                            (*here, form, name), _unknown("parameter", name, parameters), at_key=True
                        )
            elif form not in ("import", "test_framework"):
                for hole in HOLE.findall(template):
                    if hole not in parameters and hole not in PLACEHOLDERS:
                        yield document.problem(
                            (*here, form), f"{{{hole}}}: {_unknown('parameter', hole, parameters)}"
                        )


def _dialects(
    document: YamlDocument, dialects: Plain, parameters: Plain, guarantees: list[Any]
) -> Iterator[Problem]:
    checked = checked_ids(guarantees)
    for dialect_id in dialects:
        for language in section(dialects, dialect_id):
            here: KeyPath = ("dialects", dialect_id, language)
            dialect: Plain = dialects[dialect_id][language]
            yield from _dialect(document, here, dialect, parameters)
            for index, name in enumerate(items_of(dialect, "exempt")):
                if name not in checked:
                    yield document.problem((*here, "exempt", index), _unknown("guarantee", name, checked))


def _dialect(document: YamlDocument, here: KeyPath, dialect: Plain, parameters: Plain) -> Iterator[Problem]:
    def unknown(path: KeyPath, name: str) -> Iterator[Problem]:
        if name not in parameters:
            yield document.problem((*here, *path), _unknown("parameter", name, parameters), at_key=True)

    for spelled, name in section(dialect, "parameters").items():
        yield from unknown(("parameters", spelled), name)
    for index, name in enumerate(items_of(dialect, "positional")):
        yield from unknown(("positional", index), name)
    for field in ("types", "defaults", "ranges", "extra_values"):
        for name in section(dialect, field):
            yield from unknown((field, name), name)
    for name in section(dialect, "extra_values"):
        if name in parameters and parameters[name].get("type") != "enum":
            yield document.problem((*here, "extra_values", name), f"`{name}` is not an enum", at_key=True)
    for name, ends in section(dialect, "ranges").items():
        if None not in ends and ends[0] > ends[1]:
            yield document.problem(
                (*here, "ranges", name), f"the smallest value {ends[0]} is above the largest {ends[1]}"
            )
    for called, defaults in section(dialect, "callable_defaults").items():
        for name in defaults:
            yield from unknown(("callable_defaults", called, name), name)


def _guarantees(
    document: YamlDocument, guarantees: list[Any], parameters: Mapping[str, Parameter]
) -> Iterator[Problem]:
    yield from _repeated(document)
    for item in guarantees:
        guarantee = build_guarantee(item, parameters)
        here = _guarantee_path(document, guarantee.id, item)
        if guarantee.check is not None:
            yield from _check(document, here, guarantee, parameters)
        for hole in HOLE.findall(guarantee.message):
            if hole not in parameters:
                yield document.problem(
                    (*here, "message"), f"{{{hole}}}: {_unknown('parameter', hole, parameters)}"
                )
        for kind, examples in (("valid", guarantee.valid), ("invalid", guarantee.invalid)):
            for index, example in enumerate(examples):
                for name in example:
                    if name not in parameters:
                        path = (*here, "examples", kind, index, name)
                        yield document.problem(path, _unknown("parameter", name, parameters), at_key=True)


def _check(
    document: YamlDocument, here: KeyPath, guarantee: Guarantee, parameters: Mapping[str, Parameter]
) -> Iterator[Problem]:
    expression = guarantee.check or ""
    place: KeyPath = (*here, "check")
    try:
        program = cel.program(expression)
    except cel.CelError as error:
        yield document.problem(place, f"not a CEL expression: {error}")
        return
    bound = set(_MACRO_VARIABLE.findall(expression))
    unknown = sorted(names_read(expression) - set(parameters) - bound - _CEL_WORDS)
    for name in unknown:
        yield document.problem(place, _unknown("parameter", name, parameters))
    for name in sorted(program.functions):
        if name.isidentifier() and not name.startswith("_") and name not in _CEL_FUNCTIONS:
            unknown.append(name)
            yield document.problem(place, _unknown("function", name, _CEL_FUNCTIONS))
    if unknown or any(parameters[name].type is ParameterType.ANY for name in guarantee.parameters):
        return
    for values in (
        {name: _sample(parameters[name], high) for name in guarantee.parameters} for high in (False, True)
    ):
        try:
            program.evaluate(values)
        except cel.CelError as error:
            types = ", ".join(f"`{name}` is {_cel_type(parameters[name])}" for name in guarantee.parameters)
            yield document.problem(place, f"the expression does not fit its parameters: {error} ({types})")
            return


def _sample(parameter: Parameter, high: bool) -> Any:
    """A value that the parameter takes; `high` chooses the other end, so that both sides of a condition run."""
    low_number, high_number = parameter.minimum or 0, parameter.maximum or 1
    samples: dict[ParameterType, tuple[Any, Any]] = {
        ParameterType.INTEGER: (int(low_number), int(high_number)),
        ParameterType.FLOAT: (float(low_number), float(high_number)),
        ParameterType.BOOLEAN: (False, True),
        ParameterType.STRING: ("", "text"),
        ParameterType.BYTES: ("", "text"),
        ParameterType.ENUM: (parameter.values[0], parameter.values[-1]) if parameter.values else ("", ""),
        ParameterType.JITTER: (False, True),
        ParameterType.EXCEPTIONS: (["Error"], ["Error", "TimeoutError"]),
        ParameterType.STRINGS: (["text"], ["text", "more", "words"]),
        ParameterType.INTEGERS: ([int(low_number)], [int(low_number), int(high_number)]),
        ParameterType.MAPPING: ({"key": "value"}, {"key": "value", "other": "value"}),
    }
    return cel_value(samples[parameter.type][high], parameter)


def _cel_type(parameter: Parameter) -> str:
    names = {
        ParameterType.INTEGER: "an int",
        ParameterType.FLOAT: "a double",
        ParameterType.BOOLEAN: "a bool",
        ParameterType.JITTER: "a map with kind and ratio",
        ParameterType.MAPPING: "a map",
        ParameterType.INTEGERS: "a list of int",
        ParameterType.STRINGS: "a list of string",
        ParameterType.EXCEPTIONS: "a list of string",
    }
    return names.get(parameter.type, "a string")


def _examples(document: YamlDocument, spec: PatternSpec) -> Iterator[Problem]:
    """Examples that do not do what they are listed as; inherited ones were true for the defaults they came with."""
    for index, written in enumerate(_written_guarantees(document)):
        if isinstance(written, str) or "examples" not in written:
            continue
        guarantee = next(found for found in spec.guarantees if found.id == written["id"])
        if guarantee.check is None:
            continue
        for kind, examples in (("valid", guarantee.valid), ("invalid", guarantee.invalid)):
            for position, example in enumerate(examples):
                effective = effective_parameters(spec, example)
                values = {name: found.value for name, found in effective.items()}
                is_broken = any(found.id == guarantee.id for found in broken(spec, values))
                if is_broken != (kind == "invalid"):
                    verb = "breaks" if is_broken else "keeps"
                    yield document.problem(
                        (*_GUARANTEES, index, "examples", kind, position),
                        f"listed as {kind}, but it {verb} `{guarantee.check}`",
                    )


def _repeated(document: YamlDocument) -> Iterator[Problem]:
    seen: set[Any] = set()
    for index, item in enumerate(_written_guarantees(document)):
        guarantee_id = item if isinstance(item, str) else item["id"]
        if guarantee_id in seen:
            key: KeyPath = (*_GUARANTEES, index) if isinstance(item, str) else (*_GUARANTEES, index, "id")
            yield document.problem(key, f"the guarantee `{guarantee_id}` stands here a second time")
        seen.add(guarantee_id)


def _written_guarantees(document: YamlDocument) -> list[Any]:
    """The guarantees of the document itself, which is another list than the merged one."""
    semantics: Plain = section(document.value, "semantics")
    return items_of(semantics, "guarantees")


def _guarantee_path(document: YamlDocument, guarantee_id: str, item: Any) -> KeyPath:
    """Where the guarantee stands in the document, or the nearest key that the document has."""
    for index, written in enumerate(_written_guarantees(document)):
        if written == item or (isinstance(written, dict) and written.get("id") == guarantee_id):  # pyright: ignore[reportUnknownMemberType]
            return (*_GUARANTEES, index)
    return _GUARANTEES


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"there is no {kind} `{name}`; did you mean `{close[0]}`?"
    return f"there is no {kind} `{name}`; expected one of {', '.join(sorted(known)) or 'none'}"
