"""The ten patterns in Python source: objects, calls, blocks, decorators of our runtime and two other libraries."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from foundation_specs.registry import SpecRegistry

from foundation_engine.port import ir
from foundation_engine.port.front import _python_clients as clients
from foundation_engine.port.front import _python_tenacity as tenacity
from foundation_engine.port.front._python_names import (
    PATTERN_ALIASES,
    PATTERN_OBJECTS,
    PATTERN_POSITIONAL,
    PATTERN_SYMBOLS,
    PROVIDE_PARAMETERS,
    Symbol,
    dotted,
)
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import terminates

if TYPE_CHECKING:
    from foundation_engine.port.front._python_expr import ExpressionLowerer

_ERROR_LISTS = frozenset({"retryable", "non_retryable", "catch", "expected", "excluded"})
_ENUMS = frozenset({"backoff_strategy", "algorithm", "level", "format", "env_mode"})
# Arguments that replace the surroundings or observe what happens; a port without them means something else.
_OBSERVERS = frozenset({"clock", "random", "cancellation", "on_retry", "on_signal", "time_source", "sleep_func",
                        "async_sleep_func", "steps", "stream", "registry", "overrides", "environment"})  # fmt: skip
LEVELS = frozenset({"trace", "debug", "info", "warning", "error", "critical"})

PROVIDE_DIFFERENCES: Mapping[str, tuple[str, ...]] = {
    "retry_with_backoff": (
        "An open circuit and a programming error are never retried; provide.foundation retries every listed error.",
    ),
    "circuit_breaker": (
        "An open circuit raises CircuitOpenError, where provide.foundation raises RuntimeError.",
        "A half-open circuit admits one call at a time, where provide.foundation admits every call.",
    ),
    "structured_logging": (
        "A log record has the fields and the format of our runtime, not those of provide.foundation's console.",
    ),
    "process_execution": (
        "At the time limit the whole process group ends, where provide.foundation ends only the program itself.",
    ),
    "file_operations": (
        "A backup is made by link or copy, so that a reader always finds the file, and the directory is flushed.",
    ),
    "cli_framework": ("An error that is not caught ends the command with 1 without a traceback.",),
    "error_boundary": ("The error is logged once by our runtime's logger.",),
}


# Arguments


def reraises(symbol: Symbol) -> bool:
    """True for a retry that raises the last error itself when every attempt failed."""
    return symbol.dialect == "provide" and symbol.pattern == "retry_with_backoff"


def arguments(
    low: ExpressionLowerer, symbol: Symbol, call: ast.Call | None, *, decorates: bool = False
) -> dict[str, ir.Expr]:
    """Arguments of a pattern by the spec's parameter ids; a policy is flattened."""
    out: dict[str, ir.Expr] = {}
    pattern = symbol.pattern
    if symbol.dialect == "provide":
        if reraises(symbol) and not decorates:
            low.scope.differ(ir.WRAPS_THE_LAST_ERROR)
        for sentence in PROVIDE_DIFFERENCES.get(pattern, ()):
            low.scope.differ(sentence)
    for node in call.args if call is not None else []:
        if isinstance(node, ast.Starred):
            raise Unsupported("a call with * or **", ast.unparse(node), node.lineno)
    if call is not None:
        _positional(low, symbol, call, out)
        for k in call.keywords:
            assert k.arg is not None
            _keyword(low, symbol, k, out)
    if symbol.dialect == "provide" and pattern == "retry_with_backoff" and symbol.name != "RetryPolicy":
        # Every error is retried there unless a list says otherwise, and no list of exceptions from it exists.
        out.setdefault("retryable", ir.ListLit([ir.Name("Exception", type=ir.ERROR)]))
        out.setdefault("non_retryable", ir.ListLit([]))
    if symbol.dialect == "provide" and pattern == "circuit_breaker":
        out.setdefault("excluded", ir.ListLit([]))
        if symbol.name != "circuit_breaker":
            out.setdefault("recovery_timeout", ir.Lit(30.0, type=ir.FLOAT))
    if symbol.dialect == "provide" and pattern == "process_execution":
        out.setdefault("env_mode", ir.Lit("scrub", type=ir.STR))
    if symbol.dialect == "provide" and pattern == "file_operations":
        out.setdefault("create_parents", ir.Lit(True, type=ir.BOOL))
    return out


