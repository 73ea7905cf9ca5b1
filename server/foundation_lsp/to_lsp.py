"""Our values to protocol values: the one converter from byte ranges and findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from foundation_engine.finding import Edit, Finding
from foundation_grammars.occurrence import ByteRange
from foundation_specs.model import Problem, Severity
from lsprotocol import types

from foundation_lsp.client import Client
from foundation_lsp.documents import DocumentSnapshot
from foundation_lsp.positions import PositionEncoding, position_at

SOURCE = "foundation"
_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
    Severity.HINT: types.DiagnosticSeverity.Hint,
}


def range_of(snapshot: DocumentSnapshot, range_: ByteRange, encoding: PositionEncoding) -> types.Range:
    """The client's range for a byte range."""
    start = position_at(snapshot.text, snapshot.lines, range_.start, encoding)
    end = position_at(snapshot.text, snapshot.lines, range_.end, encoding)
    return types.Range(types.Position(*start), types.Position(*end))


def diagnostic(finding: Finding, snapshot: DocumentSnapshot, client: Client) -> types.Diagnostic:
    """A finding as a diagnostic; what to do about it follows the message, since clients show only that."""
    related = [
        types.DiagnosticRelatedInformation(
            types.Location(snapshot.uri, range_of(snapshot, place, client.encoding)), note
        )
        for place, note in finding.related
    ]
    message = finding.message
    if finding.help:
        message += f"\n{finding.help}"
    if related and not client.related_information:
        lines = ", ".join(f"line {r.location.range.start.line + 1}" for r in related)
        message += f"\nsee also {lines}"
    unnecessary = finding.code.startswith("suppression/unused") and client.diagnostic_tags
    return types.Diagnostic(
        range=range_of(snapshot, finding.range, client.encoding),
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        source=SOURCE,
        message=message,
        tags=[types.DiagnosticTag.Unnecessary] if unnecessary else None,
        related_information=related if client.related_information and related else None,
    )


def problem_diagnostics(
    problems: Iterable[Problem], snapshot: DocumentSnapshot, client: Client
) -> list[types.Diagnostic]:
    """What is wrong in a settings file or a spec, each at its line: from its column to the end of the line."""
    found: list[types.Diagnostic] = []
    for problem in problems:
        line = min(max(problem.line - 1, 0), len(snapshot.lines.starts) - 1)
        start, end = snapshot.lines.content(snapshot.text, line)
        before = snapshot.text[start:end].decode("utf-8", "replace")[: max(problem.column - 1, 0)]
        place = ByteRange(min(start + len(before.encode("utf-8")), end), end)
        found.append(
            types.Diagnostic(
                range=range_of(snapshot, place, client.encoding),
                severity=types.DiagnosticSeverity.Error,
                source=SOURCE,
                code="configuration",
                message=f"{problem.key}: {problem.message}" if problem.key else problem.message,
            )
        )
    return found


def text_edits(
    edits: Sequence[Edit], snapshot: DocumentSnapshot, encoding: PositionEncoding
) -> list[types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit]:
    """Edits of one document, in its order."""
    return [
        types.TextEdit(range_of(snapshot, edit.range, encoding), edit.text)
        for edit in sorted(edits, key=lambda e: e.range)
    ]


def workspace_edit(edits: Sequence[Edit], snapshot: DocumentSnapshot, client: Client) -> types.WorkspaceEdit:
    """Edits of one open document, tied to its version where the client can check it."""
    changes = text_edits(edits, snapshot, client.encoding)
    if client.versioned_edits:
        document = types.OptionalVersionedTextDocumentIdentifier(uri=snapshot.uri, version=snapshot.version)
        return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, changes)])
    plain = [types.TextEdit(e.range, e.new_text) for e in changes if isinstance(e, types.TextEdit)]
    return types.WorkspaceEdit(changes={snapshot.uri: plain})


def new_files(files: Sequence[tuple[str, str]], client: Client) -> types.WorkspaceEdit:
    """An edit that makes files, given as (uri, text).

    `CreateFile` is used only where the client knows it; others get plain changes to a document that does not exist,
    which most open as a new buffer. There is no `ignoreIfExists`: some clients then skip making the file.
    """
    beginning = types.Range(types.Position(0, 0), types.Position(0, 0))
    if not client.creates_files:
        return types.WorkspaceEdit(changes={uri: [types.TextEdit(beginning, text)] for uri, text in files})
    operations: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile] = []
    for uri, text in files:
        document = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=None)
        operations += [
            types.CreateFile(uri=uri, options=types.CreateFileOptions(overwrite=False)),
            types.TextDocumentEdit(document, [types.TextEdit(beginning, text)]),
        ]
    return types.WorkspaceEdit(document_changes=operations)


def markup(markdown: str, plain: str, *, accepts_markdown: bool) -> types.MarkupContent:
    """Text in the richest form that the client shows."""
    if accepts_markdown:
        return types.MarkupContent(types.MarkupKind.Markdown, markdown)
    return types.MarkupContent(types.MarkupKind.PlainText, plain)


def documentation(text: str, *, accepts_markdown: bool) -> types.MarkupContent | str:
    """Documentation of an item; a plain string for a client that names no format, which every client takes."""
    return types.MarkupContent(types.MarkupKind.Markdown, text) if accepts_markdown else text


def uri_of(path: str) -> str:
    """The `file:` URI of an absolute path, spelled as editors spell it."""
    return "file://" + quote(path, safe="/:@!$&'()*+,;=~-._")
