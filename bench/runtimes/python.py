"""Speed and memory of the Python runtime beside the libraries that it is compared with, in one run.

    python bench/runtimes/python.py [--rounds N]

Needs tenacity, stamina and structlog. Each figure is the best of N rounds; every row is also given as a ratio to ours.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import logging as stdlib_logging
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

Row = tuple[str, float]


def best(operation: Callable[[int], object], count: int, rounds: int) -> float:
    """Nanoseconds of processor time for one turn, the best of so many rounds; other programs do not count."""
    operation(count // 10)
    times: list[float] = []
    for _ in range(rounds):
        gc.collect()
        started = time.process_time_ns()
        operation(count)
        times.append((time.process_time_ns() - started) / count)
    return min(times)


def table(title: str, rows: list[Row], unit: str, *, more_is_better: bool = False) -> None:
    """Print rows with their ratio to the first one."""
    print(f"\n{title}")
    ours = rows[0][1]
    for name, value in rows:
        ratio = ours / value if more_is_better else value / ours
        print(f"  {name:44} {value:12,.1f} {unit:12} {ratio:6.2f}x")


def call_overhead(rounds: int) -> None:
    """A decorated function that succeeds at once."""
    import stamina
    import tenacity
    from foundation import CircuitBreaker, RateLimiter, retry

    def work(x: int) -> int:
        return x

    def loop(function: Callable[[int], int]) -> Callable[[int], None]:
        def run(count: int) -> None:
            for index in range(count):
                function(index)

        return run

    ours = retry(max_attempts=3, base_delay=0.1)(work)
    tenacious = tenacity.retry(
        stop=tenacity.stop_after_attempt(3),
        wait=tenacity.wait_exponential(0.1),
        retry=tenacity.retry_if_exception_type(OSError),
    )(work)
    stamped = stamina.retry(on=OSError, attempts=3)(work)
    rows = [
        ("foundation @retry", best(loop(ours), 50_000, rounds)),
        ("bare call", best(loop(work), 50_000, rounds)),
        ("tenacity @retry", best(loop(tenacious), 5_000, rounds)),
        ("stamina @retry", best(loop(stamped), 5_000, rounds)),
    ]
    table("Retry, a call that succeeds", rows, "ns/call")
    # The RFC's bound is about real calls: what the decorator adds to one that takes a millisecond.
    added = (rows[0][1] - rows[1][1]) / 1e6 * 100
    print(f"  added to a call that takes 1 ms: {added:.3f} %")
    breaker = CircuitBreaker("bench")(work)
    limiter = RateLimiter(1_000_000_000)(work)
    table(
        "Breaker and limiter, a call that succeeds",
        [("foundation @circuit_breaker", best(loop(breaker), 20_000, rounds)),
         ("foundation @rate_limit", best(loop(limiter), 20_000, rounds)),
         ("bare call", best(loop(work), 20_000, rounds))],
        "ns/call",
    )  # fmt: skip


def failing_overhead(rounds: int) -> None:
    """Two failures and a success, without delays."""
    import stamina
    import tenacity
    from foundation import NetworkError, retry

    def flaky(decorate: Callable[[Any], Any]) -> Callable[[int], None]:
        state = [0]

        def work() -> int:
            state[0] += 1
            if state[0] % 3:
                raise NetworkError("flaky")
            return 1

        wrapped = decorate(work)

        def run(count: int) -> None:
            for _ in range(count):
                wrapped()

        return run

    ours = flaky(retry(max_attempts=3, base_delay=0, jitter=False))
    tenacious = flaky(
        tenacity.retry(
            stop=tenacity.stop_after_attempt(3),
            retry=tenacity.retry_if_exception_type(NetworkError),
            sleep=lambda _: None,
        )
    )
    stamped = flaky(stamina.retry(on=NetworkError, attempts=3, wait_initial=0, wait_jitter=0, wait_max=0))
    stamina.instrumentation.set_on_retry_hooks([])
    rows = [
        ("foundation @retry", best(ours, 5_000, rounds)),
        ("tenacity @retry", best(tenacious, 5_000, rounds)),
        ("stamina @retry", best(stamped, 2_000, rounds)),
    ]
    table("Retry, two failures without delay and a success", rows, "ns/call")


class _Null(io.RawIOBase):
    """A stream that counts nothing and keeps nothing."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


