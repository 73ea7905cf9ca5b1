"""Orders."""

from __future__ import annotations

from typing import Protocol

from foundation import get_logger, retry

from . import pricing
from .errors import OutOfStock, WarehouseError
from .models import Item, Order, State

log = get_logger(__name__)


class Gateway(Protocol):
    def charge(self, number: str, cents: int) -> str: ...


def _round(x: int) -> int:
    return x // 10 * 10


def reserve(stock: dict[str, int], items: list[Item]) -> None:
    """Take items from the stock."""
    for item in items:
        left = stock.get(item.sku, 0)
        if left < item.count:
            raise OutOfStock(item.sku, item.count - left)
        stock[item.sku] = left - item.count


@retry(ConnectionError, max_attempts=3, base_delay=0.2)
def _charge(gateway: Gateway, order: Order) -> str:
    return gateway.charge(order.number, pricing.total(order))


def place(stock: dict[str, int], order: Order, gateway: Gateway) -> str:
    """Reserve, charge, mark as paid."""
    if not order.items:
        raise WarehouseError("empty order")
    reserve(stock, order.items)
    reference = _charge(gateway, order)
    order.state = State.PAID
    log.info("paid", number=order.number, cents=_round(pricing.total(order)))
    return reference
