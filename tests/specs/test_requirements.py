"""Every rule code has a page."""

import re

import pytest
from foundation_engine.check import check_document
from foundation_engine.codes import known_codes
from foundation_specs.model import LanguageId, PatternSpec
from foundation_specs.python_surface import python_example
from foundation_specs.registry import SpecRegistry
from foundation_specs.requirements import (
    HEADINGS,
    Requirement,
    all_codes,
    explain,
    load_requirements,
    requirements,
)
from foundation_specs.workspace import check_text

REGISTRY = SpecRegistry.builtin()
CODES = all_codes(REGISTRY)


def test_the_file_of_requirements_has_no_problem() -> None:
    found, problems = load_requirements()
    assert problems == ()
    assert len(found) >= 20


def test_the_codes_are_those_that_checking_reports() -> None:
    assert known_codes(REGISTRY.specs) == CODES


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_every_heading_and_words_under_it(code: str) -> None:
    page = explain(code)
    assert page is not None
    assert page.startswith(f"# {code}\n")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == list(HEADINGS)
    for heading in HEADINGS[:-1]:
        body = page.partition(f"## {heading}\n")[2].partition("\n## ")[0].strip()
        assert body not in ("", "None."), heading


@pytest.mark.parametrize(
    "code",
    ["", "x", "retry_with_backoff", "retry_with_backoff/", "nothing/wrong-type", "suppression/wrong-type",
     "circuit_breaker/keyword-retry", "retry_with_backoff/total-attempts", "retry_with_backoff/unused"],
)  # fmt: skip
def test_what_is_no_code_has_no_page(code: str) -> None:
    assert explain(code) is None


def test_a_guarantee_of_a_workspace_has_a_page_too() -> None:
    text = (
        "extends: process_execution\nsemantics:\n  guarantees:\n"
        "    - {id: no-time-limit, severity: warning, text: Every command has a time limit., check: timeout != null,"
        " why: It can hang., instead: Give a timeout.}\n"
    )
    spec, problems = check_text(text.encode(), "x.yaml")
    assert problems == ()
    assert spec is not None
    page = explain("process_execution/no-time-limit", SpecRegistry([spec]))
    assert page is not None
    assert "It can hang." in page
    assert "Severity: warning." in page


@pytest.mark.parametrize(
    ("requirement", "language", "text"),
    [
        (found, language, text)
        for found in requirements().values()
        for language, text in found.example.items()
    ],
    ids=lambda value: value.id if isinstance(value, Requirement) else "",
)
def test_checking_the_example_of_a_requirement_reports_it(
    requirement: Requirement, language: LanguageId, text: str
) -> None:
    codes = {finding.code for finding in check_document(text.encode(), language, REGISTRY)}
    assert {code.partition("/")[2] for code in codes} == {requirement.id}
    assert codes <= set(CODES)


@pytest.mark.parametrize("spec", REGISTRY.specs, ids=lambda spec: spec.pattern_id)
def test_checking_the_examples_of_a_guarantee_reports_it_and_nothing_else(spec: PatternSpec) -> None:
    for guarantee in spec.guarantees:
        code = f"{spec.pattern_id}/{guarantee.id}"
        for example in guarantee.invalid:
            text = python_example(spec, example)
            found = check_document(text.encode(), LanguageId.PYTHON, REGISTRY)
            assert [finding.code for finding in found] == [code], text
            assert found[0].severity is guarantee.severity
            assert found[0].help == guarantee.remedy
        for example in guarantee.valid:
            text = python_example(spec, example)
            found = check_document(text.encode(), LanguageId.PYTHON, REGISTRY)
            assert code not in [finding.code for finding in found], text
