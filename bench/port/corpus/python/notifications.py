"""Mail and text messages to customers, at the rate that the providers allow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from foundation.errors import NetworkError, RateLimitExceeded, ServiceUnavailable, ValidationError
from foundation.resilience import RateLimiter, rate_limit, retry

SMS_LENGTH = 160


@dataclass(frozen=True)
class Message:
    """A text for one recipient."""

    recipient: str
    subject: str
    body: str

    def preview(self, width: int = 20) -> str:
        """The first characters of the body on one line."""
        line = " ".join(self.body.split())
        return line if len(line) <= width else line[: width - 1].rstrip() + "…"


class SmsGateway(Protocol):
    """The provider of text messages."""

    def send(self, number: str, text: str) -> str: ...


def split_sms(text: str, size: int = SMS_LENGTH) -> list[str]:
    """Parts of at most `size` characters, cut between words where possible."""
    if size < 1:
        raise ValidationError("size must be positive")
    parts: list[str] = []
    current = ""
    for word in text.split():
        while len(word) > size:
            if current:
                parts.append(current)
                current = ""
            parts.append(word[:size])
            word = word[size:]
        candidate = f"{current} {word}" if current else word
        if len(candidate) <= size:
            current = candidate
        else:
            parts.append(current)
            current = word
    if current:
        parts.append(current)
    return parts


def normalize_number(number: str) -> str:
    """International form: digits with a leading plus."""
    digits = "".join(c for c in number if c.isdigit() or c == "+")
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if not digits.startswith("+") or len(digits) < 8:
        raise ValidationError(f"not an international number: {number}")
    return digits


@rate_limit(limit=3, period=1.0)
def send_sms(gateway: SmsGateway, number: str, text: str) -> str:
    """Send one text message; the provider takes three a second."""
    return gateway.send(normalize_number(number), text[:SMS_LENGTH])


@rate_limit(limit=2, period=10.0, algorithm="sliding_window", wait=True)
def send_campaign(gateway: SmsGateway, numbers: list[str], text: str) -> int:
    """Send one text to many; how many got it. The campaign waits for its turn."""
    sent = 0
    for number in numbers:
        if gateway.send(number, text) != "rejected":
            sent += 1
    return sent


class Digest:
    """Collects events and sends them together, not more often than allowed."""

    def __init__(self, gateway: SmsGateway, number: str, per_minute: int) -> None:
        self._gateway = gateway
        self._number = number
        self._limiter = RateLimiter(limit=per_minute, period=60.0)
        self.waiting: list[str] = []
        self.sent = 0

    def add(self, event: str) -> int:
        """Note an event; how many events went out with it."""
        self.waiting.append(event.strip())
        try:
            self._limiter.acquire()
        except RateLimitExceeded:
            return 0
        text = "; ".join(self.waiting)
        self._gateway.send(self._number, text)
        count = len(self.waiting)
        self.sent += count
        self.waiting = []
        return count


def deliver_all(limiter: RateLimiter, gateway: SmsGateway, messages: list[Message]) -> dict[str, list[str]]:
    """Send what the limiter allows now; the recipients by outcome."""
    outcome: dict[str, list[str]] = {"sent": [], "later": [], "failed": []}
    for message in messages:
        if not limiter.try_acquire():
            outcome["later"].append(message.recipient)
            continue
        try:
            gateway.send(message.recipient, message.preview(SMS_LENGTH))
        except NetworkError:
            outcome["failed"].append(message.recipient)
        else:
            outcome["sent"].append(message.recipient)
    return outcome


def send_long(limiter: RateLimiter, gateway: SmsGateway, number: str, text: str) -> list[str]:
    """Send a long text in parts. All parts are allowed at once or none is sent."""
    parts = split_sms(text, 40)
    limiter.acquire(len(parts))
    total = len(parts)
    return [gateway.send(number, f"({i}/{total}) {part}") for i, part in enumerate(parts, start=1)]


@retry(NetworkError, ServiceUnavailable, max_attempts=3, base_delay=1.0, backoff="linear", jitter=False)
async def send_email(post: Callable[[str, str], Awaitable[int]], message: Message) -> int:
    """Hand a mail to the mail service; the size of what was sent."""
    if "@" not in message.recipient:
        raise ValidationError(f"not an address: {message.recipient}")
    text = f"Subject: {message.subject}\n\n{message.body}"
    accepted = await post(message.recipient, text)
    if accepted == 0:
        await asyncio.sleep(0.25)
        raise ServiceUnavailable("mailbox is busy")
    return accepted
