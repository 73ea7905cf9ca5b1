"""Maps, sets and lists of a Rust function that borrow their keys and elements from texts that outlive them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from foundation_engine.port import ir
from foundation_engine.port.emit._rust_ownership import is_place, root

# What looks for a key, takes one away, or counts.
_ASKING = frozenset(
    {
        "set.contains", "set.discard", "set.remove",
        "dict.contains", "dict.index", "dict.get", "dict.get_or", "dict.pop", "dict.pop_or", "dict.pop_optional",
        "dict.delete", "len", "nonempty",
    }
)  # fmt: skip
# What puts one in.
_FILLING = frozenset({"set.add", "dict.setdefault"})
# What goes through the keys and makes texts of their own of them where they are kept.
_GOING = frozenset({"dict.items", "dict.keys", "dict.values", "to_list", "sorted"})


def borrowed_keys(
    f: ir.Function, others: set[str], lent: Callable[[ir.Expr], bool], free: Callable[[str], bool]
) -> tuple[set[str], set[int]]:
    """The variables that hold such maps and sets, and the keys, by identity, that are written as borrowed texts.

    `others` are written in another way. `lent` says of a text that it is borrowed from what stays, `free` of a variable
    that it stays itself.
    """
    found: dict[str, _Uses] = {}
    bound: Counter[str] = Counter()
    for s in f.body:
        for n in ir.walk(s):
            match n:
                case ir.Assign(target=ir.VarTarget(id=name, declares=True, type=t), value=value) if (
                    (isinstance(t, ir.DictT) and t.key == ir.STR)
                    or (isinstance(t, ir.SetT) and t.elem == ir.STR)
                ) and name not in others:
                    found.setdefault(name, _Uses(t)).start(value, lent, free)
                case _:
                    pass
            match n:
                case ir.VarTarget(id=name) | ir.VarDecl(id=name) | ir.Param(name=name):
                    bound[name] += 1
                case ir.Try(body=body):
                    # What a body introduces is the value of a closure.
                    bound.update(m.id for b in body for m in ir.walk(b) if isinstance(m, ir.VarTarget))
                case ir.FuncDef() | ir.PatternCall():
                    bound.update(m.id for m in ir.walk(n) if isinstance(m, ir.Name))
                case _:
                    pass
    for s in f.body:
        for n in ir.walk(s):
            _note(n, found, lent)
    kept = {
        name: uses
        for name, uses in found.items()
        if uses.good and bound[name] == 1 and uses.named == uses.known
    }
    return set(kept), {i for uses in kept.values() for i in uses.keys}


class _Uses:
    """How one variable is used."""

    def __init__(self, t: ir.Type) -> None:
        self.type = t
        self.good = True
        self.named = self.known = 0
        self.keys: set[int] = set()

    def put(self, key: ir.Expr, lent: bool) -> None:
        """Note a key that is put in."""
        self.good = self.good and lent
        self.keys.add(id(key))

    def start(self, value: ir.Expr, lent: Callable[[ir.Expr], bool], free: Callable[[str], bool]) -> None:
        """Note what the variable holds at first."""
        match value:
            case ir.DictLit(items=items):
                for key, _ in items:
                    self.put(key, lent(key))
            case ir.SetLit(elems=elems):
                for key in elems:
                    self.put(key, lent(key))
            case (
                ir.Comp(
                    kind="dict",
                    elem=ir.TupleLit(elems=[key, _]),
                    clauses=[ir.Clause(target=ir.VarTarget(id=item), iter=over)],
                )
                | ir.Comp(kind="set", elem=key, clauses=[ir.Clause(target=ir.VarTarget(id=item), iter=over)])
            ):
                goes = isinstance(key, ir.Name) and key.id == item
                self.put(key, goes and over.type == ir.ListT(ir.STR) and is_place(over) and free(root(over)))
            case _:
                self.good = False


def _note(n: ir.Node, found: dict[str, _Uses], lent: Callable[[ir.Expr], bool]) -> None:
    """Note what a node does with the variables."""

    def uses(e: ir.Node) -> _Uses | None:
        return found.get(e.id) if isinstance(e, ir.Name) else None

    if (mine := uses(n)) is not None:
        mine.named += 1
    match n:
        case ir.IndexTarget(obj=obj, index=key) if (mine := uses(obj)) is not None:
            mine.known += 1
            mine.put(key, lent(key))
        case ir.Intrinsic(op=op, args=[obj, *rest]) if (mine := uses(obj)) is not None:
            mine.known += op in _ASKING | _FILLING | _GOING
            zero = isinstance(mine.type, ir.DictT) and mine.type.zero
            if op in _FILLING or (zero and op == "dict.index"):
                mine.put(rest[0], lent(rest[0]))
            elif op in _ASKING and rest:
                mine.keys.add(id(rest[0]))
                # Such a key is worked out before it is looked for, and kept.
                mine.good = mine.good and not any(
                    isinstance(m, ir.Cond | ir.Comp | ir.Call | ir.MethodCall) for m in ir.walk(rest[0])
                )
        case ir.For(iter=obj) | ir.Clause(iter=obj) if (mine := uses(obj)) is not None:
            mine.known += 1
        case _:
            pass


# What a list of borrowed texts that grows can be asked.
_LOOKING = frozenset({"list.index", "list.contains", "len", "nonempty"})


@dataclass
class Grown:
    """The texts that are put into a list, and the variables that take them out again."""

    put: list[ir.Expr] = field(default_factory=list[ir.Expr])
    taken: set[str] = field(default_factory=set[str])
    named: int = 0
    known: int = 0


def growing_lists(f: ir.Function) -> dict[str, Grown]:
    """The lists of texts of a function that stay in it, only grow and shrink at their end, and are looked at."""
    found: dict[str, Grown] = {}
    bound: Counter[str] = Counter()
    nodes = [n for s in f.body for n in ir.walk(s)]
    for n in nodes:
        match n:
            case ir.Assign(
                target=ir.VarTarget(id=name, declares=True),
                value=ir.ListLit(elems=elems, type=ir.ListT(ir.STR)),
            ):
                found.setdefault(name, Grown()).put += elems
            case _:
                pass
        match n:
            case ir.VarTarget(id=name) | ir.VarDecl(id=name) | ir.Param(name=name):
                bound[name] += 1
            case ir.Try(body=body):
                bound.update(m.id for b in body for m in ir.walk(b) if isinstance(m, ir.VarTarget | ir.Name))
            case ir.FuncDef() | ir.PatternCall() | ir.Lambda():
                bound.update(m.id for m in ir.walk(n) if isinstance(m, ir.Name))
            case _:
                pass
    for n in nodes:
        match n:
            case ir.Name(id=name) if name in found:
                found[name].named += 1
            case ir.Intrinsic(op="list.append", args=[ir.Name(id=name), item]) if name in found:
                found[name].known += 1
                found[name].put.append(item)
            case ir.Intrinsic(op=op, args=[ir.Name(id=name), *_]) if name in found:
                found[name].known += op in _LOOKING
            case ir.For(target=ir.VarTarget(), iter=ir.Name(id=name)) if name in found:
                found[name].known += 1
            case ir.Assign(
                target=ir.VarTarget(id=to), value=ir.Intrinsic(op="list.pop", args=[ir.Name(id=name)])
            ) if name in found:
                found[name].known += 1
                found[name].taken.add(to)
            case _:
                pass
    return {
        name: uses
        for name, uses in found.items()
        if bound[name] == 1 and uses.named == uses.known and len(uses.put) > 0
    }
