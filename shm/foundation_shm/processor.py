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


# A watcher that was put off for an eighth of the time since the last look, and longer each time than an idle
# processor takes to wake, goes to another processor. When that does not help a few times in a row, the machine is
# crowded, at first for half a second.
_PUT_OFF_SHARE: Final = 8
_PUT_OFF_NS: Final = 60_000
_MOVES: Final = 3
_SETTLED_NS: Final = 50_000_000
_CROWDED_NS: Final = 500_000_000
_LONGEST_CROWDED_NS: Final = 8_000_000_000
# Clients watch for a millisecond at most, and not at all when a model usually takes two thirds of that.
_MAX_WATCH_US: Final = 1000
_WATCHED_RUN_NS: Final = 667_000


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


class WatchPolicy:
    """Decides whether watching memory is worth its processor; to be asked every few milliseconds.

    `share` is the serving thread's, `spin_us` how long to watch at least.
    """

    __slots__ = (
        "_asked_at",
        "_crowded_for",
        "_crowded_until",
        "_looked_at",
        "_moved_at",
        "_moves",
        "_others",
        "_put_off",
        "_share",
        "_spin_us",
        "_watch_us",
    )

    def __init__(self, share: Share, spin_us: int) -> None:
        self._share = share
        self._spin_us = self._watch_us = spin_us
        # When this thread last looked how long and how often it had been put off, and what it saw.
        self._looked_at = 0
        self._put_off = (0, 0)
        self._moves = 0
        self._moved_at = 0
        self._crowded_until = 0
        self._crowded_for = _CROWDED_NS
        # When, and how much, the other threads had used at the last look.
        self._asked_at = 0
        self._others = 0

    def is_crowded(self, now: int) -> bool:
        """Whether other programs want the processors, so that watching memory would only lose them to us.

        A thread that watches uses up its share of a crowded processor and then waits for its turn, while one
        that sleeps is scheduled as soon as it is woken. So when this thread keeps being put off although it
        went elsewhere, it stops watching for a while, and for longer each time that it finds the same again.
        """
        if now < self._crowded_until:
            self._looked_at = 0
            return True
        put_off, before, since = self._share.put_off(), self._put_off, self._looked_at
        self._put_off, self._looked_at = put_off, now
        waited, times = put_off[0] - before[0], put_off[1] - before[1]
        if since == 0 or waited * _PUT_OFF_SHARE < now - since or waited < _PUT_OFF_NS * times:
            if self._moves and now - self._moved_at > _SETTLED_NS:
                self._moves = 0
                self._crowded_for = _CROWDED_NS
            return False
        if self._moves < _MOVES and self._share.move():
            self._moves += 1
            self._moved_at = now
            self._looked_at = 0
            return False
        self._moves = 0
        self._crowded_until = now + self._crowded_for
        self._crowded_for = min(2 * self._crowded_for, _LONGEST_CROWDED_NS)
        return True

    def helpers(self, now: int) -> int:
        """How many processors the other threads of this process took since the last look."""
        used, elapsed = self._share.others_ns(), max(1, now - self._asked_at)
        helpers = -(-max(0, used - self._others - elapsed // 10) // elapsed)
        self._others, self._asked_at = used, now
        return helpers

    def watch_us(self, run_ns: int) -> int:
        """How long a client should watch for its answer: twice what models take, or not at all if that is long.

        `run_ns` is the mean of the models' runs since the last look in nanoseconds, 0 when there was none. The
        longest would not do: one hiccup of the machine would send every caller to sleep.
        """
        if run_ns:
            usual = run_ns <= _WATCHED_RUN_NS
            self._watch_us = min(max(self._spin_us, run_ns // 500), _MAX_WATCH_US) if usual else 0
        return self._watch_us

    def close(self) -> None:
        """Give back what the policy looks at."""
        self._share.close()
