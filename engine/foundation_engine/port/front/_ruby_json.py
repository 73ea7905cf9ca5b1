"""JSON in Ruby source: what `JSON.parse` gives, what is asked of it, and hashes that are written as JSON."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.front import _ruby_ast as ast
from foundation_engine.port.front._ruby_nodes import FLOAT_TEXT, Maybe, integer, lit, op
from foundation_engine.port.front._ruby_scope import pure
from foundation_engine.port.front._ruby_types import SYMBOL, JsonT, VarT, type_text
from foundation_engine.port.ir import Type, Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.front._ruby_expr import Expressions
    from foundation_engine.port.front._ruby_stmt import Statements

JSON = JsonT()
KINDS = (
    "A JSON value of another kind than the code expects is null in the port or stops it, where Ruby goes on with it or "
    "raises NoMethodError or TypeError."
)
MEMBERS = ir.DictT(ir.STR, JSON)
# Ruby's classes and the kinds of JSON values that are of them.
CLASSES: Mapping[str, str] = {
    "Hash": "object",
    "Array": "list",
    "String": "string",
    "Integer": "integer",
    "Float": "float",
    "Numeric": "number",
    "NilClass": "null",
}
# What a value is where a class decides it.
NARROWED: Mapping[str, Type] = {
    "Hash": MEMBERS,
    "Array": ir.ListT(JSON),
    "String": ir.STR,
    "Integer": ir.INT,
    "Float": ir.FLOAT,
    "Numeric": ir.FLOAT,
}


# Methods that change the list or hash they are called on.
CHANGES = frozenset(
    {
        "<<",
        "push",
        "append",
        "unshift",
        "prepend",
        "insert",
        "concat",
        "pop",
        "shift",
        "delete",
        "delete_at",
        "delete_if",
        "reject!",
        "select!",
        "map!",
        "sort!",
        "sort_by!",
        "uniq!",
        "compact!",
        "clear",
        "[]=",
        "store",
        "merge!",
        "update",
    }
)


def _of_kind(e: ir.Expr, kind: str) -> ir.Expr:
    return op("json.is", [e, lit(kind, ir.STR)], ir.BOOL)


def null() -> ir.Expr:
    """JSON's null."""
    return op("json.of", [lit(None, ir.NONE)], JSON)


def opened(t: Type) -> Type:
    """The type of a JSON value in whose place an empty list or map stands, or a value of unknown type."""
    return ir.ListT(JSON) if isinstance(t, ir.ListT) else MEMBERS if isinstance(t, ir.DictT) else JSON


def is_null(e: ir.Expr) -> ir.Expr:
    """Whether a JSON value is null, which is nil in Ruby."""
    return _of_kind(e, "null")


def is_a(e: ir.Expr, path: str) -> ir.Expr | None:
    """Whether a JSON value is of one of Ruby's classes; None for another class."""
    return _of_kind(e, CLASSES[path]) if path in CLASSES else None


def truth(e: ir.Expr) -> ir.Expr:
    """Whether a JSON value is neither null nor false."""
    return op("json.present", [e], ir.BOOL)


def flat(low: Expressions, e: ir.Expr) -> ir.Expr:
    """A JSON value that may be missing as one that is null then."""
    t = e.type
    if not isinstance(t, ir.OptionalT) or not isinstance(low.full(t.elem), JsonT):
        return e
    if isinstance(e, ir.Intrinsic) and e.op == "dict.get":
        return op("dict.get_or", [*e.args, null()], t.elem)
    if isinstance(e, Maybe):
        return ir.Cond(e.test, e.plain, null(), type=t.elem, line=e.line)
    if not pure(e) and low.pre is None:
        return e
    e = once(low, e)
    return ir.Cond(op("is_some", [e], ir.BOOL), ir.Unwrap(e, type=t.elem), null(), type=t.elem, line=e.line)


def once(low: Expressions, e: ir.Expr) -> ir.Expr:
    """A value that is read more than once, under a name where one fits."""
    plain = isinstance(e, ir.Name | ir.Field | ir.Lit)
    return e if plain or (low.pre is None and pure(e)) else low.hoist(e, "value")


