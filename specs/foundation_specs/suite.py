"""Reads conformance suites, the RFC's test-suite format: cases with what is given and what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundation_specs._schema import schema_problems
from foundation_specs.build import Plain
from foundation_specs.model import Problem
from foundation_specs.yaml_source import YamlDocument, read_yaml, read_yaml_file


@dataclass(frozen=True, slots=True)
class SuiteCase:
    """One case as written; `line` is where it starts, from 1. `extra` holds the keys beside given and expect."""

    name: str
    given: Mapping[str, Any]
    expect: Mapping[str, Any]
    line: int
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one pattern."""

    pattern_id: str
    version: str
    cases: tuple[SuiteCase, ...]
    path: str


def load_suite(path: Path) -> tuple[Suite | None, tuple[Problem, ...]]:
    """The suite of one file, or None, and every problem of the file."""
    return _suite(*read_yaml_file(path))


def parse_suite(data: bytes, path: str) -> tuple[Suite | None, tuple[Problem, ...]]:
    """As `load_suite` for text; `path` is for the problems."""
    return _suite(*read_yaml(data, path))


def _suite(
    document: YamlDocument | None, problems: list[Problem]
) -> tuple[Suite | None, tuple[Problem, ...]]:
    if document is None:
        return None, tuple(problems)
    problems += schema_problems(document, "conformance")
    if problems:
        return None, tuple(problems)
    plain: Plain = document.value
    cases: list[SuiteCase] = []
    seen: dict[str, int] = {}
    for index, case in enumerate(plain["test_cases"]):
        key = ("test_cases", index)
        place = document.values[key]
        name: str = case["name"]
        if name in seen:
            problems.append(
                document.problem((*key, "name"), f"the case `{name}` is already on line {seen[name]}")
            )
        seen[name] = place.line
        low, high = case["expect"].get("min_duration"), case["expect"].get("max_duration")
        if low is not None and high is not None and low > high:
            problems.append(
                document.problem((*key, "expect", "min_duration"), f"{low} is above max_duration {high}")
            )
        extra = {name: value for name, value in case.items() if name not in ("name", "given", "expect")}
        cases.append(SuiteCase(name, case["given"], case["expect"], place.line, extra))
    if problems:
        return None, tuple(problems)
    return Suite(plain["test_suite"], plain["version"], tuple(cases), document.path), ()
