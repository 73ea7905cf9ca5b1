"""Runs the command line: in this process for speed, in its own process where that is what is under test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from foundation_lsp.cli import main

GOOD = "from foundation.resilience import retry\n\n\n@retry(max_attempts=3)\ndef fetch(): ...\n"
BAD = GOOD.replace("max_attempts=3", "max_attemps=3")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of the command line did."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run the command line in this process."""

    def run(*arguments: str | Path) -> Ran:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        sys.stdout.flush()
        captured = capfd.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def process() -> Callable[..., Ran]:
    """Run the command line in a process of its own."""

    def run(
        *arguments: str | Path, stdin: bytes = b"", cwd: Path | None = None, env: dict[str, str] | None = None
    ) -> Ran:
        command: Sequence[str] = [sys.executable, "-m", "foundation_lsp", *map(str, arguments)]
        done = subprocess.run(
            command, input=stdin, capture_output=True, timeout=60, cwd=cwd, env={**os.environ, **(env or {})}
        )
        return Ran(
            done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        )

    return run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory that is the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path
