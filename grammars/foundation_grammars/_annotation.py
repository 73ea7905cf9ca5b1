"""A reader for argument lists that no grammar parses: Go's `// @retry(...)` comments and Rust's attribute tokens.

The text is handed over with its own offsets, comment markers blanked out, so every range is a range of the document.
"""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Callable
from dataclasses import dataclass, replace

from foundation_grammars._reading import (
    ENUM_TYPES,
    ENUM_WORDS,
    JITTER_KINDS,
    MAX_DEPTH,
    Arguments,
    jitter,
    nested,
    number,
    parse_integer,
    snake_case,
    unknown,
)
from foundation_grammars.occurrence import Argument, ByteRange, StaticValue, ValueKind

_TOKEN = re.compile(
    rb"""(?P<space>[\s\x00]+|//[^\n]*|/\*.*?\*/)
      | (?P<number>(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+
                     |(?:\d[\d_]*(?:\.\d[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)(?P<suffix>[A-Za-z]\w*)?)
      | (?P<string>b?"(?:[^"\\]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`|r\#*".*?"\#*)
      | (?P<name>[A-Za-z_\x80-\xff][\w\x80-\xff]*(?:(?:\.|::)[A-Za-z_\x80-\xff][\w\x80-\xff]*)*)
      | (?P<open>[(\[{])
      | (?P<close>[)\]}])
      | (?P<comma>,)
      | (?P<assign>=(?!=)|:(?!:)|=>)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_CLOSERS = {b"(": b")", b"[": b"]", b"{": b"}"}
_GO_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}

_ERROR_NAME = re.compile(r"(?:Err|err)[A-Z]\w*$|\w*(?:Error|Exception|Timeout|Unavailable)$|EOF$")
Lookup = Callable[[str], StaticValue | None]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    start: int
    end: int


def closing(text: bytes, start: int, limit: int) -> int | None:
    """The offset of the bracket that closes the one at `start`, or None when it is not closed before `limit`."""
    depth = 0
    for token in _tokens(text, start, limit):
        if token.kind == "open":
            depth += 1
        elif token.kind == "close":
            depth -= 1
            if depth == 0:
                return token.start
    return None


def _tokens(text: bytes, start: int, end: int) -> list[_Token]:
    found: list[_Token] = []
    position = start
    while position < end:
        match = _TOKEN.match(text, position, end)
        if match is None:  # The last alternative takes any byte, so this is only the end of the range.
            break
        if match.lastgroup is not None and match.group("space") is None:
            kind = "number" if match.group("number") is not None else match.lastgroup
            found.append(_Token(kind, match.start(), match.end()))
        position = match.end()
    return found


class AnnotationParser:
    """Reads `name = value` and `name: value` lists; never raises, and keeps what it can of a broken one."""

    def __init__(self, text: bytes, start: int, end: int, lookup: Lookup) -> None:
        self._text = text
        self._tokens = _tokens(text, start, end)
        self._end = end
        self._at: int = 0
        self._lookup = lookup

    def arguments(self, positional: tuple[str, ...] = ()) -> Arguments:
        """Every argument up to the end of the text, policy literals flattened after the direct ones."""
        direct: list[Argument] = []
        flattened: list[Argument] = []
        is_open = False
        position = 0
        while self._at < len(self._tokens):
            before = self._at
            argument, more, opened = self._argument(positional, position)
            is_open = is_open or opened
            if argument is not None:
                position += 1 if argument.position is not None else 0
                direct.append(argument)
                flattened.extend(more)
            self._skip_to_comma()
            if self._at == before:
                self._at += 1
        return Arguments((*direct, *flattened), is_open)

    def _peek(self, ahead: int = 0) -> _Token | None:
        index = self._at + ahead
        return self._tokens[index] if index < len(self._tokens) else None

    def _source(self, start: int, end: int) -> str:
        return self._text[start:end].decode("utf-8", "replace")

    def _skip_to_comma(self) -> None:
        depth = 0
        while (token := self._peek()) is not None:
            if token.kind == "comma" and depth == 0:
                self._at += 1
                return
            depth += {"open": 1, "close": -1}.get(token.kind, 0)
            self._at += 1

    def _argument(
        self, positional: tuple[str, ...], position: int
    ) -> tuple[Argument | None, tuple[Argument, ...], bool]:
        first = self._peek()
        if first is None or first.kind in ("comma", "close"):
            return None, (), False
        second = self._peek(1)
        if first.kind == "name" and second is not None and second.kind == "assign":
            spelled = self._source(first.start, first.end)
            self._at += 2
            name_range = ByteRange(first.start, first.end)
            parameter = snake_case(spelled)
            if (value := self._peek()) is None or value.kind in ("comma", "close"):
                missing = ByteRange(second.end, second.end)
                return (
                    Argument(
                        parameter,
                        spelled,
                        unknown(""),
                        ByteRange(first.start, second.end),
                        missing,
                        name_range,
                    ),
                    (),
                    False,
                )
            return self._valued(parameter, spelled, first.start, name_range, None)
        if position < len(positional):
            return self._valued(positional[position], "", first.start, None, position)
        return self._valued("", "", first.start, None, position)

    def _valued(
        self, parameter: str, spelled: str, start: int, name_range: ByteRange | None, position: int | None
    ) -> tuple[Argument, tuple[Argument, ...], bool]:
        begin = self._at
        first = self._tokens[begin]
        more: tuple[Argument, ...] = ()
        opened = False
        carries = parameter == "policy"
        if carries:
            policy = self._policy()
            more, opened = (policy.items, policy.open) if policy is not None else ((), True)
            self._at = begin
        value = self._value(0)
        if (after := self._peek()) is not None and after.kind not in ("comma", "close"):
            # Something follows that is not understood: `5 * time.Second`, a builder chain.
            self._skip_value()
            value = unknown("")
        end = self._tokens[self._at - 1].end if self._at > begin else first.end
        value = replace(value, text=self._source(first.start, end))
        argument = Argument(
            parameter,
            spelled,
            value,
            ByteRange(start, end),
            ByteRange(first.start, end),
            name_range,
            position,
            policy=carries,
        )
        return argument, more, opened

    def _skip_value(self) -> None:
        depth = 0
        while (token := self._peek()) is not None:
            if depth == 0 and token.kind in ("comma", "close"):
                return
            depth += {"open": 1, "close": -1}.get(token.kind, 0)
            self._at += 1

    def _value(self, depth: int) -> StaticValue:
        token = self._peek()
        if token is None or depth > MAX_DEPTH:
            return unknown("")
        text = self._source(token.start, token.end)
        match token.kind:
            case "number":
                self._at += 1
                return _number(text)
            case "string":
                self._at += 1
                return string(text)
            case "open" if text in ("[", "{", "("):
                return self._bracketed(text, depth)
            case "name":
                self._at += 1
                return self._named(text, depth)
            case "other" if text in "-+":
                self._at += 1
                operand = self._value(depth + 1)
                if operand.kind in (ValueKind.INTEGER, ValueKind.FLOAT, ValueKind.DURATION) and text == "-":
                    return replace(operand, value=-operand.value)
                return operand
            case "other" if text in ":&":
                self._at += 1
                operand = self._value(depth + 1)
                if text == ":" and operand.kind is ValueKind.NAME:
                    return replace(operand, kind=ValueKind.SYMBOL)
                return operand
            case _:
                return unknown(text)

    def _named(self, text: str, depth: int) -> StaticValue:
        following = self._peek()
        opener = self._source(following.start, following.end) if following is not None else ""
        last = re.split(r"\.|::", text)[-1]
        holder = re.split(r"\.|::", text)[-2] if last != text else ""
        if opener == "(":
            arguments = self._group(depth)
            if last.lower() in JITTER_KINDS and (holder == "Jitter" or last[:1].isupper()):
                return jitter(last.lower(), arguments[0] if arguments else None, text)
            return unknown(text)
        if opener == "{":
            self._group(depth)
            return unknown(text)
        if opener == "!":
            self._at += 1
            return self._value(depth + 1)
        return self._plain_name(text, last, holder, depth)

    def _plain_name(self, text: str, last: str, holder: str, depth: int) -> StaticValue:
        if text in ("true", "false", "True", "False"):
            return StaticValue(ValueKind.BOOLEAN, text.lower() == "true", text)
        if text in ("nil", "None"):
            return StaticValue(ValueKind.NONE, None, text)
        found = self._lookup(text)
        if found is not None:
            return found
        if holder == "Jitter" and last.lower() in JITTER_KINDS:
            return jitter(last.lower(), None, text)
        if holder in ENUM_TYPES or (not holder and snake_case(last) in ENUM_WORDS):
            return StaticValue(ValueKind.SYMBOL, snake_case(last), text)
        # Outside a list a name may be a constant of another file, so only what is named like an error is taken for one.
        if depth > 0 or _ERROR_NAME.match(last):
            return StaticValue(ValueKind.NAME, last, text)
        return unknown(text)

    def _group(self, depth: int) -> list[StaticValue]:
        """The values between brackets, the brackets consumed."""
        opening = self._peek()
        values: list[StaticValue] = []
        if opening is None:
            return values
        self._at += 1
        while (token := self._peek()) is not None and token.kind != "close":
            before = self._at
            if token.kind == "comma":
                self._at += 1
                continue
            values.append(self._value(depth + 1))
            if self._at == before or ((after := self._peek()) and after.kind not in ("comma", "close")):
                values[-1] = unknown("")
                self._skip_value()
                if self._at == before:
                    self._at += 1
        if self._peek() is not None:
            self._at += 1
        return values

    def _bracketed(self, opener: str, depth: int) -> StaticValue:
        if opener == "{":
            return self._mapping(depth)
        values = self._group(depth)
        if opener == "(" and len(values) == 1:
            return values[0]
        return StaticValue(ValueKind.LIST, tuple(values))

    def _mapping(self, depth: int) -> StaticValue:
        entries: list[tuple[str, StaticValue]] = []
        self._at += 1
        known = True
        while (token := self._peek()) is not None and token.kind != "close":
            if token.kind == "comma":
                self._at += 1
                continue
            separator = self._peek(1)
            if token.kind not in ("name", "string") or separator is None or separator.kind != "assign":
                known = False
                before = self._at
                self._skip_value()
                self._at += 1 if self._at == before else 0
                continue
            text = self._source(token.start, token.end)
            key = text if token.kind == "name" else str(string(text).value)
            self._at += 2
            entries.append((snake_case(key), self._value(depth + 1)))
            after = self._peek()
            if after is not None and after.kind not in ("comma", "close"):
                entries[-1] = (key, unknown(""))
                self._skip_value()
        if self._peek() is not None:
            self._at += 1
        return StaticValue(ValueKind.MAPPING, tuple(entries)) if known else unknown("")

    def _policy(self) -> Arguments | None:
        """`RetryPolicy{MaxAttempts: 5}`, `RetryPolicy(max_attempts=5)` and `RetryPolicy::new().max_attempts(5)`."""
        name, opening = self._peek(), self._peek(1)
        if name is None or name.kind != "name" or opening is None or opening.kind != "open":
            return None
        spelled = re.split(r"\.|::", self._source(name.start, name.end))
        closes = closing(self._text, opening.start, self._end)
        end = self._end if closes is None else closes
        if spelled[-1].endswith("Policy"):
            inner = AnnotationParser(self._text, opening.start + 1, end, self._lookup).arguments()
            return nested(Arguments(inner.items, inner.open or closes is None))
        if (
            len(spelled) > 1
            and spelled[-2].endswith("Policy")
            and spelled[-1] in ("new", "default", "builder")
        ):
            return nested(self._chain(end + 1))
        return None

    def _chain(self, start: int) -> Arguments:
        """The `.max_attempts(5).base_delay(0.5)` after a builder's head."""
        items: list[Argument] = []
        step = re.compile(rb"\s*\.\s*([A-Za-z_]\w*)\s*(?=\()")
        position = start
        while (match := step.match(self._text, position, self._end)) is not None:
            closes = closing(self._text, match.end(), self._end)
            if closes is None:
                break
            spelled = match.group(1).decode()
            values = (
                AnnotationParser(self._text, match.end() + 1, closes, self._lookup)
                .arguments((spelled,))
                .items
            )
            if values and spelled not in ("build", "run", "run_async"):
                items.append(
                    replace(
                        values[0],
                        spelled=spelled,
                        position=None,
                        name_range=ByteRange(*match.span(1)),
                        range=ByteRange(match.start(1), closes + 1),
                    )
                )
            position = closes + 1
        return Arguments(tuple(items))


def _number(text: str) -> StaticValue:
    unit = re.fullmatch(r"(\d[\d_]*(?:\.\d+)?)(ns|us|µs|ms|s|m|h)", text)
    if unit is not None:
        scaled = float(unit.group(1).replace("_", "")) * _GO_UNITS[unit.group(2)]
        return StaticValue(ValueKind.DURATION, round(scaled), text)
    return literal_number(text)


def literal_number(text: str) -> StaticValue:
    """A Go or Rust number literal, type suffix and separators allowed."""
    plain = (
        re.sub(r"_?(?:[iu](?:8|16|32|64|128|size)|f32|f64)$", "", text)
        if not text.lower().startswith("0x")
        else text
    )
    is_float = plain != text and text.endswith(("f32", "f64"))
    if not is_float:
        whole = parse_integer(plain)
        if whole is not None:
            return StaticValue(ValueKind.INTEGER, whole, text)
    try:
        return number(ValueKind.FLOAT, float(plain.replace("_", "")), text)
    except (ValueError, OverflowError):
        return unknown(text)


def string(text: str) -> StaticValue:
    """A quoted string of Go or Rust; raw strings keep their backslashes."""
    if text.startswith("`"):
        return StaticValue(ValueKind.STRING, text[1:-1], text)
    raw = re.fullmatch(r'(b?)r(#*)"(.*)"\2', text, re.DOTALL)
    if raw is not None:
        return StaticValue(ValueKind.BYTES if raw.group(1) else ValueKind.STRING, raw.group(3), text)
    quoted = text.removeprefix("b")
    body = re.sub(
        r"\\u\{([0-9a-fA-F_]{1,8})\}", lambda m: f"\\U{int(m.group(1).replace('_', ''), 16):08x}", quoted
    )
    body = re.sub(r"\\\n\s*", "", body).replace("\n", "\\n").replace("\r", "\\r")
    try:
        value = literal_eval(body)
    except (ValueError, SyntaxError):
        value = text[1:-1]
    kind = ValueKind.BYTES if text.startswith("b") else ValueKind.STRING
    return StaticValue(kind, value, text)
