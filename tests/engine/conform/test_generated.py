"""Generated cases: four languages agree, and a planted difference is found, shrunk, saved and replayed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from foundation_engine.conform import generate
from foundation_engine.conform.cases import load_cases
from foundation_engine.conform.toolchain import TesteeCommand

# A testee that passes requests on to another one and then lies a little about limits above 7.
_LIAR = """
import json, subprocess, sys
honest = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
for line in sys.stdin:
    honest.stdin.write(line)
    honest.stdin.flush()
    answer = json.loads(honest.stdout.readline())
    if json.loads(line)["given"].get("limit", 0) > 7 and answer.get("trace"):
        answer["trace"][-1] += "1"
    print(json.dumps(answer), flush=True)
"""


@pytest.mark.parametrize("pattern_id", generate.PATTERNS)
def test_four_languages_agree(pattern_id: str, testee_commands: dict[str, TesteeCommand]) -> None:
    testees = {language: (lambda command=command: command) for language, command in testee_commands.items()}
    failures = generate.run_generated([pattern_id], testees, count=80, seed=20261122)
    assert [(f.case.given, f.languages, f.message) for f in failures] == []


def test_a_planted_difference_is_shrunk_and_saved(
    tmp_path: Path, testee_commands: dict[str, TesteeCommand]
) -> None:
    liar = tmp_path / "liar.py"
    liar.write_text(_LIAR)
    honest = testee_commands["go"]
    testees = {
        "go": lambda: honest,
        "liar": lambda: TesteeCommand("liar", [sys.executable, str(liar), *honest.command]),
    }
    failures = generate.run_generated(["rate_limiting"], testees, count=200, seed=1)
    assert len(failures) == 1
    given = failures[0].case.given
    assert given["limit"] == 8
    assert len(given["steps"]) == 1
    (path,) = generate.save_failures(failures, tmp_path / "saved")
    cases, problems = load_cases([path])
    assert problems == []
    assert (cases[0].given, list(cases[0].expect["trace"])) == (given, list(failures[0].answers["go"].trace))
    assert generate.save_failures(failures, tmp_path / "saved")[0].name == "rate_limiting_2.yaml"
