"""The typed intermediate representation that every front end produces and every emitter consumes.

A node means one thing in every language: what Python's `//` does to negative numbers is `int.floordiv`, what Go's `/`
does is `int.truncdiv`, and an emitter that has no certain lowering for a node says so (`Unsupported`). Operations on
values are `Intrinsic` nodes whose `op` is a name from the catalogue in README.md; an emitter is mostly a table from
those names to its language. Nodes are mutable while a front end or a pass works on them and are never shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Any, cast


class Unsupported(Exception):  # noqa: N818 - it names what was found, and it is data rather than a failure.
    """A construct for which no certain lowering is known; it becomes a marked hole and is counted."""

    def __init__(self, reason: str, construct: str = "", line: int = 0, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.construct = construct
        self.line = line
        self.path = path  # the file of a package in which the line is, "" for the document


ANY_ERROR = "*"

# Types


@dataclass(frozen=True, slots=True)
class Type:
    """Base of all types; types are values and compare by content."""


class Prim(StrEnum):
    """Types without parameters."""

    INT = "int"  # a signed integer; width is the target's 64 bits, which `differences` states
    FLOAT = "float"  # IEEE 754 binary64
    BOOL = "bool"
    STR = "str"  # a sequence of code points
    CHAR = "char"  # a string of exactly one code point, from iterating or indexing a string
    BYTES = "bytes"
    NONE = "none"  # no value: the result of a procedure
    ANY = "any"
    UNKNOWN = "unknown"  # not inferred yet
    ERROR = "error"  # any error value
    DURATION = "duration"  # integer nanoseconds
    LOCK = "lock"  # a mutual exclusion lock that its holder does not take again
    TIME = "datetime"  # a point in time in UTC, to the microsecond
    NAIVE = "datetime without a time zone"  # a date and a time of the day, to the microsecond
    DATE = "date"
    DELTA = "timedelta"  # a length of time in whole microseconds
    INSTANT = "instant"  # a point of the monotonic clock, from which only the time since is asked


@dataclass(frozen=True, slots=True)
class P(Type):
    """A primitive type."""

    kind: Prim


@dataclass(frozen=True, slots=True)
class ListT(Type):
    """A growable sequence with reference semantics."""

    elem: Type


@dataclass(frozen=True, slots=True)
class DictT(Type):
    """A map that keeps insertion order where the source observes it."""

    key: Type
    value: Type
    zero: bool = False  # a missing key reads as the value type's zero (a counter, a default map)


@dataclass(frozen=True, slots=True)
class SetT(Type):
    """A set; its order is never observed."""

    elem: Type


@dataclass(frozen=True, slots=True)
class TupleT(Type):
    """A fixed number of values of known types."""

    elems: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class OptionalT(Type):
    """A value or nothing."""

    elem: Type


@dataclass(frozen=True, slots=True)
class IterT(Type):
    """A sequence that is consumed once: a range, a generator expression, the view of a map."""

    elem: Type


@dataclass(frozen=True, slots=True)
class FuncT(Type):
    """A callable value. Unknown code may fail, so a callable parameter has `raises` set."""

    params: tuple[Type, ...]
    result: Type
    raises: bool = True
    context: bool = True  # takes the cancellation context where the language has one


@dataclass(frozen=True, slots=True)
class NamedT(Type):
    """A class, an enum, a protocol or an error class of this module, or one of the runtime's."""

    name: str


@dataclass(frozen=True, slots=True)
class RegexT(Type):
    """A compiled regular expression: the pattern in Python's syntax and the letters of its flags (`regex.py`)."""

    pattern: str
    flags: str


@dataclass(frozen=True, slots=True)
class MatchT(Type):
    """A match of a regular expression; the pattern says which groups it has."""

    pattern: str
    flags: str


INT, FLOAT, BOOL, STR = P(Prim.INT), P(Prim.FLOAT), P(Prim.BOOL), P(Prim.STR)
CHAR, BYTES, NONE, ANY = P(Prim.CHAR), P(Prim.BYTES), P(Prim.NONE), P(Prim.ANY)
UNKNOWN, ERROR, DURATION = P(Prim.UNKNOWN), P(Prim.ERROR), P(Prim.DURATION)
LOCK, INSTANT = P(Prim.LOCK), P(Prim.INSTANT)
TIME, NAIVE, DATE, DELTA = P(Prim.TIME), P(Prim.NAIVE), P(Prim.DATE), P(Prim.DELTA)


