"""`initialize`, `initialized`, `shutdown`, `exit` and `$/setTrace`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from foundation_lsp import capabilities, options
from foundation_lsp.from_lsp import client_of, plain, roots_of
from foundation_lsp.handlers import configuration
from foundation_lsp.protocol import Phase

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer


def initialize(ls: FoundationServer, params: types.InitializeParams) -> types.InitializeResult:
    """Learn what the client can do and say what we can."""
    ls.protocol.phase = Phase.RUNNING
    ls.started(asyncio.get_running_loop())
    session = ls.session
    session.client = client_of(params)
    session.roots = roots_of(params)
    session.options = options.at_start(plain(params.initialization_options))
    return types.InitializeResult(
        capabilities=capabilities.of_server(session.client),
        server_info=types.ServerInfo(ls.name, ls.version),
    )


async def initialized(ls: FoundationServer, _: types.InitializedParams) -> None:
    """Ask for what only a client that is ready can give: file events and its settings."""
    registrations = capabilities.registrations(ls.session.client)
    if registrations:
        params = types.RegistrationParams(registrations)
        ls.ask(ls.client_register_capability_async(params), "to register for events")
    if ls.session.client.configuration:
        ls.ask(configuration.fetch(ls), "to give its settings")
    ls.publisher.publish_configuration()


def shutdown(ls: FoundationServer, _: None) -> None:
    """Refuse everything but `exit` from now on."""
    ls.protocol.phase = Phase.SHUT_DOWN
    ls.session.changed.set()


def leave(ls: FoundationServer, _: None) -> None:
    """End the process: with code 0 after `shutdown`, else 1."""
    ls.protocol.leave(0 if ls.protocol.phase is Phase.SHUT_DOWN else 1)


def set_trace(ls: FoundationServer, params: types.SetTraceParams) -> None:
    """Nothing: we send no `$/logTrace`."""
    # The first parameter must be called `ls`: that is how pygls knows that a handler wants the server.
    del ls, params
