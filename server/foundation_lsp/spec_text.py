"""A pattern's spec as a page that an editor can show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foundation_specs.model import Parameter, PatternSpec
from pygls.exceptions import JsonRpcInvalidParams

from foundation_lsp.from_lsp import path_of
from foundation_lsp.hover_text import LANGUAGE_NAMES

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


def spec_command(ls: FoundationServer, argument: dict[str, Any]) -> dict[str, Any]:
    """`foundation.showPatternSpec`: `{pattern?, uri?}` to `{patterns}` or to `{pattern, title, markdown}`."""
    uri: Any = argument.get("uri")
    registry = ls.session.registry(path_of(uri) if isinstance(uri, str) else None)
    wanted: Any = argument.get("pattern")
    if wanted is None:
        return {"patterns": [{"id": s.pattern_id, "title": s.title} for s in registry.specs]}
    spec = registry.get(str(wanted))
    if spec is None:
        raise JsonRpcInvalidParams(f"unknown pattern {wanted!r}; known: {', '.join(registry.ids)}")
    return {"pattern": spec.pattern_id, "title": spec.title, "markdown": markdown(spec)}


def markdown(spec: PatternSpec) -> str:
    """The page."""
    lines = [f"# {spec.title}", "", f"`{spec.pattern_id}` {spec.version}", "", spec.description.strip(), ""]
    lines += ["## Parameters", "", "| parameter | type | range | default | |", "|---|---|---|---|---|"]
    lines += [
        f"| `{p.id}` | {p.type}{f', {p.unit}' if p.unit else ''} | {limits(p)} | {default(p)} | {p.description} |"
        for p in spec.parameters.values()
    ]
    lines += ["", "## Guarantees", "", *(f"- {g.text} (`{g.id}`)" for g in spec.guarantees)]
    for language, mapping in spec.mappings.items():
        lines += ["", f"## {LANGUAGE_NAMES[language]}", "", f"```{language}", mapping.import_line]
        lines += [*mapping.forms.values(), "```"]
    if spec.rationale:
        lines += ["", "## Why", "", spec.rationale.strip()]
    if spec.references:
        lines += ["", "## References", "", *(f"- {r}" for r in spec.references)]
    return "\n".join(lines) + "\n"


def limits(parameter: Parameter) -> str:
    """The allowed values in a few characters: "[1, 100]", "linear, fixed", ""."""
    if parameter.values:
        return ", ".join(parameter.values)
    low, high = parameter.minimum, parameter.maximum
    if low is None and high is None:
        return ""
    opening = "(" if parameter.exclusive_minimum else "["
    return f"{opening}{'' if low is None else f'{low:g}'}, {'' if high is None else f'{high:g}'}]"


def default(parameter: Parameter) -> str:
    """The default in a few characters, or that there is none."""
    if parameter.required:
        return "*required*"
    return f"`{parameter.default}`" if parameter.has_default else ""
