"""Classes of a Python module before they are lowered: inheritance is flattened, class methods become static ones."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

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

    Raises Unsupported when that is not certain: a base from elsewhere, or `super()` for something else than a method.
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
    kept = _called_above(own, base, c)
    out.body = [*doc, *inherited, *kept, *rest[len(doc) :]]
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


def _called_above(
    own: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef], base: ast.ClassDef, c: ast.ClassDef
) -> list[ast.stmt]:
    """The base's methods that methods of the class call through `super()`, under names of their own."""
    above = _methods(base)
    kept: dict[str, ast.stmt] = {}
    for f in own.values():
        for n in ast.walk(f):
            match n:
                case ast.Attribute(value=ast.Call(func=ast.Name(id="super"), args=[]) as call, attr=name) if (
                    name != "__init__"
                ):
                    method = above.get(name)
                    if method is None or _decorated(method, "staticmethod", "classmethod", "property"):
                        raise Unsupported("a call of super()", f"class {c.name}", n.lineno)
                    made = (
                        f"_{name.strip('_')}_of_{re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', base.name).lower()}"
                    )
                    if made in own or made in above:
                        raise Unsupported("a call of super()", f"class {c.name}", n.lineno)
                    if made not in kept:
                        copied = copy.deepcopy(method)
                        copied.name = made
                        copied.decorator_list = [
                            d
                            for d in copied.decorator_list
                            if (dotted(d) or "").rpartition(".")[2] not in ("abstractmethod", "override")
                        ]
                        kept[made] = copied
                    n.value = ast.copy_location(ast.Name("self", ast.Load()), call)
                    n.attr = made
                case _:
                    pass
    return list(kept.values())


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
                given |= {p: v for p, v in defaults.items() if p not in given}
                if set(given) != set(params) or base.args.kwonlyargs or base.args.vararg or base.args.kwarg:
                    raise Unsupported("a call of super()", f"class {c.name}", s.lineno)
                # What is computed is computed once, before the base's initialiser runs.
                used = {n.id for n in ast.walk(own) if isinstance(n, ast.Name)} | {
                    a.arg for a in own.args.args
                }
                before: list[ast.stmt] = []
                for name, value in given.items():
                    if isinstance(value, ast.Name | ast.Constant):
                        continue
                    if name in used:
                        raise Unsupported(
                            "a call of super() with computed arguments", f"class {c.name}", s.lineno
                        )
                    held = ast.Assign([ast.Name(name, ast.Store())], value)
                    before.append(_placed(held, s))
                    given[name] = ast.copy_location(ast.Name(name, ast.Load()), value)
                stored = {
                    n.id
                    for b in base.body
                    for n in ast.walk(b)
                    if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
                }
                if stored & (used | set(given)):
                    raise Unsupported(
                        "a call of super() whose initialiser has variables", f"class {c.name}", s.lineno
                    )
                body = [
                    b
                    for b in copy.deepcopy(base.body)
                    if not (isinstance(b, ast.Expr) and isinstance(b.value, ast.Constant))
                ]
                own.body[i : i + 1] = [*before, *(_Rename(given).visit(b) for b in body)]
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


# Options of `field` that say nothing about how an object is made.
_SILENT = frozenset(
    {
        "repr",
        "eq",
        "hash",
        "compare",
        "order",
        "metadata",
        "description",
        "env_var",
        "env_prefix",
        "sensitive",
    }
)
_AFTER = ("__attrs_post_init__", "__post_init__")


def with_initialiser(c: ast.ClassDef, attrs: bool, named: Callable[[str], str]) -> ast.ClassDef:
    """A data class that does more than keep what it is given, as a plain class with the initialiser that it has.

    That is one with a `__post_init__`, or with fields that are no parameters or that equality leaves out. Itself when
    it is none of that. The parameters of `attrs` classes have no underscore in front; `named` gives a function's
    name where it is imported from. Raises Unsupported where what its making does is not certain.
    """
    methods = _methods(c)
    after = next((methods[n] for n in _AFTER if n in methods), None)
    fields = {
        s.target.id: s
        for s in c.body
        if isinstance(s, ast.AnnAssign)
        and isinstance(s.target, ast.Name)
        and "ClassVar" not in ast.unparse(s.annotation)
    }
    options = {name: _field_options(s.value, named) for name, s in fields.items()}
    telling = {name for name, o in options.items() if {"init", "eq", "compare"} & set(o)}
    if "__init__" in methods or (after is None and not telling):
        return c
    homes = {getattr(s, "home", "") for s in [*fields.values(), *([after] if after is not None else [])]}
    if len(homes) > 1:
        raise Unsupported("a data class whose fields stand in several files", f"class {c.name}", c.lineno)
    arguments = ast.arguments([], [ast.arg("self")], None, [], [], None, [])
    body: list[ast.stmt] = []
    for name, s in fields.items():
        given = options[name]
        default = _default_of(s, given)
        if _says(given.get("init"), False):
            value = default
            if value is None and not _always_stored(after, name):
                raise Unsupported(f"the field {name}, which is not set at first", ast.unparse(s), s.lineno)
        else:
            parameter = name.lstrip("_") if attrs else name
            value = ast.Name(parameter, ast.Load())
            if _says(given.get("kw_only"), True) or _says(_class_option(c, "kw_only"), True):
                arguments.kwonlyargs.append(ast.arg(parameter, s.annotation))
                arguments.kw_defaults.append(default)
            else:
                arguments.args.append(ast.arg(parameter, s.annotation))
                arguments.defaults += [default] if default is not None else []
        field = ast.Attribute(ast.Name("self", ast.Load()), name, ast.Store())
        made = ast.AnnAssign(field, s.annotation, value, 0)
        body.append(_placed(copy.deepcopy(made), s))
    if after is not None:
        used = {n.id for n in ast.walk(after) if isinstance(n, ast.Name)}
        given = {a.arg for a in [*arguments.args[1:], *arguments.kwonlyargs]}
        if after.args.args[1:] or after.args.kwonlyargs or used & given or "super" in used:
            raise Unsupported("a `__post_init__` of this kind", f"class {c.name}", after.lineno)
        body += after.body[1:] if ast.get_docstring(after) is not None else after.body
    initialiser = _placed(
        ast.FunctionDef("__init__", arguments, body or [ast.Pass()], [], ast.Constant(None)), after or c
    )
    # Where its annotations and defaults are read; and its defaults are worked out for each object.
    initialiser.home = homes.pop() if homes else ""  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    initialiser.per_object = True  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    out = copy.copy(c)
    kept = [s for s in c.body if s is not after and s not in fields.values()]
    at = 1 if ast.get_docstring(c) is not None else 0
    out.body = [*kept[:at], initialiser, *kept[at:]]
    out.decorator_list = []
    if _says(_class_option(c, "order"), True):
        # Objects compare by these fields.
        out.compared = tuple(  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
            n for n, o in options.items() if not _says(o.get("compare"), False)
        )
    return out


