"""Variables that need no values of their own in Rust: texts that borrow, literals that are only looked at, fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from foundation_engine.port import ir
from foundation_engine.port.emit._rust_keys import borrowed_keys, growing_lists
from foundation_engine.port.emit._rust_ownership import PARTS, Facts, is_place, iterated, lends, root
from foundation_engine.port.emit._rust_parts import Parts, parts_of
from foundation_engine.port.passes import stores
from foundation_engine.port.simplify import rewrite

# What a list of borrowed texts can be asked, besides being gone through.
_ASKING = frozenset({"list.contains", "list.index", "list.find_or_raise", "len", "nonempty"})
# Behind the mark in a variable's id is how often its block has set it anew.
SHADOW = "'"
# What a map that is written as a `match` can be asked.
_LOOKING = frozenset({"dict.index", "dict.get", "dict.get_or", "dict.contains"})


@dataclass
class Locals:
    """Variables by what they are: `&str`, `&[T]` of values that copy, lists of `&str`, maps written as a `match`."""

    views: set[str] = field(default_factory=set[str])
    arrays: set[str] = field(default_factory=set[str])
    lists: set[str] = field(default_factory=set[str])
    maps: set[str] = field(default_factory=set[str])
    ordered: set[str] = field(default_factory=set[str])  # sets that keep their order
    letters: set[str] = field(default_factory=set[str])  # of the maps, those that are asked for a character
    keyed: set[str] = field(default_factory=set[str])  # maps and sets whose keys are `&str`
    keys: set[int] = field(default_factory=set[int])  # their keys, by identity
    grown: set[str] = field(default_factory=set[str])  # lists that grow, of `&str`
    parts: Parts = field(default_factory=Parts)  # of the lists, those that are never collected


def borrowing_locals(
    f: ir.Function, facts: Facts, copies: Callable[[ir.Type], bool], given: set[str]
) -> Locals:
    """The variables of a function that borrow; `given` are the parameters that are shared references."""
    out = Locals()
    views = _Views(f, facts, copies, given, out)
    views.find()
    _literal_locals(f, facts, copies, out, views)
    # A text may be one of a list's, and a list hold the parts of such a text.
    views.find()
    out.parts = parts_of(f, out.lists, views.lent)
    others = out.ordered | out.lists | out.maps
    found = growing_lists(f)
    out.grown = set(found) - others
    while True:
        views.find()
        kept = {
            name
            for name in out.grown
            if all(views.lent(e) for e in found[name].put) and found[name].taken <= out.views
        }
        if kept == out.grown:
            break
        out.grown = kept
    out.keyed, out.keys = borrowed_keys(f, others, views.lent, lambda name: name in views.free)
    out.keyed |= out.grown
    out.keys |= {id(e) for name in out.grown for e in found[name].put}
    return out


def _literal_locals(
    f: ir.Function, facts: Facts, copies: Callable[[ir.Type], bool], out: Locals, views: _Views
) -> None:
    """The variables of a function that are assigned once, where they are introduced, and only looked at."""
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
        if len(values) == 1 and isinstance(value, ir.SetLit) and _only_ordered(f, name, value.type):
            out.ordered.add(name)
            continue
        if len(values) != 1 or value is None or name in facts.changed or name in facts.often:
            continue
        match value:
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
            case ir.Intrinsic(op=op, args=[text, *_]) if op in PARTS:
                if views.lent(text) and _only(f, name, _ASKING):
                    out.lists.add(name)
            case ir.DictLit():
                if is_table(value, copies) and _only(f, name, _LOOKING, loops=False):
                    out.maps.add(name)
                    if by_letter(value, name, f.body):
                        out.letters.add(name)
            case _:
                pass


class _Views:
    """Finds the texts that a function only borrows: parameters, parts of them, literals, and what names these."""

    def __init__(
        self, f: ir.Function, facts: Facts, copies: Callable[[ir.Type], bool], given: set[str], out: Locals
    ) -> None:
        self.out = out
        self.copies = copies
        self.together: list[set[str]] = []  # variables that are the parts of one text
        # What is assigned anew is a variable of its own.
        self.free = given - facts.changed - stores(f.body)
        self.sources: dict[str, list[ir.Expr | None]] = {
            p.name: [] for p in f.params if p.type == ir.STR and p.name in given
        }
        inner: set[int] = set()  # targets that are no variables of the function itself
        for s in f.body:
            for n in ir.walk(s):
                match n:
                    case ir.Try(body=body):
                        # What a body sets may be the value of a closure, which owns it.
                        for m in (m for b in body for m in ir.walk(b) if isinstance(m, ir.VarTarget)):
                            self._note(m, None)
                    case ir.FuncDef() | ir.PatternCall():
                        for m in ir.walk(n):
                            if isinstance(m, ir.VarTarget):
                                self._note(m, None)
                    case ir.Comp():
                        inner |= {id(m) for c in n.clauses for m in ir.walk(c.target)}
                    case ir.For(target=target, iter=e):
                        self._loop(target, e, facts)
                        inner |= {id(m) for m in ir.walk(target)}
                    case ir.Assign(target=ir.VarTarget() as t, value=value):
                        self._note(t, value)
                        inner.add(id(t))
                    case ir.Assign(
                        target=ir.TupleTarget(elems=elems),
                        value=ir.Intrinsic(op="str.partition" | "str.rpartition", args=[text, _]),
                    ):
                        self.together.append({t.id for t in elems if isinstance(t, ir.VarTarget)})
                        for t in elems:
                            self._note(t, text)
                            inner.add(id(t))
                    case ir.Assign(
                        target=ir.TupleTarget(elems=elems), value=ir.Intrinsic(op=op, args=[text, *_])
                    ) if op in PARTS and all(isinstance(t, ir.VarTarget) for t in elems):
                        self.together.append({t.id for t in elems if isinstance(t, ir.VarTarget)})
                        for t in elems:
                            self._note(t, text)
                            inner.add(id(t))
                    case ir.VarTarget() if id(n) not in inner:
                        self._note(n, None)
                    case _:
                        pass

    def _note(self, t: ir.Node, source: ir.Expr | None) -> None:
        if isinstance(t, ir.VarTarget) and t.type == ir.STR:
            self.sources.setdefault(t.id, []).append(source)

    def _loop(self, target: ir.Target, e: ir.Expr, facts: Facts) -> None:
        """The variables of a loop over what is borrowed are references, if nothing else is assigned to them."""
        over = iterated(e)
        part = over.args[0] if isinstance(over, ir.Intrinsic) and over.op in PARTS else None
        for t in target.elems if isinstance(target, ir.TupleTarget) else [target]:
            if not isinstance(t, ir.VarTarget) or t.id in facts.often or t.id in facts.changed:
                self._note(t, None)
            elif part is not None and t is target:
                self._note(t, part)
            elif (
                is_place(entry_or_itself(over))
                and root(entry_or_itself(over)) in self.free
                and not self.copies(t.type)
            ):
                self.free.add(t.id)
            else:
                self._note(t, None)

    def find(self) -> None:
        """Note the texts, leaving out what has another source until nothing changes."""
        views = {name for name, sources in self.sources.items() if None not in sources}
        while True:
            kept = {n for n in views if all(s is not None and self._lent(s, views) for s in self.sources[n])}
            for parts in self.together:
                kept = kept if parts <= kept else kept - parts
            if kept == views:
                break
            views = kept
        self.out.views = views

    def lent(self, e: ir.Expr) -> bool:
        """True for a text that is borrowed from what stays, as far as texts are known."""
        return self._lent(e, self.out.views)

    def _lent(self, e: ir.Expr, views: set[str]) -> bool:
        """True for a text that is borrowed from what stays."""
        match e:
            case ir.Lit():
                return True
            case ir.Name(id=name):
                return name in views or name in self.free
            case ir.Cond(body=body, orelse=orelse):
                return self._lent(body, views) and self._lent(orelse, views)
            case ir.Intrinsic(op="list.index", args=[ir.Intrinsic(op=op, args=[text, *_]), _]) if op in PARTS:
                return lends(e) and self._lent(text, views)
            case ir.Intrinsic(op="list.index" | "list.pop", args=[ir.Name(id=name), *_]) if (
                name in self.out.lists | self.out.grown
            ):
                return True
            case ir.Field() | ir.Intrinsic(op="list.index"):
                return is_place(e) and root(e) in self.free
            case ir.Intrinsic(args=[text, *_]):
                return lends(e) and self._lent(text, views)
            case _:
                return False


def entry_or_itself(e: ir.Expr) -> ir.Expr:
    """The entry of a map, where a missing one is an empty list; anything else as it is."""
    match e:
        case ir.Intrinsic(op="dict.get_or", args=[map_, key, ir.ListLit(elems=[])]):
            return ir.Intrinsic("dict.index", [map_, key], type=e.type)
        case _:
            return e


def shadowing(f: ir.Function) -> None:
    """Make a variable that a block sets anew a new one, which has the name of the old one in Rust.

    The new one's id is the old one's with a mark and a number behind it.
    """
    stored: Counter[str] = Counter()
    used: Counter[str] = Counter()
    closed: set[str] = set()
    for s in f.body:
        for n in ir.walk(s):
            match n:
                case ir.VarTarget(id=name):
                    stored[name] += 1
                case ir.Name(id=name):
                    used[name] += 1
                case ir.Comp():
                    closed |= {
                        t.id for c in n.clauses for t in ir.walk(c.target) if isinstance(t, ir.VarTarget)
                    }
                case ir.FuncDef(func=inner):
                    closed |= {
                        m.id for b in inner.body for m in ir.walk(b) if isinstance(m, ir.Name | ir.VarTarget)
                    }
                    closed |= {inner.name, *(p.name for p in inner.params)}
                case ir.Lambda() | ir.PatternCall():
                    closed |= {m.id for m in ir.walk(n) if isinstance(m, ir.Name | ir.VarTarget)}
                    closed |= {m.name for m in ir.walk(n) if isinstance(m, ir.Param)}
                case ir.AugAssign(target=ir.VarTarget(id=name)):
                    closed.add(name)
                case _:
                    pass
    _shadow(f.body, {p.name for p in f.params}, stored, used, closed)
    for s in f.body:
        for n in ir.walk(s):
            if isinstance(n, ir.For):
                targets = {t.id for t in ir.walk(n.target) if isinstance(t, ir.VarTarget)}
                _shadow(n.body, targets, stored - Counter(targets), used, closed)
            elif isinstance(n, ir.While):
                _shadow(n.body, set(), stored, used, closed)


def _shadow(
    body: list[ir.Stmt], introduced: set[str], stored: Counter[str], used: Counter[str], closed: set[str]
) -> None:
    """Do so for what a block introduces, sets again itself, and alone uses."""
    inside = Counter(n.id for s in body for n in ir.walk(s) if isinstance(n, ir.Name))
    first = _introduced(body)
    for name in [*introduced, *first]:
        again = [
            (i, s.target)
            for i, s in enumerate(body)
            if isinstance(s, ir.Assign) and isinstance(s.target, ir.VarTarget) and s.target.id == name
        ]
        if name not in introduced and again and again[0][0] == first[name]:
            again = again[1:]
        others = 0 if name in introduced else 1
        if not again or name in closed or stored[name] != len(again) + others or inside[name] != used[name]:
            continue
        for turn, (at, target) in enumerate(again):
            new = f"{name}{SHADOW}{turn + 2}"
            last = again[turn + 1][0] if turn + 1 < len(again) else len(body)
            # The statement that sets it next still reads this one.
            for n in (n for s in body[at + 1 : last + 1] for n in ir.walk(s)):
                if isinstance(n, ir.Name) and n.id == name:
                    n.id = new
            target.id = new


def _introduced(body: list[ir.Stmt]) -> dict[str, int]:
    """The variables that a block sets before it reads them, and the statement that does."""
    out: dict[str, int] = {}
    read: set[str] = set()
    for i, s in enumerate(body):
        if isinstance(s, ir.Assign):
            read |= {n.id for n in ir.walk(s.value) if isinstance(n, ir.Name)}
            for t in s.target.elems if isinstance(s.target, ir.TupleTarget) else [s.target]:
                if isinstance(t, ir.VarTarget) and t.id not in read:
                    out.setdefault(t.id, i)
        read |= {n.id for n in ir.walk(s) if isinstance(n, ir.Name)}
    return out


def _only_ordered(f: ir.Function, name: str, t: ir.Type) -> bool:
    """True for a set that is only filled, asked, and put in order."""
    if not (isinstance(t, ir.SetT) and t.elem in (ir.INT, ir.STR, ir.CHAR)):
        return False
    named = good = ordered = 0
    for s in f.body:
        for n in ir.walk(s):
            named += isinstance(n, ir.Name) and n.id == name
            match n:
                case ir.Intrinsic(
                    op="set.add" | "set.discard" | "set.contains" | "len" | "nonempty",
                    args=[ir.Name(id=found), *_],
                ):
                    good += found == name
                case ir.Intrinsic(
                    op="sorted",
                    args=[
                        ir.Intrinsic(op="to_list", args=[ir.Name(id=found)]) | ir.Name(id=found),
                        key,
                        ir.Lit(),
                    ],
                ) if not isinstance(key, ir.Lambda):
                    good += found == name
                    ordered += found == name
                case _:
                    pass
    return ordered > 0 and named == good


def is_table(e: ir.Expr, copies: Callable[[ir.Type], bool]) -> bool:
    """True for a map of literals that can be written as a `match`."""
    return (
        isinstance(e, ir.DictLit)
        and isinstance(e.type, ir.DictT)
        and bool(e.items)
        and all(isinstance(k, ir.Lit) and isinstance(v, ir.Lit) for k, v in e.items)
        and e.type.key in (ir.STR, ir.INT, ir.CHAR)
        and not e.type.zero
        and (e.type.value == ir.STR or copies(e.type.value))
    )


def only_looked_up(name: str, module: ir.Module) -> bool:
    """True for a constant map that the whole module only looks into."""
    nodes = [n for d in module.definitions for n in ir.walk(d)]
    named = sum(isinstance(n, ir.Name) and n.id == name for n in nodes)
    lookups = sum(
        isinstance(n, ir.Intrinsic)
        and n.op in _LOOKING
        and isinstance(n.args[0], ir.Name)
        and n.args[0].id == name
        for n in nodes
    )
    stored = any(
        isinstance(n, ir.VarTarget | ir.Param) and name in (getattr(n, "id", ""), getattr(n, "name", ""))
        for n in nodes
    )
    return 0 < named == lookups and not stored


def by_letter(table: ir.DictLit, name: str, within: Sequence[ir.Node]) -> bool:
    """True for a map with keys of one letter that is always asked for a character."""
    keys = [
        n.args[1]
        for s in within
        for n in ir.walk(s)
        if isinstance(n, ir.Intrinsic)
        and n.op in _LOOKING
        and isinstance(n.args[0], ir.Name)
        and n.args[0].id == name
    ]
    return all(
        isinstance(k, ir.Lit) and isinstance(k.value, str) and len(k.value) == 1 for k, _ in table.items
    ) and all(isinstance(k, ir.Intrinsic) and k.op == "char.to_str" for k in keys)


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
                    if isinstance(e, ir.Intrinsic) and e.op == "list.slice":
                        e = e.args[0]
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
