"""`textDocument/codeAction` and `codeAction/resolve`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from foundation_lsp import actions, porting
from foundation_lsp.diagnostics import analysis_of
from foundation_lsp.from_lsp import byte_range_of, plain
from foundation_lsp.server import IN_THREAD
from foundation_lsp.to_lsp import workspace_edit

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


async def code_action(
    ls: FoundationServer, params: types.CodeActionParams
) -> list[types.CodeAction | types.Command] | None:
    """What can be done at a range."""
    client = ls.session.client
    analysis = await analysis_of(ls, params.text_document.uri)
    if analysis is None:
        return None
    place = byte_range_of(analysis.snapshot, params.range, client.encoding)
    only = [str(getattr(kind, "value", kind)) for kind in params.context.only or ()]
    # The first offer of a port imports the port engine, which takes too long for the loop's own thread.
    size = len(analysis.snapshot.text) if "foundation_engine.port" in sys.modules else IN_THREAD
    return await ls.compute(lambda: actions.actions(analysis, place, only, client, ls.session.options), size)


async def resolve(ls: FoundationServer, action: types.CodeAction) -> types.CodeAction:
    """The edit of an action that was offered without one; `data` is all that is kept between the two requests."""
    data = cast("dict[str, Any]", plain(action.data))
    if not isinstance(action.data, dict) or not isinstance(data.get("uri"), str):
        return action
    if "generate" in data:
        return actions.with_edit(action, await porting.generated_edit(ls, data))
    if "suppress" not in data:
        raise JsonRpcInvalidParams("this action is not one of ours")
    analysis = await analysis_of(ls, data["uri"])
    finding = next(
        (
            f
            for f in (analysis.findings if analysis is not None else ())
            if f.code == data["suppress"] and [f.range.start, f.range.end] == data.get("range")
        ),
        None,
    )
    if analysis is None or finding is None:
        raise JsonRpcException("the document has changed", types.LSPErrorCodes.ContentModified.value)
    edits = actions.suppression_edits(finding, analysis)
    if not edits:
        raise JsonRpcException(
            f"no comment on this line can silence {finding.code}", types.LSPErrorCodes.RequestFailed.value
        )
    return actions.with_edit(action, workspace_edit(edits, analysis.snapshot, ls.session.client))