def compare(low: Expressions, name: str, left: ir.Expr, right: ir.Expr) -> ir.Expr:
    """A comparison of a JSON value with one of another type; only equality does not care for the kind."""
    if isinstance(low.full(right.type), JsonT):
        if isinstance(low.full(left.type), JsonT):
            raise Unsupported("a comparison of two JSON values; say what they are", "", left.line)
        swapped = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}.get(name, name)
        return compare(low, swapped, right, left)
    t = low.full(right.type)
    if t == ir.NONE or (isinstance(right, ir.Lit) and right.value is None):
        found = is_null(left)
        return found if name == "eq" else ir.Not(found, type=ir.BOOL)
    kinds: Mapping[Type, str] = {
        ir.STR: "string",
        ir.INT: "number",
        ir.FLOAT: "number",
        ir.BOOL: "boolean",
    }
    if t not in kinds or (t == ir.BOOL and name not in ("eq", "ne")):
        raise Unsupported(f"a comparison of a JSON value with a {type_text(t)}", "", left.line)
    want = ir.FLOAT if t == ir.INT else t
    left = once(low, left) if name in ("eq", "ne") else left
    value = low.coerce(left, want)
    other = low.floats(right)[0] if t == ir.INT else right
    if name not in ("eq", "ne"):
        return op(name, [value, other], ir.BOOL)
    same: ir.Expr = op("eq", [value, other], ir.BOOL)
    if t == ir.BOOL and isinstance(right, ir.Lit):
        same = value if right.value else ir.Not(value, type=ir.BOOL)
    test = ir.Bool("and", [_of_kind(left, kinds[t]), same], type=ir.BOOL)
    return test if name == "eq" else ir.Not(test, type=ir.BOOL)


# From JSON


def coerce(low: Expressions, e: ir.Expr, want: Type) -> ir.Expr | None:
    """A JSON value as one of a type, or None when there is no way."""
    made: ir.Expr | None = None
    match want:
        case ir.OptionalT(elem):
            e = once(low, e)
            inner = low.coerce(e, elem)
            return ir.Cond(is_null(e), lit(None, want), ir.Wrap(inner, type=want), type=want, line=e.line)
        case ir.ListT(elem):
            items = op("json.items", [e], ir.ListT(low.full(e.type)), "TypeError")
            made = items if isinstance(elem, JsonT) else _mapped(low, items, elem)
        case ir.DictT(key, value) if key in (ir.STR, SYMBOL):
            members = op("json.members", [e], ir.DictT(key, low.full(e.type)), "TypeError")
            made = members if isinstance(value, JsonT) else _members(low, members, key, value)
        case ir.P(kind):
            ops = {"str": "json.text", "int": "json.integer", "float": "json.number", "bool": "json.boolean"}
            if kind.value in ops:
                made = op(ops[kind.value], [e], want, "TypeError")
        case _:
            pass
    if made is not None:
        low.scope.differ(KINDS)
        made.line = e.line
    return made


def _each(low: Expressions, over: ir.Expr, t: Type, base: str) -> tuple[ir.Name, ir.Clause]:
    name = low.fresh(base)
    low.vars[name] = t
    return ir.Name(name, type=t), ir.Clause(ir.VarTarget(name, type=t), over, [])


def _mapped(low: Expressions, items: ir.Expr, elem: Type) -> ir.Expr:
    t = low.full(items.type)
    assert isinstance(t, ir.ListT)
    have = t.elem
    name, clause = _each(low, items, have, "item")
    with low.without_statements():
        made = low.coerce(name, elem)
    return ir.Comp("list", made, [clause], type=ir.ListT(elem))


def _members(low: Expressions, members: ir.Expr, key: Type, value: Type) -> ir.Expr:
    t = low.full(members.type)
    assert isinstance(t, ir.DictT)
    have = t.value
    k, v = low.fresh("key"), low.fresh("item")
    low.vars[k], low.vars[v] = key, have
    pair = ir.TupleT((key, have))
    target = ir.TupleTarget([ir.VarTarget(k, type=key), ir.VarTarget(v, type=have)], type=pair)
    clause = ir.Clause(target, op("dict.items", [members], ir.IterT(pair)), [])
    with low.without_statements():
        held = low.coerce(ir.Name(v, type=have), value)
    elem = ir.TupleLit([ir.Name(k, type=key), held], type=ir.TupleT((key, value)))
    return ir.Comp("dict", elem, [clause], type=ir.DictT(key, value))


