"""Rewrites that say the same with less work, for targets whose strings are bytes and whose lists cost an allocation.

A list that is only counted becomes a number, a list that is only joined becomes a text that grows, a loop over the
positions of a string becomes a loop over its characters, and a one-letter text becomes a character. Every rewrite gives
the same result for every input; what would have to be assumed is left alone. The result is ordinary representation.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import cast

from foundation_engine.port import ir
from foundation_engine.port.letters import (
    known_digits,
    letter,
    letters_as_characters,
    made_of_letters,
    split_once,
)
from foundation_engine.port.passes import at_least, blocks, lower_bounds, stores

# Operations of a text that a character has as well.
_OF_CHARS = frozenset({"isdigit", "isalpha", "isspace", "isalnum", "isupper", "islower"})
_COMPARISONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})
# Operations that have no effect and, without `raises`, cannot fail.
_PURE = ("int.", "float.", "str.", "char.", "bool.", "tuple.", "math.")
_PURE_NAMES = _COMPARISONS | {"len", "nonempty", "is_none", "is_some"}


def simplify(module: ir.Module, zipped: bool = False, steps: bool = False) -> ir.Module:
    """Rewrite every function of a module in place; the module itself is returned.

    With `zipped`, strings that are walked through side by side are lists of characters (`to_list` of that type).
    With `steps`, loops over ranges whose step is worked out are loops over `range`.
    """
    if steps:
        _stepped_loops(module)
    for d in module.definitions:
        if isinstance(d, ir.Function):
            simplify_function(d, zipped)
        elif isinstance(d, ir.Class):
            for f in [*d.methods, *([d.init] if d.init is not None else [])]:
                simplify_function(f, zipped)
    return module


def _stepped_loops(module: ir.Module) -> None:
    """Loops over the numbers that a function of Python's library lists count themselves."""
    listing = {d.name for d in module.definitions if isinstance(d, ir.Function) and d.library == "stepped"}
    if not listing:
        return
    for _, f in module.functions():
        if f.name not in listing:
            f.body[:] = _stepped(f.body, listing, lower_bounds(f, inner=False))
    read = {n.id for d in module.definitions if getattr(d, "name", "") not in listing for n in _names(d)}
    module.definitions = [d for d in module.definitions if getattr(d, "name", "") not in listing - read]


def _stepped(
    body: list[ir.Stmt], listing: set[str], known: Mapping[str, int], tried: bool = False
) -> list[ir.Stmt]:
    out: list[ir.Stmt] = []
    for s in body:
        for inner in blocks(s):
            inner[:] = _stepped(inner, listing, known, tried or isinstance(s, ir.Try))
        loop: ir.For | ir.Clause | None = None
        match s:
            case ir.For(target=ir.VarTarget(id=count), body=inside) if count not in stores(inside):
                loop, changed = s, stores(inside)
            case (
                ir.Assign(value=ir.Comp(clauses=[first, *_])) | ir.Return(value=ir.Comp(clauses=[first, *_]))
            ):
                loop, changed = first, set[str]()
            case _:
                changed = set[str]()
        match loop:
            case (
                ir.For(iter=ir.Call(func=ir.Name(id=name), args=args) as call)
                | ir.Clause(iter=ir.Call(func=ir.Name(id=name), args=args) as call)
            ) if name in listing and all(map(_droppable, args)):
                step = args[2]
                rises = at_least(step, known) == 1
                plain = isinstance(step, ir.Name | ir.Lit) and not {n.id for n in _names(step)} & changed
                # A try whose body fails by itself is another matter than one whose body calls what fails.
                if plain and (rises or not tried):
                    if not rises:
                        out.append(_refused(step, s))
                        s.comments = []
                    loop.iter = ir.Intrinsic("range", args, type=ir.IterT(ir.INT), line=call.line)
            case _:
                pass
        out.append(s)
    return out


def _refused(step: ir.Expr, s: ir.Stmt) -> ir.If:
    """What Python says of a step of zero."""
    message = ir.Lit("range() arg 3 must not be zero", type=ir.STR, line=s.line)
    error = ir.New("ValueError", [("message", message)], type=ir.ERROR, line=s.line)
    zero = ir.Intrinsic("eq", [copy.deepcopy(step), ir.Lit(0, type=ir.INT)], type=ir.BOOL, line=s.line)
    return ir.If(zero, [ir.Raise(error, line=s.line)], [], line=s.line, comments=s.comments)


def simplify_function(f: ir.Function, zipped: bool = False) -> None:
    """Rewrite one function in place; see `simplify`."""
    if zipped:
        _zipped(f)
    _characters(f)
    f.body = _statements(f, f.body)
    for name in local_lists(f):
        if not _count_only(f, name):
            join_only(f, name)
    for name in _local_sets(f):
        _letters_only(f, name)
    for name in _locals(f, made_of_letters):
        if letters_as_characters(f, name):
            rewrite(f, _expression)
    split_once(f, names_taken(f))
    rewrite(f, _between)
    known_digits(f)


# Expressions


