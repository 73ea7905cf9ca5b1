"""Ruby's iterators: blocks as comprehensions where one expression says it, else as loops before the statement."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.front import _ruby_ast as ast
from foundation_engine.port.front._ruby_nodes import Maybe, integer, lit, op
from foundation_engine.port.front._ruby_scope import ordered, pure, resolved, type_text
from foundation_engine.port.front._ruby_types import SYMBOL, JsonT, VarT
from foundation_engine.port.ir import Type, Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.front._ruby_stmt import Statements

STABLE = "Elements that compare equal keep their order when sorted, which Ruby does not promise."
SUMS = "Floats are added one after the other, where Ruby's sum compensates rounding errors."
NO_BLOCK = ast.Block([], [])


@dataclass
class Source:
    """What is iterated over: the representation's iterable, what Ruby's block gets, and how positions are paired."""

    iter: ir.Expr
    elem: Type
    indexed: bool = False
    window: tuple[ir.Expr, ir.Name, int] | None = None  # the list, the start and the size of neighbours


def source(low: Statements, n: ast.Node) -> Source:
    """The value that an iterator method is called on."""
    from foundation_engine.port.front import _ruby_calls as calls

    if isinstance(n, ast.Call) and n.block is None and n.passed is None and n.recv is not None:
        match n.name:
            case "each_with_index" | "each" | "with_index" if n.name != "each":
                inner = source(low, n.recv)
                start: ir.Expr = low.coerce(low.expr(n.args[0]), ir.INT) if n.args else integer(0)
                t = ir.IterT(ir.TupleT((ir.INT, inner.elem)))
                return Source(
                    op("enumerate", [low.as_list(inner.iter), start], t),
                    ir.TupleT((inner.elem, ir.INT)),
                    True,
                )
            case "each" | "lazy" | "each_entry" | "map" | "select" | "each_pair" if not n.args:
                return source(low, n.recv)
            case "each_line":
                split = "lines_of" if any(k == "chomp" for k, _ in n.named) else "lines_with_feeds"
                return Source(low.prelude(split, [low.as_text(n.recv)], ir.ListT(ir.STR)), ir.STR)
            case "each_char":
                return Source(low.as_text(n.recv), ir.CHAR)
            case "each_slice" | "each_cons" if len(n.args) == 1:
                return _windows(low, n)
            case "reverse_each":
                inner = source(low, n.recv)
                return Source(op("reversed", [low.as_list(inner.iter)], ir.IterT(inner.elem)), inner.elem)
            case "times" if not n.args:
                count = low.coerce(low.value(n.recv), ir.INT)
                return Source(op("range", [integer(0), count, integer(1)], ir.IterT(ir.INT)), ir.INT)
            case "upto" | "downto" | "step" if n.args or n.named:
                counted = counting(low, n)
                if counted is not None:
                    return counted
            case _:
                pass
    if isinstance(n, ast.Range):
        return Source(low.range(n), ir.INT)
    e = low.value(n)
    if isinstance(e, ir.Intrinsic) and e.op == "to_list" and e.args[0].type == ir.STR:
        return Source(e.args[0], ir.CHAR)
    if (
        isinstance(e, ir.Intrinsic)
        and e.op == "to_list"
        and isinstance(e.args[0], ir.Intrinsic)
        and e.args[0].op in ("dict.keys", "dict.values")
    ):
        e = e.args[0]
    t = low.full(e.type)
    if isinstance(t, VarT):
        # What is iterated over without saying more is a list.
        t = calls.infer(low, ast.Call(n, "each_with_index", [], [], line=n.line, start=n.start, end=n.end), t)
        e.type = t
    if isinstance(t, JsonT):
        e = low.coerce(e, ir.ListT(t))
        t = e.type
    match t:
        case ir.ListT(elem) | ir.SetT(elem) | ir.IterT(elem):
            return Source(e, elem)
        case ir.DictT(key, value):
            pair = ir.TupleT((key, value))
            return Source(op("dict.items", [e], ir.IterT(pair)), pair)
        case ir.TupleT():
            made = low.as_list(e)
            assert isinstance(made.type, ir.ListT)
            return Source(made, made.type.elem)
        case _:
            raise Unsupported(f"iteration over a {type_text(t)}", low.scope.reader.source(n), n.line)


def counting(low: Statements, n: ast.Call) -> Source | None:
    """`a.upto(b)`, `a.downto(b)`, `(a..b).step(k)`, `a.step(b, k)`."""
    assert n.recv is not None
    if n.name == "step" and isinstance(n.recv, ast.Range) and len(n.args) == 1:
        made = low.range(n.recv)
        step = low.expr(n.args[0])
        if (
            isinstance(made, ir.Intrinsic)
            and isinstance(step, ir.Lit)
            and isinstance(step.value, int)
            and step.value > 0
        ):
            return Source(op("range", [made.args[0], made.args[1], step], ir.IterT(ir.INT)), ir.INT)
        return None
    if len(n.args) != 1 or n.name == "step":
        return None
    low_end, high_end = low.exprs([n.recv, n.args[0]])
    a, b = low.coerce(low_end, ir.INT), low.coerce(high_end, ir.INT)
    down = n.name == "downto"
    stop = low.plus(b, -1 if down else 1)
    return Source(op("range", [a, stop, integer(-1 if down else 1)], ir.IterT(ir.INT)), ir.INT)


def _windows(low: Statements, n: ast.Call) -> Source:
    assert n.recv is not None
    inner = source(low, n.recv)
    items = low.hoist(low.as_list(inner.iter), "items")
    size = low.expr(resolved(low.scope, n.args[0]))
    if not isinstance(size, ir.Lit) or not isinstance(size.value, int) or size.value < 1:
        raise Unsupported(f"{n.name} with a computed size", low.scope.reader.source(n), n.line)
    at = low.fresh("start")
    low.vars[at] = ir.INT
    name = ir.Name(at, type=ir.INT)
    low.lower[at] = 0
    piece = op("list.slice", [items, name, low.plus(name, size.value)], ir.ListT(inner.elem))
    count = op("len", [items], ir.INT)
    if n.name == "each_slice":
        over = op("range", [integer(0), count, integer(size.value)], ir.IterT(ir.INT))
    else:
        over = op(
            "range",
            [integer(0), low.plus(count, 1 - size.value) if size.value > 1 else count, integer(1)],
            ir.IterT(ir.INT),
        )
    clause = ir.Clause(ir.VarTarget(at, type=ir.INT), over, [])
    made = ir.Comp("list", piece, [clause], type=ir.ListT(ir.ListT(inner.elem)))
    return Source(
        made, ir.ListT(inner.elem), window=(items, name, size.value) if n.name == "each_cons" else None
    )


def value_type(low: Statements, s: Source) -> Type:
    """The type that a list of the elements holds."""
    t = low.full(s.elem)
    return ir.STR if t == ir.CHAR else t


# Blocks


def block_of(low: Statements, n: ast.Call, arity: int = 1) -> ast.Block:
    """The block of a call; `&:name` and `&method(:name)` are written out."""
    if n.block is not None:
        return n.block
    if n.passed is None:
        raise Unsupported(f"{n.name} without a block", low.scope.reader.source(n), n.line)
    p = n.passed
    names = ["it_", "other_"][:arity]
    args: list[ast.Node] = [ast.Ident(x, line=n.line) for x in names]
    match p:
        case ast.Symbol(name=name):
            body: ast.Node = ast.Call(
                args[0], name, args[1:], [], line=n.line, last=n.last, start=p.start, end=p.end
            )
        case ast.Call(recv=None, name="method", args=[ast.Symbol(name=name)]):
            body = ast.Call(None, name, args, [], line=n.line, last=n.last, start=p.start, end=p.end)
        case ast.Ident() | ast.IVar() | ast.Const():
            body = ast.Call(p, "call", args, [], line=n.line, last=n.last, start=p.start, end=p.end)
        case _:
            raise Unsupported("a block argument of this kind", low.scope.reader.source(n), n.line)
    params = [ast.BlockParam(x, line=n.line) for x in names]
    return ast.Block(params, [body], line=n.line, last=n.last, start=p.start, end=p.end)


def targets(low: Statements, params: list[ast.BlockParam], elem: Type, place: int) -> ir.Target:
    """The loop's target for a block's parameters, which become visible."""
    elem = low.full(elem)
    if len(params) == 1 and params[0].parts is None and not params[0].splat:
        p = params[0]
        name = low.local(p.name, elem, place)
        return ir.VarTarget(name, type=elem, line=p.line)
    parts = params[0].parts if len(params) == 1 and params[0].parts is not None else params
    assert parts is not None
    if any(p.splat for p in parts):
        raise Unsupported("a block parameter with *")
    match elem:
        case ir.TupleT(elems) if len(elems) >= len(parts):
            types = list(elems)
        case ir.ListT(inner):
            # A list of unknown length: each part is read from it by position.
            name = low.fresh("parts")
            low.vars[name] = elem
            for i, p in enumerate(parts):
                if p.parts is not None:
                    raise Unsupported("a block that takes a list inside a list apart")
                low.substitute(
                    p.name, op("list.index", [ir.Name(name, type=elem), integer(i)], inner, "IndexError")
                )
            low.scope.differ(
                "Taking apart a list that is too short stops the port, where Ruby fills up with nil."
            )
            return ir.VarTarget(name, type=elem)
        case _:
            raise Unsupported(f"a block that takes a {type_text(elem)} apart")
    made: list[ir.Target] = []
    for i, t in enumerate(types):
        if i < len(parts):
            p = parts[i]
            if p.name == "_" and p.parts is None:
                p = ast.BlockParam(
                    low.fresh(("key", "value")[i] if len(types) == 2 else "unused"), line=p.line
                )
            made.append(
                targets(low, [p], t, place)
                if p.parts is not None
                else ir.VarTarget(low.local(p.name, t, place), type=t, line=p.line)
            )
        else:
            made.append(ir.VarTarget(low.local("_", t, place), type=t))
    return ir.TupleTarget(made, type=elem)


@contextmanager
def inside(low: Statements, block: ast.Block) -> Generator[None]:
    """The names and facts of a block end with it."""
    names, narrowed, lower = dict(low.names), dict(low.narrowed), dict(low.lower)
    matched = low.matched
    low.scopes.append(block.start)
    try:
        yield
    finally:
        low.matched = matched if low.matched is matched else None
        low.names, low.narrowed, low.lower = names, narrowed, lower
        low.scopes.pop()


def enter(low: Statements, s: Source, block: ast.Block) -> ir.Target:
    """Bind a block's parameters to what is iterated."""
    params = block.params
    if not params:
        names = {x.name for b in block.body for x in ast.walk(b) if isinstance(x, ast.Ident)}
        params = [ast.BlockParam("it" if "it" in names and "it" not in low.names else "_", line=block.line)]
    if (
        s.window is not None
        and len(params) == s.window[2]
        and isinstance(s.iter, ir.Comp)
        and isinstance(s.elem, ir.ListT)
    ):
        # Neighbours that are taken apart at once are a tuple.
        items, start, size = s.window
        each_type = s.elem.elem
        parts = [
            op("list.index", [items, low.plus(start, i) if i else start], each_type, "IndexError")
            for i in range(size)
        ]
        s.elem = ir.TupleT((each_type,) * size)
        s.iter = ir.Comp("list", ir.TupleLit(list(parts), type=s.elem), s.iter.clauses, type=ir.ListT(s.elem))
    if s.indexed:
        assert isinstance(s.elem, ir.TupleT)
        if len(params) != 2:
            raise Unsupported("a block that takes an element and its position as one value")
        item = targets(low, [params[0]], s.elem.elems[0], block.start)
        at = targets(low, [params[1]], ir.INT, block.start)
        assert isinstance(at, ir.VarTarget)
        low.lower[at.id] = 0
        return ir.TupleTarget([at, item], type=ir.TupleT((ir.INT, s.elem.elems[0])))
    made = targets(low, params, s.elem, block.start)
    if isinstance(s.iter, ir.Intrinsic) and s.iter.op == "range" and isinstance(made, ir.VarTarget):
        start, stop, step = s.iter.args
        bound = low.lower_bound(start if isinstance(step, ir.Lit) and step.value > 0 else stop)
        if bound is not None:
            low.lower[made.id] = bound if isinstance(step, ir.Lit) and step.value > 0 else bound + 1
    return made


