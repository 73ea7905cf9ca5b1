"""Lines of code as they are written: the depth of indentation, and lines that are collected aside."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


class Lines:
    """The lines of one body of code."""

    unit = "    "
    """One level of indentation."""

    def __init__(self, depth: int = 1) -> None:
        self.lines: list[str] = []
        self.depth: int = depth

    def write(self, text: str) -> None:
        """One line at the current depth."""
        self.lines.append(f"{self.unit * self.depth}{text}" if text else "")

    @contextmanager
    def indented(self) -> Generator[None]:
        """Write one level deeper."""
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1

    @contextmanager
    def captured(self) -> Generator[list[str]]:
        """Collect what is written instead of writing it."""
        saved, self.lines = self.lines, []
        collected = self.lines
        try:
            yield collected
        finally:
            self.lines = saved
