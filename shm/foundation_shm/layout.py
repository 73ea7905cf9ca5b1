"""The bytes of the shared-memory protocol: structures, constants and their checked encoding.

`shm/PROTOCOL.md` is the source of truth; a test compares its tables with this module. Everything is
little-endian. Functions here are pure: they take and return `bytes`, never shared memory, so that what
was validated is what is used.
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final
from zlib import crc32

MAGIC: Final = 0xF0C01234
VERSION: Final = 1

MODEL_ID_SIZE: Final = 64
MAX_DIMS: Final = 8
MAX_TENSORS: Final = 32
MAX_ERROR_SIZE: Final = 1024
MAX_SLOTS: Final = 256
ALIGNMENT: Final = 64

HEADER: Final = struct.Struct("<IIQII")
REQUEST_FIXED: Final = struct.Struct("<64sII")
DESCRIPTOR: Final = struct.Struct("<II8QQQ")
RESPONSE_FIXED: Final = struct.Struct("<IIIIQQII")
CONTROL: Final = struct.Struct("<IIQQQII")
HELLO: Final = struct.Struct("<IIIIIIQ24s8x")
WELCOME: Final = struct.Struct("<IIIIIIQQQQQ64s")
FRAME: Final = struct.Struct("<IIIIQQIIQ16x")
REGION: Final = struct.Struct("<IIQIIQQQ")

HEADER_SIZE: Final = HEADER.size
REQUEST_PREFIX: Final = HEADER_SIZE + REQUEST_FIXED.size
RESPONSE_PREFIX: Final = HEADER_SIZE + RESPONSE_FIXED.size
DESCRIPTOR_SIZE: Final = DESCRIPTOR.size
MAX_REQUEST_SIZE: Final = REQUEST_PREFIX + MAX_TENSORS * DESCRIPTOR_SIZE
MAX_RESPONSE_SIZE: Final = RESPONSE_PREFIX + MAX_TENSORS * DESCRIPTOR_SIZE + MAX_ERROR_SIZE

# Offsets inside a region.
REGION_PARKED: Final = 0x80
REGION_SPIN_US: Final = 0x84
REGION_SERVER_STATE: Final = 0x88
REGION_SUBMIT_TAIL: Final = 0xC0
REGION_RING: Final = 0x200
REGION_SLOTS: Final = 0x1000

# Offsets inside a slot.
SLOT_STATE: Final = 0x00
SLOT_WAITING: Final = 0x04
SLOT_CANCEL: Final = 0x40
SLOT_CONTROL: Final = 0xD8
SLOT_REQUEST: Final = 0x100
SLOT_RESPONSE: Final = 0x1000
SLOT_INLINE: Final = 0x2000

DEFAULT_SLOTS: Final = 64
DEFAULT_INLINE: Final = 8192
DEFAULT_DATA: Final = 64 << 20
MAX_INLINE: Final = 1 << 20
# What a socket of the socket transport may hold on its way; the system's own default is a fifth of a megabyte.
SOCKET_BUFFER: Final = 2 << 20


class DType(IntEnum):
    """Element types; the value is the code on the wire."""

    FLOAT32 = 1
    FLOAT64 = 2
    FLOAT16 = 3
    BFLOAT16 = 4
    INT8 = 5
    INT16 = 6
    INT32 = 7
    INT64 = 8
    UINT8 = 9
    BOOL = 10
    UINT16 = 11
    UINT32 = 12
    UINT64 = 13


ITEM_SIZE: Final[dict[int, int]] = {
    DType.FLOAT32: 4,
    DType.FLOAT64: 8,
    DType.FLOAT16: 2,
    DType.BFLOAT16: 2,
    DType.INT8: 1,
    DType.INT16: 2,
    DType.INT32: 4,
    DType.INT64: 8,
    DType.UINT8: 1,
    DType.BOOL: 1,
    DType.UINT16: 2,
    DType.UINT32: 4,
    DType.UINT64: 8,
}


class State(IntEnum):
    """Who owns a slot and what is in it."""

    FREE = 0
    SUBMITTED = 1
    PARTIAL = 2
    CONTINUE = 3
    DONE = 4


class Opcode(IntEnum):
    """What a request asks for."""

    INFER = 1
    STATUS = 2
    MODELS = 3
    PING = 4


class Status(IntEnum):
    """How a request or a handshake ended."""

    OK = 0
    BAD_MAGIC = 1
    BAD_VERSION = 2
    BAD_CHECKSUM = 3
    BAD_REQUEST = 4
    BAD_TENSOR = 5
    UNKNOWN_MODEL = 6
    MODEL_FAILED = 7
    OVERLOADED = 8
    DEADLINE_EXCEEDED = 9
    CANCELLED = 10
    NEEDS_SPACE = 11
    SHUTTING_DOWN = 12
    TOO_LARGE = 13
    UNSUPPORTED = 14
    INTERNAL = 15
    FORBIDDEN = 16
    TOO_MANY_CLIENTS = 17


class RequestFlag(IntFlag):
    """Options of a request."""

    CHECK_DATA = 1
    STREAM = 2


class ResponseFlag(IntFlag):
    """Properties of a response."""

    HAS_DATA_CRC = 1
    MORE = 2


class Transport(IntEnum):
    """How tensors and messages travel."""

    SHM = 1
    SOCKET = 2


class FrameKind(IntEnum):
    """What a frame on the socket transport holds."""

    REQUEST = 1
    RESPONSE = 2
    CONTINUE = 3


class ServerState(IntEnum):
    """What the server says about itself in every region."""

    SERVING = 0
    DRAINING = 1


class LayoutError(Exception):
    """Bytes that PROTOCOL.md forbids; `status` is the code to answer with."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class TensorDescriptor:
    """One tensor of a message: its type, its shape and where its bytes lie.

    `shape` has one entry per dimension. `data_offset` and `data_size` are in bytes.
    """

    dtype: int
    shape: tuple[int, ...]
    data_offset: int
    data_size: int