def simple(block: ast.Block) -> ast.Node | None:
    """The one expression of a block, or None when it needs statements."""
    if len(block.body) != 1:
        return None
    only = block.body[0]
    if any(
        isinstance(x, ast.Jump | ast.OpAssign | ast.Assign | ast.While | ast.Begin) for x in ast.own(only)
    ):
        return None
    return only


def loop(s: Source, target: ir.Target, body: list[ir.Stmt], line: int) -> ir.Stmt:
    """A counting loop or a loop over elements."""
    if isinstance(s.iter, ir.Intrinsic) and s.iter.op == "range" and isinstance(target, ir.VarTarget):
        start, stop, step = s.iter.args
        assert isinstance(step, ir.Lit)
        return ir.ForRange(target, start, stop, step.value, body, line=line)
    return ir.For(target, s.iter, body, line=line)


def each(low: Statements, n: ast.Call, s: Source, block: ast.Block) -> list[ir.Stmt]:
    """A loop for its effect."""
    low.forget_stored(block.body)
    with inside(low, block), low.jumping("loop"):
        target = enter(low, s, block)
        body = low.block(block.body)
    return [loop(s, target, body, n.line)]


_NO_PLACE = "a block of several statements"


def _begun(low: Statements, n: ast.Call, init: ir.Expr, base: str, what: str = _NO_PLACE) -> ir.Name:
    """A variable before the statement, in which a block's values are gathered."""
    if low.pre is None:
        raise Unsupported(
            f"{what} in a place where no statement fits",
            low.scope.reader.source(n).splitlines()[0],
            n.line,
        )
    name = low.result_name(base)
    low.vars[name] = init.type
    low.pre.append(ir.Assign(ir.VarTarget(name, type=init.type), init, line=n.line))
    return ir.Name(name, type=init.type)


