"""`foundation-lsp engine serve|status|stop|bench`: the inference engine from the shell."""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from foundation_engine import inference

from foundation_lsp.cli.console import fail, printable, write

_EPILOG = """exit codes: 0 success, 1 the engine could not do what was asked (none is running, a model cannot be
loaded), 2 usage error or the packages of the `engine` extra are missing."""


def add_parser(subparsers: Any) -> None:
    """Add `engine` and its four commands."""
    parser = subparsers.add_parser(
        "engine",
        help="serve models over shared memory",
        description="Serve PyTorch models to Python, Go, Rust and Ruby programs on this machine.",
        epilog=_EPILOG,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    serve = actions.add_parser("serve", help="load the models of a config and serve them", epilog=_EPILOG)
    serve.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="YAML that names the models"
    )
    serve.add_argument(
        "--idle",
        type=float,
        metavar="SECONDS",
        help="stop when no request came for so long (default: the config's)",
    )
    serve.add_argument("--allow-pickle", action="store_true", help="load pickles, which can run any code")
    serve.add_argument("--allow-code", action="store_true", help="import the modules that the config names")
    serve.add_argument(
        "--allow-outside", action="store_true", help="load model files outside the config's folder"
    )
    status = actions.add_parser("status", help="show clients, queues, batches and latencies", epilog=_EPILOG)
    status.add_argument("--json", action="store_true", help="print JSON")
    stop = actions.add_parser("stop", help="finish the accepted requests, then stop", epilog=_EPILOG)
    stop.add_argument("--timeout", type=float, default=15.0, metavar="SECONDS", help="how long to wait (15)")
    bench = actions.add_parser("bench", help="measure a served model from this process", epilog=_EPILOG)
    bench.add_argument("--model", required=True, metavar="ID")
    bench.add_argument("--shape", default="1,256", metavar="N,N,...", help="shape of the one input (1,256)")
    bench.add_argument("--dtype", default="float32", metavar="NAME", help="element type (float32)")
    bench.add_argument("--calls", type=int, default=2000, metavar="N", help="calls to measure (2000)")
    bench.add_argument("--transport", choices=("auto", "shm", "socket"), default="auto")
    bench.add_argument("--json", action="store_true", help="print JSON")
    for action in (serve, status, stop, bench):
        action.add_argument(
            "--endpoint", default="engine", metavar="NAME", help="a name or a socket path (engine)"
        )


def run(args: argparse.Namespace) -> int:
    """Run one of the four commands; returns the exit code."""
    try:
        if args.action == "serve":
            return _serve(args)
        if args.action == "status":
            return _status(args)
        if args.action == "stop":
            return _stop(args)
        return _bench(args)
    except inference.EngineError as error:
        fail(str(error))
        return 1


def _serve(args: argparse.Namespace) -> int:
    try:
        inference.require_packages()
    except inference.EngineError as error:
        fail(str(error))
        return 2
    _, problems = inference.load_config(args.config, allow_outside=args.allow_outside)
    for problem in problems:
        fail(f"{args.config}: {problem}")
    if problems:
        return 1
    consents = tuple(
        flag
        for flag, given in (
            ("--allow-pickle", args.allow_pickle),
            ("--allow-code", args.allow_code),
            ("--allow-outside", args.allow_outside),
        )
        if given
    )
    command = inference.worker_command(args.config, args.endpoint, consents, args.idle)
    sys.stdout.flush()
    # This process becomes the engine, so that a signal or a supervisor reaches the engine itself.
    return os.execve(command[0], command, inference.worker_environment())  # noqa: S606 - our own interpreter


def _status(args: argparse.Namespace) -> int:
    figures = inference.status(args.endpoint)
    if args.json:
        write(sys.stdout, json.dumps(figures, indent=2) + "\n")
        return 0
    clients: list[dict[str, Any]] = figures["clients"]
    connected = ", ".join(f"{client['name']} ({client['transport']})" for client in clients)
    title = (
        f"{'model':24} {'requests':>9} {'failed':>7} {'queue':>6} {'batch':>6} {'p50 us':>8} {'p95 us':>8} "
    )
    title += f"{'p99 us':>8} {'MiB in':>8} {'MiB out':>8}"
    lines = [
        f"{figures['state']} at {figures['endpoint']} (process {figures['pid']}, up {figures['uptime_s']:.0f} s)",
        f"clients: {connected or 'none'}",
        "",
        title,
    ]
    for name, model in sorted(figures["models"].items()):
        latency = model["latency_us"]
        lines.append(
            f"{name:24} {model['requests']:>9} {model['failed']:>7} {model['queue_depth']:>6} "
            f"{model['mean_batch']:>6} {latency['p50']:>8} {latency['p95']:>8} {latency['p99']:>8} "
            f"{model['bytes_in'] / 2**20:>8.1f} {model['bytes_out'] / 2**20:>8.1f}"
        )
    write(sys.stdout, "\n".join(map(printable, lines)) + "\n")
    return 0


def _stop(args: argparse.Namespace) -> int:
    if not inference.stop(args.endpoint, args.timeout):
        fail(f"no engine is running at {args.endpoint}")
        return 1
    write(sys.stdout, f"stopped {printable(args.endpoint)}\n")
    return 0


def _bench(args: argparse.Namespace) -> int:
    from foundation_shm import Client, DType, ShmError, Tensor
    from foundation_shm.layout import ITEM_SIZE

    try:
        shape = tuple(int(part) for part in args.shape.split(","))
        dtype = DType[args.dtype.upper()]
    except (ValueError, KeyError):
        fail(f"--shape {args.shape} --dtype {args.dtype}: expected such as --shape 1,256 --dtype float32")
        return 2
    if min(shape) < 1 or len(shape) > 8 or args.calls < 1:
        fail("--shape takes 1 to 8 positive sizes and --calls a positive number")
        return 2
    value = Tensor(dtype, shape, memoryview(bytes(math.prod(shape) * ITEM_SIZE[dtype])))
    total: list[float] = []
    model: list[float] = []
    try:
        with Client(args.endpoint, transport=args.transport, connect_timeout=0.0, name="bench") as client:
            for _ in range(min(200, args.calls)):
                client.infer(args.model, value)
            for _ in range(args.calls):
                began = time.perf_counter_ns()
                result = client.infer(args.model, value)
                total.append((time.perf_counter_ns() - began) / 1000)
                model.append(result.model_ns / 1000)
            transport = client.transport
    except ShmError as error:
        fail(str(error))
        return 1
    rows = {
        "round trip": _percentiles(total),
        "model": _percentiles(model),
        "overhead": _percentiles([t - m for t, m in zip(total, model, strict=True)]),
    }
    if args.json:
        figures = {
            "model": args.model,
            "shape": shape,
            "calls": args.calls,
            "transport": transport,
            "us": rows,
        }
        write(sys.stdout, json.dumps(figures, indent=2) + "\n")
        return 0
    lines = [
        f"{args.calls} calls of {args.model} with {args.dtype}{list(shape)} over {transport}, microseconds",
        "",
    ]
    lines.append(f"{'':12} {'p50':>10} {'p95':>10} {'p99':>10}")
    lines += [
        f"{name:12} {row['p50']:>10.1f} {row['p95']:>10.1f} {row['p99']:>10.1f}" for name, row in rows.items()
    ]
    write(sys.stdout, "\n".join(map(printable, lines)) + "\n")
    return 0


def _percentiles(values: list[float]) -> dict[str, float]:
    if len(values) < 2:
        return dict.fromkeys(("p50", "p95", "p99"), values[0])
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}
