"""Ruby's methods, operators and kernel functions as operations of the catalogue."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from foundation_engine.port import ir
from foundation_engine.port.front import _ruby_ast as ast
from foundation_engine.port.front import _ruby_blocks as blocks
from foundation_engine.port.front import _ruby_json as json
from foundation_engine.port.front import _ruby_regex as regex
from foundation_engine.port.front._ruby_expr import WIDTH, Expressions, char_of
from foundation_engine.port.front._ruby_nodes import CORE_CLASSES, ENUMERATORS, Maybe, integer, lit, op
from foundation_engine.port.front._ruby_scope import ProtocolMethod, ordered, pure, resolved, type_text
from foundation_engine.port.front._ruby_types import SYMBOL, JsonT, VarT
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import may_end_line

if TYPE_CHECKING:
    from foundation_engine.port.front._ruby_stmt import Statements

BEYOND = "A slice that begins beyond the end is empty in the port, where Ruby's is nil."
BLANKS = "White space is Unicode's, where Ruby strips and splits at ASCII's and strips null characters."
HALVES = "A float in a format is rounded correctly; Ruby rounds some that lie just above a half (5.245) down."
CASES = "Changing case maps code points one to one; Ruby also maps the few that become several (ß to SS)."
NUMBERS = "A number in a text may not contain underscores or a base prefix, which Ruby's Integer() and Float() accept."

_ARITHMETIC = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "floordiv",
    "%": "mod",
    "**": "pow",
    "&": "band",
    "|": "bor",
    "^": "xor",
    "<<": "shl",
    ">>": "shr",
}
_COMPARE = {"==": "eq", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "equal?": "eq", "eql?": "eq"}
_ITERATORS = frozenset(
    {
        "map",
        "collect",
        "flat_map",
        "filter_map",
        "select",
        "filter",
        "reject",
        "any?",
        "all?",
        "none?",
        "count",
        "sum",
        "find",
        "detect",
        "find_index",
        "sort",
        "sort_by",
        "min",
        "max",
        "min_by",
        "max_by",
        "group_by",
        "partition",
        "reduce",
        "inject",
        "each_with_object",
        "to_h",
        "uniq",
        "take_while",
        "drop_while",
        "tally",
        "zip",
        "each_slice",
        "each_cons",
        "to_a",
        "to_set",
        "include?",
        "member?",
        "first",
        "take",
        "drop",
        "entries",
        "each_with_index",
        "minmax",
        "one?",
        "index",
    }
)
# Methods that only one class of Ruby's core has, for receivers of unknown type.
_OF_STRING = frozenset(
    [
        "upcase",
        "downcase",
        "capitalize",
        "swapcase",
        "strip",
        "lstrip",
        "rstrip",
        "chomp",
        "chars",
        "gsub",
        "sub",
        "scan",
        "start_with?",
        "end_with?",
        "split",
        "ljust",
        "rjust",
        "center",
        "each_char",
        "each_line",
        "lines",
        "delete_prefix",
        "delete_suffix",
        "match?",
        "casecmp?",
        "tr",
        "squeeze",
        "to_sym",
        "encode",
        "force_encoding",
        "unicode_normalize",
    ]
)
_OF_LIST = frozenset(
    [
        "push",
        "unshift",
        "shift",
        "pop",
        "each_slice",
        "each_cons",
        "flatten",
        "compact",
        "join",
        "each_with_index",
        "each_with_object",
        "map",
        "select",
        "reject",
        "filter_map",
        "flat_map",
        "sort_by",
        "group_by",
        "partition",
        "sum",
        "reduce",
        "inject",
        "find",
        "detect",
        "min_by",
        "max_by",
        "tally",
        "uniq",
        "each",
        "any?",
        "all?",
        "none?",
        "sort",
        "first",
        "last",
        "take",
        "drop",
        "zip",
    ]
)
_OF_HASH = frozenset(
    [
        "keys",
        "values",
        "each_pair",
        "key?",
        "has_key?",
        "transform_values",
        "transform_keys",
        "merge",
        "dig",
        "store",
        "fetch_values",
        "value?",
        "each_key",
        "each_value",
    ]
)
_OF_PAIRS = frozenset(
    [
        "each",
        "map",
        "select",
        "reject",
        "any?",
        "all?",
        "sum",
        "find",
        "sort_by",
        "min_by",
        "max_by",
        "count",
        "partition",
        "filter_map",
        "flat_map",
    ]
)
_OF_INT = frozenset(["times", "upto", "downto", "even?", "odd?", "digits", "gcd", "lcm", "pred"])


def call(low: Expressions, n: ast.Call, want: Type | None) -> ir.Expr:
    """A call: of a pattern, of this file, of a value's method, of a kernel function."""
    from foundation_engine.port.front import _ruby_patterns as patterns

    full = cast("Statements", low)
    if n.recv is None:
        return _bare(full, n, want)
    made = patterns.call(full, n, want)
    if made is not None:
        return made
    if isinstance(pattern := resolved(full.scope, n.recv), ast.Regex):
        return _of_pattern(full, n, pattern)
    if isinstance(n.recv, ast.Const):
        found = _of_constant(full, n, n.recv.path, want)
        if found is not None:
            return found
    if isinstance(n.recv, ast.SelfNode):
        return _of_self(full, n, want)
    if isinstance(n.recv, ast.Call) and isinstance(n.recv.recv, ast.SelfNode) and n.recv.name == "class":
        if full.cls is None:
            raise Unsupported("self.class outside a class", _source(full, n), n.line)
        found = _of_constant(full, n, full.cls.path, want)
        if found is not None:
            return found
    if n.safe:
        return _safe(full, n, want)
    return of_value(full, n, want)


def _of_pattern(low: Statements, n: ast.Call, pattern: ast.Regex) -> ir.Expr:
    """`/re/.match(text)` and the like."""
    name = {"===": "match?"}.get(n.name, n.name)
    if name not in ("match", "match?", "=~") or len(n.args) != 1 or n.block is not None:
        raise Unsupported(f"method {n.name} of a regular expression", _source(low, n), n.line)
    turned = copy.copy(n)
    turned.name, turned.args = name, [pattern]
    return of_string(low, turned, low.coerce(low.value(n.args[0]), ir.STR))


def _source(low: Expressions, n: ast.Node) -> str:
    return low.scope.reader.source(n).splitlines()[0] if n.end else ""


def _safe(low: Statements, n: ast.Call, want: Type | None) -> ir.Expr:
    """`a&.b`: nil when a is."""
    assert n.recv is not None
    obj = low.expr(n.recv)
    t = low.full(obj.type)
    plain = copy.copy(n)
    plain.safe = False
    if not isinstance(t, ir.OptionalT):
        if isinstance(t, VarT):
            raise Unsupported("`&.` on a value whose type is not known; annotate it", _source(low, n), n.line)
        return low.call(plain, want)
    if not pure(obj) or low.key_of(n.recv) is None:
        name = low.hoist(obj, "value")
        assert isinstance(name, ir.Name)
        low.names[name.id] = name.id
        plain.recv = ast.Ident(name.id, line=n.line, start=n.start, end=n.end)
        obj = name
    key = low.key_of(plain.recv)
    assert key is not None
    test = obj.test if isinstance(obj, Maybe) else op("is_some", [obj], ir.BOOL)
    with low.narrowing({key: t.elem}), low.without_statements():
        inner = low.call(plain, want)
    it = low.full(inner.type)
    if it == ir.NONE:
        raise Unsupported("`&.` on a method that gives nothing, in this place", _source(low, n), n.line)
    result = it if isinstance(it, ir.OptionalT) else ir.OptionalT(it)
    return ir.Cond(test, low.coerce(inner, result), lit(None, result), type=result)


# Calls without a receiver


def _bare(low: Statements, n: ast.Call, want: Type | None) -> ir.Expr:
    name = n.name
    if low.signature is not None and name == "block_given?":
        p = next((p for p in low.signature.params if p.kind == "block"), None)
        if p is not None:
            t = low.full(p.type)
            return (
                op("is_some", [ir.Name(p.name, type=t)], ir.BOOL)
                if isinstance(t, ir.OptionalT)
                else lit(True, ir.BOOL)
            )
    if low.cls is not None and low.signature is not None and low.signature.kind == "method":
        made = _own_method(low, n)
        if made is not None:
            return made
    if low.cls is not None and low.signature is not None and low.signature.kind == "static":
        if name == "new":
            return low.error_value(n) if low.cls.kind == "error" else construct(low, low.cls.name, n)
        single = low.cls.static(name)
        if single is not None:
            return low.invoke(single, n, None)
    s = low.scope.functions.get(name)
    if s is not None:
        return low.invoke(s, n, None)
    maker = _KERNEL.get(name)
    if maker is not None:
        return maker(low, n, want)
    raise Unsupported(f"call of {name}, which this file does not define", _source(low, n), n.line)


def _own_method(low: Statements, n: ast.Call) -> ir.Expr | None:
    assert low.cls is not None
    cls = low.cls
    me = ir.Name("self", type=ir.NamedT(cls.name))
    own = cls.method(n.name)
    if own is not None:
        return low.invoke(own, n, me)
    if (
        n.name in cls.fields
        and not n.args
        and not n.named
        and (n.name in cls.readers or cls.kind != "plain" or n.name in cls.public)
    ):
        return low.expr(ast.IVar(n.name, line=n.line, start=n.start, end=n.end))
    return None


def _of_self(low: Statements, n: ast.Call, want: Type | None) -> ir.Expr:
    if low.signature is not None and low.signature.kind == "method":
        made = _own_method(low, n)
        if made is not None:
            return made
        raise Unsupported(f"method {n.name} of self", _source(low, n), n.line)
    bare = copy.copy(n)
    bare.recv = None
    return _bare(low, bare, want)


def _text_args(low: Statements, n: ast.Call) -> ir.Expr:
    if n.named or len(n.args) > 1:
        raise Unsupported(f"{n.name} with these arguments", _source(low, n), n.line)
    if not n.args:
        return lit("", ir.STR)
    e = low.expr(n.args[0])
    t = low.full(e.type)
    if isinstance(t, ir.ListT):
        raise Unsupported("puts of a list", _source(low, n), n.line)
    return low.text(e)


def _puts(low: Statements, n: ast.Call, _: Type | None) -> ir.Expr:
    text = _text_args(low, n)
    parts = text.parts if isinstance(text, ir.Format) else [ir.FormatPart(value=text)]
    if isinstance(text, ir.Lit):
        parts = [ir.FormatPart(str(text.value))]
    if may_end_line(text):
        # puts adds no second line feed to a text that ends in one.
        parts = [ir.FormatPart(value=op("str.removesuffix", [text, lit("\n", ir.STR)], ir.STR))]
    return op("print", [ir.Format(parts, type=ir.STR)], ir.NONE)


def _integer_of(low: Statements, n: ast.Call, _: Type | None) -> ir.Expr:
    optional = [v for k, v in n.named if k == "exception"]
    if not n.args or (n.named and not optional) or len(n.args) > 2:
        raise Unsupported("Integer() with these arguments", _source(low, n), n.line)
    if optional:
        raise Unsupported("Integer() without an exception", _source(low, n), n.line)
    e = low.value(n.args[0])
    t = low.full(e.type)
    if isinstance(t, VarT):
        t = low.join(t, ir.STR)
    if t == ir.INT:
        return e
    if t == ir.FLOAT:
        return op("float.to_int", [e], ir.INT)
    if t == ir.STR:
        low.scope.differ(NUMBERS)
        if len(n.args) == 2:
            base = low.expr(n.args[1])
            if isinstance(base, ir.Lit) and base.value == 10:
                return op("str.to_int", [e], ir.INT, "ValueError")
            return op("str.to_int_base", [e, base], ir.INT, "ValueError")
        return op("str.to_int", [e], ir.INT, "ValueError")
    raise Unsupported(f"Integer() of {type_text(t)}", _source(low, n), n.line)


def _float_of(low: Statements, n: ast.Call, _: Type | None) -> ir.Expr:
    if len(n.args) != 1 or n.named:
        raise Unsupported("Float() with these arguments", _source(low, n), n.line)
    e = low.value(n.args[0])
    t = low.full(e.type)
    if isinstance(t, VarT):
        t = low.join(t, ir.STR)
    if t == ir.FLOAT:
        return e
    if t == ir.INT:
        return low.floats(e)[0]
    if t == ir.STR:
        low.scope.differ(NUMBERS)
        return op("str.to_float", [e], ir.FLOAT, "ValueError")
    raise Unsupported(f"Float() of {type_text(t)}", _source(low, n), n.line)


def _string_of(low: Statements, n: ast.Call, _: Type | None) -> ir.Expr:
    if len(n.args) != 1:
        raise Unsupported("String() with these arguments", _source(low, n), n.line)
    return low.text(low.expr(n.args[0]))


def _array_of(low: Statements, n: ast.Call, want: Type | None) -> ir.Expr:
    if len(n.args) != 1:
        raise Unsupported("Array() with these arguments", _source(low, n), n.line)
    e = low.expr(n.args[0], want)
    t = low.full(e.type)
    if isinstance(t, ir.ListT):
        return e
    if isinstance(t, ir.OptionalT) and isinstance(t.elem, ir.ListT) and pure(e):
        return ir.Cond(
            op("is_some", [e], ir.BOOL), ir.Unwrap(e, type=t.elem), ir.ListLit([], type=t.elem), type=t.elem
        )
    raise Unsupported(f"Array() of {type_text(t)}", _source(low, n), n.line)


def _format(low: Statements, n: ast.Call, _: Type | None) -> ir.Expr:
    if not n.args or not isinstance(n.args[0], ast.Literal) or not isinstance(n.args[0].value, str):
        raise Unsupported("format with a computed text", _source(low, n), n.line)
    return formatted(low, n.args[0].value, n.args[1:], dict(n.named), n)


def _sleep(low: Statements, n: ast.Call, _: Type | None) -> ir.Expr:
    if len(n.args) != 1:
        raise Unsupported("sleep without a duration", _source(low, n), n.line)
    return op("sleep", [low.coerce(low.floats(low.value(n.args[0]))[0], ir.FLOAT)], ir.NONE)


def _raise_value(low: Statements, n: ast.Call, _: Type | None) -> ir.Expr:
    raise Unsupported("raise inside an expression", _source(low, n), n.line)


_KERNEL = {
    "puts": _puts,
    "Integer": _integer_of,
    "Float": _float_of,
    "String": _string_of,
    "Array": _array_of,
    "format": _format,
    "sprintf": _format,
    "sleep": _sleep,
    "raise": _raise_value,
    "fail": _raise_value,
}

_DIRECTIVE = re.compile(r"%(?:<(\w+)>)?([-+0 #]*)(\d+)?(?:\.(\d+))?([sdifuxXobeEgGp%])|%\{(\w+)\}")


