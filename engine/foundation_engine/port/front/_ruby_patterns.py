"""The ten patterns as Ruby writes them: blocks under a pattern, pattern objects and their methods, and `retriable`."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from foundation_engine.port import ir
from foundation_engine.port.delays import growing
from foundation_engine.port.front import _ruby_ast as ast
from foundation_engine.port.front import _ruby_blocks as blocks
from foundation_engine.port.front import _ruby_json as json
from foundation_engine.port.front._ruby_nodes import integer, lit, op
from foundation_engine.port.front._ruby_scope import PATTERN_OBJECTS, Signature, pure, resolved, type_text
from foundation_engine.port.front._ruby_types import SYMBOL, VarT
from foundation_engine.port.ir import Type, Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.front._ruby_stmt import Sink, Statements

_BLOCKS: Mapping[str, str] = {
    "Foundation.retry": "retry_with_backoff",
    "Foundation.error_boundary": "error_boundary",
    "Foundation.circuit_breaker": "circuit_breaker",
    "Foundation.rate_limit": "rate_limiting",
    "Retriable.retriable": "retry_with_backoff",
    "Retriable.with_context": "",
}
_OBJECTS: Mapping[str, str] = {
    "Foundation::CircuitBreaker.new": "circuit_breaker",
    "Foundation::RateLimiter.new": "rate_limiting",
    "Foundation::HttpClient.new": "http_client",
    "Foundation::RetryPolicy.new": "retry_with_backoff",
    "Foundation::Retry.new": "retry_with_backoff",
    "Foundation::Logging.logger": "structured_logging",
    "Foundation.app": "cli_framework",
}
_ALIASES = {
    "backoff": "backoff_strategy",
    "retryable_exceptions": "retryable",
    "retryable_errors": "retryable",
    "expected_exception": "expected",
    "failures": "expected",
}
_CLASSES = frozenset({"retryable", "non_retryable", "catch", "expected", "excluded"})
_OURS = frozenset({"clock", "random", "cancellation", "output", "on_retry", "steps", "trace", "out", "err"})
_LEVELS = frozenset({"trace", "debug", "info", "warning", "error", "critical"})
_HTTP = frozenset({"get", "head", "post", "put", "patch", "delete", "options"})


def path_of(n: ast.Call) -> str:
    """`Foundation.retry` for a call on a constant, else ""."""
    return f"{n.recv.path}.{n.name}" if isinstance(n.recv, ast.Const) else ""


# Arguments


def arguments(
    low: Statements, pattern: str, named: list[tuple[str, ast.Node]], n: ast.Node
) -> dict[str, ir.Expr]:
    """Arguments by the spec's parameter ids; a policy is flattened."""
    out: dict[str, ir.Expr] = {}
    for key, node in named:
        if key == "policy":
            policy = resolved(low.scope, node)
            if not (isinstance(policy, ast.Call) and path_of(policy).startswith("Foundation::Retry")):
                raise Unsupported(
                    "a retry policy that is not written in this file", low.scope.reader.source(node), n.line
                )
            for k, v in arguments(low, pattern, policy.named, n).items():
                out.setdefault(k, v)
            continue
        if key in _OURS:
            raise Unsupported(f"option {key} of the runtime", low.scope.reader.source(node), n.line)
        out[_ALIASES.get(key, key)] = _argument(low, _ALIASES.get(key, key), node)
    return out


def _argument(low: Statements, key: str, node: ast.Node) -> ir.Expr:
    if key in _CLASSES:
        found = resolved(low.scope, node)
        elems = found.elems if isinstance(found, ast.Array) else [found]
        names: list[ir.Expr] = []
        for e in elems:
            name = low.scope.error_name(e.path) if isinstance(e, ast.Const) else None
            if name is None:
                raise Unsupported("an error class that is not known", low.scope.reader.source(e), node.line)
            if not any(isinstance(x, ir.Name) and x.id == name for x in names):
                names.append(ir.Name(name, type=ir.ERROR))
        return ir.ListLit(names, type=ir.ListT(ir.ERROR))
    if key == "jitter":
        return _jitter(low, resolved(low.scope, node))
    if isinstance(node, ast.Symbol):
        return lit(node.name, ir.STR)
    if isinstance(node, ast.Literal) and node.value is None:
        return lit(None, ir.NONE)
    e = low.expr(node)
    if low.full(e.type) == SYMBOL and isinstance(e, ir.Lit):
        e.type = ir.STR
    return e