def type_text(t: Type) -> str:
    """The type as a person reads it, for messages."""
    match t:
        case P(kind):
            return kind.value
        case ListT(elem):
            return f"list[{type_text(elem)}]"
        case DictT(key, value):
            return f"dict[{type_text(key)}, {type_text(value)}]"
        case SetT(elem):
            return f"set[{type_text(elem)}]"
        case TupleT(elems):
            return f"tuple[{', '.join(map(type_text, elems))}]"
        case OptionalT(elem):
            return f"{type_text(elem)} | None"
        case IterT(elem):
            return f"iterator[{type_text(elem)}]"
        case FuncT(params, result):
            return f"callable[[{', '.join(map(type_text, params))}], {type_text(result)}]"
        case NamedT(name):
            return name
        case RegexT(pattern):
            return f"the regular expression {pattern}"
        case MatchT(pattern):
            return f"a match of {pattern}"
        case _:
            return "unknown"


def has_unknown(t: Type) -> bool:
    """True when some part of the type was not inferred."""
    match t:
        case P(kind):
            return kind is Prim.UNKNOWN
        case ListT(elem) | SetT(elem) | OptionalT(elem) | IterT(elem):
            return has_unknown(elem)
        case DictT(key, value):
            return has_unknown(key) or has_unknown(value)
        case TupleT(elems):
            return any(has_unknown(e) for e in elems)
        case _:
            return False


# Nodes


@dataclass(slots=True)
class Node:
    """Base of expressions and statements; `line` is the 1-based source line, 0 when there is none."""

    line: int = field(default=0, kw_only=True)


@dataclass(slots=True)
class Expr(Node):
    """An expression with its type."""

    type: Type = field(default=UNKNOWN, kw_only=True)


@dataclass(slots=True)
class Lit(Expr):
    """A literal: int, float, bool, str, bytes or None."""

    value: Any


@dataclass(slots=True)
class Name(Expr):
    """A variable, parameter, module constant or function, by its source name."""

    id: str


@dataclass(slots=True)
class Field(Expr):
    """A field of an object."""

    obj: Expr
    name: str


@dataclass(slots=True)
class EnumMember(Expr):
    """A member of an enum of this module."""

    enum: str
    member: str


@dataclass(slots=True)
class Call(Expr):
    """A call of a function of this module, or of a callable value (`func.type` is a FuncT)."""

    func: Expr
    args: list[Expr]
    raises: frozenset[str] = frozenset()  # error classes it may raise; ANY_ERROR when unknown
    context: bool = False


@dataclass(slots=True)
class MethodCall(Expr):
    """A call of a method of a class or protocol of this module."""

    obj: Expr
    method: str
    args: list[Expr]
    raises: frozenset[str] = frozenset()  # error classes it may raise; ANY_ERROR when unknown
    context: bool = False


@dataclass(slots=True)
class New(Expr):
    """Construct an object of a class, or an error; `args` are in field order, named."""

    cls: str
    args: list[tuple[str, Expr]]
    raises: frozenset[str] = frozenset()  # error classes it may raise; ANY_ERROR when unknown
    context: bool = False


@dataclass(slots=True)
class Intrinsic(Expr):
    """An operation of the catalogue. `raises` names the error class it may raise, "" when it cannot."""

    op: str
    args: list[Expr]
    raises: str = ""


@dataclass(slots=True)
class ListLit(Expr):
    """A list of the given elements."""

    elems: list[Expr]


@dataclass(slots=True)
class SetLit(Expr):
    """A set of the given elements."""

    elems: list[Expr]


@dataclass(slots=True)
class TupleLit(Expr):
    """A tuple of the given elements."""

    elems: list[Expr]


@dataclass(slots=True)
class DictLit(Expr):
    """A map of the given pairs, in order."""

    items: list[tuple[Expr, Expr]]


@dataclass(slots=True)
class Cond(Expr):
    """`body if test else orelse`; only one arm is evaluated."""

    test: Expr
    body: Expr
    orelse: Expr


