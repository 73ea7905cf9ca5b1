"""Every error that a caller of the shared-memory engine can meet.

ShmError
├── EndpointError          the endpoint's name, folder or socket cannot be used
├── ConnectError           nothing answers at the endpoint, or it refused this client
├── ConnectionLost         the server went away while a call was in flight
├── CallTimeout            the caller's own deadline passed (also a TimeoutError)
├── ClientBusy             no slot or no tensor space is free in this client's region
├── ProtocolError          the peer wrote something that PROTOCOL.md forbids
└── ServerError            the server answered with a status other than OK
    ├── InvalidRequest     BAD_MAGIC, BAD_VERSION, BAD_CHECKSUM, BAD_REQUEST, BAD_TENSOR, UNSUPPORTED
    ├── UnknownModel
    ├── ModelFailed
    ├── Overloaded
    ├── DeadlineExceeded
    ├── Cancelled
    ├── TooLarge
    └── ShuttingDown
"""

# ruff: noqa: N818 - a name says what happened, as `TimeoutError`'s kin in other clients do; the base class ends in Error.

from __future__ import annotations

from foundation_shm.layout import Status

__all__ = [
    "CallTimeout",
    "Cancelled",
    "ClientBusy",
    "ConnectError",
    "ConnectionLost",
    "DeadlineExceeded",
    "EndpointError",
    "InvalidRequest",
    "ModelFailed",
    "Overloaded",
    "ProtocolError",
    "ServerError",
    "ShmError",
    "ShuttingDown",
    "TooLarge",
    "UnknownModel",
    "server_error",
]


class ShmError(Exception):
    """Base class of every error raised by this package."""


class EndpointError(ShmError):
    """The endpoint's name, folder or socket cannot be used."""


class ConnectError(ShmError):
    """Nothing answers at the endpoint, or the server refused this client."""


class ConnectionLost(ShmError):
    """The server went away while the call was in flight; it may or may not have run the model."""


class CallTimeout(ShmError, TimeoutError):
    """The caller's deadline passed before the answer came."""


class ClientBusy(ShmError):
    """No slot or no tensor space came free within the caller's deadline."""


class ProtocolError(ShmError):
    """The peer wrote something that PROTOCOL.md forbids."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class ServerError(ShmError):
    """The server answered with a status other than OK."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(f"{message} [{status.name}]")
        self.status = status
        self.message = message


class InvalidRequest(ServerError):
    """The server refused the request's bytes."""


class UnknownModel(ServerError):
    """No model of that name is registered."""


class ModelFailed(ServerError):
    """The model raised; the message holds the exception's text."""


class Overloaded(ServerError):
    """The model's queue is full; try again later."""


class DeadlineExceeded(ServerError):
    """The request waited longer than its timeout before the model ran."""


class Cancelled(ServerError):
    """The call was cancelled before the model finished."""


class TooLarge(ServerError):
    """The request or the answer is larger than the server's limit."""


class ShuttingDown(ServerError):
    """The server is draining and takes no new requests."""


_BY_STATUS: dict[Status, type[ServerError]] = {
    Status.BAD_MAGIC: InvalidRequest,
    Status.BAD_VERSION: InvalidRequest,
    Status.BAD_CHECKSUM: InvalidRequest,
    Status.BAD_REQUEST: InvalidRequest,
    Status.BAD_TENSOR: InvalidRequest,
    Status.UNSUPPORTED: InvalidRequest,
    Status.UNKNOWN_MODEL: UnknownModel,
    Status.MODEL_FAILED: ModelFailed,
    Status.OVERLOADED: Overloaded,
    Status.DEADLINE_EXCEEDED: DeadlineExceeded,
    Status.CANCELLED: Cancelled,
    Status.TOO_LARGE: TooLarge,
    Status.SHUTTING_DOWN: ShuttingDown,
}


def server_error(status: Status, message: str) -> ServerError:
    """The typed error for a status that a server answered with."""
    return _BY_STATUS.get(status, ServerError)(status, message)
