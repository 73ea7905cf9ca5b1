"""Ruby's regular expressions: patterns as constants of the module, matches and their groups, `$1` and what sets it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from foundation_specs.model import LanguageId

from foundation_engine.port import ir
from foundation_engine.port.front import _ruby_ast as ast
from foundation_engine.port.front import _ruby_blocks as blocks
from foundation_engine.port.front._python_regex import group, named
from foundation_engine.port.front._regex import all_matches, in_python
from foundation_engine.port.front._ruby_nodes import Maybe, integer, lit, op
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.regex import parsed, template

if TYPE_CHECKING:
    from foundation_engine.port.front._ruby_stmt import Statements

_STRINGS = ir.ListT(ir.STR)
_REFERENCE = re.compile(r"\\(?:([0-9&])|k<(\w+)>|(.))", re.DOTALL)


def compiled(low: Statements, r: ast.Regex) -> ir.Name:
    """A pattern by the name of the constant that holds it."""
    user = low.signature.node.name.strip("?!=").upper() if low.signature is not None else ""
    made = f"{user}_PATTERN" if user.isidentifier() else "PATTERN"
    name = next((k for k, v in low.scope.regexes.items() if v is r), made)
    return named(ir.RegexT(*in_python(r.source, LanguageId.RUBY, r.flags)), name, r.line)


def search(low: Statements, r: ast.Regex, text: ir.Expr) -> ir.Intrinsic:
    """The first match, if there is one."""
    pattern = compiled(low, r)
    assert isinstance(pattern.type, ir.RegexT)  # noqa: S101 - `compiled` gives it this type.
    found = ir.MatchT(pattern.type.pattern, pattern.type.flags)
    return op("regex.search", [pattern, text], ir.OptionalT(found))


def test(low: Statements, r: ast.Regex, text: ir.Expr) -> ir.Expr:
    """Whether a text matches."""
    return op("regex.test", [compiled(low, r), text], ir.BOOL)


def kept(low: Statements, r: ast.Regex, text: ir.Expr) -> ir.Expr:
    """Whether a text matches, with the match under a name for what reads `$1` afterwards."""
    found = low.hoist(search(low, r, text), "found")
    low.found = found
    return op("is_some", [found], ir.BOOL)


def reads_last_match(body: list[ast.Node]) -> bool:
    """True for a method that asks what the last match was."""
    return any(asks(x) for b in body for x in ast.own(b))


def asks(x: ast.Node) -> bool:
    """True for `$1` and what else tells about the last match."""
    if isinstance(x, ast.Global):
        return re.fullmatch(r"\$(?:[1-9~&])", x.name) is not None
    return isinstance(x, ast.Call | ast.Ident) and x.name == "last_match"


def last_match(low: Statements, n: ast.Node) -> ir.Expr:
    """The last match, where a condition has told that there is one."""
    if low.matched is None:
        raise Unsupported(
            "the last match, where it is not certain that there is one", _source(low, n), n.line
        )
    if isinstance(low.matched, ir.Wrap):
        return low.matched.value
    t = low.full(low.matched.type)
    assert isinstance(t, ir.OptionalT)  # noqa: S101 - what a search gives.
    return ir.Unwrap(low.matched, type=t.elem)


def of_global(low: Statements, n: ast.Global) -> ir.Expr:
    """`$~`, `$&` and `$1`."""
    match = last_match(low, n)
    return match if n.name == "$~" else group(match, 0 if n.name == "$&" else int(n.name[1:]))


def of_match(low: Statements, n: ast.Call, obj: ir.Expr, t: ir.MatchT) -> ir.Expr:
    """A method of a match."""
    regex = parsed(t.pattern, t.flags)
    match n.name, n.args:
        case "[]", [ast.Literal(value=which)] if isinstance(which, int | str):
            return group(obj, which)
        case "[]", [ast.Symbol(name=which)]:
            return group(obj, which)
        case "to_s", []:
            return group(obj, 0)
        case "captures" | "to_a", []:
            first = 1 if n.name == "captures" else 0
            low.require_pure(obj)
            parts = [group(obj, i) for i in range(first, len(regex.groups) + 1)]
            return listed(low, parts)
        case "named_captures", []:
            low.require_pure(obj)
            values = [(name, group(obj, number)) for name, number in regex.names.items()]
            whole = listed(low, [v for _, v in values])
            assert isinstance(whole, ir.ListLit)  # noqa: S101 - `listed` gives one.
            assert isinstance(whole.type, ir.ListT)  # noqa: S101 - `listed` gives one.
            pairs = [(lit(k, ir.STR), v) for (k, _), v in zip(values, whole.elems, strict=True)]
            return ir.DictLit([(k, v) for k, v in pairs], type=ir.DictT(ir.STR, whole.type.elem))
        case _:
            raise Unsupported(f"method {n.name} of a match", _source(low, n), n.line)


def listed(low: Statements, parts: list[ir.Expr]) -> ir.Expr:
    """Groups as a list: of optional texts where a match need not have all."""
    t: Type = ir.STR
    for p in parts:
        t = low.join(t, p.type)
    return ir.ListLit([low.coerce(p, t) for p in parts], type=ir.ListT(t))


def scan(low: Statements, obj: ir.Expr, r: ast.Regex) -> ir.Expr:
    """`scan`: the texts of all matches, or the texts of their groups."""
    pattern = compiled(low, r)
    matches = all_matches(pattern, obj)
    assert isinstance(matches.type, ir.ListT)  # noqa: S101 - `all_matches` gives one.
    found = matches.type.elem
    assert isinstance(found, ir.MatchT)  # noqa: S101 - `all_matches` gives one.
    groups = len(parsed(found.pattern, found.flags).groups)
    if not groups:
        return op("regex.find_all", [pattern, obj], _STRINGS)
    name = low.fresh("found")
    each = ir.Name(name, type=found)
    elem = listed(low, [group(each, i + 1) for i in range(groups)])
    clause = ir.Clause(ir.VarTarget(name, type=found), matches, [])
    return ir.Comp("list", elem, [clause], type=ir.ListT(elem.type))


def split(low: Statements, n: ast.Call, obj: ir.Expr, r: ast.Regex) -> ir.Expr:
    """`split` at what a pattern matches; empty parts at the end are left out."""
    pattern = compiled(low, r)
    assert isinstance(pattern.type, ir.RegexT)  # noqa: S101 - `compiled` gives it this type.
    regex = parsed(pattern.type.pattern, pattern.type.flags)
    if regex.groups or regex.least == 0 or len(n.args) != 1:
        raise Unsupported("split by a regular expression of this kind", _source(low, n), n.line)
    parts = op("regex.split", [pattern, obj, integer(0)], _STRINGS)
    return low.prelude("without_empty_end", [parts], _STRINGS)


def part(low: Statements, n: ast.Call, obj: ir.Expr, r: ast.Regex) -> ir.Expr:
    """`text[/re/]` and `text[/re/, 1]`."""
    which = n.args[1] if len(n.args) == 2 else ast.Literal(0)
    number = (
        which.name
        if isinstance(which, ast.Symbol)
        else which.value
        if isinstance(which, ast.Literal)
        else None
    )
    found = low.hoist(search(low, r, obj), "found")
    t = low.full(found.type)
    assert isinstance(t, ir.OptionalT)  # noqa: S101 - what a search gives.
    made = group(ir.Unwrap(found, type=t.elem), number)
    result = ir.OptionalT(ir.STR)
    there = op("is_some", [found], ir.BOOL)
    if isinstance(made.type, ir.OptionalT):
        return ir.Cond(there, made, lit(None, result), type=result)
    return Maybe(there, ir.Wrap(made, type=result), lit(None, result), plain=made, type=result)


def replaced(low: Statements, n: ast.Call, obj: ir.Expr, r: ast.Regex) -> ir.Expr:
    """`gsub` and `sub` with a text or a block."""
    pattern = compiled(low, r)
    assert isinstance(pattern.type, ir.RegexT)  # noqa: S101 - `compiled` gives it this type.
    regex = parsed(pattern.type.pattern, pattern.type.flags)
    if regex.least == 0:
        raise Unsupported("a substitution of what may be nothing", _source(low, n), n.line)
    times = integer(1 if n.name == "sub" else 0)
    if n.block is not None and len(n.args) == 1:
        if n.name == "sub":
            raise Unsupported("sub with a block", _source(low, n), n.line)
        return _by_block(low, n, obj, pattern, n.block)
    if len(n.args) != 2:
        raise Unsupported(f"{n.name} with these arguments", _source(low, n), n.line)
    new = low.coerce(low.value(n.args[1]), ir.STR)
    if not isinstance(new, ir.Lit):
        low.scope.differ(
            "A backslash in a replacement stands for itself, where Ruby reads it as a reference."
        )
        return op("regex.replace_text", [pattern, obj, new, times], ir.STR)
    text = _REFERENCE.sub(_reference, str(new.value))
    template(text, regex)
    return op("regex.replace", [pattern, obj, lit(text, ir.STR), times], ir.STR)


def _reference(m: re.Match[str]) -> str:
    """A reference to a group in Python's syntax; another character keeps its backslash."""
    if m[2]:
        return rf"\g<{m[2]}>"
    if m[1]:
        return rf"\g<{0 if m[1] in '&0' else m[1]}>"
    return r"\\" if m[3] == "\\" else rf"\\{m[3]}"


def _by_block(low: Statements, n: ast.Call, obj: ir.Expr, pattern: ir.Name, block: ast.Block) -> ir.Expr:
    assert isinstance(pattern.type, ir.RegexT)  # noqa: S101 - `compiled` gives it this type.
    only = blocks.simple(block)
    if only is None or len(block.params) > 1:
        raise Unsupported("a substitution by a block of several statements", _source(low, n), n.line)
    found = ir.MatchT(pattern.type.pattern, pattern.type.flags)
    each = ir.Name(low.fresh("found"), type=found)
    with blocks.inside(low, block), low.without_statements():
        if block.params:
            low.substitute(block.params[0].name, group(each, 0))
        low.matched = ir.Wrap(each, type=ir.OptionalT(found))
        body = low.text(low.expr(only))
    f = ir.Lambda(
        [ir.Param(each.id, found)], body, type=ir.FuncT((found,), ir.STR, raises=False, context=False)
    )
    return op("regex.replace_with", [pattern, obj, f], ir.STR)


def _source(low: Statements, n: ast.Node) -> str:
    return low.scope.reader.source(n).splitlines()[0] if n.end else ""
