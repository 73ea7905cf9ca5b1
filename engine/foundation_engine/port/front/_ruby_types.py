"""Types of Ruby source: what RBS and YARD write, variables that inference solves, and how they unify."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from foundation_engine.port import ir
from foundation_engine.port.ir import Type, Unsupported


@dataclass(frozen=True, slots=True)
class SymbolT(Type):
    """A symbol: text in the port, but never equal to a string here."""


@dataclass(frozen=True, slots=True)
class VarT(Type):
    """A type that is not known yet; `Types.solved` may know it."""

    id: int


@dataclass(frozen=True, slots=True)
class NumericT(Type):
    """A number written as an integer literal where an integer or a float fits; only for `Numeric` annotations."""


@dataclass(frozen=True, slots=True)
class JsonT(Type):
    """What `JSON.parse` gives: a value of any of JSON's kinds, null included; `symbols` when its keys are symbols."""

    symbols: bool = False


SYMBOL = SymbolT()


def type_text(t: Type) -> str:
    """The type as a person reads it."""
    match t:
        case SymbolT():
            return "Symbol"
        case JsonT():
            return "JSON value"
        case VarT():
            return "a value whose type is not known"
        case ir.ListT(elem):
            return f"Array[{type_text(elem)}]"
        case ir.DictT(key, value):
            return f"Hash[{type_text(key)}, {type_text(value)}]"
        case ir.OptionalT(elem):
            return f"{type_text(elem)}?"
        case ir.TupleT(elems):
            return f"[{', '.join(map(type_text, elems))}]"
        case ir.SetT(elem):
            return f"Set[{type_text(elem)}]"
        case ir.P(kind):
            names = {"int": "Integer", "float": "Float", "bool": "Boolean", "str": "String", "none": "nil"}
            return names.get(kind.value, kind.value)
        case ir.FuncT():
            return "Proc"
        case _:
            return ir.type_text(t)


