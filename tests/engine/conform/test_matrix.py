"""Every case passes in every language, the languages agree, and the reports say so."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from foundation_engine.conform.cases import PATTERN_IDS, builtin_cases
from foundation_engine.conform.report import as_html, as_json, as_junit
from foundation_engine.conform.run import Report, Status
from foundation_engine.conform.toolchain import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_conforms(matrix: Report, language: str) -> None:
    assert language not in matrix.unavailable, matrix.unavailable[language]
    bad = [(o.case.id, o.messages) for o in matrix.outcomes if o.language == language and o.status.is_bad]
    assert bad == []
    ran = [o for o in matrix.outcomes if o.language == language and o.status is Status.PASSED]
    assert len(ran) == len(matrix.cases)


def test_languages_agree_where_the_cases_are_silent(matrix: Report) -> None:
    assert [(d.case.id, d.languages, d.message) for d in matrix.disagreements] == []
    assert matrix.passed


@pytest.mark.parametrize("pattern_id", PATTERN_IDS)
def test_each_pattern_has_enough_cases(pattern_id: str) -> None:
    cases, problems = builtin_cases([pattern_id])
    assert problems == []
    assert len(cases) >= 15


def test_the_rfc_cases_are_there() -> None:
    cases, _ = builtin_cases(["retry_with_backoff"])
    from_the_rfc = [case.name for case in cases if case.source == "the RFC"]
    assert from_the_rfc == ["basic_retry_success", "max_attempts_exceeded", "non_retryable_exception"]


def test_reports_of_a_run_that_conforms(matrix: Report) -> None:
    page = as_html(matrix)
    assert page.count("<h1>") == 1
    assert "does not conform" not in page
    assert "<script" not in page
    assert "<link" not in page
    assert "src=" not in page
    # A case with half a megabyte of input must not make a page that a browser chokes on.
    assert len(page) < 700_000
    document = json.loads(as_json(matrix))
    assert document["passed"] is True
    assert {lang: about["counts"] for lang, about in document["languages"].items()} == {
        lang: {"passed": len(matrix.cases)} for lang in LANGUAGES
    }
    root = ET.fromstring(as_junit(matrix).encode())
    assert len(root.findall(".//testcase")) == len(matrix.cases) * len(LANGUAGES)
    assert root.findall(".//failure") == []
