"""Who owns what: which parameters a function changes or keeps, and where a value is used for the last time.

Rust has no shared objects that change, so that these facts decide between `&T`, `&mut T`, a move and a copy, and tell
where a copy would be seen to differ from the source's one object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from foundation_engine.port import ir
from foundation_engine.port.emit._rust_words import MUTATING
from foundation_engine.port.ir import Type

Key = tuple[str, str]  # class name or "", function name
RUNTIME_OBJECTS = frozenset({"CircuitBreaker", "RateLimiter", "Logger", "HttpClient", "RetryPolicy"})


def root(e: ir.Node) -> str:
    """The variable that a place begins with, "" for something computed."""
    while not isinstance(e, ir.Name):
        match e:
            case ir.Field() | ir.FieldTarget() | ir.IndexTarget():
                e = e.obj
            case ir.Unwrap() | ir.Wrap():
                e = e.value
            case ir.Intrinsic(
                op="list.index" | "dict.index" | "tuple.index" | "dict.setdefault" | "dict.get"
            ):
                e = e.args[0]
            case _:
                return ""
    return e.id


def is_place(e: ir.Expr) -> bool:
    """True for what is somewhere already, so that using it copies or borrows."""
    match e:
        case ir.Name() | ir.Field():
            return True
        case ir.Intrinsic(op="list.index" | "tuple.index" | "dict.index"):
            return True
        case _:
            return False


def lends(e: ir.Expr) -> bool:
    """True for a part of a text or list, which Rust borrows from it."""
    match e:
        case ir.Intrinsic(op="str.strip" | "str.lstrip" | "str.rstrip" | "json.text"):
            return True
        case ir.Intrinsic(op="str.slice" | "list.slice", args=[_, low, high]):
            return not all(isinstance(bound, ir.Lit) and bound.value is None for bound in (low, high))
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Borrows:
    """What operands borrow, by which types are copied; what `sequence` asks."""

    copies: Callable[[Type], bool]

    def root(self, e: ir.Node) -> str:
        """The variable that a place begins with, "" for something computed."""
        return root(e)

    def held(self, parent: ir.Expr, operand: ir.Expr) -> str:
        """The variable that an operand still borrows from while those behind it are evaluated, "" for none."""
        if isinstance(operand, ir.Intrinsic) and lends(operand):
            return root(operand.args[0])
        # What is written into a text is borrowed, whatever its type.
        shown = isinstance(parent, ir.Format) or (
            isinstance(parent, ir.Intrinsic) and parent.op in ("str.concat", "print")
        )
        return root(operand) if is_place(operand) and (shown or not self.copies(operand.type)) else ""


def iterated(e: ir.Expr) -> ir.Expr:
    """The list or map that a loop goes over."""
    match e:
        case ir.Intrinsic(
            op="enumerate" | "reversed" | "to_list" | "dict.values" | "dict.items" | "list.copy",
            args=[inner, *_],
        ):
            return iterated(inner)
        case _:
            return e


@dataclass
class Facts:
    """What a function's body does to its variables."""

    changed: set[str] = field(default_factory=set[str])  # variables through which an object changes
    types: list[Type] = field(default_factory=list[Type])  # types of the objects that change
    deep: list[Type] = field(default_factory=list[Type])  # of those that are inside of others
    often: set[str] = field(default_factory=set[str])  # variables that are assigned again
    last: set[int] = field(default_factory=set[int])  # ids of names that are the last use of their variable


