"""Time, sleep, randomness and cancellation, all of them replaceable (docs/semantics.md, section 3)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from foundation.errors import CancelledError

#: A source of randomness: every call returns an integer k in [0, 2**53), the fraction k / 2**53.
RandomSource = Callable[[], int]


class Cancellation:
    """A request to stop, shared between threads: whoever holds it may `cancel()`, waits that know it end at once."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask to stop; asking twice is the same as asking once."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until cancelled, at most so long; whether it was cancelled."""
        return self._event.wait(seconds)


class Clock(Protocol):
    """What a pattern needs to know about time; durations are integer nanoseconds."""

    def now(self) -> int:
        """Monotonic time; the start is arbitrary."""
        ...

    def wall(self) -> int:
        """Wall time since the Unix epoch, UTC."""
        ...

    def sleep(self, duration: int, cancellation: Cancellation | None = None) -> None:
        """Wait; raises `CancelledError` as soon as the cancellation happens."""
        ...

    async def asleep(self, duration: int, cancellation: Cancellation | None = None) -> None:
        """The same for coroutines."""
        ...


_POLL_SECONDS = 0.05


class SystemClock:
    """The clock of the machine."""

    __slots__ = ()

    def now(self) -> int:
        """Monotonic nanoseconds."""
        return time.monotonic_ns()

    def wall(self) -> int:
        """Nanoseconds since the epoch."""
        return time.time_ns()

    def sleep(self, duration: int, cancellation: Cancellation | None = None) -> None:
        """Wait in this thread; a wait of nothing does not even yield the processor."""
        if cancellation is None:
            if duration > 0:
                time.sleep(duration / 1e9)
        elif cancellation.wait(duration / 1e9):
            raise CancelledError

    async def asleep(self, duration: int, cancellation: Cancellation | None = None) -> None:
        """Wait in this task; asyncio's own cancellation ends it at once, ours within 50 ms."""
        import asyncio  # Here, because programs without coroutines should not pay for it.

        if cancellation is None:
            await asyncio.sleep(duration / 1e9)
            return
        end = self.now() + duration
        while not cancellation.cancelled:
            left = end - self.now()
            if left <= 0:
                return
            await asyncio.sleep(min(left / 1e9, _POLL_SECONDS))
        raise CancelledError


SYSTEM_CLOCK = SystemClock()


def system_random() -> int:
    """The top 53 bits of the process-wide generator."""
    return random.getrandbits(53)


class _VirtualCancellation(Cancellation):
    __slots__ = ("_at", "_clock")

    def __init__(self, clock: VirtualClock, at: int) -> None:
        super().__init__()
        self._clock = clock
        self._at = at

    @property
    def at(self) -> int:
        """When the cancellation happens."""
        return self._at

    @property
    def cancelled(self) -> bool:
        """Whether the clock has reached the moment."""
        return super().cancelled or self._clock.now() >= self._at


class VirtualClock:
    """A clock for tests: it stands still until somebody sleeps or calls `advance`, and notes every sleep in
    `sleeps`."""

    def __init__(
        self, start: int = 0, wall: int = 0, on_sleep: Callable[[int, int], None] | None = None
    ) -> None:
        self._now = start
        self._wall = wall
        self._on_sleep = on_sleep
        self.sleeps: list[int] = []

    def now(self) -> int:
        """Virtual monotonic time."""
        return self._now

    def wall(self) -> int:
        """Virtual wall time; it moves with the clock."""
        return self._wall + self._now

    def advance(self, duration: int) -> None:
        """Let time pass."""
        self._now += duration

    def cancellation_at(self, moment: int) -> Cancellation:
        """A cancellation that happens at this virtual time."""
        return _VirtualCancellation(self, moment)

    def sleep(self, duration: int, cancellation: Cancellation | None = None) -> None:
        """Move the clock, at most to the moment of the cancellation."""
        self.sleeps.append(duration)
        if self._on_sleep is not None:
            self._on_sleep(self._now, duration)
        if isinstance(cancellation, _VirtualCancellation) and cancellation.at < self._now + duration:
            self._now = max(self._now, cancellation.at)
        else:
            self._now += duration
            if (
                cancellation is None
                or isinstance(cancellation, _VirtualCancellation)
                or not cancellation.cancelled
            ):
                return
        raise CancelledError

    async def asleep(self, duration: int, cancellation: Cancellation | None = None) -> None:
        """The same, giving other tasks a turn."""
        import asyncio

        self.sleep(duration, cancellation)
        await asyncio.sleep(0)


class ScriptedRandom:
    """A random source that yields the integers it was given and raises `IndexError` when they run out."""

    def __init__(self, draws: Iterable[int]) -> None:
        self._draws: Iterator[int] = iter(draws)

    def __call__(self) -> int:
        draw = next(self._draws, None)
        if draw is None:
            raise IndexError("the scripted random source has no draw left")
        return draw