@dataclass(slots=True)
class Bool(Expr):
    """Short-circuit `and` or `or` of boolean operands."""

    op: str
    values: list[Expr]


@dataclass(slots=True)
class Not(Expr):
    """Negation of a boolean operand."""

    value: Expr


@dataclass(slots=True)
class Unwrap(Expr):
    """The value of an optional that is known to be present here."""

    value: Expr


@dataclass(slots=True)
class Wrap(Expr):
    """An optional that holds `value`."""

    value: Expr


@dataclass(slots=True)
class PatternNew(Expr):
    """Construct a pattern's object (a circuit breaker, a limiter, a logger) with the spec's parameters."""

    pattern_id: str
    arguments: dict[str, Expr]


@dataclass(slots=True)
class PatternOp(Expr):
    """Use a pattern's object, or the pattern itself when `obj` is None.

    `op` is `call` (run `args[0]`, a Call, under the pattern) or an operation of the object (`info`, `acquire`).
    `fields` are named values (log fields); `arguments` are the spec's parameters of a one-off use.
    """

    pattern_id: str
    obj: Expr | None
    op: str
    args: list[Expr]
    fields: list[tuple[str, Expr]] = field(default_factory=list[tuple[str, "Expr"]])
    arguments: dict[str, Expr] = field(default_factory=dict[str, "Expr"])
    raises: frozenset[str] = frozenset()


@dataclass(slots=True)
class PatternCall(Expr):
    """A block of code that runs at once under a pattern; `type` is the type of what its own `Return`s give.

    `obj` is the pattern's object (a breaker, a policy) or None, in which case `arguments` are the spec's parameters of
    this one use. A `Return` in `body` ends the block, not the function around it; `Break` and `Continue` stay inside.
    """

    pattern_id: str
    obj: Expr | None
    arguments: dict[str, Expr]
    body: list[Stmt]
    raises: frozenset[str] = frozenset()


@dataclass(slots=True)
class Lambda(Expr):
    """An anonymous function of one expression."""

    params: list[Param]
    body: Expr


@dataclass(slots=True)
class Clause(Node):
    """One `for target in iter if ...` of a comprehension."""

    target: Target
    iter: Expr
    conds: list[Expr]


@dataclass(slots=True)
class Comp(Expr):
    """A comprehension; `kind` is list, set, dict or iter. `elem` is a TupleLit of key and value for a dict."""

    kind: str
    elem: Expr
    clauses: list[Clause]


@dataclass(slots=True)
class FormatPart(Node):
    """A piece of a formatted string: literal text, or a value with a normalised spec ("" for str())."""

    text: str = ""
    value: Expr | None = None
    spec: str = ""


@dataclass(slots=True)
class Format(Expr):
    """String interpolation."""

    parts: list[FormatPart]


# Targets of assignment


@dataclass(slots=True)
class Target(Node):
    """Base of what can be assigned to."""

    type: Type = field(default=UNKNOWN, kw_only=True)


@dataclass(slots=True)
class VarTarget(Target):
    """A local variable; `declares` is set by the scope pass at the assignment that introduces it."""

    id: str
    declares: bool = False


@dataclass(slots=True)
class FieldTarget(Target):
    """A field of an object."""

    obj: Expr
    name: str


@dataclass(slots=True)
class IndexTarget(Target):
    """An element of a list or the value of a key of a map (`obj.type` says which)."""

    obj: Expr
    index: Expr


@dataclass(slots=True)
class TupleTarget(Target):
    """Several targets at once."""

    elems: list[Target]


# Statements


@dataclass(slots=True)
class Stmt(Node):
    """A statement; `comments` are the source's comment lines just above it, `trailing` the one at its end."""

    comments: list[str] = field(default_factory=list[str], kw_only=True)
    trailing: str = field(default="", kw_only=True)


@dataclass(slots=True)
class Assign(Stmt):
    """Assign `value` to `target`."""

    target: Target
    value: Expr


@dataclass(slots=True)
class AugAssign(Stmt):
    """`target op= value`, where `op` is the intrinsic that combines them; the target is evaluated once."""

    target: Target
    op: str
    value: Expr