def _positional(low: ExpressionLowerer, symbol: Symbol, call: ast.Call, out: dict[str, ir.Expr]) -> None:
    names = PATTERN_POSITIONAL.get((symbol.dialect, symbol.name)) or PATTERN_POSITIONAL.get(
        ("foundation", symbol.name), ()
    )
    given = list(call.args)
    if names == "*exceptions":
        classes: list[ir.Expr] = []
        for a in given:
            made = policy_arguments(low, a)
            if made is not None:
                out.update(made)
            else:
                classes.append(error_class(low, a))
        if classes:
            key = "retryable" if symbol.pattern == "retry_with_backoff" else "catch"
            out[key] = ir.ListLit(classes)
        return
    if len(given) > len(names):
        raise Unsupported(f"positional arguments of {symbol.name}", ast.unparse(call), call.lineno)
    for n, a in zip(names, given, strict=False):
        out[n] = value(low, n, a)


def _keyword(low: ExpressionLowerer, symbol: Symbol, k: ast.keyword, out: dict[str, ir.Expr]) -> None:
    assert k.arg is not None
    spelled = k.arg
    if symbol.dialect == "provide":
        mapped = PROVIDE_PARAMETERS.get(symbol.pattern, {})
        if spelled == "capture_output" and isinstance(k.value, ast.Constant) and k.value.value is True:
            return
        if (
            spelled in ("text", "preserve_mode")
            and isinstance(k.value, ast.Constant)
            and k.value.value is True
        ):
            return
        spelled = mapped.get(spelled, spelled)
    if spelled == "policy":
        made = policy_arguments(low, k.value)
        if made is None:
            raise Unsupported("a policy that is built elsewhere", ast.unparse(k.value), k.value.lineno)
        for name, v in made.items():
            out.setdefault(name, v)
        return
    name = PATTERN_ALIASES.get(spelled, spelled)
    if name in _OBSERVERS:
        raise Unsupported(f"the argument {spelled} of {symbol.name}", ast.unparse(k.value), k.value.lineno)
    if name not in _known(symbol.pattern) and not (
        symbol.name == "App" and name in ("version", "description")
    ):
        raise Unsupported(f"the argument {spelled} of {symbol.name}", ast.unparse(k.value), k.value.lineno)
    out[name] = value(low, name, k.value)


@cache
def _known(pattern: str) -> frozenset[str]:
    """The ids of the spec's parameters."""
    return frozenset(SpecRegistry.builtin()[pattern].parameters)


def policy_arguments(low: ExpressionLowerer, node: ast.expr) -> dict[str, ir.Expr] | None:
    """The arguments of a policy: `RetryPolicy(...)` in place or held in a constant of the module; else None."""
    if isinstance(node, ast.Name):
        return low.scope.policies.get(node.id)
    if isinstance(node, ast.Call):
        symbol = low.symbol(dotted(node.func) or "")
        if symbol is not None and symbol.name == "RetryPolicy":
            return arguments(low, symbol, node)
    return None


def error_class(low: ExpressionLowerer, node: ast.expr) -> ir.Expr:
    """An error class as the patterns' lists name it."""
    name = low.error_name(node)
    if name is None:
        raise Unsupported("an error class that is not known", ast.unparse(node), node.lineno)
    return ir.Name(name, type=ir.ERROR)


def error_list(low: ExpressionLowerer, node: ast.expr) -> ir.Expr:
    """A list of error classes: one class, a tuple or list of them, or a constant that holds one."""
    names = low.error_names(node)
    if names is None:
        raise Unsupported("an error class that is not known", ast.unparse(node), node.lineno)
    return ir.ListLit([ir.Name(n, type=ir.ERROR) for n in names])


