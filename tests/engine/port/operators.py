"""Classes that say what operators mean, and small things of the library: run in Python and in each target."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, IntEnum, StrEnum, auto
from functools import total_ordering, wraps
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, Final


class Money:
    def __init__(self, cents: int, currency: str) -> None:
        self.cents = cents
        self.currency = currency

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.cents == other.cents and self.currency.lower() == other.currency.lower()

    def __hash__(self) -> int:
        return hash((self.cents, self.currency.lower()))

    def __add__(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.cents + other.cents, self.currency)

    def __mul__(self, count: int) -> Money:
        return Money(self.cents * count, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.cents, self.currency)


def due(prices: list[int], currency: str, count: int) -> int:
    total = Money(0, "EUR")
    for price in prices:
        total = total + Money(price % 1000, currency) * (count % 10)
    return (-total).cents


def same_money(a: int, b: int, currency: str) -> list[bool]:
    left, right = Money(a, currency), Money(b, "eur")
    found: Money | None = left if a > b else None
    return [left == right, left != right, left == Money(a, currency.upper()), found == right]


@total_ordering
class Version:
    def __init__(self, major: int, minor: int) -> None:
        self.major = major
        self.minor = minor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and (self.major, self.minor) == (other.major, other.minor)

    def __hash__(self) -> int:
        return hash((self.major, self.minor))

    def __lt__(self, other: Version) -> bool:
        return (self.major, self.minor) < (other.major, other.minor)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


def newest(numbers: list[int], least: int) -> str:
    floor = Version(least % 3, 0)
    newest = floor
    for n in numbers:
        version = Version(n % 3, n % 5)
        if version >= floor and not version <= newest:
            newest = version
    return f"{newest} {newest == floor}"


class Table:
    def __init__(self, rows: dict[str, int]) -> None:
        self._rows = rows

    def __getitem__(self, key: str) -> int:
        return self._rows.get(key, -1)

    def __call__(self, factor: int) -> int:
        return len(self._rows) * factor


def from_table(key: str, n: int) -> int:
    table = Table({"a": n, "b": 2})
    return table[key] + table["b"] + table(3)


def price_of(text: str) -> float:
    order: dict[str, Any] = json.loads(text)
    with suppress(TypeError, ValueError):
        return float(order.get("price", 1)) + 0.5
    return -1.0


def total_of(text: str, number: str, on: bool) -> float:
    mixed: dict[str, Any] = {"number": number, "text": 2.5, "on": on, "n": len(text)}
    return sum(float(mixed[key]) for key in ["text", "on", "n", "number"])


def number_in(text: str) -> int:
    with suppress(ValueError):
        return int(text)
    return 0


class Person:
    def __init__(self, name: str, age: int) -> None:
        self.name = name
        self.age = age


def oldest_first(ages: dict[str, int]) -> list[str]:
    people = [Person(name, age % 4) for name, age in sorted(ages.items(), key=itemgetter(1, 0))]
    people.sort(key=attrgetter("age"), reverse=True)
    return [f"{p.name:<6}{p.age:>12,}{p.age / 4:>10,.2f}|" for p in people]


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    """Tell of each call."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        print(f"{function.__name__} begins")
        result = function(*args, **kwargs)
        print(f"{function.__name__} ends")
        return result

    return wrapper


def repeated(count: int, *, least: int = 0):
    """The sum of several calls, which is never below the least."""

    def decorate(function):
        @wraps(function)
        def wrapper(*args, **kwargs):
            total = least
            for _ in range(count):
                total += function(*args, **kwargs)
            return max(total, least)

        return wrapper

    return decorate


@logged
def area(width: int, height: int = 2) -> int:
    """The area of a rectangle."""
    if width < 0:
        raise ValueError("a width below zero")
    return width * height


@repeated(3, least=4)
def weight(text: str) -> int:
    return len(text)


class Gauge:
    def __init__(self, level: int) -> None:
        self.level = level

    @logged
    def raised(self, by: int) -> int:
        self.level += by
        return self.level


def measured(width: int, text: str) -> int:
    gauge = Gauge(width)
    return area(width) + area(1, height=3) + weight(text) + gauge.raised(2)


class Stage(Enum):
    NEW = auto()
    RUNNING = auto()
    LATE = 7
    DONE = auto()


class Level(IntEnum):
    LOW = 1
    HIGH = 5


class Colour(StrEnum):
    RED = "red"
    DARK_BLUE = auto()


class Unit(str, Enum):  # noqa: UP042 - the older form is one of its own.
    GRAM = "g"
    LITRE = "l"


def stages() -> list[int]:
    return [stage.value for stage in Stage]


def levels(n: int, high: bool) -> list[bool]:
    level = Level.HIGH if high else Level.LOW
    return [
        level >= Level.HIGH,
        level < n,
        n == level,
        level + n > 3,
        level == Level.LOW,
        level is Level.HIGH,
    ]


def colours(text: str, red: bool) -> str:
    colour = Colour.RED if red else Colour.DARK_BLUE
    unit = Unit.GRAM if red else Unit.LITRE
    known = text == Colour.RED or colour == text or text == unit
    return f"{colour}: {colour + '!'} {known} {Level.HIGH if known else Level.LOW}" + text.replace(
        colour, "-"
    )


LARGEST: Final = 9000


class Cents:
    def __init__(self, count: int) -> None:
        self.count = count

    def __lt__(self, other: Cents) -> bool:
        return self.count < other.count


def cents(amount: str) -> Cents:
    return Cents(len(amount) * 100 % LARGEST)


def cheaper(a: str, b: str) -> bool:
    return cents(a) < cents(b)


def listing(names: list[str], n: int) -> str:
    out = io.StringIO()
    out.write(f"{n} names\n")
    for name in names:
        if name:
            out.write(name.strip())
            out.write(";")
    return out.getvalue() + "."


def table(rows: list[list[str]], n: int) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["name", "count", n])
    for row in rows[:2]:
        writer.writerow(row)
    writer.writerows(rows[2:])
    return out.getvalue()


def counted_words(words: list[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for i, word in enumerate(words):
        writer.writerow([word, i, len(word) / 2, i > 1])
    return out.getvalue()


def found(headers: dict[str, str]) -> str:
    value = headers.get("Retry-After", headers.get("retry-after"))
    return "none" if value is None else value


def grouped_by_size(words: list[str]) -> list[str]:
    people = [Person(word, len(word) % 3) for word in words]
    people.sort(key=attrgetter("age"))
    return [f"{age} {len(list(group))}" for age, group in groupby(people, key=attrgetter("age"))]
