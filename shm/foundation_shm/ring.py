"""One client's region: its mapping, its words, and the client's allocator of tensor space.

Memory ordering. A store or load of an item of `Region.words` is one aligned 32-bit move. x86 keeps stores
in order and loads in order; the one reordering it allows, a load before an earlier store, is stopped by a
`Fence`. CPython's lock is built on atomic read-modify-write operations with acquire and release ordering:
releasing a lock and taking it again is a full barrier on x86 and on ARMv8 (release before acquire is
ordered there), at the price of two uncontended operations. On weakly ordered processors a fence also stands
before each store that hands memory over and after each load that takes it over.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import threading
from bisect import insort
from typing import Final

from foundation_shm.layout import ALIGNMENT, RegionShape, align

WORD_MASK: Final = 0xFFFFFFFF
# Whether the processor may reorder plain stores among themselves, or plain loads: not on x86.
WEAKLY_ORDERED: Final = platform.machine() not in ("x86_64", "AMD64")


class Fence:
    """A full memory barrier for one thread; never share one between threads that may run at once."""

    __slots__ = ("_acquire", "_release")

    def __init__(self) -> None:
        lock = threading.Lock()
        lock.acquire()
        self._release = lock.release
        self._acquire = lock.acquire

    def __call__(self) -> None:
        self._release()
        self._acquire()


class Region:
    """A mapped region. `view` is its bytes, `words` the same memory as 32-bit words."""

    __slots__ = ("_mapping", "address", "shape", "view", "words")

    def __init__(self, fd: int, shape: RegionShape) -> None:
        self.shape = shape
        self._mapping = mmap.mmap(fd, shape.region_size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        self.view = memoryview(self._mapping)
        self.words = self.view.cast("I")
        # The buffer object is dropped at once; the mapping stays, because `view` keeps it alive.
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._mapping))


def create_region_file(shape: RegionShape, instance: int) -> int:
    """A sealed anonymous file holding an empty region; returns its descriptor.

    The seals forbid any holder to shrink or grow the file, so that no client can make the server's
    mapping fault. The file has no name: it is gone when the last descriptor and mapping are.
    """
    import fcntl

    fd = os.memfd_create("foundation-shm", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, shape.region_size)
        os.pwrite(fd, shape.encode(instance), 0)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    except BaseException:
        os.close(fd)
        raise
    return fd


class Arena:
    """First-fit allocation of tensor space in `[start, end)`; the caller serialises access.

    Only the client allocates: the server writes answers where the client made room, so a dead client
    leaves nothing behind in the server.
    """

    __slots__ = ("_free", "end", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self._free: list[tuple[int, int]] = [(start, end - start)] if end > start else []

    def allocate(self, size: int) -> int | None:
        """Offset of `size` bytes rounded up to the alignment, or `None` when no gap is large enough."""
        size = max(align(size), ALIGNMENT)
        for i, (offset, gap) in enumerate(self._free):
            if gap >= size:
                if gap == size:
                    del self._free[i]
                else:
                    self._free[i] = (offset + size, gap - size)
                return offset
        return None

    def release(self, offset: int, size: int) -> None:
        """Give back what `allocate(size)` returned."""
        size = max(align(size), ALIGNMENT)
        insort(self._free, (offset, size))
        merged: list[tuple[int, int]] = []
        for start, length in self._free:
            if merged and merged[-1][0] + merged[-1][1] == start:
                merged[-1] = (merged[-1][0], merged[-1][1] + length)
            else:
                merged.append((start, length))
        self._free = merged

    @property
    def free_bytes(self) -> int:
        """Bytes that are not allocated."""
        return sum(size for _, size in self._free)
