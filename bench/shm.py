"""What the shared-memory engine costs: `python bench/shm.py` prints the table and draws the plots.

Run it with an interpreter that has torch, grpcio, pyzmq and matplotlib (`make bench-shm` makes one). Every
figure stands beside its baseline from the same run: the direct PyTorch call, gRPC over a Unix socket and ZeroMQ
over ipc, with the same model behind each. Results go to `bench/results/shm.{json,md}` and `shm-*.svg`.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib.util
import json
import math
import os
import platform
import selectors
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results"
sys.path.insert(0, str(ROOT))
LANGUAGES = ("python", "go", "rust", "ruby")
SHAPES = {"1 KiB": (1, 256), "1 MiB": (1, 262_144)}
MODELS = {"1 KiB": "small", "1 MiB": "megabyte"}
# Rounds of the latency: a direct call of 17 us takes 29 in some, as other guests of the host will have it, and with
# three rounds that decides over a difference of 10.
ROUNDS = {"1 KiB": 15, "1 MiB": 5}
# A measurement during which other programs took more than this share of the processors is repeated.
QUIET = 0.03
# Children that run now; the system counts their time only when they have ended.
LIVE: set[int] = set()
SECTIONS = ("latency", "throughput", "small", "batch", "large")
# Callers of the 10 MB model, and how many of their requests the server may run in one call.
CALLERS = (1, 2, 4, 8)
BATCHES = (1, 8)
# Calls that one caller keeps in flight through `submit`.
IN_FLIGHT = 16


def modules() -> dict[str, Any]:
    """The models that every transport serves."""
    import torch

    torch.manual_seed(0)

    class First(torch.nn.Module):
        """Reads every input element and answers with as much."""

        def forward(self, x: Any) -> Any:
            return x * 2

    class Pooled(torch.nn.Module):
        """A gigabyte of weights behind a pooling of the rows, so that the model is read once for each call."""

        def __init__(self) -> None:
            super().__init__()
            self.weights = torch.nn.Linear(16_384, 16_384, bias=False)

        def forward(self, x: Any) -> Any:
            return self.weights(x.mean(0, keepdim=True))

    linear, relu, stack = torch.nn.Linear, torch.nn.ReLU, torch.nn.Sequential
    return {
        "small": lambda: stack(linear(256, 64), relu(), linear(64, 256)),
        "megabyte": First,
        "10MB": lambda: stack(linear(256, 1280), relu(), linear(1280, 1600), relu(), linear(1600, 160)),
        "100MB": lambda: stack(linear(1024, 4096), relu(), linear(4096, 4096), relu(), linear(4096, 1024)),
        "1GB": Pooled,
    }


# Child processes


def serve(kind: str, endpoint: str, names: list[str]) -> None:
    """Serve the named models over one transport until killed."""
    import numpy
    import torch

    # The baselines read the message in place, which torch warns about: they do not write to it.
    warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
    torch.set_num_threads(1)
    made = {name: modules()[name]().eval() for name in names}
    if kind == "shm":
        from foundation_engine.model.runtime import MLRuntime
        from foundation_shm import Limits, ServerOptions

        runtime = MLRuntime(ServerOptions(max_total_regions=64 << 30))
        for name, module in made.items():
            batch = 100 if name == "100MB" else 32 if name == "small" else 1
            # A hundred requests arrive within two milliseconds; without the delay the first would run alone.
            delay = 0.002 if name == "100MB" else 0.0
            runtime.register_model(name, module, limits=Limits(max_batch=batch, max_delay=delay))
            if name == "10MB":
                for batch in BATCHES[1:]:
                    # The same weights once more, in batches.
                    limits = Limits(max_batch=batch, max_delay=0.0001)
                    runtime.register_model(f"{name}/{batch}", module, limits=limits)
        print("ready", flush=True)
        runtime.serve_forever(endpoint)
        return

    def answer(data: bytes) -> bytes:
        # The name and the row's width, then the row: as little framing as can be, in the baseline's favour.
        name, width = names[data[0]], int.from_bytes(data[1:8], "little")
        x = torch.from_numpy(numpy.frombuffer(data, numpy.float32, offset=8)).reshape(-1, width)
        with torch.inference_mode():
            return made[name](x).numpy().tobytes()

    if kind == "zmq":
        import zmq

        reply = zmq.Context().socket(zmq.REP)
        reply.bind(f"ipc://{endpoint}")
        print("ready", flush=True)
        while True:
            reply.send(answer(reply.recv()))
    from concurrent.futures import ThreadPoolExecutor

    import grpc

    server = grpc.server(
        ThreadPoolExecutor(2),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    handler = grpc.unary_unary_rpc_method_handler(lambda data, _: answer(data))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Infer", {"Run": handler}),))
    server.add_insecure_port(f"unix:{endpoint}")
    server.start()
    print("ready", flush=True)
    server.wait_for_termination()


@contextlib.contextmanager
def server(kind: str, endpoint: str, names: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A serving child process."""
    from foundation_engine.inference import worker_environment

    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", kind, "--endpoint", endpoint, "--models", *names],
        # The engine is started as `foundation-lsp engine serve` starts it.
        env=worker_environment() if kind == "shm" else None,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    LIVE.add(process.pid)
    try:
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"the {kind} server did not start")
        yield process
    finally:
        LIVE.discard(process.pid)
        process.kill()
        process.wait()
        process.stdout.close()


