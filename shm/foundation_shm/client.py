"""The Python client: blocking calls, timed calls, streams and calls in the background.

One `Client` may be shared by any number of threads. It connects when it is first used and again after the
server was restarted; a call that was in flight when the server went away raises `ConnectionLost`, because
the model may already have run.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from foundation_shm import _futex, layout
from foundation_shm.crc import crc32
from foundation_shm.endpoint import socket_path
from foundation_shm.errors import (
    CallTimeout,
    ClientBusy,
    ConnectError,
    ConnectionLost,
    ProtocolError,
    TooLarge,
    server_error,
)
from foundation_shm.layout import (
    FrameKind,
    LayoutError,
    Opcode,
    RegionShape,
    RequestFlag,
    ResponseFlag,
    State,
    Status,
    TensorDescriptor,
    Transport,
    align,
)
from foundation_shm.ring import WEAKLY_ORDERED, WORD_MASK, Arena, Fence, Region
from foundation_shm.tensor import Tensor

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_CONTROL_AND_HEADER: Final = struct.Struct(layout.CONTROL.format + layout.HEADER.format.lstrip("<"))
_HEADER_AND_FIXED: Final = struct.Struct(layout.HEADER.format + layout.RESPONSE_FIXED.format.lstrip("<"))
_USUAL_RESPONSE: Final = layout.RESPONSE_PREFIX + 4 * layout.DESCRIPTOR_SIZE

_TAIL: Final = layout.REGION_SUBMIT_TAIL // 4
_PARKED: Final = layout.REGION_PARKED // 4
_SPIN_US: Final = layout.REGION_SPIN_US // 4
_RING: Final = layout.REGION_RING // 4
_SUBMITTED: Final = int(State.SUBMITTED)
_CONTINUE: Final = int(State.CONTINUE)

_SLICE: Final = 0.05
_QUIET_NS: Final = 100_000_000
_MAX_SPIN_US: Final = 1000
_PLANS: Final = 256


class Result:
    """What a model answered: `outputs`, and the nanoseconds that the model itself took."""

    __slots__ = ("model_ns", "more", "outputs")

    def __init__(self, outputs: list[Tensor], model_ns: int, more: bool) -> None:
        self.outputs = outputs
        self.model_ns = model_ns
        self.more = more

    def __getitem__(self, index: int) -> Tensor:
        return self.outputs[index]

    def __len__(self) -> int:
        return len(self.outputs)

    def __repr__(self) -> str:
        return f"Result({self.outputs}, model_ns={self.model_ns})"


class Buffer:
    """Tensor space in the client's region: fill `data`, pass it to `infer` without a copy, then `release`.

    It belongs to one connection; after a reconnection calls with it raise `ConnectionLost`.
    """

    __slots__ = ("_session", "_size", "data", "dtype", "offset", "shape")

    def __init__(
        self, session: _ShmSession, dtype: int, shape: tuple[int, ...], offset: int, size: int
    ) -> None:
        self._session: _ShmSession | None = session
        self._size = size
        self.dtype = dtype
        self.shape = shape
        self.offset = offset
        self.data = session.region.view[offset : offset + size]

    @property
    def tensor(self) -> Tensor:
        """The same bytes as a `Tensor`."""
        return Tensor(self.dtype, self.shape, self.data)

    def belongs_to(self, session: object) -> bool:
        """Whether `session` is the connection that this space was taken from."""
        return self._session is session

    def release(self) -> None:
        """Give the space back; it must not be used afterwards. A second call does nothing."""
        session, self._session = self._session, None
        if session is not None:
            session.release_block(self.offset, self._size)

    def __enter__(self) -> Buffer:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


Input = "Tensor | Buffer | ReadableBuffer"


class _Pending:
    """A request in a slot, from its submission to its last answer."""

    __slots__ = (
        "blocks",
        "expected",
        "fence",
        "model_id",
        "released",
        "reply",
        "request_id",
        "slot",
        "state_at",
    )

    def __init__(self, slot: int, state_at: int, fence: Fence) -> None:
        self.slot = slot
        self.state_at = state_at
        self.fence = fence
        self.request_id = 0
        self.expected = _SUBMITTED
        self.model_id = ""
        self.reply: tuple[int, int] = (0, 0)
        self.blocks: list[tuple[int, int]] = []
        self.released = True


class _ShmSession:
    """One connection with its region."""

    def __init__(self, sock: socket.socket, region: Region, endpoint: str) -> None:
        self.sock = sock
        self.region = region
        self.endpoint = endpoint
        self.lost = False
        shape = region.shape
        self._view = region.view
        self._words = region.words
        self._lock = threading.Lock()
        self._freed = threading.Condition(self._lock)
        self._slots = [
            _Pending(index, shape.slot(index), Fence()) for index in reversed(range(shape.slot_count))
        ]
        self._abandoned: list[_Pending] = []
        self._arena = Arena(shape.data_offset, shape.region_size)
        self._waiters = 0
        self._in_flight = 0
        self._tail = 0
        self._mask = shape.slot_count - 1
        self._next_id = 1
        self._quiet_since = time.monotonic_ns()
        self._plans: dict[Any, tuple[bytes, int, list[tuple[int, int]]]] = {}
        self._reply_sizes: dict[str, int] = {}
        self._places: dict[bytes, list[tuple[int, tuple[int, ...], int, int]]] = {}

    # Space

    def _reap(self) -> None:
        """Take back the slots of calls that their callers gave up, once the server is done with them."""
        for pending in list(self._abandoned):
            state = self._words[pending.state_at >> 2]
            if state == State.DONE:
                self._abandoned.remove(pending)
                self._release_locked(pending)
            elif state == State.PARTIAL:
                self._words[pending.state_at >> 2] = _CONTINUE
                self._push(pending)

    def _release_locked(self, pending: _Pending) -> None:
        if pending.released:
            return
        pending.released = True
        self._words[pending.state_at >> 2] = 0
        for offset, size in pending.blocks:
            self._arena.release(offset, size)
        pending.blocks.clear()
        self._slots.append(pending)
        self._in_flight -= 1
        if self._waiters:
            self._freed.notify_all()

    def release(self, pending: _Pending) -> None:
        """Give a finished call's slot and space back."""
        with self._lock:
            self._release_locked(pending)

    def release_block(self, offset: int, size: int) -> None:
        """Give a `Buffer`'s space back."""
        with self._lock:
            self._arena.release(offset, size)
            if self._waiters:
                self._freed.notify_all()

    def _wait_for_space(self, deadline: float, what: str) -> None:
        """Sleep until something is released; abandoned calls are looked at every few milliseconds."""
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise ClientBusy(f"no {what} came free in time: every one is in use by calls in flight")
        if self.is_dead():
            raise self.gone()
        self._waiters += 1
        try:
            self._freed.wait(min(remaining, 0.005 if self._abandoned else _SLICE))
        finally:
            self._waiters -= 1

    def allocate(self, dtype: int, shape: tuple[int, ...], size: int, deadline: float) -> Buffer:
        """A `Buffer` of `size` bytes."""
        with self._lock:
            offset = self._allocate_block(size, deadline)
        return Buffer(self, dtype, shape, offset, size)

    def _allocate_block(self, size: int, deadline: float) -> int:
        arena = self._arena
        if align(size) > arena.end - arena.start:
            raise TooLarge(
                Status.TOO_LARGE,
                f"{size} bytes do not fit this client's {arena.end - arena.start} bytes of tensor space; "
                "open the client with a larger data_size",
            )
        while True:
            offset = arena.allocate(size)
            if offset is not None:
                return offset
            self._reap()
            offset = arena.allocate(size)
            if offset is not None:
                return offset
            self._wait_for_space(deadline, "tensor space")

    # Calls

    def begin(
        self,
        opcode: int,
        model_id: str,
        inputs: Sequence[Tensor | Buffer],
        flags: int,
        timeout_ns: int,
        deadline: float,
    ) -> _Pending:
        """Write a request into a slot and submit it."""
        now = time.monotonic_ns()
        if now - self._quiet_since > _QUIET_NS and self.is_dead():
            raise self.gone()
        self._quiet_since = now
        size = 0
        for tensor in inputs:
            if type(tensor) is Tensor:
                size += (len(tensor.data) + 63) & -64
            elif not cast(Buffer, tensor).belongs_to(self):
                raise ConnectionLost("the buffer belongs to a connection that is gone; allocate it again")
        shape = self.region.shape
        reply_size = self._reply_sizes.get(model_id, 1024)
        with self._lock:
            while not self._slots:
                self._reap()
                if not self._slots:
                    self._wait_for_space(deadline, "slot")
            pending = self._slots.pop()
            pending.released = False
            self._in_flight += 1
            try:
                if size + reply_size <= shape.inline_size:
                    start = pending.state_at + layout.SLOT_INLINE
                    reply = (start + size, shape.inline_size - size)
                else:
                    block = size + align(reply_size)
                    start = self._allocate_block(block, deadline)
                    pending.blocks.append((start, block))
                    reply = (start + size, block - size)
                pending.request_id = self._next_id
                self._next_id += 1
            except BaseException:
                self._release_locked(pending)
                raise
        try:
            self._write(pending, opcode, model_id, inputs, flags, timeout_ns, start, reply)
        except BaseException:
            self.release(pending)
            raise
        if self._words[_PARKED] and self.is_dead():
            # It sleeps for ever. Now is the last time to say so of a request that it cannot have seen.
            self.release(pending)
            raise self.gone()
        with self._lock:
            self._push(pending)
        self._ring(pending)
        return pending

    def _write(
        self,
        pending: _Pending,
        opcode: int,
        model_id: str,
        inputs: Sequence[Tensor | Buffer],
        flags: int,
        timeout_ns: int,
        start: int,
        reply: tuple[int, int],
    ) -> None:
        view = self._view
        key = (model_id, start, reply, *[(t.dtype, t.shape, getattr(t, "offset", -1)) for t in inputs])
        plan = self._plans.get(key)
        if plan is None:
            plan = self._make_plan(model_id, inputs, start)
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            self._plans[key] = plan
        payload, checksum, places = plan
        for tensor, (begin, end) in zip(inputs, places, strict=True):
            if begin >= 0:
                view[begin:end] = tensor.data
        data_crc = 0
        if flags & RequestFlag.CHECK_DATA:
            for tensor in inputs:
                data_crc = crc32(tensor.data, data_crc)
        base = pending.state_at
        at = base + layout.SLOT_CONTROL
        view[at : at + _CONTROL_AND_HEADER.size + len(payload)] = (
            _CONTROL_AND_HEADER.pack(
                opcode,
                flags,
                timeout_ns,
                reply[0],
                reply[1],
                data_crc,
                0,
                layout.MAGIC,
                layout.VERSION,
                pending.request_id,
                len(payload),
                checksum,
            )
            + payload
        )
        pending.model_id = model_id
        pending.reply = reply
        pending.expected = _SUBMITTED
        words = self._words
        words[(base + layout.SLOT_CANCEL) >> 2] = 0
        words[base >> 2] = _SUBMITTED

    def _make_plan(
        self, model_id: str, inputs: Sequence[Tensor | Buffer], start: int
    ) -> tuple[bytes, int, list[tuple[int, int]]]:
        places: list[tuple[int, int]] = []
        descriptors: list[TensorDescriptor] = []
        at = start
        for tensor in inputs:
            size = len(tensor.data)
            if isinstance(tensor, Buffer):
                descriptors.append(TensorDescriptor(tensor.dtype, tensor.shape, tensor.offset, size))
                places.append((-1, -1))
            else:
                descriptors.append(TensorDescriptor(tensor.dtype, tensor.shape, at, size))
                places.append((at, at + size))
                at = align(at + size)
        try:
            payload = layout.encode_request_payload(model_id, descriptors)
        except (LayoutError, struct.error) as error:
            raise ValueError(str(error)) from error
        return payload, crc32(payload), places

    def _push(self, pending: _Pending) -> None:
        """Put a slot on the ring; the tail is stored last, so that the server finds the slot complete."""
        words = self._words
        words[_RING + (self._tail & self._mask)] = pending.slot
        self._tail = (self._tail + 1) & WORD_MASK
        if WEAKLY_ORDERED:
            pending.fence()
        words[_TAIL] = self._tail

    def _ring(self, pending: _Pending) -> None:
        """Ring the doorbell when the server sleeps.

        A socket that is full holds doorbells enough. One that is closed tells nothing of the request, which the server
        may have seen before it went away: whoever waits for the answer finds out.
        """
        pending.fence()
        if self._words[_PARKED]:
            with contextlib.suppress(OSError):
                self.sock.send(b"\1")

    def next(self, pending: _Pending, deadline: float) -> Result:
        """Wait for the next answer of a call; on any error the call is over."""
        while True:
            try:
                self._wait(pending, deadline)
                result = self._read(pending)
                if result is None:
                    self._make_room(pending, deadline)
                    continue
            except BaseException:
                self.abandon(pending)
                raise
            if not result.more:
                self.release(pending)
            return result

    def resume(self, pending: _Pending) -> None:
        """Ask for the next part of a stream."""
        pending.expected = _CONTINUE
        self._words[pending.state_at >> 2] = _CONTINUE
        with self._lock:
            self._push(pending)
        self._ring(pending)

    def done(self, pending: _Pending) -> bool:
        """Whether an answer is there."""
        return self._words[pending.state_at >> 2] != pending.expected

    def _wait(self, pending: _Pending, deadline: float) -> None:
        words = self._words
        at = pending.state_at >> 2
        expected = pending.expected
        if words[at] != expected:
            return
        spin_us = words[_SPIN_US]
        if spin_us and self._in_flight == 1:
            # Watching memory answers in a fraction of the time that a sleep and a wake-up take, but it is
            # worth its processor only while the server says that one is spare.
            until = time.perf_counter_ns() + min(spin_us, _MAX_SPIN_US) * 1000
            while time.perf_counter_ns() < until:
                for _ in range(64):
                    if words[at] != expected:
                        return
        waiting = (pending.state_at + layout.SLOT_WAITING) >> 2
        address = self.region.address + pending.state_at
        words[waiting] = 1
        pending.fence()
        try:
            while words[at] == expected:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise CallTimeout(f"{pending.model_id!r} at {self.endpoint} did not answer in time")
                _futex.wait(address, expected, min(remaining, _SLICE))
                if words[at] == expected and self.is_dead():
                    raise self.gone()
        finally:
            words[waiting] = 0

    def _read(self, pending: _Pending) -> Result | None:
        """The answer in the slot, or `None` when the server asks for room."""
        if WEAKLY_ORDERED:
            pending.fence()
        at = pending.state_at + layout.SLOT_RESPONSE
        snapshot = bytes(self._view[at : at + _USUAL_RESPONSE])
        (
            magic,
            version,
            request_id,
            payload_size,
            checksum,
            status,
            flags,
            count,
            error_size,
            needed,
            model_ns,
            data_crc,
            _,
        ) = _HEADER_AND_FIXED.unpack_from(snapshot)
        end = layout.HEADER_SIZE + payload_size
        if end > _USUAL_RESPONSE:
            snapshot = bytes(self._view[at : at + min(end, layout.MAX_RESPONSE_SIZE)])
        payload = snapshot[layout.HEADER_SIZE : end]
        errors_at = layout.RESPONSE_FIXED.size + count * layout.DESCRIPTOR_SIZE
        if (
            magic != layout.MAGIC
            or version != layout.VERSION
            or crc32(payload) != checksum
            or request_id != pending.request_id
            or errors_at + error_size != payload_size
        ):
            raise ProtocolError(Status.BAD_REQUEST, f"the answer to request {pending.request_id} is damaged")
        if status == Status.NEEDS_SPACE:
            pending.reply = (0, needed)
            return None
        if status:
            text = payload[errors_at:].decode(errors="replace")
            raise server_error(_status(status), text)
        described = payload[layout.RESPONSE_FIXED.size : errors_at]
        places = self._places.get(described)
        if places is None:
            places = self._check_places(described, count)
        start, capacity = pending.reply
        view = self._view
        outputs: list[Tensor] = []
        for dtype, shape, begin, stop in places:
            if begin < start or stop > start + capacity:
                raise ProtocolError(Status.BAD_TENSOR, "an output lies outside the space given for it")
            outputs.append(Tensor(dtype, shape, memoryview(bytes(view[begin:stop]))))
        if flags & ResponseFlag.HAS_DATA_CRC:
            actual = 0
            for tensor in outputs:
                actual = crc32(tensor.data, actual)
            if actual != data_crc:
                raise ProtocolError(Status.BAD_CHECKSUM, "the outputs' CRC-32 does not match the answer's")
        if needed > self._reply_sizes.get(pending.model_id, 1024):
            self._reply_sizes[pending.model_id] = needed
        return Result(outputs, model_ns, bool(flags & ResponseFlag.MORE))

    def _check_places(self, described: bytes, count: int) -> list[tuple[int, tuple[int, ...], int, int]]:
        try:
            tensors = [
                layout.decode_descriptor(described, i * layout.DESCRIPTOR_SIZE, f"output {i}")
                for i in range(count)
            ]
        except LayoutError as error:
            raise ProtocolError(error.status, error.message) from error
        places = [(t.dtype, t.shape, t.data_offset, t.data_offset + t.data_size) for t in tensors]
        if len(self._places) >= _PLANS:
            self._places.clear()
        self._places[described] = places
        return places

    def _make_room(self, pending: _Pending, deadline: float) -> None:
        """Allocate what the answer needs and ask for it again; the model does not run twice."""
        needed = pending.reply[1]
        with self._lock:
            offset = self._allocate_block(needed, deadline)
            pending.blocks.append((offset, needed))
        pending.reply = (offset, align(needed))
        self._reply_sizes[pending.model_id] = max(needed, self._reply_sizes.get(pending.model_id, 0))
        at = pending.state_at + layout.SLOT_CONTROL + 16
        self._view[at : at + 16] = struct.pack("<QQ", *pending.reply)
        self.resume(pending)

    def cancel(self, pending: _Pending) -> None:
        """Ask the server not to run the call, or to end its stream."""
        self._words[(pending.state_at + layout.SLOT_CANCEL) >> 2] = 1

    def abandon(self, pending: _Pending) -> None:
        """Give a call up: its slot is reused when the server is done with it."""
        with self._lock:
            if pending.released or pending in self._abandoned:
                return
            state = self._words[pending.state_at >> 2]
            if state == State.DONE:
                self._release_locked(pending)
                return
            self.cancel(pending)
            self._abandoned.append(pending)
            self._reap()

    # Life

    def is_dead(self) -> bool:
        """Whether the server closed the connection."""
        if self.lost:
            return True
        try:
            self.lost = not self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            self.lost = True
        return self.lost

    def gone(self) -> ConnectionLost:
        """The error for calls in flight when the server went away."""
        self.lost = True
        return ConnectionLost(f"the server at {self.endpoint} went away during the call")

    def close(self) -> None:
        """Drop the connection; the mapping goes when the last tensor over it does."""
        self.lost = True
        self.sock.close()