def logging_throughput(rounds: int) -> None:
    """Records a second: time stamp, level, logger, message and three fields, as one JSON line each."""
    import structlog
    from foundation import get_logger

    ours = get_logger("shop.orders", stream=_Null())
    bound = ours.bind(request="r-17", user=42)

    stdlib = stdlib_logging.getLogger("bench")
    stdlib.setLevel(stdlib_logging.INFO)
    stdlib.propagate = False

    class Json(stdlib_logging.Formatter):
        def format(self, record: stdlib_logging.LogRecord) -> str:
            fields: dict[str, Any] = record.__dict__["fields"]
            return json.dumps(
                {"timestamp": self.formatTime(record), "level": record.levelname.lower(), "logger": record.name,
                 "message": record.getMessage(), **fields}
            )  # fmt: skip

    handler = stdlib_logging.StreamHandler(io.TextIOWrapper(io.BufferedWriter(_Null()), encoding="utf-8"))
    handler.setFormatter(Json())
    stdlib.addHandler(handler)
    structured = structlog.wrap_logger(
        structlog.PrintLogger(io.TextIOWrapper(io.BufferedWriter(_Null()), encoding="utf-8")),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        cache_logger_on_first_use=True,
    ).bind(logger="shop.orders")

    def run_ours(count: int) -> None:
        for index in range(count):
            ours.info("order placed", order_id=index, customer="ann", total=9.5)

    def run_bound(count: int) -> None:
        for index in range(count):
            bound.info("order placed", order_id=index)

    def run_stdlib(count: int) -> None:
        for index in range(count):
            stdlib.info(
                "order placed", extra={"fields": {"order_id": index, "customer": "ann", "total": 9.5}}
            )

    def run_structlog(count: int) -> None:
        for index in range(count):
            structured.info("order placed", order_id=index, customer="ann", total=9.5)

    def run_dropped(count: int) -> None:
        for index in range(count):
            ours.debug("order placed", order_id=index, customer="ann", total=9.5)

    def per_second(run: Callable[[int], None], count: int = 10_000) -> float:
        return 1e9 / best(run, count, rounds)

    rows = [
        ("foundation", per_second(run_ours)),
        ("foundation, two bound fields", per_second(run_bound)),
        ("structlog, JSONRenderer", per_second(run_structlog)),
        ("logging, a JSON formatter", per_second(run_stdlib)),
        ("foundation, a level that is off", per_second(run_dropped, 100_000)),
    ]
    table("Logging, no redaction in the others", rows, "rec/cpu-s", more_is_better=True)


_MEMORY = {
    "bare interpreter": "pass",
    "foundation": (
        "from foundation import get_logger\n"
        "log = get_logger('shop.orders', stream=open('/dev/null', 'wb'))\n"
        "for i in range(50_000): log.info('order placed', order_id=i, customer='ann')"
    ),
    "logging, a JSON formatter": (
        "import json, logging\n"
        "class Json(logging.Formatter):\n"
        "    def format(self, r):\n"
        "        head = {'t': self.formatTime(r), 'l': r.levelname, 'm': r.getMessage()}\n"
        "        return json.dumps({**head, **r.fields})\n"
        "h = logging.StreamHandler(open('/dev/null', 'w')); h.setFormatter(Json())\n"
        "log = logging.getLogger('shop'); log.addHandler(h); log.setLevel(20)\n"
        "for i in range(50_000): log.info('order placed', extra={'fields': {'order_id': i, 'customer': 'ann'}})"
    ),
}  # fmt: skip


def memory(rounds: int) -> None:
    """The most resident memory of a process that logs 50,000 records."""
    rows: dict[str, float] = {}
    for name, source in _MEMORY.items():
        # The kernel starts this counter anew at exec; ru_maxrss would remember the parent's memory.
        code = f"{source}\nprint(next(x.split()[1] for x in open('/proc/self/status') if x[:5] == 'VmHWM'))"
        found = [
            int(
                subprocess.run(
                    [sys.executable, "-c", code], capture_output=True, text=True, check=True
                ).stdout
            )
            for _ in range(rounds)
        ]
        rows[name] = statistics.median(found) / 1024
    order = ("foundation", "logging, a JSON formatter", "bare interpreter")
    table("Memory of a process after 50,000 records", [(name, rows[name]) for name in order], "MiB")


def import_time(rounds: int) -> None:
    """What `import` costs a new process."""
    rows: list[Row] = []
    for module in (
        "foundation.resilience",
        "foundation.logging",
        "foundation.http",
        "tenacity",
        "stamina",
        "structlog",
        "httpx",
    ):
        code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
        found = [
            float(
                subprocess.run(
                    [sys.executable, "-c", code], capture_output=True, text=True, check=True
                ).stdout
            )
            for _ in range(rounds)
        ]
        rows.append((f"import {module}", min(found) * 1000))
    table("Import", rows, "ms")


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    print(f"Python {sys.version.split()[0]}, best of {rounds}")
    call_overhead(rounds)
    failing_overhead(rounds)
    logging_throughput(rounds)
    memory(rounds)
    import_time(rounds)


if __name__ == "__main__":
    main()
