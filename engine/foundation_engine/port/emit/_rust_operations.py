"""Expressions in Rust: values, references to them and places, and the operations of the catalogue."""

# ruff: noqa: E501, S101, ARG002 - templates of Rust read best on one line; assertions narrow types; operations of a
# table, and what the templates ask of a writer, share one signature.
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.bounds import Stored, may_be_seen_as_zero
from foundation_engine.port.emit import _regex as regex
from foundation_engine.port.emit import _rust_times as times
from foundation_engine.port.emit._json import Literals, encoded
from foundation_engine.port.emit._names import pascal
from foundation_engine.port.emit._rust_locals import SHADOW, Locals
from foundation_engine.port.emit._rust_ownership import PARTS, Facts, is_place, lends, root
from foundation_engine.port.emit._rust_parts import ORDINALS
from foundation_engine.port.emit._rust_patterns import Patterns
from foundation_engine.port.emit._rust_scan import Positions
from foundation_engine.port.emit._rust_words import (
    ADD,
    AND,
    CAST,
    CHAR_TESTS,
    COMPARE,
    COMPARISONS,
    HELPED,
    INFIX,
    LOWEST,
    METHODS,
    MUL,
    OR,
    PRIMARY,
    SHIFT,
    UNARY,
    WHOLE,
    rust_char,
    rust_float,
    rust_string,
)
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import MUTATING, at_least, is_total, letter_of, stores

if TYPE_CHECKING:
    from foundation_engine.port.emit.rust import RustModule


# Operations whose operands get their types from the place that changes, or from the result.
_TELLING = MUTATING | {"list.contains", "set.contains", "json.dumps"}
_PASSING = frozenset({"list.concat", "list.repeat"})
# What an error of the runtime says: its variants and the value that they hold.
_PROCESS = ("Process(failure)", "ProcessTimeout { failure, .. }")
_SAID = {
    "error.http_status": (("HttpStatus(failure)",), "i64::from(failure.status)"),
    "error.exit_code": (_PROCESS, "i64::from(failure.exit_code)"),
    "error.stdout": (_PROCESS, "String::from_utf8_lossy(&failure.stdout).into_owned()"),
    "error.stderr": (_PROCESS, "String::from_utf8_lossy(&failure.stderr).into_owned()"),
    "error.attempts": (("MaxRetriesExceeded { attempts, .. }",), "i64::from(*attempts)"),
    "error.retry_after": (
        ("CircuitOpen { retry_after, .. }", "RateLimitExceeded { retry_after }"),
        "retry_after.as_nanos() as i64",
    ),
    "error.circuit_name": (("CircuitOpen { name, .. }",), "name.to_string()"),
}
_JSON = Literals("null", ("{ ", " }"), ("[", "]"))
_ARITHMETIC = frozenset({"add", "sub", "mul", "neg", "div", "shl", "shr", "band", "bor", "xor", "max", "min"})


# In the text of an iterator, what has no other end to begin at.
_ONE_WAY = (
    ".step_by(", ".zip(", "stepped(", ".enumerate()", ".split(", ".splitn(", ".rsplit(", ".rsplitn(", ".find_iter(",
)  # fmt: skip
# What stands at the ends of a text is left out by these methods.
_TRIMS = {
    f"str.{side}strip{chars}": f"trim{'' if not side else '_start' if side == 'l' else '_end'}{'_matches' if chars else ''}"
    for side in ("", "l", "r")
    for chars in ("", "_chars")
}


# Ranges of letters, both ends of which belong to them, by what Rust calls them.
_KINDS = {
    ("0", "9", True): "is_ascii_digit",
    ("a", "z", True): "is_ascii_lowercase",
    ("A", "Z", True): "is_ascii_uppercase",
}


def _is_part(e: ir.Expr) -> bool:
    """True for a part of a list that is somewhere."""
    return isinstance(e, ir.Intrinsic) and e.op == "list.slice" and is_place(e.args[0]) and lends(e)


def _wraps(i: ir.Expr) -> bool:
    return isinstance(i, ir.Intrinsic) and i.op == "wrap"


def bare_number(e: ir.Expr) -> bool:
    """True for arithmetic of literals alone, whose type Rust infers from the use or not at all."""
    match e:
        case ir.Lit():
            return e.type in (ir.INT, ir.FLOAT)
        case ir.Intrinsic(op=op, args=args) if op.rpartition(".")[2] in _ARITHMETIC:
            return e.type in (ir.INT, ir.FLOAT) and all(bare_number(a) for a in args)
        case ir.Cond():
            return bare_number(e.body) and bare_number(e.orelse)
        case _:
            return False


def _changed_between(conds: list[ir.Expr], elem: ir.Expr) -> bool:
    """True when a condition may change an object that the element reads, which no two closures can hold."""
    held = {root(n.obj) for c in conds for n in ir.walk(c) if isinstance(n, ir.MethodCall)}
    return any(isinstance(n, ir.Name) and n.id in held for n in ir.walk(elem))


def _all_items(e: ir.Comp) -> ir.Expr | None:
    """The list whose lists a comprehension puts together."""
    match e:
        case ir.Comp(
            kind="list",
            elem=ir.Name(id=item),
            clauses=[
                ir.Clause(target=ir.VarTarget(id=outer), iter=ir.Name(type=ir.ListT()) as lists, conds=[]),
                ir.Clause(target=ir.VarTarget(id=inner), iter=ir.Name(id=each, type=ir.ListT()), conds=[]),
            ],
        ) if outer == each and inner == item:
            return lists
        case _:
            return None


def _position(e: ir.Intrinsic) -> ir.Expr:
    """Where an element stands: `len(xs) - 1` is the first from the end."""
    whole, i = e.args
    match i:
        case ir.Intrinsic(
            op="wrap",
            args=[
                ir.Intrinsic(
                    op="int.sub", args=[ir.Intrinsic(op="len", args=[measured]), ir.Lit(value=1) as one]
                )
            ],
        ) if ir.same(measured, whole):
            return ir.Intrinsic("from_end", [one], type=ir.INT, line=e.line)
        case _:
            return i


@dataclasses.dataclass(frozen=True, slots=True)
class Lent:
    """A way over something whose items are borrowed."""

    text: str  # the iterator
    whole: str  # what a loop can go over in its place, ""
    references: frozenset[str]  # variables that are references
    copied: frozenset[str] = frozenset()  # variables that a pattern takes out of a reference
    texts: bool = False  # the references are texts themselves


