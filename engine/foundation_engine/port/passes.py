"""Passes over the representation that every emitter needs: effects, scopes and uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from foundation_engine.port import ir

# Patterns whose use takes the cancellation context, and the errors that they add.
CONTEXT_PATTERNS = frozenset(
    {
        "retry_with_backoff",
        "circuit_breaker",
        "rate_limiting",
        "error_boundary",
        "http_client",
        "process_execution",
    }
)
PATTERN_ERRORS = {
    "retry_with_backoff": frozenset({"MaxRetriesExceeded", "CancelledError"}),
    "circuit_breaker": frozenset({"CircuitOpenError"}),
    "rate_limiting": frozenset({"RateLimitExceeded"}),
    "process_execution": frozenset({"ProcessError", "ProcessTimeoutError"}),
    "http_client": frozenset(
        {"HttpError", "HttpStatusError", "NetworkError", "TimeoutError", "MaxRetriesExceeded"}
    ),
    "configuration": frozenset({"ConfigurationError"}),
    "file_operations": frozenset({"OSError"}),
}
# Operations of a pattern's object that neither fail nor wait.
SAFE_OPERATIONS = frozenset({"try_acquire", "state", "reset", "close", "bind", "main"})


@dataclass
class Errors:
    """The error classes of a module and their bases."""

    bases: dict[str, str] = field(default_factory=lambda: dict(ir.ERROR_BASES))

    def ancestors(self, name: str) -> Iterator[str]:
        """The class and its bases, nearest first."""
        at = name
        while at:
            yield at
            at = self.bases.get(at, "")
        if name == "ProcessTimeoutError":
            yield "TimeoutError"

    def is_a(self, name: str, base: str) -> bool:
        """True when `name` is `base` or below it."""
        return base in self.ancestors(name)

    def children(self, name: str) -> list[str]:
        """The classes directly below."""
        return [n for n, b in self.bases.items() if b == name]


def may_end_line(e: ir.Expr) -> bool:
    """Whether a text may end in a line feed: Ruby's `puts` writes no second one then, other languages do."""
    match e:
        case ir.Lit(value=str(text)):
            return text.endswith("\n")
        case ir.Format(parts=[*_, ir.FormatPart(value=None, text=text)]) if text:
            return text.endswith("\n")
        case ir.Format(parts=[*_, before, ir.FormatPart(value=ir.Expr() as last)]):
            return may_end_line(last) or (before.value is None and before.text.endswith("\n"))
        case ir.Format(parts=[ir.FormatPart(value=ir.Expr() as last)]):
            return may_end_line(last)
        case ir.Format(parts=[]) | ir.Intrinsic(op="str.strip" | "str.rstrip" | "bool.to_str"):
            return False
        case ir.Intrinsic(op="int.to_str" | "float.to_str"):
            return False
        case _:
            return e.type in (ir.STR, ir.CHAR, ir.ANY)


def retryable_classes(module: ir.Module) -> set[str]:
    """The error classes that some retry of a module tries again after."""
    out: set[str] = set()
    uses = [
        p.arguments for _, f in module.functions() for p in f.patterns if p.pattern_id == "retry_with_backoff"
    ]
    nodes = [n for d in module.definitions for n in ir.walk(d)]
    if any(isinstance(n, ir.PatternOp) and n.pattern_id == "http_client" for n in nodes):
        # The client retries by itself, and gives up with what it met as the cause.
        out |= {"NetworkError", "TimeoutError", "HttpStatusError"}
    uses += [
        n.arguments
        for n in nodes
        if isinstance(n, ir.PatternCall | ir.PatternNew) and n.pattern_id == "retry_with_backoff"
    ]
    for arguments in uses:
        given = arguments.get("retryable")
        if isinstance(given, ir.ListLit):
            out |= {e.id for e in given.elems if isinstance(e, ir.Name)}
        else:
            out |= {"NetworkError", "TimeoutError", "ServiceUnavailable"}
    return out


def error_tree(module: ir.Module) -> Errors:
    """The error classes that code of the module can name."""
    tree = Errors()
    for d in module.definitions:
        if isinstance(d, ir.ErrorClass):
            tree.bases[d.name] = d.base
    return tree


