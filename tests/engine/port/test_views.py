"""Two names for one list: a variable that names a list inside of something else, in targets whose lists are values."""

# ruff: noqa: E501 - bodies read best on one line.
from __future__ import annotations

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_specs.model import LanguageId

SOURCE = """\
def places(words: list[str]) -> dict[str, list[int]]:
    index: dict[str, list[int]] = {}
    for i, word in enumerate(words):
        if word not in index:
            index[word] = []
        found = index[word]
        found.append(i)
    return index


def first_places(words: list[str]) -> dict[str, list[int]]:
    index: dict[str, list[int]] = {}
    for i, word in enumerate(words):
        found = index.setdefault(word, [])
        if not found or found[-1] != i - 1:
            found.append(i)
    return index


def rows(n: int) -> list[list[int]]:
    made: list[list[int]] = [[] for _ in range(n % 7)]
    for i in range(n % 7):
        row = made[i]
        row.append(i)
        row.append(len(row) + i)
    return made


class Box:
    def __init__(self) -> None:
        self.items: list[int] = []

    def fill(self, n: int) -> int:
        items = self.items
        for i in range(n % 7):
            items.append(i)
        return len(self.items)


def filled(n: int) -> int:
    box = Box()
    return box.fill(n) + box.fill(n) * 10


def last(xs: list[int]) -> list[int]:
    out = [1, 2, *xs]
    out[-1] = 5
    out[len(out) - 1] += 2
    out[-2] += 1
    out[len(out) // 2] = 3
    out[-1], out[0] = out[0], out[-1]
    return out


def stairs(n: int) -> list[list[int]]:
    made: list[list[int]] = [[0]]
    for i in range(n % 7):
        made.append([])
        made[-1].append(i)
        row = made[-1]
        row.append(2)
        row[0] = 5
    made[-1][-1] = 9
    return made


class Sets:
    def __init__(self, n: int) -> None:
        self.parents = list(range(n))
        self.sizes = [1] * n

    def find(self, x: int) -> int:
        x = abs(x) % max(1, len(self.parents))
        while self.parents and self.parents[x] != x:
            self.parents[x] = self.parents[self.parents[x]]
            x = self.parents[x]
        return x


def sizes(n: int) -> list[int]:
    sets = Sets(n % 9)
    return [sets.sizes[x] for x in range(n % 9) if sets.find(x) == x]
"""
DECLINED = {
    "either": "    a: list[int] = []\n    b: list[int] = []\n    t = a if n else b\n    t.append(n)\n    return len(a)",
    "moved": "    g: list[list[int]] = [[], []]\n    i = 0\n    t = g[i]\n    i = 1\n    t.append(n)\n    return len(g[0])",
    "replaced": "    g: list[list[int]] = [[], []]\n    t = g[0]\n    g[0] = [1]\n    t.append(n)\n    return len(g[0])",
    "loop": "    g: list[list[int]] = [[], []]\n    for t in g:\n        t.append(n)\n    return len(g[0])",
    "after": "    g: list[list[int]] = [[1], []]\n    t = g[1]\n    for i in range(2):\n        t = g[i]\n    t.append(n)\n    return len(g[1])",
}


def ported(source: str, to: LanguageId) -> PortCandidate:
    """The port of a source."""
    return port(PortRequest("views.py", source, LanguageId.PYTHON, to))


@pytest.mark.slow
@pytest.mark.parametrize("to", [LanguageId.GO, LanguageId.RUST], ids=str)
def test_a_list_changes_where_it_is_held(to: LanguageId) -> None:
    candidate = ported(SOURCE, to)
    assert not candidate.holes, candidate.holes
    report = verify(candidate, VerifyOptions(differential=30, use_cache=False))
    assert report.agreed, [r.detail for r in report.results]


@pytest.mark.parametrize("body", DECLINED.values(), ids=DECLINED.keys())
def test_two_names_for_a_list_that_grows_are_declined_in_go(body: str) -> None:
    (hole,) = ported(f"def f(n: int) -> int:\n{body}\n", LanguageId.GO).holes
    assert "which both names see" in hole.reason or "which its list sees" in hole.reason


@pytest.mark.parametrize("case", ["either", "moved", "replaced"])
def test_two_names_for_a_list_that_grows_share_it_in_rust_or_are_declined(case: str) -> None:
    candidate = ported(f"def f(n: int) -> int:\n{DECLINED[case]}\n", LanguageId.RUST)
    text = next(f.text for f in candidate.files if f.role == "source")
    assert candidate.holes or "&mut g[" in text
