"""The threads that take turns at the server's loop, so that a model can run more than once at a time.

Exactly one thread is in the loop: the one that holds the turn. It gives the turn away while it runs a long model and
while it sleeps, so a run needs no other thread to take its request or to publish its answer: nothing is handed over.
No helper is on duty until a request waits for the end of a run that it could have run beside, nor when no two runs
overlapped for a while; so a lone caller is served by the serving thread as if there were no crew.
"""

from __future__ import annotations

import queue
import selectors
import threading
import time
from collections.abc import Callable
from typing import Final

# The longest sleep in seconds of one who waits for less than a millisecond.
_NAP: Final = 0.00005
# How long a helper stays although no two runs overlap.
_STAY_NS: Final = 50_000_000
# How many runs are looked at together, how many requests of a number of runs at a time tell enough, from how many on
# the older ones count half, and after how many more it is looked again at what one run less at a time did.
_LOOK: Final = 64
_ENOUGH: Final = 128
_PLENTY: Final = 512
_BELIEVED: Final = 8192
# A pause in which nobody asked tells nothing: one of so many runs' time.
_PAUSE_RUNS: Final = 8
# One more run at a time must do so much more in all; when it does not, it is tried again after a while.
_GAIN: Final = 1.1
_RETRY_NS: Final = 500_000_000
_LONGEST_RETRY_NS: Final = 16_000_000_000


class Crew:
    """The helpers of one server. All but `turn` is used by whoever holds the turn only, less `report`.

    `help_out` is the body of a helper's thread: each time that `report` says so it takes the turn, serves for as long
    as `is_needed` says, and calls `leave` before it gives the turn away.
    """

    __slots__ = (
        "_help_out",
        "_jobs",
        "_overlapped_at",
        "asleep",
        "failure",
        "most",
        "on_duty",
        "roused",
        "running",
        "threads",
        "turn",
    )

    def __init__(self, help_out: Callable[[], None]) -> None:
        self._help_out = help_out
        self.turn = threading.Lock()
        # How many runs at a time the server's models allow; the serving thread does one of them.
        self.most = 1
        # The helpers, and how many of them take turns now. The others wait for a job: starting one again would be slow.
        self.threads: list[threading.Thread] = []
        self.on_duty = 0
        self._jobs: queue.SimpleQueue[bool] = queue.SimpleQueue()
        # How many threads sleep in the kernel, and whether one of them is being woken and is not up yet.
        self.asleep = 0
        self.roused = False
        # How many threads run a model without the turn.
        self.running = 0
        self._overlapped_at = 0
        # What ended a helper, and so ends the server.
        self.failure: BaseException | None = None

    def may_grow(self) -> bool:
        """Whether one more thread is allowed, and none that is here has nothing to do."""
        return self.on_duty < self.most - 1 and not self.asleep

    def grow(self, now: int) -> None:
        """Call a helper; without one where the system gives no more threads."""
        self._overlapped_at = now
        if self.on_duty == len(self.threads):
            helper = threading.Thread(target=self._help_out, name="shm-helper", daemon=True)
            try:
                helper.start()
            except RuntimeError:
                return
            self.threads.append(helper)
        self.on_duty += 1
        self._jobs.put(True)

    def report(self) -> bool:
        """Wait until the calling helper is needed; false when it never will be."""
        return self._jobs.get()

    def is_needed(self, now: int) -> bool:
        """Whether the calling helper is to stay."""
        return now - self._overlapped_at < _STAY_NS

    def leave(self) -> None:
        """Take the calling helper off duty."""
        self.on_duty -= 1

    def step_aside(self, now: int) -> None:
        """Give the turn away for a run."""
        self.running += 1
        if self.running > 1:
            self._overlapped_at = now
        self.turn.release()

    def come_back(self) -> None:
        """Take the turn after a run."""
        self.turn.acquire()
        self.running -= 1

    def sleep(self, selector: selectors.BaseSelector, timeout: float) -> bool:
        """Sleep without the turn, at most `timeout` seconds; says whether something woke the thread."""
        self.asleep += 1
        self.turn.release()
        try:
            # The kernel waits in milliseconds.
            if timeout < 0.001:
                time.sleep(min(timeout, _NAP))
                timeout = 0
            return bool(selector.select(timeout))
        finally:
            self.turn.acquire()
            self.asleep -= 1
            self.roused = False

    def dismiss(self, wake: Callable[[], None]) -> None:
        """Let the helpers end, and wait for those that sleep: what they sleep on is closed next."""
        for _ in self.threads:
            self._jobs.put(False)
        while self.asleep:
            wake()
            self.turn.release()
            time.sleep(0.001)
            self.turn.acquire()


