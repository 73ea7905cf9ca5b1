"""Writing to a person: errors on standard error, colour where it is wanted, and text that cannot steer a terminal."""

from __future__ import annotations

import os
import sys
import unicodedata
from typing import TextIO


class UsageError(Exception):
    """What the user asked for cannot be done; the message says what was expected."""


def fail(message: str) -> None:
    """Write an error for a person to standard error."""
    write(sys.stderr, f"foundation-lsp: error: {printable(message)}\n")


def notice(message: str) -> None:
    """Write a remark for a person to standard error."""
    write(sys.stderr, f"foundation-lsp: {printable(message)}\n")


def write(stream: TextIO, text: str) -> None:
    """Write text that may hold what the stream's encoding has not (a file name that is not UTF-8, a sign in ASCII)."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding, "replace"))


_CONTROL = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"} | {127: 0x2421}
# Characters that reorder or hide text on a terminal; source that holds them must not pass for something else.
_HIDING = dict.fromkeys((*range(128, 160), *range(8234, 8239), *range(8294, 8298)), 65533)


def printable(text: str) -> str:
    """`text` with control characters made visible, so that a file cannot steer the terminal."""
    return text.translate(_CONTROL | _HIDING)


def colour_wanted(choice: str, stream: TextIO) -> bool:
    """Whether to colour: `always`, `never`, or `auto` for terminals unless NO_COLOR is set or TERM is dumb."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Style:
    """Colours for a terminal, or none."""

    def __init__(self, *, enabled: bool) -> None:
        """With `enabled` false every method returns its text as it is."""
        self._enabled = enabled

    def _wrap(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._enabled and text else text

    def bold(self, text: str) -> str:
        """Emphasis."""
        return self._wrap("1", text)

    def dim(self, text: str) -> str:
        """What may be passed over."""
        return self._wrap("2", text)

    def good(self, text: str) -> str:
        """Success."""
        return self._wrap("32", text)

    def severity(self, severity: str, text: str) -> str:
        """In the colour of a severity."""
        return self._wrap(
            {"error": "1;31", "warning": "1;33", "info": "1;34", "hint": "36"}.get(severity, "0"), text
        )


def width(character: str) -> int:
    """How many columns a character takes on a terminal: 0 for combining marks, 2 for wide ones."""
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def columns(text: str) -> int:
    """How many columns `text` takes on a terminal."""
    return len(text) if text.isascii() else sum(width(character) for character in text)
