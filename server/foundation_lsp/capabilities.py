"""What the server says it can do, to each client what that client can use."""

from __future__ import annotations

from lsprotocol import types

from foundation_lsp import options
from foundation_lsp.client import Client
from foundation_lsp.commands import COMMANDS
from foundation_lsp.settings import DOTFILE, PYPROJECT

FIX_ALL = "source.fixAll.foundation"
_WATCHED = (f"**/{DOTFILE}", f"**/{PYPROJECT}", "**/.foundation/specs/*.{yaml,yml}", "**/*.{py,pyi,go,rs,rb}")


def of_server(client: Client) -> types.ServerCapabilities:
    """The capabilities for this client; diagnostics are offered for pulling only to a client that pulls."""
    folders = types.WorkspaceFoldersServerCapabilities(supported=True, change_notifications=True)
    return types.ServerCapabilities(
        position_encoding=types.PositionEncodingKind(client.encoding.value),
        text_document_sync=types.TextDocumentSyncOptions(
            open_close=True,
            change=types.TextDocumentSyncKind.Incremental,
            save=types.SaveOptions(include_text=False),
        ),
        hover_provider=True,
        completion_provider=types.CompletionOptions(trigger_characters=["@", "(", ",", "=", ":", ".", "["]),
        signature_help_provider=types.SignatureHelpOptions(trigger_characters=["(", ","]),
        document_symbol_provider=True,
        code_action_provider=types.CodeActionOptions(
            code_action_kinds=[
                types.CodeActionKind.QuickFix,
                types.CodeActionKind.RefactorRewrite,
                FIX_ALL,
            ],
            resolve_provider=True,
        ),
        code_lens_provider=types.CodeLensOptions(resolve_provider=False),
        diagnostic_provider=types.DiagnosticOptions(
            identifier=options.SECTION, inter_file_dependencies=False, workspace_diagnostics=True
        )
        if client.pulls_diagnostics
        else None,
        execute_command_provider=types.ExecuteCommandOptions(commands=list(COMMANDS)),
        workspace=types.WorkspaceOptions(workspace_folders=folders),
    )


def registrations(client: Client) -> list[types.Registration]:
    """What is asked of the client once it is ready, as far as it can be asked."""
    wanted: list[types.Registration] = []
    if client.registers_watchers:
        watchers = [types.FileSystemWatcher(glob_pattern=glob) for glob in _WATCHED]
        wanted.append(
            types.Registration(
                "foundation-files",
                types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                types.DidChangeWatchedFilesRegistrationOptions(watchers),
            )
        )
    if client.registers_configuration:
        wanted.append(
            types.Registration(
                "foundation-settings",
                types.WORKSPACE_DID_CHANGE_CONFIGURATION,
                types.DidChangeConfigurationRegistrationOptions(section=options.SECTION),
            )
        )
    return wanted
