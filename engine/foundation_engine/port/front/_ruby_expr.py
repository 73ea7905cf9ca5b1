"""Ruby expressions to typed IR expressions; statements are in `_ruby_stmt.py`, methods in `_ruby_calls.py`."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from foundation_engine.port import ir
from foundation_engine.port.bounds import lower_bound
from foundation_engine.port.front import _ruby_ast as ast
from foundation_engine.port.front import _ruby_json as json
from foundation_engine.port.front._ruby_nodes import FLOAT_TEXT, Maybe, integer, lit, op
from foundation_engine.port.front._ruby_scope import (
    ClassInfo,
    Param,
    Scope,
    Signature,
    ordered,
    pure,
    type_text,
)
from foundation_engine.port.front._ruby_types import SYMBOL, JsonT, NumericT, VarT, without_zero
from foundation_engine.port.ir import Type, Unsupported

NIL_STOPS = (
    "nil where a value is needed stops the port there, where Ruby fails at the first method called on it."
)
MISSING_KEY = (
    "A missing key whose value is used without a check raises KeyError, where Ruby goes on with nil."
)
WIDTH = "Integers have 64 bits: a result beyond them wraps or stops, where Ruby's integers grow."
SYMBOLS = "A symbol is text in the port."


def char_of(e: ir.Expr) -> ir.Expr | None:
    """The single character that a text was made of, or None."""
    return (
        e.args[0]
        if isinstance(e, ir.Intrinsic) and e.op == "char.to_str" and isinstance(e.args[0], ir.Name)
        else None
    )


class Expressions:
    """Lowers expressions in the scope of one method; statements feed what they learn back into `vars`."""

    def __init__(
        self, scope: Scope, cls: ClassInfo | None = None, signature: Signature | None = None
    ) -> None:
        self.scope = scope
        self.types = scope.types
        self.cls: ClassInfo | None = cls
        self.signature: Signature | None = signature
        self.vars: dict[str, Type] = {}
        self.names: dict[str, str] = {}
        self.fixed: set[str] = set()
        self.narrowed: dict[str, Type] = {}
        self.pre: list[ir.Stmt] | None = None
        self.lower: dict[str, int] = {}
        self.temporaries = 0
        self.body: list[ast.Node] = []

    # Names and types

    def full(self, t: Type) -> Type:
        """The type as far as it is known now."""
        return self.types.full(t)

    def join(self, a: Type, b: Type) -> Type:
        """The common type of two; see `Types.join`."""
        return self.full(self.types.join(a, b))

    def unify(self, a: Type, b: Type) -> None:
        """Learn from a use, without an opinion when the types differ."""
        try:
            self.types.join(a, b)
        except Unsupported:
            return

    def fresh(self, base: str) -> str:
        """A name that the method does not use."""
        name = base
        count = 1
        while name in self.vars or name in self.names or name in self.scope.functions:
            count += 1
            name = f"{base}_{count}"
        return name

    def hoist(self, value: ir.Expr, base: str) -> ir.Expr:
        """The value under a name of its own, so that it is evaluated once."""
        if pure(value) and isinstance(value, ir.Name | ir.Lit | ir.Field):
            return value
        if self.pre is None:
            raise Unsupported("a value that is used twice in a place where no statement fits")
        name = self.fresh(base)
        while name in self._block_names():
            name = self.fresh(f"{name}_held")
        self.vars[name] = value.type
        self.pre.append(ir.Assign(ir.VarTarget(name, type=value.type), value, line=value.line))
        return ir.Name(name, type=value.type)

    def _block_names(self) -> set[str]:
        """The parameters of the method's blocks, which a value kept before a statement must not hide."""
        return {
            q.name
            for b in self.body
            for x in ast.walk(b)
            if isinstance(x, ast.Block)
            for p in x.params
            for q in (p, *(p.parts or ()))
        }

    @contextmanager
    def without_statements(self) -> Generator[None]:
        """A place where only an expression fits."""
        saved = self.pre
        self.pre = None
        try:
            yield
        finally:
            self.pre = saved

    @contextmanager
    def narrowing(self, facts: dict[str, Type]) -> Generator[None]:
        """Narrow some places for a while."""
        saved = dict(self.narrowed)
        self.narrowed.update(facts)
        try:
            yield
        finally:
            self.narrowed = saved

    def is_local(self, name: str) -> bool:
        """True for a variable that is visible here."""
        return name in self.names

    def key_of(self, n: ast.Node | None) -> str | None:
        """The name under which narrowing knows a place, or None for anything that may change between two readings."""
        match n:
            case ast.Ident(name=name):
                if name in self.names:
                    return self.names[name]
                if self.cls is not None and self._is_reader(self.cls, name):
                    return f"@{name}"
                return None
            case ast.IVar(name=name):
                return f"@{name}"
            case ast.Call(recv=recv, name="[]", args=[key]) if not n.named:
                base = self.key_of(recv)
                inner = self._key_text(key)
                return f"{base}[{inner}]" if base and inner else None
            case ast.Call(recv=recv, name=name, args=[], block=None, passed=None) if recv is not None:
                base = "self" if isinstance(recv, ast.SelfNode) else self.key_of(recv)
                if base is None:
                    return None
                try:
                    t = self.expr(recv).type
                except Unsupported:
                    return None
                t = t.elem if isinstance(t, ir.OptionalT) else t
                if isinstance(t, ir.NamedT):
                    info = self.scope.classes.get(t.name)
                    if info is not None and self._is_reader(info, name):
                        return f"@{name}" if base == "self" else f"{base}.{name}"
                return None
            case _:
                return None

    def _key_text(self, n: ast.Node) -> str | None:
        match n:
            case ast.Literal(value=v):
                return repr(v)
            case ast.Symbol(name=name):
                return f":{name}"
            case _:
                return self.key_of(n)

    def _is_reader(self, info: ClassInfo, name: str) -> bool:
        return (
            name in info.fields
            and info.method(name) is None
            and (name in info.readers or name in info.public or info.kind != "plain")
        )

    def forget(self, name: str) -> None:
        """Drop what narrowing knows about a place that is assigned, and about its parts."""
        for key in list(self.narrowed):
            if key == name or key.startswith((f"{name}.", f"{name}[")) or f"[{name}]" in key:
                del self.narrowed[key]
        self.lower.pop(name, None)

    def forget_entries(self, base: str | None) -> None:
        """A map or list lost or changed entries."""
        for key in list(self.narrowed):
            if "[" in key and (base is None or key.startswith(f"{base}[")):
                del self.narrowed[key]

    # What is known when a test holds

    def facts(self, n: ast.Node) -> tuple[dict[str, Type], dict[str, Type]]:
        """What is known when a test holds, and when it does not."""
        match n:
            case ast.Not(value=value):
                yes, no = self.facts(value)
                return no, yes
            case ast.And(left=left, right=right):
                yes = self.facts(left)[0]
                with self.narrowing(yes):
                    yes = {**yes, **self.facts(right)[0]}
                return yes, {}
            case ast.Or(left=left, right=right):
                no = self.facts(left)[1]
                with self.narrowing(no):
                    no = {**no, **self.facts(right)[1]}
                return {}, no
            case ast.Call(recv=recv, name="nil?", args=[]) if recv is not None:
                return {}, self._present(recv)
            case ast.Call(recv=recv, name="is_a?" | "kind_of?", args=[ast.Const(path=path)]) if (
                recv is not None and path in json.NARROWED
            ):
                return self._json_is(recv, path), {}
            case ast.Call(recv=recv, name="==", args=[ast.Literal(value=None)]) if recv is not None:
                return {}, self._present(recv)
            case ast.Call(recv=recv, name="==", args=[ast.Literal() | ast.Symbol()]) if recv is not None:
                return self._present(recv), {}
            case ast.Call(recv=recv, name="key?" | "has_key?" | "include?" | "member?", args=[key]) if (
                recv is not None
            ):
                base, inner = self.key_of(recv), self._key_text(key)
                return ({f"{base}[{inner}]": ir.NONE}, {}) if base and inner else ({}, {})
            case ast.Call(recv=recv, safe=True) if recv is not None:
                return self._present(recv), {}
            case ast.Assign(target=ast.Ident() as target):
                return self._present(target), {}
            case ast.Seq(body=[only]):
                return self.facts(only)
            case ast.Ident() | ast.IVar() | ast.Call():
                return self._present(n), {}
            case _:
                return {}, {}

    def _asked(self, n: ast.Node) -> tuple[str, Type | None]:
        """The place that a condition asks about, and its type as far as it is known."""
        key = self.key_of(n)
        if key is not None:
            with contextlib.suppress(Unsupported), self.without_statements():
                return key, self.full(self.expr(n).type)
        return key or "", None

    def _json_is(self, n: ast.Node, path: str) -> dict[str, Type]:
        key, t = self._asked(n)
        return {key: json.NARROWED[path]} if isinstance(t, JsonT) else {}

    def _present(self, n: ast.Node) -> dict[str, Type]:
        key, t = self._asked(n)
        return {key: t.elem} if isinstance(t, ir.OptionalT) else {}

    def lower_bound(self, e: ir.Expr) -> int | None:
        """A number that the integer is never below, or None."""
        return lower_bound(e, self._least)

    def _least(self, name: str) -> int | None:
        known = self.scope.constants.get(name)
        if known is None or name in self.vars:
            return self.lower.get(name)
        value = known.node.value
        return value.value if isinstance(value, ast.Literal) and isinstance(value.value, int) else None

    # Entry points

    def expr(self, n: ast.Node, want: Type | None = None) -> ir.Expr:
        """The expression with its type; `want` guides what is open by itself."""
        out = self._expr(n, want)
        out.line = out.line or n.line
        out.type = self.full(out.type)
        return json.flat(self, out)

    def exprs(self, nodes: Sequence[ast.Node], wants: Sequence[Type | None] = ()) -> list[ir.Expr]:
        """Several expressions, evaluated from left to right even when a later one needs statements before it."""
        out: list[ir.Expr] = []
        for i, n in enumerate(nodes):
            before = len(self.pre) if self.pre is not None else 0
            e = self.expr(n, wants[i] if i < len(wants) else None)
            if self.pre is not None and len(self.pre) > before:
                moved = self.pre[before:]
                del self.pre[before:]
                out = [x if pure(x) and self._settled(x, moved) else self.hoist(x, "value") for x in out]
                self.pre.extend(moved)
            out.append(e)
        return out

    def _settled(self, e: ir.Expr, moved: list[ir.Stmt]) -> bool:
        stored = {t.id for s in moved for t in ir.walk(s) if isinstance(t, ir.VarTarget)}
        return not any(isinstance(n, ir.Name) and n.id in stored for n in ir.walk(e))

    def value(self, n: ast.Node, want: Type | None = None) -> ir.Expr:
        """An expression whose value is needed: an optional must hold one."""
        return self.required(self.expr(n, want))

    def required(self, e: ir.Expr) -> ir.Expr:
        """The expression where nil is not acceptable."""
        t = self.full(e.type)
        if isinstance(t, ir.OptionalT):
            return self.coerce(e, t.elem)
        if t == ir.NONE:
            raise Unsupported("the value of something that gives nothing", "", e.line)
        return e

    def coerce(self, e: ir.Expr, want: Type) -> ir.Expr:
        """The expression as a value of type `want`; raises Unsupported when no certain conversion exists."""
        have, want = self.full(e.type), self.full(want)
        if have == want or want in (ir.UNKNOWN, ir.ANY) or isinstance(want, NumericT):
            return e
        if isinstance(want, JsonT) and not isinstance(have, VarT):
            return json.encoded(self, e)
        match e, want:
            case ir.Lit(value=None), ir.OptionalT():
                return ir.Lit(None, type=want, line=e.line)
            case ir.Lit(value=int() as v), ir.P(ir.Prim.FLOAT) if not isinstance(v, bool):
                return ir.Lit(float(v), type=ir.FLOAT, line=e.line)
            case ir.Intrinsic(op="int.neg", args=[ir.Lit(value=int() as v)]), ir.P(ir.Prim.FLOAT):
                return ir.Lit(float(-v), type=ir.FLOAT, line=e.line)
            case Maybe(), _ if not isinstance(want, ir.OptionalT) and not isinstance(want, VarT):
                return self.coerce(e.plain, want)
            case ir.Intrinsic(op="dict.get"), _ if not isinstance(want, ir.OptionalT) and not isinstance(
                want, VarT
            ):
                obj = e.args[0]
                assert isinstance(obj.type, ir.DictT)
                self.scope.differ(MISSING_KEY)
                found = op("dict.index", e.args, obj.type.value, "" if obj.type.zero else "KeyError")
                found.line = e.line
                return self.coerce(found, want)
            case ir.Cond(), _:
                if isinstance(e, Maybe):
                    plain = self.coerce(e.plain, want.elem if isinstance(want, ir.OptionalT) else want)
                    return Maybe(
                        e.test,
                        self.coerce(e.body, want),
                        self.coerce(e.orelse, want),
                        plain=plain,
                        type=want,
                        line=e.line,
                    )
                return ir.Cond(
                    e.test, self.coerce(e.body, want), self.coerce(e.orelse, want), type=want, line=e.line
                )
            case ir.ListLit(), ir.ListT(elem):
                return ir.ListLit([self.coerce(x, elem) for x in e.elems], type=want, line=e.line)
            case ir.TupleLit(), ir.ListT(elem):
                return ir.ListLit([self.coerce(x, elem) for x in e.elems], type=want, line=e.line)
            case ((ir.ListLit() | ir.TupleLit()), ir.TupleT(elems)) if len(elems) == len(e.elems):
                parts = [self.coerce(x, t) for x, t in zip(e.elems, elems, strict=True)]
                return ir.TupleLit(parts, type=want, line=e.line)
            case ir.SetLit(), ir.SetT(elem):
                return ir.SetLit([self.coerce(x, elem) for x in e.elems], type=want, line=e.line)
            case ir.DictLit(), ir.DictT(k, v):
                items = [(self.coerce(x, k), self.coerce(y, v)) for x, y in e.items]
                return ir.DictLit(items, type=want, line=e.line)
            case ir.Comp(kind="list" | "set"), ir.ListT(elem) | ir.SetT(elem):
                return ir.Comp(e.kind, self.coerce(e.elem, elem), e.clauses, type=want, line=e.line)
            case ir.Comp(kind="dict", elem=ir.TupleLit(elems=[k, v])), ir.DictT(kt, vt):
                pair = ir.TupleLit([self.coerce(k, kt), self.coerce(v, vt)], type=ir.TupleT((kt, vt)))
                return ir.Comp("dict", pair, e.clauses, type=want, line=e.line)
            case ir.Lambda(), ir.FuncT(params, result) if len(params) == len(e.params):
                for p, t in zip(e.params, params, strict=True):
                    self.unify(p.type, t)
                body = self.coerce(e.body, result) if result != ir.NONE else e.body
                return ir.Lambda(e.params, body, type=want, line=e.line)
            case ir.PatternCall(), _ if not isinstance(want, ir.OptionalT):
                pass
            case _:
                pass
        match have, want:
            case (VarT(), _) | (_, VarT()):
                joined = self.join(have, want)
                known = self.full(e.type)
                if isinstance(joined, ir.OptionalT) and not isinstance(known, ir.OptionalT):
                    if isinstance(known, VarT) and isinstance(want, ir.OptionalT):
                        raise Unsupported(
                            "a value that may be nil, whose type is not known; annotate it", "", e.line
                        )
                    return self.coerce(e, joined)
                e.type = self.full(e.type)
                return e
            case ir.P(ir.Prim.INT), ir.P(ir.Prim.FLOAT):
                self.scope.differ(
                    "A number that is an Integer at one time and a Float at another is always a float."
                )
                return ir.Intrinsic("int.to_float", [e], type=ir.FLOAT, line=e.line)
            case ir.P(ir.Prim.CHAR), ir.P(ir.Prim.STR):
                return ir.Intrinsic("char.to_str", [e], type=ir.STR, line=e.line)
            case ir.OptionalT(a), ir.OptionalT(b):
                if isinstance(e, ir.Lit):
                    return ir.Lit(None, type=want, line=e.line)
                if self.types.open(a) or self.types.open(b):
                    self.join(a, b)
                    e.type = self.full(e.type)
                    return e
            case _, ir.OptionalT(elem) if have != ir.NONE and not isinstance(have, ir.OptionalT | JsonT):
                return ir.Wrap(self.coerce(e, elem), type=want, line=e.line)
            case ir.OptionalT(elem), _:
                self.scope.differ(NIL_STOPS)
                return self.coerce(ir.Unwrap(e, type=elem, line=e.line), want)
            case ir.DictT(k, v, _), ir.DictT(m, w, _):
                self.join(k, m)
                self.join(v, w)
                if self.full(k) == self.full(m) and without_zero(self.full(v)) == without_zero(self.full(w)):
                    return e
            case (ir.ListT(a), ir.ListT(b)) | (ir.SetT(a), ir.SetT(b)):
                if self.join(a, b) in (self.full(a), self.full(b)) and self.full(a) == self.full(b):
                    e.type = self.full(e.type)
                    return e
            case ir.TupleT(), ir.ListT(elem):
                return op("tuple.to_list", [e], want)
            case ir.FuncT(), ir.FuncT():
                self.join(have, want)
                if isinstance(e, ir.Name) and not have.raises and want.raises:
                    # A closure where any function may come: one that calls it has the type that is asked for.
                    params = [
                        ir.Param(self.fresh(f"given_{i + 1}"), self.full(t))
                        for i, t in enumerate(want.params)
                    ]
                    args: list[ir.Expr] = [ir.Name(p.name, type=p.type) for p in params]
                    made = ir.Call(e, args, type=self.full(have.result))
                    t = ir.FuncT(tuple(p.type for p in params), made.type, raises=False, context=False)
                    return ir.Lambda(params, made, type=t)
                return e
            case JsonT(), _:
                made = json.coerce(self, e, want)
                if made is not None:
                    return made
            case ir.NamedT(name), ir.P(ir.Prim.ERROR) if self.scope.error_base(name) is not None:
                return e
            case ir.P(ir.Prim.ERROR), ir.NamedT(name) if self.scope.error_base(name) is not None:
                return e
            case _:
                pass
        if self.full(e.type) == self.full(want):
            return e
        raise Unsupported(f"a {type_text(have)} where a {type_text(want)} is expected", "", e.line)

    def truth(self, e: ir.Expr) -> ir.Expr:
        """Whether a value is neither nil nor false."""
        t = self.full(e.type)
        match t:
            case ir.P(ir.Prim.BOOL):
                return e
            case ir.OptionalT(elem):
                if self.full(elem) == ir.BOOL:
                    self.require_pure(e)
                    some = op("is_some", [e], ir.BOOL)
                    return ir.Bool("and", [some, ir.Unwrap(e, type=ir.BOOL)], type=ir.BOOL)
                if isinstance(self.full(elem), VarT) and self.scope.final:
                    raise Unsupported("a test of a value whose type is not known; annotate it")
                return op("is_some", [e], ir.BOOL)
            case JsonT():
                return json.truth(e)
            case VarT():
                if self.types.origin.get(t.id, "").startswith("the result of"):
                    # What another object answers and is only tested is a truth value.
                    e.type = self.join(t, ir.BOOL)
                    return e
                raise Unsupported("a test of a value whose type is not known; annotate it", "", e.line)
            case ir.P(ir.Prim.NONE):
                if isinstance(e, ir.Lit):
                    return lit(False, ir.BOOL)
                raise Unsupported("a test of something that gives nothing", "", e.line)
            case _:
                if not pure(e):
                    raise Unsupported("a test of a value that is never nil", "", e.line)
                return lit(True, ir.BOOL)

    def cond(self, n: ast.Node) -> ir.Expr:
        """A node as a boolean test."""
        match n:
            case ast.Not(value=value):
                inner = self.cond(value)
                if isinstance(inner, ir.Intrinsic):
                    flipped = {"is_some": "is_none", "is_none": "is_some", "eq": "ne", "ne": "eq"}.get(
                        inner.op
                    )
                    if flipped:
                        return ir.Intrinsic(flipped, inner.args, type=ir.BOOL, line=n.line)
                if isinstance(inner, ir.Lit):
                    return lit(not inner.value, ir.BOOL)
                return ir.Not(inner, type=ir.BOOL, line=n.line)
            case ast.And(left=left, right=right):
                a = self.cond(left)
                with self.narrowing(self.facts(left)[0]), self.without_statements():
                    b = self.cond(right)
                return self._both("and", a, b)
            case ast.Or(left=left, right=right):
                a = self.cond(left)
                with self.narrowing(self.facts(left)[1]), self.without_statements():
                    b = self.cond(right)
                return self._both("or", a, b)
            case ast.Seq(body=[only]):
                return self.cond(only)
            case _:
                return self.truth(self.expr(n))

    def _both(self, kind: str, a: ir.Expr, b: ir.Expr) -> ir.Expr:
        left = a.values if isinstance(a, ir.Bool) and a.op == kind else [a]
        right = b.values if isinstance(b, ir.Bool) and b.op == kind else [b]
        return ir.Bool(kind, [*left, *right], type=ir.BOOL)

    def require_pure(self, e: ir.Expr) -> None:
        """Refuse an expression that would be evaluated twice with an effect."""
        if not pure(e):
            raise Unsupported("a value with an effect that would be evaluated twice", "", e.line)

    # Dispatch

    def _expr(self, n: ast.Node, want: Type | None) -> ir.Expr:
        match n:
            case ast.Literal(value=value):
                types: dict[type, Type] = {bool: ir.BOOL, int: ir.INT, float: ir.FLOAT, str: ir.STR}
                if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
                    raise Unsupported("an integer beyond 64 bits", str(value), n.line)
                return lit(value, ir.NONE if value is None else types[type(value)])
            case ast.Symbol(name=name):
                self.scope.differ(SYMBOLS)
                return lit(name, SYMBOL)
            case ast.Interpolated():
                return self.interpolated(n)
            case ast.Array():
                return self._array(n, want)
            case ast.Hash():
                return self._hash(n, want)
            case ast.Range():
                return self.range(n)
            case ast.Ident(name=name):
                if name in self.names:
                    return self._place(
                        self.names[name], ir.Name(self.names[name], type=self.vars[self.names[name]])
                    )
                return self.call(
                    ast.Call(None, name, [], [], line=n.line, last=n.last, start=n.start, end=n.end), want
                )
            case ast.IVar(name=name):
                return self._place(f"@{name}", self.ivar(name, n))
            case ast.Const():
                return self.constant(n)
            case ast.SelfNode():
                if self.cls is None or (self.signature is not None and self.signature.kind != "method"):
                    raise Unsupported("self outside an instance method", "", n.line)
                return ir.Name("self", type=ir.NamedT(self.cls.name))
            case ast.Not():
                return self.cond(n)
            case ast.And() | ast.Or():
                return self._logical(n, want)
            case ast.If():
                return self._conditional(n, want)
            case ast.Seq(body=[only]):
                return self.expr(only, want)
            case ast.Assign(target=ast.Ident() as target):
                if self.pre is None:
                    raise Unsupported(
                        "an assignment inside an expression", self.scope.reader.source(n), n.line
                    )
                self.pre.extend(self.statement(n))
                return self.expr(target)
            case ast.LambdaNode():
                return self.function_value(n.block, want)
            case ast.Yield():
                return self._yield(n)
            case ast.OpAssign() | ast.Case() | ast.CaseIn() | ast.Begin() | ast.Seq():
                return self.through_variable(n, want)
            case ast.Call():
                key = self.key_of(n)
                if key is not None and key in self.narrowed:
                    narrow = self._narrowed_call(n, key)
                    if narrow is not None:
                        return narrow
                return self.call(n, want)
            case ast.Regex():
                raise Unsupported("a regular expression in this place", self.scope.reader.source(n), n.line)
            case ast.Super():
                raise Unsupported("super outside an error class", "", n.line)
            case ast.Opaque(kind=kind):
                raise Unsupported(f"syntax: {kind}", self.scope.reader.source(n), n.line)
            case _:
                raise Unsupported(
                    f"{type(n).__name__} as a value", self.scope.reader.source(n).splitlines()[0], n.line
                )

    def _narrowed_call(self, n: ast.Call, key: str) -> ir.Expr | None:
        e = self.call(n, None)
        t = self.full(e.type)
        if isinstance(t, JsonT):
            return self.coerce(e, self.narrowed[key])
        if not isinstance(t, ir.OptionalT):
            return e
        if isinstance(e, ir.Intrinsic) and e.op == "dict.get":
            obj = e.args[0]
            assert isinstance(obj.type, ir.DictT)
            return op("dict.index", e.args, obj.type.value)
        if isinstance(e, Maybe):
            return e.plain
        return ir.Unwrap(e, type=t.elem)

    def _place(self, key: str, e: ir.Expr) -> ir.Expr:
        t = self.full(e.type)
        if isinstance(t, JsonT) and key in self.narrowed:
            e.type = t
            return self.coerce(e, self.narrowed[key])
        if isinstance(t, ir.OptionalT) and key in self.narrowed:
            e.type = t
            return ir.Unwrap(e, type=t.elem)
        return e

    def ivar(self, name: str, n: ast.Node) -> ir.Expr:
        """A field of the object."""
        if self.cls is None or (self.signature is not None and self.signature.kind != "method"):
            raise Unsupported("an instance variable outside a class's methods", f"@{name}", n.line)
        if name not in self.cls.fields:
            raise Unsupported(f"@{name} is read before initialize sets it", f"@{name}", n.line)
        me = ir.Name("self", type=ir.NamedT(self.cls.name))
        return ir.Field(me, self.cls.field_name(name), type=self.cls.fields[name])

    def statement(self, n: ast.Node) -> list[ir.Stmt]:
        """A node as statements; the statement side implements it."""
        raise NotImplementedError

    def prelude(self, name: str, args: list[ir.Expr], t: Type) -> ir.Expr:
        """A call of a small function that comes along; the statement side implements it."""
        raise NotImplementedError

    def through_variable(self, n: ast.Node, want: Type | None) -> ir.Expr:
        """The value of a construct that is a statement elsewhere; the statement side implements it."""
        raise NotImplementedError

    def function_value(self, block: ast.Block, want: Type | None) -> ir.Expr:
        """A block or lambda as a value; the statement side implements it."""
        raise NotImplementedError

    def call(self, n: ast.Call, want: Type | None) -> ir.Expr:
        """A call of any kind."""
        from foundation_engine.port.front import _ruby_calls as calls

        return calls.call(self, n, want)

    # Literals

    def interpolated(self, n: ast.Interpolated) -> ir.Expr:
        """A string with values in it."""
        if n.symbol:
            raise Unsupported("a computed symbol", "", n.line)
        nodes = [p for p in n.parts if not isinstance(p, str)]
        values = iter(self.exprs(nodes))
        parts: list[ir.FormatPart] = []
        for p in n.parts:
            if isinstance(p, str):
                parts.append(ir.FormatPart(p))
            else:
                v = self.text(next(values))
                if isinstance(v, ir.Lit) and isinstance(v.value, str):
                    parts.append(ir.FormatPart(v.value))
                elif isinstance(v, ir.Format):
                    parts.extend(v.parts)
                elif isinstance(v, ir.Intrinsic) and v.op == "int.to_str":
                    parts.append(ir.FormatPart(value=v.args[0]))
                else:
                    parts.append(ir.FormatPart(value=char_of(v) or v))
        return ir.Format(parts, type=ir.STR)

    def text(self, v: ir.Expr) -> ir.Expr:
        """`v.to_s`."""
        t = self.full(v.type)
        match t:
            case ir.P(ir.Prim.STR):
                return v
            case ir.P(ir.Prim.CHAR):
                return self.coerce(v, ir.STR)
            case ir.P(ir.Prim.INT):
                return op("int.to_str", [v], ir.STR)
            case ir.P(ir.Prim.FLOAT):
                self.scope.differ(FLOAT_TEXT)
                return op("float.to_str", [v], ir.STR)
            case ir.P(ir.Prim.BOOL):
                return ir.Cond(v, lit("true", ir.STR), lit("false", ir.STR), type=ir.STR)
            case ir.P(ir.Prim.NONE) if isinstance(v, ir.Lit):
                return lit("", ir.STR)
            case ir.P(ir.Prim.ERROR):
                return op("error.message", [v], ir.STR)
            case ir.OptionalT(elem):
                self.require_pure(v)
                some = op("is_some", [v], ir.BOOL)
                inner = v.plain if isinstance(v, Maybe) else ir.Unwrap(v, type=elem)
                return ir.Cond(
                    v.test if isinstance(v, Maybe) else some, self.text(inner), lit("", ir.STR), type=ir.STR
                )
            case ir.NamedT(name):
                if self.scope.error_base(name) is not None:
                    return op("error.message", [v], ir.STR)
                info = self.scope.classes.get(name)
                if info is not None and "to_s" in info.methods:
                    return ir.MethodCall(v, "to_s", [], type=ir.STR)
            case JsonT():
                return self.prelude("text_of_json", [v], ir.STR)
            case _:
                if t == SYMBOL:
                    v.type = ir.STR if isinstance(v, ir.Lit) else v.type
                    return ir.Intrinsic("symbol.to_str", [v], type=ir.STR) if not isinstance(v, ir.Lit) else v
                if isinstance(t, VarT):
                    raise Unsupported("the text of a value whose type is not known; annotate it", "", v.line)
        raise Unsupported(f"the text of a {type_text(t)}", "", v.line)

    def _array(self, n: ast.Array, want: Type | None) -> ir.Expr:
        want = self.full(want) if want is not None else None
        want = want.elem if isinstance(want, ir.OptionalT) else want
        if any(isinstance(x, ast.Splat) for x in n.elems):
            return self._spread(n, want)
        if isinstance(want, JsonT):
            return json.literal(self, n)
        if isinstance(want, ir.TupleT) and len(want.elems) == len(n.elems):
            parts = self.exprs(n.elems, want.elems)
            parts = [self.coerce(p, t) for p, t in zip(parts, want.elems, strict=True)]
            return ir.TupleLit(parts, type=want)
        guide = want.elem if isinstance(want, ir.ListT) and not isinstance(want.elem, VarT) else None
        elems = self.exprs(n.elems, [guide] * len(n.elems))
        t: Type = (
            guide
            if guide is not None
            else self.types.var(("elem", n.start), "the elements of an empty array")
        )
        try:
            for e in elems:
                t = (
                    self.types.join(t, e.type)
                    if not (isinstance(t, VarT) and e.type != ir.NONE and t.id not in self.types.solved)
                    else self.join_element(t, e.type)
                )
            t = self.full(t)
            return ir.ListLit([self.coerce(e, t) for e in elems], type=ir.ListT(t))
        except Unsupported:
            if len(elems) in (2, 3) and all(e.type != ir.NONE for e in elems):
                return ir.TupleLit(elems, type=ir.TupleT(tuple(e.type for e in elems)))
            raise

    def join_element(self, t: VarT, e: Type) -> Type:
        """The first element of a list literal: its type is the list's until another one differs."""
        del t
        return e

    def _spread(self, n: ast.Array, want: Type | None) -> ir.Expr:
        out: ir.Expr | None = None
        for x in n.elems:
            if isinstance(x, ast.Splat):
                if x.value is None:
                    raise Unsupported("a splat without a value", "", n.line)
                part = self.as_list(self.value(x.value, want))
            else:
                part = self._array(ast.Array([x], line=x.line, start=x.start, end=x.end), want)
            if out is None:
                out = part
            else:
                t = self.join(out.type, part.type)
                out = op("list.concat", [self.coerce(out, t), self.coerce(part, t)], t)
        assert out is not None
        if len(n.elems) == 1 and isinstance(out.type, ir.ListT):
            return op("list.copy", [out], out.type)
        return out

    def _hash(self, n: ast.Hash, want: Type | None) -> ir.Expr:
        want = self.full(want) if want is not None else None
        want = want.elem if isinstance(want, ir.OptionalT) else want
        if any(k is None for k, _ in n.pairs):
            return self._merged(n, want)
        kw = want.key if isinstance(want, ir.DictT) else None
        vw = want.value if isinstance(want, ir.DictT) else None
        if isinstance(want, JsonT):
            return json.literal(self, n)
        record = self._record(n, want)
        if record is not None:
            return record
        flat = self.exprs([x for k, v in n.pairs if k is not None for x in (k, v)], [kw, vw] * len(n.pairs))
        keys, values = flat[::2], flat[1::2]
        kt: Type = (
            kw if kw is not None else self.types.var(("key", n.start, n.line), "the keys of an empty hash")
        )
        vt: Type = (
            vw
            if vw is not None
            else self.types.var(("value", n.start, n.line), "the values of an empty hash")
        )
        if n.pairs and kw is None:
            kt = keys[0].type
        if n.pairs and vw is None:
            vt = values[0].type
        try:
            for k, v in zip(keys, values, strict=True):
                kt = self.join(kt, k.type)
                vt = self.join(vt, v.type)
        except Unsupported as why:
            if all(isinstance(k, ast.Literal) and isinstance(k.value, str) for k, _ in n.pairs):
                # Strings as keys of values of several types: what is handed on as JSON.
                return json.literal(self, n)
            raise Unsupported(
                f"a hash whose values have several types ({why.reason}); use a Struct or a Data class",
                "",
                n.line,
            ) from None
        items = [(self.coerce(k, kt), self.coerce(v, vt)) for k, v in zip(keys, values, strict=True)]
        return ir.DictLit(items, type=ir.DictT(kt, vt))

    def _record(self, n: ast.Hash, want: Type | None) -> ir.Expr | None:
        """A hash with symbol keys whose values have types of their own; None for a hash that is a map."""
        keys = tuple(k.name for k, _ in n.pairs if isinstance(k, ast.Symbol))
        if not keys or len(keys) != len(n.pairs) or len(set(keys)) != len(keys) or isinstance(want, ir.DictT):
            return None
        wanted = (
            isinstance(want, ir.NamedT)
            and want.name in self.scope.classes
            and self.scope.classes[want.name].kind == "record"
        )
        if keys not in self.scope.records and not wanted:
            values = self.exprs([v for _, v in n.pairs])
            joined: Type = values[0].type
            kinds = {self._kind(v) for v in values}
            if len(kinds) == 1 and ir.NONE not in kinds:
                return None
            del joined
        base = self.signature.name if self.signature is not None else "record"
        info = self.scope.record(keys, base, n.line)
        values = self.exprs([v for _, v in n.pairs], [info.fields[k] for k in keys])
        out: list[tuple[str, ir.Expr]] = []
        for k, v in zip(keys, values, strict=True):
            joined = self.join(info.fields[k], v.type)
            if joined != self.full(info.fields[k]):
                self.types.changed = True
            info.fields[k] = joined
            out.append((k, self.coerce(v, joined)))
        return ir.New(info.name, out, type=ir.NamedT(info.name))

    def _kind(self, e: ir.Expr) -> object:
        t = self.full(e.type)
        t = t.elem if isinstance(t, ir.OptionalT) else t
        return t if isinstance(t, ir.P | ir.NamedT) or t == SYMBOL else type(t)

    def _merged(self, n: ast.Hash, want: Type | None) -> ir.Expr:
        if self.pre is None or n.pairs[0][0] is not None:
            raise Unsupported("a hash with ** in this place", "", n.line)
        first = self.value(n.pairs[0][1], want)
        if not isinstance(first.type, ir.DictT):
            raise Unsupported("** of something that is not a hash", "", n.line)
        name = self.fresh("merged")
        self.vars[name] = first.type
        self.pre.append(ir.Assign(ir.VarTarget(name, type=first.type), op("dict.copy", [first], first.type)))
        target = ir.Name(name, type=first.type)
        for k, v in n.pairs[1:]:
            if k is None:
                more = self.coerce(self.value(v, first.type), first.type)
                self.pre.append(ir.ExprStmt(op("dict.update", [target, more], ir.NONE)))
            else:
                key = self.coerce(self.expr(k, first.type.key), first.type.key)
                value = self.coerce(self.expr(v, first.type.value), first.type.value)
                self.pre.append(ir.Assign(ir.IndexTarget(target, key, type=first.type.value), value))
        return target

    def range(self, n: ast.Range) -> ir.Expr:
        """A range of integers as what counts over it."""
        if n.low is None or n.high is None:
            raise Unsupported("a range without an end in this place", "", n.line)
        low, high = self.exprs([n.low, n.high])
        low, high = self.coerce(low, ir.INT), self.coerce(high, ir.INT)
        stop = high if n.exclusive else self.plus(high, 1)
        return op("range", [low, stop, integer(1)], ir.IterT(ir.INT))

    def plus(self, e: ir.Expr, k: int) -> ir.Expr:
        """`e + k` for an integer, folded where it can be."""
        if isinstance(e, ir.Lit) and isinstance(e.value, int):
            return integer(e.value + k)
        if (
            isinstance(e, ir.Intrinsic)
            and e.op == "int.sub"
            and isinstance(e.args[1], ir.Lit)
            and e.args[1].value == k
        ):
            return e.args[0]
        if k < 0:
            return op("int.sub", [e, integer(-k)], ir.INT)
        return op("int.add", [e, integer(k)], ir.INT)

    def constant(self, n: ast.Const) -> ir.Expr:
        """A constant as a value."""
        match n.path:
            case "Float::INFINITY":
                return op("math.inf", [], ir.FLOAT)
            case "Math::PI":
                return op("math.pi", [], ir.FLOAT)
            case "Math::E":
                return op("math.e", [], ir.FLOAT)
            case "Float::EPSILON":
                return lit(2.220446049250313e-16, ir.FLOAT)
            case _:
                pass
        last = n.path.rpartition("::")[2]
        info = self.scope.constants.get(last)
        if info is None:
            raise Unsupported(f"constant {n.path} is not defined in this file", n.path, n.line)
        if info.failed is not None:
            raise Unsupported(f"constant {n.path} was not ported ({info.failed.reason})", n.path, n.line)
        return ir.Name(last, type=info.type)

    # Conditions as values

    def _logical(self, n: ast.And | ast.Or, want: Type | None) -> ir.Expr:
        left = self.expr(n.left, want)
        positive, negative = self.facts(n.left)
        with self.narrowing(positive if isinstance(n, ast.And) else negative), self.without_statements():
            right = self.expr(n.right, want)
        lt, rt = self.full(left.type), self.full(right.type)
        if lt == ir.BOOL and rt == ir.BOOL:
            return self._both("and" if isinstance(n, ast.And) else "or", left, right)
        if isinstance(n, ast.Or):
            if isinstance(lt, JsonT) and rt != ir.NONE:
                left = json.once(self, left)
                # What stands in for it says what the value is.
                t = rt if not self.types.open(rt) else json.opened(rt)
                return ir.Cond(self.truth(left), self.coerce(left, t), self.coerce(right, t), type=t)
            if isinstance(lt, ir.OptionalT):
                if not pure(left):
                    left = self.hoist(left, "value")
                test = self.truth(left)
                chosen = left.plain if isinstance(left, Maybe) else ir.Unwrap(left, type=lt.elem)
                if (
                    isinstance(left, ir.Intrinsic)
                    and left.op == "dict.get"
                    and not isinstance(rt, ir.OptionalT)
                    and self.full(lt.elem) != ir.BOOL
                ):
                    value = self.coerce(right, lt.elem)
                    if pure(value):
                        return op("dict.get_or", [*left.args, value], self.full(lt.elem))
                t = self.join(lt.elem, rt)
                return ir.Cond(
                    left.test if isinstance(left, Maybe) else test,
                    self.coerce(chosen, t),
                    self.coerce(right, t),
                    type=t,
                )
            if lt == ir.BOOL:
                self.require_pure(left)
                raise Unsupported("`||` of a boolean and another value", "", n.line)
            if isinstance(lt, VarT):
                raise Unsupported("`||` of a value whose type is not known; annotate it", "", n.line)
            return left
        # a && b is b when a is true.
        if isinstance(lt, ir.OptionalT) and self.full(lt.elem) != ir.BOOL:
            t = rt if isinstance(rt, ir.OptionalT) else ir.OptionalT(rt)
            if rt == ir.NONE:
                raise Unsupported("`&&` for its effect in this place", "", n.line)
            return ir.Cond(self.truth(left), self.coerce(right, t), lit(None, t), type=t)
        if lt == ir.BOOL:
            raise Unsupported("`&&` of a boolean and another value", "", n.line)
        if isinstance(lt, VarT):
            raise Unsupported("`&&` of a value whose type is not known; annotate it", "", n.line)
        self.require_pure(left)
        return right

    def _conditional(self, n: ast.If, want: Type | None) -> ir.Expr:
        if len(n.body) != 1 or len(n.orelse) != 1:
            return self.through_variable(n, want)
        test = self.cond(n.test)
        positive, negative = self.facts(n.test)
        try:
            with self.without_statements():
                with self.narrowing(positive):
                    body = self.expr(n.body[0], want)
                with self.narrowing(negative):
                    orelse = self.expr(n.orelse[0], want if want is not None else body.type)
        except Unsupported:
            if self.pre is None:
                raise
            return self.through_variable(n, want)
        if isinstance(test, ir.Lit):
            return body if test.value else orelse
        t = self.join(body.type, orelse.type)
        return ir.Cond(test, self.coerce(body, t), self.coerce(orelse, t), type=t)

    # Calls of what the file defines

    def arguments(self, params: list[Param], n: ast.Call, what: str) -> list[ir.Expr]:
        """Arguments in the order of the parameters, with defaults filled in."""
        if n.spread is not None or any(isinstance(a, ast.Splat) for a in n.args):
            raise Unsupported("a call with * or **", self.scope.reader.source(n), n.line)
        positional = [p for p in params if p.kind in ("required", "optional")]
        given: dict[str, ast.Node] = {}
        args = list(n.args)
        named = list(n.named)
        keys = {p.name for p in params if p.kind == "key"}
        if named and not keys and len(args) < len(positional):
            # `f(a: 1)` where f takes a hash.
            pairs: list[tuple[ast.Node | None, ast.Node]] = [
                (ast.Symbol(k, line=v.line, start=v.start), v) for k, v in named
            ]
            args.append(ast.Hash(pairs, line=n.line, start=n.start + 1))
            named = []
        required = sum(p.kind == "required" for p in positional)
        if len(args) > len(positional) or len(args) < required:
            raise Unsupported(
                f"a call of {what} with {len(args)} arguments", self.scope.reader.source(n), n.line
            )
        extra = len(args) - required
        at = 0
        for p in positional:
            if p.kind == "optional":
                if extra <= 0:
                    continue
                extra -= 1
            given[p.name] = args[at]
            at += 1
        for k, v in named:
            if k not in keys:
                raise Unsupported(
                    f"a call of {what} with an unknown keyword {k}", self.scope.reader.source(n), n.line
                )
            given[k] = v
        present = [p for p in params if p.name in given]
        lowered = self.exprs([given[p.name] for p in present], [p.type for p in present])
        values = {p.name: e for p, e in zip(present, lowered, strict=True)}
        out: list[ir.Expr] = []
        for p in params:
            if p.kind == "block":
                out.append(self._block_argument(p, n))
            elif p.name in values:
                p.type = self._learned(p.type, values[p.name])
                out.append(self.coerce(values[p.name], p.type))
            elif p.default is not None:
                out.append(self.default(p))
            else:
                raise Unsupported(f"a call of {what} without {p.name}", self.scope.reader.source(n), n.line)
        return out

    def _learned(self, t: Type, e: ir.Expr) -> Type:
        full = self.full(t)
        if self.types.open(full):
            return self.join(full, e.type)
        return full

    def _block_argument(self, p: Param, n: ast.Call) -> ir.Expr:
        t = self.full(p.type)
        inner = t.elem if isinstance(t, ir.OptionalT) else t
        if n.block is not None:
            return self.coerce(self.function_value(n.block, inner), t)
        if n.passed is not None:
            return self.coerce(self.function_reference(n.passed, inner), t)
        if isinstance(t, ir.OptionalT):
            return lit(None, t)
        raise Unsupported(
            "a call without the block that the method yields to", self.scope.reader.source(n), n.line
        )

    def function_reference(self, n: ast.Node, want: Type | None) -> ir.Expr:
        """What `&value` passes."""
        match n:
            case ast.Symbol(name=name):
                call = ast.Call(
                    ast.Ident("it_", line=n.line), name, [], [], line=n.line, start=n.start, end=n.end
                )
                block = ast.Block(
                    [ast.BlockParam("it_", line=n.line)], [call], line=n.line, start=n.start, end=n.end
                )
                return self.function_value(block, want)
            case ast.Call(recv=None, name="method", args=[ast.Symbol(name=name)]):
                call = ast.Call(
                    None, name, [ast.Ident("it_", line=n.line)], [], line=n.line, start=n.start, end=n.end
                )
                block = ast.Block(
                    [ast.BlockParam("it_", line=n.line)], [call], line=n.line, start=n.start, end=n.end
                )
                return self.function_value(block, want)
            case _:
                return self.value(n, want)

    def default(self, p: Param) -> ir.Expr:
        """The default of a parameter, evaluated for a call that leaves it out."""
        assert p.default is not None
        with self.without_statements():
            saved = self.names
            self.names = {}
            try:
                e = self.expr(p.default, p.type)
            finally:
                self.names = saved
        if not pure(e) and not (isinstance(e, ir.New) and all(pure(a) for _, a in e.args)):
            raise Unsupported(
                "a default that is computed for each call", self.scope.reader.source(p.default), p.line
            )
        p.type = self._learned(p.type, e) if e.type != ir.NONE else self.join(p.type, ir.NONE)
        return self.coerce(e, p.type)

    def invoke(self, s: Signature, n: ast.Call, obj: ir.Expr | None) -> ir.Expr:
        """A call of a method of this file."""
        if s.failed is not None:
            raise Unsupported(
                f"a call of {s.name}, which was not ported ({s.failed.reason})",
                self.scope.reader.source(n),
                n.line,
            )
        args = self.arguments(s.params, n, s.name)
        result = self.full(s.result)
        if s.kind == "method" and obj is not None:
            return ir.MethodCall(obj, s.name, args, type=result)
        if s.kind == "static":
            return ir.MethodCall(ir.Name(s.owner, type=ir.NamedT(s.owner)), s.name, args, type=result)
        func = ir.Name(s.name, type=ir.FuncT(tuple(p.type for p in s.params), result))
        return ir.Call(func, args, type=result)

    def call_value(self, f: ir.Expr, args: list[ast.Node], n: ast.Node) -> ir.Expr:
        """A call of a callable value."""
        t = self.full(f.type)
        if isinstance(t, VarT):
            made = ir.FuncT(
                tuple(
                    self.types.var(("argument", t.id, i), "an argument of a callable")
                    for i in range(len(args))
                ),
                self.types.var(("result", t.id), "the result of a callable"),
            )
            self.types.solve(t, made)
            t = made
        if not isinstance(t, ir.FuncT):
            raise Unsupported(f"a call of a {type_text(t)}", self.scope.reader.source(n), n.line)
        if len(args) != len(t.params):
            raise Unsupported(
                "a call of a callable with other arguments than its type says",
                self.scope.reader.source(n),
                n.line,
            )
        lowered = self.exprs(args, t.params)
        coerced = [self.coerce(e, p) for e, p in zip(lowered, t.params, strict=True)]
        f.type = self.full(t)
        return ir.Call(f, coerced, type=self.full(t.result))

    def _yield(self, n: ast.Yield) -> ir.Expr:
        if "block" not in self.names and (
            self.signature is None or not any(p.kind == "block" for p in self.signature.params)
        ):
            raise Unsupported("yield outside a method", "", n.line)
        assert self.signature is not None
        p = next(p for p in self.signature.params if p.kind == "block")
        f: ir.Expr = self._place(p.name, ir.Name(p.name, type=p.type))
        t = self.full(f.type)
        if isinstance(t, ir.OptionalT):
            f = ir.Unwrap(f, type=t.elem)
        return self.call_value(f, n.args, n)

    def as_list(self, e: ir.Expr) -> ir.Expr:
        """A value that can be iterated, as a list."""
        t = self.full(e.type)
        match t:
            case ir.ListT():
                return e
            case ir.TupleT():
                elem: Type = self.types.var(("tuple", e.line), "")
                elem = t.elems[0]
                for x in t.elems[1:]:
                    elem = self.join(elem, x)
                return self.coerce(e, ir.ListT(elem))
            case ir.DictT(key, value):
                pair = ir.TupleT((key, value))
                return op("to_list", [op("dict.items", [e], ir.IterT(pair))], ir.ListT(pair))
            case ir.P(ir.Prim.STR):
                return op("to_list", [e], ir.ListT(ir.STR))
            case ir.SetT(elem) | ir.IterT(elem):
                if isinstance(e, ir.Comp) and e.kind == "iter":
                    return ir.Comp("list", e.elem, e.clauses, type=ir.ListT(elem), line=e.line)
                return op("to_list", [e], ir.ListT(elem))
            case _:
                raise Unsupported(f"a {type_text(t)} as a list", "", e.line)

    def compare(self, name: str, left: ir.Expr, right: ir.Expr) -> ir.Expr:
        """`eq ne lt le gt ge` of two values."""
        lt, rt = self.full(left.type), self.full(right.type)
        if isinstance(lt, JsonT) or isinstance(rt, JsonT):
            return json.compare(self, name, left, right)
        if isinstance(right, ir.Lit) and right.value is None:
            if isinstance(left, Maybe):
                return left.test if name == "ne" else ir.Not(left.test, type=ir.BOOL)
            if isinstance(left, ir.Unwrap):
                left = left.value
            if not isinstance(self.full(left.type), ir.OptionalT):
                if isinstance(self.full(left.type), VarT):
                    raise Unsupported(
                        "a comparison of a value of unknown type with nil; annotate it", "", left.line
                    )
                return lit(name == "ne", ir.BOOL)
            return op("is_none" if name == "eq" else "is_some", [left], ir.BOOL)
        if isinstance(left, ir.Lit) and left.value is None:
            return self.compare(name, right, left)
        if isinstance(lt, ir.OptionalT) != isinstance(rt, ir.OptionalT):
            if name not in ("eq", "ne"):
                return self.compare(name, self.required(left), self.required(right))
            optional, other = (left, right) if isinstance(lt, ir.OptionalT) else (right, left)
            optional = optional if pure(optional) else self.hoist(optional, "found")
            assert isinstance(optional.type, ir.OptionalT)
            inner_value = (
                optional.plain
                if isinstance(optional, Maybe)
                else ir.Unwrap(optional, type=optional.type.elem)
            )
            inner = self.compare(name, inner_value, other)
            if isinstance(optional, Maybe):
                some: ir.Expr = optional.test if name == "eq" else ir.Not(optional.test, type=ir.BOOL)
            else:
                some = op("is_some" if name == "eq" else "is_none", [optional], ir.BOOL)
            return ir.Bool("and" if name == "eq" else "or", [some, inner], type=ir.BOOL)
        if lt == rt == ir.STR:
            a, b = char_of(left), char_of(right)
            if a is not None and isinstance(right, ir.Lit) and len(str(right.value)) == 1:
                return op(name, [a, lit(right.value, ir.CHAR)], ir.BOOL)
            if b is not None and isinstance(left, ir.Lit) and len(str(left.value)) == 1:
                return op(name, [lit(left.value, ir.CHAR), b], ir.BOOL)
            if a is not None and b is not None:
                return op(name, [a, b], ir.BOOL)
        if {lt, rt} == {ir.STR, SYMBOL}:
            raise Unsupported("a comparison of a string with a symbol, which are never equal", "", left.line)
        if isinstance(lt, VarT) or isinstance(rt, VarT):
            if isinstance(lt, VarT) and isinstance(rt, VarT):
                raise Unsupported(
                    "a comparison of values whose types are not known; annotate them", "", left.line
                )
            known = rt if isinstance(lt, VarT) else lt
            if known in (ir.INT, ir.FLOAT):
                raise Unsupported(
                    "a comparison of a value of unknown type with a number; annotate it", "", left.line
                )
            self.join(lt, rt)
            lt, rt = self.full(lt), self.full(rt)
        if {lt, rt} == {ir.INT, ir.FLOAT}:
            left, right = self._float(left), self._float(right)
            lt = rt = ir.FLOAT
        if lt != rt:
            t = self.join(lt, rt)
            left, right = self.coerce(left, t), self.coerce(right, t)
            lt = t
        lt = self.full(left.type)
        if name not in ("eq", "ne") and not ordered(lt):
            if isinstance(lt, ir.NamedT):
                info = self.scope.classes.get(lt.name)
                if info is not None and "<=>" in info.methods:
                    raise Unsupported("comparison through <=> of a class", "", left.line)
            raise Unsupported(f"ordering of {type_text(lt)}", "", left.line)
        if isinstance(lt, ir.NamedT):
            info = self.scope.classes.get(lt.name)
            if info is None or info.kind not in ("struct", "data", "record"):
                raise Unsupported(f"equality of {lt.name}", "", left.line)
        if isinstance(lt, ir.FuncT) or lt in (ir.ERROR, ir.ANY):
            raise Unsupported(f"equality of {type_text(lt)}", "", left.line)
        return op(name, [left, right], ir.BOOL)

    def _float(self, e: ir.Expr) -> ir.Expr:
        """An integer as a float for arithmetic and comparison with one, where Ruby converts too."""
        if self.full(e.type) == ir.FLOAT:
            return e
        if isinstance(e, ir.Lit):
            return lit(float(e.value), ir.FLOAT)
        return op("int.to_float", [e], ir.FLOAT)

    def floats(self, *es: ir.Expr) -> list[ir.Expr]:
        """Operands of a float operation."""
        return [self._float(e) for e in es]


Maker = Callable[[Expressions, ast.Call, Type | None], ir.Expr]
