"""Settings files: found for each file, read with every mistake in them named by line and key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from foundation_lsp.settings import SettingsFinder, read_settings_file
from foundation_specs.model import Severity

GOOD = "from foundation.resilience import retry\n\n\n@retry(max_attempts=3)\ndef fetch(): ...\n"
BAD = GOOD.replace("max_attempts=3", "max_attemps=3")
MILD = GOOD.replace("max_attempts=3", "max_attempts=1")


def found(cli, *arguments: str) -> list[tuple[str, str, str]]:
    ran = cli("lint", "--format", "jsonl", *arguments)
    return [(f["path"], f["code"], f["severity"]) for f in map(json.loads, ran.out.splitlines())]


def test_the_nearest_file_counts_for_each_file(cli, project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.foundation-lsp]\nignore = ["unknown-parameter"]\n')
    inner = project / "inner"
    inner.mkdir()
    (inner / ".foundation.toml").write_text('[severity]\nunknown-parameter = "info"\n')
    for directory in (project, inner):
        (directory / "a.py").write_text(BAD)
    assert found(cli) == [("inner/a.py", "retry_with_backoff/unknown-parameter", "info")]
    assert len(found(cli, "--isolated")) == 2
    assert found(cli, "--config", "pyproject.toml") == []


def test_a_pyproject_without_our_section_is_passed_over(cli, project: Path) -> None:
    (project / ".foundation.toml").write_text('ignore = ["ALL"]\n')
    (project / "inner").mkdir()
    (project / "inner" / "pyproject.toml").write_text("[tool.ruff]\nline-length = 80\n")
    (project / "inner" / "a.py").write_text(BAD)
    assert found(cli) == []


def test_each_key_has_its_effect(cli, project: Path) -> None:
    (project / "a.py").write_text(BAD)
    (project / "test_a.py").write_text(BAD)
    (project / "old").mkdir()
    (project / "old" / "a.py").write_text(BAD)
    (project / "mild.py").write_text(MILD)
    settings = project / ".foundation.toml"
    settings.write_text(
        'exclude = ["old/"]\nfail-on = "info"\nselect = ["retry_with_backoff"]\n'
        '[per-file-ignores]\n"test_*.py" = ["unknown-parameter"]\n'
        '[severity]\n"retry_with_backoff/single-attempt" = "error"\n'
    )
    assert found(cli) == [
        ("a.py", "retry_with_backoff/unknown-parameter", "error"),
        ("mild.py", "retry_with_backoff/single-attempt", "error"),
    ]
    settings.write_text('patterns = ["circuit_breaker"]\n')
    assert found(cli) == []
    settings.write_text('[severity]\nunknown-parameter = "off"\nsingle-attempt = "off"\n')
    assert found(cli) == []
    settings.write_text('fail-on = "info"\n')
    assert cli("lint", "mild.py").code == 1
    assert cli("lint", "mild.py", "--fail-on", "error").code == 0


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        ("selct = []\n", 1, "selct", "unknown key; did you mean 'select'?"),
        ("\n\nselect = 3\n", 3, "select", "expected a list of codes, got an integer: 3"),
        ('# x\nselect = ["unknown-paramter"]\n', 2, "select", "did you mean 'unknown-parameter'?"),
        ('patterns = ["retry"]\n', 1, "patterns", "unknown pattern 'retry'"),
        ('fail-on = "loud"\n', 1, "fail-on", "expected one of error, warning, info, hint"),
        ('[severity]\nout-of-range = "loud"\n', 2, "severity.out-of-range", "off; got a string: 'loud'"),
        ('[per-file-ignores]\n\n"a.py" = "x"\n', 3, "per-file-ignores.a.py", "expected a list of codes"),
        ("severity = 3\n", 1, "severity", "expected a table, got an integer: 3"),
        ("max-file-size = -1\n", 1, "max-file-size", "expected a positive number of bytes"),
        ("respect-gitignore = 1\n", 1, "respect-gitignore", "expected true or false"),
        ("a = \n", 1, "", "not valid TOML: Invalid value"),
        ('exclude = ["x"\n', 2, "", "not valid TOML: "),
    ],
)
def test_a_mistake_names_its_line_and_key(
    cli, project: Path, text: str, line: int, key: str, message: str
) -> None:
    file = project / ".foundation.toml"
    file.write_text(text)
    (project / "a.py").write_text(GOOD)
    _, problems = read_settings_file(file)
    assert [(p.line, p.key) for p in problems] == [(line, key)]
    assert message in problems[0].message
    ran = cli("lint")
    assert ran.code == 2
    assert f".foundation.toml:{line}:" in ran.err
    pyproject = project / "pyproject.toml"
    file.unlink()
    if not text.startswith(("[", "a =", "exclude")):
        pyproject.write_text(f"[project]\nname = 'x'\n\n[tool.foundation-lsp]\n{text}")
        _, problems = read_settings_file(pyproject)
        assert [(p.line, p.key) for p in problems] == [(line + 4, f"tool.foundation-lsp.{key}")]


def test_every_mistake_is_told_at_once_and_the_rest_counts(project: Path) -> None:
    file = project / ".foundation.toml"
    file.write_text('selct = []\nfail-on = 3\nignore = ["out-of-range"]\n[severity]\nx = "error"\n')
    settings, problems = read_settings_file(file)
    assert [p.line for p in problems] == [1, 2, 5]
    assert settings is not None
    assert settings.ignore == ("out-of-range",)
    assert settings.fail_on is Severity.WARNING


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x00", b"[" * 5000, b"x = 1\n" * 200_000, b""])
def test_content_never_raises(project: Path, content: bytes) -> None:
    file = project / ".foundation.toml"
    file.write_bytes(content)
    settings, problems = read_settings_file(file)
    assert (settings is None) == bool(problems)


def test_settings_with_a_byte_order_mark_and_windows_line_ends(project: Path) -> None:
    file = project / ".foundation.toml"
    file.write_bytes(b'\xef\xbb\xbffail-on = "info"\r\nselct = []\r\n')
    settings, problems = read_settings_file(file)
    assert settings is not None
    assert settings.fail_on is Severity.INFO
    assert [p.line for p in problems] == [2]


def test_forgetting_reads_anew(project: Path) -> None:
    file = project / ".foundation.toml"
    file.write_text('fail-on = "info"\n')
    finder = SettingsFinder()
    assert finder.for_file(project / "a.py").fail_on is Severity.INFO
    file.write_text('fail-on = "error"\n')
    assert finder.for_file(project / "a.py").fail_on is Severity.INFO
    finder.forget()
    assert finder.for_file(project / "a.py").fail_on is Severity.ERROR


def test_a_missing_config_file_is_a_usage_error(cli, project: Path) -> None:
    ran = cli("lint", "--config", "nowhere.toml")
    assert ran.code == 2
    assert "--config nowhere.toml: no such file" in ran.err
