"""Tenacity's options as the spec's parameters of a retry; what has no exact counterpart is declined or stated."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.delays import growing
from foundation_engine.port.front._python_names import dotted
from foundation_engine.port.ir import Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.front._python_expr import ExpressionLowerer

_RATIO = 0.25  # the spec's own spread
LONGEST = 3600.0  # the greatest `max_delay` of the spec, in seconds
_UNITS = {
    "days": 86400, "hours": 3600, "minutes": 60, "seconds": 1, "milliseconds": 1e-3, "microseconds": 1e-6,
    "weeks": 604800,
}  # fmt: skip


def timedelta_seconds(node: ast.expr, low: ExpressionLowerer) -> float | None:
    """The seconds of a literal `timedelta(...)`, or None when the node is something else."""
    if not isinstance(node, ast.Call) or low.stdlib_name(node.func) != "datetime.timedelta":
        return None
    total = 0.0
    for k in node.keywords:
        v = _number(k.value)
        if k.arg not in _UNITS or v is None:
            raise Unsupported("a computed timedelta", ast.unparse(node), node.lineno)
        total += v * _UNITS[k.arg]
    if node.args:
        days = _number(node.args[0])
        seconds = _number(node.args[1]) if len(node.args) > 1 else 0.0
        if days is None or seconds is None or len(node.args) > 2:
            raise Unsupported("a computed timedelta", ast.unparse(node), node.lineno)
        total += days * 86400 + seconds
    return total


def _number(node: ast.expr) -> float | None:
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as v):
            return float(v)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as v)):
            return -float(v)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            a, b = _number(left), _number(right)
            if a is None or b is None or (isinstance(op, ast.Div) and not b):
                return None
            return a * b if isinstance(op, ast.Mult) else a / b
        case _:
            return None


class _Call:
    """The arguments of one of tenacity's constructors by name."""

    def __init__(self, low: ExpressionLowerer, node: ast.expr, names: tuple[str, ...]) -> None:
        self.low = low
        self.node = node
        self.given: dict[str, ast.expr] = {}
        if isinstance(node, ast.Call):
            if len(node.args) > len(names):
                raise Unsupported("a tenacity option with these arguments", ast.unparse(node), node.lineno)
            self.given = dict(zip(names, node.args, strict=False))
            for k in node.keywords:
                if k.arg not in names:
                    raise Unsupported(
                        f"the argument {k.arg} of a tenacity option", ast.unparse(node), node.lineno
                    )
                self.given[k.arg] = k.value

    def seconds(self, name: str, default: float | None) -> float:
        """A duration or factor that is known without running the program."""
        node = self.given.get(name)
        if node is None:
            if default is None:
                raise Unsupported(
                    f"a tenacity option without {name}", ast.unparse(self.node), self.node.lineno
                )
            return default
        node = self.low.scope.constant_nodes.get(node.id, node) if isinstance(node, ast.Name) else node
        v = _number(node)
        if v is None:
            v = timedelta_seconds(node, self.low)
        if v is None:
            raise Unsupported("a computed delay", ast.unparse(self.node), self.node.lineno)
        return v


def reraises(call: ast.Call | None) -> bool:
    """True for a policy that raises the last error itself when every attempt failed."""
    value = next((k.value for k in call.keywords if k.arg == "reraise"), None) if call is not None else None
    return isinstance(value, ast.Constant) and value.value is True


