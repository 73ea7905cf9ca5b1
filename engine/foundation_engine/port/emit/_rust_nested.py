"""Functions inside of functions that call themselves, which no closure of Rust can: functions of their own there."""

from __future__ import annotations

from foundation_engine.port import ir
from foundation_engine.port.passes import blocks
from foundation_engine.port.simplify import rewrite


def lift_recursive(module: ir.Module) -> set[str]:
    """Put recursive inner functions before their outer ones, with what they capture as parameters; tell their names.

    A variable is captured by reference in the source: its object is handed on, and a function that sets the variable
    itself, or that is more than called, stays where it is.
    """
    taken = {getattr(d, "name", "") for d in module.definitions}
    out: list[ir.Definition] = []
    names: set[str] = set()
    for d in module.definitions:
        if isinstance(d, ir.Function):
            lifted = _lifted(d, taken)
            names |= {f.name for f in lifted}
            if d.name in module.origins:
                module.origins.update((f.name, module.origins[d.name]) for f in lifted)
            out.extend(lifted)
        out.append(d)
    module.definitions[:] = out
    return names


def _lifted(outer: ir.Function, taken: set[str]) -> list[ir.Function]:
    variables = {p.name for p in outer.params}
    variables |= {n.id for s in outer.body for n in ir.walk(s) if isinstance(n, ir.VarTarget)}
    inner = [n.func for s in outer.body for n in ir.walk(s) if isinstance(n, ir.FuncDef)]
    out: list[ir.Function] = []
    for f in inner:
        captured = _captured(f, variables)
        if (
            captured is None
            or not _only_called(outer, f.name)
            or any(_names(g, f.name) for g in inner if g is not f)
        ):
            continue
        name = f"{outer.name}_{f.name}" if f.name in taken else f.name
        taken.add(name)
        _call(outer, f.name, name, captured)
        _drop(outer.body, f)
        f.params += [ir.Param(c.id, c.type) for c in captured]
        f.name, f.private = name, True
        out.append(f)
    return out


def _captured(f: ir.Function, variables: set[str]) -> list[ir.Name] | None:
    """The variables of the outer function that a recursive one uses, None for a function that stays."""
    nodes = [n for s in f.body for n in ir.walk(s)]
    if (
        not _names(f, f.name)
        or f.patterns
        or f.is_async
        or f.shared
        or any(p.default is not None for p in f.params)
    ):
        return None
    if any(isinstance(n, ir.FuncDef) for n in nodes):
        return None
    own = {p.name for p in f.params} | {n.id for n in nodes if isinstance(n, ir.VarTarget)}
    own |= {p.name for n in nodes if isinstance(n, ir.Lambda) for p in n.params}
    own |= {n.var for n in nodes if isinstance(n, ir.Handler)}
    found = {n.id: n for n in nodes if isinstance(n, ir.Name) and n.id in variables - own and n.id != f.name}
    if any(isinstance(n, ir.Name) and n.id == "self" for n in nodes):
        return None
    return list(found.values())


def _names(f: ir.Function, name: str) -> bool:
    return any(isinstance(n, ir.Name) and n.id == name for s in f.body for n in ir.walk(s))


def _only_called(outer: ir.Function, name: str) -> bool:
    """True for a function that is called wherever it is named, in its outer function's body and its own."""
    nodes = [n for s in outer.body for n in ir.walk(s)]
    calls = sum(isinstance(n, ir.Call) and isinstance(n.func, ir.Name) and n.func.id == name for n in nodes)
    named = sum(isinstance(n, ir.Name) and n.id == name for n in nodes)
    definitions = sum(isinstance(n, ir.FuncDef) and n.func.name == name for n in nodes)
    others = any(isinstance(n, ir.VarTarget) and n.id == name for n in nodes) or name in {
        p.name for p in outer.params
    }
    return calls == named and definitions == 1 and not others


def _call(outer: ir.Function, old: str, new: str, captured: list[ir.Name]) -> None:
    """Hand on what a function captured in every call of it."""

    def called(e: ir.Expr) -> ir.Expr:
        if isinstance(e, ir.Call) and isinstance(e.func, ir.Name) and e.func.id == old:
            e.func.id = new
            e.args += [ir.Name(c.id, type=c.type, line=e.line) for c in captured]
        return e

    for s in outer.body:
        rewrite(s, called)


def _drop(body: list[ir.Stmt], f: ir.Function) -> None:
    """Leave out the definition of a function."""
    body[:] = [s for s in body if not (isinstance(s, ir.FuncDef) and s.func is f)]
    for s in body:
        for inner in blocks(s):
            _drop(inner, f)
