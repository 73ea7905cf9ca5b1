"""Texts of one letter as characters, and what else is said with less work in Go and Rust, give Python's answers."""

# ruff: noqa: E501 - sources read best on one line.
from __future__ import annotations

from typing import Any

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.cases import Plan
from foundation_specs.model import LanguageId

SOURCE = """\
UNITS = {"d": 86400, "h": 3600}


def secs(text: str) -> int:
    total = 0
    for ch in text:
        if ch not in UNITS:
            return -1
        total += UNITS[ch]
    return total


def counts(text: str) -> dict[str, int]:
    out: dict[str, int] = {}
    for ch in text:
        if ch in out:
            out[ch] += 1
        else:
            out[ch] = out.get(ch, 0) + 1
    return out


def flat(lists: list[list[str]]) -> list[str]:
    return [item for inner in lists for item in inner]


def swapped(xs: list[str], i: int) -> list[str]:
    out = xs[:]
    j = 0
    out[i % 2], out[j] = out[j], out[i % 2]
    k = i % 2
    out[k], out[j] = out[j], out[k]
    return out


def table(base: float, n: int, xs: list[int]) -> list[float]:
    out: list[float] = []
    delay = base
    for _ in range(n):
        out.append(min(delay, 9.0))
        delay *= 2
    more = [1, 2]
    for i, x in enumerate(xs):
        more.append(x + i)
    m = 3
    last: list[int] = []
    m = n
    for i in range(m):
        last.append(i)
    return out + [float(x) for x in more] + [float(x) for x in last]


def pairs(text: str) -> bool:
    table = {")": "(", "]": "["}
    stack: list[str] = []
    for ch in text:
        if ch in "([":
            stack.append(ch)
        elif ch in table:
            if not stack:
                return False
            if stack.pop() != table[ch]:
                return False
    return not stack


def check_digits(s: str) -> int:
    total = 0
    for i, ch in enumerate(s):
        if ch not in "0123456789":
            return -1
        total += int(ch) * (3 if i % 2 else 1)
    return total


def outside(s: str) -> int:
    total = 0
    for ch in s:
        if ch < "0" or ch > "9":
            continue
        total = total * 10 + int(ch)
    return total


def backwards(s: str) -> str:
    out = ""
    for ch in reversed(s):
        if ch != "b":
            out += ch + "."
    return out


def even_digits(s: str) -> list[int]:
    return [int(c) for c in s if "0" <= c <= "9" and int(c) % 2 == 0]


def closed(s: str) -> bool:
    stack: list[str] = []
    for ch in s:
        if ch in "ab":
            stack.append(ch)
        elif ch == "z":
            if not stack or stack[-1] == "b":
                return False
            stack.pop()
        elif stack and stack.pop() != "a":
            return False
    return not stack


def mirrored(s: str) -> bool:
    cleaned = [c for c in s.lower() if c.isalnum()]
    return cleaned == cleaned[::-1]


def runs(s: str) -> str:
    if not s:
        return ""
    out: list[str] = []
    last = s[0]
    count = 0
    for ch in s:
        if ch == last:
            count += 1
        else:
            out.append(f"{count}{last}")
            last = ch
            count = 1
    out.append(f"{count}{last}")
    return "".join(out)


def starts(words: list[str]) -> int:
    n = 0
    for i in range(len(words)):
        for k in range(len(words[i])):
            if words[i][k] == "a" and (k == 0 or words[i][k - 1] != "a"):
                n += 1
    return n


def operators(words: list[str]) -> int:
    n = 0
    for w in words:
        if w in ("a", "ab", ""):
            n += 1
        elif w not in {"xy", "yz"}:
            n += 10
    return n


def after(xs: list[int]) -> list[int]:
    out = [0]
    for x in xs:
        out.append(out[-1] + x)
    for x in xs:
        out.append(x)
    return out


def distance(s: str) -> int:
    previous = list(range(len(s) + 1))
    for i, x in enumerate("aéb", 1):
        current = [i]
        for j, y in enumerate(s, 1):
            cost = 0 if x == y else 1
            current.append(min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost))
        previous = current
    return previous[-1]


def squares(xs: list[int]) -> float:
    mean = 1.5
    return sum((x * 0.5 - mean) ** 2 for x in xs) + mean**2
"""
TEXTS = [
    "",
    "a",
    "ddh",
    "([])",
    "([)]",
    "é",
    "aabzz",
    "abba",
    "abxz",
    "hé éh",
    "978",
    "9٣4",
    "12a",
    "😀a😀",
    "Äbbä",
    "a1A",
    "zz",
]
LISTS = [[], [1], [3, 1, 2], [-1, 0, -1]]
SAID = {
    "digits": ("CheckDigits", "func CheckDigits(s string) int {"),
    "a stack of letters": ("Closed", "stack := []rune{}"),
    "letters": ("Mirrored", "cleaned := make([]rune, 0, len(s))"),
    "numbers in a text": ("Runs", "out.WriteString(strconv.Itoa(count))"),
    "characters by position": ("Starts", "cells := make([][]rune, 0, len(words))"),
    "a few texts": ("Operators", 'w == "a" || w == "ab" || w == ""'),
    "a size with what is there": ("After", "append(make([]int, 0, len(xs)+1), 0)"),
    "a list added": ("After", "append(out, xs...)"),
}
KEPT = {
    # Beyond 9 a character may be no digit.
    "def f(s: str) -> int:\n    n = 0\n    for c in s:\n        if c >= '0':\n            n += int(c)\n    return n": "digitOf(c)",
    # The variable is another character by then.
    "def f(s: str, t: str) -> int:\n    c = s[0]\n    if c not in '0123456789':\n        return 0\n    c = t[0]\n    return int(c)": "digitOf(c)",
    # The list gets a longer text, too.
    "def f(s: str) -> int:\n    out: list[str] = []\n    for c in s:\n        out.append(c)\n    out.append('ab')\n    return len(out[0])": "make([]string, 0, len(s))",
    # The row changes under the list's other name.
    "def f(grid: list[str]) -> int:\n    rows = grid\n    rows[0] = 'x'\n    n = 0\n    for i in range(len(grid)):\n        n += grid[i][2] == 'x'\n    return n": "[]rune(grid[i])[2]",
    # It is tested before it is another character in each turn but the first.
    "def f(s: str) -> int:\n    n = 0\n    for i in range(len(s)):\n        if i > 0 and c not in '0123456789':\n            return n\n        c = s[i]\n        n += int(c)\n    return n": "digitOf(c)",
}


