"""What Python says in short, as the longer forms that the rest of the front end reads; the text is left as it is.

Each rewrite means the same for every input: an assignment in a condition stands before it, a context manager of the
module is written where it is used, a constant of a class is one of the module, a method of an enum is a function.
"""

from __future__ import annotations

import ast
import builtins
import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from foundation_engine.port.front._python_bounded import bounded_queues
from foundation_engine.port.front._python_buffers import growing_texts
from foundation_engine.port.front._python_cached import cached_properties
from foundation_engine.port.front._python_locks import taken_once
from foundation_engine.port.front._python_names import dotted
from foundation_engine.port.front._python_operators import listed_items, of_one_class
from foundation_engine.port.front._python_package import LinkedFile
from foundation_engine.port.front._python_setters import replace_setters
from foundation_engine.port.front._python_times import is_aware
from foundation_engine.port.front._python_wrappers import unwrapped

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Node = TypeVar("_Node", bound=ast.AST)


@dataclass
class Longer:
    """What the rewritten files say beside their text.

    `managers` are context managers by name, as their functions; `enum_functions` the functions that methods of enums
    became, by enum and method; `cached` the functions whose results are no longer kept; `setters` the methods that
    setters of properties became; `wrapping` the decorators that are written where they decorate.
    """

    managers: dict[str, ast.FunctionDef] = field(default_factory=dict[str, ast.FunctionDef])
    enum_functions: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    cached: list[str] = field(default_factory=list[str])
    entered: dict[str, bool] = field(
        default_factory=dict[str, bool]
    )  # whether what is entered is the object itself
    aware: bool = False  # datetimes have the offset of UTC
    setters: set[str] = field(default_factory=set[str])
    wrapping: list[str] = field(default_factory=list[str])


def longer(files: Sequence[LinkedFile]) -> tuple[list[LinkedFile], Longer]:
    """The files with the rewritten trees, and what is to be known of them."""
    said = Longer()
    trees = [copy.deepcopy(f.tree) for f in files]
    said.aware = is_aware(trees)
    for tree in trees:
        _last_definitions(tree)
        _plain_constants(tree)
        growing_texts(tree)
        said.setters |= replace_setters(tree)
        said.wrapping += unwrapped(tree)
        of_one_class(tree)
        listed_items(tree)
        bounded_queues(tree)
        said.cached += cached_properties(tree)
        _suppressed(tree)
        _class_constants(tree)
        _counted_members(tree)
        _enum_methods(tree, said)
        _kept_results(tree, said)
        _managers(tree, said)
        taken_once(tree)
        _entered(tree, said)
        _Assignments().visit(tree)
    return [replace(f, tree=tree) for f, tree in zip(files, trees, strict=True)], said


def _last_definitions(tree: ast.Module) -> None:
    """Of functions that one body defines under one name, the last stays: nobody can call the others."""
    for holder in [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef))]:
        last: dict[str, int] = {s.name: i for i, s in enumerate(holder.body) if isinstance(s, _Function)}
        kept: list[ast.stmt] = []
        for i, s in enumerate(holder.body):
            until = last.get(s.name, i) if isinstance(s, _Function) else i
            if until > i and isinstance(s, _Function) and not _called_before(s, holder.body[i : until + 1]):
                continue
            kept.append(s)
        holder.body[:] = kept


def _plain_constants(tree: ast.Module) -> None:
    """`LIMIT: Final = 3` is `LIMIT = 3`: the annotation says nothing of the type."""
    for holder in [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef))]:
        for i, s in enumerate(holder.body):
            if isinstance(s, ast.AnnAssign) and s.value is not None and _last(s.annotation) == "Final":
                holder.body[i] = ast.copy_location(ast.Assign([s.target], s.value), s)


def _called_before(first: _Function, body: Sequence[ast.stmt]) -> bool:
    """Whether something uses the function while the body runs, up to the definition that replaces it."""
    decorators = {(dotted(d) or "call").rpartition(".")[2] for d in first.decorator_list}
    if decorators - {"overload", "staticmethod", "classmethod"}:
        return True
    # What stands in a function runs later.
    runs = [
        [*s.decorator_list, s.args] if isinstance(s, _Function) else [s]
        for s in body[1:]
        if not (isinstance(s, _Function) and "overload" in {(dotted(d) or "") for d in s.decorator_list})
    ]
    return any(
        isinstance(n, ast.Name) and n.id == first.name
        for nodes in runs
        for node in nodes
        for n in ast.walk(node)
    )


def at(made: _Node, where: ast.AST) -> _Node:
    """The node, whose new parts stand where another one does."""
    for n in ast.walk(made):
        if isinstance(n, ast.stmt | ast.expr | ast.arg | ast.keyword | ast.pattern) and not hasattr(
            n, "lineno"
        ):
            ast.copy_location(n, where)
    return made


def statements(text: str, where: ast.AST, **parts: ast.expr) -> list[ast.stmt]:
    """Statements of Python in which names stand for parts of the source."""
    made = _Put(parts).visit(ast.parse(text))
    return [_moved(s, where) for s in made.body]


