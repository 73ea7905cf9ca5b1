"""Invoices: read amounts, apply discounts, charge with retries."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Callable, Protocol

from foundation.errors import AuthenticationError, NetworkError, ServiceUnavailable, TimeoutError, ValidationError
from foundation.resilience import CircuitBreaker, retry

CURRENCIES = ("EUR", "USD", "GBP")
MAX_CENTS = 1_000_000


class Plan(Enum):
    """What a customer pays for."""

    FREE = "free"
    TEAM = "team"
    ENTERPRISE = "enterprise"


class CardDeclined(ValidationError):
    """The bank refuses the card."""

    def __init__(self, customer: str, code: int) -> None:
        super().__init__(f"card of {customer} declined with code {code}")
        self.customer = customer
        self.code = code


@dataclass(frozen=True)
class Amount:
    """Money in the smallest unit of a currency."""

    cents: int
    currency: str = "EUR"

    def is_zero(self) -> bool:
        return self.cents == 0


@dataclass
class Invoice:
    """What is owed and what was paid."""

    number: str
    lines: list[Amount] = field(default_factory=list)
    paid: bool = False
    receipt: str | None = None


class Bank(Protocol):
    """Takes payments."""

    def authorise(self, customer: str, cents: int) -> int: ...

    def capture(self, authorisation: int) -> str: ...


def parse_amount(text: str) -> Amount:
    """Read `EUR 12.50`."""
    currency, separator, number = text.strip().partition(" ")
    if currency not in CURRENCIES or not separator:
        raise ValidationError(f"unknown currency in {text}")
    whole, _, rest = number.strip().partition(".")
    if len(rest) > 2:
        raise ValidationError(f"too many decimals in {text}")
    try:
        cents = int(whole) * 100
        if rest:
            cents += int(rest.ljust(2, "0"))
    except ValueError as error:
        raise ValidationError(f"not a number in {text}") from error
    if cents > MAX_CENTS:
        raise ValidationError(f"{text} is too much")
    return Amount(cents, currency)


def total(lines: list[Amount]) -> int:
    """The sum, whatever the currencies are."""
    return sum(line.cents for line in lines)


def by_currency(lines: list[Amount]) -> dict[str, int]:
    """The sum per currency."""
    sums: dict[str, int] = {}
    for line in lines:
        if line.currency not in sums:
            sums[line.currency] = 0
        sums[line.currency] += line.cents
    return sums


def discount(plan: Plan, cents: int) -> int:
    """What a plan saves, rounded down."""
    if plan is Plan.ENTERPRISE:
        return cents * 15 // 100
    if plan == Plan.TEAM and cents >= 10_000:
        return cents * 5 // 100
    return 0


def installments(cents: int, count: int) -> list[int]:
    """Parts that differ by at most one cent; the first ones are larger."""
    if count < 1:
        raise ValidationError("at least one installment")
    base, rest = divmod(cents, count)
    return [base + 1 if i < rest else base for i in range(count)]


@retry(NetworkError, TimeoutError, max_attempts=4, base_delay=0.1, max_delay=1.0)
def authorise(bank: Bank, customer: str, cents: int) -> int:
    """Ask the bank for the money."""
    if cents <= 0:
        raise ValidationError("nothing to pay")
    code = bank.authorise(customer, cents)
    if code < 0:
        raise CardDeclined(customer, code)
    return code


@retry(ServiceUnavailable, max_attempts=3, base_delay=1.0, backoff="linear", jitter=False)
def capture(bank: Bank, authorisation: int) -> str:
    """Take the money that was authorised."""
    return bank.capture(authorisation).strip().upper()


@retry(max_attempts=5, base_delay=0.05, backoff="fixed")
def poll(ready: Callable[[int], bool], attempts: int) -> int:
    """How often it took to be ready."""
    asked = 0
    while asked < attempts:
        asked += 1
        if ready(asked):
            return asked
    return 0


def pay(bank: Bank, customer: str, invoice: Invoice) -> Invoice:
    """Pay an invoice; a declined card leaves it open."""
    try:
        code = authorise(bank, customer, total(invoice.lines))
    except CardDeclined as declined:
        invoice.receipt = f"declined {declined.code}"
        return invoice
    except (AuthenticationError, ValidationError):
        invoice.receipt = None
        return invoice
    invoice.receipt = capture(bank, code)
    invoice.paid = True
    return invoice


class Collector:
    """Collects open invoices through a breaker that spares a bank in trouble."""

    def __init__(self, bank: Bank, threshold: int) -> None:
        self._bank = bank
        self._breaker = CircuitBreaker(name="bank", failure_threshold=max(1, min(threshold, 10)), recovery_timeout=5)
        self.collected = 0

    def collect(self, customer: str, cents: int) -> str:
        """Authorise and capture one amount."""
        code = self._breaker.call(authorise, self._bank, customer, cents)
        receipt = capture(self._bank, code)
        self.collected += cents
        return receipt
