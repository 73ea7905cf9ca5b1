"""Positions in a text that only step or search through it count bytes: nothing counts its characters.

A position is a variable that is 0, the text's length, where something was found in the text, another position or one
behind it by letters or by what stands there, and that is only compared with positions or says where to look into the
text, where to search on and where to cut. Counted in bytes, each still stands at the beginning of a character (or is -1
or behind the end by as much as before), so that comparing, looking, searching and cutting give the same. Of every
position is known, statement by statement, whether it may be -1, what stands there, and by how much others follow it:
a step over a known letter needs no look at it, and a cut between known positions no test of its bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field

from foundation_engine.port import ir
from foundation_engine.port.bytewise import alike, only_here
from foundation_engine.port.passes import blocks, reads, stores
from foundation_engine.port.simplify import rewrite
from foundation_engine.port.texts import ascii_texts, growing_texts

_COMPARISONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})
_OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}
_TURNED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
_START, _END = "<start>", "<end>"  # no variable has such a name
# What a position is away from a variable: a number of bytes, or the text whose bytes they are.
_Offset = int | str
# The first position with the offset is not behind the second one, unless one of both is -1.
_Fact = tuple[str, _Offset, str]


def scan_bytes(module: ir.Module, bytewise: bool = False) -> dict[tuple[str, str], set[str]]:
    """Rewrite the functions of a module in place, and drop searches of Python's library that nothing calls any more.

    With `bytewise`, `str.byte_char(s, i)` is the byte at a position of a loop that goes on byte by byte, because a
    character outside of ASCII is only added to texts. Gives, by the class ("" for none) and the name of a function,
    the positions that are never -1.

    `str.char_at(s, i)` is the character that begins at a byte, `str.width_at(s, i)` its size, 1 behind the end, and
    `str.ahead(s, i, k)` the position k characters behind one; `str.cut(s, low, high)` is a part whose bounds may lie
    behind the end, `str.byte_slice` one whose bounds are known to fit; `str.byte_find_from(s, part, i)` searches on
    from a byte that may lie behind the end, `str.byte_find_on` from one that does not.
    """
    searches = {d.name for d in module.definitions if isinstance(d, ir.Function) and d.library == "find_from"}
    out: dict[tuple[str, str], set[str]] = {}
    for c, f in module.functions():
        if f.name not in searches:
            for text in sorted(_looked_into(f, searches)):
                out.setdefault((c.name if c else "", f.name), set()).update(
                    _scanned(f, text, searches, bytewise)
                )
    kept = {
        n.id
        for d in module.definitions
        if getattr(d, "name", "") not in searches
        for n in ir.walk(d)
        if isinstance(n, ir.Name)
    }
    module.definitions = [d for d in module.definitions if getattr(d, "name", "") not in searches - kept]
    return out


def _looked_into(f: ir.Function, searches: set[str]) -> set[str]:
    found: set[str] = set()
    for s in f.body:
        for n in ir.walk(s):
            match n:
                case ir.Intrinsic(op="str.index" | "str.slice", args=[ir.Name(id=text, type=ir.STR), *_]):
                    found.add(text)
                case ir.Call(func=ir.Name(id=called), args=[ir.Name(id=text), *_]) if called in searches:
                    found.add(text)
                case _:
                    pass
    return found


def _scanned(f: ir.Function, text: str, searches: set[str], bytewise: bool) -> set[str]:
    nodes = [n for s in f.body for n in ir.walk(s)]
    if text in ascii_texts(f) or text in growing_texts(f):
        return set()
    places = _positions(nodes, text, searches)
    if not places or places & {p.name for p in f.params}:
        return set()
    if any(isinstance(n, ir.PatternCall) for n in nodes):
        return set()
    closures = [n for n in nodes if isinstance(n, ir.Lambda | ir.FuncDef | ir.Comp)]
    inside = [m for n in closures for m in ir.walk(n)]
    bound = {m.name for m in inside if isinstance(m, ir.Param)}
    bound |= {m.id for m in inside if isinstance(m, ir.VarTarget)}
    mentioned = bound | {m.id for m in inside if isinstance(m, ir.Name)}
    handled = {n.var for n in nodes if isinstance(n, ir.Handler)}
    if (places & mentioned) or (text in bound) or (places | {text}) & handled:
        return set()
    scan = _Scan(text, places, searches, nodes)
    if not scan.fits(f):
        return set()
    if bytewise:
        scan.by_bytes(growing_texts(f) & reads(f.body))
    scan.rewrite(f)
    return places - scan.absent


def _positions(nodes: list[ir.Node], text: str, searches: set[str]) -> set[str]:
    """The variables that are positions if any are: those that look into the text, and what they are compared with."""

    def names(e: ir.Node) -> set[str]:
        return {n.id for n in ir.walk(e) if isinstance(n, ir.Name) and n.type == ir.INT}

    found: set[str] = set()
    for e in nodes:
        match e:
            case ir.Intrinsic(op="str.index" | "str.slice", args=[whole, *at]) if _is(whole, text):
                found |= {n for a in at for n in names(a)}
            case ir.Call(func=ir.Name(id=called), args=[whole, _, at]) if called in searches:
                found |= names(at) if _is(whole, text) else set()
            case _:
                pass
    while True:
        more = set(found)
        for e in nodes:
            match e:
                case ir.Intrinsic(op=op, args=[a, b]) if op in _COMPARISONS and a.type == ir.INT:
                    of = names(a) | names(b)
                    more |= of if of & found else set()
                case ir.Assign(target=ir.VarTarget(id=to), value=value) if value.type == ir.INT:
                    of = {to, *names(value)} if _moves(value, searches) else set[str]()
                    more |= of if of & found else set()
                case _:
                    pass
        more -= {text}
        if more == found:
            return found
        found = more


def _moves(value: ir.Expr, searches: set[str]) -> bool:
    """True for a value that is a position where what it is made of is one."""
    match value:
        case ir.Name() | ir.Cond() | ir.Intrinsic(op="int.add"):
            return True
        case ir.Call(func=ir.Name(id=called)):
            return called in searches
        case _:
            return False


def _is(e: ir.Expr, name: str) -> bool:
    return isinstance(e, ir.Name) and e.id == name


def _plain(at: ir.Expr) -> ir.Expr:
    """What stands in an index or a bound."""
    return at.args[0] if isinstance(at, ir.Intrinsic) and at.op in ("bound", "wrap") else at


class _NoPosition(Exception):  # noqa: N818 - it names what was found.
    """A position that could not be counted in bytes."""


@dataclass
class _At:
    """What is known of a position: whether it may be -1, and what stands there: letters, or a variable's text.

    `one` says that the next position is one byte on: a letter of ASCII stands here, or the text is over.
    """

    absent: bool
    letters: str = ""
    of: str = ""
    one: bool = False

    @property
    def single(self) -> bool:
        """True when the next position is known to be one byte on."""
        return self.one or (self.letters != "" and self.letters[0].isascii())

    def joined(self, other: _At) -> _At:
        same = (self.letters, self.of) == (other.letters, other.of)
        return _At(
            self.absent or other.absent, self.letters * same, self.of * same, self.single and other.single
        )


@dataclass
class _State:
    """What is known before a statement; None stands for a place that is never reached."""

    at: dict[str, _At] = field(default_factory=dict[str, _At])
    facts: frozenset[_Fact] = frozenset()
    letters: dict[str, str] = field(
        default_factory=dict[str, str]
    )  # by a character, the position where it stands

    def copy(self) -> _State:
        return _State(dict(self.at), self.facts, dict(self.letters))

    def forget(self, name: str) -> None:
        """Take away what is known of a variable."""
        self.at.pop(name, None)
        self.facts = frozenset(f for f in self.facts if name not in f)
        self.letters = {c: p for c, p in self.letters.items() if name not in (c, p)}
        for p, at in self.at.items():
            if at.of == name:
                self.at[p] = _At(at.absent)

    def least(self, low: tuple[str, _Offset], high: str, depth: int = 3) -> bool:
        """True when a position with an offset is known not to be behind another one."""
        base, offset = low
        if base == high or (base == _START and offset == 0):
            return offset == 0
        if (base, offset, high) in self.facts:
            return True
        for a, k, b in self.facts:
            if a != base or isinstance(k, str) or isinstance(offset, str):
                continue
            if b == high and k >= offset:
                return True
            present = b == _END or (b in self.at and not self.at[b].absent)
            if depth and b != high and present and self.least((b, max(0, offset - k)), high, depth - 1):
                return True
        return False


def _join(states: Sequence[_State | None]) -> _State | None:
    known = [s for s in states if s is not None]
    if not known:
        return None
    out = known[0]
    for other in known[1:]:
        at = {n: out.at[n].joined(other.at[n]) for n in out.at if n in other.at}
        facts = frozenset(
            (a, k, b)
            for a, k, b in out.facts | other.facts
            if out.least((a, k), b) and other.least((a, k), b)
        )
        letters = {c: p for c, p in out.letters.items() if other.letters.get(c) == p}
        out = _State(at, facts, letters)
    return out


@dataclass
class _Loop:
    """Where the ways out of a loop's turns are collected."""

    left: list[_State | None] = field(default_factory=list["_State | None"])
    again: list[_State | None] = field(default_factory=list["_State | None"])


