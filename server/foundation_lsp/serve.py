"""Start the language server on standard input and output, or on a TCP socket."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from foundation_lsp.framing import FramingError, MessageReader, frame
from foundation_lsp.server import FoundationServer

_log = logging.getLogger(__name__)
_READ_SIZE = 1 << 16


class RemoteAddressError(ValueError):
    """A server that answers anyone on the network was asked for without saying so."""


def serve_stdio(log_file: Path | None = None) -> int:
    """Serve one client on standard input and output until it leaves.

    Returns the process's exit code: 0 after `shutdown` and `exit`, 1 when the client just went away.
    """
    _quiet_logging(log_file)
    # The two streams belong to the protocol alone: what a toolchain or a library prints must not land between
    # two messages, and a child process must not read the client's requests.
    read_from, write_to = os.dup(0), os.dup(1)
    os.set_blocking(read_from, True)
    os.set_blocking(write_to, True)
    with Path(os.devnull).open("rb") as nowhere:
        os.dup2(nowhere.fileno(), 0)
    os.dup2(2, 1)
    return asyncio.run(_serve_descriptors(read_from, write_to))


def serve_tcp(host: str, port: int, *, allow_remote: bool = False, log_file: Path | None = None) -> int:
    """Serve any number of clients, each with a state of its own, until interrupted.

    Port 0 takes a free one; the address is announced on standard error. Returns 0 after an interrupt.

    Raises:
        RemoteAddressError: `host` is not a loopback address and `allow_remote` is False.
        OSError: the address cannot be had.
    """
    _quiet_logging(log_file)
    if not allow_remote and not is_loopback(host):
        raise RemoteAddressError(
            f"{host} can be reached from other machines and the protocol has no passwords; "
            "use 127.0.0.1, or allow remote clients explicitly"
        )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve_socket(host, port))
    return 0


def is_loopback(host: str) -> bool:
    """True when every address that the host name stands for is on this machine."""
    try:
        found = socket.getaddrinfo(host or "0.0.0.0", None, type=socket.SOCK_STREAM)  # noqa: S104 - what "" means.
    except OSError:
        return False
    addresses = {str(entry[4][0]).partition("%")[0] for entry in found}
    return bool(addresses) and all(ipaddress.ip_address(a).is_loopback for a in addresses)


def _quiet_logging(log_file: Path | None) -> None:
    """Keep standard error quiet: editors show every line of it as an error."""
    path = log_file or os.environ.get("FOUNDATION_LSP_LOG")
    root = logging.getLogger()
    if path:
        handler: logging.Handler = logging.FileHandler(path, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.setLevel(logging.INFO)
    else:
        handler = logging.NullHandler()
    root.addHandler(handler)
    logging.getLogger("pygls").setLevel(logging.ERROR)


class _DescriptorWriter:
    """Writes whole messages to a file descriptor, in order."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes) -> None:
        """Write one message body with its header."""
        view = memoryview(frame(data))
        while view:
            view = view[os.write(self._descriptor, view) :]

    def close(self) -> None:
        """Nothing: the descriptor closes with the process."""


async def _serve_descriptors(read_from: int, write_to: int) -> int:
    loop = asyncio.get_running_loop()
    exited: asyncio.Future[int] = loop.create_future()

    def leave(code: int) -> None:
        if not exited.done():
            exited.set_result(code)

    server = FoundationServer()
    server.protocol.set_writer(_DescriptorWriter(write_to), include_headers=False)
    server.protocol.when_exited = leave

    def deliver(action: Callable[[], None]) -> None:
        # The loop may have closed between a read and its delivery; then nobody is interested any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(action)

    def read() -> None:
        reader = MessageReader()
        try:
            while data := os.read(read_from, _READ_SIZE):
                for body in reader.feed(data):
                    deliver(lambda body=body: server.protocol.receive(body))
        except (OSError, FramingError) as error:
            _log.error("cannot read from the client: %s", error)
        deliver(lambda: server.protocol.leave(1))

    # Reading in a thread lets a cancellation or a newer edit arrive while an answer is being computed; the thread is
    # a daemon because a blocked read cannot be interrupted.
    threading.Thread(target=read, name="reader", daemon=True).start()
    code = await exited
    await server.close()
    return code


class _StreamWriter:
    """Writes whole messages to an asyncio stream."""

    def __init__(self, stream: asyncio.StreamWriter) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        """Queue one message body with its header."""
        self._stream.write(frame(data))

    def close(self) -> None:
        """Close the connection once everything is written."""
        self._stream.close()


async def _serve_socket(host: str, port: int) -> None:
    async def converse(stream: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        server = FoundationServer()
        writer = _StreamWriter(out)
        server.protocol.set_writer(writer, include_headers=False)
        exited = asyncio.Event()

        def leave(code: int) -> None:
            del code
            exited.set()

        server.protocol.when_exited = leave
        receiving = asyncio.ensure_future(_receive(stream, server))
        await exited.wait()
        receiving.cancel()
        await server.close()
        with contextlib.suppress(OSError):
            await out.drain()
        writer.close()

    listener = await asyncio.start_server(converse, host, port)
    addresses = ", ".join("{}:{}".format(*s.getsockname()[:2]) for s in listener.sockets)
    print(f"foundation-lsp is listening on {addresses}", file=sys.stderr, flush=True)
    async with listener:
        await listener.serve_forever()


async def _receive(stream: asyncio.StreamReader, server: FoundationServer) -> None:
    reader = MessageReader()
    try:
        while data := await stream.read(_READ_SIZE):
            for body in reader.feed(data):
                server.protocol.receive(body)
                await asyncio.sleep(0)
    except (OSError, FramingError) as error:
        _log.error("cannot read from the client: %s", error)
    server.protocol.leave(1)
