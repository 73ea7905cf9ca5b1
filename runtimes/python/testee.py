"""Drive the Python runtime with the conformance suite: JSON lines in and out (docs/semantics.md, section 14)."""

# ruff: noqa: BLE001, S101, PT017, ARG005 - a testee reports whatever was raised, and asserts what the protocol promises.

from __future__ import annotations

import asyncio
import dataclasses
import errno
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import foundation
from foundation import cli, config, errors, files, logging, process, resilience
from foundation.clock import SYSTEM_CLOCK, ScriptedRandom, VirtualClock

Given = dict[str, Any]


class OtherError(Exception):
    """An ordinary error of an application."""


def make_error(name: str, message: str = "scripted") -> BaseException:
    special: dict[str, Callable[[], BaseException]] = {
        "OtherError": lambda: OtherError(message),
        "ProgrammingError": lambda: TypeError(message),
        "Interrupt": KeyboardInterrupt,
        "CircuitOpenError": lambda: errors.CircuitOpenError("inner", 0),
        "MaxRetriesExceeded": lambda: errors.MaxRetriesExceeded(1, OtherError(message)),
        "RateLimitExceeded": lambda: errors.RateLimitExceeded(0),
    }
    return special[name]() if name in special else error_class(name)(message)


def error_class(name: str) -> Any:
    own = {"Exception": Exception, "OtherError": OtherError, "ProgrammingError": TypeError}
    return own.get(name) or getattr(errors, name)


def error_name(error: BaseException | None) -> str | None:
    if error is None:
        return None
    if isinstance(error, OSError) and not isinstance(error, errors.FoundationError):
        return f"OSError:{errno.errorcode[error.errno or 0]}"
    return "ProgrammingError" if isinstance(error, TypeError) else type(error).__name__


def pick(given: Given, *names: str) -> Given:
    """The pattern's own parameters, with error names turned into classes."""
    lists = {"retryable", "non_retryable", "expected", "excluded", "catch"}
    return {n: [error_class(e) for e in given[n]] if n in lists else given[n] for n in names if n in given}


def retry(given: Given) -> tuple[list[str], Given]:
    def setting() -> tuple[list[str], Any, Any, Any]:
        trace: list[str] = []
        virtual = VirtualClock(on_sleep=lambda t, d: trace.append(f"{t} sleep {d}"))
        real = given.get("clock") == "real"
        clock = SYSTEM_CLOCK if real else virtual
        cancellation = virtual.cancellation_at(given["cancel_at"]) if "cancel_at" in given else None
        retrying = resilience.Retry(
            policy, clock=clock, random=ScriptedRandom(given.get("random", [])), cancellation=cancellation
        )
        calls = 0

        def operation() -> str:
            nonlocal calls
            calls += 1
            moment = 0 if real else clock.now()
            trace.append(f"{moment} call {calls}")
            script = given["outcomes"]
            outcome = script[min(calls, len(script)) - 1]
            if isinstance(outcome, dict):
                clock.advance(outcome.get("takes", 0))
                outcome = outcome["outcome"]
            moment = 0 if real else clock.now()
            trace.append(f"{moment} ok {calls}" if outcome == "ok" else f"{moment} fail {calls} {outcome}")
            if outcome != "ok":
                raise make_error(outcome)
            return "value"

        return trace, retrying, operation, clock

    policy = resilience.RetryPolicy(
        **pick(given, "max_attempts", "base_delay", "max_delay", "jitter", "retryable", "non_retryable"),
        backoff=given.get("backoff_strategy", "exponential"),
    )

    def call(retrying: Any, operation: Any) -> Any:
        return retrying.call(operation)

    def decorate(retrying: Any, operation: Any) -> Any:
        return retrying(operation)()

    def loop(retrying: Any, operation: Any) -> Any:
        value = None
        for attempt in retrying:
            with attempt:
                value = operation()
        return value

    def coroutine(retrying: Any, operation: Any) -> Any:
        async def run() -> Any:
            return operation()

        return asyncio.run(retrying.acall(run))

    answers = []
    for form in [call] if given.get("clock") == "real" else [call, decorate, loop, coroutine]:
        trace, retrying, operation, clock = setting()
        start, value, error = clock.now(), None, None
        try:
            value = form(retrying, operation)
        except BaseException as caught:
            error = caught
        assert (value == "value") == (error is None)
        result = {
            "attempts": sum(" call " in line for line in trace),
            "success": error is None,
            "error": error_name(error),
            "cause": error_name(getattr(error, "cause", None)),
            "elapsed": clock.now() - start,
        }
        answers.append((trace, result))
    assert all(answer == answers[0] for answer in answers), f"the forms differ: {answers}"
    return answers[0]