def _gather(
    low: Statements,
    n: ast.Call,
    s: Source,
    block: ast.Block,
    step: Callable[[ir.Target, ir.Expr], list[ir.Stmt]],
    want: Type | None = None,
) -> None:
    """A loop before the statement; `step` says what is done with each target and the block's value for it."""
    assert low.pre is not None
    low.forget_stored(block.body)
    outer, low.pre = low.pre, None
    try:
        with inside(low, block):
            target = enter(low, s, block)
            sink = low.sink(lambda e: step(target, e), want)
            with low.jumping("collect", sink):
                body = low.block(block.body, sink)
    finally:
        low.pre = outer
    low.pre.append(loop(s, target, body, n.line))


def collect(
    low: Statements,
    n: ast.Call,
    s: Source,
    block: ast.Block,
    init: ir.Expr,
    base: str,
    step: Callable[[ir.Name, ir.Expr], list[ir.Stmt]],
    want: Type | None = None,
) -> ir.Name:
    """A loop before the statement that gathers the block's values under a name; `step` says how."""
    made = _begun(low, n, init, base)
    _gather(low, n, s, block, lambda _, e: step(made, e), want)
    made.type = low.full(low.vars[made.id])
    return made


def _append(low: Statements) -> Callable[[ir.Name, ir.Expr], list[ir.Stmt]]:
    def step(made: ir.Name, e: ir.Expr) -> list[ir.Stmt]:
        t = low.full(low.vars[made.id])
        assert isinstance(t, ir.ListT)
        joined = ir.ListT(low.join(t.elem, e.type) if e.type != ir.NONE else low.join(t.elem, ir.NONE))
        low.vars[made.id] = joined
        target = ir.Name(made.id, type=joined)
        return [ir.ExprStmt(op("list.append", [target, low.coerce(e, joined.elem)], ir.NONE))]

    return step


def comprehension(
    low: Statements,
    s: Source,
    block: ast.Block,
    make: Callable[[ir.Target, ast.Node], tuple[str, ir.Expr, list[ir.Expr]]],
) -> ir.Comp | None:
    """A comprehension over the source, or None when the block needs statements. `make` gives kind, element, tests."""
    only = simple(block)
    if only is None:
        return None
    saved = low.pre
    try:
        with inside(low, block), low.without_statements():
            target = enter(low, s, block)
            kind, elem, conds = make(target, only)
    except Unsupported:
        if saved is None or not low.block_fits(block):
            raise
        return None
    elem.type = low.full(elem.type)
    match kind:
        case "list":
            t: Type = ir.ListT(elem.type)
        case "set":
            t = ir.SetT(elem.type)
        case "dict":
            assert isinstance(elem.type, ir.TupleT)
            t = ir.DictT(elem.type.elems[0], elem.type.elems[1])
        case _:
            t = ir.IterT(elem.type)
    return ir.Comp(kind, elem, [ir.Clause(target, s.iter, conds)], type=t, line=block.line)


def as_expr(target: ir.Target) -> ir.Expr:
    """The target's value, read back."""
    match target:
        case ir.VarTarget(id=name):
            return ir.Name(name, type=target.type)
        case ir.TupleTarget(elems=elems):
            parts = [as_expr(e) for e in elems]
            return ir.TupleLit(parts, type=ir.TupleT(tuple(p.type for p in parts)))
        case _:
            raise Unsupported("a block parameter of this kind")


def element(s: Source, target: ir.Target) -> ir.Expr:
    """The element that the block was given, as Ruby sees it."""
    made = as_expr(target)
    if s.indexed:
        assert isinstance(made, ir.TupleLit)
        made = ir.TupleLit(
            [made.elems[1], made.elems[0]], type=ir.TupleT((made.elems[1].type, made.elems[0].type))
        )
    if made.type == ir.CHAR:
        return op("char.to_str", [made], ir.STR)
    return made


def mapped(low: Statements, n: ast.Call, want: Type | None) -> ir.Expr:
    """`map`, `collect`, `flat_map`, `filter_map`."""
    assert n.recv is not None
    block = block_of(low, n)
    s = source(low, n.recv)
    want = low.full(want) if want is not None else None
    guide = want.elem if isinstance(want, ir.ListT) else None

    if n.name == "flat_map":
        return _flat_map(low, n, s, block)
    if n.name == "filter_map":
        return _filter_map(low, n, s, block)

    def make(_: ir.Target, only: ast.Node) -> tuple[str, ir.Expr, list[ir.Expr]]:
        e = low.expr(only, guide)
        if e.type == ir.NONE:
            raise Unsupported("map with a block that gives nothing", "", n.line)
        return "list", e, []

    made = comprehension(low, s, block, make)
    if made is not None:
        return made
    elem = guide if guide is not None else low.types.var(("mapped", n.start), "")
    return collect(low, n, s, block, ir.ListLit([], type=ir.ListT(elem)), "mapped", _append(low), guide)


