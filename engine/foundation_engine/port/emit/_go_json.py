"""JSON values in Go: `any` that holds what encoding/json reads with UseNumber, so that numbers keep their digits."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

from foundation_engine.port import ir
from foundation_engine.port.emit._json import Literals

PRIMARY, COMPARE, LOWEST = 7, 3, 0
# The Go types of the kinds of JSON values that one type decides.
_TYPES = {
    "boolean": "bool",
    "number": "json.Number",
    "string": "string",
    "list": "[]any",
    "object": "map[string]any",
}

_LITERALS = Literals("nil", ("map[string]any{", "}"), ("[]any{", "}"))


class Writer(Protocol):
    """What writing a JSON value needs of the emitter of a function."""

    x: Callable[..., str]
    use: Callable[[str], None]
    ordered: Callable[[ir.Type], bool]
    helper: Callable[[str], str]


def operation(w: Any, e: ir.Intrinsic) -> tuple[str, int]:
    """The text of `json.of`, `json.is` and `json.get_or`, and how tightly it binds."""
    match e.op, e.args:
        case "json.is", [v, ir.Lit(value=kind)]:
            return _is(w, v, str(kind))
        case "json.get_or", [v, key, default]:
            made = part(w, ir.Intrinsic("json.of", [default], type=ir.ANY))
            return f"{w.helper('jsonOr')}({w.x(v)}, {w.x(key)}, {made})", PRIMARY
        case _:
            return f"any({part(w, e)})", PRIMARY


def _is(w: Writer, v: ir.Expr, kind: str) -> tuple[str, int]:
    if kind == "null":
        return f"{w.x(v, COMPARE + 1)} == nil", COMPARE
    if kind in ("integer", "float"):
        whole = f"{w.helper('jsonIsInteger')}({w.x(v)})"
        if kind == "integer":
            return whole, PRIMARY
        w.use("encoding/json")
        return f"{w.helper('jsonIs')}[json.Number]({w.x(v)}) && !{whole}", COMPARE - 1
    if kind == "number":
        w.use("encoding/json")
    return f"{w.helper('jsonIs')}[{_TYPES[kind]}]({w.x(v)})", PRIMARY


def part(w: Writer, e: ir.Expr) -> str:
    """A JSON value where `any` is expected."""
    if not isinstance(e, ir.Intrinsic) or e.op != "json.of":
        return w.x(e)
    written = _LITERALS.text(e.args[0], w.x, lambda v: part(w, v))
    if written is not None:
        return written
    match e.args[0]:
        case ir.Lit(value=int() as number) as v if v.type == ir.INT:
            w.use("encoding/json")
            return f"json.Number({json.dumps(str(number))})"
        case ir.Lit(value=float() as number):
            w.use("encoding/json")
            return f'json.Number("{number!r}")'
        case v if v.type in (ir.INT, ir.FLOAT):
            w.use("encoding/json")
            digits = "int.to_str" if v.type == ir.INT else "float.to_str"
            return f"json.Number({w.x(ir.Intrinsic(digits, [v], type=ir.STR))})"
        case v if w.ordered(v.type):
            raise ir.Unsupported("a map that keeps its order among JSON values", "", e.line)
        case v:
            return w.x(v)
