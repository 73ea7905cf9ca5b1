"""`textDocument/codeLens`: the delay schedule above each occurrence that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from foundation_lsp.diagnostics import analysis_of
from foundation_lsp.lenses import lenses

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


async def code_lens(ls: FoundationServer, params: types.CodeLensParams) -> list[types.CodeLens] | None:
    """One lens for each occurrence whose schedule is known; it says something and does nothing."""
    if not ls.session.options.code_lens:
        return None
    analysis = await analysis_of(ls, params.text_document.uri)
    if analysis is None:
        return None
    return await ls.compute(lambda: lenses(analysis, ls.session.client), len(analysis.snapshot.text))
