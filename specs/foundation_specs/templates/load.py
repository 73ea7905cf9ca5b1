"""Serves the packaged templates, and reads one file of them with every problem it has."""

from __future__ import annotations

import json
import pkgutil
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation_specs.build import Plain, items_of, section
from foundation_specs.model import LanguageId, Problem
from foundation_specs.registry import SpecRegistry
from foundation_specs.templates.model import (
    FormTemplate,
    Library,
    ParameterTemplate,
    PatternTemplates,
    TemplateSet,
)

if TYPE_CHECKING:
    from foundation_specs.yaml_source import YamlDocument

FOUNDATION = "foundation"

# A brace that is followed by anything else is the language's own.
PLACEHOLDER = re.compile(
    r"\{(?P<before>, |\()?(?P<name>[A-Za-z_]\w*|\d)(?P<after>\))?(?:\|(?P<filter>[a-z_]+))?\}"
)
# What an emitter or the renderer fills in, beside the pattern's parameters.
SLOTS = frozenset(
    {
        "options", "fields", "body", "call", "object", "function", "function_text", "result", "results", "zero",
        "value", "name", "Name", "camelName", "key", "runtime", "ratio", "arguments", "type", "indent", "variable",
        "schema", "attempt", "fallback", "shared",
    }
)  # fmt: skip
FILTERS = frozenset({"minus_one", "seconds", "milliseconds", "text"})


def templates(language: LanguageId, dialect: str = FOUNDATION) -> TemplateSet:
    """The templates of a language and library. Raises KeyError for a dialect that the language does not have."""
    return _packaged()[language, dialect]


def dialects_of(language: LanguageId) -> tuple[str, ...]:
    """The dialects that ports to a language can use, our runtime first."""
    found = [dialect for each, dialect in _packaged() if each is language]
    return tuple(sorted(found, key=lambda dialect: (dialect != FOUNDATION, dialect)))


def known_dialects() -> Mapping[str, tuple[LanguageId, ...]]:
    """Every dialect with the languages that have it."""
    out: dict[str, tuple[LanguageId, ...]] = {}
    for language, dialect in _packaged():
        out[dialect] = (*out.get(dialect, ()), language)
    return out


@cache
def _packaged() -> Mapping[tuple[LanguageId, str], TemplateSet]:
    plain: list[Plain] = json.loads(pkgutil.get_data("foundation_specs", "templates/compiled.json") or b"[]")
    built = [build_templates(each) for each in plain]
    return {(each.language, each.dialect): each for each in built}


def load_templates(path: Path) -> tuple[TemplateSet | None, tuple[Problem, ...]]:
    """The templates of one file, or None, and every problem in it."""
    # The packaged templates are compiled: a reader of YAML is imported for others only.
    from foundation_specs._schema import schema_problems
    from foundation_specs.yaml_source import read_yaml_file

    document, problems = read_yaml_file(path)
    if document is None or problems:
        return None, tuple(problems)
    problems = schema_problems(document, "templates") or template_problems(document)
    return (None, tuple(problems)) if problems else (build_templates(document.value), ())


def template_problems(document: YamlDocument) -> list[Problem]:
    """What the schema cannot see: parameters and placeholders that are of no pattern."""
    return sorted(_problems(document), key=lambda p: (p.line, p.column, p.key, p.message))


def _problems(document: YamlDocument) -> Iterator[Problem]:
    registry = SpecRegistry.builtin()
    for pattern_id, pattern in section(document.value, "patterns").items():
        spec = registry.get(pattern_id)
        at = ("patterns", pattern_id)
        if spec is None:
            yield document.problem(
                at, f"there is no pattern `{pattern_id}`; expected one of {', '.join(registry.ids)}"
            )
            continue

        def unknown(
            names: Mapping[str, Any] | list[Any],
            known: frozenset[str],
            where: tuple[str | int, ...],
            what: str,
        ) -> Iterator[Problem]:
            for name in names:
                if name not in known:
                    yield document.problem(
                        where, f"`{name}` is no {what}; expected one of {', '.join(sorted(known))}"
                    )

        parameters = frozenset(spec.parameters)
        yield from unknown(
            section(pattern, "parameters"), parameters, (*at, "parameters"), "parameter of the pattern"
        )
        yield from unknown(
            items_of(pattern, "explicit"), parameters, (*at, "explicit"), "parameter of the pattern"
        )
        for form_id, form in section(pattern, "forms").items():
            here = (*at, "forms", form_id)
            given: Plain = {"text": form} if isinstance(form, str) else form
            yield from unknown(
                section(given, "parameters"), parameters, (*here, "parameters"), "parameter of the pattern"
            )
            own = frozenset(items_of(given, "locals"))
            for key in ("text", "procedure", "option", "closure"):
                for found in PLACEHOLDER.finditer(given.get(key, "")):
                    name, applied = found["name"], found["filter"]
                    if name not in parameters | SLOTS | own and not name.isdigit():
                        yield document.problem(
                            here,
                            f"the placeholder `{{{name}}}` is neither a parameter of the pattern nor one of"
                            f" {', '.join(sorted(SLOTS))}",
                        )
                    if applied and applied not in FILTERS:
                        yield document.problem(
                            here,
                            f"there is no filter `{applied}`; expected one of {', '.join(sorted(FILTERS))}",
                        )


def build_templates(data: Plain) -> TemplateSet:
    """The templates of the plain values of one file."""
    library = data.get("library")
    return TemplateSet(
        language=LanguageId(data["language"]),
        dialect=data["dialect"],
        title=data["title"],
        patterns={key: _pattern(key, value) for key, value in section(data, "patterns").items()},
        library=Library(library["package"], library["version"], library["install"]) if library else None,
        exhausted=data.get("exhausted", "wrapped"),
    )


def _pattern(pattern_id: str, data: Plain) -> PatternTemplates:
    return PatternTemplates(
        pattern_id=pattern_id,
        imports=tuple(items_of(data, "imports")),
        types=section(data, "types"),
        parameters={key: _parameter(value) for key, value in section(data, "parameters").items()},
        forms={key: _form(value) for key, value in section(data, "forms").items()},
        operations=section(data, "operations"),
        explicit=tuple(items_of(data, "explicit")),
        differences=tuple(items_of(data, "differences")),
    )


def _parameter(data: str | Plain) -> ParameterTemplate:
    if isinstance(data, str):
        return ParameterTemplate(option=data)
    return ParameterTemplate(
        option=data.get("option"),
        name=data.get("name", ""),
        values=section(data, "values"),
        each=data.get("each", "{value}"),
        between=data.get("between", ", "),
        computed=data.get("computed", "{value}"),
        empty=data.get("empty"),
        kind=data.get("kind", ""),
        declined=data.get("declined", ""),
        dropped=data.get("dropped", ""),
        disjoint=data.get("disjoint", ""),
        imports=tuple(items_of(data, "imports")),
    )


def _form(data: str | Plain) -> FormTemplate:
    if isinstance(data, str):
        return FormTemplate(data)
    return FormTemplate(
        text=data["text"].rstrip("\n"),
        procedure=data.get("procedure", "").rstrip("\n"),
        option=data.get("option", ""),
        join=data.get("join", ", "),
        closure=data.get("closure", ""),
        leave=data.get("leave", ""),
        locals=tuple(items_of(data, "locals")),
        imports=tuple(items_of(data, "imports")),
        explicit=tuple(items_of(data, "explicit")),
        absent=section(data, "absent"),
        fields=section(data, "fields"),
        parameters={key: _parameter(value) for key, value in section(data, "parameters").items()},
        differences=tuple(items_of(data, "differences")),
    )
