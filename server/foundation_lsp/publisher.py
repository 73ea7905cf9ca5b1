"""When diagnostics are computed and pushed: at once when the document rests, together when edits come in a burst."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from foundation_lsp import diagnostics, to_lsp
from foundation_lsp.documents import DocumentSnapshot

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer

# After one check the next waits at least this long, and at least twice as long as the last one took: thirty quick
# edits cause a handful of checks, and a single edit after a pause is checked without any delay.
SHORTEST_PAUSE = 0.02
LONGEST_PAUSE = 0.25


class Publisher:
    """Pushes diagnostics to a client that does not pull, and those of configuration files to every client."""

    def __init__(self, server: FoundationServer) -> None:
        self._server = server
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._configuration: set[str] = set()
        self._told: set[str] = set()

    def document_changed(self, uri: str) -> None:
        """Check a document soon; a check that is under way is followed by one more, however many edits come."""
        if self._server.session.client.pulls_diagnostics:
            return
        if uri in self._running:
            self._again.add(uri)
            return
        self._running[uri] = self._server.spawn(self._check_until_quiet(uri), f"checking {uri}")

    def document_closed(self, uri: str) -> None:
        """Take back what was pushed for a document."""
        self._again.discard(uri)
        if task := self._running.pop(uri, None):
            task.cancel()
        if not self._server.session.client.pulls_diagnostics:
            self._publish(uri, None, [])

    def everything_changed(self) -> None:
        """Check every open document and the configuration anew."""
        for uri in self._server.session.documents:
            self.document_changed(uri)
        self.publish_configuration()

    async def _check_until_quiet(self, uri: str) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        try:
            while True:
                started = loop.time()
                self._again.discard(uri)
                await self._check(uri)
                took = loop.time() - started
                await asyncio.sleep(min(max(SHORTEST_PAUSE, 2 * took), LONGEST_PAUSE))
                if uri not in self._again:
                    return
        finally:
            # Before the task ends, not in a callback after it: an edit in between would find a check that no longer
            # looks for it.
            if self._running.get(uri) is task:
                del self._running[uri]

    async def _check(self, uri: str) -> None:
        """Push the diagnostics of the newest version, or ask for one more round when it is no longer the newest."""
        if uri not in self._server.session.documents:
            return
        snapshot, found = await diagnostics.of_document(self._server, uri)
        document = self._server.session.documents.get(uri)
        if document is None:
            return
        if document.snapshot is snapshot:
            self._publish(uri, snapshot.version, found)
        else:
            self._again.add(uri)

    def _publish(self, uri: str, version: int | None, found: list[types.Diagnostic]) -> None:
        self._server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, version=version, diagnostics=found)
        )

    def publish_configuration(self) -> None:
        """Show what is wrong in settings files and specs, in those files and once as a message.

        A file that the client has open and pulls for is left to its pull.
        """
        session = self._server.session
        problems = session.configuration_problems()
        current: set[str] = set()
        for path, found in problems.items():
            uri = to_lsp.uri_of(str(path))
            if uri in session.documents:
                continue
            current.add(uri)
            snapshot = DocumentSnapshot.opened(uri, 0, None, _text_of(path))
            self._publish(uri, None, to_lsp.problem_diagnostics(found, snapshot, session.client))
        for uri in self._configuration - current:
            if uri not in session.documents or session.client.pulls_diagnostics:
                self._publish(uri, None, [])
        self._configuration = current
        told = {str(p) for found in problems.values() for p in found} | set(session.option_problems())
        for message in sorted(told - self._told):
            self._server.show(f"foundation-lsp: {message}")
        self._told = told


def _text_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
