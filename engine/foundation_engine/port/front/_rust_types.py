"""Rust's types as its front end infers them: widths of integers, results, references dropped, variables still open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from foundation_engine.port import ir
from foundation_engine.port.ir import Unsupported


@dataclass(frozen=True, slots=True)
class RT:
    """Base of Rust's types; `&T`, `Box<T>`, `Arc<T>` and lifetimes are T."""


@dataclass(eq=False, slots=True)
class Var:
    """A type that is not known yet; `kind` is "int" for an integer literal's, "float" for a float literal's."""

    kind: str = ""
    bound: RType | None = None


@dataclass(frozen=True, slots=True)
class Int(RT):
    """An integer type by its name: i64, u32, usize..."""

    name: str = "i32"

    @property
    def signed(self) -> bool:
        """True for i8 to i128 and isize."""
        return self.name[0] == "i"

    @property
    def bits(self) -> int:
        """The width."""
        return 64 if self.name.endswith("size") else int(self.name[1:])

    @property
    def low(self) -> int:
        """The least value."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        """The greatest value that 64 signed bits hold as well."""
        return min((1 << (self.bits - (1 if self.signed else 0))) - 1, (1 << 63) - 1)


@dataclass(frozen=True, slots=True)
class Simple(RT):
    """A type without parameters: float bool char text bytes unit never any duration instant."""

    name: str


FLOAT, BOOL, CHAR, TEXT = Simple("float"), Simple("bool"), Simple("char"), Simple("text")
UNIT, NEVER, ANY = Simple("unit"), Simple("never"), Simple("any")
DURATION, INSTANT = Simple("duration"), Simple("instant")
USIZE, I32, I64, U8, U32, U64 = Int("usize"), Int("i32"), Int("i64"), Int("u8"), Int("u32"), Int("u64")


@dataclass(frozen=True, slots=True)
class Vec(RT):
    """A vector, a slice, an array, a VecDeque; an iterator that is kept in a variable is one as well."""

    elem: RType


@dataclass(frozen=True, slots=True)
class Map(RT):
    """A HashMap, or a BTreeMap when `ordered`."""

    key: RType
    value: RType
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Set(RT):
    """A HashSet, or a BTreeSet when `ordered`."""

    elem: RType
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Tuple(RT):
    """A tuple of two or more."""

    elems: tuple[RType, ...]


@dataclass(frozen=True, slots=True)
class Opt(RT):
    """Option<T>."""

    elem: RType


@dataclass(frozen=True, slots=True)
class Res(RT):
    """Result<T, E>: its expression stands for the T and raises the E."""

    ok: RType
    err: RType


@dataclass(frozen=True, slots=True)
class Fn(RT):
    """A callable."""

    params: tuple[RType, ...]
    result: RType


@dataclass(frozen=True, slots=True)
class Named(RT):
    """A struct, enum or trait of this file, or a type of our runtime."""

    name: str


@dataclass(frozen=True, slots=True)
class Err(RT):
    """An error type from elsewhere: foundation, box (any error), io, parse (a number's)."""

    name: str


RType = RT | Var


def resolve(t: RType) -> RType:
    """The type that a variable stands for, or the variable while it is open."""
    while isinstance(t, Var) and t.bound is not None:
        t = t.bound
    return t


def words(t: RType) -> str:
    """The type as a person reads it."""
    t = resolve(t)
    match t:
        case Var(kind):
            return {"int": "an integer", "float": "a float"}.get(kind, "a type that is not known here")
        case Int(name):
            return name
        case Simple(name):
            return {"text": "String", "unit": "()", "float": "f64"}.get(name, name)
        case Vec(elem):
            return f"Vec<{words(elem)}>"
        case Map(key, value, ordered):
            return f"{'BTree' if ordered else 'Hash'}Map<{words(key)}, {words(value)}>"
        case Set(elem, ordered):
            return f"{'BTree' if ordered else 'Hash'}Set<{words(elem)}>"
        case Tuple(elems):
            return f"({', '.join(map(words, elems))})"
        case Opt(elem):
            return f"Option<{words(elem)}>"
        case Res(ok, err):
            return f"Result<{words(ok)}, {words(err)}>"
        case Fn(params, result):
            return f"Fn({', '.join(map(words, params))}) -> {words(result)}"
        case Named(name):
            return name
        case Err(name):
            return {"box": "Box<dyn Error>", "foundation": "foundation::Error", "io": "io::Error"}.get(
                name, name
            )
        case _:
            return "a type"


def parts(t: RType) -> Iterator[RType]:
    """The types directly inside a type."""
    match resolve(t):
        case Vec(elem) | Set(elem) | Opt(elem):
            yield elem
        case Map(key, value):
            yield key
            yield value
        case Tuple(elems):
            yield from elems
        case Res(ok, err):
            yield ok
            yield err
        case Fn(params, result):
            yield from params
            yield result
        case _:
            return


def is_open(t: RType) -> bool:
    """True while some part of the type is not known."""
    t = resolve(t)
    return (isinstance(t, Var) and not t.kind) or any(is_open(p) for p in parts(t))


def is_int(t: RType) -> bool:
    """True for an integer type and for an integer literal's."""
    t = resolve(t)
    return isinstance(t, Int) or (isinstance(t, Var) and t.kind == "int")


def is_float(t: RType) -> bool:
    """True for a float type and for a float literal's."""
    t = resolve(t)
    return t == FLOAT or (isinstance(t, Var) and t.kind == "float")


def is_unsigned(t: RType) -> bool:
    """True for an unsigned integer type."""
    t = resolve(t)
    return isinstance(t, Int) and not t.signed


def unify(a: RType, b: RType) -> bool:
    """Make two types one; False when they cannot be (which a program that compiles never shows)."""
    a, b = resolve(a), resolve(b)
    if a is b or a == b:
        return True
    if isinstance(a, Var):
        if isinstance(b, Var) and a.kind and not b.kind:
            a, b = b, a
        if a.kind == "int" and not is_int(b):
            return False
        if a.kind == "float" and not is_float(b):
            return False
        a.bound = b
        return True
    if isinstance(b, Var):
        return unify(b, a)
    if NEVER in (a, b) or ANY in (a, b):
        return True
    match a, b:
        case Vec(x), Vec(y):
            return unify(x, y)
        case Set(x), Set(y):
            return unify(x, y)
        case Opt(x), Opt(y):
            return unify(x, y)
        case Map(k, v), Map(p, w):
            return unify(k, p) and unify(v, w)
        case Tuple(x), Tuple(y) if len(x) == len(y):
            return all(unify(p, q) for p, q in zip(x, y, strict=True))
        case Res(x, e), Res(y, f):
            # The errors differ where `?` or `into` converts them, which the lowering looks at itself.
            if isinstance(resolve(e), Var) or isinstance(resolve(f), Var):
                unify(e, f)
            return unify(x, y)
        case Fn(p, r), Fn(q, s) if len(p) == len(q):
            return all(unify(m, n) for m, n in zip(p, q, strict=True)) and unify(r, s)
        case Int(), Int():
            # Both are the representation's integer; widths matter only where they are read.
            return True
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Late(ir.Type):
    """A type in the representation that is written when inference has ended."""

    rust: object  # an RType; held as an object so that the frozen value stays hashable by identity

    def __hash__(self) -> int:
        return id(self.rust)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Late) and other.rust is self.rust