@dataclass(frozen=True, slots=True)
class Request:
    """A decoded `InferenceRequest`."""

    request_id: int
    model_id: str
    inputs: tuple[TensorDescriptor, ...]


@dataclass(frozen=True, slots=True)
class Response:
    """A decoded `InferenceResponse`. `needed` is in bytes, `model_ns` in nanoseconds."""

    request_id: int
    status: int
    flags: int
    outputs: tuple[TensorDescriptor, ...]
    error: str
    needed: int
    model_ns: int
    data_crc: int


def align(size: int) -> int:
    """`size` rounded up to the alignment of tensor data."""
    return (size + ALIGNMENT - 1) & -ALIGNMENT


def encode_descriptor(tensor: TensorDescriptor) -> bytes:
    """The 88 bytes of one `TensorDescriptor`."""
    shape = tensor.shape + (0,) * (MAX_DIMS - len(tensor.shape))
    return DESCRIPTOR.pack(tensor.dtype, len(tensor.shape), *shape, tensor.data_offset, tensor.data_size)


def encode_request_payload(model_id: str, inputs: Sequence[TensorDescriptor]) -> bytes:
    """What follows the header of an `InferenceRequest`. Raises `LayoutError` when it cannot be said."""
    name = model_id.encode()
    if len(name) >= MODEL_ID_SIZE or b"\0" in name:
        raise LayoutError(
            Status.BAD_REQUEST,
            f"model id {model_id!r} must be at most {MODEL_ID_SIZE - 1} bytes of UTF-8 without NUL",
        )
    if len(inputs) > MAX_TENSORS:
        raise LayoutError(Status.BAD_REQUEST, f"{len(inputs)} inputs; at most {MAX_TENSORS} are allowed")
    return REQUEST_FIXED.pack(name, len(inputs), 0) + b"".join(map(encode_descriptor, inputs))


def encode_message(request_id: int, payload: bytes) -> bytes:
    """A header with its checksum, then the payload."""
    return HEADER.pack(MAGIC, VERSION, request_id, len(payload), crc32(payload)) + payload


def encode_request(request: Request) -> bytes:
    """A whole `InferenceRequest`."""
    return encode_message(request.request_id, encode_request_payload(request.model_id, request.inputs))


def encode_response_payload(
    status: int,
    flags: int,
    outputs: bytes,
    error: bytes,
    needed: int,
    model_ns: int,
    data_crc: int,
) -> bytes:
    """What follows the header of an `InferenceResponse`; `outputs` are encoded descriptors."""
    return (
        RESPONSE_FIXED.pack(
            status, flags, len(outputs) // DESCRIPTOR_SIZE, len(error), needed, model_ns, data_crc, 0
        )
        + outputs
        + error
    )


def encode_error(text: str) -> bytes:
    """Error text cut to `MAX_ERROR_SIZE` bytes without splitting a character."""
    return text.encode(errors="replace")[:MAX_ERROR_SIZE].decode(errors="ignore").encode()


def encode_response(response: Response) -> bytes:
    """A whole `InferenceResponse`."""
    payload = encode_response_payload(
        response.status,
        response.flags,
        b"".join(map(encode_descriptor, response.outputs)),
        encode_error(response.error),
        response.needed,
        response.model_ns,
        response.data_crc,
    )
    return encode_message(response.request_id, payload)


