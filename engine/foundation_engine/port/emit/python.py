"""From the intermediate representation to Python: annotated functions, data classes, and our runtime's decorators."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: E501 - a template of the target's code reads best on one line.
from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from foundation_specs.model import LanguageId, ParameterType
from foundation_specs.registry import SpecRegistry

from foundation_engine.port import ir
from foundation_engine.port.bounds import lower_bound
from foundation_engine.port.emit import _regex as regex
from foundation_engine.port.emit._files import Cut
from foundation_engine.port.emit._names import pascal, snake
from foundation_engine.port.emit._python_operations import (
    AND,
    BOR,
    COMPARE,
    COMPARISONS,
    HELPERS,
    JSON_AS_IT_IS,
    JSON_KINDS,
    LOWEST,
    MUL,
    NEEDS,
    NOT,
    OPERATIONS,
    OR,
    PRIMARY,
    TERNARY,
    UNARY,
)
from foundation_engine.port.emit._statements import Statements, comment, comments
from foundation_engine.port.emit.templates import Templates
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import Effects, Errors, error_tree, place, reads, stores, terminates

# Names that the emitted code calls; a variable of the same name would hide them.
_CALLED = frozenset(
    ["abs", "bin", "bool", "bytes", "chr", "dict", "enumerate", "float", "frozenset", "hex", "int", "isinstance",
     "len", "list", "max", "min", "oct", "ord", "print", "range", "repr", "reversed", "round", "set", "sorted", "str",
     "sum", "tuple", "zip", "any", "all", "type", "math", "os", "time", "field", "super", "property", "staticmethod"]
)  # fmt: skip
_PATTERN_TYPES = frozenset({"CircuitBreaker", "RateLimiter", "RetryPolicy", "Logger", "HttpClient", "App"})
# Where the types of the patterns are imported from.
_HOMES: Mapping[str, str] = {
    "Retry": "foundation.resilience", "CircuitBreaker": "foundation.resilience", "RateLimiter": "foundation.resilience",
    "Logger": "foundation.logging", "HttpClient": "foundation.http", "HttpResponse": "foundation.http",
    "App": "foundation.cli", "ProcessResult": "foundation.process",
}  # fmt: skip
# Errors of the runtime whose constructor takes a message alone.
PLAIN_ERRORS = frozenset(
    {"FoundationError", "NetworkError", "TimeoutError", "ServiceUnavailable", "AuthenticationError", "ValidationError",
     "ConfigurationError", "CancelledError", "ProcessError", "ProcessTimeoutError", "HttpError"}
)  # fmt: skip


@dataclass
class PythonModule:
    """What the Python emitter makes of a module."""

    source: str
    imports: tuple[str, ...]
    holes: list[Unsupported]
    functions: list[tuple[str, str, int, int]]
    differences: list[str]

    @property
    def runtime(self) -> bool:
        """True when the source imports our runtime."""
        return any(i.startswith("from foundation") for i in self.imports)


def quote(text: str) -> str:
    """A Python string literal in double quotes where that needs no escapes."""
    if '"' in text and "'" not in text and text.isprintable() and "\\" not in text:
        return f"'{text}'"
    out: list[str] = []
    for c in text:
        if c in '"\\':
            out.append("\\" + c)
        elif c in "\n\t\r":
            out.append({"\n": "\\n", "\t": "\\t", "\r": "\\r"}[c])
        elif c.isprintable():
            out.append(c)
        else:
            out.append(
                f"\\x{ord(c):02x}"
                if ord(c) < 256
                else f"\\u{ord(c):04x}"
                if ord(c) < 0x10000
                else f"\\U{ord(c):08x}"
            )
    return '"' + "".join(out) + '"'


def docstring(text: str, indent: str) -> list[str]:
    """Lines of a docstring."""
    if not text:
        return []
    body = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    lines = body.splitlines()
    if len(lines) == 1:
        tail = " " if lines[0].endswith('"') else ""
        return [f'{indent}"""{lines[0]}{tail}"""']
    return [f'{indent}"""{lines[0]}', *(f"{indent}{line}".rstrip() for line in lines[1:]), f'{indent}"""']


def local(name: str) -> str:
    """The name of a variable or parameter."""
    if name in ("_", "self"):
        return name
    made = ("_" if name.startswith("_") else "") + snake(name)
    return f"{made}_" if keyword.iskeyword(made) or made in _CALLED else made


class PythonEmitter:
    """Names, imports and the file.

    `wraps` says that an index below zero counts from the end in the source, as it does here; `of_python` that it is Python:
    reading a file as text turns line ends into newlines there, and what a nested function assigns is its own.
    """

    def __init__(
        self, module: ir.Module, wraps: bool = True, dialect: str = "foundation", of_python: bool = True
    ) -> None:
        self.module = module
        self.wraps = wraps
        self.of_python = of_python
        self.effects = Effects(module)
        self.effects.run()
        self.errors: Errors = error_tree(module)
        self.templates = Templates(LanguageId.PYTHON, dialect)
        self.imports: set[str] = set()
        self.helpers: set[str] = set()
        self.holes: list[Unsupported] = []
        self.differences: list[str] = []
        # One `field` serves the whole module: ours where a field names its variable or is secret.
        self.own_fields = any(
            f.env or f.secret for d in module.definitions if isinstance(d, ir.Class) for f in d.fields
        )
        self.taken = {self._plain_function(d) for d in module.definitions if isinstance(d, ir.Function)}

    # Names

    def _plain_function(self, f: ir.Function) -> str:
        made = snake(f.name)
        made = f"{made}_" if keyword.iskeyword(made) or made in dir(builtins) else made
        return f"_{made}" if f.private or f.name.startswith("_") else made

    def function_name(self, name: str) -> str:
        """The name of a function of the module."""
        d = self.module.find(name)
        assert isinstance(d, ir.Function)
        return self._plain_function(d)

    def method_name(self, cls: str, name: str) -> str:
        """The name of a method or property."""
        d = self.module.find(cls)
        methods = d.methods if isinstance(d, ir.Class | ir.Protocol) else []
        m = next((m for m in methods if m.name == name), None)
        if name.startswith("__") and name.endswith("__"):
            return name
        made = snake(name)
        made = f"{made}_" if keyword.iskeyword(made) else made
        return f"_{made}" if name.startswith("_") or (m is not None and m.private) else made

    def field_name(self, cls: str, name: str) -> str:
        """The name of a field; private fields of a hand-written class begin with an underscore."""
        made = snake(name)
        made = f"{made}_" if keyword.iskeyword(made) else made
        d = self.module.find(cls)
        hidden = name.startswith("_")
        if isinstance(d, ir.Class) and not self.is_dataclass(d):
            f = next((f for f in d.fields if f.name == name), None)
            hidden = hidden or (f is not None and f.private)
        return f"_{made}" if hidden else made

    def constant_name(self, d: ir.Constant) -> str:
        """The name of a module constant or of an object that the module keeps."""
        hidden = "_" if d.name.startswith("_") else ""
        if isinstance(d.type, ir.NamedT) and d.type.name in _PATTERN_TYPES:
            return hidden + local(d.name.strip("_"))
        return hidden + snake(d.name).upper()

    def type_name(self, name: str) -> str:
        """The name of a class."""
        bare = name.lstrip("_")
        made = bare if bare[:1].isupper() and "_" not in bare else pascal(bare, initialisms=False)
        return ("_" if name.startswith("_") else "") + made

    def is_dataclass(self, d: ir.Class) -> bool:
        """True for a class that is written as a data class."""
        return d.dataclass or d.init is None

    def error(self, name: str) -> str:
        """The Python name of an error class."""
        if isinstance(self.module.find(name), ir.ErrorClass):
            return self.type_name(name)
        if name in ir.RUNTIME_ERRORS or name == "FoundationError":
            self.imports.add(f"from foundation.errors import {name}")
            return name
        if name == "Exit":
            self.imports.add("from foundation.cli import Exit")
            return name
        if name in ir.ERROR_BASES:
            return name
        raise Unsupported(f"error class {name}")

    def type(self, t: Type) -> str:
        """The annotation of a type."""
        match t:
            case ir.P(kind):
                plain = {
                    ir.Prim.INT: "int", ir.Prim.FLOAT: "float", ir.Prim.BOOL: "bool", ir.Prim.STR: "str",
                    ir.Prim.CHAR: "str", ir.Prim.BYTES: "bytes", ir.Prim.NONE: "None", ir.Prim.ERROR: "Exception",
                }  # fmt: skip
                if kind in plain:
                    return plain[kind]
                if kind is ir.Prim.ANY:
                    self.imports.add("from typing import Any")
                    return "Any"
                raise Unsupported(f"type {kind.value}")
            case ir.ListT(elem):
                return f"list[{self.type(elem)}]"
            case ir.DictT(key, value):
                return f"dict[{self.type(key)}, {self.type(value)}]"
            case ir.SetT(elem):
                return f"set[{self.type(elem)}]"
            case ir.TupleT(elems):
                return f"tuple[{', '.join(map(self.type, elems)) or '()'}]"
            case ir.OptionalT(elem):
                return f"{self.type(elem)} | None"
            case ir.IterT(elem):
                self.imports.add("from collections.abc import Iterable")
                return f"Iterable[{self.type(elem)}]"
            case ir.FuncT(params, result):
                self.imports.add("from collections.abc import Callable")
                return f"Callable[[{', '.join(map(self.type, params))}], {self.type(result)}]"
            case ir.RegexT() | ir.MatchT():
                self.imports.add("import re")
                return "re.Pattern[str]" if isinstance(t, ir.RegexT) else "re.Match[str]"
            case ir.NamedT(name):
                if self.module.find(name) is not None:
                    return self.type_name(name)
                made = self.templates.type(name, self._writer())
                if made is not None:
                    self.imports.add(f"from {_HOMES[made]} import {made}")
                    return made
                if name in ir.ERROR_BASES:
                    return self.error(name)
                raise Unsupported(f"type {name}")
            case _:
                raise Unsupported(f"type {ir.type_text(t)}")

    def _writer(self) -> Emitter:
        return Emitter(self, ir.Function("", [], ir.NONE, []))

    def helper(self, name: str) -> str:
        """Have a helper function emitted; its name."""
        if name in self.taken:
            raise Unsupported(
                f"an operation whose helper would be named {name}, as a function of this file is"
            )
        self.helpers.add(name)
        self.imports.update(HELPERS[name][0])
        return name

    # The file

    def emit(self) -> PythonModule:
        """The module's source file."""
        body: list[str] = []
        functions: list[tuple[str, str, int, int]] = []
        for d in self._ordered():
            try:
                lines = self._definition(d, functions)
            except Unsupported as why:
                self.holes.append(
                    Unsupported(why.reason, why.construct or getattr(d, "name", ""), why.line or d.line)
                )
                lines = ["", "", *comment(f"not ported: {why.reason} (line {why.line or d.line})")]
                if isinstance(d, ir.Function):
                    functions.append((d.name, "", d.line, 1))
            Cut(self.module).place(self.holes, d)
            body.extend(lines)
        helpers: list[str] = []
        for h in sorted(self.helpers):
            helpers.extend(["", "", *HELPERS[h][1].strip().splitlines()])
        if any("Jitter.symmetric(" in line for line in body):
            # The only value of a template that has an import of its own.
            self.imports.add("from foundation.resilience import Jitter")
        lines = docstring(self.module.doc or f"Ported from {self.module.name}.", "")
        lines.extend(
            ["", "from __future__ import annotations", "", *self._imports([*body, *helpers]), *body, *helpers]
        )
        return PythonModule(
            "\n".join(lines).rstrip() + "\n",
            tuple(sorted(self.imports)),
            self.holes,
            functions,
            self.differences,
        )

    def _ordered(self) -> list[ir.Definition]:
        """Definitions in source order, but classes before the constants and the decorators that name them at once."""
        out: list[ir.Definition] = []
        waiting = list(self.module.definitions)
        names = {getattr(d, "name", "") for d in waiting}
        done: set[str] = set()
        while waiting:
            for i, d in enumerate(waiting):
                if not (self._at_once(d) & names - done - {getattr(d, "name", "")}):
                    out.append(waiting.pop(i))
                    done.add(getattr(d, "name", ""))
                    break
            else:
                out.extend(waiting)
                break
        return out

    def _at_once(self, d: ir.Definition) -> set[str]:
        """Names of the module that running the definition's statement looks up."""
        found: set[str] = set()

        def look(n: ir.Node) -> None:
            for x in ir.walk(n):
                if isinstance(x, ir.Name):
                    found.add(x.id)
                elif isinstance(x, ir.New):
                    found.add(x.cls)
                elif isinstance(x, ir.EnumMember):
                    found.add(x.enum)

        match d:
            case ir.Constant():
                look(d.value)
            case ir.ErrorClass():
                found.add(d.base)
            case ir.Class():
                for f in d.fields:
                    if f.default is not None and not isinstance(f.default, ir.New):
                        look(f.default)
                for m in d.methods:
                    found |= self._at_once(m)
            case ir.Function():
                for p in d.patterns:
                    for v in p.arguments.values():
                        look(v)
                for q in d.params:
                    if q.default is not None:
                        look(q.default)
            case _:
                pass
        return found

    def _imports(self, body: list[str]) -> list[str]:
        # A template names every module that its choices may need.
        text = "\n".join(body)
        self.imports = {
            i for i in self.imports if not i.startswith("import ") or f"{i.removeprefix('import ')}." in text
        }
        plain = sorted(i for i in self.imports if i.startswith("import "))
        named: dict[str, set[str]] = {}
        for i in self.imports:
            if i.startswith("from "):
                module, _, names = i.removeprefix("from ").partition(" import ")
                named.setdefault(module, set()).update(n.strip() for n in names.split(","))

        def line(module: str) -> str:
            return f"from {module} import {', '.join(sorted(named[module]))}"

        ours = sorted(m for m in named if m.split(".")[0] == "foundation")
        standard = [*plain, *(line(m) for m in sorted(set(named) - set(ours)))]
        return [*standard, *([""] if standard and ours else []), *(line(m) for m in ours)]

    def _definition(self, d: ir.Definition, functions: list[tuple[str, str, int, int]]) -> list[str]:
        match d:
            case ir.Constant():
                return self._constant(d)
            case ir.EnumClass():
                return self._enum(d)
            case ir.ErrorClass():
                return self._error(d)
            case ir.Class():
                return self._class(d, functions)
            case ir.Protocol():
                return self._protocol(d)
            case ir.Function():
                return ["", "", *self._function(d, None, functions, "")]
            case ir.Declined():
                lines = ["", "", *comment(f"not ported: {d.reason} (line {d.line})")]
                return [*lines, *(f"#   {line}".rstrip() for line in d.source.splitlines()[:40])]

    def _constant(self, d: ir.Constant) -> list[str]:
        e = self._writer()
        text = e.x(d.value)
        lines = comments(d.comments)
        empty = isinstance(d.value, ir.ListLit | ir.DictLit | ir.SetLit)
        note = (
            f": {self.type(d.type)}"
            if empty or (isinstance(d.value, ir.Lit) and d.value.value is None)
            else ""
        )
        trailing = f"  # {d.trailing}" if d.trailing else ""
        return (
            ["", *lines, f"{self.constant_name(d)}{note} = {text}{trailing}"]
            if lines
            else [f"{self.constant_name(d)}{note} = {text}{trailing}"]
        )

    def enum_member(self, name: str) -> str:
        """The name of an enum's member."""
        return snake(name).upper()

    def _enum(self, d: ir.EnumClass) -> list[str]:
        self.imports.add("from enum import Enum")
        lines = [
            "",
            "",
            *comments(d.comments),
            f"class {self.type_name(d.name)}(Enum):",
        ]
        lines.extend(docstring(d.doc, "    "))
        if d.doc:
            lines.append("")
        for name, value in d.members:
            if value is None:
                self.imports.add("from enum import auto")
            text = quote(value) if isinstance(value, str) else "auto()" if value is None else str(value)
            lines.append(f"    {self.enum_member(name)} = {text}")
        return lines

    def _error(self, d: ir.ErrorClass) -> list[str]:
        lines = ["", "", *comments(d.comments)]
        lines.append(f"class {self.type_name(d.name)}({self.error(d.base)}):")
        lines.extend(docstring(d.doc or f"{self.type_name(d.name)}.", "    "))
        if d.message is None:
            return lines
        e = Emitter(self, ir.Function("", d.params, ir.STR, []), "")
        params = [self.param(p, e) for p in d.params]
        lines.extend(["", f"    def __init__({', '.join(['self', *params])}) -> None:"])
        lines.append(f"        super().__init__({e.x(d.message)})")
        names = {p.name for p in d.params}
        lines.extend(
            f"        self.{self.field_name(d.name, f.name)} = {local(f.name)}"
            for f in d.fields
            if f.name in names
        )
        return lines

    def param(self, p: ir.Param, e: Emitter) -> str:
        """A parameter with its annotation and default; one that changes is made for each call."""
        if _made_anew(p):
            return f"{local(p.name)}: {self.type(ir.OptionalT(p.type))} = None"
        default = "" if p.default is None else f" = {e.x(p.default)}"
        return f"{local(p.name)}: {self.type(p.type)}{default}"

    def _class(self, d: ir.Class, functions: list[tuple[str, str, int, int]]) -> list[str]:
        lines = ["", "", *comments(d.comments)]
        inner: list[str] = docstring(d.doc, "    ")
        if self.is_dataclass(d):
            self.imports.add("from dataclasses import dataclass")
            options = ["frozen=True"] if d.frozen else []
            required_later = False
            seen = False
            for f in d.fields:
                if f.init and f.default is None and seen:
                    required_later = True
                seen = seen or f.default is not None
            if required_later:
                options.append("kw_only=True")
            lines.append(f"@dataclass{'(' + ', '.join(options) + ')' if options else ''}")
            if inner and d.fields:
                inner.append("")
            inner.extend(line for f in d.fields for line in self._field(f, d))
        lines.append(f"class {self.type_name(d.name)}:")
        if not self.is_dataclass(d):
            assert d.init is not None
            inner.extend(["", *self._function(d.init, d, [], "    ", "__init__")])
        for m in d.methods:
            try:
                inner.extend(["", *self._function(m, d, functions, "    ")])
            except Unsupported as why:
                self.holes.append(Unsupported(why.reason, why.construct or m.name, why.line or m.line))
                functions.append((f"{d.name}.{m.name}", "", m.line, 1))
        if not inner:
            inner.append("    pass")
        if not inner[0]:
            inner.pop(0)
        return [*lines, *inner]

    def _field(self, f: ir.FieldDef, d: ir.Class) -> list[str]:
        e = self._writer()
        name = self.field_name(d.name, f.name)
        settings: list[str] = []
        default = f.default
        if default is not None:
            match default:
                case ir.ListLit(elems=[]):
                    settings.append("default_factory=list")
                case ir.DictLit(items=[]):
                    settings.append("default_factory=dict")
                case ir.SetLit(elems=[]):
                    settings.append("default_factory=set")
                case ir.ListLit() | ir.DictLit() | ir.SetLit():
                    settings.append(f"default_factory=lambda: {e.x(default)}")
                case ir.New():
                    text = e.x(default)
                    simple = text == f"{self.type_name(default.cls)}()"
                    settings.append(
                        f"default_factory={self.type_name(default.cls) if simple else 'lambda: ' + text}"
                    )
                case _:
                    settings.append(f"default={e.x(default)}")
        if f.env:
            settings.append(f"env={quote(f.env)}")
        if f.secret:
            settings.append("secret=True")
        if not f.init:
            settings.append("init=False")
        text = f"    {name}: {self.type(f.type)}"
        if len(settings) == 1 and settings[0].startswith("default="):
            text += f" = {settings[0].removeprefix('default=')}"
        elif settings:
            ours = self.own_fields
            if ours and not f.init:
                raise Unsupported("a configuration field that is not read", f.name, f.line)
            self.imports.add(f"from {'foundation.config' if ours else 'dataclasses'} import field")
            text += f" = field({', '.join(settings)})"
        return [text + (f"  # {f.doc}" if f.doc and "\n" not in f.doc else "")]

    def _protocol(self, d: ir.Protocol) -> list[str]:
        self.imports.add("from typing import Protocol")
        e = self._writer()
        lines = [
            "",
            "",
            *comments(d.comments),
            f"class {self.type_name(d.name)}(Protocol):",
        ]
        lines.extend(docstring(d.doc, "    "))
        for m in d.methods:
            params = ", ".join(["self", *(self.param(p, e) for p in m.params)])
            head = f"    def {self.method_name(d.name, m.name)}({params}) -> {self.type(m.result)}:"
            if len(lines) > 3 or d.doc:
                lines.append("")
            if m.doc:
                lines.extend([head, *docstring(m.doc, "        "), "        ..."])
            else:
                lines.append(f"{head} ...")
        return lines

    def _function(
        self,
        f: ir.Function,
        cls: ir.Class | None,
        functions: list[tuple[str, str, int, int]],
        indent: str,
        name: str = "",
    ) -> list[str]:
        made = name or (self.method_name(cls.name, f.name) if cls is not None else self.function_name(f.name))
        e = Emitter(self, f, cls.name if cls is not None else "")
        params = [self.param(p, e) for p in f.params]
        head: list[str] = comments(f.comments)
        match f.kind:
            case "static":
                head.append("@staticmethod")
            case "property":
                head.append("@property")
            case _:
                pass
        if cls is not None and f.kind != "static":
            params.insert(0, "self")
        around = [p for p in f.patterns if not e.is_loop(p)]
        head.extend(e.decorator(p) for p in around)
        head.append(f"def {made}({', '.join(params)}) -> {self.type(f.result)}:")
        for p in filter(_made_anew, f.params):
            assert p.default is not None
            e.write(f"if {local(p.name)} is None:")
            with e.indented():
                e.write(f"{local(p.name)} = {e.x(p.default)}")
        if len(around) < len(f.patterns):
            e.looped(f, around)
        else:
            e.block(f.body)
        if not any(line.strip() and not line.strip().startswith("#") for line in e.lines) and not f.doc:
            e.write("pass")
        lines = [*head, *docstring(f.doc, "    "), *e.lines]
        self.holes.extend(e.holes)
        functions.append((f"{cls.name}.{f.name}" if cls is not None else f.name, made, f.line, len(e.holes)))
        return [f"{indent}{line}".rstrip() for line in lines]


