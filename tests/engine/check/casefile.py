"""Reading case files: sources whose expected findings are drawn under their lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from foundation_specs.model import LanguageId

CASES = Path(__file__).parent / "cases"
_MARKER = re.compile(
    r"~(?P<gap>\s*)(?P<carets>\^+)\s+(?P<severity>\w+)\s+(?P<code>[\w/-]+)(?::\s*(?P<text>.*))?$"
)
_LANGUAGES = {"provide": LanguageId.PYTHON}


@dataclass(frozen=True, slots=True)
class Expected:
    """One finding that a case wants: 1-based line, columns in characters from 0, and a part of its message."""

    line: int
    start: int
    end: int
    severity: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """One source and what checking it must yield."""

    name: str
    language: LanguageId
    source: str
    expected: tuple[Expected, ...]


def read_cases() -> list[Case]:
    """Every case of every file, named `<file>: <title>`."""
    cases: list[Case] = []
    for path in sorted(CASES.glob("*.txt")):
        language = _LANGUAGES.get(path.stem) or LanguageId(path.stem)
        for block in re.split(r"^--- ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            title, _, body = block.partition("\n")
            lines: list[str] = []
            expected: list[Expected] = []
            for line in body.rstrip("\n").split("\n"):
                if not line.startswith("~"):
                    lines.append(line)
                    continue
                marker = _MARKER.match(line)
                assert marker is not None, f"{path.name}: {title}: not a marker: {line}"
                start = marker.start("carets")
                # The tilde stands in the first column; a marker for that column starts right behind it.
                if start == 1 and not lines[-1][:1].isspace() and lines[-1][:1] not in "@#":
                    start = 0
                end = marker.end("carets")
                expected.append(
                    Expected(len(lines), start, end, marker["severity"], marker["code"], marker["text"] or "")
                )
            cases.append(Case(f"{path.stem}: {title}", language, "\n".join(lines) + "\n", tuple(expected)))
    return cases
