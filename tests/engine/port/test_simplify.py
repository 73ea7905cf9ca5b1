"""What is said with less work must stay the same for every input: characters outside of ASCII and empty values too."""

from __future__ import annotations

import textwrap
from functools import cache
from typing import Any

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_engine.verify.cases import Plan
from foundation_specs.model import LanguageId

SOURCE = textwrap.dedent(
    """
    def evens(xs: list[int]) -> int:
        found = []
        for x in xs:
            if x % 2 == 0:
                found.append(x)
        return len(found)


    def capitals(s: str) -> int:
        return len([c for c in s if c.isalpha() and c.isupper()]) - len([c for c in s if c.islower()])


    def spelled(s: str) -> str:
        out = []
        for c in s:
            if c == ",":
                out.append("; ")
            elif c in "aeiou":
                out.append(c.upper())
            else:
                out.append(c)
        return "".join(out)


    def spaced(s: str) -> str:
        text = ""
        for c in s:
            if text != "":
                text += "-" + c
            else:
                text = text + c
        return text + str(len(text))


    def prefixes(s: str) -> list[str]:
        out = []
        for i in range(len(s)):
            out.append(s[: i + 1] + "|" + s[i:] + "|" + s[i])
        return out


    def vowels(s: str) -> int:
        letters = ["a", "e", "i", "o", "u", "é"]
        n = 0
        for i in range(len(s)):
            if s[i] in letters:
                n += 1
        return n


    def times(s: str, part: str) -> int:
        n = 0
        for i in range(len(s) - len(part) + 1):
            if s[i : i + len(part)] == part:
                n += 1
        return n


    def pairs(xs: list[int]) -> list[int]:
        out = []
        for i in range(len(xs) - 1):
            out.append(sum(xs[i : i + 2]))
        return out


    def ordered(xs: list[int]) -> bool:
        return xs == sorted(xs) or xs == sorted(xs, reverse=True)


    def distinct(xs: list[int]) -> list[int]:
        return sorted(set(xs))


    def distinct_letters(s: str, t: str) -> list[int]:
        return [len(set(s)), len(set(t)), int(set(s) == set(t))]


    def last_digits(a: int, b: int) -> int:
        return int(str(a)[-1]) * int(str(b)[-1])


    def ends(s: str) -> bool:
        if s == "":
            return False
        return s[0] == "a" and s[-1] != "z" and s[-2:] != "yz" and s[:2] != "ab"


    def binary(n: int) -> str:
        digits = bin(n)[2:]
        return digits + str(len(digits)) + digits[0] + digits[-1]


    def shifted(n: int, k: int) -> str:
        s = str(n)
        return s[-k:] + s[:2] + s[1:3]


    def smallest_sum(xs: list[int]) -> int:
        if not xs:
            return 0
        return max(-x for x in xs) + min(x * x for x in xs)


    def tail(xs: list[int]) -> list[int]:
        doubled = [x * i for i, x in enumerate(xs)]
        return doubled[1:]


    def squares(n: int) -> list[int]:
        out = []
        for i in range(n):
            out.append(i * i)
        return out


    def initials(words: list[str]) -> str:
        text = ""
        for w in words:
            for i in range(len(w)):
                if i == 0 or w[i - 1] == " ":
                    text += w[i]
        return text


    def sized(words: list[str]) -> int:
        total = 0
        for w in words:
            for n in range(2, len(w)):
                if len(w) % n == 0:
                    total += 1
            total += len(w) if w != "x" else 0
        return total


    def neighbours(xs: list[int]) -> int:
        total = 0
        for i in range(len(xs)):
            if i != 0:
                total += xs[i - 1] * xs[i]
        return total


    def without(s: str) -> list[str]:
        return [s[1:], s[:-1], s[1:-1]]


    def trimmed(s: str) -> str:
        while s != "" and s[-1] == "é":
            s = s[:-1]
        return s


    def rebuilt(words: list[str], s: str) -> str:
        s = ""
        for w in words:
            s += w
        return s + str(len(words))


    def beside(s: str, t: str) -> str:
        out = str(sum(1 for x, y in zip(s, t) if x != y))
        for x, y in zip(s, t):
            if x == y and x.isalpha():
                out += x
        return out + "".join(x + y for x, y in zip(s, t[::-1]))


    def digit_sum(s: str) -> int:
        total = 0
        for c in s:
            if c in "0123456789":
                total += int(c)
        return total


    def distances(a: str, b: str) -> int:
        total = 0
        for i, x in enumerate(a, 1):
            for j, y in enumerate(b):
                if x == y:
                    continue
                total += i * j
        for i, x in enumerate(b, 3):
            total -= i
        return total


    def placed(a: str) -> list[int]:
        first = [i for i, c in enumerate(a) if c == "a"]
        i = 5
        return first + [i for i, c in enumerate(a) if c != "a"] + [i]


    def separated(s: str) -> str:
        out = ""
        for i, c in enumerate(s):
            if c.isupper():
                if i > 0:
                    out += "_"
                out += c.lower()
            else:
                out += c
        return out


    def bounds(words: list[str]) -> str:
        return "".join(w[0] + w[-1].upper() for w in words if w)


    def both_ends(s: str) -> bool:
        letters = [c for c in s if c.isalnum()]
        return (s == s[::-1]) != (letters == letters[::-1])


    def columns(words: list[str], width: int) -> list[str]:
        return [w.ljust(width) + "|" + w.rjust(width) + "|" for w in words]


    def heads(lines: list[str]) -> list[str]:
        return [line.split("é", 1)[0] + line.split(",")[0] for line in lines]


    def parts(s: str) -> list[str]:
        out: list[str] = []
        for word in s.split():
            out.append(word)
        for part in s.split("a"):
            out.append(part)
        return out


    def all_of(lists: list[list[int]]) -> list[int]:
        return [x for xs in lists for x in xs] + [x for xs in lists if len(xs) > 1 for x in xs]


    def taken_out(xs: list[int]) -> list[int]:
        left = list(xs)
        out: list[int] = []
        while left:
            x = left.pop()
            y = left.pop() if left else 0
            out.append(x * 2 + y)
        return out


    def by_all(xs: list[tuple[int, str]]) -> list[tuple[int, str]]:
        return sorted(xs) + sorted(xs, key=lambda p: p[0])


    def of_both(xs: list[int], ys: list[int]) -> list[int]:
        return sorted({x: 1 for x in xs}) + sorted(set(xs) & set(ys))


    def runs(s: str) -> list[str]:
        out: list[str] = []
        run = ""
        for c in s:
            if c.isalpha():
                run += c
                continue
            if run:
                out.append(run)
                run = ""
            if run == "":
                out.append(c)
        return out if not run else [*out, run]


    SIZES = {"a": 1, "é": 60, "": 7}


    def measured(s: str) -> int:
        total = 0
        for c in s:
            if c not in SIZES or total > 100:
                raise ValueError(f"no size: {c}")
            total += SIZES[c]
        if s in SIZES and SIZES[s] > 1:
            return SIZES[s] - total
        return total


    def merged(words: list[str]) -> dict[str, str]:
        out: dict[str, str] = {}
        for word in words:
            key = word[:2]
            if key in out:
                out[key] = out[key] + word
            else:
                out[key] = word
            if key in out:
                out[key + "!"] = "new"
                out[key] = out[key] + "?"
        return out


    class Node:
        def __init__(self) -> None:
            self.inner: dict[str, Node] = {}
            self.count = 0


    def grown(words: list[str]) -> list[int]:
        root = Node()
        counts: list[int] = []
        for word in words:
            node = root
            for c in word:
                if c not in node.inner:
                    node.inner[c] = Node()
                node = node.inner[c]
                node.count += 1
            counts.append(node.count)
        return counts


    def looked_up(words: list[str], a: dict[str, int]) -> int:
        b = a
        total = 0
        for word in words:
            if word in a:
                b[word] = 3
                total += a[word]
            if word in a and a[word] > 2:
                a = {}
                total += a[word] if word in a else 1
        return total


    def grouped(words: list[str]) -> dict[int, list[str]]:
        groups: dict[int, list[str]] = {}
        for word in words:
            size = len(word)
            if size not in groups:
                groups[size] = []
            groups[size].append(word)
        return groups


    def counted(a: int, b: int, step: int) -> list[int]:
        out: list[int] = []
        for i in range(a, b, step):
            if i == 3:
                continue
            out.append(i)
            b = 5
        for i in range(a, b, step):
            step = 2
            out.append(-i)
        for _ in range(0, 10, step):
            out.append(100)
        n = 1
        while n < 4:
            for i in range(0, b, n):
                out.append(n * i)
            n += 1
        return out


    def chunks(xs: list[int], size: int) -> list[list[int]]:
        out: list[list[int]] = []
        for i in range(0, len(xs), 2):
            out.append(xs[i : i + 3])
        inner = [[xs[i : i + 2] for i in range(-3, 1)] for i in range(0, len(xs), 2)]
        made = [xs[i : i + size] for i in range(0, len(xs), size)]
        return made + out + [part for parts in inner for part in parts]


    def guarded(xs: list[int], size: int) -> int:
        try:
            return len([xs[i] for i in range(0, len(xs), size)])
        except ValueError:
            return -1


    def positive(xs: list[int]) -> list[int]:
        other: list[int] = [7]
        first: list[int] = []
        for i, x in enumerate(xs):
            if x < 0:
                continue
            if i > 1:
                first.append(x)
            elif x > 0:
                first.append(-x)
        for x in xs:
            if x > 1:
                other.append(x)
            other.extend([x] * x)
        return first + other


    def pieces(line: str) -> list[str]:
        out: list[str] = []
        i = 0
        n = len(line)
        while i < n:
            while i < n and line[i] == " ":
                i += 1
            start = i
            while i < n and line[i] != "," and line[i] != "é" and line[i] < "z":
                i += 1
            out.append(line[start:i])
            if i < n and line[i] == ",":
                i += 1
                start = i
            elif i >= n:
                i += 1
                out.append(line[start : i + 1] + "|" + line[i:])
            else:
                out.append(line[i] + line[i + 1 :] + line[: i + 1])
                i = i + 1
            if i + 1 < len(line) and line[i + 1] == "a":
                out.append("next")
        return out


    def digits_first(text: str) -> str:
        stripped = text.strip()
        end = 0
        while end < len(stripped) and (stripped[end].isalpha() or stripped[end] in "0123456789"):
            end += 1
        if end == 0:
            return "none" + stripped
        return stripped[:end] + "/" + stripped[end:]


    def unquoted(line: str) -> list[str]:
        cells: list[str] = []
        cell: list[str] = []
        quoted = False
        i = 0
        while i < len(line):
            c = line[i]
            if quoted:
                if c == "a":
                    if i + 1 < len(line) and line[i + 1] == "a":
                        cell.append("A")
                        i += 1
                    else:
                        quoted = False
                else:
                    cell.append(c)
            elif c == "a":
                quoted = True
            elif c == ",":
                cells.append("".join(cell))
                cell = []
            else:
                cell.append(c)
            i += 1
        cells.append("".join(cell))
        return cells


    def far(lines: list[str]) -> list[int]:
        out: list[int] = []
        i = 0
        for line in lines:
            while i < len(line) and line[i] != "a":
                i += 1
            out.append(i)
        return out


    def cut(s: str) -> list[str]:
        out: list[str] = []
        for part in s[2:].split("a"):
            out.append(part)
        return [*out, s.strip()[:3], s.strip()[1:]]


    def titled(words: list[str]) -> list[str]:
        return [w.capitalize() for w in words]


    def together(lists: list[list[int]]) -> list[int]:
        return [x for xs in lists for x in xs]
    """
)

