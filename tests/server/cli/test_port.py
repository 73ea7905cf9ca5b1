"""The port command: what it writes, what it refuses, and the verdict as text, JSON and HTML."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

SOURCE = '''"""Fetching with a retry."""

from foundation.resilience import retry


@retry(max_attempts=3, base_delay=0.5)
def double(value: int) -> int:
    """Twice the value."""
    return value * 2


def triple(value: int) -> int:
    """Three times the value."""
    return value * 3
'''


@pytest.fixture
def source(project: Path) -> Path:
    file = project / "numbers_of_orders.py"
    file.write_text(SOURCE)
    return file


def test_without_a_directory_the_files_are_shown(cli, source: Path) -> None:
    ran = cli("port", source.name, "--to", "go")
    assert ran.code == 0, ran.err
    assert "func Double(" in ran.out
    assert "not verified; --verify compiles and runs it" in ran.out
    assert sorted(p.name for p in source.parent.iterdir()) == [source.name]


def test_files_are_written_and_never_overwritten_unasked(cli, source: Path) -> None:
    ran = cli("port", source, "--to", "go", "--out", "out/deep")
    assert ran.code == 0, ran.err
    written = {p.name: p.read_text() for p in (source.parent / "out" / "deep").iterdir()}
    assert any(name.endswith(".go") for name in written)
    assert all(f"wrote out/deep/{name}" in ran.out for name in written)
    again = cli("port", source, "--to", "go", "--out", "out/deep")
    assert again.code == 2
    assert "exists already; --force overwrites it" in again.err
    assert cli("port", source, "--to", "go", "--out", "out/deep", "--force").code == 0
    assert cli("port", source, "--to", "go", "--out", source).code == 2


def test_a_line_ports_its_definition(cli, source: Path) -> None:
    ran = cli("port", f"{source}:13", "--to", "go")
    assert ran.code == 0, ran.err
    assert "Triple" in ran.out
    assert "Double" not in ran.out


def test_json_holds_files_and_evidence(cli, source: Path) -> None:
    document = json.loads(cli("port", source, "--to", "go", "--report", "json").out)
    assert document["target"] == "go"
    assert document["verdict"] is None
    assert {f["source"] for f in document["functions"]} >= {"double", "triple"}
    assert document["coverage"] == 1.0
    assert document["files"][0]["text"]


def test_html_is_one_page_without_scripts(cli, source: Path) -> None:
    source.write_text(SOURCE.replace("Twice the value.", "Twice <script>alert(1)</script> & more."))
    page = cli("port", source, "--to", "go", "--report", "html").out
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    HTMLParser().feed(page)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.py", "--to", "go"], "nowhere.py: no such file"),
        (["nowhere.py:3", "--to", "go"], "nowhere.py: no such file"),
        (["numbers_of_orders.py:0", "--to", "go"], "lines count from 1"),
        (["numbers_of_orders.py:999", "--to", "go"], "the file has"),
        (["numbers_of_orders.py", "--to", "python"], "is written in python already"),
        (["notes.txt", "--to", "go"], "not a Python, Go, Rust or Ruby file"),
        (["/dev/null", "--to", "go"], "not a regular file"),
        (["latin.py", "--to", "go"], "not valid UTF-8 at byte 2"),
    ],
)
def test_what_cannot_be_ported_says_why(cli, source: Path, arguments: list[str], message: str) -> None:
    (source.parent / "notes.txt").write_text("x")
    (source.parent / "latin.py").write_bytes(b"# \xe9\n")
    ran = cli("port", *arguments)
    assert ran.code == 2
    assert message in ran.err
    assert cli("port", "numbers_of_orders.py").code == 2
    assert cli("port", "numbers_of_orders.py", "--to", "cobol").code == 2


def test_a_syntax_error_is_told_not_raised(cli, source: Path) -> None:
    source.write_text("def broken(:\n")
    ran = cli("port", source, "--to", "go")
    assert ran.code in {0, 2}
    assert "internal error" not in ran.err


def test_strict_fails_on_a_hole(cli, source: Path) -> None:
    source.write_text(SOURCE + "\n\ndef magic(value: int) -> int:\n    return eval('value')\n")
    relaxed = cli("port", source, "--to", "go")
    assert relaxed.code == 0, relaxed.err
    assert "hole numbers_of_orders.py:19" in relaxed.out or "hole " in relaxed.out
    assert cli("port", source, "--to", "go", "--strict").code == 1


@pytest.mark.slow
def test_a_verified_port_tells_its_verdict_and_evidence(cli, source: Path) -> None:
    ran = cli("port", source, "--to", "go", "--verify")
    assert ran.code == 0, ran.out + ran.err
    assert "PASSED with go" in ran.out
    assert "compile" in ran.out
    assert "verifying the go port ..." in ran.err


def test_without_the_toolchain_the_verdict_is_inconclusive(
    cli, source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ran = cli("port", source, "--to", "go", "--verify")
    assert ran.code == 3, ran.out + ran.err
    assert "INCONCLUSIVE" in ran.out


@pytest.mark.slow
def test_verify_compares_a_port_that_was_edited(cli, source: Path) -> None:
    assert cli("port", source, "--to", "go", "--out", "out").code == 0
    (ported,) = [p for p in (source.parent / "out").iterdir() if p.suffix == ".go"]
    good = ported.read_text()
    ran = cli("verify", source, ported)
    assert ran.code == 0, ran.out + ran.err
    assert "* 3" in good
    ported.write_text(good.replace("* 3", "* 4"))
    ran = cli("verify", source, ported)
    assert ran.code == 1, ran.out + ran.err
    assert "failed" in ran.out


def test_verify_says_what_it_cannot_compare(cli, source: Path) -> None:
    (source.parent / "a.go").write_text("package a\n")
    for arguments in (
        [source, "nowhere.go"],
        ["nowhere.py", "a.go"],
        [source, "notes.txt"],
        [source, source],
    ):
        ran = cli("verify", *arguments)
        assert ran.code == 2, ran
        assert ran.err.startswith("foundation-lsp: error: ")
