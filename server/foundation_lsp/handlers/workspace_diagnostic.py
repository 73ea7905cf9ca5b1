"""`workspace/diagnostic`: the diagnostics of files that are not open, held back until there is something new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from foundation_lsp import workspace
from foundation_lsp.protocol import Phase

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


async def workspace_diagnostic(
    ls: FoundationServer, params: types.WorkspaceDiagnosticParams
) -> types.WorkspaceDiagnosticReport:
    """What has changed since `previousResultIds`; the first request is answered at once, later ones wait for news."""
    previous = {known.uri: known.value for known in params.previous_result_ids}
    session = ls.session
    while ls.protocol.phase is Phase.RUNNING:
        session.changed.clear()
        items, news = await workspace.report(ls, previous)
        if news or not session.workspace_reported:
            session.workspace_reported = True
            return types.WorkspaceDiagnosticReport(items)
        await session.changed.wait()
    return types.WorkspaceDiagnosticReport([])
