"""The testees of the four runtimes, built once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from foundation_engine.conform.cases import builtin_cases
from foundation_engine.conform.run import Report, run_matrix, runtime_testees
from foundation_engine.conform.toolchain import LANGUAGES, TesteeCommand, default_cache, prepare

ROOT = Path(__file__).parents[3]
RUNTIMES = ROOT / "runtimes"


@pytest.fixture(scope="session")
def testee_commands() -> dict[str, TesteeCommand]:
    """How to start each testee; a missing toolchain fails every test that asks."""
    return {language: prepare(language, RUNTIMES, default_cache(RUNTIMES)) for language in LANGUAGES}


@pytest.fixture(scope="session")
def matrix() -> Report:
    """The whole suite in all four languages."""
    cases, problems = builtin_cases()
    assert problems == []
    return run_matrix(cases, runtime_testees(LANGUAGES, RUNTIMES, default_cache(RUNTIMES)))
