"""Several runs of a model at a time: how many, what they leave alone, and when one at a time is better."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from foundation_shm import CallTimeout, Client, Limits, ModelFailed, Server, Tensor
from foundation_shm.crew import Pace

from tests.shm.conftest import wait_until

CALLERS = 6


class Gauge:
    """A model that takes a while, without the interpreter's lock, and knows how many of its runs there are."""

    def __init__(self, at: Callable[[bytes], None] = lambda _: None) -> None:
        self.now = self.most = 0
        self.ran: list[bytes] = []
        self._at = at
        self._lock = threading.Lock()

    def __call__(self, value: Tensor) -> Tensor:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.ran.append(bytes(value.data))
        try:
            time.sleep(0.0003)
            self._at(bytes(value.data))
        finally:
            with self._lock:
                self.now -= 1
        return Tensor.of(bytes(value.data))


def helpers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "shm-helper"]


@pytest.fixture
def serve(endpoint: str) -> Iterator[Callable[..., Server]]:
    """A function that starts a server in this process with models and their limits."""
    servers: list[Server] = []

    def start(**models: tuple[Any, Limits]) -> Server:
        server = Server(endpoint)
        for name, (model, limits) in models.items():
            server.register(name, model, limits)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop(drain=False)
    wait_until(lambda: not helpers(), "the helpers end with their server")


