"""The order of evaluation: what an expression reads before it changes it is read first in Go, too."""

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


def to_go(text: str) -> PortCandidate:
    return port(PortRequest("counter.py", text, LanguageId.PYTHON, LanguageId.GO))


@pytest.mark.slow
def test_operands_are_evaluated_in_the_order_of_the_source() -> None:
    candidate = to_go(SOURCE)
    assert not candidate.holes, candidate.holes
    report = verify(candidate, VerifyOptions(cases=6, differential=20, use_cache=False))
    assert report.agreed, report.results
    text = next(f.text for f in candidate.files if f.role == "source")
    # What nothing changes is not kept apart.
    assert "return x + counter.Next() + x" in text


def test_what_would_be_kept_under_a_condition_is_declined() -> None:
    text = SOURCE + "\n\ndef some(c: Counter, yes: bool) -> int:\n    return c.n + c.next() if yes else 0\n"
    text += "\n\ndef more(c: Counter) -> bool:\n    return c.n > 2 and c.next() > c.n - 1\n"
    reason = "an expression that changes what it has read, where that cannot be kept"
    assert [h.reason for h in to_go(text).holes] == [reason, reason]