class _SocketPending:
    """A request on a connection of its own."""

    __slots__ = ("model_id", "received", "request_id", "sock")

    def __init__(self, sock: socket.socket, request_id: int, model_id: str) -> None:
        self.sock: socket.socket | None = sock
        self.request_id = request_id
        self.model_id = model_id
        self.received = bytearray()


class _SocketSession:
    """The fallback: a pool of connections, one call at a time on each."""

    def __init__(self, first: socket.socket, path: str, endpoint: str, name: str) -> None:
        self.endpoint = endpoint
        self.lost = False
        self._path = path
        self._name = name
        self._lock = threading.Lock()
        self._idle = [first]
        self._next_id = 1

    def begin(
        self,
        opcode: int,
        model_id: str,
        inputs: Sequence[Tensor | Buffer],
        flags: int,
        timeout_ns: int,
        deadline: float,
    ) -> _SocketPending:
        """Send a request."""
        descriptors: list[TensorDescriptor] = []
        pieces: list[bytes | memoryview] = []
        at = 0
        data_crc = 0
        for tensor in inputs:
            size = len(tensor.data)
            descriptors.append(TensorDescriptor(tensor.dtype, tensor.shape, at, size))
            pieces += [tensor.data, bytes(align(size) - size)]
            at = align(at + size)
            if flags & RequestFlag.CHECK_DATA:
                data_crc = crc32(tensor.data, data_crc)
        try:
            payload = layout.encode_request_payload(model_id, descriptors)
        except (LayoutError, struct.error) as error:
            raise ValueError(str(error)) from error
        with self._lock:
            request_id = self._next_id
            self._next_id += 1
            sock = self._idle.pop() if self._idle else None
        if sock is not None and select.select([sock], [], [], 0)[0]:
            # An idle connection is only readable when the server closed it.
            sock.close()
            raise self.gone()
        if sock is None:
            sock, _, _ = _greet(self._path, Transport.SOCKET, 1, 0, 0, self._name)
        message = layout.encode_message(request_id, payload)
        header = layout.FRAME.pack(
            layout.MAGIC, FrameKind.REQUEST, opcode, flags, timeout_ns, at, len(message), data_crc, 0
        )
        pending = _SocketPending(sock, request_id, model_id)
        try:
            sock.settimeout(max(deadline - time.monotonic(), 1e-6))
            _send_all(sock, [header + message, *pieces])
        except TimeoutError as error:
            self.abandon(pending)
            raise CallTimeout(f"{model_id!r} at {self.endpoint} did not take the request in time") from error
        except OSError as error:
            self.abandon(pending)
            raise self.gone() from error
        return pending

    def next(self, pending: _SocketPending, deadline: float) -> Result:
        """Wait for the next answer of a call; on any error but the model's own the connection is closed."""
        try:
            frame = layout.FRAME.unpack(self._receive(pending, layout.FRAME.size, deadline))
            magic, kind, _, _, _, data_size, message_size, _, _ = frame
            if magic != layout.MAGIC or kind != FrameKind.RESPONSE or message_size > layout.MAX_RESPONSE_SIZE:
                raise ProtocolError(Status.BAD_REQUEST, "the server sent a damaged frame")
            body = self._receive(pending, message_size + data_size, deadline)
            message, data = bytes(body[:message_size]), body[message_size:].toreadonly()
            response = layout.decode_response(message)
            layout.check_placement(response.outputs, ((0, data_size),))
            if response.request_id != pending.request_id:
                raise ProtocolError(Status.BAD_REQUEST, "the answer is to another request")
        except LayoutError as error:
            self.abandon(pending)
            raise ProtocolError(error.status, error.message) from error
        except BaseException:
            self.abandon(pending)
            raise
        more = bool(response.flags & ResponseFlag.MORE)
        if not more:
            self._keep(pending)
        if response.status:
            raise server_error(_status(response.status), response.error)
        outputs = [
            Tensor(t.dtype, t.shape, data[t.data_offset : t.data_offset + t.data_size])
            for t in response.outputs
        ]
        if response.flags & ResponseFlag.HAS_DATA_CRC:
            actual = 0
            for tensor in outputs:
                actual = crc32(tensor.data, actual)
            if actual != response.data_crc:
                raise ProtocolError(Status.BAD_CHECKSUM, "the outputs' CRC-32 does not match the answer's")
        return Result(outputs, response.model_ns, more)

    def _receive(self, pending: _SocketPending, size: int, deadline: float) -> memoryview:
        """Exactly `size` bytes; what arrived before a time-out is kept for the next attempt."""
        sock = pending.sock
        if sock is None:
            raise self.gone()
        data = bytearray(size)
        view = memoryview(data)
        at = 0
        try:
            while at < size:
                sock.settimeout(max(deadline - time.monotonic(), 1e-6))
                count = sock.recv_into(view[at:])
                if not count:
                    raise self.gone()
                at += count
        except TimeoutError as error:
            raise CallTimeout(f"{pending.model_id!r} at {self.endpoint} did not answer in time") from error
        except OSError as error:
            raise self.gone() from error
        return view

    def resume(self, pending: _SocketPending) -> None:
        """Ask for the next part of a stream."""
        sock = cast(socket.socket, pending.sock)
        try:
            sock.sendall(layout.FRAME.pack(layout.MAGIC, FrameKind.CONTINUE, 0, 0, 0, 0, 0, 0, 0))
        except OSError as error:
            raise self.gone() from error

    def done(self, pending: _SocketPending) -> bool:
        """Whether an answer has begun to arrive."""
        return pending.sock is None or bool(select.select([pending.sock], [], [], 0)[0])

    def cancel(self, pending: _SocketPending) -> None:
        """Closing the connection is how the socket transport cancels."""
        self.abandon(pending)

    def abandon(self, pending: _SocketPending) -> None:
        """Close the call's connection; the server drops the call."""
        sock, pending.sock = pending.sock, None
        if sock is not None:
            sock.close()

    def _keep(self, pending: _SocketPending) -> None:
        sock, pending.sock = pending.sock, None
        if sock is not None:
            with self._lock:
                if self.lost:
                    sock.close()
                else:
                    self._idle.append(sock)

    def is_dead(self) -> bool:
        """Whether the connections are known to be gone."""
        return self.lost

    def gone(self) -> ConnectionLost:
        """The error for calls in flight when the server went away."""
        self.lost = True
        return ConnectionLost(f"the server at {self.endpoint} went away during the call")

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            self.lost = True
            for sock in self._idle:
                sock.close()
            self._idle.clear()


