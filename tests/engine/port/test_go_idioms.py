"""What ports to Go say as an engineer would must stay the same: tests in turn, numbers read once, room made before."""

from __future__ import annotations

import textwrap
from functools import cache

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_engine.verify.cases import Plan
from foundation_specs.model import LanguageId

SOURCE = textwrap.dedent(
    """
    def octets(address: str) -> int:
        value = 0
        for part in address.split("."):
            if not part.isdigit() or int(part) > 255:
                raise ValueError(f"not a byte: {part}")
            value = value * 256 + int(part)
        return value

    def clamped(text: str, most: int) -> int:
        if most > 3 and int(text) > most:
            return most
        return int(text)

    def again(text: str) -> int:
        if int(text) > 5:
            text = text[1:]
        return int(text)

    def closed(text: str) -> bool:
        pairs = {")": "(", "]": "["}
        stack: list[str] = []
        for ch in text:
            if ch in "([":
                stack.append(ch)
            elif ch in pairs and (not stack or stack.pop() != pairs[ch]):
                return False
        return not stack

    def valued(text: str) -> int:
        values = {"a": 1, "é": -2, "😀": 3}
        total = 0
        for ch in text:
            if ch not in values:
                continue
            total = total * 10 + values[ch]
        return total

    def worth(text: str) -> int:
        values = {"a": 1, "é": -2}
        return sum(values[ch] for ch in text)

    def distance(a: str, b: str) -> int:
        previous = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            current = [i]
            for j, y in enumerate(b, 1):
                cost = 0 if x == y else 1
                current.append(min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost))
            previous = current
        return previous[-1]

    def triangle(rows: int) -> list[list[int]]:
        all_rows: list[list[int]] = []
        previous = [1]
        for _ in range(rows):
            current = [1]
            for k in range(len(previous) - 1):
                current.append(previous[k] + previous[k + 1])
            current.append(1)
            all_rows.append(current)
            previous = current
        return all_rows

    def product(a: list[list[int]], b: list[list[int]], size: int) -> list[list[int]]:
        out = [[0] * size for _ in range(size)]
        for i in range(min(size, len(a))):
            for k in range(min(len(b), len(a[i]))):
                for j in range(min(size, len(b[k]))):
                    out[i][j] += a[i][k] * b[k][j]
        return out

    def above(grid: list[list[int]], i: int) -> int:
        total = 0
        for j in range(i + 1, len(grid)):
            total += grid[i][0] * j
        return total

    def tokens(text: str) -> list[str]:
        found: list[str] = []
        current = ""
        for ch in text:
            if ch.isalnum() or ch == "_":
                current += ch
                continue
            if current:
                found.append(current)
                current = ""
            if not ch.isspace():
                found.append(ch)
        if current:
            found.append(current)
        return found

    def words(text: str) -> str:
        out = ""
        word = ""
        for ch in text:
            if ch.isalpha():
                word += ch
            elif word != "":
                out += f"<{word}>"
                word = ""
            else:
                out += "."
        return out if word == "" else out + word

    def apart(text: str) -> list[str]:
        found: list[str] = []
        word = ""
        for ch in text:
            if ch == "-":
                continue
            if ch == " ":
                found.append(word)
                word = ""
            else:
                word += ch
        found.append(word)
        return found

    def skipped(text: str) -> list[str]:
        found: list[str] = []
        word = ""
        for ch in text:
            if ch.isalpha():
                word += ch
            elif ch != "-" and word:
                found.append(word)
                word = ""
        if word:
            found.append(word)
        return found

    def indexed(documents: list[str]) -> dict[str, list[int]]:
        index: dict[str, list[int]] = {}
        for position, document in enumerate(documents):
            for word in document.split(" "):
                places = index.setdefault(word, [])
                if not places or places[-1] != position:
                    places.append(position)
        return index

    def short(words: list[str]) -> dict[int, list[str]]:
        groups: dict[int, list[str]] = {}
        for word in words:
            size = len(word)
            group = groups.setdefault(size, [])
            if len(group) < 2 and word != "é":
                group.append(word)
        return groups

    def filled(groups: dict[str, list[int]], key: str) -> int:
        group = groups.setdefault(key, [])
        if len(group) < 2:
            group.append(1)
        return len(group) + len(groups)

    def both(xs: list[int], ys: list[int]) -> list[int]:
        return sorted(set(xs) & set(ys))

    def words_of_both(xs: list[str], ys: list[str]) -> list[str]:
        return sorted(set(xs) & set(ys), reverse=True)

    def chunks(xs: list[int], size: int) -> list[list[int]]:
        return [xs[i : i + size] for i in range(0, len(xs), size)]

    def numbers(text: str) -> list[int]:
        return [int(part) for part in text.split(",")]

    def letters(text: str) -> list[str]:
        return [ch for ch in text.lower() if ch != "é"]

    def each_once(words: list[str]) -> list[str]:
        seen: set[str] = set()
        kept: list[str] = []
        for word in words:
            if word not in seen:
                seen.add(word)
                kept.append(word)
        return kept

    def by_first(words: list[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for word in words:
            key = word[:1]
            if key in found:
                found[key] = found[key] + "," + word
            else:
                found[key] = word
        return found

    def how_often(words: list[str]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for word in words:
            if word in counts:
                counts[word] = counts[word] + 1
            else:
                counts[word] = 1
        return counts

    def until_again(words: list[str]) -> int:
        seen: set[str] = set()
        for word in words:
            if word in seen:
                break
            seen.add(word)
        return len(seen)

    def marks(text: str) -> list[str]:
        return [ch for ch in text if not (ch.isalnum() or ch == "_")]

    def camel(name: str) -> str:
        words = name.split("_")
        return words[0] + "".join(word.capitalize() for word in words[1:])

    def line(cells: list[str], width: int) -> str:
        return "  ".join(cell.ljust(width + i) for i, cell in enumerate(cells)).rstrip()

    def numbered(cells: list[str]) -> str:
        return "<" + ", ".join(f"{i}:{cell}" for i, cell in enumerate(cells)) + ">"

    def parts(cells: list[str]) -> str:
        return ", ".join(cell for i, cell in enumerate(cells) if i != 1)

    def halves(n: int) -> list[int]:
        return [(n - 1) // 2, n // -2, n // 8 - n, n // 1, n // 3]
    """
)