def _flat_map(low: Statements, n: ast.Call, s: Source, block: ast.Block) -> ir.Expr:
    def step(made: ir.Name, e: ir.Expr) -> list[ir.Stmt]:
        part = low.as_list(low.required(e))
        low.vars[made.id] = low.join(low.vars[made.id], part.type)
        target = ir.Name(made.id, type=low.vars[made.id])
        return [ir.ExprStmt(op("list.extend", [target, low.coerce(part, target.type)], ir.NONE))]

    elem = low.types.var(("flat", n.start), "")
    return collect(low, n, s, block, ir.ListLit([], type=ir.ListT(elem)), "flat", step)


def _filter_map(low: Statements, n: ast.Call, s: Source, block: ast.Block) -> ir.Expr:
    def step(made: ir.Name, e: ir.Expr) -> list[ir.Stmt]:
        if isinstance(e, ir.Lit) and e.value is None:
            return []
        t = low.full(e.type)
        if not isinstance(t, ir.OptionalT):
            return _append(low)(made, e)
        name = low.fresh("kept")
        low.vars[name] = t
        held = ir.Name(name, type=t)
        inner = _append(low)(made, ir.Unwrap(held, type=t.elem))
        return [ir.Assign(ir.VarTarget(name, type=t), e), ir.If(op("is_some", [held], ir.BOOL), inner, [])]

    elem = low.types.var(("filtered", n.start), "")
    return collect(low, n, s, block, ir.ListLit([], type=ir.ListT(elem)), "kept", step)


def filtered(low: Statements, n: ast.Call, keep: bool) -> ir.Expr:
    """`select`, `filter`, `reject`; of a hash they give a hash."""
    assert n.recv is not None
    block = block_of(low, n)
    s = source(low, n.recv)
    over = s.iter
    of_hash = (
        isinstance(over, ir.Intrinsic)
        and over.op == "dict.items"
        and not (isinstance(n.recv, ast.Call) and n.recv.name == "to_a")
    )

    def make(target: ir.Target, only: ast.Node) -> tuple[str, ir.Expr, list[ir.Expr]]:
        test = low.cond(only)
        test = test if keep else _negated(test)
        if of_hash:
            if not isinstance(target, ir.TupleTarget):
                raise Unsupported("a hash filtered by its pairs", "", n.line)
            return "dict", as_expr(target), [test]
        return "list", element(s, target), [test]

    made = comprehension(low, s, block, make)
    if made is not None:
        return made
    if of_hash:
        raise Unsupported("a hash filtered by a block of several statements", "", n.line)
    return _filter_loop(low, n, s, block, keep)


def _negated(test: ir.Expr) -> ir.Expr:
    if isinstance(test, ir.Not):
        return test.value
    if isinstance(test, ir.Intrinsic) and test.op in ("eq", "ne", "is_some", "is_none"):
        flipped = {"eq": "ne", "ne": "eq", "is_some": "is_none", "is_none": "is_some"}[test.op]
        return ir.Intrinsic(flipped, test.args, type=ir.BOOL, line=test.line)
    return ir.Not(test, type=ir.BOOL)


def _filter_loop(low: Statements, n: ast.Call, s: Source, block: ast.Block, keep: bool) -> ir.Expr:
    t = ir.ListT(value_type(low, s))
    made = _begun(low, n, ir.ListLit([], type=t), "kept")

    def put(target: ir.Target, e: ir.Expr) -> list[ir.Stmt]:
        test = low.truth(e)
        test = test if keep else _negated(test)
        append = ir.ExprStmt(op("list.append", [made, element(s, target)], ir.NONE))
        if isinstance(test, ir.Lit):
            return [append] if test.value else []
        return [ir.If(test, [append], [])]

    _gather(low, n, s, block, put)
    return made


def quantified(low: Statements, n: ast.Call) -> ir.Expr:
    """`any?`, `all?`, `none?`."""
    assert n.recv is not None
    kind = "all" if n.name == "all?" else "any"
    if n.block is None and n.passed is None and not n.args:
        s = source(low, n.recv)
        if value_type(low, s) == ir.BOOL:
            made: ir.Expr = op(kind, [s.iter], ir.BOOL)
        elif isinstance(value_type(low, s), ir.OptionalT) or n.name == "all?":
            raise Unsupported(f"{n.name} without a block", low.scope.reader.source(n), n.line)
        else:
            over = (
                s.iter.args[0] if isinstance(s.iter, ir.Intrinsic) and s.iter.op == "dict.items" else s.iter
            )
            made = op("nonempty", [over], ir.BOOL)
        return ir.Not(made, type=ir.BOOL) if n.name == "none?" else made
    if n.args:
        raise Unsupported(f"{n.name} with a pattern", low.scope.reader.source(n), n.line)
    block = block_of(low, n)
    s = source(low, n.recv)
    comp = comprehension(low, s, block, lambda _, only: ("iter", low.cond(only), []))
    if comp is not None:
        made = op(kind, [comp], ir.BOOL)
        return ir.Not(made, type=ir.BOOL) if n.name == "none?" else made
    start = n.name != "any?"

    def step(made: ir.Name, e: ir.Expr) -> list[ir.Stmt]:
        test = low.truth(e)
        test = _negated(test) if n.name == "all?" else test
        return [
            ir.If(
                test,
                [ir.Assign(ir.VarTarget(made.id, type=ir.BOOL), lit(not start, ir.BOOL)), ir.Break()],
                [],
            )
        ]

    return collect(low, n, s, block, lit(start, ir.BOOL), "holds", step)