@contextlib.contextmanager
def pressed(client: Client, model: str) -> Iterator[list[bytes]]:
    """While this lasts, callers ask for a model all the time; the answers that are wrong are told."""
    over = threading.Event()
    wrong: list[bytes] = []

    def press(caller: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            data = bytes([caller]) + number.to_bytes(7, "little")
            answer = bytes(client.infer(model, data)[0].data)
            if answer != data:
                wrong.append(answer)

    with ThreadPoolExecutor(CALLERS) as pool:
        presses = [pool.submit(press, caller) for caller in range(CALLERS)]
        try:
            yield wrong
        finally:
            over.set()
        for one in presses:
            one.result()


@pytest.mark.parametrize("transport", ["shm", "socket"])
def test_a_long_model_runs_as_often_at_a_time_as_it_may(
    endpoint: str, serve: Callable[..., Server], transport: str
) -> None:
    many, once = Gauge(), Gauge()
    server = serve(many=(many, Limits(parallel=3)), once=(once, Limits()))
    with Client(endpoint, timeout=20, transport=transport) as client:
        with pressed(client, "many") as wrong, pressed(client, "once") as wrong_too:
            wait_until(lambda: many.most == 3 and len(once.ran) > 100, "three runs at a time", 60)
        assert wrong == wrong_too == []
        wait_until(lambda: not server._crew.on_duty, "who has nothing to do leaves")
        figures = client.status()["models"]
    assert (many.most, once.most) == (3, 1)
    assert [figures[name]["most_parallel"] for name in ("many", "once")] == [3, 1]
    for name, gauge in (("many", many), ("once", once)):
        # Nothing was lost, and nothing ran twice.
        assert figures[name]["requests"] == len(gauge.ran) == len(set(gauge.ran))
        assert figures[name]["queue_depth"] == 0
    assert server.metrics()["violations"] == server.metrics()["defects"] == 0


def test_a_lone_caller_is_served_by_one_thread(endpoint: str, serve: Callable[..., Server]) -> None:
    gauge = Gauge()
    serve(gauge=(gauge, Limits(parallel=3)))
    with Client(endpoint) as client:
        for number in range(400):
            client.infer("gauge", number.to_bytes(2, "little"))
            assert not helpers()
        assert client.status()["models"]["gauge"]["parallel"] == 1


def test_short_models_run_one_after_the_other(endpoint: str, serve: Callable[..., Server]) -> None:
    serve(echo=(lambda tensor: tensor, Limits(parallel=3)))
    with Client(endpoint) as client:
        for _ in range(20):
            for call in [client.submit("echo", b"x") for _ in range(32)]:
                call.result()
        assert client.status()["models"]["echo"]["most_parallel"] == 1


def test_limits_hold_beside_other_runs(endpoint: str, serve: Callable[..., Server]) -> None:
    """Calls that were cancelled, or waited too long, do not run although a run ends on another thread."""
    gate = threading.Event()
    gauge = Gauge(lambda data: gate.wait(20) and None if data.startswith(b"stay") else None)
    serve(gauge=(gauge, Limits(parallel=2, offload=False)))
    with Client(endpoint, timeout=20) as client:
        with pressed(client, "gauge"):
            wait_until(lambda: gauge.most == 2, "two runs at a time", 60)
            staying = [client.submit("gauge", b"stay%d" % n) for n in range(2)]
            wait_until(lambda: gauge.now == 2 and gauge.ran[-1].startswith(b"stay"), "both stay")
            cancelled = client.submit("gauge", b"cancelled")
            cancelled.cancel()
            with pytest.raises(CallTimeout):
                client.infer("gauge", b"late", timeout=0.05)
            gate.set()
        assert [bytes(call.result()[0].data) for call in staying] == [b"stay0", b"stay1"]
        assert client.infer("gauge", b"last")[0].data == b"last"
    assert not {b"cancelled", b"late"} & set(gauge.ran)
    assert gauge.most == 2


def test_a_client_that_leaves_during_its_runs_harms_nobody(
    endpoint: str, serve: Callable[..., Server]
) -> None:
    gate = threading.Event()
    gauge = Gauge(lambda data: gate.wait(20) and None if data == b"stay" else None)
    server = serve(gauge=(gauge, Limits(parallel=2)))
    with Client(endpoint, timeout=20) as client:
        with pressed(client, "gauge"):
            wait_until(lambda: gauge.most == 2, "two runs at a time", 60)
            leaving = Client(endpoint)
            leaving.submit("gauge", b"stay")
            wait_until(lambda: b"stay" in gauge.ran, "its call runs")
            leaving.close()
            # The other thread goes on, also with what the kernel told about the connection.
            wait_until(lambda: len(server.metrics()["clients"]) == 1, "its connection is forgotten")
            before = len(gauge.ran)
            wait_until(lambda: len(gauge.ran) > before + 50, "the others are served")
            gate.set()
        assert client.infer("gauge", b"x")[0].data == b"x"
    assert server.metrics()["defects"] == 0


def test_a_drain_waits_for_runs_of_all_threads(endpoint: str, serve: Callable[..., Server]) -> None:
    gate = threading.Event()
    gauge = Gauge(lambda data: gate.wait(20) and None if data == b"stay" else None)
    server = serve(gauge=(gauge, Limits(parallel=2, offload=False)))
    with Client(endpoint, timeout=20) as client:
        with pressed(client, "gauge"):
            wait_until(lambda: gauge.most == 2, "two runs at a time", 60)
        staying = [client.submit("gauge", b"stay") for _ in range(2)]
        wait_until(lambda: gauge.now >= 1, "a call runs")
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        stopping.join(0.2)
        assert stopping.is_alive()
        gate.set()
        assert [bytes(call.result()[0].data) for call in staying] == [b"stay", b"stay"]
        stopping.join(20)
        assert not stopping.is_alive()
    assert not Path(endpoint).exists()


def test_errors_of_a_helper(
    endpoint: str, serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a model raises is its caller's answer on any thread; what ends the serving thread does so from a helper."""

    def at(data: bytes) -> None:
        if data == b"fail":
            raise ValueError("no")
        if data == b"exit" and threading.current_thread().name == "shm-helper":
            raise SystemExit

    # The serving thread is one of pytest's, who would report what ends it.
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    gauge = Gauge(at)
    serve(gauge=(gauge, Limits(parallel=2)))
    with Client(endpoint, timeout=20, connect_timeout=0.0) as client:
        with pressed(client, "gauge"):
            wait_until(lambda: gauge.most == 2, "two runs at a time", 60)
            for call in [client.submit("gauge", b"fail") for _ in range(20)]:
                with pytest.raises(ModelFailed, match="no"):
                    call.result()
        give_up = time.monotonic() + 60
        with contextlib.suppress(Exception):
            while time.monotonic() < give_up:
                for call in [client.submit("gauge", b"exit") for _ in range(CALLERS)]:
                    call.result()
    wait_until(lambda: not Path(endpoint).exists(), "the server ended")


def test_a_slow_model_has_as_many_threads_as_it_may(endpoint: str, serve: Callable[..., Server]) -> None:
    meeting = threading.Barrier(3)

    def model(value: Tensor) -> Tensor:
        meeting.wait(20)
        return value

    serve(slow=(model, Limits(offload=True, parallel=3)))
    with Client(endpoint, timeout=20) as client:
        calls = [client.submit("slow", bytes([n])) for n in range(6)]
        assert [bytes(call.result()[0].data) for call in calls] == [bytes([n]) for n in range(6)]
        figures = client.status()["models"]["slow"]
        assert (figures["parallel"], figures["most_parallel"]) == (3, 3)
    assert sum(thread.name == "shm-model slow" for thread in threading.enumerate()) == 3


def test_a_model_that_proves_slow_runs_as_often_at_a_time_as_it_pays(
    endpoint: str, serve: Callable[..., Server]
) -> None:
    gauge = Gauge(lambda _: time.sleep(0.003))
    serve(gauge=(gauge, Limits(parallel=2)))
    with Client(endpoint, timeout=20) as client, pressed(client, "gauge") as wrong:
        wait_until(lambda: gauge.most == 2, "two runs at a time", 60)
        assert not wrong
    assert not helpers()


def test_limits_of_runs_are_checked() -> None:
    with pytest.raises(ValueError, match="parallel is 0"):
        Limits(parallel=0)


# How many runs at a time answer the most


def run(pace: Pace, took: Callable[[int], int], runs: int, now: int = 0, *, waited: bool = True) -> int:
    """Let so many runs end, `took(at_once)` nanoseconds after each other; says when the last one did."""
    for _ in range(runs):
        now += took(pace.at_once)
        pace.note(now, 300_000, 1, pace.at_once, waited=waited)
    return now


def test_more_runs_at_a_time_stay_where_they_answer_more() -> None:
    pace = Pace(3)
    run(pace, lambda at_once: {1: 300_000, 2: 160_000, 3: 150_000}[at_once], 5000)
    seen = set[int]()

    def took(at_once: int) -> int:
        seen.add(at_once)
        return {1: 300_000, 2: 160_000, 3: 110_000}[at_once]

    # A third gained next to nothing. When that changes it is found, and one less is looked at now and then.
    run(pace, took, 400_000)
    assert seen == {1, 2, 3}
    assert pace.at_once in (2, 3)


def test_one_run_at_a_time_stays_where_more_answer_no_more() -> None:
    pace = Pace(2)
    tries = [0, 0]

    def took(at_once: int) -> int:
        tries[at_once - 1] += 1
        return 250_000

    run(pace, took, 200_000)
    assert pace.at_once == 1
    # It is tried again, and ever more seldom.
    assert 2 * 128 <= tries[1] < 10 * 256


def test_one_run_at_a_time_stays_while_nothing_waits() -> None:
    pace = Pace(2)
    run(pace, lambda _: 250_000, 2000, waited=False)
    assert pace.at_once == 1


def test_callers_that_are_too_few_tell_nothing_about_more_runs() -> None:
    pace = Pace(2)
    now = run(pace, lambda at_once: 300_000 // at_once, 400)
    assert pace.at_once == 2
    for _ in range(1000):
        now += 350_000
        pace.note(now, 300_000, 1, 1, waited=False)
    assert pace.at_once == 2
