"""The audit trail: who did what, as structured records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from foundation.errors import NetworkError, ValidationError
from foundation.logging import Logger, get_logger

log = get_logger("shop.audit", level="info", format="json")

LOCK_AFTER = 3


class Action(Enum):
    """What can be done."""

    LOGIN = "login"
    LOGOUT = "logout"
    PURCHASE = "purchase"
    DELETE = "delete"


@dataclass(frozen=True)
class Event:
    """One thing that somebody did."""

    user: str
    action: Action
    amount: int = 0


@dataclass
class Totals:
    """What a list of events adds up to."""

    events: int = 0
    purchases: int = 0
    users: list[str] = field(default_factory=list)


def mask_email(address: str) -> str:
    """`maria@example.com` as `m***a@example.com`."""
    name, at, host = address.partition("@")
    if not at:
        raise ValidationError("not an address")
    if len(name) <= 2:
        return f"{name[:1]}***@{host}"
    return f"{name[0]}***{name[-1]}@{host}"


def record_login(user: str, address: str, succeeded: bool, failures: int) -> bool:
    """Note a login; whether the account has to be locked."""
    request = log.bind(user=user, address=mask_email(address))
    if succeeded:
        request.info("login", failures=failures)
        return False
    failures += 1
    if failures >= LOCK_AFTER:
        request.error("account locked", failures=failures)
        return True
    request.warning("login failed", failures=failures)
    return False


def summarize(logger: Logger, events: list[Event]) -> Totals:
    """Count events and note the sum."""
    totals = Totals()
    for event in events:
        totals.events += 1
        if event.user not in totals.users:
            totals.users.append(event.user)
        if event.action is Action.PURCHASE:
            totals.purchases += event.amount
        elif event.amount:
            logger.warning(
                "amount without purchase", user=event.user, action=event.action.value, amount=event.amount
            )
    logger.info("summary", events=totals.events, purchases=totals.purchases, users=len(totals.users))
    return totals


def replay(lines: list[str], handle: Callable[[str, str], bool]) -> int:
    """Send `user action` lines to a handler; how many it took. A handler that fails ends the replay."""
    taken = 0
    for number, line in enumerate(lines, 1):
        user, _, action = line.strip().partition(" ")
        if not action:
            log.debug("line skipped", number=number)
            continue
        try:
            if handle(user, action):
                taken += 1
        except NetworkError as error:
            log.error("replay stopped", number=number, reason=str(error))
            break
    log.info("replay done", taken=taken, lines=len(lines))
    return taken


class AuditTrail:
    """Keeps the last events and says which users look strange."""

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValidationError("capacity must be positive")
        self._log = get_logger("shop.audit.trail")
        self.capacity = capacity
        self.events: list[Event] = []
        self.dropped = 0

    def add(self, event: Event) -> int:
        """Keep an event; how many are kept."""
        if len(self.events) == self.capacity:
            oldest = self.events.pop(0)
            self.dropped += 1
            self._log.debug("event dropped", user=oldest.user)
        self.events.append(event)
        self._log.info("event", user=event.user, action=event.action.value)
        return len(self.events)


def suspicious(events: list[Event], limit: int = 2) -> list[str]:
    """Users who deleted more often than the limit, most often first."""
    deletions: dict[str, int] = {}
    for event in events:
        if event.action == Action.DELETE:
            deletions[event.user] = deletions.get(event.user, 0) + 1
    found = [user for user, count in deletions.items() if count > limit]
    found.sort(key=lambda user: (-deletions[user], user))
    for user in found:
        log.critical("suspicious user", user=user, deletions=deletions[user])
    return found