def foreign_error_list(low: ExpressionLowerer, node: ast.expr) -> ir.Expr:
    """The list of another library's retry, which takes every error that Python counts among these classes."""
    made = error_list(low, node)
    names = [e.id for e in made.elems if isinstance(e, ir.Name)] if isinstance(made, ir.ListLit) else []
    wide = [n for n in names if ir.is_wide(n)]
    if wide:
        low.scope.differ(f"{ir.WIDE_ERRORS}{' or '.join(wide)} takes what the port itself raises as one.")
    return made


def value(low: ExpressionLowerer, name: str, node: ast.expr) -> ir.Expr:
    """The value of one parameter."""
    if name in _ERROR_LISTS:
        return error_list(low, node)
    if name in _ENUMS:
        path = dotted(node)
        if path is not None and "." in path and low.lookup(path.partition(".")[0]) is None:
            member = path.rpartition(".")[2].lower()
            if member == "fibonacci":
                raise Unsupported("the strategy fibonacci", ast.unparse(node), node.lineno)
            return ir.Lit(member, type=ir.STR)
    if name == "jitter" and isinstance(node, ast.Call):
        path = dotted(node.func) or ""
        if path.startswith("Jitter."):
            ratio = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            if node.args and ratio is None:
                raise Unsupported("a computed jitter", ast.unparse(node), node.lineno)
            return ir.Lit({"kind": path.partition(".")[2], "ratio": ratio}, type=ir.ANY)
        raise Unsupported("a computed jitter", ast.unparse(node), node.lineno)
    if name == "context":
        return free_value(low, node)
    seconds = tenacity.timedelta_seconds(node, low)
    if seconds is not None:
        return ir.Lit(seconds, type=ir.FLOAT)
    want = {"command": ir.ListT(ir.STR), "env": ir.DictT(ir.STR, ir.STR), "files": ir.ListT(ir.STR),
            "aliases": ir.ListT(ir.STR)}.get(name)  # fmt: skip
    made = low.expr(node, want)
    if isinstance(want, ir.ListT) and made.type == want and isinstance(made, ir.TupleLit):
        made = ir.ListLit(made.elems, type=want)
    if made.type in (ir.UNKNOWN, ir.ANY) and not isinstance(made, ir.Lit):
        raise Unsupported(f"the value of {name}", ast.unparse(node), node.lineno)
    return made


def free_value(low: ExpressionLowerer, node: ast.expr) -> ir.Expr:
    """A value of mixed content, as a request's body or a boundary's context is: dicts and lists of anything."""
    match node:
        case ast.Dict() if all(isinstance(k, ast.Constant) and isinstance(k.value, str) for k in node.keys):
            items: list[tuple[ir.Expr, ir.Expr]] = [
                (low.expr(k), free_value(low, v))
                for k, v in zip(node.keys, node.values, strict=True)
                if k is not None
            ]
            return ir.DictLit(items, type=ir.DictT(ir.STR, ir.ANY), line=node.lineno)
        case ast.List():
            elems = [free_value(low, x) for x in node.elts]
            if len({e.type for e in elems}) == 1:
                return ir.ListLit(elems, type=ir.ListT(elems[0].type), line=node.lineno)
            return ir.ListLit(elems, type=ir.ListT(ir.ANY), line=node.lineno)
        case _:
            made = low.expr(node)
            if made.type == ir.CHAR:
                made = low.coerce(made, ir.STR)
            return made


# Calls


