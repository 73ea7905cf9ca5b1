"""Keep a command from changing files, or signalling processes, that are not its own (Linux's Landlock).

Verification calls the user's functions with generated arguments, and a generated path must not name the user's files.
A process that confines itself can read what it could before, and writes, creates, renames and removes only below the
folders that it was given; what it starts is confined too. Where the kernel has no Landlock nothing is confined.
Source: https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
# Removing, and making each kind of file; then by the version that introduced them: moving between folders, truncating.
_CHANGES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
_SCOPE_SIGNALS = 1 << 1
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty")


@cache
def version() -> int:
    """The kernel's version of Landlock, 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, _libc().syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


class Confinement:
    """The folders below which a child may change files. Prepare in the parent, `enter` in the child, then `close`."""

    def __init__(self, folders: Iterable[Path]) -> None:
        """Folders that do not exist are left out: a child cannot make them either."""
        self._ruleset = -1
        if version() == 0:
            return
        changes = _CHANGES | (1 << 13 if version() >= 2 else 0) | (_TRUNCATE if version() >= 3 else 0)
        attributes = struct.pack("QQQ", changes, 0, _SCOPE_SIGNALS if version() >= 6 else 0)
        size = 24 if version() >= 6 else 8
        made = _libc().syscall(_CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(size), 0)
        if made < 0:
            raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
        self._ruleset = made
        for folder in folders:
            self._allow(str(folder), changes)
        for device in _DEVICES:
            self._allow(device, changes & (_WRITE_FILE | _TRUNCATE))

    def _allow(self, path: str, access: int) -> None:
        with contextlib.suppress(FileNotFoundError, PermissionError, NotADirectoryError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                rule = struct.pack("=Qi", access, place)
                if _libc().syscall(_ADD_RULE, self._ruleset, _PATH_BENEATH, ctypes.c_char_p(rule), 0) < 0:
                    raise OSError(ctypes.get_errno(), f"landlock_add_rule {path}")
            finally:
                os.close(place)

    def enter(self) -> None:
        """Confine the calling process and what it will start; for the child, before it executes the command."""
        if self._ruleset < 0:
            return
        libc = _libc()
        if (
            libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) < 0
            or libc.syscall(_RESTRICT_SELF, self._ruleset, 0) < 0
        ):
            raise OSError(ctypes.get_errno(), "landlock_restrict_self")

    def close(self) -> None:
        """Release what the parent holds."""
        if self._ruleset >= 0:
            os.close(self._ruleset)
            self._ruleset = -1
