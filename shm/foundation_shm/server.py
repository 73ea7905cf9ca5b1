"""The server: it watches every client's region, runs models and writes the answers.

One thread does all of it, until requests wait for a long model that may run more than once at a time: then others
take turns with it (`Crew`).

The hot path is written for CPython: one bounded copy takes a request out of shared memory, a dictionary
keyed by that copy finds the validated plan of the same request made before, and an answer is one packed
structure and one word. A client's memory is never believed: what is validated is the copy, the book of
slots is private, and a client that breaks the protocol loses its connection and nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gc
import json
import os
import queue
import selectors
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from foundation_shm import _futex, layout
from foundation_shm.crc import crc32
from foundation_shm.crew import Crew, Pace
from foundation_shm.endpoint import prepare_folder, socket_path
from foundation_shm.errors import EndpointError
from foundation_shm.layout import (
    DESCRIPTOR_SIZE,
    HEADER,
    HEADER_SIZE,
    MAGIC,
    RESPONSE_FIXED,
    VERSION,
    DType,
    FrameKind,
    LayoutError,
    Opcode,
    RegionShape,
    RequestFlag,
    ResponseFlag,
    ServerState,
    State,
    Status,
    Transport,
    align,
)
from foundation_shm.model import FunctionModel, Limits, Metrics, Model, Outputs, Result
from foundation_shm.processor import Share, WatchPolicy, processors
from foundation_shm.ring import WEAKLY_ORDERED, WORD_MASK, Fence, Region, create_region_file
from foundation_shm.tensor import Tensor

_CONTROL_AND_HEADER: Final = struct.Struct(layout.CONTROL.format + layout.HEADER.format.lstrip("<"))
_PAYLOAD_AT: Final = _CONTROL_AND_HEADER.size
# What most requests fit in: reading more than a client wrote costs fetching it from afar.
_USUAL_SNAPSHOT: Final = _PAYLOAD_AT + layout.REQUEST_FIXED.size + 2 * DESCRIPTOR_SIZE
_SNAPSHOT: Final = layout.CONTROL.size + layout.MAX_REQUEST_SIZE
# The usual request in the parts that a plan compares or that change with every call: opcode and flags, timeout,
# reply block to version, request id, and the rest, which is the payload behind its size and checksum.
_USUAL_REQUEST: Final = struct.Struct(f"<8sQ32sQ{_USUAL_SNAPSHOT - 56}s")
_USUAL_PAYLOAD: Final = _USUAL_SNAPSHOT - _PAYLOAD_AT

_TAIL: Final = layout.REGION_SUBMIT_TAIL // 4
_PARKED: Final = layout.REGION_PARKED // 4
_SPIN_US: Final = layout.REGION_SPIN_US // 4
_SERVER_STATE: Final = layout.REGION_SERVER_STATE // 4
_RING: Final = layout.REGION_RING // 4

# Plain integers, because an attribute of an enum class costs a look-up on every request.
_SUBMITTED: Final = int(State.SUBMITTED)
_PARTIAL: Final = int(State.PARTIAL)
_CONTINUE: Final = int(State.CONTINUE)
_DONE: Final = int(State.DONE)
_INFER: Final = int(Opcode.INFER)
_PLAIN_INFER: Final = struct.pack("<II", Opcode.INFER, 0)
_CHECK_DATA: Final = int(RequestFlag.CHECK_DATA)
_STREAM: Final = int(RequestFlag.STREAM)

# The usual answer's payload, one output: what precedes the model's time, that time, and what follows it.
_USUAL_ANSWER: Final = RESPONSE_FIXED.size + DESCRIPTOR_SIZE
_MODEL_NS_AT: Final = 24
_USUAL_ANSWER_PAYLOAD: Final = struct.Struct(f"<{_MODEL_NS_AT}sQ{_USUAL_ANSWER - _MODEL_NS_AT - 8}s")
_USUAL_ANSWER_MESSAGE: Final = struct.Struct(f"{HEADER.format}{_USUAL_ANSWER}s")
_PLANS_PER_SLOT: Final = 32
# The socket transport: how often one client's socket is read before the others' turn; the first memory of a
# large body, and how much a connection keeps between calls.
_READS: Final = 16
_LEAST_BODY: Final = 1 << 20
_KEPT_BODY: Final = 8 << 20
# A turn of the loop that ticks, or asks the policy, takes 10 or 50 us longer than another.
_TICK_NS: Final = 4_000_000
_POLICY_NS: Final = 16_000_000
# Requests on sockets are only seen when they are polled, also while clients with memory keep the server awake.
_SOCKET_TICK_NS: Final = 100_000
_ACTIVE_NS: Final = 200_000_000
_SLOW_NS: Final = 2_000_000
_SLOW_STREAK: Final = 8
_FAST_STREAK: Final = 64
# From so long a run on, waking another thread for the next request pays; after so many such runs in a row a model is
# taken for a long one.
_LONG_NS: Final = 100_000
_LONG_STREAK: Final = 8


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Limits of the whole server. Sizes in bytes, times in seconds.

    `spin` is how long the server and an only client watch memory before they sleep; it is used only while
    there are fewer active clients than processors. `idle_timeout` stops the server when no request came
    for so long (`None`: never). `drain_timeout` bounds a graceful stop.
    """

    max_clients: int = 256
    max_region: int = 4 << 30
    max_total_regions: int = 64 << 30
    max_frame: int = 1 << 30
    spin: float = 0.0002
    handshake_timeout: float = 5.0
    stream_timeout: float = 30.0
    idle_timeout: float | None = None
    drain_timeout: float = 10.0
    shared_memory: bool = True


class _UsualAnswer:
    """The last answer to a plan, when that was one output: the next is likely to differ in its bytes alone."""

    __slots__ = ("after", "before", "dtype", "end", "shape", "size", "start")

    def __init__(self, output: Tensor, descriptor: bytes, start: int, end: int) -> None:
        self.dtype = output.dtype
        self.shape = tuple(output.shape)
        self.start = start
        self.end = end
        self.size = end - start
        # The payload, less the model's time.
        payload = RESPONSE_FIXED.pack(0, 0, 1, 0, self.size, 0, 0, 0) + descriptor
        self.before = payload[:_MODEL_NS_AT]
        self.after = payload[_MODEL_NS_AT + 8 :]


class _Plan:
    """A request that was validated once: equal bytes from the same slot need no second validation."""

    __slots__ = ("bound", "entry", "fits", "inputs", "place", "replies", "reply", "size", "usual")

    def __init__(
        self,
        entry: _Entry,
        place: bytes,
        reply: tuple[int, int],
        inputs: tuple[Tensor, ...],
        bound: Any,
    ) -> None:
        self.entry = entry
        # The reply block to the version, as a request without a checksum of its data has them.
        self.place = place
        self.reply = reply
        self.inputs = inputs
        self.bound = bound
        self.size = sum(len(tensor.data) for tensor in inputs)
        self.fits = self.size <= entry.limits.max_request_bytes
        self.replies: dict[Any, tuple[bytes, int, list[tuple[int, int]]]] = {}
        self.usual: _UsualAnswer | None = None


class _Call:
    """One request from its arrival to its last answer."""

    # What few calls need is the class's until a call has its own, so that making a call stays cheap.
    stream: Iterator[Outputs] | None = None
    # An answer that waits for the client to make room: its outputs, model time and final state.
    held: tuple[Outputs, int, int] | None = None
    touched = 0
    # Whether the client took too long over a part, so that the rest was thrown away.
    expired = False

    def __init__(
        self,
        connection: _ShmConnection | _SocketConnection,
        slot: int,
        request_id: int,
        flags: int,
        reply: tuple[int, int],
        plan: _Plan | None,
        received: int,
        timeout_ns: int,
    ) -> None:
        self.connection = connection
        self.slot = slot
        self.request_id = request_id
        self.flags = flags
        self.reply = reply
        self.plan = plan
        self.received = received
        self.deadline = received + timeout_ns if timeout_ns else 0