def _jitter(low: Statements, node: ast.Node) -> ir.Expr:
    match node:
        case ast.Literal(value=bool() as v):
            return lit(v, ir.BOOL)
        case ast.Symbol(name=name):
            return lit({"kind": name, "ratio": None}, ir.ANY)
        case ast.Hash(pairs=pairs):
            made: dict[str, Any] = {"kind": "symmetric", "ratio": None}
            for k, v in pairs:
                if isinstance(k, ast.Symbol) and isinstance(v, ast.Symbol | ast.Literal):
                    made[k.name] = v.name if isinstance(v, ast.Symbol) else v.value
                else:
                    raise Unsupported("a computed jitter", low.scope.reader.source(node), node.line)
            return lit(made, ir.ANY)
        case _:
            raise Unsupported("a computed jitter", low.scope.reader.source(node), node.line)


def _retriable(low: Statements, n: ast.Call) -> dict[str, ir.Expr]:
    """The options of the `retriable` gem in the spec's terms."""
    options = dict(n.named)
    out: dict[str, ir.Expr] = {}
    factor = 1.5
    differ = low.scope.differ
    for key, node in options.items():
        match key:
            case "tries":
                out["max_attempts"] = low.coerce(low.expr(node), ir.INT)
            case "base_interval":
                out["base_delay"] = low.expr(node)
            case "max_interval":
                out["max_delay"] = low.expr(node)
            case "multiplier":
                e = low.expr(node)
                if not isinstance(e, ir.Lit):
                    raise Unsupported("a computed multiplier", low.scope.reader.source(node), n.line)
                factor = float(e.value)
            case "rand_factor":
                e = low.expr(node)
                if not isinstance(e, ir.Lit):
                    raise Unsupported("a computed rand_factor", low.scope.reader.source(node), n.line)
                kind = "none" if float(e.value) == 0 else "symmetric"
                out["jitter"] = lit({"kind": kind, "ratio": float(e.value) or None}, ir.ANY)
            case "on":
                out["retryable"] = _argument(low, "retryable", node)
            case _:
                raise Unsupported(f"option {key} of retriable", low.scope.reader.source(node), n.line)
    out.setdefault("max_attempts", integer(3))
    out.setdefault("base_delay", lit(0.5, ir.FLOAT))
    out.setdefault("max_delay", lit(60.0, ir.FLOAT))
    out.setdefault("jitter", lit({"kind": "symmetric", "ratio": 0.5}, ir.ANY))
    out.setdefault("retryable", ir.ListLit([ir.Name("Exception", type=ir.ERROR)], type=ir.ListT(ir.ERROR)))
    out["non_retryable"] = ir.ListLit([], type=ir.ListT(ir.ERROR))
    if factor == 1.0:
        out["backoff_strategy"] = lit("fixed", ir.STR)
    elif factor == 2.0:
        out["backoff_strategy"] = lit("exponential", ir.STR)
    else:
        out["backoff_strategy"] = lit("exponential", ir.STR)
        differ(f"retriable multiplies its delay by {factor:g} each time; the port doubles it.")
        known = [out[k] for k in ("max_attempts", "base_delay", "max_delay", "jitter")]
        if all(isinstance(e, ir.Lit) for e in known):
            tries, base, longest, jitter = (e.value for e in known if isinstance(e, ir.Lit))
            grown = [growing(base, f, longest, jitter["ratio"] or 0.0, tries) for f in (factor, 2.0)]
            low.scope.delays.append(ir.Delays(*grown))
    differ("retriable also gives up after 15 minutes in all (max_elapsed_time), which the port does not.")
    return out


# Blocks


def _pattern_of(low: Statements, n: ast.Call) -> tuple[str, dict[str, ir.Expr]] | None:
    """The pattern that a call's block runs under, with its arguments; None for another call."""
    path = path_of(n)
    pattern = _BLOCKS.get(path)
    if pattern is None or n.block is None:
        return None
    if not pattern:
        raise Unsupported(path, low.scope.reader.source(n).splitlines()[0], n.line)
    if n.spread is not None or n.args:
        raise Unsupported(
            f"{path} with options that are not written out",
            low.scope.reader.source(n).splitlines()[0],
            n.line,
        )
    made = _retriable(low, n) if path.startswith("Retriable") else arguments(low, pattern, n.named, n)
    names = {x.name for b in n.block.body for x in ast.walk(b) if isinstance(x, ast.Ident)}
    if n.block.params and n.block.params[0].name in names:
        raise Unsupported(
            "a block that reads the number of the attempt", low.scope.reader.source(n).splitlines()[0], n.line
        )
    if pattern in ("circuit_breaker", "rate_limiting") and "name" not in made:
        raise Unsupported(f"{path} without a name", low.scope.reader.source(n).splitlines()[0], n.line)
    return pattern, made


