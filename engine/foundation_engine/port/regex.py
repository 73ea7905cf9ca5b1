"""Regular expressions: what a pattern in Python's syntax means, and the same pattern in another language's dialect.

The representation keeps a pattern as text in Python's syntax with letters for its flags (`i`, `m`, `s`, `x`, `a`),
because that syntax can say everything that the four dialects agree on. Python's own parser reads it, which runs
nothing. `written` spells it for Go's `regexp` (RE2), Rust's `regex` crate and Ruby's Onigmo; what a dialect cannot say
with exactly this meaning is `Unsupported`.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from foundation_specs.model import LanguageId

from foundation_engine.port.ir import Unsupported

# The parser of the standard library has no public name of its own.
_sre: Any = importlib.import_module("re._parser")
_LETTERS: Mapping[str, int] = {
    "i": re.IGNORECASE,
    "m": re.MULTILINE,
    "s": re.DOTALL,
    "x": re.VERBOSE,
    "a": re.ASCII,
}
_GLOBAL_FLAGS = re.compile(r"\(\?([aimsux]+)\)")
_ENDLESS = int(_sre.MAXREPEAT)
_START, _END, _LINE_END = r"\A", r"\Z", "\n"
# The most repetitions that Go's package allows in one pattern.
_MOST_REPEATS = 1000


def flag_letters(flags: int) -> str:
    """The letters of Python's flags; raises Unsupported for those that have no counterpart."""
    if flags & ~(re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE | re.ASCII | re.UNICODE):
        raise Unsupported("a regular expression with these flags")
    return "".join(letter for letter, flag in _LETTERS.items() if flags & flag)


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group: whether every match has it, and whether it may capture an empty text."""

    certain: bool
    empty: bool


@dataclass(frozen=True, slots=True)
class Regex:
    """What is known about a pattern: its groups, their names, how much a match takes, and its parsed items."""

    pattern: str
    flags: str
    groups: tuple[Group, ...]
    names: Mapping[str, int]
    least: int
    items: Any
    ends: bool  # ends with Python's `$`, which also matches before a last line feed

    def group(self, which: object) -> int:
        """The number of a group by its number or name; raises Unsupported when there is none."""
        number = self.names.get(which) if isinstance(which, str) else which
        if not isinstance(number, int) or not 0 <= number <= len(self.groups):
            raise Unsupported("a group that the regular expression does not have")
        return number

    def certain(self, number: int) -> bool:
        """True for a group that every match has."""
        return number == 0 or self.groups[number - 1].certain


@cache
def parsed(pattern: str, flags: str) -> Regex:
    """What a pattern in Python's syntax means; raises Unsupported for text that is none."""
    value = 0
    for letter in flags:
        value |= _LETTERS[letter]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            items = _sre.parse(pattern, value)
    except (re.error, OverflowError, RecursionError) as why:
        raise Unsupported(f"a regular expression that does not parse: {why}") from why
    found: dict[int, Group] = {}
    for number, body, certain in _groups(items, certain=True):
        found[number] = Group(certain, body.getwidth()[0] == 0)
    state = items.state
    letters = flag_letters(state.flags)
    groups = tuple(found.get(n, Group(certain=False, empty=True)) for n in range(1, state.groups))
    last = list(items)[-1] if len(items) else None
    ends = last is not None and str(last[0]) == "AT" and str(last[1]) == "AT_END" and "m" not in letters
    return Regex(pattern, letters, groups, dict(state.groupdict), items.getwidth()[0], items, ends)


def anchored(pattern: str, flags: str, whole: bool) -> tuple[str, str]:
    """The pattern that finds what `match`, or `fullmatch` for the whole text, finds, and its flags."""
    regex = parsed(pattern, flags)
    told = _GLOBAL_FLAGS.match(pattern)
    text = pattern[told.end() :] if told else pattern
    first = str(regex.items[0][1]) if len(regex.items) else ""
    starts = first == "AT_BEGINNING_STRING" or (first == "AT_BEGINNING" and "m" not in regex.flags)
    if starts and not whole:
        return text, regex.flags
    if whole and regex.ends and text.endswith("$"):
        text = text[:-1]
    if "|" in text or "x" in regex.flags:
        # A comment of a verbose pattern ends with its line.
        text, starts = f"(?:{text}{_LINE_END if 'x' in regex.flags else ''})", False
    return f"{'' if starts else _START}{text}{_END if whole else ''}", regex.flags