class Emitter(Statements):
    """One function body; a `Writer` of the templates."""

    before_mark = "  "

    def __init__(self, python: PythonEmitter, f: ir.Function, cls: str = "") -> None:
        super().__init__()
        self.python = python
        self.f = f
        self.cls = cls
        self.names: set[str] = set()
        self.own = {p.name for p in f.params} | stores(f.body) | _loop_names(f.body)
        self.least: dict[str, int] = {}
        self.temporaries = 0

    # What the templates ask

    def value(self, kind: str, v: ir.Expr) -> str:
        """A value as Python writes it."""
        match kind:
            case "mode" if isinstance(v, ir.Lit) and isinstance(v.value, int):
                return f"0o{v.value:o}"
            case "any_map" | "any" | _:
                return self.x(v)

    def error_class(self, name: str, line: int) -> str:
        """An error class as a value."""
        del line
        return self.python.error(name)

    def derives(self, name: str, base: str) -> bool:
        """True when an error class is another or below it."""
        return self.python.errors.is_a(name, base)

    def imported(self, text: str) -> None:
        """Note an import of a template."""
        self.python.imports.add(text)

    def differ(self, sentence: str) -> None:
        """Note a difference in meaning for the report."""
        if sentence not in self.python.differences:
            self.python.differences.append(sentence)

    # Writing

    def fresh(self, name: str) -> str:
        """A name that the function does not use."""
        made, n = name, 1
        while made in self.own or made in self.names:
            n += 1
            made = f"{name}_{n}"
        self.names.add(made)
        return made

    def is_loop(self, p: ir.PatternUse) -> bool:
        """True for a pattern that is statements around the function's body rather than a decorator."""
        found = self.python.templates.find(p.pattern_id, "function")
        return found is not None and "{body}" in found.form.text

    def looped(self, f: ir.Function, around: list[ir.PatternUse]) -> None:
        """The body of a function whose innermost pattern is a loop around it."""
        if f.patterns[:-1] != around:
            raise Unsupported("a plain loop outside of another pattern", f.name, f.line)
        if {p.name for p in f.params} & stores(f.body):
            raise Unsupported("a parameter that changes under a plain loop", f.name, f.line)
        use = f.patterns[-1]
        free = {n: self.fresh(n) for n in self.python.templates.form(use.pattern_id, "function").form.locals}
        text = self.python.templates.render(
            self, use.pattern_id, "function", use.arguments, slots={"body": "\0body", **free}
        ).text
        for line in text.split("\n"):
            if line.strip() != "\0body":
                if line.strip():
                    self.write(_tidy(line))
                continue
            deeper = (len(line) - len(line.lstrip())) // 4
            self.depth += deeper
            self.block(f.body)
            if f.result == ir.NONE and not terminates(f.body):
                self.write("return")
            self.depth -= deeper

    def decorator(self, p: ir.PatternUse) -> str:
        """A pattern around the function."""
        reraise = p.arguments.get("reraise")
        swallows = isinstance(reraise, ir.Lit) and reraise.value is False
        if (
            p.pattern_id == "error_boundary"
            and swallows
            and "fallback" not in p.arguments
            and not self.python.wraps
        ):
            # Where types have zero values, that is what a swallowed error leaves.
            zero = _zero_of(self.f.result)
            if zero is None and not isinstance(self.f.result, ir.OptionalT) and self.f.result != ir.NONE:
                raise Unsupported(
                    "a boundary whose value without a fallback is not known", self.f.name, p.line
                )
            if zero is not None:
                p = ir.PatternUse(p.pattern_id, {**p.arguments, "fallback": zero}, p.line)
        return _tidy(self.python.templates.render(self, p.pattern_id, "function", p.arguments).text)

    # Statements

    def suite(self, body: list[ir.Stmt]) -> None:
        """An indented block, never empty."""
        with self.indented():
            mark = len(self.lines)
            self.block(body)
            if not any(not line.strip().startswith("#") for line in self.lines[mark:] if line.strip()):
                self.write("pass")

    def stop(self, message: str) -> str:
        """The statement that stops the program with a message."""
        return f"raise NotImplementedError({quote(message)})"

    def _augmented(self, s: ir.AugAssign) -> None:
        op = ir.IN_PLACE[s.op]
        self._forget(s.target)
        t = s.target
        if isinstance(t, ir.IndexTarget) and isinstance(t.obj.type, ir.DictT) and t.obj.type.zero:
            if any(isinstance(n, ir.Call | ir.MethodCall | ir.PatternOp) for n in ir.walk(t)):
                raise Unsupported("a computed key that would be evaluated twice")
            known = ir.Intrinsic("dict.index", [t.obj, t.index], type=t.obj.type.value)
            whole = ir.Intrinsic(s.op, [known, s.value], type=t.obj.type.value)
            self.write(f"{self.target(t)} = {self.x(whole)}")
            return
        self.write(f"{self.target(t)} {op}= {self.x(s.value)}")

    def _while(self, s: ir.While) -> None:
        self._loop(s.body)
        always = isinstance(s.test, ir.Lit) and s.test.value is True
        self.write(f"while {'True' if always else self.test(s.test)}:")
        self.suite(s.body)

    def _return(self, s: ir.Return) -> None:
        if s.value is None:
            self.write("return")
        elif isinstance(s.value, ir.PatternCall):
            self._block_of(s.value, lambda: None, returns=True)
        elif isinstance(s.value, ir.Lit) and s.value.value is None:
            self.write("return None")
        else:
            self.write(f"return {self.x(s.value)}")

    def effect(self, e: ir.Expr) -> None:
        """An expression that is evaluated for what it does."""
        match e:
            case ir.Lit() | ir.Name():
                return
            case ir.PatternCall():
                self._block_of(e, lambda: None, returns=False)
            case ir.Intrinsic(op="list.delete", args=[obj, index]):
                self.write(f"del {self.x(obj, PRIMARY)}[{self._index(index)}]")
            case ir.Intrinsic(op="dict.delete", args=[obj, key]):
                self.write(f"del {self.x(obj, PRIMARY)}[{self.x(key)}]")
            case ir.Intrinsic(op="list.sort", args=[obj, key, reverse]):
                self.write(f"{self.x(obj, PRIMARY)}.sort({', '.join(self._order(key, reverse))})")
            case _:
                self.write(self.x(e))

    def _assign(self, s: ir.Assign) -> None:
        t, v = s.target, s.value
        self._forget(t)
        if isinstance(v, ir.PatternCall):
            name = self.target(t)
            self._block_of(v, lambda: None, returns=False, into=name)
            return
        if isinstance(t, ir.TupleTarget) and isinstance(v, ir.TupleLit):
            names = ", ".join(self.target(e) for e in t.elems)
            self.write(f"{names} = {', '.join(self.x(x, TERNARY) for x in v.elems)}")
            return
        note = ""
        empty = (isinstance(v, ir.ListLit) and not v.elems) or (isinstance(v, ir.DictLit) and not v.items) or (
            isinstance(v, ir.SetLit) and not v.elems) or (isinstance(v, ir.Lit) and v.value is None)  # fmt: skip
        if empty and isinstance(t, ir.VarTarget) and t.id not in self.names and not ir.has_unknown(v.type):
            note = f": {self.python.type(t.type if not ir.has_unknown(t.type) else v.type)}"
        elif empty and isinstance(t, ir.FieldTarget) and isinstance(t.obj, ir.Name) and t.obj.id == "self":
            owner = self.python.module.find(self.cls)
            if isinstance(owner, ir.Class) and owner.init is self.f and self.depth == 1:
                note = f": {self.python.type(t.type)}"
        if isinstance(t, ir.VarTarget):
            self.names.add(t.id)
            low = self.lower_bound(v)
            text = self.x(v)
            self.write(f"{self.target(t)}{note} = {text}")
            if low is not None and self.depth == 1 and self._stored_once(t.id):
                self.least[t.id] = low
            return
        text = self.x(v)
        self.write(f"{self.target(t)}{note} = {text}")

    def _stored_once(self, name: str) -> bool:
        return sum(isinstance(n, ir.VarTarget) and n.id == name for s in self.f.body for n in ir.walk(s)) == 1

    def target(self, t: ir.Target) -> str:
        """The text of an assignment target."""
        match t:
            case ir.VarTarget():
                return local(t.id)
            case ir.FieldTarget():
                cls = t.obj.type.name if isinstance(t.obj.type, ir.NamedT) else ""
                return f"{self.x(t.obj, PRIMARY)}.{self.python.field_name(cls, t.name)}"
            case ir.IndexTarget():
                inside = self._index(t.index) if isinstance(t.obj.type, ir.ListT) else self.x(t.index)
                if isinstance(t.obj.type, ir.ListT) and not self._plain_index(t.index):
                    inside = f"{self.python.helper('position')}({inside})"
                return f"{self.x(t.obj, PRIMARY)}[{inside}]"
            case ir.TupleTarget():
                texts = [
                    f"({self.target(e)})" if isinstance(e, ir.TupleTarget) else self.target(e)
                    for e in t.elems
                ]
                return ", ".join(texts) + ("," if len(texts) == 1 else "")
            case _:
                raise Unsupported("an assignment target of this kind")

    def _forget(self, t: ir.Target) -> None:
        for n in ir.walk(t):
            if isinstance(n, ir.VarTarget):
                self.least.pop(n.id, None)

    def _loop(self, body: list[ir.Stmt]) -> None:
        for name in stores(body):
            self.least.pop(name, None)

    def _if(self, s: ir.If, chained: bool = False) -> None:
        self.write(f"{'elif' if chained else 'if'} {self.test(s.test)}:")
        self.suite(s.body)
        if len(s.orelse) == 1 and isinstance(s.orelse[0], ir.If) and not s.orelse[0].comments:
            self._if(s.orelse[0], chained=True)
        elif s.orelse:
            self.write("else:")
            self.suite(s.orelse)

    def _for_range(self, s: ir.ForRange) -> None:
        self._loop(s.body)
        name = local(s.target.id) if s.target.id in reads(self.f.body) | reads(s.body) else "_"
        low = self.lower_bound(s.start) if s.step > 0 else self.lower_bound(s.stop)
        if s.step < 0 and low is not None:
            low += 1
        if low is not None and s.target.id not in stores(s.body):
            self.least[s.target.id] = low
        self.write(f"for {name} in {self._range(s.start, s.stop, ir.Lit(s.step, type=ir.INT))}:")
        self.suite(s.body)
        self.least.pop(s.target.id, None)

    def _range(self, start: ir.Expr, stop: ir.Expr, step: ir.Expr) -> str:
        args = [self.x(start), self.x(stop), self.x(step)]
        if args[2] == "1":
            args.pop()
            if args[0] == "0":
                args.pop(0)
        return f"range({', '.join(args)})"

    def _for(self, s: ir.For) -> None:
        self._loop(s.body)
        text = self.iterated(s.iter)
        changed = self._changed(s)
        if changed:
            text = f"list({text})"
        used = reads(self.f.body)
        if (
            isinstance(s.iter, ir.Intrinsic)
            and s.iter.op == "enumerate"
            and isinstance(s.target, ir.TupleTarget)
        ):
            first = s.target.elems[0]
            low = self.lower_bound(s.iter.args[1])
            if isinstance(first, ir.VarTarget) and low is not None and first.id not in stores(s.body):
                self.least[first.id] = low
        if isinstance(s.iter, ir.Intrinsic) and s.iter.op == "range" and isinstance(s.target, ir.VarTarget):
            low = self.lower_bound(s.iter.args[0])
            if (
                low is not None
                and s.target.id not in stores(s.body)
                and ir.same(s.iter.args[2], ir.Lit(1, type=ir.INT))
            ):
                self.least[s.target.id] = low
        self.write(f"for {self._loop_target(s.target, used)} in {text}:")
        self.suite(s.body)
        self._forget(s.target)

    def _loop_target(self, t: ir.Target, used: set[str]) -> str:
        if isinstance(t, ir.VarTarget):
            return local(t.id) if t.id in used else "_" if t.id == "_" else f"_{local(t.id).lstrip('_')}"
        if isinstance(t, ir.TupleTarget):
            parts = [
                f"({self._loop_target(e, used)})"
                if isinstance(e, ir.TupleTarget)
                else self._loop_target(e, used)
                for e in t.elems
            ]
            return ", ".join(parts)
        raise Unsupported("a loop target of this kind")

    def _changed(self, s: ir.For) -> bool:
        """True when the loop's body changes the size of what it iterates over."""
        source = s.iter
        while isinstance(source, ir.Intrinsic) and source.op in (
            "dict.keys",
            "dict.values",
            "dict.items",
            "enumerate",
        ):
            source = source.args[0]
        at = place(source)
        if at is None or not isinstance(source.type, ir.DictT | ir.SetT | ir.ListT):
            return False
        if isinstance(source.type, ir.ListT) and self.python.wraps:
            # A list that grows while it is iterated is followed by both.
            return False
        for b in s.body:
            for n in ir.walk(b):
                if isinstance(n, ir.Intrinsic) and n.args and place(n.args[0]) == at and n.op.partition(".")[2] in (
                    "pop", "pop_or", "pop_optional", "delete", "clear", "update", "setdefault", "add", "discard", "remove",
                    "append", "extend", "insert", "pop_at",
                ):  # fmt: skip
                    return True
                if isinstance(n, ir.IndexTarget) and place(n.obj) == at and isinstance(source.type, ir.DictT):
                    return True
        return False

    def _closure(self, f: ir.Function) -> None:
        inner = Emitter(self.python, f, self.cls)
        params = ", ".join(self.python.param(p, inner) for p in f.params)
        self.write(f"def {local(f.name)}({params}) -> {self.python.type(f.result)}:")
        inner.depth = self.depth + 1
        bound = {p.name for p in self.f.params} | {
            n.id for s in self.f.body for n in _outside(s, f) if isinstance(n, ir.VarTarget)
        }
        # Variables of loops and comprehensions are their own; elsewhere a closure may assign what is around it.
        assigned = {
            v.id
            for s in f.body
            for n in ir.walk(s)
            if isinstance(n, ir.Assign | ir.AugAssign)
            for v in ir.walk(n.target)
            if isinstance(v, ir.VarTarget)
        }
        shared = sorted(f.shared or (assigned & bound) - {p.name for p in f.params})
        if shared and (f.shared or not self.python.of_python):
            inner.write(f"nonlocal {', '.join(local(n) for n in shared)}")
        inner.block(f.body)
        for line in docstring(f.doc, "    " * (self.depth + 1)):
            self.lines.append(line)
        self.lines.extend(inner.lines or ["    " * (self.depth + 1) + "pass"])
        self.holes.extend(inner.holes)

    # Errors

    def _raise(self, s: ir.Raise) -> None:
        if s.error is None:
            self.write("raise")
            return
        cause = f" from {self.x(s.cause)}" if s.cause is not None else ""
        if isinstance(s.error, ir.New):
            self.write(f"raise {self._error(s.error)}{cause}")
        else:
            self.write(f"raise {self.x(s.error)}{cause}")

    def _error(self, e: ir.New) -> str:
        name = self.python.error(e.cls)
        d = self.python.module.find(e.cls)
        if isinstance(d, ir.ErrorClass) and d.message is not None:
            return f"{name}({', '.join(self.x(v) for _, v in e.args)})"
        if e.cls == "Exit":
            return f"Exit({self._args([v for _, v in e.args])})"
        if e.cls in ir.RUNTIME_ERRORS and e.cls not in PLAIN_ERRORS:
            raise Unsupported(f"raising {e.cls}, which only its pattern makes")
        message = dict(e.args).get("message")
        if message is None or (isinstance(message, ir.Lit) and message.value == ""):
            return f"{name}()" if not isinstance(d, ir.ErrorClass) and e.cls in ir.RUNTIME_ERRORS else name
        return f"{name}({self.x(message)})"

    def _try(self, s: ir.Try) -> None:
        if not s.handlers and len(s.final) == 1 and not s.orelse and self._closing(s):
            return
        python = self.python
        raised = frozenset[str]().union(*(python.effects.statement(b) for b in s.body))
        for h in s.handlers:
            python.templates.handles(raised, h.classes, python.module, python.errors)
        self.write("try:")
        self.suite(s.body)
        for h in s.handlers:
            names = list(dict.fromkeys(self.python.error(c) for c in h.classes)) or ["Exception"]
            used = h.var and any(isinstance(n, ir.Name) and n.id == h.var for b in h.body for n in ir.walk(b))
            shown = names[0] if len(names) == 1 else f"({', '.join(names)})"
            self.write(f"except {shown}{f' as {local(h.var)}' if used else ''}:")
            with self.indented():
                self.remarks(h.comments)
            self.suite(h.body)
        if s.orelse:
            self.write("else:")
            self.suite(s.orelse)
        if s.final:
            self.write("finally:")
            self.suite(s.final)

    def _closing(self, s: ir.Try) -> bool:
        """A client that is closed at the end is a `with` statement, where the line before makes it."""
        last = s.final[0]
        if not (
            isinstance(last, ir.ExprStmt)
            and isinstance(last.value, ir.PatternOp)
            and (last.value.pattern_id, last.value.op) == ("http_client", "close")
            and isinstance(last.value.obj, ir.Name)
        ):
            return False
        name = local(last.value.obj.id)
        prefix = "    " * self.depth + f"{name} = "
        if self.lines and self.lines[-1].startswith(prefix):
            made = self.lines.pop().removeprefix(prefix)
            self.write(f"with {made} as {name}:")
        else:
            self.write(f"with {name}:")
        self.suite(s.body)
        return True

    # Patterns

    def _block_of(self, e: ir.PatternCall, _: object, *, returns: bool, into: str = "") -> None:
        """A block under a pattern: `with` or the attempts of a policy, else a function that is called through it."""
        if e.pattern_id == "rate_limiting" and e.obj is not None:
            self.write(
                self.python.templates.render(
                    self, e.pattern_id, "acquire", {}, slots={"object": self.x(e.obj, PRIMARY), "0": ""}
                ).text
            )
            if returns:
                self.block(e.body)
                return
        tail = not into or _tail_returns_only(e.body)
        plain = returns or (not _returns(e.body)) or (into and tail)
        if not plain or e.pattern_id not in (
            "error_boundary",
            "circuit_breaker",
            "retry_with_backoff",
            "rate_limiting",
        ):
            self._called(e, into, returns)
            return
        body = e.body if not into else _assigned(e.body, into, e.type)
        fallback = e.arguments.get("fallback")
        reraise = e.arguments.get("reraise")
        swallows = e.pattern_id == "error_boundary" and isinstance(reraise, ir.Lit) and reraise.value is False
        if into and swallows:
            self.write(f"{into} = {self.x(fallback) if fallback is not None else 'None'}")
        match e.pattern_id:
            case "error_boundary":
                self.write(
                    f"with {self.python.templates.render(self, e.pattern_id, 'block', e.arguments).text}:"
                )
                self.suite(body)
            case "circuit_breaker":
                if e.obj is None:
                    raise Unsupported("a circuit breaker that a block makes for itself")
                self.write(f"with {self.x(e.obj)}:")
                self.suite(body)
            case "retry_with_backoff":
                policy = (
                    self.x(e.obj)
                    if e.obj is not None
                    else self.python.templates.render(self, e.pattern_id, "block", e.arguments).text
                )
                name = self.fresh("attempt")
                self.write(f"for {name} in {policy}:")
                with self.indented():
                    self.write(f"with {name}:")
                    self.suite(body)
            case _:
                self.block(body)
        if returns and swallows:
            self.write(f"return {self.x(fallback) if fallback is not None else 'None'}")

    def _called(self, e: ir.PatternCall, into: str, returns: bool) -> None:
        """The block as a function of its own, which the pattern's object calls."""
        name = self.fresh("operation")
        inner_stores = stores(e.body)
        outside = {
            n.id
            for s in self.f.body
            for n in _outside(s, e)
            if isinstance(n, ir.Name | ir.VarTarget)
        } | {p.name for p in self.f.params}  # fmt: skip
        shared = sorted(inner_stores & outside)
        params = {p.name for p in self.f.params}
        bound = params | {n.id for s in self.f.body for n in _outside(s, e) if isinstance(n, ir.VarTarget)}
        if set(shared) - bound:
            raise Unsupported("a block under a pattern that gives a variable its first value")
        self.write(f"def {name}() -> {self.python.type(e.type)}:")
        with self.indented():
            if shared:
                self.write(f"nonlocal {', '.join(local(n) for n in shared)}")
        self.suite(e.body)
        match e.pattern_id:
            case "retry_with_backoff":
                policy = (
                    self.x(e.obj, PRIMARY)
                    if e.obj is not None
                    else self.python.templates.render(self, e.pattern_id, "block", e.arguments).text
                )
                text = f"{policy}.call({name})"
            case "circuit_breaker" if e.obj is not None:
                text = f"{self.x(e.obj, PRIMARY)}.call({name})"
            case "error_boundary":
                self.python.imports.add("from foundation.errors import error_boundary")
                decorated = self.python.templates.render(
                    self, e.pattern_id, "function", e.arguments
                ).text.removeprefix("@")
                text = f"{decorated}({name})()"
            case _:
                raise Unsupported(f"pattern {e.pattern_id} around a block")
        self.write(f"{into} = {text}" if into else f"return {text}" if returns else text)

    def _operation(self, e: ir.PatternOp) -> tuple[str, int]:
        slots = {str(i): self.x(a) for i, a in enumerate(e.args)}
        if e.obj is not None:
            slots["object"] = self.x(e.obj, PRIMARY)
        if e.op == "call" and e.args and isinstance(e.args[0], ir.Call | ir.MethodCall):
            called = e.args[0]
            if isinstance(called, ir.Call):
                slots["function"] = self.x(called.func)
            else:
                slots["function"] = f"{self.x(called.obj, PRIMARY)}.{self._method(called)}"
            slots["arguments"] = "".join(f", {self.x(a)}" for a in called.args)
        if e.pattern_id == "rate_limiting" and isinstance(e.args[0], ir.Lit) and e.args[0].value == 1:
            slots["0"] = ""
        if e.pattern_id == "configuration":
            slots["type"] = self.python.type(e.type)
        given = _listed(e.pattern_id, e.arguments)
        form = e.op
        if not any(keyword.iskeyword(name) for name, _ in e.fields):
            made = self.python.templates.render(self, e.pattern_id, form, given, slots=slots, fields=e.fields)
            return made.text, PRIMARY
        # A field cannot be named by a word of the language.
        made = self.python.templates.render(self, e.pattern_id, form, given, slots=slots)
        text = made.text.removesuffix(")")
        named = ", ".join(f'"{name}": {self.x(value)}' for name, value in e.fields)
        return f"{text}{'' if text.endswith('(') else ', '}**{{{named}}})", PRIMARY

    def _construct(self, e: ir.PatternNew) -> str:
        if e.pattern_id == "cli_framework":
            given = ", ".join(f"{n}={self.x(v)}" for n, v in e.arguments.items())
            return self.python.templates.render(
                self, e.pattern_id, "new", {}, slots={"arguments": given}
            ).text
        return self.python.templates.render(self, e.pattern_id, "new", e.arguments).text

    # Expressions

    def x(self, e: ir.Expr, need: int = LOWEST) -> str:
        """The text of an expression, in parentheses when it binds less tightly than needed."""
        text, have = self._text(e)
        return f"({text})" if have < need else text

    def test(self, e: ir.Expr, need: int = LOWEST) -> str:
        """The text of a condition, where emptiness is falsehood."""
        match e:
            case ir.Intrinsic(op="nonempty" | "json.truthy", args=[v]):
                return self.x(v, need)
            case ir.PatternOp(op="try_acquire"):
                # A decision is true when it is allowed.
                text = self.x(e)
                return text[5:-1] if text.startswith("bool(") and text.endswith(")") else text
            case ir.Intrinsic(op="ne", args=[v, ir.Lit(value="")]) if v.type == ir.STR:
                return self.x(v, need)
            case ir.Intrinsic(op="eq", args=[v, ir.Lit(value="")]) if v.type == ir.STR:
                text = f"not {self.x(v, NOT)}"
                return f"({text})" if need > NOT else text
            case ir.Not(value=v):
                negated = self._negated(v)
                if negated is not None:
                    text, have = negated
                else:
                    text, have = f"not {self.test(v, NOT)}", NOT
                return f"({text})" if have < need else text
            case ir.Bool(op=op, values=values):
                own = AND if op == "and" else OR
                text = f" {op} ".join(
                    self.test(v, own + 1 if isinstance(v, ir.Bool) else own) for v in values
                )
                return f"({text})" if own < need else text
            case _:
                return self.x(e, need)

    def _negated(self, e: ir.Expr) -> tuple[str, int] | None:
        """The opposite of a comparison, or None."""
        match e:
            case ir.Intrinsic(op="eq" | "ne", args=args):
                return self._text(ir.Intrinsic("ne" if e.op == "eq" else "eq", args, type=ir.BOOL))
            case ir.Intrinsic(op="is_none" | "is_some", args=args):
                return self._text(
                    ir.Intrinsic("is_some" if e.op == "is_none" else "is_none", args, type=ir.BOOL)
                )
            case ir.Intrinsic(
                op="list.contains" | "set.contains" | "dict.contains" | "str.contains" | "str.contains_char",
                args=[xs, v],
            ):
                return f"{self.x(v, BOR)} not in {self.x(xs, BOR)}", COMPARE
            case ir.Intrinsic(op="json.is", args=[v, ir.Lit(value="null")]):
                return f"{self.x(v, BOR)} is not None", COMPARE
            case ir.Not(value=inner):
                return self._text(inner)
            case _:
                return None

    def _text(self, e: ir.Expr) -> tuple[str, int]:
        match e:
            case ir.Lit():
                return self._literal(e)
            case ir.Name():
                return self._name(e), PRIMARY
            case ir.Field():
                cls = e.obj.type.name if isinstance(e.obj.type, ir.NamedT) else ""
                return f"{self.x(e.obj, PRIMARY)}.{self.python.field_name(cls, e.name)}", PRIMARY
            case ir.EnumMember():
                return f"{self.python.type_name(e.enum)}.{self.python.enum_member(e.member)}", PRIMARY
            case ir.Call():
                return f"{self.x(e.func, PRIMARY)}({self._args(e.args)})", PRIMARY
            case ir.MethodCall(method="__str__"):
                return f"str({self.x(e.obj)})", PRIMARY
            case ir.MethodCall():
                return self._method_call(e), PRIMARY
            case ir.New():
                return self._new(e), PRIMARY
            case ir.PatternNew():
                return self._construct(e), PRIMARY
            case ir.PatternOp():
                return self._operation(e)
            case ir.PatternCall():
                raise Unsupported("a block under a pattern inside an expression")
            case ir.Intrinsic():
                return self._intrinsic(e)
            case ir.ListLit():
                return f"[{self._args(e.elems)}]", PRIMARY
            case ir.TupleLit():
                return f"({self._args(e.elems)}{',' if len(e.elems) == 1 else ''})", PRIMARY
            case ir.SetLit():
                return (f"{{{self._args(e.elems)}}}" if e.elems else "set()"), PRIMARY
            case ir.DictLit():
                return self._dict(e), PRIMARY
            case ir.Comp() | ir.Cond() if (whole := _unchanged(e)) is not None:
                return self._text(whole)
            case ir.Cond():
                return (
                    f"{self.x(e.body, TERNARY + 1)} if {self.test(e.test, TERNARY + 1)} else {self.x(e.orelse, TERNARY)}",
                    TERNARY,
                )
            case ir.Bool(op=op, values=values):
                own = AND if op == "and" else OR
                return f" {op} ".join(
                    self.x(v, own + 1 if isinstance(v, ir.Bool) else own) for v in values
                ), own
            case ir.Not(value=v):
                return self._negated(v) or (f"not {self.test(v, NOT)}", NOT)
            case ir.Unwrap() | ir.Wrap():
                if isinstance(e.type, ir.OptionalT) and isinstance(e.type.elem, ir.OptionalT):
                    raise Unsupported("an optional of an optional")
                return self._text(e.value)
            case ir.Comp():
                return self._comp(e), PRIMARY
            case ir.Format():
                return self._format(e), PRIMARY
            case ir.Lambda():
                inner = {p.name for p in e.params}
                saved, self.own = self.own, self.own | inner
                text = (
                    f"lambda {', '.join(local(p.name) for p in e.params)}: {self.x(e.body)}"
                    if e.params
                    else f"lambda: {self.x(e.body)}"
                )
                self.own = saved
                return text, LOWEST
            case _:
                raise Unsupported(f"expression {type(e).__name__}")

    def _args(self, args: list[ir.Expr]) -> str:
        return ", ".join(self.x(a) for a in args)

    def _name(self, e: ir.Name) -> str:
        if e.id == "self":
            return "self"
        if e.id not in self.own:
            d = self.python.module.find(e.id)
            if isinstance(d, ir.Constant):
                return self.python.constant_name(d)
            if isinstance(d, ir.Function):
                return self.python.function_name(e.id)
            if isinstance(d, ir.Class | ir.EnumClass | ir.ErrorClass):
                return self.python.type_name(e.id)
            if e.type == ir.ERROR and e.id in ir.ERROR_BASES:
                return self.python.error(e.id)
        return local(e.id)

    def _method(self, e: ir.MethodCall) -> str:
        cls = e.obj.type.name if isinstance(e.obj.type, ir.NamedT) else ""
        return self.python.method_name(cls, e.method)

    def _method_call(self, e: ir.MethodCall) -> str:
        d = self.python.module.find(e.obj.type.name) if isinstance(e.obj.type, ir.NamedT) else None
        text = f"{self.x(e.obj, PRIMARY)}.{self._method(e)}"
        if isinstance(d, ir.Class):
            m = next((m for m in d.methods if m.name == e.method), None)
            if m is not None and m.kind == "property":
                return text
        return f"{text}({self._args(e.args)})"

    def _new(self, e: ir.New) -> str:
        d = self.python.module.find(e.cls)
        if not isinstance(d, ir.Class):
            return self._error(e)
        name = self.python.type_name(e.cls)
        if not self.python.is_dataclass(d):
            return f"{name}({', '.join(self.x(a) for _, a in e.args)})"
        defaults = {f.name: f.default for f in d.fields}
        order = [f.name for f in d.fields if f.init]
        parts: list[str] = []
        named = len(e.args) > 3 or [n for n, _ in e.args] != order[: len(e.args)]
        for n, a in e.args:
            known = defaults.get(n)
            if known is not None and ir.same(a, known):
                named = True
                continue
            parts.append(f"{self.python.field_name(e.cls, n)}={self.x(a)}" if named else self.x(a))
        return f"{name}({', '.join(parts)})"

    def _literal(self, e: ir.Lit) -> tuple[str, int]:
        match e.value:
            case None:
                return "None", PRIMARY
            case bool():
                return str(e.value), PRIMARY
            case int():
                text = f"{e.value:_}" if abs(e.value) >= 10_000 else str(e.value)
                return text, PRIMARY if e.value >= 0 else UNARY
            case float():
                if e.value != e.value or e.value in (float("inf"), float("-inf")):
                    self.python.imports.add("import math")
                    text = "math.nan" if e.value != e.value else "math.inf" if e.value > 0 else "-math.inf"
                    return text, UNARY
                return repr(e.value), PRIMARY if e.value >= 0 else UNARY
            case str():
                return quote(e.value), PRIMARY
            case bytes():
                return repr(e.value), PRIMARY
            case _:
                raise Unsupported("a literal of this kind")

    def _dict(self, e: ir.DictLit) -> str:
        if not e.items and isinstance(e.type, ir.DictT) and e.type.zero and _inserts(e.type):
            self.python.imports.add("from collections import defaultdict")
            return f"defaultdict({_zero_factory(e.type.value)})"
        if isinstance(e.type, ir.DictT) and e.type.zero and _inserts(e.type):
            self.python.imports.add("from collections import defaultdict")
            items = ", ".join(f"{self.x(k)}: {self.x(v)}" for k, v in e.items)
            return f"defaultdict({_zero_factory(e.type.value)}, {{{items}}})"
        return "{" + ", ".join(f"{self.x(k)}: {self.x(v)}" for k, v in e.items) + "}"

    # Operations

    def lower_bound(self, e: ir.Expr) -> int | None:
        """A number that the integer is never below, or None."""
        return lower_bound(e, self.least.get)

    def _natural(self, e: ir.Expr) -> bool:
        low = self.lower_bound(e)
        return low is not None and low >= 0

    def _plain_index(self, i: ir.Expr) -> bool:
        """True when an index means here what it means in the representation."""
        if isinstance(i, ir.Intrinsic) and i.op in ("from_end", "wrap", "bound"):
            return True
        return self.python.wraps or self._natural(i)

    def _index(self, i: ir.Expr) -> str:
        if isinstance(i, ir.Intrinsic) and i.op == "from_end":
            return f"-{self.x(i.args[0], UNARY)}"
        if isinstance(i, ir.Intrinsic) and i.op in ("wrap", "bound"):
            return self.x(i.args[0])
        return self.x(i)

    def _intrinsic(self, e: ir.Intrinsic) -> tuple[str, int]:
        op, args = e.op, e.args
        if op in COMPARISONS:
            return f"{self.x(args[0], BOR)} {COMPARISONS[op]} {self.x(args[1], BOR)}", COMPARE
        if op.startswith("tuple.") and op.partition(".")[2] in COMPARISONS:
            return (
                f"{self.x(args[0], BOR)} {COMPARISONS[op.partition('.')[2]]} {self.x(args[1], BOR)}",
                COMPARE,
            )
        if op.startswith("float.") and op.partition(".")[2] in (
            "add",
            "sub",
            "mul",
            "div",
            "floordiv",
            "mod",
        ):
            args = self._widened(op, args)
        match op:
            case "char.to_str":
                return self._text(args[0])
            case _ if op.startswith("regex."):
                return regex.python(self, e)
            case "nonempty":
                return f"bool({self.x(args[0])})", PRIMARY
            case "empty":
                return f"not {self.x(args[0], NOT)}", NOT
            case "float.div":
                divisor = args[1].value if isinstance(args[1], ir.Lit) else 0
                if not e.raises and not divisor:
                    # The source's division gives infinities instead of an error.
                    return f"{self.python.helper('float_quotient')}({self._args(args)})", PRIMARY
                return f"{self.x(args[0], MUL)} / {self.x(args[1], UNARY)}", MUL
            case "int.truncdiv" | "int.rem":
                if self._natural(args[0]) and self._natural(args[1]):
                    return (
                        f"{self.x(args[0], MUL)} {'//' if op == 'int.truncdiv' else '%'} {self.x(args[1], UNARY)}",
                        MUL,
                    )
                name = "truncated_quotient" if op == "int.truncdiv" else "truncated_remainder"
                return f"{self.python.helper(name)}({self._args(args)})", PRIMARY
            case "list.index" | "str.index":
                if self._plain_index(args[1]):
                    return f"{self.x(args[0], PRIMARY)}[{self._index(args[1])}]", PRIMARY
                return f"{self.python.helper('item_at')}({self._args(args)})", PRIMARY
            case "tuple.index":
                return f"{self.x(args[0], PRIMARY)}[{self.x(args[1])}]", PRIMARY
            case "dict.index":
                return self._lookup(args[0], args[1]), PRIMARY
            case "list.pop_at":
                at = self._index(args[1])
                if not self._plain_index(args[1]):
                    at = f"{self.python.helper('position')}({at})"
                return f"{self.x(args[0], PRIMARY)}.pop({at})", PRIMARY
            case "list.slice" | "str.slice" | "list.stride" | "str.stride":
                return self._slice(e), PRIMARY
            case "max" | "min":
                return f"{op}({self._args(args)})", PRIMARY
            case "max_of" | "min_of":
                return self._extreme(e), PRIMARY
            case "sum" | "any" | "all":
                start = f", {self.x(args[1])}" if len(args) > 1 else ""
                return f"{op}({self.iterated(args[0], bare=not start)}{start})", PRIMARY
            case "sorted":
                return (
                    f"sorted({', '.join([self.iterated(args[0]), *self._order(args[1], args[2])])})",
                    PRIMARY,
                )
            case "to_list":
                return f"list({self.iterated(args[0], bare=True)})", PRIMARY
            case "to_set":
                return f"set({self.iterated(args[0], bare=True)})", PRIMARY
            case "range":
                return self._range(args[0], args[1], args[2]), PRIMARY
            case "enumerate":
                start = "" if isinstance(args[1], ir.Lit) and args[1].value == 0 else f", {self.x(args[1])}"
                return f"enumerate({self.iterated(args[0])}{start})", PRIMARY
            case "zip":
                return f"zip({', '.join(self.iterated(a) for a in args)}, strict=False)", PRIMARY
            case "str.join":
                return f"{self.x(args[0], PRIMARY)}.join({self.iterated(args[1], bare=True)})", PRIMARY
            case "enum.value":
                return f"{self.x(args[0], PRIMARY)}.value", PRIMARY
            case "error.is":
                return self._is_error(args), PRIMARY
            case (
                "math.log"
                | "math.log10"
                | "math.log2"
                | "math.sqrt"
                | "math.sin"
                | "math.cos"
                | "math.tan"
                | "math.exp"
                | "math.fabs"
                | "math.atan"
                | "math.hypot"
                | "math.atan2"
            ):
                self.python.imports.add("import math")
                return f"{op}({self._args(args)})", PRIMARY
            case "json.is" if isinstance(args[1], ir.Lit):
                text = JSON_KINDS[str(args[1].value)]
                return text.format(self.x(args[0], BOR)), COMPARE if " " in text[2:] else PRIMARY
            case "json.number" if not self.python.of_python:
                return f"float({self.x(args[0])})", PRIMARY
            case "json.present" if isinstance(args[0], ir.Name):
                name = self.x(args[0])
                return f"{name} is not None and {name} is not False", AND
            case "json.get_or" if isinstance(args[2], ir.Lit) and args[2].value is None:
                return f"{self.x(args[0], PRIMARY)}.get({self.x(args[1])})", PRIMARY
            case "file.read_text" if not self.python.of_python:
                self.python.imports.add("from pathlib import Path")
                return f"Path({self.x(args[0])}).read_bytes().decode()", PRIMARY
            case "str.parse_int" if len(args) == 3:
                return f"{self.python.helper('parse_int')}({self._args(args)})", PRIMARY
            case "print" if isinstance(args[0], ir.Format) and args[0].parts == []:
                return "print()", PRIMARY
            case _:
                pass
        made = self.python.templates.operation(
            op, [self.x(a, PRIMARY if i == 0 else LOWEST) for i, a in enumerate(args)], self
        )
        if made is not None:
            return made, PRIMARY
        if op not in OPERATIONS:
            raise Unsupported(f"operation {op} in Python")
        text, own, needs = OPERATIONS[op]
        for start, needed in NEEDS.items():
            if start in text:
                self.python.imports.add(needed)
        head = text.partition("(")[0]
        if head in HELPERS:
            self.python.helper(head)
        return text.format(*(self.x(a, n) for a, n in zip(args, needs, strict=True))), own

    def _widened(self, op: str, args: list[ir.Expr]) -> list[ir.Expr]:
        """Operands without the conversions to float that Python makes by itself."""

        def bare(a: ir.Expr) -> ir.Expr:
            return a.args[0] if isinstance(a, ir.Intrinsic) and a.op == "int.to_float" else a

        a, b = args
        if bare(a) is not a and bare(b) is not b:
            # Two integers divide into a float here too; only beyond 53 bits the rounding differs.
            return [bare(a), bare(b)] if op == "float.div" and self.python.wraps else args
        return [bare(a), bare(b)]

    def _lookup(self, obj: ir.Expr, key: ir.Expr) -> str:
        if isinstance(obj.type, ir.DictT) and obj.type.zero and not _inserts(obj.type):
            zero = _zero_text(obj.type.value)
            if zero is None:
                raise Unsupported("a default map of this type")
            return f"{self.x(obj, PRIMARY)}.get({self.x(key)}, {zero})"
        return f"{self.x(obj, PRIMARY)}[{self.x(key)}]"

    def _slice(self, e: ir.Intrinsic) -> str:
        def bound(b: ir.Expr) -> str:
            return "" if isinstance(b, ir.Lit) and b.value is None else self._index(b)

        parts = [bound(b) for b in e.args[1:3]]
        plain = all(isinstance(b, ir.Lit) and (b.value is None or b.value >= 0) for b in e.args[1:3])
        if e.raises and not plain:
            if len(e.args) > 3:
                raise Unsupported("a strict slice with a step")
            texts = [p or "None" for p in parts]
            return f"{self.python.helper('part_of')}({self.x(e.args[0])}, {', '.join(texts)})"
        if e.raises:
            raise Unsupported("a slice that must lie inside")
        step = f":{self.x(e.args[3])}" if len(e.args) > 3 else ""
        return f"{self.x(e.args[0], PRIMARY)}[{parts[0]}:{parts[1]}{step}]"

    def _order(self, key: ir.Expr, reverse: ir.Expr) -> list[str]:
        out: list[str] = []
        if (
            isinstance(key, ir.Lambda)
            and not (isinstance(key.body, ir.Name) and key.body.id == key.params[0].name)
        ) or not isinstance(key, ir.Lit | ir.Lambda):
            out.append(f"key={self.x(key)}")
        if not (isinstance(reverse, ir.Lit) and reverse.value is False):
            out.append(f"reverse={self.x(reverse)}")
        return out

    def _extreme(self, e: ir.Intrinsic) -> str:
        xs, key, default = e.args
        options = self._order(key, ir.Lit(False, type=ir.BOOL))
        if not (isinstance(default, ir.Lit) and default.value is None and default.type == ir.NONE):
            options.append(f"default={self.x(default)}")
        return f"{e.op.removesuffix('_of')}({', '.join([self.iterated(xs, bare=not options), *options])})"

    def _is_error(self, args: list[ir.Expr]) -> str:
        nodes = (
            args[1].elems if len(args) == 2 and isinstance(args[1], ir.ListLit | ir.TupleLit) else args[1:]
        )
        names = [self.python.error(n.id) for n in nodes if isinstance(n, ir.Name)]
        if len(names) != len(nodes) or not names:
            raise Unsupported("a computed error class")
        shown = names[0] if len(names) == 1 else f"({', '.join(names)})"
        return f"isinstance({self.x(args[0])}, {shown})"

    def iterated(self, e: ir.Expr, bare: bool = False) -> str:
        """An iterable; `bare` says that a generator needs no parentheses of its own there."""
        if isinstance(e, ir.Comp) and e.kind in ("iter", "list") and (bare or e.kind == "iter"):
            inner = self._comprehension(e)
            return inner if bare else f"({inner})"
        if isinstance(e, ir.Intrinsic) and e.op == "to_list":
            return self.iterated(e.args[0], bare)
        if isinstance(e, ir.Intrinsic) and e.op == "dict.keys":
            return self.x(e.args[0], TERNARY + 1)
        # A conditional in the place of an iterable is in parentheses, which a comprehension asks for.
        return self.x(e, OR if isinstance(e, ir.Cond) else TERNARY)

    def _comp(self, e: ir.Comp) -> str:
        inner = self._comprehension(e)
        match e.kind:
            case "list":
                return f"[{inner}]"
            case "iter":
                return f"({inner})"
            case _:
                return f"{{{inner}}}"

    def _comprehension(self, e: ir.Comp) -> str:
        names = {v.id for c in e.clauses for v in ir.walk(c.target) if isinstance(v, ir.VarTarget)}
        saved, self.own = self.own, self.own | names
        bounds = dict(self.least)
        clauses: list[str] = []
        used = {n.id for n in ir.walk(e) if isinstance(n, ir.Name)}
        for c in e.clauses:
            text = self.iterated(c.iter)
            if (
                isinstance(c.iter, ir.Intrinsic)
                and c.iter.op == "range"
                and isinstance(c.target, ir.VarTarget)
            ):
                low = self.lower_bound(c.iter.args[0])
                if low is not None and isinstance(c.iter.args[2], ir.Lit) and c.iter.args[2].value > 0:
                    self.least[c.target.id] = low
            clauses.append(f" for {self._loop_target(c.target, used)} in {text}")
            clauses.extend(f" if {self.test(x, TERNARY + 1)}" for x in c.conds)
        if e.kind == "dict":
            assert isinstance(e.elem, ir.TupleLit)
            key, value = e.elem.elems
            head = f"{self.x(key, TERNARY)}: {self.x(value, TERNARY)}"
        else:
            head = self.x(e.elem, TERNARY)
        self.own, self.least = saved, bounds
        return head + "".join(clauses)

    def _format(self, e: ir.Format) -> str:
        pieces: list[tuple[str, str, str]] = []
        for p in e.parts:
            if p.value is None:
                pieces.append((p.text, "", ""))
                continue
            value = p.value
            if (
                isinstance(value, ir.Intrinsic)
                and value.op in ("int.to_str", "float.to_str", "bool.to_str", "error.message")
                and not p.spec
            ):
                value = value.args[0]
            pieces.append(("", self.x(value, TERNARY + 1), _spec(p.spec)))
        texts = [t for t, v, _ in pieces if not v]
        awkward = any(
            "\\" in v or ('"' in v and "'" in v) or "\n" in v or v.startswith("{") for _, v, _ in pieces if v
        )
        if awkward:
            template = "".join(_braced(t) if not v else f"{{{s}}}" for t, v, s in pieces)
            return f"{quote(template)}.format({', '.join(v for _, v, _ in pieces if v)})"
        if not any(v for _, v, _ in pieces):
            return quote("".join(texts))
        out: list[str] = []
        for t, v, s in pieces:
            out.append(quote_inside(_braced(t)) if not v else f"{{{v.replace(chr(34), chr(39))}{s}}}")
        return f'f"{"".join(out)}"'