class Ownership:
    """The facts of a module's functions, found by a fixpoint over their calls."""

    def __init__(self, module: ir.Module) -> None:
        self.module = module
        self.functions: dict[Key, ir.Function] = {}
        for d in module.definitions:
            if isinstance(d, ir.Function):
                self.functions["", d.name] = d
            elif isinstance(d, ir.Class):
                for m in d.methods:
                    self.functions[d.name, m.name] = m
                if d.init is not None:
                    self.functions[d.name, "__init__"] = d.init
        self.changed: dict[Key, set[str]] = {k: set() for k in self.functions}
        self.kept: dict[Key, set[str]] = {k: set() for k in self.functions}
        self._fix()
        self.changing = self._changing_classes()
        held = {
            n.type.value.name
            for d in module.definitions
            for n in ir.walk(d)
            if isinstance(n, ir.Expr | ir.FieldDef)
            and isinstance(n.type, ir.DictT)
            and isinstance(n.type.value, ir.NamedT)
        }
        self.shared_objects = (held & RUNTIME_OBJECTS) | {
            p.type.name
            for d in module.definitions
            if isinstance(d, ir.Class)
            for p in (d.init.params if d.init else [ir.Param(f.name, f.type) for f in d.fields if f.init])
            if isinstance(p.type, ir.NamedT) and p.type.name in RUNTIME_OBJECTS
        }

    def callee(self, n: ir.Node) -> tuple[Key, list[tuple[str, ir.Expr]]] | None:
        """The function of this module that a call goes to, and its arguments by name of the parameter."""
        match n:
            case ir.Call(func=ir.Name(id=name), args=args) if ("", name) in self.functions:
                key = ("", name)
            case ir.MethodCall(obj=obj, method=method, args=args) if isinstance(obj.type, ir.NamedT):
                key = (obj.type.name, method)
                if key not in self.functions:
                    return None
            case ir.New(cls=cls, args=named):
                key = (cls, "__init__")
                return (key, named) if key in self.functions else None
            case _:
                return None
        f = self.functions[key]
        return key, [(p.name, a) for p, a in zip(f.params, args, strict=False)]

    def changes(self, body: list[ir.Stmt]) -> Iterator[tuple[ir.Expr, Type]]:
        """The places that statements change in place."""
        for s in body:
            for n in ir.walk(s):
                match n:
                    case ir.Intrinsic(op=op, args=[first, *_]) if op in MUTATING:
                        yield first, first.type
                    case ir.IndexTarget() | ir.FieldTarget():
                        yield n.obj, n.obj.type
                    case ir.Call() | ir.MethodCall() | ir.New():
                        found = self.callee(n)
                        if found is None:
                            continue
                        key, args = found
                        for name, a in args:
                            if name in self.changed[key]:
                                yield a, a.type
                        if isinstance(n, ir.MethodCall) and "self" in self.changed[key]:
                            yield n.obj, n.obj.type
                    case _:
                        pass

    def _roots(self, f: ir.Function) -> set[str]:
        out = {root(e) for e, _ in self.changes(f.body)} - {""}
        aliases: list[tuple[str, str]] = []
        for s in f.body:
            for n in ir.walk(s):
                match n:
                    case ir.Assign(target=ir.VarTarget(id=v), value=value):
                        source = root(value)
                        if source and not isinstance(value.type, ir.P):
                            aliases.append((v, source))
                    case ir.For(target=target, iter=e):
                        source = root(iterated(e))
                        names = (
                            [target]
                            if isinstance(target, ir.VarTarget)
                            else target.elems
                            if isinstance(target, ir.TupleTarget)
                            else []
                        )
                        aliases.extend(
                            (t.id, source) for t in names if isinstance(t, ir.VarTarget) and source
                        )
                    case _:
                        pass
        more = True
        while more:
            more = False
            for v, source in aliases:
                if v in out and source not in out:
                    out.add(source)
                    more = True
        return out

    def _fix(self) -> None:
        more = True
        while more:
            more = False
            for key, f in self.functions.items():
                names = {p.name for p in f.params} | ({"self"} if key[0] else set[str]())
                changed = self._roots(f) & names
                if key[1] == "__init__":
                    changed.discard("self")
                kept = self._kept(key, f)
                if changed != self.changed[key] or kept != self.kept[key]:
                    self.changed[key], self.kept[key] = changed, kept
                    more = True

    def _kept(self, key: Key, f: ir.Function) -> set[str]:
        """Parameters that are services or callables and outlive the call."""
        mine = {
            p.name
            for p in f.params
            if isinstance(p.type, ir.FuncT)
            or (
                isinstance(p.type, ir.NamedT)
                and (p.type.name in RUNTIME_OBJECTS or isinstance(self.module.find(p.type.name), ir.Protocol))
            )
        }
        if key[1] == "__init__":
            return mine
        out: set[str] = set()

        def note(values: list[ir.Expr]) -> None:
            out.update(v.id for v in values if isinstance(v, ir.Name) and v.id in mine)

        for s in f.body:
            for n in ir.walk(s):
                match n:
                    case ir.New(args=args):
                        note([a for _, a in args])
                    case ir.Assign(value=v):
                        note([v])
                    case ir.Return(value=v) if v is not None:
                        note([v])
                    case ir.ListLit(elems=elems):
                        note(elems)
                    case ir.Intrinsic(op=op, args=args) if op in MUTATING:
                        note(args[1:])
                    case ir.Call() | ir.MethodCall():
                        found = self.callee(n)
                        if found is not None:
                            note([a for name, a in found[1] if name in self.kept[found[0]]])
                    case _:
                        pass
        return out

    def _changing_classes(self) -> set[str]:
        """Classes whose objects change after they were made."""
        out: set[str] = set()
        for (cls, name), f in self.functions.items():
            for e, _ in self.changes(f.body):
                if name == "__init__" and root(e) == "self":
                    continue
                at: ir.Expr = e
                while True:
                    if isinstance(at.type, ir.NamedT):
                        out.add(at.type.name)
                    match at:
                        case ir.Field():
                            at = at.obj
                        case ir.Unwrap() | ir.Wrap():
                            at = at.value
                        case ir.Intrinsic(args=[first, *_]):
                            at = first
                        case _:
                            break
            if cls and name != "__init__" and "self" in self.changed[cls, name]:
                out.add(cls)
        return out

    # One function

    def facts(self, f: ir.Function) -> Facts:
        """What the body of a function does; call it after `declare`."""
        out = Facts()
        out.changed = self._roots(f)
        for e, t in self.changes(f.body):
            out.types.append(t)
            if not isinstance(e, ir.Name):
                out.deep.append(t)
        counts: dict[str, int] = {p.name: 1 for p in f.params}
        declared: set[str] = set()
        loops: set[str] = set()
        for s in f.body:
            for n in ir.walk(s):
                match n:
                    case ir.Assign():
                        for t in ir.walk(n.target):
                            if isinstance(t, ir.VarTarget):
                                counts[t.id] = counts.get(t.id, 0) + 1
                    case ir.AugAssign(target=ir.VarTarget(id=name)):
                        out.often.add(name)
                    case ir.VarDecl(id=name):
                        declared.add(name)
                    case ir.For(target=target) | ir.ForRange(target=target):
                        loops |= {t.id for t in ir.walk(target) if isinstance(t, ir.VarTarget)}
                    case _:
                        pass
        out.often |= {n for n, c in counts.items() if c > 1 or n in loops} | declared
        out.last = last_uses(f)
        return out

    def contains(self, t: Type, wanted: Type, seen: frozenset[str] = frozenset()) -> bool:
        """True when a value of type `t` is, or holds, one of type `wanted`."""
        if t == wanted:
            return True
        match t:
            case ir.ListT(elem) | ir.SetT(elem) | ir.OptionalT(elem):
                return self.contains(elem, wanted, seen)
            case ir.DictT(key, value):
                if isinstance(wanted, ir.DictT) and (key, value) == (wanted.key, wanted.value):
                    return True
                return self.contains(key, wanted, seen) or self.contains(value, wanted, seen)
            case ir.TupleT(elems):
                return any(self.contains(e, wanted, seen) for e in elems)
            case ir.NamedT(name) if name not in seen:
                d = self.module.find(name)
                return isinstance(d, ir.Class) and any(
                    self.contains(f.type, wanted, seen | {name}) for f in d.fields
                )
            case _:
                return False

    def changes_inside(self, t: Type) -> bool:
        """True when a value of the type is, or holds, an object of a class that changes."""
        return any(self.contains(t, ir.NamedT(name)) for name in self.changing)


