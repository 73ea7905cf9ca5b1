"""Delay schedules: the exact nanoseconds of the semantics page, and properties that hold for every policy."""

from __future__ import annotations

import pytest
from foundation_engine.schedule import (
    DEFAULT_JITTER,
    NO_JITTER,
    SATURATION,
    delay_schedule,
    format_duration,
    jitter_bounds,
    jitter_of,
    jittered,
    nominal_delay,
    summarise,
    to_nanoseconds,
)
from foundation_specs.model import Jitter, JitterKind
from hypothesis import given
from hypothesis import strategies as st

JITTERS = st.builds(Jitter, st.sampled_from(JitterKind), st.floats(0, 1))


def test_the_semantics_page_vector() -> None:
    draws = (0, 2**52, 2**53 - 1)
    delays = [nominal_delay("exponential", 100_000_000, n, None) for n in (1, 2, 3)]
    expected = [75_000_000, 200_000_000, 499_999_999]
    assert expected == [jittered(DEFAULT_JITTER, d, k) for d, k in zip(delays, draws, strict=True)]


def test_the_hover_example() -> None:
    schedule = delay_schedule(max_attempts=3, base_delay=1.0, jitter=DEFAULT_JITTER)
    assert schedule.nominal == (1_000_000_000, 2_000_000_000)
    assert summarise(schedule) == "1 s, 2 s; with symmetric jitter 0.75 to 1.25; worst case 3.75 s"


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("fixed", [500, 500, 500, 500]),
        ("linear", [500, 1000, 1500, 1600]),
        ("exponential", [500, 1000, 1600, 1600]),
        ("fibonacci", [500, 500, 1000, 1500]),
    ],
)
def test_strategies_are_capped_before_jitter(strategy: str, expected: list[int]) -> None:
    schedule = delay_schedule(max_attempts=5, base_delay=0.5, backoff_strategy=strategy, max_delay=1.6)
    assert [ms * 1_000_000 for ms in expected] == list(schedule.nominal)


def test_doubling_saturates_instead_of_wrapping() -> None:
    schedule = delay_schedule(max_attempts=100, base_delay=300.0, max_delay=None)
    assert max(schedule.nominal) == SATURATION
    assert list(schedule.nominal) == sorted(schedule.nominal)


def test_the_first_capped_delay_is_named() -> None:
    schedule = delay_schedule(max_attempts=6, base_delay=1.0, max_delay=4.0)
    assert schedule.capped == 3
    assert delay_schedule(max_attempts=3, base_delay=1.0, max_delay=4.0).capped is None


@pytest.mark.parametrize(
    ("seconds", "nanoseconds"),
    [(0.1, 100_000_000), (1, 1_000_000_000), (0.3, 300_000_000), (1e-9, 1), (2.5e-9, 2)],
)
def test_seconds_become_nanoseconds(seconds: float, nanoseconds: int) -> None:
    assert nanoseconds == to_nanoseconds(seconds)


@given(JITTERS, st.integers(0, SATURATION), st.integers(0, 2**53 - 1))
def test_a_jittered_delay_lies_within_its_bounds(jitter: Jitter, delay: int, drawn: int) -> None:
    low, high = jitter_bounds(jitter, delay)
    assert low <= jittered(jitter, delay, drawn) <= high


@given(st.integers(1, 60), st.floats(0, 300), st.sampled_from(["fixed", "linear", "exponential"]), JITTERS)
def test_a_schedule_adds_up(attempts: int, base: float, strategy: str, jitter: Jitter) -> None:
    schedule = delay_schedule(
        max_attempts=attempts, base_delay=base, backoff_strategy=strategy, jitter=jitter
    )
    assert len(schedule.nominal) == attempts - 1
    assert schedule.shortest <= schedule.total <= schedule.worst_case
    assert all(delay <= 60_000_000_000 for delay in schedule.nominal)


def test_values_that_mean_jitter() -> None:
    assert jitter_of(True) == DEFAULT_JITTER
    assert jitter_of(False) == NO_JITTER
    assert jitter_of("full") == Jitter(JitterKind.FULL)
    assert jitter_of({"kind": "symmetric", "ratio": 0.5}) == Jitter(JitterKind.SYMMETRIC, 0.5)
    assert jitter_of({"kind": "symmetric", "ratio": 1.5}) is None
    assert jitter_of("gaussian") is None


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0 s"),
        (999, "999 ns"),
        (1500, "1.5 µs"),
        (250_000_000, "250 ms"),
        (1_500_000_000, "1.5 s"),
        (61_000_000_000, "1 min 1 s"),
        (3_600_000_000_000, "1 h"),
        (5_640_000_000_000, "1 h 34 min"),
    ],
)
def test_durations_read_naturally(nanoseconds: int, text: str) -> None:
    assert text == format_duration(nanoseconds)
