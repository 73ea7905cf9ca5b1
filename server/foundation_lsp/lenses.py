"""Code lenses: the delay schedule above each occurrence that waits between attempts."""

from __future__ import annotations

from lsprotocol import types

from foundation_lsp import hover_text
from foundation_lsp.analysis import Analysis
from foundation_lsp.client import Client
from foundation_lsp.to_lsp import range_of


def lenses(analysis: Analysis, client: Client) -> list[types.CodeLens]:
    """One lens for each occurrence whose schedule is known; the empty command makes it plain text."""
    found: list[types.CodeLens] = []
    for occurrence in analysis.occurrences:
        description = hover_text.description(occurrence, analysis.registry)
        if description is not None and description.schedule is not None:
            place = range_of(analysis.snapshot, occurrence.name_range, client.encoding)
            found.append(types.CodeLens(place, types.Command(f"delays: {description.schedule_text}", "")))
    return found
