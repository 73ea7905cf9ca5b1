"""What a file system and a careless user can throw at the command line: each gives a message, nothing crashes."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

GOOD = "from foundation.resilience import retry\n\n\n@retry(max_attempts=3)\ndef fetch(): ...\n"
BAD = GOOD.replace("max_attempts=3", "max_attemps=3")
SYNTAX_ERRORS = {
    "a.py": BAD + "\ndef broken(:\n    pass\n",
    "a.go": "package p\n\nfunc broken( {\n\n// @retry(maxAttempts=250)\nfunc F() error { return nil }\n",
    "a.rs": "use foundation::resilience::retry;\nfn broken( {\n}\n\n#[retry(max_attempts = 0)]\nfn f() {}\n",
    "a.rb": "require 'foundation'\ndef broken(\n\nFoundation.retry(max_attempts: 0) { f }\n",
}


def test_a_path_that_does_not_exist(cli, project: Path) -> None:
    (project / "a.py").write_text(GOOD)
    ran = cli("lint", "a.py", "nowhere.py")
    assert ran.code == 2
    assert "nowhere.py: does not exist" in ran.err
    assert "1 file checked" in ran.out


def test_a_dangling_link(cli, project: Path) -> None:
    (project / "a.py").symlink_to("nowhere")
    ran = cli("lint", "a.py")
    assert ran.code == 2
    assert "a.py: is a link to something that does not exist" in ran.err
    assert cli("lint", ".").code == 0


def test_links_in_a_loop_end(cli, project: Path) -> None:
    (project / "inner").mkdir()
    (project / "inner" / "up").symlink_to("..")
    (project / "x.py").symlink_to("y.py")
    (project / "y.py").symlink_to("x.py")
    (project / "a.py").write_text(GOOD)
    assert cli("lint", ".").out == "No findings, 1 file checked\n"
    ran = cli("lint", "x.py")
    assert ran.code == 2
    assert "x.py: cannot be read: Too many levels of symbolic links" in ran.err


def test_a_large_file_is_skipped_with_a_notice(cli, project: Path) -> None:
    (project / "big.py").write_text(BAD + "x = 1\n" * 900_000)
    (project / "small.py").write_text(BAD)
    ran = cli("lint")
    assert ran.code == 1
    assert "skipped big.py: 5,400,0" in ran.err
    assert "max-file-size" in ran.err
    assert "1 error in 1 file" in ran.out
    (project / ".foundation.toml").write_text("max-file-size = 50\n")
    assert "skipped small.py: " in cli("lint").err


def test_binary_files_are_skipped_with_a_notice(cli, project: Path) -> None:
    (project / "a.py").write_bytes(b"\x7fELF\x00\x01" + BAD.encode())
    (project / "b.rb").write_bytes("require 'foundation'\n".encode("utf-16"))
    ran = cli("lint")
    assert ran.code == 0
    assert "skipped a.py: is binary" in ran.err
    assert "skipped b.rb: is binary" in ran.err
    assert cli("lint", "--quiet").err == ""


@pytest.mark.parametrize("name", SYNTAX_ERRORS)
def test_a_syntax_error_hides_nothing_else(cli, project: Path, name: str) -> None:
    (project / name).write_text(SYNTAX_ERRORS[name])
    ran = cli("lint")
    assert ran.code == 1
    assert "1 error in 1 file" in ran.out
    assert ran.err == ""


def test_invalid_utf8_is_checked_as_it_is(cli, project: Path) -> None:
    file = project / "a.py"
    file.write_bytes(b"# caf\xe9 \xff\n" + BAD.encode().replace(b"fetch", b"f\xc3\xa9tch"))
    ran = cli("lint")
    assert "a.py: not valid UTF-8; checked as it is" in ran.err
    assert "a.py:5:8: error" in ran.out
    cli("lint", "--fix")
    assert file.read_bytes() == b"# caf\xe9 \xff\n" + GOOD.encode().replace(b"fetch", b"f\xc3\xa9tch")


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_other_line_ends(cli, project: Path, end: bytes) -> None:
    file = project / "a.py"
    file.write_bytes(BAD.encode().replace(b"\n", end))
    ran = cli("lint")
    assert "a.py:4:8: error" in ran.out
    assert "\n4 | @retry(max_attemps=3)\n" in ran.out
    cli("lint", "--fix")
    assert file.read_bytes() == GOOD.encode().replace(b"\n", end)


def test_a_byte_order_mark_counts_for_no_column(cli, project: Path) -> None:
    file = project / "a.py"
    file.write_bytes(b"\xef\xbb\xbf@retry(max_attempts=3)\ndef f(): ...\n")
    ran = cli("lint")
    assert "a.py:1:2: error: `retry` is not imported" in ran.out
    cli("lint", "--fix")
    assert file.read_bytes().startswith(b"\xef\xbb\xbffrom foundation.resilience import retry\n")
    assert cli("lint").code == 0


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"\r", b"\x0c", b"#"])
def test_files_with_next_to_nothing(cli, project: Path, content: bytes) -> None:
    for name in ("a.py", "a.go", "a.rs", "a.rb"):
        (project / name).write_bytes(content)
    assert cli("lint").out == "No findings, 4 files checked\n"


def test_a_directory_called_like_a_file(cli, project: Path) -> None:
    (project / "x.py").mkdir()
    (project / "x.py" / "y.py").write_text(BAD)
    for path in (".", "x.py"):
        ran = cli("lint", path)
        assert ran.code == 1
        assert "x.py/y.py:4:8" in ran.out


def test_a_pipe_is_never_opened(cli, project: Path) -> None:
    os.mkfifo(project / "a.py")
    ran = cli("lint", ".")
    assert ran.code == 0
    assert "skipped a.py: is not a regular file" in ran.err
    assert cli("lint", "a.py").code == 2


def test_a_file_of_another_language(cli, project: Path) -> None:
    (project / "notes.txt").write_text("@retry")
    ran = cli("lint", "notes.txt")
    assert ran.code == 0
    assert "skipped notes.txt: is not a Python, Go, Rust or Ruby file" in ran.err


def test_unreadable_files_and_directories(cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root reads everything, so the refusal is raised where the kernel would raise it."""
    (project / "locked.py").write_text(BAD)
    (project / "closed").mkdir()
    (project / "a.py").write_text(GOOD)
    open_file, scan = Path.open, os.scandir

    def refuse_file(self: Path, *arguments, **options):
        if self.name == "locked.py":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))
        return open_file(self, *arguments, **options)

    def refuse_directory(path):
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scan(path)

    monkeypatch.setattr(Path, "open", refuse_file)
    monkeypatch.setattr(os, "scandir", refuse_directory)
    ran = cli("lint")
    assert ran.code == 2
    assert "locked.py: cannot be read: Permission denied" in ran.err
    assert "skipped closed: cannot be read: Permission denied" in ran.err


