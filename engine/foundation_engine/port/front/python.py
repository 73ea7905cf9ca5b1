"""From Python source to the intermediate representation, with types from annotations and from local inference."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import ast
import contextlib
import copy
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

from foundation_engine.port import ir
from foundation_engine.port.front import _python_any as mixed
from foundation_engine.port.front import _python_backoff as backoff
from foundation_engine.port.front import _python_clients as clients
from foundation_engine.port.front import _python_closures as closures
from foundation_engine.port.front import _python_operators as operators
from foundation_engine.port.front import _python_patterns as patterns
from foundation_engine.port.front import _python_regex as regex
from foundation_engine.port.front import _python_setters as setters
from foundation_engine.port.front import _python_sugar as sugar
from foundation_engine.port.front import _python_tenacity as tenacity
from foundation_engine.port.front import _python_times as times
from foundation_engine.port.front._python_calls import formattable
from foundation_engine.port.front._python_classes import (
    class_methods_static,
    flattened,
    is_abstract,
    made_by,
    order_of,
    substituted,
    with_initialiser,
)
from foundation_engine.port.front._python_errors import ErrorText, method_of
from foundation_engine.port.front._python_expr import ExpressionLowerer, entry, join, unify_element
from foundation_engine.port.front._python_names import (
    ADDRESS,
    BUILTIN_ERRORS,
    LIBRARY_TYPES,
    PATH,
    PATTERN_OBJECTS,
    ClassInfo,
    Scope,
    Signature,
    dotted,
    foreign_name,
)
from foundation_engine.port.front._python_package import (
    Broken,
    LinkedFile,
    Package,
    Source,
    defined_name,
    first_line,
    is_guard,
)
from foundation_engine.port.front._reading import Comments, reachable
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.locks import elapsed
from foundation_engine.port.passes import Effects, loop_nodes, terminates


def lower_module(text: str, name: str, line: int | None = None) -> ir.Module:
    """The module as IR; `line` restricts function bodies to the definition there and what it calls.

    Raises SyntaxError when the text is not Python. Everything else that is not understood becomes a hole or a
    `Declined` definition.
    """
    alone = LinkedFile("", text, name, ast.parse(text), main=True)
    return _lowered([alone], name, lambda lowerer: _reachable(lowerer, line))


def lower_package(sources: Sequence[Source], name: str, line: int | None = None) -> ir.Module:
    """Files of one package as one module; the first is the document, which `line` is a line of.

    Definitions of the files that are not `whole` come along where others use them. Raises SyntaxError when the document
    is not Python; another file that does not parse is a decline.
    """
    package = Package(sources)
    files = package.linked(line)
    module = _lowered(files, name, lambda _: None)
    if package.renamed:
        told = ", ".join(f"`{old}` of {path} to `{new}`" for path, old, new in package.renamed)
        module.differ(f"Names that mean something else in another file are renamed: {told}.")
    module.declines.extend(_unreadable(b) for b in package.broken)
    return module


def _unreadable(b: Broken) -> Unsupported:
    return Unsupported(f"the file does not parse: {b.message}", b.path, b.line, b.path)


def read_comments(text: str) -> Comments:
    """Comments of the source, without `#` and the space after it; tool pragmas are left out."""
    out = Comments()
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        body = token.string.lstrip("#").strip()
        if not body or body.startswith(
            ("type:", "noqa", "pragma:", "pyright:", "pylint:", "mypy:", "!", "-*-", "ruff:", "fmt:")
        ):
            continue
        row, col = token.start
        if row <= len(lines) and lines[row - 1][:col].strip():
            out.trailing[row] = body
        else:
            out.standing[row] = body
    return out


# Functions that raise ValueError in Python alone for a value outside their domain.
_HAS_A_DOMAIN = frozenset({"math.sqrt", "math.log", "math.log2", "math.log10"})
PATHS = "Paths are texts, as written: pathlib also drops doubled separators and `.` parts."
ASYNC = "Coroutines are functions that block until they are done; what awaits them runs one after the other."


class _Annotations:
    """Types from annotations."""

    _PLAIN: ClassVar[Mapping[str, Type]] = {
        "int": ir.INT, "float": ir.FLOAT, "bool": ir.BOOL, "str": ir.STR, "bytes": ir.BYTES, "None": ir.NONE,
        "object": ir.ANY, "Any": ir.ANY, "Exception": ir.ERROR, "BaseException": ir.ERROR,
    }  # fmt: skip
    _LISTS: ClassVar[frozenset[str]] = frozenset(
        {"list", "List", "Sequence", "MutableSequence", "Iterable", "Collection", "deque", "Deque"}
    )
    _DICTS: ClassVar[frozenset[str]] = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "OrderedDict"})
    _SETS: ClassVar[frozenset[str]] = frozenset(
        {"set", "Set", "frozenset", "FrozenSet", "AbstractSet", "MutableSet"}
    )

    CONTAINERS: ClassVar[frozenset[str]] = _LISTS | _DICTS | _SETS

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.cls = ""  # the class whose members are read now, which `Self` means
        self.named: list[str] = []  # names of types whose meaning is being read
        self.types: Mapping[str, Type] = {}  # what the type parameters of a library's function stand for

    def type_of(self, node: ast.expr | None) -> Type:
        """The type that an annotation means; raises Unsupported."""
        match node:
            case None:
                return ir.UNKNOWN
            case ast.Constant(value=None):
                return ir.NONE
            case ast.Constant(value=str() as text):
                return self.type_of(ast.parse(text, mode="eval").body)
            case ast.Name() | ast.Attribute():
                return self._named(node)
            case ast.BinOp(op=ast.BitOr()):
                return self._union([node.left, node.right], node)
            case ast.Subscript():
                return self._generic(node)
            case _:
                raise Unsupported("annotation is not a type this port knows", ast.unparse(node), node.lineno)

    def one_of(self, node: ast.expr | None) -> tuple[Type, ...]:
        """The types of a union of several, which is of type ANY; () for any other annotation."""
        members: list[ast.expr] = []
        todo = [node] if isinstance(node, ast.BinOp) else []
        while todo:
            n = todo.pop()
            if isinstance(n, ast.BinOp) and isinstance(n.op, ast.BitOr):
                todo += [n.right, n.left]
            else:
                members.append(n)
        return tuple(map(self.type_of, members)) if members and self.type_of(node) == ir.ANY else ()

    def _named(self, node: ast.expr) -> Type:
        name = (dotted(node) or "").rpartition(".")[2]
        if name in self.types:
            return self.types[name]
        if name in self.scope.classes:
            return ir.NamedT(name)
        origin = self.scope.foreign.get(name)
        original = origin[1] if origin else name
        if self.scope.origin(node) in (("threading", "Lock"), ("threading", "RLock")):
            return ir.LOCK
        of_time = times.type_named(self.scope.aware, self.scope.origin(node))
        if of_time is not None:
            return of_time
        if original in self._PLAIN:
            return self._PLAIN[original]
        if original in self._LISTS:
            return ir.ListT(ir.UNKNOWN)
        if original in self._DICTS:
            return ir.DictT(ir.UNKNOWN, ir.UNKNOWN)
        if original in self._SETS:
            return ir.SetT(ir.UNKNOWN)
        known = LIBRARY_TYPES.get(self.scope.origin(node))
        if known is not None:
            return ir.NamedT(known)
        symbol = patterns.symbol_of(*origin) if origin else None
        if symbol is not None and original in ("HttpResponse", "ProcessResult"):
            return ir.NamedT(original)
        if symbol is not None and original in PATTERN_OBJECTS and original[0].isupper():
            return ir.NamedT(PATTERN_OBJECTS[original])
        if origin == ("provide.foundation.process", "CompletedProcess"):
            return ir.NamedT("ProcessResult")
        if (
            origin is not None
            and origin[0] == "pathlib"
            and original in ("Path", "PurePath", "PurePosixPath")
        ):
            self.scope.differ(PATHS)
            return PATH
        path = dotted(node) or ""
        if (
            path.count(".") == 1
            and self.scope.modules.get(path.partition(".")[0]) == "pathlib"
            and name in ("Path", "PurePath", "PurePosixPath")
        ):
            self.scope.differ(PATHS)
            return PATH
        if original == "Self" and self.cls:
            return ir.NamedT(self.cls)
        if self.scope.error_base(original) is not None:
            return ir.NamedT(original)
        meant = self.scope.constant_nodes.get(name)
        if meant is not None and isinstance(node, ast.Name) and not isinstance(meant, ast.Constant):
            # A name for a type.
            if name in self.named:
                raise Unsupported("a type that holds itself", name, node.lineno)
            self.named.append(name)
            try:
                return self.type_of(meant)
            finally:
                self.named.pop()
        raise Unsupported(f"type {original} has no known counterpart", ast.unparse(node), node.lineno)

    def _union(self, parts: list[ast.expr], node: ast.expr) -> Type:
        kinds: list[Type] = []
        none = False
        for part in parts:
            t = self.type_of(part)
            if t == ir.NONE:
                none = True
            elif isinstance(t, ir.OptionalT):
                none = True
                kinds.append(t.elem)
            else:
                kinds.append(t)
        if len(set(kinds)) == 1:
            return mixed.optional(kinds[0]) if none else kinds[0]
        if set(kinds) == {ir.INT, ir.FLOAT}:
            return ir.OptionalT(ir.FLOAT) if none else ir.FLOAT
        if all(mixed.can_hold(t) for t in kinds):
            return ir.ANY
        raise Unsupported("a union of several types", ast.unparse(node), node.lineno)

    def _generic(self, node: ast.Subscript) -> Type:
        head = (dotted(node.value) or "").rpartition(".")[2]
        origin = self.scope.foreign.get(head)
        head = origin[1] if origin else head
        args = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if head in self._LISTS:
            return ir.ListT(self.type_of(args[0]))
        if head in self._DICTS and len(args) == 2:
            return ir.DictT(self.type_of(args[0]), self.type_of(args[1]))
        if head in ("defaultdict", "DefaultDict") and len(args) == 2:
            return ir.DictT(self.type_of(args[0]), self.type_of(args[1]), zero=True)
        if head == "Counter":
            return ir.DictT(self.type_of(args[0]), ir.INT, zero=True)
        if head in self._SETS:
            return ir.SetT(self.type_of(args[0]))
        if head in ("tuple", "Tuple"):
            if len(args) == 2 and isinstance(args[1], ast.Constant) and args[1].value is Ellipsis:
                return ir.ListT(self.type_of(args[0]))
            return ir.TupleT(tuple(self.type_of(a) for a in args))
        if head == "Optional":
            return mixed.optional(self.type_of(args[0]))
        if head == "Union":
            return self._union(args, node)
        if head in ("Final", "ClassVar", "Annotated"):
            return self.type_of(args[0])
        if head == "Awaitable" or (head == "Coroutine" and len(args) == 3):
            # What is awaited is there at once: coroutines block.
            return self.type_of(args[-1])
        if head in ("Iterator", "Generator"):
            return ir.IterT(self.type_of(args[0]))
        if head == "Callable" and len(args) == 2:
            if not isinstance(args[0], ast.List):
                raise Unsupported(
                    "a callable whose parameters are not listed", ast.unparse(node), node.lineno
                )
            return ir.FuncT(tuple(self.type_of(a) for a in args[0].elts), self.type_of(args[1]))
        if head == "Literal" and all(isinstance(a, ast.Constant) for a in args):
            values = {type(a.value) for a in args if isinstance(a, ast.Constant)}
            if values == {str}:
                return ir.STR
            if values == {int}:
                return ir.INT
        raise Unsupported(f"type {head} has no known counterpart", ast.unparse(node), node.lineno)


def _lowered(
    files: Sequence[LinkedFile], name: str, wanted: Callable[[_ModuleLowerer], set[str] | None]
) -> ir.Module:
    """Two sweeps over the files: names and signatures first, bodies second."""
    module = ir.Module(name, "", [], [], {})
    lowerers: list[_ModuleLowerer] = []
    files, said = sugar.longer(files)
    for file in files:
        lowerers.append(_ModuleLowerer(file, module, lowerers[0] if lowerers else None))
    first = lowerers[0]
    first.scope.managers.update(said.managers)
    first.scope.setters.update(said.setters)
    first.scope.enum_functions.update(said.enum_functions)
    first.scope.entered.update(said.entered)
    for each in lowerers:
        each.scope.aware = said.aware
        each.imports()
    known = {n: c for each in lowerers for n, c in each.plain_classes().items()}
    for each in lowerers:
        each.flatten(known)
    for each in lowerers:
        each.kinds()
    first.literal_constants()
    for each in lowerers:
        each.expected()
    for each in lowerers:
        each.shapes()
    for each in lowerers:
        each.signatures()
    for each in lowerers:
        each.defaults()
    for each in lowerers:
        each.define(wanted(each))
    _place_library(module, first.scope)
    if elapsed(module):
        first.scope.differ("What the clock counts from is the target's own; only differences mean something.")
    regex.placed(module, first.scope.regex_comments)
    clients.share(module)
    _let_exits_pass(module)
    if said.cached:
        names = ", ".join(f"`{n}`" for n in said.cached)
        first.scope.differ(f"Results are worked out again, where Python keeps them: {names}.")
    if said.managers:
        names = ", ".join(f"`{n}`" for n in said.managers)
        first.scope.differ(f"Context managers are written where they are used: {names}.")
    if said.wrapping:
        names = ", ".join(f"`{n}`" for n in said.wrapping)
        first.scope.differ(f"Decorators are written where they decorate: {names}.")
    module.differences = first.scope.differences
    module.delays = list(dict.fromkeys(first.scope.delays))
    module.doc = next((each.doc for each in lowerers if each.file.main), "")
    used = {o.path for o in module.origins.values()}
    if len(used) > 1:
        module.files = [
            ir.File(f.path, f.module, each.doc, f.main) for each in lowerers if (f := each.file).path in used
        ]
    return module


def _let_exits_pass(module: ir.Module) -> None:
    """The end of the program is no `Exception`: what handles every error hands it on first."""
    if not any(isinstance(n, ir.New) and n.cls == "Exit" for d in module.definitions for n in ir.walk(d)):
        return
    effects = Effects(module)
    effects.run()
    for _, f in module.functions():
        governed = [f.body] if any(p.pattern_id != "cli_framework" for p in f.patterns) else []
        governed += [n.body for n in ir.walk(f) if isinstance(n, ir.PatternCall)]
        if any("Exit" in effects.of_block(body) for body in governed):
            # A retry would try again, and a boundary would keep the program running.
            why = Unsupported(
                "an exit of the program under a pattern; let the pattern's function give a result",
                f.name,
                f.line,
            )
            module.declines.append(why)
            f.body, f.patterns = [ir.Hole(why.reason, why.construct, f"def {f.name}", line=f.line)], []
    for d in module.definitions:
        for n in ir.walk(d):
            if not isinstance(n, ir.Try) or "Exit" not in effects.of_block(n.body):
                continue
            for i, h in enumerate(n.handlers):
                if not h.classes or "Exception" in h.classes:
                    n.handlers.insert(i, ir.Handler(["Exit"], "", [ir.Raise(None)], line=h.line))
                    break


def _texts(f: ast.AST) -> dict[str, str]:
    """The variables of a function that are set once, to a literal text."""
    stored = [n.id for n in _own_nodes(f) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    out: dict[str, str] = {}
    for n in _own_nodes(f):
        match n:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() as text)):
                if stored.count(name) == 1:
                    out[name] = text
            case _:
                pass
    return out


def library_function(name: str, source: str, types: Mapping[str, Type], around: Scope) -> ir.Function:
    """A function of the library in Python as one of the module, for the types that its parameters stand for."""
    tree = ast.parse(source)
    lowerer = _ModuleLowerer(LinkedFile("", source, "", tree, main=True), ir.Module("", "", [], [], {}), None)
    lowerer.scope = around.beside(source, read_comments(source), "")
    lowerer.annotations = _Annotations(lowerer.scope)
    lowerer.annotations.types = types
    lowerer.imports()
    made = next(s for s in tree.body if isinstance(s, ast.FunctionDef))
    for n in ast.walk(made):
        if isinstance(n, ast.Name) and n.id == made.name:
            n.id = name
    made.name = name
    around.functions[name] = lowerer.signature(made, method=False)
    function = lowerer.function(made)
    function.line = function.end_line = 0
    for why in lowerer.module.declines:
        raise Unsupported(why.reason, why.construct)
    return function


def _place_library(module: ir.Module, scope: Scope) -> None:
    """Define the functions of the library that are used behind everything else, in the file that uses them first."""
    left = {f.name: f for f in scope.library.values()}
    todo = list(module.definitions) if left else []
    while todo:
        d = todo.pop(0)
        for n in ir.walk(d):
            made = (
                left.pop(n.func.id, None) if isinstance(n, ir.Call) and isinstance(n.func, ir.Name) else None
            )
            if made is not None:
                origin = module.origins.get(getattr(d, "name", ""))
                if origin is not None:
                    module.origins[made.name] = ir.Origin(origin.path, made.name)
                module.definitions.append(made)
                todo.append(made)


def _reachable(lowerer: _ModuleLowerer, line: int | None) -> set[str] | None:
    """Names of the definition at `line` and of what it uses in this module; None for everything."""
    if line is None:
        return None
    names = {defined_name(s): s for s in lowerer.body if defined_name(s)}
    start = next((n for n, s in names.items() if first_line(s) <= line <= (s.end_lineno or s.lineno)), None)
    if start is None:
        return None

    def mentions(name: str) -> Iterable[str]:
        for sub in ast.walk(names[name]):
            if isinstance(sub, ast.Name) and sub.id in names:
                yield sub.id
            elif isinstance(sub, ast.Constant) and isinstance(sub.value, str) and sub.value in names:
                yield sub.value
            elif isinstance(sub, ast.Name) and lowerer.scope.foreign.get(sub.id, ("", ""))[1] == "App":
                # An application runs every command that the file registers.
                yield from (n for n, s in names.items() if _is_command(lowerer, s))

    return reachable(start, mentions)


def _is_command(lowerer: _ModuleLowerer, s: ast.stmt) -> bool:
    decorators = s.decorator_list if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef) else []
    called = [dotted(d.func if isinstance(d, ast.Call) else d) or "" for d in decorators]
    return any(lowerer.scope.foreign.get(c, ("", ""))[1] == "register_command" for c in called)


def is_private(name: str) -> bool:
    """True for names that Python marks as private."""
    return name.startswith("_") and not name.startswith("__")


# Special methods that are lowered, or that nothing which is ported shows.
_SPECIAL = frozenset(
    {"__init__", "__str__", "__repr__", "__len__", "__contains__", "__lt__", *operators.METHODS}
)
# Special methods by which objects compare, or are true or false.
_COMPARING = frozenset(f"__{n}__" for n in ("eq", "ne", "hash", "bool", "len", "lt", "le", "gt", "ge"))
# Special methods that change what every other line of the class means.
_GOVERNING = frozenset(
    f"__{n}__"
    for n in (
        "new",
        "getattr",
        "getattribute",
        "setattr",
        "delattr",
        "init_subclass",
        "class_getitem",
        "set_name",
    )
)
# Bases whose objects are values of Python itself.
_CONTAINERS = frozenset(
    {
        *(
            "dict",
            "list",
            "set",
            "frozenset",
            "tuple",
            "str",
            "int",
            "float",
            "bytes",
            "bool",
            "type",
            "Exception",
        ),
        *(
            "TypedDict",
            "UserDict",
            "UserList",
            "UserString",
            "OrderedDict",
            "defaultdict",
            "Counter",
            "deque",
        ),
        *(
            "NamedTuple",
            "Enum",
            "IntEnum",
            "StrEnum",
            "Flag",
            "IntFlag",
            "Generic",
            "Protocol",
            "BaseException",
        ),
    }
)


class _ModuleLowerer:
    """One file of what is lowered."""

    def __init__(self, file: LinkedFile, module: ir.Module, first: _ModuleLowerer | None) -> None:
        self.file = file
        self.tree = file.tree
        comments = read_comments(file.text)
        self.scope: Scope = (
            Scope(file.text, comments=comments, module=file.module)
            if first is None
            else first.scope.beside(file.text, comments, file.module)
        )
        self.annotations = _Annotations(self.scope)
        self.module = module
        # Every file of the package by its path, this one among them.
        self.package: dict[str, _ModuleLowerer] = first.package if first is not None else {}
        self.package[file.path] = self
        self.body = [s for s in self.tree.body if not is_guard(s)]
        self.lost: dict[str, list[ir.Declined]] = {}
        # By class: parameters of its constructor whose default is worked out for each object, and the default.
        self.pending: dict[str, list[tuple[ir.Param, ast.expr, _ModuleLowerer]]] = (
            first.pending if first is not None else {}
        )
        self.own_names = {made: name for name, made in file.definitions.items()}
        self.class_defs = {s.name: s for s in self.body if isinstance(s, ast.ClassDef)}

    @property
    def doc(self) -> str:
        """What the file says of itself."""
        return ast.get_docstring(self.tree) or ""

    # The sweeps, each over every file before the next one begins

    def imports(self) -> None:
        """Learn what the file imports, and what its constants hold."""
        for stmt in self.tree.body:
            if isinstance(stmt, ast.Import | ast.ImportFrom):
                self._import(stmt)
            elif isinstance(stmt, ast.If) and is_guard(stmt):
                for inner in stmt.body:
                    if isinstance(inner, ast.Import | ast.ImportFrom):
                        self._import(inner)
        self._constant_nodes(self.body)

    def plain_classes(self) -> dict[str, ast.ClassDef]:
        """The classes that others may inherit from by having what they define written into them."""
        out: dict[str, ast.ClassDef] = {}
        for s in self.body:
            if isinstance(s, ast.ClassDef) and not self.is_error(s):
                with contextlib.suppress(Unsupported):
                    if self._class_kind(s) not in ("enum", "generic"):
                        out[s.name] = s
        return out

    def flatten(self, known: Mapping[str, ast.ClassDef]) -> None:
        """Make classes that inherit from others of the package whole, where that is certain."""
        out: list[ast.stmt] = []
        for s in self.body:
            if isinstance(s, ast.ClassDef) and s.name in known:
                try:
                    s = class_methods_static(flattened(s, known))
                except Unsupported as why:
                    self._decline(s, s.name, why)
                    continue
                with contextlib.suppress(Unsupported):
                    # Where it is not certain how objects are made, the class goes on without that.
                    if self._is_data(s):
                        s = with_initialiser(s, self._attrs(s), self._original)
            out.append(s)
        self.body = out

    def kinds(self) -> None:
        """Learn what kind of class each one is."""
        for s in self.body:
            if isinstance(s, ast.ClassDef):
                self._guard(s, s.name, lambda s=s: self._kind(s))

    def _kind(self, c: ast.ClassDef) -> None:
        self.scope.classes[c.name] = ClassInfo(self._class_kind(c))

    def shapes(self) -> None:
        """Learn the fields and signatures of the classes."""
        for c in self.body:
            if isinstance(c, ast.ClassDef) and c.name in self.scope.classes:
                self._guard(c, c.name, lambda c=c: self._class_info(c))

    def expected(self) -> None:
        """Learn what functions give, for fields that an initialiser sets to what one gives."""
        for s in self.body:
            if isinstance(s, ast.FunctionDef):
                with contextlib.suppress(Unsupported):
                    self._declare(s)

    def signatures(self) -> None:
        """Learn the signatures of the functions."""
        names = [s.name for s in self.body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)]
        for s in self.body:
            if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef):
                if names.count(s.name) > 1:
                    why = Unsupported(f"{s.name} is defined again, and is used before", "", s.lineno)
                    self._decline(s, s.name, why)
                    continue
                self._guard(s, s.name, lambda s=s: self._declare(s))

    def defaults(self) -> None:
        """Lower what constructors take where nothing is given, for the classes of which it is known already."""
        for c in self.class_defs:
            self._defaults(c)

    def _defaults(self, c: str) -> Unsupported | None:
        """Lower the defaults of a class's constructor; why one of them is not ported, None when all are."""
        left: list[tuple[ir.Param, ast.expr, _ModuleLowerer]] = []
        failed: Unsupported | None = None
        for p, node, home in self.pending.get(c, ()):
            lowerer = _FunctionLowerer(home.scope, home.annotations, "")
            try:
                p.default = lowerer.coerce(lowerer.expr(node, p.type), p.type)
            except Unsupported as why:
                why.line = why.line or node.lineno
                failed = why
                left.append((p, node, home))
        self.pending[c] = left
        return failed

    def define(self, wanted: set[str] | None) -> None:
        """Lower the definitions that are wanted; None for all."""
        seen: set[int] = set()
        for s in self.body:
            if id(s) in seen:
                continue
            seen.add(id(s))
            if wanted is None or defined_name(s) in wanted or isinstance(s, ast.Import | ast.ImportFrom):
                self._define(s)
        for local, (module, original) in self.scope.foreign.items():
            self.module.foreign[local] = f"{module}.{original}"

    def _home(self, member: ast.stmt) -> _ModuleLowerer:
        """The lowerer of the file in which a member of a class was written, which another file's class may inherit."""
        return self.package.get(getattr(member, "home", ""), self)

    def is_error(self, c: ast.ClassDef) -> bool:
        """True for a class of errors."""
        for b in c.bases:
            path = dotted(b) or ""
            original = self.scope.foreign.get(path, ("", path.rpartition(".")[2]))[1]
            if original in ir.ERROR_BASES or original in BUILTIN_ERRORS or self._library_error(path):
                return True
            for each in self.package.values():
                base = each.class_defs.get(path)
                if base is not None and base is not c and each.is_error(base):
                    return True
        return False

    def _library_error(self, name: str) -> bool:
        """True for an error of provide.foundation alone; what is below it is a FoundationError here."""
        module, original = self.scope.foreign.get(name, ("", ""))
        return (
            module.startswith("provide.foundation")
            and original.endswith("Error")
            and original not in ir.ERROR_BASES
            and original not in BUILTIN_ERRORS
        )

    def _constant_nodes(self, body: list[ast.stmt]) -> None:
        """Remember what constants of the module hold that options of patterns are made of."""
        for s in body:
            target = s.targets[0] if isinstance(s, ast.Assign) and len(s.targets) == 1 else None
            target = s.target if isinstance(s, ast.AnnAssign) else target
            if (
                isinstance(target, ast.Name)
                and isinstance(s, ast.Assign | ast.AnnAssign)
                and s.value is not None
            ):
                if target.id in self.scope.constant_nodes:
                    del self.scope.constant_nodes[target.id]
                    continue
                self.scope.constant_nodes[target.id] = s.value

    def _guard(self, node: ast.stmt, name: str, action: object) -> bool:
        try:
            action()  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
        except Unsupported as why:
            self._decline(node, name, why)
            return False
        return True

    def _add(self, d: ir.Definition) -> None:
        self.module.definitions.append(d)
        name = self.own_names.get(d.name, d.name)
        self.module.origins.setdefault(d.name, ir.Origin(self.file.path, name))

    def _decline(self, node: ast.stmt, name: str, why: Unsupported) -> None:
        line = why.line or node.lineno
        source = self.scope.source(node)
        construct = why.construct or source.splitlines()[0]
        if any(isinstance(d, ir.Declined) and d.name == name for d in self.module.definitions):
            return
        self._add(ir.Declined(why.reason, construct, name, source, line=line))
        self.module.declines.append(Unsupported(why.reason, construct, line, self.file.path))
        self.scope.functions.pop(name, None)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.scope.modules[alias.asname or alias.name.partition(".")[0]] = alias.name
            return
        for alias in node.names:
            module, original = foreign_name(node.module or "", alias.name)
            local = alias.asname or alias.name
            self.scope.foreign[local] = (module, original)
            if not module.startswith("foundation"):
                self.scope.modules.setdefault(local, f"{module}.{original}")
            ready = module.startswith("provide.foundation") and original in ("logger", "log", "plog")
            if ready and local not in self.scope.constants:
                # The library's ready-made logger is a logger of this module.
                made = ir.PatternNew(
                    "structured_logging",
                    {"name": ir.Lit(self.module.name, type=ir.STR)},
                    type=ir.NamedT("Logger"),
                )
                for sentence in patterns.PROVIDE_DIFFERENCES["structured_logging"]:
                    self.scope.differ(sentence)
                self.scope.constants[local] = made.type
                self._add(ir.Constant(local, made.type, made, line=node.lineno))

    def literal_constants(self) -> None:
        """The types of constants that are literals, which signatures may name before their line is reached."""
        for name, node in self.scope.constant_nodes.items():
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, int | float | str)
                and name not in self.scope.foreign
            ):
                kinds: dict[type, Type] = {bool: ir.BOOL, int: ir.INT, float: ir.FLOAT, str: ir.STR}
                self.scope.constants[name] = kinds[type(node.value)]

    # Classes

    def _class_kind(self, c: ast.ClassDef) -> str:
        bases = [(dotted(b) or "").rpartition(".")[2] for b in c.bases]
        originals = [self.scope.foreign.get(b, ("", b))[1] for b in bases]
        if any(o in ("Enum", "IntEnum", "StrEnum") for o in originals):
            return "enum"
        if any(isinstance(b, ast.Subscript) for b in c.bases) or "Generic" in originals:
            return "generic"
        methods = [s for s in c.body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)]
        if "Protocol" in originals or (
            "ABC" in originals and methods and all(is_abstract(m) for m in methods)
        ):
            return "protocol"
        for o in originals:
            if o in ir.ERROR_BASES or o in BUILTIN_ERRORS or any(map(self._library_error, bases)):
                return "error"
            info = self.scope.classes.get(o)
            if info is not None and info.kind == "error":
                return "error"
        if "NamedTuple" in originals:
            return "dataclass"
        if [o for o in originals if o not in ("object", "ABC")]:
            return "derived"
        return "dataclass" if self._is_data(c) else "plain"

    def _is_data(self, c: ast.ClassDef) -> bool:
        """True for a data class, of the standard library or of attrs."""
        return self._attrs(c) or any(
            (dotted(d.func if isinstance(d, ast.Call) else d) or "").rpartition(".")[2] == "dataclass"
            for d in c.decorator_list
        )

    def _original(self, name: str) -> str:
        """The last part of a name, as the module that it is imported from calls it."""
        return self.scope.foreign.get(name, ("", name.rpartition(".")[2]))[1]

    def _attrs(self, c: ast.ClassDef) -> bool:
        """True for a class that the attrs library makes; its annotated fields are a data class's."""
        lowerer = _FunctionLowerer(self.scope, self.annotations, "")
        for d in c.decorator_list:
            name = lowerer.stdlib_name(d.func if isinstance(d, ast.Call) else d) or ""
            if name.partition(".")[0] in ("attrs", "attr") and name.rpartition(".")[2] in (
                "define",
                "mutable",
                "frozen",
            ):
                options = {k.arg for k in d.keywords} if isinstance(d, ast.Call) else set[str | None]()
                if options - {"frozen", "slots", "order", "kw_only", "auto_attribs", "repr", "weakref_slot"}:
                    raise Unsupported("an attrs class with these options", ast.unparse(d), d.lineno)
                return True
        return False

    def _class_info(self, c: ast.ClassDef) -> None:
        info = self.scope.classes[c.name]
        if info.kind == "generic" or (info.kind == "derived" and not self._derived(c, info)):
            reason = "a class with base classes" if info.kind == "derived" else "a generic class"
            self.scope.classes.pop(c.name)
            raise Unsupported(reason, f"class {c.name}", c.lineno)
        if info.kind == "enum":
            for s in c.body:
                if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name):
                    value = s.value.value if isinstance(s.value, ast.Constant) else None
                    info.members[s.targets[0].id] = value
            bases = {self._original((dotted(b) or "").rpartition(".")[2]) for b in c.bases}
            kinds = {type(v) for v in info.members.values()}
            if kinds == {str} and bases & {"str", "StrEnum"}:
                info.mixed = ir.STR
            elif kinds == {int} and bases & {"int", "IntEnum"}:
                info.mixed = ir.INT
            own = {m.name for m in c.body if isinstance(m, ast.FunctionDef)}
            info.shown = bool(bases & {"StrEnum", "IntEnum"}) and not own & {"__str__", "__format__"}
            return
        if info.kind == "error":
            base = (dotted(c.bases[0]) or "").rpartition(".")[2]
            info.base = self.scope.foreign.get(base, ("", base))[1]
            info.base = (
                "FoundationError" if self._library_error(base) else BUILTIN_ERRORS.get(info.base, info.base)
            )
        info.frozen = _is_frozen(c)
        info.ordered = _has_option(c, "order") or any(
            (dotted(b) or "").rpartition(".")[2] == "NamedTuple" for b in c.bases
        )
        for s in c.body:
            home = self._home(s)
            home.annotations.cls = c.name
            try:
                if (
                    isinstance(s, ast.AnnAssign)
                    and isinstance(s.target, ast.Name)
                    and info.kind == "dataclass"
                ):
                    home.field(c, s, s.target.id, info)
                elif isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef):
                    home.method(c, s, info)
            except Unsupported as why:
                self._lose(c, info, s, why, home)
        info.order = order_of(c)
        init = next((s for s in c.body if isinstance(s, ast.FunctionDef) and s.name == "__init__"), None)
        if init is not None and info.kind == "error":
            with contextlib.suppress(Unsupported):
                self._home(init).init_fields(c, init, info)
        elif init is not None and info.kind == "plain":
            try:
                self._home(init).init_fields(c, init, info)
            except Unsupported as why:
                if info.made:
                    self._lose(c, info, init, why, self._home(init))

    def field(self, c: ast.ClassDef, s: ast.AnnAssign, name: str, info: ClassInfo) -> None:
        """Learn a field of a data class, and the parameter of its constructor."""
        t = self.annotations.type_of(s.annotation)
        made: list[str] = []
        default = _field_default(s.value, self.scope, made, s.annotation)[0] if s.value is not None else None
        if made:
            self._unmade(c, info, Unsupported(made[0], self.scope.source(s), s.lineno))
        info.fields[name] = t
        parameter = ir.Param(name, t, line=s.lineno)
        if default is not None:
            parameter.default = ir.Lit(..., type=ir.UNKNOWN)
            self.pending.setdefault(c.name, []).append((parameter, default, self))
        info.init.append(parameter)

    def method(self, c: ast.ClassDef, s: ast.FunctionDef | ast.AsyncFunctionDef, info: ClassInfo) -> None:
        """Learn the signature of a method."""
        special = s.name.startswith("__") and s.name.endswith("__") and s.name not in _SPECIAL
        if special and info.kind in ("dataclass", "plain"):
            raise Unsupported(f"special method {s.name}", f"def {s.name}", s.lineno)
        if operators.METHODS.get(s.name) in {m.name for m in c.body if isinstance(m, ast.FunctionDef)}:
            raise Unsupported(f"{s.name} beside {operators.METHODS[s.name]}", f"def {s.name}", s.lineno)
        if s.name == "__eq__" and not operators.takes_own_class(s, c.name):
            raise Unsupported(f"special method {s.name}", f"def {s.name}", s.lineno)
        signature = self.signature(s, method=True, owner=c)
        if s.name == "__init__":
            info.init = signature.params
        else:
            info.methods[s.name] = signature
            if signature.kind == "property":
                info.fields[s.name] = signature.result

    def _derived(self, c: ast.ClassDef, info: ClassInfo) -> bool:
        """Read a class with bases from elsewhere for what it defines itself; False when those bases say too much.

        Nobody here knows how its objects are made, when they are equal, or whether they are true.
        """
        names = {(dotted(b) or "").rpartition(".")[2] for b in c.bases}
        if (
            names & _CONTAINERS
            or any(not isinstance(b, ast.Name | ast.Attribute) for b in c.bases)
            or c.keywords
        ):
            return False
        info.kind = "dataclass" if self._is_data(c) else "plain"
        if all(self._is_plain_base(b) for b in c.bases):
            return True
        info.opaque = True
        self._unmade(c, info, Unsupported("a class with base classes", f"class {c.name}", c.lineno))
        return True

    def _is_plain_base(self, b: ast.expr) -> bool:
        """True for a base from a library that adds nothing to how objects are made, compare, or are true."""
        origin = self.scope.foreign.get(dotted(b) or "", ("", ""))
        return origin[0].startswith("provide.foundation.config") and origin[1] in (
            "BaseConfig",
            "RuntimeConfig",
        )

    def _lose(
        self, c: ast.ClassDef, info: ClassInfo, member: ast.stmt, why: Unsupported, home: _ModuleLowerer
    ) -> None:
        """Go on without a member of a class. Raises the reason again where nothing would be certain without it."""
        name = defined_name(member)
        if info.kind in ("enum", "error", "protocol") or name in _GOVERNING or not name:
            raise why
        if name == "__init__" and not info.made:
            # It was lost for another reason already.
            return
        info.lost[name] = why.reason
        info.methods.pop(name, None)
        if name in ("__init__", "__post_init__", "__attrs_post_init__") or isinstance(member, ast.AnnAssign):
            info.made = False
        if name in _COMPARING:
            info.opaque = True
        self._lost_member(c, name, why, member, home)

    def _unmade(self, c: ast.ClassDef, info: ClassInfo, why: Unsupported) -> None:
        """Go on with a class whose objects are not made here."""
        if info.made:
            info.made = False
            self._lost_member(c, "__init__", why, c, self)

    def _lost_member(
        self, c: ast.ClassDef, name: str, why: Unsupported, node: ast.stmt, home: _ModuleLowerer
    ) -> None:
        line = why.line or node.lineno
        source = home.scope.source(node) if node is not c else ""
        construct = why.construct or source.splitlines()[0]
        self.lost.setdefault(c.name, []).append(
            ir.Declined(why.reason, construct, f"{c.name}.{name}", source, line=line)
        )
        self.module.declines.append(Unsupported(why.reason, construct, line, home.file.path))

    def init_fields(self, c: ast.ClassDef, init: ast.FunctionDef, info: ClassInfo) -> None:
        """Fields of a plain class are what its initialiser assigns to self."""
        lowerer = _FunctionLowerer(self.scope, self.annotations, c.name)
        lowerer.shaping = True
        for p in [*init.args.posonlyargs, *init.args.args, *init.args.kwonlyargs]:
            with contextlib.suppress(Unsupported):
                lowerer.vars[p.arg] = self.annotations.type_of(p.annotation)
        for p in info.init:
            lowerer.vars[p.name] = p.type
        lowerer.vars.pop("self", None)
        for s in _in_order(init.body):
            # What fields are made of may be worked out first.
            with contextlib.suppress(Unsupported):
                match s:
                    case ast.Assign(targets=[ast.Name(id=local)], value=made):
                        lowerer.bind(local, lowerer.expr(made).type)
                    case ast.AnnAssign(target=ast.Name(id=local), annotation=said):
                        lowerer.vars[local] = self.annotations.type_of(said)
                    case _:
                        pass
        failed: list[Unsupported] = []
        declared: set[str] = set()
        for s in ast.walk(init):
            target, value, annotation = None, None, None
            if isinstance(s, ast.Assign) and len(s.targets) == 1:
                target, value = s.targets[0], s.value
            elif isinstance(s, ast.AnnAssign):
                target, value, annotation = s.target, s.value, s.annotation
            if not (
                isinstance(target, ast.Attribute)
                and isinstance(target.value, ast.Name)
                and target.value.id == "self"
            ):
                continue
            name = target.attr
            try:
                if annotation is not None:
                    info.fields[name] = self.annotations.type_of(annotation)
                    declared.add(name)
                elif value is not None and name not in declared:
                    t = lowerer.expr(value).type
                    if t == ir.CHAR:
                        t = ir.STR
                    info.fields[name] = join(info.fields[name], t) if name in info.fields else t
            except Unsupported as why:
                why.line = why.line or target.lineno
                info.lost[name] = why.reason
                failed.append(why)
        for name in [n for n, t in info.fields.items() if ir.has_unknown(t) or t == ir.NONE]:
            reason = f"type of field {name} is not known; annotate it"
            failed.append(Unsupported(reason, f"class {c.name}", c.lineno))
            info.lost[name] = reason
        for name in info.lost:
            info.fields.pop(name, None)
        if failed:
            raise failed[0]

    def signature(
        self, f: ast.FunctionDef | ast.AsyncFunctionDef, method: bool, owner: ast.ClassDef | None = None
    ) -> Signature:
        """What a call of the function, or of a method of its owner, needs to know."""
        a = f.args
        decorators = {(dotted(d) or "").rpartition(".")[2] for d in f.decorator_list}
        kind = "method" if method else "function"
        if "staticmethod" in decorators:
            kind = "static"
        if "classmethod" in decorators:
            raise Unsupported("a class method", f"def {f.name}", f.lineno)
        if "property" in decorators or "cached_property" in decorators:
            kind = "property"
        for extra, mark in ((a.vararg, "*"), (a.kwarg, "**")):
            if extra is not None and extra.annotation is None:
                reason = (
                    f"{mark}{extra.arg} has no type; annotate what one of them is, or name the parameters"
                )
                raise Unsupported(reason, f"def {f.name}", f.lineno)
        args = [*a.posonlyargs, *a.args]
        if kind in ("method", "property"):
            args = args[1:]
        defaults: list[ast.expr | None] = [None] * (len(args) - len(a.defaults)) + list(a.defaults)
        defaults = defaults[-len(args) :] if args else []
        params: list[ir.Param] = []
        for arg, default in [
            *zip(args, defaults, strict=True),
            *zip(a.kwonlyargs, a.kw_defaults, strict=True),
        ]:
            t = self.annotations.type_of(arg.annotation)
            node: ir.Expr | None = None
            if default is not None and owner is not None and getattr(f, "per_object", False):
                made = ir.Param(arg.arg, t, ir.Lit(..., type=ir.UNKNOWN), line=arg.lineno)
                params.append(made)
                self.pending.setdefault(owner.name, []).append((made, default, self))
                continue
            if default is not None:
                lowerer = _FunctionLowerer(self.scope, self.annotations, "")
                if t == ir.UNKNOWN:
                    t = lowerer.expr(default).type
                if isinstance(default, ast.Constant) and default.value is None:
                    t = mixed.optional(t)
                if isinstance(default, ast.List | ast.Dict | ast.Set) or (
                    isinstance(default, ast.Call) and not self._constant_default(lowerer, default)
                ):
                    raise Unsupported("a mutable or computed default argument", f"def {f.name}", f.lineno)
                if isinstance(default, ast.Name) and default.id in self.scope.constant_nodes:
                    # A default is written as the value that the constant has.
                    default = self.scope.constant_nodes[default.id]
                    if not isinstance(default, ast.Constant):
                        raise Unsupported("a mutable or computed default argument", f"def {f.name}", f.lineno)
                node = lowerer.coerce(lowerer.expr(default, t), t)
            if t == ir.UNKNOWN:
                raise Unsupported(f"parameter {arg.arg} has no type; annotate it", f"def {f.name}", f.lineno)
            params.append(
                ir.Param(arg.arg, t, node, self.annotations.one_of(arg.annotation), line=arg.lineno)
            )
        rest = self._rest(f, params)
        by_name = frozenset(arg.arg for arg in a.kwonlyargs)
        result = self.annotations.type_of(f.returns)
        if f.returns is None and not _returns_value(f):
            result = ir.NONE
        return Signature(params, result, isinstance(f, ast.AsyncFunctionDef), kind, *rest, by_name)

    def _rest(self, f: ast.FunctionDef | ast.AsyncFunctionDef, params: list[ir.Param]) -> tuple[str, str]:
        """The parameters that take any further arguments, which become a list and a map behind the others."""
        a = f.args
        if a.vararg is not None:
            t = ir.ListT(self.annotations.type_of(a.vararg.annotation))
            params.append(ir.Param(a.vararg.arg, t, ir.ListLit([], type=t), line=a.vararg.lineno))
        if a.kwarg is not None:
            keyed = ir.DictT(ir.STR, self.annotations.type_of(a.kwarg.annotation))
            params.append(ir.Param(a.kwarg.arg, keyed, ir.DictLit([], type=keyed), line=a.kwarg.lineno))
        return a.vararg.arg if a.vararg is not None else "", a.kwarg.arg if a.kwarg is not None else ""

    def _constant_default(self, lowerer: _FunctionLowerer, default: ast.Call) -> bool:
        """True for a call that only says a constant in another way, as `Path("a")`."""
        try:
            return isinstance(lowerer.expr(default), ir.Lit)
        except Unsupported:
            return False

    def _declare(self, f: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        signature = self.signature(f, method=False)
        self.scope.functions[f.name] = signature

    # Definitions

    def _define(self, s: ast.stmt) -> None:
        name = defined_name(s) or ""
        if any(isinstance(d, ir.Declined) and d.name == name for d in self.module.definitions):
            return
        match s:
            case ast.Import() | ast.ImportFrom() | ast.Pass():
                return
            case ast.Expr(value=ast.Constant()):
                return
            case ast.ClassDef():
                if self._guard(s, s.name, lambda: self._add(self._class(s))):
                    for lost in self.lost.get(s.name, ()):
                        self.module.definitions.append(lost)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._guard(s, s.name, lambda: self._add(self.function(s)))
            case ast.Assign() | ast.AnnAssign():
                self._guard(s, name, lambda: self._constant(s))
            case _:
                self._decline(s, name, Unsupported("a statement at module level", "", s.lineno))

    def _constant(self, s: ast.Assign | ast.AnnAssign) -> None:
        target = s.targets[0] if isinstance(s, ast.Assign) else s.target
        if isinstance(target, ast.Name) and target.id in ("__all__", "__version__"):
            return
        if (
            not isinstance(target, ast.Name)
            or s.value is None
            or (isinstance(s, ast.Assign) and len(s.targets) > 1)
        ):
            raise Unsupported("a module-level assignment that is not one name", "", s.lineno)
        if isinstance(s.value, ast.Call) and (dotted(s.value.func) or "").rpartition(".")[2] in (
            "TypeVar",
            "ParamSpec",
            "NewType",
        ):
            return
        if self._options(target.id, s.value) or self._names_type(s):
            return
        lowerer = _FunctionLowerer(self.scope, self.annotations, "")
        lowerer.pattern_name = target.id
        pattern = isinstance(s.value, ast.Call) and lowerer.stdlib_name(s.value.func) == "re.compile"
        # What a regular expression is annotated with says nothing that the pattern does not.
        want = (
            self.annotations.type_of(s.annotation) if isinstance(s, ast.AnnAssign) and not pattern else None
        )
        value = lowerer.expr(s.value, want)
        if want is None:
            value = lowerer.sequence_constant(value, 2)
        if want is not None:
            value = lowerer.coerce(value, want)
        if value.type == ir.CHAR:
            value = lowerer.coerce(value, ir.STR)
        library = {f.name for f in self.scope.library.values()}
        if any(isinstance(n, ir.Name) and n.id in library for n in ir.walk(value)):
            # Functions are defined after constants, and may fail.
            raise Unsupported("a constant that a function of the library gives", "", s.lineno)
        if ir.has_unknown(value.type) or value.type == ir.NONE:
            raise Unsupported("type of the constant is not known; annotate it", "", s.lineno)
        self.scope.constants[target.id] = value.type
        comments = self.scope.comments
        if isinstance(value.type, ir.RegexT):
            self.scope.regex_comments.setdefault(target.id, comments.above(s.lineno))
            return
        self._add(
            ir.Constant(
                target.id,
                value.type,
                value,
                comments.above(s.lineno),
                comments.trailing.get(s.lineno, ""),
                line=s.lineno,
            )
        )

    def _names_type(self, s: ast.Assign | ast.AnnAssign) -> bool:
        """True for a name that is given to a type: it is read where annotations use it."""
        if isinstance(s, ast.AnnAssign):
            return self._original(dotted(s.annotation) or "") == "TypeAlias"
        head = s.value.value if isinstance(s.value, ast.Subscript) else None
        named = self._original(dotted(head) or "") if head is not None else ""
        kept = named in self.annotations.CONTAINERS or named in (
            "Literal",
            "Union",
            "Optional",
            "Callable",
            "tuple",
            "Tuple",
        )
        union = isinstance(s.value, ast.BinOp) and isinstance(s.value.op, ast.BitOr)
        if not kept and not union:
            return False
        try:
            self.annotations.type_of(s.value)
        except Unsupported:
            # Its uses say why.
            return kept
        return True

    def _options(self, name: str, value: ast.expr) -> bool:
        """True for a constant that only options of patterns are made of: it is written into each use."""
        lowerer = _FunctionLowerer(self.scope, self.annotations, "")
        if isinstance(value, ast.Call):
            symbol = lowerer.symbol(dotted(value.func) or "")
            if symbol is not None and symbol.name == "RetryPolicy":
                self.scope.policies[name] = patterns.arguments(lowerer, symbol, value)
                return True
            if symbol is not None and symbol.name == "retry":
                # A decorator that is made once and used by name.
                made = (
                    tenacity.policy(lowerer, value)
                    if symbol.dialect == "tenacity"
                    else patterns.arguments(lowerer, symbol, value)
                )
                self.scope.decorators[name] = made
                return True
            if tenacity.is_option(lowerer, value):
                return True
        if isinstance(value, ast.Tuple) and value.elts:
            classes = lowerer.error_names(value)
            if classes is not None:
                self.scope.error_tuples[name] = classes
                return True
        return False

    def function(self, f: ast.FunctionDef | ast.AsyncFunctionDef, cls: str = "") -> ir.Function:
        """The function, or a method of the class."""
        if cls:
            info = self.scope.classes[cls]
            signature = info.methods.get(f.name) or Signature(info.init, ir.NONE, False, "method")
        else:
            signature = self.scope.functions[f.name]
        self.annotations.cls = cls
        lowerer = _FunctionLowerer(self.scope, self.annotations, cls)
        around = [p for p in (lowerer.pattern_of(d) for d in f.decorator_list) if p is not None]
        uses = [p for p in around if isinstance(p, ir.PatternUse)]
        body = lowerer.function_body(f, signature)
        signature.result = lowerer.result
        for why in lowerer.declines:
            why.path = self.file.path
        self.module.declines.extend(lowerer.declines)
        if signature.is_async:
            self.scope.differ(ASYNC)
        for i in range(len(around) - 1, -1, -1):
            p = around[i]
            if isinstance(p, ir.PatternUse):
                continue
            if any(isinstance(q, ir.PatternUse) and q.pattern_id != "cli_framework" for q in around[i + 1 :]):
                raise Unsupported("a pattern's object as a decorator outside another pattern", "", f.lineno)
            body = _under(p, body, signature.result)
        for p in around:
            if (
                isinstance(p, ir.PatternUse)
                and p.arguments.get("fallback") is not None
                and p.pattern_id == "error_boundary"
            ):
                given = p.arguments["fallback"]
                if not (isinstance(given, ir.Lit) and given.value is None) and signature.result != ir.NONE:
                    p.arguments["fallback"] = lowerer.coerce(given, signature.result)
        lifted = _lifted(body)
        if lifted is not None:
            uses, body = [*uses, lifted[0]], lifted[1]
        return ir.Function(
            f.name, signature.params, signature.result, body, ast.get_docstring(f) or "", uses, signature.kind,
            private=is_private(f.name), is_async=signature.is_async, line=f.lineno, end_line=f.end_lineno or f.lineno,
            comments=self.scope.comments.above(first_line(f)),
        )  # fmt: skip

    def _class(self, c: ast.ClassDef) -> ir.Definition:
        info = self.scope.classes[c.name]
        doc = ast.get_docstring(c) or ""
        comments = self.scope.comments.above(first_line(c))
        if info.kind == "enum":
            return self._enum(c, info, doc, comments)
        if info.kind == "error":
            return self._error(c, info, doc, comments)
        methods = [s for s in c.body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)]
        failed = self._defaults(c.name) if info.kind == "plain" else None
        if failed is not None:
            self._unmade(c, info, failed)
        if info.kind == "protocol":
            if "__init__" in {m.name for m in methods}:
                raise Unsupported("a protocol with an initialiser", f"class {c.name}", c.lineno)
            lowered = [
                ir.Function(
                    m.name, info.methods[m.name].params, info.methods[m.name].result, [], ast.get_docstring(m) or "",
                    kind="method", line=m.lineno, is_async=info.methods[m.name].is_async,
                    raises=frozenset({ir.ANY_ERROR}), context=True,
                )
                for m in methods
            ]  # fmt: skip
            return ir.Protocol(c.name, lowered, doc, comments, line=c.lineno)
        fields = self._fields(c, info)
        init = None
        out: list[ir.Function] = []
        for m in methods:
            if m.name in info.lost:
                continue
            if m.name == "__init__" and not info.made:
                init = None
            elif m.name == "__init__":
                init = self._home(m).function(m, c.name)
            elif m.name == "__str__" and info.kind in ("dataclass", "plain"):
                out.append(self._home(m).function(m, c.name))
            elif m.name == "__repr__":
                # Nothing that is ported shows it.
                continue
            else:
                out.append(self._home(m).function(m, c.name))
        return ir.Class(
            c.name,
            fields,
            out,
            doc,
            info.frozen,
            info.kind == "dataclass" and bool(fields or info.made),
            init,
            is_private(c.name),
            comments,
            made=info.made,
            line=c.lineno,
        )

    def _fields(self, c: ast.ClassDef, info: ClassInfo) -> list[ir.FieldDef]:
        properties = {n for n, m in info.methods.items() if m.kind == "property"}
        defaults: dict[str, ast.expr | None] = {}
        lines: dict[str, int] = {}
        homes: dict[str, _ModuleLowerer] = {}
        for s in c.body:
            if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name):
                defaults[s.target.id] = s.value
                lines[s.target.id] = s.lineno
                homes[s.target.id] = self._home(s)
        out: list[ir.FieldDef] = []
        for name, t in info.fields.items():
            if name in properties:
                continue
            default = defaults.get(name)
            node: ir.Expr | None = None
            env, secret = "", False
            home = homes.get(name, self)
            if default is not None:
                lowerer = _FunctionLowerer(home.scope, home.annotations, "")
                factory, env, secret = _field_default(default, home.scope)
                try:
                    # Only what makes objects needs the defaults.
                    if factory is not None and info.made:
                        node = lowerer.coerce(lowerer.expr(factory, t), t)
                except Unsupported as why:
                    why.line = why.line or default.lineno
                    self._unmade(c, info, why)
            at = lines.get(name, 0)
            doc = home.scope.comments.trailing.get(at, "") if at else ""
            out.append(ir.FieldDef(name, t, node, is_private(name), doc=doc, line=at, env=env, secret=secret))
        if not info.made:
            for f in out:
                f.default = None
        # Later defaults are known now, so that calls can fill them in.
        if info.kind == "dataclass":
            by_name = {f.name: f for f in out}
            for p in info.init:
                p.default = by_name[p.name].default
        return out

    def _enum(self, c: ast.ClassDef, info: ClassInfo, doc: str, comments: list[str]) -> ir.Definition:
        if any(isinstance(s, ast.FunctionDef) for s in c.body):
            raise Unsupported("an enum with methods", f"class {c.name}", c.lineno)
        values = list(info.members.items())
        kinds = {type(v) for _, v in values}
        if not kinds <= {str} and not kinds <= {int} and kinds != {type(None)}:
            raise Unsupported(
                "an enum whose values are not all strings or all integers", f"class {c.name}", c.lineno
            )
        return ir.EnumClass(c.name, values, doc, comments, kinds == {str}, line=c.lineno)

    def _error(self, c: ast.ClassDef, info: ClassInfo, doc: str, comments: list[str]) -> ir.Definition:
        init = method_of(c, "__init__")
        others = [
            s for s in c.body if isinstance(s, ast.FunctionDef) and s.name not in ("__init__", "__str__")
        ]
        if others:
            raise Unsupported("an error class with methods", f"class {c.name}", others[0].lineno)
        base = self.module.find(info.base)
        if isinstance(base, ir.Declined):
            raise Unsupported(f"a class below {info.base}, which is not ported", f"class {c.name}", c.lineno)
        if init is None and isinstance(base, ir.ErrorClass) and base.message is not None:
            if method_of(c, "__str__") is not None:
                raise Unsupported("an error class with methods", f"class {c.name}", c.lineno)
            above = self.scope.classes[info.base]
            info.init, info.fields, info.lost = above.init, above.fields, above.lost
            made = copy.deepcopy(base)
            return ir.ErrorClass(
                c.name, info.base, info.init, made.fields, made.message, doc, comments, line=c.lineno
            )
        if init is not None and self._works_out(c):
            return self._worked_out(c, info, doc, comments)
        if init is None and method_of(c, "__str__") is not None:
            raise Unsupported("an error class with methods", f"class {c.name}", c.lineno)
        if init is None:
            inherited = self.scope.classes.get(info.base)
            if inherited is not None and inherited.fields:
                raise Unsupported("an error class that inherits fields", f"class {c.name}", c.lineno)
            info.init = [ir.Param("message", ir.STR, ir.Lit("", type=ir.STR))]
            return ir.ErrorClass(c.name, info.base, info.init, [], None, doc, comments, line=c.lineno)
        lowerer = _FunctionLowerer(self.scope, self.annotations, "")
        for p in info.init:
            lowerer.vars[p.name] = p.type
        message: ir.Expr | None = None
        known: dict[str, ast.expr] = {}
        for s in init.body:
            match s:
                case ast.Assign(targets=[ast.Name(id=local)], value=computed) if (
                    local not in known and local not in lowerer.vars
                ):
                    # A text that is made first is written where it is used.
                    known[local] = substituted(computed, known)
                case ast.Expr(
                    value=ast.Call(
                        func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"),
                        args=args,
                    )
                ):
                    if len(args) > 1:
                        raise Unsupported(
                            "an error with several arguments to super().__init__",
                            self.scope.source(s),
                            s.lineno,
                        )
                    message = (
                        lowerer.coerce(lowerer.expr(substituted(args[0], known), ir.STR), ir.STR)
                        if args
                        else ir.Lit("", type=ir.STR)
                    )
                case ast.Assign(
                    targets=[ast.Attribute(value=ast.Name(id="self"), attr=attr)], value=ast.Name(id=source)
                ) if attr == source:
                    pass
                case ast.Expr(value=ast.Constant()):
                    pass
                case _:
                    raise Unsupported(
                        "an error class that computes its fields", self.scope.source(s), s.lineno
                    )
        if message is None:
            raise Unsupported(
                "an error class that does not call super().__init__", f"class {c.name}", c.lineno
            )
        fields = [ir.FieldDef(p.name, p.type, line=p.line) for p in info.init]
        for f in fields:
            info.fields.setdefault(f.name, f.type)
        if "message" in info.fields and not (isinstance(message, ir.Name) and message.id == "message"):
            # A field called `message` has no place beside another text of the error.
            del info.fields["message"]
            info.lost["message"] = "computed when the error is made"
        return ir.ErrorClass(c.name, info.base, info.init, fields, message, doc, comments, line=c.lineno)

    def _works_out(self, c: ast.ClassDef) -> bool:
        """True for an error class whose text or fields are more than what its initialiser is given."""
        if method_of(c, "__str__") is not None:
            return True
        init = method_of(c, "__init__")
        for s in init.body if init is not None else ():
            match s:
                case ast.Expr(
                    value=ast.Call(func=ast.Attribute(attr="__init__"), args=args, keywords=keywords)
                ):
                    base = self.module.find(self.scope.classes[c.name].base)
                    if (
                        len(args) > 1
                        or keywords
                        or (isinstance(base, ir.ErrorClass) and base.message is not None)
                    ):
                        return True
                case ast.Assign(targets=[ast.Attribute(attr=attr)], value=ast.Name(id=name)) if attr == name:
                    pass
                case ast.Assign(targets=[ast.Name()]) | ast.Expr(value=ast.Constant()):
                    pass
                case _:
                    return True
        return False

    def _worked_out(self, c: ast.ClassDef, info: ClassInfo, doc: str, comments: list[str]) -> ir.Definition:
        """An error class whose text a function of its own works out from what its initialiser is given."""
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", c.name).lower().strip("_")
        name = f"_{words}_text"
        while name in self.scope.functions or name in self.scope.classes or name in self.scope.constants:
            name += "_"
        text = ErrorText(c, name, self._error_base, self._below_library)
        params = [ir.Param(p.name, p.type, line=p.line) for p in info.init]
        self.scope.functions[name] = Signature(params, ir.STR)
        before = len(self.module.declines)
        made = self.function(text.function)
        declined = self.module.declines[before:]
        acts = any(
            isinstance(
                n, ir.Call | ir.MethodCall | ir.New | ir.PatternOp | ir.PatternNew | ir.PatternCall | ir.Raise
            )
            or (isinstance(n, ir.Intrinsic) and bool(n.raises))
            for n in ir.walk(made)
        )
        if declined or acts:
            del self.module.declines[before:]
            del self.scope.functions[name]
            reason = declined[0].reason if declined else "an error class whose initialiser does more"
            raise Unsupported(reason, f"class {c.name}", declined[0].line if declined else c.lineno)
        # A field called `message` has no place beside the text of the error.
        info.fields = {p.name: p.type for p in info.init if p.name in text.kept - {"message"}}
        info.lost |= dict.fromkeys(text.computed | {"message"}, "computed when the error is made")
        self._add(made)
        given: list[ir.Expr] = [ir.Name(p.name, type=p.type) for p in params]
        called = ir.Call(
            ir.Name(name, type=ir.FuncT(tuple(p.type for p in params), ir.STR)), given, type=ir.STR
        )
        fields = [ir.FieldDef(p.name, p.type, line=p.line) for p in info.init]
        return ir.ErrorClass(c.name, info.base, info.init, fields, called, doc, comments, line=c.lineno)

    def _below_library(self, c: ast.ClassDef) -> bool:
        """True for a class right below an error of provide.foundation."""
        names = [dotted(b) or "" for b in c.bases]
        return any(
            each.scope.foreign.get(n, ("", ""))[0].startswith("provide.foundation")
            for each in self.package.values()
            if c.name in each.class_defs
            for n in names
        )

    def _error_base(self, c: ast.ClassDef) -> ast.ClassDef | None:
        """The error class of the package that a class is below."""
        names = [dotted(b) or "" for b in c.bases]
        return next(
            (each.class_defs[n] for n in names for each in self.package.values() if n in each.class_defs),
            None,
        )


