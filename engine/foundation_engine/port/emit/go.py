"""From the intermediate representation to Go: errors as values, structs, slices and maps, and our runtime's patterns."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: E501 - a template of the target's code reads best on one line.
from __future__ import annotations

import copy
import dataclasses
import json
import re
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from foundation_specs.model import LanguageId

from foundation_engine.port import ir
from foundation_engine.port.bytewise import loop_over_bytes
from foundation_engine.port.conditions import test_in_turn
from foundation_engine.port.emit import _go_json as go_json
from foundation_engine.port.emit._files import Cut, joined
from foundation_engine.port.emit._go_entries import look_up_once
from foundation_engine.port.emit._go_helpers import HELPERS
from foundation_engine.port.emit._go_intrinsics import Operations
from foundation_engine.port.emit._go_maps import shown_maps, shows_order
from foundation_engine.port.emit._go_patterns import Patterns
from foundation_engine.port.emit._go_rows import keep_rows
from foundation_engine.port.emit._go_runs import cut_runs
from foundation_engine.port.emit._go_tables import switch_letters
from foundation_engine.port.emit._go_tidy import blanked, tidy
from foundation_engine.port.emit._go_times import POINTS
from foundation_engine.port.emit._names import camel, go_doc, is_hidden, pascal
from foundation_engine.port.emit._statements import Statements, comment, comments
from foundation_engine.port.emit.templates import Templates
from foundation_engine.port.entries import take_values_first
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.order import LOST, keep_order, loses_order, made_of_sorted, sorted_next
from foundation_engine.port.passes import (
    GROWING,
    Effects,
    at_least,
    blocks,
    check_aliasing,
    declare,
    lower_bounds,
    place,
    positions,
    reads,
    retryable_classes,
    stores,
    tells,
    terminates,
)
from foundation_engine.port.scan import scan_bytes
from foundation_engine.port.sequence import sequence
from foundation_engine.port.simplify import rewrite, simplify
from foundation_engine.port.texts import measured_texts
from foundation_engine.port.views import inline_views

_KEYWORDS = frozenset(
    [
        "break",
        "case",
        "chan",
        "const",
        "continue",
        "default",
        "defer",
        "else",
        "fallthrough",
        "for",
        "func",
        "go",
        "goto",
        "if",
        "import",
        "interface",
        "map",
        "package",
        "range",
        "return",
        "select",
        "struct",
        "switch",
        "type",
        "var",
    ]
)
_TAKEN = frozenset(
    [
        "len",
        "cap",
        "append",
        "copy",
        "delete",
        "make",
        "new",
        "panic",
        "print",
        "println",
        "min",
        "max",
        "clear",
        "string",
        "int",
        "float64",
        "bool",
        "byte",
        "rune",
        "error",
        "any",
        "nil",
        "true",
        "false",
        "strings",
        "slices",
        "maps",
        "strconv",
        "errors",
        "fmt",
        "math",
        "time",
        "unicode",
        "utf8",
        "cmp",
        "context",
        "resilience",
        "logging",
        "json",
        "sort",
        "testing",
        "ctx",
        "err",
    ]
)
# Error classes of our runtime that are made from facts rather than from a message.
PLAIN_FIELDS = frozenset(
    {
        "MaxRetriesExceeded",
        "CircuitOpenError",
        "RateLimitExceeded",
        "ProcessError",
        "ProcessTimeoutError",
        "HttpStatusError",
        "CancelledError",
    }
)
# Error classes of the source's language that get a type in Go where the file tells them apart, and what they mean.
BUILT_IN = {
    "KeyError": "a key that is missing",
    "OSError": "a failure of the operating system",
    "RuntimeError": "a failure at run time",
    "ValueError": "a value that is not acceptable",
}
PRIMARY, UNARY, MUL, ADD, COMPARE, AND, OR, LOWEST = 7, 6, 5, 4, 3, 2, 1, 0


@dataclass
class GoPackage:
    """What the Go emitter makes of a module."""

    source: str
    imports: tuple[str, ...]
    holes: list[Unsupported]
    functions: list[tuple[str, str, int, int]]
    names: GoNames
    runtime: bool
    parts: dict[str, str]  # by source file, of a package; "" is what its files share
    ordered: frozenset[tuple[Type, Type]] = (
        frozenset()
    )  # the types of key and value of maps that keep their order


class PortedTypes(dict[str, str]):
    """The target name of every type by its name in the source; what asks for one that was not ported is not either."""

    def __missing__(self, name: str) -> str:
        raise Unsupported(f"type {name}, which was not ported")


@dataclass
class GoNames:
    """The target name of everything that a test of the package mentions."""

    functions: dict[str, str] = field(default_factory=dict[str, str])
    fields: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    types: PortedTypes = field(default_factory=PortedTypes)
    constructors: dict[str, str] = field(default_factory=dict[str, str])


def go_string(text: str) -> str:
    """A Go string literal; raw when that reads better."""
    if ("\\" in text or '"' in text) and "`" not in text and "\n" not in text and text.isprintable():
        return f"`{text}`"
    out = json.dumps(text, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f\u2028\u2029\ufeff]", lambda m: f"\\u{ord(m[0]):04x}", out)


def go_rune(char: str) -> str:
    """A Go rune literal."""
    special = {"'": "\\'", "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    if char in special:
        return f"'{special[char]}'"
    return f"'{char}'" if char.isprintable() else f"'\\U{ord(char):08x}'"


def _comment(text: str, indent: str = "") -> list[str]:
    return comment(text, FunctionEmitter.mark, indent)


class GoModule:
    """Names, types and imports of the generated package."""

    def __init__(
        self,
        module: ir.Module,
        package: str,
        runtime: str,
        dialect: str = "foundation",
        lost: Collection[str] = (),
        ordered: Collection[tuple[Type, Type]] = (),
        python_texts: bool = False,
    ) -> None:
        self.module = module
        self.python_texts = python_texts  # errors that are shown have the texts that Python gives them
        self.templates = Templates(LanguageId.GO, dialect)
        self.shared_state: list[tuple[str, str, str]] = []  # the same by name, with pattern and constructor
        self.commands: list[ir.Function] = []
        self.registers = False
        self.unordered: set[tuple[str, str]] = set()  # functions that observe the order of a map
        self.ordered = frozenset(ordered)  # by the types of key and value, maps that keep their order
        self.shown: set[tuple[Type, Type]] = (
            set()
        )  # the same, where a function was declined that shows the order
        self.wanted_errors: set[str] = set()  # built-in classes that the file tells apart
        self.failed: dict[str, Unsupported] = {}  # definitions and methods that could not be written at all
        self.lost: Collection[str] = lost  # methods that an earlier writing could not write
        self.configurations = self._configurations()
        # Configurations that nothing changes are handled by value, which is how the loader fills them.
        self.settled = {
            name
            for name in self.configurations
            if not any(
                isinstance(n, ir.FieldTarget) and n.obj.type == ir.NamedT(name)
                for each in module.definitions
                for n in ir.walk(each)
            )
        }
        self.package = package
        self.runtime = runtime
        self.effects = Effects(module)
        self.effects.run()
        self.errors = self.effects.errors
        self.imports: set[str] = set()
        self.helpers: set[str] = set()
        self.shared: list[str] = []  # variables of the package that belong to decorated functions
        self.holes: list[Unsupported] = []
        self.names = GoNames()
        self.uses_runtime_errors = False
        self.causes = self._classes_with_cause()
        self._name_everything()

    def _configurations(self) -> set[str]:
        """The classes that a configuration is loaded into, with the classes of their fields."""
        out: set[str] = set()
        todo = [
            n.type.name
            for d in self.module.definitions
            for n in ir.walk(d)
            if isinstance(n, ir.PatternOp)
            and n.pattern_id == "configuration"
            and isinstance(n.type, ir.NamedT)
        ]
        while todo:
            name = todo.pop()
            d = self.module.find(name)
            if name not in out and isinstance(d, ir.Class):
                out.add(name)
                todo.extend(f.type.name for f in d.fields if isinstance(f.type, ir.NamedT))
        return out

    def may_wrap(self, cls: str) -> bool:
        """True when an exhausted retry may hold an error of this class as its cause."""
        retryable = retryable_classes(self.module)
        if self.errors.is_a("MaxRetriesExceeded", cls):
            return False
        return any(self.errors.is_a(r, cls) or self.errors.is_a(cls, r) for r in retryable)

    def _classes_with_cause(self) -> set[str]:
        out: set[str] = set()
        for d in self.module.definitions:
            for n in ir.walk(d):
                if isinstance(n, ir.Raise) and n.cause is not None and isinstance(n.error, ir.New):
                    out.add(n.error.cls)
        if isinstance(self.module.find("OSError"), ir.ErrorClass):
            # What the operating system said stays within reach of errors.Is.
            out.add("OSError")
        return out

    def _name_everything(self) -> None:
        n = self.names
        taken: set[str] = set()
        for d in self.module.definitions:
            name = getattr(d, "name", "")
            private = name.startswith("_")
            match d:
                case ir.Class() | ir.Protocol() | ir.EnumClass():
                    n.types[name] = camel(name) if private else pascal(name, initialisms=False)
                case ir.ErrorClass():
                    base = pascal(name, initialisms=False)
                    n.types[name] = (
                        base if base.endswith(("Error", "Exceeded", "Exception")) else f"{base}Error"
                    )
                case _:
                    pass
        taken |= set(n.types.values())
        for d in self.module.definitions:
            if isinstance(d, ir.Function | ir.Constant):
                # A module variable in lower case, such as a logger, is not part of what the module offers.
                hidden = d.name.startswith("_") or (isinstance(d, ir.Constant) and d.name.islower())
                made = camel(d.name) if hidden else pascal(d.name)
                if made in taken or made in _KEYWORDS | _TAKEN or made == "main" or made == "init":
                    made += "Value" if isinstance(d, ir.Constant) else "Func"
                taken.add(made)
                n.functions[d.name] = made
            if isinstance(d, ir.Class | ir.ErrorClass):
                for f in d.fields:
                    made = camel(f.name) if f.name.startswith("_") else pascal(f.name)
                    n.fields[d.name, f.name] = f"{made}_" if made in _KEYWORDS else made
            if isinstance(d, ir.Class):
                methods = {pascal(m.name) for m in d.methods}
                for f in d.fields:
                    if n.fields[d.name, f.name] in methods:
                        n.fields[d.name, f.name] += "Value"
                made_here = d.name not in self.configurations or any(
                    isinstance(n, ir.New) and n.cls == d.name
                    for each in self.module.definitions
                    for n in ir.walk(each)
                )
                if d.init is not None or (self._has_defaults(d) and made_here):
                    made = f"{n.types[d.name][:1].upper()}{n.types[d.name][1:]}"
                    functions = (f for f in self.module.definitions if isinstance(f, ir.Function))
                    own = any(pascal(f.name) == f"New{made}" for f in functions)
                    n.constructors[d.name] = f"{'Make' if own else 'New'}{made}"

    def _has_defaults(self, d: ir.Class) -> bool:
        """True when the zero value of some field is not its default."""
        return any(f.default is not None and not self.is_zero(f.default) for f in d.fields)

    def is_zero(self, e: ir.Expr) -> bool:
        """True when the Go zero value of the type is this value."""
        if isinstance(e, ir.Lit):
            return e.value in (None, 0, 0.0, "", False)
        if isinstance(e, ir.Intrinsic) and e.op == "lock.new":
            return True
        nothing = isinstance(e, ir.Intrinsic) and e.op == "json.of" and e.args[0]
        return isinstance(nothing, ir.Lit) and nothing.value is None

    def differ(self, sentence: str) -> None:
        """Note a difference in meaning for the report, once."""
        self.module.differ(sentence)

    def ported(self, name: str, line: int) -> None:
        """Raise Unsupported when a definition that code refers to was not ported."""
        if isinstance(self.module.find(name), ir.Declined):
            raise Unsupported(f"{name}, which was not ported", name, line)

    def function_name(self, name: str) -> str:
        """The Go name of a function or constant of this module."""
        return self.names.functions.get(name) or pascal(name)

    def method_name(self, method: str) -> str:
        """The Go name of a method."""
        return camel(method) if is_hidden(method) else pascal(method)

    def static_name(self, cls: str, method: str) -> str:
        """The Go name of a static method: a function that has its class's name before its own."""
        name = f"{self.names.types[cls]}{pascal(method)}"
        return name[0].lower() + name[1:] if is_hidden(method) else name

    # Types

    def is_ordered(self, t: Type) -> bool:
        """True for maps that keep the order of their keys."""
        return isinstance(t, ir.DictT) and (t.key, t.value) in self.ordered

    def is_pointer(self, name: str) -> bool:
        """True when objects of this class are handled by pointer: classes that can change."""
        d = self.module.find(name)
        if isinstance(d, ir.Class):
            return not d.frozen and name not in self.settled
        return isinstance(d, ir.ErrorClass) or (d is None and name in ir.ERROR_BASES)

    def nilable(self, t: Type) -> bool:
        """True when nil is a value of the Go type, so that an optional needs no pointer of its own."""
        match t:
            case (
                ir.ListT()
                | ir.DictT()
                | ir.SetT()
                | ir.FuncT()
                | ir.P(ir.Prim.ERROR)
                | ir.P(ir.Prim.ANY)
                | ir.P(ir.Prim.BYTES)
                | ir.RegexT()
                | ir.MatchT()
            ):
                return True
            case ir.NamedT(name):
                d = self.module.find(name)
                return isinstance(d, ir.Protocol) or self.is_pointer(name) or d is None
            case _:
                return False

    def type(self, t: Type) -> str:
        """The Go type."""
        match t:
            case ir.P(kind):
                found = {
                    "int": "int", "float": "float64", "bool": "bool", "str": "string", "char": "rune", "bytes": "[]byte",
                    "any": "any", "error": "error", "duration": "time.Duration", "lock": "sync.Mutex",
                    **dict.fromkeys(("instant", *(t.kind.value for t in (ir.TIME, ir.NAIVE, ir.DATE))), "time.Time"),
                    "timedelta": "time.Duration",
                }.get(kind.value)  # fmt: skip
                if found is None:
                    raise Unsupported("a type that is not known")
                if "." in found:
                    self.imports.add(found.partition(".")[0])
                return found
            case ir.ListT(elem):
                return f"[]{self.type(elem)}"
            case ir.DictT(key, value):
                if isinstance(key, ir.ListT | ir.DictT | ir.SetT):
                    raise Unsupported("a map whose keys are not comparable")
                if self.is_ordered(t):
                    self.helpers |= {"orderedMap", "pair"}
                    return f"*OrderedMap[{self.type(key)}, {self.type(value)}]"
                return f"map[{self.type(key)}]{self.type(value)}"
            case ir.SetT(elem):
                if isinstance(elem, ir.ListT | ir.DictT | ir.SetT):
                    raise Unsupported("a set whose elements are not comparable")
                return f"map[{self.type(elem)}]struct{{}}"
            case ir.TupleT(elems):
                if len(elems) not in (2, 3):
                    raise Unsupported(f"a tuple of {len(elems)} stored as a value")
                helper = "pair" if len(elems) == 2 else "triple"
                self.helpers.add(helper)
                return f"{pascal(helper)}[{', '.join(self.type(e) for e in elems)}]"
            case ir.OptionalT(elem):
                return self.type(elem) if self.nilable(elem) else f"*{self.type(elem)}"
            case ir.FuncT(params, result, raises, context):
                args = (["context.Context"] if context else []) + [self.type(p) for p in params]
                if context:
                    self.imports.add("context")
                return f"func({', '.join(args)}){self.results(result, raises)}"
            case ir.NamedT(name):
                return self._named(name)
            case ir.RegexT():
                self.imports.add("regexp")
                return "*regexp.Regexp"
            case ir.MatchT():
                return "[]string"
            case ir.IterT():
                raise Unsupported("an iterator that is stored or passed on")
            case _:
                raise Unsupported(f"type {ir.type_text(t)}")

    def _named(self, name: str) -> str:
        if name in self.names.types:
            d = self.module.find(name)
            if isinstance(d, ir.ErrorClass):
                return "error"
            return f"*{self.names.types[name]}" if self.is_pointer(name) else self.names.types[name]
        found = self.templates.type(name, Patterns(FunctionEmitter(self, ir.Function("", [], ir.NONE, []))))
        if found is not None:
            return found
        if name in ir.ERROR_BASES:
            return "error"
        raise Unsupported(f"type {name}, which was not ported")

    def results(self, result: Type, raises: bool) -> str:
        """The result part of a signature, with a space before it, or ""."""
        if result == ir.NONE:
            parts: list[str] = []
        elif isinstance(result, ir.TupleT):
            parts = [self.type(e) for e in result.elems]
        else:
            parts = [self.type(result)]
        if raises:
            parts.append("error")
        if not parts:
            return ""
        return f" {parts[0]}" if len(parts) == 1 else f" ({', '.join(parts)})"

    def zero(self, t: Type) -> str:
        """The zero value."""
        match t:
            case (
                ir.P(ir.Prim.INT)
                | ir.P(ir.Prim.FLOAT)
                | ir.P(ir.Prim.CHAR)
                | ir.P(ir.Prim.DURATION)
                | ir.P(ir.Prim.DELTA)
            ):
                return "0"
            case ir.P() if t in POINTS:
                return "time.Time{}"
            case ir.P(ir.Prim.BOOL):
                return "false"
            case ir.P(ir.Prim.STR):
                return '""'
            case ir.NamedT(name):
                d = self.module.find(name)
                if isinstance(d, ir.EnumClass):
                    return '""' if d.string_valued else "0"
                if isinstance(d, ir.Class) and not self.is_pointer(name):
                    return f"{self.names.types[name]}{{}}"
                return "nil"
            case ir.TupleT():
                return f"{self.type(t)}{{}}"
            case _:
                return "nil"

    # Errors

    def errors_package(self) -> str:
        """`errors`, ours when the module uses our error classes, else the standard library's."""
        self.imports.add(f"{self.runtime}/errors" if self.uses_runtime_errors else "errors")
        return "errors"

    def sentinel(self, name: str) -> str | None:
        """The value that errors.Is compares with for a class, or None when the class has none."""
        if isinstance(self.module.find(name), ir.ErrorClass):
            made = self.names.types[name]
            return f"Err{made.removesuffix('Error')}"
        if name in ir.RUNTIME_ERRORS:
            self.uses_runtime_errors = True
            self.errors_package()
            short = name.removesuffix("Error")
            special = {"Http": "HTTP", "HttpStatus": "HTTPStatus"}
            return f"errors.Err{special.get(short, short)}"
        if name == "FileNotFoundError":
            self.imports.add("io/fs")
            return "fs.ErrNotExist"
        if name in BUILT_IN:
            self.wanted_errors.add(name)
        return None

    # The file

    def emit(self) -> GoPackage:
        """The package's source file."""
        # Whether our errors package is used decides which `errors` is imported, so it is known before anything is emitted.
        self.uses_runtime_errors = any(
            (isinstance(n, ir.New) and n.cls in ir.RUNTIME_ERRORS)
            or (
                isinstance(n, ir.ErrorClass)
                and any(a in ir.RUNTIME_ERRORS for a in self.errors.ancestors(n.name))
            )
            or (isinstance(n, ir.Handler) and any(c in ir.RUNTIME_ERRORS for c in n.classes))
            or (isinstance(n, ir.Name) and n.id in ir.RUNTIME_ERRORS)
            or (isinstance(n, ir.PatternCall) and n.pattern_id == "error_boundary")
            for d in self.module.definitions
            for n in ir.walk(d)
        ) or any(
            p.pattern_id == "error_boundary"
            or (isinstance(n, ir.Name) and (n.id in ir.RUNTIME_ERRORS or n.id == "Exception"))
            for _, f in self.module.functions()
            for p in f.patterns
            for v in p.arguments.values()
            for n in ir.walk(v)
        )
        body: list[str] = []
        functions: list[tuple[str, str, int, int]] = []
        constants: list[ir.Constant] = []

        cut = Cut(self.module)
        noted: dict[str, set[str]] = {}

        def note(d: ir.Definition | None) -> None:
            """Keep apart what each file of a package imports."""
            noted.setdefault(cut.path(d), set()).update(self.imports)
            self.imports = set()

        def flush() -> None:
            if constants:
                body.extend(cut.mark(constants[0]))
                body.extend(self._constants(constants))
                cut.place(self.holes, constants[0])
                note(constants[0])
                constants.clear()

        errors: dict[str, list[ir.ErrorClass]] = {}
        for d in self.module.definitions:
            if isinstance(d, ir.ErrorClass):
                errors.setdefault(cut.path(d) if self.module.files else "", []).append(d)
        for d in self.module.definitions:
            if isinstance(d, ir.Constant):
                if constants and (
                    d.comments
                    or not self._constant_like(d)
                    or not self._constant_like(constants[-1])
                    or cut.path(d) != cut.path(constants[-1])
                ):
                    flush()
                constants.append(d)
                continue
            flush()
            body.extend(cut.mark(d))
            try:
                match d:
                    case ir.EnumClass():
                        body.extend(self._enum(d))
                    case ir.ErrorClass():
                        if mine := errors.pop(cut.path(d) if self.module.files else "", None):
                            body.extend(self._sentinels(mine))
                        body.extend(self._error(d))
                    case ir.Protocol():
                        body.extend(self._protocol(d))
                    case ir.Class():
                        body.extend(self._class(d, functions))
                    case ir.Function():
                        body.extend(self._function(d, None, functions))
                    case ir.Declined():
                        body.extend(self._declined(d))
            except Unsupported as why:
                line = why.line or d.line
                self.failed[getattr(d, "name", "")] = why
                self.holes.append(Unsupported(why.reason, why.construct or getattr(d, "name", ""), line))
                body.extend(
                    self._declined(
                        ir.Declined(why.reason, why.construct, getattr(d, "name", ""), "", line=line)
                    )
                )
                if isinstance(d, ir.Function):
                    functions.append((d.name, "", d.line, 1))
            cut.place(self.holes, d)
            note(d)
        flush()
        body.extend(cut.mark(None))
        body.extend(self._commands())
        for name in sorted(self.helpers):
            body.extend(["", *HELPERS[name][0].strip("\n").splitlines()])
            self.imports.update(HELPERS[name][1])
        text = joined(body)
        note(None)
        self.imports = set[str]().union(*noted.values())
        # A statement that became a hole may have asked for a package that nothing else uses.
        code = "\n".join(map(blanked, text.splitlines()))
        self.imports = {i for i in self.imports if re.search(rf"\b{re.escape(package_of(i))}\.", code)}
        header: list[str] = []
        if self.module.doc:
            doc = (
                self.module.doc
                if self.module.doc.startswith("Package ")
                else go_doc(f"Package {self.package}", self.module.doc)
            )
            header.extend(_comment(doc))
        header.append(f"package {self.package}")
        imports = sorted(self.imports)
        header.extend(["", *self._imports(imports)])
        cuts = cut.parts(body) if self.module.files else {}
        parts = {p: self._part(p, lines, noted.get(p, set())) for p, lines in cuts.items()}
        text = "\n".join([*header, text]).rstrip() + "\n"
        return GoPackage(
            text,
            tuple(imports),
            self.holes,
            functions,
            self.names,
            any(i.startswith(f"{self.runtime}/") for i in imports),
            parts,
        )

    def _part(self, path: str, lines: list[str], imports: set[str]) -> str:
        """One file of a package, with the imports that it uses."""
        header: list[str] = []
        files = self.module.files
        # One file speaks for the package: the one whose text does, else the first.
        speaker = next((f.path for f in files if f.main), files[0].path)
        for f in files:
            if f.path == path and f.doc and not f.main:
                header.extend([*_comment(f.doc), ""])
        if path == speaker and self.module.doc:
            header.extend(_comment(go_doc(f"Package {self.package}", self.module.doc)))
        code = "\n".join(map(blanked, lines))
        used = {i for i in imports if re.search(rf"(?<![\w.]){re.escape(package_of(i))}\.", code)}
        header.extend([f"package {self.package}", "", *self._imports(sorted(used))])
        return "\n".join([*header, *lines]).rstrip() + "\n"

    def _commands(self) -> list[str]:
        """The function that adds the commands of the file to an application."""
        if not self.commands and not self.registers:
            return []
        lines: list[str] = []
        for f in self.commands:
            try:
                emitter = FunctionEmitter(self, ir.Function("", [], ir.NONE, []))
                lines.extend(f"\t{line}" for line in Patterns(emitter).register(f))
            except Unsupported as why:
                self.holes.append(Unsupported(why.reason, f.name, f.line))
                lines.append(f"\t// not ported: {why.reason} (line {f.line})")
        self.imports.add(f"{self.runtime}/cli")
        name = "withCommands" if self.registers else "WithCommands"
        return [
            "",
            f"// {name} adds the commands of this file to an application.",
            f"func {name}(app *cli.App) *cli.App {{",
            *lines,
            "\treturn app",
            "}",
        ]

    def _imports(self, imports: list[str]) -> list[str]:
        ours = [i for i in imports if i.startswith(f"{self.runtime}/") or "." in i.partition("/")[0]]
        standard = [i for i in imports if i not in ours]
        if not imports:
            return []
        if len(imports) == 1:
            return [f'import "{imports[0]}"']
        lines = ["import ("]
        lines.extend(f'\t"{i}"' for i in standard)
        if standard and ours:
            lines.append("")
        lines.extend(f'\t"{i}"' for i in ours)
        return [*lines, ")"]

    def _declined(self, d: ir.Declined) -> list[str]:
        lines = ["", f"// not ported: {d.reason} (line {d.line})"]
        return [*lines, *(f"//\t{line}".rstrip() for line in d.source.splitlines()[:40])]

    def _constant_like(self, c: ir.Constant) -> bool:
        return isinstance(c.value, ir.Lit) and c.type in (ir.INT, ir.FLOAT, ir.STR, ir.BOOL)

    def _constants(self, group: list[ir.Constant]) -> list[str]:
        lines = [""]
        if all(self._constant_like(c) for c in group):
            if len(group) == 1:
                lines.extend(self._constant_comments(group[0], ""))
                return [*lines, f"const {self._constant(group[0])}"]
            lines.append("const (")
            for c in group:
                lines.extend(self._constant_comments(c, "\t"))
                lines.append(f"\t{self._constant(c)}")
            return [*lines, ")"]
        for c in group:
            try:
                written = self._variable(c)
            except Unsupported as why:
                self.failed[c.name] = Unsupported(why.reason, why.construct or c.name, c.line)
                continue
            lines.extend([*self._constant_comments(c, ""), written])
        return lines

    def _variable(self, c: ir.Constant) -> str:
        """The declaration of a value that is made when the package is loaded."""
        f = FunctionEmitter(self, ir.Function("", [], ir.NONE, []))
        name = self.function_name(c.name)
        if c.type == ir.LOCK:
            return f"var {name} {self.type(c.type)}"
        value = f.x(c.value)
        if f.lines:
            raise Unsupported("a constant that takes several statements")
        return f"var {name} {self.type(c.type)}" if value == "nil" else f"var {name} = {value}"

    def _constant_comments(self, c: ir.Constant, indent: str) -> list[str]:
        return comments(c.comments, FunctionEmitter.mark, indent)

    def _constant(self, c: ir.Constant) -> str:
        f = FunctionEmitter(self, ir.Function("", [], ir.NONE, []))
        text = f"{self.function_name(c.name)} = {f.x(c.value)}"
        if isinstance(c.value, ir.Lit) and c.type == ir.FLOAT and float(c.value.value).is_integer():
            text = f"{self.function_name(c.name)} float64 = {f.x(c.value)}"
        return f"{text} // {c.trailing}" if c.trailing else text

    def _enum(self, d: ir.EnumClass) -> list[str]:
        name = self.names.types[d.name]
        lines = [
            "",
            *self._doc(name, d.doc, d.comments),
            f"type {name} {'string' if d.string_valued else 'int'}",
            "",
            f"// The values of {name}.",
            "const (",
        ]
        for i, (member, value) in enumerate(d.members):
            made = f"{name}{pascal(member.lower())}"
            if value is None:
                lines.append(f"\t{made} {name} = iota + 1" if i == 0 else f"\t{made}")
            else:
                lines.append(f"\t{made} {name} = {go_string(value) if isinstance(value, str) else value}")
        return [*lines, ")"]

    def enum_member(self, enum: str, member: str) -> str:
        """The Go constant of an enum's member."""
        return f"{self.names.types[enum]}{pascal(member.lower())}"

    def _doc(self, name: str, doc: str, above: Sequence[str] = ()) -> list[str]:
        lines = comments(above, FunctionEmitter.mark)
        return [*lines, *_comment(go_doc(name, doc))] if doc else lines

    def _sentinels(self, errors: list[ir.ErrorClass]) -> list[str]:
        lines = ["", "// Values for errors.Is, one per error class."]
        if len(errors) == 1:
            name = self.names.types[errors[0].name]
            lines[-1] = (
                f"// {self.sentinel(errors[0].name)} is the value for errors.Is that stands for every {name}."
            )
            return [*lines, f"var {self.sentinel(errors[0].name)} error = &{name}{{}}"]
        lines.append("var (")
        lines.extend(f"\t{self.sentinel(e.name)} error = &{self.names.types[e.name]}{{}}" for e in errors)
        return [*lines, ")"]

    def _error(self, d: ir.ErrorClass) -> list[str]:
        name = self.names.types[d.name]
        lines = ["", *self._doc(name, d.doc, d.comments), f"type {name} struct {{"]
        cause = d.name in self.causes
        if d.message is None:
            lines.append("\tMessage string")
        lines.extend(f"\t{self.names.fields[d.name, x.name]} {self.type(x.type)}" for x in d.fields)
        if cause:
            lines.append("\tCause error")
        lines.append("}")
        receiver = "e"
        if d.message is None:
            text = f"{receiver}.Message"
        else:
            f = FunctionEmitter(self, ir.Function("", d.params, ir.STR, []))
            for p in d.params:
                f.names[p.name] = f"{receiver}.{self.names.fields[d.name, p.name]}"
            text = f.x(d.message)
            if f.lines:
                raise Unsupported("an error message that takes several statements", d.name, d.line)
        lines.extend(["", f"func ({receiver} *{name}) Error() string {{ return {text} }}"])
        if cause:
            lines.extend(
                [
                    "",
                    "// Unwrap returns the cause.",
                    f"func ({receiver} *{name}) Unwrap() error {{ return {receiver}.Cause }}",
                ]
            )
        chain = [s for s in (self.sentinel(a) for a in self.errors.ancestors(d.name)) if s is not None]
        matches = " || ".join(f"target == {s}" for s in chain)
        lines.extend(
            [
                "",
                f"// Is matches {' and '.join(chain)}.",
                f"func ({receiver} *{name}) Is(target error) bool {{ return {matches} }}",
            ]
        )
        return lines

    def _protocol(self, d: ir.Protocol) -> list[str]:
        name = self.names.types[d.name]
        lines = ["", *self._doc(name, d.doc, d.comments), f"type {name} interface {{"]
        for m in d.methods:
            made = self.method_name(m.name)
            lines.extend(_comment(go_doc(made, m.doc), "\t") if m.doc else [])
            head = ["ctx context.Context"] if m.context else []
            params = ", ".join([*head, *(f"{self.local(p.name)} {self.type(p.type)}" for p in m.params)])
            if m.context:
                self.imports.add("context")
            lines.append(f"\t{made}({params}){self.results(m.result, bool(m.raises))}")
        return [*lines, "}"]

    def local(self, name: str) -> str:
        """The Go name of a local variable or parameter."""
        made = camel(name.rstrip("_")) + ("Value" if name.endswith("_") and name != "_" else "")
        if name == "_":
            return "_"
        if (
            made in _KEYWORDS | _TAKEN
            or made in self.names.types.values()
            or made in self.names.functions.values()
        ):
            made += "Value"
        return made

    def _class(self, d: ir.Class, functions: list[tuple[str, str, int, int]]) -> list[str]:
        name = self.names.types[d.name]
        lines = ["", *self._doc(name, d.doc, d.comments), f"type {name} struct {{"]
        for f in d.fields:
            made = self.names.fields[d.name, f.name]
            tag = self._configuration_tag(d, f, made) if d.name in self.configurations else ""
            lines.append(f"\t{made} {self.type(f.type)}{tag}" + (f" // {f.doc}" if f.doc else ""))
        lines.append("}")
        if any(f.secret for f in d.fields):
            lines.extend(self._masked(d))
        constructor = self.names.constructors.get(d.name)
        if constructor and d.init is not None:
            lines.extend(self._constructor(d, d.init, constructor))
        elif constructor:
            lines.extend(self._defaults(d, constructor))
        for m in d.methods:
            try:
                lines.extend(self._function(m, d, functions))
            except Unsupported as why:
                self.failed[f"{d.name}.{m.name}"] = why
                self.holes.append(Unsupported(why.reason, why.construct or m.name, why.line or m.line))
                functions.append((f"{d.name}.{m.name}", "", m.line, 1))
                lines.extend(self._declined(ir.Declined(why.reason, "", m.name, "", line=why.line or m.line)))
        return lines

    def _configuration_tag(self, d: ir.Class, f: ir.FieldDef, made: str) -> str:
        """The struct tag by which the configuration loader knows a field's key, default and variable."""
        inner = self.module.find(f.type.name) if isinstance(f.type, ir.NamedT) else None
        nested = isinstance(inner, ir.Class) and not self.is_pointer(inner.name)
        if f.type not in (ir.STR, ir.INT, ir.FLOAT, ir.BOOL, ir.ListT(ir.STR)) and not nested:
            raise Unsupported(
                f"a configuration field of type {ir.type_text(f.type)}", f.name, f.line or d.line
            )
        value = f.default
        if isinstance(value, ir.Name) and isinstance(known := self.module.find(value.id), ir.Constant):
            value = known.value
        text: str | None = None
        if isinstance(value, ir.ListLit) and all(isinstance(v, ir.Lit) for v in value.elems):
            text = ", ".join(str(v.value) for v in value.elems if isinstance(v, ir.Lit))
        elif isinstance(value, ir.Lit):
            text = str(value.value).lower() if isinstance(value.value, bool) else str(value.value)
        elif value is not None and not nested:
            raise Unsupported("a computed default of a configuration field", f.name, f.line or d.line)
        # A zero without a tag would mean that the field is required.
        empty = text is not None and (not text or (isinstance(value, ir.Lit) and self.is_zero(value)))
        key = "" if config_key(made) == f.name else f.name
        tags: list[str] = []
        if key or empty:
            tags.append(f'config:"{key}{",optional" if empty else ""}"')
        if text is not None and not empty:
            tags.append(f"default:{json.dumps(text, ensure_ascii=False)}")
        if f.env:
            tags.append(f'env:"{f.env}"')
        if any("`" in tag for tag in tags):
            raise Unsupported("a configuration default with a backquote", f.name, f.line or d.line)
        return f" `{' '.join(tags)}`" if tags else ""

    def _masked(self, d: ir.Class) -> list[str]:
        """A printed form that hides the secrets."""
        name, receiver = self.names.types[d.name], self.receiver(d.name)
        self.imports.add("fmt")
        hidden = [self.names.fields[d.name, f.name] for f in d.fields if f.secret and f.type == ir.STR]
        return [
            "",
            "// String hides the secrets.",
            f"func ({receiver} {name}) String() string {{",
            f"\ttype plain {name}",
            *(f'\t{receiver}.{h} = "[REDACTED]"' for h in hidden),
            f'\treturn fmt.Sprintf("%+v", plain({receiver}))',
            "}",
        ]

    def _defaults(self, d: ir.Class, constructor: str) -> list[str]:
        name = self.names.types[d.name]
        required = [ir.Param(f.name, f.type) for f in d.fields if f.default is None]
        params = self.parameters(ir.Function("", required, ir.NONE, []))
        result = f"*{name}" if self.is_pointer(d.name) else name
        made = f"{'&' if self.is_pointer(d.name) else ''}{name}{{"
        emitter = FunctionEmitter(self, ir.Function("", [], ir.NONE, []))
        parts: list[str] = []
        for f in d.fields:
            target = self.names.fields[d.name, f.name]
            if f.default is None:
                parts.append(f"{target}: {self.local(f.name)}")
            elif not self.is_zero(f.default):
                parts.append(f"{target}: {emitter.x(f.default)}")
        if emitter.lines:
            raise Unsupported("a default that takes several statements", d.name, d.line)
        return [
            "", f"// {constructor} returns {'an' if name[0] in 'AEIOU' else 'a'} {name} with defaults for the other fields.",
            f"func {constructor}({params}) {result} {{", f"\treturn {made}", *(f"\t\t{p}," for p in parts), "\t}", "}",
        ]  # fmt: skip

    def _constructor(self, d: ir.Class, init: ir.Function, constructor: str) -> list[str]:
        name = self.names.types[d.name]
        receiver = self.receiver(d.name)
        emitter = FunctionEmitter(self, init, d.name, constructs=True)
        declare(init, emitter.inline_try)
        simple: list[tuple[str, ir.Expr]] = []
        for s in init.body:
            if (
                isinstance(s, ir.Assign)
                and isinstance(s.target, ir.FieldTarget)
                and ir.same(s.target.obj, ir.Name("self", type=s.target.obj.type))
            ):
                if any(isinstance(n, ir.Name) and n.id == "self" for n in ir.walk(s.value)):
                    break
                simple.append((s.target.name, s.value))
            else:
                break
        rest = init.body[len(simple) :]
        emitter.prepare(rest)
        parts: list[str] = []
        for field_name, value in simple:
            if not self.is_zero(value):
                parts.append(f"{self.names.fields[d.name, field_name]}: {emitter.x(value)}")
        multi = len(parts) > 2 or sum(map(len, parts)) > 80
        amp = "&" if self.is_pointer(d.name) else ""
        head = (
            [f"{amp}{name}{{", *(f"\t{p}," for p in parts), "}"]
            if multi
            else [f"{amp}{name}{{{', '.join(parts)}}}"]
        )
        if rest:
            emitter.write(f"{receiver} := {head[0]}")
            for line in head[1:]:
                emitter.write(line)
            emitter.block(rest)
            emitter.write(f"return {receiver}" + (", nil" if init.raises else ""))
        else:
            *before, last = [f"return {head[0]}", *head[1:]]
            for line in before:
                emitter.write(line)
            emitter.write(last + (", nil" if init.raises else ""))
        self.holes.extend(emitter.holes)
        params = self.parameters(init)
        result = f"*{name}" if self.is_pointer(d.name) else name
        if init.raises:
            result = f"({result}, error)"
        doc = self._doc(constructor, init.doc) or [f"// {constructor} returns a new {name}."]
        return ["", *doc, f"func {constructor}({params}) {result} {{", *emitter.lines, "}"]

    def receiver(self, cls: str) -> str:
        """The receiver's name: the first letter of the type."""
        return self.names.types[cls][:1].lower()

    def parameters(self, f: ir.Function) -> str:
        """The parameter list, parameters of one type together as Go writes them."""
        parts = [(self.local(p.name), self.type(p.type)) for p in f.params]
        if f.context:
            self.imports.add("context")
            parts.insert(0, ("ctx", "context.Context"))
        out: list[str] = []
        for i, (name, t) in enumerate(parts):
            out.append(name if i + 1 < len(parts) and parts[i + 1][1] == t else f"{name} {t}")
        return ", ".join(out)

    def _function(
        self, f: ir.Function, cls: ir.Class | None, functions: list[tuple[str, str, int, int]]
    ) -> list[str]:
        try:
            inline_views(f)
            check_aliasing(f)
        except Unsupported as why:
            # The signature stays, so that callers compile.
            hole = ir.Hole(why.reason, why.construct, "", line=why.line or f.line)
            f = dataclasses.replace(f, body=[hole], patterns=[])
        if f.is_async:
            self.module.differences.append(
                f"{f.name} is a coroutine in Python and a plain function in Go; run it in a goroutine where it must not block."
            )
        name = self.method_name(f.name) if cls else self.function_name(f.name)
        emitter = FunctionEmitter(self, f, cls.name if cls else "")
        raises = bool(f.raises)
        declare(f, emitter.inline_try)
        params = self.parameters(f)
        results = self.results(f.result, raises)
        if f.patterns:
            Patterns(emitter).wrap(f)
        else:
            emitter.prepare(f.body)
            for p in f.params:
                if p.name not in stores(f.body):
                    emitter.keep_code_points(p.name)
            emitter.block(f.body)
            if raises and f.result == ir.NONE and not terminates(f.body):
                emitter.write("return nil")
        lines: list[str] = []
        for declaration in self.shared:
            lines.extend(["", *declaration.splitlines()])
        self.shared.clear()
        lines.extend(["", *self._doc(name, f.doc, f.comments)])
        receiver = ""
        if cls is not None and f.kind != "static":
            star = "*" if self.is_pointer(cls.name) else ""
            receiver = f"({self.receiver(cls.name)} {star}{self.names.types[cls.name]}) "
        elif cls is not None:
            name = self.static_name(cls.name, f.name)
        lines.append(f"func {receiver}{name}({params}){results} {{")
        lines.extend(tidy(emitter.lines, [self.local(p.name) for p in f.params]))
        lines.append("}")
        self.holes.extend(emitter.holes)
        functions.append((f"{cls.name}.{f.name}" if cls else f.name, name, f.line, len(emitter.holes)))
        return lines


