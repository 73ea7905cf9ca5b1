"""The lint command as a user runs it: exit codes, selection, fixes, baselines, standard input."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

GOOD = "from foundation.resilience import retry\n\n\n@retry(max_attempts=3)\ndef fetch(): ...\n"
BAD = GOOD.replace("max_attempts=3", "max_attemps=3")
MILD = GOOD.replace("max_attempts=3", "max_attempts=1")


def test_clean_code_exits_0(cli, project: Path) -> None:
    (project / "a.py").write_text(GOOD)
    ran = cli("lint")
    assert ran.code == 0
    assert ran.out == "No findings, 1 file checked\n"


def test_a_finding_exits_1_and_shows_its_place(cli, project: Path) -> None:
    (project / "a.py").write_text(BAD)
    ran = cli("lint", "a.py")
    assert ran.code == 1
    assert ran.out == (
        "a.py:4:8: error: foundation's `retry` has no parameter `max_attemps` [retry_with_backoff/unknown-parameter]\n"
        "  |\n"
        "4 | @retry(max_attemps=3)\n"
        "  |        ^^^^^^^^^^^\n"
        "  = help: did you mean `max_attempts`?\n"
        "  = fix: Rename to `max_attempts` (--fix)\n"
        "\n"
        "1 error in 1 file; 1 file checked; 1 can be fixed with --fix\n"
    )


def test_carets_stand_under_tabs_and_wide_characters(cli, project: Path) -> None:
    (project / "a.py").write_text(
        "from foundation.resilience import circuit_breaker\nif True:\n"
        "\t@circuit_breaker(name='日本é😀',\tfailure_threshold=0)\n\tdef f(): ...\n"
    )
    lines = cli("lint", "--color", "never").out.splitlines()
    source, carets = lines[2].removeprefix("3 | "), lines[3].removeprefix("  | ")
    shown = source[: source.index("=0") + 1]
    # Two columns for each of 日, 本 and 😀; the tabs are spaces already.
    assert "\t" not in source
    assert carets.index("^") == len(shown) + 3


@pytest.mark.parametrize(
    ("threshold", "code"), [("error", 0), ("warning", 0), ("info", 1), ("hint", 1), ("never", 0)]
)
def test_fail_on_sets_the_threshold(cli, project: Path, threshold: str, code: int) -> None:
    (project / "a.py").write_text(MILD)
    assert cli("lint", "--fail-on", threshold).code == code


def test_select_and_ignore_take_codes_patterns_prefixes_and_globs(cli, project: Path) -> None:
    (project / "a.py").write_text(BAD + MILD)
    codes = {
        ("--select", "unknown-parameter"): ["retry_with_backoff/unknown-parameter"],
        ("--select", "retry_with_backoff/single-attempt"): ["retry_with_backoff/single-attempt"],
        ("--select", "retry_with_backoff/unk"): ["retry_with_backoff/unknown-parameter"],
        ("--select", "*/single-*"): ["retry_with_backoff/single-attempt"],
        ("--ignore", "retry_with_backoff"): [],
        ("--ignore", "unknown-parameter,single-attempt"): [],
        ("--select", "circuit_breaker"): [],
    }
    for arguments, expected in codes.items():
        ran = cli("lint", "--format", "jsonl", *arguments)
        assert expected == [json.loads(line)["code"] for line in ran.out.splitlines()], arguments


def test_a_code_that_does_not_exist_is_a_usage_error(cli, project: Path) -> None:
    ran = cli("lint", "--select", "unknown-paramter")
    assert ran.code == 2
    assert "--select: no code matches 'unknown-paramter'; did you mean 'unknown-parameter'?" in ran.err


def test_fix_applies_the_safe_fixes_only(cli, project: Path) -> None:
    file = project / "a.py"
    file.write_text(BAD + GOOD.replace("max_attempts=3", "max_attempts=250"))
    file.chmod(0o755)
    ran = cli("lint", "--fix")
    assert ran.code == 1
    assert "1 fixed" in ran.out
    assert "max_attempts=3)" in file.read_text()
    assert "max_attempts=250" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o755
    cli("lint", "--fix", "--unsafe-fixes")
    assert "max_attempts=100" in file.read_text()
    assert cli("lint", "--select", "out-of-range").code == 0


def test_fix_writes_through_a_link(cli, project: Path) -> None:
    (project / "real.py").write_text(BAD)
    (project / "link.py").symlink_to("real.py")
    cli("lint", "--fix", "link.py")
    assert (project / "link.py").is_symlink()
    assert (project / "real.py").read_text() == GOOD


def test_diff_shows_and_changes_nothing(cli, project: Path) -> None:
    file = project / "a.py"
    file.write_bytes(BAD.encode().replace(b"\n", b"\r\n") + b"x = '\xff'")
    before = file.read_bytes()
    ran = cli("lint", "--diff")
    assert ran.code == 1
    assert before == file.read_bytes()
    assert "--- a/a.py" in ran.out
    assert "-@retry(max_attemps=3)" in ran.out
    assert "+@retry(max_attempts=3)" in ran.out
    file.write_text(GOOD)
    assert cli("lint", "--diff").code == 0


def test_a_baseline_accepts_what_was_there_and_follows_it(cli, project: Path) -> None:
    file = project / "a.py"
    file.write_text(BAD)
    assert cli("lint", "--write-baseline", "base.json").code == 0
    assert cli("lint", "--baseline", "base.json").code == 0
    file.write_text("import os\n\n\n" + BAD)
    ran = cli("lint", "--baseline", "base.json")
    assert ran.code == 0
    assert "1 accepted by the baseline" in ran.out
    file.write_text(BAD + BAD)
    assert cli("lint", "--baseline", "base.json").out.count("unknown-parameter") == 1


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"version": 9, "findings": []}', '{"version": 1, "findings": [3]}']
)
def test_a_broken_baseline_is_a_usage_error(cli, project: Path, content: str) -> None:
    (project / "base.json").write_text(content)
    ran = cli("lint", "--baseline", "base.json")
    assert ran.code == 2
    assert "--baseline base.json: " in ran.err


def test_standard_input_needs_a_name_and_takes_its_language(
    cli, process, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    given(BAD.encode())
    ran = cli("lint", "-", "--stdin-filename", "x.py")
    assert ran.code == 1
    assert ran.out.startswith("x.py:4:8: error")
    assert cli("lint", "-").code == 2
    assert "not the name of a Python" in cli("lint", "-", "--stdin-filename", "x.txt").err
    given(b"print(1)\n")
    assert cli("lint", "-", "--stdin-filename", "x.py", "--fix").out == "print(1)\n"
    ran = process("lint", "-", "--stdin-filename", "x.py", "--fix", stdin=BAD.encode())
    assert ran.out == GOOD
    assert ran.code == 0


def test_files_from_a_list(cli, process, project: Path) -> None:
    (project / "a b.py").write_text(BAD)
    (project / "c.py").write_text(GOOD)
    (project / "list").write_text("a b.py\r\nc.py\n")
    assert "2 files checked" in cli("lint", "--files-from", "list").out
    assert "2 files checked" in process("lint", "--files-from", "-", stdin=b"a b.py\0c.py\0").out
    assert cli("lint", "--files-from", "nothing").code == 2


def test_inline_suppressions_in_each_language(cli, project: Path) -> None:
    (project / "a.py").write_text(BAD.replace("=3)", "=3)  # foundation: ignore[unknown-parameter]"))
    (project / "a.go").write_text(
        "package p\n\n// foundation: ignore[retry_with_backoff/out-of-range]\n// @retry(maxAttempts=250)\nfunc F() {}\n"
    )
    (project / "a.rs").write_text(
        "use foundation::resilience::retry;\n\n"
        "#[retry(max_attempts = 0)] // foundation: ignore[out-of-range]\nfn f() {}\n"
    )
    (project / "a.rb").write_text(
        "require 'foundation'\nFoundation.retry(max_attempts: 0) { f } # foundation: ignore[out-of-range]\n"
    )
    ran = cli("lint")
    assert ran.out == "No findings, 4 files checked\n"


def test_the_order_is_the_same_with_any_number_of_jobs(cli, project: Path) -> None:
    for number in range(12):
        (project / f"m{number:02}.py").write_text("x = 1\n" * number + BAD)
    one = cli("lint", "--jobs", "1", "--format", "jsonl").out
    assert one == cli("lint", "--jobs", "3", "--format", "jsonl").out
    paths = [json.loads(line)["path"] for line in one.splitlines()]
    assert paths == sorted(paths)
    assert len(paths) == 12


def test_statistics_count_codes_and_files(cli, project: Path) -> None:
    (project / "a.py").write_text(BAD + BAD)
    (project / "b.py").write_text("print(1)\n")
    out = cli("lint", "--statistics").out
    assert "     2  retry_with_backoff/unknown-parameter\n" in out
    assert "2 files, " in out
    assert "1 parsed (50.0 %)" in out


def test_explain(cli) -> None:
    ran = cli("lint", "--explain", "out-of-range")
    assert ran.code == 0
    assert "## What it checks" in ran.out
    assert "retry_with_backoff/delay-exceeds-cap" in cli("lint", "--explain", "list").out
    assert "## Why" in cli("lint", "--explain", "retry_with_backoff/delay-exceeds-cap").out
    missing = cli("lint", "--explain", "out-of-rang/e")
    assert missing.code == 2
    assert "no code matches" in missing.err


def test_output_goes_to_a_file(cli, project: Path) -> None:
    (project / "a.py").write_text(BAD)
    ran = cli("lint", "--format", "json", "--output", "report.json")
    assert ran.code == 1
    assert ran.out == ""
    assert json.loads((project / "report.json").read_text())["summary"]["errors"] == 1
    assert cli("lint", "--output", "no/such/report").code == 2


def test_colour_only_when_it_is_wanted(cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "a.py").write_text(BAD)
    assert "\x1b" not in cli("lint").out
    assert "\x1b[1;31merror\x1b[0m" in cli("lint", "--color", "always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in cli("lint").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in cli("lint").out


def test_options_that_exclude_one_another(cli, project: Path) -> None:
    assert cli("lint", "--unsafe-fixes").code == 2
    assert cli("lint", "-", "a.py", "--stdin-filename", "x.py").code == 2
    assert cli("lint", "--stdin-filename", "x.py").code == 2
    assert cli("lint", "--jobs", "-1").code == 2
    assert cli("lint", "--format", "xml").code == 2
    assert cli("lint", "--config", "x.toml", "--isolated").code == 2


def test_workspace_specs_are_in_force_below_their_directory(cli, project: Path) -> None:
    specs = project / "inner" / ".foundation" / "specs"
    specs.mkdir(parents=True)
    (specs / "retry.yaml").write_text(
        "extends: retry_with_backoff\nsemantics:\n  parameters:\n    max_attempts:\n      range: [1, 5]\n"
    )
    source = GOOD.replace("max_attempts=3", "max_attempts=9")
    (project / "inner" / "a.py").write_text(source)
    (project / "b.py").write_text(source)
    ran = cli("lint", "--format", "jsonl")
    found = [json.loads(line)["path"] for line in ran.out.splitlines()]
    assert found == ["inner/a.py"], ran
