"""Functions whose ports to Rust borrow, match and count: what they must not change is what they give."""

import json
import math
import re

# ruff: noqa: PERF401, FURB171, RUF005 - the loops, lists and sets are the cases.


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