# To JSON


def encoded(low: Expressions, e: ir.Expr) -> ir.Expr:
    """A value as JSON: symbols are texts, and a hash that is an object of the port is a JSON object again."""
    t = low.full(e.type)
    match t:
        case JsonT():
            return e
        case ir.P(kind) if kind.value in ("str", "int", "float", "bool", "char"):
            if t == ir.FLOAT:
                low.scope.differ(FLOAT_TEXT)
            return op("json.of", [low.coerce(e, ir.STR) if t == ir.CHAR else e], JSON)
        case ir.P(ir.Prim.NONE) if isinstance(e, ir.Lit):
            return null()
        case ir.OptionalT(elem):
            e = once(low, e)
            there = ir.Unwrap(e, type=elem)
            return ir.Cond(op("is_some", [e], ir.BOOL), encoded(low, there), null(), type=JSON)
        case ir.ListT():
            if isinstance(e, ir.ListLit):
                made: ir.Expr = ir.ListLit([encoded(low, x) for x in e.elems], type=ir.ListT(JSON))
            elif isinstance(e, ir.Comp):
                made = ir.Comp("list", encoded(low, e.elem), e.clauses, type=ir.ListT(JSON))
            else:
                _settled(low, e)
                made = e if isinstance(t.elem, JsonT) else _mapped(low, e, JSON)
            return op("json.of", [made], JSON)
        case ir.DictT(key, value) if key in (ir.STR, SYMBOL):
            if isinstance(e, ir.DictLit):
                items = [(low.text(k), encoded(low, v)) for k, v in e.items]
                return op("json.of", [ir.DictLit(items, type=MEMBERS)], JSON)
            _settled(low, e)
            return op("json.of", [e if isinstance(value, JsonT) else _members(low, e, key, JSON)], JSON)
        case ir.NamedT(name) if name in low.scope.classes and low.scope.classes[name].kind == "record":
            if isinstance(e, ir.New):
                parts = e.args
            else:
                e = once(low, e)
                fields = low.scope.classes[name].fields
                parts = [(k, ir.Field(e, k, type=low.full(fields[k]))) for k in low.scope.classes[name].order]
            pairs: list[tuple[ir.Expr, ir.Expr]] = [(lit(k, ir.STR), encoded(low, v)) for k, v in parts]
            return op("json.of", [ir.DictLit(pairs, type=MEMBERS)], JSON)
        case _ if t == SYMBOL:
            return op("json.of", [low.text(e)], JSON)
        case _:
            raise Unsupported(f"a {type_text(t)} in JSON", "", e.line)


def _settled(low: Expressions, e: ir.Expr) -> None:
    """Refuse a list or map that changes later: Ruby's hash would hold the change, and the copy made here would not."""
    if not isinstance(e, ir.Name):
        return
    local = next((name for name, made in low.names.items() if made == e.id), e.id)
    for n in (x for b in low.body for x in ast.walk(b)):
        recv = n.recv if isinstance(n, ast.Call) else None
        target = n.target if isinstance(n, ast.Assign | ast.OpAssign) else None
        if isinstance(n, ast.Call) and n.name not in CHANGES:
            recv = None
        if isinstance(target, ast.Call) and target.name == "[]":
            recv = target.recv
        if isinstance(recv, ast.Ident) and recv.name == local and n.line > e.line > 0:
            raise Unsupported(f"a JSON value with {local}, which changes later", "", e.line)


