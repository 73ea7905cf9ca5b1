"""The files of a package have verdicts of their own: what one of them lacks says nothing of the others."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.package import package_request
from foundation_engine.port.request import PortCandidate, PortOptions
from foundation_engine.verify import Verdict, VerifyOptions, VerifyReport, verify
from foundation_engine.verify.cases import Plan
from foundation_engine.verify.recorders import PythonRecorder
from foundation_specs.model import LanguageId

GO, RUBY, RUST = LanguageId.GO, LanguageId.RUBY, LanguageId.RUST
FILES = {
    "__init__.py": "",
    "prices.py": (
        "def total(prices: list[int], rate: int) -> int:\n    if rate < 0:\n"
        '        raise ValueError("a rate below zero")\n    return sum(prices) * (100 + rate) // 100\n'
    ),
    "stock.py": (
        "import socket\n\nfrom shop.prices import total\n\n\ndef host() -> str:\n    return socket.gethostname()\n\n\n"
        "def worth(prices: list[int]) -> int:\n    return total(prices, 19)\n"
    ),
    "report.py": (
        "from shop.stock import host, worth\n\n\ndef line(prices: list[int]) -> str:\n"
        '    return f"{host()}: {worth(prices)}"\n\n\n'
        'def short(prices: list[int]) -> str:\n    return f"{worth(prices)} EUR"\n'
    ),
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def ported(folder: Path, target: LanguageId) -> PortCandidate:
    """The port of the package, whose files are called by their names."""
    return port(package_request(sorted(folder.glob("*.py")), target, PortOptions()))


def changed(candidate: PortCandidate, before: str, after: str) -> PortCandidate:
    """The port with another text in one place."""
    assert sum(f.text.count(before) for f in candidate.files if f.role == "source") == 1
    files = tuple(dataclasses.replace(f, text=f.text.replace(before, after)) for f in candidate.files)
    return dataclasses.replace(candidate, files=files)


def verdicts(report: VerifyReport) -> dict[str, Verdict]:
    return {Path(r.path).name: r.verdict for r in report.sources}


def detail(report: VerifyReport, name: str) -> str:
    return next(r.detail for r in report.sources if Path(r.path).name == name)


def few(candidate: PortCandidate) -> VerifyReport:
    return verify(candidate, VerifyOptions(cases=4, differential=12, use_cache=False))


@pytest.mark.slow
@pytest.mark.parametrize("target", [GO, RUBY, RUST])
def test_a_hole_is_a_matter_of_its_file_and_of_what_needs_it(shop: Path, target: LanguageId) -> None:
    report = few(ported(shop, target))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert verdicts(report) == {
        "prices.py": Verdict.PASSED,
        "report.py": Verdict.INCONCLUSIVE,
        "stock.py": Verdict.INCONCLUSIVE,
    }
    assert detail(report, "stock.py") == "1 of 2 functions have holes"
    assert detail(report, "report.py") == "what line needs has holes"
    assert all(r.cases for r in report.sources)


@pytest.mark.slow
def test_a_disagreement_fails_the_file_whose_cases_disagree(shop: Path) -> None:
    report = few(changed(ported(shop, RUBY), " EUR", " USD"))
    assert report.verdict is Verdict.FAILED
    assert verdicts(report) == {
        "prices.py": Verdict.PASSED,
        "report.py": Verdict.FAILED,
        "stock.py": Verdict.INCONCLUSIVE,
    }
    assert "short" in detail(report, "report.py")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "before", "after"),
    [(GO, 'Sprintf("%d EUR"', 'Sprintf(1+"%d EUR"'), (RUST, "{} EUR", "{} {} EUR")],
)
def test_what_does_not_compile_fails_the_file_that_the_compiler_names(
    shop: Path, target: LanguageId, before: str, after: str
) -> None:
    report = few(changed(ported(shop, target), before, after))
    assert verdicts(report) == {
        "prices.py": Verdict.INCONCLUSIVE,
        "report.py": Verdict.FAILED,
        "stock.py": Verdict.INCONCLUSIVE,
    }
    assert detail(report, "prices.py") == "nothing ran: compile failed"


@pytest.mark.slow
def test_a_file_that_vet_refuses_does_not_keep_others_from_running(shop: Path) -> None:
    report = few(changed(ported(shop, GO), "rate < 0", "rate < 0 || rate < 0"))
    assert report.verdict is Verdict.FAILED
    assert verdicts(report)["prices.py"] is Verdict.FAILED
    assert "redundant or" in detail(report, "prices.py")
    assert all(r.cases for r in report.sources)


def test_the_steps_of_a_package_are_told_by_file(shop: Path) -> None:
    candidate = ported(shop, GO)
    assert candidate.module is not None
    plan = Plan("worth", ({"list": [100, 200]},))
    (case,), problem = PythonRecorder().record(candidate.request, candidate.module, [plan])
    assert problem == ""
    assert case.steps == ({"value": 357},)
    stock, prices = str(shop / "stock.py"), str(shop / "prices.py")
    assert {path for *_, path in case.steps_taken} == {stock, prices}
    # The branch that raises was not taken.
    assert (2, 4, prices) in case.steps_taken
    assert not any(line == 3 for a, b, path in case.steps_taken if path == prices for line in (a, b))