def formatted(
    low: Statements, text: str, args: list[ast.Node], named: Mapping[str, ast.Node], n: ast.Node
) -> ir.Expr:
    """`format(text, args)`."""
    nodes: list[ast.Node] = []
    matches = list(_DIRECTIVE.finditer(text))
    left = iter(args)
    rest = _DIRECTIVE.sub("", text)
    if "%" in rest:
        raise Unsupported("a format of this kind", _source(low, n), n.line)
    for m in matches:
        if m[5] == "%":
            continue
        key = m[1] or m[6]
        node = named.get(key) if key else next(left, None)
        if node is None:
            raise Unsupported("a format with too few values", _source(low, n), n.line)
        nodes.append(node)
    values = iter(low.exprs(nodes))
    parts: list[ir.FormatPart] = []
    at = 0
    for m in matches:
        if m.start() > at:
            parts.append(ir.FormatPart(text[at : m.start()]))
        at = m.end()
        if m[5] == "%":
            parts.append(ir.FormatPart("%"))
            continue
        parts.append(_directive(low, next(values), m, n))
    if at < len(text):
        parts.append(ir.FormatPart(text[at:]))
    return ir.Format(parts, type=ir.STR)


def _directive(low: Statements, v: ir.Expr, m: re.Match[str], n: ast.Node) -> ir.FormatPart:
    flags, width, precision, kind = m[2] or "", m[3] or "", m[4], m[5] or "s"
    if set(flags) - set("-0"):
        raise Unsupported(f"format %{flags}{width}{kind}", _source(low, n), n.line)
    align = "<" if "-" in flags else ">"
    zero = "0" if "0" in flags and align == ">" else ""
    if kind == "s" and precision is None:
        text = low.text(v)
        return ir.FormatPart(value=text, spec=f"str:{align}:{width}" if width else "")
    v = low.required(v)
    t = low.full(v.type)
    if kind in "diu" and isinstance(t, VarT):
        t = v.type = low.join(t, ir.INT)
    if kind in "diu":
        if t == ir.FLOAT:
            v, t = op("float.floor", [v], ir.INT), ir.INT
        if t != ir.INT:
            raise Unsupported(f"format %{kind} of {type_text(t)}", _source(low, n), n.line)
        plain = not width and not zero
        return ir.FormatPart(value=v, spec="" if plain else f"int:{align}:{zero}:{width}:d")
    if kind in "xXob" and t == ir.INT:
        low.scope.differ(
            "A negative number in hexadecimal, octal or binary has a minus sign, where Ruby writes a complement."
        )
        return ir.FormatPart(value=v, spec=f"int:{align}:{zero}:{width}:{kind}")
    if kind == "f":
        if t == ir.INT:
            v, t = low.floats(v)[0], ir.FLOAT
        if t == ir.FLOAT:
            low.scope.differ(HALVES)
            return ir.FormatPart(value=v, spec=f"float:{align}:{zero}:{width}:{precision or '6'}:f")
    raise Unsupported(f"format %{flags}{width}{kind} of {type_text(t)}", _source(low, n), n.line)


# Calls on constants


def _of_constant(low: Statements, n: ast.Call, path: str, want: Type | None) -> ir.Expr | None:
    last = path.rpartition("::")[2]
    match path, n.name:
        case ("Math", _):
            return _math(low, n)
        case ("Hash", "new"):
            return _new_hash(low, n, want)
        case ("Array", "new"):
            return _new_array(low, n, want)
        case ("Set", "new") | ("Set", "[]"):
            if not n.args:
                t = low.full(want) if want is not None else None
                return ir.SetLit(
                    [],
                    type=t if isinstance(t, ir.SetT) else ir.SetT(low.types.var(("set", n.start), "a set")),
                )
            if n.name == "[]":
                elems = low.exprs(n.args)
                t = elems[0].type
                for e in elems[1:]:
                    t = low.join(t, e.type)
                return ir.SetLit([low.coerce(e, t) for e in elems], type=ir.SetT(t))
            return to_set(low, low.value(n.args[0]))
        case ("String", "new"):
            if not n.args and not n.named:
                return lit("", ir.STR)
            return low.value(n.args[0]) if n.args else lit("", ir.STR)
        case ("Integer", "sqrt"):
            return op("int.isqrt", [low.coerce(low.value(n.args[0]), ir.INT)], ir.INT)
        case ("ENV", "[]") if len(n.args) == 1:
            return op("env.get", [low.coerce(low.value(n.args[0]), ir.STR)], ir.OptionalT(ir.STR))
        case ("ENV", "fetch") if len(n.args) == 2:
            name, default = (low.coerce(low.required(e), ir.STR) for e in low.exprs(n.args))
            return op("env.get_or", [name, default], ir.STR)
        case ("ENV", "fetch") if (
            len(n.args) == 1 and n.block is not None and blocks.simple(n.block) is not None
        ):
            found = op("env.get", [low.coerce(low.value(n.args[0]), ir.STR)], ir.OptionalT(ir.STR))
            held = low.hoist(found, "found")
            with low.without_statements():
                default = low.coerce(low.value(cast("ast.Node", blocks.simple(n.block))), ir.STR)
            there = op("is_some", [held], ir.BOOL)
            return ir.Cond(there, ir.Unwrap(held, type=ir.STR), default, type=ir.STR)
        case ("ENV", _):
            raise Unsupported("the environment outside a configuration", _source(low, n), n.line)
        case ("Time" | "Process" | "Date" | "DateTime", _):
            raise Unsupported(f"{path}.{n.name}", _source(low, n), n.line)
        case ("File", "exist?" | "file?" | "read" | "delete") if len(n.args) == 1:
            name = low.coerce(low.value(n.args[0]), ir.STR)
            if n.name == "read":
                return op("file.read_text", [name], ir.STR, "OSError")
            if n.name == "delete":
                return op("file.remove", [name], ir.NONE, "OSError")
            return op("file.exists", [name], ir.BOOL)
        case ("JSON", "parse"):
            return json.parse(low, n)
        case ("JSON", "generate" | "dump") if not n.block and len(n.args) + bool(n.named) == 1:
            return json.generated(
                low, n.args[0] if n.args else ast.Hash([(ast.Symbol(k), v) for k, v in n.named])
            )
        case ("Regexp", "last_match"):
            found = regex.last_match(low, n)
            if not n.args:
                return found
            assert isinstance(found.type, ir.MatchT)
            return regex.of_match(low, ast.Call(n.recv, "[]", n.args, [], line=n.line), found, found.type)
        case ("Kernel", _):
            bare = copy.copy(n)
            bare.recv = None
            return _bare(low, bare, want)
        case _:
            pass
    info = low.scope.class_named(path)
    if info is not None and info.path.endswith(path.removeprefix("::")):
        if n.name in ("new", "[]"):
            if info.kind == "error":
                return low.error_value(n)
            return construct(low, info.name, n)
        single = info.static(n.name)
        if single is not None:
            return low.invoke(single, n, None)
    if low.scope.error_name(path) is not None and n.name in ("new", "exception"):
        return low.error_value(n)
    if last in {m.rpartition("::")[2] for m in low.scope.modules} and n.name in low.scope.functions:
        s = low.scope.functions[n.name]
        if s.path.rpartition("::")[2] == last:
            return low.invoke(s, n, None)
    if low.scope.constants.get(last) is not None:
        return None
    raise Unsupported(f"{path}.{n.name} is not known here", _source(low, n), n.line)


def construct(low: Statements, name: str, n: ast.Call) -> ir.Expr:
    """An object of a class of this file."""
    info = low.scope.classes[name]
    if info.failed is not None:
        raise Unsupported(
            f"an object of {name}, which was not ported ({info.failed.reason})", _source(low, n), n.line
        )
    if info.init is not None:
        args = low.arguments(info.init.params, n, f"{name}.new")
        made = [(p.name, a) for p, a in zip(info.init.params, args, strict=True)]
        return ir.New(name, made, type=ir.NamedT(name))
    if info.kind in ("struct", "data"):
        given: dict[str, ir.Expr] = {}
        if n.named:
            for (k, _), e in zip(
                n.named,
                low.exprs([v for _, v in n.named], [info.fields.get(k) for k, _ in n.named]),
                strict=True,
            ):
                if k not in info.fields:
                    raise Unsupported(f"{name} has no member {k}", _source(low, n), n.line)
                given[k] = e
        else:
            if len(n.args) > len(info.order):
                raise Unsupported(f"{name}.new with too many arguments", _source(low, n), n.line)
            given = dict(
                zip(info.order, low.exprs(n.args, [info.fields[k] for k in info.order]), strict=False)
            )
        out: list[tuple[str, ir.Expr]] = []
        for k in info.order:
            if k in given:
                if low.types.open(info.fields[k]):
                    info.fields[k] = low.join(info.fields[k], given[k].type)
                out.append((k, low.coerce(given[k], info.fields[k])))
            elif info.kind == "data":
                raise Unsupported(f"{name}.new without {k}", _source(low, n), n.line)
            else:
                info.fields[k] = low.join(info.fields[k], ir.NONE)
                out.append((k, lit(None, low.full(info.fields[k]))))
        return ir.New(name, out, type=ir.NamedT(name))
    if n.args or n.named:
        raise Unsupported(f"{name}.new with arguments", _source(low, n), n.line)
    return ir.New(name, [], type=ir.NamedT(name))


def _new_hash(low: Statements, n: ast.Call, want: Type | None) -> ir.Expr:
    t = low.full(want) if want is not None else None
    key: Type = t.key if isinstance(t, ir.DictT) else low.types.var(("key", n.start), "the keys of a hash")
    value: Type = (
        t.value if isinstance(t, ir.DictT) else low.types.var(("value", n.start), "the values of a hash")
    )
    if n.block is not None:
        body = n.block.body
        if len(n.block.params) == 2 and len(body) == 1 and isinstance(body[0], ast.Assign):
            made = low.expr(body[0].value)
            zero = (isinstance(made, ir.ListLit | ir.SetLit) and not made.elems) or (
                isinstance(made, ir.DictLit) and not made.items
            )
            if zero or (isinstance(made, ir.Lit) and made.value in (0, 0.0, "", False)):
                return ir.DictLit([], type=ir.DictT(key, low.join(value, made.type), zero=True))
        raise Unsupported("a hash whose default is computed", _source(low, n), n.line)
    if n.args:
        default = low.expr(n.args[0])
        if (
            not isinstance(default, ir.Lit)
            or default.value not in (0, 0.0, "", False)
            or default.value is None
        ):
            raise Unsupported("a hash with this default", _source(low, n), n.line)
        return ir.DictLit([], type=ir.DictT(key, low.join(value, default.type), zero=True))
    return ir.DictLit([], type=ir.DictT(key, value))


def _new_array(low: Statements, n: ast.Call, want: Type | None) -> ir.Expr:
    t = low.full(want) if want is not None else None
    elem: Type = (
        t.elem if isinstance(t, ir.ListT) else low.types.var(("elem", n.start), "the elements of an array")
    )
    if not n.args:
        return ir.ListLit([], type=ir.ListT(elem))
    count = low.coerce(low.value(n.args[0]), ir.INT)
    if n.block is not None:
        s = blocks.Source(op("range", [integer(0), count, integer(1)], ir.IterT(ir.INT)), ir.INT)
        made = blocks.comprehension(low, s, n.block, lambda _, only: ("list", low.expr(only), []))
        if made is not None:
            return made
    elif len(n.args) == 2:
        value = low.expr(n.args[1])
        if isinstance(value.type, ir.P):
            made_list = ir.ListLit([value], type=ir.ListT(value.type))
            return op("list.repeat", [made_list, count], ir.ListT(value.type))
    raise Unsupported("Array.new with these arguments", _source(low, n), n.line)


def _math(low: Statements, n: ast.Call) -> ir.Expr:
    args = [low.required(e) for e in low.exprs(n.args)]
    if (
        n.name in ("sqrt", "sin", "cos", "tan", "exp", "log2", "log10", "hypot", "atan", "atan2", "log")
        and args
    ):
        low.scope.differ(
            "A mathematical function of a value outside its domain gives NaN, where Ruby raises Math::DomainError."
        )
        if n.name == "log" and len(args) == 2:
            parts = [op("math.log", [x], ir.FLOAT) for x in low.floats(*args)]
            return op("float.div", list(parts), ir.FLOAT)
        return op(f"math.{n.name}", low.floats(*args), ir.FLOAT)
    if n.name == "pow" and len(args) == 2:
        return op("float.pow", low.floats(*args), ir.FLOAT)
    raise Unsupported(f"Math.{n.name}", _source(low, n), n.line)


def to_set(low: Statements, e: ir.Expr) -> ir.Expr:
    """A value as a set."""
    t = low.full(e.type)
    if isinstance(t, ir.SetT):
        return op("set.copy", [e], t)
    made = low.as_list(e)
    assert isinstance(made.type, ir.ListT)
    if isinstance(made, ir.Comp):
        return ir.Comp("set", made.elem, made.clauses, type=ir.SetT(made.type.elem), line=made.line)
    return op("to_set", [made], ir.SetT(made.type.elem))


# Methods of values


def of_value(low: Statements, n: ast.Call, want: Type | None) -> ir.Expr:
    """A method of a value."""
    assert n.recv is not None
    name = n.name
    if name in ("freeze", "dup", "clone", "itself", "+@") and not n.args:
        return _copied(low, n, want)
    if name == "then" or name == "tap" or name == "yield_self":
        raise Unsupported(name, _source(low, n), n.line)
    if name == "to_json" and not n.args and not n.named:
        return json.generated(low, n.recv)
    if name == "nil?" and not n.args:
        return low.compare("eq", low.expr(n.recv), lit(None, ir.NONE))
    if name in ("==", "eql?", "equal?") and len(n.args) == 1:
        left, right = low.exprs([n.recv, n.args[0]])
        if name == "equal?" and low.full(left.type) not in (ir.INT, SYMBOL, ir.BOOL):
            raise Unsupported("identity of values", _source(low, n), n.line)
        return low.compare("eq", left, right)
    if name in (
        "is_a?",
        "kind_of?",
        "instance_of?",
        "===",
        "respond_to?",
        "send",
        "public_send",
        "instance_variable_get",
        "method",
        "define_method",
        "instance_eval",
        "class",
        "object_id",
        "hash",
    ):
        return _reflect(low, n)
    if name in _ITERATORS and (n.block is not None or n.passed is not None or _chained(n.recv)):
        made = iterator(low, n, want)
        if made is not None:
            return made
    if isinstance(n.recv, ast.Range):
        return _of_range(low, n, want)
    obj = low.expr(n.recv)
    t = low.full(obj.type)
    if isinstance(t, ir.OptionalT):
        made = _of_optional(low, n, obj, t)
        if made is not None:
            return made
        obj = low.required(obj)
        t = low.full(obj.type)
    if isinstance(t, VarT):
        t = infer(low, n, t, want)
        obj.type = t
    match t:
        case JsonT():
            return json.method(low, n, obj, t, want)
        case ir.P(ir.Prim.INT) | ir.P(ir.Prim.FLOAT):
            return of_number(low, n, obj, want)
        case ir.P(ir.Prim.STR) | ir.P(ir.Prim.CHAR):
            return of_string(low, n, low.coerce(obj, ir.STR))
        case ir.P(ir.Prim.BOOL):
            return _of_bool(low, n, obj)
        case ir.ListT():
            return of_list(low, n, obj, t, want)
        case ir.TupleT():
            return _of_tuple(low, n, obj, t, want)
        case ir.DictT():
            return of_hash(low, n, obj, t, want)
        case ir.SetT():
            return _of_set(low, n, obj, t)
        case ir.MatchT():
            return regex.of_match(low, n, obj, t)
        case ir.FuncT() if name in ("call", "()", "[]", "yield", "==="):
            return low.call_value(obj, n.args, n)
        case ir.P(ir.Prim.ERROR):
            return _of_error(low, n, obj)
        case ir.NamedT(cls):
            if low.scope.error_base(cls) is not None:
                return _of_error(low, n, obj)
            return of_object(low, n, obj, cls)
        case ir.IterT():
            return of_list(low, n, low.as_list(obj), ir.ListT(t.elem), want)
        case _:
            if t == SYMBOL:
                return _of_symbol(low, n, obj)
            raise Unsupported(f"method {name} of {type_text(t)}", _source(low, n), n.line)