def heap_steps(
    s: ast.Expr | ast.Assign | ast.AnnAssign | ast.Return, call: ast.Call, name: str
) -> list[ast.stmt] | None:
    """The changes of a list that `heapq` makes with an item, as ones of its end and of the order before it."""
    if not call.args or call.keywords or not isinstance(call.args[0], ast.Name | ast.Attribute):
        return None
    match name, len(call.args):
        case "heapq.heappush", 2 if isinstance(s, ast.Expr):
            made = statements(
                "heap.append(item)\nput_in_order(heap)", s, heap=call.args[0], item=call.args[1]
            )
            step = "<raise_last>"
        case "heapq.heappop", 1:
            made = statements("put_in_order(heap)", s, heap=call.args[0])
            step = "<smallest_last>"
            popped = copy.copy(s)
            pop = ast.copy_location(ast.Attribute(call.args[0], "pop", ast.Load()), call)
            popped.value = ast.copy_location(ast.Call(pop, [], []), call)
            made.append(popped)
        case _:
            return None
    for n in (n for m in made for n in ast.walk(m) if isinstance(n, ast.Name) and getattr(n, "ours", True)):
        n.id = step if n.id == "put_in_order" else n.id
    return made


def searched(s: ast.Assign | ast.AnnAssign | ast.Return, taken: set[str]) -> list[ast.stmt] | None:
    """`x = next((value for item in items if test), default)` or its return as a loop; None for another statement.

    `taken` are the names that mean something outside of the generator. A default that is more than a literal or a
    variable would be worked out at another time.
    """
    match s:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            pass
        case ast.Return():
            name = ""
        case _:
            return None
    match s.value:
        case ast.Call(
            func=ast.Name(id="next"),
            args=[
                ast.GeneratorExp(generators=[clause]) as made,
                ast.Constant() | ast.Name() | ast.UnaryOp(operand=ast.Constant()) as default,
            ],
            keywords=[],
        ) if clause.ifs and not clause.is_async:
            pass
        case _:
            return None
    own = {n.id for n in ast.walk(clause.target) if isinstance(n, ast.Name)}
    if name:
        read = default if name in own else s.value
        if any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(read)):
            return None
    if any(isinstance(n, ast.Name) and n.id in own for n in ast.walk(clause.iter)):
        return None
    names: dict[str, str] = {}
    for old in sorted(own & taken):
        new = f"each_{old}"
        while new in taken:
            new += "_"
        names[old] = new
    made = copy.deepcopy(made)
    for n in ast.walk(made):
        if isinstance(n, ast.Name):
            n.id = names.get(n.id, n.id)
        elif isinstance(n, ast.arg) and n.arg in names:
            return None
    clause = made.generators[0]
    end = "return value" if isinstance(s, ast.Return) else "found = value\n        break"
    test = ast.BoolOp(ast.And(), clause.ifs) if len(clause.ifs) > 1 else clause.ifs[0]
    text = f"for item in items:\n    if test:\n        {end}"
    made_loop = statements(text, s, items=clause.iter, test=test, value=made.elt)
    for n in (n for m in made_loop for n in ast.walk(m) if getattr(n, "ours", True)):
        if isinstance(n, ast.For):
            n.target = clause.target
        elif isinstance(n, ast.Name) and n.id == "found":
            n.id = name
    if isinstance(s, ast.Return):
        return [*made_loop, ast.copy_location(ast.Return(default), s)]
    first = copy.copy(s)
    first.value = default
    return [first, *made_loop]


def _moved(s: ast.stmt, where: ast.AST) -> ast.stmt:
    """A statement of a text of ours, whose nodes stand where a node of the source does."""
    for n in ast.walk(s):
        if getattr(n, "ours", True) and isinstance(n, ast.stmt | ast.expr | ast.arg | ast.keyword):
            ast.copy_location(n, where)
    return s


class _Put(ast.NodeTransformer):
    """Puts expressions in place of names that are read."""

    def __init__(self, parts: Mapping[str, ast.expr]) -> None:
        self.parts = parts

    def visit_Name(self, node: ast.Name) -> ast.expr:
        part = self.parts.get(node.id)
        if part is None or not isinstance(node.ctx, ast.Load):
            return node
        made = copy.deepcopy(part)
        for n in ast.walk(made):
            n.ours = False  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        return made


def put(node: _Node, parts: Mapping[str, ast.expr]) -> _Node:
    """A copy of the node with expressions in place of names that are read."""
    made: _Node = _Put(parts).visit(copy.deepcopy(node))
    return made


def stored(nodes: Iterable[ast.AST]) -> set[str]:
    """The variables that the nodes assign."""
    return {
        n.id
        for each in nodes
        for n in ast.walk(each)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store | ast.Del)
    }


def _last(node: ast.expr) -> str:
    return (dotted(node.func if isinstance(node, ast.Call) else node) or "").rpartition(".")[2]


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")


# Classes whose objects are context managers