class FunctionEmitter(Operations, Statements):
    """Emits one function body; statements that an expression needs are written before the statement it is in."""

    unit = "\t"
    mark = "//"
    quoted = "\t"

    def __init__(self, go: GoModule, f: ir.Function, cls: str = "", constructs: bool = False) -> None:
        super().__init__()
        self.go = go
        self.f = f
        self.cls = cls
        self.names: dict[str, str] = {}
        self.used: set[str] = set()
        self.result: Type = f.result
        self.fails = bool(f.raises)
        self.err_scopes: list[bool] = [False]
        self.handlers: list[Callable[[str, frozenset[str], str], None]] = []
        self.constructs = constructs
        self.read: set[str] = set()
        self.by_position: set[str] = set()
        self.code_points: dict[str, str] = {}
        self.measured: Collection[str] = ()
        self.lengths: dict[str, str] = {}
        self.ascii: Collection[str] = ()
        self.builders: Collection[str] = ()
        self.lower: dict[str, int] = lower_bounds(f)
        self.checked: set[str] = set()  # variables that were checked here not to be zero
        self.positive: set[str] = set()  # variables that are above zero here
        self.windows: dict[str, tuple[ir.Expr, ir.Expr | int]] = {}
        self.heading = ""  # what the next if statement begins with
        self.counters: set[str] = set()  # variables that count the turns of a loop, declared before it
        self.within: dict[str, ir.Expr] = {}  # by position, the list that it lies in
        self.leaving = False  # what is written now is returned
        self.following: Sequence[ir.Stmt] = []  # what comes after the statement that is written
        self.wanted = ""
        self.told = False  # the text of what fails now is shown by a handler
        self.values = 0  # how many function values enclose what is written now
        self.any_order = False  # the order of what is made now is settled by the next statement
        for p in f.params:
            self.name(p.name)

    def prepare(self, body: list[ir.Stmt]) -> None:
        """Find which variables are read, so that unread ones are not declared."""
        self.read = reads(body)
        self.study(body)

    # Writing

    @contextmanager
    def indented(self) -> Generator[None]:
        """Write one level deeper, in a Go scope of its own."""
        self.err_scopes.append(False)
        checked = set(self.checked)
        try:
            with super().indented():
                yield
        finally:
            self.checked = checked
            self.err_scopes.pop()

    @contextmanager
    def captured(self) -> Generator[list[str]]:
        """Collect what is written; what it checks may be left out, so that nothing counts as checked."""
        checked = set(self.checked)
        try:
            with super().captured() as lines:
                yield lines
        finally:
            self.checked = checked

    @contextmanager
    def infallible(self) -> Generator[None]:
        """Inside, a failing operation cannot be emitted: the code runs in a function that returns no error."""

        def refuse(*_: object) -> None:
            raise Unsupported("a failing operation inside a function value")

        self.handlers.append(refuse)
        self.values += 1
        try:
            yield
        finally:
            self.values -= 1
            self.handlers.pop()

    def name(self, id: str) -> str:  # noqa: A002 - the representation's own word.
        """The Go name of a variable."""
        if id == "self" and self.cls:
            return self.go.receiver(self.cls)
        if id not in self.names:
            made = self.go.local(id)
            if self.cls and made == self.go.receiver(self.cls):
                made += "Value"
            while made in self.used | self.counters and made != "_":
                made += "2"
            self.names[id] = made
            self.used.add(made)
        return self.names[id]

    def fresh(self, hint: str) -> str:
        """A Go name that is not used yet in this function."""
        made = hint
        n = 2
        taken = self.used | self.counters | {self.go.local(r) for r in self.read}
        taken |= set(self.go.names.functions.values())
        while made in taken or made in _KEYWORDS | _TAKEN:
            made = f"{hint}{n}"
            n += 1
        self.used.add(made)
        return made

    def use(self, package: str) -> None:
        """Import a package."""
        self.go.imports.add(package)

    def helper(self, name: str) -> str:
        """Have a helper function emitted at the end of the file."""
        self.go.helpers.add(name)
        return name

    # Statements

    def statement(self, body: Sequence[ir.Stmt], at: int, tail: bool) -> None:
        """One statement of a block; what it declared is unknown again where it cannot be written."""
        used = set(self.used)
        self.any_order = sorted_next(body[at], body[at + 1] if at + 1 < len(body) else None)
        self.following = body[at + 1 :]
        try:
            super().statement(body, at, tail)
        except Unsupported as why:
            self.used = used
            if shows_order(why):
                self.go.shown.update(shown_maps(body[at]))
            raise

    def hole(self, why: Unsupported, source: str) -> None:
        """A marked hole: it says why, shows the source, and stops the program when it is reached."""
        if "order of a map" in why.reason:
            self.go.unordered.add((self.cls, self.f.name))
        super().hole(why, source)

    def stop(self, message: str) -> str:
        """The statement that stops the program with a message."""
        return f"panic({go_string(message)})"

    def stmt(self, s: ir.Stmt) -> None:
        """One statement."""
        if not (self.grows(s) or self.switched(s)):
            super().stmt(s)

    def _declare(self, s: ir.VarDecl) -> None:
        if s.id in self.read:
            self.write(f"var {self.name(s.id)} {self.go.type(s.type)}")

    def _for(self, s: ir.For) -> None:
        self.require_order(s.iter, s.body, s.target)
        match s.target, s.iter:
            case ir.VarTarget(id=count), ir.Intrinsic(op="range", args=[start, stop, step]) as numbers:
                name = self.name(count) if count in reads(s.body) else "_"
                rises = at_least(step, lower_bounds(self.f, inner=False)) == 1
                with self.moving_along(count, start, stop, s.body):
                    self.stepping(name, numbers, rises, lambda: self.block(s.body), stores(s.body))
                return
            case _:
                pass
        self.loop(s.target, s.iter, lambda: self._turn(s), set(reads(s.body)))

    def _turn(self, s: ir.For) -> None:
        """The body of a loop; a string that is new in each turn is split or measured once."""
        often = positions(s.body) | measured_texts(ir.Function("", [], ir.NONE, s.body))
        for n in ir.walk(s.target):
            if isinstance(n, ir.VarTarget) and n.type == ir.STR and n.id in often:
                self.keep_code_points(n.id)
        self.block(s.body)

    def _closure(self, f: ir.Function) -> None:
        called = {id(n.func) for s in self.f.body for n in ir.walk(s) if isinstance(n, ir.Call)}
        handed = any(
            isinstance(n, ir.Name) and n.id == f.name and id(n) not in called
            for s in self.f.body
            for n in ir.walk(s)
        )
        fails = bool(f.raises)
        if fails and handed:
            raise Unsupported("a nested function that may fail and is handed on", f.name, f.line)
        name = self.name(f.name)
        params = ", ".join(f"{self.name(p.name)} {self.go.type(p.type)}" for p in f.params)
        signature = f"func({params}){self.go.results(f.result, fails)}"
        recursive = f.name in reads(f.body)
        saved_result, self.result = self.result, f.result
        saved_fails, self.fails = self.fails, fails
        saved_handlers, self.handlers = self.handlers, []
        if recursive:
            self.write(
                f"var {name} func({', '.join(self.go.type(p.type) for p in f.params)}){self.go.results(f.result, fails)}"
            )
        self.remarks([f.doc])
        self.write(f"{name} {'=' if recursive else ':='} {signature} {{")
        with self.indented():
            self.block(f.body)
            if fails and f.result == ir.NONE and not terminates(f.body):
                self.write("return nil")
        self.write("}")
        self.result, self.fails, self.handlers = saved_result, saved_fails, saved_handlers

    def declare(self, t: ir.VarTarget) -> str:
        """The operator for assigning to a variable."""
        return ":=" if t.declares else "="

    def _assign(self, s: ir.Assign) -> None:
        t = s.target
        if isinstance(t, ir.VarTarget):
            self._assign_variable(t, s.value)
            return
        if isinstance(t, ir.TupleTarget):
            self._assign_tuple(t, s.value)
            return
        if self._accumulates(t, s.value):
            return
        # The source evaluates the value first.
        self.wanted = camel(t.name) if isinstance(t, ir.FieldTarget) else ""
        value = self.handed(s.value, t.type)
        self.wanted = ""
        if isinstance(t, ir.IndexTarget) and self.ordered(t.obj.type):
            self.store(t.obj, self.x(t.index), value)
            return
        self.write(f"{self.place(t)} = {value}")

    def _accumulates(self, t: ir.Target, value: ir.Expr) -> bool:
        """`counts[k] = counts.get(k, 0) + n` as Go writes it."""
        if (
            not isinstance(t, ir.IndexTarget)
            or not isinstance(t.obj.type, ir.DictT)
            or not isinstance(value, ir.Intrinsic)
        ):
            return False
        if value.op not in ("int.add", "float.add", "str.concat"):
            return False
        old, more = value.args
        if not isinstance(old, ir.Intrinsic) or old.op not in ("dict.get_or", "dict.index") or old.raises:
            return False
        if not (ir.same(old.args[0], t.obj) and ir.same(old.args[1], t.index) and self.pure(t.index)):
            return False
        if old.op == "dict.get_or" and not self.go.is_zero(old.args[2]):
            return False
        text = self.x(more)
        if self.ordered(t.obj.type):
            key = self.simple(t.index, "key")
            more_text = self.x(more, ADD + 1)
            self.store(t.obj, key, f"{self.table(t.obj)}[{key}] + {more_text}")
            return True
        place = self.place(t)
        self.write(f"{place}++" if text == "1" else f"{place} += {text}")
        return True

    def _assign_variable(self, t: ir.VarTarget, value: ir.Expr) -> None:
        if t.id not in self.read and t.id not in self.names:
            if self.pure(value):
                return
            self.effect(value)
            return
        # As a value, the results of a call are packed.
        if self._raising(value) and not isinstance(value.type, ir.TupleT):
            self.assign_result(t, value)
            return
        if isinstance(value, ir.Cond) and self._assign_cond(t, value):
            return
        hinted = self._into(t, value)
        if hinted:
            return
        if isinstance(t.type, ir.FuncT):
            text = self.handed(value, t.type)
            self.write(f"{self.name(t.id)} {self.declare(t)} {text}")
            return
        if t.declares and isinstance(value, ir.ListLit) and (room := self.room(t.id)):
            made = f"make({self.go.type(t.type)}, 0, {room}{f'+{len(value.elems)}' if value.elems else ''})"
            elems = ", ".join(self.x(self.owned(v)) for v in value.elems)
            self.write(f"{self.name(t.id)} := {f'append({made}, {elems})' if elems else made}")
            return
        name = self.name(t.id)
        if t.declares and (size := self.room_for_new(t.id, value)):
            self.start_map(name, t.type, size)
            return
        if t.declares and isinstance(value, ir.Intrinsic) and value.op in ("list.pop", "list.pop_at"):
            self.taken_out(value.args, value.op, into=name)
            self.keep_code_points(t.id)
            return
        text = self.x(self.owned(value))
        if t.declares and self._needs_type(t.type, value):
            self.write(f"var {name} {self.go.type(t.type)}" + ("" if text == "nil" else f" = {text}"))
        elif text != name:
            self.write(f"{name} {self.declare(t)} {text}")
        if t.declares:
            self.keep_code_points(t.id)

    def _needs_type(self, t: Type, value: ir.Expr) -> bool:
        """True when := would infer another type than the variable has."""
        if isinstance(value, ir.Lit) and value.value is None:
            return True
        if isinstance(value, ir.Lit) and t == ir.FLOAT and float(value.value).is_integer():
            return False
        if isinstance(t, ir.NamedT) and isinstance(value.type, ir.NamedT) and value.type != t:
            return True
        return t == ir.ERROR and value.type != ir.ERROR

    def _assign_cond(self, t: ir.VarTarget, value: ir.Cond) -> bool:
        """`x = a if test else b` as Go writes it."""
        name = self.name(t.id)
        if self.has_default(value) and t.declares and not self._needs_type(t.type, value.body):
            if t.id in reads([ir.ExprStmt(value)]):
                return False
            self.write(f"{name} := {self.x(self.owned(value.body))}")
            self.write(f"if {self.empty(name, value.body)} {{")
            with self.indented():
                self._store(name, value.orelse)
            self.write("}")
            return True
        if (
            t.declares
            and isinstance(value.orelse, ir.Lit | ir.Name | ir.EnumMember)
            and not self._needs_type(t.type, value.orelse)
        ):
            if t.id in reads([ir.ExprStmt(value)]):
                return False
            self.write(f"{name} := {self.x(value.orelse)}")
            self.write(f"if {self.x(value.test)} {{")
            with self.indented():
                self.write(f"{name} = {self.x(self.owned(value.body))}")
            self.write("}")
            return True
        made = self.go.type(t.type)
        if t.declares:
            self.write(f"var {name} {made}")
        # What a declaration leaves in a variable need not be put there.
        zero = f"{made}{{}}" if t.declares and isinstance(t.type, ir.NamedT) else name
        self._branch(
            value.test, lambda: self._store(name, value.body), lambda: self._store(name, value.orelse, zero)
        )
        return True

    @staticmethod
    def has_default(e: ir.Cond) -> bool:
        """True for `value or default` of a value that is worked out."""
        match e.test:
            case (
                ir.Intrinsic(op="nonempty", args=[tested])
                | ir.Intrinsic(op="ne", args=[tested, ir.Lit(value="" | 0)])
            ):
                return ir.same(tested, e.body) and not isinstance(tested, ir.Name | ir.Field)
            case _:
                return False

    @staticmethod
    def empty(name: str, e: ir.Expr) -> str:
        """The test that a variable that holds an expression's value is empty."""
        if e.type in (ir.INT, ir.FLOAT):
            return f"{name} == 0"
        return f'{name} == ""' if e.type == ir.STR else f"len({name}) == 0"

    def _store(self, name: str, value: ir.Expr, held: str = "") -> None:
        """Put a value in a variable, unless it is known to hold it."""
        text = self.x(self.owned(value))
        if text not in (name, held):
            self.write(f"{name} = {text}")

    def _branch(self, test: ir.Expr, then: Callable[[], None], orelse: Callable[[], None]) -> None:
        self.write(f"if {self.x(test)} {{")
        with self.indented():
            then()
        with self.captured() as other, self.indented():
            orelse()
        if other:
            self.write("} else {")
            self.lines.extend(other)
        self.write("}")

    def _into(self, t: ir.VarTarget, value: ir.Expr) -> bool:
        """Build a collection directly in the variable that takes it."""
        if not t.declares or t.id in reads([ir.ExprStmt(value)]):
            return False
        name = self.name(t.id)
        return self.build(value, name)

    def _assign_tuple(self, t: ir.TupleTarget, value: ir.Expr) -> None:
        flat = list(t.elems)
        if any(isinstance(e, ir.TupleTarget) for e in flat):
            raise Unsupported("unpacking into nested targets")
        live = [
            not (isinstance(e, ir.VarTarget) and e.id not in self.read and e.id not in self.names)
            for e in flat
        ]
        new = [
            e for e, use in zip(flat, live, strict=True) if use and isinstance(e, ir.VarTarget) and e.declares
        ]
        old = [
            e
            for e, use in zip(flat, live, strict=True)
            if use and not (isinstance(e, ir.VarTarget) and e.declares)
        ]
        call = isinstance(value, ir.Call | ir.MethodCall | ir.PatternOp | ir.PatternCall)
        # Independent declarations read better one by one, unless all are plain.
        if (
            isinstance(value, ir.TupleLit)
            and not all(isinstance(v, ir.Lit | ir.Name) for v in value.elems)
            and all(isinstance(e, ir.VarTarget) and e.declares for e in flat)
            and all(
                not reads([ir.ExprStmt(v)]) & {e.id for e in flat if isinstance(e, ir.VarTarget)}
                for v in value.elems
            )
        ):
            for e, v in zip(flat, value.elems, strict=True):
                assert isinstance(e, ir.VarTarget)
                self._assign_variable(e, v)
            return
        if isinstance(value, ir.TupleLit):
            texts = [self.x(self.owned(v)) for v in value.elems]
            for v, e in zip(value.elems, flat, strict=True):
                if isinstance(e, ir.VarTarget) and e.declares and self._needs_type(e.type, v):
                    self.write(f"var {self.name(e.id)} {self.go.type(e.type)}")
                    e.declares = False
            new = [e for e in new if e.declares]
            texts = [x for x, use in zip(texts, live, strict=True) if use]
        elif call and isinstance(value.type, ir.TupleT):
            text, raised = self.call_text(value)
            targets = [self.target_name(e) if use else "_" for e, use in zip(flat, live, strict=True)]
            if new and old:
                for e in new:
                    self.write(f"var {self.name(e.id)} {self.go.type(e.type)}")
                new = []
            if raised:
                targets.append("err")
                if not new and not self.err_known():
                    self.write("var err error")
                    self.err_scopes[-1] = True
                self.write(f"{', '.join(targets)} {':=' if new else '='} {text}")
                self.err_scopes[-1] = True
                self.check("err", raised)
            elif any(x != "_" for x in targets):
                self.write(f"{', '.join(targets)} {':=' if new else '='} {text}")
            else:
                self.write(text)
            return
        elif isinstance(value.type, ir.ListT):
            xs = self.simple(value, "parts")
            self.write(f"if len({xs}) != {len(flat)} {{")
            with self.indented():
                message = ir.Lit(f"expected {len(flat)} values", type=ir.STR)
                self._raise(ir.Raise(ir.New("ValueError", [("message", message)], type=ir.ERROR)))
            self.write("}")
            texts = [f"{xs}[{i}]" for i, use in enumerate(live) if use]
        elif isinstance(value.type, ir.P) and value.type == ir.STR:
            raise Unsupported("unpacking a string")
        elif isinstance(value, ir.Intrinsic) and value.op == "str.partition":
            before, sep = self.x(value.args[0], PRIMARY), self.x(value.args[1])
            self.use("strings")
            if old:
                raise Unsupported("str.partition into variables that exist")
            names = [self.target_name(e) if use else "_" for e, use in zip(flat, live, strict=True)]
            found = self.fresh("found") if live[1] else "_"
            operator = ":=" if any(n != "_" for n in (names[0], names[2], found)) else "="
            self.write(f"{names[0]}, {names[2]}, {found} {operator} strings.Cut({before}, {sep})")
            if live[1] and not self._asked_only(flat[1], found):
                self.write(f'{names[1]} := ""')
                self.write(f"if {found} {{")
                self.write(f"\t{names[1]} = {sep}")
                self.write("}")
            return
        elif isinstance(value, ir.Intrinsic) and value.op == "dict.lookup":
            names = [self.target_name(e) if use else "_" for e, use in zip(flat, live, strict=True)]
            m, key = value.args
            text = f"{', '.join(names)} := {self.table(m)}[{self.x(key)}]"
            if self._asked_next(flat):
                self.heading = f"{text}; "
            else:
                self.write(text)
            return
        else:
            pair = self.simple(value, "pair")
            fields = ("First", "Second", "Third")
            texts = [f"{pair}.{fields[i]}" for i, use in enumerate(live) if use]
        names = [self.target_name(e) for e, use in zip(flat, live, strict=True) if use]
        if not names:
            return
        if new and old:
            for e in new:
                self.write(f"var {self.name(e.id)} {self.go.type(e.type)}")
            new = []
        self.write(f"{', '.join(names)} {':=' if new else '='} {', '.join(texts)}")

    def _asked_only(self, t: ir.Target, found: str) -> bool:
        """Have tests for a separator ask whether it was found; False where it is more than tested."""
        if not isinstance(t, ir.VarTarget):
            return False

        def asked(e: ir.Node) -> bool | None:
            match e:
                case (
                    ir.Intrinsic(op="nonempty", args=[ir.Name(id=t.id)])
                    | ir.Intrinsic(op="ne", args=[ir.Name(id=t.id), ir.Lit(value="")])
                ):
                    return True
                case ir.Intrinsic(op="eq", args=[ir.Name(id=t.id), ir.Lit(value="")]):
                    return False
                case _:
                    return None

        nodes = [n for s in self.f.body for n in ir.walk(s)]
        uses = sum(isinstance(n, ir.Name) and n.id == t.id for n in nodes)
        stored = sum(isinstance(n, ir.VarTarget) and n.id == t.id for n in nodes)
        if stored != 1 or uses != sum(asked(n) is not None for n in nodes):
            return False
        known = ir.Name(f"<found {t.id}>", type=ir.BOOL)
        self.names[known.id] = found

        def answered(e: ir.Expr) -> ir.Expr:
            answer = asked(e)
            return e if answer is None else known if answer else ir.Not(known, type=ir.BOOL, line=e.line)

        for s in self.f.body:
            rewrite(s, answered)
        return True

    def _asked_next(self, targets: list[ir.Target]) -> bool:
        """True where the next statement asks for the last of new variables and only it reads them."""
        match self.following, targets[-1]:
            case [ir.If(test=ir.Name(id=asked) | ir.Not(value=ir.Name(id=asked))) as s, *_], ir.VarTarget(
                id=name
            ) if asked == name:
                new = {t.id for t in targets if isinstance(t, ir.VarTarget)}
                inside, whole = (
                    sum(isinstance(n, ir.Name) and n.id in new for b in body for n in ir.walk(b))
                    for body in ([s], self.f.body)
                )
                return inside == whole and not s.comments
            case _:
                return False

    def target_name(self, t: ir.Target) -> str:
        """The text of an assignment target."""
        return self.name(t.id) if isinstance(t, ir.VarTarget) else self.place(t)

    def place(self, t: ir.Target) -> str:
        """The text of a field or element that is assigned to."""
        match t:
            case ir.VarTarget():
                return self.name(t.id)
            case ir.FieldTarget():
                return f"{self.x(t.obj, PRIMARY)}.{self.field_name(t.obj, t.name)}"
            case ir.IndexTarget():
                if self.ordered(t.obj.type):
                    raise Unsupported("several assignments at once into a map that keeps its order")
                obj = self.x(t.obj, PRIMARY)
                if isinstance(t.obj.type, ir.DictT):
                    return f"{obj}[{self.x(t.index)}]"
                return f"{obj}[{self.index_text(obj, t.index)}]"
            case _:
                raise Unsupported("an assignment target of this kind")

    def field_name(self, obj: ir.Expr, name: str) -> str:
        """The Go name of a field."""
        cls = obj.type.name if isinstance(obj.type, ir.NamedT) else ""
        return self.go.names.fields.get((cls, name)) or pascal(name)

    def _augmented(self, s: ir.AugAssign) -> None:
        if isinstance(s.target, ir.VarTarget) and s.target.id not in self.read | set(self.names):
            # What was never read was never declared either.
            self.effect(s.value)
            return
        value = self.x(s.value, ADD + 1 if s.op in ("int.mul", "float.mul") else LOWEST)
        op = ir.IN_PLACE[s.op]
        if isinstance(s.target, ir.IndexTarget) and self.ordered(s.target.obj.type):
            key = self.simple(s.target.index, "key")
            value = self.x(s.value, PRIMARY)
            self.store(s.target.obj, key, f"{self.table(s.target.obj)}[{key}] {op} {value}")
            return
        target = self.place(s.target)
        if value == "1" and op in "+-":
            self.write(f"{target}{op}{op}")
        else:
            self.write(f"{target} {op}= {value}")

    def _if(self, s: ir.If, chained: bool = False) -> None:
        known = self.err_scopes[-1]
        heading, self.heading = self.heading, ""
        with self.captured() as before:
            test = self._presence(s.test) or self.x(s.test)
        test = heading + test
        if before and chained:
            # A test that needs statements first cannot stay in an else-if.
            self.err_scopes[-1] = known
            self.write("} else {")
            with self.indented():
                self._if(s)
            return
        self.lines.extend(before)
        self.write(f"}} else if {test} {{" if chained else f"if {test} {{")
        positive = set(self.positive)
        self.positive |= self._above_zero(s)
        with self.indented():
            self.block(s.body)
        self.positive = positive
        if len(s.orelse) == 1 and isinstance(s.orelse[0], ir.If) and not s.orelse[0].comments:
            inner = s.orelse[0]
            known = self.err_scopes[-1]
            with self.captured() as probe:
                self._probe(inner.test)
            self.err_scopes[-1] = known
            if not probe:
                self._if(inner, chained=True)
                return
        if s.orelse:
            self.write("} else {")
            with self.indented():
                self.block(s.orelse)
        self.write("}")

    def _above_zero(self, s: ir.If) -> set[str]:
        """Variables that are not negative, and not zero where a test holds, as long as they keep their value."""
        tests = s.test.values if isinstance(s.test, ir.Bool) and s.test.op == "and" else [s.test]
        found: set[str] = set()
        for test in tests:
            match test:
                case ir.Intrinsic(op="ne" | "gt", args=[ir.Name(id=name), ir.Lit(value=0)]) if (
                    name in self.lower
                ):
                    found.add(name)
                case _:
                    pass
        return found - stores(s.body)

    def _presence(self, test: ir.Expr) -> str | None:
        """The comma-ok form of a question whether a map or set holds a key; None for any other test."""
        inner = test.value if isinstance(test, ir.Not) else test
        if not (isinstance(inner, ir.Intrinsic) and inner.op in ("dict.contains", "set.contains")):
            return None
        asked = f"{self.table(inner.args[0])}[{self.x(inner.args[1])}]"
        return f"_, ok := {asked}; {'!ok' if inner is not test else 'ok'}"

    def _probe(self, test: ir.Expr) -> None:
        used = set(self.used)
        try:
            if self._presence(test) is None:
                self.x(test)
        finally:
            self.used = used

    def _while(self, s: ir.While) -> None:
        with self.captured() as before:
            test = self.x(s.test)
        if before:
            self.write("for {")
            with self.indented():
                test = self.x(s.test)
                self.write(f"if {self.negated(s.test) if not before else f'!({test})'} {{")
                self.write("\tbreak")
                self.write("}")
                self.block(s.body)
        else:
            self.write("for {" if test == "true" else f"for {test} {{")
            with self.indented():
                self.block(s.body)
        self.write("}")

    def _for_range(self, s: ir.ForRange) -> None:
        used = s.target.id in reads(s.body)
        name = self.name(s.target.id) if used else "_"
        found = self.moving(s)
        if found is not None:
            self.windows[s.target.id] = found
        with self.moving_along(s.target.id, s.start, s.stop, s.body):
            self._counting(name, s.start, s.stop, s.step, lambda: self.block(s.body), stores(s.body))
        self.windows.pop(s.target.id, None)

    def _counting(
        self, name: str, start: ir.Expr, stop: ir.Expr, step: int, body: Callable[[], None], stored: set[str]
    ) -> None:
        zero = isinstance(start, ir.Lit) and start.value == 0
        if zero and step == 1:
            bound = self.x(stop)
            self.write(f"for range {bound} {{" if name == "_" else f"for {name} := range {bound} {{")
        else:
            first = self.x(start)
            last = _last(stop, step)
            stop = stop if last is None else last
            bound = self.x(stop, COMPARE + 1)
            # The bound is evaluated once in Python: keep it when the body can change what it reads.
            changes = {n.id for n in ir.walk(stop) if isinstance(n, ir.Name)} & stored
            if changes or not self._stable(stop):
                kept = self.fresh("stop")
                self.write(f"{kept} := {bound}")
                bound = kept
            if name == "_":
                name = self.fresh("i")
            compare = ("<" if step > 0 else ">") + ("=" if last is not None else "")
            advance = (
                f"{name}++"
                if step == 1
                else f"{name}--"
                if step == -1
                else f"{name} += {step}"
                if step > 0
                else f"{name} -= {-step}"
            )
            self.write(f"for {name} := {first}; {name} {compare} {bound}; {advance} {{")
        with self.indented():
            body()
        self.write("}")

    def stepping(
        self,
        name: str,
        numbers: ir.Intrinsic,
        rises: bool,
        body: Callable[[], None],
        stored: set[str],
    ) -> None:
        """A loop over a range whose step, which is not zero, is worked out; `rises` says that it is above zero."""
        start, stop, step = numbers.args
        first, bound, by = self.x(start), self.x(stop, COMPARE + 1), self.x(step, COMPARE + 1)
        if {n.id for n in ir.walk(stop) if isinstance(n, ir.Name)} & stored or not self._stable(stop):
            bound = self.fresh("stop")
            self.write(f"{bound} := {self.x(stop)}")
        if name == "_":
            name = self.fresh("i")
        from_zero = isinstance(start, ir.Lit) and start.value == 0 and self._nonnegative(stop)
        test = f"{name} < {bound}"
        if from_zero and not rises:
            test = f"{by} > 0 && {test}"
        elif not rises:
            test = f"{by} > 0 && {test} || {by} < 0 && {name} > {bound}"
        positive = set(self.positive)
        if (rises or from_zero) and isinstance(step, ir.Name) and step.id not in stored:
            self.positive.add(step.id)
        self.write(f"for {name} := {first}; {test}; {name} += {by} {{")
        with self.indented():
            body()
        self.write("}")
        self.positive = positive

    def _stable(self, e: ir.Expr) -> bool:
        """True when evaluating again gives the same: literals, names, lengths of names."""
        return (
            all(
                isinstance(n, ir.Lit | ir.Name)
                or (
                    isinstance(n, ir.Intrinsic)
                    and n.op in ("len", "int.add", "int.sub", "int.floordiv", "int.mul")
                )
                for n in ir.walk(e)
            )
            and not any(
                isinstance(n, ir.Intrinsic) and n.op == "len" and n.args[0].type == ir.STR for n in ir.walk(e)
            )
            and not any(
                isinstance(n, ir.Intrinsic) and n.op == "len" and self._grows(n.args[0]) for n in ir.walk(e)
            )
        )

    def _grows(self, e: ir.Expr) -> bool:
        at = place(e)
        return at is None or any(
            isinstance(n, ir.Intrinsic) and n.op in GROWING and place(n.args[0]) == at
            for s in self.f.body
            for n in ir.walk(s)
        )

    def _return(self, s: ir.Return) -> None:
        if s.value is None:
            if self.constructs:
                self.write(f"return {self.go.receiver(self.cls)}" + (", nil" if self.fails else ""))
            else:
                self.write("return nil" if self.fails else "return")
            return
        v = s.value
        if isinstance(v, ir.Cond) and self.has_default(v) and not self.ordered(v.type):
            name = self.fresh("result")
            self.write(f"{name} := {self.x(self.owned(v.body))}")
            self.write(f"if {self.empty(name, v.body)} {{")
            with self.indented():
                self._store(name, v.orelse)
            self.write("}")
            self.write(f"return {name}{', nil' if self.fails else ''}")
            return
        if isinstance(v, ir.Cond):
            self.write(f"if {self.x(v.test)} {{")
            with self.indented():
                self._return(ir.Return(v.body))
            self.write("}")
            self._return(ir.Return(v.orelse))
            return
        nil = ", nil" if self.fails else ""
        if self.loads(v):
            self.write(f"return {self.x(v)}{nil}")
            return
        if (
            isinstance(v, ir.Call | ir.MethodCall | ir.PatternOp | ir.PatternCall)
            and self._raising(v)
            and not self.handlers
        ):
            text, _ = self.call_text(v)
            if self.same_results(v) and not self.classed(v):
                self.write(f"return {text}")
                return
        if isinstance(self.result, ir.TupleT):
            if isinstance(v, ir.TupleLit):
                self.write(f"return {', '.join(self.x(self.owned(e)) for e in v.elems)}{nil}")
                return
            if isinstance(v, ir.Call | ir.MethodCall) and not self._raising(v):
                text, _ = self.call_text(v)
                if not self.fails:
                    self.write(f"return {text}")
                    return
            pair = self.simple(v, "result")
            fields = ("First", "Second", "Third")[: len(self.result.elems)]
            if len(self.result.elems) > 3:
                raise Unsupported("a tuple of more than three values")
            self.write(f"return {', '.join(f'{pair}.{f}' for f in fields)}{nil}")
            return
        if self.return_directly(v):
            return
        name = self.build_named(v, "result")
        if name is not None:
            self.write(f"return {name}{nil}")
            return
        if isinstance(self.result, ir.FuncT):
            self.write(f"return {self.handed(v, self.result)}{nil}")
            return
        self.leaving = True
        value = self.owned(v)
        self.leaving = False
        self.write(f"return {self.x(value)}{nil}")

    def same_results(self, v: ir.Expr) -> bool:
        """True when a failing call's results can be returned as they are."""
        return self.fails and self._go_type(v.type) == self._go_type(self.result)

    def _go_type(self, t: Type) -> str:
        return self.go.results(t, False)

    # Errors

    def _raising(self, v: ir.Expr) -> bool:
        if isinstance(v, ir.Call | ir.MethodCall | ir.New | ir.PatternOp | ir.PatternCall):
            return bool(v.raises)
        return isinstance(v, ir.Intrinsic) and bool(v.raises) and v.raises not in ir.PROGRAM_ERRORS

    @staticmethod
    def loads(v: ir.Expr) -> bool:
        """True for loading a configuration, which fills a variable and is checked where it stands."""
        return isinstance(v, ir.PatternOp) and v.pattern_id == "configuration"

    def err_known(self) -> bool:
        """True when `err` is declared in this Go scope."""
        return self.err_scopes[-1]

    def assign_result(self, t: ir.VarTarget, value: ir.Expr) -> None:
        """`x, err := f()` and its check."""
        if isinstance(value, ir.Intrinsic) and value.op in (
            "dict.index",
            "dict.pop",
            "list.find_or_raise",
            "str.find_or_raise",
        ):
            hint = self.name(t.id)
            if t.declares:
                self.looked_up(value, hint, new=True)
            else:
                self.write(f"{hint} = {self.looked_up(value, 'found')}")
            return
        if self.loads(value):
            assert isinstance(value, ir.PatternOp)
            name = self.name(t.id)
            assert isinstance(value.type, ir.NamedT)
            if t.declares and not self.go.is_pointer(value.type.name):
                Patterns(self).load(value, name)
                return
            made = Patterns(self).load(value)
            self.write(f"{name} {self.declare(t)} {made}")
            return
        text, raised = self.call_text(value)
        name = self.name(t.id)
        if t.declares:
            self.write(f"{name}, err := {text}")
        elif any(self.err_scopes):
            self.write(f"{name}, err = {text}")
        else:
            self.write("var err error")
            self.write(f"{name}, err = {text}")
        self.err_scopes[-1] = True
        self.received(value, raised)

    def value_of(self, e: ir.Expr, hint: str = "value") -> str:
        """The value of a failing expression, checked; its name."""
        if isinstance(e, ir.Intrinsic) and e.op == "dict.index" and self.values and not self._handles_keys():
            self.go.differ(
                "A missing key inside a function value stops the Go program, where the source raises an error."
            )
            return f"{self.helper('mustGet')}({self.table(e.args[0])}, {self.x(e.args[1])})"
        if isinstance(e, ir.Intrinsic) and e.op in (
            "dict.index",
            "dict.pop",
            "list.find_or_raise",
            "str.find_or_raise",
        ):
            return self.looked_up(e, hint)
        if self.loads(e):
            assert isinstance(e, ir.PatternOp)
            return Patterns(self).load(e)
        text, raised = self.call_text(e)
        if isinstance(e, ir.Call | ir.MethodCall) and isinstance(e.type, ir.TupleT):
            name = self.packed(text, e.type, "err")
        else:
            name = self.fresh(hint)
            self.write(f"{name}, err := {text}")
        self.err_scopes[-1] = True
        self.received(e, raised)
        return name

    def _handles_keys(self) -> bool:
        """True when the function has a handler that a missing key could reach."""
        handlers = (n for s in self.f.body for n in ir.walk(s) if isinstance(n, ir.Handler))
        return any(
            not h.classes or any(self.go.errors.is_a("KeyError", c) for c in h.classes) for h in handlers
        )

    def classed(self, e: ir.Expr) -> str:
        """The error of an operation of Go's library, as the class that the file tells apart; "" for any other."""
        cls = ""
        if isinstance(e, ir.Intrinsic):
            cls = e.raises
        elif isinstance(e, ir.PatternOp) and e.pattern_id == "file_operations":
            cls = "OSError"
        if cls and isinstance(self.go.module.find(cls), ir.ErrorClass) and cls in BUILT_IN:
            cause = ", Cause: err" if cls in self.go.causes else ""
            return f"&{self.go.names.types[cls]}{{Message: err.Error(){cause}}}"
        return ""

    def received(self, e: ir.Expr, raised: frozenset[str]) -> None:
        """Handle the error that an expression gave into `err`."""
        made = self.classed(e)
        self.check(made or "err", raised, "err != nil" if made else "")

    def failure(self, cls: str, pattern: str, value: str) -> str:
        """An error of a built-in class, with a class of its own where the file tells it apart."""
        if isinstance(self.go.module.find(cls), ir.ErrorClass):
            return f"&{self.go.names.types[cls]}{{Message: fmt.Sprintf({go_string(pattern)}, {value})}}"
        return f"fmt.Errorf({go_string(pattern)}, {value})"

    def missing(self, t: Type, key: str) -> str:
        """The error of a key that a map does not have."""
        if not self.told:
            return self.failure("KeyError", "key %v not found", key)
        if t == ir.STR:
            return self.failure("KeyError", "%s", f"{self.helper('quoted')}({key})")
        return self.failure("KeyError", "%v", key)

    def check(self, err: str, raised: frozenset[str], test: str = "") -> None:
        """Handle an error that was just received; `test` says whether there is one, by default that it is not nil."""
        if self.handlers:
            self.handlers[-1](err, raised, test)
            return
        self.write(f"if {test or f'{err} != nil'} {{")
        with self.indented():
            self.propagate(err)
        self.write("}")

    def looked_up(self, e: ir.Intrinsic, hint: str, new: bool = False) -> str:
        """A lookup that may find nothing: the comma-ok form, or an index below zero.

        With `new`, the hint is the variable that the source introduces for the value.
        """
        from foundation_engine.port.emit._names import words

        self.use("fmt")
        key = (
            self.simple(e.args[1], "key")
            if e.op == "dict.pop" or not isinstance(e.args[1], ir.Lit)
            else self.x(e.args[1])
        )
        obj = self.table(e.args[0])
        if e.op in ("dict.index", "dict.pop"):
            at = place_words(e.args[0])
            spoken = hint if hint not in ("value", "number") or not at else camel("_".join(words(at)))
            name, ok = hint if new else self.fresh(spoken), self.fresh("ok")
            self.write(f"{name}, {ok} := {obj}[{key}]")
            self.check(self.missing(e.args[1].type, key), frozenset({"KeyError"}), f"!{ok}")
            if e.op == "dict.pop":
                self.drop(e.args[0], key)
            return name
        plain = "index" if "index" not in self.read else "position"
        name = hint if new else self.fresh(hint if hint not in ("value", "number", "found") else plain)
        if e.op == "list.find_or_raise":
            self.use("slices")
            self.write(f"{name} := slices.Index({obj}, {key})")
        else:
            self.write(f"{name} := {self.helper('runeIndex')}({obj}, {key})")
        self.check(self.failure("ValueError", "%v not found", key), frozenset({"ValueError"}), f"{name} < 0")
        return name

    def propagate(self, err: str) -> None:
        """Return the error to the caller."""
        if not self.fails:
            raise Unsupported("an error in a place that cannot return one")
        self.write(f"return {self._zeros()}{err}")

    def _zeros(self) -> str:
        if self.constructs:
            return "nil, " if self.go.is_pointer(self.cls) else f"{self.go.names.types[self.cls]}{{}}, "
        if self.result == ir.NONE:
            return ""
        if isinstance(self.result, ir.TupleT):
            return "".join(f"{self.go.zero(e)}, " for e in self.result.elems)
        return f"{self.go.zero(self.result)}, "

    def _raise(self, s: ir.Raise) -> None:
        if isinstance(s.error, ir.New) and s.error.cls in ir.STOPPING_ERRORS:
            message = next((a for n, a in s.error.args if n == "message"), None)
            if isinstance(message, ir.Lit):
                text = go_string(message.value or "assertion failed")
            else:
                text = self.x(message) if message is not None else '""'
            self.write(f"panic({text})")
            return
        if s.error is None:
            err = self.names.get("<current>")
            if err is None:
                raise Unsupported("raise without an error outside of a handler")
            self.propagate(err)
            return
        text = self.error_value(s.error, s.cause)
        if self.handlers and any(True for _ in self.handlers):
            raise Unsupported("raise inside the try that handles it")
        self.propagate(text)

    def error_value(self, e: ir.Expr, cause: ir.Expr | None) -> str:
        """An error as a Go value."""
        if not isinstance(e, ir.New):
            return self.x(e)
        wrapped = self.x(cause) if cause is not None and not isinstance(cause, ir.New) else None
        if cause is not None and isinstance(cause, ir.New):
            wrapped = self.error_value(cause, None)
        d = self.go.module.find(e.cls)
        args = dict(e.args)
        if isinstance(d, ir.ErrorClass):
            name = self.go.names.types[e.cls]
            parts: list[str] = []
            if d.message is None:
                message = args.get("message")
                if message is not None and not self.go.is_zero(message):
                    parts.append(f"Message: {self.x(message)}")
            else:
                parts.extend(f"{self.go.names.fields[e.cls, n]}: {self.x(v)}" for n, v in e.args)
            if wrapped:
                parts.append(f"Cause: {wrapped}")
            return f"&{name}{{{', '.join(parts)}}}"
        if e.cls == "Exit":
            if "code" not in args:
                raise Unsupported("an exit without a code", e.cls, e.line)
            self.go.imports.add(f"{self.go.runtime}/cli")
            return f"cli.Exit({self.x(args['code'])})"
        message = args.get("message", ir.Lit("", type=ir.STR))
        if e.cls in ir.RUNTIME_ERRORS:
            self.go.uses_runtime_errors = True
            package = self.go.errors_package()
            parts = [] if self.go.is_zero(message) else [f"Message: {self.x(message)}"]
            if e.cls == "ConfigurationError" and parts:
                parts = [f"Problems: []{package}.Problem{{{{{parts[0]}}}}}"]
            elif e.cls in PLAIN_FIELDS and parts:
                raise Unsupported(f"raising {e.cls} by hand", e.cls, e.line)
            if wrapped:
                parts.append(f"Cause: {wrapped}")
            return f"&{package}.{e.cls}{{{', '.join(parts)}}}"
        if e.cls == "FileNotFoundError" and not wrapped:
            wrapped = self.go.sentinel(e.cls)
        if wrapped:
            self.use("fmt")
            pattern, values = self.format_pattern(message)
            return f"fmt.Errorf({go_string(pattern + ': %w')}, {', '.join([*values, wrapped])})"
        pattern, values = self.format_pattern(message)
        if values:
            self.use("fmt")
            return f"fmt.Errorf({go_string(pattern)}, {', '.join(values)})"
        text = pattern.replace("%%", "%") or e.cls
        return f"{self.go.errors_package()}.New({go_string(text)})"

    def inline_try(self, s: ir.Try) -> bool:
        """True when a try is emitted as checks after each failing call, in the block it stands in."""
        if s.final:
            tried = _without_final(s)
            apart = not stores(tried) & (stores(s.final) | reads(s.final))
            plain = all(not isinstance(t, ir.Try) or self.inline_try(t) for t in tried[: len(s.handlers)])
            return self._at_end(s) and apart and plain
        failing = self._failing_places(s.body)
        if failing is None or not s.handlers:
            return False
        handlers_end = all(terminates(h.body) for h in s.handlers)
        size = sum(len(h.body) for h in s.handlers)
        if handlers_end:
            return len(failing) == 1 or (len(failing) <= 3 and size <= 2)
        last = s.body[-1]
        if len(failing) != 1 or failing[0] != len(s.body) - 1 or len(s.handlers) != 1 or s.orelse:
            return False
        # The handler goes on after the failure, so that nothing of the failing statement may be left to do.
        if isinstance(last, ir.ExprStmt):
            return self._raising(last.value) and not isinstance(last.value, ir.Intrinsic)
        if (
            isinstance(last, ir.Assign)
            and isinstance(last.target, ir.VarTarget)
            and self._raising(last.value)
        ):
            handled = s.handlers[0].body
            return (
                bool(handled) and isinstance(handled[0], ir.Assign) and last.target.id in stores([handled[0]])
            )
        return False

    def _failing_places(self, body: list[ir.Stmt]) -> list[int] | None:
        """Which statements of a try's body may fail, or None when one of them is not a plain statement."""
        out: list[int] = []
        for i, s in enumerate(body):
            count = sum(1 for n in ir.walk(s) if isinstance(n, ir.Expr) and self._raising(n))
            if isinstance(s, ir.Raise) or (
                isinstance(s, ir.If | ir.For | ir.ForRange | ir.While)
                and any(isinstance(n, ir.Raise) for n in ir.walk(s))
            ):
                return None
            if count and isinstance(s, ir.If):
                inner = [n for b in (*s.body, *s.orelse) for n in ir.walk(b)]
                if any(
                    isinstance(n, ir.Raise) or (isinstance(n, ir.Expr) and self._raising(n)) for n in inner
                ):
                    return None
            elif count and not isinstance(s, ir.Assign | ir.ExprStmt | ir.Return):
                return None
            out.extend([i] * count)
        return out

    def _try(self, s: ir.Try) -> None:
        for b in s.body:
            for n in ir.walk(b):
                if isinstance(n, ir.Intrinsic) and n.raises in ir.PROGRAM_ERRORS:
                    classes = {c for h in s.handlers for c in h.classes or ("Exception",)}
                    if any(self.go.errors.is_a(n.raises, c) for c in classes):
                        raise Unsupported(
                            f"except of {n.raises}, which stops a Go program", "", n.line or s.line
                        )
        raised = frozenset[str]().union(*(self.go.effects.statement(b) for b in s.body))
        for h in s.handlers:
            self.go.templates.handles(raised, h.classes, self.go.module, self.go.errors)
        told, self.told = self.told, self.told or (self.go.python_texts and any(map(tells, s.handlers)))
        if s.final:
            self._finally(s)
        elif self.inline_try(s):
            self._inlined(s)
        elif not self._valued_try(s):
            self._closure_try(s)
        self.told = told

    def _at_end(self, s: ir.Try) -> bool:
        """True for the last statement of a function, after which Go runs what was deferred."""
        return bool(self.f.body) and self.f.body[-1] is s and not (self.f.patterns or self.constructs)

    def _finally(self, s: ir.Try) -> None:
        """What runs in any case is deferred: in the function where it ends with the statement, else in one of its own."""
        if self.go.effects.statement(ir.If(ir.Lit(True, type=ir.BOOL), s.final, [])):
            raise Unsupported("finally that may fail", "", s.line)
        if any(isinstance(n, ir.Return) for b in s.final for n in ir.walk(b)) or any(
            map(_leaves_loop, s.final)
        ):
            raise Unsupported("finally that returns or leaves a loop", "", s.line)
        tried = _without_final(s)
        if self._at_end(s) and not self.values and not self.handlers:
            nodes = [n for b in s.final for n in ir.walk(b) if isinstance(n, ir.Intrinsic)]
            grown = {place(n.args[0]) for n in nodes if n.op in GROWING}
            returned = [n.value for b in tried for n in ir.walk(b) if isinstance(n, ir.Return) and n.value]
            if any(
                place(n) in grown for v in returned for n in ir.walk(v) if isinstance(n, ir.Name | ir.Field)
            ):
                raise Unsupported("finally that changes the length of a list that is returned", "", s.line)
            self._deferred(s.final)
            self.block(tried)
            return
        if self._unlocked(s):
            return
        if any(isinstance(n, ir.Return) for b in tried for n in ir.walk(b)) or any(map(_leaves_loop, tried)):
            raise Unsupported("finally around what returns or leaves a loop", "", s.line)
        raised = frozenset[str]().union(*(self.go.effects.statement(b) for b in tried))
        saved = self.result, self.fails, self.handlers
        receiver = "" if not raised else "err = " if self.err_known() else "err := "
        self.write(f"{receiver}func(){' error' if raised else ''} {{")
        self.result, self.fails, self.handlers = ir.NONE, bool(raised), []
        with self.indented():
            self._deferred(s.final)
            self.block(tried)
            if raised and not terminates(tried):
                self.write("return nil")
        self.write("}()")
        self.result, self.fails, self.handlers = saved
        if raised:
            self.err_scopes[-1] = True
            self.check("err", raised)

    def _unlocked(self, s: ir.Try) -> bool:
        """Write what a lock is held for, or an object entered, with its end wherever it ends; False if not certain.

        A body that may fail is deferred like any other.
        """
        match s.final:
            case [ir.ExprStmt(value=ir.Intrinsic(op="lock.release") | ir.MethodCall(method="leave")) as last]:
                pass
            case _:
                return False
        if (
            s.handlers
            or any(map(self.go.effects.statement, s.body))
            or any(isinstance(n, ir.FuncDef | ir.Hole) for b in s.body for n in ir.walk(b))
        ):
            return False
        made = self._leaving(s.body, last, inside=False)
        self.block(made if terminates(s.body) else [*made, last])
        return True

    def _leaving(self, body: list[ir.Stmt], last: ir.ExprStmt, *, inside: bool) -> list[ir.Stmt]:
        """Statements with the end before each return, behind what is returned, and before what leaves a loop around.

        `inside` says that they are those of a loop, which is left otherwise.
        """
        out: list[ir.Stmt] = []
        for b in body:
            loop = inside or isinstance(b, ir.For | ir.ForRange | ir.While)
            for inner in blocks(b):
                inner[:] = self._leaving(inner, last, inside=loop)
            if isinstance(b, ir.Break | ir.Continue) and not inside:
                out.append(ir.unshared(last))
            if not isinstance(b, ir.Return):
                out.append(b)
                continue
            value = b.value
            if value is not None and not isinstance(value, ir.Lit) and not isinstance(value.type, ir.TupleT):
                name = self.fresh("result")
                out.append(ir.Assign(ir.VarTarget(name, declares=True, type=value.type), value, line=b.line))
                b = ir.Return(ir.Name(name, type=value.type), line=b.line)
            elif isinstance(value, ir.Expr) and not isinstance(value, ir.Lit):
                raise Unsupported("several values that are returned under a lock", "", b.line)
            out += [ir.unshared(last), b]
        return out

    def _deferred(self, final: list[ir.Stmt]) -> None:
        match final:
            case [ir.ExprStmt(value=ir.Intrinsic(op="lock.release") as release)]:
                self.write(f"defer {self.x(release)}")
                return
            case _:
                pass
        self.write("defer func() {")
        with self.infallible(), self.indented():
            self.block(final)
        self.write("}()")

    def _inlined(self, s: ir.Try) -> None:
        """A body in the block that the statement is in, with a check after each call that fails."""

        def dispatch(err: str, raised: frozenset[str], test: str) -> None:
            self._dispatch(s.handlers, err, raised, test=test)

        self.handlers.append(dispatch)
        outer = self.handlers
        for b in s.body:
            self.remarks(b.comments)
            self.stmt(b)
        self.handlers = outer
        self.handlers.pop()
        self.block(s.orelse)

    def _valued_try(self, s: ir.Try) -> bool:
        """One value that may fail, kept or only tried: an if statement, its `else` what follows success."""
        match s.body:
            case [ir.Assign(target=ir.VarTarget(id=target), value=value) as only]:
                pass
            case [ir.ExprStmt(value=ir.Intrinsic() as value) as only]:
                target = ""
            case _:
                return False
        looked_up = isinstance(value, ir.Intrinsic) and value.op == "dict.index"
        other = isinstance(value, ir.Intrinsic) and value.op in (
            "dict.pop", "list.find_or_raise", "str.find_or_raise",
        )  # fmt: skip
        if (
            s.final
            or other
            or not isinstance(value.type, ir.P)
            or target in self.builders
            or all(terminates(h.body) for h in s.handlers)
            or not self._raising(value)
            or self._failing_places(s.body) != [0]
        ):
            return False
        raised = self.go.effects.statement(only)
        kept = f"<kept {target}>"
        self.names[kept] = name = self.fresh(self._value_name(value)) if target in self.read else "_"
        if looked_up:
            assert isinstance(value, ir.Intrinsic)
            self.use("fmt")
            ok = self.fresh("ok")
            table, key = self.table(value.args[0]), self.simple(value.args[1], "key")
            head, test = f"{name}, {ok} := {table}[{key}]; ", f"!{ok}"
            err = self.missing(value.args[1].type, key)
        else:
            text, raised = self.call_text(value)
            name = "" if value.type == ir.NONE else f"{name}, "
            head, test, err = f"{name}err := {text}; ", "", self.classed(value) or "err"
            test = "err != nil" if err != "err" else ""
        orelse = s.orelse
        if isinstance(only, ir.Assign) and target in self.read:
            known = ir.Name(kept, type=value.type, line=value.line)
            orelse = [dataclasses.replace(only, value=known), *orelse]
        else:
            self.remarks([*only.comments, *([only.trailing] if only.trailing else [])])
        if not orelse and self._ignored(s.handlers, raised):
            nothing = "_" if value.type == ir.NONE else "_, _"
            self.write(f"{nothing} = {head.partition(' := ')[2].removesuffix('; ')}")
        else:
            self._dispatch(s.handlers, err, raised, orelse, test, head)
        return True

    def _silent(self, h: ir.Handler) -> bool:
        """True for a handler of which nothing is written."""
        return not h.comments and all(
            not (s.comments or s.trailing)
            and (
                isinstance(s, ir.Pass)
                or (
                    isinstance(s, ir.Assign)
                    and isinstance(s.target, ir.VarTarget)
                    and s.target.id not in self.read
                    and self.pure(s.value)
                )
            )
            for s in h.body
        )

    def _ignored(self, handlers: list[ir.Handler], raised: frozenset[str]) -> bool:
        """True where every failure is caught and nothing is done about it."""
        for h in handlers:
            raised = self.go.effects.remaining(raised, h.classes)
        return not raised and all(map(self._silent, handlers))

    def _closure_try(self, s: ir.Try) -> None:
        """The body in a function of its own whose error is then handled."""
        returns = any(isinstance(n, ir.Return) for b in s.body for n in ir.walk(b))
        if returns and terminates(s.body) and not any(_leaves_loop(b) for b in s.body):
            self._returning_try(s)
            return
        if any(isinstance(n, ir.Return | ir.Break | ir.Continue) for b in s.body for n in ir.walk(b)):
            raise Unsupported(
                "a try block with several failing statements that returns or leaves a loop", "", s.line
            )
        saved_result, saved_fails, saved_handlers = self.result, self.fails, self.handlers
        self.result, self.fails, self.handlers = ir.NONE, True, []
        raised = frozenset[str]().union(*(self.go.effects.statement(b) for b in s.body))
        ignored = not s.orelse and self._ignored(s.handlers, raised)
        receiver = "_ =" if ignored else "err =" if self.err_known() else "err :="
        self.write(f"{receiver} func() error {{")
        with self.indented():
            self.block(s.body)
            if not terminates(s.body):
                self.write("return nil")
        self.write("}()")
        self.result, self.fails, self.handlers = saved_result, saved_fails, saved_handlers
        if ignored:
            return
        self.err_scopes[-1] = True
        self._dispatch(s.handlers, "err", raised, s.orelse)
        if terminates(s.body) and all(terminates(h.body) for h in s.handlers):
            # The body ends in a hole, which Go does not see from here.
            self.write('panic("not ported: the end of the block above")')

    def _returning_try(self, s: ir.Try) -> None:
        """A body that always returns, in a function of its own: its value is returned when there is no error."""
        fails, handlers = self.fails, self.handlers
        parts = (
            self.result.elems
            if isinstance(self.result, ir.TupleT)
            else ()
            if self.result == ir.NONE
            else (self.result,)
        )
        names = [self.fresh(n) for n in ("result", "second", "third")[: len(parts)]]
        if len(names) != len(parts):
            raise Unsupported("a try block that returns more than three values", "", s.line)
        self.write(f"{', '.join([*names, 'err'])} := func(){self.go.results(self.result, True)} {{")
        self.fails, self.handlers = True, []
        with self.indented():
            self.block(s.body)
        self.write("}()")
        self.fails, self.handlers = fails, handlers
        self.err_scopes[-1] = True
        done = f"return {', '.join([*names, *(['nil'] if fails else [])])}".rstrip()
        raised = frozenset[str]().union(*(self.go.effects.statement(b) for b in s.body))
        if all(terminates(h.body) for h in s.handlers):
            self._dispatch(s.handlers, "err", raised)
            self.write(done)
            return
        self.write("if err == nil {")
        self.write(f"\t{done}")
        self.write("}")
        self._dispatch(s.handlers, "err", raised)

    def _dispatch(
        self,
        handlers: list[ir.Handler],
        err: str,
        raised: frozenset[str],
        orelse: list[ir.Stmt] | None = None,
        test: str = "",
        head: str = "",
    ) -> None:
        """Branches on an error: handlers, what is handed on, and what follows success; `head` begins the first one."""
        saved, self.handlers = self.handlers, self.handlers[:-1] if self.handlers else []
        effects = self.go.effects
        chain = False
        left = raised
        exhausted = False
        ends = all(terminates(h.body) for h in handlers)
        if orelse and not ends and self._ignored(handlers, raised):
            self.write(f"if {head}{_contrary(test) if test else f'{err} == nil'} {{")
            with self.indented():
                self.block(orelse)
            self.write("}")
            self.handlers = saved
            return
        for h in handlers:
            if h.classes and not any(r == ir.ANY_ERROR or effects.may_match(r, h.classes) for r in left):
                continue
            if not h.classes or all(effects.caught(r, h.classes) for r in left):
                condition = test or f"{err} != nil"
                exhausted = True
            else:
                condition = self._matches(err, h.classes, left)
            self.write(f"}} else if {condition} {{" if chain else f"if {head}{condition} {{")
            with self.indented():
                self.remarks(h.comments)
                current = self.names.get("<current>")
                self.names["<current>"] = err
                if h.var:
                    self._bind_error(h, err)
                self.block(h.body)
                if current is None:
                    self.names.pop("<current>", None)
                else:
                    self.names["<current>"] = current
            if ends and not exhausted:
                self.write("}")
            else:
                chain = True
            left = effects.remaining(left, h.classes)
            if exhausted:
                break
        if not exhausted:
            left_over = test or f"{err} != nil"
            self.write(f"}} else if {left_over} {{" if chain else f"if {head}{left_over} {{")
            with self.indented():
                if self.handlers:
                    self.handlers[-1](err, left, test)
                else:
                    self.propagate(err)
            chain = True
        if orelse:
            if ends:
                self.write("}")
                self.handlers = saved
                self.block(orelse)
                return
            self.write("} else {")
            with self.indented():
                self.block(orelse)
        if chain:
            self.write("}")
        self.handlers = saved

    def _matches(self, err: str, classes: list[str], raised: frozenset[str]) -> str:
        tests: list[str] = []
        for c in classes:
            if c == "Exit":
                self.go.imports.add(f"{self.go.runtime}/cli")
                tests.append(f"{self.go.errors_package()}.As({err}, new(*cli.ExitError))")
                continue
            sentinel = self.go.sentinel(c)
            if sentinel is None:
                raise Unsupported(f"except {c} among other errors, which have no class of their own in Go")
            tests.append(f"{self.go.errors_package()}.Is({err}, {sentinel})")
        text = " || ".join(tests)
        if "MaxRetriesExceeded" in raised and any(self.go.may_wrap(c) for c in classes):
            # The exhausted retry wraps its cause, which errors.Is would find; in the source it is a class of its own.
            wrapped = self.go.sentinel("MaxRetriesExceeded")
            text = f"({text})" if len(tests) > 1 else text
            text += f" && !errors.Is({err}, {wrapped})"
        return text

    def _bind_error(self, h: ir.Handler, err: str) -> None:
        cls = h.classes[0] if len(h.classes) == 1 else ""
        d = self.go.module.find(cls) if cls else None
        wants_fields = isinstance(d, ir.ErrorClass) and any(
            isinstance(n, ir.Field) and isinstance(n.obj, ir.Name) and n.obj.id == h.var
            for b in h.body
            for n in ir.walk(b)
        )
        if not wants_fields:
            self.names[h.var] = f"({err})" if err.startswith("&") else err
            return
        if self.go.errors.children(cls):
            raise Unsupported("fields of an error class that has subclasses")
        target = self.fresh(camel(self.go.names.types[cls]))
        self.write(f"var {target} *{self.go.names.types[cls]}")
        self.write(f"{self.go.errors_package()}.As({err}, &{target})")
        self.names[h.var] = target

    # Calls

    def call_text(self, e: ir.Expr) -> tuple[str, frozenset[str]]:
        """The text of a call that may fail, and with what."""
        match e:
            case ir.Call():
                if isinstance(e.func, ir.Name):
                    self.go.ported(e.func.id, e.line)
                args = self._arguments(e.args, self._parameters(e))
                if e.context:
                    args.insert(0, "ctx")
                if (
                    isinstance(e.func, ir.Name)
                    and e.func.id not in self.names
                    and e.func.id in self.go.names.functions
                ):
                    return f"{self.go.function_name(e.func.id)}({', '.join(args)})", e.raises
                return f"{self.x(e.func, PRIMARY)}({', '.join(args)})", e.raises
            case ir.MethodCall():
                args = self._arguments(e.args, self._parameters(e))
                owner = f"{e.obj.type.name}.{e.method}" if isinstance(e.obj.type, ir.NamedT) else ""
                if owner in self.go.lost:
                    raise Unsupported(f"{owner}, which was not ported", owner, e.line)
                if e.context:
                    args.insert(0, "ctx")
                if isinstance(e.obj, ir.Name) and e.obj.type == ir.NamedT(e.obj.id):
                    made = self.go.static_name(e.obj.id, e.method)
                    return f"{made}({', '.join(args)})", e.raises
                return (
                    f"{self.x(e.obj, PRIMARY)}.{self.go.method_name(e.method)}({', '.join(args)})",
                    e.raises,
                )
            case ir.New():
                return self.new_text(e), e.raises
            case ir.PatternOp():
                return Patterns(self).operation(e), e.raises
            case ir.PatternCall():
                return Patterns(self).block(e), e.raises
            case ir.Intrinsic():
                return self.failing_intrinsic(e), frozenset({e.raises})
            case _:
                raise Unsupported("a failing expression of this kind")

    def _parameters(self, e: ir.Call | ir.MethodCall) -> list[Type]:
        """The declared types of what is called, as far as they are known."""
        if isinstance(e, ir.MethodCall):
            owner = e.obj.type.elem if isinstance(e.obj.type, ir.OptionalT) else e.obj.type
            d = self.go.module.find(owner.name) if isinstance(owner, ir.NamedT) else None
            methods = d.methods if isinstance(d, ir.Class | ir.Protocol) else []
            found = next((m for m in methods if m.name == e.method), None)
            return [p.type for p in found.params] if found is not None else []
        if isinstance(e.func, ir.Name) and e.func.id not in self.names:
            d = self.go.module.find(e.func.id)
            if isinstance(d, ir.Function):
                return [p.type for p in d.params]
        return list(e.func.type.params) if isinstance(e.func.type, ir.FuncT) else []

    def _arguments(self, args: list[ir.Expr], types: list[Type]) -> list[str]:
        """Arguments; a function that is handed on takes the signature that its parameter declares."""
        known = types if len(types) == len(args) else [a.type for a in args]
        return [self.handed(a, t) for a, t in zip(args, known, strict=True)]

    def handed(self, e: ir.Expr, want: Type) -> str:
        """A value for a place of a type: a function that cannot fail stands in where one may that can."""
        wanted = want.elem if isinstance(want, ir.OptionalT) else want
        given = e.value if isinstance(e, ir.Wrap) else e
        if want == ir.ANY:
            return go_json.part(self, self.owned(e))
        if not isinstance(wanted, ir.FuncT) or not isinstance(given, ir.Lambda | ir.Name):
            return self.x(self.owned(e))
        result, raises, context = given.type, True, True
        if isinstance(given, ir.Lambda):
            result, raises, context = given.body.type, False, False
        else:
            d: object = self.go.module.find(given.id) if given.id not in self.names else None
            if d is None:
                nested = (n for s in self.f.body for n in ir.walk(s) if isinstance(n, ir.FuncDef))
                found = next((n.func for n in nested if n.func.name == given.id), None)
                if found is None:
                    return self.x(e)
                result, raises, context = found.result, bool(found.raises), False
            elif isinstance(d, ir.Function):
                result, raises, context = d.result, bool(d.raises), d.context
            else:
                return self.x(e)
        if self.go.results(result, False) != self.go.results(wanted.result, False):
            raise Unsupported("a function handed on for one of another type", line=e.line)
        if (raises, context) == (wanted.raises, wanted.context):
            return self.x(given)
        if (raises and not wanted.raises) or (context and not wanted.context):
            raise Unsupported("a function that may fail handed on for one that may not", line=e.line)
        if isinstance(result, ir.TupleT) and raises != wanted.raises:
            raise Unsupported("a function of several results handed on for one that may fail", line=e.line)
        if isinstance(given, ir.Lambda) and result != ir.NONE and not isinstance(result, ir.TupleT):
            return self.lambda_of(given, wanted)
        names = [self.fresh(chr(ord("a") + i)) for i in range(len(wanted.params))]
        params = [f"{n} {self.go.type(t)}" for n, t in zip(names, wanted.params, strict=True)]
        if wanted.context:
            self.go.imports.add("context")
            params.insert(0, f"{'ctx' if context else '_'} context.Context")
        inside = ["ctx", *names] if context else names
        head = f"func({', '.join(params)}){self.go.results(wanted.result, wanted.raises)}"
        call = f"({self.x(given)})" if isinstance(given, ir.Lambda) else self.x(given)
        call = f"{call}({', '.join(inside)})"
        if raises == wanted.raises:
            return f"{head} {{ return {call} }}" if raises or result != ir.NONE else f"{head} {{ {call} }}"
        if result == ir.NONE:
            return f"{head} {{ {call}; return nil }}"
        return f"{head} {{ return {call}, nil }}"

    def new_text(self, e: ir.New) -> str:
        """A composite literal or a constructor call."""
        self.go.ported(e.cls, e.line)
        d = self.go.module.find(e.cls)
        if not isinstance(d, ir.Class):
            return self.error_value(e, None)
        name = self.go.names.types[e.cls]
        if d.init is not None:
            args = self._arguments([a for _, a in e.args], [p.type for p in d.init.params])
            if e.context:
                args.insert(0, "ctx")
            return f"{self.go.names.constructors[e.cls]}({', '.join(args)})"
        defaults = {f.name: f.default for f in d.fields}
        given = [(n, a) for n, a in e.args if defaults.get(n) is None or not ir.same(a, defaults[n])]
        types = {f.name: f.type for f in d.fields}
        if e.cls in self.go.names.constructors and all(defaults.get(n) is None for n, _ in given):
            values = ", ".join(self.handed(a, types[n]) for n, a in given)
            return f"{self.go.names.constructors[e.cls]}({values})"
        parts = [
            f"{self.go.names.fields[e.cls, n]}: {self.handed(a, types[n])}"
            for n, a in e.args
            if not self.go.is_zero(a)
        ]
        return f"{'&' if self.go.is_pointer(e.cls) else ''}{name}{{{', '.join(parts)}}}"

    def effect(self, e: ir.Expr) -> None:
        """Evaluate for the effect."""
        if isinstance(e, ir.Intrinsic) and e.op in ("dict.delete", "list.remove", "set.remove"):
            self._remove(e)
            return
        if (isinstance(e, ir.Intrinsic) and e.type != ir.NONE and self._raising(e)) or self.loads(e):
            self.x(e)
            return
        if self._raising(e):
            text, raised = self.call_text(e)
            if e.type == ir.NONE and not self.handlers:
                self.write(f"if err := {text}; err != nil {{")
                with self.indented():
                    self.propagate(self.classed(e) or "err")
                self.write("}")
                return
            blanks = ["_"] * (
                len(e.type.elems) if isinstance(e.type, ir.TupleT) else 0 if e.type == ir.NONE else 1
            )
            operator = "=" if self.err_known() else ":="
            if blanks and not self.handlers:
                self.write(f"if {', '.join([*blanks, 'err'])} := {text}; err != nil {{")
                with self.indented():
                    self.propagate(self.classed(e) or "err")
                self.write("}")
                return
            self.write(f"{', '.join([*blanks, 'err'])} {operator} {text}")
            self.err_scopes[-1] = True
            self.received(e, raised)
            return
        if isinstance(e, ir.Intrinsic) and self.effect_intrinsic(e):
            return
        if isinstance(e, ir.Lit | ir.Name | ir.Field):
            return
        if isinstance(e, ir.Call | ir.MethodCall) and isinstance(e.type, ir.TupleT):
            # The call alone is the statement; as a value its results would be packed.
            self.write(self.call_text(e)[0])
            return
        text = self.x(e)
        if not text:
            return
        if isinstance(e, ir.Call | ir.MethodCall | ir.PatternOp | ir.PatternCall) and not isinstance(
            e, ir.Intrinsic
        ):
            self.write(text)
        else:
            self.write(f"_ = {text}")

    def _remove(self, e: ir.Intrinsic) -> None:
        """Remove what must be there."""
        self.use("fmt")
        obj, key = (
            self.table(e.args[0]),
            self.simple(e.args[1], "key") if not isinstance(e.args[1], ir.Lit) else self.x(e.args[1]),
        )
        if e.op == "list.remove":
            self.use("slices")
            at = self.fresh("index" if "index" not in self.read else "position")
            self.write(f"{at} := slices.Index({obj}, {key})")
            self.check(
                self.failure("ValueError", "%v not found", key), frozenset({"ValueError"}), f"{at} < 0"
            )
            self.write(f"{obj} = slices.Delete({obj}, {at}, {at}+1)")
            return
        ok = self.fresh("ok")
        self.write(f"_, {ok} := {obj}[{key}]")
        self.check(self.missing(e.args[1].type, key), frozenset({"KeyError"}), f"!{ok}")
        self.drop(e.args[0], key)

    def pure(self, e: ir.Expr) -> bool:
        """True when an expression has no effect and cannot fail."""
        return not any(
            isinstance(n, ir.Call | ir.MethodCall | ir.New | ir.PatternNew | ir.PatternOp | ir.PatternCall)
            or (isinstance(n, ir.Intrinsic) and (n.raises or n.op in ("list.pop", "dict.pop", "print")))
            for n in ir.walk(e)
        )


