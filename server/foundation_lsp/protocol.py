"""The message layer: lifecycle, errors that are always answered, cancellation.

It is pygls's JSON-RPC with other manners. Its built-in text documents are left out, because they split lines at
characters that are no line breaks and cost a whole-file split at every use; `documents` takes their place. A request
that cannot be understood is answered with an error instead of being dropped, a command can be cancelled like any
other request, and what arrives before `initialize` or after `shutdown` is refused as the protocol says.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import MsgId

from foundation_lsp import bug

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer

_log = logging.getLogger(__name__)


class Phase(Enum):
    """Where the conversation stands."""

    NEW = "new"
    RUNNING = "running"
    SHUT_DOWN = "shut down"
    EXITED = "exited"


def _stay(code: int) -> None:
    """What to do when the conversation ends, until the transport says otherwise."""
    del code


class FoundationProtocol(LanguageServerProtocol):
    """One conversation with one client."""

    _server: FoundationServer  # pyright: ignore[reportIncompatibleVariableOverride] - set once, never to a plain one.

    def __init__(self, server: FoundationServer, converter: Any) -> None:
        super().__init__(server, converter)
        self.phase = Phase.NEW
        self.when_exited: Callable[[int], None] = _stay

    def _register_builtin_features(self) -> None:
        """None of pygls's own: every request has a handler of ours, in `handlers`."""

    def receive(self, body: bytes) -> None:
        """Handle one message body; whatever is in it, a request in it is answered."""
        try:
            message: Any = json.loads(body)
        except (ValueError, RecursionError) as error:
            self._refuse(None, JsonRpcParseError(f"not JSON: {error}"), answer_without_id=True)
            return
        if not isinstance(message, dict):
            refusal = JsonRpcInvalidRequest("a message is one JSON object; batches are not used")
            self._refuse(None, refusal, answer_without_id=True)
            return
        self._route(cast("dict[str, Any]", message))

    def _route(self, message: dict[str, Any]) -> None:
        id_: Any = message.get("id")
        method: Any = message.get("method")
        if id_ is not None and not isinstance(id_, (int, str)):
            refusal = JsonRpcInvalidRequest("an id is a string or an integer")
            self._refuse(None, refusal, answer_without_id=True)
            return
        if method is None:
            self._receive_response(message, id_)
            return
        if not isinstance(method, str):
            self._refuse(id_, JsonRpcInvalidRequest("a method is a string"))
            return
        refusal = self._refusal(method)
        if refusal is not None:
            self._refuse(id_, refusal)
            return
        if method != types.CANCEL_REQUEST and method not in self._known_methods():
            if id_ is not None:
                self._refuse(id_, JsonRpcMethodNotFound.of(method))
            return
        message.setdefault("jsonrpc", "2.0")
        try:
            structured = self.structure_message(message)
        except JsonRpcException:
            self._refuse(id_, JsonRpcInvalidParams(f"the parameters of {method} cannot be understood"))
            return
        self.handle_message(cast("Any", structured))

    def _known_methods(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self.fm.features)  # pyright: ignore[reportUnknownMemberType] - pygls's own lacks types.

    def _refusal(self, method: str) -> JsonRpcException | None:
        """Why this method may not be called now, or None."""
        if method == types.EXIT:
            return None
        if self.phase is Phase.NEW and method != types.INITIALIZE:
            return JsonRpcServerNotInitialized("the first request must be initialize")
        if self.phase is Phase.RUNNING and method == types.INITIALIZE:
            return JsonRpcInvalidRequest("the server is already initialized")
        if self.phase in {Phase.SHUT_DOWN, Phase.EXITED}:
            return JsonRpcInvalidRequest("the server has been shut down")
        return None

    def _refuse(self, id_: MsgId | None, error: JsonRpcException, *, answer_without_id: bool = False) -> None:
        """Answer with an error; a notification, which has no id, is only dropped."""
        if id_ is None and not answer_without_id:
            _log.debug("dropped a notification: %s", error)
            return
        self._send_data(types.ResponseErrorMessage(id=id_, error=error.to_response_error()))

    def _receive_response(self, message: dict[str, Any], id_: MsgId | None) -> None:
        future = self._request_futures.get(id_) if id_ is not None else None
        if future is None or future.done():
            return
        message.setdefault("jsonrpc", "2.0")
        message.setdefault("result", None)
        try:
            if message.get("error") is not None:
                message.pop("result")
            else:
                message.pop("error", None)
            self.handle_message(cast("Any", self.structure_message(message)))
        except JsonRpcException as error:
            future.set_exception(error)

    def _send_handler_result(self, future: Future[Any], *, msg_id: MsgId) -> None:
        """Answer a request; an internal error says what failed and keeps its traceback to the log."""
        self._request_futures.pop(msg_id, None)
        error: JsonRpcException | None = None
        result: Any = None
        if future.cancelled():
            error = JsonRpcException("cancelled by the client", types.LSPErrorCodes.RequestCancelled.value)
        else:
            raised = future.exception()
            if isinstance(raised, JsonRpcException):
                error = raised
            elif raised is not None:
                error = JsonRpcInternalError(f"{type(raised).__name__}: {raised}")
                _log.error("a request failed: %s", raised, exc_info=raised)
            else:
                result = future.result()
        self._send_response(msg_id, result, error.to_response_error() if error else None)

    def _check_handler_result(self, future: Future[Any]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            _log.error("a notification failed: %s", error, exc_info=error)

    def _handle_cancel_notification(self, msg_id: MsgId) -> None:
        future = self._request_futures.get(msg_id)
        if future is not None and not future.done():
            future.cancel()

    def _send_data(self, data: Any) -> None:
        if self.phase is Phase.EXITED or self.writer is None:
            return
        try:
            body = json.dumps(
                data, default=self._serialize_message, ensure_ascii=False, separators=(",", ":")
            )
            result = self.writer.write(body.encode("utf-8", "replace"))
            if asyncio.iscoroutine(result):
                asyncio.ensure_future(result)  # noqa: RUF006 - the stream keeps the order; nothing waits for it.
        except OSError as error:
            _log.info("the client has gone: %s", error)
            self.leave(1)
        except (TypeError, ValueError) as error:
            bug.report(f"a message could not be written: {error!r}", error)

    def leave(self, code: int) -> None:
        """End the conversation."""
        if self.phase is not Phase.EXITED:
            self.phase = Phase.EXITED
            for future in list(self._request_futures.values()):
                future.cancel()
            self.when_exited(code)