class _Entry:
    """A registered model with its queue."""

    __slots__ = (
        "company",
        "jobs",
        "limits",
        "metrics",
        "model",
        "model_id",
        "offloaded",
        "pace",
        "queue",
        "running",
        "slowness",
        "streak",
        "threads",
    )

    def __init__(self, model_id: str, model: Model, limits: Limits) -> None:
        self.model_id = model_id
        self.model = model
        self.limits = limits
        self.queue: deque[_Call] = deque()
        self.metrics = Metrics()
        self.pace = Pace(limits.parallel or 1)
        # How many of its runs there are outside the turns of the loop.
        self.running = 0
        # How many waited together when the last of them ran: for so many it is worth waiting again.
        self.company = limits.max_batch
        self.offloaded = limits.offload is True
        self.slowness = 0
        # How many runs in a row were long.
        self.streak = 0
        self.jobs: queue.SimpleQueue[list[_Call] | None] = queue.SimpleQueue()
        self.threads: list[threading.Thread] = []

    def at_once(self) -> int:
        """How many runs there may be at a time: all that are allowed where each has a thread of the model's own."""
        return self.pace.most if self.limits.offload else self.pace.at_once

    def may_run(self) -> bool:
        """Whether one more run may begin."""
        return self.running < self.at_once()

    def weigh(self, spent: int) -> None:
        """Give a model that stays slow threads of its own, and take them from one that stays fast.

        So the clients of other models do not wait for a slow one, and one hiccup of the machine does not
        cost a fast model its short way.
        """
        if self.limits.offload is not None:
            return
        if not self.offloaded:
            self.slowness += spent // _SLOW_NS
            if self.slowness >= _SLOW_STREAK:
                self.offloaded = True
                self.slowness = 0
        elif spent > _SLOW_NS // 2:
            self.slowness = 0
        else:
            self.slowness += 1
            if self.slowness >= _FAST_STREAK:
                self.offloaded = False
                self.slowness = 0


class _ViolationError(Exception):
    """A client broke the protocol in a way that only ends its connection."""


class _Handshake:
    """A connection that has not said HELLO yet."""

    __slots__ = ("expires", "received", "sock")

    def __init__(self, sock: socket.socket, expires: float) -> None:
        self.sock = sock
        self.expires = expires
        self.received = b""


class _ShmConnection:
    """A client with a region."""

    __slots__ = (
        "active",
        "bases",
        "calls",
        "head",
        "name",
        "plans",
        "ranges",
        "region",
        "requests",
        "shape",
        "sock",
        "view",
        "words",
    )

    def __init__(self, sock: socket.socket, name: str, region: Region) -> None:
        self.sock: socket.socket | None = sock
        self.name = name
        self.region = region
        self.shape = region.shape
        self.view = region.view
        self.words = region.words
        self.head = 0
        # When it last asked for an inference; who only asks for figures does not press.
        self.active = -_ACTIVE_NS
        count = region.shape.slot_count
        self.calls: list[_Call | None] = [None] * count
        self.plans: list[dict[bytes, _Plan]] = [{} for _ in range(count)]
        arena = (region.shape.data_offset, region.shape.region_size)
        self.ranges: list[tuple[tuple[int, int], tuple[int, int]]] = []
        self.bases = [region.shape.slot(index) for index in range(count)]
        # What is copied of each slot at first: the control block and a request of usual size.
        self.requests: list[memoryview] = []
        for base in self.bases:
            inline = base + layout.SLOT_INLINE
            self.ranges.append(((inline, inline + region.shape.inline_size), arena))
            start = base + layout.SLOT_CONTROL
            self.requests.append(self.view[start : start + _USUAL_SNAPSHOT])


class _SocketConnection:
    """A client on the socket transport: one call at a time."""

    __slots__ = ("body", "call", "filled", "frame", "head", "name", "outgoing", "size", "sock")

    def __init__(self, sock: socket.socket, name: str) -> None:
        self.sock: socket.socket | None = sock
        self.name = name
        self.head = memoryview(bytearray(layout.FRAME.size))
        # The frame whose body arrives, and how much of the head, or then of the body, is here.
        self.frame: tuple[int, ...] | None = None
        self.size = 0
        self.filled = 0
        # Memory of the body, used again by the next frame: the tensors of a call point into it until it is over.
        self.body = memoryview(bytearray(layout.MAX_REQUEST_SIZE))
        self.outgoing: deque[memoryview] = deque()
        self.call: _Call | None = None

    def room(self) -> memoryview:
        """Where the next bytes go. The body grows with what arrives, never with what a frame only claims."""
        if self.frame is None:
            return self.head[self.filled :]
        if self.filled == len(self.body):
            grown = memoryview(bytearray(min(self.size, max(2 * self.filled, _LEAST_BODY))))
            grown[: self.filled] = self.body
            self.body = grown
        return self.body[self.filled : self.size]


