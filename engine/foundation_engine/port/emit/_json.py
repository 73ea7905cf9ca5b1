"""JSON of values whose shape is written out, as the concatenation of texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from foundation_engine.port import ir
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.texts import pieces


@dataclass(frozen=True, slots=True)
class Style:
    """How JSON is laid out: what stands between items and behind keys, and the operation that quotes a text."""

    comma: str = ", "
    colon: str = ": "
    quote: str = "json.quote"


COMPACT = Style(",", ":", "json.quote_text")


@dataclass(frozen=True, slots=True)
class Literals:
    """How a language writes JSON values out: no value, and what stands around entries and items."""

    null: str
    entries: tuple[str, str]
    items: tuple[str, str]

    def text(self, e: ir.Expr, key: Callable[[ir.Expr], str], part: Callable[[ir.Expr], str]) -> str | None:
        """No value, a map or a list that is written out; nothing for any other value."""
        match e:
            case ir.Lit(value=None):
                return self.null
            case ir.DictLit(items=entries):
                return ", ".join(f"{key(k)}: {part(v)}" for k, v in entries).join(self.entries)
            case ir.ListLit(elems=elems):
                return ", ".join(map(part, elems)).join(self.items)
            case _:
                return None


def encoded(e: ir.Expr, ordered: Callable[[ir.Type], bool] | None = None, style: Style = Style()) -> ir.Expr:
    """The JSON text of a value whose shape is written out, so that its keys keep their order.

    With `ordered`, which tells the maps that keep their order, lists and such maps may be values of any kind.
    """
    match e:
        case ir.Lit(value=None):
            return ir.Lit("null", type=ir.STR, line=e.line)
        case ir.Lit(value=bool(value)):
            return ir.Lit("true" if value else "false", type=ir.STR, line=e.line)
        case ir.Intrinsic(op="json.of", args=[v]):
            return encoded(v, ordered, style)
        case ir.Cond() if e.type == ir.ANY:
            body, orelse = encoded(e.body, ordered, style), encoded(e.orelse, ordered, style)
            return ir.Cond(e.test, body, orelse, type=ir.STR, line=e.line)
        case ir.DictLit(items=items):
            keys = [k.value for k, _ in items if isinstance(k, ir.Lit) and isinstance(k.value, str)]
            if len(keys) != len(items) or len(set(keys)) != len(keys):
                raise Unsupported("JSON of a map whose keys are not literals", line=e.line)
            parts: list[ir.Expr] = []
            for i, (key, (_, v)) in enumerate(zip(keys, items, strict=True)):
                name = json.dumps(key, ensure_ascii=style == Style())
                start = f"{style.comma if i else '{'}{name}{style.colon}"
                parts.extend([ir.Lit(start, type=ir.STR), encoded(v, ordered, style)])
            return _joined([*parts, ir.Lit("}" if parts else "{}", type=ir.STR)])
        case ir.ListLit(elems=elems):
            parts = []
            for i, v in enumerate(elems):
                parts.extend([ir.Lit(style.comma if i else "[", type=ir.STR), encoded(v, ordered, style)])
            return _joined([*parts, ir.Lit("]" if parts else "[]", type=ir.STR)])
        case ir.Comp(kind="list", elem=elem):
            inner = ir.Comp(
                "list", encoded(elem, ordered, style), e.clauses, type=ir.ListT(ir.STR), line=e.line
            )
            items_text = ir.Intrinsic("str.join", [ir.Lit(style.comma, type=ir.STR), inner], type=ir.STR)
            return _joined([ir.Lit("[", type=ir.STR), items_text, ir.Lit("]", type=ir.STR)])
        case ir.Expr(type=ir.ListT(elem=t)) if ordered is not None:
            name = _inside("element", e)
            clause = ir.Clause(ir.VarTarget(name, type=t), e, [])
            each = ir.Comp("list", ir.Name(name, type=t), [clause], type=e.type, line=e.line)
            return encoded(each, ordered, style)
        case ir.Expr(type=ir.DictT(key=ir.STR, value=t)) if ordered is not None:
            if not ordered(e.type):
                raise Unsupported("the order of a map's entries matters in its JSON", line=e.line)
            return _entries(e, t, ordered, style)
        case _ if e.type == ir.STR:
            return ir.Intrinsic(style.quote, [e], type=ir.STR, line=e.line)
        case _ if e.type == ir.INT:
            return ir.Intrinsic("int.to_str", [e], type=ir.STR, line=e.line)
        case _ if e.type == ir.FLOAT and style == COMPACT:
            return ir.Intrinsic("float.to_str", [e], type=ir.STR, line=e.line)
        case _ if e.type == ir.BOOL:
            return ir.Intrinsic("json.of_bool", [e], type=ir.STR, line=e.line)
        case _:
            raise Unsupported(f"JSON of {ir.type_text(e.type)}", line=e.line)


def _entries(e: ir.Expr, t: ir.Type, ordered: Callable[[ir.Type], bool], style: Style) -> ir.Expr:
    pair = ir.TupleT((ir.STR, t))
    name, value = _inside("entry_key", e), _inside("entry_value", e)
    target = ir.TupleTarget([ir.VarTarget(name, type=ir.STR), ir.VarTarget(value, type=t)], type=pair)
    clause = ir.Clause(target, ir.Intrinsic("dict.items", [e], type=ir.IterT(pair)), [])
    key = encoded(ir.Name(name, type=ir.STR), ordered, style)
    entry = _joined([key, ir.Lit(style.colon, type=ir.STR), encoded(ir.Name(value, type=t), ordered, style)])
    entries = ir.Comp("list", entry, [clause], type=ir.ListT(ir.STR), line=e.line)
    texts = ir.Intrinsic("str.join", [ir.Lit(style.comma, type=ir.STR), entries], type=ir.STR)
    return _joined([ir.Lit("{", type=ir.STR), texts, ir.Lit("}", type=ir.STR)])


def _inside(name: str, e: ir.Expr) -> str:
    """A name for a part of a value that is named so itself where it is a part of another one."""
    while isinstance(e, ir.Name) and e.id == name:
        name = f"inner_{name}"
    return name


def _joined(parts: list[ir.Expr]) -> ir.Expr:
    """Texts one after the other; neighbours that are literals become one."""
    merged: list[ir.Expr] = []
    for part in parts:
        last = merged[-1] if merged else None
        inner = pieces(part)
        if isinstance(last, ir.Lit) and isinstance(inner[0], ir.Lit):
            merged[-1] = ir.Lit(f"{last.value}{inner[0].value}", type=ir.STR)
            inner = inner[1:]
        merged.extend(inner)
    out = merged[0]
    for part in merged[1:]:
        out = ir.Intrinsic("str.concat", [out, part], type=ir.STR)
    return out
