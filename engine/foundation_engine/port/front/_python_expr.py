"""Python expressions to typed IR expressions; the statement side is in `python.py`."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import ast
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce

from foundation_engine.port import ir
from foundation_engine.port.bounds import lower_bound
from foundation_engine.port.front import _python_any as mixed
from foundation_engine.port.front import _python_library as library
from foundation_engine.port.front import _python_operators as operators
from foundation_engine.port.front import _python_prelude as prelude
from foundation_engine.port.front import _python_regex as regex
from foundation_engine.port.front import _python_times as times
from foundation_engine.port.front._python_calls import (
    DICT_METHODS,
    LIST_METHODS,
    MATH_CONSTANTS,
    SET_METHODS,
    STRING_CONSTANTS,
    STRING_METHODS,
    format_parts,
    keys_as_set,
    percent_parts,
)
from foundation_engine.port.front._python_closures import rename
from foundation_engine.port.front._python_names import (
    ADDRESS,
    BUILTIN_ERRORS,
    LIBRARY_ERRORS,
    PATH,
    PATTERN_TYPES,
    ClassInfo,
    Scope,
    Signature,
    Symbol,
    dotted,
)
from foundation_engine.port.ir import Type, Unsupported

_COMPARE: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
_ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.FloorDiv: "floordiv", ast.Mod: "mod", ast.Pow: "pow",
    ast.BitOr: "bor", ast.BitAnd: "band", ast.BitXor: "xor", ast.LShift: "shl", ast.RShift: "shr",
}  # fmt: skip


# Attributes of the runtime's errors.
ERROR_READS: Mapping[tuple[str, str], tuple[str, Type]] = {
    ("HttpStatusError", "status"): ("error.http_status", ir.INT),
    ("ProcessError", "exit_code"): ("error.exit_code", ir.INT),
    ("ProcessTimeoutError", "exit_code"): ("error.exit_code", ir.INT),
    ("ProcessError", "stdout"): ("error.stdout", ir.STR),
    ("ProcessError", "stderr"): ("error.stderr", ir.STR),
    ("ProcessError", "returncode"): ("error.exit_code", ir.INT),
    ("ProcessError", "output"): ("error.stdout", ir.STR),
    ("MaxRetriesExceeded", "attempts"): ("error.attempts", ir.INT),
    ("MaxRetriesExceeded", "cause"): ("error.cause", ir.ERROR),
    ("RateLimitExceeded", "retry_after"): ("error.retry_after", ir.INT),
    ("CircuitOpenError", "retry_after"): ("error.retry_after", ir.INT),
    ("CircuitOpenError", "name"): ("error.circuit_name", ir.STR),
}


def join(a: Type, b: Type) -> Type:
    """The type of a place that holds both; raises Unsupported when nothing short of "anything" would do."""
    if a == b or b == ir.UNKNOWN:
        return a
    if a == ir.UNKNOWN:
        return b
    if ir.ANY in (a, b) and mixed.can_hold(a) and mixed.can_hold(b):
        return ir.ANY
    match a, b:
        case (ir.OptionalT(x), ir.OptionalT(y)):
            return ir.OptionalT(join(x, y))
        case (ir.OptionalT(x), y) if y == ir.NONE:
            return a
        case (x, ir.OptionalT(y)) if x == ir.NONE:
            return b
        case (ir.OptionalT(x), y) | (y, ir.OptionalT(x)):
            return ir.OptionalT(join(x, y))
        case (ir.P(ir.Prim.NONE), y) | (y, ir.P(ir.Prim.NONE)):
            return ir.OptionalT(y)
        case (ir.ListT(x), ir.ListT(y)):
            return ir.ListT(join(x, y))
        case (ir.SetT(x), ir.SetT(y)):
            return ir.SetT(join(x, y))
        case (ir.IterT(x), ir.IterT(y)):
            return ir.IterT(join(x, y))
        case (ir.DictT(k, v, z), ir.DictT(l, w, y)):
            return ir.DictT(join(k, l), join(v, w), z or y)
        case (ir.TupleT(x), ir.TupleT(y)) if len(x) == len(y):
            return ir.TupleT(tuple(join(p, q) for p, q in zip(x, y, strict=True)))
        case (ir.TupleT(x), ir.ListT(y)) | (ir.ListT(y), ir.TupleT(x)) if x and all(e == x[0] for e in x):
            return ir.ListT(join(x[0], y))
        case (ir.FuncT(p, r), ir.FuncT(q, s)) if len(p) == len(q):
            return ir.FuncT(
                tuple(join(m, n) for m, n in zip(p, q, strict=True)), join(r, s), raises=False, context=False
            )
        case _:
            pass
    if {a, b} == {ir.INT, ir.FLOAT}:
        return ir.FLOAT
    if {a, b} == {ir.CHAR, ir.STR}:
        return ir.STR
    if ir.ERROR in (a, b):
        return ir.ERROR
    raise Unsupported(f"a value that is {ir.type_text(a)} in one place and {ir.type_text(b)} in another")


def entry(container: ast.expr, key: ast.expr) -> str:
    """The name under which narrowing knows that a map holds a key."""
    if (
        isinstance(container, ast.Call)
        and isinstance(container.func, ast.Attribute)
        and container.func.attr == "keys"
    ):
        container = container.func.value
    return f"{ast.unparse(container)}[{ast.unparse(key)}]"


def unify_element(t: Type) -> Type:
    """The type that a container stores for a value of this type: single characters are stored as strings."""
    match t:
        case ir.P(ir.Prim.CHAR):
            return ir.STR
        case ir.TupleT(elems):
            return ir.TupleT(tuple(unify_element(e) for e in elems))
        case ir.P(ir.Prim.NONE):
            return ir.OptionalT(ir.UNKNOWN)
        case _:
            return t


def _common(t: Type, values: Sequence[ir.Expr], *, any_too: bool) -> Type:
    """The type of what a container of these values holds; `any_too` where several types may be one of type ANY."""
    try:
        return reduce(join, [unify_element(v.type) for v in values], t)
    except Unsupported:
        if any_too and t in (ir.UNKNOWN, ir.ANY) and all(mixed.can_hold(v.type) for v in values):
            return ir.ANY
        raise


class ExpressionLowerer:
    """Lowers expressions in the scope of one function; statements feed what they learn back into `vars`."""

    def __init__(self, scope: Scope, annotation: Callable[[ast.expr | None], Type], cls: str) -> None:
        self.scope = scope
        self.annotation = annotation
        self.cls = cls
        self.vars: dict[str, Type] = {}
        self.narrowed: dict[str, Type] = {}
        self.lower: dict[str, int] = {}
        self.call_types: dict[tuple[str, int], Type] = {}
        self.params: set[str] = set()
        self.fixed: set[str] = set()
        self.outer: ExpressionLowerer | None = None
        self.shared: frozenset[str] = frozenset()  # variables that functions inside of this one may assign
        self.closures: frozenset[str] = frozenset()  # the functions inside of the outermost one
        self.temporaries = 0
        self.shaping = False  # only types matter: defaults that are not worked out yet stand for themselves
        self.declared_result = False
        self.literals: dict[str, str] = {}  # variables that hold one text and no other
        self.pattern_name = ""  # the name of a constant for a regular expression that has none
        self.opened: dict[str, ast.expr] = {}  # reads of an open file, and the file's path

    # Scope

    def lookup(self, name: str) -> Type | None:
        """The type of a variable of this function or of one around it."""
        if name in self.vars:
            return self.vars[name]
        return self.outer.lookup(name) if self.outer is not None else None

    def learn(self, node: ast.expr, t: Type) -> None:
        """Record what a use says about the type of a container that is still partly unknown."""
        match node:
            case ast.Name():
                at: ExpressionLowerer | None = self
                while at is not None and node.id not in at.vars:
                    at = at.outer
                if at is not None and (node.id not in at.fixed or ir.has_unknown(at.vars[node.id])):
                    known = at.vars[node.id]
                    if isinstance(known, ir.OptionalT):
                        at.vars[node.id] = ir.OptionalT(join(known.elem, t))
                    else:
                        at.vars[node.id] = join(known, t)
            case ast.Subscript() if not isinstance(node.slice, ast.Slice):
                base = self.expr(node.value).type
                if isinstance(base, ir.ListT):
                    self.learn(node.value, ir.ListT(t))
                elif isinstance(base, ir.DictT):
                    self.learn(node.value, ir.DictT(ir.UNKNOWN, t, base.zero))
            case _:
                return

    def peek(self, node: ast.expr) -> Type | None:
        """The type that an assignment target has already, or None."""
        match node:
            case ast.Name():
                t = self.lookup(node.id)
                return None if t == ir.UNKNOWN else t
            case ast.Attribute():
                try:
                    return self.field_type(self.expr(node.value), node)
                except Unsupported:
                    return None
            case ast.Subscript() if not isinstance(node.slice, ast.Slice):
                t = self.expr(node.value).type
                if isinstance(t, ir.ListT):
                    return t.elem if t.elem != ir.UNKNOWN else None
                if isinstance(t, ir.DictT):
                    return t.value if t.value != ir.UNKNOWN else None
                return None
            case _:
                return None

    def forget(self, name: str) -> None:
        """Drop what narrowing knew about parts of a variable that is assigned."""
        for key in [
            k
            for k in self.narrowed
            if k.startswith(name + ".") or ("[" in k and name in re.findall(r"\w+", k))
        ]:
            del self.narrowed[key]
        self.lower.pop(name, None)

    def forget_entries(self, of: str = "") -> None:
        """No key is known to be in a map any more: of the map of this name, or of any."""
        for key in [k for k in self.narrowed if "[" in k and k.startswith(f"{of}[" if of else "")]:
            del self.narrowed[key]

    @contextmanager
    def narrowing(self, facts: dict[str, Type]) -> Generator[None]:
        """Narrow some names for a while."""
        saved = dict(self.narrowed)
        self.narrowed.update(facts)
        try:
            yield
        finally:
            self.narrowed = saved

    def facts(self, test: ast.expr) -> tuple[dict[str, Type], dict[str, Type]]:
        """What is known when a test holds, and when it does not: names of optionals that are present."""
        match test:
            case ast.Compare(left=left, ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=None)]):
                return {}, self._present(left)
            case ast.Compare(
                left=left, ops=[ast.IsNot() | ast.NotEq()], comparators=[ast.Constant(value=None)]
            ):
                return self._present(left), {}
            case ast.Compare(left=left, ops=[ast.In()], comparators=[right]):
                return {entry(right, left): ir.NONE}, {}
            case ast.Compare(left=left, ops=[ast.NotIn()], comparators=[right]):
                return {}, {entry(right, left): ir.NONE}
            case ast.Call(
                func=ast.Name(id="isinstance"), args=[ast.Name() | ast.Attribute() as of, ast.Name(id=cls)]
            ):
                return self._instance(of, cls)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                positive, negative = self.facts(operand)
                return negative, positive
            case ast.BoolOp(op=ast.And(), values=values):
                positive: dict[str, Type] = {}
                for v in values:
                    positive.update(self.facts(v)[0])
                return positive, {}
            case ast.BoolOp(op=ast.Or(), values=values):
                negative: dict[str, Type] = {}
                for v in values:
                    negative.update(self.facts(v)[1])
                return {}, negative
            case ast.Name() | ast.Attribute():
                return self._present(test), {}
            case ast.Call(func=ast.Attribute(attr="group")) | ast.Subscript(slice=ast.Constant()):
                return self._present(test), {}
            case ast.NamedExpr():
                return self._present(test.target), {}
            case _:
                return {}, {}

    def _instance(self, node: ast.expr, cls: str) -> tuple[dict[str, Type], dict[str, Type]]:
        """What is known of a value of several types that is of a class, and of one that is not."""
        key = dotted(node)
        if key is None or self.peek(node) != ir.ANY:
            return {}, {}
        no_bool = f"{key}[bool]"
        if cls == "int" and no_bool in self.narrowed:
            return {key: ir.INT}, {}
        shown = mixed.narrowed_type(cls)
        return ({key: shown} if shown is not None else {}), ({no_bool: ir.NONE} if cls == "bool" else {})

    def _present(self, node: ast.expr) -> dict[str, Type]:
        if isinstance(node, ast.Call | ast.Subscript):
            try:
                found = self.expr(node)
            except Unsupported:
                return {}
            return {ast.unparse(node): ir.STR} if regex.group_text(found) is not None else {}
        key = dotted(node)
        if key is None:
            return {}
        t = self.peek(node)
        return {key: t.elem} if isinstance(t, ir.OptionalT) else {}

    def lower_bound(self, e: ir.Expr) -> int | None:
        """A number that the integer is never below, or None."""
        return lower_bound(e, self.lower.get)

    # Entry points

    def expr(self, e: ast.expr, want: Type | None = None) -> ir.Expr:
        """The expression with its type; `want` guides literals whose own type is open."""
        if want == ir.ANY:
            if isinstance(e, ast.List):
                want = ir.ListT(ir.ANY)
            elif isinstance(e, ast.Dict):
                want = ir.DictT(ir.STR, ir.ANY)
        out = self._expr(e, want)
        operators.check(self, out)
        out.line = e.lineno if hasattr(e, "lineno") else 0
        return out

    def effect(self, e: ast.expr) -> ir.Expr | ir.Stmt:
        """An expression evaluated for its effect."""
        return self.expr(e)

    def coerce(self, e: ir.Expr, want: Type) -> ir.Expr:
        """The expression as a value of type `want`; raises Unsupported when no certain conversion exists."""
        have = e.type
        if have is ADDRESS and want not in (ADDRESS, ir.UNKNOWN):
            raise Unsupported(
                "an address of which more than a part is used; take its scheme, netloc, path or query"
            )
        if have == want or (want == ir.UNKNOWN and not isinstance(have, ir.IterT)):
            return e
        if want == ir.ANY and have != ir.UNKNOWN:
            return mixed.of(self, e)
        if want in (ir.STR, ir.INT) and (value := operators.value_of(self, e, shown=True)).type == want:
            return value
        match e, want:
            case ir.Lit(value=None), ir.OptionalT():
                return ir.Lit(None, type=want, line=e.line)
            case ir.Lit(value=int() as v), ir.P(ir.Prim.FLOAT) if not isinstance(v, bool):
                return ir.Lit(float(v), type=ir.FLOAT, line=e.line)
            case ir.Cond(), _:
                return ir.Cond(
                    e.test, self.coerce(e.body, want), self.coerce(e.orelse, want), type=want, line=e.line
                )
            case ir.ListLit(), ir.ListT(elem):
                return ir.ListLit([self.coerce(x, elem) for x in e.elems], type=want, line=e.line)
            case ir.TupleLit(), ir.ListT(elem):
                return ir.ListLit([self.coerce(x, elem) for x in e.elems], type=want, line=e.line)
            case ir.ListLit(), ir.TupleT(elems) if len(elems) == len(e.elems):
                return ir.TupleLit(
                    [self.coerce(x, t) for x, t in zip(e.elems, elems, strict=True)], type=want, line=e.line
                )
            case ir.SetLit(), ir.SetT(elem):
                return ir.SetLit([self.coerce(x, elem) for x in e.elems], type=want, line=e.line)
            case ir.TupleLit(), ir.TupleT(elems) if len(elems) == len(e.elems):
                return ir.TupleLit(
                    [self.coerce(x, t) for x, t in zip(e.elems, elems, strict=True)], type=want, line=e.line
                )
            case ir.DictLit(), ir.DictT(k, v):
                items = [(self.coerce(x, k), self.coerce(y, v)) for x, y in e.items]
                return ir.DictLit(items, type=want, line=e.line)
            case ir.Comp(kind="list" | "set" | "iter"), ir.ListT(elem) | ir.SetT(elem) if e.kind in (
                "list",
                "set",
            ):
                return ir.Comp(e.kind, self.coerce(e.elem, elem), e.clauses, type=want, line=e.line)
            case ir.Comp(kind="dict", elem=ir.TupleLit(elems=[k, v])), ir.DictT(kt, vt):
                pair = ir.TupleLit([self.coerce(k, kt), self.coerce(v, vt)], type=ir.TupleT((kt, vt)))
                return ir.Comp("dict", pair, e.clauses, type=want, line=e.line)
            case _:
                pass
        match have, want:
            case ir.P(ir.Prim.ANY), _:
                return mixed.as_type(self, e, want)
            case ir.P(ir.Prim.INT), ir.P(ir.Prim.FLOAT):
                return ir.Intrinsic("int.to_float", [e], type=ir.FLOAT, line=e.line)
            case ir.P(ir.Prim.BOOL), ir.P(ir.Prim.INT):
                return ir.Intrinsic("bool.to_int", [e], type=ir.INT, line=e.line)
            case ir.P(ir.Prim.CHAR), ir.P(ir.Prim.STR):
                return ir.Intrinsic("char.to_str", [e], type=ir.STR, line=e.line)
            case ir.OptionalT(a), ir.OptionalT(b) if ir.has_unknown(a) and isinstance(e, ir.Lit):
                return ir.Lit(None, type=want)
            case _, ir.OptionalT(elem) if have != ir.NONE and not isinstance(have, ir.OptionalT):
                return ir.Wrap(self.coerce(e, elem), type=want, line=e.line)
            case ir.ListT(a), ir.ListT(b) if ir.has_unknown(a) or ir.has_unknown(b) or a == b:
                e.type = want if ir.has_unknown(a) else have
                return e
            case ir.SetT(a), ir.SetT(b) if ir.has_unknown(a) or ir.has_unknown(b):
                e.type = want if ir.has_unknown(a) else have
                return e
            case ir.DictT(), ir.DictT() if (
                ir.has_unknown(have)
                or ir.has_unknown(want)
                or (have.key, have.value) == (want.key, want.value)
            ):
                if ir.has_unknown(have):
                    e.type = want
                return e
            case ir.IterT(a), ir.ListT(b):
                return self.coerce(
                    ir.Intrinsic("to_list", [e], type=ir.ListT(unify_element(a)), line=e.line), want
                )
            case ir.TupleT(elems), ir.ListT(b) if elems and all(x == b for x in elems):
                return self.listed(e, want)
            case ir.NamedT(a), ir.P(ir.Prim.ERROR) if self.scope.error_base(a) is not None:
                return e
            case ir.NamedT(a), ir.NamedT(b) if self._subclass(a, b):
                return e
            case ir.FuncT(p, _), ir.FuncT(q, _) if len(p) == len(q):
                return e
            case ir.TupleT(a), ir.TupleT(b) if len(a) == len(b) and (
                ir.has_unknown(have) or ir.has_unknown(want)
            ):
                return e
            case _:
                pass
        if have == ir.UNKNOWN:
            return e
        raise Unsupported(f"{ir.type_text(have)} where {ir.type_text(want)} is needed")

    def listed(self, e: ir.Expr, t: Type) -> ir.Expr:
        """A tuple of values of one type as a list of them."""
        if not isinstance(e, ir.Name) or not isinstance(e.type, ir.TupleT) or not isinstance(t, ir.ListT):
            return ir.Intrinsic("tuple.to_list", [e], type=t, line=e.line)
        parts: list[ir.Expr] = []
        for i, elem in enumerate(e.type.elems):
            at = ir.Intrinsic("tuple.index", [ir.Name(e.id, type=e.type), ir.Lit(i, type=ir.INT)], type=elem)
            parts.append(self.coerce(at, t.elem))
        return ir.ListLit(parts, type=t, line=e.line)

    def _subclass(self, a: str, b: str) -> bool:
        info = self.scope.classes.get(b)
        if info is not None and info.kind == "protocol":
            mine = self.scope.classes.get(a)
            return mine is not None and set(info.methods) <= set(mine.methods)
        at: str | None = a
        while at:
            if at == b:
                return True
            at = self.scope.error_base(at)
        return False

    def cond(self, e: ast.expr) -> ir.Expr:
        """The truth of an expression."""
        match e:
            case ast.BoolOp():
                return self._boolop(e)
            case ast.UnaryOp(op=ast.Not()):
                return ir.Not(self.cond(e.operand), type=ir.BOOL, line=e.lineno)
            case _:
                return self.truth(self.expr(e))

    def _boolop(self, e: ast.BoolOp) -> ir.Expr:
        values: list[ir.Expr] = []
        facts: dict[str, Type] = {}
        for v in e.values:
            with self.narrowing(facts):
                values.append(self.cond(v))
                positive, negative = self.facts(v)
            facts.update(positive if isinstance(e.op, ast.And) else negative)
        # What is known to be true says nothing in an `and`, nor what is known to be false in an `or`.
        neutral = isinstance(e.op, ast.And)
        telling = [v for v in values if not (isinstance(v, ir.Lit) and v.value is neutral)]
        if len(telling) < 2:
            return telling[0] if telling else ir.Lit(neutral, type=ir.BOOL, line=e.lineno)
        return ir.Bool("and" if isinstance(e.op, ast.And) else "or", telling, type=ir.BOOL, line=e.lineno)

    def truth(self, v: ir.Expr) -> ir.Expr:
        """`bool(v)` for a value of known type."""
        if v.type is PATH:
            return ir.Lit(True, type=ir.BOOL)
        match v.type:
            case ir.P(ir.Prim.BOOL):
                return v
            case ir.P(ir.Prim.INT):
                return ir.Intrinsic("ne", [v, ir.Lit(0, type=ir.INT)], type=ir.BOOL, line=v.line)
            case ir.P(ir.Prim.FLOAT):
                return ir.Intrinsic("ne", [v, ir.Lit(0.0, type=ir.FLOAT)], type=ir.BOOL, line=v.line)
            case ir.P(ir.Prim.STR):
                return ir.Intrinsic("ne", [v, ir.Lit("", type=ir.STR)], type=ir.BOOL, line=v.line)
            case (
                ir.P(ir.Prim.CHAR)
                | ir.P(ir.Prim.TIME)
                | ir.P(ir.Prim.NAIVE)
                | ir.P(ir.Prim.DATE)
                | ir.MatchT()
            ):
                return ir.Lit(True, type=ir.BOOL)
            case ir.P(ir.Prim.DELTA):
                none = ir.Intrinsic(
                    "delta.of", [ir.Lit(0, type=ir.INT), ir.Lit(1_000_000, type=ir.INT)], type=ir.DELTA
                )
                return ir.Intrinsic("ne", [v, none], type=ir.BOOL, line=v.line)
            case ir.TupleT(elems):
                return ir.Lit(bool(elems), type=ir.BOOL)
            case ir.ListT() | ir.DictT() | ir.SetT() | ir.P(ir.Prim.BYTES):
                return ir.Intrinsic("nonempty", [v], type=ir.BOOL, line=v.line)
            case ir.OptionalT(elem):
                if (text := regex.group_text(v)) is not None:
                    return self.truth(text)
                if (found := regex.tested(v)) is not None:
                    return found
                some = ir.Intrinsic("is_some", [v], type=ir.BOOL, line=v.line)
                inner = self.truth(ir.Unwrap(v, type=elem, line=v.line))
                if isinstance(inner, ir.Lit):
                    return some
                self.require_pure(v)
                return ir.Bool("and", [some, inner], type=ir.BOOL, line=v.line)
            case ir.NamedT(name):
                info = self.scope.classes.get(name)
                if info is not None and not info.opaque and (asked := operators.truth(self, v)) is not None:
                    return asked
                if info is None or not (info.opaque or "__len__" in info.methods):
                    return ir.Lit(True, type=ir.BOOL)
                if "__len__" in info.methods and "__bool__" not in info.lost and not info.opaque:
                    length = ir.MethodCall(v, "__len__", [], type=ir.INT)
                    return ir.Intrinsic("ne", [length, ir.Lit(0, type=ir.INT)], type=ir.BOOL)
                raise Unsupported(f"truth of {name}")
            case ir.P(ir.Prim.NONE):
                return ir.Lit(False, type=ir.BOOL)
            case ir.P(ir.Prim.ANY):
                return ir.Intrinsic("json.truthy", [v], type=ir.BOOL, line=v.line)
            case _:
                raise Unsupported(f"truth of a value of type {ir.type_text(v.type)}")

    def require_pure(self, e: ir.Expr) -> None:
        """Raise unless evaluating the expression twice is the same as once."""
        if any(
            isinstance(n, ir.Call | ir.MethodCall | ir.New | ir.PatternOp | ir.PatternNew)
            or (
                isinstance(n, ir.Intrinsic)
                and (n.op in ("list.pop", "dict.pop", "list.pop_at", "print") or n.op.startswith("clock."))
            )
            for n in ir.walk(e)
        ):
            raise Unsupported("a computed value that would be evaluated twice")

    # Expressions

    def _expr(self, e: ast.expr, want: Type | None) -> ir.Expr:
        match e:
            case ast.Constant():
                return self._constant(e, want)
            case ast.Name():
                return self._name(e)
            case ast.Attribute():
                return self._attribute(e)
            case ast.BinOp():
                return self._binop(e, want)
            case ast.UnaryOp():
                return self._unary(e)
            case ast.BoolOp():
                return self._bool_value(e, want)
            case ast.Compare():
                return self._compare(e)
            case ast.Call():
                return self.call(e, want)
            case ast.IfExp():
                return self._ifexp(e, want)
            case ast.List() | ast.Set():
                return self._sequence(e, want)
            case ast.Tuple():
                return self._tuple(e, want)
            case ast.Dict():
                return self._dict(e, want)
            case ast.Subscript():
                return self._subscript(e)
            case ast.JoinedStr():
                return ir.Format(format_parts(self, e), type=ir.STR)
            case ast.ListComp():
                return self._comp("list", e.elt, e.generators, want)
            case ast.SetComp():
                return self._comp("set", e.elt, e.generators, want)
            case ast.GeneratorExp():
                return self._comp("iter", e.elt, e.generators, want)
            case ast.DictComp():
                pair = ast.copy_location(ast.Tuple([e.key, e.value], ast.Load()), e)
                return self._comp("dict", pair, e.generators, want)
            case ast.Lambda():
                return self._lambda(e, want)
            case ast.Await():
                return self.expr(e.value, want)
            case _:
                raise Unsupported(f"expression {type(e).__name__}", ast.unparse(e), getattr(e, "lineno", 0))

    def _constant(self, e: ast.Constant, want: Type | None) -> ir.Expr:
        v = e.value
        match v:
            case bool():
                return ir.Lit(v, type=ir.BOOL)
            case int():
                if not -(2**63) <= v < 2**63:
                    raise Unsupported("an integer literal beyond 64 bits")
                if want == ir.FLOAT or want == ir.OptionalT(ir.FLOAT):
                    return ir.Lit(float(v), type=ir.FLOAT)
                return ir.Lit(v, type=ir.INT)
            case float():
                return ir.Lit(v, type=ir.FLOAT)
            case str():
                return ir.Lit(v, type=ir.STR)
            case bytes():
                return ir.Lit(v, type=ir.BYTES)
            case None:
                return ir.Lit(None, type=want if isinstance(want, ir.OptionalT) else ir.NONE)
            case _:
                raise Unsupported("a literal of this kind", ast.unparse(e))

    def _name(self, e: ast.Name) -> ir.Expr:
        t = self.lookup(e.id)
        if t is not None:
            if e.id in self.narrowed and isinstance(t, ir.OptionalT):
                return ir.Unwrap(ir.Name(e.id, type=t, line=e.lineno), type=t.elem)
            if e.id in self.narrowed and t == ir.ANY:
                return mixed.as_type(
                    self, ir.Name(e.id, type=t, line=e.lineno), self.narrowed[e.id], known=True
                )
            if isinstance(t, ir.RegexT):
                return regex.named(t, f"_{e.id.strip('_').upper()}", e.lineno)
            return ir.Name(e.id, type=t)
        if e.id == "self" and self.cls:
            return ir.Name("self", type=ir.NamedT(self.cls))
        if e.id in self.scope.constants:
            t = self.scope.constants[e.id]
            return regex.named(t, e.id, e.lineno) if isinstance(t, ir.RegexT) else ir.Name(e.id, type=t)
        if e.id == "__name__":
            return ir.Lit(self.scope.module, type=ir.STR)
        if e.id in self.scope.functions:
            s = self.scope.functions[e.id]
            return ir.Name(e.id, type=ir.FuncT(tuple(p.type for p in s.params), s.result))
        origin = self.scope.foreign.get(e.id)
        if origin is not None and f"{origin[0]}.{origin[1]}" in MATH_CONSTANTS:
            return ir.Intrinsic(MATH_CONSTANTS[f"{origin[0]}.{origin[1]}"], [], type=ir.FLOAT)
        if origin is not None and f"{origin[0]}.{origin[1]}" in STRING_CONSTANTS:
            return ir.Lit(STRING_CONSTANTS[f"{origin[0]}.{origin[1]}"], type=ir.STR)
        raise Unsupported(f"{e.id} is not defined in this file, or its type is not known", e.id, e.lineno)

    def _attribute(self, e: ast.Attribute) -> ir.Expr:
        path = dotted(e)
        if path is not None:
            head, _, rest = path.partition(".")
            if self.lookup(head) is None:
                info = self.scope.classes.get(head)
                if info is not None and info.kind == "enum" and rest in info.members:
                    return ir.EnumMember(head, rest, type=ir.NamedT(head))
                if (
                    info is not None
                    and info.kind == "enum"
                    and rest.partition(".")[0] in info.members
                    and rest.endswith(".value")
                ):
                    return self._enum_value(
                        ir.EnumMember(head, rest.partition(".")[0], type=ir.NamedT(head)), info
                    )
                if info is not None and info.kind == "enum" and rest in [f"{m}.name" for m in info.members]:
                    return ir.Lit(rest.removesuffix(".name"), type=ir.STR)
                origin = self.scope.foreign.get(head)
                if (
                    origin is not None
                    and origin[1] == "CircuitState"
                    and rest in ("OPEN", "CLOSED", "HALF_OPEN")
                ):
                    return ir.Lit(rest.lower(), type=ir.STR)
                module = self.scope.modules.get(head)
                full = f"{module}.{rest}" if module else ""
                if full in MATH_CONSTANTS:
                    return ir.Intrinsic(MATH_CONSTANTS[full], [], type=ir.FLOAT)
                if full in STRING_CONSTANTS:
                    return ir.Lit(STRING_CONSTANTS[full], type=ir.STR)
        inner = e.value
        if (
            e.attr in ("status_code", "status")
            and isinstance(inner, ast.Attribute)
            and inner.attr == "response"
        ):
            # The answer that an error of a status holds.
            raised = self.expr(inner.value)
            if raised.type == ir.NamedT("HttpStatusError"):
                return ir.Intrinsic("error.http_status", [raised], type=ir.INT)
        match e.attr, inner:
            case "st_size", ast.Call(func=ast.Attribute(value=path_node, attr="stat"), args=[], keywords=[]):
                at = self.coerce(self.expr(path_node), ir.STR)
                return ir.Intrinsic("file.size", [at], "OSError", type=ir.INT)
            case _:
                pass
        obj = self.expr(inner)
        if e.attr == "value" and isinstance(obj, ir.PatternOp) and obj.op == "state":
            return obj
        if isinstance(obj.type, ir.NamedT):
            info = self.scope.classes.get(obj.type.name)
            read = ERROR_READS.get((obj.type.name, e.attr)) if info is None else None
            if read is not None:
                return ir.Intrinsic(read[0], [obj], type=read[1])
            if info is not None and info.kind == "enum":
                if e.attr == "value":
                    return self._enum_value(obj, info)
                if e.attr == "name":
                    return prelude.member_name(self, obj, obj.type.name, list(info.members))
                made = self.scope.enum_functions.get((obj.type.name, e.attr))
                if made is not None:
                    return self._of_member(made, obj)
                raise Unsupported(f"attribute {e.attr} of an enum member", ast.unparse(e), e.lineno)
            if info is not None and e.attr in info.methods and info.methods[e.attr].kind == "property":
                return ir.MethodCall(obj, e.attr, [], type=info.methods[e.attr].result)
            if info is None and obj.type.name in PATTERN_TYPES:
                from foundation_engine.port.front import _python_patterns as patterns

                made = patterns.attribute(obj, e)
                if made is not None:
                    return made
        if obj.type == ir.STR and (made := library.path_attribute(self, obj, e.attr)) is not None:
            return made
        if (part := library.address_part(self, obj, e.attr) or times.attribute(obj, e.attr)) is not None:
            return part
        t = self.field_type(obj, e)
        out = ir.Field(obj, e.attr, type=t)
        if path in self.narrowed and isinstance(t, ir.OptionalT):
            return ir.Unwrap(out, type=t.elem)
        if path in self.narrowed and t == ir.ANY:
            return mixed.as_type(self, out, self.narrowed[path], known=True)
        return out

    def _of_member(self, name: str, member: ir.Expr) -> ir.Expr:
        """A property of an enum's member, which is a function of the module."""
        s = self.scope.functions.get(name)
        if s is None:
            raise Unsupported(f"{name}, which is not ported")
        t = ir.FuncT(tuple(p.type for p in s.params), s.result)
        return ir.Call(ir.Name(name, type=t), [member], type=s.result)

    def _enum_value(self, obj: ir.Expr, info: ClassInfo) -> ir.Expr:
        kinds = {type(v) for v in info.members.values()}
        if kinds == {str}:
            return ir.Intrinsic("enum.value", [obj], type=ir.STR)
        if kinds == {int}:
            return ir.Intrinsic("enum.value", [obj], type=ir.INT)
        raise Unsupported("the value of an enum member that is neither a string nor an integer")

    def field_type(self, obj: ir.Expr, e: ast.Attribute) -> Type:
        """The type of a field; raises Unsupported when the object has none of this name."""
        if isinstance(obj.type, ir.NamedT):
            info = self.scope.classes.get(obj.type.name)
            if info is not None and e.attr in info.fields:
                return info.fields[e.attr]
            if info is not None and e.attr in info.lost:
                reason = f"{obj.type.name}.{e.attr}, which is not ported"
                raise Unsupported(reason, ast.unparse(e), e.lineno)
            if obj.type.name in PATTERN_TYPES or self.scope.error_base(obj.type.name) is not None:
                raise Unsupported(f"attribute {e.attr} of {obj.type.name}", ast.unparse(e), e.lineno)
        raise Unsupported(f"attribute {e.attr} of {ir.type_text(obj.type)}", ast.unparse(e), e.lineno)

    # Operators

    def _binop(self, e: ast.BinOp, want: Type | None) -> ir.Expr:
        if isinstance(e.op, ast.Mod) and isinstance(e.left, ast.Constant) and isinstance(e.left.value, str):
            return ir.Format(percent_parts(self, e), type=ir.STR)
        guide = want if isinstance(want, ir.ListT) or want == ir.FLOAT else None
        left = self.expr(
            e.left,
            guide
            if not isinstance(e.op, ast.Mult | ast.FloorDiv | ast.Mod) or isinstance(want, ir.ListT)
            else None,
        )
        right = self.expr(e.right, left.type if isinstance(left.type, ir.ListT | ir.SetT) else None)
        return self.binary(e.op, left, right, e)

    def binary(self, op: ast.operator, left: ir.Expr, right: ir.Expr, at: ast.AST) -> ir.Expr:
        """The operation on two lowered operands."""
        name = _ARITHMETIC.get(type(op))
        left, right = operators.value_of(self, left), operators.value_of(self, right)
        if isinstance(op, ast.BitOr | ast.BitAnd | ast.BitXor | ast.Sub):
            left, right = keys_as_set(self, left), keys_as_set(self, right)
        lt, rt = left.type, right.type
        if {lt, rt} & times.ORDERED and ir.UNKNOWN not in (lt, rt):
            return times.binary(self, op, left, right)
        if (called := operators.binary(self, op, left, right)) is not None:
            return called
        if lt == ir.BOOL and rt == ir.BOOL and name in ("bor", "band", "xor"):
            return ir.Intrinsic(
                {"bor": "bool.or", "band": "bool.and", "xor": "ne"}[name], [left, right], type=ir.BOOL
            )
        if lt == ir.BOOL:
            left, lt = self.coerce(left, ir.INT), ir.INT
        if rt == ir.BOOL:
            right, rt = self.coerce(right, ir.INT), ir.INT
        if lt in (ir.INT, ir.FLOAT) and rt in (ir.INT, ir.FLOAT):
            return self._numeric(op, name, left, right)
        texts = (ir.STR, ir.CHAR)
        if lt in texts and rt in texts and isinstance(op, ast.Div):
            # Only paths, which are texts here, are divided by texts.
            return ir.Intrinsic(
                "path.join", [self.coerce(left, ir.STR), self.coerce(right, ir.STR)], type=PATH
            )
        if lt in texts and rt in texts and isinstance(op, ast.Add):
            return ir.Intrinsic(
                "str.concat", [self.coerce(left, ir.STR), self.coerce(right, ir.STR)], type=ir.STR
            )
        if isinstance(op, ast.Mult) and {lt in texts, rt in texts} == {True, False} and ir.INT in (lt, rt):
            s, n = (left, right) if lt in texts else (right, left)
            return ir.Intrinsic("str.repeat", [self.coerce(s, ir.STR), n], type=ir.STR)
        if isinstance(op, ast.Add) and isinstance(lt, ir.ListT) and isinstance(rt, ir.ListT | ir.TupleT):
            t = join(lt, rt)
            return ir.Intrinsic("list.concat", [self.coerce(left, t), self.coerce(right, t)], type=t)
        if isinstance(op, ast.Mult) and isinstance(lt, ir.ListT) and rt == ir.INT:
            return ir.Intrinsic("list.repeat", [left, right], type=lt)
        if isinstance(lt, ir.SetT) and isinstance(rt, ir.SetT) and name in ("bor", "band", "xor", "sub"):
            t = join(lt, rt)
            ops = {
                "bor": "set.union",
                "band": "set.intersection",
                "sub": "set.difference",
                "xor": "set.symmetric_difference",
            }
            return ir.Intrinsic(ops[name], [self.coerce(left, t), self.coerce(right, t)], type=t)
        if name == "bor" and isinstance(lt, ir.DictT) and isinstance(rt, ir.DictT):
            return self.union(left, right)
        if ir.UNKNOWN in (lt, rt):
            raise Unsupported(
                "an operand whose type is not known", ast.unparse(at) if isinstance(at, ast.expr) else ""
            )
        raise Unsupported(f"{type(op).__name__} of {ir.type_text(lt)} and {ir.type_text(rt)}")

    def _numeric(self, op: ast.operator, name: str | None, left: ir.Expr, right: ir.Expr) -> ir.Expr:
        both_int = left.type == ir.INT and right.type == ir.INT
        if isinstance(op, ast.Div):
            args = [self.coerce(left, ir.FLOAT), self.coerce(right, ir.FLOAT)]
            return ir.Intrinsic("float.div", args, "ZeroDivisionError", type=ir.FLOAT)
        if name is None:
            raise Unsupported(f"operator {type(op).__name__}")
        raises = "ZeroDivisionError" if name in ("floordiv", "mod") else ""
        if both_int:
            if name == "pow":
                low = self.lower_bound(right)
                if low is None or low < 0:
                    # A negative exponent would give a float.
                    if not isinstance(right, ir.Lit):
                        return ir.Intrinsic("int.pow", [left, right], type=ir.INT)
                    return ir.Intrinsic(
                        "float.pow",
                        [self.coerce(left, ir.FLOAT), self.coerce(right, ir.FLOAT)],
                        type=ir.FLOAT,
                    )
            if name in ("mul", "pow", "shl"):
                self.scope.differ(
                    "Integers have 64 bits: a result beyond them wraps or stops, where Python's integers grow."
                )
            return ir.Intrinsic(f"int.{name}", [left, right], raises, type=ir.INT)
        if name in ("bor", "band", "xor", "shl", "shr"):
            raise Unsupported(f"{name} of floats")
        if name == "pow" and not (isinstance(right, ir.Lit) and right.value >= 0):
            self.scope.differ("Zero to a negative power is infinite, where Python raises ZeroDivisionError.")
        return ir.Intrinsic(
            f"float.{name}",
            [self.coerce(left, ir.FLOAT), self.coerce(right, ir.FLOAT)],
            raises,
            type=ir.FLOAT,
        )

    def _unary(self, e: ast.UnaryOp) -> ir.Expr:
        if isinstance(e.op, ast.Not):
            return ir.Not(self.cond(e.operand), type=ir.BOOL)
        v = self.expr(e.operand)
        if isinstance(e.op, ast.USub) and (called := operators.negated(self, v)) is not None:
            return called
        if v.type == ir.BOOL:
            v = self.coerce(v, ir.INT)
        if v.type == ir.DELTA and isinstance(e.op, ast.USub):
            return ir.Intrinsic("delta.neg", [v], type=ir.DELTA)
        if v.type not in (ir.INT, ir.FLOAT):
            raise Unsupported(f"unary {type(e.op).__name__} of {ir.type_text(v.type)}")
        if isinstance(e.op, ast.UAdd):
            return v
        if isinstance(e.op, ast.USub):
            if isinstance(v, ir.Lit):
                return ir.Lit(-v.value, type=v.type)
            return ir.Intrinsic("int.neg" if v.type == ir.INT else "float.neg", [v], type=v.type)
        if v.type == ir.INT:
            return ir.Intrinsic("int.invert", [v], type=ir.INT)
        raise Unsupported("~ of a float")

    def _bool_value(self, e: ast.BoolOp, want: Type | None) -> ir.Expr:
        facts: dict[str, Type] = {}
        values: list[ir.Expr] = []
        for v in e.values:
            with self.narrowing(facts):
                values.append(self.expr(v, want))
                positive, negative = self.facts(v)
            facts.update(positive if isinstance(e.op, ast.And) else negative)
        if all(v.type == ir.BOOL for v in values):
            neutral = isinstance(e.op, ast.And)
            values = [v for v in values if not (isinstance(v, ir.Lit) and v.value is neutral)]
            if len(values) < 2:
                return values[0] if values else ir.Lit(neutral, type=ir.BOOL)
            return ir.Bool("and" if isinstance(e.op, ast.And) else "or", values, type=ir.BOOL)
        # x or y is x when x is true, else y: one arm is evaluated, x once.
        out = values[-1]
        for v in reversed(values[:-1]):
            self.require_pure(v)
            test = self.truth(v)
            chosen = (
                regex.group_text(v) or ir.Unwrap(v, type=v.type.elem)
                if isinstance(v.type, ir.OptionalT) and isinstance(e.op, ast.Or)
                else v
            )
            t = ir.ANY if want == ir.ANY else join(chosen.type, out.type)
            first, second = self.coerce(chosen, t), self.coerce(out, t)
            out = (
                ir.Cond(test, first, second, type=t)
                if isinstance(e.op, ast.Or)
                else ir.Cond(test, second, first, type=t)
            )
        return out

    def _ifexp(self, e: ast.IfExp, want: Type | None) -> ir.Expr:
        test = self.cond(e.test)
        positive, negative = self.facts(e.test)
        with self.narrowing(positive):
            body = self.expr(e.body, want)
        with self.narrowing(negative):
            orelse = self.expr(e.orelse, want if want is not None else body.type)
        t = ir.ANY if want == ir.ANY else join(body.type, orelse.type)
        return ir.Cond(test, self.coerce(body, t), self.coerce(orelse, t), type=t)

    def _compare(self, e: ast.Compare) -> ir.Expr:
        parts: list[ir.Expr] = []
        operands = [e.left, *e.comparators]
        lowered: list[ir.Expr | None] = [None] * len(operands)
        for i, op in enumerate(e.ops):
            left = lowered[i] or self.expr(operands[i])
            right_node = operands[i + 1]
            if isinstance(op, ast.In | ast.NotIn):
                parts.append(self._membership(op, left, right_node))
                continue
            right = self.expr(right_node, left.type if not isinstance(left.type, ir.OptionalT) else None)
            lowered[i + 1] = right
            if i + 1 < len(e.ops):
                self.require_pure(right)
            parts.append(self.comparison(op, left, right))
        return parts[0] if len(parts) == 1 else ir.Bool("and", parts, type=ir.BOOL)

    def comparison(self, op: ast.cmpop, left: ir.Expr, right: ir.Expr) -> ir.Expr:
        """One comparison of two lowered operands."""
        none = isinstance(right, ir.Lit) and right.value is None and right.type in (ir.NONE, right.type)
        none = none and isinstance(right, ir.Lit) and right.value is None
        if none:
            if isinstance(left, ir.Unwrap):
                left = left.value
            negative = isinstance(op, ast.IsNot | ast.NotEq)
            if left.type == ir.ANY:
                null = mixed.is_kind(left, "null")
                return ir.Not(null, type=ir.BOOL) if negative else null
            if not isinstance(left.type, ir.OptionalT):
                if left.type == ir.UNKNOWN:
                    raise Unsupported("comparison of a value of unknown type with None")
                return ir.Lit(negative, type=ir.BOOL)
            if (found := regex.tested(left)) is not None:
                return found if negative else ir.Not(found, type=ir.BOOL)
            return ir.Intrinsic("is_some" if negative else "is_none", [left], type=ir.BOOL)
        if isinstance(op, ast.Is | ast.IsNot):
            enums = [t for t in (left.type, right.type) if isinstance(t, ir.NamedT) and self._is_enum(t.name)]
            state = isinstance(left, ir.PatternOp) and left.op == "state"
            if len(enums) != 2 and not (left.type == ir.BOOL == right.type) and not state:
                raise Unsupported("identity of values")
            name = "eq" if isinstance(op, ast.Is) else "ne"
        else:
            name = _COMPARE[type(op)]
        if ir.ANY in (left.type, right.type) and left.type != right.type:
            if name in ("eq", "ne"):
                return mixed.equals(self, left, right, name == "ne")
            left, right = self._json_operand(left, right), self._json_operand(right, left)
        lt, rt = left.type, right.type
        if isinstance(lt, ir.OptionalT) != isinstance(rt, ir.OptionalT):
            opt, other = (left, right) if isinstance(lt, ir.OptionalT) else (right, left)
            assert isinstance(opt.type, ir.OptionalT)
            if name not in ("eq", "ne"):
                raise Unsupported("ordering of a value that may be None")
            if isinstance(other, ir.Lit) and other.value and (text := regex.group_text(opt)) is not None:
                return ir.Intrinsic(name, [text, other], type=ir.BOOL)
            self.require_pure(opt)
            inner = self.comparison(op, ir.Unwrap(opt, type=opt.type.elem), other)
            some = ir.Intrinsic("is_some" if name == "eq" else "is_none", [opt], type=ir.BOOL)
            return ir.Bool("and" if name == "eq" else "or", [some, inner], type=ir.BOOL)
        if not isinstance(op, ast.Is | ast.IsNot) and (lt != rt or name not in ("eq", "ne")):
            left, right = operators.value_of(self, left), operators.value_of(self, right)
            lt, rt = left.type, right.type
        for want in (ir.BOOL, ir.INT, ir.FLOAT):
            if {lt, rt} <= {ir.BOOL, ir.INT, ir.FLOAT} and lt != rt and want in (lt, rt):
                t = ir.FLOAT if ir.FLOAT in (lt, rt) else ir.INT
                left, right = self._widen(left, t), self._widen(right, t)
                lt = rt = t
        if {lt, rt} == {ir.STR, ir.CHAR}:
            single = left if isinstance(left, ir.Lit) else right
            if (
                isinstance(single, ir.Lit)
                and len(single.value) == 1
                and (name in ("eq", "ne") or single is right)
            ) or (isinstance(single, ir.Lit) and len(single.value) == 1):
                single.type = ir.CHAR
            else:
                left, right = self.coerce(left, ir.STR), self.coerce(right, ir.STR)
        elif lt != rt:
            t = join(lt, rt)
            left, right = self.coerce(left, t), self.coerce(right, t)
        if name in ("eq", "ne") and (each := operators.by_parts(self, op, left, right)) is not None:
            return each
        t = left.type
        if t in (ir.UNKNOWN, ir.ANY):
            raise Unsupported("comparison of values whose type is not known")
        if name not in ("eq", "ne") and t not in {ir.INT, ir.FLOAT, ir.STR, ir.CHAR, ir.BOOL, *times.ORDERED}:
            if isinstance(t, ir.TupleT):
                return self._lexicographic(name, left, right, t)
            if isinstance(t, ir.NamedT) and self.order_fields(t.name):
                if len(self.order_fields(t.name)) > 1:
                    self.require_pure(left)
                    self.require_pure(right)
                a, b = self.as_tuple(left), self.as_tuple(right)
                if isinstance(a, ir.TupleLit) and isinstance(b, ir.TupleLit) and len(a.elems) == 1:
                    return ir.Intrinsic(name, [a.elems[0], b.elems[0]], type=ir.BOOL)
                assert isinstance(a.type, ir.TupleT)
                return self._lexicographic(name, a, b, a.type)
            raise Unsupported(f"ordering of {ir.type_text(t)}")
        if isinstance(t, ir.NamedT) and name in ("eq", "ne"):
            called = operators.equals(self, left, right, negative=name == "ne")
            if called is not None:
                return called
            info = self.scope.classes.get(t.name)
            if info is None or info.opaque or not (info.kind == "enum" or (info.kind == "dataclass")):
                raise Unsupported(f"equality of {t.name}")
        return ir.Intrinsic(name, [left, right], type=ir.BOOL)

    def _json_operand(self, e: ir.Expr, other: ir.Expr) -> ir.Expr:
        """One side of a comparison of a JSON value with a number or a text."""
        if e.type != ir.ANY:
            return self.coerce(e, ir.FLOAT) if e.type == ir.INT else e
        if other.type in (ir.INT, ir.FLOAT):
            return ir.Intrinsic("json.number", [e], "TypeError", type=ir.FLOAT)
        if other.type == ir.STR:
            return ir.Intrinsic("json.text", [e], "TypeError", type=ir.STR)
        raise Unsupported("comparison of a JSON value with something else than a number or a text")

    def order_fields(self, cls: str) -> list[tuple[str, Type]]:
        """The fields by which objects of a class compare; empty when they do not."""
        info = self.scope.classes.get(cls)
        if info is not None and info.order:
            fields = [(n, info.fields.get(n, ir.UNKNOWN)) for n in info.order]
        elif info is None or not info.ordered or info.kind != "dataclass":
            return []
        else:
            fields = [(p.name, p.type) for p in info.init]
        return fields if all(t in (ir.INT, ir.FLOAT, ir.STR) for _, t in fields) else []

    def as_tuple(self, e: ir.Expr) -> ir.Expr:
        """The fields of an object that compares by them."""
        assert isinstance(e.type, ir.NamedT)
        fields = self.order_fields(e.type.name)
        parts: list[ir.Expr] = [ir.Field(e, n, type=t) for n, t in fields]
        return ir.TupleLit(parts, type=ir.TupleT(tuple(t for _, t in fields)))

    def _lexicographic(self, name: str, left: ir.Expr, right: ir.Expr, t: ir.TupleT) -> ir.Expr:
        if not all(x in (ir.INT, ir.FLOAT, ir.STR) for x in t.elems):
            raise Unsupported("ordering of tuples")
        sides: list[ir.Expr] = []
        for side in (left, right):
            if not isinstance(side, ir.TupleLit):
                self.require_pure(side)
                if ir.FLOAT in t.elems:
                    self.scope.differ("Tuples that hold NaN, which has no order, may stand in another order.")
                parts: list[ir.Expr] = [
                    ir.Intrinsic("tuple.index", [ir.unshared(side), ir.Lit(i, type=ir.INT)], type=x)
                    for i, x in enumerate(t.elems)
                ]
                side = ir.TupleLit(parts, type=t)
            sides.append(side)
        return ir.Intrinsic(f"tuple.{name}", sides, type=ir.BOOL)

    def _widen(self, e: ir.Expr, t: Type) -> ir.Expr:
        if e.type == ir.BOOL and t == ir.FLOAT:
            e = self.coerce(e, ir.INT)
        return self.coerce(e, t)

    def _is_enum(self, name: str) -> bool:
        info = self.scope.classes.get(name)
        return info is not None and info.kind == "enum"

    def _membership(self, op: ast.In | ast.NotIn, left: ir.Expr, right_node: ast.expr) -> ir.Expr:
        if isinstance(right_node, ast.Tuple | ast.List | ast.Set):
            right_node = ast.copy_location(ast.List(right_node.elts, ast.Load()), right_node)
        if (
            isinstance(right_node, ast.Call)
            and isinstance(right_node.func, ast.Attribute)
            and right_node.func.attr == "keys"
            and not right_node.args
        ):
            right_node = right_node.func.value
        if self.stdlib_name(right_node) == "os.environ":
            read = ir.Intrinsic("env.get", [self.coerce(left, ir.STR)], type=ir.OptionalT(ir.STR))
            return ir.Intrinsic("is_none" if isinstance(op, ast.NotIn) else "is_some", [read], type=ir.BOOL)
        if self.stdlib_name(right_node) == "os.environ":
            read = ir.Intrinsic("env.get", [self.coerce(left, ir.STR)], type=ir.OptionalT(ir.STR))
            return ir.Intrinsic("is_none" if isinstance(op, ast.NotIn) else "is_some", [read], type=ir.BOOL)
        right = self.expr(right_node)
        t = right.type
        match t:
            case ir.P(ir.Prim.STR):
                if left.type == ir.CHAR:
                    found = ir.Intrinsic("str.contains_char", [right, left], type=ir.BOOL)
                else:
                    found = ir.Intrinsic("str.contains", [right, self.coerce(left, ir.STR)], type=ir.BOOL)
            case ir.ListT(elem):
                if elem == ir.UNKNOWN:
                    elem = unify_element(left.type)
                    right = self.coerce(right, ir.ListT(elem))
                if (
                    left.type == ir.CHAR
                    and isinstance(right, ir.ListLit)
                    and all(isinstance(x, ir.Lit) and len(x.value) == 1 for x in right.elems)
                ):
                    tests: list[ir.Expr] = []
                    for x in right.elems:
                        x.type = ir.CHAR
                        tests.append(ir.Intrinsic("eq", [left, x], type=ir.BOOL))
                    found = ir.Bool("or", tests, type=ir.BOOL) if len(tests) > 1 else tests[0]
                elif left.type == ir.ANY and elem == ir.STR:
                    self.require_pure(left)
                    text = mixed.as_type(self, left, ir.STR, known=True)
                    held = ir.Intrinsic("list.contains", [right, text], type=ir.BOOL)
                    found = ir.Bool("and", [mixed.is_kind(left, "string"), held], type=ir.BOOL)
                else:
                    if left.type == ir.FLOAT and elem == ir.INT:
                        raise Unsupported("membership of a float in integers")
                    if ir.ANY in (left.type, elem):
                        raise Unsupported("membership of values of any type")
                    found = ir.Intrinsic("list.contains", [right, self._element(left, elem)], type=ir.BOOL)
            case ir.SetT(elem):
                found = ir.Intrinsic("set.contains", [right, self._element(left, elem)], type=ir.BOOL)
            case ir.DictT(key, _) if (held := mixed.whole(right)) is not right:
                found = ir.Intrinsic("json.has", [held, self._element(left, key)], type=ir.BOOL)
            case ir.DictT(key, _):
                found = ir.Intrinsic("dict.contains", [right, self._element(left, key)], type=ir.BOOL)
            case ir.IterT():
                if (
                    isinstance(right, ir.Intrinsic)
                    and right.op == "range"
                    and ir.same(right.args[2], ir.Lit(1, type=ir.INT))
                ):
                    self.require_pure(left)
                    low = ir.Intrinsic("le", [right.args[0], left], type=ir.BOOL)
                    found = ir.Bool(
                        "and", [low, ir.Intrinsic("lt", [left, right.args[1]], type=ir.BOOL)], type=ir.BOOL
                    )
                elif isinstance(right, ir.Intrinsic) and right.op == "dict.values":
                    self.require_pure(left)
                    name = next(n for n in ("value", "held", "entry") if self.lookup(n) is None)
                    each = ir.Name(name, type=t.elem)
                    same = self.comparison(ast.Eq(), each, self._element(left, t.elem))
                    clause = ir.Clause(ir.VarTarget(name, type=t.elem), right, [])
                    held = ir.Comp("iter", same, [clause], type=ir.IterT(ir.BOOL))
                    found = ir.Intrinsic("any", [held], type=ir.BOOL)
                else:
                    raise Unsupported("membership in this iterator")
            case ir.NamedT(name) if (
                name in self.scope.classes and "__contains__" in self.scope.classes[name].methods
            ):
                asked = self.scope.classes[name].methods["__contains__"].params[0].type
                found = ir.MethodCall(right, "__contains__", [self.coerce(left, asked)], type=ir.BOOL)
            case ir.P(ir.Prim.ANY) if left.type in (ir.STR, ir.CHAR):
                found = prelude.call(self, "json_holds", right, left)
            case _:
                raise Unsupported(f"membership in {ir.type_text(t)}")
        return ir.Not(found, type=ir.BOOL) if isinstance(op, ast.NotIn) else found

    def _element(self, e: ir.Expr, t: Type) -> ir.Expr:
        if t == ir.UNKNOWN:
            return self.coerce(e, unify_element(e.type))
        if isinstance(e.type, ir.OptionalT) and not isinstance(t, ir.OptionalT):
            raise Unsupported("membership of a value that may be None")
        if e.type == ir.FLOAT and t == ir.INT:
            raise Unsupported("membership of a float in integers")
        if ir.ANY in (e.type, t):
            raise Unsupported("membership of values of any type")
        return self.coerce(e, t)

    # Collections

    def _sequence(self, e: ast.List | ast.Set, want: Type | None) -> ir.Expr:
        if any(isinstance(x, ast.Starred) for x in e.elts):
            return self._spread(e, want)
        guide = want.elem if isinstance(want, ir.ListT | ir.SetT) and want.elem != ir.UNKNOWN else None
        elems = [self.expr(x, guide) for x in e.elts]
        t: Type = guide or ir.UNKNOWN
        t = _common(t, elems, any_too=isinstance(e, ast.List))
        elems = [self.coerce(x, t) for x in elems]
        if isinstance(e, ast.Set):
            return ir.SetLit(elems, type=ir.SetT(t))
        return ir.ListLit(elems, type=ir.ListT(t))

    def _spread(self, e: ast.List | ast.Set, want: Type | None) -> ir.Expr:
        if isinstance(e, ast.Set):
            raise Unsupported("a set display with *")
        out: ir.Expr | None = None
        for x in e.elts:
            part = (
                self.as_list(self.expr(x.value, want))
                if isinstance(x, ast.Starred)
                else self._sequence(ast.copy_location(ast.List([x], ast.Load()), x), want)
            )
            if out is None:
                out = part
            else:
                t = join(out.type, part.type)
                out = ir.Intrinsic("list.concat", [self.coerce(out, t), self.coerce(part, t)], type=t)
        assert out is not None
        return out

    def _tuple(self, e: ast.Tuple, want: Type | None) -> ir.Expr:
        if isinstance(want, ir.ListT):
            return self._sequence(ast.copy_location(ast.List(e.elts, ast.Load()), e), want)
        if any(isinstance(x, ast.Starred) for x in e.elts):
            raise Unsupported("a tuple with *")
        guides = (
            want.elems
            if isinstance(want, ir.TupleT) and len(want.elems) == len(e.elts)
            else [None] * len(e.elts)
        )
        elems = [self.expr(x, g) for x, g in zip(e.elts, guides, strict=True)]
        elems = [self.coerce(x, ir.STR) if x.type == ir.CHAR else x for x in elems]
        return ir.TupleLit(elems, type=ir.TupleT(tuple(x.type for x in elems)))

    def _merged(self, e: ast.Dict, want: Type | None) -> ir.Expr:
        """A dict display with `**`: unions from left to right, in which later entries win."""
        parts: list[ast.expr] = []
        between: ast.Dict | None = None
        for k, v in zip(e.keys, e.values, strict=True):
            if k is None:
                parts.append(v)
                between = None
                continue
            if between is None:
                between = ast.copy_location(ast.Dict([], []), k)
                parts.append(between)
            between.keys.append(k)
            between.values.append(v)
        made = [self.expr(p, want) for p in parts]
        if len(made) == 1 and isinstance(made[0].type, ir.DictT):
            return ir.Intrinsic("dict.copy", made, type=made[0].type)
        return reduce(self.union, made)

    def union(self, left: ir.Expr, right: ir.Expr) -> ir.Expr:
        """A new map with the entries of two, of which the right one's win."""
        if not (isinstance(left.type, ir.DictT) and isinstance(right.type, ir.DictT)):
            raise Unsupported(f"a union of {ir.type_text(left.type)} and {ir.type_text(right.type)}")
        if left.type.zero or right.type.zero:
            raise Unsupported("a union of maps with a default")
        t = join(left.type, right.type)
        if not isinstance(t, ir.DictT) or ir.UNKNOWN in (t.key, t.value):
            raise Unsupported("a union of maps whose types are not known")
        return ir.Intrinsic("dict.union", [self.coerce(left, t), self.coerce(right, t)], type=t)

    def _dict(self, e: ast.Dict, want: Type | None) -> ir.Expr:
        if any(k is None for k in e.keys):
            return self._merged(e, want)
        kw = want.key if isinstance(want, ir.DictT) and want.key != ir.UNKNOWN else None
        vw = want.value if isinstance(want, ir.DictT) and want.value != ir.UNKNOWN else None
        items = [
            (self.expr(k, kw), self.expr(v, vw))
            for k, v in zip(e.keys, e.values, strict=True)
            if k is not None
        ]
        kt: Type = kw or ir.UNKNOWN
        vt: Type = vw or ir.UNKNOWN
        for k, _ in items:
            kt = join(kt, unify_element(k.type))
        vt = _common(vt, [v for _, v in items], any_too=kt == ir.STR)
        if not isinstance(vt, ir.P) and not isinstance(
            vt, ir.ListT | ir.DictT | ir.SetT | ir.TupleT | ir.OptionalT | ir.NamedT | ir.FuncT
        ):
            raise Unsupported("a dict whose values have no common type")
        return ir.DictLit([(self.coerce(k, kt), self.coerce(v, vt)) for k, v in items], type=ir.DictT(kt, vt))

    def index(self, node: ast.expr) -> ir.Expr:
        """An index into a list or string, with its sign made explicit: see `from_end` and `wrap` in the catalogue."""
        i = self.expr(node)
        if i.type != ir.INT:
            raise Unsupported("an index that is not an integer")
        if isinstance(i, ir.Lit) and i.value < 0:
            return ir.Intrinsic("from_end", [ir.Lit(-i.value, type=ir.INT)], type=ir.INT)
        low = self.lower_bound(i)
        if low is not None and low < 0:
            return ir.Intrinsic("wrap", [i], type=ir.INT)
        if low is None:
            self.scope.differ(
                "A computed index below zero stops the program, where Python counts from the end."
            )
        return i

    def _bound(self, node: ast.expr | None) -> ir.Expr:
        if node is None:
            return ir.Lit(None, type=ir.NONE)
        i = self.expr(node)
        if isinstance(i, ir.Lit) and i.value is None:
            return ir.Lit(None, type=ir.NONE)
        if isinstance(i, ir.Unwrap):
            pass
        if i.type != ir.INT:
            raise Unsupported("a slice bound that is not an integer")
        if isinstance(i, ir.Lit) and i.value < 0:
            return ir.Intrinsic("from_end", [ir.Lit(-i.value, type=ir.INT)], type=ir.INT)
        if isinstance(i, ir.Intrinsic) and i.op == "int.neg":
            return ir.Intrinsic("bound", [i], type=ir.INT)
        low = self.lower_bound(i)
        return i if low is not None and low >= 0 else ir.Intrinsic("bound", [i], type=ir.INT)

    def _subscript(self, e: ast.Subscript) -> ir.Expr:
        if self.stdlib_name(e.value) == "os.environ" and not isinstance(e.slice, ast.Slice):
            return library.variable(self, e.slice)
        obj = mixed.whole(self.expr(e.value))
        t = obj.type
        if isinstance(e.slice, ast.Slice):
            return self._slice(obj, e.slice)
        match t:
            case ir.ListT(elem):
                return ir.Intrinsic("list.index", [obj, self.index(e.slice)], "IndexError", type=elem)
            case ir.P(ir.Prim.STR):
                return ir.Intrinsic("str.index", [obj, self.index(e.slice)], "IndexError", type=ir.CHAR)
            case ir.DictT(key, value, zero):
                k = self.coerce(self.expr(e.slice, key), key)
                self.learn(e.value, ir.DictT(unify_element(k.type), ir.UNKNOWN, zero))
                known = zero or (
                    entry(e.value, e.slice) in self.narrowed
                    and not any(isinstance(n, ast.Name) and n.id in self.shared for n in ast.walk(e))
                )
                return ir.Intrinsic("dict.index", [obj, k], "" if known else "KeyError", type=value)
            case ir.TupleT(elems):
                i = self.expr(e.slice)
                if isinstance(i, ir.Lit) and isinstance(i.value, int) and -len(elems) <= i.value < len(elems):
                    at = i.value % len(elems)
                    return ir.Intrinsic("tuple.index", [obj, ir.Lit(at, type=ir.INT)], type=elems[at])
                raise Unsupported("a computed index into a tuple")
            case ir.MatchT() if isinstance(e.slice, ast.Constant):
                return regex.known(self, regex.group(obj, e.slice.value), e)
            case ir.P(ir.Prim.ANY):
                key = self.expr(e.slice)
                if key.type == ir.STR:
                    return ir.Intrinsic("json.field", [obj, key], "KeyError", type=ir.ANY)
                if isinstance(key, ir.Lit) and key.type == ir.INT and key.value >= 0:
                    return ir.Intrinsic("json.item", [obj, key], "IndexError", type=ir.ANY)
                raise Unsupported("this index into JSON", ast.unparse(e), e.lineno)
            case _:
                if (called := operators.item(self, obj, e.slice)) is not None:
                    return called
                raise Unsupported(f"indexing of {ir.type_text(t)}", ast.unparse(e), e.lineno)

    def _slice(self, obj: ir.Expr, s: ast.Slice) -> ir.Expr:
        if not isinstance(obj.type, ir.ListT) and obj.type not in (ir.STR, ir.CHAR):
            raise Unsupported(f"slice of {ir.type_text(obj.type)}")
        kind = "list" if isinstance(obj.type, ir.ListT) else "str"
        obj = self.coerce(obj, ir.STR) if kind == "str" else obj
        if s.step is not None:
            step = self.expr(s.step)
            whole = s.lower is None or (
                isinstance(s.lower, ast.Call) and isinstance(s.lower.func, ast.Name) and s.lower.func.id == "len"
                and len(s.lower.args) == 1 and ir.same(self.expr(s.lower.args[0]), obj)
            )  # fmt: skip
            if isinstance(step, ir.Lit) and isinstance(step.value, int) and step.value < 0:
                # From the last one to take, downwards: the part between, turned around.
                after = None if whole else self._beyond(s.lower)
                before = None if s.upper is None else self._beyond(s.upper)
                if (whole or after is not None) and (s.upper is None or before is not None):
                    none = ir.Lit(None, type=ir.NONE)
                    made = obj
                    if after is not None or before is not None:
                        made = ir.Intrinsic(
                            f"{kind}.slice", [obj, before or none, after or none], type=obj.type
                        )
                    made = ir.Intrinsic(f"{kind}.reversed", [made], type=obj.type)
                    if step.value == -1:
                        return made
                    by = ir.Lit(-step.value, type=ir.INT)
                    return ir.Intrinsic(f"{kind}.stride", [made, none, none, by], type=obj.type)
            if isinstance(step, ir.Lit) and isinstance(step.value, int) and step.value > 1:
                low, high = self._bound(s.lower), self._bound(s.upper)
                return ir.Intrinsic(f"{kind}.stride", [obj, low, high, step], type=obj.type)
            if not (isinstance(step, ir.Lit) and step.value == 1):
                raise Unsupported("a slice with this step")
        return ir.Intrinsic(f"{kind}.slice", [obj, self._bound(s.lower), self._bound(s.upper)], type=obj.type)

    def _beyond(self, bound: ast.expr | None) -> ir.Lit | None:
        """The position behind a literal bound that counts from the beginning, None for another."""
        match bound:
            case ast.Constant(value=int() as value) if not isinstance(value, bool):
                return ir.Lit(value + 1, type=ir.INT)
            case _:
                return None

    # Iteration

    def iterable(self, node: ast.expr) -> ir.Expr:
        """An expression that is iterated over; tuples of one element type become lists, enums their members."""
        if isinstance(node, ast.Name) and self.lookup(node.id) is None and self._is_enum(node.id):
            t = ir.NamedT(node.id)
            members: list[ir.Expr] = [
                ir.EnumMember(node.id, m, type=t) for m in self.scope.classes[node.id].members
            ]
            return ir.ListLit(members, type=ir.ListT(t))
        e = self.expr(node)
        if isinstance(e.type, ir.TupleT):
            t: Type = ir.UNKNOWN
            for x in e.type.elems:
                t = join(t, x)
            if isinstance(e, ir.TupleLit):
                return ir.ListLit([self.coerce(x, t) for x in e.elems], type=ir.ListT(t))
            return self.coerce(e, ir.ListT(t))
        if isinstance(e.type, ir.OptionalT):
            raise Unsupported("iteration over a value that may be None")
        if e.type == ir.ANY:
            return ir.Intrinsic("json.items", [e], "TypeError", type=ir.ListT(ir.ANY))
        return operators.items(self, e) or e

    def element_type(self, t: Type) -> Type:
        """The type of what iteration yields."""
        match t:
            case ir.ListT(elem) | ir.SetT(elem) | ir.IterT(elem):
                return elem
            case ir.DictT(key, _):
                return key
            case ir.P(ir.Prim.STR) | ir.P(ir.Prim.CHAR):
                return ir.CHAR
            case ir.P(ir.Prim.BYTES):
                return ir.INT
            case _:
                raise Unsupported(f"iteration over {ir.type_text(t)}")

    def unpack_types(self, t: Type, count: int) -> list[Type]:
        """The types of the parts when a value is unpacked."""
        match t:
            case ir.TupleT(elems) if len(elems) == count:
                return list(elems)
            case ir.P(ir.Prim.UNKNOWN):
                return [ir.UNKNOWN] * count
            case ir.ListT(elem):
                return [elem] * count
            case _:
                raise Unsupported(f"unpacking {ir.type_text(t)} into {count}")

    def comp_target(self, node: ast.expr, t: Type) -> ir.Target:
        """The target of a comprehension clause, which is local to it."""
        match node:
            case ast.Name():
                self.vars[node.id] = t
                self.narrowed.pop(node.id, None)
                self.forget(node.id)
                return ir.VarTarget(node.id, type=t, line=node.lineno)
            case ast.Tuple() | ast.List():
                types = self.unpack_types(t, len(node.elts))
                return ir.TupleTarget(
                    [self.comp_target(e, u) for e, u in zip(node.elts, types, strict=True)], type=t
                )
            case _:
                raise Unsupported("a comprehension target of this kind")

    def _comp(
        self, kind: str, elt: ast.expr, generators: list[ast.comprehension], want: Type | None
    ) -> ir.Expr:
        names = {n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        saved = {n: self.vars.get(n) for n in names}
        saved_lower = dict(self.lower)
        saved_narrowed = dict(self.narrowed)
        clauses: list[ir.Clause] = []
        for g in generators:
            if g.is_async:
                raise Unsupported("an asynchronous comprehension")
            it = self.iterable(g.iter)
            target = self.comp_target(g.target, self.element_type(it.type))
            self.range_bounds(target, it)
            conds: list[ir.Expr] = []
            for c in g.ifs:
                conds.append(self.cond(c))
                self.narrowed.update(self.facts(c)[0])
            clauses.append(ir.Clause(target, it, conds))
        guide: Type | None = None
        if kind in ("list", "set", "iter") and isinstance(want, ir.ListT | ir.SetT | ir.IterT):
            guide = want.elem if want.elem != ir.UNKNOWN else None
        elem = self.expr(elt, guide)
        if kind != "iter" and elem.type == ir.CHAR:
            elem = self.coerce(elem, ir.STR)
        if isinstance(elem, ir.TupleLit) and isinstance(elem.type, ir.TupleT):
            elem = self.coerce(elem, unify_element(elem.type))
        for n, t in saved.items():
            if t is None:
                self.vars.pop(n, None)
            else:
                self.vars[n] = t
        self.lower, self.narrowed = saved_lower, saved_narrowed
        match kind:
            case "list":
                t2: Type = ir.ListT(elem.type)
            case "set":
                t2 = ir.SetT(elem.type)
            case "dict":
                assert isinstance(elem.type, ir.TupleT)
                t2 = ir.DictT(elem.type.elems[0], elem.type.elems[1])
            case _:
                t2 = ir.IterT(elem.type)
        self._unshadow(clauses, elem)
        return ir.Comp(kind, elem, clauses, type=t2)

    def _unshadow(self, clauses: list[ir.Clause], elem: ir.Expr) -> None:
        """Name the variables of `x for x in x` apart: Python looks at what is gone over before it binds them."""
        for i, clause in enumerate(clauses):
            read = {n.id for n in ir.walk(clause.iter) if isinstance(n, ir.Name)}
            names: dict[str, str] = {}
            for t in ir.walk(clause.target):
                if isinstance(t, ir.VarTarget) and t.id in read:
                    names[t.id] = f"inner_{t.id}"
                    while self.lookup(names[t.id]) is not None or names[t.id] in read:
                        names[t.id] = f"inner_{names[t.id]}"
            rename([clause.target, *clause.conds, *clauses[i + 1 :], elem], names)

    def range_bounds(self, target: ir.Target, it: ir.Expr) -> None:
        """Remember that a counting variable is never below the start of its range."""
        if not isinstance(it, ir.Intrinsic):
            return
        if it.op == "range" and isinstance(target, ir.VarTarget) and isinstance(it.args[2], ir.Lit):
            low = self.lower_bound(it.args[0]) if it.args[2].value > 0 else self.lower_bound(it.args[1])
            if low is not None:
                self.lower[target.id] = low if it.args[2].value > 0 else low + 1
        elif (
            it.op == "enumerate"
            and isinstance(target, ir.TupleTarget)
            and isinstance(target.elems[0], ir.VarTarget)
        ):
            low = self.lower_bound(it.args[1])
            if low is not None:
                self.lower[target.elems[0].id] = low

    def _lambda(self, e: ast.Lambda, want: Type | None) -> ir.Expr:
        a = e.args
        if a.vararg or a.kwarg or a.defaults or a.kwonlyargs:
            raise Unsupported("a lambda with defaults or variadic parameters")
        if not isinstance(want, ir.FuncT) or len(want.params) != len(a.args):
            raise Unsupported("a lambda whose parameter types are not known")
        saved = dict(self.vars)
        params: list[ir.Param] = []
        for arg, t in zip(a.args, want.params, strict=True):
            self.vars[arg.arg] = t
            params.append(ir.Param(arg.arg, t))
        body = self.expr(e.body, want.result if want.result != ir.UNKNOWN else None)
        if want.result != ir.UNKNOWN:
            body = self.coerce(body, want.result)
        names = {arg.arg for arg in a.args}
        self.vars = {
            **{k: v for k, v in self.vars.items() if k not in names},
            **{k: v for k, v in saved.items() if k in names},
        }
        return ir.Lambda(params, body, type=ir.FuncT(want.params, body.type, raises=False, context=False))

    def as_list(self, e: ir.Expr) -> ir.Expr:
        """A value that can be iterated, as a list."""
        if isinstance(e.type, ir.ListT):
            return e
        if isinstance(e, ir.Comp) and e.kind == "iter":
            elem = self.coerce(e.elem, unify_element(e.elem.type))
            return ir.Comp("list", elem, e.clauses, type=ir.ListT(elem.type), line=e.line)
        if isinstance(e.type, ir.TupleT):
            t: Type = ir.UNKNOWN
            for x in e.type.elems:
                t = join(t, unify_element(x))
            return self.coerce(e, ir.ListT(t))
        return ir.Intrinsic("to_list", [e], type=ir.ListT(unify_element(self.element_type(e.type))))

    # Calls

    def call(self, e: ast.Call, want: Type | None) -> ir.Expr:
        """A call: of a pattern, of this module, of a method, of a builtin or of the standard library."""
        from foundation_engine.port.front import _python_calls as calls
        from foundation_engine.port.front import _python_patterns as patterns

        gathered = self._gathered(e)
        if gathered is not None:
            return gathered
        columns = len(e.args) == 1 and (
            (isinstance(e.func, ast.Name) and e.func.id == "zip")
            or self.stdlib_name(e.func) == "itertools.zip_longest"
        )
        if not self._takes_any(e) and (
            any(isinstance(a, ast.Starred) for a in e.args if not columns)
            or any(k.arg is None for k in e.keywords)
        ):
            raise Unsupported("a call with * or **")
        if self.opened and ast.unparse(e) in self.opened:
            return self.read_text(self.opened[ast.unparse(e)])
        path = dotted(e.func)
        if path is not None:
            head = path.partition(".")[0]
            if self.lookup(head) is None:
                symbol = self.symbol(path)
                if symbol is not None:
                    return patterns.call(self, e, symbol)
                if path in self.scope.functions:
                    return self.module_call(path, e)
                if path in self.scope.classes:
                    return self.construct(path, e)
                if self.error_name(e.func) is not None:
                    return self.error(e)
        if isinstance(e.func, ast.Name):
            t = self.lookup(e.func.id)
            if isinstance(t, ir.FuncT):
                return self._call_value(ir.Name(e.func.id, type=t), t, e)
            held = t if t is not None else self.scope.constants.get(e.func.id)
            if (
                held is not None
                and (called := operators.called(self, ir.Name(e.func.id, type=held), e)) is not None
            ):
                return called
            if held is not None and held == ir.NamedT("RetryPolicy"):
                return patterns.method(self, e, ir.Name(e.func.id, type=held), "RetryPolicy", "__call__")
            if t is None and e.func.id not in self.scope.foreign:
                found = calls.builtin(self, e.func.id, e, want)
                if found is not None:
                    return found
        module = self.stdlib_name(e.func)
        if module is not None:
            found = calls.stdlib(self, module, e, want)
            if found is not None:
                return found
        constant = (module or "").rpartition(".")[0] in STRING_CONSTANTS
        if isinstance(e.func, ast.Attribute) and not (
            module is not None and not constant and self.lookup((path or "").partition(".")[0]) is None
        ):
            return self._method(e, e.func)
        raise Unsupported(f"call of {ast.unparse(e.func)}", ast.unparse(e), e.lineno)

    def _takes_any(self, e: ast.Call) -> bool:
        """True for a call of a function of the module that takes any number of arguments."""
        name = dotted(e.func) or ""
        s = self.scope.functions.get(name)
        if s is None and isinstance(e.func, ast.Attribute) and isinstance(e.func.value, ast.Name):
            cls = self.cls if e.func.value.id == "self" else e.func.value.id
            held = self.lookup(e.func.value.id)
            cls = held.name if isinstance(held, ir.NamedT) else cls
            s = self.scope.classes[cls].methods.get(e.func.attr) if cls in self.scope.classes else None
        return s is not None and bool(s.rest or s.named_rest)

    def _gathered(self, e: ast.Call) -> ir.Expr | None:
        """`asyncio.gather(...)`: the values of its calls, made one after the other; None for another call."""
        if self.stdlib_name(e.func) != "asyncio.gather":
            return None
        if e.keywords:
            raise Unsupported("asyncio.gather with options", ast.unparse(e), e.lineno)
        self.scope.differ(
            "What asyncio.gather awaits together runs one after the other, and stops at the first error."
        )
        if len(e.args) == 1 and isinstance(e.args[0], ast.Starred):
            return self.as_list(self.expr(e.args[0].value))
        if any(isinstance(a, ast.Starred) for a in e.args):
            raise Unsupported("a call with * or **", ast.unparse(e), e.lineno)
        values = [self.expr(a) for a in e.args]
        return ir.TupleLit(values, type=ir.TupleT(tuple(v.type for v in values)))

    def check_read_once(self, e: ast.expr) -> None:
        """Raise Unsupported where an iterator that is a list here is kept, and gone through more than once."""

    def read_text(self, path: ast.expr) -> ir.Expr:
        """The text of the file at a path."""
        at = self.coerce(self.expr(path), ir.STR)
        self.scope.differ("A file is read as UTF-8 as it is; Python turns `\\r\\n` into `\\n`.")
        return ir.Intrinsic("file.read_text", [at], "OSError", type=ir.STR)

    def stdlib_name(self, func: ast.expr) -> str | None:
        """`math.sqrt` for a function that was imported from the standard library under any name."""
        path = dotted(func)
        if path is None:
            return None
        head, _, rest = path.partition(".")
        if self.lookup(head) is not None or head in self.scope.constants:
            return None
        if path in ("str.maketrans", "dict.fromkeys") or path.startswith("<"):
            return path
        if head in self.scope.foreign and not rest:
            module, original = self.scope.foreign[head]
            return f"{module}.{original}"
        if head in self.scope.modules and rest:
            # `import os.path` binds the first name only.
            module = self.scope.modules[head]
            if head in self.scope.foreign:
                return f"{module}.{rest}"
            return path if module == path or module.startswith(f"{head}.") else f"{module}.{rest}"
        return None

    def signed(self, s: Signature, e: ast.Call) -> list[ir.Expr]:
        """Arguments of a call in the order of the parameters, those behind the others as a list and a map."""
        if not s.rest and not s.named_rest:
            return self.arguments(s.params, e)
        named = [p for p in s.params if p.name not in (s.rest, s.named_rest)]
        only = [p for p in named if p.name in s.by_name]
        places = [p for p in named if p not in only]
        taken = e.args[: len(places)]
        further = e.args[len(places) :]
        if any(isinstance(a, ast.Starred) for a in taken) or (further and not s.rest):
            raise Unsupported("a call with * or **", ast.unparse(e), e.lineno)
        names = {p.name for p in named}
        plain = [k for k in e.keywords if k.arg in names]
        out = self.arguments(named, ast.copy_location(ast.Call(e.func, taken, plain), e))
        if s.rest:
            t = next(p.type for p in s.params if p.name == s.rest)
            alone = further[0].value if len(further) == 1 and isinstance(further[0], ast.Starred) else None
            items = (
                self.as_list(self.iterable(alone))
                if alone is not None
                else self.expr(ast.copy_location(ast.List(further, ast.Load()), e), t)
            )
            out.append(self.coerce(items, t))
        if s.named_rest:
            t = next(p.type for p in s.params if p.name == s.named_rest)
            rest = [k for k in e.keywords if k.arg not in names]
            keys = [None if k.arg is None else ast.copy_location(ast.Constant(k.arg), k.value) for k in rest]
            table = self.expr(ast.copy_location(ast.Dict(list(keys), [k.value for k in rest]), e), t)
            out.append(self.coerce(table, t))
        elif len(plain) != len(e.keywords):
            raise Unsupported("a call with an unknown argument", ast.unparse(e), e.lineno)
        return out

    def arguments(self, params: list[ir.Param], e: ast.Call, skip: int = 0) -> list[ir.Expr]:
        """Arguments in the order of the parameters, with defaults filled in."""
        given: dict[str, ast.expr] = {}
        args = e.args[skip:]
        if len(args) > len(params):
            raise Unsupported("a call with too many arguments")
        for p, a in zip(params, args, strict=False):
            given[p.name] = a
        names = {p.name for p in params}
        for k in e.keywords:
            if k.arg is None or k.arg not in names:
                raise Unsupported(f"a call with an unknown argument {k.arg}")
            given[k.arg] = k.value
        out: list[ir.Expr] = []
        for node in given.values():
            if isinstance(node, ast.Name) and isinstance(self.lookup(node.id), ir.DictT):
                # What is called may remove entries.
                self.forget_entries(node.id)
        for p in params:
            if p.name in given:
                v = self.expr(given[p.name], p.type)
                out.append(self.coerce(v, p.type))
            elif p.default is not None and (
                self.shaping or not (isinstance(p.default, ir.Lit) and p.default.value is ...)
            ):
                out.append(p.default)
            else:
                raise Unsupported(f"a call without the argument {p.name}")
        return out

    def module_call(self, name: str, e: ast.Call) -> ir.Expr:
        """A call of a function of this module."""
        s = self.scope.functions[name]
        if s.result == ir.UNKNOWN:
            raise Unsupported(
                f"the result type of {name} is not known; annotate it", ast.unparse(e), e.lineno
            )
        args = self.signed(s, e)
        return ir.Call(
            ir.Name(name, type=ir.FuncT(tuple(p.type for p in s.params), s.result)), args, type=s.result
        )

    def _call_value(self, f: ir.Expr, t: ir.FuncT, e: ast.Call) -> ir.Expr:
        if e.keywords or len(e.args) != len(t.params):
            raise Unsupported("a call of a callable with other arguments than its type says")
        args: list[ir.Expr] = []
        for i, (a, p) in enumerate(zip(e.args, t.params, strict=True)):
            v = self.expr(a, p if p != ir.UNKNOWN else None)
            if isinstance(f, ir.Name):
                key = (f.id, i)
                at: ExpressionLowerer | None = self
                while at is not None:
                    at.call_types[key] = join(at.call_types.get(key, ir.UNKNOWN), unify_element(v.type))
                    at = at.outer
            args.append(self.coerce(v, p))
        return ir.Call(f, args, type=t.result)

    def construct(self, name: str, e: ast.Call) -> ir.Expr:
        """An object of a class of this module."""
        info = self.scope.classes[name]
        if info.kind == "enum":
            if len(e.args) != 1 or e.keywords:
                raise Unsupported(f"construction of {name}", ast.unparse(e), e.lineno)
            value = self.expr(e.args[0])
            return (
                value if value.type == ir.NamedT(name) else prelude.member_of(self, value, name, info.members)
            )
        if info.kind == "error":
            return self.error(e)
        if info.kind not in ("dataclass", "plain"):
            raise Unsupported(f"construction of {name}")
        if not info.made:
            raise Unsupported(
                f"construction of {name}, whose initialiser is not ported", ast.unparse(e), e.lineno
            )
        args = self.arguments(info.init, e)
        return ir.New(name, [(p.name, a) for p, a in zip(info.init, args, strict=True)], type=ir.NamedT(name))

    def error_names(self, node: ast.expr) -> list[str] | None:
        """The error classes that an expression or a tuple of them names, or None when one of them is not known."""
        if isinstance(node, ast.Name) and node.id in self.scope.error_tuples:
            return self.scope.error_tuples[node.id]
        out: list[str] = []
        for n in node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]:
            names = LIBRARY_ERRORS.get(self.origin(n)) or (self.error_name(n),)
            for name in names:
                if name is None:
                    return None
                if name not in out:
                    out.append(name)
        return out

    def origin(self, node: ast.expr) -> tuple[str, str]:
        """The library and the name in it that an expression means through the imports of this file, or ("", "")."""
        head = (dotted(node) or "").partition(".")[0]
        return ("", "") if self.lookup(head) is not None else self.scope.origin(node)

    def error_name(self, node: ast.expr) -> str | None:
        """The error class that an expression names, or None."""
        path = dotted(node)
        if path is None:
            return None
        known = LIBRARY_ERRORS.get(self.origin(node))
        if known is not None:
            return known[0] if len(known) == 1 else None
        last = path.rpartition(".")[2]
        if path in self.scope.classes:
            return path if self.scope.classes[path].kind == "error" else None
        origin = self.scope.foreign.get(last)
        name = origin[1] if origin is not None and path == last else last
        name = (
            BUILTIN_ERRORS.get(name, name)
            if origin is None or not origin[0].startswith(("foundation", "provide.foundation"))
            else name
        )
        if name == "Exit" and (origin is None or not origin[0].startswith("foundation")):
            return None
        return name if name in ir.ERROR_BASES else None

    def error(self, e: ast.expr) -> ir.Expr:
        """An error value: a class, or a call of one."""
        call = e if isinstance(e, ast.Call) else None
        name = self.error_name(call.func if call else e)
        if name is None:
            raise Unsupported("raise of something that is not a known error class", ast.unparse(e), e.lineno)
        info = self.scope.classes.get(name)
        if info is not None and info.kind == "error":
            fake = call or ast.copy_location(ast.Call(e, [], []), e)
            if any(p.name == "message" and len(info.init) == 1 for p in info.init) and not info.fields:
                return self._message_error(name, fake)
            args = self.arguments(info.init, fake)
            return ir.New(
                name, [(p.name, a) for p, a in zip(info.init, args, strict=True)], type=ir.NamedT(name)
            )
        if name == "Exit":
            if call is not None and (call.keywords or len(call.args) > 1):
                raise Unsupported("Exit with these arguments", ast.unparse(e), e.lineno)
            code = (
                self.coerce(self.expr(call.args[0]), ir.INT)
                if call is not None and call.args
                else ir.Lit(0, type=ir.INT)
            )
            return ir.New("Exit", [("code", code)], type=ir.NamedT("Exit"))
        return self._message_error(name, call)

    def _message_error(self, name: str, call: ast.Call | None) -> ir.Expr:
        args = call.args if call else []
        if len(args) > 1 or (call and call.keywords):
            raise Unsupported(f"{name} with several arguments", ast.unparse(call) if call else "")
        message: ir.Expr = ir.Lit("", type=ir.STR)
        if args:
            value = self.expr(args[0], ir.STR)
            if value.type not in (ir.STR, ir.CHAR):
                from foundation_engine.port.front._python_calls import to_text

                value = to_text(self, value)
            message = self.coerce(value, ir.STR)
        return ir.New(name, [("message", message)], type=ir.NamedT(name))

    def _enum_method(self, e: ast.Call, func: ast.Attribute) -> ir.Expr | None:
        """A method of an enum or of its member, which is a function of the module; None for another method."""
        names = {method for _, method in self.scope.enum_functions}
        if func.attr not in names:
            return None
        owner = dotted(func.value) or ""
        if self.lookup(owner) is None and (owner, func.attr) in self.scope.enum_functions:
            return self.module_call(self.scope.enum_functions[owner, func.attr], e)
        obj = self.expr(func.value)
        made = self.scope.enum_functions.get(
            (obj.type.name if isinstance(obj.type, ir.NamedT) else "", func.attr)
        )
        if made is None:
            return None
        whole = ast.Call(ast.Name(made, ast.Load()), [func.value, *e.args], e.keywords)
        return self.module_call(made, ast.copy_location(whole, e))

    def _method(self, e: ast.Call, func: ast.Attribute) -> ir.Expr:
        from foundation_engine.port.front import _python_calls as calls
        from foundation_engine.port.front import _python_patterns as patterns

        header = patterns.response_header(self, e)
        if header is not None:
            return header
        if (of_enum := self._enum_method(e, func)) is not None:
            return of_enum
        if (of_bytes := library.digest(self, e) or library.encoded_text(self, e)) is not None:
            return of_bytes
        match func.value:
            case ast.Call(func=ast.Name(id="open"), args=[path]) if func.attr == "read" and not e.args:
                if all(k.arg in ("encoding", "errors") for k in func.value.keywords):
                    return self.read_text(path)
            case _:
                pass
        if isinstance(func.value, ast.Name) and self.lookup(func.value.id) is None:
            owner = self.scope.classes.get(func.value.id)
            if owner is not None and func.attr in owner.methods and owner.methods[func.attr].kind == "static":
                s = owner.methods[func.attr]
                named = ir.Name(func.value.id, type=ir.NamedT(func.value.id))
                return ir.MethodCall(named, func.attr, self.signed(s, e), type=s.result)
            if owner is not None and func.attr in owner.lost:
                reason = f"{func.value.id}.{func.attr}, which is not ported"
                raise Unsupported(reason, ast.unparse(e), e.lineno)
        obj = self.expr(func.value)
        name = func.attr
        if name == "get":
            obj = mixed.whole(obj)
        t = obj.type
        match t:
            case ir.NamedT(cls):
                info = self.scope.classes.get(cls)
                if info is not None and name in info.methods:
                    s = info.methods[name]
                    if s.result == ir.UNKNOWN:
                        raise Unsupported(
                            f"the result type of {name} is not known; annotate it", ast.unparse(e), e.lineno
                        )
                    if s.kind == "static":
                        self.require_pure(obj)
                        obj = ir.Name(cls, type=ir.NamedT(cls))
                    return ir.MethodCall(obj, name, self.signed(s, e), type=s.result)
                if info is not None and isinstance(info.fields.get(name), ir.FuncT):
                    ft = info.fields[name]
                    assert isinstance(ft, ir.FuncT)
                    return self._call_value(ir.Field(obj, name, type=ft), ft, e)
                if info is not None and name in info.lost:
                    raise Unsupported(f"{cls}.{name}, which is not ported", ast.unparse(e), e.lineno)
                if cls in PATTERN_TYPES and info is None:
                    return patterns.method(self, e, obj, cls, name)
            case ir.P(ir.Prim.STR) | ir.P(ir.Prim.CHAR):
                moved = name == "replace" and len(e.args) == 1
                if moved or (name in calls.PATH_METHODS and name not in STRING_METHODS):
                    return calls.path_method(self, e, obj, name)
                return calls.string_method(self, e, obj, name, STRING_METHODS)
            case ir.ListT():
                return calls.list_method(self, e, func.value, obj, name, LIST_METHODS)
            case ir.DictT():
                return calls.dict_method(self, e, func.value, obj, name, DICT_METHODS)
            case ir.SetT():
                return calls.set_method(self, e, func.value, obj, name, SET_METHODS)
            case ir.P() if t in times.ORDERED:
                return times.method(self, e, obj, name)
            case ir.P(ir.Prim.BYTES) if name == "decode" and calls.is_utf8(e):
                return ir.Intrinsic("bytes.decode", [obj], "ValueError", type=ir.STR)
            case ir.RegexT() | ir.MatchT():
                return regex.method(self, e, obj, name)
            case ir.P(ir.Prim.INT) if name in ("bit_length", "bit_count") and not e.args and not e.keywords:
                return prelude.call(self, "bits_of" if name == "bit_length" else "ones_of", obj)
            case ir.P(ir.Prim.ANY) if name == "get" and 1 <= len(e.args) <= 2 and not e.keywords:
                key = self.coerce(self.expr(e.args[0]), ir.STR)
                default = self.expr(e.args[1], ir.ANY) if len(e.args) == 2 else ir.Lit(None, type=ir.NONE)
                if isinstance(default, ir.ListLit | ir.DictLit):
                    self.require_pure(obj)
                    has = ir.Intrinsic("json.has", [obj, key], type=ir.BOOL)
                    held = ir.Intrinsic("json.get_or", [obj, key, ir.Lit(None, type=ir.NONE)], type=ir.ANY)
                    return ir.Cond(has, held, mixed.of(self, default), type=ir.ANY)
                if not isinstance(default, ir.Lit):
                    raise Unsupported("a computed default of a JSON value", ast.unparse(e), e.lineno)
                return ir.Intrinsic("json.get_or", [obj, key, default], type=ir.ANY)
            case ir.P(ir.Prim.ANY) if (known := mixed.receiver(self, obj, name)) is not obj:
                if known.type == ir.STR:
                    return calls.string_method(self, e, known, name, STRING_METHODS)
                return calls.dict_method(self, e, func.value, known, name, DICT_METHODS)
            case _:
                pass
        raise Unsupported(f"method {name} of {ir.type_text(t)}", ast.unparse(e), e.lineno)

    def extend(self, target: ast.expr, right: ir.Expr) -> ir.Expr:
        """`target.extend(right)`."""
        right = self.as_list(right)
        assert isinstance(right.type, ir.ListT)
        self.learn(target, ir.ListT(unify_element(right.type.elem)))
        obj = self.expr(target)
        return ir.Intrinsic("list.extend", [obj, self.coerce(right, obj.type)], type=ir.NONE)

    # Patterns

    def symbol(self, path: str) -> Symbol | None:
        """The name of a pattern's library that a dotted name means through the imports of this file, or None."""
        from foundation_engine.port.front._python_patterns import symbol_of

        head, _, rest = path.partition(".")
        if self.lookup(head) is not None:
            return None
        origin = self.scope.foreign.get(head)
        if origin is not None and not rest:
            return symbol_of(*origin)
        module = self.scope.modules.get(head)
        if module is not None and rest:
            inner, _, name = rest.rpartition(".")
            # `import foundation.http` binds the package's first name only.
            whole = module if head != module.partition(".")[0] else head
            return symbol_of(f"{whole}.{inner}" if inner else whole, name)
        return None
