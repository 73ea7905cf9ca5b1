"""What ports once got wrong, by source language: each file is run beside its ports to every other language."""

from __future__ import annotations

from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.engine import package_name
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


SHIFTS = """def low(value: int, count: int) -> int:
    return value << count


def high(value: int, count: int) -> int:
    kept = value
    kept >>= count
    kept >>= abs(count)
    return kept


def flags(names: list[str]) -> list[int]:
    return [1 << i for i in range(len(names))]
"""


def test_a_shift_by_less_than_nothing_fails_in_ruby(tmp_path: Path) -> None:
    path = tmp_path / "shifts.py"
    path.write_text(SHIFTS, encoding="utf-8")
    candidate = port(PortRequest(str(path), SHIFTS, LanguageId.PYTHON, LanguageId.RUBY))
    text = candidate.files[0].text
    assert "shift_left(value, count)" in text
    assert "{ |i| 1 << i }" in text
    report = verify(candidate, VerifyOptions(cases=12, differential=24, use_cache=False))
    assert report.agreed, report.summary


@pytest.mark.parametrize(
    ("name", "target", "package"),
    [("def.rb", LanguageId.PYTHON, "def_port"), ("match.rb", LanguageId.RUST, "match_port")],
)
def test_a_file_of_a_keyword_s_name_can_be_imported(name: str, target: LanguageId, package: str) -> None:
    assert package_name(PortRequest(name, "", LanguageId.RUBY, target)) == package
