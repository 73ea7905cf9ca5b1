"""`textDocument/hover`: what the pattern under the caret promises and does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from foundation_lsp import hover_text, to_lsp
from foundation_lsp.diagnostics import analysis_of
from foundation_lsp.from_lsp import offset_of

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


async def hover(ls: FoundationServer, params: types.HoverParams) -> types.Hover | None:
    """The description of the occurrence at the position, or nothing."""
    client = ls.session.client
    analysis = await analysis_of(ls, params.text_document.uri)
    if analysis is None:
        return None
    occurrence = analysis.occurrence_at(offset_of(analysis.snapshot, params.position, client.encoding))
    description = hover_text.description(occurrence, analysis.registry) if occurrence else None
    if occurrence is None or description is None:
        return None
    contents = to_lsp.markup(
        hover_text.markdown(description),
        hover_text.plain(description),
        accepts_markdown=client.hover_markdown,
    )
    return types.Hover(contents, to_lsp.range_of(analysis.snapshot, occurrence.name_range, client.encoding))