def _groups(items: Any, certain: bool) -> Iterator[tuple[int, Any, bool]]:
    for op, value in items:
        match str(op):
            case "SUBPATTERN":
                number, _, _, body = value
                if number is not None:
                    yield number, body, certain
                yield from _groups(body, certain)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, _, body = value
                yield from _groups(body, certain and least > 0)
            case "BRANCH":
                for arm in value[1]:
                    yield from _groups(arm, certain=False)
            case "ATOMIC_GROUP":
                yield from _groups(value, certain)
            case "ASSERT":
                yield from _groups(value[1], certain)
            case "ASSERT_NOT":
                yield from _groups(value[1], certain=False)
            case "GROUPREF_EXISTS":
                for arm in value[1:]:
                    yield from _groups(arm or (), certain=False)
            case _:
                continue


def template(text: str, regex: Regex) -> tuple[str | int, ...]:
    """A replacement in Python's syntax as texts and numbers of groups; raises Unsupported when it is none."""
    try:
        compiled = re.compile(regex.pattern, sum(_LETTERS[x] for x in regex.flags))
        made: Any = _sre.parse_template(text, compiled)
    except (re.error, IndexError) as why:
        raise Unsupported(f"a replacement that does not parse: {why}") from why
    if isinstance(made, tuple):
        # Python 3.11: pairs of a place and a group's number, and texts with gaps at those places.
        places, texts = cast("tuple[list[tuple[int, int]], list[str | None]]", made)
        numbers = dict(places)
        parts: list[str | int] = [numbers[i] if t is None else t for i, t in enumerate(texts)]
    else:
        parts = cast("list[str | int]", list(made))
    return tuple(p for p in parts if p != "")


def written(pattern: str, flags: str, language: LanguageId, *, keep_end: bool = False) -> str:
    """The pattern in a language's dialect, without the delimiters of a literal.

    With `keep_end`, what Python's `$` at the end leaves alone, a last line feed, is a group of its own in the dialects
    that cannot look ahead. Raises Unsupported for what the dialect cannot say with exactly this meaning.
    """
    regex = parsed(pattern, flags)
    return _Writer(regex, language, keep_end).text()


def ruby_options(flags: str) -> str:
    """The letters behind a literal of Ruby's, where `m` is what `s` is elsewhere."""
    return ("i" if "i" in flags else "") + ("m" if "s" in flags else "")


_CATEGORY = {
    "CATEGORY_DIGIT": "d", "CATEGORY_NOT_DIGIT": "D", "CATEGORY_WORD": "w", "CATEGORY_NOT_WORD": "W",
    "CATEGORY_SPACE": "s", "CATEGORY_NOT_SPACE": "S",
}  # fmt: skip
# What stands inside of a set for Python's classes of Unicode text.
_UNICODE: Mapping[LanguageId, Mapping[str, str]] = {
    LanguageId.GO: {"d": r"\p{Nd}", "w": r"\p{L}\p{N}_", "s": r"\s\v\x1c-\x1f\x{85}\p{Z}"},
    LanguageId.RUST: {"d": r"\d", "w": r"\p{L}\p{N}_", "s": r"\s\x1c-\x1f"},
    LanguageId.RUBY: {"d": r"\p{Nd}", "w": r"\p{L}\p{N}_", "s": r"[:space:]\x1c-\x1f"},
}
# The classes that a dialect has a short name for, and for what is not in them; by whether they are ASCII's.
_SHORT: Mapping[tuple[LanguageId, bool], Mapping[str, tuple[str, str]]] = {
    (LanguageId.GO, False): {"d": (r"\p{Nd}", r"\P{Nd}")},
    (LanguageId.RUST, False): {"d": (r"\d", r"\D")},
    (LanguageId.RUBY, False): {"d": (r"\p{Nd}", r"\P{Nd}")},
    (LanguageId.GO, True): {"d": (r"\d", r"\D"), "w": (r"\w", r"\W")},
    (LanguageId.RUST, True): {},
    (LanguageId.RUBY, True): {"d": (r"\d", r"\D"), "w": (r"\w", r"\W"), "s": (r"\s", r"\S")},
}
_ASCII: Mapping[str, str] = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t-\r "}
_ESCAPES = {"\n": r"\n", "\t": r"\t", "\r": r"\r", "\f": r"\f"}


