"""Occurrences as document symbols: "retry_with_backoff" on `fetch`, with the parameters that are written there."""

from __future__ import annotations

from foundation_grammars.occurrence import Occurrence, TargetKind
from lsprotocol import types

from foundation_lsp.analysis import Analysis
from foundation_lsp.client import Client
from foundation_lsp.to_lsp import range_of

_KINDS = {
    TargetKind.FUNCTION: types.SymbolKind.Function,
    TargetKind.ASYNC_FUNCTION: types.SymbolKind.Function,
    TargetKind.METHOD: types.SymbolKind.Method,
    TargetKind.CLASS: types.SymbolKind.Class,
    TargetKind.BLOCK: types.SymbolKind.Event,
    TargetKind.ASSIGNMENT: types.SymbolKind.Variable,
    TargetKind.EXPRESSION: types.SymbolKind.Event,
}


def tree(analysis: Analysis, client: Client) -> list[types.DocumentSymbol]:
    """One symbol for each occurrence; those inside the target of another are its children."""
    snapshot, encoding = analysis.snapshot, client.encoding
    roots: list[types.DocumentSymbol] = []
    enclosing: list[tuple[int, types.DocumentSymbol]] = []
    for occurrence in sorted(analysis.occurrences, key=lambda o: (_start(o), -_end(o), o.range.start)):
        start, end = _start(occurrence), _end(occurrence)
        whole = type(occurrence.range)(start, end)
        symbol = types.DocumentSymbol(
            name=_name(occurrence),
            detail=_detail(occurrence, analysis),
            kind=_kind(occurrence),
            range=range_of(snapshot, whole, encoding),
            selection_range=range_of(snapshot, occurrence.name_range, encoding),
            children=[],
        )
        while enclosing and enclosing[-1][0] < end:
            enclosing.pop()
        siblings = enclosing[-1][1].children if enclosing else None
        if isinstance(siblings, list):
            siblings.append(symbol)
        else:
            roots.append(symbol)
        enclosing.append((end, symbol))
    return roots


def flat(analysis: Analysis, client: Client) -> list[types.SymbolInformation]:
    """The same symbols for a client that shows a list."""
    snapshot = analysis.snapshot
    return [
        types.SymbolInformation(
            name=_name(occurrence),
            kind=_kind(occurrence),
            location=types.Location(snapshot.uri, range_of(snapshot, occurrence.range, client.encoding)),
            container_name=occurrence.target.name if occurrence.target is not None else None,
        )
        for occurrence in analysis.occurrences
    ]


def _start(occurrence: Occurrence) -> int:
    target = occurrence.target
    return min(occurrence.range.start, target.range.start) if target else occurrence.range.start


def _end(occurrence: Occurrence) -> int:
    target = occurrence.target
    return max(occurrence.range.end, target.range.end) if target else occurrence.range.end


def _name(occurrence: Occurrence) -> str:
    target = occurrence.target
    return f"{occurrence.pattern_id} on {target.name}" if target and target.name else occurrence.pattern_id


def _kind(occurrence: Occurrence) -> types.SymbolKind:
    return _KINDS[occurrence.target.kind] if occurrence.target else types.SymbolKind.Event


def _detail(occurrence: Occurrence, analysis: Analysis) -> str:
    if occurrence.arguments_range is None:
        return ""
    place = occurrence.arguments_range
    text = " ".join(analysis.snapshot.text[place.start : place.end].decode("utf-8", "replace").split())
    return text if len(text) <= 80 else text[:79] + "…"
