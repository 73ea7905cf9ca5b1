"""Go's builtins and the parts of its standard library that have a certain counterpart."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: ARG001 - what one case needs, the others of its shape take too.
from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front import _go_guards as guards
from foundation_engine.port.front import _go_regex as regexes
from foundation_engine.port.front._go_prelude import PRELUDE
from foundation_engine.port.front._go_types import (
    BOOL,
    BUILDER,
    BYTES,
    DURATION,
    ERROR,
    FLOAT,
    INT,
    RUNE,
    SCANNER,
    STRING,
    VOID,
    Basic,
    Chan,
    Empty,
    Func,
    GoType,
    Map,
    Named,
    Pointer,
    Regex,
    Slice,
    Tuple,
    default_type,
    is_float,
    is_int,
    is_rune,
)

if TYPE_CHECKING:
    from foundation_engine.port.front._go_expr import ExpressionLowerer, V

CONVERSIONS = frozenset(
    {
        "string", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "byte",
        "rune", "float64", "float32", "bool",
    }
)  # fmt: skip
HTTP_STATUSES = {
    "StatusOK": 200, "StatusCreated": 201, "StatusAccepted": 202, "StatusNoContent": 204, "StatusMovedPermanently": 301,
    "StatusFound": 302, "StatusNotModified": 304, "StatusBadRequest": 400, "StatusUnauthorized": 401,
    "StatusPaymentRequired": 402, "StatusForbidden": 403, "StatusNotFound": 404, "StatusMethodNotAllowed": 405,
    "StatusRequestTimeout": 408, "StatusConflict": 409, "StatusGone": 410, "StatusUnprocessableEntity": 422,
    "StatusTooManyRequests": 429, "StatusInternalServerError": 500, "StatusNotImplemented": 501,
    "StatusBadGateway": 502, "StatusServiceUnavailable": 503, "StatusGatewayTimeout": 504,
}  # fmt: skip

CASE_FOLD = "Texts that differ in case are compared in lower case, where Go folds each code point."
RUNE_CASE = "A letter whose other case has several letters (ß) may become them, where Go's rune stays one."
QUOTES = "A quoted text in a message (%q) has double quotes around it; what Go would escape stays as it is."
BYTES_AS_TEXT = "Bytes that are read are taken as UTF-8 text."


def _v(e: ir.Expr, t: GoType, fresh: bool = False, fails: bool = False) -> V:
    from foundation_engine.port.front._go_expr import V

    return V(e, t, fails, fresh=fresh)


def _op(name: str, args: list[ir.Expr], t: ir.Type, raises: str = "") -> ir.Intrinsic:
    return ir.Intrinsic(name, args, raises, type=t)


def text(value: str) -> ir.Lit:
    """A literal text."""
    return ir.Lit(value, type=ir.STR)


NONE = ir.Lit(None, type=ir.NONE)


def none() -> ir.Lit:
    """An absent operand."""
    return ir.Lit(None, type=ir.NONE)


# Builtins


def _len(low: ExpressionLowerer, node: SyntaxNode, args: list[SyntaxNode], want: GoType | None) -> V:
    v = low.present_value(low.expr(args[0]))
    t = low.types.underlying(v.go)
    if t in (STRING, BYTES):
        if isinstance(v.expr, ir.Lit):
            return _v(ir.Lit(len(str(v.expr.value).encode()), type=ir.INT), INT)
        return _v(_op("str.byte_len", [v.expr], ir.INT), INT)
    return _v(_op("len", [v.expr], ir.INT), INT)


def _append(low: ExpressionLowerer, node: SyntaxNode, args: list[SyntaxNode], want: GoType | None) -> V:
    v = low.expr(args[0], want)
    t = v.go if v.go != Basic("nil") else want
    if t is None or not isinstance(low.types.underlying(t), Slice) or low.types.underlying(t) == BYTES:
        raise low.p.unsupported("append to this", node)
    made = low.convert(v, t, args[0]).expr
    extra = appended(low, args[1:], t)
    empty = isinstance(made, ir.ListLit) and not made.elems
    if empty and not isinstance(extra, ir.ListLit):
        return _v(_op("list.copy", [extra], low.types.ir(t)), t, fresh=True)
    if empty:
        return _v(extra, t, fresh=True)
    return _v(_op("list.concat", [made, extra], low.types.ir(t)), t, fresh=True)


def appended(low: ExpressionLowerer, args: list[SyntaxNode], t: GoType) -> ir.Expr:
    """What append adds, as a list."""
    u = low.types.underlying(t)
    assert isinstance(u, Slice)
    if len(args) == 1 and args[0].type == "variadic_argument":
        return low.value(low.named(args[0])[0], u)
    elems: list[ir.Expr] = []
    for a in args:
        made = low.value(a, u.elem)
        elems.append(low.stored(_v(made, u.elem), a) if low.is_value(u.elem) else made)
    return ir.ListLit(elems, type=low.types.ir(u))


def _make(low: ExpressionLowerer, node: SyntaxNode, args: list[SyntaxNode], want: GoType | None) -> V:
    t = low.p.type_of(args[0])
    u = low.types.underlying(t)
    if isinstance(u, Chan):
        return _v(ir.ListLit([], type=ir.ListT(low.types.ir(u.elem))), u)
    if isinstance(u, Map):
        return _v(low.zero(u, node), t, fresh=True)
    if isinstance(u, Slice) and u != BYTES:
        if len(args) == 1 or low.p.text(args[1]) == "0":
            return _v(ir.ListLit([], type=low.types.ir(u)), t, fresh=True)
        return _v(low.filled(u.elem, low.value(args[1], INT), node), t, fresh=True)
    raise low.p.unsupported("make of this", node)


def _new(low: ExpressionLowerer, node: SyntaxNode, args: list[SyntaxNode], want: GoType | None) -> V:
    t = low.p.type_of(args[0])
    if not low.is_struct(t):
        raise low.p.unsupported("new of this", node)
    return _v(low.zero(t, node), Pointer(t))


def _extreme(name: str) -> Callable[[ExpressionLowerer, SyntaxNode, list[SyntaxNode], GoType | None], V]:
    def made(low: ExpressionLowerer, node: SyntaxNode, args: list[SyntaxNode], want: GoType | None) -> V:
        values = [low.expr(a, want) for a in args]
        typed = next(
            (v.go for v in values if v.go.__class__ is not Basic or not str(v.go).count("untyped")), None
        )
        t = typed if typed is not None else (want or default_type(values[0].go))
        exprs = [low.convert(v, t, a).expr for v, a in zip(values, args, strict=True)]
        if low.types.underlying(t) == STRING or is_rune(t):
            raise low.p.unsupported(f"{name} of texts", node)
        return _v(_op(name, exprs, exprs[0].type), t)

    return made


def _delete(low: ExpressionLowerer, node: SyntaxNode, args: list[SyntaxNode], want: GoType | None) -> V:
    m = low.present_value(low.expr(args[0]))
    t = low.types.underlying(m.go)
    assert isinstance(t, Map)
    key = low.value(args[1], t.key)
    low.forget_entries()
    if isinstance(t.value, Empty):
        return _v(_op("set.discard", [m.expr, key], ir.NONE), VOID)
    return _v(_op("dict.pop_optional", [m.expr, key], ir.OptionalT(low.types.ir(t.value))), VOID)


def _clear(low: ExpressionLowerer, node: SyntaxNode, args: list[SyntaxNode], want: GoType | None) -> V:
    m = low.expr(args[0])
    t = low.types.underlying(m.go)
    if not isinstance(t, Map):
        raise low.p.unsupported("clear of a slice", node)
    low.forget_entries()
    kind = "set" if isinstance(t.value, Empty) else "dict"
    return _v(_op(f"{kind}.clear", [m.expr], ir.NONE), VOID)


BUILTINS: dict[str, Callable[[ExpressionLowerer, SyntaxNode, list[SyntaxNode], GoType | None], V]] = {
    "len": _len, "append": _append, "make": _make, "new": _new, "min": _extreme("min"), "max": _extreme("max"),
    "delete": _delete, "clear": _clear,
}  # fmt: skip


# Packages


def function(
    low: ExpressionLowerer,
    path: str,
    name: str,
    args: list[SyntaxNode],
    node: SyntaxNode,
    want: GoType | None,
) -> V | None:
    """A function of the standard library, None when it has no certain counterpart."""
    made = _TABLE.get((path, name))
    if made is not None:
        kinds, result, op, raises = made
        if len(args) != len(kinds):
            return None
        exprs = [low.value(a, k) for a, k in zip(args, kinds, strict=True)]
        return _v(_op(op, exprs, low.types.ir(result), raises), result, fresh=True, fails=bool(raises))
    came = PRELUDE.get((path, name))
    if came is not None and came.name in low.p.prelude and (path, name) not in _SPECIAL:
        return low.function_call(low.p.functions[came.name], args, node)
    special = _SPECIAL.get((path, name))
    return special(low, args, node) if special is not None else None


_S, _I, _F, _L = STRING, INT, FLOAT, Slice(STRING)
_TABLE: dict[tuple[str, str], tuple[tuple[GoType, ...], GoType, str, str]] = {
    ("strings", "Contains"): ((_S, _S), BOOL, "str.contains", ""),
    ("strings", "HasPrefix"): ((_S, _S), BOOL, "str.startswith", ""),
    ("strings", "HasSuffix"): ((_S, _S), BOOL, "str.endswith", ""),
    ("strings", "TrimSpace"): ((_S,), STRING, "str.strip", ""),
    ("strings", "TrimPrefix"): ((_S, _S), STRING, "str.removeprefix", ""),
    ("strings", "TrimSuffix"): ((_S, _S), STRING, "str.removesuffix", ""),
    ("strings", "Trim"): ((_S, _S), STRING, "str.strip_chars", ""),
    ("strings", "TrimLeft"): ((_S, _S), STRING, "str.lstrip_chars", ""),
    ("strings", "TrimRight"): ((_S, _S), STRING, "str.rstrip_chars", ""),
    ("strings", "ToUpper"): ((_S,), STRING, "str.upper", ""),
    ("strings", "ToLower"): ((_S,), STRING, "str.lower", ""),
    ("strings", "Fields"): ((_S,), _L, "str.split_ws", ""),
    ("strings", "Index"): ((_S, _S), INT, "str.byte_find", ""),
    ("strings", "LastIndex"): ((_S, _S), INT, "str.byte_rfind", ""),
    ("strings", "Repeat"): ((_S, _I), STRING, "str.repeat", ""),
    ("strconv", "Itoa"): ((_I,), STRING, "int.to_str", ""),
    ("math", "Sqrt"): ((_F,), FLOAT, "math.sqrt", ""),
    ("math", "Abs"): ((_F,), FLOAT, "float.abs", ""),
    ("math", "Pow"): ((_F, _F), FLOAT, "float.pow", ""),
    ("math", "Log"): ((_F,), FLOAT, "math.log", ""),
    ("math", "Exp"): ((_F,), FLOAT, "math.exp", ""),
    ("math", "Sin"): ((_F,), FLOAT, "math.sin", ""),
    ("math", "Cos"): ((_F,), FLOAT, "math.cos", ""),
    ("math", "Atan2"): ((_F, _F), FLOAT, "math.atan2", ""),
    ("math", "Hypot"): ((_F, _F), FLOAT, "math.hypot", ""),
    ("math", "Max"): ((_F, _F), FLOAT, "max", ""),
    ("math", "Min"): ((_F, _F), FLOAT, "min", ""),
}

_Special = Callable[["ExpressionLowerer", list[SyntaxNode], SyntaxNode], "V"]
_SPECIAL: dict[tuple[str, str], _Special] = {}


def _special(path: str, *names: str) -> Callable[[_Special], _Special]:
    def register(f: _Special) -> _Special:
        for name in names:
            _SPECIAL[path, name] = f
        return f

    return register


def _never_empty(e: ir.Expr) -> bool:
    """True for a text that certainly has a character."""
    match e:
        case ir.Lit(value=str() as s):
            return bool(s)
        case ir.Intrinsic(op="char.to_str"):
            return True
        case ir.Intrinsic(op="str.concat", args=parts):
            return any(_never_empty(p) for p in parts)
        case _:
            return False


@_special("strings", "Split")
def _split(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    s, sep = low.value(args[0], STRING), low.value(args[1], STRING)
    if isinstance(sep, ir.Lit) and sep.value == "":
        char = ir.Name(low.fresh_name("char", ir.CHAR), type=ir.CHAR)
        each = ir.Clause(ir.VarTarget(char.id, type=ir.CHAR), s, [])
        letters = ir.Comp("list", _op("char.to_str", [char], ir.STR), [each], type=ir.ListT(ir.STR))
        return _v(letters, _L, fresh=True)
    if not _never_empty(sep):
        raise low.p.unsupported("strings.Split by a computed text, which may be empty", node)
    return _v(_op("str.split", [s, sep], ir.ListT(ir.STR)), _L, fresh=True)


@_special("strings", "SplitN")
def _split_n(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    s, sep, n = low.value(args[0], STRING), low.value(args[1], STRING), low.value(args[2], INT)
    if not isinstance(sep, ir.Lit) or not sep.value or not isinstance(n, ir.Lit) or n.value < 2:
        raise low.p.unsupported("strings.SplitN with these arguments", node)
    times = ir.Lit(n.value - 1, type=ir.INT)
    return _v(_op("str.split_n", [s, sep, times], ir.ListT(ir.STR)), _L, fresh=True)


@_special("strings", "Join")
def _join(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    items, sep = low.value(args[0], _L), low.value(args[1], STRING)
    return _v(_op("str.join", [sep, items], ir.STR), STRING)


@_special("strings", "ReplaceAll")
def _replace_all(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    exprs = [low.value(a, STRING) for a in args]
    if not _never_empty(exprs[1]):
        raise low.p.unsupported("a replacement of a computed text, which may be empty", node)
    return _v(_op("str.replace", exprs, ir.STR), STRING)


@_special("strings", "Replace")
def _replace(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    exprs = [low.value(a, STRING) for a in args[:3]]
    n = low.value(args[3], INT)
    if not _never_empty(exprs[1]) or not isinstance(n, ir.Lit):
        raise low.p.unsupported("a replacement of a computed text, which may be empty", node)
    if n.value < 0:
        return _v(_op("str.replace", exprs, ir.STR), STRING)
    return _v(_op("str.replace_n", [*exprs, n], ir.STR), STRING)


@_special("strings", "Count")
def _count(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    s, part = low.value(args[0], STRING), low.value(args[1], STRING)
    if not _never_empty(part):
        raise low.p.unsupported("strings.Count of a computed text, which may be empty", node)
    return _v(_op("str.count", [s, part], ir.INT), INT)


@_special("strings", "EqualFold")
def _equal_fold(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    low.p.differ(CASE_FOLD)
    exprs: list[ir.Expr] = [_op("str.lower", [low.value(a, STRING)], ir.STR) for a in args]
    return _v(_op("eq", exprs, ir.BOOL), BOOL)


@_special("strings", "ContainsRune")
def _contains_rune(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    return _v(
        _op("str.contains_char", [low.value(args[0], STRING), low.char(low.expr(args[1], RUNE))], ir.BOOL),
        BOOL,
    )


@_special("strings", "IndexByte", "IndexRune")
def _index_rune(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    s, char = low.value(args[0], STRING), low.char(low.expr(args[1], RUNE))
    return _v(_op("str.byte_find", [s, _op("char.to_str", [char], ir.STR)], ir.INT), INT)


@_special("strings", "Map")
def _map_text(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    """A text of what a function makes of each rune; one that it makes -1 of is left out."""
    return low.mapped(args[0], low.value(args[1], STRING), node)


@_special("strings", "Compare")
def _compare(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    raise low.p.unsupported("strings.Compare outside a comparison function", node)


@_special("strconv", "Atoi")
def _atoi(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    return _v(_whole_number(low.value(args[0], STRING)), INT, fails=True)


def _whole_number(s: ir.Expr) -> ir.Intrinsic:
    bounds: list[ir.Expr] = [ir.Lit(-(2**63), type=ir.INT), ir.Lit(2**63 - 1, type=ir.INT)]
    return _op("str.parse_int", [s, *bounds], ir.INT, "ValueError")


@_special("strconv", "ParseInt")
def _parse_int(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    if low.p.text(args[1]) != "10" or low.p.text(args[2]) not in ("64", "0"):
        raise low.p.unsupported("strconv.ParseInt with another base or width", node)
    return _v(_whole_number(low.value(args[0], STRING)), Basic("int64"), fails=True)


@_special("strconv", "ParseFloat")
def _parse_float(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    if low.p.text(args[1]) != "64":
        raise low.p.unsupported("strconv.ParseFloat with another width", node)
    e = _op("str.parse_float", [low.value(args[0], STRING)], ir.FLOAT, "ValueError")
    return _v(e, FLOAT, fails=True)


@_special("strconv", "FormatInt")
def _format_int(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    if low.p.text(args[1]) != "10":
        raise low.p.unsupported("strconv.FormatInt with another base", node)
    return _v(_op("int.to_str", [low.value(args[0], INT)], ir.STR), STRING)


@_special("strconv", "FormatFloat")
def _format_float(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    precision = low.p.text(args[2])
    if low.p.text(args[1]) != "'f'" or not precision.isdigit():
        raise low.p.unsupported("strconv.FormatFloat with this format", node)
    part = ir.FormatPart(value=low.value(args[0], FLOAT), spec=f"float:>:::{precision}:f")
    return _v(ir.Format([part], type=ir.STR), STRING)


@_special("strconv", "FormatBool")
def _format_bool(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    return _v(_truth(low.value(args[0], BOOL)), STRING)


@_special("strconv", "Quote")
def _quote(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    low.p.differ(QUOTES)
    parts = [ir.FormatPart('"'), ir.FormatPart(value=low.value(args[0], STRING)), ir.FormatPart('"')]
    return _v(ir.Format(parts, type=ir.STR), STRING)


@_special("math", "Floor", "Ceil", "Round", "Trunc")
def _whole(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    name = low.p.text(low.child(low.child(node, "function"), "field"))
    op = {"Floor": "float.floor", "Ceil": "float.ceil", "Round": "float.round_away", "Trunc": "float.to_int"}[
        name
    ]
    whole = _op(op, [low.value(args[0], FLOAT)], ir.INT)
    return _v(_op("int.to_float", [whole], ir.FLOAT), FLOAT)


@_special("math", "Mod")
def _fmod(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    raise low.p.unsupported("math.Mod", node)


@_special("unicode/utf8", "RuneCountInString")
def _rune_count(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    return _v(_op("len", [low.value(args[0], STRING)], ir.INT), INT)


@_special("unicode", "IsDigit", "IsLetter", "IsSpace", "IsUpper", "IsLower")
def _rune_class(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    name = low.p.text(low.child(low.child(node, "function"), "field"))
    op = {
        "IsDigit": "isdigit", "IsLetter": "isalpha", "IsSpace": "isspace", "IsUpper": "isupper", "IsLower": "islower",
    }[name]  # fmt: skip
    return _v(_op(f"char.{op}", [low.char(low.expr(args[0], RUNE))], ir.BOOL), BOOL)


@_special("unicode", "ToUpper", "ToLower")
def _change_case(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    low.p.differ(RUNE_CASE)
    name = low.p.text(low.child(low.child(node, "function"), "field"))
    op = {"ToUpper": "char.upper", "ToLower": "char.lower"}[name]
    return _v(_op(op, [low.char(low.expr(args[0], RUNE))], ir.CHAR), RUNE)


_SPECIAL["regexp", "MustCompile"] = regexes.compiled


@_special("bytes", "NewBufferString", "NewBuffer")
def _buffer(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    """A buffer that is written to and read at the end is the text that it holds."""
    if args[0].type == "nil":
        return _v(text(""), BUILDER)
    return _v(low.value(args[0], STRING), BUILDER)


@_special("bufio", "NewScanner")
def _scanner(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    """A scanner over a text's lines, as the list of them."""
    reader = args[0]
    if reader.type != "call_expression" or low.p.text(low.child(reader, "function")) != "strings.NewReader":
        raise low.p.unsupported("a scanner of something that is not a text", node)
    if low.p.text(low.frame.body).count(".Scan()") > 1:
        raise low.p.unsupported("a scanner that is used in several places", node)
    lines = low.p.functions[PRELUDE["bufio", "NewScanner"].name]
    v = low.function_call(lines, low.named(low.child(reader, "arguments")), node)
    return _v(v.expr, SCANNER)


