"""Stop calling what keeps failing, and find out carefully whether it has recovered (docs/semantics.md, section 5).

pybreaker and circuitbreaker were considered as a base: neither drops results of an older generation, and one
replaces the error of
the tripping call, so the state machine is written here.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from datetime import timedelta
from enum import StrEnum
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast, overload

from foundation._numbers import count, nanoseconds
from foundation.clock import SYSTEM_CLOCK, Clock
from foundation.errors import (
    AuthenticationError,
    CircuitOpenError,
    ValidationError,
    is_cancellation_or_exit,
    matching_classes,
)

P = ParamSpec("P")
T = TypeVar("T")


class CircuitState(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Permit:
    """An admitted call; end it with `success`, `failure` or `release`. Ending it twice counts once."""

    __slots__ = ("_breaker", "_ended", "_generation")

    def __init__(self, breaker: CircuitBreaker, generation: int) -> None:
        self._breaker = breaker
        self._generation = generation
        self._ended = False

    def success(self) -> None:
        """The call returned a value."""
        self._end("success")

    def failure(self, error: BaseException) -> None:
        """The call raised; whether that counts is the breaker's to say."""
        self._end(self._breaker.verdict(error))

    def release(self) -> None:
        """Give the permit back without a verdict."""
        self._end("ignored")

    def _end(self, verdict: str) -> None:
        if not self._ended:
            self._ended = True
            self._breaker._complete(self._generation, verdict)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - a permit is the breaker's own half.


# The permits of the `with` blocks that the current thread or task is inside of, innermost last.
_entered: ContextVar[tuple[tuple[CircuitBreaker, Permit], ...]] = ContextVar(
    "foundation_breakers", default=()
)


class CircuitBreaker:
    """A breaker that trips on the n-th failure in a row. Thread-safe; usable from coroutines."""

    def __init__(
        self,
        name: str = "circuit",
        *,
        failure_threshold: int = 5,
        recovery_timeout: float | timedelta = 60.0,
        half_open_max_calls: int = 1,
        success_threshold: int = 1,
        expected: Iterable[type[BaseException]] | type[BaseException] = (Exception,),
        excluded: Iterable[type[BaseException]] | type[BaseException] = (
            AuthenticationError,
            ValidationError,
        ),
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.name = name
        self._threshold = count("failure_threshold", failure_threshold, 1, 10_000)
        self._timeout = nanoseconds("recovery_timeout", recovery_timeout, 0, 86_400)
        self._probes = count("half_open_max_calls", half_open_max_calls, 1, 1000)
        self._wanted = count("success_threshold", success_threshold, 1, 1000)
        self._expected = matching_classes((expected,) if isinstance(expected, type) else tuple(expected))
        self._excluded = matching_classes((excluded,) if isinstance(excluded, type) else tuple(excluded))
        self._clock = clock
        self._lock = threading.Lock()
        self._state = CircuitState.CLOSED
        self._failures = 0
        self._successes = 0
        self._in_flight = 0
        self._opened_at = 0
        self._generation = 0

    @property
    def state(self) -> CircuitState:
        """The stored state: an open breaker stays open until a call comes after its time-out."""
        return self._state

    @property
    def failure_count(self) -> int:
        """Failures in a row; an open breaker keeps the number it tripped at."""
        return self._failures

    def reset(self) -> None:
        """Close the breaker and forget every call in flight."""
        with self._lock:
            self._become(CircuitState.CLOSED)
            self._failures = 0

    def begin(self) -> Permit:
        """Admit a call or raise `CircuitOpenError`; the two-step form of `call`."""
        with self._lock:
            if self._state is CircuitState.OPEN:
                waited = max(0, self._clock.now() - self._opened_at)
                if waited < self._timeout:
                    raise CircuitOpenError(self.name, self._timeout - waited)
                self._become(CircuitState.HALF_OPEN)
            if self._state is CircuitState.HALF_OPEN:
                if self._in_flight >= self._probes:
                    raise CircuitOpenError(self.name, 0)
                self._in_flight += 1
            return Permit(self, self._generation)

    def verdict(self, error: BaseException) -> str:
        """`failure` or `ignored`."""
        if is_cancellation_or_exit(error) or isinstance(error, self._excluded):
            return "ignored"
        return "failure" if isinstance(error, self._expected) else "ignored"

    def _complete(self, generation: int, verdict: str) -> None:
        with self._lock:
            if generation != self._generation:
                return
            if self._state is CircuitState.HALF_OPEN:
                self._in_flight -= 1
                if verdict == "failure":
                    self._trip()
                elif verdict == "success":
                    self._successes += 1
                    if self._successes >= self._wanted:
                        self._become(CircuitState.CLOSED)
                        self._failures = 0
            elif verdict == "success":
                self._failures = 0
            elif verdict == "failure":
                self._failures += 1
                if self._failures >= self._threshold:
                    self._trip()

    def _trip(self) -> None:
        self._become(CircuitState.OPEN)
        self._opened_at = self._clock.now()

    def _become(self, state: CircuitState) -> None:
        self._state = state
        self._generation += 1
        self._successes = 0
        self._in_flight = 0

    def call(self, operation: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the operation through the breaker."""
        permit = self.begin()
        try:
            value = operation(*args, **kwargs)
        except BaseException as error:
            permit.failure(error)
            raise
        permit.success()
        return value

    async def acall(self, operation: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for a coroutine function."""
        permit = self.begin()
        try:
            value = await operation(*args, **kwargs)
        except BaseException as error:
            permit.failure(error)
            raise
        permit.success()
        return value

    def __enter__(self) -> CircuitBreaker:
        _entered.set((*_entered.get(), (self, self.begin())))
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        stack = _entered.get()
        index = max(i for i, (breaker, _) in enumerate(stack) if breaker is self)
        _entered.set(stack[:index] + stack[index + 1 :])
        permit = stack[index][1]
        if error is None:
            permit.success()
        else:
            permit.failure(error)

    async def __aenter__(self) -> CircuitBreaker:
        return self.__enter__()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, operation: Callable[P, T]) -> Callable[P, T]:
        if inspect.iscoroutinefunction(operation):

            @functools.wraps(operation)
            async def run_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                return await self.acall(operation, *args, **kwargs)

            run_async.breaker = self  # type: ignore[attr-defined]
            return cast("Callable[P, T]", run_async)

        @functools.wraps(operation)
        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            return self.call(operation, *args, **kwargs)

        run.breaker = self  # type: ignore[attr-defined]
        return run

    def __repr__(self) -> str:
        return f"<CircuitBreaker {self.name!r} {self._state} failures={self._failures}/{self._threshold}>"


@overload
def circuit_breaker(operation: Callable[P, T], /) -> Callable[P, T]: ...
@overload
def circuit_breaker(**parameters: Any) -> Callable[[Callable[P, T]], Callable[P, T]]: ...
def circuit_breaker(operation: Callable[..., Any] | None = None, /, **parameters: Any) -> Any:
    """Decorate a function with a breaker of its own, named like the function; it is the attribute `breaker`
    of the result.

    Takes the parameters of `CircuitBreaker`; `expected_exception` and `failures` are other names of `expected`.
    """
    for alias in ("expected_exception", "failures"):
        if alias in parameters:
            parameters["expected"] = parameters.pop(alias)

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        named: dict[str, Any] = {"name": function.__qualname__, **parameters}
        return CircuitBreaker(**named)(function)

    return decorate if operation is None else decorate(operation)
