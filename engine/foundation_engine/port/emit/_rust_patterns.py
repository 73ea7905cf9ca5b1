"""Patterns in Rust: the specs' templates, and what is really Rust's syntax around them (attributes, closures, borrowing)."""

# ruff: noqa: E501, S101 - templates of Rust read best on one line; assertions narrow types.
from __future__ import annotations

from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.emit._rust_errors import BUILTIN, RUNTIME
from foundation_engine.port.emit._rust_words import LOWEST, PRIMARY, rust_float, rust_string
from foundation_engine.port.ir import Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.emit._rust_operations import Operations
    from foundation_engine.port.emit.rust import RustModule

ATTRIBUTES = frozenset({"retry_with_backoff", "circuit_breaker", "rate_limiting", "error_boundary", "cli_framework"})
RUNTIME_TYPES = {
    "CircuitBreaker": "foundation::resilience::CircuitBreaker", "RateLimiter": "foundation::resilience::RateLimiter",
    "RetryPolicy": "foundation::resilience::RetryPolicy", "Logger": "foundation::logging::Logger",
    "HttpClient": "foundation::http::HttpClient", "HttpResponse": "foundation::http::Response",
    "ProcessResult": "foundation::process::ProcessResult", "App": "foundation::cli::App",
}  # fmt: skip


def rust_duration(seconds: float) -> str:
    """Seconds as a duration of the standard library."""
    ns = round(seconds * 1_000_000_000)
    for unit, size in (("secs", 1_000_000_000), ("millis", 1_000_000), ("micros", 1_000)):
        if ns % size == 0:
            return f"Duration::from_{unit}({ns // size})"
    return f"Duration::from_nanos({ns})"


