"""What Ruby says with a method of its own gives the same for every input: empty, ragged, negative, outside of ASCII."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_specs.model import LanguageId

SOURCE = textwrap.dedent(
    """
    from collections import defaultdict


    def columns(matrix: list[list[int]]) -> list[list[int]]:
        return [[row[i] for row in matrix] for i in range(len(matrix[0]))]


    def common(left: list[int], right: list[int]) -> list[int]:
        return sorted(set(left) & set(right)) + sorted(set(left) | set(right))


    def kinds(words: list[str], text: str) -> int:
        return len(set(words)) * 100 + len(set(text) & set("añ✓"))


    def flat(lists: list[list[int]]) -> list[int]:
        return [x for inner in lists for x in inner]


    def marks(text: str) -> str:
        out = ""
        if any(c.isdigit() for c in text):
            out += "digit "
        if all(c.isalnum() or c in "_-^]\\\\" for c in text):
            out += "name "
        if all("a" <= c <= "f" or c == "\\n" for c in text):
            out += "small "
        if any(not c.isspace() and c != "#" for c in text):
            out += "black "
        if not all(c not in "&[" for c in text):
            out += "and "
        return out + str(sum(1 for c in text if c in "ab&")) + "-".join([c for c in text if c.isalpha()])


    def stepping(start: int, stop: int, step: int) -> list[int]:
        return list(range(start % 50, stop % 50, step % 7 - 3)) + [i * 2 for i in range(9, stop % 20, step % 5 - 2)]


    def parts(text: str, by: str) -> list[str]:
        return [*text.split(" "), "|", *text.split("."), "|", *text.split("::"), "|", *text.split("|", 1)]


    def parts_by(text: str, by: str) -> list[str]:
        return text.split(by)


    def most_parts(text: str, most: int) -> list[str]:
        return text.split(",", most % 4 - 1)


    def before(text: str) -> str:
        return text.split("#", 1)[0] + "/" + text.split("::")[0]


    def cuts(text: str, items: list[int], low: int, high: int) -> list[int]:
        numbers = [ord(c) for c in f"{text[low:high]}|{text[low:]}|{text[:high]}|"]
        return numbers + items[low:high] + [-1] + items[low:] + [-1] + items[:high]


    def side_by_side(a: list[int], b: list[str], text: str) -> list[str]:
        out: list[str] = []
        for x, y in zip(a, b):
            if x == 3:
                continue
            out.append(f"{x}{y}")
        out += [c + y for y, c in zip(b, text)]
        return out + [x + y + z for x, y, z in zip(b, b[1:], text)]


    def numbered(words: list[str], first: int) -> list[str]:
        return [f"{i}:{w}" for i, w in enumerate(words) if w] + [w * i for i, w in enumerate(words, first % 5)]


    def places(flags: list[bool], pairs: list[tuple[int, int]]) -> list[int]:
        return [i for i, flag in enumerate(flags) if flag] + [i * a - b for i, (a, b) in enumerate(pairs)]


    def kept(flags: list[bool]) -> list[bool]:
        return [not f for f in flags if f or len(flags) > 2]


    def quotients(a: int, b: int, x: float) -> list[float]:
        return [a / b, x / b, a / (x + 0.5), a / 3, x / 7]


    def grid(rows: int, text: str) -> list[list[int]]:
        made = [[0] * len(text) for _ in range(rows)]
        for i in range(rows):
            for j in range(len(text)):
                made[i][j] = i * j
        return made


    def carried(xs: list[int]) -> int:
        last = 0
        for x in xs:
            if x > 0:
                seen = x
            elif last:
                last += seen
            last += 1
        return last


    def last_of(rows: list[list[int]], k: int) -> list[int]:
        for row in rows:
            for x in row:
                k += x
        for k in range(len(rows)):
            if k > 2:
                break
        out = [k]
        if rows and rows[-1]:
            out.append(x)
        return out


    def missing(words: list[str], word: str) -> list[int]:
        sizes: defaultdict[str, int] = defaultdict(int)
        for w in words:
            sizes[w] += len(w)
        counts: defaultdict[str, int] = defaultdict(int)
        for w in words:
            counts[w] += 1
        total = sizes[word]
        if counts[word + "!"] > 0:
            total += 1
        return [total, len(sizes), len(counts), *[sizes[w] for w in sizes], *counts.values()]


    def later(xs: list[int]) -> int:
        for x in xs:
            half = x // 2
        if xs:
            return half + x
        for x in range(3):
            half = x
        return half


    def distinct(words: list[str], numbers: list[int], text: str) -> list[str]:
        seen: set[str] = set()
        kept: list[str] = []
        for w in words:
            if w not in seen:
                seen.add(w)
                kept.append(w)
        small: list[int] = []
        for n in numbers:
            if n in small:
                continue
            small.append(n)
        letters: list[str] = []
        known: set[str] = set()
        for c in text:
            if c in known:
                continue
            letters.append(c)
            known.add(c)
        return kept + [str(n) for n in small] + letters


    def not_distinct(words: list[str], more: list[str]) -> list[str]:
        seen: set[str] = set(more)
        kept: list[str] = []
        for w in words:
            if w not in seen:
                seen.add(w)
                kept.append(w)
        again: set[str] = set()
        twice: list[str] = []
        for w in words:
            if w not in again:
                again.add(w)
                twice.append(w)
        return kept + twice + sorted(again)


    def tallied(words: list[str], text: str) -> list[int]:
        counts: dict[str, int] = {}
        for w in words:
            counts[w] = counts.get(w, 0) + 1
        lengths: dict[int, int] = {}
        for w in words:
            if len(w) in lengths:
                lengths[len(w)] += 1
            else:
                lengths[len(w)] = 1
        letters: defaultdict[str, int] = defaultdict(int)
        for c in text:
            letters[c] += 1
        missing = letters.get("✓", 7)
        return [*counts.values(), -1, *lengths.values(), -1, *letters.values(), missing, len(letters)]


    def not_tallied(words: list[str]) -> dict[str, int]:
        counts: dict[str, int] = {"a": 5}
        for w in words:
            counts[w] = counts.get(w, 0) + 1
        twos: dict[str, int] = {}
        for w in words:
            twos[w] = twos.get(w, 1) + 1
        for w, n in twos.items():
            counts[w + "!"] = n
        return counts


    def grouped(words: list[str], numbers: list[int]) -> dict[int, list[str]]:
        groups: dict[int, list[str]] = {}
        for w in words:
            size = len(w)
            if size not in groups:
                groups[size] = []
            groups[size].append(w)
        odd: dict[bool, list[int]] = {}
        for n in numbers:
            odd.setdefault(n % 2 == 1, []).append(n)
        groups[-1] = [str(n) for n in odd.get(True, [])]
        return groups


    def listed(rows: list[list[int]], words: list[str], n: int) -> list[int]:
        out: list[int] = []
        for row in rows:
            for x in row:
                if x > n:
                    out.append(x - n)
        for i in range(len(words)):
            if not words[i]:
                continue
            out.append(len(words[i]))
        squares: list[int] = []
        for i in range(5):
            squares.append(i * i)
        total: list[int] = [0]
        for x in squares:
            total.append(total[-1] + x)
        flags: list[bool] = []
        for w in words:
            if w != "":
                flags.append(w[0] == "a")
        return out + squares + total + [i for i, flag in enumerate(flags) if not flag]


    def partly(words: list[str]) -> list[int]:
        out: list[int] = []
        try:
            for w in words:
                out.append(int(w))
        except ValueError:
            return out
        return out + [-1]


    def spelled(text: str) -> str:
        out = ""
        for c in text:
            if c == "a":
                out += "#{x}"
            elif c in "b&&c^-]":
                out += "<0>"
            else:
                out += c
        left = ""
        for c in text:
            if not c.isalpha():
                left += c
        marks = ""
        for c in text:
            if c == "a":
                marks += "<"
            elif c == "b":
                marks += ">"
        return out + "|" + left + "|" + marks


    def grown(words: list[str], text: str) -> list[str]:
        line = ""
        lines: list[str] = []
        for w in words:
            lines.append(line)
            line += w + "-"
            if len(line) > 4:
                lines.append(line)
                line = ""
            elif w == "":
                line = line + "." + w
        copy = line
        for c in text:
            line += c.upper()
            line += line[:1]
        for c in text:
            line += line + c if len(line) < 20 else ""
        return [*lines, line, copy, f"{line}"]


    def mirrored(text: str) -> bool:
        letters = [c for c in text.lower() if c.isalnum() and c != "x"]
        plain = [c for c in text if c != "-"]
        return letters == letters[::-1] or plain == plain[::-1] or len(plain) > 9


    def letters(text: str) -> str:
        out = ""
        for c in text:
            if "a" <= c <= "f" or c == "^" or c in "]-":
                out += c.upper()
            if c < "0" or c > "9":
                out += "."
            else:
                out += str(int(c) + 1)
            if c.isalpha() or not c.isspace():
                out += "x"
        if text and (text[0].isdigit() or text[0] == "_"):
            out += "!"
        return out.replace("-", "^").replace("^", "").replace(".", "--") + str(text.count("^") + text.count("-"))


    def codes(text: str) -> int:
        low = 1
        for c in text:
            low = (low * 31 + ord(c)) % 65521
        return low


    def chunks(items: list[int], size: int, times: int) -> list[list[int]]:
        parts = [items[i : i + size] for i in range(0, len(items), size)]
        for k in range(1, 4):
            parts.append([items[i] for i in range(0, len(items), k)])
        return parts + [items[i : i + times] for i in range(1, len(items), times % 3 + 1)]


    def deviation(xs: list[float]) -> float:
        return sum((x - 0.1) * (x + 0.3) for x in xs) + sum(x for x in xs) + sum([x * 3.0 for x in xs if x > 1.0], 0.5)


    def table(text: str, other: str, n: int) -> list[int]:
        rows = [[0] * (len(other) + 1) for _ in range(len(text) + 1)]
        for i in range(len(text)):
            for j in range(len(other)):
                rows[i + 1][j + 1] = rows[i][j] + 1 if text[i] == other[j] else max(rows[i][j + 1], rows[i + 1][j])
        rows[-1] = [n]
        last = 0
        if len(other) > 0:
            try:
                last = rows[len(text)][1]
            except IndexError:
                last = -1
        return rows[-1] + rows[0] + [last]


    def unless_empty(texts: list[str]) -> list[str]:
        out: list[str] = []
        for text in texts:
            if not text:
                continue
            if text:
                out.append(text if text else "none")
            out.append("x" if not text.strip() else text.strip())
        while out and len(out) > 3:
            out.pop()
        return out
    """
)


def ported(source: str) -> tuple[PortCandidate, str]:
    candidate = port(PortRequest("idioms.py", source, LanguageId.PYTHON, LanguageId.RUBY))
    return candidate, next(f.text for f in candidate.files if f.role == "source")


def test_what_ruby_says_with_methods_of_its_own_stays_the_same(ports_whole: Callable[..., None]) -> None:
    ports_whole("idioms.py", SOURCE, LanguageId.RUBY, differential=60, cases=600)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return sorted(set(left) & set(right))", "(left & right).sort"),
        (
            "return [x for x in range(left[0], right[0], left[1])]",
            "stepped(left.fetch(0), right.fetch(0), left.fetch(1))",
        ),
        ("return [a for a, b in zip(left, right)]", "left.first(right.length).zip(right).map { |a, b| a }"),
    ],
)
def test_the_method_is_what_a_person_would_write(body: str, says: str) -> None:
    candidate, text = ported(f"def f(left: list[int], right: list[int]) -> list[int]:\n    {body}\n")
    assert not candidate.holes
    assert says in text


TEXTS = textwrap.dedent(
    """
    def number(text: str) -> int:
        return int(text)


    def shown(text: str, table: dict[str, int], places: dict[int, int], items: list[int]) -> str:
        try:
            first = number(text)
        except ValueError as e:
            return str(e)
        try:
            return str(first + table[text] + places[len(text)] + items[len(text)] + int(text, 16))
        except ValueError as e:
            return f"bad: {e}"
        except KeyError as e:
            return "missing " + str(e)
        except IndexError as e:
            return str(e)


    def taken(text: str, table: dict[str, int], items: list[int]) -> str:
        copy = dict(table)
        try:
            copy.pop(text)
            del copy[text + "'"]
        except KeyError as e:
            return str(e)
        try:
            return str(float(text)) + str(max(items)) + str(items.pop())
        except Exception as e:
            return f"{e}"
    """
)


def test_the_texts_of_errors_that_are_shown_are_those_of_python(ports_whole: Callable[..., None]) -> None:
    ports_whole("texts.py", TEXTS, LanguageId.RUBY, differential=60, cases=100)
    assert "fetch(k)" in ported("def f(d: dict[str, int], k: str) -> int:\n    return d[k]\n")[1]
