"""The decorator of the backoff library as the spec's parameters of a retry; the rest is declined or stated."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.delays import growing
from foundation_engine.port.front._python_names import dotted
from foundation_engine.port.front._python_tenacity import LONGEST
from foundation_engine.port.ir import Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.front._python_expr import ExpressionLowerer

# What only watches what happens.
_WATCHERS = frozenset(
    {"on_success", "on_backoff", "on_giveup", "logger", "backoff_log_level", "giveup_log_level"}
)


def policy(low: ExpressionLowerer, call: ast.Call) -> dict[str, ir.Expr]:
    """The spec's parameters for `backoff.on_exception(wait, errors, max_tries=..., ...)`."""
    from foundation_engine.port.front._python_patterns import foreign_error_list

    given = dict(zip(("wait_gen", "exception"), call.args, strict=False))
    given |= {k.arg or "**": k.value for k in call.keywords}
    if len(call.args) > 2 or "**" in given or not {"wait_gen", "exception"} <= set(given):
        raise Unsupported("a retry of backoff with these arguments", ast.unparse(call), call.lineno)
    wait, errors = given.pop("wait_gen"), given.pop("exception")
    tries = given.pop("max_tries", None)
    if tries is None:
        raise Unsupported(
            "a retry without an end (backoff retries for ever without `max_tries`)", "", call.lineno
        )
    count = low.expr(tries)
    if not isinstance(count, ir.Lit | ir.Name) or count.type != ir.INT:
        raise Unsupported("a computed number of attempts", ast.unparse(tries), tries.lineno)
    if isinstance(count, ir.Lit) and not 1 <= count.value <= 100:
        raise Unsupported("a number of attempts outside 1 to 100", ast.unparse(tries), tries.lineno)
    strategy, base, longest = _wait(low, wait, given, count)
    jitter = _jitter(low, given.pop("jitter", None))
    limit = given.pop("max_time", None)
    if limit is not None and not (isinstance(limit, ast.Constant) and limit.value is None):
        low.scope.differ(
            f"The port goes on for as many attempts as it has, where the source also ends after {ast.unparse(limit)} s."
        )
    raises = given.pop("raise_on_giveup", None)
    if raises is not None and not (isinstance(raises, ast.Constant) and raises.value is True):
        raise Unsupported("a retry that gives nothing when every attempt failed", "", call.lineno)
    if set(given) & _WATCHERS:
        low.scope.differ("Attempts are not told to anybody, as handlers and loggers of backoff are.")
    other = next((k for k in given if k not in _WATCHERS), None)
    if other is not None:
        raise Unsupported(f"the argument {other} of backoff.on_exception", ast.unparse(call), call.lineno)
    low.scope.differ("Attempts are not logged, as backoff does.")
    low.scope.differ(
        "A programming error and an open circuit are never retried, whatever the list of errors says."
    )
    return {
        "max_attempts": count,
        "base_delay": ir.Lit(base, type=ir.FLOAT),
        "backoff_strategy": ir.Lit(strategy, type=ir.STR),
        "max_delay": ir.Lit(longest, type=ir.FLOAT),
        "jitter": ir.Lit({"kind": "full", "ratio": None}, type=ir.ANY)
        if jitter
        else ir.Lit(False, type=ir.BOOL),
        "retryable": foreign_error_list(low, errors),
        "non_retryable": ir.ListLit([]),
    }


def _wait(
    low: ExpressionLowerer, node: ast.expr, given: dict[str, ast.expr], count: ir.Expr
) -> tuple[str, float, float]:
    """The strategy, the first delay and the longest one, in seconds."""

    def number(name: str, default: float) -> float:
        value = given.pop(name, None)
        value = low.scope.constant_nodes.get(value.id, value) if isinstance(value, ast.Name) else value
        if value is None or (isinstance(value, ast.Constant) and value.value is None):
            return default
        if not isinstance(value, ast.Constant) or not isinstance(value.value, int | float):
            raise Unsupported("a computed delay", ast.unparse(value), value.lineno)
        return float(value.value)

    kind = _name(low, node)
    if kind == "constant":
        base = longest = number("interval", 1.0)
        strategy = "fixed"
    elif kind == "expo":
        base, factor, longest = number("factor", 1.0), number("base", 2.0), number("max_value", LONGEST)
        strategy = "exponential"
        if factor != 2.0:
            raise Unsupported("delays that grow by another factor than 2", ast.unparse(node), node.lineno)
        if longest > LONGEST or (
            isinstance(count, ir.Lit) and growing(base, 2.0, 1e9, 0.0, count.value)[-1][0] > LONGEST
        ):
            low.scope.differ("No delay is longer than an hour, where backoff's has no such limit.")
        longest = min(longest, LONGEST)
    else:
        raise Unsupported("a wait of this kind", ast.unparse(node), node.lineno)
    if not 0 <= base <= 300:
        raise Unsupported("a delay outside 0 to 300 seconds", ast.unparse(node), node.lineno)
    return strategy, base, max(base, longest)


def _jitter(low: ExpressionLowerer, node: ast.expr | None) -> bool:
    """Whether delays are drawn from nothing to their length."""
    if isinstance(node, ast.Constant) and node.value is None:
        return False
    if node is not None and _name(low, node) != "full_jitter":
        raise Unsupported("a jitter of this kind", ast.unparse(node), node.lineno)
    return True


def _name(low: ExpressionLowerer, node: ast.expr) -> str:
    """The name in backoff that an expression means, "" for anything else."""
    head, _, rest = (dotted(node) or "").partition(".")
    origin = low.scope.foreign.get(head)
    if origin is not None and origin[0] == "backoff" and not rest:
        return origin[1]
    return rest if low.scope.modules.get(head) == "backoff" else ""
