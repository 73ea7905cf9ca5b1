"""The world around a case: an HTTP server with a script, a directory with files, processes to look for afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import socketserver
import struct
import tempfile
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from foundation_engine.conform.cases import WORLD_KEYS, Case


@dataclass(slots=True)
class _Script:
    """The answers that one case wants, and the requests it received."""

    answers: Sequence[Mapping[str, Any]]
    record_headers: Sequence[str]
    base: str = ""
    other: str = ""
    requests: list[str] = field(default_factory=list[str])
    lock: threading.Lock = field(default_factory=threading.Lock)


class ScriptedServer:
    """A local HTTP server on two ports; each case has a path of its own and a script of answers.

    An answer is `{status, headers, body}`, or has one of: `drop` (the connection is closed without an
    answer), `reset` (closed with
    RST), `stall` (seconds of silence before), `truncate` (bytes of the body to send before closing), `drip`
    (seconds between
    bytes of the body). In header values `{base}` and `{other}` stand for the case's URL on the first and the
    second port. The
    last answer repeats. One connection carries one request, so that no library repeats a request behind the
    caller's back.
    """

    def __init__(self) -> None:
        self._scripts: dict[str, _Script] = {}
        self._servers = [_Server(self), _Server(self)]
        self._number = 0
        self._lock = threading.Lock()
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def add(
        self, answers: Sequence[Mapping[str, Any]], record_headers: Sequence[str] = ()
    ) -> tuple[str, _Script]:
        """A base URL that answers with this script, and the script that collects its requests."""
        with self._lock:
            self._number += 1
            token = f"c{self._number}"
        script = _Script(answers, [name.lower() for name in record_headers])
        script.base, script.other = (
            f"http://127.0.0.1:{server.server_address[1]}/{token}" for server in self._servers
        )
        self._scripts[token] = script
        return script.base, script

    def script(self, token: str) -> _Script | None:
        """The script behind a path's first part."""
        return self._scripts.get(token)

    def close(self) -> None:
        """Stop both ports."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, owner: ScriptedServer) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in mid-answer is part of the scenario."""


class _Handler(socketserver.StreamRequestHandler):
    timeout = 30

    def handle(self) -> None:
        line = self.rfile.readline().decode("latin-1").split()
        if len(line) < 3:
            return
        headers: dict[str, str] = {}
        while (header := self.rfile.readline().decode("latin-1").strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = self._body(headers)
        token, _, rest = line[1].lstrip("/").partition("/")
        server = cast("_Server", self.server)
        script = server.owner.script(token)
        if script is None:
            self.wfile.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        port = "other " if script.other.startswith(f"http://127.0.0.1:{server.server_address[1]}/") else ""
        shown = f"{port}{line[0]} /{rest}"
        for name in script.record_headers:
            shown += f" {name}={headers.get(name, '-')}"
        if body:
            shown += f" body={body.decode('utf-8', 'replace')}"
        with script.lock:
            answer = script.answers[min(len(script.requests), len(script.answers) - 1)]
            script.requests.append(shown)
        self._answer(line[0], answer, script)

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            chunks: list[bytes] = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(headers.get("content-length", "0")))

    def _answer(self, method: str, answer: Mapping[str, Any], script: _Script) -> None:
        if "stall" in answer:
            time.sleep(answer["stall"])
        if answer.get("reset"):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        if answer.get("drop"):
            return
        body = str(answer.get("body", "")).encode()
        status = answer.get("status", 200)
        lines = [f"HTTP/1.1 {status} Scripted", "Connection: close", f"Content-Length: {len(body)}"]
        for name, value in cast("Mapping[str, str]", answer.get("headers", {})).items():
            lines.append(
                f"{name}: {str(value).replace('{base}', script.base).replace('{other}', script.other)}"
            )
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        if method == "HEAD" or status in (204, 304):
            return
        body = body[: answer.get("truncate", len(body))]
        if "drip" in answer:
            for index in range(len(body)):
                self.wfile.write(body[index : index + 1])
                self.wfile.flush()
                time.sleep(answer["drip"])
        else:
            self.wfile.write(body)


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return cast("int", probe.getsockname()[1])


def _fill(directory: Path, files: Mapping[str, Any]) -> None:
    for name, about in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if "link" in about:
            path.symlink_to(about["link"])
        elif about.get("directory"):
            path.mkdir()
        else:
            path.write_text(about.get("data", ""), encoding="utf-8")
            path.chmod(int(about.get("mode", "644"), 8))


def _listing(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink():
            found[name] = {"link": path.readlink().as_posix()}
        elif path.is_dir():
            found[name] = {"directory": True}
        else:
            data = path.read_text(encoding="utf-8")
            shown: dict[str, Any] = {"data": data} if len(data) <= 1000 else {"length": len(data)}
            found[name] = {**shown, "mode": f"{path.stat().st_mode & 0o7777:o}"}
    return found


def _alive(directory: Path) -> int:
    """How many of the processes that a case noted in `pids` are still there after a moment of mercy."""
    file = directory / "pids"
    pids = [int(word) for word in file.read_text().split()] if file.exists() else []
    end = time.monotonic() + 2
    while True:
        alive = [pid for pid in pids if _is_running(pid)]
        if not alive or time.monotonic() >= end:
            return len(alive)
        time.sleep(0.02)


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in ("Z", "X")


@contextmanager
def world_of(case: Case, server: ScriptedServer) -> Generator[tuple[dict[str, Any], dict[str, Any]]]:
    """What to send for a case, and a mapping that holds what was observed once the block has ended.

    `here` in that mapping is the case's directory, which differs from run to run.
    """
    given = {key: value for key, value in case.given.items() if key not in WORLD_KEYS}
    observed: dict[str, Any] = {}
    script: _Script | None = None
    directory: Path | None = None
    if case.pattern_id in ("process_execution", "file_operations", "configuration"):
        directory = Path(os.path.realpath(tempfile.mkdtemp(prefix="conform-")))
    try:
        if directory is not None:
            _fill(directory, case.given.get("files", {}))
            given = cast("dict[str, Any]", _placed(given, str(directory)))
            if case.pattern_id == "configuration":
                for entry in given.get("file_contents", []):
                    path = directory / entry["path"]
                    if "content" in entry:
                        path.write_text(entry["content"], encoding="utf-8")
                    entry["path"] = str(path)
            else:
                given["directory"] = str(directory)
        if case.pattern_id == "http_client":
            base, script = server.add(case.given.get("server", [{}]), case.given.get("record_headers", ()))
            if case.given.get("refused"):
                base = f"http://127.0.0.1:{closed_port()}"
            given = cast("dict[str, Any]", _placed(given, base))
            given.setdefault("base_url", base)
        yield given, observed
        if script is not None:
            observed["requests"] = list(script.requests)
        if directory is not None and case.pattern_id == "file_operations":
            observed["files"] = _listing(directory)
        if directory is not None and case.given.get("watch_pids"):
            observed["survivors"] = _alive(directory)
        if directory is not None:
            observed["here"] = str(directory)
    finally:
        if directory is not None:
            shutil.rmtree(directory, ignore_errors=True)


def _placed(value: Any, place: str) -> Any:
    """The value with `{here}` in every text replaced by the directory or URL of the case."""
    if isinstance(value, str):
        return value.replace("{here}", place)
    if isinstance(value, list):
        return [_placed(item, place) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _placed(item, place) for key, item in cast("dict[str, Any]", value).items()}
    return value
