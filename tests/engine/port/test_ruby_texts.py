"""Searches, scans and spellings of texts give what Python gives: beyond the end, below zero, outside of ASCII."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_specs.model import LanguageId

SOURCE = textwrap.dedent(
    """
    def found(text: str, start: int) -> str:
        i = text.find("a")
        if i < 0:
            return "none" + str(text.find("b", start))
        j = text.find("b", i)
        if j == -1:
            return text[:i] + "|" + text[i:]
        k = text.rfind("a")
        if k >= j:
            return text[j : k + 1] + "|" + text[k + 1 :]
        return text[i:j] + "|" + text[:start] + "|" + text[: start - 3]


    def every(text: str, part: str) -> list[int]:
        out: list[int] = []
        position = 0
        while True:
            at = text.find("ab", position)
            if at == -1:
                break
            out.append(at)
            position = at + 1
        while position >= 0 and part and len(out) < 20:
            position = text.find(part, position + 1)
            out.append(position)
        return out


    def last_or_all(text: str) -> str:
        i = text.find("a")
        if i == -1:
            i = len(text)
        before = text.split("#", 1)[0] + text.split("::")[-1] + text.split(",")[0] + text.split("ab")[-1]
        return before + text[i:] + text[:i]


    def templated(template: str, values: dict[str, str]) -> str:
        out: list[str] = []
        position = 0
        while True:
            start = template.find("a", position)
            if start < 0:
                break
            end = template.find("b", start)
            if end < 0:
                break
            out.append(template[position:start])
            name = template[start + 1 : end]
            out.append(values.get(name, template[start : end + 1]))
            position = end + 1
        out.append(template[position:])
        return "".join(out)


    def fields(line: str, start: int) -> list[str]:
        out: list[str] = []
        i = 0
        n = len(line)
        while i < n:
            while i < n and line[i] == " ":
                i += 1
            begin = i
            while i < n and line[i] != "=" and line[i] != ",":
                i += 1
            out.append(line[begin:i])
            i += 1
            if i < n and line[i] == "'":
                i += 1
                begin = i
                while i < n and line[i] != "'":
                    i += 1
                out.append(line[begin:i])
                i += 1
            while i < len(line) and (line[i].isdigit() or line[i] in "-]^"):
                i += 1
        while start < n and line[start] == "a":
            start += 1
        while i < n and line[i] == "b":
            i += 1
        return [*out, str(i), str(start)]


    def slug(title: str) -> str:
        parts: list[str] = []
        dashed = True
        for ch in title.lower():
            if "a" <= ch <= "z" or ch in "0123456789":
                parts.append(ch)
                dashed = False
            elif not dashed:
                parts.append("-")
                dashed = True
        return "".join(parts).rstrip("-")


    def squeezed(text: str) -> str:
        out = ""
        gap = False
        for ch in text:
            if not ch.isspace():
                gap = False
                out += ch
            elif not gap:
                out += "_-"
                gap = True
        return out.strip("_").lstrip("ab")


    def not_squeezed(text: str) -> str:
        out = ""
        gap = False
        for ch in text:
            if not ch.isspace():
                gap = False
                out += ch
            elif not gap:
                out += "_"
                gap = True
        return out + str(gap)


    def snake(name: str) -> str:
        out = ""
        for i, ch in enumerate(name):
            if ch.isupper():
                if i > 0:
                    out += "_"
                out += ch.lower()
            else:
                out += ch
        shown = ""
        for ch in name:
            if ch.isupper() or ch == "\u00df":
                shown += "<" + ch.lower() + ">"
            else:
                shown += ch
        return out + shown


    def turned(text: str, shift: int) -> str:
        out: list[str] = []
        for ch in text:
            if "a" <= ch <= "z":
                out.append(chr((ord(ch) - ord("a") + shift) % 26 + ord("a")))
            elif "A" <= ch <= "Z":
                out.append(chr((ord(ch) - 65 - shift + 1) % 26 + 65))
            elif "0" <= ch <= "9":
                out.append(chr((ord(ch) - 47) % 10 + ord("0")))
            else:
                out.append(ch)
        some = ""
        for ch in text:
            if "b" <= ch <= "d":
                some += chr((ord(ch) + 5 * shift) % 3 + 98)
            else:
                some += ch
        return "".join(out) + some


    def checked(text: str) -> int:
        total = 0
        count = 0
        for ch in reversed(text):
            if ch == " ":
                continue
            if ch < "0" or ch > "9":
                return -1
            digit = int(ch)
            if count % 2 == 1:
                digit *= 2
            total += digit
            count += 1
        for i, letter in enumerate(text):
            if letter not in " 0123456789":
                return -2
            total += i if letter == " " else ord(letter)
        for other in text:
            if other not in " 123456789":
                return total
            total += len(text) // (ord(other) - 32)
        return total


    def seen_from_outside(text: str, other: str) -> list[int]:
        total = 0

        def add(part: str) -> int:
            nonlocal total
            for letter in part:
                if letter not in "0123456789":
                    return -1
                total += ord(letter)
            return 0

        result = add(text)
        out = [result, total]
        count = 0
        first, last = 0, 0
        try:
            first, last = len(text), int(other)
        except ValueError:
            out.append(first - last)
        return [*out, first, last, count]


    def named(names: list[str]) -> list[str]:
        valid: list[str] = []
        for name in names:
            if not name or not (name[0].isalpha() or name[0] == "_"):
                continue
            if all(ch.isalnum() or ch == "_" for ch in name):
                valid.append(name)
        for name in names:
            if name and name[0] == "-" and all(ch.isdigit() or ch in "abc" for ch in name) and len(name) > 1:
                valid.append(name + "!")
            if name != "" and all(not ch.isspace() for ch in name):
                valid.append(name + "?")
            if name and name[0] == "a" and all("a" <= ch <= "c" for ch in name) and name[-1] == "c":
                valid.append(name + ".")
        return valid


    def kept(lines: list[str]) -> list[str]:
        out: list[str] = []
        for line in lines:
            code = line.split("#", 1)[0].strip()
            if code:
                out.append(code)
        more: list[int] = []
        for line in lines:
            size = int(line)
            if size > 2:
                more.append(size)
        return out + [str(n) for n in more]


    def marks(text: str, n: int) -> list[str]:
        pairs = {")": "(", "]": "["}
        stack: list[str] = []
        for ch in text:
            if ch in "([{":
                stack.append(ch)
            elif ch in pairs and (not stack or stack.pop() != pairs[ch]):
                stack.append("?")
        kind = text[:1]
        if kind == "a":
            stack.append("first")
        elif kind == "b" or kind == "c":
            stack.append("second")
        elif kind in ("d", "é", "d"):
            stack.append("third")
        else:
            stack.append("none")
        if n == 1:
            return stack
        elif n in (2, 3):
            return [*stack, "2"]
        return [*stack, "n"]


    def starred(name: str) -> str:
        out = ""
        for i, ch in enumerate(name):
            if ch in "ab":
                if i == 0:
                    out += "*"
                out += ch.upper()
            else:
                out += ch
        return out


    def digits_of(number: int, other: int) -> list[int]:
        total = 0
        n = abs(number)
        while n > 0:
            total += n % 10
            n //= 10
        m = other
        more = 1
        while m > 0:
            more += m % 10
            m //= 10
        return [total, more]


    def rows(a: list[list[int]], text: str, n: int) -> list[list[int]]:
        made = [[0] * n for _ in range(len(a))]
        for i in range(len(a)):
            for k in range(len(a)):
                for j in range(n):
                    made[i][j] += len(a[k])
        for i in range(len(a)):
            for j in range(n):
                made[i] = list(made[i - 1])
                made[i][j] -= j
        for _ in range(2):
            for i, x in enumerate(text):
                for y in text:
                    made.append([len(x + y.upper()), i])
        return made


    def bumped(items: list[int], i: int, by: int) -> list[int]:
        out = list(items)
        if i >= 0:
            out[i] += by
            out[min(i, 3)] -= by - 1
        first, last = by, i
        first, last = last, first
        while last > 100:
            last //= 7
        return [*out, first, last % 2, 1 if last % 2 == 1 else 0, 3 if first % 2 != 0 else 2]
    """
)


@functools.cache
def ported(source: str) -> str:
    candidate = port(PortRequest("texts.py", source, LanguageId.PYTHON, LanguageId.RUBY))
    assert not candidate.holes
    return next(f.text for f in candidate.files if f.role == "source")


def test_what_is_said_of_a_text_as_a_whole_stays_the_same(ports_whole: Callable[..., None]) -> None:
    ports_whole("texts.py", SOURCE, LanguageId.RUBY, differential=80, cases=100)


@pytest.mark.parametrize(
    "says",
    [
        'return "#{text[0...i]}|#{text[i..]}" unless j',
        "at = text.index('ab', position)",
        "break unless at",
        "text.partition(',').first + text.rpartition('ab').last",
        "out << template[position...start]",
        "i = line.index(/[^ ]/, i) || n",
        "i = line.index(/[=,]/, i) || n",
        """i = line.index("'", i) || n""",
        "start += 1 while start < n && ",
        "i += 1 while i < n && line[i] == 'b'",
        "last /= 7 while last > 100",
        "when '(', '[', '{'",
        "made_row[j] += a_row.length",
        "text_chars.each_with_index do |x, i|",
        "when 'd', 'é'\n",
        "total += n.digits.sum",
        """name.sub(/\\A[ab]/) { |ch| "*#{ch.upcase}" }.gsub(/(?<!\\A)[ab]/, &:upcase)""",
        "title.downcase.gsub(/[^a-z0-9]+/, '-').delete_prefix('-')",
        "text.gsub(/[[:space:]]+/, '_-')",
        r"""name.sub(/\A[[:upper:]]/, &:downcase).gsub(/(?<!\A)[[:upper:]]/) { |ch| "_#{ch.downcase}" }""",
        "text.tr('a-zA-Z0-9', ",
        "('a'..'z').to_a.rotate(shift % 26).join + ('A'..'Z').to_a.rotate((1 - shift) % 26).join",
        "return -1 if text.match?(/[^ 0-9]/)",
        "return -2 if text.match?(/[^ 0-9]/)",
        r"names.grep(/\A[\p{L}_][\p{L}\p{N}_]*\z/)",
        r"name.match?(/\A(?=[\-])[[:digit:]abc]+\z/) && name.length > 1",
        r"name.match?(/\A(?=[a])[a-c]+\z/) && name[-1] == 'c'",
        "lines.map { |line| line.partition('#').first.strip }.reject(&:empty?)",
    ],
)
def test_a_text_is_searched_as_a_person_would(says: str) -> None:
    assert says in ported(SOURCE)
