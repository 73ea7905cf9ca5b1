"""What front ends keep of a source beside its syntax."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


def reachable(start: str, mentions: Callable[[str], Iterable[str]]) -> set[str]:
    """A definition's name with the names of all that it mentions, directly or through others."""
    wanted: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo.extend(mentions(name))
    return wanted


@dataclass
class Comments:
    """Comments by line: those that stand alone, and those that trail code."""

    standing: dict[int, str] = field(default_factory=dict[int, str])
    trailing: dict[int, str] = field(default_factory=dict[int, str])

    def above(self, line: int, floor: int = 0) -> list[str]:
        """The block of standing comments that ends just above `line`."""
        found: list[str] = []
        at = line - 1
        while at > floor and at in self.standing:
            found.append(self.standing[at])
            at -= 1
        return found[::-1]
