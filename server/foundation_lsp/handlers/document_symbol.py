"""`textDocument/documentSymbol`: the occurrences in a document, under what they govern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from foundation_lsp import symbols
from foundation_lsp.diagnostics import analysis_of

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


async def document_symbol(
    ls: FoundationServer, params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol] | list[types.SymbolInformation] | None:
    """The symbols, nested where the client can show that."""
    client = ls.session.client
    analysis = await analysis_of(ls, params.text_document.uri)
    if analysis is None:
        return None
    if client.hierarchical_symbols:
        return symbols.tree(analysis, client)
    return symbols.flat(analysis, client)
