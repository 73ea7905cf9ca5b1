"""Go expressions: a small type checker that lowers as it goes."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: ARG002 - what one case needs, the others of its shape take too.
# ruff: noqa: E501 - a long line here is one thought.
from __future__ import annotations

from dataclasses import dataclass, field

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.emit._names import snake
from foundation_engine.port.front import _go_generics as generics
from foundation_engine.port.front import _go_guards as guards
from foundation_engine.port.front import _go_library as library
from foundation_engine.port.front import _go_patterns as patterns
from foundation_engine.port.front import _go_regex as regexes
from foundation_engine.port.front import _go_retries as retries
from foundation_engine.port.front._go_json import unmarshalled
from foundation_engine.port.front._go_package import Package, go_int, go_string, walk
from foundation_engine.port.front._go_sharing import check_part
from foundation_engine.port.front._go_types import (
    ANY,
    BOOL,
    BYTE,
    BYTES,
    DURATION,
    ERROR,
    INT,
    LOCKS,
    MASKS,
    NIL,
    RUNE,
    RUNTIME_SENTINELS,
    STRING,
    UNSIGNED,
    UNTYPED_FLOAT,
    UNTYPED_INT,
    UNTYPED_RUNE,
    VOID,
    WAIT_GROUP,
    Basic,
    Empty,
    Func,
    FuncInfo,
    GoType,
    Map,
    Match,
    Named,
    Pointer,
    Regex,
    Slice,
    Tuple,
    TypeInfo,
    default_type,
    is_float,
    is_int,
    is_rune,
    is_untyped,
)
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import place

OVERFLOW = "Integers have 64 bits: Go's wrap around beyond them, the port's grow or stop."
SECONDS = "A time.Duration is a number of seconds."
LOCKS_DROPPED = "Mutexes are left out: an object of the port is for one thread at a time."
_ARITHMETIC = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "&": "band",
    "|": "bor",
    "^": "xor",
    "<<": "shl",
    ">>": "shr",
}
_LARGE = 4096  # no literal of an array is written with more elements
_COMPARE = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


@dataclass
class V:
    """A lowered expression with its Go type. `place` is the key of the place it was read from, for nil analysis."""

    expr: ir.Expr
    go: GoType
    fails: bool = False
    const: object = None
    place: str = ""
    fresh: bool = False  # a list that nobody else holds


@dataclass
class Var:
    """A local variable in scope."""

    ir_name: str
    go: GoType
    type: Type
    key: str
    fresh: bool = False
    known_nil: bool = False
    value: ir.Expr | None = None  # what reading it gives, when that is not its name
    param: bool = False
    untyped: GoType | None = None  # what a constant without a type is
    const: object = None


@dataclass
class Frame:
    """The function or closure that is being lowered."""

    info: FuncInfo
    body: SyntaxNode
    results: tuple[GoType, ...]  # without the error
    fails: bool
    key: str
    names: dict[str, Type] = field(default_factory=dict[str, Type])
    taken: set[str] = field(default_factory=set[str])
    init: TypeInfo | None = None  # the struct whose initialiser this is
    building: str = ""  # the variable of the object in an initialiser
    mapped: ir.Name | None = None  # the text to which a function that maps runes adds what it returns
    unread: bool = False  # nobody looks at what is returned beside the error
    turn: bool = False  # a goroutine that is the last of a loop's turn: returning is the next turn


class ExpressionLowerer:
    """Lowers expressions of one function."""

    def __init__(self, package: Package) -> None:
        self.p = package
        self.types = package.types
        self.scopes: list[dict[str, Var]] = [{}]
        self.frames: list[Frame] = []
        self.narrowed: set[str] = set()
        self.present: set[str] = set()  # map entries that are known to be there
        self.pending: list[ir.Stmt] = []
        self.declines: list[Unsupported] = []
        self.loops = 0
        self.assigns: dict[int, ir.Target] = {}  # what a call assigns besides its results
        self.unset: set[str] = set()  # variables that have no value but zero yet
        self.policies: dict[str, retries.Policy] = {}  # variables that hold a policy of another library
        self.settings: dict[str, dict[str, SyntaxNode]] = {}  # variables that hold settings of a breaker
        self.asserted: set[int] = set()  # assertions of a type that is known to be the value's
        self.operations: dict[str, SyntaxNode] = {}  # closures that are only run again by a retry
        self.last_errors: dict[int, bool] = {}  # retries that raise the last error itself, and a marked one
        self.iota: int | None = None  # the position in the group of constants that is being declared

    # Scopes

    @property
    def frame(self) -> Frame:
        """The innermost function."""
        return self.frames[-1]

    def lookup(self, name: str) -> Var | None:
        """The variable of this name, innermost first."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None

    def declare(self, name: str, go: GoType, node: SyntaxNode | None = None, optional: bool = False) -> Var:
        """A new variable in the innermost scope, under a name that no other variable alive has."""
        key = f"{self.frame.key}/{name}/{node.start_byte if node is not None else 0}"
        t = self.place_type(go, key)
        if optional and not isinstance(t, ir.OptionalT):
            t = ir.OptionalT(t)
        made = self.fresh_name(name, t)
        var = Var(made, go, t, key)
        if name != "_":
            self.scopes[-1][name] = var
        return var

    def fresh_name(self, name: str, t: Type) -> str:
        """A name for a variable: its own, or numbered when another variable has it."""
        if name == "_":
            return "_"
        base = "this" if name == "self" else name
        made, n = base, 1
        while self._clashes(made, t):
            n += 1
            made = f"{base}{n}" if not base[-1].isdigit() else f"{base}_{n}"
        self.frame.names[made] = t
        return made

    def _clashes(self, name: str, t: Type) -> bool:
        if any(v.ir_name == name for s in self.scopes for v in s.values()):
            return True
        if any(name in f.taken for f in self.frames):
            # A closure has a variable of this name, which must stay its own.
            return True
        if name in self.frame.names and self.frame.names[name] != t:
            return True
        mine = snake(name)
        if any(snake(n) == mine and n != name for n in self.frame.names):
            return True
        return any(snake(f.ir_name) == mine for f in self.p.functions.values())

    def place_type(self, go: GoType, key: str) -> Type:
        """The type of a place: optional where it may hold nil."""
        t = self.types.ir(go)
        if isinstance(t, ir.OptionalT):
            return t
        if self.types.nillable(go) and (key in self.p.optional or self.types.underlying(go) == ERROR):
            return ir.OptionalT(t)
        return t

    def child(self, node: SyntaxNode, name: str) -> SyntaxNode:
        """A child that the grammar always gives."""
        found = node.child_by_field_name(name)
        if found is None:
            raise self.p.unsupported(f"a {node.type} without {name}", node)
        return found

    def named(self, node: SyntaxNode) -> list[SyntaxNode]:
        """The named children but comments."""
        return [c for c in node.named_children if c.type != "comment"]

    # Expressions

    def expr(self, node: SyntaxNode, want: GoType | None = None) -> V:
        """Lower an expression; `want` is the type that the context gives, for literals and closures."""
        v = self._expr(node, want)
        if not v.expr.line:
            v.expr.line = self.p.line(node)
        return v

    def value(self, node: SyntaxNode, want: GoType | None = None, key: str = "") -> ir.Expr:
        """An expression converted to a type, and to the place `key`."""
        if want is None:
            v = self.expr(node)
            return self.convert(v, default_type(v.go), node).expr
        return self.fit(self.expr(node, want), want, key, node)

    def cond(self, node: SyntaxNode) -> ir.Expr:
        """A condition."""
        return self.expr(node, BOOL).expr

    def _expr(self, node: SyntaxNode, want: GoType | None) -> V:
        match node.type:
            case "parenthesized_expression":
                return self._expr(self.named(node)[0], want)
            case "int_literal":
                n = go_int(self.p.text(node))
                return V(ir.Lit(n, type=ir.INT), UNTYPED_INT, const=n)
            case "float_literal":
                x = float(self.p.text(node).replace("_", ""))
                return V(ir.Lit(x, type=ir.FLOAT), UNTYPED_FLOAT, const=x)
            case "rune_literal":
                c = go_string(self.p.text(node))
                return V(ir.Lit(c, type=ir.CHAR), UNTYPED_RUNE, const=c)
            case "interpreted_string_literal" | "raw_string_literal":
                s = go_string(self.p.text(node))
                return V(ir.Lit(s, type=ir.STR), STRING, const=s)
            case "true" | "false":
                return V(ir.Lit(node.type == "true", type=ir.BOOL), BOOL)
            case "nil":
                return V(ir.Lit(None, type=ir.NONE), NIL, fresh=True)
            case "iota" if self.iota is not None:
                return V(ir.Lit(self.iota, type=ir.INT), UNTYPED_INT, const=self.iota)
            case "identifier":
                return self._identifier(node)
            case "selector_expression":
                return self._selector(node)
            case "unary_expression":
                return self._unary(node, want)
            case "binary_expression":
                return self._binary(node, want)
            case "call_expression":
                return self.call(node, want)
            case "type_assertion_expression" if node.id in self.asserted:
                return self.expr(self.child(node, "operand"))
            case "type_conversion_expression" if (made := self._instantiated(node)) is not None:
                return made
            case "type_conversion_expression" if self._generic(node) is not None:
                # A call with type arguments and one argument reads like a conversion.
                name, kind = self._generic(node) or "", self.child(node, "type")
                info = generics.generic_call(
                    self, name, generics.arguments_of(kind), [self.child(node, "operand")], node
                )
                return self.function_call(info, [self.child(node, "operand")], node)
            case "type_conversion_expression":
                return self.conversion(
                    self.p.type_of(self.child(node, "type")), self.child(node, "operand"), node
                )
            case "index_expression":
                return self._index(node)
            case "slice_expression":
                return self._slice(node)
            case "composite_literal":
                return self._composite(node, want)
            case "func_literal":
                return self.closure(node, want)
            case "literal_value":
                if want is None:
                    raise self.p.unsupported("a literal without a type", node)
                return self._literal(node, want)
            case _:
                raise self.p.unsupported(f"an expression of kind {node.type.replace('_', ' ')}", node)

    def _instantiated(self, node: SyntaxNode) -> V | None:
        """`gobreaker.NewCircuitBreaker[T](settings)`, a generic function of a package, None for another call."""
        kind = self.child(node, "type")
        if kind.type != "generic_type":
            return None
        package, _, name = self.p.text(kind.named_children[0]).partition(".")
        path = self.p.path(package)
        if path is None or not name:
            return None
        return patterns.function(self, path, name, [self.child(node, "operand")], node, None)

    def _generic(self, node: SyntaxNode) -> str | None:
        """The generic function that is called as if it were a conversion."""
        kind = self.child(node, "type")
        name = self.p.text(kind.named_children[0]) if kind.type == "generic_type" else ""
        found = self.p.generics.get(name)
        return name if found is not None and found.type == "function_declaration" else None

    # Names

    def _identifier(self, node: SyntaxNode) -> V:
        name = self.p.text(node)
        var = self.lookup(name)
        if var is not None:
            return self.read(var)
        if name in self.p.sentinels:
            return V(self.sentinel(name), ERROR)
        known = self.p.variables.get(name)
        if known is not None:
            return self._package_variable(name)
        f = self.p.functions.get(name)
        if f is not None:
            return V(ir.Name(f.ir_name, type=self.types.ir(f.type())), f.type())
        if name == "iota":
            raise self.p.unsupported("iota here", node)
        raise self.p.unsupported(f"the name {name}, which this file does not declare", node)

    def read(self, var: Var) -> V:
        """The value of a variable; an optional that is known to hold one gives it."""
        if var.value is not None:
            match var.value:
                case ir.Cond(test=ir.Intrinsic(op="is_some", args=[held]), body=there) if (
                    place(held) in self.narrowed
                ):
                    return V(there, var.go, place=var.key)
                case _:
                    return V(var.value, var.go, place=var.key)
        if var.known_nil:
            return V(ir.Lit(None, type=ir.NONE), NIL, fresh=True)
        e: ir.Expr = ir.Name(var.ir_name, type=var.type)
        if isinstance(var.type, ir.OptionalT) and var.ir_name in self.narrowed:
            e = ir.Unwrap(e, type=var.type.elem)
        return V(e, var.untyped or var.go, place=var.key, const=var.const)

    def _package_variable(self, name: str) -> V:
        known = self.p.variables[name]
        enum = self.types.info(known.type) if known.type is not None else None
        if known.constant and enum is not None and enum.kind == "enum" and name in enum.members:
            member = enum.members[name]
            return V(
                ir.EnumMember(enum.name, member, type=ir.NamedT(enum.name)),
                Named(enum.name),
                const=enum.values[member],
            )
        if known.ir_type is None or known.type is None:
            raise Unsupported(f"the package's variable {name}, which was not ported", name)
        if name in self.p.assigned:
            raise Unsupported("a package variable that functions assign", name)
        const = known.const if known.constant else None
        if isinstance(known.type, Regex):
            return V(ir.Name(name, type=known.ir_type, line=known.line), known.type)
        return V(ir.Name(name, type=known.ir_type), known.untyped or known.type, const=const)

    def sentinel(self, name: str) -> ir.New:
        """A sentinel as an error that is made anew."""
        s = self.p.sentinels[name]
        return ir.New(s.cls, [("message", ir.Lit(s.message, type=ir.STR))], type=ir.NamedT(s.cls))

    def _selector(self, node: SyntaxNode) -> V:
        operand, name = self.child(node, "operand"), self.p.text(self.child(node, "field"))
        if operand.type == "identifier" and self.lookup(self.p.text(operand)) is None:
            path = self.p.path(self.p.text(operand))
            if path is not None:
                return self.package_member(path, name, node)
        return self.field_of(self.expr(operand), name, node)

    def package_member(self, path: str, name: str, node: SyntaxNode) -> V:
        """A constant or variable of an imported package."""
        if path == "time":
            units = {
                "Nanosecond": 1, "Microsecond": 1_000, "Millisecond": 1_000_000, "Second": 1_000_000_000,
                "Minute": 60_000_000_000, "Hour": 3_600_000_000_000,
            }  # fmt: skip
            if name in units:
                return duration_literal(units[name])
        if path == "math":
            known: dict[str, tuple[object, GoType]] = {
                "MaxInt": (2**63 - 1, UNTYPED_INT), "MaxInt64": (2**63 - 1, UNTYPED_INT),
                "MinInt": (-(2**63), UNTYPED_INT), "MinInt64": (-(2**63), UNTYPED_INT),
                "MaxInt32": (2**31 - 1, UNTYPED_INT), "MinInt32": (-(2**31), UNTYPED_INT),
                "MaxUint32": (2**32 - 1, UNTYPED_INT), "Pi": (3.141592653589793, UNTYPED_FLOAT),
                "E": (2.718281828459045, UNTYPED_FLOAT), "MaxFloat64": (1.7976931348623157e308, UNTYPED_FLOAT),
            }  # fmt: skip
            if name in known:
                value, t = known[name]
                return V(ir.Lit(value, type=self.types.ir(t)), t, const=value)
        if path == "foundation/errors" and name in RUNTIME_SENTINELS:
            cls = RUNTIME_SENTINELS[name]
            return V(
                ir.New(cls, [("message", ir.Lit(patterns.SENTINEL_TEXTS.get(cls, ""), type=ir.STR))], type=ir.NamedT(cls)),
                ERROR,
            )  # fmt: skip
        guard = guards.member(path, name)
        if guard is not None:
            return guard
        if path == "foundation/resilience" and name in ("Closed", "Open", "HalfOpen"):
            text = {"Closed": "closed", "Open": "open", "HalfOpen": "half_open"}[name]
            return V(ir.Lit(text, type=ir.STR), Named("foundation/resilience.CircuitState"))
        if path == "net/http" and name in library.HTTP_STATUSES:
            code = library.HTTP_STATUSES[name]
            return V(ir.Lit(code, type=ir.INT), UNTYPED_INT, const=code)
        if path == "net/http" and name.startswith("Method"):
            return V(ir.Lit(name[6:].upper(), type=ir.STR), STRING, const=name[6:].upper())
        raise self.p.unsupported(f"{path}.{name}", node)

    def field_of(self, obj: V, name: str, node: SyntaxNode) -> V:
        """A field of a struct, or what a runtime's object shows."""
        special = patterns.field(self, obj, name, node)
        if special is not None:
            return special
        info = self.types.info(obj.go)
        through = self.types.embedding(obj.go, name)
        if through is not None:
            return self.field_of(self.field_of(obj, through.name, node), name, node)
        if info is None or info.kind not in ("struct", "error") or name not in info.fields:
            raise self.p.unsupported(f"the field or method {name} as a value", node)
        f = info.fields[name]
        e = ir.Field(
            self.present_value(obj).expr,
            name,
            type=self.place_type(f.type, f"{info.name}.{name}"),
            line=self.p.line(node),
        )
        if isinstance(e.type, ir.OptionalT) and place(e) in self.narrowed:
            return V(ir.Unwrap(e, type=e.type.elem), f.type, place=f"{info.name}.{name}")
        return V(e, f.type, place=f"{info.name}.{name}")

    def present_value(self, v: V) -> V:
        """The value of an optional, which Go too would stop without."""
        if isinstance(v.expr.type, ir.OptionalT):
            return V(ir.Unwrap(v.expr, type=v.expr.type.elem), v.go, v.fails, place=v.place)
        return v

    # Operators

    def _unary(self, node: SyntaxNode, want: GoType | None) -> V:
        op = self.p.text(self.child(node, "operator"))
        operand = self.child(node, "operand")
        if op == "&":
            return self._address(operand, want, node)
        if op == "*":
            v = self.expr(operand)
            t = self.types.underlying(v.go)
            if not isinstance(t, Pointer):
                raise self.p.unsupported("a dereference of this", node)
            got = V(self.present_value(v).expr, t.elem)
            return V(self.copied(got, node), t.elem) if self.is_value(t.elem) else got
        if op == "<-":
            return self.received(operand)
        v = self.expr(operand, want)
        if op == "!":
            return V(negated(v.expr), BOOL)
        if op == "+":
            return v
        if op == "-":
            if isinstance(v.expr, ir.Lit) and isinstance(v.expr.value, int | float):
                const = -v.const if isinstance(v.const, int | float) else None
                return V(ir.Lit(-v.expr.value, type=v.expr.type), v.go, const=const)
            if v.go == DURATION or is_float(v.go):
                return V(ir.Intrinsic("float.neg", [v.expr], type=ir.FLOAT), v.go)
            if is_int(v.go) and not (isinstance(v.go, Basic) and v.go.name in UNSIGNED):
                return V(ir.Intrinsic("int.neg", [v.expr], type=ir.INT), v.go)
        if op == "^" and is_int(v.go) and v.go in (INT, Basic("int64")):
            return V(ir.Intrinsic("int.invert", [v.expr], type=ir.INT), v.go)
        raise self.p.unsupported(f"the operator {op} on this", node)

    def _address(self, operand: SyntaxNode, want: GoType | None, node: SyntaxNode) -> V:
        while operand.type == "parenthesized_expression":
            operand = self.named(operand)[0]
        if operand.type == "composite_literal":
            v = self.expr(operand, want.elem if isinstance(want, Pointer) else None)
            return V(v.expr, Pointer(v.go))
        v = self.expr(operand)
        if self.is_struct(v.go):
            # A pointer to a struct that somebody holds is the object itself.
            return V(v.expr, Pointer(v.go), place=v.place)
        if isinstance(self.types.ir(v.go), ir.P) and isinstance(v.expr, ir.Name):
            name = self.p.text(operand)
            stores = [
                n
                for n in walk(self.frame.body)
                if n.type in ("assignment_statement", "inc_statement", "dec_statement")
                and self.p.text(self.named(n.child_by_field_name("left") or n)[0]) == name
            ]
            if not stores:
                return V(ir.Wrap(v.expr, type=ir.OptionalT(v.expr.type)), Pointer(v.go))
        raise self.p.unsupported("the address of a variable", node)

    def _binary(self, node: SyntaxNode, want: GoType | None) -> V:
        op = self.p.text(self.child(node, "operator"))
        left_node, right_node = self.child(node, "left"), self.child(node, "right")
        if op in ("&&", "||"):
            word = "and" if op == "&&" else "or"
            before = set(self.narrowed), set(self.present)
            left = self.cond(left_node)
            positive, negative = self.facts(left)
            self.learn(positive if op == "&&" else negative)
            right = self.cond(right_node)
            self.narrowed, self.present = before
            values = [
                *(left.values if isinstance(left, ir.Bool) and left.op == word else [left]),
                *(right.values if isinstance(right, ir.Bool) and right.op == word else [right]),
            ]
            return V(ir.Bool(word, values, type=ir.BOOL), BOOL)
        if op in _COMPARE:
            return self._comparison(op, left_node, right_node, node)
        left = self.expr(left_node, want)
        right = self.expr(right_node, want)
        return self.arithmetic(op, left, right, node)

    def arithmetic(self, op: str, left: V, right: V, node: SyntaxNode) -> V:
        """`left op right`."""
        const = _constant(op, left, right)
        if op in ("<<", ">>"):
            return self._shift(op, left, right, node)
        if DURATION in (left.go, right.go):
            return self._duration(op, left, right, const, node)
        left, right = self.balance(left, right, node)
        t = left.go
        u = self.types.underlying(t)
        if u == STRING and op == "+":
            parts = [left.expr, right.expr]
            return V(ir.Intrinsic("str.concat", parts, type=ir.STR), t, const=const)
        if is_float(u):
            if op == "/":
                sure = isinstance(right.expr, ir.Lit) and right.expr.value
                return V(
                    ir.Intrinsic(
                        "float.div" if sure else "float.quotient", [left.expr, right.expr], type=ir.FLOAT
                    ),
                    t,
                    const=const,
                )
            if op in "+-*":
                return V(
                    ir.Intrinsic(f"float.{_ARITHMETIC[op]}", [left.expr, right.expr], type=ir.FLOAT),
                    t,
                    const=const,
                )
        if is_rune(u):
            a, b = self.code(left), self.code(right)
            if op in "+-*":
                return V(ir.Intrinsic(f"int.{_ARITHMETIC[op]}", [a, b], type=ir.INT), RUNE)
            if op in "/%" and isinstance(b, ir.Lit) and b.value:
                name = {"/": "int.truncdiv", "%": "int.rem"}[op]
                return V(ir.Intrinsic(name, [a, b], type=ir.INT), RUNE)
        if is_int(u) and isinstance(u, Basic):
            return V(self._integer(op, left, right, u, node), t, const=const)
        raise self.p.unsupported(f"the operator {op} on these", node)

    def _integer(self, op: str, left: V, right: V, u: Basic, node: SyntaxNode) -> ir.Expr:
        if u.name in ("int32", "int16", "int8"):
            raise self.p.unsupported(f"arithmetic of {u.name}, which wraps around at its width", node)
        if u.name in ("uint", "uint64", "uintptr") and op in "-<<^":
            raise self.p.unsupported(f"arithmetic of {u.name}, which wraps around below zero", node)
        self.p.differ(OVERFLOW)
        args = [left.expr, right.expr]
        if op in ("/", "%"):
            plain = _natural(left.expr) and _natural(right.expr)
            name = {"/": "floordiv", "%": "mod"} if plain else {"/": "truncdiv", "%": "rem"}
            sure = isinstance(right.expr, ir.Lit) and bool(right.expr.value)
            return ir.Intrinsic(f"int.{name[op]}", args, "" if sure else "ZeroDivisionError", type=ir.INT)
        if op == "&^":
            args = [left.expr, ir.Intrinsic("int.invert", [right.expr], type=ir.INT)]
            op = "&"
        if op not in _ARITHMETIC:
            raise self.p.unsupported(f"the operator {op} on these", node)
        made: ir.Expr = ir.Intrinsic(f"int.{_ARITHMETIC[op]}", args, type=ir.INT)
        if u.name in MASKS and op in "+-*":
            made = ir.Intrinsic("int.band", [made, ir.Lit(MASKS[u.name], type=ir.INT)], type=ir.INT)
        return made

    def _shift(self, op: str, left: V, right: V, node: SyntaxNode) -> V:
        t = default_type(left.go) if is_untyped(left.go) else left.go
        u = self.types.underlying(t)
        const = _constant(op, left, right)
        if not is_int(u) or not is_int(self.types.underlying(right.go)) or not isinstance(u, Basic):
            raise self.p.unsupported("a shift of this", node)
        if op == "<<" and u.name not in ("int", "int64", "uint32", "uint16", "byte"):
            raise self.p.unsupported(f"a shift of {u.name}", node)
        self.p.differ(OVERFLOW)
        made: ir.Expr = ir.Intrinsic(f"int.{_ARITHMETIC[op]}", [left.expr, right.expr], type=ir.INT)
        if op == "<<" and u.name in MASKS:
            made = ir.Intrinsic("int.band", [made, ir.Lit(MASKS[u.name], type=ir.INT)], type=ir.INT)
        return V(made, t, const=const)

    def _duration(self, op: str, left: V, right: V, const: object, node: SyntaxNode) -> V:
        """Durations are seconds: a constant is folded, a count of units is multiplied."""
        self.p.differ(SECONDS)
        plain = all(isinstance(v.expr, ir.Lit) for v in (left, right))
        if isinstance(const, int | float) and plain and op in ("*", "+", "-", "/"):
            return duration_literal(round(const))
        if op in "+-":
            a, b = self.convert(left, DURATION, node), self.convert(right, DURATION, node)
            return V(
                ir.Intrinsic(f"float.{_ARITHMETIC[op]}", [a.expr, b.expr], type=ir.FLOAT),
                DURATION,
                const=const,
            )
        if op == "*":
            # One of the two is a count, which Go writes as a duration of so many nanoseconds.
            for count, unit in ((left, right), (right, left)):
                if unit.go != DURATION:
                    continue
                n = _count(count)
                inner = _count(unit)
                if n is not None and inner is not None and unit.const is None:
                    # A count of units so far: the unit is still to come.
                    product = ir.Intrinsic("float.mul", [inner, n], type=ir.FLOAT)
                    ns = ir.Lit(1e9, type=ir.FLOAT)
                    return V(ir.Intrinsic("float.div", [product, ns], type=ir.FLOAT), DURATION)
                if n is not None and isinstance(unit.expr, ir.Lit) and unit.expr.value == 1.0:
                    return V(n, DURATION, const=const)
                if n is not None:
                    return V(ir.Intrinsic("float.mul", [n, unit.expr], type=ir.FLOAT), DURATION, const=const)
        if op == "/":
            n = _count(right)
            if n is not None:
                return V(ir.Intrinsic("float.div", [left.expr, n], "" if isinstance(n, ir.Lit) else "ZeroDivisionError", type=ir.FLOAT), DURATION)  # fmt: skip
            # A duration by a duration is a whole number.
            quotient = ir.Intrinsic("float.quotient", [left.expr, right.expr], type=ir.FLOAT)
            return V(ir.Intrinsic("float.to_int", [quotient], type=ir.INT), DURATION_COUNT)
        raise self.p.unsupported(f"the operator {op} on durations", node)

    def balance(self, left: V, right: V, node: SyntaxNode) -> tuple[V, V]:
        """Both operands in one type: that of the one that has a type of its own."""
        if is_untyped(left.go) and not is_untyped(right.go):
            return self.convert(left, right.go, node), right
        if is_untyped(right.go) and not is_untyped(left.go):
            return left, self.convert(right, left.go, node)
        if is_untyped(left.go) and is_untyped(right.go) and left.go != right.go:
            order = [UNTYPED_INT, UNTYPED_RUNE, UNTYPED_FLOAT]
            if left.go in order and right.go in order:
                t = order[max(order.index(x) for x in (left.go, right.go) if isinstance(x, Basic))]
                return self.convert(left, t, node), self.convert(right, t, node)
        return left, right

    def code(self, v: V) -> ir.Expr:
        """A rune as a number."""
        if v.expr.type == ir.CHAR:
            if isinstance(v.expr, ir.Lit):
                return ir.Lit(ord(v.expr.value), type=ir.INT)
            return ir.Intrinsic("str.ord", [v.expr], type=ir.INT)
        return v.expr

    def char(self, v: V) -> ir.Expr:
        """A rune as a text of one code point."""
        if v.expr.type == ir.CHAR:
            return v.expr
        if isinstance(v.expr, ir.Lit) and isinstance(v.expr.value, int):
            return ir.Lit(chr(v.expr.value), type=ir.CHAR)
        return ir.Intrinsic("int.chr", [v.expr], type=ir.CHAR)

    def _comparison(self, op: str, left_node: SyntaxNode, right_node: SyntaxNode, node: SyntaxNode) -> V:
        if right_node.type == "nil" or left_node.type == "nil":
            other = left_node if right_node.type == "nil" else right_node
            return V(self.nil_test(self.expr(other), op == "==", other), BOOL)
        found = regexes.counted(self, op, left_node, right_node)
        if found is not None:
            return V(found, BOOL)
        length = self._length_test(op, left_node, right_node)
        if length is not None:
            return V(length, BOOL)
        left = self.expr(left_node)
        right = self.expr(right_node, left.go)
        if is_untyped(left.go) and not is_untyped(right.go):
            left = self.expr(left_node, right.go)
        left, right = self.balance(left, right, node)
        t = self.types.underlying(left.go)
        slices = isinstance(t, Slice) and not t.array
        if isinstance(t, Pointer | Map | Func) or t in (ERROR, ANY) or slices:
            raise self.p.unsupported("a comparison of identity", node)
        if isinstance(t, Named) and self.types.kind(t) == "interface":
            raise self.p.unsupported("a comparison of identity", node)
        name = _COMPARE[op]
        if is_rune(t) and left.expr.type != right.expr.type:
            return V(ir.Intrinsic(name, [self.code(left), self.code(right)], type=ir.BOOL), BOOL)
        args: list[ir.Expr] = [left.expr, right.expr]
        if self.types.kind(t) == "enum" and name not in ("eq", "ne"):
            base = self.types.ir(self._enum_base(t))
            args = [ir.Intrinsic("enum.value", [a], type=base) for a in args]
        if isinstance(args[0].type, ir.OptionalT) or isinstance(args[1].type, ir.OptionalT):
            raise self.p.unsupported("a comparison of identity", node)
        return V(ir.Intrinsic(name, args, type=ir.BOOL), BOOL)

    def _enum_base(self, t: GoType) -> GoType:
        info = self.types.info(t)
        assert info is not None
        assert info.underlying is not None
        return self.types.underlying(info.underlying)

    def _length_test(self, op: str, left: SyntaxNode, right: SyntaxNode) -> ir.Expr | None:
        """`len(x) == 0` asks whether something is empty, whatever it is counted in."""
        if left.type != "call_expression" or self.p.text(self.child(left, "function")) != "len":
            return None
        if self.lookup("len") is not None:
            return None
        bound = self.p.text(right)
        empty = {("==", "0"): True, ("<", "1"): True, ("<=", "0"): True}
        full = {("!=", "0"), (">", "0"), (">=", "1")}
        if (op, bound) not in empty and (op, bound) not in full:
            return None
        operand = self.expr(self.named(self.child(left, "arguments"))[0])
        if operand.expr.type == ir.STR:
            name = "eq" if (op, bound) in empty else "ne"
            return ir.Intrinsic(name, [operand.expr, ir.Lit("", type=ir.STR)], type=ir.BOOL)
        test: ir.Expr = ir.Intrinsic("nonempty", [operand.expr], type=ir.BOOL)
        return ir.Not(test, type=ir.BOOL) if (op, bound) in empty else test

    def nil_test(self, v: V, is_nil: bool, node: SyntaxNode) -> ir.Expr:
        """`v == nil` or `v != nil`."""
        if v.go == NIL:
            return ir.Lit(is_nil, type=ir.BOOL)
        t = self.types.underlying(v.go)
        if isinstance(t, Slice | Map):
            raise self.p.unsupported("a nil slice or map told from an empty one", node)
        if isinstance(v.expr, ir.Unwrap):
            return ir.Lit(not is_nil, type=ir.BOOL)
        if not isinstance(v.expr.type, ir.OptionalT):
            if t == ERROR:
                # An error that is being handled is there.
                return ir.Lit(not is_nil, type=ir.BOOL)
            if not self.types.nillable(t) or not v.place:
                raise self.p.unsupported("a comparison with nil", node)
            self.p.mark_optional(v.place)
            return ir.Lit(not is_nil, type=ir.BOOL)
        return ir.Intrinsic("is_none" if is_nil else "is_some", [v.expr], type=ir.BOOL)

    # Facts about nil

    def facts(self, test: ir.Expr) -> tuple[set[str], set[str]]:
        """The places known to hold a value when a test holds, and when it does not."""
        match test:
            case ir.Intrinsic(op="is_some", args=[arg]):
                at = place(arg)
                return ({at} if at else set()), set()
            case ir.Intrinsic(op="is_none", args=[arg]):
                at = place(arg)
                return set(), ({at} if at else set())
            case ir.Intrinsic(op="dict.contains", args=[obj, key]):
                at = entry(obj, key)
                return ({at} if at else set()), set()
            case ir.Not(value=inner):
                positive, negative = self.facts(inner)
                return negative, positive
            case ir.Bool(op="and", values=values):
                return {f for v in values for f in self.facts(v)[0]}, set()
            case ir.Bool(op="or", values=values):
                return set(), {f for v in values for f in self.facts(v)[1]}
            case _:
                return set(), set()

    def learn(self, facts: set[str]) -> None:
        """Take facts as known from here on."""
        self.narrowed |= facts
        self.present |= facts

    def forget(self, name: str) -> None:
        """A place was assigned: nothing is known of it or of what is in it."""
        self.narrowed = {n for n in self.narrowed if n != name and not n.startswith((f"{name}.", f"{name}["))}
        self.present = {
            n for n in self.present if n != name and not n.startswith((f"{name}.", f"{name}[")) and f"[{name}]" not in n
        }  # fmt: skip

    # Indexing

    def _index(self, node: SyntaxNode) -> V:
        obj = self.present_value(self.expr(self.child(node, "operand")))
        index = self.child(node, "index")
        t = self.types.underlying(obj.go)
        match t:
            case Match():
                return regexes.submatch(self, obj, index, node)
            case Slice(elem):
                if t == BYTES:
                    return V(
                        ir.Intrinsic("str.byte_at", [obj.expr, self.value(index, INT)], "IndexError", type=ir.INT),
                        BYTE,
                    )  # fmt: skip
                at = self.position(index, obj.expr)
                return V(
                    ir.Intrinsic("list.index", [obj.expr, at], "IndexError", type=self.types.ir(elem)), elem
                )
            case Map(key, value) if not isinstance(value, Empty):
                k = self.value(index, key)
                if entry(obj.expr, k) in self.present:
                    return V(ir.Intrinsic("dict.index", [obj.expr, k], type=self.types.ir(value)), value)
                if self.types.nillable(value):
                    return V(
                        ir.Intrinsic("dict.get", [obj.expr, k], type=ir.OptionalT(self.types.ir(value))),
                        value,
                    )
                zero = self.zero(value, node)
                return V(
                    ir.Intrinsic("dict.get_or", [obj.expr, k, zero], type=self.types.ir(value)),
                    value,
                    fresh=False,
                )
            case Basic("string"):
                return V(
                    ir.Intrinsic(
                        "str.byte_at", [obj.expr, self.value(index, INT)], "IndexError", type=ir.INT
                    ),
                    BYTE,
                )
            case _:
                raise self.p.unsupported("an index into this", node)

    def position(self, node: SyntaxNode, obj: ir.Expr) -> ir.Expr:
        """A position in a list; `len(xs)-1` counts from the end."""
        e = self.value(node, INT)
        match e:
            case ir.Intrinsic(
                op="int.sub", args=[ir.Intrinsic(op="len", args=[over]), ir.Lit(value=int() as k)]
            ) if k > 0 and ir.same(over, obj):
                return ir.Intrinsic("from_end", [ir.Lit(k, type=ir.INT)], type=ir.INT)
            case _:
                return e

    def _slice(self, node: SyntaxNode) -> V:
        obj = self.present_value(self.expr(self.child(node, "operand")))
        if node.child_by_field_name("capacity") is not None:
            raise self.p.unsupported("a slice with a capacity", node)
        start, end = node.child_by_field_name("start"), node.child_by_field_name("end")
        none = ir.Lit(None, type=ir.NONE)
        t = self.types.underlying(obj.go)
        if t in (STRING, BYTES):
            low = self.value(start, INT) if start is not None else none
            high = self.value(end, INT) if end is not None else none
            return V(ir.Intrinsic("str.byte_slice", [obj.expr, low, high], "IndexError", type=ir.STR), obj.go)
        if isinstance(t, Slice):
            check_part(self, node)
            low = self.position(start, obj.expr) if start is not None else none
            high = self.position(end, obj.expr) if end is not None else none
            part = Slice(t.elem) if t.array else obj.go
            return V(
                ir.Intrinsic("list.slice", [obj.expr, low, high], type=self.types.ir(t)), part, fresh=True
            )
        raise self.p.unsupported("a slice of this", node)

    # Literals

    def _composite(self, node: SyntaxNode, want: GoType | None) -> V:
        t = self.p.type_of(self.child(node, "type"))
        return self._literal(self.child(node, "body"), t)

    def _literal(self, body: SyntaxNode, t: GoType) -> V:
        if isinstance(t, Pointer):
            v = self._literal(body, t.elem)
            return V(v.expr, t)
        u = self.types.underlying(t)
        items = self.named(body)
        line = self.p.line(body)
        match u:
            case Slice():
                if u == BYTES:
                    raise self.p.unsupported("a literal of bytes", body)
                elems = self._elements(items, u, body)
                kind = Slice(u.elem, True, len(elems)) if u.array and u.size < 0 else t
                return V(ir.ListLit(elems, type=self.types.ir(u), line=line), kind, fresh=True)
            case Map(key, value):
                pairs: list[tuple[ir.Expr, ir.Expr]] = []
                for i in items:
                    k = self._element(self.child(i, "key"), key)
                    if isinstance(value, Empty):
                        pairs.append((k, k))
                        continue
                    pairs.append((k, self._element(self.child(i, "value"), value)))
                if isinstance(value, Empty):
                    return V(
                        ir.SetLit([k for k, _ in pairs], type=self.types.ir(u), line=line), t, fresh=True
                    )
                return V(ir.DictLit(pairs, type=self.types.ir(u), line=line), t, fresh=True)
            case Named(name) if name in self.p.declared:
                return V(self._struct(body, self.p.declared[name], items), t)
            case _:
                raise self.p.unsupported("a literal of this type", body)

    def _elements(self, items: list[SyntaxNode], t: Slice, body: SyntaxNode) -> list[ir.Expr]:
        """The elements of a slice's or array's literal: those that it leaves out have their zero value."""
        if not any(i.type == "keyed_element" for i in items) and len(items) >= t.size:
            return [self._element(i, t.elem) for i in items]
        given: dict[int, SyntaxNode] = {}
        at = 0
        for i in items:
            if i.type == "keyed_element":
                const = self.expr(self.named(self.child(i, "key"))[0]).const
                if not isinstance(const, int):
                    raise self.p.unsupported("an element at a position that is computed", i)
                at, i = const, self.child(i, "value")
            given[at] = i
            at += 1
        size = max(t.size, *(n + 1 for n in given)) if given else t.size
        if size > _LARGE:
            raise self.p.unsupported("a literal of a large array", body)
        return [
            self._element(given[n], t.elem) if n in given else self.zero(t.elem, body) for n in range(size)
        ]

    def _element(self, node: SyntaxNode, t: GoType) -> ir.Expr:
        inner = self.named(node)[0] if node.type == "literal_element" else node
        v = self.expr(inner, t)
        made = self.fit(v, t, "", inner)
        return self.stored(V(made, t), inner) if self.is_value(t) else made

    def struct_values(self, body: SyntaxNode, info: TypeInfo, items: list[SyntaxNode]) -> dict[str, ir.Expr]:
        """What a composite literal gives each field; omitted fields have their zero value."""
        given: dict[str, SyntaxNode] = {}
        keyed = [i for i in items if i.type == "keyed_element"]
        if keyed:
            for i in keyed:
                given[self.p.text(self.child(i, "key"))] = self.child(i, "value")
        else:
            given.update(zip(info.fields, items, strict=False))
        out: dict[str, ir.Expr] = {}
        for f in info.fields.values():
            if self.dropped_field(f.type):
                continue
            key = f"{info.name}.{f.name}"
            if f.name in given:
                node = given[f.name]
                inner = self.named(node)[0] if node.type == "literal_element" else node
                made = self.fit(self.expr(inner, f.type), f.type, key, inner)
                out[f.name] = self.stored(V(made, f.type), inner) if self.is_value(f.type) else made
            else:
                out[f.name] = self.zero(f.type, body, key)
        return out

    def _struct(self, body: SyntaxNode, info: TypeInfo, items: list[SyntaxNode]) -> ir.Expr:
        if info.kind == "struct" and info.constructor:
            raise self.p.unsupported(f"a {info.name} made without {info.constructor}", body)
        if info.kind not in ("struct", "error"):
            raise self.p.unsupported("a literal of this type", body)
        values = self.struct_values(body, info, items)
        return ir.New(info.name, list(values.items()), type=ir.NamedT(info.name), line=self.p.line(body))

    def dropped_field(self, t: GoType) -> bool:
        """True for fields that the port has no use for: mutexes."""
        bare = t.elem if isinstance(t, Pointer) else t
        if isinstance(bare, Named) and bare.name in LOCKS:
            self.p.differ(LOCKS_DROPPED)
            return True
        return bare == WAIT_GROUP

    def zero(self, t: GoType, node: SyntaxNode, key: str = "") -> ir.Expr:
        """The zero value of a type; raises Unsupported where the representation has none."""
        u = self.types.underlying(t)
        made = self.types.ir(t)
        if self.types.nillable(u):
            if key:
                self.p.mark_optional(key)
            return ir.Lit(None, type=ir.OptionalT(made) if not isinstance(made, ir.OptionalT) else made)
        if u == DURATION:
            return ir.Lit(0.0, type=ir.FLOAT)
        if u == Named("strings.Builder") or u == BYTES:
            return ir.Lit("", type=ir.STR)
        match u:
            case Basic(name):
                if name == "rune":
                    return ir.Lit("\x00", type=ir.CHAR)
                if name == "any":
                    raise self.p.unsupported("an empty interface's zero", node)
                value: object = {"string": "", "bool": False}.get(name, 0.0 if is_float(u) else 0)
                return ir.Lit(value, type=made)
            case Slice(elem, True, size) if size > 0:
                return self.filled(elem, ir.Lit(size, type=ir.INT), node)
            case Slice():
                return ir.ListLit([], type=made)
            case Map(_, value):
                return ir.SetLit([], type=made) if isinstance(value, Empty) else ir.DictLit([], type=made)
            case Named(name) if name in self.p.declared:
                info = self.p.declared[name]
                if info.kind == "enum":
                    base = 0 if isinstance(next(iter(info.values.values())), int) else ""
                    for member, value in info.values.items():
                        if value == base:
                            return ir.EnumMember(name, member, type=ir.NamedT(name))
                    raise self.p.unsupported(f"the zero {name}, which is none of its members", node)
                if info.kind == "struct" and not info.constructor:
                    args = [
                        (f.name, self.zero(f.type, node, f"{name}.{f.name}"))
                        for f in info.fields.values()
                        if not self.dropped_field(f.type)
                    ]
                    return ir.New(name, args, type=ir.NamedT(name))
            case _:
                pass
        raise self.p.unsupported("the zero value of this type", node)

    def filled(self, elem: GoType, size: ir.Expr, node: SyntaxNode) -> ir.Expr:
        """A new list of zero values; each element is one of its own."""
        if self.types.nillable(elem):
            raise self.p.unsupported("a slice of nil", node)
        zero, kind = self.zero(elem, node), ir.ListT(self.types.ir(elem))
        if isinstance(zero, ir.Lit | ir.EnumMember):
            return ir.Intrinsic("list.repeat", [ir.ListLit([zero], type=kind), size], type=kind)
        bounds: list[ir.Expr] = [ir.Lit(0, type=ir.INT), size, ir.Lit(1, type=ir.INT)]
        turns = ir.Intrinsic("range", bounds, type=ir.IterT(ir.INT))
        return ir.Comp("list", zero, [ir.Clause(ir.VarTarget("_", type=ir.INT), turns, [])], type=kind)

    # Structs and arrays are values

    def is_value(self, t: GoType) -> bool:
        """True for a struct of this file or an array, which are copied where they are assigned."""
        return self.is_struct(t) or self.types.is_array(t)

    def is_struct(self, t: GoType) -> bool:
        """True for a struct of this file that is held by value."""
        u = self.types.underlying(t)
        return isinstance(u, Named) and self.types.kind(u) == "struct"

    def copied(self, v: V, node: SyntaxNode) -> ir.Expr:
        """A copy of a struct that lives somewhere else, where a change to one of the two could be seen."""
        if self.types.is_array(v.go):
            return self._array_copy(v, node)
        info = self.types.info(v.go)
        if info is None or not info.mutated or isinstance(v.expr, ir.New | ir.Call | ir.MethodCall):
            return v.expr
        if isinstance(v.expr, ir.PatternCall | ir.PatternOp | ir.Cond):
            return v.expr
        if info.constructor or place(v.expr) is None:
            raise self.p.unsupported(f"a copy of a {info.name}, which changes", node)
        args: list[tuple[str, ir.Expr]] = []
        for f in info.fields.values():
            if self.dropped_field(f.type):
                continue
            e = ir.Field(v.expr, f.name, type=self.place_type(f.type, f"{info.name}.{f.name}"))
            args.append((f.name, self.copied(V(e, f.type), node) if self.is_value(f.type) else e))
        return ir.New(info.name, args, type=ir.NamedT(info.name))

    def _array_copy(self, v: V, node: SyntaxNode) -> ir.Expr:
        """A copy of an array that lives somewhere else, where the file assigns elements of anything."""
        t = self.types.underlying(v.go)
        assert isinstance(t, Slice)
        held = isinstance(v.expr, ir.Name | ir.Field | ir.Unwrap) or (
            isinstance(v.expr, ir.Intrinsic) and v.expr.op in ("list.index", "dict.index", "dict.get_or")
        )
        if not held or not self.p.indexed:
            return v.expr
        if not self.is_value(t.elem):
            return ir.Intrinsic("list.copy", [v.expr], type=v.expr.type)
        return self.copied_elements(v, t, node)

    def copied_elements(self, v: V, t: Slice, node: SyntaxNode) -> ir.Expr:
        """A list of copies of the structs or arrays in a list; the same ones in a new list where nothing changes them."""
        kind = self.types.ir(t.elem)
        item = self.fresh_name("item", kind)
        each = self.copied(V(ir.Name(item, type=kind), t.elem), node)
        if isinstance(each, ir.Name):
            return ir.Intrinsic("list.copy", [v.expr], type=v.expr.type)
        return ir.Comp("list", each, [ir.Clause(ir.VarTarget(item, type=kind), v.expr, [])], type=v.expr.type)

    def stored(self, v: V, node: SyntaxNode) -> ir.Expr:
        """A struct or array put into a list, map or field: a copy where the original may change afterwards."""
        if self.types.is_array(v.go):
            return self.copied(v, node)
        info = self.types.info(v.go)
        if info is None or not info.mutated:
            return v.expr
        name = self.p.text(node)
        var = self.lookup(name) if node.type == "identifier" else None
        if var is not None and not var.param and not self.changed_after(name, node.end_byte):
            return v.expr
        return self.copied(v, node)

    def changed_after(self, name: str, offset: int) -> bool:
        """True when a field of the variable may be assigned after this place, or before it in the same loop."""
        for n in walk(self.frame.body):
            if not self._changes(n, name):
                continue
            if n.start_byte > offset or self._share_loop(n, offset, name):
                return True
        return False

    def changes(self, name: str) -> bool:
        """True when the function may assign a field of the variable."""
        return any(self._changes(n, name) for n in walk(self.frame.body))

    def _changes(self, n: SyntaxNode, name: str) -> bool:
        targets: list[SyntaxNode] = []
        if n.type == "assignment_statement":
            targets = self.named(self.child(n, "left"))
        elif n.type in ("inc_statement", "dec_statement"):
            targets = [self.named(n)[0]]
        for t in targets:
            root = t
            while root.type in ("selector_expression", "index_expression", "parenthesized_expression"):
                root = self.named(root)[0]
            if root is not t and self.p.text(root) == name:
                return True
        if n.type == "unary_expression" and self.p.text(n) == f"&{name}":
            return True
        if n.type == "call_expression":
            f = self.child(n, "function")
            if f.type == "selector_expression" and self.p.text(self.child(f, "operand")) == name:
                method = self.p.text(self.child(f, "field"))
                return any(
                    m.pointer
                    for i in self.p.declared.values()
                    for m in i.methods.values()
                    if m.name == method
                )
        return False

    def _share_loop(self, n: SyntaxNode, offset: int, name: str) -> bool:
        """True when a loop holds both places and does not make the variable anew in each turn."""
        at = n.parent
        while at is not None and at.id != self.frame.body.id:
            if at.type == "for_statement" and at.start_byte <= offset <= at.end_byte:
                inner = [
                    d
                    for d in walk(at)
                    if d.type in ("short_var_declaration", "var_spec", "range_clause")
                    and name in [self.p.text(x) for x in walk(d.child_by_field_name("left") or d) if x.type == "identifier"]
                ]  # fmt: skip
                return not inner
            at = at.parent
        return False

    # Conversions

    def fit(self, v: V, t: GoType, key: str, node: SyntaxNode) -> ir.Expr:
        """A value for a place of a type: converted, and wrapped where the place may hold nil."""
        v = self.convert(v, t, node)
        u = self.types.underlying(t)
        if not self.types.nillable(u) or isinstance(self.types.ir(t), ir.OptionalT):
            if isinstance(v.expr.type, ir.OptionalT) and not isinstance(self.types.ir(t), ir.OptionalT):
                return ir.Unwrap(v.expr, type=v.expr.type.elem)
            return v.expr
        if isinstance(v.expr.type, ir.OptionalT):
            if key:
                if key not in self.p.optional and u != ERROR:
                    self.p.mark_optional(key)
                return v.expr
            if isinstance(v.expr, ir.Lit):
                raise self.p.unsupported("nil here", node)
            return ir.Unwrap(v.expr, type=v.expr.type.elem)
        if key and (key in self.p.optional or u == ERROR):
            return ir.Wrap(v.expr, type=ir.OptionalT(v.expr.type), line=v.expr.line)
        return v.expr

    def convert(self, v: V, t: GoType, node: SyntaxNode) -> V:
        """An assignment's conversion: of constants and nil; other values keep their type."""
        u = self.types.underlying(t)
        if v.go == NIL:
            return V(self.nil_of(t, node), t, fresh=True)
        if u == DURATION and is_untyped(v.go) and isinstance(v.const, int):
            return duration_literal(v.const)
        if u == DURATION and is_untyped(v.go):
            raise self.p.unsupported("a number of nanoseconds that is computed", node)
        if is_int(u) and is_rune(v.go):
            # A position may be given as a rune.
            return V(self.code(v), t, const=v.const if isinstance(v.const, int) else None)
        if is_untyped(v.go):
            if is_float(u) and v.go == UNTYPED_INT:
                if isinstance(v.expr, ir.Lit):
                    return V(ir.Lit(float(v.expr.value), type=ir.FLOAT), t, const=v.const)
                return V(ir.Intrinsic("int.to_float", [v.expr], type=ir.FLOAT), t, const=v.const)
            if is_int(u) and v.go == UNTYPED_FLOAT and isinstance(v.const, float) and v.const.is_integer():
                return V(ir.Lit(int(v.const), type=ir.INT), t, const=int(v.const))
            if is_int(u) and v.go == UNTYPED_RUNE:
                return V(self.code(v), t, const=v.const)
            if is_rune(u) and v.go == UNTYPED_INT:
                return V(v.expr, t, const=v.const)
            if u in (ANY, VOID):
                return V(v.expr, default_type(v.go), const=v.const)
            return V(v.expr, t, const=v.const)
        if is_rune(u) and isinstance(u, Basic) and v.expr.type == ir.INT and is_rune(v.go):
            return V(self.char(v), t)
        if v.go == STRING and isinstance(v.const, str) and self.types.kind(t) == "enum":
            info = self.types.info(t)
            assert info is not None
            for member, value in info.values.items():
                if value == v.const:
                    return V(ir.EnumMember(info.name, member, type=ir.NamedT(info.name)), t)
            raise self.p.unsupported(f"a text that is no member of {info.name}", node)
        return V(
            v.expr, t if not isinstance(t, Basic) or t != ANY else v.go, v.fails, v.const, v.place, v.fresh
        )

    def nil_of(self, t: GoType, node: SyntaxNode) -> ir.Expr:
        """What nil is for a type."""
        u = self.types.underlying(t)
        if self.types.nillable(u):
            made = self.types.ir(t)
            return ir.Lit(None, type=made if isinstance(made, ir.OptionalT) else ir.OptionalT(made))
        if isinstance(u, Slice | Map):
            return self.zero(u, node)
        raise self.p.unsupported("nil here", node)

    def conversion(self, t: GoType, operand: SyntaxNode, node: SyntaxNode) -> V:
        """`T(x)`."""
        v = self.expr(operand, t)
        u, was = self.types.underlying(t), self.types.underlying(v.go)
        if self.types.kind(was) == "enum":
            base = self._enum_base(was)
            v = V(ir.Intrinsic("enum.value", [v.expr], type=self.types.ir(base)), base)
            was = base
        if self.types.kind(t) == "enum":
            raise self.p.unsupported("a value made into an enum", node)
        if v.go == NIL:
            return V(self.nil_of(t, node), t, fresh=True)
        if is_untyped(v.go) and not (is_rune(v.go) and u == STRING) and u != DURATION:
            return self.convert(v, t, node)
        if u == DURATION:
            return self._to_duration(v, was, node)
        if was == DURATION:
            ns = ir.Intrinsic("float.mul", [v.expr, ir.Lit(1e9, type=ir.FLOAT)], type=ir.FLOAT)
            if is_float(u):
                return V(ns, t)
            if is_int(u):
                return V(ir.Intrinsic("float.round", [ns], type=ir.INT), t)
        if is_float(u):
            if is_float(was):
                if u == Basic("float32"):
                    raise self.p.unsupported("float32, which rounds", node)
                return V(v.expr, t)
            if is_int(was):
                return V(ir.Intrinsic("int.to_float", [v.expr], type=ir.FLOAT), t)
        if is_int(u) and isinstance(u, Basic):
            if is_float(was):
                return V(ir.Intrinsic("float.to_int", [v.expr], type=ir.INT), t)
            if is_rune(was):
                return V(self.code(v), t)
            if is_int(was) and isinstance(was, Basic):
                return V(self._narrow(v.expr, was, u, node), t)
        if is_rune(u):
            return V(v.expr, t) if is_int(was) or is_rune(was) else self.convert(v, t, node)
        if u == STRING:
            if is_rune(was):
                return V(ir.Intrinsic("char.to_str", [self.char(v)], type=ir.STR), t)
            if was in (STRING, BYTES):
                return V(v.expr, t, const=v.const)
            if was == Slice(RUNE):
                return V(ir.Intrinsic("str.join", [ir.Lit("", type=ir.STR), v.expr], type=ir.STR), t)
            if is_int(was) and was == BYTE:
                return V(
                    ir.Intrinsic(
                        "char.to_str", [ir.Intrinsic("int.chr", [v.expr], type=ir.CHAR)], type=ir.STR
                    ),
                    t,
                )
        if u == BYTES and was in (STRING, BYTES):
            return V(v.expr, t)
        if u == Slice(RUNE) and was == STRING:
            return V(ir.Intrinsic("to_list", [v.expr], type=ir.ListT(ir.CHAR)), t, fresh=True)
        if u == was or (isinstance(u, Named) and self.types.kind(u) == "interface"):
            return V(v.expr, t, v.fails, v.const, v.place, v.fresh)
        raise self.p.unsupported("a conversion to this type", node)

    def _to_duration(self, v: V, was: GoType, node: SyntaxNode) -> V:
        self.p.differ(SECONDS)
        if was == DURATION:
            return V(v.expr, DURATION, const=v.const)
        if isinstance(v.const, int) and isinstance(v.expr, ir.Lit):
            return duration_literal(v.const)
        number = v.expr
        if is_int(was):
            number = ir.Intrinsic("int.to_float", [number], type=ir.FLOAT)
        elif not is_float(was):
            raise self.p.unsupported("a conversion to a duration", node)
        match number:
            # `float64(d) * factor` and the like are in nanoseconds already; what cancels is left out.
            case ir.Intrinsic(
                op="float.mul", args=[ir.Intrinsic(op="float.mul", args=[inner, ir.Lit(value=1e9)]), rest]
            ):
                return V(ir.Intrinsic("float.mul", [inner, rest], type=ir.FLOAT), DURATION)
            case ir.Intrinsic(
                op="float.mul", args=[rest, ir.Intrinsic(op="float.mul", args=[inner, ir.Lit(value=1e9)])]
            ):
                return V(ir.Intrinsic("float.mul", [rest, inner], type=ir.FLOAT), DURATION)
            case ir.Intrinsic(op="float.mul", args=[inner, ir.Lit(value=1e9)]):
                return V(inner, DURATION)
            case _:
                made = ir.Intrinsic("float.div", [number, ir.Lit(1e9, type=ir.FLOAT)], type=ir.FLOAT)
                return V(made, DURATION)

    def _narrow(self, e: ir.Expr, was: Basic, to: Basic, node: SyntaxNode) -> ir.Expr:
        if was.name == to.name or to.name in ("int", "int64"):
            if was.name in ("uint64", "uint") and to.name != was.name:
                self.p.differ(OVERFLOW)
            return e
        if to.name in MASKS:
            if was.name in MASKS and MASKS[was.name] <= MASKS[to.name]:
                return e
            return ir.Intrinsic("int.band", [e, ir.Lit(MASKS[to.name], type=ir.INT)], type=ir.INT)
        if to.name in ("uint", "uint64") and was.name in MASKS:
            return e
        raise self.p.unsupported(f"a conversion of {was.name} to {to.name}", node)

    # Calls

    def call(self, node: SyntaxNode, want: GoType | None = None) -> V:
        """A call: a conversion, a builtin, a function of the file, a method, a package's function, a closure."""
        function = self.child(node, "function")
        while function.type == "parenthesized_expression":
            function = self.named(function)[0]
        args = self.named(self.child(node, "arguments"))
        if function.type == "index_expression":
            # Explicit type arguments say what the arguments say.
            inner = self.child(function, "operand")
            if inner.type == "selector_expression":
                function = inner
        if function.type in ("slice_type", "map_type", "pointer_type", "array_type", "qualified_type"):
            return self.conversion(self.p.type_of(function), args[0], node)
        if function.type == "identifier":
            name = self.p.text(function)
            var = self.lookup(name)
            if var is None:
                if name in self.p.declared:
                    return self.conversion(Named(name), args[0], node)
                if name in library.CONVERSIONS:
                    return self.conversion(
                        Basic({"uint8": "byte", "int32": "int32"}.get(name, name)), args[0], node
                    )
                if name in self.p.generics:
                    given = generics.arguments_of(node)
                    made = generics.generic_call(self, name, given, args, node)
                    return self.function_call(made, args, node)
                if name in self.p.functions:
                    return self.function_call(self.p.functions[name], args, node)
                if name in library.BUILTINS:
                    return library.BUILTINS[name](self, node, args, want)
        if function.type == "func_literal":
            raise self.p.unsupported("a function literal that is called at once", node)
        if function.type == "selector_expression":
            made = self._selector_call(function, args, node, want)
            if made is not None:
                return made
        callee = self.present_value(self.expr(function))
        t = self.types.underlying(callee.go)
        if not isinstance(t, Func):
            raise self.p.unsupported("a call of this", node)
        lowered = self.arguments(list(t.params), args, node, callee.place or "")
        return self.called(ir.Call(callee.expr, lowered, line=self.p.line(node)), t.results)

    def called(self, call: ir.Expr, results: tuple[GoType, ...], keys: str = "") -> V:
        """The value of a call with these results."""
        fails = bool(results) and results[-1] == ERROR
        values = results[:-1] if fails else results
        if keys and len(values) == 1:
            call.type = self.place_type(values[0], f"{keys}->0")
        elif keys and values:
            call.type = ir.TupleT(tuple(self.place_type(v, f"{keys}->{i}") for i, v in enumerate(values)))
        else:
            call.type = self.types.result(values)
        go: GoType = VOID if not values else values[0] if len(values) == 1 else Tuple(values)
        return V(call, go, fails, place=f"{keys}->0" if keys else "")

    def arguments(
        self,
        params: list[GoType],
        args: list[SyntaxNode],
        node: SyntaxNode,
        key: str,
        names: list[str] | None = None,
    ) -> list[ir.Expr]:
        """Arguments of a call; contexts are dropped."""
        args = [a for a in args if not self.is_context(a)]
        if len(args) != len(params):
            raise self.p.unsupported("a call with another number of arguments", node)
        out: list[ir.Expr] = []
        for i, (a, t) in enumerate(zip(args, params, strict=True)):
            at = f"{key}({names[i]})" if key and names else ""
            out.append(self.value(a, t, at))
        return out

    def is_context(self, node: SyntaxNode) -> bool:
        """True for an argument that is a context."""
        text = self.p.text(node)
        if node.type == "identifier":
            var = self.lookup(text)
            return var is not None and var.go == Named("context.Context")
        return text in ("context.Background()", "context.TODO()") and self.p.path("context") == "context"

    def function_call(self, f: FuncInfo, args: list[SyntaxNode], node: SyntaxNode) -> V:
        """A call of a function of the file."""
        made = self._constructor_call(f, args, node)
        if made is not None:
            return made
        lowered = self.spread(f, args, node)
        func = ir.Name(f.ir_name, type=self.types.ir(f.type()))
        return self.called(ir.Call(func, lowered, line=self.p.line(node)), f.results, f.key)

    def _constructor_call(self, f: FuncInfo, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
        for info in self.p.declared.values():
            if info.constructor == f.name and info.kind == "struct":
                lowered = self.spread(f, args, node)
                pairs = [(n, a) for (n, _), a in zip(f.params, lowered, strict=True)]
                made = ir.New(info.name, pairs, type=ir.NamedT(info.name), line=self.p.line(node))
                return V(made, f.results[0], f.fails)
        return None

    def spread(self, f: FuncInfo, args: list[SyntaxNode], node: SyntaxNode) -> list[ir.Expr]:
        """Arguments of a function of the file; those of a variadic parameter become a list."""
        args = [a for a in args if not self.is_context(a)]
        types = [t for _, t in f.params]
        names = [n for n, _ in f.params]
        if f.formats:
            fixed = len(types) - 1
            given = self.arguments(types[:-1], args[:fixed], node, f.key, names)
            return [*given, library.formatted(self, args[fixed:], node)]
        if not f.variadic:
            return self.arguments(types, args, node, f.key, names)
        fixed = len(types) - 1
        out = self.arguments(types[:-1], args[:fixed], node, f.key, names)
        rest = args[fixed:]
        last = types[-1]
        assert isinstance(last, Slice)
        if len(rest) == 1 and rest[0].type == "variadic_argument":
            out.append(self.value(self.named(rest[0])[0], last))
        else:
            out.append(ir.ListLit([self.value(a, last.elem) for a in rest], type=self.types.ir(last)))
        return out

    def _selector_call(
        self, function: SyntaxNode, args: list[SyntaxNode], node: SyntaxNode, want: GoType | None
    ) -> V | None:
        operand, name = self.child(function, "operand"), self.p.text(self.child(function, "field"))
        if operand.type == "identifier" and self.lookup(self.p.text(operand)) is None:
            path = self.p.path(self.p.text(operand))
            if path is not None:
                if f"{path}.{name}" == DURATION.name and len(args) == 1:
                    return self.conversion(DURATION, args[0], node)
                if (path, name) == ("encoding/json", "Unmarshal") and len(args) == 2:
                    return unmarshalled(self, args, node)
                if retries.is_retry(path, name):
                    return retries.retried(self, path, args, node)
                made = patterns.function(self, path, name, args, node, want)
                if made is None:
                    made = library.function(self, path, name, args, node, want)
                if made is None:
                    raise self.p.unsupported(f"{path}.{name}", node)
                return made
        obj = self.expr(operand)
        special = patterns.method(self, obj, name, args, node)
        if special is not None:
            return special
        found = library.method(self, obj, operand, name, args, node)
        if found is not None:
            return found
        while (through := self.types.embedding(obj.go, name)) is not None:
            obj = self.field_of(obj, through.name, node)
        info = self.types.info(obj.go)
        if info is None or name not in info.methods:
            return None
        return self.method_call(obj, info, info.methods[name], args, node)

    def method_call(self, obj: V, info: TypeInfo, m: FuncInfo, args: list[SyntaxNode], node: SyntaxNode) -> V:
        lowered = self.spread(m, args, node)
        line = self.p.line(node)
        if info.kind == "error" and m.name == "Error":
            return V(ir.Intrinsic("error.message", [self.present_value(obj).expr], type=ir.STR), STRING)
        if info.kind in ("struct", "interface"):
            receiver = self.present_value(obj).expr
            return self.called(ir.MethodCall(receiver, m.ir_name, lowered, line=line), m.results, m.key)
        func = ir.Name(
            free_name(m), type=self.types.ir(Func((Named(info.name), *(t for _, t in m.params)), m.results))
        )
        receiver = self.present_value(obj).expr
        return self.called(ir.Call(func, [receiver, *lowered], line=line), m.results, m.key)

    def closure(self, node: SyntaxNode, want: GoType | None) -> V:
        """A function literal as a value; what lowers statements overrides this."""
        raise self.p.unsupported("a function literal", node)

    def mapped(self, function: SyntaxNode, over: ir.Expr, node: SyntaxNode) -> V:
        """A text mapped rune by rune; what lowers statements overrides this."""
        raise self.p.unsupported("strings.Map here", node)

    def received(self, operand: SyntaxNode) -> V:
        """What is received from a channel; what lowers statements overrides this."""
        raise self.p.unsupported("a channel", operand)

    def closure_block(
        self, node: SyntaxNode, gives: GoType | None = None
    ) -> tuple[list[ir.Stmt], tuple[GoType, ...]]:
        """The body of a closure that runs at once; what lowers statements overrides this."""
        raise self.p.unsupported("a function literal", node)

    def forget_entries(self) -> None:
        """A map lost entries: no key is known to be there any more."""
        self.present = {n for n in self.present if "[" not in n}


# Whole numbers that come out of dividing durations are typed as durations in Go; only their conversion is of use.
DURATION_COUNT = Basic("int64")


def free_name(m: FuncInfo) -> str:
    """The function that a method of an enum, error or named basic type becomes."""
    name = f"{m.owner}{m.name[:1].upper()}{m.name[1:]}"
    return name if not m.ir_name.startswith("_") else f"_{name}"


def duration_literal(ns: int) -> V:
    """A constant duration, in seconds."""
    return V(ir.Lit(ns / 1_000_000_000, type=ir.FLOAT), DURATION, const=ns)


def negated(e: ir.Expr) -> ir.Expr:
    """The negation of a condition, without a double one."""
    match e:
        case ir.Not(value=inner):
            return inner
        case ir.Lit(value=bool() as b):
            return ir.Lit(not b, type=ir.BOOL)
        case ir.Intrinsic(op="eq" | "ne"):
            return ir.Intrinsic("ne" if e.op == "eq" else "eq", e.args, type=ir.BOOL, line=e.line)
        case ir.Intrinsic(op="is_none"):
            return ir.Intrinsic("is_some", e.args, type=ir.BOOL)
        case ir.Intrinsic(op="is_some"):
            return ir.Intrinsic("is_none", e.args, type=ir.BOOL)
        case _:
            return ir.Not(e, type=ir.BOOL, line=e.line)


def entry(obj: ir.Expr, key: ir.Expr) -> str:
    """How the entry of a map under a key is named, "" when the key is not a place or literal."""
    at = place(obj)
    if at is None:
        return ""
    if isinstance(key, ir.Lit):
        return f"{at}[{key.value!r}]"
    inner = place(key)
    return f"{at}[{inner}]" if inner else ""


def _natural(e: ir.Expr) -> bool:
    """True for what is certainly not negative."""
    match e:
        case ir.Lit(value=int() as n):
            return n >= 0
        case ir.Intrinsic(op="len" | "str.byte_len" | "str.byte_at" | "str.ord"):
            return True
        case ir.Intrinsic(op="int.add" | "int.mul" | "int.floordiv" | "int.mod", args=args):
            return all(_natural(a) for a in args)
        case _:
            return False


def _count(v: V) -> ir.Expr | None:
    """A duration that Go uses as a plain number: a constant or a converted integer or float."""
    if v.go in (UNTYPED_INT, UNTYPED_FLOAT) and isinstance(v.const, int | float):
        return ir.Lit(float(v.const), type=ir.FLOAT)
    if is_int(v.go):
        return ir.Intrinsic("int.to_float", [v.expr], type=ir.FLOAT)
    match v.expr:
        case ir.Intrinsic(op="float.div", args=[inner, ir.Lit(value=1e9)]):
            return inner
        case _:
            return None


def _constant(op: str, a: V, b: V) -> object:
    from foundation_engine.port.front._go_package import _fold  # pyright: ignore[reportPrivateUsage]

    if a.const is None or b.const is None or is_rune(a.go) or is_rune(b.go):
        return None
    return _fold(op, a.const, b.const)
