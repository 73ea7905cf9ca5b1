"""Rust's iterator chains: comprehensions where every closure is an expression, loops where one needs statements."""

# ruff: noqa: S101, PT018 - assertions here narrow types that the grammar guarantees, two at a time.
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front import _rust_types as rt
from foundation_engine.port.front._rust_body import (
    Dest,
    NeedStatements,
    V,
    is_pure,
    is_stable,
    lit,
    negate,
    number,
    op,
    text_lit,
)
from foundation_engine.port.front._rust_expr import Expressions
from foundation_engine.port.front._rust_scope import closure_parameters, code_children
from foundation_engine.port.front._rust_types import RType, is_float, is_int, resolve, to_ir, unify, words
from foundation_engine.port.ir import Unsupported

STARTS = frozenset(
    {
        "iter",
        "into_iter",
        "iter_mut",
        "chars",
        "lines",
        "split",
        "split_whitespace",
        "windows",
        "chunks",
        "keys",
        "values",
        "values_mut",
        "drain",
        "splitn",
        "into_values",
        "into_keys",
        "intersection",
        "union",
        "difference",
        "bytes",
        "split_terminator",
    }
)
STAGES = frozenset(
    {"map", "filter", "filter_map", "inspect", "flat_map", "take_while", "skip_while", "map_while"}
)
_ENDING = frozenset({"take_while", "map_while"})
ADAPTERS = frozenset(
    {
        "rev",
        "enumerate",
        "zip",
        "take",
        "skip",
        "step_by",
        "chain",
        "cloned",
        "copied",
        "by_ref",
        "peekable",
        "flatten",
        "fuse",
    }
)
TERMINALS = frozenset(
    {
        "collect",
        "sum",
        "product",
        "count",
        "any",
        "all",
        "fold",
        "for_each",
        "position",
        "find",
        "find_map",
        "max",
        "min",
        "max_by_key",
        "min_by_key",
        "last",
        "next",
        "nth",
        "partition",
        "unzip",
        "try_for_each",
        "max_by",
        "min_by",
        "join",
    }
)


@dataclass
class Chain:
    """An iterator: what it runs over, the type of that, and the closures applied to each element in order."""

    base: ir.Expr
    elem: RType
    stages: list[tuple[str, SyntaxNode]] = field(default_factory=list[tuple[str, SyntaxNode]])
    mutable: bool = False


