"""Patterns in Rust: the specs' templates, and what is really Rust's syntax around them (attributes, closures, borrowing)."""

# ruff: noqa: E501, S101, ARG002 - templates of Rust read best on one line; assertions narrow types; operations of a
# table, and what the templates ask of a writer, share one signature.
from __future__ import annotations

import re
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.emit._names import snake
from foundation_engine.port.emit._rust_errors import BUILTIN, RUNTIME
from foundation_engine.port.emit._rust_ownership import is_place, lends, root
from foundation_engine.port.emit._rust_words import LOWEST, PRIMARY, rust_float, rust_string
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.passes import stores

if TYPE_CHECKING:
    from foundation_engine.port.emit._rust_operations import Operations
    from foundation_engine.port.emit.rust import RustModule

ATTRIBUTES = frozenset(
    {"retry_with_backoff", "circuit_breaker", "rate_limiting", "error_boundary", "cli_framework"}
)
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


def _fitted(v: ir.Expr, t: ir.Type) -> ir.Expr:
    """A value that stands for one of the type: a tuple for a list, a plain value for an optional one."""
    if isinstance(v, ir.TupleLit | ir.ListLit) and isinstance(t, ir.ListT):
        return ir.ListLit(v.elems, type=t, line=v.line)
    if isinstance(v, ir.DictLit | ir.SetLit):
        v.type = t
    if (
        isinstance(t, ir.OptionalT)
        and not isinstance(v.type, ir.OptionalT)
        and not (isinstance(v, ir.Lit) and v.value is None)
    ):
        return ir.Wrap(_fitted(v, t.elem), type=t, line=v.line)
    return v


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
                # What is no count is out of range, as it is in the source.
                return f"{e.x(v, PRIMARY)}.try_into().unwrap_or(u32::MAX)"
            case "any":
                return self._logged(v)
            case "string" | "text":
                return e.ref(v)
            case "mode":
                return (
                    f"0o{v.value:o}"
                    if isinstance(v, ir.Lit) and isinstance(v.value, int)
                    else f"{e.x(v, PRIMARY)} as u32"
                )
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
                    return (
                        rust_float(float(v.value))
                        if kind in ("seconds", "duration")
                        else str(v.value)
                        if isinstance(v.value, int)
                        else rust_float(v.value)
                    )
                case str():
                    return (
                        rust_string(v.value)
                        if kind not in ("any", "value")
                        else f"{rust_string(v.value)}.to_string()"
                    )
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
        if self.templates.chosen.dialect != "foundation":
            return " | ".join(self.rust.errors.patterns([name]))
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
            if (
                isinstance(v, ir.ListLit)
                and v.elems
                and all(isinstance(x, ir.Name) and self._is_error(x.id) for x in v.elems)
            ):
                names = [x.id for x in v.elems if isinstance(x, ir.Name)]
                out[name] = ir.ListLit(
                    [ir.Name(n, type=ir.ERROR) for n in self.rust.errors.expanded(names)],
                    type=v.type,
                    line=v.line,
                )
        return out

    def _is_error(self, name: str) -> bool:
        return (
            name in RUNTIME or name in BUILTIN or self.rust.errors.is_own(name) or name == "FoundationError"
        )

    # Around functions

    def attributes(self, f: ir.Function) -> list[str]:
        """The attributes of a function that runs under patterns.

        Rust expands the first one first, so that the last one is the outermost.
        """
        out: list[str] = []
        for i, use in enumerate(reversed(f.patterns)):
            if self.foreign(use):
                if i:
                    raise Unsupported(
                        f"{self.templates.chosen.title} outside of another pattern",
                        f.name,
                        use.line or f.line,
                    )
                continue
            if use.pattern_id == "cli_framework" or (
                use.pattern_id == "error_boundary" and "context" in use.arguments
            ):
                if len(f.patterns) > 1:
                    raise Unsupported(
                        f"pattern {use.pattern_id} beside others around a function",
                        f.name,
                        use.line or f.line,
                    )
                continue
            if use.pattern_id not in ATTRIBUTES:
                raise Unsupported(f"pattern {use.pattern_id} around a function", f.name, use.line or f.line)
            arguments = self._lists(use.arguments)
            if use.pattern_id == "error_boundary":
                fallback = arguments.get("fallback")
                if fallback is not None and isinstance(fallback, ir.Lit) and fallback.value is None:
                    arguments.pop("fallback")
                    if (
                        not isinstance(f.result, ir.OptionalT)
                        and f.result != ir.NONE
                        and not self._reraises(arguments)
                    ):
                        raise Unsupported(
                            "a boundary that gives nothing where a value is declared",
                            f.name,
                            use.line or f.line,
                        )
                elif fallback is not None:
                    assert self.e is not None
                    arguments["fallback"] = _fitted(fallback, f.result)
            self.attribute = True
            try:
                text = self.templates.render(self, use.pattern_id, "function", arguments).text
                out.append(re.sub(r"^#\[(\w+)\(\)\]$", r"#[\1]", text))
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
        if e.pattern_id == "cli_framework":
            return self._app(e)
        if e.pattern_id == "rate_limiting":
            arguments.pop("wait", None)
        slots: dict[str, str] = {}
        name = arguments.get("name")
        if e.pattern_id == "circuit_breaker" and self.e is not None and not isinstance(name, ir.Lit | None):
            # A breaker keeps its name.
            slots["name"] = self.e.own(arguments.pop("name"))
        text = self.templates.render(self, e.pattern_id, "new", arguments, slots=slots).text
        text = self._shared(text, e.type)
        if e.pattern_id == "http_client":
            assert self.e is not None
            if not self.e.can_fail and self.rust.fixed(e):
                return f'{text}.expect("settings of a client")'
            return self.e.question(text, e)
        return text

    def _shared(self, text: str, t: ir.Type) -> str:
        """An object of a pattern as its places hold it."""
        if not isinstance(t, ir.NamedT) or t.name not in self.rust.ownership.shared_objects:
            return text
        self.rust.uses.add("std::sync::Arc")
        return f"Arc::new({text})"

    def _limiters_wait(self, e: ir.PatternOp) -> bool:
        """Whether the module's limiters wait for permits; in Rust the call says so, not the limiter."""
        made = [
            isinstance(wait := n.arguments.get("wait"), ir.Lit) and wait.value is True
            for d in self.rust.module.definitions
            for n in ir.walk(d)
            if isinstance(n, ir.PatternNew) and n.pattern_id == "rate_limiting"
        ]
        if any(made) and not all(made):
            raise Unsupported("limiters of which some wait and some refuse", "", e.line)
        return any(made)

    def _block(self, e: ir.PatternCall) -> str:
        assert self.e is not None
        writer = self.e
        closure = writer.closure_of(e.body, e.type)
        slots = {"body": closure}
        if e.obj is not None:
            slots["object"] = writer.place(e.obj)
        arguments = self._lists(e.arguments)
        context: ir.Expr | None = None
        if e.pattern_id == "error_boundary":
            arguments.setdefault("name", ir.Lit(self.e.title, type=ir.STR))
            context = arguments.pop("context", None)
            fallback = arguments.pop("fallback", None)
            given = fallback is not None and not (isinstance(fallback, ir.Lit) and fallback.value is None)
            slots["fallback"] = (
                writer.own(fallback)
                if given and fallback is not None
                else "()"
                if e.type == ir.NONE
                else "Default::default()"
            )
        if e.obj is None:
            slots |= self._loop(e.pattern_id, "block", self._changes(e))
        if e.pattern_id == "rate_limiting":
            taken = f"{writer.place(e.obj)}.acquire(1)" if e.obj is not None else ""
            if not taken:
                raise Unsupported("a block under a rate limit without a limiter", "", e.line)
            return f"{{ {writer.question(taken, e)}; {writer.question(f'({closure})()', e)} }}"
        text = self.templates.render(
            self, e.pattern_id, "call" if e.obj is not None else "block", arguments, slots=slots
        ).text
        if e.pattern_id == "error_boundary" and context is not None:
            text = text.replace(".run_or(", f"{self.context(context)}.run_or(", 1)
        return writer.question(text, e)

    def _changes(self, e: ir.PatternCall) -> bool:
        """True when a block changes what is outside of it."""
        own = {n.id for s in e.body for n in ir.walk(s) if isinstance(n, ir.VarTarget) and n.declares}
        changed = {root(at) for at, _ in self.rust.ownership.changes(e.body)} | stores(e.body)
        return bool(changed - own)

    def _operation(self, e: ir.PatternOp) -> str:
        assert self.e is not None
        writer = self.e
        match e.pattern_id, e.op:
            case _, "call" if e.obj is not None:
                return self._guarded(e)
            case ("structured_logging", "bind"):
                slots = {"object": writer.place(e.obj)} if e.obj else {}
                bound = self.templates.render(self, e.pattern_id, "bind", {}, slots=slots, fields=e.fields)
                return self._shared(bound.text, e.type)
            case ("structured_logging", level):
                assert e.obj is not None
                slots = {"object": writer.place(e.obj), "0": writer.ref(e.args[0])}
                return self.templates.render(self, e.pattern_id, level, {}, slots=slots, fields=e.fields).text
            case ("rate_limiting", "acquire"):
                assert e.obj is not None
                slots = {
                    "object": writer.place(e.obj),
                    "0": self.value("integer", e.args[0]) if e.args else "1",
                }
                form = "acquire_waiting" if self._limiters_wait(e) else "acquire"
                return writer.question(
                    self.templates.render(self, e.pattern_id, form, {}, slots=slots).text, e
                )
            case ("rate_limiting", "try_acquire"):
                assert e.obj is not None
                if not e.args or (isinstance(e.args[0], ir.Lit) and e.args[0].value == 1):
                    return f"{writer.place(e.obj)}.allow()"
                taken = writer.question(
                    f"{writer.place(e.obj)}.try_acquire({self.value('integer', e.args[0])})", e
                )
                return f"{taken}.allowed"
            case ("circuit_breaker", "state" | "reset"):
                assert e.obj is not None
                return self.templates.render(
                    self, e.pattern_id, e.op, {}, slots={"object": writer.place(e.obj)}
                ).text
            case ("http_client", op):
                return self._request(e, op)
            case ("process_execution", "run"):
                words = (
                    f"{writer.ref(e.args[0])}.iter().cloned()"
                    if not isinstance(e.args[0], ir.ListLit)
                    else f"[{', '.join(writer.ref(w) for w in e.args[0].elems)}]"
                )
                arguments = dict(e.arguments)
                env = arguments.pop("env", None)
                text = self.templates.render(self, e.pattern_id, "run", arguments, slots={"0": words}).text
                if env is not None:
                    if not isinstance(env, ir.DictLit):
                        raise Unsupported("a computed environment of a process", "", e.line)
                    pairs = "".join(f".env({writer.ref(k)}, {writer.ref(v)})" for k, v in env.items)
                    text = f"{text.removesuffix('.run()')}{pairs}.run()"
                return writer.question(text, e)
            case ("configuration", "load"):
                return self._load(e)
            case ("cli_framework", "run"):
                assert e.obj is not None
                return f"i64::from({writer.place(e.obj)}.run({writer.ref(e.args[0])}.iter().cloned()))"
            case ("cli_framework", "main"):
                assert e.obj is not None
                return f"{writer.place(e.obj)}.main()"
            case ("file_operations", "write" | "write_text"):
                slots = {str(i): self._lent(a) for i, a in enumerate(e.args[:2])}
                return writer.question(
                    self.templates.render(self, e.pattern_id, "write", dict(e.arguments), slots=slots).text, e
                )
            case _:
                raise Unsupported(f"operation {e.op} of pattern {e.pattern_id}", "", e.line)

    def _load(self, e: ir.PatternOp) -> str:
        """A configuration: its class says which fields there are."""
        assert self.e is not None
        writer = self.e
        assert isinstance(e.type, ir.NamedT)
        self.rust.loaded.add(e.type.name)
        self.rust.uses.add("foundation::config::ConfigLoader")
        text = f"{self.rust.class_name(e.type.name)}::fields().into_iter().fold(ConfigLoader::new(), ConfigLoader::field)"
        for name, v in e.arguments.items():
            match name:
                case "files" if isinstance(v, ir.ListLit):
                    text += "".join(f".file({writer.ref(x)})" for x in v.elems)
                case "files":
                    text = f"{writer.ref(v)}.iter().fold({text}, ConfigLoader::file)"
                case "env_prefix" | "strict" | "secret_files":
                    text += f".{name}({writer.ref(v) if v.type == ir.STR else writer.x(v)})"
                case _:
                    raise Unsupported(f"`{name}` of a configuration", "", e.line)
        return writer.question(f"{text}.load::<{self.rust.class_name(e.type.name)}>()", e)

    def fields(self, d: ir.Class) -> list[str]:
        """The function that tells the fields of a configuration."""
        assert self.e is not None
        self.rust.uses.update({"foundation::config::Field", "foundation::config::Type"})
        kinds: dict[ir.Type, str] = {
            ir.STR: "String",
            ir.INT: "Integer",
            ir.FLOAT: "Float",
            ir.BOOL: "Boolean",
            ir.ListT(ir.STR): "Strings",
        }
        items: list[str] = []
        for f in d.fields:
            t = f.type.elem if isinstance(f.type, ir.OptionalT) else f.type
            key = snake(f.name)
            if self.rust.field(ir.NamedT(d.name), f.name) != key:
                raise Unsupported("a setting whose name is a word of Rust", f.name, f.line)
            if isinstance(t, ir.NamedT) and isinstance(self.rust.module.find(t.name), ir.Class):
                self.rust.loaded.add(t.name)
                items.append(f'Field::nested("{key}", {self.rust.class_name(t.name)}::fields())')
                continue
            if t not in kinds:
                raise Unsupported(f"a setting of type {ir.type_text(f.type)}", f.name, f.line)
            text = f'Field::new("{key}", Type::{kinds[t]})'
            if isinstance(f.type, ir.OptionalT) and (
                f.default is None or (isinstance(f.default, ir.Lit) and f.default.value is None)
            ):
                text += ".default_value(())"
            elif f.default is not None:
                value = self.e.ref(f.default) if t == ir.STR else self.e.own(f.default)
                text += f".default_value({'Vec::<String>::new()' if value == 'Vec::new()' else value})"
            if f.env:
                text += f".env({rust_string(f.env)})"
            items.append(text)
        return [
            "/// The settings, for the loader.",
            "pub fn fields() -> Vec<Field> {",
            f"    vec![{', '.join(items)}]",
            "}",
        ]

    def _app(self, e: ir.PatternNew) -> str:
        """A program with every command of the module."""
        assert self.e is not None
        self.rust.uses.add("foundation::cli::App")
        name, version = e.arguments.get("name"), e.arguments.get("version")
        text = f"App::new({self.e.ref(name) if name is not None else rust_string('app')}, {self.e.ref(version) if version is not None else rust_string('')})"
        for d in self.rust.module.definitions:
            if isinstance(d, ir.Function) and d.name in self.rust.settings.commands:
                text += f".register({self.rust.functions[d.name]}_command())"
        return text

    def command(self, f: ir.Function) -> list[str]:
        """The function that makes a command of a function."""
        use = next(p for p in f.patterns if p.pattern_id == "cli_framework")
        self.rust.commands.add(f.name)
        assert self.e is not None
        writer = self.e
        self.rust.uses.update(
            {"foundation::cli::Command", "foundation::cli::Parameter", "foundation::config::Type"}
        )
        name = use.arguments.get("name")
        shown = writer.ref(name) if name is not None else rust_string(f.name.replace("_", "-"))
        text = f"Command::new({shown})"
        described = use.arguments.get("description")
        if described is not None or f.doc:
            text += f".description({writer.ref(described) if described is not None else rust_string(' '.join(f.doc.split()))})"
        for key in ("aliases", "hidden", "category"):
            v = use.arguments.get(key)
            if v is not None:
                value = (
                    f"[{', '.join(writer.ref(x) for x in v.elems)}]"
                    if isinstance(v, ir.ListLit)
                    else writer.ref(v)
                    if v.type == ir.STR
                    else writer.x(v)
                )
                text += f".{key}({value})"
        kinds: dict[ir.Type, tuple[str, str]] = {
            ir.STR: ("String", "as_text"),
            ir.INT: ("Integer", "as_integer"),
            ir.FLOAT: ("Float", "as_float"),
            ir.BOOL: ("Boolean", ""),
        }
        values: list[str] = []
        for p in f.params:
            spelled = rust_string(p.name)
            collects = isinstance(p.type, ir.ListT)
            t = p.type.elem if isinstance(p.type, ir.ListT | ir.OptionalT) else p.type
            if t not in kinds or (collects and t == ir.BOOL):
                raise Unsupported(f"a parameter of a command of type {ir.type_text(p.type)}", p.name, f.line)
            kind, getter = kinds[t]
            made = f"Parameter::new({spelled}, Type::{kind})"
            if collects:
                text += (
                    f".argument({made}.multiple())" if p.default is None else f".option({made}.multiple())"
                )
                values.append(
                    f"&args.list({spelled}).iter().filter_map(|value| value.{getter}()).collect::<Vec<_>>()"
                )
            elif t == ir.BOOL:
                text += f".option({made}{'.default_value(true)' if isinstance(p.default, ir.Lit) and p.default.value else ''})"
                values.append(f"args.flag({spelled})")
            elif isinstance(p.type, ir.OptionalT):
                text += f".option({made})"
                values.append(f"args.get({spelled}).and_then(|value| value.{getter}())")
            else:
                default = (
                    ""
                    if p.default is None
                    else f".default_value({writer.ref(p.default) if t == ir.STR else writer.own(p.default)})"
                )
                text += f".{'option' if default else 'argument'}({made}{default})"
                value = f"args.get({spelled}).and_then(|value| value.{getter}()).unwrap_or_default()"
                values.append(f"&{value}" if t == ir.STR else value)
        fn = self.rust.functions[f.name]
        call = f"{fn}({', '.join(values)})"
        if "Exit" in self.rust.errors.builtin and self.rust.failing["", f.name]:
            # The program ends with the code that the command chose.
            call += ".map_err(|error| match error { Error::Exit(exit) => Box::<dyn std::error::Error + Send + Sync>::from(exit), other => other.into() })"
        failing = self.rust.failing["", f.name]
        # What a command returns is not its exit code.
        if f.result in (ir.NONE, ir.INT):
            body = f"{call}{'?' if failing else ''}; Ok(())"
        else:
            raise Unsupported("a command that gives a value", f.name, f.line)
        return [
            "",
            f"/// The command that calls `{fn}`.",
            f"pub fn {fn}_command() -> Command {{",
            f"    {text}.run(|args| {{ {body} }})",
            "}",
        ]

    def foreign(self, use: ir.PatternUse) -> bool:
        """True for a pattern that is written for another library than our runtime, in the body of its function."""
        return self.templates.set_of(use.pattern_id).dialect != "foundation"

    def _loop(self, pattern_id: str, form: str, changing: bool) -> dict[str, str]:
        """The names of a loop's own variables, and of what draws its jitter."""
        assert self.e is not None
        own = [
            n for n in self.templates.form(pattern_id, form).form.locals if n not in ("binding", "fraction")
        ]
        if not own:
            return {}
        free = {n: self.e.fresh(n) for n in own}
        operation = free["operation"]
        free["binding"] = f"mut {operation}" if changing else operation
        free["fraction"] = self.e.helper("random_fraction")
        return free

    def wrapped(self, f: ir.Function) -> list[str] | None:
        """The head and the end of a body whose pattern no attribute can say, around the closure that it runs."""
        if f.patterns and self.foreign(f.patterns[-1]):
            use = f.patterns[-1]
            assert self.e is not None
            cls = self.e.cls.name if self.e.cls is not None else ""
            slots = {
                "body": "@",
                **self._loop(use.pattern_id, "function", bool(self.rust.ownership.changed[cls, f.name])),
            }
            text = self.templates.render(
                self, use.pattern_id, "function", self._lists(use.arguments), slots=slots
            ).text
            head, _, end = text.partition("@")
            return [head, end]
        if (
            len(f.patterns) != 1
            or f.patterns[0].pattern_id != "error_boundary"
            or "context" not in f.patterns[0].arguments
        ):
            return None
        assert self.e is not None
        arguments = self._lists(f.patterns[0].arguments)
        context = arguments.pop("context")
        fallback = arguments.pop("fallback", None)
        reraises = self._reraises(arguments)
        arguments.setdefault("name", ir.Lit(f.name, type=ir.STR))
        text = self.templates.render(
            self, "error_boundary", "block", arguments, slots={"body": "@", "fallback": "#"}
        ).text
        head = text.partition(".run_or(")[0]
        head += self.context(context)
        if reraises:
            return [f"{head}.observe(", ")"]
        given = fallback is not None and not (isinstance(fallback, ir.Lit) and fallback.value is None)
        if given and fallback is not None:
            return [f"{head}.run_or({self.e.own(fallback)}, ", ")"]
        if f.result != ir.NONE and not isinstance(f.result, ir.OptionalT):
            raise Unsupported("a boundary that gives nothing where a value is declared", f.name, f.line)
        return [f"{head}.run(", ")"]

    def context(self, v: ir.Expr) -> str:
        """The fields that a boundary adds to its record."""
        assert self.e is not None
        if not isinstance(v, ir.DictLit):
            raise Unsupported("a computed context of an error boundary", "", v.line)
        return "".join(f".context({self.e.ref(k)}, {self.e.own(x)})" for k, x in v.items)

    def _lent(self, v: ir.Expr) -> str:
        """What is taken as whatever can be read as a text: a reference to a place, or a new value itself."""
        assert self.e is not None
        return self.e.ref(v) if is_place(v) or lends(v) or isinstance(v, ir.Lit) else self.e.own(v)

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
        text = f"Request::new({method}, {self._lent(path)})"
        for name, v in fields.items():
            match name:
                case "params" | "headers" if isinstance(v, ir.DictLit):
                    word = "param" if name == "params" else "header"
                    text += "".join(
                        f".{word}({writer.ref(k)}, {writer.own(self._text_of(x)) if x.type != ir.STR else self._lent(x)})"
                        for k, x in v.items
                    )
                case "body":
                    text += f".body({writer.own(v)})"
                case "timeout":
                    text += f".timeout({self.value('duration', v)})"
                case "json" if v.type == ir.ANY:
                    self.rust.crates.add("serde_json")
                    text += f'.header("Content-Type", "application/json").body({writer.place(v)}.to_string())'
                case "json" if isinstance(v, ir.DictLit) and all(isinstance(k, ir.Lit) for k, _ in v.items):
                    self.rust.crates.add("serde_json")
                    items = ", ".join(
                        f"{writer.ref(k)}: {writer.ref(x) if x.type == ir.STR else writer.own(x)}"
                        for k, x in v.items
                    )
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
        made = (
            ir.Call(inner.func, args, inner.raises, inner.context, type=inner.type, line=inner.line)
            if isinstance(inner, ir.Call)
            else (
                ir.MethodCall(
                    inner.obj,
                    inner.method,
                    args,
                    inner.raises,
                    inner.context,
                    type=inner.type,
                    line=inner.line,
                )
            )
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
        guarded = writer.question(
            self.templates.render(
                self, e.pattern_id, "call", {}, slots={"object": writer.place(e.obj), "body": f"|| {text}"}
            ).text,
            e,
        )
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
                return (
                    f"{e.x(v, PRIMARY)}.into()"
                    if not (isinstance(v, ir.Lit))
                    else f"{e.numeric_receiver(v) if v.type != ir.BOOL else e.x(v)}.into()"
                )
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

        return is_place(v)
