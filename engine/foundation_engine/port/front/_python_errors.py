"""Error classes that work out their text: the initialisers and `__str__` of a class and its bases as one function."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from foundation_engine.port.ir import Unsupported

_Node = TypeVar("_Node", bound=ast.AST)


def method_of(c: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    """A method that the class itself defines."""
    return next((s for s in c.body if isinstance(s, ast.FunctionDef) and s.name == name), None)


class ErrorText:
    """The text of an error as a function of what its initialiser is given.

    `function` is that function, and `kept` the parameters that stay readable as attributes of the same name.
    """

    def __init__(
        self,
        c: ast.ClassDef,
        name: str,
        base_of: Callable[[ast.ClassDef], ast.ClassDef | None],
        of_library: Callable[[ast.ClassDef], bool],
    ) -> None:
        self._base_of = base_of
        self._of_library = of_library
        self._taken: set[str] = set()
        self._attributes: dict[str, str] = {}
        self._text: str | None = None
        self._at = c
        init = method_of(c, "__init__")
        if init is None or init.args.vararg or init.args.kwarg:
            raise Unsupported("an error class that computes its fields", f"class {c.name}", c.lineno)
        self._params = [a.arg for a in [*init.args.posonlyargs, *init.args.args, *init.args.kwonlyargs][1:]]
        self._taken.update(self._params)
        changed = {
            n.id
            for s in init.body
            for n in ast.walk(s)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        self._constant = set(self._params) - changed
        body = self._initialised(c, init, {p: ast.Name(p, ast.Load()) for p in self._params})
        shown = self._shown(c)
        if shown is not None:
            body += shown
        elif self._text is not None:
            body.append(ast.Return(ast.Name(self._text, ast.Load())))
        else:
            raise Unsupported(
                "an error class that does not call super().__init__", f"class {c.name}", c.lineno
            )
        body = _used(body)
        arguments = copy.deepcopy(init.args)
        del (arguments.posonlyargs or arguments.args)[0]
        arguments.defaults, arguments.kw_defaults = [], [None for _ in arguments.kwonlyargs]
        doc = ast.Expr(ast.Constant(f"The text of a {c.name}."))
        made = ast.FunctionDef(name, arguments, [doc, *body], [], ast.Name("str", ast.Load()))
        for n in ast.walk(made):
            if isinstance(n, ast.stmt | ast.expr | ast.arg | ast.keyword | ast.ExceptHandler):
                # What another file's class does stands at this class, too.
                ast.copy_location(n, init)
        self.function = made
        self.kept = {a for a, held in self._attributes.items() if a == held and held in self._constant}
        self.computed = set(self._attributes) - self.kept

    def _fresh(self, name: str) -> str:
        made = name
        while made in self._taken:
            made += "_given" if made == name else "_"
        self._taken.add(made)
        return made

    def _initialised(
        self, c: ast.ClassDef, init: ast.FunctionDef, given: Mapping[str, ast.expr]
    ) -> list[ast.stmt]:
        """The statements of an initialiser with its parameters bound."""
        names = {p: v.id for p, v in given.items() if isinstance(v, ast.Name)}
        for n in (n for s in init.body for n in ast.walk(s)):
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id not in names:
                names[n.id] = self._fresh(n.id)
        return self._block(c, init.body, names)

    def _block(self, c: ast.ClassDef, body: Sequence[ast.stmt], names: dict[str, str]) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for s in body:
            match s:
                case ast.Expr(value=ast.Constant()) | ast.Pass():
                    continue
                case ast.Expr(
                    value=ast.Call(
                        func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__")
                    ) as call
                ):
                    if body is not (method_of(c, "__init__") or c).body:
                        raise Unsupported("a call of super() on a condition", f"class {c.name}", s.lineno)
                    out += self._above(c, call, names)
                case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=attr)], value=value):
                    out += self._attribute(attr, self._renamed(value, names))
                case ast.AnnAssign(
                    target=ast.Attribute(value=ast.Name(id="self"), attr=attr), value=value
                ) if value is not None:
                    out += self._attribute(attr, self._renamed(value, names))
                case (
                    ast.Assign(targets=[ast.Name()])
                    | ast.AugAssign(target=ast.Name())
                    | ast.AnnAssign(target=ast.Name())
                ):
                    out.append(self._renamed(s, names))
                case ast.If(test=test):
                    made = ast.If(self._renamed(test, names), self._block(c, s.body, names), [])
                    made.orelse = self._block(c, s.orelse, names)
                    made.body = made.body or [ast.Pass()]
                    out.append(made)
                case ast.For(target=ast.Name() as target, iter=values, orelse=[]):
                    turn = self._block(c, s.body, names) or [ast.Pass()]
                    out.append(ast.For(self._renamed(target, names), self._renamed(values, names), turn, []))
                case _:
                    raise Unsupported("an error class that computes its fields", ast.unparse(s), s.lineno)
        return out

    def _attribute(self, attr: str, value: ast.expr) -> list[ast.stmt]:
        if isinstance(value, ast.Name) and attr not in self._attributes:
            self._attributes[attr] = value.id
            return []
        held = self._attributes.get(attr)
        if held is None or held in self._params:
            held = self._fresh(attr)
            self._attributes[attr] = held
        return [ast.Assign([ast.Name(held, ast.Store())], value)]

    def _above(self, c: ast.ClassDef, call: ast.Call, names: dict[str, str]) -> list[ast.stmt]:
        """What the base's initialiser does with what it is given."""
        base = self._base_of(c)
        init = None
        while base is not None and (init := method_of(base, "__init__")) is None:
            base = self._base_of(base)
        if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
            raise Unsupported("a call with * or **", ast.unparse(call), call.lineno)
        if base is None or init is None:
            if self._of_library(c) and len(call.args) < 2 and all(k.arg for k in call.keywords):
                # What provide.foundation's errors take beside their message does not show in their text.
                given = {k.arg: k.value for k in call.keywords}
                first = call.args[0] if call.args else given.get("message")
                call = ast.copy_location(ast.Call(call.func, [first] if first is not None else [], []), call)
            if len(call.args) > 1 or call.keywords:
                reason = "an error with several arguments to super().__init__"
                raise Unsupported(reason, ast.unparse(call), call.lineno)
            value = self._renamed(call.args[0], names) if call.args else ast.Constant("")
            self._text = self._fresh("text")
            return [ast.Assign([ast.Name(self._text, ast.Store())], value)]
        a = init.args
        params = [*a.posonlyargs, *a.args][1:]
        if a.vararg or a.kwarg or len(call.args) > len(params):
            raise Unsupported("an error class that computes its fields", ast.unparse(call), call.lineno)
        defaults: dict[str, ast.expr] = dict(
            zip([p.arg for p in params[len(params) - len(a.defaults) :]], a.defaults, strict=True)
        )
        defaults |= {p.arg: d for p, d in zip(a.kwonlyargs, a.kw_defaults, strict=True) if d is not None}
        given = dict(zip([p.arg for p in params], call.args, strict=False))
        given |= {k.arg: k.value for k in call.keywords if k.arg is not None}
        changed = {
            n.id
            for s in init.body
            for n in ast.walk(s)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        out: list[ast.stmt] = []
        bound: dict[str, ast.expr] = {}
        for p in [*params, *a.kwonlyargs]:
            value = given.get(p.arg)
            value = self._renamed(value, names) if value is not None else defaults.get(p.arg)
            if value is None:
                raise Unsupported(f"a call without the argument {p.arg}", ast.unparse(call), call.lineno)
            if not isinstance(value, ast.Name) or p.arg in changed:
                made = self._fresh(p.arg)
                out.append(
                    ast.AnnAssign(ast.Name(made, ast.Store()), copy.deepcopy(p.annotation), value, 1)
                    if p.annotation is not None
                    else ast.Assign([ast.Name(made, ast.Store())], value)
                )
                value = ast.Name(made, ast.Load())
            bound[p.arg] = value
        return [*out, *self._initialised(base, init, bound)]

    def _shown(self, c: ast.ClassDef) -> list[ast.stmt] | None:
        """The body of the `__str__` that counts, None when there is none."""
        at: ast.ClassDef | None = c
        while at is not None:
            shown = method_of(at, "__str__")
            if shown is not None:
                names: dict[str, str] = {}
                for n in ast.walk(shown):
                    if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store):
                        names.setdefault(n.id, self._fresh(n.id))
                body = shown.body[1:] if ast.get_docstring(shown) is not None else shown.body
                return [self._renamed(s, names) for s in body]
            at = self._base_of(at)
        return None

    def _renamed(self, node: _Node, names: Mapping[str, str]) -> _Node:
        """The node with the names of the one function that all of it becomes."""
        made: _Node = _Own(self._attributes, names, self._at).visit(copy.deepcopy(node))
        return made


def _used(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements without variables that nothing reads."""
    while True:
        read = {
            n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        }
        left = [
            s
            for s in body
            if not (
                (
                    isinstance(s, ast.Assign)
                    and isinstance(s.targets[0], ast.Name)
                    and s.targets[0].id not in read
                )
                or (
                    isinstance(s, ast.AnnAssign)
                    and isinstance(s.target, ast.Name)
                    and s.target.id not in read
                )
            )
        ]
        if len(left) == len(body):
            return body
        body = left


class _Own(ast.NodeTransformer):
    """Puts variables in place of attributes of the object, and names in place of names."""

    def __init__(self, attributes: Mapping[str, str], names: Mapping[str, str], at: ast.ClassDef) -> None:
        self.attributes = attributes
        self.names = names
        self.at = at

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id == "self" and node.attr in self.attributes:
            return ast.Name(self.attributes[node.attr], node.ctx)
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in ("self", "super"):
            reason = "an error class that computes its fields"
            raise Unsupported(reason, f"class {self.at.name}", node.lineno)
        return ast.Name(self.names.get(node.id, node.id), node.ctx)
