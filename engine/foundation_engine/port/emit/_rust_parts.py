"""Parts and letters of a text that a Rust function takes one after the other, and so never collects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from foundation_engine.port import ir
from foundation_engine.port.emit._rust_ownership import PARTS
from foundation_engine.port.passes import blocks, terminates

# What is written with each of its operands once, in their order.
_ONCE = frozenset(
    {
        "str.to_int", "str.to_float", "str.strip", "str.lstrip", "str.rstrip", "str.lower", "str.upper", "str.concat",
    }
)  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
# So many parts are taken at most by one pattern, and counted before they are gone through.
_MOST_TAKEN = 5
_MOST_COUNTED = 16


@dataclass(frozen=True, slots=True)
class Taken:
    """The parts of a text that a pattern takes where there are enough, by their positions."""

    places: tuple[int, ...]
    exactly: bool  # there are no others behind them
    gone_over: bool  # a loop goes over all of them


@dataclass
class Parts:
    """The lists of a function that are iterators: how they are walked."""

    cursors: dict[str, bool] = field(default_factory=dict[str, bool])  # whether one is advanced part by part
    steps: dict[int, str] = field(
        default_factory=dict[int, str]
    )  # by the identity of an element's node, the call
    filtered: set[str] = field(
        default_factory=set[str]
    )  # texts without a letter, of which only letters are asked
    taken: dict[str, Taken] = field(default_factory=dict[str, Taken])


def parts_of(f: ir.Function, lists: set[str], lent: Callable[[ir.Expr], bool]) -> Parts:
    """The lists of parts, among those that borrow from a text, that need not be lists; `lent` tells what stays."""
    out = Parts()
    nodes = [n for s in f.body for n in ir.walk(s)]
    named = Counter(n.id for n in nodes if isinstance(n, ir.Name))
    stored = Counter(n.id for n in nodes if isinstance(n, ir.VarTarget | ir.VarDecl))
    for body in (
        f.body,
        *(b for s in f.body for n in ir.walk(s) if isinstance(n, ir.Stmt) for b in blocks(n)),
    ):
        for i, s in enumerate(body):
            match s:
                case ir.Assign(target=ir.VarTarget(id=name, declares=True), value=ir.Intrinsic(op=op)) if (
                    name in lists and op in PARTS
                ):
                    rest = body[i + 1 :]
                    if _mentions(rest, name) == named[name]:
                        any(find(name, rest, out) for find in (_walked, _taken, _counted))
                case ir.Assign(
                    target=ir.VarTarget(id=name, declares=True),
                    value=ir.Intrinsic(
                        op="str.replace",
                        args=[ir.Name() as text, ir.Lit(value=str() as letter), ir.Lit(value="")],
                    ),
                ) if len(letter) == 1 and stored[name] == 1 and lent(text):
                    rest = body[i + 1 :]
                    if _mentions(rest, name) == named[name] and _lettered(name, rest):
                        out.filtered.add(name)
                case _:
                    pass
    return out


def _mentions(nodes: Sequence[ir.Node], name: str) -> int:
    return sum(isinstance(n, ir.Name) and n.id == name for s in nodes for n in ir.walk(s))


def _is(e: ir.Node, name: str) -> bool:
    return isinstance(e, ir.Name) and e.id == name


def _walked(name: str, rest: Sequence[ir.Stmt], out: Parts) -> bool:
    """True for parts that statements take in their order, each once, and the last ones perhaps by a loop."""
    steps: dict[int, str] = {}
    at = 0
    found = 0
    whole = False
    for s in rest:
        mentioned = _mentions([s], name)
        for e in _uses(s, name):
            if whole:
                return False
            match e:
                case ir.Intrinsic(op="list.index", args=[_, ir.Lit(value=int() as place)]) if place >= at:
                    steps[id(e)] = "next()" if place == at else f"nth({place - at})"
                    at = place + 1
                case ir.Intrinsic(
                    op="list.slice", args=[_, ir.Lit(value=int() as place), ir.Lit(value=None)]
                ) if place == at:
                    whole = True
                case ir.Name() if at == 0:
                    whole = True
                case _:
                    return False
            found += 1
            mentioned -= 1
        if mentioned:
            return False
    if not found:
        return False
    out.cursors[name] = at > 0
    out.steps |= steps
    return True


def _uses(s: ir.Stmt, name: str) -> Iterator[ir.Expr]:
    """The elements of a list that a statement surely reads, once each, in this order, or the list that it goes over."""
    match s:
        case ir.Assign(value=value) if not _mentions([s.target], name):
            yield from _read(value, name)
        case ir.Return(value=ir.Expr() as value):
            yield from _read(value, name)
        case ir.ExprStmt(value=ir.Intrinsic(op="list.append", args=[ir.Name(), value])):
            yield from _read(value, name)
        case ir.For(iter=over):
            yield from _gone_over(over, name)
        case _:
            pass


def _gone_over(e: ir.Expr, name: str) -> Iterator[ir.Expr]:
    match e:
        case ir.Name() if _is(e, name):
            yield e
        case ir.Intrinsic(op="list.slice", args=[of, *_]) if _is(of, name):
            yield e
        case _:
            pass


def _read(e: ir.Expr, name: str) -> Iterator[ir.Expr]:
    match e:
        case ir.Intrinsic(op="list.index", args=[of, _]) if _is(of, name):
            yield e
        case ir.Intrinsic(op=op, args=args) if op in _ONCE:
            for a in args:
                yield from _read(a, name)
        case ir.TupleLit(elems=elems):
            for v in elems:
                yield from _read(v, name)
        case (
            ir.Intrinsic(op="str.join", args=[_, ir.Comp(clauses=[ir.Clause(iter=over)])])
            | ir.Comp(kind="list", clauses=[ir.Clause(iter=over)])
        ):
            yield from _gone_over(over, name)
        case _:
            pass


def _guard(name: str, s: ir.Stmt) -> tuple[int, bool] | None:
    """How many parts a statement wants before anything else goes on, and whether exactly so many."""
    match s:
        case ir.If(test=test, body=body, orelse=[], comments=[], trailing="") if terminates(
            body
        ) and not _mentions(body, name):
            pass
        case _:
            return None
    exactly = True
    match test:
        case (
            ir.Intrinsic(op="ne", args=[ir.Intrinsic(op="len", args=[of]), ir.Lit(value=int() as count)])
            | ir.Not(
                value=ir.Intrinsic(
                    op="eq", args=[ir.Intrinsic(op="len", args=[of]), ir.Lit(value=int() as count)]
                )
            )
        ):
            pass
        case ir.Intrinsic(op="lt", args=[ir.Intrinsic(op="len", args=[of]), ir.Lit(value=int() as count)]):
            exactly = False
        case _:
            return None
    return (count, exactly) if _is(of, name) and count > 0 else None


def _taken(name: str, rest: Sequence[ir.Stmt], out: Parts) -> bool:
    """True for parts of which some are asked for by position once it is known that there are enough."""
    wanted = _guard(name, rest[0]) if rest else None
    if wanted is None:
        return False
    count, exactly = wanted
    asked: dict[int, int] = {}
    for n in (n for s in rest[1:] for n in ir.walk(s)):
        match n:
            case ir.Intrinsic(op="list.index", args=[of, ir.Lit(value=int() as place)]) if (
                _is(of, name) and 0 <= place < count
            ):
                asked[id(n)] = place
            case _:
                pass
    loops = sum(
        isinstance(n, ir.For | ir.Clause) and _is(n.iter, name) and isinstance(n.target, ir.VarTarget)
        for s in rest[1:]
        for n in ir.walk(s)
    )
    if len(asked) + loops != _mentions(rest[1:], name) or (loops and not exactly):
        return False
    places = tuple(range(count)) if loops else tuple(sorted({*asked.values(), count - 1}))
    if not (asked or loops) or len(places) + exactly > _MOST_TAKEN or places[-1] >= len(ORDINALS):
        return False
    out.taken[name] = Taken(places, exactly, loops > 0)
    return True


def _counted(name: str, rest: Sequence[ir.Stmt], out: Parts) -> bool:
    """True for few parts that are counted, and then gone through once."""
    wanted = _guard(name, rest[0]) if rest else None
    if wanted is None or not wanted[1] or wanted[0] > _MOST_COUNTED:
        return False
    uses = [e for s in rest[1:] for e in _uses(s, name)]
    if len(uses) != 1 or _mentions(rest[1:], name) != 1 or not isinstance(uses[0], ir.Name):
        return False
    out.cursors[name] = False
    return True


def _lettered(name: str, rest: Sequence[ir.Stmt]) -> bool:
    """True for a text that is only measured, and then gone through once."""
    nodes = [n for s in rest for n in ir.walk(s)]
    measured = sum(isinstance(n, ir.Intrinsic) and n.op == "len" and _is(n.args[0], name) for n in nodes)
    for n in nodes:
        match n:
            case ir.Intrinsic(args=[ir.Intrinsic(op="len", args=[of]), ir.Lit(value=0 | 1)]) if _is(of, name):
                return False  # a test for the empty text, which needs no count
            case _:
                pass
    for i, s in enumerate(rest):
        match s:
            case (
                ir.For(iter=ir.Name() as over)
                | ir.For(iter=ir.Intrinsic(op="enumerate", args=[ir.Name() as over, ir.Lit()]))
            ) if _is(over, name):
                behind = [*s.body, *rest[i + 1 :]]
                return measured + 1 == _mentions(rest, name) and not _mentions(behind, name)
            case _:
                pass
    return False