def _listed(pattern_id: str, arguments: Mapping[str, ir.Expr]) -> dict[str, ir.Expr]:
    """The arguments with a list of one text where a text alone stands for a list."""
    spec = SpecRegistry.builtin()[pattern_id]
    out: dict[str, ir.Expr] = {}
    for name, v in arguments.items():
        parameter = spec.parameter(name)
        if parameter is not None and parameter.type is ParameterType.STRINGS and v.type == ir.STR:
            v = ir.ListLit([v], type=ir.ListT(ir.STR), line=v.line)
        out[name] = v
    return out


def _tidy(text: str) -> str:
    """Tuples of error classes without a comma at the end, unless there is only one."""
    return re.sub(r"=\(((?:\w+, )+\w+), \)", r"=(\1)", re.sub(r"=\((\w+), \)", r"=(\1,)", text))


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def quote_inside(text: str) -> str:
    """The text as it stands between double quotes."""
    made = quote(text)
    return made[1:-1].replace('"', '\\"') if made.startswith("'") else made[1:-1]


def _spec(spec: str) -> str:
    """The normalised format as Python writes it, with the colon or the conversion."""
    if not spec:
        return ""
    if spec.startswith("quoted"):
        return "!r"
    kind, *rest = spec.split(":")
    match kind, rest:
        case "int", [align, zero, width, letter]:
            shown = f"{'' if align == '>' else align}{zero}{width}{'' if letter == 'd' else letter}"
        case "float", [align, zero, width, precision, letter]:
            shown = f"{'' if align == '>' else align}{zero}{width}.{precision}{letter}"
        case "str", [align, width]:
            shown = f"{'' if align == '<' else align}{width}"
        case _:
            raise Unsupported(f"format {spec}")
    return f":{shown}" if shown else ""