def breaker(given: Given) -> tuple[list[str], Given]:
    clock = VirtualClock()
    names = (
        "failure_threshold",
        "recovery_timeout",
        "half_open_max_calls",
        "success_threshold",
        "expected",
        "excluded",
    )
    circuit = resilience.CircuitBreaker("case", **pick(given, *names), clock=clock)
    trace: list[str] = []
    permits: dict[str, resilience.Permit] = {}

    def end(permit: resilience.Permit, outcome: str) -> None:
        permit.success() if outcome == "ok" else permit.failure(make_error(outcome))

    for step in given["steps"]:
        verb, *rest = step.split(" ")
        label, what = verb, "-"
        try:
            if verb == "advance":
                clock.advance(int(rest[0]))
                continue
            if verb == "call":
                what = rest[0]

                def operation(outcome: str = rest[0]) -> None:
                    if outcome != "ok":
                        raise make_error(outcome)

                circuit.call(operation)
            elif verb == "begin":
                label, what = f"begin:{rest[0]}", "admitted"
                permits[rest[0]] = circuit.begin()
            elif verb == "end":
                label, what = f"end:{rest[0]}", rest[1]
                end(permits[rest[0]], rest[1])
            elif verb == "drop":
                label = f"drop:{rest[0]}"
                permits[rest[0]].release()
            elif verb == "reset":
                circuit.reset()
        except errors.CircuitOpenError as error:
            what = f"CircuitOpenError:{error.retry_after}" if error.name == "case" else "CircuitOpenError"
        except BaseException as error:
            assert error_name(error) == what, f"{step}: {error!r}"
        trace.append(f"{clock.now()} {label} {what} {circuit.state} {circuit.failure_count}")
    return trace, {"state": str(circuit.state), "failures": circuit.failure_count, "error": None}


def limiter(given: Given) -> tuple[list[str], Given]:
    trace: list[str] = []
    clock = VirtualClock(on_sleep=lambda t, d: trace.append(f"{t} sleep {d}"))
    limit = resilience.RateLimiter(
        **pick(given, "limit", "period", "burst", "algorithm", "wait"), clock=clock
    )
    cancellation = clock.cancellation_at(given["cancel_at"]) if "cancel_at" in given else None
    for step in given["steps"]:
        verb, n = step.split(" ")
        if verb == "advance":
            clock.advance(int(n))
            continue
        try:
            if verb == "try":
                decision = limit.try_acquire(int(n))
            else:
                decision = limit.acquire(int(n), cancellation=cancellation)
            what = (
                f"ok {decision.remaining}"
                if decision.allowed
                else f"refused {decision.retry_after} {decision.remaining}"
            )
        except errors.RateLimitExceeded as error:
            what = f"RateLimitExceeded:{error.retry_after}"
        except (errors.ValidationError, errors.CancelledError) as error:
            what = type(error).__name__
        trace.append(f"{clock.now()} {step} {what}")
    return trace, {"error": None}


class _ListLogger(logging.Logger):
    """A logger that keeps its records as the trace, or fails."""

    def __init__(self, trace: list[str], fails: bool) -> None:
        super().__init__("case", stream=io.StringIO())
        self._trace_lines, self._fails = trace, fails

    __slots__ = ("_fails", "_trace_lines")

    def log(self, level: str, message: str, /, **fields: Any) -> None:
        if self._fails:
            raise OSError("the disk of the log is full")
        shown = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self._trace_lines.append(f"log {level} {message} {shown}")


def boundary(given: Given) -> tuple[list[str], Given]:
    trace: list[str] = []
    origin: list[BaseException] = []

    def build(level: Given) -> tuple[Callable[[], Any], Given]:
        context = level.get("context", {})
        guard = errors.ErrorBoundary(
            **pick(level, "catch", "reraise", "fallback", "log_errors", "name"),
            context=context,
            logger=_ListLogger(trace, level.get("logger_fails", False)),
        )
        if "inner" in level:
            return guard(build(level["inner"])[0]), context

        def operation() -> Any:
            if level.get("outcome", "ok") == "ok":
                return level.get("value")
            origin.append(make_error(level["outcome"], level.get("message", "scripted")))
            raise origin[0]

        return guard(operation), context

    call, context = build(given)
    returned, raised = None, None
    try:
        returned = call()
    except BaseException as error:
        raised = error
    same = None if raised is None else raised is origin[0]
    return trace, {
        "returned": returned,
        "raised": error_name(raised),
        "same": same,
        "context_after": context,
        "error": None,
    }


