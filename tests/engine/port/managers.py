"""Objects that are context managers around blocks that end early: run in Python and in targets."""

from __future__ import annotations


class Depth:
    """Counts how deep it is."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.now = 0
        self.most = 0

    def __enter__(self) -> Depth:
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now > self.limit:
            raise ValueError("too deep")
        return self

    def __exit__(self, exc_type: object, exc: object, tb: object) -> None:
        self.now -= 1


def deepest(words: list[str], limit: int) -> tuple[int, int]:
    depth = Depth(limit)
    seen = 0
    for word in words:
        with depth:
            seen += len(word)
            if seen > 12:
                break
    return depth.most + depth.now, seen


def letters_at_depth(text: str) -> int:
    with Depth(3) as depth:
        n = text.count("a")
        if n > depth.limit:
            return -1
    return n + depth.most - depth.now
