"""Entries of maps that a test asks for and that are read where it holds: one lookup tells both, as Go has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from foundation_engine.port import ir
from foundation_engine.port.emit._names import camel, words
from foundation_engine.port.passes import CHANGING_MAPS, blocks, place, stores, terminates
from foundation_engine.port.simplify import names_taken, rewrite

_LOOKING = frozenset({"dict.contains", "dict.index", "dict.get", "dict.get_or", "len"})
_CALLS = (ir.Call, ir.MethodCall, ir.PatternOp, ir.PatternCall, ir.PatternNew, ir.Lambda, ir.FuncDef)


def look_up_once(module: ir.Module) -> None:
    """Rewrite the functions of a module in place.

    `dict.lookup(m, k)` gives an entry, or the zero value where there is none, and whether there is one.
    """
    nodes = [n for d in module.definitions for n in ir.walk(d)]
    mentioned = Counter(n.id for n in nodes if isinstance(n, ir.Name))
    looked_at = Counter(place(n.args[0]) for n in nodes if isinstance(n, ir.Intrinsic) and n.op in _LOOKING)
    # Maps of the module that are only ever looked at keep what they hold.
    fixed = {
        d.name
        for d in module.definitions
        if isinstance(d, ir.Constant) and mentioned[d.name] == looked_at[d.name]
    }
    for _, f in module.functions():
        _Entries(f, fixed - {p.name for p in f.params} - stores(f.body)).block(f.body)


class _Entry:
    """An entry of a map: which one, and the variables that hold it and whether it is there."""

    def __init__(self, asked: ir.Intrinsic, value: str, ok: str, fixed: bool) -> None:
        self.map, self.key = asked.args
        assert isinstance(self.map.type, ir.DictT)  # noqa: S101 - `_asked` looked at it.
        self.type = self.map.type.value
        self.value, self.ok = value, ok
        self.fixed = fixed  # nothing in the module changes the map
        self.read = 0

    def replaced(self, node: ir.Node) -> None:
        """Read the variable in place of the entry, in what runs while the entry is known."""

        def change(e: ir.Expr) -> ir.Expr:
            match e:
                case ir.Intrinsic(op="dict.index", raises="", args=[m, k]) if ir.same(
                    m, self.map
                ) and ir.same(k, self.key):
                    self.read += 1
                    return ir.Name(self.value, type=self.type, line=e.line)
                case _:
                    return e

        rewrite(node, change)

    def kept(self, node: ir.Node) -> bool:
        """True where nothing that runs changes the map or the key."""
        names = {n.id for part in (self.map, self.key) for n in ir.walk(part) if isinstance(n, ir.Name)}
        for n in ir.walk(node):
            match n:
                case ir.VarTarget(id=name) if name in names:
                    return False
                case ir.IndexTarget(obj=obj) if self._may_be(obj) and not self.fixed:
                    return False
                case ir.FieldTarget(name=name) if any(
                    isinstance(p, ir.Field) and p.name == name for p in ir.walk(self.map)
                ):
                    return False
                case ir.Intrinsic(op=op, args=[obj, *_]) if op in CHANGING_MAPS and self._may_be(obj):
                    return False
                case _:
                    pass
        return self.fixed or not any(isinstance(n, _CALLS) for n in ir.walk(node))

    def _may_be(self, e: ir.Expr) -> bool:
        """True for a map that may be the entry's."""
        mine, other = self.map.type, e.type
        assert isinstance(mine, ir.DictT)  # noqa: S101 - `_asked` looked at it.
        return isinstance(other, ir.DictT) and (other.key, other.value) == (mine.key, mine.value)

    def follow(self, body: Sequence[ir.Stmt]) -> None:
        """Read the variable in the statements that come while the entry is known."""
        for s in body:
            if any(isinstance(n, ir.Lambda | ir.FuncDef | ir.PatternCall) for n in ir.walk(s)):
                return
            if self.kept(s):
                self.replaced(s)
                continue
            match s:
                # What is assigned is worked out before the place that it goes to changes.
                case ir.Assign(value=value) | ir.AugAssign(value=value) if self.kept(value):
                    held = ir.ExprStmt(value)
                    self.replaced(held)
                    s.value = held.value
                case _:
                    pass
            return


