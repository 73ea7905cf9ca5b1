"""Patterns in Go: the specs' templates, and what is really Go's syntax around them (closures, errors, package variables)."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: E501 - a template of the target's code reads best on one line.
from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.emit import _go_json as go_json
from foundation_engine.port.emit._names import camel
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.passes import stores, terminates

if TYPE_CHECKING:
    from foundation_engine.port.emit.go import FunctionEmitter

# Patterns whose object outlives the call: a decorated function shares one.
SHARED = {"circuit_breaker": "Breaker", "rate_limiting": "Limiter"}


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
    """Emits pattern uses for one function; a `Writer` of the templates."""

    def __init__(self, emitter: FunctionEmitter) -> None:
        self.e = emitter
        self.go = emitter.go
        self.templates = emitter.go.templates

    # What the templates ask

    def value(self, kind: str, v: ir.Expr) -> str:
        """A value as Go writes it."""
        e = self.e
        match kind:
            case "duration_variable" if isinstance(v, ir.Lit) and v.value == 0:
                # A variable that is made of 0 would be a number.
                return "time.Duration(0)"
            case "duration" | "duration_variable" | "field_timeout":
                e.use("time")
                if isinstance(v, ir.Lit) and isinstance(v.value, int | float):
                    return go_duration(float(v.value))
                if v.type == ir.DURATION:
                    return e.x(v)
                if v.type == ir.INT:
                    return f"time.Duration({e.x(v)}) * time.Second"
                return f"time.Duration({e.x(v, 5)} * float64(time.Second))"
            case "string_map":
                return e.table(v)
            case "bytes" | "field_body":
                return self._bytes(v)
            case "mode":
                if isinstance(v, ir.Lit) and isinstance(v.value, int):
                    return f"0o{v.value:o}"
                e.use("io/fs")
                return f"fs.FileMode({e.x(v)})"
            case "any_map":
                if not isinstance(v, ir.DictLit):
                    raise Unsupported("a computed context of an error boundary", line=v.line)
                items = ", ".join(f"{e.x(key)}: {e.x(value)}" for key, value in v.items)
                return f"map[string]any{{{items}}}"
            case "field_params" | "field_headers":
                name = "WithParam" if kind == "field_params" else "WithHeader"
                if not isinstance(v, ir.DictLit):
                    raise Unsupported(f"computed {kind.removeprefix('field_')} of a request", line=v.line)
                return ", ".join(
                    f"httpclient.{name}({e.x(key)}, {self._text(value)})" for key, value in v.items
                )
            case "field_json":
                return self._json(v)
            case _:
                return e.x(v)

    def _bytes(self, v: ir.Expr) -> str:
        return f"[]byte({self.e.x(v)})" if v.type in (ir.STR, ir.CHAR) else self.e.x(v)

    def _text(self, v: ir.Expr) -> str:
        """A parameter or header as text."""
        if v.type == ir.STR:
            return self.e.x(v)
        if v.type == ir.INT:
            return self.e.x(ir.Intrinsic("int.to_str", [v], type=ir.STR))
        raise Unsupported(f"a query parameter or header of type {ir.type_text(v.type)}", line=v.line)

    def _json(self, v: ir.Expr) -> str:
        self.e.use("encoding/json")
        self.differ("The keys of a JSON body are sorted, where the source keeps the order of its map.")
        text = self._plain(v)
        name = self.e.fresh("payload")
        self.e.write(f"{name}, err := json.Marshal({text})")
        self.e.err_scopes[-1] = True
        self.e.check("err", frozenset({"HttpError"}))
        return name

    def _plain(self, v: ir.Expr) -> str:
        """A value that encoding/json writes as the source's encoder does."""
        if v.type == ir.ANY:
            return go_json.part(self.e, v)
        if isinstance(v, ir.DictLit):
            if not all(key.type == ir.STR for key, _ in v.items):
                raise Unsupported("a JSON body whose keys are no texts", line=v.line)
            items = ", ".join(f"{self.e.x(key)}: {self._plain(value)}" for key, value in v.items)
            return f"map[string]any{{{items}}}"
        if isinstance(v, ir.ListLit) and not all(isinstance(x, ir.Lit) for x in v.elems):
            return f"[]any{{{', '.join(map(self._plain, v.elems))}}}"
        if isinstance(v, ir.Wrap):
            return self._plain(v.value)
        plain = (ir.STR, ir.INT, ir.FLOAT, ir.BOOL)
        t = v.type
        inner = (
            t.elem
            if isinstance(t, ir.ListT)
            else t.value
            if isinstance(t, ir.DictT) and t.key == ir.STR
            else t
        )
        literal = isinstance(v, ir.Lit) and (v.value is None or isinstance(v.value, float))
        if not literal and (inner not in plain or inner == ir.FLOAT):
            raise Unsupported(f"a JSON body with {ir.type_text(t)}", line=v.line)
        return self.e.x(v)

    def error_class(self, name: str, line: int) -> str:
        """An error class as the value that errors.Is compares with."""
        if name in ("Exception", "BaseException"):
            self.go.uses_runtime_errors = True
            self.go.errors_package()
            return "errors.ErrAny"
        sentinel = self.go.sentinel(name)
        if sentinel is None:
            raise Unsupported(f"error class {name} has no counterpart in Go", name, line)
        return sentinel

    def derives(self, name: str, base: str) -> bool:
        """True when an error class is another or below it."""
        return self.go.errors.is_a(name, base)

    def imported(self, text: str) -> None:
        """Import a package of a template; our errors package has what the standard library's has."""
        if text == "errors":
            self.go.errors_package()
            return
        self.go.imports.add(text.replace("{runtime}", self.go.runtime))

    def differ(self, sentence: str) -> None:
        """Note a difference for the report."""
        self.go.differ(sentence)

    # Functions

    def wrap(self, f: ir.Function) -> None:
        """Write the body of a function that runs under patterns, the outermost decorator outermost."""
        e = self.e
        patterns = [p for p in f.patterns if p.pattern_id != "cli_framework"]
        if len(patterns) != len(f.patterns):
            self.go.commands.append(f)
        e.prepare(f.body)
        if not patterns:
            e.block(f.body)
            if f.result == ir.NONE and f.raises and not terminates(f.body):
                e.write("return nil")
            return
        saved_fails, e.fails = e.fails, True
        with e.captured() as lines:
            closed = any(not self._is_guard(p) for p in patterns)
            for p in f.params:
                if closed and p.name in stores(f.body):
                    # Every attempt starts from the argument, as a new call does.
                    e.write(f"{e.name(p.name)} := {e.name(p.name)}")
            e.block(f.body)
            if f.result == ir.NONE and not terminates(f.body):
                e.write("return nil")
        e.fails = saved_fails
        made = lines
        for use in reversed(patterns):
            made = self._around(f, use, made)
        e.lines.extend(made)

    def _is_guard(self, use: ir.PatternUse) -> bool:
        """True for a pattern that only stands in front of the body."""
        form = self.templates.form(use.pattern_id, "function").form
        return "{body}" not in form.text

    def _locals(self, pattern_id: str, form: str) -> dict[str, str]:
        """Free names for the variables of a template."""
        return {n: self.e.fresh(camel(n)) for n in self.templates.form(pattern_id, form).form.locals}

    def _around(self, f: ir.Function, use: ir.PatternUse, body: list[str]) -> list[str]:
        """The statements of a function under one more pattern."""
        arguments = dict(use.arguments)
        slots: dict[str, str] = {}
        form = "function"
        if self.templates.find(use.pattern_id, "shared") is not None:
            slots["object"] = self._shared(f, use)
            arguments = {}
        if self._waits(use.arguments):
            form = "function_waiting"
        if self._is_guard(use):
            test = self.templates.render(self, use.pattern_id, form, arguments, slots).text
            zeros = self._zeros(f.result)
            return [f"\tif err := {test}; err != nil {{", f"\t\treturn {zeros}err", "\t}", *body]
        return self._closed(use.pattern_id, form, arguments, slots, f.result, body)

    def _closed(
        self,
        pattern_id: str,
        form: str,
        arguments: dict[str, ir.Expr],
        slots: dict[str, str],
        result: ir.Type,
        body: list[str],
    ) -> list[str]:
        """Statements that return what a body gives under a pattern; `body` are the statements of a function."""
        several = isinstance(result, ir.TupleT)
        slots |= self._locals(pattern_id, form)
        slots |= self._fallback(pattern_id, arguments, result)
        closure = self._closure(pattern_id, form, result, body)
        if not several:
            text = self.templates.render(
                self, pattern_id, form, arguments, {**slots, **closure}, procedure=result == ir.NONE
            )
            lines = text.lines
            head = "\t" if self._is_statements(pattern_id, form, result) else "\treturn "
            return self._folded([head + lines[0], *(f"\t{line}" for line in lines[1:])])
        # A function of several results is called from one that stores them.
        assert isinstance(result, ir.TupleT)
        if "fallback" in arguments:
            raise Unsupported("a fallback for several results")
        e = self.e
        once = e.fresh("once")
        names = [e.fresh(n) for n in ("first", "second", "third", "fourth")[: len(result.elems)]]
        if len(names) != len(result.elems):
            raise Unsupported("a pattern around a function with more than four results")
        stored = [
            "\t\tvar err error",
            f"\t\t{', '.join([*names, 'err'])} = {once}(ctx)",
            "\t\treturn err",
        ]
        inner = self._closure(pattern_id, form, ir.NONE, [line[1:] for line in stored])
        made = self.templates.render(
            self, pattern_id, form, arguments, {**slots, **inner}, procedure=True
        ).lines
        if self._is_statements(pattern_id, form, ir.NONE):
            raise Unsupported(
                f"pattern {pattern_id} around a function with several results in {self.templates.chosen.title}"
            )
        head, *rest = closure["body"].split("\n")
        return [
            f"\t{once} := {head}",
            *(f"\t{line}" for line in rest),
            *(f"\tvar {n} {self.go.type(t)}" for n, t in zip(names, result.elems, strict=True)),
            f"\terr := {made[0]}",
            *(f"\t{line}" for line in made[1:]),
            f"\treturn {', '.join([*names, 'err'])}",
        ]

    def _is_statements(self, pattern_id: str, form: str, result: ir.Type) -> bool:
        found = self.templates.form(pattern_id, form).form
        text = found.procedure if result == ir.NONE and found.procedure else found.text
        return "\n" in text

    def _fallback(self, pattern_id: str, arguments: dict[str, ir.Expr], result: ir.Type) -> dict[str, str]:
        """The text of a boundary's fallback, typed as the result is."""
        if pattern_id != "error_boundary":
            return {}
        given = arguments.pop("fallback", None)
        if result == ir.NONE:
            return {"fallback": ""}
        if given is None or (isinstance(given, ir.Lit) and given.value is None):
            return {"fallback": "nil" if isinstance(result, ir.TupleT) else self.go.zero(result)}
        return {"fallback": self.e.x(given)}

    def _closure(self, pattern_id: str, form: str, result: ir.Type, body: list[str]) -> dict[str, str]:
        found = self.templates.form(pattern_id, form).form
        head = found.closure.replace("{results}", self.go.results(result, True))
        text = "\n".join([f"{head} {{", *(f"\t{line}" for b in body for line in b.split("\n")), "\t}"])
        # The lines stand one level deep already.
        shown = "\n".join(line.removeprefix("\t") if i else line for i, line in enumerate(text.split("\n")))
        return {
            "body": shown,
            "results": self.go.results(result, True),
            "result": self.go.type(result) if result != ir.NONE and not isinstance(result, ir.TupleT) else "",
            "zero": self.go.zero(result) if result != ir.NONE and not isinstance(result, ir.TupleT) else "",
        }

    def _folded(self, lines: list[str]) -> list[str]:
        """Options that make the last line too long go to lines of their own."""
        last = lines[-1]
        if len(last) <= 110 or not last.lstrip().startswith("}, ") or not last.endswith(")"):
            return lines
        indent = last[: len(last) - len(last.lstrip())]
        parts = _split_arguments(last.strip()[3:-1])
        return [*lines[:-1], f"{indent}}},", *(f"{indent}\t{p}," for p in parts), f"{indent})"]

    def _zeros(self, result: ir.Type) -> str:
        if result == ir.NONE:
            return ""
        if isinstance(result, ir.TupleT):
            return "".join(f"{self.go.zero(t)}, " for t in result.elems)
        return f"{self.go.zero(result)}, "

    @staticmethod
    def _waits(arguments: Mapping[str, ir.Expr]) -> bool:
        given = arguments.get("wait")
        if given is not None and not isinstance(given, ir.Lit):
            raise Unsupported("a computed `wait`", line=given.line)
        return isinstance(given, ir.Lit) and given.value is True

    def _shared(self, f: ir.Function, use: ir.PatternUse) -> str:
        """The package's variable that holds the breaker or limiter of a decorated function."""
        name = f"{camel(f'{self.e.cls}_{f.name}' if self.e.cls else f.name)}{SHARED[use.pattern_id]}"
        arguments = dict(use.arguments)
        if use.pattern_id == "circuit_breaker":
            arguments.setdefault("name", ir.Lit(f.name, type=ir.STR))
        made = self.templates.render(self, use.pattern_id, "shared", arguments).text
        self.go.shared.append(
            f"// {name} is shared by all calls of {self.go.function_name(f.name)}.\nvar {name} = {made}"
        )
        self.go.shared_state.append((name, use.pattern_id, made))
        return name

    # Expressions

    def construct(self, e: ir.PatternNew) -> str:
        """The constructor of a pattern's object."""
        if e.pattern_id == "cli_framework":
            name = e.arguments.get("name", ir.Lit("app", type=ir.STR))
            version = e.arguments.get("version", ir.Lit("", type=ir.STR))
            made = self.templates.render(
                self, e.pattern_id, "new", {}, {"0": self.e.x(name), "1": self.e.x(version)}
            ).text
            self.go.registers = True
            return f"withCommands({made})"
        if e.pattern_id == "rate_limiting" and self._waits(e.arguments):
            raise Unsupported("a limiter that always waits; its calls say so in Go", line=e.line)
        return self.templates.render(self, e.pattern_id, "new", e.arguments).text

    def block(self, e: ir.PatternCall) -> str:
        """A block that runs at once under a pattern, as an expression that gives its value and an error."""
        em = self.e
        saved = em.result, em.fails, em.handlers, em.err_scopes, em.depth
        em.result, em.fails, em.handlers, em.err_scopes, em.depth = e.type, True, [], [False], 1
        try:
            with em.captured() as body:
                em.block(e.body)
                if e.type == ir.NONE and not terminates(e.body):
                    em.write("return nil")
        finally:
            em.result, em.fails, em.handlers, em.err_scopes, em.depth = saved
        slots = {"object": em.x(e.obj, 7)} if e.obj is not None else {}
        form = "block" if e.obj is None else "call"
        if isinstance(e.type, ir.TupleT):
            raise Unsupported("a block of several values under a pattern", line=e.line)
        if e.obj is None and self.templates.find(e.pattern_id, "shared") is not None:
            raise Unsupported(f"a block under {e.pattern_id} without an object", line=e.line)
        arguments = dict(e.arguments)
        slots |= self._fallback(e.pattern_id, arguments, e.type)
        if self._is_statements(e.pattern_id, form, e.type):
            # Statements become an expression in a function that is called at once.
            inner = self._closed(e.pattern_id, form, arguments, slots, e.type, body)
            indent = "\t" * (em.depth - 1)
            lines = [
                f"func(){self.go.results(e.type, True)} {{",
                *(indent + "\t" + x for line in inner for x in line.split("\n")),
                f"{indent}\t}}()",
            ]
            return "\n".join(lines)
        slots |= self._closure(e.pattern_id, form, e.type, body)
        text = self.templates.render(
            self, e.pattern_id, form, arguments, slots, procedure=e.type == ir.NONE
        ).text
        indent = "\t" * (em.depth - 1)
        lines = text.split("\n")
        lines = [lines[0], *(indent + line for line in self._folded([f"\t{x}" for x in lines[1:]]))]
        return "\n".join(lines)

    def operation(self, e: ir.PatternOp) -> str:
        """A use of a pattern's object."""
        em = self.e
        if e.op == "call":
            return self._call(e)
        slots = {str(i): em.x(a) for i, a in enumerate(e.args)}
        if e.obj is not None:
            slots["object"] = em.x(e.obj, 7)
        op = e.op
        one = bool(e.args) and isinstance(e.args[0], ir.Lit) and e.args[0].value == 1
        if e.pattern_id == "rate_limiting" and op == "try_acquire" and not one:
            raise Unsupported("try_acquire of several permits")
        if e.pattern_id == "file_operations":
            op, slots = self._write(e, slots)
        if e.pattern_id == "http_client":
            if op == "close":
                # Go's client has nothing to close.
                return ""
            if op == "request":
                op = self._method(e)
                slots["0"] = slots.pop("1")
        return self.templates.render(self, e.pattern_id, op, e.arguments, slots, e.fields).text

    def _call(self, e: ir.PatternOp) -> str:
        """A function that is called through an object."""
        em = self.e
        inner = e.args[0]
        assert isinstance(inner, ir.Call | ir.MethodCall)
        assert e.obj is not None
        text, raised = em.call_text(inner)
        if inner.type == ir.NONE:
            lines = [f"\treturn {text}"] if raised else [f"\t{text}", "\treturn nil"]
        else:
            lines = [f"\treturn {text}" if raised else f"\treturn {text}, nil"]
        slots = {"object": em.x(e.obj, 7), **self._closure(e.pattern_id, "call", inner.type, lines)}
        if len(lines) == 1 and inner.type == ir.NONE:
            slots["body"] = "func(ctx context.Context) error { " + lines[0].strip() + " }"
        made = self.templates.render(
            self, e.pattern_id, "call", {}, slots, procedure=inner.type == ir.NONE
        ).text
        indent = "\t" * (em.depth - 1)
        return "\n".join(line if i == 0 else indent + line for i, line in enumerate(made.split("\n")))

    def _method(self, e: ir.PatternOp) -> str:
        method = e.args[0]
        if not isinstance(method, ir.Lit) or str(method.value).lower() not in (
            "get", "head", "post", "put", "patch", "delete",
        ):  # fmt: skip
            raise Unsupported("a computed HTTP method", line=e.line)
        return str(method.value).lower()

    def _write(self, e: ir.PatternOp, slots: dict[str, str]) -> tuple[str, dict[str, str]]:
        if e.args[1].type == ir.STR:
            return "write_text", slots
        return "write", slots

    def load(self, e: ir.PatternOp, into: str = "") -> str:
        """Load a configuration into a variable, and give the variable."""
        em = self.e
        assert isinstance(e.type, ir.NamedT)
        self.go.ported(e.type.name, e.line)
        variable = into or em.fresh("cfg" if "cfg" not in em.read else "loaded")
        em.write(f"var {variable} {self.go.names.types[e.type.name]}")
        text = self.templates.render(self, e.pattern_id, "load", e.arguments, {"variable": variable}).text
        em.write(f"err := {text}" if not em.err_known() else f"err = {text}")
        em.err_scopes[-1] = True
        em.check("err", frozenset({"ConfigurationError"}))
        return f"&{variable}" if self.go.is_pointer(e.type.name) else variable

    # Commands

    def register(self, f: ir.Function) -> list[str]:
        """The statement that adds a function of the file to an application as a command."""
        use = next(p for p in f.patterns if p.pattern_id == "cli_framework")
        arguments = dict(use.arguments)
        if "description" not in arguments and f.doc:
            arguments["description"] = ir.Lit(f.doc.splitlines()[0], type=ir.STR)
        self.go.imports.add("context")
        lines: list[str] = []
        given = ["ctx"] if f.context else []
        declared: list[str] = []
        for p in f.params:
            given.append(self._argument(p, lines))
            declared.append(self._declaration(p))
        call = f"{self.go.function_name(f.name)}({', '.join(given)})"
        if f.result == ir.INT:
            # What a command returns is not its exit code.
            lines += [f"\t_, err := {call}", "\treturn err"] if f.raises else [f"\t{call}", "\treturn nil"]
        elif f.result == ir.NONE:
            lines += [f"\treturn {call}"] if f.raises else [f"\t{call}", "\treturn nil"]
        else:
            raise Unsupported(f"a command that returns {ir.type_text(f.result)}", f.name, f.line)
        body = "\n".join(["func(ctx context.Context, args cli.Args) error {", *lines, "}"])
        made = self.templates.render(self, "cli_framework", "register", arguments, {"body": body}).lines
        head, tail = made[:-1], made[-1].removesuffix(")")
        return [*head, tail + "".join(f", {d}" for d in declared) + ")"]

    def _kind(self, p: ir.Param) -> tuple[str, str, bool]:
        """The runtime's name of a parameter's type, the method that reads it, and whether it collects."""
        t = p.type.elem if isinstance(p.type, ir.OptionalT) else p.type
        if t == ir.ListT(ir.STR):
            return "String", "Strings", True
        kinds: dict[ir.Type, tuple[str, str]] = {
            ir.STR: ("String", "String"),
            ir.INT: ("Integer", "Int"),
            ir.FLOAT: ("Float", "Float"),
            ir.BOOL: ("Boolean", "Bool"),
        }
        if t not in kinds:
            raise Unsupported(f"a command with a parameter of type {ir.type_text(p.type)}", p.name, p.line)
        return (*kinds[t], False)

    def _argument(self, p: ir.Param, lines: list[str]) -> str:
        _, method, _ = self._kind(p)
        if isinstance(p.type, ir.OptionalT) and not self.go.nilable(p.type.elem):
            held = {"String": "string", "Int": "int64", "Float": "float64", "Bool": "bool"}[method]
            name = self.go.local(p.name)
            shown = self.go.type(p.type.elem)
            lines += [
                f"\tvar {name} *{shown}",
                f"\tif given, ok := args[{json.dumps(p.name)}].({held}); ok {{",
                *(
                    [f"\t\tvalue := {shown}(given)", f"\t\t{name} = &value"]
                    if held != shown
                    else [f"\t\t{name} = &given"]
                ),
                "\t}",
            ]
            return name
        return f"args.{method}({json.dumps(p.name)})"

    def _declaration(self, p: ir.Param) -> str:
        kind, _, several = self._kind(p)
        self.imported("{runtime}/config")
        options: list[str] = []
        given = p.default
        absent = isinstance(given, ir.Lit) and given.value is None
        if (
            given is not None
            and not absent
            and not (kind == "Boolean" and isinstance(given, ir.Lit) and given.value is False)
        ):
            options.append(f"cli.Default({self.e.x(given)})")
        if several:
            options.append("cli.Multiple()")
        option = given is not None or kind == "Boolean"
        extra = "".join(f", {o}" for o in options)
        return f"cli.With{'Option' if option else 'Argument'}({json.dumps(p.name)}, config.{kind}{extra})"


def _split_arguments(text: str) -> list[str]:
    """The arguments of a call, split at commas outside of brackets and texts."""
    out: list[str] = []
    depth, start, quote = 0, 0, ""
    for i, c in enumerate(text):
        if quote:
            if c == quote and text[i - 1] != "\\":
                quote = ""
        elif c in "\"`'":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            out.append(text[start:i].strip())
            start = i + 1
    return [*out, text[start:].strip()]


__all__ = ["Patterns", "camel", "go_duration"]
