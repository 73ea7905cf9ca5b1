"""Conditions whose later parts take statements of their own: tests one after the other, numbers read once.

`if a and int(s) > 3:` is a test in a test, `if a or int(s) > 3: return` two tests. A number that a test reads, and that
is read again behind it, is kept.
"""

from __future__ import annotations

from foundation_engine.port import ir
from foundation_engine.port.passes import blocks, stores, terminates
from foundation_engine.port.sequence import TAKING
from foundation_engine.port.simplify import names_taken, rewrite

_READING = frozenset({"str.to_int", "str.to_float"})


def test_in_turn(module: ir.Module, *, again: bool) -> None:
    """Rewrite the functions of a module in place; with `again`, only conditions that read what is read behind them."""
    for _, f in module.functions():
        taken = names_taken(f)
        _split(f.body, again)
        _read_once(f.body, taken)


def _split(body: list[ir.Stmt], again: bool) -> None:
    out: list[ir.Stmt] = []
    for i, s in enumerate(body):
        for inner in blocks(s):
            _split(inner, again)
        if again and not (isinstance(s, ir.If) and _reads(s.test) & _reads(*body[i + 1 :])):
            out.append(s)
            continue
        match s:
            case ir.If(test=ir.Bool(op="and", values=[first, *rest]), orelse=[]) if not again and any(
                map(_takes, rest)
            ):
                inside = ir.If(_joined("and", rest), s.body, [], line=s.line)
                s.test, s.body = first, [inside]
                _split(s.body, again)
                out.append(s)
            case ir.If(test=ir.Bool(op="or", values=[first, *rest]), orelse=[]) if (
                any(map(_takes, rest)) and len(s.body) == 1 and terminates(s.body)
            ):
                second = ir.If(_joined("or", rest), ir.unshared(s.body), [], line=s.line)
                s.test = first
                more: list[ir.Stmt] = [second]
                _split(more, again=False)
                out += [s, *more]
            case _:
                out.append(s)
    body[:] = out


def _reads(*nodes: ir.Node) -> set[tuple[str, str]]:
    """The variables whose texts are read as numbers, and how."""
    return {
        (n.op, n.args[0].id)
        for x in nodes
        for n in ir.walk(x)
        if isinstance(n, ir.Intrinsic) and n.op in _READING and isinstance(n.args[0], ir.Name)
    }


def _joined(op: str, values: list[ir.Expr]) -> ir.Expr:
    return values[0] if len(values) == 1 else ir.Bool(op, values, type=ir.BOOL, line=values[0].line)


def _takes(e: ir.Expr) -> bool:
    """True for an expression that Go needs statements for: an operation that may fail, or takes something out."""
    return any(isinstance(n, ir.Intrinsic) and (n.op in _READING or n.op in TAKING) for n in ir.walk(e))


def _read_once(body: list[ir.Stmt], taken: set[str]) -> None:
    out: list[ir.Stmt] = []
    for i, s in enumerate(body):
        for inner in blocks(s):
            _read_once(inner, taken)
        match s:
            case ir.If(
                test=ir.Intrinsic(args=[ir.Intrinsic(op=op, args=[ir.Name(id=text)]) as read, ir.Lit()])
            ) if op in _READING and text not in stores(body[i:]):
                later = [
                    n
                    for x in body[i + 1 :]
                    for n in ir.walk(x)
                    if isinstance(n, ir.Expr) and ir.same(n, read)
                ]
                if later:
                    name = "number"
                    count = 1
                    while name in taken:
                        count += 1
                        name = f"number_{count}"
                    taken.add(name)
                    kept = ir.Assign(
                        ir.VarTarget(name, type=read.type),
                        ir.unshared(read),
                        line=s.line,
                        comments=s.comments,
                    )
                    s.comments = []
                    out.append(kept)
                    for x in body[i:]:
                        _replace(x, read, name)
            case _:
                pass
        out.append(s)
    body[:] = out


def _replace(s: ir.Stmt, value: ir.Expr, name: str) -> None:
    rewrite(s, lambda e: ir.Name(name, type=e.type, line=e.line) if ir.same(e, value) else e)
