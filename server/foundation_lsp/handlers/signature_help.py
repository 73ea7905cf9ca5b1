"""`textDocument/signatureHelp`: the parameters of the pattern whose arguments are being written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from foundation_lsp.diagnostics import analysis_of
from foundation_lsp.from_lsp import offset_of
from foundation_lsp.signatures import signature

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


async def signature_help(
    ls: FoundationServer, params: types.SignatureHelpParams
) -> types.SignatureHelp | None:
    """The signature at the position, or nothing."""
    client = ls.session.client
    analysis = await analysis_of(ls, params.text_document.uri)
    if analysis is None or analysis.snapshot.language is None:
        return None
    language = analysis.snapshot.language
    offset = offset_of(analysis.snapshot, params.position, client.encoding)
    return await ls.compute(
        lambda: signature(analysis.parsed(language), offset, analysis.registry, client),
        len(analysis.snapshot.text),
    )
