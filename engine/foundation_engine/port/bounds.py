"""Numbers that integers are never below, so that positions need no tests for those from the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

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
        case ir.Intrinsic(op="int.mul", args=[a, b]):
            x, y = lower_bound(a, known), lower_bound(b, known)
            return x * y if x is not None and y is not None and x >= 0 and y >= 0 else None
        case ir.Intrinsic(op="int.floordiv" | "int.truncdiv" | "int.rem", args=[a, b]):
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


class Stored:
    """What a function's statements store in its variables."""

    def __init__(self, body: Sequence[ir.Stmt]) -> None:
        self.body = body
        self._times: Counter[str] = Counter()
        self._values: dict[str, list[ir.Expr]] = {}
        for n in (n for s in body for n in ir.walk(s)):
            match n:
                case ir.VarTarget(id=name):
                    self._times[name] += 1
                case (
                    ir.Assign(target=ir.VarTarget(id=name), value=value)
                    | ir.AugAssign(target=ir.VarTarget(id=name), value=value)
                ):
                    self._values.setdefault(name, []).append(value)
                case _:
                    pass

    def values(self, name: str) -> list[ir.Expr] | None:
        """What the variable is set to, or None where something else sets it, too."""
        found = self._values.get(name, [])
        return found if len(found) == self._times[name] else None


def of_literals(
    e: ir.Expr,
    stored: Stored,
    constant: Callable[[ir.Name], ir.Expr | None],
    asked: frozenset[str] = frozenset(),
) -> bool:
    """True for a value that a compiler may know: of literals, and of variables that are only set to such values.

    `stored` is the function's, or empty where a compiler looks at no variables; `constant` is the value of a constant
    of the module.
    """
    for name in (n for n in ir.walk(e) if isinstance(n, ir.Name) and n.id not in asked):
        values = stored.values(name.id)
        if not values and (values is None or constant(name) is None):
            return False
        asked |= {name.id}
        if not all(of_literals(v, stored, constant, asked) for v in values):
            return False
    return not any(isinstance(n, ir.Call | ir.MethodCall | ir.Field | ir.Comp) for n in ir.walk(e))


def may_be_seen_as_zero(
    divisor: ir.Expr,
    known: Mapping[str, int],
    stored: Stored,
    constant: Callable[[ir.Name], ir.Expr | None],
) -> bool:
    """True for an integer of which a compiler may see that it is zero, and refuse to divide by it.

    `known` says what variables are never below, the others are those of `of_literals`.
    """

    def least(name: str) -> int | None:
        value = constant(ir.Name(name, type=ir.INT))
        return known.get(name) if value is None else lower_bound(value, least)

    value = constant(divisor) if isinstance(divisor, ir.Name) else divisor
    if isinstance(value, ir.Lit) and value.value:
        return False
    return (lower_bound(divisor, least) or 0) < 1 and of_literals(divisor, stored, constant)