def _chained(n: ast.Node) -> bool:
    """True for an enumerator: an iterator without a block."""
    return (
        isinstance(n, ast.Call)
        and n.block is None
        and n.passed is None
        and n.name in ENUMERATORS | {"each_line", "with_index", "lazy"}
    )


def infer(low: Statements, n: ast.Call, v: VarT, want: Type | None = None) -> Type:
    """What a method that is called on a value of unknown type says about it."""
    name = n.name
    found: Type | None = None
    if name in ("call", "()"):
        made = ir.FuncT(
            tuple(
                low.types.var(("argument", v.id, i), "an argument of a callable") for i in range(len(n.args))
            ),
            low.types.var(("result", v.id), "the result of a callable"),
        )
        low.types.solve(v, made)
        return made
    if name in _OF_STRING:
        found = ir.STR
    elif name in _OF_HASH:
        found = ir.DictT(low.types.var(("key", v.id), ""), low.types.var(("value", v.id), ""))
    elif name in _OF_INT:
        found = ir.INT
    elif name in _OF_LIST:
        block = n.block
        if block is not None and len(block.params) == 2 and name in _OF_PAIRS:
            found = ir.DictT(low.types.var(("key", v.id), ""), low.types.var(("value", v.id), ""))
        else:
            found = ir.ListT(low.types.var(("elem", v.id), ""))
    elif (name in ("+", "<<") and n.args and isinstance(n.args[0], ast.Interpolated)) or (
        name == "+" and n.args and isinstance(n.args[0], ast.Literal) and isinstance(n.args[0].value, str)
    ):
        found = ir.STR
    elif name in ("+", "-", "*", "/", "%") and want is not None and low.full(want) == ir.INT:
        # Only integers make an integer.
        found = ir.INT
    elif re.fullmatch(r"[a-z_]\w*[?!]?", name) and name not in _COMMON:
        origin = low.types.origin.get(v.id, "")
        if origin.startswith("param:"):
            proto = low.scope.protocol(_interface(origin[6:]), n.line)
            found = ir.NamedT(proto.name)
    if found is None:
        what = low.types.origin.get(v.id, "")
        hint = f"parameter {what[6:]}" if what.startswith("param:") else "the value"
        raise Unsupported(
            f"the type of {hint} is not known; annotate it with `# @param` or RBS", _source(low, n), n.line
        )
    low.types.solve(v, found)
    return low.full(found)


# Names that many classes have: a call of one says nothing about the receiver.
_COMMON = frozenset(
    [
        "to_s",
        "to_i",
        "to_f",
        "to_a",
        "to_h",
        "size",
        "length",
        "empty?",
        "include?",
        "zero?",
        "positive?",
        "negative?",
        "abs",
        "round",
        "floor",
        "ceil",
        "count",
        "index",
        "inspect",
        "fetch",
        "delete",
        "key",
        "value",
        "min",
        "max",
        "reverse",
        "clear",
        "dup",
        "name",
        "id",
        "nil?",
        "between?",
        "clamp",
        "succ",
        "next",
        "ord",
        "hash",
    ]
)


def only_class(n: ast.Call) -> str | None:
    """The kind of value that a method says its receiver is: str, dict, list or int; None where several have it."""
    kinds = (("str", _OF_STRING), ("dict", _OF_HASH), ("list", _OF_LIST), ("int", _OF_INT))
    return next((kind for kind, names in kinds if n.name in names), None)


def _interface(name: str) -> str:
    return "".join(part.capitalize() for part in name.strip("@").split("_")) or "Interface"


def _copied(low: Statements, n: ast.Call, want: Type | None) -> ir.Expr:
    assert n.recv is not None
    e = low.expr(n.recv, want)
    if n.name in ("freeze", "itself", "+@"):
        return e
    t = low.full(e.type)
    match t:
        case ir.ListT():
            return op("list.copy", [e], t)
        case ir.DictT():
            return op("dict.copy", [e], t)
        case ir.SetT():
            return op("set.copy", [e], t)
        case ir.P():
            return e
        case _:
            raise Unsupported(f"{n.name} of {type_text(t)}", _source(low, n), n.line)


def _reflect(low: Statements, n: ast.Call) -> ir.Expr:
    assert n.recv is not None
    if (
        n.name in ("is_a?", "kind_of?", "instance_of?")
        and len(n.args) == 1
        and isinstance(n.args[0], ast.Const)
    ):
        e = low.expr(n.recv)
        made = is_a(low, e, n.args[0].path, n)
        if made is not None:
            return made
    if n.name == "class" and isinstance(n.recv, ast.SelfNode):
        raise Unsupported("self.class", _source(low, n), n.line)
    raise Unsupported(f"{n.name}, which asks an object for its class or methods", _source(low, n), n.line)


def is_a(low: Statements, e: ir.Expr, path: str, n: ast.Node) -> ir.Expr | None:
    """Whether a value is of a class, where its type decides; None where it does not."""
    t = low.full(e.type)
    if isinstance(t, ir.OptionalT):
        if path == "NilClass":
            return op("is_none", [e], ir.BOOL)
        inner = is_a(low, ir.Unwrap(e, type=t.elem), path, n)
        if isinstance(inner, ir.Lit):
            return op("is_some", [e], ir.BOOL) if inner.value else inner
        return None
    if isinstance(t, JsonT):
        return json.is_a(e if pure(e) else low.hoist(e, "value"), path)
    names: Mapping[Type, tuple[str, ...]] = {
        ir.INT: ("Integer", "Numeric", "Comparable"),
        ir.FLOAT: ("Float", "Numeric", "Comparable"),
        ir.STR: ("String", "Comparable"),
        SYMBOL: ("Symbol",),
        ir.BOOL: (),
        ir.NONE: ("NilClass",),
    }
    if isinstance(t, VarT):
        raise Unsupported("is_a? of a value whose type is not known; annotate it", _source(low, n), n.line)
    if path in CORE_CLASSES - {"TrueClass", "FalseClass"}:
        if isinstance(t, ir.ListT | ir.TupleT):
            return lit(path in ("Array", "Enumerable"), ir.BOOL)
        if isinstance(t, ir.DictT):
            return lit(path in ("Hash", "Enumerable"), ir.BOOL)
        if t == ir.FLOAT and path in ("Integer", "Float"):
            raise Unsupported("is_a? that tells integers from floats", _source(low, n), n.line)
        if t in names:
            return lit(path in names[t], ir.BOOL)
        if isinstance(t, ir.NamedT | ir.SetT | ir.FuncT):
            return lit(False, ir.BOOL)
    if (
        isinstance(t, ir.NamedT)
        and low.scope.class_named(path) is not None
        and low.scope.error_base(t.name) is None
    ):
        return lit(low.scope.class_named(path) is low.scope.classes.get(t.name), ir.BOOL)
    return None


def _of_optional(low: Statements, n: ast.Call, obj: ir.Expr, t: ir.OptionalT) -> ir.Expr | None:
    """Methods that nil has too."""
    match n.name, len(n.args):
        case ("to_s", 0):
            return low.text(obj)
        case ("to_a", 0) if isinstance(t.elem, ir.ListT) and pure(obj):
            return ir.Cond(
                op("is_some", [obj], ir.BOOL),
                ir.Unwrap(obj, type=t.elem),
                ir.ListLit([], type=t.elem),
                type=t.elem,
            )
        case ("to_i", 0) if low.full(t.elem) in (ir.INT, ir.STR) and pure(obj):
            inner_obj = obj.plain if isinstance(obj, Maybe) else ir.Unwrap(obj, type=t.elem)
            inner = (
                inner_obj
                if low.full(t.elem) == ir.INT
                else low.prelude("leading_integer", [inner_obj], ir.INT)
            )
            test = obj.test if isinstance(obj, Maybe) else op("is_some", [obj], ir.BOOL)
            return ir.Cond(test, inner, integer(0), type=ir.INT)
        case ("to_f", 0) if low.full(t.elem) in (ir.INT, ir.FLOAT, ir.STR) and pure(obj):
            held = obj.plain if isinstance(obj, Maybe) else ir.Unwrap(obj, type=t.elem)
            text = low.full(t.elem) == ir.STR
            number = low.prelude("leading_float", [held], ir.FLOAT) if text else low.floats(held)[0]
            there = obj.test if isinstance(obj, Maybe) else op("is_some", [obj], ir.BOOL)
            return ir.Cond(there, number, lit(0.0, ir.FLOAT), type=ir.FLOAT)
        case ("inspect", 0):
            raise Unsupported("inspect of a value that may be nil", _source(low, n), n.line)
        case _:
            return None


def _of_bool(low: Statements, n: ast.Call, obj: ir.Expr) -> ir.Expr:
    match n.name, len(n.args):
        case ("to_s" | "inspect", 0):
            return low.text(obj)
        case ("&" | "|" | "^", 1):
            right = low.coerce(low.expr(n.args[0]), ir.BOOL)
            return op({"&": "bool.and", "|": "bool.or", "^": "ne"}[n.name], [obj, right], ir.BOOL)
        case _:
            raise Unsupported(f"method {n.name} of a boolean", _source(low, n), n.line)


def _of_symbol(low: Statements, n: ast.Call, obj: ir.Expr) -> ir.Expr:
    match n.name, len(n.args):
        case ("to_s" | "name" | "id2name", 0):
            return low.text(obj)
        case ("to_sym", 0):
            return obj
        case ("length" | "size", 0):
            return op("len", [low.text(obj)], ir.INT)
        case ("<" | ">" | "<=" | ">=", 1):
            return low.compare(_COMPARE[n.name], obj, low.value(n.args[0]))
        case ("upcase" | "downcase" | "capitalize", 0):
            made = of_string(low, n, low.text(obj))
            made.type = ir.STR
            return op("str.to_symbol", [made], SYMBOL)
        case ("inspect", 0):
            return ir.Format([ir.FormatPart(":"), ir.FormatPart(value=low.text(obj))], type=ir.STR)
        case _:
            raise Unsupported(f"method {n.name} of a symbol", _source(low, n), n.line)


def _of_error(low: Statements, n: ast.Call, obj: ir.Expr) -> ir.Expr:
    if n.name in ("message", "to_s") and not n.args:
        return op("error.message", [obj], ir.STR)
    t = low.full(obj.type)
    if isinstance(t, ir.NamedT):
        info = low.scope.classes.get(t.name)
        if info is not None and n.name in info.fields and not n.args:
            return ir.Field(obj, n.name, type=info.fields[n.name])
        if t.name == "MaxRetriesExceeded" and n.name == "attempts":
            return ir.Field(obj, "attempts", type=ir.INT)
        if t.name == "HttpStatusError" and n.name == "status" and not n.args and info is None:
            return op("error.http_status", [obj], ir.INT)
    raise Unsupported(f"method {n.name} of an error", _source(low, n), n.line)


def of_object(low: Statements, n: ast.Call, obj: ir.Expr, cls: str) -> ir.Expr:
    """A method or attribute of an object of this file, or of an assumed interface."""
    info = low.scope.classes.get(cls)
    if info is not None:
        own = info.method(n.name)
        if own is not None:
            if own.private:
                raise Unsupported(f"a call of the private method {n.name}", _source(low, n), n.line)
            return low.invoke(own, n, obj)
        if (
            n.name in info.fields
            and not n.args
            and n.name in info.public | set(info.order)
            and info.kind != "record"
        ):
            return ir.Field(obj, info.field_name(n.name), type=info.fields[n.name])
        if n.name == "with" and info.kind == "data" and n.named and pure(obj):
            given = dict(
                zip(
                    [k for k, _ in n.named],
                    low.exprs([v for _, v in n.named], [info.fields.get(k) for k, _ in n.named]),
                    strict=True,
                )
            )
            out: list[tuple[str, ir.Expr]] = []
            for k in info.order:
                t = info.fields[k]
                out.append((k, low.coerce(given[k], t) if k in given else ir.Field(obj, k, type=t)))
            return ir.New(cls, out, type=ir.NamedT(cls))
        if (
            n.name in ("[]", "fetch", "dig")
            and n.args
            and isinstance(n.args[0], ast.Symbol)
            and n.args[0].name in info.order
            and info.kind != "plain"
        ):
            made: ir.Expr = ir.Field(obj, n.args[0].name, type=info.fields[n.args[0].name])
            if len(n.args) == 1 or n.name == "fetch":
                return made
            if n.name == "dig" and pure(made):
                first = ast.Call(n.recv, "[]", [n.args[0]], [], line=n.line, start=n.start, end=n.end)
                return low.call(
                    ast.Call(
                        first,
                        "dig",
                        n.args[1:],
                        [],
                        safe=isinstance(low.full(made.type), ir.OptionalT),
                        line=n.line,
                        start=n.start,
                        end=n.end,
                    ),
                    None,
                )
        if (
            info.kind == "record"
            and n.name in ("key?", "has_key?")
            and len(n.args) == 1
            and isinstance(n.args[0], ast.Symbol)
        ):
            return lit(n.args[0].name in info.order, ir.BOOL)
        raise Unsupported(f"method {n.name} of {cls}", _source(low, n), n.line)
    proto = low.scope.protocols.get(cls)
    if proto is None:
        raise Unsupported(f"method {n.name} of {cls}", _source(low, n), n.line)
    return _protocol_call(low, n, obj, cls)


