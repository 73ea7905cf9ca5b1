"""Replace a file so that a reader sees the old content or the new one, whole (docs/semantics.md, section 13)."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import IO

from foundation._numbers import count

Trace = Callable[[str], None]


class Steps:
    """The system calls behind one write, in order; a test replaces a method to see it fail, or listens to
    `on_event`."""

    def __init__(self, on_event: Trace | None = None) -> None:
        self._on_event = on_event

    @contextlib.contextmanager
    def event(self, name: str) -> Generator[None]:
        """Report the step; one that fails is reported with the errno's name."""
        try:
            yield
        except OSError as error:
            self.report(f"{name} {errno.errorcode.get(error.errno or 0, 'EIO')}")
            raise
        self.report(name)

    def report(self, event: str) -> None:
        """Tell the listener."""
        if self._on_event is not None:
            self._on_event(event)

    def mkdir(self, path: Path) -> None:
        """Make the missing parents."""
        path.mkdir(parents=True, exist_ok=True)

    def temp(self, path: Path) -> int:
        """Create the temporary file and return its descriptor."""
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)

    def write(self, descriptor: int, data: bytes) -> None:
        """Write all of it."""
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    def chmod(self, descriptor: int, mode: int) -> None:
        """Set the mode."""
        os.fchmod(descriptor, mode)

    def fsync(self, descriptor: int) -> None:
        """Wait until the content is on the disk."""
        os.fsync(descriptor)

    def link(self, path: Path, new: Path) -> None:
        """Make a second name."""
        os.link(path, new, follow_symlinks=False)

    def rename(self, path: Path, target: Path) -> None:
        """Replace the target."""
        path.replace(target)

    def fsync_dir(self, path: Path) -> None:
        """Wait until the directory's names are on the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _umask() -> int:
    # The umask can only be read by setting it; /proc says it without that race.
    try:
        status = Path("/proc/self/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("Umask:")), 8)
    except (OSError, StopIteration, ValueError):
        mask = os.umask(0o022)
        os.umask(mask)
        return mask


class AtomicFile:
    """A file that replaces `path` when its block ends without an error, and leaves no trace when it does not.

        with AtomicFile("state.json", backup=True) as file:
            json.dump(state, file)

    `mode` is the permission bits; without it the existing file's are kept, and a new file gets 0o644 less the umask.
    `binary` decides whether the block writes bytes or text in UTF-8. Errors are the operating system's `OSError`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        mode: int | None = None,
        backup: bool = False,
        durable: bool = True,
        create_parents: bool = False,
        binary: bool = False,
        steps: Steps | None = None,
    ) -> None:
        if mode is not None:
            count("mode", mode, 0, 0o7777)
        self._given = Path(path)
        self._mode = mode
        self._backup = backup
        self._durable = durable
        self._create_parents = create_parents
        self._binary = binary
        self._steps = steps or Steps()
        self._target = self._given
        self._temporary = self._given
        self._descriptor = -1
        self._file: IO[str] | IO[bytes] | None = None

    def _open(self) -> None:
        steps = self._steps
        self._target = Path(os.path.realpath(self._given))
        parent = self._target.parent
        if self._create_parents and not parent.is_dir():
            with steps.event("mkdir"):
                steps.mkdir(parent)
        if self._target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self._given))
        with steps.event("temp"):
            self._temporary = parent / f".{self._target.name}.{secrets.token_hex(8)}.tmp"
            self._descriptor = steps.temp(self._temporary)

    def _commit(self) -> None:
        steps = self._steps
        try:
            existing = self._target.stat()
        except FileNotFoundError:
            existing = None
        mode = self._mode
        if mode is None:
            mode = stat.S_IMODE(existing.st_mode) if existing is not None else 0o644 & ~_umask()
        with steps.event(f"chmod {mode:o}"):
            steps.chmod(self._descriptor, mode)
        if self._durable:
            with steps.event("fsync"):
                steps.fsync(self._descriptor)
        self._close()
        if self._backup and existing is not None:
            self._back_up(existing)
        with steps.event("rename"):
            steps.rename(self._temporary, self._target)

    def _back_up(self, existing: os.stat_result) -> None:
        steps = self._steps
        backup = self._target.with_name(self._target.name + ".bak")
        second = self._target.with_name(f".{self._target.name}.{secrets.token_hex(8)}.bak")
        how = "link"
        try:
            try:
                steps.link(self._target, second)
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EXDEV, errno.EMLINK, errno.ENOSYS):
                    raise
                how = "copy"
                self._copy(second, stat.S_IMODE(existing.st_mode))
            second.replace(backup)
        except OSError as error:
            steps.report(f"backup {how} {errno.errorcode.get(error.errno or 0, 'EIO')}")
            raise
        finally:
            # When the backup already was another name of the same file, the rename above did nothing.
            with contextlib.suppress(FileNotFoundError):
                second.unlink()
        steps.report(f"backup {how}")

    def _copy(self, second: Path, mode: int) -> None:
        descriptor = os.open(second, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with self._target.open("rb") as source, os.fdopen(descriptor, "wb") as copy:
            shutil.copyfileobj(source, copy)
            copy.flush()
            os.fchmod(copy.fileno(), mode)
            if self._durable:
                os.fsync(copy.fileno())

    def _finish(self) -> None:
        if self._durable:
            with self._steps.event("fsync_dir"):
                self._steps.fsync_dir(self._target.parent)

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _discard(self) -> None:
        self._close()
        with contextlib.suppress(FileNotFoundError):
            self._temporary.unlink()
        self._steps.report("unlink")

    def replace(self, data: str | bytes) -> None:
        """Do the whole write at once."""
        content = data.encode() if isinstance(data, str) else bytes(data)
        self._open()
        try:
            with self._steps.event(f"write {len(content)}"):
                self._steps.write(self._descriptor, content)
            self._commit()
        except BaseException:
            self._discard()
            raise
        self._finish()

    def __enter__(self) -> IO[str] | IO[bytes]:
        self._open()
        if self._binary:
            self._file = os.fdopen(os.dup(self._descriptor), "wb")
        else:
            self._file = os.fdopen(os.dup(self._descriptor), "w", encoding="utf-8", newline="")
        return self._file

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._file is not None  # noqa: S101 - __enter__ has run.
        try:
            self._file.close()
            if error is None:
                self._commit()
        except BaseException:
            self._discard()
            raise
        if error is None:
            self._finish()
        else:
            self._discard()


def atomic_write(
    path: str | os.PathLike[str],
    data: str | bytes,
    *,
    mode: int | None = None,
    backup: bool = False,
    durable: bool = True,
    create_parents: bool = False,
    steps: Steps | None = None,
) -> None:
    """Replace the content of `path`; see `AtomicFile` for the parameters. Text is written as UTF-8."""
    if not isinstance(data, str | bytes | bytearray | memoryview):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped.
        raise TypeError(f"data must be text or bytes, not {type(data).__name__}")
    AtomicFile(
        path, mode=mode, backup=backup, durable=durable, create_parents=create_parents, steps=steps
    ).replace(data)
