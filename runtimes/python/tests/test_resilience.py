"""What the conformance suite cannot say in four languages: decorators, coroutines, threads, Python's own errors."""

from __future__ import annotations

import asyncio
import pickle
import threading
from datetime import timedelta
from typing import Any

import foundation
import pytest
from foundation import (
    Backoff,
    Cancellation,
    CancelledError,
    CircuitBreaker,
    CircuitOpenError,
    CircuitState,
    ConfigurationError,
    Jitter,
    MaxRetriesExceeded,
    NetworkError,
    RateLimiter,
    RateLimitExceeded,
    Retry,
    RetryPolicy,
    ScriptedRandom,
    SystemClock,
    VirtualClock,
    circuit_breaker,
    rate_limit,
    retry,
)

FAST = {"base_delay": 0, "jitter": False}


class Flaky:
    """Fails so many times, then returns its argument."""

    def __init__(self, failures: int, error: type[BaseException] = NetworkError) -> None:
        self.failures, self.error, self.calls = failures, error, 0

    def __call__(self, value: int = 1) -> int:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error("flaky")
        return value


def test_bare_decorator_keeps_the_name() -> None:
    @retry
    def named(x: int) -> int:
        """Its text."""
        return x + 1

    assert named(1) == 2
    assert (named.__name__, named.__doc__) == ("named", "Its text.")


@pytest.mark.parametrize("error", [ConnectionRefusedError, TimeoutError, foundation.TimeoutError])
def test_native_errors_count_as_ours(error: type[BaseException]) -> None:
    flaky = Flaky(2, error)
    assert Retry(RetryPolicy(**FAST)).call(flaky, 5) == 5
    assert flaky.calls == 3


def test_our_errors_are_native_ones() -> None:
    assert issubclass(NetworkError, ConnectionError)
    assert issubclass(foundation.TimeoutError, TimeoutError)
    assert issubclass(foundation.ValidationError, ValueError)


def test_positional_errors_replace_the_default() -> None:
    flaky = Flaky(1, KeyError)

    @retry(KeyError, **FAST)
    def call() -> int:
        return flaky()

    assert call() == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: retry(KeyError, retryable=[OSError]),
        lambda: retry(policy=RetryPolicy(), max_attempts=2),
        lambda: retry(attempts=3),
        lambda: RetryPolicy(backoff="fibonacci"),
        lambda: RetryPolicy(jitter="decorrelated"),
        lambda: RetryPolicy(jitter={"kind": "full", "seconds": 1}),
        lambda: RetryPolicy(jitter=3),  # type: ignore[arg-type]
        lambda: RetryPolicy(max_attempts=True),
        lambda: RetryPolicy(base_delay=float("nan")),
        lambda: RetryPolicy(base_delay="1"),  # type: ignore[arg-type]
        lambda: RetryPolicy(base_delay=timedelta(seconds=301)),
        lambda: RetryPolicy(retryable=["NetworkError"]),  # type: ignore[list-item]
        lambda: RateLimiter(1, algorithm="leaky"),
        lambda: Jitter.symmetric(2),
    ],
)
def test_misuse_is_a_configuration_error(make: Any) -> None:
    with pytest.raises(ConfigurationError):
        make()


def test_aliases_of_the_surface() -> None:
    clock = VirtualClock()
    flaky = Flaky(9, OSError)
    call = retry(
        backoff_strategy="linear", retryable_exceptions=OSError, base_delay=1, jitter=False, clock=clock
    )(flaky)
    with pytest.raises(MaxRetriesExceeded):
        call()
    assert clock.sleeps == [10**9, 2 * 10**9]


def test_timedelta_is_exact() -> None:
    policy = RetryPolicy(base_delay=timedelta(microseconds=1), jitter=Jitter.none(), backoff=Backoff.FIXED)
    assert policy.delay(1) == 1000


def test_generator_functions_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="generator"):

        @retry
        def lines() -> Any:
            yield 1


def test_on_retry_is_told_before_the_sleep() -> None:
    told: list[tuple[int, str, int]] = []
    clock = VirtualClock()
    retrying = Retry(
        RetryPolicy(base_delay=1, jitter=Jitter.equal()),
        clock=clock,
        random=ScriptedRandom([0, 0]),
        on_retry=lambda n, e, d: told.append((n, str(e), d)),
    )
    assert retrying.call(Flaky(2)) == 1
    assert told == [(1, "flaky", 500_000_000), (2, "flaky", 1_000_000_000)]


def test_scripted_random_runs_out() -> None:
    with pytest.raises(IndexError):
        ScriptedRandom([])()


def test_loop_form() -> None:
    flaky = Flaky(2)
    numbers = []
    for attempt in Retry(RetryPolicy(**FAST)):
        with attempt:
            numbers.append(attempt.number)
            flaky()
    assert numbers == [1, 2, 3]


def test_loop_form_exhausted_and_final() -> None:
    with pytest.raises(MaxRetriesExceeded):
        for attempt in Retry(RetryPolicy(**FAST)):
            with attempt:
                raise NetworkError
    with pytest.raises(KeyError):
        for attempt in Retry(RetryPolicy(**FAST)):
            with attempt:
                raise KeyError


def test_async_forms() -> None:
    async def main() -> None:
        flaky = Flaky(2)

        @retry(**FAST)
        async def fetch(x: int) -> int:
            await asyncio.sleep(0)
            return flaky(x)

        assert await fetch(4) == 4
        other = Flaky(1)
        async for attempt in Retry(RetryPolicy(**FAST)):
            async with attempt:
                other()
        assert other.calls == 2

    asyncio.run(main())