class Effects:
    """Which functions may fail and with what, and which take the cancellation context; a fixpoint over the calls."""

    def __init__(self, module: ir.Module) -> None:
        self.module = module
        self.errors = error_tree(module)
        self.functions = {d.name: d for d in module.definitions if isinstance(d, ir.Function)}
        self.methods: dict[tuple[str, str], ir.Function] = {}
        self.inits: dict[str, ir.Function] = {}
        self.local: dict[str, ir.Function] = {}
        for d in module.definitions:
            if isinstance(d, ir.Class):
                for m in d.methods:
                    self.methods[d.name, m.name] = m
                if d.init is not None:
                    self.inits[d.name] = d.init
            elif isinstance(d, ir.Protocol):
                for m in d.methods:
                    self.methods[d.name, m.name] = m

    def run(self) -> None:
        """Set `raises` and `context` on every function and call."""
        functions = [*self.functions.values(), *self.inits.values()]
        functions += [
            m for (c, _), m in self.methods.items() if not isinstance(self.module.find(c), ir.Protocol)
        ]
        changed = True
        while changed:
            changed = False
            for f in functions:
                raises, context = self.of_block(f.body), self._context(f)
                for p in f.patterns:
                    raises |= PATTERN_ERRORS.get(p.pattern_id, frozenset[str]())
                    context = context or p.pattern_id in CONTEXT_PATTERNS
                    if p.pattern_id in (
                        "retry_with_backoff",
                        "circuit_breaker",
                        "rate_limiting",
                        "error_boundary",
                    ):
                        raises |= {"CancelledError"} if not raises else frozenset[str]()
                if (raises, context) != (f.raises, f.context):
                    f.raises, f.context = frozenset(raises), context
                    changed = True

    def _context(self, f: ir.Function) -> bool:
        return any(
            (isinstance(n, ir.Call | ir.MethodCall | ir.New) and n.context)
            or (
                isinstance(n, ir.PatternOp)
                and (
                    (n.pattern_id in CONTEXT_PATTERNS and n.op not in SAFE_OPERATIONS)
                    or (n.pattern_id == "cli_framework" and n.op == "run")
                )
            )
            or (isinstance(n, ir.PatternCall) and n.pattern_id in CONTEXT_PATTERNS)
            for s in f.body
            for n in ir.walk(s)
        )

    def of_block(self, body: list[ir.Stmt]) -> frozenset[str]:
        out: frozenset[str] = frozenset()
        for s in body:
            out |= self.statement(s)
        return out

    def statement(self, s: ir.Stmt) -> frozenset[str]:
        """The error classes that may leave a statement."""
        match s:
            case ir.Try():
                inner = self.of_block(s.body)
                left: frozenset[str] = inner
                for h in s.handlers:
                    left = (
                        frozenset[str]()
                        if not h.classes
                        else frozenset(c for c in left if not self.caught(c, h.classes))
                    )
                if any(not h.classes for h in s.handlers):
                    left = frozenset[str]()
                out = left | self.of_block(s.orelse) | self.of_block(s.final)
                for h in s.handlers:
                    caught = (
                        inner
                        if not h.classes
                        else frozenset(c for c in inner if c == ir.ANY_ERROR or self.may_match(c, h.classes))
                    )
                    raised = self.of_block(h.body)
                    if any(isinstance(n, ir.Raise) and n.error is None for b in h.body for n in ir.walk(b)):
                        raised |= caught
                    out |= raised - {"<current>"}
                return out
            case ir.Raise():
                if s.error is None:
                    return frozenset({"<current>"})
                out = self.expression(s.error)
                if isinstance(s.error, ir.New):
                    return (
                        out
                        if s.error.cls in ir.STOPPING_ERRORS and not self._user(s.error.cls)
                        else out | {s.error.cls}
                    )
                return out | {s.error.type.name if isinstance(s.error.type, ir.NamedT) else ir.ANY_ERROR}
            case ir.Assign(target=ir.TupleTarget(), value=ir.Expr(type=ir.ListT())):
                # The list may have another length than there are targets.
                return self.expression(s.value) | self._node(s.target) | {"ValueError"}
            case ir.FuncDef():
                f = s.func
                self.local[f.name] = f
                f.raises = self.of_block(f.body)
                return frozenset()
            case _:
                out = frozenset[str]()
                for child in ir.children(s):
                    out |= self._node(child)
                return out

    def _user(self, name: str) -> bool:
        return isinstance(self.module.find(name), ir.ErrorClass)

    def _node(self, n: ir.Node) -> frozenset[str]:
        if isinstance(n, ir.Stmt):
            return self.statement(n)
        if isinstance(n, ir.Expr):
            return self.expression(n)
        out: frozenset[str] = frozenset()
        for child in ir.children(n):
            out |= self._node(child)
        return out

    def expression(self, e: ir.Expr) -> frozenset[str]:
        """The error classes that evaluating an expression may raise; annotates calls."""
        out: frozenset[str] = frozenset()
        for child in ir.children(e):
            out |= self._node(child)
        match e:
            case ir.Call():
                callee = self.functions.get(e.func.id) if isinstance(e.func, ir.Name) else None
                if callee is None and isinstance(e.func, ir.Name) and e.func.id in self.local:
                    callee = self.local[e.func.id]
                if callee is not None:
                    e.raises, e.context = callee.raises, callee.context
                elif isinstance(e.func.type, ir.FuncT):
                    e.raises = frozenset({ir.ANY_ERROR}) if e.func.type.raises else frozenset[str]()
                    e.context = e.func.type.context
                return out | e.raises
            case ir.MethodCall():
                name = e.obj.type.name if isinstance(e.obj.type, ir.NamedT) else ""
                m = self.methods.get((name, e.method))
                if m is not None:
                    e.raises, e.context = m.raises, m.context
                return out | e.raises
            case ir.New():
                init = self.inits.get(e.cls)
                if init is not None:
                    e.raises, e.context = init.raises, init.context
                return out | e.raises
            case ir.PatternOp():
                e.raises = PATTERN_ERRORS.get(e.pattern_id, frozenset[str]())
                if e.op == "acquire" and not (isinstance(e.args[0], ir.Lit) and e.args[0].value == 1):
                    # More permits than the limiter ever holds are refused for good.
                    e.raises |= {"ValidationError"}
                if e.op in SAFE_OPERATIONS or e.pattern_id in ("structured_logging", "cli_framework"):
                    e.raises = frozenset[str]()
                if e.op == "call":
                    # What the called function raises comes through the pattern.
                    e.raises |= out
                return out | e.raises
            case ir.PatternCall():
                # Every block of a pattern can end with an error where errors are values: a cancellation at least.
                e.raises = out | PATTERN_ERRORS.get(e.pattern_id, frozenset[str]()) or frozenset(
                    {"CancelledError"}
                )
                return e.raises
            case ir.Intrinsic():
                if e.raises and e.raises not in ir.PROGRAM_ERRORS:
                    return out | {e.raises}
                return out
            case _:
                return out

    def caught(self, raised: str, classes: list[str]) -> bool:
        """True when an error of this class is certainly caught."""
        return raised != ir.ANY_ERROR and any(self.errors.is_a(raised, c) for c in classes)

    def remaining(self, raised: frozenset[str], classes: list[str]) -> frozenset[str]:
        """What a handler of these classes certainly lets through; one without classes takes everything."""
        return frozenset(r for r in raised if classes and not self.caught(r, classes))

    def may_match(self, raised: str, classes: list[str]) -> bool:
        """True when an error known as this class may be one of `classes`."""
        return any(self.errors.is_a(raised, c) or self.errors.is_a(c, raised) for c in classes)


