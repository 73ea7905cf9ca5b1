"""The ten patterns in Rust: attributes, builders and the methods of our runtime's objects."""

# ruff: noqa: S101 - assertions here narrow types that the grammar guarantees.
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from foundation_grammars.occurrence import Occurrence, OccurrenceForm, StaticValue, ValueKind
from foundation_grammars.tree import SyntaxNode
from foundation_specs.model import Jitter, Parameter, ParameterType
from foundation_specs.registry import SpecRegistry

from foundation_engine.effective import UnreadableError, bind, plain
from foundation_engine.port import ir
from foundation_engine.port.front import _rust_retries as retries
from foundation_engine.port.front import _rust_types as rt
from foundation_engine.port.front._rust_body import Dest, V, lit, number, op, text_lit
from foundation_engine.port.front._rust_macros import Macros
from foundation_engine.port.front._rust_scope import code_children
from foundation_engine.port.front._rust_types import RType, is_int, resolve, to_ir

_OBJECTS: Mapping[str, str] = {
    "retry_with_backoff": "RetryPolicy", "circuit_breaker": "CircuitBreaker", "rate_limiting": "RateLimiter",
    "structured_logging": "Logger", "http_client": "HttpClient",
}  # fmt: skip
_RUNS = frozenset({"run", "run_async", "call", "call_async", "run_or", "observe"})
_LEVELS = {"trace", "debug", "info", "warning", "warn", "error", "critical"}
FOUNDATION = rt.Err("foundation")