def ported(source: str, to: LanguageId = LanguageId.GO) -> PortCandidate:
    """The port of a source."""
    return port(PortRequest("letters.py", source, LanguageId.PYTHON, to))


def given() -> tuple[Plan, ...]:
    """Calls of every function with values at the edges."""
    texts: list[Any] = [(t,) for t in TEXTS]
    words: list[Any] = [({"list": TEXTS[:n]},) for n in (0, 1, 4, len(TEXTS))]
    names = [
        "check_digits",
        "outside",
        "even_digits",
        "closed",
        "mirrored",
        "runs",
        "distance",
        "secs",
        "counts",
        "pairs",
    ]
    arguments: dict[str, list[Any]] = dict.fromkeys(names, texts)
    arguments |= dict.fromkeys(["starts", "operators"], words)
    lists: list[Any] = [({"list": x},) for x in LISTS]
    arguments |= dict.fromkeys(["after", "squares"], lists)
    arguments["flat"] = [({"list": [{"list": TEXTS[:n]} for n in (2, 0, 3)]},), ({"list": []},)]
    arguments["swapped"] = [({"list": ["a", "b"]}, n) for n in (0, 1, 5)]
    arguments["table"] = [({"float": "0.5"}, n, {"list": [4, 5]}) for n in (-1, 0, 5)]
    return tuple(Plan(name, args) for name, calls in arguments.items() for args in calls)


@pytest.mark.slow
@pytest.mark.parametrize("to", [LanguageId.GO, LanguageId.RUST], ids=str)
def test_what_is_said_with_less_work_stays_the_same(to: LanguageId) -> None:
    candidate = ported(SOURCE, to)
    assert not candidate.holes, candidate.holes
    report = verify(candidate, VerifyOptions(plans=given(), use_cache=False))
    assert report.agreed, [r.detail for r in report.results]
    assert sum(r.cases for r in report.results if r.step == "cases") >= 100


@pytest.mark.parametrize(("name", "line"), SAID.values(), ids=SAID.keys())
def test_it_is_said_like_this(name: str, line: str) -> None:
    text = next(f.text for f in ported(SOURCE).files if f.role == "source")
    start = text.index(f"func {name}(")
    assert line in text[start : text.index("\n}\n", start)]


@pytest.mark.parametrize(("source", "line"), KEPT.items())
def test_what_is_not_certain_is_left_alone(source: str, line: str) -> None:
    text = next(f.text for f in ported(source + "\n").files if f.role == "source")
    assert line in text
