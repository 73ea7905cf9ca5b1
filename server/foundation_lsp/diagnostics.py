"""Diagnostics of open documents, for push and for pull alike."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lsprotocol import types

from foundation_lsp import bug, to_lsp
from foundation_lsp.analysis import Analysis, analyse
from foundation_lsp.documents import DocumentSnapshot
from foundation_lsp.from_lsp import path_of
from foundation_lsp.session import OpenDocument, is_configuration

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


async def analysis_of(server: FoundationServer, uri: str) -> Analysis | None:
    """The analysis of a document as it is now, computed once per version.

    None when the document is not open, not in one of our languages, or larger than the settings allow. Requests that
    arrive together wait for one computation; the tree of the version before makes it cheap.
    """
    session = server.session
    document = session.documents.get(uri)
    if document is None:
        return None
    snapshot = document.snapshot
    language = snapshot.language
    if language is None:
        return None
    path = path_of(uri)
    settings = session.settings(path)
    if len(snapshot.text) > settings.max_file_size:
        _tell_once(server, uri, len(snapshot.text), settings.max_file_size)
        return None
    async with document.lock:
        known = document.analysis
        if known is not None and known.snapshot is snapshot and known.generation == session.generation:
            return known
        old = known.tree if known is not None else None
        registry = session.registry(path)
        generation = session.generation
        analysis = await server.compute(
            lambda: analyse(snapshot, language, path, registry, settings, generation, old), len(snapshot.text)
        )
        document.analysis = analysis
        return analysis


def _tell_once(server: FoundationServer, uri: str, size: int, limit: int) -> None:
    if uri not in server.session.too_large:
        server.session.too_large.add(uri)
        name = Path(path_of(uri) or uri).name
        server.show(
            f"foundation-lsp: {name} has {size:,} bytes and is not checked; max-file-size is {limit:,}",
            types.MessageType.Info,
        )


async def of_document(server: FoundationServer, uri: str) -> tuple[DocumentSnapshot, list[types.Diagnostic]]:
    """The diagnostics of an open document and the snapshot that they are about.

    Raises:
        KeyError: the document is not open.
    """
    document: OpenDocument = server.session.documents[uri]
    snapshot = document.snapshot
    path = path_of(uri)
    if snapshot.language is None and path is not None and is_configuration(path):
        problems = server.session.configuration_problems().get(path, [])
        return snapshot, to_lsp.problem_diagnostics(problems, snapshot, server.session.client)
    analysis = await analysis_of(server, uri)
    if analysis is None:
        return snapshot, []
    return analysis.snapshot, of_analysis(server, analysis)


def of_analysis(server: FoundationServer, analysis: Analysis) -> list[types.Diagnostic]:
    """The findings as diagnostics; one that cannot be converted is reported and left out."""
    client = server.session.client
    found = [
        bug.guarded(
            f"showing {finding.code}",
            lambda finding=finding: to_lsp.diagnostic(finding, analysis.snapshot, client),
            cast("types.Diagnostic | None", None),
        )
        for finding in analysis.findings
    ]
    return [diagnostic for diagnostic in found if diagnostic is not None]


def result_id(found: list[types.Diagnostic]) -> str:
    """A name for exactly these diagnostics: equal diagnostics have equal names, whatever text they stand in."""
    return hashlib.blake2b(repr(found).encode("utf-8", "replace"), digest_size=12).hexdigest()
