"""The Python client's testee: one JSON command a line on stdin, one JSON answer a line on stdout."""

from __future__ import annotations

import itertools
import json
import math
import sys
import threading
import time
from array import array
from collections import Counter, deque
from typing import Any

from foundation_shm import (
    Call,
    CallTimeout,
    Client,
    ClientBusy,
    ConnectError,
    ConnectionLost,
    ProtocolError,
    Result,
    ServerError,
    ShmError,
    Tensor,
)


def kind(error: ShmError | ValueError) -> str:
    """The error's name in the words that all four clients share."""
    if isinstance(error, ServerError):
        return error.status.name
    for class_, name in (
        (CallTimeout, "TIMEOUT"),
        (ClientBusy, "TIMEOUT"),
        (ConnectionLost, "CONNECTION_LOST"),
        (ConnectError, "CONNECT"),
        (ValueError, "INVALID_INPUT"),
        (ProtocolError, "PROTOCOL"),
    ):
        if isinstance(error, class_):
            return name
    return "OTHER"


def decode(command: dict[str, Any]) -> list[Tensor]:
    return [
        Tensor.of(bytes.fromhex(i["hex"]), dtype=i["dtype"], shape=i["shape"])
        for i in command.get("inputs", [])
    ]


def encode(result: Result) -> list[dict[str, Any]]:
    return [
        {"dtype": int(t.dtype), "shape": list(t.shape), "hex": bytes(t.data).hex()} for t in result.outputs
    ]


def hammer(client: Client, command: dict[str, Any], timeout: float | None) -> dict[str, Any]:
    """Call an echo model from many threads with inputs that are all different and check every answer."""
    until = time.monotonic() + command["seconds"] if command.get("seconds") else None
    tally: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    lock = threading.Lock()

    def work(thread: int) -> None:
        i = 0
        while (until is not None and time.monotonic() < until) or i < command.get("calls", 0):
            number = command.get("tag", 0) << 48 | thread << 32 | i
            data = array("Q", range(number, number + command["size"] // 8 * 8, 8)).tobytes()
            data = data.ljust(command["size"], b"\0")
            try:
                result = client.infer(command["model"], data, timeout=timeout)
                right = len(result) == 1 and result[0].data == data
                with lock:
                    tally["ok" if right else "wrong"] += 1
            except ShmError as error:
                with lock:
                    errors[kind(error)] += 1
            i += 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(command["threads"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"ok": tally["ok"], "wrong": tally["wrong"], "errors": dict(errors)}


def bench(client: Client, command: dict[str, Any]) -> dict[str, Any]:
    """Measure float32 calls of a shape, in nanoseconds each."""
    shape = command["shape"]
    value = Tensor.of(array("f", [i % 97 / 97 for i in range(math.prod(shape))]), shape=shape)
    infer, model = client.infer, command["model"]
    for _ in range(command.get("warmup", 0)):
        infer(model, value)
    latencies: list[int] = []
    clock = time.perf_counter_ns

    depth = command.get("depth", 1)

    def work() -> None:
        mine: list[int] = []
        if depth > 1:
            flying: deque[tuple[int, Call]] = deque()
            for started in range(command["calls"] + depth):
                if flying and (len(flying) == depth or started >= command["calls"]):
                    began, call = flying.popleft()
                    call.result()
                    mine.append(clock() - began)
                if started < command["calls"]:
                    flying.append((clock(), client.submit(model, value)))
        else:
            for _ in range(command["calls"]):
                began = clock()
                infer(model, value)
                mine.append(clock() - began)
        latencies.extend(mine)

    began = clock()
    if command.get("threads", 1) <= 1:
        work()
    else:
        threads = [threading.Thread(target=work) for _ in range(command["threads"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return {"latencies_ns": latencies, "wall_ns": clock() - began}


def run(client: Client, command: dict[str, Any]) -> dict[str, Any]:
    timeout = command.get("timeout")
    match command["op"]:
        case "infer":
            inputs: list[Any] = decode(command)
            if command.get("in_place"):
                buffers = [client.allocate(t.dtype, t.shape) for t in inputs]
                for buffer, tensor in zip(buffers, inputs, strict=True):
                    buffer.data[:] = tensor.data
                inputs = buffers
            result = client.infer(command["model"], *inputs, timeout=timeout)
            if command.get("in_place"):
                for buffer in inputs:
                    buffer.release()
            return {"outputs": encode(result), "model_ns": result.model_ns}
        case "stream":
            parts = client.stream(command["model"], *decode(command), timeout=timeout)
            taken = list(itertools.islice(parts, command.get("take") or None))
            parts.close()
            return {"parts": [encode(part) for part in taken]}
        case "submit":
            calls: list[Call] = []
            for tensor in decode(command):
                # One call more, which is given up at once.
                client.submit(command["model"], tensor, timeout=timeout).cancel()
                calls.append(client.submit(command["model"], tensor, timeout=timeout))
            return {"answers": [encode(call.result()) for call in reversed(calls)][::-1]}
        case "models":
            return {"models": client.models()}
        case "status":
            return {"status": client.status()}
        case "ping":
            client.ping()
            return {"ok": True}
        case "hammer":
            return hammer(client, command, timeout)
        case "bench":
            return bench(client, command)
        case "close":
            client.close()
            return {"ok": True}
        case op:
            raise ValueError(f"unknown op {op}")


def main() -> None:
    client: Client | None = None
    for line in sys.stdin:
        command = json.loads(line)
        try:
            if command["op"] == "open":
                if client is not None:
                    client.close()
                options = {
                    k: command[k]
                    for k in ("transport", "slots", "data_size", "check_data", "connect_timeout")
                    if k in command
                }
                client = Client(command["endpoint"], **options)
                answer: dict[str, Any] = {"ok": True}
            else:
                assert client is not None, "open first"
                answer = run(client, command)
        except (ShmError, ValueError) as error:
            answer = {"error": {"kind": kind(error), "message": str(error)}}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
