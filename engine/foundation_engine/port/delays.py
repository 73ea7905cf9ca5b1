"""Delays of a retry that are others in the port, as it states: what verification then expects of the port."""

from __future__ import annotations

from collections.abc import Sequence

from foundation_engine.port.ir import Delays

# How near a recorded delay is to the one that a policy gives, in nanoseconds.
_CLOSE = 2000


def growing(
    base: float, factor: float, longest: float, ratio: float, count: int
) -> tuple[tuple[float, float], ...]:
    """The bounds of delays that grow by a factor up to the longest and are spread by a ratio, in seconds."""
    middles = [min(base * factor**n, longest) for n in range(count)]
    return tuple((m * (1 - ratio), m * (1 + ratio)) for m in middles)


def expected(
    delays: Delays, low: Sequence[int], high: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The bounds of the port's delays for those of a recording, in nanoseconds; None when they are not of the policy.

    A recording has every delay, from the first one again when a retry begins again, or the sum of one retry's.
    """
    source, port = ([tuple(round(1e9 * x) for x in d) for d in each] for each in (delays.source, delays.port))
    recorded = list(zip(low, high or low, strict=True))
    out: list[tuple[int, ...]] = []
    at = 0
    for each in recorded:
        here = next((n for n in (at, 0) if n < len(source) and _close(source[n], each, 1)), None)
        if here is None:
            break
        out.append(port[here])
        at = here + 1
    if len(out) < len(recorded):
        sums = [_sum(source[:n]) for n in range(1, len(source) + 1)]
        whole = next((n for n, s in enumerate(sums, 1) if _close(s, recorded[0], n)), None)
        if len(recorded) > 1 or whole is None:
            return None
        out = [_sum(port[:whole])]
    return tuple(d[0] for d in out), tuple(d[1] for d in out)


def _close(one: Sequence[int], other: Sequence[int], count: int) -> bool:
    return all(abs(a - b) <= _CLOSE * count for a, b in zip(one, other, strict=True))


def _sum(each: Sequence[Sequence[int]]) -> tuple[int, int]:
    return sum(d[0] for d in each), sum(d[1] for d in each)
