"""Payments: authorise, capture, refund and settle through a card processor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from foundation.errors import (
    AuthenticationError,
    CircuitOpenError,
    NetworkError,
    ServiceUnavailable,
    TimeoutError,
    ValidationError,
    error_boundary,
)
from foundation.resilience import CircuitBreaker, Retry, RetryPolicy, circuit_breaker, retry

MINIMUM_CENTS = 50
MAXIMUM_CENTS = 5_000_000


class PaymentStatus(Enum):
    """How far a payment got."""

    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    DECLINED = "declined"
    DEFERRED = "deferred"


class CardDeclined(ValidationError):
    """The bank said no."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"card declined: {reason}")
        self.reason = reason


@dataclass
class Payment:
    """One amount from one customer."""

    customer: str
    cents: int
    status: PaymentStatus = PaymentStatus.DEFERRED
    reference: str | None = None


@dataclass
class Settlement:
    """The outcome of one evening's settlement."""

    captured: list[str] = field(default_factory=list)
    deferred: list[str] = field(default_factory=list)
    total_cents: int = 0


class Processor(Protocol):
    """The card processor's interface."""

    def authorize(self, customer: str, cents: int) -> str: ...

    def capture(self, reference: str) -> int: ...

    def refund(self, reference: str, cents: int) -> bool: ...


def check_amount(cents: int) -> None:
    """Amounts that the processor takes."""
    if cents < MINIMUM_CENTS:
        raise ValidationError(f"{cents} is below the minimum of {MINIMUM_CENTS}")
    if cents > MAXIMUM_CENTS:
        raise ValidationError(f"{cents} is above the maximum of {MAXIMUM_CENTS}")


@retry(NetworkError, TimeoutError, ServiceUnavailable, max_attempts=4, base_delay=0.2, max_delay=2.0)
def authorize(processor: Processor, customer: str, cents: int) -> Payment:
    """Ask the bank for the money; a declined card is an outcome, not an error."""
    check_amount(cents)
    reference = processor.authorize(customer, cents)
    if reference.startswith("declined:"):
        return Payment(customer, cents, PaymentStatus.DECLINED, reference.removeprefix("declined:"))
    return Payment(customer, cents, PaymentStatus.AUTHORIZED, reference)


@circuit_breaker(failure_threshold=2, recovery_timeout=30)
def capture(processor: Processor, reference: str) -> int:
    """Take money that was authorised; after two failures in a row the processor is left alone for half a minute."""
    if not reference:
        raise ValidationError("no reference")
    return processor.capture(reference)


@error_boundary(NetworkError, TimeoutError, reraise=False, fallback=False)
def refund(processor: Processor, payment: Payment, cents: int | None = None) -> bool:
    """Give money back, all of it unless an amount is named. False when the processor cannot be reached."""
    if payment.reference is None:
        raise ValidationError(f"payment of {payment.customer} was never authorised")
    amount = payment.cents if cents is None else min(cents, payment.cents)
    return processor.refund(payment.reference, amount)


class PaymentService:
    """Takes payments through one breaker, so that a processor in trouble is spared."""

    def __init__(self, processor: Processor, failure_threshold: int = 3) -> None:
        self._processor = processor
        self._breaker = CircuitBreaker(
            name="processor", failure_threshold=failure_threshold, recovery_timeout=10.0
        )
        self.accepted = 0
        self.deferred: list[str] = []

    def charge(self, customer: str, cents: int) -> Payment:
        """Authorise and capture. While the breaker is open the payment is put off."""
        check_amount(cents)
        payment = Payment(customer, cents)
        try:
            payment.reference = self._breaker.call(self._processor.authorize, customer, cents)
        except CircuitOpenError:
            self.deferred.append(customer)
            return payment
        payment.status = PaymentStatus.AUTHORIZED
        captured = self._processor.capture(payment.reference)
        if captured == cents:
            payment.status = PaymentStatus.CAPTURED
            self.accepted += 1
        return payment

    def state(self) -> str:
        """`closed`, `open` or `half_open`."""
        return self._breaker.state.value


def settle(processor: Processor, references: list[str], breaker: CircuitBreaker) -> Settlement:
    """Capture what was authorised during the day; what cannot be captured is left for tomorrow."""
    result = Settlement()
    for reference in references:
        try:
            with breaker:
                cents = processor.capture(reference)
        except (NetworkError, TimeoutError, CircuitOpenError):
            result.deferred.append(reference)
            continue
        result.captured.append(reference)
        result.total_cents += cents
    return result


def verify_account(lookup: Callable[[str], int], account: str, attempts: int) -> int:
    """The account's balance. The number of attempts is the caller's choice; a wrong login is never tried again."""
    policy = RetryPolicy(max_attempts=attempts, base_delay=0.1, backoff="fixed", jitter=False)

    def ask() -> int:
        balance = lookup(account)
        if balance < 0:
            raise AuthenticationError(f"no access to {account}")
        return balance

    return Retry(policy).call(ask)
