"""Positions and edits against a naive model that counts code points one by one."""

from __future__ import annotations

import re

from foundation_lsp.documents import Change, DocumentSnapshot
from foundation_lsp.positions import (
    LineIndex,
    PositionEncoding,
    choose_encoding,
    offset_at,
    position_at,
    to_bytes,
)
from hypothesis import given, settings
from hypothesis import strategies as st

# Every character here has tripped some editor: the three line breaks, the six that are not line breaks, and
# characters of one to four bytes, one of them outside the basic plane.
ALPHABET = "\n\r\x0b\x0c\x1c\x85\u2028\u2029ab é€😀\t"
TEXTS = st.text(st.sampled_from(ALPHABET), max_size=40)
ENCODINGS = st.sampled_from(list(PositionEncoding))


def naive_lines(text: str) -> list[str]:
    """The lines of a text without their breaks, as the protocol defines them."""
    return re.split(r"\r\n|\n|\r", text)


def naive_starts(text: str) -> list[int]:
    """Character indices at which lines start."""
    return [0, *(m.end() for m in re.finditer(r"\r\n|\n|\r", text))]


def width(char: str, encoding: PositionEncoding) -> int:
    """How many units of the encoding one code point takes."""
    if encoding is PositionEncoding.UTF32:
        return 1
    return len(char.encode("utf-8")) if encoding is PositionEncoding.UTF8 else 1 + (ord(char) > 0xFFFF)


def naive_index(text: str, line: int, character: int, encoding: PositionEncoding) -> int:
    """The character index of a position, clamped, by counting."""
    lines = naive_lines(text)
    if line >= len(lines):
        return len(text)
    index, used = naive_starts(text)[line], 0
    for char in lines[line]:
        used += width(char, encoding)
        if used > character:
            break
        index += 1
    return index


@given(TEXTS)
def test_line_starts_follow_the_protocol(text: str) -> None:
    index = LineIndex.of(text.encode())
    assert [len(text[:s].encode()) for s in naive_starts(text)] == list(index.starts)


@given(TEXTS, st.integers(0, 12), st.integers(0, 20), ENCODINGS)
@settings(max_examples=400)
def test_offset_of_any_position(text: str, line: int, character: int, encoding: PositionEncoding) -> None:
    data = text.encode()
    expected = len(text[: naive_index(text, line, character, encoding)].encode())
    assert expected == offset_at(data, LineIndex.of(data), line, character, encoding)


@given(TEXTS, ENCODINGS, st.data())
def test_position_and_offset_are_inverse(text: str, encoding: PositionEncoding, data: st.DataObject) -> None:
    encoded = text.encode()
    lines = LineIndex.of(encoded)
    offset = len(text[: data.draw(st.integers(0, len(text)))].encode())
    if encoded[offset - 1 : offset + 1] == b"\r\n":
        offset -= 1  # No position lies between the two halves of a line break.
    line, character = position_at(encoded, lines, offset, encoding)
    assert offset == offset_at(encoded, lines, line, character, encoding)


POSITIONS = st.tuples(st.integers(0, 8), st.integers(0, 12))


@given(TEXTS, st.lists(st.tuples(POSITIONS, POSITIONS, TEXTS), max_size=6), ENCODINGS)
@settings(max_examples=400)
def test_edits_in_sequence(
    text: str, changes: list[tuple[tuple[int, int], tuple[int, int], str]], encoding: PositionEncoding
) -> None:
    snapshot = DocumentSnapshot.opened("file:///a.py", 1, None, text.encode())
    expected = text
    for version, (start, end, new) in enumerate(changes, 2):
        low = naive_index(expected, *start, encoding)
        high = max(low, naive_index(expected, *end, encoding))
        expected = expected[:low] + new + expected[high:]
        snapshot = snapshot.changed(version, [Change(new.encode(), start, end)], encoding)
        assert expected == snapshot.text.decode()
        assert LineIndex.of(snapshot.text) == snapshot.lines


def edited(text: str, start: tuple[int, int], end: tuple[int, int], new: str) -> str:
    """The text after one UTF-16 edit."""
    snapshot = DocumentSnapshot.opened("file:///a.py", 1, None, text.encode())
    changed = snapshot.changed(2, [Change(new.encode(), start, end)], PositionEncoding.UTF16)
    return changed.text.decode()


def test_edit_past_the_end_of_a_last_line_without_break() -> None:
    assert edited("abc", (0, 10), (0, 10), "Z") == "abcZ"


def test_edit_past_the_end_of_a_line_stays_before_its_break() -> None:
    assert edited("abc\r\ndef", (0, 99), (0, 99), "Z") == "abcZ\r\ndef"


def test_form_feed_is_not_a_line_break() -> None:
    assert edited("a = 1\x0c\nb = 2\nc = 3", (2, 4), (2, 5), "9") == "a = 1\x0c\nb = 2\nc = 9"


def test_line_separator_is_not_a_line_break() -> None:
    assert edited("a = '\u2028'\nb = 2", (1, 4), (1, 5), "9") == "a = '\u2028'\nb = 9"


def test_emoji_counts_two_in_utf16() -> None:
    assert edited("x = '😀'; y", (0, 10), (0, 11), "z") == "x = '😀'; z"


def test_position_inside_a_surrogate_pair_snaps_back() -> None:
    data = "😀a".encode()
    assert offset_at(data, LineIndex.of(data), 0, 1, PositionEncoding.UTF16) == 0


def test_line_break_split_and_joined_by_edits() -> None:
    assert edited("a\rX\nb", (1, 0), (1, 1), "") == "a\r\nb"
    snapshot = DocumentSnapshot.opened("file:///a.py", 1, None, b"a\rX\nb")
    changed = snapshot.changed(2, [Change(b"", (1, 0), (1, 1))], PositionEncoding.UTF16)
    assert changed.lines.starts == (0, 3)


def test_whole_text_replacement() -> None:
    snapshot = DocumentSnapshot.opened("file:///a.py", 1, None, b"old")
    changed = snapshot.changed(2, [Change(b"new\n"), Change(b"X", (0, 0), (0, 1))], PositionEncoding.UTF16)
    assert (changed.text, changed.version) == (b"Xew\n", 2)


def test_lone_surrogate_keeps_its_length() -> None:
    assert to_bytes("a\ud83d b").decode() == "a\ufffd b"
    assert to_bytes("a\ud83d\ude00b").decode() == "a😀b"


def test_encoding_is_the_first_offer_we_know() -> None:
    assert choose_encoding(None) is PositionEncoding.UTF16
    assert choose_encoding(["utf-7"]) is PositionEncoding.UTF16
    assert choose_encoding(["utf-7", "utf-32", "utf-8"]) is PositionEncoding.UTF32
