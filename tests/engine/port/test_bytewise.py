"""Loops that run over bytes must give the same as loops over characters, and others must stay as they are."""

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
    def checked(number: str) -> int:
        total = 0
        for ch in reversed(number):
            if ch == " ":
                continue
            if ch < "0" or ch > "9":
                return -1 - total
            total = total * 10 + int(ch)
        return total

    def counted(text: str) -> int:
        count = 0
        for ch in reversed(text):
            if ch != " ":
                count += 1
        return count

    def slug(title: str) -> str:
        parts: list[str] = []
        dashed = True
        for ch in title.lower():
            if "a" <= ch <= "z":
                parts.append(ch)
                dashed = False
            elif not dashed:
                parts.append("-")
                dashed = True
        return "".join(parts)

    def dashes(title: str) -> str:
        out = ""
        for ch in title:
            if ch in "ab":
                out += ch
            else:
                out += "-"
        return out

    def shifted(text: str, by: int) -> str:
        out: list[str] = []
        for ch in text:
            if "a" <= ch <= "z":
                out.append(chr((ord(ch) - ord("a") + by) % 26 + ord("a")))
            else:
                out.append(ch)
        return "".join(out)

    def twice(text: str) -> str:
        out = ""
        for ch in text:
            if ch == ",":
                out += ";"
            else:
                out += ch
                out += ch
        return out

    def first_other(text: str) -> str:
        out = ""
        for ch in text:
            if ch <= "~":
                out += ch
            else:
                return out + ch
        return out

    def until(text: str) -> str:
        out = ""
        for ch in text:
            if ch > "~":
                break
            out += ch
        return out + "!"

    def cells(line: str) -> list[str]:
        found: list[str] = []
        cell: list[str] = []
        quoted = False
        i = 0
        while i < len(line):
            ch = line[i]
            if quoted:
                if ch == "'":
                    if i + 1 < len(line) and line[i + 1] == "'":
                        cell.append("'")
                        i += 1
                    else:
                        quoted = False
                else:
                    cell.append(ch)
            elif ch == "'":
                quoted = True
            elif ch == ",":
                found.append("".join(cell))
                cell = []
            else:
                cell.append(ch)
            i += 1
        found.append("".join(cell))
        return found

    def sized(line: str) -> list[int]:
        sizes: list[int] = []
        cell = ""
        size = 0
        i = 0
        while i < len(line):
            ch = line[i]
            if ch == ",":
                sizes.append(size + len(cell))
                size = 0
                cell = ""
            else:
                size += 1
                cell += ch
            i += 1
        return sizes

    def started(text: str) -> str:
        out = ""
        inside = False
        for ch in text:
            if ch == "a":
                inside = not inside
            elif inside:
                out += ch
            elif ch != "b":
                inside = True
                out += ch
        return out

    def tagged(text: str) -> str:
        out = ""
        fresh = True
        for ch in text:
            if ch == " ":
                out += ch
                fresh = True
            else:
                if fresh:
                    out += "<"
                    fresh = False
                out += ch
        return out

    def broken_off(text: str) -> str:
        out = ""
        for ch in text:
            if ch != "a":
                out += ch
            if ch > "x":
                break
        return out

    def broken_off_before(text: str) -> str:
        out = ""
        for ch in text:
            if ch > "x":
                break
            if ch != "a":
                out += ch
        return out

    def beginnings(text: str) -> str:
        seen: list[str] = []
        field = ""
        fresh = True
        for ch in text:
            field += ch
            if fresh:
                seen.append(field)
                fresh = False
            if ch == ",":
                fresh = True
                field = ""
        return "|".join(seen) + field
    """
)

TEXTS = ["", "é", "12 3", "1é2", "a é 😀b", "aébaéa", "zé,'é''😀',x,é", "'é", ",é,😀,", "Ab-Éc É d"]


def given() -> tuple[Plan, ...]:
    """Calls of every function with texts of characters of every size."""
    names = [
        "checked",
        "counted",
        "slug",
        "dashes",
        "twice",
        "first_other",
        "until",
        "cells",
        "sized",
        "started",
        "broken_off",
        "broken_off_before",
        "beginnings",
    ]
    plans = [Plan(name, (t,)) for name in [*names, "tagged"] for t in TEXTS]
    return (*plans, *(Plan("shifted", (t, n)) for t in TEXTS for n in (3, -30)))


@cache
def ported() -> PortCandidate:
    """The port of the source to Go."""
    return port(PortRequest("bytewise.py", SOURCE, LanguageId.PYTHON, LanguageId.GO))


@pytest.mark.slow
def test_bytes_give_the_same_as_characters() -> None:
    assert not ported().holes, ported().holes
    report = verify(ported(), VerifyOptions(plans=given(), use_cache=False))
    assert report.verdict is not Verdict.FAILED, [r.detail for r in report.results]
    assert sum(r.cases for r in report.results if r.step == "cases") > 80


SAID = {
    "backwards": ("checked", "ch := number[i]"),
    "what is counted": ("counted", "[]rune("),
    "what happens once": ("slug", "range []byte(strings.ToLower(title)) {"),
    "what is added for each character": ("dashes", "for _, ch := range title {"),
    "a character as it is": ("shifted", "out.WriteByte(ch)"),
    "a character that is computed": ("shifted", "out.WriteByte(byte("),
    "two of each": ("twice", "for _, ch := range text {"),
    "a character that is given back": ("first_other", "for _, ch := range text {"),
    "an end": ("until", "for _, ch := range []byte(text) {"),
    "a position": ("cells", "ch := line[i]"),
    "a size": ("sized", "runeWidth("),
    "an end after a character was added": ("broken_off", "for _, ch := range text {"),
    "an end before one is": ("broken_off_before", "for _, ch := range []byte(text) {"),
    "a text that is read behind the character": ("beginnings", "for _, ch := range text {"),
    "a state that is asked and set": ("started", "for _, ch := range text {"),
}


@pytest.mark.parametrize(("name", "line"), SAID.values(), ids=SAID.keys())
def test_it_is_said_like_this(name: str, line: str) -> None:
    text = next(f.text for f in ported().files if f.role == "source")
    start = text.index(f"func {name.title().replace('_', '')}(")
    assert line in text[start : text.index("\n}\n", start)]
