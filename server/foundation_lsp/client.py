"""What the connected client can do, read once from `initialize`; every answer is shaped by it."""

from __future__ import annotations

from dataclasses import dataclass

from foundation_lsp.positions import PositionEncoding


@dataclass(frozen=True, slots=True)
class Client:
    """The client's abilities as plain facts; the defaults are those of a client that declares nothing.

    `pulls_diagnostics` decides between pull and push, never both. `creates_files` is true only when the client says
    that it knows the `create` resource operation: others get plain `changes`, which most of them turn into a new
    buffer. `resolves_edits` is true when a code action may come without its edit.
    """

    encoding: PositionEncoding = PositionEncoding.UTF16
    pulls_diagnostics: bool = False
    refreshes_diagnostics: bool = False
    related_information: bool = False
    diagnostic_tags: bool = False
    hover_markdown: bool = False
    completion_markdown: bool = False
    signature_markdown: bool = False
    snippets: bool = False
    label_offsets: bool = False
    hierarchical_symbols: bool = False
    code_action_literals: bool = False
    resolves_edits: bool = False
    versioned_edits: bool = False
    creates_files: bool = False
    applies_edits: bool = False
    work_done_progress: bool = False
    configuration: bool = False
    registers_configuration: bool = False
    registers_watchers: bool = False
    refreshes_code_lenses: bool = False
