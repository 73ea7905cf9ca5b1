"""The files of a Python package before they are lowered: who means which definition, and names that are unique.

Nothing is imported or run. A name that a file takes from a sibling (`from .models import Order`, `import shop.pricing`,
a re-export of an `__init__.py`) is followed to the file that defines it, and is written as that definition's name in
the package: its own name, or one with its file's name where several files have it.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from foundation_engine.port.front._python_names import dotted

_NOT_DEFINED = frozenset({"__all__", "__version__", "__author__", "__path__"})


class Source(Protocol):
    """A file of the package: its text, its dotted name, and whether everything in it is wanted."""

    @property
    def path(self) -> str:
        """The path, as messages show it."""
        ...

    @property
    def text(self) -> str:
        """The source text."""
        ...

    @property
    def module(self) -> str:
        """The dotted name under which it is imported."""
        ...

    @property
    def whole(self) -> bool:
        """False when only what other files use is wanted."""
        ...


@dataclass(frozen=True, slots=True)
class _Definition:
    """A name that a file defines."""

    file: int
    name: str


@dataclass(frozen=True, slots=True)
class _Space:
    """A module or package of the package, by its dotted name."""

    module: str


@dataclass(frozen=True, slots=True)
class _Foreign:
    """A name of another library, or with no name the library itself."""

    module: str
    name: str


_Meaning = _Definition | _Space | _Foreign


@dataclass
class LinkedFile:
    """A file whose names mean the package's; `definitions` maps its own names to those in the package."""

    path: str
    text: str
    module: str
    tree: ast.Module
    definitions: dict[str, str] = field(default_factory=dict[str, str])
    main: bool = False


@dataclass
class _File:
    index: int
    path: str
    text: str
    module: str
    whole: bool
    tree: ast.Module
    package: str
    defined: dict[str, ast.stmt] = field(default_factory=dict[str, ast.stmt])
    imported: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    spaces: dict[str, str] = field(default_factory=dict[str, str])
    stars: list[str] = field(default_factory=list[str])
    # Which definitions each of its definitions mentions; those that matter when the file is loaded apart.
    uses: dict[str, set[_Definition]] = field(default_factory=dict[str, set[_Definition]])
    at_load: set[int] = field(default_factory=set[int])
    mentions: list[tuple[ast.Name, _Definition]] = field(default_factory=list[tuple[ast.Name, _Definition]])
    names: set[str] = field(default_factory=set[str])  # every other name that its code has, by any meaning
    commands: set[str] = field(default_factory=set[str])  # functions that it registers as commands
    apps: set[str] = field(default_factory=set[str])  # definitions that run commands


@dataclass(frozen=True, slots=True)
class Broken:
    """A file of the package that does not parse."""

    path: str
    line: int
    message: str