def _last(stop: ir.Expr, step: int) -> ir.Expr | None:
    """The last number of a range whose end is written as the one behind it: `n + 1` upwards, `-1` downwards."""
    match stop:
        case ir.Intrinsic(op="int.add", args=[last, ir.Lit(value=1)]) if step == 1:
            return last
        case ir.Intrinsic(op="int.sub", args=[last, ir.Lit(value=1)]) if step == -1:
            return last
        case ir.Lit(value=int(value)) if step == -1:
            return ir.Lit(value + 1, type=ir.INT, line=stop.line)
        case _:
            return None


def _contrary(test: str) -> str:
    """The opposite of `!ok` or `err != nil`."""
    return test[1:] if test.startswith("!") else test.replace("!=", "==")


def _without_final(s: ir.Try) -> list[ir.Stmt]:
    """What a try does before its last part."""
    return [dataclasses.replace(s, final=[], comments=[])] if s.handlers else [*s.body, *s.orelse]


def _leaves_loop(s: ir.Stmt) -> bool:
    """True when a statement has a break or continue of a loop around it."""
    if isinstance(s, ir.Break | ir.Continue):
        return True
    return (
        any(_leaves_loop(n) for inner in blocks(s) for n in inner)
        if not isinstance(s, ir.For | ir.ForRange | ir.While)
        else False
    )


