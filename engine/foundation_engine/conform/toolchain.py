"""How the testee of each language is built and started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from foundation_engine.conform.testee import Testee

INSTALL = {
    "python": "install Python 3.11 or later",
    "go": "install Go 1.22 or later: https://go.dev/dl, or `apt install golang-go`",
    "rust": "install Rust: https://rustup.rs",
    "ruby": "install Ruby 3.1 or later: `apt install ruby`",
}
LANGUAGES = ("python", "go", "rust", "ruby")

_PROGRAMS = {"go": "go", "rust": "cargo", "ruby": "ruby"}


class ToolchainError(Exception):
    """A testee cannot be made here; the message says what is missing and how to get it."""


@dataclass(frozen=True, slots=True)
class TesteeCommand:
    """How to start a testee."""

    __test__: ClassVar[bool] = False  # pytest must not collect it for its name.

    language: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    def start(self, timeout: float = 60.0) -> Testee:
        """The testee; its process starts with the first request."""
        return Testee(self.language, self.command, environment=self.environment, timeout=timeout)


def find_runtimes() -> Path | None:
    """The folder with the four runtimes: beside this source tree, or packaged with the tool.

    The working directory is not looked at: a testee is run, and a checkout must not be able to bring its own.
    """
    for folder in Path(__file__).resolve().parents:
        if (folder / "runtimes" / "python" / "testee.py").is_file():
            return folder / "runtimes"
    return None


def _program(language: str) -> str:
    name = _PROGRAMS[language]
    found = shutil.which(name)
    if found is None and language == "go" and Path("/usr/local/go/bin/go").is_file():
        return "/usr/local/go/bin/go"
    if found is None:
        raise ToolchainError(f"{name} is not on PATH; {INSTALL[language]}")
    return found


def _build(language: str, command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=900,
        check=False,
    )
    if done.returncode != 0:
        tail = done.stdout[-3000:].decode("utf-8", "replace")
        raise ToolchainError(f"the {language} testee does not build:\n{tail}")


def prepare(language: str, runtimes: Path, cache: Path) -> TesteeCommand:
    """Build what has to be built, into `cache`, and say how to start it; raises `ToolchainError`."""
    folder = runtimes / language
    expected = {"go": "cmd/testee", "rust": "Cargo.toml", "ruby": "testee.rb", "python": "testee.py"}[
        language
    ]
    if not (folder / expected).exists():
        raise ToolchainError(f"{folder / expected} is missing")
    if language == "python":
        path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH", ""))))
        return TesteeCommand(language, [sys.executable, str(folder / "testee.py")], {"PYTHONPATH": path})
    program = _program(language)
    if language == "ruby":
        return TesteeCommand(language, [program, str(folder / "testee.rb")])
    cache.mkdir(parents=True, exist_ok=True)
    if language == "go":
        # go build does nothing when nothing changed: its own cache decides.
        binary = cache / "go" / _name_of(folder) / "testee"
        binary.parent.mkdir(parents=True, exist_ok=True)
        _build(language, [program, "build", "-o", str(binary), "./cmd/testee"], folder, {})
        return TesteeCommand(language, [str(binary)])
    own = cache / "rust" / _name_of(folder)
    target = Path(os.environ.get("CARGO_TARGET_DIR") or own)
    environment = {"CARGO_TARGET_DIR": str(target)}
    _build(language, [program, "build", "--quiet", "--bin", "testee"], folder, environment)
    own.mkdir(parents=True, exist_ok=True)
    # A shared target folder holds the binary of whichever checkout was built last.
    binary = own / "testee"
    partial = own / f"testee.{os.getpid()}"
    shutil.copy2(target / "debug" / "testee", partial)
    partial.replace(binary)
    return TesteeCommand(language, [str(binary)])


def _name_of(folder: Path) -> str:
    """A short name for a source folder, so that two checkouts do not share one binary."""
    import hashlib

    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]


def default_cache(runtimes: Path) -> Path:
    """Where testees are built: `.cache/conform` beside the runtimes, else the user's cache."""
    beside = runtimes.parent / ".cache"
    if os.access(runtimes.parent, os.W_OK):
        return beside / "conform"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "foundation-lsp" / "conform"