def _under(obj: ir.Expr, body: list[ir.Stmt], result: Type) -> list[ir.Stmt]:
    """The body under a breaker, a limiter or a policy that is held in a variable."""
    assert isinstance(obj.type, ir.NamedT)
    if obj.type.name == "RateLimiter":
        one = ir.Lit(1, type=ir.INT)
        return [ir.ExprStmt(ir.PatternOp("rate_limiting", obj, "acquire", [one], type=ir.NONE)), *body]
    pattern = "circuit_breaker" if obj.type.name == "CircuitBreaker" else "retry_with_backoff"
    called = ir.PatternCall(pattern, obj, {}, body, type=result)
    return [ir.ExprStmt(called)] if result == ir.NONE else [ir.Return(called)]


def _lifted(body: list[ir.Stmt]) -> tuple[ir.PatternUse, list[ir.Stmt]] | None:
    """The pattern of a function whose whole body is one block under it, and what is in the block."""
    if not body or len(body) > 2 or (len(body) == 2 and body[1] != ir.Return(None, line=body[1].line)):
        return None
    value = body[0].value if isinstance(body[0], ir.Return | ir.ExprStmt) else None
    if not isinstance(value, ir.PatternCall) or value.obj is not None:
        return None
    if value.pattern_id not in ("error_boundary", "retry_with_backoff"):
        return None
    if value.body:
        value.body[0].comments = body[0].comments + value.body[0].comments
    return ir.PatternUse(value.pattern_id, value.arguments, value.line), value.body


