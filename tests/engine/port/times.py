"""Points in time in UTC, days and lengths of time: functions that the tests run in Python and in each target."""

# ruff: noqa: UP017 - code of working teams has both spellings.

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

GRACE = timedelta(minutes=5)
EPOCH = date(1970, 1, 1)
STAMP = "%Y-%m-%d %H:%M:%S"


@dataclass
class Lease:
    holder: str
    granted: datetime
    lasts: timedelta = timedelta(hours=1)

    def ends(self) -> datetime:
        return self.granted + self.lasts

    def is_over(self, now: datetime) -> bool:
        return now >= self.ends() + GRACE

    def left(self, now: datetime) -> float:
        return max(0.0, (self.ends() - now).total_seconds())


@dataclass(frozen=True)
class Slot:
    day: date
    start: datetime


def renewed(lease: Lease, now: datetime, hours: int) -> str:
    lease.granted = now
    lease.lasts = timedelta(hours=hours % 1000, minutes=30)
    return f"{lease.holder} until {lease.ends().isoformat()}, {lease.lasts}"


def told(start: datetime, end: datetime) -> str:
    gone = end - start
    if gone < timedelta(0):
        return f"not before {start:%d.%m.%Y} at {start:%H:%M}"
    if gone == timedelta():
        return "now"
    return f"{gone.days} days, {gone.seconds} s and {gone.microseconds}, {gone}"


def parts(at: datetime) -> list[int]:
    return [
        at.year,
        at.month,
        at.day,
        at.hour,
        at.minute,
        at.second,
        at.microsecond,
        at.weekday(),
        at.isoweekday(),
    ]


def texts(at: datetime) -> list[str]:
    plain = at.replace(microsecond=0)
    return [str(at), at.isoformat(), plain.isoformat(), at.strftime(STAMP), at.isoformat(timespec="seconds")]


def names(at: datetime, day: date) -> str:
    return at.strftime("%a %d %b %Y, %I:%M %p, %j") + "|" + day.strftime("%A/%B/%y") + f"|{day}"


def read(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime(2000, 2, 29, 12, 30, tzinfo=timezone.utc)


def read_stamp(text: str) -> str:
    try:
        at = datetime.strptime(text.strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError as error:
        return f"bad: {error}"
    return at.isoformat()


def seconds_of(at: datetime) -> float:
    return at.timestamp()


def at_second(count: int) -> datetime:
    return datetime.fromtimestamp(count % 4_000_000_000, tz=timezone.utc)


def at_fraction(count: float) -> str:
    return datetime.fromtimestamp(abs(count), tz=timezone.utc).isoformat()


def lasted(count: float) -> tuple[timedelta, str]:
    length = timedelta(seconds=count)
    return length, str(-length * 3)


def at(year: int, month: int, day: int, hour: int) -> str:
    try:
        return datetime(year, month, day, hour, tzinfo=timezone.utc).isoformat()
    except ValueError:
        return "none"


def latest(times: list[datetime], start: datetime) -> datetime:
    found = start
    for t in times:
        found = max(found, t)
    return min(found, start + timedelta(days=30))


def in_order(leases: list[Lease]) -> list[str]:
    by_time = sorted(leases, key=lambda lease: (lease.granted, lease.holder))
    first = min(leases, key=lambda lease: lease.granted).holder if leases else ""
    return [lease.holder for lease in by_time] + [first]


def sorted_days(days: list[date]) -> list[date]:
    return sorted(days) + sorted(days, reverse=True)


def counted(times: list[datetime]) -> dict[str, int]:
    by_day: dict[date, int] = {}
    for t in times:
        by_day[t.date()] = by_day.get(t.date(), 0) + 1
    return {day.isoformat(): n for day, n in sorted(by_day.items(), key=lambda item: item[0])}


def slots(day: date, at: datetime, count: int) -> list[Slot]:
    return [Slot(day + timedelta(days=i), at + i * timedelta(minutes=45)) for i in range(count % 5)]


def same_slot(a: Slot, b: Slot) -> bool:
    return a == b or a.day != b.day


def first_or(times: list[datetime], other: datetime | None) -> datetime | None:
    if other is not None and other.hour > 12:
        return other
    return times[0] if times else None


def month_of(day: date) -> tuple[date, date, int]:
    first = day.replace(day=1)
    following = date(first.year + 1, 1, 1) if first.month == 12 else first.replace(month=first.month + 1)
    return first, following - timedelta(days=1), (following - first).days


def workdays(start: date, end: date) -> int:
    count = 0
    day = start
    while day < end and count < 500:
        if day.weekday() < 5:
            count += 1
        day += timedelta(days=1)
    return count


def since(day: date, hours: int) -> tuple[int, date, bool]:
    return (day - EPOCH).days, day + timedelta(hours=hours), bool(timedelta(hours=hours))


def day_of(text: str) -> date:
    return date.fromisoformat(text)


def age(born: date, today: date) -> int:
    return today.year - born.year - (1 if (today.month, today.day) < (born.month, born.day) else 0)


def extremes(days: list[date], times: list[datetime]) -> tuple[date, datetime]:
    return max(days, default=EPOCH), min(t for t in [*times, datetime(2024, 1, 1, tzinfo=timezone.utc)])
