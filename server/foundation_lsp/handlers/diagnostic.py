"""`textDocument/diagnostic`: the client pulls the diagnostics of one document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from foundation_lsp.diagnostics import of_document, result_id

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


async def diagnostic(
    ls: FoundationServer, params: types.DocumentDiagnosticParams
) -> types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport:
    """The diagnostics, or that they are those of `previousResultId`; an unopened document has none."""
    uri = params.text_document.uri
    found = (await of_document(ls, uri))[1] if uri in ls.session.documents else []
    name = result_id(found)
    if name == params.previous_result_id:
        return types.RelatedUnchangedDocumentDiagnosticReport(name)
    return types.RelatedFullDocumentDiagnosticReport(found, result_id=name)
