"""The text of a document as people count it: 1-based lines and columns of characters."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A 1-based line and a 1-based column that counts Unicode code points."""

    line: int
    column: int


class SourceText:
    """Lines of a document that may hold any bytes; what is not UTF-8 reads as U+FFFD, one for each byte."""

    def __init__(self, text: bytes) -> None:
        """Index the line starts of `text`."""
        self.text = text
        if b"\r" in text:
            self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        else:
            # The same in C, for files with hundreds of thousands of lines.
            self._starts = list(accumulate(map((1).__add__, map(len, text.split(b"\n"))), initial=0))[:-1]

    @property
    def line_count(self) -> int:
        """How many lines there are; an empty document has one."""
        return len(self._starts)

    def place(self, offset: int) -> Place:
        """The line and column of a byte offset."""
        line = bisect_right(self._starts, offset)
        return Place(line, len(_decode(self._line_bytes(line, offset))) + 1)

    def line(self, number: int) -> str:
        """The text of a 1-based line without its end and without a byte order mark."""
        return _decode(self._line_bytes(number, len(self.text)))

    def line_at(self, offset: int) -> str:
        """The text of the line that a byte offset lies on."""
        return self.line(bisect_right(self._starts, offset))

    def _line_bytes(self, number: int, until: int) -> bytes:
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        line = self.text[start : min(end, until)]
        if until >= end:
            line = line.rstrip(b"\r\n")
        return line.removeprefix(_BOM) if number == 1 else line


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "replace")
