"""Python functions in Ruby behave as in Python where the languages differ; every trap here is run in both."""

# ruff: noqa: E501 - a source stands on one line.
from __future__ import annotations

from pathlib import Path

from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

TRAPS = r'''
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


def hexed(n: int) -> str:
    return f"{n:x} {n:>6b} {n:04d}"


def floored(x: float) -> str:
    return str(x // 0.7)


def parsed(text: str) -> float:
    return float(text)


def framed(text: str) -> list[str]:
    return [text.zfill(6), text.strip("ab "), text.replace("a", "\\0"), text.ljust(4) + "|", text.removeprefix("ab")]
'''


def test_what_differs_between_the_languages_behaves_as_in_python(tmp_path: Path) -> None:
    path = tmp_path / "traps.py"
    path.write_text(TRAPS, encoding="utf-8")
    candidate = port(PortRequest(str(path), TRAPS, LanguageId.PYTHON, LanguageId.RUBY))
    report = verify(candidate, VerifyOptions(differential=60, use_cache=False))
    steps = "\n".join(f"{r.step} {r.verdict}: {r.detail}" for r in report.results)
    assert not candidate.holes, candidate.holes
    assert report.verdict is Verdict.PASSED, steps
    assert sum(r.cases for r in report.results) > 900, steps


def test_a_parameter_named_as_a_function_is_the_parameter() -> None:
    source = "def part(x: int) -> int:\n    return x\n\n\ndef use(text: str, part: str) -> int:\n    return text.find(part)\n"
    candidate = port(PortRequest("a.py", source, LanguageId.PYTHON, LanguageId.RUBY))
    text = next(f.text for f in candidate.files if f.role == "source")
    assert "index(part)" in text
