"""Patterns in Go sources: annotations, the calls of our runtime, and what its objects do."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: ARG001 - what one case needs, the others of its shape take too.
# ruff: noqa: SIM102 - conditions and steps stand one below the other.
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foundation_grammars.occurrence import Occurrence, OccurrenceForm, ValueKind
from foundation_grammars.tree import SyntaxNode
from foundation_specs.model import Parameter, ParameterType
from foundation_specs.registry import SpecRegistry

from foundation_engine.effective import BoundArgument, UnreadableError, bind, plain
from foundation_engine.port import ir
from foundation_engine.port.front import _go_guards as guards
from foundation_engine.port.front import _go_logs as logs
from foundation_engine.port.front._go_types import (
    BOOL,
    BYTES,
    DURATION,
    FLOAT,
    INT,
    RUNTIME_SENTINELS,
    RUNTIME_TYPES,
    STRING,
    VOID,
    Empty,
    Func,
    GoType,
    Map,
    Named,
    Pointer,
    Slice,
)
from foundation_engine.port.ir import Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.front._go_expr import ExpressionLowerer, V

# What our runtime's sentinels say, by their class.
SENTINEL_TEXTS: dict[str, str] = {}
_LEVELS = frozenset({"Trace", "Debug", "Info", "Warning", "Error", "Critical"})
_VERBS = frozenset({"Get", "Head", "Post", "Put", "Patch", "Delete"})
HTTP_RESPONSE = Pointer(Named("foundation/httpclient.Response"))
PROCESS_RESULT = Pointer(Named("foundation/process.Result"))


def _v(e: ir.Expr, t: GoType, fails: bool = False) -> V:
    from foundation_engine.port.front._go_expr import V

    return V(e, t, fails)


def runtime_type(t: GoType) -> str:
    """The representation's name of a type of our runtime, "" for another."""
    bare = t.elem if isinstance(t, Pointer) else t
    return RUNTIME_TYPES.get(bare.name, "") if isinstance(bare, Named) else ""


# Arguments


def occurrence_at(low: ExpressionLowerer, node: SyntaxNode, pattern: str) -> Occurrence | None:
    """The recognised occurrence of a pattern that begins with this node."""
    return next((o for o in low.p.occurrences.get(node.start_byte, ()) if o.pattern_id == pattern), None)


def arguments(low: ExpressionLowerer, o: Occurrence, skip: tuple[str, ...] = ()) -> dict[str, ir.Expr]:
    """The arguments at an occurrence by the spec's parameter ids; computed ones are lowered."""
    if o.open_arguments:
        raise Unsupported(f"options of {o.spelled} that are not written in place", o.spelled)
    spec = SpecRegistry.builtin()[o.pattern_id]
    out: dict[str, ir.Expr] = {}
    direct: set[str] = set()
    for item in bind(o, spec):
        if item.parameter is None:
            raise Unsupported(f"the option {item.argument.spelled or item.argument.parameter}", o.spelled)
        name = item.parameter.id
        if name in skip or (item.argument.nested and name in direct):
            continue
        made = _argument(low, o, item)
        if isinstance(made, ir.DictLit) and isinstance(out.get(name), ir.DictLit):
            known = out[name]
            assert isinstance(known, ir.DictLit)
            made = ir.DictLit([*known.items, *made.items], type=made.type)
        out[name] = made
        if not item.argument.nested:
            direct.add(name)
    return out


def _argument(low: ExpressionLowerer, o: Occurrence, item: BoundArgument) -> ir.Expr:
    parameter, argument = item.parameter, item.argument
    assert parameter is not None
    if parameter.type is ParameterType.MAPPING:
        return _mapping(low, item)
    try:
        return _literal(low, parameter, plain(argument.value, parameter, o))
    except UnreadableError as why:
        raise Unsupported(f"{argument.spelled or parameter.id} that is not {why.wanted}", o.spelled) from why
    except LookupError:
        if o.form is OccurrenceForm.ANNOTATION:
            raise Unsupported(f"{parameter.id} that is not a constant", o.spelled) from None
    if parameter.type is ParameterType.EXCEPTIONS:
        raise Unsupported("a computed list of errors", o.spelled)
    node = low.p.tree.root.descendant_for_byte_range(argument.value_range.start, argument.value_range.end)
    if node is None:
        raise Unsupported(f"{parameter.id} here", o.spelled)
    wants: dict[ParameterType, GoType] = {
        ParameterType.INTEGER: INT, ParameterType.FLOAT: FLOAT, ParameterType.BOOLEAN: BOOL,
        ParameterType.STRING: STRING, ParameterType.BYTES: BYTES,
    }  # fmt: skip
    if parameter.type is ParameterType.FLOAT and parameter.is_duration:
        return low.value(node, DURATION)
    want = wants.get(parameter.type)
    if want is None:
        raise Unsupported(f"a computed {parameter.id}", o.spelled)
    return low.value(node, want)


