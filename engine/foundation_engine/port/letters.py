"""Texts of one letter as characters: lists of them, and digits that were tested to be digits.

Part of `simplify`: each rewrite gives the same result for every input.
"""

from __future__ import annotations

from collections.abc import Iterator

from foundation_engine.port import ir
from foundation_engine.port.passes import blocks, stores, terminates

DIGITS = frozenset("0123456789")
_TURNED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
_OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}
# A bound that a variable keeps: its name, and whether it is the lower one.
Bound = tuple[str, bool]


def known_digits(f: ir.Function) -> None:
    """Mark `int(c)` of a character that was tested to be a digit as what cannot fail: arithmetic on its code."""
    assigned = [n.id for s in f.body for n in ir.walk(s) if isinstance(n, ir.VarTarget)]
    once = {name for name in assigned if assigned.count(name) == 1} - {p.name for p in f.params}
    _digits_of(f.body, frozenset(), once)


def _digits_of(body: list[ir.Stmt], known: frozenset[Bound], once: set[str]) -> None:
    for s in body:
        if isinstance(s, ir.FuncDef):
            # It runs later, when its variables may hold something else.
            continue
        for part in ir.children(s):
            if not isinstance(part, ir.Stmt):
                _mark(part, known, once)
        if isinstance(s, ir.If):
            _digits_of(s.body, known | _told(s.test, True, once), once)
            _digits_of(s.orelse, known | _told(s.test, False, once), once)
            if terminates(s.body):
                known |= _told(s.test, False, once)
            if s.orelse and terminates(s.orelse):
                known |= _told(s.test, True, once)
        else:
            # In a loop, what is known before a turn is not known of what an earlier turn stored.
            kept = _of_others(known, s)
            for inner in blocks(s):
                _digits_of(inner, kept, once)
        known = _of_others(known, s)


def _of_others(known: frozenset[Bound], s: ir.Stmt) -> frozenset[Bound]:
    """What is known of the variables that a statement does not store."""
    changed = stores([s]) if known else ()
    return frozenset(b for b in known if b[0] not in changed)


def _mark(node: ir.Node, known: frozenset[Bound], once: set[str]) -> None:
    """Mark what cannot fail in an expression, whose operands know what those before them told."""
    match node:
        case ir.Lambda() | ir.PatternCall():
            pass
        case ir.Bool(op=op, values=values):
            for v in values:
                _mark(v, known, once)
                known |= _told(v, op == "and", once)
        case ir.Cond(test=test, body=body, orelse=orelse):
            _mark(test, known, once)
            _mark(body, known | _told(test, True, once), once)
            _mark(orelse, known | _told(test, False, once), once)
        case ir.Comp(clauses=clauses, elem=elem):
            for clause in clauses:
                _mark(clause.iter, known, once)
                for test in clause.conds:
                    _mark(test, known, once)
                    known |= _told(test, True, once)
            _mark(elem, known, once)
        case ir.Intrinsic(
            op="str.to_int", args=[ir.Intrinsic(op="char.to_str", args=[ir.Name(id=name) as char])]
        ) if {(name, True), (name, False)} <= known:
            code = ir.Intrinsic("str.ord", [char], type=ir.INT, line=node.line)
            node.op, node.args, node.raises = "int.sub", [code, ir.Lit(ord("0"), type=ir.INT)], ""
        case _:
            for child in ir.children(node):
                if not isinstance(child, ir.Stmt):
                    _mark(child, known, once)


def _told(test: ir.Expr, holds: bool, once: set[str]) -> frozenset[Bound]:
    """What a test that holds, or does not, says of characters."""
    match test:
        case ir.Not(value=inner):
            return _told(inner, not holds, once)
        case ir.Bool(op=op, values=values) if holds == (op == "and"):
            return frozenset(bound for v in values for bound in _told(v, holds, once))
        case ir.Intrinsic(op="str.contains_char", args=[ir.Lit(value=str(text)), ir.Name(id=name)]) if (
            holds and name in once and DIGITS.issuperset(text)
        ):
            return frozenset({(name, True), (name, False)})
        case ir.Intrinsic(op=op, args=[ir.Name(id=name, type=ir.CHAR), ir.Lit(value=str(letter))]) if (
            op in _TURNED and name in once
        ):
            return _bounds(name, op if holds else _OPPOSITE[op], letter)
        case ir.Intrinsic(op=op, args=[ir.Lit(value=str(letter)), ir.Name(id=name, type=ir.CHAR)]) if (
            op in _TURNED and name in once
        ):
            return _bounds(name, _TURNED[op] if holds else _OPPOSITE[_TURNED[op]], letter)
        case _:
            return frozenset()