def place_words(e: ir.Expr) -> str:
    """A name for an entry of a map: the map's name in the singular."""
    name = e.id if isinstance(e, ir.Name) else e.name if isinstance(e, ir.Field) else ""
    return name[:-1] if len(name) > 3 and name.endswith("s") and not name.endswith("ss") else ""


def package_of(path: str) -> str:
    """The name that an import gives: its last segment, a major version aside."""
    return re.sub(r"/v[0-9]+$", "", path).rpartition("/")[2]


def config_key(name: str) -> str:
    """The key that the configuration loader derives from a field's name: PoolSize gives pool_size."""
    out = ""
    for i, c in enumerate(name):
        if c.isupper() and i and (not name[i - 1].isupper() or (i + 1 < len(name) and name[i + 1].islower())):
            out += "_"
        out += c.lower()
    return out


def emit(
    module: ir.Module, package: str, runtime: str, dialect: str = "foundation", *, python_texts: bool = False
) -> GoPackage:
    """The module as a Go package that imports the runtime under `runtime`, with patterns of one library.

    With `python_texts`, errors of the library whose text a handler shows have the texts that Python gives them.

    Where functions show the order of maps that are handed around, maps of these types keep their order, provided that
    more is ported so.
    """
    plain = copy.deepcopy(module)
    out, shown = _emitted(plain, package, runtime, dialect, frozenset(), python_texts)
    meant = made_of_sorted(module)
    kept: frozenset[tuple[Type, Type]] = frozenset()
    while (shown | meant) - kept:
        kept |= shown | meant
        tried = copy.deepcopy(module)
        other, shown = _emitted(tried, package, runtime, dialect, kept, python_texts)
        if (len(other.holes), not meant <= other.ordered) < (len(out.holes), not meant <= out.ordered):
            out, plain = other, tried
    module.differences[:] = plain.differences
    if loses_order(module, out.ordered):
        module.differ(LOST)
    return out


