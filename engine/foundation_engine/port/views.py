"""Variables that name a list inside of something else: targets whose lists are values write the place itself.

In `places = index[word]`, followed by `places.append(i)`, both names hold one list. A slice or vector that has grown is
another one, so that the variable is replaced by its place, or the function is declined.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from foundation_engine.port import ir
from foundation_engine.port.passes import CHANGING, CHANGING_MAPS, GROWING, blocks
from foundation_engine.port.simplify import rewrite

_TAKING = frozenset(
    [
        "list.index",
        "dict.index",
        "tuple.index",
        "dict.get",
        "dict.get_or",
        "dict.setdefault",
        "max",
        "min",
        "max_of",
        "min_of",
    ]
)


def shares(e: ir.Expr) -> bool:
    """True when the value may be held somewhere else as well."""
    match e:
        case ir.Name() | ir.Field():
            return True
        case ir.Intrinsic(op=op):
            return op in _TAKING
        case ir.Cond(body=body, orelse=orelse):
            return shares(body) or shares(orelse)
        case ir.Wrap(value=inner) | ir.Unwrap(value=inner):
            return shares(inner)
        case _:
            return False


def inline_views(f: ir.Function) -> None:
    """Write the place of a list in place of a variable that names it and changes its length.

    Raises Unsupported where the place may not be the same any more when it is used.
    """
    grown = {
        name.id
        for s in f.body
        for n in ir.walk(s)
        if isinstance(n, ir.Intrinsic) and n.op in GROWING and isinstance(name := _bare(n.args[0]), ir.Name)
    }
    if grown:
        _views(f, f.body, grown)


def _bare(e: ir.Expr) -> ir.Expr:
    return _bare(e.value) if isinstance(e, ir.Unwrap) else e


def _views(f: ir.Function, body: list[ir.Stmt], grown: set[str]) -> None:
    i = 0
    while i < len(body):
        s = body[i]
        if isinstance(s, ir.For):
            held = {t.id for t in ir.walk(s.target) if isinstance(t, ir.VarTarget)} & grown
            if held and not isinstance(s.iter, ir.Call | ir.MethodCall | ir.Comp | ir.ListLit):
                raise ir.Unsupported(
                    "a loop variable that grows or shrinks, which its list sees", min(held), s.line
                )
        if (
            isinstance(s, ir.Assign)
            and isinstance(s.target, ir.VarTarget)
            and s.target.id in grown
            and not isinstance(s.value, ir.Name)
            and shares(s.value)
        ):
            body[i : i + 1] = _inlined(f, s, s.target.id, body[i + 1 :])
            continue
        for inner in blocks(s):
            _views(f, inner, grown)
        i += 1


def _inlined(f: ir.Function, s: ir.Assign, name: str, rest: list[ir.Stmt]) -> list[ir.Stmt]:
    """What is left of the assignment once the statements after it use the place."""
    parts = list(_parts(s.value))
    used = sum(_uses(after, name) for after in rest)
    if (
        None in parts
        or used != sum(_uses(other, name) for other in f.body)
        or _assigned(f, name) != 1
        or any(_disturbs(after, parts[-1], set(parts)) for after in rest)
    ):
        raise ir.Unsupported("a list that is stored and then grows, which both names see", name, s.line)
    found = s.value
    first: list[ir.Stmt] = []
    if isinstance(found, ir.Intrinsic) and found.op == "dict.setdefault":
        holder, key, default = found.args
        there = ir.Intrinsic("dict.contains", [copy.deepcopy(holder), copy.deepcopy(key)], type=ir.BOOL)
        put = ir.IndexTarget(copy.deepcopy(holder), copy.deepcopy(key), type=found.type)
        first = [ir.If(ir.Not(there, type=ir.BOOL), [ir.Assign(put, default, line=s.line)], [], line=s.line)]
        first[0].comments, first[0].trailing = s.comments, s.trailing
        found = ir.Intrinsic("dict.index", [holder, key], type=found.type, line=found.line)
    for after in rest:
        rewrite(after, lambda e: copy.deepcopy(found) if isinstance(e, ir.Name) and e.id == name else e)
    return first


def _parts(e: ir.Expr) -> Iterator[str | None]:
    """The variables of a place, the one that it begins with last; None where it is more than names and literals."""
    match e:
        case ir.Name(id=name):
            yield name
        case ir.Field(obj=obj):
            yield from _parts(obj)
        case ir.Intrinsic(op="list.index" | "dict.index" | "dict.setdefault", args=[obj, at, *_]) if not (
            e.op == "dict.index" and e.raises
        ):
            if isinstance(at, ir.Intrinsic) and at.op in ("from_end", "wrap"):
                at = at.args[0]
            if isinstance(at, ir.Name):
                yield at.id
            elif not isinstance(at, ir.Lit):
                yield None
            yield from _parts(obj)
        case _:
            yield None


def _uses(s: ir.Stmt, name: str) -> int:
    return sum(isinstance(n, ir.Name) and n.id == name for n in ir.walk(s))


def _assigned(f: ir.Function, name: str) -> int:
    targets = (n for s in f.body for n in ir.walk(s) if isinstance(n, ir.VarTarget))
    return sum(t.id == name for t in targets) + 2 * any(p.name == name for p in f.params)


def _disturbs(s: ir.Stmt, root: str | None, names: set[str | None]) -> bool:
    """True when a statement may make the place another one."""
    for n in ir.walk(s):
        match n:
            case ir.VarTarget(id=name) | ir.Param(name=name) if name in names:
                return True
            case ir.IndexTarget(obj=obj) | ir.FieldTarget(obj=obj) if root in _parts(obj):
                return True
            case ir.Intrinsic(op=op, args=[obj, *_]) if (
                op in CHANGING or op in CHANGING_MAPS
            ) and root in _parts(obj):
                return True
            case ir.Call(args=args) | ir.MethodCall(args=args):
                holders = [*args, *([n.obj] if isinstance(n, ir.MethodCall) else [])]
                if any(root in _parts(a) for a in holders):
                    return True
            case _:
                pass
    return False