class Server:
    """Serves models at an endpoint to clients in any language.

    `endpoint` is a name (`engine`) or a socket path. Register models, then `serve_forever()` on the calling
    thread, or `start()` on one of its own. Models are called from the serving thread, from those that take
    turns with it once a model may run more than once at a time, and from threads of their own when they are
    slow or ask for it. Each of these threads spends its life inside `around()`, for what is dear to enter for
    each request.
    """

    def __init__(
        self,
        endpoint: str = "engine",
        options: ServerOptions | None = None,
        *,
        around: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext,
    ) -> None:
        self.endpoint = endpoint
        self._around = around
        self.path = socket_path(endpoint)
        self.options = options or ServerOptions()
        self.instance = int.from_bytes(os.urandom(8), "little")
        self.started = time.time()
        self.violations = 0
        self.defects = 0
        self._models: dict[str, _Entry] = {}
        self._clients: list[_ShmConnection] = []
        self._sockets: list[_SocketConnection] = []
        self._handshakes: list[_Handshake] = []
        self._ready: deque[_Entry] = deque()
        self._waiting: list[_Call] = []
        # Streams whose clients want the last part only: one part of each is made on every turn.
        self._collecting: list[_Call] = []
        self._completed: deque[tuple[_Entry, list[_Call], Sequence[Result], int]] = deque()
        self._advanced: deque[tuple[_Call, Outputs | BaseException | None, int]] = deque()
        # Jobs that threads of models and streams have in hand.
        self._in_flight = 0
        self._crew = Crew(self._help)
        self._commands: deque[Callable[[], None]] = deque()
        self._wake_lock = threading.Lock()
        self._fence = Fence()
        # The slots that were answered in this turn: their region's words, and where its callers sleep.
        self._wakes: list[tuple[memoryview, int, int]] = []
        self._selector: selectors.BaseSelector | None = None
        self._listener: socket.socket | None = None
        self._lock_file: int | None = None
        self._wake_receive: socket.socket | None = None
        self._wake_send: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._draining = False
        self._drain_until = 0.0
        self._stopped = False
        # Whether to watch memory before going to sleep, and whether without offering the processor.
        self._watching = False
        self._processors = processors()
        self._spinning = False
        self._policy: WatchPolicy | None = None
        # The models' runs since the policy was asked, and the nanoseconds that they took.
        self._runs = 0
        self._run_ns = 0
        self._tick_at = 0
        self._policy_at = 0
        self._now = time.monotonic_ns()
        self._last_request = self._now

    # Models

    def register(
        self, model_id: str, model: Model | Callable[..., Any], limits: Limits | None = None
    ) -> None:
        """Offer `model` under `model_id`; a function of tensors is wrapped in `FunctionModel`.

        Raises `ValueError` when the id is taken or does not fit 63 bytes of UTF-8.
        """
        if model_id in self._models:
            raise ValueError(f"a model {model_id!r} is already registered")
        try:
            layout.encode_request_payload(model_id, ())
        except LayoutError as error:
            raise ValueError(error.message) from error
        if not model_id:
            raise ValueError("a model id must not be empty")
        wrapped = model if isinstance(model, Model) else FunctionModel(model)
        entry = _Entry(model_id, wrapped, limits or Limits())
        self._crew.most = max(self._crew.most, entry.pace.most)
        self._models = {**self._models, model_id: entry}

    @property
    def models(self) -> tuple[str, ...]:
        """The registered ids."""
        return tuple(self._models)

    def metrics(self) -> dict[str, Any]:
        """Figures of the server and of each model, as JSON values."""
        return {
            "endpoint": str(self.path),
            "pid": os.getpid(),
            "uptime_s": round(time.time() - self.started, 1),
            "state": "draining" if self._draining else "serving",
            "clients": [
                {"name": c.name, "transport": "shm", "region_bytes": c.shape.region_size}
                for c in list(self._clients)
            ]
            + [{"name": c.name, "transport": "socket"} for c in list(self._sockets)],
            "violations": self.violations,
            "defects": self.defects,
            "models": {
                entry.model_id: entry.metrics.report(len(entry.queue))
                | {"parallel": entry.at_once()}
                | entry.model.describe()
                for entry in self._models.values()
            },
        }

    # Life

    def bind(self) -> None:
        """Claim the endpoint: after this, clients can connect and wait.

        Raises `EndpointError` when another server holds it or its folder is not safe.
        """
        if self._listener is not None:
            return
        prepare_folder(self.path)
        lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise EndpointError(f"another server is serving at {self.path}; stop it first") from error
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # The lock is ours, so a socket left here belongs to a server that died.
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()
            listener.bind(str(self.path))
            self.path.chmod(0o600)
            listener.listen(128)
            listener.setblocking(False)
        except OSError as error:
            listener.close()
            os.close(lock)
            raise EndpointError(f"cannot listen at {self.path}: {error.strerror}") from error
        self._lock_file = lock
        self._listener = listener
        self._wake_receive, self._wake_send = socket.socketpair()
        self._wake_receive.setblocking(False)
        self._wake_send.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, None)
        self._selector.register(self._wake_receive, selectors.EVENT_READ, self)

    def start(self) -> None:
        """Serve on a thread of its own; returns when clients can connect."""
        self.bind()
        self._thread = threading.Thread(
            target=self.serve_forever, name=f"shm-server {self.endpoint}", daemon=True
        )
        self._thread.start()

    def stop(self, *, drain: bool = True) -> None:
        """Stop from any thread: finish what was accepted (unless `drain` is false), then close."""
        self._commands.append(lambda: self._begin_drain(graceful=drain))
        self._wake()
        current = threading.current_thread()
        if self._thread is not None and current is not self._thread and current not in self._crew.threads:
            self._thread.join()
            self._thread = None

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT drain the server (main thread only)."""

        self.bind()

        def stop(_number: int, _frame: object) -> None:
            self._commands.append(lambda: self._begin_drain(graceful=True))

        # The interpreter writes the wake-up byte itself; a handler must not take a lock.
        signal.set_wakeup_fd(cast(socket.socket, self._wake_send).fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)

    def serve_forever(self) -> None:
        """Serve until `stop` is called, a signal asks for it or the idle time-out passes."""
        self.bind()
        # What exists now lives as long as the server; the collector need not look at it again.
        gc.collect()
        gc.freeze()
        with self._around():
            self._serve()

    def _serve(self) -> None:
        self._policy = WatchPolicy(Share(), int(self.options.spin * 1e6))
        self._now = self._last_request = time.monotonic_ns()
        idle_since = self._now
        spin_ns = int(self.options.spin * 1e9)
        crew = self._crew
        crew.turn.acquire()
        try:
            while not self._stopped:
                if self._turn():
                    idle_since = self._now
                elif self._watching and self._now - idle_since < spin_ns:
                    if not self._spinning:
                        os.sched_yield()
                else:
                    self._park()
            if crew.failure is not None:
                raise crew.failure
        finally:
            self._stopped = True
            crew.dismiss(self._wake)
            self._close()
            crew.turn.release()
            gc.unfreeze()

    def _help(self) -> None:
        """The life of a thread that takes turns with the serving one while there is more than one run to do."""
        crew = self._crew
        try:
            with self._around():
                while crew.report():
                    with crew.turn:
                        self._take_turns()
        except BaseException as error:  # noqa: BLE001 - what would end the serving thread ends it from here too
            crew.failure = error
            self._stopped = True
            self._wake()

    def _take_turns(self) -> None:
        """Serve for as long as a helper is needed."""
        crew = self._crew
        try:
            while not self._stopped and crew.is_needed(self._now):
                if not self._turn():
                    self._park()
        finally:
            self._leave_to_others()
            crew.leave()
            self._policy_at = 0

    def _wake(self) -> None:
        with self._wake_lock:
            sock = self._wake_send
            if sock is not None:
                # A full buffer means that a wake-up is already on its way.
                with contextlib.suppress(BlockingIOError):
                    sock.send(b"\1")

    def _begin_drain(self, *, graceful: bool) -> None:
        if not self._draining:
            self._draining = True
            self._drain_until = time.monotonic() + (self.options.drain_timeout if graceful else 0)
            for client in self._clients:
                client.words[_SERVER_STATE] = ServerState.DRAINING
        elif not graceful:
            self._drain_until = 0

    def _close(self) -> None:
        self._stopped = True
        for connection in [*self._clients, *self._sockets]:
            self._drop(connection)
        for handshake in self._handshakes:
            handshake.sock.close()
        self._handshakes.clear()
        for entry in self._models.values():
            for _ in entry.threads:
                entry.jobs.put(None)
        if self._listener is not None:
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()
            self._listener.close()
            self._listener = None
        with self._wake_lock:
            for sock in (self._wake_send, self._wake_receive):
                if sock is not None:
                    sock.close()
            self._wake_send = self._wake_receive = None
        if self._selector is not None:
            self._selector.close()
            self._selector = None
        if self._policy is not None:
            self._policy.close()
            self._policy = None
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    # The loop. Whoever is in it holds the turn; it is given away while a long model runs and during sleep.

    def _turn(self) -> bool:
        """Do what there is to do; says whether there was anything."""
        worked = False
        for client in self._clients:
            if client.words[_TAIL] != client.head:
                worked = True
                try:
                    self._collect(client)
                except Exception as error:  # noqa: BLE001 - one client's request never takes the others down
                    self._punish(client, error)
                    break
        if self._completed or self._advanced:
            worked = True
            self._publish_completed()
        if self._ready:
            worked = self._dispatch() or worked
        if self._collecting:
            worked = True
            self._collect_parts()
        if self._wakes:
            self._wake_sleepers()
        self._now = now = time.monotonic_ns()
        if (now >= self._tick_at or self._commands) and not self._stopped:
            self._tick(now)
        return worked

    def _tick(self, now: int) -> None:
        """What need not happen on every turn: sockets, time-outs, the spinning policy, commands."""
        self._tick_at = now + (_SOCKET_TICK_NS if self._sockets else _TICK_NS)
        self._poll(0)
        while self._commands:
            self._commands.popleft()()
        if now < self._policy_at:
            return
        self._policy_at = now + _POLICY_NS
        active = sum(1 for client in self._clients if now - client.active < _ACTIVE_NS)
        policy = cast(WatchPolicy, self._policy)
        helpers = self._crew.on_duty
        # The policy looks at the serving thread alone, which has no loop of its own while others take turns with it.
        crowded = not helpers and policy.is_crowded(now)
        spare = self._processors - active - (helpers or policy.helpers(now))
        spinning = active > 0 and spare > 0 and self._in_flight == 0 and not crowded
        spin_us = policy.watch_us(self._run_ns // max(1, self._runs)) if spinning else 0
        self._runs = self._run_ns = 0
        for client in self._clients:
            if client.words[_SPIN_US] != spin_us:
                client.words[_SPIN_US] = spin_us
        # Watching memory holds the interpreter's lock, which other threads of this process may need.
        known = len(self._crew.threads) + sum(len(entry.threads) for entry in self._models.values())
        alone = threading.active_count() - known == 1 and not helpers
        self._watching = active > 0 and self._in_flight == 0 and alone and not crowded
        self._spinning = spinning
        seconds = now / 1e9
        for handshake in [h for h in self._handshakes if h.expires < seconds]:
            self._forget(handshake)
        for call in [c for c in self._waiting if now - c.touched > self.options.stream_timeout * 1e9]:
            # The slot is the client's until it continues; what is ended here is only what the server holds.
            self._waiting.remove(call)
            self._end_stream(call)
            call.expired = True
        if self._draining:
            over = time.monotonic() >= self._drain_until
            busy = (
                self._ready
                or self._in_flight
                or self._crew.running
                or self._waiting
                or self._collecting
                or any(c.outgoing for c in self._sockets)
            )
            if over or not busy:
                self._stopped = True
        elif (
            self.options.idle_timeout is not None
            and now - self._last_request > self.options.idle_timeout * 1e9
            and not self._in_flight
            and not self._crew.running
        ):
            self._begin_drain(graceful=True)

    def _park(self) -> None:
        """Sleep until a doorbell, a connection, a finished job or the next time-out."""
        if (
            not self._ask_for_doorbells()
            and not self._completed
            and not self._advanced
            and not self._commands
        ):
            timeout = 0.25
            for entry in self._ready:
                if entry.queue and entry.may_run():
                    due = entry.queue[0].received + int(entry.limits.max_delay * 1e9)
                    timeout = min(timeout, max(0.0, (due - time.monotonic_ns()) / 1e9))
            if self._draining:
                timeout = min(timeout, 0.01)
            if not self._crew.on_duty:
                # Waiting in milliseconds would overshoot a delay of microseconds.
                self._poll(timeout if timeout >= 0.001 else 0)
            elif self._crew.sleep(cast(selectors.BaseSelector, self._selector), timeout):
                # Another thread may have seen to what woke this one, and even closed it: what is there now counts.
                self._poll(0)
        # What is taken next was not here before: its time counts from now, not from before the sleep.
        self._now = time.monotonic_ns()
        for client in self._clients:
            client.words[_PARKED] = 0

    def _ask_for_doorbells(self) -> bool:
        """Tell the clients to ring when they submit; says whether one has submitted already."""
        for client in self._clients:
            client.words[_PARKED] = 1
        # The flag must be visible before the rings are looked at once more, or a request that was
        # submitted in between would neither be seen here nor ring the bell.
        self._fence()
        return self._is_asked()

    def _is_asked(self) -> bool:
        """Whether a client has submitted what was not taken yet."""
        return any(client.words[_TAIL] != client.head for client in self._clients)

    def _leave_to_others(self) -> None:
        """See to it that somebody looks after the rings when this thread gives the turn away.

        Who waits for the turn does. Who sleeps is told by the clients' doorbells, as if this thread slept too, or
        woken here when there is something to do at once.
        """
        crew = self._crew
        if (
            crew.asleep
            and not crew.roused
            and (any(entry.may_run() for entry in self._ready) or self._ask_for_doorbells())
        ):
            crew.roused = True
            self._wake()

    def _may_step_aside(self, entry: _Entry) -> bool:
        """Whether a run is to be without the turn, because it is long and somebody is there to take it."""
        return entry.streak >= _LONG_STREAK and self._crew.on_duty > 0

    def _step_aside(self, entry: _Entry) -> int:
        """Give the turn away for a run of a long model; says how many of its runs there are then."""
        if self._wakes:
            self._wake_sleepers()
        self._count_run(entry)
        together = entry.running
        self._leave_to_others()
        self._crew.step_aside(self._now)
        return together

    @staticmethod
    def _count_run(entry: _Entry) -> None:
        entry.running += 1
        if entry.running > entry.metrics.most_parallel:
            entry.metrics.most_parallel = entry.running

    def _come_back(self, entry: _Entry) -> int:
        """Take the turn again after a run; says how many of the model's runs there are yet, this one included."""
        self._crew.come_back()
        together = entry.running
        entry.running -= 1
        for client in self._clients:
            client.words[_PARKED] = 0
        self._now = time.monotonic_ns()
        return together

    def _poll(self, timeout: float) -> None:
        selector = self._selector
        if selector is None:
            return
        for key, events in selector.select(timeout):
            owner: Any = key.data
            if owner is None:
                self._accept()
            elif owner is self:
                with contextlib.suppress(BlockingIOError):
                    while len(cast(socket.socket, key.fileobj).recv(4096)) == 4096:
                        pass
                # Whoever was to be woken by what was read here may sleep on.
                self._crew.roused = False
            elif isinstance(owner, _Handshake):
                self._continue_handshake(owner)
            elif isinstance(owner, _ShmConnection):
                self._hear_doorbell(owner)
            else:
                self._serve_socket(cast(_SocketConnection, owner), events)

    # Connections

    def _accept(self) -> None:
        listener = cast(socket.socket, self._listener)
        while True:
            try:
                sock, _ = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                # Out of descriptors or a client that hung up at once: the listener itself is fine.
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    self._tick_at = time.monotonic_ns() + _TICK_NS
                return
            sock.setblocking(False)
            handshake = _Handshake(sock, time.monotonic() + self.options.handshake_timeout)
            self._handshakes.append(handshake)
            self._register(sock, handshake)

    def _register(self, sock: socket.socket, owner: object, events: int = selectors.EVENT_READ) -> None:
        if self._selector is not None:
            self._selector.register(sock, events, owner)

    def _forget(self, handshake: _Handshake, *, close: bool = True) -> None:
        if handshake in self._handshakes:
            self._handshakes.remove(handshake)
            if self._selector is not None:
                self._selector.unregister(handshake.sock)
            if close:
                handshake.sock.close()

    def _continue_handshake(self, handshake: _Handshake) -> None:
        try:
            piece = handshake.sock.recv(layout.HELLO.size - len(handshake.received))
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        handshake.received += piece
        if not piece:
            self._forget(handshake)
        elif len(handshake.received) == layout.HELLO.size:
            self._forget(handshake, close=False)
            self._greet(handshake.sock, handshake.received)

    def _greet(self, sock: socket.socket, hello: bytes) -> None:
        magic, least, most, transport, slots, inline, data, name = layout.HELLO.unpack(hello)
        region_fd: int | None = None
        shape = RegionShape(1, layout.SLOT_INLINE, 0, 0)
        status, text = Status.OK, ""
        label = name.split(b"\0")[0].decode(errors="replace")
        total = sum(client.shape.region_size for client in self._clients)
        if not _same_user(sock):
            status, text = Status.FORBIDDEN, "this endpoint belongs to another user"
        elif magic != MAGIC:
            status, text = Status.BAD_MAGIC, f"HELLO magic is 0x{magic:08X}"
        elif not least <= VERSION <= most:
            status, text = Status.BAD_VERSION, f"this server speaks version {VERSION}"
        elif self._draining:
            status, text = Status.SHUTTING_DOWN, "the server is draining"
        elif len(self._clients) + len(self._sockets) >= self.options.max_clients:
            status, text = Status.TOO_MANY_CLIENTS, f"{self.options.max_clients} clients are connected"
        elif transport not in (Transport.SHM, Transport.SOCKET):
            status, text = Status.BAD_REQUEST, f"unknown transport {transport}"
        elif transport == Transport.SHM and not (self.options.shared_memory and _futex.AVAILABLE):
            transport = int(Transport.SOCKET)
        if status == Status.OK and transport == Transport.SHM:
            # Only sizes within the limits are laid out: what a client asks for may not even fit the WELCOME.
            within = data <= self.options.max_region
            shape = RegionShape.of(slots, inline, data if within else 0)
            if not within or shape.region_size > self.options.max_region:
                status = Status.TOO_LARGE
                text = f"a region takes {self.options.max_region} bytes at most"
            elif total + shape.region_size > self.options.max_total_regions:
                status, text = Status.TOO_LARGE, "all regions together are at their limit"
            else:
                try:
                    region_fd = create_region_file(shape, self.instance)
                except OSError as error:
                    status, text = Status.INTERNAL, f"no region: {error.strerror}"
        welcome = layout.WELCOME.pack(
            MAGIC,
            VERSION,
            status,
            transport,
            shape.slot_count,
            shape.slot_stride,
            shape.region_size,
            layout.REGION_SLOTS,
            shape.data_offset,
            self.instance,
            self.options.max_region,
            text.encode()[:64],
        )
        try:
            connection: _ShmConnection | _SocketConnection | None = None
            if status == Status.OK:
                if region_fd is not None:
                    connection = _ShmConnection(sock, label, Region(region_fd, shape))
                    socket.send_fds(sock, [welcome], [region_fd])
                    self._clients = [*self._clients, connection]
                else:
                    connection = _SocketConnection(sock, label)
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, layout.SOCKET_BUFFER)
                    sock.send(welcome)
                    self._sockets = [*self._sockets, connection]
                self._register(sock, connection)
                self._tick_at = self._policy_at = 0
            else:
                sock.send(welcome)
                sock.close()
        except OSError:
            # The client went away during the handshake, or memory for its mapping is short.
            sock.close()
        finally:
            if region_fd is not None:
                os.close(region_fd)

    def _hear_doorbell(self, client: _ShmConnection) -> None:
        sock = client.sock
        if sock is None:
            return
        try:
            data = sock.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(client)

    def _drop(self, connection: _ShmConnection | _SocketConnection) -> None:
        """Forget a client and everything that it had in flight."""
        sock = connection.sock
        if sock is None:
            return
        connection.sock = None
        if self._selector is not None:
            self._selector.unregister(sock)
        sock.close()
        if isinstance(connection, _ShmConnection):
            self._clients = [client for client in self._clients if client is not connection]
            calls = [call for call in connection.calls if call is not None]
            # Calls and plans refer to the region; without them it is unmapped at once, not at the next collection.
            connection.calls = [None] * len(connection.calls)
            connection.plans = [{} for _ in connection.plans]
        else:
            self._sockets = [client for client in self._sockets if client is not connection]
            calls = [connection.call] if connection.call is not None else []
        for call in calls:
            self._end_stream(call)
            if call in self._waiting:
                self._waiting.remove(call)
        if calls:
            for entry in self._models.values():
                if any(call.connection is connection for call in entry.queue):
                    entry.queue = deque(call for call in entry.queue if call.connection is not connection)
        self._tick_at = self._policy_at = 0

    def _punish(self, client: _ShmConnection | _SocketConnection, error: Exception) -> None:
        """Drop a client that broke the protocol, or whose request met a defect of ours."""
        if isinstance(error, _ViolationError):
            self.violations += 1
            sys.stderr.write(
                f"shm server: client {client.name!r} broke the protocol and was dropped: {error}\n"
            )
        else:
            self.defects += 1
            sys.stderr.write(f"shm server: a defect met client {client.name!r}, which was dropped:\n")
            traceback.print_exception(error)
        self._drop(client)

    # Requests over shared memory

    def _collect(self, client: _ShmConnection) -> None:
        """Take every slot that the client put on its ring."""
        words = client.words
        head = client.head
        tail = words[_TAIL]
        if WEAKLY_ORDERED:
            self._fence()
        count = client.shape.slot_count
        if (tail - head) & WORD_MASK > count:
            raise _ViolationError(
                f"its ring says {(tail - head) & WORD_MASK} submissions; it has {count} slots"
            )
        self._last_request = self._now
        mask = count - 1
        while head != tail:
            index = words[_RING + (head & mask)]
            head = client.head = (head + 1) & WORD_MASK
            if index >= count:
                raise _ViolationError(f"its ring names slot {index}; it has {count}")
            self._take(client, index)

    def _take(self, client: _ShmConnection, index: int) -> None:
        """Read one slot's request and queue it; the short way when its like was validated before."""
        state = client.words[client.bases[index] >> 2]
        # Everything is read from one copy: what the client changes afterwards changes nothing here.
        snapshot = client.requests[index].tobytes()
        kind, timeout_ns, place, request_id, payload = _USUAL_REQUEST.unpack(snapshot)
        plan = client.plans[index].get(payload)
        if (
            plan is None
            or kind != _PLAIN_INFER
            or place != plan.place
            or state != _SUBMITTED
            or client.calls[index] is not None
        ):
            self._take_unusual(client, index, state, snapshot)
            return
        call = _Call(client, index, request_id, 0, plan.reply, plan, self._now, timeout_ns)
        client.calls[index] = call
        self._admit(client, call, plan)

    def _take_unusual(self, client: _ShmConnection, index: int, state: int, snapshot: bytes) -> None:
        """Take a request that is new, large or more than a plain inference, or the next step of a call."""
        fields = _CONTROL_AND_HEADER.unpack_from(snapshot)
        if fields[10] > _USUAL_PAYLOAD:
            # A second copy takes the first one's place as a whole.
            start = client.bases[index] + layout.SLOT_CONTROL
            snapshot = bytes(client.view[start : start + _SNAPSHOT])
            fields = _CONTROL_AND_HEADER.unpack_from(snapshot)
        opcode, flags, timeout_ns, reply_offset, reply_capacity, data_crc, _, _, _, request_id, _, _ = fields
        reply = (reply_offset, reply_capacity)
        current = client.calls[index]
        if current is not None:
            if state != _CONTINUE or not current.touched:
                raise _ViolationError(f"it submitted slot {index} twice")
            self._continue(client, current, reply)
            return
        if state != _SUBMITTED:
            raise _ViolationError(f"slot {index} is on its ring in state {state}")
        call = _Call(client, index, request_id, flags, reply, None, self._now, timeout_ns)
        client.calls[index] = call
        try:
            plan = self._find_plan(client, index, opcode, snapshot, call)
        except LayoutError as error:
            self._answer_error(call, error.status, error.message)
            return
        if plan is None:
            return
        call.plan = plan
        call.reply = plan.reply
        if flags & _CHECK_DATA:
            actual = _crc_of(plan.inputs)
            if actual != data_crc:
                self._answer_error(
                    call,
                    Status.BAD_CHECKSUM,
                    f"data_crc is 0x{data_crc:08X}; the tensors' CRC-32 is 0x{actual:08X}",
                )
                return
        self._admit(client, call, plan)

    def _find_plan(
        self, client: _ShmConnection, index: int, opcode: int, snapshot: bytes, call: _Call
    ) -> _Plan | None:
        """The plan of a request, validated now unless its like was; `None` when it was answered on the way."""
        # The payload behind its size and checksum; of a usual request, as much as is always copied.
        size = _CONTROL_AND_HEADER.unpack_from(snapshot)[10]
        key = snapshot[_PAYLOAD_AT - 8 : _PAYLOAD_AT + max(size, _USUAL_PAYLOAD)]
        place = snapshot[16:32] + bytes(8) + snapshot[40:48]
        plans = client.plans[index]
        plan = plans.get(key)
        if plan is not None and opcode == _INFER and plan.place == place:
            return plan
        message = snapshot[layout.CONTROL.size :]
        request = layout.decode_request(message)
        layout.check_placement(request.inputs, client.ranges[index], call.reply)
        if opcode != Opcode.INFER:
            self._answer_question(call, opcode)
            return None
        entry = self._entry(request.model_id)
        view = client.view
        inputs = tuple(
            Tensor(t.dtype, t.shape, view[t.data_offset : t.data_offset + t.data_size])
            for t in request.inputs
        )
        plan = _Plan(entry, place, call.reply, inputs, _bind(entry, inputs))
        if len(plans) >= _PLANS_PER_SLOT:
            plans.clear()
        plans[key] = plan
        return plan

    def _admit(self, client: _ShmConnection, call: _Call, plan: _Plan) -> None:
        """Queue a request of a client that presses."""
        now = self._now
        if now - client.active > _ACTIVE_NS:
            # One more that presses: whether watching is worth its while is asked again at once.
            self._tick_at = self._policy_at = 0
        client.active = now
        self._enqueue(plan.entry, call, plan)

    def _entry(self, model_id: str) -> _Entry:
        entry = self._models.get(model_id)
        if entry is None:
            known = ", ".join(sorted(self._models)) or "none"
            raise LayoutError(Status.UNKNOWN_MODEL, f"no model {model_id!r} is registered; known: {known}")
        return entry

    def _enqueue(self, entry: _Entry, call: _Call, plan: _Plan) -> None:
        waiting = entry.queue
        if not waiting and plan.fits and not self._draining:
            self._ready.append(entry)
            waiting.append(call)
            return
        limits = entry.limits
        if self._draining:
            self._answer_error(call, Status.SHUTTING_DOWN, "the server is draining")
        elif len(waiting) >= limits.max_queue:
            entry.metrics.refused += 1
            self._answer_error(
                call, Status.OVERLOADED, f"{limits.max_queue} requests wait for {entry.model_id!r}"
            )
        elif not plan.fits:
            entry.metrics.refused += 1
            self._answer_error(
                call,
                Status.TOO_LARGE,
                f"{plan.size} bytes of inputs; {entry.model_id!r} takes {limits.max_request_bytes}",
            )
        else:
            waiting.append(call)

    def _answer_question(self, call: _Call, opcode: int) -> None:
        """Answer what is not an inference: one uint8 tensor of JSON, or nothing for PING."""
        if opcode == Opcode.PING:
            self._answer(call, (), 0)
        elif opcode in (Opcode.STATUS, Opcode.MODELS):
            figures = self.metrics()
            text = json.dumps(figures if opcode == Opcode.STATUS else sorted(figures["models"]))
            data = text.encode()
            self._answer(call, (Tensor(DType.UINT8, (len(data),), memoryview(data)),), 0)
        else:
            self._answer_error(call, Status.UNSUPPORTED, f"unknown opcode {opcode}")

    # Running models

    def _dispatch(self) -> bool:
        """Run what is due; says whether anything ran."""
        worked = False
        # While the turn is away others may take from the queues, so that these are in order before every run.
        for _ in range(len(self._ready)):
            if not self._ready:
                break
            entry = self._ready.popleft()
            waiting = entry.queue
            if not waiting:
                continue
            limits = entry.limits
            if entry.running and not entry.may_run():
                self._ready.append(entry)
                continue
            if (
                limits.max_delay
                and len(waiting) < min(limits.max_batch, entry.company)
                and not self._draining
                and time.monotonic_ns() - waiting[0].received < limits.max_delay * 1e9
            ):
                self._ready.append(entry)
                continue
            worked = True
            entry.company = len(waiting)
            if not entry.offloaded and (limits.max_batch == 1 or len(waiting) == 1):
                call = waiting.popleft()
                if waiting:
                    self._ready.append(entry)
                self._run_alone(entry, call)
                continue
            batch = self._form_batch(entry)
            if entry.queue:
                self._ready.append(entry)
            if not batch:
                continue
            if entry.offloaded:
                self._offload(entry, batch)
                continue
            aside = self._may_step_aside(entry)
            together = self._step_aside(entry) if aside else 1
            began = time.monotonic_ns()
            try:
                results = _run(entry.model, batch)
                spent = time.monotonic_ns() - began
            finally:
                if aside:
                    together = max(together, self._come_back(entry))
            self._finish_batch(entry, batch, results, spent, together)
        return worked

    def _run_alone(self, entry: _Entry, call: _Call) -> None:
        """Run one call on this thread: the short way, with nothing in it that only batches need."""
        began = time.monotonic_ns()
        if not self._is_wanted(entry, call, began):
            return
        plan = cast(_Plan, call.plan)
        aside = self._may_step_aside(entry)
        together = 1
        if aside:
            together = self._step_aside(entry)
            began = time.monotonic_ns()
        try:
            result: Result = entry.model.run_one(plan.bound)
        except Exception as error:  # noqa: BLE001 - whatever a model raises is its clients' answer
            result = error
        finally:
            ended = time.monotonic_ns()
            if aside:
                together = max(together, self._come_back(entry))
        spent = ended - began
        self._runs += 1
        self._run_ns += spent
        if spent > _LONG_NS or entry.streak:
            self._weigh(entry, ended, spent, 1, together)
        usual = plan.usual
        if usual is not None and type(result) is list and not call.flags:
            outputs = cast(list[Tensor], result)
            output = outputs[0] if len(outputs) == 1 else None
            if output is not None and output.dtype == usual.dtype and output.shape == usual.shape:
                entry.metrics.note(spent, ended - call.received, plan.size, usual.size)
                self._answer_as_usual(call, output, spent, usual)
                return
        entry.metrics.count_batch(1, spent)
        self._finish(entry, call, cast(Result, result), spent, ended)

    def _weigh(self, entry: _Entry, ended: int, spent: int, requests: int, together: int) -> None:
        """Note how long a run took, and ask for help when another request waited for the end of a long one."""
        if spent > _SLOW_NS or entry.offloaded:
            entry.weigh(spent)
        else:
            entry.slowness = 0
        if spent <= _LONG_NS:
            entry.streak = 0
            return
        entry.streak += 1
        pace = entry.pace
        if pace.most == 1 or entry.streak < _LONG_STREAK:
            return
        waited = bool(entry.queue) or self._is_asked()
        pace.note(ended, spent, requests, together, waited=waited)
        if waited and not entry.offloaded and entry.running + 1 < pace.at_once and self._crew.may_grow():
            self._crew.grow(ended)
            self._watching = False
            self._tick_at = self._policy_at = 0

    def _form_batch(self, entry: _Entry) -> list[_Call]:
        """The next calls to run together, less those that were cancelled or came too late."""
        batch: list[_Call] = []
        waiting = entry.queue
        now = time.monotonic_ns()
        while waiting and len(batch) < entry.limits.max_batch:
            call = waiting.popleft()
            if self._is_wanted(entry, call, now):
                batch.append(call)
        return batch

    def _is_wanted(self, entry: _Entry, call: _Call, now: int) -> bool:
        """Whether a call is to run; one that was cancelled or came too late is answered here."""
        if now > call.deadline > 0:
            entry.metrics.refused += 1
            self._answer_error(call, Status.DEADLINE_EXCEEDED, "the request waited past its timeout")
            return False
        if _is_cancelled(call):
            entry.metrics.cancelled += 1
            self._answer_error(call, Status.CANCELLED, "the client cancelled the call")
            return False
        return True

    def _offload(self, entry: _Entry, batch: list[_Call]) -> None:
        if entry.running >= len(entry.threads):
            thread = threading.Thread(
                target=self._work, args=(entry,), name=f"shm-model {entry.model_id}", daemon=True
            )
            entry.threads.append(thread)
            thread.start()
        self._count_run(entry)
        self._in_flight += 1
        self._watching = False
        entry.jobs.put(batch)

    def _work(self, entry: _Entry) -> None:
        """The body of a thread of a model's own."""
        with self._around():
            self._work_off(entry)

    def _work_off(self, entry: _Entry) -> None:
        while (batch := entry.jobs.get()) is not None:
            began = time.monotonic_ns()
            results = [
                _last(result, call) if isinstance(result, Iterator) and not call.flags & _STREAM else result
                for call, result in zip(batch, _run(entry.model, batch), strict=True)
            ]
            self._completed.append((entry, batch, results, time.monotonic_ns() - began))
            # While this thread waits for its next job it must not keep the last one's region mapped.
            del batch, results
            self._wake()

    def _publish_completed(self) -> None:
        while self._completed:
            entry, batch, results, spent = self._completed.popleft()
            together = entry.running
            entry.running -= 1
            self._in_flight -= 1
            self._finish_batch(entry, batch, results, spent, together)
            if entry.queue and entry not in self._ready:
                self._ready.append(entry)
        while self._advanced:
            call, outputs, spent = self._advanced.popleft()
            self._in_flight -= 1
            self._deliver_part(call, outputs, spent)

    def _finish_batch(
        self, entry: _Entry, batch: list[_Call], results: Sequence[Result], spent: int, together: int
    ) -> None:
        entry.metrics.count_batch(len(batch), spent)
        self._runs += 1
        self._run_ns += spent
        now = time.monotonic_ns()
        self._weigh(entry, now, spent, len(batch), together)
        for call, result in zip(batch, results, strict=True):
            self._finish(entry, call, result, spent, now)

    def _finish(self, entry: _Entry, call: _Call, result: Result, spent: int, now: int) -> None:
        """Answer a call whose model ran until `now`, and count it."""
        metrics = entry.metrics
        metrics.requests += 1
        # The usual answer first: asking whether something is an iterator is dear.
        if type(result) is list or not isinstance(result, (BaseException, Iterator)):
            outputs = cast(Outputs, result)
            plan = call.plan
            metrics.latency.add(now - call.received)
            if plan is None:
                self._answer(call, outputs, spent)
                return
            metrics.bytes_in += plan.size
            usual = plan.usual
            if usual is not None and len(outputs) == 1 and not call.flags:
                output = outputs[0]
                if output.dtype == usual.dtype and output.shape == usual.shape:
                    metrics.bytes_out += usual.size
                    self._answer_as_usual(call, output, spent, usual)
                    return
            for tensor in outputs:
                metrics.bytes_out += len(tensor.data)
            self._answer(call, outputs, spent)
        elif isinstance(result, BaseException):
            metrics.failed += 1
            self._answer_error(call, Status.MODEL_FAILED, f"{type(result).__name__}: {result}")
            # Its traceback's frames hold the inputs, and often the error itself: a cycle that would keep
            # the client's region mapped.
            result.__traceback__ = result.__context__ = result.__cause__ = None
        else:
            call.stream = result
            if call.flags & _STREAM:
                self._advance(call)
            else:
                self._collecting.append(call)

    # Streams and answers that need room

    def _advance(self, call: _Call) -> None:
        """Ask a stream for its next part, on the model's thread when it has one."""
        entry = cast(_Plan, call.plan).entry
        if entry.offloaded:
            self._in_flight += 1
            self._watching = False
            threading.Thread(target=self._advance_aside, args=(call,), name="shm-stream", daemon=True).start()
        else:
            outputs, spent = _next_part(call)
            self._deliver_part(call, outputs, spent)

    def _collect_parts(self) -> None:
        """Make the next part of every stream whose client wants the last one only."""
        calls, self._collecting = self._collecting, []
        for call in calls:
            if call.connection.sock is None or _is_cancelled(call) or _is_late(call):
                self._end_stream(call)
                self._answer_error(call, Status.CANCELLED, "the call was given up before its last part")
                continue
            outputs, spent = _next_part(call)
            last, before, _ = call.held or ((), 0, _DONE)
            if isinstance(outputs, BaseException):
                self._deliver_part(call, outputs, spent)
            elif outputs is None:
                call.stream = call.held = None
                self._answer(call, last, before + spent)
            else:
                call.held = (outputs, before + spent, _DONE)
                self._collecting.append(call)

    def _advance_aside(self, call: _Call) -> None:
        outputs, spent = _next_part(call)
        self._advanced.append((call, outputs, spent))
        self._wake()

    def _deliver_part(self, call: _Call, outputs: Outputs | BaseException | None, spent: int) -> None:
        if call.connection.sock is None:
            self._end_stream(call)
        elif isinstance(outputs, BaseException):
            call.stream = None
            self._answer_error(call, Status.MODEL_FAILED, f"{type(outputs).__name__}: {outputs}")
            outputs.__traceback__ = outputs.__context__ = outputs.__cause__ = None
        elif outputs is None:
            call.stream = None
            self._answer(call, (), spent)
        elif _is_cancelled(call):
            self._end_stream(call)
            self._answer_error(call, Status.CANCELLED, "the client cancelled the call")
        else:
            self._answer(call, outputs, spent, state=_PARTIAL)

    def _continue(self, client: _ShmConnection, call: _Call, reply: tuple[int, int]) -> None:
        """The client took a part or made room."""
        if call in self._waiting:
            self._waiting.remove(call)
        call.touched = 0
        try:
            layout.check_placement((), client.ranges[call.slot], reply)
        except LayoutError as error:
            self._end_stream(call)
            self._answer_error(call, error.status, error.message)
            return
        call.reply = reply
        if call.expired:
            self._answer_error(call, Status.CANCELLED, "the client did not take the partial result in time")
        elif _is_cancelled(call):
            self._end_stream(call)
            self._answer_error(call, Status.CANCELLED, "the client cancelled the call")
        elif call.held is not None:
            outputs, spent, state = call.held
            call.held = None
            self._answer(call, outputs, spent, state=state)
        else:
            self._advance(call)

    def _end_stream(self, call: _Call) -> None:
        stream, call.stream, call.held = call.stream, None, None
        close = getattr(stream, "close", None)
        if close is not None:
            # A generator that is running in its thread right now ends by itself when it is dropped.
            with contextlib.suppress(Exception):
                close()

    # Answers

    def _answer_error(self, call: _Call, status: Status, text: str) -> None:
        payload = layout.encode_response_payload(status, 0, b"", layout.encode_error(text), 0, 0, 0)
        self._send(call, payload, (), (), _DONE)

    def _answer_as_usual(self, call: _Call, output: Tensor, spent: int, usual: _UsualAnswer) -> None:
        """Answer over shared memory as this plan's last call was answered: with one output of the same shape."""
        connection = cast(_ShmConnection, call.connection)
        if connection.sock is None:
            return
        view = connection.view
        output.copy_to(view, connection.region.address, usual.start, usual.end)
        slot = call.slot
        base = connection.bases[slot]
        payload = _USUAL_ANSWER_PAYLOAD.pack(usual.before, spent, usual.after)
        _USUAL_ANSWER_MESSAGE.pack_into(
            view,
            base + layout.SLOT_RESPONSE,
            MAGIC,
            VERSION,
            call.request_id,
            _USUAL_ANSWER,
            crc32(payload),
            payload,
        )
        connection.calls[slot] = None
        if WEAKLY_ORDERED:
            self._fence()
        connection.words[base >> 2] = _DONE
        self._wakes.append(
            (connection.words, (base + layout.SLOT_WAITING) >> 2, connection.region.address + base)
        )

    def _answer(self, call: _Call, outputs: Outputs, spent: int, *, state: int = _DONE) -> None:
        """Write outputs where the client made room; ask for room when they do not fit."""
        plan = call.plan
        key: Any = (
            (outputs[0].dtype, outputs[0].shape)
            if len(outputs) == 1
            else tuple((tensor.dtype, tensor.shape) for tensor in outputs)
        )
        reply = call.reply
        known = plan.replies.get(key) if plan is not None and reply is plan.reply else None
        if known is None:
            try:
                known = _place(outputs, reply[0])
            except LayoutError as error:
                self._answer_error(call, error.status, error.message)
                return
            if plan is not None and len(plan.replies) < _PLANS_PER_SLOT and reply is plan.reply:
                plan.replies[key] = known
        descriptors, total, places = known
        if total > reply[1] and isinstance(call.connection, _ShmConnection):
            call.held = (outputs, spent, state)
            payload = layout.encode_response_payload(
                Status.NEEDS_SPACE, ResponseFlag.MORE, b"", b"", total, spent, 0
            )
            self._send(call, payload, (), (), _PARTIAL)
            return
        if len(outputs) == 1 and plan is not None and reply is plan.reply and state == _DONE and reply[1]:
            plan.usual = _UsualAnswer(outputs[0], descriptors, *places[0])
        flags = int(ResponseFlag.MORE) if state == _PARTIAL else 0
        data_crc = 0
        if call.flags & _CHECK_DATA:
            flags |= ResponseFlag.HAS_DATA_CRC
            data_crc = _crc_of(outputs)
        payload = (
            RESPONSE_FIXED.pack(0, flags, len(outputs), 0, total, max(0, spent), data_crc, 0) + descriptors
        )
        self._send(call, payload, outputs, places, state)

    def _send(
        self,
        call: _Call,
        payload: bytes,
        outputs: Outputs,
        places: Sequence[tuple[int, int]],
        state: int,
    ) -> None:
        connection = call.connection
        if connection.sock is None:
            return
        if isinstance(connection, _SocketConnection):
            self._send_frame(connection, call, payload, outputs, places, state)
            return
        view = connection.view
        for tensor, (start, end) in zip(outputs, places, strict=True):
            tensor.copy_to(view, connection.region.address, start, end)
        base = connection.bases[call.slot]
        start = base + layout.SLOT_RESPONSE
        message = HEADER.pack(MAGIC, VERSION, call.request_id, len(payload), crc32(payload)) + payload
        view[start : start + len(message)] = message
        if state == _DONE:
            connection.calls[call.slot] = None
        else:
            call.touched = self._now
            self._waiting.append(call)
        if WEAKLY_ORDERED:
            self._fence()
        connection.words[base >> 2] = state
        self._wakes.append(
            (connection.words, (base + layout.SLOT_WAITING) >> 2, connection.region.address + base)
        )

    def _wake_sleepers(self) -> None:
        """Wake the callers that went to sleep; one fence serves all answers of this turn."""
        self._fence()
        for words, waiting, address in self._wakes:
            if words[waiting]:
                _futex.wake(address)
        self._wakes.clear()

    # Requests over the socket

    def _serve_socket(self, client: _SocketConnection, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                self._flush(client)
            if events & selectors.EVENT_READ:
                for _ in range(_READS):
                    if client.sock is None:
                        return
                    count = client.sock.recv_into(client.room())
                    if not count:
                        self._drop(client)
                        return
                    client.filled += count
                    self._advance_frame(client)
        except BlockingIOError:
            return
        except OSError:
            self._drop(client)
        except Exception as error:  # noqa: BLE001 - one client's frame never takes the others down
            self._punish(client, error)

    def _advance_frame(self, client: _SocketConnection) -> None:
        """Look at what arrived: a head that is complete, and then a body that is."""
        frame = client.frame
        if frame is None:
            if client.filled < layout.FRAME.size:
                return
            frame = client.frame = layout.FRAME.unpack(client.head)
            magic, kind, _, _, _, data_size, message_size, _, _ = frame
            if magic != MAGIC:
                raise _ViolationError(f"frame magic is 0x{magic:08X}")
            if message_size > layout.MAX_REQUEST_SIZE or data_size > self.options.max_frame:
                raise _ViolationError(f"a frame of {message_size} + {data_size} bytes is over the limit")
            # The body's memory belongs to a call until that is over, so nothing else may arrive during one.
            if kind not in (FrameKind.REQUEST, FrameKind.CONTINUE) or (
                client.call is not None and (kind == FrameKind.REQUEST or message_size + data_size)
            ):
                raise _ViolationError(f"a frame of kind {kind} does not belong here")
            client.filled = 0
            client.size = message_size + data_size
        if client.filled < client.size:
            return
        client.frame = None
        client.filled = 0
        self._last_request = self._now
        _, kind, opcode, flags, timeout_ns, data_size, message_size, data_crc, _ = frame
        if kind == FrameKind.CONTINUE:
            call = client.call
            if call is None or not call.touched:
                raise _ViolationError("CONTINUE without a partial result")
            call.touched = 0
            if call.expired:
                self._answer_error(call, Status.CANCELLED, "the client did not take the part in time")
            else:
                self._waiting.remove(call)
                self._advance(call)
            return
        message = bytes(client.body[:message_size])
        self._take_frame(
            client, opcode, flags, timeout_ns, data_crc, message, client.body[message_size : client.size]
        )

    def _take_frame(
        self,
        client: _SocketConnection,
        opcode: int,
        flags: int,
        timeout_ns: int,
        data_crc: int,
        message: bytes,
        data: memoryview,
    ) -> None:
        request_id = HEADER.unpack_from(message)[2] if len(message) >= HEADER_SIZE else 0
        call = _Call(client, 0, request_id, flags, (0, 0), None, time.monotonic_ns(), timeout_ns)
        client.call = call
        try:
            request = layout.decode_request(message)
            layout.check_placement(request.inputs, ((0, len(data)),))
            if opcode != Opcode.INFER:
                self._answer_question(call, opcode)
                return
            entry = self._entry(request.model_id)
            inputs = tuple(
                Tensor(t.dtype, t.shape, data[t.data_offset : t.data_offset + t.data_size])
                for t in request.inputs
            )
            if flags & _CHECK_DATA and _crc_of(inputs) != data_crc:
                raise LayoutError(Status.BAD_CHECKSUM, "data_crc is not the tensors' CRC-32")
            plan = call.plan = _Plan(entry, b"", (0, 0), inputs, _bind(entry, inputs))
        except LayoutError as error:
            self._answer_error(call, error.status, error.message)
            return
        self._enqueue(entry, call, plan)

    def _send_frame(
        self,
        client: _SocketConnection,
        call: _Call,
        payload: bytes,
        outputs: Outputs,
        places: Sequence[tuple[int, int]],
        state: int,
    ) -> None:
        message = layout.encode_message(call.request_id, payload)
        size = max((end for _, end in places), default=0)
        header = layout.FRAME.pack(MAGIC, FrameKind.RESPONSE, 0, 0, 0, size, len(message), 0, 0)
        pieces: list[bytes | memoryview] = [header + message]
        at = 0
        for tensor, (start, end) in zip(outputs, places, strict=True):
            if start > at:
                pieces.append(bytes(start - at))
            pieces.append(tensor.data)
            at = end
        if state == _DONE:
            client.call = None
            if len(client.body) > _KEPT_BODY:
                client.body = memoryview(bytearray(layout.MAX_REQUEST_SIZE))
        else:
            call.touched = self._now
            self._waiting.append(call)
        sock = client.sock
        sent = 0
        if sock is not None and not client.outgoing:
            # What the socket takes at once is not copied at all.
            try:
                sent = sock.sendmsg(pieces)
            except BlockingIOError:
                pass
            except OSError:
                self._drop(client)
                return
        for piece in pieces:
            if sent < len(piece):
                # The model may reuse its output's memory before a slow client has taken it.
                client.outgoing.append(memoryview(bytes(memoryview(piece)[sent:])))
            sent = max(0, sent - len(piece))
        if client.outgoing:
            self._flush(client)

    def _flush(self, client: _SocketConnection) -> None:
        sock, selector = client.sock, self._selector
        if sock is None or selector is None:
            return
        try:
            while client.outgoing:
                piece = client.outgoing[0]
                sent = sock.send(piece) if len(piece) else 0
                if sent == len(piece):
                    client.outgoing.popleft()
                else:
                    client.outgoing[0] = piece[sent:]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.outgoing else 0)
        if selector.get_key(sock).events != events:
            selector.modify(sock, events, client)