# Scopes


@dataclass
class _Block:
    body: list[ir.Stmt]
    parent: _Block | None
    at: int  # index of the statement in the parent that holds this block
    loop: bool
    depth: int


def declare(f: ir.Function, inline: Callable[[ir.Try], bool] = lambda _: False) -> None:
    """Set `declares` where a variable is introduced, and add `VarDecl` only where a later block needs one.

    `inline` says which try statements are emitted without a block of their own.
    """
    known = {p.name for p in f.params} | f.shared
    _split_loop_variables(f.body, f)
    root = _Block(f.body, None, 0, False, 0)
    uses: dict[str, list[tuple[_Block, int]]] = {}
    types: dict[str, ir.Type] = {}
    _collect(root, uses, types, inline, known)
    inserts: dict[int, list[tuple[_Block, int, ir.VarDecl]]] = {}
    for name, places in uses.items():
        if name in known or name not in types:
            continue
        block, at = _common(places)
        stmt = block.body[at]
        if _introduces(stmt, name, inline):
            _mark(stmt, name, inline)
            continue
        outer = block
        top = outer
        while outer.parent is not None:
            if outer.loop:
                top = outer
            outer = outer.parent
        if top.loop and top.parent is not None:
            block, at = top.parent, top.at
        inserts.setdefault(id(block.body), []).append((block, at, ir.VarDecl(name, types[name])))
    for items in inserts.values():
        for block, at, decl in sorted(items, key=lambda i: -i[1]):
            block.body.insert(at, decl)


def _split_loop_variables(body: list[ir.Stmt], f: ir.Function) -> None:
    """A loop variable that is read after its loop, or assigned in it, is copied from one that is the loop's own."""

    def outside(name: str, loop: ir.Stmt) -> bool:
        inside = sum(1 for n in ir.walk(loop) if isinstance(n, ir.Name) and n.id == name)
        total = sum(1 for s in f.body for n in ir.walk(s) if isinstance(n, ir.Name) and n.id == name)
        others = sum(
            1
            for s in f.body
            for n in ir.walk(s)
            if isinstance(n, ir.For | ir.ForRange) and n is not loop and name in _target_names(n.target)
            for m in ir.walk(n)
            if isinstance(m, ir.Name) and m.id == name
        )
        comps = sum(
            1
            for s in f.body
            for c in ir.walk(s)
            if isinstance(c, ir.Comp) and any(name in _target_names(k.target) for k in c.clauses)
            for m in ir.walk(c)
            if isinstance(m, ir.Name) and m.id == name
        )
        return total - inside - others - comps > 0

    def visit(body: list[ir.Stmt]) -> None:
        for s in body:
            if isinstance(s, ir.For | ir.ForRange):
                for t in _var_targets(s.target):
                    stored = any(
                        isinstance(n, ir.VarTarget) and n.id == t.id for b in s.body for n in ir.walk(b)
                    ) and not any(
                        isinstance(n, ir.For | ir.ForRange) and t.id in _target_names(n.target)
                        for b in s.body
                        for n in ir.walk(b)
                    )
                    if outside(t.id, s) or (stored and isinstance(s, ir.ForRange)):
                        own = f"{t.id}_"
                        copy = ir.Assign(
                            ir.VarTarget(t.id, type=t.type), ir.Name(own, type=t.type), line=s.line
                        )
                        t.id = own
                        s.body.insert(0, copy)
            for nested in blocks(s):
                visit(nested)

    visit(body)


