"""Functions inside of Python functions: which variables are their own, and which they share with what is around."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from foundation_engine.port import ir
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.passes import blocks

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's own scope, the definitions in it among them."""
    yield node
    if not isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS)):
        for child in ast.iter_child_nodes(node):
            yield from _own(child)


def _inside(body: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    return (n for s in body for n in _own(s))


def variables(body: Iterable[ast.stmt]) -> set[str]:
    """The variables of a function's body, the names of functions in it among them."""
    out: set[str] = set()
    for n in _inside(body):
        match n:
            case ast.Name(id=name, ctx=ast.Store()):
                out.add(name)
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ExceptHandler(name=str() as name)
            ):
                out.add(name)
            case _:
                pass
    return out


def mentioned(body: Iterable[ast.stmt]) -> set[str]:
    """The names that a function's body mentions outside of comprehensions and of functions in it."""
    return {n.id for n in _inside(body) if isinstance(n, ast.Name)}


def shared_in(body: Iterable[ast.stmt]) -> frozenset[str]:
    """The variables that functions inside of this body assign though they are not theirs."""
    return frozenset(
        name for s in body for n in ast.walk(s) if isinstance(n, ast.Nonlocal) for name in n.names
    )


def closures_in(body: Iterable[ast.stmt]) -> frozenset[str]:
    """The names of the functions inside of this body."""
    return frozenset(
        n.name for s in body for n in ast.walk(s) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _loop_targets(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.For | ast.AsyncFor, set[str]]]:
    for n in nodes:
        if isinstance(n, ast.For | ast.AsyncFor):
            yield n, {t.id for t in ast.walk(n.target) if isinstance(t, ast.Name)}


def shared(f: ast.FunctionDef, around: list[ast.stmt]) -> frozenset[str]:
    """What a function directly inside of another one shares with it; raises Unsupported where that is not certain."""
    mine = {name for n in _inside(f.body) if isinstance(n, ast.Nonlocal) for name in n.names}
    for name in sorted(mine | shared_in(f.body)):
        known = any(
            name in {t.id for t in ast.walk(s) if isinstance(t, ast.Name) and isinstance(t.ctx, ast.Store)}
            for s in around
            if isinstance(s, ast.Assign | ast.AnnAssign) and s.lineno < f.lineno and s.value is not None
        )
        loops = [*_loop_targets(_inside(around)), *_loop_targets(_inside(f.body))]
        if name not in mine or not known or any(name in targets for _, targets in loops):
            raise Unsupported(
                "nonlocal of another variable than one of the function directly around that is assigned before it",
                f"nonlocal {name}",
                f.lineno,
            )
    return frozenset(mine)


def hidden(f: ast.FunctionDef, mine: frozenset[str], around: set[str]) -> dict[str, str]:
    """New names for a function's own variables that are called as variables around it.

    Where blocks share the variables around them, such a variable would be the outer one. The variable of a loop that
    is read nowhere else is the loop's own everywhere.
    """
    nodes = list(_inside(f.body))
    loops = list(_loop_targets(nodes))
    taken = around | {n.id for s in f.body for n in ast.walk(s) if isinstance(n, ast.Name)}
    out: dict[str, str] = {}
    for name in sorted((variables(f.body) & around) - mine - {a.arg for a in f.args.args}):
        inside = {id(n) for loop, targets in loops if name in targets for n in ast.walk(loop)}
        if all(
            id(n) in inside for s in f.body for n in ast.walk(s) if isinstance(n, ast.Name) and n.id == name
        ):
            stored = {
                id(n)
                for n in nodes
                if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)
            }
            if stored <= {id(n) for loop, _ in loops for n in ast.walk(loop.target)}:
                continue
        new = f"{f.name}_{name}"
        while new in taken:
            new += "_"
        taken.add(new)
        out[name] = new
    return out


def rename(nodes: Sequence[ir.Node], names: Mapping[str, str]) -> None:
    """Give variables of lowered statements or expressions other names."""
    if not names:
        return
    for node in nodes:
        for n in ir.walk(node):
            match n:
                case ir.Name(id=name) | ir.VarTarget(id=name) | ir.VarDecl(id=name):
                    n.id = names.get(name, name)
                case ir.Param(name=name) | ir.Function(name=name):
                    n.name = names.get(name, name)
                case ir.Handler(var=name):
                    n.var = names.get(name, name)
                case _:
                    pass


def _own_nodes(s: ir.Stmt) -> Iterator[ir.Node]:
    """What a statement evaluates by itself, not in the blocks inside of it."""
    if isinstance(s, ir.FuncDef):
        return
    inner = {id(b) for block in blocks(s) for b in block}
    for child in ir.children(s):
        if id(child) not in inner and not isinstance(child, ir.Handler):
            yield from ir.walk(child)


def check_order(s: ir.Stmt, shared: frozenset[str], closures: frozenset[str]) -> None:
    """Raise Unsupported where a shared variable is read in one expression with a call that may assign it.

    Languages differ in which of the two is first. A function that is handed on or kept could be called unseen.
    """
    nodes = list(_own_nodes(s))
    calls = [
        n for n in nodes if isinstance(n, ir.Call) and isinstance(n.func, ir.Name) and n.func.id in closures
    ]
    named = sum(isinstance(n, ir.Name) and n.id in closures for n in nodes)
    later = any(
        isinstance(m, ir.Name) and m.id in closures
        for n in nodes
        if isinstance(n, ir.Lambda)
        for m in ir.walk(n)
    )
    if later or (named != len(calls) and not isinstance(s, ir.Return)):
        raise Unsupported(
            "a function with nonlocal variables, or one beside it, that is more than called", "", s.line
        )
    again = isinstance(s, ir.For | ir.ForRange) and any(
        isinstance(n, ir.Name) and n.id in closures for b in s.body for n in ir.walk(b)
    )
    if not calls and not again:
        return
    reads = [n for n in nodes if isinstance(n, ir.Name) and n.id in shared]
    if isinstance(s, ir.AugAssign) and isinstance(s.target, ir.VarTarget) and s.target.id in shared:
        reads.append(ir.Name(s.target.id))
    arguments = {id(n) for a in calls[0].args for n in ir.walk(a)} if len(calls) == 1 else set[int]()
    if any(again or id(n) not in arguments for n in reads):
        raise Unsupported("a nonlocal variable in one expression with a call that may assign it", "", s.line)
