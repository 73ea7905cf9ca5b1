"""Orders of the shop: parse and price them, reserve stock and charge the customer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from foundation.errors import NetworkError, ServiceUnavailable, ValidationError
from foundation.resilience import CircuitBreaker, retry

MAX_LINES = 20
FREE_SHIPPING_FROM = 5_000  # cents
SHIPPING_CENTS = 495


class OrderStatus(Enum):
    """Where an order is on its way."""

    PENDING = "pending"
    PAID = "paid"
    REJECTED = "rejected"


class InvalidLine(ValidationError):
    """A line of an order that cannot be read or cannot be sold."""


class OutOfStock(ValidationError):
    """The warehouse has less than the customer wants."""

    def __init__(self, sku: str, wanted: int, available: int) -> None:
        super().__init__(f"{sku}: {wanted} wanted, {available} available")
        self.sku = sku
        self.wanted = wanted
        self.available = available


@dataclass(frozen=True)
class OrderLine:
    """One article of an order. Prices are in cents."""

    sku: str
    quantity: int
    unit_price: int

    def total(self) -> int:
        return self.quantity * self.unit_price


@dataclass
class Order:
    """What a customer wants and how far it got."""

    order_id: str
    customer: str
    lines: list[OrderLine]
    status: OrderStatus = OrderStatus.PENDING
    payment_id: str | None = None


class Warehouse(Protocol):
    """The service that knows the stock."""

    def available(self, sku: str) -> int: ...

    def reserve(self, order_id: str, sku: str, quantity: int) -> None: ...


class PaymentGateway(Protocol):
    """The service that takes the money."""

    def charge(self, customer: str, cents: int) -> str: ...


def parse_line(text: str) -> OrderLine:
    """Read `SKU x QUANTITY @ CENTS`, for example `TEA-1 x 2 @ 350`."""
    parts = text.split()
    if len(parts) != 5 or parts[1] != "x" or parts[3] != "@":
        raise InvalidLine(f"expected 'SKU x QUANTITY @ CENTS', got {text!r}")
    try:
        quantity = int(parts[2])
        unit_price = int(parts[4])
    except ValueError as error:
        raise InvalidLine(f"not a number in {text!r}") from error
    if quantity < 1:
        raise InvalidLine(f"quantity must be at least 1, got {quantity}")
    return OrderLine(parts[0].upper(), quantity, unit_price)


def parse_order(order_id: str, customer: str, lines: list[str]) -> Order:
    """Read an order; blank lines and lines that start with # are skipped."""
    parsed = [parse_line(line) for line in lines if line.strip() and not line.startswith("#")]
    if not parsed:
        raise ValidationError(f"order {order_id} has no lines")
    if len(parsed) > MAX_LINES:
        raise ValidationError(f"order {order_id} has {len(parsed)} lines, at most {MAX_LINES} are allowed")
    return Order(order_id, customer, parsed)


def subtotal(lines: list[OrderLine]) -> int:
    """The price of the lines before discount and shipping, in cents."""
    return sum(line.total() for line in lines)


def discount(lines: list[OrderLine]) -> int:
    """Ten per cent on every line of ten pieces or more, rounded down."""
    saved = 0
    for line in lines:
        if line.quantity >= 10:
            saved += line.total() // 10
    return saved


def total_due(order: Order) -> int:
    """What the customer pays, in cents. Large orders ship for free."""
    due = subtotal(order.lines) - discount(order.lines)
    if due < FREE_SHIPPING_FROM:
        due += SHIPPING_CENTS
    return due


def quantities(orders: list[Order]) -> dict[str, int]:
    """Pieces to pick per article, over all orders that are paid."""
    wanted: dict[str, int] = {}
    for order in orders:
        if order.status is not OrderStatus.PAID:
            continue
        for line in order.lines:
            wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return wanted


@retry(NetworkError, max_attempts=4, base_delay=0.2, max_delay=2.0)
def reserve_stock(warehouse: Warehouse, order: Order) -> int:
    """Reserve every line of the order; return the number of pieces."""
    pieces = 0
    for line in order.lines:
        available = warehouse.available(line.sku)
        if available < line.quantity:
            # Asking again would not fill the shelves, so this is not retried.
            raise OutOfStock(line.sku, line.quantity, available)
        warehouse.reserve(order.order_id, line.sku, line.quantity)
        pieces += line.quantity
    return pieces


@retry(NetworkError, ServiceUnavailable, max_attempts=3, base_delay=0.5)
def charge(gateway: PaymentGateway, customer: str, cents: int) -> str:
    """Charge the customer and return the id of the payment."""
    if cents <= 0:
        raise ValidationError(f"cannot charge {cents} cents")
    return gateway.charge(customer, cents)


class Checkout:
    """Places orders: stock first, then the payment behind a circuit breaker."""

    def __init__(self, warehouse: Warehouse, gateway: PaymentGateway) -> None:
        self._warehouse = warehouse
        self._gateway = gateway
        self._breaker = CircuitBreaker(name="payments", failure_threshold=5, recovery_timeout=30)
        self.placed = 0

    def place(self, order: Order) -> Order:
        """Reserve, charge and mark the order as paid, or as rejected when something is out of stock."""
        try:
            reserve_stock(self._warehouse, order)
        except OutOfStock:
            order.status = OrderStatus.REJECTED
            return order
        order.payment_id = self._breaker.call(charge, self._gateway, order.customer, total_due(order))
        order.status = OrderStatus.PAID
        self.placed += 1
        return order
