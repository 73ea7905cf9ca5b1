"""Serves how the types of a spec are written in each language, from `types.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from foundation_specs._schema import schema_problems
from foundation_specs.build import Plain
from foundation_specs.model import LanguageId, Problem
from foundation_specs.yaml_source import read_yaml


@dataclass(frozen=True, slots=True)
class TypeSpelling:
    """A type as a signature writes it, the import line that it needs or "", and what the type alone does not say."""

    type: str
    import_line: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class TypeMapping:
    """One type of the specs in the four languages."""

    id: str
    spellings: Mapping[LanguageId, TypeSpelling]
    description: str = ""


def load_type_mappings(data: bytes, path: str) -> tuple[Mapping[str, TypeMapping], tuple[Problem, ...]]:
    """The mappings of a YAML text by type id, and every problem; a text with a problem gives no mapping."""
    document, problems = read_yaml(data, path)
    if document is None or problems:
        return MappingProxyType({}), tuple(problems)
    problems = schema_problems(document, "types")
    if problems:
        return MappingProxyType({}), tuple(problems)
    plain: Plain = document.value["type_mappings"]
    return MappingProxyType({key: _mapping(key, value) for key, value in plain.items()}), ()


@cache
def type_mappings() -> Mapping[str, TypeMapping]:
    """The packaged mappings; a test keeps them free of problems."""
    source = files("foundation_specs").joinpath("types.yaml")
    found, _ = load_type_mappings(source.read_bytes(), str(source))
    return found


def _mapping(type_id: str, data: Plain) -> TypeMapping:
    return TypeMapping(
        type_id,
        {language: _spelling(data[language.value]) for language in LanguageId},
        data.get("description", ""),
    )


def _spelling(data: Any) -> TypeSpelling:
    if isinstance(data, str):
        return TypeSpelling(data)
    return TypeSpelling(data["type"], data.get("import", ""), data.get("note", ""))