def counted(low: Statements, n: ast.Call) -> ir.Expr:
    """`count { }` and `sum`."""
    assert n.recv is not None
    s = source(low, n.recv)
    if n.name == "count":
        block = block_of(low, n)

        def make(_: ir.Target, only: ast.Node) -> tuple[str, ir.Expr, list[ir.Expr]]:
            return "iter", integer(1), [low.cond(only)]

        comp = comprehension(low, s, block, make)
        if comp is not None:
            return op("sum", [comp], ir.INT)

        def step(made: ir.Name, e: ir.Expr) -> list[ir.Stmt]:
            return [
                ir.If(
                    low.truth(e),
                    [ir.AugAssign(ir.VarTarget(made.id, type=ir.INT), "int.add", integer(1))],
                    [],
                )
            ]

        return collect(low, n, s, block, integer(0), "count", step)
    start = low.expr(n.args[0]) if n.args else None
    if n.block is None and n.passed is None:
        over, elem = s.iter, value_type(low, s)
    else:
        block = block_of(low, n)
        made = comprehension(low, s, block, lambda _, only: ("iter", low.required(low.expr(only)), []))
        if made is None:
            return _sum_loop(low, n, s, block, start)
        over, elem = made, low.full(made.elem.type)
    if elem == ir.FLOAT or (start is not None and start.type == ir.FLOAT):
        low.scope.differ(SUMS)
    if elem == ir.INT and start is not None and start.type == ir.FLOAT:
        if not isinstance(over, ir.Comp):
            raise Unsupported("a sum of integers that begins with a float", "", n.line)
        over = ir.Comp("iter", low.coerce(over.elem, ir.FLOAT), over.clauses, type=ir.IterT(ir.FLOAT))
        elem = ir.FLOAT
    if elem not in (ir.INT, ir.FLOAT):
        raise Unsupported(f"a sum of {type_text(elem)}", low.scope.reader.source(n), n.line)
    if elem == ir.FLOAT and start is None:
        low.scope.differ("The sum of no floats is 0.0, where Ruby's is the integer 0.")
    if start is not None and isinstance(start, ir.Lit) and start.value == 0:
        start = None
    return op("sum", [over] if start is None else [over, low.coerce(start, elem)], elem)


def _sum_loop(low: Statements, n: ast.Call, s: Source, block: ast.Block, start: ir.Expr | None) -> ir.Expr:
    first = start or integer(0)

    def step(made: ir.Name, e: ir.Expr) -> list[ir.Stmt]:
        e = low.required(e)
        t = low.join(low.vars[made.id], e.type)
        if t not in (ir.INT, ir.FLOAT):
            raise Unsupported(f"a sum of {type_text(t)}", "", n.line)
        low.vars[made.id] = t
        return [
            ir.AugAssign(
                ir.VarTarget(made.id, type=t), f"{'float' if t == ir.FLOAT else 'int'}.add", low.coerce(e, t)
            )
        ]

    elem = low.types.var(("sum", n.start), "")
    if elem.id in low.types.solved and low.full(elem) == ir.FLOAT:
        first = low.coerce(first, ir.FLOAT)
    made = collect(low, n, s, block, first, "total", step)
    low.unify(elem, low.vars[made.id])
    return made


def found(low: Statements, n: ast.Call) -> ir.Expr:
    """`find`, `detect`; `find_index` and `index` with a block."""
    assert n.recv is not None
    block = block_of(low, n)
    s = source(low, n.recv)
    if low.pre is None:
        raise Unsupported(f"{n.name} in a place where no statement fits", low.scope.reader.source(n), n.line)
    position = n.name in ("find_index", "index")
    if position:
        s = Source(
            op("enumerate", [low.as_list(s.iter), integer(0)], ir.IterT(ir.TupleT((ir.INT, s.elem)))), s.elem
        )
    t = ir.OptionalT(ir.INT if position else value_type(low, s))
    if isinstance(t.elem, ir.OptionalT):
        raise Unsupported("find among values that may be nil", "", n.line)
    name = low.result_name("found")
    low.vars[name] = t
    low.pre.append(ir.Assign(ir.VarTarget(name, type=t), lit(None, t), line=n.line))
    low.forget_stored(block.body)
    outer, low.pre = low.pre, None
    try:
        with inside(low, block):
            if position:
                at_name = low.local("position", ir.INT, block.start)
                inner = targets(low, block.params, s.elem, block.start)
                target: ir.Target = ir.TupleTarget(
                    [ir.VarTarget(at_name, type=ir.INT), inner], type=ir.TupleT((ir.INT, s.elem))
                )
                item: ir.Expr = ir.Name(at_name, type=ir.INT)
            else:
                target = enter(low, s, block)
                item = element(s, target)

            def put(e: ir.Expr) -> list[ir.Stmt]:
                keep: list[ir.Stmt] = [ir.Assign(ir.VarTarget(name, type=t), low.coerce(item, t)), ir.Break()]
                test = low.truth(e)
                return keep if isinstance(test, ir.Lit) and test.value else [ir.If(test, keep, [])]

            sink = low.sink(put)
            with low.jumping("collect", sink):
                body = low.block(block.body, sink)
    finally:
        low.pre = outer
    low.pre.append(loop(s, target, body, n.line))
    return ir.Name(name, type=t)


# Keys


def key_lambda(low: Statements, block: ast.Block, elem: Type) -> ir.Expr:
    """The block of `sort_by` and its kin as a function of one element; None as a literal for the element itself."""
    only = simple(block)
    if only is None:
        raise Unsupported("a key of several statements", "", block.line)
    with inside(low, block), low.without_statements():
        params = block.params
        if len(params) == 1 and params[0].parts is None:
            name = low.local(params[0].name, elem, block.start)
        else:
            parts = params[0].parts if len(params) == 1 else params
            assert parts is not None
            elem = low.full(elem)
            if not isinstance(elem, ir.TupleT) or len(parts) > len(elem.elems):
                raise Unsupported(f"a block that takes a {type_text(elem)} apart", "", block.line)
            name = low.fresh("pair")
            low.vars[name] = elem
            for i, p in enumerate(parts):
                part = op("tuple.index", [ir.Name(name, type=elem), integer(i)], elem.elems[i])
                low.substitute(p.name, part)
        body = low.expr(only)
    parts_types = body.type.elems if isinstance(body.type, ir.TupleT) else (body.type,)
    if isinstance(body.type, ir.ListT) and isinstance(body, ir.ListLit):
        body = ir.TupleLit(body.elems, type=ir.TupleT(tuple(x.type for x in body.elems)))
        parts_types = body.type.elems if isinstance(body.type, ir.TupleT) else ()
    if not all(ordered(low.full(t)) for t in parts_types):
        raise Unsupported(f"ordering by {type_text(body.type)}", "", block.line)
    return ir.Lambda(
        [ir.Param(name, elem)], body, type=ir.FuncT((elem,), body.type, raises=False, context=False)
    )


