"""Decorators of a file that only wrap a function: the wrapper is the function, which calls what was decorated."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foundation_engine.port.front._python_names import dotted

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class _Wrapper:
    """A decorator: what it calls the function that it wraps, the wrapper, and its own parameters with defaults."""

    wrapped: str
    inner: ast.FunctionDef
    options: ast.arguments | None  # of a decorator that is made by a call


def unwrapped(tree: ast.Module) -> list[str]:
    """Put each wrapper in the place of the function that it decorates, which gets a name of its own.

    Gives the names of the decorators that no definition of the file needs any more, and which are taken out of it.
    """
    functions = {s.name: s for s in tree.body if isinstance(s, ast.FunctionDef)}
    wrappers = {name: w for name, f in functions.items() if (w := _wrapper(f)) is not None}
    if not wrappers:
        return []
    placed: set[str] = set()
    for holder in [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef))]:
        body: list[ast.stmt] = []
        for s in holder.body:
            name = _decorator(s)
            made = None
            if isinstance(s, ast.FunctionDef) and name in wrappers:
                made = _in_place(s, wrappers[name], holder)
            placed |= {name} if made is not None else set()
            body += made if made is not None else [s]
        holder.body[:] = body
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    gone = sorted(placed - used)
    tree.body = [s for s in tree.body if not (isinstance(s, ast.FunctionDef) and s.name in gone)]
    return gone


def _decorator(s: ast.stmt) -> str:
    """The name of a function's only decorator."""
    if not isinstance(s, ast.FunctionDef) or len(s.decorator_list) != 1:
        return ""
    d = s.decorator_list[0]
    return dotted(d.func if isinstance(d, ast.Call) else d) or ""


def _said(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements but for a docstring."""
    doc = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    return [*body[1:]] if doc else [*body]


def _wrapper(f: ast.FunctionDef, options: ast.arguments | None = None) -> _Wrapper | None:
    """What a decorator puts around a function, where that is all that it does; None for another function."""
    match _said(f.body):
        case [ast.FunctionDef() as inner, ast.Return(value=ast.Name(id=given))] if inner.name == given:
            pass
        case _:
            return None
    plain = not (f.decorator_list or f.args.vararg or f.args.kwarg or f.args.posonlyargs)
    if not plain:
        return None
    if _passes_on(inner) and len(f.args.args) == 1 and not f.args.kwonlyargs:
        wraps = [_last(d) for d in inner.decorator_list]
        return _Wrapper(f.args.args[0].arg, inner, options) if wraps in ([], ["wraps"]) else None
    return _wrapper(inner, f.args) if options is None and not inner.decorator_list else None


def _last(d: ast.expr) -> str:
    return (dotted(d.func if isinstance(d, ast.Call) else d) or "").rpartition(".")[2]


def _passes_on(f: ast.FunctionDef) -> bool:
    """True for a function whose parameters are `*args, **kwargs`."""
    a = f.args
    return not (a.args or a.kwonlyargs or a.posonlyargs) and a.vararg is not None and a.kwarg is not None


def _options(w: _Wrapper, d: ast.expr) -> dict[str, ast.expr] | None:
    """What a decorator's own parameters are given: literals, or None where they are something else."""
    if w.options is None:
        return None if isinstance(d, ast.Call) else {}
    if not isinstance(d, ast.Call):
        return None
    names = [p.arg for p in w.options.args]
    out = dict(zip(names[len(names) - len(w.options.defaults) :], w.options.defaults, strict=True))
    kept = zip(w.options.kwonlyargs, w.options.kw_defaults, strict=True)
    out |= {p.arg: default for p, default in kept if default is not None}
    out |= dict(zip(names, d.args, strict=False))
    out |= {k.arg or "": k.value for k in d.keywords}
    fits = set(out) == {*names, *(p.arg for p in w.options.kwonlyargs)} and len(d.args) <= len(names)
    return out if fits and all(_is_literal(v) for v in out.values()) else None


def _is_literal(value: ast.expr) -> bool:
    if isinstance(value, ast.UnaryOp):
        value = value.operand
    return isinstance(value, ast.Constant)


def _in_place(f: ast.FunctionDef, w: _Wrapper, holder: ast.Module | ast.ClassDef) -> list[ast.stmt] | None:
    """The function under its new name and its wrapper under the old one; None where that is not certain."""
    options = _options(w, f.decorator_list[0])
    a = f.args
    if options is None or a.vararg or a.kwarg or a.posonlyargs or f.returns is None:
        return None
    method = isinstance(holder, ast.ClassDef)
    if method and (not a.args or a.args[0].arg != "self"):
        return None
    new = f"_{f.name.strip('_')}_itself"
    own = {n.id for n in ast.walk(w.inner) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    names = {p.arg for p in (*a.args, *a.kwonlyargs)}
    mentioned = {n.id for n in ast.walk(w.inner) if isinstance(n, ast.Name)}
    taken = {m.name for m in holder.body if isinstance(m, _Function)}
    if names & mentioned or own & set(options) or new in taken:
        return None
    place = _Place(f, w, new, options, method=method)
    wrapper = copy.deepcopy(f)
    wrapper.decorator_list = []
    doc = f.body[:1] if ast.get_docstring(f) is not None else []
    wrapper.body = [*copy.deepcopy(doc), *(place.visit(copy.deepcopy(s)) for s in _said(w.inner.body))]
    if not place.certain:
        return None
    itself = copy.deepcopy(f)
    itself.name = new
    itself.decorator_list = []
    itself.body = _said(itself.body) or itself.body
    return [itself, wrapper]


class _Place(ast.NodeTransformer):
    """Writes what a wrapper does for one function."""

    def __init__(
        self, f: ast.FunctionDef, w: _Wrapper, new: str, options: Mapping[str, ast.expr], *, method: bool
    ) -> None:
        self.f, self.new, self.options, self.method = f, new, options, method
        self.wrapped = w.wrapped
        a = w.inner.args
        self.rest = (a.vararg.arg if a.vararg else "", a.kwarg.arg if a.kwarg else "")
        self.certain = True

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if not (isinstance(node.func, ast.Name) and node.func.id == self.wrapped):
            return self.generic_visit(node)  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
        match node:
            case ast.Call(
                args=[ast.Starred(value=ast.Name(id=args))],
                keywords=[ast.keyword(arg=None, value=ast.Name(id=named))],
            ) if (args, named) == self.rest:
                pass
            case _:
                self.certain = False
                return node
        given = [p.arg for p in self.f.args.args]
        func: ast.expr = ast.Name(self.new, ast.Load())
        if self.method:
            func = ast.Attribute(ast.Name(given[0], ast.Load()), self.new, ast.Load())
            given = given[1:]
        keywords = [ast.keyword(p.arg, ast.Name(p.arg, ast.Load())) for p in self.f.args.kwonlyargs]
        made = ast.Call(func, [ast.Name(p, ast.Load()) for p in given], keywords)
        return self._at(made, node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id == self.wrapped and node.attr == "__name__":
            return self._at(ast.Constant(self.f.name), node)
        return self.generic_visit(node)  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.expr:
        self.generic_visit(node)
        plain = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return node.value if plain and node.conversion == -1 and node.format_spec is None else node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.options:
            return self._at(copy.deepcopy(self.options[node.id]), node)
        if node.id in (self.wrapped, *self.rest):
            self.certain = False
        return node

    @staticmethod
    def _at(made: ast.expr, where: ast.expr) -> ast.expr:
        for n in ast.walk(made):
            if isinstance(n, ast.expr | ast.keyword):
                ast.copy_location(n, where)
        return made