def given() -> tuple[Plan, ...]:
    """Calls of every function with values at the edges."""
    lists = [[], [1], [3, 1, 2, 3], [2, 2], [3, 2, 5, 1]]
    words = [["é", "b"], ["b", "b", "a", "é"], []]
    plans = [Plan("octets", (t,)) for t in ("1.2", "", "256", "255.0.x", "1. 2", "-1", "07")]
    plans += [Plan("clamped", (t, n)) for t in ("1", " 9 ", "x", "-4") for n in (0, 4)]
    plans += [Plan("again", (t,)) for t in ("1", "61", "6", "x")]
    plans += [Plan("closed", (t,)) for t in ("", "()", "([)]", "(é[])", ")", "(", "]é")]
    plans += [Plan("both", ({"list": a}, {"list": b})) for a in lists for b in lists]
    plans += [Plan("words_of_both", ({"list": a}, {"list": b})) for a in words for b in words]
    plans += [Plan("chunks", ({"list": a}, n)) for a in lists for n in (1, 2, 3, 7, 0, -1)]
    plans += [Plan("numbers", (t,)) for t in ("1", "1,2, 3", "", "1,")]
    plans += [Plan(f, (t,)) for f in ("valued", "worth") for t in ("", "aé", "b", "😀aé", "aa")]
    plans += [Plan("distance", (a, b)) for a in ("", "é", "kitten") for b in ("", "sitting", "éa")]
    plans += [Plan("triangle", (n,)) for n in (0, 1, 5)]
    grids = [
        {"list": [{"list": row} for row in grid]} for grid in ([], [[1]], [[1, 2], [3, 4]], [[2], [5, 1, 7]])
    ]
    plans += [Plan("product", (a, b, n)) for a in grids for b in grids for n in (0, 1, 2)]
    plans += [Plan("above", (g, n)) for g in grids for n in (0, 1, 5)]
    texts = ["", "é", "a_1 é+é", " ab", "ab ", "-a-b c", "😀a😀", "a  b", "é😀"]
    plans += [Plan(f, (t,)) for f in ("tokens", "words", "apart", "skipped") for t in texts]
    documents = [[], ["a b a", "b", ""], ["é é", "é"], ["x"]]
    plans += [Plan(f, ({"list": d},)) for f in ("indexed", "short") for d in documents]
    plans += [
        Plan("filled", ({"dict": [["a", {"list": [1, 2][:n]}]]}, k)) for n in (0, 2) for k in ("a", "b")
    ]
    plans += [Plan("marks", (t,)) for t in (*texts, "²x½_Ⅷ٣")]
    plans += [Plan("halves", (n,)) for n in (0, 1, -1, 2, -7, -8, -9, 2**62, -(2**62))]
    cells = [[], [""], ["", "a"], ["é", "", "bcd"]]
    plans += [Plan("camel", (t,)) for t in ("", "a", "_", "ab_cd", "É_éÉ__x", "ǆ_ǆa")]
    plans += [Plan("line", ({"list": c}, n)) for c in cells for n in (-1, 0, 2, 5)]
    plans += [Plan(f, ({"list": c},)) for f in ("numbered", "parts") for c in cells]
    repeated = [*words, ["ab", "a", "ab", "éb", "", "", "éa"]]
    for name in ("each_once", "by_first", "how_often", "until_again"):
        plans += [Plan(name, ({"list": w},)) for w in repeated]
    return (*plans, *(Plan("letters", (t,)) for t in ("", "É", "aÉB", "éé")))