class Iterators(Expressions):
    """Iterator chains and loops over them."""

    # Where a chain starts

    def chain(self, node: SyntaxNode) -> Chain | None:
        """The chain that an expression is, None when it is not an iterator."""
        if node.type == "parenthesized_expression":
            return self.chain(code_children(node)[0])
        if node.type == "range_expression":
            return self._range(node)
        if node.type == "reference_expression":
            inner = [c for c in code_children(node) if c.type != "mutable_specifier"][-1]
            found = self.chain(inner)
            if found is not None and any(c.type == "mutable_specifier" for c in node.children):
                found.mutable = True
            return found
        if node.type != "call_expression":
            return None
        head = node.child_by_field_name("function")
        if head is not None and head.type == "generic_function":
            head = head.child_by_field_name("function")
        if head is None or head.type != "field_expression":
            return None
        name = self.src(head.child_by_field_name("field") or head)
        receiver = head.child_by_field_name("value")
        assert receiver is not None
        args = self.arguments(node)
        if name in STARTS:
            return self._start(name, receiver, args, node)
        if name in STAGES or name in ADAPTERS:
            inner = self.chain(receiver)
            if inner is None:
                # A Vec has none of these: it is what a parameter of type `impl Iterator` is.
                inner = self.given_iterator(receiver)
                if inner is None:
                    return None
            return self._extend(inner, name, args, node)
        return None

    def given_iterator(self, node: SyntaxNode) -> Chain | None:
        """The chain over an iterator that a variable holds, which is a list in the port; None for another value."""
        t = self._quiet_type(node)
        return Chain(self.x(node).e, t.elem) if isinstance(t, rt.Vec) else None

    def _quiet_type(self, node: SyntaxNode) -> RType:
        try:
            return resolve(self.peek(node))
        except Unsupported:
            return rt.UNIT

    def _range(self, node: SyntaxNode) -> Chain:
        start, end, inclusive = self.bounds(node)
        if start is None or end is None:
            raise self.fail("a range without an end", node)
        a, b = self.both(start, end)
        self.unify(a.t, b.t, node)
        if resolve(a.t) == rt.CHAR:
            raise self.fail("a range of characters", node)
        stop = b.e
        if inclusive:
            stop = (
                number(b.e.value + 1) if isinstance(b.e, ir.Lit) else op("int.add", [b.e, number(1)], ir.INT)
            )
        return Chain(op("range", [a.e, stop, number(1)], ir.IterT(ir.INT)), a.t)

    def _start(
        self, name: str, receiver: SyntaxNode, args: list[SyntaxNode], node: SyntaxNode
    ) -> Chain | None:
        if name in ("iter", "into_iter", "iter_mut") and not args:
            inner = self.chain(receiver)
            if inner is not None:
                return inner
        v = self.x(receiver)
        t = resolve(v.t)
        match name, t:
            case ("iter" | "into_iter" | "iter_mut", rt.Vec(elem)):
                return Chain(v.e, elem, mutable=name == "iter_mut")
            case ("drain", rt.Vec(elem)):
                copied = self.temp("drained", V(op("list.copy", [v.e], to_ir(t)), t))
                self.emit(ir.ExprStmt(op("list.clear", [v.e], ir.NONE)), node)
                return Chain(copied.e, elem)
            case ("iter" | "into_iter", rt.Set(elem, ordered)):
                return Chain(
                    self._sorted(op("to_list", [v.e], to_ir(rt.Vec(elem))), elem) if ordered else v.e, elem
                )
            case ("iter" | "into_iter" | "iter_mut", rt.Map()):
                return self.map_items(v, t)
            case ("iter" | "into_iter", rt.Opt()):
                raise self.fail("iteration over an Option", node)
            case ("keys" | "into_keys", rt.Map(key, _, ordered)):
                if ordered:
                    return Chain(self._sorted_keys(v.e, key), key)
                return Chain(op("dict.keys", [v.e], ir.IterT(self.stored(key))), key)
            case ("values" | "into_values" | "values_mut", rt.Map(key, value, ordered)):
                if not ordered:
                    if name == "values_mut" and not self.changeable(value):
                        raise self.fail("values_mut of values that are not objects", node)
                    return Chain(op("dict.values", [v.e], ir.IterT(self.stored(value))), value)
                held = self.stable(v, "table")
                k = self.fresh("key", key)
                name_e = ir.Name(k, type=self.stored(key))
                clause = ir.Clause(ir.VarTarget(k, type=self.stored(key)), self._sorted_keys(held.e, key), [])
                at = op("dict.index", [held.e, name_e], self.stored(value))
                return Chain(ir.Comp("iter", at, [clause], type=ir.IterT(self.stored(value))), value)
            case ("intersection" | "union" | "difference", rt.Set(elem, ordered)):
                w = self.x(args[0], t)
                made = op(f"set.{name}", [v.e, w.e], to_ir(t))
                return Chain(
                    self._sorted(op("to_list", [made], to_ir(rt.Vec(elem))), elem) if ordered else made, elem
                )
            case ("chars", rt.Simple("text")):
                return Chain(v.e, rt.CHAR)
            case ("lines", rt.Simple("text")):
                held = self.stable(v, "text").e
                ends = op("str.replace", [held, lit("\r\n", ir.STR), lit("\n", ir.STR)], ir.STR)
                kept = op("str.removesuffix", [ends, lit("\n", ir.STR)], ir.STR)
                split = op("str.split", [kept, lit("\n", ir.STR)], ir.ListT(ir.STR))
                empty = op("eq", [held, lit("", ir.STR)], ir.BOOL)
                nothing = ir.ListLit([], type=ir.ListT(ir.STR))
                return Chain(ir.Cond(empty, nothing, split, type=ir.ListT(ir.STR)), rt.TEXT)
            case ("windows" | "chunks", rt.Vec(elem)):
                return self._pieces(self.stable(v, "items"), name, args[0], elem)
            case ("split_whitespace", rt.Simple("text")):
                return Chain(op("str.split_ws", [v.e], ir.ListT(ir.STR)), rt.TEXT)
            case ("split", rt.Simple("text")):
                return Chain(op("str.split", [v.e, self.separator(args[0])], ir.ListT(ir.STR)), rt.TEXT)
            case ("splitn", rt.Simple("text")):
                n = self.x(args[0], rt.USIZE)
                if not isinstance(n.e, ir.Lit) or n.e.value < 1:
                    raise self.fail("splitn with a computed number", node)
                return Chain(
                    op(
                        "str.split_n", [v.e, self.separator(args[1]), number(n.e.value - 1)], ir.ListT(ir.STR)
                    ),
                    rt.TEXT,
                )
            case _:
                return None

    def _pieces(self, v: V, name: str, size: SyntaxNode, elem: RType) -> Chain:
        """`windows(n)` and `chunks(n)`: slices of a list, from positions that are counted."""
        n = self.stable(self.x(size, rt.USIZE), "size")
        t = rt.Vec(elem)
        at = self.fresh("start", rt.USIZE)
        name_at = ir.Name(at, type=ir.INT)
        length = op("len", [v.e], ir.INT)
        if name == "windows":
            count = op("int.sub", [op("int.add", [length, number(1)], ir.INT), n.e], ir.INT)
            low: ir.Expr = name_at
            high: ir.Expr = op("int.add", [name_at, n.e], ir.INT)
        else:
            whole = op("int.sub", [op("int.add", [length, n.e], ir.INT), number(1)], ir.INT)
            count = op("int.floordiv", [whole, n.e], ir.INT, "ZeroDivisionError")
            low = op("int.mul", [name_at, n.e], ir.INT)
            high = op("min", [op("int.add", [low, n.e], ir.INT), length], ir.INT)
        piece = op("list.slice", [v.e, low, high], to_ir(t))
        steps = op("range", [number(0), count, number(1)], ir.IterT(ir.INT))
        clause = ir.Clause(ir.VarTarget(at, type=ir.INT), steps, [])
        return Chain(ir.Comp("iter", piece, [clause], type=ir.IterT(to_ir(t))), t)

    def separator(self, node: SyntaxNode) -> ir.Expr:
        """A pattern of a text: a string or a character."""
        v = self.x(node)
        t = resolve(v.t)
        if isinstance(v.e, ir.Lit) and t == rt.CHAR:
            return text_lit(str(v.e.value))
        if t not in (rt.TEXT, rt.CHAR):
            raise self.fail("a pattern of a text that is not a string or a character", node)
        return self.store(v.e)

    def _sorted(self, e: ir.Expr, elem: RType) -> ir.Expr:
        if not (is_int(elem) or resolve(elem) in (rt.TEXT, rt.CHAR)):
            raise Unsupported(f"the order of {words(elem)}")
        return op("sorted", [e, lit(None, ir.NONE), lit(False, ir.BOOL)], to_ir(rt.Vec(elem)))

    def _sorted_keys(self, e: ir.Expr, key: RType) -> ir.Expr:
        keys = op("to_list", [op("dict.keys", [e], ir.IterT(self.stored(key)))], to_ir(rt.Vec(key)))
        return self._sorted(keys, key)

    def map_items(self, v: V, t: rt.Map) -> Chain:
        """The pairs of a map."""
        pair = rt.Tuple((t.key, t.value))
        kind = to_ir(pair)
        if not t.ordered:
            return Chain(op("dict.items", [v.e], ir.IterT(kind)), pair)
        held = self.stable(v, "table")
        k = self.fresh("key", t.key)
        name = ir.Name(k, type=self.stored(t.key))
        clause = ir.Clause(ir.VarTarget(k, type=name.type), self._sorted_keys(held.e, t.key), [])
        made = ir.TupleLit([name, op("dict.index", [held.e, name], self.stored(t.value))], type=kind)
        return Chain(ir.Comp("iter", made, [clause], type=ir.IterT(kind)), pair)

    def _extend(self, c: Chain, name: str, args: list[SyntaxNode], node: SyntaxNode) -> Chain:
        if name in STAGES:
            if name in ("inspect", "skip_while"):
                raise self.fail(f"the iterator {name}", node)
            if name in _ENDING and any(stage == "flat_map" for stage, _ in c.stages):
                raise self.fail(f"the iterator {name} behind flat_map", node)
            return Chain(c.base, c.elem, [*c.stages, (name, args[0])], c.mutable)
        if name in ("cloned", "copied"):
            if self.changeable(c.elem) and not c.stages:
                raise self.fail("copies of elements that can be changed, in a chain", node)
            return c
        if name in ("by_ref", "peekable", "fuse"):
            raise self.fail(f"an iterator that is kept ({name})", node)
        if name == "rev" and not c.stages and isinstance(c.base, ir.Intrinsic) and c.base.op == "range":
            start, stop, step = c.base.args
            assert isinstance(step, ir.Lit)
            if step.value != 1:
                raise self.fail("a reversed range with a step", node)
            return Chain(
                op("range", [self._minus_one(stop), self._minus_one(start), number(-1)], ir.IterT(ir.INT)),
                c.elem,
            )
        if name == "step_by" and not c.stages and isinstance(c.base, ir.Intrinsic) and c.base.op == "range":
            n = self.x(args[0], rt.USIZE)
            if not isinstance(n.e, ir.Lit):
                raise self.fail("step_by with a computed step", node)
            start, stop, _ = c.base.args
            return Chain(op("range", [start, stop, n.e], ir.IterT(ir.INT)), c.elem)
        if name == "rev" and not c.stages and c.base.type == ir.STR:
            return Chain(op("str.reversed", [c.base], ir.STR), rt.CHAR)
        if name == "enumerate":
            inner = self.iterable(c)
            pair = rt.Tuple((rt.USIZE, inner.t))
            return Chain(op("enumerate", [inner.e, number(0)], ir.IterT(to_ir(pair))), pair)
        if name == "flatten":
            t = resolve(c.elem)
            if isinstance(t, rt.Opt) and not c.stages:
                made = self.fresh("item", rt.Var())
                held = ir.Name(made, type=to_ir(t))
                clause = ir.Clause(ir.VarTarget(made, type=held.type), c.base, [self.is_some(held)])
                return Chain(
                    ir.Comp("iter", self.unwrap(held, t.elem), [clause], type=ir.IterT(self.stored(t.elem))),
                    t.elem,
                )
            raise self.fail("flatten", node)
        listed = self.listed(c, node)
        t = resolve(listed.t)
        assert isinstance(t, rt.Vec)
        kind = to_ir(t)
        match name:
            case "rev":
                return Chain(op("reversed", [listed.e], ir.IterT(self.stored(t.elem))), t.elem)
            case "take":
                n = self.x(args[0], rt.USIZE)
                return Chain(op("list.slice", [listed.e, lit(None, ir.NONE), n.e], kind), t.elem)
            case "skip":
                n = self.x(args[0], rt.USIZE)
                return Chain(op("list.slice", [listed.e, n.e, lit(None, ir.NONE)], kind), t.elem)
            case "step_by":
                n = self.x(args[0], rt.USIZE)
                if not isinstance(n.e, ir.Lit):
                    raise self.fail("step_by with a computed step", node)
                return Chain(
                    op("list.stride", [listed.e, lit(None, ir.NONE), lit(None, ir.NONE), n.e], kind), t.elem
                )
            case "zip" | "chain":
                other = self.chain(args[0])
                if other is None:
                    w = self.x(args[0])
                    wt = resolve(w.t)
                    if not isinstance(wt, rt.Vec):
                        raise self.fail(f"{name} with {words(wt)}", node)
                    other = Chain(w.e, wt.elem)
                more = self.listed(other, node)
                mt = resolve(more.t)
                assert isinstance(mt, rt.Vec)
                if name == "chain":
                    self.unify(t.elem, mt.elem, node)
                    return Chain(op("list.concat", [listed.e, more.e], kind), t.elem)
                pair = rt.Tuple((t.elem, mt.elem))
                return Chain(op("zip", [listed.e, more.e], ir.IterT(to_ir(pair))), pair)
            case _:
                raise self.fail(f"the iterator {name}", node)

    def _minus_one(self, e: ir.Expr) -> ir.Expr:
        if isinstance(e, ir.Lit):
            return number(e.value - 1)
        if (
            isinstance(e, ir.Intrinsic)
            and e.op == "int.add"
            and isinstance(e.args[1], ir.Lit)
            and e.args[1].value == 1
        ):
            return e.args[0]
        return op("int.sub", [e, number(1)], ir.INT)

    # From a chain to a value

    def iterable(self, c: Chain) -> V:
        """The chain as something to iterate over: its base, or a comprehension."""
        if not c.stages:
            return V(c.base, c.elem)
        return self._comprehension(c, "iter")

    def _comprehension(self, c: Chain, kind: str) -> V:
        """The chain as a comprehension of this kind ("iter" or "list"), with the type of its elements."""
        with self.pure(), self.inside():
            self.closure_depth += 1
            saved, self.returned = self.returned, None
            try:
                return self._staged(c, kind)
            finally:
                self.closure_depth -= 1
                self.returned = saved

    def _staged(self, c: Chain, kind: str) -> V:
        clauses: list[ir.Clause] = []
        elem: V | None = None
        base, t = c.base, c.elem
        for i, (name, node) in enumerate(c.stages):
            if elem is None and isinstance(base, ir.Comp) and isinstance(base.elem, ir.TupleLit):
                # The sorted pairs of a map: the keys are iterated over, and the value is read where it is used.
                clauses = [ir.Clause(c2.target, c2.iter, list(c2.conds)) for c2 in base.clauses]
                elem = V(base.elem, t)
            elif elem is None:
                target, elem = self._clause_target(node, base, t)
                clauses.append(ir.Clause(target, base, []))
            elif not is_stable(elem.e) and not is_pair(elem.e) and (name != "map" or self._uses_twice(node)):
                # The value is read more than once from here on: iterate over what there is so far.
                inner = ir.Comp("iter", self.store(elem.e), clauses, type=ir.IterT(self.stored(elem.t)))
                target, elem = self._clause_target(node, inner, elem.t)
                clauses = [ir.Clause(target, inner, [])]
            del i
            made = self.apply(node, [elem])
            match name:
                case "filter":
                    self.unify(made.t, rt.BOOL, node)
                    clauses[-1].conds.append(made.e)
                case "map":
                    elem = made
                case "filter_map":
                    ot = resolve(made.t)
                    if not isinstance(ot, rt.Opt):
                        raise self.fail("filter_map with something that is not an Option", node)
                    if (
                        isinstance(made.e, ir.Cond)
                        and isinstance(made.e.orelse, ir.Lit)
                        and isinstance(made.e.body, ir.Wrap)
                    ):
                        clauses[-1].conds.append(made.e.test)
                        elem = V(made.e.body.value, ot.elem)
                    elif is_stable(made.e):
                        clauses[-1].conds.append(self.is_some(made.e))
                        elem = V(self.unwrap(made.e, ot.elem), ot.elem)
                    else:
                        inner = ir.Comp("iter", made.e, clauses, type=ir.IterT(made.e.type))
                        name2 = self.fresh("found", made.t)
                        held = ir.Name(name2, type=made.e.type)
                        clauses = [
                            ir.Clause(ir.VarTarget(name2, type=held.type), inner, [self.is_some(held)])
                        ]
                        elem = V(self.unwrap(held, ot.elem), ot.elem)
                case "flat_map" | "take_while" | "map_while":
                    raise NeedStatements(name)
                case _:
                    raise self.fail(f"the iterator {name}", node)
        assert elem is not None
        if isinstance(resolve(elem.t), rt.Res):
            t2 = resolve(elem.t)
            assert isinstance(t2, rt.Res)
            if kind == "iter":
                raise self.fail("an iterator of Results", c.stages[-1][1])
            made_t: ir.Type = to_ir(rt.Vec(t2.ok))
            return V(ir.Comp("list", self.store(elem.e), clauses, type=made_t), elem.t)
        value = self.store(elem.e)
        t3 = ir.IterT(self.stored(elem.t)) if kind == "iter" else to_ir(rt.Vec(elem.t))
        return V(ir.Comp(kind, value, clauses, type=t3), elem.t)

    def _uses_twice(self, node: SyntaxNode) -> bool:
        if node.type != "closure_expression":
            return False
        params = node.child_by_field_name("parameters")
        body = node.child_by_field_name("body")
        if params is None or body is None or len(closure_parameters(params)) != 1:
            return True
        name = self.plain_name(closure_parameters(params)[0])
        if name is None:
            return True
        text = self.src(body)
        return len(re.findall(rf"\b{re.escape(name)}\b", text)) > 1

    def _clause_target(self, closure: SyntaxNode, base: ir.Expr, t: RType) -> tuple[ir.Target, V]:
        """The variable of a clause, named as the closure's parameter where that is a plain name."""
        hints: list[str] = []
        if closure.type == "closure_expression":
            params = closure.child_by_field_name("parameters")
            if params is not None and closure_parameters(params):
                p = closure_parameters(params)[0]
                if p.type == "parameter":
                    p = p.child_by_field_name("pattern") or p
                while p.type in ("reference_pattern", "ref_pattern", "mut_pattern"):
                    p = code_children(p)[-1]
                name = self.plain_name(p)
                if name is not None and name != "_":
                    hints = [name]
                elif p.type == "tuple_pattern":
                    hints = [self.plain_name(q) or "item" for q in self.pattern_parts(p)]
        return self.loop_target(hints, base, t)

    def loop_target(self, hints: list[str], base: ir.Expr, t: RType) -> tuple[ir.Target, V]:
        """The variable or variables of a loop, and the element that they make."""
        rtype = resolve(t)
        if isinstance(rtype, rt.Tuple) and (len(hints) == len(rtype.elems) or len(hints) == 0):
            names = hints or ["first", "second", "third", "fourth"][: len(rtype.elems)]
            targets: list[ir.Target] = []
            parts: list[ir.Expr] = []
            for n, kind in zip(names, rtype.elems, strict=True):
                part_type = self._element_ir(base, kind)
                made = self.fresh("unused" if n == "_" else n, kind)
                targets.append(ir.VarTarget(made, type=part_type))
                parts.append(ir.Name(made, type=part_type))
            pair = to_ir(rtype)
            return ir.TupleTarget(targets, type=pair), V(ir.TupleLit(parts, type=pair), rtype)
        kind = ir.CHAR if base.type == ir.STR else self.stored(t)
        made = self.fresh(hints[0] if len(hints) == 1 else "item", t)
        return ir.VarTarget(made, type=kind), V(ir.Name(made, type=kind), t)

    def _element_ir(self, base: ir.Expr, kind: RType) -> ir.Type:
        if (
            resolve(kind) == rt.CHAR
            and isinstance(base, ir.Intrinsic)
            and base.op == "enumerate"
            and base.args[0].type == ir.STR
        ):
            return ir.CHAR
        return self.stored(kind)

    def apply(self, node: SyntaxNode, args: list[V]) -> V:
        """What a closure, or a function given by name, makes of values: its body in their place."""
        if node.type == "closure_expression":
            params = node.child_by_field_name("parameters")
            body = node.child_by_field_name("body")
            assert params is not None and body is not None
            patterns = closure_parameters(params)
            if not args and [self.src(p) for p in patterns] == ["_"]:
                # The error of an absent variable of the environment, which is an optional here.
                patterns = []
            if len(patterns) != len(args):
                raise self.fail("a closure with other parameters", node)
            for p, v in zip(patterns, args, strict=True):
                if p.type == "parameter":
                    kind = p.child_by_field_name("type")
                    if kind is not None:
                        unify(self.type_of(kind), v.t)
                    p = p.child_by_field_name("pattern") or p
                name = self.plain_name(p)
                if name is not None:
                    if name != "_":
                        self.bind(name, v.e, v.t)
                    continue
                if not is_stable(v.e) and not is_pair(v.e):
                    v = self.stable(v, "pair")
                tests, binds = self.pattern(p, v)
                if tests:
                    raise self.fail("a closure's pattern that may not match", p)
                for n, w, _ in binds:
                    self.bind(n, w.e, w.t)
            if body.type == "block":
                return self._closure_block(body)
            return self.x(body)
        return self.call_named(node, args)

    def _closure_block(self, body: SyntaxNode) -> V:
        inner = code_children(body)
        if len(inner) == 1 and not (inner[0].type == "let_declaration" or self.src(inner[0]).endswith(";")):
            return self.x(inner[0])
        if not self.hoistable:
            raise NeedStatements("a block inside an expression")
        return self.x(body)

    def call_named(self, node: SyntaxNode, args: list[V]) -> V:
        """A function given by name (`String::from`, `parse_line`, `str::trim`) called with values."""
        raise NotImplementedError

    def listed(self, c: Chain, node: SyntaxNode) -> V:
        """The chain as a list; a loop makes it when a closure needs statements."""
        if not c.stages:
            t = rt.Vec(c.elem)
            if isinstance(c.base.type, ir.ListT):
                return V(c.base, t)
            if isinstance(c.base, ir.Comp) and c.base.kind == "iter":
                return V(ir.Comp("list", c.base.elem, c.base.clauses, type=to_ir(t)), t)
            if c.base.type == ir.STR or resolve(c.elem) == rt.CHAR:
                name = self.fresh("char", rt.CHAR)
                held = ir.Name(name, type=ir.CHAR)
                clause = ir.Clause(ir.VarTarget(name, type=ir.CHAR), c.base, [])
                return V(ir.Comp("list", self.store(held), [clause], type=to_ir(t)), t)
            if isinstance(c.base.type, ir.IterT | ir.SetT):
                return V(op("to_list", [c.base], to_ir(t)), t)
            if is_open(c.elem):
                return V(c.base, t)
            return V(op("to_list", [c.base], to_ir(t)), t)
        try:
            made = self._comprehension(c, "list")
        except NeedStatements:
            if not self.hoistable:
                raise
            made = self._gathered(c, node)
        t2 = resolve(made.t)
        return V(made.e, rt.Vec(t2.ok if isinstance(t2, rt.Res) else made.t))

    def _gathered(self, c: Chain, node: SyntaxNode) -> V:
        elem: RType = rt.Var()
        t = rt.Vec(elem)
        name = self.fresh("items", t)
        held = ir.Name(name, type=to_ir(t))
        start = ir.Assign(ir.VarTarget(name, type=held.type), ir.ListLit([], type=held.type))
        self.emit(start, node)
        kept: list[RType] = []

        def take(v: V) -> None:
            kept.append(v.t)
            vt = resolve(v.t)
            unify(elem, vt.ok if isinstance(vt, rt.Res) else vt)
            self.emit(
                ir.ExprStmt(op("list.append", [ir.Name(name, type=held.type), self.store(v.e)], ir.NONE)),
                node,
            )

        self.run_stages(c, take, node)
        start.target.type = start.value.type = to_ir(t)
        return V(
            ir.Name(name, type=to_ir(t)), kept[0] if kept and isinstance(resolve(kept[0]), rt.Res) else elem
        )

    def run_stages(self, c: Chain, take: Callable[[V], None], node: SyntaxNode) -> None:
        """The chain as a loop; `take` writes what happens with each element."""
        first = c.stages[0][1] if c.stages else node
        with self.inside():
            target, elem = self._clause_target(first, c.base, c.elem)
            saved_loops, self.loops = self.loops, [*self.loops, None]
            self.closure_depth += 1
            saved, self.returned = self.returned, None
            try:
                with self.capture() as body:
                    self._stage(list(c.stages), elem, take)
            finally:
                self.returned = saved
                self.closure_depth -= 1
                self.loops = saved_loops
            self.emit(self.loop_statement(target, c.base, body, node), node)

    def _stage(self, stages: list[tuple[str, SyntaxNode]], elem: V, take: Callable[[V], None]) -> None:
        if not stages:
            take(elem)
            return
        (name, node), *rest = stages
        with self.inside():
            if not is_stable(elem.e):
                elem = self.temp("item", elem)
            made = self.apply(node, [elem])
            match name:
                case "filter":
                    with self.capture() as body:
                        self._stage(rest, elem, take)
                    self.emit(ir.If(made.e, body, []), node)
                case "map":
                    self._stage(rest, made, take)
                case "take_while":
                    self.emit(ir.If(ir.Not(made.e, type=ir.BOOL), [ir.Break()], []), node)
                    self._stage(rest, elem, take)
                case "map_while":
                    t = resolve(made.t)
                    if not isinstance(t, rt.Opt):
                        raise self.fail("map_while with something that is not an Option", node)
                    held = self.stable(made, "found")
                    self.emit(ir.If(op("is_none", [held.e], ir.BOOL), [ir.Break()], []), node)
                    self._stage(rest, V(self.unwrap(held.e, t.elem), t.elem), take)
                case "filter_map":
                    t = resolve(made.t)
                    if not isinstance(t, rt.Opt):
                        raise self.fail("filter_map with something that is not an Option", node)
                    held = self.stable(made, "found")
                    with self.capture() as body:
                        self._stage(rest, V(self.unwrap(held.e, t.elem), t.elem), take)
                    self.emit(ir.If(self.is_some(held.e), body, []), node)
                case "flat_map":
                    t = resolve(made.t)
                    if not isinstance(t, rt.Vec):
                        raise self.fail("flat_map with something that is not a Vec", node)
                    target, inner = self.loop_target([], made.e, t.elem)
                    with self.capture() as body:
                        self._stage(rest, inner, take)
                    self.emit(self.loop_statement(target, made.e, body, node), node)
                case _:
                    raise self.fail(f"the iterator {name}", node)

    def loop_statement(
        self, target: ir.Target, base: ir.Expr, body: list[ir.Stmt], node: SyntaxNode
    ) -> ir.Stmt:
        """A loop over a base."""
        line = self.scope.line(node)
        if isinstance(base, ir.Intrinsic) and base.op == "range" and isinstance(target, ir.VarTarget):
            start, stop, step = base.args
            assert isinstance(step, ir.Lit)
            return ir.ForRange(target, start, stop, int(step.value), body, line=line)
        return ir.For(target, base, body, line=line)

    def loop_over(self, node: SyntaxNode, pattern: SyntaxNode, body: Callable[[], None]) -> None:
        """See `Body.loop_over`."""
        c = self.chain(node)
        if c is None:
            c = self._whole(node)
        if c.mutable and not self.changeable(c.elem) and not c.stages:
            self._by_index(c, pattern, body, node)
            return
        if (
            isinstance(c.base, ir.Comp)
            and not c.stages
            and len(c.base.clauses) == 1
            and not c.base.clauses[0].conds
        ):
            # Sorted pairs of a map: a loop over the keys, and the value read inside.
            clause = c.base.clauses[0]
            with self.capture() as inner, self.inside():
                self._bind_element(pattern, V(c.base.elem, c.elem), node)
                body()
            self.emit(self.loop_statement(clause.target, clause.iter, inner, node), node)
            return
        if c.stages:

            def take(v: V) -> None:
                self._bind_element(pattern, v, node)
                saved, self.returned = self.returned, held_return
                self.closure_depth -= 1
                try:
                    body()
                finally:
                    self.returned = saved
                    self.closure_depth += 1

            held_return = self.returned
            self.run_stages(c, take, node)
            return
        p = pattern
        while p.type in ("reference_pattern", "mut_pattern", "ref_pattern"):
            p = [q for q in code_children(p) if q.type != "mutable_specifier"][-1]
        name = self.plain_name(p)
        hints: list[str] = []
        nested = False
        if name is not None:
            hints = ["unused" if name == "_" else name]
        elif p.type == "tuple_pattern":
            parts = self.pattern_parts(p)
            names = [self.plain_name(q) for q in parts]
            hints = [n if n is not None else "item" for n in names]
            nested = any(n is None for n in names)
        with self.inside():
            if name is not None and isinstance(resolve(c.elem), rt.Tuple):
                kind = to_ir(c.elem)
                made = self.fresh(hints[0], c.elem)
                target: ir.Target = ir.VarTarget(made, type=kind)
                elem = V(ir.Name(made, type=kind), c.elem)
            else:
                target, elem = self.loop_target(hints, c.base, c.elem)
            with self.capture() as inner, self.inside():
                self._bind_element(pattern, elem, node)
                self._range_facts(c, pattern)
                body()
            del nested
            self.emit(self.loop_statement(target, c.base, inner, node), node)

    def _range_facts(self, c: Chain, pattern: SyntaxNode) -> None:
        if isinstance(c.base, ir.Intrinsic) and c.base.op == "range":
            start, stop, step = c.base.args
            name = self.plain_name(pattern)
            if name is None or not isinstance(step, ir.Lit) or step.value < 0:
                return
            if isinstance(start, ir.Lit):
                self.facts.add((name, str(start.value)))
            elif isinstance(start, ir.Name):
                self.facts.add((name, start.id))
            if isinstance(stop, ir.Name):
                self.facts.add((stop.id, name))

    def _bind_element(self, pattern: SyntaxNode, v: V, node: SyntaxNode) -> None:
        tests, binds = self.pattern(pattern, v)
        if tests:
            raise self.fail("a loop's pattern that may not match", pattern)
        self.materialize(binds, None, node)

    def _by_index(self, c: Chain, pattern: SyntaxNode, body: Callable[[], None], node: SyntaxNode) -> None:
        """`for x in list.iter_mut()` over values: a loop over positions."""
        name = self.plain_name(pattern)
        if name is None or not isinstance(c.base.type, ir.ListT | rt.Late):
            raise self.fail("iter_mut with this pattern", node)
        with self.inside():
            i = self.fresh("i", rt.USIZE)
            held = self.stable(V(c.base, rt.Vec(c.elem)))
            at = op("list.index", [held.e, ir.Name(i, type=ir.INT)], self.stored(c.elem), "IndexError")
            self.scopes[-1][name] = self._binding(at, c.elem)
            with self.capture() as inner:
                body()
            size = op("len", [held.e], ir.INT)
            self.emit(ir.ForRange(ir.VarTarget(i, type=ir.INT), number(0), size, 1, inner), node)

    def _binding(self, e: ir.Expr, t: RType):
        from foundation_engine.port.front._rust_body import Binding

        return Binding(e, t)

    def _whole(self, node: SyntaxNode) -> Chain:
        mutable = node.type == "reference_expression" and any(
            c.type == "mutable_specifier" for c in node.children
        )
        v = self.x(node)
        t = resolve(v.t)
        match t:
            case rt.Vec(elem):
                return Chain(v.e, elem, mutable=mutable)
            case rt.Set(elem, ordered):
                return Chain(
                    self._sorted(op("to_list", [v.e], to_ir(rt.Vec(elem))), elem) if ordered else v.e, elem
                )
            case rt.Map():
                if mutable and not self.changeable(t.value):
                    raise self.fail("a loop that changes the values of a map", node)
                return self.map_items(v, t)
            case rt.Simple("text"):
                raise self.fail("iteration over a String", node)
            case _:
                raise self.fail(f"iteration over {words(t)}", node)

    # Terminals

    def terminal(
        self,
        name: str,
        c: Chain,
        args: list[SyntaxNode],
        node: SyntaxNode,
        want: RType | None,
        turbofish: RType | None,
    ) -> V:
        """What a chain gives at its end."""
        match name:
            case "collect":
                return self._collect(c, node, turbofish if turbofish is not None else want)
            case "sum" | "product":
                return self._sum(name, c, node, turbofish if turbofish is not None else want)
            case "count":
                if not c.stages and (c.base.type == ir.STR or isinstance(c.base.type, ir.ListT | ir.SetT)):
                    return V(op("len", [c.base], ir.INT), rt.USIZE)
                try:
                    made = self._comprehension(Chain(c.base, c.elem, c.stages), "iter") if c.stages else None
                except NeedStatements:
                    made = None
                if made is not None and isinstance(made.e, ir.Comp):
                    counted = ir.Comp("iter", number(1), made.e.clauses, type=ir.IterT(ir.INT))
                    return V(op("sum", [counted], ir.INT), rt.USIZE)
                return V(op("len", [self.listed(c, node).e], ir.INT), rt.USIZE)
            case "any" | "all":
                inner = self._comprehension(Chain(c.base, c.elem, [*c.stages, ("map", args[0])]), "iter")
                self.unify(inner.t, rt.BOOL, node)
                return V(op(name, [inner.e], ir.BOOL), rt.BOOL)
            case "fold":
                return self._fold(c, args, node)
            case "for_each":
                self.run_stages(
                    Chain(c.base, c.elem, [*c.stages, ("map", args[0])]),
                    lambda v: self._ignored(v, node),
                    node,
                )
                return V(lit(None, ir.NONE), rt.UNIT)
            case "position" | "find" | "find_map" | "next":
                return self._first(name, c, args, node)
            case "max" | "min" | "max_by_key" | "min_by_key" | "max_by" | "min_by":
                return self._extreme(name, c, args, node)
            case "last" | "nth":
                listed = self.stable(self.listed(c, node), "items")
                t = resolve(listed.t)
                assert isinstance(t, rt.Vec)
                if name == "last":
                    some: ir.Expr = op("nonempty", [listed.e], ir.BOOL)
                    at: ir.Expr = op("from_end", [number(1)], ir.INT)
                else:
                    n = self.stable(self.x(args[0], rt.USIZE))
                    some, at = op("lt", [n.e, op("len", [listed.e], ir.INT)], ir.BOOL), n.e
                value = op("list.index", [listed.e, at], self.stored(t.elem), "IndexError")
                return V(
                    ir.Cond(some, self.wrap(value, t.elem), self.none(t.elem), type=to_ir(rt.Opt(t.elem))),
                    rt.Opt(t.elem),
                )
            case "partition":
                return self._partition(c, args, node)
            case "join":
                return V(
                    op("str.join", [self.x(args[0], rt.TEXT).e, self.listed(c, node).e], ir.STR), rt.TEXT
                )
            case _:
                raise self.fail(f"the iterator's {name}", node)

    def _ignored(self, v: V, node: SyntaxNode) -> None:
        if not is_pure(v.e):
            self.emit(ir.ExprStmt(v.e), node)

    def _collect(self, c: Chain, node: SyntaxNode, want: RType | None) -> V:
        w = resolve(want) if want is not None else None
        result: rt.Res | None = None
        if isinstance(w, rt.Res):
            result, w = w, resolve(w.ok)
        match w:
            case rt.Simple("text"):
                return self._as_text(c, node)
            case rt.Set(elem):
                listed = self.iterable_or_list(c, node)
                self.unify(listed.t, elem, node)
                if isinstance(listed.e, ir.Comp) and listed.e.kind == "iter":
                    return V(ir.Comp("set", listed.e.elem, listed.e.clauses, type=to_ir(w)), w)
                return V(op("to_set", [listed.e], to_ir(w)), w)
            case rt.Map():
                listed = self.iterable_or_list(c, node)
                pair = resolve(listed.t)
                if not isinstance(pair, rt.Tuple):
                    raise self.fail("a map from something that is not pairs", node)
                self.unify(pair, rt.Tuple((w.key, w.value)), node)
                if isinstance(listed.e, ir.Comp) and isinstance(listed.e.elem, ir.TupleLit):
                    return V(ir.Comp("dict", listed.e.elem, listed.e.clauses, type=to_ir(w)), w)
                k, v = self.fresh("key", w.key), self.fresh("value", w.value)
                names = [ir.Name(k, type=self.stored(w.key)), ir.Name(v, type=self.stored(w.value))]
                targets: list[ir.Target] = [
                    ir.VarTarget(k, type=names[0].type),
                    ir.VarTarget(v, type=names[1].type),
                ]
                pt = to_ir(pair)
                clause = ir.Clause(ir.TupleTarget(targets, type=pt), listed.e, [])
                return V(ir.Comp("dict", ir.TupleLit(list(names), type=pt), [clause], type=to_ir(w)), w)
            case rt.Vec() | rt.Var() | None:
                mark = c.stages
                if mark:
                    try:
                        made = self._comprehension(c, "list")
                    except NeedStatements:
                        if not self.hoistable:
                            raise
                        made = self._gathered(c, node)
                else:
                    plain = self.listed(c, node)
                    pt2 = resolve(plain.t)
                    assert isinstance(pt2, rt.Vec)
                    made = V(plain.e, pt2.elem)
                    if made.e is c.base and isinstance(c.base, ir.Name | ir.Field):
                        made = V(self._copied_list(made.e, pt2.elem, node), pt2.elem)
                elem = resolve(made.t)
                if isinstance(elem, rt.Res):
                    if result is None:
                        raise self.fail("a list of Results", node)
                    t: RType = rt.Vec(elem.ok)
                    if isinstance(w, rt.Vec):
                        self.unify(elem.ok, w.elem, node)
                    elif isinstance(w, rt.Var):
                        unify(w, t)
                    return V(made.e, rt.Res(t, elem.err))
                t = rt.Vec(made.t)
                if isinstance(w, rt.Vec):
                    self.unify(t, w, node)
                elif isinstance(w, rt.Var):
                    unify(w, t)
                return V(made.e, t)
            case _:
                raise self.fail(f"collecting into {words(w)}", node)

    def iterable_or_list(self, c: Chain, node: SyntaxNode) -> V:
        """The chain as something to iterate over, by a loop when a closure needs statements."""
        try:
            return self.iterable(c)
        except NeedStatements:
            if not self.hoistable:
                raise
            return self._gathered(c, node)

    def _as_text(self, c: Chain, node: SyntaxNode) -> V:
        if not c.stages and c.base.type == ir.STR:
            return V(c.base, rt.TEXT)
        listed = self.listed(c, node)
        t = resolve(listed.t)
        assert isinstance(t, rt.Vec)
        if resolve(t.elem) not in (rt.TEXT, rt.CHAR):
            raise self.fail(f"a text of {words(t.elem)}", node)
        return V(op("str.join", [text_lit(""), listed.e], ir.STR), rt.TEXT)

    def _sum(self, name: str, c: Chain, node: SyntaxNode, want: RType | None) -> V:
        made = self.iterable_or_list(c, node)
        t = resolve(made.t)
        if (
            want is not None
            and not isinstance(resolve(want), rt.Simple)
            and not is_int(want)
            and not is_float(want)
            and not isinstance(resolve(want), rt.Var)
        ):
            raise self.fail(f"a {name} of {words(want)}", node)
        if want is not None:
            unify(t, want)
        t = resolve(t)
        if not (is_int(t) or is_float(t)):
            raise self.fail(f"a {name} of {words(t)}", node)
        kind = ir.FLOAT if is_float(t) else ir.INT
        if name == "sum":
            return V(op("sum", [made.e], kind), t)
        self.emit_product(made, kind, node)
        raise self.fail("the product of an iterator", node)

    def emit_product(self, made: V, kind: ir.Type, node: SyntaxNode) -> None:
        """A product has no operation; it is left to the loop that fold makes."""
        del made, kind, node

    def _fold(self, c: Chain, args: list[SyntaxNode], node: SyntaxNode) -> V:
        start = self.x(args[0])
        closure = args[1]
        if closure.type != "closure_expression":
            raise self.fail("fold with a named function", node)
        params = closure.child_by_field_name("parameters")
        body = closure.child_by_field_name("body")
        assert params is not None and body is not None
        first, second = closure_parameters(params)
        name = self.plain_name(first) or "total"
        t = start.t
        made = self.fresh(name, rt.Var())
        kind = start.e.type
        begin = ir.Assign(ir.VarTarget(made, type=kind), start.e)
        self.emit(begin, node)

        def take(v: V) -> None:
            self.bind(name, ir.Name(made, type=kind), t)
            if not is_stable(v.e):
                v = self.temp("item", v)
            pattern = second.child_by_field_name("pattern") if second.type == "parameter" else second
            assert pattern is not None
            self._bind_element(pattern, v, node)
            if body.type == "block":
                self.into(body, Dest("assign", t, made))
            else:
                w = self.x(body, t)
                self.unify(w.t, t, node)
                self.emit(ir.Assign(ir.VarTarget(made, type=to_ir(t)), self.store(w.e)), node)

        if not c.stages:
            hints_node = second.child_by_field_name("pattern") if second.type == "parameter" else second
            hint = self.plain_name(hints_node) if hints_node is not None else None
            with self.inside():
                target, elem = self.loop_target([hint] if hint and hint != "_" else [], c.base, c.elem)
                with self.capture() as inner:
                    take(elem)
                self.emit(self.loop_statement(target, c.base, inner, node), node)
        else:
            self.run_stages(c, take, node)
        self.taken[made] = t
        begin.target.type = to_ir(t)
        return V(ir.Name(made, type=to_ir(t)), t)

    def _first(self, name: str, c: Chain, args: list[SyntaxNode], node: SyntaxNode) -> V:
        if name == "next" and not c.stages and isinstance(c.base.type, ir.ListT):
            held = self.stable(V(c.base, rt.Vec(c.elem)), "parts")
            value = op("list.index", [held.e, number(0)], self.stored(c.elem), "IndexError")
            some = op("nonempty", [held.e], ir.BOOL)
            return V(
                ir.Cond(some, self.wrap(value, c.elem), self.none(c.elem), type=to_ir(rt.Opt(c.elem))),
                rt.Opt(c.elem),
            )
        if name == "next" and not c.stages and c.base.type == ir.STR:
            held = self.stable(V(c.base, rt.TEXT), "text")
            value = op("str.index", [held.e, number(0)], ir.CHAR, "IndexError")
            some = op("ne", [held.e, text_lit("")], ir.BOOL)
            return V(
                ir.Cond(some, self.wrap(value, rt.CHAR), self.none(rt.CHAR), type=to_ir(rt.Opt(rt.CHAR))),
                rt.Opt(rt.CHAR),
            )
        elem: RType = rt.USIZE if name == "position" else rt.Var()
        t = rt.Opt(elem)
        made = self.fresh("found", rt.Var())
        start = ir.Assign(ir.VarTarget(made, type=to_ir(t)), self.none(elem))
        self.emit(start, node)
        counter = ""
        if name == "position":
            c = self._extend(c, "enumerate", [], node)
            counter = "i"

        def take(v: V) -> None:
            inner = v
            if counter:
                pair = v.e
                assert isinstance(pair, ir.TupleLit)
                tt = resolve(v.t)
                assert isinstance(tt, rt.Tuple)
                inner = V(pair.elems[1], tt.elems[1])
            if name == "next":
                unify(elem, inner.t)
                self.emit(ir.Assign(ir.VarTarget(made, type=to_ir(t)), self.wrap(inner.e, elem)), node)
                self.emit(ir.Break(), node)
                return
            if not is_stable(inner.e):
                inner = self.temp("item", inner)
            tested = self.apply(args[0], [inner])
            if name == "find_map":
                ot = resolve(tested.t)
                if not isinstance(ot, rt.Opt):
                    raise self.fail("find_map with something that is not an Option", node)
                unify(elem, ot.elem)
                held2 = self.stable(tested, "candidate")
                body: list[ir.Stmt] = [ir.Assign(ir.VarTarget(made, type=to_ir(t)), held2.e), ir.Break()]
                self.emit(ir.If(self.is_some(held2.e), body, []), node)
                return
            self.unify(tested.t, rt.BOOL, node)
            value = pair.elems[0] if counter else inner.e  # type: ignore[possibly-undefined]
            if not counter:
                unify(elem, inner.t)
            body = [ir.Assign(ir.VarTarget(made, type=to_ir(t)), self.wrap(value, elem)), ir.Break()]
            self.emit(ir.If(tested.e, body, []), node)

        if not c.stages:
            hints: list[str] = []
            if args and args[0].type == "closure_expression":
                params = args[0].child_by_field_name("parameters")
                if params is not None and closure_parameters(params):
                    p = closure_parameters(params)[0]
                    while p.type in ("reference_pattern", "ref_pattern", "mut_pattern"):
                        p = code_children(p)[-1]
                    n = self.plain_name(p)
                    hints = [n] if n not in (None, "_") else []
            with self.inside():
                if counter:
                    target, elem_v = self.loop_target(["i", hints[0] if hints else "item"], c.base, c.elem)
                else:
                    target, elem_v = self.loop_target(hints, c.base, c.elem)
                self.closure_depth += 1
                saved, self.returned = self.returned, None
                try:
                    with self.capture() as inner_body:
                        take(elem_v)
                finally:
                    self.closure_depth -= 1
                    self.returned = saved
                self.emit(self.loop_statement(target, c.base, inner_body, node), node)
        else:
            self.run_stages(c, take, node)
        self.taken[made] = t
        start.target.type = start.value.type = to_ir(t)
        return V(ir.Name(made, type=to_ir(t)), t)

    def _extreme(self, name: str, c: Chain, args: list[SyntaxNode], node: SyntaxNode) -> V:
        listed = self.stable(self.listed(c, node), "items")
        t = resolve(listed.t)
        assert isinstance(t, rt.Vec)
        key: ir.Expr = lit(None, ir.NONE)
        which = name[:3]
        e = listed.e
        if name.endswith("by_key"):
            key = self.key_lambda(args[0], t.elem, node)
        elif name.endswith("_by"):
            key, reverse = self.comparator(args[0], t.elem, node)
            if reverse:
                raise self.fail("an extreme by a reversed order", node)
        elif not (is_int(t.elem) or is_float(t.elem) or resolve(t.elem) in (rt.TEXT, rt.CHAR)):
            raise self.fail(f"an extreme of {words(t.elem)}", node)
        if which == "max" and not (isinstance(key, ir.Lit) and (is_int(t.elem) or is_float(t.elem))):
            # Of equal elements Rust's max gives the last, the representation's the first.
            e = op("list.reversed", [e], to_ir(t))
        best = op(f"{which}_of", [e, key, lit(None, ir.NONE)], self.stored(t.elem))
        some = op("nonempty", [listed.e], ir.BOOL)
        return V(
            ir.Cond(some, self.wrap(best, t.elem), self.none(t.elem), type=to_ir(rt.Opt(t.elem))),
            rt.Opt(t.elem),
        )

    def _partition(self, c: Chain, args: list[SyntaxNode], node: SyntaxNode) -> V:
        t = rt.Vec(c.elem)
        if c.stages:
            listed = self.listed(c, node)
            t = resolve(listed.t)
            assert isinstance(t, rt.Vec)
            c = Chain(listed.e, t.elem)
        held = self.stable(self.listed(c, node), "items")
        yes = self._comprehension(Chain(held.e, t.elem, [("filter", args[0])]), "list")
        no = self._comprehension(Chain(held.e, t.elem, [("filter", args[0])]), "list")
        assert isinstance(no.e, ir.Comp)
        last = no.e.clauses[-1]
        last.conds[-1] = negate(last.conds[-1])
        pair = rt.Tuple((t, t))
        return V(ir.TupleLit([yes.e, no.e], type=to_ir(pair)), pair)

    # Keys of sorting

    def key_lambda(self, node: SyntaxNode, elem: RType, at: SyntaxNode) -> ir.Expr:
        """`|x| key` as a lambda over elements; the key must be ordered the same in every language."""
        with self.pure(), self.inside():
            name = "item"
            if node.type == "closure_expression":
                params = node.child_by_field_name("parameters")
                if params is not None and closure_parameters(params):
                    p = closure_parameters(params)[0]
                    while p.type in ("reference_pattern", "ref_pattern", "mut_pattern", "parameter"):
                        p = (
                            code_children(p)[-1]
                            if p.type != "parameter"
                            else (p.child_by_field_name("pattern") or p)
                        )
                    n = self.plain_name(p)
                    name = n if n not in (None, "_") else "item"
            made = self.fresh(str(name), rt.Var())
            kind = self.stored(elem)
            v = self.apply(node, [V(ir.Name(made, type=kind), elem)])
            return self._lambda(made, kind, v, at)

    def _lambda(self, name: str, kind: ir.Type, v: V, at: SyntaxNode) -> ir.Lambda:
        t = resolve(v.t)
        inner = t.elems if isinstance(t, rt.Tuple) else (t,)
        for p in inner:
            if not (is_int(p) or is_float(p) or resolve(p) in (rt.TEXT, rt.CHAR, rt.BOOL)):
                raise self.fail(f"an order by {words(p)}", at)
        body = self.store(v.e)
        ft = ir.FuncT((kind,), body.type, raises=False, context=False)
        return ir.Lambda([ir.Param(name, kind)], body, type=ft)

    def comparator(self, node: SyntaxNode, elem: RType, at: SyntaxNode) -> tuple[ir.Expr, bool]:
        """`|a, b| a.key.cmp(&b.key)` as a key and whether the order is reversed."""
        found = self.comparators(node, elem, at)
        if len(found) != 1:
            raise self.fail("an order that mixes directions", at)
        return found[0]

    def comparators(self, node: SyntaxNode, elem: RType, at: SyntaxNode) -> list[tuple[ir.Expr, bool]]:
        """A comparison as keys with their directions, the first deciding first; keys of one direction are one tuple."""
        if node.type != "closure_expression":
            raise self.fail("a comparison by a named function", at)
        params, body = node.child_by_field_name("parameters"), node.child_by_field_name("body")
        assert params is not None and body is not None
        names = [self.plain_name(p) for p in closure_parameters(params)]
        if len(names) != 2 or None in names:
            raise self.fail("a comparison of this kind", at)
        first, second = str(names[0]), str(names[1])
        keys: list[tuple[SyntaxNode, bool]] = []
        for left, right in self._comparisons(body, at):
            x, y = self.plain(left), self.plain(right)
            if re.sub(rf"\b{first}\b", second, x) == y and re.search(rf"\b{first}\b", x):
                keys.append((left, False))
            elif re.sub(rf"\b{second}\b", first, x) == y and re.search(rf"\b{second}\b", x):
                keys.append((right, True))
            else:
                raise self.fail("a comparison of two different keys", at)
        groups: list[tuple[list[SyntaxNode], bool]] = []
        for key, reverse in keys:
            if groups and groups[-1][1] == reverse:
                groups[-1][0].append(key)
            else:
                groups.append(([key], reverse))
        return [(self._group_key(nodes, first, elem, at), reverse) for nodes, reverse in groups]

    def _group_key(self, nodes: list[SyntaxNode], name: str, elem: RType, at: SyntaxNode) -> ir.Expr:
        with self.pure(), self.inside():
            made = self.fresh("item", rt.Var())
            kind = self.stored(elem)
            self.bind(name, ir.Name(made, type=kind), elem)
            values = [self.x(k) for k in nodes]
            whole = values[0]
            if len(values) > 1:
                t = rt.Tuple(tuple(v.t for v in values))
                whole = V(ir.TupleLit([self.store(v.e) for v in values], type=to_ir(t)), t)
            return self._lambda(made, kind, whole, at)

    def _comparisons(self, body: SyntaxNode, at: SyntaxNode) -> list[tuple[SyntaxNode, SyntaxNode]]:
        """The pairs of expressions that a comparison compares, in order."""
        if body.type == "block" and len(code_children(body)) == 1:
            return self._comparisons(code_children(body)[0], at)
        if body.type != "call_expression":
            raise self.fail("a comparison of this kind", at)
        head = body.child_by_field_name("function")
        if head is None or head.type != "field_expression":
            raise self.fail("a comparison of this kind", at)
        name = self.src(head.child_by_field_name("field") or head)
        receiver = head.child_by_field_name("value")
        args = self.arguments(body)
        assert receiver is not None
        match name:
            case "cmp" | "partial_cmp" | "total_cmp":
                return [(receiver, args[0])]
            case "unwrap" | "unwrap_or" | "expect":
                return self._comparisons(receiver, at)
            case "then":
                return [*self._comparisons(receiver, at), *self._comparisons(args[0], at)]
            case "then_with" if args[0].type == "closure_expression":
                inner = args[0].child_by_field_name("body")
                assert inner is not None
                return [*self._comparisons(receiver, at), *self._comparisons(inner, at)]
            case "reverse":
                return [(b, a) for a, b in self._comparisons(receiver, at)]
            case _:
                raise self.fail("a comparison of this kind", at)


def is_pair(e: ir.Expr) -> bool:
    """True for the key and the value of a map's entry."""
    return isinstance(e, ir.TupleLit) and all(
        is_stable(x) or (isinstance(x, ir.Intrinsic) and x.op == "dict.index" and all(map(is_stable, x.args)))
        for x in e.elems
    )


def is_open(t: RType) -> bool:
    """See `_rust_types.is_open`."""
    return rt.is_open(t)
