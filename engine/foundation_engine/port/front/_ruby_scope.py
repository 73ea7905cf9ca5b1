"""What the Ruby front end knows of a file: its methods, classes, constants and the interfaces that it assumes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from foundation_engine.port import ir
from foundation_engine.port.front import _ruby_ast as ast
from foundation_engine.port.front._ruby_types import SYMBOL, Doc, Types, VarT, type_text
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import MUTATING

# Ruby's error classes that have a class in the representation.
ERROR_NAMES: Mapping[str, str] = {
    "StandardError": "Exception",
    "Exception": "Exception",
    "ArgumentError": "ValueError",
    "KeyError": "KeyError",
    "IndexError": "IndexError",
    "ZeroDivisionError": "ZeroDivisionError",
    "RuntimeError": "RuntimeError",
    "TypeError": "TypeError",
    "NotImplementedError": "NotImplementedError",
    "IOError": "OSError",
    "SystemCallError": "OSError",
    "Errno::ENOENT": "OSError",
    "Errno::EACCES": "OSError",
    "Errno::ECONNREFUSED": "NetworkError",
    "Errno::ECONNRESET": "NetworkError",
    "Errno::EPIPE": "NetworkError",
    "SocketError": "NetworkError",
    "Errno::EHOSTUNREACH": "NetworkError",
    "Errno::ETIMEDOUT": "TimeoutError",
    "Timeout::Error": "TimeoutError",
    "Net::OpenTimeout": "TimeoutError",
    "Net::ReadTimeout": "TimeoutError",
    "StopIteration": "LookupError",
    "FloatDomainError": "ArithmeticError",
    "RangeError": "ArithmeticError",
    "JSON::ParserError": "ValueError",
}
# The type of the object that a pattern's constructor makes.
PATTERN_OBJECTS: Mapping[str, str] = {
    "circuit_breaker": "CircuitBreaker",
    "rate_limiting": "RateLimiter",
    "retry_with_backoff": "RetryPolicy",
    "structured_logging": "Logger",
    "http_client": "HttpClient",
    "cli_framework": "App",
}


@dataclass
class Param:
    """A parameter of a method as calls see it."""

    name: str
    type: Type
    kind: str  # required, optional, key, block
    default: ast.Node | None = None
    line: int = 0


@dataclass
class Signature:
    """A method: where it is, its types so far and how its result is used."""

    name: str
    params: list[Param]
    result: Type
    declared: bool  # the result's type was written
    node: ast.Def
    doc: Doc
    kind: str = "function"  # function, method, static
    owner: str = ""  # the class's name in the representation, "" for a function
    path: str = ""  # the module or class in Ruby that answers to it, "" at top level
    private: bool = False
    nil: bool = False  # some way out gives nil
    used: bool = False  # some call reads the result
    failed: Unsupported | None = None

    @property
    def callable(self) -> bool:
        """False when its parameters cannot be represented."""
        return self.failed is None


@dataclass
class ClassInfo:
    """A class of the file."""

    name: str
    path: str
    kind: str  # plain, struct, data, error, config
    node: ast.Node
    fields: dict[str, Type] = field(default_factory=dict[str, Type])
    order: list[str] = field(default_factory=list[str])
    public: set[str] = field(default_factory=set[str])
    writable: set[str] = field(default_factory=set[str])
    init: Signature | None = None
    # By name; a singleton method that has an instance method's name stands under another one (`renamed`).
    methods: dict[str, Signature] = field(default_factory=dict[str, Signature])
    renamed: dict[str, str] = field(default_factory=dict[str, str])
    readers: set[str] = field(default_factory=set[str])  # names with an attr_reader, private ones included
    base: str = ""
    keyword_init: bool = False
    doc: Doc = field(default_factory=Doc)
    body: list[ast.Node] = field(default_factory=list[ast.Node])
    config: list[ir.FieldDef] = field(default_factory=list[ir.FieldDef])
    failed: Unsupported | None = None

    def method(self, name: str) -> Signature | None:
        """The instance method of a name in Ruby."""
        found = self.methods.get(name)
        return found if found is not None and found.kind == "method" else None

    def static(self, name: str) -> Signature | None:
        """The singleton method of a name in Ruby."""
        found = self.methods.get(self.renamed.get(name, name))
        return found if found is not None and found.kind == "static" else None

    def field_name(self, name: str) -> str:
        """The field's name in the representation: what nobody outside reads begins with an underscore."""
        return (
            name
            if name in self.public or self.kind in ("struct", "data", "error", "config", "record")
            else f"_{name}"
        )