def literal(low: Expressions, n: ast.Node) -> ir.Expr:
    """A hash or array literal as JSON; its values may be of several types."""
    match n:
        case ast.Hash(pairs=pairs) if all(k is not None for k, _ in pairs):
            nodes = [v for _, v in pairs]
            values = _literals(low, nodes)
            items: list[tuple[ir.Expr, ir.Expr]] = []
            for (k, _), v in zip(pairs, values, strict=True):
                match k:
                    case ast.Symbol(name=name):
                        items.append((lit(name, ir.STR), v))
                    case ast.Literal(value=str() as name):
                        items.append((lit(name, ir.STR), v))
                    case _:
                        raise Unsupported("JSON with computed keys among values of several types", "", n.line)
            return op("json.of", [ir.DictLit(items, type=MEMBERS)], JSON)
        case ast.Array(elems=elems) if not any(isinstance(x, ast.Splat) for x in elems):
            return op("json.of", [ir.ListLit(_literals(low, elems), type=ir.ListT(JSON))], JSON)
        case _:
            return encoded(low, low.expr(n))


def _literals(low: Expressions, nodes: list[ast.Node]) -> list[ir.Expr]:
    nested = [isinstance(n, ast.Hash | ast.Array) for n in nodes]
    plain = iter(low.exprs([n for n, inside in zip(nodes, nested, strict=True) if not inside]))
    return [
        literal(low, n) if inside else encoded(low, next(plain))
        for n, inside in zip(nodes, nested, strict=True)
    ]


# Calls


def parse(low: Statements, n: ast.Call) -> ir.Expr:
    """`JSON.parse(text)`."""
    symbols = any(
        k == "symbolize_names" and isinstance(v, ast.Literal) and v.value is True for k, v in n.named
    )
    if len(n.args) != 1 or len(n.named) != symbols or n.block is not None:
        raise Unsupported("JSON.parse with these options", low.scope.reader.source(n), n.line)
    return op("json.parse", [low.as_text(n.args[0])], JsonT(symbols), "ValueError")


def generated(low: Statements, n: ast.Node) -> ir.Expr:
    """`JSON.generate(value)`."""
    return op("json.generate", [encoded(low, low.expr(n, JSON))], ir.STR)


def paired(low: Statements, n: ast.Call) -> ast.Call:
    """An iterator of a JSON value whose block takes a key and a value: one of its members."""
    if n.block is None or len(n.block.params) != 2 or n.recv is None or n.name in _OTHER_PAIRS:
        return n
    if not isinstance(n.recv, ast.Ident | ast.IVar | ast.Call) or not isinstance(low.peek(n.recv), JsonT):
        return n
    made = copy.copy(n)
    made.recv = ast.Call(n.recv, "to_h", [], [], line=n.line, last=n.last, start=n.start, end=n.end)
    return made


_OTHER_PAIRS = frozenset({"each_with_index", "each_with_object", "with_index", "reduce", "inject"})


def method(low: Statements, n: ast.Call, obj: ir.Expr, t: JsonT, want: Type | None) -> ir.Expr:
    """A method of a JSON value: what hashes, arrays and all values have; the rest by the one class that has it."""
    from foundation_engine.port.front import _ruby_calls as calls

    match n.name, n.args:
        case ("[]", [key]):
            return _entry(low, n, obj, key, t)
        case ("fetch", [key, *rest]) if len(rest) <= 1 and (n.block is None or not n.block.params):
            return _fetch(low, n, obj, key, rest[0] if rest else None, t)
        case ("dig", [_, *_]):
            return _dig(low, n, obj, t)
        case ("key?" | "has_key?" | "member?", [key]):
            return op("json.has", [obj, _key(low, key, t, n)], ir.BOOL, "TypeError")
        case ("to_s", []):
            return low.text(obj)
        case ("to_i", []):
            return low.prelude("integer_of_json", [obj], ir.INT)
        case ("to_f", []):
            return low.prelude("float_of_json", [obj], ir.FLOAT)
        case ("length" | "size", []):
            return low.prelude("size_of_json", [obj], ir.INT)
        case ("empty?", []):
            return op("eq", [low.prelude("size_of_json", [obj], ir.INT), integer(0)], ir.BOOL)
        case ("to_h", []):
            return low.coerce(obj, MEMBERS)
        case ("to_a", []):
            return low.coerce(obj, ir.ListT(JSON))
        case ("+" | "-" | "*" | "/" | "%", [other]):
            number = low.full(want) if want is not None else None
            right = low.value(other)
            held = low.full(right.type)
            if n.name == "+" and held == ir.STR:
                return calls.arithmetic(low, n.name, low.coerce(obj, ir.STR), right, n)
            if held == ir.FLOAT or number == ir.FLOAT:
                return calls.arithmetic(low, n.name, low.coerce(obj, ir.FLOAT), right, n)
            raise Unsupported(
                "arithmetic with a number from JSON that may be an Integer or a Float; say to_i or to_f",
                low.scope.reader.source(n),
                n.line,
            )
        case ("<" | ">" | "<=" | ">=", [other]):
            names = {"<": "lt", ">": "gt", "<=": "le", ">=": "ge"}
            return compare(low, names[n.name], obj, low.value(other))
        case _:
            pass
    sure = calls.only_class(n)
    if sure is None:
        raise Unsupported(
            f"method {n.name} of a JSON value; say what it is (to_s, to_i, to_f, to_h, to_a)",
            low.scope.reader.source(n).splitlines()[0],
            n.line,
        )
    held = {"str": ir.STR, "int": ir.INT, "dict": MEMBERS, "list": ir.ListT(JSON)}[sure]
    value = low.coerce(obj, held)
    match held:
        case ir.P(ir.Prim.STR):
            return calls.of_string(low, n, value)
        case ir.P():
            return calls.of_number(low, n, value, want)
        case ir.DictT():
            return calls.of_hash(low, n, value, held, want)
        case _:
            return calls.of_list(low, n, value, ir.ListT(JSON), want)