def peel(low: Statements, nodes: list[ast.Node]) -> tuple[list[ast.Node], list[ir.PatternUse]] | None:
    """The body below the patterns that govern a whole method, outermost first; None when there are none."""
    uses: list[ir.PatternUse] = []
    while len(nodes) == 1 and isinstance(nodes[0], ast.Call):
        n = nodes[0]
        before = len(low.pre or [])
        try:
            with low.without_statements():
                found = _pattern_of(low, n)
        except Unsupported:
            break
        if found is None or len(low.pre or []) != before:
            break
        pattern, made = found
        # What depends on the call is not a property of the function.
        if any(
            isinstance(x, ir.Field)
            or (isinstance(x, ir.Name) and x.type != ir.ERROR and x.id not in low.scope.constants)
            for v in made.values()
            for x in ir.walk(v)
        ):
            break
        if (
            pattern in ("circuit_breaker", "rate_limiting")
            and low.scope.shared.get(shared_name(pattern, made), 0) > 1
        ):
            break
        assert n.block is not None
        if "fallback" in made and low.signature is not None:
            # An empty list stands in for what the method gives.
            low.unify(made["fallback"].type, low.signature.result)
        if pattern == "rate_limiting":
            # The limiter's name only says who shares it.
            made.pop("name", None)
        uses.append(ir.PatternUse(pattern, made, n.line, path_of(n).startswith("Retriable")))
        nodes = n.block.body
    if not uses or ((len(nodes) == 1 and isinstance(nodes[0], ast.Begin)) and not uses):
        return None
    return nodes, uses


def shared_name(pattern: str, made: Mapping[str, ir.Expr]) -> str:
    """The key of a breaker or limiter that is shared by name."""
    name = made.get("name")
    return f"{pattern}:{name.value}" if isinstance(name, ir.Lit) else f"{pattern}:"


def statement(low: Statements, n: ast.Call, sink: Sink | None) -> list[ir.Stmt] | None:
    """A block under a pattern at the end of a method, from which the method may be left; None for anything else."""
    if n.block is None:
        return None
    if sink is not None and not sink.returns:
        return None
    made = call(low, n, sink.want if sink is not None else None, tail=sink is not None)
    if made is None:
        return None
    if sink is None:
        return [ir.ExprStmt(made, line=n.line)]
    if made.type == ir.NONE:
        return [ir.ExprStmt(made, line=n.line), *(sink.nothing() if sink.nothing is not None else [])]
    return sink.put(made)


def block_call(
    low: Statements,
    n: ast.Call,
    pattern: str,
    obj: ir.Expr | None,
    made: dict[str, ir.Expr],
    want: Type | None,
    tail: bool,
) -> ir.Expr:
    """The block of a call, run at once under a pattern."""
    assert n.block is not None
    block = n.block
    outer_sig, outer_pre, outer_jumps, outer_whole = low.signature, low.pre, low.jumps, low.whole
    assert outer_sig is not None
    low.forget_stored(block.body)
    declared: Type = low.types.var(("pattern", n.start), "the value of a block under a pattern")
    wanted = low.full(want) if want is not None else None
    given = wanted is not None and not isinstance(wanted, VarT) and wanted != ir.NONE
    if given and wanted is not None:
        declared = wanted
    if "fallback" in made:
        low.unify(made["fallback"].type, declared)
    node = ast.Def("block", [], block.body, line=block.line)
    inner = Signature("block", [], declared, given, node, outer_sig.doc, kind=outer_sig.kind)
    inner.used = given or (tail and _gives_value(low))
    low.signature, low.pre, low.jumps, low.whole = inner, [], [], tail
    try:
        with blocks.inside(low, block), low.jumping("function", low.return_sink(False)):
            body = low.block(block.body, low.return_sink(True))
    finally:
        low.signature, low.pre, low.jumps, low.whole = outer_sig, outer_pre, outer_jumps, outer_whole
    low.narrowed = {}
    t = low.full(inner.result)
    if isinstance(t, VarT) and low.scope.final:
        t = ir.NONE
    if obj is not None and len(body) == 1 and pattern in ("circuit_breaker", "retry_with_backoff"):
        only = body[0]
        value = only.value if isinstance(only, ir.Return | ir.ExprStmt) else None
        if isinstance(value, ir.Call | ir.MethodCall) and all(pure(a) for a in value.args):
            return ir.PatternOp(pattern, obj, "call", [value], type=t)
    return ir.PatternCall(pattern, obj, made, body, type=t)


