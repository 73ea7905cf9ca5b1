"""`textDocument/completion`: parameters, values and whole annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from foundation_lsp.completions import completions
from foundation_lsp.diagnostics import analysis_of
from foundation_lsp.from_lsp import offset_of

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


async def completion(ls: FoundationServer, params: types.CompletionParams) -> types.CompletionList | None:
    """What may be written at the position."""
    client = ls.session.client
    analysis = await analysis_of(ls, params.text_document.uri)
    if analysis is None or analysis.snapshot.language is None:
        return None
    snapshot = analysis.snapshot
    language = analysis.snapshot.language
    offset = offset_of(snapshot, params.position, client.encoding)
    items = await ls.compute(
        lambda: completions(analysis.parsed(language), snapshot, offset, analysis.registry, client),
        len(snapshot.text),
    )
    return types.CompletionList(is_incomplete=False, items=items)