class Patterns(Macros):
    """Recognised patterns as nodes of the representation."""

    # Arguments

    def pattern_arguments(self, o: Occurrence) -> dict[str, ir.Expr]:
        """The arguments at an occurrence by the spec's parameter ids."""
        spec = SpecRegistry.builtin()[o.pattern_id]
        out: dict[str, ir.Expr] = {}
        for item in bind(o, spec):
            if item.parameter is None and item.argument.spelled in _RUNS | {"load", "write", "build"}:
                continue
            if item.parameter is None:
                if not item.accepted or item.argument.spelled in (
                    "clock",
                    "random",
                    "cancellation",
                    "on_retry",
                    "retry_if",
                ):
                    raise self._unknown(o, f"the option {item.argument.spelled}")
                continue
            if item.parameter.id == "data":
                continue
            out[item.parameter.id] = self._argument(
                item.argument.value,
                item.parameter,
                o,
                item.argument.value_range.start,
                item.argument.value_range.end,
            )
        if o.open_arguments:
            raise self._unknown(o, "arguments that the source does not show")
        return out

    def _unknown(self, o: Occurrence, what: str) -> ir.Unsupported:
        text = self.scope.bytes[o.range.start : o.range.end].decode("utf-8", "replace")
        return ir.Unsupported(
            f"{what} of {o.pattern_id}", text.splitlines()[0], self.scope.line_at(o.range.start)
        )

    def _argument(
        self, value: StaticValue, parameter: Parameter, o: Occurrence, start: int, end: int
    ) -> ir.Expr:
        text = self.scope.bytes[start:end].decode("utf-8", "replace")
        if (
            parameter.type is ParameterType.STRINGS
            and value.kind is ValueKind.LIST
            and not all(i.known for i in value.value)
        ):
            node = self.scope.tree.root.descendant_for_byte_range(start, end)
            if node is not None and node.type == "array_expression":
                words = self.values(code_children(node), [rt.TEXT] * len(code_children(node)))
                return ir.ListLit([self.store(w.e) for w in words], type=ir.ListT(ir.STR))
            if node is None or len(value.value) != 1 or node.type == "arguments":
                raise self._unknown(o, f"a computed {parameter.id}")
            v = self.x(node, rt.TEXT)
            if resolve(v.t) != rt.TEXT:
                raise self._unknown(o, f"a computed {parameter.id}")
            return ir.ListLit([self.store(v.e)], type=ir.ListT(ir.STR))
        if parameter.type is ParameterType.EXCEPTIONS:
            return self._classes(text, o)
        try:
            found = plain(value, parameter, o)
        except UnreadableError as why:
            raise self._unknown(o, f"a value that is not {why.wanted} for {parameter.id}") from why
        except LookupError:
            return self._computed(parameter, o, start, end)
        if (
            value.constant is not None
            and value.constant in self.scope.consts
            and is_int(self.scope.consts[value.constant])
        ):
            return ir.Name(value.constant, type=ir.INT)
        return self._literal(found, o)

    def _literal(self, v: Any, o: Occurrence) -> ir.Expr:
        match v:
            case None:
                return ir.Lit(None, type=ir.NONE)
            case bool():
                return lit(v, ir.BOOL)
            case int():
                return number(v)
            case float():
                return lit(v, ir.FLOAT)
            case str():
                return text_lit(v)
            case Jitter():
                if str(v.kind) == "none":
                    return lit(False, ir.BOOL)
                return lit({"kind": str(v.kind), "ratio": v.ratio}, ir.ANY)
            case tuple():
                items = [self._literal(x, o) for x in cast("tuple[Any, ...]", v)]
                elem = items[0].type if items else ir.STR
                return ir.ListLit(items, type=ir.ListT(elem))
            case dict():
                pairs = cast("dict[str, Any]", v)
                return ir.DictLit(
                    [(text_lit(k), self._literal(w, o)) for k, w in pairs.items()],
                    type=ir.DictT(ir.STR, ir.STR),
                )
            case _:
                raise self._unknown(o, "a value of this kind")

    def _computed(self, parameter: Parameter, o: Occurrence, start: int, end: int) -> ir.Expr:
        """A value that only the running program knows."""
        node = self.scope.tree.root.descendant_for_byte_range(start, end)
        if node is None or o.form is OccurrenceForm.MACRO:
            raise self._unknown(o, f"a computed {parameter.id}")
        if parameter.is_duration:
            return self.seconds(node)
        if parameter.id == "command" and node.type == "array_expression":
            words = self.values(code_children(node), [rt.TEXT] * len(code_children(node)))
            return ir.ListLit([self.store(w.e) for w in words], type=ir.ListT(ir.STR))
        if parameter.id in ("env", "context"):
            raise self._unknown(o, f"a computed {parameter.id}")
        v = self.x(node)
        if (
            resolve(v.t) == rt.Simple("bytes")
            or resolve(v.t) == rt.TEXT
            or is_int(v.t)
            or resolve(v.t) == rt.BOOL
        ):
            return self.store(v.e)
        if isinstance(resolve(v.t), rt.Vec):
            return v.e
        return self.store(v.e)

    def seconds(self, node: SyntaxNode) -> ir.Expr:
        """A Duration as a number of seconds."""
        m = re.fullmatch(
            r"(?:std::time::)?Duration::from_(secs|millis|secs_f64)\((.*)\)", self.src(node), re.DOTALL
        )
        if m is None or node.type != "call_expression":
            raise self.fail("a Duration that is computed", node)
        v = self.x(self.arguments(node)[0])
        if m[1] == "secs_f64":
            return v.e
        seconds = op("int.to_float", [v.e], ir.FLOAT)
        if m[1] == "secs":
            return seconds
        return op("float.div", [seconds, lit(1000.0, ir.FLOAT)], ir.FLOAT, "ZeroDivisionError")

    def _classes(self, text: str, o: Occurrence) -> ir.Expr:
        names: list[ir.Expr] = []
        inner = text.strip().removeprefix("&").removeprefix("vec!").strip().strip("[]")
        for piece in inner.split(","):
            piece = piece.strip()
            if not piece:
                continue
            other = re.fullmatch(r'(?:\w+::)*Class::Other\("(\w+)"\)', piece)
            name = other[1] if other is not None else piece.rpartition("::")[2]
            if not re.fullmatch(r"\w+", name):
                raise self._unknown(o, "a list of error classes that is computed")
            cls = self.scope.class_names.get(name, name)
            if cls not in ir.ERROR_BASES and cls not in self.scope.class_names.values():
                raise self._unknown(o, f"the error class {name}")
            names.append(ir.Name(cls, type=ir.ERROR))
        return ir.ListLit(names)

    def check_pattern_errors(self, result: RType, node: SyntaxNode) -> None:
        """The pattern's own errors must stay what they are in the error type of what it governs."""
        t = resolve(result)
        err = resolve(t.err) if isinstance(t, rt.Res) else None
        if isinstance(err, rt.Named) and any(x == FOUNDATION for x in self.scope.lossy.get(err.name, ())):
            raise self.fail(f"a pattern whose own errors From makes another error of ({err.name})", node)

    def pattern_use(self, o: Occurrence) -> ir.PatternUse:
        """An attribute of a function."""
        return ir.PatternUse(o.pattern_id, self.pattern_arguments(o), self.scope.line_at(o.range.start))

    # Calls

    def _chain(self, node: SyntaxNode) -> list[tuple[str, SyntaxNode]]:
        """The calls of a builder from the first to the last: (name, call)."""
        out: list[tuple[str, SyntaxNode]] = []
        at: SyntaxNode | None = node
        while at is not None and at.type == "call_expression":
            head = at.child_by_field_name("function")
            if head is not None and head.type == "generic_function":
                head = head.child_by_field_name("function")
            if head is None:
                break
            if head.type == "field_expression":
                out.append((self.src(head.child_by_field_name("field") or head), at))
                at = head.child_by_field_name("value")
            else:
                out.append((self.src(head).rpartition("::")[2], at))
                break
        return out[::-1]

    def pattern_call(self, node: SyntaxNode, want: RType | None) -> V | None:
        """See `Calls.pattern_call`."""
        other = retries.retried(self, node)
        if other is not None:
            return other
        head = node.child_by_field_name("function")
        if head is not None and head.type in ("scoped_identifier", "identifier"):
            text = self.src(head)
            if self.scope.is_foundation(text) and text.rpartition("::")[2] == "atomic_write":
                path, data = self.values(self.arguments(node), [rt.TEXT, None])
                return self._written(path.e, data.e, {})
        app = self._application(node)
        if app is not None:
            return app
        found = self.scope.occurrences.get(node.start_byte, ())
        o = next(
            (
                o
                for o in found
                if (o.form is not OccurrenceForm.MACRO and o.range.end <= node.end_byte)
                or o.form is OccurrenceForm.CALL
            ),
            None,
        )
        if o is None or o.form is OccurrenceForm.MACRO:
            return None
        if o.dialect != "foundation":
            raise self._unknown(o, f"the library {o.dialect}")
        steps = self._chain(node)
        if not steps:
            return None
        last, call = steps[-1]
        del call
        args = self.arguments(node)
        obj = _OBJECTS.get(o.pattern_id)
        match o.pattern_id:
            case "retry_with_backoff" if last in _RUNS:
                return self._block(o.pattern_id, None, self.pattern_arguments(o), args[0], node)
            case "error_boundary" if last in _RUNS:
                return self._boundary(o, last, args, node)
            case "configuration" if last == "load":
                return self._load(o, node, want)
            case "process_execution" if last == "run":
                arguments = self.pattern_arguments(o)
                command = arguments.pop("command", None)
                if command is None:
                    raise self.fail("a command that is not shown", node)
                made = ir.PatternOp(
                    o.pattern_id, None, "run", [command], arguments=arguments, type=ir.NamedT("ProcessResult")
                )
                return V(made, rt.Res(rt.Named("ProcessResult"), FOUNDATION))
            case "file_operations" if last == "write":
                arguments = self.pattern_arguments(o)
                path = arguments.pop("path", None)
                if path is None:
                    raise self.fail("a path that is not shown", node)
                data = self.x(args[0])
                return self._written(path, self._data(data, node), arguments)
            case "circuit_breaker" | "rate_limiting" | "structured_logging" | "http_client" if (
                last == "build"
            ):
                assert obj is not None
                made2 = ir.PatternNew(o.pattern_id, self.pattern_arguments(o), type=ir.NamedT(obj))
                return V(
                    made2,
                    rt.Res(rt.Named(obj), FOUNDATION) if o.pattern_id == "http_client" else rt.Named(obj),
                )
            case "circuit_breaker" | "rate_limiting" if last == "try_build":
                assert obj is not None
                made2 = ir.PatternNew(o.pattern_id, self.pattern_arguments(o), type=ir.NamedT(obj))
                return V(made2, rt.Res(rt.Named(obj), FOUNDATION))
            case "retry_with_backoff" if last != "delay":
                made2 = ir.PatternNew(o.pattern_id, self.pattern_arguments(o), type=ir.NamedT("RetryPolicy"))
                return V(made2, rt.Named("RetryPolicy"))
            case _:
                return None

    def _application(self, node: SyntaxNode) -> V | None:
        """`App::new(name, version).register(...).run(arguments)`; the commands are the file's own."""
        steps = self._chain(node)
        if not steps or steps[0][0] != "new" or steps[-1][0] not in ("run", "main"):
            return None
        head = steps[0][1].child_by_field_name("function")
        text = self.src(head) if head is not None else ""
        if text.rpartition("::")[0].rpartition("::")[2] != "App" or not self.scope.is_foundation(text):
            return None
        name, version = self.values(self.arguments(steps[0][1]), [rt.TEXT, rt.TEXT])
        for step, call in steps[1:-1]:
            made = self.src(self.arguments(call)[0]) if self.arguments(call) else ""
            if step != "register" or made.removesuffix("_command()") not in self.scope.functions:
                raise self.fail(f"an application's {step}", node)
        obj = ir.PatternNew("cli_framework", {"name": name.e, "version": version.e}, type=ir.NamedT("App"))
        if steps[-1][0] == "main":
            return V(ir.PatternOp("cli_framework", obj, "main", [], type=ir.NONE), rt.UNIT)
        given = self.x(self.arguments(node)[0], rt.Vec(rt.TEXT))
        return V(ir.PatternOp("cli_framework", obj, "run", [given.e], type=ir.INT), rt.I32)

    def _data(self, v: V, node: SyntaxNode) -> ir.Expr:
        t = resolve(v.t)
        if t in (rt.TEXT, rt.Simple("bytes")):
            return self.store(v.e)
        raise self.fail("data that is not a text", node)

    def _written(self, path: ir.Expr, data: ir.Expr, arguments: dict[str, ir.Expr]) -> V:
        made = ir.PatternOp("file_operations", None, "write", [path, data], arguments=arguments, type=ir.NONE)
        return V(made, rt.Res(rt.UNIT, rt.Err("io")))

    def _load(self, o: Occurrence, node: SyntaxNode, want: RType | None) -> V:
        w = resolve(want) if want is not None else None
        kind = resolve(w.ok) if isinstance(w, rt.Res) else None
        head = node.child_by_field_name("function")
        if head is not None and head.type == "generic_function":
            targs = head.child_by_field_name("type_arguments")
            kind = self.type_of(code_children(targs)[0]) if targs is not None else kind
        if not isinstance(kind, rt.Named) or kind.name not in self.scope.structs:
            raise self.fail("a configuration whose type is not shown; annotate it", node)
        made = ir.PatternOp(
            o.pattern_id, None, "load", [], arguments=self.pattern_arguments(o), type=ir.NamedT(kind.name)
        )
        return V(made, rt.Res(kind, FOUNDATION))

    def _boundary(self, o: Occurrence, last: str, args: list[SyntaxNode], node: SyntaxNode) -> V:
        arguments = self.pattern_arguments(o)
        closure = args[-1]
        if last == "run_or":
            arguments["fallback"] = self.store(self.x(args[0]).e)
        if last == "observe":
            arguments["reraise"] = lit(True, ir.BOOL)
        made = self._block(o.pattern_id, None, arguments, closure, node)
        reraise = arguments.get("reraise")
        if (
            last == "run"
            and isinstance(reraise, ir.Lit)
            and reraise.value is False
            and "fallback" not in arguments
        ):
            t = resolve(made.t)
            assert isinstance(t, rt.Res)
            if to_ir(t.ok) != ir.NONE:
                arguments["fallback"] = self.default_of(t.ok, node)
        return made

    def _block(
        self,
        pattern: str,
        obj: ir.Expr | None,
        arguments: dict[str, ir.Expr],
        closure: SyntaxNode,
        node: SyntaxNode,
    ) -> V:
        """A closure that runs at once under a pattern."""
        wanted = self._error_wanted()
        t = rt.Res(rt.Var(), wanted)
        if closure.type != "closure_expression":
            made = self.call_named_nothing(closure)
            t = resolve(made.t)  # type: ignore[assignment]
            if not isinstance(t, rt.Res):
                raise self.fail("an operation that does not return a Result", closure)
            body: list[ir.Stmt] = [ir.ExprStmt(made.e) if to_ir(t.ok) == ir.NONE else ir.Return(made.e)]
        else:
            inner = closure.child_by_field_name("body")
            assert inner is not None
            if inner.type == "async_block":
                inner = next(c for c in code_children(inner) if c.type == "block")
            held_return, held_loops = self.returned, self.loops
            self.loops = []
            try:
                with self.inside(), self.capture() as body:
                    self.returned = Dest("return", t, tail=True)
                    if inner.type == "block":
                        self.block(inner, self.returned)
                    else:
                        self.into(inner, self.returned)
            finally:
                self.returned, self.loops = held_return, held_loops
        self.check_pattern_errors(t, node)
        kind = to_ir(t.ok)
        call = body[0].value if len(body) == 1 and isinstance(body[0], ir.Return | ir.ExprStmt) else None
        if obj is not None and isinstance(call, ir.Call | ir.MethodCall):
            return V(ir.PatternOp(pattern, obj, "call", [call], type=kind), t)
        del node
        return V(ir.PatternCall(pattern, obj, arguments, body, type=kind), t)

    def block_under(
        self, pattern: str, arguments: dict[str, ir.Expr], closure: SyntaxNode, node: SyntaxNode
    ) -> V:
        """A closure that runs at once under a pattern that another library has."""
        return self._block(pattern, None, arguments, closure, node)

    def keeps_plan(self, name: str, value: SyntaxNode) -> bool:
        """See `Body.keeps_plan`."""
        if not retries.is_plan(self, value):
            return False
        self.plans[name] = value
        return True

    def call_named_nothing(self, node: SyntaxNode) -> V:
        """A function given by name, called without arguments."""
        text = self.src(node)
        b = self.lookup(text)
        if b is not None and isinstance(resolve(b.t), rt.Fn):
            t = resolve(b.t)
            assert isinstance(t, rt.Fn)
            return V(ir.Call(b.e, [], type=self.stored(t.result)), t.result)
        if text in self.scope.functions:
            return self.function_call(self.scope.functions[text], text, [], node)
        raise self.fail("an operation that is not a closure", node)

    # Methods of the runtime's objects

    def runtime_method(
        self, v: V, name: str, args: list[SyntaxNode], node: SyntaxNode, want: RType | None
    ) -> V | None:
        """See `Calls.runtime_method`."""
        t = resolve(v.t)
        if not isinstance(t, rt.Named) or t.name in self.scope.structs:
            return None
        match t.name:
            case "RetryPolicy" if name in _RUNS:
                return self._block("retry_with_backoff", v.e, {}, args[0], node)
            case "CircuitBreaker" if name in _RUNS:
                return self._block("circuit_breaker", v.e, {}, args[0], node)
            case "CircuitBreaker" if name == "state":
                return V(
                    ir.PatternOp("circuit_breaker", v.e, "state", [], type=ir.STR), rt.Named("CircuitState")
                )
            case "CircuitBreaker" if name == "reset":
                return V(ir.PatternOp("circuit_breaker", v.e, "reset", [], type=ir.NONE), rt.UNIT)
            case "RateLimiter" if name in ("acquire", "wait"):
                if name == "wait":
                    raise self.fail("a limiter's wait with a cancellation", node)
                n = self.x(args[0], rt.U32)
                return V(
                    ir.PatternOp("rate_limiting", v.e, "acquire", [n.e], type=ir.NONE),
                    rt.Res(rt.UNIT, FOUNDATION),
                )
            case "RateLimiter" if name in ("allow", "try_acquire"):
                n2 = self.x(args[0], rt.U32).e if args else number(1)
                made = ir.PatternOp("rate_limiting", v.e, "try_acquire", [n2], type=ir.BOOL)
                return V(made, rt.BOOL if name == "allow" else rt.Res(rt.Named("Decision"), FOUNDATION))
            case "Logger" if name in _LEVELS:
                message = self.x(args[0], rt.TEXT)
                level = "warning" if name == "warn" else name
                fields = self._fields(args[1], node) if len(args) > 1 else []
                made2 = ir.PatternOp(
                    "structured_logging", v.e, level, [self.store(message.e)], fields, type=ir.NONE
                )
                return V(made2, rt.UNIT)
            case "Logger" if name == "bind":
                made3 = ir.PatternOp(
                    "structured_logging",
                    v.e,
                    "bind",
                    [],
                    self._fields(args[0], node),
                    type=ir.NamedT("Logger"),
                )
                return V(made3, rt.Named("Logger"))
            case "HttpClient":
                return self._request(v, name, args, node)
            case "HttpResponse":
                return self._response(v, name, args, node)
            case "ProcessResult" if name in ("stdout_text", "stderr_text"):
                return V(op(f"process.{name[:6]}", [v.e], ir.STR), rt.TEXT)
            case "Logger" | "RateLimiter" | "CircuitBreaker" | "RetryPolicy" if name == "clone":
                return v
            case _:
                del want
                return None

    def _fields(self, node: SyntaxNode, at: SyntaxNode) -> list[tuple[str, ir.Expr]]:
        while node.type in ("reference_expression", "parenthesized_expression"):
            node = code_children(node)[-1]
        if node.type != "array_expression":
            raise self.fail("log fields that are not written out", at)
        out: list[tuple[str, ir.Expr]] = []
        for pair in code_children(node):
            parts = code_children(pair)
            if pair.type != "tuple_expression" or parts[0].type != "string_literal":
                raise self.fail("a log field that is not a name and a value", at)
            value = parts[1]
            if value.type == "call_expression":
                head = value.child_by_field_name("function")
                if (
                    head is not None
                    and head.type == "field_expression"
                    and self.src(head.child_by_field_name("field") or head) == "into"
                ):
                    value = head.child_by_field_name("value") or value
                elif head is not None and self.src(head).endswith("Value::from"):
                    value = self.arguments(value)[0]
            v = self.x(value)
            t = resolve(v.t)
            if self.scope.error_kind(t) and t != rt.TEXT:
                v = V(op("error.message", [v.e], ir.STR), rt.TEXT)
            out.append((self.src(parts[0])[1:-1], self.store(v.e)))
        return out

    def _request(self, v: V, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
        fields: list[tuple[str, ir.Expr]] = []
        result = rt.Res(rt.Named("HttpResponse"), FOUNDATION)
        if name in ("get", "delete", "post", "put"):
            path = self.x(args[0], rt.TEXT)
            if len(args) > 1:
                fields.append(("body", self._data(self.x(args[1]), node)))
            made = ir.PatternOp(
                "http_client", v.e, name, [self.store(path.e)], fields, type=ir.NamedT("HttpResponse")
            )
            return V(made, result)
        if name != "send":
            return None
        inner = args[0]
        while inner.type == "reference_expression":
            inner = code_children(inner)[-1]
        steps = self._chain(inner)
        if not steps or steps[0][0] != "new":
            raise self.fail("a request that is not written out", node)
        method, url = (self.x(a, rt.TEXT) for a in self.arguments(steps[0][1]))
        pairs: dict[str, list[tuple[ir.Expr, ir.Expr]]] = {}
        for step, call in steps[1:]:
            given = self.arguments(call)
            if step in ("param", "header"):
                k, w = self.values(given, [rt.TEXT, rt.TEXT])
                pairs.setdefault("params" if step == "param" else "headers", []).append(
                    (k.e, self.store(w.e))
                )
            elif step == "body":
                fields.append(("body", self._data(self.x(given[0]), node)))
            else:
                raise self.fail(f"a request's {step}", node)
        for key, items in pairs.items():
            fields.append((key, ir.DictLit(items, type=ir.DictT(ir.STR, ir.STR))))
        if isinstance(method.e, ir.Lit) and str(method.e.value).lower() in (
            "get",
            "post",
            "put",
            "patch",
            "delete",
            "head",
        ):
            made = ir.PatternOp(
                "http_client",
                v.e,
                str(method.e.value).lower(),
                [url.e],
                fields,
                type=ir.NamedT("HttpResponse"),
            )
        else:
            made = ir.PatternOp(
                "http_client", v.e, "request", [method.e, url.e], fields, type=ir.NamedT("HttpResponse")
            )
        return V(made, result)

    def _response(self, v: V, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
        match name:
            case "text":
                return V(op("http.text", [v.e], ir.STR), rt.TEXT)
            case "header":
                return V(
                    op("http.header", [v.e, self.x(args[0], rt.TEXT).e], ir.OptionalT(ir.STR)),
                    rt.Opt(rt.TEXT),
                )
            case _:
                del node
                return None


__all__ = ["Patterns", "ValueKind"]
