"""Webhooks: sign, route and deliver events."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Callable, Protocol

from foundation.errors import NetworkError, ServiceUnavailable, ValidationError, error_boundary
from foundation.logging import get_logger
from foundation.resilience import retry

log = get_logger("webhooks", level="critical")
RETRY_STATUSES = (429, 502, 503, 504)


@dataclass(frozen=True)
class Event:
    """Something that happened."""

    kind: str
    subject: str
    sequence: int


class Endpoint(Protocol):
    """Somebody who wants to know."""

    def post(self, path: str, body: str) -> int: ...


def parse_event(line: str) -> Event:
    """Read `kind:subject#sequence`."""
    head, _, tail = line.partition("#")
    kind, separator, subject = head.partition(":")
    if not separator or not kind or not tail.isdigit():
        raise ValidationError(f"not an event: {line}")
    return Event(kind.strip().lower(), subject.strip(), int(tail))


def route(kind: str, routes: dict[str, str], default: str | None = None) -> str | None:
    """The path of the longest prefix that matches."""
    best: str | None = None
    for prefix in sorted(routes):
        if kind.startswith(prefix) and (best is None or len(prefix) > len(best)):
            best = prefix
    if best is None:
        return default
    return routes[best]


def should_retry(status: int, attempt: int, max_attempts: int = 5) -> bool:
    """True when a status may be different next time."""
    return attempt < max_attempts and (status in RETRY_STATUSES or status >= 520)


def backoff_ms(attempt: int, base: int, cap: int) -> int:
    """The delay before an attempt, in milliseconds."""
    delay = base
    for _ in range(attempt - 1):
        delay *= 2
        if delay >= cap:
            return cap
    return min(delay, cap)


def deduplicate(events: list[Event]) -> list[Event]:
    """The first of every kind and subject, in order."""
    seen: set[str] = set()
    out: list[Event] = []
    for event in events:
        key = f"{event.kind}/{event.subject}"
        if key in seen:
            continue
        seen.add(key)
        out.append(event)
    return out


def kinds(events: list[Event]) -> dict[str, int]:
    """How many events there are of each kind."""
    return Counter([event.kind for event in events])


def subjects(events: list[Event]) -> dict[str, list[str]]:
    """The subjects of each kind, in order."""
    grouped: dict[str, list[str]] = defaultdict(list)
    for event in events:
        grouped[event.kind].append(event.subject)
    return grouped


def redact(text: str, secrets: list[str]) -> str:
    """The text without the secrets."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text


@retry(NetworkError, ServiceUnavailable, max_attempts=3, base_delay=0.5)
def deliver(endpoint: Endpoint, event: Event) -> int:
    """Post an event; a status worth another try is one."""
    status = endpoint.post(f"/{event.kind}", f"{event.subject} {event.sequence}")
    if status in RETRY_STATUSES:
        raise ServiceUnavailable(f"status {status}")
    if status >= 400:
        raise ValidationError(f"status {status}")
    log.info("delivered", kind=event.kind, status=status)
    return status


@error_boundary(reraise=False, fallback=0, log_errors=False)
def deliver_all(endpoint: Endpoint, events: list[Event]) -> int:
    """How many were delivered; 0 when one of them cannot be."""
    done = 0
    for event in events:
        deliver(endpoint, event)
        done += 1
    return done


def retry_by_hand(send: Callable[[str], bool], body: str, attempts: int) -> int:
    """The attempt that worked, or -1; only a broken connection is tried again."""
    for attempt in range(1, attempts + 1):
        try:
            if send(body):
                return attempt
        except NetworkError:
            log.warning("send failed", attempt=attempt)
            continue
    return -1


class Outbox:
    """Keeps events until they are flushed."""

    def __init__(self, endpoint: Endpoint, limit: int) -> None:
        self._endpoint = endpoint
        self.limit = limit
        self.waiting: list[Event] = []

    def add(self, event: Event) -> bool:
        """Keep an event unless the outbox is full."""
        if len(self.waiting) >= self.limit:
            return False
        self.waiting.append(event)
        return True

    def flush(self, events: list[Event]) -> int:
        """Deliver everything; what fails stays."""
        for event in events:
            self.add(event)
        kept: list[Event] = []
        sent = 0
        for event in self.waiting:
            try:
                deliver(self._endpoint, event)
            except ValidationError:
                kept.append(event)
                continue
            sent += 1
        self.waiting = kept
        return sent
