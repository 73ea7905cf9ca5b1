"""Parsing: bytes to a syntax tree, whole or incrementally, never raising on content."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from foundation_specs.model import LanguageId
from tree_sitter import Node, Parser, Point, Tree

from foundation_grammars.language import grammar
from foundation_grammars.occurrence import ByteRange

# A parse holds the interpreter lock. Above this size the text is handed over in pieces by a callback, and other threads
# run between the pieces; below it the parse takes some tens of milliseconds and the callback would only cost.
CHUNKED_FROM = 1 << 20
_CHUNK = 1 << 16
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONE_CARRIAGE_RETURN = re.compile(rb"\r(?!\n)")


class SyntaxNode(Protocol):
    """What other packages may ask of a node; offsets are UTF-8 bytes into the tree's text, end exclusive."""

    @property
    def id(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def start_byte(self) -> int: ...
    @property
    def end_byte(self) -> int: ...
    @property
    def is_named(self) -> bool: ...
    @property
    def is_error(self) -> bool: ...
    @property
    def is_missing(self) -> bool: ...
    @property
    def has_error(self) -> bool: ...
    @property
    def parent(self) -> SyntaxNode | None: ...
    @property
    def children(self) -> Sequence[SyntaxNode]: ...
    @property
    def named_children(self) -> Sequence[SyntaxNode]: ...
    @property
    def next_sibling(self) -> SyntaxNode | None: ...
    @property
    def prev_sibling(self) -> SyntaxNode | None: ...
    @property
    def next_named_sibling(self) -> SyntaxNode | None: ...
    @property
    def prev_named_sibling(self) -> SyntaxNode | None: ...

    def child_by_field_name(self, name: str, /) -> SyntaxNode | None:
        """The first child with this field name, or None."""
        ...

    def children_by_field_name(self, name: str, /) -> Sequence[SyntaxNode]:
        """Every child with this field name."""
        ...

    def descendant_for_byte_range(self, start_byte: int, end_byte: int, /) -> SyntaxNode | None:
        """The smallest node that spans the range, or None when it is outside."""
        ...


@dataclass(frozen=True, slots=True)
class ByteEdit:
    """One replacement: the bytes `start..old_end` of the old text became `start..new_end` of the new text."""

    start: int
    old_end: int
    new_end: int


class SyntaxTree:
    """A parsed document. Treat it as a value: an edit makes a new one with `parse(text, language, old=tree)`."""

    __slots__ = ("_errors", "_tree", "language", "lines", "text")

    def __init__(self, text: bytes, lines: bytes, language: LanguageId, tree: Tree) -> None:
        self.text = text
        # The same bytes for line-wise searching: every line ends in a line feed, a byte order mark is blank.
        self.lines = lines
        self.language = language
        self._tree = tree
        self._errors: list[ByteRange] | None = None

    @property
    def root(self) -> SyntaxNode:
        """The root node."""
        return self._tree.root_node

    @property
    def raw(self) -> Tree:
        """The tree-sitter tree, for this package only."""
        return self._tree

    @property
    def errors(self) -> list[ByteRange]:
        """Where the text is not legal in its language: the outermost error nodes and every missing token, in order."""
        if self._errors is None:
            self._errors = list(_error_ranges(self._tree.root_node))
        return self._errors

    def source(self, node: SyntaxNode) -> str:
        """The text of a node; bytes that are not UTF-8 become U+FFFD."""
        return self.text[node.start_byte : node.end_byte].decode("utf-8", "replace")


def parse(
    text: bytes, language: LanguageId, old: SyntaxTree | None = None, edits: Sequence[ByteEdit] | None = None
) -> SyntaxTree:
    """Parse `text`; reuse `old` for what did not change.

    A single edit is trusted when it fits the two texts; otherwise the change is found by comparing them, so a caller
    may leave `edits` out. Never raises on content: NUL bytes, invalid UTF-8 and broken code give error nodes.
    """
    # A lone carriage return ends a line for editors but not for the grammars. The copy has the same length, so every
    # offset still holds; the text that is kept and quoted is the original.
    source = _LONE_CARRIAGE_RETURN.sub(b"\n", text) if b"\r" in text else text
    previous: Tree | None = None
    if old is not None and old.language is language:
        if old.text == text:
            return old
        # An edit beside a lone carriage return can change how its neighbour is read, outside the edited range. What
        # was broken is likely to be still, and is then parsed from its beginning.
        if source is text and not old.raw.root_node.has_error and not _LONE_CARRIAGE_RETURN.search(old.text):
            previous = old.raw.copy()
            edit = _single_edit(old.text, text, edits)
            previous.edit(
                edit.start,
                edit.old_end,
                edit.new_end,
                _point(old.text, edit.start),
                _point(old.text, edit.old_end),
                _point(text, edit.new_end),
            )
    tree = _parsed(source, language, previous)
    if previous is not None and tree.root_node.has_error:
        # How the parser recovers from an error depends on what it reuses, and findings must not.
        tree = _parsed(source, language, None)
    lines = b"   " + source[3:] if source.startswith(_BYTE_ORDER_MARK) else source
    return SyntaxTree(text, lines, language, tree)


def _parsed(source: bytes, language: LanguageId, previous: Tree | None) -> Tree:
    parser = Parser(grammar(language))
    if len(source) <= CHUNKED_FROM:
        return parser.parse(source) if previous is None else parser.parse(source, previous)

    def chunk(offset: int, _: Point) -> bytes:
        return source[offset : offset + _CHUNK]

    return parser.parse(chunk) if previous is None else parser.parse(chunk, previous)


def _single_edit(old: bytes, new: bytes, edits: Sequence[ByteEdit] | None) -> ByteEdit:
    if edits is not None and len(edits) == 1:
        edit = edits[0]
        fits = (
            0 <= edit.start <= edit.old_end <= len(old)
            and edit.start <= edit.new_end <= len(new)
            and len(old) - edit.old_end == len(new) - edit.new_end
            and old[: edit.start] == new[: edit.start]
            and old[edit.old_end :] == new[edit.new_end :]
        )
        if fits:
            return edit
    start = _common_prefix(old, new)
    end = _common_suffix(old, new, min(len(old), len(new)) - start)
    return ByteEdit(start, len(old) - end, len(new) - end)


def _common_prefix(a: bytes, b: bytes) -> int:
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_suffix(a: bytes, b: bytes, limit: int) -> int:
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if a[len(a) - middle : len(a) - low] == b[len(b) - middle : len(b) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def _point(text: bytes, offset: int) -> Point:
    return Point(text.count(b"\n", 0, offset), offset - (text.rfind(b"\n", 0, offset) + 1))


def _error_ranges(root: Node) -> Iterator[ByteRange]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            yield ByteRange(node.start_byte, node.end_byte)
        elif node.has_error:
            inner = [
                child for child in node.children if child.is_error or child.is_missing or child.has_error
            ]
            if not inner:
                # The missing token is one that the tree does not show, such as the line end after a Go statement.
                yield ByteRange(node.start_byte, node.start_byte)
            pending.extend(reversed(inner))


def as_node(node: SyntaxNode) -> Node:
    """The tree-sitter node behind the protocol, for this package only."""
    return cast("Node", node)
