"""What is proven where an expression is evaluated: positions that exist, lists that hold something, divisors but zero.

A target whose lists answer a missing position with nothing (Ruby) need not ask where a proof says that there is one. A
fact is a sum of integers and lengths that is not below zero, as `len(xs) - 1 - i`; tests, loops, assignments and
positions that were read tell facts, and what changes an integer or a list takes them away. A fact holds in a loop when
it holds before it and every turn keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from foundation_engine.port import ir
from foundation_engine.port.passes import at_least, lower_bounds

_GROWING = frozenset({"list.append", "list.extend", "list.insert"})
_KEEPING = frozenset(
    f"list.{op}"
    for op in (
        "index",
        "slice",
        "stride",
        "reversed",
        "concat",
        "repeat",
        "copy",
        "contains",
        "count",
        "find_or_raise",
        "find_where",
    )
)
_CALLS = ir.Call | ir.MethodCall | ir.New | ir.PatternOp
# Comparisons, and what holds where they do not.
_OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}


@dataclass(frozen=True, slots=True)
class _Atom:
    """An integer that facts speak of: its text, and what changes it."""

    key: str
    names: frozenset[str]
    fields: frozenset[str] = frozenset()
    inside: frozenset[ir.Type] = frozenset()  # types of the lists whose items it looks into
    size: ir.Type | None = None  # the type of the list whose length it is
    least: int | None = None  # what it is never below


@dataclass(frozen=True, slots=True)
class _Sum:
    """A sum of atoms with factors, and a number."""

    terms: tuple[tuple[_Atom, int], ...]
    number: int

    def plus(self, other: _Sum, factor: int = 1) -> _Sum:
        """This sum and a multiple of another one."""
        found = dict(self.terms)
        for atom, n in other.terms:
            found[atom] = found.get(atom, 0) + factor * n
        terms = sorted(((a, n) for a, n in found.items() if n), key=lambda t: t[0].key)
        return _Sum(tuple(terms), self.number + factor * other.number)

    def add(self, number: int) -> _Sum:
        """This sum and a number."""
        return _Sum(self.terms, self.number + number)


@dataclass(frozen=True, slots=True)
class _Found:
    """What holds of a position that a search gave, where it is not below zero: a sum that is not, either."""

    at: _Sum
    then: _Sum


# A position that was read or assigned, known by the atom of what stands there; a sum that is not below zero; or one
# that is not where something was found.
_Fact = _Atom | _Sum | _Found
_State = frozenset[_Fact]
_ZERO = _Sum((), 0)


@dataclass(slots=True)
class _Effects:
    """What statements change: variables, fields, and lists by their types."""

    names: set[str] = field(default_factory=set[str])
    fields: set[str] = field(default_factory=set[str])
    grown: set[ir.Type] = field(default_factory=set[ir.Type])
    shrunk: set[ir.Type] = field(default_factory=set[ir.Type])
    replaced: set[ir.Type] = field(default_factory=set[ir.Type])
    everything: bool = False  # unknown code runs

    def keeps(self, fact: _Fact) -> bool:
        """True when a fact holds afterwards, too."""
        if isinstance(fact, _Found):
            return self.keeps(fact.at) and self.keeps(fact.then)
        terms = ((fact, 1),) if isinstance(fact, _Atom) else fact.terms
        return all(self._keeps(atom, n) for atom, n in terms)

    def _keeps(self, atom: _Atom, factor: int) -> bool:
        if atom.names & self.names or atom.fields & self.fields:
            return False
        if self.everything and (atom.fields or atom.inside or atom.size is not None):
            return False
        if atom.inside & (self.replaced | self.shrunk | self.grown) or atom.size in self.shrunk:
            return False
        return factor > 0 or atom.size not in self.grown


@dataclass(slots=True)
class _Exits:
    """What holds where a loop's turns end early, and where the loop is left."""

    turns: list[_State] = field(default_factory=list[_State])
    left: list[_State] = field(default_factory=list[_State])