def policy(low: ExpressionLowerer, call: ast.Call | None, *, decorates: bool = False) -> dict[str, ir.Expr]:
    """The spec's parameters for `retry(...)`, `Retrying(...)` or `AsyncRetrying(...)` of tenacity."""
    given: dict[str, ast.expr] = {}
    if call is not None:
        if call.args:
            raise Unsupported("positional arguments of tenacity's retry", ast.unparse(call), call.lineno)
        given = {k.arg or "**": k.value for k in call.keywords}
    out: dict[str, ir.Expr] = {}
    stop = given.pop("stop", None)
    if stop is None:
        line = call.lineno if call is not None else 0
        raise Unsupported("a retry without an end (tenacity retries for ever without `stop`)", "", line)
    out["max_attempts"] = _attempts(low, stop)
    _wait(low, given.pop("wait", None), out, out["max_attempts"])
    _errors(low, given.pop("retry", None), out)
    reraise = given.pop("reraise", None)
    if reraise is not None and not isinstance(reraise, ast.Constant):
        raise Unsupported("a computed reraise", ast.unparse(reraise), reraise.lineno)
    if reraises(call):
        if not decorates:
            low.scope.differ(ir.WRAPS_THE_LAST_ERROR)
    else:
        low.scope.differ(
            "When every attempt failed, MaxRetriesExceeded is raised, where tenacity raises RetryError."
        )
    low.scope.differ(
        "A programming error and an open circuit are never retried, whatever the list of errors says."
    )
    for name, node in given.items():
        path = (dotted(node.func) if isinstance(node, ast.Call) else dotted(node)) or ""
        original = _name(low, path)
        if name in ("before", "after", "before_sleep") and (
            original in ("before_log", "after_log", "before_sleep_log", "before_nothing", "after_nothing")
            or (isinstance(node, ast.Constant) and node.value is None)
        ):
            if original.endswith("_log"):
                low.scope.differ("Attempts are not logged, as tenacity's log callbacks do.")
            continue
        raise Unsupported(f"the argument {name} of tenacity's retry", ast.unparse(node), node.lineno)
    return out


def _name(low: ExpressionLowerer, path: str) -> str:
    """The name in tenacity that a dotted path means, "" for anything else."""
    head, _, rest = path.partition(".")
    origin = low.scope.foreign.get(head)
    if origin is not None and origin[0].split(".")[0] == "tenacity" and not rest:
        return origin[1]
    module = low.scope.modules.get(head)
    if module is not None and module.split(".")[0] == "tenacity" and rest:
        return rest.rpartition(".")[2]
    return ""


def _constructor(low: ExpressionLowerer, node: ast.expr) -> str:
    """The tenacity class or function that an option is a call of; a constant of the module is looked up."""
    return _name(low, (dotted(node.func) if isinstance(node, ast.Call) else dotted(node)) or "")


def is_option(low: ExpressionLowerer, node: ast.Call) -> bool:
    """True for a call that makes one of tenacity's options, which means something only where it is used."""
    return _constructor(low, node).startswith(("stop_", "wait_", "retry_if_", "retry_unless_"))


def _resolved(low: ExpressionLowerer, node: ast.expr) -> ast.expr:
    return low.scope.constant_nodes.get(node.id, node) if isinstance(node, ast.Name) else node


def _attempts(low: ExpressionLowerer, node: ast.expr) -> ir.Expr:
    node = _resolved(low, node)
    either = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
    if either or _constructor(low, node) == "stop_any":
        return _first_of(low, node)
    if _constructor(low, node) != "stop_after_attempt":
        raise Unsupported(
            "a retry that ends by something else than a number of attempts", ast.unparse(node), node.lineno
        )
    count = _Call(low, node, ("max_attempt_number",)).given.get("max_attempt_number")
    if count is None:
        raise Unsupported("stop_after_attempt without a number", ast.unparse(node), node.lineno)
    made = low.expr(count)
    if made.type != ir.INT or (isinstance(made, ir.Lit) and not 1 <= made.value <= 100):
        raise Unsupported("a number of attempts outside 1 to 100", ast.unparse(node), node.lineno)
    if not isinstance(made, ir.Lit | ir.Name):
        raise Unsupported("a computed number of attempts", ast.unparse(node), node.lineno)
    return made


