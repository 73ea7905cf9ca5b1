"""What a virtual clock cannot show, in each language through its testee: kills in mid-write, readers during writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from random import Random

import pytest
from foundation_engine.conform.toolchain import LANGUAGES, TesteeCommand

SIZE = 300_000
# Interpreters take their time to start; the compiled languages do most of the dying.
KILLS = {"python": 25, "go": 120, "rust": 120, "ruby": 35}


def _request(directory: Path, index: int, *, backup: bool, durable: bool) -> bytes:
    given = {
        "directory": str(directory),
        "path": "state",
        "data_repeat": [str(index % 10), SIZE],
        "backup": backup,
        "durable": durable,
    }
    return json.dumps({"id": str(index), "pattern": "file_operations", "given": given}).encode() + b"\n"


def _start(command: TesteeCommand) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command.command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **command.environment},
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_killed_writers_leave_whole_files(
    language: str, tmp_path: Path, testee_commands: dict[str, TesteeCommand]
) -> None:
    random = Random(3)
    path = tmp_path / "state"
    path.write_text("x" * SIZE)
    interrupted = 0
    for kill in range(KILLS[language]):
        with _start(testee_commands[language]) as writer:
            assert writer.stdin is not None
            assert writer.stdout is not None
            writer.stdin.write(_request(tmp_path, kill, backup=False, durable=False))
            writer.stdin.flush()
            assert json.loads(writer.stdout.readline())["result"]["error"] is None
            requests = [_request(tmp_path, n, backup=n % 2 == 0, durable=n % 3 == 0) for n in range(20)]
            writer.stdin.write(b"".join(requests))
            writer.stdin.flush()
            time.sleep(random.random() * 0.02)
            writer.send_signal(signal.SIGKILL)
            answered = len(writer.stdout.read().splitlines())
            interrupted += answered < len(requests)
        text = path.read_text()
        assert (len(text), len(set(text))) == (SIZE, 1), f"torn after kill {kill}"
        old = tmp_path / "state.bak"
        if old.exists():
            text = old.read_text()
            assert (len(text), len(set(text))) == (SIZE, 1), f"torn backup after kill {kill}"
    # A test in which every kill came too late would prove nothing.
    assert interrupted > KILLS[language] // 2
    left = {p.name for p in tmp_path.iterdir()} - {"state", "state.bak"}
    assert all(name.startswith(".state.") for name in left), left


@pytest.mark.parametrize("language", LANGUAGES)
def test_readers_never_see_a_missing_or_torn_file(
    language: str, tmp_path: Path, testee_commands: dict[str, TesteeCommand]
) -> None:
    path = tmp_path / "state"
    path.write_text("x" * SIZE)
    done = threading.Event()
    wrong: list[str] = []
    reads = [0] * 3

    def read(number: int) -> None:
        while not done.is_set():
            try:
                text = path.read_bytes()
            except FileNotFoundError:
                wrong.append("missing")
                return
            if len(text) != SIZE or text.count(text[:1]) != SIZE:
                wrong.append(f"torn: {len(text)} bytes")
                return
            reads[number] += 1

    readers = [threading.Thread(target=read, args=(n,)) for n in range(3)]
    for reader in readers:
        reader.start()
    with _start(testee_commands[language]) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for index in range(120):
            writer.stdin.write(_request(tmp_path, index, backup=True, durable=index % 20 == 0))
            writer.stdin.flush()
            assert json.loads(writer.stdout.readline())["result"]["error"] is None
        writer.stdin.close()
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert min(reads) > 0