def rewrite(node: ir.Node, change: Callable[[ir.Expr], ir.Expr]) -> None:
    """Replace the expressions below a node, innermost first; closures and blocks inside it as well."""

    def of(value: object) -> object:
        if isinstance(value, ir.Node):
            rewrite(value, change)
            return change(value) if isinstance(value, ir.Expr) else value
        if isinstance(value, list):
            items = cast("list[object]", value)
            items[:] = [of(v) for v in items]
            return items
        if isinstance(value, tuple):
            return tuple(of(v) for v in cast("tuple[object, ...]", value))
        if isinstance(value, dict):
            table = cast("dict[object, object]", value)
            for key in table:
                table[key] = of(table[key])
            return table
        if isinstance(value, ir.PatternUse):
            of(value.arguments)
        return value

    for f in fields(node):
        old = getattr(node, f.name)
        new = of(old)
        if new is not old:
            setattr(node, f.name, new)


def _statements(f: ir.Function, body: list[ir.Stmt]) -> list[ir.Stmt]:
    out: list[ir.Stmt] = []
    for s in body:
        for inner in blocks(s):
            inner[:] = _statements(f, inner)
        if not blocks(s):
            rewrite(s, _expression)
        else:
            for name in ("test", "start", "stop", "iter"):
                if isinstance(value := getattr(s, name, None), ir.Expr):
                    rewrite(value, _expression)
                    setattr(s, name, _expression(value))
        s = _extending(f, s)
        joined = _joining(f, out[-1], s) if out else None
        if joined is not None:
            out[-1] = joined
        else:
            out.append(_statement(s))
    return out


def _extending(f: ir.Function, s: ir.Stmt) -> ir.Stmt:
    """A loop that adds every item of a list to another one adds the list."""
    match s:
        case ir.For(
            target=ir.VarTarget(id=name),
            iter=ir.Name(type=ir.ListT() as kind)
            | ir.Intrinsic(op="list.index", type=ir.ListT() as kind) as items,
            body=[
                ir.ExprStmt(
                    value=ir.Intrinsic(op="list.append", args=[ir.Name() as to, ir.Name(id=added)]) as append
                ) as only
            ],
        ) if (
            added == name
            and to.type == kind
            and not any(_is(n, to.id) for n in _names(items))
            and not (s.comments or only.comments)
            and bound_only(f, name)
        ):
            added_all = ir.Intrinsic("list.extend", [to, items], type=append.type, line=s.line)
            return ir.ExprStmt(added_all, line=s.line, trailing=only.trailing or s.trailing)
        case _:
            return s


def _joining(f: ir.Function, before: ir.Stmt, s: ir.Stmt) -> ir.Stmt | None:
    """A text that is emptied and then gets every text of a list is these texts joined; None for other statements."""
    match before, s:
        case (
            ir.Assign(target=ir.VarTarget(id=whole, type=ir.STR), value=ir.Lit(value="")),
            ir.For(
                target=ir.VarTarget(id=part),
                iter=ir.Name(id=parts, type=ir.ListT(ir.STR)),
                body=[
                    ir.AugAssign(
                        target=ir.VarTarget(id=to), op="str.concat", value=ir.Name(id=added, type=ir.STR)
                    )
                ],
            ),
        ) if (
            to == whole
            and added == part
            and whole not in (part, parts)
            and not s.comments
            and bound_only(f, part)
        ):
            pass
        case _:
            return None
    assert isinstance(before, ir.Assign)  # noqa: S101 - matched above.
    assert isinstance(s, ir.For)  # noqa: S101 - likewise.
    joined = ir.Intrinsic("str.join", [before.value, s.iter], type=ir.STR, line=s.line)
    return ir.Assign(
        before.target, joined, line=before.line, comments=before.comments, trailing=before.trailing
    )


def _statement(s: ir.Stmt) -> ir.Stmt:
    match s:
        case ir.AugAssign(op="int.add", value=ir.Intrinsic(op="bool.to_int", args=[test])):
            one = ir.AugAssign(s.target, s.op, ir.Lit(1, type=ir.INT), line=s.line)
            return ir.If(test, [one], [], line=s.line, comments=s.comments, trailing=s.trailing)
        case ir.AugAssign(op="int.add", value=ir.Cond(test=test, body=more, orelse=ir.Lit(value=0))):
            added = ir.AugAssign(s.target, s.op, more, line=s.line)
            return ir.If(test, [added], [], line=s.line, comments=s.comments, trailing=s.trailing)
        case _:
            return s


def _letters(e: ir.Expr) -> str | None:
    """The letters of a literal list or set of one-letter texts, as one text."""
    if not isinstance(e, ir.ListLit | ir.SetLit) or not e.elems:
        return None
    texts = [
        v.value for v in e.elems if isinstance(v, ir.Lit) and isinstance(v.value, str) and len(v.value) == 1
    ]
    return "".join(dict.fromkeys(texts)) if len(texts) == len(e.elems) else None