def _entered(tree: ast.Module, said: Longer) -> None:
    """`__enter__` and `__exit__` become `enter` and `leave`, where the latter does not look at what ended the block."""
    for c in tree.body:
        if not isinstance(c, ast.ClassDef):
            continue
        methods = {m.name: m for m in c.body if isinstance(m, ast.FunctionDef)}
        first, last = methods.get("__enter__"), methods.get("__exit__")
        if first is None or last is None or {"enter", "leave"} & set(methods):
            continue
        told = {a.arg for a in (*last.args.args[1:], *filter(None, [last.args.vararg]))}
        looks = any(isinstance(n, ast.Name) and n.id in told for s in last.body for n in ast.walk(s))
        gives = [n.value for s in last.body for n in ast.walk(s) if isinstance(n, ast.Return)]
        if looks or not all(v is None or (isinstance(v, ast.Constant) and not v.value) for v in gives):
            # What it gives may keep an error from going on.
            continue
        end = first.body[-1]
        itself = isinstance(end, ast.Return) and isinstance(end.value, ast.Name) and end.value.id == "self"
        if itself and not any(isinstance(n, ast.Return) for s in first.body[:-1] for n in ast.walk(s)):
            first.body = first.body[:-1] or [at(ast.Pass(), first)]
            first.returns = at(ast.Constant(None), first)
        elif itself:
            continue
        first.name, last.name = "enter", "leave"
        last.args = ast.arguments([], last.args.args[:1], None, [], [], None, [])
        last.returns = at(ast.Constant(None), last)
        for s in last.body:
            for n in ast.walk(s):
                if isinstance(n, ast.Return):
                    n.value = None
        said.entered[c.name] = itself


def under(node: ast.expr, name: str, taken: ast.expr | None, *, itself: bool, s: ast.With) -> list[ast.stmt]:
    """`with node as taken:` over an object of such a class that a variable holds: one of its own, or `taken`."""
    made: list[ast.stmt] = []
    held: ast.expr = node
    if not isinstance(node, ast.Name | ast.Attribute):
        made.append(ast.Assign([ast.Name(name, ast.Store())], node))
        held = ast.Name(name, ast.Load())
    begin = ast.Call(ast.Attribute(copy.deepcopy(held), "enter", ast.Load()), [], [])
    end = ast.Call(ast.Attribute(copy.deepcopy(held), "leave", ast.Load()), [], [])
    made.append(ast.Expr(begin) if itself or taken is None else ast.Assign([taken], begin))
    made.append(ast.Try(s.body, [], [], [ast.Expr(end)]))
    return [at(ast.copy_location(m, s), s) for m in made]


def _suppressed(tree: ast.Module) -> None:
    """`with suppress(A, B):` is a `try` whose handler does nothing, and what only such a one leads to is in it."""
    names = {"contextlib.suppress"} | {
        alias.asname or alias.name
        for s in tree.body
        if isinstance(s, ast.ImportFrom) and s.module == "contextlib"
        for alias in s.names
        if alias.name == "suppress"
    }

    class Suppress(ast.NodeTransformer):
        def visit_With(self, node: ast.With) -> ast.stmt:
            self.generic_visit(node)
            match node.items:
                case [
                    ast.withitem(context_expr=ast.Call(args=[_, *_], keywords=[]) as call, optional_vars=None)
                ] if dotted(call.func) in names:
                    kinds = call.args[0] if len(call.args) == 1 else ast.Tuple(call.args, ast.Load())
                    handler = ast.copy_location(ast.ExceptHandler(kinds, None, [ast.Pass()]), call)
                    return at(ast.copy_location(ast.Try(node.body, [handler], [], []), node), call)
                case _:
                    return node

    Suppress().visit(tree)
    for node in ast.walk(tree):
        body: list[ast.stmt] | ast.expr | None = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1:
            _last_in_handler(body)


def _last_in_handler(body: list[ast.stmt]) -> None:
    """`try: return a`, `except E: pass`, `return b` with the last in the handler: nothing else leads to it."""
    match body[-2:]:
        case [
            ast.Try(
                body=[*_, ast.Return()], handlers=[ast.ExceptHandler(body=[ast.Pass()]) as only], orelse=[]
            ) as s,
            ast.Return() as last,
        ] if not s.finalbody:
            only.body = [last]
            body.pop()
        case _:
            pass


# Constants of classes


def _class_constants(tree: ast.Module) -> None:
    """Constants that stand in a class become constants of the module: `Queue.LIMIT` is `QUEUE_LIMIT`."""
    taken = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    names: dict[tuple[str, str], str] = {}
    body: list[ast.stmt] = []
    classes = {c.name: c for c in tree.body if isinstance(c, ast.ClassDef)}
    bases = {(dotted(b) or "").rpartition(".")[2] for c in classes.values() for b in c.bases}
    for s in tree.body:
        if isinstance(s, ast.ClassDef) and not _is_enum(s, classes) and s.name not in bases and not s.bases:
            kept: list[ast.stmt] = []
            for member in s.body:
                made = _constant_of(s, member, tree, taken)
                if made is None:
                    kept.append(member)
                else:
                    name, constant = made
                    names[s.name, name] = constant.targets[0].id  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
                    body.append(constant)
            s.body = kept or [at(ast.Pass(), s)]
        body.append(s)
    tree.body = body
    if names:
        for s in tree.body:
            _ClassConstants(names, s.name if isinstance(s, ast.ClassDef) else "").visit(s)


