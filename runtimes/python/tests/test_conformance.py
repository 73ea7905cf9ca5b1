"""The whole conformance suite inside this process, so that coverage sees it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from foundation_engine.conform.cases import Case, builtin_cases
from foundation_engine.conform.compare import differences
from foundation_engine.conform.run import ask_in_world
from foundation_engine.conform.testee import Answer
from foundation_engine.conform.world import ScriptedServer

_spec = importlib.util.spec_from_file_location("testee", Path(__file__).parents[1] / "testee.py")
assert _spec is not None
assert _spec.loader is not None
testee = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(testee)

CASES, PROBLEMS = builtin_cases()


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


class InProcess:
    """The testee without its process."""

    def ask(self, pattern: str, given: Mapping[str, Any]) -> Answer:
        answer = testee.answer({"id": "1", "pattern": pattern, "given": given})
        return Answer(
            tuple(answer.get("trace", ())), answer.get("result"), answer.get("skipped"), answer.get("error")
        )


def test_the_suite_has_no_problem() -> None:
    assert PROBLEMS == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: Case, server: ScriptedServer) -> None:
    assert differences(case, ask_in_world(InProcess(), case, server)) == []
