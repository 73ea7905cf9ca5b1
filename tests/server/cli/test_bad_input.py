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
    (project / "a.py").write_text("x = 1\n")
    assert cli("lint").code == 2, "also where no file has a pattern"
    assert cli("spec", "list").code == 1
    assert cli("spec", "show", "retry_with_backoff").code == 1


def test_a_spec_that_is_a_pipe_is_never_opened(cli, project: Path) -> None:
    os.mkfifo(project / "spec.yaml")
    ran = cli("spec", "validate", "spec.yaml")
    assert (ran.code, "spec.yaml: not a regular file" in ran.err) == (2, True)


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to nothing", "link to itself"])
def test_settings_that_are_no_file(cli, project: Path, kind: str) -> None:
    settings = project / ".foundation.toml"
    match kind:
        case "folder":
            settings.mkdir()
        case "pipe":
            os.mkfifo(settings)
        case "link to nothing":
            settings.symlink_to("nothing")
        case _:
            settings.symlink_to(settings.name)
    (project / "a.py").write_text("def f(n: int) -> int:\n    return n\n")
    for command in (["lint"], ["port", "a.py", "--to", "go"], ["port", ".", "--to", "go"]):
        ran = cli(*command)
        assert (ran.code, ".foundation.toml:1:1: " in ran.err) == (2, True), command


def test_a_mistake_in_the_settings_stops_a_port(cli, project: Path) -> None:
    (project / "a.py").write_text("def f(n: int) -> int:\n    return n\n")
    (project / "a.go").write_text("package a\n\nfunc F(n int) int { return n }\n")
    (project / ".foundation.toml").write_text('go-module = "x\\"\\n"\n')
    for command in (
        ["port", "a.py", "--to", "go"],
        ["port", ".", "--to", "ruby"],
        ["verify", "a.py", "a.go"],
    ):
        ran = cli(*command)
        assert ran.code == 2, command
        assert ".foundation.toml:1:1: go-module: expected a Go module path" in ran.err


def test_options_that_would_be_pasted_into_code(cli, project: Path) -> None:
    (project / "a.py").write_text("def f(n: int) -> int:\n    return n\n")
    for option, value in (("--package", "../evil"), ("--go-module", 'a"b'), ("--trace", " ")):
        ran = cli("port", "a.py", "--to", "go", option, value)
        assert (ran.code, f"{option}" in ran.err, "expected" in ran.err) == (2, True, True), option


def test_a_name_cannot_steer_the_terminal_while_it_is_ported(cli, project: Path) -> None:
    name = "a\x1b[31m[red].py"
    (project / name).write_text("def f(n: int) -> int:\n    return n\n")
    ran = cli("port", name, "--to", "go")
    assert ran.code == 0
    assert "\x1b" not in ran.err
    assert "[red].py" in ran.err


def test_files_that_are_skipped_do_not_count_as_checked(cli, project: Path) -> None:
    (project / "a.py").write_bytes(b"\0")
    assert "0 files checked" in cli("lint", "a.py").out


def test_two_files_of_one_language_are_no_port(cli, project: Path) -> None:
    (project / "a.py").write_text(GOOD)
    ran = cli("verify", "a.py", "a.py")
    assert (ran.code, "both written in python" in ran.err) == (2, True)


def test_a_full_disk_is_no_defect_of_ours(project: Path) -> None:
    (project / "a.py").write_text(BAD)
    command = [sys.executable, "-m", "foundation_lsp"]
    for arguments in (["lint"], ["spec", "list"], ["--version"]):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [*command, *arguments], stdout=full, stderr=subprocess.PIPE, cwd=project, timeout=60
            )
        assert done.returncode == 2, arguments
        assert (
            done.stderr == b"foundation-lsp: error: the output cannot be written: No space left on device\n"
        )


def test_streams_that_are_closed(project: Path) -> None:
    (project / "a.py").write_text(BAD)
    for closed in (">&-", "2>&-", "<&-", ">&- 2>&- <&-"):
        command = f"{sys.executable} -m foundation_lsp lint {closed}"
        done = subprocess.run(["bash", "-c", command], cwd=project, capture_output=True, timeout=60)
        assert done.returncode == 1, (closed, done.stderr)
        assert b"internal" not in done.stderr


def test_a_conformance_report_that_cannot_be_written(cli, project: Path) -> None:
    (project / "taken").write_text("")
    ran = cli(
        "conform", "rate_limiting", "--testee", "me=false", "--report", "json", "--out", "taken/report.json"
    )
    assert (ran.code, "--out taken/report.json: " in ran.err) == (2, True)
    ran = cli("conform", "--cases", "nowhere.yaml")
    assert (ran.code, "nowhere.yaml:1:1: cannot be read: No such file" in ran.err) == (2, True)


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