def _constant_of(
    c: ast.ClassDef, member: ast.stmt, tree: ast.Module, taken: set[str]
) -> tuple[str, ast.Assign] | None:
    match member:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            pass
        case ast.AnnAssign(
            target=ast.Name(id=name), annotation=ast.Subscript(value=head), value=ast.expr() as value
        ) if _last(head) == "ClassVar":
            pass
        case _:
            return None
    made = f"{_words(c.name)}_{name.strip('_')}".upper()
    if name.startswith("__") or made in taken or not _is_fixed(value):
        return None
    for n in ast.walk(tree):
        if isinstance(n, ast.Attribute) and n.attr == name and isinstance(n.ctx, ast.Store | ast.Del):
            return None
    assigned = ast.Assign([ast.Name(made, ast.Store())], value)
    return name, at(ast.copy_location(assigned, member), member)


def _is_fixed(value: ast.expr) -> bool:
    """True for literals, and tuples and frozen sets of them."""
    match value:
        case ast.Constant():
            return True
        case ast.UnaryOp(operand=operand):
            return _is_fixed(operand)
        case ast.BinOp(left=left, right=right):
            return _is_fixed(left) and _is_fixed(right)
        case ast.Tuple(elts=elts):
            return all(map(_is_fixed, elts))
        case ast.Call(func=ast.Name(id="frozenset"), args=[ast.Set(elts=elts) | ast.Tuple(elts=elts)]):
            return all(map(_is_fixed, elts))
        case _:
            return False


class _ClassConstants(ast.NodeTransformer):
    def __init__(self, names: Mapping[tuple[str, str], str], cls: str) -> None:
        self.names = names
        self.cls = cls

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        owner = dotted(node.value) or ""
        if owner in ("self", "cls", "type(self)"):
            owner = self.cls
        made = self.names.get((owner, node.attr))
        return ast.copy_location(ast.Name(made, ast.Load()), node) if made is not None else node


# Enums


def _is_enum(c: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> bool:
    bases = [(dotted(b) or "").rpartition(".")[2] for b in c.bases]
    return any(b in ("Enum", "IntEnum", "StrEnum") for b in bases) or any(
        b in classes and classes[b] is not c and _is_enum(classes[b], classes) for b in bases
    )


def _counted_members(tree: ast.Module) -> None:
    """`auto()` is one more than the value before it, the greatest, or in an enum of texts the name in lower case."""
    for c in (s for s in tree.body if isinstance(s, ast.ClassDef)):
        bases = {(dotted(b) or "").rpartition(".")[2] for b in c.bases}
        if not bases & {"Enum", "IntEnum", "StrEnum"} or "str" in bases:
            continue
        if any(isinstance(m, ast.FunctionDef) and m.name == "_generate_next_value_" for m in c.body):
            continue
        values: list[int] = []
        for s in c.body:
            match s:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=f, args=[])) if (
                    _last(f) == "auto"
                ):
                    if values and max(values) != values[-1]:
                        break
                    values.append(values[-1] + 1 if values else 1)
                    made = name.lower() if "StrEnum" in bases else values[-1]
                    s.value = ast.copy_location(ast.Constant(made), s.value)
                case ast.Assign(value=ast.Constant(value=int() as number)):
                    values.append(number)
                case ast.Assign() if "StrEnum" not in bases:
                    break
                case _:
                    pass


def _enum_methods(tree: ast.Module, said: Longer) -> None:
    """Methods of an enum become functions of the module that take the member."""
    classes = {c.name: c for c in tree.body if isinstance(c, ast.ClassDef)}
    taken = {s.name for s in tree.body if isinstance(s, _Function | ast.ClassDef)}
    body: list[ast.stmt] = []
    for s in tree.body:
        body.append(s)
        if not isinstance(s, ast.ClassDef) or not _is_enum(s, classes):
            continue
        methods = [m for m in s.body if isinstance(m, _Function)]
        plain = [m for m in methods if not (m.name.startswith("__") and m.name != "__str__")]
        members = {
            t.id for m in s.body if isinstance(m, ast.Assign) for t in m.targets if isinstance(t, ast.Name)
        }
        for m in plain:
            name = f"{_words(s.name)}_{m.name.strip('_')}"
            decorators = {_last(d) for d in m.decorator_list}
            if name in taken or not decorators <= {"property", "classmethod", "staticmethod"}:
                continue
            s.body.remove(m)
            made = copy.deepcopy(m)
            made.name = name
            made.decorator_list = []
            if "classmethod" in decorators:
                first = made.args.args.pop(0).arg
                made = put(made, {first: ast.Name(s.name, ast.Load())})
            elif "staticmethod" not in decorators:
                first = made.args.args[0].arg
                called = _words(s.name)
                used = {n.id for n in ast.walk(made) if isinstance(n, ast.Name)} | {
                    a.arg for a in made.args.args
                }
                called = called if called not in used | taken else "member"
                made = put(made, {first: ast.Name(called, ast.Load())})
                made.args.args[0] = ast.arg(called, ast.Name(s.name, ast.Load()))
            if made.name == f"{_words(s.name)}_str":
                made.returns = ast.Name("str", ast.Load())
            # A member that is named without its class stands in the class.
            made = put(
                made,
                {
                    n: ast.Attribute(ast.Name(s.name, ast.Load()), n, ast.Load())
                    for n in members - stored([made])
                },
            )
            said.enum_functions[s.name, m.name] = name
            body.append(at(ast.copy_location(made, m), m))
        if not s.body:
            s.body = [at(ast.Pass(), s)]
    tree.body = body


