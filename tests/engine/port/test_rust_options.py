"""In Rust, the value of an optional variable is taken out where the source tests it."""

from __future__ import annotations

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_specs.model import LanguageId

SOURCE = """
from dataclasses import dataclass


@dataclass
class Item:
    sku: str
    count: int


class Stock:
    def __init__(self) -> None:
        self.items: dict[str, Item] = {}

    def add(self, sku: str, count: int) -> int:
        it = self.items.get(sku)
        if it is not None:
            it.count += count
            return it.count
        self.items[sku] = Item(sku, count)
        return count

    def take(self, sku: str, n: int) -> int:
        self.add("x", 3)
        it = self.items.get(sku)
        if it is None:
            raise ValueError(f"unknown item {sku}")
        if it.count < n:
            raise ValueError("sold out")
        it.count -= n
        return it.count

    def twice(self, sku: str) -> int:
        it = self.items.get(sku)
        total = 0
        if it is not None:
            it.count += 1
            total += it.count
        if it is not None:
            total += it.count
        return total


def number(x: int | None) -> int:
    if x is not None:
        return x + 1
    return 0


def text(s: str | None) -> str:
    if s is None:
        return ""
    return s.upper() + s


def again(s: str | None) -> str:
    out = "-"
    if s is not None:
        out += s
    if s is not None:
        out += s
    return out


def least(i: Item | None) -> int:
    if i is None or i.count < 0:
        return 0
    return i.count


def both(xs: list[int] | None, y: int) -> int:
    total = y
    if xs is not None and y > 0:
        total += len(xs)
    return total


def chained(xs: list[int] | None, y: int) -> int:
    if y < 0:
        return y
    elif xs is not None:
        return len(xs)
    return 0


def either(s: str | None) -> str:
    if s is None:
        found = "none"
    else:
        found = s.strip()
    return found


def looked_up(prices: dict[str, int], names: list[str]) -> int:
    total = 0
    for name in names:
        price = prices.get(name)
        if price is None:
            continue
        total += price
    return total


def kept(s: str | None, names: list[str]) -> list[str]:
    out: list[str] = []
    for name in names:
        if s is not None:
            out.append(s + name)
    return out


def moved(s: str | None) -> list[str]:
    if s is None:
        return []
    return [s]


def fallback(name: str | None, default: str) -> str:
    return name if name is not None else default


def number_or(x: int | None) -> int:
    return x if x is not None else 0


def length(name: str | None) -> int:
    return len(name) if name is not None else -1


def last(items: list[str], size: int) -> str:
    found: str | None = None
    for i in items:
        if len(i) == size:
            found = i
    if found is None:
        return "none"
    return found + "!"
"""


@pytest.mark.slow
def test_a_tested_value_is_taken_out() -> None:
    candidate = port(PortRequest("options.py", SOURCE, LanguageId.PYTHON, LanguageId.RUST))
    assert not candidate.holes
    made = candidate.files[0].text
    assert "if let Some(it) = self.items.get_mut(sku) {" in made
    assert "let Some(it) = self.items.get_mut(sku) else {" in made
    assert "if let Some(x) = x {" in made
    assert "let Some(s) = s else {" in made
    assert "name.unwrap_or_else(|| default.to_string())" in made
    assert "x.unwrap_or_default()" in made
    assert ".unwrap()" not in made
    assert ".is_some()" not in made
    report = verify(candidate, VerifyOptions(cases=8, differential=12, use_cache=False))
    assert report.agreed, [(r.step, r.detail) for r in report.results]


GO = """package later

func Reserve(sku string, ask func(string) (string, error)) (string, error) {
	var id string
	op := func() error {
		var err error
		id, err = ask(sku)
		return err
	}
	if err := op(); err != nil {
		return "", err
	}
	return id, nil
}
"""


def test_a_closure_does_not_lose_what_it_assigns_outside() -> None:
    candidate = port(PortRequest("later.go", GO, LanguageId.GO, LanguageId.RUST))
    (hole,) = candidate.holes
    assert "shares a variable that changes" in hole.reason
