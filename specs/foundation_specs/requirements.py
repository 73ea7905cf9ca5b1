"""Explains rule codes: one Markdown page for each, from the guarantees of the specs and from `requirements.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from foundation_specs.build import Plain, section
from foundation_specs.model import Guarantee, LanguageId, PatternSpec, Problem
from foundation_specs.python_surface import python_example
from foundation_specs.registry import SpecRegistry

HEADINGS = ("What it checks", "Why it is bad", "Example", "Use instead", "Fix safety", "References")
SUPPRESSION = "suppression"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What there is to say about a requirement; `patterns` is empty when it holds for every pattern."""

    id: str
    title: str
    checks: str
    why: str
    instead: str
    fix_safety: str
    example: Mapping[LanguageId, str] = field(default_factory=dict[LanguageId, str])
    references: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


@cache
def requirements() -> Mapping[str, Requirement]:
    """The requirements that are part of the tool, by id; a test keeps their file free of problems."""
    found, _ = load_requirements()
    return found


def load_requirements() -> tuple[Mapping[str, Requirement], tuple[Problem, ...]]:
    """The packaged requirements and every problem of their file."""
    # Imported here, because codes are listed far more often than pages are read.
    from foundation_specs._schema import schema_problems
    from foundation_specs.yaml_source import read_yaml

    source = files("foundation_specs").joinpath("requirements.yaml")
    document, problems = read_yaml(source.read_bytes(), str(source))
    if document is None or problems:
        return MappingProxyType({}), tuple(problems)
    problems = schema_problems(document, "requirements")
    if problems:
        return MappingProxyType({}), tuple(problems)
    plain: Plain = document.value["requirements"]
    return MappingProxyType({key: _requirement(key, value) for key, value in plain.items()}), ()


def _requirement(requirement_id: str, data: Plain) -> Requirement:
    return Requirement(
        id=requirement_id,
        title=data["title"],
        checks=data["checks"],
        why=data["why"],
        instead=data["instead"],
        fix_safety=data["fix_safety"],
        example={LanguageId(key): value for key, value in section(data, "example").items()},
        references=tuple(data.get("references", ())),
        patterns=tuple(data.get("patterns", ())),
    )


def all_codes(registry: SpecRegistry) -> tuple[str, ...]:
    """Every code that has a page, sorted: the tool's requirements for each pattern, and the checked guarantees."""
    codes: set[str] = set()
    for spec in registry.specs:
        codes.update(f"{spec.pattern_id}/{found.id}" for found in spec.guarantees if found.check is not None)
    for requirement in requirements().values():
        codes.update(f"{owner}/{requirement.id}" for owner in requirement.patterns or registry.ids)
    return tuple(sorted(codes))


def explain(code: str, registry: SpecRegistry | None = None) -> str | None:
    """The page of a code (`<pattern_id>/<requirement-id>`) as Markdown, or None when there is no such code."""
    registry = registry or SpecRegistry.builtin()
    owner, _, requirement_id = code.partition("/")
    spec = registry.get(owner)
    if spec is not None:
        for guarantee in spec.guarantees:
            if guarantee.id == requirement_id and guarantee.check is not None:
                return _page(code, guarantee_requirement(spec, guarantee), guarantee.severity.value)
    found = requirements().get(requirement_id)
    if found is None or not (owner in found.patterns or (not found.patterns and spec is not None)):
        return None
    return _page(code, found, "")


def guarantee_requirement(spec: PatternSpec, guarantee: Guarantee) -> Requirement:
    """What there is to say about a checked guarantee of a spec."""
    example = python_example(spec, guarantee.invalid[0]) if guarantee.invalid else ""
    return Requirement(
        id=guarantee.id,
        title=guarantee.id.replace("-", " ").capitalize(),
        checks=f"{guarantee.text}\n\nAs a CEL expression over the effective parameters:\n\n```\n{guarantee.check}\n```",
        why=guarantee.rationale,
        instead=guarantee.remedy,
        fix_safety=guarantee.fix_safety
        or "There is no automatic fix, because the right value depends on the program.",
        example={LanguageId.PYTHON: example} if example else {},
        references=spec.references,
    )


def _page(code: str, requirement: Requirement, severity: str) -> str:
    lines = [
        f"# {code}",
        "",
        f"**{requirement.title}.**" + (f" Severity: {severity}." if severity else ""),
        "",
    ]
    example = "\n\n".join(
        f"```{language}\n{text.rstrip()}\n```" for language, text in requirement.example.items()
    )
    references = "\n".join(f"* {reference}" for reference in requirement.references)
    bodies = (
        requirement.checks,
        requirement.why,
        example,
        requirement.instead,
        requirement.fix_safety,
        references,
    )
    for heading, body in zip(HEADINGS, bodies, strict=True):
        lines += [f"## {heading}", "", body.strip() or "None.", ""]
    return "\n".join(lines)