# Functions whose results are kept

_IMMUTABLE = re.compile(r"^(int|float|bool|str|bytes|None|tuple\[.*\]|frozenset\[.*\]|\||\s|Path)+$")
_PURE_MODULES = frozenset(
    {"re", "math", "json", "itertools", "functools", "string", "hashlib", "base64", "textwrap", "operator"}
)
_IMPURE_BUILTINS = frozenset({"open", "print", "input", "exec", "eval", "globals", "setattr", "delattr"})


def _kept_results(tree: ast.Module, said: Longer) -> None:
    """A pure function under `cache` or `lru_cache` is one without; one that calls itself takes what is known along."""
    functions = {s.name: s for s in tree.body if isinstance(s, ast.FunctionDef)}
    modules = {
        alias.asname or alias.name.partition(".")[0]
        for s in tree.body
        if isinstance(s, ast.Import)
        for alias in s.names
        if alias.name in _PURE_MODULES
    }
    classes = {s.name for s in tree.body if isinstance(s, ast.ClassDef)}
    body: list[ast.stmt] = []
    for s in tree.body:
        body.append(s)
        if not isinstance(s, ast.FunctionDef) or [_last(d) for d in s.decorator_list] not in (
            ["cache"],
            ["lru_cache"],
        ):
            continue
        result = ast.unparse(s.returns) if s.returns is not None else "?"
        if not _IMMUTABLE.match(result) or not _is_pure(s, functions, modules, classes, set()):
            continue
        again = any(isinstance(n, ast.Call) and dotted(n.func) == s.name for n in ast.walk(s))
        if not again:
            s.decorator_list = []
            said.cached.append(s.name)
            continue
        known = _with_known(s, result)
        if known is not None:
            body[-1:] = known
    tree.body = body


def _is_pure(
    f: ast.FunctionDef,
    functions: Mapping[str, ast.FunctionDef],
    modules: set[str],
    classes: set[str],
    seen: set[str],
) -> bool:
    """True where nothing but the arguments decides what a function gives, and nothing else changes."""
    seen.add(f.name)
    local = stored([f]) | {a.arg for a in f.args.args}
    for n in (n for s in f.body for n in ast.walk(s)):
        match n:
            case ast.Attribute(ctx=ast.Store()) | ast.Global() | ast.Nonlocal() | ast.Yield() | ast.Await():
                return False
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()) if name not in local:
                return False
            case ast.Call(func=ast.Name(id=name)):
                other = functions.get(name)
                if name in _IMPURE_BUILTINS:
                    return False
                if other is not None:
                    if name not in seen and not _is_pure(other, functions, modules, classes, seen):
                        return False
                elif name not in classes | local and not hasattr(builtins, name):
                    return False
            case ast.Call(func=ast.Attribute() as func):
                head = (dotted(func) or "").partition(".")[0]
                if (
                    head
                    and head not in modules
                    and head not in local
                    and head not in ("str", "int", "dict", "bytes")
                ):
                    return False
            case _:
                pass
    return True