def blocks(s: ir.Stmt) -> list[list[ir.Stmt]]:
    """The statement lists directly inside a statement."""
    match s:
        case ir.If():
            return [s.body, s.orelse]
        case ir.For() | ir.ForRange() | ir.While():
            return [s.body]
        case ir.Try():
            return [s.body, *(h.body for h in s.handlers), s.orelse, s.final]
        case _:
            return []


def _var_targets(t: ir.Target) -> list[ir.VarTarget]:
    if isinstance(t, ir.VarTarget):
        return [t]
    if isinstance(t, ir.TupleTarget):
        return [v for e in t.elems for v in _var_targets(e)]
    return []


def _target_names(t: ir.Target) -> set[str]:
    return {v.id for v in _var_targets(t)}


def _collect(
    block: _Block,
    uses: dict[str, list[tuple[_Block, int]]],
    types: dict[str, ir.Type],
    inline: Callable[[ir.Try], bool],
    known: set[str],
) -> None:
    for i, s in enumerate(block.body):
        _collect_statement(s, block, i, uses, types, inline, known)


def _collect_statement(
    s: ir.Stmt,
    block: _Block,
    i: int,
    uses: dict[str, list[tuple[_Block, int]]],
    types: dict[str, ir.Type],
    inline: Callable[[ir.Try], bool],
    known: set[str],
) -> None:
    def note(n: ir.Node, hidden: frozenset[str]) -> None:
        if isinstance(n, ir.FuncDef):
            own = {p.name for p in n.func.params} | {
                t.id for b in n.func.body for t in ir.walk(b) if isinstance(t, ir.VarTarget)
            }
            own -= n.func.shared
            for b in n.func.body:
                note(b, hidden | own)
            declare(n.func, inline)
            return
        if isinstance(n, ir.Comp):
            hidden = hidden | {v for c in n.clauses for v in _target_names(c.target)}
        if isinstance(n, ir.Lambda):
            hidden = hidden | {p.name for p in n.params}
        if isinstance(n, ir.PatternCall):
            # The body is a block of its own inside this statement.
            for child in (n.obj, *n.arguments.values()):
                if child is not None:
                    note(child, hidden)
            _collect(_Block(n.body, block, i, False, block.depth + 1), uses, types, inline, known | hidden)
            return
        if isinstance(n, ir.Name) and n.id not in hidden:
            uses.setdefault(n.id, []).append((block, i))
        elif isinstance(n, ir.VarTarget) and n.id not in hidden:
            uses.setdefault(n.id, []).append((block, i))
            if n.id not in known:
                types[n.id] = n.type
        for child in ir.children(n):
            note(child, hidden)

    nested = blocks(s)
    if not nested:
        note(s, frozenset())
        return
    if isinstance(s, ir.Try):
        if inline(s):
            for b in s.body:
                _collect_statement(b, block, i, uses, types, inline, known)
            for b in s.orelse:
                _collect_statement(b, block, i, uses, types, inline, known)
        else:
            _collect(_Block(s.body, block, i, False, block.depth + 1), uses, types, inline, known)
            _collect(_Block(s.orelse, block, i, False, block.depth + 1), uses, types, inline, known)
        for h in s.handlers:
            mine = known | {h.var} if h.var else known
            _collect(_Block(h.body, block, i, False, block.depth + 1), uses, types, inline, mine)
        _collect(_Block(s.final, block, i, False, block.depth + 1), uses, types, inline, known)
        return
    loop = isinstance(s, ir.For | ir.ForRange | ir.While)
    own: set[str] = set()
    match s:
        case ir.If() | ir.While():
            note(s.test, frozenset())
        case ir.ForRange():
            note(s.start, frozenset())
            note(s.stop, frozenset())
            own = _target_names(s.target)
        case ir.For():
            note(s.iter, frozenset())
            own = _target_names(s.target)
        case _:
            pass
    for b in nested:
        child = _Block(b, block, i, loop, block.depth + 1)
        if own:
            inner: dict[str, list[tuple[_Block, int]]] = {}
            _collect(child, inner, types, inline, known | own)
            for name, places in inner.items():
                if name not in own:
                    uses.setdefault(name, []).extend(places)
        else:
            _collect(child, uses, types, inline, known)


