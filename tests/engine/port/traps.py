"""Where the languages differ: functions that the tests port and run in Python and in the target."""

# ruff: noqa: PLW0108 - a lambda that is only a call is one of the cases.


def divided(a: int, b: int) -> int:
    return a // b + a % b


def halves(a: int) -> int:
    return a // 2 - a % 3


def middle(text: str, low: int, high: int) -> str:
    return text[low:high] + text[-3:] + text[:-2]


def part(items: list[int], low: int, high: int) -> list[int]:
    return items[low:high] + items[-2:] + items[::2]


def rounded(x: float) -> list[float]:
    return [float(round(x)), round(x, 2), x % 0.7, x % -2.5]


def shown(x: float, n: int, yes: bool) -> str:
    return f"{x}|{x:.2f}|{n:05d}|{yes}|" + str(x * 1e16)


def by_length(words: list[str]) -> list[str]:
    return sorted(words, key=lambda w: len(w), reverse=True)


def longest(words: list[str]) -> str:
    return max(words, key=lambda w: len(w)) if words else ""


def turned(text: str) -> str:
    return text[::-1].upper() + text.title() + text.capitalize() + text.swapcase()


def pieces(text: str) -> list[str]:
    return text.split(",") + text.split() + [text.strip()]


def counted(text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for c in text:
        counts[c] = counts.get(c, 0) + 1
    return counts


def first_of(items: list[int]) -> int:
    return items[0] if items else -1


def number(text: str) -> int:
    return int(text) + 1


def place(text: str, part: str) -> int:
    return text.find(part)


def total(xs: list[float]) -> str:
    return str(sum(xs, 0.0))


def merged(a: dict[str, int], b: dict[str, int]) -> list[str]:
    joined = {"z": 0, **a, **b, "a": 2} | dict(b, last=len(a))
    return [f"{k}={v}" for k, v in sorted(joined.items())]


def spread(n: int) -> dict[str, int]:
    return {**{"first": n}, "second": n + 1}  # noqa: PIE800 - the spread of a display is the case.


def gathered(pairs: list[tuple[str, int]]) -> dict[str, int]:
    return dict(pairs)


def ranked(d: dict[str, int]) -> list[str]:
    return [k for k, _ in sorted(d.items(), key=lambda kv: (-kv[1], kv[0]))]


def cut(text: str) -> str:
    before, after = text.split("/")
    return after + before


def default_of(d: dict[str, int], items: list[int], key: str) -> int:
    return d.get(key, items[0])


def placed(items: list[int], at: int) -> list[int]:
    out = items[:]
    out[at % 5] = 7
    return out


def said(text: str) -> None:
    print(text)


def chosen(table: dict[str, int], name: str, flag: bool) -> int:
    try:
        return table[name if flag else name + "x"]
    except KeyError:
        return -1


def with_its_first(xs: list[int]) -> list[int]:
    ys = list(xs)
    ys.extend(ys[:2])
    return ys


def checked(text: str) -> int:
    if text == "no":
        raise ValueError("no number")
    return len(text)


def guarded(text: str, n: int) -> int:
    if n > 2 and checked(text) > 1:
        n += 1
    try:
        m = checked(text)
        if m > 2:
            m += checked(text[1:])
    except ValueError:
        m = -1
    return n + m


def limited(n: int, most: int) -> int:
    if n > most:
        raise LookupError("too much")
    return n


def within(text: str) -> int:
    try:
        return limited(int(text), 3)
    except ValueError:
        return -1


def kept_within(text: str, more: str) -> int:
    try:
        n = limited(limited(int(text), 9) + int(more), 12)
    except ValueError:
        n = -2
    except Exception:
        n = -3
    return n


def negated(x: float, n: int) -> float:
    # A sign before a number would belong to it, and what is asked of it to the negative one.
    return -(0.1 // 0.5) - (-(7.5 // 2.0)) + -(7 // 2) - -(abs(n) % 5) + (-(0.5 // x) if x else -7.5)


def parts_of(x: float) -> list[float]:
    # The quotients round up to whole numbers that the divisor does not reach.
    return [0.5 // 0.1, 0.3 // 0.1, x // 0.1, -0.5 // 0.1, x // -0.7]
