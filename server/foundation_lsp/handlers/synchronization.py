"""`textDocument/didOpen`, `didChange`, `didSave` and `didClose`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from foundation_lsp.from_lsp import changes_of, language_of_document, path_of
from foundation_lsp.positions import to_bytes
from foundation_lsp.session import is_configuration

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


def did_open(ls: FoundationServer, params: types.DidOpenTextDocumentParams) -> None:
    """Take the document over from the disk."""
    item = params.text_document
    language = language_of_document(item.language_id, item.uri)
    ls.session.open(item.uri, item.version, language, to_bytes(item.text))
    ls.session.changed.set()
    ls.publisher.document_changed(item.uri)
    _hand_over(ls, item.uri)


def did_change(ls: FoundationServer, params: types.DidChangeTextDocumentParams) -> None:
    """Apply the edits at once, so that every later request sees them, and check soon."""
    uri = params.text_document.uri
    if not ls.session.change(uri, params.text_document.version, changes_of(params.content_changes)):
        ls.log(f"ignored a change of {uri}, which is not open", types.MessageType.Warning)
        return
    ls.publisher.document_changed(uri)


def did_save(ls: FoundationServer, params: types.DidSaveTextDocumentParams) -> None:
    """A saved settings file or spec changes what is reported everywhere."""
    path = path_of(params.text_document.uri)
    if path is not None and is_configuration(path):
        ls.configuration_changed()
    else:
        ls.session.changed.set()


def did_close(ls: FoundationServer, params: types.DidCloseTextDocumentParams) -> None:
    """Give the document back to the disk and take its diagnostics back."""
    if ls.session.close(params.text_document.uri):
        ls.publisher.document_closed(params.text_document.uri)
        ls.session.changed.set()
        _hand_over(ls, params.text_document.uri)


def _hand_over(ls: FoundationServer, uri: str) -> None:
    """Problems of a settings file are pushed while it is closed; while it is open they are shown like any other's."""
    path = path_of(uri)
    if path is not None and is_configuration(path):
        ls.publisher.publish_configuration()