class _Figures:
    """What so many runs at a time did: the requests, and the nanoseconds that they took in all."""

    __slots__ = ("requests", "spent")

    def __init__(self) -> None:
        self.requests = 0.0
        self.spent = 0.0

    def add(self, spent: int, requests: int) -> None:
        self.spent += spent
        self.requests += requests
        if self.requests >= _PLENTY:
            self.fade()

    def fade(self) -> None:
        """Let what was so far count half."""
        self.spent /= 2
        self.requests /= 2

    def rate(self) -> float:
        """Requests in a nanosecond."""
        return self.requests / max(1.0, self.spent)


class Pace:
    """How many runs of one model at a time answer the most requests, up to `most`: found by trying.

    It depends on the model and on the machine. Runs that need the interpreter's lock often, or wait for the same
    memory, take longer beside each other, and so do all when other programs want the processors.
    """

    __slots__ = (
        "_ended_at",
        "_figures",
        "_full",
        "_pressed",
        "_requests",
        "_retry_after",
        "_retry_at",
        "_runs",
        "_spent",
        "_unchecked",
        "at_once",
        "most",
    )

    def __init__(self, most: int) -> None:
        self.most = most
        # How many there may be now.
        self.at_once: int = 1
        # When the last run ended, and whether the time from there on tells anything.
        self._ended_at = 0
        self._pressed = False
        # Since the last look: the runs, how many of them were as many at a time as may be, the nanoseconds from one
        # end to the next, and the requests.
        self._runs = self._full = self._spent = self._requests = 0
        # For each number of runs at a time what it did.
        self._figures = [_Figures() for _ in range(most + 1)]
        # How many runs there were since one less at a time was looked at.
        self._unchecked = 0
        self._retry_at = 0
        self._retry_after = _RETRY_NS

    def note(self, now: int, took: int, requests: int, together: int, *, waited: bool) -> None:
        """Note that a run for so many requests ended `now`, and took so long, in nanoseconds.

        `together` is how many runs of the model there were meanwhile, and `waited` whether a request waits at its end:
        one run at a time tells what it can do only while more is asked of it.
        """
        spent, self._ended_at = now - self._ended_at, now
        pressed, self._pressed = self._pressed, waited or self.at_once > 1
        if not pressed or spent > _PAUSE_RUNS * took:
            return
        self._runs += 1
        self._full += together == self.at_once
        self._spent += spent
        self._requests += requests
        if self._runs < _LOOK:
            return
        figures = self._figures[self.at_once]
        # Where callers were too few for so many runs, nothing was learned about them.
        if 2 * self._full > self._runs:
            figures.add(self._spent, self._requests)
            self._unchecked += self._runs
            if figures.requests >= _ENOUGH:
                self._judge(now, figures, waited=waited)
        self._runs = self._full = self._spent = self._requests = 0

    def _judge(self, now: int, figures: _Figures, *, waited: bool) -> None:
        present = self.at_once
        if present > 1:
            less = self._figures[present - 1]
            if figures.rate() < _GAIN * less.rate():
                self.at_once = present - 1
                self._retry_at = now + self._retry_after
                self._retry_after = min(2 * self._retry_after, _LONGEST_RETRY_NS)
                self._figures[present] = _Figures()
                return
            if self._unchecked > _BELIEVED:
                # The machine may be another by now.
                less.fade()
                self.at_once = present - 1
                self._unchecked = 0
                return
            self._retry_after = _RETRY_NS
        if waited and present < self.most and now >= self._retry_at:
            self.at_once = present + 1
            self._unchecked = 0