class Call:
    """A call in the background. `result` waits for it; `cancel` gives it up."""

    __slots__ = ("_deadline", "_over", "_pending", "_session")

    def __init__(self, session: Any, pending: Any, deadline: float) -> None:
        self._session = session
        self._pending = pending
        self._deadline = deadline
        self._over = False

    def done(self) -> bool:
        """Whether `result` would return at once."""
        return self._over or self._session.done(self._pending)

    def result(self) -> Result:
        """Wait for the answer, at most until the timeout given to `submit`. May be called once."""
        if self._over:
            raise RuntimeError("the call is over; its result was taken or it was cancelled")
        self._over = True
        return self._session.next(self._pending, self._deadline)

    def cancel(self) -> None:
        """Give the call up. The model may have run already."""
        if not self._over:
            self._over = True
            self._session.abandon(self._pending)


class Client:
    """Calls models at an endpoint.

    `endpoint` is a name (`engine`) or a socket path. `transport` is `auto` (shared memory, else the
    socket), `shm` or `socket`. `slots` calls may be in flight at once; `inline_size` bytes in each slot
    hold small requests, `data_size` bytes are shared by the larger ones. `timeout` (seconds) is the default
    of every call; `connect_timeout` is how long to wait for a server that is starting. `check_data` adds a
    CRC-32 of tensor data to every call, besides the one of the control payload that is always there.
    """

    def __init__(
        self,
        endpoint: str = "engine",
        *,
        transport: Literal["auto", "shm", "socket"] = "auto",
        slots: int = layout.DEFAULT_SLOTS,
        inline_size: int = layout.DEFAULT_INLINE,
        data_size: int = layout.DEFAULT_DATA,
        timeout: float = 30.0,
        connect_timeout: float = 1.0,
        check_data: bool = False,
        name: str = "python",
    ) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self._path = str(socket_path(endpoint))
        self._transport = transport
        self._sizes = (slots, inline_size, data_size)
        self._connect_timeout = connect_timeout
        self._flags = int(RequestFlag.CHECK_DATA) if check_data else 0
        self._name = name
        self._session: _ShmSession | _SocketSession | None = None
        self._connecting = threading.Lock()
        self._closed = False
        _clients.add(self)

    # Calls

    def infer(
        self,
        model_id: str,
        *inputs: Tensor | Buffer | ReadableBuffer,
        timeout: float | None = None,
    ) -> Result:
        """Run a model and wait for its answer.

        Inputs are tensors, `Buffer`s of this client, or anything with a C-contiguous buffer, such as numpy
        arrays. Raises `CallTimeout` after `timeout` seconds, a `ServerError` when the server refuses or the
        model fails, `ConnectError` or `ConnectionLost` when there is no server.
        """
        return self._call(Opcode.INFER, model_id, inputs, timeout)

    def stream(
        self,
        model_id: str,
        *inputs: Tensor | Buffer | ReadableBuffer,
        timeout: float | None = None,
    ) -> Iterator[Result]:
        """Run a model that answers in parts; `timeout` bounds the wait for each part.

        The server computes the next part when this one was taken. Leaving the loop early cancels the rest.
        """
        seconds = self.timeout if timeout is None else timeout
        deadline = time.monotonic() + seconds
        session = self._connected(deadline)
        pending: Any = session.begin(
            Opcode.INFER, model_id, _tensors(inputs), self._flags | RequestFlag.STREAM, 0, deadline
        )
        try:
            while True:
                result = session.next(pending, deadline)
                if result.outputs:
                    yield result
                if not result.more:
                    return
                deadline = time.monotonic() + seconds
                session.resume(pending)
        finally:
            session.abandon(pending)

    def submit(
        self,
        model_id: str,
        *inputs: Tensor | Buffer | ReadableBuffer,
        timeout: float | None = None,
    ) -> Call:
        """Start a call and return at once; several calls in flight are batched by the server."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        session = self._connected(deadline)
        timeout_ns = _nanoseconds_until(deadline)
        pending: Any = session.begin(
            Opcode.INFER, model_id, _tensors(inputs), self._flags, timeout_ns, deadline
        )
        return Call(session, pending, deadline)

    def allocate(self, dtype: int, shape: Sequence[int], timeout: float | None = None) -> Buffer:
        """Tensor space inside the region, to be filled in place and passed to `infer` without a copy.

        Raises `ConnectError` on the socket transport, which has no shared space.
        """
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        session = self._connected(deadline)
        if not isinstance(session, _ShmSession):
            raise ConnectError(f"the connection to {self.endpoint} has no shared memory to allocate from")
        size = layout.ITEM_SIZE[dtype]
        for dimension in shape:
            size *= dimension
        return session.allocate(dtype, tuple(shape), size, deadline)

    def ping(self, timeout: float | None = None) -> None:
        """Return when the server answered."""
        self._call(Opcode.PING, "", (), timeout)

    def models(self, timeout: float | None = None) -> list[str]:
        """The ids of the server's models."""
        import json

        return json.loads(bytes(self._call(Opcode.MODELS, "", (), timeout)[0].data))

    def status(self, timeout: float | None = None) -> dict[str, Any]:
        """The server's figures: clients, queues, batches, bytes and latency percentiles."""
        import json

        return json.loads(bytes(self._call(Opcode.STATUS, "", (), timeout)[0].data))

    def _call(self, opcode: int, model_id: str, inputs: Sequence[Any], timeout: float | None) -> Result:
        seconds = self.timeout if timeout is None else timeout
        deadline = time.monotonic() + seconds
        session = self._session
        if session is None or session.lost:
            session = self._connected(deadline)
        tensors = _tensors(inputs)
        timeout_ns = int(seconds * 1e9)
        try:
            pending: Any = session.begin(opcode, model_id, tensors, self._flags, timeout_ns, deadline)
        except ConnectionLost:
            if any(isinstance(tensor, Buffer) for tensor in tensors):
                raise
            # Nothing was submitted: a server that was restarted while this client was quiet is no error.
            session = self._connected(deadline)
            pending = session.begin(opcode, model_id, tensors, self._flags, timeout_ns, deadline)
        return session.next(pending, deadline)

    # Life

    @property
    def transport(self) -> str | None:
        """`shm` or `socket` while connected, else `None`."""
        session = self._session
        if session is None or session.lost:
            return None
        return "shm" if isinstance(session, _ShmSession) else "socket"

    def connect(self, timeout: float | None = None) -> None:
        """Connect now instead of at the first call."""
        self._connected(time.monotonic() + (self.timeout if timeout is None else timeout))

    def server_pid(self) -> int:
        """The server's process id, as the kernel tells it (Linux)."""
        self._connected(time.monotonic() + self.timeout)
        sock, _, _ = _greet(self._path, Transport.SOCKET, 1, 0, 0, self._name)
        with sock:
            return struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    def close(self) -> None:
        """Drop the connection. Calls in flight in other threads raise `ConnectionLost`."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connected(self, deadline: float) -> _ShmSession | _SocketSession:
        session = self._session
        if session is not None and not session.lost:
            return session
        with self._connecting:
            session = self._session
            if session is not None and not session.lost:
                return session
            if self._closed:
                raise ConnectError("the client is closed")
            if session is not None:
                session.close()
                self._session = None
            give_up = min(deadline, time.monotonic() + self._connect_timeout)
            while True:
                try:
                    self._session = self._open()
                    return self._session
                except ConnectError:
                    if time.monotonic() >= give_up:
                        raise
                    time.sleep(0.01)

    def _open(self) -> _ShmSession | _SocketSession:
        slots, inline, data = self._sizes
        shared = self._transport != "socket" and _futex.AVAILABLE
        if self._transport == "shm" and not shared:
            raise ConnectError("this platform has no futex; use transport='auto' or 'socket'")
        if shared:
            sock, shape, fd = _greet(self._path, Transport.SHM, slots, inline, data, self._name)
            if fd is not None and shape is not None:
                try:
                    shape.check(os.fstat(fd).st_size)
                    region = Region(fd, shape)
                except (OSError, LayoutError) as error:
                    sock.close()
                    if self._transport == "shm":
                        raise ConnectError(f"cannot map the region of {self.endpoint}: {error}") from error
                    sock, _, _ = _greet(self._path, Transport.SOCKET, 1, 0, 0, self._name)
                    return _SocketSession(sock, self._path, self.endpoint, self._name)
                finally:
                    os.close(fd)
                sock.setblocking(False)
                return _ShmSession(sock, region, self.endpoint)
            if self._transport == "shm":
                sock.close()
                raise ConnectError(f"the server at {self.endpoint} offers no shared memory")
        else:
            sock, _, _ = _greet(self._path, Transport.SOCKET, 1, 0, 0, self._name)
        return _SocketSession(sock, self._path, self.endpoint, self._name)


def _greet(
    path: str, transport: int, slots: int, inline: int, data: int, name: str
) -> tuple[socket.socket, RegionShape | None, int | None]:
    """Connect and shake hands: the socket, and the region's shape and descriptor when memory is shared."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    fds: list[int] = []
    try:
        sock.settimeout(5.0)
        try:
            sock.connect(path)
            sock.sendall(
                layout.HELLO.pack(
                    layout.MAGIC,
                    layout.VERSION,
                    layout.VERSION,
                    transport,
                    slots,
                    inline,
                    data,
                    name.encode()[:23],
                )
            )
            welcome, fds, _, _ = socket.recv_fds(sock, layout.WELCOME.size, 1)
            while 0 < len(welcome) < layout.WELCOME.size:
                piece = sock.recv(layout.WELCOME.size - len(welcome))
                if not piece:
                    break
                welcome += piece
        except OSError as error:
            raise ConnectError(
                f"no server answers at {path} ({error.strerror or error}); start one with "
                "`foundation-lsp engine serve` or check the endpoint's name"
            ) from error
        if len(welcome) < layout.WELCOME.size:
            raise ConnectError(f"the server at {path} closed the connection during the handshake")
        magic, version, status, granted, count, stride, size, _, data_at, _, _, text = layout.WELCOME.unpack(
            welcome
        )
        if magic != layout.MAGIC:
            raise ConnectError(f"what answers at {path} does not speak this protocol")
        if status != Status.OK:
            reason = text.split(b"\0")[0].decode(errors="replace")
            raise ConnectError(f"the server at {path} refused: {reason} [{_status(status).name}]")
        if version != layout.VERSION:
            raise ConnectError(
                f"the server at {path} chose version {version}; this client speaks {layout.VERSION}"
            )
    except BaseException:
        sock.close()
        for fd in fds:
            os.close(fd)
        raise
    if granted == Transport.SOCKET:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, layout.SOCKET_BUFFER)
    if granted == Transport.SHM and fds:
        return sock, RegionShape(count, stride, data_at, size), fds[0]
    return sock, None, None