TEXTS = ["", "a", "é", "abcaé,", "hé héhé", "😀a😀", "ab,AB 12", "yz", "zÉe", "a,é😀 x"]
NUMBERS = [0, 7, 10, -3, -10, 255, 123456, -987654321]
LISTS: list[Any] = [[], [1], [3, 1, 2], [2, 2, 2], [1, 2, 3, 4], [5, 4, 3], [-1, 0, -1]]


def given() -> tuple[Plan, ...]:
    """Calls of every function with values at the edges."""
    texts = [(t,) for t in TEXTS]
    pairs = [(t, p) for t in TEXTS for p in ("a", "é", "hé", "", "ab,AB 12 and more")]
    scanned = [*texts, ("aéa,aaa😀aa,é",), (" é, zz,  a,a",), ("9é8 x",)]
    numbers = [(n,) for n in NUMBERS]
    lists = [({"list": x},) for x in LISTS]
    words = [({"list": TEXTS[:n]},) for n in (0, 1, 4, 10)]
    arguments: dict[str, list[tuple[Any, ...]]] = {
        **dict.fromkeys(
            [
                "capitals",
                "spelled",
                "spaced",
                "prefixes",
                "vowels",
                "ends",
                "digit_sum",
                "without",
                "trimmed",
            ],
            texts,
        ),
        **dict.fromkeys(["times", "distinct_letters", "beside", "distances"], pairs),
        **dict.fromkeys(["placed", "separated", "both_ends", "parts", "runs"], texts),
        **dict.fromkeys(["pieces", "digits_first", "unquoted", "cut"], scanned),
        "far": words,
        "columns": [(w, n) for (w,) in words for n in (0, 5, -7)],
        **dict.fromkeys(["bounds", "heads", "merged", "grown", "grouped"], words),
        "counted": [(a, b, s) for a in (0, 3, -5) for b in (0, 7, -2) for s in (1, 2, -1, 0, -3)],
        **{f: [(x, n) for (x,) in lists for n in (1, 2, 5, 0, -1)] for f in ("chunks", "guarded")},
        "positive": lists,
        "titled": words,
        "together": [({"list": LISTS[:n]},) for n in (0, 1, 3, 7)],
        "measured": [(t,) for t in ["", "a", "é", "aé", "aéé", "ééé", "éz", "aaz"]],
        "looked_up": [
            (w, {"dict": [[t, n] for n, t in enumerate(TEXTS[:size])]})
            for (w,) in words
            for size in (0, 3, 8)
        ],
        "all_of": [({"list": LISTS[:n]},) for n in (0, 1, 3, 7)],
        "taken_out": lists,
        "by_all": [({"list": [{"tuple": [n % 3, t]} for n, t in zip(NUMBERS, TEXTS, strict=False)]},)],
        "of_both": [(a, b) for (a,) in lists for (b,) in lists],
        **dict.fromkeys(["binary", "squares"], numbers[:3]),
        "rebuilt": [(w, "x") for (w,) in words],
        "last_digits": [(a, b) for a in NUMBERS for b in NUMBERS[:3]],
        "shifted": [(n, k) for n in NUMBERS for k in (1, 2, 30)],
        **dict.fromkeys(["initials", "sized"], words),
        **dict.fromkeys(
            ["evens", "pairs", "ordered", "distinct", "smallest_sum", "tail", "neighbours"], lists
        ),
    }
    return tuple(Plan(name, args) for name, calls in arguments.items() for args in calls)


