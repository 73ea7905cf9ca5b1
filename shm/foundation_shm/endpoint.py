"""Where an endpoint's socket lives, and the check that only its owner can reach it."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Final

from foundation_shm.errors import EndpointError

# sockaddr_un.sun_path, less the terminating NUL: 108 bytes on Linux, 104 on macOS and the BSDs.
_MAX_PATH: Final = 107 if sys.platform == "linux" else 103


def runtime_folder() -> Path:
    """The folder of named endpoints: `$FOUNDATION_SHM_DIR`, else one private to this user."""
    chosen = os.environ.get("FOUNDATION_SHM_DIR")
    if chosen:
        return Path(chosen)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "foundation-shm"
    # Other users can write to /tmp, so `prepare_folder` checks the owner and the mode before use.
    return Path("/tmp") / f"foundation-shm-{os.getuid()}"  # noqa: S108 - checked, as said above


def socket_path(endpoint: str) -> Path:
    """The socket of an endpoint given by name (`engine`) or by path (`/run/me/engine.sock`).

    Raises `EndpointError` when the name cannot be a file name or the path is too long for a socket.
    """
    if not endpoint or "\0" in endpoint or endpoint in {".", ".."}:
        raise EndpointError(f"{endpoint!r} is no endpoint: give a name such as 'engine' or a path with a '/'")
    path = Path(endpoint) if "/" in endpoint else runtime_folder() / f"{endpoint}.sock"
    if len(os.fsencode(path)) > _MAX_PATH:
        raise EndpointError(
            f"the socket path {path} has {len(os.fsencode(path))} bytes; a Unix socket takes {_MAX_PATH}. "
            "Set FOUNDATION_SHM_DIR to a shorter folder"
        )
    return path


def prepare_folder(path: Path) -> None:
    """Make the socket's folder, private to this user.

    Raises `EndpointError` when it exists and belongs to someone else, is a link, or others may write to it.
    """
    folder = path.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = folder.lstat()
    except OSError as error:
        raise EndpointError(f"cannot make the endpoint's folder {folder}: {error.strerror}") from error
    if not stat.S_ISDIR(info.st_mode):
        raise EndpointError(f"{folder} is not a folder; remove it or set FOUNDATION_SHM_DIR")
    if info.st_uid != os.getuid():
        raise EndpointError(f"{folder} belongs to user {info.st_uid}, not to you; set FOUNDATION_SHM_DIR")
    if info.st_mode & 0o022:
        raise EndpointError(f"others may write to {folder}; run: chmod go-w {folder}")
