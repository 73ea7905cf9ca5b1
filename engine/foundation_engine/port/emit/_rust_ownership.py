"""Who owns what: which parameters a function changes or keeps, and where a value is used for the last time.

Rust has no shared objects that change, so that these facts decide between `&T`, `&mut T`, a move and a copy, and tell
where a copy would be seen to differ from the source's one object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from foundation_engine.port import ir
from foundation_engine.port.ir import Type
from foundation_engine.port.passes import MUTATING

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


# What cuts a text into a list of parts.
PARTS = frozenset({"str.split", "str.split_n", "str.split_ws"})
_CUT = frozenset(
    {f"str.{side}strip{chars}" for side in ("", "l", "r") for chars in ("", "_chars")}
    | {"json.text", "str.removeprefix", "str.removesuffix"}
)


def lends(e: ir.Expr) -> bool:
    """True for a part of a text or list, which Rust borrows from it."""
    match e:
        case ir.Intrinsic(op=op) if op in _CUT:
            return True
        case ir.Intrinsic(op="list.index", args=[ir.Intrinsic(op=op), at]) if op in PARTS:
            last = isinstance(at, ir.Intrinsic) and at.op == "from_end" and isinstance(at.args[0], ir.Lit)
            return isinstance(at, ir.Lit) or (last and op != "str.split_n")
        case ir.Intrinsic(op="tuple.index", args=[ir.Intrinsic(op="str.partition" | "str.rpartition"), _]):
            return True
        case ir.Intrinsic(op="str.slice" | "str.byte_slice" | "str.cut" | "list.slice", args=[_, low, high]):
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
    arms: tuple[tuple[int, int], ...]


def last_uses(f: ir.Function) -> set[int]:
    """The ids of `Name` nodes after which a variable's value is not used again, so that it can be moved.

    A variable that is set again before it is read again may be moved, too, as Rust allows.
    """
    found = _LastUses(f)
    found.block(f.body, _After())
    return found.last()


@dataclass(frozen=True, slots=True)
class _After:
    """The variables that are read after a statement: where it ends, and where it leaves a loop or fails instead."""

    next: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()  # behind the loop
    again: frozenset[str] = frozenset()  # at the loop's next turn
    failed: frozenset[str] = frozenset()  # in the handlers around


class _LastUses:
    """Walks over a function from its end to its beginning, and notes what is read after each expression."""

    def __init__(self, f: ir.Function) -> None:
        self.heads: dict[int, tuple[list[ir.Node], set[str]]] = {}
        self.declared = {p.name for p in f.params}
        self.kept: set[int] = set()  # ids of names whose variable stays as it is
        self.captured: set[str] = set()
        for s in f.body:
            for n in ir.walk(s):
                match n:
                    case ir.VarDecl(id=name) | ir.VarTarget(id=name, declares=True) | ir.Handler(var=name):
                        self.declared.add(name)
                    case ir.For(target=target) | ir.ForRange(target=target):
                        self.declared |= {t.id for t in ir.walk(target) if isinstance(t, ir.VarTarget)}
                    case ir.FuncDef(func=inner):
                        # A closure borrows what it captures for as long as it lives.
                        self.captured |= {
                            m.id for b in inner.body for m in ir.walk(b) if isinstance(m, ir.Name)
                        }
                    case ir.Try(body=body):
                        self._keep(body)
                    case _:
                        pass

    def _keep(self, body: list[ir.Stmt]) -> None:
        """A body that is tried may be a closure, which would take what it sets again, too."""
        nodes = [n for b in body for n in ir.walk(b)]
        set_here = {n.id for n in nodes if isinstance(n, ir.VarTarget)}
        new = {n.id for n in nodes if isinstance(n, ir.VarTarget) and n.declares}
        new |= {n.id for n in nodes if isinstance(n, ir.VarDecl)}
        self.kept |= {id(n) for n in nodes if isinstance(n, ir.Name) and n.id in set_here - new}

    def block(self, body: list[ir.Stmt], after: _After) -> frozenset[str]:
        """What is read from the beginning of a block on."""
        live = after.next
        for s in reversed(body):
            live = self._statement(s, replace(after, next=live))
        return live

    def _statement(self, s: ir.Stmt, after: _After) -> frozenset[str]:
        match s:
            case ir.If():
                arms = self.block(s.body, after) | self.block(s.orelse, after)
                return self._head(s, [s.test], arms | after.failed)
            case ir.For() | ir.ForRange():
                targets = {t.id for t in ir.walk(s.target) if isinstance(t, ir.VarTarget)}
                live = self._turns(s.body, after, lambda inside: after.next | (inside - targets))
                return self._head(
                    s, [s.iter] if isinstance(s, ir.For) else [s.start, s.stop], live | after.failed
                )
            case ir.While():
                return self._turns(
                    s.body, after, lambda inside: self._head(s, [s.test], after.next | inside | after.failed)
                )
            case ir.Try():
                final = self.block(s.final, after)
                # What runs in the end runs before anything that leaves goes on.
                outer = (
                    _After(final, after.left | final, after.again | final, after.failed | final)
                    if s.final
                    else after
                )
                handled = outer.failed
                for h in s.handlers:
                    handled |= self.block(h.body, outer) - {h.var}
                orelse = self.block(s.orelse, outer)
                return self.block(s.body, replace(outer, next=orelse, failed=handled)) | handled
            case ir.VarDecl():
                return after.next - {s.id}
            case ir.Break():
                return after.left
            case ir.Continue():
                return after.again
            case ir.Return() | ir.Raise():
                return self._head(s, [s], after.failed)
            case ir.Assign():
                targets = [s.target, *(s.target.elems if isinstance(s.target, ir.TupleTarget) else [])]
                fresh = {t.id for t in targets if isinstance(t, ir.VarTarget)}
                return self._head(s, [s.value, s.target], (after.next - fresh) | after.failed)
            case ir.AugAssign(target=ir.VarTarget(id=name)):
                return self._head(s, [s], after.next | after.failed | {name})
            case _:
                return self._head(s, [s], after.next | after.failed)

    def _turns(
        self, body: list[ir.Stmt], after: _After, turn: Callable[[frozenset[str]], frozenset[str]]
    ) -> frozenset[str]:
        """What is read from the beginning of a loop on; `turn` tells it of what its body reads."""
        again = turn(frozenset())
        while True:
            inside = self.block(body, _After(again, after.next, again, after.failed))
            more = turn(inside) | again
            if more == again:
                return again
            again = more

    def _head(self, s: ir.Stmt, nodes: list[ir.Node], after: frozenset[str]) -> frozenset[str]:
        """Note what is read after the expressions of a statement."""
        self.heads.setdefault(id(s), (nodes, set()))[1].update(after)
        return after | {n.id for node in nodes for n in ir.walk(node) if isinstance(n, ir.Name)}

    def last(self) -> set[int]:
        """The ids of the names that are last."""
        out: set[int] = set()
        for nodes, after in self.heads.values():
            uses: list[tuple[_Use, bool]] = []
            for node in nodes:
                _uses(node, (), False, uses)
            for i, (u, inside) in enumerate(uses):
                name = u.node.id
                if (
                    inside
                    or name in after
                    or name not in self.declared - self.captured
                    or id(u.node) in self.kept
                ):
                    continue
                if all(o.node.id != name or _exclusive(u, o) for o, _ in uses[i + 1 :]):
                    out.add(id(u.node))
        return out


def _uses(n: ir.Node, arms: tuple[tuple[int, int], ...], inside: bool, out: list[tuple[_Use, bool]]) -> None:
    """The uses of variables in an expression, in the order of evaluation, and whether they are inside of a closure."""
    inside = inside or isinstance(n, ir.Comp | ir.Lambda | ir.FuncDef | ir.PatternCall)
    if isinstance(n, ir.Name):
        out.append((_Use(n, arms), inside))
    if isinstance(n, ir.Cond):
        _uses(n.test, arms, inside, out)
        _uses(n.body, (*arms, (id(n), 0)), inside, out)
        _uses(n.orelse, (*arms, (id(n), 1)), inside, out)
        return
    worded = isinstance(n, ir.Intrinsic) and n.op == "error.with_message"
    # An error is taken after its new message was made of it.
    for child in reversed(list(ir.children(n))) if worded else ir.children(n):
        _uses(child, arms, inside, out)


def _exclusive(a: _Use, b: _Use) -> bool:
    """True when the two uses are in different arms of one choice."""
    arms = dict(a.arms)
    return any(branch in arms and arms[branch] != arm for branch, arm in b.arms)