class Package:
    """The files of one package, of which the first is the document that was asked for."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.broken: list[Broken] = []
        self.renamed: list[tuple[str, str, str]] = []
        self.files: list[_File] = []
        for s in sources:
            try:
                tree = ast.parse(s.text)
            except (SyntaxError, ValueError, RecursionError) as error:
                if not self.files:
                    raise
                line = error.lineno or 1 if isinstance(error, SyntaxError) else 1
                self.broken.append(
                    Broken(s.path, line, error.msg if isinstance(error, SyntaxError) else str(error))
                )
                continue
            is_package = s.path.replace("\\", "/").rpartition("/")[2] == "__init__.py"
            package = s.module if is_package else s.module.rpartition(".")[0]
            self.files.append(_File(len(self.files), s.path, s.text, s.module, s.whole, tree, package))
        self._by_module = {f.module: f for f in self.files}
        self.spaces = {
            ".".join(parts[: i + 1])
            for f in self.files
            for parts in [f.module.split(".")]
            for i in range(len(parts))
        }
        for f in self.files:
            self._read(f)

    # What a file defines and imports

    def _read(self, f: _File) -> None:
        for s in _statements(f.tree):
            match s:
                case ast.Import():
                    for alias in s.names:
                        if alias.asname is None:
                            head = alias.name.partition(".")[0]
                            if alias.name in self.spaces:
                                f.spaces[head] = head
                        elif alias.name in self.spaces:
                            f.spaces[alias.asname] = alias.name
                case ast.ImportFrom():
                    module = self.absolute(f, s)
                    for alias in s.names:
                        if alias.name == "*":
                            f.stars.append(module)
                        else:
                            f.imported[alias.asname or alias.name] = (module, alias.name)
                case _:
                    name = defined_name(s)
                    if name and name not in _NOT_DEFINED:
                        f.defined.setdefault(name, s)

    def absolute(self, f: _File, s: ast.ImportFrom) -> str:
        """The dotted name of the module that a file's statement imports from."""
        if not s.level:
            return s.module or ""
        parts = f.package.split(".") if f.package else []
        parts = parts[: len(parts) - (s.level - 1)] if s.level > 1 else parts
        return ".".join([*parts, *([s.module] if s.module else [])])

    def meaning(
        self, module: str, name: str, seen: frozenset[tuple[str, str]] = frozenset()
    ) -> _Meaning | None:
        """What `from module import name` gives; None when that is not known."""
        if (module, name) in seen:
            return None
        seen |= {(module, name)}
        f = self._by_module.get(module)
        if f is not None:
            if name in f.defined:
                return _Definition(f.index, name)
            if name in f.imported:
                return self.meaning(*f.imported[name], seen)
            if name in f.spaces:
                return _Space(f.spaces[name])
            for star in f.stars:
                if not name.startswith("_") and (found := self.meaning(star, name, seen)) is not None:
                    return found
        if f"{module}.{name}" in self.spaces:
            return _Space(f"{module}.{name}")
        return _Foreign(module, name) if module not in self.spaces else None

    # The whole

    def linked(self, line: int | None) -> list[LinkedFile]:
        """The files that are wanted, each below those that it needs when it is loaded; names mean the package's."""
        for f in self.files:
            _Resolver(self, f).run()
        wanted = self._wanted(line)
        names = self._names(wanted)
        for f in self.files:
            for node, meant in f.mentions:
                node.id = names.get((meant.file, meant.name), node.id)
            for name, s in f.defined.items():
                _rename(s, name, names.get((f.index, name), name))
        out: list[LinkedFile] = []
        for f in self._order():
            mine = {d.name for d in wanted if d.file == f.index}
            if not mine and not f.whole and f.index:
                continue
            definitions = {n: names[f.index, n] for n in f.defined if n in mine}
            if len(mine) < len(f.defined):
                f.tree.body = [s for s in f.tree.body if _concerns(s, set(definitions.values()))]
            out.append(LinkedFile(f.path, f.text, f.module, f.tree, definitions, not f.index))
        return out

    def _wanted(self, line: int | None) -> set[_Definition]:
        first = self.files[0]
        todo = [_Definition(f.index, n) for f in self.files if f.whole and f.index for n in f.defined]
        here = [n for n, s in first.defined.items() if line is not None and first_line(s) <= line <= _end(s)]
        todo += [_Definition(0, n) for n in (here or first.defined)]
        wanted: set[_Definition] = set()
        while todo:
            d = todo.pop()
            if d not in wanted:
                wanted.add(d)
                todo.extend(self.files[d.file].uses.get(d.name, ()))
                if d.name in self.files[d.file].apps:
                    # An application runs every command that its files register.
                    todo.extend(_Definition(f.index, n) for f in self.files for n in f.commands)
        return wanted

    def _names(self, wanted: set[_Definition]) -> dict[tuple[int, str], str]:
        """The name in the package of each definition that is wanted."""
        out: dict[tuple[int, str], str] = {}
        taken: dict[str, int] = {}
        used = {d.file for d in wanted}
        # What other files mean by the same letters: their imports and the builtins.
        elsewhere = {f.index: f.names for f in self.files if f.index in used}
        ordered = sorted(wanted, key=lambda d: (d.file, list(self.files[d.file].defined).index(d.name)))
        for d in ordered:
            clash = any(d.name in names for i, names in elsewhere.items() if i != d.file)
            made, tries = d.name, 0
            while taken.get(_folded(made), d.file) != d.file or (clash and made == d.name):
                made = _prefixed(d.name, self.files[d.file].module, tries)
                tries += 1
            if made != d.name:
                self.renamed.append((self.files[d.file].path, d.name, made))
            taken[_folded(made)] = d.file
            out[d.file, d.name] = made
        return out

    def _order(self) -> list[_File]:
        """The files, each below those that it needs when it is loaded, as far as there is such an order."""
        edges = {f.index: {d.file for used in f.uses.values() for d in used} - {f.index} for f in self.files}
        rough = _after(range(len(self.files)), edges)
        return [self.files[i] for i in _after(rough, {f.index: f.at_load - {f.index} for f in self.files})]