def _first_of(low: ExpressionLowerer, node: ast.expr) -> ir.Expr:
    """The number of attempts of a policy that also ends after some time, which the port does not."""
    stops = [node.left, node.right] if isinstance(node, ast.BinOp) else getattr(node, "args", [])
    counts = [s for s in stops if _constructor(low, _resolved(low, s)) == "stop_after_attempt"]
    times = [
        _resolved(low, s)
        for s in stops
        if _constructor(low, _resolved(low, s)) in ("stop_after_delay", "stop_before_delay")
    ]
    if len(counts) != 1 or len(stops) != 2 or len(times) != 1:
        raise Unsupported(
            "a retry that ends by something else than a number of attempts", ast.unparse(node), node.lineno
        )
    seconds = _Call(low, times[0], ("max_delay",)).seconds("max_delay", None)
    low.scope.differ(
        f"The port goes on for as many attempts as it has, where the source also ends after {seconds:g} s."
    )
    return _attempts(low, counts[0])


def _wait(low: ExpressionLowerer, node: ast.expr | None, out: dict[str, ir.Expr], tries: ir.Expr) -> None:
    strategy, base, longest, jitter, ratio = "fixed", 0.0, 0.0, "none", 0.0
    if node is not None:
        node = _resolved(low, node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            # A fixed delay and a random one: evenly spread around their middle.
            fixed, spread = node.left, node.right
            if _constructor(low, fixed) == "wait_random":
                fixed, spread = spread, fixed
            if (_constructor(low, fixed), _constructor(low, spread)) != ("wait_fixed", "wait_random"):
                raise Unsupported("a sum of waits of these kinds", ast.unparse(node), node.lineno)
            least = _Call(low, fixed, ("wait",)).seconds("wait", None)
            span = _Call(low, spread, ("min", "max"))
            base, ratio = _around(least + span.seconds("min", 0.0), least + span.seconds("max", 1.0))
            longest, jitter = base, "symmetric"
        else:
            strategy, base, longest, jitter, ratio = _simple(low, node, tries)
    if not 0 <= base <= 300:
        raise Unsupported(
            "a delay outside 0 to 300 seconds", ast.unparse(node) if node else "", node.lineno if node else 0
        )
    out["base_delay"] = ir.Lit(base, type=ir.FLOAT)
    out["backoff_strategy"] = ir.Lit(strategy, type=ir.STR)
    if longest > LONGEST:
        low.scope.differ("No delay is longer than an hour, where tenacity's has no such limit.")
        longest = LONGEST
    out["max_delay"] = ir.Lit(max(longest, base) if strategy == "fixed" else longest, type=ir.FLOAT)
    out["jitter"] = (
        ir.Lit(False, type=ir.BOOL) if jitter == "none"
        else ir.Lit({"kind": jitter, "ratio": ratio if jitter == "symmetric" else None}, type=ir.ANY)
    )  # fmt: skip


def _around(least: float, most: float) -> tuple[float, float]:
    middle = (least + most) / 2
    return middle, (most - least) / 2 / middle if middle else 0.0


def _simple(low: ExpressionLowerer, node: ast.expr, tries: ir.Expr) -> tuple[str, float, float, str, float]:
    match _constructor(low, node):
        case "wait_none":
            return "fixed", 0.0, 0.0, "none", 0.0
        case "wait_fixed":
            wait = _Call(low, node, ("wait",)).seconds("wait", None)
            return "fixed", wait, wait, "none", 0.0
        case "wait_random":
            c = _Call(low, node, ("min", "max"))
            middle, ratio = _around(c.seconds("min", 0.0), c.seconds("max", 1.0))
            return "fixed", middle, middle, "symmetric", ratio
        case "wait_incrementing":
            c = _Call(low, node, ("start", "increment", "max"))
            start = c.seconds("start", 0.0)
            if start != c.seconds("increment", 100.0):
                raise Unsupported(
                    "waits that start at another length than they grow by", ast.unparse(node), node.lineno
                )
            return "linear", start, c.seconds("max", 4.6e18), "none", 0.0
        case "wait_exponential" | "wait_random_exponential" | "wait_full_jitter" as name:
            c = _Call(low, node, ("multiplier", "max", "exp_base", "min"))
            factor, least = c.seconds("multiplier", 1.0), c.seconds("min", 0.0)
            if c.seconds("exp_base", 2.0) != 2.0:
                raise Unsupported("delays that grow by another factor than 2", ast.unparse(node), node.lineno)
            random = name != "wait_exponential"
            if least > factor and random:
                raise Unsupported("a random wait with a least length", ast.unparse(node), node.lineno)
            if least > factor:
                low.scope.differ(
                    f"Delays begin at {least:g} s and double; tenacity keeps them at {least:g} s until its own "
                    f"doubling from {factor:g} s has passed that."
                )
                longest = c.seconds("max", 4.6e18)
                if isinstance(tries, ir.Lit):
                    doubled = growing(factor, 2.0, longest, 0.0, tries.value)
                    source = tuple((max(a, least), max(b, least)) for a, b in doubled)
                    port = growing(least, 2.0, max(longest, least), 0.0, tries.value)
                    low.scope.delays.append(ir.Delays(source, port))
                return "exponential", least, max(longest, least), "none", 0.0
            return "exponential", factor, c.seconds("max", 4.6e18), "full" if random else "none", 0.0
        case "wait_exponential_jitter":
            c = _Call(low, node, ("initial", "max", "exp_base", "jitter", "min"))
            base, longest, spread = (
                c.seconds("initial", 1.0),
                c.seconds("max", 4.6e18),
                c.seconds("jitter", 1.0),
            )
            if c.seconds("exp_base", 2.0) != 2.0 or c.seconds("min", 0.0) > base:
                raise Unsupported("delays that grow by another factor than 2", ast.unparse(node), node.lineno)
            low.scope.differ(
                f"Delays are spread by {_RATIO * 100:g} % in both directions, where tenacity adds "
                f"up to {spread:g} s to each."
            )
            if isinstance(tries, ir.Lit):
                least = growing(base, 2.0, longest, 0.0, tries.value)
                source = tuple((a, min(a + spread, longest)) for a, _ in least)
                low.scope.delays.append(
                    ir.Delays(source, growing(base, 2.0, min(longest, LONGEST), _RATIO, tries.value))
                )
            return "exponential", base, longest, "symmetric", _RATIO
        case _:
            raise Unsupported("a wait of this kind", ast.unparse(node), node.lineno)


def _errors(low: ExpressionLowerer, node: ast.expr | None, out: dict[str, ir.Expr]) -> None:
    from foundation_engine.port.front._python_patterns import foreign_error_list

    out["retryable"] = ir.ListLit([ir.Name("Exception", type=ir.ERROR)])
    out["non_retryable"] = ir.ListLit([])
    if node is None:
        return
    node = _resolved(low, node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left: dict[str, ir.Expr] = {}
        right: dict[str, ir.Expr] = {}
        _errors(low, node.left, left)
        _errors(low, node.right, right)
        a, b = left["retryable"], right["retryable"]
        assert isinstance(a, ir.ListLit)  # noqa: S101 - made above.
        assert isinstance(b, ir.ListLit)  # noqa: S101
        if any(
            isinstance(d["non_retryable"], ir.ListLit) and d["non_retryable"].elems for d in (left, right)
        ):
            raise Unsupported("a condition of this kind", ast.unparse(node), node.lineno)
        out["retryable"] = ir.ListLit([*a.elems, *b.elems])
        return
    made = _Call(low, node, ("exception_types",)).given.get("exception_types")
    match _constructor(low, node):
        case "retry_if_exception_type":
            if made is not None:
                out["retryable"] = foreign_error_list(low, made)
        case "retry_if_not_exception_type":
            if made is not None:
                out["non_retryable"] = foreign_error_list(low, made)
        case _:
            raise Unsupported("a condition of this kind", ast.unparse(node), node.lineno)