def _gives_value(low: Statements) -> bool:
    s = low.signature
    return s is not None and (s.used or (s.declared and low.full(s.result) != ir.NONE))


# Calls


def call(low: Statements, n: ast.Call, want: Type | None, tail: bool = False) -> ir.Expr | None:
    """A pattern's call, or None for any other."""
    path = path_of(n)
    if path.startswith(("Foundation", "Retriable")):
        return _of_runtime(low, n, path, want, tail)
    if n.recv is None or isinstance(
        n.recv, ast.SelfNode | ast.Literal | ast.Array | ast.Hash | ast.Interpolated | ast.Symbol
    ):
        return None
    if isinstance(n.recv, ast.Const):
        info = low.scope.constants.get(n.recv.path.rpartition("::")[2])
        if info is None or not isinstance(low.full(info.type), ir.NamedT):
            return None
    if not isinstance(n.recv, ast.Ident | ast.IVar | ast.Const | ast.Call):
        return None
    if isinstance(n.recv, ast.Call) and n.name not in _METHODS:
        return None
    if n.name not in _METHODS:
        return None
    saved = list(low.pre) if low.pre is not None else None
    try:
        obj = low.expr(n.recv)
    except Unsupported:
        return None
    t = low.full(obj.type)
    if isinstance(t, ir.OptionalT) and isinstance(t.elem, ir.NamedT) and t.elem.name in _KINDS and not n.safe:
        obj, t = low.required(obj), t.elem
    if (
        not isinstance(t, ir.NamedT)
        or t.name not in _KINDS
        or t.name in low.scope.classes
        or t.name in low.scope.protocols
    ):
        if saved is not None and low.pre is not None:
            low.pre[:] = saved
        return None
    return _of_object(low, n, obj, t.name, want, tail)


_KINDS = frozenset({*PATTERN_OBJECTS.values(), "HttpResponse", "ProcessResult", "Decision"})
_METHODS = frozenset(
    {
        *_LEVELS,
        *_HTTP,
        "bind",
        "log",
        "warn",
        "request",
        "close",
        "call",
        "state",
        "reset",
        "acquire",
        "try_acquire",
        "allowed?",
        "status",
        "text",
        "body",
        "json",
        "exit_code",
        "stdout",
        "stderr",
        "success?",
        "run",
        "main",
        "[]",
        "headers",
        "failures",
        "name",
    }
)


