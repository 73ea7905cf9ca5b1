"""What happens when something that cannot happen does: it is logged in production and raised in tests."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import TypeVar

_log = logging.getLogger(__name__)

RAISE_VARIABLE = "FOUNDATION_LSP_RAISE_BUGS"
"""The environment variable that turns a reported bug into a raised one; the test suite sets it."""

T = TypeVar("T")


class BugError(AssertionError):
    """A reported bug, raised where the tests run."""


def report(message: str, error: BaseException | None = None) -> None:
    """Log a defect of ours with its traceback.

    Raises:
        BugError: when FOUNDATION_LSP_RAISE_BUGS is set.
    """
    if os.environ.get(RAISE_VARIABLE):
        raise BugError(message) from error
    _log.error("internal error: %s", message, exc_info=error)


def guarded(name: str, producer: Callable[[], T], fallback: T) -> T:
    """What `producer` returns, or `fallback` after a report: one failing producer never stops the others."""
    try:
        return producer()
    except Exception as error:  # noqa: BLE001 - this is the fence around every producer; the report keeps the traceback.
        report(f"{name} failed: {error!r}", error)
        return fallback
