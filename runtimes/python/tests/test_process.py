"""Processes from coroutines, consumers that stop early, cancellation, and what errors show."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from foundation import (
    Cancellation,
    CancelledError,
    ConfigurationError,
    ProcessError,
    ProcessTimeoutError,
    ValidationError,
    arun_process,
    run_process,
    stream_process,
)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + 10
    while alive(pid):
        assert time.monotonic() < end, f"process {pid} is still alive"
        time.sleep(0.01)


def wait_for(path: Path) -> int:
    end = time.monotonic() + 20
    while not path.exists() or not path.read_text().strip():
        assert time.monotonic() < end
        time.sleep(0.01)
    return int(path.read_text())


def test_coroutine() -> None:
    assert asyncio.run(arun_process(["echo", "hi"])).stdout == "hi\n"


def test_cancelling_the_task_ends_the_group(tmp_path: Path) -> None:
    async def main() -> None:
        command = ["sh", "-c", "sleep 60 & echo $! > pid; wait"]
        task = asyncio.create_task(arun_process(command, cwd=tmp_path))
        pid = await asyncio.to_thread(wait_for, tmp_path / "pid")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        wait_until_gone(pid)

    asyncio.run(main())


def test_cancellation(tmp_path: Path) -> None:
    cancellation = Cancellation()
    threading.Timer(0.2, cancellation.cancel).start()
    with pytest.raises(CancelledError):
        run_process(["sleep", "60"], cancellation=cancellation)


def test_a_consumer_that_stops_early_ends_the_group(tmp_path: Path) -> None:
    script = "echo $$ > pid; while :; do echo line; sleep 0.01; done"
    with closing(stream_process(["sh", "-c", script], cwd=tmp_path)) as lines:
        assert next(lines).text == "line"
    wait_until_gone(wait_for(tmp_path / "pid"))


def test_lines_come_while_the_process_runs(tmp_path: Path) -> None:
    script = "echo first; while [ ! -e go ]; do sleep 0.01; done; echo second"
    lines = stream_process(["sh", "-c", script], cwd=tmp_path, timeout=30)
    assert next(lines).text == "first"
    (tmp_path / "go").touch()
    assert [line.text for line in lines] == ["second"]


def test_stream_raises_after_the_last_line() -> None:
    lines = stream_process(["sh", "-c", "echo a; exit 2"])
    assert next(lines).text == "a"
    with pytest.raises(ProcessError, match="exit code 2"):
        next(lines)


def test_errors_show_no_secrets() -> None:
    with pytest.raises(ProcessError) as caught:
        run_process(["sh", "-c", "echo why >&2; exit 1", "x", "--password=hunter2"])
    assert "hunter2" not in str(caught.value)
    assert "why" in str(caught.value)
    assert caught.value.command[-1] == "--password=hunter2"
    assert (caught.value.stdout, caught.value.stderr) == ("", "why\n")


def test_time_out_says_how_long() -> None:
    with pytest.raises(ProcessTimeoutError, match=r"after 0\.2 s") as caught:
        run_process(["sleep", "60"], timeout=0.2)
    assert caught.value.timeout == 200_000_000


@pytest.mark.parametrize("bad", ["ls -l", [], [""], ["a\0b"]])
def test_commands_that_are_none(bad: object) -> None:
    with pytest.raises(ValidationError):
        run_process(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [{"env_mode": "clean"}, {"timeout": 0}, {"grace_period": -1}])
def test_parameters_that_are_none(bad: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        run_process(["true"], **bad)  # type: ignore[arg-type]


def test_a_script_without_shebang_cannot_be_executed(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"\x00\x01binary")
    script.chmod(0o755)
    with pytest.raises(ProcessError) as caught:
        run_process([str(script)])
    assert caught.value.exit_code == 126


def test_bytes_in_and_out() -> None:
    data = os.urandom(100_000)
    assert run_process(["cat"], input=data).stdout_bytes == data


def test_a_process_that_forks_and_writes_to_both_pipes() -> None:
    script = "for i in 1 2 3 4; do (head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2) & done; wait"
    result = run_process(["sh", "-c", script], timeout=60)
    assert (len(result.stdout_bytes), len(result.stderr_bytes)) == (1_200_000, 1_200_000)


def test_closed_pipes_of_a_running_process() -> None:
    assert run_process(["sh", "-c", "exec >&- 2>&-; sleep 0.2; exit 0"]).exit_code == 0
    with pytest.raises(ProcessTimeoutError):
        run_process(
            ["sh", "-c", "exec >&- 2>&-; trap '' TERM; sleep 5; sleep 5"], timeout=0.2, grace_period=0.2
        )
