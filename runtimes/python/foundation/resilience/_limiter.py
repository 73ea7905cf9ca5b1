"""Admit at most so many permits in a period, in exact integer arithmetic (docs/semantics.md, section 6)."""

from __future__ import annotations

import functools
import inspect
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar, cast

from foundation._numbers import MAX, count, nanoseconds
from foundation.clock import SYSTEM_CLOCK, Cancellation, Clock
from foundation.errors import CancelledError, ConfigurationError, RateLimitExceeded, ValidationError

P = ParamSpec("P")
T = TypeVar("T")


class Algorithm(StrEnum):
    """How permits are counted."""

    TOKEN_BUCKET = "token_bucket"  # noqa: S105 - no password, an algorithm.
    SLIDING_WINDOW = "sliding_window"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of a limiter: `retry_after` in nanoseconds is 0 when allowed; `remaining` permits are left now."""

    allowed: bool
    retry_after: int
    remaining: int

    def __bool__(self) -> bool:
        return self.allowed


class _TokenBucket:
    """The level is counted in units of 1/period token, so that nothing is ever rounded."""

    __slots__ = ("_last", "_level", "_limit", "_period", "most")

    def __init__(self, limit: int, period: int, burst: int, now: int) -> None:
        self._limit = limit
        self._period = period
        self.most = burst
        self._level = burst * period
        self._last = now

    def take(self, n: int, now: int) -> Decision:
        if now > self._last:
            self._level = min(self.most * self._period, self._level + (now - self._last) * self._limit)
            self._last = now
        missing = n * self._period - self._level
        if missing > 0:
            return Decision(False, min(-(-missing // self._limit), MAX), self._level // self._period)
        self._level -= n * self._period
        return Decision(True, 0, self._level // self._period)


class _SlidingWindow:
    __slots__ = ("_last", "_log", "_period", "_used", "most")

    def __init__(self, limit: int, period: int, now: int) -> None:
        self.most = limit
        self._period = period
        self._log: deque[tuple[int, int]] = deque()
        self._used = 0
        self._last = now

    def take(self, n: int, now: int) -> Decision:
        now = self._last = max(now, self._last)
        while self._log and self._log[0][0] + self._period <= now:
            self._used -= self._log.popleft()[1]
        excess = self._used + n - self.most
        if excess > 0:
            freed = 0
            for moment, permits in self._log:
                freed += permits
                if freed >= excess:
                    return Decision(False, moment + self._period - now, self.most - self._used)
        if n:
            self._log.append((now, n))
            self._used += n
        return Decision(True, 0, self.most - self._used)


class RateLimiter:
    """At most `limit` permits in `period` seconds, with bursts up to `burst`. Thread-safe; usable from coroutines.

    `wait=True` makes `acquire` sleep until there are permits instead of raising `RateLimitExceeded`.
    """

    def __init__(
        self,
        limit: int,
        period: float | timedelta = 1.0,
        *,
        burst: int | None = None,
        algorithm: Algorithm | str = Algorithm.TOKEN_BUCKET,
        wait: bool = False,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        count("limit", limit, 1, 1_000_000_000)
        length = nanoseconds("period", period, 0.001, 86_400)
        if burst is not None:
            count("burst", burst, 1, 1_000_000_000)
        try:
            self.algorithm = Algorithm(algorithm)
        except ValueError:
            raise ConfigurationError(
                f"algorithm must be one of {', '.join(Algorithm)}, not {algorithm!r}"
            ) from None
        self.wait = wait
        self._clock = clock
        self._lock = threading.Lock()
        self._book: _TokenBucket | _SlidingWindow
        if self.algorithm is Algorithm.TOKEN_BUCKET:
            self._book = _TokenBucket(limit, length, limit if burst is None else burst, clock.now())
        elif burst is not None and burst != limit:
            raise ConfigurationError(
                f"a sliding window has no burst: leave it out, or give {limit}, not {burst}"
            )
        else:
            self._book = _SlidingWindow(limit, length, clock.now())

    def try_acquire(self, n: int = 1) -> Decision:
        """Take n permits if they are there; never waits. More than can ever be there is a `ValidationError`."""
        if isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= self._book.most:  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped.
            raise ValidationError(f"n must be a whole number in [0, {self._book.most}], not {n!r}")
        with self._lock:
            return self._book.take(n, self._clock.now())

    def acquire(self, n: int = 1, *, cancellation: Cancellation | None = None) -> Decision:
        """Take n permits; on a refusal raise `RateLimitExceeded`, or sleep and try again when `wait` is set."""
        while True:
            if cancellation is not None and cancellation.cancelled:
                raise CancelledError("cancelled before taking permits")
            decision = self.try_acquire(n)
            if decision.allowed:
                return decision
            if not self.wait:
                raise RateLimitExceeded(decision.retry_after)
            self._clock.sleep(decision.retry_after, cancellation)

    async def aacquire(self, n: int = 1, *, cancellation: Cancellation | None = None) -> Decision:
        """The same for coroutines."""
        while True:
            if cancellation is not None and cancellation.cancelled:
                raise CancelledError("cancelled before taking permits")
            decision = self.try_acquire(n)
            if decision.allowed:
                return decision
            if not self.wait:
                raise RateLimitExceeded(decision.retry_after)
            await self._clock.asleep(decision.retry_after, cancellation)

    def __call__(self, operation: Callable[P, T]) -> Callable[P, T]:
        if inspect.iscoroutinefunction(operation):

            @functools.wraps(operation)
            async def run_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                await self.aacquire()
                return await operation(*args, **kwargs)

            run_async.limiter = self  # type: ignore[attr-defined]
            return cast("Callable[P, T]", run_async)

        @functools.wraps(operation)
        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            self.acquire()
            return operation(*args, **kwargs)

        run.limiter = self  # type: ignore[attr-defined]
        return run


def rate_limit(limit: int, period: float | timedelta = 1.0, **parameters: Any) -> RateLimiter:
    """Decorate a function with a limiter of its own, taking one permit per call; it is the attribute
    `limiter` of the result."""
    return RateLimiter(limit, period, **parameters)