class _Writer:
    def __init__(self, regex: Regex, language: LanguageId, keep_end: bool) -> None:
        self.regex = regex
        self.language = language
        self.keep_end = keep_end
        self.looks = language is LanguageId.RUBY
        # Where some groups of Ruby's have names, those without are not counted.
        self.named = language is not LanguageId.RUBY or len(regex.names) == len(regex.groups)
        self.name_of = {n: name for name, n in regex.names.items()}

    def text(self) -> str:
        """The whole pattern."""
        flags = frozenset(self.regex.flags) - {"x", "a"}
        inside = self.sequence(
            self.regex.items, frozenset(self.regex.flags), last=True, captured=False, top=True
        )
        if self.language is LanguageId.RUBY:
            return inside
        shown = "".join(f for f in "ims" if f in flags and (f != "m" or re.search(r"[\^$]", inside)))
        return f"(?{shown}){inside}" if shown else inside

    def no(self, what: str) -> Unsupported:
        return Unsupported(
            f"{what} in a regular expression, which {self.language.value.title()} has not in this meaning"
        )

    def sequence(
        self, items: Any, flags: frozenset[str], *, last: bool, captured: bool, top: bool = False
    ) -> str:
        """Items one after the other; `last` when nothing follows them, `captured` inside of a group."""
        listed = list(items)
        out: list[str] = []
        for i, (op, value) in enumerate(listed):
            at_end = last and i == len(listed) - 1
            out.append(self.item(str(op), value, flags, last=at_end, captured=captured, top=top))
        return "".join(out)

    def item(
        self, op: str, value: Any, flags: frozenset[str], *, last: bool, captured: bool, top: bool
    ) -> str:
        match op:
            case "LITERAL":
                return self.char(value)
            case "NOT_LITERAL":
                return f"[^{self.char(value, inside=True)}]"
            case "ANY":
                return "."
            case "IN":
                return self.members(value, flags)
            case "BRANCH":
                arms = [self.sequence(arm, flags, last=last, captured=captured) for arm in value[1]]
                whole = top and len(self.regex.items) == 1
                return "|".join(arms) if whole else f"(?:{'|'.join(arms)})"
            case "SUBPATTERN":
                return self.group(value, flags, last=last, captured=captured)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                return self.repeat(op, value, flags)
            case "ATOMIC_GROUP" if self.looks:
                return f"(?>{self.sequence(value, flags, last=False, captured=captured)})"
            case "AT":
                return self.position(str(value), flags, last=last, captured=captured, top=top)
            case "ASSERT" | "ASSERT_NOT" if self.looks:
                direction, body = value
                if direction < 0 and any(True for _ in _groups(body, certain=True)):
                    raise self.no("a group that looks behind")
                sign = ("" if direction > 0 else "<") + ("=" if op == "ASSERT" else "!")
                return f"(?{sign}{self.sequence(body, flags, last=False, captured=True)})"
            case "ASSERT" | "ASSERT_NOT":
                raise self.no("looking ahead or behind")
            case "GROUPREF" if self.looks and "i" not in flags and self.regex.certain(value):
                name = self.name_of.get(value)
                return rf"\k<{name}>" if name is not None and self.named else rf"\k<{value}>"
            case "GROUPREF":
                raise self.no("a reference to a group")
            case _:
                raise self.no(op.lower().replace("_", " "))

    def group(self, value: Any, flags: frozenset[str], *, last: bool, captured: bool) -> str:
        number, add, remove, body = value
        on = frozenset(flag_letters(add)) if add else frozenset[str]()
        off = frozenset(flag_letters(remove)) if remove else frozenset[str]()
        inner_flags = (flags | on) - off
        inside = self.sequence(body, inner_flags, last=last, captured=captured or number is not None)
        if number is not None:
            name = self.name_of.get(number)
            if name is None or not self.named:
                return f"({inside})"
            return f"(?<{name}>{inside})" if self.language is LanguageId.RUBY else f"(?P<{name}>{inside})"
        if (on | off) & {"a"}:
            raise self.no("a part with other classes of characters")
        switch = "".join(self.switch(f) for f in "ims" if f in on)
        unset = "".join(self.switch(f) for f in "ims" if f in off)
        return f"(?{switch}{'-' + unset if unset else ''}:{inside})"

    def switch(self, flag: str) -> str:
        if self.language is LanguageId.RUBY:
            return {"i": "i", "s": "m", "m": ""}[flag]
        return flag

    def repeat(self, op: str, value: Any, flags: frozenset[str]) -> str:
        least, most, body = value
        least, most = int(least), int(most)
        if op == "POSSESSIVE_REPEAT" and not self.looks:
            raise self.no("a repetition that gives nothing back")
        if most > 1 and body.getwidth()[0] == 0:
            raise self.no("a repetition of what may be empty")
        if max(least, most if most != _ENDLESS else 0) > _MOST_REPEATS:
            raise self.no("so long a repetition")
        inside = self.sequence(body, flags, last=False, captured=True)
        single = len(body) == 1 and str(body[0][0]) in ("LITERAL", "NOT_LITERAL", "ANY", "IN")
        group = len(body) == 1 and str(body[0][0]) == "SUBPATTERN" and inside.startswith("(")
        branch = len(body) == 1 and str(body[0][0]) == "BRANCH" and inside.startswith("(?:")
        if not (single or group or branch):
            inside = f"(?:{inside})"
        times = {(0, _ENDLESS): "*", (1, _ENDLESS): "+", (0, 1): "?"}.get((least, most))
        if times is None:
            upper = "" if most == _ENDLESS else str(most)
            times = f"{{{least}}}" if least == most else f"{{{least},{upper}}}"
        lazy = {"MAX_REPEAT": "", "MIN_REPEAT": "?", "POSSESSIVE_REPEAT": "+"}[op]
        if lazy and times.endswith("}") and self.language is LanguageId.RUBY:
            if op == "POSSESSIVE_REPEAT":
                return f"(?>{inside}{times})"
            # Behind a number of times alone, Ruby reads the mark as "or not at all".
            return f"{inside}{times}?" if least != most else f"{inside}{times}"
        return f"{inside}{times}{lazy}"

    def position(self, at: str, flags: frozenset[str], *, last: bool, captured: bool, top: bool) -> str:
        ruby = self.language is LanguageId.RUBY
        lines = "m" in flags
        match at:
            case "AT_BEGINNING_STRING":
                return r"\A" if ruby or lines else "^"
            case "AT_BEGINNING" if not lines:
                return r"\A" if ruby else "^"
            case "AT_BEGINNING":
                # Ruby's own anchor does not hold at the end of a text.
                return r"(?<![^\n])" if ruby else "^"
            case "AT_END_STRING":
                return r"\z" if ruby or lines else "$"
            case "AT_END" if lines:
                return "$"
            case "AT_END" if ruby:
                return r"\Z"
            case "AT_END" if last and not captured:
                if not self.keep_end:
                    return r"\n?$"
                if (top or not self.regex.groups) and not self.finds_line_feed():
                    return r"(\n?)$"
                raise self.no("an end of the text in this place")
            case "AT_END":
                raise self.no("an end of the text in this place")
            case "AT_BOUNDARY" | "AT_NON_BOUNDARY":
                return r"\b" if at == "AT_BOUNDARY" else r"\B"
            case _:
                raise self.no("this anchor")

    def finds_line_feed(self) -> bool:
        """True when a last line feed alone can be a match, which one before it must then leave."""
        compiled = re.compile(self.regex.pattern, sum(_LETTERS[x] for x in self.regex.flags))
        return any(compiled.match(f"{before}\n", len(before)) for before in ("", "a", " ", "\n"))

    def members(self, value: Sequence[Any], flags: frozenset[str]) -> str:
        negative = bool(value) and str(value[0][0]) == "NEGATE"
        listed = value[1:] if negative else value
        kinds = [_CATEGORY.get(str(v)) for op, v in listed if str(op) == "CATEGORY"]
        if len(kinds) == len(listed) == 1:
            return self.category(str(kinds[0]), flags, negative=negative)
        if {k for k in kinds if k} in ({"s", "S"}, {"d", "D"}, {"w", "W"}) and not negative:
            return "(?m:.)" if self.language is LanguageId.RUBY else "(?s:.)"
        out: list[str] = []
        for op, v in listed:
            match str(op):
                case "LITERAL":
                    out.append(self.char(v, inside=True))
                case "RANGE":
                    out.append(f"{self.char(v[0], inside=True)}-{self.char(v[1], inside=True)}")
                case "CATEGORY":
                    kind = _CATEGORY.get(str(v), "")
                    if not kind:
                        raise self.no("this class of characters")
                    if kind.islower():
                        out.append(self.inside(kind, flags))
                    elif self.language is LanguageId.GO:
                        raise self.no("a class of other characters in a set")
                    else:
                        out.append(f"[^{self.inside(kind.lower(), flags)}]")
                case _:
                    raise self.no("this part of a set")
        return f"[{'^' if negative else ''}{''.join(out)}]"

    def inside(self, kind: str, flags: frozenset[str]) -> str:
        return _ASCII[kind] if "a" in flags else _UNICODE[self.language][kind]

    def category(self, kind: str, flags: frozenset[str], *, negative: bool) -> str:
        positive = kind.islower() != negative
        short = _SHORT[self.language, "a" in flags].get(kind.lower())
        if short is not None:
            return short[0 if positive else 1]
        return f"[{'' if positive else '^'}{self.inside(kind.lower(), flags)}]"

    def char(self, code: int, *, inside: bool = False) -> str:
        c = chr(code)
        if c in _ESCAPES:
            return _ESCAPES[c]
        if (inside and c in r"\]^-[&~") or (not inside and c in r"\.+*?()|[]{}^$"):
            return "\\" + c
        if c == "/" and self.language is LanguageId.RUBY:
            return r"\/"
        if c == "#" and self.language is LanguageId.RUBY:
            return r"\#"
        if c.isprintable() and not (0x300 <= code < 0x370):
            return c
        if code < 0x80:
            return f"\\x{code:02x}"
        return f"\\u{{{code:x}}}" if self.language is LanguageId.RUBY else f"\\x{{{code:x}}}"