def _same_user(sock: socket.socket) -> bool:
    """Whether the peer runs as this user; elsewhere than on Linux the folder's mode says so."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return struct.unpack("3i", credentials)[1] == os.geteuid()


def _is_cancelled(call: _Call) -> bool:
    connection = call.connection
    if connection.sock is None:
        return True
    if isinstance(connection, _SocketConnection):
        return False
    return connection.words[(connection.bases[call.slot] + layout.SLOT_CANCEL) >> 2] != 0


def _bind(entry: _Entry, inputs: tuple[Tensor, ...]) -> Any:
    try:
        return entry.model.bind(inputs)
    except Exception as error:
        raise LayoutError(Status.BAD_TENSOR, f"{entry.model_id!r} refuses the inputs: {error}") from error


def _run(model: Model, batch: Sequence[_Call]) -> Sequence[Result]:
    """The model's results; whatever it raises becomes the result of every member."""
    try:
        results = model.run([call.plan.bound for call in batch if call.plan is not None])
        if len(results) != len(batch):
            raise RuntimeError(f"the model returned {len(results)} results for {len(batch)} requests")
    except Exception as error:  # noqa: BLE001 - whatever a model raises is its clients' answer
        return [error] * len(batch)
    return results


def _is_late(call: _Call) -> bool:
    return bool(call.deadline) and time.monotonic_ns() > call.deadline