def _common(places: list[tuple[_Block, int]]) -> tuple[_Block, int]:
    """The innermost block that holds all places, and the first statement in it that holds one."""

    def path(b: _Block, i: int) -> list[tuple[_Block, int]]:
        out = [(b, i)]
        while b.parent is not None:
            out.append((b.parent, b.at))
            b = b.parent
        return out[::-1]

    paths = [path(b, i) for b, i in places]
    depth = 0
    while all(len(p) > depth for p in paths) and len({id(p[depth][0]) for p in paths}) == 1:
        depth += 1
    block = paths[0][depth - 1][0]
    return block, min(p[depth - 1][1] for p in paths)


def _introduces(s: ir.Stmt, name: str, inline: Callable[[ir.Try], bool]) -> bool:
    match s:
        case ir.Assign():
            reads = any(isinstance(n, ir.Name) and n.id == name for n in ir.walk(s.value))
            direct = isinstance(s.target, ir.VarTarget) or (
                isinstance(s.target, ir.TupleTarget)
                and all(isinstance(e, ir.VarTarget) for e in s.target.elems)
            )
            return direct and name in _target_names(s.target) and not reads
        case ir.FuncDef():
            return False
        case ir.Try() if inline(s):
            for b in [*s.body, *s.orelse]:
                if _introduces(b, name, inline):
                    return True
                if any(isinstance(n, ir.Name | ir.VarTarget) and n.id == name for n in ir.walk(b)):
                    return False
            return False
        case _:
            return False


def _mark(s: ir.Stmt, name: str, inline: Callable[[ir.Try], bool]) -> None:
    match s:
        case ir.Assign():
            for t in _var_targets(s.target):
                if t.id == name:
                    t.declares = True
        case ir.Try():
            for b in [*s.body, *s.orelse]:
                if _introduces(b, name, inline):
                    _mark(b, name, inline)
                    return
        case _:
            pass


def reads(body: list[ir.Stmt]) -> set[str]:
    """Names that are read somewhere in the statements."""
    return {n.id for s in body for n in ir.walk(s) if isinstance(n, ir.Name)}


def stores(body: list[ir.Stmt]) -> set[str]:
    """Names that are assigned somewhere in the statements."""
    return {n.id for s in body for n in ir.walk(s) if isinstance(n, ir.VarTarget)}


def positions(body: list[ir.Stmt], slices: bool = True) -> set[str]:
    """String variables that are assigned once at most and looked into by position twice, or in a loop.

    Taking a slice counts as looking with `slices`. A name that a closure's parameter has too is left out.
    """
    weights: dict[str, int] = {}
    assigned: dict[str, int] = {}

    def visit(node: ir.Node, loops: int) -> None:
        match node:
            case ir.Intrinsic(
                op="str.index" | "str.slice" as op, args=[ir.Name(id=name, type=ir.STR), *_]
            ) if slices or op == "str.index":
                weights[name] = weights.get(name, 0) + (2 if loops else 1)
            case ir.VarTarget(id=name):
                assigned[name] = assigned.get(name, 0) + 1
            case ir.Param(name=name):
                assigned[name] = assigned.get(name, 0) + 2
            case _:
                pass
        inside = loops + isinstance(node, ir.While | ir.For | ir.ForRange | ir.Comp | ir.Lambda | ir.FuncDef)
        for child in ir.children(node):
            # What a loop runs over is worked out once.
            once = isinstance(node, ir.For) and child is node.iter
            visit(child, loops if once else inside)

    for s in body:
        visit(s, 0)
    return {name for name, weight in weights.items() if weight >= 2 and assigned.get(name, 0) <= 1}


# Signs