def _expression(e: ir.Expr) -> ir.Expr:
    match e:
        case ir.Intrinsic(op=op, args=[ir.Intrinsic(op="char.to_str", args=[char])]) if (
            op.startswith("str.") and op.removeprefix("str.") in _OF_CHARS
        ):
            return ir.Intrinsic(f"char.{op.removeprefix('str.')}", [char], type=ir.BOOL, line=e.line)
        case ir.Intrinsic(op=op, args=[a, b]) if op in _COMPARISONS and ir.STR in (a.type, b.type):
            return _compared(e, a, b)
        case ir.Intrinsic(
            op="eq" | "ne" as op,
            args=[
                ir.Intrinsic(op="str.index", args=[ir.Name() | ir.Field() as text, at]),
                ir.Lit(value=str(letter)) as char,
            ],
        ) if letter.isascii() and (edge := _edge(at)):
            test = ir.Intrinsic(edge, [text, char], "IndexError", type=ir.BOOL, line=e.line)
            return test if op == "eq" else ir.Not(test, type=ir.BOOL, line=e.line)
        case ir.Intrinsic(
            op="eq" | "ne",
            args=[
                ir.Intrinsic(op="to_set", args=[ir.Expr(type=ir.STR)]) as a,
                ir.Intrinsic(op="to_set", args=[ir.Expr(type=ir.STR)]) as b,
            ],
        ):
            a.type = b.type = ir.SetT(ir.CHAR)
            return e
        case ir.Intrinsic(op="str.contains", args=[text, ir.Intrinsic(op="char.to_str", args=[char])]):
            return ir.Intrinsic("str.contains_char", [text, char], type=ir.BOOL, line=e.line)
        case ir.Intrinsic(
            op="list.contains" | "set.contains", args=[known, ir.Intrinsic(op="char.to_str", args=[char])]
        ) if (letters := _letters(known)) is not None:
            text = ir.Lit(letters, type=ir.STR, line=e.line)
            return ir.Intrinsic("str.contains_char", [text, char], type=ir.BOOL, line=e.line)
        case ir.Intrinsic(op="float.pow", args=[base, ir.Lit(value=2)]) if _repeatable(base):
            return ir.Intrinsic("float.mul", [base, copy.deepcopy(base)], type=ir.FLOAT, line=e.line)
        case ir.Intrinsic(
            op="list.contains" | "set.contains",
            args=[ir.ListLit(elems=elems) | ir.SetLit(elems=elems), sought],
        ) if 0 < len(elems) < 5 and sought.type == ir.STR and _plain([sought, *elems]):
            tests: list[ir.Expr] = [
                ir.Intrinsic("eq", [copy.deepcopy(sought), v], type=ir.BOOL, line=e.line) for v in elems
            ]
            return ir.Bool("or", tests, type=ir.BOOL, line=e.line) if len(tests) > 1 else tests[0]
        case ir.Bool():
            e.values = _once(e)
            return e.values[0] if len(e.values) == 1 else _one_of(e) if e.op == "or" else e
        case ir.Intrinsic(op="len", args=[ir.Comp(kind="list", elem=elem) as made]) if _droppable(elem):
            counted = ir.Comp(
                "iter", ir.Lit(1, type=ir.INT), made.clauses, type=ir.IterT(ir.INT), line=made.line
            )
            return ir.Intrinsic("sum", [counted], type=ir.INT, line=e.line)
        case ir.Intrinsic(op="sum", args=[ir.Comp(elem=ir.Intrinsic(op="bool.to_int", args=[test])) as made]):
            made.elem = ir.Lit(1, type=ir.INT)
            made.clauses[-1].conds.append(test)
            return e
        case ir.Intrinsic(
            op="sum",
            type=ir.INT,
            args=[ir.Comp(elem=ir.Cond(test=test, body=more, orelse=ir.Lit(value=0))) as made, *_],
        ):
            made.elem = more
            made.clauses[-1].conds.append(test)
            return e
        case ir.Intrinsic(op="len", args=[ir.Intrinsic(op="to_set", args=[ir.Expr(type=ir.STR)]) as made]):
            made.type = ir.SetT(ir.CHAR)
            return e
        case ir.Intrinsic(
            op="str.to_int",
            args=[
                ir.Intrinsic(
                    op="char.to_str",
                    args=[
                        ir.Intrinsic(
                            op="str.index",
                            args=[
                                ir.Intrinsic(op="int.to_str", args=[n]),
                                ir.Intrinsic(op="from_end", args=[ir.Lit(value=1)]),
                            ],
                        )
                    ],
                )
            ],
        ):
            last = ir.Intrinsic("int.rem", [n, ir.Lit(10, type=ir.INT)], type=ir.INT, line=e.line)
            return ir.Intrinsic("int.abs", [last], type=ir.INT, line=e.line)
        case _:
            return e


def _repeatable(e: ir.Expr) -> bool:
    """True for a variable, or one operation on variables and literals, which may as well be written twice."""
    if isinstance(e, ir.Intrinsic):
        return e.op in ("float.add", "float.sub") and all(isinstance(a, ir.Name | ir.Lit) for a in e.args)
    return isinstance(e, ir.Name)