def _bounds(name: str, op: str, letter: str) -> frozenset[Bound]:
    """What `name op letter` says of a character."""
    out: set[Bound] = set()
    if op in ("ge", "gt", "eq") and letter >= ("/" if op == "gt" else "0"):
        out.add((name, True))
    if op in ("le", "lt", "eq") and letter <= (":" if op == "lt" else "9"):
        out.add((name, False))
    return frozenset(out)


def letter(e: ir.Expr) -> ir.Expr | None:
    """The character that a text consists of, when it is known to be exactly one."""
    match e:
        case ir.Intrinsic(op="char.to_str", args=[char]):
            return char
        case ir.Lit(value=str(text)) if len(text) == 1:
            return ir.Lit(text, type=ir.CHAR, line=e.line)
        case _:
            return None


def made_of_letters(e: ir.Expr) -> bool:
    """True for a new list of texts of one letter each."""
    match e:
        case ir.ListLit(elems=elems, type=ir.ListT(ir.STR)):
            return all(letter(v) is not None for v in elems)
        case ir.Comp(kind="list", elem=elem, type=ir.ListT(ir.STR)):
            return letter(elem) is not None
        case _:
            return False


def letters_as_characters(f: ir.Function, name: str) -> bool:
    """A local list of one-letter texts becomes one of characters; False where it is used in another way.

    Every assignment of the variable is `made_of_letters`.
    """
    mentions = sum(_is(n, name) for s in f.body for n in ir.walk(s))
    if not mentions or any(isinstance(n, ir.VarDecl) and n.id == name for s in f.body for n in ir.walk(s)):
        return False
    nodes = [n for s in f.body for n in ir.walk(s)]
    if mentions != sum(_mentioned(n, name) for n in nodes):
        return False
    for n in nodes:
        match n:
            case ir.Assign(target=ir.VarTarget(id=to) as target, value=value) if to == name:
                target.type = value.type = ir.ListT(ir.CHAR)
                if isinstance(value, ir.ListLit):
                    value.elems[:] = [letter(v) or v for v in value.elems]
                elif isinstance(value, ir.Comp):
                    value.elem = letter(value.elem) or value.elem
            case ir.Intrinsic(op="list.append", args=[at, e]) if _is(at, name):
                n.args[1] = letter(e) or e
            case ir.Intrinsic(op="list.reversed", args=[at]) if _is(at, name):
                n.type = ir.ListT(ir.CHAR)
            case ir.Intrinsic(op="list.index" | "list.pop" as op, args=[at, *more]) if _is(at, name):
                char = ir.Intrinsic(op, [at, *more], n.raises, type=ir.CHAR, line=n.line)
                n.op, n.args, n.raises = "char.to_str", [char], ""
            case _:
                pass
    for n in nodes:
        if isinstance(n, ir.Name) and n.id == name:
            n.type = ir.ListT(ir.CHAR)
        elif isinstance(n, ir.ExprStmt) and (char := letter(n.value)) is not None:
            n.value = char
    return True


def _mentioned(n: ir.Node, name: str) -> int:
    """How often an operation that a list of characters has, too, names the list."""
    match n:
        case ir.Intrinsic(op="list.append", args=[at, e]):
            return _is(at, name) and letter(e) is not None
        case ir.Intrinsic(op="len" | "nonempty" | "list.index" | "list.pop", args=[at, *_]):
            return _is(at, name)
        case ir.Intrinsic(op="eq" | "ne", args=[a, ir.Intrinsic(op="list.reversed", args=[b])]):
            return 2 * (_is(a, name) and _is(b, name))
        case _:
            return 0


