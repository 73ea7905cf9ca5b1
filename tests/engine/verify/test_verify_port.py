"""Verification with the real toolchains: what agrees passes, what differs fails, what cannot run is inconclusive."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortCandidate, PortedFile, PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, VerifyReport, verify
from foundation_engine.verify.cases import Plan
from foundation_engine.verify.recorders import record_python
from foundation_specs.model import LanguageId

ORDERS = Path(__file__).parents[3] / "examples" / "shop" / "python" / "orders.py"
FEW = VerifyOptions(cases=4, differential=6, use_cache=False)


def candidate_of(text: str, target: LanguageId, path: str = "pricing.py") -> PortCandidate:
    """The port of a text."""
    return port(PortRequest(path, text, LanguageId.PYTHON, target))


def step(report: VerifyReport, name: str) -> Verdict:
    """The verdict of one step."""
    return next(r.verdict for r in report.results if r.step == name)


@pytest.mark.slow
@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY])
def test_the_example_service_passes(target: LanguageId) -> None:
    candidate = candidate_of(ORDERS.read_text(), target, str(ORDERS))
    assert candidate.holes == ()
    report = verify(candidate, VerifyOptions(use_cache=False))
    assert report.verdict is Verdict.PASSED, report.results
    assert [r.step for r in report.results] == ["parse", "check", "compile", "vet", "cases", "differential"]
    assert sum(r.cases for r in report.results) >= 80
    (test,) = report.files
    assert test.role == "test"
    # Retries were exercised on a virtual clock, with every call of the fakes compared.
    assert "reserve" in test.text
    assert ("wantElapsed" if target is LanguageId.GO else "virtual_time") in test.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "right", "wrong"),
    [
        (LanguageId.GO, "total / 10", "total/10 + 1"),
        (LanguageId.GO, "floorDiv(cents, 10)", "cents / 10"),
        (LanguageId.RUBY, "cents / 10", "cents / 9"),
        # Infinity is not near to a number.
        (LanguageId.GO, "weight * 2.0", "weight / 0"),
        (LanguageId.RUBY, "weight * 2.0", "weight / 0.0"),
        (LanguageId.RUST, "weight * 2.0", "weight / 0.0"),
    ],
)
def test_a_port_that_answers_differently_fails(target: LanguageId, right: str, wrong: str) -> None:
    if right.startswith("total"):
        text = "def fee(items: list[str]) -> int:\n    total = len(items) * 7\n    return total // 10\n"
    elif right.startswith("weight"):
        text = "def fee(weight: float) -> float:\n    return weight * 2.0\n"
    else:
        text = "def fee(cents: int) -> int:\n    return cents // 10\n"
    candidate = candidate_of(text, target)
    source = candidate.files[0]
    assert right in source.text
    changed = PortedFile(source.path, source.text.replace(right, wrong), source.role)
    broken = dataclasses.replace(candidate, files=(changed, *candidate.files[1:]))
    report = verify(broken, VerifyOptions(cases=6, differential=40, use_cache=False))
    assert report.verdict is Verdict.FAILED
    assert any(r.disagreements for r in report.results)


@pytest.mark.slow
def test_a_port_that_does_not_compile_fails_at_that_step() -> None:
    candidate = candidate_of("def f(x: int) -> int:\n    return x + 1\n", LanguageId.GO)
    source = candidate.files[0]
    changed = PortedFile(source.path, source.text.replace("return x + 1", 'return "x"'), source.role)
    report = verify(dataclasses.replace(candidate, files=(changed, *candidate.files[1:])), FEW)
    assert report.verdict is Verdict.FAILED
    assert step(report, "compile") is Verdict.FAILED
    assert "cannot use" in report.results[-1].detail


def test_a_syntax_error_fails_before_any_tool_runs() -> None:
    candidate = candidate_of("def f(x: int) -> int:\n    return x\n", LanguageId.GO)
    broken = dataclasses.replace(candidate, files=(PortedFile("pricing.go", "package p\nfunc {", "source"),))
    report = verify(broken, FEW)
    assert report.verdict is Verdict.FAILED
    assert [r.step for r in report.results] == ["parse"]
    assert "pricing.go:2" in report.results[0].detail


def test_a_missing_toolchain_is_inconclusive_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    candidate = candidate_of("def f(x: int) -> int:\n    return x\n", LanguageId.GO)
    monkeypatch.setenv("PATH", "/nonexistent")
    report = verify(candidate, FEW)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "install" in report.results[-1].detail


@pytest.mark.slow
def test_a_source_that_never_ends_is_inconclusive(tmp_path: Path) -> None:
    path = tmp_path / "endless.py"
    path.write_text("def f(x: int) -> int:\n    while True:\n        x += 1\n")
    cases, problem = record_python(str(path), [Plan("f", (1,))], seconds=1.0)
    assert cases == []
    assert "did not finish" in problem


@pytest.mark.slow
def test_holes_keep_a_port_from_passing() -> None:
    text = """\
