"""Setters of properties, as the methods that they are: an assignment to the property is a call."""

# ruff: noqa: S101 - assertions here narrow types that the callers guarantee.
from __future__ import annotations

import ast
import copy
from collections.abc import Mapping

from foundation_engine.port.front._python_names import dotted

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def setter_of(name: str) -> str:
    """The method that the setter of a property becomes."""
    return f"set_{name}"


def set_by(s: ast.Assign | ast.AugAssign) -> ast.Expr | None:
    """The call of a setter that an assignment to a property is; None where its object would be worked out twice."""
    target = s.targets[0] if isinstance(s, ast.Assign) else s.target
    assert isinstance(target, ast.Attribute)
    value = s.value
    if isinstance(s, ast.AugAssign):
        if dotted(target) is None:
            return None
        value = ast.BinOp(ast.Attribute(target.value, target.attr, ast.Load()), s.op, s.value)
    method = ast.Attribute(target.value, setter_of(target.attr), ast.Load())
    return ast.fix_missing_locations(ast.copy_location(ast.Expr(ast.Call(method, [value], [])), s))


def replace_setters(tree: ast.Module) -> set[str]:
    """Make a method `set_x` of each `@x.setter` and a call of it of each assignment to `self.x`; the methods' names.

    An initialiser does what the setter does, because the fields of an object are looked for there.
    """
    made: set[str] = set()
    for c in tree.body:
        if not isinstance(c, ast.ClassDef):
            continue
        members = {s.name for s in c.body if isinstance(s, _Function)}
        setters: dict[str, ast.FunctionDef] = {}
        for s in c.body:
            if (
                isinstance(s, ast.FunctionDef)
                and [dotted(d) for d in s.decorator_list] == [f"{s.name}.setter"]
                and len(s.args.args) == 2
                and setter_of(s.name) not in members
            ):
                setters[s.name] = s
        for name, s in setters.items():
            s.name, s.decorator_list = setter_of(name), []
            made.add(s.name)
        for s in c.body if setters else ():
            if isinstance(s, _Function) and s.args.args:
                _Setting(s, setters).visit(s)
    return made


class _Setting(ast.NodeTransformer):
    """Writes what a method assigns to properties of its own object as calls of their setters."""

    def __init__(self, method: _Function, setters: Mapping[str, ast.FunctionDef]) -> None:
        self.method = method
        self.setters = setters
        self.own = method.args.args[0].arg

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        return self._set(node, node.targets[0]) if len(node.targets) == 1 else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt | list[ast.stmt]:
        return self._set(node, node.target)

    def _set(self, node: ast.Assign | ast.AugAssign, target: ast.expr) -> ast.stmt | list[ast.stmt]:
        if not (
            isinstance(target, ast.Attribute)
            and target.attr in self.setters
            and isinstance(target.value, ast.Name)
            and target.value.id == self.own
        ):
            return node
        if self.method.name == "__init__" and isinstance(node, ast.Assign):
            inside = self._body(self.setters[target.attr], node)
            if inside is not None:
                return inside
        return set_by(node) or node

    def _body(self, setter: ast.FunctionDef, node: ast.Assign) -> list[ast.stmt] | None:
        """The statements of a setter for the initialiser, where the fields of an object are looked for."""
        own, given = (a.arg for a in setter.args.args)
        leaves = (ast.Return, ast.Yield, ast.YieldFrom, ast.Lambda, *_FUNCTIONS)
        inside = [copy.deepcopy(s) for s in setter.body]
        if any(isinstance(n, leaves) for s in inside for n in ast.walk(s)):
            return None
        same = isinstance(node.value, ast.Name) and node.value.id == given
        taken = {n.id for n in ast.walk(self.method) if isinstance(n, ast.Name)}
        taken |= {a.arg for a in ast.walk(self.method) if isinstance(a, ast.arg)}
        stored = {
            n.id
            for s in inside
            for n in ast.walk(s)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        if own != self.own or stored & taken or (given in taken and not same):
            return None
        if same:
            return inside
        first = ast.Assign([ast.Name(given, ast.Store())], node.value)
        return [ast.fix_missing_locations(ast.copy_location(first, node)), *inside]