def _protocol_call(low: Statements, n: ast.Call, obj: ir.Expr, cls: str) -> ir.Expr:
    proto = low.scope.protocols[cls]
    if n.block is not None or n.passed is not None or n.spread is not None:
        raise Unsupported(f"a block given to {n.name} of {cls}", _source(low, n), n.line)
    if n.name in ("[]", "==", "+", "-", "<", ">", "<<"):
        raise Unsupported(f"operator {n.name} of {cls}", _source(low, n), n.line)
    m = proto.methods.get(n.name)
    names = [f"arg{i + 1}" for i in range(len(n.args))] + [k for k, _ in n.named]
    if m is None:
        params: list[tuple[str, Type]] = []
        for i, (k, a) in enumerate(zip(names, [*n.args, *(v for _, v in n.named)], strict=True)):
            guess = (
                a.name
                if isinstance(a, ast.Ident | ast.IVar) and k.startswith("arg") and a.name not in dict(params)
                else k
            )
            params.append((guess, low.types.var(("proto", cls, n.name, i), f"an argument of {n.name}")))
        m = ProtocolMethod(
            n.name,
            params,
            low.types.var(("proto", cls, n.name), f"the result of {cls}#{n.name}"),
            line=n.line,
        )
        proto.methods[n.name] = m
        low.types.changed = True
    if len(m.params) != len(names) or [k for k, _ in n.named] != [p for p, _ in m.params[len(n.args) :]]:
        raise Unsupported(f"{n.name} of {cls} with other arguments than elsewhere", _source(low, n), n.line)
    values = low.exprs([*n.args, *(v for _, v in n.named)], [t for _, t in m.params])
    args: list[ir.Expr] = []
    for i, e in enumerate(values):
        name, t = m.params[i]
        if low.types.open(t):
            t = low.join(t, e.type)
            m.params[i] = (name, t)
        args.append(low.coerce(e, t))
    return ir.MethodCall(obj, n.name, args, type=low.full(m.result))


def _of_tuple(low: Statements, n: ast.Call, obj: ir.Expr, t: ir.TupleT, want: Type | None) -> ir.Expr:
    at: int | None = None
    if (
        n.name == "[]"
        and len(n.args) == 1
        and isinstance(n.args[0], ast.Literal)
        and isinstance(n.args[0].value, int)
    ):
        at = n.args[0].value
    elif n.name in ("first", "last") and not n.args:
        at = 0 if n.name == "first" else -1
    if at is not None and -len(t.elems) <= at < len(t.elems):
        at %= len(t.elems)
        return op("tuple.index", [obj, integer(at)], t.elems[at])
    return of_list(low, n, low.as_list(obj), ir.ListT(t.elems[0]), want)


# Numbers


def of_number(low: Statements, n: ast.Call, obj: ir.Expr, want: Type | None = None) -> ir.Expr:
    """A method or operator of an integer or float."""
    name, count = n.name, len(n.args)
    t = low.full(obj.type)
    kind = "int" if t == ir.INT else "float"
    if name in _COMPARE and count == 1:
        return low.compare(_COMPARE[name], obj, low.value(n.args[0]))
    if name in _ARITHMETIC and count == 1:
        right = low.expr(n.args[0])
        rt = low.full(right.type)
        if isinstance(rt, VarT) and t == ir.INT and want is not None and low.full(want) == ir.INT:
            # Only two integers make an integer.
            rt = right.type = low.join(rt, ir.INT)
        if isinstance(rt, VarT):
            raise Unsupported(
                "arithmetic with a value whose type is not known; annotate it", _source(low, n), n.line
            )
        return arithmetic(low, name, obj, low.required(right), n)
    zero = integer(0) if t == ir.INT else lit(0.0, ir.FLOAT)
    match name, count:
        case ("-@", 0):
            return op(f"{kind}.neg", [obj], t)
        case ("+@", 0):
            return obj
        case ("~", 0) if t == ir.INT:
            return op("int.invert", [obj], t)
        case ("abs" | "magnitude", 0):
            return op(f"{kind}.abs", [obj], t)
        case ("zero?", 0):
            return op("eq", [obj, zero], ir.BOOL)
        case ("nonzero?", 0):
            raise Unsupported("nonzero?", _source(low, n), n.line)
        case ("positive?", 0):
            return op("gt", [obj, zero], ir.BOOL)
        case ("negative?", 0):
            return op("lt", [obj, zero], ir.BOOL)
        case ("even?" | "odd?", 0) if t == ir.INT:
            return op(
                "eq" if name == "even?" else "ne",
                [op("int.mod", [obj, integer(2)], ir.INT), integer(0)],
                ir.BOOL,
            )
        case ("succ" | "next", 0) if t == ir.INT:
            return low.plus(obj, 1)
        case ("pred", 0) if t == ir.INT:
            return low.plus(obj, -1)
        case ("to_s", 0) | ("inspect", 0):
            return low.text(obj)
        case ("to_s", 1) if t == ir.INT:
            base = low.expr(n.args[0])
            if isinstance(base, ir.Lit) and base.value in (2, 8, 16):
                letter = {2: "b", 8: "o", 16: "x"}[base.value]
                return ir.Format([ir.FormatPart(value=obj, spec=f"int:>:::{letter}")], type=ir.STR)
            raise Unsupported("to_s with this base", _source(low, n), n.line)
        case ("to_i" | "to_int" | "truncate", 0):
            return obj if t == ir.INT else op("float.to_int", [obj], ir.INT)
        case ("to_f", 0):
            return low.floats(obj)[0]
        case ("floor" | "ceil", 0):
            return obj if t == ir.INT else op(f"float.{name}", [obj], ir.INT)
        case ("round", 0):
            if t == ir.INT:
                return obj
            return low.prelude("round_half_up", [obj], ir.INT)
        case ("round", 1):
            return _round(low, n, obj, t)
        case ("floor" | "ceil", 1) if t == ir.FLOAT:
            raise Unsupported(f"{name} to a number of digits", _source(low, n), n.line)
        case ("divmod", 1):
            right = low.required(low.expr(n.args[0]))
            low.require_pure(obj)
            low.require_pure(right)
            q, r = arithmetic(low, "/", obj, right, n), arithmetic(low, "%", obj, right, n)
            if t != ir.INT or q.type != ir.INT:
                raise Unsupported("divmod of floats", _source(low, n), n.line)
            return ir.TupleLit([q, r], type=ir.TupleT((q.type, r.type)))
        case ("modulo", 1):
            return arithmetic(low, "%", obj, low.required(low.expr(n.args[0])), n)
        case ("div", 1) if t == ir.INT:
            return arithmetic(low, "/", obj, low.coerce(low.value(n.args[0]), ir.INT), n)
        case ("fdiv", 1):
            return op("float.div", low.floats(obj, low.value(n.args[0])), ir.FLOAT)
        case ("remainder", 1) if t == ir.INT:
            return op("int.rem", [obj, low.coerce(low.value(n.args[0]), ir.INT)], ir.INT, "ZeroDivisionError")
        case ("pow", 1):
            return arithmetic(low, "**", obj, low.value(n.args[0]), n)
        case ("gcd", 1):
            return op("int.gcd", [obj, low.coerce(low.value(n.args[0]), ir.INT)], ir.INT)
        case ("chr", 0):
            return op("char.to_str", [op("int.chr", [obj], ir.CHAR)], ir.STR)
        case ("between?", 2):
            low.require_pure(obj)
            a, b = low.exprs(n.args)
            return ir.Bool("and", [low.compare("ge", obj, a), low.compare("le", obj, b)], type=ir.BOOL)
        case ("clamp", 2):
            a, b = low.exprs(n.args)
            u = low.join(low.join(t, a.type), b.type)
            inner = op("max", [low.coerce(obj, u), low.coerce(a, u)], u)
            return op("min", [inner, low.coerce(b, u)], u)
        case ("nan?", 0) if t == ir.FLOAT:
            low.require_pure(obj)
            return op("ne", [obj, obj], ir.BOOL)
        case ("digits", 0) if t == ir.INT:
            return low.prelude("digits_of", [obj], ir.ListT(ir.INT))
        case ("dup" | "freeze", 0):
            return obj
        case ("<=>", 1):
            right = low.value(n.args[0])
            low.require_pure(obj)
            low.require_pure(right)
            less = low.compare("lt", obj, right)
            more = low.compare("gt", obj, right)
            return ir.Cond(less, integer(-1), ir.Cond(more, integer(1), integer(0), type=ir.INT), type=ir.INT)
        case _:
            raise Unsupported(f"method {name} of {type_text(t)}", _source(low, n), n.line)


def _round(low: Statements, n: ast.Call, obj: ir.Expr, t: Type) -> ir.Expr:
    digits = low.expr(n.args[0])
    if t == ir.FLOAT and isinstance(digits, ir.Lit) and isinstance(digits.value, int):
        if digits.value == 0:
            return low.prelude("round_half_up", [obj], ir.INT)
        if digits.value > 0:
            return low.prelude("round_to_digits", [obj, digits], ir.FLOAT)
    raise Unsupported("round with these arguments", _source(low, n), n.line)


def arithmetic(low: Statements, name: str, left: ir.Expr, right: ir.Expr, n: ast.Node) -> ir.Expr:
    """An arithmetic operator of two numbers."""
    lt, rt = low.full(left.type), low.full(right.type)
    if {lt, rt} - {ir.INT, ir.FLOAT}:
        raise Unsupported(f"`{name}` of {type_text(lt)} and {type_text(rt)}", _source(low, n), n.line)
    word = _ARITHMETIC[name]
    if lt == ir.INT and rt == ir.INT:
        if word == "pow":
            bound = low.lower_bound(right)
            if bound is None or bound < 0:
                low.scope.differ(
                    "An integer to a negative power stops the port, where Ruby gives a fraction."
                )
        if word in ("mul", "pow", "shl"):
            low.scope.differ(WIDTH)
        raises = "ZeroDivisionError" if word in ("floordiv", "mod") else ""
        return op(f"int.{word}", [left, right], ir.INT, raises)
    if word in ("band", "bor", "xor", "shl", "shr"):
        raise Unsupported(f"`{name}` of floats", _source(low, n), n.line)
    args = low.floats(left, right)
    if word == "floordiv":
        low.scope.differ(
            "A float divided by zero raises ZeroDivisionError, where Ruby gives infinity or NaN."
        )
        return op("float.div", args, ir.FLOAT, "ZeroDivisionError")
    raises = "ZeroDivisionError" if word == "mod" else ""
    return op(f"float.{word}", args, ir.FLOAT, raises)


# Strings

_STRING: Mapping[tuple[str, int], tuple[str, tuple[Type, ...], Type]] = {
    ("upcase", 0): ("str.upper", (), ir.STR),
    ("downcase", 0): ("str.lower", (), ir.STR),
    ("capitalize", 0): ("str.capitalize", (), ir.STR),
    ("swapcase", 0): ("str.swapcase", (), ir.STR),
    ("delete_prefix", 1): ("str.removeprefix", (ir.STR,), ir.STR),
    ("delete_suffix", 1): ("str.removesuffix", (ir.STR,), ir.STR),
    ("include?", 1): ("str.contains", (ir.STR,), ir.BOOL),
    ("reverse", 0): ("str.reversed", (), ir.STR),
    ("ljust", 1): ("str.ljust", (ir.INT,), ir.STR),
    ("ljust", 2): ("str.ljust_char", (ir.INT, ir.STR), ir.STR),
    ("rjust", 1): ("str.rjust", (ir.INT,), ir.STR),
    ("rjust", 2): ("str.rjust_char", (ir.INT, ir.STR), ir.STR),
    ("+", 1): ("str.concat", (ir.STR,), ir.STR),
    ("*", 1): ("str.repeat", (ir.INT,), ir.STR),
    ("concat", 1): ("str.concat", (ir.STR,), ir.STR),
    ("length", 0): ("len", (), ir.INT),
    ("size", 0): ("len", (), ir.INT),
    ("chomp", 1): ("str.removesuffix", (ir.STR,), ir.STR),
}


def of_string(low: Statements, n: ast.Call, obj: ir.Expr) -> ir.Expr:
    """A method of a string."""
    if any(isinstance(a, ast.Const) and isinstance(resolved(low.scope, a), ast.Regex) for a in n.args):
        n = copy.copy(n)
        n.args = [resolved(low.scope, a) for a in n.args]
    name, count = n.name, len(n.args)
    if name in _COMPARE and count == 1:
        right = low.value(n.args[0])
        return low.compare(_COMPARE[name], obj, right)
    found = _STRING.get((name, count))
    if found is not None:
        operation, params, result = found
        args = [
            low.coerce(low.required(e), p) for e, p in zip(low.exprs(n.args, params), params, strict=True)
        ]
        if name in ("upcase", "downcase", "capitalize", "swapcase"):
            low.scope.differ(CASES)
        if operation == "str.contains":
            single = char_of(args[0])
            if single is not None:
                return op("str.contains_char", [obj, single], ir.BOOL)
        if (
            name in ("ljust", "rjust")
            and count == 2
            and not (isinstance(args[1], ir.Lit) and len(args[1].value) == 1)
        ):
            raise Unsupported(f"{name} with a padding of several characters", _source(low, n), n.line)
        return op(operation, [obj, *args], result)
    match name, count:
        case ("strip" | "lstrip" | "rstrip", 0):
            low.scope.differ(BLANKS)
            return op(f"str.{name}", [obj], ir.STR)
        case ("chomp", 0):
            return op(
                "str.removesuffix",
                [op("str.removesuffix", [obj, lit("\n", ir.STR)], ir.STR), lit("\r", ir.STR)],
                ir.STR,
            )
        case ("to_s" | "to_str" | "freeze" | "dup" | "scrub", 0):
            return obj
        case ("to_sym" | "intern", 0):
            return op("str.to_symbol", [obj], SYMBOL)
        case ("to_i", 0):
            return low.prelude("leading_integer", [obj], ir.INT)
        case ("to_f", 0):
            return low.prelude("leading_float", [obj], ir.FLOAT)
        case ("empty?", 0):
            return ir.Not(op("nonempty", [obj], ir.BOOL), type=ir.BOOL)
        case ("start_with?" | "end_with?", _) if count:
            word = "startswith" if name == "start_with?" else "endswith"
            if any(isinstance(a, ast.Regex) for a in n.args):
                raise Unsupported(f"{name} with a regular expression", _source(low, n), n.line)
            if count > 1:
                low.require_pure(obj)
            tests: list[ir.Expr] = [
                op(f"str.{word}", [obj, low.coerce(low.value(a), ir.STR)], ir.BOOL) for a in n.args
            ]
            return tests[0] if count == 1 else ir.Bool("or", tests, type=ir.BOOL)
        case ("split", _):
            return _split(low, n, obj)
        case ("lines", _) | ("each_line", 0) if dict(n.named).get("chomp") is not None or count == 0:
            if not n.named:
                return low.prelude("lines_with_feeds", [obj], ir.ListT(ir.STR))
            return low.prelude("lines_of", [obj], ir.ListT(ir.STR))
        case ("chars", 0):
            return op("to_list", [obj], ir.ListT(ir.STR))
        case ("ord", 0):
            single = char_of(obj)
            return (
                op("str.ord", [single], ir.INT) if single is not None else op("str.ord_first", [obj], ir.INT)
            )
        case ("[]" | "slice", _):
            return _string_index(low, n, obj)
        case ("index" | "rindex", 1) if not isinstance(n.args[0], ast.Regex):
            low.require_pure(obj)
            needle = low.coerce(low.value(n.args[0]), ir.STR)
            low.require_pure(needle)
            last = name == "rindex"
            made = op("str.rfind" if last else "str.find", [obj, needle], ir.INT)
            t = ir.OptionalT(ir.INT)
            test = op("str.contains", [obj, needle], ir.BOOL)
            plain = made if last else op("str.find_or_raise", [obj, needle], ir.INT, "ValueError")
            return Maybe(test, ir.Wrap(made, type=t), lit(None, t), plain=plain, type=t)
        case ("gsub" | "sub" | "tr" | "delete" | "count" | "squeeze", _):
            return _substitute(low, n, obj)
        case ("%", 1) if isinstance(obj, ir.Lit):
            args = n.args[0].elems if isinstance(n.args[0], ast.Array) else [n.args[0]]
            if isinstance(n.args[0], ast.Hash):
                named = {k.name: v for k, v in n.args[0].pairs if isinstance(k, ast.Symbol)}
                return formatted(low, str(obj.value), [], named, n)
            return formatted(low, str(obj.value), list(args), {}, n)
        case ("match?" | "=~", 1):
            return _matches(low, n, obj)
        case ("match", 1) if isinstance(n.args[0], ast.Regex):
            return regex.search(low, n.args[0], obj)
        case ("scan", 1):
            return _scan(low, n, obj)
        case ("casecmp?", 1):
            low.scope.differ(CASES)
            other = low.coerce(low.value(n.args[0]), ir.STR)
            return op("eq", [op("str.lower", [obj], ir.STR), op("str.lower", [other], ir.STR)], ir.BOOL)
        case ("center", 1 | 2):
            raise Unsupported("center", _source(low, n), n.line)
        case ("partition", 1) if not isinstance(n.args[0], ast.Regex):
            sep = low.coerce(low.value(n.args[0]), ir.STR)
            return op("str.partition", [obj, sep], ir.TupleT((ir.STR, ir.STR, ir.STR)))
        case ("inspect", 0):
            low.scope.differ("A quoted text in a message has the target's quotes and escapes.")
            return ir.Format([ir.FormatPart(value=obj, spec="quoted")], type=ir.STR)
        case ("unpack" | "bytes" | "encoding" | "succ" | "next" | "hex" | "oct" | "crypt", _):
            raise Unsupported(f"string method {name}", _source(low, n), n.line)
        case ("between?", 2):
            low.require_pure(obj)
            a, b = low.exprs(n.args)
            return ir.Bool("and", [low.compare("ge", obj, a), low.compare("le", obj, b)], type=ir.BOOL)
        case ("<=>", 1):
            right = low.coerce(low.value(n.args[0]), ir.STR)
            low.require_pure(obj)
            low.require_pure(right)
            inner = ir.Cond(op("gt", [obj, right], ir.BOOL), integer(1), integer(0), type=ir.INT)
            return ir.Cond(op("lt", [obj, right], ir.BOOL), integer(-1), inner, type=ir.INT)
        case _:
            raise Unsupported(f"string method {name} with these arguments", _source(low, n), n.line)


