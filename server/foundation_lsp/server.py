"""The server object: one client's session, the work that runs for it, and what is sent to it unasked."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from foundation_lsp import bug
from foundation_lsp.progress import Progress
from foundation_lsp.protocol import FoundationProtocol, Phase
from foundation_lsp.publisher import Publisher
from foundation_lsp.session import Session

_log = logging.getLogger(__name__)
T = TypeVar("T")

# Below this size an analysis takes a few milliseconds, less than handing it to a thread and back is worth.
INLINE_SIZE = 64 * 1024
IN_THREAD = INLINE_SIZE


def _version() -> str:
    try:
        return version("foundation-lsp")
    except PackageNotFoundError:
        return "unknown"


class _ClientLog(logging.Handler):
    """Sends our own warnings and errors to the client's log."""

    def __init__(self, server: FoundationServer) -> None:
        super().__init__(logging.WARNING)
        self._server = server

    def emit(self, record: logging.LogRecord) -> None:
        kind = types.MessageType.Error if record.levelno >= logging.ERROR else types.MessageType.Warning
        self._server.log_from_anywhere(self.format(record), kind)


class FoundationServer(LanguageServer):
    """The language server for one client. `protocol` carries messages, `session` holds all state."""

    protocol: FoundationProtocol  # pyright: ignore[reportIncompatibleVariableOverride] - ours is a subclass of pygls's.

    def __init__(self) -> None:
        super().__init__("foundation-lsp", _version(), protocol_cls=FoundationProtocol)  # pyright: ignore[reportUnknownMemberType] - pygls takes *args without types.
        self.session = Session()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.publisher = Publisher(self)
        self.work = Progress(self)
        self._engine = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        self._tasks: set[asyncio.Task[Any]] = set()
        self._client_log = _ClientLog(self)
        logging.getLogger("foundation_lsp").addHandler(self._client_log)
        from foundation_lsp.handlers import register

        register(self)

    def started(self, loop: asyncio.AbstractEventLoop) -> None:
        """Remember the loop that messages are handled in."""
        self._loop = loop

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run work in the background; a failure is reported instead of lost."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)

        def finished(done: asyncio.Task[Any]) -> None:
            self._tasks.discard(done)
            if not done.cancelled() and (error := done.exception()) is not None:
                _log.error("%s failed: %s", name, error, exc_info=error)

        task.add_done_callback(finished)
        return task

    def ask(self, request: Coroutine[Any, Any, Any], name: str) -> None:
        """Send the client a request whose answer changes nothing; one that refuses just goes without."""

        async def asked() -> None:
            try:
                await request
            except JsonRpcException as error:
                _log.info("the client refused %s: %s", name, error)

        self.spawn(asked(), name)

    async def compute(self, work: Callable[[], T], size: int) -> T:
        """The outcome of engine work on `size` bytes of source, without holding up messages for long.

        One turn of the loop is given away first, so that a cancellation or a newer edit that has arrived is seen.
        """
        await asyncio.sleep(0)
        if size < INLINE_SIZE:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._engine, work)

    async def close(self) -> None:
        """Stop everything that still runs for the client."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._engine.shutdown(wait=False, cancel_futures=True)
        logging.getLogger("foundation_lsp").removeHandler(self._client_log)

    def configuration_changed(self) -> None:
        """Read specs and settings anew and check everything again, by push or by asking the client to pull."""
        self.session.reload()
        self.publisher.everything_changed()
        client = self.session.client
        if client.pulls_diagnostics and client.refreshes_diagnostics:
            self.ask(self.workspace_diagnostic_refresh_async(None), "to pull diagnostics anew")
        if client.refreshes_code_lenses:
            self.ask(self.workspace_code_lens_refresh_async(None), "to ask for code lenses anew")

    def log(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Write to the client's log, which pops up nowhere."""
        if self.protocol.phase is Phase.RUNNING:
            self.window_log_message(types.LogMessageParams(type=kind, message=message))

    def log_from_anywhere(self, message: str, kind: types.MessageType) -> None:
        """`log` for any thread: messages are written by the loop's thread alone, so that they never mix."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self.log, message, kind)

    def show(self, message: str, kind: types.MessageType = types.MessageType.Warning) -> None:
        """Tell the user something that needs attention."""
        if self.protocol.phase is Phase.RUNNING:
            self.window_show_message(types.ShowMessageParams(type=kind, message=message))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """pygls's hook for errors outside any request."""
        bug.report(f"{source}: {error!r}", error)
