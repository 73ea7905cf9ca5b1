"""Work-done progress, shown only by clients that can."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


# A client that does not answer gets its result without progress.
_PATIENCE_SECONDS = 2.0


def _unseen(message: str) -> None:
    """Where steps go when nobody watches."""
    del message


class Progress:
    """The progress reports under way, by token; cancelling one cancels the request that it reports on."""

    def __init__(self, server: FoundationServer) -> None:
        self._server = server
        self._tasks: dict[int | str, asyncio.Task[Any]] = {}

    @asynccontextmanager
    async def shown(
        self, title: str, token: int | str | None = None
    ) -> AsyncGenerator[Callable[[str], None]]:
        """Show progress while the body runs; what it yields reports a step.

        `token` is the client's when it sent one with the request; else one is asked for, if the client can. A client
        without progress sees nothing and the steps go nowhere.
        """
        if token is None:
            token = await self._created()
        if token is None:
            yield _unseen
            return
        task = asyncio.current_task()
        if task is not None:
            self._tasks[token] = task
        given = token
        self._send(given, types.WorkDoneProgressBegin(title, cancellable=True))
        try:
            yield lambda message: self._send(given, types.WorkDoneProgressReport(message=message))
        finally:
            self._tasks.pop(given, None)
            self._send(given, types.WorkDoneProgressEnd())

    def cancel(self, token: int | str) -> None:
        """Cancel the request behind a token; one that has ended is passed over."""
        if task := self._tasks.get(token):
            task.cancel()

    async def _created(self) -> str | None:
        if not self._server.session.client.work_done_progress:
            return None
        token = f"foundation-{uuid.uuid4()}"
        created = self._server.window_work_done_progress_create_async(
            types.WorkDoneProgressCreateParams(token)
        )
        try:
            await asyncio.wait_for(created, _PATIENCE_SECONDS)
        except (JsonRpcException, TimeoutError):
            return None
        return token

    def _send(self, token: int | str, value: Any) -> None:
        self._server.protocol.notify(types.PROGRESS, types.ProgressParams(token, value))