def structured_logging(given: Given) -> tuple[list[str], Given]:
    stream = io.BytesIO()
    first = log = logging.Logger(
        **pick(given, "name", "level", "format", "redact", "timestamps"),
        stream=stream,
        wall_clock=lambda: given.get("wall_clock", 0),
    )
    for step in given["steps"]:
        if step["op"] == "log":
            # Fields given twice reach a Python call once: the first place, the last value.
            log.log(step["level"], step["message"], **dict(step.get("fields", [])))
        else:
            log = log.bind(**dict(step["fields"])) if step["op"] == "bind" else first
    lines = stream.getvalue().decode().split("\n")
    assert lines.pop() == ""
    return lines, {"lines": len(lines), "error": None}


def configuration(given: Given) -> tuple[list[str], Given]:
    types = {"string": str, "integer": int, "float": float, "boolean": bool, "strings": list[str]}

    def structure(fields: list[Given], name: str) -> Any:
        made: list[Any] = []
        for item in sorted(fields, key=lambda f: "default" in f):
            kind = (
                structure(item["fields"], item["name"]) if item["type"] == "nested" else types[item["type"]]
            )
            settings: Given = {"env": item.get("env")}
            if "default" in item:
                settings["default_factory"] = lambda value=item["default"]: value
            made.append((item["name"], kind, config.field(**settings)))
        return dataclasses.make_dataclass(name, made)

    try:
        loaded = config.load_config(
            structure(given["schema"], "Case"),
            **pick(given, "env_prefix", "strict", "secret_files", "overrides"),
            files=[entry["path"] for entry in given.get("file_contents", [])],
            environment=given.get("environment", {}),
        )
    except errors.ConfigurationError as error:
        problems = [f"{p.kind} {p.key}" for p in error.problems]
        return [], {"values": None, "problems": problems, "error": "ConfigurationError"}
    return [], {"values": dataclasses.asdict(loaded), "problems": [], "error": None}


def http_client(given: Given) -> tuple[list[str], Given]:
    from foundation import http  # Here, because httpx is the one slow import.

    names = ("base_url", "timeout", "max_attempts", "base_delay", "max_delay", "retry_statuses", "retry_methods",
             "follow_redirects", "max_redirects", "raise_for_status")  # fmt: skip
    request = dict(given["request"])
    options = {
        "params": request.get("params"),
        "headers": request.get("headers"),
        "content": request.get("body"),
    }

    def setting() -> tuple[list[str], Given]:
        trace: list[str] = []
        clock = VirtualClock(
            wall=given.get("wall_clock", 0), on_sleep=lambda t, d: trace.append(f"sleep {d}")
        )
        return trace, {
            **pick(given, *names),
            "clock": clock,
            "random": ScriptedRandom(given.get("random", [])),
        }

    trace, settings = setting()
    response, error = None, None
    try:
        with http.HttpClient(**settings) as client:
            response = client.request(request["method"], request["path"], **options)
    except errors.ConfigurationError:
        raise
    except errors.FoundationError as caught:
        error = caught
    cause = getattr(error, "cause", None)
    failed = getattr(error, "response", None)
    return trace, {
        "status": response.status if response else getattr(failed, "status", None),
        "body": response.text if response else None,
        "attempts": len([line for line in trace if line.startswith("sleep")]) + 1,
        "error": error_name(error),
        "cause": error_name(cause),
        "cause_status": getattr(cause, "status", None),
    }


