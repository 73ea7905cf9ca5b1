"""The same first minutes with the recorded abilities of eight real editors, through pytest-lsp over real stdio."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from lsprotocol.converters import get_converter
from pytest_lsp import ClientServerConfig, LanguageClient

CAPS = Path(__file__).parent / "caps"
EDITORS = sorted(path.stem for path in CAPS.glob("*.json"))
PULLS = {"nvim0.11", "vscode1.139"}
ENCODINGS = {"nvim0.11": "utf-8"}
CREATES = {"nvim0.11", "nvim0.7", "vscode1.139", "lsp-mode8"}
SOURCE = "from foundation.resilience import retry\n\n\n@retry(max_attempts=300, bace_delay=1, )  # 😀\ndef f(): ...\n"


@pytest_lsp.fixture(
    params=EDITORS,
    config=ClientServerConfig(server_command=[sys.executable, "-m", "foundation_lsp", "--stdio"]),
)
async def editor(request: pytest.FixtureRequest, lsp_client: LanguageClient, tmp_path: Path):
    recorded = json.loads((CAPS / f"{request.param}.json").read_text())["capabilities"]
    capabilities = get_converter().structure(recorded, types.ClientCapabilities)
    lsp_client.name = request.param
    lsp_client.folder = tmp_path

    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:
        lsp_client.registered = params.registrations

    lsp_client.result = await lsp_client.initialize_session(
        types.InitializeParams(capabilities=capabilities, root_uri=tmp_path.as_uri(), process_id=None)
    )
    yield
    await lsp_client.shutdown_session()


async def diagnostics(editor: LanguageClient, uri: str) -> list[types.Diagnostic]:
    """By the one way that this client has."""
    if editor.name in PULLS:
        document = types.TextDocumentIdentifier(uri)
        report = await editor.text_document_diagnostic_async(types.DocumentDiagnosticParams(document))
        assert uri not in editor.diagnostics
        return list(report.items)
    while uri not in editor.diagnostics:
        await editor.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    return list(editor.diagnostics[uri])


@pytest.mark.asyncio
async def test_first_minutes(editor: LanguageClient) -> None:
    offered = editor.result.capabilities
    assert offered.position_encoding == ENCODINGS.get(editor.name, "utf-16")
    assert (offered.diagnostic_provider is not None) == (editor.name in PULLS)
    uri = (editor.folder / "a.py").as_uri()
    document = types.TextDocumentIdentifier(uri)
    editor.text_document_did_open(
        types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "python", 1, SOURCE))
    )
    found = await diagnostics(editor, uri)
    unknown = next(d for d in found if d.code == "retry_with_backoff/unknown-parameter")
    assert unknown.range == types.Range(types.Position(3, 25), types.Position(3, 35))

    hover = await editor.text_document_hover_async(types.HoverParams(document, types.Position(3, 2)))
    assert hover is not None
    markdown = editor.name != "ale3.3"
    assert hover.contents.kind == (types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText)
    assert ("**Delays:**" if markdown else "Delays:") in hover.contents.value
    assert ("| parameter |" in hover.contents.value) == markdown
    assert "@retry(maxAttempts=300" in hover.contents.value

    completion = await editor.text_document_completion_async(
        types.CompletionParams(document, types.Position(3, 39))
    )
    snippets = {i.insert_text_format for i in completion.items} == {types.InsertTextFormat.Snippet}
    assert snippets == (editor.name in {"vscode1.139", "nvim0.11"})
    assert all("${" not in i.text_edit.new_text for i in completion.items) or snippets

    symbols = await editor.text_document_document_symbol_async(types.DocumentSymbolParams(document))
    assert "retry_with_backoff on f" in [s.name for s in symbols]

    context = types.CodeActionContext([unknown])
    actions = await editor.text_document_code_action_async(
        types.CodeActionParams(document, unknown.range, context)
    )
    if editor.name == "jupyterlab-lsp5.3":
        assert not actions  # It declares no code action literals.
        return
    rename = next(a for a in actions if a.title == "Rename to `base_delay`")
    assert rename.edit is not None
    versioned = editor.name in {"vscode1.139", "eglot1.9", "lsp-mode8"}
    assert (rename.edit.document_changes is not None) == versioned
    edits = rename.edit.document_changes[0].edits if versioned else rename.edit.changes[uri]
    assert [(e.range, e.new_text) for e in edits] == [(unknown.range, "base_delay")]

    suppress = next(a for a in actions if a.title.startswith("Suppress"))
    if editor.name in CREATES:
        assert suppress.edit is None
        suppress = await editor.code_action_resolve_async(suppress)
    assert suppress.edit is not None

    generate = [a for a in actions if a.title == "Generate Go equivalent"]
    if editor.name in CREATES:
        assert generate[0].edit is None
        assert generate[0].command is None
    elif editor.name == "eglot1.9":
        assert "foundation.generate" in str(generate[0].command)
    else:
        assert generate == []
    assert not editor.progress_reports
    assert [m.message for m in editor.messages] == []
