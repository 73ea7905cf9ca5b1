"""Numbers that integers are never below, so that positions need no tests for those from the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from foundation_engine.port import ir


def lower_bound(e: ir.Expr, known: Callable[[str], int | None]) -> int | None:
    """A number that the integer is never below, or None; `known` says it of a variable."""
    match e:
        case ir.Lit(value=int() as v):
            return v
        case ir.Name(id=name):
            return known(name)
        case ir.Intrinsic(
            op="len" | "str.ord" | "str.byte_len" | "list.count" | "str.count" | "int.abs" | "str.byte_at"
        ):
            return 0
        case ir.Intrinsic(op="str.find" | "str.rfind" | "str.byte_find" | "str.byte_rfind"):
            return -1
        case ir.Intrinsic(op="int.add", args=[a, b]):
            x, y = lower_bound(a, known), lower_bound(b, known)
            return x + y if x is not None and y is not None else None
        case ir.Intrinsic(op="int.sub", args=[a, ir.Lit(value=int() as v)]):
            x = lower_bound(a, known)
            return x - v if x is not None else None
        case ir.Intrinsic(op="int.mul" | "int.floordiv" | "int.truncdiv" | "int.rem", args=[a, b]):
            x, y = lower_bound(a, known), lower_bound(b, known)
            return 0 if x is not None and y is not None and x >= 0 and y >= 0 else None
        case ir.Intrinsic(op="int.mod", args=[_, b]):
            y = lower_bound(b, known)
            return 0 if y is not None and y >= 0 else None
        case ir.Intrinsic(op="max", args=args):
            return max((low for a in args if (low := lower_bound(a, known)) is not None), default=None)
        case ir.Intrinsic(op="min", args=args):
            least = [low for a in args if (low := lower_bound(a, known)) is not None]
            return min(least) if len(least) == len(args) else None
        case ir.Cond(body=body, orelse=orelse):
            x, y = lower_bound(body, known), lower_bound(orelse, known)
            return min(x, y) if x is not None and y is not None else None
        case _:
            return None


def of_literals(
    e: ir.Expr,
    body: Sequence[ir.Stmt],
    constant: Callable[[ir.Name], bool],
    asked: frozenset[str] = frozenset(),
) -> bool:
    """True for a value that a compiler may know: of literals, and of variables that are only set to such values.

    `body` is the function's; `constant` says of a name that it is a constant of the module.
    """
    nodes = [n for s in body for n in ir.walk(s)]
    for name in (n for n in ir.walk(e) if isinstance(n, ir.Name) and n.id not in asked):
        targets = sum(isinstance(n, ir.VarTarget) and n.id == name.id for n in nodes)
        values = [
            n.value
            for n in nodes
            if isinstance(n, ir.Assign | ir.AugAssign)
            and isinstance(n.target, ir.VarTarget)
            and n.target.id == name.id
        ]
        if not values and constant(name):
            continue
        asked |= {name.id}
        if not values or len(values) != targets:
            return False
        if not all(of_literals(v, body, constant, asked) for v in values):
            return False
    return not any(isinstance(n, ir.Call | ir.MethodCall | ir.Field | ir.Comp) for n in ir.walk(e))