def _of_runtime(low: Statements, n: ast.Call, path: str, want: Type | None, tail: bool) -> ir.Expr | None:
    policy = next((v for k, v in n.named if k == "policy"), None)
    if (
        path == "Foundation.retry"
        and isinstance(policy, ast.Ident | ast.IVar)
        and len(n.named) == 1
        and n.block is not None
    ):
        held = low.value(policy)
        if held.type == ir.NamedT("RetryPolicy") and not n.block.params:
            return block_call(low, n, "retry_with_backoff", held, {}, want, tail)
    found = _pattern_of(low, n)
    if found is not None:
        pattern, made = found
        if path.startswith("Retriable"):
            low.scope.differ(ir.WRAPS_THE_LAST_ERROR)
        obj: ir.Expr | None = None
        if pattern in ("circuit_breaker", "rate_limiting"):
            obj = low.scope.shared_object(pattern, made)
            made = {}
        return block_call(low, n, pattern, obj, made, want, tail)
    pattern = _OBJECTS.get(path)
    if pattern is not None:
        if n.block is not None or n.spread is not None:
            raise Unsupported(
                f"{path} with options that are not written out",
                low.scope.reader.source(n).splitlines()[0],
                n.line,
            )
        made = arguments(low, pattern, n.named, n)
        if pattern in ("structured_logging", "cli_framework") and n.args:
            made = {"name": low.expr(n.args[0]), **made}
        elif n.args:
            raise Unsupported(f"{path} with positional arguments", low.scope.reader.source(n), n.line)
        return ir.PatternNew(pattern, made, type=ir.NamedT(PATTERN_OBJECTS[pattern]))
    match path:
        case "Foundation.run_process":
            words = low.as_list(low.value(n.args[0], ir.ListT(ir.STR)))
            words = low.coerce(words, ir.ListT(ir.STR))
            options = arguments(low, "process_execution", n.named, n)
            return ir.PatternOp(
                "process_execution", None, "run", [words], arguments=options, type=ir.NamedT("ProcessResult")
            )
        case "Foundation.atomic_write":
            target, data = low.exprs(n.args)
            options = arguments(low, "file_operations", n.named, n)
            args = [low.coerce(target, ir.STR), low.coerce(low.required(data), ir.STR)]
            return ir.PatternOp("file_operations", None, "write", args, arguments=options, type=ir.NONE)
        case "Foundation::Config.load":
            first = n.args[0]
            info = low.scope.class_named(first.path) if isinstance(first, ast.Const) else None
            if info is None or info.kind != "config":
                raise Unsupported(
                    "a configuration that this file does not define", low.scope.reader.source(n), n.line
                )
            if any(k in ("env", "overrides") for k, _ in n.named):
                raise Unsupported(
                    "a configuration with an environment of its own", low.scope.reader.source(n), n.line
                )
            options = arguments(low, "configuration", n.named, n)
            return ir.PatternOp(
                "configuration", None, "load", [], arguments=options, type=ir.NamedT(info.name)
            )
        case _:
            pass
    name = low.scope.error_name(path.rpartition(".")[0])
    if name is not None and n.name == "new":
        return low.error_value(n)
    raise Unsupported(f"{path} of the runtime", low.scope.reader.source(n).splitlines()[0], n.line)


def _fields(low: Statements, n: ast.Call) -> list[tuple[str, ir.Expr]]:
    if n.spread is not None:
        raise Unsupported("a call with **", low.scope.reader.source(n), n.line)
    values = low.exprs([v for _, v in n.named])
    for v in values:
        if isinstance(low.full(v.type), VarT) and low.scope.final:
            raise Unsupported(
                "a log field whose type is not known; annotate it", low.scope.reader.source(n), n.line
            )
    return [(k, v) for (k, _), v in zip(n.named, values, strict=True)]


def _of_object(
    low: Statements, n: ast.Call, obj: ir.Expr, kind: str, want: Type | None, tail: bool
) -> ir.Expr | None:
    name, count = n.name, len(n.args)
    match kind:
        case "Logger":
            if name in _LEVELS and count == 1:
                message = low.coerce(low.value(n.args[0]), ir.STR)
                return ir.PatternOp("structured_logging", obj, name, [message], _fields(low, n), type=ir.NONE)
            if name == "bind" and not count:
                return ir.PatternOp(
                    "structured_logging", obj, "bind", [], _fields(low, n), type=ir.NamedT("Logger")
                )
        case "CircuitBreaker":
            if name == "call" and n.block is not None:
                return block_call(low, n, "circuit_breaker", obj, {}, want, tail)
            if name == "state" and not count:
                return ir.PatternOp("circuit_breaker", obj, "state", [], type=SYMBOL)
            if name == "reset" and not count:
                return ir.PatternOp("circuit_breaker", obj, "reset", [], type=ir.NONE)
        case "RetryPolicy":
            if name == "call" and n.block is not None:
                return block_call(low, n, "retry_with_backoff", obj, {}, want, tail)
        case "RateLimiter":
            if name == "acquire" and not n.named:
                permits = low.coerce(low.expr(n.args[0]), ir.INT) if count else integer(1)
                return ir.PatternOp("rate_limiting", obj, "acquire", [permits], type=ir.NONE)
            if name == "try_acquire":
                permits = low.coerce(low.expr(n.args[0]), ir.INT) if count else integer(1)
                # The decision is read by allowed? alone.
                return ir.PatternOp(
                    "rate_limiting", obj, "try_acquire", [permits], type=ir.NamedT("Decision")
                )
        case "Decision":
            if name == "allowed?" and isinstance(obj, ir.PatternOp):
                obj.type = ir.BOOL
                return obj
            raise Unsupported(
                "a limiter's decision that is kept; ask it for allowed? at once",
                low.scope.reader.source(n),
                n.line,
            )
        case "HttpClient":
            return _http(low, n, obj)
        case "HttpResponse":
            made: Mapping[str, tuple[str, Type]] = {
                "status": ("http.status", ir.INT),
                "text": ("http.text", ir.STR),
                "body": ("http.text", ir.STR),
            }
            if name in made and not count:
                return op(made[name][0], [obj], made[name][1])
            if name == "[]" and count == 1:
                return op(
                    "http.header", [obj, low.coerce(low.value(n.args[0]), ir.STR)], ir.OptionalT(ir.STR)
                )
            if name == "success?":
                status = op("http.status", [obj], ir.INT)
                low.require_pure(obj)
                return ir.Bool(
                    "and",
                    [op("ge", [status, integer(200)], ir.BOOL), op("lt", [status, integer(300)], ir.BOOL)],
                    type=ir.BOOL,
                )
            if name == "json" and not count:
                return op("http.json", [obj], json.JSON, "ValueError")
        case "ProcessResult":
            if name in ("exit_code", "stdout", "stderr") and not count:
                return op(f"process.{name}", [obj], ir.INT if name == "exit_code" else ir.STR)
            if name == "success?":
                return op("eq", [op("process.exit_code", [obj], ir.INT), integer(0)], ir.BOOL)
        case "App":
            if name == "run" and count == 1:
                argv = low.coerce(low.value(n.args[0]), ir.ListT(ir.STR))
                return ir.PatternOp("cli_framework", obj, "run", [argv], type=ir.INT)
        case _:
            pass
    raise Unsupported(f"method {name} of {kind}", low.scope.reader.source(n).splitlines()[0], n.line)


