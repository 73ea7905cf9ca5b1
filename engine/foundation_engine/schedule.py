"""Delay schedules in integer nanoseconds, as every runtime computes them.

Source of the formulas: `docs/semantics.md`, sections 1 and 4. For attempt n
(1-based) that fails, the delay before attempt n+1 is

* fixed: base
* linear: base * n
* exponential: base * 2^(n-1), by saturating doubling

then capped at `max_delay`, then jittered. Full jitter spreads over [0, d], equal over [d/2, d], symmetric with ratio r
over [d*(1-r), d*(1+r)].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from foundation_specs.model import Jitter, JitterKind

NANOSECONDS = 1_000_000_000
# The runtimes hold a delay in a signed 64-bit integer; doubling stops there instead of wrapping round.
SATURATION = 2**63 - 1
# A schedule of a hundred attempts is data; more than this many delays is of no use to a reader.
LONGEST_LISTED = 1000
_JITTER_KINDS = frozenset(kind.value for kind in JitterKind)

NO_JITTER = Jitter(JitterKind.NONE, 0.0)
DEFAULT_JITTER = Jitter(JitterKind.SYMMETRIC, 0.25)


def jittered(jitter: Jitter, delay: int, drawn: int) -> int:
    """The delay in nanoseconds after jitter, for the random fraction `drawn` / 2^53 (0 <= drawn < 2^53)."""
    if jitter.kind is JitterKind.FULL:
        return delay * drawn >> 53
    if jitter.kind is JitterKind.EQUAL:
        half = delay // 2
        return half + ((delay - half) * drawn >> 53)
    if jitter.kind is JitterKind.SYMMETRIC:
        span = _span(jitter, delay)
        return delay - span + (2 * span * drawn >> 53)
    return delay


def _span(jitter: Jitter, delay: int) -> int:
    return delay * round(jitter.ratio * 1e6) // 1_000_000


def jitter_bounds(jitter: Jitter, delay: int) -> tuple[int, int]:
    """The least delay, in nanoseconds, that `jitter` makes of `delay`, and the bound that it stays below or meets."""
    if jitter.kind is JitterKind.SYMMETRIC:
        span = _span(jitter, delay)
        return delay - span, delay + span
    return jittered(jitter, delay, 0), delay


@dataclass(frozen=True, slots=True)
class DelaySchedule:
    """The delays of one retry policy that never succeeds.

    `nominal` are the delays between attempts before jitter, in nanoseconds; `bounds` are the least and greatest
    delay after jitter, one pair per nominal delay. `capped` is the 0-based index of the first delay that `max_delay`
    cut short, or None.
    """

    nominal: tuple[int, ...]
    bounds: tuple[tuple[int, int], ...]
    jitter: Jitter
    capped: int | None = None

    @property
    def total(self) -> int:
        """The sum of the nominal delays, in nanoseconds."""
        return sum(self.nominal)

    @property
    def shortest(self) -> int:
        """The least time, in nanoseconds, that all delays together can take."""
        return sum(low for low, _ in self.bounds)

    @property
    def worst_case(self) -> int:
        """The greatest time, in nanoseconds, that all delays together can take; calls not included."""
        return sum(high for _, high in self.bounds)


def to_nanoseconds(seconds: float) -> int:
    """Seconds as nanoseconds, rounded half to even after one double multiplication, as every runtime converts them."""
    if isinstance(seconds, int):
        return min(max(seconds * NANOSECONDS, 0), SATURATION)
    return min(max(round(seconds * 1e9), 0), SATURATION)


def jitter_of(value: Any, default: Jitter = DEFAULT_JITTER) -> Jitter | None:
    """The jitter that a value means (True, False, "full", {"kind": "full", "ratio": 0.5}), or None if it is none.

    True means `default`, the spec's own kind.
    """
    if isinstance(value, Jitter):
        return value
    if value is True:
        return default
    if value is False or value is None:
        return NO_JITTER
    if isinstance(value, str):
        return Jitter(JitterKind(value)) if value in _JITTER_KINDS else None
    if isinstance(value, Mapping):
        fields = dict(cast("Mapping[Any, Any]", value))
        kind, ratio = fields.get("kind", default.kind), fields.get("ratio", default.ratio)
        if kind in _JITTER_KINDS and isinstance(ratio, (int, float)) and 0 <= ratio <= 1:
            return Jitter(JitterKind(kind), float(ratio))
    return None


def nominal_delay(strategy: str, base: int, failed_attempt: int, cap: int | None) -> int:
    """The delay in nanoseconds after attempt `failed_attempt` (1-based), before jitter.

    `base` and `cap` are nanoseconds. Raises ValueError for a strategy that is none of fixed, linear, exponential,
    fibonacci (which one recognised library has).
    """
    if strategy == "fixed":
        delay = base
    elif strategy == "linear":
        delay = base * failed_attempt
    elif strategy == "exponential":
        # Past 63 doublings every non-zero base has saturated, so the shift stays small.
        delay = base << min(failed_attempt - 1, 63)
    elif strategy == "fibonacci":
        previous, current = 0, 1
        for _ in range(failed_attempt - 1):
            previous, current = current, previous + current
            if current * base >= SATURATION:
                break
        delay = base * current
    else:
        raise ValueError(f"unknown backoff strategy {strategy!r}; expected fixed, linear or exponential")
    delay = min(delay, SATURATION)
    return delay if cap is None else min(delay, cap)


def delay_schedule(
    *,
    max_attempts: int,
    base_delay: float,
    backoff_strategy: str = "exponential",
    max_delay: float | None = 60.0,
    jitter: Jitter = NO_JITTER,
) -> DelaySchedule:
    """The schedule of a policy whose every attempt fails; delays are given in seconds and come out in nanoseconds."""
    base = to_nanoseconds(base_delay)
    cap = None if max_delay is None else to_nanoseconds(max_delay)
    nominal: list[int] = []
    capped: int | None = None
    for attempt in range(1, min(max_attempts, LONGEST_LISTED + 1)):
        delay = nominal_delay(backoff_strategy, base, attempt, cap)
        if capped is None and cap is not None and nominal_delay(backoff_strategy, base, attempt, None) > cap:
            capped = attempt - 1
        nominal.append(delay)
    return DelaySchedule(tuple(nominal), tuple(jitter_bounds(jitter, d) for d in nominal), jitter, capped)


def format_duration(nanoseconds: int) -> str:
    """A duration as a person writes it: "0 s", "250 ms", "1.5 s", "2 min 30 s", "3 h 5 min"."""
    if nanoseconds == 0:
        return "0 s"
    if nanoseconds < 1_000:
        return f"{nanoseconds} ns"
    if nanoseconds < 1_000_000:
        return f"{_decimal(nanoseconds, 1_000)} µs"
    if nanoseconds < NANOSECONDS:
        return f"{_decimal(nanoseconds, 1_000_000)} ms"
    if nanoseconds < 60 * NANOSECONDS:
        return f"{_decimal(nanoseconds, NANOSECONDS)} s"
    minutes, rest = divmod(nanoseconds, 60 * NANOSECONDS)
    if minutes < 60:
        return f"{minutes} min" + (f" {_decimal(rest, NANOSECONDS)} s" if rest else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")


def _decimal(value: int, unit: int) -> str:
    """`value / unit` with up to three decimals, rounded half up, in integers: no delay is shown as another's."""
    thousandths = (value * 1000 + unit // 2) // unit
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".") if rest else str(whole)


def summarise(schedule: DelaySchedule, listed: int = 6) -> str:
    """One line for a hover: "1 s, 2 s; with symmetric jitter 0.75 to 1.25; worst case 3.75 s"."""
    if not schedule.nominal:
        return "no delay: a single attempt"
    shown = ", ".join(format_duration(d) for d in schedule.nominal[:listed])
    if len(schedule.nominal) > listed:
        shown += f", … ({len(schedule.nominal)} delays)"
    parts = [shown]
    jitter = schedule.jitter
    if jitter.kind is JitterKind.SYMMETRIC:
        low, high = _fraction(1 - jitter.ratio), _fraction(1 + jitter.ratio)
        parts.append(f"with symmetric jitter {low} to {high}")
    elif jitter.kind is JitterKind.EQUAL:
        parts.append("with equal jitter 0.5 to 1")
    elif jitter.kind is JitterKind.FULL:
        parts.append("with full jitter 0 to 1")
    parts.append(f"worst case {format_duration(schedule.worst_case)}")
    return "; ".join(parts)


def _fraction(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") or "0"
