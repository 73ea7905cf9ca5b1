"""Finding occurrences: runs the queries of a language over a tree and keeps the richest reading of each place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

from foundation_specs.model import LanguageId
from tree_sitter import Node, Query, QueryCursor

from foundation_grammars._reading import Reader, Reading, Resolution, Shape, exported, word_places
from foundation_grammars.language import grammar
from foundation_grammars.occurrence import Occurrence, OccurrenceForm
from foundation_grammars.tree import SyntaxNode, SyntaxTree, as_node

PATTERN_IDS = (
    "structured_logging",
    "configuration",
    "retry_with_backoff",
    "circuit_breaker",
    "error_boundary",
    "http_client",
    "cli_framework",
    "process_execution",
    "file_operations",
    "rate_limiting",
)

# The root package of each dialect in each language, and what separates the segments of a path there.
_ROOTS: dict[LanguageId, tuple[str, tuple[tuple[str, str], ...]]] = {
    LanguageId.PYTHON: (".", (("provide", "provide.foundation"), ("foundation", "foundation"))),
    LanguageId.GO: (".", (("foundation", "foundation"),)),
    LanguageId.RUST: ("::", (("foundation", "foundation"),)),
    LanguageId.RUBY: (".", (("foundation", "Foundation"),)),
}

_RENAMED = re.compile(rb"[ \t]+as[ \t]+(\w+)")
_ASSIGNED = re.compile(rb"(\w+)[ \t]*=[ \t]*(?:[\w.:]*[.:])?$")
_STATEMENT_END = re.compile(rb"[ \t\r]*(?:\n|$|#|;)")
_RESOLVES = re.compile(r'#set! resolves "([^"]*)"')
_ANNOTATION_NAME = re.compile(r'#set! form "annotation"\)\s*\(#set! positional "([^"]*)"')
_LEAVES = frozenset({"identifier", "constant", "type_identifier", "field_identifier", "retry", "comment"})
_MANY_PLACES = 300

# The more the form says about what it governs, the richer it is.
_RICHNESS = {
    OccurrenceForm.DECORATOR: 7,
    OccurrenceForm.ANNOTATION: 7,
    OccurrenceForm.MACRO: 7,
    OccurrenceForm.CLASS: 6,
    OccurrenceForm.BLOCK: 5,
    OccurrenceForm.CONTEXT_MANAGER: 5,
    OccurrenceForm.CONSTRUCTOR: 3,
    OccurrenceForm.CALL: 2,
    OccurrenceForm.IMPORT: 1,
}


@dataclass(frozen=True, slots=True)
class PatternQuery:
    """A compiled `.scm` file: the query and what its `#set!` lines say of each query pattern."""

    query: Query
    shapes: tuple[Shape, ...]


@cache
def _query_text(language: LanguageId, pattern_id: str) -> str:
    path = files("foundation_grammars").joinpath("queries", language.value, f"{pattern_id}.scm")
    return path.read_text("utf-8")


@cache
def pattern_hints(language: LanguageId, pattern_id: str) -> tuple[bytes, ...]:
    """The words of which a file must hold one for the pattern to be in it.

    Read from the text of the query, because compiling one takes some tens of milliseconds and most files need few.
    """
    text = _query_text(language, pattern_id)
    exports = [export for value in _RESOLVES.findall(text) for export in value.split()]
    hints = {_hint(export) for export in exports}
    hints |= set(_ANNOTATION_NAME.findall(text))
    if "(#set! derives)" in text:
        hints.add("from_env")
    return tuple(sorted(hint.encode() for hint in hints))


@cache
def pattern_query(language: LanguageId, pattern_id: str) -> PatternQuery:
    """The query of one pattern in one language, read and compiled once."""
    query = Query(grammar(language), _query_text(language, pattern_id))
    shapes: list[Shape] = []
    for index in range(query.pattern_count):
        settings = query.pattern_settings(index)
        shapes.append(
            Shape(
                form=settings.get("form") or "",
                exports=tuple((settings.get("resolves") or "").split()),
                positional=tuple((settings.get("positional") or "").split()),
                unimported="unimported" in settings,
                malformed=settings.get("malformed") or "",
                derives="derives" in settings,
                member=settings.get("member") or "",
                ends=tuple((settings.get("ends") or "").split()),
                open="open" in settings,
                ignores=tuple((settings.get("ignores") or "").split()),
                plural=tuple((settings.get("plural") or "").split()),
            )
        )
    return PatternQuery(query, tuple(shapes))


def _hint(export: str) -> str:
    """The word that a file must hold when the export occurs in it: its last segment that is not a constructor."""
    words = [word for word in re.findall(r"\w+", export) if word not in ("new", "builder")]
    return words[-1]


def find_occurrences(tree: SyntaxTree) -> list[Occurrence]:
    """Every occurrence of every pattern in the tree, in source order; never raises on content."""
    reader: Reader | None = None
    found: list[Occurrence] = []
    for pattern_id in PATTERN_IDS:
        words = pattern_words(tree, pattern_id)
        if not words:
            continue
        compiled = pattern_query(tree.language, pattern_id)
        if reader is None:
            reader = reader_for(tree)
        for index, captures in _matches(tree, compiled, words):
            occurrence = _occurrence(tree, reader, pattern_id, compiled.shapes[index], captures)
            if occurrence is not None:
                found.append(occurrence)
    return _richest(found)


def pattern_words(tree: SyntaxTree, pattern_id: str) -> set[bytes]:
    """The words that an occurrence of the pattern must hold: its exported names and what the file calls them."""
    hints = pattern_hints(tree.language, pattern_id)
    text = tree.lines
    if tree.language is LanguageId.GO and b"foundation" not in text:
        # Without the import only annotations are left, whose names start in lower case.
        hints = tuple(hint for hint in hints if hint[:1].islower())
    words: set[bytes] = set()
    pending = {hint for hint in hints if hint in text}
    while pending and len(words) < _MANY_PLACES:
        words |= pending
        pending = {alias for word in pending for alias in _aliases(text, word)} - words
    return words


def _aliases(text: bytes, word: bytes) -> Iterator[bytes]:
    """Other names that the file gives to a name: `from m import name as other`, `other = m.name`."""
    for start, end in word_places(text, word):
        renamed = _RENAMED.match(text, end)
        if renamed is not None:
            yield renamed.group(1)
        elif _STATEMENT_END.match(text, end) is not None:
            line_start = text.rfind(b"\n", 0, start) + 1
            assigned = _ASSIGNED.search(text[max(line_start, start - 200) : start])
            if assigned is not None:
                yield assigned.group(1)


def _matches(
    tree: SyntaxTree, compiled: PatternQuery, words: set[bytes]
) -> Iterator[tuple[int, dict[str, list[Node]]]]:
    """The query's matches at the places where one of the words stands.

    A query over the whole tree visits every call; looking only where a name is spelled is many times faster. A file in
    which the words are everywhere is searched whole.
    """
    root = as_node(tree.root)
    places = [place for word in words for place in word_places(tree.lines, word)]
    if len(places) > _MANY_PLACES:
        yield from QueryCursor(compiled.query).matches(root)
        return
    seen: set[tuple[int, int]] = set()
    for start, end in places:
        leaf = root.descendant_for_byte_range(start, end)
        if leaf is None or leaf.type not in _LEAVES:
            continue
        cursor = QueryCursor(compiled.query)
        cursor.set_byte_range(start, end)
        for index, captures in cursor.matches(root):
            named = captures.get("name") or captures["occurrence"]
            key = (index, named[0].id)
            if key not in seen:
                seen.add(key)
                yield index, captures


def reader_for(tree: SyntaxTree) -> Reader:
    """What reads names, constants and arguments in the tree's language."""
    match tree.language:
        case LanguageId.PYTHON:
            from foundation_grammars._python import PythonReader

            return PythonReader(tree)
        case LanguageId.GO:
            from foundation_grammars._go import GoReader

            return GoReader(tree)
        case LanguageId.RUST:
            from foundation_grammars._rust import RustReader

            return RustReader(tree)
        case LanguageId.RUBY:
            from foundation_grammars._ruby import RubyReader

            return RubyReader(tree)