@dataclass
class Types:
    """The solutions of type variables; `changed` says that a sweep learned something."""

    solved: dict[int, Type] = field(default_factory=dict[int, Type])
    origin: dict[int, str] = field(default_factory=dict[int, str])
    by_place: dict[object, VarT] = field(default_factory=dict[object, VarT])
    changed: bool = False
    differ: Callable[[str], None] = lambda _: None

    def var(self, place: object, origin: str = "") -> VarT:
        """The variable of a place in the source, the same one in every sweep."""
        found = self.by_place.get(place)
        if found is None:
            found = VarT(len(self.by_place))
            self.by_place[place] = found
            self.origin[found.id] = origin
        return found

    def shallow(self, t: Type) -> Type:
        """The type with its outermost variable solved."""
        while isinstance(t, VarT) and t.id in self.solved:
            t = self.solved[t.id]
        return t

    def full(self, t: Type) -> Type:
        """The type with every variable solved as far as known."""
        t = self.shallow(t)
        match t:
            case ir.ListT(elem):
                return ir.ListT(self.full(elem))
            case ir.SetT(elem):
                return ir.SetT(self.full(elem))
            case ir.IterT(elem):
                return ir.IterT(self.full(elem))
            case ir.OptionalT(elem):
                inner = self.full(elem)
                return inner if isinstance(inner, ir.OptionalT) else ir.OptionalT(inner)
            case ir.DictT(key, value, zero):
                return ir.DictT(self.full(key), self.full(value), zero)
            case ir.TupleT(elems):
                return ir.TupleT(tuple(self.full(e) for e in elems))
            case ir.FuncT(params, result, raises, context):
                return ir.FuncT(tuple(self.full(p) for p in params), self.full(result), raises, context)
            case _:
                return t

    def open(self, t: Type) -> bool:
        """True when some part is not known."""
        t = self.full(t)
        match t:
            case VarT():
                return True
            case ir.ListT(elem) | ir.SetT(elem) | ir.IterT(elem) | ir.OptionalT(elem):
                return self.open(elem)
            case ir.DictT(key, value):
                return self.open(key) or self.open(value)
            case ir.TupleT(elems):
                return any(map(self.open, elems))
            case ir.FuncT(params, result):
                return any(map(self.open, params)) or self.open(result)
            case _:
                return ir.has_unknown(t)

    def solve(self, v: VarT, t: Type) -> None:
        """Say what a variable stands for."""
        t = self.full(t)
        if t == v or self._occurs(v, t):
            return
        if t == ir.NONE:
            raise Unsupported("a value that is nil here and something else elsewhere")
        self.solved[v.id] = t
        self.changed = True

    def _occurs(self, v: VarT, t: Type) -> bool:
        t = self.shallow(t)
        match t:
            case VarT():
                return t == v
            case ir.ListT(elem) | ir.SetT(elem) | ir.IterT(elem) | ir.OptionalT(elem):
                return self._occurs(v, elem)
            case ir.DictT(key, value):
                return self._occurs(v, key) or self._occurs(v, value)
            case ir.TupleT(elems):
                return any(self._occurs(v, e) for e in elems)
            case _:
                return False

    def join(self, a: Type, b: Type) -> Type:
        """The type of a place that holds both, solving variables on the way; raises Unsupported when there is none."""
        a, b = self.shallow(a), self.shallow(b)
        if a == b:
            return a
        match a, b:
            case (JsonT(), ir.OptionalT(JsonT())) | (JsonT(), ir.P(ir.Prim.NONE)):
                return a  # null is nil already
            case (ir.OptionalT(JsonT()), JsonT()) | (ir.P(ir.Prim.NONE), JsonT()):
                return b
            case (VarT(), _) if b == ir.NONE:
                return ir.OptionalT(a)
            case (_, VarT()) if a == ir.NONE:
                return ir.OptionalT(b)
            case VarT(), ir.OptionalT(y):
                return ir.OptionalT(self.join(a, y))
            case ir.OptionalT(x), VarT():
                return ir.OptionalT(self.join(x, b))
            case VarT(), _:
                self.solve(a, b)
                return self.full(a)
            case _, VarT():
                self.solve(b, a)
                return self.full(b)
            case (ir.P(ir.Prim.UNKNOWN), _):
                return b
            case (_, ir.P(ir.Prim.UNKNOWN)):
                return a
            case (ir.OptionalT(x), ir.OptionalT(y)):
                return ir.OptionalT(self.join(x, y))
            case (ir.OptionalT(x), y) | (y, ir.OptionalT(x)):
                return (
                    a
                    if y == ir.NONE and isinstance(a, ir.OptionalT)
                    else ir.OptionalT(self.join(x, y) if y != ir.NONE else x)
                )
            case (ir.P(ir.Prim.NONE), y) | (y, ir.P(ir.Prim.NONE)):
                return ir.OptionalT(y)
            case (ir.ListT(x), ir.ListT(y)):
                return ir.ListT(self.join(x, y))
            case (ir.SetT(x), ir.SetT(y)):
                return ir.SetT(self.join(x, y))
            case (ir.DictT(k, v, z), ir.DictT(m, w, y)):
                return ir.DictT(self.join(k, m), self.join(v, w), z or y)
            case (ir.TupleT(x), ir.TupleT(y)) if len(x) == len(y):
                return ir.TupleT(tuple(self.join(p, q) for p, q in zip(x, y, strict=True)))
            case (ir.TupleT(x), ir.ListT(y)) | (ir.ListT(y), ir.TupleT(x)):
                t = y
                for e in x:
                    t = self.join(t, e)
                return ir.ListT(t)
            case (ir.FuncT(p, r, e, c), ir.FuncT(q, s)) if len(p) == len(q):
                params = tuple(self.join(m, n) for m, n in zip(p, q, strict=True))
                return ir.FuncT(params, self.join(r, s), e, c)
            case _:
                pass
        if {a, b} == {ir.INT, ir.FLOAT}:
            self.differ("A number that is an Integer at one time and a Float at another is always a float.")
            return ir.FLOAT
        if ir.ERROR in (a, b):
            return ir.ERROR
        raise Unsupported(f"a value that is {type_text(a)} in one place and {type_text(b)} in another")


