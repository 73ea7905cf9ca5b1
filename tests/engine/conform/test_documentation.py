"""The worked example of docs/conformance.md does what the page says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml
from foundation_engine.conform.cases import builtin_cases
from foundation_engine.conform.run import Report, Status, read_known_failures, run_matrix
from foundation_engine.conform.toolchain import TesteeCommand

PAGE = (Path(__file__).parents[3] / "docs" / "conformance.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tenacity(tmp_path_factory: pytest.TempPathFactory) -> TesteeCommand:
    (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path_factory.mktemp("docs") / "tenacity_testee.py"
    path.write_text(source, encoding="utf-8")
    return TesteeCommand("tenacity", [sys.executable, str(path)])


@pytest.fixture(scope="module")
def report(tenacity: TesteeCommand) -> Report:
    cases, _ = builtin_cases(["retry_with_backoff"])
    return run_matrix(cases, {"tenacity": lambda: tenacity})


def test_published_sequences_pass(report: Report) -> None:
    published = [
        o for o in report.outcomes if any(w in o.case.source for w in ("botocore", "smithy", "cenkalti"))
    ]
    assert len(published) == 4
    assert [o.case.name for o in published if o.status is not Status.PASSED] == []


def test_what_differs_is_what_the_page_says(report: Report) -> None:
    passed = [o for o in report.outcomes if o.status is Status.PASSED]
    skipped = [o for o in report.outcomes if o.status is Status.SKIPPED]
    failed = {o.case.name for o in report.outcomes if o.status is Status.FAILED}
    assert len(passed) >= 15
    assert len(skipped) >= 15
    assert failed == {
        "max_attempts_zero",
        "max_attempts_101",
        "base_delay_negative",
        "base_delay_too_large",
        "max_delay_too_large",
        "seconds_of_one_third",
    }


def test_known_failures_make_the_run_pass(report: Report, tenacity: TesteeCommand) -> None:
    entries = [
        {
            "language": "tenacity",
            "pattern": "retry_with_backoff",
            "case": o.case.name,
            "reason": "accepts any value",
        }
        for o in report.outcomes
        if o.status is Status.FAILED
    ]
    known, problems = read_known_failures(yaml.safe_dump(entries), "known.yaml")
    assert problems == []
    cases, _ = builtin_cases(["retry_with_backoff"])
    assert run_matrix(cases, {"tenacity": lambda: tenacity}, known_failures=known).passed


def test_the_page_says_how_many_cases_there_are() -> None:
    cases, _ = builtin_cases()
    assert f"patterns do, in any language: {len(cases)} cases" in PAGE