def _last(stream: Iterator[Outputs], call: _Call) -> Outputs | BaseException:
    """The last part of a stream, for a client that did not ask for the parts."""
    last: Outputs = ()
    try:
        for outputs in stream:
            last = outputs
            if _is_cancelled(call) or _is_late(call):
                break
    except Exception as error:  # noqa: BLE001 - whatever a model raises is its client's answer
        return error
    return last


def _next_part(call: _Call) -> tuple[Outputs | BaseException | None, int]:
    began = time.monotonic_ns()
    try:
        stream = call.stream
        outputs: Outputs | BaseException | None = next(stream, None) if stream is not None else None
    except Exception as error:  # noqa: BLE001 - whatever a model raises is its client's answer
        outputs = error
    return outputs, time.monotonic_ns() - began


def _place(outputs: Outputs, start: int) -> tuple[bytes, int, list[tuple[int, int]]]:
    """`(descriptors, total size, places)` of outputs laid out one after the other from `start`."""
    if len(outputs) > layout.MAX_TENSORS:
        raise LayoutError(
            Status.TOO_LARGE, f"{len(outputs)} outputs; at most {layout.MAX_TENSORS} are allowed"
        )
    descriptors = b""
    places: list[tuple[int, int]] = []
    at = start
    for i, tensor in enumerate(outputs):
        if len(tensor.shape) > layout.MAX_DIMS:
            raise LayoutError(Status.TOO_LARGE, f"output {i} has {len(tensor.shape)} dimensions; at most 8")
        size = len(tensor.data)
        descriptors += layout.encode_descriptor(
            layout.TensorDescriptor(tensor.dtype, tuple(tensor.shape), at, size)
        )
        places.append((at, at + size))
        at = align(at + size)
    return descriptors, places[-1][1] - start if places else 0, places


def _crc_of(tensors: Sequence[Tensor]) -> int:
    value = 0
    for tensor in tensors:
        value = crc32(tensor.data, value)
    return value