def _between(e: ir.Expr) -> ir.Expr:
    """A look into a text of letters in a row, such as the digits, compares with the first and the last."""
    match e:
        case ir.Intrinsic(op="str.contains_char", args=[ir.Lit(value=str(text)), ir.Name() as char]) if len(
            text
        ) > 3 and text == "".join(map(chr, range(ord(text[0]), ord(text[-1]) + 1))):
            first, last = (ir.Lit(end, type=ir.CHAR, line=e.line) for end in (text[0], text[-1]))
            above = ir.Intrinsic("ge", [copy.deepcopy(char), first], type=ir.BOOL, line=e.line)
            below = ir.Intrinsic("le", [char, last], type=ir.BOOL, line=e.line)
            return ir.Bool("and", [above, below], type=ir.BOOL, line=e.line)
        case _:
            return e


def _plain(values: Sequence[ir.Expr]) -> bool:
    """True for a variable that is compared with literal texts."""
    first, *rest = values
    return isinstance(first, ir.Name) and all(isinstance(v, ir.Lit) for v in rest)


def _edge(position: ir.Expr) -> str:
    """The operation that asks for the character at the beginning or the end; "" for any other position."""
    match position:
        case ir.Lit(value=0):
            return "str.first_is"
        case ir.Intrinsic(op="from_end", args=[ir.Lit(value=1)]):
            return "str.last_is"
        case _:
            return ""


def _compared(e: ir.Intrinsic, a: ir.Expr, b: ir.Expr) -> ir.Expr:
    """A comparison of texts: of characters, of a text's beginning or end, or as it is."""
    left, right = letter(a), letter(b)
    if left is not None and right is not None:
        return ir.Intrinsic(e.op, [left, right], type=ir.BOOL, line=e.line)
    if e.op not in ("eq", "ne"):
        return e
    match a, b:
        case (
            ir.Intrinsic(
                op="str.slice",
                args=[text, ir.Intrinsic(op="from_end", args=[ir.Lit(value=int(n))]), ir.Lit(value=None)],
            ),
            ir.Lit(value=str(part)),
        ) if n == len(part) > 0:
            op = "str.endswith"
        case (
            ir.Intrinsic(op="str.slice", args=[text, ir.Lit(value=None | 0), ir.Lit(value=int(n))]),
            ir.Lit(value=str(part)),
        ) if n == len(part) > 0:
            op = "str.startswith"
        case _:
            return e
    test = ir.Intrinsic(op, [text, b], type=ir.BOOL, line=e.line)
    return test if e.op == "eq" else ir.Not(test, type=ir.BOOL, line=e.line)


def _once(e: ir.Bool) -> list[ir.Expr]:
    """The operands of a chain, one that says the same as one before it left out."""
    out: list[ir.Expr] = []
    for v in e.values:
        for part in v.values if isinstance(v, ir.Bool) and v.op == e.op else [v]:
            if not (_droppable(part) and any(ir.same(part, before) for before in out)):
                out.append(part)
    return out


def _one_of(e: ir.Bool) -> ir.Expr:
    """`c == 'a' or c == 'b' or c == 'c'` as a look into a text of these characters."""
    first: ir.Expr | None = None
    letters = ""
    for v in e.values:
        match v:
            case ir.Intrinsic(op="eq", args=[char, ir.Lit(value=str(letter))]) if char.type == ir.CHAR:
                if first is not None and not ir.same(first, char):
                    return e
                first = char
                letters += letter
            case _:
                return e
    if first is None or not (len(e.values) > 2 or isinstance(first, ir.Intrinsic)):
        return e
    if not _droppable(first, [first]):
        return e
    text = ir.Lit("".join(dict.fromkeys(letters)), type=ir.STR, line=e.line)
    return ir.Intrinsic("str.contains_char", [text, first], type=ir.BOOL, line=e.line)


def _droppable(e: ir.Expr, evaluated: Sequence[ir.Expr] = ()) -> bool:
    """True when not evaluating an expression changes nothing: it has no effect and cannot fail.

    What may fail is fine where the same expression was `evaluated` just before.
    """
    for n in ir.walk(e):
        match n:
            case ir.Lit() | ir.Name() | ir.Field() | ir.EnumMember() | ir.TupleLit() | ir.Bool() | ir.Not():
                continue
            case ir.Cond() | ir.Wrap() | ir.Unwrap():
                continue
            case ir.Intrinsic(op="from_end" | "wrap" | "bound"):
                continue
            case ir.Intrinsic(op=op, raises=raises):
                known = op.startswith(_PURE) or op in _PURE_NAMES
                if raises or not known:
                    if any(ir.same(n, seen) for whole in evaluated for seen in ir.walk(whole)):
                        continue
                    return False
            case _:
                return False
    return True


# Characters


def _names(node: ir.Node) -> Iterator[ir.Name]:
    return (n for n in ir.walk(node) if isinstance(n, ir.Name))


def _targets(t: ir.Target) -> list[ir.VarTarget]:
    return [n for n in ir.walk(t) if isinstance(n, ir.VarTarget)]


def names_taken(f: ir.Function) -> set[str]:
    """Every name that means something in a function."""
    out = {p.name for p in f.params}
    for n in ir.walk(f):
        if isinstance(n, ir.Name | ir.VarTarget):
            out.add(n.id)
        elif isinstance(n, ir.Param):
            out.add(n.name)
        elif isinstance(n, ir.FuncDef):
            out.add(n.func.name)
    return out


