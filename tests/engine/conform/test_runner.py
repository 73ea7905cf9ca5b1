"""The runner against testees that are wrong in every way."""

from __future__ import annotations

import argparse
import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import pytest
from foundation_engine.conform.cases import Case, load_cases, parse_suite
from foundation_engine.conform.compare import differences, disagreement
from foundation_engine.conform.report import as_html, as_json, as_junit
from foundation_engine.conform.run import (
    KnownFailure,
    Report,
    Status,
    read_known_failures,
    run_matrix,
)
from foundation_engine.conform.testee import Answer, Testee, TesteeError
from foundation_engine.conform.toolchain import TesteeCommand, ToolchainError, prepare
from foundation_lsp.cli import conform

_SCRIPT = """
import json, os, sys, time
mode = sys.argv[1]
for line in sys.stdin:
    request = json.loads(line)
    result = {"attempts": 1, "success": True, "error": None}
    answer = {"id": request["id"], "trace": ["0 call 1", "0 ok 1"], "result": result}
    if request["pattern"] == "hello":
        answer["result"] = {"language": "x", "library": "fake", "version": "1", "patterns": []}
    elif mode == "wrong":
        answer["trace"][0] = "0 call <2>"
    elif mode == "skip":
        answer = {"id": request["id"], "skipped": "not here"}
    elif mode == "error":
        answer = {"id": request["id"], "error": "unknown key"}
    elif mode == "die":
        sys.stderr.write("it hurts\\n")
        os._exit(3)
    elif mode == "silent":
        time.sleep(60)
    elif mode == "noise":
        print("debugging is fun", flush=True)
        continue
    elif mode == "other-id":
        answer["id"] = "99"
    elif mode == "no-trace":
        del answer["trace"]
    elif mode == "list":
        answer = []
    elif mode == "numbers":
        answer["trace"] = [1]
    print(json.dumps(answer), flush=True)
"""

CASE = Case(
    "retry_with_backoff",
    "first",
    {"outcomes": ["ok"]},
    {"total_attempts": 1, "success": True, "trace": ["0 call 1", "0 ok 1"]},
)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "testee.py"
    path.write_text(_SCRIPT)
    return path


def run(script: Path, *modes: str, known: Sequence[KnownFailure] = (), timeout: float = 30) -> Report:
    def command(mode: str) -> TesteeCommand:
        return TesteeCommand(mode, [sys.executable, str(script), mode])

    testees = {mode: (lambda mode=mode: command(mode)) for mode in modes}
    return run_matrix([CASE], testees, known_failures=known, timeout=timeout)


def test_right_and_wrong(script: Path) -> None:
    report = run(script, "right", "wrong")
    assert [o.status for o in report.outcomes] == [Status.PASSED, Status.FAILED]
    assert report.outcomes[1].messages == ("trace line 1: expected '0 call 1', found '0 call <2>'",)
    assert not report.passed
    page = as_html(report)
    assert "does not conform" in page
    assert "<mark>0 call &lt;2&gt;</mark>" in page
    failure = ET.fromstring(as_junit(report).encode()).find(".//failure")
    assert failure is not None
    assert "expected '0 call 1'" in failure.attrib["message"]
    outcome = json.loads(as_json(report))["cases"][0]["outcomes"]["wrong"]
    assert (outcome["status"], outcome["trace"][0]) == ("failed", "0 call <2>")


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("error", "unknown key"),
        ("die", "exit code 3): it hurts"),
        ("noise", "not a JSON line"),
        ("other-id", "answered id '99'"),
        ("no-trace", "needs `trace`"),
        ("list", "not a JSON object"),
        ("numbers", "must be a string"),
    ],
)
def test_a_testee_that_misbehaves_fails(script: Path, mode: str, message: str) -> None:
    report = run(script, mode)
    assert report.outcomes[0].status is Status.FAILED
    assert message in report.outcomes[0].messages[0]


def test_a_testee_that_is_silent_fails(script: Path) -> None:
    report = run(script, "silent", timeout=1.0)
    assert "no answer within 1 s" in report.outcomes[0].messages[0]


def test_a_testee_that_died_is_started_again(script: Path) -> None:
    with Testee("x", [sys.executable, str(script), "die"]) as testee:
        for _ in range(2):
            with pytest.raises(TesteeError, match="died"):
                testee.ask("retry_with_backoff", {})
        assert testee.ask("hello", {}).result is not None


def test_skipped_is_neither_passed_nor_failed(script: Path) -> None:
    report = run(script, "skip")
    assert report.outcomes[0].status is Status.SKIPPED
    assert report.passed
    assert "not here" in as_junit(report)


def test_known_failures(script: Path) -> None:
    def known(language: str, case: str = "first") -> KnownFailure:
        return KnownFailure(language, "retry_with_backoff", case, "because")

    report = run(script, "wrong", known=[known("wrong")])
    assert (report.outcomes[0].status, report.passed) == (Status.KNOWN_FAILURE, True)
    report = run(script, "right", known=[known("right")])
    assert (report.outcomes[0].status, report.passed) == (Status.UNEXPECTED_PASS, False)
    report = run(script, "right", known=[known("right", "gone")])
    assert (len(report.stale), report.passed) == (1, False)
    assert "gone" in as_html(report)


@pytest.mark.parametrize(
    "text", ["{}", "[1]", "- {language: go}", "- {language: go, pattern: x, case: y, reason: ''}", "["]
)
def test_known_failures_need_a_reason(text: str) -> None:
    assert read_known_failures(text, "x.yaml")[1] != []


