"""What services of a working team use of Python: functions that are run in Python and in the targets."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from functools import cached_property


def changed(name: str, count: int, ratio: float) -> list[str]:
    return [
        f"{name}: {count:+d}",
        f"{count:+}|{count:+6d}|{count:<+6d}|{count:+06d}",
        f"{count:+,}|{count:>+12,d}|{count:,}",
        f"{ratio:+.1f}%|{ratio:+8.2f}|{ratio:+08.2f}|{ratio:+,.2f}|{ratio:.1%}|{ratio:+.0%}",
        f"{name:*<8}|{name:.>8}|{name:-^9}|{count:*>8}|{count:^8}|{count:0>5}",
        f"{ratio:^12.2f}|{ratio:_>12.1f}|{ratio:<9.1f}|{ratio:<+9.1f}|{count:>05d}|{count:<05d}",
    ]


def table(rows: dict[str, int], titles: list[str]) -> list[str]:
    width = max((len(name) for name in rows), default=0)
    out = [f"{name:<{width}} {count:>{max(4, width)}}" for name, count in rows.items()]
    return out + [f"{title:>{width + 2}}" for title in titles] + [f"{'=':=^{len(rows)}}"]


def in_width(text: str, width: int) -> str:
    return f"[{text:{width}}|{text:>{width}}]"


class Counters:
    """Named counters that remember the order in which they came."""

    def __init__(self) -> None:
        self._values: dict[str, int] = {}

    def __getitem__(self, name: str) -> int:
        return self._values.get(name, 0)

    def __setitem__(self, name: str, value: int) -> None:
        if value > 2:
            raise ValueError(f"{name}: {value} is too much")
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._values

    def __bool__(self) -> bool:
        return any(self._values.values())

    def __len__(self) -> int:
        return len(self._values)


def counted(words: list[str], gone: str) -> list[str]:
    counters = Counters()
    for word in words:
        counters[word] = counters[word] + 1
        low = word.lower()
        counters[low] += 1
    if gone in words:
        del counters[gone]
    if not counters:
        return ["nothing"]
    return [f"{name}: {counters[name]}" for name in counters] + sorted(counters)


@dataclass
class Batch:
    rows: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return not self.rejected

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)


def imported(rows: list[str], least: int) -> tuple[bool, list[str], int]:
    batch = Batch()
    for row in rows:
        if len(row) >= least:
            batch.rows.append(row)
        else:
            batch.rejected.append(row)
    again = list(batch)
    again.append("end")
    longest = max((len(row) for row in batch), default=0)
    return bool(batch), again + [row.upper() for row in batch], longest


class Status(Enum):
    NEW = "new"
    PAID = "paid"
    GONE = "gone"

    @classmethod
    def parse(cls, text: str) -> Status:
        try:
            return cls(text.strip().lower())
        except ValueError:
            return cls.NEW


class Level(IntEnum):
    LOW = 1
    HIGH = 5


def status(text: str) -> str:
    return f"{Status.parse(text).name} {Status(text).value}"


def status_or(text: str, other: str) -> str:
    try:
        return Status(text).name
    except ValueError as error:
        return f"{other}: {error}"


def level(number: int) -> str:
    return Level(number).name.lower() if number > 0 else Status("paid").value + Status("new").name


def changed_keys(before: dict[str, int], after: dict[str, int]) -> list[str]:
    out = [
        f"{name}: {after.get(name, 0) - before.get(name, 0):+d}"
        for name in sorted(before.keys() | after.keys())
    ]
    return out + sorted(before.keys() - after.keys()) + sorted(after.keys() & {"a", "b"})


HISTORY = 3


class Recent:
    """The latest of what was seen."""

    def __init__(self, names: list[str], history: int = 4) -> None:
        self._sizes: deque[int] = deque(maxlen=history)
        self._names = deque(names, maxlen=HISTORY)

    def see(self, name: str) -> bool:
        if name in self._names:
            return False
        self._names.append(name)
        self._sizes.appendleft(len(name))
        return True

    def names(self, count: int) -> list[str]:
        return list(self._names)[-count:] if count > 0 else list(self._names)

    def sizes(self) -> list[int]:
        return [size for size in self._sizes if size > 0]


@dataclass
class Log:
    name: str

    def write(self, line: str) -> int:
        lines: deque[str] = deque([self.name, self.name, self.name], 2)
        if line:
            lines.append(line)
            lines.extend([line, "end"])
        return len(lines)


def seen(names: list[str], history: int) -> tuple[list[str], list[int], list[bool]]:
    recent = Recent(names[:2], history)
    new = [recent.see(name) for name in names]
    return recent.names(2), recent.sizes(), new


def logged(lines: list[str]) -> str:
    log = Log("first")
    return ",".join(str(log.write(line)) for line in lines)


def window_passes(times: list[float], window: float, limit: int) -> list[bool]:
    accepted: deque[float] = deque(maxlen=limit)
    result: list[bool] = []
    for moment in times:
        if len(accepted) == limit and limit > 0 and moment - accepted[0] < window:
            result.append(False)
            continue
        accepted.append(moment)
        result.append(True)
    return result


@dataclass
class Series:
    name: str
    values: list[float] = field(default_factory=list)

    @cached_property
    def mean(self) -> float:
        return sum(self.values) / len(self.values) if self.values else 0.0

    @cached_property
    def ordered(self) -> list[float]:
        return sorted(v for v in self.values if v >= self.mean)

    def top(self) -> float:
        return self.ordered[-1] if self.ordered else self.mean


class Document:
    def __init__(self, text: str) -> None:
        self.text = text
        self.asked = 0

    @cached_property
    def words(self) -> int:
        """How many words the text had when that was first asked."""
        self.asked += 1
        return len(self.text.split())

    def add(self, word: str) -> int:
        self.text += " " + word
        return self.words


def summary(name: str, values: list[float]) -> str:
    one, other = Series(name, values), Series(name)
    return f"{one.name}: {one.mean:.2f} {one.top():.1f} {other.mean:.2f} {len(one.ordered)}"


def documented(text: str, more: list[str]) -> list[int]:
    document = Document(text)
    return [*[document.add(word) for word in more], document.words, document.asked]
