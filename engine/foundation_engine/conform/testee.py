"""A testee as a child process that answers JSON lines (docs/semantics.md, section 14)."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, cast


class TesteeError(Exception):
    """A testee died, was silent for too long, or answered something that is not an answer."""

    __test__ = False  # pytest must not collect it for its name.


@dataclass(frozen=True, slots=True)
class Answer:
    """What a testee said about one case; exactly one of `result`, `skipped` and `error` is set."""

    trace: tuple[str, ...] = ()
    result: Mapping[str, Any] | None = None
    skipped: str | None = None
    error: str | None = None
    observed: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Testee:
    """One running testee; it is started again after it died."""

    __test__ = False  # pytest must not collect it for its name.

    def __init__(
        self,
        language: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 60.0,
    ) -> None:
        self.language = language
        self._command = list(command)
        self._environment = {**os.environ, **(environment or {})}
        self._cwd = cwd
        self._timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self._errors: list[bytes] = []
        self._number = 0

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._cwd,
                env=self._environment,
                umask=0o022,
                start_new_session=True,
            )
        except OSError as error:
            raise TesteeError(f"cannot start {' '.join(self._command)}: {error.strerror}") from None
        self._lines = queue.Queue()
        self._errors = []
        threading.Thread(target=_read, args=(process.stdout, self._lines), daemon=True).start()
        threading.Thread(target=_keep_tail, args=(process.stderr, self._errors), daemon=True).start()
        self._process = process
        return process

    def ask(self, pattern: str, given: Mapping[str, Any]) -> Answer:
        """Send one request and wait for its answer; raises `TesteeError`."""
        process = self._process or self._start()
        self._number += 1
        request_id = str(self._number)
        line = json.dumps({"id": request_id, "pattern": pattern, "given": given}, ensure_ascii=False)
        assert process.stdin is not None  # noqa: S101 - it is a pipe.
        try:
            process.stdin.write(line.encode("utf-8", "surrogatepass") + b"\n")
            process.stdin.flush()
            reply = self._lines.get(timeout=self._timeout)
        except queue.Empty:
            self.close()
            raise TesteeError(f"no answer within {self._timeout:g} s") from None
        except OSError:
            reply = None
        if reply is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            tail = b"".join(self._errors)[-2000:].decode("utf-8", "replace").strip()
            code = process.returncode
            self.close()
            raise TesteeError(f"the testee died (exit code {code}){': ' + tail if tail else ''}")
        return _parsed(reply, request_id)

    def close(self) -> None:
        """End the testee and what it left behind."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def __enter__(self) -> Testee:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _read(stream: Any, lines: queue.Queue[bytes | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _keep_tail(stream: Any, chunks: list[bytes]) -> None:
    for line in stream:
        chunks.append(line)
        del chunks[:-100]


def _parsed(reply: bytes, request_id: str) -> Answer:
    try:
        loaded: Any = json.loads(reply)
    except ValueError:
        raise TesteeError(f"not a JSON line: {reply[:200]!r}") from None
    if not isinstance(loaded, dict):
        raise TesteeError(f"not a JSON object: {reply[:200]!r}")
    answer = cast("dict[str, Any]", loaded)
    if answer.get("id") != request_id:
        raise TesteeError(f"answered id {answer.get('id')!r}, expected {request_id!r}")
    if "skipped" in answer:
        return Answer(skipped=str(answer["skipped"]))
    if "error" in answer:
        return Answer(error=str(answer["error"]))
    result, trace = answer.get("result"), answer.get("trace")
    if not isinstance(result, dict) or not isinstance(trace, list):
        raise TesteeError(f"an answer needs `trace` (a list) and `result` (an object): {reply[:200]!r}")
    lines = cast("list[Any]", trace)
    if not all(isinstance(line, str) for line in lines):
        raise TesteeError("every event of a trace must be a string")
    return Answer(trace=tuple(lines), result=cast("dict[str, Any]", result))