def lower_bounds(f: ir.Function, inner: bool = True) -> dict[str, int]:
    """Integer variables that are never below zero (0) or always above it (1), whatever the function is given.

    Variables of comprehensions may share their names with others; without `inner`, nothing is said of them.
    """
    given: dict[str, list[ir.Expr | None]] = {p.name: [None] for p in f.params}

    def note(target: ir.Target, value: ir.Expr | None) -> None:
        if isinstance(target, ir.VarTarget):
            given.setdefault(target.id, []).append(value)
        elif isinstance(target, ir.TupleTarget):
            parts = value.elems if isinstance(value, ir.TupleLit) else [None] * len(target.elems)
            for t, v in zip(target.elems, parts, strict=True):
                note(t, v)

    def iterated(target: ir.Target, e: ir.Expr) -> None:
        match e:
            case ir.Intrinsic(op="range", args=[start, stop, ir.Lit(value=step)]):
                note(target, _first(start, stop, step))
            case ir.Intrinsic(op="range", args=[start, stop, _]):
                # Between both, whichever is the lower one.
                note(target, start)
                note(target, stop)
            case ir.Intrinsic(op="enumerate", args=[_, start]) if isinstance(target, ir.TupleTarget):
                note(target, ir.TupleLit([start, ir.Lit(-1, type=ir.INT)]))
            case _:
                note(target, None)

    for s in f.body:
        for n in ir.walk(s):
            match n:
                case ir.Assign(target=target, value=value):
                    note(target, value)
                case ir.AugAssign(target=ir.VarTarget(id=name) as target, op=op, value=value):
                    note(target, ir.Intrinsic(op, [ir.Name(name, type=target.type), value], type=target.type))
                case ir.ForRange(target=target, start=start, stop=stop, step=step):
                    note(target, _first(start, stop, step))
                case ir.For(target=target, iter=e):
                    iterated(target, e)
                case ir.Clause(target=target, iter=e) if inner:
                    iterated(target, e)
                case ir.Param(name=name):
                    given.setdefault(name, []).append(None)
                case _:
                    pass
    known: dict[str, int] = {}
    for level in (0, 1):
        least = known | dict.fromkeys((n for n in given if level == 0 or n in known), level)
        more = True
        while more:
            more = False
            for name, values in given.items():
                if least.get(name) == level and any(
                    v is None or (at_least(v, least) or 0) < level or at_least(v, least) is None
                    for v in values
                ):
                    if level:
                        least[name] = 0
                    else:
                        del least[name]
                    more = True
        known = least
    return known


def _first(start: ir.Expr, stop: ir.Expr, step: int) -> ir.Expr:
    """The least value of a count."""
    if step > 0:
        return start
    if isinstance(stop, ir.Lit):
        return ir.Lit(stop.value + 1, type=ir.INT)
    return ir.Intrinsic("int.add", [stop, ir.Lit(1, type=ir.INT)], type=ir.INT)


_COUNTS = frozenset(
    {
        "bool.to_int",
        "int.abs",
        "int.gcd",
        "int.isqrt",
        "len",
        "list.count",
        "list.find_or_raise",
        "str.count",
        "str.find_or_raise",
        "str.ord",
        "str.byte_len",
        "str.width_at",
    }
)


def at_least(e: ir.Expr, known: Mapping[str, int]) -> int | None:
    """0 for an integer that is never below zero, 1 for one that is always above it, None for any other."""

    def all_of(values: list[ir.Expr]) -> list[int] | None:
        out = [at_least(v, known) for v in values]
        return None if None in out else [v for v in out if v is not None]

    match e:
        case ir.Lit(value=bool()):
            return None
        case ir.Lit(value=int() as value):
            return min(value, 1) if value >= 0 else None
        case ir.Name(id=name):
            return known.get(name) if e.type == ir.INT else None
        case ir.Cond(body=body, orelse=orelse):
            found = all_of([body, orelse])
            return min(found) if found else None
        case ir.Intrinsic(op=op) if op in _COUNTS:
            return 0
        case ir.Intrinsic(op="int.add" | "int.mul" | "int.floordiv" | "int.pow" | "int.shl" as op, args=args):
            found = all_of(args)
            if found is None:
                return None
            return (
                min(sum(found), 1)
                if op == "int.add"
                else 0
                if op == "int.floordiv"
                else min(found[:1] + found * (op == "int.mul"))
            )
        case ir.Intrinsic(op="int.sub", args=[value, ir.Lit(value=1)]):
            return 0 if at_least(value, known) == 1 else None
        case ir.Intrinsic(op="int.mod", args=[_, divisor]):
            return None if at_least(divisor, known) is None else 0
        case ir.Intrinsic(op="int.shr", args=[value, _]):
            return None if at_least(value, known) is None else 0
        case ir.Intrinsic(op="max" | "min" as op, args=args):
            found = [v for v in (at_least(a, known) for a in args) if v is not None]
            if op == "max":
                return max(found) if found else None
            return min(found) if len(found) == len(args) else None
        case _:
            return None


# Values


def is_total(e: ir.Expr) -> bool:
    """True for what has a value without failing and without an effect."""
    match e:
        case ir.Lit() | ir.Name() | ir.EnumMember():
            return True
        case ir.Field(obj=inner) | ir.Wrap(value=inner):
            return is_total(inner)
        case ir.TupleLit(elems=elems) | ir.ListLit(elems=elems):
            return all(is_total(v) for v in elems)
        case ir.Intrinsic(op="char.to_str" | "int.to_str" | "len" | "tuple.index" | "bool.to_int", args=args):
            return all(is_total(v) for v in args)
        case _:
            return False


