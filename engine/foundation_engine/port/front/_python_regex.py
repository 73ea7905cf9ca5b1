"""Python's `re`: compiled patterns as constants of the module, and matches whose groups are known from the pattern."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.front._regex import group, group_text, named, placed, tested
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.regex import Regex, anchored, flag_letters, parsed, template

if TYPE_CHECKING:
    from foundation_engine.port.front._python_expr import ExpressionLowerer

__all__ = ["function", "group", "group_text", "known", "method", "named", "placed", "tested"]

_FLAGS = frozenset(
    {"A", "ASCII", "I", "IGNORECASE", "M", "MULTILINE", "S", "DOTALL", "X", "VERBOSE", "U", "UNICODE"}
)
# The methods of a pattern, with the arguments that they take behind the pattern.
_SEARCHES = {
    "search": ("string",), "match": ("string",), "fullmatch": ("string",), "findall": ("string",),
    "finditer": ("string",), "split": ("string", "maxsplit"), "sub": ("repl", "string", "count"),
}  # fmt: skip


def function(low: ExpressionLowerer, name: str, e: ast.Call) -> ir.Expr | None:
    """A call of a function of `re`, or None for one that this port does not know."""
    if name == "compile":
        given = _arguments(e, ("pattern", "flags"))
        return named(ir.RegexT(*_pattern(low, given, e)), low.pattern_name, e.lineno)
    if name in _SEARCHES:
        given = _arguments(e, ("pattern", *_SEARCHES[name], "flags"))
        pattern, flags = _pattern(low, given, e)
        return _use(low, name, pattern, flags, low.pattern_name, given, e)
    return None


def method(low: ExpressionLowerer, e: ast.Call, obj: ir.Expr, name: str) -> ir.Expr:
    """A method of a compiled pattern or of a match."""
    match obj.type:
        case ir.RegexT(pattern, flags) if name in _SEARCHES:
            hint = obj.id if isinstance(obj, ir.Name) else "PATTERN"
            return _use(low, name, pattern, flags, hint, _arguments(e, _SEARCHES[name]), e)
        case ir.MatchT() if name == "group" and not e.keywords:
            parts = [group(obj, _literal(a)) for a in e.args] or [group(obj, 0)]
            return known(low, parts[0], e) if len(parts) == 1 else _tuple(parts)
        case ir.MatchT(pattern, flags) if name == "groups" and not e.args and not e.keywords:
            low.require_pure(obj)
            return _tuple([group(obj, n + 1) for n in range(len(parsed(pattern, flags).groups))])
        case ir.MatchT(pattern, flags) if name == "groupdict" and not e.args and not e.keywords:
            low.require_pure(obj)
            return _named_groups(low, obj, parsed(pattern, flags))
        case _:
            raise Unsupported(f"method {name} of {ir.type_text(obj.type)}", ast.unparse(e), e.lineno)


def known(low: ExpressionLowerer, made: ir.Expr, node: ast.expr) -> ir.Expr:
    """A group as its text where a test has told that the match has it."""
    if ast.unparse(node) in low.narrowed and isinstance(made.type, ir.OptionalT):
        made.type = ir.STR
    return made


def _use(
    low: ExpressionLowerer,
    name: str,
    pattern: str,
    flags: str,
    hint: str,
    given: dict[str, ast.expr],
    e: ast.Call,
) -> ir.Expr:
    text = low.coerce(low.expr(_need(given, "string", e)), ir.STR)
    regex = parsed(pattern, flags)
    found = ir.MatchT(pattern, flags)
    if name in ("search", "match", "fullmatch"):
        if name != "search":
            pattern, flags = anchored(pattern, flags, whole=name == "fullmatch")
        compiled = named(ir.RegexT(pattern, flags), hint, e.lineno)
        return ir.Intrinsic("regex.search", [compiled, text], type=ir.OptionalT(ir.MatchT(pattern, flags)))
    if regex.least == 0:
        raise Unsupported("all matches of a pattern that may match nothing", ast.unparse(e), e.lineno)
    compiled = named(ir.RegexT(pattern, flags), hint, e.lineno)
    matches = ir.Intrinsic("regex.matches", [compiled, text], type=ir.ListT(found))
    match name:
        case "finditer":
            return matches
        case "findall" if not regex.groups:
            return ir.Intrinsic("regex.find_all", [compiled, text], type=ir.ListT(ir.STR))
        case "findall":
            return _groups_of_all(low, matches, regex)
        case "split":
            if regex.groups:
                raise Unsupported("a split that keeps what its groups match", ast.unparse(e), e.lineno)
            most = _literal(given["maxsplit"]) if "maxsplit" in given else 0
            if not isinstance(most, int) or most < 0:
                raise Unsupported("a split with a computed limit", ast.unparse(e), e.lineno)
            return ir.Intrinsic(
                "regex.split", [compiled, text, ir.Lit(most, type=ir.INT)], type=ir.ListT(ir.STR)
            )
        case _:
            return _replaced(low, compiled, text, regex, given, e)


def _replaced(
    low: ExpressionLowerer,
    compiled: ir.Expr,
    text: ir.Expr,
    regex: Regex,
    given: dict[str, ast.expr],
    e: ast.Call,
) -> ir.Expr:
    most = _literal(given["count"]) if "count" in given else 0
    if not isinstance(most, int) or most < 0:
        raise Unsupported("a replacement with a computed count", ast.unparse(e), e.lineno)
    node = _need(given, "repl", e)
    times = ir.Lit(most, type=ir.INT)
    if isinstance(node, ast.Lambda):
        found = ir.MatchT(regex.pattern, regex.flags) if most == 0 else None
        if found is None:
            raise Unsupported("a replacement by a function with a count", ast.unparse(e), e.lineno)
        made = low.expr(node, ir.FuncT((found,), ir.STR, raises=False, context=False))
        if not isinstance(made, ir.Lambda):
            raise Unsupported("a replacement by this function", ast.unparse(e), e.lineno)
        made.body = low.coerce(made.body, ir.STR)
        return ir.Intrinsic("regex.replace_with", [compiled, text, made], type=ir.STR)
    value = low.expr(node, ir.STR)
    if isinstance(value, ir.Lit) and isinstance(value.value, str):
        template(value.value, regex)
        return ir.Intrinsic("regex.replace", [compiled, text, value, times], type=ir.STR)
    if value.type not in (ir.STR, ir.CHAR):
        raise Unsupported("a replacement by this function", ast.unparse(e), e.lineno)
    low.scope.differ("A replacement that is computed is taken as it stands; Python reads backslashes in it.")
    return ir.Intrinsic("regex.replace_text", [compiled, text, low.coerce(value, ir.STR), times], type=ir.STR)


def _groups_of_all(low: ExpressionLowerer, matches: ir.Expr, regex: Regex) -> ir.Expr:
    """What `findall` gives for a pattern with groups: the only group's texts, or tuples of all groups' texts."""
    found = ir.MatchT(regex.pattern, regex.flags)
    name = next(n for n in ("found", "match_", "each") if low.lookup(n) is None)
    parts: list[ir.Expr] = []
    for n in range(len(regex.groups)):
        part = group(ir.Name(name, type=found), n + 1)
        parts.append(group_text(part) or part)
    elem = parts[0] if len(parts) == 1 else _tuple(parts)
    clause = ir.Clause(ir.VarTarget(name, type=found), matches, [])
    return ir.Comp("list", elem, [clause], type=ir.ListT(elem.type))


def _named_groups(low: ExpressionLowerer, match: ir.Expr, regex: Regex) -> ir.Expr:
    values = [(name, group(match, number)) for name, number in regex.names.items()]
    some = all(v.type == ir.STR for _, v in values)
    t: Type = ir.STR if some else ir.OptionalT(ir.STR)
    items: list[tuple[ir.Expr, ir.Expr]] = [(ir.Lit(n, type=ir.STR), low.coerce(v, t)) for n, v in values]
    return ir.DictLit(items, type=ir.DictT(ir.STR, t))


def _tuple(parts: list[ir.Expr]) -> ir.Expr:
    return ir.TupleLit(parts, type=ir.TupleT(tuple(p.type for p in parts)))


def _arguments(e: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
    given = dict(zip(names, e.args, strict=False))
    for k in e.keywords:
        if k.arg is None or k.arg not in names or k.arg in given:
            raise Unsupported("a call with these arguments", ast.unparse(e), e.lineno)
        given[k.arg] = k.value
    if len(e.args) > len(names):
        raise Unsupported("a call with these arguments", ast.unparse(e), e.lineno)
    return given


def _need(given: dict[str, ast.expr], name: str, e: ast.Call) -> ast.expr:
    if name not in given:
        raise Unsupported(f"a call without {name}", ast.unparse(e), e.lineno)
    return given[name]


def _pattern(low: ExpressionLowerer, given: dict[str, ast.expr], e: ast.Call) -> tuple[str, str]:
    node = _need(given, "pattern", e)
    value = low.expr(node)
    if isinstance(value.type, ir.RegexT) and "flags" not in given:
        return value.type.pattern, value.type.flags
    constant = low.scope.constant_nodes.get(value.id) if isinstance(value, ir.Name) else None
    if isinstance(constant, ast.Constant) and low.lookup(ast.unparse(node)) is None:
        value = ir.Lit(constant.value, type=ir.STR)
    known = low.literals.get(value.id) if isinstance(value, ir.Name) else None
    if known is not None:
        value = ir.Lit(known, type=ir.STR)
    if not isinstance(value, ir.Lit) or not isinstance(value.value, str):
        raise Unsupported("a regular expression that is computed", ast.unparse(e), e.lineno)
    flags = _flags(low, given["flags"]) if "flags" in given else 0
    # Flags that the pattern sets itself belong to it.
    return value.value, parsed(value.value, flag_letters(flags)).flags


def _flags(low: ExpressionLowerer, node: ast.expr) -> int:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _flags(low, node.left) | _flags(low, node.right)
    module, _, name = (low.stdlib_name(node) or "").rpartition(".")
    if module in ("re", "re.RegexFlag") and name in _FLAGS:
        return int(re.RegexFlag[name])
    if isinstance(node, ast.Constant) and node.value == 0:
        return 0
    raise Unsupported("flags of a regular expression that are computed", ast.unparse(node), node.lineno)


def _literal(node: ast.expr) -> object:
    if isinstance(node, ast.Constant):
        return node.value
    raise Unsupported("a computed argument", ast.unparse(node), node.lineno)