def bound_only(f: ir.Function, name: str) -> bool:
    """True when a name is read only inside loops and comprehensions that bind it, and is no closure's parameter."""
    total = sum(n.id == name for s in f.body for n in _names(s))
    inside = 0

    def visit(node: ir.Node) -> None:
        nonlocal inside
        match node:
            case ir.For() | ir.ForRange() if name in {t.id for t in _targets(node.target)}:
                inside += sum(n.id == name for s in node.body for n in _names(s))
                for part in (node.iter,) if isinstance(node, ir.For) else (node.start, node.stop):
                    visit(part)
            case ir.Comp(clauses=clauses) if any(name in {t.id for t in _targets(c.target)} for c in clauses):
                inside += sum(n.id == name for n in _names(node))
                inside -= sum(n.id == name for n in _names(clauses[0].iter))
            case _:
                for child in ir.children(node):
                    visit(child)

    for s in f.body:
        visit(s)
    parameters = {p.name for p in f.params} | {
        n.name for s in f.body for n in ir.walk(s) if isinstance(n, ir.Param)
    }
    return total == inside and name not in parameters


def _characters(f: ir.Function) -> None:
    """Loops over a string get a character, and loops over its positions become loops over its characters."""
    taken = names_taken(f)

    def fresh() -> str:
        name, n = "char", 2
        while name in taken:
            name, n = f"char{n}", n + 1
        taken.add(name)
        return name

    closures = _stored(
        [b for s in f.body for n in ir.walk(s) if isinstance(n, ir.FuncDef) for b in n.func.body]
    )
    for node in [n for s in f.body for n in ir.walk(s)]:
        if isinstance(node, ir.For):
            _character_loop(f, node)
        for inner in blocks(node) if isinstance(node, ir.Stmt) else []:
            for i, s in enumerate(inner):
                inner[i] = _position_loop(f, s, fresh, closures)
        if isinstance(node, ir.Comp):
            _position_clauses(node, fresh)
    f.body[:] = [_position_loop(f, s, fresh, closures) for s in f.body]
    for node in [n for s in f.body for n in ir.walk(s)]:
        if isinstance(node, ir.For):
            _first_or_not(f, node)


def _stored(body: Sequence[ir.Stmt]) -> set[str]:
    return {n.id for s in body for n in ir.walk(s) if isinstance(n, ir.VarTarget)}


def _character_loop(f: ir.Function, s: ir.For) -> None:
    match s:
        case ir.For(target=ir.VarTarget(type=ir.STR) as target, iter=ir.Expr(type=ir.STR)):
            pass
        case ir.For(
            target=ir.TupleTarget(elems=[ir.VarTarget(), ir.VarTarget(type=ir.STR) as target]),
            iter=ir.Intrinsic(op="enumerate", args=[ir.Expr(type=ir.STR), _]),
        ):
            pass
        case _:
            return
    if target.id in _stored(s.body) or not bound_only(f, target.id):
        return
    target.type = ir.CHAR
    _as_character(s.body, target.id)


def _zipped(f: ir.Function) -> None:
    """Strings of which a loop or comprehension takes one character each become lists of characters."""
    for node in [n for s in f.body for n in ir.walk(s)]:
        if isinstance(node, ir.For):
            for target, text in _letters_of(node.target, node.iter):
                if target.id not in _stored(node.body) and bound_only(f, target.id):
                    text.type = ir.ListT(ir.CHAR)
                    target.type = ir.CHAR
                    _as_character(node.body, target.id)
        elif isinstance(node, ir.Comp):
            bound = [t.id for c in node.clauses for t in _targets(c.target)]
            inner = [n.id for n in ir.walk(node) if isinstance(n, ir.VarTarget)]
            parameters = {n.name for n in ir.walk(node) if isinstance(n, ir.Param)}
            for i, clause in enumerate(node.clauses):
                for target, text in _letters_of(clause.target, clause.iter):
                    if inner.count(target.id) > 1 or target.id in parameters or bound.count(target.id) > 1:
                        continue
                    text.type = ir.ListT(ir.CHAR)
                    target.type = ir.CHAR
                    # The element stands in a node of its own, so that it can be replaced as a whole.
                    held = ir.TupleLit([node.elem, *clause.conds])
                    _as_character([held, *node.clauses[i + 1 :]], target.id)
                    node.elem, *clause.conds = held.elems


def _letters_of(target: ir.Target, over: ir.Expr) -> list[tuple[ir.VarTarget, ir.Expr]]:
    """Of several iterables side by side, the variables that take the characters of strings, with these."""
    if not (isinstance(target, ir.TupleTarget) and isinstance(over, ir.Intrinsic) and over.op == "zip"):
        return []
    out: list[tuple[ir.VarTarget, ir.Expr]] = []
    for t, e in zip(target.elems, over.args, strict=False):
        listed = isinstance(e, ir.Intrinsic) and e.op == "to_list" and e.args[0].type == ir.STR
        if listed and isinstance(t, ir.VarTarget) and t.type == ir.STR:
            out.append((t, e))
    return out


