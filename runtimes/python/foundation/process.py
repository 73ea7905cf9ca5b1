"""Run a program in a process group of its own, with all of its output and none of its stragglers.

docs/semantics.md, section 12. `subprocess` starts the program; its `communicate` is not used because it
kills the child alone and
waits for ever when a background process keeps a pipe open.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from shutil import which
from typing import Any, cast

from foundation._numbers import nanoseconds
from foundation.clock import Cancellation
from foundation.errors import (
    CancelledError,
    ConfigurationError,
    ProcessError,
    ProcessTimeoutError,
    ValidationError,
)
from foundation.redaction import redact_command

SCRUBBED = frozenset(
    [
        "PATH",
        "HOME",
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_CTYPE",
        "TZ",
        "TMPDIR",
        "USER",
        "LOGNAME",
        "SHELL",
        "TERM",
    ]
)
_CHUNK = 65_536
_SECOND = 1_000_000_000
_DRAIN = _SECOND
_POLL = 20_000_000


class EnvMode(StrEnum):
    """What a child sees of the parent's environment."""

    INHERIT = "inherit"
    REPLACE = "replace"
    SCRUB = "scrub"


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """A process that ended; `exit_code` is 128 + `signal` when a signal ended it."""

    command: tuple[str, ...]
    exit_code: int
    signal: int | None
    stdout_bytes: bytes
    stderr_bytes: bytes

    @property
    def stdout(self) -> str:
        """Standard output as text."""
        return self.stdout_bytes.decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        """Standard error as text."""
        return self.stderr_bytes.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output, without its end; `stream` is `stdout` or `stderr`."""

    stream: str
    text: str


def _environment(env: Mapping[str, str], mode: EnvMode | str) -> dict[str, str]:
    try:
        mode = EnvMode(mode)
    except ValueError:
        raise ConfigurationError(f"env_mode must be one of {', '.join(EnvMode)}, not {mode!r}") from None
    if mode is EnvMode.REPLACE:
        return dict(env)
    if mode is EnvMode.SCRUB:
        return {**{k: v for k, v in os.environ.items() if k in SCRUBBED}, **env}
    return {**os.environ, **env}


class _Child:
    """A running program, its pipes, and the rules for ending it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        timeout: float | timedelta | None,
        check: bool,
        cwd: str | os.PathLike[str] | None,
        env: Mapping[str, str] | None,
        env_mode: EnvMode | str,
        input: str | bytes | None,  # noqa: A002 - the parameter's name in all four languages.
        grace_period: float | timedelta,
        cancellation: Cancellation | None,
        on_signal: Callable[[str], None] | None,
    ) -> None:
        if isinstance(command, str | bytes):
            raise ValidationError(
                f"command must be a list of arguments, not the text {command!r}; no shell is involved"
            )
        self.command = tuple(os.fspath(argument) for argument in command)
        if not self.command or not self.command[0]:
            raise ValidationError("command must name a program")
        if any("\0" in argument for argument in self.command):
            raise ValidationError("an argument of a command must not contain a NUL character")
        if cwd is not None and not Path(cwd).is_dir():
            raise ValidationError(f"cwd must be a directory: {os.fspath(cwd)!r}")
        self.shown = " ".join(redact_command(self.command))
        self.timeout = (
            None if timeout is None else nanoseconds("timeout", timeout, 0, 604_800, above_low=True)
        )
        self.grace = nanoseconds("grace_period", grace_period, 0, 3600)
        self.check = check
        self.cancellation = cancellation
        self._on_signal = on_signal
        self._input = memoryview(input.encode() if isinstance(input, str) else input or b"")
        environment = _environment(env or {}, env_mode)
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.escalated = False
        self._process = self._start(environment, cwd, input is not None)
        self._started = time.monotonic_ns()
        self._selector = selectors.DefaultSelector()
        self._open = 0
        for stream, into in ((self._process.stdout, self.stdout), (self._process.stderr, self.stderr)):
            assert stream is not None  # noqa: S101 - both are pipes.
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ, into)
            self._open += 1
        if self._process.stdin is not None:
            if self._input:
                os.set_blocking(self._process.stdin.fileno(), False)
                self._selector.register(self._process.stdin, selectors.EVENT_WRITE, None)
            else:
                self._process.stdin.close()

    def _start(
        self, environment: dict[str, str], cwd: str | os.PathLike[str] | None, has_input: bool
    ) -> subprocess.Popen[bytes]:
        program = self.command[0]
        found = which(program, path=environment.get("PATH", os.environ.get("PATH", os.defpath)))
        if found is None and "/" not in program:
            raise ProcessError(f"{program}: program not found", command=self.command, exit_code=127)
        # A relative path with a slash is the child's own business: it is relative to `cwd`.
        executable = found if found is not None and "/" not in program else program
        try:
            return subprocess.Popen(
                self.command,
                executable=executable,
                stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env=environment,
                bufsize=0,
                process_group=0,
            )
        except FileNotFoundError:
            message, code = "program not found", 127
        except OSError as error:
            message, code = f"cannot be executed: {error.strerror}", 126
        raise ProcessError(f"{program}: {message}", command=self.command, exit_code=code) from None

    def pump(self, wait: int) -> bool:
        """Move bytes for at most `wait` nanoseconds; whether any were read."""
        read = False
        for key, _ in self._selector.select(max(0, wait) / 1e9):
            if key.data is None:
                self._feed()
                continue
            try:
                chunk = os.read(key.fd, _CHUNK)
            except BlockingIOError:
                continue
            if chunk:
                cast("bytearray", key.data).extend(chunk)
                read = True
            else:
                self._selector.unregister(key.fileobj)
                self._open -= 1
        return read

    def _feed(self) -> None:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - registered only when it is a pipe.
        try:
            self._input = self._input[os.write(stdin.fileno(), self._input) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._input = memoryview(b"")
        if not self._input:
            self._selector.unregister(stdin)
            stdin.close()

    def _ended(self) -> bool:
        return self._process.poll() is not None and self._open == 0

    def run(self, deliver: Callable[[], Iterator[Line]] | None = None) -> Iterator[Line]:
        """Drive the process to its end; yields what `deliver` finds after each move of bytes."""
        exited_at = -1
        last_read = self._started
        while not self._ended():
            now = time.monotonic_ns()
            if self.cancellation is not None and self.cancellation.cancelled:
                self.stop()
                raise CancelledError(f"cancelled while running: {self.shown}")
            if self.timeout is not None and now - self._started >= self.timeout:
                self.stop()
                raise ProcessTimeoutError(
                    f"timed out after {self.timeout / 1e9:g} s: {self.shown}",
                    timeout=self.timeout,
                    escalated=self.escalated,
                    **self._details(),
                )
            if self._process.poll() is not None:
                exited_at = now if exited_at < 0 else exited_at
                if now - max(exited_at, last_read) >= _DRAIN:
                    break
            wait = _POLL if self.timeout is None else min(_POLL, self.timeout - (now - self._started))
            if self._open or self._input:
                if self.pump(wait):
                    last_read = time.monotonic_ns()
            else:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(wait / 1e9)
            if deliver is not None:
                yield from deliver()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def stop(self) -> None:
        """End the group: SIGTERM, the grace period, SIGKILL."""
        if self.grace:
            self._note("TERM")
            self._signal(signal.SIGTERM)
            end = time.monotonic_ns() + self.grace
            while not self._ended() and (left := end - time.monotonic_ns()) > 0:
                if self._open:
                    self.pump(min(left, _POLL))
                else:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self._process.wait(min(left, _POLL) / 1e9)
        if not self._ended():
            self.escalated = True
            self._note("KILL")
        # The leader may be gone while its children live on; the group's number stays theirs.
        self._signal(signal.SIGKILL)
        self._process.wait()
        end = time.monotonic_ns() + _DRAIN
        while self._open and (left := end - time.monotonic_ns()) > 0:
            self.pump(left)

    def _note(self, name: str) -> None:
        if self._on_signal is not None:
            self._on_signal(name)

    def close(self) -> None:
        """Close the pipes; ends the group when the leader is still running."""
        if self._process.poll() is None:
            self.stop()
        self._selector.close()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _details(self) -> dict[str, Any]:
        code = self._process.returncode
        ended_by = -code if code is not None and code < 0 else None
        return {
            "command": self.command,
            "exit_code": code if ended_by is None else 128 + ended_by,
            "signal": ended_by,
            "stdout": bytes(self.stdout),
            "stderr": bytes(self.stderr),
        }

    def result(self) -> ProcessResult:
        """The result, or `ProcessError` when the caller wants a code other than 0 to be an error."""
        details = self._details()
        if self.check and details["exit_code"] != 0:
            how = f"signal {details['signal']}" if details["signal"] else f"exit code {details['exit_code']}"
            tail = bytes(self.stderr[-500:]).decode("utf-8", "replace").strip()
            raise ProcessError(f"{self.shown}: {how}{f': {tail}' if tail else ''}", **details)
        return ProcessResult(
            self.command, details["exit_code"], details["signal"], details["stdout"], details["stderr"]
        )


def run_process(
    command: Sequence[str],
    *,
    timeout: float | timedelta | None = None,
    check: bool = True,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    env_mode: EnvMode | str = EnvMode.INHERIT,
    input: str | bytes | None = None,  # noqa: A002 - the parameter's name in all four languages.
    grace_period: float | timedelta = 5.0,
    cancellation: Cancellation | None = None,
    on_signal: Callable[[str], None] | None = None,
) -> ProcessResult:
    """Run a program to its end and return its output.

    Raises `ProcessError` (not found: exit code 127, not executable: 126, any code but 0 with `check`),
    `ProcessTimeoutError`, `CancelledError`, `ValidationError`.
    """
    child = _Child(
        command,
        timeout=timeout,
        check=check,
        cwd=cwd,
        env=env,
        env_mode=env_mode,
        input=input,
        grace_period=grace_period,
        cancellation=cancellation,
        on_signal=on_signal,
    )
    with contextlib.closing(child):
        for _ in child.run():
            pass
        return child.result()


def stream_process(
    command: Sequence[str],
    *,
    timeout: float | timedelta | None = None,
    check: bool = True,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    env_mode: EnvMode | str = EnvMode.INHERIT,
    input: str | bytes | None = None,  # noqa: A002 - the parameter's name in all four languages.
    grace_period: float | timedelta = 5.0,
    cancellation: Cancellation | None = None,
) -> Iterator[Line]:
    """The lines of a program's output as they come; closing the iterator ends the group. Errors as `run_process`."""
    child = _Child(
        command,
        timeout=timeout,
        check=check,
        cwd=cwd,
        env=env,
        env_mode=env_mode,
        input=input,
        grace_period=grace_period,
        cancellation=cancellation,
        on_signal=None,
    )
    taken = {"stdout": 0, "stderr": 0}

    def line(stream: str, raw: bytes) -> Line:
        return Line(stream, raw.removesuffix(b"\r").decode("utf-8", "replace"))

    def whole_lines() -> Iterator[Line]:
        for stream, buffer in (("stdout", child.stdout), ("stderr", child.stderr)):
            while (end := buffer.find(b"\n", taken[stream])) >= 0:
                start, taken[stream] = taken[stream], end + 1
                yield line(stream, bytes(buffer[start:end]))

    with contextlib.closing(child):
        yield from child.run(whole_lines)
        yield from whole_lines()
        for stream, buffer in (("stdout", child.stdout), ("stderr", child.stderr)):
            if len(buffer) > taken[stream]:
                yield Line(stream, bytes(buffer[taken[stream] :]).decode("utf-8", "replace"))
        child.result()


async def arun_process(command: Sequence[str], **parameters: Any) -> ProcessResult:
    """`run_process` for coroutines: it runs in a thread, and cancelling the task ends the group."""
    cancellation = parameters.pop("cancellation", None) or Cancellation()
    done = threading.Event()

    def run() -> ProcessResult:
        try:
            return run_process(command, cancellation=cancellation, **parameters)
        finally:
            done.set()

    task = asyncio.get_running_loop().run_in_executor(None, run)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        cancellation.cancel()
        with contextlib.suppress(Exception):
            await task
        raise