class _Entries:
    """The lookups of one function."""

    def __init__(self, f: ir.Function, fixed: set[str]) -> None:
        self.fixed = fixed
        self.taken = names_taken(f)
        self.given = {p.name for p in f.params}
        self.mentions = Counter(
            n.id for s in f.body for n in ir.walk(s) if isinstance(n, ir.Name | ir.VarTarget)
        )

    def block(self, body: list[ir.Stmt], chained: bool = False) -> None:
        """Rewrite a block and those inside it; `chained` says that it is an `else if`."""
        i = 0
        while i < len(body):
            s = body[i]
            if isinstance(s, ir.If) and _appends_anyway(s, body[i + 1 : i + 2]):
                del body[i]
                continue
            if isinstance(s, ir.If) and not chained:
                before = self._asking(s, body[i + 1 :])
                if before is not None:
                    before.comments, s.comments = s.comments, []
                    body.insert(i, before)
                    i += 1
            if (held := self._held(s, body[i + 1 :])) is not None:
                body[i : i + 1] = held
                i += 1
            for inner in blocks(s):
                only = isinstance(s, ir.If) and inner is s.orelse and len(inner) == 1
                self.block(inner, chained=only and isinstance(inner[0], ir.If))
            i += 1

    def _held(self, s: ir.Stmt, following: list[ir.Stmt]) -> list[ir.Stmt] | None:
        """A list that is added to a map where it is missing, looked up once and put back where it grows."""
        match s:
            case ir.Assign(
                target=ir.VarTarget(id=name, type=ir.ListT()) as target,
                value=ir.Intrinsic(
                    op="dict.setdefault",
                    args=[
                        ir.Name(id=table, type=ir.DictT()) as m,
                        ir.Name() | ir.Lit() as key,
                        ir.ListLit(elems=[]),
                    ],
                ),
            ) if table not in self.given:
                pass
            case _:
                return None
        nodes = [n for x in following for n in ir.walk(x)]
        fixed = {table, key.id} if isinstance(key, ir.Name) else {table}
        if fixed & stores(following) or any(isinstance(n, _CALLS) for n in nodes):
            return None
        if any(isinstance(n, ir.Name) and n.id == table for n in nodes):
            return None
        if any(isinstance(n, ir.IndexTarget) and isinstance(n.obj.type, ir.DictT) for n in nodes):
            return None
        grows: list[ir.ExprStmt] = []
        looks = 0
        for n in nodes:
            match n:
                case ir.ExprStmt(value=ir.Intrinsic(op="list.append", args=[ir.Name(id=to), _])) if (
                    to == name
                ):
                    grows.append(n)
                case ir.Intrinsic(op="nonempty" | "len" | "list.index", args=[ir.Name(id=of), *_]) if (
                    of == name
                ):
                    looks += 1
                case _:
                    pass
        mentions = sum(isinstance(n, ir.Name | ir.VarTarget) and n.id == name for n in nodes)
        if (
            len(grows) != 1
            or any(x is grows[0] for x in following)
            or not looks
            or mentions != looks + 1
            or self.mentions[name] != mentions + 1
        ):
            return None
        kind = target.type
        put = ir.Assign(
            ir.IndexTarget(ir.unshared(m), ir.unshared(key), type=kind),
            ir.Name(name, type=kind),
            line=grows[0].line,
        )
        _put_behind(following, grows[0], put)
        ok = self._fresh("ok")
        pair = ir.TupleT((kind, ir.BOOL))
        found = ir.Intrinsic("dict.lookup", [m, key], type=pair, line=s.line)
        targets: list[ir.Target] = [target, ir.VarTarget(ok, type=ir.BOOL)]
        absent = ir.Not(ir.Name(ok, type=ir.BOOL, line=s.line), type=ir.BOOL, line=s.line)
        empty = ir.Assign(
            ir.IndexTarget(ir.unshared(m), ir.unshared(key), type=kind),
            ir.ListLit([], type=kind),
            line=s.line,
        )
        looked = ir.Assign(ir.TupleTarget(targets, type=pair), found, line=s.line, comments=s.comments)
        return [looked, ir.If(absent, [empty], [], line=s.line)]

    def _asking(self, s: ir.If, following: list[ir.Stmt]) -> ir.Assign | None:
        """The lookup before a statement that asks whether a map has a key and reads the entry; None for any other."""
        parts = s.test.values if isinstance(s.test, ir.Bool) else [s.test]
        first = parts[0]
        absent = isinstance(first, ir.Not)
        asked = first.value if isinstance(first, ir.Not) else first
        if len(parts) > 1 and isinstance(s.test, ir.Bool) and (s.test.op == "or") != absent:
            return None
        if not (isinstance(asked, ir.Intrinsic) and _asked(asked)):
            return None
        root = place(asked.args[0]) or ""
        entry = _Entry(asked, self._named(root), self._fresh("ok"), root in self.fixed)
        if all(map(entry.kept, parts)):
            for part in parts[1:]:
                entry.replaced(part)
            if not absent:
                entry.follow(s.body)
            elif terminates(s.body):
                entry.follow(s.orelse or following)
            elif s.orelse:
                entry.follow(s.orelse)
            elif len(parts) == 1:
                self._added(s, entry, following)
        if not entry.read:
            self.taken -= {entry.value, entry.ok}
            return None
        known: ir.Expr = ir.Name(entry.ok, type=ir.BOOL, line=s.line)
        known = ir.Not(known, type=ir.BOOL, line=s.line) if absent else known
        if isinstance(s.test, ir.Bool):
            s.test.values[0] = known
        else:
            s.test = known
        pair = ir.TupleT((entry.type, ir.BOOL))
        found = ir.Intrinsic("dict.lookup", [entry.map, entry.key], type=pair, line=s.line)
        targets: list[ir.Target] = [
            ir.VarTarget(entry.value, type=entry.type),
            ir.VarTarget(entry.ok, type=ir.BOOL),
        ]
        return ir.Assign(ir.TupleTarget(targets, type=pair), found, line=s.line)

    def _added(self, s: ir.If, entry: _Entry, following: list[ir.Stmt]) -> None:
        """An entry that is added where it is missing is known afterwards."""
        match s.body:
            case [ir.Assign(target=ir.IndexTarget(obj=obj, index=key) as target, value=value) as added]:
                if not (ir.same(obj, entry.map) and ir.same(key, entry.key)) or isinstance(value, ir.Lit):
                    return
                entry.follow(following)
                if entry.read:
                    kept = ir.Assign(ir.VarTarget(entry.value, type=entry.type), value, line=added.line)
                    kept.comments = added.comments
                    known = ir.Name(entry.value, type=entry.type, line=added.line)
                    s.body[:] = [kept, ir.Assign(target, known, line=added.line, trailing=added.trailing)]
            case _:
                pass

    def _named(self, root: str) -> str:
        """A variable for an entry of a map: the map's name in the singular, where that is free."""
        name = root.rpartition(".")[2]
        if len(name) > 3 and name.lower().endswith("s") and not name.lower().endswith("ss"):
            made = camel("_".join(words(name[:-1])))
            if made not in self.taken:
                self.taken.add(made)
                return made
        return self._fresh("value")

    def _fresh(self, hint: str) -> str:
        name, n = hint, 2
        while name in self.taken:
            name, n = f"{hint}{n}", n + 1
        self.taken.add(name)
        return name