def test_a_file_name_that_is_not_utf8(cli, process, project: Path) -> None:
    (Path(os.fsdecode(os.fsencode(project) + b"/caf\xe9.py"))).write_text(BAD)
    for format_name in ("text", "json", "jsonl", "sarif", "github", "gitlab", "junit"):
        ran = cli("lint", "--format", format_name)
        assert ran.code == 1, ran.err
    assert process("lint", cwd=project, env={"LC_ALL": "C", "PYTHONUTF8": "0"}).code == 1


def test_an_output_without_unicode(process, project: Path) -> None:
    (project / "a.py").write_text(BAD.replace("fetch", "日本"), encoding="utf-8")
    ran = process("lint", cwd=project, env={"PYTHONIOENCODING": "ascii"})
    assert ran.code == 1
    assert "internal" not in ran.err


def test_broken_specs_name_their_file_line_and_key(cli, project: Path) -> None:
    specs = project / ".foundation" / "specs"
    specs.mkdir(parents=True)
    (specs / "broken.yaml").write_text("pattern_id: [\n")
    (specs / "wrong.yaml").write_text("pattern_id: retry_with_backoff\nversion: 1\nsemantic: {}\n")
    (project / "a.py").write_text(BAD)
    ran = cli("lint")
    assert ran.code == 2
    assert ".foundation/specs/broken.yaml:" in ran.err
    assert ".foundation/specs/wrong.yaml:" in ran.err
    assert "1 error in 1 file" in ran.out


def test_a_reader_that_leaves(project: Path) -> None:
    for number in range(40):
        (project / f"m{number}.py").write_text(BAD * 30)
    command = f"{sys.executable} -m foundation_lsp lint | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=project, capture_output=True, timeout=60)
    assert done.returncode == 128 + signal.SIGPIPE
    assert done.stderr == b""
    assert done.stdout.count(b"\n") == 1


def test_an_interrupt_ends_the_run_with_130(project: Path) -> None:
    """The program waits on standard input, as it does when it is started by mistake, and the user presses Ctrl-C."""
    running = subprocess.Popen(
        [sys.executable, "-m", "foundation_lsp", "lint", "-", "--stdin-filename", "x.py"],
        cwd=project,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell's background job, as this suite may be, is started with the signal ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - one thread only.
    )
    try:
        # It is in its read once it sleeps without using processor time.
        status = Path(f"/proc/{running.pid}/wchan")
        deadline = time.monotonic() + 30
        while "pipe" not in status.read_text() and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    finally:
        running.kill()
    assert running.returncode == 130
    assert err == b"foundation-lsp: error: interrupted\n"


def test_a_defect_in_one_file_does_not_hide_the_others(
    cli, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foundation_lsp.cli import lint

    (project / "a.py").write_text(BAD)
    (project / "b.py").write_text(BAD + "# poison\n")
    real = lint.check_tree

    def fragile(tree, *arguments):
        if b"poison" in tree.text:
            raise ZeroDivisionError("seven")
        return real(tree, *arguments)

    monkeypatch.setattr(lint, "check_tree", fragile)
    ran = cli("lint")
    assert ran.code == 2
    assert "b.py: internal error while checking: ZeroDivisionError: seven" in ran.err
    assert "a.py:4:8" in ran.out
