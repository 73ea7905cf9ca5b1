"""Go's types as the front end reasons about them, and what they are in the representation."""

from __future__ import annotations

from dataclasses import dataclass, field

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.ir import Type, Unsupported


@dataclass(frozen=True, slots=True)
class GoType:
    """Base of Go's types; they compare by content."""


@dataclass(frozen=True, slots=True)
class Basic(GoType):
    """A predeclared type, or an untyped constant (`untyped int`, `untyped float`, `untyped rune`, `nil`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Slice(GoType):
    """A slice, or an array of `size` elements, which is a value as a struct is; -1 is a size that its literal tells."""

    elem: GoType
    array: bool = False
    size: int = -1


@dataclass(frozen=True, slots=True)
class Map(GoType):
    """A map."""

    key: GoType
    value: GoType


@dataclass(frozen=True, slots=True)
class Pointer(GoType):
    """A pointer."""

    elem: GoType


@dataclass(frozen=True, slots=True)
class Named(GoType):
    """A type of this file by its name, or one of a package by its path (`time.Duration`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Func(GoType):
    """A function type; a leading context is not among `params`, a final error is among `results`."""

    params: tuple[GoType, ...]
    results: tuple[GoType, ...]
    context: bool = False


@dataclass(frozen=True, slots=True)
class Tuple(GoType):
    """Several results."""

    elems: tuple[GoType, ...]


@dataclass(frozen=True, slots=True)
class Chan(GoType):
    """A channel, which only a variable of the function that makes it may hold."""

    elem: GoType


@dataclass(frozen=True, slots=True)
class Regex(GoType):
    """A `*regexp.Regexp` whose pattern is known, in the representation's syntax."""

    pattern: str
    flags: str


@dataclass(frozen=True, slots=True)
class Match(GoType):
    """The slice of texts that a known pattern finds, nil where it finds nothing."""

    pattern: str
    flags: str


@dataclass(frozen=True, slots=True)
class Empty(GoType):
    """`struct{}`."""


INT, FLOAT, STRING, BOOL = Basic("int"), Basic("float64"), Basic("string"), Basic("bool")
ERROR, ANY, RUNE, BYTE, VOID = Basic("error"), Basic("any"), Basic("rune"), Basic("byte"), Basic("void")
NIL = Basic("nil")
UNTYPED_INT, UNTYPED_FLOAT, UNTYPED_RUNE = Basic("untyped int"), Basic("untyped float"), Basic("untyped rune")
DURATION = Named("time.Duration")
BYTES = Slice(BYTE)

SIGNED = frozenset({"int", "int64", "int32", "int16", "int8"})
UNSIGNED = frozenset({"uint", "uint64", "uint32", "uint16", "byte", "uintptr"})
FLOATS = frozenset({"float64", "float32"})
MASKS = {"byte": 0xFF, "uint16": 0xFFFF, "uint32": 0xFFFFFFFF}
PREDECLARED = SIGNED | UNSIGNED | FLOATS | {"string", "bool", "error", "any", "rune"}
SYNONYMS = {"uint8": "byte"}

# Types of packages: the representation's type, by path and name.
RUNTIME_TYPES = {
    "foundation/resilience.CircuitBreaker": "CircuitBreaker",
    "foundation/resilience.RateLimiter": "RateLimiter",
    "foundation/resilience.RetryPolicy": "RetryPolicy",
    "foundation/logging.Logger": "Logger",
    "foundation/httpclient.Client": "HttpClient",
    "foundation/httpclient.Response": "HttpResponse",
    "foundation/process.Result": "ProcessResult",
    "foundation/cli.App": "App",
    "log/slog.Logger": "Logger",
    "github.com/sony/gobreaker.CircuitBreaker": "CircuitBreaker",
    "github.com/sony/gobreaker/v2.CircuitBreaker": "CircuitBreaker",
    "golang.org/x/time/rate.Limiter": "RateLimiter",
}
LOCKS = frozenset({"sync.Mutex", "sync.RWMutex"})
WAIT_GROUP = Named("sync.WaitGroup")
BUILDER = Named("strings.Builder")
SCANNER = Named("bufio.Scanner")


def is_int(t: GoType) -> bool:
    """True for every integer type but runes."""
    return isinstance(t, Basic) and (t.name in SIGNED or t.name in UNSIGNED or t == UNTYPED_INT)


def is_float(t: GoType) -> bool:
    """True for floating-point types."""
    return isinstance(t, Basic) and (t.name in FLOATS or t == UNTYPED_FLOAT)


def is_rune(t: GoType) -> bool:
    """True for runes and rune constants."""
    return t in (RUNE, UNTYPED_RUNE)


def is_untyped(t: GoType) -> bool:
    """True for constants whose type the context decides."""
    return isinstance(t, Basic) and (t.name.startswith("untyped") or t == NIL)


def default_type(t: GoType) -> GoType:
    """The type that an untyped constant takes on its own."""
    return {UNTYPED_INT: INT, UNTYPED_FLOAT: FLOAT, UNTYPED_RUNE: RUNE}.get(t, t)  # type: ignore[call-overload]


@dataclass
class FuncInfo:
    """A function's or method's signature. `params` leave out a context; `results` hold a final error."""

    name: str
    ir_name: str
    params: list[tuple[str, GoType]]
    results: tuple[GoType, ...]
    result_names: tuple[str, ...] = ()
    context: str = ""  # the name of the context parameter, "_" when it has none
    variadic: bool = False
    receiver: str = ""
    owner: str = ""
    pointer: bool = False
    node: SyntaxNode | None = None
    line: int = 0
    formats: bool = False  # its last parameter is a text that callers give as a format with values
    bindings: dict[str, GoType] = field(default_factory=dict[str, GoType])  # what the type parameters are
    generic: str = ""  # the generic function that this is a copy of

    @property
    def fails(self) -> bool:
        """True when the last result is an error."""
        return bool(self.results) and self.results[-1] == ERROR

    @property
    def values(self) -> tuple[GoType, ...]:
        """The results without a final error."""
        return self.results[:-1] if self.fails else self.results

    @property
    def key(self) -> str:
        """How places of this function are named."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    def type(self) -> Func:
        """The function as a type."""
        return Func(tuple(t for _, t in self.params), self.results, bool(self.context))


@dataclass
class FieldInfo:
    """A field of a struct."""

    name: str
    type: GoType
    tag: str = ""
    doc: str = ""
    line: int = 0
    embedded: bool = False

    @property
    def exported(self) -> bool:
        """True for a field that other packages see."""
        return self.name[:1].isupper()


@dataclass
class TypeInfo:
    """A type declared in the file. `kind` is struct, error, enum, interface, alias or func."""

    name: str
    kind: str
    node: SyntaxNode
    fields: dict[str, FieldInfo] = field(default_factory=dict[str, FieldInfo])
    methods: dict[str, FuncInfo] = field(default_factory=dict[str, FuncInfo])
    underlying: GoType | None = None
    members: dict[str, str] = field(default_factory=dict[str, str])  # constant -> member
    values: dict[str, int | str] = field(default_factory=dict[str, int | str])  # member -> value
    constructor: str = ""  # NewX, when it becomes the initialiser
    mutated: bool = False
    line: int = 0
    local: bool = False  # declared inside a function
    embeds: list[str] = field(default_factory=list[str])  # the interfaces that an interface embeds
    generic: bool = False  # a copy of a generic type


@dataclass
class Sentinel:
    """`var ErrX = errors.New("...")`: an error class with a fixed message, perhaps below another."""

    name: str
    cls: str
    message: str
    base: str = "Exception"
    doc: str = ""
    line: int = 0


def error_class_name(name: str) -> str:
    """The class that a sentinel becomes: `ErrNotFound` is `NotFoundError`."""
    bare = name[3:] if name.lower().startswith("err") and len(name) > 3 else name
    made = bare[:1].upper() + bare[1:]
    return made if made.endswith("Error") else f"{made}Error"


# The sentinels and structs of our Go runtime, and of the standard library, by the class that they mean.
RUNTIME_SENTINELS = {
    "ErrNetwork": "NetworkError",
    "ErrTimeout": "TimeoutError",
    "ErrServiceUnavailable": "ServiceUnavailable",
    "ErrAuthentication": "AuthenticationError",
    "ErrValidation": "ValidationError",
    "ErrConfiguration": "ConfigurationError",
    "ErrMaxRetriesExceeded": "MaxRetriesExceeded",
    "ErrCircuitOpen": "CircuitOpenError",
    "ErrRateLimitExceeded": "RateLimitExceeded",
    "ErrProcess": "ProcessError",
    "ErrProcessTimeout": "ProcessTimeoutError",
    "ErrHTTP": "HttpError",
    "ErrHTTPStatus": "HttpStatusError",
    "ErrCancelled": "CancelledError",
    "ErrFoundation": "FoundationError",
    "ErrAny": "Exception",
}
# Classes of our runtime whose only argument is a message, so that they can be made from one in every language.
MESSAGE_ERRORS = frozenset(
    {"NetworkError", "TimeoutError", "ServiceUnavailable", "AuthenticationError", "ValidationError"}
)


class Types:
    """From Go's types to the representation's."""

    def __init__(self, declared: dict[str, TypeInfo]) -> None:
        self.declared = declared

    def underlying(self, t: GoType) -> GoType:
        """The type behind an alias or a named basic type."""
        while isinstance(t, Named):
            info = self.declared.get(t.name)
            if info is None or info.kind not in ("alias", "func") or info.underlying is None:
                return t
            t = info.underlying
        return t

    def info(self, t: GoType) -> TypeInfo | None:
        """The declaration of a named type or of what a pointer points to, None for another type."""
        if isinstance(t, Pointer):
            t = t.elem
        return self.declared.get(t.name) if isinstance(t, Named) else None

    def embedding(self, t: GoType, name: str) -> FieldInfo | None:
        """The embedded field that a promoted field or method of a struct comes from, None when it is its own."""
        info = self.info(t)
        if info is None or name in info.fields or name in info.methods:
            return None
        embedded = [f for f in info.fields.values() if f.embedded]
        found = [f for f in embedded if self._has(f.type, name)]
        deeper = [f for f in embedded if self.embedding(f.type, name) is not None]
        return found[0] if len(found) == 1 else deeper[0] if not found and len(deeper) == 1 else None

    def _has(self, t: GoType, name: str) -> bool:
        info = self.info(t)
        return info is not None and (name in info.fields or name in info.methods)

    def kind(self, t: GoType) -> str:
        """The kind of the declaration of a named type, "" for another type."""
        info = self.info(t)
        return info.kind if info is not None else ""

    def nillable(self, t: GoType) -> bool:
        """True for types whose absence is nil and is told apart: pointers, interfaces, functions, errors."""
        t = self.underlying(t)
        if isinstance(t, Pointer | Func | Match) or t == ERROR:
            return True
        return isinstance(t, Named) and self.kind(t) == "interface"

    def is_set(self, t: GoType) -> bool:
        """True for a map to `struct{}`."""
        t = self.underlying(t)
        return isinstance(t, Map) and isinstance(t.value, Empty)

    def is_array(self, t: GoType) -> bool:
        """True for an array, which is copied where it is assigned."""
        t = self.underlying(t)
        return isinstance(t, Slice) and t.array

    def ir(self, t: GoType) -> Type:
        """The type in the representation; raises Unsupported."""
        t = self.underlying(t)
        match t:
            case Basic(name):
                return self._basic(name)
            case Slice(elem):
                if t == BYTES:
                    return ir.STR
                return ir.ListT(self.ir(elem))
            case Map(key, value):
                if isinstance(self.underlying(key), Slice):
                    raise Unsupported("a map whose keys are arrays")
                if isinstance(value, Empty):
                    return ir.SetT(self.ir(key))
                return ir.DictT(self.ir(key), self.ir(value))
            case Pointer(elem):
                inner = self.ir(elem)
                return inner if isinstance(inner, ir.NamedT) else ir.OptionalT(inner)
            case Func(params, results, context):
                return self.func(params, results, context)
            case Regex(pattern, flags):
                return ir.RegexT(pattern, flags)
            case Match(pattern, flags):
                return ir.MatchT(pattern, flags)
            case Named(name):
                if name in self.declared:
                    return ir.NamedT(name)
                if name in RUNTIME_TYPES:
                    return ir.NamedT(RUNTIME_TYPES[name])
                if name == "time.Duration":
                    return ir.FLOAT
                if name == "strings.Builder":
                    return ir.STR
                if t == SCANNER:
                    return ir.ListT(ir.STR)
                raise Unsupported(f"type {name} has no known counterpart", name)
            case Tuple(elems):
                return self.result(elems)
            case Chan():
                raise Unsupported("a channel that more than one function holds")
            case _:
                raise Unsupported("a type that this port does not know")

    def func(self, params: tuple[GoType, ...], results: tuple[GoType, ...], context: bool) -> ir.FuncT:
        """A function type."""
        fails = bool(results) and results[-1] == ERROR
        values = results[:-1] if fails else results
        return ir.FuncT(tuple(self.ir(p) for p in params), self.result(values), fails, context)

    def result(self, values: tuple[GoType, ...]) -> Type:
        """What a function with these results, an error left out, gives."""
        if not values:
            return ir.NONE
        if len(values) == 1:
            return self.ir(values[0])
        return ir.TupleT(tuple(self.ir(v) for v in values))

    def _basic(self, name: str) -> Type:
        if name in SIGNED or name in UNSIGNED or name == "untyped int":
            return ir.INT
        known: dict[str, Type] = {
            "float64": ir.FLOAT, "float32": ir.FLOAT, "untyped float": ir.FLOAT, "string": ir.STR,
            "bool": ir.BOOL, "error": ir.ERROR, "any": ir.ANY, "rune": ir.CHAR, "untyped rune": ir.CHAR,
            "void": ir.NONE, "nil": ir.NONE,
        }  # fmt: skip
        if name in known:
            return known[name]
        raise Unsupported(f"type {name} has no known counterpart", name)
