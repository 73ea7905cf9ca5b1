"""Keeps the source's order of evaluation, for targets that write what changes something before its statement.

In `self.n * 10 + self.next()` the field is read before the call changes it. Where a later operand changes what an
earlier one reads, or an earlier one changes what a later one reads, the earlier operand is kept in a variable first.
A target that evaluates in order, but whose operands borrow, needs that only where a later operand changes what an
earlier one still borrows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Protocol

from foundation_engine.port import ir
from foundation_engine.port.ir import Type
from foundation_engine.port.passes import CHANGING, blocks
from foundation_engine.port.simplify import names_taken

# Operations that change their first operand and have a value.
TAKING = frozenset(
    {"list.pop", "list.pop_at", "dict.pop", "dict.pop_or", "dict.pop_optional", "dict.setdefault", "set.pop"}
)
_STORING = (
    CHANGING | TAKING | {"dict.update", "dict.clear", "dict.delete", "set.add", "set.discard", "set.remove"}
)
_HELD = (ir.ListT, ir.DictT, ir.SetT)


class _UnkeptError(Exception):
    """What would have to be kept cannot be: it is evaluated only under a condition, or has no value of its own."""


class Borrowing(Protocol):
    """What operands of a target borrow."""

    def root(self, e: ir.Node) -> str:
        """The variable that a place begins with, "" for something computed."""
        ...

    def held(self, parent: ir.Expr, operand: ir.Expr) -> str:
        """The variable that an operand still borrows from while those behind it are evaluated, "" for none."""
        ...


def sequence(module: ir.Module, borrowing: Borrowing | None = None) -> ir.Module:
    """Rewrite every function of a module in place; the module itself is returned.

    `borrowing` tells what operands borrow where the target evaluates them in order by itself.
    """
    changing = _changing(module)
    for cls, f in module.functions():
        _Sequence(module, changing, f, cls, borrowing).block(f.body)
    return module


def _changing(module: ir.Module) -> set[tuple[str, str]]:
    """The functions and methods, by class and name, that change what their caller sees; a fixpoint over the calls."""
    found: set[tuple[str, str]] = set()
    while True:
        before = len(found)
        for cls, f in module.functions():
            key = (cls.name if cls is not None else "", f.name)
            if key not in found and any(
                _stores(n, f) or _calls(n, module, found) for s in f.body for n in ir.walk(s)
            ):
                found.add(key)
        if len(found) == before:
            return found


def _stores(n: ir.Node, f: ir.Function) -> bool:
    """True when a node of a function changes something that the function has not made."""
    match n:
        case ir.FieldTarget(obj=obj) | ir.IndexTarget(obj=obj):
            return not _fresh(obj, f)
        case ir.Intrinsic(op=op, args=[obj, *_]) if op in _STORING:
            return not _fresh(obj, f)
        case _:
            return False


def _fresh(obj: ir.Expr, f: ir.Function) -> bool:
    """True for a variable that only ever holds values that the function makes."""
    if not isinstance(obj, ir.Name) or obj.id in {p.name for p in f.params} | {"self"}:
        return False
    values = [
        n.value
        for s in f.body
        for n in ir.walk(s)
        if isinstance(n, ir.Assign) and isinstance(n.target, ir.VarTarget) and n.target.id == obj.id
    ]
    made = (ir.ListLit, ir.DictLit, ir.SetLit, ir.Comp, ir.New)
    copies = ("list.copy", "dict.copy", "set.copy", "sorted", "list.slice", "str.split")
    return bool(values) and all(
        isinstance(v, made) or (isinstance(v, ir.Intrinsic) and v.op in copies) for v in values
    )


def _calls(n: ir.Node, module: ir.Module, changing: set[tuple[str, str]]) -> bool:
    """True for a call that may change something."""
    match n:
        case ir.Call(func=ir.Name(id=name), args=args):
            if isinstance(module.find(name), ir.Function):
                return ("", name) in changing
            return any(_mutable(a.type) for a in args)
        case ir.MethodCall(obj=obj, method=method, args=args):
            if isinstance(obj.type, ir.NamedT) and isinstance(module.find(obj.type.name), ir.Class):
                return (obj.type.name, method) in changing
            return any(_mutable(a.type) for a in args)
        case ir.Call(args=args):
            return any(_mutable(a.type) for a in args)
        case _:
            return False


def _mutable(t: Type) -> bool:
    return isinstance(t, (*_HELD, ir.NamedT)) or (isinstance(t, ir.OptionalT) and _mutable(t.elem))


class _Sequence:
    """Rewrites one function."""

    def __init__(
        self,
        module: ir.Module,
        changing: set[tuple[str, str]],
        f: ir.Function,
        cls: ir.Class | None,
        borrowing: Borrowing | None,
    ) -> None:
        self.module = module
        self.changing = changing
        self.borrowing = borrowing
        self.taken = names_taken(f)
        if cls is not None:
            self.taken.add("self")

    def block(self, body: list[ir.Stmt]) -> None:
        """Rewrite the statements of a block."""
        out: list[ir.Stmt] = []
        for s in body:
            for inner in blocks(s):
                self.block(inner)
            kept: list[ir.Stmt] = []
            try:
                if self.needed(s):
                    s = self.statement(s, kept)
            except _UnkeptError:
                reason = "an expression that changes what it has read, where that cannot be kept"
                out.append(ir.Hole(reason, "", "", line=s.line, comments=s.comments))
                break
            if kept:
                kept[0].comments, s.comments = s.comments, []
            out.extend([*kept, s])
        body[:] = out

    def needed(self, s: ir.Stmt) -> bool:
        """True for a statement in which the order could be lost."""
        if self.borrowing is None:
            return any(map(self.changes, _expressions(s)))
        match s:
            case ir.AugAssign(target=target, value=value):
                return self.borrowing.root(target) in self.touched(value) or self.conflicts(value)
            case ir.Assign(target=ir.IndexTarget(obj=ir.Expr(type=ir.DictT())) as target, value=value):
                # An entry is borrowed while its value is made.
                return self.borrowing.root(target) in self.touched(value) or self.conflicts(value)
            case _:
                return any(map(self.conflicts, _expressions(s)))

    def conflicts(self, e: ir.Expr) -> bool:
        """True when somewhere in an expression an operand is borrowed while a later one changes it."""
        for n in _evaluated(e):
            if not (isinstance(n, ir.Expr) and self.changes(n)):
                continue
            operands = [get() for get, _, _ in _slots(n)]
            for i, operand in enumerate(operands):
                if any(self.is_held(n, operand, later) for later in operands[i + 1 :]):
                    return True
        return False

    def is_held(self, parent: ir.Expr, operand: ir.Expr, later: ir.Expr) -> bool:
        """True when an operand is borrowed while a later one changes it."""
        return self.borrowing is not None and self.borrowing.held(parent, operand) in self.touched(later)

    def touched(self, e: ir.Expr) -> set[str]:
        """The variables through which evaluating an expression may change something."""
        out: set[str] = set()
        if self.borrowing is None:
            return out
        for n in _evaluated(e):
            match n:
                case ir.Intrinsic(op=op, args=[place, *_]) if op in TAKING:
                    out.add(self.borrowing.root(place))
                case ir.Call(args=args) | ir.MethodCall(args=args) if _calls(n, self.module, self.changing):
                    places = [*args, n.obj] if isinstance(n, ir.MethodCall) else args
                    out.update(self.borrowing.root(a) for a in places if _mutable(a.type))
                case _:
                    pass
        return out - {""}

    def statement(self, s: ir.Stmt, kept: list[ir.Stmt]) -> ir.Stmt:
        """A statement whose operands are kept where they must be."""
        if isinstance(s, ir.AugAssign):
            if not isinstance(s.target, ir.FieldTarget | ir.IndexTarget):
                s.value = self.expr(s.value, kept)
                return s
            if not isinstance(s.target, ir.FieldTarget) or not isinstance(s.target.obj, ir.Name):
                raise _UnkeptError
            t = s.target.type
            old = ir.Field(s.target.obj, s.target.name, type=t)
            both = ir.Intrinsic(s.op, [old, s.value], type=t)
            return ir.Assign(
                s.target, self.expr(both, kept), line=s.line, comments=s.comments, trailing=s.trailing
            )
        if self.borrowing is not None and isinstance(s, ir.Assign) and isinstance(s.target, ir.IndexTarget):
            s.value = self.keep(self.expr(s.value, kept), kept)
            return s
        for f in fields(s):
            value = getattr(s, f.name)
            if isinstance(value, ir.Expr):
                # The test of a loop is evaluated again in every turn.
                setattr(s, f.name, self.expr(value, None if isinstance(s, ir.While) else kept))
        return s

    def expr(self, e: ir.Expr, kept: list[ir.Stmt] | None) -> ir.Expr:
        """An expression whose earlier operands are kept where a later one is in the way."""
        if not self.changes(e):
            return e
        slots = list(_slots(e))
        if isinstance(e, ir.Intrinsic) and e.op in _STORING:
            # What is changed is a place, not a value.
            place = slots.pop(0)[0]()
            waits = any(self.is_held(e, place, get()) for get, _, _ in slots)
        else:
            waits = False
        for i, (get, put, always) in enumerate(slots):
            operand = get()
            here = kept if always else None
            made = self.expr(operand, here)
            # A condition is evaluated before what depends on it, whatever that does.
            later = [] if isinstance(e, ir.Bool | ir.Cond) else [other() for other, _, _ in slots[i + 1 :]]
            if self.borrowing is not None and _mutable(operand.type) and self.borrowing.root(operand):
                # An object is seen as the later operands leave it.
                waits = waits or any(self.is_held(e, operand, v) for v in later)
            elif (
                (waits and (self.reads(operand) or self.changes(operand)))
                or (self.reads(operand) and any(map(self.changes, later)))
                or (self.changes(operand) and any(self.follows(operand, v) for v in later))
            ):
                # A list that somebody holds may be another or a longer one by the time it is used.
                if isinstance(operand.type, ir.ListT) and isinstance(operand, ir.Field):
                    raise _UnkeptError
                made = self.keep(made, here)
            put(made)
        return e

    def keep(self, e: ir.Expr, kept: list[ir.Stmt] | None) -> ir.Expr:
        """The variable in which a value is kept."""
        if kept is None or e.type in (ir.NONE, ir.UNKNOWN):
            raise _UnkeptError
        name = self.fresh(e)
        kept.append(ir.Assign(ir.VarTarget(name, type=e.type), e, line=e.line))
        return ir.Name(name, type=e.type)

    def changes(self, e: ir.Expr) -> bool:
        """True when evaluating an expression may change something."""
        return any(
            (isinstance(n, ir.Intrinsic) and n.op in TAKING) or _calls(n, self.module, self.changing)
            for n in _evaluated(e)
        )

    def follows(self, e: ir.Expr, later: ir.Expr) -> bool:
        """True when an operand must be evaluated behind one that changes something."""
        if self.changes(later):
            return True
        if not self.reads(later):
            return False
        nodes = list(_evaluated(later))
        if any(isinstance(n, ir.Field | ir.MethodCall | ir.Call | ir.Comp) for n in nodes):
            return True
        # What only takes something out of lists of one type leaves a map, or a list of another type, as it is.
        seen = {
            a.type for n in nodes if isinstance(n, ir.Intrinsic) for a in n.args if isinstance(a.type, _HELD)
        }
        inside = list(_evaluated(e))
        taken = [n.args[0].type for n in inside if isinstance(n, ir.Intrinsic) and n.op in TAKING]
        called = any(_calls(n, self.module, self.changing) for n in inside)
        return called or not all(
            isinstance(t, ir.ListT) and _apart(t, other) for t in taken for other in seen
        )

    def reads(self, e: ir.Expr) -> bool:
        """True when the value of an expression depends on something that can change."""
        return any(
            isinstance(n, ir.Field | ir.MethodCall | ir.Call | ir.Comp)
            or (isinstance(n, ir.Intrinsic) and any(isinstance(a.type, _HELD) for a in n.args))
            for n in _evaluated(e)
        )

    def fresh(self, e: ir.Expr) -> str:
        """A name for the value of an operand."""
        counted = isinstance(e, ir.Intrinsic) and e.op == "len"
        hint = e.name if isinstance(e, ir.Field) else "size" if counted else "before"
        name, n = hint, 1
        while name in self.taken:
            n += 1
            name = f"{hint}_{n}"
        self.taken.add(name)
        return name


def _apart(a: Type, b: Type) -> bool:
    """True for a list of values and another collection of values that cannot be or hold it."""
    values = [
        t.elem if isinstance(t, ir.ListT | ir.SetT) else t.value for t in (a, b) if isinstance(t, _HELD)
    ]
    return a != b and all(isinstance(v, ir.P) and v != ir.ANY for v in values)


def _expressions(s: ir.Stmt) -> Iterator[ir.Expr]:
    for f in fields(s):
        value = getattr(s, f.name)
        if isinstance(value, ir.Expr):
            yield value


def _evaluated(e: ir.Node) -> Iterator[ir.Node]:
    """The nodes that evaluating an expression evaluates: what an anonymous function holds is not."""
    yield e
    if not isinstance(e, ir.Lambda):
        for child in ir.children(e):
            yield from _evaluated(child)


_Slot = tuple[Callable[[], ir.Expr], Callable[[ir.Expr], None], bool]


def _slots(e: ir.Expr) -> Iterator[_Slot]:
    """The operands of an expression in the order of evaluation: how to get and set each, and if it always is."""

    def of_list(values: list[ir.Expr], i: int, always: bool = True) -> _Slot:
        return (lambda: values[i]), (lambda v: values.__setitem__(i, v)), always

    def of_field(node: ir.Node, name: str, always: bool = True) -> _Slot:
        return (lambda: getattr(node, name)), (lambda v: setattr(node, name, v)), always

    match e:
        case ir.Call(args=args):
            if not isinstance(e.func, ir.Name):
                yield of_field(e, "func")
            yield from (of_list(args, i) for i in range(len(args)))
        case ir.MethodCall(args=args):
            yield of_field(e, "obj")
            yield from (of_list(args, i) for i in range(len(args)))
        case ir.Intrinsic(args=args):
            yield from (of_list(args, i) for i in range(len(args)))
        case ir.ListLit(elems=elems) | ir.TupleLit(elems=elems) | ir.SetLit(elems=elems):
            yield from (of_list(elems, i) for i in range(len(elems)))
        case ir.New(args=named):
            for i, (name, _) in enumerate(named):
                yield (
                    lambda i=i: named[i][1],
                    lambda v, i=i, name=name: named.__setitem__(i, (name, v)),
                    True,
                )
        case ir.DictLit(items=items):
            for i in range(len(items)):
                yield (lambda i=i: items[i][0]), (lambda v, i=i: items.__setitem__(i, (v, items[i][1]))), True
                yield (lambda i=i: items[i][1]), (lambda v, i=i: items.__setitem__(i, (items[i][0], v))), True
        case ir.Format(parts=parts):
            yield from (of_field(p, "value") for p in parts if p.value is not None)
        case ir.Bool(values=values):
            yield from (of_list(values, i, i == 0) for i in range(len(values)))
        case ir.Cond():
            yield of_field(e, "test")
            yield of_field(e, "body", False)
            yield of_field(e, "orelse", False)
        case ir.Not() | ir.Unwrap() | ir.Wrap():
            yield of_field(e, "value")
        case ir.Field():
            yield of_field(e, "obj")
        case _:
            return
