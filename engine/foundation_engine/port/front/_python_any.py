"""Values of several types in Python sources: what JSON can hold is a value of type ANY that knows its kind."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import CHANGING, CHANGING_MAPS

if TYPE_CHECKING:
    from foundation_engine.port.front._python_expr import ExpressionLowerer

CHECKED = (
    "A value of type Any, or of one of several types, that is used as a value of one type is checked there: another "
    "kind is a TypeError, where Python goes on with it."
)
COPIED = (
    "A list or a map that becomes, or is taken out of, a value of type Any is a copy there: later changes of the one "
    "do not show in the other."
)
# The kind of JSON by the name of the class that `isinstance` asks for.
_KINDS = {"str": "string", "list": "list", "dict": "object", "bool": "boolean", "float": "float"}
_READS: dict[Type, str] = {
    ir.STR: "json.text", ir.INT: "json.integer", ir.BOOL: "json.boolean", ir.FLOAT: "json.number",
    ir.ListT(ir.ANY): "json.items", ir.DictT(ir.STR, ir.ANY): "json.members",
}  # fmt: skip
# What texts alone can be asked among the values that JSON holds, and what maps alone can.
_OF_TEXTS = frozenset(
    {
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "split",
        "splitlines",
        "startswith",
        "endswith",
        "replace",
        "title",
    }
)
_OF_MAPS = frozenset({"items", "keys", "values"})


def optional(t: Type) -> Type:
    """The type of a value of this type or nothing; nothing is one of the values that ANY holds."""
    return t if t == ir.ANY or isinstance(t, ir.OptionalT) else ir.OptionalT(t)


def can_hold(t: Type) -> bool:
    """True for types whose values JSON can hold."""
    match t:
        case ir.P():
            return t in (ir.ANY, ir.STR, ir.CHAR, ir.INT, ir.FLOAT, ir.BOOL, ir.NONE)
        case ir.OptionalT(elem) | ir.ListT(elem):
            return can_hold(elem) or elem == ir.UNKNOWN
        case ir.DictT(key, value):
            return key in (ir.STR, ir.UNKNOWN) and (can_hold(value) or value == ir.UNKNOWN)
        case _:
            return False


def of(low: ExpressionLowerer, e: ir.Expr) -> ir.Expr:
    """The value as one of type ANY."""
    match e, e.type:
        case _, ir.P(ir.Prim.ANY):
            return e
        case ir.Cond(), _:
            return ir.Cond(e.test, of(low, e.body), of(low, e.orelse), type=ir.ANY, line=e.line)
        case ir.Lit(), ir.P() if can_hold(e.type) or e.value is None:
            if e.value is None:
                e = ir.Lit(None, type=ir.NONE, line=e.line)
        case _, ir.P(ir.Prim.CHAR):
            e = low.coerce(e, ir.STR)
        case _, ir.P() if can_hold(e.type) and e.type != ir.NONE:
            if e.type == ir.FLOAT:
                low.scope.differ("A float among values of type Any is finite.")
        case _, ir.OptionalT(elem) if can_hold(elem):
            low.require_pure(e)
            some = ir.Intrinsic("is_some", [e], type=ir.BOOL, line=e.line)
            held = of(low, ir.Unwrap(e, type=elem, line=e.line))
            return ir.Cond(some, held, of(low, ir.Lit(None, type=ir.NONE)), type=ir.ANY, line=e.line)
        case ir.ListLit(), _:
            e = ir.ListLit([of(low, x) for x in e.elems], type=ir.ListT(ir.ANY), line=e.line)
        case ir.DictLit(), ir.DictT(key, _) if key in (ir.STR, ir.UNKNOWN):
            pairs = [(k, of(low, v)) for k, v in e.items]
            e = ir.DictLit(pairs, type=ir.DictT(ir.STR, ir.ANY), line=e.line)
        case ir.Comp(kind="list"), _:
            e = ir.Comp("list", of(low, e.elem), e.clauses, type=ir.ListT(ir.ANY), line=e.line)
        case _, ir.ListT(elem) if can_hold(elem):
            low.scope.differ(COPIED)
            if elem != ir.ANY:
                each = ir.Clause(ir.VarTarget("item", type=elem), e, [])
                held = of(low, ir.Name("item", type=elem))
                e = ir.Comp("list", held, [each], type=ir.ListT(ir.ANY), line=e.line)
        case _, ir.DictT(ir.STR, ir.ANY):
            low.scope.differ(COPIED)
        case _, ir.DictT(ir.STR, value) if can_hold(value):
            low.scope.differ(COPIED)
            e = entries(low, e)
        case _:
            raise Unsupported(f"{ir.type_text(e.type)} as a value of any type")
    return ir.Intrinsic("json.of", [e], type=ir.ANY, line=e.line)


def entries(low: ExpressionLowerer, e: ir.Expr) -> ir.Expr:
    """A map of texts to values that JSON can hold, with each value as one of type ANY."""
    if not isinstance(e.type, ir.DictT) or e.type.key != ir.STR or e.type.value == ir.ANY:
        return e
    pair = ir.TupleT((ir.STR, e.type.value))
    names = [ir.VarTarget("key", type=ir.STR), ir.VarTarget("value", type=e.type.value)]
    held = of(low, ir.Name("value", type=e.type.value))
    entry = ir.TupleLit([ir.Name("key", type=ir.STR), held], type=ir.TupleT((ir.STR, ir.ANY)))
    over = ir.Intrinsic("dict.items", [e], type=ir.IterT(pair))
    each = ir.Clause(ir.TupleTarget(list(names), type=pair), over, [])
    return ir.Comp("dict", entry, [each], type=ir.DictT(ir.STR, ir.ANY), line=e.line)


def as_type(low: ExpressionLowerer, e: ir.Expr, want: Type, *, known: bool = False) -> ir.Expr:
    """A value of type ANY as one of another type; `known` where it is certain that it is one."""
    if isinstance(e, ir.Intrinsic) and e.op == "json.of" and (e.args[0].type == want):
        return e.args[0]
    match want:
        case _ if want in _READS:
            if not known:
                low.scope.differ(CHECKED)
            if not isinstance(want, ir.P):
                low.scope.differ(COPIED)
            return ir.Intrinsic(_READS[want], [e], "" if known else "TypeError", type=want, line=e.line)
        case ir.OptionalT(elem):
            low.require_pure(e)
            held = ir.Wrap(as_type(low, e, elem), type=want, line=e.line)
            return ir.Cond(is_kind(e, "null"), ir.Lit(None, type=want), held, type=want, line=e.line)
        case ir.ListT(elem):
            each = ir.Clause(ir.VarTarget("item", type=ir.ANY), as_type(low, e, ir.ListT(ir.ANY)), [])
            return ir.Comp(
                "list", as_type(low, ir.Name("item", type=ir.ANY), elem), [each], type=want, line=e.line
            )
        case _:
            raise Unsupported(f"any where {ir.type_text(want)} is needed")


def is_kind(e: ir.Expr, kind: str) -> ir.Expr:
    """A test of a value of type ANY."""
    return ir.Intrinsic("json.is", [e, ir.Lit(kind, type=ir.STR)], type=ir.BOOL, line=e.line)


def is_instance(
    low: ExpressionLowerer, v: ir.Expr, names: Sequence[str], at: ast.expr, *, no_bool: bool
) -> ir.Expr:
    """`isinstance(v, ...)` of a value of type ANY, which may be known to be no bool."""
    kinds: list[str] = []
    for name in names:
        if name == "int":
            # True and False are integers.
            kinds += ["integer"] if no_bool else ["integer", "boolean"]
        elif name in _KINDS:
            kinds.append(_KINDS[name])
        elif name not in ("tuple", "set"):
            raise Unsupported("isinstance with this class", ast.unparse(at), at.lineno)
    tests: list[ir.Expr] = [is_kind(v, k) for k in dict.fromkeys(kinds)]
    if len(tests) > 1:
        low.require_pure(v)
        return ir.Bool("or", tests, type=ir.BOOL, line=v.line)
    return tests[0] if tests else ir.Lit(False, type=ir.BOOL, line=v.line)


def narrowed_type(name: str) -> Type | None:
    """The type of a value of type ANY that `isinstance` has shown to be of this class, None where several remain."""
    plain = {"str": ir.STR, "bool": ir.BOOL, "list": ir.ListT(ir.ANY), "dict": ir.DictT(ir.STR, ir.ANY)}
    return plain.get(name)


def equals(low: ExpressionLowerer, left: ir.Expr, right: ir.Expr, negative: bool) -> ir.Expr:
    """`left == right` where one of them is of type ANY and the other is a text, a number or a truth value."""
    v, other = (left, right) if left.type == ir.ANY else (right, left)
    wanted: Type
    match other.type:
        case ir.P(ir.Prim.STR) | ir.P(ir.Prim.CHAR):
            kind, wanted = "string", ir.STR
        case ir.P(ir.Prim.INT) | ir.P(ir.Prim.FLOAT):
            kind, wanted = "number", ir.FLOAT
        case ir.P(ir.Prim.BOOL):
            kind, wanted = "boolean", ir.BOOL
        case _:
            reason = "comparison of a value of any type with something else than a text, a number or a bool"
            raise Unsupported(reason)
    if kind != "string" and not (isinstance(other, ir.Lit) and other.value not in (0, 1)):
        low.scope.differ("True and 1, and False and 0, are not equal among values of type Any.")
    low.require_pure(v)
    same = ir.Intrinsic(
        "ne" if negative else "eq",
        [as_type(low, v, wanted, known=True), low.coerce(other, wanted)],
        type=ir.BOOL,
    )
    is_one = is_kind(v, kind)
    if negative:
        return ir.Bool("or", [ir.Not(is_one, type=ir.BOOL), same], type=ir.BOOL, line=v.line)
    return ir.Bool("and", [is_one, same], type=ir.BOOL, line=v.line)


def whole(e: ir.Expr) -> ir.Expr:
    """The value of type ANY whose entries a map is, for what can be asked of it as it is; any other value itself."""
    return e.args[0] if isinstance(e, ir.Intrinsic) and e.op == "json.members" else e


def receiver(low: ExpressionLowerer, obj: ir.Expr, method: str) -> ir.Expr:
    """The object of a method call, as the one type among JSON's that has the method."""
    if method in _OF_TEXTS:
        return as_type(low, obj, ir.STR)
    if method in _OF_MAPS:
        return as_type(low, obj, ir.DictT(ir.STR, ir.ANY))
    return obj


def changes_a_copy(statements: Sequence[ir.Stmt]) -> bool:
    """True when something changes a list or a map that was just taken out of a value of type ANY."""

    def taken(e: ir.Expr) -> bool:
        while isinstance(e, ir.Intrinsic) and e.op in ("dict.index", "list.index"):
            e = e.args[0]
        return isinstance(e, ir.Intrinsic) and e.op in (
            "json.items",
            "json.members",
            "json.field",
            "json.item",
        )

    return any(
        (isinstance(n, ir.IndexTarget) and taken(n.obj))
        or (isinstance(n, ir.Intrinsic) and n.op in CHANGING | CHANGING_MAPS and taken(n.args[0]))
        for s in statements
        for n in ir.walk(s)
    )
