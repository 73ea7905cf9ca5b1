"""Every rule code has a page."""

import re

import pytest
from foundation_engine.codes import known_codes
from foundation_specs.registry import SpecRegistry
from foundation_specs.requirements import HEADINGS, all_codes, explain, load_requirements
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