def compare_as_characters(f: ir.Function) -> None:
    """Give maps of literals whose values are letters, and are only compared with letters, characters as values."""
    nodes = [n for s in f.body for n in ir.walk(s)]
    for made in nodes:
        match made:
            case ir.Assign(
                target=ir.VarTarget(id=name) as target,
                value=ir.DictLit(type=ir.DictT(key, ir.STR, zero=False), items=[_, *_] as items) as table,
            ) if all(letter(v) is not None for _, v in items):
                pass
            case _:
                continue
        compared = [
            (n, i)
            for n in nodes
            if isinstance(n, ir.Intrinsic) and n.op in ("eq", "ne")
            for i in (0, 1)
            if _looked_up(n.args[i], name) and letter(n.args[1 - i]) is not None
        ]
        asked = sum(
            isinstance(n, ir.Intrinsic) and n.op == "dict.contains" and _is(n.args[0], name) for n in nodes
        )
        sets = sum(isinstance(n, ir.VarTarget | ir.VarDecl) and n.id == name for n in nodes)
        if sets != 1 or not compared or len(compared) + asked != sum(_is(n, name) for n in nodes):
            continue
        kind = ir.DictT(key, ir.CHAR)
        target.type = table.type = kind
        items[:] = [(k, letter(v) or v) for k, v in items]
        for n, i in compared:
            n.args[i].type = ir.CHAR
            n.args[1 - i] = letter(n.args[1 - i]) or n.args[1 - i]
        for n in nodes:
            if isinstance(n, ir.Name) and n.id == name:
                n.type = kind


def _looked_up(e: ir.Expr, name: str) -> bool:
    return isinstance(e, ir.Intrinsic) and e.op == "dict.index" and _is(e.args[0], name)


def _is(n: ir.Node, name: str) -> bool:
    return isinstance(n, ir.Name) and n.id == name


def split_once(f: ir.Function, taken: set[str]) -> None:
    """Lists of texts whose characters a loop asks for by position are split into characters before."""
    for p in f.params:
        if p.type == ir.ListT(ir.STR) and _only_read(f, p.name):
            found = [n for s in f.body for n in _in_loops(s, False) if _cell(n, p.name)]
            if not found:
                continue
            cells = "cells"
            while cells in taken:
                cells += "_"
            taken.add(cells)
            grid = ir.ListT(ir.ListT(ir.CHAR))
            row = ir.VarTarget("row", type=ir.STR)
            split = ir.Intrinsic("to_list", [ir.Name("row", type=ir.STR)], type=ir.ListT(ir.CHAR))
            made = ir.Comp("list", split, [ir.Clause(row, ir.Name(p.name, type=p.type), [])], type=grid)
            for n in (n for s in f.body for n in ir.walk(s)):
                if _cell(n, p.name):
                    assert isinstance(n, ir.Intrinsic)  # noqa: S101 - `_cell` looked at it.
                    at = n.args[0]
                    assert isinstance(at, ir.Intrinsic)  # noqa: S101 - likewise.
                    at.args[0] = ir.Name(cells, type=grid)
                    at.type = ir.ListT(ir.CHAR)
                    n.op = "list.index"
            f.body.insert(0, ir.Assign(ir.VarTarget(cells, type=grid), made))


def _cell(n: ir.Node, name: str) -> bool:
    match n:
        case ir.Intrinsic(op="str.index", args=[ir.Intrinsic(op="list.index", args=[at, _]), _]):
            return _is(at, name)
        case _:
            return False


def _only_read(f: ir.Function, name: str) -> bool:
    """True for a list whose name stands only where its items are read, so that it has no second name either."""
    nodes = [n for s in f.body for n in ir.walk(s)]
    if any(isinstance(n, ir.VarTarget) and n.id == name for n in nodes):
        return False
    return sum(_is(n, name) for n in nodes) == sum(_reads_items(n, name) for n in nodes)


def _reads_items(n: ir.Node, name: str) -> bool:
    match n:
        case ir.Intrinsic(
            op="len" | "nonempty" | "list.index" | "list.contains" | "enumerate", args=[at, *_]
        ):
            return _is(at, name)
        case ir.For(iter=over) | ir.Clause(iter=over):
            return _is(over, name)
        case _:
            return False


def _in_loops(node: ir.Node, inside: bool) -> Iterator[ir.Node]:
    if inside:
        yield node
    inner = inside or isinstance(node, ir.For | ir.ForRange | ir.While)
    for child in ir.children(node):
        yield from _in_loops(child, inner)
