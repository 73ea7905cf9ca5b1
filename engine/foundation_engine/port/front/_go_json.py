"""Go's json.Unmarshal into structs: a function for each struct that reads a JSON value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front._go_types import (
    BYTES,
    VOID,
    Basic,
    GoType,
    Map,
    Named,
    Pointer,
    Slice,
    TypeInfo,
    is_float,
    is_int,
)

if TYPE_CHECKING:
    from foundation_engine.port.front._go_expr import ExpressionLowerer, V

KEYS = "A key of JSON is that of the field's tag or its name, where Go also takes one in another case."
_PLAIN = {
    "int": ("integer", ir.INT),
    "float": ("number", ir.FLOAT),
    "string": ("text", ir.STR),
    "bool": ("boolean", ir.BOOL),
}
_KINDS = {"int": "integer", "float": "number", "string": "string", "bool": "boolean"}


def unmarshalled(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    """`json.Unmarshal(data, &v)`, of a variable that was declared for it."""
    from foundation_engine.port.front._go_expr import V

    target = args[1]
    if target.type != "unary_expression" or not low.p.text(target).startswith("&"):
        raise low.p.unsupported("JSON that is read into this", node)
    target = low.child(target, "operand")
    var = low.lookup(low.p.text(target)) if target.type == "identifier" else None
    if var is None or var.ir_name not in low.unset:
        raise low.p.unsupported("JSON that is read into something that has a value", node)
    low.p.differ(KEYS)
    data = low.value(args[0], BYTES)
    parsed = ir.Intrinsic("json.parse", [data], "ValueError", type=ir.ANY)
    made = _read(low, var.go, parsed, node)
    made.line = low.p.line(node)
    low.assigns[id(made)] = ir.VarTarget(var.ir_name, type=var.type)
    return V(made, VOID, True)


def _read(low: ExpressionLowerer, t: GoType, value: ir.Expr, node: SyntaxNode) -> ir.Expr:
    """The JSON value as a value of a type; null is its zero value."""
    u = low.types.underlying(t)
    match u:
        case Named(name) if name in low.p.declared and low.p.declared[name].kind == "struct":
            return _call(
                low,
                f"_decode{name}",
                low.types.ir(u),
                value,
                lambda: _struct(low, low.p.declared[name], node),
            )
        case Slice(elem) if u != BYTES and not u.array:
            return _call(
                low, f"_decode{_word(low, elem)}List", low.types.ir(u), value, lambda: _list(low, u, node)
            )
        case Map(Basic("string"), inner) if not low.types.is_set(u):
            return _call(
                low, f"_decode{_word(low, inner)}Map", low.types.ir(u), value, lambda: _map(low, u, node)
            )
        case _ if (kind := _plain(u)) and low.types.kind(t) != "enum":
            name = f"_decode{kind[:1].upper()}{kind[1:]}"
            return _call(low, name, low.types.ir(u), value, lambda: _scalar(low, kind, u, node))
        case _:
            raise low.p.unsupported("JSON of a type of this kind", node)


def _plain(u: GoType) -> str:
    if u == Basic("string"):
        return "string"
    if u == Basic("bool"):
        return "bool"
    if u in (Basic("int"), Basic("int64")):
        return "int"
    return "float" if is_float(u) and not is_int(u) else ""


def _word(low: ExpressionLowerer, t: GoType) -> str:
    u = low.types.underlying(t)
    match u:
        case Named(name):
            return name.rpartition(".")[2]
        case Slice(elem):
            return f"{_word(low, elem)}List"
        case Map(_, value):
            return f"{_word(low, value)}Map"
        case Pointer(elem):
            return f"{_word(low, elem)}Pointer"
        case _:
            return _plain(u).capitalize()


def _call(low: ExpressionLowerer, name: str, t: ir.Type, value: ir.Expr, make: object) -> ir.Expr:
    """A call of a function that reads a value; the function is made once."""
    if name not in low.p.decoders:
        low.p.decoders[name] = None
        low.p.decoders[name] = make()  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
    func = ir.Name(name, type=ir.FuncT((ir.ANY,), t, raises=True, context=False))
    return ir.Call(func, [value], type=t)


def _function(name: str, t: ir.Type, zero: ir.Expr, kind: str, result: ir.Expr, about: str) -> ir.Function:
    value = ir.Name("value", type=ir.ANY)

    def is_kind(word: str) -> ir.Expr:
        return ir.Intrinsic("json.is", [value, ir.Lit(word, type=ir.STR)], type=ir.BOOL)

    message = ir.Lit(f"JSON that is not {about}", type=ir.STR)
    wrong = ir.New("ValueError", [("message", message)], type=ir.NamedT("ValueError"))
    body: list[ir.Stmt] = [
        ir.If(is_kind("null"), [ir.Return(zero)], []),
        ir.If(ir.Not(is_kind(kind), type=ir.BOOL), [ir.Raise(wrong)], []),
        ir.Return(result),
    ]
    return ir.Function(
        name, [ir.Param("value", ir.ANY)], t, body, f"{about[:1].upper()}{about[1:]} from JSON.", private=True
    )


def _scalar(low: ExpressionLowerer, kind: str, u: GoType, node: SyntaxNode) -> ir.Function:
    op, t = _PLAIN[kind]
    value = ir.Name("value", type=ir.ANY)
    result = ir.Intrinsic(f"json.{op}", [value], type=t)
    about = {"int": "a whole number", "float": "a number", "string": "a text", "bool": "a truth value"}[kind]
    return _function(
        f"_decode{kind[:1].upper()}{kind[1:]}", t, low.zero(u, node), _KINDS[kind], result, about
    )


def _list(low: ExpressionLowerer, u: Slice, node: SyntaxNode) -> ir.Function:
    t = low.types.ir(u)
    item = ir.Name("item", type=ir.ANY)
    items = ir.Intrinsic("json.items", [ir.Name("value", type=ir.ANY)], type=ir.ListT(ir.ANY))
    clause = ir.Clause(ir.VarTarget("item", type=ir.ANY), items, [])
    made = ir.Comp("list", _read(low, u.elem, item, node), [clause], type=t)
    return _function(f"_decode{_word(low, u.elem)}List", t, low.zero(u, node), "list", made, "a list")


def _map(low: ExpressionLowerer, u: Map, node: SyntaxNode) -> ir.Function:
    t = low.types.ir(u)
    pair = ir.TupleT((ir.STR, ir.ANY))
    members = ir.Intrinsic("json.members", [ir.Name("value", type=ir.ANY)], type=ir.DictT(ir.STR, ir.ANY))
    target = ir.TupleTarget([ir.VarTarget("key", type=ir.STR), ir.VarTarget("item", type=ir.ANY)], type=pair)
    items = ir.Intrinsic("dict.items", [members], type=ir.IterT(pair))
    read = _read(low, u.value, ir.Name("item", type=ir.ANY), node)
    elem = ir.TupleLit([ir.Name("key", type=ir.STR), read], type=ir.TupleT((ir.STR, read.type)))
    made = ir.Comp("dict", elem, [ir.Clause(target, items, [])], type=t)
    return _function(f"_decode{_word(low, u.value)}Map", t, low.zero(u, node), "object", made, "an object")


def _struct(low: ExpressionLowerer, info: TypeInfo, node: SyntaxNode) -> ir.Function:
    t = ir.NamedT(info.name)
    value = ir.Name("value", type=ir.ANY)
    if info.constructor:
        raise low.p.unsupported(f"JSON of {info.name}, which {info.constructor} makes", node)
    args: list[tuple[str, ir.Expr]] = []
    for f in info.fields.values():
        if low.dropped_field(f.type):
            continue
        key = f"{info.name}.{f.name}"
        tag = re.search(r'json:"([^"]*)"', f.tag)
        label, *options = (tag[1] if tag is not None else "").split(",")
        if f.embedded or "string" in options:
            raise low.p.unsupported(f"JSON of the field {f.name} of {info.name}", node)
        if not f.exported or label == "-":
            args.append((f.name, low.zero(f.type, node, key)))
            continue
        name = ir.Lit(label or f.name, type=ir.STR)
        held = ir.Intrinsic("json.field", [value, name], type=ir.ANY)
        there: ir.Expr = ir.Intrinsic("json.has", [value, name], type=ir.BOOL)
        if isinstance(f.type, Pointer):
            zero = low.zero(f.type, node, key)
            null = ir.Intrinsic("json.is", [held, ir.Lit("null", type=ir.STR)], type=ir.BOOL)
            there = ir.Bool("and", [there, ir.Not(null, type=ir.BOOL)], type=ir.BOOL)
            inner = _read(low, f.type.elem, held, node)
            read: ir.Expr = ir.Wrap(inner, type=zero.type)
        else:
            zero = low.zero(f.type, node, key)
            read = _read(low, f.type, held, node)
        args.append((f.name, ir.Cond(there, read, zero, type=zero.type)))
    zeros = low.zero(Named(info.name), node)
    about = f"{'an' if info.name[:1] in 'AEIOU' else 'a'} {info.name}"
    return _function(f"_decode{info.name}", t, zeros, "object", ir.New(info.name, args, type=t), about)


__all__ = ["unmarshalled"]
