"""Lines and positions over UTF-8 bytes: the one place that knows what an editor counts.

A line ends at `\\n`, `\\r\\n` or `\\r` and nowhere else, as the protocol says: form feeds, U+0085 and U+2028
are ordinary characters. A position outside the text is clamped: a character past the end of its line becomes the
end of that line (before its line break), a line past the last becomes the end of the text, and a character count
that ends inside a code point becomes the start of that code point.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

_LINE_BREAK = re.compile(rb"\r\n|\n|\r")


class PositionEncoding(StrEnum):
    """The unit in which a client counts characters; the values are the protocol's."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


def choose_encoding(offered: Sequence[str] | None) -> PositionEncoding:
    """The first encoding that the client offers and we know; else UTF-16, the protocol's default."""
    known = {encoding.value: encoding for encoding in PositionEncoding}
    return next((known[name] for name in offered or () if name in known), PositionEncoding.UTF16)


@dataclass(frozen=True, slots=True)
class LineIndex:
    """Where each line starts, as byte offsets; there is always at least one line."""

    starts: tuple[int, ...]

    @classmethod
    def of(cls, text: bytes) -> LineIndex:
        """The index of `text`. `bytes.splitlines` knows exactly the protocol's three line breaks."""
        ends = list(accumulate(map(len, text.splitlines(keepends=True))))
        if ends and not text.endswith((b"\n", b"\r")):
            ends.pop()
        return cls((0, *ends))

    def replaced(self, old: bytes, new: bytes, start: int, old_end: int, new_end: int) -> LineIndex:
        """The index of `new`, which is `old` with bytes `start:old_end` replaced by `new[start:new_end]`.

        Only the lines that the edit touches are read again. A line break may be made or broken at either edge
        (`\\r` before the edit meeting a `\\n` in it), so the line before and the break after are read too.
        """
        starts = self.starts
        first = self.line_at(start)
        if first > 0 and old[start - 1 : start] == b"\r":
            first -= 1
        after = bisect_right(starts, old_end)
        delta = (new_end - start) - (old_end - start)
        region_start = starts[first]
        region_end = starts[after] + delta if after < len(starts) else len(new)
        middle = [m.end() for m in _LINE_BREAK.finditer(new, region_start, region_end)]
        if middle and after < len(starts) and middle[-1] == region_end:
            middle.pop()
        tail = starts[after:] if delta == 0 else tuple([s + delta for s in starts[after:]])
        return LineIndex((*starts[: first + 1], *middle, *tail))

    def line_at(self, offset: int) -> int:
        """The 0-based line that holds the byte at `offset`."""
        return bisect_right(self.starts, offset) - 1

    def content(self, text: bytes, line: int) -> tuple[int, int]:
        """The half-open byte range of a line without its line break."""
        start = self.starts[line]
        end = self.starts[line + 1] if line + 1 < len(self.starts) else len(text)
        if text[start:end].endswith(b"\r\n"):
            return start, end - 2
        if text[start:end].endswith((b"\n", b"\r")):
            return start, end - 1
        return start, end


def offset_at(text: bytes, lines: LineIndex, line: int, character: int, encoding: PositionEncoding) -> int:
    """The byte offset of a client's position, clamped into the text."""
    if line < 0:
        return 0
    if line >= len(lines.starts):
        return len(text)
    start, end = lines.content(text, line)
    character = max(character, 0)
    content = text[start:end]
    if content.isascii():
        return start + min(character, len(content))
    if encoding is PositionEncoding.UTF8:
        return start + len(content[:character].decode("utf-8", "ignore").encode("utf-8"))
    decoded = content.decode("utf-8", "replace")
    if encoding is PositionEncoding.UTF32:
        return start + len(decoded[:character].encode("utf-8"))
    units = decoded.encode("utf-16-le")[: 2 * character]
    return start + len(units.decode("utf-16-le", "ignore").encode("utf-8"))


def position_at(text: bytes, lines: LineIndex, offset: int, encoding: PositionEncoding) -> tuple[int, int]:
    """The (line, character) that the client counts for a byte offset, clamped into the text."""
    offset = min(max(offset, 0), len(text))
    line = lines.line_at(offset)
    start, end = lines.content(text, line)
    before = text[start : min(offset, end)]
    if before.isascii():
        return line, len(before)
    decoded = before.decode("utf-8", "ignore")
    if encoding is PositionEncoding.UTF8:
        return line, len(decoded.encode("utf-8"))
    if encoding is PositionEncoding.UTF32:
        return line, len(decoded)
    return line, len(decoded.encode("utf-16-le")) // 2


def to_bytes(text: str) -> bytes:
    """UTF-8 of a client's string; a lone surrogate (JSON allows it) becomes U+FFFD, as long in UTF-16."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode("utf-8")
