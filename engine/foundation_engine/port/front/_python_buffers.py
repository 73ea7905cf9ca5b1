"""Texts that a function of Python collects in an `io.StringIO`, also as rows of a table, as texts that grow."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from foundation_engine.port.front._python_names import dotted

_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def growing_texts(tree: ast.Module) -> None:
    """`out = io.StringIO()` becomes `out = ""`, a write to it `out +=`, where nothing else is done with it."""
    names = {"io.StringIO", "csv.writer"} | {
        alias.name
        for s in tree.body
        if isinstance(s, ast.ImportFrom) and s.module in ("io", "csv")
        for alias in s.names
        if alias.asname is None and alias.name in ("StringIO", "writer")
    }
    for f in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        for s in [s for s in _statements(f.body) if isinstance(s, ast.Assign)]:
            name = _made(s, names, "StringIO")
            if name and (writers := _writers(f, name, names)) is not None:
                _Grow(name, writers, names).visit(f)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a function, without those of functions in it."""
    for s in body:
        if not isinstance(s, _INNER):
            yield s
            for part in ast.iter_child_nodes(s):
                if isinstance(part, ast.stmt):
                    yield from _statements([part])
                elif isinstance(part, ast.ExceptHandler | ast.match_case):
                    yield from _statements(part.body)


def _made(s: ast.Assign, names: set[str], kind: str) -> str:
    """The variable that a statement gives a new buffer, or a writer of rows; empty for another statement."""
    match s:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=func, args=args) as call):
            said = dotted(func) or ""
            plain = not args and not call.keywords if kind == "StringIO" else len(args) == 1
            return name if said in names and said.endswith(kind) and plain else ""
        case _:
            return ""


def _writers(f: ast.FunctionDef, name: str, names: set[str]) -> dict[str, str] | None:
    """The writers of rows into a buffer, with what ends a row; None where more is done with it than writing."""
    writers: dict[str, str] = {}
    for s in _statements(f.body):
        if isinstance(s, ast.Assign) and (made := _made(s, names, "writer")):
            assert isinstance(s.value, ast.Call)  # noqa: S101 - a writer is made by a call.
            ends = _ends(s.value)
            if dotted(s.value.args[0]) == name:
                if ends is None or made in writers:
                    return None
                writers[made] = ends
    made = [
        s for s in _statements(f.body) if isinstance(s, ast.Assign) and _made(s, names, "StringIO") == name
    ]
    if writers and len(made) > 1:
        # A writer keeps the buffer that it was made for.
        return None
    known: set[int] = set()
    for s in _statements(f.body):
        known |= {id(n) for n in _plain_uses(s, name, writers, names)}
    rows = {f"{w}_row" for w in writers}
    used = [n for n in ast.walk(f) if isinstance(n, ast.Name) and n.id in {name, *writers, *rows}]
    return writers if all(id(n) in known for n in used) else None


def _ends(call: ast.Call) -> str | None:
    match call.keywords:
        case []:
            return "\r\n"
        case [ast.keyword(arg="lineterminator", value=ast.Constant(value=str() as ends))]:
            return ends
        case _:
            return None


def _plain_uses(s: ast.stmt, name: str, writers: dict[str, str], names: set[str]) -> Iterator[ast.Name]:
    """The names in a statement that stand where they are known to mean writing to the buffer, or its text."""
    match s:
        case ast.Assign(targets=[ast.Name() as target], value=ast.Call(args=args)):
            writer = _made(s, names, "writer")
            if writer in writers or _made(s, names, "StringIO") == name:
                yield target
                yield from (a for a in args if isinstance(a, ast.Name))
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name() as on, attr=method), args=[_], keywords=[])
        ):
            if (method == "write" and on.id == name) or (
                method in ("writerow", "writerows") and on.id in writers
            ):
                yield on
        case _:
            pass
    parts = [p for p in ast.iter_child_nodes(s) if isinstance(p, ast.expr)]
    for n in (n for p in parts for n in _outside_functions(p)):
        match n:
            case ast.Call(func=ast.Attribute(value=ast.Name() as on, attr="getvalue"), args=[], keywords=[]):
                yield on
            case _:
                pass


def _outside_functions(e: ast.AST) -> Iterator[ast.AST]:
    if not isinstance(e, _INNER):
        yield e
        for part in ast.iter_child_nodes(e):
            yield from _outside_functions(part)


class _Grow(ast.NodeTransformer):
    """Writes a buffer as a text."""

    def __init__(self, name: str, writers: dict[str, str], names: set[str]) -> None:
        self.name, self.writers, self.names = name, writers, names

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        if _made(node, self.names, "StringIO") == self.name:
            node.value = ast.copy_location(ast.Constant(""), node.value)
            return node
        if _made(node, self.names, "writer") in self.writers:
            return []
        return self.generic_visit(node)  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        self.generic_visit(node)
        match node.value:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=on), attr="write"), args=[text]) if (
                on == self.name
            ):
                return self._grown(text, node)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=on), attr="writerow"), args=[row]) if (
                on in self.writers
            ):
                return self._grown(self._row(row, on), node)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=on), attr="writerows"), args=[rows]) if (
                on in self.writers
            ):
                row = f"{on}_row"
                step = self._grown(self._row(ast.Name(row, ast.Load()), on), node)
                made = ast.For(ast.Name(row, ast.Store()), rows, [step], [])
                return ast.fix_missing_locations(ast.copy_location(made, node))
            case _:
                return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=on), attr="getvalue")) if on == self.name:
                return ast.copy_location(ast.Name(on, ast.Load()), node)
            case _:
                return self.generic_visit(node)  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    def _row(self, row: ast.expr, writer: str) -> ast.expr:
        if isinstance(row, ast.List | ast.Tuple):
            texts: list[ast.expr] = [
                e
                if isinstance(e, ast.Starred) or (isinstance(e, ast.Constant) and isinstance(e.value, str))
                else ast.Call(ast.Name("str", ast.Load()), [e], [])
                for e in row.elts
            ]
            row = ast.List(texts, ast.Load())
        return ast.Call(ast.Name("<row>", ast.Load()), [row, ast.Constant(self.writers[writer])], [])

    def _grown(self, text: ast.expr, at: ast.stmt) -> ast.stmt:
        made = ast.AugAssign(ast.Name(self.name, ast.Store()), ast.Add(), text)
        return ast.fix_missing_locations(ast.copy_location(made, at))