def ordered_maps(module: ir.Module, package: str, runtime: str, dialect: str) -> frozenset[tuple[Type, Type]]:
    """The types of key and value of the maps that keep their order in the module's package."""
    if not any(
        isinstance(n, ir.Expr) and isinstance(n.type, ir.DictT)
        for d in module.definitions
        for n in ir.walk(d)
    ):
        return frozenset()
    return emit(copy.deepcopy(module), package, runtime, dialect).ordered


def _emitted(
    module: ir.Module,
    package: str,
    runtime: str,
    dialect: str,
    kept: frozenset[tuple[Type, Type]],
    python_texts: bool,
) -> tuple[GoPackage, frozenset[tuple[Type, Type]]]:
    """The package with maps of some types ordered, and the types of those whose order is shown in what was declined."""
    declined: dict[str, Unsupported] = {}
    classes: set[str] = set()
    ordered: set[tuple[str, str]] = set()
    while True:
        # A definition that fails as a whole is missing for the others, which are then written again without it.
        copied = copy.deepcopy(module)
        take_values_first(copied, known=False)
        copied = sequence(simplify(copied, zipped=True, steps=True))
        copied.definitions = [
            ir.Declined(why.reason, why.construct, name, "", line=why.line or d.line)
            if (name := getattr(d, "name", "")) in declined and (why := declined[name])
            else d
            for d in copied.definitions
        ]
        copied.definitions[:0] = [
            ir.ErrorClass(
                name,
                ir.ERROR_BASES[name],
                [ir.Param("message", ir.STR)],
                [],
                None,
                f"{BUILT_IN[name][:1].upper()}{BUILT_IN[name][1:]}.",
            )
            for name in sorted(classes)
        ]
        for c, f in copied.functions():
            if (c.name if c else "", f.name) in ordered:
                keep_order(f, kept)
        test_in_turn(copied, again=False)
        switch_letters(copied)
        keep_rows(copied)
        look_up_once(copied)
        scan_bytes(copied, bytewise=True)
        cut_runs(copied)
        loop_over_bytes(copied, adding=True)
        lost = [name for name in declined if "." in name]
        made = GoModule(copied, package, runtime, dialect, lost, kept, python_texts)
        out = made.emit()
        if made.wanted_errors - classes or made.unordered - ordered:
            classes |= made.wanted_errors
            ordered |= made.unordered
            continue
        if made.failed.keys() <= declined.keys():
            break
        declined |= made.failed
    for d in module.definitions:
        if (name := getattr(d, "name", "")) in declined:
            why = declined[name]
            path = origin.path if (origin := module.origins.get(name)) is not None else ""
            out.holes.append(Unsupported(why.reason, why.construct or name, why.line or d.line, path))
            if isinstance(d, ir.Function):
                out.functions.append((name, "", d.line, 1))
    # Single quotes are kept here.
    module.differences[:] = [d for d in copied.differences if "Python's repr" not in d]
    out.ordered = kept
    return out, frozenset(made.shown)


__all__ = ["GoNames", "GoPackage", "emit"]