def _occurrence(
    tree: SyntaxTree, reader: Reader, pattern_id: str, shape: Shape, captures: dict[str, list[Node]]
) -> Occurrence | None:
    nodes = cast("dict[str, list[SyntaxNode]]", captures)
    resolution: Resolution | None = None
    symbol = ""
    dialect = "foundation"
    if shape.exports:
        resolution = reader.resolve(nodes["name"][0], shape)
        if resolution is None or not (resolution.imported or shape.unimported):
            return None
        named = named_export(tree.language, resolution.path, shape.exports)
        if named is None:
            return None
        dialect, symbol = named
    reading = reader.read(shape, nodes)
    if reading is None:
        return None
    return _assemble(tree, pattern_id, dialect, symbol, resolution, shape, reading)


def named_export(language: LanguageId, path: str, exports: tuple[str, ...]) -> tuple[str, str] | None:
    """The dialect and the export that a resolved path is, or None."""
    separator, roots = _ROOTS[language]
    for dialect, root in roots:
        if path.startswith(root):
            named = exported(path, [e for e in exports if e.startswith(root)], root, separator)
            if named is not None:
                return dialect, named
    return None


def _assemble(
    tree: SyntaxTree,
    pattern_id: str,
    dialect: str,
    symbol: str,
    resolution: Resolution | None,
    shape: Shape,
    reading: Reading,
) -> Occurrence:
    return Occurrence(
        pattern_id=pattern_id,
        dialect=dialect,
        language=tree.language,
        form=OccurrenceForm(reading.form),
        range=reading.range,
        name_range=reading.name_range,
        arguments=tuple(a for a in reading.arguments.items if a.parameter not in shape.ignores),
        target=reading.target,
        arguments_range=reading.arguments.range,
        imported=resolution is None or resolution.imported,
        malformed=shape.malformed,
        spelled=reading.spelled,
        symbol=symbol,
        open_arguments=reading.arguments.open or shape.open,
    )


def _richest(found: list[Occurrence]) -> list[Occurrence]:
    """One occurrence per place, in source order.

    A decorator with arguments is matched as a decorator and as a call; the decorator says more. A policy literal inside
    the arguments of an occurrence of the same pattern has been flattened into it and is not an occurrence of its own.
    """
    best: dict[tuple[str, int, int], Occurrence] = {}
    for item in found:
        key = (item.pattern_id, item.name_range.start, item.name_range.end)
        held = best.get(key)
        if held is None or _weight(item) > _weight(held):
            best[key] = item
    kept = sorted(best.values(), key=lambda o: (o.range.start, -o.range.end, o.pattern_id))
    flattened: set[tuple[str, int, int]] = set()
    for item in kept:
        for argument in item.arguments:
            if argument.policy:
                flattened.add((item.pattern_id, argument.value_range.start, argument.value_range.end))
    return [o for o in kept if not _within(o, flattened)]


def _weight(item: Occurrence) -> tuple[int, int, int]:
    return (_RICHNESS[item.form], len(item.arguments), item.range.end - item.range.start)


def _within(item: Occurrence, flattened: set[tuple[str, int, int]]) -> bool:
    return any(
        pattern == item.pattern_id and start <= item.name_range.start and item.name_range.end <= end
        for pattern, start, end in flattened
    )
