"""Keeps the insertion order of maps for targets whose maps have none, or says that it is lost.

A local map that never leaves its function gets a list of its keys in order; what reads the map in order reads the list.
The result is ordinary representation, so that an emitter needs no notion of it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator
from dataclasses import fields
from typing import cast

from foundation_engine.port import ir
from foundation_engine.port.passes import blocks

_VIEWS = ("dict.keys", "dict.values", "dict.items")
# Operations that use the map without showing or changing its order.
_QUIET = frozenset({"dict.index", "dict.get", "dict.get_or", "dict.contains", "len", "nonempty", "empty"})


LOST = "A map has no order, where the source's keeps that of its insertions."


def made_of_sorted(module: ir.Module) -> frozenset[tuple[ir.Type, ir.Type]]:
    """The types of key and value of the maps that are made of sorted entries: their order is what they are made for."""
    if module.unordered:
        return frozenset()
    return frozenset(
        (n.type.key, n.type.value)
        for d in module.definitions
        for n in ir.walk(d)
        if isinstance(n, ir.Comp)
        and isinstance(n.type, ir.DictT)
        and isinstance(n.clauses[0].iter, ir.Intrinsic)
        and n.clauses[0].iter.op == "sorted"
    )


def loses_order(module: ir.Module, kept: Collection[tuple[ir.Type, ir.Type]] = ()) -> bool:
    """True when a function that others call answers with a map whose order the target does not keep."""
    return not module.unordered and any(
        (m.key, m.value) not in kept
        for _, f in module.functions()
        if not f.private
        for m in _maps_in(f.result)
    )


def _maps_in(t: ir.Type) -> Iterator[ir.DictT]:
    match t:
        case ir.DictT(_, value):
            yield t
            yield from _maps_in(value)
        case ir.ListT(elem) | ir.OptionalT(elem) | ir.IterT(elem):
            yield from _maps_in(elem)
        case ir.TupleT(elems):
            for e in elems:
                yield from _maps_in(e)
        case _:
            pass


def keep_order(f: ir.Function, kept: Collection[tuple[ir.Type, ir.Type]] = ()) -> bool:
    """Give every local map of a function whose uses are all known a list of its keys; True when one was found.

    Maps whose types of key and value are in `kept` keep their order by themselves.
    """
    changed = False
    for name, t in _local_maps(f).items():
        if (t.key, t.value) in kept:
            continue
        trial = copy.deepcopy(f.body)
        if _Ordered(name, t).rewrite(trial):
            f.body = trial
            changed = True
    return changed


def _local_maps(f: ir.Function) -> dict[str, ir.DictT]:
    """Variables that are assigned once, an empty map, at the top of the function's body."""
    found: dict[str, ir.DictT] = {}
    stored: dict[str, int] = {}
    for s in f.body:
        for n in ir.walk(s):
            if isinstance(n, ir.VarTarget):
                stored[n.id] = stored.get(n.id, 0) + 1
    for s in f.body:
        if (
            isinstance(s, ir.Assign)
            and isinstance(s.target, ir.VarTarget)
            and isinstance(s.value, ir.DictLit)
            and not s.value.items
            and isinstance(s.target.type, ir.DictT)
            and stored[s.target.id] == 1
        ):
            found[s.target.id] = s.target.type
    return found


