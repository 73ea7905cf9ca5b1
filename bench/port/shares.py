"""Shares of a count with their Wilson intervals, as every table of ports shows them."""

from __future__ import annotations

import math


def wilson(good: int, of: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share, both ends from 0 to 1."""
    if of == 0:
        return 0.0, 1.0
    z, p = 1.96, good / of
    centre = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, centre - half), min(1.0, centre + half)


def share(good: int, of: int) -> str:
    """A share as text with its interval."""
    low, high = wilson(good, of)
    return f"{good}/{of} = {100 * good / of:.1f} % [{100 * low:.1f}, {100 * high:.1f}]" if of else "-"