def _concerns(s: ast.stmt, names: set[str]) -> bool:
    """True for what belongs to these definitions of a file: they themselves, imports, statements that mention them."""
    if isinstance(s, ast.Import | ast.ImportFrom) or is_guard(s):
        return True
    name = defined_name(s)
    if name:
        return name in names
    if isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant):
        return True
    return any(isinstance(n, ast.Name) and n.id in names for n in ast.walk(s))


def _after(nodes: Iterable[int], edges: Mapping[int, set[int]]) -> list[int]:
    """The nodes, each after those that its edges lead to."""
    out: list[int] = []
    seen: set[int] = set()

    def visit(n: int) -> None:
        if n not in seen:
            seen.add(n)
            for m in sorted(edges.get(n, ())):
                visit(m)
            out.append(n)

    for n in nodes:
        visit(n)
    return out


def _folded(name: str) -> str:
    """Names that may become one in a language with other conventions are the same."""
    return name.lower().replace("_", "")


def _prefixed(name: str, module: str, tries: int) -> str:
    """The name with its file's: `_helper` of `shop.orders` is `_orders_helper`, `Order` is `OrdersOrder`."""
    parts = [p.strip("_") for p in module.split(".") if p.strip("_")]
    before = parts[-(tries + 1) :] if tries < len(parts) else [*parts, f"of{tries}"]
    if name.isupper():
        return "_".join([*before, name.lstrip("_")]).upper()
    if name.lstrip("_")[:1].isupper():
        spelled = "".join(w[:1].upper() + w[1:] for p in before for w in p.split("_"))
        return f"{'_' if name.startswith('_') else ''}{spelled}{name.lstrip('_')}"
    return f"{'_' if name.startswith('_') else ''}{'_'.join(before)}_{name.lstrip('_')}"


def _rename(s: ast.stmt, old: str, new: str) -> None:
    if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        s.name = new
    elif isinstance(s, ast.Assign | ast.AnnAssign):
        target = s.targets[0] if isinstance(s, ast.Assign) else s.target
        if isinstance(target, ast.Name) and target.id == old:
            target.id = new


def defined_name(s: ast.stmt) -> str:
    """The name that a statement of a module defines, "" for none."""
    if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return s.name
    if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name):
        return s.targets[0].id
    if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name):
        return s.target.id
    return ""


def first_line(s: ast.stmt) -> int:
    """The line of a definition's first decorator, or its own."""
    decorators: list[ast.expr] = getattr(s, "decorator_list", [])
    return min([s.lineno, *(d.lineno for d in decorators)])


def is_guard(s: ast.stmt) -> bool:
    """True for `if __name__ == ...` and `if TYPE_CHECKING`, whose definitions the module does not have."""
    if not isinstance(s, ast.If):
        return False
    if (dotted(s.test) or "").rpartition(".")[2] == "TYPE_CHECKING":
        return True
    return isinstance(s.test, ast.Compare) and dotted(s.test.left) == "__name__"


def _end(s: ast.stmt) -> int:
    return s.end_lineno or s.lineno


def _statements(tree: ast.Module) -> Iterable[ast.stmt]:
    """The statements of a module, and the imports of its guards."""
    for s in tree.body:
        if isinstance(s, ast.If) and is_guard(s):
            yield from (inner for inner in s.body if isinstance(inner, ast.Import | ast.ImportFrom))
        else:
            yield s