class Patterns:
    """Emits pattern uses for one function; a `Writer` of the templates."""

    def __init__(self, writer: Operations | None, rust: RustModule | None = None) -> None:
        self.e = writer
        made = rust if rust is not None else writer.rust if writer is not None else None
        assert made is not None
        self.rust = made
        self.templates = made.templates
        self.attribute = False

    # What the templates ask

    def value(self, kind: str, v: ir.Expr) -> str:
        """A value as Rust writes it."""
        if self.attribute:
            return self._constant(kind, v)
        assert self.e is not None
        e = self.e
        match kind:
            case "duration":
                self.rust.uses.add("std::time::Duration")
                if isinstance(v, ir.Lit) and isinstance(v.value, int | float):
                    return rust_duration(float(v.value))
                self.rust.uses.add("foundation::clock")
                return f"clock::seconds({e.x(v)}{' as f64' if v.type == ir.INT else ''})"
            case "seconds":
                return e.x(v)
            case "integer":
                if isinstance(v, ir.Lit):
                    return str(v.value)
                return f"{e.x(v, PRIMARY)}.try_into().unwrap_or_default()"
            case "any":
                return self._logged(v)
            case "string" | "text":
                return e.ref(v)
            case "mode":
                return f"0o{v.value:o}" if isinstance(v, ir.Lit) and isinstance(v.value, int) else f"{e.x(v, PRIMARY)} as u32"
            case "bytes":
                return e.own(v)
            case _:
                if v.type == ir.STR:
                    return e.ref(v)
                return e.x(v, LOWEST)

    def _constant(self, kind: str, v: ir.Expr) -> str:
        """An argument of an attribute, which is a constant."""
        if isinstance(v, ir.Lit):
            match v.value:
                case bool():
                    return "true" if v.value else "false"
                case None:
                    return "None"
                case int() | float():
                    return rust_float(float(v.value)) if kind in ("seconds", "duration") else str(v.value) if isinstance(v.value, int) else rust_float(v.value)
                case str():
                    return rust_string(v.value) if kind not in ("any", "value") else f"{rust_string(v.value)}.to_string()"
                case _:
                    pass
        if isinstance(v, ir.Name) and v.id in self.rust.constants and self.rust.copies(v.type):
            name = self.rust.constant_name(v.id)
            return f"({name} as u32)" if v.type == ir.INT and kind == "integer" else name
        if self.e is not None and kind in ("any", "value"):
            return self.e.own(v)
        raise Unsupported("a computed argument of a pattern around a function", "", v.line)

    def error_class(self, name: str, line: int) -> str:
        """A class as the runtime's lists name it."""
        if self.attribute:
            return name
        self.rust.uses.add("foundation::errors::Class")
        if name in RUNTIME or name in ("Exception", "FoundationError"):
            return f"Class::{name}"
        return f'Class::Other("{name}")'

    def derives(self, name: str, base: str) -> bool:
        """True when one error class of the module is another or below it."""
        return self.rust.errors.tree.is_a(name, base)

    def imported(self, text: str) -> None:
        """Note an import of a template."""
        self.rust.uses.add(text)

    def differ(self, sentence: str) -> None:
        """Note a difference for the report."""
        self.rust.differ(sentence)

    def _lists(self, arguments: dict[str, ir.Expr]) -> dict[str, ir.Expr]:
        """The arguments with the classes that a list means beside those it names."""
        out = dict(arguments)
        for name, v in arguments.items():
            if isinstance(v, ir.ListLit) and v.elems and all(isinstance(x, ir.Name) and self._is_error(x.id) for x in v.elems):
                names = [x.id for x in v.elems if isinstance(x, ir.Name)]
                out[name] = ir.ListLit([ir.Name(n, type=ir.ERROR) for n in self.rust.errors.expanded(names)], type=v.type, line=v.line)
        return out

    def _is_error(self, name: str) -> bool:
        return name in RUNTIME or name in BUILTIN or self.rust.errors.is_own(name) or name == "FoundationError"

    # Around functions

    def attributes(self, f: ir.Function) -> list[str]:
        """The attributes of a function that runs under patterns, outermost first."""
        out: list[str] = []
        for use in f.patterns:
            if use.pattern_id not in ATTRIBUTES:
                raise Unsupported(f"pattern {use.pattern_id} around a function", f.name, use.line or f.line)
            arguments = self._lists(use.arguments)
            if use.pattern_id == "error_boundary":
                fallback = arguments.get("fallback")
                if fallback is not None and isinstance(fallback, ir.Lit) and fallback.value is None:
                    arguments.pop("fallback")
                    if not isinstance(f.result, ir.OptionalT) and f.result != ir.NONE and not self._reraises(arguments):
                        raise Unsupported("a boundary that gives nothing where a value is declared", f.name, use.line or f.line)
                elif fallback is not None:
                    assert self.e is not None
                    arguments["fallback"] = fallback
            self.attribute = True
            try:
                out.append(self.templates.render(self, use.pattern_id, "function", arguments).text.replace("()]", "]"))
            finally:
                self.attribute = False
        return out

    def _reraises(self, arguments: dict[str, ir.Expr]) -> bool:
        v = arguments.get("reraise")
        return v is None or (isinstance(v, ir.Lit) and v.value is True)

    # Inside functions

    def expression(self, e: ir.PatternNew | ir.PatternOp | ir.PatternCall) -> str:
        """A pattern's object, or a use of one."""
        assert self.e is not None
        match e:
            case ir.PatternNew():
                return self.construct(e)
            case ir.PatternCall():
                return self._block(e)
            case ir.PatternOp():
                return self._operation(e)

    def construct(self, e: ir.PatternNew) -> str:
        """The constructor of a pattern's object."""
        arguments = self._lists(e.arguments)
        if e.pattern_id == "rate_limiting":
            arguments.pop("wait", None)
        text = self.templates.render(self, e.pattern_id, "new", arguments).text
        if e.pattern_id == "http_client":
            assert self.e is not None
            return self.e.question(text, e)
        return text

    def _block(self, e: ir.PatternCall) -> str:
        assert self.e is not None
        writer = self.e
        closure = writer.closure_of(e.body, e.type)
        slots = {"body": closure}
        if e.obj is not None:
            slots["object"] = writer.place(e.obj)
        arguments = self._lists(e.arguments)
        if e.pattern_id == "error_boundary":
            fallback = arguments.pop("fallback", None)
            given = fallback is not None and not (isinstance(fallback, ir.Lit) and fallback.value is None)
            slots["fallback"] = writer.own(fallback) if given and fallback is not None else "()" if e.type == ir.NONE else "Default::default()"
        if e.pattern_id == "rate_limiting":
            taken = f"{writer.place(e.obj)}.acquire(1)" if e.obj is not None else ""
            if not taken:
                raise Unsupported("a block under a rate limit without a limiter", "", e.line)
            return f"{{ {writer.question(taken, e)}; {writer.question(f'({closure})()', e)} }}"
        text = self.templates.render(self, e.pattern_id, "call" if e.obj is not None else "block", arguments, slots=slots).text
        return writer.question(text, e)

    def _operation(self, e: ir.PatternOp) -> str:
        assert self.e is not None
        writer = self.e
        match e.pattern_id, e.op:
            case _, "call" if e.obj is not None:
                return self._guarded(e)
            case ("structured_logging", "bind"):
                return self.templates.render(self, e.pattern_id, "bind", {}, slots={"object": writer.place(e.obj)} if e.obj else {}, fields=e.fields).text
            case ("structured_logging", level):
                assert e.obj is not None
                slots = {"object": writer.place(e.obj), "0": writer.ref(e.args[0])}
                return self.templates.render(self, e.pattern_id, level, {}, slots=slots, fields=e.fields).text
            case ("rate_limiting", "acquire"):
                assert e.obj is not None
                slots = {"object": writer.place(e.obj), "0": self.value("integer", e.args[0]) if e.args else "1"}
                return writer.question(self.templates.render(self, e.pattern_id, "acquire", {}, slots=slots).text, e)
            case ("rate_limiting", "try_acquire"):
                assert e.obj is not None
                if not e.args or (isinstance(e.args[0], ir.Lit) and e.args[0].value == 1):
                    return f"{writer.place(e.obj)}.allow()"
                taken = writer.question(f"{writer.place(e.obj)}.try_acquire({self.value('integer', e.args[0])})", e)
                return f"{taken}.allowed"
            case ("circuit_breaker", "state" | "reset"):
                assert e.obj is not None
                return self.templates.render(self, e.pattern_id, e.op, {}, slots={"object": writer.place(e.obj)}).text
            case ("http_client", op):
                return self._request(e, op)
            case ("process_execution", "run"):
                words = f"{writer.ref(e.args[0])}.iter().cloned()" if not isinstance(e.args[0], ir.ListLit) else f"[{', '.join(writer.ref(w) for w in e.args[0].elems)}]"
                arguments = dict(e.arguments)
                env = arguments.pop("env", None)
                text = self.templates.render(self, e.pattern_id, "run", arguments, slots={"0": words}).text
                if env is not None:
                    if not isinstance(env, ir.DictLit):
                        raise Unsupported("a computed environment of a process", "", e.line)
                    pairs = "".join(f".env({writer.ref(k)}, {writer.ref(v)})" for k, v in env.items)
                    text = f"{text.removesuffix('.run()')}{pairs}.run()"
                return writer.question(text, e)
            case ("file_operations", "write" | "write_text"):
                slots = {"0": writer.ref(e.args[0]), "1": writer.ref(e.args[1])}
                return writer.question(self.templates.render(self, e.pattern_id, "write", dict(e.arguments), slots=slots).text, e)
            case _:
                raise Unsupported(f"operation {e.op} of pattern {e.pattern_id}", "", e.line)

    def _request(self, e: ir.PatternOp, op: str) -> str:
        assert self.e is not None
        assert e.obj is not None
        writer = self.e
        if op == "close":
            return "()"
        fields = dict(e.fields)
        method = rust_string(op.upper()) if op != "request" else writer.ref(e.args[0])
        path = e.args[0] if op != "request" else e.args[1]
        client = writer.place(e.obj)
        if op in ("get", "delete") and not fields:
            return writer.question(f"{client}.{op}({writer.ref(path)})", e)
        if op in ("post", "put") and set(fields) == {"body"}:
            return writer.question(f"{client}.{op}({writer.ref(path)}, {writer.own(fields['body'])})", e)
        self.rust.uses.add("foundation::http::Request")
        text = f"Request::new({method}, {writer.ref(path)})"
        for name, v in fields.items():
            match name:
                case "params" | "headers" if isinstance(v, ir.DictLit):
                    word = "param" if name == "params" else "header"
                    text += "".join(f".{word}({writer.ref(k)}, {writer.own(self._text_of(x)) if x.type != ir.STR else writer.ref(x)})" for k, x in v.items)
                case "body":
                    text += f".body({writer.own(v)})"
                case "json" if isinstance(v, ir.DictLit) and all(isinstance(k, ir.Lit) for k, _ in v.items):
                    self.rust.crates.add("serde_json")
                    items = ", ".join(f"{writer.ref(k)}: {writer.ref(x) if x.type == ir.STR else writer.own(x)}" for k, x in v.items)
                    text += f'.header("Content-Type", "application/json").body(serde_json::json!({{ {items} }}).to_string())'
                case _:
                    raise Unsupported(f"`{name}` of a request", "", e.line)
        return writer.question(f"{client}.send(&{text})", e)

    def _text_of(self, v: ir.Expr) -> ir.Expr:
        if v.type == ir.INT:
            return ir.Intrinsic("int.to_str", [v], type=ir.STR)
        raise Unsupported("a parameter of a request that is no text", "", v.line)

    def _guarded(self, e: ir.PatternOp) -> str:
        """A call that goes through an object."""
        assert self.e is not None
        assert e.obj is not None
        writer, inner = self.e, e.args[0]
        if not isinstance(inner, ir.Call | ir.MethodCall):
            raise Unsupported("a guarded call of this kind", "", e.line)
        lets: list[str] = []
        args: list[ir.Expr] = []
        for a in inner.args:
            if any(isinstance(n, ir.Call | ir.MethodCall | ir.PatternOp) for n in ir.walk(a)):
                # The source evaluates it before the breaker is asked.
                name = f"argument{len(lets) + 1}"
                lets.append(f"let {name} = {writer.own(a)};")
                writer.names[name] = name
                args.append(ir.Name(name, type=a.type, line=a.line))
            else:
                args.append(a)
        made = ir.Call(inner.func, args, inner.raises, inner.context, type=inner.type, line=inner.line) if isinstance(inner, ir.Call) else (
            ir.MethodCall(inner.obj, inner.method, args, inner.raises, inner.context, type=inner.type, line=inner.line)
        )
        if isinstance(inner, ir.MethodCall):
            key = (inner.obj.type.name if isinstance(inner.obj.type, ir.NamedT) else "", inner.method)
            if "self" in self.rust.ownership.changed.get(key, set()):
                raise Unsupported("a guarded method that changes its object", inner.method, e.line)
        writer.closures += 1
        try:
            text, fails = writer.call(made)
        finally:
            writer.closures -= 1
        if not fails:
            self.rust.errors.used = True
            text = f"Ok::<_, Error>({text})"
        guarded = writer.question(self.templates.render(self, e.pattern_id, "call", {}, slots={"object": writer.place(e.obj), "body": f"|| {text}"}).text, e)
        return f"{{ {' '.join(lets)} {guarded} }}" if lets else guarded

    def _logged(self, v: ir.Expr) -> str:
        """A field of a record as a value that the logger takes."""
        assert self.e is not None
        e = self.e
        match v.type:
            case ir.P(ir.Prim.STR):
                if isinstance(v, ir.Lit) or (isinstance(v, ir.Name) and v.id in e.by_ref):
                    return f"{e.ref(v)}.into()"
                return f"{e.place(v)}.as_str().into()" if self._kept(v) else f"{e.own(v, PRIMARY)}.into()"
            case ir.P(ir.Prim.INT | ir.Prim.FLOAT | ir.Prim.BOOL):
                return f"{e.x(v, PRIMARY)}.into()" if not (isinstance(v, ir.Lit)) else f"{e._numeric_receiver(v) if v.type != ir.BOOL else e.x(v)}.into()"
            case ir.P(ir.Prim.CHAR):
                return f"{e.x(v, PRIMARY)}.to_string().into()"
            case ir.NamedT(name) if isinstance(self.rust.module.find(name), ir.EnumClass):
                self.rust.valued.add(name)
                return f"{e.place(v)}.value().into()"
            case ir.NamedT() | ir.P(ir.Prim.ERROR) if self.rust.is_error(v.type):
                return f"{e.place(v)}.to_string().into()"
            case ir.OptionalT(ir.P(ir.Prim.STR)):
                return f"{e.place(v)}.as_deref().into()"
            case ir.OptionalT(elem) if self.rust.copies(elem):
                return f"{e.x(v, PRIMARY)}.into()"
            case ir.ListT(ir.P(ir.Prim.INT | ir.Prim.STR | ir.Prim.FLOAT | ir.Prim.BOOL)):
                return f"{e.own(v, PRIMARY)}.into()"
            case _:
                raise Unsupported(f"a field of type {ir.type_text(v.type)} in a log record", "", v.line)

    def _kept(self, v: ir.Expr) -> bool:
        from foundation_engine.port.emit._rust_ownership import is_place

        return is_place(v)