def _with_known(f: ast.FunctionDef, result: str) -> list[ast.stmt] | None:
    """The function, and one that also takes the results that are known; None where that is not certain."""
    a = f.args
    names = [p.arg for p in a.args]
    if a.vararg or a.kwarg or a.kwonlyargs or a.defaults or a.posonlyargs or len(names) != 1:
        return None
    annotation = a.args[0].annotation
    if (
        annotation is None
        or ast.unparse(annotation) not in ("int", "str")
        or "known" in {n.id for n in ast.walk(f) if isinstance(n, ast.Name)}
    ):
        return None
    if stored([f]) & set(names):
        return None
    inner = copy.deepcopy(f)
    inner.name = f"_{f.name.strip('_')}_known"
    inner.decorator_list = []
    key = names[0]
    inner.args.args.append(
        at(ast.arg("known", ast.parse(f"dict[{ast.unparse(annotation)}, {result}]", mode="eval").body), f)
    )

    class Keep(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.Call:
            self.generic_visit(node)
            if dotted(node.func) == f.name:
                node.func = ast.copy_location(ast.Name(inner.name, ast.Load()), node.func)
                node.args.append(ast.copy_location(ast.Name("known", ast.Load()), node))
            return node

        def visit_Return(self, node: ast.Return) -> list[ast.stmt]:
            self.generic_visit(node)
            if node.value is None or isinstance(node.value, ast.Name | ast.Constant):
                return [node]
            return statements(f"known[{key}] = value\nreturn known[{key}]", node, value=node.value)

    doc = f.body[:1] if ast.get_docstring(f) is not None else []
    rest = [r for s in inner.body[len(doc) :] for r in _listed(Keep().visit(s))]
    inner.body = [*statements(f"if {key} in known:\n    return known[{key}]", f), *rest]
    at(inner, f)
    f.decorator_list = []
    made = f"known: dict[{ast.unparse(annotation)}, {result}] = {{}}\nreturn {inner.name}({key}, known)"
    f.body = [*doc, *statements(made, f)]
    return [f, inner]


def _listed(made: ast.stmt | list[ast.stmt]) -> list[ast.stmt]:
    return made if isinstance(made, list) else [made]


# Context managers


def _managers(tree: ast.Module, said: Longer) -> None:
    """Functions that are context managers disappear; their text stands where a `with` uses them."""
    body: list[ast.stmt] = []
    for s in tree.body:
        if isinstance(s, ast.FunctionDef) and [_last(d) for d in s.decorator_list] == ["contextmanager"]:
            yields = [n for n in ast.walk(s) if isinstance(n, ast.Yield | ast.YieldFrom)]
            simple = not (s.args.vararg or s.args.kwarg or s.args.posonlyargs)
            if (
                simple
                and len(yields) == 1
                and _place_of_yield(s.body)
                and not any(isinstance(n, ast.Return) for n in ast.walk(s))
            ):
                said.managers[s.name] = s
                continue
        body.append(s)
    tree.body = body


def _place_of_yield(body: list[ast.stmt]) -> bool:
    """True where the one `yield` is a statement of the block, or of a `try` or `with` in it, or assigned nowhere."""
    for s in body:
        match s:
            case ast.Expr(value=ast.Yield()):
                return True
            case ast.Try() if _place_of_yield(s.body):
                return True
            case ast.With() if _place_of_yield(s.body):
                return True
            case _:
                continue
    return False


def _bound(f: ast.FunctionDef, call: ast.Call) -> dict[str, ast.expr] | None:
    """The arguments of a call by the names of the parameters, with defaults; None where they do not fit."""
    a = f.args
    names = [p.arg for p in a.args]
    out = dict(zip(names[len(names) - len(a.defaults) :], a.defaults, strict=True))
    out |= {p.arg: d for p, d in zip(a.kwonlyargs, a.kw_defaults, strict=True) if d is not None}
    out |= dict(zip(names, call.args, strict=False))
    out |= {k.arg or "": k.value for k in call.keywords}
    spread = any(isinstance(v, ast.Starred) for v in call.args)
    fits = set(out) == {*names, *(p.arg for p in a.kwonlyargs)} and len(call.args) <= len(names)
    return out if fits and not spread else None


def inlined(
    manager: ast.FunctionDef, call: ast.Call, target: ast.expr | None, body: list[ast.stmt], used: set[str]
) -> list[ast.stmt] | None:
    """`with manager(...) as target: body` without the manager; None where that is not certain.

    `used` are the names of the function around it.
    """
    given = _bound(manager, call)
    if given is None:
        return None
    own = stored(manager.body)
    parts: dict[str, ast.expr] = {}
    before: list[ast.stmt] = []
    body_stores = stored(body)
    for name, value in given.items():
        fixed = isinstance(value, ast.Constant) or (
            isinstance(value, ast.Name | ast.Attribute)
            and name not in own
            and (dotted(value) or "").partition(".")[0] not in body_stores | own
        )
        if fixed:
            parts[name] = value
            continue
        free = name if name not in used else f"{manager.name}_{name}"
        if free in used:
            return None
        parts[name] = ast.Name(free, ast.Load())
        before += statements(f"{free} = value", call, value=value)
        own.add(name)
    renamed = {n: n if n not in used else f"{manager.name}_{n}" for n in own if n not in parts}
    if set(renamed.values()) & used:
        return None
    doc = 1 if ast.get_docstring(manager) is not None else 0
    lines = copy.deepcopy(manager.body[doc:])

    class Place(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            if isinstance(node.ctx, ast.Load) and node.id in parts:
                return ast.copy_location(copy.deepcopy(parts[node.id]), call)
            name, part = renamed.get(node.id), parts.get(node.id)
            if isinstance(part, ast.Name):
                name = part.id
            return ast.copy_location(ast.Name(name or node.id, node.ctx), node)

        def visit_Expr(self, node: ast.Expr) -> ast.stmt | list[ast.stmt]:
            if not isinstance(node.value, ast.Yield):
                return self.generic_visit(node)  # type: ignore[return-value]
            if target is None:
                return body
            value = node.value.value
            if value is None:
                return [*statements("target = None", call), *body]
            value = self.visit(value)
            return [at(ast.copy_location(ast.Assign([target], value), call), call), *body]

    made = [r for s in lines for r in _listed(Place().visit(s))]
    jumps = any(isinstance(n, ast.Return | ast.Break | ast.Continue) for s in body for n in ast.walk(s))
    if jumps and not _nothing_after(made, body):
        return None
    return [*before, *made]


def _nothing_after(made: list[ast.stmt], body: list[ast.stmt]) -> bool:
    """True where what runs behind the body runs however the body ends, because it stands in a `finally`."""
    last = made[-1]
    if last is body[-1]:
        return True
    if isinstance(last, ast.Try) and not last.orelse:
        return _nothing_after(last.body, body)
    return isinstance(last, ast.With) and _nothing_after(last.body, body)


# Open files


# Names of functions that no file can define, which stand for what an open file does.
_FILES: Mapping[str, ast.expr] = {
    name: ast.Name(f"<{name}>", ast.Load()) for name in ("read", "lines", "write", "append")
}


def _uses(name: str, body: Sequence[ast.stmt]) -> int:
    return sum(isinstance(n, ast.Name) and n.id == name for s in body for n in ast.walk(s))


def read_whole(path: ast.expr, name: str, body: list[ast.stmt], used: set[str]) -> list[ast.stmt] | None:
    """The block under `with open(path) as name` with the text of the file in place of its one use; None for others."""
    body = copy.deepcopy(body)
    found: list[ast.expr] = []
    inside = [
        n
        for s in body[:1]
        if isinstance(s, ast.Assign | ast.Return | ast.AnnAssign | ast.Expr)
        for n in ast.walk(s)
    ]

    class Read(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.expr:
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=of), attr="read"), args=[], keywords=[]
                ) if of == name:
                    return self._text(node, "{text}")
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=of), attr="readlines"), args=[], keywords=[]
                ) if of == name:
                    return self._text(node, "lines({text})")
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="json"), attr="load"), args=[ast.Name(id=of)]
                ) if of == name and not node.keywords:
                    return self._text(node, "json.loads({text})")
                case _:
                    self.generic_visit(node)
                    return node

        def visit_Name(self, node: ast.Name) -> ast.expr:
            return self._text(node, "lines({text})") if node.id == name else node

        def _text(self, node: ast.expr, form: str) -> ast.expr:
            at_once = any(n is node for n in inside)
            found.append(node)
            made = statements(
                form.format(text="read(path)" if at_once else "content"), node, path=path, **_FILES
            )[0]
            return made.value if isinstance(made, ast.Expr) else node

    if _uses(name, body) != 1:
        return None
    out = [Read().visit(s) for s in body]
    if len(found) != 1:
        return None
    if any(n is found[0] for n in inside):
        return out
    if "content" in used:
        return None
    return [*statements("content = read(path)", body[0], path=path, **_FILES), *out]