class Proofs:
    """The nodes of a function about which something is proven, by identity: valid as long as the nodes are in use.

    `inside` has reads and assignments of positions that exist and pops of lists that are not empty; `divisible` has
    divisions whose divisor is not zero, `counts` integers that are not below zero, `fitting` those that are not above
    the length of what is sliced, `steps` loops whose test begins with `i < n`, where `n` is the length of a text that
    the test looks into at `i`, and `i` a position of it or its length.
    """

    def __init__(self, f: ir.Function, module: ir.Module) -> None:
        self.inside: set[int] = set()
        self.divisible: set[int] = set()
        self.counts: set[int] = set()
        self.fitting: set[int] = set()
        self.steps: set[int] = set()
        self._module = module
        self._least = lower_bounds(f)
        self._recording = True
        self._exits: list[_Exits] = []
        self._closures = {n.func.name for s in f.body for n in ir.walk(s) if isinstance(n, ir.FuncDef)}
        self._shared = {
            m.id
            for s in f.body
            for n in ir.walk(s)
            if isinstance(n, ir.PatternCall)
            for m in ir.walk(n)
            if isinstance(m, ir.VarTarget)
        } | {v for s in f.body for n in ir.walk(s) if isinstance(n, ir.FuncDef) for v in n.func.shared}
        every = [n for d in module.definitions for n in ir.walk(d)]
        self._nested: dict[str, list[ir.Function]] = {}
        for n in every:
            if isinstance(n, ir.FuncDef):
                self._nested.setdefault(n.func.name, []).append(n.func)
        self._given = {n.name for n in every if isinstance(n, ir.Param)}
        self._behind: dict[str, _Effects] = {}
        self._fixed = self._whole(f)
        # What is not only called may be called when the function is over.
        inside = [n for s in f.body for n in ir.walk(s)]
        named = [n.id for n in inside if isinstance(n, ir.Name)]
        called = [n.func.id for n in inside if isinstance(n, ir.Call) and isinstance(n.func, ir.Name)]
        self._handed = {name for name in self._nested if named.count(name) != called.count(name)}
        self._run(f.body, frozenset())

    def _whole(self, f: ir.Function) -> _Effects:
        """What a function changes after it was set for the first time."""
        effects = _Effects()
        self._note((n for s in f.body for n in ir.walk(s)), effects)
        set_ = [n.id for s in f.body for n in ir.walk(s) if isinstance(n, ir.VarTarget)]
        set_ += [p.name for p in f.params]
        return replace(effects, names={name for name in set_ if set_.count(name) > 1})

    # Sums

    def _path(self, e: ir.Expr) -> _Atom | None:
        """A list or text that a variable, a field or a position of one holds."""
        match e:
            case ir.Name(id=name) if name not in self._shared:
                return _Atom(name, frozenset({name}))
            case ir.Field(obj=obj, name=name):
                base = self._path(obj)
                return base and _Atom(f"{base.key}.{name}", base.names, base.fields | {name}, base.inside)
            case ir.Intrinsic(op="list.index", args=[obj, at]):
                base, position = self._path(obj), self._sum(self._plain(at))
                if base is None or position is None:
                    return None
                return self._item(base, obj.type, position)
            case _:
                return None

    @staticmethod
    def _item(base: _Atom, kind: ir.Type, position: _Sum) -> _Atom:
        """What stands at a position of a list or text."""
        text = "+".join(f"{n}*{a.key}" for a, n in position.terms)
        names = base.names.union(*(a.names for a, _ in position.terms))
        fields = base.fields.union(*(a.fields for a, _ in position.terms))
        inside = base.inside.union({kind}, *(a.inside for a, _ in position.terms))
        return _Atom(f"{base.key}[{text}+{position.number}]", names, fields, inside)

    @staticmethod
    def _plain(e: ir.Expr) -> ir.Expr:
        """A position without its marks."""
        match e:
            case ir.Intrinsic(op="wrap" | "bound", args=[at]):
                return at
            case ir.Intrinsic(op="from_end", args=[at]):
                return ir.Intrinsic("int.neg", [at], type=ir.INT)
            case _:
                return e

    def _length(self, e: ir.Expr) -> _Sum | None:
        if isinstance(e, ir.Intrinsic) and e.op == "str.codepoints":
            return self._length(e.args[0])
        if isinstance(e.type, ir.ListT) or e.type == ir.STR:
            path = self._path(e)
            if path is not None:
                size = e.type if isinstance(e.type, ir.ListT) else None
                atom = _Atom(f"len({path.key})", path.names, path.fields, path.inside, size, 0)
                return _Sum(((atom, 1),), 0)
        return None

    def _sum(self, e: ir.Expr) -> _Sum | None:
        match e:
            case ir.Lit(value=bool()):
                return None
            case ir.Lit(value=int() as value):
                return _Sum((), value)
            case ir.Name(id=name, type=ir.INT) if name not in self._shared:
                return _Sum(((_Atom(name, frozenset({name}), least=self._least.get(name)), 1),), 0)
            case ir.Field(type=ir.INT):
                path = self._path(e)
                return None if path is None else _Sum(((path, 1),), 0)
            case ir.Intrinsic(op="len", args=[of]):
                return self._length(of)
            case ir.Intrinsic(op="int.add" | "int.sub" as op, args=[a, b]):
                x, y = self._sum(a), self._sum(b)
                return None if x is None or y is None else x.plus(y, 1 if op == "int.add" else -1)
            case ir.Intrinsic(op="int.neg", args=[a]):
                x = self._sum(a)
                return None if x is None else _ZERO.plus(x, -1)
            case ir.Intrinsic(
                op="int.mul", args=[a, ir.Lit(value=int() as n)] | [ir.Lit(value=int() as n), a]
            ):
                x = self._sum(a)
                return None if x is None else _ZERO.plus(x, n)
            case ir.Intrinsic(op="int.mul" | "int.floordiv" | "int.mod" as op, args=[a, b]):
                x, y = self._sum(a), self._sum(b)
                if x is None or y is None:
                    return None
                atoms = [a for a, _ in (*x.terms, *y.terms)]
                made = _Atom(
                    f"({x} {op} {y})",
                    frozenset[str]().union(*(a.names for a in atoms)),
                    frozenset[str]().union(*(a.fields for a in atoms)),
                    frozenset[ir.Type]().union(
                        *(a.inside | ({a.size} if a.size else set[ir.Type]()) for a in atoms)
                    ),
                    least=at_least(e, self._least),
                )
                return _Sum(((made, 1),), 0)
            case _:
                return None

    # Proofs

    def _holds(self, goal: _Sum | None, state: _State) -> bool:
        """True when a sum is proven not to be below zero: by itself, or by a few facts."""
        if goal is None:
            return False
        return _certain(goal) or self._follows(goal, [f for f in state if isinstance(f, _Sum)], 3)

    def _follows(self, goal: _Sum, facts: Sequence[_Sum], depth: int) -> bool:
        """True when a sum is certain after some facts, at most as many as `depth` says, are taken from it."""
        lack = _lacking(goal)
        wanted = {lack} if lack is not None else {a for a, _ in goal.terms}
        near = [goal.plus(f, -1) for f in facts if wanted & {a for a, _ in f.terms}]
        if any(map(_certain, near)):
            return True
        return depth > 1 and any(
            self._follows(left, facts, depth - 1) for left in near if len(left.terms) <= len(goal.terms) + 1
        )

    def _keeps(self, fact: _Fact, state: _State) -> bool:
        return fact in state or (isinstance(fact, _Sum) and self._holds(fact, state))

    def _join(self, states: Sequence[_State | None]) -> _State | None:
        """What holds in each of several states; None where none of them is ever reached."""
        reached = [s for s in states if s is not None]
        if not reached:
            return None
        every = frozenset[_Fact]().union(*reached)
        return frozenset(f for f in every if all(self._keeps(f, s) for s in reached))

    def _joined(self, one: _State, other: _State) -> _State:
        return self._join([one, other]) or frozenset()

    def _branches(self, test: ir.Expr, state: _State) -> tuple[_State, _State]:
        """Look at a test; what is known where it holds, and where it does not."""
        match test:
            case ir.Not(value=inner):
                holds, fails = self._branches(inner, state)
                return fails, holds
            case ir.Bool(op=op, values=values):
                others: list[_State] = []
                for v in values:
                    holds, fails = self._branches(v, state)
                    state, other = (holds, fails) if op == "and" else (fails, holds)
                    others.append(other)
                ended = self._join(others) or frozenset()
                return (state, ended) if op == "and" else (ended, state)
            case _:
                state = self._eval(test, state)
                effects = _Effects()
                self._note(ir.walk(test), effects)
                holds, fails = (self._implied(self._told(test, yes, state)) for yes in (True, False))
                return (
                    state | frozenset(f for f in holds if effects.keeps(f)),
                    state | frozenset(f for f in fails if effects.keeps(f)),
                )

    def _implied(self, state: _State) -> _State:
        """A state with what holds in it where something was found."""
        return state | {f.then for f in state if isinstance(f, _Found) and self._holds(f.at, state)}

    def _told(self, test: ir.Expr, holds: bool, state: _State) -> _State:
        """What is known besides where a test that is no chain holds, or does not."""
        match test:
            case ir.Intrinsic(op="nonempty" | "empty" as op, args=[of]):
                size = self._length(of)
                if size is None:
                    return state
                return state | {size.add(-1) if (op == "nonempty") == holds else _ZERO.plus(size, -1)}
            case ir.Intrinsic(op="str.startswith" | "str.endswith", args=[of, ir.Lit(value=str(part))]) if (
                holds
            ):
                size = self._length(of)
                return state if size is None else state | {size.add(-len(part))}
            case ir.Intrinsic(op="eq" | "ne" as op, args=[of, ir.Lit(value="")]):
                size = self._length(of)
                if size is None:
                    return state
                return state | {_ZERO.plus(size, -1) if (op == "eq") == holds else size.add(-1)}
            case ir.Intrinsic(op=op, args=[a, b]) if (
                op in _OPPOSITE and a.type == ir.INT and b.type == ir.INT
            ):
                x, y = self._sum(a), self._sum(b)
                if x is None or y is None:
                    return state
                return state | set(self._compared(op if holds else _OPPOSITE[op], x.plus(y, -1), state))
            case _:
                return state

    def _compared(self, op: str, difference: _Sum, state: _State) -> Iterator[_Sum]:
        """What `x op y` says of `x - y`."""
        other = _ZERO.plus(difference, -1)
        if op in ("ge", "gt", "eq"):
            yield difference.add(-1 if op == "gt" else 0)
        if op in ("le", "lt", "eq"):
            yield other.add(-1 if op == "lt" else 0)
        if op == "ne":
            yield from (side.add(-1) for side in (difference, other) if self._holds(side, state))

    # Expressions

    def _eval(self, e: ir.Expr, state: _State) -> _State:
        """Look at an expression; what is known after it was evaluated."""
        match e:
            case ir.Bool() | ir.Not():
                return self._joined(*self._branches(e, state))
            case ir.Cond(test=test, body=body, orelse=orelse):
                holds, fails = self._branches(test, state)
                return self._joined(self._eval(body, holds), self._eval(orelse, fails))
            case ir.Comp():
                self._comp(e, state)
                return self._after([e], state)
            case ir.Lambda(body=body):
                self._eval(body, frozenset())
                return state
            case ir.PatternCall():
                self._run(e.body, frozenset())
                return self._after([e], frozenset())
            case ir.Call(func=ir.Name(id=name), args=[text, part, start]) if self._named(
                name, "find_from", "position_from"
            ):
                for inner in (text, part, start):
                    state = self._eval(inner, state)
                if self._recording and self._holds(self._sum(start), state):
                    self.counts.add(id(start))
                return state
            case _:
                for child in ir.children(e):
                    if isinstance(child, ir.Expr):
                        state = self._eval(child, state)
                    else:
                        for n in ir.children(child):
                            state = self._eval(n, state) if isinstance(n, ir.Expr) else state
                if isinstance(e, ir.Intrinsic):
                    return self._operation(e, state)
                return self._after([e], state) if isinstance(e, _CALLS) else state

    def _after(self, nodes: Sequence[ir.Node], state: _State) -> _State:
        effects = _Effects()
        for node in nodes:
            self._note(ir.walk(node), effects)
        return frozenset(f for f in state if effects.keeps(f))

    def _comp(self, e: ir.Comp, state: _State) -> None:
        for i, clause in enumerate(e.clauses):
            state = self._eval(clause.iter, state)
            # Turns after the first one begin with what those before them changed.
            state = self._after([e], state) if i == 0 else state
            facts = self._after([e.elem, *e.clauses[i + 1 :]], self._bound(clause.target, clause.iter, state))
            state = self._hidden(clause.target, state) | facts
            for test in clause.conds:
                state, _ = self._branches(test, state)
        self._eval(e.elem, state)

    def _hidden(self, target: ir.Target, state: _State) -> _State:
        own = _Effects(names={t.id for t in ir.walk(target) if isinstance(t, ir.VarTarget)})
        return frozenset(f for f in state if own.keeps(f))

    def _bound(self, target: ir.Target, over: ir.Expr, state: _State) -> _State:
        """What is known of the variables of a loop in each of its turns."""
        match target, over:
            case ir.VarTarget(), ir.Intrinsic(op="range", args=[start, stop, ir.Lit(value=int() as step)]):
                if self._recording and self._holds(self._sum(stop), state):
                    self.counts.add(id(stop))
                return self._counted(target, start, stop, step)
            case ir.VarTarget(), ir.Call(func=ir.Name(id=name), args=[start, stop, step]) if self._named(
                name, "stepped"
            ):
                by = self._sum(step)
                if by is None or not self._holds(by.add(-1), state):
                    return frozenset()
                if self._recording:
                    self.counts.add(id(step))
                return self._counted(target, start, stop, 1)
            case ir.TupleTarget(elems=[ir.VarTarget() as at, *_]), ir.Intrinsic(
                op="enumerate", args=[of, start]
            ):
                first, size = self._sum(start), self._length(of)
                position = self._sum(ir.Name(at.id, type=ir.INT))
                if position is None or first is None:
                    return frozenset()
                facts = {position.plus(first, -1)}
                if size is not None:
                    facts.add(size.plus(first).plus(position, -1).add(-1))
                return frozenset(facts)
            case _:
                return frozenset()

    def _named(self, name: str, *library: str) -> bool:
        known = self._module.find(name)
        return isinstance(known, ir.Function) and known.library in library

    def _counted(self, target: ir.VarTarget, start: ir.Expr, stop: ir.Expr, step: int) -> _State:
        at = self._sum(ir.Name(target.id, type=ir.INT))
        first, last = self._sum(start), self._sum(stop)
        facts: set[_Fact] = set()
        if at is not None and first is not None:
            facts.add(at.plus(first, -1) if step > 0 else first.plus(at, -1))
        if at is not None and last is not None:
            facts.add(last.plus(at, -1).add(-1) if step > 0 else at.plus(last, -1).add(-1))
        own = _Effects(names={target.id})
        # A bound that has the variable's own name is another variable's.
        bounds = [s for s in (first, last) if s is not None]
        return frozenset() if any(not own.keeps(s) for s in bounds) else frozenset(facts)

    def _operation(self, e: ir.Intrinsic, state: _State) -> _State:
        match e:
            case ir.Intrinsic(op="list.index" | "str.index", args=[of, at]):
                return self._position(e, of, at, state)
            case ir.Intrinsic(op="list.pop" | "list.pop_at", args=[of, *at]):
                size = self._length(of)
                first = not at or (isinstance(at[0], ir.Lit) and at[0].value == 0)
                if self._recording and first and size is not None and self._holds(size.add(-1), state):
                    self.inside.add(id(e))
                after = self._after([e], state)
                return after if size is None else after | frozenset(self._shortened(size, state))
            case ir.Intrinsic(op="list.append", args=[of, _]):
                size = self._length(of)
                state = self._after([e], state)
                return state if size is None else state | {size.add(-1)}
            case ir.Intrinsic(op="float.div", args=[_, divisor]):
                whole = isinstance(divisor, ir.Intrinsic) and divisor.op == "int.to_float"
                by = self._sum(divisor.args[0]) if isinstance(divisor, ir.Intrinsic) and whole else None
                if self._recording and by is not None and self._holds(by.add(-1), state):
                    self.divisible.add(id(e))
                return state
            case ir.Intrinsic(op="list.repeat" | "str.repeat", args=[_, count]):
                if self._recording and self._holds(self._sum(count), state):
                    self.counts.add(id(count))
                return state
            case ir.Intrinsic(op="list.slice" | "str.slice", args=[of, *bounds]):
                size = self._length(of)
                for b in bounds if self._recording else ():
                    if isinstance(b, ir.Intrinsic) and b.op == "from_end":
                        continue
                    at = self._sum(self._plain(b))
                    if self._holds(at, state):
                        self.counts.add(id(b))
                    if at is not None and size is not None and self._holds(size.plus(at, -1), state):
                        self.fitting.add(id(b))
                return state
            case _:
                return self._after([e], state) if e.op.startswith("list.") and e.op not in _KEEPING else state

    def _shortened(self, size: _Sum, state: _State) -> Iterator[_Sum]:
        """What is known of the length of a list that lost an item, and of nothing else that may have changed."""
        ((atom, _),) = size.terms
        for f in state:
            if isinstance(f, _Sum) and (n := dict(f.terms).get(atom)):
                others = _Sum(tuple((a, m) for a, m in f.terms if a != atom), f.number)
                if all(a.size != atom.size and atom.size not in a.inside for a, _ in others.terms):
                    yield f.add(n)

    def _position(self, node: ir.Node, of: ir.Expr, at: ir.Expr, state: _State) -> _State:
        """Look at a position that is read or assigned; afterwards it is known to exist."""
        size, path, position = self._length(of), self._path(of), self._sum(self._plain(at))
        if size is None or path is None or position is None:
            return state
        state |= frozenset(self._of_each(of, size, state))
        there = replace(
            self._item(path, of.type, position), size=of.type if isinstance(of.type, ir.ListT) else None
        )
        there = replace(there, inside=there.inside - ({of.type} - path.inside))
        from_end = isinstance(at, ir.Intrinsic) and at.op == "from_end"
        below = size.plus(position) if from_end else size.plus(position, -1).add(-1)
        above = _ZERO.plus(position, -1).add(-1) if from_end else position
        wound = self._wound(at, size, state)
        known = wound or self._holds(above, state)
        if self._recording and (there in state or wound or (known and self._holds(below, state))):
            self.inside.add(id(node))
        # What is read or assigned from the beginning is below the length, even where it counts from the end.
        return state | ({there} if from_end and not known else {there, below})

    def _wound(self, at: ir.Expr, size: _Sum, state: _State) -> bool:
        """True for a remainder by what is not above a length: dividing by zero has failed before it is looked at."""
        match self._plain(at):
            case ir.Intrinsic(op="int.mod", args=[_, by]):
                divisor = self._sum(by)
                return (
                    divisor is not None
                    and self._holds(divisor, state)
                    and self._holds(size.plus(divisor, -1), state)
                )
            case _:
                return False

    def _every(self, e: ir.Expr) -> _Sum | None:
        """The length that every item of a list has."""
        path = self._path(e)
        if path is None or not isinstance(e.type, ir.ListT) or not isinstance(e.type.elem, ir.ListT):
            return None
        inside = path.inside | {e.type}
        return _Sum(((_Atom(f"len({path.key}[*])", path.names, path.fields, inside, e.type.elem, 0), 1),), 0)

    def _of_each(self, of: ir.Expr, size: _Sum, state: _State) -> Iterator[_Sum]:
        """What is known of the length of every item of a list, said of one."""
        if (
            isinstance(of, ir.Intrinsic)
            and of.op == "list.index"
            and (every := self._every(of.args[0])) is not None
        ):
            atom = every.terms[0][0]
            for f in state:
                if isinstance(f, _Sum) and (n := dict(f.terms).get(atom)):
                    yield f.plus(every, -n).plus(size, n)

    # Statements

    def _run(self, body: Sequence[ir.Stmt], state: _State) -> _State | None:
        """Look at statements; what is known behind them, None where control does not get there."""
        for s in body:
            after = self._statement(s, state)
            if after is None:
                return None
            state = after
        return state

    def _statement(self, s: ir.Stmt, state: _State) -> _State | None:
        match s:
            case ir.Assign(target=target, value=value):
                return self._assign(target, value, self._eval(value, state))
            case ir.AugAssign(
                target=ir.VarTarget(id=name, type=ir.INT), op="int.add" | "int.sub" as op, value=value
            ):
                state = self._eval(value, state)
                return self._moved(name, self._sum(value), 1 if op == "int.add" else -1, state)
            case ir.AugAssign(target=target, value=value):
                return self._stored(target, self._eval(value, state))
            case ir.ExprStmt(value=value):
                return self._eval(value, state)
            case ir.If(test=test, body=body, orelse=orelse):
                holds, fails = self._branches(test, state)
                return self._join([self._run(body, holds), self._run(orelse, fails)])
            case ir.While():
                if self._recording and self._within(s.test, state):
                    self.steps.add(id(s))
                return self._loop(s, s.body, state, s.test, frozenset())
            case ir.ForRange(start=start, stop=stop):
                state = self._eval(stop, self._eval(start, state))
                return self._loop(s, s.body, state, None, self._counted(s.target, start, stop, s.step))
            case ir.For(iter=over):
                state = self._eval(over, state)
                return self._loop(s, s.body, state, None, self._bound(s.target, over, state))
            case ir.Return(value=value):
                if value is not None:
                    self._eval(value, state)
                return None
            case ir.Raise():
                for e in (s.error, s.cause):
                    if e is not None:
                        self._eval(e, state)
                return None
            case ir.Break() | ir.Continue():
                if self._exits:
                    (self._exits[-1].left if isinstance(s, ir.Break) else self._exits[-1].turns).append(state)
                return None
            case ir.Hole():
                return None
            case ir.FuncDef(func=f):
                outer, self._exits = self._exits, []
                # It may be called at any time later: only what never changes is known then.
                own = {p.name for p in f.params} | {
                    n.id for b in f.body for n in ir.walk(b) if isinstance(n, ir.VarTarget)
                }
                mine = replace(self._fixed, names=self._fixed.names | own)
                kept = not outer and f.name not in self._handed
                self._run(f.body, frozenset(fact for fact in state if kept and mine.keeps(fact)))
                self._exits = outer
                return self._after([s], state)
            case ir.Try(body=body, handlers=handlers, orelse=orelse, final=final):
                # What fails may fail at any place of the block.
                broken = self._after(body, state)
                known = (len(self._exits[-1].turns), len(self._exits[-1].left)) if self._exits else (0, 0)
                ends = [self._run([*body, *orelse], state)]
                for h in handlers:
                    named = _Effects(names={h.var})
                    ends.append(self._run(h.body, frozenset(f for f in broken if named.keeps(f))))
                if self._exits:
                    for states, n in zip((self._exits[-1].turns, self._exits[-1].left), known, strict=True):
                        states[n:] = [self._after(final, state) for state in states[n:]]
                joined = self._join(ends)
                behind = self._run(final, self._after([s], state))
                return None if joined is None or behind is None else self._after(final, joined)
            case _:
                return self._after([s], state)

    def _within(self, test: ir.Expr, state: _State) -> bool:
        match test:
            case ir.Bool(op="and", values=[ir.Intrinsic(op="lt", args=[at, end]), *others]):
                pass
            case _:
                return False
        looks = [n for v in others for n in ir.walk(v) if isinstance(n, ir.Intrinsic) and n.op == "str.index"]
        i, n = self._sum(at), self._sum(end)
        if i is None or n is None or not looks or not all(ir.same(look.args[1], at) for look in looks):
            return False
        size = self._length(looks[0].args[0])
        return (
            size is not None
            and all(ir.same(look.args[0], looks[0].args[0]) for look in looks)
            and self._holds(i, state)
            and self._holds(size.plus(i, -1), state)
            and self._holds(size.plus(n, -1), state)
            and self._holds(n.plus(size, -1), state)
        )

    def _assign(self, target: ir.Target, value: ir.Expr, state: _State) -> _State:
        if not isinstance(target, ir.VarTarget):
            return self._stored(target, state)
        name = target.id
        if target.type == ir.INT and (made := self._sum(value)) is not None:
            atoms = {a.key: n for a, n in made.terms}
            if atoms.get(name) == 1:
                rest = _Sum(tuple((a, n) for a, n in made.terms if a.key != name), made.number)
                if not any(name in a.names for a, _ in rest.terms):
                    return self._moved(name, rest, 1, state)
        before = state
        state = self._stored(target, state)
        if not self._own(name, value):
            return state | frozenset(self._said(target, value, before))
        at = self._sum(ir.Name(name, type=target.type)) if target.type == ir.INT else None
        return state if at is None else state | frozenset(self._found(at, value, before))

    def _own(self, name: str, value: ir.Expr) -> bool:
        """True when a value reads the variable that it is assigned to."""
        return any(isinstance(n, ir.Name) and n.id == name for n in ir.walk(value))

    def _said(self, target: ir.VarTarget, value: ir.Expr, state: _State) -> Iterator[_Fact]:
        """What a variable's new value says of it."""
        now = ir.Name(target.id, type=target.type)
        if target.type == ir.INT:
            at = self._sum(now)
            if at is None:
                return
            made = self._sum(value)
            if made is not None:
                yield from (at.plus(made, -1), made.plus(at, -1))
            yield from self._found(at, value, state)
            match value:
                case ir.Intrinsic(op="int.floordiv", args=[of, ir.Lit(value=int() as by)]) if by > 1:
                    yield from self._divided(at, self._sum(of), by, state)
                case ir.Intrinsic(op="max" | "min" as op, args=args):
                    for other in map(self._sum, args):
                        if other is not None:
                            yield at.plus(other, -1) if op == "max" else other.plus(at, -1)
                case _:
                    pass
            return
        size = self._length(now)
        if size is None:
            return
        match value:
            case ir.ListLit(elems=elems):
                yield from (size.add(-len(elems)), _Sum((), len(elems)).plus(size, -1))
            case ir.Intrinsic(op="list.repeat", args=[ir.ListLit(elems=[_]), count]):
                made = self._sum(count)
                if made is not None:
                    yield size.plus(made, -1)
                    if self._holds(made, state):
                        yield made.plus(size, -1)
            case ir.Intrinsic(
                op="to_list", args=[ir.Intrinsic(op="range", args=[first, last, ir.Lit(value=1)])]
            ):
                start, stop = self._sum(first), self._sum(last)
                if start is not None and stop is not None:
                    yield size.plus(stop, -1).plus(start)
                    if self._holds(stop.plus(start, -1), state):
                        yield stop.plus(start, -1).plus(size, -1)
            case ir.Comp(
                kind="list",
                clauses=[
                    ir.Clause(iter=ir.Intrinsic(op="range", args=[first, last, ir.Lit(value=1)]), conds=[])
                ],
            ):
                start, stop = self._sum(first), self._sum(last)
                if start is not None and stop is not None:
                    yield size.plus(stop, -1).plus(start)
                every, least = self._every(now), self._repeated(value.elem)
                bound = {t.id for t in ir.walk(value) if isinstance(t, ir.VarTarget)}
                if every is not None and least is not None and _Effects(names=bound).keeps(least):
                    yield every.plus(least, -1)
            case (
                ir.Intrinsic(op="sorted" | "list.copy" | "list.reversed" | "to_list", args=[same, *_])
                | ir.Comp(kind="list", clauses=[ir.Clause(iter=same, conds=[])])
                | same
            ):
                other = self._length(same)
                if other is not None:
                    yield from (size.plus(other, -1), other.plus(size, -1))

    def _found(self, at: _Sum, value: ir.Expr, state: _State) -> Iterator[_Fact]:
        """What is known of a position that a search in a text gives."""
        match value:
            case ir.Intrinsic(op="str.find" | "str.rfind", args=[text, part]):
                first = _ZERO
            case ir.Call(func=ir.Name(id=name), args=[text, part, start]) if self._named(name, "find_from"):
                first = self._sum(start)
            case ir.Intrinsic(op="list.find_where", args=[items, _]):
                size = self._length(items)
                yield at.add(1)
                if size is not None:
                    yield size.plus(at, -1).add(-1)
                return
            case _:
                return
        yield at.add(1)
        # Where a search began is not known any more where its result is kept in the same variable.
        began = first is not None and not any(a in dict(at.terms) for a, _ in first.terms)
        if first is not None and began and self._holds(first, state):
            yield _Found(at, at.plus(first, -1))
        size = self._length(text)
        if size is not None:
            yield size.plus(at, -1)
            found = len(part.value) if isinstance(part, ir.Lit) and isinstance(part.value, str) else 0
            yield _Found(at, size.plus(at, -1).add(-found))

    def _repeated(self, e: ir.Expr) -> _Sum | None:
        """What the length of a list of one value, repeated, is not below."""
        match e:
            case ir.Intrinsic(op="list.repeat", args=[ir.ListLit(elems=[_]), count]):
                return self._sum(count)
            case _:
                return None

    def _divided(self, at: _Sum, of: _Sum | None, by: int, state: _State) -> Iterator[_Sum]:
        """What is known of a number that is another one divided and rounded down."""
        if of is None:
            return
        above = of.plus(at, -by)
        yield above
        yield _ZERO.plus(above, -1).add(by - 1)
        for f in state:
            if isinstance(f, _Sum):
                both = above.plus(f)
                if both.terms and all(n % by == 0 for _, n in both.terms):
                    yield _Sum(tuple((a, n // by) for a, n in both.terms), both.number // by)

    def _moved(self, name: str, by: _Sum | None, factor: int, state: _State) -> _State:
        """What is known after a sum was added to a variable."""
        changed = _Effects(names={name})
        out: set[_Fact] = set()
        for f in state:
            if changed.keeps(f):
                out.add(f)
            elif isinstance(f, _Sum) and by is not None:
                n = next((n for a, n in f.terms if a.key == name), 0)
                rest = _Sum(tuple((a, m) for a, m in f.terms if a.key != name), f.number)
                if n and changed.keeps(rest) and not any(name in a.names for a, _ in by.terms):
                    out.add(f.plus(by, -n * factor))
        return frozenset(out)

    def _stored(self, target: ir.Target, state: _State) -> _State:
        """Look at a target; what is known after it was assigned to."""
        match target:
            case ir.TupleTarget(elems=elems):
                for t in elems:
                    state = self._stored(t, state)
                return state
            case ir.IndexTarget(obj=obj, index=index):
                state = self._eval(index, self._eval(obj, state))
                if isinstance(obj.type, ir.ListT):
                    state = self._position(target, obj, index, state)
                return self._after([target], state)
            case ir.FieldTarget(obj=obj):
                return self._after([target], self._eval(obj, state))
            case _:
                return self._after([target], state)

    def _loop(
        self, s: ir.Stmt, body: Sequence[ir.Stmt], state: _State, test: ir.Expr | None, turn: _State
    ) -> _State | None:
        """Look at a loop; `turn` is known at the beginning of each turn."""
        target = [s.target] if isinstance(s, ir.For | ir.ForRange) else []
        own = frozenset(t.id for n in target for t in ir.walk(n) if isinstance(t, ir.VarTarget))
        effects = _Effects()
        for b in body:
            self._note(ir.walk(b), effects)
        mine = replace(effects, names=effects.names - own)
        turn = frozenset(f for f in turn if mine.keeps(f)) if not own & effects.names else frozenset()
        each = self._counts_turns(s, body, state, mine) if not own & effects.names else None
        filled: _State = frozenset()
        if each is not None:
            turn |= each[0]
            filled = each[1]
        hidden = _Effects(names=set(own))
        held = frozenset(f for f in state if hidden.keeps(f))
        if test is not None:
            # What a test says of a count holds less exactly where it ends: `i < n` is `i <= n` there.
            told, _ = self._branches(test, frozenset())
            ends = (f.add(1) for f in told if isinstance(f, _Sum))
            held |= {f for f in ends if self._holds(f, state)}
        recording, self._recording = self._recording, False
        first = True
        while True:
            self._exits.append(_Exits())
            end = self._turn(body, held | turn, test)
            turns = [e for e in (end, *self._exits.pop().turns) if e is not None]
            if first:
                # What a turn ends with may hold at the beginning, too.
                first = False
                told = self._join(turns) or frozenset()
                more = {f for f in told if isinstance(f, _Sum) and hidden.keeps(f) and self._holds(f, state)}
                more |= {
                    f
                    for f in self._positions(told | state, mine)
                    if self._holds(f, state) and self._holds(f, told)
                }
                if not more <= held:
                    held |= more
                    continue
            kept = frozenset(f for f in held if all(self._keeps(f, e) for e in turns))
            if kept == held:
                break
            held = kept
        self._recording = recording
        self._exits.append(_Exits())
        self._turn(body, held | turn, test)
        left = self._exits.pop().left
        if test is None:
            return self._join([held | filled, *(frozenset(f for f in e if hidden.keeps(f)) for e in left)])
        forever = isinstance(test, ir.Lit) and test.value is True
        return self._join([None if forever else self._branches(test, held)[1], *left])

    def _counts_turns(
        self, s: ir.Stmt, body: Sequence[ir.Stmt], state: _State, mine: _Effects
    ) -> tuple[_State, _State] | None:
        """What is known of the length of a list that grows by one in each turn: in a turn, and behind all of them."""
        match s:
            case ir.ForRange(target=ir.VarTarget(id=at), start=start, stop=stop, step=1):
                first, last = self._sum(start), self._sum(stop)
                count = None if first is None or last is None else last.plus(first, -1)
                if count is None or not self._holds(count, state):
                    return None
            case ir.For(
                target=ir.TupleTarget(elems=[ir.VarTarget(id=at), *_]),
                iter=ir.Intrinsic(op="enumerate", args=[of, start]),
            ):
                first, count = self._sum(start), self._length(of)
            case ir.For(target=ir.VarTarget(), iter=of):
                at, first, count = "", None, self._length(of)
            case _:
                return None
        added = [
            (b, b.value.args[0])
            for b in body
            if isinstance(b, ir.ExprStmt)
            and isinstance(b.value, ir.Intrinsic)
            and b.value.op == "list.append"
        ]
        inside = [n for b in body for n in ir.walk(b)]
        if len(added) != 1 or any(isinstance(n, ir.Continue | ir.Try | ir.PatternCall) for n in inside):
            return None
        statement, of_list = added[0]
        size, rest = self._length(of_list), _Effects()
        for b in body:
            self._note(ir.walk(statement.value) if b is statement else ir.walk(b), rest)
        alone = sum(isinstance(n, ir.Intrinsic) and n.op in _GROWING for n in inside) == 1
        if size is None or not alone or not isinstance(of_list, ir.Name) or rest.everything:
            return None
        if (
            of_list.id in rest.names
            or of_list.type in rest.shrunk
            or any(isinstance(n, _CALLS) for n in inside)
        ):
            return None
        ((atom, _),) = size.terms
        turns: set[_Fact] = set()
        ended: set[_Fact] = set()
        position = self._sum(ir.Name(at, type=ir.INT)) if at else None
        left = any(isinstance(n, ir.Break) for n in inside)
        for f in state:
            if not isinstance(f, _Sum) or not (n := dict(f.terms).get(atom)):
                continue
            others = _Sum(tuple((a, m) for a, m in f.terms if a != atom), f.number)
            if not mine.keeps(others):
                continue
            if position is not None and first is not None and mine.keeps(first):
                turns.add(f.plus(position, -n).plus(first, n))
            if count is not None and mine.keeps(count) and not left:
                ended.add(f.plus(count, -n))
        return frozenset(turns), frozenset(ended)

    def _positions(self, state: _State, effects: _Effects) -> Iterator[_Sum]:
        """That an integer which a loop changes is a position of a list or text whose length it keeps, or its length."""
        atoms = {a for f in state if isinstance(f, _Sum) for a, _ in f.terms}
        sizes = [a for a in atoms if a.least == 0 and a.key.startswith("len(") and effects.keeps(a)]
        for atom in atoms:
            if atom.names & effects.names and atom.key in effects.names:
                yield _Sum(((atom, 1),), 0)
                yield from (_Sum(((size, 1),), 0).plus(_Sum(((atom, 1),), 0), -1) for size in sizes)

    def _turn(self, body: Sequence[ir.Stmt], state: _State, test: ir.Expr | None) -> _State | None:
        return self._run(body, state if test is None else self._branches(test, state)[0])

    # Effects

    def _note(self, nodes: Iterable[ir.Node], effects: _Effects, calls: bool = True) -> None:
        for n in nodes:
            match n:
                case ir.VarTarget(id=name):
                    effects.names.add(name)
                case ir.FieldTarget(name=name):
                    effects.fields.add(name)
                case ir.IndexTarget(obj=obj):
                    effects.replaced.add(obj.type)
                case ir.Intrinsic(op=op, args=[of, *_]) if op.startswith("list.") and op not in _KEEPING:
                    (effects.grown if op in _GROWING else effects.shrunk).add(of.type)
                    if op == "list.insert":
                        effects.replaced.add(of.type)
                case ir.Call() | ir.MethodCall() | ir.New() | ir.PatternOp() | ir.PatternCall() if calls:
                    self._called(n, effects)
                case _:
                    pass

    def _called(self, n: ir.Node, effects: _Effects) -> None:
        match n:
            case ir.Call(func=ir.Name(id=name)):
                known = name in self._closures or isinstance(self._module.find(name), ir.Function)
            case ir.MethodCall(obj=ir.Expr(type=ir.NamedT(name))) | ir.New(cls=name):
                known = isinstance(self._module.find(name), ir.Class | ir.ErrorClass)
            case _:
                known, name = False, ""
        if not known:
            effects.everything = True
            name = ""
        there = self._reached(name)
        effects.fields |= there.fields
        effects.grown |= there.grown
        effects.shrunk |= there.shrunk
        effects.replaced |= there.replaced
        effects.everything |= there.everything

    def _reached(self, name: str) -> _Effects:
        """What the function, closure or class of a name changes, and whatever it calls; of all of them for ""."""
        if name not in self._behind:
            found, left, seen = _Effects(), [name], set[str]()
            while left:
                if (at := left.pop()) in seen:
                    continue
                seen.add(at)
                for n in self._nodes_of(at):
                    self._note([n], found, calls=False)
                    match n:
                        case ir.Call(func=ir.Name(id=called)) if not self._foreign(called):
                            left.append(called)
                        case ir.MethodCall(obj=ir.Expr(type=ir.NamedT(called))) if not self._protocol(n):
                            left.append(called)
                        case ir.New(cls=called):
                            left.append(called)
                        case ir.Call() | ir.MethodCall() | ir.PatternOp() | ir.PatternCall():
                            found.everything = True
                        case _:
                            pass
            self._behind[name] = found
        return self._behind[name]

    def _nodes_of(self, name: str) -> Iterator[ir.Node]:
        if not name:
            return (n for d in self._module.definitions for n in ir.walk(d))
        homes = [d for d in [self._module.find(name)] if isinstance(d, ir.Function | ir.Class)]
        return (n for d in [*homes, *self._nested.get(name, [])] for n in ir.walk(d))

    def _foreign(self, name: str) -> bool:
        known = isinstance(self._module.find(name), ir.Function) or name in self._nested
        return not known or name in self._given

    def _protocol(self, n: ir.MethodCall) -> bool:
        return not (
            isinstance(n.obj.type, ir.NamedT) and isinstance(self._module.find(n.obj.type.name), ir.Class)
        )


def _lacking(s: _Sum) -> _Atom | None:
    """An atom that may take a sum below zero, whatever its number is."""
    return next((a for a, n in s.terms if a.least is None or n < 0), None)


def _certain(s: _Sum) -> bool:
    """True for a sum of lengths and counts that cannot be below zero."""
    low = s.number
    for atom, n in s.terms:
        if atom.least is None or n < 0:
            return False
        low += n * atom.least
    return low >= 0
