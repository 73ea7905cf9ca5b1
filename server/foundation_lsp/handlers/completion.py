"""`textDocument/completion`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


async def completion(ls: FoundationServer, params: types.CompletionParams) -> types.CompletionList | None:
    """Parameters, values and whole annotations at the position."""
    return None