def call(low: ExpressionLowerer, e: ast.Call, symbol: Symbol) -> ir.Expr:
    """A call of a name of a pattern's library: the constructor of an object, or a one-off use."""
    name = symbol.name
    if symbol.dialect in clients.LIBRARIES:
        return clients.call(low, e, symbol)
    if symbol.dialect == "tenacity":
        return ir.PatternNew("retry_with_backoff", tenacity.policy(low, e), type=ir.NamedT("RetryPolicy"))
    if name in ("Retry", "RetryExecutor") and len(e.args) == 1 and not e.keywords:
        # A policy that a variable holds is already what calls go through.
        held = (
            low.expr(e.args[0])
            if isinstance(e.args[0], ast.Name | ast.Attribute) and not _is_class(low, e.args[0])
            else None
        )
        if held is not None and held.type == ir.NamedT("RetryPolicy"):
            return held
    match name:
        case "load_config":
            return _configuration(low, e, symbol)
        case "run_process" | "arun_process" | "run" | "async_run":
            made = arguments(low, symbol, e)
            command = made.pop("command", None)
            if command is None or command.type != ir.ListT(ir.STR):
                raise Unsupported("a command that is not a list of words", ast.unparse(e), e.lineno)
            return ir.PatternOp(
                "process_execution", None, "run", [command], [], made, type=ir.NamedT("ProcessResult")
            )
        case "atomic_write" | "atomic_write_text":
            made = arguments(low, symbol, e)
            path, data = made.pop("path", None), made.pop("data", None)
            if path is None or data is None or path.type != ir.STR or data.type not in (ir.STR, ir.BYTES):
                raise Unsupported(
                    "a file written from something else than text or bytes", ast.unparse(e), e.lineno
                )
            return ir.PatternOp("file_operations", None, "write", [path, data], [], made, type=ir.NONE)
        case _:
            pass
    if name in PATTERN_OBJECTS:
        made = arguments(low, symbol, e)
        return ir.PatternNew(symbol.pattern, made, type=ir.NamedT(PATTERN_OBJECTS[name]))
    raise Unsupported(f"{name} of the runtime", ast.unparse(e), e.lineno)


def _is_class(low: ExpressionLowerer, node: ast.expr) -> bool:
    return low.error_name(node) is not None or (isinstance(node, ast.Name) and node.id in low.scope.policies)


def _configuration(low: ExpressionLowerer, e: ast.Call, symbol: Symbol) -> ir.Expr:
    cls = dotted(e.args[0]) if len(e.args) == 1 else None
    info = low.scope.classes.get(cls or "")
    if cls is None or info is None or info.kind != "dataclass":
        raise Unsupported(
            "configuration of a class that is not a data class of this file", ast.unparse(e), e.lineno
        )
    rest = ast.copy_location(ast.Call(e.func, [], e.keywords), e)
    return ir.PatternOp(
        "configuration", None, "load", [], [], arguments(low, symbol, rest), type=ir.NamedT(cls)
    )


def method(low: ExpressionLowerer, e: ast.Call, obj: ir.Expr, cls: str, name: str) -> ir.Expr:
    """A method of a pattern's object."""
    match cls:
        case "CircuitBreaker" | "RetryPolicy" if name in ("call", "acall", "__call__"):
            return _call_through(low, e, obj, cls)
        case "CircuitBreaker" if name == "reset" and not e.args:
            return ir.PatternOp("circuit_breaker", obj, "reset", [], type=ir.NONE)
        case "Logger":
            return _log(low, e, obj, name)
        case "RateLimiter" if name in ("acquire", "try_acquire", "aacquire"):
            given = [*e.args, *(k.value for k in e.keywords if k.arg == "n")]
            if len(given) > 1 or any(k.arg != "n" for k in e.keywords):
                raise Unsupported(f"{name} with these arguments", ast.unparse(e), e.lineno)
            n = low.coerce(low.expr(given[0]), ir.INT) if given else ir.Lit(1, type=ir.INT)
            op = "try_acquire" if name == "try_acquire" else "acquire"
            return ir.PatternOp(
                "rate_limiting", obj, op, [n], type=ir.BOOL if op == "try_acquire" else ir.NONE
            )
        case "HttpClient":
            return request(low, e, obj, name)
        case "HttpResponse" if name == "json" and not e.args and not e.keywords:
            return ir.Intrinsic("http.json", [obj], "ValueError", type=ir.ANY)
        case "HttpResponse" if name == "raise_for_status" and not e.args and not e.keywords:
            return ir.Intrinsic("http.raise_for_status", [obj], "HttpStatusError", type=ir.NONE)
        case "App" if name in ("run", "main"):
            args = [low.coerce(low.expr(a, ir.ListT(ir.STR)), ir.ListT(ir.STR)) for a in e.args]
            if len(args) > 1 or e.keywords:
                raise Unsupported(f"{name} with these arguments", ast.unparse(e), e.lineno)
            return ir.PatternOp(
                "cli_framework", obj, name, list(args), type=ir.INT if name == "run" else ir.NONE
            )
        case _:
            pass
    raise Unsupported(f"method {name} of {cls}", ast.unparse(e), e.lineno)


