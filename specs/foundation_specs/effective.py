"""Computes the effective parameters of an occurrence: what is given over the dialect's and the spec's defaults."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from foundation_specs.build import jitter_from
from foundation_specs.model import Dialect, Jitter, ParameterType, PatternSpec


class Origin(StrEnum):
    """Where an effective value comes from."""

    GIVEN = "given"
    DEFAULT = "default"  # the spec's default
    DIALECT = "dialect"  # the default of the library that the code uses
    PARAMETER = "parameter"  # the value of another parameter (`burst` takes `limit`)
    ABSENT = "absent"  # no value; the pattern does without


@dataclass(frozen=True, slots=True)
class Effective:
    """One effective value; `value` is None when absent, a `Jitter` for jitter, a tuple for lists."""

    value: Any
    origin: Origin


def effective_parameters(
    spec: PatternSpec,
    given: Mapping[str, Any],
    *,
    unknown: Collection[str] = (),
    dialect: Dialect | None = None,
    callable_name: str = "",
) -> dict[str, Effective]:
    """The effective value of each parameter of the spec, in the spec's order.

    `given` holds the statically known values by parameter id and `unknown` the ids whose value only the running program
    knows; these, and what depends on them, are left out. `callable_name` is the name that the code calls
    (`SyncCircuitBreaker`), for a library whose defaults differ between its callables.
    """
    result: dict[str, Effective] = {}
    overrides = {**dialect.defaults, **dialect.callable_defaults.get(callable_name, {})} if dialect else {}
    for key, parameter in spec.parameters.items():
        if key in unknown:
            continue
        if key in given:
            value = given[key]
            if parameter.type is ParameterType.JITTER:
                default = parameter.default if isinstance(parameter.default, Jitter) else None
                known = jitter_from(value, default) if default else jitter_from(value)
                value = value if known is None else known
            result[key] = Effective(tuple(value) if isinstance(value, list) else value, Origin.GIVEN)  # pyright: ignore[reportUnknownArgumentType]
        elif key in overrides:
            value = overrides[key]
            result[key] = Effective(value, Origin.ABSENT if value is None else Origin.DIALECT)
        elif parameter.default_from is not None:
            continue
        elif parameter.has_default:
            result[key] = Effective(parameter.default, Origin.DEFAULT)
        else:
            result[key] = Effective(None, Origin.ABSENT)
    for key, parameter in spec.parameters.items():
        if parameter.default_from is not None and key not in result and key not in unknown:
            source = result.get(parameter.default_from)
            if source is not None:
                result[key] = Effective(source.value, Origin.PARAMETER)
    return {key: result[key] for key in spec.parameters if key in result}