@dataclass
class _Use:
    node: ir.Name
    order: int
    loops: tuple[int, ...]
    arms: tuple[tuple[int, int], ...]
    inside: bool  # of a closure or a comprehension


def last_uses(f: ir.Function) -> set[int]:
    """The ids of `Name` nodes after which a variable is not used again, so that its value can be moved."""
    uses: dict[str, list[_Use]] = {}
    declared: dict[str, tuple[int, ...]] = {p.name: () for p in f.params}
    counter = 0

    def expression(
        n: ir.Node, loops: tuple[int, ...], arms: tuple[tuple[int, int], ...], inside: bool
    ) -> None:
        nonlocal counter
        if isinstance(n, ir.Comp | ir.Lambda | ir.FuncDef | ir.PatternCall):
            inside = True
        if isinstance(n, ir.Name):
            counter += 1
            uses.setdefault(n.id, []).append(_Use(n, counter, loops, arms, inside))
        if isinstance(n, ir.Assign):
            expression(n.value, loops, arms, inside)
            expression(n.target, loops, arms, inside)
            return
        if isinstance(n, ir.Cond):
            expression(n.test, loops, arms, inside)
            expression(n.body, loops, (*arms, (id(n), 0)), inside)
            expression(n.orelse, loops, (*arms, (id(n), 1)), inside)
            return
        if isinstance(n, ir.VarTarget) and n.declares:
            declared.setdefault(n.id, loops)
        worded = isinstance(n, ir.Intrinsic) and n.op == "error.with_message"
        # An error is taken after its new message was made of it.
        for child in reversed(list(ir.children(n))) if worded else ir.children(n):
            expression(child, loops, arms, inside)

    def block(body: list[ir.Stmt], loops: tuple[int, ...], arms: tuple[tuple[int, int], ...]) -> None:
        for s in body:
            match s:
                case ir.If():
                    expression(s.test, loops, arms, False)
                    block(s.body, loops, (*arms, (id(s), 0)))
                    block(s.orelse, loops, (*arms, (id(s), 1)))
                case ir.For() | ir.ForRange():
                    for part in (s.iter,) if isinstance(s, ir.For) else (s.start, s.stop):
                        expression(part, loops, arms, False)
                    inner = (*loops, id(s))
                    for t in ir.walk(s.target):
                        if isinstance(t, ir.VarTarget):
                            declared[t.id] = inner
                    block(s.body, inner, arms)
                case ir.While():
                    inner = (*loops, id(s))
                    expression(s.test, inner, arms, False)
                    block(s.body, inner, arms)
                case ir.Try():
                    block(s.body, loops, arms)
                    for i, h in enumerate(s.handlers):
                        declared.setdefault(h.var, loops)
                        block(h.body, loops, (*arms, (id(s), i)))
                    block(s.orelse, loops, (*arms, (id(s), -1)))
                    block(s.final, loops, arms)
                case ir.VarDecl():
                    declared.setdefault(s.id, loops)
                case _:
                    expression(s, loops, arms, False)

    block(f.body, (), ())
    out: set[int] = set()
    for name, found in uses.items():
        at = declared.get(name)
        if at is None:
            continue
        for u in found:
            if u.inside or u.loops[: len(at)] != at or len(u.loops) > len(at):
                continue
            later = [o for o in found if o is not u and o.order > u.order and not _exclusive(u, o)]
            if not later:
                out.add(id(u.node))
    return out


def _exclusive(a: _Use, b: _Use) -> bool:
    """True when the two uses are in different arms of one branch."""
    arms = dict(a.arms)
    return any(branch in arms and arms[branch] != arm for branch, arm in b.arms)
