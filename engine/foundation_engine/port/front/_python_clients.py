"""Requests of requests and httpx, and commands of subprocess, as the operations of our HTTP and process patterns."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.front._python_names import Symbol, dotted
from foundation_engine.port.ir import Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.front._python_expr import ExpressionLowerer

LIBRARIES = frozenset({"requests", "httpx", "subprocess"})
VERBS = frozenset({"get", "head", "post", "put", "patch", "delete", "request"})
# What httpx takes for a time limit when none is given, in seconds; requests waits for ever.
_HTTPX_SECONDS = 5.0
_DIFFERENCES: Mapping[str, tuple[str, ...]] = {
    "requests": (
        "A request without a time limit has one of 30 seconds; requests waits for ever.",
        "The time limit is that of the whole answer, where requests has one for each read.",
        "A body is read as UTF-8, where requests guesses what the server does not say.",
        "Failures of a request are NetworkError, TimeoutError and HttpError, with the texts of our runtime.",
    ),
    "httpx": (
        "The time limit is that of the whole answer, where httpx has one for each of its steps.",
        "A body is read as UTF-8 whatever the server says.",
        "A status below 400 is no error, where httpx also raises for redirects that it does not follow.",
        "Failures of a request are NetworkError, TimeoutError and HttpError, with the texts of our runtime.",
    ),
    "subprocess": (
        "A command's output is taken as it is, where Python's text mode changes its line ends.",
        "A program that is not found and one that takes too long raise a ProcessError, too.",
        "At the time limit the whole process group ends, where subprocess ends only the program itself.",
    ),
}


def is_use(low: ExpressionLowerer, node: ast.expr) -> bool:
    """True for a call of one of the three libraries."""
    symbol = low.symbol(dotted(node.func) or "") if isinstance(node, ast.Call) else None
    return symbol is not None and symbol.dialect in LIBRARIES


def call(low: ExpressionLowerer, e: ast.Call, symbol: Symbol) -> ir.Expr:
    """A call of one of these names."""
    for sentence in _DIFFERENCES[symbol.dialect]:
        low.scope.differ(sentence)
    if symbol.dialect == "subprocess":
        return _command(low, e, symbol.name)
    return _request(low, e, symbol) if symbol.name in VERBS else _client(low, e, symbol)


def _client(low: ExpressionLowerer, e: ast.Call, symbol: Symbol) -> ir.Expr:
    """A session: one of our clients that tries once, and leaves a bad status to its caller."""
    low.scope.differ("A client's connections end when they were idle for some time, not with its block.")
    if e.args:
        raise Unsupported(f"{symbol.name} with positional arguments", ast.unparse(e), e.lineno)
    made = _once(symbol.dialect)
    for k in e.keywords:
        match k.arg:
            case "base_url" if symbol.dialect == "httpx":
                made["base_url"] = low.coerce(low.expr(k.value), ir.STR)
            case "timeout":
                made["timeout"] = low.coerce(low.expr(k.value, ir.FLOAT), ir.FLOAT)
            case "follow_redirects" if isinstance(k.value, ast.Constant):
                made["follow_redirects"] = low.expr(k.value)
            case _:
                raise Unsupported(f"the argument {k.arg} of {symbol.name}", ast.unparse(e), e.lineno)
    return ir.PatternNew("http_client", made, type=ir.NamedT("HttpClient"))


def _once(library: str) -> dict[str, ir.Expr]:
    """The arguments of a client that does what the library does."""
    made: dict[str, ir.Expr] = {"retry_methods": ir.ListLit([], type=ir.ListT(ir.STR))}
    if library == "httpx":
        made["timeout"] = ir.Lit(_HTTPX_SECONDS, type=ir.FLOAT)
        made["follow_redirects"] = ir.Lit(False, type=ir.BOOL)
    made["raise_for_status"] = ir.Lit(False, type=ir.BOOL)
    return made


def _request(low: ExpressionLowerer, e: ast.Call, symbol: Symbol) -> ir.Expr:
    """A request without a session: one through a client of its own."""
    from foundation_engine.port.front._python_patterns import request

    made = _once(symbol.dialect)
    rest: list[ast.keyword] = []
    for k in e.keywords:
        match k.arg:
            case "timeout":
                made["timeout"] = low.coerce(low.expr(k.value, ir.FLOAT), ir.FLOAT)
            case "allow_redirects" | "follow_redirects" if isinstance(k.value, ast.Constant):
                made["follow_redirects"] = low.expr(k.value)
            case _:
                rest.append(k)
    client = ir.PatternNew("http_client", made, type=ir.NamedT("HttpClient"))
    return request(low, ast.copy_location(ast.Call(e.func, e.args, rest), e), client, symbol.name)


def checked(statement: ir.Stmt, following: ir.Stmt) -> bool:
    """Let a client raise by itself where the statement after its request does nothing but `raise_for_status`."""
    match statement, following:
        case (
            ir.Assign(ir.VarTarget(name), ir.PatternOp(obj=ir.PatternNew("http_client", made))),
            ir.ExprStmt(ir.Intrinsic("http.raise_for_status", [ir.Name(asked)])),
        ) if name == asked and "raise_for_status" in made:
            del made["raise_for_status"]
            return True
        case _:
            return False


def _command(low: ExpressionLowerer, e: ast.Call, name: str) -> ir.Expr:
    if len(e.args) != 1:
        raise Unsupported(f"{name} with these arguments", ast.unparse(e), e.lineno)
    command = low.expr(e.args[0], ir.ListT(ir.STR))
    if command.type != ir.ListT(ir.STR):
        raise Unsupported("a command that is not a list of words", ast.unparse(e), e.lineno)
    given = {k.arg or "**": k.value for k in e.keywords}
    captured = name == "check_output" or _is(given.pop("capture_output", None), True)
    for stream in ("stdout", "stderr"):
        node = given.pop(stream, None)
        if node is not None and dotted(node) not in (
            "subprocess.PIPE",
            "PIPE",
            "subprocess.DEVNULL",
            "DEVNULL",
        ):
            raise Unsupported(f"a command's {stream} that goes elsewhere", ast.unparse(e), e.lineno)
        captured = captured or (stream == "stdout" and node is not None)
    if not captured:
        raise Unsupported("a command whose output is not captured", ast.unparse(e), e.lineno)
    texts = [_is(given.pop(k, None), True) for k in ("text", "universal_newlines")]
    encoding = given.pop("encoding", None)
    if not any(texts) and not (_is(encoding, "utf-8") or _is(encoding, "utf8")):
        raise Unsupported("a command whose output is bytes", ast.unparse(e), e.lineno)
    check = given.pop("check", None)
    must = name == "check_output" or _is(check, True)
    if check is not None and not isinstance(check, ast.Constant):
        raise Unsupported("a computed check", ast.unparse(e), e.lineno)
    made: dict[str, ir.Expr] = {} if must else {"check": ir.Lit(False, type=ir.BOOL)}
    for key, node in given.items():
        match key:
            case "timeout":
                made["timeout"] = low.coerce(low.expr(node, ir.FLOAT), ir.FLOAT)
            case "cwd" | "input":
                made[key] = low.coerce(low.expr(node, ir.STR), ir.STR)
            case "env":
                want = ir.DictT(ir.STR, ir.STR)
                made["env"] = low.coerce(low.expr(node, want), want)
                made["env_mode"] = ir.Lit("replace", type=ir.STR)
            case _:
                raise Unsupported(f"the argument {key} of {name}", ast.unparse(e), e.lineno)
    ran = ir.PatternOp("process_execution", None, "run", [command], [], made, type=ir.NamedT("ProcessResult"))
    if name == "check_output":
        return ir.Intrinsic("process.stdout", [ran], type=ir.STR)
    return ran


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value == value


def check_handlers(low: ExpressionLowerer, s: ast.Try) -> None:
    """Decline handlers that tell apart what a ProcessError does not."""
    calls = [
        n
        for part in s.body
        for n in ast.walk(part)
        if isinstance(n, ast.Call)
        and (symbol := low.symbol(dotted(n.func) or "")) is not None
        and symbol.dialect == "subprocess"
    ]
    if not calls:
        return
    timed = any(k.arg == "timeout" for c in calls for k in c.keywords)
    for h in s.handlers:
        names = low.error_names(h.type) if h.type is not None else []
        if names is None or not names or "Exception" in names:
            return
        if {"OSError", "FileNotFoundError"} & {*names} and "ProcessError" not in names:
            raise Unsupported(
                "except of a program that is not found, apart from one that fails",
                ast.unparse(h.type or s),
                h.lineno,
            )
        timed = timed and "ProcessTimeoutError" not in names
        if timed and "ProcessError" in names:
            raise Unsupported(
                "except of a program that fails, but not of one that takes too long",
                ast.unparse(h.type or s),
                h.lineno,
            )


def catches_bad_json(low: ExpressionLowerer, s: ast.Try, h: ast.ExceptHandler) -> bool:
    """True for a handler of every error of requests around `.json()`: requests' own class of it is among them.

    Raises:
        Unsupported: Something else in the body may raise a ValueError, which such a handler lets pass.
    """
    named = h.type.elts if isinstance(h.type, ast.Tuple) else [h.type] if h.type is not None else []
    if not any(low.origin(n) == ("requests", "RequestException") for n in named):
        return False
    calls = [n for part in s.body for n in ast.walk(part) if isinstance(n, ast.Call)]
    reads = [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "json" and not c.args]
    earlier = [low.error_names(g.type) or [] for g in s.handlers[: s.handlers.index(h)] if g.type is not None]
    if not reads or any("ValueError" in names for names in earlier):
        return False
    for c in calls:
        symbol = low.symbol(dotted(c.func) or "")
        if isinstance(c.func, ast.Name) and symbol is None and low.error_name(c.func) is None:
            raise Unsupported(
                "except of every error of requests around a call that may raise a ValueError",
                ast.unparse(c), c.lineno,
            )  # fmt: skip
    return True


def share(module: ir.Module) -> None:
    """Make one client of the module of those that functions would make alike for each request.

    A client keeps connections, so that one for each request would open a connection for each, and keep it.
    """
    taken = {d.name for d in module.definitions if not isinstance(d, ir.Declined)}
    taken |= {p.name for _, f in module.functions() for p in f.params}
    made: list[tuple[str, ir.Constant]] = []
    for definition in list(module.definitions):
        origin = module.origins.get(definition.name)
        path = origin.path if origin is not None else ""
        for node in ir.walk(definition):
            if not isinstance(node, ir.PatternOp) or not isinstance(node.obj, ir.PatternNew):
                continue
            client = node.obj
            if client.pattern_id != "http_client" or not all(_constant(v) for v in client.arguments.values()):
                continue
            found = next((c for p, c in made if p == path and ir.same(c.value, client)), None)
            if found is None:
                stem = "http_client"
                name = next(
                    n
                    for i in range(1, len(taken) + 3)
                    if (n := stem if i == 1 else f"{stem}_{i}") not in taken
                )
                taken.add(name)
                found = ir.Constant(name, client.type, client)
                made.append((path, found))
                if origin is not None:
                    module.origins[name] = origin
                module.definitions.insert(module.definitions.index(definition), found)
            node.obj = ir.Name(found.name, type=client.type)


def _constant(value: ir.Expr) -> bool:
    return isinstance(value, ir.Lit) or (
        isinstance(value, ir.ListLit) and all(_constant(v) for v in value.elems)
    )
