"""Regular expressions in front ends: Go's and Ruby's patterns in the representation's syntax, and their nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import count

from foundation_specs.model import LanguageId

from foundation_engine.port import ir
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.regex import parsed

# What a short class holds in Go and Ruby, where it is about ASCII.
_CLASSES: Mapping[str, str] = {"d": "0-9", "w": "0-9A-Za-z_", "s": r" \t\r\n\f\v"}
_HEX = "0-9a-fA-F"
# Go's classes between `[:` and `:]`, which are about ASCII, too.
_POSIX: Mapping[str, str] = {
    "alpha": "A-Za-z", "digit": "0-9", "alnum": "0-9A-Za-z", "upper": "A-Z", "lower": "a-z", "word": "0-9A-Za-z_",
    "space": r"\t-\r ", "blank": r"\t ", "xdigit": _HEX,
}  # fmt: skip
_LOOKS = ("(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>")
_FIXED_TIMES = re.compile(r"\{\d+\}$")


def in_python(source: str, language: LanguageId, options: str = "") -> tuple[str, str]:
    """A pattern of Go or Ruby in Python's syntax, and the letters of its flags.

    `options` are the letters behind a literal of Ruby's. Raises Unsupported for what Python cannot say so.
    """
    reader = _Reader(source, language, options)
    pattern = reader.read()
    flags = reader.flags
    regex = parsed(pattern, flags)
    if reader.line_starts and regex.least == 0:
        # Ruby's `^` does not hold behind the last line feed of a text.
        raise Unsupported("a beginning of a line in a regular expression that may match nothing")
    return pattern, regex.flags


class _Reader:
    def __init__(self, source: str, language: LanguageId, options: str) -> None:
        self.source = source
        self.ruby = language is LanguageId.RUBY
        self.at = 0
        self.names = bool(re.search(r"\(\?<[A-Za-z_]", source))
        self.line_starts = False
        if set(options) - set("imxo"):
            raise Unsupported("a regular expression with these flags")
        letters = {self._letter(c) for c in options if c != "o"}
        told = re.match(r"\(\?([a-z]+)\)", source)
        if told is not None:
            if set(told[1]) - set("imsx") or (self.ruby and "s" in told[1]):
                raise Unsupported("a regular expression with these flags")
            letters |= {self._letter(c) for c in told[1]}
            self.at = told.end()
        self.verbose = "x" in letters
        self.lines = not self.ruby and "m" in letters
        body = source[self.at :]
        if self.ruby and re.search(r"(?<!\\)(?:\\\\)*[\^$]", re.sub(r"\[\^", "[", body)):
            letters.add("m")
            self.lines = True
        # A word's edge is told by the letters of all languages in Ruby, though its classes are ASCII's.
        self.wide = self.ruby and re.search(r"\\[bB]", body) is not None
        if not self.wide and re.search(r"\\[dDwWsSbB]", body):
            letters.add("a")
        self.flags = "".join(c for c in "imsxa" if c in letters)

    def _letter(self, c: str) -> str:
        return "s" if self.ruby and c == "m" else c

    def read(self) -> str:
        out: list[str] = []
        while self.at < len(self.source):
            out.append(self.item("".join(out[-1:])))
        return "".join(out)

    def take(self, text: str) -> str:
        self.at += len(text)
        return text

    def item(self, before: str) -> str:
        """What begins here, outside of a set."""
        rest = self.source[self.at :]
        match rest[0]:
            case "\\":
                return self.escape(inside=False)
            case "[":
                return self.set()
            case "(":
                return self.group(rest)
            case "^":
                self.line_starts = self.line_starts or self.ruby
                if self.ruby and before and not before.endswith(("(", "|", "(?:")):
                    raise Unsupported("a beginning of a line inside a regular expression")
                return self.take("^")
            case "$":
                self.take("$")
                return "$" if self.lines else r"\Z"
            case "#" if self.verbose:
                self.take(rest.split("\n", 1)[0])
                return ""
            case "{" if (times := re.match(r"\{\d*(?:,\d*)?\}", rest)) is not None:
                following = rest[times.end() : times.end() + 1]
                if self.ruby and (following == "+" or (following == "?" and _FIXED_TIMES.match(times[0]))):
                    raise Unsupported("a repetition that Ruby reads otherwise")
                return self.take(times[0])
            case _:
                return self.take(rest[0])

    def group(self, rest: str) -> str:
        for opening in _LOOKS:
            if rest.startswith(opening):
                return self.take(opening)
        name = re.match(r"\(\?P?<([A-Za-z_]\w*)>", rest)
        if name is not None:
            self.take(name[0])
            return f"(?P<{name[1]}>"
        switch = re.match(r"\(\?([a-z]*)(-[a-z]+)?:", rest)
        if switch is not None and (self.ruby or not {"m", "U"} & set(switch[0])):
            letters = "".join(self._letter(c) for c in switch[0] if c.isalpha() or c == "-")
            if set(letters) - set("imsx-"):
                raise Unsupported("a part of a regular expression with these flags")
            self.take(switch[0])
            return f"(?{letters}:"
        if rest.startswith("(?"):
            raise Unsupported("a group of this kind in a regular expression")
        self.take("(")
        # Beside named groups, Ruby does not capture the others.
        return "(?:" if self.ruby and self.names else "("

    def set(self) -> str:
        """A set of characters."""
        out = [self.take("[")]
        if self.source[self.at : self.at + 1] == "^":
            out.append(self.take("^"))
        first = True
        while True:
            rest = self.source[self.at :]
            if not rest:
                raise Unsupported("a regular expression that does not parse")
            if rest[0] == "]" and not first:
                out.append(self.take("]"))
                return "".join(out)
            first = False
            posix = re.match(r"\[:(\^?)(\w+):\]", rest)
            if posix is not None:
                if self.ruby or posix[1] or posix[2] not in _POSIX:
                    raise Unsupported("a named class of characters in a regular expression")
                self.take(posix[0])
                out.append(_POSIX[posix[2]])
            elif rest[0] == "\\":
                out.append(self.escape(inside=True))
            elif self.ruby and (rest[0] == "[" or rest.startswith("&&")):
                raise Unsupported("sets in a set of a regular expression")
            elif rest[0] in "[&~|" or (rest[0] == "]"):
                self.take(rest[0])
                out.append(f"\\{rest[0]}")
            else:
                out.append(self.take(rest[0]))

    def escape(self, *, inside: bool) -> str:
        rest = self.source[self.at :]
        code = re.match(r"\\(?:x\{([0-9A-Fa-f]+)\}|u\{([0-9A-Fa-f]+)\})", rest)
        if code is not None:
            self.take(code[0])
            return f"\\U{int(code[1] or code[2], 16):08x}"
        quoted = re.match(r"\\Q(.*?)(?:\\E|$)", rest, re.DOTALL)
        if quoted is not None and not self.ruby and not inside:
            self.take(quoted[0])
            return re.escape(quoted[1])
        named = re.match(r"\\k<(\w+)>", rest)
        if named is not None and self.ruby and not inside:
            self.take(named[0])
            return f"(?P={named[1]})"
        c = rest[1:2]
        self.take(rest[:2])
        if not c.isalnum():
            # A character that needs no mark stands for itself.
            return (
                c
                if c in "/\"'#%,:;<>=@!`_&~ " and not (c in "&~ #" and (inside or self.verbose))
                else f"\\{c}"
            )
        if c in "tnrfva":
            return f"\\{c}"
        if c == "e" and self.ruby:
            return r"\x1b"
        if c in "dws":
            if not self.wide:
                return f"\\{c}"
            return _CLASSES[c] if inside else f"[{_CLASSES[c]}]"
        if c in "DWS" and not (inside and self.wide):
            return f"[^{_CLASSES[c.lower()]}]" if self.wide else f"\\{c}"
        if c in "hH" and self.ruby and not (inside and c == "H"):
            return _HEX if inside else f"[{'^' if c == 'H' else ''}{_HEX}]"
        if c == "z" and not inside:
            return r"\Z"
        if c == "Z" and self.ruby and not inside and not self.lines:
            return "$"
        if (c in "AB" and not inside) or c == "b":
            return f"\\{c}"
        if c == "x" and re.match(r"\\x[0-7][0-9A-Fa-f]", rest):
            return f"\\x{self.take(self.source[self.at : self.at + 2])}"
        if c == "u" and self.ruby and re.match(r"\\u[0-9A-Fa-f]{4}", rest):
            return f"\\u{self.take(self.source[self.at : self.at + 4])}"
        if c in "123456789" and self.ruby and not inside and not self.names:
            return f"\\{c}"
        raise Unsupported(f"\\{c} in a regular expression")


def group(match: ir.Expr, which: object) -> ir.Expr:
    """A group of a match: optional where a match need not have it."""
    assert isinstance(match.type, ir.MatchT)  # noqa: S101 - callers look at the type first.
    regex = parsed(match.type.pattern, match.type.flags)
    number = regex.group(which)
    t: Type = ir.STR if regex.certain(number) else ir.OptionalT(ir.STR)
    return ir.Intrinsic("regex.group", [match, ir.Lit(number, type=ir.INT)], type=t)


def group_text(e: ir.Expr) -> ir.Expr | None:
    """The text of a group that a match need not have, which is then empty; None for another expression."""
    if isinstance(e, ir.Intrinsic) and e.op == "regex.group" and isinstance(e.type, ir.OptionalT):
        return ir.Intrinsic("regex.group_text", e.args, type=ir.STR, line=e.line)
    return None


def tested(e: ir.Expr) -> ir.Expr | None:
    """Whether a search finds something, which needs no match; None for an expression that is no search."""
    if isinstance(e, ir.Intrinsic) and e.op == "regex.search":
        return ir.Intrinsic("regex.test", e.args, type=ir.BOOL, line=e.line)
    return None


def named(t: ir.RegexT, name: str, line: int) -> ir.Name:
    """A compiled pattern by a name for the module's constant that `placed` makes of it."""
    parsed(t.pattern, t.flags)
    return ir.Name(name, type=t, line=line)