def without_zero(t: Type) -> Type:
    """The type of a map whose missing keys read as nothing, where they read as zero."""
    return ir.DictT(t.key, without_zero(t.value)) if isinstance(t, ir.DictT) else t


def erased(t: Type) -> Type:
    """The type as the representation knows it: a symbol is text."""
    match t:
        case SymbolT():
            return ir.STR
        case JsonT():
            return ir.ANY
        case VarT():
            return ir.UNKNOWN
        case ir.ListT(elem):
            return ir.ListT(erased(elem))
        case ir.SetT(elem):
            return ir.SetT(erased(elem))
        case ir.IterT(elem):
            return ir.IterT(erased(elem))
        case ir.OptionalT(elem):
            inner = erased(elem)
            return inner if isinstance(inner, ir.OptionalT) else ir.OptionalT(inner)
        case ir.DictT(key, value, zero):
            return ir.DictT(erased(key), erased(value), zero)
        case ir.TupleT(elems):
            return ir.TupleT(tuple(erased(e) for e in elems))
        case ir.FuncT(params, result, raises, context):
            return ir.FuncT(tuple(erased(p) for p in params), erased(result), raises, context)
        case _:
            return t


_PLAIN: Mapping[str, Type] = {
    "Integer": ir.INT,
    "Fixnum": ir.INT,
    "int": ir.INT,
    "Float": ir.FLOAT,
    "Numeric": ir.FLOAT,
    "String": ir.STR,
    "string": ir.STR,
    "Boolean": ir.BOOL,
    "bool": ir.BOOL,
    "boolish": ir.BOOL,
    "boolean": ir.BOOL,
    "Bool": ir.BOOL,
    "TrueClass": ir.BOOL,
    "FalseClass": ir.BOOL,
    "true": ir.BOOL,
    "false": ir.BOOL,
    "nil": ir.NONE,
    "NilClass": ir.NONE,
    "void": ir.NONE,
    "Symbol": SYMBOL,
    "StandardError": ir.ERROR,
    "Exception": ir.ERROR,
    "JSON::Value": JsonT(),
}
_OBJECTS = {
    "Foundation::CircuitBreaker": "CircuitBreaker",
    "Foundation::RateLimiter": "RateLimiter",
    "Foundation::HttpClient": "HttpClient",
    "Foundation::Logging::Logger": "Logger",
    "Foundation::Logger": "Logger",
    "Foundation::RetryPolicy": "RetryPolicy",
    "Foundation::Retry": "RetryPolicy",
}


