"""JSON of values whose shape is written out, as the concatenation of texts."""

from __future__ import annotations

import json

from foundation_engine.port import ir
from foundation_engine.port.ir import Unsupported


def encoded(e: ir.Expr) -> ir.Expr:
    """The JSON text of a value whose shape is written out, so that its keys keep their order."""
    match e:
        case ir.Lit(value=None):
            return ir.Lit("null", type=ir.STR, line=e.line)
        case ir.Lit(value=bool(value)):
            return ir.Lit("true" if value else "false", type=ir.STR, line=e.line)
        case ir.DictLit(items=items):
            keys = [k.value for k, _ in items if isinstance(k, ir.Lit) and isinstance(k.value, str)]
            if len(keys) != len(items) or len(set(keys)) != len(keys):
                raise Unsupported("JSON of a map whose keys are not literals", line=e.line)
            pieces: list[ir.Expr] = []
            for i, (key, (_, v)) in enumerate(zip(keys, items, strict=True)):
                start = f"{', ' if i else '{'}{json.dumps(key)}: "
                pieces.extend([ir.Lit(start, type=ir.STR), encoded(v)])
            return _joined([*pieces, ir.Lit("}" if pieces else "{}", type=ir.STR)])
        case ir.ListLit(elems=elems):
            pieces = []
            for i, v in enumerate(elems):
                pieces.extend([ir.Lit(", " if i else "[", type=ir.STR), encoded(v)])
            return _joined([*pieces, ir.Lit("]" if pieces else "[]", type=ir.STR)])
        case ir.Comp(kind="list", elem=elem):
            inner = ir.Comp("list", encoded(elem), e.clauses, type=ir.ListT(ir.STR), line=e.line)
            items_text = ir.Intrinsic("str.join", [ir.Lit(", ", type=ir.STR), inner], type=ir.STR)
            return _joined([ir.Lit("[", type=ir.STR), items_text, ir.Lit("]", type=ir.STR)])
        case _ if e.type == ir.STR:
            return ir.Intrinsic("json.quote", [e], type=ir.STR, line=e.line)
        case _ if e.type == ir.INT:
            return ir.Intrinsic("int.to_str", [e], type=ir.STR, line=e.line)
        case _ if e.type == ir.BOOL:
            return ir.Intrinsic("json.of_bool", [e], type=ir.STR, line=e.line)
        case _:
            raise Unsupported(f"JSON of {ir.type_text(e.type)}", line=e.line)


def _joined(parts: list[ir.Expr]) -> ir.Expr:
    """Texts one after the other; neighbours that are literals become one."""
    merged: list[ir.Expr] = []
    for part in parts:
        last = merged[-1] if merged else None
        inner = _pieces(part)
        if isinstance(last, ir.Lit) and isinstance(inner[0], ir.Lit):
            merged[-1] = ir.Lit(f"{last.value}{inner[0].value}", type=ir.STR)
            inner = inner[1:]
        merged.extend(inner)
    out = merged[0]
    for part in merged[1:]:
        out = ir.Intrinsic("str.concat", [out, part], type=ir.STR)
    return out


def _pieces(e: ir.Expr) -> list[ir.Expr]:
    if isinstance(e, ir.Intrinsic) and e.op == "str.concat":
        return [p for a in e.args for p in _pieces(a)]
    return [e]
