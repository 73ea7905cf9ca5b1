"""Sleep on and wake a 32-bit word in shared memory, through `ctypes`.

Only Linux has futexes. Elsewhere `AVAILABLE` is false and the socket transport is used instead.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from typing import Final

# linux/futex.h; the shared variants, because the two sides are different processes.
_FUTEX_WAIT: Final = 0
_FUTEX_WAKE: Final = 1
_SYS_FUTEX: Final = {"x86_64": 202, "aarch64": 98, "riscv64": 98, "ppc64le": 221, "s390x": 238}

AVAILABLE: Final = (
    sys.platform == "linux"
    and sys.byteorder == "little"
    and platform.machine() in _SYS_FUTEX
    and sys.maxsize > 2**32
)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


_number = _SYS_FUTEX.get(platform.machine(), -1)
_syscall = ctypes.CDLL(None).syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = (
    ctypes.c_long,
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.c_uint32,
    ctypes.c_void_p,
)


def wait(address: int, expected: int, timeout: float) -> None:
    """Sleep while the word holds `expected`, at most `timeout` seconds; may return early for no reason."""
    whole = int(timeout)
    spec = _Timespec(whole, int((timeout - whole) * 1e9))
    _syscall(_number, address, _FUTEX_WAIT, expected, ctypes.addressof(spec))


def wake(address: int) -> None:
    """Wake every sleeper of the word."""
    _syscall(_number, address, _FUTEX_WAKE, 0x7FFFFFFF, None)
