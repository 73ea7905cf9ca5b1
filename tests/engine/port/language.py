"""Constructs of the language as real projects use them: functions that the tests port and run in Python and the targets."""

from __future__ import annotations

from dataclasses import dataclass, field

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
