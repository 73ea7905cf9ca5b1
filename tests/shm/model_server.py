"""The server of the tests: models without torch that make every kind of answer."""

from __future__ import annotations

import sys
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

from foundation_shm import DType, FunctionModel, Limits, Server, ServerOptions, Tensor


def echo(*inputs: Tensor) -> list[Tensor]:
    return list(inputs)


def double(values: Tensor) -> Tensor:
    numbers = array("f", bytes(values.data))
    doubled = array("f", [2 * number for number in numbers])
    return Tensor(DType.FLOAT32, values.shape, memoryview(doubled).cast("B"))


def count(values: Tensor) -> Iterator[Tensor]:
    for number in range(3):
        data = bytes([(byte + number) % 256 for byte in bytes(values.data)])
        yield Tensor(values.dtype, values.shape, memoryview(data))


def endless(values: Tensor) -> Iterator[Tensor]:
    while True:
        yield values


def breaks_off(values: Tensor) -> Iterator[Tensor]:
    yield values
    raise RuntimeError("the second part cannot be made")


def big(_: Tensor) -> Tensor:
    return Tensor(DType.UINT8, (300_000,), memoryview(bytes(range(250)) * 1200))


def scalar(_: Tensor) -> Tensor:
    return Tensor(DType.INT64, (), memoryview((42).to_bytes(8, "little")))


def nothing(_: Tensor) -> list[Tensor]:
    return []


def fail(_: Tensor) -> Tensor:
    raise ValueError("the model says no: é")


def long(values: Tensor) -> Tensor:
    time.sleep(0.0002)
    return values


def slow(values: Tensor) -> Tensor:
    time.sleep(0.3)
    return Tensor(values.dtype, values.shape, memoryview(bytes(values.data)))


def main() -> None:
    path, *options = sys.argv[1:]
    journal = Path(options[options.index("--journal") + 1]) if "--journal" in options else None
    server = Server(
        path,
        ServerOptions(
            shared_memory="--no-shared-memory" not in options,
            idle_timeout=0.5 if "--idle" in options else None,
            max_clients=3 if "--few-clients" in options else 256,
            stream_timeout=0.5 if "--short-streams" in options else 30.0,
        ),
    )
    for model in (echo, double, count, endless, breaks_off, big, scalar, nothing, fail):
        server.register(model.__name__, model)
    server.register("long", long, Limits(parallel=3))
    server.register("slow", slow, Limits(offload=True))
    server.register("crowded", slow, Limits(offload=True, max_queue=1))
    server.register("small", echo, Limits(max_request_bytes=1000))
    server.register("batched", Batched(), Limits(max_batch=16, max_delay=0.02))
    if journal is not None:
        file = journal.open("ab", buffering=0)

        def record(values: Tensor) -> Tensor:
            # One write of one id: the journal is whole even when this process is killed.
            file.write(bytes(values.data[:8]))
            return values

        def record_long(values: Tensor) -> Tensor:
            time.sleep(0.0002)
            return record(values)

        server.register("record", record)
        server.register("record_long", record_long, Limits(parallel=3))
    server.stop_on_signals()
    print("ready", flush=True)
    server.serve_forever()


class Batched(FunctionModel):
    """Answers each request with the size of the batch that it ran in."""

    def __init__(self) -> None:
        super().__init__(echo)

    def run(self, batch: list[tuple[Tensor, ...]]) -> list[list[Tensor]]:
        size = len(batch).to_bytes(8, "little")
        return [[Tensor(DType.INT64, (1,), memoryview(size))] for _ in batch]


if __name__ == "__main__":
    main()