def written_whole(
    path: ast.expr, name: str, body: list[ast.stmt], more: bool, used: set[str]
) -> list[ast.stmt] | None:
    """The block under `with open(path, "w") as name` with what it writes collected; None for other uses."""
    store = "append(path, value)" if more else "write(path, value)"
    if len(body) == 1 and (value := _written(name, body[0])) is not None:
        return statements(store, body[0], path=path, value=value, **_FILES)
    if "content" in used or any(isinstance(n, ast.Return) for s in body for n in ast.walk(s)):
        return None
    body = copy.deepcopy(body)
    writes = 0

    class Write(ast.NodeTransformer):
        def visit_Expr(self, node: ast.Expr) -> ast.stmt:
            nonlocal writes
            value = _written(name, node)
            if value is None:
                return node
            writes += 1
            return statements("content += value", node, value=value)[0]

    uses = _uses(name, body)
    out = [Write().visit(s) for s in body]
    if writes != uses:
        return None
    value = ast.Name("content", ast.Load())
    return [
        *statements('content = ""', body[0]),
        *out,
        *statements(store, body[-1], path=path, value=value, **_FILES),
    ]


def _written(name: str, s: ast.stmt) -> ast.expr | None:
    """What a statement writes to an open file; None for another statement."""
    match s:
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id=of), attr="write"), args=[value], keywords=[])
        ) if of == name:
            return value
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=ast.Name(id="json"), attr="dump") as func,
                args=[value, ast.Name(id=of)],
            ) as call
        ) if of == name:
            dumps = ast.copy_location(ast.Attribute(func.value, "dumps", ast.Load()), func)
            return ast.copy_location(ast.Call(dumps, [value], call.keywords), call)
        case _:
            return None


# Assignments in expressions