@cache
def ported() -> PortCandidate:
    """The port of the source."""
    return port(PortRequest("idioms.py", SOURCE, LanguageId.PYTHON, LanguageId.GO))


@pytest.mark.slow
def test_the_answers_stay_the_same() -> None:
    assert not ported().holes, ported().holes
    report = verify(ported(), VerifyOptions(plans=given(), use_cache=False))
    assert report.verdict is not Verdict.FAILED, [r.detail for r in report.results]
    assert sum(r.cases for r in report.results if r.step == "cases") > 60


SAID = {
    "tests one after the other": ("octets", "\tif number > 255 {\n"),
    "a number that is read once": ("octets", "value = value*256 + number\n"),
    "a test in a test": ("clamped", "if most > 3 {\n\t\tnumber, err :="),
    "a text that changes": ("again", "return strconv.Atoi(strings.TrimSpace(text))"),
    "what is taken out in a test": ("closed", "if len(stack) == 0 {\n\t\t\t\treturn false"),
    "a switch over letters": ("closed", "case ')':\n\t\t\treturn '('"),
    "letters that are compared": ("closed", "if last != pairs(ch) {"),
    "a switch to numbers": ("valued", "return -2"),
    "a map of what may be missing": ("worth", "map[string]int{"),
    "rows that take turns": ("distance", "spare, previous = previous, current"),
    "rows that are kept": ("triangle", "current := []int{1}"),
    "rows that are found once": ("product", "aRow := a[i]\n"),
    "a row that may be missing": ("above", "total += grid[i][0] * j"),
    "characters side by side": ("tokens", "found = append(found, text[start:i])"),
    "characters up to the end": ("tokens", "found = append(found, text[start:])"),
    "a part in a text": ("words", "start = -1"),
    "characters apart": ("apart", "word.WriteByte(ch)"),
    "what is left out between": ("skipped", "word.WriteRune(ch)"),
    "a list that is looked up once": ("indexed", "places, ok := index[word]"),
    "a list that is put back": ("indexed", "index[word] = places"),
    "a map that somebody gave": ("filled", "groups[key] = append(groups[key], 1)"),
    "one set for two lists": ("both", "return sortedCommon(xs, ys)"),
    "room for parts": ("chunks", "make([][]int, 0, max(0, len(xs)/size)+1)"),
    "room for what is split": ("numbers", 'make([]int, 0, strings.Count(text, ",")+1)'),
    "room for letters": ("letters", "0, len(text))"),
    "room for what is new to a set": ("each_once", "make(map[string]struct{}, len(words))"),
    "room for what is new to a map": ("by_first", "make(map[string]string, len(words))"),
    "a map that counts": ("how_often", "make(map[string]int)"),
    "a loop that may end early": ("until_again", "make(map[string]struct{})"),
    "letters and numbers": ("marks", "!unicode.IsLetter(ch) && !unicode.IsNumber(ch) && ch != '_'"),
    "texts behind another": ("camel", "joined.WriteString(words[0])"),
    "texts in pieces": ("line", "joined.WriteString(padding("),
    "what is between texts": ("numbered", 'joined.WriteString(", ")'),
    "texts as they are": ("parts", "strings.Join("),
    "halves rounded down": ("halves", "(n - 1) >> 1, floorDiv(n, -2), n>>3 - n, n, floorDiv(n, 3)"),
}


@pytest.mark.parametrize(("name", "line"), SAID.values(), ids=SAID.keys())
def test_it_is_said_like_this(name: str, line: str) -> None:
    text = next(f.text for f in ported().files if f.role == "source")
    start = text.index(f"func {name.title().replace('_', '')}(")
    assert line in text[start : text.index("\n}\n", start)]