def _put_behind(body: Sequence[ir.Stmt], s: ir.Stmt, new: ir.Stmt) -> None:
    """Put a statement behind another one, in whichever block that stands."""
    for outer in body:
        for inner in blocks(outer):
            at = next((i for i, x in enumerate(inner) if x is s), None)
            if at is not None:
                inner.insert(at + 1, new)
                return
            _put_behind(inner, s, new)


def _appends_anyway(s: ir.If, following: list[ir.Stmt]) -> bool:
    """True for an empty list that is put where none is, and gets an element next: Go appends to nothing as well."""
    match s, following:
        case (
            ir.If(
                test=ir.Not(value=ir.Intrinsic(op="dict.contains", args=[m, key])),
                body=[
                    ir.Assign(
                        target=ir.IndexTarget(obj=at, index=new), value=ir.ListLit(elems=[]), comments=[]
                    ) as made
                ],
                orelse=[],
                comments=[],
            ),
            [
                ir.ExprStmt(
                    value=ir.Intrinsic(
                        op="list.append",
                        args=[ir.Intrinsic(op="dict.index", args=[to, same]), ir.Name() | ir.Lit() as added],
                    )
                )
            ],
        ):
            places = [(at, new), (to, same)]
            whole = isinstance(added, ir.Lit) or added.id != place(m)
            return (
                place(m) is not None
                and isinstance(key, ir.Name | ir.Lit)
                and whole
                and not (s.trailing or made.trailing)
                and all(ir.same(m, a) and ir.same(key, b) for a, b in places)
            )
        case _:
            return False


def _asked(e: ir.Intrinsic) -> bool:
    """True for the question whether a map has a key, both plain to ask again, whose entries are values or objects."""
    match e:
        case ir.Intrinsic(op="dict.contains", args=[m, key]) if place(m) is not None:
            kind = m.type.value if isinstance(m.type, ir.DictT) else None
            plain = isinstance(key, ir.Lit | ir.Name) or (
                isinstance(key, ir.Intrinsic) and key.op == "char.to_str" and isinstance(key.args[0], ir.Name)
            )
            return plain and (isinstance(kind, ir.NamedT) or (isinstance(kind, ir.P) and kind != ir.ANY))
        case _:
            return False