def f(x: int) -> int:
    return x + 1

def g(x: int) -> int:
    return eval('x')

def h(name: str | None, again: bool) -> int:
    if not name or name == "":
        return 0
    if again:
        eval("1")
    else:
        eval("2")
    count = len(name)
    return count
"""
    report = verify(candidate_of(text, LanguageId.GO), FEW)
    assert report.verdict is Verdict.INCONCLUSIVE
    # What nothing reaches behind the branches, and the same question asked twice, are what vet refuses.
    assert step(report, "vet") is Verdict.PASSED
    assert step(report, "cases") is Verdict.PASSED


@pytest.mark.slow
def test_without_execution_nothing_of_the_user_runs(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    text = f"from pathlib import Path\n\ndef f(x: int) -> int:\n    return x\n\nPath({str(mark)!r}).touch()\n"
    path = tmp_path / "effects.py"
    path.write_text(text)
    candidate = candidate_of(text, LanguageId.GO, str(path))
    assert not mark.exists()
    verify(candidate, VerifyOptions(execute=False, use_cache=False))
    assert not mark.exists()


@pytest.mark.slow
def test_reports_are_cached_by_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    candidate = candidate_of("def f(x: int) -> int:\n    return x + 1\n", LanguageId.RUBY)
    options = VerifyOptions(cases=3, differential=3)
    first = verify(candidate, options)
    stored = list((tmp_path / "foundation-lsp" / "verify").glob("*.json"))
    assert len(stored) == 1
    assert verify(candidate, options) == first
    stored[0].write_text("{")
    assert verify(candidate, options).verdict is first.verdict


@pytest.mark.slow
def test_a_port_without_our_runtime_has_tests_that_build() -> None:
    # A failing call is compared with the standard library's errors alone.
    plain = candidate_of("def first(names: list[str]) -> str:\n    return names[0]\n", LanguageId.GO)
    report = verify(plain, FEW)
    assert report.verdict is Verdict.PASSED, report.results
    assert [f.role for f in report.files] == ["test"]
    # A callable that answers with one of our errors needs the runtime, which the module file then names.
    text = (
        "from typing import Callable\n\n\n"
        "def tried(send: Callable[[str], bool], body: str) -> bool:\n    return send(body)\n"
    )
    report = verify(candidate_of(text, LanguageId.GO), FEW)
    assert report.verdict is Verdict.PASSED, report.results
    assert {f.path for f in report.files if "require foundation" in f.text} == {"go.mod"}


@pytest.mark.slow
@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY])
def test_objects_whose_initialiser_is_not_ported_are_not_made(target: LanguageId) -> None:
    text = """\
from argparse import Namespace


class Shop:
    def __init__(self, console: Namespace, name: str) -> None:
        self.console = console
        self.name = name

    def label(self) -> str:
        return self.name.upper()


def shown(shop: Shop) -> str:
    return shop.label()


def never(n: int) -> int:
    for i in range(n):
        if i > 3:
            return unknown(i)
        else:
            return unknown(n)
        n += 1
    return n


def twice(n: int) -> int:
    return n * 2
"""
    candidate = candidate_of(text, target)
    assert {f.source_name for f in candidate.functions if not f.holes} >= {"Shop.label", "shown", "twice"}
    report = verify(candidate, FEW)
    assert step(report, "vet") is Verdict.PASSED
    test = next(f for f in report.files if f.role == "test")
    assert "wice" in test.text
    assert "hown" not in test.text
    assert report.verdict is Verdict.INCONCLUSIVE


@pytest.mark.slow
def test_a_difference_that_is_stated_is_no_case() -> None:
    text = 'def number(text: str) -> int:\n    return int(text) if text != "1_000" else 0\n'
    candidate = candidate_of(text, LanguageId.GO)
    assert any("underscores" in d for d in candidate.differences)
    calls = (Plan("number", ("1_000",)), Plan("number", ("12",)))
    report = verify(candidate, VerifyOptions(plans=calls, use_cache=False))
    assert sum(r.cases for r in report.results) == 1
