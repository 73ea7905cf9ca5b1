"""Texts in Go that collect characters which stand side by side: parts of the text that is gone through.

for i, ch := range text {
    if unicode.IsLetter(ch) {
        if start < 0 {
            start = i
        }
    } else if start >= 0 {
        words = append(words, text[start:i])
        start = -1
    }
}
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from foundation_engine.port import ir
from foundation_engine.port.passes import blocks, stores, terminates
from foundation_engine.port.simplify import names_taken, rewrite


class _Run(Enum):
    """What is known of the collected text: nothing, that it is empty, that it is not, or that it grew in this turn."""

    UNKNOWN = 0
    EMPTY = 1
    THERE = 2
    ADDED = 3


def cut_runs(module: ir.Module) -> None:
    """Rewrite the functions of a module in place."""
    for _, f in module.functions():
        nodes = [n for s in f.body for n in ir.walk(s)]
        if not any(isinstance(n, ir.Lambda | ir.FuncDef | ir.PatternCall | ir.Try) for n in nodes):
            _cut(f, f.body, names_taken(f))


def _cut(f: ir.Function, body: list[ir.Stmt], taken: set[str]) -> None:
    for s in body:
        for inner in blocks(s):
            _cut(f, inner, taken)
    for i, s in enumerate(body):
        match s:
            case ir.Assign(target=ir.VarTarget(id=run, type=ir.STR), value=ir.Lit(value="")):
                at = next((j for j in range(i + 1, len(body)) if _mentions([body[j]], run)), None)
            case _:
                continue
        loop = body[at] if at is not None else None
        match loop:
            case ir.For(target=ir.VarTarget(id=char, type=ir.CHAR), iter=ir.Name(id=text, type=ir.STR)) if (
                text != run and text not in stores(loop.body) and char not in stores(loop.body)
            ):
                pass
            case _:
                continue
        assert at is not None  # noqa: S101 - there is a loop.
        outside = sum(_count([x], run) for x in f.body) - sum(_count([x], run) for x in (s, *body[at:]))
        follower = _Follower(run, char)
        if outside or text in stores(body[at + 1 :]) or not follower.fits(loop.body, body[at + 1 :]):
            continue
        _rewrite(s, loop, body[at + 1 :], follower, _fresh("start", taken), _fresh("i", taken), text)


def _fresh(name: str, taken: set[str]) -> str:
    made, count = name, 1
    while made in taken:
        count += 1
        made = f"{name}_{count}"
    taken.add(made)
    return made


def _count(body: Sequence[ir.Stmt], name: str) -> int:
    return sum(isinstance(n, ir.Name | ir.VarTarget) and n.id == name for s in body for n in ir.walk(s))


def _mentions(body: Sequence[ir.Node], name: str) -> bool:
    return any(isinstance(n, ir.Name | ir.VarTarget) and n.id == name for s in body for n in ir.walk(s))


class _Unfit(Exception):  # noqa: N818 - it names what was found.
    """A use of the text that a part of another one cannot have."""


_States = frozenset[_Run]


class _Follower:
    """Follows what is known of a collected text through the turns of its loop and what stands behind the loop."""

    def __init__(self, run: str, char: str) -> None:
        self.run, self.char = run, char
        self.tests: dict[int, bool] = {}  # by identity, whether a test asks for a text that is there
        self.adds: set[int] = set()
        self.resets: set[int] = set()
        self.reads: dict[int, bool] = {}  # by identity, whether a read is inside of the loop
        self.looping = True

    def fits(self, turn: Sequence[ir.Stmt], rest: Sequence[ir.Stmt]) -> bool:
        """True when the characters stand side by side whenever the text is looked at."""
        try:
            end = self._block(turn, frozenset({_Run.UNKNOWN}))
            self._turned(end)
            self.looping = False
            self._block(rest, frozenset({_Run.UNKNOWN}))
        except _Unfit:
            return False
        return bool(self.adds) and bool(self.reads)

    def _turned(self, states: _States) -> None:
        if not states <= {_Run.EMPTY, _Run.ADDED}:
            raise _Unfit

    def _block(self, body: Sequence[ir.Stmt], states: _States) -> _States:
        for s in body:
            states = self._statement(s, states)
        return states

    def _statement(self, s: ir.Stmt, states: _States) -> _States:
        match s:
            case ir.AugAssign(
                target=ir.VarTarget(id=run),
                op="str.concat",
                value=ir.Intrinsic(op="char.to_str", args=[ir.Name(id=char)]),
            ) if (run, char) == (self.run, self.char) and self.looping and _Run.ADDED not in states:
                self.adds.add(id(s))
                return frozenset({_Run.ADDED})
            case ir.Assign(target=ir.VarTarget(id=run), value=ir.Lit(value="")) if run == self.run:
                self.resets.add(id(s))
                return frozenset({_Run.EMPTY})
            case ir.If(test=test, body=body, orelse=orelse):
                there = self._asks(test)
                if there is None:
                    self._expression(test, states)
                    ways = [states, states]
                else:
                    self.tests[id(test)] = there
                    ways = [self._known(states, there), self._known(states, not there)]
                out: _States = frozenset()
                for way, inner in zip(ways, (body, orelse), strict=True):
                    after = self._block(inner, way)
                    out |= frozenset() if terminates(list(inner)) else after
                return out
            case ir.Continue() if self.looping:
                self._turned(states)
                return frozenset()
            case ir.Break() if self.looping:
                raise _Unfit
            case _:
                if blocks(s) and _mentions([s], self.run):
                    raise _Unfit
                if (
                    self.looping
                    and any(isinstance(n, ir.Break | ir.Continue) for n in ir.walk(s))
                    and not blocks(s)
                ):
                    raise _Unfit
                for child in ir.children(s):
                    if isinstance(child, ir.Expr):
                        self._expression(child, states)
                    elif _mentions([child], self.run):
                        raise _Unfit
                return states

    def _asks(self, test: ir.Expr) -> bool | None:
        match test:
            case ir.Not(value=inner):
                asked = self._asks(inner)
                return None if asked is None else not asked
            case ir.Intrinsic(op="nonempty", args=[ir.Name(id=run)]) if run == self.run:
                return True
            case ir.Intrinsic(op="eq" | "ne" as op, args=[ir.Name(id=run), ir.Lit(value="")]) if (
                run == self.run
            ):
                return op == "ne"
            case _:
                return None

    @staticmethod
    def _known(states: _States, there: bool) -> _States:
        left = {s for s in states if s is not (_Run.EMPTY if there else _Run.THERE)}
        left -= {_Run.ADDED} if not there else set()
        known = _Run.THERE if there else _Run.EMPTY
        return frozenset(known if s is _Run.UNKNOWN else s for s in left)

    def _expression(self, e: ir.Expr, states: _States) -> None:
        match e:
            case ir.Cond(test=test, body=body, orelse=orelse) if (there := self._asks(test)) is not None:
                self.tests[id(test)] = there
                self._expression(body, self._known(states, there))
                self._expression(orelse, self._known(states, not there))
            case ir.Name(id=name) if name == self.run:
                # Behind the loop, a text that grew in its last turn ends with the text that it is a part of.
                if states != frozenset({_Run.THERE}):
                    raise _Unfit
                self.reads[id(e)] = self.looping
            case _:
                for child in ir.children(e):
                    if isinstance(child, ir.Expr):
                        self._expression(child, states)
                    elif isinstance(child, ir.FormatPart) and child.value is not None:
                        self._expression(child.value, states)
                    elif _mentions([child], self.run):
                        raise _Unfit


def _rewrite(
    first: ir.Assign, loop: ir.For, rest: list[ir.Stmt], found: _Follower, start: str, at: str, text: str
) -> None:
    def name(of: str) -> ir.Name:
        return ir.Name(of, type=ir.INT, line=loop.line)

    def none() -> ir.Lit:
        return ir.Lit(-1, type=ir.INT, line=loop.line)

    def change(e: ir.Expr) -> ir.Expr:
        if id(e) in found.tests:
            op = "ge" if found.tests[id(e)] else "lt"
            return ir.Intrinsic(op, [name(start), ir.Lit(0, type=ir.INT)], type=ir.BOOL, line=e.line)
        if id(e) in found.reads:
            end: ir.Expr = name(at) if found.reads[id(e)] else ir.Lit(None, type=ir.NONE)
            part: list[ir.Expr] = [ir.Name(text, type=ir.STR, line=e.line), name(start), end]
            return ir.Intrinsic("str.byte_slice", part, type=ir.STR, line=e.line)
        return e

    def statements(body: list[ir.Stmt]) -> None:
        for i, s in enumerate(body):
            for inner in blocks(s):
                statements(inner)
            if id(s) in found.adds:
                begin = ir.Assign(ir.VarTarget(start, type=ir.INT), name(at), line=s.line)
                test = ir.Intrinsic("lt", [name(start), ir.Lit(0, type=ir.INT)], type=ir.BOOL, line=s.line)
                body[i] = ir.If(test, [begin], [], line=s.line, comments=s.comments)
            elif id(s) in found.resets and isinstance(s, ir.Assign):
                s.target, s.value = ir.VarTarget(start, type=ir.INT), none()

    char = loop.target
    pair = ir.TupleT((ir.INT, ir.CHAR))
    loop.iter = ir.Intrinsic("str.char_indices", [loop.iter], type=ir.IterT(pair), line=loop.line)
    loop.target = ir.TupleTarget([ir.VarTarget(at, type=ir.INT), char], type=pair)
    first.target, first.value = ir.VarTarget(start, type=ir.INT), none()
    for s in (loop, *rest):
        rewrite(s, change)
    statements(loop.body)
    statements(rest)
