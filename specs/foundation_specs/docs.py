"""Writes `docs/patterns/<pattern_id>.md` from the packaged specs.

Run `python -m foundation_specs.docs --write` in the repository after a change to a spec; a test fails until it is done.
It compiles the specs first, because the pages show what the program serves.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from foundation_specs import compile as compiler
from foundation_specs.guarantees import in_words
from foundation_specs.model import (
    Dialect,
    Guarantee,
    LanguageId,
    LanguageMapping,
    Parameter,
    ParameterType,
    PatternSpec,
    Severity,
)
from foundation_specs.python_surface import python_source
from foundation_specs.registry import SpecRegistry

FOLDER = Path("docs", "patterns")
NAMES = {
    LanguageId.PYTHON: "Python",
    LanguageId.GO: "Go",
    LanguageId.RUST: "Rust",
    LanguageId.RUBY: "Ruby",
}
LIBRARIES = {"foundation": "our runtimes", "provide": "`provide.foundation`, the library of the RFC's author"}


def page(spec: PatternSpec) -> str:
    """The whole page of a pattern as Markdown."""
    parts = [
        f"# {spec.title}",
        f"<!-- Written by `python -m foundation_specs.docs --write` from specs/{spec.source}; edit that file. -->",
        f"`{spec.pattern_id}`, version {spec.version}. {spec.description}",
        "## Parameters",
        _parameters(spec),
        "## Exceptions",
        _exceptions(spec),
        "## Guarantees",
        _promises(spec),
        "## Checks",
        _checks(spec),
        "## In each language",
        "A name in braces stands for the value of that parameter, or for the code that the pattern governs.",
        *(_language(mapping) for mapping in spec.mappings.values()),
        "## Other libraries",
        _dialects(spec),
        "## Rationale",
        spec.rationale.strip(),
        "## References",
        "\n".join(f"* {reference}" for reference in spec.references),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def index(specs: tuple[PatternSpec, ...]) -> str:
    """The table of all patterns as Markdown."""
    rows = [
        f"| [{spec.title}]({spec.pattern_id}.md) | `{spec.pattern_id}` | {spec.description} |"
        for spec in specs
    ]
    head = [
        "# Patterns",
        "",
        "<!-- Written by `python -m foundation_specs.docs --write`. -->",
        "",
        "| pattern | id | what it does |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])


def pages() -> dict[str, str]:
    """Every file of the folder by name."""
    registry = SpecRegistry.builtin()
    return {"README.md": index(registry.specs)} | {
        f"{spec.pattern_id}.md": page(spec) for spec in registry.specs
    }


def _parameters(spec: PatternSpec) -> str:
    rows = ["| parameter | type | unit | range | default | meaning |", "|---|---|---|---|---|---|"]
    for parameter in spec.parameters.values():
        name = f"`{parameter.id}`"
        if parameter.aliases:
            name += " (also " + ", ".join(f"`{alias}`" for alias in parameter.aliases) + ")"
        meaning = parameter.description.replace("|", "\\|").strip()
        cells = (
            name,
            type_words(parameter),
            parameter.unit or "",
            _range(parameter),
            default_words(parameter),
            meaning,
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def type_words(parameter: Parameter) -> str:
    """The type as the page writes it."""
    match parameter.type:
        case ParameterType.ENUM:
            return "one of " + ", ".join(f"`{value}`" for value in parameter.values)
        case ParameterType.JITTER:
            return "boolean or `{kind: none\\|full\\|equal\\|symmetric, ratio}`"
        case ParameterType.EXCEPTIONS:
            return "list of exceptions"
        case ParameterType.STRINGS:
            return "list of string"
        case ParameterType.INTEGERS:
            return "list of integer"
        case ParameterType.BYTES:
            return "string or bytes"
        case kind:
            return kind.value


def _range(parameter: Parameter) -> str:
    if parameter.min_items:
        return "at least one" if parameter.min_items == 1 else f"at least {parameter.min_items}"
    if parameter.minimum is None or parameter.maximum is None:
        return ""
    opening = "(" if parameter.exclusive_minimum else "["
    return f"{opening}{_number(parameter.minimum)}, {_number(parameter.maximum)}]"


def _number(value: float) -> str:
    return str(value)


def default_words(parameter: Parameter) -> str:
    """The default as the page writes it."""
    if parameter.required:
        return "*required*"
    if parameter.default_from is not None:
        return f"`{parameter.default_from}`"
    if parameter.has_default:
        value: Any = parameter.default
        if value == "" or value == () or value == {}:
            return '`""`' if value == "" else "empty"
        if parameter.type is ParameterType.JITTER:
            return f"`true`, which is {in_words(None, value)}"
        if isinstance(value, tuple):
            return ", ".join(str(item) for item in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return f"`{in_words(None, value).strip(chr(34))}`" if not isinstance(value, float) else f"`{value}`"
    return parameter.default_text


def _exceptions(spec: PatternSpec) -> str:
    lines = [
        f"* {label}: {', '.join(f'`{name}`' for name in names)}."
        for label, names in (
            ("Another call can succeed after", spec.exceptions.retryable),
            ("Another call cannot cure", spec.exceptions.non_retryable),
        )
        if names
    ]
    return "\n".join(lines) or "The pattern neither retries nor classifies errors."


def _promises(spec: PatternSpec) -> str:
    return "\n".join(f"* {found.text}" for found in spec.guarantees if found.check is None)


def _checks(spec: PatternSpec) -> str:
    checked = [found for found in spec.guarantees if found.check is not None]
    head = (
        "`foundation-lsp` reports what breaks one of these where the values are known without running the program. "
        f"A finding is silenced by `foundation: ignore[{spec.pattern_id}/<id>]` in a comment on its line."
    )
    return "\n\n".join([head, *(_check(spec, found) for found in checked)])


_SEVERITY_WORDS = {
    Severity.ERROR: "an error",
    Severity.WARNING: "a warning",
    Severity.INFO: "information",
    Severity.HINT: "a hint",
}


def _check(spec: PatternSpec, guarantee: Guarantee) -> str:
    parts = [
        f"### `{guarantee.id}`",
        f"**What it checks.** {guarantee.text} Breaking it is {_SEVERITY_WORDS[guarantee.severity]}.",
        f"```\n{guarantee.check}\n```",
        f"**Why it is bad.** {guarantee.rationale}",
    ]
    if guarantee.invalid:
        parts += ["**Example.**", f"```python\n{python_source(spec, guarantee.invalid[0])}\n```"]
    parts.append(f"**Use instead.** {guarantee.remedy}")
    if guarantee.fix_safety:
        parts.append(f"**Fix safety.** {guarantee.fix_safety}")
    return "\n\n".join(parts)


def _language(mapping: LanguageMapping) -> str:
    forms = "\n".join([mapping.import_line, *mapping.forms.values()])
    return (
        f"### {NAMES[mapping.language]}\n\n```{mapping.language}\n{forms}\n```\n\n"
        f"Tests are written with {mapping.test_framework}."
    )


def _dialects(spec: PatternSpec) -> str:
    others = [dialect for dialect in spec.dialects if dialect.id != "foundation"]
    if not others:
        return "Only our own runtimes are recognised."
    return "\n\n".join(_dialect(dialect) for dialect in others)


def _dialect(dialect: Dialect) -> str:
    library = LIBRARIES.get(dialect.id, f"`{dialect.id}`")
    parts = [f"### {library[0].upper()}{library[1:]} ({NAMES[dialect.language]})"]
    if dialect.parameters:
        rows = [f"| `{name}` | `{target}` |" for name, target in dialect.parameters.items()]
        parts.append("\n".join(["| there | here |", "|---|---|", *rows]))
    if dialect.differences:
        parts.append("What differs:")
        parts.append("\n".join(f"* {difference}" for difference in dialect.differences))
    return "\n\n".join(parts)


def main(arguments: list[str]) -> int:
    """0 when the pages are up to date or were written, 1 when one is stale or a spec has a problem."""
    if compiler.main(arguments):
        return 1
    stale = [name for name, text in pages().items() if _current(FOLDER / name) != text]
    if "--write" in arguments:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (FOLDER / name).write_text(pages()[name], encoding="utf-8")
        return 0
    for name in stale:
        print(f"{FOLDER / name} is stale; run `python -m foundation_specs.docs --write`", file=sys.stderr)
    return 1 if stale else 0


def _current(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
