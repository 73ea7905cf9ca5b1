"""Go tests of a port: the source's recorded behaviour as table tests, with scripted fakes and a virtual clock."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: E501 - a template of the target's code reads best on one line.
from __future__ import annotations

import contextlib
import copy
import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from foundation_engine.port import ir
from foundation_engine.port.emit._go_tidy import blanked
from foundation_engine.port.emit._names import camel, pascal
from foundation_engine.port.emit._worlds import with_command
from foundation_engine.port.emit.go import FunctionEmitter, GoModule, go_string, ordered_maps
from foundation_engine.port.ir import Type, Unsupported


class RecordedPlan(Protocol):
    """What a test needs of a plan; `foundation_engine.verify.cases.Plan` is one."""

    @property
    def function(self) -> str: ...
    @property
    def args(self) -> tuple[Any, ...]: ...
    @property
    def cls(self) -> str: ...
    @property
    def object(self) -> tuple[tuple[str, Any], ...]: ...
    @property
    def repeat(self) -> int: ...
    @property
    def world(self) -> Mapping[str, Any] | None: ...
    @property
    def advance(self) -> int: ...
    @property
    def fresh(self) -> bool: ...


class RecordedCase(Protocol):
    """What a test needs of a recorded case; `foundation_engine.verify.cases.Case` is one."""

    @property
    def plan(self) -> RecordedPlan: ...
    @property
    def steps(self) -> tuple[dict[str, Any], ...]: ...
    @property
    def trace(self) -> tuple[Any, ...]: ...
    @property
    def sleeps(self) -> tuple[int, ...]: ...
    @property
    def sleeps_high(self) -> tuple[int, ...]: ...
    @property
    def after(self) -> tuple[Any, ...]: ...
    @property
    def state(self) -> Any: ...
    @property
    def world_after(self) -> Mapping[str, Any] | None: ...


# The patterns whose objects can be arguments, by the names of their classes.
MADE = {
    "HttpClient": "http_client", "CircuitBreaker": "circuit_breaker", "RateLimiter": "rate_limiting",
    "Logger": "structured_logging", "RetryPolicy": "retry_with_backoff",
}  # fmt: skip
# What a method of a fake does that a case does not script.
UNEXPECTED: list[dict[str, Any]] = [{"error": "RuntimeError"}]


def made_object(v: Any) -> ir.PatternNew:
    """The construction of a neutral value that is an object of the runtime."""
    name, arguments = tagged(v)["made"]

    def literal(a: Any) -> ir.Expr:
        match a:
            case {"float": text}:
                return ir.Lit(float(text), type=ir.FLOAT)
            case {"list": items}:
                return ir.ListLit([literal(i) for i in items], type=ir.ListT(ir.STR))
            case bool():
                return ir.Lit(a, type=ir.BOOL)
            case int():
                return ir.Lit(a, type=ir.INT)
            case str():
                return ir.Lit(a, type=ir.STR)
            case _:
                raise Unsupported(f"an argument {a!r} of {name}")

    return ir.PatternNew(MADE[name], {k: literal(a) for k, a in arguments.items()}, type=ir.NamedT(name))


def any_type(v: Any) -> Type:
    """The type of a neutral value that may be of any type; Unsupported for one that JSON cannot hold."""
    match v:
        case None:
            return ir.NONE
        case bool():
            return ir.BOOL
        case int():
            return ir.INT
        case str():
            return ir.STR
        case {"float": text} if text not in ("inf", "-inf", "nan"):
            return ir.FLOAT
        case {"list": _}:
            return ir.ListT(ir.ANY)
        case {"dict": pairs} if all(isinstance(k, str) for k, _ in pairs):
            return ir.DictT(ir.STR, ir.ANY)
        case _:
            raise Unsupported("a value that JSON cannot hold in a test")


def time_value(v: Any, t: Type) -> ir.Expr:
    """A neutral date, point in time or length of time as the expression that makes it."""
    if t == ir.DELTA:
        return ir.Intrinsic("delta.of", [ir.Lit(v["delta"], type=ir.INT), ir.Lit(1, type=ir.INT)], type=t)
    if t == ir.DATE:
        day = datetime.date.fromisoformat(v["date"])
        return ir.Intrinsic("date.make", [ir.Lit(p, type=ir.INT) for p in day.timetuple()[:3]], type=t)
    point = datetime.datetime.fromisoformat(v["time"])
    if (point.tzinfo is not None) is not (t == ir.TIME):
        raise Unsupported("a datetime with a time zone where one without is declared, or the other way round")
    parts = [*point.timetuple()[:6], point.microsecond]
    return ir.Intrinsic("time.make", [ir.Lit(p, type=ir.INT) for p in parts], type=t)


def any_value(v: Any) -> ir.Expr:
    """A neutral value as an expression of type ANY."""
    made: ir.Expr
    match any_type(v):
        case ir.ListT() as t:
            made = ir.ListLit([any_value(x) for x in elements(v) or ()], type=t)
        case ir.DictT() as t:
            made = ir.DictLit([(ir.Lit(k, type=ir.STR), any_value(x)) for k, x in v["dict"]], type=t)
        case t:
            plain = float(float_text(v)) if t == ir.FLOAT else v
            if isinstance(plain, str) and "{server}" in plain:
                raise Unsupported("an address in a value of any type in a test")
            made = ir.Lit(plain, type=t)
    return ir.Intrinsic("json.of", [made], type=ir.ANY)


# Objects of the runtime, which a recorded state does not show.
_KEPT = ("CircuitBreaker", "RateLimiter", "RetryPolicy", "Logger", "HttpClient")


def tagged(v: Any) -> dict[str, Any]:
    """A neutral value that is an object with a tag; an empty one for a plain value."""
    return cast("dict[str, Any]", v) if isinstance(v, dict) else {}


def elements(v: Any) -> list[Any] | None:
    """The elements of a neutral list or tuple, None for another value."""
    value = tagged(v)
    return value.get("list", value.get("tuple"))


def float_text(v: Any) -> str:
    """The text of a neutral number as a float."""
    return str(tagged(v)["float"]) if tagged(v) else repr(float(v))


class GoTests:
    """Builds test files for one package."""

    def __init__(self, module: ir.Module, package: str, runtime: str, dialect: str = "foundation") -> None:
        self.module = module
        self.go = GoModule(
            module, package, runtime, dialect, ordered=ordered_maps(module, package, runtime, dialect)
        )
        self.go.uses_runtime_errors = True
        self.package = package
        self.runtime = runtime
        self.imports: set[str] = set()
        self.support: set[str] = set()
        self.fakes: set[str] = set()
        self.shared = self._shared_objects()

    def _shared_objects(self) -> list[tuple[str, str]]:
        """The package's variables that hold breakers and limiters, with what makes them."""
        made_somewhere = any(
            isinstance(n, ir.PatternNew) for d in self.module.definitions for n in ir.walk(d)
        )
        if not made_somewhere and not any(f.patterns for _, f in self.module.functions()):
            return []
        # Emitting marks the module's nodes, so a copy is emitted.
        module = copy.deepcopy(self.module)
        source = (
            GoModule(
                module, self.package, self.runtime, self.go.templates.chosen.dialect, ordered=self.go.ordered
            )
            .emit()
            .source
        )
        made: list[tuple[str, str]] = re.findall(
            r"^(?:var |\t)(\w+)\s+= (resilience\.New(?:CircuitBreaker|RateLimiter)\(.*\))$",
            source,
            re.MULTILINE,
        )
        return made

    # Values

    def literal(self, v: Any, t: Type) -> str:
        """A neutral value as Go source."""
        match t:
            case ir.OptionalT(elem):
                if v is None:
                    return "nil"
                text = self.literal(v, elem)
                if self.go.nilable(elem):
                    return text
                self.support.add("ptr")
                return f"ptr[{self.go.type(elem)}]({text})"
            case ir.P(ir.Prim.INT):
                return str(int(v))
            case ir.P(ir.Prim.FLOAT):
                return self._float(v)
            case ir.P(ir.Prim.BOOL):
                return "true" if v else "false"
            case ir.P(ir.Prim.STR) | ir.P(ir.Prim.CHAR):
                if not isinstance(v, str):
                    raise Unsupported("a value of another type than declared")
                return self._place(go_string(v))
            case ir.P() if t in (ir.TIME, ir.NAIVE, ir.DATE, ir.DELTA):
                self.imports.add("time")
                return FunctionEmitter(self.go, ir.Function("test", [], ir.NONE, [])).x(time_value(v, t))
            case ir.P(ir.Prim.BYTES):
                return f"[]byte{{{', '.join(map(str, v['bytes']))}}}"
            case ir.ListT(elem):
                items = elements(v)
                if items is None:
                    raise Unsupported("a value of another type than declared")
                return f"{self.go.type(t)}{{{', '.join(self.literal(x, elem) for x in items)}}}"
            case ir.SetT(elem):
                return f"{self.go.type(t)}{{{', '.join(f'{self.literal(x, elem)}: {{}}' for x in v['set'])}}}"
            case ir.DictT(key, value) if self.go.is_ordered(t):
                pair = f"Pair[{self.go.type(key)}, {self.go.type(value)}]"
                items = ", ".join(
                    f"{pair}{{{self.literal(k, key)}, {self.literal(w, value)}}}" for k, w in v["dict"]
                )
                return f"NewOrderedMap[{self.go.type(key)}, {self.go.type(value)}]({items})"
            case ir.DictT(key, value):
                items = ", ".join(f"{self.literal(k, key)}: {self.literal(w, value)}" for k, w in v["dict"])
                return f"{self.go.type(t)}{{{items}}}"
            case ir.TupleT(elems):
                items = v.get("tuple", v.get("list"))
                return f"{self.go.type(t)}{{{', '.join(self.literal(x, e) for x, e in zip(items, elems, strict=True))}}}"
            case ir.NamedT(name):
                return self._object(v, name)
            case ir.P(ir.Prim.ANY):
                return FunctionEmitter(self.go, ir.Function("test", [], ir.NONE, [])).x(any_value(v))
            case _:
                raise Unsupported(f"a value of type {ir.type_text(t)} in a test")

    def _place(self, text: str) -> str:
        """A string literal in which the server's address is put at run time."""
        return f"world.text({text})" if "{server}" in text else text

    def _float(self, v: Any) -> str:
        text = float_text(v)
        if text in ("inf", "-inf", "nan"):
            self.imports.add("math")
            return "math.NaN()" if text == "nan" else f"math.Inf({'-1' if text[0] == '-' else '1'})"
        return text if any(c in text for c in ".e") else f"{text}.0"

    def _object(self, v: Any, name: str) -> str:
        if v is None:
            return "nil"
        d = self.module.find(name)
        if isinstance(d, ir.EnumClass):
            return self.go.enum_member(v["enum"][0], v["enum"][1])
        if not isinstance(d, ir.Class) or "object" not in tagged(v):
            raise Unsupported(f"a value of type {name} in a test")
        types = {f.name: f.type for f in d.fields}
        made = self.go.names.types[name]
        parts = [
            f"{self.go.names.fields[name, k]}: {self.literal(w, types[k])}"
            for k, w in v["object"]["fields"].items()
            if w is not None
            and (not self._zero(w) or isinstance(types[k], ir.OptionalT) or types[k] == ir.ANY)
        ]
        return f"{'&' if self.go.is_pointer(name) else ''}{made}{{{', '.join(parts)}}}"

    def _zero(self, w: Any) -> bool:
        return w is None or w is False or (isinstance(w, int) and w == 0) or w == "" or w == {"float": "0.0"}

    def error(self, name: str, bases: Sequence[str] = ()) -> str | None:
        """The sentinel of an error class, or of its nearest base that has one; None when none has."""
        for n in (name, *bases):
            found = self.go.sentinel(n)
            if found is not None:
                if found.startswith("errors."):
                    self.imports.add(f"{self.runtime}/errors")
                return found
        return None

    # Arguments

    def argument(self, v: Any, t: Type, name: str, before: list[str]) -> str:
        """The Go text of an argument; fakes are made in statements before the call."""
        if "fake" in tagged(v):
            made = self.go.local(name)
            if made in ("calls", "got", "t", "start"):
                made += "Fake"
            before.append(f"{made} := {self._fake(v['fake'], t)}")
            return made
        if "made" in tagged(v):
            # The emitter writes it as it writes the constructor in a port.
            text = FunctionEmitter(self.go, ir.Function("test", [], ir.NONE, [])).x(made_object(v))
            made = self.go.local(name)
            if made in ("calls", "got", "t", "start", "world"):
                made += "Made"
            # It is one object for all steps of a case.
            before.append(f"{made} := " + text.replace('"{server}"', "world.server.URL"))
            return made
        return self.literal(v, t)

    def _fake(self, fake: Mapping[str, Any], t: Type) -> str:
        self.support.update({"trace", "script"})
        if isinstance(t, ir.NamedT):
            d = self.module.find(t.name)
            assert isinstance(d, ir.Protocol)
            self.fakes.add(t.name)
            parts = ["calls: calls"]
            parts.extend(
                f"{camel(m.name)}Script: {self._script(fake['methods'].get(m.name, UNEXPECTED), m.result)}"
                for m in d.methods
            )
            return f"&fake{self.go.names.types[t.name]}{{{', '.join(parts)}}}"
        assert isinstance(t, ir.FuncT)
        self.imports.add("context")
        script = self._script(fake["methods"][""], t.result)
        params = ", ".join(
            ["ctx context.Context", *(f"a{i} {self.go.type(p)}" for i, p in enumerate(t.params))]
        )
        args = "".join(f", a{i}" for i in range(len(t.params)))
        results = self.go.results(t.result, True)
        body = f"calls.add({go_string(fake['name'])}{args}); "
        body += "return answers.next()" if t.result != ir.NONE else "_, err := answers.next(); return err"
        return f"func() func({params}){results} {{ answers := {script}; return func({params}){results} {{ {body} }} }}()"

    def _script(self, outcomes: Iterable[Mapping[str, Any]], result: Type) -> str:
        t = "struct{}" if result == ir.NONE else self.go.type(result)
        parts: list[str] = []
        for o in outcomes:
            if "error" in o:
                sentinel = self.error(o["error"])
                if sentinel is None:
                    self.imports.add(f"{self.runtime}/errors")
                    sentinel = f'errors.New("{o["error"]}")'
                parts.append(f"{{err: {sentinel}}}")
            else:
                parts.append(
                    "{}"
                    if result == ir.NONE or (self._zero(o["value"]) and not isinstance(result, ir.OptionalT))
                    else f"{{value: {self.literal(o['value'], result)}}}"
                )
        return f"&script[{t}]{{{', '.join(parts)}}}"

    # Files

    def file(
        self,
        cases: Sequence[RecordedCase],
        prefix: str = "Test",
        support: bool = True,
        thorough: bool = False,
    ) -> str:
        """A test file with one test per function."""
        by_function: dict[tuple[str, str], list[RecordedCase]] = {}
        for c in cases:
            by_function.setdefault((c.plan.cls, c.plan.function), []).append(c)
        body: list[str] = []
        for (cls, name), group in by_function.items():
            body.extend(self._test(cls, name, group, prefix, thorough))
        for fake in sorted(self.fakes) if support else ():
            body.extend(self._fake_type(fake))
        lines = [f"package {self.package}", ""]
        tail = self._support() if support else []
        imports = {*self.imports, "testing"}
        # A text that a case is about may hold anything.
        text = "\n".join(blanked(line) for line in [*body, *tail])
        for package, mark in (
            ("reflect", "reflect."), ("math", "math."), ("time", "time."), ("context", "context."), ("testing/synctest", "synctest."),
            ("fmt", "fmt."), (f"{self.runtime}/errors", "errors."), (f"{self.runtime}/resilience", "resilience."),
            (f"{self.runtime}/httpclient", "httpclient."), (f"{self.runtime}/logging", "logging."),
            ("net/http", "http."), ("net/http/httptest", "httptest."), ("os", "os."), ("path/filepath", "filepath."),
            ("strings", "strings."), ("io", "io."), ("io/fs", "fs."), ("encoding/json", "json."), ("slices", "slices."),
            ("sync", "sync."), ("strconv", "strconv."),
        ):  # fmt: skip
            if re.search(rf"(?<![\w.]){re.escape(mark)}", text):
                imports.add(package)
            else:
                imports.discard(package)
        ours_errors = f"{self.runtime}/errors"
        if ours_errors in imports and not re.search(r"\berrors\.(?!(?:Is|As|New|Join)\b)", text):
            # The standard package does, so that a port without our runtime has tests without it.
            imports.remove(ours_errors)
            imports.add("errors")
        ours = sorted(i for i in imports if i.startswith(f"{self.runtime}/"))
        lines.append("import (")
        lines.extend(f'\t"{i}"' for i in sorted(imports) if i not in ours)
        if ours:
            lines.extend(["", *(f'\t"{i}"' for i in ours)])
        lines.append(")")
        return "\n".join([*lines, *body, *tail]) + "\n"

    def _test(self, cls: str, name: str, cases: list[RecordedCase], prefix: str, thorough: bool) -> list[str]:
        owner = self.module.find(cls) if cls else None
        if isinstance(owner, ir.Class):
            f = next(m for m in owner.methods if m.name == name)
            title = f"{prefix}{self.go.names.types[cls]}{pascal(name)}"
        else:
            found = self.module.find(name)
            assert isinstance(found, ir.Function)
            f = found
            title = f"{prefix}{pascal(name)}"
        out = ["", f"func {title}(t *testing.T) {{"]
        for i, c in enumerate(cases):
            try:
                inner = self._case(f, owner if isinstance(owner, ir.Class) else None, c, thorough)
            except (Unsupported, KeyError, ValueError, TypeError, AttributeError):
                # A value that the target's declared types cannot hold is not a case for it.
                continue
            virtual = f.context or bool(c.plan.advance) or bool(c.sleeps)
            out.append(f'\tt.Run("case {i + 1}", func(t *testing.T) {{')
            out.append("\t\tdefer noPanic(t)")
            self.support.add("noPanic")
            if c.plan.world is not None:
                # The server must not live in the bubble: what waits for the network keeps its time from passing.
                self.support.add("world")
                out.append(f"\t\tworld := newWorld(t, {self._given(c.plan.world)})")
            if virtual:
                out.append("\t\tsynctest.Test(t, func(t *testing.T) {")
                out.append("\t\t\tdefer noPanic(t)")
            out.extend(f"\t\t{line}" for line in inner)
            if virtual:
                out.append("\t\t})")
            out.append("\t})")
        return [*out, "}"]

    def _case(self, f: ir.Function, owner: ir.Class | None, c: RecordedCase, thorough: bool) -> list[str]:
        lines: list[str] = []
        setup: list[str] = []
        args: list[str] = []
        watched: list[tuple[str, Type, Any]] = []
        for i, (p, v) in enumerate(zip(f.params, c.plan.args, strict=True)):
            text = self.argument(v, p.type, p.name, setup)
            after = c.after[i] if i < len(c.after) else None
            changes = isinstance(p.type, ir.ListT | ir.DictT | ir.SetT) or (
                isinstance(p.type, ir.NamedT) and self.go.is_pointer(p.type.name)
            )
            if (
                changes
                and after is not None
                and (thorough or after != v)
                and not isinstance(self.module.find(getattr(p.type, "name", "")), ir.Protocol)
            ):
                name = self.go.local(p.name)
                name = f"{name}Arg" if name in ("got", "calls", "t", "start", "wait") else name
                setup.append(f"{name} := {text}")
                watched.append((name, p.type, after))
                text = name
            args.append(text)
        static = owner is not None and f.kind == "static"
        receiver = ""
        if owner is not None and not static:
            receiver = "object"
            made = self._make(owner, dict(c.plan.object), setup)
            if owner.init is not None and owner.init.raises:
                setup.extend([f"object, err := {made}", "if err != nil {", "\tt.Fatal(err)", "}"])
            else:
                setup.append(f"object := {made}")
        if f.context:
            args.insert(0, "t.Context()")
        method = self.go.method_name(f.name) if owner is not None else self.go.function_name(f.name)
        call = (
            f"{receiver}.{method}"
            if receiver
            else self.go.static_name(owner.name, f.name)
            if owner
            else method
        )
        call = f"{call}({', '.join(args)})"
        fakes = any("calls" in s for s in setup)
        if fakes:
            lines.append("calls := &trace{}")
        lines.extend(setup)
        if c.plan.fresh and self.shared:
            self.support.add("fresh")
            lines.insert(0, "fresh()")
        timed = f.context or bool(c.plan.advance) or bool(c.sleeps)
        if timed:
            lines.append("start := time.Now()")
        fails = bool(f.raises)
        for i, step in enumerate(c.steps):
            if i and c.plan.advance:
                lines.append(f"time.Sleep({c.plan.advance})")
            lines.extend(self._step(f, call, step, fails))
        if timed:
            passed = c.plan.advance * (len(c.steps) - 1)
            low, high = sum(c.sleeps) + passed, sum(c.sleeps_high or c.sleeps) + passed
            self.support.add("wantElapsed")
            # A length of a float of seconds is cut at whole nanoseconds.
            least = min(low, high) - (0 if f.context else len(c.sleeps))
            lines.append(f"wantElapsed(t, start, {least}, {max(low, high)})")
        if fakes:
            expected = ", ".join(self._call(t) for t in c.trace)
            self.support.add("wantSame")
            lines.append(f'wantSame(t, "calls", calls.list, [][]any{{{expected}}})')
        for name, t, after in watched:
            self.support.add("wantSame")
            lines.append(f'wantSame(t, "{name} afterwards", {name}, {self.literal(after, t)})')
        if receiver and c.state is not None and owner is not None:
            self.support.add("wantSame")
            # A state that cannot be written as a literal is compared by what the methods answer.
            with contextlib.suppress(Unsupported):
                lines.extend(self._state(c.state, owner))
        if c.plan.world is not None and c.world_after is not None:
            lines.append(f"world.want(t, {self._left(c.world_after)})")
        return lines

    # Worlds

    def _given(self, world: Mapping[str, Any]) -> str:
        parts: list[str] = []
        for key in ("env", "files"):
            if world.get(key):
                items = ", ".join(f"{go_string(k)}: {go_string(v)}" for k, v in world[key].items())
                parts.append(f"{key}: map[string]string{{{items}}}")
        if world.get("commands"):
            items = ", ".join(
                f"{go_string(name)}: {{{', '.join(self._output(o) for o in outcomes)}}}"
                for name, outcomes in world["commands"].items()
            )
            parts.append(f"commands: map[string][]output{{{items}}}")
        if "http" in world or "{server}" in str(world):
            items = ", ".join(self._answer(a) for a in world.get("http", ()))
            parts.append(f"http: []answer{{{items}}}, server: true")
        return f"given{{{', '.join(parts)}}}"

    def _output(self, o: Mapping[str, Any]) -> str:
        parts = [f"{k}: {go_string(o[k])}" for k in ("stdout", "stderr") if o.get(k)]
        if o.get("exit"):
            parts.append(f"exit: {o['exit']}")
        return f"{{{', '.join(parts)}}}"

    def _answer(self, a: Mapping[str, Any]) -> str:
        parts = [f"status: {a.get('status', 200)}"]
        if a.get("headers"):
            items = ", ".join(f"{go_string(k)}: {go_string(str(v))}" for k, v in a["headers"].items())
            parts.append(f"headers: map[string]string{{{items}}}")
        if a.get("body"):
            parts.append(f"body: {go_string(a['body'])}")
        return f"{{{', '.join(parts)}}}"

    def _left(self, after: Mapping[str, Any]) -> str:
        files = ", ".join(f"{go_string(k)}: {go_string(v)}" for k, v in after.get("files", {}).items())
        parts = [f"files: map[string]string{{{files}}}", f"stdout: {go_string(after.get('stdout', ''))}"]
        if "commands" in after:
            calls = ", ".join(f"{{{', '.join(go_string(w) for w in call)}}}" for call in after["commands"])
            parts.append(f"commands: [][]string{{{calls}}}")
        if "requests" in after:
            requests = ", ".join(
                f"{{{go_string(r['method'])}, {go_string(r['path'])}, {go_string(r['body'])}}}"
                for r in after["requests"]
            )
            parts.append(f"requests: []request{{{requests}}}")
        return f"left{{{', '.join(parts)}}}"

    def _state(self, state: Any, owner: ir.Class) -> list[str]:
        """Comparison of an object with its recorded state; field by field when the state does not show every field."""
        shown: dict[str, Any] = state["object"]["fields"]
        types = {f.name: f.type for f in owner.fields}
        if set(types) <= set(shown):
            return [f'wantSame(t, "state", object, {self._object(state, owner.name)})']
        hidden = [t for n, t in types.items() if n not in shown]
        if not any(isinstance(t, ir.NamedT) and t.name in _KEPT for t in hidden):
            return [f'wantSame(t, "state", object, {self._object(state, owner.name)})']
        return [
            f'wantSame(t, "{n}", object.{self.go.names.fields[owner.name, n]}, {self.literal(v, types[n])})'
            for n, v in shown.items()
        ]

    def _make(self, owner: ir.Class, fields: dict[str, Any], setup: list[str]) -> str:
        name = self.go.names.types[owner.name]
        if owner.init is not None:
            args = [self.argument(fields[p.name], p.type, p.name, setup) for p in owner.init.params]
            if owner.init.context:
                args.insert(0, "t.Context()")
            return f"{self.go.names.constructors[owner.name]}({', '.join(args)})"
        parts = [
            f"{self.go.names.fields[owner.name, f.name]}: {self.argument(fields[f.name], f.type, f.name, setup)}"
            for f in owner.fields
        ]
        return f"{'&' if self.go.is_pointer(owner.name) else ''}{name}{{{', '.join(parts)}}}"

    def _step(self, f: ir.Function, call: str, step: Mapping[str, Any], fails: bool) -> list[str]:
        if "error" in step:
            self.support.add("wantFailure")
            sentinel = self.error(step["error"], step.get("bases", ()))
            if step["error"] in ir.PROGRAM_ERRORS or not fails:
                sentinel = None
            count = (
                0 if f.result == ir.NONE else len(f.result.elems) if isinstance(f.result, ir.TupleT) else 1
            )
            blanks = ", ".join("_" for _ in range(count))
            if fails:
                run = f"func() error {{ {blanks + ', ' if blanks else ''}err := {call}; return err }}"
            else:
                run = (
                    f"func() error {{ {call}; return nil }}"
                    if not blanks
                    else f"func() error {{ {blanks} = {call}; return nil }}"
                )
            return [f"wantFailure(t, {sentinel or 'nil'}, {run})"]
        self.support.add("wantSame")
        if f.result == ir.NONE:
            if fails:
                return [f"if err := {call}; err != nil {{", "\tt.Fatal(err)", "}"]
            return [call]
        types = f.result.elems if isinstance(f.result, ir.TupleT) else (f.result,)
        values = step["value"]["tuple"] if isinstance(f.result, ir.TupleT) else [step["value"]]
        names = [f"got{i + 1}" if len(types) > 1 else "got" for i in range(len(types))]
        lines = ["{", f"{', '.join([*names, *(['err'] if fails else [])])} := {call}"]
        if fails:
            lines.extend(["if err != nil {", "\tt.Fatal(err)", "}"])
        for n, t, v in zip(names, types, values, strict=True):
            text = self.literal(v, t)
            if text == "nil":
                text = (
                    f"{self.go.type(t)}(nil)"
                    if not self.go.type(t).startswith("*")
                    else f"({self.go.type(t)})(nil)"
                )
            lines.append(f'wantSame(t, "result", {n}, {text})')
        return [*lines, "}"]

    def _call(self, traced: Any) -> str:
        name, args = traced
        fake, _, method = name.partition(".")
        types: Sequence[Type] = ()
        label = name
        d = self.module.find(fake)
        if isinstance(d, ir.Protocol):
            m = next(x for x in d.methods if x.name == method)
            types = [p.type for p in m.params]
        else:
            types = self._callable_types(name)
        return (
            "{"
            + ", ".join([go_string(label), *(self._any(a, t) for a, t in zip(args, types, strict=True))])
            + "}"
        )

    def _any(self, v: Any, t: Type) -> str:
        text = self.literal(v, t)
        return f"float64({text})" if t == ir.FLOAT else f"int({text})" if t == ir.INT else text

    def _callable_types(self, name: str) -> Sequence[Type]:
        for _, f in self.module.functions():
            for p in f.params:
                if p.name == name and isinstance(p.type, ir.FuncT):
                    return p.type.params
        for d in self.module.definitions:
            if isinstance(d, ir.Class) and d.init is not None:
                for p in d.init.params:
                    if p.name == name and isinstance(p.type, ir.FuncT):
                        return p.type.params
        raise Unsupported("a call of something unknown")

    def _fake_type(self, name: str) -> list[str]:
        d = self.module.find(name)
        assert isinstance(d, ir.Protocol)
        made = f"fake{self.go.names.types[name]}"
        if any(m.context for m in d.methods):
            self.imports.add("context")
        out = [
            "",
            f"// {made} answers from scripts and notes its calls.",
            f"type {made} struct {{",
            "\tcalls *trace",
        ]
        for m in d.methods:
            t = "struct{}" if m.result == ir.NONE else self.go.type(m.result)
            out.append(f"\t{camel(m.name)}Script *script[{t}]")
        out.append("}")
        for m in d.methods:
            names = [self.go.local(p.name) for p in m.params]
            params = ", ".join(
                [
                    *(["ctx context.Context"] if m.context else []),
                    *(f"{n} {self.go.type(p.type)}" for n, p in zip(names, m.params, strict=True)),
                ]
            )
            args = "".join(f", {n}" for n in names)
            out.extend(
                [
                    "",
                    f"func (f *{made}) {self.go.method_name(m.name)}({params}){self.go.results(m.result, bool(m.raises))} {{",
                ]
            )
            out.append(f"\tf.calls.add({go_string(f'{name}.{m.name}')}{args})")
            if not m.raises:
                # What the source's own method cannot do, its script does not ask for.
                head = "_, err" if m.result == ir.NONE else "value, err"
                out.extend(
                    [
                        f"\t{head} := f.{camel(m.name)}Script.next()",
                        "\tif err != nil {",
                        "\t\tpanic(err)",
                        "\t}",
                    ]
                )
                out.extend([] if m.result == ir.NONE else ["\treturn value"])
                out.append("}")
            elif m.result == ir.NONE:
                out.extend([f"\t_, err := f.{camel(m.name)}Script.next()", "\treturn err", "}"])
            else:
                out.extend([f"\treturn f.{camel(m.name)}Script.next()", "}"])
        return out

    def _support(self) -> list[str]:
        wanted = {*self.support}
        if "world" in wanted:
            wanted.add("wantSame")
        if "wantSame" in wanted:
            wanted.add("same")
        if "wantFailure" in wanted:
            self.imports.add(f"{self.runtime}/errors")
        texts = {name: _SUPPORT[name] for name in sorted(wanted - {"fresh"})}
        if "fresh" in wanted:
            lines = "\n".join(f"\t{name} = {made}" for name, made in self.shared)
            texts["fresh"] = _FRESH.replace("LINES", lines)
        if "wantFailure" in texts and not any(f.patterns for _, f in self.module.functions()):
            texts["wantFailure"] = texts["wantFailure"].replace(_EXHAUSTED, "")
        return [line for text in texts.values() for line in ["", *text.strip().splitlines()]]


