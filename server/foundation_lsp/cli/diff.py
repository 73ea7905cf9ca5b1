"""A unified diff of two texts as bytes, so that line ends and invalid UTF-8 come through as they are."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

_LINES = re.compile(rb"[^\n]*\n|[^\n]+")


def unified(shown: str, before: bytes, after: bytes) -> bytes:
    """The diff from `before` to `after` under a file's name; empty when they are equal."""
    name = shown.encode("utf-8", "surrogateescape")
    lines: Sequence[bytes] = list(
        difflib.diff_bytes(
            difflib.unified_diff, _LINES.findall(before), _LINES.findall(after), b"a/" + name, b"b/" + name
        )
    )
    return b"".join(
        line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines
    )