def sorted_by(low: Statements, n: ast.Call) -> tuple[ir.Expr, ir.Expr, ir.Expr, ir.ListT]:
    """The list, key, reverse flag and type of `sort`, `sort_by` and their `!` forms."""
    assert n.recv is not None
    s = source(low, n.recv)
    items = low.as_list(s.iter)
    assert isinstance(items.type, ir.ListT)
    if n.name.startswith("sort_by"):
        low.scope.differ(STABLE)
    none: ir.Expr = lit(None, ir.NONE)
    forward: ir.Expr = lit(False, ir.BOOL)
    elem = low.full(items.type.elem)
    if n.name.startswith("sort_by"):
        return items, key_lambda(low, block_of(low, n), elem), forward, items.type
    if n.block is None:
        if isinstance(elem, ir.TupleT) and all(ordered(low.full(t)) for t in elem.elems):
            name = low.fresh("pair")
            whole = ir.Name(name, type=elem)
            key = ir.Lambda(
                [ir.Param(name, elem)], whole, type=ir.FuncT((elem,), elem, raises=False, context=False)
            )
            return items, key, forward, items.type
        if not ordered(elem):
            raise Unsupported(f"sorting of {type_text(elem)}", low.scope.reader.source(n), n.line)
        return items, none, forward, items.type
    match n.block:
        case ast.Block(params=[a, b], body=[ast.Call(recv=left, name="<=>", args=[right])]) if (
            left is not None
        ):
            names = (a.name, b.name)
            first = {x.name for x in ast.walk(left) if isinstance(x, ast.Ident)} & set(names)
            second = {x.name for x in ast.walk(right) if isinstance(x, ast.Ident)} & set(names)
            if len(first) == len(second) == 1 and first != second:
                by = a.name if first == {a.name} else b.name
                low.scope.differ(STABLE)
                reverse = lit(by == b.name, ir.BOOL)
                one = ast.Block(
                    [ast.BlockParam(by, line=n.line)],
                    [left],
                    line=n.line,
                    start=n.block.start,
                    end=n.block.end,
                )
                other = ast.Block(
                    [ast.BlockParam(next(iter(second)), line=n.line)],
                    [right],
                    line=n.line,
                    start=n.block.start,
                    end=n.block.end,
                )
                if isinstance(left, ast.Ident):
                    if not ordered(elem):
                        raise Unsupported(f"sorting of {type_text(elem)}", low.scope.reader.source(n), n.line)
                    return items, none, reverse, items.type
                made, again = key_lambda(low, one, elem), key_lambda(low, other, elem)
                assert isinstance(made, ir.Lambda)
                assert isinstance(again, ir.Lambda)
                if _renamed(again, made):
                    return items, made, reverse, items.type
        case _:
            pass
    raise Unsupported("sort with a comparison of this kind; use sort_by", low.scope.reader.source(n), n.line)


def _renamed(a: ir.Lambda, b: ir.Lambda) -> bool:
    for x in ir.walk(a.body):
        if isinstance(x, ir.Name) and x.id == a.params[0].name:
            x.id = b.params[0].name
    return ir.same(a.body, b.body)


def extreme(low: Statements, n: ast.Call) -> ir.Expr:
    """`min`, `max`, `min_by`, `max_by`."""
    assert n.recv is not None
    kind = n.name[:3]
    if n.args:
        raise Unsupported(f"{n.name} with a count", low.scope.reader.source(n), n.line)
    if (
        isinstance(n.recv, ast.Array)
        and len(n.recv.elems) > 1
        and not n.name.endswith("_by")
        and n.block is None
        and not any(isinstance(x, ast.Splat) for x in n.recv.elems)
    ):
        values = [low.required(e) for e in low.exprs(n.recv.elems)]
        t = values[0].type
        for v in values[1:]:
            t = low.join(t, v.type)
        if t not in (ir.INT, ir.FLOAT, ir.STR):
            raise Unsupported(f"{kind} of {type_text(t)}", low.scope.reader.source(n), n.line)
        return op(kind, [low.coerce(v, t) for v in values], t)
    s = source(low, n.recv)
    items = low.as_list(s.iter)
    if not pure(items) or isinstance(items, ir.Comp):
        items = low.hoist(items, "items")
    assert isinstance(items.type, ir.ListT)
    elem = low.full(items.type.elem)
    key: ir.Expr = lit(None, ir.NONE)
    if n.name.endswith("_by"):
        key = key_lambda(low, block_of(low, n), elem)
    elif n.block is not None:
        raise Unsupported(f"{n.name} with a comparison; use {n.name}_by", low.scope.reader.source(n), n.line)
    elif not ordered(elem):
        raise Unsupported(f"{kind} of {type_text(elem)}", low.scope.reader.source(n), n.line)
    made = op(f"{kind}_of", [items, key, lit(None, ir.NONE)], elem)
    t = ir.OptionalT(elem)
    return Maybe(op("nonempty", [items], ir.BOOL), ir.Wrap(made, type=t), lit(None, t), plain=made, type=t)


# Gathering


def grouped(low: Statements, n: ast.Call) -> ir.Expr:
    """`group_by`."""
    assert n.recv is not None
    block = block_of(low, n)
    s = source(low, n.recv)
    key = low.types.var(("group", n.start), "")
    t = ir.DictT(key, ir.ListT(value_type(low, s)))
    made = _begun(low, n, ir.DictLit([], type=t), "groups", "group_by")

    def put(target: ir.Target, e: ir.Expr) -> list[ir.Stmt]:
        low.unify(key, e.type)
        full = low.full(t)
        assert isinstance(full, ir.DictT)
        group = op(
            "dict.setdefault",
            [ir.Name(made.id, type=full), low.coerce(e, full.key), ir.ListLit([], type=full.value)],
            full.value,
        )
        return [ir.ExprStmt(op("list.append", [group, element(s, target)], ir.NONE))]

    _gather(low, n, s, block, put)
    low.vars[made.id] = made.type = low.full(t)
    return made