def _made_anew(p: ir.Param) -> bool:
    """Whether the default of a parameter is a value that can change, which Python would share between calls."""
    return isinstance(p.default, ir.ListLit | ir.DictLit | ir.SetLit | ir.Comp | ir.New)


def _same_value(e: ir.Expr) -> ir.Expr:
    """A value without the operations that only say what kind of JSON value it is."""
    while isinstance(e, ir.Wrap) or (isinstance(e, ir.Intrinsic) and e.op in JSON_AS_IT_IS):
        e = e.value if isinstance(e, ir.Wrap) else e.args[0]
    return e


def _unchanged(e: ir.Comp | ir.Cond) -> ir.Expr | None:
    """What an expression gives back as it is: each item of a JSON list, or a value that may be null."""
    match e:
        case ir.Cond(
            test=ir.Intrinsic(op="json.is", args=[v, ir.Lit(value="null")]), body=ir.Lit(value=None)
        ):
            return v if ir.same(_same_value(e.orelse), v) else None
        case ir.Comp(clauses=[ir.Clause(target=ir.VarTarget(id=name), iter=over, conds=[])], kind="list"):
            same = isinstance(e.elem, ir.Intrinsic) and _same_value(e.elem)
            return over if isinstance(over.type, ir.ListT) and _is_name(same, name) else None
        case ir.Comp(
            clauses=[
                ir.Clause(
                    target=ir.TupleTarget(elems=[ir.VarTarget(id=key), ir.VarTarget(id=name)]),
                    iter=ir.Intrinsic(op="dict.items", args=[over]),
                    conds=[],
                )
            ],
            elem=ir.TupleLit(elems=[k, ir.Intrinsic() as v]),
        ):
            return over if _is_name(k, key) and _is_name(_same_value(v), name) else None
        case _:
            return None