def to_ir(t: RType, final: bool = False) -> ir.Type:
    """The type in the representation; a `Late` while it is open, unless `final`."""
    t = resolve(t)
    match t:
        case Var(kind):
            if kind:
                return ir.INT if kind == "int" else ir.FLOAT
            if final:
                raise Unsupported("a type that only a later use could tell; annotate it")
            return Late(t)
        case Int(name):
            if t.bits == 128:
                raise Unsupported(f"{name}, which has no counterpart of 64 bits")
            return ir.INT
        case Simple(name):
            known = {
                "float": ir.FLOAT, "bool": ir.BOOL, "char": ir.CHAR, "text": ir.STR, "unit": ir.NONE, "never": ir.NONE,
                "any": ir.ANY, "duration": ir.FLOAT,
            }  # fmt: skip
            if name not in known:
                raise Unsupported(f"a value of type {name}")
            return known[name]
        case Opt(elem) if isinstance(resolve(elem), Opt):
            raise Unsupported("an Option in an Option")
        case Res(ok, _):
            return to_ir(ok, final)
        case Named(name):
            return ir.NamedT(name)
        case Err():
            return ir.ERROR
        case _:
            pass
    if not final and is_open(t):
        return Late(t)
    match t:
        case Vec(elem):
            return ir.ListT(_stored(elem, final))
        case Map(key) if isinstance(resolve(key), Vec | Map | Set):
            raise Unsupported("a map whose keys are collections")
        case Set(elem) if isinstance(resolve(elem), Vec | Map | Set):
            raise Unsupported("a set of collections")
        case Map(key, value):
            return ir.DictT(_stored(key, final), _stored(value, final))
        case Set(elem):
            return ir.SetT(_stored(elem, final))
        case Tuple(elems):
            return ir.TupleT(tuple(_stored(e, final) for e in elems))
        case Opt(elem):
            return ir.OptionalT(_stored(elem, final))
        case Fn(params, result):
            raises = isinstance(resolve(result), Res)
            return ir.FuncT(tuple(_stored(p, final) for p in params), to_ir(result, final), raises, raises)
        case _:
            raise Unsupported(f"a value of type {words(t)}")


def _stored(t: RType, final: bool) -> ir.Type:
    if isinstance(resolve(t), Res):
        raise Unsupported("a Result that is stored")
    found = to_ir(t, final)
    # Single characters are strings where they are stored, as everywhere in the representation.
    return ir.STR if found == ir.CHAR else found