def sorted_next(s: ir.Stmt, following: ir.Stmt | None) -> bool:
    """True for a list made from a map's entries that the next statement sorts by a key that tells all of them apart."""
    if not (
        isinstance(s, ir.Assign)
        and isinstance(s.target, ir.VarTarget)
        and isinstance(s.value, ir.Comp)
        and s.value.kind == "list"
        and len(s.value.clauses) == 1
        and isinstance(following, ir.ExprStmt | ir.Return)
        and isinstance(following.value, ir.Intrinsic)
        and following.value.op == ("list.sort" if isinstance(following, ir.ExprStmt) else "sorted")
        and isinstance(following.value.args[0], ir.Name)
        and following.value.args[0].id == s.target.id
    ):
        return False
    clause = s.value.clauses[0]
    target = clause.target
    if isinstance(clause.iter, ir.Intrinsic) and clause.iter.op == "dict.items":
        target = target.elems[0] if isinstance(target, ir.TupleTarget) else target
    elif not isinstance(clause.iter.type, ir.DictT | ir.SetT) and not (
        isinstance(clause.iter, ir.Intrinsic) and clause.iter.op == "dict.keys"
    ):
        return False
    if not isinstance(target, ir.VarTarget):
        return False

    def is_key(e: ir.Expr) -> bool:
        return isinstance(e, ir.Name) and e.id == target.id

    elem, by = s.value.elem, following.value.args[1]
    if not isinstance(by, ir.Lambda):
        return is_key(elem) or (isinstance(elem, ir.TupleLit) and is_key(elem.elems[0]))
    item = by.params[0].name
    named = {n for n, a in elem.args if is_key(a)} if isinstance(elem, ir.New) else set[str]()
    for part in by.body.elems if isinstance(by.body, ir.TupleLit) else [by.body]:
        if is_key(elem) and isinstance(part, ir.Name) and part.id == item:
            return True
        if (
            isinstance(part, ir.Field)
            and isinstance(part.obj, ir.Name)
            and part.obj.id == item
            and part.name in named
        ):
            return True
    return False