def test_unavailable_languages_fail_the_run(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> TesteeCommand:
        raise ToolchainError("cargo is not on PATH; install Rust")

    report = run_matrix([CASE], {"rust": missing, "x": lambda: TesteeCommand("x", ["/no/such/program"])})
    assert not report.passed
    assert report.unavailable["rust"] == "cargo is not on PATH; install Rust"
    assert "cannot start /no/such/program" in report.unavailable["x"]
    assert "install Rust" in as_html(report)
    assert "install Rust" in as_junit(report)
    (tmp_path / "ruby").mkdir()
    (tmp_path / "ruby" / "testee.rb").touch()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolchainError, match="apt install ruby"):
        prepare("ruby", tmp_path, tmp_path)
    with pytest.raises(ToolchainError, match="is missing"):
        prepare("go", tmp_path, tmp_path)


def test_a_testee_that_does_not_build_shows_why(tmp_path: Path) -> None:
    folder = tmp_path / "go"
    (folder / "cmd" / "testee").mkdir(parents=True)
    (folder / "go.mod").write_text("module x\n\ngo 1.22\n")
    (folder / "cmd" / "testee" / "main.go").write_text("package main\n\nfunc main() { undefinedThing() }\n")
    with pytest.raises(ToolchainError, match="undefinedThing"):
        prepare("go", tmp_path, tmp_path / "cache")


def test_disagreement_where_the_spec_is_silent() -> None:
    silent = Case("retry_with_backoff", "x", {}, {"success": True})
    one = Answer(("a",), {"success": True, "elapsed": 1})
    other = Answer(("a",), {"success": True, "elapsed": 2})
    assert differences(silent, one) == differences(silent, other) == []
    assert disagreement(silent, one, other) == "elapsed: 1 and 2"
    assert disagreement(silent, one, Answer(("b",), one.result)) == "trace line 1: expected 'a', found 'b'"
    assert disagreement(silent, one, one) is None


@pytest.mark.parametrize(
    ("expect", "answer", "message"),
    [
        ({"trace": ["a", "b"]}, Answer(("a",), {}), "trace ends after line 1: expected 'b' next"),
        ({"trace": ["a"]}, Answer(("a", "b"), {}), "trace goes on after line 1: found 'b'"),
        ({"result": {"x": 1}}, Answer((), {}), "result has no key 'x'"),
        ({"result": {"x": True}}, Answer((), {"x": 1}), "x: expected true, found 1"),
        ({"success": True}, Answer(error="boom"), "the testee failed: boom"),
        (
            {"min_duration": 0.3},
            Answer((), {"elapsed": 299_999_999}),
            "elapsed 299999999 ns is below min_duration 300000000 ns",
        ),
        (
            {"max_duration": 0.3},
            Answer((), {"elapsed": 300_000_001}),
            "elapsed 300000001 ns is above max_duration 300000000 ns",
        ),
        ({"min_duration": 0.3}, Answer((), {}), "elapsed must be a number of nanoseconds, found None"),
        ({"stdout_contains": ["a"]}, Answer((), {"stdout": "b"}), "stdout lacks 'a': 'b'"),
        ({"stderr_lacks": ["b"]}, Answer((), {"stderr": "b"}), "stderr must not contain 'b': 'b'"),
        (
            {"requests": ["GET /"]},
            Answer((), {}, observed={"requests": []}),
            'requests: expected ["GET /"], found []',
        ),
    ],
)
def test_differences(expect: dict[str, object], answer: Answer, message: str) -> None:
    assert differences(Case("http_client", "x", {}, expect), answer) == [message]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("test_suite: [", "document"),
        ("test_suite: retry_with_backoff\nversion: '1'\n", "document"),
        (
            "test_suite: retry_with_backoff\nversion: '1'\ntest_cases: [{name: a, given: {}, expect: {}}]",
            "test_cases[0].expect",
        ),
        (
            "test_suite: retry_with_backoff\nversion: '1'\ntest_cases: [{name: a, given: {}, expect: {sucess: true}}]",
            "test_cases[0].expect.sucess",
        ),
    ],
)
def test_suites_that_cannot_be_used(text: str, key: str) -> None:
    cases, problems = parse_suite(text, "x.yaml")
    assert cases == []
    assert key in [problem.key for problem in problems]


def test_missing_suite(tmp_path: Path) -> None:
    assert "cannot be read" in load_cases([tmp_path / "gone.yaml"])[1][0].message


def cli(*argv: str) -> int:
    parser = argparse.ArgumentParser()
    conform.add_parser(parser.add_subparsers())
    args = parser.parse_args(["conform", *argv])
    return args.run(args)


def test_command_line(script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    testee = f"mine={sys.executable} {script} wrong"
    out = tmp_path / "deep" / "report.html"
    arguments = ["retry_with_backoff", "--only", "first_call", "--testee", testee]
    assert cli(*arguments, "--report", "html", "--out", str(out)) == 1
    assert "FAILED mine retry_with_backoff/first_call_succeeds" in capsys.readouterr().out
    assert "does not conform" in out.read_text()
    assert cli(*arguments, "--report", "json") == 1
    assert json.loads(capsys.readouterr().out)["passed"] is False
    assert cli("--list", "--only", "first_call") == 0
    assert capsys.readouterr().out.startswith("retry_with_backoff/first_call_succeeds\n")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["retry"], "no pattern 'retry'; there are retry_with_backoff"),
        (["--lang", "cobol"], "no language 'cobol'"),
        (["--testee", "ruby"], "expected language=command"),
        (["--only", "no such case"], "no case has"),
        (["--cases", "/no/such/file"], "cannot be read"),
        (["--known-failures", "/no/such/file"], "cannot read /no/such/file"),
    ],
)
def test_usage_errors(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(*argv) == 2
    assert message in capsys.readouterr().err
