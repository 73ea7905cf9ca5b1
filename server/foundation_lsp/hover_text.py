"""The text of a hover: a description rendered as Markdown, and as plain text for clients that show only that."""

from __future__ import annotations

import re

from foundation_engine.describe import Description, EffectiveParameter, GuaranteeState, describe
from foundation_grammars.occurrence import Occurrence
from foundation_specs.model import LanguageId, ParameterType
from foundation_specs.registry import SpecRegistry

LANGUAGE_NAMES = {
    LanguageId.PYTHON: "Python",
    LanguageId.GO: "Go",
    LanguageId.RUST: "Rust",
    LanguageId.RUBY: "Ruby",
}
_MARKS = {True: "✓ ", False: "✗ ", None: ""}


def description(occurrence: Occurrence, registry: SpecRegistry) -> Description | None:
    """The description of an occurrence, or None when no spec is known for its pattern."""
    spec = registry.get(occurrence.pattern_id)
    return describe(occurrence, spec) if spec is not None else None


def markdown(found: Description) -> str:
    """The hover as Markdown."""
    parts = [_heading(found, bold=True), found.summary.strip()]
    if found.parameters:
        rows = [f"| {_code(p.spelled)} | {_cell(p.text)} | {_cell(p.provenance)} |" for p in found.parameters]
        parts.append("\n".join(["| parameter | value | from |", "|---|---|---|", *rows]))
    if found.schedule_text:
        parts.append(f"**Delays:** {found.schedule_text}")
    parts += [f"**{label}:** {', '.join(map(_code, names))}" for label, names in _exceptions(found)]
    if found.guarantees:
        parts.append("**Guarantees**\n\n" + "\n".join(f"- {_guarantee(g)}" for g in found.guarantees))
    for translation in found.translations:
        fence = "```" if "```" not in translation.text else "~~~~"
        text = _with_import(translation.import_line, translation.text)
        name = LANGUAGE_NAMES[translation.language]
        parts.append(f"**{name}**\n\n{fence}{translation.language}\n{text}\n{fence}")
    if found.differences:
        parts.append(f"**{_library(found)} differs**\n\n" + "\n".join(f"- {d}" for d in found.differences))
    if found.references:
        parts.append("\n".join(f"- {reference}" for reference in found.references))
    return "\n\n".join(part for part in parts if part)


def plain(found: Description) -> str:
    """The hover as plain text, aligned for a monospaced popup."""
    parts = [_heading(found, bold=False), found.summary.strip()]
    if found.parameters:
        parts.append("\n".join(_aligned(found.parameters)))
    if found.schedule_text:
        parts.append(f"Delays: {found.schedule_text}")
    parts += [f"{label}: {', '.join(names)}" for label, names in _exceptions(found)]
    if found.guarantees:
        parts.append("Guarantees:\n" + "\n".join(f"  - {_guarantee(g)}" for g in found.guarantees))
    for translation in found.translations:
        text = _with_import(translation.import_line, translation.text)
        indented = "\n".join(f"    {line}" for line in text.split("\n"))
        parts.append(f"{LANGUAGE_NAMES[translation.language]}:\n{indented}")
    if found.differences:
        parts.append(f"{_library(found)} differs:\n" + "\n".join(f"  - {d}" for d in found.differences))
    return "\n\n".join(part for part in parts if part)


def _library(found: Description) -> str:
    """The library's name as people know it."""
    return "provide.foundation" if found.dialect == "provide" else found.dialect


def _heading(found: Description, *, bold: bool) -> str:
    name, title = f"{found.pattern_id} {found.version}", found.title
    target = found.target.name if found.target is not None else ""
    if not bold:
        return f"{title} ({name})" + (f" on {target}" if target else "")
    return f"**{title}** ({_code(name)})" + (f" on {_code(target)}" if target else "")


def _exceptions(found: Description) -> list[tuple[str, tuple[str, ...]]]:
    if any(p.parameter.type is ParameterType.EXCEPTIONS for p in found.parameters):
        return []  # They are among the parameters.
    pairs = [("Retried", found.retryable), ("Never retried", found.non_retryable)]
    return [(label, names) for label, names in pairs if names]


def _guarantee(state: GuaranteeState) -> str:
    broken = " (broken here)" if state.kept is False else ""
    return f"{_MARKS[state.kept]}{state.guarantee.text}{broken}"


def _with_import(import_line: str, text: str) -> str:
    return f"{import_line}\n{text}" if import_line else text


def _aligned(parameters: tuple[EffectiveParameter, ...]) -> list[str]:
    names = max(len(p.spelled) for p in parameters)
    values = max(len(p.text) for p in parameters)
    return [f"  {p.spelled:<{names}}  {p.text:<{values}}  {p.provenance}" for p in parameters]


def _code(text: str) -> str:
    """A Markdown code span that holds any text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * (longest + 1)
    padding = " " if longest else ""
    return f"{ticks}{padding}{text}{padding}{ticks}".replace("|", "\\|")


def _cell(text: str) -> str:
    """Text for a table cell: what Markdown would read as markup is escaped."""
    flat = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", flat)