def _is_name(e: object, name: str) -> bool:
    return isinstance(e, ir.Name) and e.id == name


def _zero_of(t: Type) -> ir.Expr | None:
    """The zero value of a type as an expression, or None when it has no literal."""
    match t:
        case ir.P(kind):
            values: Mapping[str, Any] = {"int": 0, "float": 0.0, "str": "", "bool": False}
            return ir.Lit(values[kind.value], type=t) if kind.value in values else None
        case ir.ListT():
            return ir.ListLit([], type=t)
        case ir.DictT():
            return ir.DictLit([], type=t)
        case _:
            return None


def _zero_text(t: Type) -> str | None:
    match t:
        case ir.P(kind):
            return {"int": "0", "float": "0.0", "str": '""', "bool": "False"}.get(kind.value)
        case ir.OptionalT():
            return "None"
        case _:
            return None


def _inserts(t: ir.DictT) -> bool:
    """True when reading a missing key gives something that is then changed in place."""
    return isinstance(t.value, ir.ListT | ir.SetT | ir.DictT)


def _zero_factory(t: Type) -> str:
    return "list" if isinstance(t, ir.ListT) else "set" if isinstance(t, ir.SetT) else "dict"


def _loop_names(body: list[ir.Stmt]) -> set[str]:
    return {
        v.id
        for s in body
        for n in ir.walk(s)
        if isinstance(n, ir.For | ir.ForRange)
        for v in ir.walk(n.target)
        if isinstance(v, ir.VarTarget)
    } | {h.var for s in body for h in ir.walk(s) if isinstance(h, ir.Handler) and h.var} | {
        f.func.name for s in body for f in ir.walk(s) if isinstance(f, ir.FuncDef)
    }  # fmt: skip


