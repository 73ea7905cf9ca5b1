"""`workspace/executeCommand`, and `window/workDoneProgress/cancel` for the progress that a command shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from foundation_lsp import commands, porting, spec_text
from foundation_lsp.from_lsp import plain

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


async def execute_command(ls: FoundationServer, params: types.ExecuteCommandParams) -> Any:
    """Run a command; the first argument is an object that names what it needs."""
    given = plain(params.arguments or [])
    first: Any = given[0] if given else {}
    if not isinstance(first, dict):
        raise JsonRpcInvalidParams(f"{params.command} takes one object")
    argument = cast("dict[str, Any]", first)
    match params.command:
        case commands.PORT:
            return await porting.port_command(ls, argument, params.work_done_token)
        case commands.GENERATE:
            return await porting.generate_command(ls, argument)
        case commands.SHOW_SPEC:
            return spec_text.spec_command(ls, argument)
        case _:
            raise JsonRpcInvalidParams(f"unknown command {params.command!r}")


def progress_cancel(ls: FoundationServer, params: types.WorkDoneProgressCancelParams) -> None:
    """Cancel the work behind a progress token."""
    ls.work.cancel(params.token)
