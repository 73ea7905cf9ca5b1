"""What differs is told with the call and both answers, in the words of the source."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_engine.verify.cases import Plan
from foundation_engine.verify.shown import call_text, differing, value_text
from foundation_specs.model import LanguageId

SOURCE = """class Shop:
    def __init__(self, prices: list[int]) -> None:
        self.prices = prices

    def cheapest(self, at_least: int) -> int:
        return min((p for p in self.prices if p >= at_least), default=-1)


def discount(total: int, items: int) -> int:
    if items >= 5:
        return total - total // 10
    return total
"""


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST])
def test_a_wrong_port_is_told_by_call_and_answers(target: LanguageId) -> None:
    candidate = port(PortRequest("shop.py", SOURCE, LanguageId.PYTHON, target))
    assert any("items >= 5" in f.text for f in candidate.files)
    files = tuple(replace(f, text=f.text.replace("items >= 5", "items > 5")) for f in candidate.files)
    candidate = replace(candidate, files=files)
    report = verify(candidate, VerifyOptions(cases=10, differential=30, use_cache=False))
    assert report.verdict is Verdict.FAILED
    told = "\n".join(r.detail for r in report.results if r.disagreements)
    lines = [line for line in told.splitlines() if line.startswith("discount(")]
    assert lines, told
    for line in lines:
        total = int(line.removeprefix("discount(").partition(",")[0])
        assert line.startswith(f"discount({total}, 5): "), line
        assert f"got {total}, want {total - total // 10}" in line
        assert not re.search(r"_test\.|thread", line)
    assert "cheapest" not in told


def test_a_call_is_written_in_the_words_of_its_language() -> None:
    fake = {"fake": {"name": "Bank", "methods": {"pay": [{"error": "NetworkError"}, {"value": None}]}}}
    plan = Plan("buy", (fake, True), "Cart", (("items", {"list": ["tea"]}),), repeat=3, advance=1_500_000_000)
    bank = "<a Bank whose pay fails with NetworkError, then gives {}>"
    shown = f'Cart(items=["tea"]).buy({bank}, {{}}), call 1 to 3, 1.5 s apart'
    assert call_text(plan, LanguageId.PYTHON) == shown.format("None", "True")
    assert call_text(plan, LanguageId.RUBY) == shown.format("nil", "true")
    around = Plan("read", ("a.txt",), world={"files": {"a.txt": "x"}, "env": {}})
    assert call_text(around, LanguageId.GO) == 'read("a.txt"), where {"files": {"a.txt": "x"}}'
    assert len(call_text(Plan("long", ("x" * 1000,)), LanguageId.GO)) < 250
    nothing: list[Any] = []
    value: Any = {"dict": [["é", {"tuple": [1, {"float": "0.5"}]}], ["b", {"set": nothing}]]}
    assert value_text(value, LanguageId.RUST) == '{"é": (1, 0.5), "b": {}}'


def test_of_many_that_differ_some_of_each_function_are_shown() -> None:
    failed = {f"Parse/case_{i}": f"shop_test.go:{i}: result: got {i}, want 0" for i in range(1, 9)}
    failed |= {"Sum/case_1": "shop_test.go:90: took 1s, want 2s shop_test.go:91: calls: got 1, want 2"}
    assert differing(failed, {}, LanguageId.PYTHON).splitlines() == [
        "Parse/case_1: result: got 1, want 0",
        "Parse/case_2: result: got 2, want 0",
        "Parse/case_3: result: got 3, want 0",
        "Sum/case_1: took 1s, want 2s; calls: got 1, want 2",
        "in all: 8 calls of Parse, 1 call of Sum",
    ]
