"""How processes talk to models: the shared-memory protocol, its server and its client.

`shm/PROTOCOL.md` describes the bytes. A server offers models at an endpoint; clients in Python, Go, Rust
and Ruby call them through memory that only the two processes share, or over a Unix socket.
"""

from foundation_shm.client import Call, Client, Result
from foundation_shm.errors import (
    CallTimeout,
    Cancelled,
    ClientBusy,
    ConnectError,
    ConnectionLost,
    DeadlineExceeded,
    EndpointError,
    InvalidRequest,
    ModelFailed,
    Overloaded,
    ProtocolError,
    ServerError,
    ShmError,
    ShuttingDown,
    TooLarge,
    UnknownModel,
)
from foundation_shm.layout import DType, Status
from foundation_shm.model import FunctionModel, Limits, Model
from foundation_shm.server import Server, ServerOptions
from foundation_shm.tensor import Tensor

__all__ = [
    "Call",
    "CallTimeout",
    "Cancelled",
    "Client",
    "ClientBusy",
    "ConnectError",
    "ConnectionLost",
    "DType",
    "DeadlineExceeded",
    "EndpointError",
    "FunctionModel",
    "InvalidRequest",
    "Limits",
    "Model",
    "ModelFailed",
    "Overloaded",
    "ProtocolError",
    "Result",
    "Server",
    "ServerError",
    "ServerOptions",
    "ShmError",
    "ShuttingDown",
    "Status",
    "Tensor",
    "TooLarge",
    "UnknownModel",
]
