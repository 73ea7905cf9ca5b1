"""Cached properties: worked out each time where nothing can show that, else with a field that keeps the value."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Iterable

from foundation_engine.port.front._python_names import dotted

# Methods of texts, numbers, lists and maps that only read.
_READING = frozenset(
    {
        "count", "endswith", "find", "format", "get", "index", "items", "join", "keys", "lower",
        "lstrip", "most_common", "partition", "removeprefix", "removesuffix", "replace", "rfind",
        "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "title",
        "upper", "values", "zfill", "isdigit", "isalpha", "isupper", "islower", "union", "intersection",
        "difference", "total_seconds", "isoformat", "strftime", "casefold", "capitalize", "copy", "date",
    }
)  # fmt: skip
_PURE_MODULES = frozenset({"math", "re", "statistics", "itertools", "operator", "string", "json", "hashlib"})
_IMPURE = frozenset(
    {"open", "print", "input", "exec", "eval", "globals", "setattr", "delattr", "next", "iter"}
)
_CHANGING = frozenset(
    {
        "append", "appendleft", "extend", "insert", "remove", "pop", "popleft", "popitem", "clear",
        "sort", "reverse", "add", "discard", "update", "setdefault",
    }
)  # fmt: skip


def cached_properties(tree: ast.Module) -> list[str]:
    """Write each `@cached_property` as a property; the names of those that are worked out each time."""
    again: list[str] = []
    modules = {a.asname or a.name for s in tree.body if isinstance(s, ast.Import) for a in s.names}
    for c in (s for s in tree.body if isinstance(s, ast.ClassDef)):
        for f in [m for m in c.body if isinstance(m, ast.FunctionDef)]:
            if [(dotted(d) or "").rpartition(".")[2] for d in f.decorator_list] != ["cached_property"]:
                continue
            if _shows_nothing(f, c, tree, modules & _PURE_MODULES):
                again.append(f"{c.name}.{f.name}")
            elif not _kept(f, c, tree):
                continue
            f.decorator_list = [ast.copy_location(ast.Name("property", ast.Load()), f.decorator_list[0])]
    return again


def _shows_nothing(f: ast.FunctionDef, c: ast.ClassDef, tree: ast.Module, modules: set[str]) -> bool:
    """Whether the property gives the same whenever it is asked, and does nothing else.

    That is so where it only reads, and nothing in the module changes what it reads, or what it gave.
    """
    methods = {m.name: m for m in c.body if isinstance(m, ast.FunctionDef)}
    read: set[str] = {f.name}
    todo, seen = [f], {f.name}
    while todo:
        at = todo.pop()
        own = {n.id for n in ast.walk(at) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        for n in (n for s in at.body for n in ast.walk(s)):
            match n:
                case ast.Yield() | ast.YieldFrom() | ast.Await() | ast.Global() | ast.Nonlocal() | ast.With():
                    return False
                case ast.Attribute(ctx=ast.Store() | ast.Del()):
                    return False
                case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()) if dotted(value) not in own:
                    return False
                case ast.Call(func=func) if not _reads(func, own, methods, modules):
                    return False
                case ast.Attribute(value=ast.Name(id="self"), attr=name):
                    read.add(name)
                    if name in methods and name not in seen:
                        seen.add(name)
                        todo.append(methods[name])
                case _:
                    pass
    result = ast.unparse(f.returns) if f.returns is not None else ""
    shared = result.startswith(("list", "dict", "set", "List", "Dict", "Set"))
    return not any(_changes(n, read) or (shared and _names_again(n, f.name)) for n in _outside_of_init(tree))


def _reads(func: ast.expr, own: set[str], methods: Iterable[str], modules: set[str]) -> bool:
    """Whether a call only reads: of a builtin, of a method of the class that is looked at too, of a value's method."""
    match func:
        case ast.Name(id=name):
            return hasattr(builtins, name) and name not in _IMPURE
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name in methods
        case ast.Attribute(value=ast.Name(id=name), attr=called) if name in modules:
            return bool(called)
        case ast.Attribute(value=ast.Name(id=name), attr=called) if name in own:
            return called in _READING or called in _CHANGING
        case ast.Attribute(attr=called):
            return called in _READING
        case _:
            return False


def _outside_of_init(tree: ast.Module) -> Iterable[ast.AST]:
    """Every node but those of initialisers, before which nothing is asked."""
    todo: list[ast.AST] = [tree]
    while todo:
        n = todo.pop()
        if isinstance(n, ast.FunctionDef) and n.name in ("__init__", "__post_init__"):
            continue
        yield n
        todo.extend(ast.iter_child_nodes(n))


def _names_again(n: ast.AST, name: str) -> bool:
    """Whether a node gives what the property gave another name, under which it could change."""
    match n:
        case (
            ast.Assign(value=ast.Attribute(attr=found))
            | ast.AnnAssign(value=ast.Attribute(attr=found))
            | ast.Return(value=ast.Attribute(attr=found))
        ):
            return found == name
        case _:
            return False


def _changes(n: ast.AST, read: set[str]) -> bool:
    """Whether a node changes one of the attributes, or what it holds."""
    match n:
        case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()):
            return name in read
        case ast.Subscript(value=ast.Attribute(attr=name), ctx=ast.Store() | ast.Del()):
            return name in read
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=name), attr=called)):
            return name in read and called in _CHANGING
        case _:
            return False


def _kept(f: ast.FunctionDef, c: ast.ClassDef, tree: ast.Module) -> bool:
    """Keep the value in a field that is None at first; False where that cannot be told from a value."""
    init = next((m for m in c.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"), None)
    said = ast.unparse(f.returns) if f.returns is not None else "None"
    field, work = f"_{f.name}", f"_work_out_{f.name}"
    named = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    if init is None or "None" in said or "Optional" in said or "Any" in said or {field, work} & named:
        return False
    made = copy.deepcopy(f)
    made.name, made.decorator_list = work, []
    if ast.get_docstring(made) is not None:
        made.body = made.body[1:]
    doc = f.body[: 1 if ast.get_docstring(f) is not None else 0]
    asked = f"if self.{field} is None:\n    self.{field} = self.{work}()\nreturn self.{field}"
    f.body = [*doc, *_placed(asked, f)]
    init.body += _placed(f"self.{field}: {said} | None = None", init.body[-1])
    c.body.insert(c.body.index(f) + 1, made)
    return True


def _placed(text: str, at: ast.stmt) -> list[ast.stmt]:
    body = ast.parse(text).body
    for s in body:
        for n in ast.walk(s):
            if isinstance(n, ast.stmt | ast.expr):
                ast.copy_location(n, at)
    return body