def order_of(c: ast.ClassDef) -> tuple[str, ...]:
    """The fields by which objects of a class are smaller: those that `__lt__` compares, or those that take part."""
    compared = getattr(c, "compared", ())
    if compared:
        return compared
    f = _methods(c).get("__lt__")
    body = (
        f.body[1:] if f is not None and ast.get_docstring(f) is not None else f.body if f is not None else []
    )
    match body:
        case [ast.Return(value=ast.Compare(left=left, ops=[ast.Lt()], comparators=[right]))]:
            mine, other = (x.elts if isinstance(x, ast.Tuple) else [x] for x in (left, right))
            names = [n.attr for n in mine if isinstance(n, ast.Attribute) and dotted(n.value) == "self"]
            theirs = [n.attr for n in other if isinstance(n, ast.Attribute) and dotted(n.value) != "self"]
            return tuple(names) if names == theirs and len(names) == len(mine) == len(other) else ()
        case _:
            return ()


def _field_options(value: ast.expr | None, named: Callable[[str], str]) -> dict[str, ast.expr]:
    """What a call of `field` says; nothing for a plain default."""
    if not isinstance(value, ast.Call) or "field" not in named(dotted(value.func) or ""):
        return {}
    return {k.arg or "": k.value for k in value.keywords}


def _default_of(s: ast.AnnAssign, options: Mapping[str, ast.expr]) -> ast.expr | None:
    """The expression that gives a field its value where none is given."""
    unknown = set(options) - _SILENT - {"init", "default", "default_factory", "factory", "kw_only"}
    if unknown or "InitVar" in ast.unparse(s.annotation):
        raise Unsupported("a dataclass field with these options", ast.unparse(s), s.lineno)
    if "default" in options:
        return options["default"]
    factory = options.get("default_factory", options.get("factory"))
    if factory is not None:
        return made_by(factory)
    bare = isinstance(s.value, ast.Call) and not s.value.keywords
    return None if options or bare else s.value


def made_by(factory: ast.expr) -> ast.expr:
    """What a factory makes, as an expression."""
    match factory:
        case ast.Lambda(body=body):
            return body
        case ast.Name(id="list"):
            return ast.copy_location(ast.List([], ast.Load()), factory)
        case ast.Name(id="dict"):
            return ast.copy_location(ast.Dict([], []), factory)
        case _:
            return ast.copy_location(ast.Call(factory, [], []), factory)


def _always_stored(f: ast.FunctionDef | ast.AsyncFunctionDef | None, name: str) -> bool:
    """True when a statement of the function's own block sets the field."""
    return any(
        isinstance(t, ast.Attribute) and dotted(t) == f"self.{name}"
        for s in (f.body if f is not None else ())
        for t in (
            s.targets if isinstance(s, ast.Assign) else [s.target] if isinstance(s, ast.AnnAssign) else []
        )
    )


def _says(option: ast.expr | None, value: bool) -> bool:
    return isinstance(option, ast.Constant) and option.value is value


def _class_option(c: ast.ClassDef, name: str) -> ast.expr | None:
    return next(
        (k.value for d in c.decorator_list if isinstance(d, ast.Call) for k in d.keywords if k.arg == name),
        None,
    )


_Placed = TypeVar("_Placed", bound=ast.stmt)


def _placed(made: _Placed, at: ast.stmt) -> _Placed:
    """The statement, whose new nodes stand where another one does."""
    for n in ast.walk(made):
        if isinstance(n, ast.stmt | ast.expr | ast.arg | ast.arguments) and not hasattr(n, "lineno"):
            ast.copy_location(n, at)
    return made
