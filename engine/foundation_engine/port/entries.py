"""Values that are worked out from a map while an entry of it is made and changes.

In Go the value would not see the new entry, and Rust's borrows do not allow it in one step.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from foundation_engine.port import ir
from foundation_engine.port.passes import blocks
from foundation_engine.port.simplify import names_taken

_EMPTY: Mapping[type[ir.Type], type[ir.ListLit | ir.SetLit | ir.DictLit]] = {
    ir.ListT: ir.ListLit,
    ir.SetT: ir.SetLit,
    ir.DictT: ir.DictLit,
}
_CHANGES = frozenset({"list.append", "list.extend", "list.insert", "set.add", "set.update", "dict.update"})


def take_values_first(module: ir.Module, *, known: bool) -> None:
    """`d.setdefault(k, []).append(len(d))` in steps: the entry is made, the value is worked out, the entry changes.

    `known` takes the steps for an entry that is there already, too.
    """
    for _, f in module.functions():
        _take(f.body, names_taken(f), known)


def _take(body: list[ir.Stmt], taken: set[str], known: bool) -> None:
    for s in body:
        for inner in blocks(s):
            _take(inner, taken, known)
    body[:] = [step for s in body for step in _steps(s, taken, known)]


def _steps(s: ir.Stmt, taken: set[str], known: bool) -> list[ir.Stmt]:
    if not isinstance(s, ir.ExprStmt) or not isinstance(s.value, ir.Intrinsic) or s.value.op not in _CHANGES:
        return [s]
    change = s.value
    entry, values = change.args[0], change.args[1:]
    if not isinstance(entry, ir.Intrinsic) or entry.op not in ("dict.index", "dict.setdefault"):
        return [s]
    table, key = entry.args[0], entry.args[1]
    root = table
    while isinstance(root, ir.Intrinsic | ir.Field):
        root = root.args[0] if isinstance(root, ir.Intrinsic) else root.obj
    if not isinstance(root, ir.Name):
        return [s]
    made = _made(entry)
    reads = [v for v in values if any(isinstance(n, ir.Name) and n.id == root.id for n in ir.walk(v))]
    if not reads or (made is None and (_makes(entry) or not known)):
        return [s]
    out: list[ir.Stmt] = []
    if not isinstance(key, ir.Name | ir.Lit):
        # It is worked out once.
        entry.args[1] = key = _bound(key, "key", taken, out)
    if made is not None:
        args = [copy.deepcopy(table), copy.deepcopy(key), copy.deepcopy(made)]
        out.append(ir.ExprStmt(ir.Intrinsic("dict.setdefault", args, type=entry.type), line=s.line))
    for i, v in enumerate(values, 1):
        if any(v is r for r in reads):
            change.args[i] = _bound(v, "value", taken, out)
    out[0].comments, s.comments = s.comments, []
    return [*out, s]


def _makes(entry: ir.Intrinsic) -> bool:
    """Whether to look the entry up makes it where there is none."""
    table = entry.args[0].type
    return entry.op == "dict.setdefault" or (isinstance(table, ir.DictT) and table.zero)


def _made(entry: ir.Intrinsic) -> ir.Expr | None:
    """What an entry is made with; None for one that is not made, or that starts as something else than empty."""
    table = entry.args[0].type
    if entry.op == "dict.setdefault":
        return entry.args[2]
    if not isinstance(table, ir.DictT) or not table.zero or type(table.value) not in _EMPTY:
        return None
    return _EMPTY[type(table.value)]([], type=table.value)


def _bound(value: ir.Expr, word: str, taken: set[str], out: list[ir.Stmt]) -> ir.Name:
    """A new variable with a value that is worked out here."""
    name = next(n for n in (word, *(f"{word}{k}" for k in range(2, 1000))) if n not in taken)
    taken.add(name)
    out.append(ir.Assign(ir.VarTarget(name, type=value.type), value, line=value.line))
    return ir.Name(name, type=value.type)
