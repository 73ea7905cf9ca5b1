"""Rows of tables in Go: two lists that take turns where each row is made of the one before, and rows found once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from foundation_engine.port import ir
from foundation_engine.port.passes import CHANGING, blocks, stores
from foundation_engine.port.proofs import Proofs
from foundation_engine.port.simplify import names_taken, rewrite

_CALLS = (ir.Call, ir.MethodCall, ir.PatternOp, ir.PatternCall, ir.PatternNew, ir.Lambda, ir.FuncDef, ir.Try)


def keep_rows(module: ir.Module) -> None:
    """Rewrite the functions of a module in place.

    `list.again(xs, item, ...)` is a new list in the memory of another one that nothing reads any more, and
    `list.room(xs)` an empty list with room for as many items as another has.
    """
    for _, f in module.functions():
        taken = names_taken(f)
        _Rows(f, taken).take_turns(f.body)
        _find_once(f, module, taken)


class _Rows:
    """Lists of a function that take turns."""

    def __init__(self, f: ir.Function, taken: set[str]) -> None:
        self.f, self.taken = f, taken
        self.nodes = [n for s in f.body for n in ir.walk(s)]

    def take_turns(self, body: list[ir.Stmt]) -> None:
        """Let the row that was made and the one before it take turns in two pieces of memory."""
        out: list[ir.Stmt] = []
        for s in body:
            for inner in blocks(s):
                self.take_turns(inner)
            match s:
                case (
                    ir.For(
                        body=[
                            ir.Assign(target=ir.VarTarget(id=new), value=ir.ListLit(elems=first)) as made,
                            *_,
                            ir.Assign(
                                target=ir.VarTarget(id=old), value=ir.Name(id=again, type=ir.ListT())
                            ) as turn,
                        ]
                    )
                    | ir.ForRange(
                        body=[
                            ir.Assign(target=ir.VarTarget(id=new), value=ir.ListLit(elems=first)) as made,
                            *_,
                            ir.Assign(
                                target=ir.VarTarget(id=old), value=ir.Name(id=again, type=ir.ListT())
                            ) as turn,
                        ]
                    )
                ) if again == new != old and self._own(new, old, [made, turn]):
                    spare = self._fresh("spare")
                    kind = turn.value.type
                    before = ir.Name(old, type=kind, line=s.line)
                    room = ir.Intrinsic("list.room", [before], type=kind, line=s.line)
                    out.append(
                        ir.Assign(ir.VarTarget(spare, type=kind), room, line=s.line, comments=s.comments)
                    )
                    s.comments = []
                    made.value = ir.Intrinsic(
                        "list.again", [ir.Name(spare, type=kind), *first], type=kind, line=made.line
                    )
                    both: list[ir.Target] = [ir.VarTarget(spare, type=kind), turn.target]
                    values: list[ir.Expr] = [ir.Name(old, type=kind), turn.value]
                    pair = ir.TupleT((kind, kind))
                    s.body[-1] = ir.Assign(
                        ir.TupleTarget(both, type=pair),
                        ir.TupleLit(values, type=pair, line=turn.line),
                        line=turn.line,
                        comments=turn.comments,
                        trailing=turn.trailing,
                    )
                case _:
                    pass
            out.append(s)
        body[:] = out

    def _fresh(self, name: str) -> str:
        made, count = name, 1
        while made in self.taken:
            count += 1
            made = f"{name}_{count}"
        self.taken.add(made)
        return made

    def _own(self, new: str, old: str, mine: Sequence[ir.Assign]) -> bool:
        """True when nothing else holds the lists: both are only looked into and appended to, and made here."""
        if new in (names := {p.name for p in self.f.params}) or old in names:
            return False
        looks = 0
        for n in self.nodes:
            match n:
                case ir.Intrinsic(op="list.index" | "len" | "nonempty", args=[ir.Name(id=of), *_]) if of in (
                    new,
                    old,
                ):
                    looks += 1
                case ir.Intrinsic(op="list.append", args=[ir.Name(id=of), _]) if of == new:
                    looks += 1
                case ir.IndexTarget(obj=ir.Name(id=of)) if of in (new, old):
                    looks += 1
                case ir.Assign(target=ir.VarTarget(id=to), value=value) if to in (new, old):
                    if not any(n is m for m in mine) and not _made(value):
                        return False
                case ir.Lambda() | ir.FuncDef() | ir.PatternCall() if {new, old} & {
                    m.id for m in ir.walk(n) if isinstance(m, ir.Name)
                }:
                    return False
                case _:
                    pass
        mentions = sum(isinstance(n, ir.Name) and n.id in (new, old) for n in self.nodes)
        sets = sum(isinstance(n, ir.VarTarget) and n.id in (new, old) for n in self.nodes)
        assigned = sum(
            isinstance(n, ir.Assign) and isinstance(n.target, ir.VarTarget) and n.target.id in (new, old)
            for n in self.nodes
        )
        made_here = sum(isinstance(n, ir.VarTarget) and n.id == new for n in self.nodes) == 1
        return made_here and sets == assigned and mentions == looks + 1


def _made(value: ir.Expr) -> bool:
    """True for a list that nobody else holds."""
    return isinstance(value, ir.ListLit | ir.Comp) or (
        isinstance(value, ir.Intrinsic) and value.op in ("to_list", "list.repeat", "list.copy")
    )


@dataclass
class _Found:
    """A row that is found before a loop: the loop, and the statement that finds it."""

    loop: ir.ForRange
    row: ir.Assign


def _find_once(f: ir.Function, module: ir.Module, taken: set[str]) -> None:
    """Find the rows that innermost loops look into before they begin, where they are known to be there."""
    inside = Proofs(f, module).inside
    found: list[_Found] = []
    _place(f.body, inside, taken, found)
    if not found:
        return
    # What is known inside of a loop need not be known before it.
    inside = Proofs(f, module).inside
    _remove(f.body, {id(x.row) for x in found if id(x.row.value) not in inside})
    for x in found:
        if id(x.row.value) in inside and isinstance(x.row.target, ir.VarTarget):
            x.row.comments, x.loop.comments = x.loop.comments, []
            _name_row(x.loop.body, x.row.value, x.row.target.id)


def _place(body: list[ir.Stmt], inside: set[int], taken: set[str], found: list[_Found]) -> None:
    out: list[ir.Stmt] = []
    for s in body:
        for inner in blocks(s):
            _place(inner, inside, taken, found)
        if isinstance(s, ir.ForRange):
            rows = [_Found(s, row) for row in _rows_before(s, inside, taken)]
            found += rows
            out += [x.row for x in rows]
        out.append(s)
    body[:] = out


def _remove(body: list[ir.Stmt], gone: set[int]) -> None:
    for s in body:
        for inner in blocks(s):
            _remove(inner, gone)
    body[:] = [s for s in body if id(s) not in gone]


def _name_row(body: Sequence[ir.Stmt], row: ir.Expr, name: str) -> None:
    for s in body:
        rewrite(s, lambda e: ir.Name(name, type=e.type, line=e.line) if ir.same(e, row) else e)


def _rows_before(s: ir.ForRange, inside: set[int], taken: set[str]) -> list[ir.Assign]:
    nodes = [n for b in s.body for n in ir.walk(b)]
    if any(isinstance(n, (*_CALLS, ir.For, ir.ForRange, ir.While, ir.Comp)) for n in nodes):
        return []
    if any(isinstance(n, ir.Intrinsic) and n.op in CHANGING for n in nodes):
        return []
    # Rows stay what they are where only what is inside of them is set.
    if any(isinstance(n, ir.IndexTarget) and not isinstance(n.type, ir.P) for n in nodes):
        return []
    changed = stores(s.body) | {s.target.id}
    out: list[ir.Assign] = []
    for row in _rows(nodes, inside):
        names = [n.id for n in ir.walk(row) if isinstance(n, ir.Name)]
        if not changed.isdisjoint(names) or any(ir.same(row, known.value) for known in out):
            continue
        name = _row_name(names[0], taken)
        out.append(ir.Assign(ir.VarTarget(name, type=row.type), ir.unshared(row), line=s.line))
    return out


def _rows(nodes: Sequence[ir.Node], inside: set[int]) -> list[ir.Intrinsic]:
    """The rows of tables that are looked into, by a variable or a number that is known to be one of theirs."""
    found: list[ir.Intrinsic] = []
    for n in nodes:
        match n:
            case (
                ir.Intrinsic(op="list.index", args=[ir.Intrinsic(op="list.index") as row, _])
                | ir.IndexTarget(obj=ir.Intrinsic(op="list.index") as row)
            ) if (
                id(row) in inside
                and isinstance(row.args[0], ir.Name)
                and isinstance(row.args[1], ir.Name | ir.Lit)
            ):
                found.append(row)
            case _:
                pass
    return found


def _row_name(table: str, taken: set[str]) -> str:
    name, count = f"{table}_row", 1
    while name in taken:
        count += 1
        name = f"{table}_row_{count}"
    taken.add(name)
    return name
