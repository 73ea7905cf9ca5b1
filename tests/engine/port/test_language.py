"""The language's own constructs in every target: each is run beside its source, and what stays open is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

SOURCE = Path(__file__).with_name("language.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST])
def test_constructs_behave_as_in_python(tmp_path: Path, target: LanguageId) -> None:
    path = tmp_path / "language.py"
    path.write_text(SOURCE, encoding="utf-8")
    candidate = port(PortRequest(str(path), SOURCE, LanguageId.PYTHON, target))
    assert not candidate.holes, candidate.holes
    report = verify(candidate, VerifyOptions(differential=24, use_cache=False))
    failed = [r for r in report.results if r.verdict is Verdict.FAILED]
    assert not failed, failed
    assert sum(r.cases for r in report.results) > 100, report.results