def _field_default(
    node: ast.expr, scope: Scope, effects: list[str] | None = None, annotation: ast.expr | None = None
) -> tuple[ast.expr | None, str, bool]:
    """The default of a data class's field (`default_factory=list` is an empty list), its variable, its secrecy.

    What else happens when an object is made is noted in `effects`.
    """
    origin = scope.foreign.get(dotted(node.func) or "") if isinstance(node, ast.Call) else None
    if not isinstance(node, ast.Call) or "field" not in (
        (dotted(node.func) or "").rpartition(".")[2],
        origin[1] if origin is not None else "",
    ):
        return node, "", False
    ours = origin is not None and origin[0].split(".")[0] == "foundation"
    attrs = origin is not None and origin[0].split(".")[0] in ("attrs", "attr", "provide")
    default: ast.expr | None = None
    env, secret = "", False
    for k in node.keywords:
        match k.arg, k.value:
            case "default", _:
                default = k.value
            case "default_factory" | "factory", factory:
                default = made_by(factory)
            case "env", ast.Constant(value=str() as env) if ours:
                pass
            case "secret", ast.Constant(value=bool() as secret) if ours:
                pass
            case "repr", ast.Constant(value=bool()) if not ours:
                # Printed forms of data classes are not ported, so what they show does not matter.
                pass
            case "description" | "metadata" | "env_var" | "kw_only", _ if not ours:
                pass
            case "validator", checks if attrs and annotation is not None and _says(annotation, checks):
                # The types say it.
                pass
            case "validator" | "converter", _ if attrs and effects is not None:
                effects.append(f"a field with a {k.arg}")
            case "validator" | "converter", _ if attrs:
                pass
            case _:
                raise Unsupported("a dataclass field with these options", ast.unparse(node), node.lineno)
    return default, env, secret