def _as_character(scope: Sequence[ir.Node], name: str) -> None:
    """A variable of a scope is a character, and a text where one is needed."""

    def change(e: ir.Expr) -> ir.Expr:
        if isinstance(e, ir.Name) and e.id == name and e.type == ir.STR:
            char = ir.Name(e.id, type=ir.CHAR, line=e.line)
            return ir.Intrinsic("char.to_str", [char], type=ir.STR, line=e.line)
        return e

    for node in scope:
        rewrite(node, change)


def _over_positions(
    target: ir.Target, start: ir.Expr, stop: ir.Expr, step: int
) -> tuple[str, ir.Name] | None:
    """The position's variable and the string, for positions from the first to the last of a string variable."""
    match target, start, stop, step:
        case ir.VarTarget(id=i), ir.Lit(value=0), ir.Intrinsic(
            op="len", args=[ir.Name(type=ir.STR) as text]
        ), 1:
            return i, text
        case _:
            return None


def _takes_characters(scope: Sequence[ir.Node], position: str, text: str, char: str) -> bool:
    """Replace `text[position]` in a scope by a character; False where the position has other uses."""

    def direct(e: ir.Node) -> bool:
        return (
            isinstance(e, ir.Intrinsic)
            and e.op == "str.index"
            and _is(e.args[0], text)
            and _is(e.args[1], position)
        )

    found = sum(direct(n) for node in scope for n in ir.walk(node))
    if not found or found != sum(n.id == position for node in scope for n in _names(node)):
        return False
    if {text, position} & {n.id for node in scope for n in ir.walk(node) if isinstance(n, ir.VarTarget)}:
        return False
    if any(isinstance(n, ir.Param) and n.name in (text, position) for node in scope for n in ir.walk(node)):
        return False
    for node in scope:
        rewrite(node, lambda e: ir.Name(char, type=ir.CHAR, line=e.line) if direct(e) else e)
    return True


def _is(e: ir.Expr, name: str) -> bool:
    return isinstance(e, ir.Name) and e.id == name


def _position_loop(f: ir.Function, s: ir.Stmt, fresh: Callable[[], str], closures: set[str]) -> ir.Stmt:
    if not isinstance(s, ir.ForRange):
        return s
    found = _over_positions(s.target, s.start, s.stop, s.step)
    if found is None or not bound_only(f, found[0]) or found[1].id in closures:
        return s
    position, text = found
    char = fresh()
    over: ir.Expr = text
    target: ir.Target = ir.VarTarget(char, type=ir.CHAR, line=s.line)
    if not _takes_characters(s.body, position, text.id, char):
        if not _takes_ends(s.body, position, text.id, char):
            return s
        pair = ir.TupleT((ir.INT, ir.CHAR))
        over = ir.Intrinsic("str.char_indices", [text], type=ir.IterT(pair), line=s.line)
        target = ir.TupleTarget([ir.VarTarget(position, type=ir.INT), target], type=pair, line=s.line)
    return ir.For(target, over, s.body, line=s.line, comments=s.comments, trailing=s.trailing)


def _first_or_not(f: ir.Function, s: ir.For) -> None:
    """A position that only tells whether a character is the first one may as well count bytes."""
    match s:
        case ir.For(
            target=ir.TupleTarget(elems=[ir.VarTarget(id=position), ir.VarTarget(type=ir.P(ir.Prim.CHAR))]),
            iter=ir.Intrinsic(op="enumerate", args=[ir.Name(type=ir.STR) as text, ir.Lit(value=0)]),
        ) if bound_only(f, position):
            pass
        case _:
            return
    nodes = [n for b in s.body for n in ir.walk(b)]

    def tells(n: ir.Node) -> bool:
        match n:
            case ir.Intrinsic(op=op, args=[a, ir.Lit(value=int(value))]) if _is(a, position):
                return (op, value) in {("eq", 0), ("ne", 0), ("gt", 0), ("le", 0), ("ge", 1), ("lt", 1)}
            case _:
                return False

    if sum(map(tells, nodes)) == sum(isinstance(n, ir.Name) and n.id == position for n in nodes) and not any(
        isinstance(n, ir.VarTarget) and n.id == position for n in nodes
    ):
        pair = ir.TupleT((ir.INT, ir.CHAR))
        s.iter = ir.Intrinsic("str.char_indices", [text], type=ir.IterT(pair), line=s.line)


