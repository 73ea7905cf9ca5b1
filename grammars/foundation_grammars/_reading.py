"""What reading source has in common in the four languages: resolved names, read arguments, the reader's protocol."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from foundation_grammars.occurrence import Argument, ByteRange, StaticValue, Target, ValueKind
from foundation_grammars.tree import SyntaxNode, SyntaxTree

# A chain of constants longer than this is taken as not statically known; it also ends cycles.
MAX_DEPTH = 12

# Types whose members are enum values. A member of any other type (`Settings.MAX_TRIES`) is not statically known.
ENUM_TYPES = frozenset(
    {
        "Algorithm",
        "Backoff",
        "BackoffStrategy",
        "EnvMode",
        "Format",
        "Level",
        "LogFormat",
        "LogLevel",
        "RateLimitAlgorithm",
    }
)
# The enum values of the ten patterns, which a comment annotation may write as a bare word.
ENUM_WORDS = frozenset(
    {
        *("linear", "exponential", "fixed", "fibonacci"),
        *("token_bucket", "sliding_window"),
        *("trace", "debug", "info", "warning", "error", "critical"),
        *("json", "logfmt"),
        *("inherit", "replace", "scrub"),
        *("none", "full", "equal", "symmetric"),
    }
)
JITTER_KINDS = frozenset({"none", "full", "equal", "symmetric"})


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a name in source stands for: its full path in its library, and whether an import says so."""

    path: str
    imported: bool = True


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one occurrence; `open` when the source does not show all of them."""

    items: tuple[Argument, ...] = ()
    open: bool = False
    range: ByteRange | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """One query pattern's properties: the form, the exports that the name must resolve to, the positional arguments.

    `positional` names the parameters that positional arguments give, in order: `_` skips one that is no parameter,
    `*retryable` takes all the rest as a list. `unimported` accepts the form without an import of it. `derives` asks for
    a class of the file that derives from one of the exports. `member` is a method that any receiver may have, in a file
    that imports the package of the exports. `plural` (`file=files`) names builder steps that add one item to a list.
    `ignores` names arguments that the form takes and the pattern does not know (an application's version). `ends`
    (`write=data`) names the last step of a builder that gives a parameter too. `open` says that a later call may give
    more arguments.
    """

    form: str
    exports: tuple[str, ...]
    positional: tuple[str, ...] = ()
    unimported: bool = False
    malformed: str = ""
    derives: bool = False
    member: str = ""
    plural: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of one match."""

    form: str
    range: ByteRange
    name_range: ByteRange
    spelled: str
    arguments: Arguments
    target: Target | None


class Reader(Protocol):
    """Knows one document: its bindings, its constants, its scopes."""

    def resolve(self, name: SyntaxNode, shape: Shape) -> Resolution | None:
        """What the name stands for, or None when it is bound to something else."""
        ...

    def spelled_path(self, spelled: str, node: SyntaxNode, shape: Shape, /) -> Resolution | None:
        """The same for a name in text that does not parse yet; `node` is where it stands."""
        ...

    def read(self, shape: Shape, captures: dict[str, list[SyntaxNode]]) -> Reading | None:
        """The parts of an occurrence, or None when the match is not one after all."""
        ...


def exported(path: str, exports: Sequence[str], root: str, separator: str) -> str | None:
    """The export that `path` is, or None.

    A public name is importable from its own module, from any module beneath it (where libraries keep the definition),
    and from the root package.
    """
    head, _, last = path.rpartition(separator)
    for export in exports:
        module, _, name = export.rpartition(separator)
        if name == last and (head in (module, root) or head.startswith(module + separator)):
            return export
    return None


def span(node: SyntaxNode) -> ByteRange:
    """The byte range of a node."""
    return ByteRange(node.start_byte, node.end_byte)


def inside(node: SyntaxNode) -> ByteRange:
    """What is between the delimiters of an argument list; to its end when the closing one is missing."""
    last = node.children[-1] if node.children else node
    closed = last.type in (")", "]", "}") and not last.is_missing
    return ByteRange(node.start_byte + 1, max(node.start_byte + 1, node.end_byte - (1 if closed else 0)))


def word_places(text: bytes, word: bytes) -> Iterator[tuple[int, int]]:
    """Where a word stands by itself. Searching bytes for a literal is many times faster than an expression can be."""
    start = text.find(word) if word else -1  # A name that broken code leaves out is empty and stands nowhere.
    while start >= 0:
        end = start + len(word)
        if not _is_word(text[start - 1 : start]) and not _is_word(text[end : end + 1]):
            yield start, end
        start = text.find(word, end)


def line_before(text: bytes, offset: int) -> bytes:
    """The text of the line before an offset."""
    return text[text.rfind(b"\n", 0, offset) + 1 : offset]


def _is_word(byte: bytes) -> bool:
    return byte.isalnum() or byte == b"_" or byte >= b"\x80"


def unknown(text: str) -> StaticValue:
    """A value that only the running program knows."""
    return StaticValue(ValueKind.UNKNOWN, None, text)


def through(value: StaticValue, constant: str, text: str) -> StaticValue:
    """The same value, reached through a constant; the outermost name is the one that the reader of the code sees."""
    return replace(value, constant=constant, text=text) if value.known else unknown(text)


def jitter(kind: str, ratio: StaticValue | None, text: str) -> StaticValue:
    """A jitter value in the spec's `{kind, ratio}` shape."""
    entries = [("kind", StaticValue(ValueKind.STRING, kind, text))]
    if ratio is not None:
        entries.append(("ratio", ratio))
    return StaticValue(ValueKind.MAPPING, tuple(entries), text)


_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+|[0-9]+")


def snake_case(name: str) -> str:
    """`maxAttempts`, `MaxAttempts` and `HTTPClient` as `max_attempts` and `http_client`; snake_case stays as it is."""
    if "_" in name and name.lower() == name:
        return name
    return "_".join(
        part.lower() for word in name.split("_") for part in _WORD.findall(word) or [word] if part
    )


def nested(arguments: Arguments, constant: str | None = None) -> Arguments:
    """Arguments that came out of a policy literal, possibly one held in a constant."""
    items = tuple(
        replace(
            item,
            nested=True,
            value=item.value
            if constant is None or item.value.constant is not None or not item.value.known
            else replace(item.value, constant=constant),
        )
        for item in arguments.items
    )
    return Arguments(items, arguments.open, arguments.range)


def number(kind: ValueKind, value: float | int, text: str) -> StaticValue:
    """A number; a float that does not fit is not statically known rather than infinite."""
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return unknown(text)
    return StaticValue(kind, value, text)


def arithmetic(operator: str, left: StaticValue, right: StaticValue, text: str) -> StaticValue:
    """The value of `left operator right` for numbers of moderate size, else unknown."""
    kinds = {left.kind, right.kind}
    if not kinds <= {ValueKind.INTEGER, ValueKind.FLOAT}:
        return unknown(text)
    a, b = left.value, right.value
    if max(abs(a), abs(b)) > 1e15:
        return unknown(text)
    whole = kinds == {ValueKind.INTEGER}
    kind = ValueKind.INTEGER if whole else ValueKind.FLOAT
    match operator:
        case "+":
            return number(kind, a + b, text)
        case "-":
            return number(kind, a - b, text)
        case "*":
            return number(kind, a * b, text)
        case "**" if whole and 0 <= b <= 64:
            return number(kind, a**b, text)
        case _:
            # Division means something different in each language; the reader of that language handles it.
            return unknown(text)


def parse_integer(text: str) -> int | None:
    """An integer literal with `_` separators and a base prefix, as all four languages write them."""
    digits = text.replace("_", "").lower()
    try:
        if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
            return int(
                digits, 8
            )  # Go and Ruby read a leading zero as octal; Python and Rust have no such literal.
        return int(digits, 0) if len(digits) < 400 else None
    except ValueError:
        return None


def source(tree: SyntaxTree, node: SyntaxNode) -> str:
    """The text of a node."""
    return tree.source(node)


def ancestors(node: SyntaxNode) -> list[SyntaxNode]:
    """The node's ancestors, nearest first."""
    found: list[SyntaxNode] = []
    current = node.parent
    while current is not None:
        found.append(current)
        current = current.parent
    return found
