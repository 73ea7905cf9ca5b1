"""The Rust emitter: an analysed module becomes safe Rust with owned values and explicit failure.

Values are owned: a text is a `String`, a list a `Vec`. A parameter is borrowed, exclusively where the function changes
it; a variable is moved where it is used for the last time and copied elsewhere. Two names for one object that changes
have no counterpart in that, and are declined. An operation that fails with an error that callers may handle makes the
function return a `Result`; a mistake in the program panics.
"""

# ruff: noqa: E501, S101 - templates of Rust read best on one line; assertions narrow types.
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from foundation_specs.model import LanguageId

from foundation_engine.port import ir
from foundation_engine.port.bytewise import loop_over_bytes
from foundation_engine.port.conditions import test_in_turn
from foundation_engine.port.emit import _rust_times as times
from foundation_engine.port.emit._files import Cut, joined
from foundation_engine.port.emit._names import is_special, pascal, snake
from foundation_engine.port.emit._rust_body import FunctionWriter, drop_unread
from foundation_engine.port.emit._rust_crate import crate
from foundation_engine.port.emit._rust_errors import CONSTRUCTORS, RustErrors
from foundation_engine.port.emit._rust_helpers import HELPERS
from foundation_engine.port.emit._rust_locals import SHADOW, by_letter, is_table, only_looked_up, shadowing
from foundation_engine.port.emit._rust_nested import lift_recursive
from foundation_engine.port.emit._rust_ownership import RUNTIME_OBJECTS, Borrows, Ownership
from foundation_engine.port.emit._rust_patterns import RUNTIME_TYPES, Patterns
from foundation_engine.port.emit._rust_words import (
    KEYWORDS,
    TYPES,
    documented,
    rust_char,
    rust_float,
    rust_string,
)
from foundation_engine.port.emit.templates import Templates
from foundation_engine.port.entries import take_values_first
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.letters import compare_as_characters
from foundation_engine.port.locks import by_borrowing
from foundation_engine.port.order import LOST, loses_order, made_of_sorted
from foundation_engine.port.passes import Effects
from foundation_engine.port.scan import scan_bytes
from foundation_engine.port.sequence import sequence
from foundation_engine.port.simplify import simplify

# Operations that a constant list of texts keeps its elements borrowed in.
_BORROWING = frozenset({"list.contains", "len", "list.index", "nonempty"})


@dataclass
class RustFile:
    """What the Rust emitter makes of a module."""

    source: str
    holes: list[Unsupported]
    functions: list[tuple[str, str, int, int]]
    crates: frozenset[str] = frozenset()
    # Of a package, the crate's root and the text of each source file's module by its path.
    root: str = ""
    parts: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class _Settings:
    """What is known only after a first writing: the second one begins with it."""

    ordered: bool = False
    keyed: set[str] = field(default_factory=set[str])
    valued: set[str] = field(default_factory=set[str])
    loaded: set[str] = field(default_factory=set[str])
    commands: set[str] = field(default_factory=set[str])
    declined: set[str] = field(default_factory=set[str])
    failures: set[str] = field(default_factory=set[str])


