"""Open documents as bytes: immutable snapshots, and how an edit leads from one to the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from foundation_specs.model import LanguageId

from foundation_lsp.positions import LineIndex, PositionEncoding, offset_at


@dataclass(frozen=True, slots=True)
class Change:
    """One content change as the client sent it: bytes for a range of its positions, or for the whole text.

    `start` and `end` are (line, character) in the session's encoding; None: `text` replaces everything.
    """

    text: bytes
    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class DocumentSnapshot:
    """A document as it was at one version. `language` is None when we have nothing to say about it."""

    uri: str
    version: int
    language: LanguageId | None
    text: bytes
    lines: LineIndex

    @classmethod
    def opened(cls, uri: str, version: int, language: LanguageId | None, text: bytes) -> DocumentSnapshot:
        """The first snapshot of a document."""
        return cls(uri, version, language, text, LineIndex.of(text))

    def changed(
        self, version: int, changes: Iterable[Change], encoding: PositionEncoding
    ) -> DocumentSnapshot:
        """The snapshot after `changes`, each applied to the outcome of the one before.

        A range whose end lies before its start is read as the empty range at its start. The syntax tree needs no
        list of edits from here: `parse` finds what changed by comparing the two texts, which costs microseconds.
        """
        text, lines = self.text, self.lines
        for change in changes:
            if change.start is None or change.end is None:
                text, lines = change.text, LineIndex.of(change.text)
                continue
            start = offset_at(text, lines, *change.start, encoding)
            old_end = max(start, offset_at(text, lines, *change.end, encoding))
            spliced = b"".join((text[:start], change.text, text[old_end:]))
            lines = lines.replaced(text, spliced, start, old_end, start + len(change.text))
            text = spliced
        return DocumentSnapshot(self.uri, version, self.language, text, lines)
