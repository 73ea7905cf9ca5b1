"""Prices."""

from warehouse.models import Item, Order

FREE_SHIPPING = 5000


def _round(x: float) -> int:
    return int(x + 0.5)


def total(order: Order, rate: float = 0.19) -> int:
    net = sum(_line(i) for i in order.items)
    shipping = 0 if net >= FREE_SHIPPING else 490
    return _round(net * (1 + rate)) + shipping


def _line(item: Item) -> int:
    return item.count * item.cents