def _key(low: Statements, node: ast.Node, t: JsonT, n: ast.Node) -> ir.Expr:
    key = low.value(node)
    have = low.full(key.type)
    if isinstance(have, VarT):
        have = low.join(have, SYMBOL if t.symbols else ir.STR)
    if have != (SYMBOL if t.symbols else ir.STR):
        why = "with symbolize_names, whose keys are symbols" if t.symbols else "whose keys are strings"
        raise Unsupported(f"a {type_text(have)} as a key of JSON {why}", low.scope.reader.source(n), n.line)
    return low.text(key)


def _entry(low: Statements, n: ast.Call, obj: ir.Expr, key: ast.Node, t: JsonT) -> ir.Expr:
    if isinstance(key, ast.Literal) and isinstance(key.value, int):
        if key.value < 0:
            raise Unsupported("an entry of a JSON list from its end", low.scope.reader.source(n), n.line)
        items = low.hoist(op("json.items", [obj], ir.ListT(t), "TypeError"), "items")
        low.scope.differ(KINDS)
        there = op("lt", [integer(key.value), op("len", [items], ir.INT)], ir.BOOL)
        return ir.Cond(there, op("list.index", [items, integer(key.value)], t, "IndexError"), null(), type=t)
    low.scope.differ(KINDS)
    return op("json.get_or", [obj, _key(low, key, t, n), lit(None, ir.NONE)], t)


def _fetch(
    low: Statements, n: ast.Call, obj: ir.Expr, key: ast.Node, given: ast.Node | None, t: JsonT
) -> ir.Expr:
    low.scope.differ(KINDS)
    name = _key(low, key, t, n)
    if n.block is not None:
        if given is not None or len(n.block.body) != 1:
            raise Unsupported("fetch with a block of several statements", low.scope.reader.source(n), n.line)
        given = n.block.body[0]
    if given is None:
        return op("json.field", [obj, name], t, "KeyError")
    obj = once(low, obj)
    with low.without_statements():
        default = low.expr(given)
        made = low.full(default.type)
        there = op("json.get_or", [obj, name, lit(None, ir.NONE)], t)
        known = made in (ir.STR, ir.INT, ir.FLOAT, ir.BOOL)
        # The default says what the value is.
        held = low.coerce(there, made) if known else there
        otherwise = default if known else encoded(low, default)
    return ir.Cond(op("json.has", [obj, name], ir.BOOL, "TypeError"), held, otherwise, type=held.type)


def _dig(low: Statements, n: ast.Call, obj: ir.Expr, t: JsonT) -> ir.Expr:
    low.scope.differ(KINDS)
    keys: list[ir.Expr] = [_key(low, a, t, n) for a in n.args]
    made = low.prelude("below_in_json", [obj, ir.ListLit(keys, type=ir.ListT(ir.STR))], JSON)
    made.type = t
    return made