def letter_of(e: ir.Expr) -> ir.Expr | None:
    """The character that a text of one character is, None for any other text."""
    match e:
        case ir.Intrinsic(op="char.to_str", args=[c]):
            return c
        case ir.Lit(value=str() as value) if len(value) == 1:
            return ir.Lit(value, type=ir.CHAR, line=e.line)
        case ir.Cond(test=test, body=body, orelse=orelse):
            one, other = letter_of(body), letter_of(orelse)
            return (
                None if one is None or other is None else ir.Cond(test, one, other, type=ir.CHAR, line=e.line)
            )
        case _:
            return e if e.type == ir.CHAR else None


def filling_loop(following: Sequence[ir.Stmt], name: str, surely: bool = True) -> ir.For | ir.ForRange | None:
    """The loop that comes next and adds one element to a new list or set in each of its turns, all of which are made.

    With `surely` false, one that adds an element at most in each of its turns.
    """
    return next_loop(following, name, _adds_one if surely else _adds_one_at_most)


def next_loop(
    following: Sequence[ir.Stmt], name: str, adds: Callable[[list[ir.Stmt], str], bool]
) -> ir.For | ir.ForRange | None:
    """The loop that comes next, if its body adds to a variable in such a way and its turns are known before."""
    stored: set[str] = {name}
    for s in following:
        match s:
            case ir.Assign(
                target=ir.VarTarget(id=to),
                value=ir.Lit()
                | ir.Name()
                | ir.ListLit(elems=[])
                | ir.SetLit(elems=[])
                | ir.DictLit(items=[]),
            ):
                stored.add(to)
            case ir.For(iter=over, body=body) if adds(body, name):
                return None if stored & reads([ir.ExprStmt(over)]) else s
            case ir.ForRange(start=start, stop=stop, step=1, body=body) if adds(body, name):
                return None if stored & reads([ir.ExprStmt(start), ir.ExprStmt(stop)]) else s
            case _:
                return None
    return None


def _adds_one_at_most(body: list[ir.Stmt], name: str) -> bool:
    """True when no turn of a loop adds more than one element to a list, set or map, and some turn may add one."""
    if any(isinstance(n, ir.Break | ir.Return | ir.Hole) for s in body for n in ir.walk(s)):
        return False

    def most(body: list[ir.Stmt]) -> int:
        total = 0
        for s in body:
            match s:
                case ir.ExprStmt(
                    value=ir.Intrinsic(op="list.append" | "set.add", args=[ir.Name(id=to), _])
                ) if to == name:
                    total += 1
                case ir.Assign(target=ir.IndexTarget(obj=ir.Name(id=to, type=ir.DictT()))) if to == name:
                    total += 1
                case ir.If(body=then, orelse=orelse):
                    total += max(most(then), most(orelse))
                case _:
                    total += 2 * any(
                        isinstance(n, ir.Intrinsic)
                        and (n.op in GROWING or n.op == "set.add")
                        and place(n.args[0]) == name
                        for n in ir.walk(s)
                    )
        return total

    return most(body) == 1


def _adds_one(body: list[ir.Stmt], name: str) -> bool:
    """True when a loop's body appends to a list once in every turn, and all turns are made."""
    leaving = (ir.Break, ir.Continue, ir.Return, ir.Raise, ir.Try, ir.Hole)
    if any(isinstance(n, leaving) for s in body for n in ir.walk(s)):
        return False

    def once(body: list[ir.Stmt]) -> bool:
        for s in body:
            match s:
                case ir.ExprStmt(value=ir.Intrinsic(op="list.append", args=[ir.Name(id=to), _])) if (
                    to == name
                ):
                    return True
                case ir.If(body=then, orelse=orelse) if orelse and once(then) and once(orelse):
                    return True
                case _:
                    pass
        return False

    return once(body)


# Aliasing

GROWING = frozenset(
    {
        "list.append",
        "list.extend",
        "list.insert",
        "list.pop",
        "list.pop_at",
        "list.remove",
        "list.clear",
        "list.delete",
    }
)
CHANGING = GROWING | {"list.sort", "list.reverse"}
CHANGING_MAPS = frozenset(
    f"dict.{n}" for n in ("pop", "pop_or", "pop_optional", "setdefault", "update", "delete", "clear")
)
# Whatever changes the list, the map or the set that it is given.
MUTATING = CHANGING | CHANGING_MAPS | {f"set.{n}" for n in ("add", "discard", "remove", "update", "clear")}


def place(e: ir.Node) -> str | None:
    """A variable or field path as text, for comparing places; None for anything computed."""
    match e:
        case ir.Name() | ir.VarTarget():
            return e.id
        case ir.Field() | ir.FieldTarget():
            base = place(e.obj)
            return f"{base}.{e.name}" if base else None
        case _:
            return None


