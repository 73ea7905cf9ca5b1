"""Positions that count bytes must give the same for every text: letters of every size, nothing found, empty texts."""

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
    def rendered(template: str, word: str) -> str:
        out: list[str] = []
        position = 0
        while True:
            start = template.find("{", position)
            if start < 0:
                break
            end = template.find("}", start)
            if end < 0:
                break
            out.append(template[position:start])
            out.append(word + template[start + 1 : end] + template[start : end + 1])
            position = end + 1
        out.append(template[position:])
        return "|".join(out)

    def doubled(text: str) -> list[str]:
        found: list[str] = []
        i = 0
        while i < len(text):
            start = text.find("{{", i)
            if start == -1:
                found.append(text[i:])
                return found
            end = text.find("}}", start)
            if end == -1:
                end = len(text)
            found.append(text[i:start])
            found.append(text[start + 2 : end])
            i = end + 2 if end < len(text) else len(text)
        return found

    def between(text: str, left: str, right: str) -> str:
        start = text.find(left)
        if start == -1:
            return "none"
        start += len(left)
        end = text.find(right, start)
        if end == -1:
            return text[start:]
        return text[start:end]

    def around(text: str) -> list[str]:
        at = text.find("é")
        other = text.find("é", at + 1)
        if at < 0:
            return [text[: at + 1], text[at + 1 :]]
        if other < 0:
            return [text[:at], text[at : at + 1], text[at + 1 :]]
        return [text[:at], text[at + 1 : other], text[at:other], text[other:]]

    def pairs(text: str) -> list[str]:
        at = text.find("é")
        if at < 0:
            return [text]
        other = text.find("é", at + 1)
        if other < 0:
            return [text[:at], text[at : at + 1], text[at + 1 :]]
        return [text[:at], text[at + 1 : other], text[at:other], text[other:]]

    def comments(text: str) -> list[str]:
        found: list[str] = []
        i = 0
        n = len(text)
        while i < n:
            if text[i : i + 2] == "//":
                end = text.find(";", i)
                if end == -1:
                    end = n
                found.append(text[i + 2 : end])
                i = end
            elif text[i : i + 2] == "/*":
                end = text.find("*/", i + 2)
                if end == -1:
                    found.append(text[i:])
                    return found
                found.append(text[i + 2 : end])
                i = end + 2
            else:
                i += 1
        return found

    def unsure(text: str) -> list[str]:
        comma = text.find(",")
        return [text[comma + 1 :], text[: comma + 1]]

    def unsure_between(text: str) -> str:
        low = text.find(",")
        high = text.rfind("é")
        if low < 0:
            low = 0
        return text[low : high + 1]

    def last_part(path: str) -> list[str]:
        slash = path.rfind("/")
        if slash == -1:
            return ["", path]
        dot = path.rfind(".")
        if dot < slash:
            return [path[:slash], path[slash + 1 :]]
        return [path[: slash + 1], path[slash + 1 : dot], path[dot:]]

    def calls(text: str) -> list[str]:
        names: list[str] = []
        i, n = 0, len(text)
        while i < n:
            ch = text[i]
            if ch == "(":
                depth = 1
                i += 1
                start = i
                while i < n and depth > 0:
                    if text[i] == "(":
                        depth += 1
                    elif text[i] == ")":
                        depth -= 1
                    i += 1
                names.append(text[start:i])
            elif ch.isalpha():
                start = i
                while i < n and (text[i].isalnum() or text[i] == "_"):
                    i += 1
                names.append(text[start:i])
            elif text[i : i + 2] == "->" or text[i : i + 2] == "é=":
                names.append(text[i : i + 2])
                i += 1
                i += 1
            elif ch == "," and i + 1 < n and text[i + 1] == ",":
                names.append("double")
                i += 2
            else:
                i += 1
        return names

    def escaped(text: str) -> str:
        out = ""
        i = 0
        while i < len(text):
            if text[i] == "!" and i + 1 < len(text):
                out += "<" + text[i + 1] + ">"
                i += 1
            else:
                out += text[i]
            i += 1
        return out

    def behind(text: str) -> list[str]:
        i = 0
        while i < len(text) and text[i] != ";":
            i += 1
        i += 1
        return [text[:i], text[i:], text[i : i + 1]]

    def each(lines: list[str]) -> list[str]:
        keys: list[str] = []
        for line in lines:
            end = line.find("=")
            if end < 0:
                continue
            start = 0
            while start < end and line[start] == " ":
                start += 1
            keys.append(line[start:end] + line[end + 1 :])
        return keys

    def stepping(text: str, mark: str) -> int:
        count = 0
        i = text.find(mark)
        while i >= 0:
            count += 1
            i = text.find(mark, i + 1)
        return count

    def rest(text: str) -> str:
        at = 0
        while at < len(text):
            if text[at] == ",":
                text = text[at + 1 :]
                at = 0
            at += 1
        return text

    def told(text: str) -> int:
        at = text.find("é")
        if at >= 0 and text[at:] != "":
            return at
        return -2

    def chosen(text: str, whole: bool) -> str:
        cut = text.find(";")
        end = len(text) if whole or cut < 0 else cut
        start = 0
        for _ in range(2):
            if start < end and text[start] >= "x":
                start += 1
        return text[start:end]
    """
)

TEXTS = [
    "",
    "é",
    "{é}😀{a}b{",
    "}é{x}{}",
    "{{é}}a{{😀}}{{",
    "é{{}}}é,é",
    "a/é.b/c.😀",
    "😀/é.é",
    ".",
    "f(é(😀),x)->é=é=_a1 ,,😀,",
    "é1(é",
    "!é!!!",
    "é!",
    ";",
    "é;😀;é",
    "zé;yx;z",
    "é,a,,é",
    " é = é",
    "  =",
    "xxaéaaé",
    "//",
    "/*/é*/ //é;//*",
    "é///*é😀*//*",
]


def given() -> tuple[Plan, ...]:
    """Calls of every function with texts at the edges."""
    one = ["around", "pairs", "comments", "unsure", "unsure_between", "last_part", "calls"]
    one += ["escaped", "behind", "rest", "told", "doubled"]
    plans = [Plan(name, (t,)) for name in one for t in TEXTS]
    plans += [Plan("rendered", (t, "é")) for t in TEXTS]
    plans += [
        Plan("between", (t, a, b)) for t in TEXTS for a, b in (("é", "é"), ("{", "}"), ("", "😀"), ("a", ""))
    ]
    plans += [Plan("stepping", (t, m)) for t in TEXTS for m in ("é", "{", "aa", "é{", "")]
    plans += [Plan("each", ({"list": TEXTS},)), Plan("each", ({"list": [" a=é", "=", "é"]},))]
    plans += [Plan("chosen", (t, w)) for t in TEXTS for w in (True, False)]
    return tuple(plans)


@cache
def ported(target: LanguageId) -> PortCandidate:
    """The port of the source."""
    return port(PortRequest("scan.py", SOURCE, LanguageId.PYTHON, target))


@pytest.mark.slow
@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUST])
def test_bytes_give_the_same_as_characters(target: LanguageId) -> None:
    candidate = ported(target)
    assert not candidate.holes, candidate.holes
    report = verify(candidate, VerifyOptions(plans=given(), use_cache=False))
    assert report.verdict is not Verdict.FAILED, [r.detail for r in report.results]
    assert sum(r.cases for r in report.results if r.step == "cases") > 150


SAID = {
    "a search goes on at a byte": ("rendered", 'start := indexFrom(template, "{", position)'),
    "known bounds are not tested": ("rendered", "template[position:start]"),
    "a found letter is one byte": ("rendered", "template[start+1:end]"),
    "a found text may be several": ("pairs", "text[at+2:other]"),
    "a step behind what was found": ("between", "start += len(left)"),
    "nothing found is the beginning": ("unsure", "text[comma+1:]"),
    "bounds in an unknown order": ("doubled", "max("),
    "a letter that was looked at": ("calls", "text[i+1] == ','"),
    "a part that is compared": ("comments", 'strings.HasPrefix(text[i:], "/*")'),
    "other letters in order": ("last_part", "path[slash+1:dot]"),
    "letters that were looked at": ("comments", "text[i+2:end]"),
    "a position that may be before the text": ("around", "[]rune(text)"),
    "a letter of any size": ("calls", "ahead(text, i, 2)"),
    "a letter or the end": ("behind", "\n\ti++\n"),
    "a text of each turn": ("each", "line[start:end]"),
    "a position that is given back": ("told", "runeIndex("),
}


@pytest.mark.parametrize(("name", "line"), SAID.values(), ids=SAID.keys())
def test_it_is_said_like_this_in_go(name: str, line: str) -> None:
    text = next(f.text for f in ported(LanguageId.GO).files if f.role == "source")
    start = text.index(f"func {name.title().replace('_', '')}(")
    assert line in text[start : text.index("\n}\n", start)].replace(" : ", ":")


SAID_IN_RUST = {
    "as long as something is found": (
        "rendered",
        "while let Some(start) = template[position..].find('{').map(|at| position + at) {",
    ),
    "what is found, or leave": (
        "rendered",
        "let Some(end) = template[start..].find('}').map(|at| start + at) else {",
    ),
    "known bounds are not tested": ("rendered", "&template[start + 1..end]"),
    "a position counts up": ("behind", "while i < text.len() && text.as_bytes()[i] != b';' {"),
    "bounds in an unknown order": ("doubled", "cut_between(text, start + 2, end as usize)"),
    "a letter of any size": ("calls", "ahead(text, i, 2)"),
    "a position that is given back": ("told", "find(text,"),
}


@pytest.mark.parametrize(("name", "line"), SAID_IN_RUST.values(), ids=SAID_IN_RUST.keys())
def test_it_is_said_like_this_in_rust(name: str, line: str) -> None:
    text = next(f.text for f in ported(LanguageId.RUST).files if f.role == "source")
    start = text.index(f"pub fn {name}(")
    assert line in text[start : text.index("\n}\n", start)]
