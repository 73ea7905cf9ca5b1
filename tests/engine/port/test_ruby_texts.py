"""Searches, scans and spellings of texts give what Python gives: beyond the end, below zero, outside of ASCII."""

from __future__ import annotations

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


def ported(source: str) -> str:
    candidate = port(PortRequest("texts.py", source, LanguageId.PYTHON, LanguageId.RUBY))
    assert not candidate.holes
    return next(f.text for f in candidate.files if f.role == "source")


def test_what_is_said_of_a_text_as_a_whole_stays_the_same(ports_whole: Callable[..., None]) -> None:
    ports_whole("texts.py", SOURCE, LanguageId.RUBY, differential=80, cases=100)


@pytest.mark.parametrize(
    "says",
    [
        "return text[0...i] + '|' + text[i..] unless j",
        "at = text.index('ab', position)",
        "break unless at",
        "text.partition(',').first + text.rpartition('ab').last",
        "out << template[position...start]",
        "last /= 7 while last > 100",
    ],
)
def test_a_text_is_searched_as_a_person_would(says: str) -> None:
    assert says in ported(SOURCE)
