"""Servers, testees and endpoints for the tests of the shared-memory engine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "shm" / "clients"
LANGUAGES = ("python", "go", "rust", "ruby")


class Testee:
    """A client program of one language, driven by JSON lines; an answer that does not come is a failure."""

    __test__ = False

    def __init__(self, language: str, command: list[str]) -> None:
        self.language = language
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    def send(self, op: str, **fields: Any) -> None:
        stdin = self.process.stdin
        assert stdin is not None
        stdin.write(json.dumps({"op": op, **fields}) + "\n")
        stdin.flush()

    def receive(self, patience: float = 60.0) -> dict[str, Any]:
        stdout = self.process.stdout
        assert stdout is not None
        timer = threading.Timer(patience, self.process.kill)
        timer.start()
        try:
            line = stdout.readline()
        finally:
            timer.cancel()
        assert line, f"the {self.language} testee ended with code {self.process.wait(5)}"
        return json.loads(line)

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        self.send(op, **fields)
        return self.receive()

    def close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)


def build_go(target: Path) -> list[str]:
    """Build the Go testee; a missing toolchain is a failure."""
    go = shutil.which("go") or "/usr/local/go/bin/go"
    subprocess.run([go, "build", "-o", str(target), "./testee"], cwd=CLIENTS / "go", check=True, timeout=600)
    return [str(target)]


def build_rust() -> list[str]:
    """Build the Rust testee with optimisation, as the benchmarks use the same one."""
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / ".cache" / "cargo-target"))
    cargo = shutil.which("cargo") or "cargo"
    subprocess.run(
        [cargo, "build", "--release", "--quiet", "--example", "testee", "-j2"],
        cwd=CLIENTS / "rust",
        check=True,
        timeout=900,
        env={**os.environ, "CARGO_TARGET_DIR": str(folder)},
    )
    return [str(folder / "release" / "examples" / "testee")]


@pytest.fixture(scope="session")
def testee_commands(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """How to start each language's testee; the compiled ones are built first."""
    return {
        "python": [sys.executable, str(Path(__file__).with_name("python_testee.py"))],
        "go": build_go(tmp_path_factory.mktemp("go") / "testee"),
        "rust": build_rust(),
        "ruby": ["ruby", str(CLIENTS / "ruby" / "testee.rb")],
    }


@pytest.fixture
def start_testee(testee_commands: dict[str, list[str]]) -> Iterator[Callable[[str], Testee]]:
    """A function that starts a testee; all of them are ended with the test."""
    started: list[Testee] = []

    def start(language: str) -> Testee:
        testee = Testee(language, testee_commands[language])
        started.append(testee)
        return testee

    yield start
    for testee in started:
        testee.close()


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A socket path in a folder of its own; pytest's own folders are too long for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="fshm-"))
    yield str(folder / "e.sock")
    shutil.rmtree(folder, ignore_errors=True)


class ServerProcess:
    """The torch-free test server in a process of its own."""

    def __init__(self, endpoint: str, *options: str) -> None:
        self.endpoint = endpoint
        self.options = options
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("model_server.py")), self.endpoint, *self.options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line == b"ready\n", (line, process.stderr.read() if process.stderr else b"")
        return process

    def restart(self) -> None:
        """Kill the server without warning and start another at the same endpoint."""
        self.kill()
        self.process = self._start()

    def kill(self) -> None:
        self.process.kill()
        self._end()

    def stop(self) -> int:
        """Ask for a drain and return the exit code."""
        self.process.terminate()
        return self._end()

    def _end(self) -> int:
        code = self.process.wait(20)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code

    def descriptors(self) -> int:
        """How many files the server has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@pytest.fixture
def start_server(endpoint: str) -> Iterator[Callable[..., ServerProcess]]:
    """A function that starts the test server with options; a server that does not end well fails the test."""
    started: list[ServerProcess] = []

    def start(*options: str) -> ServerProcess:
        started.append(ServerProcess(endpoint, *options))
        return started[-1]

    yield start
    codes = [process.stop() for process in started if process.process.poll() is None]
    assert not any(codes), codes


@pytest.fixture
def server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    """A running test server."""
    return start_server()


def wait_until(condition: Callable[[], bool], what: str, patience: float = 20.0) -> None:
    """Poll until something is so; only gives up when it plainly never will be."""
    give_up = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < give_up, f"never: {what}"
        time.sleep(0.01)
