"""Positions in a text that only step through it count bytes: no list of its characters is made.

A position is a variable that is 0, the text's length, another position or one behind it, and that is compared with
positions or says where to look into the text and where to cut it. Counted in bytes, each still stands at the beginning
of a character, so that comparing, looking and cutting give the same.
"""

from __future__ import annotations

from foundation_engine.port import ir
from foundation_engine.port.passes import place, stores
from foundation_engine.port.simplify import rewrite
from foundation_engine.port.texts import ascii_texts

_COMPARISONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})


def scan_bytes(module: ir.Module) -> None:
    """Rewrite the functions of a module in place.

    `str.char_at(s, i)` is the character that begins at a byte, `str.width_at(s, i)` its size, 1 behind the end;
    `str.cut(s, low, high)` is a part whose bounds may lie behind the end.
    """
    for _, f in module.functions():
        looked_into = {
            n.args[0].id
            for s in f.body
            for n in ir.walk(s)
            if isinstance(n, ir.Intrinsic) and n.op == "str.index" and isinstance(n.args[0], ir.Name)
        }
        for text in sorted(looked_into):
            _scanned(f, text)


def _scanned(f: ir.Function, text: str) -> None:
    nodes = [n for s in f.body for n in ir.walk(s)]
    # A text that is new in each turn of a loop would need new positions.
    given = sum(p.name == text for p in f.params)
    given += sum(isinstance(s, ir.Assign) and place(s.target) == text for s in f.body)
    stored = sum(isinstance(n, ir.VarTarget) and n.id == text for n in nodes)
    if given != 1 or stored + (text in {p.name for p in f.params}) != 1 or text in ascii_texts(f):
        return
    if any(isinstance(n, ir.Lambda | ir.FuncDef | ir.PatternCall | ir.Comp) for n in nodes):
        return
    places = _positions(nodes, text)
    if not places or not places <= stores(f.body) - {p.name for p in f.params}:
        return
    known = _Positions(text, places)
    if known.fit(f.body):
        known.rewrite(f)


def _positions(nodes: list[ir.Node], text: str) -> set[str]:
    """The variables that are positions if any are: those that look into the text, and what they are compared with."""
    found = {
        n.id
        for e in nodes
        if isinstance(e, ir.Intrinsic) and e.op in ("str.index", "str.slice") and _is(e.args[0], text)
        for at in e.args[1:]
        for n in ir.walk(at)
        if isinstance(n, ir.Name)
    }
    while True:
        more = set(found)
        for e in nodes:
            match e:
                case ir.Intrinsic(op=op, args=[a, b]) if op in _COMPARISONS and a.type == ir.INT:
                    names = {n.id for side in (a, b) for n in ir.walk(side) if isinstance(n, ir.Name)}
                    more |= (names - {text}) if names & found else set[str]()
                case ir.Assign(target=ir.VarTarget(id=to), value=ir.Name(id=of)) if {to, of} & found:
                    more |= {to, of}
                case _:
                    pass
        if more == found:
            return found
        found = more


def _is(e: ir.Expr, name: str) -> bool:
    return isinstance(e, ir.Name) and e.id == name


