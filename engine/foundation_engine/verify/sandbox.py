"""Run a command out of process: a process group of its own, limits, no shell, no secrets of the environment.

On Linux it changes files in its working directory, in a temporary folder of its own and in the toolchains' caches only.
"""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foundation_engine.verify.confine import Confinement

# Bytes that a recording may have: one of a large file's functions has tens of thousands of calls.
RECORDED = 64 << 20
# Toolchains need where they live, where they cache and where to look; nothing else of the environment is passed on.
_PASSED = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "GOCACHE", "GOMODCACHE", "GOPATH", "GOROOT", "GOFLAGS", "GOPROXY",
    "GOTOOLCHAIN",
    "CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "GEM_HOME", "GEM_PATH", "VIRTUAL_ENV",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one command; `memory` in bytes of address space, 0 for none, because compilers reserve much."""

    seconds: float = 60.0
    cpu_seconds: int = 600
    memory: int = 0
    file_bytes: int = 256 << 20
    output_bytes: int = 4 << 20  # that are read of what it writes, from the beginning


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended. `code` is None when it could not be started; `timed_out` when its group was killed."""

    command: tuple[str, ...]
    code: int | None
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False

    @property
    def text(self) -> str:
        """Everything it wrote, standard error first, for a person to read."""
        return "\n".join(t for t in (self.stderr.strip(), self.stdout.strip()) if t)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment that a command sees."""
    env = {name: os.environ[name] for name in _PASSED if name in os.environ}
    env.update(extra or {})
    return env


def run(
    command: Sequence[str],
    cwd: Path,
    limits: Limits | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> Completed:
    """Run to the end or to the time limit, whichever comes first; the whole process group is gone afterwards.

    The command may change what is below `cwd`, so pass a scratch folder.
    """
    limits = limits or Limits()
    started = time.monotonic()
    program = shutil.which(command[0])
    if program is None:
        return Completed(tuple(command), None, "", f"{command[0]} was not found", 0.0)
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        tempfile.TemporaryDirectory(prefix="foundation-run-", ignore_cleanup_errors=True) as temporary,
    ):
        given = {**environment(env), "TMPDIR": temporary}
        confinement = Confinement([cwd, Path(temporary), *_caches(program, given)])
        try:
            process = subprocess.Popen(
                [program, *command[1:]],
                cwd=cwd,
                env=given,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                start_new_session=True,
                preexec_fn=_limiter(limits, confinement),  # noqa: PLW1509 - it only sets limits, and takes no lock.
            )
        except (OSError, subprocess.SubprocessError) as error:
            return Completed(tuple(command), None, "", str(error), time.monotonic() - started)
        finally:
            confinement.close()
        feeder = threading.Thread(target=_feed, args=(process, stdin), daemon=True)
        feeder.start()
        timed_out = False
        try:
            code: int | None = process.wait(timeout=limits.seconds)
            # The limit on processor time is a limit on time as well.
            timed_out = code == -signal.SIGXCPU
        except subprocess.TimeoutExpired:
            timed_out, code = True, None
        finally:
            _kill_group(process)
        feeder.join(timeout=1.0)
        return Completed(
            tuple(command),
            code,
            _read(out, limits),
            _read(err, limits),
            time.monotonic() - started,
            timed_out,
        )


def _feed(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(text.encode())
        process.stdin.close()
    except OSError:
        # The command ended without reading its input; how it ended is reported by its exit status.
        return


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _caches(program: str, env: Mapping[str, str]) -> list[Path]:
    """Where a toolchain and this program keep what they build: a compiler must be able to write there.

    What the toolchain would make on its first use is made here, because a confined process cannot make it.
    """
    home = Path(env.get("HOME") or Path.home())
    usual: Mapping[str, Mapping[str, Path]] = {
        "go": {"GOCACHE": home / ".cache" / "go-build", "GOMODCACHE": home / "go", "GOPATH": home / "go"},
        "cargo": {"CARGO_HOME": home / ".cargo", "RUSTUP_HOME": home / ".rustup"},
    }
    found = [Path(env.get(name) or place) for name, place in usual.get(Path(program).stem, {}).items()]
    found.append(Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "foundation-lsp")
    if env.get("CARGO_TARGET_DIR"):
        found.append(Path(env["CARGO_TARGET_DIR"]))
    out = [p for p in found if p.is_absolute()]
    for place in out:
        # A folder that cannot be made cannot be written to either, and the toolchain says so better.
        with contextlib.suppress(OSError):
            place.mkdir(parents=True, exist_ok=True)
    return out


def _limiter(limits: Limits, confinement: Confinement) -> Callable[[], None]:
    def apply() -> None:
        confinement.enter()
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 5))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_bytes, limits.file_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if limits.memory:
            resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))

    return apply


def _read(stream: object, limits: Limits) -> str:
    stream.seek(0)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    data: bytes = stream.read(limits.output_bytes)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
    return data.decode("utf-8", "replace")  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
