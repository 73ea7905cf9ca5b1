"""Retries of other libraries whose delays are not ours: the port states it, and verification expects what it states."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from foundation_engine.port import port
from foundation_engine.port.delays import expected, growing
from foundation_engine.port.ir import Delays
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_specs.model import LanguageId

TENACITY = textwrap.dedent(
    """
    from typing import Protocol

    import backoff
    from tenacity import (
        retry,
        retry_if_exception_type,
        stop_after_attempt,
        stop_after_delay,
        wait_exponential,
        wait_exponential_jitter,
        wait_fixed,
    )


    class Store(Protocol):
        def get(self, key: str) -> int: ...


    class RateError(Exception):
        pass


    @retry(stop=stop_after_attempt(6), wait=wait_exponential(multiplier=1, min=4, max=10))
    def patient(store: Store, key: str) -> int:
        return store.get(key)


    @retry(stop=stop_after_attempt(4), wait=wait_exponential_jitter(initial=0.2, max=5), reraise=True)
    def spread(store: Store, key: str) -> int:
        return store.get(key) + 1


    @retry(stop=stop_after_attempt(3) | stop_after_delay(100), wait=wait_fixed(0.1))
    def short(store: Store, key: str) -> int:
        return store.get(key) + 2


    @retry(stop=stop_after_attempt(3), retry=retry_if_exception_type((OSError, RateError)), reraise=True)
    def listed(store: Store, key: str) -> int:
        return store.get(key) + 3


    @backoff.on_exception(backoff.expo, RateError, max_tries=4, jitter=None)
    def doubled(n: int) -> int:
        if n < 0:
            raise RateError("negative")
        return n * 2


    @backoff.on_exception(backoff.expo, (RateError, ConnectionError), max_tries=5, max_time=300, max_value=4)
    def loaded(store: Store, key: str) -> int:
        return store.get(key) + 4


    @backoff.on_exception(backoff.constant, Exception, max_tries=3, interval=0.5)
    def constant(store: Store, key: str) -> int:
        return store.get(key) + 5
    """
)


def ported(text: str, target: LanguageId = LanguageId.GO) -> PortCandidate:
    return port(PortRequest("rates.py", text, LanguageId.PYTHON, target))


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST])
def test_policies_of_other_libraries_behave_as_they_do_but_for_what_is_stated(
    ports_whole: Callable[..., None], target: LanguageId
) -> None:
    ports_whole("rates.py", TENACITY, target, differential=12, cases=100)
    stated = "\n".join(ported(TENACITY, target).differences)
    for sentence in (
        "Delays begin at 4 s and double",
        "Delays are spread by 25 % in both directions, where tenacity adds up to 1 s to each",
        "where the source also ends after 100 s",
        "where the source also ends after 300 s",
        "A list of errors with OSError takes what the port itself raises as one",
    ):
        assert sentence in stated


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("max_tries=4, ", "", "a retry without an end (backoff retries for ever without `max_tries`)"),
        ("backoff.expo, RateError", "backoff.fibo, RateError", "a wait of this kind"),
        ("jitter=None", "jitter=backoff.random_jitter", "a jitter of this kind"),
        ("jitter=None", "jitter=None, giveup=bool", "the argument giveup of backoff.on_exception"),
        (
            "jitter=None",
            "jitter=None, raise_on_giveup=False",
            "a retry that gives nothing when every attempt failed",
        ),
        ("jitter=None", "base=3", "delays that grow by another factor than 2"),
        ("stop_after_attempt(3) | ", "", "a retry that ends by something else than a number of attempts"),
    ],
)
def test_a_policy_without_a_counterpart_is_declined(before: str, after: str, reason: str) -> None:
    assert before in TENACITY
    assert reason in {h.reason for h in ported(TENACITY.replace(before, after, 1)).holes}


def test_delays_grow_up_to_the_longest_and_are_spread() -> None:
    assert growing(1.0, 2.0, 3.0, 0.5, 4) == ((0.5, 1.5), (1.0, 3.0), (1.5, 4.5), (1.5, 4.5))


def test_recorded_delays_become_those_of_the_port() -> None:
    policy = Delays(growing(1.0, 1.5, 60.0, 0.5, 3), growing(1.0, 2.0, 60.0, 0.5, 3))
    second = 1_000_000_000
    # Every delay, and from the first one again.
    each = expected(
        policy, (second // 2, 750_000_000, second // 2), (3 * second // 2, 2_250_000_000, 3 * second // 2)
    )
    assert each == ((second // 2, second, second // 2), (3 * second // 2, 3 * second, 3 * second // 2))
    # The sum of a retry's delays.
    assert expected(policy, (1_250_000_000,), (3_750_000_000,)) == ((3 * second // 2,), (9 * second // 2,))
    # Those of another policy.
    assert expected(policy, (second,), (second,)) is None
    assert expected(policy, (second // 2, 5 * second), (3 * second // 2, 5 * second)) is None