_EXHAUSTED = """ else if class != errors.ErrMaxRetriesExceeded && class != nil && errors.Is(err, errors.ErrMaxRetriesExceeded) {
		t.Errorf("retries were exhausted, want %v", class)
	}"""
_FRESH = """
// fresh gives the package new breakers and limiters, because they outlive a call.
func fresh() {
LINES
}
"""
_SUPPORT: Mapping[str, str] = {
    "world": with_command("""
// given is what a call finds around it.
type given struct {
	env, files map[string]string
	commands   map[string][]output
	http       []answer
	server     bool
}

// output is how a command ends; answer is what the server says. The last of a list repeats.
type output struct {
	stdout, stderr string
	exit           int
}

type answer struct {
	status  int
	headers map[string]string
	body    string
}

type request struct{ method, path, body string }

// left is what there is after the call.
type left struct {
	files    map[string]string
	stdout   string
	commands [][]string
	requests []request
}

// world is a folder with files, an environment, commands on the path, and a server on the loopback address.
type world struct {
	folder, notes string
	stdout        *os.File
	server        *httptest.Server
	mutex         sync.Mutex
	requests      []request
}

func newWorld(t *testing.T, g given) *world {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	root := t.TempDir()
	w := &world{folder: filepath.Join(root, "work"), notes: filepath.Join(root, "notes", "all")}
	commands := filepath.Join(root, "bin")
	for _, folder := range []string{w.folder, commands, filepath.Dir(w.notes)} {
		check(os.Mkdir(folder, 0o755))
	}
	for name, text := range g.files {
		path := filepath.Join(w.folder, name)
		check(os.MkdirAll(filepath.Dir(path), 0o755))
		check(os.WriteFile(path, []byte(text), 0o644))
	}
	for name, outputs := range g.commands {
		log := filepath.Join(root, "notes", name)
		for i, o := range outputs {
			check(os.WriteFile(log+"."+strconv.Itoa(i)+".out", []byte(o.stdout), 0o644))
			check(os.WriteFile(log+"."+strconv.Itoa(i)+".err", []byte(o.stderr), 0o644))
			check(os.WriteFile(log+"."+strconv.Itoa(i)+".exit", []byte(strconv.Itoa(o.exit)+"\\n"), 0o644))
		}
		script := strings.NewReplacer("LOG", log, "ALL", w.notes, "NAME", name, "COUNT", strconv.Itoa(len(outputs))).Replace(commandScript)
		check(os.WriteFile(filepath.Join(commands, name), []byte(script), 0o755))
	}
	if g.server {
		w.server = httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.mutex.Lock()
			defer w.mutex.Unlock()
			w.requests = append(w.requests, request{r.Method, r.URL.RequestURI(), string(body)})
			a := answer{status: 500}
			if len(g.http) > 0 {
				a = g.http[min(len(w.requests), len(g.http))-1]
			}
			for name, value := range a.headers {
				writer.Header().Set(name, w.text(value))
			}
			writer.WriteHeader(a.status)
			_, _ = io.WriteString(writer, a.body)
		}))
		// A connection that is kept open would keep the virtual clock from moving.
		w.server.Config.SetKeepAlivesEnabled(false)
		t.Cleanup(w.server.Close)
	}
	for name, value := range g.env {
		t.Setenv(name, w.text(value))
	}
	t.Setenv("PATH", commands)
	t.Chdir(w.folder)
	stdout, err := os.Create(filepath.Join(root, "stdout"))
	check(err)
	before := os.Stdout
	os.Stdout, w.stdout = stdout, stdout
	t.Cleanup(func() { os.Stdout = before; _ = stdout.Close() })
	return w
}

// commandScript answers from its list in turn, and notes its arguments.
const commandScript = `<script>
`

// text puts the server's address in.
func (w *world) text(text string) string {
	if w.server == nil {
		return text
	}
	return strings.ReplaceAll(text, "{server}", w.server.URL)
}

func (w *world) want(t *testing.T, l left) {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(w.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(w.folder, path)
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for name, text := range l.files {
		l.files[name] = w.text(text)
	}
	wantSame(t, "files", files, l.files)
	stdout, _ := os.ReadFile(w.stdout.Name())
	wantSame(t, "standard output", string(stdout), w.text(l.stdout))
	calls := [][]string{}
	notes, _ := os.ReadFile(w.notes)
	for call := range strings.SplitSeq(strings.TrimSuffix(string(notes), "\\x1e"), "\\x1e") {
		if call != "" {
			calls = append(calls, strings.Split(strings.TrimSuffix(call, "\\x1f"), "\\x1f"))
		}
	}
	wantSame(t, "commands", calls, l.commands)
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if len(w.requests) != len(l.requests) {
		t.Errorf("requests: got %v, want %v", w.requests, l.requests)
		return
	}
	for i, r := range w.requests {
		want := l.requests[i]
		wantSame(t, "request", r.method+" "+parametersInOrder(r.path), want.method+" "+parametersInOrder(w.text(want.path)))
		var got, wanted any
		if json.Unmarshal([]byte(r.body), &got) == nil && json.Unmarshal([]byte(want.body), &wanted) == nil {
			wantSame(t, "body", got, wanted)
		} else {
			wantSame(t, "body", r.body, w.text(want.body))
		}
	}
}

// parametersInOrder sorts a request's parameters, because their order carries no meaning.
func parametersInOrder(path string) string {
	where, parameters, _ := strings.Cut(path, "?")
	list := strings.Split(strings.ReplaceAll(parameters, "+", "%20"), "&")
	slices.Sort(list)
	return where + "?" + strings.Join(list, "&")
}
"""),
    "ptr": "func ptr[T any](v T) *T { return &v }",
    "trace": """
// trace is the list of calls that fakes received, in order.
type trace struct{ list [][]any }

func (t *trace) add(call ...any) { t.list = append(t.list, call) }
""",
    "script": """
// script holds the outcomes of successive calls; the last one repeats.
type script[T any] []struct {
	value T
	err   error
}

func (s *script[T]) next() (T, error) {
	o := (*s)[0]
	if len(*s) > 1 {
		*s = (*s)[1:]
	}
	return o.value, o.err
}
""",
    "noPanic": """
func noPanic(t *testing.T) {
	if r := recover(); r != nil {
		t.Errorf("panic: %v", r)
	}
}
""",
    "wantFailure": """
// wantFailure checks that run fails: with an error of a class, or, when class is nil, with any error or panic.
func wantFailure(t *testing.T, class error, run func() error) {
	t.Helper()
	err := func() (err error) {
		defer func() {
			if r := recover(); r != nil {
				if class != nil {
					t.Errorf("panic: %v, want %v", r, class)
				}
				err = fmt.Errorf("panic: %v", r)
			}
		}()
		return run()
	}()
	if err == nil {
		t.Errorf("no error, want %v", class)
	} else if class != nil && !errors.Is(err, class) {
		t.Errorf("error %v, want %v", err, class)
	} else if class != errors.ErrMaxRetriesExceeded && class != nil && errors.Is(err, errors.ErrMaxRetriesExceeded) {
		t.Errorf("retries were exhausted, want %v", class)
	}
}
""",
    "wantElapsed": """
// wantElapsed checks the time that passed on the test's virtual clock, in nanoseconds.
func wantElapsed(t *testing.T, start time.Time, low, high time.Duration) {
	t.Helper()
	if got := time.Since(start); got < low || got > high {
		t.Errorf("took %v, want %v to %v", got, low, high)
	}
}
""",
    "wantSame": """
func wantSame(t *testing.T, what string, got, want any) {
	t.Helper()
	if !same(reflect.ValueOf(got), reflect.ValueOf(want)) {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}
""",
    "same": """
// same compares by value: floats nearly, nil and empty collections alike, unexported fields not at all.
func same(a, b reflect.Value) bool {
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() == b.IsValid()
	}
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case reflect.Float64:
		x, y := a.Float(), b.Float()
		// Infinity is near to nothing.
		near := !math.IsInf(x-y, 0) && math.Abs(x-y) <= 1e-9*math.Max(math.Abs(x), math.Abs(y))
		return x == y || math.IsNaN(x) && math.IsNaN(y) || near
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return same(a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Type().Field(i).IsExported() && !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, key := range a.MapKeys() {
			if !same(a.MapIndex(key), b.MapIndex(key)) {
				return false
			}
		}
		return true
	case reflect.Func:
		return true
	default:
		return reflect.DeepEqual(a.Interface(), b.Interface())
	}
}
""",
}
