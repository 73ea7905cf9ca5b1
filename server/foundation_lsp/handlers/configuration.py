"""`workspace/didChangeConfiguration`, `didChangeWatchedFiles` and `didChangeWorkspaceFolders`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from foundation_lsp import options
from foundation_lsp.from_lsp import path_of, plain
from foundation_lsp.session import is_configuration

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


async def did_change_configuration(ls: FoundationServer, params: types.DidChangeConfigurationParams) -> None:
    """Take the settings from the message, or ask for them when the client only says that they changed."""
    settings = plain(params.settings)
    if ls.session.client.configuration and not settings:
        await fetch(ls)
    else:
        _apply(ls, settings)


async def fetch(ls: FoundationServer) -> None:
    """Ask the client for its settings; one that has none keeps what `initializationOptions` said."""
    item = types.ConfigurationItem(section=options.SECTION)
    answer = await ls.workspace_configuration_async(types.ConfigurationParams([item]))
    if answer and answer[0]:
        _apply(ls, plain(answer[0]))


def _apply(ls: FoundationServer, settings: Any) -> None:
    ls.session.options = options.changed(settings, ls.session.options)
    ls.configuration_changed()


def did_change_watched_files(ls: FoundationServer, params: types.DidChangeWatchedFilesParams) -> None:
    """Read settings and specs anew when one of them changed; other files matter to workspace diagnostics."""
    paths = [path_of(change.uri) for change in params.changes]
    if any(path is not None and is_configuration(path) for path in paths):
        ls.configuration_changed()
    else:
        ls.session.changed.set()


def did_change_workspace_folders(ls: FoundationServer, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Add and remove folders; each has specs and settings of its own."""
    removed = {path_of(folder.uri) for folder in params.event.removed}
    kept = [root for root in ls.session.roots if root not in removed]
    added = [path for folder in params.event.added if (path := path_of(folder.uri)) is not None]
    ls.session.roots = (*kept, *(path for path in added if path not in kept))
    ls.configuration_changed()
