"""Conformance cases as values, read from YAML suites in the RFC's format."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

import yaml
from foundation_specs.model import Problem
from foundation_specs.suite import parse_suite as located_suite

PATTERN_IDS = (
    "retry_with_backoff",
    "circuit_breaker",
    "rate_limiting",
    "error_boundary",
    "structured_logging",
    "configuration",
    "http_client",
    "cli_framework",
    "process_execution",
    "file_operations",
)

# Keys of `given` that prepare the world around a case; the testee never sees them.
WORLD_KEYS = frozenset(("server", "refused", "record_headers", "files", "watch_pids", "secret_files_content"))

# libyaml's loader is several times faster, and not in every build of PyYAML.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_DURATION = re.compile(r"([0-9]+)(ns|us|ms|s)")


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what is given to a testee, and what must come back.

    `given` is in the testee's form: durations of the scenario are integers, the RFC's short forms are spelled out.
    """

    pattern_id: str
    name: str
    given: Mapping[str, Any]
    expect: Mapping[str, Any]
    why: str = ""
    source: str = ""

    @property
    def id(self) -> str:
        """`pattern_id/name`, unique in a run."""
        return f"{self.pattern_id}/{self.name}"


def scenario_nanoseconds(text: str) -> int:
    """`10s`, `100ms`, `5us` or `7ns` in nanoseconds, or a bare number of nanoseconds."""
    match = _DURATION.fullmatch(text)
    return int(match[1]) * _UNITS[match[2]] if match else int(text)


def _spelled_out(pattern_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The short forms in full: the RFC's `mock_failures` and `exception_type`, repetitions, durations with a unit."""
    full = copy.deepcopy(dict(given))
    if pattern_id == "retry_with_backoff":
        failures = full.pop("mock_failures", None)
        error = full.pop("exception_type", "NetworkError" if failures is not None else None)
        if error is not None and "outcomes" not in full:
            full["outcomes"] = [error] if failures is None else [error] * failures + ["ok"]
        for outcome in full.get("outcomes", []):
            if isinstance(outcome, dict) and isinstance(outcome.get("takes"), str):  # pyright: ignore[reportUnknownMemberType]
                outcome["takes"] = scenario_nanoseconds(cast("str", outcome["takes"]))
    if "input_repeat" in full:
        text, times = full.pop("input_repeat")
        full["input"] = text * times
    if pattern_id in ("circuit_breaker", "rate_limiting"):
        if "steps_repeat" in full:
            repeat = full.pop("steps_repeat")
            full["steps"] = [*repeat["first"], *(repeat["each"] * repeat["times"])]
        full["steps"] = [
            f"advance {scenario_nanoseconds(step.split()[1])}" if step.startswith("advance ") else step
            for step in full.get("steps", [])
        ]
    if isinstance(full.get("cancel_at"), str):
        full["cancel_at"] = scenario_nanoseconds(full["cancel_at"])
    return full


@cache
def conformance_schema() -> Mapping[str, Any]:
    """The JSON Schema of a test suite."""
    import json

    text = resources.files("foundation_specs").joinpath("schema/conformance.schema.json").read_text("utf-8")
    return json.loads(text)


def parse_suite(text: str, path: str) -> tuple[list[Case], list[Problem]]:
    """The cases of one suite, and what is wrong with it; never raises on content."""
    from jsonschema import Draft202012Validator

    validator: Any = Draft202012Validator(conformance_schema())
    try:
        loaded: Any = yaml.load(text, _LOADER)  # noqa: S506 - one of the two safe loaders.
        usable = bool(validator.is_valid(loaded))
    except yaml.YAMLError:
        loaded, usable = None, False
    if not usable:
        # The loader of the specs knows the line of every key, which takes it too long for suites that are fine.
        _, located = located_suite(text.encode("utf-8", "replace"), path)
        return [], list(located) or [Problem(path, 1, 1, "", "not a test suite")]
    problems: list[Problem] = []
    cases: list[Case] = []
    seen: set[str] = set()
    pattern_id = cast("str", loaded["test_suite"])
    for entry in loaded["test_cases"]:
        name = cast("str", entry["name"])
        if name in seen:
            problems.append(Problem(path, 1, 1, f"test_cases.{name}", "two cases have this name"))
        seen.add(name)
        cases.append(
            Case(
                pattern_id,
                name,
                _spelled_out(pattern_id, entry["given"]),
                entry["expect"],
                entry.get("why", ""),
                entry.get("source", ""),
            )
        )
    return cases, problems


def builtin_cases(pattern_ids: Iterable[str] = PATTERN_IDS) -> tuple[list[Case], list[Problem]]:
    """The suite that comes with the tool."""
    cases: list[Case] = []
    problems: list[Problem] = []
    folder = resources.files("foundation_specs").joinpath("conformance")
    for pattern_id in pattern_ids:
        file = folder.joinpath(f"{pattern_id}.yaml")
        found, wrong = parse_suite(file.read_text("utf-8"), f"{pattern_id}.yaml")
        cases += found
        problems += wrong
    return cases, problems


def load_cases(paths: Sequence[Path]) -> tuple[list[Case], list[Problem]]:
    """The cases of suites on disk."""
    cases: list[Case] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            problems.append(Problem(str(path), 1, 1, "", f"cannot be read: {error.strerror or error}"))
            continue
        except UnicodeDecodeError as error:
            problems.append(Problem(str(path), 1, 1, "", f"not valid UTF-8 at byte {error.start}"))
            continue
        found, wrong = parse_suite(text, str(path))
        cases += found
        problems += wrong
    return cases, problems


def suite_text(cases: Sequence[Case]) -> str:
    """Cases of one pattern as a suite, for saving what a generated run found."""
    document = {
        "test_suite": cases[0].pattern_id,
        "version": "1.0",
        "test_cases": [
            {
                "name": case.name,
                **({"why": case.why} if case.why else {}),
                "given": dict(case.given),
                "expect": dict(case.expect),
            }
            for case in cases
        ],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
