"""Go's comparison functions as keys: what a list is sorted by, and in which direction."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front._go_types import GoType, Slice, is_float, is_int

if TYPE_CHECKING:
    from foundation_engine.port.front._go_expr import ExpressionLowerer, V


def index_order(low: ExpressionLowerer, items: SyntaxNode, less: SyntaxNode) -> tuple[ir.Expr | None, bool]:
    """The key and direction of `func(i, j int) bool`."""
    if less.type != "func_literal":
        raise low.p.unsupported("a comparison function that is not written in place", less)
    info = low.p.signature(less, "less")
    if len(info.params) != 2:
        raise low.p.unsupported("a comparison function of this kind", less)
    over = low.p.text(items)
    names = {f"{over}[{info.params[0][0]}]": "a", f"{over}[{info.params[1][0]}]": "b"}
    return _order(low, items, less, names, three_way=False)


def compare_order(
    low: ExpressionLowerer, items: SyntaxNode, compare: SyntaxNode
) -> tuple[ir.Expr | None, bool]:
    """The key and direction of `func(a, b T) int`."""
    if compare.type == "selector_expression" and low.p.text(compare) in ("strings.Compare", "cmp.Compare"):
        return None, False
    if compare.type != "func_literal":
        raise low.p.unsupported("a comparison function that is not written in place", compare)
    info = low.p.signature(compare, "compare")
    if len(info.params) != 2:
        raise low.p.unsupported("a comparison function of this kind", compare)
    names = {info.params[0][0]: "a", info.params[1][0]: "b"}
    return _order(low, items, compare, names, three_way=True)


def _order(
    low: ExpressionLowerer, items: SyntaxNode, function: SyntaxNode, names: dict[str, str], three_way: bool
) -> tuple[ir.Expr | None, bool]:
    v = low.expr(items)
    t = low.types.underlying(v.go)
    if not isinstance(t, Slice):
        raise low.p.unsupported("a sort of this", items)
    body = low.child(function, "body")
    statements = [s for c in low.named(body) for s in (low.named(c) if c.type == "statement_list" else [c])]
    comparer = _Comparer(low, t.elem, names, three_way)
    if statements and statements[0].type == "short_var_declaration":
        # `a, b := items[i], items[j]` gives the elements names.
        named, given = (low.named(low.child(statements[0], side)) for side in ("left", "right"))
        sides = [names.get(low.p.text(g)) for g in given]
        if len(named) != len(given) or None in sides:
            raise low.p.unsupported("a comparison function of this kind", function)
        names.update({low.p.text(n): s for n, s in zip(named, sides, strict=True) if s is not None})
        statements = statements[1:]
    keys: list[tuple[ir.Expr, bool]] = []
    last: list[tuple[ir.Expr, bool]] = []
    expected: list[ir.Expr] = []
    for i, s in enumerate(statements):
        signed = comparer.three(statements[i:])
        if signed is not None:
            keys.append(signed)
            break
        if s.type == "return_statement":
            keys.append(comparer.comparison(low.named(low.named(s)[0])[0]))
            break
        asked, key, equal = comparer.tie(s)
        if equal:
            # `if a.X == b.X { return a.Y < b.Y }` decides after what the rest decides by X.
            last.insert(0, key)
            expected.append(asked)
        else:
            keys.append(key)
    if expected and (len(expected) > 1 or not keys or not ir.same(keys[-1][0], expected[0])):
        raise low.p.unsupported("a comparison function of this kind", function)
    return comparer.key([*keys, *last], function)


class _Comparer:
    def __init__(self, low: ExpressionLowerer, elem: GoType, names: dict[str, str], three_way: bool) -> None:
        self.low = low
        self.elem = elem
        self.names = names
        self.three_way = three_way
        self.param = low.fresh_name("item", low.types.ir(elem))

    def side(self, node: SyntaxNode) -> tuple[str, ir.Expr]:
        """Which element an operand is computed from, and its value for `item`."""
        low = self.low
        found: set[str] = set()

        def visit(n: SyntaxNode) -> None:
            if low.p.text(n) in self.names:
                found.add(self.names[low.p.text(n)])
                return
            for c in low.named(n):
                visit(c)

        visit(node)
        if len(found) != 1:
            raise low.p.unsupported("a comparison function of this kind", node)
        return found.pop(), self._lower(node)

    def _lower(self, node: SyntaxNode) -> ir.Expr:
        from foundation_engine.port.front._go_expr import V

        low = self.low
        item = ir.Name(self.param, type=low.types.ir(self.elem))
        texts = self.names

        def lowered(n: SyntaxNode) -> V:
            if low.p.text(n) in texts:
                return V(item, self.elem)
            if n.type == "selector_expression":
                return low.field_of(lowered(low.child(n, "operand")), low.p.text(low.child(n, "field")), n)
            if n.type == "call_expression" and low.p.text(low.child(n, "function")) == "len":
                inner = lowered(low.named(low.child(n, "arguments"))[0])
                op = "str.byte_len" if inner.expr.type == ir.STR else "len"
                from foundation_engine.port.front._go_types import INT

                return V(ir.Intrinsic(op, [inner.expr], type=ir.INT), INT)
            if n.type == "index_expression":
                from foundation_engine.port.front._go_types import Map

                over = low.expr(low.child(n, "operand"))
                t = low.types.underlying(over.go)
                if isinstance(t, Map):
                    key = lowered(low.child(n, "index"))
                    zero = low.zero(t.value, n)
                    e = ir.Intrinsic("dict.get_or", [over.expr, key.expr, zero], type=low.types.ir(t.value))
                    return V(e, t.value)
            raise low.p.unsupported("a comparison function of this kind", node)

        return lowered(node).expr

    def comparison(self, node: SyntaxNode) -> tuple[ir.Expr, bool]:
        """`a.X < b.X`, `cmp.Compare(a.X, b.X)` or `a.X - b.X`: the key and whether it falls."""
        low = self.low
        if self.three_way:
            if node.type == "call_expression" and low.p.text(low.child(node, "function")) in (
                "cmp.Compare",
                "strings.Compare",
            ):
                left, right = low.named(low.child(node, "arguments"))
                return self._pair(left, right, node)
            if node.type == "unary_expression" and low.p.text(node).startswith("-"):
                key, falls = self.comparison(low.child(node, "operand"))
                return key, not falls
            if node.type == "binary_expression" and low.p.text(low.child(node, "operator")) == "-":
                return self._pair(low.child(node, "left"), low.child(node, "right"), node)
            raise low.p.unsupported("a comparison function of this kind", node)
        if node.type != "binary_expression" or low.p.text(low.child(node, "operator")) not in ("<", ">"):
            raise low.p.unsupported("a comparison function of this kind", node)
        key, falls = self._pair(low.child(node, "left"), low.child(node, "right"), node)
        return key, falls != (low.p.text(low.child(node, "operator")) == ">")

    def _pair(self, left: SyntaxNode, right: SyntaxNode, node: SyntaxNode) -> tuple[ir.Expr, bool]:
        a, key = self.side(left)
        b, other = self.side(right)
        if {a, b} != {"a", "b"} or not ir.same(key, other):
            raise self.low.p.unsupported("a comparison function of this kind", node)
        return key, a == "b"

    def tie(self, s: SyntaxNode) -> tuple[ir.Expr, tuple[ir.Expr, bool], bool]:
        """What a comparison first asks about, the key that decides then, and whether it asks for equality.

        `if a.X != b.X { return a.X > b.X }`, `if c := cmp.Compare(a.X, b.X); c != 0 { return c }`, and
        `if a.X == b.X { return a.Y < b.Y }`.
        """
        low = self.low
        if s.type != "if_statement" or s.child_by_field_name("alternative") is not None:
            raise low.p.unsupported("a comparison function of this kind", s)
        first = s.child_by_field_name("initializer")
        if first is not None:
            made = self.comparison(low.named(low.child(first, "right"))[0])
            return made[0], made, False
        condition = low.child(s, "condition")
        op = low.p.text(low.child(condition, "operator")) if condition.type == "binary_expression" else ""
        if op not in ("!=", "=="):
            raise low.p.unsupported("a comparison function of this kind", s)
        asked, _ = self._pair(low.child(condition, "left"), low.child(condition, "right"), s)
        block = low.child(s, "consequence")
        inner = [x for c in low.named(block) for x in (low.named(c) if c.type == "statement_list" else [c])]
        signed = self.signed(inner) if op == "!=" else None
        if signed is not None:
            key = signed
        elif len(inner) != 1 or inner[0].type != "return_statement":
            raise low.p.unsupported("a comparison function of this kind", s)
        else:
            key = self.comparison(low.named(low.named(inner[0])[0])[0])
        if op == "!=" and not ir.same(asked, key[0]):
            raise low.p.unsupported("a comparison function of this kind", s)
        return asked, key, op == "=="

    def three(self, statements: list[SyntaxNode]) -> tuple[ir.Expr, bool] | None:
        """`if a.X < b.X { return -1 }`, `if a.X > b.X { return 1 }`, `return 0`, None for something else."""
        low = self.low
        if len(statements) != 3 or low.p.text(statements[2]) != "return 0" or not self.three_way:
            return None
        found: list[tuple[ir.Expr, bool]] = []
        for s in statements[:2]:
            if s.type != "if_statement" or s.child_by_field_name("initializer") is not None:
                return None
            m = re.fullmatch(r"\{\s*return (-?)1\s*\}", low.p.text(low.child(s, "consequence")))
            condition = low.child(s, "condition")
            op = low.p.text(low.child(condition, "operator")) if condition.type == "binary_expression" else ""
            if m is None or op not in ("<", ">"):
                return None
            key, falls = self._pair(low.child(condition, "left"), low.child(condition, "right"), condition)
            found.append((key, falls != ((op == ">") != (m[1] == ""))))
        same = ir.same(found[0][0], found[1][0]) and found[0][1] == found[1][1]
        return found[0] if same else None

    def signed(self, statements: list[SyntaxNode]) -> tuple[ir.Expr, bool] | None:
        """`if a.X < b.X { return -1 }` and `return 1` after it, None for something else."""
        low = self.low
        if not self.three_way or len(statements) != 2 or statements[0].type != "if_statement":
            return None
        first = re.fullmatch(r"\{\s*return (-?1)\s*\}", low.p.text(low.child(statements[0], "consequence")))
        second = re.fullmatch(r"return (-?1)", low.p.text(statements[1]))
        condition = low.child(statements[0], "condition")
        op = low.p.text(low.child(condition, "operator")) if condition.type == "binary_expression" else ""
        if first is None or second is None or {first[1], second[1]} != {"1", "-1"} or op not in ("<", ">"):
            return None
        key, falls = self._pair(low.child(condition, "left"), low.child(condition, "right"), condition)
        return key, falls != ((op == ">") != (first[1] == "1"))

    def key(self, keys: list[tuple[ir.Expr, bool]], node: SyntaxNode) -> tuple[ir.Expr | None, bool]:
        """One key and direction for all: a number that goes the other way is negated."""
        reverse = keys[0][1]
        if len(keys) == 1:
            return self._lambda(keys[0][0]), reverse
        directions = {falls for _, falls in keys}
        if len(directions) > 1:
            # Numbers can be negated, so that everything goes the way of what cannot.
            fixed = {falls for k, falls in keys if k.type not in (ir.INT, ir.FLOAT)}
            if len(fixed) > 1:
                raise self.low.p.unsupported("a sort by texts in different directions", node)
            reverse = fixed.pop() if fixed else False
        parts: list[ir.Expr] = []
        for k, falls in keys:
            if falls == reverse:
                parts.append(k)
            else:
                parts.append(ir.Intrinsic("int.neg" if k.type == ir.INT else "float.neg", [k], type=k.type))
        return self._lambda(ir.TupleLit(parts, type=ir.TupleT(tuple(p.type for p in parts)))), reverse

    def _lambda(self, body: ir.Expr) -> ir.Expr | None:
        t = self.low.types.ir(self.elem)
        if isinstance(body, ir.Name):
            return None
        return ir.Lambda(
            [ir.Param(self.param, t)], body, type=ir.FuncT((t,), body.type, raises=False, context=False)
        )


__all__ = ["compare_order", "index_order", "is_float", "is_int"]