class Operations(Positions):
    """Writes expressions: `own` gives values, `ref` what can be borrowed, `place` where something is."""

    def __init__(self, rust: RustModule, cls: ir.Class | None) -> None:
        super().__init__(depth=0)
        self.rust = rust
        self.cls = cls
        self.names: dict[str, str] = {}
        self.by_ref: set[str] = set()  # variables that hold a shared reference
        self.by_mut: set[str] = set()  # variables that hold an exclusive reference
        self.strings: set[str] = set()  # of by_ref, those of an owned text, a `&String`
        self.services: set[str] = set()  # of by_ref, those of a protocol or callable
        self.structs: set[str] = set()  # handler variables that hold one class of error
        self.facts = Facts()
        self.closures = 0
        self.label: str = ""  # the block that a failure leaves, "" when it leaves the function
        self.this = "self"
        self.optional_refs: set[str] = set()  # variables that hold an optional reference
        self.code_points: dict[str, str] = {}  # by string parameter, the variable that holds its characters
        self.char_places: dict[
            str, str
        ] = {}  # by such a text, the variable that holds where its characters begin
        self.function_body: list[ir.Stmt] = []
        self.stored = Stored([])
        self.bounds: dict[str, int] = {}  # by integer variable, what it is never below
        self.outcomes: dict[
            str, str
        ] = {}  # by value, the Result of the module's own error that it was taken out of
        self.locals = Locals()
        self.indexes: set[str] = set()  # variables of loops that are a `usize`
        self.inferring = (
            False  # inside of an operation, whose operands get no type from what becomes of the result
        )
        self.untold = False  # nothing but the next number's own suffix tells its type

    def helper(self, name: str) -> str:
        """The name of a helper that the file then has."""
        self.rust.helpers.add(name)
        return self.rust.helper_names[name]

    def name(self, source: str, wanted: str = "") -> str:
        """The Rust name of a variable."""
        if source not in self.names:
            before = source.partition(SHADOW)[0]
            if before != source:
                # It shadows the one that it takes the place of.
                self.names[source] = self.name(before)
                return self.names[source]
            made = self.rust.local(wanted or source)
            while made in self.names.values() or made in self.rust.taken:
                made += "_"
            self.names[source] = made
        return self.names[source]

    def fresh(self, name: str) -> str:
        """A name for a variable that the source does not have."""
        return self.name(f"{name} of ours", name)

    def borrow(self, names: set[str], *, texts: bool = False) -> None:
        """Note variables that are references: to texts themselves, or to whatever a list or map owns."""
        self.by_ref |= names
        self.strings = self.strings - names if texts else self.strings | names

    def borrow_lent(self, lent: Lent) -> None:
        """Note the variables of a way over what is borrowed; a text that a pattern takes out is a `&str` itself."""
        self.borrow(set(lent.references), texts=lent.texts)
        self.strings -= lent.copied

    def is_constant(self, e: ir.Expr) -> bool:
        """True for the name of a constant of the module."""
        return isinstance(e, ir.Name) and e.id not in self.names and e.id in self.rust.constants

    # Values

    def own(self, e: ir.Expr, need: int = LOWEST) -> str:
        """A value that belongs to whoever evaluates it."""
        if id(e) in self.locals.keys:
            return self._text_of(e)
        if isinstance(e, ir.Unwrap) and not self.rust.copies(e.type):
            if is_place(e.value) and not self._moves(e.value):
                self._check_copy(e)
                return f"{self.place(e)}.{'to_string' if e.type == ir.STR else 'clone'}()"
            return f"{self.own(e.value, PRIMARY)}.unwrap()"
        if is_place(e) and not self.rust.copies(e.type):
            if self._moves(e):
                return self.place(e)
            self._check_copy(e)
            text = self.place(e)
            if isinstance(e, ir.Name) and (e.id in self.by_ref or e.id in self.by_mut or self.is_constant(e)):
                if e.type == ir.STR:
                    return f"{text}.to_string()"
                return f"{text}.{'to_vec' if isinstance(e.type, ir.ListT) else 'clone'}()"
            return f"{text}.{'to_string' if self._lent_text(e) else 'clone'}()"
        if (
            isinstance(e, ir.Name)
            and (e.id in self.by_ref or e.id in self.by_mut)
            and self.rust.copies(e.type)
        ):
            return f"*{self.place(e)}" if need <= UNARY else f"(*{self.place(e)})"
        if isinstance(e, ir.Lit) and e.type == ir.STR:
            return f"{rust_string(e.value)}.to_string()" if e.value else "String::new()"
        text, have = self._text(e)
        # A choice of values needs parentheses only as a part of something.
        return f"({text})" if have < need and (have > 0 or need > LOWEST) else text

    def local_type(self, name: str, t: Type) -> str:
        """The type of a variable of the function."""
        text = self.rust.type(t)
        return text.replace("String", "&str", 1) if name in self.locals.keyed else text

    def _keyed(self, e: ir.Expr) -> bool:
        """True for a map or set whose keys are borrowed texts."""
        return isinstance(e, ir.Name) and e.id in self.locals.keyed

    def lists_texts(self, e: ir.Expr) -> bool:
        """True for a list that holds borrowed texts."""
        if isinstance(e, ir.Name) and self.is_constant(e):
            return self.rust.constant_kinds.get(e.id) == "texts"
        return isinstance(e, ir.Name) and e.id in self.locals.lists | self.locals.grown

    def _lent_text(self, e: ir.Expr) -> bool:
        """True for a text that its list or map borrows."""
        match e:
            case ir.Intrinsic(op="list.index", args=[list_, _]):
                return self.lists_texts(list_) or lends(e)
            case ir.Intrinsic(op="tuple.index"):
                return lends(e)
            case ir.Intrinsic(op="dict.index", args=[ir.Name(id=name), _]):
                return e.type == ir.STR and (name in self.locals.maps or name in self.rust.tables)
            case _:
                return False

    def _moves(self, e: ir.Expr) -> bool:
        if isinstance(e, ir.Field) and isinstance(e.obj, ir.Name):
            # What is left of the object is dropped.
            kept = self.rust.is_service(e.type) or self.rust.is_shared(e.obj.type)
            return not kept and self._moves(e.obj)
        return (
            isinstance(e, ir.Name)
            and id(e) in self.facts.last
            and e.id in self.names
            and e.id not in self.by_ref
            and e.id not in self.by_mut
            and e.id not in self.locals.lists
            and not self.closures
        )

    def _check_copy(self, e: ir.Expr) -> None:
        """Refuse a copy that would be seen to be one, because it or what it was copied from changes."""
        t = e.type
        if not self.rust.cloneable(t):
            raise Unsupported(f"a second owner of a value of type {ir.type_text(t)}", "", e.line)
        if not self.rust.mutable(t):
            return
        if self.rust.ownership.changes_inside(t) and e is not self.returned:
            raise Unsupported(
                f"an object of type {ir.type_text(t)} that two places share and that changes", "", e.line
            )
        if isinstance(t, ir.NamedT):
            return
        own = self.rust.ownership
        inside = [m for m in self.facts.types if own.contains(t, m)]
        if not inside:
            return
        if root(e) in self.facts.changed or any(own.contains(t, m) for m in self.facts.deep):
            raise Unsupported("two names for one list that changes", root(e), e.line)

    returned: ir.Expr | None = None  # the value of a return, of which a copy is given

    def place(self, e: ir.Expr) -> str:
        """Where a value is: what methods that borrow can be called on."""
        match e:
            case ir.Lit() if e.type == ir.STR:
                return rust_string(e.value)
            case ir.Intrinsic(op=op) if op in _TRIMS:
                return self._trimmed(e)
            case ir.Intrinsic(op="str.removeprefix" | "str.removesuffix", args=[inner, part]):
                cut = f"{'strip_prefix' if e.op == 'str.removeprefix' else 'strip_suffix'}({self._pattern(part)})"
                if isinstance(inner, ir.Name | ir.Field):
                    return f"{self.place(inner)}.{cut}.unwrap_or({self._text_of(inner)})"
                return f"{self.helper('without')}({self.ref(inner)}, |text| text.{cut})"
            case ir.Intrinsic(op="str.slice" | "list.slice"):
                return self._part(e)
            case ir.Intrinsic(op="str.byte_slice"):
                return self.between(e)
            case ir.Intrinsic(op="str.cut"):
                return self.cut(e)
            case ir.Intrinsic(op="json.text", args=[inner]):
                return f'{self.place(inner)}.as_str().expect("a JSON text")'
            case ir.Intrinsic(op="regex.group" | "regex.group_text", type=ir.STR):
                return regex.rust(self, e)
            case ir.Unwrap() if not self.rust.copies(e.type):
                if isinstance(e.value, ir.Name) and e.value.id in self.by_mut:
                    return self.place(e.value)
                if not is_place(e.value):
                    return f"{self.own(e.value, PRIMARY)}.unwrap()"
                return f"{self.place(e.value)}.as_ref().unwrap()"
            case _:
                text, have = self._text(e)
                return f"({text})" if have < PRIMARY else text

    def ref(self, e: ir.Expr) -> str:
        """A reference to a value."""
        return self._text_of(e) if id(e) in self.locals.keys else self._ref(e)

    def _ref(self, e: ir.Expr) -> str:
        if isinstance(e, ir.Intrinsic) and e.op == "regex.group_text":
            return self.place(e)
        if isinstance(e, ir.Intrinsic) and e.op == "str.byte_slice":
            return f"&{self.place(e)}"
        if (isinstance(e, ir.Lit) and e.type == ir.STR) or lends(e) or self._lent_text(e):
            return self.place(e)
        if isinstance(e, ir.Name):
            if e.id in self.by_ref or e.id in self.by_mut or (e.id == "self" and self.cls is not None):
                return self.place(e)
            if self.is_constant(e) and self.rust.constant_kinds.get(e.id) == "str":
                return self.place(e)
        if (
            isinstance(e, ir.Cond)
            and e.type == ir.STR
            and all(isinstance(arm, ir.Lit) for arm in (e.body, e.orelse))
        ):
            return f"if {self.x(e.test)} {{ {self.ref(e.body)} }} else {{ {self.ref(e.orelse)} }}"
        if (entry := self.lent_entry(e)) is not None:
            return entry
        if isinstance(e, ir.Intrinsic) and e.op == "list.pop" and self.lists_texts(e.args[0]):
            return self.own(e).removesuffix(".to_string()")
        if isinstance(e, ir.Unwrap) and not self.rust.copies(e.type):
            text = self.place(e)
            return text if is_place(e.value) else f"&{text}"
        if isinstance(e, ir.Name) and isinstance(e.type, ir.FuncT):
            return self.own(e)
        if isinstance(e, ir.ListLit):
            return f"&[{self._elements(e.elems)}]"
        if self.rust.is_service(e.type):
            return f"{self.place(e)}.as_ref()"
        text = self.place(e)
        # An entry that was looked for is a reference already.
        found = (
            isinstance(e, ir.Intrinsic)
            and e.op == "dict.index"
            and text.startswith("(*")
            and text.endswith("?)")
        )
        return text[2:-1] if found else f"&{text}"

    def key(self, e: ir.Expr) -> str:
        """A reference to what a map or set is asked for; a character is no text of its own for that."""
        if isinstance(e, ir.Intrinsic) and e.op == "char.to_str":
            return f"&*{self.x(e.args[0], PRIMARY)}.encode_utf8(&mut [0; 4])"
        return self.ref(e)

    def lent_text(self, e: ir.Expr) -> str:
        """A text that is borrowed from what stays, as a `&str`."""
        if isinstance(e, ir.Cond):
            return f"if {self.x(e.test)} {{ {self.lent_text(e.body)} }} else {{ {self.lent_text(e.orelse)} }}"
        return self._text_of(e)

    def exclusive(self, e: ir.Expr) -> str:
        """An exclusive reference to a place that a call changes."""
        if isinstance(e, ir.Name):
            if e.id in self.by_mut or (e.id == "self" and self.cls is not None):
                return self.place(e)
            if e.id in self.by_ref:
                raise Unsupported("a change of what is only borrowed", e.id, e.line)
        return f"&mut {self._changing(e)}"

    def passed(self, e: ir.Expr, t: Type, changed: bool, kept: bool) -> str:
        """What a call passes for a parameter that its function changes or keeps."""
        if changed:
            return self.exclusive(e)
        if kept and (isinstance(t, ir.FuncT) or self.rust.is_shared(t)):
            named = isinstance(e, ir.Name) and e.id in self.rust.functions and e.id not in self.names
            if isinstance(t, ir.FuncT) and (named or not is_place(e)):
                return f"Arc::new({self._function_value(e, t)})"
            return self.own(e)
        if isinstance(t, ir.FuncT):
            return self._function_value(e, t)
        return self.argument(e, t)

    def _function_value(self, e: ir.Expr, t: ir.FuncT) -> str:
        """A callable as a value: a closure, a function of the module, or a reference to what a variable holds."""
        if isinstance(e, ir.Lambda):
            return self._lambda(e, t)
        if isinstance(e, ir.Name) and e.id not in self.names and e.id in self.rust.functions:
            f = self.rust.module.find(e.id)
            assert isinstance(f, ir.Function)
            key = ("", f.name)
            if self.rust.ownership.changed[key] or any(
                p.default is not None for p in f.params[len(t.params) :]
            ):
                raise Unsupported("a function as a value whose parameters change", e.id, e.line)
            if self.rust.failing.get(key, False) == t.raises:
                return self.rust.functions[e.id]
            if self.rust.failing.get(key, False):
                raise Unsupported("a function that fails where one is wanted that does not", e.id, e.line)
            names = ", ".join(f"a{i}" for i in range(len(t.params)))
            return f"|{names}| Ok({self.rust.functions[e.id]}({names}))"
        if isinstance(e, ir.Field):
            return f"&*{self.place(e)}"
        return f"&{self.place(e)}"

    def _lambda(self, e: ir.Lambda, t: ir.FuncT) -> str:
        with self.closure([ir.VarTarget(p.name, type=p.type) for p in e.params]):
            params: list[str] = []
            for p in e.params:
                params.append(f"{self.name(p.name)}: {self.rust.param(p.type)}")
                if self.rust.borrowed(p.type):
                    self.borrow({p.name}, texts=True)
            body = self.own(e.body)
        return f"|{', '.join(params)}| {f'Ok({body})' if t.raises else body}"

    def argument(self, e: ir.Expr, t: Type) -> str:
        """What a call passes for a parameter that is only read."""
        return self.ref(e) if self.rust.borrowed(t) else self.own(e)

    def x(self, e: ir.Expr, need: int = LOWEST) -> str:
        """The text of an expression whose type copies, or of a new value."""
        return self.own(e, need)

    def usize(self, e: ir.Expr) -> str:
        """An index."""
        found = self.index(e)
        return found if found is not None else f"{self.x(e, PRIMARY)} as usize"

    def index(self, e: ir.Expr) -> str | None:
        """A place that is a `usize` by itself, None for another."""
        match e:
            case ir.Lit(value=int() as value):
                return str(value)
            case ir.Name(id=name) if name in self.indexes:
                return self.name(name)
            case ir.Intrinsic(op="len", args=[ir.Name(id=name)]) if name in self.code_points:
                return f"{self.code_points[name]}.len()"
            case ir.Intrinsic(op="len", args=[of]) if isinstance(of.type, ir.ListT | ir.DictT | ir.SetT):
                return f"{self.place(of)}.len()" if self._counted(of) is None else None
            case ir.Intrinsic(op="int.add", args=[a, ir.Lit(value=int() as value)]) if value >= 0:
                at = self.index(a)
                return None if at is None else f"{at} + {value}"
            case _:
                return self.byte_index(e)

    def _text(self, e: ir.Expr) -> tuple[str, int]:
        match e:
            case ir.Lit():
                return self._literal(e)
            case ir.Name():
                if e.id == "self" and self.cls is not None:
                    return self.this, PRIMARY
                if self.is_constant(e):
                    return self.rust.constant_name(e.id), PRIMARY
                if e.id not in self.names and e.id in self.rust.functions:
                    raise Unsupported("a function as a value", e.id, e.line)
                if e.id in self.indexes:
                    return f"{self.name(e.id)} as i64", CAST
                return self.name(e.id), PRIMARY
            case ir.Field():
                return f"{self.place(e.obj)}.{self.rust.field(e.obj.type, e.name)}", PRIMARY
            case ir.EnumMember():
                return f"{self.rust.class_name(e.enum)}::{pascal(e.member, initialisms=False)}", PRIMARY
            case ir.Call() | ir.MethodCall() | ir.New():
                text, fails = self.call(e)
                if isinstance(e, ir.New) and text.endswith("}"):
                    # A literal in the condition of a statement would be read as its block.
                    return text, OR
                if not fails:
                    return text, PRIMARY
                value = self.question(text, e)
                self.outcomes[value] = text
                return value, PRIMARY
            case ir.PatternOp() | ir.PatternNew() | ir.PatternCall():
                return Patterns(self).expression(e), PRIMARY
            case ir.Intrinsic():
                with self.inferred(None if e.op in _PASSING else e.op not in _TELLING):
                    return self._intrinsic(e)
            case ir.ListLit():
                return (f"vec![{self._elements(e.elems)}]" if e.elems else "Vec::new()"), PRIMARY
            case ir.SetLit():
                text = f"HashSet::from([{self._elements(e.elems)}])" if e.elems else "HashSet::new()"
                return text, PRIMARY
            case ir.DictLit():
                items = ", ".join(
                    f"({self._element_of(k, i)}, {self._element_of(v, i)})"
                    for i, (k, v) in enumerate(e.items)
                )
                return (f"{self.rust.map}::from([{items}])" if items else f"{self.rust.map}::new()"), PRIMARY
            case ir.TupleLit():
                return (
                    f"({', '.join(self.own(v) for v in e.elems)}{',' if len(e.elems) == 1 else ''})",
                    PRIMARY,
                )
            case ir.Cond(body=ir.Lit(value=bool() as yes), orelse=ir.Lit(value=bool() as no)) if (
                yes is not no
            ):
                return self._text(e.test) if yes else self._not(e.test)
            case ir.Cond() if (chosen := self.choice(e)) is not None:
                return chosen, PRIMARY if chosen.endswith(")") else LOWEST - 1
            case ir.Cond():
                return (
                    f"if {self.x(e.test)} {{ {self.own(e.body)} }} else {{ {self.own(e.orelse)} }}",
                    LOWEST - 1,
                )
            case ir.Bool(op="and", values=[*_, _]) if len(within := self._ranges(e.values)) < len(e.values):
                if len(within) == 1:
                    return within[0], PRIMARY
                return " && ".join(within), AND
            case ir.Bool(op="or", values=[_, _] as values) if (outside := self._outside(values)) is not None:
                return outside, UNARY
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

    def choice(self, e: ir.Cond) -> str | None:
        """A choice that says more than its condition, or None; see `Options.choice`."""
        raise NotImplementedError

    def _ranges(self, values: Sequence[ir.Expr]) -> list[str]:
        """The parts of an `and`, two literal bounds of one value as the range that contains it."""
        out: list[str] = []
        i = 0
        while i < len(values):
            low, high = _bound_below(values[i]), _bound_above(values[i + 1]) if i + 1 < len(values) else None
            if (
                low is not None
                and high is not None
                and ir.same(low[0], high[0])
                and isinstance(low[0], ir.Name)
            ):
                sign = "..=" if high[2] else ".."
                bounds = f"{self.x(low[1])}{sign}{self.x(high[1])}"
                kind = (
                    _KINDS.get((low[1].value, high[1].value, bool(high[2])))
                    if low[0].type == ir.CHAR
                    else None
                )
                text = f"({bounds}).contains(&{self.x(low[0], PRIMARY)})"
                out.append(f"{self.place(low[0])}.{kind}()" if kind else text)
                i += 2
            else:
                out.append(self.x(values[i], AND + 1))
                i += 1
        return out

    def _outside(self, values: Sequence[ir.Expr]) -> str | None:
        """An `or` of two literal bounds that an integer or character is not within, as the range that lacks it."""
        inside: list[ir.Expr] = []
        for v in values:
            match v:
                case ir.Intrinsic(op="lt" | "gt" as op, args=[ir.Name(type=ir.INT | ir.CHAR), ir.Lit()]):
                    inside.append(dataclasses.replace(v, op="ge" if op == "lt" else "le"))
                case _:
                    return None
        within = self._ranges(inside)
        return f"!{within[0]}" if len(within) == 1 else None

    def _elements(self, elems: Sequence[ir.Expr]) -> str:
        return ", ".join(self._element_of(v, i) for i, v in enumerate(elems))

    def _element_of(self, e: ir.Expr, place: int) -> str:
        """An element of a literal; the first one tells the type of numbers where nothing else does."""
        return self.typed(e) if self.inferring and place == 0 and bare_number(e) else self.own(e)

    @contextmanager
    def inferred(self, inferring: bool | None) -> Generator[None]:
        """The inside of an operation that tells its operands no type, or of what does; None leaves it as it is."""
        saved = self.inferring
        self.inferring = saved if inferring is None else inferring
        try:
            yield
        finally:
            self.inferring = saved

    def call(self, e: ir.Call | ir.MethodCall | ir.New) -> tuple[str, bool]:
        """A call, without what follows when it may fail, and whether it may."""
        with self.inferred(False):
            return self._call(e)

    def _call(self, e: ir.Call | ir.MethodCall | ir.New) -> tuple[str, bool]:
        rust = self.rust
        match e:
            case ir.MethodCall():
                owner = rust.module.find(e.obj.type.name) if isinstance(e.obj.type, ir.NamedT) else None
                if isinstance(owner, ir.Class):
                    m = next((x for x in owner.methods if x.name == e.method), None)
                    key = (owner.name, e.method)
                elif isinstance(owner, ir.Protocol):
                    m = next((x for x in owner.methods if x.name == e.method), None)
                    key = ("", "")
                else:
                    m, key = None, ("", "")
                if m is None:
                    raise Unsupported("a call of this method", e.method, e.line)
                changed, kept = rust.ownership.changed.get(key, set()), rust.ownership.kept.get(key, set())
                args = ", ".join(
                    self.passed(a, p.type, p.name in changed, p.name in kept)
                    for a, p in zip(e.args, m.params, strict=True)
                )
                name = rust.method(e.method)
                if m.kind == "static" and isinstance(owner, ir.Class):
                    return f"{rust.class_name(owner.name)}::{name}({args})", rust.failing[key]
                obj = self._changing(e.obj) if "self" in changed else self.place(e.obj)
                fails = rust.failing[key] if key[0] else True
                return f"{obj}.{name}({args})", fails
            case ir.New():
                return self._new(e)
            case _:
                pass
        if isinstance(e.func, ir.Name) and e.func.id in rust.functions and e.func.id not in self.names:
            key = ("", e.func.id)
            d = rust.ownership.functions[key]
            changed, kept = rust.ownership.changed[key], rust.ownership.kept[key]
            args = ", ".join(
                self.passed(a, p.type, p.name in changed, p.name in kept)
                for a, p in zip(e.args, d.params, strict=True)
            )
            return f"{rust.functions[e.func.id]}({args})", rust.failing[key]
        if isinstance(e.func.type, ir.FuncT):
            args = ", ".join(
                self.passed(a, t, False, False) for a, t in zip(e.args, e.func.type.params, strict=True)
            )
            place = self.place(e.func)
            fails = (
                bool(e.raises)
                if isinstance(e.func, ir.Name) and e.func.id in self.local_closures
                else e.func.type.raises
            )
            return f"{place if isinstance(e.func, ir.Name) else f'({place})'}({args})", fails
        raise Unsupported("a call of a function value", "", e.line)

    local_closures: frozenset[str] = frozenset()

    def _new(self, e: ir.New) -> tuple[str, bool]:
        rust = self.rust
        d = rust.module.find(e.cls)
        if not isinstance(d, ir.Class):
            return self.error(e), False
        name = rust.class_name(e.cls)
        if d.init is not None:
            key = (e.cls, "__init__")
            kept = rust.ownership.kept[key]
            args = ", ".join(
                self.constructed(a, p.type, p.name in kept)
                for (_, a), p in zip(e.args, d.init.params, strict=True)
            )
            return f"{name}::new({args})", rust.failing[key]
        rust.type(ir.NamedT(e.cls))
        defaults = {f.name: f.default for f in d.fields}
        given = [(n, a) for n, a in e.args if defaults.get(n) is None or not ir.same(a, defaults[n])]
        if any(f.default is not None for f in d.fields) and all(defaults.get(n) is None for n, _ in given):
            return f"{name}::new({', '.join(self.own(a) for _, a in given)})", False
        parts: list[str] = []
        for n, a in e.args:
            field, value = rust.field(ir.NamedT(e.cls), n), self.own(a)
            parts.append(field if field == value else f"{field}: {value}")
        missing = [f for f in d.fields if f.name not in {n for n, _ in e.args}]
        for f in missing:
            if f.default is None:
                raise Unsupported("an object without all of its fields", e.cls, e.line)
            parts.append(f"{rust.field(ir.NamedT(e.cls), f.name)}: {self.own(f.default)}")
        return f"{name} {{ {', '.join(parts)} }}", False

    def constructed(self, e: ir.Expr, t: Type, kept: bool) -> str:
        """What a constructor takes: texts borrowed, everything else as a value."""
        if kept:
            return self.passed(e, t, False, True)
        return self.ref(e) if t == ir.STR else self.own(e)

    def error(self, e: ir.New) -> str:
        """A new error, of the module's type or one that converts into it."""
        errors = self.rust.errors
        message = next((a for n, a in e.args if n == "message"), ir.Lit("", type=ir.STR))
        if errors.is_own(e.cls):
            d = self.rust.module.find(e.cls)
            assert isinstance(d, ir.ErrorClass)
            name = pascal(e.cls, initialisms=False)
            if d.message is None:
                return f"{name}({self.own(message)})"
            around = {p.name for p in d.params if p.type == ir.ERROR}
            parts = [
                f"{self.rust.local(n)}: {f'Box::new({self._whole_error(a)})' if n in around else self.own(a)}"
                for n, a in e.args
            ]
            return f"{name} {{ {', '.join(self._short(x) for x in parts)} }}"
        if e.cls == "ConfigurationError":
            errors.used = True
            return f'{errors.foundation}::bad_parameter("", {self.own(message)})'
        if e.cls in self.rust.error_constructors:
            text = self._shown(message) if isinstance(message, ir.Lit) else self.own(message)
            errors.used = True
            return f"{errors.foundation}::{self.rust.error_constructors[e.cls]}({text})"
        if e.cls == "Exit":
            errors.used = True
            code = next((a for n, a in e.args if n == "code"), ir.Lit(0, type=ir.INT))
            self.rust.uses.add("foundation::cli::Exit")
            return f"Error::Exit(Exit({self.x(code) if isinstance(code, ir.Lit) else f'{self.x(code, PRIMARY)} as i32'}))"
        if e.cls == "FileNotFoundError":
            errors.used = True
            return f"Error::Io(std::io::Error::new(std::io::ErrorKind::NotFound, {self.own(message)}))"
        if e.cls in errors.builtin or e.cls == "OSError":
            return errors.value(self.own(message), e.cls)
        raise Unsupported(f"an error of class {e.cls}, which has no constructor in Rust", e.cls, e.line)

    def _whole_error(self, e: ir.Expr) -> str:
        """An error as a value of the module's type, for another one that holds it."""
        return self.raised(e) if isinstance(e, ir.New) else self.own(e)

    def raised(self, e: ir.New) -> str:
        """A new error as a value of the module's error type."""
        text = self.error(e)
        errors = self.rust.errors
        errors.used = True
        converts = errors.is_own(e.cls) or (
            e.cls in (*self.rust.error_constructors, "ConfigurationError") and not errors.plain
        )
        return f"{text}.into()" if converts else text

    def _short(self, part: str) -> str:
        name, _, value = part.partition(": ")
        return name if name == value else part

    def _literal(self, e: ir.Lit) -> tuple[str, int]:
        match e.value:
            case None:
                return ("None" if isinstance(e.type, ir.OptionalT) else "()"), PRIMARY
            case bool():
                return ("true" if e.value else "false"), PRIMARY
            case int() | float():
                number = str(e.value) if isinstance(e.value, int) else rust_float(e.value)
                if self.untold and e.type in (ir.INT, ir.FLOAT):
                    self.untold = False
                    number += "_i64" if e.type == ir.INT else "_f64"
                return number, PRIMARY if e.value >= 0 else UNARY
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
            case ir.Bool(op="or", values=[_, _] as values) if (outside := self._outside(values)) is not None:
                return outside.removeprefix("!"), PRIMARY
            case ir.Intrinsic(op="nonempty", args=[a]):
                return f"{self.place(a)}.is_empty()", PRIMARY
            case ir.Intrinsic(op="dict.contains", args=[map_, key]) if (
                found := self._matched(map_, key)
            ) is not None:
                return f"{found}.is_none()", PRIMARY
            case ir.Intrinsic(op="is_some" | "is_none", args=[a]):
                return f"{self.place(a)}.{'is_none' if e.op == 'is_some' else 'is_some'}()", PRIMARY
            case ir.Intrinsic(op="eq" | "ne", args=[a, b]):
                return self._comparison("ne" if e.op == "eq" else "eq", a, b)
            case ir.Intrinsic(op="lt" | "le" | "gt" | "ge", args=[a, b]) if a.type in (
                ir.INT,
                ir.CHAR,
                ir.STR,
            ):
                return self._comparison({"lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}[e.op], a, b)
            case _:
                return f"!{self.x(e, UNARY)}", UNARY

    def _is_string(self, e: ir.Expr) -> bool:
        """True for the place of an owned text."""
        return isinstance(e, ir.Field) or (
            isinstance(e, ir.Name)
            and e.id in self.names
            and e.id not in self.by_ref
            and e.id not in self.by_mut
        )

    def _str(self, e: ir.Expr) -> str:
        """A text itself, as a `str`."""
        if regex.is_group(e):
            return self.place(e)
        if isinstance(e, ir.Intrinsic) and e.op == "char.to_str":
            return f"*{self.x(e.args[0], PRIMARY)}.encode_utf8(&mut [0; 4])"
        through = "**" if isinstance(e, ir.Name) and e.id in self.strings and e.id in self.by_ref else "*"
        return f"{through}{self.place(e)}"

    def _comparison(self, op: str, a: ir.Expr, b: ir.Expr) -> tuple[str, int]:
        sign = COMPARISONS[op]
        if a.type == ir.STR and isinstance(b, ir.Lit) and b.value == "" and op in ("eq", "ne"):
            text = f"{self.place(a)}.is_empty()"
            return (text, PRIMARY) if op == "eq" else (f"!{text}", UNARY)
        if a.type == ir.STR or b.type == ir.STR:
            if op in ("eq", "ne") and (regex.is_group(a) or regex.is_group(b)):
                return f"{self.ref(a)} {sign} {self.ref(b)}", COMPARE
            if isinstance(b, ir.Lit) and op in ("eq", "ne"):
                part = isinstance(a, ir.Intrinsic) and a.op == "str.byte_slice"
                return f"{self.ref(a) if part else self.place(a)} {sign} {self.place(b)}", COMPARE
            if self._is_string(a) and self._is_string(b):
                return f"{self.place(a)} {sign} {self.place(b)}", COMPARE
            if op not in ("eq", "ne") and not (self.may_fail(a) or self.may_fail(b)):
                return f"{self._text_of(a)} {sign} {self._text_of(b)}", COMPARE
            return f"{self._str(a)} {sign} {self._str(b)}", COMPARE
        if (
            isinstance(a, ir.Intrinsic)
            and a.op == "len"
            and isinstance(b, ir.Lit)
            and isinstance(b.value, int)
            and b.value >= 0
        ):
            if (op, b.value) in (("eq", 0), ("lt", 1), ("le", 0)):
                return f"{self.place(a.args[0])}.is_empty()", PRIMARY
            if (op, b.value) in (("ne", 0), ("ge", 1), ("gt", 0)):
                return f"!{self.place(a.args[0])}.is_empty()", UNARY
            size = self.x(a, CAST).removesuffix(" as i64")
            return f"{size} {sign} {b.value}", COMPARE
        if isinstance(b, ir.ListLit) and not b.elems and op in ("eq", "ne"):
            return (
                self._not(ir.Intrinsic("nonempty", [a]))
                if op == "eq"
                else self._op_nonempty(ir.Intrinsic("nonempty", [a]))
            )
        if (of_bytes := self.byte_comparison(sign, a, b)) is not None:
            return of_bytes, COMPARE
        match op, a, b:
            case "ge", ir.Intrinsic(op="int.sub", args=[less, ir.Lit(value=1)]), _:
                op, sign, a = "gt", ">", less
            case "le", ir.Intrinsic(op="int.add", args=[more, ir.Lit(value=1)]), _:
                op, sign, a = "lt", "<", more
            case "ge", _, ir.Intrinsic(op="int.add", args=[more, ir.Lit(value=1)]):
                op, sign, b = "gt", ">", more
            case "le", _, ir.Intrinsic(op="int.sub", args=[less, ir.Lit(value=1)]):
                op, sign, b = "lt", "<", less
            case _:
                pass
        if isinstance(a, ir.Intrinsic) and a.op == "int.mod" and op in ("eq", "ne") and isinstance(b, ir.Lit):
            value, divisor = a.args
            two = isinstance(divisor, ir.Lit) and divisor.value == 2
            if b.value == 0 or (b.value == 1 and two and at_least(value, self.bounds) is None):
                # Whether something is left does not depend on how division rounds.
                odd = b.value == 1
                sign = COMPARISONS["ne" if (op == "eq") is odd else "eq"]
                return f"{self.typed(value, MUL)} % {self.x(divisor, MUL + 1)} {sign} 0", COMPARE
        if self.rust.copies(a.type):
            left = self.typed(a, COMPARE + 1) if bare_number(b) else self.x(a, COMPARE + 1)
            # A cast before < would be read as the start of type arguments.
            left = (
                f"({left})" if " as " in left and sign.startswith("<") and not left.startswith("(") else left
            )
            # Rust takes a number of which it knows nothing for one of 32 bits.
            wide = isinstance(b, ir.Lit) and isinstance(b.value, int) and not -(2**31) <= b.value < 2**31
            right = self.typed(b, COMPARE + 1) if wide else self.x(b, COMPARE + 1)
            return f"{left} {sign} {right}", COMPARE
        if isinstance(a.type, ir.ListT):
            return f"{self.place(a)}[..] {sign} {self.place(b)}[..]", COMPARE
        return f"{self.own(a, COMPARE + 1)} {sign} {self.own(b, COMPARE + 1)}", COMPARE

    def question(self, text: str, e: ir.Expr) -> str:
        """The value of an operation that may fail; its failure leaves the function or the block of a handler."""
        if ("Error::" in text and "FoundationError::" not in text) or text.partition("(")[
            0
        ] in self.rust.helper_names.values():
            self.outcomes[f"{text}?"] = text
        if self.closures:
            if not self.closure_fails:
                raise Unsupported("a failure inside a comprehension", "", e.line)
            return f"{text}?"
        if not self.can_fail:
            raise Unsupported("a failure where none is expected", "", e.line)
        if self.label:
            own = (
                self.rust.errors.plain
                or isinstance(e, ir.Call | ir.MethodCall | ir.New)
                or f"{text}?" in self.outcomes
            )
            error = "error" if own else "error.into()"
            return f"match {text} {{ Ok(value) => value, Err(error) => break '{self.label} Err({error}) }}"
        return f"{text}?"

    title = "block"

    def closure_of(self, body: list[ir.Stmt], t: Type) -> str:
        """A block of code as a closure that gives a result."""
        raise NotImplementedError

    closure_fails = False  # true inside of a closure that gives a Result

    can_fail: bool = True

    # Operations

    def _intrinsic(self, e: ir.Intrinsic) -> tuple[str, int]:
        op, a = e.op, e.args
        if op == "int.mul" and isinstance(a[0], ir.Lit) and a[0].value == -1:
            return self._op_int_neg(ir.Intrinsic("int.neg", a[1:], type=e.type, line=e.line))
        if (of_time := times.operation(self, e)) is not None:
            return of_time
        if op in INFIX:
            sign, level = INFIX[op]
            return f"{self.x(a[0], level)} {sign} {self.x(a[1], level + 1)}", level
        if op.startswith("regex."):
            text = regex.rust(self, e)
            lent = regex.is_group(e) or op == "regex.group_text"
            return f"{text}.to_string()" if lent else text, PRIMARY
        if op in COMPARISONS:
            return self._comparison(op, a[0], a[1])
        if op.startswith("tuple.") and op[6:] in COMPARISONS:
            return f"{self.own(a[0])} {COMPARISONS[op[6:]]} {self.own(a[1])}", COMPARE
        if op in METHODS:
            method = METHODS[op]
            base = (
                self.numeric_receiver(a[0])
                if op.startswith(("int.", "float.", "math."))
                else self.place(a[0])
            )
            return f"{base}.{method}", PRIMARY
        if op in WHOLE:
            if WHOLE[op] == "trunc":
                return f"{self.helper('whole')}({self.typed(a[0])})", PRIMARY
            return f"{self.helper('whole')}({self.numeric_receiver(a[0])}.{WHOLE[op]}())", PRIMARY
        if op in HELPED:
            more = f", {CHAR_TESTS[op]}" if op in CHAR_TESTS else ""
            if op == "str.isdigit":
                self._only_ascii()
            return f"{self.helper(HELPED[op])}({self.ref(a[0])}{more})", PRIMARY
        special = getattr(self, "_op_" + op.replace(".", "_"), None)
        if special is None:
            patterns = Patterns(self)
            found = self.rust.templates.operation(
                op, [self.place(a) if i == 0 else self.ref(a) for i, a in enumerate(e.args)], patterns
            )
            if found is None:
                raise Unsupported(f"operation {op}", "", e.line)
            return (
                self.question(found, e) if e.raises and e.raises not in ir.PROGRAM_ERRORS else found
            ), PRIMARY
        return special(e)

    # What surrounds the program

    def _op_file_read_text(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self.question(f"std::fs::read_to_string({self.ref(e.args[0])})", e), PRIMARY

    def _op_file_exists(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"std::path::Path::new({self.ref(e.args[0])}).exists()", PRIMARY

    def _op_file_is_file(self, e: ir.Intrinsic) -> tuple[str, int]:
        return (
            f"std::path::Path::new({self.ref(e.args[0])}).{'is_symlink' if e.op == 'file.is_link' else e.op.removeprefix('file.')}()",
            PRIMARY,
        )

    _op_file_is_dir = _op_file_is_file
    _op_file_is_link = _op_file_is_file

    def _op_file_discard(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self.question(f"{self.helper('discard_file')}({self.ref(e.args[0])})", e), PRIMARY

    def _op_file_make_folders(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self.question(f"std::fs::create_dir_all({self.ref(e.args[0])})", e), PRIMARY

    def _op_file_write_text(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self.question(f"std::fs::write({self.ref(e.args[0])}, {self.ref(e.args[1])})", e), PRIMARY

    def _op_file_list(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self.question(f"{self.helper('names_in')}({self.ref(e.args[0])})", e), PRIMARY

    def _op_file_make_folder(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self.question(f"std::fs::create_dir({self.ref(e.args[0])})", e), PRIMARY

    def _op_file_rename(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self.question(f"std::fs::rename({self.ref(e.args[0])}, {self.ref(e.args[1])})", e), PRIMARY

    def _op_file_copy(self, e: ir.Intrinsic) -> tuple[str, int]:
        copied = f"std::fs::copy({self.ref(e.args[0])}, {self.ref(e.args[1])})"
        return self.question(f"{copied}.map(|_| ())", e), PRIMARY

    def _op_file_remove_tree(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self.question(f"std::fs::remove_dir_all({self.ref(e.args[0])})", e), PRIMARY

    def _op_file_append_text(self, e: ir.Intrinsic) -> tuple[str, int]:
        made = f"{self.helper('append_text')}({self.ref(e.args[0])}, {self.ref(e.args[1])})"
        return self.question(made, e), PRIMARY

    def _op_file_size(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.question(f'std::fs::metadata({self.ref(e.args[0])})', e)}.len() as i64", CAST

    def _op_path_which(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('which')}({self.ref(e.args[0])})", PRIMARY

    def _op_platform_system(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('system_name')}()", PRIMARY

    def _op_hash_hex(self, e: ir.Intrinsic) -> tuple[str, int]:
        raise Unsupported(
            "a digest, which needs a crate in Rust: fill this in with `sha2`, `hmac` or `md-5`", "", e.line
        )

    _op_hmac_hex = _op_hash_hex

    def _op_base64_encode(self, e: ir.Intrinsic) -> tuple[str, int]:
        raise Unsupported("base64, which needs a crate in Rust: fill this in with `base64`", "", e.line)

    _op_base64_encode_url = _op_base64_encode

    def _op_bytes_decode(self, e: ir.Intrinsic) -> tuple[str, int]:
        made = self.rust.errors.value("error.to_string()", "ValueError")
        text = f"std::str::from_utf8(&{self.place(e.args[0])}).map_err(|error| {made})"
        return f"{self.question(text, e)}.to_string()", PRIMARY

    def _op_path_cwd(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.question('std::env::current_dir()', e)}.to_string_lossy().into_owned()", PRIMARY

    def _op_file_remove(self, e: ir.Intrinsic) -> tuple[str, int]:
        removed = f"std::fs::remove_file({self.ref(e.args[0])})"
        if e.raises:
            return self.question(removed, e), PRIMARY
        self.rust.uses.add("std::io::ErrorKind")
        return (
            f'{removed}.or_else(|error| if error.kind() == ErrorKind::NotFound {{ Ok(()) }} else {{ Err(error) }}).expect("a file that can be removed")',
            PRIMARY,
        )

    def _op_env_get(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"std::env::var({self.ref(e.args[0])}).ok()", PRIMARY

    def _op_env_get_or(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"std::env::var({self.ref(e.args[0])}).unwrap_or_else(|_| {self.own(e.args[1])})", PRIMARY

    def _op_path_join(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('join_path')}({self.ref(e.args[0])}, {self.ref(e.args[1])})", PRIMARY

    # JSON

    def _op_http_json(self, e: ir.Intrinsic) -> tuple[str, int]:
        made = self.rust.errors.value("error.to_string()", "ValueError")
        return self.question(
            f"serde_json::from_slice::<serde_json::Value>(&{self.place(e.args[0])}.body).map_err(|error| {made})",
            e,
        ), PRIMARY

    def _op_http_raise_for_status(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self.question(f"{self.place(e.args[0])}.raise_for_status()", e), PRIMARY

    def _op_json_parse(self, e: ir.Intrinsic) -> tuple[str, int]:
        made = self.rust.errors.value("error.to_string()", "ValueError")
        text = f"serde_json::from_str::<serde_json::Value>({self.ref(e.args[0])}).map_err(|error| {made})"
        return self.question(text, e), PRIMARY

    def _op_json_generate(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.to_string()", PRIMARY

    def _op_json_of(self, e: ir.Intrinsic) -> tuple[str, int]:
        inner = e.args[0]
        if isinstance(inner, ir.Lit) and inner.value is None:
            return "serde_json::Value::Null", PRIMARY
        if isinstance(inner.type, ir.ListT) and not isinstance(inner, ir.ListLit):
            return f"serde_json::Value::Array({self.own(inner)})", PRIMARY
        if isinstance(inner.type, ir.DictT) and not isinstance(inner, ir.DictLit):
            return f"serde_json::Value::Object({self.own(inner)}.into_iter().collect())", PRIMARY
        return f"serde_json::json!({self.json_part(e)})", PRIMARY

    def json_part(self, e: ir.Expr) -> str:
        """A JSON value inside of `json!`."""
        if not isinstance(e, ir.Intrinsic) or e.op != "json.of":
            return self.own(e)
        written = _JSON.text(e.args[0], self.ref, self.json_part)
        if written is not None:
            return written
        match e.args[0]:
            case v if v.type == ir.STR:
                return self.ref(v)
            case v if isinstance(v.type, ir.P):
                return self.x(v)
            case _:
                return self.own(e)

    def _op_json_is(self, e: ir.Intrinsic) -> tuple[str, int]:
        kind, v = e.args[1], self.place(e.args[0])
        assert isinstance(kind, ir.Lit)
        if kind.value == "integer":
            # A number beyond 64 bits is an integer, too, but no i64.
            return f"{v}.is_i64()", PRIMARY
        tests = {"float": "is_f64", "list": "is_array"}
        return f"{v}.{tests.get(kind.value, f'is_{kind.value}')}()", PRIMARY

    def _op_json_present(self, e: ir.Intrinsic) -> tuple[str, int]:
        return (
            f"!matches!({self.ref(e.args[0])}, serde_json::Value::Null | serde_json::Value::Bool(false))",
            PRIMARY,
        )

    def _op_json_has(self, e: ir.Intrinsic) -> tuple[str, int]:
        v, key = self.place(e.args[0]), self.ref(e.args[1])
        return f'{v}.as_object().expect("a JSON object").contains_key({key})', PRIMARY

    def _op_json_integer(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f'{self.place(e.args[0])}.as_i64().expect("a JSON integer")', PRIMARY

    def _op_json_boolean(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f'{self.place(e.args[0])}.as_bool().expect("a JSON truth value")', PRIMARY

    def _op_json_members(self, e: ir.Intrinsic) -> tuple[str, int]:
        members = f'{self.place(e.args[0])}.as_object().expect("a JSON object").iter()'
        return (
            f"{members}.map(|(key, member)| (key.clone(), member.clone())).collect::<{self.rust.map}<_, _>>()",
            PRIMARY,
        )

    def _op_json_field(self, e: ir.Intrinsic) -> tuple[str, int]:
        self.rust.errors.value('""', "KeyError")
        return self.question(
            f"{self.helper('json_field')}({self.ref(e.args[0])}, {self.ref(e.args[1])})", e
        ), PRIMARY

    def _op_json_item(self, e: ir.Intrinsic) -> tuple[str, int]:
        if isinstance(e.args[1], ir.Intrinsic):
            raise Unsupported("an element of a JSON list counted from the end", "", e.line)
        return (
            f'{self.place(e.args[0])}.as_array().expect("a JSON list")[{self.usize(e.args[1])}].clone()',
            PRIMARY,
        )

    def _op_json_get_or(self, e: ir.Intrinsic) -> tuple[str, int]:
        default = e.args[2]
        if not isinstance(default, ir.Lit):
            raise Unsupported("a computed default for a member of JSON", "", e.line)
        value = (
            "serde_json::Value::Null"
            if default.value is None
            else f"{self.ref(default) if default.type == ir.STR else self.own(default)}.into()"
        )
        members = f'{self.place(e.args[0])}.as_object().expect("a JSON object")'
        return f"{members}.get({self.ref(e.args[1])}).cloned().unwrap_or_else(|| {value})", PRIMARY

    def _op_json_items(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f'{self.place(e.args[0])}.as_array().expect("a JSON list").clone()', PRIMARY

    def _op_json_truthy(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('json_truthy')}({self.ref(e.args[0])})", PRIMARY

    def _op_json_number(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f'{self.place(e.args[0])}.as_f64().expect("a JSON number")', PRIMARY

    def _op_json_text(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e)}.to_string()", PRIMARY

    def _op_json_to_int(self, e: ir.Intrinsic) -> tuple[str, int]:
        self.rust.errors.value('""', "ValueError")
        return self.question(f"{self.helper('json_int')}({self.ref(e.args[0])})", e), PRIMARY

    def _op_json_to_text(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('json_text')}({self.ref(e.args[0])})", PRIMARY

    def _op_json_dumps(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._text(encoded(e.args[0]))

    def _op_json_quote(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('json_quoted')}({self.ref(e.args[0])})", PRIMARY

    def _op_json_of_bool(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.to_string()", PRIMARY

    # Texts as bytes, and strict readings of them

    def _op_str_byte_len(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.len() as i64", CAST

    def _op_str_byte_at(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"i64::from({self.place(e.args[0])}.as_bytes()[{self.usize(e.args[1])}])", PRIMARY

    def _op_str_byte_slice(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.between(e)}.to_string()", PRIMARY

    def _strict(self, e: ir.Intrinsic, t: str) -> tuple[str, int]:
        made = self.rust.errors.value(
            f'format!("not a number: {{:?}}", {self._shown(e.args[0])})', "ValueError"
        )
        return self.question(f"{self.place(e.args[0])}.parse::<{t}>().map_err(|_| {made})", e), PRIMARY

    def _op_str_parse_int(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._strict(e, "i64")

    def _op_str_parse_float(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._strict(e, "f64")

    def _op_float_ieee_div(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.x(e.args[0], MUL)} / {self.x(e.args[1], MUL + 1)}", MUL

    def _op_float_round_away(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('whole')}({self.numeric_receiver(e.args[0])}.round())", PRIMARY

    def _op_error_is(self, e: ir.Intrinsic) -> tuple[str, int]:
        assert isinstance(e.args[1], ir.ListLit)
        names = [n.id for n in e.args[1].elems if isinstance(n, ir.Name)]
        if "FileNotFoundError" in names:
            raise Unsupported("a test for a missing file's error", "", e.line)
        if isinstance(error := e.args[0], ir.Intrinsic) and error.op == "error.cause":
            kinds = zip(("cause_of", "own_cause_of"), self.rust.errors.held(names), strict=True)
            tests = [
                f"matches!({self._cause(error, function)}, Some({' | '.join(found)}))"
                for function, found in kinds
                if found
            ]
            return " || ".join(tests), PRIMARY if len(tests) == 1 else OR
        return f"matches!({self.ref(e.args[0])}, {' | '.join(self.rust.errors.patterns(names))})", PRIMARY

    def _op_error_with_message(self, e: ir.Intrinsic) -> tuple[str, int]:
        if isinstance(e.args[0], ir.Name) and e.args[0].id in self.structs:
            raise Unsupported("another message for an error with fields", "", e.line)
        self.rust.errors.reworded = self.rust.errors.used = True
        self.rust.differ(
            "An error that gets another message keeps its own where its class has none to set, as RateLimitExceeded."
        )
        text = self.own(e.args[1])
        return f"with_message({text}, {self.own(e.args[0])})", PRIMARY

    def _op_symbol_to_str(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.to_string()", PRIMARY

    def _op_lock_new(self, e: ir.Intrinsic) -> tuple[str, int]:
        reason = "a lock that no object keeps for itself; put what it protects into a Mutex"
        raise Unsupported(reason, "", e.line)

    def _op_clock_now(self, e: ir.Intrinsic) -> tuple[str, int]:
        if self.rust.sleeps:
            return self._op_clock_monotonic(e)
        self.rust.uses.add("std::time::Instant")
        return "Instant::now()", PRIMARY

    def _op_clock_since(self, e: ir.Intrinsic) -> tuple[str, int]:
        if self.rust.sleeps:
            return f"{self.helper('monotonic')}() - {self.x(e.args[0], ADD + 1)}", ADD
        return f"{self.x(e.args[0], PRIMARY)}.elapsed().as_secs_f64()", PRIMARY

    def _op_clock_monotonic(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('monotonic')}()", PRIMARY

    def _op_clock_wall(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('wall_clock')}()", PRIMARY

    def _op_sleep(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('pause')}({self.x(e.args[0])})", PRIMARY

    def numeric_receiver(self, e: ir.Expr) -> str:
        if isinstance(e, ir.Lit):
            self.untold = False
            return (
                f"{self.x(e)}_{'f64' if e.type == ir.FLOAT else 'i64'}"
                if e.value >= 0
                else f"({self.x(e)}_{'f64' if e.type == ir.FLOAT else 'i64'})"
            )
        return self.typed(e, PRIMARY)

    def typed(self, e: ir.Expr, need: int = LOWEST) -> str:
        """A value that tells its type, where Rust could not infer it from numbers alone."""
        if not bare_number(e):
            return self.x(e, need)
        if any(isinstance(n, ir.Cond) for n in ir.walk(e)):
            return f"(({self.x(e)}) as {'i64' if e.type == ir.INT else 'f64'})"
        self.untold = True
        try:
            return self.x(e, need)
        finally:
            self.untold = False

    def _iterated(self, e: ir.Expr, need: int = LOWEST) -> str:
        """A collection to iterate over; a literal one tells the type of its numbers."""
        match e:
            case ir.ListLit() | ir.SetLit() | ir.DictLit():
                with self.inferred(True):
                    return self.own(e, need)
            case _:
                return self.place(e) if not isinstance(e.type, ir.ListT) else self.own(e, need)

    def _op_len(self, e: ir.Intrinsic) -> tuple[str, int]:
        if isinstance(e.args[0], ir.Name) and e.args[0].id in self.code_points:
            return f"{self.code_points[e.args[0].id]}.len() as i64", CAST
        counted = self._counted(e.args[0])
        if counted is not None:
            return f"{counted} as i64", CAST
        base = self.place(e.args[0])
        return (
            f"{base}.chars().count() as i64" if e.args[0].type == ir.STR else f"{base}.len() as i64"
        ), CAST

    def _counted(self, e: ir.Expr) -> str | None:
        """How many items a list has that nobody needs but to count them."""
        match e:
            case ir.Name() if self.is_cursor(e) or self.is_filtered(e):
                return f"{self.place(e)}.clone().count()"
            case ir.Intrinsic(op=op) if op in PARTS:
                return f"{self._parts(e)}.count()"
            case ir.Comp(kind="list" | "iter", elem=elem, clauses=[*others, last]) if not any(
                self.may_fail(x) for x in (elem, *last.conds, *others)
            ):
                if isinstance(last.target, ir.VarTarget) and is_total(elem):
                    target = ir.Name(last.target.id, type=last.target.type)
                    e = dataclasses.replace(e, elem=target)
                chain = self._chain(e, 0, True).removesuffix(".cloned()")
                return f"{chain}.count()"
            case ir.Intrinsic(op="to_set", args=[inner]) if inner.type == ir.STR:
                return f"{self.place(inner)}.chars().collect::<HashSet<_>>().len()"
            case _:
                return None

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

    def _refused(self, divisor: ir.Expr) -> bool:
        """True for what an operator may not divide by, because the compiler may see that it is zero."""
        if self.stored.body is not self.function_body:
            self.stored = Stored(self.function_body)
        return may_be_seen_as_zero(divisor, self.bounds, self.stored, self._constant)

    def _constant(self, name: ir.Name) -> ir.Expr | None:
        """The value of a constant of the module."""
        found = self.rust.module.find(name.id) if self.is_constant(name) else None
        return found.value if isinstance(found, ir.Constant) else None

    def _rounded_down(self, e: ir.Intrinsic, sign: str, method: str, helper: str) -> tuple[str, int]:
        a, b = e.args
        least = at_least(b, self.bounds)
        if least is None or self._refused(b):
            return f"{self.helper(helper)}({self.x(a)}, {self.x(b)})", PRIMARY
        if at_least(a, self.bounds) is None:
            # Euclid's division rounds down too when the divisor is above zero.
            return f"{self.numeric_receiver(a)}.{method}({self.x(b)})", PRIMARY
        return f"{self.typed(a, MUL)} {sign} {self.x(b, MUL + 1)}", MUL

    def _op_int_floordiv(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._rounded_down(e, "/", "div_euclid", "floor_div")

    def _op_int_mod(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._rounded_down(e, "%", "rem_euclid", "floor_mod")

    def _op_int_pow(self, e: ir.Intrinsic) -> tuple[str, int]:
        if isinstance(e.args[1], ir.Lit) and e.args[1].value >= 0:
            return f"{self.numeric_receiver(e.args[0])}.pow({e.args[1].value})", PRIMARY
        return f"{self.helper('int_power')}({self.x(e.args[0])}, {self.x(e.args[1])})", PRIMARY

    def _shifted(self, e: ir.Intrinsic) -> tuple[str, int]:
        """A shift; Rust's own refuses, or cuts, a count that a number of 64 bits has not."""
        value, count = e.args
        if not isinstance(count, ir.Lit) or not 0 <= count.value < 64:
            helper = self.helper("shift_left" if e.op == "int.shl" else "shift_right")
            return f"{helper}({self.x(value)}, {self.x(count)})", PRIMARY
        sign = "<<" if e.op == "int.shl" else ">>"
        return f"{self.x(value, SHIFT)} {sign} {count.value}", SHIFT

    _op_int_shl = _shifted
    _op_int_shr = _shifted

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
        return f"{self.numeric_receiver(e.args[0])}.powf({self.x(e.args[1])})", PRIMARY

    def _op_float_round_to(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('round_to')}({self.x(e.args[0])}, {self.x(e.args[1])})", PRIMARY

    def _op_float_to_str(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('float_text')}({self.x(e.args[0])})", PRIMARY

    def _op_bool_to_int(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"i64::from({self.x(e.args[0])})", PRIMARY

    def _op_bool_to_str(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f'(if {self.x(e.args[0])} {{ "True" }} else {{ "False" }}).to_string()', PRIMARY

    def _op_float_is_nan(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.numeric_receiver(e.args[0])}.is_nan()", PRIMARY

    def _op_math_pi(self, e: ir.Intrinsic) -> tuple[str, int]:
        return "std::f64::consts::PI", PRIMARY

    def _op_math_e(self, e: ir.Intrinsic) -> tuple[str, int]:
        return "std::f64::consts::E", PRIMARY

    def _of_two(self, e: ir.Intrinsic) -> tuple[str, int]:
        method = e.op.removeprefix("math.")
        return f"{self.numeric_receiver(e.args[0])}.{method}({self.x(e.args[1])})", PRIMARY

    _op_math_hypot = _of_two
    _op_math_atan2 = _of_two

    def _op_math_inf(self, e: ir.Intrinsic) -> tuple[str, int]:
        return "f64::INFINITY", PRIMARY

    # Texts

    def _op_char_to_str(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.to_string()", PRIMARY

    def _op_char_byte_len(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.len_utf8() as i64", CAST

    def _only_ascii(self) -> None:
        self.rust.differ("Digits are 0 to 9; those of other scripts are neither digits nor read as numbers.")

    def _op_char_isdigit(self, e: ir.Intrinsic) -> tuple[str, int]:
        self._only_ascii()
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
                for part in v.args:
                    collect(part)
            else:
                parts.append(v)

        collect(e)
        first = parts[0]
        if (
            len(parts) == 2
            and isinstance(first, ir.Intrinsic)
            and first.op in ("int.to_str", "char.to_str", "str.repeat")
        ):
            # What is new can grow.
            return f"{self.own(first, ADD)} + {self._borrowed_text(parts[1])}", ADD
        return self._format(ir.Format([ir.FormatPart(value=p) for p in parts], type=ir.STR, line=e.line))

    def _borrowed_text(self, e: ir.Expr) -> str:
        text = self.ref(e)
        return (
            text if text.startswith("&") or is_place(e) or lends(e) or isinstance(e, ir.Lit) else f"({text})"
        )

    def _shown(self, e: ir.Expr) -> str:
        if isinstance(e, ir.Lit) and e.type == ir.STR:
            return rust_string(e.value)
        if regex.is_group(e):
            return self.ref(e)
        if isinstance(e, ir.Intrinsic) and e.op in ("char.to_str", "json.of_bool"):
            return self.x(e.args[0])
        if isinstance(e, ir.Intrinsic) and e.op in ("error.message", "str.byte_slice"):
            shown = self.x(e).removesuffix(".to_string()")
            return shown if e.op == "error.message" else f"&{shown}"
        if isinstance(e, ir.Intrinsic) and e.op == "dict.get_or" and self._matched(*e.args[:2]) is not None:
            return self.x(e).removesuffix(".to_string()")
        if isinstance(e, ir.Intrinsic) and e.op == "len" and e.args[0].type != ir.STR:
            return f"{self.place(e.args[0])}.len()"
        if isinstance(e, ir.Intrinsic) and e.op == "int.to_str":
            return self._shown(e.args[0])
        if self.rust.copies(e.type) and not is_place(e):
            return self.x(e)
        return self.place(e)

    def _op_str_repeat(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.repeat({self._count(e.args[1])})", PRIMARY

    def _count(self, e: ir.Expr) -> str:
        if isinstance(e, ir.Lit):
            return str(max(e.value, 0))
        if (counted := self.index(e)) is not None:
            return counted
        return f"{self.x(e, PRIMARY)}.max(0) as usize"

    def _contains(self, e: ir.Intrinsic, method: str) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.{method}({self._pattern(e.args[1])})", PRIMARY

    def _pattern(self, e: ir.Expr) -> str:
        if isinstance(e, ir.Lit) and len(e.value) == 1:
            return rust_char(e.value)
        if isinstance(e, ir.Intrinsic) and e.op == "char.to_str":
            return self.x(e.args[0])
        return (
            self.x(e)
            if e.type == ir.CHAR
            else self.ref(e)
            if not isinstance(e, ir.Intrinsic)
            else f"&*{self.place(e)}"
        )

    def _op_str_contains(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._contains(e, "contains")

    def _op_str_contains_char(self, e: ir.Intrinsic) -> tuple[str, int]:
        text, c = e.args
        if isinstance(text, ir.Lit) and 0 < len(text.value) <= 12:
            return f"matches!({self.x(c)}, {' | '.join(rust_char(x) for x in text.value)})", PRIMARY
        return self._contains(e, "contains")

    def _edge(self, e: ir.Intrinsic) -> tuple[str, int]:
        """Whether the first or last character of a text is this one; an empty text has none, which is a mistake."""
        at = "next" if e.op == "str.first_is" else "next_back"
        text, c = e.args
        found = ir.Lit(c.value, type=ir.CHAR) if isinstance(c, ir.Lit) else c
        kept = self.code_points.get(text.id) if isinstance(text, ir.Name) else None
        if kept is not None:
            place = "0" if at == "next" else f"{kept}.len() - 1"
            return f"{kept}[{place}] == {self.x(found)}", COMPARE
        return f'{self.place(text)}.chars().{at}().expect("a character") == {self.x(found)}', COMPARE

    _op_str_first_is = _edge
    _op_str_last_is = _edge

    def _op_str_startswith(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._contains(e, "starts_with")

    def _op_str_endswith(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._contains(e, "ends_with")

    def _op_str_split_ws(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._parts(e)}.map(str::to_string).collect::<Vec<String>>()", PRIMARY

    def _parts(self, e: ir.Intrinsic) -> str:
        """An iterator over the parts of a text, which borrow from it."""
        if e.op == "str.split_ws":
            return f"{self.place(e.args[0])}.split_whitespace()"
        if not self._never_empty(e.args[1]):
            raise Unsupported("split by a computed separator", "", e.line)
        if e.op == "str.split_n":
            if not (isinstance(e.args[2], ir.Lit) and e.args[2].value >= 0):
                raise Unsupported("split by a computed separator or count", "", e.line)
            return f"{self.place(e.args[0])}.splitn({e.args[2].value + 1}, {self._pattern(e.args[1])})"
        return f"{self.place(e.args[0])}.split({self._pattern(e.args[1])})"

    def _never_empty(self, e: ir.Expr) -> bool:
        """True for a text that is certainly not empty."""
        if isinstance(e, ir.Cond):
            return self._never_empty(e.body) and self._never_empty(e.orelse)
        return (
            e.type == ir.CHAR
            or (isinstance(e, ir.Lit) and bool(e.value))
            or (isinstance(e, ir.Intrinsic) and e.op == "char.to_str")
            or (
                isinstance(e, ir.Name) and self.rust.constant_kinds.get(e.id) == "str" and self.is_constant(e)
            )
        )

    def _op_str_split(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._parts(e)}.map(str::to_string).collect::<Vec<String>>()", PRIMARY

    def _op_str_join(self, e: ir.Intrinsic) -> tuple[str, int]:
        separator, texts = e.args
        if isinstance(separator, ir.Lit) and not separator.value and not is_place(texts):
            letters = self._letters(texts)
            if letters is not None:
                return f"{letters}.collect::<String>()", PRIMARY
            if isinstance(texts, ir.Comp) and texts.kind in ("list", "iter"):
                return self._collected(texts, "String")
        if texts.type == ir.ListT(ir.CHAR):
            if not (isinstance(separator, ir.Lit) and not separator.value):
                raise Unsupported("characters joined with something between them", "", e.line)
            return (
                f"{self.place(texts)}.{'iter' if is_place(texts) else 'into_iter'}().collect::<String>()",
                PRIMARY,
            )
        joiner = (
            self.ref(separator) if not isinstance(separator, ir.Intrinsic) else f"&*{self.place(separator)}"
        )
        return f"{self.place(texts).removeprefix('vec!')}.join({joiner})", PRIMARY

    def _letters(self, e: ir.Expr) -> str | None:
        """An iterator of characters for texts that are one character each, None for other texts."""
        match e:
            case ir.Comp(kind="list" | "iter") if (
                not self.may_fail(e.elem) and (letter := letter_of(e.elem)) is not None
            ):
                return self._chain(dataclasses.replace(e, elem=letter), 0, False)
            case ir.Intrinsic(op="sorted", args=[text, key, reverse]) if (
                text.type == ir.STR and not isinstance(key, ir.Lambda)
            ):
                return f"{self._in_order(self.items(text), reverse)}.into_iter()"
            case ir.Intrinsic(op="sorted", args=[ir.Intrinsic(op="to_list", args=[text]), key, reverse]) if (
                text.type == ir.STR and not isinstance(key, ir.Lambda)
            ):
                return f"{self._in_order(self.items(text), reverse)}.into_iter()"
            case ir.Intrinsic(op="reversed" | "to_list", args=[text]) if text.type == ir.STR:
                return f"{self.place(text)}.chars(){'.rev()' if e.op == 'reversed' else ''}"
            case _:
                return (e.type == ir.STR and f"{self.place(e)}.chars()") or None

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
        if isinstance(obj, ir.Name) and obj.id in self.code_points and not _wraps(i):
            kept = self.code_points[obj.id]
            if isinstance(i, ir.Intrinsic) and i.op == "from_end":
                return f"{kept}[{kept}.len() - {self.usize(i.args[0])}]", PRIMARY
            return f"{kept}[{self.usize(i)}]", PRIMARY
        if isinstance(i, ir.Intrinsic) and i.op == "from_end":
            return f'{self.place(obj)}.chars().{self._from_back(i.args[0])}.expect("a character")', PRIMARY
        if isinstance(i, ir.Intrinsic) and i.op == "wrap":
            raise Unsupported("an index that may count from the end", "", e.line)
        nth = "next()" if isinstance(i, ir.Lit) and i.value == 0 else f"nth({self.usize(i)})"
        return f'{self.place(obj)}.chars().{nth}.expect("a character")', PRIMARY

    def _from_back(self, count: ir.Expr) -> str:
        """The call that gives the item of an iterator that is so many from its end."""
        if isinstance(count, ir.Lit):
            return "next_back()" if count.value == 1 else f"nth_back({count.value - 1})"
        return f"nth_back({self.usize(count)} - 1)"

    def _op_str_to_int(self, e: ir.Intrinsic) -> tuple[str, int]:
        self._only_ascii()
        digit = letter_of(e.args[0])
        if digit is not None:
            return self.question(f"{self.helper('digit')}({self.x(digit)})", e), PRIMARY
        return self.question(f"{self.helper('parse_int')}({self.ref(e.args[0])})", e), PRIMARY

    def _op_str_to_float(self, e: ir.Intrinsic) -> tuple[str, int]:
        self._only_ascii()
        return self.question(f"{self.helper('parse_float')}({self.ref(e.args[0])})", e), PRIMARY

    def _slice(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._part(e)}.{'to_string' if e.op.startswith('str') else 'to_vec'}()", PRIMARY

    def _part(self, e: ir.Intrinsic) -> str:
        """The part of a text or list that a slice is, borrowed from it."""
        obj, low, high = e.args[:3]
        whole = isinstance(high, ir.Lit) and high.value is None
        if isinstance(low, ir.Lit) and low.value is None and whole:
            return self.place(obj)
        counted = isinstance(low, ir.Lit) or low.type == ir.INT
        if e.op.startswith("list") and whole and counted and at_least(low, self.bounds) is not None:
            return f"{self.place(obj)}.get({self.usize(low)}..).unwrap_or_default()"
        kind = "slice_text" if e.op.startswith("str") else "slice_list"
        if isinstance(obj, ir.Name) and obj.id in self.char_places:
            bounds = f"{self._bound(low)}, {self._bound(high)}"
            return f"{self.helper('slice_between')}({self.ref(obj)}, &{self.char_places[obj.id]}, {bounds})"
        return f"{self.helper(kind)}({self.ref(obj)}, {self._bound(low)}, {self._bound(high)})"

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
        if e.op.startswith("str"):
            step = self.usize(e.args[3])
            return f"{self._part(e)}.chars().step_by({step}).collect::<String>()", PRIMARY
        return f"{self.items(e)}.collect::<Vec<_>>()", PRIMARY

    _op_str_stride = _stride
    _op_list_stride = _stride

    # Elements

    def changing_element(self, e: ir.Intrinsic) -> str:
        """An element of a list as the place that is about to change."""
        obj, i = e.args[0], _position(e)
        base = self._changing(obj)
        if isinstance(i, ir.Intrinsic) and i.op == "from_end":
            last = isinstance(i.args[0], ir.Lit) and i.args[0].value == 1
            found = "last_mut()" if last else f"iter_mut().{self._from_back(i.args[0])}"
            return f'*{base}.{found}.expect("an element")'
        wrapped = i.args[0] if isinstance(i, ir.Intrinsic) and i.op == "wrap" else None
        if wrapped is None and not any(isinstance(n, ir.Name) and n.id == root(obj) for n in ir.walk(i)):
            return f"{base}[{self.usize(i)}]"
        # The list cannot be looked at while its element is borrowed to be changed.
        if self.closures:
            raise Unsupported("an element whose position its list tells", root(obj), e.line)
        index = self.fresh("index")
        where = (
            f"{self.helper('wrap')}({self.x(wrapped)}, {base}.len())"
            if wrapped is not None
            else self.usize(i)
        )
        self.write(f"let {index} = {where};")
        return f"{base}[{index}]"

    def _op_list_index(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, i = e.args[0], _position(e)
        if isinstance(obj, ir.Name) and id(e) in self.locals.parts.steps:
            return f'{self.name(obj.id)}.{self.locals.parts.steps[id(e)]}.expect("an element")', PRIMARY
        if isinstance(obj, ir.Name) and obj.id in self.locals.parts.taken:
            assert isinstance(i, ir.Lit)
            return self.part_name(obj.id, i.value), PRIMARY
        if isinstance(obj, ir.Intrinsic) and lends(e):
            backwards = isinstance(i, ir.Intrinsic)
            if not backwards:
                at = "next()" if isinstance(i, ir.Lit) and i.value == 0 else f"nth({self.usize(i)})"
                return f'{self._parts(obj)}.{at}.expect("an element")', PRIMARY
            if obj.op == "str.split_ws" or letter_of(obj.args[1]) is not None:
                return f'{self._parts(obj)}.{self._from_back(i.args[0])}.expect("an element")', PRIMARY
            at = i.args[0].value - 1 if isinstance(i.args[0], ir.Lit) else 0
            found = "next()" if at == 0 else f"nth({at})"
            return f'{self._parts(obj).replace(".split(", ".rsplit(")}.{found}.expect("an element")', PRIMARY
        if isinstance(i, ir.Intrinsic) and i.op in ("from_end", "wrap") and not is_place(obj):
            if i.op == "wrap":
                raise Unsupported("an index from the end into a computed list", "", e.line)
            return (
                f'{self._iterated(obj, PRIMARY)}.into_iter().{self._from_back(i.args[0])}.expect("an element")',
                PRIMARY,
            )
        base = self.place(obj)
        if isinstance(i, ir.Intrinsic) and i.op == "from_end":
            return f"{base}[{base}.len() - {self.usize(i.args[0])}]", PRIMARY
        if isinstance(i, ir.Intrinsic) and i.op == "wrap":
            return f"{base}[{self.helper('wrap')}({self.x(i.args[0])}, {base}.len())]", PRIMARY
        return f"{base}[{self.usize(i)}]", PRIMARY

    def part_name(self, name: str, place: int) -> str:
        """The variable that holds a part of a text whose parts are no list."""
        return self.name(f"{name}[{place}] of ours", ORDINALS[place])

    def taken_parts(self, e: ir.Expr) -> str | None:
        """The parts of a text that a pattern has taken, all of them, as an array."""
        taken = self.locals.parts.taken.get(e.id) if isinstance(e, ir.Name) else None
        if not isinstance(e, ir.Name) or taken is None:
            return None
        return f"[{', '.join(self.part_name(e.id, place) for place in taken.places)}]"

    def is_filtered(self, e: ir.Expr) -> bool:
        """True for the letters of a text without one of them."""
        return isinstance(e, ir.Name) and e.id in self.locals.parts.filtered

    def is_cursor(self, e: ir.Expr) -> bool:
        """True for the parts of a text that are taken one after the other."""
        return isinstance(e, ir.Name) and e.id in self.locals.parts.cursors

    def _op_tuple_index(self, e: ir.Intrinsic) -> tuple[str, int]:
        parted = e.args[0]
        if isinstance(parted, ir.Intrinsic) and lends(e):
            return f"{self.partitioned(parted)}.{self.x(e.args[1])}", PRIMARY
        return f"{self.place(parted)}.{self.x(e.args[1])}", PRIMARY

    def _op_tuple_to_list(self, e: ir.Intrinsic) -> tuple[str, int]:
        raise Unsupported("a tuple as a list", "", e.line)

    def _op_dict_index(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, key = e.args
        if isinstance(obj.type, ir.DictT) and obj.type.zero:
            return f"{self.place(obj)}.get({self.key(key)}).cloned().unwrap_or_default()", PRIMARY
        if (found := self._matched(obj, key)) is not None:
            if not e.raises:
                return f'{found}.expect("a known key")', PRIMARY
            made = self.rust.errors.value(self._key_text(key), "KeyError")
            return self.question(f"{found}.ok_or_else(|| {made})", e), PRIMARY
        if e.raises:
            if any(isinstance(n, ir.Cond | ir.Comp | ir.Call | ir.MethodCall) for n in ir.walk(key)):
                # It is worked out once, for the search and for the error.
                name = "wanted"
                made = self.rust.errors.value(f'format!("{{:?}}", {name})', "KeyError")
                searched = f"{self.place(obj)}.get(&{name}).ok_or_else(|| {made})"
                found = self.question(f"{{ let {name} = {self.own(key)}; {searched} }}", e)
                return (f"*{found}", UNARY) if self.rust.copies(e.type) else (f"(*{found})", PRIMARY)
            made = self.rust.errors.value(self._key_text(key), "KeyError")
            found = self.question(f"{self.place(obj)}.get({self.key(key)}).ok_or_else(|| {made})", e)
            return (f"*{found}", UNARY) if self.rust.copies(e.type) else (f"(*{found})", PRIMARY)
        return f"{self.place(obj)}[{self.key(key)}]", PRIMARY

    def _matched(self, obj: ir.Expr, key: ir.Expr) -> str | None:
        """The look into a map that is written as a `match`, None for another map."""
        if not isinstance(obj, ir.Name):
            return None
        if obj.id in self.locals.maps:
            function, letters = self.name(obj.id), obj.id in self.locals.letters
        elif self.is_constant(obj) and obj.id in self.rust.tables:
            function, letters = self.rust.constant_name(obj.id), self.rust.tables[obj.id]
        else:
            return None
        if isinstance(key, ir.Intrinsic) and key.op == "char.to_str":
            return f"{function}({self.x(key.args[0]) if letters else self.key(key)})"
        return f"{function}({self.argument(key, key.type)})"

    def _key_text(self, key: ir.Expr) -> str:
        """The message of a missing key: the key as a literal."""
        return f'format!("{{:?}}", {self._shown(key)})'

    def _op_dict_get(self, e: ir.Intrinsic) -> tuple[str, int]:
        if (found := self._matched(*e.args)) is not None:
            assert isinstance(e.type, ir.OptionalT)
            return (f"{found}.map(str::to_string)" if e.type.elem == ir.STR else found), PRIMARY
        return (
            f"{self.place(e.args[0])}.get({self.ref(e.args[1])}).{'copied' if isinstance(e.args[0].type, ir.DictT) and self.rust.copies(e.args[0].type.value) else 'cloned'}()",
            PRIMARY,
        )

    def _op_dict_get_or(self, e: ir.Intrinsic) -> tuple[str, int]:
        if (found := self._matched(*e.args[:2])) is not None:
            if e.type != ir.STR:
                return f"{found}.unwrap_or({self.own(e.args[2])})", PRIMARY
            return f"{found}.unwrap_or({self.ref(e.args[2])}).to_string()", PRIMARY
        found = f"{self.place(e.args[0])}.get({self.ref(e.args[1])}).{'copied' if self.rust.copies(e.type) else 'cloned'}()"
        default = self.own(e.args[2])
        if default in ("serde_json::Value::Null", "String::new()"):
            return f"{found}.unwrap_or_default()", PRIMARY
        if e.type == ir.STR and (isinstance(e.args[2], ir.Lit) or is_place(e.args[2]) or lends(e.args[2])):
            return f"{found}.unwrap_or_else(|| {default})", PRIMARY
        return f"{found}.unwrap_or({default})", PRIMARY

    def lent_entry(self, e: ir.Expr) -> str | None:
        """A text of a map, or the one in its place, as a `&str`; None for what is not that."""
        match e:
            case ir.Intrinsic(op="dict.get_or", args=[map_, key, other], type=ir.STR) if (
                is_place(map_)
                and self._matched(map_, key) is None
                and (isinstance(other, ir.Lit) or is_place(other) or lends(other))
                and not self.may_fail(e)
            ):
                found = f"{self.place(map_)}.get({self.ref(key)})"
                return f"{found}.map_or({self._text_of(other)}, String::as_str)"
            case _:
                return None

    def _op_dict_contains(self, e: ir.Intrinsic) -> tuple[str, int]:
        if (found := self._matched(*e.args)) is not None:
            return f"{found}.is_some()", PRIMARY
        return f"{self.place(e.args[0])}.contains_key({self.key(e.args[1])})", PRIMARY

    def _op_set_contains(self, e: ir.Intrinsic) -> tuple[str, int]:
        if self.lists_texts(e.args[0]) or isinstance(e.args[0], ir.SetLit):
            return self._op_list_contains(e)
        return f"{self.place(e.args[0])}.contains({self.key(e.args[1])})", PRIMARY

    def _op_list_contains(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, v = e.args
        elems = obj.elems if isinstance(obj, ir.ListLit | ir.SetLit) else []
        known = bool(elems) and all(isinstance(x, ir.Lit | ir.EnumMember) for x in elems)
        if v.type == ir.STR and not self.may_fail(v) and self.lists_texts(obj):
            return f"{self.place(obj)}.contains(&{self._text_of(v)})", PRIMARY
        if known and ((v.type == ir.STR and not self.may_fail(v)) or self._patterned(v)):
            value = self._text_of(v) if v.type == ir.STR else self.x(v)
            patterns = dict.fromkeys(self.ref(x) if x.type == ir.STR else self.own(x) for x in elems)
            return f"matches!({value}, {' | '.join(patterns)})", PRIMARY
        if elems:
            return f"[{', '.join(self.own(x) for x in elems)}].contains({self.ref(v)})", PRIMARY
        if v.type == ir.STR and self.may_fail(v):
            return f"{self.place(obj)}.contains(&{self.own(v, PRIMARY)})", PRIMARY
        if v.type == ir.STR:
            text = self.ref(v)
            if text.startswith("&") or not is_total(v):
                owned = text if text.startswith("&") else f"&{self.own(v, PRIMARY)}"
                return f"{self.place(obj)}.contains({owned})", PRIMARY
            item = self.fresh("item")
            return f"{self.place(obj)}.iter().any(|{item}| *{item} == *{self.place(v)})", PRIMARY
        return f"{self.place(obj)}.contains({self.ref(v)})", PRIMARY

    def _patterned(self, e: ir.Expr) -> bool:
        """True for a value whose type has literal patterns."""
        return self.rust.copies(e.type) and e.type != ir.FLOAT and not bare_number(e)

    def _text_of(self, e: ir.Expr) -> str:
        """A text as a `&str`."""
        text = self._ref(e)
        if isinstance(e, ir.Name) and e.id in self.strings and text == self.name(e.id):
            return f"{text}.as_str()"
        part = isinstance(e, ir.Intrinsic) and e.op == "str.byte_slice"
        return f"{text[1:]}.as_str()" if text.startswith("&") and not part else text

    def _place_of(self, list_: ir.Expr, v: ir.Expr) -> str:
        """Where a list has a value first, as an optional; the value is worked out before the search."""
        if not is_total(v):
            return f"{self.helper('place_of')}({self.ref(list_)}, {self.ref(v)})"
        item = self.fresh("item")
        found = f"**{item}" if self.lists_texts(list_) else f"*{item}"
        wanted = f"*{self.place(v)}" if not self.rust.copies(v.type) else self.x(v, COMPARE + 1)
        return f"{self.place(list_)}.iter().position(|{item}| {found} == {wanted})"

    def _op_list_count(self, e: ir.Intrinsic) -> tuple[str, int]:
        list_, v = e.args
        if not is_total(v):
            return f"{self.helper('count_of')}({self.ref(list_)}, {self.ref(v)})", PRIMARY
        wanted = f"*{self.place(v)}" if not self.rust.copies(v.type) else self.x(v, COMPARE + 1)
        return f"{self.place(list_)}.iter().filter(|&item| *item == {wanted}).count() as i64", CAST

    def _op_list_find_or_raise(self, e: ir.Intrinsic) -> tuple[str, int]:
        made = self.rust.errors.value('"not in the list".to_string()', "ValueError")
        return f"{self.question(f'{self._place_of(*e.args)}.ok_or_else(|| {made})', e)} as i64", CAST

    def _op_str_find_or_raise(self, e: ir.Intrinsic) -> tuple[str, int]:
        found = f"{self.helper('position')}({self.ref(e.args[0])}, {self.ref(e.args[1])})"
        made = self.rust.errors.value('"substring not found".to_string()', "ValueError")
        return self.question(f"{found}.ok_or_else(|| {made})", e), PRIMARY

    def _op_str_ord_first(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('first_code')}({self.ref(e.args[0])})", PRIMARY

    def _op_list_copy(self, e: ir.Intrinsic) -> tuple[str, int]:
        return (
            f"{self.place(e.args[0])}.{'to_vec' if isinstance(e.args[0].type, ir.ListT) else 'clone'}()",
            PRIMARY,
        )

    _op_dict_copy = _op_list_copy

    def _op_dict_union(self, e: ir.Intrinsic) -> tuple[str, int]:
        first, second = (f"{self.place(a)}.iter()" for a in e.args)
        entries = f"{first}.chain({second}).map({self._entry(e)})"
        return f"{entries}.collect::<{self.rust.map}<_, _>>()", PRIMARY

    _op_set_copy = _op_list_copy

    def _op_list_reversed(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._backwards(e.args[0])}.collect::<Vec<_>>()", PRIMARY

    def _backwards(self, e: ir.Expr) -> str:
        """The elements of something, the last one first."""
        text = self.items(e)
        if any(mark in text for mark in _ONE_WAY):
            # These can be walked backwards only when their length is known, which that of a range is not, or by one
            # character, or not at all.
            text = f"{text}.collect::<Vec<_>>().into_iter()"
        return f"{text}.rev()"

    def _op_list_concat(self, e: ir.Intrinsic) -> tuple[str, int]:
        parts = [
            f"&[{self._elements(a.elems)}]" if isinstance(a, ir.ListLit) and a.elems else self.ref(a)
            for a in e.args
        ]
        return f"{self.helper('joined')}({', '.join(parts)})", PRIMARY

    def _op_list_repeat(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, n = e.args
        if isinstance(obj, ir.ListLit) and len(obj.elems) == 1:
            if self.rust.mutable(obj.elems[0].type):
                raise Unsupported("a list that holds one list several times", "", e.line)
            return f"vec![{self._element_of(obj.elems[0], 0)}; {self._count(n)}]", PRIMARY
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
        match e:
            case ir.Intrinsic(op="dict.index", args=[obj, key]):
                if isinstance(obj.type, ir.DictT) and obj.type.zero:
                    return f"{self._changing(obj)}.entry({self.own(key)}).or_default()"
                found = f"{self._changing(obj)}.get_mut({self.key(key)})"
                if e.raises and self.can_fail and not self.closures:
                    made = self.rust.errors.value(self._key_text(key), "KeyError")
                    return self.question(f"{found}.ok_or_else(|| {made})", e)
                return f'{found}.expect("a known key")'
            case ir.Intrinsic(op="dict.setdefault", args=[obj, key, default]):
                empty = isinstance(default, ir.ListLit | ir.SetLit | ir.DictLit) and not list(
                    ir.children(default)
                )
                made = "or_default()" if empty else f"or_insert({self.own(default)})"
                return f"{self._changing(obj)}.entry({self.own(key)}).{made}"
            case ir.Intrinsic(op="list.index"):
                return self.changing_element(e).removeprefix("*")
            case ir.Intrinsic(op="tuple.index"):
                raise Unsupported("a change inside a tuple", "", e.line)
            case ir.Field():
                return f"{self._changing(e.obj)}.{self.rust.field(e.obj.type, e.name)}"
            case ir.Unwrap(value=inner):
                if isinstance(inner, ir.Name) and inner.id in self.by_mut:
                    return self.place(inner)
                if isinstance(inner, ir.Intrinsic) and inner.op == "dict.get":
                    return f'{self._changing(inner.args[0])}.get_mut({self.ref(inner.args[1])}).expect("a known key")'
                return f'{self._changing(inner)}.as_mut().expect("a value")'
            case ir.Name() if e.id in self.by_ref or self.is_constant(e):
                raise Unsupported("a change of what is only borrowed", e.id, e.line)
            case ir.Name():
                return self.place(e)
            case _:
                raise Unsupported("a change of a computed value", "", e.line)

    def _op_list_append(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._changing(e.args[0])}.push({self.own(e.args[1])})", PRIMARY

    def _op_list_extend(self, e: ir.Intrinsic) -> tuple[str, int]:
        if ir.same(*e.args):
            return f"{self._changing(e.args[0])}.extend_from_within(..)", PRIMARY
        if isinstance(e.args[1], ir.ListLit) and len(e.args[1].elems) == 1:
            return f"{self._changing(e.args[0])}.push({self.own(e.args[1].elems[0])})", PRIMARY
        if isinstance(e.args[1], ir.ListLit):
            return f"{self._changing(e.args[0])}.extend([{self._elements(e.args[1].elems)}])", PRIMARY
        grown = root(e.args[0])
        if grown and grown in {root(n) for n in ir.walk(e.args[1]) if isinstance(n, ir.Expr)}:
            # What is lent from the list cannot be read while the list grows.
            return f"{self._changing(e.args[0])}.extend({self.own(e.args[1])})", PRIMARY
        return (
            f"{self._changing(e.args[0])}.extend({self.items(e.args[1]).removesuffix('.into_iter()')})",
            PRIMARY,
        )

    def _op_list_pop(self, e: ir.Intrinsic) -> tuple[str, int]:
        own = ".to_string()" if self.lists_texts(e.args[0]) else ""
        return f'{self._changing(e.args[0])}.pop().expect("an element"){own}', PRIMARY

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
        obj, key, reverse = e.args
        plain = isinstance(obj.type, ir.ListT) and obj.type.elem in (ir.INT, ir.STR, ir.CHAR, ir.BOOL)
        if plain and not isinstance(key, ir.Lambda) and isinstance(reverse, ir.Lit):
            down = "sort_unstable_by(|a, b| b.cmp(a))"
            return f"{base}.{down if reverse.value else 'sort_unstable()'}", PRIMARY
        order = self._order(e)
        if order is not None:
            return f"{base}.sort_by({order})", PRIMARY
        through = "*" if isinstance(obj, ir.Name) and obj.id in self.by_mut else ""
        return f"{through}{base} = {self._sorted(e)}", PRIMARY

    def _op_set_add(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._changing(e.args[0])}.insert({self.own(e.args[1])})", PRIMARY

    def _op_set_discard(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._changing(e.args[0])}.remove({self.ref(e.args[1])})", PRIMARY

    def _op_set_update(self, e: ir.Intrinsic) -> tuple[str, int]:
        if root(e.args[0]) in {root(n) for n in ir.walk(e.args[1]) if isinstance(n, ir.Expr)}:
            raise Unsupported("a set updated from itself", root(e.args[0]), e.line)
        return f"{self._changing(e.args[0])}.extend({self.bound_to(e.args[1], e.args[0].type)})", PRIMARY

    def _op_set_remove(self, e: ir.Intrinsic) -> tuple[str, int]:
        made = self.rust.errors.value(self._key_text(e.args[1]), "KeyError")
        removed = f"{self._changing(e.args[0])}.take({self.ref(e.args[1])})"
        return self.question(f"{removed}.ok_or_else(|| {made})", e), PRIMARY

    def bound_to(self, e: ir.Expr, t: Type) -> str:
        """An iterator whose items become elements of a set, or keys of a map, of this type, in whatever order."""
        text = self.items(e, True)
        return self._as_texts(text, t, e)

    def _as_texts(self, items: str, t: Type, source: ir.Expr) -> str:
        """Items that are characters of a text, as texts where a collection of this type holds texts."""
        held = t.key if isinstance(t, ir.DictT) else getattr(t, "elem", None)
        return (
            f"{items}.map(|c| c.to_string())"
            if held == ir.STR and source.type in (ir.STR, ir.CHAR)
            else items
        )

    def _taken(self, e: ir.Intrinsic) -> str:
        """The removal of a key, as an optional."""
        word = "shift_remove" if self.rust.ordered else "remove"
        return f"{self._changing(e.args[0])}.{word}({self.ref(e.args[1])})"

    def _op_dict_pop_optional(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._taken(e), PRIMARY

    def _op_dict_pop_or(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._taken(e)}.unwrap_or({self.own(e.args[2])})", PRIMARY

    def _op_dict_pop(self, e: ir.Intrinsic) -> tuple[str, int]:
        if not e.raises:
            return f'{self._taken(e)}.expect("a known key")', PRIMARY
        made = self.rust.errors.value(self._key_text(e.args[1]), "KeyError")
        return self.question(f"{self._taken(e)}.ok_or_else(|| {made})", e), PRIMARY

    _op_dict_delete = _op_dict_pop

    def _op_dict_update(self, e: ir.Intrinsic) -> tuple[str, int]:
        other = e.args[1]
        if not isinstance(other.type, ir.DictT):
            raise Unsupported("a map updated from something else", "", e.line)
        if root(e.args[0]) in {root(n) for n in ir.walk(other) if isinstance(n, ir.Expr)}:
            raise Unsupported("a map updated from itself", root(e.args[0]), e.line)
        items = (
            f"{self.own(other, PRIMARY)}.into_iter()"
            if self._moves(other) or not is_place(other)
            else f"{self.place(other)}.iter().map({self._entry(other)})"
        )
        return f"{self._changing(e.args[0])}.extend({items})", PRIMARY

    def _entry(self, e: ir.Expr) -> str:
        """The closure that makes an entry of its own of a borrowed one."""
        assert isinstance(e.type, ir.DictT)
        key, value = (
            f"*{n}" if self.rust.copies(k) else f"{n}.clone()"
            for n, k in (("key", e.type.key), ("value", e.type.value))
        )
        if self._keyed(e):
            key = "key.to_string()"
        return f"|(key, value)| ({key}, {value})"

    def _op_dict_setdefault(self, e: ir.Intrinsic) -> tuple[str, int]:
        text = f"{self._changing(e.args[0])}.entry({self.own(e.args[1])}).or_insert({self.own(e.args[2])})"
        return (f"*{text}", UNARY) if self.rust.copies(e.type) else (f"{text}.clone()", PRIMARY)

    def _op_list_remove(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, v = e.args
        made = self.rust.errors.value('"list.remove(x): x not in list".to_string()', "ValueError")
        found = self.question(f"{self._place_of(obj, v)}.ok_or_else(|| {made})", e)
        return f"{self._changing(obj)}.remove({found})", PRIMARY

    def _op_error_message(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e.args[0])}.to_string()", PRIMARY

    def _failure(self, e: ir.Intrinsic) -> tuple[str, int]:
        """What an error of the runtime says about its cause."""
        variants, value = _SAID[e.op]
        errors, (error,) = self.rust.errors, e.args
        pattern = " | ".join(f"{errors.foundation}::{v}" for v in variants)
        if isinstance(error, ir.Intrinsic) and error.op == "error.cause":
            of, pattern = self._cause(error, "cause_of"), f"Some({pattern})"
        else:
            of, pattern = (
                f"&{self.place(error)}",
                pattern if errors.plain else f"Error::Foundation({pattern})",
            )
        return f"match {of} {{ {pattern} => {value}, _ => unreachable!() }}", LOWEST - 1

    _op_error_http_status = _failure
    _op_error_exit_code = _failure
    _op_error_stdout = _failure
    _op_error_stderr = _failure
    _op_error_attempts = _failure
    _op_error_retry_after = _failure
    _op_error_circuit_name = _failure

    def _cause(self, e: ir.Intrinsic, function: str) -> str:
        """What exhausted retries ended with: `last_error` takes it, `cause_of` and `own_cause_of` look at it."""
        self.rust.errors.causes.add(function)
        self.rust.errors.used = True
        return f"{function}({self.ref(e.args[0]) if function != 'last_error' else self.place(e.args[0])})"

    def _op_enum_value(self, e: ir.Intrinsic) -> tuple[str, int]:
        t = e.args[0].type
        assert isinstance(t, ir.NamedT)
        self.rust.valued.add(t.name)
        text = f"{self.place(e.args[0])}.value()"
        return (f"{text}.to_string()" if e.type == ir.STR else text), PRIMARY

    def partitioned(self, e: ir.Intrinsic) -> str:
        """The three parts of a text around a separator, borrowed."""
        if not self._never_empty(e.args[1]):
            raise Unsupported("partition by a computed separator", "", e.line)
        helper = "partition" if e.op == "str.partition" else "partition_last"
        return f"{self.helper(helper)}({self.ref(e.args[0])}, {self.ref(e.args[1])})"

    def split_once(self, e: ir.Intrinsic, text: str) -> str:
        """The texts before and behind a separator in a text, as an optional."""
        if not self._never_empty(e.args[1]):
            raise Unsupported("partition by a computed separator", "", e.line)
        word = "split_once" if e.op == "str.partition" else "rsplit_once"
        return f"{text}.{word}({self._pattern(e.args[1])})"

    def _parted(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('owned_parts')}({self.partitioned(e)})", PRIMARY

    _op_str_partition = _parted
    _op_str_rpartition = _parted

    _op_str_split_n = _op_str_split

    def _op_str_rsplit_n(self, e: ir.Intrinsic) -> tuple[str, int]:
        if not (self._never_empty(e.args[1]) and isinstance(e.args[2], ir.Lit) and e.args[2].value >= 0):
            raise Unsupported("split by a computed separator or count", "", e.line)
        return (
            f"{self.helper('split_last')}({self.ref(e.args[0])}, {self.ref(e.args[1])}, {e.args[2].value})",
            PRIMARY,
        )

    def _op_str_replace_n(self, e: ir.Intrinsic) -> tuple[str, int]:
        return (
            f"{self.place(e.args[0])}.replacen({self._pattern(e.args[1])}, {self.ref(e.args[2])}, {self._count(e.args[3])})",
            PRIMARY,
        )

    def _op_str_rfind(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('find_last')}({self.ref(e.args[0])}, {self.ref(e.args[1])})", PRIMARY

    def _justified(self, e: ir.Intrinsic) -> tuple[str, int]:
        fill = e.args[2] if len(e.args) > 2 else ir.Lit(" ", type=ir.CHAR)
        if not isinstance(fill, ir.Lit) or len(fill.value) != 1:
            raise Unsupported("padding with a computed text", "", e.line)
        return (
            f"{self.helper('pad_right' if e.op.startswith('str.ljust') else 'pad_left')}({self.ref(e.args[0])}, {self.x(e.args[1])}, {rust_char(fill.value)})",
            PRIMARY,
        )

    _op_str_ljust = _justified
    _op_str_rjust = _justified
    _op_str_ljust_char = _justified
    _op_str_rjust_char = _justified

    def _op_str_zfill(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('zero_fill')}({self.ref(e.args[0])}, {self.x(e.args[1])})", PRIMARY

    def _trimmed(self, e: ir.Intrinsic) -> str:
        """The part of a text that is left without what stands at its ends."""
        method = _TRIMS[e.op]
        if len(e.args) == 1:
            return f"{self.place(e.args[0])}.{method}()"
        chars = e.args[1]
        if chars.type == ir.CHAR:
            cut = self.x(chars)
        elif isinstance(chars, ir.Lit):
            listed = ", ".join(rust_char(c) for c in chars.value)
            cut = rust_char(chars.value) if len(chars.value) == 1 else f"[{listed}]"
        else:
            cut = f"|c| {self.place(chars)}.contains(c)"
        return f"{self.place(e.args[0])}.{method}({cut})"

    def _cut(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.place(e)}.to_string()", PRIMARY

    _op_str_strip = _cut
    _op_str_lstrip = _cut
    _op_str_rstrip = _cut
    _op_str_strip_chars = _cut
    _op_str_lstrip_chars = _cut
    _op_str_rstrip_chars = _cut
    _op_str_removeprefix = _cut
    _op_str_removesuffix = _cut

    def _op_str_to_int_base(self, e: ir.Intrinsic) -> tuple[str, int]:
        if not (isinstance(e.args[1], ir.Lit) and 2 <= e.args[1].value <= 36):
            raise Unsupported("a number in a computed base", "", e.line)
        return self.question(
            f"{self.helper('parse_int_base')}({self.ref(e.args[0])}, {e.args[1].value})", e
        ), PRIMARY

    def _op_int_hex(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('hexadecimal')}({self.x(e.args[0])})", PRIMARY

    def _op_int_oct(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('octal')}({self.x(e.args[0])})", PRIMARY

    def _op_int_isqrt(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.numeric_receiver(e.args[0])}.isqrt()", PRIMARY

    def _op_int_factorial(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"(1..={self.x(e.args[0], SHIFT)}).product::<i64>()", PRIMARY

    def _truncated(self, e: ir.Intrinsic, sign: str, method: str) -> tuple[str, int]:
        a, b = e.args
        if self._refused(b):
            return f'{self.numeric_receiver(a)}.{method}({self.x(b)}).expect("a divisor")', PRIMARY
        return f"{self.x(a, MUL)} {sign} {self.x(b, MUL + 1)}", MUL

    def _op_int_truncdiv(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._truncated(e, "/", "checked_div")

    def _op_int_rem(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._truncated(e, "%", "checked_rem")

    def _op_int_divmod(self, e: ir.Intrinsic) -> tuple[str, int]:
        a, b = (self.x(v) for v in e.args)
        return f"({self.helper('floor_div')}({a}, {b}), {self.helper('floor_mod')}({a}, {b}))", PRIMARY

    def _op_float_floordiv(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('float_floor_div')}({self.x(e.args[0])}, {self.x(e.args[1])})", PRIMARY

    # Iteration

    def items(self, e: ir.Expr, free: bool = False, told: bool = False) -> str:
        """An iterator over owned items.

        `free` says that the order makes no difference, `told` that the use of the items tells their type.
        """
        match e:
            case ir.Intrinsic(op="to_list", args=[inner]):
                return self._as_texts(self.items(inner, free), e.type, inner)
            case ir.Intrinsic(op="range", args=[start, stop, ir.Lit() as step]):
                first = self.x if told or not (bare_number(start) and bare_number(stop)) else self.typed
                if step.value > 0:
                    end = self.x(stop, SHIFT)
                    # Parsers take `0..[` for the beginning of an index.
                    end = f"({end})" if end.startswith("[") else end
                    text = f"({first(start, SHIFT)}..{end})"
                else:
                    text = self._counted_down(start, stop, first)
                return text if abs(step.value) == 1 else f"{text}.step_by({abs(step.value)})"
            case ir.Intrinsic(op="range", args=[start, stop, step]):
                # A step of zero was refused before.
                if at_least(step, self.bounds) == 1:
                    return f"({self.x(start, SHIFT)}..{self.x(stop, SHIFT)}).step_by({self.usize(step)})"
                return f"{self.helper('stepped')}({self.x(start)}, {self.x(stop)}, {self.x(step)})"
            case ir.Intrinsic(op="enumerate", args=[inner, start]):
                return self._numbered(self.items(inner, free), start)
            case ir.Intrinsic(op="zip", args=args):
                first, *others = (self.items(a) for a in args)
                text = ".zip(".join([first, *(o.removesuffix(".into_iter()") for o in others)]) + ")" * len(
                    others
                )
                if len(args) == 2:
                    return text
                if len(args) == 3:
                    first, second, third = (self.items(a) for a in args)
                    return f"{first}.zip({second}).zip({third}).map(|((a, b), c)| (a, b, c))"
                raise Unsupported("zip of more than three", "", e.line)
            case ir.Intrinsic(op="reversed", args=[ir.Intrinsic(op="str.bytes", args=[text])]):
                return f"{self.place(text)}.bytes().rev().map(char::from)"
            case ir.Intrinsic(op="reversed", args=[inner]):
                return self._backwards(inner)
            case ir.Intrinsic(op="dict.keys" | "dict.values" | "dict.items", args=[d]):
                self._unordered(free, e)
                word = e.op[5:]
                if word == "items":
                    return f"{self._iterated(d)}.iter().map({self._entry(d)})"
                if word == "keys" and self._keyed(d):
                    return f"{self._iterated(d)}.keys().map(|key| key.to_string())"
                return f"{self._iterated(d)}.{word}().cloned()"
            case ir.Intrinsic(op=op) if op in PARTS:
                return f"{self._parts(e)}.map(str::to_string)"
            case ir.Intrinsic(op="regex.matches" | "regex.find_all" | "regex.split"):
                return regex.rust(self, e).removesuffix(".collect::<Vec<_>>()")
            case ir.Intrinsic(op="str.reversed", args=[text]):
                return f"{self.place(text)}.chars().rev()"
            case ir.Intrinsic(op="str.bytes", args=[text]):
                return f"{self.place(text)}.bytes().map(char::from)"
            case ir.Intrinsic(op="str.char_indices", args=[text]):
                return f"{self.place(text)}.char_indices().map(|(place, c)| (place as i64, c))"
            case ir.Intrinsic(op="dict.get_or", args=[d, key, ir.ListLit(elems=[])]) if (
                isinstance(e.type, ir.ListT) and is_place(d) and self._matched(d, key) is None
            ):
                copied = "copied" if self.rust.copies(e.type.elem) else "cloned"
                return f"{self.place(d)}.get({self.key(key)}).into_iter().flatten().{copied}()"
            case ir.Intrinsic(op="list.slice", args=[source, *_]) | (ir.Name() as source) if self.is_cursor(
                source
            ):
                return f"{self.place(source)}.map(str::to_string)"
            case ir.Name() if (listed := self.taken_parts(e)) is not None:
                return f"{listed}.into_iter().map(str::to_string)"
            case ir.Intrinsic(op="list.slice" | "list.stride" as op, args=[list_, *_]):
                assert isinstance(list_.type, ir.ListT)
                copied = "copied" if self.rust.copies(list_.type.elem) else "cloned"
                step = f".step_by({self.usize(e.args[3])})" if op == "list.stride" else ""
                return f"{self._part(e)}.iter(){step}.{copied}()"
            case ir.Comp() if e.kind in ("iter", "list") and self.may_fail(e):
                made = self._comp(e)[0]
                return f"({made}).into_iter()" if made.startswith("{") else f"{made}.into_iter()"
            case ir.Comp() if e.kind in ("iter", "list"):
                return self._chain(e, 0, free)
            case _:
                pass
        if e.type == ir.CHAR:
            return f"std::iter::once({self.x(e)})"
        if e.type == ir.STR:
            return self.place(e) if self.is_filtered(e) else f"{self.place(e)}.chars()"
        if isinstance(e.type, ir.DictT):
            self._unordered(free, e)
            own = ".map(|key| key.to_string())" if self._keyed(e) else ".cloned()"
            return f"{self._iterated(e)}.keys(){own}"
        if isinstance(e.type, ir.SetT):
            self._unordered(free, e)
            own = ".map(|item| item.to_string())" if self._keyed(e) else ".cloned()"
            return f"{self._iterated(e)}.iter(){own}"
        if isinstance(e.type, ir.ListT):
            if is_place(e):
                return f"{self.place(e)}.iter().{'copied' if self.rust.copies(e.type.elem) else 'cloned'}()"
            return f"{self._iterated(e, PRIMARY).removeprefix('vec!')}.into_iter()"
        raise Unsupported(f"iteration over {ir.type_text(e.type)}", "", e.line)

    def _counted_down(self, start: ir.Expr, stop: ir.Expr, first: Callable[..., str]) -> str:
        """A range that goes down; one whose upper end is left out is the faster one."""
        match stop:
            case ir.Lit():
                above = f"{stop.value + 1}"
            case ir.Intrinsic(op="int.sub", args=[last, ir.Lit(value=1)]):
                above = first(last, SHIFT)
            case _:
                above = f"{first(stop, ADD)} + 1"
        from_ = first if isinstance(stop, ir.Lit) else self.x
        match start:
            case ir.Intrinsic(op="int.sub", args=[size, ir.Lit(value=1)]):
                return f"({above}..{from_(size, SHIFT)}).rev()"
            case ir.Name() if self._has_next(start):
                return f"({above}..{from_(start, ADD)} + 1).rev()"
            case _:
                return f"({above}..={from_(start, SHIFT)}).rev()"

    def _has_next(self, count: ir.Name) -> bool:
        """True for a variable, set once, of which the function works out the next number in any case."""
        if count.id in stores(self.function_body):
            return False
        return any(
            isinstance(s, ir.Assign)
            and any(
                isinstance(n, ir.Intrinsic)
                and n.op == "int.add"
                and ir.same(n.args[0], count)
                and isinstance(n.args[1], ir.Lit)
                and n.args[1].value == 1
                for n in ir.walk(s.value)
                if not isinstance(n, ir.Comp | ir.Cond | ir.Lambda)
            )
            for s in self.function_body
        )

    def _numbered(self, items: str, start: ir.Expr) -> str:
        """An iterator over items with a count before them."""
        first = f"{start.value}_i64" if isinstance(start, ir.Lit) else self.x(start, SHIFT)
        return f"({first}..).zip({items.removesuffix('.into_iter()')})"

    def _unordered(self, free: bool, e: ir.Expr) -> None:
        if free:
            return
        if isinstance(e.type, ir.SetT):
            raise Unsupported("the order of a set, which is not kept", "", e.line)
        # The order of a map is observed: the file then has maps that keep it.
        self.rust.wants_order = True

    def bound(self, e: ir.Expr, target: ir.Target, free: bool = False) -> str:
        """An iterator whose items fit the target: characters become texts where the variable holds texts."""
        if self.counts(target):
            assert isinstance(target, ir.TupleTarget)
            assert isinstance(e, ir.Intrinsic)
            return f"{self.bound(e.args[0], target.elems[1], free)}.enumerate()"
        if (
            isinstance(target, ir.TupleTarget)
            and isinstance(e, ir.Intrinsic)
            and e.op in ("zip", "enumerate")
        ):
            given = [e.args[0]] if e.op == "enumerate" else e.args
            targets = target.elems[1:] if e.op == "enumerate" else target.elems
            texts = [self.bound(a, t, free) for a, t in zip(given, targets, strict=False)]
            if len(texts) == len(given) and any(
                t != self.items(a, free) for t, a in zip(texts, given, strict=True)
            ):
                if e.op == "enumerate":
                    return self._numbered(texts[0], e.args[1])
                if len(texts) == 2:
                    return f"{texts[0]}.zip({texts[1]})"
        text = self.items(e, free)
        if isinstance(target, ir.VarTarget) and target.type == ir.STR and e.type in (ir.STR, ir.CHAR):
            text += ".map(|c| c.to_string())"
        return text

    counting: int = 0  # the identity of the target of the loop that counts in `usize`

    def counts(self, t: ir.Target) -> bool:
        """True for the target of a loop whose count is an index."""
        return id(t) == self.counting

    @contextmanager
    def closure(self, targets: Sequence[ir.Target]) -> Generator[None]:
        """The inside of a closure whose parameters are its own."""
        saved, refs, indexes = dict(self.names), set(self.by_ref), set(self.indexes)

        def drop(t: ir.Target) -> None:
            if isinstance(t, ir.VarTarget):
                self.names.pop(t.id, None)
                self.by_ref.discard(t.id)
                self.indexes.discard(t.id)
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
            self.names, self.by_ref, self.indexes = saved, refs, indexes

    def pattern(self, t: ir.Target, mutable: bool = False) -> str:
        """The pattern that binds a target."""
        if isinstance(t, ir.VarTarget):
            return (
                f"mut {self.name(t.id)}"
                if mutable and t.id in self.facts.often | self.facts.changed
                else self.name(t.id)
            )
        assert isinstance(t, ir.TupleTarget)
        return f"({', '.join(self.pattern(x, mutable) for x in t.elems)})"

    def gives_texts(self, e: ir.Expr) -> bool:
        """True for what can be gone through as borrowed texts."""
        match e:
            case ir.Intrinsic(op="list.slice", args=[list_, *_]):
                return self.lists_texts(list_)
            case ir.Intrinsic(op=op):
                return op in PARTS
            case _:
                return self.lists_texts(e)

    def lent_texts(self, e: ir.Expr) -> str:
        """An iterator over texts that are borrowed."""
        source = e.args[0] if isinstance(e, ir.Intrinsic) and e.op == "list.slice" else e
        if self.is_cursor(source):
            return self.place(source)
        if (listed := self.taken_parts(source)) is not None:
            return f"{listed}.into_iter()"
        if isinstance(e, ir.Intrinsic):
            return f"{self._part(e)}.iter().copied()" if e.op == "list.slice" else self._parts(e)
        return f"{self.place(e)}.iter().copied()"

    def lent(self, t: ir.Target, e: ir.Expr, free: bool) -> Lent | None:
        """What goes over something without copies of its items, None where the items are its own, or plain numbers."""
        if isinstance(t, ir.VarTarget):
            return self._lent_items(t, e)
        match t, e:
            case ir.TupleTarget(elems=[count, item]), ir.Intrinsic(op="enumerate", args=[inner, start]):
                found = self.lent(item, inner, free)
                if found is None or not isinstance(count, ir.VarTarget):
                    return None
                if self.counts(t):
                    return dataclasses.replace(found, text=f"{found.text}.enumerate()", whole="")
                first = f"{start.value}_i64" if isinstance(start, ir.Lit) else self.x(start)
                return dataclasses.replace(
                    found, text=f"({first}..).zip({found.whole or found.text})", whole=""
                )
            case ir.TupleTarget(elems=[left, right]), ir.Intrinsic(op="zip", args=[a, b]):
                first, second = self.lent(left, a, False), self.lent(right, b, False)
                if first is None and second is None:
                    return None
                first = first or self._lent_numbers(left, a)
                second = second or self._lent_numbers(right, b)
                return Lent(
                    f"{first.text}.zip({second.whole or second.text})",
                    "",
                    first.references | second.references,
                    first.copied | second.copied,
                )
            case ir.TupleTarget(elems=elems), ir.Intrinsic(op="dict.items", args=[d]) if is_place(d):
                assert isinstance(d.type, ir.DictT)
                kinds = (d.type.key, d.type.value)
                if not all(
                    isinstance(x, ir.VarTarget) and x.type == k for x, k in zip(elems, kinds, strict=True)
                ):
                    return None
                self._unordered(free, e)
                names = [(x.id, self.rust.copies(x.type)) for x in elems if isinstance(x, ir.VarTarget)]
                return Lent(
                    f"{self.place(d)}.iter()",
                    self.ref(d),
                    frozenset(n for n, copies in names if not copies),
                    frozenset(n for n, copies in names if copies)
                    | ({names[0][0]} if self._keyed(d) else set[str]()),
                )
            case ir.TupleTarget(elems=elems), _ if (
                isinstance(e.type, ir.ListT)
                and isinstance(e.type.elem, ir.TupleT)
                and (is_place(e) or _is_part(e))
                and not self.rust.copies(e.type.elem)
                and all(
                    isinstance(x, ir.VarTarget) and x.type == k
                    for x, k in zip(elems, e.type.elem.elems, strict=True)
                )
            ):
                names = frozenset(x.id for x in elems if isinstance(x, ir.VarTarget))
                return Lent(f"{self.place(e)}.iter()", self.ref(e) if is_place(e) else "", names)
            case _:
                return None

    def _lent_items(self, t: ir.VarTarget, e: ir.Expr) -> Lent | None:
        if t.type == ir.STR and self.gives_texts(e):
            return Lent(self.lent_texts(e), self.taken_parts(e) or "", frozenset({t.id}), texts=True)
        if not isinstance(e.type, ir.ListT) or self.rust.copies(e.type.elem) or t.type != e.type.elem:
            return None
        match e:
            case ir.Intrinsic(op="dict.get_or", args=[d, key, ir.ListLit(elems=[])]) if (
                is_place(d) and self._matched(d, key) is None
            ):
                return Lent(
                    f"{self.place(d)}.get({self.key(key)}).into_iter().flatten()", "", frozenset({t.id})
                )
            case ir.Intrinsic(op="list.slice", args=[list_, *_]) if is_place(list_):
                return Lent(f"{self._part(e)}.iter()", "", frozenset({t.id}))
            case _ if is_place(e):
                whole = "" if self.is_constant(e) else self.ref(e)
                return Lent(f"{self.place(e)}.iter()", whole, frozenset({t.id}))
            case _:
                return None

    def _lent_numbers(self, t: ir.Target, e: ir.Expr) -> Lent:
        """Items beside others that are lent: what copies is taken out of its reference by the pattern."""
        if (
            isinstance(t, ir.VarTarget)
            and isinstance(e.type, ir.ListT)
            and is_place(e)
            and t.type == e.type.elem
        ):
            return Lent(f"{self.place(e)}.iter()", self.ref(e), frozenset(), frozenset({t.id}))
        return Lent(self.bound(e, t), "", frozenset())

    def lent_pattern(self, t: ir.Target, lent: Lent) -> str:
        """The pattern of a loop over references: what copies is taken out of them."""
        if isinstance(t, ir.TupleTarget):
            return f"({', '.join(self.lent_pattern(x, lent) for x in t.elems)})"
        assert isinstance(t, ir.VarTarget)
        return f"{'&' if t.id in lent.copied else ''}{self.name(t.id)}"

    def may_fail(self, n: ir.Node) -> list[ir.Expr]:
        """The operations below a node that give a Result."""
        raise NotImplementedError

    def _chain(self, e: ir.Comp, at: int, free: bool, consume: str = "") -> str:
        clause = e.clauses[at]
        with self.inferred(True):
            lent = self.lent(clause.target, clause.iter, free)
            base = lent.text if lent is not None else self.bound(clause.iter, clause.target, free)
        with self.closure([clause.target]):
            pattern = self.pattern(clause.target) if lent is None else self.lent_pattern(clause.target, lent)
            if lent is not None:
                self.borrow_lent(lent)
            test = (
                self.x(clause.conds[0])
                if len(clause.conds) == 1 and not consume
                else " && ".join(self.x(c, AND + 1) for c in clause.conds)
            )
            if at + 1 < len(e.clauses):
                inner = self._chain(e, at + 1, free, consume)
                if consume:
                    joined = f"{test} && {inner}" if consume == "any" else f"!({test}) || {inner}"
                    return f"{base}.{consume}(|{pattern}| {joined if test else inner})"
                if test:
                    return f"{base}.flat_map(|{pattern}| if {test} {{ {inner}.collect::<Vec<_>>() }} else {{ Vec::new() }})"
                return f"{base}.flat_map(|{pattern}| {inner}.collect::<Vec<_>>())"
            failing = self.may_fail(e.elem)
            if failing and (consume or len(e.clauses) > 1):
                raise Unsupported("a failure inside a comprehension of this kind", "", e.line)
            if test and not consume and not _changed_between(clause.conds, e.elem):
                filtered = self._filtered(clause, base, pattern, test, lent)
                if filtered is not None:
                    base, test = filtered, ""
            if failing:
                self.rust.errors.used = True
                if isinstance(e.elem, ir.Call | ir.MethodCall) and failing == [e.elem]:
                    elem, _ = self.call(e.elem)
                else:
                    elem = self._attempted(e.elem)
                    if test and "?" in elem:
                        # The closure around gives an Option, so that the mark of a failure stays in one of its own.
                        elem = f"(|| {elem})()"
                if test:
                    return f"{base}.filter_map(|{pattern}| if {test} {{ Some({elem}) }} else {{ None }})"
                return f"{base}.map({self._mapping(clause.target, pattern, elem)})"
            elem = self.typed(e.elem) if bare_number(e.elem) else self.own(e.elem)
            if lent is None and elem == f"{pattern}.clone()":
                # The item belongs to the closure.
                elem = pattern
            if consume:
                elem = self.x(e.elem, AND + 1 if test else LOWEST)
                joined = f"{test} && {elem}" if consume == "any" else f"!({test}) || {elem}"
                return f"{base}.{consume}(|{pattern}| {joined if test else elem})"
            if test:
                return f"{base}.filter_map(|{pattern}| if {test} {{ Some({elem}) }} else {{ None }})"
            if lent is not None and isinstance(e.elem, ir.Name) and pattern == self.name(e.elem.id):
                return f"{base}.map(str::to_string)" if lent.texts else f"{base}.cloned()"
            texts = lent is not None and lent.texts
            return (
                base
                if elem == pattern
                else f"{base}.map({self._mapping(clause.target, pattern, elem, texts)})"
            )

    def _mapping(self, t: ir.Target, pattern: str, elem: str, texts: bool = False) -> str:
        """The function that gives the elements: itself, where a closure would only call it."""
        name = elem.removesuffix(f"({pattern})")
        kept = name in self.names.values()  # a variable may hold its function behind a pointer
        if (
            name != elem
            and name.isidentifier()
            and not kept
            and isinstance(t, ir.VarTarget)
            and (texts or self.rust.copies(t.type))
        ):
            return name
        return f"|{pattern}| {elem}"

    def _filtered(
        self, clause: ir.Clause, base: str, pattern: str, test: str, lent: Lent | None
    ) -> str | None:
        """What a clause lets through, None where its items would have to be moved to be looked at."""
        t = clause.target
        if not isinstance(t, ir.VarTarget):
            return None
        if self.rust.copies(t.type) or (lent is not None and t.id in lent.references):
            name = pattern.removeprefix("&")
            return f"{base}.filter(|&{name}| {test})" if lent is None or t.id in lent.references else None
        with self.closure([t]):
            name = self.name(t.id)
            self.borrow({t.id})
            tests = " && ".join(self.x(c, AND + 1 if len(clause.conds) > 1 else LOWEST) for c in clause.conds)
        return f"{base}.filter(|{name}| {tests})"

    def _attempted(self, e: ir.Expr) -> str:
        """A value that may fail, as a Result of the module's errors."""
        saved, self.closure_fails = self.closure_fails, True
        text = self.own(e)
        self.closure_fails = saved
        return self.outcomes.get(text) or f"Ok::<_, Error>({text})"

    def _comp(self, e: ir.Comp) -> tuple[str, int]:
        item = e.elem.elems[1] if e.kind == "dict" and isinstance(e.elem, ir.TupleLit) else e.elem
        # What is done with a literal later need not tell which type of number it is.
        told = self.rust.type(item.type) if bare_number(item) else "_"
        kinds = {"list": "Vec", "iter": "Vec", "set": "HashSet", "dict": f"{self.rust.map}<_, {told}>"}
        return self._collected(e, kinds[e.kind] if e.kind == "dict" else f"{kinds[e.kind]}<{told}>")

    def _collected(self, e: ir.Comp, kind: str) -> tuple[str, int]:
        """A comprehension whose items are collected into a type."""
        # A map that is made of another one's keys has one entry for each, in whatever order they come.
        keyed = (
            e.kind == "dict"
            and len(e.clauses) == 1
            and isinstance(e.elem, ir.TupleLit)
            and isinstance(e.elem.elems[0], ir.Name)
            and isinstance(e.clauses[0].target, ir.TupleTarget)
            and isinstance(e.clauses[0].target.elems[0], ir.VarTarget)
            and e.clauses[0].target.elems[0].id == e.elem.elems[0].id
            and isinstance(e.clauses[0].iter, ir.Intrinsic)
            and e.clauses[0].iter.op == "dict.items"
        )
        if kind == "Vec<_>" and (lists := _all_items(e)) is not None:
            return f"{self.place(lists)}.concat()", PRIMARY
        if kind != "String" and self.needs_loop(e):
            return self.looped(e, kind), PRIMARY
        chain = self._chain(e, 0, e.kind == "set" or keyed)
        if self.may_fail(e.elem):
            collected = f"{chain}.collect::<Result<{kind}, Error>>()"
            value = self.question(collected, e)
            self.outcomes[value] = collected
            return value, PRIMARY
        return f"{chain}.collect::<{kind}>()", PRIMARY

    def needs_loop(self, e: ir.Comp) -> bool:
        """True where a failure would leave a closure that cannot hand it on."""
        first, *others = e.clauses
        inside = [*first.conds, *others, *([e.elem] if others else [])]
        return not self.closures and any(self.may_fail(n) for n in inside)

    def looped(self, e: ir.Comp, kind: str) -> str:
        """A comprehension as a block with loops."""
        raise NotImplementedError

    def _quantified(self, e: ir.Intrinsic) -> tuple[str, int]:
        v = e.args[0]
        if (
            isinstance(v, ir.Comp)
            and len(v.clauses) == 1
            and any(self.may_fail(c) for c in v.clauses[0].conds)
        ):
            # The conditions are parts of what is asked of each item.
            conds = v.clauses[0].conds
            asked = [*conds, v.elem] if e.op == "any" else [*(ir.Not(c, type=ir.BOOL) for c in conds), v.elem]
            elem = ir.Bool("and" if e.op == "any" else "or", asked, type=ir.BOOL, line=e.line)
            v = dataclasses.replace(v, elem=elem, clauses=[dataclasses.replace(v.clauses[0], conds=[])])
        if isinstance(v, ir.Comp) and len(v.clauses) == 1 and self.may_fail(v.elem):
            # What comes first decides, an answer or a failure.
            return self.question(f"{self.helper(f'try_{e.op}')}({self._chain(v, 0, False)})", e), PRIMARY
        if isinstance(v, ir.Comp):
            return self._chain(v, 0, True, e.op), PRIMARY
        return f"{self.items(v, True)}.{e.op}(|item| item)", PRIMARY

    _op_any = _quantified
    _op_all = _quantified

    def _op_sum(self, e: ir.Intrinsic) -> tuple[str, int]:
        counted = e.args[0]
        if isinstance(counted, ir.Comp) and isinstance(counted.elem, ir.Lit) and counted.elem.value == 1:
            *conds, last = [*counted.clauses[-1].conds] or [ir.Lit(True, type=ir.BOOL)]
            if self.may_fail(last):
                clauses = [*counted.clauses[:-1], dataclasses.replace(counted.clauses[-1], conds=conds)]
                one = ir.Intrinsic("bool.to_int", [last], type=ir.INT, line=e.line)
                counted = dataclasses.replace(counted, elem=one, clauses=clauses)
                e = dataclasses.replace(e, args=[counted, *e.args[1:]])
        if (
            isinstance(counted, ir.Comp)
            and isinstance(counted.elem, ir.Lit)
            and counted.elem.value == 1
            and e.type == ir.INT
            and len(e.args) == 1
            and (text := self._counted(counted)) is not None
        ):
            return f"{text} as i64", CAST
        # The standard sum of no floats is -0.0.
        adding = "sum::<i64>()" if e.type == ir.INT else "fold(0.0, |sum, item| sum + item)"
        total = f"{self.items(e.args[0], e.type == ir.INT)}.{adding}"
        return (f"{self.x(e.args[1], ADD)} + {total}", ADD) if len(e.args) > 1 else (total, PRIMARY)

    def _op_to_list(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self._as_texts(self.items(e.args[0]), e.type, e.args[0])}.collect::<Vec<_>>()", PRIMARY

    def _op_to_set(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.bound_to(e.args[0], e.type)}.collect::<HashSet<_>>()", PRIMARY

    def _op_count_each(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.helper('count_each')}({self.bound_to(e.args[0], e.type)})", PRIMARY

    def _key(self, key: ir.Expr) -> str:
        if not isinstance(key, ir.Lambda):
            return ""
        p = key.params[0]
        with self.closure([ir.VarTarget(p.name, type=p.type)]):
            n = self.name(p.name)
            body = key.body
            if isinstance(body, ir.Name) and body.id == p.name:
                return ""
            if not self.rust.copies(p.type):
                self.borrow({p.name})
            mark = "&" if self.rust.copies(p.type) else ""
            if self.may_fail(body):
                return f"|{mark}{n}| {self._attempted(body)}"
            return f"|{mark}{n}| {self.own(body)}"

    def _sorted(self, e: ir.Intrinsic) -> str:
        obj, key, reverse = e.args
        source = self.items(obj, True)
        k = self._key(key)
        if (
            k
            and isinstance(obj, ir.Intrinsic)
            and obj.op == "to_list"
            and not isinstance(obj.args[0].type, ir.ListT | ir.P)
        ):
            # Equal keys keep the order in which the items come, which a map or set has not.
            source = self.items(obj)
        order = self._order(e)
        if order is not None:
            return f"{self.helper('sorted_with')}({source}, {order})"
        if isinstance(key, ir.Lambda) and self.may_fail(key.body):
            return self.question(f"{self.helper('try_sorted_by')}({source}, {k}, {self.x(reverse)})", e)
        inner = obj.args[0] if isinstance(obj, ir.Intrinsic) and obj.op == "to_list" else obj
        if isinstance(inner, ir.Name) and inner.id in self.locals.ordered:
            items = (
                f"{self.name(inner.id)}.into_iter()"
                if self._moves(inner)
                else f"{self.name(inner.id)}.iter().cloned()"
            )
            down = ".rev()" if isinstance(reverse, ir.Lit) and reverse.value else ""
            return f"{items}{down}.collect::<Vec<_>>()"
        if (
            not k
            and isinstance(e.type, ir.ListT)
            and self._told_apart(e.type.elem)
            and isinstance(reverse, ir.Lit)
        ):
            if isinstance(obj, ir.Intrinsic) and obj.op == "to_list":
                obj = obj.args[0]
            if isinstance(obj, ir.Intrinsic) and obj.op == "to_set" and not reverse.value:
                return f"{self.helper('sorted_distinct')}({self.bound_to(obj.args[0], obj.type)})"
            return self._in_order(source, reverse)
        return f"{self.helper('sorted_by')}({source}, {k or self._itself(e)}, {self.x(reverse)})"

    def _order(self, e: ir.Intrinsic) -> str | None:
        """The comparison of two items by a key of plain parts, or of floats; None for another key."""
        obj, key, reverse = e.args
        if not isinstance(reverse, ir.Lit):
            return None
        names = ("b", "a") if reverse.value else ("a", "b")
        if not isinstance(key, ir.Lambda):
            if e.type != ir.ListT(ir.FLOAT) and obj.type != ir.ListT(ir.FLOAT):
                return None
            return f'|a, b| {names[0]}.partial_cmp({names[1]}).expect("numbers with an order")'
        parts = key.body.elems if isinstance(key.body, ir.TupleLit) else [key.body]
        item = key.params[0]
        if not all(_compared(p, item.name) for p in parts):
            return None
        shown: list[str] = []
        for part in parts:
            down = isinstance(part, ir.Intrinsic) and part.op in ("int.neg", "float.neg")
            value = part.args[0] if down and isinstance(part, ir.Intrinsic) else part
            sides: list[str] = []
            for name in reversed(names) if down else names:
                with self.closure([ir.VarTarget(item.name, type=item.type)]):
                    self.names[item.name] = name
                    self.borrow({item.name})
                    sides.append(self.place(value))
            left, right = sides
            other = right if isinstance(value, ir.Name) else f"&{right}"
            if value.type == ir.FLOAT:
                shown.append(f'{left}.partial_cmp({other}).expect("numbers with an order")')
            else:
                shown.append(f"{left}.cmp({other})")
        first, *rest = shown
        return f"|a, b| {first}{''.join(f'.then_with(|| {other})' for other in rest)}"

    def _itself(self, e: ir.Intrinsic) -> str:
        """The key that is the item itself."""
        item = e.type.elem if e.op in ("sorted", "list.sort") and isinstance(e.type, ir.ListT) else e.type
        return "|&item| item" if self.rust.copies(item) else "|item| item.clone()"

    def _told_apart(self, t: Type) -> bool:
        """True for a type with a total order whose equal values cannot be told apart."""
        match t:
            case ir.P():
                return t in (ir.INT, ir.STR, ir.CHAR, ir.BOOL)
            case ir.TupleT(elems):
                return all(self._told_apart(x) for x in elems)
            case ir.ListT(elem):
                return self._told_apart(elem)
            case _:
                return False

    def _in_order(self, items: str, reverse: ir.Expr) -> str:
        """A new list of what an iterator gives, in order."""
        down = isinstance(reverse, ir.Lit) and reverse.value
        return f"{self.helper('sorted_down' if down else 'sorted')}({items})"

    def _op_sorted(self, e: ir.Intrinsic) -> tuple[str, int]:
        return self._sorted(e), PRIMARY

    def _extreme(self, e: ir.Intrinsic) -> tuple[str, int]:
        obj, key, default = e.args
        k = self._key(key)
        if isinstance(key, ir.Lambda) and self.may_fail(key.body):
            helper = self.helper("try_greatest_by" if e.op == "max_of" else "try_least_by")
            found = self.question(f"{helper}({self.items(obj)}, {k})", e)
            if isinstance(default, ir.Lit) and default.type == ir.NONE:
                made = self.rust.errors.value('"nothing to choose from".to_string()', "ValueError")
                return self.question(f"{found}.ok_or_else(|| {made})", e), PRIMARY
            return f"{found}.unwrap_or({self.own(default)})", PRIMARY
        if not k and self._told_apart(e.type):
            found = f"{self.items(obj, True)}.{'max' if e.op == 'max_of' else 'min'}()"
            if isinstance(default, ir.Lit) and default.type == ir.NONE:
                return f'{found}.expect("at least one")', PRIMARY
            return f"{found}.unwrap_or({self.own(default)})", PRIMARY
        found = f"{self.helper('greatest_by' if e.op == 'max_of' else 'least_by')}({self.items(obj, not k)}, {k or self._itself(e)})"
        if isinstance(default, ir.Lit) and default.type == ir.NONE:
            return f'{found}.expect("at least one")', PRIMARY
        return f"{found}.unwrap_or({self.own(default)})", PRIMARY

    _op_max_of = _extreme
    _op_min_of = _extreme

    def _several(self, e: ir.Intrinsic) -> tuple[str, int]:
        if e.type not in (ir.INT, ir.FLOAT):
            raise Unsupported(f"{e.op} of several values of this type", "", e.line)
        text = self.numeric_receiver(e.args[0])
        for v in e.args[1:]:
            text = f"{text}.{e.op}({self.x(v)})"
        return text, PRIMARY

    _op_max = _several
    _op_min = _several

    # Formatted texts

    def _format(self, e: ir.Format) -> tuple[str, int]:
        given = self.formatted(e)
        if given.endswith('"') and "{" not in given and "}" not in given:
            return f"{given}.to_string()", PRIMARY
        return f"format!({given})", PRIMARY

    def formatted(self, e: ir.Format) -> str:
        """What a formatting macro is given: the literal with its places, and what stands in them."""
        text, args = "", list[str]()
        for p in _flat(e.parts):
            if p.value is None:
                text += p.text.replace("{", "{{").replace("}", "}}")
                continue
            kind, *rest = p.spec.split(":")
            if kind == "" and p.value.type in (ir.FLOAT, ir.BOOL):
                text += "{}"
                op = "float.to_str" if p.value.type == ir.FLOAT else "bool.to_str"
                args.append(self.x(ir.Intrinsic(op, [p.value], type=ir.STR)))
            elif kind == "":
                if p.value.type not in (ir.STR, ir.INT, ir.CHAR) and not self.rust.is_error(p.value.type):
                    raise Unsupported(f"a value of type {ir.type_text(p.value.type)} as text", "", e.line)
                text += "{}"
                args.append(self._shown(p.value))
            elif kind == "quoted" and p.value.type in (ir.STR, ir.CHAR) and self.rust.quotes:
                text += "{}"
                args.append(
                    f"{self.helper('quoted')}({self.ref(p.value) if p.value.type == ir.STR else '&' + self.place(p.value) + '.to_string()'})"
                )
            elif kind == "quoted" and p.value.type in (ir.STR, ir.CHAR):
                text += "{:?}"
                args.append(self._shown(p.value))
            elif kind == "float" and rest[4] == "f":
                text += f"{{:{_left(rest)}{rest[1]}{rest[2]}.{rest[3]}}}"
                args.append(self.x(p.value))
            elif kind == "float" and not rest[2]:
                text += f"{{:{rest[1]}.{rest[3]}}}%"
                hundred = ir.Lit(100.0, type=ir.FLOAT)
                args.append(self.x(ir.Intrinsic("float.mul", [p.value, hundred], type=ir.FLOAT)))
            elif kind == "int":
                form = "" if rest[3] == "d" else rest[3]
                if form and not isinstance(p.value, ir.Lit):
                    raise Unsupported("digits of another base than ten", "", e.line)
                text += f"{{:{_left(rest)}{rest[1]}{rest[2]}{form}}}" if rest[1] or rest[2] or form else "{}"
                args.append(self.x(p.value))
            elif kind == "str":
                text += f"{{:{rest[0]}{rest[1]}}}"
                args.append(self._shown(p.value))
            else:
                raise Unsupported(f"format {p.spec}", "", e.line)
        text, args = _inlined(text, args)
        return ", ".join([rust_string(text), *args])


def _left(spec: list[str]) -> str:
    """The sign of a number that stands on the left of its width: its alignment, flags, width and more."""
    return "<" if spec[0] == "<" and spec[2] else ""


def _compared(e: ir.Expr, item: str) -> bool:
    """True for a part of an item, or its opposite, that is there to be compared."""
    if isinstance(e, ir.Intrinsic) and e.op in ("int.neg", "float.neg"):
        e = e.args[0]
    if e.type not in (ir.INT, ir.FLOAT, ir.STR, ir.BOOL, ir.CHAR):
        return False
    while isinstance(e, ir.Field) or (isinstance(e, ir.Intrinsic) and e.op == "tuple.index"):
        e = e.obj if isinstance(e, ir.Field) else e.args[0]
    return isinstance(e, ir.Name) and e.id == item


def _bound_below(e: ir.Expr) -> tuple[ir.Expr, ir.Lit] | None:
    """The value and the literal of `value >= literal`."""
    match e:
        case (
            ir.Intrinsic(op="ge", args=[value, ir.Lit() as low])
            | ir.Intrinsic(op="le", args=[ir.Lit() as low, value])
        ):
            return (value, low) if low.type in (ir.INT, ir.CHAR) else None
        case _:
            return None


def _bound_above(e: ir.Expr) -> tuple[ir.Expr, ir.Lit, bool] | None:
    """The value and the literal of `value <= literal` or `value < literal`, and if the literal itself is one of them."""
    match e:
        case ir.Intrinsic(op="le" | "lt" as op, args=[value, ir.Lit() as high]):
            return (value, high, op == "le") if high.type in (ir.INT, ir.CHAR) else None
        case ir.Intrinsic(op="ge" | "gt" as op, args=[ir.Lit() as high, value]):
            return (value, high, op == "ge") if high.type in (ir.INT, ir.CHAR) else None
        case _:
            return None


def _flat(parts: Sequence[ir.FormatPart]) -> list[ir.FormatPart]:
    """The parts of a formatted text, those of texts that are formatted inside of it among them."""
    out: list[ir.FormatPart] = []
    for p in parts:
        if isinstance(p.value, ir.Format) and not p.spec:
            out.extend(_flat(p.value.parts))
        elif isinstance(p.value, ir.Intrinsic) and p.value.op == "str.concat" and not p.spec:
            out.extend(_flat([ir.FormatPart(value=a) for a in p.value.args]))
        elif isinstance(p.value, ir.Lit) and p.value.type == ir.STR and not p.spec:
            out.append(ir.FormatPart(p.value.value))
        else:
            out.append(p)
    return out


def _inlined(text: str, args: list[str]) -> tuple[str, list[str]]:
    """A format string with the names that it can hold itself."""
    out, left, i = "", list[str](), 0
    at = iter(args)
    while i < len(text):
        if text[i : i + 2] in ("{{", "}}"):
            out += text[i : i + 2]
            i += 2
        elif text[i] == "{":
            end = text.index("}", i)
            arg, spec = next(at), text[i + 1 : end]
            if arg.isidentifier() and arg != "self":
                out += f"{{{arg}{spec}}}"
            else:
                out += f"{{{spec}}}"
                left.append(arg)
            i = end + 1
        else:
            out += text[i]
            i += 1
    return out, left
