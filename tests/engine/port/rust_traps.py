"""Functions whose ports to Rust borrow, match and count: what they must not change is what they give."""

import json
import math
import re

# ruff: noqa: B905, PERF401, PERF402, FURB171, RUF005, RUF007 - the loops, lists and sets are the cases.


def roman(number: int) -> str:
    values = [1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1]
    signs = ["M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"]
    out = ""
    rest = number % 4000
    for i in range(len(values)):
        while rest >= values[i]:
            out += signs[i]
            rest -= values[i]
    return out


def spelled(word: str, n: int) -> str:
    names = {"zero": 0, "one": 1, "two": 2, "one ": 5}
    texts = {0: "none", 1: "single", 2: "pair"}
    if word.strip() in names:
        return texts.get(names[word.strip()], "many") + texts[2]
    return texts.get(n, "more") + str(names.get(word, n))


def looked_up(word: str) -> int:
    table = {"a": 1, "b": 2}
    return table[word]


def vowels(text: str) -> list[int]:
    known = {"a", "e", "i", "o", "u"}
    also = ["y", "w"]
    return [len([c for c in text if c in known]), sum(1 for c in text if c in also), len(text.split("a"))]


def chosen(kind: str, code: int) -> list[bool]:
    return [kind in ("new", "open", "é"), kind not in {"closed"}, code in (1, 2, -3), code in [200, 201]]


def pieces(text: str) -> list[str]:
    parts = text.split(" ")
    out: list[str] = []
    for part in parts:
        if part and part not in ("the", "a"):
            out.append(part)
    return out + [parts[0], parts[len(parts) - 1], text[1:3], text[-2:], text[:-1]]


def compared(words: list[str], word: str) -> list[str]:
    return [w for w in words if w > word or w < "b"] + [w for w in words if w in ("x", "y")]