@dataclass
class ProtocolMethod:
    """A method that the file calls on a value whose class it does not define."""

    name: str
    params: list[tuple[str, Type]]
    result: Type
    used: bool = False
    line: int = 0


@dataclass
class ProtocolInfo:
    """An interface that a parameter is assumed to have: the methods called on it."""

    name: str
    methods: dict[str, ProtocolMethod] = field(default_factory=dict[str, ProtocolMethod])
    line: int = 0


@dataclass
class ConstantInfo:
    """A constant of the file."""

    name: str
    node: ast.Assign
    type: Type
    path: str = ""
    failed: Unsupported | None = None


@dataclass
class Scope:
    """The file's names."""

    reader: ast.Reader
    types: Types
    functions: dict[str, Signature] = field(default_factory=dict[str, Signature])
    classes: dict[str, ClassInfo] = field(default_factory=dict[str, ClassInfo])
    protocols: dict[str, ProtocolInfo] = field(default_factory=dict[str, ProtocolInfo])
    constants: dict[str, ConstantInfo] = field(default_factory=dict[str, ConstantInfo])
    regexes: dict[str, ast.Regex] = field(
        default_factory=dict[str, ast.Regex]
    )  # constants, written out at their uses
    modules: set[str] = field(default_factory=set[str])
    differences: list[str] = field(default_factory=list[str])
    delays: list[ir.Delays] = field(default_factory=list[ir.Delays])
    final: bool = False
    in_prelude: bool = False
    natives: dict[str, str] = field(
        default_factory=dict[str, str]
    )  # error classes by the Ruby class they stand for
    records: dict[tuple[str, ...], ClassInfo] = field(default_factory=dict[tuple[str, ...], "ClassInfo"])
    shared: dict[str, int] = field(default_factory=dict[str, int])
    made: dict[str, ir.Constant] = field(default_factory=dict[str, ir.Constant])

    def shared_object(self, pattern: str, arguments: dict[str, ir.Expr]) -> ir.Expr:
        """The breaker or limiter that blocks of this name share, as a constant of the port."""
        name = arguments.get("name")
        if not isinstance(name, ir.Lit) or not isinstance(name.value, str):
            raise Unsupported("a breaker or limiter whose name is computed")
        kind = "breaker" if pattern == "circuit_breaker" else "limiter"
        base = "".join(c if c.isalnum() else "_" for c in name.value).strip("_").upper()
        made = f"{base}_{kind.upper()}"
        t = ir.NamedT(PATTERN_OBJECTS[pattern])
        known = self.made.get(made)
        if known is None:
            given = {k: v for k, v in arguments.items() if k != "name" or pattern == "circuit_breaker"}
            self.made[made] = ir.Constant(made, t, ir.PatternNew(pattern, given, type=t))
        elif isinstance(known.value, ir.PatternNew):
            for key, value in arguments.items():
                if key in known.value.arguments and not ir.same(known.value.arguments[key], value):
                    raise Unsupported(f"two blocks that share the name {name.value!r} with different options")
        return ir.Name(made, type=t)

    def differ(self, sentence: str) -> None:
        """Record a difference in semantics, once, for what is really emitted."""
        if self.final and sentence not in self.differences:
            self.differences.append(sentence)

    def record(self, keys: tuple[str, ...], base: str, line: int) -> ClassInfo:
        """The record that hashes with these symbol keys are, whose values have types of their own."""
        found = self.records.get(keys)
        if found is None:
            words = re.sub(
                r"^(build|make|create|to|as|get|compute|calculate|call)_", "", base.strip("?!=_")
            ).split("_")
            name = "".join(w[:1].upper() + w[1:] for w in words if w) or "Record"
            while (
                name in self.classes
                or name in self.protocols
                or name in self.constants
                or name in ir.ERROR_BASES
            ):
                name += "Record"
            found = ClassInfo(name, "", "record", ast.Node(line=line))
            for key in keys:
                found.fields[key] = self.types.var(("record", keys, key), f"the value of {key}:")
            found.order = list(keys)
            found.public = set(keys)
            found.doc.text = f"A hash with the keys {', '.join(keys)}."
            self.records[keys] = found
            self.classes[name] = found
            self.types.changed = True
        return found

    def class_named(self, path: str) -> ClassInfo | None:
        """The class that a constant path means, by its last segment."""
        return self.classes.get(path.rpartition("::")[2])

    def error_name(self, path: str) -> str | None:
        """The representation's name of an error class, or None."""
        if path.startswith("Foundation::"):
            last = path.rpartition("::")[2]
            if last in ("NetworkError", "TimeoutError"):
                self._family(last, path)
            return last if last in ir.ERROR_BASES else None
        info = self.class_named(path)
        if info is not None:
            return info.name if info.kind == "error" else None
        found = ERROR_NAMES.get(path)
        if found in ("NetworkError", "TimeoutError", "OSError"):
            self._family(found, path)
        return found

    def _family(self, name: str, path: str) -> None:
        """Remember which of Ruby's classes a class stands for; two at once cannot be told apart."""
        known = self.natives.setdefault(name, path)
        if known.startswith("Foundation::") != path.startswith("Foundation::"):
            raise Unsupported(f"{path} beside {known}, which are one class in the port")
        if known != path:
            self.differ(f"{known} and {path} are one class in the port.")

    def error_base(self, name: str) -> str | None:
        """The base of an error class known here, or None when it is not one."""
        info = self.classes.get(name)
        if info is not None:
            return info.base if info.kind == "error" else None
        return ir.ERROR_BASES.get(name)

    def protocol(self, name: str, line: int = 0) -> ProtocolInfo:
        """The interface of this name, made when it is new."""
        found = self.protocols.get(name)
        if found is None:
            found = ProtocolInfo(name, line=line)
            self.protocols[name] = found
            self.types.changed = True
        return found


