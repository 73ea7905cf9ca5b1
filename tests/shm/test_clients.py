"""End to end: the Python server with the clients of all four languages, over real shared memory and sockets."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import combinations

import pytest

from tests.shm.conftest import LANGUAGES, ServerProcess, Testee, wait_until

Start = Callable[[str], Testee]
FLOATS = {"dtype": 1, "shape": [2, 2], "hex": struct.pack("<4f", 1, -2, 0.5, 3e8).hex()}
BOOLS = {"dtype": 10, "shape": [3], "hex": "010001"}
EMPTY = {"dtype": 8, "shape": [0, 7], "hex": ""}
SCALAR = {"dtype": 2, "shape": [], "hex": struct.pack("<d", 2.5).hex()}

TRANSPORTS = ("shm", "socket")
EVERY_CLIENT = pytest.mark.parametrize(
    "language", LANGUAGES, ids=[f"server_python_client_{n}" for n in LANGUAGES]
)
EVERY_TRANSPORT = pytest.mark.parametrize("transport", TRANSPORTS)


def opened(
    start: Start, language: str, server: ServerProcess, transport: str = "shm", **options: object
) -> Testee:
    testee = start(language)
    assert testee.ask("open", endpoint=server.endpoint, transport=transport, **options) == {"ok": True}
    return testee


@EVERY_CLIENT
@EVERY_TRANSPORT
def test_tensors_come_back_as_they_were_sent(
    start_testee: Start, server: ServerProcess, language: str, transport: str
) -> None:
    testee = opened(start_testee, language, server, transport, check_data=True)
    for inputs in ([FLOATS], [FLOATS, BOOLS, SCALAR], [EMPTY], [EMPTY, FLOATS]):
        assert testee.ask("infer", model="echo", inputs=inputs)["outputs"] == inputs
    many = [{"dtype": 9, "shape": [1], "hex": f"{n:02x}"} for n in range(32)]
    assert testee.ask("infer", model="echo", inputs=many)["outputs"] == many
    assert testee.ask("infer", model="nothing", inputs=[FLOATS])["outputs"] == []
    assert testee.ask("infer", model="scalar", inputs=[FLOATS])["outputs"] == [
        {"dtype": 8, "shape": [], "hex": "2a" + "00" * 7}
    ]
    doubled = testee.ask("infer", model="double", inputs=[FLOATS])["outputs"]
    assert doubled == [{**FLOATS, "hex": struct.pack("<4f", 2, -4, 1, 6e8).hex()}]


@EVERY_CLIENT
@EVERY_TRANSPORT
def test_answers_larger_than_the_room_for_them(
    start_testee: Start, server: ServerProcess, language: str, transport: str
) -> None:
    testee = opened(start_testee, language, server, transport, data_size=1 << 20)
    for _ in range(3):
        outputs = testee.ask("infer", model="big", inputs=[FLOATS])["outputs"]
        assert outputs == [{"dtype": 9, "shape": [300_000], "hex": (bytes(range(250)) * 1200).hex()}]


@EVERY_CLIENT
def test_inputs_in_place(start_testee: Start, server: ServerProcess, language: str) -> None:
    testee = opened(start_testee, language, server, check_data=True)
    for _ in range(100):
        answer = testee.ask("infer", model="echo", inputs=[FLOATS, BOOLS], in_place=True)
        assert answer["outputs"] == [FLOATS, BOOLS]


@EVERY_CLIENT
@EVERY_TRANSPORT
def test_calls_in_flight_together(
    start_testee: Start, server: ServerProcess, language: str, transport: str
) -> None:
    testee = opened(start_testee, language, server, transport, slots=64)
    inputs = [{"dtype": 9, "shape": [3], "hex": f"{n:06x}"} for n in range(25)]
    answers = testee.ask("submit", model="echo", inputs=inputs)["answers"]
    assert answers == [[tensor] for tensor in inputs]
    # Whoever sleeps until its answer comes is woken, also when another caller of the client watches for it.
    assert testee.ask("hammer", model="echo", threads=6, calls=200, size=64, tag=3)["ok"] == 1200
    # Large tensors are written past the caches, and still before the state that hands them over.
    assert testee.ask("hammer", model="echo", threads=2, calls=5, size=300_011, tag=4)["ok"] == 10


@EVERY_CLIENT
@EVERY_TRANSPORT
def test_streams(start_testee: Start, server: ServerProcess, language: str, transport: str) -> None:
    testee = opened(start_testee, language, server, transport, slots=2)
    tensor = {"dtype": 9, "shape": [2], "hex": "00fe"}
    parts = [[{**tensor, "hex": h}] for h in ("00fe", "01ff", "0200")]
    assert testee.ask("stream", model="count", inputs=[tensor]) == {"parts": parts}
    # A client that does not ask for the parts gets the last one.
    assert testee.ask("infer", model="count", inputs=[tensor])["outputs"] == parts[-1]
    # A model that does not stream answers a stream with one part.
    assert testee.ask("stream", model="echo", inputs=[tensor]) == {"parts": [[tensor]]}
    # Leaving early gives the slot back: with two slots, twenty endless streams must not use them up.
    for _ in range(20):
        assert testee.ask("stream", model="endless", inputs=[tensor], take=2) == {"parts": [[tensor]] * 2}
    assert testee.ask("stream", model="breaks_off", inputs=[tensor])["error"]["kind"] == "MODEL_FAILED"
    assert testee.ask("infer", model="echo", inputs=[tensor])["outputs"] == [tensor]


@EVERY_CLIENT
@EVERY_TRANSPORT
def test_typed_errors(start_testee: Start, server: ServerProcess, language: str, transport: str) -> None:
    testee = opened(start_testee, language, server, transport, data_size=1 << 20)
    failed = testee.ask("infer", model="fail", inputs=[FLOATS])["error"]
    assert failed["kind"] == "MODEL_FAILED"
    assert "ValueError: the model says no: é" in failed["message"]
    unknown = testee.ask("infer", model="missing", inputs=[FLOATS])["error"]
    assert unknown["kind"] == "UNKNOWN_MODEL"
    assert "'missing'" in unknown["message"]
    assert "echo" in unknown["message"]
    large = {"dtype": 9, "shape": [1001], "hex": "00" * 1001}
    assert testee.ask("infer", model="small", inputs=[large])["error"]["kind"] == "TOO_LARGE"
    assert testee.ask("infer", model="x" * 64, inputs=[])["error"]["kind"] == "INVALID_INPUT"
    if transport == "shm":
        huge = {"dtype": 9, "shape": [1 << 20], "hex": "00" * (1 << 20)}
        refused = testee.ask("infer", model="echo", inputs=[huge])["error"]
        assert refused["kind"] == "TOO_LARGE"
        assert "data_size" in refused["message"].lower().replace("datasize", "data_size")
    assert testee.ask("infer", model="echo", inputs=[FLOATS])["outputs"] == [FLOATS]


@EVERY_CLIENT
@EVERY_TRANSPORT
def test_a_timed_call_ends_and_its_slot_is_reused(
    start_testee: Start, server: ServerProcess, language: str, transport: str
) -> None:
    testee = opened(start_testee, language, server, transport, slots=1)
    answer = testee.ask("infer", model="slow", inputs=[FLOATS], timeout=0.05)
    assert answer["error"]["kind"] in {"TIMEOUT", "DEADLINE_EXCEEDED"}
    # The one slot is still with the server; the next call waits for it instead of failing.
    assert testee.ask("infer", model="echo", inputs=[FLOATS])["outputs"] == [FLOATS]
    assert testee.ask("infer", model="slow", inputs=[FLOATS])["outputs"] == [FLOATS]


@EVERY_CLIENT
@EVERY_TRANSPORT
def test_concurrent_callers_get_their_own_answers(
    start_testee: Start, server: ServerProcess, language: str, transport: str
) -> None:
    testee = opened(start_testee, language, server, transport, slots=4)
    for size in (64, 20_000):
        tally = testee.ask("hammer", model="echo", threads=8, calls=60, size=size, tag=1)
        assert tally == {"ok": 480, "wrong": 0, "errors": {}}


@EVERY_CLIENT
def test_models_status_and_ping(start_testee: Start, server: ServerProcess, language: str) -> None:
    testee = opened(start_testee, language, server)
    assert testee.ask("ping") == {"ok": True}
    assert "echo" in testee.ask("models")["models"]
    testee.ask("infer", model="echo", inputs=[FLOATS])
    status = testee.ask("status")["status"]
    assert status["models"]["echo"]["requests"] == 1
    assert status["models"]["echo"]["bytes_in"] == 16
    assert [client["transport"] for client in status["clients"]] == ["shm"]
    assert [client["name"] for client in status["clients"]] == [language]


@EVERY_CLIENT
def test_a_server_without_shared_memory_is_reached_over_the_socket(
    start_testee: Start, start_server: Callable[..., ServerProcess], endpoint: str, language: str
) -> None:
    server = start_server("--no-shared-memory")
    testee = opened(start_testee, language, server, "auto")
    assert testee.ask("infer", model="echo", inputs=[FLOATS])["outputs"] == [FLOATS]
    assert testee.ask("status")["status"]["clients"][0]["transport"] == "socket"
    opened_again = testee.ask("open", endpoint=endpoint, transport="shm", connect_timeout=0.01)
    assert opened_again == {"ok": True}
    refused = testee.ask("ping")["error"]
    assert refused["kind"] == "CONNECT"
    assert "no shared memory" in refused["message"]
    testee.ask("close")
    assert server.stop() == 0


@EVERY_CLIENT
@EVERY_TRANSPORT
def test_reconnects_after_the_server_was_killed(
    start_testee: Start, server: ServerProcess, language: str, transport: str
) -> None:
    testee = opened(start_testee, language, server, transport, connect_timeout=10.0)
    assert testee.ask("ping") == {"ok": True}
    # A call in flight is told so.
    testee.send("infer", model="slow", inputs=[FLOATS])
    server.restart()
    answer = testee.receive()
    assert answer.get("error", {}).get("kind") == "CONNECTION_LOST" or answer.get("outputs") == [FLOATS], (
        answer
    )
    # A quiet client does not even notice the next one, except that the socket transport may need one call.
    outcomes = [testee.ask("infer", model="echo", inputs=[FLOATS]) for _ in range(3)]
    assert outcomes[-1].get("outputs") == [FLOATS], outcomes
    assert all(o.get("outputs") == [FLOATS] or o["error"]["kind"] == "CONNECTION_LOST" for o in outcomes)


@EVERY_CLIENT
def test_no_server_is_a_clear_error(start_testee: Start, endpoint: str, language: str) -> None:
    testee = start_testee(language)
    testee.ask("open", endpoint=endpoint, transport="auto", connect_timeout=0.01)
    error = testee.ask("ping")["error"]
    assert error["kind"] == "CONNECT"
    assert endpoint in error["message"]
    assert "foundation-lsp engine serve" in error["message"]


@EVERY_CLIENT
def test_a_killed_client_leaves_nothing_behind(
    start_testee: Start, server: ServerProcess, language: str
) -> None:
    observer = opened(start_testee, "python", server, "socket")
    observer.ask("ping")
    before = server.descriptors()
    for _ in range(3):
        testee = opened(start_testee, language, server)
        testee.ask("ping")
        testee.send("hammer", model="echo", threads=4, calls=10_000_000, size=512, tag=2)
        wait_until(lambda: observer.ask("status")["status"]["models"]["echo"]["requests"] > 0, "calls arrive")
        testee.process.kill()
        testee.process.wait(10)
    wait_until(lambda: server.descriptors() <= before, "the server closes what the dead clients had")
    assert [c["transport"] for c in observer.ask("status")["status"]["clients"]] == ["socket"]


MIXES = [mix for size in (2, 3, 4) for mix in combinations(LANGUAGES, size)]


@pytest.mark.parametrize("mix", MIXES, ids=["server_python_clients_" + "_".join(mix) for mix in MIXES])
def test_mixed_clients_at_once(start_testee: Start, server: ServerProcess, mix: tuple[str, ...]) -> None:
    testees = [opened(start_testee, language, server) for language in mix]
    for tag, testee in enumerate(testees):
        testee.send("hammer", model="echo", threads=2, calls=100, size=1024, tag=tag + 1)
    for testee in testees:
        assert testee.receive() == {"ok": 200, "wrong": 0, "errors": {}}, testee.language
