"""Call an operation again after errors that may pass, with delays that are the same in every language.

The arithmetic is docs/semantics.md, section 4. tenacity and stamina were considered as a base: both compute
delays in floating
point, and neither separates "worth retrying" from "never retry", so the loop is written here; it is short.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast, overload

from foundation._numbers import MAX, count, nanoseconds, parts_per_million
from foundation.clock import SYSTEM_CLOCK, Cancellation, Clock, RandomSource, system_random
from foundation.errors import (
    PROGRAMMING_ERRORS,
    AuthenticationError,
    CancelledError,
    CircuitOpenError,
    ConfigurationError,
    MaxRetriesExceeded,
    NetworkError,
    ServiceUnavailable,
    TimeoutError,  # noqa: A004 - the pattern's own name.
    ValidationError,
    is_cancellation_or_exit,
    matching_classes,
)

P = ParamSpec("P")
T = TypeVar("T")

ErrorClasses = Iterable[type[BaseException]]


class Backoff(StrEnum):
    """How the delay grows with the number of failures."""

    LINEAR = "linear"
    EXPONENTIAL = "exponential"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Jitter:
    """How a delay is spread; `ratio` has a meaning for `symmetric` only."""

    kind: str = "symmetric"
    ratio: float = 0.25

    def __post_init__(self) -> None:
        if self.kind not in _JITTER_KINDS:
            raise ConfigurationError(f"jitter must be one of {', '.join(_JITTER_KINDS)}, not {self.kind!r}")
        parts_per_million("jitter.ratio", self.ratio)

    @classmethod
    def none(cls) -> Jitter:
        """The computed delay itself."""
        return cls("none")

    @classmethod
    def full(cls) -> Jitter:
        """Anywhere in [0, delay)."""
        return cls("full")

    @classmethod
    def equal(cls) -> Jitter:
        """Anywhere in the upper half, [delay / 2, delay)."""
        return cls("equal")

    @classmethod
    def symmetric(cls, ratio: float = 0.25) -> Jitter:
        """Anywhere in [delay - r, delay + r), r = ratio * delay."""
        return cls("symmetric", ratio)

    @classmethod
    def of(cls, value: Jitter | bool | str | Mapping[str, Any]) -> Jitter:
        """A jitter from any of the ways to write it: true, false, a kind, or `{kind, ratio}`."""
        if isinstance(value, Jitter):
            return value
        if isinstance(value, bool):
            return cls() if value else cls("none")
        if isinstance(value, str):
            return cls(value)
        if isinstance(value, Mapping) and set(value) <= {"kind", "ratio"}:  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped.
            return cls(**value)
        raise ConfigurationError(f"jitter must be true, false, a kind or {{kind, ratio}}, not {value!r}")

    def apply(self, delay: int, draw: RandomSource) -> int:
        """The delay after jitter, in nanoseconds; exactly one draw unless the kind is `none`."""
        if self.kind == "none":
            return delay
        k = draw()
        if self.kind == "full":
            return (delay * k) >> 53
        if self.kind == "equal":
            half = delay // 2
            return half + (((delay - half) * k) >> 53)
        spread = delay * parts_per_million("jitter.ratio", self.ratio) // 1_000_000
        return delay - spread + ((2 * spread * k) >> 53)


_JITTER_KINDS = ("none", "full", "equal", "symmetric")

DEFAULT_RETRYABLE: tuple[type[BaseException], ...] = (NetworkError, TimeoutError, ServiceUnavailable)
DEFAULT_NON_RETRYABLE: tuple[type[BaseException], ...] = (AuthenticationError, ValidationError)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """What to retry and when.

    `max_attempts` counts calls, the first one included. Delays are seconds or `timedelta`. A value out of range is a
    `ConfigurationError`.
    """

    max_attempts: int = 3
    base_delay: float | timedelta = 1.0
    backoff: Backoff | str = Backoff.EXPONENTIAL
    max_delay: float | timedelta = 60.0
    jitter: Jitter | bool | str | Mapping[str, Any] = True
    retryable: ErrorClasses = DEFAULT_RETRYABLE
    non_retryable: ErrorClasses = DEFAULT_NON_RETRYABLE
    _base: int = field(init=False, repr=False, compare=False)
    _cap: int = field(init=False, repr=False, compare=False)
    _retry: tuple[type[BaseException], ...] = field(init=False, repr=False, compare=False)
    _never: tuple[type[BaseException], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        put = functools.partial(object.__setattr__, self)
        count("max_attempts", self.max_attempts, 1, 100)
        put("_base", nanoseconds("base_delay", self.base_delay, 0, 300))
        put("_cap", nanoseconds("max_delay", self.max_delay, 0, 3600))
        try:
            put("backoff", Backoff(self.backoff))
        except ValueError:
            raise ConfigurationError(
                f"backoff must be one of {', '.join(Backoff)}, not {self.backoff!r}"
            ) from None
        put("jitter", Jitter.of(self.jitter))
        put("retryable", _classes("retryable", self.retryable))
        put("non_retryable", _classes("non_retryable", self.non_retryable))
        put("_retry", matching_classes(cast("tuple[type[BaseException], ...]", self.retryable)))
        put("_never", matching_classes(cast("tuple[type[BaseException], ...]", self.non_retryable)))

    def delay(self, failures: int, draw: RandomSource = system_random) -> int:
        """Nanoseconds to wait after the n-th failure, n from 1."""
        delay = self._base
        if self.backoff is Backoff.LINEAR:
            delay = min(delay * failures, MAX)
        elif self.backoff is Backoff.EXPONENTIAL:
            # A delay of 0 stays 0, and one that has reached the cap cannot come back below it.
            for _ in range(failures - 1):
                if delay == 0 or delay >= self._cap:
                    break
                delay = min(delay * 2, MAX)
        return cast("Jitter", self.jitter).apply(min(delay, self._cap), draw)

    def is_retryable(self, error: BaseException) -> bool:
        """Whether this error is worth another attempt."""
        return (
            isinstance(error, self._retry)
            and not isinstance(error, self._never)
            and not isinstance(error, CircuitOpenError)
            and not isinstance(error, PROGRAMMING_ERRORS)
            and not is_cancellation_or_exit(error)
        )


def _classes(name: str, classes: ErrorClasses) -> tuple[type[BaseException], ...]:
    if isinstance(classes, type):
        classes = (cast("type[BaseException]", classes),)
    found = tuple(classes)
    for cls in found:
        if not (isinstance(cls, type) and issubclass(cls, BaseException)):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped.
            raise ConfigurationError(f"{name} must list exception classes, not {cls!r}")
    return found


OnRetry = Callable[[int, BaseException, int], None]


class Attempt:
    """One turn of `for attempt in Retry(...)`: `with attempt:` around the code that may fail."""

    __slots__ = ("_loop", "number")

    def __init__(self, loop: _Loop, number: int) -> None:
        self._loop = loop
        self.number = number

    def __enter__(self) -> Attempt:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> bool:
        if error is None:
            self._loop.done = True
            return False
        self._loop.pause(self._loop.retry.next_delay(self.number, error), error)
        return True

    async def __aenter__(self) -> Attempt:
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> bool:
        if error is None:
            self._loop.done = True
            return False
        await self._loop.apause(self._loop.retry.next_delay(self.number, error), error)
        return True


class _Loop:
    """The state that the attempts of one loop share."""

    __slots__ = ("done", "last", "retry")

    def __init__(self, retry: Retry) -> None:
        self.retry = retry
        self.done = False
        self.last: BaseException | None = None

    def attempts(self) -> Iterator[Attempt]:
        number = 0
        while not self.done:
            number += 1
            self.retry.check_cancelled(self.last)
            yield Attempt(self, number)

    def pause(self, delay: int, error: BaseException) -> None:
        self.last = error
        self.retry.sleep(delay, error)

    async def apause(self, delay: int, error: BaseException) -> None:
        self.last = error
        await self.retry.asleep(delay, error)


class Retry:
    """A policy together with the clock, the randomness and the cancellation it runs with.

    `call` and `acall` run an operation; the object is a decorator too, and an iterable of attempts:

        for attempt in Retry(policy):
            with attempt:
                fetch()
    """

    __slots__ = ("cancellation", "clock", "on_retry", "policy", "random")

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
        random: RandomSource = system_random,
        cancellation: Cancellation | None = None,
        on_retry: OnRetry | None = None,
    ) -> None:
        self.policy = policy if policy is not None else RetryPolicy()
        self.clock = clock
        self.random = random
        self.cancellation = cancellation
        self.on_retry = on_retry

    def check_cancelled(self, last: BaseException | None) -> None:
        """Raise `CancelledError` when the cancellation has happened."""
        if self.cancellation is not None and self.cancellation.cancelled:
            raise CancelledError("cancelled before the next attempt", last) from last

    def next_delay(self, number: int, error: BaseException) -> int:
        """Nanoseconds to wait after this failure; raises the error itself or `MaxRetriesExceeded` when it is final."""
        if not self.policy.is_retryable(error):
            raise error
        if number >= self.policy.max_attempts:
            raise MaxRetriesExceeded(number, error) from error
        delay = self.policy.delay(number, self.random)
        if self.on_retry is not None:
            self.on_retry(number, error, delay)
        return delay

    def sleep(self, delay: int, error: BaseException) -> None:
        """Wait before the next attempt; a cancelled wait names the last error as its cause."""
        try:
            self.clock.sleep(delay, self.cancellation)
        except CancelledError:
            raise CancelledError("cancelled while waiting for the next attempt", error) from error

    async def asleep(self, delay: int, error: BaseException) -> None:
        """The same for coroutines."""
        try:
            await self.clock.asleep(delay, self.cancellation)
        except CancelledError:
            raise CancelledError("cancelled while waiting for the next attempt", error) from error

    def call(self, operation: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the operation until it succeeds or fails for good, and return its value."""
        number = 1
        last: BaseException | None = None
        while True:
            if self.cancellation is not None:
                self.check_cancelled(last)
            try:
                return operation(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - the policy decides which errors matter.
                last = error
                delay = self.next_delay(number, error)
            self.sleep(delay, last)
            number += 1

    async def acall(self, operation: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for a coroutine function."""
        number = 1
        last: BaseException | None = None
        while True:
            if self.cancellation is not None:
                self.check_cancelled(last)
            try:
                return await operation(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - the policy decides which errors matter.
                last = error
                delay = self.next_delay(number, error)
            await self.asleep(delay, last)
            number += 1

    def __call__(self, operation: Callable[P, T]) -> Callable[P, T]:
        if inspect.isgeneratorfunction(operation) or inspect.isasyncgenfunction(operation):
            raise ConfigurationError(
                f"{operation.__qualname__} is a generator function: it fails while it is consumed, which a retry "
                "cannot see; retry the code that consumes it"
            )
        call = self.call
        if inspect.iscoroutinefunction(operation):
            acall = self.acall

            @functools.wraps(operation)
            async def run_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                return await acall(operation, *args, **kwargs)

            return cast("Callable[P, T]", run_async)

        @functools.wraps(operation)
        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            return call(operation, *args, **kwargs)

        return run

    def __iter__(self) -> Iterator[Attempt]:
        return _Loop(self).attempts()

    async def __aiter__(self) -> AsyncIterator[Attempt]:
        for attempt in _Loop(self).attempts():
            yield attempt


@overload
def retry(operation: Callable[P, T], /) -> Callable[P, T]: ...
@overload
def retry(
    *retryable: type[BaseException],
    policy: RetryPolicy | None = ...,
    clock: Clock = ...,
    random: RandomSource = ...,
    cancellation: Cancellation | None = ...,
    on_retry: OnRetry | None = ...,
    **parameters: Any,
) -> Callable[[Callable[P, T]], Callable[P, T]]: ...
def retry(
    *retryable: Any,
    policy: RetryPolicy | None = None,
    clock: Clock = SYSTEM_CLOCK,
    random: RandomSource = system_random,
    cancellation: Cancellation | None = None,
    on_retry: OnRetry | None = None,
    **parameters: Any,
) -> Any:
    """Decorate a function or a coroutine function so that errors which may pass are retried.

    Bare (`@retry`), with the parameters of `RetryPolicy` (`@retry(max_attempts=3)`), with a policy, or with
    the retryable
    exceptions as positional arguments. A policy together with parameters of its own is a `ConfigurationError`.
    """
    if len(retryable) == 1 and not parameters and policy is None and not isinstance(retryable[0], type):
        return Retry(RetryPolicy(), clock=clock, random=random)(retryable[0])
    if "backoff_strategy" in parameters:
        parameters["backoff"] = parameters.pop("backoff_strategy")
    for alias in ("retryable_exceptions", "retryable_errors"):
        if alias in parameters:
            parameters["retryable"] = parameters.pop(alias)
    if retryable:
        if "retryable" in parameters:
            raise ConfigurationError("give the retryable exceptions once: positional or as `retryable`")
        parameters["retryable"] = retryable
    if policy is not None and parameters:
        raise ConfigurationError(f"give a policy or {', '.join(sorted(parameters))}, not both")
    if policy is None:
        unknown = sorted(set(parameters) - _POLICY_PARAMETERS)
        if unknown:
            raise ConfigurationError(
                f"retry has no parameter {unknown[0]!r}; it has {', '.join(sorted(_POLICY_PARAMETERS))}"
            )
        policy = RetryPolicy(**parameters)
    return Retry(policy, clock=clock, random=random, cancellation=cancellation, on_retry=on_retry)


_POLICY_PARAMETERS = {
    "max_attempts",
    "base_delay",
    "backoff",
    "max_delay",
    "jitter",
    "retryable",
    "non_retryable",
}