class _Ordered:
    """The rewriting of one map."""

    def __init__(self, name: str, t: ir.DictT) -> None:
        self.name = name
        self.t = t
        self.order = f"{name}_order"
        self.keys_type = ir.ListT(t.key)
        self.known = 0  # mentions of the map that were understood
        self.observed = False
        self.fresh = 0

    def rewrite(self, body: list[ir.Stmt]) -> bool:
        """Rewrite the body in place; False when the map's order is not observed or some use is not understood."""
        mentions = sum(isinstance(n, ir.Name) and n.id == self.name for s in body for n in ir.walk(s))
        if any(
            isinstance(n, ir.Name | ir.VarTarget) and n.id == self.order for s in body for n in ir.walk(s)
        ):
            return False
        self._block(body)
        return self.observed and self.known == mentions

    def _is(self, n: ir.Node | None) -> bool:
        return isinstance(n, ir.Name) and n.id == self.name

    def _map(self) -> ir.Name:
        return ir.Name(self.name, type=self.t)

    def _keys(self) -> ir.Name:
        return ir.Name(self.order, type=self.keys_type)

    def _value(self, key: ir.Expr) -> ir.Expr:
        return ir.Intrinsic("dict.index", [self._map(), key], type=self.t.value)

    # Statements

    def _block(self, body: list[ir.Stmt]) -> None:
        i = 0
        while i < len(body):
            s = body[i]
            before: list[ir.Stmt] = []
            after: list[ir.Stmt] = []
            match s:
                case ir.Assign(target=ir.VarTarget(id=self.name)):
                    after.append(
                        ir.Assign(
                            ir.VarTarget(self.order, type=self.keys_type),
                            ir.ListLit([], type=self.keys_type),
                            line=s.line,
                        )
                    )
                case ir.Assign(target=ir.IndexTarget(obj=obj, index=key)) if self._is(obj):
                    before += self._noting(s.target, key)
                case ir.AugAssign(target=ir.IndexTarget(obj=obj, index=key)) if self._is(obj):
                    if self.t.zero:
                        before += self._noting(s.target, key)
                    else:
                        # The key is there, or the statement fails.
                        self.known += 1
                case ir.ExprStmt(value=ir.Intrinsic(op="dict.clear", args=[obj])) if self._is(obj):
                    self.known += 1
                    after.append(
                        ir.ExprStmt(ir.Intrinsic("list.clear", [self._keys()], type=ir.NONE), line=s.line)
                    )
                case ir.For():
                    self._loop(s)
                case _:
                    pass
            for name in (f.name for f in fields(s)):
                value = getattr(s, name)
                if isinstance(value, ir.Expr):
                    setattr(s, name, self._expression(value))
                elif isinstance(value, ir.Target):
                    self._target(value)
            for inner in blocks(s):
                self._block(inner)
            body[i : i + 1] = [*before, s, *after]
            i += len(before) + 1 + len(after)

    def _noting(self, target: ir.Target, key: ir.Expr) -> list[ir.Stmt]:
        """Statements that put a key that is new at the end of the list; the key becomes a variable."""
        self.known += 1
        out: list[ir.Stmt] = []
        assert isinstance(target, ir.IndexTarget)  # noqa: S101 - the caller matched it.
        if not isinstance(key, ir.Name | ir.Lit):
            self.fresh += 1
            name = f"{self.name}_key{self.fresh if self.fresh > 1 else ''}"
            out.append(ir.Assign(ir.VarTarget(name, type=self.t.key), self._expression(key)))
            key = ir.Name(name, type=self.t.key)
            target.index = key
        there = ir.Intrinsic("dict.contains", [self._map(), copy.deepcopy(key)], type=ir.BOOL)
        grow = ir.ExprStmt(ir.Intrinsic("list.append", [self._keys(), copy.deepcopy(key)], type=ir.NONE))
        out.append(ir.If(ir.Not(there, type=ir.BOOL), [grow], []))
        return out

    def _target(self, t: ir.Target) -> None:
        match t:
            case ir.IndexTarget():
                if not self._is(t.obj):
                    t.obj = self._expression(t.obj)
                t.index = self._expression(t.index)
            case ir.FieldTarget():
                t.obj = self._expression(t.obj)
            case ir.TupleTarget(elems=elems):
                for e in elems:
                    self._target(e)
            case _:
                pass

    def _loop(self, s: ir.For) -> None:
        """A loop over a view becomes a loop over the keys that looks the values up first."""
        view = self._view(s.iter)
        if view is None:
            return
        key, first = self._entry(view, s.target)
        s.target, s.iter = key, self._keys()
        s.body[:0] = first

    def _entry(self, view: str, target: ir.Target) -> tuple[ir.VarTarget, list[ir.Stmt]]:
        if view == "dict.keys" and isinstance(target, ir.VarTarget):
            return target, []
        if view == "dict.items" and isinstance(target, ir.TupleTarget) and len(target.elems) == 2:
            key, value = target.elems
            if isinstance(key, ir.VarTarget) and key.id != "_":
                return key, [ir.Assign(value, self._value(ir.Name(key.id, type=self.t.key)))]
        self.fresh += 1
        made = ir.VarTarget(f"{self.name}_key{self.fresh if self.fresh > 1 else ''}", type=self.t.key)
        name = ir.Name(made.id, type=self.t.key)
        if view == "dict.values":
            return made, [ir.Assign(target, self._value(name))]
        pair = ir.TupleLit(
            [name, self._value(copy.deepcopy(name))], type=ir.TupleT((self.t.key, self.t.value))
        )
        return made, [ir.Assign(target, pair if view == "dict.items" else name)]

    def _view(self, e: ir.Expr) -> str | None:
        """The view of the map that an expression is, or None."""
        if isinstance(e, ir.Intrinsic) and e.op in _VIEWS and self._is(e.args[0]):
            self.known += 1
            self.observed = True
            return e.op
        if self._is(e):
            self.known += 1
            self.observed = True
            return "dict.keys"
        return None

    # Expressions

    def _expression(self, e: ir.Expr) -> ir.Expr:
        if isinstance(e, ir.Intrinsic) and e.op in _QUIET and self._is(e.args[0]):
            self.known += 1
            e.args[1:] = [self._expression(a) for a in e.args[1:]]
            return e
        if isinstance(e, ir.Intrinsic) and e.op == "to_list" and e.args:
            view = self._view(e.args[0]) if not isinstance(e.args[0], ir.Comp) else None
            if view == "dict.keys":
                return ir.Intrinsic("list.copy", [self._keys()], type=e.type, line=e.line)
            if view is not None:
                return self._list(view, "list", e.type, e.line)
        if isinstance(e, ir.Intrinsic) and e.op in _VIEWS and self._is(e.args[0]):
            view = self._view(e)
            if view == "dict.keys":
                return self._keys()
            elem = self.t.value if view == "dict.values" else ir.TupleT((self.t.key, self.t.value))
            return self._list(str(view), "iter", ir.IterT(elem), e.line)
        if isinstance(e, ir.Comp):
            self._comprehension(e)
            return e
        self._children(e)
        return e

    def _list(self, view: str, kind: str, t: ir.Type, line: int) -> ir.Comp:
        self.fresh += 1
        made = ir.VarTarget(f"{self.name}_key{self.fresh if self.fresh > 1 else ''}", type=self.t.key)
        key = ir.Name(made.id, type=self.t.key)
        elem = self._value(key)
        if view == "dict.items":
            elem = ir.TupleLit([copy.deepcopy(key), elem], type=ir.TupleT((self.t.key, self.t.value)))
        return ir.Comp(kind, elem, [ir.Clause(made, self._keys(), [])], type=t, line=line)

    def _comprehension(self, e: ir.Comp) -> None:
        lookups: dict[str, Callable[[], ir.Expr]] = {}
        for clause in e.clauses:
            view = self._view(clause.iter)
            if view is None:
                clause.iter = self._expression(clause.iter)
                continue
            target = clause.target
            if view == "dict.keys" and isinstance(target, ir.VarTarget):
                clause.iter = self._keys()
                continue
            self.fresh += 1
            made = ir.VarTarget(f"{self.name}_key{self.fresh if self.fresh > 1 else ''}", type=self.t.key)
            value: ir.Target = target
            if view == "dict.items":
                if not isinstance(target, ir.TupleTarget) or len(target.elems) != 2:
                    self.known = -1_000_000
                    return
                key, value = target.elems
                if isinstance(key, ir.VarTarget) and key.id != "_":
                    made = key
            if not isinstance(value, ir.VarTarget):
                self.known = -1_000_000
                return
            key_name = made.id
            lookups[value.id] = lambda k=key_name: self._value(ir.Name(k, type=self.t.key))
            clause.target, clause.iter = made, self._keys()
        e.elem = _substituted(self._expression(e.elem), lookups)
        for clause in e.clauses:
            clause.conds = [_substituted(self._expression(c), lookups) for c in clause.conds]

    def _children(self, node: ir.Node) -> None:
        """Rewrite the expressions directly below a node."""
        for f in fields(node):
            value = getattr(node, f.name)
            setattr(node, f.name, self._rewritten(value))

    def _rewritten(self, value: object) -> object:
        if isinstance(value, ir.Expr):
            return self._expression(value)
        if isinstance(value, list):
            items: list[object] = value  # pyright: ignore[reportUnknownVariableType]
            if any(isinstance(v, ir.Stmt) for v in items):
                self._block(items)  # type: ignore[arg-type]
                return items
            return [self._rewritten(v) for v in items]
        if isinstance(value, tuple):
            return tuple([self._rewritten(v) for v in value])  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        if isinstance(value, dict):
            return {k: self._rewritten(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        if isinstance(value, ir.FormatPart | ir.Clause):
            self._children(value)
        return value


def _substituted(e: ir.Expr, lookups: dict[str, Callable[[], ir.Expr]]) -> ir.Expr:
    """An expression with variables replaced by what they stand for."""
    if isinstance(e, ir.Name) and e.id in lookups:
        return lookups[e.id]()
    for node in list(ir.walk(e)):
        for f in fields(node):
            value = getattr(node, f.name)
            if isinstance(value, ir.Name) and value.id in lookups:
                setattr(node, f.name, lookups[value.id]())
            elif isinstance(value, list):
                items: list[object] = value  # pyright: ignore[reportUnknownVariableType]
                for i, v in enumerate(items):
                    if isinstance(v, ir.Name) and v.id in lookups:
                        items[i] = lookups[v.id]()
                    elif isinstance(v, tuple):
                        items[i] = _in_tuple(cast("tuple[object, ...]", v), lookups)
    return e


def _in_tuple(values: tuple[object, ...], lookups: dict[str, Callable[[], ir.Expr]]) -> tuple[object, ...]:
    return tuple(lookups[v.id]() if isinstance(v, ir.Name) and v.id in lookups else v for v in values)
