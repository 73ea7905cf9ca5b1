"""Breakers of sony/gobreaker and limiters of golang.org/x/time/rate as the spec's, with what differs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front._go_types import (
    ANY,
    BOOL,
    DURATION,
    INT,
    STRING,
    VOID,
    GoType,
    Named,
    Pointer,
)

if TYPE_CHECKING:
    from foundation_engine.port.front._go_expr import ExpressionLowerer, V

RATE = "golang.org/x/time/rate"
_GOBREAKER = re.compile(r"github\.com/sony/gobreaker(?:/v\d+)?$")
_STATES = {"StateClosed": "closed", "StateOpen": "open", "StateHalfOpen": "half_open"}
_REFUSALS = ("ErrOpenState", "ErrTooManyRequests")
_SETTINGS = {
    "Name", "MaxRequests", "Interval", "BucketPeriod", "Timeout", "ReadyToTrip", "OnStateChange", "IsSuccessful",
    "IsExcluded",
}  # fmt: skip
_TRIPS = re.compile(r"\{\s*return\s+(\w+)\.ConsecutiveFailures\s*(>=?)\s*([\w.()]+)\s*\}")
_EXCLUDES = re.compile(r"errors\.Is\((\w+),\s*([\w.]+)\)")
_LOGS = re.compile(r"(?:\w+\.)*(?:log|logger|slog|logging|fmt)\.(?:\w+)\(", re.IGNORECASE)
_MOST_PERMITS = 1_000_000_000
_SHORTEST_PERIOD = Fraction(1, 1000)
_LONGEST_PERIOD = 86_400

_REFUSED = (
    "A call that an open circuit refuses, or one too many while it tries again, fails with the one error"
    " CircuitOpenError, which has its own message, where gobreaker tells ErrOpenState and ErrTooManyRequests apart."
)
_CANCELLED = "A cancelled call counts neither as a failure nor as a success of the circuit."
_BOUNDARY = "An open circuit tries again when its timeout has passed, gobreaker's a nanosecond later."
_INTERVAL = (
    "Failures in a row are counted for as long as the circuit is closed, where gobreaker's Interval makes it begin"
    " anew after {span}."
)
_PROBES = "An open circuit tries again with up to {count} calls at a time, gobreaker's with {count} in all."
_SILENT = "OnStateChange, which only logs, is left out."
_LATE_STATE = (
    "The state stays open until a call tries again, where gobreaker tells half-open once the timeout is over."
)
_WHOLE_PERMITS = (
    "Permits are counted exactly; the floating-point tokens of rate.Limiter may be a nanosecond off."
)
_NO_LIMITER = "A limiter whose rate or burst is below one is refused when it is made."
_TOO_MANY = "Asking a limiter for more than its burst is a ValidationError."


def is_breaker(path: str) -> bool:
    """True for the import path of any version of sony/gobreaker."""
    return _GOBREAKER.match(path) is not None


def refusal(path: str, name: str) -> str | None:
    """The class of an error value of the libraries, None for another name."""
    return "CircuitOpenError" if is_breaker(path) and name in _REFUSALS else None


def member(path: str, name: str) -> V | None:
    """A constant of the libraries, None for another."""
    if is_breaker(path) and name in _STATES:
        return _v(ir.Lit(_STATES[name], type=ir.STR), Named(f"{path}.State"))
    return None


def settings_of(low: ExpressionLowerer, node: SyntaxNode) -> dict[str, SyntaxNode] | None:
    """The fields of a literal of gobreaker's Settings, None for another expression."""
    if node.type != "composite_literal":
        return None
    package, _, name = low.p.text(low.child(node, "type")).partition(".")
    if name != "Settings" or not is_breaker(low.p.path(package) or ""):
        return None
    return dict(_fields(low, node))


def _fields(low: ExpressionLowerer, literal: SyntaxNode) -> Iterator[tuple[str, SyntaxNode]]:
    for item in low.named(low.child(literal, "body")):
        if item.type != "keyed_element":
            raise low.p.unsupported("settings without names for their fields", item)
        value = low.child(item, "value")
        yield (
            low.p.text(low.child(item, "key")),
            low.named(value)[0] if value.type == "literal_element" else value,
        )


