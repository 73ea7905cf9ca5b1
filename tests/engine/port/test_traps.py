"""What ports once got wrong, by source language: each file is run beside its ports to every other language."""

from __future__ import annotations

from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

HERE = Path(__file__).parent
SOURCES = {
    LanguageId.GO: HERE / "go" / "traps.go",
    LanguageId.RUST: HERE / "rust" / "traps.rs",
}


@pytest.mark.parametrize(("source", "target"), [(s, t) for s in SOURCES for t in LanguageId if s is not t])
def test_ports_behave_as_their_source(source: LanguageId, target: LanguageId) -> None:
    path = SOURCES[source]
    candidate = port(PortRequest(str(path), path.read_text(encoding="utf-8"), source, target))
    assert not candidate.holes, candidate.holes
    report = verify(candidate, VerifyOptions(differential=24, use_cache=False))
    assert not [r for r in report.results if r.verdict is Verdict.FAILED], report.results
    assert sum(r.cases for r in report.results) > 20, report.results