@_special("os", "Getenv")
def _getenv(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    return _v(_op("env.get_or", [low.value(args[0], STRING), text("")], ir.STR), STRING)


@_special("os", "ReadFile")
def _read_file(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    low.p.differ(BYTES_AS_TEXT)
    return _v(_op("file.read_text", [low.value(args[0], STRING)], ir.STR, "OSError"), BYTES, fails=True)


@_special("os", "Remove")
def _remove_file(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    return _v(_op("file.remove", [low.value(args[0], STRING)], ir.NONE, "OSError"), VOID, fails=True)


@_special("time", "Sleep")
def _sleep(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    d = low.value(args[0], DURATION)
    return _v(_op("sleep", [not_negative(d)], ir.NONE), VOID)


def not_negative(d: ir.Expr) -> ir.Expr:
    """A delay that is nothing where Go's would be below zero, which other languages refuse."""
    return d if _not_negative(d) else _op("max", [d, ir.Lit(0.0, type=ir.FLOAT)], ir.FLOAT)


def _not_negative(e: ir.Expr) -> bool:
    match e:
        case ir.Lit(value=int() | float() as x):
            return x >= 0
        case ir.Intrinsic(op="float.mul" | "float.add" | "int.to_float" | "int.add" | "int.mul", args=args):
            return all(_not_negative(a) for a in args)
        case ir.Intrinsic(op="len" | "str.byte_len"):
            return True
        case _:
            return False


@_special("fmt", "Sprintf")
def _sprintf(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    return _v(formatted(low, args, node), STRING)


@_special("fmt", "Sprint")
def _sprint(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    if len(args) != 1:
        raise low.p.unsupported("fmt.Sprint of several values", node)
    return _v(ir.Format([shown(low, low.expr(args[0]), args[0])], type=ir.STR), STRING)


@_special("fmt", "Println")
def _println(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    return _v(_op("print", [line_of(low, args)], ir.NONE), VOID)


def line_of(low: ExpressionLowerer, args: list[SyntaxNode]) -> ir.Expr:
    """The text of `fmt.Println(args...)` without the end of its line."""
    parts: list[ir.FormatPart] = []
    for i, a in enumerate(args):
        if i:
            parts.append(ir.FormatPart(" "))
        part = shown(low, low.expr(a), a)
        fixed = isinstance(part.value, ir.Lit) and isinstance(part.value.value, str)
        parts.append(ir.FormatPart(part.value.value) if fixed and isinstance(part.value, ir.Lit) else part)
    return plain(ir.Format(_merged(parts), type=ir.STR))


@_special("fmt", "Printf")
def _printf(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    made = formatted(low, args, node)
    parts = (
        made.parts
        if isinstance(made, ir.Format)
        else [ir.FormatPart(str(made.value))]
        if isinstance(made, ir.Lit)
        else []
    )
    if not parts or not parts[-1].text.endswith("\n"):
        raise low.p.unsupported("fmt.Printf without a line end", node)
    parts[-1] = ir.FormatPart(parts[-1].text[:-1])
    kept = [p for p in parts if p.text or p.value is not None]
    return _v(_op("print", [plain(ir.Format(kept, type=ir.STR))], ir.NONE), VOID)


@_special("errors", "Is")
def _errors_is(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    return is_error(low, args, node)


def _made_error(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    from foundation_engine.port.front._go_errors import ErrorFlow

    assert isinstance(low, ErrorFlow)
    e, _ = low.error_value(node)
    return _v(e, ERROR)


_SPECIAL["errors", "New"] = _SPECIAL["foundation/errors", "New"] = _SPECIAL["fmt", "Errorf"] = _made_error


@_special("errors", "As")
@_special("foundation/errors", "As")
def _errors_as(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    """`errors.As(err, &target)` in a condition: the target is the error itself from there on."""
    from foundation_engine.port.front._go_expr import V

    label = low.p.text(args[1]).lstrip("&")
    var = low.lookup(label)
    t = var.go if var is not None else None
    bare = t.elem if isinstance(t, Pointer) else t
    if var is None or var.key != "as" or not isinstance(bare, Named):
        raise low.p.unsupported("errors.As with this target", node)
    cls = bare.name.rpartition(".")[2]
    v = low.expr(args[0])
    if args[0].type != "identifier" or v.go != ERROR:
        raise low.p.unsupported("errors.As of this", node)
    test = _is_class(v.expr, cls)
    held = v.expr
    if isinstance(held.type, ir.OptionalT):
        held = ir.Unwrap(held, type=held.type.elem)
    var.value = _op("error.as", [held], ir.NamedT(cls))
    return V(test, BOOL)


def _is_class(e: ir.Expr, cls: str) -> ir.Expr:
    """A test of an error's class; no error is of none."""
    name = ir.ListLit([ir.Name(cls, type=ir.ERROR)], type=ir.ListT(ir.ERROR))
    if isinstance(e.type, ir.OptionalT):
        test = _op("error.is", [ir.Unwrap(e, type=e.type.elem), name], ir.BOOL)
        there = _op("is_some", [e], ir.BOOL)
        return ir.Bool("and", [there, test], type=ir.BOOL)
    return _op("error.is", [e, name], ir.BOOL)


@_special("foundation/errors", "Is")
def _foundation_is(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    return is_error(low, args, node)


def is_error(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    """`errors.Is(err, ErrX)` as a value."""
    cls = error_class(low, args[1])
    if cls is None:
        raise low.p.unsupported(
            "errors.Is of an error that is not a sentinel of this file or of our runtime", node
        )
    v = low.expr(args[0])
    if v.go == Basic("nil"):
        return _v(ir.Lit(False, type=ir.BOOL), BOOL)
    return _v(_is_class(v.expr, cls), BOOL)


def error_class(low: ExpressionLowerer, node: SyntaxNode) -> str | None:
    """The class that a sentinel stands for, None when the expression is not one."""
    from foundation_engine.port.front._go_types import RUNTIME_SENTINELS

    name = low.p.text(node)
    if low.p.wrapping:
        raise low.p.unsupported("a test for an error that another one may wrap", node)
    if node.type == "identifier" and low.lookup(name) is None and name in low.p.sentinels:
        return low.p.sentinels[name].cls
    if node.type == "selector_expression":
        package, _, member = name.partition(".")
        path = low.p.path(package)
        if path == "foundation/errors":
            return RUNTIME_SENTINELS.get(member)
        refused = guards.refusal(path or "", member)
        if refused is not None:
            return refused
        if path == "context" and member == "Canceled":
            return "CancelledError"
        if path == "os" and member == "ErrNotExist":
            return "OSError"
        if path == "io/fs" and member == "ErrNotExist":
            return "OSError"
    return None


@_special("slices", "Contains")
def _slices_contains(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    v = low.expr(args[0])
    t = low.types.underlying(v.go)
    if not isinstance(t, Slice) or isinstance(low.types.underlying(t.elem), Pointer):
        raise low.p.unsupported("slices.Contains of this", node)
    return _v(_op("list.contains", [v.expr, low.value(args[1], t.elem)], ir.BOOL), BOOL)


@_special("slices", "Equal")
def _slices_equal(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    left, right = low.expr(args[0]), low.expr(args[1])
    t = low.types.underlying(left.go)
    if not isinstance(t, Slice) or low.types.underlying(right.go) != t:
        raise low.p.unsupported("slices.Equal of these", node)
    if not (low.types.ir(t.elem) in (ir.INT, ir.STR, ir.CHAR, ir.BOOL) or low.types.kind(t.elem) == "enum"):
        raise low.p.unsupported("slices.Equal of these", node)
    return _v(_op("eq", [left.expr, right.expr], ir.BOOL), BOOL)


@_special("slices", "ContainsFunc")
def _contains_func(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    v = low.expr(args[0])
    t = low.types.underlying(v.go)
    if not isinstance(t, Slice):
        raise low.p.unsupported("slices.ContainsFunc of this", node)
    f = low.expr(args[1], Func((t.elem,), (BOOL,))).expr
    if isinstance(f, ir.Lambda):
        name, test = f.params[0].name, f.body
    else:
        name = low.fresh_name("item", low.types.ir(t.elem))
        test = ir.Call(f, [ir.Name(name, type=low.types.ir(t.elem))], type=ir.BOOL)
    target = ir.VarTarget(name, type=low.types.ir(t.elem))
    each = ir.Comp("iter", test, [ir.Clause(target, v.expr, [])], type=ir.IterT(ir.BOOL))
    return _v(_op("any", [each], ir.BOOL), BOOL)


@_special("slices", "Clone")
def _clone(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    v = low.expr(args[0])
    return _v(_op("list.copy", [v.expr], v.expr.type), v.go, fresh=True)


@_special("slices", "Sorted")
def _slices_sorted(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    v = low.expr(args[0])
    if not isinstance(v.expr.type, ir.IterT) or not isinstance(v.go, Slice):
        raise low.p.unsupported("slices.Sorted of this", node)
    items = _op("to_list", [v.expr], ir.ListT(v.expr.type.elem))
    false = ir.Lit(False, type=ir.BOOL)
    return _v(_op("sorted", [items, none(), false], ir.ListT(v.expr.type.elem)), v.go, fresh=True)


@_special("slices", "Collect")
def _collect(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    v = low.expr(args[0])
    if not isinstance(v.expr.type, ir.IterT):
        raise low.p.unsupported("slices.Collect of this", node)
    return _v(_op("to_list", [v.expr], ir.ListT(v.expr.type.elem)), v.go, fresh=True)


@_special("slices", "Max", "Min")
def _slices_extreme(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    name = low.p.text(low.child(low.child(node, "function"), "field")).lower()
    v = low.expr(args[0])
    t = low.types.underlying(v.go)
    if not isinstance(t, Slice) or not (is_int(t.elem) or is_float(t.elem)):
        raise low.p.unsupported("the extreme of this", node)
    return _v(_op(f"{name}_of", [v.expr, none(), none()], low.types.ir(t.elem), "ValueError"), t.elem)


@_special("maps", "Keys", "Values")
def _map_views(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    name = low.p.text(low.child(low.child(node, "function"), "field"))
    v = low.expr(args[0])
    t = low.types.underlying(v.go)
    assert isinstance(t, Map)
    if isinstance(t.value, Empty):
        raise low.p.unsupported("the keys of a set", node)
    elem = t.key if name == "Keys" else t.value
    return _v(_op(f"dict.{name.lower()}", [v.expr], ir.IterT(low.types.ir(elem))), Slice(elem))


@_special("maps", "Clone")
def _maps_clone(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    v = low.expr(args[0])
    kind = "set" if isinstance(v.expr.type, ir.SetT) else "dict"
    return _v(_op(f"{kind}.copy", [v.expr], v.expr.type), v.go, fresh=True)


# Sorting, which changes a list


@_special("sort", "Strings", "Ints", "Float64s")
def _sort_plain(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    return _sort(low, args[0], None, False)


@_special("sort", "Sort", "Stable")
def _sort_sort(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    """`sort.Sort(sort.Reverse(sort.IntSlice(xs)))`."""
    m = re.fullmatch(
        r"(sort\.Reverse\()?sort\.(?:Int|String|Float64)Slice\([\w.\[\]]+\)\)?", low.p.text(args[0])
    )
    if m is None:
        raise low.p.unsupported("a sort by methods of a type", node)
    at = args[0]
    while at.type in ("call_expression", "type_conversion_expression"):
        at = low.named(low.child(at, "arguments"))[0]
    return _sort(low, at, None, m[1] is not None)


@_special("slices", "Sort")
def _slices_sort(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    return _sort(low, args[0], None, False)


@_special("slices", "Reverse")
def _slices_reverse(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    return _v(_op("list.reverse", [low.expr(args[0]).expr], ir.NONE), VOID)


@_special("sort", "Slice", "SliceStable")
def _sort_slice(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    """`sort.Slice(xs, func(i, j int) bool { return xs[i].A < xs[j].A })` sorts by a key."""
    from foundation_engine.port.front._go_sorting import index_order

    key, reverse = index_order(low, args[0], args[1])
    return _sort(low, args[0], key, reverse)


@_special("slices", "SortFunc", "SortStableFunc")
def _sort_func(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    from foundation_engine.port.front._go_sorting import compare_order

    key, reverse = compare_order(low, args[0], args[1])
    return _sort(low, args[0], key, reverse)


def _sort(low: ExpressionLowerer, node: SyntaxNode, key: ir.Expr | None, reverse: bool) -> V:
    v = low.expr(node)
    return _v(_op("list.sort", [v.expr, key or none(), ir.Lit(reverse, type=ir.BOOL)], ir.NONE), VOID)


# Formatting

_VERB = re.compile(r"%([-+# 0]*)(\d*)(?:\.(\d+))?([a-zA-Z%])")


def formatted(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> ir.Expr:
    """`fmt.Sprintf(args...)`; raises Unsupported for a format that is not certain."""
    from foundation_engine.port.front._go_package import go_string

    info = low.frame.info if low.frames else None
    if info is not None and info.formats and args and low.p.text(args[0]) == info.params[-1][0]:
        # What callers make of the format and its values.
        return low.expr(args[0]).expr
    if not args or not args[0].type.endswith("string_literal"):
        const = low.expr(args[0]).const if args else None
        if not isinstance(const, str):
            raise low.p.unsupported("a computed format", node)
        pattern = const
    else:
        pattern = go_string(low.p.text(args[0]))
    parts: list[ir.FormatPart] = []
    values = iter(args[1:])
    end = 0
    for m in _VERB.finditer(pattern):
        if "%" in pattern[end : m.start()]:
            raise low.p.unsupported("a format of this kind", node)
        if m.start() > end:
            parts.append(ir.FormatPart(pattern[end : m.start()]))
        end = m.end()
        if m[4] == "%":
            parts.append(ir.FormatPart("%"))
            continue
        given = next(values, None)
        if given is None or given.type == "variadic_argument":
            raise low.p.unsupported("a format whose values are not all written", node)
        parts.extend(_verb(low, m, given, node))
    if "%" in pattern[end:] or next(values, None) is not None:
        raise low.p.unsupported("a format of this kind", node)
    if end < len(pattern):
        parts.append(ir.FormatPart(pattern[end:]))
    return plain(ir.Format(_merged(parts), type=ir.STR, line=low.p.line(node)))


def plain(e: ir.Format) -> ir.Expr:
    """A format that only holds text is that text; one that only holds a text value is that value."""
    if not e.parts:
        return text("")
    if all(p.value is None for p in e.parts):
        return ir.Lit("".join(p.text for p in e.parts), type=ir.STR, line=e.line)
    if (
        len(e.parts) == 1
        and not e.parts[0].spec
        and e.parts[0].value is not None
        and e.parts[0].value.type == ir.STR
    ):
        return e.parts[0].value
    return e


def _merged(parts: list[ir.FormatPart]) -> list[ir.FormatPart]:
    out: list[ir.FormatPart] = []
    for p in parts:
        if out and p.value is None and out[-1].value is None:
            out[-1] = ir.FormatPart(out[-1].text + p.text)
        else:
            out.append(p)
    return out


def _verb(
    low: ExpressionLowerer, m: re.Match[str], given: SyntaxNode, node: SyntaxNode
) -> list[ir.FormatPart]:
    flags, width, precision, verb = m[1], m[2], m[3], m[4]
    v = low.expr(given)
    v = low.convert(v, default_type(v.go), given) if v.go != Basic("nil") else v
    t = low.types.underlying(v.go)
    if set(flags) - {"-", "0"} or ("-" in flags and "0" in flags):
        raise low.p.unsupported(f"the format %{flags}{verb}", node)
    align = "<" if "-" in flags else ">"
    zero = "0" if "0" in flags else ""
    if verb in "dxXob" and is_int(t) and precision is None:
        kind = "" if verb == "d" and not width else verb
        return [
            ir.FormatPart(value=v.expr, spec=f"int:{align}:{zero}:{width}:{verb}" if kind or width else "")
        ]
    if verb == "d" and (t == DURATION or is_rune(t)):
        raise low.p.unsupported("%d of this", node)
    if verb in "fF" and is_float(t):
        return [ir.FormatPart(value=v.expr, spec=f"float:{align}:{zero}:{width}:{precision or '6'}:f")]
    if verb == "q" and t == STRING and not flags and not width:
        low.p.differ(QUOTES)
        return [ir.FormatPart('"'), ir.FormatPart(value=v.expr), ir.FormatPart('"')]
    if verb == "c" and is_int(t) and not flags and not width:
        char = _op("int.chr", [v.expr], ir.CHAR)
        return [ir.FormatPart(value=_op("char.to_str", [char], ir.STR))]
    if verb == "c" and is_rune(t) and not flags and not width:
        return [ir.FormatPart(value=_op("char.to_str", [low.char(v)], ir.STR))]
    if verb in "svwt" and precision is None and not zero:
        if verb == "t" and t != BOOL:
            raise low.p.unsupported("%t of this", node)
        part = shown(low, v, given)
        if not width:
            return [part]
        if part.value is not None and not part.spec and part.value.type == ir.STR:
            return [ir.FormatPart(value=part.value, spec=f"str:{align}:{width}")]
        if part.value is not None and part.value.type == ir.INT:
            return [ir.FormatPart(value=part.value, spec=f"int:{align}::{width}:d")]
    raise low.p.unsupported(f"the format %{flags}{width}{verb} of this", node)


def shown(low: ExpressionLowerer, v: V, node: SyntaxNode) -> ir.FormatPart:
    """A value as `%v` shows it."""
    v = low.convert(v, default_type(v.go), node) if v.go != Basic("nil") else v
    t = low.types.underlying(v.go)
    info = low.types.info(v.go)
    if (
        info is not None
        and "String" in info.methods
        and info.kind != "interface"
        and not info.methods["String"].params
    ):
        from foundation_engine.port.front._go_expr import free_name

        m = info.methods["String"]
        if info.kind == "struct":
            return ir.FormatPart(value=ir.MethodCall(low.present_value(v).expr, m.ir_name, [], type=ir.STR))
        kind = low.types.ir(Func((v.go,), (STRING,)))
        return ir.FormatPart(value=ir.Call(ir.Name(free_name(m), type=kind), [v.expr], type=ir.STR))
    if t in (STRING, BYTES) and not isinstance(v.expr.type, ir.OptionalT):
        return ir.FormatPart(value=v.expr)
    if is_int(t):
        return ir.FormatPart(value=v.expr)
    if t == BOOL:
        return ir.FormatPart(value=_truth(v.expr))
    if t == ERROR or (info is not None and info.kind == "error"):
        inner = v.expr
        if isinstance(inner.type, ir.OptionalT):
            inner = ir.Unwrap(inner, type=inner.type.elem)
        return ir.FormatPart(value=_op("error.message", [inner], ir.STR))
    if isinstance(t, Slice) and t != BYTES and not isinstance(v.expr.type, ir.OptionalT):
        return ir.FormatPart(value=_shown_list(low, v, t, node))
    if info is not None and info.kind == "enum":
        base = low.types.underlying(info.underlying or STRING)
        return ir.FormatPart(value=_op("enum.value", [v.expr], low.types.ir(base)))
    if t == Named("foundation/resilience.CircuitState"):
        return ir.FormatPart(value=v.expr)
    raise low.p.unsupported("a value of this type in a text", node)


def _shown_list(low: ExpressionLowerer, v: V, t: Slice, node: SyntaxNode) -> ir.Expr:
    """A slice as `%v` shows it: `[a b c]`."""
    kind = low.types.ir(t.elem)
    item = ir.Name(low.fresh_name("item", kind), type=kind)
    part = shown(low, _v(item, t.elem), node)
    assert part.value is not None
    items = v.expr
    if not isinstance(part.value, ir.Name) or kind != ir.STR:
        each = ir.Clause(ir.VarTarget(item.id, type=kind), items, [])
        one: ir.Expr = part.value
        if one.type == ir.INT:
            one = _op("int.to_str", [one], ir.STR)
        if one.type != ir.STR:
            raise low.p.unsupported("a value of this type in a text", node)
        items = ir.Comp("list", one, [each], type=ir.ListT(ir.STR))
    joined = ir.FormatPart(value=_op("str.join", [text(" "), items], ir.STR))
    return ir.Format([ir.FormatPart("["), joined, ir.FormatPart("]")], type=ir.STR)


def _truth(e: ir.Expr) -> ir.Expr:
    return ir.Cond(e, text("true"), text("false"), type=ir.STR)


# Methods of the standard library's types


def method(
    low: ExpressionLowerer, obj: V, operand: SyntaxNode, name: str, args: list[SyntaxNode], node: SyntaxNode
) -> V | None:
    """A method of a type of the standard library, None for another type."""
    t = low.types.underlying(obj.go)
    if t == DURATION:
        return _duration_method(low, obj, name, node)
    if isinstance(t, Regex):
        return regexes.method(low, obj, t, name, args, node)
    if t == Named("strings.Builder"):
        if name == "String":
            return _v(obj.expr, STRING)
        if name == "Len":
            return _v(_op("str.byte_len", [obj.expr], ir.INT), INT)
        return None
    if t == SCANNER and name == "Text" and not args:
        line = low.lookup(f"{low.p.text(operand)}.Text()")
        return low.read(line) if line is not None else None
    if t == ERROR and name == "Error" and not args:
        e = obj.expr
        if isinstance(e.type, ir.OptionalT):
            e = ir.Unwrap(e, type=e.type.elem)
        return _v(_op("error.message", [e], ir.STR), STRING)
    return None


def _duration_method(low: ExpressionLowerer, obj: V, name: str, node: SyntaxNode) -> V:
    if name == "Seconds":
        return _v(obj.expr, FLOAT)
    sizes = {"Milliseconds": 1_000_000, "Microseconds": 1_000, "Nanoseconds": 1}
    if name in sizes:
        ns = _op("float.round", [_op("float.mul", [obj.expr, ir.Lit(1e9, type=ir.FLOAT)], ir.FLOAT)], ir.INT)
        if sizes[name] == 1:
            return _v(ns, Basic("int64"))
        return _v(_op("int.truncdiv", [ns, ir.Lit(sizes[name], type=ir.INT)], ir.INT), Basic("int64"))
    if name in ("Minutes", "Hours"):
        unit = ir.Lit(60.0 if name == "Minutes" else 3600.0, type=ir.FLOAT)
        return _v(_op("float.div", [obj.expr, unit], ir.FLOAT), FLOAT)
    raise low.p.unsupported(f"the duration's method {name}", node)


__all__ = ["BUILTINS", "CONVERSIONS", "Tuple", "formatted", "function", "method", "shown"]
