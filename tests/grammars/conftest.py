"""Prints the corpus tally: what was reported, missing, noisy and validated."""

from __future__ import annotations

from collections import Counter

import pytest

_WORDS = ("reported", "missing", "noisy", "validated")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Sum the counts that the corpus tests recorded; recorded properties survive parallel runs."""
    counts: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name.startswith("corpus-") and getattr(report, "when", "") == "call":
                    counts[name.removeprefix("corpus-")] += value
    if counts:
        tally = ", ".join(f"{counts[word]} {word}" for word in _WORDS)
        terminalreporter.write_line(f"corpus: {tally}")