def function(
    low: ExpressionLowerer, path: str, name: str, args: list[SyntaxNode], node: SyntaxNode
) -> V | None:
    """A call of a function of the libraries, None for another package's."""
    if is_breaker(path) and name == "NewCircuitBreaker":
        made = ir.PatternNew("circuit_breaker", _breaker(low, args[0], node), line=low.p.line(node))
        made.type = ir.NamedT("CircuitBreaker")
        return _v(made, Pointer(Named(f"{path}.CircuitBreaker")))
    if path == RATE and name == "NewLimiter":
        limiter = ir.PatternNew("rate_limiting", _limiter(low, args, node), line=low.p.line(node))
        limiter.type = ir.NamedT("RateLimiter")
        return _v(limiter, Pointer(Named(f"{RATE}.Limiter")))
    return None


def method(low: ExpressionLowerer, obj: V, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
    """A method of an object of the libraries, None for another type."""
    bare = obj.go.elem if isinstance(obj.go, Pointer) else obj.go
    if not isinstance(bare, Named):
        return None
    path, _, kind = bare.name.rpartition(".")
    if kind == "CircuitBreaker" and is_breaker(path):
        return _of_breaker(low, low.present_value(obj).expr, path, name, args, node)
    if bare.name == f"{RATE}.Limiter":
        return _of_limiter(low, low.present_value(obj).expr, name, args, node)
    return None


def _v(e: ir.Expr, t: GoType, fails: bool = False) -> V:
    from foundation_engine.port.front._go_expr import V

    return V(e, t, fails)


# sony/gobreaker


def _breaker(low: ExpressionLowerer, given: SyntaxNode, node: SyntaxNode) -> dict[str, ir.Expr]:
    """The arguments of a breaker with gobreaker's settings."""
    fields = low.settings.get(low.p.text(given)) if given.type == "identifier" else settings_of(low, given)
    if fields is None:
        raise low.p.unsupported("settings of a circuit breaker that are made elsewhere", node)
    for name, value in fields.items():
        if name not in _SETTINGS or name == "BucketPeriod":
            raise low.p.unsupported(f"the setting {name} of a circuit breaker", value)
    out: dict[str, ir.Expr] = {"name": ir.Lit("", type=ir.STR)}
    if "Name" in fields:
        out["name"] = low.value(fields["Name"], STRING)
    out["failure_threshold"] = _threshold(low, fields.get("ReadyToTrip"))
    out["recovery_timeout"] = _timeout(low, fields.get("Timeout"))
    probes = _probes(low, fields.get("MaxRequests"))
    if probes > 1:
        out["half_open_max_calls"] = out["success_threshold"] = ir.Lit(probes, type=ir.INT)
        low.p.differ(_PROBES.format(count=probes))
    excluded = _excluded(low, fields.get("IsExcluded"))
    out["excluded"] = ir.ListLit([ir.Name(n, type=ir.ERROR) for n in excluded], type=ir.ListT(ir.ERROR))
    _successes(low, fields.get("IsSuccessful"))
    _observer(low, fields.get("OnStateChange"))
    if "Interval" in fields and low.expr(fields["Interval"], DURATION).const != 0:
        low.p.differ(_INTERVAL.format(span=low.p.text(fields["Interval"])))
    for sentence in (_REFUSED, _CANCELLED, _BOUNDARY):
        low.p.differ(sentence)
    return out


def _body(low: ExpressionLowerer, closure: SyntaxNode) -> str:
    return low.p.text(low.child(closure, "body")) if closure.type == "func_literal" else ""


def _threshold(low: ExpressionLowerer, closure: SyntaxNode | None) -> ir.Expr:
    """`return counts.ConsecutiveFailures > n`, which trips at the failure after the n-th."""
    if closure is None:
        return ir.Lit(6, type=ir.INT)
    m = _TRIPS.fullmatch(_body(low, closure))
    if m is None:
        raise low.p.unsupported("a condition to trip that is not a number of failures in a row", closure)
    returned = next(n for n in _walk(closure) if n.type == "binary_expression")
    v = low.expr(low.child(returned, "right"))
    if not isinstance(v.const, int):
        raise low.p.unsupported("a number of failures in a row that is computed", closure)
    least = v.const + (m[2] == ">")
    if not 1 <= least <= 10_000:
        raise low.p.unsupported("a number of failures in a row that is not from 1 to 10000", closure)
    return ir.Lit(least, type=ir.INT)


def _timeout(low: ExpressionLowerer, span: SyntaxNode | None) -> ir.Expr:
    if span is None:
        return ir.Lit(60.0, type=ir.FLOAT)
    v = low.expr(span, DURATION)
    if isinstance(v.const, int) and v.const <= 0:
        return ir.Lit(60.0, type=ir.FLOAT)
    return low.value(span, DURATION)


def _probes(low: ExpressionLowerer, count: SyntaxNode | None) -> int:
    const = low.expr(count, INT).const if count is not None else 1
    if not isinstance(const, int) or not 0 <= const <= 1000:
        raise low.p.unsupported(
            "a MaxRequests that is not known to be from 0 to 1000", count or low.frame.body
        )
    return max(const, 1)


def _excluded(low: ExpressionLowerer, closure: SyntaxNode | None) -> list[str]:
    """`return errors.Is(err, ErrX) || ...`: errors that say nothing of what is called."""
    from foundation_engine.port.front._go_library import error_class

    if closure is None:
        return []
    test = _EXCLUDES.pattern
    if not re.fullmatch(rf"\{{\s*return\s+{test}(?:\s*\|\|\s*{test})*\s*\}}", _body(low, closure)):
        raise low.p.unsupported("errors that are left out by another condition than errors.Is", closure)
    names: list[str] = []
    for call in (n for n in _walk(closure) if n.type == "call_expression"):
        cls = error_class(low, low.named(low.child(call, "arguments"))[1])
        if cls is None:
            raise low.p.unsupported("errors that are left out, which are not of this file", closure)
        if cls != "CancelledError":  # a cancellation never counts
            names.append(cls)
    return names


def _successes(low: ExpressionLowerer, closure: SyntaxNode | None) -> None:
    """Only an IsSuccessful that says what gobreaker says by itself."""
    if closure is not None and not re.fullmatch(r"\{\s*return\s+\w+\s*==\s*nil\s*\}", _body(low, closure)):
        raise low.p.unsupported("errors that count as successes of a circuit", closure)


def _observer(low: ExpressionLowerer, closure: SyntaxNode | None) -> None:
    """An observer of changes of state that only logs, which is left out."""
    if closure is None:
        return
    body = low.named(low.child(closure, "body")) if closure.type == "func_literal" else []
    statements = low.named(body[0]) if body and body[0].type == "statement_list" else body
    if not statements or not all(_only_logs(low, n) for n in statements):
        raise low.p.unsupported("an OnStateChange that does more than log", closure)
    low.p.differ(_SILENT)


def _only_logs(low: ExpressionLowerer, statement: SyntaxNode) -> bool:
    calls = [low.p.text(n) for n in _walk(statement) if n.type == "call_expression"]
    if statement.type != "expression_statement" or not calls or not _LOGS.match(calls[0]):
        return False
    return all(re.fullmatch(r"\w+\.String\(\)", c) or re.match(r"(slog|zap)\.\w+\(", c) for c in calls[1:])


def _of_breaker(
    low: ExpressionLowerer, e: ir.Expr, path: str, name: str, args: list[SyntaxNode], node: SyntaxNode
) -> V:
    from foundation_engine.port.front._go_patterns import block_under

    if name == "Execute" and len(args) == 1:
        return block_under(low, "circuit_breaker", e, args[0], node, {}, _asserted(low, args[0], node))
    if name == "State" and not args:
        low.p.differ(_LATE_STATE)
        op = ir.PatternOp("circuit_breaker", e, "state", [], type=ir.STR, line=low.p.line(node))
        return _v(op, Named(f"{path}.State"))
    raise low.p.unsupported(f"the method {name} of a circuit breaker", node)


def _asserted(low: ExpressionLowerer, closure: SyntaxNode, node: SyntaxNode) -> GoType | None:
    """What a closure gives that declares `any`: the type that every use of the result asserts.

    VOID where nobody looks at the result, None where the closure declares a type.
    """
    if closure.type != "func_literal" or low.p.signature(closure, "").values != (ANY,):
        return None
    statement = node.parent.parent if node.parent is not None else None
    kinds = ("short_var_declaration", "assignment_statement")
    if node.parent is None or node.parent.type != "expression_list" or statement is None:
        raise low.p.unsupported("a result of Execute whose type nothing tells", node)
    if statement.type not in kinds:
        raise low.p.unsupported("a result of Execute whose type nothing tells", node)
    name = low.p.text(low.named(low.child(statement, "left"))[0])
    if name == "_":
        return VOID
    told: set[GoType] = set()
    for n in _walk(low.frame.body):
        if n.type != "identifier" or low.p.text(n) != name or n.start_byte < statement.end_byte:
            continue
        use = n.parent
        if use is None or use.type != "type_assertion_expression" or _is_pair(use):
            raise low.p.unsupported("a result of Execute that is used without a type assertion", node)
        told.add(low.p.type_of(low.child(use, "type")))
        low.asserted.add(use.id)
    if statement.type != "short_var_declaration" or len(told) != 1:
        raise low.p.unsupported("a result of Execute whose type nothing tells", node)
    if any(re.fullmatch(r"nil,\s*nil", low.p.text(n)) for n in _walk(closure) if n.type == "expression_list"):
        raise low.p.unsupported("a result of Execute that is nil without an error", closure)
    return told.pop()


def _is_pair(assertion: SyntaxNode) -> bool:
    """True for `v, ok := x.(T)`."""
    holder = assertion.parent.parent if assertion.parent is not None else None
    left = holder.child_by_field_name("left") if holder is not None else None
    return left is not None and len(left.named_children) == 2


def _walk(node: SyntaxNode) -> Iterator[SyntaxNode]:
    from foundation_engine.port.front._go_package import walk

    return walk(node)


# golang.org/x/time/rate


def _limiter(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> dict[str, ir.Expr]:
    """The arguments of a limiter: so many permits per period, and a burst."""
    if len(args) != 2:
        raise low.p.unsupported("a limiter with these arguments", node)
    limit, period = _rate(low, args[0])
    burst = low.expr(args[1], INT)
    if not isinstance(burst.const, int) or not isinstance(limit, ir.Lit):
        low.p.differ(_NO_LIMITER)
    if isinstance(burst.const, int) and not 1 <= burst.const <= _MOST_PERMITS:
        raise low.p.unsupported("a burst that is not from 1 to 10^9", args[1])
    low.p.differ(_WHOLE_PERMITS)
    out = {"limit": limit, "period": period, "burst": low.value(args[1], INT)}
    if low.p.rates_wait:
        # Only waiting asks for it: Allow never waits.
        out["wait"] = ir.Lit(True, type=ir.BOOL)
    return out


def _rate(low: ExpressionLowerer, node: SyntaxNode) -> tuple[ir.Expr, ir.Expr]:
    """`rate.Limit(n)` or a plain number per second, or `rate.Every(span)`, as permits and seconds."""
    at = node
    if at.type in ("call_expression", "type_conversion_expression"):
        called = low.p.text(at.named_children[0])
        package, _, name = called.partition(".")
        inner = low.named(low.child(at, "arguments")) if at.type == "call_expression" else []
        if low.p.path(package) != RATE or name not in ("Limit", "Every") or len(inner) != 1:
            raise low.p.unsupported("a rate of this kind", node)
        at = inner[0]
        if name == "Every":
            return ir.Lit(1, type=ir.INT), _every(low, at)
    v = low.expr(at)
    if isinstance(v.const, int | float) and not isinstance(v.const, bool):
        per_second = Fraction(str(v.const))
        limit, period = per_second.numerator, per_second.denominator
        if not (1 <= limit <= _MOST_PERMITS and period <= _LONGEST_PERIOD):
            raise low.p.unsupported("a rate that is not a fraction of whole numbers", node)
        return ir.Lit(limit, type=ir.INT), ir.Lit(float(period), type=ir.FLOAT)
    if low.types.ir(v.go) != ir.INT:
        raise low.p.unsupported("a rate that is computed and need not be a whole number", node)
    return low.value(at, INT), ir.Lit(1.0, type=ir.FLOAT)


def _every(low: ExpressionLowerer, span: SyntaxNode) -> ir.Expr:
    v = low.expr(span, DURATION)
    if isinstance(v.const, int):
        seconds = Fraction(v.const, 1_000_000_000)
        if not _SHORTEST_PERIOD <= seconds <= _LONGEST_PERIOD:
            raise low.p.unsupported("a limiter's interval that is not from a millisecond to a day", span)
    return low.value(span, DURATION)


def _of_limiter(low: ExpressionLowerer, e: ir.Expr, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V:
    line = low.p.line(node)
    given = [a for a in args if not low.is_context(a)]
    one: ir.Expr = ir.Lit(1, type=ir.INT)
    match name, len(given):
        case "Allow", 0:
            return _v(ir.PatternOp("rate_limiting", e, "try_acquire", [one], type=ir.BOOL, line=line), BOOL)
        case "Wait", 0:
            return _v(ir.PatternOp("rate_limiting", e, "acquire", [one], type=ir.NONE, line=line), VOID, True)
        case "WaitN", 1:
            low.p.differ(_TOO_MANY)
            many = low.value(given[0], INT)
            return _v(
                ir.PatternOp("rate_limiting", e, "acquire", [many], type=ir.NONE, line=line), VOID, True
            )
        case _:
            raise low.p.unsupported(f"the method {name} of a limiter", node)


__all__ = ["RATE", "function", "is_breaker", "member", "method", "refusal", "settings_of"]
