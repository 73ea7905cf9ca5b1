"""Inline suppressions: `foundation: ignore[code, ...]` in the comments of each language."""

from __future__ import annotations

import re
from bisect import bisect_right

from foundation_grammars.occurrence import ByteRange, Suppression
from foundation_grammars.tree import SyntaxNode, SyntaxTree

# The mark opens a comment, or follows white space or another comment mark inside one (`# foundation: ignore`).
_SUPPRESSION = re.compile(rb"(?<![\w.-])foundation:[ \t]*ignore\b(?:[ \t]*\[([^\]\r\n]*)(\]?))?")
_CODE = re.compile(rb"[^\s,][^,]*")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_COMMENTS = frozenset({"comment", "line_comment", "block_comment", "doc_comment"})
_LEADING_MARK = re.compile(rb"(?:#|//[/!]?|/\*+|\*)[ \t]*$")
_ONLY_COMMENT = re.compile(rb"[ \t\f]*(?:(?:#|//|/\*|\*)[^\r\n]*)?$")
_ANNOTATION = re.compile(rb"[ \t]*//[ \t]*@[A-Za-z]\w*[ \t]*(?:\(|$)")
_ATTRIBUTE = re.compile(rb"[ \t]*#[ \t]*!?\[")


def find_suppressions(tree: SyntaxTree) -> list[Suppression]:
    """Every suppression comment of the document, in source order."""
    text = tree.text
    if b"foundation:" not in text:
        return []
    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    found: list[Suppression] = []
    for match in _SUPPRESSION.finditer(text):
        comment = _comment_at(tree, match.start())
        # The mark stands directly before: prose that quotes a suppression is not one.
        mark = _LEADING_MARK.search(text, comment.start_byte, match.start()) if comment is not None else None
        if comment is None or mark is None:
            continue
        if match.group(1) is not None and not match.group(2):
            continue  # An unclosed list is being typed; it would silence more than its author means.
        row = bisect_right(starts, match.start()) - 1
        alone = not text[starts[row] : mark.start()].strip() and _ends_row(text, comment)
        spans = [] if match.group(1) is None else _codes(match.group(1), match.start(1))
        found.append(
            Suppression(
                range=ByteRange(match.start(), match.end()),
                codes=tuple(text[s.start : s.end].decode("utf-8", "replace") for s in spans),
                code_ranges=tuple(spans),
                line=_next_code_row(text, starts, row) if alone else row,
                stands_alone=alone,
            )
        )
    return found


def _comment_at(tree: SyntaxTree, offset: int) -> SyntaxNode | None:
    node = tree.root.descendant_for_byte_range(offset, offset + 1)
    while node is not None and node.type not in _COMMENTS:
        node = node.parent
    # A Rust doc comment holds its text in a child; the comment is what stands in the line.
    while node is not None and node.parent is not None and node.parent.type in _COMMENTS:
        node = node.parent
    return node


def _ends_row(text: bytes, comment: SyntaxNode) -> bool:
    end = comment.end_byte
    if text[end - 1 : end] in (b"\n", b"\r"):
        return True
    match = _LINE_END.search(text, end)
    return not text[end : match.start() if match else len(text)].strip()


def _codes(inner: bytes, start: int) -> list[ByteRange]:
    spans: list[ByteRange] = []
    for match in _CODE.finditer(inner):
        length = len(match.group().rstrip())
        spans.append(ByteRange(start + match.start(), start + match.start() + length))
    return spans


def _next_code_row(text: bytes, starts: list[int], row: int) -> int:
    """The next row with code on it; a comment annotation of Go and an attribute of Rust count as code."""
    for following in range(row + 1, len(starts)):
        end = starts[following + 1] if following + 1 < len(starts) else len(text)
        line = text[starts[following] : end].rstrip(b"\r\n")
        if _ANNOTATION.match(line) or _ATTRIBUTE.match(line) or not _ONLY_COMMENT.match(line):
            return following
    return row