class RustModule:
    """Names, types and helpers of the generated file."""

    def __init__(
        self,
        module: ir.Module,
        source: str = "",
        settings: _Settings | None = None,
        dialect: str = "foundation",
        quotes_python: bool = False,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        by_borrowing(module)
        self.module = simplify(module, steps=True)
        self.positions = scan_bytes(self.module)
        for _, f in self.module.functions():
            compare_as_characters(f)
        test_in_turn(self.module, again=True)
        loop_over_bytes(self.module, adding=False)
        self.lifted = lift_recursive(module)
        take_values_first(module, known=True)
        sequence(self.module, Borrows(self.copies))
        for d in module.definitions:
            for f in [d] if isinstance(d, ir.Function) else d.methods if isinstance(d, ir.Class) else []:
                drop_unread(f.body)
                shadowing(f)
        self.source = source.splitlines()
        self.sources: dict[str, list[str]] = {p: t.splitlines() for p, t in (sources or {}).items()}
        self.settings = settings or _Settings()
        self.templates = Templates(LanguageId.RUST, dialect)
        self.effects = Effects(module)
        self.effects.run()
        self.ownership = Ownership(module)
        self.errors = RustErrors(module, self.effects, self.settings.failures)
        self.error_constructors = CONSTRUCTORS
        self.ordered = self.settings.ordered
        self.map = "IndexMap" if self.ordered else "HashMap"
        self.wants_order = False
        self.json = any(
            isinstance(n, ir.Intrinsic) and (n.op == "http.json" or n.op.startswith("json."))
            for d in module.definitions
            for n in ir.walk(d)
        )
        # What sleeps on our clock looks at it, too.
        self.sleeps = any(
            isinstance(n, ir.Intrinsic) and n.op == "sleep" for d in module.definitions for n in ir.walk(d)
        )
        # A quoted text that is only part of an error's message may have Rust's quotes.
        self.of_python = quotes_python
        self.quotes = quotes_python and any(_shows_quotes(d) for d in module.definitions)
        self.keyed: set[str] = set(self.settings.keyed)
        self.valued: set[str] = set(self.settings.valued)
        self.loaded: set[str] = set(self.settings.loaded)
        self.commands: set[str] = set()
        self.declined: set[str] = set(self.settings.declined)  # types of the module that have no counterpart
        self.uses: set[str] = set()
        self.crates: set[str] = set()
        self.helpers: set[str] = set()
        self.holes: list[Unsupported] = []
        self.functions: dict[str, str] = {}
        self.constants: dict[str, Type] = {}
        self.constant_kinds: dict[str, str] = {}
        self.tables: dict[
            str, bool
        ] = {}  # maps that are functions, and whether they are asked for a character
        for d in module.definitions:
            if isinstance(d, ir.Function):
                self.functions[d.name] = self.local(d.name.lstrip("_") or d.name)
            elif isinstance(d, ir.Constant):
                self.constants[d.name] = d.type
        for d in module.definitions:
            if isinstance(d, ir.Constant):
                self.constant_kinds[d.name] = self._constant_kind(d)
        self.taken = {*self.functions.values(), *map(self.constant_name, self.tables)}
        # A variable of a helper's name would hide it.
        used = self.taken | {
            self.local(n.id.partition(SHADOW)[0] if isinstance(n, ir.VarTarget) else n.name)
            for d in module.definitions
            for n in ir.walk(d)
            if isinstance(n, ir.VarTarget | ir.Param)
        }
        self.helper_names = {h: f"exact_{h}" if h in used else h for h in HELPERS}
        # What can fail in Rust's sense: its own errors, those of what it calls, and those of its patterns.
        self.failing = {
            key: bool(f.raises) or any(p.pattern_id != "cli_framework" for p in f.patterns)
            for key, f in self.ownership.functions.items()
        }
        self._failing_clients()

    def fixed(self, e: ir.PatternNew) -> bool:
        """True for an object whose settings the source itself tells."""
        return all(
            isinstance(v, ir.Lit | ir.ListLit) or (isinstance(v, ir.Name) and v.id in self.constants)
            for v in e.arguments.values()
        )

    def _failing_clients(self) -> None:
        """Making an HTTP client may fail in Rust alone, and with it the functions that make one of what they get."""
        for key, f in self.ownership.functions.items():
            if any(
                isinstance(n, ir.PatternNew) and n.pattern_id == "http_client" and not self.fixed(n)
                for s in f.body
                for n in ir.walk(s)
            ):
                self.failing[key] = True
        more = True
        while more:
            more = False
            for key, f in self.ownership.functions.items():
                calls = (self.ownership.callee(n) for s in f.body for n in ir.walk(s))
                if not self.failing[key] and any(c is not None and self.failing[c[0]] for c in calls):
                    self.failing[key] = more = True

    def differ(self, sentence: str) -> None:
        """State a difference once."""
        self.module.differ(sentence)

    # Names

    def local(self, name: str) -> str:
        """The name of a variable or function."""
        made = name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else snake(name)
        if made == "_":
            return "_unused"
        return f"{made}_" if made in KEYWORDS or made == "vec" else made

    def class_name(self, name: str) -> str:
        """The name of a type of the module."""
        made = pascal(name, initialisms=False)
        if made in TYPES and isinstance(self.module.find(name), ir.Class | ir.EnumClass | ir.Protocol):
            own = f"{pascal(self.module.name, initialisms=False)}{made}"
            self.differ(f"{name} is {own} in Rust, where {made} is another type.")
            return own
        return made

    def method(self, name: str) -> str:
        """The name of a method."""
        return snake(name) if is_special(name) else self.local(name.lstrip("_") or name)

    def field(self, t: Type, name: str) -> str:
        """The name of a field of an object of a type."""
        d = self.module.find(t.name) if isinstance(t, ir.NamedT) else None
        made = name.lstrip("_") or name
        if isinstance(d, ir.Class) and made != name and any(f.name == made for f in d.fields):
            return self.local(name)
        return self.local(made)

    def constant_name(self, name: str) -> str:
        """The name of a constant, or of the function that a map is."""
        if name not in self.tables:
            return snake(name).upper()
        made = f"{snake(name).lower().lstrip('_')}_of"
        while made in self.functions.values():
            made += "_"
        return made

    # Types

    def copies(self, t: Type) -> bool:
        """True when values of the type are copied by themselves."""
        match t:
            case ir.P(kind):
                return kind in (
                    ir.Prim.INT,
                    ir.Prim.FLOAT,
                    ir.Prim.BOOL,
                    ir.Prim.CHAR,
                    ir.Prim.NONE,
                    ir.Prim.DURATION,
                    ir.Prim.INSTANT,
                    *(of.kind for of in (ir.TIME, ir.NAIVE, ir.DATE, ir.DELTA)),
                )
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
            case ir.NamedT():
                return self.ownership.changes_inside(t)
            case _:
                return False

    def is_service(self, t: Type) -> bool:
        """True for a protocol."""
        return isinstance(t, ir.NamedT) and isinstance(self.module.find(t.name), ir.Protocol)

    def is_shared(self, t: Type) -> bool:
        """True for what is behind an `Arc` where it is kept."""
        return self.is_service(t) or (
            isinstance(t, ir.NamedT) and t.name in RUNTIME_OBJECTS and self.module.find(t.name) is None
        )

    def is_error(self, t: Type) -> bool:
        """True for a value that is an error."""
        return t == ir.ERROR or (
            isinstance(t, ir.NamedT)
            and t.name in self.errors.tree.bases
            and not isinstance(self.module.find(t.name), ir.Class)
        )

    def cloneable(self, t: Type, seen: frozenset[str] = frozenset()) -> bool:
        """True when a value can be copied."""
        match t:
            case ir.ListT(elem) | ir.OptionalT(elem) | ir.SetT(elem):
                return self.cloneable(elem, seen)
            case ir.DictT(key, value):
                return self.cloneable(key, seen) and self.cloneable(value, seen)
            case ir.TupleT(elems):
                return all(self.cloneable(e, seen) for e in elems)
            case ir.NamedT(name):
                d = self.module.find(name)
                if isinstance(d, ir.Class):
                    return name in seen or all(self.cloneable(f.type, seen | {name}) for f in d.fields)
                return (
                    d is not None
                    or name in ("Logger", "HttpClient", "RetryPolicy", "HttpResponse", "ProcessResult")
                    or name in self.ownership.shared_objects
                )
            case _:
                return not self.is_error(t)

    def _derivable(self, t: Type, what: str, seen: frozenset[str] = frozenset()) -> bool:
        """True when `Debug` or `PartialEq` can be derived for what holds the type."""
        match t:
            case ir.ListT(elem) | ir.OptionalT(elem) | ir.SetT(elem):
                return self._derivable(elem, what, seen)
            case ir.DictT(key, value):
                return self._derivable(key, what, seen) and self._derivable(value, what, seen)
            case ir.TupleT(elems):
                return all(self._derivable(e, what, seen) for e in elems)
            case ir.FuncT():
                return False
            case ir.NamedT(name):
                d = self.module.find(name)
                if isinstance(d, ir.Class):
                    return name in seen or all(self._derivable(f.type, what, seen | {name}) for f in d.fields)
                if d is None and name in RUNTIME_OBJECTS:
                    return what == "Debug"
                return not isinstance(d, ir.Protocol)
            case _:
                return True

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
                    "bytes": "Vec<u8>",
                }.get(kind.value)
                if kind is ir.Prim.ERROR:
                    self.errors.used = True
                    return "Error"
                if kind is ir.Prim.ANY and self.json:
                    return "serde_json::Value"
                if kind is ir.Prim.DURATION:
                    self.uses.add("std::time::Duration")
                    return "Duration"
                if t in times.TYPES:
                    return times.TYPES[t]
                if kind is ir.Prim.INSTANT and self.sleeps:
                    return "f64"
                if kind is ir.Prim.INSTANT:
                    self.uses.add("std::time::Instant")
                    return "Instant"
                if made is None:
                    raise Unsupported(f"a value of type {kind.value}")
                return made
            case ir.ListT(elem):
                return f"Vec<{self.type(elem)}>"
            case ir.DictT(key, value):
                return f"{self.map}<{self._key(key)}, {self.type(value)}>"
            case ir.SetT(elem):
                return f"HashSet<{self._key(elem)}>"
            case ir.TupleT(elems):
                return f"({', '.join(self.type(e) for e in elems)}{',' if len(elems) == 1 else ''})"
            case ir.OptionalT(elem):
                return f"Option<{self.type(elem)}>"
            case ir.FuncT():
                self.uses.add("std::sync::Arc")
                return f"Arc<{self.signature(t)} + Send + Sync>"
            case ir.NamedT(name):
                d = self.module.find(name)
                if name in self.settings.declined:
                    raise Unsupported(f"a value of type {name}, which is not ported")
                if isinstance(d, ir.EnumClass | ir.Class):
                    return self.class_name(name)
                if isinstance(d, ir.Protocol):
                    self.uses.add("std::sync::Arc")
                    return f"Arc<dyn {self.class_name(name)}>"
                if isinstance(d, ir.ErrorClass):
                    return self.class_name(name)
                if name in RUNTIME_TYPES:
                    self.uses.add(RUNTIME_TYPES[name])
                    made = RUNTIME_TYPES[name].rpartition("::")[2]
                    if name in self.ownership.shared_objects:
                        self.uses.add("std::sync::Arc")
                        return f"Arc<{made}>"
                    return made
                raise Unsupported(f"a value of type {name}")
            case ir.RegexT() | ir.MatchT():
                made = "Regex" if isinstance(t, ir.RegexT) else "Captures"
                self.uses.add(f"regex::{made}")
                return made if isinstance(t, ir.RegexT) else f"{made}<'_>"
            case _:
                raise Unsupported(f"a value of type {ir.type_text(t)}")

    def signature(self, t: ir.FuncT) -> str:
        """The trait of a callable, as a trait object."""
        result = self.result(t.result, t.raises)
        return f"dyn Fn({', '.join(self.param(p) for p in t.params)}){' -> ' + result if result else ''}"

    def result(self, t: Type, fails: bool) -> str:
        """What stands behind the arrow, "" for nothing."""
        made = "" if t == ir.NONE else self.type(t)
        if fails:
            self.errors.used = True
            return f"Result<{made or '()'}, Error>"
        return made

    def _key(self, t: Type) -> str:
        def hashable(k: Type, seen: frozenset[str] = frozenset()) -> bool:
            if isinstance(k, ir.TupleT):
                return all(hashable(e, seen) for e in k.elems)
            if isinstance(k, ir.OptionalT):
                return hashable(k.elem, seen)
            if isinstance(k, ir.NamedT):
                d = self.module.find(k.name)
                inside = seen | {k.name}
                if k.name in seen or (
                    isinstance(d, ir.Class) and d.frozen and all(hashable(f.type, inside) for f in d.fields)
                ):
                    self.keyed.add(k.name)
                    return True
                return isinstance(d, ir.EnumClass)
            return k in (ir.INT, ir.STR, ir.BOOL, ir.CHAR) or k in times.TYPES

        if not hashable(t):
            raise Unsupported(f"keys of type {ir.type_text(t)}, which have no hash")
        return self.type(t)

    def param(self, t: Type, changed: bool = False, kept: bool = False) -> str:
        """The type of a parameter: borrowed when it is not copied, exclusively when its function changes it."""
        if changed:
            if isinstance(t, ir.OptionalT | ir.TupleT | ir.P | ir.FuncT) or self.is_shared(t):
                raise Unsupported(
                    f"a parameter of type {ir.type_text(t)} that is changed in place, which the caller sees"
                )
            return f"&mut {self.type(t)}"
        if kept:
            return self.type(t)
        match t:
            case ir.P(ir.Prim.STR):
                return "&str"
            case ir.P(ir.Prim.BYTES):
                return "&[u8]"
            case ir.ListT(elem):
                return f"&[{self.type(elem)}]"
            case ir.OptionalT() | ir.TupleT():
                return self.type(t)
            case ir.FuncT():
                return f"impl {self.signature(t).removeprefix('dyn ')}"
            case ir.NamedT(name) if self.is_service(t):
                return f"&dyn {self.class_name(name)}"
            case _:
                return (
                    self.type(t)
                    if self.copies(t)
                    else f"&{self.type(t).removeprefix('Arc<').removesuffix('>') if self.is_shared(t) and self.type(t).startswith('Arc<') else self.type(t)}"
                )

    def borrowed(self, t: Type) -> bool:
        """True when a parameter of the type is passed by reference."""
        return not self.copies(t) and not isinstance(t, ir.OptionalT | ir.TupleT | ir.FuncT)

    # The file

    def emit(self) -> RustFile:
        """The source file."""
        body: list[str] = []
        functions: list[tuple[str, str, int, int]] = []
        cut = Cut(self.module)
        before, inner = 0, False
        for d in self.module.definitions:
            body.extend(cut.mark(d))
            if self.module.files:
                # Holes quote the file that they are in.
                self.source = self.sources.get(cut.path(d), [])
            # Holes of a function that was inside of another one are the other one's.
            before = before if inner else len(self.holes)
            inner = isinstance(d, ir.Function) and d.name in self.lifted
            try:
                lines = self._definition(d, functions)
            except Unsupported as why:
                why.line = why.line or d.line
                self.holes.append(why)
                if isinstance(d, ir.Class | ir.EnumClass | ir.Protocol):
                    self.declined.add(d.name)
                lines = (
                    self._stub(d, why)
                    if isinstance(d, ir.Function)
                    else [f"// Not ported: {getattr(d, 'name', '')}: {why.reason}."]
                )
            if isinstance(d, ir.Function) and not inner:
                functions.append((d.name, self.functions[d.name], d.line, len(self.holes) - before))
            body.extend([*lines, ""])
            cut.place(self.holes, d)
        body.extend(cut.mark(None))
        written = joined(body)
        self.helpers = {h for h in self.helpers if re.search(rf"\b{self.helper_names[h]}\b", written)}
        helpers = self._needed()
        if any("Error" in HELPERS[h][1] for h in helpers):
            self.errors.used = True
        kind = self.errors.definitions(self)
        if kind:
            body.extend([*kind, ""])
        body.extend([*self.errors.rewording(), *self.errors.exhausted()])
        for h in sorted(helpers):
            doc, text, uses = HELPERS[h]
            text = re.sub(r"\bHashMap\b", self.map, text)
            for name in (h, *uses):
                text = re.sub(rf"(?<![.\w]){name}\(", f"{self.helper_names[name]}(", text)
                text = re.sub(rf"\bfn {name}<", f"fn {self.helper_names[name]}<", text)
            body.extend([f"/// {doc}", *text.strip().splitlines(), ""])
        text = joined(body)
        head = [f"//! {line}".rstrip() for line in self.module.doc.splitlines()]
        uses = self._imports(text)
        if uses:
            head.extend(["", *uses])
        crates = set(self.crates)
        if re.search(r"\bfoundation::|\bFoundationError\b", "\n".join([*uses, text])):
            crates.add("foundation")
        if any(u.startswith("use backon::") for u in uses):
            crates.add("backon")
        if "serde_json::" in text:
            crates.add("serde_json")
        if any(u.startswith("use regex::") for u in uses):
            crates.add("regex")
        if any(u.startswith("use chrono::") for u in uses):
            crates.add("chrono")
        if self.ordered and "IndexMap" in text:
            crates.add("indexmap")
        made = RustFile("\n".join([*head, "", text]).strip() + "\n", self.holes, functions, frozenset(crates))
        if self.module.files:
            made.root, made.parts = crate(self.module, cut.parts(body), self._imports)
        return made

    def _imports(self, text: str) -> list[str]:
        uses = set(self.uses)
        uses.update(
            f"std::collections::{n}"
            for n in ("BTreeSet", "HashMap", "HashSet")
            if re.search(rf"\b{n}\b", text)
        )
        uses.update(
            u
            for u, n in (
                ("indexmap::IndexMap", "IndexMap"),
                ("std::sync::Arc", "Arc"),
                ("std::sync::LazyLock", "LazyLock"),
                ("foundation::clock", "clock"),
            )
            if re.search(rf"\b{n}\b", text)
        )
        uses.update(f"chrono::{n}" for n in times.NAMES if re.search(rf"(?<![:\w]){n}\b", text))
        traits = {n for n, used in times.TRAITS.items() if re.search(used, text)}
        if any(u.startswith("chrono::") for u in uses):
            uses.update(f"chrono::{n}" for n in traits)
        if self.errors.plain and re.search(r"\bError\b", text):
            uses.add("foundation::errors::Error")
        out: dict[str, set[str]] = {}
        for u in uses:
            path, _, names = u.rpartition("::")
            if "{" in u:
                path, _, names = u.partition("::{")
                names = names.rstrip("}")
            for n in names.split(","):
                name = n.strip()
                shown = name.rpartition(" as ")[2]
                # A trait is used by its methods.
                if shown == "BlockingRetryable" or shown in traits or re.search(rf"\b{shown}\b", text):
                    out.setdefault(path, set()).add(name)
        lines = [
            f"use {path}::{next(iter(names)) if len(names) == 1 else '{' + ', '.join(sorted(names)) + '}'};"
            for path, names in sorted(out.items())
        ]
        return [
            *(x for x in lines if x.startswith("use std")),
            *(
                [""]
                if any(x.startswith("use std") for x in lines)
                and any(not x.startswith("use std") for x in lines)
                else []
            ),
            *(x for x in lines if not x.startswith("use std")),
        ]

    def _stub(self, f: ir.Function, why: Unsupported, cls: ir.Class | None = None) -> list[str]:
        """A function that was not ported, so that its callers compile."""
        lines = [f"// {self.source[why.line - 1].strip()}"] if 0 < why.line <= len(self.source) else []
        key = (cls.name if cls else "", f.name)
        try:
            params = [
                f"_{self.local(p.name).lstrip('_')}: {self.param(p.type, p.name in self.ownership.changed[key], p.name in self.ownership.kept[key])}"
                for p in f.params
            ]
            if cls is not None and f.kind != "static":
                params.insert(0, "&mut self" if "self" in self.ownership.changed[key] else "&self")
            result = self.result(f.result, self.failing[key])
        except Unsupported:
            return [f"// Not ported: {f.name}: {why.reason}."]
        name = self.method(f.name) if cls else self.functions[f.name]
        head = f"pub fn {name}({', '.join(params)}){' -> ' + result if result else ''} {{"
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

    def _definition(self, d: ir.Definition, functions: list[tuple[str, str, int, int]]) -> list[str]:
        match d:
            case ir.Function():
                return FunctionWriter(self, None).function(d)
            case ir.Constant():
                return self._constant(d)
            case ir.EnumClass():
                return self._enum(d)
            case ir.Class():
                return self._class(d, functions)
            case ir.ErrorClass():
                return self._error_class(d)
            case ir.Protocol():
                return self._protocol(d)
            case ir.Declined():
                return [f"// Not ported: {d.name}: {d.reason}."]

    def _doc(self, doc: str, comments: list[str] | None = None) -> list[str]:
        return [
            *(f"// {c}".rstrip() for c in comments or ()),
            *documented(doc),
        ]

    # Constants

    def _constant_kind(self, d: ir.Constant) -> str:
        if isinstance(d.value, ir.Lit) and d.type == ir.STR:
            return "str"
        if (
            isinstance(d.value, ir.DictLit)
            and is_table(d.value, self.copies)
            and not self.module.files
            and only_looked_up(d.name, self.module)
        ):
            self.tables[d.name] = by_letter(d.value, d.name, self.module.definitions)
            return "table"
        known = isinstance(d.value, ir.Intrinsic) and all(isinstance(a, ir.Lit) for a in d.value.args)
        if d.type in (ir.DATE, ir.DELTA) and known:
            return "value"
        if (
            isinstance(d.value, ir.Lit | ir.Intrinsic)
            and self.copies(d.type)
            and not isinstance(d.type, ir.OptionalT)
        ):
            return "value" if isinstance(d.value, ir.Lit) else "lazy"
        if isinstance(d.value, ir.ListLit) and isinstance(d.type, ir.ListT) and d.value.elems:
            simple = all(isinstance(v, ir.Lit | ir.EnumMember) for v in d.value.elems)
            if simple and self.copies(d.type.elem):
                return "array"
            if simple and d.type.elem == ir.STR and self._only_read(d.name):
                return "texts"
        return "lazy"

    def _only_read(self, name: str) -> bool:
        """True when a constant list of texts is only searched, counted, indexed and gone through."""
        total = good = 0
        for d in self.module.definitions:
            for n in ir.walk(d):
                if isinstance(n, ir.Name) and n.id == name:
                    total += 1
                if (
                    isinstance(n, ir.Intrinsic)
                    and n.op in _BORROWING
                    and isinstance(n.args[0], ir.Name)
                    and n.args[0].id == name
                ):
                    good += 1
        return total == good

    def _constant(self, d: ir.Constant) -> list[str]:
        writer = FunctionWriter(self, None)
        writer.can_fail = False
        name = self.constant_name(d.name)
        doc = [f"/// {c}".rstrip() for c in d.comments]
        tail = f" // {d.trailing}" if d.trailing else ""
        visibility = "" if d.name.startswith("_") else "pub "
        match self.constant_kinds[d.name]:
            case "str":
                assert isinstance(d.value, ir.Lit)
                return [*doc, f"{visibility}const {name}: &str = {rust_string(d.value.value)};{tail}"]
            case "table":
                assert isinstance(d.value, ir.DictLit)
                key, value = writer.table_types(d.value, self.tables[d.name])
                value = "&'static str" if value == "&str" else value
                with writer.block_of(f"{visibility}fn {name}(key: {key}) -> Option<{value}> {{"):
                    writer.table(d.value, self.tables[d.name])
                return [*doc, *([f"//{tail[3:]}"] if tail else []), *writer.lines]
            case "value":
                return [*doc, f"{visibility}const {name}: {self.type(d.type)} = {writer.own(d.value)};{tail}"]
            case "array":
                assert isinstance(d.value, ir.ListLit)
                assert isinstance(d.type, ir.ListT)
                items = ", ".join(writer.own(v) for v in d.value.elems)
                return [
                    *doc,
                    f"{visibility}const {name}: [{self.type(d.type.elem)}; {len(d.value.elems)}] = [{items}];{tail}",
                ]
            case "texts":
                assert isinstance(d.value, ir.ListLit)
                items = ", ".join(writer.ref(v) for v in d.value.elems)
                return [*doc, f"{visibility}const {name}: [&str; {len(d.value.elems)}] = [{items}];{tail}"]
            case _:
                made = writer.own(d.value)
                if d.type in times.TYPES:
                    raise Unsupported("a constant that is a computed date or time", d.name, d.line)
                if isinstance(d.type, ir.FuncT) or self.is_service(d.type):
                    raise Unsupported("a constant that is a function or a service", d.name, d.line)
                shown = self.type(d.type)
                return [
                    *doc,
                    f"{visibility}static {name}: LazyLock<{shown}> = LazyLock::new(|| {made});{tail}",
                ]

    # Types of the module

    def _enum(self, d: ir.EnumClass) -> list[str]:
        name = self.class_name(d.name)
        lines = [
            *self._doc(d.doc, d.comments),
            "#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]",
            f"pub enum {name} {{",
        ]
        lines += [*(f"    {pascal(n, initialisms=False)}," for n, _ in d.members), "}"]
        if d.name in self.valued and all(isinstance(v, str | int) for _, v in d.members):
            kind = "&'static str" if d.string_valued else "i64"
            arms = [
                f"            Self::{pascal(n, initialisms=False)} => {rust_string(v) if isinstance(v, str) else v},"
                for n, v in d.members
            ]
            lines += [
                "",
                f"impl {name} {{",
                "    /// The value that stands for the member.",
                f"    pub fn value(self) -> {kind} {{",
                "        match self {",
                *arms,
                "        }",
                "    }",
            ]
            lines.append("}")
        return lines

    def _error_class(self, d: ir.ErrorClass) -> list[str]:
        name = self.class_name(d.name)
        # An error around another one holds it in a box, of a type that is not copied.
        around = any(p.type == ir.ERROR for p in d.params) and d.message is not None
        lines = [*self._doc(d.doc, d.comments), "#[derive(Debug)]" if around else "#[derive(Clone, Debug)]"]
        if d.message is None:
            lines.append(f"pub struct {name}(pub String);")
            shown = ["f.write_str(&self.0)"]
        else:
            lines += [
                f"pub struct {name} {{",
                *(
                    f"    pub {self.local(p.name)}: {'Box<Error>' if p.type == ir.ERROR else self.type(p.type)},"
                    for p in d.params
                ),
                "}",
            ]
            writer = FunctionWriter(self, None)
            writer.can_fail = False
            for p in d.params:
                writer.names[p.name] = f"self.{self.local(p.name)}"
            shown = [writer.written(d.message)]
        lines += [
            "", f"impl std::fmt::Display for {name} {{", "    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {",
            *(f"        {s}" for s in shown), "    }", "}", "", f"impl std::error::Error for {name} {{}}",
        ]  # fmt: skip
        return lines

    def _protocol(self, d: ir.Protocol) -> list[str]:
        lines = [*self._doc(d.doc, d.comments), f"pub trait {self.class_name(d.name)}: Send + Sync {{"]
        for i, m in enumerate(d.methods):
            lines += [""] if i else []
            params = ", ".join(["&self", *(f"{self.local(p.name)}: {self.param(p.type)}" for p in m.params)])
            lines += [
                *(f"    {x}" for x in self._doc(m.doc)),
                f"    fn {self.method(m.name)}({params}) -> {self.result(m.result, True)};",
            ]
        return [*lines, "}"]

    def _class(self, d: ir.Class, functions: list[tuple[str, str, int, int]]) -> list[str]:
        name = self.class_name(d.name)
        derives: list[str] = []
        if all(self.cloneable(f.type) for f in d.fields):
            derives.append("Clone")
        if all(self._derivable(f.type, "Debug", frozenset({d.name})) for f in d.fields):
            derives.append("Debug")
        if d.dataclass and all(self._derivable(f.type, "PartialEq", frozenset({d.name})) for f in d.fields):
            derives.append("PartialEq")
        if d.name in self.keyed:
            derives += ["Eq", "Hash"]
        secret = any(f.secret for f in d.fields)
        if secret and "Debug" in derives:
            derives.remove("Debug")
        if d.name in self.loaded:
            self.crates.add("serde")
            self.uses.add("serde::Deserialize")
            derives.append("Deserialize")
        lines = [
            *self._doc(d.doc, d.comments),
            *([f"#[derive({', '.join(derives)})]"] if derives else []),
            f"pub struct {name} {{",
        ]
        for f in d.fields:
            if self.ownership.contains(f.type, ir.NamedT(d.name)) and not isinstance(
                f.type, ir.ListT | ir.DictT
            ):
                raise Unsupported("a class that holds itself", d.name, f.line or d.line)
            doc = f"    /// {f.doc}" if f.doc else ""
            lines += [
                *([doc] if doc else []),
                f"    {'' if f.private else 'pub '}{self.field(ir.NamedT(d.name), f.name)}: {self.type(f.type)},",
            ]
        lines.append("}")
        inside: list[list[str]] = []
        if d.init is not None:
            inside.append(FunctionWriter(self, d).constructor(d.init))
        elif any(f.default is not None for f in d.fields):
            inside.append(self._defaults(d))
        if d.name in self.loaded:
            writer = FunctionWriter(self, d)
            writer.can_fail = False
            inside.append(Patterns(writer).fields(d))
        for m in d.methods:
            before = len(self.holes)
            try:
                made = FunctionWriter(self, d).function(m)
            except Unsupported as why:
                why.line = why.line or m.line
                self.holes.append(why)
                made = self._stub(m, why, d)
            inside.append(made)
            functions.append((f"{d.name}.{m.name}", self.method(m.name), m.line, len(self.holes) - before))
        if inside:
            lines += ["", f"impl {name} {{"]
            for i, part in enumerate(inside):
                lines += [""] if i else []
                lines += [f"    {x}".rstrip() for x in part]
            lines.append("}")
        if any("pub fn new() -> Self {" in line for part in inside for line in part):
            lines += [
                "",
                f"impl Default for {name} {{",
                "    fn default() -> Self {",
                "        Self::new()",
                "    }",
                "}",
            ]
        if secret:
            lines += self._shown(d)
        return lines

    def _shown(self, d: ir.Class) -> list[str]:
        """What is printed of an object with secrets."""
        name = self.class_name(d.name)
        fields = "".join(
            f'.field("{n}", &{chr(34)}[REDACTED]{chr(34)})' if f.secret else f'.field("{n}", &self.{n})'
            for f in d.fields
            for n in [self.field(ir.NamedT(d.name), f.name)]
        )
        return [
            "", f"impl std::fmt::Debug for {name} {{", "    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {",
            f'        f.debug_struct("{name}"){fields}.finish()', "    }", "}",
        ]  # fmt: skip

    def _defaults(self, d: ir.Class) -> list[str]:
        writer = FunctionWriter(self, d)
        writer.can_fail = False
        required = [f for f in d.fields if f.default is None]
        params = ", ".join(f"{self.field(ir.NamedT(d.name), f.name)}: {self.type(f.type)}" for f in required)
        parts: list[str] = []
        for f in d.fields:
            made = self.field(ir.NamedT(d.name), f.name)
            parts.append(f"{made}: {writer.own(f.default)}" if f.default is not None else made)
        return [
            "/// An object with defaults for the other fields.",
            f"pub fn new({params}) -> Self {{",
            f"    Self {{ {', '.join(parts)} }}",
            "}",
        ]