def _call_through(low: ExpressionLowerer, e: ast.Call, obj: ir.Expr, cls: str) -> ir.Expr:
    pattern = "circuit_breaker" if cls == "CircuitBreaker" else "retry_with_backoff"
    if not e.args:
        raise Unsupported("a pattern's call of nothing", ast.unparse(e), e.lineno)
    first = e.args[0]
    if isinstance(first, ast.Lambda) and len(e.args) == 1 and not first.args.args and not e.keywords:
        inner = low.expr(first.body)
    else:
        inner = low.expr(ast.copy_location(ast.Call(first, e.args[1:], e.keywords), e))
    if isinstance(inner, ir.Call | ir.MethodCall):
        return ir.PatternOp(pattern, obj, "call", [inner], type=inner.type)
    if inner.type == ir.NONE:
        return ir.PatternCall(pattern, obj, {}, [ir.ExprStmt(inner, line=e.lineno)], type=ir.NONE)
    return ir.PatternCall(pattern, obj, {}, [ir.Return(inner, line=e.lineno)], type=inner.type)


def _log(low: ExpressionLowerer, e: ast.Call, obj: ir.Expr, name: str) -> ir.Expr:
    fields = [(k.arg or "", log_value(low, k.value)) for k in e.keywords if k.arg != "extra"]
    for k in e.keywords:
        # The logging module's way to add fields to a record.
        if k.arg == "extra":
            fields.extend(_extra(low, k.value))
    if name == "bind" and not e.args:
        return ir.PatternOp("structured_logging", obj, "bind", [], fields, type=ir.NamedT("Logger"))
    name = {"warn": "warning", "fatal": "critical"}.get(name, name)
    if name not in LEVELS or not e.args:
        raise Unsupported(f"method {name} of a logger", ast.unparse(e), e.lineno)
    if any(k.arg in ("exc_info", "stack_info") for k in e.keywords):
        raise Unsupported("a log call with a traceback", ast.unparse(e), e.lineno)
    if len(e.args) > 1:
        # The logging module's own formatting.
        text = e.args[0]
        if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
            raise Unsupported("a log call with positional arguments", ast.unparse(e), e.lineno)
        values = ast.copy_location(ast.Tuple(e.args[1:], ast.Load()), e)
        message = low.expr(ast.copy_location(ast.BinOp(text, ast.Mod(), values), e))
    else:
        message = low.coerce(low.expr(e.args[0]), ir.STR)
    return ir.PatternOp("structured_logging", obj, name, [message], fields, type=ir.NONE)


def _extra(low: ExpressionLowerer, node: ast.expr) -> list[tuple[str, ir.Expr]]:
    if not isinstance(node, ast.Dict):
        raise Unsupported("log fields that are not written as a dictionary", ast.unparse(node), node.lineno)
    out: list[tuple[str, ir.Expr]] = []
    for k, v in zip(node.keys, node.values, strict=True):
        if not isinstance(k, ast.Constant) or not isinstance(k.value, str):
            raise Unsupported("a log field whose name is computed", ast.unparse(node), node.lineno)
        out.append((k.value, log_value(low, v)))
    return out


def log_value(low: ExpressionLowerer, node: ast.expr) -> ir.Expr:
    """The value of a log field."""
    return free_value(low, node) if isinstance(node, ast.Dict | ast.List) else low.expr(node)