def _says(annotation: ast.expr, checks: ast.expr) -> bool:
    """True for attrs validators that only ask for the type that the annotation says."""
    match checks, annotation:
        case ast.List(elts=elts), _:
            return all(_says(annotation, e) for e in elts)
        case ast.Call(func=func, args=[inner]), ast.BinOp(left=left, right=ast.Constant(value=None)) if (
            dotted(func) or ""
        ).rpartition(".")[2] == "optional":
            return _says(left, inner)
        case ast.Call(func=func, args=[ast.Name(id=name)]), _:
            outer = annotation.value if isinstance(annotation, ast.Subscript) else annotation
            return (dotted(func) or "").rpartition(".")[2] == "instance_of" and dotted(outer) == name
        case _:
            return False


def _is_frozen(c: ast.ClassDef) -> bool:
    for d in c.decorator_list:
        if (dotted(d.func if isinstance(d, ast.Call) else d) or "") in (
            "frozen",
            "attrs.frozen",
            "attr.frozen",
        ):
            return True
        if isinstance(d, ast.Call):
            for k in d.keywords:
                if k.arg == "frozen" and isinstance(k.value, ast.Constant):
                    return bool(k.value.value)
    return any((dotted(b) or "").rpartition(".")[2] == "NamedTuple" for b in c.bases)


