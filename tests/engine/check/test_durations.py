"""A duration may be written in the language's own type wherever its runtime takes one."""

from __future__ import annotations

import pytest
from foundation_engine.check import check_document
from foundation_specs.model import LanguageId
from foundation_specs.registry import SpecRegistry

PYTHON = """from datetime import timedelta
from foundation.resilience import retry

@retry(max_attempts=3, base_delay={delay})
def fetch() -> int:
    return 1
"""


@pytest.mark.parametrize(
    ("delay", "codes"),
    [
        ("timedelta(milliseconds=500)", []),
        ("timedelta(seconds=2)", []),
        ("timedelta(hours=2)", ["retry_with_backoff/out-of-range"]),
        ("'2'", ["retry_with_backoff/wrong-type"]),
    ],
)
def test_a_timedelta_is_read_as_its_seconds(delay: str, codes: list[str]) -> None:
    source = PYTHON.format(delay=delay).encode()
    found = check_document(source, LanguageId.PYTHON, SpecRegistry.builtin())
    errors = [finding.code for finding in found if finding.severity.value == "error"]
    assert errors == codes