def cli_framework(given: Given) -> tuple[list[str], Given]:
    trace: list[str] = []
    app = cli.App(given["app"]["name"], given["app"]["version"], registry=cli.Registry())
    for command in given["commands"]:

        def run(_command: Given = command, **parameters: Any) -> int | None:
            shown = json.dumps(parameters, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            trace.append(f"run {_command['name']} {shown}")
            action = _command.get("action", "ok")
            if action.startswith("Exit:"):
                raise cli.Exit(int(action[5:]))
            if action.startswith("Return:"):
                return int(action[7:])
            if action != "ok":
                raise make_error(action, _command.get("message", "scripted"))
            return None

        def parameter(item: Given, option: bool) -> cli.Parameter:
            return cli.Parameter(
                name=item["name"], kind=item["type"], option=option, required=item.get("required", not option
                and "default" not in item),
                default=item.get("default"), short=item.get("short"), multiple=item.get("multiple", False),
            )  # fmt: skip

        parameters = [parameter(a, False) for a in command.get("arguments", [])]
        parameters += [parameter(o, True) for o in command.get("options", [])]
        app.command(
            command["name"], command.get("description", ""), aliases=command.get("aliases", ()),
            hidden=command.get("hidden", False),
            category=command.get("category"), parameters=parameters,
        )(run)  # fmt: skip
    out, err = io.StringIO(), io.StringIO()
    code = app.run(given["argv"], stdout=out, stderr=err)
    return trace, {"exit": code, "stdout": out.getvalue(), "stderr": err.getvalue(), "error": None}


def process_execution(given: Given) -> tuple[list[str], Given]:
    parameters = pick(given, "command", "timeout", "check", "cwd", "env", "env_mode", "input", "grace_period")
    parameters.setdefault("cwd", given["directory"])
    before = dict(os.environ)
    os.environ.update(given.get("environment", {}))
    trace: list[str] = []
    found: Any = None
    error: errors.FoundationError | None = None
    try:
        if given.get("mode", "run") == "stream":
            lines = list(process.stream_process(**parameters))
            trace = [f"{s} {line.text}" for s in ("stdout", "stderr") for line in lines if line.stream == s]
        else:
            found = process.run_process(**parameters)
    except errors.FoundationError as caught:
        error = caught
        found = caught if isinstance(caught, errors.ProcessError) else None
    finally:
        os.environ.clear()
        os.environ.update(before)

    def text(data: bytes | None) -> str | None:
        return None if data is None or len(data) > 4096 else data.decode("utf-8", "replace")

    out, err = (found.stdout_bytes, found.stderr_bytes) if found is not None else (None, None)
    return trace, {
        "exit_code": getattr(found, "exit_code", None),
        "signal": getattr(found, "signal", None),
        "stdout": text(out),
        "stderr": text(err),
        "stdout_length": None if out is None else len(out),
        "stderr_length": None if err is None else len(err),
        "escalated": getattr(error, "escalated", None),
        "error": error_name(error),
    }


def file_operations(given: Given) -> tuple[list[str], Given]:
    trace: list[str] = []
    failure = OSError(getattr(errno, given.get("errno", "EIO")), "scripted")

    class Failing(files.Steps):
        """Steps of which one fails."""

    def fail(*_: Any) -> None:
        raise failure

    if "fail_at" in given:
        setattr(Failing, {"backup": "link"}.get(given["fail_at"], given["fail_at"]), fail)
    text, times = given.get("data_repeat", (given.get("data", ""), 1))
    error = None
    try:
        files.atomic_write(
            Path(given["directory"]) / given["path"], text * times, **pick(given, "mode", "backup",
            "durable", "create_parents"),
            steps=Failing(trace.append),
        )  # fmt: skip
    except (OSError, errors.FoundationError) as caught:
        error = caught
    return trace, {"error": error_name(error)}


PATTERNS: dict[str, Callable[[Given], tuple[list[str], Given]]] = {
    "retry_with_backoff": retry,
    "circuit_breaker": breaker,
    "rate_limiting": limiter,
    "error_boundary": boundary,
    "structured_logging": structured_logging,
    "configuration": configuration,
    "http_client": http_client,
    "cli_framework": cli_framework,
    "process_execution": process_execution,
    "file_operations": file_operations,
}
EMPTY: dict[str, str] = {
    "retry_with_backoff": "attempts success cause elapsed",
    "circuit_breaker": "state failures",
    "rate_limiting": "",
    "error_boundary": "returned raised same context_after",
    "structured_logging": "lines",
    "configuration": "values problems",
    "http_client": "status body attempts cause cause_status",
    "cli_framework": "exit stdout stderr",
    "process_execution": "exit_code signal stdout stderr stdout_length stderr_length escalated",
    "file_operations": "",
}


def answer(request: Given) -> Given:
    pattern, given = request["pattern"], request["given"]
    if pattern == "hello":
        about = {
            "language": "python",
            "library": "foundation",
            "version": foundation.__version__,
            "patterns": list(PATTERNS),
        }
        return {"id": request["id"], "trace": [], "result": about}
    if pattern not in PATTERNS:
        return {"id": request["id"], "skipped": f"no pattern {pattern!r}"}
    try:
        trace, result = PATTERNS[pattern](given)
    except (errors.ConfigurationError, errors.ValidationError) as error:
        trace, result = [], {**dict.fromkeys(EMPTY[pattern].split()), "error": type(error).__name__}
    except Exception as error:
        return {"id": request["id"], "error": f"{type(error).__name__}: {error}"}
    return {"id": request["id"], "trace": trace, "result": result}


def main() -> None:
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line)), ensure_ascii=True) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
