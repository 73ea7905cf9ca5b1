"""Functions inside of functions that assign variables around them: run in Python and in targets."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


def counted(items: list[str]) -> int:
    count = 0
    total = 0.5
    found = False

    def bump(by: int) -> None:
        nonlocal count, total, found
        count += by
        total = total + by / 2
        if by > 3:
            found = True

    for item in items:
        bump(len(item))
    if found:
        return -count
    return count + int(total)


def depth_of(tree: dict[str, list[str]], root: str) -> int:
    best = 0

    def visit(name: str, depth: int) -> None:
        nonlocal best
        best = max(best, depth)
        if depth > 20:
            return
        for child in tree.get(name, []):
            visit(child, depth + 1)

    visit(root, 0)
    return best


def counter_of(n: int) -> list[int]:
    pos = 0

    def step() -> int:
        nonlocal pos
        pos += 1
        return pos

    return [step() for _ in range(n)]


def make_counter() -> Callable[[], int]:
    count = 0

    def inc() -> int:
        nonlocal count
        count += 1
        return count

    return inc


def counted_twice() -> list[int]:
    first, second = make_counter(), make_counter()
    return [first(), first(), second()]


def numbers(text: str) -> list[int]:
    at = 0

    def number() -> int:
        nonlocal at
        value = 0
        while at < len(text) and text[at].isdigit():
            value = value * 10 + ord(text[at]) - ord("0")
            at += 1
        return value

    out: list[int] = []
    while at < len(text) and len(out) < 5:
        out.append(number())
        at += 1
    return out


def last_of(names: list[str]) -> str:
    kept: deque[str] = deque(maxlen=2)

    def keep(name: str) -> None:
        kept.append(name)

    for name in names:
        keep(name)
    return "/".join(kept)