@dataclass
class _Term:
    """A position as a sum: a variable, how far behind it, and the expression in bytes."""

    base: str
    offset: _Offset | None  # None for one character whose size is not known
    made: Callable[[], ir.Expr]
    absent: bool = False  # it may be -1
    letters: str = ""
    of: str = ""
    one: bool = False
    unsure: bool = False  # the variable may be -1
    far: bool = False  # it is behind several characters whose size is not known


class _Scan:
    """The positions in one text, found out by following the statements of a function."""

    def __init__(self, text: str, places: set[str], searches: set[str], nodes: list[ir.Node]) -> None:
        self.text, self.places, self.searches, self.nodes = text, places, searches, nodes
        self.used: dict[
            int, int
        ] = {}  # by identity of a node, how many mentions of positions it accounts for
        self.made: dict[int, Callable[[], ir.Expr]] = {}  # by identity of an expression, what it becomes
        self.steps: dict[int, Callable[[], ir.Expr]] = {}  # by identity of a statement, by how much it steps
        self.over: dict[
            int, Callable[[], list[ir.Assign]]
        ] = {}  # by identity of a statement, what it becomes
        self.absent: set[str] = set()  # the positions that are -1 at times
        self.loops: list[_Loop] = []

    def fits(self, f: ir.Function) -> bool:
        """True when every use of a position is one that a position has."""
        try:
            self._run(f.body, _State())
        except _NoPosition:
            return False
        mentions = sum(isinstance(n, ir.Name | ir.VarTarget) and n.id in self.places for n in self.nodes)
        return mentions == sum(self.used.values())

    def rewrite(self, f: ir.Function) -> None:
        """Count bytes."""
        for s in self.nodes:
            if isinstance(s, ir.AugAssign) and id(s) in self.steps:
                s.value = self.steps[id(s)]()
        self._replaced(f.body)
        rewrite(f, lambda e: self.made[id(e)]() if id(e) in self.made else e)

    def _replaced(self, body: list[ir.Stmt]) -> None:
        for s in body:
            for inner in blocks(s):
                self._replaced(inner)
        body[:] = [x for s in body for x in (self.over[id(s)]() if id(s) in self.over else [s])]

    def by_bytes(self, grown: Set[str]) -> None:
        """Let loops go on by one byte where a turn for each byte of a character does what one for it does."""
        for s in self.nodes:
            match s:
                case ir.While(
                    test=ir.Intrinsic(op="lt", args=[ir.Name(id=at), end]),
                    body=[
                        ir.Assign(
                            target=ir.VarTarget(id=char),
                            value=ir.Intrinsic(op="str.index", args=[whole, ir.Expr() as where]) as looked,
                        ),
                        *turn,
                        ir.AugAssign(
                            target=ir.VarTarget(id=stepped), op="int.add", value=ir.Lit(value=1)
                        ) as step,
                    ],
                ) if _is(whole, self.text) and _is(_plain(where), at) and stepped == at and at in self.places:
                    still = self._is_length(end) or (
                        isinstance(end, ir.Name) and end.id in self.places and end.id not in stores(s.body)
                    )
                    added = alike([*turn, step], char, step) if still else None
                    if added and added <= grown and only_here(self.nodes, s.body, char):
                        self.made[id(looked)] = self._byte_at(looked, at)
                        self.steps[id(step)] = self._one(step)
                case _:
                    pass

    def _is_length(self, e: ir.Expr) -> bool:
        return isinstance(e, ir.Intrinsic) and e.op == "len" and _is(e.args[0], self.text)

    def _byte_at(self, e: ir.Expr, at: str) -> Callable[[], ir.Expr]:
        return lambda: ir.Intrinsic(
            "str.byte_char",
            [self._name(), ir.Name(at, type=ir.INT, line=e.line)],
            "IndexError",
            type=ir.CHAR,
            line=e.line,
        )

    @staticmethod
    def _one(step: ir.Stmt) -> Callable[[], ir.Expr]:
        return lambda: ir.Lit(1, type=ir.INT, line=step.line)

    def _note(self, e: ir.Node) -> None:
        """Account for the positions that an expression mentions."""
        self.used[id(e)] = sum(
            isinstance(n, ir.Name | ir.VarTarget) and n.id in self.places for n in ir.walk(e)
        )

    # Terms

    def _name(self) -> ir.Name:
        return ir.Name(self.text, type=ir.STR)

    def _term(self, e: ir.Expr, state: _State) -> _Term | None:
        """An expression as a position; None for what is none."""
        match e:
            case ir.Lit(value=0, type=ir.P(ir.Prim.INT)):
                return _Term(_START, 0, lambda: ir.unshared(e))
            case ir.Name(id=name) if name in self.places:
                at = state.at.get(name)
                if at is None:
                    raise _NoPosition
                return _Term(
                    name, 0, lambda: ir.unshared(e), at.absent, at.letters, at.of, at.single, at.absent
                )
            case ir.Intrinsic(op="len", args=[whole]) if _is(whole, self.text):
                return _Term(
                    _END, 0, lambda: ir.Intrinsic("str.byte_len", [self._name()], type=ir.INT, line=e.line)
                )
            case ir.Intrinsic(op="bound" | "wrap", args=[inner]):
                term = self._term(inner, state)
                return None if term is None or term.absent else term
            case ir.Intrinsic(op="int.add", args=[ir.Name(id=name) as at, more]) if name in self.places:
                return self._moved(self._term(at, state), more)
            case _:
                return None

    def _moved(self, at: _Term | None, by: ir.Expr) -> _Term | None:
        """A position behind another one."""
        if at is None:
            return None
        match by:
            case ir.Lit(value=0):
                return at
            case ir.Lit(value=int(count)) if count > 0 and not isinstance(by.value, bool):
                if len(at.letters) >= count:
                    size = len(at.letters[:count].encode())
                    # Where nothing was found, only a step of one byte for one letter gives the same: 0.
                    if at.absent and not count == size == 1:
                        return None
                    return _Term(
                        at.base,
                        size,
                        lambda: self._sum(at, ir.Lit(size, type=ir.INT, line=by.line)),
                        letters=at.letters[count:],
                        unsure=at.absent,
                    )
                if at.absent:
                    return None
                if count == 1 and at.one:
                    return _Term(at.base, 1, lambda: self._sum(at, ir.Lit(1, type=ir.INT, line=by.line)))
                if count == 1:
                    return _Term(at.base, None, lambda: self._sum(at, self._width(at)))
                return _Term(at.base, None, lambda: self._ahead(at, by), far=True)
            case ir.Intrinsic(op="len", args=[ir.Name(id=part, type=ir.STR) as what]) if part == at.of:
                if at.absent:
                    return None
                return _Term(at.base, part, lambda: self._sum(at, self._size(what)))
            case _:
                return None

    @staticmethod
    def _sum(at: _Term, size: ir.Expr) -> ir.Expr:
        return ir.Intrinsic("int.add", [at.made(), size], type=ir.INT, line=size.line)

    def _width(self, at: _Term) -> ir.Expr:
        return ir.Intrinsic("str.width_at", [self._name(), at.made()], type=ir.INT)

    def _ahead(self, at: _Term, count: ir.Expr) -> ir.Expr:
        return ir.Intrinsic(
            "str.ahead", [self._name(), at.made(), ir.unshared(count)], type=ir.INT, line=count.line
        )

    @staticmethod
    def _size(part: ir.Expr) -> ir.Expr:
        return ir.Intrinsic("str.byte_len", [ir.unshared(part)], type=ir.INT, line=part.line)

    # Expressions

    def _eval(self, e: ir.Expr, state: _State) -> None:
        """Note what an expression does with positions; raises _NoPosition for what no position may do."""
        match e:
            case ir.Bool(op=op, values=values):
                for v in values:
                    self._eval(v, state)
                    state = self._told(v, op == "and", state)
            case ir.Cond(test=test, body=body, orelse=orelse):
                self._eval(test, state)
                self._eval(body, self._told(test, True, state))
                self._eval(orelse, self._told(test, False, state))
            case ir.Intrinsic(op=op, args=[a, b]) if op in _COMPARISONS and a.type == ir.INT:
                self._compared(e, a, b, state)
            case ir.Intrinsic(args=[a, b]) if a.type == ir.STR and self._begins(e, a, b, state):
                pass
            case ir.Intrinsic(op="str.index", args=[whole, at]) if _is(whole, self.text) and self._mine(at):
                where = self._inside(at, state)
                self._note(at)
                self.made[id(e)] = lambda: ir.Intrinsic(
                    "str.char_at", [self._name(), where.made()], "IndexError", type=ir.CHAR, line=e.line
                )
            case ir.Intrinsic(op="str.slice", args=[whole, low, high]) if _is(whole, self.text) and (
                self._mine(low) or self._mine(high)
            ):
                self._sliced(e, low, high, state)
            case ir.Call(func=ir.Name(id=called), args=[whole, *_]) if called in self.searches and _is(
                whole, self.text
            ):
                raise _NoPosition
            case _:
                for child in ir.children(e):
                    if isinstance(child, ir.Expr):
                        self._eval(child, state)
                    elif isinstance(child, ir.FormatPart) and child.value is not None:
                        self._eval(child.value, state)

    def _mine(self, e: ir.Expr) -> bool:
        return any(isinstance(n, ir.Name) and n.id in self.places for n in ir.walk(e))

    def _inside(self, e: ir.Expr, state: _State) -> _Term:
        """A position to look at or to cut at, which must be known not to be -1."""
        term = self._term(e, state)
        if term is None or term.absent:
            raise _NoPosition
        return term

    def _compared(self, e: ir.Intrinsic, a: ir.Expr, b: ir.Expr, state: _State) -> None:
        if not (self._mine(a) or self._mine(b)):
            for side in (a, b):
                self._eval(side, state)
            return
        sides = [self._side(side, state) for side in (a, b)]
        self._note(e)
        self.made[id(e)] = lambda: ir.Intrinsic(e.op, [s.made() for s in sides], type=ir.BOOL, line=e.line)

    def _side(self, e: ir.Expr, state: _State) -> _Term:
        if isinstance(e, ir.Lit) and e.value == -1:
            return _Term(_START, None, lambda: ir.unshared(e), absent=True)
        term = self._term(e, state)
        if term is None:
            raise _NoPosition
        return term

    def _sliced(self, e: ir.Intrinsic, low: ir.Expr, high: ir.Expr, state: _State) -> None:
        def end(bound: ir.Expr, default: str) -> _Term:
            if isinstance(bound, ir.Lit) and bound.value is None:
                return _Term(default, 0, lambda: ir.unshared(bound))
            return self._inside(bound, state)

        first, last = end(low, _START), end(high, _END)
        if first.base == last.base:
            ordered = first.offset == 0 or (
                isinstance(first.offset, int) and isinstance(last.offset, int) and first.offset <= last.offset
            )
        else:
            # Another position behind a letter is not inside of it.
            low_end = 1 if first.offset is None and not first.far else first.offset
            ordered = low_end is not None and state.least((first.base, low_end), last.base)
        self._note(e)
        if not ordered or last.unsure:
            self.made[id(e)] = lambda: ir.Intrinsic(
                "str.cut", [self._name(), first.made(), last.made()], type=ir.STR, line=e.line
            )
            return
        bounds = [self._within(t, state) for t in (first, last)]
        self.made[id(e)] = lambda: ir.Intrinsic(
            "str.byte_slice", [self._name(), *(b() for b in bounds)], type=ir.STR, line=e.line
        )

    def _within(self, at: _Term, state: _State) -> Callable[[], ir.Expr]:
        """A bound that is not behind the end of the text."""
        known = 1 if at.offset is None and not at.far else at.offset
        if at.base == _END or (known is not None and state.least((at.base, known), _END)):
            return at.made

        def least() -> ir.Expr:
            size = ir.Intrinsic("str.byte_len", [self._name()], type=ir.INT)
            return ir.Intrinsic("min", [at.made(), size], type=ir.INT)

        return least

    def _begins(self, e: ir.Intrinsic, a: ir.Expr, b: ir.Expr, state: _State) -> bool:
        """Note a part that is compared with as many letters: whether the text goes on with them."""
        if isinstance(a, ir.Lit):
            a, b = b, a
        if e.op not in ("eq", "ne") or not (isinstance(b, ir.Lit) and isinstance(b.value, str) and b.value):
            return False
        match a:
            case ir.Intrinsic(op="str.slice", args=[whole, low, high]) if _is(whole, self.text):
                first, last = _plain(low), _plain(high)
            case _:
                return False
        match first, last:
            case (
                ir.Name(id=name),
                ir.Intrinsic(op="int.add", args=[ir.Name(id=again), ir.Lit(value=int(count))]),
            ) if name == again and count == len(b.value) and name in self.places:
                pass
            case _:
                return False
        at = self._inside(low, state)
        within = self._within(at, state)

        def made() -> ir.Expr:
            rest: list[ir.Expr] = [self._name(), within(), ir.Lit(None, type=ir.NONE)]
            args: list[ir.Expr] = [
                ir.Intrinsic("str.byte_slice", rest, type=ir.STR, line=e.line),
                ir.unshared(b),
            ]
            test = ir.Intrinsic("str.startswith", args, type=ir.BOOL, line=e.line)
            return test if e.op == "eq" else ir.Not(test, type=ir.BOOL, line=e.line)

        self._note(e)
        self.made[id(e)] = made
        return True

    # What tests tell

    def _told(self, test: ir.Expr, holds: bool, state: _State) -> _State:
        """What is known where a test holds, or does not."""
        match test:
            case ir.Not(value=inner):
                return self._told(inner, not holds, state)
            case ir.Bool(op=op, values=values) if holds == (op == "and"):
                for v in values:
                    state = self._told(v, holds, state)
                return state
            case ir.Bool(values=values):
                # One of them is the first to decide.
                ways: list[_State | None] = []
                for v in values:
                    ways.append(self._told(v, holds, state))
                    state = self._told(v, not holds, state)
                out = _join(ways)
                assert out is not None  # noqa: S101 - each way is reached.
                return out
            case ir.Intrinsic(op=op, args=[a, b]) if op in _COMPARISONS:
                sign = op if holds else _OPPOSITE[op]
                if a.type in (ir.CHAR, ir.STR):
                    return self._told_letters(a, b, state) if sign == "eq" else state
                if a.type == ir.INT and (self._mine(a) or self._mine(b)):
                    return self._told_order(sign, a, b, state)
                return state
            case _:
                return state

    def _told_letters(self, a: ir.Expr, b: ir.Expr, state: _State) -> _State:
        """What is known where a character, or a part of the text, is the same as another text."""
        if isinstance(a, ir.Lit):
            a, b = b, a
        if not (isinstance(b, ir.Lit) and isinstance(b.value, str) and b.value):
            return state
        letters = b.value
        match a:
            case ir.Name(id=name) if name in state.letters:
                where = state.letters[name]
            case ir.Intrinsic(op="str.index", args=[whole, at]) if _is(whole, self.text):
                match _plain(at):
                    case ir.Name(id=name):
                        where = name
                    case ir.Intrinsic(op="int.add", args=[ir.Name(id=name), ir.Lit(value=int(count))]) if (
                        name in state.at and count > 0 and len(state.at[name].letters) == count
                    ):
                        where, letters = name, state.at[name].letters + letters
                    case _:
                        return state
            case ir.Intrinsic(op="str.slice", args=[whole, low, high]) if _is(whole, self.text):
                match _plain(low), _plain(high):
                    case (
                        ir.Name(id=name),
                        ir.Intrinsic(op="int.add", args=[ir.Name(id=again), ir.Lit(value=int(count))]),
                    ) if name == again and count == len(letters):
                        where = name
                    case _:
                        return state
            case _:
                return state
        if where not in state.at:
            return state
        out = state.copy()
        out.at[where] = _At(out.at[where].absent, letters)
        out.facts |= {(where, len(letters.encode()), _END)}
        return out

    def _told_order(self, sign: str, a: ir.Expr, b: ir.Expr, state: _State) -> _State:
        out = state.copy()
        ways = ((sign, a, b), (_TURNED[sign], b, a))
        for op, one, other in ways:
            match one, other:
                case ir.Name(id=name), ir.Lit(value=int(number)) if name in out.at and (
                    (op in ("ge", "eq") and number >= 0)
                    or (op == "gt" and number >= -1)
                    or (op == "ne" and number == -1)
                ):
                    known = out.at[name]
                    out.at[name] = _At(False, known.letters, known.of, known.one)
                case ir.Name(id=name), _ if name in out.at and (
                    op == "gt"
                    or (
                        op in ("ge", "eq")
                        and (than := self._order_term(other, out))
                        and than[0] in out.at
                        and not out.at[than[0]].absent
                    )
                ):
                    known = out.at[name]
                    out.at[name] = _At(False, known.letters, known.of, known.one)
                case _:
                    pass
        for op, one, other in ways:
            low, high = self._order_term(one, out), self._order_term(other, out)
            if low is None or high is None or high[1] != 0:
                continue
            if op == "lt" and isinstance(low[1], int):
                out.facts |= {(low[0], low[1] + 1, high[0])}
            elif op in ("le", "eq"):
                out.facts |= {(low[0], low[1], high[0])}
                here, there = (out.at[n].letters if n in out.at else "" for n in (low[0], high[0]))
                if low[1] == 0 and here and there and here[0] != there[0]:
                    out.facts |= {(low[0], len(here[0].encode()), high[0])}
                if high[0] in out.at and low[1] == 0 and out.least((_END, 0), low[0]):
                    known = out.at[high[0]]
                    out.at[high[0]] = _At(known.absent, known.letters, known.of, True)
        return out

    def _order_term(self, e: ir.Expr, state: _State) -> tuple[str, _Offset] | None:
        term = None if isinstance(e, ir.Lit) else self._term(e, state)
        return None if term is None or term.offset is None else (term.base, term.offset)

    # Statements

    def _run(self, body: Sequence[ir.Stmt], state: _State | None) -> _State | None:
        for s in body:
            if state is None:
                # What is never reached mentions no position that could be followed.
                if any(isinstance(n, ir.Name | ir.VarTarget) and n.id in self.places for n in ir.walk(s)):
                    raise _NoPosition
                continue
            state = self._statement(s, state)
        return state

    def _statement(self, s: ir.Stmt, state: _State) -> _State | None:
        match s:
            case ir.Assign(target=ir.VarTarget() as target, value=value):
                return self._assigned(target, value, state)
            case ir.Assign(target=ir.TupleTarget(elems=targets), value=ir.TupleLit(elems=values)) if (
                self._one_by_one(targets, values)
            ):
                for target, value in zip(targets, values, strict=True):
                    assert isinstance(target, ir.VarTarget)  # noqa: S101 - `_one_by_one` looked at it.
                    state = self._assigned(target, value, state)
                if not self.places.isdisjoint(stores([s])):
                    self.over[id(s)] = lambda: [
                        ir.Assign(t, v, line=s.line, comments=[] if i else s.comments)
                        for i, (t, v) in enumerate(zip(targets, values, strict=True))
                    ]
                return state
            case ir.AugAssign(target=ir.VarTarget(id=name) as target, op="int.add", value=by) if (
                name in self.places
            ):
                at = self._term(ir.Name(name, type=ir.INT, line=s.line), state)
                term = self._moved(at, by)
                if term is None or at is None:
                    raise _NoPosition
                self._step(s, target, at, term)
                return self._set(name, term, state)
            case ir.If(test=test, body=body, orelse=orelse):
                self._eval(test, state)
                ways = [
                    self._run(body, self._told(test, True, state)),
                    self._run(orelse, self._told(test, False, state)),
                ]
                return _join(ways)
            case ir.While(test=test, body=body):
                return self._while(s, test, body, state)
            case ir.For(iter=over, body=body):
                self._eval(over, state)
                return self._loop(s, body, state)
            case ir.ForRange(start=start, stop=stop, body=body):
                self._eval(start, state)
                self._eval(stop, state)
                return self._loop(s, body, state)
            case ir.Break():
                self.loops[-1].left.append(state)
                return None
            case ir.Continue():
                self.loops[-1].again.append(state)
                return None
            case ir.Try():
                return self._try(s, state)
            case ir.VarDecl(id=name):
                if name in self.places:
                    raise _NoPosition
                return state
            case ir.FuncDef():
                return state
            case ir.Return() | ir.Raise():
                self._parts(s, state)
                return None
            case _:
                if blocks(s):
                    raise _NoPosition
                self._parts(s, state)
                return self._stored(stores([s]), state)

    def _parts(self, s: ir.Stmt, state: _State) -> None:
        for child in ir.children(s):
            if isinstance(child, ir.Expr):
                self._eval(child, state)
            elif isinstance(child, ir.Target):
                for part in ir.children(child):
                    if isinstance(part, ir.Expr):
                        self._eval(part, state)

    def _stored(self, names: set[str], state: _State) -> _State:
        """What is known when some variables have got new values."""
        if names & self.places:
            raise _NoPosition
        out = state.copy()
        for name in names:
            out.forget(name)
        if self.text in names:
            out = _State()
        return out

    @staticmethod
    def _one_by_one(targets: Sequence[ir.Target], values: Sequence[ir.Expr]) -> bool:
        """True for variables that are set together to values that mention none of them."""
        names = {t.id for t in targets if isinstance(t, ir.VarTarget)}
        mentioned = {n.id for v in values for n in ir.walk(v) if isinstance(n, ir.Name)}
        return len(names) == len(targets) and not names & mentioned

    def _assigned(self, target: ir.VarTarget, value: ir.Expr, state: _State) -> _State:
        name = target.id
        if name not in self.places:
            self._eval(value, state)
            out = self._stored({name}, state)
            match value:
                case ir.Intrinsic(op="str.index", args=[whole, at]) if _is(whole, self.text):
                    plain = _plain(at)
                    if isinstance(plain, ir.Name) and plain.id in self.places and name != self.text:
                        out.letters[name] = plain.id
                        out.facts |= {(plain.id, 1, _END)}
                case _:
                    pass
            return out
        self.used[id(target)] = 1
        return self._given(name, value, state)

    def _given(self, name: str, value: ir.Expr, state: _State) -> _State:
        """What is known when a position got a value, which is noted."""
        if isinstance(value, ir.Cond):
            self._eval(value.test, state)
            ways = [
                self._given(name, value.body, self._told(value.test, True, state)),
                self._given(name, value.orelse, self._told(value.test, False, state)),
            ]
            out = _join(ways)
            assert out is not None  # noqa: S101 - both ways are reached.
            return out
        if isinstance(value, ir.Lit) and value.value == -1:
            out = state.copy()
            out.forget(name)
            out.at[name] = _At(absent=True)
            self.absent.add(name)
            return out
        found = self._found(name, value, state)
        if found is not None:
            return found
        term = self._term(value, state)
        if term is None:
            raise _NoPosition
        self._note(value)
        if not isinstance(value, ir.Name | ir.Lit):
            self.made[id(value)] = term.made
        return self._set(name, term, state)

    def _found(self, name: str, value: ir.Expr, state: _State) -> _State | None:
        """What is known when a position is where a search ended; None for another value."""
        match value:
            case ir.Intrinsic(op="str.find" | "str.rfind" as op, args=[whole, part]) if _is(whole, self.text):
                start = None
            case ir.Call(func=ir.Name(id=called), args=[whole, part, at]) if called in self.searches and _is(
                whole, self.text
            ):
                op, start = "str.find_from", self._inside(at, state)
                self._note(at)
            case _:
                return None
        if self._mine(part):
            raise _NoPosition
        self._eval(part, state)
        self.absent.add(name)
        if start is None:
            made = lambda: ir.Intrinsic(  # noqa: E731 - one of two ways.
                op.replace("str.", "str.byte_"), [self._name(), value.args[1]], type=ir.INT, line=value.line
            )
        else:
            # Behind the end nothing is found, at the end nothing but the empty text.
            within = self._within(start, state)
            on = within is start.made or (isinstance(part, ir.Lit) and part.value != "")
            made = lambda: ir.Intrinsic(  # noqa: E731 - likewise.
                "str.byte_find_on" if on else "str.byte_find_from",
                [self._name(), value.args[1], within() if on else start.made()],
                type=ir.INT,
                line=value.line,
            )
        self.made[id(value)] = made
        letters = part.value if isinstance(part, ir.Lit) else ""
        of = part.id if isinstance(part, ir.Name) and part.type == ir.STR else ""
        out = state.copy()
        out.forget(name)
        facts: set[_Fact] = set()
        if start is not None:
            if start.base != name and start.offset is not None:
                facts.add((start.base, start.offset, name))
                if letters and start.letters and letters[0] != start.letters[0] and start.offset == 0:
                    # What begins with another letter is found behind the letter.
                    facts.add((start.base, len(start.letters[0].encode()), name))
            if not start.unsure:
                facts |= {(a, 0, name) for a in out.at if state.least((a, 0), start.base)}
        facts.add((name, of or len(letters.encode()), _END))
        facts.add((name, 0, _END))
        out.at[name] = _At(True, letters, of if of != name else "")
        out.facts |= facts
        return out

    def _step(self, s: ir.AugAssign, target: ir.VarTarget, at: _Term, term: _Term) -> None:
        """Note by how much a statement moves a position on."""
        self.used[id(target)] = 1
        self.over.pop(id(s), None)
        if term.offset is None:
            if isinstance(s.value, ir.Lit) and s.value.value == 1:
                self.steps[id(s)] = lambda: self._width(at)
            else:
                self.steps.pop(id(s), None)
                self.over[id(s)] = lambda: [ir.Assign(target, term.made(), line=s.line, comments=s.comments)]
        elif isinstance(term.offset, int):
            size = term.offset
            self.steps[id(s)] = lambda: ir.Lit(size, type=ir.INT, line=s.line)
        else:
            made = term.made()
            assert isinstance(made, ir.Intrinsic)  # noqa: S101 - it is a sum.
            self.steps[id(s)] = lambda: made.args[1]

    def _set(self, name: str, term: _Term, state: _State) -> _State:
        """What is known when a position becomes another one."""
        facts: set[_Fact] = set()
        others = [n for n in [*state.at, _END] if n != name]
        for other in others:
            if term.offset is not None and state.least((term.base, term.offset), other):
                facts.add((name, 0, other))
            elif term.offset is None and state.least((term.base, 1), other):
                # Another position behind this letter is not inside of it.
                facts.add((name, 0, other))
        if term.base != _START and not (state.at[term.base].absent if term.base in state.at else False):
            ahead = 1 if term.offset is None else term.offset
            for other in others:
                if other == _END:
                    continue
                if other == term.base:
                    facts.add((other, ahead, name))
                facts |= {
                    (other, k + (ahead if isinstance(ahead, int) else 0), name)
                    for a, k, b in state.facts
                    if a == other and b == term.base and isinstance(k, int)
                }
            if term.base == _END and term.offset == 0:
                facts.add((_END, 0, name))
        out = state.copy()
        out.forget(name)
        if term.absent:
            self.absent.add(name)
        out.at[name] = _At(term.absent, term.letters, term.of if term.of != name else "", term.one)
        out.facts |= facts
        return out

    # Loops

    def _while(self, s: ir.While, test: ir.Expr, body: list[ir.Stmt], state: _State) -> _State | None:
        head = state
        forever = isinstance(test, ir.Lit) and test.value is True
        while True:
            self.loops.append(_Loop())
            self._eval(test, head)
            end = self._run(body, self._told(test, True, head))
            loop = self.loops.pop()
            joined = _join([head, end, *loop.again])
            assert joined is not None  # noqa: S101 - the first way is reached.
            if joined == head:
                break
            head = joined
        if self._skips(s):
            self.steps[id(s.body[0])] = self._one(s.body[0])
        after = None if forever else self._told(test, False, head)
        return _join([after, *loop.left])

    def _loop(self, s: ir.For | ir.ForRange, body: list[ir.Stmt], state: _State) -> _State | None:
        bound = stores([ir.Assign(s.target, ir.Lit(None))])
        head = state
        while True:
            self.loops.append(_Loop())
            end = self._run(body, self._stored(bound, head))
            loop = self.loops.pop()
            joined = _join([head, end, *loop.again])
            assert joined is not None  # noqa: S101 - the first way is reached.
            if joined == head:
                return _join([self._stored(bound, head), *loop.left])
            head = joined

    def _try(self, s: ir.Try, state: _State) -> _State | None:
        # A position that the body sets may have been set, or not, where a handler begins.
        if stores(s.body) & (self.places | {self.text}):
            raise _NoPosition
        end = self._run(s.orelse, self._run(s.body, state))
        entry = self._stored(stores(s.body), state)
        out = _join([end, *(self._run(h.body, entry) for h in s.handlers)])
        if not s.final:
            return out
        changed = stores([s]) & (self.places | {self.text})
        if changed:
            raise _NoPosition
        after = self._run(s.final, entry)
        return None if out is None else after

    def _skips(self, s: ir.While) -> bool:
        """True for a loop that only steps on: the bytes within a character are passed like its first one."""
        match s.body:
            case [ir.AugAssign(target=ir.VarTarget(id=name), op="int.add", value=ir.Lit(value=1))] if (
                name in self.places
            ):
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
                        self._is_length(end)
                        or (isinstance(end, ir.Name) and end.id in self.places and end.id != name)
                    )
                case _:
                    return False

        return same_within(s.test)
