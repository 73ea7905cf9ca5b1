"""Classes of a Python module before they are lowered: inheritance is flattened, class methods become static ones."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping

from foundation_engine.port.front._python_names import dotted
from foundation_engine.port.ir import Unsupported


def _methods(c: ast.ClassDef) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    return {s.name: s for s in c.body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)}


def _decorated(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, *names: str) -> bool:
    return any(
        (dotted(d.func if isinstance(d, ast.Call) else d) or "").rpartition(".")[2] in names
        for d in node.decorator_list
    )


def is_abstract(f: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """True for a method that only declares what others implement."""
    body = f.body[1:] if ast.get_docstring(f) is not None else f.body
    empty = all(
        isinstance(s, ast.Pass)
        or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) and s.value.value is ...)
        or (isinstance(s, ast.Raise) and "NotImplementedError" in ast.unparse(s))
        for s in body
    )
    return _decorated(f, "abstractmethod") or empty


def flattened(c: ast.ClassDef, known: Mapping[str, ast.ClassDef]) -> ast.ClassDef:
    """The class with what it inherits from classes of this file written into it; itself when it has no such base.

    Raises Unsupported when that is not certain: a base from elsewhere, or `super()` other than in an initialiser that
    passes names and literals on.
    """
    bases = [dotted(b) or "" for b in c.bases]
    mine = [b for b in bases if b in known and known[b] is not c]
    if not mine:
        return c
    if any(b not in known and b.rpartition(".")[2] not in ("object", "ABC", "Protocol") for b in bases):
        raise Unsupported("a class with a base class from elsewhere", f"class {c.name}", c.lineno)
    if len(mine) > 1:
        raise Unsupported("a class with several base classes", f"class {c.name}", c.lineno)
    # A class below another of its own name, from a module that is not read, is not its own base.
    base = flattened(known[mine[0]], {name: other for name, other in known.items() if other is not c})
    out = copy.deepcopy(c)
    own = _methods(out)
    own_fields = {
        s.target.id: s for s in out.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
    }
    if _decorated(base, "dataclass") and not _decorated(out, "dataclass"):
        if own_fields:
            raise Unsupported("a class with fields below a data class", f"class {c.name}", c.lineno)
        out.decorator_list = [*out.decorator_list, *copy.deepcopy(base.decorator_list)]
    inherited: list[ast.stmt] = []
    replaced: set[str] = set()
    for s in base.body:
        if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name) and s.target.id in own_fields:
            # A field that is declared again keeps its place.
            inherited.append(own_fields[s.target.id])
            replaced.add(s.target.id)
        elif isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef):
            if s.name == "__init__" and s.name in own:
                _inline_init(own["__init__"], s, c)
            elif s.name not in own:
                inherited.append(copy.deepcopy(s))
        elif not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)):
            inherited.append(copy.deepcopy(s))
    rest = [
        s for s in out.body
        if not (isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name) and s.target.id in replaced)
    ]  # fmt: skip
    doc = rest[:1] if ast.get_docstring(out) is not None else []
    out.body = [*doc, *inherited, *rest[len(doc) :]]
    # What the base inherits from elsewhere, this class does, too.
    elsewhere = [
        b for b in base.bases if (dotted(b) or "").rpartition(".")[2] not in ("object", "ABC", "Protocol")
    ]
    out.bases = [*(b for b in c.bases if (dotted(b) or "") not in known), *elsewhere]
    for f in _methods(out).values():
        for n in ast.walk(f):
            if isinstance(n, ast.Name) and n.id == "super":
                raise Unsupported("a call of super()", f"class {c.name}", f.lineno)
    return out


def _inline_init(own: ast.FunctionDef | ast.AsyncFunctionDef, base: ast.stmt, c: ast.ClassDef) -> None:
    assert isinstance(base, ast.FunctionDef)  # noqa: S101 - an initialiser is no coroutine.
    params = [a.arg for a in base.args.args[1:]]
    defaults = (
        dict(zip(params[len(params) - len(base.args.defaults) :], base.args.defaults, strict=True))
        if base.args.defaults
        else {}
    )
    for i, s in enumerate(own.body):
        match s:
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__")
                ) as call
            ):
                given: dict[str, ast.expr] = dict(zip(params, call.args, strict=False))
                given |= {k.arg or "": k.value for k in call.keywords}
                given = {**defaults, **given}
                if set(given) != set(params) or base.args.kwonlyargs or base.args.vararg or base.args.kwarg:
                    raise Unsupported("a call of super()", f"class {c.name}", s.lineno)
                if not all(isinstance(v, ast.Name | ast.Constant) for v in given.values()):
                    raise Unsupported(
                        "a call of super() with computed arguments", f"class {c.name}", s.lineno
                    )
                stored = {
                    n.id
                    for b in base.body
                    for n in ast.walk(b)
                    if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
                }
                if stored:
                    raise Unsupported(
                        "a call of super() whose initialiser has variables", f"class {c.name}", s.lineno
                    )
                body = [
                    b
                    for b in copy.deepcopy(base.body)
                    if not (isinstance(b, ast.Expr) and isinstance(b.value, ast.Constant))
                ]
                own.body[i : i + 1] = [_Rename(given).visit(b) for b in body]
                return
            case _:
                continue


class _Rename(ast.NodeTransformer):
    """Puts expressions in place of names."""

    def __init__(self, names: Mapping[str, ast.expr]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.names and isinstance(node.ctx, ast.Load):
            return ast.copy_location(copy.deepcopy(self.names[node.id]), node)
        return node


def substituted(node: ast.expr, names: Mapping[str, ast.expr]) -> ast.expr:
    """The expression with other expressions in place of names."""
    made: ast.expr = _Rename(names).visit(copy.deepcopy(node)) if names else node
    return made


def class_methods_static(c: ast.ClassDef) -> ast.ClassDef:
    """The class with every class method as a static method that names the class."""
    if not any(_decorated(f, "classmethod") for f in _methods(c).values()):
        return c
    out = copy.deepcopy(c)
    for f in _methods(out).values():
        if not _decorated(f, "classmethod") or not f.args.args:
            continue
        first = f.args.args.pop(0).arg
        f.decorator_list = [
            ast.copy_location(ast.Name("staticmethod", ast.Load()), d)
            if (dotted(d) or "").rpartition(".")[2] == "classmethod"
            else d
            for d in f.decorator_list
        ]
        named = _Rename({first: ast.Name(c.name, ast.Load())})
        f.body = [named.visit(s) for s in f.body]
    return out