def _literal(low: ExpressionLowerer, parameter: Parameter, value: Any) -> ir.Expr:
    match parameter.type:
        case ParameterType.EXCEPTIONS:
            given: tuple[str, ...] = value or ()
            names = [class_named(low, n) for n in given]
            return ir.ListLit([ir.Name(n, type=ir.ERROR) for n in names], type=ir.ListT(ir.ERROR))
        case ParameterType.JITTER:
            if value is None or value.kind == "none":
                return ir.Lit(False, type=ir.BOOL)
            ratio = value.ratio if value.kind == "symmetric" else None
            return ir.Lit({"kind": str(value.kind), "ratio": ratio}, type=ir.ANY)
        case ParameterType.STRINGS:
            return ir.ListLit([ir.Lit(str(s), type=ir.STR) for s in value], type=ir.ListT(ir.STR))
        case ParameterType.INTEGERS:
            return ir.ListLit([ir.Lit(int(s), type=ir.INT) for s in value], type=ir.ListT(ir.INT))
        case _:
            kinds: dict[type, ir.Type] = {bool: ir.BOOL, int: ir.INT, float: ir.FLOAT, str: ir.STR}
            return ir.Lit(value, type=next((t for kind, t in kinds.items() if type(value) is kind), ir.ANY))


def _mapping(low: ExpressionLowerer, item: BoundArgument) -> ir.Expr:
    argument = item.argument
    node = low.p.tree.root.descendant_for_byte_range(argument.value_range.start, argument.value_range.end)
    if node is None:
        raise Unsupported("a mapping here")
    if node.type == "argument_list":
        key, value = low.named(node)
        made = low.expr(value)
        pair = (low.value(key, STRING), made.expr)
        return ir.DictLit([pair], type=ir.DictT(ir.STR, ir.ANY))
    return low.value(node, Map(STRING, STRING))


def class_named(low: ExpressionLowerer, name: str) -> str:
    """The error class that a name in an option means."""
    if name in low.p.sentinels:
        return low.p.sentinels[name].cls
    if name in RUNTIME_SENTINELS:
        return RUNTIME_SENTINELS[name]
    if name in ir.ERROR_BASES or low.p.declared.get(name) is not None:
        return name
    raise Unsupported(f"the error {name}, which is not of this file or of our runtime", name)


def annotated_patterns(low: ExpressionLowerer, node: SyntaxNode) -> list[ir.PatternUse]:
    """The patterns annotated above a function, outermost first."""
    name = low.child(node, "name")
    out: list[ir.PatternUse] = []
    for start in sorted(low.p.occurrences):
        for o in low.p.occurrences[start]:
            if o.form is not OccurrenceForm.ANNOTATION or o.target is None or o.target.name_range is None:
                continue
            if o.target.name_range.start == name.start_byte:
                line = low.p.tree.text[: o.range.start].count(b"\n") + 1
                out.append(ir.PatternUse(o.pattern_id, arguments(low, o), line))
    return out


def annotation_lines(low: ExpressionLowerer, node: SyntaxNode) -> set[int]:
    """The lines of comments that are annotations of a function, which its documentation leaves out."""
    out: set[int] = set()
    name = low.child(node, "name")
    for found in low.p.occurrences.values():
        for o in found:
            if (
                o.form is OccurrenceForm.ANNOTATION
                and o.target is not None
                and o.target.name_range is not None
            ):
                if o.target.name_range.start == name.start_byte:
                    first = low.p.tree.text[: o.range.start].count(b"\n") + 1
                    last = low.p.tree.text[: o.range.end].count(b"\n") + 1
                    out |= set(range(first, last + 1))
    return out


# Calls of packages