def request(low: ExpressionLowerer, e: ast.Call, obj: ir.Expr, name: str) -> ir.Expr:
    """A method of an HTTP client."""
    if name in ("close", "aclose") and not e.args and not e.keywords:
        return ir.PatternOp("http_client", obj, "close", [], type=ir.NONE)
    if name not in clients.VERBS or len(e.args) != (2 if name == "request" else 1):
        raise Unsupported(f"method {name} of an HTTP client with these arguments", ast.unparse(e), e.lineno)
    args = [low.coerce(low.expr(a), ir.STR) for a in e.args]
    fields: list[tuple[str, ir.Expr]] = []
    for k in e.keywords:
        match k.arg:
            case "params":
                fields.append(("params", _texts(low, k.value)))
            case "headers":
                fields.append(
                    (
                        "headers",
                        low.coerce(low.expr(k.value, ir.DictT(ir.STR, ir.STR)), ir.DictT(ir.STR, ir.STR)),
                    )
                )
            case "json":
                fields.append(("json", free_value(low, k.value)))
            case "content" | "data" | "body":
                body = low.expr(k.value)
                if body.type not in (ir.STR, ir.BYTES):
                    raise Unsupported("a body that is not text or bytes", ast.unparse(e), e.lineno)
                fields.append(("body", body))
            case "timeout":
                fields.append(("timeout", low.coerce(low.expr(k.value, ir.FLOAT), ir.FLOAT)))
            case _:
                raise Unsupported(f"the argument {k.arg} of a request", ast.unparse(e), e.lineno)
    return ir.PatternOp("http_client", obj, name, list(args), fields, type=ir.NamedT("HttpResponse"))


def _texts(low: ExpressionLowerer, node: ast.expr) -> ir.Expr:
    """The parameters of a query: a map whose values are written as texts."""
    from foundation_engine.port.front._python_calls import to_text

    if isinstance(node, ast.Dict) and all(k is not None for k in node.keys):
        items: list[tuple[ir.Expr, ir.Expr]] = []
        for k, v in zip(node.keys, node.values, strict=True):
            assert k is not None
            items.append((low.coerce(low.expr(k), ir.STR), low.coerce(to_text(low, low.expr(v)), ir.STR)))
        return ir.DictLit(items, type=ir.DictT(ir.STR, ir.STR), line=node.lineno)
    made = low.expr(node, ir.DictT(ir.STR, ir.STR))
    if made.type == ir.DictT(ir.STR, ir.STR):
        return made
    raise Unsupported("query parameters that are not texts", ast.unparse(node), node.lineno)


def attribute(obj: ir.Expr, e: ast.Attribute) -> ir.Expr | None:
    """An attribute of a pattern's object or result, or None when it is not one."""
    assert isinstance(obj.type, ir.NamedT)
    match obj.type.name, e.attr:
        case "CircuitBreaker", "state":
            return ir.PatternOp("circuit_breaker", obj, "state", [], type=ir.STR)
        case "HttpResponse", "status" | "status_code":
            return ir.Intrinsic("http.status", [obj], type=ir.INT)
        case "HttpResponse", "ok" | "is_success":
            status = ir.Intrinsic("http.status", [obj], type=ir.INT)
            return ir.Intrinsic("lt", [status, ir.Lit(400, type=ir.INT)], type=ir.BOOL)
        case "HttpResponse", "text":
            return ir.Intrinsic("http.text", [obj], type=ir.STR)
        case "HttpResponse", "content":
            return ir.Intrinsic("http.body", [obj], type=ir.BYTES)
        case "ProcessResult", "exit_code" | "returncode":
            return ir.Intrinsic("process.exit_code", [obj], type=ir.INT)
        case "ProcessResult", "stdout" | "stderr":
            return ir.Intrinsic(f"process.{e.attr}", [obj], type=ir.STR)
        case _:
            return None


def response_header(low: ExpressionLowerer, e: ast.Call) -> ir.Expr | None:
    """`response.headers.get(name)`, or None when the call is something else."""
    match e.func:
        case ast.Attribute(value=ast.Attribute(value=owner, attr="headers"), attr="get") if (
            e.args and not e.keywords
        ):
            try:
                obj = low.expr(owner)
            except Unsupported:
                return None
            if obj.type != ir.NamedT("HttpResponse"):
                return None
            node = e.args[0]
            if not (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value == node.value.lower()
            ):
                raise Unsupported("a header's name that is not in lower case", ast.unparse(e), e.lineno)
            found = ir.Intrinsic("http.header", [obj, low.expr(node)], type=ir.OptionalT(ir.STR))
            if len(e.args) == 1:
                return found
            default = low.coerce(low.expr(e.args[1]), ir.STR)
            low.require_pure(found)
            some = ir.Intrinsic("is_some", [found], type=ir.BOOL)
            return ir.Cond(some, ir.Unwrap(found, type=ir.STR), default, type=ir.STR)
        case _:
            return None