def _split(low: Statements, n: ast.Call, obj: ir.Expr) -> ir.Expr:
    strings = ir.ListT(ir.STR)
    if not n.args or (isinstance(n.args[0], ast.Literal) and n.args[0].value == " " and len(n.args) == 1):
        low.scope.differ(BLANKS)
        return op("str.split_ws", [obj], strings)
    first = n.args[0]
    if isinstance(first, ast.Regex):
        plain = re.fullmatch(r"[^\\\[\](){}.*+?^$|]|\\[.|*+?^$()\[\]{}]", first.source)
        if first.flags or not plain:
            return regex.split(low, n, obj, first)
        sep: ir.Expr = lit(first.source[-1], ir.STR)
    else:
        sep = low.coerce(low.value(first), ir.STR)
    if not isinstance(sep, ir.Lit) or not sep.value:
        if isinstance(sep, ir.Lit):
            return op("to_list", [obj], strings)
        raise Unsupported("split by a computed separator", _source(low, n), n.line)
    if len(n.args) == 1:
        return low.prelude("without_empty_end", [op("str.split", [obj, sep], strings)], strings)
    limit = low.expr(n.args[1])
    if not isinstance(limit, ir.Lit) or not isinstance(limit.value, int):
        raise Unsupported("split with a computed limit", _source(low, n), n.line)
    obj = obj if pure(obj) else low.hoist(obj, "text")
    if limit.value > 1:
        made: ir.Expr = op("str.split_n", [obj, sep, integer(limit.value - 1)], strings)
    elif limit.value < 0:
        made = op("str.split", [obj, sep], strings)
    else:
        raise Unsupported("split with this limit", _source(low, n), n.line)
    return ir.Cond(op("nonempty", [obj], ir.BOOL), made, ir.ListLit([], type=strings), type=strings)


def _string_index(low: Statements, n: ast.Call, obj: ir.Expr) -> ir.Expr:
    if n.args and isinstance(n.args[0], ast.Regex) and (len(n.args) == 2 or not _is_beginning(n.args[0])):
        return regex.part(low, n, obj, n.args[0])
    if len(n.args) == 1 and isinstance(n.args[0], ast.Regex):
        obj, end = _beginning(low, n, obj, n.args[0])
        part = op("str.slice", [obj, integer(0), end], ir.STR)
        found = ir.OptionalT(ir.STR)
        there = op("ge", [end, integer(0)], ir.BOOL)
        return Maybe(there, ir.Wrap(part, type=found), lit(None, found), plain=part, type=found)
    obj = obj if pure(obj) else low.hoist(obj, "text")
    t = ir.OptionalT(ir.STR)
    if len(n.args) == 1 and isinstance(n.args[0], ast.Literal | ast.Ident | ast.Call | ast.IVar):
        i = low.value(n.args[0])
        if low.full(i.type) == ir.STR:
            i_text = low.coerce(i, ir.STR)
            low.require_pure(i_text)
            return ir.Cond(
                op("str.contains", [obj, i_text], ir.BOOL), ir.Wrap(i_text, type=t), lit(None, t), type=t
            )
        if low.full(i.type) != ir.INT:
            raise Unsupported("an index that is not an integer", _source(low, n), n.line)
        low.require_pure(i)
        test, at = position(low, i, op("len", [obj], ir.INT))
        made = op("char.to_str", [op("str.index", [obj, at], ir.CHAR, "IndexError")], ir.STR)
        return Maybe(test, ir.Wrap(made, type=t), lit(None, t), plain=made, type=t)
    bounds = _bounds(low, n)
    if bounds is None:
        raise Unsupported("an index of this kind into a string", _source(low, n), n.line)
    low_end, high_end, always = bounds
    made = op("str.slice", [obj, low_end, high_end], ir.STR)
    if always:
        return made
    low.scope.differ(BEYOND)
    return made


def _bounds(low: Statements, n: ast.Call) -> tuple[ir.Expr, ir.Expr, bool] | None:
    """Start and stop of `x[a, n]` and `x[a..b]`, and whether the slice is never nil."""
    none = lit(None, ir.NONE)
    if len(n.args) == 2:
        start, length = (low.coerce(low.required(e), ir.INT) for e in low.exprs(n.args))
        low.require_pure(start)
        if isinstance(start, ir.Lit) and start.value < 0:
            if isinstance(length, ir.Lit) and length.value >= -start.value:
                return op("from_end", [integer(-start.value)], ir.INT), none, False
            raise Unsupported("a slice from the end of this kind", _source(low, n), n.line)
        if low.lower_bound(start) is None:
            raise Unsupported("a slice whose start may be negative", _source(low, n), n.line)
        if low.lower_bound(length) is None:
            raise Unsupported("a slice whose length may be negative", _source(low, n), n.line)
        stop = op("int.add", [start, length], ir.INT)
        if isinstance(start, ir.Lit) and isinstance(length, ir.Lit):
            stop = integer(start.value + length.value)
        elif isinstance(start, ir.Lit) and start.value == 0:
            stop = length
        return start, stop, isinstance(start, ir.Lit) and start.value == 0
    r = n.args[0]
    if not isinstance(r, ast.Range):
        return None
    start = low.coerce(low.value(r.low), ir.INT) if r.low is not None else integer(0)
    always = isinstance(start, ir.Lit) and start.value == 0
    if isinstance(start, ir.Lit) and start.value < 0:
        start = op("from_end", [integer(-start.value)], ir.INT)
    elif low.lower_bound(start) is None:
        raise Unsupported("a slice whose start may be negative", _source(low, n), n.line)
    if r.high is None:
        return start, none, always
    high = low.coerce(low.value(r.high), ir.INT)
    if isinstance(high, ir.Lit) and high.value < 0:
        if high.value == -1 and not r.exclusive:
            return start, none, always
        back = -high.value if r.exclusive else -high.value - 1
        return start, op("from_end", [integer(back)], ir.INT), always
    if low.lower_bound(high) is None:
        if not r.exclusive:
            raise Unsupported("a slice whose end may be negative", _source(low, n), n.line)
        return start, op("bound", [high], ir.INT), always
    return start, high if r.exclusive else low.plus(high, 1), always


def position(low: Statements, i: ir.Expr, length: ir.Expr) -> tuple[ir.Expr, ir.Expr]:
    """Whether an index is inside, and the index with its sign made explicit."""
    if isinstance(i, ir.Lit):
        if i.value < 0:
            back = integer(-i.value)
            test = (
                op("ge", [length, back], ir.BOOL) if i.value < -1 else op("gt", [length, integer(0)], ir.BOOL)
            )
            return test, op("from_end", [back], ir.INT)
        return op("gt", [length, i], ir.BOOL), i
    bound = low.lower_bound(i)
    below = op("lt", [i, length], ir.BOOL)
    if bound is not None and bound >= 0:
        return below, i
    lowest = op("ge", [i, op("int.neg", [length], ir.INT)], ir.BOOL)
    return ir.Bool("and", [lowest, below], type=ir.BOOL), op("wrap", [i], ir.INT)


def _substitute(low: Statements, n: ast.Call, obj: ir.Expr) -> ir.Expr:
    first = n.args[0]
    if n.block is not None and isinstance(first, ast.Regex) and n.name in ("gsub", "sub"):
        return regex.replaced(low, n, obj, first)
    if n.block is not None or n.named:
        raise Unsupported(f"{n.name} with a block", _source(low, n), n.line)
    if n.name in ("gsub", "sub") and len(n.args) == 2:
        if isinstance(first, ast.Regex):
            return (
                _replace_regex(low, n, obj, first)
                or _replace_part(low, n, obj, first)
                or regex.replaced(low, n, obj, first)
            )
        old, new = (low.coerce(low.required(e), ir.STR) for e in low.exprs(n.args))
        if isinstance(new, ir.Lit) and "\\" in str(new.value):
            raise Unsupported("a replacement with a backslash", _source(low, n), n.line)
        if not isinstance(new, ir.Lit):
            low.scope.differ(
                "A backslash in a replacement stands for itself, where Ruby reads it as a reference."
            )
        if isinstance(old, ir.Lit) and not old.value:
            raise Unsupported("a substitution of the empty text", _source(low, n), n.line)
        if n.name == "gsub":
            return op("str.replace", [obj, old, new], ir.STR)
        return op("str.replace_n", [obj, old, new, integer(1)], ir.STR)
    texts = [a.value for a in n.args if isinstance(a, ast.Literal) and isinstance(a.value, str)]
    plain = all(not re.search(r"[-^\\]", t) or len(t) == 1 for t in texts)
    if len(texts) == len(n.args) and plain:
        if n.name == "tr" and len(texts) == 2 and len(texts[0]) == len(texts[1]) == 1:
            return op("str.replace", [obj, lit(texts[0], ir.STR), lit(texts[1], ir.STR)], ir.STR)
        if n.name == "delete" and len(texts) == 1:
            made = obj
            for c in texts[0]:
                made = op("str.replace", [made, lit(c, ir.STR), lit("", ir.STR)], ir.STR)
            return made
        if n.name == "squeeze" and len(texts) == 1 and len(texts[0]) == 1:
            return low.prelude("squeezed", [obj, lit(texts[0], ir.STR)], ir.STR)
        if n.name == "count" and len(texts) == 1 and len(texts[0]) == 1:
            return op("str.count", [obj, lit(texts[0], ir.STR)], ir.INT)
    if n.name in ("delete", "tr", "count") and len(texts) == len(n.args) == (2 if n.name == "tr" else 1):
        members, others = _set_of(texts[0])
        told = [obj, lit(members, ir.STR), lit(others, ir.BOOL)]
        if n.name == "count":
            return low.prelude("count_characters", told, ir.INT)
        if n.name == "delete" or len(texts[1]) <= 1:
            new = "" if n.name == "delete" else texts[1]
            return low.prelude("replace_characters", [*told, lit(new, ir.STR), lit(False, ir.BOOL)], ir.STR)
        into, _ = _set_of(texts[1])
        if not others and not texts[1].startswith("^") and len(set(members)) == len(members):
            # The last character stands for all that are missing.
            into = (into + into[-1] * len(members))[: len(members)]
            return low.prelude("translated", [obj, lit(members, ir.STR), lit(into, ir.STR)], ir.STR)
    raise Unsupported(f"{n.name} with these arguments", _source(low, n), n.line)


def _set_of(text: str) -> tuple[str, bool]:
    """The characters that `a-z` or `^0-9` means to `delete`, `count` and `tr`, and whether all others are meant."""
    others = text.startswith("^") and len(text) > 1
    out = ""
    for m in re.finditer(r"\\(.)|(.)-(.)|(.)", text[others:], re.DOTALL):
        out += "".join(map(chr, range(ord(m[2]), ord(m[3]) + 1))) if m[2] else m[1] or m[4]
    return out, others


# Regular expressions that are about single characters only, which every language says without one.

_CLASS = re.compile(r"\[(\^?)((?:\\.|[^\]\\])+)\]|\\([dws])|([^\\\[\](){}.*+?^$|])")
_SETS = {
    "d": "0123456789",
    "w": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
    "s": " \t\n\v\f\r",
}


def _members(body: str) -> str | None:
    """The characters of the inside of a class, or None for what is not plain."""
    out = ""
    i = 0
    while i < len(body):
        c = body[i]
        if c == "\\":
            following = body[i + 1]
            if following in _SETS:
                out += _SETS[following]
            elif following.isalnum():
                return None
            else:
                out += following
            i += 2
            continue
        if i + 2 < len(body) and body[i + 1] == "-" and body[i + 2] not in "]\\":
            if ord(body[i + 2]) - ord(c) > 128:
                return None
            out += "".join(chr(x) for x in range(ord(c), ord(body[i + 2]) + 1))
            i += 3
            continue
        if c == "[":
            return None
        out += c
        i += 1
    return out