def all_matches(pattern: ir.Name, text: ir.Expr) -> ir.Intrinsic:
    """Every match of a pattern in a text; raises Unsupported for a pattern that may match nothing."""
    assert isinstance(pattern.type, ir.RegexT)  # noqa: S101 - a pattern's name has its type.
    if parsed(pattern.type.pattern, pattern.type.flags).least == 0:
        raise Unsupported("all matches of a regular expression that may match nothing")
    found = ir.MatchT(pattern.type.pattern, pattern.type.flags)
    return ir.Intrinsic("regex.matches", [pattern, text], type=ir.ListT(found))


def placed(module: ir.Module, comments: Mapping[str, list[str]]) -> None:
    """Define the patterns that are used before the first function or class of the file that uses them."""
    made: dict[Type, ir.Constant] = {}
    taken = {getattr(d, "name", "") for d in module.definitions}
    by_path: dict[str, list[ir.Definition]] = {}
    for d in module.definitions:
        path = module.origins[d.name].path if d.name in module.origins else ""
        for n in ir.walk(d):
            if not isinstance(n, ir.Name) or not isinstance(n.type, ir.RegexT):
                continue
            constant = made.get(n.type)
            if constant is None:
                name = next(x for i in count(1) if (x := f"{n.id}_{i}" if i > 1 else n.id) not in taken)
                taken.add(name)
                parts: list[ir.Expr] = [
                    ir.Lit(n.type.pattern, type=ir.STR),
                    ir.Lit(n.type.flags, type=ir.STR),
                ]
                compiled = ir.Intrinsic("regex.compile", parts, type=n.type)
                constant = ir.Constant(name, n.type, compiled, comments.get(name, []), line=n.line)
                made[n.type] = constant
                by_path.setdefault(path, []).append(constant)
                module.origins[name] = ir.Origin(path, name)
            n.id = constant.name
    out: list[ir.Definition] = []
    for d in module.definitions:
        path = module.origins[d.name].path if d.name in module.origins else ""
        if isinstance(d, ir.Function | ir.Class):
            out.extend(by_path.pop(path, []))
        out.append(d)
    module.definitions[:] = [*(d for rest in by_path.values() for d in rest), *out]
