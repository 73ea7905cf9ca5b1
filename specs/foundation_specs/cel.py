"""Compiles and evaluates the CEL expressions of guarantees; the CEL library is loaded on first use.

Beside CEL's own functions an expression may call
`total_delay(strategy, base_delay, max_delay, max_attempts, jitter)`: the longest time, in seconds as a double, that the
delays between `max_attempts` calls add up to.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.machinery import PathFinder
from typing import Any

MAX_BRACKETS = 48
MAX_MACROS = 2

_MACRO = re.compile(r"\.\s*(?:all|exists|exists_one|existsOne|map|filter|sortBy|transform\w+)\s*\(")


class CelError(ValueError):
    """An expression that cannot be compiled, or not be evaluated with the given values; the text says why."""


def total_delay(
    strategy: str, base_delay: float, max_delay: float, max_attempts: int, jitter: Mapping[str, Any]
) -> float:
    """The longest sum of the delays before calls 2 to `max_attempts`, in seconds; another strategy counts as fixed."""
    total = 0.0
    delay = base_delay
    for n in range(1, min(max_attempts, 100_000)):
        if strategy == "linear":
            delay = base_delay * n
        total += min(delay, max_delay)
        if strategy in ("exponential", "fibonacci"):
            delay = min(delay * 2, max_delay)
    ratio = jitter.get("ratio", 0.0) if jitter.get("kind") == "symmetric" else 0.0
    return total * (1.0 + float(ratio))


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {"total_delay": total_delay}


@cache
def _library() -> Any:
    """The CEL extension module.

    Importing the package `cel` also imports its command line with its terminal libraries, which costs about 0.6 s; the
    extension alone costs some milliseconds. So the extension is loaded by itself, unless the package is there already.
    """
    if "cel" not in sys.modules:
        package = importlib.util.find_spec("cel")
        if package is not None and package.submodule_search_locations:
            found = PathFinder.find_spec("cel.cel", list(package.submodule_search_locations))
            if found is not None and found.loader is not None:
                module = importlib.util.module_from_spec(found)
                found.loader.exec_module(module)
                return module
    import cel

    return cel


class Program:
    """A compiled expression."""

    __slots__ = ("_program", "expression", "functions", "names")

    def __init__(self, expression: str) -> None:
        """Compile; raises `CelError` when the text is not CEL or can cost too much to evaluate."""
        self.expression = expression
        _refuse_costly(expression)
        try:
            self._program = _library().compile(expression)
            self.names = frozenset[str](self._program.variables())
            self.functions = frozenset[str](self._program.functions())
        except Exception as error:
            raise CelError(_first_line(error)) from error

    def evaluate(self, values: Mapping[str, Any]) -> bool:
        """The truth of the expression; raises `CelError` when the values do not fit it or it is not a truth value."""
        context = _library().Context(variables=dict(values), functions=dict(_FUNCTIONS))
        try:
            result = self._program.execute(context)
        except Exception as error:
            raise CelError(_first_line(error)) from error
        if not isinstance(result, bool):
            raise CelError(f"the result is {type(result).__name__}, not a truth value")
        return result


@cache
def program(expression: str) -> Program:
    """The compiled expression, compiled once in a process; raises `CelError`."""
    return Program(expression)


def _refuse_costly(expression: str) -> None:
    """CEL always ends, but nested macros can take for ever, and a workspace spec comes from outside."""
    if len(expression) > 1000:
        raise CelError("the expression is longer than 1000 characters")
    if len(_MACRO.findall(expression)) > MAX_MACROS:
        raise CelError(
            f"the expression has more than {MAX_MACROS} of all, exists, map and filter; split the guarantee"
        )
    if sum(expression.count(bracket) for bracket in "([{?") > MAX_BRACKETS:
        raise CelError(
            f"the expression has more than {MAX_BRACKETS} brackets and conditions; split the guarantee"
        )


def _first_line(error: Exception) -> str:
    text = re.sub(r" expecting (\{.*\}|\S+)", "", str(error).strip()).replace(
        "mismatched input '<EOF>'", "the end is missing"
    )
    found = re.search(r"ERROR: <input>:(\d+):(\d+): (.+)", text)
    if found:
        return (
            f"column {found[2]}: {found[3]}"
            if found[1] == "1"
            else f"line {found[1]}, column {found[2]}: {found[3]}"
        )
    return text.splitlines()[0].split(" CEL does not coerce")[0] if text else type(error).__name__
