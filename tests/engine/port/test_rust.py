"""Python functions in Rust: what differs between the languages behaves as in Python; what is not certain is declined."""

# ruff: noqa: E501 - a source and the reason stand on one line.
from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

TRAPS = '''
"""Where the languages differ."""


def divided(a: int, b: int) -> int:
    return a // b + a % b


def halves(a: int) -> int:
    return a // 2 - a % 3


def middle(text: str, low: int, high: int) -> str:
    return text[low:high] + text[-3:] + text[:-2]


def part(items: list[int], low: int, high: int) -> list[int]:
    return items[low:high] + items[-2:] + items[::2]


def rounded(x: float) -> list[float]:
    return [float(round(x)), round(x, 2), x % 0.7, x % -2.5]


def shown(x: float, n: int, yes: bool) -> str:
    return f"{x}|{x:.2f}|{n:05d}|{yes}|" + str(x * 1e16)


def by_length(words: list[str]) -> list[str]:
    return sorted(words, key=lambda w: len(w), reverse=True)


def longest(words: list[str]) -> str:
    return max(words, key=lambda w: len(w)) if words else ""


def turned(text: str) -> str:
    return text[::-1].upper() + text.title() + text.capitalize() + text.swapcase()


def pieces(text: str) -> list[str]:
    return text.split(",") + text.split() + [text.strip()]


def counted(text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for c in text:
        counts[c] = counts.get(c, 0) + 1
    return counts


def first_of(items: list[int]) -> int:
    return items[0] if items else -1


def number(text: str) -> int:
    return int(text) + 1


def place(text: str, part: str) -> int:
    return text.find(part)


def total(xs: list[float]) -> str:
    return str(sum(xs, 0.0))
'''


def to_rust(source: str, path: str = "traps.py") -> PortCandidate:
    """The port of a source."""
    return port(PortRequest(path, source, LanguageId.PYTHON, LanguageId.RUST))


def test_what_differs_between_the_languages_behaves_as_in_python(tmp_path: Path) -> None:
    path = tmp_path / "traps.py"
    path.write_text(TRAPS, encoding="utf-8")
    candidate = to_rust(TRAPS, str(path))
    report = verify(candidate, VerifyOptions(differential=40, use_cache=False))
    steps = "\n".join(f"{r.step} {r.verdict}: {r.detail}" for r in report.results)
    assert not candidate.holes, candidate.holes
    assert report.verdict is Verdict.PASSED, steps
    assert sum(r.cases for r in report.results) > 500, steps


DECLINED = [
    # Two names for one list, of which one changes.
    ("def f(n: int) -> list[int]:\n    xs = [n]\n    ys = xs\n    ys.append(1)\n    return xs", "two names for one list"),
    ("def f(n: int) -> list[list[int]]:\n    row = [n]\n    out: list[list[int]] = []\n    out.append(row)\n    row.append(1)\n    return out", "two names for one list"),
    ("def f(n: int) -> list[list[int]]:\n    g = [[0] * n] * n\n    g[0][0] = 1\n    return g", "one list several times"),
    # A loop over a list sees what it changes.
    ("def f(n: int) -> int:\n    xs = [n, n]\n    s = 0\n    for i, x in enumerate(xs):\n        xs[1] = 5\n        s += x + i\n    return s", "changes while it is iterated over"),
    # A set has no order.
    ("def f(s: set[str]) -> list[str]:\n    return [k for k in s]", "the order of a set"),
    # Two places would hold one object that changes.
    ("class C:\n    def __init__(self) -> None:\n        self.n = 0\n    def up(self) -> None:\n        self.n += 1\n\n\ndef f(c: C) -> list[C]:\n    xs = [c, c]\n    xs[0].up()\n    return xs", "two places share"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "reason"), DECLINED)
def test_what_is_not_certain_is_a_marked_hole(source: str, reason: str) -> None:
    candidate = to_rust(textwrap.dedent(source))
    assert [h for h in candidate.holes if reason in h.reason], [h.reason for h in candidate.holes]
    text = next(f.text for f in candidate.files if f.role == "source")
    assert 'panic!("not ported: ' in text
    assert candidate.functions[-1].holes == 1


def test_a_string_is_split_once_when_it_is_looked_into_by_position() -> None:
    text = (
        "def twins(s: str) -> bool:\n    for i in range(len(s) - 1):\n        if s[i] == s[i + 1]:\n"
        "            return True\n    return False\n\n\n"
        "def sorted_by_first(s: str, names: list[str]) -> list[str]:\n"
        "    return sorted(names, key=lambda s: s[0] + s[-1])\n"
    )
    source = port(PortRequest("m.py", text, LanguageId.PYTHON, LanguageId.RUST)).files[0].text
    assert source.count("chars().collect()") == 1
    assert "s_chars[i as usize] == s_chars[(i + 1) as usize]" in source