def function(
    low: ExpressionLowerer,
    path: str,
    name: str,
    args: list[SyntaxNode],
    node: SyntaxNode,
    want: GoType | None,
) -> V | None:
    """A call of a function of our runtime or of a library that a pattern stands for, None for another package's."""
    for library in (guards, logs):
        made = library.function(low, path, name, args, node)
        if made is not None:
            return made
    match path, name:
        case "foundation/resilience", "Retry" | "RetryValue":
            return block_under(
                low, "retry_with_backoff", None, args[1], node, _given(low, node, "retry_with_backoff")
            )
        case "foundation/resilience", "CallValue":
            breaker = low.expr(args[1])
            return block_under(low, "circuit_breaker", breaker.expr, args[2], node, {})
        case "foundation/resilience", "NewCircuitBreaker":
            return _object(low, "circuit_breaker", "foundation/resilience.CircuitBreaker", node)
        case "foundation/resilience", "NewRateLimiter":
            made = _object(low, "rate_limiting", "foundation/resilience.RateLimiter", node)
            assert isinstance(made.expr, ir.PatternNew)
            if _target_name(low, node) in low.p.waits:
                made.expr.arguments.setdefault("wait", ir.Lit(True, type=ir.BOOL))
            return made
        case "foundation/logging", "New":
            return _object(low, "structured_logging", "foundation/logging.Logger", node)
        case "foundation/httpclient", "New":
            return _object(low, "http_client", "foundation/httpclient.Client", node)
        case "foundation/errors", "Boundary":
            return block_under(
                low, "error_boundary", None, args[1], node, _given(low, node, "error_boundary")
            )
        case "foundation/errors", "BoundaryValue":
            given = _given(low, node, "error_boundary")
            made = block_under(low, "error_boundary", None, args[2], node, given)
            assert isinstance(made.expr, ir.PatternCall)
            given["fallback"] = low.value(args[1], made.go)
            return made
        case "foundation/process", "Run":
            given = _given(low, node, "process_execution", ("command",))
            words = low.value(args[1], Slice(STRING))
            e = ir.PatternOp(
                "process_execution", None, "run", [words], arguments=given, type=ir.NamedT("ProcessResult")
            )
            return _v(e, PROCESS_RESULT, True)
        case "foundation/files", "AtomicWrite" | "AtomicWriteText":
            given = {} if len(args) == 2 else _given(low, node, "file_operations", ("path", "data"))
            data = low.value(args[1], BYTES if name == "AtomicWrite" else STRING)
            e = ir.PatternOp(
                "file_operations",
                None,
                "write",
                [low.value(args[0], STRING), data],
                arguments=given,
                type=ir.NONE,
            )
            return _v(e, VOID, True)
        case "foundation/config", "Load":
            return _load(low, args, node)
        case "foundation/cli", "NewApp":
            if len(args) != 2 or low.p.tree.text.count(b".NewApp(") != 1:
                raise low.p.unsupported("several applications, or one with options", node)
            given = {"name": low.value(args[0], STRING), "version": low.value(args[1], STRING)}
            made = ir.PatternNew("cli_framework", given, type=ir.NamedT("App"), line=low.p.line(node))
            return _v(made, Pointer(Named("foundation/cli.App")))
        case "foundation/cli", "Exit":
            from foundation_engine.port.front._go_types import ERROR

            return _v(ir.New("Exit", [("code", low.value(args[0], INT))], type=ir.NamedT("Exit")), ERROR)
        case _:
            return None


def _given(
    low: ExpressionLowerer, node: SyntaxNode, pattern: str, skip: tuple[str, ...] = ()
) -> dict[str, ir.Expr]:
    o = occurrence_at(low, node, pattern)
    if o is None:
        raise low.p.unsupported("a pattern that was not recognised here", node)
    return arguments(low, o, skip)


def _object(low: ExpressionLowerer, pattern: str, name: str, node: SyntaxNode) -> V:
    made = ir.PatternNew(
        pattern, _given(low, node, pattern), type=ir.NamedT(RUNTIME_TYPES[name]), line=low.p.line(node)
    )
    return _v(made, Pointer(Named(name)))


def _target_name(low: ExpressionLowerer, node: SyntaxNode) -> str:
    """The variable or field that a constructed object goes to."""
    at = node.parent
    while at is not None and at.type not in ("block", "source_file"):
        if at.type == "keyed_element":
            return low.p.text(low.child(at, "key"))
        if at.type == "var_spec":
            return low.p.text(low.child(at, "name"))
        if at.type in ("short_var_declaration", "assignment_statement"):
            return low.p.text(low.named(low.child(at, "left"))[0]).rpartition(".")[2]
        at = at.parent
    return ""