IN_PLACE: Mapping[str, str] = {
    "int.add": "+", "int.sub": "-", "int.mul": "*", "float.add": "+", "float.sub": "-", "float.mul": "*",
    "str.concat": "+", "int.bor": "|", "int.band": "&", "int.xor": "^", "int.shl": "<<", "int.shr": ">>",
}  # fmt: skip
"""The operations of AugAssign that front ends make, and the sign that every target but Rust's strings has for them."""


@dataclass(slots=True)
class VarDecl(Stmt):
    """Declare a variable without a value; made by the scope pass only where a later block needs it."""

    id: str
    type: Type


@dataclass(slots=True)
class ExprStmt(Stmt):
    """Evaluate for the effect."""

    value: Expr


@dataclass(slots=True)
class If(Stmt):
    """Branch on a boolean."""

    test: Expr
    body: list[Stmt]
    orelse: list[Stmt]


@dataclass(slots=True)
class While(Stmt):
    """Loop while a boolean holds."""

    test: Expr
    body: list[Stmt]


@dataclass(slots=True)
class ForRange(Stmt):
    """Count from `start` to before `stop`; bounds are evaluated once, the body cannot change the count."""

    target: VarTarget
    start: Expr
    stop: Expr
    step: int
    body: list[Stmt]


@dataclass(slots=True)
class For(Stmt):
    """Iterate over a value; `kind` says over what: list, str, dict, dict.items, dict.values, set, enumerate, zip..."""

    target: Target
    iter: Expr
    body: list[Stmt]


@dataclass(slots=True)
class Return(Stmt):
    """Return, with a value unless the function is a procedure."""

    value: Expr | None


@dataclass(slots=True)
class Break(Stmt):
    """Leave the innermost loop."""


@dataclass(slots=True)
class Continue(Stmt):
    """Next turn of the innermost loop."""


@dataclass(slots=True)
class Raise(Stmt):
    """Fail with an error; `error` None re-raises the one being handled. `cause` is explicit chaining."""

    error: Expr | None
    cause: Expr | None = None


@dataclass(slots=True)
class Handler(Node):
    """One `except`: the classes (empty for every error), the variable, the body."""

    classes: list[str]
    var: str
    body: list[Stmt]
    comments: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class Try(Stmt):
    """Handle errors of `body`; `orelse` runs after a body without error, `final` always."""

    body: list[Stmt]
    handlers: list[Handler]
    orelse: list[Stmt]
    final: list[Stmt]


@dataclass(slots=True)
class Pass(Stmt):
    """Nothing; kept when it carries a comment."""


@dataclass(slots=True)
class FuncDef(Stmt):
    """A closure defined inside a function."""

    func: Function


@dataclass(slots=True)
class Hole(Stmt):
    """A statement that was not ported: the reason and its source text."""

    reason: str
    construct: str
    source: str


# Definitions


@dataclass(slots=True)
class Param(Node):
    """A parameter; `default` is a literal expression or None when it is required.

    Of type ANY it may be known to hold `one_of` some types.
    """

    name: str
    type: Type
    default: Expr | None = None
    one_of: tuple[Type, ...] = ()


# What is stated of `zip(..., strict=True)`.
ZIPS_THE_SHORTER = (
    "A strict zip ends with the shortest of its lists, where Python raises ValueError for another length."
)

# What is stated of a text in a computed width.
WIDTH_BELOW_ZERO = "A computed width of a text below zero pads nothing, where Python raises ValueError."

# What is stated of a retry that raises the last error itself in the source, and wraps it in the port.
WRAPS_THE_LAST_ERROR = (
    "When every attempt failed, MaxRetriesExceeded holds the last error, which the source raises itself."
)


@dataclass(slots=True)
class PatternUse:
    """A pattern that governs a function or is constructed: its id, and arguments by the spec's parameter ids.

    `last_error` is set for a retry that raises the last error itself when every attempt failed.
    """

    pattern_id: str
    arguments: dict[str, Expr]
    line: int = 0
    last_error: bool = False


