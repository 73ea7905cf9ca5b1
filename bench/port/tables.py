"""What every table of ports shows alike: shares with their intervals, and the line that says how it was made."""

from __future__ import annotations

import datetime
import math
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


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


def commit() -> str:
    """The commit that was measured; an exported tree says it in a file."""
    if (ROOT / "COMMIT").exists():
        return (ROOT / "COMMIT").read_text().strip()
    done = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def made_by(command: str) -> str:
    """The sentence that says when, from what and how a report was made."""
    now = datetime.datetime.now(datetime.UTC)
    return (
        f"Made on {now:%Y-%m-%d %H:%M} UTC at commit {commit()} by `{command}`. Intervals are Wilson's, 95 %."
    )