def _char_class(text: str) -> tuple[str, bool] | None:
    """The characters of one class and whether it is the complement, for a text that is one class."""
    m = _CLASS.fullmatch(text)
    if m is None:
        return None
    if m[2] is not None:
        members = _members(m[2])
        return (members, bool(m[1])) if members is not None else None
    if m[3] is not None:
        return _SETS[m[3]], False
    return m[4], False


def _replace_regex(low: Statements, n: ast.Call, obj: ir.Expr, r: ast.Regex) -> ir.Expr | None:
    """`gsub(/[class]+/, text)`: a loop over characters, written once as a function of the port."""
    if r.flags or n.name != "gsub":
        return None
    body, plus = (
        (r.source[:-1], True)
        if r.source.endswith("+") and not r.source.endswith("\\+")
        else (r.source, False)
    )
    found = _char_class(body)
    if found is None:
        return None
    members, negated = found
    new = low.coerce(low.value(n.args[1]), ir.STR)
    if not isinstance(new, ir.Lit) or "\\" in str(new.value):
        return None
    args = [obj, lit(members, ir.STR), lit(negated, ir.BOOL), new, lit(plus, ir.BOOL)]
    return low.prelude("replace_characters", args, ir.STR)


def _replace_part(low: Statements, n: ast.Call, obj: ir.Expr, r: ast.Regex) -> ir.Expr | None:
    """`sub(/\\Aclasses/, text)`, `sub(/#.*/, text)`."""
    new = low.coerce(low.value(n.args[1]), ir.STR)
    if r.flags or n.name != "sub" or not isinstance(new, ir.Lit) or "\\" in str(new.value):
        return None
    rest = re.fullmatch(r"(\\?[^\w\s\\]|[\w\s])\.\*", r.source)
    if rest is not None:
        # A dot is anything but a line feed.
        return low.prelude("replace_rest_of_line", [obj, lit(rest[1][-1], ir.STR), new], ir.STR)
    if not _is_beginning(r):
        return None
    obj, end = _beginning(low, n, obj, r)
    tail = op("str.slice", [obj, end, lit(None, ir.NONE)], ir.STR)
    made = op("str.concat", [new, tail], ir.STR) if new.value else tail
    return ir.Cond(op("lt", [end, integer(0)], ir.BOOL), obj, made, type=ir.STR)


def _is_beginning(r: ast.Regex) -> bool:
    """True for a regular expression of plain classes at the beginning of a text."""
    items = _items(r.source[2:]) if r.source.startswith("\\A") and not r.flags else None
    return items is not None and not any(others for _, others, _, _ in items)


def _beginning(low: Statements, n: ast.Call, obj: ir.Expr, r: ast.Regex) -> tuple[ir.Expr, ir.Expr]:
    """A text under a name, and how long the part is that a regular expression matches at its beginning, or -1."""
    items = _items(r.source[2:])
    if items is None:
        raise Unsupported("a regular expression of this kind", _source(low, n), n.line)
    obj = low.hoist(obj, "text")
    return obj, low.hoist(low.prelude("leading_match", [obj, *_rows(items)], ir.INT), "end")


def _scan(low: Statements, n: ast.Call, obj: ir.Expr) -> ir.Expr:
    """`scan(/class+/)`: the runs of characters of one class."""
    r = n.args[0]
    items = _items(r.source) if isinstance(r, ast.Regex) and not r.flags and n.block is None else None
    if not isinstance(r, ast.Regex) or n.block is not None:
        raise Unsupported("a scan of this kind", _source(low, n), n.line)
    if items is None or len(items) != 1 or items[0][2] < 1:
        return regex.scan(low, obj, r)
    members, others, least, most = items[0]
    args = [obj, lit(members, ir.STR), lit(others, ir.BOOL), integer(least), integer(most)]
    return low.prelude("runs_of", args, ir.ListT(ir.STR))


def _matches(low: Statements, n: ast.Call, obj: ir.Expr) -> ir.Expr:
    """`text.match?(/\\A[class]+\\z/)`."""
    r = n.args[0]
    if not isinstance(r, ast.Regex):
        raise Unsupported("a regular expression of this kind", _source(low, n), n.line)
    if n.name == "=~" and low.last_match_read:
        return regex.kept(low, r, obj)
    if r.flags:
        return regex.test(low, r, obj)
    source = r.source
    m = re.fullmatch(r"\\A(.+?)([+*]|\{\d+(?:,\d*)?\})?\\z", source)
    obj = obj if pure(obj) else low.hoist(obj, "text")
    if m is not None:
        found = _char_class(m[1])
        if found is not None:
            every = low.prelude(
                "all_characters", [obj, lit(found[0], ir.STR), lit(found[1], ir.BOOL)], ir.BOOL
            )
            length = op("len", [obj], ir.INT)
            if m[2] == "*":
                return every
            if m[2] == "+":
                return ir.Bool("and", [op("nonempty", [obj], ir.BOOL), every], type=ir.BOOL)
            numbers = re.fullmatch(r"\{(\d+)(,(\d*))?\}", m[2]) if m[2] else None
            least, most = (int(numbers[1]), numbers[3] if numbers[2] else numbers[1]) if numbers else (1, "1")
            if str(least) == most:
                return ir.Bool("and", [op("eq", [length, integer(least)], ir.BOOL), every], type=ir.BOOL)
            tests: list[ir.Expr] = [op("ge", [length, integer(least)], ir.BOOL)]
            if most:
                tests.append(op("le", [length, integer(int(most))], ir.BOOL))
            return ir.Bool("and", [*tests, every], type=ir.BOOL)
    found = _char_class(source)
    if found is not None:
        none = low.prelude(
            "all_characters", [obj, lit(found[0], ir.STR), lit(not found[1], ir.BOOL)], ir.BOOL
        )
        return ir.Not(none, type=ir.BOOL)
    sequence = _sequence(source)
    if sequence is not None:
        return _match_sequence(low, obj, sequence)
    return regex.test(low, r, obj)


def _sequence(source: str) -> list[tuple[str, bool, int, int]] | None:
    """`\\A` items `\\z` as (characters, complement, least, most); None unless it can be matched greedily."""
    m = re.fullmatch(r"\\A(.+)\\z", source)
    return _items(m[1]) if m is not None else None


def _items(rest: str) -> list[tuple[str, bool, int, int]] | None:
    """Classes of characters with their numbers, one after the other.

    Greedy matching is exact when neighbouring items share no character, or the first count is fixed.
    """
    out: list[tuple[str, bool, int, int]] = []
    item = re.compile(
        r"(\[\^?(?:\\.|[^\]\\])+\]|\\[dws]|\\[^\w\s]|[^\\\[\](){}.*+?^$|])([+*?]|\{\d+(?:,\d*)?\})?"
    )
    while rest:
        found = item.match(rest)
        if found is None:
            return None
        text = found[1]
        one = (text[1], False) if re.fullmatch(r"\\[^\w\s]", text) else _char_class(text)
        if one is None:
            return None
        q = found[2]
        least, most = 1, 1
        if q in ("+", "*", "?"):
            least, most = (1, -1) if q == "+" else (0, -1) if q == "*" else (0, 1)
        elif q:
            numbers = re.fullmatch(r"\{(\d+)(,(\d*))?\}", q)
            assert numbers is not None
            least = int(numbers[1])
            most = (int(numbers[3]) if numbers[3] else -1) if numbers[2] else least
        out.append((one[0], bool(one[1]), least, most))
        rest = rest[found.end() :]
    for i, (members, others, least, most) in enumerate(out):
        if least == most:
            continue
        for following in out[i + 1 :]:
            if others or following[1] or set(members) & set(following[0]):
                return None
            if following[2]:
                break
    return out


def _rows(items: list[tuple[str, bool, int, int]]) -> list[ir.Expr]:
    """The classes, and how often each stands at least and at most, as the prelude takes them."""
    return [
        ir.ListLit([lit(i[0], ir.STR) for i in items], type=ir.ListT(ir.STR)),
        ir.ListLit([integer(i[2]) for i in items], type=ir.ListT(ir.INT)),
        ir.ListLit([integer(i[3]) for i in items], type=ir.ListT(ir.INT)),
    ]


def _match_sequence(low: Statements, obj: ir.Expr, items: list[tuple[str, bool, int, int]]) -> ir.Expr:
    if any(negated for _, negated, _, _ in items):
        raise Unsupported("a regular expression of this kind")
    return low.prelude("matches_classes", [obj, *_rows(items)], ir.BOOL)


# Ranges


def _of_range(low: Statements, n: ast.Call, want: Type | None) -> ir.Expr:
    r = n.recv
    assert isinstance(r, ast.Range)
    if n.name in ("include?", "cover?", "member?", "===") and len(n.args) == 1:
        e = low.value(n.args[0])
        return in_range(low, e if pure(e) else low.hoist(e, "value"), r)
    made = low.range(r)
    match n.name, len(n.args):
        case ("to_a" | "entries", 0):
            return op("to_list", [made], ir.ListT(ir.INT))
        case ("sum", 0):
            return op("sum", [made], ir.INT)
        case ("size" | "count", 0):
            return op("len", [op("to_list", [made], ir.ListT(ir.INT))], ir.INT)
        case ("first" | "begin" | "min", 0):
            return made.args[0] if isinstance(made, ir.Intrinsic) and n.name != "min" else low.as_list(made)
        case _:
            found = iterator(low, n, want)
            if found is not None:
                return found
            raise Unsupported(f"method {n.name} of a range", _source(low, n), n.line)


def in_range(low: Statements, e: ir.Expr, r: ast.Range) -> ir.Expr:
    """Whether a value lies in a range."""
    tests: list[ir.Expr] = []
    if r.low is not None:
        tests.append(low.compare("ge", e, low.value(r.low)))
    if r.high is not None:
        tests.append(low.compare("lt" if r.exclusive else "le", e, low.value(r.high)))
    return tests[0] if len(tests) == 1 else ir.Bool("and", tests, type=ir.BOOL)


# Enumerable


def iterator(low: Statements, n: ast.Call, want: Type | None) -> ir.Expr | None:
    """A method of Enumerable with its block, or on an enumerator."""
    n = json.paired(low, n)
    assert n.recv is not None
    blocked = n.block is not None or n.passed is not None
    if (
        blocked
        and n.name in ("each_with_index", "each")
        and isinstance(n.recv, ast.Call)
        and n.recv.name in ("map", "select")
    ):
        return None
    if (
        n.name in ("with_index", "each_with_index")
        and blocked
        and isinstance(n.recv, ast.Call)
        and n.recv.block is None
    ):
        outer = n.recv.name
        if (
            outer in ("map", "flat_map", "select", "reject", "filter_map", "filter")
            and n.recv.recv is not None
        ):
            inner = ast.Call(
                n.recv.recv, "each_with_index", n.args, [], line=n.line, start=n.recv.start, end=n.recv.end
            )
            made = copy.copy(n)
            made.recv, made.name, made.args = inner, outer, []
            return iterator(low, made, want)
    match n.name:
        case "map" | "collect" | "flat_map" | "filter_map" if blocked:
            return blocks.mapped(low, n, want)
        case "select" | "filter" if blocked:
            return blocks.filtered(low, n, True)
        case "reject" if blocked:
            return blocks.filtered(low, n, False)
        case "any?" | "all?" | "none?":
            return blocks.quantified(low, n)
        case "count" if blocked:
            return blocks.counted(low, n)
        case "sum":
            return blocks.counted(low, n)
        case "find" | "detect" if blocked:
            return blocks.found(low, n)
        case "find_index" | "index" if blocked:
            return blocks.found(low, n)
        case "sort" | "sort_by":
            items, key, reverse, t = blocks.sorted_by(low, n)
            return op("sorted", [items, key, reverse], t)
        case "min" | "max" | "min_by" | "max_by":
            return blocks.extreme(low, n)
        case "group_by" if blocked:
            return blocks.grouped(low, n)
        case "partition" if blocked:
            return blocks.partitioned(low, n)
        case "reduce" | "inject" | "each_with_object":
            return blocks.folded(low, n, want)
        case "to_h":
            return blocks.to_hash(low, n, want)
        case "uniq":
            return blocks.unique(low, n)
        case "take_while" | "drop_while" if blocked:
            return blocks.while_holds(low, n)
        case "tally":
            s = blocks.source(low, n.recv)
            elem = blocks.value_type(low, s)
            if elem not in (ir.INT, ir.STR, SYMBOL, ir.BOOL):
                raise Unsupported(f"tally of {type_text(elem)}", _source(low, n), n.line)
            return op("count_each", [low.as_list(s.iter)], ir.DictT(elem, ir.INT))
        case "to_a" | "entries":
            s = blocks.source(low, n.recv)
            if s.indexed:
                raise Unsupported("pairs of element and position as a list", _source(low, n), n.line)
            return low.as_list(s.iter)
        case "to_set":
            return to_set(low, low.as_list(blocks.source(low, n.recv).iter))
        case "one?" if blocked:
            counting = copy.copy(n)
            counting.name = "count"
            return op("eq", [blocks.counted(low, counting), integer(1)], ir.BOOL)
        case "each_slice" | "each_cons" if not blocked:
            return blocks.source(low, n).iter
        case _:
            return None


