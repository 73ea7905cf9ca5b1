"""Decides which guarantees of a spec the effective parameters of an occurrence break."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from foundation_specs.build import jitter_from
from foundation_specs.model import Dialect, Guarantee, Jitter, Parameter, ParameterType, PatternSpec

_NO_VALUE = object()


def broken(
    spec: PatternSpec, parameters: Mapping[str, Any], dialect: Dialect | None = None
) -> list[Guarantee]:
    """The guarantees that `parameters` break, in the order of the spec.

    `parameters` are effective values by parameter id, durations in seconds: a missing key is a value that is not known,
    and a guarantee that reads it is skipped; None is a parameter that is known to be absent. A value that does not fit
    its parameter's type skips the guarantee too, because the wrong type is a finding of its own.
    """
    checked = [
        guarantee
        for guarantee in spec.guarantees
        if guarantee.check is not None
        and (dialect is None or guarantee.id not in dialect.exempt)
        and all(name in parameters for name in guarantee.parameters)
    ]
    if not checked:
        return []
    # Imported here, because most runs evaluate nothing.
    from foundation_specs import cel

    values = {
        key: converted
        for key, value in parameters.items()
        if (converted := cel_value(value, _parameter(spec, dialect, key))) is not _NO_VALUE
    }
    found: list[Guarantee] = []
    for guarantee in checked:
        if guarantee.check is None or not all(name in values for name in guarantee.parameters):
            continue
        try:
            if not cel.program(guarantee.check).evaluate(values):
                found.append(guarantee)
        except cel.CelError:
            # A null or a list of mixed items that the expression does not foresee says nothing about the code.
            continue
    return found


def message(spec: PatternSpec, guarantee: Guarantee, parameters: Mapping[str, Any]) -> str:
    """The finding for a broken guarantee, its `{parameter}` holes filled with the effective values."""
    text = guarantee.message or guarantee.text
    for name in spec.parameters:
        hole = "{" + name + "}"
        if hole in text:
            text = text.replace(hole, in_words(spec.parameters.get(name), parameters.get(name)))
    return text


def in_words(parameter: Parameter | None, value: Any) -> str:
    """An effective value for a sentence: `120 s`, `3 calls`, `"orders"`, `none`."""
    unit = parameter.unit if parameter is not None else None
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Jitter):
        return f"{value.kind} {value.ratio:g}" if value.kind == "symmetric" else str(value.kind)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, (int, float)):
        if parameter is not None and parameter.id == "mode" and isinstance(value, int):
            return f"{value} (0o{value:o})"
        number = f"{value:.15g}" if isinstance(value, float) else str(value)
        if unit == "seconds":
            return f"{number} s"
        return f"{number} {_counted(unit, value)}" if unit else number
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
    if isinstance(value, (list, tuple)):
        items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        return "[" + ", ".join(str(item) for item in items[:6]) + (", ..." if len(items) > 6 else "") + "]"
    return str(value)


def _counted(unit: str, value: float) -> str:
    if value != 1:
        return unit
    return unit[:-2] if unit.endswith("sses") else unit.removesuffix("s")


def _parameter(spec: PatternSpec, dialect: Dialect | None, key: str) -> Parameter | None:
    found = spec.parameters.get(key)
    if found is not None and dialect is not None and key in dialect.types:
        return spec.parameter_in(dialect, next((n for n, p in dialect.parameters.items() if p == key), key))
    return found


def cel_value(value: Any, parameter: Parameter | None) -> Any:
    """`value` as CEL takes it: doubles for floats, a `{kind, ratio}` map for jitter, lists and maps of plain values."""
    if value is None:
        return None
    kind = parameter.type if parameter is not None else ParameterType.ANY
    if kind is ParameterType.JITTER or isinstance(value, Jitter):
        default = (
            parameter.default if parameter is not None and isinstance(parameter.default, Jitter) else None
        )
        jitter = jitter_from(value, default) if default is not None else jitter_from(value)
        return _NO_VALUE if jitter is None else {"kind": str(jitter.kind), "ratio": jitter.ratio}
    if kind is ParameterType.FLOAT:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return float(value) if number else _NO_VALUE
    if kind is ParameterType.INTEGER:
        if isinstance(value, bool) or not isinstance(value, int) or value.bit_length() > 63:
            return _NO_VALUE
        return value
    if kind is ParameterType.BOOLEAN:
        return value if isinstance(value, bool) else _NO_VALUE
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        items: Mapping[Any, Any] = value  # pyright: ignore[reportUnknownVariableType]
        return {str(key): _plain(item) for key, item in items.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, int) and value.bit_length() > 63:
        return _NO_VALUE
    return value if isinstance(value, (bool, int, float, str, bytes)) else str(value)
