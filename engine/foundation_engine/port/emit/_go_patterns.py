"""Patterns in Go: the spec's parameters as options of the runtime's functions."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: E501 - a template of the target's code reads best on one line.
from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

from foundation_specs.model import LanguageId, ParameterType, PatternSpec
from foundation_specs.registry import SpecRegistry

from foundation_engine.port import ir
from foundation_engine.port.emit._names import camel, pascal
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.passes import stores, terminates

if TYPE_CHECKING:
    from foundation_engine.port.emit.go import FunctionEmitter


def go_duration(seconds: float) -> str:
    """Seconds as a Go duration constant."""
    ns = round(seconds * 1_000_000_000)
    for unit, size in (
        ("Hour", 3_600_000_000_000),
        ("Minute", 60_000_000_000),
        ("Second", 1_000_000_000),
        ("Millisecond", 1_000_000),
        ("Microsecond", 1_000),
    ):
        if ns and ns % size == 0:
            return f"time.{unit}" if ns == size else f"{ns // size} * time.{unit}"
    return f"{ns} * time.Nanosecond" if ns else "0"


class Patterns:
    """Emits pattern uses for one function; the forms come from the specs' Go mappings."""

    def __init__(self, emitter: FunctionEmitter) -> None:
        self.e = emitter
        self.go = emitter.go

    def spec(self, pattern_id: str) -> PatternSpec:
        """The spec of a pattern."""
        return SpecRegistry.builtin()[pattern_id]

    def package(self, pattern_id: str) -> str:
        """The Go package of a pattern, imported."""
        line = self.spec(pattern_id).mappings[LanguageId.GO].import_line
        path = line.split('"')[1]
        self.go.imports.add(path.replace("foundation/", f"{self.go.runtime}/", 1))
        return path.rpartition("/")[2]

    def options(
        self, pattern_id: str, arguments: dict[str, ir.Expr], skip: tuple[str, ...] = ()
    ) -> list[str]:
        """`resilience.WithMaxAttempts(3)` for every argument."""
        spec, package = self.spec(pattern_id), self.package(pattern_id)
        out: list[str] = []
        for name, value in arguments.items():
            if name in skip:
                continue
            parameter = spec.parameter(name)
            if parameter is None:
                raise Unsupported(f"parameter {name} of {pattern_id}")
            option = (
                "Backoff" if parameter.id == "backoff_strategy" else pascal(parameter.id, initialisms=True)
            )
            out.append(
                f"{package}.With{option}({self.value(pattern_id, parameter.type, parameter.unit, value)})"
            )
        return out

    def value(self, pattern_id: str, kind: ParameterType, unit: str | None, v: ir.Expr) -> str:
        """An argument as the runtime's Go option takes it."""
        package = self.package(pattern_id)
        if unit == "seconds":
            self.e.use("time")
            if isinstance(v, ir.Lit) and isinstance(v.value, int | float):
                return go_duration(float(v.value))
            if v.type == ir.INT:
                return f"time.Duration({self.e.x(v)}) * time.Second"
            return f"time.Duration({self.e.x(v, 5)} * float64(time.Second))"
        match kind:
            case ParameterType.ENUM:
                if isinstance(v, ir.Lit) and isinstance(v.value, str):
                    return f"{package}.{ {'json': 'JSON'}.get(v.value) or pascal(v.value) }"
                raise Unsupported(f"a computed choice for {pattern_id}")
            case ParameterType.JITTER:
                return self._jitter(package, v)
            case ParameterType.EXCEPTIONS:
                if not isinstance(v, ir.ListLit):
                    raise Unsupported("a computed list of error classes")
                values: list[str] = []
                for item in v.elems:
                    assert isinstance(item, ir.Name)
                    sentinel = self.go.sentinel(item.id)
                    if sentinel is None:
                        raise Unsupported(
                            f"error class {item.id} has no counterpart in Go", item.id, item.line
                        )
                    values.append(sentinel)
                return ", ".join(values)
            case ParameterType.STRINGS:
                if isinstance(v, ir.ListLit):
                    return ", ".join(self.e.x(i) for i in v.elems)
                return f"{self.e.x(v)}..."
            case _:
                return self.e.x(v)

    def _jitter(self, package: str, v: ir.Expr) -> str:
        if not isinstance(v, ir.Lit):
            raise Unsupported("a computed jitter")
        given: Any = v.value
        if given is False or given == "none":
            return f"{package}.NoJitter"
        if given is True:
            return f"{package}.Symmetric(0.25)"
        named = cast("dict[str, Any]", given) if isinstance(given, dict) else {"kind": given, "ratio": None}
        kind, ratio = str(named["kind"]), named["ratio"]
        if kind == "symmetric":
            return f"{package}.Symmetric({ratio if ratio is not None else 0.25})"
        return f"{package}.{ {'none': 'NoJitter', 'full': 'FullJitter', 'equal': 'EqualJitter'}[kind] }"

    def wrap(self, f: ir.Function) -> None:
        """Write the body of a function that runs under patterns, the outermost decorator outermost."""
        e = self.e
        e.prepare(f.body)
        if f.patterns[0].pattern_id == "rate_limiting":
            limiter = self._shared(f, f.patterns[0])
            zeros = f"{self.go.zero(f.result)}, " if f.result != ir.NONE else ""
            e.write(f"if err := {limiter}.Acquire(1); err != nil {{")
            e.write(f"\treturn {zeros}err")
            e.write("}")
            if len(f.patterns) == 1:
                e.block(f.body)
                if f.result == ir.NONE and not terminates(f.body):
                    e.write("return nil")
                return
            f = dataclasses.replace(f, patterns=f.patterns[1:])
        with e.captured() as body, e.indented():
            for p in f.params:
                if p.name in stores(f.body):
                    # Every attempt starts from the argument, as a new call does.
                    e.write(f"{e.name(p.name)} := {e.name(p.name)}")
            e.block(f.body)
            if f.result == ir.NONE and not terminates(f.body):
                e.write("return nil")
        results = self.go.results(f.result, True)
        self.go.imports.add("context")
        lines = [f"func(ctx context.Context){results} {{", *body, "\t}"]
        for i, use in enumerate(reversed(f.patterns)):
            lines = self._around(f, use, lines)
            if i < len(f.patterns) - 1:
                lines = [
                    f"func(ctx context.Context){results} {{",
                    f"\t\treturn {lines[0]}",
                    *(f"\t{x}" for x in lines[1:]),
                    "\t}",
                ]
        e.lines.append(f"\treturn {lines[0]}")
        e.lines.extend(lines[1:])

    def _around(self, f: ir.Function, use: ir.PatternUse, lines: list[str]) -> list[str]:
        if isinstance(f.result, ir.TupleT):
            raise Unsupported("a pattern around a function with several results", f.name, f.line)
        value = f.result != ir.NONE
        package = self.package(use.pattern_id)
        match use.pattern_id:
            case "retry_with_backoff":
                head = f"{package}.{'RetryValue' if value else 'Retry'}(ctx, "
                options = self.options(use.pattern_id, use.arguments)
            case "circuit_breaker":
                breaker = self._shared(f, use)
                head = f"{package}.CallValue(ctx, {breaker}, " if value else f"{breaker}.Call(ctx, "
                options = []
            case "error_boundary":
                arguments = dict(use.arguments)
                fallback = arguments.pop("fallback", None)
                zero = self.go.zero(f.result) if value else ""
                first = (
                    f"{self.e.x(self.e_coerce(fallback)) if fallback is not None and not (isinstance(fallback, ir.Lit) and fallback.value is None) else zero}, "
                    if value
                    else ""
                )
                head = f"{package}.{'BoundaryValue' if value else 'Boundary'}(ctx, {first}"
                options = self.options(use.pattern_id, arguments)
            case _:
                raise Unsupported(f"pattern {use.pattern_id} around a function", f.name, f.line)
        tail = "".join(f", {o}" for o in options) + ")"
        if len(lines[-1]) + len(tail) > 110 and options:
            last = [f"{lines[-1]},", *(f"\t\t{o}," for o in options), "\t)"]
        else:
            last = [f"{lines[-1]}{tail}"]
        return [f"{head}{lines[0]}", *lines[1:-1], *last]

    def e_coerce(self, v: ir.Expr) -> ir.Expr:
        """The expression itself; a place to widen literals when fallbacks need it."""
        return v

    def _shared(self, f: ir.Function, use: ir.PatternUse) -> str:
        """The package's variable that holds the breaker or limiter of a decorated function."""
        kind = "Breaker" if use.pattern_id == "circuit_breaker" else "Limiter"
        name = f"{camel(f.name)}{kind}"
        arguments = dict(use.arguments)
        if use.pattern_id == "circuit_breaker":
            arguments.setdefault("name", ir.Lit(f.name, type=ir.STR))
        made = self.construct(ir.PatternNew(use.pattern_id, arguments, line=f.line))
        self.go.shared.append(
            f"// {name} is shared by all calls of {self.go.function_name(f.name)}.\nvar {name} = {made}"
        )
        return name

    def construct(self, e: ir.PatternNew) -> str:
        """The constructor of a pattern's object."""
        package = self.package(e.pattern_id)
        arguments = dict(e.arguments)
        match e.pattern_id:
            case "circuit_breaker":
                name = arguments.pop("name", None)
                first = self.e.x(name) if name is not None else '""'
                options = self.options(e.pattern_id, arguments)
                return self._call(f"{package}.NewCircuitBreaker", [first, *options])
            case "rate_limiting":
                limit, period = arguments.pop("limit", None), arguments.pop("period", None)
                if limit is None:
                    raise Unsupported("a rate limiter without a limit")
                self.e.use("time")
                every = (
                    self.value(e.pattern_id, ParameterType.FLOAT, "seconds", period)
                    if period is not None
                    else "time.Second"
                )
                arguments.pop("wait", None)
                return self._call(
                    f"{package}.NewRateLimiter",
                    [self.e.x(limit), every, *self.options(e.pattern_id, arguments)],
                )
            case "structured_logging":
                name = arguments.pop("name", None)
                if name is None:
                    raise Unsupported("a logger without a name")
                return self._call(f"{package}.New", [self.e.x(name), *self.options(e.pattern_id, arguments)])
            case _:
                raise Unsupported(f"an object of pattern {e.pattern_id}")

    def _call(self, function: str, args: list[str]) -> str:
        return f"{function}({', '.join(args)})"

    def operation(self, e: ir.PatternOp) -> str:
        """A use of a pattern's object."""
        emitter = self.e
        match e.pattern_id, e.op:
            case ("circuit_breaker", "call"):
                inner = e.args[0]
                assert isinstance(inner, ir.Call | ir.MethodCall)
                assert e.obj is not None
                package = self.package(e.pattern_id)
                text, raised = emitter.call_text(inner)
                results = self.go.results(inner.type, True)
                if inner.type == ir.NONE:
                    body = text if raised else ""
                    if not body:
                        raise Unsupported("a circuit breaker around a function that cannot fail")
                    return f"{emitter.x(e.obj, 7)}.Call(ctx, func(ctx context.Context) error {{ return {body} }})"
                value = f"return {text}" if raised else f"return {text}, nil"
                indent = "\t" * emitter.depth
                return f"{package}.CallValue(ctx, {emitter.x(e.obj)}, func(ctx context.Context){results} {{\n{indent}\t{value}\n{indent}}})"
            case ("structured_logging", level):
                assert e.obj is not None
                args = [emitter.x(e.args[0])]
                for name, value in e.fields:
                    args.append(f'"{name}"')
                    args.append(emitter.x(value))
                return f"{emitter.x(e.obj, 7)}.{pascal(level)}({', '.join(args)})"
            case ("rate_limiting", "acquire"):
                assert e.obj is not None
                return f"{emitter.x(e.obj, 7)}.Acquire({emitter.x(e.args[0])})"
            case ("rate_limiting", "try_acquire"):
                assert e.obj is not None
                if isinstance(e.args[0], ir.Lit) and e.args[0].value == 1:
                    return f"{emitter.x(e.obj, 7)}.Allow()"
                raise Unsupported("try_acquire of several permits")
            case _:
                raise Unsupported(f"operation {e.op} of pattern {e.pattern_id}")


__all__ = ["Patterns", "camel", "go_duration"]
