"""Rust's Duration as a number of seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front import _rust_types as rt
from foundation_engine.port.front._rust_body import V, lit, number, op
from foundation_engine.port.front._rust_types import is_int, resolve

if TYPE_CHECKING:
    from foundation_engine.port.front._rust_expr import Expressions

SECONDS = "A Duration is a number of seconds."
_UNITS = {"from_secs": 1.0, "from_millis": 1e3, "from_micros": 1e6, "from_nanos": 1e9}
_WHOLE = {"as_secs": 10**9, "as_millis": 10**6, "as_micros": 1000, "as_nanos": 1}
_ARITHMETIC = {"+": "add", "-": "sub"}


def made(body: Expressions, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V:
    """`Duration::from_millis(n)` and its like."""
    body.scope.differ(SECONDS)
    if name == "from_secs_f64":
        return V(body.x(args[0], rt.FLOAT).e, rt.DURATION)
    unit = _UNITS.get(name)
    if unit is None:
        raise body.fail(f"a call of Duration::{name}", node)
    n = body.x(args[0], rt.U64)
    if isinstance(n.e, ir.Lit):
        return V(lit(n.e.value / unit, ir.FLOAT), rt.DURATION)
    count = op("int.to_float", [n.e], ir.FLOAT)
    if unit == 1.0:
        return V(count, rt.DURATION)
    return V(op("float.div", [count, lit(unit, ir.FLOAT)], ir.FLOAT), rt.DURATION)


def method(body: Expressions, v: V, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
    """A method of a duration, None for one that is not known."""
    if name in _WHOLE:
        ns = op("float.round", [op("float.mul", [v.e, lit(1e9, ir.FLOAT)], ir.FLOAT)], ir.INT)
        if _WHOLE[name] == 1:
            return V(ns, rt.U64)
        return V(op("int.truncdiv", [ns, number(_WHOLE[name])], ir.INT), rt.U64)
    if name in ("as_secs_f64", "as_secs_f32"):
        return V(v.e, rt.FLOAT)
    if name in ("min", "max"):
        other = body.x(args[0], rt.DURATION)
        body.unify(other.t, rt.DURATION, node)
        return V(op(name, [v.e, other.e], ir.FLOAT), rt.DURATION)
    if name == "is_zero":
        return V(op("eq", [v.e, lit(0.0, ir.FLOAT)], ir.BOOL), rt.BOOL)
    if name == "mul_f64":
        return V(op("float.mul", [v.e, body.x(args[0], rt.FLOAT).e], ir.FLOAT), rt.DURATION)
    if name == "saturating_mul":
        factor = op("int.to_float", [body.x(args[0], rt.U32).e], ir.FLOAT)
        return V(op("float.mul", [v.e, factor], ir.FLOAT), rt.DURATION)
    if name == "saturating_sub":
        rest = op("float.sub", [v.e, body.x(args[0], rt.DURATION).e], ir.FLOAT)
        return V(op("max", [rest, lit(0.0, ir.FLOAT)], ir.FLOAT), rt.DURATION)
    return None


def arithmetic(body: Expressions, sign: str, a: V, b: V, node: SyntaxNode) -> V:
    """A sum or difference of two durations, or one times or by a number."""
    left, right = resolve(a.t), resolve(b.t)
    body.scope.differ(SECONDS)
    if sign in _ARITHMETIC and left == right == rt.DURATION:
        if sign == "-":
            raise body.fail("a difference of durations, which may not be below zero", node)
        return V(op(f"float.{_ARITHMETIC[sign]}", [a.e, b.e], ir.FLOAT), rt.DURATION)
    if right == rt.DURATION and sign == "*" and is_int(left):
        a, b, left, right = b, a, right, left
    if left == rt.DURATION and is_int(right) and sign in "*/":
        factor: ir.Expr = op("int.to_float", [b.e], ir.FLOAT)
        if isinstance(b.e, ir.Lit):
            factor = lit(float(b.e.value), ir.FLOAT)
        if sign == "*":
            return V(op("float.mul", [a.e, factor], ir.FLOAT), rt.DURATION)
        return V(op("float.div", [a.e, factor], ir.FLOAT, "ZeroDivisionError"), rt.DURATION)
    raise body.fail(f"{sign} of durations", node)


def is_duration(v: V) -> bool:
    """True for a value that is a duration."""
    return resolve(v.t) == rt.DURATION


def slept(body: Expressions, args: list[SyntaxNode]) -> V:
    """`sleep(d)`, of a thread or a task."""
    d = body.x(args[0], rt.DURATION)
    return V(op("sleep", [d.e], ir.NONE), rt.UNIT)


__all__ = ["arithmetic", "is_duration", "made", "method", "slept"]