# Blocks


def block_use(
    low: ExpressionLowerer, node: ast.expr
) -> tuple[str, ir.Expr | None, dict[str, ir.Expr]] | None:
    """The pattern, object and arguments of a `with` item, or None when it is something else."""
    if isinstance(node, ast.Call):
        symbol = low.symbol(dotted(node.func) or "")
        if symbol is None:
            return None
        if symbol.pattern == "error_boundary":
            made = arguments(low, symbol, node)
            if "fallback" in made:
                raise Unsupported(
                    "a fallback of a block, which has no meaning", ast.unparse(node), node.lineno
                )
            return "error_boundary", None, made
        if symbol.name == "CircuitBreaker":
            return "circuit_breaker", call(low, node, symbol), {}
        return None
    if isinstance(node, ast.Name | ast.Attribute):
        try:
            obj = low.expr(node)
        except Unsupported:
            return None
        if obj.type == ir.NamedT("CircuitBreaker"):
            return "circuit_breaker", obj, {}
    return None


def jumps(body: list[ir.Stmt], loop: bool = False) -> tuple[bool, bool]:
    """Whether statements return, and whether they leave a loop that is around them."""
    returns = leaves = False
    for s in body:
        match s:
            case ir.Return():
                returns = True
            case ir.Break() | ir.Continue():
                leaves = leaves or not loop
            case ir.FuncDef():
                continue
            case _:
                inner = loop or isinstance(s, ir.For | ir.ForRange | ir.While)
                for child in ir.children(s):
                    stmts = (
                        child.body
                        if isinstance(child, ir.Handler)
                        else [child]
                        if isinstance(child, ir.Stmt)
                        else []
                    )
                    r, b = jumps(stmts, inner)
                    returns, leaves = returns or r, leaves or b
    return returns, leaves


def block(
    pattern: str, obj: ir.Expr | None, made: dict[str, ir.Expr], body: list[ir.Stmt], result: Type, line: int
) -> list[ir.Stmt]:
    """A block under a pattern as a PatternCall; raises Unsupported when its jumps cannot be kept."""
    returns, leaves = jumps(body)
    if leaves:
        raise Unsupported("a block under a pattern that leaves a loop around it", "", line)
    if not returns:
        called = ir.PatternCall(pattern, obj, made, body, type=ir.NONE, line=line)
        return [ir.ExprStmt(called, line=line)]
    swallows = _swallows(pattern, made)
    if not terminates(body) or swallows:
        raise Unsupported(
            "a block under a pattern that returns from the function in some cases only", "", line
        )
    called = ir.PatternCall(pattern, obj, made, body, type=result, line=line)
    if result == ir.NONE:
        return [ir.ExprStmt(called, line=line), ir.Return(None, line=line)]
    return [ir.Return(called, line=line)]


def _swallows(pattern: str, made: Mapping[str, ir.Expr]) -> bool:
    reraise = made.get("reraise")
    return (
        pattern == "error_boundary"
        and reraise is not None
        and not (isinstance(reraise, ir.Lit) and reraise.value is True)
    )


def swallowing(pattern: str, made: Mapping[str, ir.Expr]) -> bool:
    """True for a boundary that may end its block without an error although one was raised in it."""
    return _swallows(pattern, made)


def symbol_of(module: str, name: str) -> Symbol | None:
    """The pattern that a name of a library is, or None."""
    root = module.split(".")[0]
    if root == "foundation":
        return PATTERN_SYMBOLS.get(("foundation", name))
    if module == "provide.foundation" or module.startswith("provide.foundation."):
        return PATTERN_SYMBOLS.get(("provide", name))
    if root in ("tenacity", "backoff") or root in clients.LIBRARIES:
        return PATTERN_SYMBOLS.get((root, name))
    return None