def test_asyncio_cancellation_ends_a_wait() -> None:
    async def main() -> None:
        flaky = Flaky(99)
        task = asyncio.create_task(Retry(RetryPolicy(base_delay=30, jitter=False)).acall(_coroutine(flaky)))
        while flaky.calls == 0:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert flaky.calls == 1

    asyncio.run(main())


def _coroutine(function: Any) -> Any:
    async def run() -> Any:
        return function()

    return run


def test_cancellation_ends_a_wait_of_another_thread() -> None:
    cancellation = Cancellation()
    flaky = Flaky(99)
    threading.Timer(0.05, cancellation.cancel).start()
    with pytest.raises(CancelledError) as caught:
        Retry(RetryPolicy(base_delay=60, jitter=False), cancellation=cancellation).call(flaky)
    assert isinstance(caught.value.cause, NetworkError)


def test_cancellation_ends_a_wait_of_a_coroutine() -> None:
    cancellation = Cancellation()
    threading.Timer(0.05, cancellation.cancel).start()
    with pytest.raises(CancelledError):
        asyncio.run(
            Retry(RetryPolicy(base_delay=60, jitter=False), cancellation=cancellation).acall(
                _coroutine(Flaky(99))
            )
        )


def test_system_clock() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.sleep(2_000_000)
    clock.sleep(1_000_000, Cancellation())
    asyncio.run(clock.asleep(1_000_000, Cancellation()))
    assert clock.now() - before >= 4_000_000
    assert clock.wall() > 1_600_000_000 * 10**9


def test_default_jitter_spreads() -> None:
    delays = {RetryPolicy(base_delay=1).delay(1) for _ in range(50)}
    assert len(delays) > 40
    assert all(750_000_000 <= delay < 1_250_000_000 for delay in delays)


@pytest.mark.parametrize(
    "error",
    [MaxRetriesExceeded(3, KeyError("x")), CircuitOpenError("a", 7), RateLimitExceeded(9)],
)
def test_errors_can_be_pickled(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))


def test_breaker_decorator_and_attribute() -> None:
    @circuit_breaker(failure_threshold=1, expected_exception=KeyError)
    def call() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        call()
    with pytest.raises(CircuitOpenError, match="call"):
        call()
    assert call.breaker.state is CircuitState.OPEN
    assert "open" in repr(call.breaker)

    @circuit_breaker
    def fine() -> int:
        return 1

    assert fine() == 1


def test_breaker_for_coroutines() -> None:
    clock = VirtualClock()
    breaker = CircuitBreaker("x", failure_threshold=1, recovery_timeout=1, excluded=KeyError, clock=clock)

    async def main() -> None:
        @breaker
        async def call(error: type[BaseException] | None) -> int:
            if error is not None:
                raise error("x")
            return 1

        assert await call(None) == 1
        with pytest.raises(KeyError):
            await call(KeyError)
        with pytest.raises(OSError, match="x"):
            await call(OSError)
        with pytest.raises(CircuitOpenError):
            async with breaker:
                pass
        clock.advance(10**9)
        async with breaker:
            pass
        assert breaker.state is CircuitState.CLOSED

    asyncio.run(main())


def test_breaker_blocks_nest_and_interleave() -> None:
    one, two = CircuitBreaker("one", failure_threshold=1), CircuitBreaker("two", failure_threshold=1)
    with pytest.raises(NetworkError), one, two:
        raise NetworkError
    assert (one.state, two.state) == (CircuitState.OPEN, CircuitState.OPEN)
    one.reset()
    with one, one:
        pass
    assert one.failure_count == 0


def test_breaker_admits_one_probe_among_many_threads() -> None:
    clock = VirtualClock()
    breaker = CircuitBreaker("x", failure_threshold=1, recovery_timeout=1, clock=clock)
    with pytest.raises(OSError, match="x"):
        breaker.call(_raise)
    clock.advance(10**9)
    admitted, barrier, gate = [], threading.Barrier(20), threading.Event()

    def probe() -> None:
        barrier.wait()
        try:
            permit = breaker.begin()
        except CircuitOpenError:
            return
        admitted.append(permit)
        gate.wait(5)

    threads = [threading.Thread(target=probe) for _ in range(20)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert len(admitted) == 1


def _raise() -> None:
    raise OSError("x")


def test_limiter_across_threads_never_admits_more() -> None:
    limiter = RateLimiter(100, 3600)
    admitted = []

    def take() -> None:
        admitted.extend(1 for _ in range(50) if limiter.try_acquire())

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # 36 s would have to pass for one more.
    assert len(admitted) == 100


def test_limiter_decorator_and_coroutines() -> None:
    clock = VirtualClock()

    @rate_limit(2, 1.0, wait=True, clock=clock)
    def call() -> int:
        return clock.now()

    assert [call(), call(), call()] == [0, 0, 500_000_000]
    assert call.limiter.algorithm == "token_bucket"

    async def main() -> None:
        @RateLimiter(1, 1.0, wait=True, clock=clock)
        async def acall() -> int:
            return clock.now()

        begun = clock.now()
        assert [await acall() - begun, await acall() - begun] == [0, 10**9]
        with pytest.raises(RateLimitExceeded):
            limiter = RateLimiter(1, clock=clock)
            await limiter.aacquire()
            await limiter.aacquire()
        with pytest.raises(CancelledError):
            await limiter.aacquire(cancellation=clock.cancellation_at(0))

    asyncio.run(main())


def test_lazy_names() -> None:
    assert "retry" in dir(foundation)
    for name in foundation.__all__:
        assert getattr(foundation, name) is not None
    with pytest.raises(AttributeError):
        _ = foundation.nothing
