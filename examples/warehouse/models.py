"""What a warehouse has."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class State(Enum):
    NEW = "new"
    PAID = "paid"


@dataclass
class Item:
    sku: str
    count: int
    cents: int


@dataclass
class Order:
    number: str
    items: list[Item] = field(default_factory=list)
    state: State = State.NEW