def _takes_ends(scope: Sequence[ir.Node], position: str, text: str, char: str) -> bool:
    """Replace what is taken of a string at a position by what stands before and after a character, as bytes count."""

    def byte_position(e: ir.Expr) -> ir.Expr | None:
        match e:
            case ir.Name(id=name) if name == position:
                return ir.Name(position, type=ir.INT, line=e.line)
            case ir.Intrinsic(op="int.add", args=[ir.Name(id=name), ir.Lit(value=1)]) if name == position:
                size = ir.Intrinsic("char.byte_len", [ir.Name(char, type=ir.CHAR)], type=ir.INT)
                return ir.Intrinsic("int.add", [e.args[0], size], type=ir.INT, line=e.line)
            case _:
                return None

    def taken(e: ir.Node) -> ir.Expr | None:
        match e:
            case ir.Intrinsic(op="str.index", args=[at, i]) if _is(at, text) and _is(i, position):
                return ir.Name(char, type=ir.CHAR, line=e.line)
            case ir.Intrinsic(op="str.slice", args=[at, ir.Lit(value=None | 0) as low, high]) if _is(
                at, text
            ):
                end = byte_position(high)
                return None if end is None else _bytes_of(e, low, end)
            case ir.Intrinsic(op="str.slice", args=[at, low, ir.Lit(value=None) as high]) if _is(at, text):
                start = byte_position(low)
                return None if start is None else _bytes_of(e, start, high)
            case _:
                return None

    nodes = [n for node in scope for n in ir.walk(node)]
    slices = sum(n.op == "str.slice" for n in nodes if isinstance(n, ir.Intrinsic) and taken(n) is not None)
    found = sum(taken(n) is not None for n in nodes)
    if not slices or found != sum(isinstance(n, ir.Name) and n.id == position for n in nodes):
        return False
    if {text, position} & {n.id for n in nodes if isinstance(n, ir.VarTarget)}:
        return False
    if any(isinstance(n, ir.Param) and n.name in (text, position) for n in nodes):
        return False
    for node in scope:
        rewrite(node, lambda e: taken(e) or e)
    return True


def _bytes_of(e: ir.Intrinsic, low: ir.Expr, high: ir.Expr) -> ir.Expr:
    low = ir.Lit(None, type=ir.NONE) if isinstance(low, ir.Lit) else low
    return ir.Intrinsic("str.byte_slice", [e.args[0], low, high], type=ir.STR, line=e.line)


def _position_clauses(e: ir.Comp, fresh: Callable[[], str]) -> None:
    for i, clause in enumerate(e.clauses):
        it = clause.iter
        if not (isinstance(it, ir.Intrinsic) and it.op == "range" and isinstance(it.args[2], ir.Lit)):
            continue
        found = _over_positions(clause.target, it.args[0], it.args[1], it.args[2].value)
        if found is None:
            continue
        position, text = found
        char = fresh()
        # The element stands in a node of its own, so that it can be replaced as a whole.
        held = ir.TupleLit([e.elem, *clause.conds])
        if _takes_characters([held, *e.clauses[i + 1 :]], position, text.id, char):
            e.elem, *clause.conds = held.elems
            clause.target, clause.iter = ir.VarTarget(char, type=ir.CHAR, line=clause.line), text


# Lists


def local_lists(f: ir.Function) -> list[str]:
    """Local variables that only ever get new, empty lists, and that no closure looks at."""
    return _locals(f, lambda v: isinstance(v, ir.ListLit) and not v.elems)


def _local_sets(f: ir.Function) -> list[str]:
    """Local variables that are assigned once, a literal of one-letter texts, and that no closure looks at."""
    once = _locals(f, lambda v: _letters(v) is not None)
    stored = [n.id for s in f.body for n in ir.walk(s) if isinstance(n, ir.VarTarget)]
    return [name for name in once if stored.count(name) == 1]


def _locals(f: ir.Function, fits: Callable[[ir.Expr], bool]) -> list[str]:
    """Local variables all of whose assignments have a value that fits."""
    values: dict[str, list[ir.Expr | None]] = {}
    outside: set[str] = {p.name for p in f.params}
    assigned: set[int] = set()
    for s in f.body:
        for n in ir.walk(s):
            match n:
                case ir.Assign(target=ir.VarTarget(id=name) as target, value=value):
                    values.setdefault(name, []).append(value)
                    assigned.add(id(target))
                case ir.VarTarget(id=name) if id(n) not in assigned:
                    outside.add(name)
                case ir.FuncDef() | ir.Lambda() | ir.PatternCall():
                    outside |= {m.id for m in ir.walk(n) if isinstance(m, ir.Name | ir.VarTarget)}
                case _:
                    pass
    return [n for n, vs in values.items() if n not in outside and all(v is not None and fits(v) for v in vs)]


