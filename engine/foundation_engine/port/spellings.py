"""Loops over the characters of a text that put another text together, or look whether all of them are allowed.

Part of `loops.py`, for targets that say of a text as a whole what becomes of its characters. Every rewrite gives the
same for every input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from foundation_engine.port import ir
from foundation_engine.port.passes import blocks, reads
from foundation_engine.port.simplify import bound_only

# What a character becomes is said by so many nodes at most.
_SIZE = 24
# Operations that look at what they are given, change nothing and cannot fail.
_CALM = frozenset(
    ["eq", "ne", "lt", "le", "gt", "ge", "int.add", "int.sub", "int.mul", "str.concat", "str.contains"]
    + ["list.contains", "set.contains"]
    + [f"char.{op}" for op in ("to_str", "lower", "upper")]
    + [f"str.{op}" for op in ("lower", "upper", "ord", "contains_char")]
    + [
        f"{kind}.is{op}"
        for kind in ("str", "char")
        for op in ("digit", "alpha", "alnum", "space", "upper", "lower")
    ]
)


def spelled(target: ir.Target, over: ir.Expr, body: Sequence[ir.Stmt]) -> tuple[str, ir.Expr] | None:
    """A text of what each character becomes, and the variable that it is put together in.

    Characters stay, go, become a literal, or become what one test of several says; a position may be asked for, too.
    """
    clause = _characters(target, over)
    if clause is None or len(body) != 1:
        return None
    letter = _letter(clause)
    tests: list[ir.Expr] = []
    values: list[ir.Expr] = []
    names: set[str] = set()
    rest: Sequence[ir.Stmt] = body
    ended = False
    while not ended:
        match rest:
            case [ir.If(test=test, body=inner, orelse=orelse)] if (value := _added(inner, names)) is not None:
                tests.append(test)
                rest = orelse
                ended = not orelse
            case _ if tests and (value := _added(rest, names)) is not None:
                ended = True
            case _:
                return None
        values.append(value)
    name = next(iter(names))
    parts = [*tests, *values, over]
    if len(names) != 1 or name in {n.id for p in parts for n in ir.walk(p) if isinstance(n, ir.Name)}:
        return None
    computed = [v for v in values if not (isinstance(v, ir.Lit) or is_name(v, letter))]
    turned = [rotated(t, v, letter) for t, v in zip(tests, values, strict=False) if v in computed]
    if None in turned and (len(turned) > 1 or sum(1 for v in computed for _ in ir.walk(v)) > _SIZE):
        return None
    if isinstance(target, ir.TupleTarget) and not all(map(is_calm, (*tests, *values))):
        return None
    if len(values) == len(tests):
        # Without a last branch, what no test holds for is left out.
        if len(tests) > 1:
            return None
        clause.conds = tests
        elem = values[0]
    else:
        elem = values[-1]
        if not is_name(elem, letter):
            return None
        for test, value in zip(reversed(tests), reversed(values[:-1]), strict=True):
            elem = ir.Cond(test, value, elem, type=ir.STR, line=test.line)
    if isinstance(clause.target, ir.TupleTarget) and not isinstance(elem, ir.Cond):
        return None
    letters = ir.Comp("iter", elem, [clause], type=ir.IterT(ir.STR), line=over.line)
    return name, ir.Intrinsic("str.join", [ir.Lit("", type=ir.STR), letters], type=ir.STR, line=over.line)


def _characters(target: ir.Target, over: ir.Expr) -> ir.Clause | None:
    """A loop over the characters of a text, with their positions or without."""
    match target, over:
        case ir.VarTarget(), ir.Expr(type=ir.STR):
            return ir.Clause(target, over, [])
        case ir.TupleTarget(elems=[ir.VarTarget(), ir.VarTarget()]), ir.Intrinsic(
            op="enumerate", args=[ir.Expr(type=ir.STR), ir.Lit(value=0)]
        ):
            return ir.Clause(target, over, [])
        case _:
            return None


def _letter(clause: ir.Clause) -> str:
    target = clause.target.elems[1] if isinstance(clause.target, ir.TupleTarget) else clause.target
    assert isinstance(target, ir.VarTarget)  # noqa: S101 - `_characters` looked at it.
    return target.id


def _added(body: Sequence[ir.Stmt], names: set[str]) -> ir.Expr | None:
    """What statements add to the end of a text, whose name they put into `names`."""
    pieces: list[ir.Expr] = []
    for s in body:
        match s:
            case ir.AugAssign(target=ir.VarTarget(id=name), op="str.concat", value=value):
                names.add(name)
                pieces.append(value)
            case ir.If(
                test=test,
                body=[ir.AugAssign(target=ir.VarTarget(id=name), op="str.concat", value=value)],
                orelse=[],
            ) if len(body) > 1:
                names.add(name)
                pieces.append(ir.Cond(test, value, ir.Lit("", type=ir.STR), type=ir.STR, line=s.line))
            case _:
                return None
    if len(pieces) < 2:
        return pieces[0] if pieces else None
    return ir.Format([ir.FormatPart("", p) for p in pieces], type=ir.STR, line=pieces[0].line)


def is_calm(e: ir.Expr) -> bool:
    """True for what changes nothing, cannot fail and asks nobody, wherever it is evaluated."""
    return not any(
        isinstance(
            n, ir.Call | ir.MethodCall | ir.New | ir.PatternOp | ir.PatternCall | ir.PatternNew | ir.Unwrap
        )
        or (isinstance(n, ir.Intrinsic) and not ((n.op in _CALM and not n.raises) or _divides_by_number(n)))
        for n in ir.walk(e)
    )


def _divides_by_number(e: ir.Intrinsic) -> bool:
    match e:
        case ir.Intrinsic(op="int.mod" | "int.floordiv", args=[_, ir.Lit(value=int() as by)]):
            return by > 0
        case _:
            return False


def rotated(test: ir.Expr, value: ir.Expr, letter: str) -> tuple[str, str, ir.Expr] | None:
    """The first and the last of a range of letters or digits, and by how many places one of them goes round in it."""
    ends = _range(test, letter)
    if isinstance(value, ir.Intrinsic) and value.op == "char.to_str":
        value = value.args[0]
    match value:
        case ir.Intrinsic(
            op="int.chr",
            args=[
                ir.Intrinsic(
                    op="int.add", args=[ir.Intrinsic(op="int.mod", args=[place, ir.Lit(value=count)]), base]
                )
            ],
        ) if ends is not None and count == ord(ends[1]) - ord(ends[0]) + 1 and _number(base) == ord(ends[0]):
            pass
        case _:
            return None
    terms = [(sign, e) for sign, e in _terms(place, 1) if not (_is_code(e, letter) and sign == 1)]
    if len(terms) != len(list(_terms(place, 1))) - 1 or not all(is_calm(e) for _, e in terms):
        return None
    if any(isinstance(n, ir.Name) and n.id == letter for _, e in terms for n in ir.walk(e)):
        return None
    # Counted from the first one: what is added to its place is what is added to its code, and the code itself.
    number = ord(ends[0]) + sum(sign * n for sign, e in terms if (n := _number(e)) is not None)
    by: ir.Expr | None = None if number == 0 else ir.Lit(number, type=ir.INT)
    for sign, e in sorted(((s, e) for s, e in terms if _number(e) is None), key=lambda t: -t[0]):
        if by is None:
            by = e if sign > 0 else ir.Intrinsic("int.neg", [e], type=ir.INT)
        else:
            by = ir.Intrinsic("int.add" if sign > 0 else "int.sub", [by, e], type=ir.INT)
    return None if by is None else (*ends, by)


def _range(test: ir.Expr, letter: str) -> tuple[str, str] | None:
    """The ends of a range of ASCII letters of one case, or digits, that a test asks for."""
    match test:
        case ir.Bool(
            op="and",
            values=[
                ir.Intrinsic(op="le", args=[ir.Lit(value=str(low)), one]),
                ir.Intrinsic(op="le", args=[other, ir.Lit(value=str(high))]),
            ],
        ) if is_name(one, letter) and is_name(other, letter) and low <= high:
            of = ("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789")
            return (low, high) if any(low in c and high in c for c in of) and len(low + high) == 2 else None
        case _:
            return None


def _number(e: ir.Expr) -> int | None:
    match e:
        case ir.Lit(value=int() as value):
            return value
        case ir.Intrinsic(op="str.ord", args=[ir.Lit(value=str(letter))]) if len(letter) == 1:
            return ord(letter)
        case _:
            return None


def _terms(e: ir.Expr, sign: int) -> Iterator[tuple[int, ir.Expr]]:
    match e:
        case ir.Intrinsic(op="int.add" | "int.sub" as op, args=[a, b]):
            yield from _terms(a, sign)
            yield from _terms(b, sign if op == "int.add" else -sign)
        case _:
            yield sign, e


def _is_code(e: ir.Expr, letter: str) -> bool:
    return isinstance(e, ir.Intrinsic) and e.op == "str.ord" and is_name(e.args[0], letter)


def is_name(e: ir.Expr, name: str) -> bool:
    """True for a variable, or the text of the character that it is."""
    if isinstance(e, ir.Intrinsic) and e.op == "char.to_str":
        e = e.args[0]
    return isinstance(e, ir.Name) and e.id == name


def in_runs(
    target: ir.Target, over: ir.Expr, body: Sequence[ir.Stmt]
) -> tuple[str, str, ir.Expr, str] | None:
    """A text in which each run of characters that a test does not hold for is a literal.

    The variable that it is put together in, the variable that is true behind such a run, the test, and the literal.
    """
    match target, body:
        case (
            ir.VarTarget(id=letter),
            [
                ir.If(
                    test=test,
                    body=[_, _] as kept,
                    orelse=[ir.If(test=ir.Not(value=ir.Name(id=flag)), body=[_, _] as marked, orelse=[])],
                )
            ],
        ) if over.type == ir.STR and is_calm(test):
            pass
        case _:
            return None
    found: list[tuple[str, ir.Expr]] = []
    for statements, value in ((kept, False), (marked, True)):
        match sorted(statements, key=lambda s: isinstance(s, ir.Assign)):
            case [
                ir.AugAssign(target=ir.VarTarget(id=name), op="str.concat", value=added),
                ir.Assign(target=ir.VarTarget(id=to), value=ir.Lit(value=bool() as now)),
            ] if to == flag and now is value:
                found.append((name, added))
            case _:
                return None
    (name, same), (other, mark) = found
    if name != other or not is_name(same, letter) or not isinstance(mark, ir.Lit) or not mark.value:
        return None
    if {name, flag} & {n.id for e in (test, over) for n in ir.walk(e) if isinstance(n, ir.Name)}:
        return None
    return name, flag, test, str(mark.value)


def check_first(f: ir.Function) -> None:
    """Look before a loop whether all characters are allowed, where the loop leaves the function at one that is not.

    Nothing but variables of the function may change in the loop, and nothing may fail.
    """
    _check_blocks(f.body)


def _check_blocks(body: list[ir.Stmt]) -> None:
    at = 0
    while at < len(body):
        s = body[at]
        # Who handles an error, or calls a closure, may see how far a loop came.
        for inner in () if isinstance(s, ir.Try | ir.FuncDef) else blocks(s):
            _check_blocks(inner)
        if isinstance(s, ir.For) and (found := _checked(s)) is not None:
            # Numbers that begin a loop stay beside it.
            first = at
            while first and _begins(body[first - 1]) and not (s.comments or body[first - 1].comments):
                first -= 1
            body.insert(first, found)
            found.comments, s.comments = s.comments, []
            at += 1
        at += 1


@dataclass(frozen=True, slots=True)
class _Search:
    """A search of the position of the first item that passes a test, and what is done where it finds one."""

    name: str
    first: ir.Assign
    then: ir.If


def search_first(f: ir.Function) -> None:
    """Make a loop that does something at the first item which passes a test, and is then left, a search."""
    found = {id(n): s for b in f.body for n in ir.walk(b) if isinstance(n, ir.For) and (s := _search(f, n))}
    every = [n.id for b in f.body for n in ir.walk(b) if isinstance(n, ir.VarTarget)]
    mine = [s.name for s in found.values()]
    # A variable that other loops count with would hide the one that keeps what is found.
    _searches(f.body, {i: s for i, s in found.items() if every.count(s.name) == mine.count(s.name)})


def _searches(body: list[ir.Stmt], found: Mapping[int, _Search]) -> None:
    """Replace the loops of a block, and of those in it, by searches."""
    for at in range(len(body) - 1, -1, -1):
        s = body[at]
        for inner in blocks(s):
            _searches(inner, found)
        if id(s) not in found:
            continue
        search = found[id(s)]
        first, then = search.first, search.then
        match then.body, body[at + 1 : at + 2]:
            case [ir.Return(value=ir.Name(id=name))], [ir.Return(value=ir.Lit(value=-1)) as last] if (
                name == search.name and not (last.comments or then.comments or first.trailing)
            ):
                last.value, last.comments = first.value, first.comments
                del body[at]
            case _:
                body[at : at + 1] = [first, then]


def _search(f: ir.Function, s: ir.For) -> _Search | None:
    """The search that a loop over positions and items is, and what is done where it finds one."""
    match s:
        case ir.For(
            target=ir.TupleTarget(elems=[ir.VarTarget(id=at), ir.VarTarget(id=item) as each]),
            iter=ir.Intrinsic(
                op="enumerate", args=[ir.Expr(type=ir.ListT(elem=kind)) as over, ir.Lit(value=0)]
            ),
            body=[ir.If(test=test, body=done, orelse=[]) as look],
        ) if at in reads(done) and not look.trailing and isinstance(done[-1], ir.Return | ir.Break):
            pass
        case _:
            return None
    inside = [n for b in done for n in ir.walk(b)]
    # What leaves or goes on with this loop, rather than with one inside of it, can only stand at its end.
    if any(isinstance(n, ir.Break | ir.Continue | ir.FuncDef) for n in inside[:-1] if n is not done[-1]):
        return None
    set_ = {n.id for n in ir.walk(look) if isinstance(n, ir.VarTarget)}
    if item in reads(done) or {at, item} & set_ or at in reads([ir.ExprStmt(test)]):
        return None
    if not (bound_only(f, at) and bound_only(f, item)) or (isinstance(done[-1], ir.Break) and len(done) < 2):
        return None
    by = ir.Lambda([ir.Param(item, each.type)], test, type=ir.FuncT((kind,), ir.BOOL, False, False))
    found = ir.Intrinsic("list.find_where", [over, by], type=ir.INT, line=s.line)
    present = ir.Intrinsic("ge", [ir.Name(at, type=ir.INT), ir.Lit(0, type=ir.INT)], type=ir.BOOL)
    then = done[:-1] if isinstance(done[-1], ir.Break) else done
    first = ir.Assign(
        ir.VarTarget(at, type=ir.INT), found, line=s.line, comments=s.comments, trailing=s.trailing
    )
    return _Search(at, first, ir.If(present, then, [], line=look.line, comments=look.comments))


def _begins(s: ir.Stmt) -> bool:
    match s:
        case ir.Assign(target=ir.VarTarget(), value=ir.Lit(value=int() | float())):
            return True
        case _:
            return False


def _checked(s: ir.For) -> ir.If | None:
    """The check of all characters, which is taken out of a loop; None where that would tell."""
    clause = _characters(s.target, s.iter)
    if clause is None:
        return None
    letter = _letter(clause)
    allowed: list[ir.Expr] = []
    for at, inner in enumerate(s.body):
        match inner:
            case ir.If(test=test, body=[ir.Continue()], orelse=[]) if _looks_at(test, letter):
                allowed.append(test)
            case ir.If(test=test, body=[ir.Return(value=ir.Lit())], orelse=[]) if _looks_at(test, letter):
                rest = [*s.body[:at], *s.body[at + 1 :]]
                if not all(map(_local, rest)) or inner.comments or inner.trailing or not s.body[at + 1 :]:
                    return None
                right = ir.Not(test, type=ir.BOOL, line=test.line)
                good: ir.Expr = ir.Bool("or", [*allowed, right], type=ir.BOOL) if allowed else right
                over = (
                    s.iter.args[0]
                    if isinstance(s.iter, ir.Intrinsic) and s.iter.op == "enumerate"
                    else s.iter
                )
                if isinstance(over, ir.Intrinsic) and over.op == "str.reversed":
                    over = over.args[0]
                if not isinstance(over, ir.Name):
                    return None
                characters = ir.Clause(ir.VarTarget(letter, type=ir.CHAR), ir.unshared(over), [])
                bad = ir.Comp(
                    "iter",
                    ir.Not(good, type=ir.BOOL),
                    [characters],
                    type=ir.IterT(ir.BOOL),
                    line=test.line,
                )
                del s.body[at]
                return ir.If(
                    ir.Intrinsic("any", [bad], type=ir.BOOL, line=test.line), inner.body, [], line=inner.line
                )
            case _:
                return None
    return None


def _looks_at(test: ir.Expr, letter: str) -> bool:
    """True for a calm test of nothing but a character."""
    return is_calm(test) and {n.id for n in ir.walk(test) if isinstance(n, ir.Name)} == {letter}


def _local(s: ir.Stmt) -> bool:
    """True for a statement that changes variables only, cannot fail and does not leave the function or a loop."""
    match s:
        case ir.Assign(target=ir.VarTarget(), value=value) | ir.AugAssign(target=ir.VarTarget(), value=value):
            return is_calm(value)
        case ir.If(test=test, body=body, orelse=orelse):
            return is_calm(test) and all(map(_local, (*body, *orelse)))
        case ir.Continue():
            return True
        case _:
            return False
