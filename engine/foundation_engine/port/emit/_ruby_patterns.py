"""Patterns in Ruby: the specs' templates, and what is really Ruby's syntax around them (blocks, `next`, constants)."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.emit._names import snake
from foundation_engine.port.emit.templates import Rendered
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.passes import stores

if TYPE_CHECKING:
    from foundation_engine.port.emit.ruby import Emitter

_BODY = "\0body\0"
_PRIMARY = 14


class Patterns:
    """Emits pattern uses for one method; a `Writer` of the templates."""

    def __init__(self, emitter: Emitter) -> None:
        self.e = emitter
        self.ruby = emitter.ruby
        self.templates = emitter.ruby.templates

    # What the templates ask

    def value(self, kind: str, v: ir.Expr) -> str:
        """A value as Ruby writes it; durations are seconds."""
        match kind:
            case "enum":
                if not isinstance(v, ir.Lit):
                    raise Unsupported("a computed choice", line=v.line)
                return f":{v.value}"
            case "milliseconds":
                return f"({self.e.x(v, _PRIMARY)} * 1000).round"
            case "mode":
                return f"0o{v.value:o}" if isinstance(v, ir.Lit) and isinstance(v.value, int) else self.e.x(v)
            case "symbols":
                if not isinstance(v, ir.DictLit):
                    raise Unsupported("a computed context of an error boundary", line=v.line)
                names = [key.value if isinstance(key, ir.Lit) else None for key, _ in v.items]
                if not all(isinstance(n, str) and n.isidentifier() for n in names):
                    return self.e.x(v)
                items = ", ".join(
                    f"{n}: {self.e.x(each)}" for n, (_, each) in zip(names, v.items, strict=True)
                )
                return f"{{ {items} }}" if items else "{}"
            case _:
                return self.e.x(v)

    def error_class(self, name: str, line: int) -> str:
        """The Ruby class."""
        del line
        return self.ruby.error(name)

    def derives(self, name: str, base: str) -> bool:
        """True when an error class is another or below it."""
        return self.ruby.effects.errors.is_a(name, base)

    def imported(self, text: str) -> None:
        """Require a file of a template."""
        self.ruby.requires.add(text)

    def differ(self, sentence: str) -> None:
        """Note a difference for the report."""
        self.ruby.module.differ(sentence)

    # Functions

    def wrap(self, f: ir.Function) -> None:
        """Write the body of a function that runs under patterns, the outermost decorator outermost."""
        e = self.e
        patterns = [p for p in f.patterns if p.pattern_id != "cli_framework"]
        if len(patterns) != len(f.patterns):
            self.ruby.commands.append(f)
        valued = f.result != ir.NONE
        if not patterns:
            e.block(f.body, tail=valued)
            return
        forms = [self.templates.form(p.pattern_id, "function").form for p in patterns]
        leave = "next" if any(form.leave == "next" for form in forms) else "return"
        changed = {p.name for p in f.params} & stores(f.body)
        if changed or (leave == "next" and _returns_in_loop(f.body)):
            # A `next` inside a loop's block would leave only that, and every attempt starts from the arguments.
            lines = self._once(f)
        else:
            with e.captured() as lines:
                saved, e.leave, depth, e.depth = e.leave, leave, e.depth, 0
                e.block(f.body, tail=valued)
                e.leave, e.depth = saved, depth
        for use in reversed(patterns):
            arguments = dict(use.arguments)
            if use.pattern_id == "circuit_breaker":
                arguments = {"name": ir.Lit(self._shared_name(f), type=ir.STR), **arguments}
            lines = filled(
                self.templates.render(
                    self,
                    use.pattern_id,
                    "function",
                    arguments,
                    self._slots(f, use.pattern_id, "function"),
                    procedure=not valued,
                ),
                lines,
            )
        for line in lines:
            e.write(line)

    def _slots(self, f: ir.Function, pattern_id: str, form: str) -> dict[str, str]:
        from foundation_engine.port.emit.ruby import quote

        free = {n: self.e.fresh(n) for n in self.templates.form(pattern_id, form).form.locals}
        return {**free, "body": _BODY, "function": snake(f.name), "shared": quote(self._shared_name(f))}

    def _shared_name(self, f: ir.Function) -> str:
        """The name under which all calls of a method share a breaker or limiter."""
        return f"{self.e.cls}.{f.name}" if self.e.cls else f.name

    def _once(self, f: ir.Function) -> list[str]:
        """A call of a method of its own that holds one attempt."""
        from foundation_engine.port.emit.ruby import Emitter, local, method_name

        e = self.e
        name = f"{method_name(f.name)}_once"
        args = ", ".join(local(p.name) for p in f.params)
        inner = Emitter(self.ruby, f, e.cls)
        inner.read = e.read
        inner.block(f.body, tail=f.result != ir.NONE)
        e.holes.extend(inner.holes)
        head = f"def {name}({args})" if args else f"def {name}"
        e.extra.append(["", f"# One attempt of {method_name(f.name)}.", head, *inner.lines, "end"])
        return [f"{name}({args})" if args else name]

    # Expressions

    def construct(self, e: ir.PatternNew) -> str:
        """The constructor of a pattern's object."""
        if e.pattern_id == "cli_framework":
            name = e.arguments.get("name", ir.Lit("app", type=ir.STR))
            version = e.arguments.get("version", ir.Lit("0", type=ir.STR))
            return self.templates.render(
                self, e.pattern_id, "new", {}, {"0": self.e.x(name), "1": self.e.x(version)}
            ).text
        return self.templates.render(self, e.pattern_id, "new", e.arguments).text

    def block(self, e: ir.PatternCall) -> str:
        """A block that runs at once under a pattern; later lines are indented for where the expression stands."""
        em = self.e
        form = "block" if e.obj is None else "call"
        found = self.templates.form(e.pattern_id, form).form
        valued = e.type != ir.NONE
        looped = found.leave == "next" and _returns_in_loop(e.body)
        with em.captured() as lines:
            saved, em.leave, depth, em.depth = (
                em.leave,
                "return" if looped else found.leave or "next",
                em.depth,
                0,
            )
            em.block(e.body, tail=valued)
            em.leave, em.depth = saved, depth
        if looped:
            # `return` leaves a lambda from any depth.
            name = em.fresh("once")
            em.write(f"{name} = lambda do")
            for line in lines:
                em.write(f"  {line}" if line else "")
            em.write("end")
            lines = [f"{name}.call"]
        arguments = dict(e.arguments)
        if e.obj is None and e.pattern_id == "circuit_breaker" and "name" not in arguments:
            arguments = {"name": ir.Lit(self._shared_name(em.f), type=ir.STR), **arguments}
        slots = self._slots(em.f, e.pattern_id, form)
        if e.obj is not None:
            slots["object"] = em.x(e.obj, _PRIMARY)
        made = filled(
            self.templates.render(self, e.pattern_id, form, arguments, slots, procedure=not valued), lines
        )
        indent = "  " * em.depth
        return "\n".join(line if i == 0 or not line else indent + line for i, line in enumerate(made))

    def operation(self, e: ir.PatternOp) -> str:
        """A use of a pattern's object."""
        em = self.e
        if e.op == "call":
            inner = e.args[0]
            assert e.obj is not None
            slots = {"object": em.x(e.obj, _PRIMARY), "body": _BODY}
            made = filled(self.templates.render(self, e.pattern_id, "call", {}, slots), [em.x(inner)])
            if len(made) == 3 and made[0].endswith(" do") and len(made[0]) + len(made[1]) < 100:
                return f"{made[0].removesuffix(' do')} {{ {made[1].strip()} }}"
            indent = "  " * em.depth
            return "\n".join(line if i == 0 else indent + line for i, line in enumerate(made))
        if e.pattern_id == "configuration":
            return self._load(e)
        slots = {str(i): em.x(a) for i, a in enumerate(e.args)}
        if e.obj is not None:
            slots["object"] = em.x(e.obj, _PRIMARY)
        if e.pattern_id == "rate_limiting" and isinstance(e.args[0], ir.Lit) and e.args[0].value == 1:
            slots["0"] = ""
        if e.pattern_id == "http_client" and e.op == "close":
            return ""
        text = self.templates.render(self, e.pattern_id, e.op, e.arguments, slots, e.fields).text
        return text.replace("acquire()", "acquire")

    # Configuration

    def _load(self, e: ir.PatternOp) -> str:
        assert isinstance(e.type, ir.NamedT)
        d = self.ruby.module.find(e.type.name)
        if not isinstance(d, ir.Class):
            raise Unsupported("a configuration of a class that was not ported", line=e.line)
        text = self.templates.render(
            self, "configuration", "load", e.arguments, {"schema": schema_name(d)}
        ).text
        return self._built(d, text)

    def _built(self, d: ir.Class, text: str) -> str:
        """An object of a data class from a loaded record."""
        from foundation_engine.port.emit.ruby import local

        name = self.ruby.type_name(d.name)
        nested = [
            (f, inner)
            for f in d.fields
            if isinstance(f.type, ir.NamedT)
            and isinstance(inner := self.ruby.module.find(f.type.name), ir.Class)
        ]
        if not nested:
            return f"{name}.new(**{text}.to_h)"
        variable = self.e.fresh("loaded")
        self.e.write(f"{variable} = {text}")
        parts = [f"**{variable}.to_h"]
        parts += [
            f"{local(f.name)}: {self._built(inner, f'{variable}.{local(f.name)}')}" for f, inner in nested
        ]
        return f"{name}.new({', '.join(parts)})"

    def schema(self, d: ir.Class, indent: str = "  ") -> list[str]:
        """The fields of a data class as the configuration loader knows them."""
        self.imported("foundation/config")
        lines = [f"{indent}{schema_name(d)} = Foundation::Config.define do"]
        lines += self._fields(d, indent + "  ")
        return [*lines, f"{indent}end"]

    def _fields(self, d: ir.Class, indent: str) -> list[str]:
        from foundation_engine.port.emit.ruby import local

        kinds: dict[ir.Type, str] = {
            ir.STR: "string",
            ir.INT: "integer",
            ir.FLOAT: "float",
            ir.BOOL: "boolean",
            ir.ListT(ir.STR): "strings",
        }
        lines: list[str] = []
        for f in d.fields:
            inner = self.ruby.module.find(f.type.name) if isinstance(f.type, ir.NamedT) else None
            if isinstance(inner, ir.Class):
                lines += [
                    f"{indent}field :{local(f.name)} do",
                    *self._fields(inner, indent + "  "),
                    f"{indent}end",
                ]
                continue
            t = f.type.elem if isinstance(f.type, ir.OptionalT) else f.type
            if t not in kinds:
                raise Unsupported(
                    f"a configuration field of type {ir.type_text(f.type)}", f.name, f.line or d.line
                )
            default = f", default: {self.e.x(f.default)}" if f.default is not None else ""
            env = f", env: '{f.env}'" if f.env else ""
            lines.append(f"{indent}field :{local(f.name)}, :{kinds[t]}{default}{env}")
        return lines

    # Commands

    def register(self, f: ir.Function) -> list[str]:
        """The statement that registers a function of the file as a command."""
        from foundation_engine.port.emit.ruby import local, method_name, quote

        use = next(p for p in f.patterns if p.pattern_id == "cli_framework")
        arguments = dict(use.arguments)
        if "description" not in arguments and f.doc:
            arguments["description"] = ir.Lit(f.doc.splitlines()[0], type=ir.STR)
        kinds: dict[ir.Type, str] = {
            ir.STR: "string",
            ir.INT: "integer",
            ir.FLOAT: "float",
            ir.BOOL: "boolean",
        }
        declared: list[str] = []
        for p in f.params:
            t = p.type.elem if isinstance(p.type, ir.OptionalT) else p.type
            several = isinstance(t, ir.ListT)
            t = t.elem if isinstance(t, ir.ListT) else t
            if t not in kinds:
                raise Unsupported(
                    f"a command with a parameter of type {ir.type_text(p.type)}", p.name, p.line
                )
            absent = isinstance(p.default, ir.Lit) and p.default.value is None
            option = (p.default is not None and not several) or t == ir.BOOL
            default = ""
            if p.default is not None and not absent:
                default = f", default: {self.e.x(p.default)}"
            elif t == ir.BOOL and not absent:
                default = ", default: false"
            elif absent:
                default = ", default: nil"
            multiple = ", multiple: true" if several else ""
            declared.append(
                f"command.{'option' if option else 'argument'}({quote(p.name)}, :{kinds[t]}{default}{multiple})"
            )
        given = ", ".join(local(p.name) for p in f.params)
        call = f"{method_name(f.name)}{f'({given})' if given else ''}"
        body = [call]
        # What a command returns is not its exit code.
        if f.result not in (ir.NONE, ir.INT):
            raise Unsupported(f"a command that returns {ir.type_text(f.result)}", f.name, f.line)
        if not f.params:
            return filled(
                self.templates.render(self, "cli_framework", "register_plain", arguments, {"body": _BODY}),
                body,
            )
        made = self.templates.render(
            self,
            "cli_framework",
            "register",
            arguments,
            {"body": _BODY, "arguments": "\0arguments\0", "variable": given},
        )
        return filled(Rendered("\n".join(filled(made, declared, "\0arguments\0"))), body)


def schema_name(d: ir.Class) -> str:
    """The constant that holds the fields of a configuration class."""
    return f"{snake(d.name).upper()}_FIELDS"


def filled(made: Rendered, body: list[str], marker: str = _BODY) -> list[str]:
    """The lines of a rendered text with a body in place of its marker, indented as the marker is."""
    out: list[str] = []
    for line in made.lines:
        if line.strip() == marker:
            indent = line[: len(line) - len(line.lstrip())]
            out.extend(indent + b if b else "" for b in body)
        elif marker in line:
            if len(body) != 1:
                raise Unsupported("a body of several lines in a template of one line")
            out.append(line.replace(marker, body[0].strip()))
        else:
            out.append(line)
    return out


def _returns_in_loop(body: list[ir.Stmt]) -> bool:
    return any(
        isinstance(n, ir.For | ir.ForRange | ir.While) and any(isinstance(m, ir.Return) for m in ir.walk(n))
        for b in body
        for n in ir.walk(b)
    )