class _Positions:
    """The positions in one text."""

    def __init__(self, text: str, places: set[str]) -> None:
        self.text, self.places = text, places

    def position(self, e: ir.Expr) -> bool:
        """True for an expression that is a position."""
        match e:
            case ir.Lit(value=0, type=ir.P(ir.Prim.INT)):
                return True
            case ir.Name(id=name):
                return name in self.places
            case ir.Intrinsic(op="len", args=[whole]):
                return _is(whole, self.text)
            case ir.Intrinsic(op="int.add", args=[ir.Name(id=name), ir.Lit(value=1)]):
                return name in self.places
            case ir.Intrinsic(op="bound" | "wrap", args=[inner]):
                return self.position(inner)
            case _:
                return False

    def fit(self, body: list[ir.Stmt]) -> bool:
        """True when every use of a variable and of the text's length is one that a position has."""
        nodes = [n for s in body for n in ir.walk(s)]
        mentions = sum(isinstance(n, ir.Name | ir.VarTarget) and n.id in self.places for n in nodes)
        lengths = sum(self._length(n) for n in nodes)
        for n in nodes:
            match n:
                case ir.Assign(target=ir.VarTarget(id=to), value=value) if to in self.places:
                    used: list[ir.Expr] = [value]
                    mentions -= 1
                case ir.AugAssign(target=ir.VarTarget(id=to), op="int.add", value=ir.Lit(value=1)) if (
                    to in self.places
                ):
                    used = []
                    mentions -= 1
                case ir.Intrinsic(op=op, args=[a, b]) if op in _COMPARISONS and a.type == ir.INT:
                    used = [a, b]
                    if not any(isinstance(m, ir.Name) for side in used for m in ir.walk(side)):
                        continue
                case ir.Intrinsic(op="str.index", args=[whole, at]) if _is(whole, self.text):
                    used = [at]
                case ir.Intrinsic(op="str.slice", args=[whole, low, high]) if _is(whole, self.text):
                    used = [e for e in (low, high) if not (isinstance(e, ir.Lit) and e.value is None)]
                case _:
                    continue
            if not all(map(self.position, used)):
                if self._mine(n) or any(self._names(e) & self.places for e in used):
                    return False
                continue
            for e in used:
                inside = list(ir.walk(e))
                mentions -= sum(isinstance(m, ir.Name) and m.id in self.places for m in inside)
                lengths -= sum(self._length(m) for m in inside)
        return mentions == 0 and lengths == 0

    def _length(self, n: ir.Node) -> bool:
        return isinstance(n, ir.Intrinsic) and n.op == "len" and _is(n.args[0], self.text)

    @staticmethod
    def _names(e: ir.Expr) -> set[str]:
        return {n.id for n in ir.walk(e) if isinstance(n, ir.Name)}

    def _mine(self, n: ir.Node) -> bool:
        """True for what assigns a position or looks into the text."""
        if isinstance(n, ir.Assign):
            return True
        return isinstance(n, ir.Intrinsic) and n.op in ("str.index", "str.slice")

    def rewrite(self, f: ir.Function) -> None:
        """Count bytes."""

        def text(e: ir.Expr) -> ir.Name:
            return ir.Name(self.text, type=ir.STR, line=e.line)

        def width(at: ir.Expr) -> ir.Intrinsic:
            return ir.Intrinsic("str.width_at", [text(at), at], type=ir.INT, line=at.line)

        def change(e: ir.Expr) -> ir.Expr:
            match e:
                case ir.Intrinsic(op="len", args=[whole]) if _is(whole, self.text):
                    return ir.Intrinsic("str.byte_len", [whole], type=ir.INT, line=e.line)
                case ir.Intrinsic(op="int.add", args=[ir.Name(id=name) as at, ir.Lit(value=1)]) if (
                    name in self.places
                ):
                    return ir.Intrinsic("int.add", [at, width(at)], type=ir.INT, line=e.line)
                case ir.Intrinsic(op="str.index", args=[whole, at]) if _is(whole, self.text):
                    return ir.Intrinsic(
                        "str.char_at", [whole, _plain(at)], "IndexError", type=ir.CHAR, line=e.line
                    )
                case ir.Intrinsic(op="str.slice", args=[whole, low, high]) if _is(whole, self.text):
                    bounds = [_plain(low), _plain(high)]
                    return ir.Intrinsic("str.cut", [whole, *bounds], type=ir.STR, line=e.line)
                case _:
                    return e

        skipping = {id(s.body[0]) for s in _statements(f.body) if isinstance(s, ir.While) and self._skips(s)}
        skipping |= {
            id(s.body[0]) for s in _statements(f.body) if isinstance(s, ir.If) and self._steps_over(s)
        }
        for s in _statements(f.body):
            match s:
                case ir.AugAssign(target=ir.VarTarget(id=name)) if (
                    name in self.places and id(s) not in skipping
                ):
                    s.value = width(ir.Name(name, type=ir.INT, line=s.line))
                case _:
                    pass
        rewrite(f, change)

    def _steps_over(self, s: ir.If) -> bool:
        """True for a step over a character that was just tested to be one of ASCII."""
        match s.body[0]:
            case ir.AugAssign(target=ir.VarTarget(id=name)) if name in self.places:
                pass
            case _:
                return False
        tests = s.test.values if isinstance(s.test, ir.Bool) and s.test.op == "and" else [s.test]
        for test in tests:
            match test:
                case ir.Intrinsic(
                    op="eq",
                    args=[ir.Intrinsic(op="str.index", args=[whole, at]), ir.Lit(value=str(letter))],
                ) if letter.isascii() and _is(whole, self.text) and _is(_plain(at), name):
                    return True
                case _:
                    pass
        return False

    def _skips(self, s: ir.While) -> bool:
        """True for a loop that only steps on: the bytes within a character are passed like its first one."""
        match s.body:
            case [ir.AugAssign(target=ir.VarTarget(id=name))] if name in self.places:
                pass
            case _:
                return False

        def same_within(e: ir.Expr) -> bool:
            match e:
                case ir.Bool(values=values):
                    return all(map(same_within, values))
                case ir.Not(value=inner):
                    return same_within(inner)
                case ir.Intrinsic(
                    op=op,
                    args=[ir.Intrinsic(op="str.index", args=[whole, at]), ir.Lit(value=str(letter))],
                ) if op in _COMPARISONS and letter.isascii():
                    return _is(whole, self.text) and _is(_plain(at), name)
                case ir.Intrinsic(op="lt", args=[at, end]):
                    return _is(at, name) and (
                        self._length(end) or (isinstance(end, ir.Name) and end.id != name)
                    )
                case _:
                    return False

        return same_within(s.test)


def _plain(at: ir.Expr) -> ir.Expr:
    """A position, which never is below zero."""
    return at.args[0] if isinstance(at, ir.Intrinsic) and at.op in ("bound", "wrap") else at


def _statements(body: list[ir.Stmt]) -> list[ir.Stmt]:
    return [n for s in body for n in ir.walk(s) if isinstance(n, ir.Stmt)]
