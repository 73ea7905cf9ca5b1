"""Queues with a maximum length, as lists from which the oldest item is taken where one more has come."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from foundation_engine.port.front._python_names import dotted

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_GROWS = {"append": "popleft", "extend": "popleft", "appendleft": "pop"}
_KEEPS = frozenset({"pop", "popleft", "clear", "count", "index", "copy", "remove", "reverse"})
# What goes through its argument, and keeps nothing of it but its items.
_READS = frozenset(
    {
        "len",
        "list",
        "sorted",
        "sum",
        "max",
        "min",
        "any",
        "all",
        "enumerate",
        "reversed",
        "tuple",
        "set",
        "bool",
    }
)


@dataclass(frozen=True, slots=True)
class _Bounded:
    """A queue by its name: what makes it, its length, and what that is where the text says it."""

    name: str
    made: ast.Call
    limit: ast.expr
    known: int | None


def bounded_queues(tree: ast.Module) -> None:
    """Write `deque(maxlen=n)` as `deque()`, and behind each append what drops the oldest item of more than n."""
    fixed: dict[str, int] = {}
    for s in tree.body:
        match _assigned(s):
            case (ast.Name(id=name), ast.Constant(value=int(n))) if n >= 0:
                fixed[name] = n
            case _:
                pass
    for f in [n for n in ast.walk(tree) if isinstance(n, _Function)]:
        for q in _made_in(f, fixed):
            _local(f, q)
    for c in [s for s in tree.body if isinstance(s, ast.ClassDef)]:
        for q in _attributes(c, fixed):
            _attribute(tree, c, q)


def _deque(value: ast.expr | None, name: str, fixed: Mapping[str, int]) -> _Bounded | None:
    """The queue that a call makes, None for any other value."""
    if not (isinstance(value, ast.Call) and (dotted(value.func) or "").rpartition(".")[2] == "deque"):
        return None
    named = [k.value for k in value.keywords if k.arg == "maxlen"]
    match [*value.args[1:], *named]:
        case [ast.Constant(value=int(n)) as limit] if n >= 0 and not isinstance(n, bool):
            made = _Bounded(name, value, limit, n)
        case [ast.Name(id=known) as limit]:
            made = _Bounded(name, value, limit, fixed.get(known))
        case _:
            return None
    # What the queue begins with is cut to its length, which has to be known to be more than nothing.
    return made if not value.args or made.known else None


def _assigned(s: ast.stmt) -> tuple[ast.expr | None, ast.expr | None]:
    match s:
        case ast.Assign(targets=[target], value=value):
            return target, value
        case ast.AnnAssign(target=target, value=value):
            return target, value
        case _:
            return None, None


def _made_in(f: _Function, fixed: Mapping[str, int]) -> Iterator[_Bounded]:
    """The queues that variables of a function hold from their only assignment on."""
    stored = [n.id for n in ast.walk(f) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    for s in f.body:
        target, value = _assigned(s)
        if not isinstance(target, ast.Name) or stored.count(target.id) != 1:
            continue
        q = _deque(value, target.id, fixed)
        if q is not None and not (isinstance(q.limit, ast.Name) and q.limit.id in stored):
            yield q


def _attributes(c: ast.ClassDef, fixed: Mapping[str, int]) -> Iterator[_Bounded]:
    """The queues that an initialiser makes, and nothing sets again."""
    init = next((m for m in c.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"), None)
    for s in init.body if init is not None else ():
        target, value = _assigned(s)
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            q = _deque(value, target.attr, fixed) if target.value.id == "self" else None
            if q is not None:
                yield q


def _local(f: _Function, q: _Bounded) -> None:
    uses = [n for n in ast.walk(f) if isinstance(n, ast.Name) and n.id == q.name]
    named = [a for n in ast.walk(f) if isinstance(n, ast.arguments) for a in (*n.args, *n.kwonlyargs)]
    if _only_kept([f], uses) and not any(a.arg == q.name for a in named):
        for each in (n for n in ast.walk(f) if isinstance(n, _Function)):
            each.body = _with_limits(each.body, uses, q.limit)
        _unbound(q, f.body, q.limit)


def _attribute(tree: ast.Module, c: ast.ClassDef, q: _Bounded) -> None:
    uses = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == q.name]
    sets = [n for n in uses if not isinstance(n.ctx, ast.Load)]
    others = [
        s
        for other in tree.body
        if isinstance(other, ast.ClassDef) and other is not c
        for s in other.body
        if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name) and s.target.id == q.name
    ]
    within = {id(n) for n in ast.walk(c)}
    if len(sets) > 1 or others or any(id(n) not in within for n in sets) or not _only_kept([tree], uses):
        return
    limit: ast.expr = q.limit
    if q.known is None:
        # The length stays what it was when the queue was made.
        limit = ast.Attribute(ast.Name("self", ast.Load()), f"{q.name}_limit", ast.Load())
    tree.body = _with_limits(tree.body, uses, limit)
    for each in (n for n in ast.walk(tree) if isinstance(n, _Function)):
        each.body = _with_limits(each.body, uses, limit)
        if each.name == "__init__" and any(_assigned(s)[1] is q.made for s in each.body):
            _unbound(q, each.body, limit)


def _only_kept(roots: Iterable[ast.AST], uses: Sequence[ast.expr]) -> bool:
    """Whether nothing but what is known here can make the queue longer."""
    parents: Mapping[int, ast.AST] = {
        id(child): node for root in roots for node in ast.walk(root) for child in ast.iter_child_nodes(node)
    }
    return all(_keeps(n, parents) for n in uses)


def _keeps(n: ast.expr, parents: Mapping[int, ast.AST]) -> bool:
    if isinstance(getattr(n, "ctx", None), ast.Store):
        return True
    match parents[id(n)]:
        case ast.Attribute(attr=name) as method:
            call = parents[id(method)]
            if not (isinstance(call, ast.Call) and call.func is method) or call.keywords:
                return False
            if name in _GROWS:
                return isinstance(parents[id(call)], ast.Expr) and dotted(n) is not None
            return name in _KEEPS
        case ast.Call(func=ast.Name(id=name), args=[first, *_]):
            return first is n and name in _READS
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join")):
            return True
        case ast.For(iter=over) | ast.comprehension(iter=over) | ast.Subscript(value=over):
            return over is n
        case ast.Compare() | ast.BoolOp() | ast.Starred():
            return True
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.UnaryOp(operand=test):
            return test is n
        case _:
            return False


def _with_limits(body: list[ast.stmt], uses: Sequence[ast.expr], limit: ast.expr) -> list[ast.stmt]:
    """The statements with a test of the length behind each one that makes the queue longer."""
    known = {id(n) for n in uses}
    out: list[ast.stmt] = []
    for s in body:
        for part in ("body", "orelse", "finalbody"):
            inner = getattr(s, part, None)
            if isinstance(inner, list) and not isinstance(s, _Function | ast.ClassDef):
                setattr(s, part, _with_limits(inner, uses, limit))  # pyright: ignore[reportUnknownArgumentType]
        for h in getattr(s, "handlers", ()):
            h.body = _with_limits(h.body, uses, limit)
        for case in getattr(s, "cases", ()):
            case.body = _with_limits(case.body, uses, limit)
        out.append(s)
        match s:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=queue, attr=name))) if id(queue) in known:
                most = copy.deepcopy(limit)
                if isinstance(most, ast.Attribute) and isinstance(queue, ast.Attribute):
                    most.value = copy.deepcopy(queue.value)
                out.append(_test(queue, most, name, s))
            case _:
                pass
    return out


def _test(queue: ast.expr, limit: ast.expr, grown: str, s: ast.stmt) -> ast.stmt:
    """What drops items of a queue that is longer than its limit."""
    size = ast.Call(ast.Name("len", ast.Load()), [copy.deepcopy(queue)], [])
    test = ast.Compare(size, [ast.Gt()], [limit])
    dropped = ast.Expr(ast.Call(ast.Attribute(copy.deepcopy(queue), _GROWS[grown], ast.Load()), [], []))
    made = ast.While(test, [dropped], []) if grown == "extend" else ast.If(test, [dropped], [])
    return ast.fix_missing_locations(ast.copy_location(made, s))


def _unbound(q: _Bounded, body: list[ast.stmt], limit: ast.expr) -> None:
    """Make the queue without its length, and state the length where it is not known before."""
    at = next(i for i, s in enumerate(body) if _assigned(s)[1] is q.made)
    s = body[at]
    q.made.keywords = []
    if q.made.args:
        last = ast.Slice(ast.UnaryOp(ast.USub(), copy.deepcopy(q.limit)), None, None)
        whole = ast.Call(ast.Name("list", ast.Load()), q.made.args[:1], [])
        q.made.args = [ast.Subscript(whole, last, ast.Load())]
    if q.known is None:
        test = ast.Compare(copy.deepcopy(q.limit), [ast.Lt()], [ast.Constant(0)])
        message = ast.Constant("maxlen must be non-negative")
        failed = ast.Call(ast.Name("ValueError", ast.Load()), [message], [])
        # What only keeps values may as well come after the test.
        first = at if any(isinstance(n, ast.Call) for b in body[:at] for n in ast.walk(b)) else 0
        first += first == 0 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        body.insert(min(first, at), ast.If(test, [ast.Raise(failed, None)], []))
        if isinstance(limit, ast.Attribute):
            kept = ast.Attribute(ast.Name("self", ast.Load()), limit.attr, ast.Store())
            body.insert(at + 2, ast.Assign([kept], copy.deepcopy(q.limit)))
    for made in body[:]:
        if not hasattr(made, "lineno"):
            ast.copy_location(made, s)
    for made in body:
        ast.fix_missing_locations(made)