def of_list(low: Statements, n: ast.Call, obj: ir.Expr, t: ir.ListT, want: Type | None) -> ir.Expr:
    """A method of an array; those that change it are in `mutation`."""
    name, count = n.name, len(n.args)
    elem = low.full(t.elem)
    found = mutation(low, n, obj)
    if found is not None:
        return found
    match name, count:
        case ("length" | "size" | "count", 0):
            return op("len", [obj], ir.INT)
        case ("empty?", 0):
            return ir.Not(op("nonempty", [obj], ir.BOOL), type=ir.BOOL)
        case ("first" | "last", 0):
            obj = obj if pure(obj) and not isinstance(obj, ir.Comp) else low.hoist(obj, "items")
            at: ir.Expr = integer(0) if name == "first" else op("from_end", [integer(1)], ir.INT)
            return _maybe(
                obj, op("nonempty", [obj], ir.BOOL), op("list.index", [obj, at], elem, "IndexError"), elem
            )
        case ("first" | "take", 1):
            size = low.coerce(low.value(n.args[0]), ir.INT)
            if low.lower_bound(size) is None:
                low.scope.differ("A negative count gives no elements, where Ruby raises ArgumentError.")
                size = op("max", [size, integer(0)], ir.INT)
            return op("list.slice", [obj, integer(0), size], t)
        case ("last", 1):
            size = low.expr(n.args[0])
            if isinstance(size, ir.Lit) and isinstance(size.value, int) and size.value > 0:
                return op("list.slice", [obj, op("from_end", [size], ir.INT), lit(None, ir.NONE)], t)
            obj = obj if pure(obj) else low.hoist(obj, "items")
            start = op(
                "max",
                [op("int.sub", [op("len", [obj], ir.INT), low.coerce(size, ir.INT)], ir.INT), integer(0)],
                ir.INT,
            )
            return op("list.slice", [obj, start, lit(None, ir.NONE)], t)
        case ("drop", 1):
            size = low.coerce(low.value(n.args[0]), ir.INT)
            if low.lower_bound(size) is None:
                size = op("max", [size, integer(0)], ir.INT)
            return op("list.slice", [obj, size, lit(None, ir.NONE)], t)
        case ("[]" | "slice" | "at", _):
            return _list_index(low, n, obj, t)
        case ("fetch", 1 | 2):
            obj = obj if pure(obj) else low.hoist(obj, "items")
            i = low.coerce(low.value(n.args[0]), ir.INT)
            low.require_pure(i)
            test, where = position(low, i, op("len", [obj], ir.INT))
            made = op("list.index", [obj, where], elem, "IndexError")
            if count == 1:
                return made
            default = low.expr(n.args[1], elem)
            joined = low.join(elem, default.type)
            return ir.Cond(test, low.coerce(made, joined), low.coerce(default, joined), type=joined)
        case ("dig", 1):
            return _list_index(low, n, obj, t)
        case ("include?" | "member?", 1):
            e = low.expr(n.args[0], elem)
            return membership(low, e, obj, elem, n)
        case ("index" | "find_index", 1):
            obj = obj if pure(obj) else low.hoist(obj, "items")
            e = low.expr(n.args[0], elem)
            low.require_pure(e)
            test = membership(low, e, obj, elem, n)
            made = op("list.find_or_raise", [obj, low.coerce(e, elem)], ir.INT, "ValueError")
            return _maybe(obj, test, made, ir.INT)
        case ("count", 1):
            return op("list.count", [obj, low.coerce(low.expr(n.args[0], elem), elem)], ir.INT)
        case ("join", 0 | 1):
            return _join(low, n, obj, elem)
        case ("+", 1):
            right = low.as_list(low.value(n.args[0], t))
            joined = low.join(t, right.type)
            return op("list.concat", [low.coerce(obj, joined), low.coerce(right, joined)], joined)
        case ("-" | "difference", 1):
            right = low.coerce(low.as_list(low.value(n.args[0], t)), t)
            right = right if pure(right) and not isinstance(right, ir.Comp) else low.hoist(right, "removed")
            if elem not in (ir.INT, ir.STR, SYMBOL, ir.BOOL):
                raise Unsupported(f"the difference of lists of {type_text(elem)}", _source(low, n), n.line)
            name_ = low.fresh("item")
            low.vars[name_] = elem
            var = ir.Name(name_, type=elem)
            test = ir.Not(op("list.contains", [right, var], ir.BOOL), type=ir.BOOL)
            return ir.Comp("list", var, [ir.Clause(ir.VarTarget(name_, type=elem), obj, [test])], type=t)
        case ("&" | "intersection", 1):
            return _common(low, n, obj, t)
        case ("|" | "union", 1):
            both = ast.Call(n.recv, "+", n.args, [], line=n.line, start=n.start, end=n.end)
            return blocks.unique(low, ast.Call(both, "uniq", [], [], line=n.line, start=n.start, end=n.end))
        case ("intersect?", 1):
            return op("nonempty", [_common(low, n, obj, t)], ir.BOOL)
        case ("*", 1):
            right = low.value(n.args[0])
            if low.full(right.type) == ir.INT:
                return op("list.repeat", [obj, right], t)
            return _join(low, n, obj, elem)
        case ("reverse", 0):
            return op("list.reversed", [obj], t)
        case ("compact", 0):
            if not isinstance(elem, ir.OptionalT):
                return op("list.copy", [obj], t)
            name_ = low.fresh("item")
            low.vars[name_] = elem
            var = ir.Name(name_, type=elem)
            kept = ir.Unwrap(var, type=elem.elem)
            clause = ir.Clause(ir.VarTarget(name_, type=elem), obj, [op("is_some", [var], ir.BOOL)])
            return ir.Comp("list", kept, [clause], type=ir.ListT(elem.elem))
        case ("flatten", 0):
            if not isinstance(elem, ir.ListT) or isinstance(low.full(elem.elem), ir.ListT):
                raise Unsupported(f"flatten of {type_text(t)}", _source(low, n), n.line)
            outer, inner = low.fresh("part"), low.fresh("item")
            low.vars[outer], low.vars[inner] = elem, elem.elem
            clauses = [
                ir.Clause(ir.VarTarget(outer, type=elem), obj, []),
                ir.Clause(ir.VarTarget(inner, type=elem.elem), ir.Name(outer, type=elem), []),
            ]
            return ir.Comp("list", ir.Name(inner, type=elem.elem), clauses, type=ir.ListT(elem.elem))
        case ("to_a" | "to_ary" | "entries", 0):
            return obj
        case ("to_set", 0):
            return to_set(low, obj)
        case ("zip", 1):
            return _zip(low, n, obj, t)
        case ("values_at", _) if count:
            parts: list[ir.Expr] = []
            for a in n.args:
                one = ast.Call(n.recv, "[]", [a], [], line=n.line, start=n.start, end=n.end)
                parts.append(_list_index(low, one, obj, t))
            optional = parts[0].type
            return ir.ListLit(parts, type=ir.ListT(optional))
        case (
            "transpose"
            | "product"
            | "combination"
            | "permutation"
            | "cycle"
            | "sample"
            | "shuffle"
            | "rotate"
            | "bsearch"
            | "pack",
            _,
        ):
            raise Unsupported(f"array method {name}", _source(low, n), n.line)
        case ("lazy" | "each_entry" | "freeze" | "dup", 0):
            return obj
        case _:
            made = iterator(low, n, want)
            if made is not None:
                return made
            raise Unsupported(f"array method {name} with these arguments", _source(low, n), n.line)


def _maybe(obj: ir.Expr, test: ir.Expr, made: ir.Expr, elem: Type) -> ir.Expr:
    del obj
    if isinstance(elem, ir.OptionalT):
        return ir.Cond(test, made, lit(None, elem), type=elem)
    t = ir.OptionalT(elem)
    return Maybe(test, ir.Wrap(made, type=t), lit(None, t), plain=made, type=t)


def membership(low: Statements, e: ir.Expr, obj: ir.Expr, elem: Type, n: ast.Node) -> ir.Expr:
    """Whether a list holds a value."""
    et = low.full(e.type)
    if {et, low.full(elem)} == {ir.STR, SYMBOL}:
        raise Unsupported("a string looked for among symbols, which are never equal", _source(low, n), n.line)
    if isinstance(et, ir.OptionalT) and not isinstance(low.full(elem), ir.OptionalT):
        if not pure(e):
            e = low.hoist(e, "value")
            et = low.full(e.type)
        assert isinstance(et, ir.OptionalT)
        inner = e.plain if isinstance(e, Maybe) else ir.Unwrap(e, type=et.elem)
        test = e.test if isinstance(e, Maybe) else op("is_some", [e], ir.BOOL)
        return ir.Bool("and", [test, membership(low, inner, obj, elem, n)], type=ir.BOOL)
    if {et, low.full(elem)} == {ir.INT, ir.FLOAT}:
        raise Unsupported("an integer looked for among floats", _source(low, n), n.line)
    return op("list.contains", [obj, low.coerce(e, elem)], ir.BOOL)


def _common(low: Statements, n: ast.Call, obj: ir.Expr, t: ir.ListT) -> ir.Expr:
    """`a & b`: what both have, each once, in the order of the first."""
    elem = low.full(t.elem)
    if elem not in (ir.INT, ir.STR, SYMBOL, ir.BOOL):
        raise Unsupported(f"the intersection of lists of {type_text(elem)}", _source(low, n), n.line)
    right = low.coerce(low.as_list(low.value(n.args[0], t)), t)
    right = right if pure(right) and not isinstance(right, ir.Comp) else low.hoist(right, "others")
    name = low.fresh("item")
    low.vars[name] = elem
    var = ir.Name(name, type=elem)
    test = op("list.contains", [right, var], ir.BOOL)
    both: ir.Expr = ir.Comp("list", var, [ir.Clause(ir.VarTarget(name, type=elem), obj, [test])], type=t)
    if isinstance(obj, ir.Intrinsic) and obj.op == "to_list" and _keys(obj.args[0]):
        return both
    held = low.hoist(both, "shared")
    assert isinstance(held, ir.Name)
    low.names[held.id] = held.id
    at = ast.Ident(held.id, line=n.line, start=n.start, end=n.end)
    return blocks.unique(low, ast.Call(at, "uniq", [], [], line=n.line, start=n.start, end=n.end))


def _keys(e: ir.Expr) -> bool:
    return isinstance(e, ir.Intrinsic) and e.op == "dict.keys"


def _list_index(low: Statements, n: ast.Call, obj: ir.Expr, t: ir.ListT) -> ir.Expr:
    elem = low.full(t.elem)
    obj = obj if pure(obj) and not isinstance(obj, ir.Comp) else low.hoist(obj, "items")
    bounds = _bounds(low, n) if len(n.args) == 2 or isinstance(n.args[0], ast.Range) else None
    if bounds is not None:
        low_end, high_end, always = bounds
        if not always:
            low.scope.differ(BEYOND)
        return op("list.slice", [obj, low_end, high_end], t)
    i = low.value(n.args[0])
    if low.full(i.type) != ir.INT:
        raise Unsupported("an index that is not an integer", _source(low, n), n.line)
    i = i if pure(i) else low.hoist(i, "index")
    test, at = position(low, i, op("len", [obj], ir.INT))
    return _maybe(obj, test, op("list.index", [obj, at], elem, "IndexError"), elem)


def _join(low: Statements, n: ast.Call, obj: ir.Expr, elem: Type) -> ir.Expr:
    sep = low.coerce(low.value(n.args[0]), ir.STR) if n.args else lit("", ir.STR)
    elem = low.full(elem)
    if elem == ir.STR:
        return op("str.join", [sep, obj], ir.STR)
    if isinstance(elem, VarT):
        elem = low.join(elem, ir.STR)
        return op("str.join", [sep, obj], ir.STR)
    if isinstance(obj, ir.Comp) and obj.kind == "list":
        made = ir.Comp("list", low.text(obj.elem), obj.clauses, type=ir.ListT(ir.STR), line=obj.line)
        return op("str.join", [sep, made], ir.STR)
    if isinstance(elem, ir.ListT | ir.DictT | ir.TupleT):
        raise Unsupported(f"join of {type_text(elem)}", _source(low, n), n.line)
    name = low.fresh("item")
    low.vars[name] = elem
    text = low.text(ir.Name(name, type=elem))
    made = ir.Comp("list", text, [ir.Clause(ir.VarTarget(name, type=elem), obj, [])], type=ir.ListT(ir.STR))
    return op("str.join", [sep, made], ir.STR)


def _zip(low: Statements, n: ast.Call, obj: ir.Expr, t: ir.ListT) -> ir.Expr:
    other = low.as_list(low.value(n.args[0]))
    assert isinstance(other.type, ir.ListT)
    other = other if pure(other) and not isinstance(other, ir.Comp) else low.hoist(other, "others")
    assert isinstance(other.type, ir.ListT)
    at, item = low.fresh("position"), low.fresh("item")
    low.vars[at], low.vars[item] = ir.INT, t.elem
    low.scope.differ("zip with a shorter list stops the port, where Ruby fills up with nil.")
    second = op("list.index", [other, ir.Name(at, type=ir.INT)], other.type.elem, "IndexError")
    low.lower[at] = 0
    pair_type = ir.TupleT((t.elem, other.type.elem))
    pair = ir.TupleLit([ir.Name(item, type=t.elem), second], type=pair_type)
    target = ir.TupleTarget(
        [ir.VarTarget(at, type=ir.INT), ir.VarTarget(item, type=t.elem)], type=ir.TupleT((ir.INT, t.elem))
    )
    over = op("enumerate", [obj, integer(0)], ir.IterT(ir.TupleT((ir.INT, t.elem))))
    return ir.Comp("list", pair, [ir.Clause(target, over, [])], type=ir.ListT(pair_type))


def mutation(low: Statements, n: ast.Call, obj: ir.Expr) -> ir.Expr | None:
    """A method that changes an array in place, or None for another method."""
    name, count = n.name, len(n.args)
    assert n.recv is not None

    def element_of(a: ast.Node) -> ir.Expr:
        t = low.full(obj.type)
        assert isinstance(t, ir.ListT)
        e = low.expr(a, t.elem)
        if low.types.open(t.elem) or (
            isinstance(e.type, ir.OptionalT) and not isinstance(low.full(t.elem), ir.OptionalT)
        ):
            low.learn(
                cast("ast.Node", n.recv),
                ir.ListT(e.type if e.type != ir.NONE else ir.OptionalT(low.types.var(("none", a.start), ""))),
            )
            obj.type = low.full(low.expr(cast("ast.Node", n.recv)).type)
            t = obj.type
            assert isinstance(t, ir.ListT)
        elif low.full(e.type) != low.full(t.elem):
            low.learn(cast("ast.Node", n.recv), ir.ListT(e.type))
            obj.type = low.full(low.expr(cast("ast.Node", n.recv)).type)
            t = obj.type
            assert isinstance(t, ir.ListT)
        return low.coerce(e, t.elem)

    t = low.full(obj.type)
    assert isinstance(t, ir.ListT)
    match name, count:
        case ("<<" | "push" | "append", 1):
            if isinstance(n.args[0], ast.Splat):
                return None
            return op("list.append", [obj, element_of(n.args[0])], ir.NONE)
        case ("unshift" | "prepend", 1):
            return op("list.insert", [obj, integer(0), element_of(n.args[0])], ir.NONE)
        case ("concat", 1):
            part = low.as_list(low.value(n.args[0], t))
            low.learn(n.recv, part.type)
            obj.type = low.full(low.join(t, part.type))
            return op("list.extend", [obj, low.coerce(part, obj.type)], ir.NONE)
        case ("pop" | "shift", 0):
            made = (
                op("list.pop", [obj], t.elem, "IndexError")
                if name == "pop"
                else op("list.pop_at", [obj, integer(0)], t.elem, "IndexError")
            )
            return _maybe(obj, op("nonempty", [obj], ir.BOOL), made, low.full(t.elem))
        case ("clear", 0):
            return op("list.clear", [obj], ir.NONE)
        case ("reverse!", 0):
            return op("list.reverse", [obj], ir.NONE)
        case ("sort!" | "sort_by!", 0):
            plain = copy.copy(n)
            plain.name = name[:-1]
            _, key, reverse, _ = blocks.sorted_by(low, plain)
            return op("list.sort", [obj, key, reverse], ir.NONE)
        case (
            "select!"
            | "keep_if"
            | "filter!"
            | "reject!"
            | "delete_if"
            | "map!"
            | "collect!"
            | "compact!"
            | "uniq!"
            | "flatten!",
            0,
        ):
            plain = copy.copy(n)
            plain.name = {"keep_if": "select", "delete_if": "reject"}.get(name, name.rstrip("!"))
            made = low.hoist(low.call(plain, None), "kept") if low.pre is not None else None
            if made is None or low.pre is None:
                raise Unsupported(f"{name} in this place", _source(low, n), n.line)
            low.pre.append(ir.ExprStmt(op("list.clear", [obj], ir.NONE)))
            return op("list.extend", [obj, low.coerce(made, t)], ir.NONE)
        case ("delete", 1):
            if low.pre is None:
                raise Unsupported("delete in this place", _source(low, n), n.line)
            e = low.hoist(low.coerce(low.expr(n.args[0], t.elem), t.elem), "removed")
            item = low.fresh("item")
            low.vars[item] = t.elem
            var = ir.Name(item, type=t.elem)
            comp = ir.Comp(
                "list",
                var,
                [ir.Clause(ir.VarTarget(item, type=t.elem), obj, [op("ne", [var, e], ir.BOOL)])],
                type=t,
            )
            kept = low.fresh("kept")
            low.vars[kept] = t
            low.pre.append(ir.Assign(ir.VarTarget(kept, type=t), comp, line=n.line))
            low.pre.append(ir.ExprStmt(op("list.clear", [obj], ir.NONE)))
            return op("list.extend", [obj, ir.Name(kept, type=t)], ir.NONE)
        case ("delete_at", 1):
            i = low.coerce(low.value(n.args[0]), ir.INT)
            low.require_pure(i)
            test, at = position(low, i, op("len", [obj], ir.INT))
            return _maybe(obj, test, op("list.pop_at", [obj, at], t.elem, "IndexError"), low.full(t.elem))
        case ("insert", 2):
            at = low.coerce(low.value(n.args[0]), ir.INT)
            if low.lower_bound(at) is None:
                raise Unsupported("insert at a position that may be negative", _source(low, n), n.line)
            return op("list.insert", [obj, at, element_of(n.args[1])], ir.NONE)
        case _:
            return None


