"""What the tests of a Python port import: scripted fakes, time that passes only by sleeping, comparison by value.

Delivered with the tests as `recorded.py`.
"""

# pyright: basic
# ruff: noqa: PT008, SLF001
# Clocks and random draws are replaced by functions, and a new module needs a new registry of commands.
from __future__ import annotations

import contextlib
import copy
import enum
import importlib
import json
import math
import random
import sys
import time
import unittest
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock


class Fake:
    """Answers from scripts and notes its calls; an outcome is a list with the value, or an error to raise."""

    def __init__(self, name: str, calls: list[list[Any]], scripts: dict[str, list[Any]]) -> None:
        self._name = name
        self._calls = calls
        self._scripts = {method: list(outcomes) for method, outcomes in scripts.items()}

    def _answer(self, method: str, args: tuple[Any, ...]) -> Any:
        self._calls.append([f"{self._name}.{method}" if method else self._name, *map(_copied, args)])
        script = self._scripts[method]
        outcome = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(outcome, BaseException):
            raise outcome
        return copy.deepcopy(outcome[0])

    def __call__(self, *args: Any) -> Any:
        """Answer as a function."""
        return self._answer("", args)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        """Answer as an object with methods."""
        if method.startswith("__") or method not in self._scripts:
            raise AttributeError(method)
        return lambda *args, **named: self._answer(method, (*args, *named.values()))


def _copied(value: Any) -> Any:
    return value if isinstance(value, Fake) else copy.deepcopy(value)


class Like:
    """An object of a class with these fields."""

    def __init__(self, cls: type, **fields: Any) -> None:
        self.cls = cls
        self.fields = fields

    def __repr__(self) -> str:
        """The class and the fields."""
        return f"{self.cls.__name__}({', '.join(f'{k}={v!r}' for k, v in self.fields.items())})"


def same(got: Any, want: Any) -> bool:
    """Equal by value: floats nearly, tuples as lists, objects by their fields."""
    if isinstance(want, Like):
        return type(got).__name__ == want.cls.__name__ and all(
            hasattr(got, k) and same(getattr(got, k), v) for k, v in want.fields.items()
        )
    if isinstance(want, enum.Enum) or want is None or isinstance(want, bool):
        return type(got) is type(want) and got == want
    if isinstance(want, (int, float)):
        if isinstance(got, bool) or not isinstance(got, (int, float)):
            return False
        if isinstance(want, int) and isinstance(got, int):
            return got == want
        return got == want or math.isclose(got, want, rel_tol=1e-9) or (math.isnan(got) and math.isnan(want))
    if isinstance(want, (list, tuple)):
        if not isinstance(got, (list, tuple)):
            got = (
                list(got)
                if hasattr(got, "__iter__") and not isinstance(got, (str, bytes, dict, set))
                else None
            )
        return (
            got is not None
            and len(got) == len(want)
            and all(same(a, b) for a, b in zip(got, want, strict=True))
        )
    if isinstance(want, dict):
        return (
            isinstance(got, dict)
            and len(got) == len(want)
            and all(k in got and same(got[k], v) for k, v in want.items())
        )
    return bool(got == want)


class Clock:
    """Time that passes only by sleeping, in nanoseconds."""

    def __init__(self) -> None:
        self.now = 1_000_000_000_000
        self.sleeps: list[int] = []

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        if sys._getframe(1).f_globals.get("__name__") == "subprocess":
            # Waiting for a real process takes real time.
            _sleep(seconds)
            return
        self.sleeps.append(round(seconds * 1e9))
        self.now += self.sleeps[-1]

    def advance(self, nanoseconds: int) -> None:
        """Let time pass without sleeping."""
        self.now += nanoseconds


_sleep = time.sleep


@contextlib.contextmanager
def virtual_time() -> Iterator[Clock]:
    """Run without waiting, with the least random draws."""
    clock = Clock()
    with (
        mock.patch("time.sleep", clock.sleep),
        mock.patch("time.monotonic", lambda: clock.now / 1e9),
        mock.patch("time.monotonic_ns", lambda: clock.now),
        mock.patch("time.perf_counter", lambda: clock.now / 1e9),
        mock.patch("time.perf_counter_ns", lambda: clock.now),
        mock.patch.object(random, "getrandbits", lambda _: 0),
        mock.patch.object(random, "random", lambda: 0.0),
        mock.patch.object(random, "uniform", lambda a, _: a),
    ):
        yield clock


def fresh(name: str) -> Any:
    """The module, run once more: its breakers, limiters and commands are new."""
    sys.modules.pop(name, None)
    if "foundation.cli" in sys.modules:
        cli: Any = sys.modules["foundation.cli"]
        cli._default_registry = cli.Registry()
    return importlib.import_module(name)


class RecordedCase(unittest.TestCase):
    """Assertions that compare with what was recorded."""

    maxDiff = None

    def assert_same(self, want: Any, got: Any, what: str = "result") -> None:
        """Fail unless the values are the same."""
        if not same(got, want):
            self.fail(f"{what}: got {got!r}, want {want!r}")

    def assert_slept(self, want: list[int], clock: Clock) -> None:
        """Fail unless the delays are those recorded, to the microsecond; no delay is none."""
        got, want = [d for d in clock.sleeps if d], [d for d in want if d]
        if len(want) == 1:
            # The source may tell no more than how long all of them took.
            got = [sum(got)]
        if len(want) != len(got) or any(abs(a - b) > 1000 for a, b in zip(want, got, strict=True)):
            self.fail(f"delays: got {got}, want {want} ns")

    def assert_world(self, want: dict[str, Any], world: Any) -> None:
        """Fail unless files, output, requests and commands are those recorded."""
        text = json.dumps(world.after())
        found = json.loads(text.replace(world.server, "{server}") if world.server else text)
        for key, value in want.items():
            got = found.get(key)
            if key == "requests":
                value, got = [_request(r) for r in value], [_request(r) for r in got or []]
            self.assert_same(value, got, f"{key} afterwards")


def _request(request: dict[str, Any]) -> list[Any]:
    """A request in a form in which equal ones are equal."""
    path, _, query = str(request.get("path", "")).partition("?")
    body: Any = request.get("body", "")
    with contextlib.suppress(ValueError):
        body = json.loads(body)
    return [request.get("method"), path, sorted(urllib.parse.parse_qsl(query, keep_blank_values=True)), body]