def resolved(scope: Scope, n: ast.Node) -> ast.Node:
    """The node behind a constant of the file, without `freeze`."""
    for _ in range(4):
        if isinstance(n, ast.Call) and n.name == "freeze" and n.recv is not None:
            n = n.recv
        elif isinstance(n, ast.Const):
            last = n.path.rpartition("::")[2]
            if last in scope.regexes:
                return scope.regexes[last]
            info = scope.constants.get(last)
            if info is None:
                return n
            n = info.node.value
        else:
            return n
    return n


def ordered(t: Type) -> bool:
    """True when values of the type have an order that every language agrees on."""
    return t in (ir.INT, ir.FLOAT, ir.STR, SYMBOL)


def pure(e: ir.Expr) -> bool:
    """True when evaluating twice, or not at all, changes nothing."""
    for n in ir.walk(e):
        if isinstance(n, ir.Call | ir.MethodCall | ir.New | ir.PatternNew | ir.PatternOp | ir.PatternCall):
            return False
        if isinstance(n, ir.Intrinsic) and n.op in MUTATIONS:
            return False
    return True


MUTATIONS = MUTATING | {"print", "sleep", "file.read_text", "file.remove"}

__all__ = [
    "ERROR_NAMES",
    "MUTATIONS",
    "PATTERN_OBJECTS",
    "ClassInfo",
    "ConstantInfo",
    "Param",
    "ProtocolInfo",
    "ProtocolMethod",
    "Scope",
    "Signature",
    "VarT",
    "ordered",
    "pure",
    "resolved",
    "type_text",
]
