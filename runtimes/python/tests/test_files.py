"""Kills in mid-write, readers during writes, and the block form."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random

import pytest
from foundation import AtomicFile, ConfigurationError, atomic_write
from foundation.files import Steps


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_block_form(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with AtomicFile(path, mode=0o600) as file:
        json.dump({"a": "é\r\n"}, file, ensure_ascii=False)
        assert not path.exists()
    assert json.loads(path.read_text()) == {"a": "é\r\n"}
    with AtomicFile(path, binary=True) as file:
        file.write(b"\xff")
    assert path.read_bytes() == b"\xff"
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["a.json"]


def test_a_block_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(KeyError), AtomicFile(path) as file:
        file.write("new")
        raise KeyError
    assert (path.read_text(), names(tmp_path)) == ("old", ["a"])

    class Full(Steps):
        def fsync(self, descriptor: int) -> None:  # noqa: ARG002 - an override.
            raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"), AtomicFile(path, steps=Full()) as file:
        file.write("new")
    assert (path.read_text(), names(tmp_path)) == ("old", ["a"])


def test_a_backup_that_is_the_same_file_already(tmp_path: Path) -> None:
    # A write that failed after its backup leaves two names of one file, and renaming one over the other does nothing.
    path = tmp_path / "a"
    path.write_text("old")
    os.link(path, tmp_path / "a.bak")
    atomic_write(path, "new", backup=True)
    assert (path.read_text(), (tmp_path / "a.bak").read_text()) == ("new", "old")
    assert names(tmp_path) == ["a", "a.bak"]


def test_a_full_disk(tmp_path: Path) -> None:
    # /dev/full answers every write with ENOSPC.
    path = tmp_path / "a"
    path.write_text("old")

    class OnFullDisk(Steps):
        def write(self, descriptor: int, data: bytes) -> None:  # noqa: ARG002 - an override.
            full = os.open("/dev/full", os.O_WRONLY)
            try:
                super().write(full, data)
            finally:
                os.close(full)

    with pytest.raises(OSError, match="No space") as caught:
        atomic_write(path, "new", steps=OnFullDisk())
    assert caught.value.errno == errno.ENOSPC
    assert (path.read_text(), names(tmp_path)) == ("old", ["a"])


def test_misuse(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        atomic_write(tmp_path / "a", 7)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        atomic_write(tmp_path / "a", "x", mode=0o10000)
    assert names(tmp_path) == []


def test_readers_see_whole_contents_only(tmp_path: Path) -> None:
    path = tmp_path / "a"
    atomic_write(path, "0" * 20_000)
    done = threading.Event()
    wrong: list[str] = []
    reads = [0, 0, 0, 0]

    def read(number: int) -> None:
        while not done.is_set():
            try:
                text = path.read_text()
            except FileNotFoundError:
                wrong.append("missing")
                return
            if len(text) != 20_000 or len(set(text)) != 1:
                wrong.append(f"torn: {len(text)}")
                return
            reads[number] += 1

    threads = [threading.Thread(target=read, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for index in range(300):
        atomic_write(path, str(index % 10) * 20_000, backup=True, durable=index % 10 == 0)
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert min(reads) > 0


_WRITER = """
import sys
from foundation.files import atomic_write
index = 0
while True:
    index += 1
    atomic_write(sys.argv[1], str(index % 10) * 400_000, backup=index % 2 == 0)
    if index == 1:
        print("ready", flush=True)
"""


def test_killed_writers_leave_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "a"
    random = Random(7)
    atomic_write(path, "x" * 400_000)
    for _ in range(40):
        with subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(random.random() * 0.01)
            writer.send_signal(signal.SIGKILL)
        text = path.read_text()
        assert (len(text), len(set(text))) == (400_000, 1)
    left = {p.name for p in tmp_path.iterdir()} - {"a", "a.bak"}
    assert all(name.startswith(".a.") for name in left)
