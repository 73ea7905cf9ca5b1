"""Which files a lint looks at: ignore files at every level, git's own exclusions, and what is named by the user."""

from __future__ import annotations

import json
from pathlib import Path

GOOD = "from foundation.resilience import retry\n\n\n@retry(max_attempts=3)\ndef fetch(): ...\n"
BAD = GOOD.replace("max_attempts=3", "max_attemps=3")


def paths(cli, *arguments: str) -> list[str]:
    ran = cli("lint", "--format", "jsonl", *arguments)
    return [json.loads(line)["path"] for line in ran.out.splitlines()]


def put(root: Path, *names: str) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(BAD)


def test_ignore_files_at_every_level(cli, project: Path) -> None:
    (project / ".git" / "info").mkdir(parents=True)
    (project / ".git" / "info" / "exclude").write_text("excluded.py\n")
    (project / ".gitignore").write_text("build/\n*_gen.py\n/top.py\n")
    put(
        project,
        "a.py",
        "excluded.py",
        "x_gen.py",
        "top.py",
        "build/b.py",
        "sub/top.py",
        "sub/keep_gen.py",
        "sub/skip.py",
    )
    (project / "sub" / ".gitignore").write_text("!keep_gen.py\n")
    (project / "sub" / ".foundationignore").write_text("skip.py\n")
    assert paths(cli) == ["a.py", "sub/keep_gen.py", "sub/top.py"]
    assert len(paths(cli, "--no-ignore")) == 8


def test_ignore_files_above_the_named_directory_count(cli, project: Path) -> None:
    (project / ".git").mkdir()
    (project / ".gitignore").write_text("sub/hidden/\n*_gen.py\n")
    put(project, "sub/a.py", "sub/x_gen.py", "sub/hidden/b.py")
    assert paths(cli, "sub") == ["sub/a.py"]


def test_without_a_repository_nothing_above_counts(cli, project: Path) -> None:
    (project / ".gitignore").write_text("*.py\n")
    put(project, "sub/a.py")
    assert paths(cli, "sub") == ["sub/a.py"]
    assert paths(cli) == []


def test_a_repository_inside_starts_anew(cli, project: Path) -> None:
    (project / ".git").mkdir()
    (project / ".gitignore").write_text("*_gen.py\n")
    put(project, "vendored/x_gen.py", "y_gen.py")
    (project / "vendored" / ".git").mkdir()
    assert paths(cli) == ["vendored/x_gen.py"]


def test_a_file_that_is_named_is_checked_anyway(cli, project: Path) -> None:
    (project / ".git").mkdir()
    (project / ".gitignore").write_text("*.py\n")
    put(project, "a.py")
    assert paths(cli, "a.py") == ["a.py"]


def test_settings_can_turn_ignore_files_off(cli, project: Path) -> None:
    (project / ".git").mkdir()
    (project / ".gitignore").write_text("*.py\n")
    (project / ".foundation.toml").write_text("respect-gitignore = false\n")
    put(project, "a.py")
    assert paths(cli) == ["a.py"]


def test_other_peoples_code_is_passed_over(cli, project: Path) -> None:
    put(project, "node_modules/a.py", ".venv/lib/b.py", "__pycache__/c.py", ".git/hooks/d.py", "e.py")
    assert paths(cli) == ["e.py"]
    assert paths(cli, "node_modules") == ["node_modules/a.py"]


def test_each_file_once_in_a_fixed_order(cli, project: Path) -> None:
    put(project, "b/z.py", "b/a.py", "a.py", "c.py")
    assert paths(cli, ".", "b", "b/a.py") == ["a.py", "c.py", "b/a.py", "b/z.py"]
    assert paths(cli, "c.py", ".") == ["c.py", "a.py", "b/a.py", "b/z.py"]


def test_paths_outside_the_working_directory_are_shown_absolute(cli, project: Path, monkeypatch) -> None:
    put(project, "a.py")
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")
    assert paths(cli, "..") == [f"{project}/a.py"]


def test_five_thousand_paths_as_arguments(cli, project: Path) -> None:
    names = [f"m{number}.py" for number in range(5000)]
    for name in names:
        (project / name).write_text("x = 1\n")
    assert cli("lint", *names).out == "No findings, 5000 files checked\n"
