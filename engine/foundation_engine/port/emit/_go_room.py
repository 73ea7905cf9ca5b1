"""Room for the maps and sets in Go that a loop fills with what is new to them."""

from __future__ import annotations

from collections.abc import Sequence

from foundation_engine.port import ir
from foundation_engine.port.passes import CHANGING_MAPS, next_loop, place

_LEAVING = (ir.Break, ir.Return, ir.Hole)
_CHANGING = CHANGING_MAPS | {"set.discard", "set.remove", "set.update", "set.clear"}


def fills_with_new(following: Sequence[ir.Stmt], name: str) -> ir.For | ir.ForRange | None:
    """The loop that comes next and adds what an empty map or set does not have, once in a turn at most.

    A map that counts, adds up or collects has fewer entries than the loop has turns, so it is none of these.
    """
    return next_loop(following, name, _adds_what_is_new)


def _adds_what_is_new(body: list[ir.Stmt], name: str) -> bool:
    nodes = [n for s in body for n in ir.walk(s)]
    if any(isinstance(n, _LEAVING) for n in nodes) or not any(_asks(n, name) for n in nodes):
        return False
    return _most(body, name) == 1


def _asks(n: ir.Node, name: str) -> bool:
    """True for the question whether the map or set has a key, of a type with many values."""
    match n:
        case ir.Intrinsic(op="dict.contains" | "dict.lookup" | "set.contains", args=[ir.Name(id=of), key]):
            return of == name and key.type not in (ir.CHAR, ir.BOOL)
        case _:
            return False


def _most(body: list[ir.Stmt], name: str) -> int:
    """How many entries a turn adds at most; 2 where it does anything else to the map."""
    total = 0
    for s in body:
        match s:
            case ir.ExprStmt(value=ir.Intrinsic(op="set.add", args=[ir.Name(id=to), _])) if to == name:
                total += 1
            case ir.Assign(target=ir.IndexTarget(obj=ir.Name(id=to)), value=value) if to == name:
                total += 2 if _collects(value) else 1
            case ir.If(body=then, orelse=orelse):
                total += max(_most(then, name), _most(orelse, name))
            case _:
                total += 2 * any(_changes(n, name) for n in ir.walk(s))
    return total


def _collects(value: ir.Expr) -> bool:
    """True for what an entry begins with, or goes on with, that counts, adds up or collects."""
    if isinstance(value, ir.Lit) or not isinstance(value.type, ir.P | ir.NamedT):
        return True
    return value.type in (ir.INT, ir.FLOAT) and not isinstance(value, ir.Name)


def _changes(n: ir.Node, name: str) -> bool:
    match n:
        case ir.IndexTarget(obj=obj):
            return place(obj) == name
        case ir.VarTarget(id=to):
            return to == name
        case ir.Intrinsic(op=op, args=[obj, *_]):
            return (op in _CHANGING or op == "set.add") and place(obj) == name
        case _:
            return False
