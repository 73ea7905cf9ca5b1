"""Points in time without an offset: functions that the tests run in Python and in each target."""

# ruff: noqa: DTZ001, DTZ007 - what has no offset is what the functions are for.
from __future__ import annotations

import datetime as dt
from datetime import datetime

FORMS = "%d.%m.%Y %H:%M"


def read(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, FORMS)
    except ValueError:
        return None


def read_day(text: str) -> dt.date:
    return dt.datetime.strptime(text, "%Y/%m/%d").date()


def read_any(text: str) -> str:
    return datetime.fromisoformat(text).isoformat()


def shown(at: datetime, minutes: int) -> list[str]:
    later = at + dt.timedelta(minutes=minutes)
    return [str(later), later.strftime(FORMS), later.isoformat(), str(later > at)]


def begins(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def of_day(day: dt.date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour)