class Declared:
    """Reads written types. `known` says what a class name of the file is; an unknown one becomes a protocol."""

    def __init__(
        self,
        types: Types,
        named: Callable[[str], Type | None],
        duck: Callable[[str], Type],
        record: Callable[[list[tuple[str, Type]]], Type],
    ) -> None:
        self.types = types
        self.record = record
        self.named = named
        self.duck = duck
        self.tokens: list[str] = []
        self.at = 0
        self.fresh = 0

    def _class(self, name: str) -> Type:
        plain = name.removeprefix("::")
        if plain in _PLAIN:
            return _PLAIN[plain]
        if plain in _OBJECTS:
            return ir.NamedT(_OBJECTS[plain])
        found = self.named(plain)
        if found is not None:
            return found
        if plain in ("Object", "untyped", "BasicObject", "top", "any"):
            return self.unknown()
        if plain in (
            "Time",
            "Date",
            "BigDecimal",
            "Rational",
            "IO",
            "Enumerable",
            "Enumerator",
            "Struct",
        ):
            raise Unsupported(f"type {plain} has no known counterpart")
        return self.duck(plain.rpartition("::")[2])

    def unknown(self) -> Type:
        """A part that is left open; inference fills it."""
        self.fresh += 1
        return self.types.var(("declared", id(self), self.fresh))

    # RBS

    def rbs(self, text: str) -> Type:
        """A type in RBS."""
        self.tokens = re.findall(
            r"->|[a-z_]\w*:(?!:)|[A-Za-z_:][\w:]*[?!]?|\"[^\"]*\"|:\w+|[()\[\]{},|?^*&]|=>|-?\d+", text
        )
        self.at = 0
        made = self._union()
        if self.at < len(self.tokens):
            raise Unsupported(f"type {text} is not one this port knows", text)
        return made

    def method(self, text: str) -> tuple[list[tuple[str, str, Type]], Type | None, Type]:
        """A method type: parameters (kind, name, type), the block's type or None, and the result.

        Kind is "required", "optional" or "key"; a key that may be left out has the name with a question mark.
        """
        self.tokens = re.findall(
            r"->|\?\w+:(?!:)|[A-Za-z_]\w*:(?!:)|(?:::)?[A-Za-z_]\w*(?:::\w+)*|\"[^\"]*\"|:\w+|[()\[\]{},|?^*&]|=>|-?\d+",
            text,
        )
        self.at = 0
        params: list[tuple[str, str, Type]] = []
        if self._peek() == "(":
            self._take()
            while self._peek() != ")":
                word = self._peek()
                if word == "*":
                    raise Unsupported("a rest parameter", text)
                if word.endswith(":"):
                    self._take()
                    params.append(("key", word.strip("?:"), self._union()))
                else:
                    kind = "required"
                    if word == "?":
                        self._take()
                        kind = "optional"
                        if self._peek().endswith(":"):
                            name = self._take().strip("?:")
                            params.append(("key", name, self._union()))
                            if self._peek() == ",":
                                self._take()
                            continue
                    t = self._union()
                    name = ""
                    if re.fullmatch(r"[a-z_]\w*", self._peek()):
                        name = self._take()
                    params.append((kind, name, t))
                if self._peek() == ",":
                    self._take()
            self._take()
        block: Type | None = None
        optional_block = False
        if self._peek() == "?" and self._peek(1) == "{":
            self._take()
            optional_block = True
        if self._peek() == "{":
            self._take()
            block = self._function()
            if self._peek() == "}":
                self._take()
            if optional_block:
                block = ir.OptionalT(block)
        if self._peek() != "->":
            raise Unsupported(f"type {text} is not one this port knows", text)
        self._take()
        result = self._union()
        return params, block, result

    def _peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def _take(self) -> str:
        word = self._peek()
        self.at += 1
        return word

    def _union(self) -> Type:
        parts = [self._one()]
        while self._peek() == "|":
            self._take()
            parts.append(self._one())
        return self.combined(parts)

    def combined(self, parts: list[Type]) -> Type:
        """The type of a union; raises Unsupported for one of several types."""
        kinds: list[Type] = []
        none = False
        for t in parts:
            if t == ir.NONE:
                none = True
            else:
                if isinstance(t, ir.OptionalT):
                    none, t = True, t.elem
                if t not in kinds:
                    kinds.append(t)
        if not kinds:
            return ir.NONE
        if set(kinds) == {ir.INT, ir.FLOAT}:
            self.types.differ("A number that may be an Integer or a Float is a float.")
            kinds = [ir.FLOAT]
        if len(kinds) > 1:
            raise Unsupported(f"a union of several types ({', '.join(map(type_text, kinds))})")
        return ir.OptionalT(kinds[0]) if none else kinds[0]

    def _one(self) -> Type:
        t = self._atom()
        while self._peek() == "?":
            self._take()
            t = t if isinstance(t, ir.OptionalT) else ir.OptionalT(t)
        return t

    def _function(self) -> Type:
        params: list[Type] = []
        if self._peek() == "(":
            self._take()
            while self._peek() != ")":
                params.append(self._union())
                if re.fullmatch(r"[a-z_]\w*", self._peek()):
                    self._take()
                if self._peek() == ",":
                    self._take()
            self._take()
        if self._take() != "->":
            raise Unsupported("a function type without a result")
        return ir.FuncT(tuple(params), self._union())

    def _atom(self) -> Type:
        word = self._take()
        if word == "(":
            t = self._union()
            self._take()
            return t
        if word == "^":
            return self._function()
        if word == "[":
            elems: list[Type] = []
            while self._peek() not in ("]", ""):
                elems.append(self._union())
                if self._peek() == ",":
                    self._take()
            self._take()
            return ir.TupleT(tuple(elems))
        if word == "{":
            members: list[tuple[str, Type]] = []
            while self._peek() not in ("}", ""):
                key = self._take()
                if not key.endswith(":"):
                    raise Unsupported("a record type of this kind", key)
                members.append((key[:-1], self._union()))
                if self._peek() == ",":
                    self._take()
            self._take()
            return self.record(members)
        if word.startswith('"'):
            return ir.STR
        if re.fullmatch(r":\w+", word):
            return SYMBOL
        if re.fullmatch(r"-?\d+", word):
            return ir.INT
        if not re.fullmatch(r"[A-Za-z_:][\w:?]*", word):
            raise Unsupported("a type that is not one this port knows", word)
        if word.endswith("?"):
            return ir.OptionalT(self._class(word[:-1]))
        args: list[Type] = []
        if self._peek() == "[" and word not in ("void", "nil", "bool"):
            self._take()
            while self._peek() not in ("]", ""):
                args.append(self._union())
                if self._peek() == ",":
                    self._take()
            self._take()
        return self.generic(word, args)

    def generic(self, name: str, args: list[Type]) -> Type:
        """A class with its type arguments."""
        match name:
            case "Array" | "Enumerable" if len(args) <= 1:
                return ir.ListT(args[0] if args else self.unknown())
            case "Set" if len(args) <= 1:
                return ir.SetT(args[0] if args else self.unknown())
            case "Hash" if not args or (len(args) == 2 and isinstance(args[1], VarT)):
                # A map or a hash whose keys have types of their own: its use says which.
                return self.unknown()
            case "Hash" if len(args) == 2:
                return ir.DictT(args[0], args[1])
            case "Proc" | "Method" if not args:
                return self.types.var(("proc", id(self), self.at, len(self.tokens), self.fresh), "proc")
            case _ if args:
                raise Unsupported(f"type {name} with arguments")
            case _:
                return self._class(name)

    # YARD

    def yard(self, text: str) -> Type:
        """The types in YARD's brackets: `String`, `Array<Integer>`, `Hash{Symbol => Integer}`, `String, nil`."""
        self.tokens = re.findall(r"=>|#\w+[?!]?|:\w+|\"[^\"]*\"|[A-Za-z_][\w:]*|[<>{}(),|;]", text)
        self.at = 0
        parts = [self._yard_one()]
        while self._peek() in (",", "|", ";"):
            self._take()
            parts.append(self._yard_one())
        if self.at < len(self.tokens):
            raise Unsupported(f"type {text} is not one this port knows", text)
        ducks = [t for t in parts if isinstance(t, VarT)]
        if len(ducks) == len(parts):
            return ducks[0]
        return self.combined(parts)

    def _yard_one(self) -> Type:
        word = self._take()
        if word.startswith("#"):
            return self.unknown()
        if word.startswith('"'):
            return ir.STR
        if word.startswith(":"):
            return SYMBOL
        if word == "(":
            raise Unsupported("a tuple type in YARD")
        args: list[Type] = []
        name = word.removeprefix("::")
        if self._peek() == "<":
            self._take()
            while self._peek() not in (">", ""):
                inner = [self._yard_one()]
                while self._peek() == "|":
                    self._take()
                    inner.append(self._yard_one())
                args.append(self.combined(inner))
                if self._peek() == ",":
                    self._take()
            self._take()
            if name == "Array" and len(args) > 1:
                args = [self.combined(args)]
        elif self._peek() == "(":
            # `Array(String, Integer)` is a list of fixed length.
            self._take()
            while self._peek() not in (")", ""):
                args.append(self._yard_one())
                if self._peek() == ",":
                    self._take()
            self._take()
            return ir.TupleT(tuple(args))
        elif self._peek() == "{":
            self._take()
            key = self._yard_one()
            if self._take() != "=>":
                raise Unsupported("a hash type in YARD")
            values = [self._yard_one()]
            while self._peek() in (",", "|"):
                self._take()
                values.append(self._yard_one())
            self._take()
            args = [key, self.combined(values)]
        return self.generic(name, args)