def signs(a: int, n: int) -> list[int]:
    out = [a % 7, a // 7, a % -7, a // -7]
    for i in range(abs(n) % 5):
        out.append(i % 3 + i // 2 + (a % (i + 1)) * (a // (i + 1)))
    return out + [1 if a % 2 == 1 else 0, 1 if a % 3 == 0 else 0, 1 if a % -4 != 0 else 0]


def sought(items: list[int], n: int) -> int:
    if items.count(n // 2) > 1:
        return -1
    return items.index(n // n)


def digits(n: int) -> list[int]:
    total = sum(int(c) for c in str(abs(n)))
    last = int(str(n)[-1])
    return [total, last, len(str(n))]


def all_odd(text: str) -> bool:
    return all(int(c) % 2 == 1 for c in text)


def any_big(text: str) -> bool:
    return any(int(c) > 7 for c in text)


def ordered(items: list[int], text: str) -> list[str]:
    best = sorted(set(items), reverse=True)
    return [str(x) for x in best] + sorted(text) + sorted(set(text)) + ["".join(sorted(text))]


def grown(items: list[int]) -> list[int]:
    out = list(items)
    out.extend(out)
    out += [1]
    out += [2, 3]
    return out


def finder(find: str, bounds: int, sorted_: list[int]) -> int:
    joined = find.find("a") + find.rfind("b")
    return joined + bounds + len(find[1:bounds]) + len(sorted(sorted_))


def untold() -> list[int]:
    return [abs(-5), max(3, 4), sum(sorted([3, 1, 2])), [4, 5, 6].index(5), 7 // 2, 7 % -3, 2**5]


def paired() -> list[int]:
    low, high = 0, 0
    while high < 3_000_000_000:
        low, high = low + 1, high * 2 + 5
    return [low, high]


def underlined(text: str) -> str:
    out = ""
    for c in text:
        out += "_" + c + "-"
    return out + str(len(text)) + "|" + text * 2


def as_json(names: list[str], n: int, on: bool) -> str:
    return json.dumps([{"name": name, "n": n, "on": on, "none": None} for name in names])


def grouped(n: int) -> list[int]:
    total = 0
    for text in ["1_000", " +12 ", "1__0", "_1", "1_", "-3_4_5", "1_a", ""]:
        try:
            total += int(text)
        except ValueError:
            total += n % 7
    return [total, int("f_f", 16), int(float("1_0.5") * 2)]


def dearest(words: list[str], table: dict[str, int]) -> str:
    return max(words, key=lambda w: table[w]) + min(sorted(words), key=lambda w: table[w])


def shadowed(xs: list[int], ys: list[int]) -> list[int]:
    out: list[int] = []
    for i in range(len(xs)):
        out.append(xs[i] + sum([ys[i] for i in range(len(ys))]) + len([i for i in ys if i > xs[i % 1]]))
    return out


def marks_backwards(text: str) -> list[str]:
    return re.findall("[^a-z]", text)[::-1]


def kept_by_a_body(text: str) -> str:
    try:
        name = "abc"
        n = int(text)
    except ValueError:
        return "bad"
    return name + str(n)


def letters(c: str) -> list[str]:
    return sorted(set(c))


def first_letters(text: str) -> list[str]:
    out: list[str] = []
    for c in text:
        out += sorted(set(c))
    return out


def last_parts(text: str) -> list[str]:
    return text.rsplit("-", 1) + text.rsplit("ab", 2)


def steps(xs: list[int], s: str) -> list[int]:
    return xs[::-2] + xs[3::-1] + xs[4:1:-2] + [len(s[::-3])]


def far(a: float, b: float) -> float:
    return math.hypot(a, b) + math.atan2(a, b) + math.e


def dated(text: str) -> int:
    try:
        month, day, year = text.split("-")
        m = int(month)
    except ValueError:
        return -1
    return m + len(day) + len(year)


def pair(text: str) -> str:
    try:
        a, b = text.split("=")
    except ValueError:
        a, b = text, ""
    return b + a


def loops(n: int) -> list[int]:
    ret: list[int] = []
    for i in range(1, n + 1):
        if i % 2 == 0:
            x = 1
            for j in range(1, i + 1):
                x *= j
            ret.append(x)
        else:
            x = 0
            for j in range(1, i + 1):
                x += j
            ret.append(x)
    return ret


def carried(xs: list[int]) -> int:
    best = -1
    for x in xs:
        if x > 3:
            last = x
            best = max(best, last)
        elif best > 0:
            last = best
        else:
            continue
        best += last
    return best


def evens(xs: list[int]) -> list[int]:
    found = [x for x in xs if x % 2 == 0]
    if found == []:
        return []
    if xs != []:
        found.append(1)
    return found


def order(n: int, x: int, y: int) -> bool:
    return n - 1 >= x or y + 1 <= x or n >= x + 1 or y <= n - 1


def primes(n: int, x: int) -> int:
    return sum(x for x in range(2, n) if n % x == 0) + x


def shifted(xs: list[int]) -> list[int]:
    if not xs:
        return []
    made = []
    at = xs.index(min(xs))
    made = xs[at:] + xs[0:at]
    return made * 2


def amount(text: str) -> int:
    whole, _, rest = text.partition(".")
    try:
        cents = int(whole) * 100
        if rest:
            cents += int(rest.ljust(2, "0"))
    except ValueError:
        return -1
    return cents


def ranged(n: int, c: str) -> list[bool]:
    return [1 <= n <= 5, n >= 2 and n < 9 and c != "", "a" <= c <= "z", len(c) > 0 and "0" <= c[0] <= "9"]


def tallied(words: list[str]) -> dict[str, int]:
    sums: dict[str, int] = {}
    first: dict[str, list[int]] = {}
    for i, word in enumerate(words):
        if word not in sums:
            sums[word] = 0
        sums[word] += len(word) + 1
        if word not in first:
            first[word] = []
        first[word].append(i)
        if len(word) > 2 or len(first[word]) > 3:
            sums[word] += 5
    return sums


def downwards(n: int) -> int:
    found = n
    for i in range(8, 3, -1):
        if i < 2147483648:
            found += 1
    return found


def cleaned(text: str, names: list[str]) -> list[str]:
    text = text.strip()
    text = text.removeprefix("v")
    out = [text, text.split(".")[0], text.split(".")[-1], text.strip("xy") + "!"]
    for name in names:
        name = name.strip()
        head, mark, rest = name.partition("-")
        if mark:
            rest = rest.strip()
        out.append(f"{head}|{rest}|{name.rpartition('-')[0]}")
    return out


def labelled(n: int, text: str) -> str:
    label = "none"
    if n > 3:
        label = "many"
    elif n > 0:
        label = text[:2]
    words = text.split(" ")
    return label + "".join(word.upper() for word in words[1:])


def flushed(text: str) -> list[str]:
    lines: list[str] = []
    line = ""
    for c in text:
        if c == " ":
            lines.append(line)
            line = ""
        else:
            line += c
    lines.append(line)
    while lines:
        last = lines.pop()
        if last:
            return [*lines, last]
    return lines


def first_of_each(items: list[str], numbers: list[int]) -> list[int]:
    seen: set[str] = set()
    count = 0
    for item in items:
        if item not in seen:
            count += 1
            seen.add(item)
        else:
            count -= 1
    known: set[int] = set()
    for number in numbers:
        if number in known:
            return [number, count, len(seen)]
        known.add(number)
    return [count, len(seen)]


def ranked(names: list[str], scores: list[int], weights: list[float]) -> list[str]:
    pairs = list(zip(names, scores))
    pairs.sort(key=lambda p: (-p[1], p[0]))
    ordered = sorted(weights, reverse=True)
    return (
        [f"{name}{score}" for name, score in pairs]
        + [str(w) for w in sorted(weights)]
        + [str(w) for w in ordered]
    )


def numbered(rows: list[str], graph: dict[str, list[str]]) -> list[str]:
    out: list[str] = []
    for i, row in enumerate(rows, 1):
        for near in graph.get(row, []):
            out.append(f"{i}{near}")
    return out + [f"{i}{a}{b}" for i, (a, b) in enumerate(zip(rows, rows[1:]))]


def wanted(names: list[str], table: dict[str, int]) -> list[str]:
    return [name for name in names if table[name] > 0]


def some_big(texts: list[str]) -> bool:
    return any(len(t) > 1 for t in texts if int(t) > 9) and all(t != "" for t in texts if int(t) < 5)


def combinations(items: list[int], size: int) -> list[list[int]]:
    found: list[list[int]] = []

    def choose(start: int, chosen: list[int]) -> None:
        if len(chosen) == size % 3:
            found.append(chosen)
            return
        for i in range(start, min(len(items), 6)):
            choose(i + 1, chosen + [items[i]])

    choose(0, [])
    return found


def ways(n: int) -> int:
    memo: dict[int, int] = {}

    def go(k: int) -> int:
        if k < 2:
            return 1
        if k not in memo:
            memo[k] = go(k - 1) + go(k - 2)
        return memo[k]

    return go(min(n, 40))


def stepping(low: int, high: int, step: int) -> list[int]:
    out: list[int] = []
    for i in range(low % 50, high % 50, step % 7 - 3):
        out.append(i)
    return out


def read_or(texts: list[str], default: int) -> list[int]:
    out: list[int] = []
    for text in texts:
        try:
            n = int(text)
        except ValueError as error:
            out.append(len(str(error)) % 2)
            n = default
        out.append(n)
    return out


def known_or(table: dict[str, int], key: str) -> int:
    try:
        return table[key]
    except KeyError:
        return -1


class Tally:
    def __init__(self, limits: list[int]) -> None:
        self.limits = limits
        self.counts = [0] * (len(limits) + 1)

    def note(self, value: int) -> None:
        for i, limit in enumerate(self.limits):
            if value <= limit:
                self.counts[i] += 1
                return
        self.counts[-1] += 1


def tally_of(limits: list[int], values: list[int]) -> list[int]:
    tally = Tally(limits)
    for value in values:
        tally.note(value)
    return tally.counts


UNITS = {"s": 1, "m": 60, "é": 5}
NAMES = {"on": "enabled", "off": "disabled"}


def seconds(text: str) -> int:
    total = 0
    number = 0
    for ch in text:
        if "0" <= ch <= "9":
            number = number * 10 + ord(ch) - ord("0")
        elif ch in UNITS:
            total += number % 1000 * UNITS[ch]
            number = 0
    return total


def named_state(name: str) -> str:
    if name not in NAMES:
        return NAMES.get(name.lower(), "unknown")
    return NAMES[name] + NAMES["off"]


def bracketed(text: str) -> bool:
    pairs = {")": "(", "]": "["}
    stack: list[str] = []
    for ch in text:
        if ch in "([":
            stack.append(ch)
        elif ch in pairs and (not stack or stack.pop() != pairs[ch]):
            return False
    return not stack


def distinct(numbers: list[int], words: list[str]) -> list[str]:
    seen: set[int] = set()
    for n in numbers:
        if n % 3 not in seen and n > 0:
            seen.add(n)
    found = {"é", "z"}
    for word in words:
        found.add(word.strip())
    found.discard("a")
    return [str(n) for n in sorted(seen)] + sorted(found, reverse=True) + [str(len(found))]


def fields_of(line: str) -> list[str]:
    out: list[str] = []
    i = 0
    while i < len(line):
        start = i
        while i < len(line) and line[i] != " ":
            i += 1
        out.append(line[start:i])
        out.append(line[start : i + 1])
        i += 1
    return out


def leading(text: str) -> list[str]:
    stripped = text.strip()
    end = 0
    while end < len(stripped) and stripped[end].isdigit():
        end += 1
    return [stripped[:end], stripped[end:].upper()]


def padded(cells: list[str], width: int) -> list[str]:
    return [cell.ljust(width % 9) + "|" + cell.capitalize() for cell in cells]


def from_the_end(text: str) -> list[str]:
    return text.split("ab", 1)[::-1] + list(reversed(text.rsplit("b", 2)))


NONE_LEFT = 0


def divided_by_nothing(n: int) -> int:
    zero = 0
    if n > 40:
        return n % 0
    if n > 20:
        return abs(n) // zero
    if n > 10:
        return 7 % NONE_LEFT
    if n < -30:
        zero //= 3
        return 5 // (zero + len(""))
    return n // 3