def check_header(message: bytes, least: int, most: int) -> tuple[int, int, int]:
    """`(request_id, payload_size, checksum)` of a message whose payload is `least..most` bytes long."""
    if len(message) < HEADER_SIZE:
        raise LayoutError(Status.BAD_REQUEST, f"{len(message)} bytes; a header has {HEADER_SIZE}")
    magic, version, request_id, payload_size, checksum = HEADER.unpack_from(message)
    if magic != MAGIC:
        raise LayoutError(Status.BAD_MAGIC, f"magic is 0x{magic:08X}; expected 0x{MAGIC:08X}")
    if version != VERSION:
        raise LayoutError(Status.BAD_VERSION, f"version is {version}; this side speaks {VERSION}")
    if not least <= payload_size <= most:
        raise LayoutError(Status.BAD_REQUEST, f"payload_size is {payload_size}; expected {least} to {most}")
    if HEADER_SIZE + payload_size > len(message):
        raise LayoutError(
            Status.BAD_REQUEST, f"payload_size is {payload_size}; {len(message) - HEADER_SIZE} bytes follow"
        )
    return request_id, payload_size, checksum


def check_checksum(payload: bytes, checksum: int) -> None:
    """Raise unless `checksum` is the CRC-32 of `payload`."""
    actual = crc32(payload)
    if actual != checksum:
        raise LayoutError(
            Status.BAD_CHECKSUM, f"checksum is 0x{checksum:08X}; the payload's CRC-32 is 0x{actual:08X}"
        )


def decode_descriptor(payload: bytes, offset: int, label: str) -> TensorDescriptor:
    """The descriptor at `offset`, its own arithmetic checked; `label` names it in errors."""
    values = DESCRIPTOR.unpack_from(payload, offset)
    dtype, ndim = values[0], values[1]
    item = ITEM_SIZE.get(dtype)
    if item is None:
        raise LayoutError(Status.BAD_TENSOR, f"{label}: unknown dtype {dtype}")
    if ndim > MAX_DIMS:
        raise LayoutError(Status.BAD_TENSOR, f"{label}: ndim is {ndim}; at most {MAX_DIMS}")
    shape = values[2 : 2 + ndim]
    if any(values[2 + ndim : 2 + MAX_DIMS]):
        raise LayoutError(Status.BAD_TENSOR, f"{label}: shape has non-zero entries past ndim {ndim}")
    data_offset, data_size = values[10], values[11]
    # Python integers do not overflow, so the product is exact; other languages check each step.
    expected = math.prod(shape) * item
    if expected != data_size:
        raise LayoutError(
            Status.BAD_TENSOR,
            f"{label}: data_size is {data_size}; shape {list(shape)} of {DType(dtype).name.lower()} "
            f"takes {expected}",
        )
    return TensorDescriptor(dtype, shape, data_offset, data_size)


def decode_request_payload(payload: bytes) -> tuple[str, tuple[TensorDescriptor, ...]]:
    """`(model_id, inputs)` of a request's payload whose checksum was already compared."""
    raw, count, reserved = REQUEST_FIXED.unpack_from(payload)
    name, terminator, rest = raw.partition(b"\0")
    if not terminator:
        raise LayoutError(Status.BAD_REQUEST, "model_id is not terminated by NUL")
    if rest.strip(b"\0"):
        raise LayoutError(Status.BAD_REQUEST, "model_id has bytes after its NUL")
    if reserved:
        raise LayoutError(Status.BAD_REQUEST, f"the padding after input_count is {reserved}; expected 0")
    if count > MAX_TENSORS:
        raise LayoutError(Status.BAD_REQUEST, f"input_count is {count}; at most {MAX_TENSORS}")
    if len(payload) != REQUEST_FIXED.size + count * DESCRIPTOR_SIZE:
        raise LayoutError(
            Status.BAD_REQUEST,
            f"payload_size is {len(payload)}; {count} inputs take {REQUEST_FIXED.size + count * DESCRIPTOR_SIZE}",
        )
    try:
        model_id = name.decode()
    except UnicodeDecodeError as error:
        raise LayoutError(Status.BAD_REQUEST, f"model_id is not UTF-8: {error}") from error
    inputs = tuple(
        decode_descriptor(payload, REQUEST_FIXED.size + i * DESCRIPTOR_SIZE, f"input {i}")
        for i in range(count)
    )
    return model_id, inputs


def decode_request(message: bytes) -> Request:
    """A whole `InferenceRequest`; raises `LayoutError` with the status to answer."""
    request_id, size, checksum = check_header(message, REQUEST_FIXED.size, MAX_REQUEST_SIZE - HEADER_SIZE)
    payload = message[HEADER_SIZE : HEADER_SIZE + size]
    check_checksum(payload, checksum)
    model_id, inputs = decode_request_payload(payload)
    return Request(request_id, model_id, inputs)


