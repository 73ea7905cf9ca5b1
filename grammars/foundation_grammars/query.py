"""Finding occurrences: runs the queries of a language over a tree and keeps the richest reading of each place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

from foundation_specs.model import LanguageId
from tree_sitter import Node, Query, QueryCursor

from foundation_grammars._reading import Reader, Reading, Resolution, Shape, exported
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
    """A compiled `.scm` file: the query and what its `#set!` and `#resolves?` lines say of each query pattern."""

    query: Query
    shapes: tuple[Shape, ...]
    hints: tuple[bytes, ...]


@cache
def pattern_query(language: LanguageId, pattern_id: str) -> PatternQuery:
    """The query of one pattern in one language, read and compiled once."""
    text = (
        files("foundation_grammars")
        .joinpath("queries", language.value, f"{pattern_id}.scm")
        .read_text("utf-8")
    )
    query = Query(grammar(language), text)
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
    hints = {_hint(export).encode() for shape in shapes for export in shape.exports}
    hints |= {name.encode() for shape in shapes if shape.form == "annotation" for name in shape.positional}
    return PatternQuery(query, tuple(shapes), tuple(sorted(hints)))


def _hint(export: str) -> str:
    """The word that a file must hold when the export occurs in it: its last segment that is not a constructor."""
    words = [word for word in re.findall(r"\w+", export) if word not in ("new", "builder")]
    return words[-1]


def find_occurrences(tree: SyntaxTree) -> list[Occurrence]:
    """Every occurrence of every pattern in the tree, in source order; never raises on content."""
    reader: Reader | None = None
    found: list[Occurrence] = []
    root = as_node(tree.root)
    for pattern_id in PATTERN_IDS:
        compiled = pattern_query(tree.language, pattern_id)
        # An imported name is spelled at least once in the file, at its import or at its use; when none of the names of
        # a pattern is there, its query need not run.
        if not any(hint in tree.text for hint in compiled.hints):
            continue
        if reader is None:
            reader = reader_for(tree)
        for index, captures in QueryCursor(compiled.query).matches(root):
            occurrence = _occurrence(tree, reader, pattern_id, compiled.shapes[index], captures)
            if occurrence is not None:
                found.append(occurrence)
    return _richest(found)


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