def partitioned(low: Statements, n: ast.Call) -> ir.Expr:
    """`partition`: those that hold and the others."""
    assert n.recv is not None
    block = block_of(low, n)
    s = source(low, n.recv)
    t = ir.ListT(value_type(low, s))
    yes, no = (_begun(low, n, ir.ListLit([], type=t), base, "partition") for base in ("matching", "others"))

    def put(target: ir.Target, e: ir.Expr) -> list[ir.Stmt]:
        item = element(s, target)
        kept: list[ir.Stmt] = [ir.ExprStmt(op("list.append", [yes, item], ir.NONE))]
        left: list[ir.Stmt] = [ir.ExprStmt(op("list.append", [no, item], ir.NONE))]
        return [ir.If(low.truth(e), kept, left)]

    _gather(low, n, s, block, put)
    return ir.TupleLit([yes, no], type=ir.TupleT((t, t)))


def folded(low: Statements, n: ast.Call, want: Type | None) -> ir.Expr:
    """`reduce`, `inject`, `each_with_object`."""
    assert n.recv is not None
    if n.name != "each_with_object":
        symbol = n.args[-1] if n.args and isinstance(n.args[-1], ast.Symbol) else n.passed
        if isinstance(symbol, ast.Symbol):
            return _folded_by(low, n, symbol.name)
    block = block_of(low, n)
    if len(block.params) != 2:
        raise Unsupported(
            f"{n.name} with a block of {len(block.params)} parameters", low.scope.reader.source(n), n.line
        )
    if low.pre is None:
        raise Unsupported(f"{n.name} in a place where no statement fits", low.scope.reader.source(n), n.line)
    s = source(low, n.recv)
    if len(n.args) != 1:
        raise Unsupported(f"{n.name} without an initial value", low.scope.reader.source(n), n.line)
    first = low.expr(n.args[0], want)
    objects = n.name == "each_with_object"
    item_param, acc_param = (
        (block.params[0], block.params[1]) if objects else (block.params[1], block.params[0])
    )
    if acc_param.parts is not None:
        raise Unsupported("an accumulator that is taken apart", "", n.line)
    held = low.types.var(("fold", n.start), "")
    name = low.result_name(acc_param.name) if acc_param.name not in low.names else low.fresh(acc_param.name)
    start_type = low.full(held) if held.id in low.types.solved else first.type
    low.vars[name] = low.join(start_type, first.type)
    low.pre.append(
        ir.Assign(ir.VarTarget(name, type=low.vars[name]), low.coerce(first, low.vars[name]), line=n.line)
    )
    low.forget_stored(block.body)
    outer, low.pre = low.pre, None
    try:
        with inside(low, block):
            low.names[acc_param.name] = name
            inner = ast.Block([item_param], block.body, line=block.line, start=block.start, end=block.end)
            target = enter(low, s, inner)
            if objects:
                with low.jumping("loop"):
                    body = low.block(block.body)
            else:

                def put(e: ir.Expr) -> list[ir.Stmt]:
                    e = low.required(e) if not isinstance(low.full(low.vars[name]), ir.OptionalT) else e
                    low.vars[name] = low.join(low.vars[name], e.type)
                    t = low.vars[name]
                    target_var = ir.VarTarget(name, type=t)
                    if isinstance(e, ir.Name) and e.id == name:
                        return []
                    return [ir.Assign(target_var, low.coerce(e, t), line=n.line)]

                sink = low.sink(put, low.vars[name])
                with low.jumping("collect", sink):
                    body = low.block(block.body, sink)
    finally:
        low.pre = outer
    low.pre.append(loop(s, target, body, n.line))
    low.unify(held, low.vars[name])
    return ir.Name(name, type=low.full(low.vars[name]))


def _folded_by(low: Statements, n: ast.Call, name: str) -> ir.Expr:
    assert n.recv is not None
    s = source(low, n.recv)
    elem = value_type(low, s)
    start = low.expr(n.args[0]) if n.args and not isinstance(n.args[0], ast.Symbol) else None
    if name == "+" and elem in (ir.INT, ir.FLOAT):
        if start is not None and isinstance(start, ir.Lit) and start.value == 0:
            start = None
        elif start is None:
            raise Unsupported(
                "reduce without an initial value, which gives nil for nothing",
                low.scope.reader.source(n),
                n.line,
            )
        return op("sum", [s.iter] if start is None else [s.iter, low.coerce(start, elem)], elem)
    if name == "*" and elem in (ir.INT, ir.FLOAT) and start is not None and low.pre is not None:
        made = low.result_name("product")
        low.vars[made] = elem
        low.pre.append(ir.Assign(ir.VarTarget(made, type=elem), low.coerce(start, elem), line=n.line))
        item = low.fresh("factor")
        low.vars[item] = elem
        kind = "int" if elem == ir.INT else "float"
        step = ir.AugAssign(ir.VarTarget(made, type=elem), f"{kind}.mul", ir.Name(item, type=elem))
        low.pre.append(loop(s, ir.VarTarget(item, type=elem), [step], n.line))
        return ir.Name(made, type=elem)
    raise Unsupported(f"reduce by {name} of {type_text(elem)}", low.scope.reader.source(n), n.line)