def _has_option(c: ast.ClassDef, name: str) -> bool:
    return any(
        k.arg == name and isinstance(k.value, ast.Constant) and k.value.value is True
        for d in c.decorator_list
        if isinstance(d, ast.Call)
        for k in d.keywords
    )


def _in_order(body: Iterable[ast.stmt]) -> Iterable[ast.stmt]:
    """The statements of a body and of the blocks in it, in the order of the source."""
    for s in body:
        yield s
        for inner in ("body", "orelse", "handlers", "finalbody"):
            for part in getattr(s, inner, ()):
                yield from _in_order(part.body if isinstance(part, ast.ExceptHandler) else [part])


def _own_nodes(f: ast.AST) -> Iterable[ast.AST]:
    """Nodes of a function that are not inside a nested function."""
    for child in ast.iter_child_nodes(f):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        yield child
        yield from _own_nodes(child)


def _returns_value(f: ast.AST) -> bool:
    return any(isinstance(n, ast.Return) and n.value is not None for n in _own_nodes(f))


class _FunctionLowerer(ExpressionLowerer):
    """Lower one function body; repeated until the types of its variables stand still."""

    def __init__(self, scope: Scope, annotations: _Annotations, cls: str) -> None:
        super().__init__(scope, annotations.type_of, cls)
        self.annotations = annotations
        self.declines: list[Unsupported] = []
        self.result: Type = ir.UNKNOWN
        self.final_pass = False
        self.fixed: set[str] = set()
        self._last_line = 0
        self.block_end: dict[str, Type] = {}
        self.top: list[ast.stmt] = []
        self.following: list[ast.stmt] = []
        self.rest_done = False
        self.beyond: set[str] = set()  # the variables of the functions around this one

    def pattern_of(self, d: ast.expr) -> ir.PatternUse | ir.Expr | None:
        """The pattern or pattern's object that a decorator applies, None for one that only shapes the definition."""
        call = d if isinstance(d, ast.Call) else None
        name = dotted(call.func if call else d) or ""
        last = name.rpartition(".")[2]
        if last in (
            "staticmethod",
            "property",
            "override",
            "abstractmethod",
            "dataclass",
            "final",
            "classmethod",
        ):
            return None
        symbol = self.symbol(name)
        if symbol is not None and symbol.dialect == "tenacity":
            policy = tenacity.policy(self, call, decorates=True)
            return ir.PatternUse("retry_with_backoff", policy, d.lineno, tenacity.reraises(call))
        if symbol is not None and symbol.dialect == "backoff" and call is not None:
            return ir.PatternUse("retry_with_backoff", backoff.policy(self, call), d.lineno, last_error=True)
        if symbol is not None and symbol.pattern not in ("configuration", "http_client", "process_execution"):
            given = patterns.arguments(self, symbol, call, decorates=True)
            return ir.PatternUse(symbol.pattern, given, d.lineno, patterns.reraises(symbol))
        if call is None and isinstance(d, ast.Name) and d.id in self.scope.decorators:
            return ir.PatternUse("retry_with_backoff", self.scope.decorators[d.id], d.lineno)
        if call is None and isinstance(d, ast.Name) and d.id in self.scope.constants:
            obj = self.expr(d)
            if obj.type in (ir.NamedT("CircuitBreaker"), ir.NamedT("RateLimiter"), ir.NamedT("RetryPolicy")):
                return obj
        if name.rpartition(".")[2] == "cached_property":
            raise Unsupported(
                "a cached property that may be None, or of a data class that changes; keep its value in a field",
                ast.unparse(d),
                d.lineno,
            )
        raise Unsupported(f"decorator @{name} is not a pattern this port knows", ast.unparse(d), d.lineno)

    def function_body(self, f: ast.FunctionDef | ast.AsyncFunctionDef, signature: Signature) -> list[ir.Stmt]:
        """The body; unknown statements become holes. Sets `result`."""
        body = copy.deepcopy(f.body[1:] if ast.get_docstring(f) is not None else f.body)
        if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in _own_nodes(f)):
            body = _collecting(f, body, signature)
            self.scope.differ(
                "A generator function gives the list of what it yields: all of it is computed before the first is used."
            )
        for p in signature.params:
            self.vars[p.name] = p.type
            self.fixed.add(p.name)
        self.params = {p.name for p in signature.params}
        self.pattern_name = f"_{f.name.strip('_')}_pattern".upper()
        self.literals = _texts(f)
        if self.outer is None:
            self.shared, self.closures = closures.shared_in(body), closures.closures_in(body)
        else:
            self.shared, self.closures = self.outer.shared, self.outer.closures
        self.result = signature.result
        self.declared_result = signature.result != ir.UNKNOWN
        self.top = body
        previous: tuple[dict[str, Type], Type] | None = None
        for _ in range(8):
            self.final_pass = False
            self._reset()
            self.block(body)
            state = (dict(self.vars), self.result)
            if state == previous:
                break
            previous = state
        self.final_pass = True
        self._reset()
        self._last_line = f.lineno
        out = self.block(body)
        if self.result == ir.UNKNOWN:
            self.result = ir.NONE
        if self.result != ir.NONE and not terminates(out):
            if isinstance(self.result, ir.OptionalT):
                out.append(ir.Return(ir.Lit(None, type=self.result)))
            elif self.result == ir.ANY:
                out.append(ir.Return(mixed.of(self, ir.Lit(None, type=ir.NONE))))
            else:
                # Ending without a value would break the declared type, so this line is not meant to be reached.
                message = ir.Lit(f"{f.name} ended without a value", type=ir.STR)
                stop = ir.New("AssertionError", [("message", message)], type=ir.NamedT("AssertionError"))
                out.append(ir.Raise(stop))
        return out

    def _reset(self) -> None:
        self.narrowed.clear()
        self.declines.clear()
        self.temporaries = 0

    def _hole(self, why: Unsupported, source: str) -> ir.Hole:
        if self.final_pass:
            self.declines.append(why)
        return ir.Hole(why.reason, why.construct, source, line=why.line)

    def block(self, body: list[ast.stmt]) -> list[ir.Stmt]:
        """Lower statements; the first that is not understood swallows the rest of its block as a hole."""
        out: list[ir.Stmt] = []
        saved = dict(self.narrowed)
        for i, s in enumerate(body):
            self.following = body[i + 1 :]
            self.rest_done = False
            try:
                try:
                    lowered = self.stmt(s)
                except Unsupported:
                    if not self._split(body, i):
                        raise
                    lowered = self.stmt(body[i])
                if self.shared and self.final_pass:
                    for made in lowered:
                        closures.check_order(made, self.shared, self.closures)
            except Unsupported as why:
                if not self.final_pass:
                    # What is inside and what follows still teach types: a later `best = word` tells `best = None`.
                    for inner in ("body", "orelse", "finalbody"):
                        self.block(getattr(s, inner, []))
                    continue
                if not why.line:
                    why.line = s.lineno
                if not why.construct:
                    why.construct = self.scope.source(s).splitlines()[0]
                rest = "\n".join(self.scope.source(r) for r in body[i:])
                out.append(self._hole(why, rest))
                break
            if self.final_pass and mixed.changes_a_copy(lowered):
                why = Unsupported("a change of what a value of any type holds", "", s.lineno)
                source = "\n".join(self.scope.source(r) for r in body[i:])
                out.append(self._hole(why, source))
                break
            if lowered and self.final_pass:
                head = lowered[0]
                head.comments = self.scope.comments.above(first_line(s), self._last_line) + head.comments
                if s.end_lineno == s.lineno:
                    lowered[-1].trailing = self.scope.comments.trailing.get(s.lineno, "")
                elif s.lineno in self.scope.comments.trailing:
                    head.comments.append(self.scope.comments.trailing[s.lineno])
            for node in lowered:
                node.line = node.line or s.lineno
            if not (out and len(lowered) == 1 and clients.checked(out[-1], lowered[0])):
                out.extend(lowered)
            if self.rest_done:
                # The statement took what follows it along, or nothing can follow it.
                self.rest_done = False
                break
        self.block_end = self.narrowed
        self.narrowed = saved
        return out

    def _split(self, body: list[ast.stmt], i: int) -> bool:
        """Give a variable that takes a value of another type a name of its own from here on, where that is certain.

        Only in the function's own block: what is above is never run again, so that every later use means the new value.
        """
        s = body[i]
        if body is not self.top or not isinstance(s, ast.Assign) or len(s.targets) != 1:
            return False
        target = s.targets[0]
        if not isinstance(target, ast.Name) or target.id not in self.vars:
            return False
        old = target.id
        if any(isinstance(n, ast.arg) and n.arg == old for r in body[i:] for n in ast.walk(r)):
            return False
        value = self.expr(s.value)
        match value.type:
            case ir.ListT():
                suffix = "list"
            case ir.DictT():
                suffix = "table"
            case ir.SetT():
                suffix = "set"
            case ir.P(ir.Prim.STR):
                suffix = "text"
            case ir.P(ir.Prim.INT) | ir.P(ir.Prim.FLOAT):
                suffix = "number"
            case _:
                suffix = "value"
        new = f"{old}_{suffix}"
        if self.lookup(new) is not None or value.type == ir.NONE:
            return False
        for node in [target, *(n for r in body[i + 1 :] for n in ast.walk(r))]:
            if isinstance(node, ast.Name) and node.id == old:
                node.id = new
        return True

    def stmt(self, s: ast.stmt) -> list[ir.Stmt]:
        """One statement as zero or more IR statements."""
        match s:
            case ast.Pass():
                return []
            case ast.Expr(value=ast.Constant()):
                return []
            case ast.Expr() | ast.Assign() | ast.AnnAssign() | ast.Return() if (
                steps := self._in_steps(s)
            ) is not None:
                return [x for step in steps for x in self.stmt(step)]
            case ast.Expr():
                return self._expression(s)
            case (
                ast.Assign(targets=[ast.Attribute() as target])
                | ast.AugAssign(target=ast.Attribute() as target)
            ) if self._has_setter(target) and (call := setters.set_by(s)) is not None:
                return self._expression(call)
            case ast.Assign():
                return self._assign(s)
            case ast.AnnAssign():
                return self._annotated(s)
            case ast.AugAssign():
                return self._augmented(s)
            case ast.Return():
                return self._return(s)
            case ast.If():
                return self._if(s)
            case ast.While():
                return self._while(s)
            case ast.For() | ast.AsyncFor():
                attempts = self._attempts(s)
                if attempts is not None:
                    return attempts
                if isinstance(s, ast.AsyncFor):
                    raise Unsupported("an asynchronous loop", "", s.lineno)
                return self._for(s)
            case ast.Match():
                return self._match(s)
            case ast.Break():
                return [ir.Break()]
            case ast.Continue():
                return [ir.Continue()]
            case ast.Raise():
                return self._raise(s)
            case ast.Try():
                return self._try(s)
            case ast.Assert():
                failure = ir.New(
                    "AssertionError", [("message", self._message(s.msg))], type=ir.NamedT("AssertionError")
                )
                return [ir.If(ir.Not(self.cond(s.test), type=ir.BOOL), [ir.Raise(failure)], [])]
            case ast.Delete():
                return self._delete(s)
            case ast.FunctionDef():
                return self._nested(s)
            case ast.AsyncFunctionDef():
                made = ast.copy_location(
                    ast.FunctionDef(s.name, s.args, s.body, s.decorator_list, s.returns), s
                )
                self.scope.differ(ASYNC)
                return self._nested(made)
            case ast.Nonlocal():
                return []
            case ast.Import() | ast.ImportFrom():
                self._local_import(s)
                return []
            case ast.With() | ast.AsyncWith():
                return self._with(s)
            case _:
                raise Unsupported(f"statement {type(s).__name__}", "", s.lineno)

    def check_read_once(self, e: ast.expr) -> None:
        """Raise Unsupported where an iterator that is a list here is kept, and gone through more than once."""
        nodes = [n for s in self.top for n in ast.walk(s)]
        for n in nodes:
            match n:
                case ast.Assign(targets=[ast.Name(id=name)], value=made) if made.lineno == e.lineno:
                    uses = sum(isinstance(m, ast.Name) and m.id == name for m in nodes)
                    if uses > 2:
                        reason = (
                            "an iterator that is gone through more than once, or in a loop; make a list of it"
                        )
                        raise Unsupported(reason, ast.unparse(e), e.lineno)
                case _:
                    pass

    def _message(self, m: ast.expr | None) -> ir.Expr:
        if m is None:
            return ir.Lit("", type=ir.STR)
        return self.coerce(self.expr(m, ir.STR), ir.STR)

    def _local_import(self, s: ast.Import | ast.ImportFrom) -> None:
        if isinstance(s, ast.Import):
            for alias in s.names:
                self.scope.modules[alias.asname or alias.name.partition(".")[0]] = alias.name
        else:
            for alias in s.names:
                module, original = foreign_name(s.module or "", alias.name)
                self.scope.foreign[alias.asname or alias.name] = (module, original)
                self.scope.modules.setdefault(alias.asname or alias.name, f"{module}.{original}")

    def _with(self, s: ast.With | ast.AsyncWith) -> list[ir.Stmt]:
        following = self.following
        if len(s.items) > 1:
            inner = ast.copy_location(type(s)(s.items[1:], s.body), s)
            s = ast.copy_location(type(s)(s.items[:1], [inner]), s)
        item = s.items[0]
        node = item.context_expr
        used = patterns.block_use(self, node)
        if used is not None:
            return self._under_pattern(s, used, following)
        opened = self._opened(node)
        if opened is not None:
            return self._with_open(s, opened)
        manager = self.scope.managers.get(dotted(node.func) or "") if isinstance(node, ast.Call) else None
        if manager is not None and isinstance(node, ast.Call):
            known = self.params | sugar.stored(self.top)
            made = sugar.inlined(manager, node, item.optional_vars, s.body, known)
            if made is None:
                raise Unsupported(f"a use of the context manager {manager.name} of this kind", "", s.lineno)
            return self._in_place(made, s)
        obj = self.expr(node)
        if obj.type == ir.NamedT("HttpClient") and (
            item.optional_vars is None or isinstance(item.optional_vars, ast.Name)
        ):
            return self._with_client(s, obj, item.optional_vars, closes=not clients.is_use(self, node))
        entered = self.scope.entered.get(obj.type.name) if isinstance(obj.type, ir.NamedT) else None
        taken = item.optional_vars
        if entered is not None and isinstance(taken, ast.Name | None) and isinstance(s, ast.With):
            assert isinstance(obj.type, ir.NamedT)
            name = taken.id if taken is not None and entered else obj.type.name.lower()
            if not (taken is not None and entered) and name in self.around() | closures.mentioned(self.top):
                name = f"{name}_entered"
            if name in sugar.stored(s.body):
                raise Unsupported("a with statement whose object gets another name inside", "", s.lineno)
            if entered and taken is not None and not isinstance(node, ast.Call):
                raise Unsupported("a second name for the object of a with statement", "", s.lineno)
            return self._in_place(sugar.under(node, name, taken, itself=entered, s=s), s)
        if obj.type == ir.LOCK and item.optional_vars is None:
            self.require_pure(obj)
            body = self.block(s.body)
            self.rest_done = terminates(body)
            take = ir.Intrinsic("lock.acquire", [obj], type=ir.NONE, line=s.lineno)
            leave = ir.Intrinsic("lock.release", [ir.unshared(obj)], type=ir.NONE, line=s.lineno)
            final: list[ir.Stmt] = [ir.ExprStmt(leave, line=s.lineno)]
            return [ir.ExprStmt(take, line=s.lineno), ir.Try(body, [], [], final, line=s.lineno)]
        raise Unsupported("a with statement over this context manager", "", s.lineno)

    def _in_place(self, made: list[ast.stmt], s: ast.stmt) -> list[ir.Stmt]:
        """Statements that stand for one of the source; raises Unsupported where one of them is not ported."""
        before = len(self.declines)
        lowered = self.block(made)
        self.narrowed.clear()
        if any(isinstance(n, ir.Hole) for x in lowered[-1:] for n in [x]) and len(self.declines) > before:
            why = self.declines.pop()
            raise Unsupported(why.reason, why.construct, s.lineno)
        self.rest_done = terminates(lowered)
        return lowered

    def _under_pattern(
        self,
        s: ast.With | ast.AsyncWith,
        used: tuple[str, ir.Expr | None, dict[str, ir.Expr]],
        following: list[ast.stmt],
    ) -> list[ir.Stmt]:
        pattern, obj, made = used
        if s.items[0].optional_vars is not None:
            raise Unsupported("the object of a with statement over a pattern", "", s.lineno)
        body = self.block(s.body)
        returns, _ = patterns.jumps(body)
        if pattern == "error_boundary" and made.get("log_errors") is None:
            # The record names the boundary, which a block does not take from its function.
            made.setdefault("name", ir.Lit("boundary", type=ir.STR))
        if returns and patterns.swallowing(pattern, made) and terminates(body):
            # What follows is what the function gives when the error was swallowed.
            match following:
                case []:
                    value: ir.Expr | None = ir.Lit(None, type=self.result)
                case [ast.Return(value=None)]:
                    value = ir.Lit(None, type=self.result)
                case [ast.Return(value=node)] if node is not None:
                    value = self.coerce(self.expr(node, self.result), self.result)
                    self.require_pure(value)
                    if not isinstance(
                        value, ir.Lit | ir.ListLit | ir.DictLit | ir.Name | ir.EnumMember | ir.Wrap
                    ):
                        raise Unsupported(
                            "a computed value after a boundary that swallows errors", "", s.lineno
                        )
                case _:
                    raise Unsupported("statements after a boundary that swallows errors", "", s.lineno)
            nothing = isinstance(value, ir.Lit) and value.value is None
            if nothing and self.result != ir.NONE and not isinstance(self.result, ir.OptionalT):
                raise Unsupported("a boundary that gives nothing where a value is declared", "", s.lineno)
            made["fallback"] = value
            reraise = made.pop("reraise")
            out = patterns.block(pattern, obj, made, body, self.result, s.lineno)
            made["reraise"] = reraise
            self.rest_done = True
            return out
        out = patterns.block(pattern, obj, made, body, self.result, s.lineno)
        self.rest_done = terminates(out)
        return out

    def _attempts(self, s: ast.For | ast.AsyncFor) -> list[ir.Stmt] | None:
        """`for attempt in Retry(...): with attempt: ...` as a block under the policy, None for other loops."""
        match s.body:
            case [ast.With() | ast.AsyncWith() as inner] if (
                isinstance(s.target, ast.Name)
                and len(inner.items) == 1
                and isinstance(inner.items[0].context_expr, ast.Name)
                and inner.items[0].context_expr.id == s.target.id
                and inner.items[0].optional_vars is None
                and not s.orelse
            ):
                pass
            case _:
                return None
        made: dict[str, ir.Expr] | None = None
        obj: ir.Expr | None = None
        if isinstance(s.iter, ast.Call):
            symbol = self.symbol(dotted(s.iter.func) or "")
            if symbol is None or symbol.pattern != "retry_with_backoff":
                return None
            made = (
                tenacity.policy(self, s.iter)
                if symbol.dialect == "tenacity"
                else patterns.arguments(self, symbol, s.iter)
            )
        else:
            obj = self.expr(s.iter)
            if obj.type != ir.NamedT("RetryPolicy"):
                return None
        if any(isinstance(n, ast.Name) and n.id == s.target.id for b in inner.body for n in ast.walk(b)):
            raise Unsupported("a block that looks at its attempt", "", s.lineno)
        body = self.block(inner.body)
        out = patterns.block("retry_with_backoff", obj, made or {}, body, self.result, s.lineno)
        self.rest_done = terminates(out)
        return out

    def _with_client(
        self, s: ast.With | ast.AsyncWith, obj: ir.Expr, name: ast.Name | None, closes: bool
    ) -> list[ir.Stmt]:
        out: list[ir.Stmt] = []
        if name is not None:
            target = self.target(name, obj.type)
            out.append(ir.Assign(target, obj, line=s.lineno))
            obj = ir.Name(name.id, type=obj.type)
        elif not isinstance(obj, ir.Name | ir.Field):
            raise Unsupported("a client that nothing names", "", s.lineno)
        body = self.block(s.body)
        if not closes:
            self.rest_done = terminates(body)
            return [*out, *body]
        close = ir.ExprStmt(ir.PatternOp("http_client", obj, "close", [], type=ir.NONE), line=s.lineno)
        out.append(ir.Try(body, [], [], [close], line=s.lineno))
        self.rest_done = terminates(body)
        return out

    def _opened(self, node: ast.expr) -> ast.Call | None:
        """`open(path, ...)`, which `path.open(...)` also is; None for another expression."""
        match node:
            case ast.Call(func=ast.Name(id="open")):
                return node
            case ast.Call(func=ast.Attribute(value=at, attr="open")) if self.expr(at).type == ir.STR:
                called = ast.copy_location(ast.Name("open", ast.Load()), node)
                return ast.copy_location(ast.Call(called, [at, *node.args], node.keywords), node)
            case _:
                return None

    def _with_open(self, s: ast.With | ast.AsyncWith, node: ast.Call) -> list[ir.Stmt]:
        """`with open(path) as f:` whose block reads the file, or writes it."""
        name = s.items[0].optional_vars
        given = {k.arg: k.value for k in node.keywords}
        mode = node.args[1] if len(node.args) > 1 else given.get("mode", ast.Constant("r"))
        kind = str(mode.value).replace("t", "") if isinstance(mode, ast.Constant) else "computed"
        encoding = given.get("encoding")
        utf8 = encoding is None or (
            isinstance(encoding, ast.Constant) and str(encoding.value).lower() in ("utf-8", "utf8", "ascii")
        )
        if (
            not isinstance(name, ast.Name)
            or not 1 <= len(node.args) <= 2
            or set(given) - {"mode", "encoding", "errors", "newline"}
            or kind not in ("r", "w", "a", "x")
            or not utf8
        ):
            reason = f"a file opened in the mode {kind!r} or with these options; texts in UTF-8 are ported"
            raise Unsupported(reason, ast.unparse(node), s.lineno)
        at = node.args[0]
        if kind == "r":
            made = sugar.read_whole(at, name.id, s.body, self.params | sugar.stored(self.top))
        elif kind in ("w", "a"):
            made = sugar.written_whole(at, name.id, s.body, kind == "a", self.params | sugar.stored(self.top))
        else:
            made = None
        if made is None:
            reason = (
                "an open file that is used in another way than to be read whole or line by line, or written"
            )
            raise Unsupported(reason, ast.unparse(node), s.lineno)
        if kind != "r" and len(made) > 1:
            self.scope.differ(
                "A file that is written piece by piece is written at once, when all of it is known."
            )
        return self._in_place(made, s)

    def _match(self, s: ast.Match) -> list[ir.Stmt]:
        """A match over literals, enum members and alternatives of them, as a chain of tests."""
        subject = self.expr(s.subject)
        subject_node: ast.expr = s.subject
        out: list[ir.Stmt] = []
        if not isinstance(s.subject, ast.Name | ast.Attribute):
            self.temporaries += 1
            made = (
                f"subject_{self.temporaries}"
                if "subject" in self.vars and self.vars["subject"] != subject.type
                else "subject"
            )
            subject_node = ast.copy_location(ast.Name(made, ast.Load()), s.subject)
            target = self.target(ast.copy_location(ast.Name(made, ast.Store()), s.subject), subject.type)
            out.append(ir.Assign(target, self.coerce(subject, target.type), line=s.lineno))
        root: list[ast.stmt] = []
        at = root
        for case in s.cases:
            bound: dict[str, tuple[ast.expr, str]] = {}
            tests = self._case_tests(case.pattern, subject_node, bound)
            body = case.body
            guard = case.guard
            for name, (part, cls) in bound.items():
                kept = name not in sugar.stored(s.cases) and isinstance(part, ast.Name) and not cls
                if guard is not None:
                    guard = sugar.put(guard, {name: part})
                if kept and not sugar.stored(body) & {
                    part.id for part in [part] if isinstance(part, ast.Name)
                }:
                    body = [sugar.put(b, {name: part}) for b in body]
                else:
                    annotated = f"{name}: {cls} = part" if cls else f"{name} = part"
                    body = [*sugar.statements(annotated, case.pattern, part=part), *body]
            tests = [*tests, guard] if guard is not None else tests
            test = (
                None
                if not tests
                else tests[0]
                if len(tests) == 1
                else sugar.at(ast.BoolOp(ast.And(), tests), case.pattern)
            )
            if test is None:
                at.extend(body)
                break
            branch = ast.copy_location(ast.If(test, body, []), case.pattern)
            branch.end_lineno = body[-1].end_lineno
            at.append(branch)
            at = branch.orelse
        if root:
            if isinstance(root[0], ast.If):
                out.extend(self._if(root[0]))
            else:
                out.extend(self.block(root))
        return out

    def _case_tests(
        self, p: ast.pattern, subject: ast.expr, bound: dict[str, tuple[ast.expr, str]]
    ) -> list[ast.expr]:
        """The tests that a case makes, none for one that takes everything.

        `bound` takes the names that it gives to parts of the subject, with the class that a part is tested for.
        """

        def test(text: str, **parts: ast.expr) -> ast.expr:
            made = sugar.statements(text, p, subject=subject, **parts)[0]
            assert isinstance(made, ast.Expr)
            return made.value

        def part(text: str, **parts: ast.expr) -> ast.expr:
            return test(text, **parts)

        match p:
            case ast.MatchValue(value=v):
                return [test("subject == value", value=v)]
            case ast.MatchSingleton(value=None):
                return [test("subject is None")]
            case ast.MatchSingleton(value=v):
                return [test("subject is value", value=ast.Constant(v))]
            case ast.MatchOr(patterns=alternatives):
                inner: dict[str, tuple[ast.expr, str]] = {}
                each = [self._case_tests(x, subject, inner) for x in alternatives]
                if inner:
                    raise Unsupported("a match of alternatives that bind names", ast.unparse(p), p.lineno)
                if not all(each):
                    return []
                joined = [t[0] if len(t) == 1 else ast.BoolOp(ast.And(), t) for t in each]
                return [sugar.at(ast.BoolOp(ast.Or(), joined), p)]
            case ast.MatchAs(pattern=inside, name=name):
                tests: list[ast.expr] = []
                if inside is not None:
                    tests = self._case_tests(inside, subject, bound)
                if name is not None:
                    cls = ast.unparse(inside.cls) if isinstance(inside, ast.MatchClass) else ""
                    bound[name] = (subject, cls if cls in ("str", "int", "float", "bool") else "")
                return tests
            case ast.MatchClass(
                cls=ast.Name(id="str" | "int" | "float" | "bool" | "list" | "dict" as cls), kwd_attrs=[]
            ):
                match p.patterns:
                    case []:
                        pass
                    case [ast.MatchAs(pattern=None, name=name)]:
                        if name is not None:
                            bound[name] = (subject, cls if cls not in ("list", "dict") else "")
                    case _:
                        raise Unsupported("a match of a structure", ast.unparse(p), p.lineno)
                return [test(f"isinstance(subject, {cls})")]
            case ast.MatchClass(cls=ast.Name(id=cls), patterns=[]) if self._is_only(subject, cls):
                tests = []
                for attribute, inside in zip(p.kwd_attrs, p.kwd_patterns, strict=True):
                    tests += self._case_tests(inside, part(f"subject.{attribute}"), bound)
                return tests
            case ast.MatchMapping(rest=None):
                held = self.expr(subject).type
                if held != ir.ANY and not isinstance(held, ir.DictT):
                    raise Unsupported("a match of a structure", ast.unparse(p), p.lineno)
                tests = [test("isinstance(subject, dict)")] if held == ir.ANY else []
                for key, inside in zip(p.keys, p.patterns, strict=True):
                    tests.append(test("key in subject", key=key))
                    tests += self._case_tests(inside, part("subject[key]", key=key), bound)
                return tests
            case ast.MatchSequence(patterns=parts) if not any(isinstance(x, ast.MatchStar) for x in parts):
                held = self.expr(subject).type
                if isinstance(held, ir.TupleT) and len(held.elems) == len(parts):
                    tests = []
                elif isinstance(held, ir.ListT):
                    tests = [test(f"len(subject) == {len(parts)}")]
                else:
                    raise Unsupported("a match of a structure", ast.unparse(p), p.lineno)
                for i, inside in enumerate(parts):
                    tests += self._case_tests(inside, part(f"subject[{i}]"), bound)
                return tests
            case _:
                raise Unsupported("a match of a structure", ast.unparse(p), p.lineno)

    def _is_only(self, subject: ast.expr, cls: str) -> bool:
        """True for a value that can be of one class of the module alone."""
        info = self.scope.classes.get(cls)
        return (
            info is not None
            and info.kind in ("dataclass", "plain")
            and self.expr(subject).type == ir.NamedT(cls)
        )

    def _nested(self, s: ast.FunctionDef) -> list[ir.Stmt]:
        a = s.args
        if s.decorator_list or a.vararg or a.kwarg or a.defaults or a.kwonlyargs:
            raise Unsupported(
                "a nested function with decorators, defaults or variadic parameters", "", s.lineno
            )
        if any(isinstance(n, ast.Global) for n in ast.walk(s)):
            raise Unsupported("global", "", s.lineno)
        if self.shared and any(isinstance(n, ast.Yield | ast.YieldFrom) for n in _own_nodes(s)):
            raise Unsupported("a generator beside functions with nonlocal variables", "", s.lineno)
        shared = closures.shared(s, self.top if self.outer is None else [])
        for name in sorted(shared):
            t = self.vars.get(name, ir.UNKNOWN)
            if self.final_pass and t not in (ir.INT, ir.FLOAT, ir.BOOL):
                raise Unsupported(f"nonlocal of {ir.type_text(t)}", f"nonlocal {name}", s.lineno)
        signature = self.nested_signature(s)
        inner = _FunctionLowerer(self.scope, self.annotations, self.cls)
        inner.outer, inner.beyond = self, self.around()
        inner.final_pass = self.final_pass
        known = self.vars.get(s.name)
        result = signature.result
        if result == ir.UNKNOWN and isinstance(known, ir.FuncT):
            result = known.result
        inner.vars[s.name] = ir.FuncT(
            tuple(p.type for p in signature.params), result, raises=False, context=False
        )
        inner.vars.update((name, self.vars[name]) for name in shared if name in self.vars)
        body = inner.function_body(s, Signature(signature.params, signature.result))
        for name in shared:
            self.bind(name, inner.vars.get(name, ir.UNKNOWN))
        closures.rename(body, closures.hidden(s, shared, self.around()))
        self.declines.extend(inner.declines if self.final_pass else [])
        for p in signature.params:
            if ir.has_unknown(p.type) and self.final_pass:
                raise Unsupported(f"parameter {p.name} of a nested function has no type", "", s.lineno)
        t = ir.FuncT(tuple(p.type for p in signature.params), inner.result, raises=False, context=False)
        self.vars[s.name] = t
        return [
            ir.FuncDef(
                ir.Function(
                    s.name,
                    signature.params,
                    inner.result,
                    body,
                    ast.get_docstring(s) or "",
                    line=s.lineno,
                    shared=shared,
                )
            )
        ]

    def around(self) -> set[str]:
        """The variables that a function inside of this one can see."""
        return closures.variables(self.top) | self.params | self.beyond

    def nested_signature(self, s: ast.FunctionDef) -> Signature:
        """Types of a nested function's parameters: annotations, else what calls of it pass."""
        params: list[ir.Param] = []
        for i, arg in enumerate(s.args.args):
            t = self.annotations.type_of(arg.annotation)
            if t == ir.UNKNOWN:
                t = self.call_types.get((s.name, i), ir.UNKNOWN)
            params.append(ir.Param(arg.arg, t, line=arg.lineno))
        result = self.annotations.type_of(s.returns)
        if s.returns is None and not _returns_value(s):
            result = ir.NONE
        return Signature(params, result)

    # Assignment

    def _exit(self, given: list[ast.expr], s: ast.stmt) -> list[ir.Stmt]:
        """`sys.exit(...)` and `raise SystemExit(...)`: the end of the program, with its code, as an error."""
        if len(given) > 1 or any(isinstance(g, ast.Starred) for g in given):
            raise Unsupported("an exit with these arguments", "", s.lineno)
        code: ir.Expr = self.expr(given[0]) if given else ir.Lit(0, type=ir.INT)
        before: list[ir.Stmt] = []
        if code.type in (ir.STR, ir.CHAR, ir.ERROR) or (
            isinstance(code.type, ir.NamedT) and self.scope.error_base(code.type.name) is not None
        ):
            # Another object than a number is shown, and the code is 1.
            text = formattable(self, code)
            parts = text.parts if isinstance(text, ir.Format) else [ir.FormatPart(value=text)]
            if isinstance(text, ir.Lit):
                parts = [ir.FormatPart(str(text.value))]
            line = ir.Format(parts, type=ir.STR)
            before = [ir.ExprStmt(ir.Intrinsic("print.error", [line], type=ir.NONE), line=s.lineno)]
            code = ir.Lit(1, type=ir.INT)
        elif code.type == ir.NONE:
            before = [] if isinstance(code, ir.Lit) else [ir.ExprStmt(code, line=s.lineno)]
            code = ir.Lit(0, type=ir.INT)
        elif isinstance(code.type, ir.OptionalT) and code.type.elem == ir.INT and isinstance(code, ir.Name):
            there = ir.Intrinsic("is_some", [code], type=ir.BOOL)
            code = ir.Cond(there, ir.Unwrap(code, type=ir.INT), ir.Lit(0, type=ir.INT), type=ir.INT)
        made = ir.New("Exit", [("code", self.coerce(code, ir.INT))], type=ir.NamedT("Exit"))
        return [*before, ir.Raise(made, line=s.lineno)]

    def _expression(self, s: ast.Expr) -> list[ir.Stmt]:
        match s.value:
            case ast.Call(func=func, args=args, keywords=[]) if self.stdlib_name(func) == "sys.exit":
                return self._exit(args, s)
            case _:
                pass
        value = self.effect(s.value)
        return [value] if isinstance(value, ir.Stmt) else [ir.ExprStmt(value)]

    def _has_setter(self, target: ast.Attribute) -> bool:
        if setters.setter_of(target.attr) not in self.scope.setters:
            return False
        owner = self.expr(target.value).type
        known = self.scope.classes.get(owner.name) if isinstance(owner, ir.NamedT) else None
        method = known.methods.get(target.attr) if known is not None else None
        return method is not None and method.kind == "property"

    def _in_steps(self, s: ast.Expr | ast.Assign | ast.AnnAssign | ast.Return) -> list[ast.stmt] | None:
        """The statements that a search, or a change of a heap, is; None for another statement."""
        if isinstance(s.value, ast.Call) and (name := self.stdlib_name(s.value.func)) is not None:
            return sugar.heap_steps(s, s.value, name)
        if isinstance(s, ast.Expr):
            return None
        return sugar.searched(s, self.around() | closures.mentioned(self.top))

    def bind(self, name: str, t: Type) -> Type:
        """Record that a variable takes a value of type `t`; the variable's type as known now."""
        if name in self.fixed:
            return self.vars[name]
        known = self.vars.get(name)
        if known is None or known == ir.UNKNOWN:
            self.vars[name] = t
        else:
            self.vars[name] = join(known, t)
        return self.vars[name]

    def target(self, node: ast.expr, t: Type) -> ir.Target:
        """An assignment target that takes a value of type `t`."""
        match node:
            case ast.Name():
                known = self.bind(node.id, t)
                self.narrowed.pop(node.id, None)
                self.forget(node.id)
                return ir.VarTarget(node.id, type=known, line=node.lineno)
            case ast.Attribute():
                if self._has_setter(node):
                    raise Unsupported("an assignment of this kind to a property", "", node.lineno)
                obj = self.expr(node.value)
                field_type = self.field_type(obj, node)
                self.narrowed.pop(dotted(node) or "", None)
                return ir.FieldTarget(obj, node.attr, type=field_type, line=node.lineno)
            case ast.Subscript():
                if isinstance(node.slice, ast.Slice):
                    raise Unsupported("assignment to a slice", "", node.lineno)
                obj = self.expr(node.value)
                if isinstance(obj.type, ir.ListT):
                    self.learn(node.value, ir.ListT(unify_element(t)))
                    index = self.index(node.slice)
                    elem = self.expr(node.value).type
                    return ir.IndexTarget(
                        obj, index, type=elem.elem if isinstance(elem, ir.ListT) else t, line=node.lineno
                    )
                if isinstance(obj.type, ir.DictT):
                    key = self.expr(node.slice, obj.type.key)
                    self.learn(node.value, ir.DictT(unify_element(key.type), unify_element(t), obj.type.zero))
                    obj = self.expr(node.value)
                    assert isinstance(obj.type, ir.DictT)
                    self.narrowed[entry(node.value, node.slice)] = ir.NONE
                    return ir.IndexTarget(
                        obj, self.coerce(key, obj.type.key), type=obj.type.value, line=node.lineno
                    )
                raise Unsupported(f"item assignment to {ir.type_text(obj.type)}", "", node.lineno)
            case ast.Tuple() | ast.List():
                types = self.unpack_types(t, len(node.elts))
                if any(isinstance(e, ast.Starred) for e in node.elts):
                    raise Unsupported("unpacking with a star", "", node.lineno)
                return ir.TupleTarget(
                    [self.target(e, u) for e, u in zip(node.elts, types, strict=True)],
                    type=t,
                    line=node.lineno,
                )
            case _:
                raise Unsupported("an assignment target of this kind", "", node.lineno)

    def _assign(self, s: ast.Assign) -> list[ir.Stmt]:
        if len(s.targets) > 1:
            if not isinstance(s.value, ast.Constant | ast.Name):
                raise Unsupported("a chained assignment of a computed value", "", s.lineno)
            out: list[ir.Stmt] = []
            for t in s.targets:
                out.extend(self._one(t, s.value, s))
            return out
        return self._one(s.targets[0], s.value, s)

    def _first_of(self, value: ast.expr) -> tuple[list[ir.Stmt], ast.expr]:
        """`f() or x` with the value of `f()` in a variable, so that it is computed once."""
        if not (isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or) and len(value.values) == 2):
            return [], value
        first = value.values[0]
        inner = first.value if isinstance(first, ast.Await) else first
        if not isinstance(inner, ast.Call):
            return [], value
        lowered = self.expr(first)
        if not any(isinstance(n, ir.Call | ir.MethodCall | ir.New | ir.PatternOp) for n in ir.walk(lowered)):
            return [], value
        name = next(
            n
            for n in ("given", "known", "found_value", "first_value")
            if self.lookup(n) in (None, lowered.type)
        )
        store = ast.copy_location(ast.Name(name, ast.Store()), first)
        made = ir.Assign(self.target(store, lowered.type), lowered, line=first.lineno)
        load = ast.copy_location(ast.Name(name, ast.Load()), first)
        return [made], ast.copy_location(ast.BoolOp(value.op, [load, value.values[1]]), value)

    def _one(self, target: ast.expr, value: ast.expr, s: ast.stmt) -> list[ir.Stmt]:
        before, value = self._first_of(value)
        return [*before, *self._single(target, value, s)]

    def _starred(self, target: ast.Tuple | ast.List, value: ast.expr, s: ast.stmt) -> list[ir.Stmt]:
        """`first, *rest = items`."""
        place = next(i for i, e in enumerate(target.elts) if isinstance(e, ast.Starred))
        before, star, after = target.elts[:place], target.elts[place], target.elts[place + 1 :]
        assert isinstance(star, ast.Starred)
        out: list[ir.Stmt] = []
        if not isinstance(value, ast.Name):
            self.temporaries += 1
            taken = sugar.stored(self.top) | self.params
            name = next(n for n in ("parts", f"parts_{self.temporaries}") if n not in taken)
            out += self._single(ast.copy_location(ast.Name(name, ast.Store()), target), value, s)
            value = ast.copy_location(ast.Name(name, ast.Load()), target)
        if not isinstance(self.expr(value).type, ir.ListT):
            raise Unsupported(f"unpacking of {ir.type_text(self.expr(value).type)} with a star", "", s.lineno)
        least = len(before) + len(after)
        lines: list[str] = []
        if least:
            lines += [
                f"if len(given) < {least}:",
                f'    raise ValueError(f"not enough values to unpack (expected at least {least}, got {{len(given)}})")',
            ]
        made = sugar.statements("\n".join(lines), s, given=value)
        for i, e in enumerate(before):
            made += self._put_into(e, f"given[{i}]", value, s)
        end = f"len(given) - {len(after)}" if after else ""
        made += self._put_into(star.value, f"given[{place}:{end}]", value, s)
        for i, e in enumerate(after):
            made += self._put_into(e, f"given[-{len(after) - i}]", value, s)
        return [*out, *(x for m in made for x in self.stmt(m))]

    def _put_into(self, target: ast.expr, text: str, value: ast.expr, s: ast.stmt) -> list[ast.stmt]:
        if isinstance(target, ast.Name) and target.id == "_":
            return []
        made = sugar.statements(f"target = {text}", s, given=value)
        assert isinstance(made[0], ast.Assign)
        made[0].targets = [target]
        return made

    def _single(self, target: ast.expr, value: ast.expr, s: ast.stmt) -> list[ir.Stmt]:
        if isinstance(target, ast.Tuple | ast.List) and any(isinstance(e, ast.Starred) for e in target.elts):
            return self._starred(target, value, s)
        # a, b = x, y is one simultaneous assignment; its parts are typed one by one.
        if (
            isinstance(target, ast.Tuple)
            and isinstance(value, ast.Tuple)
            and len(target.elts) == len(value.elts)
        ):
            values = [self.expr(v, self.peek(t)) for t, v in zip(target.elts, value.elts, strict=True)]
            targets = [self.target(t, v.type) for t, v in zip(target.elts, values, strict=True)]
            coerced = [self.coerce(v, t.type) for v, t in zip(values, targets, strict=True)]
            for t, v in zip(target.elts, values, strict=True):
                self._narrow_after(t, v)
            tuple_type = ir.TupleT(tuple(t.type for t in targets))
            return [
                ir.Assign(
                    ir.TupleTarget(targets, type=tuple_type),
                    ir.TupleLit(coerced, type=tuple_type),
                    line=s.lineno,
                )
            ]
        if isinstance(target, ast.Subscript) and (put := operators.put(self, target, value)) is not None:
            return [ir.ExprStmt(put, line=s.lineno)]
        lowered = self.expr(value, self.peek(target))
        if isinstance(lowered.type, ir.RegexT):
            # The pattern is a constant of the module, which uses of the variable name.
            self.target(target, lowered.type)
            return []
        lowered = self.sequence_constant(lowered, 4)
        if lowered.type == ir.NONE and not isinstance(lowered, ir.Lit):
            raise Unsupported("the value of a call that returns nothing", "", s.lineno)
        t = self.target(target, ir.OptionalT(ir.UNKNOWN) if lowered.type == ir.NONE else lowered.type)
        out = ir.Assign(t, self.coerce(lowered, t.type), line=s.lineno)
        self._narrow_after(target, lowered)
        return [out]

    def sequence_constant(self, e: ir.Expr, least: int) -> ir.Expr:
        """A tuple of many values of one type is a list that nobody changes."""
        if isinstance(e, ir.TupleLit) and len(e.elems) >= least and len({x.type for x in e.elems}) == 1:
            return ir.ListLit(e.elems, type=ir.ListT(e.elems[0].type), line=e.line)
        return e

    def _narrow_after(self, target: ast.expr, value: ir.Expr) -> None:
        """An optional variable that was just given a value holds one."""
        key = dotted(target)
        if key is None:
            return
        if isinstance(value, ir.DictLit) and isinstance(target, ast.Name):
            # The keys of a map that was just written out are in it.
            for k, _ in value.items:
                if isinstance(k, ir.Lit) and isinstance(k.value, str | int) and not isinstance(k.value, bool):
                    self.narrowed[entry(target, ast.Constant(k.value))] = ir.NONE
        if isinstance(value, ir.New):
            for name, given in value.args:
                if isinstance(given, ir.Wrap) and isinstance(given.type, ir.OptionalT):
                    self.narrowed[f"{key}.{name}"] = given.type.elem
        known = self.vars.get(key) if isinstance(target, ast.Name) else self.peek(target)
        if (
            isinstance(known, ir.OptionalT)
            and not isinstance(value.type, ir.OptionalT)
            and value.type != ir.NONE
        ):
            self.narrowed[key] = known.elem

    def _annotated(self, s: ast.AnnAssign) -> list[ir.Stmt]:
        t = self.annotations.type_of(s.annotation)
        if isinstance(s.target, ast.Name) and not ir.has_unknown(t):
            self.vars[s.target.id] = t
            self.fixed.add(s.target.id)
        if s.value is None:
            return []
        made = self.expr(s.value, t)
        if (
            isinstance(t, ir.DictT)
            and isinstance(made.type, ir.DictT)
            and made.type.zero
            and not ir.has_unknown(t)
        ):
            t = ir.DictT(t.key, t.value, zero=True)
            if isinstance(s.target, ast.Name):
                self.vars[s.target.id] = t
        value = self.coerce(made, t)
        target = self.target(s.target, t)
        self._narrow_after(s.target, value)
        if isinstance(target, ir.VarTarget) and isinstance(t, ir.OptionalT) and isinstance(value, ir.Wrap):
            self.narrowed[target.id] = t.elem
        return [ir.Assign(target, value, line=s.lineno)]

    def _augmented(self, s: ast.AugAssign) -> list[ir.Stmt]:
        left_node = ast.copy_location(ast.parse(ast.unparse(s.target), mode="eval").body, s.target)
        for n in ast.walk(left_node):
            ast.copy_location(n, s.target)
        left = self.expr(left_node)
        right = self.expr(s.value, left.type)
        if isinstance(left.type, ir.ListT) and isinstance(s.op, ast.Add):
            return [ir.ExprStmt(self.extend(s.target, right))]
        if isinstance(left.type, ir.DictT | ir.SetT):
            raise Unsupported("augmented assignment of a set or map", "", s.lineno)
        combined = self.binary(s.op, left, right, s)
        if isinstance(left.type, ir.OptionalT):
            raise Unsupported("arithmetic on an optional", "", s.lineno)
        if isinstance(s.target, ast.Subscript) and isinstance(left, ir.MethodCall):
            return self._put_again(s.target, combined, s)
        target = self.target(s.target, combined.type)
        if target.type != left.type and self.final_pass:
            raise Unsupported("augmented assignment changes the type", "", s.lineno)
        if (
            isinstance(combined, ir.Intrinsic)
            and len(combined.args) == 2
            and ir.same(combined.args[0], left)
            and combined.op in ir.IN_PLACE
            # A key that may be missing fails where the old value is read.
            and not (isinstance(left, ir.Intrinsic) and left.op == "dict.index" and left.raises)
        ):
            return [ir.AugAssign(target, combined.op, combined.args[1], line=s.lineno)]
        return [ir.Assign(target, self.coerce(combined, target.type), line=s.lineno)]

    def _put_again(self, target: ast.Subscript, value: ir.Expr, s: ast.AugAssign) -> list[ir.Stmt]:
        """`obj[key] += value` of an object whose class says what that means; it names the object and the key twice."""
        parts = [n for e in (target.value, target.slice) for n in ast.walk(e)]
        if not all(isinstance(n, ast.Name | ast.Attribute | ast.Constant | ast.expr_context) for n in parts):
            raise Unsupported("augmented assignment to a computed place of an object", "", s.lineno)
        put = operators.put(self, target, value)
        if put is None:
            raise Unsupported("item assignment to an object without __setitem__", "", s.lineno)
        return [ir.ExprStmt(put, line=s.lineno)]

    def _delete(self, s: ast.Delete) -> list[ir.Stmt]:
        out: list[ir.Stmt] = []
        for t in s.targets:
            if not isinstance(t, ast.Subscript) or isinstance(t.slice, ast.Slice):
                raise Unsupported("del of this target", "", s.lineno)
            obj = self.expr(t.value)
            if isinstance(obj.type, ir.DictT):
                key = self.coerce(self.expr(t.slice, obj.type.key), obj.type.key)
                there = entry(t.value, t.slice) in self.narrowed
                for known in [k for k in self.narrowed if "[" in k]:
                    del self.narrowed[known]
                removed = (
                    ir.Intrinsic("dict.pop_optional", [obj, key], type=ir.OptionalT(obj.type.value))
                    if there
                    else ir.Intrinsic("dict.delete", [obj, key], "KeyError", type=ir.NONE)
                )
                out.append(ir.ExprStmt(removed))
            elif isinstance(obj.type, ir.ListT):
                out.append(
                    ir.ExprStmt(
                        ir.Intrinsic("list.delete", [obj, self.index(t.slice)], "IndexError", type=ir.NONE)
                    )
                )
            elif (removed := operators.removed(self, obj, t.slice)) is not None:
                out.append(ir.ExprStmt(removed))
            else:
                raise Unsupported("del of this target", "", s.lineno)
        return out

    # Control flow

    def _return(self, s: ast.Return) -> list[ir.Stmt]:
        if s.value is None or (
            isinstance(s.value, ast.Constant) and s.value.value is None and self.result == ir.NONE
        ):
            if isinstance(self.result, ir.OptionalT):
                return [ir.Return(ir.Lit(None, type=self.result))]
            if self.result == ir.ANY:
                return [ir.Return(mixed.of(self, ir.Lit(None, type=ir.NONE)))]
            return [ir.Return(None)]
        want = self.result if self.result not in (ir.UNKNOWN, ir.NONE) else None
        before, node = self._first_of(s.value)
        if before:
            return [*before, *self._return(ast.copy_location(ast.Return(node), s))]
        value = self.expr(s.value, want)
        if value.type is ADDRESS:
            raise Unsupported(
                "an address of which more than a part is used; take its scheme, netloc, path or query"
            )
        if self.result == ir.NONE and self.declared_result:
            return [ir.ExprStmt(value), ir.Return(None)]
        if not self.declared_result:
            self.result = join(self.result, ir.STR if value.type == ir.CHAR else value.type)
            want = self.result
        return [ir.Return(self.coerce(value, self.result))]

    def _if(self, s: ast.If) -> list[ir.Stmt]:
        test = self.cond(s.test)
        positive, negative = self.facts(s.test)
        with self.narrowing(positive):
            body = self.block(s.body)
            after_body = dict(self.block_end)
        with self.narrowing(negative):
            orelse = self.block(s.orelse)
            after_orelse = dict(self.block_end) if s.orelse else dict(self.narrowed)
        # What is known afterwards is what is known on every way that gets there.
        if terminates(body):
            self.narrowed = after_orelse
        elif orelse and terminates(orelse):
            self.narrowed = after_body
        else:
            self.narrowed = {k: t for k, t in after_body.items() if after_orelse.get(k) == t}
        if isinstance(test, ir.Lit) and isinstance(test.value, bool):
            taken = body if test.value else orelse
            self.rest_done = terminates(taken)
            return taken
        return [ir.If(test, body, orelse, line=s.lineno)]

    def _loop_forget(self, body: list[ast.stmt]) -> None:
        """What a loop assigns is not narrowed at its start, because an earlier turn may have changed it."""
        for n in body:
            for sub in ast.walk(n):
                if isinstance(sub, ast.Name | ast.Attribute) and isinstance(sub.ctx, ast.Store):
                    self.narrowed.pop(dotted(sub) or "", None)
                    if isinstance(sub, ast.Name):
                        self.forget(sub.id)
                elif isinstance(sub, ast.Delete) or (
                    isinstance(sub, ast.Call)
                    and isinstance(sub.func, ast.Attribute)
                    and sub.func.attr in ("pop", "clear", "popitem")
                ):
                    self.forget_entries()

    def _while(self, s: ast.While) -> list[ir.Stmt]:
        self._loop_forget(s.body)
        if s.orelse:
            raise Unsupported("else on a loop", "", s.lineno)
        if isinstance(s.test, ast.Constant) and s.test.value:
            test: ir.Expr = ir.Lit(True, type=ir.BOOL)
            positive: dict[str, Type] = {}
        else:
            test = self.cond(s.test)
            positive, _ = self.facts(s.test)
        with self.narrowing(positive):
            body = self.block(s.body)
        return [ir.While(test, body, line=s.lineno)]

    def _for(self, s: ast.For) -> list[ir.Stmt]:
        self._loop_forget(s.body)
        found: ir.VarTarget | None = None
        iterable = self.iterable(s.iter)
        elem = self.element_type(iterable.type)
        target = self.target(s.target, elem)
        stored = {
            n.id
            for b in s.body
            for n in ast.walk(b)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        if not stored & {n.id for n in ast.walk(s.target) if isinstance(n, ast.Name)}:
            self.range_bounds(target, iterable)
            self._present_keys(s)
        body = self.block(s.body)
        if s.orelse:
            # for/else: the else part runs unless the loop was left by break, which a flag says.
            if not any(isinstance(n, ir.Break) for n in loop_nodes(body)):
                return [self._loop(target, iterable, body, s), *self.block(s.orelse)]
            self.temporaries += 1
            flag = (
                "found"
                if "found" not in self.vars or self.vars.get("found") == ir.BOOL
                else f"found_{self.temporaries}"
            )
            self.vars[flag] = ir.BOOL
            found = ir.VarTarget(flag, type=ir.BOOL, line=s.lineno)
            _set_before_break(body, flag)
            orelse = self.block(s.orelse)
            return [
                ir.Assign(found, ir.Lit(False, type=ir.BOOL), line=s.lineno),
                self._loop(target, iterable, body, s),
                ir.If(ir.Not(ir.Name(flag, type=ir.BOOL), type=ir.BOOL), orelse, [], line=s.lineno),
            ]
        return [self._loop(target, iterable, body, s)]

    def _present_keys(self, s: ast.For) -> None:
        """A key that comes from a map is in it, as long as the loop removes nothing."""
        over = s.iter
        while (
            isinstance(over, ast.Call)
            and isinstance(over.func, ast.Name)
            and over.func.id in ("sorted", "list")
            and over.args
        ):
            over = over.args[0]
        removes = any(
            isinstance(n, ast.Delete)
            or (isinstance(n, ast.Attribute) and n.attr in ("pop", "clear", "popitem"))
            for b in s.body
            for n in ast.walk(b)
        )
        if isinstance(s.target, ast.Name) and not removes:
            plain = (
                over.func.value
                if isinstance(over, ast.Call)
                and isinstance(over.func, ast.Attribute)
                and over.func.attr == "keys"
                else over
            )
            try:
                if isinstance(self.expr(plain).type, ir.DictT):
                    self.narrowed[entry(plain, s.target)] = ir.NONE
            except Unsupported:
                return

    def _loop(self, target: ir.Target, iterable: ir.Expr, body: list[ir.Stmt], s: ast.For) -> ir.Stmt:
        if isinstance(iterable, ir.Intrinsic) and iterable.op == "range" and isinstance(target, ir.VarTarget):
            start, stop, step = iterable.args
            if isinstance(step, ir.Lit) and isinstance(step.value, int):
                return ir.ForRange(target, start, stop, step.value, body, line=s.lineno)
            raise Unsupported("range with a computed step", "", s.lineno)
        return ir.For(target, iterable, body, line=s.lineno)

    # Errors

    def caught(self, node: ast.expr | None) -> list[str]:
        """The classes that an `except` names; none of them for every error."""
        if node is None:
            return []
        names = self.error_names(node)
        if names is None:
            raise Unsupported("except of an unknown class", ast.unparse(node), node.lineno)
        return [] if "Exception" in names else names

    def _raise(self, s: ast.Raise) -> list[ir.Stmt]:
        if s.exc is None:
            return [ir.Raise(None)]
        cause: ir.Expr | None = None
        if s.cause is not None and not (isinstance(s.cause, ast.Constant) and s.cause.value is None):
            cause = self.expr(s.cause)
        if isinstance(s.exc, ast.Name) and s.exc.id in self.vars:
            return [ir.Raise(self.expr(s.exc), cause)]
        match s.exc:
            case ast.Call(func=ast.Name(id="SystemExit"), args=args, keywords=[]):
                return self._exit(args, s)
            case ast.Name(id="SystemExit"):
                return self._exit([], s)
            case _:
                pass
        return [ir.Raise(self.error(s.exc), cause)]

    def _try(self, s: ast.Try) -> list[ir.Stmt]:
        clients.check_handlers(self, s)
        body = self.block(s.body)
        after_body = dict(self.block_end)
        handlers: list[ir.Handler] = []
        for h in s.handlers:
            classes = self.caught(h.type)
            if clients.catches_bad_json(self, s, h):
                classes.append("ValueError")
            if h.name and {"KeyError", "LookupError"} & {*classes} and _uses(h.body, h.name) and _calls(body):
                reason = "the text of a KeyError of another function, which has other words elsewhere; test for the key"
                raise Unsupported(reason, self.scope.source(h).splitlines()[0], h.lineno)
            if h.name:
                self.vars[h.name] = ir.NamedT(classes[0]) if len(classes) == 1 else ir.ERROR
                self.narrowed.pop(h.name, None)
            lowered = self.block(h.body)
            handlers.append(
                ir.Handler(classes, h.name or "", lowered, self.scope.comments.above(h.lineno), line=h.lineno)
            )
        if any(not h.classes or {"ValueError", "Exception"} & {*h.classes} for h in handlers):
            for n in (n for b in body for n in ir.walk(b)):
                if isinstance(n, ir.Intrinsic) and n.op in _HAS_A_DOMAIN:
                    raise Unsupported(
                        f"except of the error of {n.op} outside its domain", "", n.line or s.lineno
                    )
        orelse = self.block(s.orelse)
        final = self.block(s.finalbody)
        if handlers and not s.orelse and all(terminates(h.body) for h in handlers) and not terminates(body):
            # Only the body gets here.
            self.narrowed = after_body
        else:
            self.narrowed.clear()
        return [ir.Try(body, handlers, orelse, final, line=s.lineno)]


def _uses(body: list[ast.stmt], name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for s in body for n in ast.walk(s))


def _calls(body: list[ir.Stmt]) -> bool:
    return any(isinstance(n, ir.Call | ir.MethodCall) for s in body for n in ir.walk(s))


def _collecting(
    f: ast.FunctionDef | ast.AsyncFunctionDef, body: list[ast.stmt], signature: Signature
) -> list[ast.stmt]:
    """The body of a generator function with a list of its own in place of `yield`."""
    if not isinstance(signature.result, ir.IterT | ir.ListT) or isinstance(f, ast.AsyncFunctionDef):
        raise Unsupported("a generator function whose items are not declared", f"def {f.name}", f.lineno)
    signature.result = ir.ListT(signature.result.elem)
    used = {n.id for n in ast.walk(f) if isinstance(n, ast.Name)}
    name = next(n for n in ("items", "found", "collected", "items_of") if n not in used)

    def statement(text: str, at: ast.stmt, value: ast.expr | None = None) -> ast.stmt:
        made = ast.parse(text).body[0]
        for n in ast.walk(made):
            if isinstance(n, ast.expr | ast.stmt):
                ast.copy_location(n, at)
        if value is not None and isinstance(made, ast.Expr) and isinstance(made.value, ast.Call):
            made.value.args = [value]
        return made

    class Collect(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
            return node

        def visit_Expr(self, node: ast.Expr) -> ast.stmt:
            match node.value:
                case ast.Yield(value=v) if v is not None:
                    return statement(f"{name}.append(None)", node, v)
                case ast.YieldFrom(value=v):
                    return statement(f"{name}.extend(None)", node, v)
                case _:
                    return node

        def visit_Return(self, node: ast.Return) -> ast.stmt:
            if node.value is not None:
                raise Unsupported("a generator function that returns a value", "", node.lineno)
            return statement(f"return {name}", node)

    out = [Collect().visit(s) for s in body]
    if any(isinstance(n, ast.Yield | ast.YieldFrom) for s in out for n in ast.walk(s)):
        raise Unsupported("a yield whose value is used", f"def {f.name}", f.lineno)
    return [statement(f"{name} = []", body[0]), *out, statement(f"return {name}", body[-1])]


def _set_before_break(body: list[ir.Stmt], flag: str) -> None:
    """Insert `flag = True` before each break of this loop."""
    for i in range(len(body) - 1, -1, -1):
        s = body[i]
        if isinstance(s, ir.Break):
            body.insert(
                i, ir.Assign(ir.VarTarget(flag, type=ir.BOOL), ir.Lit(True, type=ir.BOOL), line=s.line)
            )
        elif isinstance(s, ir.If):
            _set_before_break(s.body, flag)
            _set_before_break(s.orelse, flag)
        elif isinstance(s, ir.Try):
            for part in (s.body, s.orelse, s.final, *(h.body for h in s.handlers)):
                _set_before_break(part, flag)
