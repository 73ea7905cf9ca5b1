"""The order of evaluation: what an expression reads before it changes it is read first in Go and Rust, too."""

from __future__ import annotations

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_specs.model import LanguageId

SOURCE = """\
from dataclasses import dataclass, field


@dataclass
class Counter:
    n: int = 0
    seen: list[int] = field(default_factory=list)

    def next(self) -> int:
        self.n += 1
        self.seen.append(self.n)
        return self.n

    def both(self) -> int:
        return self.n * 10 + self.next()

    def pair(self) -> tuple[int, int]:
        return len(self.seen), self.next()

    def shown(self) -> str:
        return f"{self.n} {len(self.seen)} {self.next()} {self.n}"

    def added(self) -> int:
        self.n += self.next()
        return self.n

    def table(self) -> dict[str, int]:
        return {"a": self.n, "b": self.next(), "c": self.n}


def taken(d: dict[str, int]) -> list[int]:
    return [len(d), d.pop("a", 0), len(d)]


def grouped(d: dict[str, list[int]], counter: Counter, key: str) -> int:
    d.setdefault(key, []).append(counter.n)
    d.setdefault(key, []).append(counter.next())
    return len(d[key])


def plain(counter: Counter, x: int) -> int:
    return x + counter.next() + x
"""
# Rust evaluates in order, but an operand that is still borrowed cannot change.
BORROWED = """

@dataclass
class Lexer:
    name: str = "x"
    total: int = 0
    items: list[int] = field(default_factory=list)
    table: dict[str, int] = field(default_factory=dict)

    def step(self) -> int:
        self.total += 1
        self.name += "y"
        self.items.append(self.total)
        return self.total

    def text(self) -> str:
        return self.name + str(self.step()) + self.name

    def same(self) -> bool:
        return self.name == f"xy{self.step()}"

    def push(self) -> int:
        self.items.append(self.step())
        self.table[self.name] = self.step()
        self.table["n"] = len(self.items) + self.step()
        self.items[0] = self.step()
        return len(self.items)

    def use(self, name: str, xs: list[int], k: int) -> int:
        return len(name) + len(xs) * 10 + k

    def used(self) -> int:
        return self.use(self.name, self.items, self.step())

    def cut(self) -> str:
        return self.name[1:] + str(self.step())

    def args(self) -> list[int]:
        return [self.total, self.step(), len(self.name), self.total]


def total(xs: list[int], k: int) -> int:
    return sum(xs) + k


def popped(xs: list[int]) -> int:
    if len(xs) < 3:
        return 0
    return total(xs, xs.pop()) * 100 + xs.pop() - xs.pop()
"""


def ported(text: str, to: LanguageId = LanguageId.GO) -> PortCandidate:
    return port(PortRequest("counter.py", text, LanguageId.PYTHON, to))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "to", "unkept"),
    [
        (SOURCE, LanguageId.GO, "return x + counter.Next() + x"),
        (SOURCE + BORROWED, LanguageId.RUST, "self.n * 10 + self.next()"),
    ],
    ids=["go", "rust"],
)
def test_operands_are_evaluated_in_the_order_of_the_source(source: str, to: LanguageId, unkept: str) -> None:
    candidate = ported(source, to)
    assert not candidate.holes, candidate.holes
    report = verify(candidate, VerifyOptions(cases=6, differential=20, use_cache=False))
    assert report.agreed, report.results
    text = next(f.text for f in candidate.files if f.role == "source")
    # What nothing changes is not kept apart.
    assert unkept in text


def test_what_would_be_kept_under_a_condition_is_declined() -> None:
    text = SOURCE + "\n\ndef some(c: Counter, yes: bool) -> int:\n    return c.n + c.next() if yes else 0\n"
    text += "\n\ndef more(c: Counter) -> bool:\n    return c.n > 2 and c.next() > c.n - 1\n"
    reason = "an expression that changes what it has read, where that cannot be kept"
    assert [h.reason for h in ported(text).holes] == [reason, reason]
