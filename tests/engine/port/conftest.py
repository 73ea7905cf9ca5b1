"""What tests of the languages share: a source is ported whole and gives in the target what it gives itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId


@pytest.fixture
def ports_whole(tmp_path: Path) -> Callable[..., None]:
    """Asserts that a Python source leaves no hole and that more than `cases` calls were compared and agree."""

    def ports(name: str, source: str, target: LanguageId, *, differential: int, cases: int) -> None:
        path = tmp_path / name
        path.write_text(source, encoding="utf-8")
        candidate = port(PortRequest(str(path), source, LanguageId.PYTHON, target))
        assert not candidate.holes, candidate.holes
        report = verify(candidate, VerifyOptions(differential=differential, use_cache=False))
        assert report.verdict is not Verdict.FAILED, "\n".join(
            f"{r.step} {r.verdict}: {r.detail}" for r in report.results
        )
        assert sum(r.cases for r in report.results) > cases, report.results

    return ports