def _outside(n: ir.Node, skipped: ir.Node) -> Generator[ir.Node]:
    """Nodes below `n` but not in `skipped`."""
    if n is skipped:
        return
    yield n
    for child in ir.children(n):
        yield from _outside(child, skipped)


def _returns(body: list[ir.Stmt]) -> bool:
    """True when a block returns a value of its own."""
    return any(
        isinstance(s, ir.Return)
        or (not isinstance(s, ir.FuncDef) and any(_returns(list(part)) for part in _parts(s)))
        for s in body
    )


def _parts(s: ir.Stmt) -> list[list[ir.Stmt]]:
    out: list[list[ir.Stmt]] = []
    for name in ("body", "orelse", "final"):
        part: Any = getattr(s, name, None)
        if isinstance(part, list):
            out.append(part)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(s, ir.Try):
        out.extend(h.body for h in s.handlers)
    return out


def _tail_returns_only(body: list[ir.Stmt]) -> bool:
    """True when every return is the last thing that its way through the block does."""
    for i, s in enumerate(body):
        last = i == len(body) - 1
        if isinstance(s, ir.Return):
            if not last:
                return False
            continue
        if isinstance(s, ir.If) and last:
            if not (_tail_returns_only(s.body) and _tail_returns_only(s.orelse)):
                return False
            continue
        if any(_returns(p) for p in _parts(s)):
            return False
    return terminates(body)


def _assigned(body: list[ir.Stmt], into: str, t: Type) -> list[ir.Stmt]:
    """The block with its returns as assignments; see `_tail_returns_only`."""
    out: list[ir.Stmt] = []
    for s in body:
        if isinstance(s, ir.Return) and s.value is not None:
            out.append(ir.Assign(ir.VarTarget(into, type=t), s.value, line=s.line, comments=s.comments))
        elif isinstance(s, ir.If):
            out.append(
                ir.If(
                    s.test,
                    _assigned(s.body, into, t),
                    _assigned(s.orelse, into, t),
                    line=s.line,
                    comments=s.comments,
                )
            )
        else:
            out.append(s)
    return out


def emit(
    module: ir.Module, wraps: bool = True, dialect: str = "foundation", of_python: bool = True
) -> PythonModule:
    """The module as one Python file; see `PythonEmitter`."""
    return PythonEmitter(module, wraps, dialect, of_python).emit()
