"""Locks that a thread of Python may take again while it holds them, as locks that nobody takes twice."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from foundation_engine.port.front._python_names import dotted


def taken_once(tree: ast.Module) -> None:
    """Give each method that is called with its lock held a method without, and make the RLock a Lock.

    `with self._lock: self.evict()`, where `evict` is `with self._lock: ...`, calls `_evict_locked`, which `evict` calls
    under the lock. An RLock that may be taken again in another way stays one.
    """
    for c in tree.body:
        if isinstance(c, ast.ClassDef):
            for name, made in _locks(c):
                if _split(c, name):
                    made.func = ast.copy_location(_of(made.func), made.func)


def _of(func: ast.expr) -> ast.expr:
    if isinstance(func, ast.Attribute):
        return ast.Attribute(func.value, "Lock", ast.Load())
    return ast.Attribute(ast.Name("threading", ast.Load()), "Lock", ast.Load())


def _locks(c: ast.ClassDef) -> Iterator[tuple[str, ast.Call]]:
    """The attributes that hold an RLock, and the calls that make them."""
    for n in ast.walk(c):
        match n:
            case (
                ast.Assign(
                    targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=ast.Call() as made
                )
                | ast.AnnAssign(
                    target=ast.Attribute(value=ast.Name(id="self"), attr=name), value=ast.Call() as made
                )
            ) if (dotted(made.func) or "").rpartition(".")[2] == "RLock":
                yield name, made
            case _:
                pass


def _takes(s: ast.AST, lock: str) -> bool:
    """True for `with self.<lock>:`."""
    return isinstance(s, ast.With) and any(_own(i.context_expr) == lock for i in s.items)


def _own(node: ast.expr) -> str:
    """The attribute that an expression reads of `self`, "" for another expression."""
    match node:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name
        case _:
            return ""


def _split(c: ast.ClassDef, lock: str) -> bool:
    """Make the methods of a class take the lock once; False, with nothing changed, where that is not certain."""
    methods = {m.name: m for m in c.body if isinstance(m, ast.FunctionDef)}
    taking = {n for n, m in methods.items() if any(_takes(s, lock) for s in ast.walk(m))}
    reaching = set(taking)
    while True:
        more = {n for n, m in methods.items() if any(_called(s) in reaching for s in ast.walk(m))} - reaching
        if not more:
            break
        reaching |= more
    held: list[ast.Call] = []
    for m in methods.values():
        for s in ast.walk(m):
            if not _takes(s, lock):
                continue
            assert isinstance(s, ast.With)  # noqa: S101 - what _takes tells.
            if len(s.items) > 1 or any(_takes(inner, lock) for b in s.body for inner in ast.walk(b)):
                return False
            for inner in (n for b in s.body for n in ast.walk(b)):
                if isinstance(inner, ast.Call) and _unknown(inner, m, methods):
                    return False
                if _called(inner) in reaching:
                    assert isinstance(inner, ast.Call)  # noqa: S101 - what _called tells.
                    held.append(inner)
    wanted = {_called(call) for call in held}
    # A method that is called with the lock held is one block under it, and has a name for what it does.
    if not all(n in taking and not n.startswith("__") and _whole(methods[n], lock) for n in wanted):
        return False
    if {f"_{n.lstrip('_')}_locked" for n in wanted} & set(methods):
        return False
    for call in held:
        assert isinstance(call.func, ast.Attribute)  # noqa: S101 - a method's call.
        call.func.attr = f"_{call.func.attr.lstrip('_')}_locked"
    for n in sorted(wanted):
        _without(c, methods[n])
    return True


def _called(node: ast.AST) -> str:
    """The method that a call on `self` calls, "" for anything else."""
    return _own(node.func) if isinstance(node, ast.Call) else ""


def _unknown(call: ast.Call, m: ast.FunctionDef, methods: dict[str, ast.FunctionDef]) -> bool:
    """True for a call of what a parameter or an attribute holds, which may come back to the object."""
    parameters = {a.arg for a in (*m.args.args, *m.args.kwonlyargs)}
    if isinstance(call.func, ast.Name):
        return call.func.id in parameters
    own = _own(call.func)
    return own != "" and own not in methods


def _whole(m: ast.FunctionDef, lock: str) -> bool:
    """True for a method whose body is one block under the lock."""
    body = m.body[1:] if ast.get_docstring(m) is not None else m.body
    return len(body) == 1 and _takes(body[0], lock) and not m.decorator_list and not m.args.vararg


def _without(c: ast.ClassDef, m: ast.FunctionDef) -> None:
    inner = copy.copy(m)
    inner.name = f"_{m.name.lstrip('_')}_locked"
    inner.args = copy.deepcopy(m.args)
    block = m.body[-1]
    assert isinstance(block, ast.With)  # noqa: S101 - what _whole tells.
    inner.body = block.body
    named = [ast.Name(a.arg, ast.Load()) for a in m.args.args[1:]]
    options = [ast.keyword(a.arg, ast.Name(a.arg, ast.Load())) for a in m.args.kwonlyargs]
    target = ast.Attribute(ast.Name("self", ast.Load()), inner.name, ast.Load())
    call = ast.Call(target, list[ast.expr](named), options)
    gives = any(isinstance(n, ast.Return) and n.value is not None for b in block.body for n in ast.walk(b))
    made = ast.Return(call) if gives else ast.Expr(call)
    for n in ast.walk(made):
        ast.copy_location(n, block)
    m.body = [*m.body[:-1], ast.copy_location(ast.With(block.items, [made]), block)]
    c.body.insert(c.body.index(m) + 1, inner)
