"""What differs between an answer and the spec, and between the answers of two languages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from foundation_engine.conform.cases import Case
from foundation_engine.conform.testee import Answer

# Wording is not specified, so it is not compared between languages.
_FREE_TEXT = frozenset(("stdout", "stderr"))
_RFC_KEYS = {"total_attempts": "attempts", "success": "success", "final_exception": "error"}


def differences(case: Case, answer: Answer) -> list[str]:
    """Each unmet expectation as one line; empty when the answer conforms."""
    if answer.error is not None:
        return [f"the testee failed: {answer.error}"]
    if answer.result is None:
        return [f"no result: {answer.skipped}"]
    found: list[str] = []
    expect = case.expect
    result = answer.result
    for key, name in _RFC_KEYS.items():
        if key in expect:
            found += _different(name, expect[key], result.get(name))
    found += _duration(case, result)
    for key, value in expect.get("result", {}).items():
        if key not in result:
            found.append(f"result has no key {key!r}")
        else:
            found += _different(key, value, result[key])
    if "trace" in expect and list(answer.trace) != list(expect["trace"]):
        found.append(_first_difference(list(expect["trace"]), list(answer.trace)))
    for key in ("requests", "files", "survivors"):
        if key in expect:
            found += _different(key, expect[key], answer.observed.get(key))
    for stream in ("stdout", "stderr"):
        text = str(result.get(stream) or "")
        found += [
            f"{stream} lacks {part!r}: {text!r}"
            for part in expect.get(f"{stream}_contains", ())
            if part not in text
        ]
        found += [
            f"{stream} must not contain {part!r}: {text!r}"
            for part in expect.get(f"{stream}_lacks", ())
            if part in text
        ]
    return found


def _duration(case: Case, result: Mapping[str, Any]) -> list[str]:
    """The RFC's wall-clock bounds; under the system's clock only the lower one means anything."""
    if "min_duration" not in case.expect and "max_duration" not in case.expect:
        return []
    elapsed = result.get("elapsed")
    if not isinstance(elapsed, int):
        return [f"elapsed must be a number of nanoseconds, found {elapsed!r}"]
    found: list[str] = []
    low = round(case.expect.get("min_duration", 0) * 1e9)
    if elapsed < low:
        found.append(f"elapsed {elapsed} ns is below min_duration {low} ns")
    if case.given.get("clock") != "real" and "max_duration" in case.expect:
        high = round(case.expect["max_duration"] * 1e9)
        if elapsed > high:
            found.append(f"elapsed {elapsed} ns is above max_duration {high} ns")
    return found


def _same(expected: Any, found: Any) -> bool:
    """Equality of JSON values, without Python's `True == 1`."""
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(_same(v, found[k]) for k, v in expected.items())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(_same, expected, found))  # pyright: ignore[reportUnknownArgumentType]
    return bool(expected == found)


def _different(name: str, expected: Any, found: Any) -> list[str]:
    return [] if _same(expected, found) else [f"{name}: expected {_shown(expected)}, found {_shown(found)}"]


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _first_difference(expected: list[str], found: list[str]) -> str:
    for index, (one, other) in enumerate(zip(expected, found, strict=False), start=1):
        if one != other:
            return f"trace line {index}: expected {one!r}, found {other!r}"
    if len(found) < len(expected):
        return f"trace ends after line {len(found)}: expected {expected[len(found)]!r} next"
    return f"trace goes on after line {len(expected)}: found {found[len(expected)]!r}"


def comparable(case: Case, answer: Answer) -> dict[str, Any]:
    """The part of an answer on which all languages must agree."""
    result = dict(answer.result or {})
    if case.pattern_id == "cli_framework":
        result = {key: value for key, value in result.items() if key not in _FREE_TEXT}
    if case.given.get("clock") == "real":
        result.pop("elapsed", None)
    # The trace of a run on the system's clock is a smoke test; its events are not the spec's business.
    trace = [] if case.given.get("clock") == "real" else list(answer.trace)
    return {"trace": trace, "result": result, "observed": dict(answer.observed)}


def disagreement(case: Case, one: Answer, other: Answer) -> str | None:
    """The first thing on which two answers differ, or None."""
    left, right = comparable(case, one), comparable(case, other)
    if _same(left, right):
        return None
    if left["trace"] != right["trace"]:
        return _first_difference(left["trace"], right["trace"])
    for part in ("result", "observed"):
        for key in sorted({*left[part], *right[part]}):
            if not _same(left[part].get(key), right[part].get(key)):
                return f"{key}: {_shown(left[part].get(key))} and {_shown(right[part].get(key))}"
    return "the answers differ"