def block_under(
    low: ExpressionLowerer,
    pattern: str,
    obj: ir.Expr | None,
    function: SyntaxNode,
    node: SyntaxNode,
    given: dict[str, ir.Expr],
    gives: GoType | None = None,
) -> V:
    """A closure that runs at once under a pattern; one that only calls something is an operation of the object.

    `gives` is what a closure that declares `any` gives; see `closure_block`.
    """
    body, values = low.closure_block(function, gives)
    kind = low.types.result(values)
    go: GoType = VOID if not values else values[0]
    if len(values) > 1:
        raise low.p.unsupported("a pattern around several results", node)
    line = low.p.line(node)
    if obj is not None and len(body) == 1:
        only = body[0]
        inner = only.value if isinstance(only, ir.Return | ir.ExprStmt) else None
        if isinstance(inner, ir.Call | ir.MethodCall) and not only.comments:
            return _v(ir.PatternOp(pattern, obj, "call", [inner], type=inner.type, line=line), go, True)
    return _v(ir.PatternCall(pattern, obj, given, body, type=kind, line=line), go, True)


def _load(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    given = _given(low, node, "configuration")
    target = args[0]
    if target.type == "unary_expression" and low.p.text(target).startswith("&"):
        target = low.child(target, "operand")
    var = low.lookup(low.p.text(target)) if target.type == "identifier" else None
    info = low.types.info(var.go) if var is not None else None
    if var is None or info is None or info.kind != "struct":
        raise low.p.unsupported("a configuration loaded into this", node)
    e = ir.PatternOp(
        "configuration", None, "load", [], arguments=given, type=ir.NamedT(info.name), line=low.p.line(node)
    )
    low.assigns[id(e)] = ir.VarTarget(var.ir_name, type=var.type)
    return _v(e, VOID, True)


# Commands

CLI_ARGS = Named("foundation/cli.Args")
_KINDS: dict[str, GoType] = {"String": STRING, "Integer": INT, "Float": FLOAT, "Boolean": BOOL}


def command_parameters(low: ExpressionLowerer, function: str) -> list[ir.Param]:
    """The parameters that a command's registration declares: arguments first, then options with their defaults."""
    call = low.p.commands.get(function)
    if call is None:
        raise Unsupported("a command that nothing registers", function)
    out: list[ir.Param] = []
    for option in low.named(low.child(call, "arguments"))[2:]:
        called = (
            low.p.text(low.child(option, "function")).rpartition(".")[2]
            if option.type == "call_expression"
            else ""
        )
        if called not in ("WithArgument", "WithOption"):
            continue
        name, kind, *more = low.named(low.child(option, "arguments"))
        label, t = low.expr(name).const, _KINDS.get(low.p.text(kind).rpartition(".")[2])
        if not isinstance(label, str) or t is None:
            raise low.p.unsupported("a parameter of a command of this kind", option)
        default: ir.Expr | None = low.zero(t, option) if called == "WithOption" else None
        for m in more:
            inner = low.named(low.child(m, "arguments")) if m.type == "call_expression" else []
            if not low.p.text(m).partition("(")[0].endswith((".Default", ".Help")):
                raise low.p.unsupported("a parameter of a command of this kind", m)
            if low.p.text(m).partition("(")[0].endswith(".Default"):
                default = low.value(inner[0], t)
        out.append(ir.Param(label, low.types.ir(t), default, line=low.p.line(option)))
    return sorted(out, key=lambda p: p.default is not None)


def command_use(low: ExpressionLowerer, function: str) -> ir.PatternUse | None:
    """The pattern of a function that is registered as a command, None for another function."""
    call = low.p.commands.get(function)
    if call is None:
        return None
    o = next((o for found in low.p.occurrences.values() for o in found
              if o.pattern_id == "cli_framework" and o.range.start == call.start_byte and o.form is OccurrenceForm.CALL), None)  # fmt: skip  # noqa: E501
    if o is None:
        raise low.p.unsupported("a command that was not recognised here", call)
    spec = SpecRegistry.builtin()["cli_framework"]
    given: dict[str, ir.Expr] = {}
    for item in bind(o, spec):
        if item.parameter is not None:
            given[item.parameter.id] = _argument(low, o, item)
    return ir.PatternUse("cli_framework", given, low.p.line(call))


def _argument_value(low: ExpressionLowerer, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V:
    """`args.String("name")`: the parameter of that name."""
    kinds: dict[str, GoType] = {"String": STRING, "Int": INT, "Float": FLOAT, "Bool": BOOL}
    label = low.expr(args[0]).const if args else None
    if name not in kinds or not isinstance(label, str):
        raise low.p.unsupported(f"the arguments' method {name}", node)
    return _v(ir.Name(label, type=low.types.ir(kinds[name])), kinds[name])


# Objects of our runtime


def field(low: ExpressionLowerer, obj: V, name: str, node: SyntaxNode) -> V | None:
    """A field of a runtime's value, None for another type."""
    bare = obj.go.elem if isinstance(obj.go, Pointer) else obj.go
    if isinstance(bare, Named) and bare.name.startswith("foundation/errors."):
        return _error_field(low, obj, bare.name.rpartition(".")[2], name, node)
    e = low.present_value(obj).expr
    match runtime_type(obj.go), name:
        case "HttpResponse", "Status":
            return _v(ir.Intrinsic("http.status", [e], type=ir.INT), INT)
        case "HttpResponse", "Body":
            return _v(ir.Intrinsic("http.text", [e], type=ir.STR), BYTES)
        case "HttpResponse", "Header":
            return _v(e, Named("http.Header"))
        case "ProcessResult", "ExitCode":
            return _v(ir.Intrinsic("process.exit_code", [e], type=ir.INT), INT)
        case "ProcessResult", "Stdout" | "Stderr":
            return _v(ir.Intrinsic(f"process.{name.lower()}", [e], type=ir.STR), BYTES)
        case ("", _):
            return None
        case _:
            raise low.p.unsupported(f"the field {name} of the runtime's object", node)


_ERROR_FIELDS: dict[tuple[str, str], tuple[str, GoType]] = {
    ("HttpStatusError", "Status"): ("error.http_status", INT),
    ("ProcessError", "ExitCode"): ("error.exit_code", INT),
    ("ProcessError", "Stdout"): ("error.stdout", BYTES),
    ("ProcessError", "Stderr"): ("error.stderr", BYTES),
    ("MaxRetriesExceeded", "Attempts"): ("error.attempts", INT),
    ("CircuitOpenError", "Name"): ("error.circuit_name", STRING),
}


def _error_field(low: ExpressionLowerer, obj: V, cls: str, name: str, node: SyntaxNode) -> V:
    """A field of an error of our runtime."""
    from foundation_engine.port.front._go_types import MESSAGE_ERRORS

    e = low.present_value(obj).expr
    if name == "RetryAfter" and cls in ("RateLimitExceeded", "CircuitOpenError"):
        ns = ir.Intrinsic(
            "int.to_float", [ir.Intrinsic("error.retry_after", [e], type=ir.INT)], type=ir.FLOAT
        )
        return _v(ir.Intrinsic("float.div", [ns, ir.Lit(1e9, type=ir.FLOAT)], type=ir.FLOAT), DURATION)
    if name == "Message" and cls in MESSAGE_ERRORS:
        return _v(ir.Intrinsic("error.message", [e], type=ir.STR), STRING)
    known = _ERROR_FIELDS.get((cls, name))
    if known is None:
        raise low.p.unsupported(f"the field {name} of {cls}", node)
    return _v(ir.Intrinsic(known[0], [e], type=low.types.ir(known[1])), known[1])


def method(low: ExpressionLowerer, obj: V, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
    """A method of a runtime's object, None for another type."""
    if obj.go == Named("http.Header") and name == "Get":
        key = low.value(args[0], STRING)
        got = ir.Intrinsic("http.header", [obj.expr, key], type=ir.OptionalT(ir.STR))
        there = ir.Intrinsic("is_some", [got], type=ir.BOOL)
        value = ir.Unwrap(
            ir.Intrinsic("http.header", [obj.expr, key], type=ir.OptionalT(ir.STR)), type=ir.STR
        )
        return _v(ir.Cond(there, value, ir.Lit("", type=ir.STR), type=ir.STR), STRING)
    for library in (guards, logs):
        found = library.method(low, obj, name, args, node)
        if found is not None:
            return found
    if obj.go == CLI_ARGS:
        return _argument_value(low, name, args, node)
    bare = obj.go.elem if isinstance(obj.go, Pointer) else obj.go
    if isinstance(bare, Named) and bare.name.startswith("foundation/errors.") and name == "Error":
        return _v(ir.Intrinsic("error.message", [low.present_value(obj).expr], type=ir.STR), STRING)
    kind = runtime_type(obj.go)
    e = low.present_value(obj).expr if kind else obj.expr
    line = low.p.line(node)
    match kind, name:
        case "", _:
            return None
        case "CircuitBreaker", "Call":
            return block_under(low, "circuit_breaker", e, args[1], node, {})
        case "CircuitBreaker", "State":
            op = ir.PatternOp("circuit_breaker", e, "state", [], type=ir.STR, line=line)
            return _v(op, Named("foundation/resilience.CircuitState"))
        case "CircuitBreaker", "Reset":
            return _v(ir.PatternOp("circuit_breaker", e, "reset", [], type=ir.NONE, line=line), VOID)
        case "RateLimiter", "Allow":
            one = ir.Lit(1, type=ir.INT)
            return _v(ir.PatternOp("rate_limiting", e, "try_acquire", [one], type=ir.BOOL, line=line), BOOL)
        case "RateLimiter", "Acquire" | "Wait":
            n = low.value(args[-1], INT)
            return _v(ir.PatternOp("rate_limiting", e, "acquire", [n], type=ir.NONE, line=line), VOID, True)
        case "Logger", "Bind":
            op = ir.PatternOp(
                "structured_logging",
                e,
                "bind",
                [],
                logs.fields(low, args, node),
                type=ir.NamedT("Logger"),
                line=line,
            )
            return _v(op, obj.go)
        case "Logger", _ if name in _LEVELS:
            message = low.value(args[0], STRING)
            op = ir.PatternOp(
                "structured_logging",
                e,
                name.lower(),
                [message],
                logs.fields(low, args[1:], node),
                type=ir.NONE,
                line=line,
            )
            return _v(op, VOID)
        case "App", "Run":
            op = ir.PatternOp(
                "cli_framework", e, "run", [low.value(args[-1], Slice(STRING))], type=ir.INT, line=line
            )
            return _v(op, INT)
        case "HttpClient", _ if name in _VERBS:
            return _request(low, e, name, args, node)
        case "ProcessResult", "StdoutText" | "StderrText":
            op = ir.Intrinsic(f"process.{name[:6].lower()}", [e], type=ir.STR)
            return _v(op, STRING)
        case _:
            raise low.p.unsupported(f"the method {name} of the runtime's {kind}", node)


def _request(
    low: ExpressionLowerer, client: ir.Expr, name: str, args: list[SyntaxNode], node: SyntaxNode
) -> V:
    given = [a for a in args if not low.is_context(a)]
    pairs: dict[str, list[tuple[ir.Expr, ir.Expr]]] = {"params": [], "headers": []}
    fields: list[tuple[str, ir.Expr]] = []
    for option in given[1:]:
        if option.type != "call_expression":
            raise low.p.unsupported("options of a request that are not written in place", option)
        called = low.p.text(low.child(option, "function")).rpartition(".")[2]
        values = low.named(low.child(option, "arguments"))
        if called in ("WithParam", "WithHeader"):
            key, value = (low.value(v, STRING) for v in values)
            pairs["params" if called == "WithParam" else "headers"].append((key, value))
        elif called == "WithBody":
            fields.append(("body", low.value(values[0], BYTES)))
        else:
            raise low.p.unsupported(f"the option {called} of a request", option)
    table = ir.DictT(ir.STR, ir.STR)
    fields.extend((k, ir.DictLit(v, type=table)) for k, v in pairs.items() if v)
    op = ir.PatternOp(
        "http_client", client, name.lower(), [low.value(given[0], STRING)], fields,
        type=ir.NamedT("HttpResponse"), line=low.p.line(node),
    )  # fmt: skip
    return _v(op, HTTP_RESPONSE, True)


__all__ = [
    "Empty",
    "Func",
    "ValueKind",
    "annotated_patterns",
    "annotation_lines",
    "block_under",
    "field",
    "function",
    "method",
]
