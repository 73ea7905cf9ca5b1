"""Texts that a regular expression matches: what code that reads texts by one is meant for."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

from foundation_engine.port.regex import Regex

_LETTERS = "abcXYZ019 _-.:,/"
_CATEGORIES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_NOT_DIGIT": "ab -X",
    "CATEGORY_SPACE": " \t",
    "CATEGORY_NOT_SPACE": "aZ0-_",
    "CATEGORY_WORD": "abcXYZ019_",
    "CATEGORY_NOT_WORD": " -.:,",
}
_MOST = 4  # repetitions beyond the fewest


def matching(regex: Regex, draw: random.Random) -> str:
    """A text that the pattern matches where nothing that looks ahead, behind or at a boundary prevents it."""
    groups: dict[int, str] = {}

    def sequence(items: Iterable[tuple[Any, Any]]) -> str:
        return "".join(one(str(op), value) for op, value in items)

    def one(op: str, value: Any) -> str:
        match op:
            case "LITERAL":
                return chr(value)
            case "NOT_LITERAL":
                return draw.choice([c for c in _LETTERS if ord(c) != value])
            case "ANY":
                return draw.choice(_LETTERS)
            case "IN":
                return draw.choice(_members(value) or ["?"])
            case "BRANCH":
                return sequence(draw.choice(value[1]))
            case "SUBPATTERN":
                text = sequence(value[3])
                if value[0] is not None:
                    groups[value[0]] = text
                return text
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, body = value
                times = draw.randint(int(least), min(int(most), int(least) + _MOST))
                return "".join(sequence(body) for _ in range(times))
            case "ATOMIC_GROUP":
                return sequence(value)
            case "GROUPREF":
                return groups.get(value, "")
            case _:
                return ""

    return sequence(regex.items)


def _members(items: Iterable[tuple[Any, Any]]) -> list[str]:
    """Some characters of a class."""
    held: list[Callable[[str], bool]] = []
    some: list[str] = []
    negated = False
    for op, value in items:
        match str(op):
            case "NEGATE":
                negated = True
            case "LITERAL":
                some.append(chr(value))
            case "RANGE":
                low, high = value
                some += [chr(low), chr(high), chr((low + high) // 2)]
                held.append(lambda c, low=low, high=high: low <= ord(c) <= high)
            case "CATEGORY":
                some += _CATEGORIES.get(str(value), "")
            case _:
                pass
    return [c for c in _LETTERS if c not in some and not any(h(c) for h in held)] if negated else some
