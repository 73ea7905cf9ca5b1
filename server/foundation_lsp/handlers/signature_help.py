"""`textDocument/signatureHelp`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


async def signature_help(
    ls: FoundationServer, params: types.SignatureHelpParams
) -> types.SignatureHelp | None:
    """The parameters of the pattern whose arguments are being written."""
    return None
