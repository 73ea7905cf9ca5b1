"""What the scheduler does to a thread that watches memory: how long it is put off, and where it could run instead.

Watching memory is quick only while the watcher has a processor to itself. Two things spoil that, and they look
alike from inside: the scheduler may have put the watcher on the processor of the very client that it waits for,
although another is idle, and there may be no idle one at all.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path
from typing import Final

_WHO: Final = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)
# Where the kernel keeps no account of waiting, each preemption counts as the shortest turn of another program.
_PREEMPTION_NS: Final = 1_000_000


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class Share:
    """The calling thread's share of a processor; to be made and used on that thread only."""

    __slots__ = ("_file",)

    def __init__(self) -> None:
        try:
            self._file = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = -1

    def put_off(self) -> tuple[int, int]:
        """`(nanoseconds, times)` that this thread could have run but had to wait for its processor, so far."""
        if self._file >= 0:
            try:
                _, waited, times = os.pread(self._file, 80, 0).split()
                return int(waited), int(times)
            except (OSError, ValueError):
                self.close()
        times = resource.getrusage(_WHO).ru_nivcsw
        return times * _PREEMPTION_NS, times

    def others_ns(self) -> int:
        """Nanoseconds of processor that the other threads of this process used, such as a model's helpers."""
        return time.process_time_ns() - time.thread_time_ns()

    def move(self) -> bool:
        """Go to another processor than the present one; false when there is none to go to."""
        if sys.platform != "linux":
            return False
        try:
            allowed = os.sched_getaffinity(0)
            others = allowed - {self._present()}
            if not others or others == allowed:
                return False
            os.sched_setaffinity(0, others)
            # The permission is widened again at once: it was narrowed to move, not to stay.
            os.sched_setaffinity(0, allowed)
        except (OSError, IndexError, ValueError):
            return False
        return True

    def _present(self) -> int:
        # The name in the second field may hold anything, also spaces and parentheses.
        return int(Path("/proc/thread-self/stat").read_bytes().rpartition(b")")[2].split()[36])

    def close(self) -> None:
        """Give the descriptor back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
