"""Seconds and ratios as integers, and range checks that name the parameter (docs/semantics.md, section 1)."""

from __future__ import annotations

import math
from datetime import timedelta

from foundation.errors import ConfigurationError

MAX = 2**63 - 1
SECOND = 1_000_000_000


def nanoseconds(
    name: str, value: float | timedelta, low: float, high: float, *, above_low: bool = False
) -> int:
    """A duration in seconds as integer nanoseconds; `ConfigurationError` outside of `[low, high]` seconds."""
    if isinstance(value, timedelta):
        whole = (value.days * 86_400 + value.seconds) * SECOND + value.microseconds * 1000
        seconds: float = value.total_seconds()
    elif isinstance(value, bool) or not isinstance(value, int | float):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped.
        raise ConfigurationError(f"{name} must be a number of seconds or a timedelta, not {value!r}")
    else:
        seconds = value
        whole = -1
    if not math.isfinite(seconds) or not low <= seconds <= high or (above_low and seconds == low):
        left = "(" if above_low else "["
        raise ConfigurationError(f"{name} must be in {left}{low:g}, {high:g}] seconds, not {value!r}")
    if whole >= 0:
        return whole
    return value * SECOND if isinstance(value, int) else round(float(seconds) * 1e9)


def parts_per_million(name: str, ratio: float) -> int:
    """A ratio in [0, 1] as integer parts per million."""
    if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 0 <= ratio <= 1:  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped.
        raise ConfigurationError(f"{name} must be in [0, 1], not {ratio!r}")
    return round(ratio * 1e6)


def count(name: str, value: int, low: int, high: int) -> int:
    """A whole number in `[low, high]`, or `ConfigurationError`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped.
        raise ConfigurationError(f"{name} must be a whole number in [{low}, {high}], not {value!r}")
    return value