@dataclass(slots=True)
class Function(Node):
    """A function or method. `raises` and `context` are set by the effects pass.

    Of a function inside of another, `shared` are the variables around it that it assigns; the others that it assigns
    are its own. A front end that leaves it empty either lets no closure assign what is around it, or has no two
    variables of one name in a function and what is around it.
    """

    name: str
    params: list[Param]
    result: Type
    body: list[Stmt]
    doc: str = ""
    patterns: list[PatternUse] = field(default_factory=list[PatternUse])
    kind: str = "function"  # function, method, static, property
    raises: frozenset[str] = frozenset()  # error classes it may raise; ANY_ERROR when unknown
    context: bool = False
    mutates: bool = False
    private: bool = False
    is_async: bool = False
    comments: list[str] = field(default_factory=list[str])
    end_line: int = 0
    library: str = ""  # the function of Python's library that this one stands for
    shared: frozenset[str] = frozenset()


@dataclass(slots=True)
class FieldDef(Node):
    """A field of a class; `default` is evaluated per object.

    `env` names the environment variable of a configuration field where the source does; `secret` keeps the value out
    of the printed form.
    """

    name: str
    type: Type
    default: Expr | None = None
    private: bool = False
    init: bool = True
    doc: str = ""
    env: str = ""
    secret: bool = False


@dataclass(slots=True)
class Class(Node):
    """A class: data (dataclass or plain), with methods. `init` is the body of a hand-written initialiser.

    A tagged union is a class with a field `kind`, whose type is an enum of the module; `variants` says which of the
    other fields an object of each kind has. Those that it does not have hold their zero value, or nothing. A class
    that is not `made` lost what makes its objects; it only stands for objects that somebody else makes.
    """

    name: str
    fields: list[FieldDef]
    methods: list[Function]
    doc: str = ""
    frozen: bool = False
    dataclass: bool = False
    init: Function | None = None
    private: bool = False
    comments: list[str] = field(default_factory=list[str])
    variants: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    made: bool = True


@dataclass(slots=True)
class ErrorClass(Node):
    """An error class: its base, its fields and its message as an expression over the constructor's parameters."""

    name: str
    base: str
    params: list[Param]
    fields: list[FieldDef]
    message: Expr | None
    doc: str = ""
    comments: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class EnumClass(Node):
    """An enum with a string or integer value per member; `auto` members have no value of their own."""

    name: str
    members: list[tuple[str, Any]]
    doc: str = ""
    comments: list[str] = field(default_factory=list[str])
    string_valued: bool = False


@dataclass(slots=True)
class Protocol(Node):
    """An interface: methods without bodies."""

    name: str
    methods: list[Function]
    doc: str = ""
    comments: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class Constant(Node):
    """A module-level constant or variable that is assigned once."""

    name: str
    type: Type
    value: Expr
    comments: list[str] = field(default_factory=list[str])
    trailing: str = ""


@dataclass(slots=True)
class Declined(Node):
    """A definition that was not ported."""

    reason: str
    construct: str
    name: str
    source: str


Definition = Function | Class | ErrorClass | EnumClass | Protocol | Constant | Declined


@dataclass(frozen=True, slots=True)
class File:
    """One source file of a package: its path, the dotted name under which it is imported, what it says of itself.

    `main` is set for the file whose text speaks for the whole package.
    """

    path: str
    module: str
    doc: str
    main: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a definition stands in its source: the file's path, and its name there."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Delays:
    """The least and the greatest delay after each attempt of a retry, in seconds: in the source, and in its port."""

    source: tuple[tuple[float, float], ...]
    port: tuple[tuple[float, float], ...]


@dataclass(slots=True)
class Module:
    """One source file, or the files of a package that are ported together.

    `definitions` keep source order; `foreign` maps names imported from our runtime to modules. Of a package, `files`
    are in an order in which each can be loaded, and `origins` tells by a definition's name where it stands; of one
    file, `files` is empty.
    """

    name: str
    doc: str
    definitions: list[Definition]
    declines: list[Unsupported]
    foreign: dict[str, str]
    differences: list[str] = field(default_factory=list[str])
    unordered: bool = (
        False  # the source's maps and sets have no order: every order of iterating them is right
    )
    files: list[File] = field(default_factory=list[File])
    origins: dict[str, Origin] = field(default_factory=dict[str, Origin])
    delays: list[Delays] = field(default_factory=list[Delays])

    def differ(self, sentence: str) -> None:
        """State an accepted difference in meaning, once."""
        if sentence not in self.differences:
            self.differences.append(sentence)

    def functions(self) -> Iterator[tuple[Class | None, Function]]:
        """Every function and method with its class."""
        for d in self.definitions:
            if isinstance(d, Function):
                yield None, d
            elif isinstance(d, Class):
                for m in d.methods:
                    yield d, m

    def find(self, name: str) -> Definition | None:
        """The definition of this name, or None."""
        return next((d for d in self.definitions if getattr(d, "name", None) == name), None)


