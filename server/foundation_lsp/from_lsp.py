"""Protocol values to ours: capabilities, content changes, positions, paths, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from foundation_grammars.language import language_of
from foundation_grammars.occurrence import ByteRange
from foundation_specs.model import LanguageId
from lsprotocol import types

from foundation_lsp.client import Client
from foundation_lsp.documents import Change, DocumentSnapshot
from foundation_lsp.positions import PositionEncoding, choose_encoding, offset_at, to_bytes


def client_of(params: types.InitializeParams) -> Client:
    """The client's abilities."""

    def declared(path: str) -> Any:
        value: Any = params.capabilities
        for name in path.split("."):
            value = getattr(value, name, None)
        return value

    def has(path: str) -> bool:
        return bool(declared(path))

    def lists(path: str, item: str) -> bool:
        return item in (declared(path) or ())

    signature = "text_document.signature_help.signature_information"
    published = "text_document.publish_diagnostics"
    completion = "text_document.completion.completion_item"
    markdown = types.MarkupKind.Markdown
    return Client(
        encoding=choose_encoding(declared("general.position_encodings")),
        pulls_diagnostics=declared("text_document.diagnostic") is not None,
        refreshes_diagnostics=has("workspace.diagnostics.refresh_support"),
        related_information=has(f"{published}.related_information"),
        diagnostic_tags=declared(f"{published}.tag_support") is not None,
        hover_markdown=lists("text_document.hover.content_format", markdown),
        completion_markdown=lists(f"{completion}.documentation_format", markdown),
        signature_markdown=lists(f"{signature}.documentation_format", markdown),
        snippets=has(f"{completion}.snippet_support"),
        label_offsets=has(f"{signature}.parameter_information.label_offset_support"),
        hierarchical_symbols=has("text_document.document_symbol.hierarchical_document_symbol_support"),
        code_action_literals=declared("text_document.code_action.code_action_literal_support") is not None,
        resolves_edits=lists("text_document.code_action.resolve_support.properties", "edit"),
        versioned_edits=has("workspace.workspace_edit.document_changes"),
        creates_files=lists("workspace.workspace_edit.resource_operations", "create"),
        applies_edits=has("workspace.apply_edit"),
        work_done_progress=has("window.work_done_progress"),
        configuration=has("workspace.configuration"),
        registers_configuration=has("workspace.did_change_configuration.dynamic_registration"),
        registers_watchers=has("workspace.did_change_watched_files.dynamic_registration"),
        refreshes_code_lenses=has("workspace.code_lens.refresh_support"),
    )


def roots_of(params: types.InitializeParams) -> tuple[Path, ...]:
    """The workspace folders on disk; the older root fields count when there are no folders."""
    folders = [path_of(f.uri) for f in params.workspace_folders or ()]
    if not folders:
        folders = [path_of(params.root_uri) if params.root_uri else None]
    if folders == [None] and params.root_path:
        folders = [Path(params.root_path)]
    return tuple(f for f in folders if f is not None)


def path_of(uri: str) -> Path | None:
    """The path of a `file:` URI, or None: an unsaved buffer has no place on disk."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or not parts.path:
        return None
    path = unquote(parts.path)
    return None if "\0" in path else Path(path)


def language_of_document(language_id: str, uri: str) -> LanguageId | None:
    """The language that the client names, else the one of the file's name, else None."""
    known = {language.value: language for language in LanguageId}
    if language_id in known:
        return known[language_id]
    path = path_of(uri)
    return language_of(path) if path is not None else None


def changes_of(changes: Sequence[types.TextDocumentContentChangeEvent]) -> list[Change]:
    """Content changes with their text as UTF-8."""
    return [
        Change(
            to_bytes(change.text),
            (change.range.start.line, change.range.start.character),
            (change.range.end.line, change.range.end.character),
        )
        if isinstance(change, types.TextDocumentContentChangePartial)
        else Change(to_bytes(change.text))
        for change in changes
    ]


def offset_of(snapshot: DocumentSnapshot, position: types.Position, encoding: PositionEncoding) -> int:
    """The byte offset of a client's position."""
    return offset_at(snapshot.text, snapshot.lines, position.line, position.character, encoding)


def byte_range_of(snapshot: DocumentSnapshot, range_: types.Range, encoding: PositionEncoding) -> ByteRange:
    """The byte range of a client's range; an end before its start becomes the start."""
    start = offset_of(snapshot, range_.start, encoding)
    return ByteRange(start, max(start, offset_of(snapshot, range_.end, encoding)))


def plain(value: Any) -> Any:
    """Settings as plain JSON values, whichever objects the protocol library made of them."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in cast("Sequence[Any]", value)]
    return value
