"""A division by zero fails in every language as it does in the source, and every compiler takes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_specs.model import LanguageId

DIVISORS = Path(__file__).with_name("divisors.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST], ids=lambda x: x.value)
def test_a_divisor_of_zero_fails_as_in_python(target: LanguageId, tmp_path: Path) -> None:
    path = tmp_path / "divisors.py"
    path.write_text(DIVISORS, encoding="utf-8")
    candidate = port(PortRequest(str(path), DIVISORS, LanguageId.PYTHON, target))
    assert not candidate.holes, candidate.holes
    report = verify(candidate, VerifyOptions(differential=60, use_cache=False))
    assert report.agreed, [f"{r.step} {r.verdict}: {r.detail}" for r in report.results]
    assert sum(r.cases for r in report.results) > 300


def test_a_divisor_that_is_known_not_to_be_zero_needs_no_more() -> None:
    text = "PERIOD = 60\n\n\ndef f(n: int) -> int:\n    return abs(n) // (60 * 60)\n"
    go, rust = (
        port(PortRequest("m.py", text, LanguageId.PYTHON, t)) for t in (LanguageId.GO, LanguageId.RUST)
    )
    assert "/ (60 * 60)" in go.files[0].text
    assert "/ (60 * 60)" in rust.files[0].text