# The error classes of the runtimes and of the standard libraries, and their bases. A base of "" is the root.
ERROR_BASES: Mapping[str, str] = {
    "Exception": "",
    "ValueError": "Exception",
    "LookupError": "Exception",
    "KeyError": "LookupError",
    "IndexError": "LookupError",
    "ArithmeticError": "Exception",
    "ZeroDivisionError": "ArithmeticError",
    "TypeError": "Exception",
    "RuntimeError": "Exception",
    "NotImplementedError": "RuntimeError",
    "AssertionError": "Exception",
    "OSError": "Exception",
    "FileNotFoundError": "OSError",
    "Exit": "Exception",
    "FoundationError": "Exception",
    "NetworkError": "FoundationError",
    "TimeoutError": "FoundationError",
    "ServiceUnavailable": "FoundationError",
    "AuthenticationError": "FoundationError",
    "ValidationError": "FoundationError",
    "ConfigurationError": "ValidationError",
    "MaxRetriesExceeded": "FoundationError",
    "CircuitOpenError": "FoundationError",
    "RateLimitExceeded": "FoundationError",
    "ProcessError": "FoundationError",
    "ProcessTimeoutError": "ProcessError",
    "HttpError": "FoundationError",
    "HttpStatusError": "HttpError",
    "CancelledError": "FoundationError",
}
# How the difference begins that a list of errors names a class of Python's library, whose subclasses are no such
# elsewhere: a time-out is an OSError in Python alone.
WIDE_ERRORS = "A list of errors with "
RUNTIME_ERRORS = frozenset(
    n
    for n, b in ERROR_BASES.items()
    if b in ("FoundationError", "ValidationError", "ProcessError", "HttpError")
)


def is_wide(name: str) -> bool:
    """True for an error class of Python's library that is not the root of all."""
    return (
        name in ERROR_BASES
        and name not in RUNTIME_ERRORS
        and name not in ("Exception", "FoundationError", "Exit")
    )


# Errors that mean a mistake in the program: they stop it in Go and Rust and are not values there.
PROGRAM_ERRORS = frozenset(
    {
        "IndexError",
        "ZeroDivisionError",
        "TypeError",
        "AssertionError",
        "NotImplementedError",
        "LookupError",
        "ArithmeticError",
    }
)
# Errors that stop the program even when they are raised explicitly, because they state that a line cannot be reached.
STOPPING_ERRORS = frozenset({"AssertionError", "NotImplementedError"})


def children(node: Node) -> Iterator[Node]:
    """The direct child nodes, in field order."""
    for f in fields(node):
        yield from _nodes(getattr(node, f.name))


def _nodes(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _nodes(item)
    elif isinstance(value, dict):
        yield from _nodes(list(value.values()))  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, PatternUse):
        yield from _nodes(list(value.arguments.values()))


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, depth first, in order."""
    yield node
    for child in children(node):
        yield from walk(child)


def same(a: Any, b: Any) -> bool:
    """True when two trees are equal but for their lines."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        left, right = cast("list[Any]", a), cast("list[Any]", b)
        return len(left) == len(right) and all(same(x, y) for x, y in zip(left, right, strict=True))
    if is_dataclass(a) and isinstance(a, Node):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a) if f.name != "line")
    return a == b


def unshared(node: Any) -> Any:
    """A copy of a tree in which every node stands in one place only; types, which are values, stay themselves."""
    if isinstance(node, list | tuple):
        made = [unshared(x) for x in cast("list[Any]", node)]
        return made if isinstance(node, list) else tuple(made)
    if isinstance(node, dict):
        return {k: unshared(v) for k, v in cast("dict[Any, Any]", node).items()}
    if isinstance(node, Node | PatternUse | Module):
        return type(node)(**{f.name: unshared(getattr(node, f.name)) for f in fields(node)})
    return node