def check_aliasing(f: ir.Function) -> None:
    """Raise Unsupported when two names share a list that then grows, which slices and owned vectors do not share."""
    params = {p.name for p in f.params if isinstance(p.type, ir.ListT)}
    grown: dict[str, int] = {}
    for s in f.body:
        for n in ir.walk(s):
            if isinstance(n, ir.Intrinsic) and n.op in GROWING and isinstance(n.args[0].type, ir.ListT):
                at = place(n.args[0])
                if at is not None:
                    grown.setdefault(at, n.line or s.line)
    for name in params & set(grown):
        raise ir.Unsupported(
            "a list parameter that grows or shrinks, which the caller sees", name, grown[name]
        )
    _check_block(f.body, grown)


def _check_block(body: list[ir.Stmt], grown: dict[str, int]) -> None:
    for i, s in enumerate(body):
        for alias in _aliases(s):
            if alias in grown and not _refreshed(body[i + 1 :], alias):
                later = _grows_later(body[i + 1 :], alias)
                if later:
                    raise ir.Unsupported(
                        "a list that is stored and then grows, which both names see", alias, s.line
                    )
        for nested in blocks(s):
            _check_block(nested, grown)


def _aliases(s: ir.Stmt) -> Iterator[str]:
    values: list[ir.Expr] = []
    match s:
        case ir.Assign(value=value, target=target):
            if (
                isinstance(target, ir.VarTarget)
                and isinstance(value, ir.Name)
                and isinstance(value.type, ir.ListT)
            ):
                yield target.id
            values = [value]
            if isinstance(value, ir.TupleLit):
                values = list(value.elems)
        case ir.ExprStmt(value=ir.Intrinsic(args=args)):
            values = list(args[1:])
        case _:
            return
    for v in values:
        candidates = [v]
        if isinstance(v, ir.New):
            candidates = [a for _, a in v.args]
        elif isinstance(v, ir.ListLit | ir.TupleLit):
            candidates = list(v.elems)
        for c in candidates:
            if isinstance(c.type, ir.ListT):
                at = place(c)
                if at is not None:
                    yield at


def _refreshed(rest: list[ir.Stmt], name: str) -> bool:
    for s in rest:
        if isinstance(s, ir.Assign) and name in {place(t) for t in _all_targets(s.target)}:
            return True
        if any(
            isinstance(n, ir.Intrinsic) and n.op in GROWING and place(n.args[0]) == name for n in ir.walk(s)
        ):
            return False
    return False


def _all_targets(t: ir.Target) -> list[ir.Target]:
    return [x for e in t.elems for x in _all_targets(e)] if isinstance(t, ir.TupleTarget) else [t]


def _grows_later(rest: list[ir.Stmt], name: str) -> bool:
    return any(
        isinstance(n, ir.Intrinsic) and n.op in GROWING and place(n.args[0]) == name
        for s in rest
        for n in ir.walk(s)
    )


def names_its_entry(key: ir.Expr) -> bool:
    """True when a sorting key holds the whole entry of a map or its map key: no two entries of a map have the same."""
    if not isinstance(key, ir.Lambda):
        return False
    param = key.params[0].name
    for p in key.body.elems if isinstance(key.body, ir.TupleLit) else [key.body]:
        match p:
            case ir.Name(id=name) if name == param:
                return True
            case ir.Intrinsic(op="tuple.index", args=[ir.Name(id=name), ir.Lit(value=0)]) if name == param:
                return True
            case _:
                pass
    return False


def tells(h: ir.Handler) -> bool:
    """True for a handler that shows the text of what it handles."""
    return any(
        isinstance(n, ir.Intrinsic) and n.op == "error.message" and reads([ir.ExprStmt(n)]) == {h.var}
        for b in h.body
        for n in ir.walk(b)
    )


# Control flow


def terminates(body: list[ir.Stmt]) -> bool:
    """True when control never falls out of the end of `body`."""
    if not body:
        return False
    last = body[-1]
    match last:
        case ir.Return() | ir.Raise() | ir.Hole() | ir.Break() | ir.Continue():
            return True
        case ir.If(orelse=orelse):
            return bool(orelse) and terminates(last.body) and terminates(orelse)
        case ir.Try():
            done = terminates(last.body) or (bool(last.orelse) and terminates(last.orelse))
            return (done and all(terminates(h.body) for h in last.handlers)) or terminates(last.final)
        case ir.While(test=ir.Lit(value=True)):
            return not any(isinstance(n, ir.Break) for n in loop_nodes(last.body))
        case _:
            return False


def loop_nodes(body: list[ir.Stmt]) -> Iterator[ir.Node]:
    """Nodes of a loop's body that are not in a loop inside it."""
    for s in body:
        if isinstance(s, ir.For | ir.ForRange | ir.While):
            continue
        yield s
        for child in ir.children(s):
            if isinstance(child, ir.Stmt):
                yield from loop_nodes([child])
            elif isinstance(child, ir.Handler):
                yield from loop_nodes(child.body)
