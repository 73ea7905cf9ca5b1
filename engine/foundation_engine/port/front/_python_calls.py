"""Python's builtins, methods and common standard library as operations of the catalogue."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.front import _python_any as mixed
from foundation_engine.port.front import _python_library as library
from foundation_engine.port.front import _python_operators as operators
from foundation_engine.port.front import _python_prelude as prelude
from foundation_engine.port.front import _python_regex as regex
from foundation_engine.port.front import _python_times as times
from foundation_engine.port.front._python_names import PATH, dotted
from foundation_engine.port.ir import Type, Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.front._python_expr import ExpressionLowerer

STRING_CONSTANTS: Mapping[str, str] = {
    "string.ascii_lowercase": "abcdefghijklmnopqrstuvwxyz",
    "string.ascii_uppercase": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "string.ascii_letters": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "string.digits": "0123456789",
    "string.hexdigits": "0123456789abcdefABCDEF",
    "string.punctuation": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
}
MATH_CONSTANTS: Mapping[str, str] = {"math.pi": "math.pi", "math.e": "math.e", "math.inf": "math.inf"}
# Functions of floats that give a float, exact or correctly rounded enough to compare with a tolerance.
MATH_FUNCTIONS = frozenset(
    {"sqrt", "sin", "cos", "tan", "exp", "log2", "log10", "fabs", "atan", "hypot", "atan2"}
)

# name -> (operation, types of the arguments, result); "" stands for the receiver's own type.
_S, _I, _B = ir.STR, ir.INT, ir.BOOL
STRING_METHODS: Mapping[str, list[tuple[str, tuple[Type, ...], Type]]] = {
    "upper": [("str.upper", (), _S)],
    "lower": [("str.lower", (), _S)],
    "casefold": [("str.lower", (), _S)],
    "strip": [("str.strip", (), _S), ("str.strip_chars", (_S,), _S)],
    "lstrip": [("str.lstrip", (), _S), ("str.lstrip_chars", (_S,), _S)],
    "rstrip": [("str.rstrip", (), _S), ("str.rstrip_chars", (_S,), _S)],
    "startswith": [("str.startswith", (_S,), _B)],
    "endswith": [("str.endswith", (_S,), _B)],
    "removeprefix": [("str.removeprefix", (_S,), _S)],
    "removesuffix": [("str.removesuffix", (_S,), _S)],
    "split": [
        ("str.split_ws", (), ir.ListT(_S)),
        ("str.split", (_S,), ir.ListT(_S)),
        ("str.split_n", (_S, _I), ir.ListT(_S)),
    ],
    "rsplit": [
        ("str.split_ws", (), ir.ListT(_S)),
        ("str.split", (_S,), ir.ListT(_S)),
        ("str.rsplit_n", (_S, _I), ir.ListT(_S)),
    ],
    "splitlines": [("str.splitlines", (), ir.ListT(_S))],
    "replace": [("str.replace", (_S, _S), _S), ("str.replace_n", (_S, _S, _I), _S)],
    "find": [("str.find", (_S,), _I)],
    "rfind": [("str.rfind", (_S,), _I)],
    "count": [("str.count", (_S,), _I)],
    "isdigit": [("str.isdigit", (), _B)],
    "isdecimal": [("str.isdigit", (), _B)],
    "isnumeric": [("str.isdigit", (), _B)],
    "isalpha": [("str.isalpha", (), _B)],
    "isalnum": [("str.isalnum", (), _B)],
    "isspace": [("str.isspace", (), _B)],
    "isupper": [("str.isupper", (), _B)],
    "islower": [("str.islower", (), _B)],
    "title": [("str.title", (), _S)],
    "capitalize": [("str.capitalize", (), _S)],
    "swapcase": [("str.swapcase", (), _S)],
    "zfill": [("str.zfill", (_I,), _S)],
    "ljust": [("str.ljust", (_I,), _S), ("str.ljust_char", (_I, _S), _S)],
    "rjust": [("str.rjust", (_I,), _S), ("str.rjust_char", (_I, _S), _S)],
    "partition": [("str.partition", (_S,), ir.TupleT((_S, _S, _S)))],
    "rpartition": [("str.rpartition", (_S,), ir.TupleT((_S, _S, _S)))],
    "encode": [("str.encode", (), ir.BYTES)],
}
LIST_METHODS = frozenset(
    {
        "append",
        "extend",
        "insert",
        "pop",
        "remove",
        "clear",
        "copy",
        "reverse",
        "sort",
        "index",
        "count",
        "popleft",
        "appendleft",
    }
)
DICT_METHODS = frozenset(
    {"get", "keys", "values", "items", "pop", "setdefault", "update", "copy", "clear", "most_common"}
)
SET_METHODS = frozenset(
    {"add", "discard", "remove", "update", "union", "intersection", "difference", "issubset", "issuperset", "copy",
     "clear",
     "symmetric_difference", "isdisjoint"}
)  # fmt: skip


def _plain(e: ast.Call, most: int, least: int = 0) -> None:
    if e.keywords or not least <= len(e.args) <= most:
        raise Unsupported("a call with these arguments", ast.unparse(e), e.lineno)


def _op(name: str, args: list[ir.Expr], t: Type, raises: str = "") -> ir.Intrinsic:
    return ir.Intrinsic(name, args, raises, type=t)


# Methods


def string_method(
    low: ExpressionLowerer,
    e: ast.Call,
    obj: ir.Expr,
    name: str,
    table: Mapping[str, list[tuple[str, tuple[Type, ...], Type]]],
) -> ir.Expr:
    """A method of a string."""
    if name == "join" and len(e.args) == 1:
        return _join(low, e, obj)
    if name == "format" and isinstance(obj, ir.Lit):
        return ir.Format(_brace_parts(low, e, obj.value), type=ir.STR)
    if name == "index" and len(e.args) == 1:
        needle = low.coerce(low.expr(e.args[0]), ir.STR)
        return _op("str.find_or_raise", [low.coerce(obj, ir.STR), needle], ir.INT, "ValueError")
    if name in ("find", "index") and len(e.args) == 2 and not e.keywords:
        given = [low.coerce(low.expr(a), t) for a, t in zip(e.args, (ir.STR, ir.INT), strict=True)]
        return prelude.call(
            low, {"find": "find_from", "index": "position_from"}[name], low.coerce(obj, ir.STR), *given
        )
    if name in ("startswith", "endswith") and len(e.args) == 1 and isinstance(e.args[0], ast.Tuple):
        low.require_pure(obj)
        tests = [
            _op(f"str.{name}", [low.coerce(obj, ir.STR), low.coerce(low.expr(x), ir.STR)], ir.BOOL)
            for x in e.args[0].elts
        ]
        return ir.Bool("or", list(tests), type=ir.BOOL)
    if name == "encode" and is_utf8(e):
        return _op("str.encode", [low.coerce(obj, ir.STR)], ir.BYTES)
    for op, params, result in table.get(name, []):
        if len(params) == len(e.args) and not e.keywords:
            args = [low.coerce(low.expr(a), p) for a, p in zip(e.args, params, strict=True)]
            if name in (
                "isdigit",
                "isalpha",
                "isalnum",
                "isspace",
                "isupper",
                "islower",
                "upper",
                "lower",
                "isnumeric",
                "isdecimal",
            ):
                if op == "str.isdigit" and name != "isdecimal":
                    low.scope.differ(
                        "Digits are Unicode decimal digits; Python's isdigit also accepts superscripts and the like."
                    )
                if obj.type == ir.CHAR:
                    # Upper and lower case of one code point may be two code points, which only a string can hold.
                    result = ir.CHAR if name in ("upper", "lower") else result
                    return _op(op.replace("str.", "char."), [obj], result)
            if name in ("upper", "lower", "casefold", "title", "capitalize", "swapcase"):
                low.scope.differ(
                    "Changing case maps code points one to one; Python also maps the few that become several (ß to SS)."
                )
            return _op(op, [low.coerce(obj, ir.STR), *args], result)
    if name in ("split", "rsplit") and len(e.keywords) == 1 and e.keywords[0].arg == "sep" and not e.args:
        return _op(
            "str.split",
            [low.coerce(obj, ir.STR), low.coerce(low.expr(e.keywords[0].value), ir.STR)],
            ir.ListT(ir.STR),
        )
    if (
        name in ("split", "rsplit")
        and len(e.keywords) == 1
        and e.keywords[0].arg == "maxsplit"
        and len(e.args) == 1
    ):
        args = [low.coerce(low.expr(e.args[0]), ir.STR), low.expr(e.keywords[0].value)]
        return _op(f"str.{name}_n", [low.coerce(obj, ir.STR), *args], ir.ListT(ir.STR))
    made = library.text_method(low, e, obj, name)
    if made is not None:
        return made
    raise Unsupported(f"string method {name} with these arguments", ast.unparse(e), e.lineno)


def is_utf8(e: ast.Call) -> bool:
    """True for a call of `encode` or `decode` that means UTF-8, and that fails as it does by default."""
    names = [*e.args, *(k.value for k in e.keywords if k.arg == "encoding")]
    return len(names) == len(e.args) + len(e.keywords) <= 1 and all(
        isinstance(n, ast.Constant) and str(n.value).lower() in ("utf-8", "utf8") for n in names
    )


def _join(low: ExpressionLowerer, e: ast.Call, sep: ir.Expr) -> ir.Expr:
    parts = low.expr(e.args[0])
    if parts.type == ir.STR:
        if isinstance(sep, ir.Lit) and sep.value == "":
            return parts
        parts = low.as_list(parts)
    else:
        parts = low.as_list(parts)
    if isinstance(parts.type, ir.ListT) and parts.type.elem == ir.UNKNOWN:
        parts = low.coerce(parts, ir.ListT(ir.STR))
    if parts.type != ir.ListT(ir.STR):
        raise Unsupported("join of something that is not strings", ast.unparse(e), e.lineno)
    return _op("str.join", [low.coerce(sep, ir.STR), parts], ir.STR)


PATH_METHODS = frozenset(
    {
        "read_text",
        "exists",
        "is_file",
        "is_dir",
        "unlink",
        "as_posix",
        "resolve",
        "write_text",
        "mkdir",
        "joinpath",
        "is_absolute",
        "expanduser",
        "with_suffix",
        "iterdir",
        "glob",
        "rglob",
        "relative_to",
        "with_name",
        "rename",
    }
)


def path_method(low: ExpressionLowerer, e: ast.Call, obj: ir.Expr, name: str) -> ir.Expr:
    """A method of a path, which is a text here."""
    made = library.path_method(low, e, obj, name)
    if made is not None:
        return made
    match name:
        case "read_text" if all(k.arg in ("encoding", "errors") for k in e.keywords) and not e.args:
            assert isinstance(e.func, ast.Attribute)
            return low.read_text(e.func.value)
        case "exists" if not e.args and not e.keywords:
            return _op("file.exists", [obj], ir.BOOL)
        case "unlink" if not e.args and not e.keywords:
            return _op("file.remove", [obj], ir.NONE, "OSError")
        case "as_posix" if not e.args:
            return obj
        case _:
            raise Unsupported(f"method {name} of a path with these arguments", ast.unparse(e), e.lineno)


def list_method(
    low: ExpressionLowerer, e: ast.Call, node: ast.expr, obj: ir.Expr, name: str, known: frozenset[str]
) -> ir.Expr:
    """A method of a list (or of a deque, which is one here)."""
    from foundation_engine.port.front._python_expr import unify_element

    if name not in known:
        raise Unsupported(f"list method {name}", ast.unparse(e), e.lineno)
    assert isinstance(obj.type, ir.ListT)
    elem = obj.type.elem

    def value(i: int) -> ir.Expr:
        nonlocal obj, elem
        v = low.expr(e.args[i], elem if elem != ir.UNKNOWN else None)
        low.learn(node, ir.ListT(unify_element(v.type)))
        obj = low.expr(node)
        assert isinstance(obj.type, ir.ListT)
        elem = obj.type.elem
        return low.coerce(v, elem)

    if name == "sort":
        return _op("list.sort", [obj, *_sort_options(low, e, elem)], ir.NONE)
    _plain(e, 2)
    n = len(e.args)
    match name, n:
        case ("append", 1):
            v = value(0)
            return _op("list.append", [obj, v], ir.NONE)
        case ("appendleft", 1):
            v = value(0)
            return _op("list.insert", [obj, ir.Lit(0, type=ir.INT), v], ir.NONE)
        case ("extend", 1):
            return low.extend(node, low.expr(e.args[0], obj.type))
        case ("insert", 2):
            v = value(1)
            at = low.expr(e.args[0])
            bound = low.lower_bound(at)
            if bound is None or bound < 0:
                raise Unsupported("insert at a position that may be negative", ast.unparse(e), e.lineno)
            return _op("list.insert", [obj, at, v], ir.NONE)
        case ("pop", 0):
            return _op("list.pop", [obj], elem, "IndexError")
        case ("popleft", 0):
            return _op("list.pop_at", [obj, ir.Lit(0, type=ir.INT)], elem, "IndexError")
        case ("pop", 1):
            return _op("list.pop_at", [obj, low.index(e.args[0])], elem, "IndexError")
        case ("remove", 1):
            return _op("list.remove", [obj, value(0)], ir.NONE, "ValueError")
        case ("clear", 0):
            return _op("list.clear", [obj], ir.NONE)
        case ("copy", 0):
            return _op("list.copy", [obj], obj.type)
        case ("reverse", 0):
            return _op("list.reverse", [obj], ir.NONE)
        case ("index", 1):
            return _op("list.find_or_raise", [obj, value(0)], ir.INT, "ValueError")
        case ("count", 1):
            return _op("list.count", [obj, value(0)], ir.INT)
        case _:
            raise Unsupported(f"list method {name} with these arguments", ast.unparse(e), e.lineno)


def _ordered() -> set[Type]:
    """The types that have an order in every language."""
    return {ir.INT, ir.FLOAT, ir.STR, ir.CHAR, ir.BOOL, *times.ORDERED}


def _sort_options(low: ExpressionLowerer, e: ast.Call, elem: Type) -> list[ir.Expr]:
    key: ir.Expr = ir.Lit(None, type=ir.NONE)
    reverse: ir.Expr = ir.Lit(False, type=ir.BOOL)
    for k in e.keywords:
        if k.arg == "key":
            key = _key(low, k.value, elem)
        elif k.arg == "reverse":
            reverse = low.cond(k.value)
        elif k.arg == "default":
            continue
        else:
            raise Unsupported(f"argument {k.arg}", ast.unparse(e), e.lineno)
    if isinstance(key, ir.Lit) and isinstance(elem, ir.NamedT) and low.order_fields(elem.name):
        item = ir.Param("item", elem)
        body = low.as_tuple(ir.Name("item", type=elem))
        key = ir.Lambda([item], body, type=ir.FuncT((elem,), body.type, raises=False, context=False))
    t = key.body.type if isinstance(key, ir.Lambda) else elem
    parts = t.elems if isinstance(t, ir.TupleT) else (t,)
    if not all(p in _ordered() or p == ir.UNKNOWN for p in parts):
        raise Unsupported(f"ordering by {ir.type_text(t)}", ast.unparse(e), e.lineno)
    return [key, reverse]


def _key(low: ExpressionLowerer, node: ast.expr, elem: Type) -> ir.Expr:
    if isinstance(node, ast.Constant) and node.value is None:
        return ir.Lit(None, type=ir.NONE)
    if isinstance(node, ast.Lambda):
        return low.expr(node, ir.FuncT((elem,), ir.UNKNOWN, raises=False, context=False))
    name = "item" if low.lookup("item") is None else "element"
    made = ast.Lambda(ast.arguments([], [ast.arg(name)], None, [], [], None, []), _applied(low, node, name))
    ast.copy_location(made, node)
    for sub in ast.walk(made):
        if not hasattr(sub, "lineno") and isinstance(sub, ast.expr | ast.arg):
            ast.copy_location(sub, node)
    return low.expr(made, ir.FuncT((elem,), ir.UNKNOWN, raises=False, context=False))


def _applied(low: ExpressionLowerer, f: ast.expr, name: str) -> ast.expr:
    """What `len`, `str.lower`, `counts.get`, `itemgetter(1)` or a function of the file gives for a variable."""
    var = ast.Name(name, ast.Load())
    getter = low.stdlib_name(f.func) if isinstance(f, ast.Call) else None
    if isinstance(f, ast.Attribute) and isinstance(f.value, ast.Name) and f.value.id == "str":
        return ast.Call(ast.Attribute(var, f.attr, ast.Load()), [], [])
    if isinstance(f, ast.Call) and getter in ("operator.itemgetter", "operator.attrgetter"):
        return _got(f, name, getter)
    return ast.Call(f, [var], [])


def _got(getter: ast.Call, name: str, kind: str) -> ast.expr:
    """What `itemgetter` or `attrgetter` takes out of the variable of that name."""
    parts: list[ast.expr] = []
    for a in getter.args:
        item: ast.expr = ast.Name(name, ast.Load())
        if kind.endswith("itemgetter"):
            item = ast.Subscript(item, a, ast.Load())
        elif isinstance(a, ast.Constant) and isinstance(a.value, str):
            for part in a.value.split("."):
                item = ast.Attribute(item, part, ast.Load())
        else:
            raise Unsupported("attrgetter of a computed name", ast.unparse(getter), getter.lineno)
        parts.append(item)
    return parts[0] if len(parts) == 1 else ast.Tuple(parts, ast.Load())


def dict_method(
    low: ExpressionLowerer, e: ast.Call, node: ast.expr, obj: ir.Expr, name: str, known: frozenset[str]
) -> ir.Expr:
    """A method of a dict."""
    from foundation_engine.port.front._python_expr import join, unify_element

    if name not in known:
        raise Unsupported(f"dict method {name}", ast.unparse(e), e.lineno)
    if name == "most_common":
        return library.most_common(low, e)
    assert isinstance(obj.type, ir.DictT)
    key, value, zero = obj.type.key, obj.type.value, obj.type.zero
    _plain(e, 2)
    if name in ("pop", "clear", "popitem"):
        low.forget_entries()
    n = len(e.args)

    def key_of() -> ir.Expr:
        nonlocal obj
        k = low.expr(e.args[0], key if key != ir.UNKNOWN else None)
        low.learn(node, ir.DictT(unify_element(k.type), ir.UNKNOWN, zero))
        obj = low.expr(node)
        assert isinstance(obj.type, ir.DictT)
        return low.coerce(k, obj.type.key)

    match name, n:
        case ("get", 1):
            k = key_of()
            if value == ir.ANY:
                return _op("dict.get_or", [obj, k, mixed.of(low, ir.Lit(None, type=ir.NONE))], value)
            return _op(
                "dict.get", [obj, k], value if isinstance(value, ir.OptionalT) else ir.OptionalT(value)
            )
        case ("get", 2):
            k = key_of()
            default = low.expr(e.args[1], value if value != ir.UNKNOWN else None)
            if value != ir.ANY and (default.type == ir.NONE or isinstance(default.type, ir.OptionalT)):
                if isinstance(default, ir.Lit):
                    return _op(
                        "dict.get",
                        [obj, k],
                        value if isinstance(value, ir.OptionalT) else ir.OptionalT(value),
                    )
                given = value if isinstance(value, ir.OptionalT) else ir.OptionalT(value)
                if default.type != given:
                    raise Unsupported("dict.get with a default that may be None", ast.unparse(e), e.lineno)
                low.require_pure(k)
                low.require_pure(default)
                there = _op("dict.contains", [obj, k], ir.BOOL)
                return ir.Cond(there, _op("dict.get", [obj, k], given), default, type=given)
            t = join(value, unify_element(default.type))
            if t != value and value != ir.UNKNOWN:
                raise Unsupported("dict.get with a default of another type", ast.unparse(e), e.lineno)
            return _op("dict.get_or", [obj, k, low.coerce(default, t)], t)
        case ("keys", 0):
            return _op("dict.keys", [obj], ir.IterT(key))
        case ("values", 0):
            return _op("dict.values", [obj], ir.IterT(value))
        case ("items", 0):
            return _op("dict.items", [obj], ir.IterT(ir.TupleT((key, value))))
        case ("pop", 1):
            return _op("dict.pop", [obj, key_of()], value, "KeyError")
        case ("pop", 2):
            k = key_of()
            default = low.expr(e.args[1], value)
            if isinstance(default, ir.Lit) and default.value is None and value != ir.ANY:
                return _op("dict.pop_optional", [obj, k], ir.OptionalT(value))
            return _op("dict.pop_or", [obj, k, low.coerce(default, value)], value)
        case ("setdefault", 2):
            k = key_of()
            default = low.expr(e.args[1], value if value != ir.UNKNOWN else None)
            low.learn(node, ir.DictT(ir.UNKNOWN, unify_element(default.type), zero))
            return _op("dict.setdefault", [obj, k, low.coerce(default, value)], value)
        case ("update", 1):
            other = low.expr(e.args[0], obj.type)
            if not isinstance(other.type, ir.DictT):
                raise Unsupported("dict.update from something else than a dict", ast.unparse(e), e.lineno)
            low.learn(node, other.type)
            if value == ir.ANY and other.type.key == key:
                other = mixed.entries(low, other)
            return _op("dict.update", [obj, low.coerce(other, obj.type)], ir.NONE)
        case ("copy", 0):
            return _op("dict.copy", [obj], obj.type)
        case ("clear", 0):
            return _op("dict.clear", [obj], ir.NONE)
        case _:
            raise Unsupported(f"dict method {name} with these arguments", ast.unparse(e), e.lineno)


def set_method(
    low: ExpressionLowerer, e: ast.Call, node: ast.expr, obj: ir.Expr, name: str, known: frozenset[str]
) -> ir.Expr:
    """A method of a set."""
    from foundation_engine.port.front._python_expr import join, unify_element

    if name not in known:
        raise Unsupported(f"set method {name}", ast.unparse(e), e.lineno)
    assert isinstance(obj.type, ir.SetT)
    _plain(e, 1)
    if name in ("copy", "clear"):
        return _op(f"set.{name}", [obj], obj.type if name == "copy" else ir.NONE)
    if not e.args:
        raise Unsupported(f"set method {name} without arguments", ast.unparse(e), e.lineno)
    if name in ("add", "discard", "remove"):
        v = low.expr(e.args[0], obj.type.elem if obj.type.elem != ir.UNKNOWN else None)
        low.learn(node, ir.SetT(unify_element(v.type)))
        obj = low.expr(node)
        assert isinstance(obj.type, ir.SetT)
        return _op(
            f"set.{name}",
            [obj, low.coerce(v, obj.type.elem)],
            ir.NONE,
            "KeyError" if name == "remove" else "",
        )
    other = as_set(low, low.expr(e.args[0]))
    if name == "update":
        low.learn(node, other.type)
        obj = low.expr(node)
        return _op("set.update", [obj, low.coerce(other, obj.type)], ir.NONE)
    t = join(obj.type, other.type)
    args = [low.coerce(obj, t), low.coerce(other, t)]
    if name in ("issubset", "issuperset", "isdisjoint"):
        if name == "issuperset":
            return _op("set.issubset", args[::-1], ir.BOOL)
        return _op(f"set.{name}", args, ir.BOOL)
    return _op(f"set.{name}", args, t)


def as_set(low: ExpressionLowerer, e: ir.Expr) -> ir.Expr:
    """`set(e)`."""
    from foundation_engine.port.front._python_expr import unify_element

    if isinstance(e.type, ir.SetT):
        return e
    if isinstance(e, ir.Comp) and e.kind == "iter":
        elem = low.coerce(e.elem, unify_element(e.elem.type))
        return ir.Comp("set", elem, e.clauses, type=ir.SetT(elem.type), line=e.line)
    if isinstance(e.type, ir.TupleT):
        e = low.as_list(e)
    return _op("to_set", [e], ir.SetT(unify_element(low.element_type(e.type))))


def keys_as_set(low: ExpressionLowerer, e: ir.Expr) -> ir.Expr:
    """The keys of a map as the set that operators take them for; any other value as it is."""
    return as_set(low, e) if isinstance(e, ir.Intrinsic) and e.op == "dict.keys" else e


# Builtins


def builtin(low: ExpressionLowerer, name: str, e: ast.Call, want: Type | None) -> ir.Expr | None:
    """A call of a builtin function, or None when the name is not one."""
    maker = _BUILTINS.get(name)
    return maker(low, e, want) if maker is not None else None


def _len(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 1, 1)
    node = e.args[0]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "set" and node.args:
        return _op("len", [as_set(low, low.expr(node.args[0]))], ir.INT)
    v = low.expr(node)
    if isinstance(v, ir.Lit) and isinstance(v.value, str):
        return ir.Lit(len(v.value), type=ir.INT)
    match v.type:
        case ir.ListT() | ir.DictT() | ir.SetT() | ir.P(ir.Prim.STR) | ir.P(ir.Prim.BYTES):
            return _op("len", [v], ir.INT)
        case ir.TupleT(elems):
            return ir.Lit(len(elems), type=ir.INT)
        case ir.NamedT(name) if name in low.scope.classes and "__len__" in low.scope.classes[name].methods:
            return ir.MethodCall(v, "__len__", [], type=ir.INT)
        case ir.IterT():
            if isinstance(v, ir.Intrinsic) and v.op in ("dict.keys", "dict.values", "dict.items"):
                return _op("len", [v.args[0]], ir.INT)
        case _:
            pass
    raise Unsupported(f"len of {ir.type_text(v.type)}", ast.unparse(e), e.lineno)


def _range(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 3, 1)
    args = [low.coerce(low.expr(a), ir.INT) for a in e.args]
    zero, one = ir.Lit(0, type=ir.INT), ir.Lit(1, type=ir.INT)
    full = [zero, args[0], one] if len(args) == 1 else [*args, one] if len(args) == 2 else args
    if not isinstance(full[2], ir.Lit) or full[2].value == 0:
        return prelude.call(low, "stepped", *full)
    return _op("range", full, ir.IterT(ir.INT))


def _enumerate(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    start: ir.Expr = ir.Lit(0, type=ir.INT)
    if len(e.args) == 2:
        start = low.expr(e.args[1])
    for k in e.keywords:
        if k.arg == "start":
            start = low.expr(k.value)
    inner = low.iterable(e.args[0])
    if isinstance(inner, ir.Intrinsic) and inner.op == "reversed":
        inner = low.as_list(inner)
    return _op("enumerate", [inner, start], ir.IterT(ir.TupleT((ir.INT, low.element_type(inner.type)))))


def _zip(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    if len(e.args) == 1 and isinstance(e.args[0], ast.Starred) and not e.keywords:
        return library.transposed(low, e.args[0].value)
    if any(k.arg != "strict" for k in e.keywords) or len(e.args) < 2:
        raise Unsupported("zip with these arguments", ast.unparse(e), e.lineno)
    if any(not (isinstance(k.value, ast.Constant) and k.value.value is False) for k in e.keywords):
        low.scope.differ(ir.ZIPS_THE_SHORTER)
    parts = library.cycled(low, e.args) or [low.iterable(a) for a in e.args]
    parts = [p if isinstance(p.type, ir.ListT) else low.as_list(p) for p in parts]
    return _op("zip", list(parts), ir.IterT(ir.TupleT(tuple(low.element_type(p.type) for p in parts))))


def _reversed(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 1, 1)
    v = low.iterable(e.args[0])
    if (
        isinstance(v, ir.Intrinsic)
        and v.op == "range"
        and isinstance(v.args[2], ir.Lit)
        and v.args[2].value == 1
    ):
        one = ir.Lit(1, type=ir.INT)
        start = _op("int.sub", [v.args[1], one], ir.INT)
        stop = _op("int.sub", [v.args[0], one], ir.INT)
        if isinstance(v.args[0], ir.Lit):
            stop = ir.Lit(v.args[0].value - 1, type=ir.INT)
        return _op("range", [start, stop, ir.Lit(-1, type=ir.INT)], ir.IterT(ir.INT))
    if v.type == ir.STR:
        return _op("str.reversed", [v], ir.STR)
    v = low.as_list(v)
    return _op("reversed", [v], ir.IterT(low.element_type(v.type)))


def _sorted(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    if len(e.args) != 1:
        raise Unsupported("sorted with these arguments", ast.unparse(e), e.lineno)
    each = low.iterable(e.args[0])
    v = low.as_list(each)
    assert isinstance(v.type, ir.ListT)
    if isinstance(v.type.elem, ir.TupleT) and not any(k.arg == "key" for k in e.keywords):
        # No two entries of a map have one key, so that their values are never compared.
        entries = isinstance(each, ir.Intrinsic) and each.op == "dict.items"
        by_key = entries and not all(t in _ordered() for t in v.type.elem.elems)
        if by_key or not e.keywords:
            key = ast.parse("lambda pair: pair[0]" if by_key else "lambda pair: pair", mode="eval").body
            for sub in ast.walk(key):
                ast.copy_location(sub, e)
            e = ast.copy_location(ast.Call(e.func, e.args, [ast.keyword("key", key), *e.keywords]), e)
    return _op("sorted", [v, *_sort_options(low, e, v.type.elem)], v.type)


def _extreme(name: str) -> Callable[[ExpressionLowerer, ast.Call, Type | None], ir.Expr]:
    def make(low: ExpressionLowerer, e: ast.Call, want: Type | None) -> ir.Expr:
        from foundation_engine.port.front._python_expr import join

        if len(e.args) > 1:
            if e.keywords:
                raise Unsupported(f"{name} of several values with a key", ast.unparse(e), e.lineno)
            values = [low.expr(a, want if want in (ir.FLOAT, ir.INT) else None) for a in e.args]
            t: Type = values[0].type
            for v in values[1:]:
                if {v.type, t} == {ir.INT, ir.FLOAT}:
                    low.scope.differ("A number that may be an integer or a float in Python is a float.")
                t = join(t, v.type)
            if t in times.ORDERED and len(values) == 2:
                for v in values:
                    low.require_pure(v)
                first = _op("ge" if name == "max" else "le", list(values), ir.BOOL)
                return ir.Cond(first, ir.unshared(values[0]), ir.unshared(values[1]), type=t)
            if t not in (ir.INT, ir.FLOAT, ir.STR, ir.CHAR):
                raise Unsupported(f"{name} of {ir.type_text(t)}", ast.unparse(e), e.lineno)
            t = ir.STR if t == ir.CHAR else t
            return _op(name, [low.coerce(v, t) for v in values], t)
        v = low.as_list(low.iterable(e.args[0]))
        assert isinstance(v.type, ir.ListT)
        key, _ = _sort_options(low, e, v.type.elem)
        default: ir.Expr = ir.Lit(None, type=ir.NONE)
        for k in e.keywords:
            if k.arg == "default":
                default = low.coerce(low.expr(k.value, v.type.elem), v.type.elem)
        return _op(f"{name}_of", [v, key, default], v.type.elem)

    return make


def _sum(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 2, 1)
    v = low.iterable(e.args[0])
    elem = low.element_type(v.type)
    start: ir.Expr | None = low.expr(e.args[1]) if len(e.args) == 2 else None
    if elem == ir.BOOL:
        if isinstance(v, ir.Comp):
            # Counting truths: a test moved into the filter reads as a count.
            v = ir.Comp(
                v.kind,
                ir.Lit(1, type=ir.INT),
                _filtered(v.clauses, v.elem),
                type=ir.IterT(ir.INT),
                line=v.line,
            )
            elem = ir.INT
        else:
            raise Unsupported("sum of booleans", ast.unparse(e), e.lineno)
    if elem == ir.UNKNOWN:
        elem = ir.INT
    if elem not in (ir.INT, ir.FLOAT):
        raise Unsupported(f"sum of {ir.type_text(elem)}", ast.unparse(e), e.lineno)
    if start is not None and start.type != elem:
        start = low.coerce(start, elem)
    return _op("sum", [v] if start is None else [v, start], elem)


def _filtered(clauses: list[ir.Clause], test: ir.Expr) -> list[ir.Clause]:
    last = clauses[-1]
    return [*clauses[:-1], ir.Clause(last.target, last.iter, [*last.conds, test], line=last.line)]


def _quantifier(name: str) -> Callable[[ExpressionLowerer, ast.Call, Type | None], ir.Expr]:
    def make(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
        _plain(e, 1, 1)
        v = low.iterable(e.args[0])
        if isinstance(v, ir.Comp):
            v = ir.Comp(v.kind, low.truth(v.elem), v.clauses, type=ir.IterT(ir.BOOL), line=v.line)
        elif low.element_type(v.type) != ir.BOOL:
            return library.code(low, e, f"{name}(bool(item) for item in given)", given=e.args[0])
        return _op(name, [v], ir.BOOL)

    return make


def _int(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 2)
    if not e.args:
        return ir.Lit(0, type=ir.INT)
    v = operators.value_of(low, low.expr(e.args[0]))
    if len(e.args) == 2:
        base = low.expr(e.args[1])
        if v.type not in (ir.STR, ir.CHAR) or not isinstance(base, ir.Lit):
            raise Unsupported("int with a computed base", ast.unparse(e), e.lineno)
        low.scope.differ("A number in a text may not contain underscores, which Python's int() accepts.")
        return _op("str.to_int_base", [low.coerce(v, ir.STR), base], ir.INT, "ValueError")
    match v.type:
        case ir.P(ir.Prim.INT):
            return v
        case ir.P(ir.Prim.FLOAT):
            return _op("float.to_int", [v], ir.INT)
        case ir.P(ir.Prim.BOOL):
            return low.coerce(v, ir.INT)
        case ir.P(ir.Prim.STR) | ir.P(ir.Prim.CHAR):
            low.scope.differ("A number in a text may not contain underscores, which Python's int() accepts.")
            return _op("str.to_int", [low.coerce(v, ir.STR)], ir.INT, "ValueError")
        case ir.P(ir.Prim.ANY):
            return _op("json.to_int", [v], ir.INT, "ValueError")
        case _:
            raise Unsupported(f"int of {ir.type_text(v.type)}", ast.unparse(e), e.lineno)


def _float(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 1, 1)
    if isinstance(e.args[0], ast.Constant) and e.args[0].value in ("inf", "-inf", "+inf"):
        inf = _op("math.inf", [], ir.FLOAT)
        return _op("float.neg", [inf], ir.FLOAT) if e.args[0].value == "-inf" else inf
    v = low.expr(e.args[0])
    match v.type:
        case ir.P(ir.Prim.FLOAT):
            return v
        case ir.P(ir.Prim.INT):
            return low.coerce(v, ir.FLOAT)
        case ir.P(ir.Prim.STR) | ir.P(ir.Prim.CHAR):
            low.scope.differ(
                "A number in a text may not contain underscores, which Python's float() accepts."
            )
            return _op("str.to_float", [low.coerce(v, ir.STR)], ir.FLOAT, "ValueError")
        case ir.P(ir.Prim.ANY):
            return prelude.call(low, "float_of", v)
        case _:
            raise Unsupported(f"float of {ir.type_text(v.type)}", ast.unparse(e), e.lineno)


def to_text(low: ExpressionLowerer, v: ir.Expr) -> ir.Expr:
    """`str(v)`."""
    v = operators.value_of(low, v, shown=True)
    match v.type:
        case ir.P(ir.Prim.STR):
            return v
        case ir.P(ir.Prim.CHAR):
            return low.coerce(v, ir.STR)
        case ir.P(ir.Prim.INT):
            return _op("int.to_str", [v], ir.STR)
        case ir.P(ir.Prim.BOOL):
            return _op("bool.to_str", [v], ir.STR)
        case ir.P(ir.Prim.FLOAT):
            return _op("float.to_str", [v], ir.STR)
        case ir.P(ir.Prim.ANY):
            return _op("json.to_text", [v], ir.STR)
        case ir.P(ir.Prim.ERROR):
            return _op("error.message", [v], ir.STR)
        case ir.P() if v.type in times.ORDERED:
            return times.text(low, v)
        case ir.NamedT(name) if low.scope.error_base(name) is not None:
            return _op("error.message", [v], ir.STR)
        case ir.NamedT(name) if name in low.scope.classes and "__str__" in low.scope.classes[name].methods:
            return ir.MethodCall(v, "__str__", [], type=ir.STR)
        case _:
            raise Unsupported(f"str of {ir.type_text(v.type)}")


def _str(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 1)
    return to_text(low, low.expr(e.args[0])) if e.args else ir.Lit("", type=ir.STR)


def _bool(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 1, 1)
    return low.cond(e.args[0])


def _list(low: ExpressionLowerer, e: ast.Call, want: Type | None) -> ir.Expr:
    _plain(e, 1)
    if (once := library.distinct(low, e)) is not None:
        return once
    if not e.args:
        return ir.ListLit([], type=want if isinstance(want, ir.ListT) else ir.ListT(ir.UNKNOWN))
    v = low.iterable(e.args[0])
    if isinstance(v.type, ir.ListT):
        return (
            v
            if isinstance(v, ir.ListLit | ir.Comp) or prelude.is_new(low, v)
            else _op("list.copy", [v], v.type)
        )
    return low.as_list(v)


def _set(low: ExpressionLowerer, e: ast.Call, want: Type | None) -> ir.Expr:
    _plain(e, 1)
    if not e.args:
        return ir.SetLit([], type=want if isinstance(want, ir.SetT) else ir.SetT(ir.UNKNOWN))
    v = low.expr(e.args[0])
    if isinstance(v, ir.SetLit | ir.Comp) and isinstance(v.type, ir.SetT):
        return v
    if isinstance(v.type, ir.SetT):
        return _op("set.copy", [v], v.type)
    return as_set(low, v)


def _dict(low: ExpressionLowerer, e: ast.Call, want: Type | None) -> ir.Expr:
    from foundation_engine.port.front._python_expr import unify_element

    if not e.args and not e.keywords:
        return ir.DictLit([], type=want if isinstance(want, ir.DictT) else ir.DictT(ir.UNKNOWN, ir.UNKNOWN))
    if e.keywords and len(e.args) <= 1:
        keys: list[ast.expr | None] = [None for _ in e.args]
        keys += [
            None if k.arg is None else ast.copy_location(ast.Constant(k.arg), k.value) for k in e.keywords
        ]
        values = [*e.args, *(k.value for k in e.keywords)]
        return low.expr(ast.copy_location(ast.Dict(keys, values), e), want)
    if len(e.args) == 1:
        v = low.expr(e.args[0])
        if isinstance(v.type, ir.DictT):
            return _op("dict.copy", [v], v.type)
        if (
            isinstance(v, ir.Comp)
            and v.kind in ("list", "iter")
            and isinstance(v.elem, ir.TupleLit)
            and len(v.elem.elems) == 2
        ):
            k, w = (low.coerce(x, ir.STR) if x.type == ir.CHAR else x for x in v.elem.elems)
            pair = ir.TupleLit([k, w], type=ir.TupleT((k.type, w.type)))
            return ir.Comp("dict", pair, v.clauses, type=ir.DictT(k.type, w.type))
        elem = v.type.elem if isinstance(v.type, ir.ListT | ir.IterT | ir.SetT) else None
        if isinstance(elem, ir.TupleT) and len(elem.elems) == 2:
            k, w = elem.elems
            names = [ir.VarTarget("key", type=k), ir.VarTarget("value", type=w)]
            parts: list[ir.Expr] = [ir.Name("key", type=k), ir.Name("value", type=w)]
            k, w = (unify_element(t) for t in (k, w))
            pair = ir.TupleLit(
                [low.coerce(x, t) for x, t in zip(parts, (k, w), strict=True)], type=ir.TupleT((k, w))
            )
            clause = ir.Clause(ir.TupleTarget(list(names), type=elem), v, [])
            return ir.Comp("dict", pair, [clause], type=ir.DictT(k, w))
    raise Unsupported("dict of these arguments", ast.unparse(e), e.lineno)


def _abs(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 1, 1)
    v = low.expr(e.args[0])
    if v.type not in (ir.INT, ir.FLOAT):
        raise Unsupported(f"abs of {ir.type_text(v.type)}")
    return _op("int.abs" if v.type == ir.INT else "float.abs", [v], v.type)


def _round(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 2, 1)
    v = low.expr(e.args[0])
    if v.type == ir.INT and len(e.args) == 1:
        return v
    v = low.coerce(v, ir.FLOAT)
    if len(e.args) == 1:
        return _op("float.round", [v], ir.INT)
    digits = low.expr(e.args[1])
    if digits.type != ir.INT or (isinstance(digits, ir.Lit) and digits.value < 0):
        raise Unsupported("round to these digits", ast.unparse(e), e.lineno)
    return _op("float.round_to", [v, digits], ir.FLOAT)


def _ord(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 1, 1)
    v = low.expr(e.args[0])
    if isinstance(v, ir.Lit) and isinstance(v.value, str) and len(v.value) == 1:
        v.type = ir.CHAR
    if v.type == ir.STR:
        return _op("str.ord_first", [v], ir.INT)
    if v.type != ir.CHAR:
        raise Unsupported("ord of something that is not a string", ast.unparse(e), e.lineno)
    return _op("str.ord", [v], ir.INT)


def _chr(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 1, 1)
    return _op("int.chr", [low.coerce(low.expr(e.args[0]), ir.INT)], ir.CHAR)


def _divmod(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 2, 2)
    a, b = low.expr(e.args[0]), low.expr(e.args[1])
    low.require_pure(a)
    low.require_pure(b)
    quotient = low.binary(ast.FloorDiv(), a, b, e)
    rest = low.binary(ast.Mod(), a, b, e)
    return ir.TupleLit([quotient, rest], type=ir.TupleT((quotient.type, rest.type)))


def _pow(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 3, 2)
    if len(e.args) == 3:
        low.scope.differ(
            "Integers have 64 bits: a result beyond them wraps or stops, where Python's integers grow."
        )
        return prelude.call(low, "power_modulo", *(low.coerce(low.expr(a), ir.INT) for a in e.args))
    return low.binary(ast.Pow(), low.expr(e.args[0]), low.expr(e.args[1]), e)


def _isinstance(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 2, 2)
    v = low.expr(e.args[0])
    nodes = list(alternatives(e.args[1]))
    names = {n.id if isinstance(n, ast.Name) else "?" for n in nodes}
    t = v.type
    if t == ir.ANY:
        asked = [n.id if isinstance(n, ast.Name) else "?" for n in nodes]
        known = f"{dotted(e.args[0])}[bool]" in low.narrowed
        return mixed.is_instance(low, v, asked, e, no_bool=known)
    mine: set[str] = set()
    match t:
        case ir.P(ir.Prim.STR) | ir.P(ir.Prim.CHAR):
            mine = {"str"}
        case ir.P(ir.Prim.INT):
            mine = {"int"}
        case ir.P(ir.Prim.FLOAT):
            # An integer may be passed where a float is declared.
            if names & {"int", "float"}:
                raise Unsupported("isinstance that tells integers from floats", ast.unparse(e), e.lineno)
        case ir.P(ir.Prim.BOOL):
            mine = {"bool", "int"}
        case ir.ListT():
            mine = {"list"}
        case ir.DictT():
            mine = {"dict"}
        case _:
            raise Unsupported(f"isinstance of {ir.type_text(t)}", ast.unparse(e), e.lineno)
    if not names <= {"str", "int", "float", "bool", "list", "dict", "tuple", "set"}:
        raise Unsupported("isinstance with this class", ast.unparse(e), e.lineno)
    return ir.Lit(bool(mine & names), type=ir.BOOL)


def alternatives(classes: ast.expr) -> Iterable[ast.expr]:
    """The classes that `isinstance` asks for, in a tuple or between bars."""
    match classes:
        case ast.Tuple(elts=elts):
            for c in elts:
                yield from alternatives(c)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from alternatives(left)
            yield from alternatives(right)
        case _:
            yield classes


def _map(low: ExpressionLowerer, e: ast.Call, want: Type | None) -> ir.Expr:
    _plain(e, 2, 2)
    return _as_generator(low, e.args[0], e.args[1], keep=False, at=e, want=want)


def _filter(low: ExpressionLowerer, e: ast.Call, want: Type | None) -> ir.Expr:
    _plain(e, 2, 2)
    return _as_generator(low, e.args[0], e.args[1], keep=True, at=e, want=want)


def _as_generator(
    low: ExpressionLowerer, f: ast.expr, xs: ast.expr, keep: bool, at: ast.Call, want: Type | None
) -> ir.Expr:
    """`map(f, xs)` and `filter(f, xs)` as generator expressions, which every emitter knows."""
    if isinstance(f, ast.Lambda) and len(f.args.args) == 1:
        name, body = f.args.args[0].arg, f.body
    else:
        names = ("item", "element", "entry", "each", "one")
        name = next((n for n in names if low.lookup(n) is None), "")
        if not name:
            raise Unsupported("a function on items inside of others", ast.unparse(at), at.lineno)
        nothing = isinstance(f, ast.Constant) and f.value is None
        body = ast.Name(name, ast.Load()) if nothing else _applied(low, f, name)
    target = ast.Name(name, ast.Store())
    clause = ast.comprehension(target, xs, [body] if keep else [], 0)
    made = ast.GeneratorExp(ast.Name(name, ast.Load()) if keep else body, [clause])
    for sub in ast.walk(made):
        if isinstance(sub, ast.expr) and not hasattr(sub, "lineno"):
            ast.copy_location(sub, at)
    return low.expr(made, want)


def _print(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    return library.printed(low, e)


def _format(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 2, 1)
    spec = e.args[1] if len(e.args) == 2 else ast.Constant("")
    if not isinstance(spec, ast.Constant) or not isinstance(spec.value, str):
        raise Unsupported("a computed format", ast.unparse(e), e.lineno)
    return ir.Format([_part(low, low.expr(e.args[0]), spec.value, "")], type=ir.STR)


def _bin(low: ExpressionLowerer, e: ast.Call, _: Type | None) -> ir.Expr:
    _plain(e, 1, 1)
    name = e.func.id if isinstance(e.func, ast.Name) else ""
    return _op(
        {"bin": "int.bin", "hex": "int.hex", "oct": "int.oct"}[name],
        [low.coerce(low.expr(e.args[0]), ir.INT)],
        ir.STR,
    )


_BUILTINS: Mapping[str, Callable[[ExpressionLowerer, ast.Call, Type | None], ir.Expr]] = {
    "len": _len, "range": _range, "enumerate": _enumerate, "zip": _zip, "reversed": _reversed, "sorted": _sorted,
    "max": _extreme("max"), "min": _extreme("min"), "sum": _sum, "any": _quantifier("any"), "all": _quantifier("all"),
    "int": _int, "float": _float, "str": _str, "bool": _bool, "list": _list, "tuple": _list, "set": _set,
    "frozenset": _set, "dict": _dict, "abs": _abs, "round": _round, "ord": _ord, "chr": _chr, "divmod": _divmod,
    "pow": _pow, "isinstance": _isinstance, "map": _map, "filter": _filter, "print": _print, "bin": _bin, "hex": _bin,
    "oct": _bin, "format": _format,
}  # fmt: skip


# Standard library


def stdlib(low: ExpressionLowerer, name: str, e: ast.Call, want: Type | None) -> ir.Expr | None:
    """A call of a function of the standard library, or None when it is not one this port knows."""
    module, _, function = name.rpartition(".")
    if module == "math" and (made := _math(low, function, e)) is not None:
        return made
    if module == "collections":
        return _collections(low, function, e, want)
    if module == "re":
        return regex.function(low, function, e)
    if name == "copy.copy" or name == "copy.deepcopy":
        v = low.expr(e.args[0])
        if isinstance(v.type, ir.ListT) and isinstance(v.type.elem, ir.P):
            return _op("list.copy", [v], v.type)
        if isinstance(v.type, ir.DictT) and isinstance(v.type.value, ir.P):
            return _op("dict.copy", [v], v.type)
    if name in ("pathlib.Path", "pathlib.PurePath") and not e.keywords and e.args:
        parts = [low.coerce(low.expr(a), ir.STR) for a in e.args]
        joined: ir.Expr = parts[0]
        for p in parts[1:]:
            joined = _op("path.join", [joined, p], PATH)
        if isinstance(joined, ir.Name):
            # The same text, which is a path from here on.
            return ir.Name(joined.id, type=PATH, line=joined.line)
        joined.type = PATH if joined.type == ir.STR else joined.type
        return joined
    if name in ("os.path.exists", "os.remove", "os.unlink") and len(e.args) == 1 and not e.keywords:
        at = low.coerce(low.expr(e.args[0]), ir.STR)
        if name == "os.path.exists":
            return _op("file.exists", [at], ir.BOOL)
        return _op("file.remove", [at], ir.NONE, "OSError")
    if name in ("os.environ.get", "os.getenv") and 1 <= len(e.args) <= 2 and not e.keywords:
        key = low.coerce(low.expr(e.args[0]), ir.STR)
        if len(e.args) == 1:
            return _op("env.get", [key], ir.OptionalT(ir.STR))
        default = low.expr(e.args[1])
        if isinstance(default, ir.Lit) and default.value is None:
            return _op("env.get", [key], ir.OptionalT(ir.STR))
        return _op("env.get_or", [key, low.coerce(default, ir.STR)], ir.STR)
    if name in ("time.sleep", "asyncio.sleep") and len(e.args) == 1 and not e.keywords:
        seconds = low.coerce(low.expr(e.args[0], ir.FLOAT), ir.FLOAT)
        if not isinstance(seconds, ir.Lit):
            low.scope.differ("A sleep of less than nothing ends at once, where Python raises ValueError.")
        return _op("sleep", [seconds], ir.NONE)
    if name == "asyncio.run" and len(e.args) == 1 and not e.keywords:
        return low.expr(e.args[0], want)
    if name == "dataclasses.replace" and len(e.args) == 1:
        return _replace(low, e)
    if name == "logging.getLogger" and len(e.args) <= 1 and not e.keywords:
        low.scope.differ(
            "Log records are written by our runtime's logger, from the level info on, instead of the logging module."
        )
        title = low.expr(e.args[0]) if e.args else ir.Lit("root", type=ir.STR)
        return ir.PatternNew("structured_logging", {"name": title}, type=ir.NamedT("Logger"))
    if name == "json.loads" and len(e.args) == 1 and not e.keywords:
        return _op("json.parse", [low.coerce(low.expr(e.args[0]), ir.STR)], ir.ANY, "ValueError")
    if name == "json.dumps" and len(e.args) == 1 and not e.keywords:
        return _op("json.dumps", [_encodable(low, e.args[0])], ir.STR)
    if name == "json.dumps" and len(e.args) == 1:
        return library.laid_out(low, e)
    if name == "dataclasses.asdict" and len(e.args) == 1 and not e.keywords:
        return _fields_of(low, e)
    return library.function(low, name, e)


def _encodable(low: ExpressionLowerer, node: ast.expr) -> ir.Expr:
    """A value that JSON can hold: texts, integers, truth values, nothing, and lists and maps of them."""
    from foundation_engine.port.front._python_patterns import free_value

    held = ir.DictT(ir.STR, ir.ANY)
    match node:
        case ast.ListComp(elt=ast.Dict()):
            made = low.expr(node, ir.ListT(held))
        case ast.Dict() | ast.List():
            made = free_value(low, node)
        case _:
            made = low.expr(node)

    def plain(t: Type) -> bool:
        match t:
            case ir.ListT(elem) | ir.OptionalT(elem):
                return plain(elem)
            case ir.DictT(key, value):
                return key == ir.STR and plain(value)
            case _:
                return t in (ir.STR, ir.INT, ir.BOOL)

    def fits(e: ir.Expr) -> bool:
        match e:
            case ir.Intrinsic(op="json.of", args=[v]):
                return fits(v)
            case ir.DictLit(items=items):
                return all(fits(v) for _, v in items)
            case ir.ListLit(elems=elems):
                return all(map(fits, elems))
            case ir.Comp(kind="list", elem=elem):
                return fits(elem)
            case ir.Cond() if e.type == ir.ANY:
                return fits(e.body) and fits(e.orelse)
            case _:
                return e.type in (held, ir.ListT(held), ir.NONE) or plain(e.type)

    if not fits(made):
        literal = made.type in (held, ir.ListT(held))
        why = "a value in JSON of this type" if literal else f"JSON of {ir.type_text(made.type)}"
        raise Unsupported(why, ast.unparse(node), node.lineno)
    return made


def _fields_of(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    """`dataclasses.asdict(obj)`: a map of the fields, whose values JSON can hold."""
    obj = low.expr(e.args[0])
    info = low.scope.classes.get(obj.type.name) if isinstance(obj.type, ir.NamedT) else None
    properties = (
        {n for n, m in info.methods.items() if m.kind == "property"} if info is not None else set[str]()
    )
    if (
        info is None
        or info.lost
        or not all(mixed.can_hold(t) for n, t in info.fields.items() if n not in properties)
    ):
        raise Unsupported(
            "asdict of an object whose fields are not all texts, numbers, lists or maps; write the map out",
            ast.unparse(e),
            e.lineno,
        )  # fmt: skip
    low.require_pure(obj)
    items = [
        (ir.Lit(n, type=ir.STR), mixed.of(low, ir.Field(ir.unshared(obj), n, type=t)))
        for n, t in info.fields.items()
        if n not in properties
    ]
    return ir.DictLit(list(items), type=ir.DictT(ir.STR, ir.ANY))


def _replace(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    """`dataclasses.replace(obj, name=value)`: a new object with the other fields as they are."""
    obj = low.expr(e.args[0])
    info = low.scope.classes.get(obj.type.name) if isinstance(obj.type, ir.NamedT) else None
    if info is None or info.kind != "dataclass" or not isinstance(obj.type, ir.NamedT):
        raise Unsupported(
            "dataclasses.replace of something else than a data class of this file", ast.unparse(e), e.lineno
        )
    low.require_pure(obj)
    given = {k.arg: k.value for k in e.keywords}
    names = {p.name for p in info.init}
    if not set(given) <= names:
        raise Unsupported("dataclasses.replace with an unknown field", ast.unparse(e), e.lineno)
    args: list[tuple[str, ir.Expr]] = []
    for p in info.init:
        if p.name in given:
            args.append((p.name, low.coerce(low.expr(given[p.name], p.type), p.type)))
        else:
            args.append((p.name, ir.Field(obj, p.name, type=p.type)))
    return ir.New(obj.type.name, args, type=obj.type)


def _math(low: ExpressionLowerer, function: str, e: ast.Call) -> ir.Expr | None:
    args = [low.expr(a) for a in e.args]
    if function in ("floor", "ceil", "trunc") and len(args) == 1:
        if args[0].type == ir.INT:
            return args[0]
        return _op(f"float.{function}", [low.coerce(args[0], ir.FLOAT)], ir.INT)
    if function == "gcd" and len(args) == 2:
        return _op("int.gcd", args, ir.INT)
    if function in ("isqrt", "factorial") and len(args) == 1:
        return _op(f"int.{function}", args, ir.INT)
    if function == "pow" and len(args) == 2:
        return _op("float.pow", [low.coerce(a, ir.FLOAT) for a in args], ir.FLOAT)
    if function == "log" and args:
        if len(args) == 1:
            return _op("math.log", [low.coerce(args[0], ir.FLOAT)], ir.FLOAT)
        quotient = [_op("math.log", [low.coerce(a, ir.FLOAT)], ir.FLOAT) for a in args]
        return _op("float.div", list(quotient), ir.FLOAT)
    if function in MATH_FUNCTIONS:
        low.scope.differ(
            "A mathematical function of a value outside its domain gives NaN, where Python raises ValueError."
        )
        return _op(f"math.{function}", [low.coerce(a, ir.FLOAT) for a in args], ir.FLOAT)
    return None


def _collections(low: ExpressionLowerer, function: str, e: ast.Call, want: Type | None) -> ir.Expr | None:
    from foundation_engine.port.front._python_expr import unify_element

    if function == "Counter":
        if not e.args:
            return ir.DictLit([], type=ir.DictT(ir.UNKNOWN, ir.INT, zero=True))
        v = (
            low.as_list(low.iterable(e.args[0]))
            if low.expr(e.args[0]).type != ir.STR
            else low.expr(e.args[0])
        )
        return _op("count_each", [v], ir.DictT(unify_element(low.element_type(v.type)), ir.INT, zero=True))
    if function == "defaultdict" and len(e.args) == 1 and isinstance(e.args[0], ast.Name):
        made: Mapping[str, Type] = {
            "int": ir.INT, "list": ir.ListT(ir.UNKNOWN), "str": ir.STR, "float": ir.FLOAT, "bool": ir.BOOL,
            "set": ir.SetT(ir.UNKNOWN),
        }  # fmt: skip
        if e.args[0].id in made:
            if isinstance(want, ir.DictT):
                return ir.DictLit([], type=ir.DictT(want.key, want.value, zero=True))
            return ir.DictLit([], type=ir.DictT(ir.UNKNOWN, made[e.args[0].id], zero=True))
    if function == "deque":
        if any(k.arg == "maxlen" for k in e.keywords) or len(e.args) > 1:
            raise Unsupported(
                "a deque with a maximum length that is kept elsewhere; drop its oldest item after each append",
                ast.unparse(e),
                e.lineno,
            )
        return _list(low, e, want)
    if function == "OrderedDict":
        return _dict(low, e, want)
    return None


# Formatting

_SPEC = re.compile(r"(?:(.)?([<>^]))?([-+ ]?)(0?)(\d*)(,?)(?:\.(\d+))?([dfsxXbo%eE]?)$")
_BASES = ("x", "X", "b", "o")


def formattable(low: ExpressionLowerer, v: ir.Expr) -> ir.Expr:
    """A value as a formatted text takes it without a format."""
    v = operators.value_of(low, v, shown=True)
    if v.type in (ir.STR, ir.CHAR, ir.INT):
        return low.coerce(v, ir.STR) if v.type == ir.STR else v
    return to_text(low, v)


def padded(align: str, text: ir.Expr, width: ir.Expr, fill: str, low: ExpressionLowerer) -> ir.Expr:
    """A text on the left (`<`), on the right (`>`) or in the middle (`^`) of a width."""
    if align == "^":
        return prelude.call(low, "in_the_middle", text, width, ir.Lit(fill, type=ir.STR))
    op = "str.ljust" if align == "<" else "str.rjust"
    if fill == " ":
        return _op(op, [text, width], ir.STR)
    return _op(f"{op}_char", [text, width, ir.Lit(fill, type=ir.STR)], ir.STR)


def _whole(low: ExpressionLowerer, part: ir.FormatPart) -> ir.Expr:
    """A formatted text of one part alone."""
    plain = part.value is not None and part.value.type in (ir.STR, ir.CHAR) and part.spec in ("", "str:<:")
    return low.coerce(part.value, ir.STR) if plain and part.value else ir.Format([part], type=ir.STR)


_ALIGNED = re.compile(r"(?:(.)?([<>^]))?$")


def _computed(low: ExpressionLowerer, piece: ast.FormattedValue, spec: ast.JoinedStr) -> ir.FormatPart:
    """A value in a format whose width is computed."""
    match spec.values:
        case [ast.FormattedValue(conversion=-1, format_spec=None) as computed]:
            before, after = "", ""
        case [
            ast.Constant(value=str(before)),
            ast.FormattedValue(conversion=-1, format_spec=None) as computed,
        ]:
            after = ""
        case [
            ast.FormattedValue(conversion=-1, format_spec=None) as computed,
            ast.Constant(value=str(after)),
        ]:
            before = ""
        case [
            ast.Constant(value=str(before)),
            ast.FormattedValue(conversion=-1, format_spec=None) as computed,
            ast.Constant(value=str(after)),
        ]:
            pass
        case _:
            raise Unsupported("a computed format", ast.unparse(piece), piece.lineno)
    m = _ALIGNED.match(before)
    v, width = low.expr(piece.value), low.expr(computed.value)
    if m is None or width.type != ir.INT or v.type not in (ir.STR, ir.CHAR, ir.INT, ir.FLOAT):
        raise Unsupported("a computed format other than a width", ast.unparse(piece), piece.lineno)
    text = v.type in (ir.STR, ir.CHAR)
    least = low.lower_bound(width)
    if least is None or least < 0:
        if not text:
            raise Unsupported(
                "a computed width that may be below zero; say max(0, ...)", ast.unparse(piece), piece.lineno
            )
        low.scope.differ(ir.WIDTH_BELOW_ZERO)
    inner = _whole(low, _part(low, v, after, "" if piece.conversion == -1 else chr(piece.conversion)))
    return ir.FormatPart(value=padded(m[2] or ("<" if text else ">"), inner, width, m[1] or " ", low))


def _part(low: ExpressionLowerer, v: ir.Expr, spec: str, conversion: str) -> ir.FormatPart:
    if conversion == "r":
        if v.type not in (ir.STR, ir.CHAR) and v.type != ir.INT:
            raise Unsupported(f"!r of {ir.type_text(v.type)}")
        if v.type != ir.INT:
            low.scope.differ(
                "A quoted text in a message has the target's quotes, where Python's repr prefers single ones."
            )
            return ir.FormatPart(value=v, spec="quoted:single")
    if not spec:
        return ir.FormatPart(value=formattable(low, v))
    if v.type in times.ORDERED:
        return ir.FormatPart(value=times.in_format(low, v, spec))
    m = _SPEC.match(spec)
    if m is None:
        raise Unsupported(f"format {spec}")
    fill, align, sign, zero, width, comma, precision, kind = m.groups()
    if kind in ("e", "E") or (sign == " "):
        raise Unsupported(f"format {spec}")
    if align and zero:
        # Beside an alignment, a zero is what fills the width.
        fill, zero = fill or "0", ""
    digits = sign + comma + (f".{precision}" if precision else "") + kind
    if align and width and not zero and (align == "^" or (fill or " ") != " " or comma):
        inner = _part(low, v, digits, "")
        if align != "^" and (fill or " ") == " ":
            return ir.FormatPart(value=ir.Format([inner], type=ir.STR), spec=f"str:{align}:{width}")
        return ir.FormatPart(
            value=padded(align, _whole(low, inner), ir.Lit(int(width), type=ir.INT), fill or " ", low)
        )
    if comma and width and not (align or zero):
        inner = _part(low, v, digits, "")
        return ir.FormatPart(value=ir.Format([inner], type=ir.STR), spec=f"str:>:{width}")
    if comma and not width and (v.type == ir.INT or (v.type == ir.FLOAT and kind == "f")):
        plain = _part(low, v, digits.replace(",", "", 1), "")
        return ir.FormatPart(value=prelude.call(low, "with_commas", ir.Format([plain], type=ir.STR)))
    if comma or align == "^":
        raise Unsupported(f"format {spec}")
    if v.type == ir.BOOL:
        raise Unsupported("format of a boolean")
    flags = sign.strip("-") + zero
    if v.type == ir.INT and precision is None and (kind in ("", "d") or (kind in _BASES and not sign)):
        return ir.FormatPart(value=v, spec=f"int:{align or '>'}:{flags}:{width}:{kind or 'd'}")
    if v.type == ir.INT and kind in ("f", "%"):
        v = low.coerce(v, ir.FLOAT)
    if v.type == ir.FLOAT and kind in ("f", "%"):
        return ir.FormatPart(value=v, spec=f"float:{align or '>'}:{flags}:{width}:{precision or '6'}:{kind}")
    if v.type in (ir.STR, ir.CHAR) and precision is None and kind in ("", "s") and not flags:
        return ir.FormatPart(value=v, spec=f"str:{align or '<'}:{width}")
    raise Unsupported(f"format {spec} of {ir.type_text(v.type)}")


def format_parts(low: ExpressionLowerer, e: ast.JoinedStr) -> list[ir.FormatPart]:
    """The pieces of an f-string."""
    out: list[ir.FormatPart] = []
    for piece in e.values:
        if isinstance(piece, ast.Constant):
            out.append(ir.FormatPart(str(piece.value)))
        elif isinstance(piece, ast.FormattedValue):
            spec = ""
            if isinstance(piece.format_spec, ast.JoinedStr):
                if not all(isinstance(v, ast.Constant) for v in piece.format_spec.values):
                    out.append(_computed(low, piece, piece.format_spec))
                    continue
                spec = "".join(str(v.value) for v in piece.format_spec.values if isinstance(v, ast.Constant))
            conversion = "" if piece.conversion == -1 else chr(piece.conversion)
            out.append(_part(low, low.expr(piece.value), spec, conversion))
    return out


def percent_parts(low: ExpressionLowerer, e: ast.BinOp) -> list[ir.FormatPart]:
    """The pieces of `"..." % values`."""
    assert isinstance(e.left, ast.Constant)
    nodes = e.right.elts if isinstance(e.right, ast.Tuple) else [e.right]
    pieces = re.split(r"%(-?0?\d*(?:\.\d+)?[sdfrxi%])", str(e.left.value))
    out: list[ir.FormatPart] = []
    values = iter(nodes)
    for i, piece in enumerate(pieces):
        if i % 2 == 0:
            if "%" in piece:
                raise Unsupported("a % format of this kind", ast.unparse(e), e.lineno)
            if piece:
                out.append(ir.FormatPart(piece))
            continue
        if piece == "%":
            out.append(ir.FormatPart("%"))
            continue
        node = next(values, None)
        if node is None:
            raise Unsupported("a % format with too few values", ast.unparse(e), e.lineno)
        v = low.expr(node)
        kind, spec = piece[-1], piece[:-1]
        if kind == "r":
            out.append(_part(low, v, "", "r"))
        elif kind == "s" and not spec:
            out.append(_part(low, v, "", ""))
        elif kind in ("d", "i"):
            out.append(_part(low, v, f"{spec}d" if spec else "", ""))
        elif not spec.startswith("-"):
            out.append(_part(low, v, f"{'>' if kind == 's' else ''}{spec}{kind}", ""))
        else:
            raise Unsupported("a % format of this kind", ast.unparse(e), e.lineno)
    return out


def _brace_parts(low: ExpressionLowerer, e: ast.Call, text: str) -> list[ir.FormatPart]:
    import string

    named = {k.arg: k.value for k in e.keywords}
    out: list[ir.FormatPart] = []
    automatic = 0
    for literal, name, spec, conversion in string.Formatter().parse(text):
        if literal:
            out.append(ir.FormatPart(literal))
        if name is None:
            continue
        if name == "":
            node: ast.expr | None = e.args[automatic] if automatic < len(e.args) else None
            automatic += 1
        elif name.isdigit():
            node = e.args[int(name)] if int(name) < len(e.args) else None
        else:
            node = named.get(name)
        if node is None:
            raise Unsupported("a format field of this kind", ast.unparse(e), e.lineno)
        out.append(_part(low, low.expr(node), spec or "", conversion or ""))
    return out