def _count_only(f: ir.Function, name: str) -> bool:
    """A list that only grows by one and is counted becomes a number."""
    mentions = sum(_is(n, name) for s in f.body for n in _names(s))
    known = 0
    changes: list[tuple[list[ir.Stmt], int, ir.Stmt]] = []

    def visit(body: list[ir.Stmt], evaluated: list[ir.Expr]) -> bool:
        nonlocal known
        for i, s in enumerate(body):
            match s:
                case ir.Assign(target=ir.VarTarget(id=target)) if target == name:
                    changes.append((body, i, s))
                case ir.ExprStmt(value=ir.Intrinsic(op="list.append", args=[at, e])) if _is(at, name):
                    # Nothing runs between the test of the branch and its first statement.
                    if not _droppable(e, evaluated if i == 0 else ()):
                        return False
                    known += 1
                    changes.append((body, i, s))
                case ir.ExprStmt(value=ir.Intrinsic(op="list.extend", args=[at, ir.ListLit(elems=[e])])) if (
                    _is(at, name)
                ):
                    if not _droppable(e, evaluated if i == 0 else ()):
                        return False
                    known += 1
                    changes.append((body, i, s))
                case _:
                    pass
            for inner in blocks(s):
                test = [s.test] if isinstance(s, ir.If) and inner is s.body and _always(s.test) else []
                if not visit(inner, test):
                    return False
        return True

    lengths = [
        n
        for s in f.body
        for n in ir.walk(s)
        if isinstance(n, ir.Intrinsic) and n.op in ("len", "nonempty") and _is(n.args[0], name)
    ]
    if not lengths or not visit(f.body, []) or known + len(lengths) != mentions:
        return False
    for body, i, s in changes:
        target = ir.VarTarget(name, type=ir.INT, line=s.line)
        made: ir.Stmt
        if isinstance(s, ir.Assign):
            made = ir.Assign(target, ir.Lit(0, type=ir.INT), line=s.line)
        else:
            made = ir.AugAssign(target, "int.add", ir.Lit(1, type=ir.INT), line=s.line)
        made.comments, made.trailing = s.comments, s.trailing
        body[i] = made

    def change(e: ir.Expr) -> ir.Expr:
        if isinstance(e, ir.Intrinsic) and e.op in ("len", "nonempty") and _is(e.args[0], name):
            count = ir.Name(name, type=ir.INT, line=e.line)
            if e.op == "len":
                return count
            return ir.Intrinsic("gt", [count, ir.Lit(0, type=ir.INT)], type=ir.BOOL, line=e.line)
        return e

    rewrite(f, change)
    return True


def _always(test: ir.Expr) -> bool:
    """True when every part of a test has been evaluated where it holds."""
    return not any(
        isinstance(n, ir.Cond | ir.Comp | ir.Lambda) or (isinstance(n, ir.Bool) and n.op == "or")
        for n in ir.walk(test)
    )


def join_only(f: ir.Function, name: str) -> None:
    """A list of texts that only grows and is joined without anything between becomes a text that grows."""
    mentions = sum(_is(n, name) for s in f.body for n in _names(s))
    known = 0
    grown = 0
    changes: list[tuple[list[ir.Stmt], int, ir.Stmt]] = []

    def target(s: ir.Stmt) -> ir.VarTarget:
        return ir.VarTarget(name, type=ir.STR, line=s.line)

    def visit(body: list[ir.Stmt]) -> None:
        nonlocal known, grown
        for i, s in enumerate(body):
            match s:
                case ir.Assign(target=ir.VarTarget(id=to)) if to == name:
                    changes.append((body, i, ir.Assign(target(s), ir.Lit("", type=ir.STR), line=s.line)))
                case ir.ExprStmt(value=ir.Intrinsic(op="list.clear", args=[at])) if _is(at, name):
                    known += 1
                    changes.append((body, i, ir.Assign(target(s), ir.Lit("", type=ir.STR), line=s.line)))
                case ir.ExprStmt(value=ir.Intrinsic(op="list.append", args=[at, e])) if (
                    _is(at, name) and e.type == ir.STR
                ):
                    known += 1
                    grown += 1
                    changes.append((body, i, ir.AugAssign(target(s), "str.concat", e, line=s.line)))
                case _:
                    pass
            for inner in blocks(s):
                visit(inner)

    def joins(n: ir.Node) -> bool:
        match n:
            case ir.Intrinsic(op="str.join", args=[ir.Lit(value=""), at]):
                return _is(at, name)
            case _:
                return False

    visit(f.body)
    joined = sum(joins(n) for s in f.body for n in ir.walk(s))
    if not joined or not grown or known + joined != mentions:
        return
    for body, i, made in changes:
        made.comments, made.trailing = body[i].comments, body[i].trailing
        body[i] = made
    rewrite(f, lambda e: ir.Name(name, type=ir.STR, line=e.line) if joins(e) else e)


def _letters_only(f: ir.Function, name: str) -> None:
    """A literal list or set of letters that is only asked whether it holds a character becomes a text of them."""
    mentions = sum(_is(n, name) for s in f.body for n in _names(s))

    def asks(n: ir.Node) -> bool:
        match n:
            case ir.Intrinsic(op="list.contains" | "set.contains", args=[at, ir.Intrinsic(op="char.to_str")]):
                return _is(at, name)
            case _:
                return False

    if not mentions or mentions != sum(asks(n) for s in f.body for n in ir.walk(s)):
        return
    for s in f.body:
        for n in ir.walk(s):
            if isinstance(n, ir.Assign) and isinstance(n.target, ir.VarTarget) and n.target.id == name:
                n.target.type = ir.STR
                n.value = ir.Lit(_letters(n.value), type=ir.STR, line=n.line)

    def change(e: ir.Expr) -> ir.Expr:
        if not (isinstance(e, ir.Intrinsic) and asks(e)):
            return e
        asked = e.args[1]
        assert isinstance(asked, ir.Intrinsic)  # noqa: S101 - `asks` looked at it.
        text = ir.Name(name, type=ir.STR, line=e.line)
        return ir.Intrinsic("str.contains_char", [text, asked.args[0]], type=ir.BOOL, line=e.line)

    rewrite(f, change)
