"""A plain client that speaks the protocol over a real server process's pipes, message by message."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CAPS = Path(__file__).parent / "caps"
# The console script, as an editor runs it; `python -m` would put the workspace on the import path.
SERVER = [str(Path(sys.executable).with_name("foundation-lsp")), "--stdio"]
PATIENCE = 60.0


def capabilities(name: str) -> dict[str, Any]:
    """What a real editor said about itself in `initialize`."""
    return json.loads((CAPS / f"{name}.json").read_text())["capabilities"]


class Talk:
    """One conversation. Whatever arrives while an answer is awaited is kept in `seen`, in order."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.seen: list[dict[str, Any]] = []
        self.answers: dict[str, Any] = {"workspace/configuration": [None]}
        self.process = subprocess.Popen(
            SERVER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={**os.environ, "FOUNDATION_LSP_RAISE_BUGS": "1", **environment},
        )
        self._arrived: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._next = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        out = self.process.stdout
        while header := out.readline():
            name, _, value = header.partition(b":")
            assert name == b"Content-Length", header
            assert out.readline() == b"\r\n"
            self._arrived.put(json.loads(out.read(int(value))))
        self._arrived.put(None)

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: Any) -> None:
        body = json.dumps(message).encode()
        self.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: Any = None) -> int:
        """Send a request and do not wait."""
        self._next += 1
        self.send({"jsonrpc": "2.0", "id": self._next, "method": method, "params": params})
        return self._next

    def request(self, method: str, params: Any = None) -> Any:
        """The result of a request; an error fails the test."""
        answer = self.answer(self.ask(method, params))
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def error(self, method: str, params: Any = None) -> dict[str, Any]:
        """The error that answers a request."""
        return self.answer(self.ask(method, params))["error"]

    def answer(self, number: int | None) -> dict[str, Any]:
        return self.until(lambda m: "method" not in m and m.get("id") == number)

    def until(self, wanted: Callable[[dict[str, Any]], bool], patience: float = PATIENCE) -> dict[str, Any]:
        """The next message that is wanted; requests of the server are answered meanwhile."""
        deadline = time.monotonic() + patience
        while True:
            message = self._arrived.get(timeout=max(deadline - time.monotonic(), 0.01))
            assert message is not None, "the server ended"
            if "method" in message and "id" in message:
                self.send(
                    {"jsonrpc": "2.0", "id": message["id"], "result": self.answers.get(message["method"])}
                )
            self.seen.append(message)
            if message.get("method") == "window/logMessage":
                assert message["params"]["type"] != 1, message["params"]["message"]
            if wanted(message):
                return message

    def diagnostics(self, uri: str, version: int | None = None) -> list[dict[str, Any]]:
        """The next diagnostics that are pushed for a document, or those for a version."""
        return self.until(
            lambda m: (
                m.get("method") == "textDocument/publishDiagnostics"
                and m["params"]["uri"] == uri
                and (version is None or m["params"].get("version") == version)
            )
        )["params"]["diagnostics"]

    def pushed(self, uri: str) -> list[dict[str, Any]]:
        """Every push for a document so far."""
        published = [m["params"] for m in self.seen if m.get("method") == "textDocument/publishDiagnostics"]
        return [p for p in published if p["uri"] == uri]

    def initialize(self, caps: dict[str, Any] | str | None = None, **more: Any) -> dict[str, Any]:
        found = capabilities(caps) if isinstance(caps, str) else (caps or {})
        folder = {"uri": self.folder.as_uri(), "name": "ws"}
        result = self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": folder["uri"],
                "workspaceFolders": [folder],
                "capabilities": found,
                **more,
            },
        )
        self.notify("initialized", {})
        return result

    def open(self, name: str, text: str, language: str = "python", version: int = 1) -> str:
        uri = (self.folder / name).as_uri()
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def change(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})

    def at(self, uri: str, line: int, character: int) -> dict[str, Any]:
        return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}

    def leave(self) -> int:
        """Shut down as the protocol says; the exit code."""
        self.request("shutdown")
        self.notify("exit")
        return self.process.wait(PATIENCE)

    def stderr(self) -> bytes:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    """A server process; one that is still there at the end must leave politely and have kept quiet."""
    conversation = Talk(tmp_path)
    try:
        yield conversation
        if conversation.process.poll() is None:
            assert conversation.leave() == 0
        assert conversation.stderr() == b""
    finally:
        conversation.close()


@pytest.fixture
def new_talk(tmp_path: Path) -> Iterator[Callable[..., Talk]]:
    """Makes server processes that are killed at the end."""
    made: list[Talk] = []

    def make(**environment: str) -> Talk:
        made.append(Talk(tmp_path, **environment))
        return made[-1]

    yield make
    for conversation in made:
        conversation.close()


@pytest.fixture(scope="module")
def shared_talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    """One initialised server for questions that leave no trace."""
    conversation = Talk(tmp_path_factory.mktemp("shared"))
    try:
        conversation.initialize("vscode1.139")
        yield conversation
        assert conversation.leave() == 0
        assert conversation.stderr() == b""
    finally:
        conversation.close()
