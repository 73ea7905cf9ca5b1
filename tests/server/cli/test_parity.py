"""The command line and the engine's own function give the same findings for every fixture that we have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from foundation_engine.check import check_document
from foundation_grammars.language import language_of
from foundation_specs.registry import SpecRegistry

ROOT = Path(__file__).parents[3]
_PLACES = (
    "examples",
    "tests/corpus",
    "tests/marker",
    "tests/engine/port",
    "tests/grammars",
    "specs/foundation_specs",
)


def fixtures() -> list[Path]:
    found = [
        path
        for place in _PLACES
        for path in sorted((ROOT / place).rglob("*"))
        if path.is_file() and language_of(path) is not None
    ]
    cases = ROOT / "tests" / "engine" / "check" / "cases"
    return [*found, *sorted(cases.glob("*.txt"))]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_command_line_reports_what_the_engine_finds(cli, project: Path, jobs: str) -> None:
    expected: list[tuple[str, str, str, str, int, int]] = []
    number = 0
    for fixture in fixtures():
        texts = [fixture.read_bytes()]
        language = language_of(fixture)
        if language is None:
            from foundation_specs.model import LanguageId

            language = {"provide": LanguageId.PYTHON}.get(fixture.stem) or LanguageId(fixture.stem)
            blocks = fixture.read_text("utf-8").split("\n--- ")
            texts = ["\n".join(x for x in b.split("\n")[1:] if x[:1] != "~").encode() for b in blocks]
        suffix = {"python": ".py", "go": ".go", "rust": ".rs", "ruby": ".rb"}[language.value]
        for text in texts:
            name = f"f{number:05}{suffix}"
            number += 1
            (project / name).write_bytes(text)
            expected += [
                (name, f.code, str(f.severity), f.message, f.range.start, f.range.end)
                for f in check_document(text, language, SpecRegistry.builtin())
            ]
    ran = cli("lint", "--isolated", "--format", "jsonl", "--jobs", jobs)
    actual = [
        (f["path"], f["code"], f["severity"], f["message"], f["start"]["offset"], f["end"]["offset"])
        for f in map(json.loads, ran.out.splitlines())
    ]
    assert len(expected) > 40
    assert expected == actual
