"""Open documents as bytes: immutable snapshots, and the edits that lead from one to the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from foundation_specs.model import LanguageId

from .positions import LineIndex, PositionEncoding, offset_at


@dataclass(frozen=True, slots=True)
class Change:
    """One content change as the client sent it: bytes for a range of its positions, or for the whole text.

    `start` and `end` are (line, character) in the session's encoding; None: `text` replaces everything.
    """

    text: bytes
    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class ByteEdit:
    """The bytes `start:old_end` of the old text became the bytes `start:new_end` of the new one."""

    start: int
    old_end: int
    new_end: int


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
    ) -> tuple[DocumentSnapshot, tuple[ByteEdit, ...] | None]:
        """The snapshot after `changes`, applied in order, and the byte edits that were made.

        The edits are None when the whole text was replaced: nothing of the old syntax tree is of use then.
        A range whose end lies before its start is read as the empty range at its start.
        """
        text, lines = self.text, self.lines
        edits: list[ByteEdit] | None = []
        for change in changes:
            if change.start is None or change.end is None:
                text, lines, edits = change.text, LineIndex.of(change.text), None
                continue
            start = offset_at(text, lines, *change.start, encoding)
            old_end = max(start, offset_at(text, lines, *change.end, encoding))
            new_end = start + len(change.text)
            spliced = b"".join((text[:start], change.text, text[old_end:]))
            lines = lines.replaced(text, spliced, start, old_end, new_end)
            text = spliced
            if edits is not None:
                edits.append(ByteEdit(start, old_end, new_end))
        snapshot = DocumentSnapshot(self.uri, version, self.language, text, lines)
        return snapshot, None if edits is None else tuple(edits)