def _send_all(sock: socket.socket, pieces: Sequence[bytes | memoryview]) -> None:
    """Send pieces one after the other, with as few calls as the socket's buffer allows."""
    left = deque(memoryview(piece) for piece in pieces if len(piece))
    while left:
        sent = sock.sendmsg(left)
        while left and sent >= len(left[0]):
            sent -= len(left.popleft())
        if sent:
            left[0] = left[0][sent:]


def _tensors(inputs: Sequence[Any]) -> list[Tensor | Buffer]:
    return [value if type(value) is Tensor or type(value) is Buffer else Tensor.of(value) for value in inputs]


def _nanoseconds_until(deadline: float) -> int:
    return max(1, int((deadline - time.monotonic()) * 1e9))


def _status(value: int) -> Status:
    try:
        return Status(value)
    except ValueError:
        return Status.INTERNAL


_clients: weakref.WeakSet[Client] = weakref.WeakSet()


def _forget_connections() -> None:
    """A forked child must not use its parent's slots; it connects for itself."""
    for client in list(_clients):
        client._session = None  # pyright: ignore[reportPrivateUsage] # noqa: SLF001 - this module's own class
        client._connecting = threading.Lock()  # pyright: ignore[reportPrivateUsage] # noqa: SLF001


os.register_at_fork(after_in_child=_forget_connections)
