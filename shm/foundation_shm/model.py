"""What the server runs: models, their limits and their figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from time import perf_counter
from typing import Any, Final

from foundation_shm.tensor import Tensor

Outputs = Sequence[Tensor]
Result = Outputs | Iterator[Outputs] | BaseException


@dataclass(frozen=True, slots=True)
class Limits:
    """What one model may take.

    `max_batch` requests run in one call; the first of them waits at most `max_delay` seconds for as many as
    were there the last time (0: take what has arrived, wait for nobody). So a lone caller waits once, and
    callers in step with each other run together without waiting longer than it takes them to ask.
    `max_queue` requests wait, the next one is answered OVERLOADED. A request's inputs hold at most
    `max_request_bytes`. `offload` runs the model in threads of its own (`True`), in the server's (`False`), or
    in those until it proves slow (`None`).

    `parallel` is how many runs there may be at the same time, each in a thread of its own: another is begun when
    a request waits that cannot join one. More than 1 asks for a model that may be called from several threads at
    once; it pays when processors are idle meanwhile, so not for a model that uses all of them by itself, nor for
    one that takes less than 100 us. `None` leaves it to whoever wraps the model, and is 1 for a function.
    """

    max_batch: int = 1
    max_delay: float = 0.0
    max_queue: int = 1024
    max_request_bytes: int = 1 << 30
    offload: bool | None = None
    parallel: int | None = None

    def __post_init__(self) -> None:
        if self.max_batch < 1 or self.max_queue < 1 or self.max_request_bytes < 0:
            raise ValueError(
                f"max_batch and max_queue must be at least 1, max_request_bytes at least 0: {self}"
            )
        if self.parallel is not None and self.parallel < 1:
            raise ValueError(f"parallel is {self.parallel}; it must be at least 1")
        if not 0 <= self.max_delay <= 1:
            raise ValueError(f"max_delay is {self.max_delay} s; it must be between 0 and 1 s")


class Model:
    """One model. Subclass it, or wrap a function in `FunctionModel`.

    The server calls `bind` once for each distinct request (same model, shapes and place in the region)
    and keeps what it returns for as long as the client repeats that request; `run` then gets what `bind`
    returned. So whatever can be prepared from shapes and addresses alone is prepared once.
    """

    def bind(self, inputs: tuple[Tensor, ...]) -> Any:
        """Turn tensors over the client's memory into what `run` takes; called once for equal requests.

        The bytes may change between calls, and a hostile client may change them during one: whatever
        would be unsafe to read twice must be copied in `run`. Raise `ValueError` to refuse the inputs.
        """
        return inputs

    def run(self, batch: Sequence[Any]) -> Sequence[Result]:
        """One result for each member of `batch`: its outputs, an iterator of partial outputs, or an error."""
        raise NotImplementedError

    def run_one(self, bound: Any) -> Result:
        """The result of a request that runs alone; to be overridden where there is a shorter way than `run`."""
        results = self.run((bound,))
        if len(results) != 1:
            raise RuntimeError(f"the model returned {len(results)} results for 1 requests")
        return results[0]

    def describe(self) -> dict[str, Any]:
        """What MODELS says about this model, as JSON values."""
        return {}


class FunctionModel(Model):
    """A model from a function of tensors; a generator function streams its results."""

    def __init__(self, function: Callable[..., Tensor | Outputs | Iterator[Any]]) -> None:
        self._function = function

    def run(self, batch: Sequence[tuple[Tensor, ...]]) -> Sequence[Result]:
        """Call the function once for each request."""
        results: list[Result] = []
        for inputs in batch:
            try:
                value = self._function(*inputs)
            except Exception as error:  # noqa: BLE001 - whatever a model raises is its client's answer
                results.append(error)
                continue
            if isinstance(value, Tensor):
                results.append((value,))
            elif isinstance(value, Iterator):
                results.append(_each_as_outputs(value))
            else:
                results.append(value)
        return results


def _each_as_outputs(values: Iterator[Any]) -> Iterator[Outputs]:
    for value in values:
        yield (value,) if isinstance(value, Tensor) else value


class Histogram:
    """Durations in buckets an eighth of an octave wide: any percentile within 9 %, in fixed memory."""

    __slots__ = ("_buckets", "count", "total")

    def __init__(self) -> None:
        self._buckets = [0] * (64 * 8)
        self.count = 0
        self.total = 0

    def add(self, nanoseconds: int) -> None:
        """Count one duration."""
        octave = nanoseconds.bit_length()
        self._buckets[octave << 3 | (nanoseconds >> (octave - 4) & 7 if octave > 4 else 0)] += 1
        self.count += 1
        self.total += nanoseconds

    def percentile(self, fraction: float) -> float:
        """The duration in nanoseconds below which `fraction` of the counted ones lie; 0 when none are."""
        remaining = fraction * self.count
        for index, number in enumerate(self._buckets):
            remaining -= number
            if number and remaining <= 0:
                octave, eighth = index >> 3, index & 7
                return (8 + eighth + 0.5) * 2.0 ** (octave - 4)
        return 0.0


# How many figures of requests that ran alone are kept before they are counted: counting many in a row costs a
# fraction of counting each between two runs of a model, which leaves none of it in the processor's caches.
_NOTED: Final = 4 * 32


class Metrics:
    """Figures of one model since it was registered."""

    __slots__ = (
        "_counting",
        "_noted",
        "batches",
        "bytes_in",
        "bytes_out",
        "cancelled",
        "failed",
        "largest_batch",
        "latency",
        "model_time",
        "most_parallel",
        "refused",
        "requests",
        "started",
    )

    def __init__(self) -> None:
        self.requests = 0
        self.failed = 0
        self.refused = 0
        self.cancelled = 0
        self.batches = 0
        self.largest_batch = 0
        self.most_parallel = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.latency = Histogram()
        self.model_time = Histogram()
        self.started = perf_counter()
        # Four numbers of each request that ran alone and is not counted yet, and who counts them.
        self._noted: list[int] = []
        self._counting = Lock()

    def note(self, spent: int, latency: int, bytes_in: int, bytes_out: int) -> None:
        """Keep the figures of one request that ran alone: nanoseconds in the model and in all, and sizes."""
        noted = self._noted
        noted.extend((spent, latency, bytes_in, bytes_out))
        if len(noted) >= _NOTED:
            self._count_noted()

    def _count_noted(self) -> None:
        with self._counting:
            noted = self._noted[:]
            # What is noted meanwhile on another thread stands behind it.
            del self._noted[: len(noted)]
            if noted:
                requests = len(noted) // 4
                self.requests += requests
                self.batches += requests
                self.largest_batch = max(1, self.largest_batch)
                for spent in noted[0::4]:
                    self.model_time.add(spent)
                for latency in noted[1::4]:
                    self.latency.add(latency)
                self.bytes_in += sum(noted[2::4])
                self.bytes_out += sum(noted[3::4])

    def count_batch(self, size: int, spent: int) -> None:
        """Count one run of the model over `size` requests that took `spent` nanoseconds."""
        self.batches += 1
        if size > self.largest_batch:
            self.largest_batch = size
        self.model_time.add(spent)

    def report(self, queue_depth: int) -> dict[str, Any]:
        """The figures as JSON values; durations in microseconds."""
        self._count_noted()
        return {
            "requests": self.requests,
            "failed": self.failed,
            "refused": self.refused,
            "cancelled": self.cancelled,
            "batches": self.batches,
            "mean_batch": round(self.requests / self.batches, 2) if self.batches else 0,
            "largest_batch": self.largest_batch,
            "most_parallel": max(self.most_parallel, 1 if self.batches else 0),
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "queue_depth": queue_depth,
            "requests_per_second": round(self.requests / max(perf_counter() - self.started, 1e-9), 1),
            "latency_us": _percentiles(self.latency),
            "model_us": _percentiles(self.model_time) | {"total": round(self.model_time.total / 1000, 1)},
        }


def _percentiles(histogram: Histogram) -> dict[str, float]:
    return {
        name: round(histogram.percentile(p) / 1000, 1)
        for name, p in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    }