# Measuring


def microseconds(nanoseconds: list[int]) -> dict[str, float]:
    """Percentiles of durations."""
    cuts = statistics.quantiles(nanoseconds, n=100, method="inclusive")
    return {"p50": cuts[49] / 1000, "p95": cuts[94] / 1000, "p99": cuts[98] / 1000}


def median_interval(values: list[float]) -> tuple[float, float]:
    """The 95 % interval of a median, from the order of the values alone (the normal approximation of its ranks)."""
    ranked = sorted(values)
    low = max(0, math.floor(len(ranked) / 2 - 0.98 * math.sqrt(len(ranked))))
    return ranked[low], ranked[-1 - low]


def timed(call: Callable[[], object], calls: int, warmup: int) -> list[int]:
    """Nanoseconds of each call."""
    for _ in range(warmup):
        call()
    out: list[int] = []
    for _ in range(calls):
        began = time.perf_counter_ns()
        call()
        out.append(time.perf_counter_ns() - began)
    return out


@functools.cache
def module_here(name: str) -> Any:
    """The module in this process, made once: rounds are short, and making it empties the caches."""
    import torch

    torch.set_num_threads(1)
    return modules()[name]().eval()


def direct(name: str, shape: tuple[int, ...], calls: int, warmup: int | None = None) -> list[int]:
    """The same module called in this process."""
    import torch

    module = module_here(name)
    x = torch.rand(*shape)
    with torch.inference_mode():
        return timed(lambda: module(x), calls, calls // 10 + 2 if warmup is None else warmup)


def direct_from_threads(name: str, shape: tuple[int, ...], calls: int, threads: int) -> float:
    """Calls a second of the same module in this process, from several threads at once."""
    import torch

    module = module_here(name)
    ready = threading.Barrier(threads + 1)

    def work() -> None:
        # OpenMP counts threads for each thread that starts some; asking gives this one the number that was set.
        torch.get_num_threads()
        x = torch.rand(*shape)
        with torch.inference_mode():
            for _ in range(calls // 10 + 2):
                module(x)
            ready.wait()
            for _ in range(calls // threads):
                module(x)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    ready.wait()
    began = time.perf_counter()
    for worker in workers:
        worker.join()
    return calls // threads * threads / (time.perf_counter() - began)


def over_zmq(endpoint: str, index: int, shape: tuple[int, ...], calls: int) -> list[int]:
    """A Python client of the ZeroMQ baseline."""
    import numpy
    import zmq

    request = zmq.Context().socket(zmq.REQ)
    request.connect(f"ipc://{endpoint}")
    values = numpy.random.rand(*shape).astype(numpy.float32)
    head = bytes([index]) + shape[-1].to_bytes(7, "little")

    def call() -> object:
        request.send(head + values.tobytes())
        return numpy.frombuffer(request.recv(), numpy.float32)

    return timed(call, calls, calls // 10)


def over_grpc(endpoint: str, index: int, shape: tuple[int, ...], calls: int) -> list[int]:
    """A Python client of the gRPC baseline."""
    import grpc
    import numpy

    channel = grpc.insecure_channel(
        f"unix:{endpoint}",
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    run = channel.unary_unary("/bench.Infer/Run")
    values = numpy.random.rand(*shape).astype(numpy.float32)
    head = bytes([index]) + shape[-1].to_bytes(7, "little")
    out = timed(lambda: numpy.frombuffer(run(head + values.tobytes()), numpy.float32), calls, calls // 10)
    channel.close()
    return out


class Bench:
    """One run: measures everything and keeps the figures."""

    def __init__(self, quick: bool, folder: str, patience: float) -> None:
        from tests.shm.conftest import CLIENTS, Testee, build_go, build_rust

        self.quick = quick
        self.folder = folder
        self.calls = 300 if quick else 3000
        self._testee = Testee
        self.commands = {
            "python": [sys.executable, str(ROOT / "tests" / "shm" / "python_testee.py")],
            "go": build_go(Path(folder) / "testee"),
            "rust": build_rust(),
            "ruby": ["ruby", str(CLIENTS / "ruby" / "testee.rb")],
        }
        self.figures: dict[str, Any] = {"machine": machine()}
        self.distributions: dict[str, list[int]] = {}
        self._patience = patience
        self._shares: list[float] = []

    def undisturbed(self, measure: Callable[[], Any]) -> Any:
        """The result of the attempt that other programs disturbed least; it is not the result that decides.

        An attempt is enough when they took next to nothing of the processors. Otherwise it is repeated for as
        long as the run has patience.
        """
        best: tuple[float, Any] | None = None
        while True:
            began, busy, own = time.monotonic(), busy_seconds(), own_seconds()
            result = measure()
            wall = time.monotonic() - began
            others = busy_seconds() - busy - (own_seconds() - own)
            share = max(0.0, others / wall / len(os.sched_getaffinity(0)))
            if best is None or share < best[0]:
                best = share, result
            if best[0] <= QUIET or self._patience < wall:
                self._shares.append(best[0])
                return best[1]
            self._patience -= wall

    def measure(self, section: str) -> None:
        """Measure one section, and note when, and how much other programs had of the processors meanwhile."""
        self._shares = []
        when = time.strftime("%Y-%m-%d %H:%M:%S")
        getattr(self, section)()
        self.figures.setdefault("sections", {})[section] = {
            "when": when,
            "scheduling": scheduling(),
            "other_programs_share": statistics.mean(self._shares or [0.0]),
            "disturbed": sum(share > QUIET for share in self._shares),
            "measurements": len(self._shares),
        }

    @contextlib.contextmanager
    def testee(self, language: str, endpoint: str, **options: Any) -> Iterator[Any]:
        testee = self._testee(language, self.commands[language])
        LIVE.add(testee.process.pid)
        testee.ask("open", endpoint=endpoint, transport="shm", **options)
        try:
            yield testee
        finally:
            LIVE.discard(testee.process.pid)
            testee.close()

    def latency(self) -> None:
        """Round trips of 1 KiB and 1 MiB, in and out, one caller."""
        names = list(MODELS.values())
        rows: dict[str, Any] = {}
        collected: dict[str, list[list[int]]] = {}
        s, z, g = (f"{self.folder}/{letter}" for letter in "szg")
        # The three servers run all the time; one that is not asked sleeps.
        with server("shm", s, names), server("zmq", z, names), server("grpc", g, names):
            for turn in range(1 if self.quick else max(ROUNDS.values())):
                for payload, shape in SHAPES.items():
                    if turn >= ROUNDS[payload]:
                        continue
                    calls = self.calls if payload == "1 KiB" else self.calls // 8
                    name = MODELS[payload]
                    measured = {"direct": self.undisturbed(partial(direct, name, shape, calls))}
                    for language in LANGUAGES:
                        with self.testee(language, s) as testee:
                            ask = partial(testee.ask, "bench", model=name, shape=shape, calls=calls)
                            answer = self.undisturbed(partial(ask, warmup=calls // 10))
                            measured[language] = answer["latencies_ns"]
                    index = names.index(name)
                    measured["zeromq"] = self.undisturbed(partial(over_zmq, z, index, shape, calls))
                    measured["grpc"] = self.undisturbed(partial(over_grpc, g, index, shape, calls))
                    for who, values in measured.items():
                        collected.setdefault(f"{who} {payload}", []).append(values)
        for key, parts in collected.items():
            each = [microseconds(part) for part in parts]
            # The median round: one that was disturbed, or lucky, does not decide.
            rows[key] = {p: statistics.median(one[p] for one in each) for p in ("p50", "p95", "p99")}
            rows[key]["rounds_p50"] = [round(one["p50"], 1) for one in each]
            self.distributions[key] = [value for part in parts for value in part]
        self.figures["latency_us"] = rows

    def throughput(self) -> None:
        """Requests a second of the small model: callers that wait for each answer, and calls in flight."""
        rows: dict[str, dict[str, Any]] = {}
        direct_ns = self.undisturbed(partial(direct, "small", SHAPES["1 KiB"], self.calls))
        with server("shm", f"{self.folder}/s", ["small"]) as serving:
            together = partial(self._together, serving.pid)
            for count in (1, 2, 4, 8, 16):
                order = ("rust", "go", "python", "ruby")
                rows[str(count)] = together([order[i % 4] for i in range(count)])
            rows["all together, 4 callers each"] = together(list(LANGUAGES), threads=4)
            rows["go and rust, 8 callers each"] = together(["go", "rust"], threads=8)
            rows["rust, 32 callers"] = together(["rust"], threads=32)
            for language in LANGUAGES:
                rows[f"{language}, {IN_FLIGHT} calls in flight"] = together([language], depth=IN_FLIGHT)
            for depth in (IN_FLIGHT, 2 * IN_FLIGHT):
                rows[f"all together, {depth} calls in flight each"] = together(list(LANGUAGES), depth=depth)
        direct_ns += self.undisturbed(partial(direct, "small", SHAPES["1 KiB"], self.calls))
        self.figures["requests_per_second"] = rows
        self.figures["direct_requests_per_second"] = 1e9 / statistics.mean(direct_ns)

    def _together(self, serving: int, languages: list[str], **load: int) -> dict[str, Any]:
        """Calls of all clients over the time from the first start to the last end, and what they cost."""
        seconds = 1.0 if self.quick else 3.0
        with contextlib.ExitStack() as stack:
            testees = [stack.enter_context(self.testee(one, f"{self.folder}/s")) for one in languages]
            for testee in testees:
                testee.ask("bench", model="small", shape=[1, 256], calls=50, warmup=50)
            return self.undisturbed(partial(self._rate, serving, testees, seconds, load))

    def _rate(self, serving: int, testees: list[Any], seconds: float, load: dict[str, int]) -> dict[str, Any]:
        calls = 2000 // load.get("threads", 1)
        done = [0] * len(testees)
        pids = [serving, *(testee.process.pid for testee in testees)]
        model_before = self._in_model()
        used = [-processor_seconds(pid) for pid in pids]
        began = time.perf_counter()
        for testee in testees:
            testee.send("bench", model="small", shape=[1, 256], calls=calls, **load)
        # Every client gets new work as soon as it is done, so that all of them press all the time.
        with selectors.DefaultSelector() as selector:
            for index, testee in enumerate(testees):
                selector.register(testee.process.stdout, selectors.EVENT_READ, (index, testee))
            while time.perf_counter() - began < seconds:
                for key, _ in selector.select(1.0):
                    index, testee = key.data
                    done[index] += self._answered(testee)
                    testee.send("bench", model="small", shape=[1, 256], calls=calls, **load)
        wall = time.perf_counter() - began
        counted = sum(done)
        # What runs on until everybody is through costs processor time too, but is no part of the rate.
        for index, testee in enumerate(testees):
            done[index] += self._answered(testee)
        used = [before + processor_seconds(pid) for before, pid in zip(used, pids, strict=True)]
        requests, runs, model_us = (
            after - before for after, before in zip(self._in_model(), model_before, strict=True)
        )
        each = [1e6 * spent / max(1, number) for spent, number in zip(used[1:], done, strict=True)]
        return {
            "rate": counted / wall,
            "server_us": 1e6 * used[0] / sum(done),
            "model_us": model_us / requests,
            "batch": requests / runs,
            # A language's clients share its figure.
            "client_us": {
                language: statistics.mean(
                    us for us, testee in zip(each, testees, strict=True) if testee.language == language
                )
                for language in dict.fromkeys(testee.language for testee in testees)
            },
            "clients_us": 1e6 * sum(used[1:]) / sum(done),
        }

    @staticmethod
    def _answered(testee: Any) -> int:
        answer = testee.receive()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return len(answer["latencies_ns"])

    def _figures(self, model: str) -> dict[str, Any]:
        """What the server says of a model."""
        from foundation_shm import Client

        with Client(f"{self.folder}/s") as client:
            return client.status()["models"][model]

    def _in_model(self, model: str = "small") -> tuple[int, int, float]:
        """`(requests, runs, microseconds in the model)` so far."""
        figures = self._figures(model)
        return figures["requests"], figures["batches"], figures["model_us"]["total"]

    def small(self) -> None:
        """The RFC's small scenario, and the throughput that is lost with a 10 MB model."""
        rows: dict[str, Any] = self.figures.setdefault("scenarios", {})
        calls, rounds = (80, 3) if self.quick else (120, 75)
        near: list[dict[str, float]] = []
        far: list[dict[str, float]] = []
        lost: dict[str, list[float]] = {}
        sizes: dict[str, list[float]] = {}
        # What the direct call itself gains when it takes as many rows at once.
        gained: dict[str, list[float]] = {}
        # One by one, beside direct calls from as many threads as the server may run requests on at once.
        threaded: dict[str, list[float]] = {}
        threads = len(os.sched_getaffinity(0))
        with server("shm", f"{self.folder}/s", ["10MB"]), self.testee("rust", f"{self.folder}/s") as testee:
            ask = partial(testee.ask, "bench", shape=[1, 256])

            # Short rounds, each between two of the direct call: a model that streams its weights from a shared
            # cache runs at a speed that changes by the second.
            def between(measure: Callable[[], Any]) -> tuple[list[int], Any]:
                before = direct("10MB", (1, 256), calls // 2, 24)
                result = measure()
                return before + direct("10MB", (1, 256), calls // 2, 24), result

            for _ in range(rounds):
                for callers in CALLERS:
                    for batch in BATCHES if callers > 1 else BATCHES[:1]:
                        key = f"{callers} x {batch}"
                        model = "10MB" if batch == 1 else f"10MB/{batch}"

                        def measure(
                            model: str = model, callers: int = callers
                        ) -> tuple[dict[str, Any], tuple[int, int, float], tuple[int, int, float]]:
                            ask(model=model, calls=1, warmup=24)
                            begun = self._in_model(model)
                            answer = ask(model=model, calls=calls // callers, threads=callers)
                            return answer, begun, self._in_model(model)

                        beside, (answer, begun, ended) = self.undisturbed(partial(between, measure))
                        each = statistics.mean(beside)
                        taken = answer["latencies_ns"]
                        lost.setdefault(key, []).append(1 - len(taken) / answer["wall_ns"] * each)
                        sizes.setdefault(key, []).append((ended[0] - begun[0]) / (ended[1] - begun[1]))
                        if batch > 1:
                            at_once = direct("10MB", (min(callers, batch), 256), calls // 4, 4)
                            gain = min(callers, batch) * each / statistics.mean(at_once) - 1
                            gained.setdefault(key, []).append(gain)
                        elif callers > 1:
                            rate = direct_from_threads("10MB", (1, 256), calls, threads)
                            threaded.setdefault(key, []).append(
                                1 - len(taken) / answer["wall_ns"] * 1e9 / rate
                            )
                        if callers == 1:
                            near.append(microseconds(beside))
                            far.append(microseconds(taken))
            most = self._figures("10MB")["most_parallel"]
        rows["small: 10 MB model, 1 KiB"] = {
            "direct_us": statistics.median(row["p50"] for row in near),
            "shm_us": statistics.median(row["p50"] for row in far),
            "target": "< 500 us",
        }
        rows["throughput lost, 10 MB model"] = {
            "lost": statistics.median(lost["2 x 1"]),
            "interval": median_interval(lost["2 x 1"]),
            "lost_beside_threads": statistics.median(threaded["2 x 1"]),
            "threads": threads,
            "at_once": most,
            "rounds": lost["2 x 1"],
            "target": "< 5 %",
        }
        self.figures["lost_by_callers"] = {
            key: {
                "lost": statistics.median(values),
                "interval": median_interval(values),
                "batch": statistics.mean(sizes[key]),
                "direct_gain": statistics.median(gained.get(key, [0.0])),
                **(
                    {
                        "lost_beside_threads": statistics.median(threaded[key]),
                        "interval_beside_threads": median_interval(threaded[key]),
                    }
                    if key in threaded
                    else {}
                ),
            }
            for key, values in lost.items()
        }

    def batch(self) -> None:
        """The RFC's batch scenario."""
        self.figures.setdefault("scenarios", {})["batch: 100 requests, 100 MB model"] = self._batch()

    def large(self) -> None:
        """The RFC's large scenario, and the memory that it takes."""
        self.figures.setdefault("scenarios", {}).update(self._large())

    def _batch(self) -> dict[str, Any]:
        import numpy
        from foundation_shm import Client

        near = statistics.median(
            self.undisturbed(partial(direct, "100MB", (100, 1024), 3 if self.quick else 10))
        )
        with server("shm", f"{self.folder}/s", ["100MB"]), Client(f"{self.folder}/s", slots=128) as client:
            row = numpy.random.rand(1, 1024).astype(numpy.float32)

            def rates() -> list[float]:
                out: list[float] = []
                for _ in range(3 if self.quick else 10):
                    began = time.perf_counter()
                    for call in [client.submit("100MB", row) for _ in range(100)]:
                        call.result()
                    out.append(100 / (time.perf_counter() - began))
                return out

            rate = statistics.median(self.undisturbed(rates))
            largest = client.status()["models"]["100MB"]["largest_batch"]
        return {
            "direct_requests_per_second": 100 / near * 1e9,
            "shm_requests_per_second": rate,
            "largest_batch": largest,
            "target": "> 1000 req/s",
        }

    def _large(self) -> dict[str, Any]:
        """A gigabyte of weights and 100 MB of input: time, and memory over the direct call."""
        import numpy
        from foundation_shm import Client, DType

        shape = (1600, 16_384)
        calls = 3 if self.quick else 7
        child = subprocess.run(
            [sys.executable, __file__, "--direct-large", str(calls)],
            capture_output=True,
            text=True,
            check=True,
        )
        near = json.loads(child.stdout)
        with (
            server("shm", f"{self.folder}/s", ["1GB"]) as process,
            Client(f"{self.folder}/s", data_size=256 << 20, timeout=60) as client,
        ):
            idle = memory(os.getpid())
            with client.allocate(DType.FLOAT32, shape) as buffer:
                # The input is made in place, as the direct call's is; nothing is copied after that.
                view = buffer.tensor.numpy()
                view[:] = numpy.float32(0.5)
                taken = self.undisturbed(lambda: timed(lambda: client.infer("1GB", buffer), calls, 1))
                served = memory(process.pid)
                mine = memory(os.getpid()) - idle
        return {
            "large: 1 GB model, 100 MB input": {
                "direct_us": near["us"],
                "shm_us": statistics.median(taken) / 1000,
                "target": "< 50 ms, or the direct call's own time",
            },
            "memory with 1 GB model and 100 MB input": {
                "direct_mib": near["mib"],
                "shm_mib": served + mine,
                "over": (served + mine) / near["mib"] - 1,
                "target": "< 5 %",
            },
        }

    def table(self) -> str:
        """The figures as Markdown, each beside its target and its baseline."""
        f = self.figures
        rows = f["latency_us"]
        lines = [
            "# The shared-memory engine, measured",
            "",
            f"{f['machine']}. Torch has one thread everywhere, in the direct calls as in the servers.",
            "Microseconds, medians of "
            + " and ".join(f"{len(rows[f'direct {one}']['rounds_p50'])} rounds with {one}" for one in SHAPES)
            + ".",
            "",
            f"| section | measured | scheduling class | other programs had | more than {100 * QUIET:.0f} % in |",
            "|---|---|---|---:|---:|",
            *(
                f"| {name} | {row['when']} | {row['scheduling']} | {100 * row['other_programs_share']:.1f} % | "
                f"{row['disturbed']} of {row['measurements']} measurements |"
                for name, row in f["sections"].items()
            ),
            "",
            "| round trip | payload | p50 | p99 | over the direct call p50 / p99 | RFC | ours |",
            "|---|---|---:|---:|---:|---|---|",
        ]
        for payload in SHAPES:
            base = rows[f"direct {payload}"]
            lines.append(f"| direct call | {payload} | {base['p50']:.1f} | {base['p99']:.1f} | | | |")
            for name in (*LANGUAGES, "zeromq", "grpc"):
                row = rows[f"{name} {payload}"]
                ours = {"go": "25 / 150", "rust": "25 / 150", "python": "40 / 150"}.get(name, "")
                ours = ours if payload == "1 KiB" else ("300" if ours else "")
                lines.append(
                    f"| {name} | {payload} | {row['p50']:.1f} | {row['p99']:.1f} | "
                    f"{row['p50'] - base['p50']:.1f} / {row['p99'] - base['p99']:.1f} | "
                    f"{'< 1000 / < 5000' if name in LANGUAGES else 'baseline'} | {ours} |"
                )
        lines += [
            "",
            "| against the baselines, Python both sides | 1 KiB | 1 MiB | ours at 1 KiB |",
            "|---|---:|---:|---|",
        ]
        for name, goal in (("grpc", "at least 10 times"), ("zeromq", "at least 3 times")):
            ratios = [rows[f"{name} {p}"]["p50"] / rows[f"python {p}"]["p50"] for p in SHAPES]
            lines.append(f"| {name} round trip over ours | {ratios[0]:.1f} x | {ratios[1]:.1f} x | {goal} |")
        lines += [*self._rates(), *self._losses()]
        lines += ["", "| scenario | direct call | over shared memory | target |", "|---|---:|---:|---|"]
        for name, row in f["scenarios"].items():
            if "lost" in row:
                low, high = row["interval"]
                cells = [
                    "one request after the other, two callers",
                    (
                        f"{abs(row['lost']):.1%} {'lost' if row['lost'] > 0 else 'won'} (95 % interval "
                        f"{-high:+.0%} to {-low:+.0%}); beside direct calls from {row['threads']} threads "
                        f"{-row['lost_beside_threads']:+.1%}"
                    ),
                ]
            elif "shm_mib" in row:
                cells = [
                    f"{row['direct_mib']:,.0f} MiB",
                    f"{row['shm_mib']:,.0f} MiB ({100 * row['over']:+.1f} %)",
                ]
            elif "shm_us" in row:
                cells = [f"{row['direct_us'] / 1000:.3f} ms", f"{row['shm_us'] / 1000:.3f} ms"]
            else:
                cells = [f"{row[key + '_requests_per_second']:,.0f} req/s" for key in ("direct", "shm")]
            lines.append(f"| {name} | {cells[0]} | {cells[1]} | {row['target']} |")
        return "\n".join(lines) + "\n"

    def _rates(self) -> Iterator[str]:
        """Requests a second, what a request costs each side, and how many the processors could bear."""
        f = self.figures
        processors = len(os.sched_getaffinity(0))
        yield ""
        yield (
            "Requests a second with the small model, and the processor time of one request in microseconds. The "
            "server runs up to 32 requests in one call of the model. The ceiling is what the processors could bear "
            "if nobody ever waited: with a model this short the server uses one thread, and it and the clients have "
            f"{processors} processors together. A client that watches memory for its answer spends what it would "
            "otherwise leave idle."
        )
        yield ""
        yield "| requests a second, small model | | in a run | server | of it model | clients | ceiling | RFC | ours |"
        yield "|---|---:|---:|---:|---:|---:|---:|---|---|"
        for name, row in f["requests_per_second"].items():
            label = f"{name} client{'s' if name != '1' else ''}, mixed languages" if name.isdigit() else name
            ceiling = min(1e6 / row["server_us"], processors * 1e6 / (row["server_us"] + row["clients_us"]))
            spent = " | ".join(f"{row[key]:.1f}" for key in ("batch", "server_us", "model_us", "clients_us"))
            yield f"| {label} | {row['rate']:,.0f} | {spent} | {ceiling:,.0f} | > 10,000 | 40,000 |"
        yield f"| direct calls in one process | {f['direct_requests_per_second']:,.0f} | 1.0 | | | | | | |"
        for name, row in f["requests_per_second"].items():
            if name.startswith("all together"):
                parts = ", ".join(f"{language} {us:.1f}" for language, us in row["client_us"].items())
                yield f"\nA request of each client, {name}: {parts} microseconds."

    def _losses(self) -> Iterator[str]:
        """The throughput beside the direct call, by callers, with and without batches."""
        rows = self.figures["lost_by_callers"]
        row = self.figures["scenarios"]["throughput lost, 10 MB model"]
        yield ""
        yield (
            "Throughput with the 10 MB model beside the direct call, which runs one request after the other; Rust "
            "callers that wait for each answer; medians of short rounds, each between two of the direct call, and the "
            "medians' 95 % intervals. One by one each request is a run of its own, as in the direct calls, but "
            f"the server had up to {row['at_once']} runs at a time: so beside that stand direct calls from "
            f"{row['threads']} threads of one process, which have all processors to themselves, while the server "
            "shares them with its callers. In batches the server may run 8 requests at once, one batch after the "
            "other, and waits 100 us at most for as many as there were the last time; beside that stands what the "
            "direct call gains by taking as many rows at once as there are callers."
        )
        yield ""
        yield (
            f"| callers | one by one | 95 % | beside {row['threads']} threads | 95 % | in batches "
            "| 95 % | in a run | direct, rows at once |"
        )
        yield "|---:|---:|---|---:|---|---:|---|---:|---:|"
        for callers in CALLERS:
            one, many = rows[f"{callers} x 1"], rows.get(f"{callers} x {BATCHES[1]}")
            cells = [*_won(one, ""), *(_won(one, "_beside_threads") if callers > 1 else ("", ""))]
            if many is not None:
                cells += [*_won(many, ""), f"{many['batch']:.1f}", f"{many['direct_gain']:+.0%}"]
            yield f"| {callers} | {' | '.join(cells + [''] * (8 - len(cells)))} |"
        yield ""
        yield (
            "What is won or lost beside that is the model itself, whose weights come from a cache that other "
            "programs and other machines use too."
        )

    def plots(self) -> None:
        """The latency distributions and the throughput by clients, as SVG."""
        import matplotlib

        matplotlib.use("svg")
        from matplotlib import pyplot

        # The distributions are not kept: without a new measurement the plots stay as they are.
        for payload in SHAPES if self.distributions else ():
            figure, axes = pyplot.subplots(figsize=(8, 4.5))
            for name in ("direct", *LANGUAGES, "zeromq", "grpc"):
                values = sorted(self.distributions[f"{name} {payload}"])
                steps = values[:: max(1, len(values) // 500)]
                axes.plot([v / 1000 for v in steps], [i / len(steps) for i in range(len(steps))], label=name)
            axes.set(
                xscale="log",
                xlabel="round trip, microseconds",
                ylabel="share of calls",
                title=f"{payload} in and out",
            )
            axes.legend()
            axes.grid(alpha=0.3)
            figure.text(0.01, 0.01, self.figures["machine"], fontsize=6)
            figure.savefig(RESULTS / f"shm-latency-{payload.replace(' ', '').lower()}.svg")
            pyplot.close(figure)
        rates = {int(k): v["rate"] for k, v in self.figures["requests_per_second"].items() if k.isdigit()}
        figure, axes = pyplot.subplots(figsize=(8, 4.5))
        axes.plot(list(rates), list(rates.values()), marker="o")
        axes.axhline(40_000, linestyle="--", color="grey", label="40,000")
        axes.set(
            xlabel="clients (Rust, Go, Python, Ruby in turn)", ylabel="requests a second", ylim=(0, None)
        )
        axes.legend()
        axes.grid(alpha=0.3)
        figure.text(0.01, 0.01, self.figures["machine"], fontsize=6)
        figure.savefig(RESULTS / "shm-clients.svg")
        pyplot.close(figure)


def _won(row: dict[str, Any], beside: str) -> tuple[str, str]:
    """The throughput that was won, or lost, and its 95 % interval."""
    low, high = row[f"interval{beside}"]
    return f"{-row[f'lost{beside}']:+.1%}", f"{-high:+.0%} to {-low:+.0%}"


@contextlib.contextmanager
def alone(wanted: bool) -> Iterator[None]:
    """Keep other programs off the processors: they would have those that a measurement leaves idle, and its caches."""
    children: list[int] = []
    parent = os.getpid()
    if wanted and os.sched_getparam(0).sched_priority < 2:
        raise SystemExit("--alone needs a real-time priority above the lowest: run it with `chrt -r 2`")
    for processor in os.sched_getaffinity(0) if wanted else ():
        child = os.fork()
        if not child:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
            os.sched_setaffinity(0, {processor})
            while os.getppid() == parent:
                pass
            os._exit(0)
        children.append(child)
        LIVE.add(child)
    try:
        yield
    finally:
        for child in children:
            LIVE.discard(child)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def direct_large(calls: int) -> None:
    """The direct call with a gigabyte of weights in a process of its own: its time and memory."""
    import torch

    torch.set_num_threads(1)
    module = modules()["1GB"]().eval()
    x = torch.full((1600, 16_384), 0.5)
    with torch.inference_mode():
        taken = timed(lambda: module(x), calls, 1)
    print(json.dumps({"us": statistics.median(taken) / 1000, "mib": memory(os.getpid())}))


def processor_seconds(pid: int) -> float:
    """How long a process was at work, the threads that ended included."""
    # The name in the second field may hold anything; after it come the times at 11 and 12.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy_seconds() -> float:
    """How long all processors together were at work since the machine started."""
    user, nice, system = map(int, Path("/proc/stat").read_text().split()[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """How long this process and its children were at work."""
    times = os.times()
    total = times.user + times.system + times.children_user + times.children_system
    return total + sum(map(processor_seconds, LIVE))


def memory(pid: int) -> float:
    """A process's proportional share of memory in MiB: shared pages are counted once over all processes."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell Pss")


def scheduling() -> str:
    """The scheduling class of this process and of those that it starts."""
    classes = {os.SCHED_OTHER: "normal", os.SCHED_FIFO: "real-time, first in first out"}
    classes |= {os.SCHED_RR: "real-time, in turns", os.SCHED_IDLE: "idle", os.SCHED_BATCH: "batch"}
    return classes.get(os.sched_getscheduler(0), "another")


def machine() -> str:
    """The processor, kernel and versions that the figures belong to."""
    import torch

    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return (
        f"{model}, {len(os.sched_getaffinity(0))} processors, Linux "
        f"{platform.release()}, Python {platform.python_version()}, torch {torch.__version__}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few calls: to see that it works, not to quote")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=SECTIONS,
        metavar="SECTION",
        help=f"measure these sections ({', '.join(SECTIONS)}) and keep the last figures of the others; "
        "with --quick: print their figures as JSON",
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how long to repeat, in all, what other programs disturbed (default: not at all)",
    )
    parser.add_argument(
        "--alone",
        action="store_true",
        help="keep other programs off the processors meanwhile (needs `chrt -r 2`, which needs root)",
    )
    parser.add_argument("--serve", choices=("shm", "zmq", "grpc"), help=argparse.SUPPRESS)
    parser.add_argument("--endpoint", help=argparse.SUPPRESS)
    parser.add_argument("--models", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--direct-large", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    missing = [
        m
        for m in ("torch", "numpy", "zmq", "grpc", "matplotlib", "pytest")
        if importlib.util.find_spec(m) is None
    ]
    if missing:
        print(f"bench/shm.py needs {', '.join(missing)}: run it with `make bench-shm`", file=sys.stderr)
        return 2
    if options.serve:
        serve(options.serve, options.endpoint, options.models)
        return 0
    if options.direct_large:
        direct_large(options.direct_large)
        return 0
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fshm-") as folder:
        bench = Bench(options.quick, folder, options.patience)
        if options.only and not options.quick:
            # The other sections keep what was measured before: the table says when.
            kept = json.loads((RESULTS / "shm.json").read_text())
            if kept["machine"] != bench.figures["machine"]:
                print(f"the kept figures are of another machine: {kept['machine']}", file=sys.stderr)
                return 1
            bench.figures = kept
        for name in options.only or SECTIONS:
            print(f"{name}...", file=sys.stderr, flush=True)
            with alone(options.alone):
                bench.measure(name)
    if options.only and options.quick:
        print(json.dumps(bench.figures, indent=1))
        return 0
    table = bench.table()
    print(table)
    if not options.quick:
        (RESULTS / "shm.md").write_text(table)
        (RESULTS / "shm.json").write_text(json.dumps(bench.figures, indent=1) + "\n")
        bench.plots()
    return 0


if __name__ == "__main__":
    sys.exit(main())
