"""One module per request; each only dispatches. The table below is all that the server answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from foundation_lsp.handlers import (
    code_action,
    code_lens,
    completion,
    configuration,
    diagnostic,
    document_symbol,
    execute_command,
    hover,
    lifecycle,
    signature_help,
    synchronization,
    workspace_diagnostic,
)

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer

_FEATURES: dict[str, Callable[..., Any]] = {
    types.INITIALIZE: lifecycle.initialize,
    types.INITIALIZED: lifecycle.initialized,
    types.SHUTDOWN: lifecycle.shutdown,
    types.EXIT: lifecycle.leave,
    types.SET_TRACE: lifecycle.set_trace,
    types.TEXT_DOCUMENT_DID_OPEN: synchronization.did_open,
    types.TEXT_DOCUMENT_DID_CHANGE: synchronization.did_change,
    types.TEXT_DOCUMENT_DID_SAVE: synchronization.did_save,
    types.TEXT_DOCUMENT_DID_CLOSE: synchronization.did_close,
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: configuration.did_change_configuration,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: configuration.did_change_watched_files,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: configuration.did_change_workspace_folders,
    types.TEXT_DOCUMENT_DIAGNOSTIC: diagnostic.diagnostic,
    types.WORKSPACE_DIAGNOSTIC: workspace_diagnostic.workspace_diagnostic,
    types.TEXT_DOCUMENT_HOVER: hover.hover,
    types.TEXT_DOCUMENT_COMPLETION: completion.completion,
    types.TEXT_DOCUMENT_SIGNATURE_HELP: signature_help.signature_help,
    types.TEXT_DOCUMENT_CODE_ACTION: code_action.code_action,
    types.CODE_ACTION_RESOLVE: code_action.resolve,
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: document_symbol.document_symbol,
    types.TEXT_DOCUMENT_CODE_LENS: code_lens.code_lens,
    types.WORKSPACE_EXECUTE_COMMAND: execute_command.execute_command,
    types.WINDOW_WORK_DONE_PROGRESS_CANCEL: execute_command.progress_cancel,
}


def register(server: FoundationServer) -> None:
    """Connect every handler to its method."""
    for method, handler in _FEATURES.items():
        server.feature(method)(handler)