# Hashes


def of_hash(low: Statements, n: ast.Call, obj: ir.Expr, t: ir.DictT, want: Type | None) -> ir.Expr:
    """A method of a hash."""
    name, count = n.name, len(n.args)
    assert n.recv is not None

    def key_of(i: int = 0) -> ir.Expr:
        nonlocal t
        k = low.required(low.expr(n.args[i], t.key))
        if low.types.open(t.key):
            low.learn(cast("ast.Node", n.recv), ir.DictT(k.type, t.value, t.zero))
            t = ir.DictT(low.join(t.key, k.type), t.value, t.zero)
            obj.type = low.full(t)
        if {low.full(k.type), low.full(t.key)} == {ir.STR, SYMBOL}:
            raise Unsupported(
                "a string used as a key where the hash has symbols, or the other way round",
                _source(low, n),
                n.line,
            )
        return low.coerce(k, low.full(t.key))

    value = low.full(t.value)
    match name, count:
        case ("[]", 1):
            k = key_of()
            v = low.full(t.value)
            if t.zero and isinstance(v, ir.DictT):
                # A hash that stands in for a missing one stays there.
                return op("dict.setdefault", [obj, k, ir.DictLit([], type=v)], v)
            if t.zero:
                return op("dict.index", [obj, k], v)
            return op("dict.get", [obj, k], v if isinstance(v, ir.OptionalT) else ir.OptionalT(v))
        case ("dig", _) if count:
            first = ast.Call(n.recv, "[]", [n.args[0]], [], line=n.line, start=n.start, end=n.end)
            if count == 1:
                return of_hash(low, first, obj, t, want)
            rest = ast.Call(first, "dig", n.args[1:], [], safe=True, line=n.line, start=n.start, end=n.end)
            return low.call(rest, want)
        case ("fetch", 1) if n.block is None:
            return op("dict.index", [obj, key_of()], low.full(t.value), "KeyError")
        case ("fetch", 1 | 2):
            k = key_of()
            if n.block is not None and len(n.block.body) == 1:
                only = n.block.body[0]
                if isinstance(only, ast.Call) and only.recv is None and only.name == "raise":
                    return _fetch_or_raise(low, n, obj, k, t, only)
                with low.without_statements():
                    default = low.expr(only, value)
            elif count == 2:
                default = low.expr(n.args[1], value)
            else:
                raise Unsupported("fetch with a block of several statements", _source(low, n), n.line)
            if default.type == ir.NONE:
                return op(
                    "dict.get", [obj, k], value if isinstance(value, ir.OptionalT) else ir.OptionalT(value)
                )
            if isinstance(default.type, ir.OptionalT):
                raise Unsupported("fetch with a default that may be nil", _source(low, n), n.line)
            v = low.full(t.value)
            if {v, low.full(default.type)} == {ir.INT, ir.FLOAT}:
                raise Unsupported("fetch with a default of another type", _source(low, n), n.line)
            if pure(default):
                return op("dict.get_or", [obj, k, low.coerce(default, v)], low.full(v))
            low.require_pure(k)
            test = op("dict.contains", [obj, k], ir.BOOL)
            return ir.Cond(test, op("dict.index", [obj, k], v), low.coerce(default, v), type=v)
        case ("key?" | "has_key?" | "include?" | "member?", 1):
            return op("dict.contains", [obj, key_of()], ir.BOOL)
        case ("value?" | "has_value?", 1):
            values = op("to_list", [op("dict.values", [obj], ir.IterT(value))], ir.ListT(value))
            return op("list.contains", [values, low.coerce(low.expr(n.args[0]), value)], ir.BOOL)
        case ("length" | "size" | "count", 0):
            return op("len", [obj], ir.INT)
        case ("empty?", 0):
            return ir.Not(op("nonempty", [obj], ir.BOOL), type=ir.BOOL)
        case ("keys", 0):
            return op("to_list", [op("dict.keys", [obj], ir.IterT(t.key))], ir.ListT(t.key))
        case ("values", 0):
            return op("to_list", [op("dict.values", [obj], ir.IterT(value))], ir.ListT(value))
        case ("to_a", 0):
            return low.as_list(obj)
        case ("to_h", 0) if n.block is None:
            return op("dict.copy", [obj], t)
        case ("store", 2):
            raise Unsupported("store; use []=", _source(low, n), n.line)
        case ("delete", 1) if n.block is None:
            k = key_of()
            v = low.full(t.value)
            low.forget_entries(low.key_of(n.recv))
            return op("dict.pop_optional", [obj, k], v if isinstance(v, ir.OptionalT) else ir.OptionalT(v))
        case ("clear", 0):
            low.forget_entries(low.key_of(n.recv))
            return op("dict.clear", [obj], ir.NONE)
        case ("merge", 1) if n.block is None:
            if low.pre is None:
                raise Unsupported("merge in this place", _source(low, n), n.line)
            other = low.value(n.args[0], t)
            joined = low.join(t, other.type)
            name_ = low.result_name("merged")
            low.vars[name_] = joined
            made = ir.Name(name_, type=joined)
            low.pre.append(
                ir.Assign(
                    ir.VarTarget(name_, type=joined),
                    op("dict.copy", [low.coerce(obj, joined)], joined),
                    line=n.line,
                )
            )
            low.pre.append(ir.ExprStmt(op("dict.update", [made, low.coerce(other, joined)], ir.NONE)))
            return made
        case ("merge", 0) if n.named:
            pairs: list[tuple[ast.Node | None, ast.Node]] = [
                (ast.Symbol(k, line=v.line, start=v.start), v) for k, v in n.named
            ]
            again = copy.copy(n)
            again.named, again.args = [], [ast.Hash(pairs, line=n.line, start=n.start + 1)]
            return of_hash(low, again, obj, t, want)
        case ("merge!" | "update", 1) if n.block is None:
            other = low.value(n.args[0], t)
            low.learn(n.recv, other.type)
            return op("dict.update", [obj, low.coerce(other, low.full(low.join(t, other.type)))], ir.NONE)
        case ("transform_values", 0):
            return _transform(low, n, obj, t, True)
        case ("transform_keys", 0):
            return _transform(low, n, obj, t, False)
        case (
            "select!"
            | "reject!"
            | "keep_if"
            | "delete_if"
            | "transform_values!"
            | "compact!"
            | "shift"
            | "default"
            | "compare_by_identity",
            _,
        ):
            raise Unsupported(f"hash method {name}", _source(low, n), n.line)
        case ("slice" | "except", _) if count:
            keys = ir.ListLit(
                [low.coerce(e, t.key) for e in low.exprs(n.args, [t.key] * count)], type=ir.ListT(t.key)
            )
            k_name, v_name = low.fresh("key"), low.fresh("value")
            low.vars[k_name], low.vars[v_name] = t.key, value
            target = ir.TupleTarget(
                [ir.VarTarget(k_name, type=t.key), ir.VarTarget(v_name, type=value)],
                type=ir.TupleT((t.key, value)),
            )
            test: ir.Expr = op("list.contains", [keys, ir.Name(k_name, type=t.key)], ir.BOOL)
            if name == "slice":
                low.scope.differ(
                    "Hash#slice keeps the hash's order of keys in the port, the arguments' order in Ruby."
                )
            test = test if name == "slice" else ir.Not(test, type=ir.BOOL)
            pair = ir.TupleLit(
                [ir.Name(k_name, type=t.key), ir.Name(v_name, type=value)], type=ir.TupleT((t.key, value))
            )
            over = op("dict.items", [obj], ir.IterT(ir.TupleT((t.key, value))))
            return ir.Comp("dict", pair, [ir.Clause(target, over, [test])], type=ir.DictT(t.key, value))
        case ("values_at", _) if count:
            parts: list[ir.Expr] = [
                op("dict.get", [obj, key_of(i)], ir.OptionalT(value)) for i in range(count)
            ]
            return ir.ListLit(parts, type=ir.ListT(ir.OptionalT(value)))
        case ("compact", 0) if isinstance(value, ir.OptionalT):
            raise Unsupported("compact of a hash", _source(low, n), n.line)
        case ("invert", 0):
            raise Unsupported("invert", _source(low, n), n.line)
        case ("freeze" | "dup", 0):
            return obj
        case ("first" | "last" | "take" | "join" | "reverse", _):
            return of_list(low, n, low.as_list(obj), ir.ListT(ir.TupleT((t.key, value))), want)
        case _:
            made = iterator(low, n, want)
            if made is not None:
                return made
            raise Unsupported(f"hash method {name} with these arguments", _source(low, n), n.line)


def _fetch_or_raise(
    low: Statements, n: ast.Call, obj: ir.Expr, k: ir.Expr, t: ir.DictT, failing: ast.Call
) -> ir.Expr:
    if low.pre is None:
        raise Unsupported("fetch that raises in a place where no statement fits", _source(low, n), n.line)
    k = k if pure(k) else low.hoist(k, "key")
    assert n.block is not None
    with blocks.inside(low, n.block):
        if n.block.params:
            low.substitute(n.block.params[0].name, k)
        outer, low.pre = low.pre, []
        stmts = low.statement(failing)
        stmts = [*low.pre, *stmts]
        low.pre = outer
    test = ir.Not(op("dict.contains", [obj, k], ir.BOOL), type=ir.BOOL)
    low.pre.append(ir.If(test, stmts, [], line=n.line))
    return op("dict.index", [obj, k], low.full(t.value))


def _transform(low: Statements, n: ast.Call, obj: ir.Expr, t: ir.DictT, values: bool) -> ir.Expr:
    block = blocks.block_of(low, n)
    only = blocks.simple(block)
    if only is None:
        raise Unsupported(f"{n.name} with a block of several statements", _source(low, n), n.line)
    with blocks.inside(low, block), low.without_statements():
        other = low.fresh("key" if values else "value")
        low.vars[other] = t.key if values else t.value
        target = blocks.targets(
            low, block.params or [ast.BlockParam("it")], t.value if values else t.key, block.start
        )
        made = low.expr(only)
    if made.type == ir.NONE:
        raise Unsupported(f"{n.name} with a block that gives nothing", _source(low, n), n.line)
    kept = ir.Name(other, type=low.vars[other])
    own = ir.VarTarget(other, type=kept.type)
    pair = [kept, made] if values else [made, kept]
    order: list[ir.Target] = [own, target] if values else [target, own]
    elem = ir.TupleLit(pair, type=ir.TupleT((pair[0].type, pair[1].type)))
    whole = ir.TupleT((t.key, t.value))
    clause = ir.Clause(ir.TupleTarget(order, type=whole), op("dict.items", [obj], ir.IterT(whole)), [])
    return ir.Comp("dict", elem, [clause], type=ir.DictT(pair[0].type, pair[1].type))


# Sets


def _of_set(low: Statements, n: ast.Call, obj: ir.Expr, t: ir.SetT) -> ir.Expr:
    name, count = n.name, len(n.args)
    assert n.recv is not None

    def value_of() -> ir.Expr:
        nonlocal t
        e = low.value(n.args[0], t.elem)
        if low.types.open(t.elem):
            low.learn(cast("ast.Node", n.recv), ir.SetT(e.type))
            t = ir.SetT(low.join(t.elem, e.type))
            obj.type = t
        return low.coerce(e, t.elem)

    match name, count:
        case ("<<" | "add", 1):
            return op("set.add", [obj, value_of()], ir.NONE)
        case ("add?", 1):
            raise Unsupported("add?; use include? and add", _source(low, n), n.line)
        case ("delete", 1):
            return op("set.discard", [obj, value_of()], ir.NONE)
        case ("include?" | "member?" | "===" | "contain?", 1):
            return op("set.contains", [obj, value_of()], ir.BOOL)
        case ("length" | "size" | "count", 0):
            return op("len", [obj], ir.INT)
        case ("empty?", 0):
            return ir.Not(op("nonempty", [obj], ir.BOOL), type=ir.BOOL)
        case ("|" | "union" | "+" | "&" | "intersection" | "-" | "difference", 1):
            other = low.value(n.args[0], t)
            other = other if isinstance(other.type, ir.SetT) else to_set(low, other)
            word = {"|": "union", "+": "union", "&": "intersection", "-": "difference"}.get(name, name)
            return op(f"set.{word}", [obj, low.coerce(other, t)], t)
        case ("subset?" | "<=", 1):
            return op("set.issubset", [obj, low.coerce(low.value(n.args[0]), t)], ir.BOOL)
        case ("to_set" | "dup", 0):
            return op("set.copy", [obj], t)
        case ("clear", 0):
            return op("set.clear", [obj], ir.NONE)
        case ("sort", 0) if n.block is None and ordered(low.full(t.elem)):
            return op("sorted", [low.as_list(obj), lit(None, ir.NONE), lit(False, ir.BOOL)], ir.ListT(t.elem))
        case ("any?" | "all?" | "none?", 0) if n.block is not None or n.passed is not None:
            return blocks.quantified(low, n)
        case _:
            # Ruby's sets keep the order of insertion; the representation's sets have none.
            raise Unsupported(
                f"set method {name}, which may show the order of a set", _source(low, n), n.line
            )