def emit(
    module: ir.Module,
    source: str = "",
    dialect: str = "foundation",
    *,
    quotes_python: bool = False,
    sources: Mapping[str, str] | None = None,
) -> RustFile:
    """The module as one Rust file, a package as a crate; `source` is the text that holes quote from.

    `quotes_python` says that a quoted text is one as Python's repr writes it. Of a package, `sources` are the texts by
    path.
    """
    return settled(module, source, dialect, quotes_python=quotes_python, sources=sources)[1]


def settled(
    module: ir.Module,
    source: str = "",
    dialect: str = "foundation",
    *,
    quotes_python: bool = False,
    sources: Mapping[str, str] | None = None,
) -> tuple[RustModule, RustFile]:
    """The module's names and types, and its file: written again until what a writing finds out changes nothing."""
    settings = _Settings(ordered=bool(made_of_sorted(module)))
    for last in (*([False] * 7), True):
        rust = RustModule(ir.unshared(module), source, settings, dialect, quotes_python, sources)
        file = rust.emit()
        found = _Settings(
            settings.ordered or rust.wants_order,
            rust.keyed,
            rust.valued,
            rust.loaded,
            rust.commands,
            rust.declined,
            rust.errors.builtin,
        )
        if found == settings or last:
            for sentence in rust.module.differences:
                module.differ(sentence)
            if not settings.ordered and loses_order(module):
                module.differ(LOST)
            return rust, file
        settings = found
    raise AssertionError("the last writing is taken")


def _shows_quotes(d: ir.Definition) -> bool:
    """True when a quoted text can get further than into the message of an error that nobody reads."""
    if any(isinstance(n, ir.Intrinsic) and n.op == "error.message" for n in ir.walk(d)):
        return True
    hidden = {
        id(m) for n in ir.walk(d) if isinstance(n, ir.Raise) and n.error is not None for m in ir.walk(n.error)
    }
    return any(
        isinstance(n, ir.FormatPart) and n.spec.startswith("quoted") and id(n) not in hidden
        for n in ir.walk(d)
    )


__all__ = ["RustFile", "RustModule", "emit", "rust_char", "rust_float", "rust_string", "settled"]