@cache
def to_go(source: str) -> PortCandidate:
    """The port of a source."""
    return port(PortRequest("said.py", source, LanguageId.PYTHON, LanguageId.GO))


@pytest.mark.slow
def test_what_is_said_with_less_work_stays_the_same() -> None:
    report = verify(to_go(SOURCE), VerifyOptions(plans=given(), use_cache=False))
    assert report.verdict is Verdict.PASSED, [r.detail for r in report.results]
    assert sum(r.cases for r in report.results if r.step == "cases") > 100


SAID = {
    "a list that is only counted": ("evens", "found++"),
    "a list that is only joined": ("spelled", "var out strings.Builder"),
    "a text that grows": ("spaced", "text.WriteRune(c)"),
    "a loop over positions": ("prefixes", "for i, char := range s {"),
    "letters": ("vowels", "strings.ContainsRune(letters, char)"),
    "a window": ("times", "sRunes[i:i+len(partRunes)]"),
    "an order": ("ordered", "slices.IsSorted(xs)"),
    "distinct numbers": ("distinct", "slices.Compact(ordered)"),
    "distinct letters": ("distinct_letters", "make(map[rune]struct{})"),
    "a last digit": ("last_digits", "a % 10"),
    "an end": ("ends", "s[0] == 'a' && s[len(s)-1] != 'z' && !strings.HasSuffix(s, \"yz\")"),
    "an extreme": ("smallest_sum", "largest = max(largest, -x)"),
    "a size that is known": ("squares", "out := make([]int, 0, max(n, 0))"),
    "a length": ("sized", "wLen := utf8.RuneCountInString(w)"),
    "texts one after the other": ("rebuilt", 's = strings.Join(words, "")'),
    "a character less": ("trimmed", "s = s[:len(s)-size]"),
    "characters side by side": ("beside", "[]rune(s)"),
    "a position above zero": ("neighbours", "xs[i-1]"),
    "turns that are counted": ("distances", "for _, x := range a {\n\t\ti++"),
    "the first turn": ("separated", "for i, c := range s {"),
    "room for a text": ("separated", "out.Grow(len(s))"),
    "the ends of a text": ("bounds", "joined.WriteRune(firstRune(w))"),
    "the same from both ends": ("both_ends", "symmetric([]rune(s)) != symmetric(letters)"),
    "what stands before": ("heads", 'strings.Cut(line, "é")'),
    "words one by one": ("parts", "for word := range strings.FieldsSeq(s) {"),
    "lists one after the other": ("all_of", "items = append(items, xs...)"),
    "an element taken out": ("taken_out", "x := left[len(left)-1]"),
    "an order of all there is": ("by_all", "slices.SortFunc(ordered,"),
    "keys in order": ("of_both", "sortedKeys("),
    "an entry that is there": ("measured", "size, ok := Sizes[string(c)]"),
    "an entry that changes": ("merged", "if value, ok := out[key]; ok {"),
    "an entry that is added": ("grown", "\t\t\t\tvalue = NewNode()\n"),
    "an entry that may change": ("looked_up", "total += a[word]"),
    "a list that is there or not": ("grouped", "\n\t\tgroups[size] = append(groups[size], word)\n\t}"),
    "steps of either sign": ("counted", "; step > 0 && i < stop || step < 0 && i > stop; i += step {"),
    "steps over bytes": ("pieces", "for i < n && line[i] == ' ' {\n\t\t\ti++"),
    "steps over characters": ("pieces", "i += runeWidth(line, i)"),
    "a character at a byte": ("digits_first", "unicode.IsLetter(runeAt(stripped, end))"),
    "positions in many texts": ("far", "[]rune(line)"),
    "a part from a character on": ("cut", 'strings.SplitSeq(dropRunes(s, 2), "a")'),
    "steps upwards": ("counted", "for i := 0; i < b; i += n {"),
    "parts of a list": ("chunks", "append(out, slices.Clone(xs[i:min(i+3, len(xs))]))"),
    "steps along a list": ("chunks", "; size > 0 && i"),
    "room that suffices": ("positive", "first := make([]int, 0, len(xs))"),
    "lists as one": ("together", "return slices.Concat(lists...)"),
    "an empty text": ("runs", "if start < 0 {\n\t\t\tout = append(out, string(c))"),
}


@pytest.mark.parametrize(("name", "line"), SAID.values(), ids=SAID.keys())
def test_it_is_said_like_this(name: str, line: str) -> None:
    text = next(f.text for f in to_go(SOURCE).files if f.role == "source")
    start = text.index(f"func {name.title().replace('_', '')}(")
    assert line in text[start : text.index("\n}\n", start)]


KEPT = {
    # The list is seen as a list, too.
    "found = []\n    for x in xs:\n        found.append(x)\n    return len(found) + sum(found)": "append(found, xs...)",
    # Working out what is added may fail.
    "found = []\n    for x in xs:\n        found.append(xs[x])\n    return len(found)": "append(found, xs[",
    # The loop may end early.
    "o = []\n    for x in xs:\n        if x > 3:\n            break\n        o.append(x)\n    return o[0]": "[]int{}",
}


@pytest.mark.parametrize(("body", "line"), KEPT.items())
def test_what_is_not_certain_is_left_alone(body: str, line: str) -> None:
    text = next(
        f.text for f in to_go(f"def f(xs: list[int]) -> int:\n    {body}\n").files if f.role == "source"
    )
    assert line in text
