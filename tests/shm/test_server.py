"""The server: hostile clients, limits, batching, streams, stopping, and what it must not leave behind."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from foundation_shm import (
    CallTimeout,
    Cancelled,
    Client,
    ClientBusy,
    ConnectError,
    ConnectionLost,
    DType,
    EndpointError,
    InvalidRequest,
    Limits,
    Model,
    ModelFailed,
    Overloaded,
    Server,
    ServerOptions,
    ShuttingDown,
    Tensor,
    layout,
)
from foundation_shm.endpoint import socket_path
from foundation_shm.model import Histogram

from tests.shm import make_seeds
from tests.shm.attack import SHAPE, Attacker, Case, hello, request, run_case
from tests.shm.conftest import ROOT, ServerProcess, wait_until

SEEDS = ROOT / "tests" / "shm" / "seeds"


def cases() -> dict[str, Case]:
    """Every kept case: those by name, a fixed draw, and what the fuzzer found."""
    found: dict[str, Case] = {}
    for path in sorted(SEEDS.glob("*.json")):
        content: Any = json.loads(path.read_text())
        if "cases" in content:
            content = {f"{path.stem}_{n}": case for n, case in enumerate(content["cases"])}
        found |= content
    return found


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.endpoint, timeout=20) as made:
        yield made


@pytest.fixture
def serve(endpoint: str) -> Iterator[Callable[..., Server]]:
    """A function that starts a server in this process with the given models."""
    servers: list[Server] = []

    def start(options: ServerOptions | None = None, **models: Any) -> Server:
        server = Server(endpoint, options)
        for name, value in models.items():
            model, limits = value if isinstance(value, tuple) else (value, None)
            server.register(name, model, limits)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop(drain=False)


# Hostile clients


def test_the_seeds_are_what_their_generator_writes() -> None:
    written = make_seeds.files()
    assert {name: (SEEDS / name).read_text() for name in written} == written


def test_no_hostile_client_harms_the_server_or_the_others(server: ServerProcess, client: Client) -> None:
    client.ping()
    everything = cases()
    assert len(everything) >= 200
    wait_until(lambda: len(client.status()["clients"]) == 1, "only this client")
    before = server.descriptors()
    for number, (name, case) in enumerate(everything.items()):
        run_case(server.endpoint, case, patience=0.01)
        assert server.process.poll() is None, f"{name} killed the server"
        data = number.to_bytes(8, "little") * 20
        assert client.infer("echo", data)[0].data == data, name
    wait_until(lambda: server.descriptors() <= before, "the server closes what the hostile clients had")
    assert client.status()["defects"] == 0
    assert client.status()["violations"] > 10
    assert client.status()["clients"] == [
        {"name": "python", "transport": "shm", "region_bytes": client.status()["clients"][0]["region_bytes"]}
    ]


def response_to(server: ServerProcess, steps: Case, slot: int = 0) -> layout.Response:
    """What the server wrote into an attacker's slot."""
    with Attacker(server.endpoint) as attacker:
        for step, *arguments in [["hello", hello().hex()], *steps]:
            attacker.do(step, arguments, 5.0)
        region = attacker._region
        assert region is not None
        at = SHAPE.slot(slot) + layout.SLOT_RESPONSE
        return layout.decode_response(region[at : at + layout.MAX_RESPONSE_SIZE])


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"magic": 1}, "BAD_MAGIC", "0x00000001"),
        ({"version": 7}, "BAD_VERSION", "version is 7"),
        ({"checksum": 1}, "BAD_CHECKSUM", "checksum"),
        ({"payload_size": 2**32 - 1}, "BAD_REQUEST", "4294967295"),
        ({"input_count": 2}, "BAD_REQUEST", "2 inputs"),
        ({"dtype": 99}, "BAD_TENSOR", "dtype 99"),
        ({"ndim": 9}, "BAD_TENSOR", "ndim is 9"),
        ({"ndim": 2, "shape0": 2**33, "shape1": 2**33}, "BAD_TENSOR", "data_size"),
        ({"data_offset": 2**63}, "BAD_TENSOR", "outside this slot's space"),
        ({"data_offset": SHAPE.slot(1) + layout.SLOT_INLINE}, "BAD_TENSOR", "outside this slot's space"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(
    server: ServerProcess, fields: dict[str, int], status: str, text: str
) -> None:
    answer = response_to(server, [*request(0, fields=fields), ["submit", 0], ["await", 0]])
    assert layout.Status(answer.status).name == status
    assert text in answer.error
    assert answer.request_id == 1


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_a_request_that_was_validated_once_is_compared_to_its_end(server: ServerProcess, count: int) -> None:
    """The second request differs from the first in its last descriptor alone, and says that it does not."""
    inline = SHAPE.slot(0) + layout.SLOT_INLINE
    tensors = [layout.TensorDescriptor(DType.UINT8, (8,), inline + 64 * n, 8) for n in range(count)]
    checksum = crc32(layout.encode_request_payload("echo", tensors))
    others = [*tensors[:-1], layout.TensorDescriptor(DType.UINT8, (9,), inline + 64 * (count - 1), 9)]
    answer = response_to(
        server,
        [
            *[*request(0, tensors=tensors), ["submit", 0], ["await", 0]] * 2,
            *[*request(0, tensors=others, fields={"checksum": checksum}), ["submit", 0], ["await", 0]],
        ],
    )
    assert layout.Status(answer.status).name == "BAD_CHECKSUM"


@pytest.mark.parametrize(
    ("control", "status", "text"),
    [
        ({"reply_offset": SHAPE.slot(0) + layout.SLOT_INLINE}, "BAD_TENSOR", "overlaps"),
        ({"reply_offset": 2**64 - 64, "reply_capacity": 128}, "BAD_TENSOR", "outside"),
        ({"opcode": 77}, "UNSUPPORTED", "77"),
        ({"flags": 1, "data_crc": 5}, "BAD_CHECKSUM", "data_crc"),
        ({"cancel": 1}, "CANCELLED", "cancelled"),
    ],
)
def test_a_bad_control_block_is_told_what_is_wrong(
    server: ServerProcess, control: dict[str, int], status: str, text: str
) -> None:
    answer = response_to(server, [*request(0, control=control), ["submit", 0], ["await", 0]])
    assert layout.Status(answer.status).name == status
    assert text in answer.error


def test_what_changes_after_submission_changes_nothing(server: ServerProcess) -> None:
    scribble = ["poke", SHAPE.slot(0) + layout.SLOT_CONTROL, "ff" * 3000]
    answer = response_to(
        server, [*request(0, b"slow"), ["submit", 0], ["pause", 100], scribble, ["await", 0]]
    )
    assert (answer.status, answer.request_id) == (0, 1)


def frame(model: str, data: bytes, claimed: int | None = None) -> bytes:
    """A request on the socket transport with one tensor of bytes; `claimed` is what its head says of the data."""
    size = len(data) if claimed is None else claimed
    tensor = layout.TensorDescriptor(DType.UINT8, (size,), 0, size)
    message = layout.encode_request(layout.Request(7, model, (tensor,)))
    head = layout.FRAME.pack(layout.MAGIC, layout.FrameKind.REQUEST, 1, 0, 0, size, len(message), 0, 0)
    return head + message + data


def received(sock: socket.socket, size: int) -> bytes:
    """Exactly that many bytes. MSG_WAITALL would give fewer, because a socket with a time-out does not block."""
    data = bytearray()
    while len(data) < size:
        part = sock.recv(size - len(data))
        assert part, f"the connection ended after {len(data)} of {size} bytes"
        data += part
    return bytes(data)


@pytest.fixture
def on_socket(server: ServerProcess) -> Iterator[socket.socket]:
    """A connection of the socket transport after its handshake."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(20)
        sock.connect(server.endpoint)
        sock.sendall(hello(transport=layout.Transport.SOCKET))
        received(sock, layout.WELCOME.size)
        yield sock


def test_a_frame_in_pieces_is_put_together(on_socket: socket.socket) -> None:
    data = bytes(range(256)) * 12_000
    for _ in range(2):
        sent = frame("echo", data)
        for at in (0, 1, 63, 64, 100, 5_000, 1_500_000, len(sent)):
            on_socket.sendall(sent[:at])
            sent = sent[at:]
        head = received(on_socket, layout.FRAME.size)
        _, kind, _, _, _, size, message_size, _, _ = layout.FRAME.unpack(head)
        assert (kind, size) == (layout.FrameKind.RESPONSE, len(data))
        answer = received(on_socket, message_size)
        assert layout.decode_response(answer).status == 0
        assert received(on_socket, size) == data


def test_a_frame_that_only_claims_to_be_large_takes_no_memory(
    server: ServerProcess, on_socket: socket.socket, client: Client
) -> None:
    def resident() -> int:
        return int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * 4096

    client.ping()
    before = resident()
    on_socket.sendall(frame("echo", bytes(1000), claimed=1 << 29))
    for _ in range(20):
        client.ping()
    assert resident() - before < 64 << 20


def test_a_request_during_a_call_ends_the_connection(
    server: ServerProcess, on_socket: socket.socket, client: Client
) -> None:
    on_socket.sendall(frame("slow", b"x"))
    on_socket.sendall(frame("echo", b"y" * 1000))
    # What the server did not read makes the end a reset.
    with pytest.raises(ConnectionResetError):
        on_socket.recv(1000)
    assert client.infer("echo", b"z")[0].data == b"z"
    assert client.status()["violations"] == 1


def test_two_clients_share_no_memory(server: ServerProcess) -> None:
    with (
        Client(server.endpoint) as one,
        Client(server.endpoint) as other,
        one.allocate(DType.UINT8, (64,)) as mine,
        other.allocate(DType.UINT8, (64,)) as theirs,
    ):
        mine.data[:] = b"a" * 64
        assert mine.offset == theirs.offset
        assert bytes(theirs.data) == bytes(64)


# The endpoint


def test_the_endpoint_is_the_owners_alone(endpoint: str, serve: Callable[..., Server]) -> None:
    serve()
    info = Path(endpoint).stat()
    assert stat.S_ISSOCK(info.st_mode)
    assert stat.S_IMODE(info.st_mode) == 0o600


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(EndpointError, match="chmod go-w"):
        Server(str(folder / "e.sock")).bind()


def test_a_second_server_is_refused(endpoint: str, serve: Callable[..., Server]) -> None:
    serve()
    with pytest.raises(EndpointError, match="another server"):
        Server(endpoint).bind()


def test_the_socket_of_a_dead_server_is_replaced(
    server: ServerProcess, start_server: Callable[..., ServerProcess]
) -> None:
    server.kill()
    assert Path(server.endpoint).exists()
    again = start_server()
    with Client(server.endpoint) as client:
        client.ping()
    assert again.stop() == 0
    assert not Path(server.endpoint).exists()


def test_endpoint_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FOUNDATION_SHM_DIR", "/run/x")
    assert socket_path("engine") == Path("/run/x/engine.sock")
    assert socket_path("./here.sock") == Path("here.sock")
    monkeypatch.delenv("FOUNDATION_SHM_DIR")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert socket_path("engine") == Path("/run/user/7/foundation-shm/engine.sock")
    for bad in ("", "..", "a\0b"):
        with pytest.raises(EndpointError):
            socket_path(bad)
    with pytest.raises(EndpointError, match="FOUNDATION_SHM_DIR"):
        socket_path(str(tmp_path / ("x" * 200)))


def test_too_many_clients(endpoint: str, start_server: Callable[..., ServerProcess]) -> None:
    server = start_server("--few-clients")
    clients = [Client(endpoint, connect_timeout=0.0) for _ in range(3)]
    for client in clients:
        client.ping()
    with pytest.raises(ConnectError, match="TOO_MANY_CLIENTS"):
        Client(endpoint, connect_timeout=0.0).ping()
    clients[0].close()
    with Client(endpoint, connect_timeout=10.0) as late:
        late.ping()
    for client in clients:
        client.close()
    assert server.stop() == 0


# Scheduling


class Sums(Model):
    """Adds one to bytes and remembers the sizes of the batches that it was given."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def run(self, batch: Any) -> list[list[Tensor]]:
        self.batches.append(len(batch))
        return [
            [Tensor(DType.UINT8, t.shape, memoryview(bytes((b + 1) % 256 for b in bytes(t.data))))]
            for (t,) in batch
        ]


def test_requests_are_batched_within_the_delay(endpoint: str, serve: Callable[..., Server]) -> None:
    model = Sums()
    serve(sums=(model, Limits(max_batch=8, max_delay=0.2)))
    with Client(endpoint) as client:
        calls = [client.submit("sums", bytes([n])) for n in range(16)]
        assert [bytes(call.result()[0].data) for call in calls] == [bytes([n + 1]) for n in range(16)]
        assert max(model.batches) == 8
        assert sum(model.batches) == 16
        # A lone request does not wait for company for ever.
        assert bytes(client.infer("sums", b"\7")[0].data) == b"\x08"
    assert model.batches[-1] == 1


def test_a_batch_waits_for_as_many_as_came_the_last_time(endpoint: str, serve: Callable[..., Server]) -> None:
    model = Sums()
    server = serve(sums=(model, Limits(max_batch=8, max_delay=0.05)))
    with Client(endpoint) as client:
        for round_of in (1, 1, 3, 3, 3, 1):
            before = len(model.batches)
            for call in [client.submit("sums", b"\1") for _ in range(round_of)]:
                call.result()
            assert sum(model.batches[before:]) == round_of
        # Nobody knew of the first; after a lone one the next runs at once, and so may be the first of three.
        assert model.batches[:2] == [1, 1]
        assert max(model.batches) <= 3
        entry = server._models["sums"]
        assert entry.company == model.batches[-1] == 1


def test_a_full_queue_is_answered_at_once(client: Client) -> None:
    calls = [client.submit("crowded", b"x") for _ in range(8)]
    outcomes = []
    for call in calls:
        try:
            call.result()
            outcomes.append("ok")
        except Overloaded:
            outcomes.append("overloaded")
    assert outcomes.count("overloaded") >= 5
    assert outcomes.count("ok") >= 1


def test_a_slow_model_does_not_hold_up_the_others(client: Client) -> None:
    slow = client.submit("slow", b"x")
    assert client.infer("echo", b"y")[0].data == b"y"
    assert not slow.done()
    assert slow.result()[0].data == b"x"


def test_models_run_inside_the_given_context(endpoint: str) -> None:
    inside: set[int] = set()

    @contextlib.contextmanager
    def around() -> Iterator[None]:
        inside.add(threading.get_ident())
        yield
        inside.discard(threading.get_ident())

    def model(_tensor: Tensor) -> Tensor:
        return Tensor.of(bytes([threading.get_ident() in inside]))

    server = Server(endpoint, around=around)
    server.register("here", model, Limits(offload=False))
    server.register("aside", model, Limits(offload=True))
    server.start()
    with Client(endpoint) as client:
        for name in ("here", "aside"):
            assert client.infer(name, b"x")[0].data == b"\1", name
        assert len(inside) == 2
    server.stop()
    wait_until(lambda: not inside, "both threads left the context")


def test_a_cancelled_call_does_not_run(endpoint: str, serve: Callable[..., Server]) -> None:
    ran: list[bytes] = []
    gate = threading.Event()

    def gated(value: Tensor) -> Tensor:
        ran.append(bytes(value.data))
        gate.wait(10)
        return value

    serve(gated=(gated, Limits(offload=True)))
    with Client(endpoint) as client:
        first = client.submit("gated", b"1")
        wait_until(lambda: ran == [b"1"], "the first call runs")
        second, third = client.submit("gated", b"2"), client.submit("gated", b"3")
        second.cancel()
        gate.set()
        assert first.result()[0].data == b"1"
        assert third.result()[0].data == b"3"
    assert ran == [b"1", b"3"]


def test_the_time_of_a_request_counts_from_its_arrival(endpoint: str) -> None:
    """Also when the server slept before, or a short timeout would be over before the request was read."""
    received: list[int] = []

    class Noting(Server):
        def _enqueue(self, entry: Any, call: Any, plan: Any) -> None:
            received.append(call.received)
            super()._enqueue(entry, call, plan)

    server = Noting(endpoint)
    server.register("echo", lambda tensor: tensor)
    server.start()
    with Client(endpoint) as client:
        for _ in range(3):
            time.sleep(0.1)
            before = time.monotonic_ns()
            client.infer("echo", b"x")
            assert received.pop() >= before
    server.stop()


def test_a_request_that_waited_too_long_does_not_run(endpoint: str, serve: Callable[..., Server]) -> None:
    ran: list[bytes] = []
    gate = threading.Event()

    def gated(value: Tensor) -> Tensor:
        ran.append(bytes(value.data))
        gate.wait(10)
        return value

    server = serve(gated=(gated, Limits(offload=True)))
    with Client(endpoint) as client:
        first = client.submit("gated", b"1")
        wait_until(lambda: ran == [b"1"], "the first call runs")
        with pytest.raises(CallTimeout):
            client.infer("gated", b"2", timeout=0.05)
        gate.set()
        first.result()
        client.infer("gated", b"3")
        assert (
            server.metrics()["models"]["gated"]["refused"] + server.metrics()["models"]["gated"]["cancelled"]
            == 1
        )
    assert ran == [b"1", b"3"]


def test_no_free_slot_within_the_deadline(client: Client, server: ServerProcess) -> None:
    with Client(server.endpoint, slots=1) as small:
        busy = small.submit("slow", b"x")
        with pytest.raises(ClientBusy, match="slot"):
            small.infer("echo", b"y", timeout=0.05)
        assert busy.result()[0].data == b"x"


def test_a_part_that_nobody_takes_ends_the_stream(
    endpoint: str, start_server: Callable[..., ServerProcess]
) -> None:
    server = start_server("--short-streams")
    with Client(endpoint) as client:
        stream = client.stream("endless", b"x")
        next(stream)
        time.sleep(1.0)
        with pytest.raises(Cancelled, match="in time"):
            next(stream)
        assert client.infer("echo", b"y")[0].data == b"y"
    assert server.stop() == 0


def test_an_endless_model_without_parts_harms_nobody(client: Client) -> None:
    endless = client.submit("endless", b"x", timeout=0.2)
    assert client.infer("echo", b"y")[0].data == b"y"
    with pytest.raises((Cancelled, CallTimeout)):
        endless.result()
    assert client.infer("echo", b"z")[0].data == b"z"


def test_a_model_that_returns_nonsense_fails_alone(endpoint: str, serve: Callable[..., Server]) -> None:
    class Short(Model):
        def run(self, batch: Any) -> Any:
            return batch[:0]

    class Picky(Model):
        def bind(self, inputs: tuple[Tensor, ...]) -> Any:
            raise ValueError(f"expected two inputs, found {len(inputs)}")

    serve(short=Short(), picky=Picky(), echo=lambda t: t)
    with Client(endpoint) as client:
        with pytest.raises(ModelFailed, match="0 results for 1 requests"):
            client.infer("short", b"x")
        with pytest.raises(InvalidRequest, match="expected two inputs"):
            client.infer("picky", b"x")
        assert client.infer("echo", b"y")[0].data == b"y"


def test_registration_checks_the_id(endpoint: str) -> None:
    server = Server(endpoint)
    server.register("m", lambda t: t)
    for bad in ("m", "", "x" * 64, "a\0b"):
        with pytest.raises(ValueError, match="model"):
            server.register(bad, lambda t: t)
    with pytest.raises(ValueError, match="max_delay"):
        Limits(max_delay=5)


# Stopping


def refused(client: Client) -> bool:
    try:
        client.infer("echo", b"y")
    except (ShuttingDown, ConnectError, ConnectionLost):
        return True
    return False


def test_a_drain_finishes_what_was_accepted(server: ServerProcess) -> None:
    with Client(server.endpoint, connect_timeout=0.0) as client:
        client.ping()
        running = client.submit("slow", b"x")
        wait_until(lambda: client.status()["models"]["echo"]["queue_depth"] == 0, "the server looks")
        server.process.terminate()
        # The server is told by a signal, and looks when it is scheduled.
        wait_until(lambda: refused(client), "new calls are refused")
        assert running.result()[0].data == b"x"
    assert server.stop() == 0


def test_an_idle_server_stops(endpoint: str, start_server: Callable[..., ServerProcess]) -> None:
    server = start_server("--idle")
    with Client(endpoint) as client:
        client.ping()
    assert server.process.wait(20) == 0
    assert not Path(endpoint).exists()
    server._end()


def test_nothing_is_left_in_the_file_system(server: ServerProcess) -> None:
    before = set(Path("/dev/shm").iterdir())
    with Client(server.endpoint) as client:
        client.infer("echo", bytes(1 << 20))
        assert set(Path("/dev/shm").iterdir()) == before


# The Python client


def test_a_forked_child_connects_for_itself(client: Client) -> None:
    assert client.infer("echo", b"parent")[0].data == b"parent"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        ok = client.infer("echo", b"child")[0].data == b"child"
        os.write(writing, b"1" if ok else b"0")
        os._exit(0)
    os.close(writing)
    assert client.infer("echo", b"parent")[0].data == b"parent"
    assert os.read(reading, 1) == b"1"
    os.close(reading)
    os.waitpid(child, 0)


def test_a_request_that_the_server_may_have_seen_is_not_sent_again(
    endpoint: str, serve: Callable[..., Server]
) -> None:
    """The doorbell fails after the server found the request without it."""
    ran: list[bytes] = []

    def note(tensor: Tensor) -> Tensor:
        ran.append(bytes(tensor.data))
        return tensor

    serve(note=note)
    with Client(endpoint) as client:
        client.infer("note", b"first")
        session: Any = client._session
        real = session.sock

        class Failing:
            def send(self, data: bytes) -> int:
                real.send(data)
                wait_until(lambda: len(ran) > 1, "the server runs the request")
                raise BrokenPipeError

            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

        session.sock = Failing()
        wait_until(lambda: session._words[layout.REGION_PARKED // 4] == 1, "the server sleeps")
        with contextlib.suppress(ConnectionLost):
            client.infer("note", b"second")
    assert ran == [b"first", b"second"]


def test_threads_share_a_client_and_its_space(server: ServerProcess) -> None:
    with Client(server.endpoint, slots=4, data_size=1 << 18) as client, ThreadPoolExecutor(16) as pool:
        values = [n.to_bytes(4, "little") * 10_000 for n in range(200)]
        answers = list(pool.map(lambda value: bytes(client.infer("echo", value)[0].data), values))
        assert answers == values
        session: Any = client._session
        wait_until(lambda: session._arena.free_bytes == 1 << 18, "all space is given back")


def test_tensors_of_buffers() -> None:
    with pytest.raises(TypeError, match="contiguous"):
        Tensor.of(memoryview(bytes(10))[::2])
    with pytest.raises(TypeError, match="no dtype"):
        Tensor.of(memoryview(bytes(4)).cast("c"))
    with pytest.raises(ValueError, match="takes 12"):
        Tensor.of(bytes(8), dtype=DType.FLOAT32, shape=[3])
    assert Tensor.of(bytes(8), dtype=DType.FLOAT32, shape=[2]).tolist() == [0.0, 0.0]


def test_a_request_is_never_taken_for_another_that_begins_like_it(
    endpoint: str, serve: Callable[..., Server]
) -> None:
    """Requests of the same slot that differ in the last of many inputs alone, or in their flags alone."""
    serve(sizes=lambda *tensors: Tensor.of(bytes(len(tensor.data) for tensor in tensors)))
    with Client(endpoint, slots=1) as client, Client(endpoint, slots=1, check_data=True) as checking:
        for last in (1, 2, 3, 1, 2, 3):
            inputs = [bytes(8)] * 5 + [bytes(last)]
            for one in (client, checking):
                assert one.infer("sizes", *inputs)[0].data == bytes([8, 8, 8, 8, 8, last])
                assert one.infer("sizes", bytes(last))[0].data == bytes([last])


def test_an_answer_of_another_shape_than_the_last_is_described_anew(
    endpoint: str, serve: Callable[..., Server]
) -> None:
    serve(repeat=lambda tensor: Tensor.of(bytes(tensor.data) * tensor.data[0]))
    with Client(endpoint, slots=1) as client:
        for times in (1, 1, 3, 3, 2, 0, 2):
            answer = client.infer("repeat", bytes([times, 7]))[0]
            assert (answer.shape, answer.data) == ((2 * times,), bytes([times, 7]) * times)


def test_every_request_is_in_the_figures_at_once(endpoint: str, serve: Callable[..., Server]) -> None:
    server = serve(echo=lambda tensor: tensor)
    with Client(endpoint) as client:
        for number in range(1, 71):
            client.infer("echo", bytes(3))
            if number % 23 == 0:
                figures = client.status()["models"]["echo"]
                assert [figures[key] for key in ("requests", "batches", "bytes_in", "bytes_out")] == [
                    number,
                    number,
                    3 * number,
                    3 * number,
                ]
    assert server.metrics()["models"]["echo"]["requests"] == 70
    assert server.metrics()["models"]["echo"]["latency_us"]["p50"] > 0


def test_percentiles_are_within_a_tenth() -> None:
    histogram = Histogram()
    for value in range(1, 10_001):
        histogram.add(value * 100)
    for fraction in (0.5, 0.95, 0.99):
        assert histogram.percentile(fraction) == pytest.approx(fraction * 1_000_000, rel=0.1)


def test_a_server_that_lies_is_not_believed(endpoint: str) -> None:
    """A client maps nothing that does not fit itself or the file."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(endpoint)
    listener.listen()

    def lie() -> None:
        connection, _ = listener.accept()
        connection.recv(layout.HELLO.size)
        fd = os.memfd_create("small")
        os.ftruncate(fd, 4096)
        welcome = struct.pack(
            "<IIIIIIQQQQQ64s", layout.MAGIC, 1, 0, 1, 64, 16384, 1 << 40, 4096, 1052672, 0, 0, b""
        )
        socket.send_fds(connection, [welcome], [fd])
        os.close(fd)
        connection.close()

    liar = threading.Thread(target=lie)
    liar.start()
    with pytest.raises(ConnectError, match="cannot map the region"):
        Client(endpoint, transport="shm", connect_timeout=0.0).ping()
    liar.join(10)
    listener.close()


@pytest.mark.parametrize("tool", ["shm_fuzz.py", "shm_faults.py"])
def test_the_long_runs_work_when_they_are_short(tool: str, tmp_path: Path) -> None:
    options = ["--save", str(tmp_path)] if tool == "shm_fuzz.py" else []
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / tool), "--seconds", "3", "--seed", "1", *options],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
