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

TRAPS = Path(__file__).with_name("traps.py").read_text(encoding="utf-8")
BORROWING = Path(__file__).with_name("rust_traps.py").read_text(encoding="utf-8")
LENDING = Path(__file__).with_name("rust_lending.py").read_text(encoding="utf-8")


def to_rust(source: str, path: str = "traps.py") -> PortCandidate:
    """The port of a source."""
    return port(PortRequest(path, source, LanguageId.PYTHON, LanguageId.RUST))


@pytest.mark.parametrize("source", [TRAPS, BORROWING, LENDING], ids=["traps", "borrowing", "lending"])
def test_what_differs_between_the_languages_behaves_as_in_python(tmp_path: Path, source: str) -> None:
    path = tmp_path / "traps.py"
    path.write_text(source, encoding="utf-8")
    candidate = to_rust(source, str(path))
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
    assert "for i in 0..s_chars.len().saturating_sub(1) {" in source
    assert "s_chars[i] == s_chars[i + 1]" in source


def test_texts_borrow_tables_match_and_sets_are_asked_and_filled_at_once() -> None:
    text = (
        'UNITS = {"s": 1, "m": 60}\n\n\n'
        "def f(line: str, words: list[str]) -> int:\n    line = line.strip()\n    head, mark, _ = line.partition('=')\n"
        "    seen: set[str] = set()\n    total = len(head) if mark else 0\n    for word in words:\n"
        "        if word in seen:\n            continue\n        seen.add(word)\n        for c in word:\n"
        "            total += UNITS.get(c, 0)\n    return total\n\n\n"
        "def g(ids: list[int]) -> list[int]:\n    found: set[int] = set()\n    while ids:\n        found.add(ids.pop())\n"
        "    return sorted(found)\n"
    )
    source = to_rust(text).files[0].text
    for written in (
        "let line = line.trim();",
        'let (head, mark, _) = partition(line, "=");',
        "if !seen.insert(word.as_str()) {",
        "total += units_of(c).unwrap_or(0);",
        "pub fn units_of(key: char) -> Option<i64> {",
        "let mut found: BTreeSet<i64> = BTreeSet::new();",
        "found.into_iter().collect",
    ):
        assert written in source, (written, source)


def test_parts_of_a_text_are_taken_without_a_list() -> None:
    text = (
        "def f(line: str, lines: list[str]) -> list[str]:\n    words = line.split()\n    if len(words) < 9:\n"
        "        return []\n    out = [words[8]]\n    for each in lines:\n        name, mark, value = each.partition(':')\n"
        "        if not mark:\n            continue\n        out.append(name + value)\n        key, text = each.split('=')\n"
        "        out.append(key + text)\n        bounds = each.split('-')\n        out.append(bounds[0].strip() + bounds[1])\n"
        "    return out\n"
    )
    source = to_rust(text).files[0].text
    for written in (
        "let Some(ninth) = line.split_whitespace().nth(8) else {",
        "let Some((name, value)) = each.split_once(':') else {",
        "let (Some(key), Some(text), None) = (parts.next(), parts.next(), parts.next()) else {",
        "let mut bounds = each.split('-');",
    ):
        assert written in source, (written, source)
    assert "Vec<&str>" not in source


def test_a_recursive_inner_function_counts_with_the_one_around_it() -> None:
    text = (
        "def ways(n: int) -> int:\n    memo: dict[int, int] = {}\n\n    def go(k: int) -> int:\n        if k < 2:\n"
        "            return 1\n        if k not in memo:\n            memo[k] = go(k - 1) + go(k - 2)\n"
        "        return memo[k]\n\n    return go(n)\n"
    )
    candidate = to_rust(text)
    assert "fn go(k: i64, memo: &mut HashMap<i64, i64>) -> i64 {" in candidate.files[0].text
    assert [f.source_name for f in candidate.functions] == ["ways"]


def test_what_loops_ask_is_asked_as_a_reader_of_rust_would() -> None:
    text = (
        'def f(text: str, values: dict[str, str]) -> str:\n    out = ""\n    at = 0\n    while True:\n'
        '        end = text.find("{", at)\n        if end < 0:\n            break\n        out += text[at:end] + "<"\n'
        "        at = end + 1\n    return out + text[at:]\n\n\n"
        "def g(bounds: list[int], counts: list[int], value: int) -> int:\n    for i, bound in enumerate(bounds):\n"
        "        if value <= bound:\n            return counts[i]\n    for room in range(value - 1, -1, -1):\n"
        "        counts = counts + [room]\n    return len(counts)\n\n\n"
        "def h(lines: list[str]) -> dict[str, str]:\n    out: dict[str, str] = {}\n    for line in lines:\n"
        "        key = line.lower()\n        if key in out:\n            out[key] += line\n        else:\n"
        "            out[key] = line\n    return out\n\n\n"
        "def k(text: str) -> int:\n    total = 0\n    for c in reversed(text):\n        if c < 'b':\n"
        "            total += 1\n    return total\n"
    )
    source = to_rust(text).files[0].text
    for written in (
        "while let Some(end) = text[at..].find('{')",
        "if let Some(i) = bounds.iter().position(|&bound| value <= bound) {",
        "for room in (0..value).rev() {",
        "HashMap::with_capacity(lines.len());",
        "out.entry(key)",
        ".or_insert_with(|| line.to_string());",
        "for c in text.bytes().rev().map(char::from) {",
    ):
        assert written in source, (written, source)