def to_hash(low: Statements, n: ast.Call, want: Type | None) -> ir.Expr:
    """`to_h { |x| [k, v] }`, `to_h` of pairs, `each_with_index.to_h`."""
    assert n.recv is not None
    s = source(low, n.recv)
    if n.block is None and n.passed is None:
        elem = value_type(low, s)
        if not isinstance(elem, ir.TupleT) or len(elem.elems) != 2:
            raise Unsupported(f"to_h of {type_text(elem)}", low.scope.reader.source(n), n.line)
        if isinstance(s.iter, ir.Intrinsic) and s.iter.op == "dict.items":
            return op("dict.copy", [s.iter.args[0]], s.iter.args[0].type)
        a, b = low.fresh("key"), low.fresh("value")
        low.vars[a], low.vars[b] = elem.elems
        parts = [ir.VarTarget(a, type=elem.elems[0]), ir.VarTarget(b, type=elem.elems[1])]
        order: list[ir.Target] = [parts[1], parts[0]] if s.indexed else [parts[0], parts[1]]
        target = ir.TupleTarget(order, type=elem)
        pair = ir.TupleLit([ir.Name(a, type=elem.elems[0]), ir.Name(b, type=elem.elems[1])], type=elem)
        return ir.Comp("dict", pair, [ir.Clause(target, s.iter, [])], type=ir.DictT(*elem.elems))
    block = block_of(low, n)
    want = low.full(want) if want is not None else None
    guide = ir.TupleT((want.key, want.value)) if isinstance(want, ir.DictT) else None

    def make(_: ir.Target, only: ast.Node) -> tuple[str, ir.Expr, list[ir.Expr]]:
        if not isinstance(only, ast.Array) or len(only.elems) != 2:
            raise Unsupported("to_h with a block that does not end in a pair", "", n.line)
        k, v = low.exprs(only.elems, guide.elems if guide is not None else ())
        return "dict", ir.TupleLit([k, v], type=ir.TupleT((k.type, v.type))), []

    made = comprehension(low, s, block, make)
    if made is not None:
        return made
    key, value = low.types.var(("key of", n.start), ""), low.types.var(("value of", n.start), "")

    def step(name: ir.Name, e: ir.Expr) -> list[ir.Stmt]:
        if isinstance(e, ir.ListLit) and len(e.elems) == 2:
            e = ir.TupleLit(e.elems, type=ir.TupleT((e.elems[0].type, e.elems[1].type)))
        if not isinstance(e, ir.TupleLit):
            raise Unsupported("to_h with a block that does not end in a pair", "", n.line)
        t = low.full(low.vars[name.id])
        assert isinstance(t, ir.DictT)
        low.unify(t.key, e.elems[0].type)
        low.unify(t.value, e.elems[1].type)
        t = low.full(t)
        assert isinstance(t, ir.DictT)
        low.vars[name.id] = t
        at = ir.IndexTarget(ir.Name(name.id, type=t), low.coerce(e.elems[0], t.key), type=t.value)
        return [ir.Assign(at, low.coerce(e.elems[1], t.value))]

    return collect(low, n, s, block, ir.DictLit([], type=ir.DictT(key, value)), "table", step)


def unique(low: Statements, n: ast.Call) -> ir.Expr:
    """`uniq`: the first of each, in order."""
    assert n.recv is not None
    s = source(low, n.recv)
    if low.pre is None:
        raise Unsupported("uniq in a place where no statement fits", low.scope.reader.source(n), n.line)
    elem = value_type(low, s)
    key_block = block_of(low, n) if n.block is not None or n.passed is not None else None
    name, seen = low.result_name("unique"), low.fresh("seen")
    t = ir.ListT(elem)
    low.vars[name] = t
    low.pre.append(ir.Assign(ir.VarTarget(name, type=t), ir.ListLit([], type=t), line=n.line))
    block = key_block or ast.Block([ast.BlockParam("item", line=n.line)], [], line=n.line, start=n.start)
    outer, low.pre = low.pre, None
    try:
        with inside(low, block):
            target = enter(low, s, block)
            item = element(s, target)
            key = low.expr(block.body[0]) if key_block is not None else item
            if key_block is not None and simple(block) is None:
                raise Unsupported("uniq by a block of several statements", "", n.line)
    finally:
        low.pre = outer
    kt = low.full(key.type)
    if not (
        kt in (ir.INT, ir.STR, ir.BOOL, SYMBOL)
        or (isinstance(kt, ir.TupleT) and all(ordered(low.full(x)) for x in kt.elems))
    ):
        raise Unsupported(f"uniq of {type_text(kt)}", low.scope.reader.source(n), n.line)
    st = ir.SetT(kt)
    low.vars[seen] = st
    low.pre.append(ir.Assign(ir.VarTarget(seen, type=st), ir.SetLit([], type=st), line=n.line))
    known = ir.Name(seen, type=st)
    add: list[ir.Stmt] = [
        ir.ExprStmt(op("set.add", [known, key], ir.NONE)),
        ir.ExprStmt(op("list.append", [ir.Name(name, type=t), item], ir.NONE)),
    ]
    test = ir.Not(op("set.contains", [known, key], ir.BOOL), type=ir.BOOL)
    low.pre.append(loop(s, target, [ir.If(test, add, [])], n.line))
    return ir.Name(name, type=t)


def while_holds(low: Statements, n: ast.Call) -> ir.Expr:
    """`take_while` and `drop_while`."""
    assert n.recv is not None
    s = source(low, n.recv)
    block = block_of(low, n)
    take = n.name == "take_while"
    if low.pre is None:
        raise Unsupported(f"{n.name} in a place where no statement fits", low.scope.reader.source(n), n.line)
    t = ir.ListT(value_type(low, s))
    name = low.result_name("taken" if take else "rest")
    low.vars[name] = t
    low.pre.append(ir.Assign(ir.VarTarget(name, type=t), ir.ListLit([], type=t), line=n.line))
    flag = low.fresh("dropping")
    if not take:
        low.vars[flag] = ir.BOOL
        low.pre.append(ir.Assign(ir.VarTarget(flag, type=ir.BOOL), lit(True, ir.BOOL), line=n.line))
    outer, low.pre = low.pre, None
    try:
        with inside(low, block):
            target = enter(low, s, block)
            item = element(s, target)
            if simple(block) is None:
                raise Unsupported(f"{n.name} with a block of several statements", "", n.line)
            test = low.cond(block.body[0])
    finally:
        low.pre = outer
    append = ir.ExprStmt(op("list.append", [ir.Name(name, type=t), item], ir.NONE))
    if take:
        body: list[ir.Stmt] = [ir.If(_negated(test), [ir.Break()], []), append]
    else:
        held = ir.Name(flag, type=ir.BOOL)
        both = ir.Bool("and", [held, test], type=ir.BOOL)
        body = [
            ir.If(both, [ir.Continue()], []),
            ir.Assign(ir.VarTarget(flag, type=ir.BOOL), lit(False, ir.BOOL)),
            append,
        ]
    low.pre.append(loop(s, target, body, n.line))
    return ir.Name(name, type=t)
