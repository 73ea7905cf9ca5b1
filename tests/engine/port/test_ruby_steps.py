"""Loops that search, remainders as positions, and tests of what is empty: shorter in Ruby, the same for every input."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_specs.model import LanguageId

SOURCE = textwrap.dedent(
    """
    class H:
        def __init__(self, bounds: list[int]) -> None:
            self.bounds = bounds
            self.counts = [0] * (len(bounds) + 1)
            self.ring = [0] * len(bounds)
            self.at = 0

        def observe(self, value: int) -> None:
            for i, bound in enumerate(self.bounds):
                if value <= bound:
                    self.counts[i] += 1
                    return
            self.counts[-1] += 1

        def push(self, value: int) -> None:
            n = len(self.ring)
            self.ring[(self.at + 3) % n] = value
            self.at += 1

        def total(self) -> list[int]:
            return [self.ring[(self.at - i) % len(self.ring)] for i in range(7)]


    def first_over(xs: list[int], low: int) -> int:
        for i, x in enumerate(xs):
            if x > low:
                return i
        return -1


    def first_twice(xs: list[int], low: int) -> str:
        out = "none"
        for i, x in enumerate(xs):
            if x > low and x % 2 == 0:
                out = f"{xs[i]} at {i}"
                break
        return out


    def first_even(words: list[str]) -> int:
        n = 0
        for i, w in enumerate(words):
            if w.startswith("a"):
                n = i * 2
                break
        for i, w in enumerate(words):
            if not w:
                return n + i
        return n


    def changed(xs: list[int]) -> list[int]:
        ys = list(xs)
        for i, y in enumerate(ys):
            if y == 3:
                del ys[i]
                ys.append(i)
                break
        return ys


    def nested(rows: list[list[int]]) -> int:
        n = 0
        for row in rows:
            for i, x in enumerate(row):
                if x < 0:
                    n += i
                    break
        return n


    def outer(rows: list[list[int]]) -> int:
        n = 0
        for i, row in enumerate(rows):
            if len(row) > 1:
                for x in row:
                    if x > 2:
                        n += x * (i + 1)
                        break
                return n
        return n


    def around(xs: list[int], k: int) -> int:
        n = len(xs)
        return xs[k % n] * 10 + xs[(k * 7 - 3) % len(xs)]


    def around_less(xs: list[int], k: int, m: int) -> int:
        return xs[k % m]


    def around_more(xs: list[int], k: int) -> int:
        n = len(xs) + 1
        return xs[k % n]


    def around_taken(xs: list[int], k: int) -> int:
        ys = list(xs)
        n = len(ys)
        if ys:
            ys.pop()
        return ys[k % n]


    def balanced(text: str) -> bool:
        pairs = {")": "(", "]": "[", "}": "{"}
        stack: list[str] = []
        for ch in text:
            if ch in "([{":
                stack.append(ch)
            elif ch in pairs and (not stack or stack.pop() != pairs[ch]):
                return False
        return not stack


    def balanced_not(text: str) -> str:
        pairs = {")": "(", "]": "["}
        stack: list[str] = []
        for ch in text:
            if ch == "(" or ch == "[":
                stack.append(ch)
            elif ch in pairs:
                if stack and stack[-1] == pairs[ch]:
                    stack.pop()
                else:
                    stack.append("!")
            else:
                stack.append(ch)
        return "".join(stack)


    def grown(text: str, more: bool) -> int:
        pairs = {"a": 1, "b": 2}
        if more:
            pairs["c"] = 3
        n = 0
        for ch in text:
            if ch == "x" or ch == "y" or ch == "z":
                n += 10
            elif ch in pairs and n < 30:
                n += pairs[ch]
        return n


    def dedupe(xs: list[int], k: int) -> list[int]:
        out: list[int] = []
        for x in xs:
            if not out or out[-1] != x:
                out.append(x)
        while out and out[-1] == k:
            out.pop()
        return out


    def top(xs: list[int], ys: list[int]) -> bool:
        return (not xs or xs[-1] != ys[0]) and len(ys) > 1


    def extremes(xs: list[int], start: int) -> list[int]:
        most = start
        least = start
        for x in xs:
            most = max(most, x)
            least = min(x, least)
            if x > 3:
                most = max(x, most)
        clamped = max(start, 0)
        return [most, least, clamped]


    def deviation(xs: list[float]) -> float:
        return sum((x - 1.5) ** 2 for x in xs) + sum(x**2.0 for x in xs)


    def shorten(text: str, width: int) -> str:
        if len(text) <= width:
            return text
        kept = width - 3
        return text[:kept] + "..." + text[len(text) - kept:] + "#{x}"


    def label(a: str, b: str, c: str) -> str:
        n = len(a)
        return a + "/" + b + '"' + c.upper() + "\\n" + str(n)


    def both(xs: list[int]) -> int:
        for i, x in enumerate(xs):
            if x > 5:
                return i
        for j, x in enumerate(xs):
            if x < -2:
                return j * 100
        return -1
    """
)


def test_what_is_said_shorter_stays_the_same(ports_whole: Callable[..., None]) -> None:
    ports_whole("steps.py", SOURCE, LanguageId.RUBY, differential=30, cases=300)


@pytest.mark.parametrize(
    "says",
    [
        "i = @bounds.index { |bound| value <= bound }\n      if i\n",
        "xs.index { |x| x > low } || -1",
        "i = words.index { |w| w.start_with?('a') }\n    n = i * 2 if i\n    i = words.index(&:empty?)",
        "rows.each_with_index do |row, i|",
        "@ring[(@at + 3) % n] = value",
        "@ring[(@at - i) % @ring.length]",
        "xs[k % n] * 10 + xs[(k * 7 - 3) % xs.length]",
        "xs.fetch(k % m)",
        "xs.fetch(k % n)",
        "ys.fetch(k % n)",
        "when ')', ']', '}'\n        return false if stack.pop != pairs[ch]",
        "n += pairs[ch] if pairs.key?(ch) && n < 30",
        "out << x if out[-1] != x",
        "out.pop while out[-1] == k",
        "xs.empty? || xs[-1] != ys.fetch(0)",
        "least = x if x < least",
        "clamped = [start, 0].max",
        "sum + (x - 1.5)**2",
        "text[0...kept] + '...' + ",
    ],
)
def test_ruby_says_it_as_a_person_would(says: str) -> None:
    candidate = port(PortRequest("steps.py", SOURCE, LanguageId.PYTHON, LanguageId.RUBY))
    assert says in next(f.text for f in candidate.files if f.role == "source")