def _http(low: Statements, n: ast.Call, obj: ir.Expr) -> ir.Expr:
    if n.name == "close" and not n.args:
        return ir.PatternOp("http_client", obj, "close", [], type=ir.NONE)
    if n.name not in _HTTP | {"request"} or n.name == "options":
        raise Unsupported(f"method {n.name} of HttpClient", low.scope.reader.source(n), n.line)
    fields: list[tuple[str, ir.Expr]] = []
    for k, v in n.named:
        if k not in ("params", "json", "body", "headers", "timeout"):
            raise Unsupported(f"option {k} of a request", low.scope.reader.source(n), n.line)
        if k == "json":
            e = _body(low, v)
        else:
            e = _text_map(low, v) if k in ("params", "headers") else low.expr(v)
        fields.append((k, e))
    args = [low.required(e) for e in low.exprs(n.args)]
    made: list[ir.Expr] = []
    for a in args:
        if low.full(a.type) == SYMBOL and isinstance(a, ir.Lit):
            a = lit(str(a.value).upper(), ir.STR)
        made.append(low.coerce(a, ir.STR))
    return ir.PatternOp("http_client", obj, n.name, made, fields, type=ir.NamedT("HttpResponse"))


def _body(low: Statements, node: ast.Node) -> ir.Expr:
    """What is sent as JSON: a map of plain values as it is, anything else encoded."""
    plain = (ir.STR, ir.INT, ir.BOOL)
    if isinstance(node, ast.Hash) and all(isinstance(k, ast.Symbol | ast.Literal) for k, _ in node.pairs):
        nested = any(isinstance(x, ast.Hash | ast.Array) for _, v in node.pairs for x in ast.walk(v))
        values = [] if nested else [low.full(v.type) for v in low.exprs([v for _, v in node.pairs])]
        if not nested and all(t in plain for t in values):
            return _text_map(low, node)
    e = low.expr(node, json.JSON)
    t = low.full(e.type)
    return e if isinstance(t, ir.DictT) and t.value in plain else json.encoded(low, e)


def _text_map(low: Statements, node: ast.Node) -> ir.Expr:
    """A hash whose values may have several types, as JSON and queries take them."""
    if not isinstance(node, ast.Hash) or any(k is None for k, _ in node.pairs):
        return low.expr(node)
    keys: list[ir.Expr] = []
    values: list[ir.Expr] = []
    for k, v in node.pairs:
        assert k is not None
        keys.append(low.expr(k))
        values.append(low.expr(v))
        if isinstance(low.full(values[-1].type), VarT | ir.NamedT | ir.FuncT):
            raise Unsupported(
                f"a {type_text(values[-1].type)} in a request", low.scope.reader.source(node), node.line
            )
    kinds = {low.full(v.type) for v in values}
    one = kinds.pop() if len(kinds) == 1 else ir.ANY
    return ir.DictLit(list(zip(keys, values, strict=True)), type=ir.DictT(ir.STR, one))
