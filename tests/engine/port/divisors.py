"""Divisors that are zero: where a compiler sees it, where an earlier test seems to have told otherwise."""

from dataclasses import dataclass

ZERO = 0
NOTHING = 0.0
NOBODY = ""
RATE = 2.5


def by_literals(n: int) -> int:
    if n > 40:
        return n // -0
    if n > 30:
        return abs(n) // (2 * 0)
    if n > 20:
        return abs(n) % (ZERO * 2) + 5 // (3 - 3)
    if n > 10:
        n //= 2 - 2
    if n < -10:
        return abs(n) % len("") + abs(n) % abs(ZERO)
    return abs(n) // (60 * 60) + n // int(RATE)


def by_counts(n: int) -> int:
    if n > 5:
        return n // len(NOBODY)
    return n // min(0, 3) if n > 0 else abs(n) % (5 // 7)


def both(n: int) -> tuple[int, int]:
    return divmod(n, 1 - 1 if n > 2 else 4)


def by_floats(x: float) -> float:
    if x > 30.0:
        return x / (1.5 - 1.5)
    if x > 20.0:
        return x / NOTHING
    if x > 10.0:
        return 1.0 / NOTHING
    return x / (4 - 4) if x > 0.0 else x


def remainders(x: float, y: float) -> list[float]:
    if x > 10.0:
        return [x % (1.0 - 1.0)]
    if x > 5.0:
        return [x // NOTHING]
    return [x % y, x // y]


@dataclass
class Mean:
    total: float
    count: int

    def reset(self) -> None:
        self.count = 0

    def after_reset(self) -> float:
        if self.count == 0:
            return 0.0
        self.reset()
        return self.total / self.count

    def plain(self, x: float) -> float:
        if self.count == 0:
            return 0.0
        self.total += x
        return self.total / self.count


def after_reset(mean: Mean, x: float) -> float:
    if mean.count == 0:
        return 1.0
    mean.reset()
    return x / mean.count


def inside(x: float, y: float) -> float:
    if y == 0:
        return 1.0

    def part(y: float) -> float:
        return x / y

    return part(y - 1)


def again(xs: list[float], y: float) -> float:
    first = 1.0 / y

    def part(y: float) -> float:
        return 2.0 / y

    return first + sum(part(x) for x in xs)
