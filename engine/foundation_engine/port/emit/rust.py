"""The Rust emitter: an analysed module becomes safe Rust with owned values and explicit failure.

Values are owned: a text is a `String`, a list a `Vec`, and what is read from a place is cloned where it is kept.
Two names for one list that changes have no counterpart in that, and are declined. An operation that fails with an
error that callers may handle makes the function return a `Result`; a mistake in the program panics.
"""

# ruff: noqa: E501, S101, ARG002 - templates of Rust read best on one line; assertions narrow types; operations of a table
# share one signature.
from __future__ import annotations

import json
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from foundation_engine.port import ir
from foundation_engine.port.emit._names import pascal, snake
from foundation_engine.port.emit._rust_helpers import HELPERS
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import Effects, declare, stores

_KEYWORDS = frozenset(
    [
        "as",
        "async",
        "await",
        "break",
        "const",
        "continue",
        "crate",
        "dyn",
        "else",
        "enum",
        "extern",
        "false",
        "fn",
        "for",
        "gen",
        "if",
        "impl",
        "in",
        "let",
        "loop",
        "match",
        "mod",
        "move",
        "mut",
        "pub",
        "ref",
        "return",
        "self",
        "static",
        "struct",
        "super",
        "trait",
        "true",
        "type",
        "union",
        "unsafe",
        "use",
        "where",
        "while",
        "yield",
        "abstract",
        "become",
        "box",
        "do",
        "final",
        "macro",
        "override",
        "priv",
        "try",
        "typeof",
        "unsized",
        "virtual",
    ]
)
PRIMARY, UNARY, CAST, MUL, ADD, SHIFT, BAND, XOR, BOR, COMPARE, AND, OR, LOWEST = range(13, 0, -1)
_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_INFIX = {
    "int.add": ("+", ADD), "int.sub": ("-", ADD), "int.mul": ("*", MUL), "float.add": ("+", ADD), "float.sub": ("-", ADD),
    "float.mul": ("*", MUL), "int.bor": ("|", BOR), "int.band": ("&", BAND), "int.xor": ("^", XOR), "bool.or": ("|", BOR),
    "bool.and": ("&", BAND),
}  # fmt: skip
_METHODS = {  # operation -> method of the value itself
    "int.abs": "abs()", "float.abs": "abs()", "math.fabs": "abs()",
    "char.isalpha": "is_alphabetic()", "char.isspace": "is_whitespace()", "char.isupper": "is_uppercase()", "char.islower": "is_lowercase()",
    "char.isalnum": "is_alphanumeric()", "str.upper": "to_uppercase()", "str.lower": "to_lowercase()", "str.strip": "trim().to_string()",
    "str.lstrip": "trim_start().to_string()", "str.rstrip": "trim_end().to_string()", "math.sqrt": "sqrt()", "math.sin": "sin()",
    "math.cos": "cos()", "math.tan": "tan()", "math.exp": "exp()", "math.log": "ln()", "math.log2": "log2()", "math.log10": "log10()",
    "math.atan": "atan()", "int.to_str": "to_string()", "str.reversed": "chars().rev().collect::<String>()",
}  # fmt: skip
# operation -> helper called with borrowed arguments
_HELPED = {
    "str.isdigit": "all_chars", "str.isalpha": "all_chars", "str.isalnum": "all_chars", "str.isspace": "all_chars",
    "str.isupper": "is_upper", "str.islower": "is_lower", "str.capitalize": "capitalize", "str.title": "title_case",
    "str.swapcase": "swap_case", "str.splitlines": "split_lines",
}  # fmt: skip
# float to integer: how to round before
_WHOLE = {
    "float.floor": "floor",
    "float.ceil": "ceil",
    "float.round": "round_ties_even",
    "float.trunc": "trunc",
    "float.to_int": "trunc",
}
_CHAR_TESTS = {
    "str.isdigit": "|c| c.is_ascii_digit()", "str.isalpha": "char::is_alphabetic", "str.isalnum": "char::is_alphanumeric",
    "str.isspace": "char::is_whitespace",
}  # fmt: skip
_MUTATING = frozenset(
    {
        "list.append", "list.extend", "list.insert", "list.pop", "list.pop_at", "list.remove", "list.clear", "list.delete", "list.sort",
        "list.reverse", "dict.pop", "dict.pop_or", "dict.pop_optional", "dict.delete", "dict.update", "dict.clear", "dict.setdefault",
        "set.add", "set.discard", "set.remove", "set.update", "set.clear",
    }
)  # fmt: skip
# Errors of the source that callers may handle, and the kind of ours.
ERROR_KINDS = {
    "ValueError": "Value",
    "KeyError": "Key",
    "RuntimeError": "Runtime",
    "Exception": "Other",
    "OSError": "Io",
}


@dataclass
class RustFile:
    """What the Rust emitter makes of a module."""

    source: str
    holes: list[Unsupported]
    functions: list[tuple[str, str, int, int]]


def rust_string(text: str) -> str:
    """A Rust string literal."""
    out = json.dumps(text, ensure_ascii=False)
    return re.sub(
        r"\\u([0-9a-f]{4})|\\b|\\f",
        lambda m: f"\\u{{{m[1]}}}" if m[1] else {"\\b": "\\u{8}", "\\f": "\\u{c}"}[m[0]],
        out,
    )