def decode_response(message: bytes) -> Response:
    """A whole `InferenceResponse`; raises `LayoutError`."""
    request_id, size, checksum = check_header(message, RESPONSE_FIXED.size, MAX_RESPONSE_SIZE - HEADER_SIZE)
    payload = message[HEADER_SIZE : HEADER_SIZE + size]
    check_checksum(payload, checksum)
    status, flags, count, error_size, needed, model_ns, data_crc, _ = RESPONSE_FIXED.unpack_from(payload)
    errors_at = RESPONSE_FIXED.size + count * DESCRIPTOR_SIZE
    if count > MAX_TENSORS or errors_at + error_size != size:
        raise LayoutError(
            Status.BAD_REQUEST,
            f"payload_size is {size}; {count} outputs and {error_size} bytes of error do not fit it",
        )
    outputs = tuple(
        decode_descriptor(payload, RESPONSE_FIXED.size + i * DESCRIPTOR_SIZE, f"output {i}")
        for i in range(count)
    )
    error = payload[errors_at:].decode(errors="replace")
    return Response(request_id, status, flags, outputs, error, needed, model_ns, data_crc)


def check_placement(
    tensors: Sequence[TensorDescriptor],
    ranges: Sequence[tuple[int, int]],
    reply: tuple[int, int] | None = None,
) -> None:
    """Raise `BAD_TENSOR` unless every tensor lies aligned inside one range and no two blocks overlap.

    `ranges` are half-open byte ranges `(start, end)` of the region; `reply` is `(offset, capacity)`.
    """
    blocks = [(t.data_offset, t.data_size, f"input {i}") for i, t in enumerate(tensors)]
    if reply is not None:
        blocks.append((*reply, "the reply block"))
    for offset, size, label in blocks:
        if offset % ALIGNMENT:
            raise LayoutError(Status.BAD_TENSOR, f"{label}: offset {offset} is not a multiple of {ALIGNMENT}")
        if not any(start <= offset and offset + size <= end for start, end in ranges):
            raise LayoutError(
                Status.BAD_TENSOR, f"{label}: bytes {offset} to {offset + size} are outside this slot's space"
            )
    ordered = sorted(block for block in blocks if block[1])
    for (offset, size, label), (other_offset, _, other) in itertools.pairwise(ordered):
        if offset + size > other_offset:
            raise LayoutError(Status.BAD_TENSOR, f"{label} overlaps {other}")


@dataclass(frozen=True, slots=True)
class RegionShape:
    """Where everything lies in one client's region; sizes and offsets in bytes."""

    slot_count: int
    slot_stride: int
    data_offset: int
    region_size: int

    @property
    def inline_size(self) -> int:
        """Bytes of tensor space inside each slot."""
        return self.slot_stride - SLOT_INLINE

    @classmethod
    def of(cls, slot_count: int, inline_size: int, data_size: int) -> RegionShape:
        """The shape for a client that asked for so many slots and so much tensor space."""
        slots = 1 << max(0, min(slot_count, MAX_SLOTS) - 1).bit_length() if slot_count > 1 else 1
        stride = SLOT_INLINE + (min(max(inline_size, 0), MAX_INLINE) + 4095 & -4096)
        data_offset = REGION_SLOTS + slots * stride
        return cls(slots, stride, data_offset, data_offset + (max(data_size, 0) + 4095 & -4096))

    def encode(self, instance: int) -> bytes:
        """The constant part of the region's header."""
        return REGION.pack(
            MAGIC,
            VERSION,
            self.region_size,
            self.slot_count,
            self.slot_stride,
            REGION_SLOTS,
            self.data_offset,
            instance,
        )

    def slot(self, index: int) -> int:
        """Offset of slot `index`."""
        return REGION_SLOTS + index * self.slot_stride

    def check(self, file_size: int) -> None:
        """Raise `LayoutError` unless the parts fit each other and the file (a client's check)."""
        fits = (
            1 <= self.slot_count <= MAX_SLOTS
            and self.slot_count & (self.slot_count - 1) == 0
            and SLOT_INLINE <= self.slot_stride <= SLOT_INLINE + MAX_INLINE
            and self.slot_stride % ALIGNMENT == 0
            and self.data_offset == REGION_SLOTS + self.slot_count * self.slot_stride
            and self.data_offset <= self.region_size <= file_size
        )
        if not fits:
            raise LayoutError(Status.BAD_REQUEST, f"the server described a region that cannot be: {self}")
