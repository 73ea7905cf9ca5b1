"""Diagnostics of files that are not open, for clients that ask for the whole workspace.

Nothing is indexed at start-up. A file is read only when its size or time has changed, parsed only when the byte search
says that a pattern may be in it, and the answer waits for a change when there is nothing new to say.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from foundation_specs.model import LanguageId
from lsprotocol import types

from foundation_lsp import bug
from foundation_lsp.analysis import analyse
from foundation_lsp.diagnostics import of_analysis, result_id
from foundation_lsp.documents import DocumentSnapshot
from foundation_lsp.server import IN_THREAD
from foundation_lsp.session import FileReport
from foundation_lsp.to_lsp import uri_of

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer

_Item = types.WorkspaceFullDocumentDiagnosticReport | types.WorkspaceUnchangedDocumentDiagnosticReport
_BATCH = 16
_MOST_FILES = 20_000


def check_file(
    server: FoundationServer, path: Path, language: LanguageId, known: FileReport | None
) -> FileReport | None:
    """The report on a file, the known one when the file has not changed; None when it is gone or too large."""
    session = server.session
    try:
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        if known is not None and known.stamp == stamp and known.generation == session.generation:
            return known
        settings = session.settings(path)
        if status.st_size > settings.max_file_size:
            return None
        text = path.read_bytes()
    except OSError:
        return None
    if b"\0" in text[:8192]:
        return None
    snapshot = DocumentSnapshot.opened(uri_of(str(path)), 0, language, text)
    registry = session.registry(path)
    analysis = analyse(snapshot, language, path, registry, settings, session.generation)
    found = of_analysis(server, analysis)
    return FileReport(stamp, session.generation, result_id(found), found)


async def report(server: FoundationServer, previous: Mapping[str, str]) -> tuple[list[_Item], bool]:
    """The reports on all files that have or had diagnostics, and whether any of them is news to the client."""
    session = server.session
    items: list[_Item] = []
    news = False
    seen: set[str] = set()
    if session.options.workspace_diagnostics:
        async for path, found in _reports(server):
            uri = uri_of(str(path))
            if uri in session.documents or (not found.found and uri not in previous):
                continue
            seen.add(uri)
            if previous.get(uri) == found.name:
                items.append(types.WorkspaceUnchangedDocumentDiagnosticReport(uri, found.name))
            else:
                news = True
                items.append(
                    types.WorkspaceFullDocumentDiagnosticReport(uri, found.found, result_id=found.name)
                )
    for uri, name in previous.items():
        if uri in session.documents:
            items.append(types.WorkspaceUnchangedDocumentDiagnosticReport(uri, name))
        elif uri not in seen:
            # The file is gone, or too large now; an empty name lets a later report never look unchanged.
            news = news or name != ""
            items.append(types.WorkspaceFullDocumentDiagnosticReport(uri, [], result_id=""))
    return items, news


async def _reports(server: FoundationServer) -> AsyncIterator[tuple[Path, FileReport]]:
    cache = server.session.reports
    files = await server.compute(
        lambda: [(f.path, f.language) for f in islice(server.session.source_files(), _MOST_FILES)], IN_THREAD
    )
    for gone in cache.keys() - {path for path, _ in files}:
        del cache[gone]
    for start in range(0, len(files), _BATCH):
        batch = files[start : start + _BATCH]
        known = [cache.get(path) for path, _ in batch]
        checked = await server.compute(
            lambda batch=batch, known=known: [
                bug.guarded(
                    f"checking {path}", lambda p=path, g=language, k=k: check_file(server, p, g, k), None
                )
                for (path, language), k in zip(batch, known, strict=True)
            ],
            IN_THREAD,
        )
        for (path, _), found in zip(batch, checked, strict=True):
            if found is not None:
                cache[path] = found
                yield path, found
