"""Go's `regexp`: patterns as constants of the module, and matches whose groups are known from the pattern."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import re
from typing import TYPE_CHECKING

from foundation_grammars.tree import SyntaxNode
from foundation_specs.model import LanguageId

from foundation_engine.port import ir
from foundation_engine.port.front._go_types import BOOL, STRING, Func, GoType, Match, Regex, Slice
from foundation_engine.port.front._python_regex import group, group_text, named
from foundation_engine.port.front._regex import all_matches, in_python
from foundation_engine.port.regex import parsed, template
from foundation_engine.port.simplify import rewrite

if TYPE_CHECKING:
    from foundation_engine.port.front._go_expr import ExpressionLowerer, V

_REFERENCE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+)|())")
_SPACES = r"`\s` in a regular expression takes a vertical tab, too, which it does not in Go."


def compiled(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> V:
    """`regexp.MustCompile(pattern)`."""
    from foundation_engine.port.front._go_expr import V

    const = low.expr(args[0]).const if len(args) == 1 else None
    if not isinstance(const, str):
        raise low.p.unsupported("a regular expression that is computed", node)
    pattern, flags = in_python(const, LanguageId.GO)
    if r"\s" in pattern or r"\S" in pattern:
        low.p.differ(_SPACES)
    function = low.frame.info.name if low.frames else ""
    name = f"{function[:1].lower()}{function[1:]}Pattern" if function.isidentifier() else "pattern"
    t = Regex(pattern, flags)
    return V(named(ir.RegexT(pattern, flags), name, low.p.line(node)), t)


def method(
    low: ExpressionLowerer, obj: V, t: Regex, name: str, args: list[SyntaxNode], node: SyntaxNode
) -> V:
    """A method of a compiled pattern."""
    from foundation_engine.port.front._go_expr import V

    pattern = obj.expr
    assert isinstance(pattern, ir.Name)
    regex, found = parsed(t.pattern, t.flags), ir.MatchT(t.pattern, t.flags)
    text = low.value(args[0], STRING) if args else None
    if text is None:
        raise low.p.unsupported(f"the method {name} of a regular expression", node)
    search = ir.Intrinsic("regex.search", [pattern, text], type=ir.OptionalT(found))
    strings = ir.ListT(ir.STR)
    match name:
        case "MatchString":
            return V(ir.Intrinsic("regex.test", [pattern, text], type=ir.BOOL), BOOL)
        case "FindStringSubmatch":
            return V(search, Match(t.pattern, t.flags))
        case "FindString":
            kept = ir.Name(low.fresh_name("found", search.type), type=search.type)
            low.pending.append(
                ir.Assign(ir.VarTarget(kept.id, type=search.type), search, line=low.p.line(node))
            )
            there = ir.Intrinsic("is_some", [kept], type=ir.BOOL)
            whole = group(ir.Unwrap(kept, type=found), 0)
            return V(ir.Cond(there, whole, ir.Lit("", type=ir.STR), type=ir.STR), STRING)
        case "FindAllString" | "FindAllStringSubmatch" if low.p.text(args[1]) == "-1":
            matches = all_matches(pattern, text)
            if name == "FindAllStringSubmatch":
                return V(matches, Slice(Match(t.pattern, t.flags)), fresh=True)
            made = ir.Intrinsic("regex.find_all", [pattern, text], type=strings)
            if regex.groups:
                item = ir.Name(low.fresh_name("found", found), type=found)
                clause = ir.Clause(ir.VarTarget(item.id, type=found), matches, [])
                return V(ir.Comp("list", group(item, 0), [clause], type=strings), Slice(STRING), fresh=True)
            return V(made, Slice(STRING), fresh=True)
        case "Split" if not regex.groups and regex.least:
            count = low.expr(args[1]).const
            if not isinstance(count, int) or count in (0, 1):
                raise low.p.unsupported("a split with a computed limit", node)
            most = ir.Lit(max(count - 1, 0), type=ir.INT)
            return V(
                ir.Intrinsic("regex.split", [pattern, text, most], type=strings), Slice(STRING), fresh=True
            )
        case "ReplaceAllString" | "ReplaceAllLiteralString" if regex.least:
            return V(_replaced(low, name, pattern, text, args[1], node), STRING)
        case "ReplaceAllStringFunc" if regex.least:
            return V(_by_function(low, pattern, text, found, args[1], node), STRING)
        case _:
            raise low.p.unsupported(f"the method {name} of this regular expression", node)


def _replaced(
    low: ExpressionLowerer, name: str, pattern: ir.Name, text: ir.Expr, new: SyntaxNode, node: SyntaxNode
) -> ir.Expr:
    assert isinstance(pattern.type, ir.RegexT)
    regex = parsed(pattern.type.pattern, pattern.type.flags)
    every = ir.Lit(0, type=ir.INT)
    v = low.expr(new)
    if name == "ReplaceAllLiteralString":
        return ir.Intrinsic("regex.replace_text", [pattern, text, v.expr, every], type=ir.STR)
    if not isinstance(v.const, str):
        raise low.p.unsupported("a replacement that is computed", node)

    def reference(m: re.Match[str]) -> str:
        which = m[2] or m[3]
        if m[1]:
            return "$"
        if not which:
            raise low.p.unsupported("a replacement of this kind", node)
        number = int(which) if which.isdigit() else regex.names.get(which)
        if number is None or number > len(regex.groups):
            # Go takes a group that there is not for an empty one.
            return ""
        return rf"\g<{which}>"

    made = _REFERENCE.sub(reference, v.const.replace("\\", r"\\"))
    template(made, regex)
    return ir.Intrinsic("regex.replace", [pattern, text, ir.Lit(made, type=ir.STR), every], type=ir.STR)


def _by_function(
    low: ExpressionLowerer, pattern: ir.Name, text: ir.Expr, found: ir.MatchT, f: SyntaxNode, node: SyntaxNode
) -> ir.Expr:
    """Each match replaced by what a function makes of its text."""
    made = low.expr(f, Func((STRING,), (STRING,))).expr
    if not isinstance(made, ir.Lambda) or len(made.params) != 1:
        raise low.p.unsupported("a replacement by this function", node)
    name = made.params[0].name
    match = ir.Name(name, type=found)

    kind = ir.FuncT((found,), ir.STR, raises=False, context=False)
    by_match = ir.Lambda([ir.Param(name, found)], made.body, type=kind)
    rewrite(by_match, lambda e: group(match, 0) if isinstance(e, ir.Name) and e.id == name else e)
    return ir.Intrinsic("regex.replace_with", [pattern, text, by_match], type=ir.STR)


def submatch(low: ExpressionLowerer, obj: V, index: SyntaxNode, node: SyntaxNode) -> V:
    """`m[1]`: the text of a group, empty where the match has it not."""
    from foundation_engine.port.front._go_expr import V

    number = low.expr(index).const
    if not isinstance(number, int):
        raise low.p.unsupported("a group whose number is computed", node)
    made = group(low.present_value(obj).expr, number)
    return V(group_text(made) or made, STRING)


def counted(low: ExpressionLowerer, op: str, left: SyntaxNode, right: SyntaxNode) -> ir.Expr | None:
    """`len(m) == 3` of a match, which asks whether there is one; None for another comparison."""
    if left.type != "call_expression" or low.p.text(low.child(left, "function")) != "len":
        return None
    operand = low.named(low.child(left, "arguments"))[0]
    if operand.type != "identifier" or low.lookup(low.p.text(operand)) is None:
        return None
    v = low.expr(operand)
    t: GoType = v.go
    bound = low.expr(right).const
    if not isinstance(t, Match) or not isinstance(bound, int):
        return None
    size = len(parsed(t.pattern, t.flags).groups) + 1
    compare = {
        "==": int.__eq__, "!=": int.__ne__, "<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__,
    }[op]  # fmt: skip
    some, none = compare(size, bound), compare(0, bound)
    if some == none or not isinstance(v.expr.type, ir.OptionalT):
        return ir.Lit(bool(some), type=ir.BOOL)
    return ir.Intrinsic("is_some" if some else "is_none", [v.expr], type=ir.BOOL)
