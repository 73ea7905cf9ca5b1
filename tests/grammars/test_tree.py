"""Parsing keeps offsets, survives any bytes, and gives the same tree incrementally as afresh."""

from __future__ import annotations

import threading
import time

import pytest
from foundation_grammars.language import language_of
from foundation_grammars.query import find_occurrences
from foundation_grammars.tree import CHUNKED_FROM, ByteEdit, SyntaxNode, SyntaxTree, parse
from foundation_specs.model import LanguageId
from hypothesis import given, settings
from hypothesis import strategies as st

SOURCES = {
    LanguageId.PYTHON: b"from foundation import retry\n\n@retry(max_attempts=3)\ndef f():\n    return '\xc3\xa9'\n",
    LanguageId.GO: b"package p\n\n// @retry(maxAttempts=3)\nfunc F() error {\n\treturn nil\n}\n",
    LanguageId.RUST: b"use foundation::retry;\n#[retry(max_attempts = 3)]\nfn f() -> Result<(), E> { Ok(()) }\n",
    LanguageId.RUBY: b"require 'foundation'\nFoundation.retry(max_attempts: 3) do |a|\n  f(a)\nend\n",
}
PIECES = st.sampled_from(
    [
        *(b"", b" ", b"\n", b"\r\n", b"\r", b"\x0c", b"(", b")", b'"', b"'", b"#", b"//", b"{", b"}"),
        *(b"@retry(", b"end", b"\xf0\x9f\x98\x80", b"\xc3", b"\xff", b"\x00", b"=begin\n", b"x = 1"),
        *(b"def g():\n    pass\n", b"func G() {}\n"),
    ]
)


def shape(node: SyntaxNode) -> list[tuple[str, int, int, bool]]:
    found = []
    pending = [node]
    while pending:
        current = pending.pop()
        found.append((current.type, current.start_byte, current.end_byte, current.is_missing))
        pending.extend(reversed(current.children))
    return found


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.py", LanguageId.PYTHON),
        ("stubs/a.pyi", LanguageId.PYTHON),
        ("A.GO", LanguageId.GO),
        ("src/lib.rs", LanguageId.RUST),
        ("Rakefile", LanguageId.RUBY),
        ("config.ru", LanguageId.RUBY),
        ("a.txt", None),
        ("py", None),
        ("", None),
    ],
)
def test_the_language_of_a_path(path: str, language: LanguageId | None) -> None:
    assert language_of(path) == language


@settings(max_examples=150, deadline=None)
@given(
    language=st.sampled_from(sorted(SOURCES)),
    edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=6),
    with_edits=st.booleans(),
)
def test_incremental_parsing_equals_fresh_parsing(language, edits, with_edits) -> None:
    tree = parse(SOURCES[language], language)
    for place, removed, inserted in edits:
        text = tree.text
        start = int(place * len(text))
        old_end = min(len(text), start + removed)
        changed = text[:start] + inserted + text[old_end:]
        edit = [ByteEdit(start, old_end, start + len(inserted))] if with_edits else None
        tree = parse(changed, language, tree, edit)
        fresh = parse(changed, language)
        assert tree.text == changed
        if not fresh.root.has_error:
            assert shape(tree.root) == shape(fresh.root)
        # Broken code has several readings, and which one is found may depend on what was there before: then the
        # places, at least, lie in the text, and what does not need the broken part is the same.
        assert all(0 <= r.start <= r.end <= len(changed) for r in tree.errors)
        assert tree.root.has_error == bool(tree.errors)


def test_wrong_edits_are_not_trusted() -> None:
    old = parse(b"x = 1\ny = 2\n", LanguageId.PYTHON)
    new = b"x = 1\nretry = 22\n"
    tree = parse(new, LanguageId.PYTHON, old, [ByteEdit(0, 1, 1)])
    assert shape(tree.root) == shape(parse(new, LanguageId.PYTHON).root)


def test_an_unchanged_text_gives_the_same_tree() -> None:
    tree = parse(b"x = 1\n", LanguageId.PYTHON)
    assert parse(b"x = 1\n", LanguageId.PYTHON, tree) is tree
    assert parse(b"x = 1\n", LanguageId.RUBY, tree) is not tree


@settings(max_examples=200, deadline=None)
@given(
    language=st.sampled_from(sorted(SOURCES)),
    data=st.binary(max_size=300) | st.lists(PIECES, max_size=40).map(b"".join),
)
def test_any_bytes_parse_and_yield_ranges_inside_them(language, data) -> None:
    tree = parse(data, language)
    assert tree.text == data
    for occurrence in find_occurrences(tree):
        assert 0 <= occurrence.range.start <= occurrence.range.end <= len(data)
    assert all(0 <= r.start <= r.end <= len(data) for r in tree.errors)


@pytest.mark.parametrize("language", sorted(SOURCES))
def test_error_ranges_name_the_broken_place_only(language: LanguageId) -> None:
    assert parse(SOURCES[language], language).errors == []
    broken = SOURCES[language] + b"\n)]\n"
    errors = parse(broken, language).errors
    assert errors
    assert min(r.start for r in errors) <= len(broken)


def test_a_lone_carriage_return_ends_a_line() -> None:
    tree = parse(
        b"from foundation import retry\r\r@retry(max_attempts=3)\rdef f():\r    pass\r", LanguageId.PYTHON
    )
    assert tree.errors == []
    assert [o.range.start for o in find_occurrences(tree)] == [30]
    assert b"\n" not in tree.text


def test_form_feeds_nul_bytes_and_a_byte_order_mark_do_not_hide_what_follows() -> None:
    source = b"\xef\xbb\xbffrom foundation import retry\n\x0c\n@retry(max_attempts=3)\ndef f(): pass\n"
    assert [o.name_range.start for o in find_occurrences(parse(source, LanguageId.PYTHON))] == [
        source.index(b"retry(")
    ]
    nul = b"from foundation import retry\nx = '\x00'\n@retry(max_attempts=3)\ndef f(): pass\n"
    assert len(find_occurrences(parse(nul, LanguageId.PYTHON))) == 1


def large_source() -> bytes:
    block = b"def f%d(a, b):\n    return [a, b, {'k': (1, 2, 3)}]\n\n\n"
    lines = b"".join(block % n for n in range(22_000))
    source = b"from foundation import retry\n" + lines + b"@retry(max_attempts=3)\ndef last(): pass\n"
    assert len(source) > CHUNKED_FROM
    return source


def test_a_large_file_is_parsed_in_pieces_so_that_other_threads_run() -> None:
    source = large_source()
    trees: list[SyntaxTree] = []
    ticks = 0
    worker = threading.Thread(target=lambda: trees.append(parse(source, LanguageId.PYTHON)))
    worker.start()
    while worker.is_alive():
        ticks += 1
        time.sleep(0.001)
    worker.join()
    # One uninterrupted parse lets this loop turn once or twice; with a callback it turns after every piece or so.
    assert ticks > 5
    occurrences = find_occurrences(trees[0])
    assert [o.target.name for o in occurrences if o.target] == ["last"]


def test_a_tree_may_be_used_while_its_successor_is_made() -> None:
    first = parse(SOURCES[LanguageId.PYTHON], LanguageId.PYTHON)
    before = shape(first.root)
    parse(b"x = 1\n" + first.text, LanguageId.PYTHON, first)
    assert shape(first.root) == before
