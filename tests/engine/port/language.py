"""Constructs of the language as real projects use them: functions that are run in Python and in the targets."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from attrs import define
from attrs import field as attribute


@dataclass
class Order:
    """An order."""

    name: str
    price: float = 1.5
    tags: list[str] = field(default_factory=list)
    total: float = field(init=False)
    seen: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.total = self.price * 2
        if not self.name:
            raise ValueError("a name is needed")

    def add(self, tag: str) -> int:
        self.tags.append(tag)
        self.seen += 1
        return len(self.tags)


@define
class Settings:
    level: str = "INFO"


@define(repr=False, slots=True)
class Box:
    settings: Settings = attribute(factory=Settings)
    _hidden: int = attribute(default=3)
    items: dict[str, int] = attribute(factory=dict, init=False)

    def put(self, k: str) -> int:
        self.items[k] = self._hidden
        return len(self.items)


def total(name: str, price: float) -> float:
    o = Order(name, price)
    o.add(name)
    p = Order(name)
    return o.total + p.total + len(p.tags)


def boxed(k: str, n: int) -> str:
    b = Box(hidden=n)
    c = Box(Settings("X"))
    b.put(k)
    return f"{b.settings.level} {c.settings.level} {b.put(k)} {len(c.items)} {b.items[k]}"


def parsed(value: str | bool | int | None) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"number {value + 1}"
    return value.strip().upper()


def kinds(text: str, n: int, on: bool) -> list[str]:
    return [parsed(text), parsed(n), parsed(on), parsed(None), parsed(" a ")]


def setting(settings: dict[str, Any], key: str, default: str | bool) -> str | bool:
    if key in settings:
        found = settings[key]
        if isinstance(found, str | bool):
            return found
        if isinstance(found, (int, float)):
            return str(found)
    return default


def read(name: str, on: bool, n: int) -> str:
    settings: dict[str, Any] = {
        "name": name,
        "on": on,
        "n": n,
        "ratio": 1.5,
        "tags": [name, "x"],
        "none": None,
    }
    out: list[str] = []
    for key in ["name", "on", "n", "ratio", "none", "missing"]:
        value = setting(settings, key, False)
        if isinstance(value, str):
            out.append(value + "!")
        elif value:
            out.append("true")
        else:
            out.append("false")
    if settings["name"] == "a" or settings["n"] == 3 or settings["on"] == "a":
        out.append("same")
    if settings.get("nothing") is None and settings.get("none") is None and settings.get("name") is not None:
        out.append("absent")
    tags = settings["tags"]
    if isinstance(tags, list):
        out.extend(str(t) for t in tags)
    return ",".join(out)


def described(name: str, n: int) -> dict[str, Any]:
    return {"name": name, "count": n, "inner": {"a": 1.5, "b": [n, name]}}


def shown(name: str, n: int) -> str:
    d = described(name, n)
    count = d["count"]
    d["count"] = n + 1
    d["more"] = name if n > 2 else None
    inner = d["inner"]
    a = inner["a"]
    width: int = d["count"]
    chosen = d.get("more") or "none"
    return f"{count} {d['count']} {a} {width + 1} {chosen} {len(d)} {d.get('zero', 0)}"


class Task:
    def __init__(self, run: str | list[str], timeout: float | None = None) -> None:
        self.run = run
        self.timeout = timeout

    @property
    def is_composite(self) -> bool:
        return isinstance(self.run, list)

    def commands(self) -> list[str]:
        if isinstance(self.run, list):
            return [str(c) for c in self.run]
        return [self.run]


def tasks(name: str, names: list[str]) -> list[str]:
    one, many = Task(name), Task(names)
    return [*one.commands(), *many.commands(), str(one.is_composite), str(many.is_composite)]


class Manager:
    """Manages a tool."""

    def __init__(self, name: str, limit: int = 3) -> None:
        self.name = name
        self.limit = limit
        self.done: list[str] = []

    @property
    def title(self) -> str:
        return self.name.upper()

    def install(self, version: str) -> str:
        self.done.append(version)
        return f"{self.title} {self.binary()} {version}"

    def binary(self) -> str:
        raise NotImplementedError

    def describe(self) -> str:
        return f"{self.name}: {len(self.done)}"


class GoManager(Manager):
    def __init__(self, flavour: str) -> None:
        super().__init__("go-" + flavour, limit=len(flavour))
        self.flavour = flavour

    def binary(self) -> str:
        return f"go/{self.flavour}"

    def install(self, version: str) -> str:
        if version in self.done:
            return "again"
        return super().install(version.strip()) + "!"

    def describe(self) -> str:
        return super().describe() + f" of {self.limit}"


def managed(flavour: str, versions: list[str]) -> list[str]:
    m = GoManager(flavour)
    out = [m.install(v) for v in versions]
    out.append(m.describe())
    return out


class Tool:
    """What makes it may fail, and it is made in one literal."""

    def __init__(self, version: str, limit: int) -> None:
        self.major = int(version)
        self.limit = limit

    def allowed(self) -> bool:
        return self.major <= self.limit


def at_home(version: str) -> bool:
    return Tool(version, 3).allowed()


def listed(name: str, n: int) -> list[str]:
    data: dict[str, Any] = {"tools": {"go": {"version": name, "n": n}}, "on": True}
    tools = data.get("tools", {})
    out = [str(key in data) for key in ["tools", "off"]]
    if isinstance(tools, dict) and "go" in tools:
        go = tools["go"]
        if isinstance(go, dict):
            out.append(f"{go['version']} {go.get('n', 0)} {go.get('none')} {len(go)}")
            out.extend(sorted(go.keys()))
    return out


class Shade(Enum):
    LIGHT = "light"
    DARK = "dark"

    @property
    def is_dark(self) -> bool:
        return self is Shade.DARK

    def mixed(self, other: Shade) -> str:
        return f"{self.value}-{other.name.lower()}"

    @classmethod
    def named(cls, text: str) -> Shade:
        for member in cls:
            if member.value == text:
                return member
        raise ValueError(f"no shade {text}")


def shade_names(dark: bool) -> list[str]:
    return [s.name for s in Shade if s.is_dark == dark]


class Crate:
    LARGEST = 3
    KINDS = ("box", "bag")

    def __init__(self, items: list[str]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __contains__(self, item: str) -> bool:
        return item in self.items

    def __lt__(self, other: Crate) -> bool:
        return len(self.items) < len(other.items)

    def room(self) -> int:
        return self.LARGEST - len(self)

    def has(self, item: str) -> bool:
        return item in self and bool(self)

    def kind(self, number: int) -> str:
        return Crate.KINDS[number % 2]


@dataclass
class Turn:
    at: int
    name: str

    def __lt__(self, other: Turn) -> bool:
        return (self.at, self.name) < (other.at, other.name)


def turns(times: list[int]) -> list[str]:
    made = [Turn(t % 3, f"t{i}") for i, t in enumerate(times)]
    return [f"{t.at}{t.name}" for t in sorted(made)]


def first_long(words: list[str]) -> str:
    for word in words:
        if (size := len(word)) > 3 and word[0] != "x":
            return f"{word}{size}"
    return ""


def halvings(n: int) -> int:
    steps = 0
    while (n := n // 2) > 0:
        steps += 1
    return steps


def doubled_evens(numbers: list[int]) -> list[int]:
    return [n for x in numbers if (n := x * 2) % 4 == 0]


def by_kind(n: int) -> str:
    match n:
        case 0 | 1:
            return "few"
        case many if many > 100:
            return f"many {many}"
        case other:
            return f"some {other}"


def pair_kind(pair: tuple[int, int]) -> str:
    match pair:
        case (0, 0):
            return "origin"
        case (x, 0):
            return f"x {x}"
        case (x, y) if x == y:
            return f"diagonal {y}"
        case _:
            return "elsewhere"


def command(words: list[str]) -> str:
    match words:
        case ["go", place]:
            return f"to {place}"
        case [other]:
            return f"only {other}"
        case _:
            return "what"


def head_and_rest(text: str) -> str:
    head, *rest, last = text.split(",")
    return f"{head}|{'+'.join(rest)}|{last}"


def joined(mark: str, *parts: str, **named: int) -> str:
    return mark.join([*parts, *(f"{k}{v}" for k, v in named.items())])


def all_joined(items: list[str]) -> str:
    return joined("-", *items) + joined("+", "a", "b", one=1) + joined(".")


@lru_cache(maxsize=1000)
def ways(n: int) -> int:
    if n < 0:
        return 0
    if n == 0:
        return 1
    return (ways(n - 1) + ways(n - 2)) % 1000


@cache
def cleaned(text: str) -> str:
    return text.strip().lower()


@contextmanager
def noted(log: list[str], name: str) -> Iterator[None]:
    log.append(f"in {name}")
    try:
        yield
    finally:
        log.append(f"out {name}")


def with_notes(n: int) -> list[str]:
    log: list[str] = []
    with noted(log, f"n{n}"):
        log.append("work")
    return log


def ends(code: int) -> int:
    try:
        if code > 5:
            sys.exit(code)
        if code < 0:
            raise ValueError("negative")
    except Exception:
        return -1
    return code


def pause(attempt: int) -> float:
    return 0.2 * 2 ** max(attempt % 8, 0)


def kept_apart(items: list[str]) -> list[int]:
    total, size = 0, 7

    def add(n: int) -> int:
        total = n + 1
        for size in range(n):
            total += size
        return total

    for x in items:
        add(len(x))
    return [total, size, add(3)]


@dataclass
class Person:
    name: str
    age: int


def user_named(users: list[Person], name: str) -> Person | None:
    return next((u for u in users if u.name == name), None)


def age_of(users: list[Person], name: str) -> int:
    user = next((user for user in users if user.name == name and user.age > 0), None)
    if user is None:
        return -1
    return user.age


def first_longer(words: list[str], least: int) -> str:
    found = next((w.upper() for w in words if len(w) > least), "none")
    w = len(found)
    return found + str(w)


def at_least(numbers: list[int], least: int) -> int:
    place: int = next((i for i, n in enumerate(numbers) if n >= least), -1)
    return place


class Temperature:
    """A temperature that is never below absolute zero."""

    def __init__(self, celsius: float) -> None:
        self._celsius = celsius

    @property
    def celsius(self) -> float:
        return self._celsius

    @celsius.setter
    def celsius(self, value: float) -> None:
        if value < -273.15:
            raise ValueError("below absolute zero")
        self._celsius = value


def warmed(start: float, by: float) -> float:
    t = Temperature(start)
    t.celsius += by
    t.celsius = t.celsius + 1
    return t.celsius


class Tank:
    def __init__(self, size: int) -> None:
        self.size = size
        self._writes = 0

    @property
    def size(self) -> int:
        return self._size

    @size.setter
    def size(self, value: int) -> None:
        if value < 0:
            raise ValueError(f"size {value}")
        self._size = value * 2

    def grow(self, by: int) -> int:
        self.size += by
        self._writes += 1
        self.size = self.size - 1
        return self._writes


def grown(size: int, by: int) -> int:
    tank = Tank(size)
    tank.grow(by)
    return tank.size


def numbered(words: list[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for word in words:
        places.setdefault(word, []).append(len(places))
    return places


def numbered_again(words: list[str]) -> int:
    places: dict[str, list[int]] = defaultdict(list)
    total = 0
    for word in words:
        places[word.strip()].append(len(places))
        if word in places:
            places[word].extend([len(places), len(word)])
    for i in range([3, len(words)][0]):
        total += i * sum(len(p) for p in places.values())
    return total


def listed_by_key(groups: dict[str, list[str]], places: dict[int, dict[str, int]]) -> list[str]:
    out = [f"{name}: {', '.join(members)}" for name, members in sorted(groups.items())]
    for place, counts in sorted(places.items(), reverse=True):
        out.append(f"{place} {len(counts)}")
    return out


def marked(rows: list[list[str]]) -> list[list[str]]:
    return [[row + "!" for row in row if row] for row in rows]


def flattened(rows: list[list[str]]) -> list[str]:
    out: list[str] = []
    for row in rows:
        inner_row = len(row)
        out.extend(row + str(inner_row) for row in row)
    return out + [row for row in rows for row in row]
