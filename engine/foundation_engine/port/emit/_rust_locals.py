"""Variables that need no values of their own in Rust: literals that are only looked at, parts of a text, fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from foundation_engine.port import ir
from foundation_engine.port.emit._rust_ownership import Facts
from foundation_engine.port.passes import stores
from foundation_engine.port.simplify import rewrite

# What a list of borrowed texts can be asked, besides being gone through.
_ASKING = frozenset({"list.contains", "list.index", "list.find_or_raise", "len", "nonempty"})
# What a map that is written as a `match` can be asked.
_LOOKING = frozenset({"dict.index", "dict.get", "dict.get_or", "dict.contains"})


@dataclass
class Locals:
    """Variables by what they are: `&str`, `&[T]` of values that copy, lists of `&str`, maps written as a `match`."""

    texts: set[str] = field(default_factory=set[str])
    arrays: set[str] = field(default_factory=set[str])
    lists: set[str] = field(default_factory=set[str])
    maps: set[str] = field(default_factory=set[str])


def literal_locals(f: ir.Function, facts: Facts, copies: Callable[[ir.Type], bool]) -> Locals:
    """The variables of a function that are assigned once, where they are introduced, and only looked at."""
    out = Locals()
    assigned: dict[str, list[ir.Expr | None]] = {}
    inside: set[int] = set()
    for s in f.body:
        for n in ir.walk(s):
            match n:
                case ir.Assign(target=ir.VarTarget(id=name, declares=True) as target, value=value):
                    assigned.setdefault(name, []).append(value)
                    inside.add(id(target))
                case ir.VarTarget(id=name) if id(n) not in inside:
                    assigned.setdefault(name, []).append(None)
                case ir.Param(name=name) | ir.VarDecl(id=name):
                    assigned.setdefault(name, []).append(None)
                case ir.Try(body=body):
                    # What a body sets is the value of a closure, which owns it.
                    for inner in (m for b in body for m in ir.walk(b) if isinstance(m, ir.VarTarget)):
                        assigned.setdefault(inner.id, []).append(None)
                case _:
                    pass
    for name, values in assigned.items():
        value = values[0]
        if len(values) != 1 or value is None or name in facts.changed or name in facts.often:
            continue
        match value:
            case ir.Lit() if value.type == ir.STR:
                out.texts.add(name)
            case (
                ir.ListLit(elems=[_, *_], type=ir.ListT(elem)) | ir.SetLit(elems=[_, *_], type=ir.SetT(elem))
            ):
                if not all(isinstance(v, ir.Lit) for v in value.elems):
                    continue
                if isinstance(value, ir.SetLit) and not _only(
                    f, name, frozenset({"set.contains"}), loops=False
                ):
                    continue
                if elem == ir.STR and _only(f, name, _ASKING | {"set.contains"}):
                    out.lists.add(name)
                elif copies(elem) and elem != ir.FLOAT:
                    out.arrays.add(name)
            case ir.Intrinsic(op="str.split" | "str.split_ws", args=[ir.Name(id=source), *_]):
                given = {p.name for p in f.params if p.type == ir.STR}
                if source in given - set(assigned) and _only(f, name, _ASKING):
                    out.lists.add(name)
            case ir.DictLit(items=[_, *_]):
                simple = all(isinstance(k, ir.Lit) and isinstance(v, ir.Lit) for k, v in value.items)
                keys = isinstance(value.type, ir.DictT) and value.type.key in (ir.STR, ir.INT, ir.CHAR)
                plain = (
                    isinstance(value.type, ir.DictT)
                    and not value.type.zero
                    and (value.type.value == ir.STR or copies(value.type.value))
                )
                if simple and keys and plain and _only(f, name, _LOOKING, loops=False):
                    out.maps.add(name)
            case _:
                pass
    return out


def _only(f: ir.Function, name: str, operations: frozenset[str], loops: bool = True) -> bool:
    """True when a variable is only the first operand of some operations, joined, or gone through by a variable."""

    def named(e: ir.Node) -> bool:
        return isinstance(e, ir.Name) and e.id == name

    total = good = 0
    for s in f.body:
        for n in ir.walk(s):
            total += named(n)
            match n:
                case ir.Intrinsic(op=op, args=[first, *_]) if op in operations:
                    good += named(first)
                case ir.Intrinsic(op="str.join", args=[_, texts]) if loops:
                    good += named(texts)
                case ir.For(target=ir.VarTarget(), iter=e) | ir.Clause(target=ir.VarTarget(), iter=e) if (
                    loops
                ):
                    good += named(e)
                case _:
                    pass
    return 0 < total == good


def reading_parameters(init: ir.Function) -> list[ir.Stmt]:
    """The body of an initialiser that reads its parameters in place of the fields which hold them already.

    So where it can neither change the one nor the other in between: up to the first use of the object as a whole.
    """
    plain = (ir.INT, ir.FLOAT, ir.BOOL, ir.STR)
    fixed = {p.name for p in init.params if p.type in plain} - stores(init.body)
    counts = Counter(
        n.name for s in init.body for n in ir.walk(s) if isinstance(n, ir.FieldTarget) and _is_self(n.obj)
    )
    held: dict[str, ir.Name] = {}
    out: list[ir.Stmt] = []

    def parameter(e: ir.Expr) -> ir.Expr:
        if isinstance(e, ir.Field) and _is_self(e.obj) and e.name in held:
            return replace(held[e.name], line=e.line)
        return e

    for i, s in enumerate(init.body):
        whole = sum(_is_self(n) for n in ir.walk(s))
        parts = sum(isinstance(n, ir.Field | ir.FieldTarget) and _is_self(n.obj) for n in ir.walk(s))
        if whole > parts:
            return [*out, *init.body[i:]]
        rewrite(s, parameter)
        out.append(s)
        match s:
            case ir.Assign(target=ir.FieldTarget(obj=obj, name=name), value=ir.Name() as value) if (
                _is_self(obj) and value.id in fixed and counts[name] == 1
            ):
                held[name] = value
            case _:
                pass
    return out


def _is_self(n: ir.Node) -> bool:
    """True for the object that a method is called on."""
    return isinstance(n, ir.Name) and n.id == "self"