_Functions = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehensions = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class _Resolver(ast.NodeTransformer):
    """Finds what each name of a file means, in the scope that Python gives it; imports of siblings disappear."""

    def __init__(self, package: Package, f: _File) -> None:
        self.package = package
        self.file = f
        self.owner = ""
        self.depth = 0  # functions around
        # The names of each scope around; None is a variable. A class's names are seen by its own statements only.
        self.scopes: list[tuple[bool, dict[str, _Meaning | None]]] = []

    def run(self) -> None:
        f = self.file
        body: list[ast.stmt] = []
        for s in f.tree.body:
            self.owner = defined_name(s) if s in f.defined.values() else ""
            body.extend(self._visited(s))
        if len(self.package.files) > 1:
            for s in body:
                for member in s.body if isinstance(s, ast.ClassDef) else ():
                    # Where a member was written stays known when another file's class inherits it.
                    member.home = f.path  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        f.tree.body = body

    def _visited(self, s: ast.stmt) -> list[ast.stmt]:
        made: list[ast.stmt] | ast.stmt | None = self.visit(s)
        return made if isinstance(made, list) else [made] if made is not None else []

    # Names

    def _look(self, name: str) -> tuple[bool, _Meaning | None]:
        """Whether the name is known, and what it means where it is not a variable."""
        for i, (of_class, names) in enumerate(reversed(self.scopes)):
            if of_class and i:
                continue
            if name in names:
                return True, names[name]
        f = self.file
        if name in f.defined:
            return True, _Definition(f.index, name)
        if name in f.spaces:
            return True, _Space(f.spaces[name])
        if name in f.imported:
            return True, self.package.meaning(*f.imported[name])
        for star in f.stars:
            if (found := self.package.meaning(star, name)) is not None and not isinstance(found, _Foreign):
                return True, found
        return False, None

    def _refer(self, node: ast.expr, meant: _Definition) -> ast.expr:
        made = ast.copy_location(ast.Name(meant.name, getattr(node, "ctx", ast.Load())), node)
        self.file.mentions.append((made, meant))
        if self.owner:
            self.file.uses.setdefault(self.owner, set()).add(meant)
        if not self.depth:
            self.file.at_load.add(meant.file)
        return made

    def visit_Name(self, node: ast.Name) -> ast.expr:
        known, meant = self._look(node.id)
        if isinstance(meant, _Definition):
            return self._refer(node, meant)
        if not known or isinstance(meant, _Foreign):
            # A builtin, a library's name, or one whose meaning only running the file would tell.
            self.file.names.add(node.id)
            if isinstance(meant, _Foreign) and self.owner and meant.name in ("App", "register_command"):
                (self.file.apps if meant.name == "App" else self.file.commands).add(self.owner)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        chain: list[ast.Attribute] = []
        at: ast.expr = node
        while isinstance(at, ast.Attribute):
            chain.append(at)
            at = at.value
        if isinstance(at, ast.Name):
            meant = self._look(at.id)[1]
            while isinstance(meant, _Space) and chain:
                step = chain.pop()
                meant = self.package.meaning(meant.module, step.attr)
                if isinstance(meant, _Definition):
                    made: ast.expr = self._refer(step, meant)
                    for rest in reversed(chain):
                        made = ast.copy_location(ast.Attribute(made, rest.attr, rest.ctx), rest)
                    return made
        self.generic_visit(node)
        return node

    # Imports

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        kept = [a for a in node.names if a.name not in self.package.spaces]
        for a in kept:
            self.file.names.add(a.asname or a.name.partition(".")[0])
        return self._import(node, ast.Import(kept) if kept else None)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        package, f = self.package, self.file
        module = package.absolute(f, node)
        if module not in package.spaces:
            for a in node.names:
                f.names.add(a.asname or a.name)
            return [node]
        out: list[ast.stmt] = []
        for a in node.names:
            meant = package.meaning(module, a.name)
            if isinstance(meant, _Foreign):
                # A sibling hands on what it imported itself.
                f.names.add(a.asname or a.name)
                made = ast.ImportFrom(meant.module, [ast.alias(meant.name, a.asname or a.name)], 0)
                out.append(ast.fix_missing_locations(ast.copy_location(made, node)))
            elif meant is None and a.name != "*":
                f.names.add(a.asname or a.name)
                made = ast.ImportFrom(module, [a], 0)
                out.append(ast.fix_missing_locations(ast.copy_location(made, node)))
        if out:
            return out
        return self._import(node, None)

    def _import(self, node: ast.stmt, kept: ast.stmt | None) -> list[ast.stmt]:
        # A block may not become empty.
        made = kept if kept is not None else ast.Pass()
        return [ast.copy_location(made, node)]

    # Scopes

    def _function(self, node: _Functions) -> None:
        a = node.args
        names: dict[str, _Meaning | None] = {}
        for arg in [
            *a.posonlyargs,
            *a.args,
            *a.kwonlyargs,
            *([a.vararg] if a.vararg else []),
            *([a.kwarg] if a.kwarg else []),
        ]:
            names[arg.arg] = None
        body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
        outside: set[str] = set()
        for n in _own(body):
            self._binds(n, names, outside)
        self.scopes.append((False, {n: m for n, m in names.items() if n not in outside}))
        self.depth += 1
        if isinstance(node, ast.Lambda):
            node.body = self.visit(node.body)
        else:
            node.body = [made for s in node.body for made in self._visited(s)]
        self.depth -= 1
        self.scopes.pop()

    def _binds(self, n: ast.AST, names: dict[str, _Meaning | None], outside: set[str]) -> None:
        match n:
            case ast.Name(id=id, ctx=ast.Store() | ast.Del()):
                names[id] = None
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names[name] = None
            case ast.ExceptHandler(name=str() as name):
                names[name] = None
            case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
                names[name] = None
            case ast.MatchMapping(rest=str() as name):
                names[name] = None
            case ast.Global() | ast.Nonlocal():
                outside.update(n.names)
            case ast.Import():
                for alias in n.names:
                    local = alias.asname or alias.name.partition(".")[0]
                    inside = alias.name in self.package.spaces
                    names[local] = (
                        _Space(alias.name if alias.asname else local) if inside else _Foreign(alias.name, "")
                    )
            case ast.ImportFrom():
                module = self.package.absolute(self.file, n)
                for alias in n.names:
                    names[alias.asname or alias.name] = self.package.meaning(module, alias.name)
            case _:
                return

    def _head(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        a = node.args
        a.defaults = [self.visit(d) for d in a.defaults]
        a.kw_defaults = [self.visit(d) if d is not None else None for d in a.kw_defaults]
        for arg in [
            *a.posonlyargs,
            *a.args,
            *a.kwonlyargs,
            *([a.vararg] if a.vararg else []),
            *([a.kwarg] if a.kwarg else []),
        ]:
            arg.annotation = self._annotation(arg.annotation)
        node.returns = self._annotation(node.returns)

    def _annotation(self, node: ast.expr | None) -> ast.expr | None:
        if node is None:
            return None
        self.depth += 1  # It is not needed when the file is loaded.
        made: ast.expr = self.visit(_Unquote().visit(node))
        self.depth -= 1
        return made

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        self._head(node)
        self._function(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        self._head(node)
        self._function(node)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        node.args.defaults = [self.visit(d) for d in node.args.defaults]
        self._function(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        node.bases = [self.visit(b) for b in node.bases]
        node.keywords = [self.visit(k) for k in node.keywords]
        names: dict[str, _Meaning | None] = {}
        for s in node.body:
            for n in _own([s]):
                self._binds(n, names, set())
        self.scopes.append((True, names))
        node.body = [made for s in node.body for made in self._visited(s)]
        self.scopes.pop()
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        node.annotation = self._annotation(node.annotation) or node.annotation
        node.target = self.visit(node.target)
        node.value = self.visit(node.value) if node.value is not None else None
        return node

    def _comprehension(self, node: _Comprehensions) -> ast.expr:
        names: dict[str, _Meaning | None] = {
            n.id: None for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)
        }
        node.generators[0].iter = self.visit(node.generators[0].iter)
        self.scopes.append((False, names))
        for i, g in enumerate(node.generators):
            if i:
                g.iter = self.visit(g.iter)
            g.target = self.visit(g.target)
            g.ifs = [self.visit(c) for c in g.ifs]
        if isinstance(node, ast.DictComp):
            node.key = self.visit(node.key)
            node.value = self.visit(node.value)
        else:
            node.elt = self.visit(node.elt)
        self.scopes.pop()
        return node

    visit_ListComp = _comprehension  # noqa: N815 - the names that ast.NodeTransformer looks for.
    visit_SetComp = _comprehension  # noqa: N815
    visit_DictComp = _comprehension  # noqa: N815
    visit_GeneratorExp = _comprehension  # noqa: N815


class _Unquote(ast.NodeTransformer):
    """Types that an annotation names in a text, as expressions."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, str):
            return node
        try:
            made = ast.parse(node.value, mode="eval").body
        except SyntaxError:
            return node
        for n in ast.walk(made):
            ast.copy_location(n, node)
        return made

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if (dotted(node.value) or "").rpartition(".")[2] != "Literal":
            self.generic_visit(node)
        return node


def _own(body: Iterable[ast.AST]) -> Iterable[ast.AST]:
    """The nodes of a body that are not inside another scope, and the nodes that make those."""
    for n in body:
        yield n
        if not isinstance(n, _Functions | ast.ClassDef | _Comprehensions):
            yield from _own(ast.iter_child_nodes(n))
        elif isinstance(n, _Comprehensions):
            # A walrus inside binds outside.
            yield from (m.target for m in ast.walk(n) if isinstance(m, ast.NamedExpr))


def relocated(body: Iterable[ast.stmt], at: ast.stmt) -> list[ast.stmt]:
    """Copies of statements of another file that say they stand where `at` does."""
    out = [copy.deepcopy(s) for s in body]
    for s in out:
        for n in ast.walk(s):
            if isinstance(n, ast.expr | ast.stmt | ast.arg | ast.keyword | ast.ExceptHandler):
                ast.copy_location(n, at)
    return out
