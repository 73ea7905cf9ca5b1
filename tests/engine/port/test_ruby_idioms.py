"""What Ruby says with a method of its own gives the same for every input: empty, ragged, negative, outside of ASCII."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

SOURCE = textwrap.dedent(
    """
    def columns(matrix: list[list[int]]) -> list[list[int]]:
        return [[row[i] for row in matrix] for i in range(len(matrix[0]))]


    def common(left: list[int], right: list[int]) -> list[int]:
        return sorted(set(left) & set(right)) + sorted(set(left) | set(right))


    def kinds(words: list[str], text: str) -> int:
        return len(set(words)) * 100 + len(set(text) & set("añ✓"))


    def flat(lists: list[list[int]]) -> list[int]:
        return [x for inner in lists for x in inner]


    def marks(text: str) -> str:
        out = ""
        if any(c.isdigit() for c in text):
            out += "digit "
        if all(c.isalnum() or c in "_-^]\\\\" for c in text):
            out += "name "
        if all("a" <= c <= "f" or c == "\\n" for c in text):
            out += "small "
        if any(not c.isspace() and c != "#" for c in text):
            out += "black "
        if not all(c not in "&[" for c in text):
            out += "and "
        return out + str(sum(1 for c in text if c in "ab&")) + "-".join([c for c in text if c.isalpha()])


    def stepping(start: int, stop: int, step: int) -> list[int]:
        return list(range(start % 50, stop % 50, step % 7 - 3)) + [i * 2 for i in range(9, stop % 20, step % 5 - 2)]


    def parts(text: str, by: str) -> list[str]:
        return [*text.split(" "), "|", *text.split("."), "|", *text.split("::"), "|", *text.split("|", 1)]


    def parts_by(text: str, by: str) -> list[str]:
        return text.split(by)


    def most_parts(text: str, most: int) -> list[str]:
        return text.split(",", most % 4 - 1)


    def before(text: str) -> str:
        return text.split("#", 1)[0] + "/" + text.split("::")[0]


    def cuts(text: str, items: list[int], low: int, high: int) -> list[int]:
        numbers = [ord(c) for c in f"{text[low:high]}|{text[low:]}|{text[:high]}|"]
        return numbers + items[low:high] + [-1] + items[low:] + [-1] + items[:high]


    def side_by_side(a: list[int], b: list[str], text: str) -> list[str]:
        out: list[str] = []
        for x, y in zip(a, b):
            if x == 3:
                continue
            out.append(f"{x}{y}")
        out += [c + y for y, c in zip(b, text)]
        return out + [x + y + z for x, y, z in zip(b, b[1:], text)]


    def numbered(words: list[str], first: int) -> list[str]:
        return [f"{i}:{w}" for i, w in enumerate(words) if w] + [w * i for i, w in enumerate(words, first % 5)]


    def places(flags: list[bool], pairs: list[tuple[int, int]]) -> list[int]:
        return [i for i, flag in enumerate(flags) if flag] + [i * a - b for i, (a, b) in enumerate(pairs)]


    def kept(flags: list[bool]) -> list[bool]:
        return [not f for f in flags if f or len(flags) > 2]


    def quotients(a: int, b: int, x: float) -> list[float]:
        return [a / b, x / b, a / (x + 0.5), a / 3, x / 7]


    def grid(rows: int, text: str) -> list[list[int]]:
        made = [[0] * len(text) for _ in range(rows)]
        for i in range(rows):
            for j in range(len(text)):
                made[i][j] = i * j
        return made


    def carried(xs: list[int]) -> int:
        last = 0
        for x in xs:
            if x > 0:
                seen = x
            elif last:
                last += seen
            last += 1
        return last


    def later(xs: list[int]) -> int:
        for x in xs:
            half = x // 2
        if xs:
            return half + x
        for x in range(3):
            half = x
        return half


    def unless_empty(texts: list[str]) -> list[str]:
        out: list[str] = []
        for text in texts:
            if not text:
                continue
            if text:
                out.append(text if text else "none")
            out.append("x" if not text.strip() else text.strip())
        while out and len(out) > 3:
            out.pop()
        return out
    """
)


def ported(source: str) -> tuple[PortCandidate, str]:
    candidate = port(PortRequest("idioms.py", source, LanguageId.PYTHON, LanguageId.RUBY))
    return candidate, next(f.text for f in candidate.files if f.role == "source")


def test_what_ruby_says_with_methods_of_its_own_stays_the_same(tmp_path: Path) -> None:
    path = tmp_path / "idioms.py"
    path.write_text(SOURCE, encoding="utf-8")
    candidate = port(PortRequest(str(path), SOURCE, LanguageId.PYTHON, LanguageId.RUBY))
    report = verify(candidate, VerifyOptions(differential=60, use_cache=False))
    steps = "\n".join(f"{r.step} {r.verdict}: {r.detail}" for r in report.results)
    assert not candidate.holes, candidate.holes
    assert report.verdict is Verdict.PASSED, steps
    assert sum(r.cases for r in report.results) > 600, steps


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return sorted(set(left) & set(right))", "(left & right).sort"),
        (
            "return [x for x in range(left[0], right[0], left[1])]",
            "stepped(left.fetch(0), right.fetch(0), left.fetch(1))",
        ),
        ("return [a for a, b in zip(left, right)]", "left.first(right.length).zip(right).map { |a, b| a }"),
    ],
)
def test_the_method_is_what_a_person_would_write(body: str, says: str) -> None:
    candidate, text = ported(f"def f(left: list[int], right: list[int]) -> list[int]:\n    {body}\n")
    assert not candidate.holes
    assert says in text