def rust_char(c: str) -> str:
    """A Rust character literal."""
    special = {"'": "\\'", "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    code = f"\\u{{{ord(c):x}}}"
    return f"'{special.get(c) or (c if c.isprintable() else code)}'"


def rust_float(v: float) -> str:
    """A Rust float literal."""
    text = repr(v)
    if text in ("inf", "-inf", "nan"):
        return {"inf": "f64::INFINITY", "-inf": "f64::NEG_INFINITY", "nan": "f64::NAN"}[text]
    return text if any(c in text for c in ".e") else f"{text}.0"


class RustModule:
    """Names, types and helpers of the generated file."""

    def __init__(self, module: ir.Module, source: str = "") -> None:
        self.module = module
        self.source = source.splitlines()
        self.effects = Effects(module)
        self.effects.run()
        self.helpers: set[str] = set()
        self.errors: set[str] = set()
        self.holes: list[Unsupported] = []
        self.functions: dict[str, str] = {}
        self.constants: dict[str, Type] = {}
        for d in module.definitions:
            if isinstance(d, ir.Function):
                self.functions[d.name] = self.local(d.name.lstrip("_") or d.name)
            elif isinstance(d, ir.Constant):
                self.constants[d.name] = d.type
        self.helper_names = {h: f"exact_{h}" if h in self.functions.values() else h for h in HELPERS}
        # What can fail in Rust's sense is known only when a body is written, so callers of such functions ask for it.
        self.failing = {d.name: bool(d.raises) for d in module.definitions if isinstance(d, ir.Function)}

    def local(self, name: str) -> str:
        """The name of a variable or function."""
        made = name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else snake(name)
        if made == "_":
            return "_unused"
        return f"{made}_" if made in _KEYWORDS or made == "vec" else made

    def copies(self, t: Type) -> bool:
        """True when values of the type are copied by themselves."""
        match t:
            case ir.P(kind):
                return kind in (ir.Prim.INT, ir.Prim.FLOAT, ir.Prim.BOOL, ir.Prim.CHAR)
            case ir.OptionalT(elem):
                return self.copies(elem)
            case ir.TupleT(elems):
                return all(self.copies(e) for e in elems)
            case ir.NamedT(name):
                return isinstance(self.module.find(name), ir.EnumClass)
            case _:
                return False

    def mutable(self, t: Type) -> bool:
        """True when a value of the type can change in place, or holds one that can."""
        match t:
            case ir.ListT() | ir.DictT() | ir.SetT():
                return True
            case ir.OptionalT(elem):
                return self.mutable(elem)
            case ir.TupleT(elems):
                return any(self.mutable(e) for e in elems)
            case _:
                return False

    def type(self, t: Type) -> str:
        """The Rust type of an owned value."""
        match t:
            case ir.P(kind):
                made = {
                    "int": "i64",
                    "float": "f64",
                    "bool": "bool",
                    "str": "String",
                    "char": "char",
                    "none": "()",
                }.get(kind.value)
                if made is None:
                    raise Unsupported(f"a value of type {kind.value}")
                return made
            case ir.ListT(elem):
                return f"Vec<{self.type(elem)}>"
            case ir.DictT(key, value):
                return f"HashMap<{self._key(key)}, {self.type(value)}>"
            case ir.SetT(elem):
                return f"HashSet<{self._key(elem)}>"
            case ir.TupleT(elems):
                return f"({', '.join(self.type(e) for e in elems)}{',' if len(elems) == 1 else ''})"
            case ir.OptionalT(elem):
                return f"Option<{self.type(elem)}>"
            case ir.NamedT(name):
                d = self.module.find(name)
                if isinstance(d, ir.EnumClass) or (isinstance(d, ir.Class) and d.frozen and d.dataclass):
                    return pascal(name, initialisms=False)
                raise Unsupported(f"objects of {name}, which can change and are shared")
            case _:
                raise Unsupported(f"a value of type {ir.type_text(t)}")

    def _key(self, t: Type) -> str:
        def hashable(k: Type) -> bool:
            if isinstance(k, ir.TupleT):
                return all(hashable(e) for e in k.elems)
            return k in (ir.INT, ir.STR, ir.BOOL, ir.CHAR) or isinstance(k, ir.NamedT)

        if not hashable(t):
            raise Unsupported(f"keys of type {ir.type_text(t)}, which have no hash")
        return self.type(t)

    def param(self, t: Type) -> str:
        """The type of a parameter: borrowed when it is not copied."""
        match t:
            case ir.P(ir.Prim.STR):
                return "&str"
            case ir.ListT(elem):
                return f"&[{self.type(elem)}]"
            case ir.OptionalT() | ir.TupleT():
                return self.type(t)
            case _:
                return self.type(t) if self.copies(t) else f"&{self.type(t)}"

    def borrowed(self, t: Type) -> bool:
        """True when a parameter of the type is passed by reference."""
        return not self.copies(t) and not isinstance(t, ir.OptionalT | ir.TupleT)

    def emit(self) -> RustFile:
        """The source file."""
        body: list[str] = []
        functions: list[tuple[str, str, int, int]] = []
        self.settle()
        for d in self.module.definitions:
            before = len(self.holes)
            try:
                lines = self._definition(d)
            except Unsupported as why:
                why.line = why.line or d.line
                self.holes.append(why)
                lines = (
                    self._stub(d, why) if isinstance(d, ir.Function) else [f"// Not ported: {why.reason}."]
                )
            if isinstance(d, ir.Function):
                functions.append((d.name, self.functions[d.name], d.line, len(self.holes) - before))
            body.extend([*lines, ""])
        if self.errors:
            body.extend([*self._error_type(), ""])
        for h in sorted(self._needed()):
            doc, text, _ = HELPERS[h]
            body.extend([f"/// {doc}", *text.strip().splitlines(), ""])
        text = "\n".join(body)
        uses = [n for n in ("HashMap", "HashSet") if re.search(rf"\b{n}\b", text)]
        head = [f"//! {line}".rstrip() for line in self.module.doc.splitlines()]
        if uses:
            head.extend(
                ["", f"use std::collections::{uses[0] if len(uses) == 1 else '{' + ', '.join(uses) + '}'};"]
            )
        return RustFile("\n".join([*head, "", *body]).strip() + "\n", self.holes, functions)

    def _stub(self, f: ir.Function, why: Unsupported) -> list[str]:
        """A function that was not ported, so that its callers compile."""
        lines = [f"// {self.source[why.line - 1].strip()}"] if 0 < why.line <= len(self.source) else []
        try:
            params = ", ".join(f"_{self.local(p.name)}: {self.param(p.type)}" for p in f.params)
            result = "" if f.result == ir.NONE else self.type(f.result)
        except Unsupported:
            return [f"// Not ported: {f.name}: {why.reason}."]
        if self.failing[f.name]:
            self.errors.add("Value")
            result = f"Result<{result or '()'}, Error>"
        head = f"pub fn {self.functions[f.name]}({params}){' -> ' + result if result else ''} {{"
        return [*lines, head, f"    panic!({rust_string('not ported: ' + why.reason)})", "}"]

    def _needed(self) -> set[str]:
        out: set[str] = set()
        todo = list(self.helpers)
        while todo:
            h = todo.pop()
            if h not in out:
                out.add(h)
                todo.extend(HELPERS[h][2])
        return out

    def settle(self) -> None:
        """Which functions return a Result: a first writing of all of them tells, until nothing changes."""
        for _ in range(len(self.functions) + 1):
            changed = False
            for d in self.module.definitions:
                if isinstance(d, ir.Function) and not self.failing[d.name]:
                    fails = any(
                        (isinstance(n, ir.Intrinsic) and n.raises and n.raises not in ir.PROGRAM_ERRORS)
                        or (
                            isinstance(n, ir.Call)
                            and isinstance(n.func, ir.Name)
                            and self.failing.get(n.func.id, False)
                        )
                        for s in d.body
                        for n in ir.walk(s)
                    )
                    if fails:
                        self.failing[d.name] = changed = True
            if not changed:
                return

    def _error_type(self) -> list[str]:
        kinds = sorted(self.errors)
        return [
            "/// What a function of this module can fail with.",
            "#[derive(Clone, Debug, PartialEq)]",
            "pub enum Error {",
            *(f"    {k}(String)," for k in kinds),
            "}",
            "",
            "impl std::fmt::Display for Error {",
            "    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {",
            "        match self {",
            f"            {' | '.join(f'Error::{k}(message)' for k in kinds)} => f.write_str(message),",
            "        }",
            "    }",
            "}",
            "",
            "impl std::error::Error for Error {}",
        ]

    def _definition(self, d: ir.Definition) -> list[str]:
        match d:
            case ir.Function():
                return FunctionWriter(self, None).function(d)
            case ir.Constant():
                return self._constant(d)
            case ir.EnumClass():
                lines = [
                    *(f"/// {x}".rstrip() for x in d.doc.splitlines()),
                    "#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]",
                ]
                members = [f"    {pascal(n, initialisms=False)}," for n, _ in d.members]
                return [*lines, f"pub enum {pascal(d.name, initialisms=False)} {{", *members, "}"]
            case ir.Class() if d.dataclass and d.frozen:
                return self._struct(d)
            case ir.Declined():
                return [f"// Not ported: {d.name}: {d.reason}."]
            case _:
                what = {"ErrorClass": "an error class of its own", "Protocol": "an interface"}.get(
                    type(d).__name__, "a class whose objects can change and are shared"
                )
                raise Unsupported(what, getattr(d, "name", ""), d.line)

    def _constant(self, d: ir.Constant) -> list[str]:
        writer = FunctionWriter(self, None)
        name = snake(d.name).upper()
        doc = [f"/// {c}".rstrip() for c in d.comments]
        if (
            isinstance(d.value, ir.ListLit)
            and isinstance(d.type, ir.ListT)
            and (d.type.elem == ir.STR or self.copies(d.type.elem))
        ):
            if d.type.elem == ir.STR:
                raise Unsupported("a constant list of texts", d.name, d.line)
            return [
                *doc,
                f"const {name}: &[{self.type(d.type.elem)}] = &[{', '.join(writer.own(v) for v in d.value.elems)}];",
            ]
        if isinstance(d.value, ir.Lit) and d.type == ir.STR:
            return [*doc, f"const {name}: &str = {rust_string(d.value.value)};"]
        if isinstance(d.value, ir.Lit) and self.copies(d.type):
            return [*doc, f"const {name}: {self.type(d.type)} = {writer.own(d.value)};"]
        raise Unsupported("a constant that is computed", d.name, d.line)

    def _struct(self, d: ir.Class) -> list[str]:
        name = pascal(d.name, initialisms=False)
        lines = [
            *(f"/// {x}".rstrip() for x in d.doc.splitlines()),
            "#[derive(Clone, Debug, PartialEq)]",
            f"pub struct {name} {{",
        ]
        lines.extend(f"    pub {self.local(f.name)}: {self.type(f.type)}," for f in d.fields)
        lines.append("}")
        if d.methods:
            lines.extend(["", f"impl {name} {{"])
            for i, m in enumerate(d.methods):
                if m.raises:
                    raise Unsupported("a method that fails", m.name, m.line)
                lines.extend(["" for _ in range(bool(i))])
                lines.extend(f"    {x}".rstrip() for x in FunctionWriter(self, d).function(m))
            lines.append("}")
        return lines


class FunctionWriter:
    """Writes one function; `own` gives values, `ref` what can be borrowed, `place` where something is."""

    def __init__(self, rust: RustModule, cls: ir.Class | None) -> None:
        self.rust = rust
        self.cls = cls
        self.lines: list[str] = []
        self.depth = 0
        self.names: dict[str, str] = {}
        self.by_ref: set[str] = set()
        self.changed: set[str] = set()
        self.often: set[str] = set()
        self.fails = False
        self.result: Type = ir.NONE
        self.closures = 0
        self.deep = False  # lists inside of lists change

    def write(self, line: str) -> None:
        """A line at the present depth."""
        self.lines.append(f"{'    ' * self.depth}{line}".rstrip())

    @contextmanager
    def block_of(self, head: str, tail: str = "}") -> Generator[None]:
        """A head, an indented inside and a tail."""
        self.write(head)
        self.depth += 1
        yield
        self.depth -= 1
        self.write(tail)

    def helper(self, name: str) -> str:
        """The name of a helper that the file then has."""
        self.rust.helpers.add(name)
        return self.rust.helper_names[name]

    def name(self, source: str) -> str:
        """The Rust name of a variable."""
        if source not in self.names:
            made = self.rust.local(source)
            while made in self.names.values():
                made += "_"
            self.names[source] = made
        return self.names[source]

    def function(self, f: ir.Function) -> list[str]:
        """The lines of a function."""
        if f.patterns:
            raise Unsupported("a pattern", f.patterns[0].pattern_id, f.patterns[0].line or f.line)
        if f.kind == "static":
            raise Unsupported("a static method", f.name, f.line)
        self.result = f.result
        self.fails = self.rust.failing.get(f.name, False) and self.cls is None
        for s in f.body:
            for n in ir.walk(s):
                if isinstance(n, ir.Intrinsic) and n.op in _MUTATING and n.args:
                    self.changed.add(self._root(n.args[0]))
                    self.deep = self.deep or not isinstance(n.args[0], ir.Name)
                elif isinstance(n, ir.IndexTarget):
                    self.changed.add(self._root(n.obj))
                    self.deep = self.deep or not isinstance(n.obj, ir.Name)
                elif isinstance(n, ir.FieldTarget):
                    raise Unsupported("assignment to a field", n.name, n.line)
                elif isinstance(n, ir.FuncDef | ir.Try):
                    raise Unsupported(
                        "a function inside a function" if isinstance(n, ir.FuncDef) else "try", "", n.line
                    )
        counts: dict[str, int] = {}
        for s in f.body:
            for n in ir.walk(s):
                if isinstance(n, ir.VarTarget):
                    counts[n.id] = counts.get(n.id, 0) + 1
        self.often = {n for n, c in counts.items() if c > 1} | {
            n.target.id
            for s in f.body
            for n in ir.walk(s)
            if isinstance(n, ir.AugAssign) and isinstance(n.target, ir.VarTarget)
        }
        params: list[str] = ["&self"] if self.cls is not None else []
        for p in f.params:
            if p.name in self.changed:
                raise Unsupported(
                    "a parameter that is changed in place, which the caller sees", p.name, f.line
                )
            if self.rust.borrowed(p.type):
                self.by_ref.add(p.name)
            params.append(f"{self.name(p.name)}: {self.rust.param(p.type)}")
        result = "" if f.result == ir.NONE else self.rust.type(f.result)
        if self.fails:
            result = f"Result<{result or '()'}, Error>"
            self.rust.errors.add("Value")
        declare(f, lambda _: False)
        for c in f.comments:
            self.write(f"// {c}")
        for line in f.doc.splitlines():
            self.write(f"/// {line}")
        visibility = "" if f.private else "pub "
        made = self.rust.local(f.name.lstrip("_") or f.name)
        with self.block_of(
            f"{visibility}fn {made}({', '.join(params)}){' -> ' + result if result else ''} {{"
        ):
            stored = stores(f.body)
            for p in f.params:
                if p.name in stored:
                    n = self.name(p.name)
                    given = self.own(ir.Name(p.name, type=p.type))
                    self.by_ref.discard(p.name)
                    self.write(f"let mut {n} = {given};")
            self.block(f.body, tail=True)
        return self.lines

    def _root(self, e: ir.Expr) -> str:
        while not isinstance(e, ir.Name):
            match e:
                case ir.Field():
                    e = e.obj
                case ir.Unwrap() | ir.Wrap():
                    e = e.value
                case ir.Intrinsic(op="list.index" | "dict.index" | "tuple.index" | "dict.setdefault"):
                    e = e.args[0]
                case _:
                    return ""
        return e.id

    # Values

    def own(self, e: ir.Expr, need: int = LOWEST) -> str:
        """A value that belongs to whoever evaluates it."""
        if isinstance(e, ir.Unwrap) and not self.rust.copies(e.type):
            return f"{self.own(e.value, PRIMARY)}.unwrap()"
        if self._is_place(e) and not self.rust.copies(e.type):
            if self.rust.mutable(e.type) and (self.deep or self._root(e) in self.changed):
                raise Unsupported("two names for one list that changes", self._root(e), e.line)
            text = self.place(e)
            if isinstance(e, ir.Name) and (
                e.id in self.by_ref or (e.id in self.rust.constants and e.id not in self.names)
            ):
                return (
                    f"{text}.to_string()"
                    if e.type == ir.STR
                    else f"{text}.to_vec()"
                    if isinstance(e.type, ir.ListT)
                    else f"{text}.clone()"
                )
            return f"{text}.clone()"
        if isinstance(e, ir.Lit) and e.type == ir.STR:
            return f"{rust_string(e.value)}.to_string()" if e.value else "String::new()"
        text, have = self._text(e)
        # A choice of values needs parentheses only as a part of something.
        return f"({text})" if have < need and (have > 0 or need > LOWEST) else text

    def _is_place(self, e: ir.Expr) -> bool:
        match e:
            case ir.Name() | ir.Field():
                return True
            case ir.Intrinsic(op="list.index" | "tuple.index" | "dict.index"):
                return True
            case _:
                return False

    def place(self, e: ir.Expr) -> str:
        """Where a value is: what methods that borrow can be called on."""
        match e:
            case ir.Lit() if e.type == ir.STR:
                return rust_string(e.value)
            case ir.Unwrap() if not self.rust.copies(e.type):
                return f"{self.place(e.value)}.as_ref().unwrap()"
            case _:
                text, have = self._text(e)
                return f"({text})" if have < PRIMARY else text

    def ref(self, e: ir.Expr) -> str:
        """A reference to a value."""
        if isinstance(e, ir.Lit) and e.type == ir.STR:
            return rust_string(e.value)
        if isinstance(e, ir.Name) and (
            e.id in self.by_ref
            or (e.id in self.rust.constants and e.id not in self.names and not self.rust.copies(e.type))
        ):
            return self.place(e)
        if isinstance(e, ir.Unwrap) and not self.rust.copies(e.type):
            return self.place(e)
        return f"&{self.place(e)}"

    def argument(self, e: ir.Expr, t: Type) -> str:
        """What a call passes for a parameter."""
        return self.ref(e) if self.rust.borrowed(t) else self.own(e)

    def x(self, e: ir.Expr, need: int = LOWEST) -> str:
        """The text of an expression whose type copies, or of a new value."""
        return self.own(e, need)

    def usize(self, e: ir.Expr) -> str:
        """An index."""
        if isinstance(e, ir.Lit):
            return str(e.value)
        if (
            isinstance(e, ir.Intrinsic)
            and e.op == "len"
            and isinstance(e.args[0].type, ir.ListT | ir.DictT | ir.SetT)
        ):
            return f"{self.place(e.args[0])}.len()"
        return f"{self.x(e, PRIMARY)} as usize"

    def _text(self, e: ir.Expr) -> tuple[str, int]:
        match e:
            case ir.Lit():
                return self._literal(e)
            case ir.Name():
                if e.id == "self" and self.cls is not None:
                    return "self", PRIMARY
                if e.id not in self.names and e.id in self.rust.constants:
                    return snake(e.id).upper(), PRIMARY
                if isinstance(e.type, ir.FuncT):
                    raise Unsupported("a function as a value", e.id, e.line)
                return self.name(e.id), PRIMARY
            case ir.Field():
                return f"{self.place(e.obj)}.{self.rust.local(e.name)}", PRIMARY
            case ir.EnumMember():
                return f"{pascal(e.enum, initialisms=False)}::{pascal(e.member, initialisms=False)}", PRIMARY
            case ir.Call():
                return self._call(e)
            case ir.MethodCall():
                owner = self.rust.module.find(e.obj.type.name) if isinstance(e.obj.type, ir.NamedT) else None
                if not isinstance(owner, ir.Class):
                    raise Unsupported("a call of this method", e.method, e.line)
                m = next(x for x in owner.methods if x.name == e.method)
                args = ", ".join(self.argument(a, p.type) for a, p in zip(e.args, m.params, strict=True))
                return f"{self.place(e.obj)}.{self.rust.local(e.method.lstrip('_'))}({args})", PRIMARY
            case ir.New():
                self.rust.type(e.type)
                return (
                    f"{pascal(e.cls, initialisms=False)} {{ {', '.join(f'{self.rust.local(n)}: {self.own(a)}' for n, a in e.args)} }}",
                    PRIMARY,
                )
            case ir.Intrinsic():
                return self._intrinsic(e)
            case ir.ListLit():
                return (
                    f"vec![{', '.join(self.own(v) for v in e.elems)}]" if e.elems else "Vec::new()"
                ), PRIMARY
            case ir.SetLit():
                return (
                    f"HashSet::from([{', '.join(self.own(v) for v in e.elems)}])"
                    if e.elems
                    else "HashSet::new()"
                ), PRIMARY
            case ir.DictLit():
                items = ", ".join(f"({self.own(k)}, {self.own(v)})" for k, v in e.items)
                return (f"HashMap::from([{items}])" if items else "HashMap::new()"), PRIMARY
            case ir.TupleLit():
                return (
                    f"({', '.join(self.own(v) for v in e.elems)}{',' if len(e.elems) == 1 else ''})",
                    PRIMARY,
                )
            case ir.Cond():
                return (
                    f"if {self.x(e.test)} {{ {self.own(e.body)} }} else {{ {self.own(e.orelse)} }}",
                    LOWEST - 1,
                )
            case ir.Bool():
                level, word = (AND, "&&") if e.op == "and" else (OR, "||")
                return f" {word} ".join(self.x(v, level + 1) for v in e.values), level
            case ir.Not():
                return self._not(e.value)
            case ir.Unwrap():
                return f"{self.x(e.value, PRIMARY)}.unwrap()", PRIMARY
            case ir.Wrap():
                return f"Some({self.own(e.value)})", PRIMARY
            case ir.Comp():
                return self._comp(e)
            case ir.Format():
                return self._format(e)
            case _:
                raise Unsupported(f"expression {type(e).__name__}", "", e.line)

    def _literal(self, e: ir.Lit) -> tuple[str, int]:
        match e.value:
            case None:
                return ("None" if isinstance(e.type, ir.OptionalT) else "()"), PRIMARY
            case bool():
                return ("true" if e.value else "false"), PRIMARY
            case int():
                return str(e.value), PRIMARY if e.value >= 0 else UNARY
            case float():
                return rust_float(e.value), PRIMARY if e.value >= 0 else UNARY
            case str() if e.type == ir.CHAR:
                return rust_char(e.value), PRIMARY
            case str():
                return f"{rust_string(e.value)}.to_string()", PRIMARY
            case _:
                raise Unsupported("a literal of this kind", "", e.line)

    def _not(self, e: ir.Expr) -> tuple[str, int]:
        match e:
            case ir.Not():
                return self._text(e.value)
            case ir.Intrinsic(op="nonempty", args=[a]):
                return f"{self.place(a)}.is_empty()", PRIMARY
            case ir.Intrinsic(op="is_some" | "is_none", args=[a]):
                return f"{self.place(a)}.{'is_none' if e.op == 'is_some' else 'is_some'}()", PRIMARY
            case ir.Intrinsic(op="eq" | "ne", args=[a, b]):
                return self._comparison("ne" if e.op == "eq" else "eq", a, b)
            case _:
                return f"!{self.x(e, UNARY)}", UNARY

    def _comparison(self, op: str, a: ir.Expr, b: ir.Expr) -> tuple[str, int]:
        sign = _COMPARISONS[op]
        if a.type == ir.STR and isinstance(b, ir.Lit) and b.value == "" and op in ("eq", "ne"):
            text = f"{self.place(a)}.is_empty()"
            return (text, PRIMARY) if op == "eq" else (f"!{text}", UNARY)
        if a.type == ir.STR or b.type == ir.STR:
            return f"*{self.place(a)} {sign} *{self.place(b)}", COMPARE
        if self.rust.copies(a.type):
            left = self.x(a, COMPARE + 1)
            # A cast before < would be read as the start of type arguments.
            left = (
                f"({left})" if " as " in left and sign.startswith("<") and not left.startswith("(") else left
            )
            return f"{left} {sign} {self.x(b, COMPARE + 1)}", COMPARE
        if isinstance(a.type, ir.ListT):
            return f"{self.place(a)}[..] {sign} {self.place(b)}[..]", COMPARE
        return f"{self.own(a, COMPARE + 1)} {sign} {self.own(b, COMPARE + 1)}", COMPARE

    def _call(self, e: ir.Call) -> tuple[str, int]:
        if not isinstance(e.func, ir.Name) or e.func.id not in self.rust.functions or e.func.id in self.names:
            raise Unsupported("a call of a function value", "", e.line)
        d = self.rust.module.find(e.func.id)
        assert isinstance(d, ir.Function)
        args = ", ".join(self.argument(a, p.type) for a, p in zip(e.args, d.params, strict=True))
        return (
            f"{self.rust.functions[e.func.id]}({args}){self._question(self.rust.failing[e.func.id], e)}",
            PRIMARY,
        )

    def _question(self, fails: bool, e: ir.Expr) -> str:
        if fails and self.closures:
            raise Unsupported("a failure inside a comprehension", "", e.line)
        return "?" if fails else ""

    # Operations

    def _intrinsic(self, e: ir.Intrinsic) -> tuple[str, int]:
        op, a = e.op, e.args
        if op in _INFIX:
            sign, level = _INFIX[op]
            return f"{self.x(a[0], level)} {sign} {self.x(a[1], level + 1)}", level
        if op in _COMPARISONS:
            return self._comparison(op, a[0], a[1])
        if op.startswith("tuple.") and op[6:] in _COMPARISONS:
            return f"{self.own(a[0])} {_COMPARISONS[op[6:]]} {self.own(a[1])}", COMPARE
        if op in _METHODS:
            method = _METHODS[op]
            base = (
                self._numeric_receiver(a[0])
                if op.startswith(("int.", "float.", "math."))
                else self.place(a[0])
            )
            return f"{base}.{method}", PRIMARY
        if op in _WHOLE:
            return f"{self.helper('whole')}({self._numeric_receiver(a[0])}.{_WHOLE[op]}())", PRIMARY
        if op in _HELPED:
            more = f", {_CHAR_TESTS[op]}" if op in _CHAR_TESTS else ""
            return f"{self.helper(_HELPED[op])}({self.ref(a[0])}{more})", PRIMARY
        special = getattr(self, "_op_" + op.replace(".", "_"), None)
        if special is None:
            raise Unsupported(f"operation {op}", "", e.line)
        return special(e)

    def _numeric_receiver(self, e: ir.Expr) -> str:
        if isinstance(e, ir.Lit):
            return (
                f"{self.x(e)}_{'f64' if e.type == ir.FLOAT else 'i64'}"
                if e.value >= 0
                else f"({self.x(e)}_{'f64' if e.type == ir.FLOAT else 'i64'})"
            )
        return self.x(e, PRIMARY)

    def _op_len(self, e: ir.Intrinsic) -> tuple[str, int]:
        base = self.place(e.args[0])
        return (
            f"{base}.chars().count() as i64" if e.args[0].type == ir.STR else f"{base}.len() as i64"
        ), CAST

    def _op_nonempty(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"!{self.place(e.args[0])}.is_empty()", UNARY

    def _op_is_none(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.is_none()", PRIMARY

    def _op_is_some(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.is_some()", PRIMARY

    def _op_int_neg(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"-{self.x(e.args[0], PRIMARY)}", UNARY

    _op_float_neg = _op_int_neg

    def _op_int_invert(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"!{self.x(e.args[0], PRIMARY)}", UNARY

    def _op_int_floordiv(self, e: ir.Intrinsic) -> tuple[str, int]:
        if isinstance(e.args[1], ir.Lit) and e.args[1].value > 0:
            return f"{self._numeric_receiver(e.args[0])}.div_euclid({e.args[1].value})", PRIMARY
        return f"{self.helper('floor_div')}({self.x(e.args[0])}, {self.x(e.args[1])})", PRIMARY

    def _op_int_mod(self, e: ir.Intrinsic) -> tuple[str, int]:
        if isinstance(e.args[1], ir.Lit) and e.args[1].value > 0:
            return f"{self._numeric_receiver(e.args[0])}.rem_euclid({e.args[1].value})", PRIMARY
        return f"{self.helper('floor_mod')}({self.x(e.args[0])}, {self.x(e.args[1])})", PRIMARY

    def _op_int_pow(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('int_power')}({self.x(e.args[0])}, {self.x(e.args[1])})", PRIMARY

    def _op_int_shl(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.x(e.args[0], SHIFT)} << {self.x(e.args[1], ADD)}", SHIFT

    def _op_int_shr(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.x(e.args[0], SHIFT)} >> {self.x(e.args[1], ADD)}", SHIFT

    def _op_int_to_float(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.x(e.args[0], CAST)} as f64", CAST

    def _op_int_gcd(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('gcd')}({self.x(e.args[0])}, {self.x(e.args[1])})", PRIMARY

    def _op_int_chr(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f'char::from_u32({self.x(e.args[0], CAST)} as u32).expect("a code point")', PRIMARY

    def _op_int_bin(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('binary')}({self.x(e.args[0])})", PRIMARY

    def _op_float_div(self, e: ir.Intrinsic) -> tuple[str, int]:
        if isinstance(e.args[1], ir.Lit) and e.args[1].value:
            return f"{self.x(e.args[0], MUL)} / {self.x(e.args[1], MUL + 1)}", MUL
        return f"{self.helper('divide')}({self.x(e.args[0])}, {self.x(e.args[1])})", PRIMARY

    def _op_float_mod(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('float_mod')}({self.x(e.args[0])}, {self.x(e.args[1])})", PRIMARY

    def _op_float_pow(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._numeric_receiver(e.args[0])}.powf({self.x(e.args[1])})", PRIMARY

    def _op_float_round_to(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('round_to')}({self.x(e.args[0])}, {self.x(e.args[1])})", PRIMARY

    def _op_float_to_str(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('float_text')}({self.x(e.args[0])})", PRIMARY

    def _op_bool_to_int(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"i64::from({self.x(e.args[0])})", PRIMARY

    def _op_bool_to_str(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f'(if {self.x(e.args[0])} {{ "True" }} else {{ "False" }}).to_string()', PRIMARY

    def _op_math_pi(self, e: ir.Intrinsic) -> tuple[str, int]:
        return "std::f64::consts::PI", PRIMARY

    def _op_math_inf(self, e: ir.Intrinsic) -> tuple[str, int]:
        return "f64::INFINITY", PRIMARY

    # Texts

    def _op_char_to_str(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.to_string()", PRIMARY

    def _op_char_isdigit(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.is_ascii_digit()", PRIMARY

    def _op_char_upper(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('upper_char')}({self.x(e.args[0])})", PRIMARY

    def _op_char_lower(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('lower_char')}({self.x(e.args[0])})", PRIMARY

    def _op_str_ord(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"i64::from(u32::from({self.x(e.args[0])}))", PRIMARY

    def _op_str_concat(self, e: ir.Intrinsic) -> tuple[str, int]:
        parts: list[ir.Expr] = []

        def collect(v: ir.Expr) -> None:
            if isinstance(v, ir.Intrinsic) and v.op == "str.concat":
                collect(v.args[0])
                collect(v.args[1])
            else:
                parts.append(v)

        collect(e)
        holes = "".join("{}" for _ in parts)
        return f'format!("{holes}", {", ".join(self._shown(p) for p in parts)})', PRIMARY

    def _shown(self, e: ir.Expr) -> str:
        if isinstance(e, ir.Lit) and e.type == ir.STR:
            return rust_string(e.value)
        if isinstance(e, ir.Intrinsic) and e.op == "char.to_str":
            return self.x(e.args[0])
        return self.place(e)

    def _op_str_repeat(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.repeat({self._count(e.args[1])})", PRIMARY

    def _count(self, e: ir.Expr) -> str:
        if isinstance(e, ir.Lit):
            return str(max(e.value, 0))
        return f"{self.x(e, PRIMARY)}.max(0) as usize"

    def _contains(self, e: ir.Intrinsic, method: str) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.{method}({self._pattern(e.args[1])})", PRIMARY

    def _pattern(self, e: ir.Expr) -> str:
        return (
            self.x(e)
            if e.type == ir.CHAR
            else self.ref(e)
            if not isinstance(e, ir.Intrinsic)
            else f"&*{self.place(e)}"
        )

    def _op_str_contains(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._contains(e, "contains")

    _op_str_contains_char = _op_str_contains

    def _op_str_startswith(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._contains(e, "starts_with")

    def _op_str_endswith(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._contains(e, "ends_with")

    def _op_str_split_ws(self, e: ir.Intrinsic) -> tuple[str, int]:
        return (
            f"{self.place(e.args[0])}.split_whitespace().map(str::to_string).collect::<Vec<String>>()",
            PRIMARY,
        )

    def _op_str_split(self, e: ir.Intrinsic) -> tuple[str, int]:
        if not (isinstance(e.args[1], ir.Lit) and e.args[1].value):
            raise Unsupported("split by a computed separator", "", e.line)
        return (
            f"{self.place(e.args[0])}.split({self.ref(e.args[1])}).map(str::to_string).collect::<Vec<String>>()",
            PRIMARY,
        )

    def _op_str_join(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[1])}.join({self._pattern(e.args[0])})", PRIMARY

    def _op_str_replace(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.replace({self._pattern(e.args[1])}, {self.ref(e.args[2])})", PRIMARY

    def _op_str_count(self, e: ir.Intrinsic) -> tuple[str, int]:
        if not (isinstance(e.args[1], ir.Intrinsic) and e.args[1].op == "char.to_str") and not (
            isinstance(e.args[1], ir.Lit) and e.args[1].value
        ):
            return f"{self.place(e.args[0])}.matches({self._pattern(e.args[1])}).count() as i64", CAST
        return f"{self.place(e.args[0])}.matches({self._pattern(e.args[1])}).count() as i64", CAST

    def _op_str_find(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('find')}({self.ref(e.args[0])}, {self.ref(e.args[1])})", PRIMARY

    def _op_str_index(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, i = e.args
        if isinstance(i, ir.Intrinsic) and i.op == "from_end":
            return (
                f'{self.place(obj)}.chars().nth_back({self.usize(i.args[0])} - 1).expect("a character")',
                PRIMARY,
            )
        if isinstance(i, ir.Intrinsic) and i.op == "wrap":
            raise Unsupported("an index that may count from the end", "", e.line)
        return f'{self.place(obj)}.chars().nth({self.usize(i)}).expect("a character")', PRIMARY

    def _op_str_to_int(self, e: ir.Intrinsic) -> tuple[str, int]:
        self.rust.errors.add("Value")
        return f"{self.helper('parse_int')}({self.ref(e.args[0])}){self._question(True, e)}", PRIMARY

    def _op_str_to_float(self, e: ir.Intrinsic) -> tuple[str, int]:
        self.rust.errors.add("Value")
        return f"{self.helper('parse_float')}({self.ref(e.args[0])}){self._question(True, e)}", PRIMARY

    def _slice(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, low, high = e.args[:3]
        kind = "slice_text" if e.op.startswith("str") else "slice_list"
        if isinstance(low, ir.Lit) and low.value is None and isinstance(high, ir.Lit) and high.value is None:
            copied = "to_string" if kind == "slice_text" else "to_vec"
            return f"{self.place(obj)}.{copied}()", PRIMARY
        return f"{self.helper(kind)}({self.ref(obj)}, {self._bound(low)}, {self._bound(high)})", PRIMARY

    _op_str_slice = _slice
    _op_list_slice = _slice

    def _bound(self, e: ir.Expr) -> str:
        if isinstance(e, ir.Lit) and e.value is None:
            return "None"
        if isinstance(e, ir.Intrinsic) and e.op == "from_end":
            return f"Some(-{self.x(e.args[0])})"
        if isinstance(e, ir.Intrinsic) and e.op in ("bound", "wrap"):
            e = e.args[0]
        return f"Some({self.x(e)})"

    def _stride(self, e: ir.Intrinsic) -> tuple[str, int]:
        part, _ = self._slice(e)
        step = self.usize(e.args[3])
        if e.op.startswith("str"):
            return f"{part}.chars().step_by({step}).collect::<String>()", PRIMARY
        return f"{part}.into_iter().step_by({step}).collect::<Vec<_>>()", PRIMARY

    _op_str_stride = _stride
    _op_list_stride = _stride

    # Elements

    def _op_list_index(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, i = e.args
        base = self.place(obj)
        if isinstance(i, ir.Intrinsic) and i.op == "from_end":
            return f"{base}[{base}.len() - {self.usize(i.args[0])}]", PRIMARY
        if isinstance(i, ir.Intrinsic) and i.op == "wrap":
            return f"{base}[{self.helper('wrap')}({self.x(i.args[0])}, {base}.len())]", PRIMARY
        return f"{base}[{self.usize(i)}]", PRIMARY

    def _op_tuple_index(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.{self.x(e.args[1])}", PRIMARY

    def _op_tuple_to_list(self, e: ir.Intrinsic) -> tuple[str, int]:
        raise Unsupported("a tuple as a list", "", e.line)

    def _op_dict_index(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, key = e.args
        if isinstance(obj.type, ir.DictT) and obj.type.zero:
            return f"{self.place(obj)}.get({self.ref(key)}).cloned().unwrap_or_default()", PRIMARY
        if e.raises:
            self.rust.errors.add("Key")
            missing = (
                f'{self.place(obj)}.get({self.ref(key)}).ok_or_else(|| Error::Key("no such key".to_string()))'
            )
            return f"(*{missing}{self._question(True, e)})", PRIMARY
        return f"{self.place(obj)}[{self.ref(key)}]", PRIMARY

    def _op_dict_get(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.get({self.ref(e.args[1])}).cloned()", PRIMARY

    def _op_dict_get_or(self, e: ir.Intrinsic) -> tuple[str, int]:
        return (
            f"{self.place(e.args[0])}.get({self.ref(e.args[1])}).cloned().unwrap_or({self.own(e.args[2])})",
            PRIMARY,
        )

    def _op_dict_contains(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.contains_key({self.ref(e.args[1])})", PRIMARY

    def _op_set_contains(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.contains({self.ref(e.args[1])})", PRIMARY

    def _op_list_contains(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, v = e.args
        if v.type == ir.STR:
            return f"{self.place(obj)}.iter().any(|item| *item == *{self.place(v)})", PRIMARY
        return f"{self.place(obj)}.contains({self.ref(v)})", PRIMARY

    def _op_list_count(self, e: ir.Intrinsic) -> tuple[str, int]:
        return (
            f"{self.place(e.args[0])}.iter().filter(|item| **item == *{self.ref(e.args[1]) if not self.ref(e.args[1]).startswith('&') else '(' + self.ref(e.args[1]) + ')'}).count() as i64",
            CAST,
        )

    def _op_list_find_or_raise(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, v = e.args
        self.rust.errors.add("Value")
        wanted = f"*{self.place(v)}" if not self.rust.copies(v.type) else self.x(v, COMPARE + 1)
        found = f"{self.place(obj)}.iter().position(|item| *item == {wanted})"
        return (
            f'{found}.ok_or_else(|| Error::Value("not in the list".to_string())){self._question(True, e)} as i64',
            CAST,
        )

    def _op_str_find_or_raise(self, e: ir.Intrinsic) -> tuple[str, int]:
        self.rust.errors.add("Value")
        found = f"{self.helper('position')}({self.ref(e.args[0])}, {self.ref(e.args[1])})"
        return (
            f'{found}.ok_or_else(|| Error::Value("substring not found".to_string())){self._question(True, e)}',
            PRIMARY,
        )

    def _op_str_ord_first(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('only_char')}({self.ref(e.args[0])})", PRIMARY

    def _op_str_removeprefix(self, e: ir.Intrinsic) -> tuple[str, int]:
        return (
            f"{self.helper('without')}({self.ref(e.args[0])}, |text| text.strip_prefix({self._pattern(e.args[1])}))",
            PRIMARY,
        )

    def _op_str_removesuffix(self, e: ir.Intrinsic) -> tuple[str, int]:
        return (
            f"{self.helper('without')}({self.ref(e.args[0])}, |text| text.strip_suffix({self._pattern(e.args[1])}))",
            PRIMARY,
        )

    def _op_list_copy(self, e: ir.Intrinsic) -> tuple[str, int]:
        return (
            f"{self.place(e.args[0])}.{'to_vec' if isinstance(e.args[0].type, ir.ListT) else 'clone'}()",
            PRIMARY,
        )

    _op_dict_copy = _op_list_copy
    _op_set_copy = _op_list_copy

    def _op_list_reversed(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.items(e.args[0])}.rev().collect::<Vec<_>>()", PRIMARY

    def _op_list_concat(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('joined')}({self.ref(e.args[0])}, {self.ref(e.args[1])})", PRIMARY

    def _op_list_repeat(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, n = e.args
        if isinstance(obj, ir.ListLit) and len(obj.elems) == 1:
            if self.rust.mutable(obj.elems[0].type):
                raise Unsupported("a list that holds one list several times", "", e.line)
            return f"vec![{self.own(obj.elems[0])}; {self._count(n)}]", PRIMARY
        return f"{self.place(obj)}.repeat({self._count(n)})", PRIMARY

    def _sets(self, e: ir.Intrinsic) -> tuple[str, int]:
        method = e.op[4:]
        return (
            f"{self.place(e.args[0])}.{method}({self.ref(e.args[1])}).cloned().collect::<HashSet<_>>()",
            PRIMARY,
        )

    _op_set_union = _sets
    _op_set_intersection = _sets
    _op_set_difference = _sets
    _op_set_symmetric_difference = _sets

    def _op_set_issubset(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.is_subset({self.ref(e.args[1])})", PRIMARY

    def _op_set_isdisjoint(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.is_disjoint({self.ref(e.args[1])})", PRIMARY

    # What changes a place

    def _changing(self, e: ir.Expr) -> str:
        """A place that is about to change."""
        if isinstance(e, ir.Intrinsic) and e.op == "dict.index":
            obj, key = e.args
            if isinstance(obj.type, ir.DictT) and obj.type.zero:
                return f"{self._changing(obj)}.entry({self.own(key)}).or_default()"
            return f'{self._changing(obj)}.get_mut({self.ref(key)}).expect("a known key")'
        if isinstance(e, ir.Intrinsic) and e.op == "list.index":
            return self._op_list_index(e)[0]
        if isinstance(e, ir.Name):
            return self.place(e)
        raise Unsupported("a change of a computed value", "", e.line)

    def _op_list_append(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._changing(e.args[0])}.push({self.own(e.args[1])})", PRIMARY

    def _op_list_extend(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._changing(e.args[0])}.extend({self.items(e.args[1])})", PRIMARY

    def _op_list_pop(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f'{self._changing(e.args[0])}.pop().expect("an element")', PRIMARY

    def _op_list_pop_at(self, e: ir.Intrinsic) -> tuple[str, int]:
        if isinstance(e.args[1], ir.Intrinsic) and e.args[1].op in ("from_end", "wrap"):
            raise Unsupported("pop counted from the end", "", e.line)
        return f"{self._changing(e.args[0])}.remove({self.usize(e.args[1])})", PRIMARY

    _op_list_delete = _op_list_pop_at

    def _op_list_insert(self, e: ir.Intrinsic) -> tuple[str, int]:
        base = self._changing(e.args[0])
        at = (
            "0"
            if isinstance(e.args[1], ir.Lit) and e.args[1].value == 0
            else f"({self.usize(e.args[1])}).min({base}.len())"
        )
        return f"{base}.insert({at}, {self.own(e.args[2])})", PRIMARY

    def _op_list_clear(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._changing(e.args[0])}.clear()", PRIMARY

    _op_dict_clear = _op_list_clear
    _op_set_clear = _op_list_clear

    def _op_list_reverse(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._changing(e.args[0])}.reverse()", PRIMARY

    def _op_list_sort(self, e: ir.Intrinsic) -> tuple[str, int]:
        base = self._changing(e.args[0])
        return f"{base} = {self._sorted(e)}", PRIMARY

    def _op_set_add(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._changing(e.args[0])}.insert({self.own(e.args[1])})", PRIMARY

    def _op_set_discard(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._changing(e.args[0])}.remove({self.ref(e.args[1])})", PRIMARY

    _op_dict_pop_optional = _op_set_discard

    # Iteration

    def items(self, e: ir.Expr, free: bool = False) -> str:
        """An iterator over owned items. `free` says that the order makes no difference."""
        match e:
            case ir.Intrinsic(op="to_list", args=[inner]) | ir.Intrinsic(op="to_set", args=[inner]) if (
                e.op == "to_list"
            ):
                return self.items(inner, free)
            case ir.Intrinsic(op="range", args=[start, stop, step]):
                assert isinstance(step, ir.Lit)
                if step.value > 0:
                    text = f"({self.x(start, SHIFT)}..{self.x(stop, SHIFT)})"
                else:
                    text = f"({self.x(stop, ADD)} + 1..={self.x(start, SHIFT)}).rev()"
                return text if abs(step.value) == 1 else f"{text}.step_by({abs(step.value)})"
            case ir.Intrinsic(op="enumerate", args=[inner, start]):
                first = (
                    f" + {self.x(start, ADD)}" if not (isinstance(start, ir.Lit) and start.value == 0) else ""
                )
                return (
                    f"{self.items(inner, free)}.enumerate().map(|(place, item)| (place as i64{first}, item))"
                )
            case ir.Intrinsic(op="zip", args=args):
                text = ".zip(".join(self.items(a) for a in args) + ")" * (len(args) - 1)
                if len(args) == 2:
                    return text
                if len(args) == 3:
                    first, second, third = (self.items(a) for a in args)
                    return f"{first}.zip({second}).zip({third}).map(|((a, b), c)| (a, b, c))"
                raise Unsupported("zip of more than three", "", e.line)
            case ir.Intrinsic(op="reversed", args=[inner]):
                return f"{self.items(inner)}.rev()"
            case ir.Intrinsic(op="dict.keys" | "dict.values" | "dict.items", args=[d]):
                self._unordered(free, e)
                word = e.op[5:]
                if word == "items":
                    return f"{self.place(d)}.iter().map(|(key, value)| (key.clone(), value.clone()))"
                return f"{self.place(d)}.{word}().cloned()"
            case ir.Comp() if e.kind in ("iter", "list"):
                return self._chain(e, 0, free)
            case _:
                pass
        if e.type in (ir.STR, ir.CHAR):
            return f"{self.place(e)}.chars()"
        if isinstance(e.type, ir.DictT):
            self._unordered(free, e)
            return f"{self.place(e)}.keys().cloned()"
        if isinstance(e.type, ir.SetT):
            self._unordered(free, e)
            return f"{self.place(e)}.iter().cloned()"
        if isinstance(e.type, ir.ListT):
            if self._is_place(e):
                return f"{self.place(e)}.iter().{'copied' if self.rust.copies(e.type.elem) else 'cloned'}()"
            return f"{self.own(e, PRIMARY)}.into_iter()"
        raise Unsupported(f"iteration over {ir.type_text(e.type)}", "", e.line)

    def _unordered(self, free: bool, e: ir.Expr) -> None:
        if not free:
            raise Unsupported("the order of a map or set, which is not kept", "", e.line)

    def bound(self, e: ir.Expr, target: ir.Target, free: bool = False) -> str:
        """An iterator whose items fit the target: characters become texts where the variable holds texts."""
        text = self.items(e, free)
        if isinstance(target, ir.VarTarget) and target.type == ir.STR and e.type in (ir.STR, ir.CHAR):
            text += ".map(|c| c.to_string())"
        return text

    @contextmanager
    def closure(self, targets: Sequence[ir.Target]) -> Generator[None]:
        """The inside of a closure whose parameters are its own."""
        saved, refs = dict(self.names), set(self.by_ref)

        def drop(t: ir.Target) -> None:
            if isinstance(t, ir.VarTarget):
                self.names.pop(t.id, None)
                self.by_ref.discard(t.id)
            elif isinstance(t, ir.TupleTarget):
                for x in t.elems:
                    drop(x)

        for t in targets:
            drop(t)
        self.closures += 1
        try:
            yield
        finally:
            self.closures -= 1
            self.names, self.by_ref = saved, refs

    def pattern(self, t: ir.Target, mutable: bool = False) -> str:
        """The pattern that binds a target."""
        if isinstance(t, ir.VarTarget):
            return (
                f"mut {self.name(t.id)}" if mutable and t.id in self.often | self.changed else self.name(t.id)
            )
        assert isinstance(t, ir.TupleTarget)
        return f"({', '.join(self.pattern(x, mutable) for x in t.elems)})"

    def _chain(self, e: ir.Comp, at: int, free: bool, consume: str = "") -> str:
        clause = e.clauses[at]
        base = self.bound(clause.iter, clause.target, free)
        with self.closure([clause.target]):
            pattern = self.pattern(clause.target)
            test = " && ".join(self.x(c, AND + 1) for c in clause.conds)
            if at + 1 < len(e.clauses):
                inner = self._chain(e, at + 1, free, consume)
                if consume:
                    joined = f"{test} && {inner}" if consume == "any" else f"!({test}) || {inner}"
                    return f"{base}.{consume}(|{pattern}| {joined if test else inner})"
                if test:
                    return f"{base}.flat_map(|{pattern}| if {test} {{ {inner}.collect::<Vec<_>>() }} else {{ Vec::new() }})"
                return f"{base}.flat_map(|{pattern}| {inner}.collect::<Vec<_>>())"
            elem = self.own(e.elem)
            if consume:
                elem = self.x(e.elem, AND + 1)
                joined = f"{test} && {elem}" if consume == "any" else f"!({test}) || {elem}"
                return f"{base}.{consume}(|{pattern}| {joined if test else elem})"
            if test:
                return f"{base}.filter_map(|{pattern}| if {test} {{ Some({elem}) }} else {{ None }})"
            return base if elem == pattern else f"{base}.map(|{pattern}| {elem})"

    def _comp(self, e: ir.Comp) -> tuple[str, int]:
        kind = {"list": "Vec<_>", "iter": "Vec<_>", "set": "HashSet<_>", "dict": "HashMap<_, _>"}[e.kind]
        return f"{self._chain(e, 0, e.kind in ('set', 'dict'))}.collect::<{kind}>()", PRIMARY

    def _quantified(self, e: ir.Intrinsic) -> tuple[str, int]:
        v = e.args[0]
        if isinstance(v, ir.Comp):
            return self._chain(v, 0, True, e.op), PRIMARY
        return f"{self.items(v, True)}.{e.op}(|item| item)", PRIMARY

    _op_any = _quantified
    _op_all = _quantified

    def _op_sum(self, e: ir.Intrinsic) -> tuple[str, int]:
        # The standard sum of no floats is -0.0.
        adding = "sum::<i64>()" if e.type == ir.INT else "fold(0.0, |sum, item| sum + item)"
        total = f"{self.items(e.args[0], e.type == ir.INT)}.{adding}"
        return (f"{self.x(e.args[1], ADD)} + {total}", ADD) if len(e.args) > 1 else (total, PRIMARY)

    def _op_to_list(self, e: ir.Intrinsic) -> tuple[str, int]:
        text = self.items(e.args[0])
        if isinstance(e.type, ir.ListT) and e.type.elem == ir.STR and e.args[0].type == ir.STR:
            text += ".map(|c| c.to_string())"
        return f"{text}.collect::<Vec<_>>()", PRIMARY

    def _op_to_set(self, e: ir.Intrinsic) -> tuple[str, int]:
        text = self.items(e.args[0], True)
        if isinstance(e.type, ir.SetT) and e.type.elem == ir.STR and e.args[0].type == ir.STR:
            text += ".map(|c| c.to_string())"
        return f"{text}.collect::<HashSet<_>>()", PRIMARY

    def _op_count_each(self, e: ir.Intrinsic) -> tuple[str, int]:
        text = self.items(e.args[0], True)
        if isinstance(e.type, ir.DictT) and e.type.key == ir.STR and e.args[0].type == ir.STR:
            text += ".map(|c| c.to_string())"
        return f"{self.helper('count_each')}({text})", PRIMARY

    def _key(self, key: ir.Expr) -> str:
        if not isinstance(key, ir.Lambda):
            return ""
        p = key.params[0]
        with self.closure([ir.VarTarget(p.name, type=p.type)]):
            n = self.name(p.name)
            body = key.body
            if isinstance(body, ir.Name) and body.id == p.name:
                return ""
            return f"|{n}| {{ let {n} = {n}.clone(); {self.own(body)} }}"

    def _sorted(self, e: ir.Intrinsic) -> str:
        obj, key, reverse = e.args
        source = self.items(obj, True)
        if (
            isinstance(obj.type, ir.ListT)
            and obj.type.elem == ir.STR
            and isinstance(obj, ir.Intrinsic)
            and obj.op == "to_list"
            and obj.args[0].type == ir.STR
        ):
            source += ".map(|c| c.to_string())"
        k = self._key(key)
        if (
            k
            and isinstance(obj, ir.Intrinsic)
            and obj.op == "to_list"
            and not isinstance(obj.args[0].type, ir.ListT | ir.P)
        ):
            # Equal keys keep the order in which the items come, which a map or set has not.
            source = self.items(obj)
        return f"{self.helper('sorted_by')}({source}, {k or '|item| item.clone()'}, {self.x(reverse)})"

    def _op_sorted(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._sorted(e), PRIMARY

    def _extreme(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, key, default = e.args
        k = self._key(key)
        found = f"{self.helper('greatest_by' if e.op == 'max_of' else 'least_by')}({self.items(obj, not k)}, {k or '|item| item.clone()'})"
        if isinstance(default, ir.Lit) and default.type == ir.NONE:
            return f'{found}.expect("at least one")', PRIMARY
        return f"{found}.unwrap_or({self.own(default)})", PRIMARY

    _op_max_of = _extreme
    _op_min_of = _extreme

    def _several(self, e: ir.Intrinsic) -> tuple[str, int]:
        if e.type not in (ir.INT, ir.FLOAT):
            raise Unsupported(f"{e.op} of several values of this type", "", e.line)
        text = self._numeric_receiver(e.args[0])
        for v in e.args[1:]:
            text = f"{text}.{e.op}({self.x(v)})"
        return text, PRIMARY

    _op_max = _several
    _op_min = _several

    # Formatted texts

    def _format(self, e: ir.Format) -> tuple[str, int]:
        text, args = "", list[str]()
        for p in e.parts:
            if p.value is None:
                text += p.text.replace("{", "{{").replace("}", "}}")
                continue
            kind, *rest = p.spec.split(":")
            if kind == "":
                text += "{}"
                args.append(self._shown(p.value))
            elif kind == "float" and rest[4] == "f" and rest[0] == ">":
                text += f"{{:{rest[1]}{rest[2]}.{rest[3]}}}"
                args.append(self.x(p.value))
            elif kind == "int" and rest[0] == ">":
                form = "" if rest[3] == "d" else rest[3]
                if form and not isinstance(p.value, ir.Lit):
                    raise Unsupported("digits of another base than ten", "", e.line)
                text += f"{{:{rest[1]}{rest[2]}{form}}}" if rest[1] or rest[2] or form else "{}"
                args.append(self.x(p.value))
            elif kind == "str":
                text += f"{{:{rest[0]}{rest[1]}}}"
                args.append(self._shown(p.value))
            else:
                raise Unsupported(f"format {p.spec}", "", e.line)
        if not args:
            return f"{rust_string(text.replace('{{', '{').replace('}}', '}'))}.to_string()", PRIMARY
        return f"format!({rust_string(text)}, {', '.join(args)})", PRIMARY

    # Statements

    def block(self, body: Sequence[ir.Stmt], tail: bool = False) -> None:
        """Statements. `tail` means that the last one may be the value of the function."""
        for i, s in enumerate(body):
            for c in s.comments:
                self.write(f"// {c}")
            start = len(self.lines)
            try:
                self.stmt(s, tail and i == len(body) - 1)
            except Unsupported as why:
                why.line = why.line or s.line
                raise
            if s.trailing and len(self.lines) == start + 1:
                self.lines[start] += f" // {s.trailing}"
        if tail and not body and self.fails:
            self.write("Ok(())")

    def stmt(self, s: ir.Stmt, tail: bool) -> None:
        """One statement."""
        match s:
            case ir.Assign():
                self._assign(s)
            case ir.AugAssign():
                self._augment(s)
            case ir.VarDecl():
                t = self.rust.type(s.type)
                self.write(
                    f"let mut {self.name(s.id)}: {t} = {'None' if isinstance(s.type, ir.OptionalT) else 'Default::default()'};"
                )
            case ir.ExprStmt():
                if not isinstance(s.value, ir.Lit | ir.Name):
                    if isinstance(s.value, ir.Intrinsic) and s.value.op == "print":
                        raise Unsupported("print", "", s.line)
                    self.write(f"{self.x(s.value)};")
                self._end(tail)
                return
            case ir.If():
                self._if(s, tail)
                return
            case ir.While():
                forever = isinstance(s.test, ir.Lit) and s.test.value is True
                with self.block_of("loop {" if forever else f"while {self.x(s.test)} {{"):
                    self.block(s.body)
            case ir.ForRange():
                step = ir.Lit(s.step, type=ir.INT)
                text = self.items(ir.Intrinsic("range", [s.start, s.stop, step], type=ir.IterT(ir.INT)))
                text = (
                    text[1:-1]
                    if text.startswith("(")
                    and text.endswith(")")
                    and text.count("(") == text[:-1].count("(")
                    and ".." in text
                    and abs(s.step) == 1
                    and s.step > 0
                    else text
                )
                used = any(isinstance(n, ir.Name) and n.id == s.target.id for b in s.body for n in ir.walk(b))
                with self.block_of(f"for {self.pattern(s.target, True) if used else '_'} in {text} {{"):
                    self.block(s.body)
            case ir.For():
                self._for(s)
            case ir.Return():
                self._return(s, tail)
                return
            case ir.Break():
                self.write("break;")
            case ir.Continue():
                self.write("continue;")
            case ir.Raise():
                self._raise(s)
                return
            case ir.Pass():
                pass
            case ir.Hole():
                raise Unsupported(s.reason, s.construct, s.line)
            case _:
                raise Unsupported(f"statement {type(s).__name__}", "", s.line)
        if not (isinstance(s, ir.While) and isinstance(s.test, ir.Lit)):
            self._end(tail)

    def _end(self, tail: bool) -> None:
        if tail and self.fails:
            self.write("Ok(())")

    def _return(self, s: ir.Return, tail: bool) -> None:
        if s.value is None:
            value = "()" if self.fails else ""
        elif isinstance(s.value, ir.Name) and s.value.id not in self.by_ref and s.value.id in self.names:
            value = self.name(s.value.id)
        else:
            value = self.own(s.value)
        value = f"Ok({value})" if self.fails else value
        if tail:
            if value:
                self.write(value)
        else:
            self.write(f"return {value};" if value else "return;")

    def _raise(self, s: ir.Raise) -> None:
        if not isinstance(s.error, ir.New):
            raise Unsupported("raise of a value", "", s.line)
        message = next((a for n, a in s.error.args if n == "message"), ir.Lit("", type=ir.STR))
        if s.error.cls in ir.STOPPING_ERRORS:
            self.write(f'panic!("{{}}", {self._shown(message)});')
            return
        kind = ERROR_KINDS.get(s.error.cls)
        if kind is None or not self.fails:
            raise Unsupported(f"raise of {s.error.cls}", "", s.line)
        self.rust.errors.add(kind)
        self.write(f"return Err(Error::{kind}({self.own(message)}));")

    def _if(self, s: ir.If, tail: bool) -> None:
        self.write(f"if {self.x(s.test)} {{")
        while True:
            self.depth += 1
            self.block(s.body, tail)
            self.depth -= 1
            if len(s.orelse) == 1 and isinstance(s.orelse[0], ir.If) and not s.orelse[0].comments:
                s = s.orelse[0]
                self.write(f"}} else if {self.x(s.test)} {{")
                continue
            break
        if s.orelse or (tail and self.fails):
            self.write("} else {")
            self.depth += 1
            self.block(s.orelse, tail)
            self.depth -= 1
        self.write("}")

    def _for(self, s: ir.For) -> None:
        targets = stores([ir.For(s.target, s.iter, [])])
        for t in targets & self.changed:
            raise Unsupported("a loop variable that is changed in place, which its list sees", t, s.line)
        roots = {self._root(n) for n in ir.walk(s.iter) if isinstance(n, ir.Expr)} - {""}
        inside = {
            self._root(n.args[0])
            for b in s.body
            for n in ir.walk(b)
            if isinstance(n, ir.Intrinsic) and n.op in _MUTATING and n.args
        }
        inside |= {self._root(n.obj) for b in s.body for n in ir.walk(b) if isinstance(n, ir.IndexTarget)}
        if roots & inside:
            raise Unsupported("a list that changes while it is iterated over", "", s.line)
        assigned = stores(s.body) & roots
        text = self.bound(s.iter, s.target)
        if assigned or roots & self.changed:
            # The loop goes on over what the list was when it began, while its variable may take another.
            text = f"{text}.collect::<Vec<_>>()"
        with self.block_of(f"for {self.pattern(s.target, True)} in {text} {{"):
            self.block(s.body)

    def _assign(self, s: ir.Assign) -> None:
        t = s.target
        if isinstance(t, ir.TupleTarget):
            self._unpack(s, t)
            return
        if isinstance(t, ir.IndexTarget):
            value = self.own(s.value)
            if isinstance(t.obj.type, ir.DictT):
                self.write(f"{self._changing(t.obj)}.insert({self.own(t.index)}, {value});")
                return
            target = self._op_list_index(ir.Intrinsic("list.index", [t.obj, t.index], type=t.type))[0]
            self.write(f"{target} = {value};")
            return
        if not isinstance(t, ir.VarTarget):
            raise Unsupported("a target of this kind", "", s.line)
        if self.rust.mutable(s.value.type) and t.id in self.changed and self._is_place(s.value):
            raise Unsupported("two names for one list that changes", t.id, s.line)
        value = self.own(s.value)
        if t.declares:
            mut = "mut " if t.id in self.often | self.changed else ""
            self.write(f"let {mut}{self.name(t.id)}: {self.rust.type(t.type)} = {value};")
        else:
            self.write(f"{self.name(t.id)} = {value};")

    def _unpack(self, s: ir.Assign, target: ir.TupleTarget) -> None:
        if isinstance(s.value.type, ir.ListT):
            raise Unsupported("unpacking a list", "", s.line)
        value = self.own(s.value)
        declares = [isinstance(t, ir.VarTarget) and t.declares for t in target.elems]
        if all(declares):
            self.write(f"let {self.pattern(target, True)} = {value};")
            return
        if any(declares):
            raise Unsupported("an assignment that declares some of its targets", "", s.line)
        lefts: list[str] = []
        assigned: set[str] = set()
        for t in target.elems:
            read = {n.id for n in ir.walk(t) if isinstance(n, ir.Name)}
            if read & assigned:
                raise Unsupported("an assignment to several targets of which one decides another", "", s.line)
            if isinstance(t, ir.VarTarget):
                assigned.add(t.id)
                lefts.append(self.name(t.id))
            elif isinstance(t, ir.IndexTarget) and isinstance(t.obj.type, ir.ListT):
                lefts.append(
                    self._op_list_index(ir.Intrinsic("list.index", [t.obj, t.index], type=t.type))[0]
                )
            else:
                raise Unsupported("an assignment to these targets", "", s.line)
        self.write(f"({', '.join(lefts)}) = {value};")

    def _augment(self, s: ir.AugAssign) -> None:
        t = s.target
        if isinstance(t, ir.IndexTarget):
            if s.op == "str.concat":
                raise Unsupported("a text in a list that grows", "", s.line)
            sign = _INFIX.get(s.op, ("", 0))[0]
            if not sign:
                raise Unsupported(f"augmented assignment {s.op}", "", s.line)
            if isinstance(t.obj.type, ir.DictT):
                where = f"*{self._changing(ir.Intrinsic('dict.index', [t.obj, t.index], type=t.type))}"
                if not t.obj.type.zero:
                    raise Unsupported("an entry of a map that may be missing", "", s.line)
            else:
                where = self._op_list_index(ir.Intrinsic("list.index", [t.obj, t.index], type=t.type))[0]
            self.write(f"{where} {sign}= {self.x(s.value)};")
            return
        if not isinstance(t, ir.VarTarget):
            raise Unsupported("a target of this kind", "", s.line)
        if s.op == "str.concat":
            value = s.value
            if isinstance(value, ir.Intrinsic) and value.op == "char.to_str":
                self.write(f"{self.name(t.id)}.push({self.x(value.args[0])});")
            else:
                self.write(f"{self.name(t.id)}.push_str({self.ref(value)});")
            return
        sign = {"int.shl": "<<", "int.shr": ">>"}.get(s.op) or _INFIX.get(s.op, ("", 0))[0]
        if not sign:
            raise Unsupported(f"augmented assignment {s.op}", "", s.line)
        self.write(f"{self.name(t.id)} {sign}= {self.x(s.value)};")


def emit(module: ir.Module, source: str = "") -> RustFile:
    """The module as one Rust file; `source` is the text that holes quote from."""
    return RustModule(module, source).emit()


__all__ = ["ERROR_KINDS", "RustFile", "RustModule", "emit"]
