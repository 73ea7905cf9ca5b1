"""Replacing the content of a source file: whole or not at all, with its permissions, through the link that names it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from foundation_lsp.cli.console import UsageError


def rewrite(path: Path, data: bytes) -> None:
    """Write `data` to a file that exists, by a temporary file beside it; raises UsageError when that cannot be."""
    target = Path(os.path.realpath(path))
    temporary = ""
    try:
        mode = target.stat().st_mode & 0o7777
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fchmod(handle.fileno(), mode)
            os.fsync(handle.fileno())
        Path(temporary).replace(target)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        raise UsageError(f"{path}: the fix cannot be written: {error.strerror or error}") from error