@dataclass
class Doc:
    """What the comment above a definition says: text, YARD tags and RBS."""

    text: str = ""
    params: dict[str, str] = field(default_factory=dict[str, str])
    result: str = ""
    yields: list[str] = field(default_factory=list[str])
    yield_result: str = ""
    rbs_params: dict[str, str] = field(default_factory=dict[str, str])
    rbs_result: str = ""
    rbs_method: str = ""
    raises: list[str] = field(default_factory=list[str])
    attributes: dict[str, str] = field(default_factory=dict[str, str])


def read_doc(lines: list[str]) -> Doc:
    """The parts of a block of comment lines (without `#`)."""
    out = Doc()
    prose: list[str] = []
    attribute = ""
    tag = False
    for raw in lines:
        line = raw.strip()
        if line.startswith(": ") or re.match(r":\s*\(", line):
            out.rbs_method = line[1:].strip()
            continue
        if m := re.match(r"@rbs\s+return:\s*(.+?)(?:\s+--.*)?$", line):
            out.rbs_result = m[1]
            continue
        if m := re.match(r"@rbs\s+[*&?]*(\w+):\s*(.+?)(?:\s+--.*)?$", line):
            out.rbs_params[m[1]] = m[2]
            continue
        if m := re.match(r"@rbs\s+(\(.+)$", line):
            out.rbs_method = m[1]
            continue
        if m := re.match(r"@!attribute\s*(?:\[\w+\])?\s*(\w+)", line):
            attribute = m[1]
            continue
        if m := re.match(r"@param\s+(?:(\w+)\s+\[(.+?)\](?=\s|$)|\[(.+?)\]\s+(\w+))(.*)$", line):
            name, text, note = m[1] or m[4], m[2] or m[3], m[5]
            if attribute or name:
                out.params[name] = text
            if note.strip():
                prose.append(f"{name}: {note.strip()}")
            tag = True
            continue
        if m := re.match(r"@return\s+\[(.+?)\](?=\s|$)(.*)$", line):
            if attribute:
                out.attributes[attribute] = m[1]
            else:
                out.result = m[1]
                if m[2].strip():
                    prose.append(f"Returns {m[2].strip()}")
            tag = True
            continue
        if m := re.match(r"@yieldparam\s+(?:\w+\s+)?\[(.+?)\]", line):
            out.yields.append(m[1])
            continue
        if m := re.match(r"@yieldreturn\s+\[(.+?)\]", line):
            out.yield_result = m[1]
            continue
        if m := re.match(r"@raise\s+\[(.+?)\](.*)$", line):
            out.raises.append(m[1])
            prose.append(f"Raises {m[1]}{' ' + m[2].strip() if m[2].strip() else ''}")
            tag = True
            continue
        if line.startswith(
            ("@option", "@yield", "@example", "@see", "@api", "@since", "@note", "@overload", "@!")
        ):
            tag = True
            continue
        if line.startswith(("@", "frozen_string_literal", "rubocop:", "typed:", "rbs_inline")):
            continue
        if tag and raw.startswith("  "):
            continue
        prose.append(line)
    while prose and not prose[0]:
        prose.pop(0)
    while prose and not prose[-1]:
        prose.pop()
    out.text = "\n".join(prose)
    return out
