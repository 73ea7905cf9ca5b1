"""Writes a pattern as Python source with given parameters, for examples in explain pages and documents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from foundation_specs.build import jitter_from
from foundation_specs.model import JitterKind, LanguageId, Parameter, ParameterType, PatternSpec

_STAND_INS = {"type": "AppConfig", "function": "fetch", "target": "config"}
_GIVEN_AWAY = {
    ParameterType.STRING: '"name"',
    ParameterType.BYTES: "data",
    ParameterType.STRINGS: '["git", "status"]',
}


def python_example(spec: PatternSpec, parameters: Mapping[str, Any]) -> str:
    """A whole module: the pattern's import, and the pattern with exactly these parameters."""
    source = python_source(spec, parameters)
    lines = [spec.mappings[LanguageId.PYTHON].import_line]
    if "Jitter." in source:
        lines.append("from foundation.resilience import Jitter")
    return "\n".join([*lines, "", source, ""])


def python_source(spec: PatternSpec, parameters: Mapping[str, Any]) -> str:
    """The spec's first Python form with exactly these parameters; positional ones without a value get a stand-in."""
    form, template = next(iter(spec.mappings[LanguageId.PYTHON].forms.items()))
    head, _, rest = template.partition("(")
    positional: list[str] = re.findall(r"(?:^|, )\{(\w+)\}(?=,|\))", rest)
    written: list[str] = []
    for name in positional:
        parameter = spec.parameters.get(name)
        if parameter is None:
            written.append(_STAND_INS.get(name, name))
        elif name in parameters:
            written.append(python_value(parameter, parameters[name]))
        else:
            written.append(_GIVEN_AWAY.get(parameter.type, "..."))
    for name, parameter in spec.parameters.items():
        if name in positional:
            continue
        if name in parameters:
            written.append(f"{name}={python_value(parameter, parameters[name])}")
        elif parameter.required:
            low = parameter.minimum
            written.append(f"{name}={10 if low is not None else _GIVEN_AWAY.get(parameter.type, '...')}")
    text = f"{head}({', '.join(written)})"
    if form != "decorator":
        return text
    return (text if written else head) + "\ndef fetch(): ..."


def python_value(parameter: Parameter, value: Any) -> str:
    """One value as Python source."""
    if parameter.type is ParameterType.JITTER:
        jitter = jitter_from(value)
        if isinstance(value, bool) or jitter is None:
            return repr(value)
        if jitter.kind is JitterKind.SYMMETRIC:
            return f"Jitter.symmetric({jitter.ratio:g})"
        return f"Jitter.{jitter.kind}()"
    if parameter.type is ParameterType.EXCEPTIONS:
        names = list(value)
        return f"({', '.join(names)}{',' if len(names) == 1 else ''})"
    if parameter.id == "mode" and isinstance(value, int) and value < 0o1000:
        return f"0o{value:o}"
    if parameter.type is ParameterType.BYTES and value == "":
        return "data"
    return _literal(value)


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, (list, tuple)):
        items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        return f"[{', '.join(_literal(item) for item in items)}]"
    if isinstance(value, Mapping):
        pairs: Mapping[Any, Any] = value  # pyright: ignore[reportUnknownVariableType]
        return "{" + ", ".join(f"{_literal(key)}: {_literal(item)}" for key, item in pairs.items()) + "}"
    return repr(value)