class _Assignments(ast.NodeTransformer):
    """`if (x := f()) is None` with the assignment before the statement, where nothing is evaluated before it."""

    def visit(self, node: ast.AST) -> ast.AST:
        for name in ("body", "orelse", "finalbody"):
            block: list[ast.stmt] | ast.expr | None = getattr(node, name, None)
            if isinstance(block, list):
                setattr(node, name, [r for s in block for r in self._longer(s)])
        self.generic_visit(node)
        return node

    def _longer(self, s: ast.stmt) -> list[ast.stmt]:
        match s:
            case ast.If() if _has(s.test):
                return self.lifted(s)
            case ast.While() if _has(s.test) and not s.orelse:
                before, test = _hoisted(s.test)
                if _has(test):
                    return [s]
                stop = at(ast.If(ast.UnaryOp(ast.Not(), test), [ast.Break()], []), s)
                s.test = ast.copy_location(ast.Constant(True), s.test)
                s.body = [*before, stop, *s.body]
                return [s]
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.Return() | ast.Expr() if (
                s.value is not None and _has(s.value)
            ):
                loop = _as_loop(s)
                if loop is not None:
                    return [r for x in loop for r in (self._longer(x) if isinstance(x, ast.Return) else [x])]
                before, s.value = _hoisted(s.value)
                return [*before, s]
            case _:
                return [s]

    def lifted(self, s: ast.If) -> list[ast.stmt]:
        before, test = _hoisted(s.test)
        if not _has(test):
            s.test = test
            return [*before, s]
        match test:
            case ast.BoolOp(op=ast.And(), values=[first, *rest]) if not s.orelse and not _has(first):
                inner = rest[0] if len(rest) == 1 else at(ast.BoolOp(ast.And(), rest), rest[0])
                nested = ast.copy_location(ast.If(inner, s.body, []), s)
                s.test = first
                s.body = self.lifted(nested)
                return [*before, s]
            case _:
                return [s]


def _has(node: ast.AST) -> bool:
    return any(isinstance(n, ast.NamedExpr) for n in ast.walk(node))


def _hoisted(node: ast.expr) -> tuple[list[ast.stmt], ast.expr]:
    """The assignments that are made first in an expression, as statements, and the expression without them."""
    out: list[ast.stmt] = []

    def first(n: ast.expr) -> ast.expr:
        match n:
            case ast.NamedExpr(target=target, value=value):
                value = first(value)
                out.append(at(ast.Assign([target], value), n))
                return ast.copy_location(ast.Name(target.id, ast.Load()), n)
            case ast.Compare():
                n.left = first(n.left)
                if isinstance(n.left, ast.Constant) and len(n.comparators) == 1:
                    n.comparators[0] = first(n.comparators[0])
            case ast.BoolOp():
                n.values[0] = first(n.values[0])
            case ast.UnaryOp():
                n.operand = first(n.operand)
            case ast.BinOp():
                n.left = first(n.left)
            case ast.Attribute() | ast.Subscript() | ast.Await():
                n.value = first(n.value)
            case ast.IfExp():
                n.test = first(n.test)
            case ast.Call():
                if isinstance(n.func, ast.Attribute) and dotted(n.func) is None:
                    n.func = first(n.func)
                elif n.args and not isinstance(n.args[0], ast.Starred):
                    n.args[0] = first(n.args[0])
            case _:
                pass
        return n

    return out, first(node)


def _as_loop(s: ast.stmt) -> list[ast.stmt] | None:
    """`out = [f(y) for x in xs if (y := g(x))]` as a loop that appends; None for another statement."""
    value = s.value if isinstance(s, ast.Assign | ast.AnnAssign | ast.Return) else None
    match value:
        case ast.ListComp(
            elt=elt, generators=[ast.comprehension(target=target, iter=over, ifs=ifs, is_async=0)]
        ):
            pass
        case _:
            return None
    if _has(over) or not any(map(_has, ifs)) or _has(elt):
        return None
    match s:
        case ast.Assign(targets=[ast.Name() as name]):
            first: ast.stmt = at(ast.copy_location(ast.Assign(s.targets, ast.List([], ast.Load())), s), s)
        case ast.AnnAssign(target=ast.Name() as name):
            made = ast.AnnAssign(s.target, s.annotation, ast.List([], ast.Load()), 1)
            first = at(ast.copy_location(made, s), s)
        case ast.Return():
            name = ast.Name("found", ast.Store())
            if name.id in {n.id for n in ast.walk(s) if isinstance(n, ast.Name)}:
                return None
            first = at(ast.copy_location(ast.Assign([name], ast.List([], ast.Load())), s), s)
        case _:
            return None
    inner: list[ast.stmt] = statements(f"{name.id}.append(value)", s, value=elt)
    for test in reversed(ifs):
        inner = _Assignments().lifted(at(ast.copy_location(ast.If(test, inner, []), s), s))
    loop = at(ast.copy_location(ast.For(target, over, inner, []), s), s)
    out: list[ast.stmt] = [first, loop]
    if isinstance(s, ast.Return):
        out.append(at(ast.copy_location(ast.Return(ast.Name(name.id, ast.Load())), s), s))
    return out
