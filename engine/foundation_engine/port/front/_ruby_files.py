"""The files that a Ruby file requires by relative paths, as one text behind it.

The document keeps its place at the top, so that its lines stay its own. A file is joined where loading it does nothing
but define, and no name in it means something else in another; of the others, what they define stays unknown.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from foundation_grammars.tree import parse
from foundation_specs.model import LanguageId

from foundation_engine.port import ir
from foundation_engine.port.front import _ruby_ast as ast
from foundation_engine.port.request import SourceFile

_REQUIRED = re.compile(r"""^[ \t]*require_relative[ \t(]+(["'])([\w./-]+)\1""", re.MULTILINE)
# Calls that may stand in a class or module without running anything else.
_HARMLESS = frozenset(
    [f"attr_{kind}" for kind in ("reader", "writer", "accessor")]
    + [f"{kind}_constant" for kind in ("private", "public")]
    + ["require", "require_relative", "include", "extend", "module_function"]
    + ["public", "private", "protected", "private_class_method"]
)


@dataclass(frozen=True, slots=True)
class Joined:
    """A document with what it requires behind it: the text, and where each file begins, by the lines before it."""

    text: str
    paths: tuple[str, ...]
    before: tuple[int, ...]

    def place(self, line: int) -> tuple[str, int]:
        """The file that a line of the text is of, and its number there."""
        at = bisect.bisect_left(self.before, line) - 1
        return self.paths[max(at, 0)], line - self.before[max(at, 0)]


def required(text: str) -> list[str]:
    """The relative paths that a file requires, without their ending."""
    return [m[2].removesuffix(".rb") for m in _REQUIRED.finditer(text)]


def join(path: str, text: str, others: Sequence[SourceFile]) -> Joined:
    """The document's text with the files that can be joined to it behind it."""
    names = _defined(text)
    paths, before = [path], [0]
    if names is None:
        return Joined(text, (path,), (0,))
    taken = set(names)
    for other in others:
        found = _defined(other.text)
        if found is None or len(found) != len(set(found)) or taken & set(found):
            continue
        taken |= set(found)
        text = text.rstrip("\n") + "\n\n"
        paths.append(other.path)
        before.append(text.count("\n"))
        text += other.text
    return Joined(text, tuple(paths), tuple(before))


def settle(module: ir.Module, joined: Joined, wanted: Container[str]) -> None:
    """Give each definition its file, and each line its number there; leave out what nobody wants of other files."""
    module.definitions = [
        d
        for d in module.definitions
        if not isinstance(d, ir.Declined) or d.name in wanted or joined.place(d.line)[0] == joined.paths[0]
    ]
    left = {d.line for d in module.definitions}
    module.declines = [
        why for why in module.declines if joined.place(why.line)[0] == joined.paths[0] or why.line in left
    ]
    for d in module.definitions:
        path, _ = joined.place(d.line)
        module.origins[d.name] = ir.Origin(path, d.name)
    for n in {id(n): n for d in module.definitions for n in ir.walk(d)}.values():
        _, n.line = joined.place(n.line)
    for why in module.declines:
        why.path, why.line = joined.place(why.line)


def _defined(text: str) -> list[str] | None:
    """The names that a file defines, the last part of each; None where loading it does more than define."""
    tree = parse(text.encode(), LanguageId.RUBY)
    if tree.errors:
        return None
    try:
        return list(_names(ast.Reader(tree).program()))
    except (ir.Unsupported, ValueError):
        return None


def _names(body: Sequence[ast.Node]) -> Iterator[str]:
    for n in body:
        match n:
            case ast.ModuleNode(path=path, body=inner) if path != "<<self":
                yield from _names(inner)
            case ast.ModuleNode() | ast.Literal():
                pass
            case ast.ClassNode(path=path):
                yield path
            case ast.Assign(target=ast.Const(path=path)) | ast.Def(name=path):
                yield path
            case ast.Call(recv=None, name=name) | ast.Ident(name=name) if name in _HARMLESS:
                yield from (
                    (a.name for a in n.args if isinstance(a, ast.Def)) if isinstance(n, ast.Call) else ()
                )
            case _:
                raise ValueError(n.line)
