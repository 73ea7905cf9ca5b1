"""Rust expressions and patterns to typed expressions of the representation."""

# ruff: noqa: S101, PT018 - assertions here narrow types that the grammar guarantees, two at a time.
from __future__ import annotations

import re
from collections.abc import Mapping

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front import _rust_durations as durations
from foundation_engine.port.front import _rust_types as rt
from foundation_engine.port.front._rust_body import (
    Body,
    Dest,
    NeedStatements,
    V,
    conjunction,
    is_pure,
    is_stable,
    lit,
    negate,
    number,
    op,
    text_lit,
)
from foundation_engine.port.front._rust_scope import (
    COMMENTS,
    OPERATOR_TRAITS,
    RUNTIME_CONSTRUCTORS,
    RUNTIME_VARIANTS,
    Struct,
    Variant,
    code_children,
    kind_name,
    walk,
    zero_of,
)
from foundation_engine.port.front._rust_types import RType, is_float, is_int, resolve, to_ir, unify, words
from foundation_engine.port.ir import Unsupported

_COMPARE = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
_ARITHMETIC = {
    "+": "add", "-": "sub", "*": "mul", "/": "truncdiv", "%": "rem", "&": "band", "|": "bor", "^": "xor", "<<": "shl",
    ">>": "shr",
}  # fmt: skip
_STATES = {"Closed": "closed", "Open": "open", "HalfOpen": "half_open"}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "0": "\0", "'": "'", '"': '"'}
OVERFLOW = (
    "Arithmetic that leaves its integer type's range stops a Rust program built for debugging; "
    "here it goes on in 64 bits."
)


def unescape(text: str) -> str:
    """The characters that the inside of a string literal means."""
    text = re.sub(r"\\\n\s*", "", text)

    def one(m: re.Match[str]) -> str:
        body = m[1]
        if body.startswith("u{"):
            return chr(int(body[2:-1].replace("_", ""), 16))
        if body.startswith("x"):
            return chr(int(body[1:], 16))
        return _ESCAPES[body]

    return re.sub(r"\\(u\{[0-9a-fA-F_]+\}|x[0-9a-fA-F]{2}|.)", one, text)


# Methods of a part of a list that change the list.
CHANGING_PARTS = frozenset(
    {
        "chunks_exact_mut", "chunks_mut", "clone_from_slice", "copy_from_slice", "copy_within", "fill", "fill_with",
        "first_mut", "get_mut", "iter_mut", "last_mut", "reverse", "rotate_left", "rotate_right", "select_nth_unstable",
        "sort", "sort_by", "sort_by_cached_key", "sort_by_key", "sort_unstable", "sort_unstable_by",
        "sort_unstable_by_key", "split_at_mut", "split_first_mut", "split_last_mut", "swap", "swap_with_slice",
    }
)  # fmt: skip


class Expressions(Body):
    """Operators, literals, paths, fields, blocks as values, and patterns."""

    def x(self, node: SyntaxNode, want: RType | None = None) -> V:
        """See `Body.x`."""
        if node.id in self.tried:
            return self.tried[node.id]
        out = self._x(node, want)
        out.e.line = out.e.line or self.scope.line(node)
        return out

    def _x(self, node: SyntaxNode, want: RType | None) -> V:
        match node.type:
            case "integer_literal":
                return self._integer(node, want)
            case "float_literal":
                text = re.sub(r"(f64|f32)$", "", self.src(node).replace("_", ""))
                return V(lit(float(text), ir.FLOAT), rt.FLOAT)
            case "string_literal":
                return V(text_lit(unescape(self.src(node)[1:-1])), rt.TEXT)
            case "raw_string_literal":
                return V(text_lit(self.src(node).removeprefix("r").strip("#")[1:-1]), rt.TEXT)
            case "char_literal" if self.src(node).startswith("b"):
                return V(number(ord(unescape(self.src(node)[2:-1]))), rt.U8)
            case "char_literal":
                return V(lit(unescape(self.src(node)[1:-1]), ir.CHAR), rt.CHAR)
            case "boolean_literal":
                return V(lit(self.src(node) == "true", ir.BOOL), rt.BOOL)
            case "unit_expression":
                return V(lit(None, ir.NONE), rt.UNIT)
            case "identifier" | "scoped_identifier" | "self":
                return self.path(node, want)
            case "parenthesized_expression" | "expression_statement":
                return self.x(code_children(node)[0], want)
            case "reference_expression":
                return self.x([c for c in code_children(node) if c.type != "mutable_specifier"][-1], want)
            case "unary_expression":
                return self._unary(node, want)
            case "binary_expression":
                return self._binary(node, want)
            case "type_cast_expression":
                return self._cast(node)
            case "field_expression":
                return self._field(node)
            case "index_expression":
                return self._index(node)
            case "tuple_expression":
                return self._tuple(node, want)
            case "array_expression":
                return self._array(node, want)
            case "struct_expression":
                return self.struct(node)
            case "try_expression":
                return self._try(node, want)
            case "await_expression":
                return self.x(code_children(node)[0], want)
            case "call_expression":
                return self.call(node, want)
            case "macro_invocation":
                return self.macro(node, want)
            case "closure_expression":
                return self.closure(node, want)
            case "if_expression":
                return self._if_value(node, want)
            case "match_expression" | "block" | "loop_expression":
                return self._block_value(node, want)
            case "return_expression" | "break_expression" | "continue_expression":
                self.jump(node)
                return V(lit(None, ir.NONE), rt.NEVER)
            case "assignment_expression" | "compound_assignment_expr":
                self.statement(node)
                return V(lit(None, ir.NONE), rt.UNIT)
            case "range_expression":
                raise self.fail("a range that is kept as a value", node)
            case "let_condition" | "let_chain":
                test, later = self.test(node)
                later(None)
                return V(test, rt.BOOL)
            case _:
                raise self.fail(f"{node.type.replace('_', ' ')}", node)

    # The fields of an error that its message reads: they are the constructor's parameters there.
    own_fields: Mapping[str, str] = {}

    # To be given by the other mixins

    def call(self, node: SyntaxNode, want: RType | None) -> V:
        """A call."""
        raise NotImplementedError

    def closure(self, node: SyntaxNode, want: RType | None) -> V:
        """A closure that is a value."""
        raise NotImplementedError

    # Literals and names

    def _integer(self, node: SyntaxNode, want: RType | None) -> V:
        text = self.src(node).replace("_", "")
        m = re.match(r"(0x[0-9a-fA-F]+|0b[01]+|0o[0-7]+|\d+)([iu](?:8|16|32|64|128|size)|f64|f32)?$", text)
        if m is None:
            raise self.fail("an integer literal of this form", node)
        value = int(m[1], 0) if m[1][:2] in ("0x", "0b", "0o") else int(m[1])
        if m[2] and m[2].startswith("f"):
            return V(lit(float(value), ir.FLOAT), rt.FLOAT)
        if not -(1 << 63) <= value < 1 << 63:
            raise self.fail("an integer literal beyond 64 bits", node)
        if m[2]:
            return V(number(value), rt.Int(m[2]))
        if want is not None and is_int(want):
            return V(number(value), want)
        return V(number(value), rt.Var("int"))

    def path(self, node: SyntaxNode, want: RType | None) -> V:
        """A name or a path that is a value."""
        text = re.sub(r"\s+", "", self.src(node))
        if text == "self" and self.own:
            bound = self.lookup("self")
            if bound is not None:
                return V(bound.e, bound.t)
            return V(ir.Name("self", type=ir.NamedT(self.own)), rt.Named(self.own))
        if "::" not in text:
            b = self.lookup(text)
            if b is not None:
                e = b.e
                if isinstance(e, ir.Name):
                    e = ir.Name(e.id, type=e.type)
                return V(e, b.t)
        if text == "None":
            elem: RType = rt.Var()
            if want is not None:
                w = resolve(want)
                if isinstance(w, rt.Opt):
                    elem = w.elem
                elif isinstance(w, rt.Var):
                    w.bound = rt.Opt(elem)
            return V(self.none(elem), rt.Opt(elem))
        if text in self.scope.consts:
            t = self.scope.consts[text]
            if resolve(t) == rt.DURATION:
                # Its value is written where it is used, as patterns have it.
                return self.x(self.scope.const_values[text], t)
            return V(ir.Name(text, type=self.stored(t)), t)
        if text in self.scope.functions:
            s = self.scope.functions[text]
            t = rt.Fn(tuple(p for _, p in s.params), s.result)
            return V(ir.Name(s.rename or text, type=to_ir(t)), t)
        if "::" in text:
            found = self._scoped(text, node)
            if found is not None:
                return found
        full = self.scope.full(text)
        head, _, last = full.rpartition("::")
        if head in self.scope.enums or (head == "Self" and self.own in self.scope.enums):
            return self.variant(self.own if head == "Self" else head, last, [], node)
        raise self.fail(f"{text} is not defined in this file, or its type is not known", node)

    def _scoped(self, text: str, node: SyntaxNode) -> V | None:
        head, _, last = text.rpartition("::")
        owner = self.own if head == "Self" else head
        if owner in self.scope.enums and last in self.scope.enums[owner].variants:
            return self.variant(owner, last, [], node)
        if head.rpartition("::")[2] == "CircuitState" and self.scope.is_foundation(head) and last in _STATES:
            return V(text_lit(_STATES[last]), rt.Named("CircuitState"))
        if f"{owner}::{last}" in self.scope.consts:
            name = f"{owner}::{last}"
            return V(
                ir.Name(name.replace("::", "_").upper(), type=self.stored(self.scope.consts[name])),
                self.scope.consts[name],
            )
        if last in ("MAX", "MIN") and re.fullmatch(r"[iu](8|16|32|64|size)", head.rpartition("::")[2]):
            t = rt.Int(head.rpartition("::")[2])
            return V(number(t.high if last == "MAX" else t.low), t)
        if head.rpartition("::")[2] in ("f64", "consts") or head == "f64":
            known = {"INFINITY": "math.inf", "PI": "math.pi", "E": "math.e"}
            if last in known:
                return V(op(known[last], [], ir.FLOAT), rt.FLOAT)
            if last == "NEG_INFINITY":
                return V(op("float.neg", [op("math.inf", [], ir.FLOAT)], ir.FLOAT), rt.FLOAT)
            if last == "MAX":
                return V(lit(1.7976931348623157e308, ir.FLOAT), rt.FLOAT)
            if last == "EPSILON":
                return V(lit(2.220446049250313e-16, ir.FLOAT), rt.FLOAT)
        return None

    def variant(self, enum: str, name: str, args: list[tuple[str, V]], node: SyntaxNode) -> V:
        """A variant of an enum of this file as a value."""
        info = self.scope.enums[enum]
        v = info.variants.get(name)
        if v is None:
            raise self.fail(f"{enum} has no variant {name}", node)
        if info.kind == "plain":
            return V(ir.EnumMember(enum, name, type=ir.NamedT(enum)), rt.Named(enum))
        if info.kind == "error":
            if v.transparent:
                if len(args) != 1:
                    raise self.fail("a variant that passes an error on, without the error", node)
                return V(self.as_error(args[0][1], node), rt.Named(enum))
            return V(self.new_error(v, args), rt.Named(enum))
        given = [
            (v.held[int(n)] if v.positional else v.held[[f for f, _ in v.fields].index(n)], a)
            for n, a in args
        ]
        if len(given) != len(v.fields):
            raise self.fail(f"the variant {name} as a function", node)
        made = dict(given)
        kind = ir.NamedT(kind_name(enum))
        out: list[tuple[str, ir.Expr]] = [("kind", ir.EnumMember(kind.name, name, type=kind))]
        declared = dict(zip(v.held, (t for _, t in v.fields), strict=True))
        for f, t in self.scope.structs[enum].fields.items():
            zero = zero_of(t)
            if f not in made:
                assert zero is not None
                out.append((f, zero))
                continue
            self.unify(made[f].t, declared[f], node)
            e = self.store(self.owned(made[f], node).e)
            held = isinstance(resolve(t), rt.Opt) and not isinstance(resolve(declared[f]), rt.Opt)
            out.append((f, ir.Wrap(e, type=self.stored(t)) if held else e))
        return V(ir.New(enum, out, type=ir.NamedT(enum)), rt.Named(enum))

    def held_by(self, v: V, enum: str, name: str, node: SyntaxNode) -> tuple[ir.Expr, list[V]]:
        """The test for a variant of a union, and the places of its fields."""
        variant = self.scope.enums[enum].variants.get(name)
        if variant is None:
            raise self.fail(f"{enum} has no variant {name}", node)
        kind = ir.NamedT(kind_name(enum))
        have = ir.Field(v.e, "kind", type=kind)
        test = op("eq", [have, ir.EnumMember(kind.name, name, type=kind)], ir.BOOL)
        places: list[V] = []
        for f, (_, t) in zip(variant.held, variant.fields, strict=True):
            held = self.scope.structs[enum].fields[f]
            e: ir.Expr = ir.Field(v.e, f, type=self.stored(held))
            if isinstance(resolve(held), rt.Opt) and not isinstance(resolve(t), rt.Opt):
                e = self.unwrap(e, t)
            places.append(V(e, t))
        return test, places

    def union_of(self, pattern: SyntaxNode, v: V) -> tuple[str, str] | None:
        """The union and variant that a pattern names, None for another pattern."""
        head = pattern
        if pattern.type in ("tuple_struct_pattern", "struct_pattern"):
            head = pattern.child_by_field_name("type") or pattern
        owner, _, last = self.src(head).rpartition("::")
        owner = self.own if owner == "Self" else owner
        t = resolve(v.t)
        if not owner and isinstance(t, rt.Named) and self.scope.full(last) == f"{t.name}::{last}":
            owner = t.name
        known = self.scope.enums.get(owner)
        return (owner, last) if known is not None and known.kind == "data" else None

    def _union_pattern(
        self, pattern: SyntaxNode, v: V, union: tuple[str, str]
    ) -> tuple[list[ir.Expr], list[tuple[str, V, bool]]]:
        test, places = self.held_by(v, *union, pattern)
        tests, binds = [test], list[tuple[str, V, bool]]()
        variant = self.scope.enums[union[0]].variants[union[1]]
        if pattern.type == "tuple_struct_pattern":
            parts = self.pattern_parts(pattern)[1:]
            if any(p.type == "remaining_field_pattern" for p in parts):
                parts = []
            for p, held in zip(parts, places, strict=False):
                more, names = self.pattern(p, held)
                tests.extend(more)
                binds.extend(names)
        elif pattern.type == "struct_pattern":
            by_name = dict(zip((f for f, _ in variant.fields), places, strict=True))
            for c in code_children(pattern):
                if c.type != "field_pattern":
                    continue
                name, inner = c.child_by_field_name("name"), c.child_by_field_name("pattern")
                held = by_name[self.src(name or c)]
                if inner is None:
                    binds.append(
                        (self.src(name or c), held, any(x.type == "mutable_specifier" for x in c.children))
                    )
                    continue
                more, names = self.pattern(inner, held)
                tests.extend(more)
                binds.extend(names)
        return tests, binds

    def new_error(self, v: Variant, args: list[tuple[str, V]]) -> ir.Expr:
        """An error of a variant's class."""
        fields = [f for f, _ in v.fields]
        given = [(fields[int(n)] if n.isdigit() and v.positional else n, a) for n, a in args]
        ordered: list[tuple[str, ir.Expr]] = []
        for f, t in v.fields:
            a = next(a for n, a in given if n == f)
            unify(a.t, t)
            ordered.append((f, self.store(a.e)))
        return ir.New(v.error, ordered, type=ir.NamedT(v.error))

    # Operators

    def _unary(self, node: SyntaxNode, want: RType | None) -> V:
        sign = self.src(node)[0]
        inner = code_children(node)[-1]
        if sign == "*":
            return self.x(inner, want)
        v = self.x(inner, want)
        if sign == "!":
            if resolve(v.t) == rt.BOOL:
                return V(negate(v.e), rt.BOOL)
            if is_int(v.t) and not rt.is_unsigned(v.t):
                return V(op("int.invert", [v.e], ir.INT), v.t)
            raise self.fail("! of an unsigned integer", node)
        if isinstance(v.e, ir.Lit) and isinstance(v.e.value, int | float) and not isinstance(v.e.value, bool):
            return V(lit(-v.e.value, v.e.type), v.t)
        if is_float(v.t):
            return V(op("float.neg", [v.e], ir.FLOAT), v.t)
        if is_int(v.t):
            return V(op("int.neg", [v.e], ir.INT), v.t)
        raise self.fail(f"- of {words(v.t)}", node)

    def both(self, left: SyntaxNode, right: SyntaxNode, want: RType | None = None) -> tuple[V, V]:
        """Two operands in order; the first is kept in a variable when the second needs statements."""
        a = self.x(left, want)
        mark = len(self.out)
        b = self.x(right, a.t)
        if len(self.out) > mark and not isinstance(a.e, ir.Lit):
            added = self.out[mark:]
            del self.out[mark:]
            a = self.temp("left", a)
            self.out.extend(added)
        return a, b

    def _binary(self, node: SyntaxNode, want: RType | None) -> V:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        sign = self.src(node.child_by_field_name("operator") or node)
        assert left is not None and right is not None
        if sign in ("&&", "||"):
            return self._logical(sign, left, right, node)
        if sign in _COMPARE:
            a, b = self.both(left, right)
            return V(self.compare(_COMPARE[sign], a, b, node), rt.BOOL)
        if any(
            s.methods.keys() & {m for _, m in OPERATOR_TRAITS.values()} for s in self.scope.structs.values()
        ):
            own = self.operator(sign, self.x(left), right, node)
            if own is not None:
                return own
        a, b = self.both(left, right, want if want is not None and (is_int(want) or is_float(want)) else None)
        return self.arithmetic(sign, a, b, node, (left, right))

    def _logical(self, sign: str, left: SyntaxNode, right: SyntaxNode, node: SyntaxNode) -> V:
        a = self.x(left, rt.BOOL)
        held = set(self.facts)
        self.learn(left, sign == "&&")
        with self.capture() as before:
            b = self.x(right, rt.BOOL)
        self.facts = held
        word = "and" if sign == "&&" else "or"
        if before:
            name = self.fresh("holds", rt.BOOL)
            target = ir.VarTarget(name, type=ir.BOOL)
            self.emit(ir.Assign(target, a.e), node)
            before.append(ir.Assign(ir.VarTarget(name, type=ir.BOOL), b.e))
            held_name = ir.Name(name, type=ir.BOOL)
            self.emit(ir.If(held_name if word == "and" else negate(held_name), before, []), node)
            return V(ir.Name(name, type=ir.BOOL), rt.BOOL)
        values: list[ir.Expr] = []
        for v in (a.e, b.e):
            values.extend(v.values if isinstance(v, ir.Bool) and v.op == word else [v])
        return V(ir.Bool(word, values, type=ir.BOOL), rt.BOOL)

    def compare(self, name: str, a: V, b: V, node: SyntaxNode) -> ir.Expr:
        """One comparison."""
        self.unify(a.t, b.t, node)
        t = resolve(a.t)
        left, right = a.e, b.e
        if t == rt.CHAR or t == rt.TEXT:
            if left.type != right.type:
                left, right = self.store(left), self.store(right)
            return op(name, [left, right], ir.BOOL)
        if is_int(t) or is_float(t) or t in (rt.BOOL, rt.DURATION):
            return op(name, [left, right], ir.BOOL)
        if name in ("eq", "ne"):
            if isinstance(t, rt.Opt):
                for x, y in ((left, right), (right, left)):
                    if isinstance(y, ir.Lit) and y.value is None:
                        some = self.is_some(x)
                        return some if name == "ne" else negate(some)
                    if isinstance(y, ir.Wrap):
                        v = self.stable(V(x, t))
                        inner = op(name, [self.unwrap(v.e, t.elem), y.value], ir.BOOL)
                        some = self.is_some(v.e)
                        if name == "eq":
                            return conjunction([some, inner])
                        return ir.Bool("or", [negate(some), inner], type=ir.BOOL)
                return op(name, [left, right], ir.BOOL)
            if isinstance(t, rt.Named):
                if t.name == "CircuitState":
                    return op(name, [left, right], ir.BOOL)
                if t.name in self.scope.enums and self.scope.enums[t.name].kind == "plain":
                    return op(name, [left, right], ir.BOOL)
                info = self.scope.structs.get(t.name)
                if info is not None and "PartialEq" in info.derives and info.init is None:
                    return op(name, [left, right], ir.BOOL)
                raise self.fail(f"equality of {t.name}", node)
            if isinstance(t, rt.Vec | rt.Map | rt.Set | rt.Tuple):
                return op(name, [left, right], ir.BOOL)
        if (
            isinstance(t, rt.Tuple)
            and isinstance(left, ir.TupleLit)
            and isinstance(right, ir.TupleLit)
            and all(x in (ir.INT, ir.FLOAT, ir.STR) for x in (e.type for e in left.elems))
        ):
            return op(f"tuple.{name}", [left, right], ir.BOOL)
        raise self.fail(f"comparison of {words(t)}", node)

    def operator(self, sign: str, a: V, right: SyntaxNode, node: SyntaxNode) -> V | None:
        """See `Body.operator`."""
        t = resolve(a.t)
        info = self.scope.structs.get(t.name) if isinstance(t, rt.Named) else None
        name = next((m for s, m in OPERATOR_TRAITS.values() if s == sign), "")
        s = info.methods.get(name) if info is not None else None
        if s is None or len(s.params) != 1:
            return None
        b = self.x(right, s.params[0][1])
        self.unify(b.t, s.params[0][1], node)
        return V(ir.MethodCall(a.e, name, [self.store(b.e)], type=self.stored(s.result)), s.result)

    def arithmetic(
        self, sign: str, a: V, b: V, node: SyntaxNode, nodes: tuple[SyntaxNode, SyntaxNode] | None = None
    ) -> V:
        """See `Body.arithmetic`."""
        t = resolve(a.t)
        if t == rt.TEXT and sign == "+":
            return V(op("str.concat", [a.e, self.store(b.e)], ir.STR), rt.TEXT)
        if sign in ("<<", ">>") and is_int(a.t) and is_int(b.t):
            if sign == "<<":
                self.scope.differ(OVERFLOW)
            return V(op(f"int.{_ARITHMETIC[sign]}", [a.e, b.e], ir.INT), a.t)
        if durations.is_duration(a) or durations.is_duration(b):
            return durations.arithmetic(self, sign, a, b, node)
        self.unify(a.t, b.t, node)
        t = resolve(a.t)
        if isinstance(t, rt.Set) and sign in ("&", "|", "-"):
            names = {"&": "set.intersection", "|": "set.union", "-": "set.difference"}
            return V(op(names[sign], [a.e, b.e], to_ir(t)), t)
        if is_float(t):
            names = {"+": "float.add", "-": "float.sub", "*": "float.mul", "/": "float.quotient"}
            if sign not in names:
                raise self.fail(f"{sign} of floats", node)
            if sign == "/" and isinstance(b.e, ir.Lit) and b.e.value:
                return V(op("float.div", [a.e, b.e], ir.FLOAT, "ZeroDivisionError"), t)
            return V(op(names[sign], [a.e, b.e], ir.FLOAT), t)
        if t == rt.BOOL and sign in ("&", "|", "^"):
            return V(op({"&": "bool.and", "|": "bool.or", "^": "ne"}[sign], [a.e, b.e], ir.BOOL), t)
        if not is_int(t) or sign not in _ARITHMETIC:
            raise self.fail(f"{sign} of {words(a.t)} and {words(b.t)}", node)
        if sign == "-" and rt.is_unsigned(t):
            self._guard_below_zero(a, b, node, nodes)
        if sign in ("*", "+") and (sign == "*" or (isinstance(t, rt.Int) and t.bits < 64)):
            self.scope.differ(OVERFLOW)
        raises = "ZeroDivisionError" if sign in "/%" else ""
        return V(op(f"int.{_ARITHMETIC[sign]}", [a.e, b.e], ir.INT, raises), t)

    def _guard_below_zero(
        self, a: V, b: V, node: SyntaxNode, nodes: tuple[SyntaxNode, SyntaxNode] | None
    ) -> None:
        """An unsigned subtraction below zero stops the program: say so, unless it cannot happen."""
        if nodes is None:
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        else:
            left, right = nodes
        if left is not None and right is not None:
            x, y = self.plain(left), self.plain(right)
            if (x, y) in self.facts or self._at_least(x, y):
                return
        if isinstance(a.e, ir.Lit) and isinstance(b.e, ir.Lit) and a.e.value >= b.e.value:
            return
        if not self.hoistable or not is_pure(a.e) or not is_pure(b.e):
            self.scope.differ(
                "An unsigned subtraction below zero stops the Rust program; here its result is negative."
            )
            return
        self.emit(
            ir.If(
                op("lt", [a.e, b.e], ir.BOOL), [self.stop(text_lit("attempt to subtract with overflow"))], []
            ),
            node,
        )

    def _at_least(self, x: str, y: str) -> bool:
        if not y.isdigit():
            return False
        return any(a == x and b.isdigit() and int(b) >= int(y) for a, b in self.facts)

    def _cast(self, node: SyntaxNode) -> V:
        value, kind = node.child_by_field_name("value"), node.child_by_field_name("type")
        assert value is not None and kind is not None
        want = self.type_of(kind)
        v = self.x(value, want if value.type == "integer_literal" and isinstance(want, rt.Int) else None)
        return self.cast(v, want, node)

    def cast(self, v: V, want: RType, node: SyntaxNode) -> V:
        """`v as want`."""
        have = resolve(v.t)
        if is_int(have) and isinstance(want, rt.Int):
            return V(self._narrowed(v.e, have, want, node), want)
        if is_int(have) and want == rt.FLOAT:
            if isinstance(v.e, ir.Lit):
                return V(lit(float(v.e.value), ir.FLOAT), rt.FLOAT)
            return V(op("int.to_float", [v.e], ir.FLOAT), rt.FLOAT)
        if is_float(have) and want == rt.FLOAT:
            return V(v.e, rt.FLOAT)
        if is_float(have) and isinstance(want, rt.Int):
            self.scope.differ(
                "A cast of a float beyond an integer type's range gives its limit in Rust, and NaN gives 0."
            )
            e = v.e
            if isinstance(e, ir.Intrinsic) and e.op == "int.to_float" and isinstance(e.args[0], ir.Intrinsic):
                return V(e.args[0], want)
            return V(op("float.trunc", [v.e], ir.INT), want)
        if have == rt.BOOL and isinstance(want, rt.Int):
            return V(op("bool.to_int", [v.e], ir.INT), want)
        if have == rt.CHAR and isinstance(want, rt.Int):
            code = self.code_point(v.e)
            return V(code if want.bits >= 32 else op("int.band", [code, number(want.high)], ir.INT), want)
        if is_int(have) and want == rt.CHAR:
            return V(op("int.chr", [v.e], ir.CHAR), rt.CHAR)
        if isinstance(have, rt.Named) and have.name in self.scope.enums and isinstance(want, rt.Int):
            info = self.scope.enums[have.name]
            if info.kind == "plain" and all(x.value is not None for x in info.variants.values()):
                return V(op("enum.value", [v.e], ir.INT), want)
        raise self.fail(f"a cast from {words(have)} to {words(want)}", node)

    def _narrowed(self, e: ir.Expr, have: RType, want: rt.Int, node: SyntaxNode) -> ir.Expr:
        source = have if isinstance(have, rt.Int) else rt.I64
        if isinstance(e, ir.Lit) and isinstance(e.value, int) and want.low <= e.value <= want.high:
            return e
        if want.low <= source.low and source.high <= want.high:
            return e
        if isinstance(e, ir.Intrinsic) and e.op in ("len", "str.byte_len") and want.bits >= 32:
            return e
        if want.bits == 64:
            if not want.signed and source.signed:
                self.scope.differ(
                    "A cast of a negative number to an unsigned type wraps in Rust and stays negative here."
                )
            return e
        if not want.signed:
            return op("int.band", [e, number(want.high)], ir.INT)
        if source.bits == 64 or source.bits > want.bits or not source.signed:
            half = 1 << (want.bits - 1)
            masked = op("int.band", [e, number((1 << want.bits) - 1)], ir.INT)
            return op("int.sub", [op("int.xor", [masked, number(half)], ir.INT), number(half)], ir.INT)
        raise self.fail("a cast to a narrower type", node)

    # Places

    def _field(self, node: SyntaxNode) -> V:
        value, name_node = node.child_by_field_name("value"), node.child_by_field_name("field")
        assert value is not None and name_node is not None
        name = self.src(name_node)
        if name == "await":
            return self.x(value)
        if self.own_fields and self.src(value) == "self" and name in self.own_fields:
            b = self.lookup(f"self.{self.own_fields[name]}")
            assert b is not None
            return V(b.e, b.t)
        v = self.x(value)
        t = resolve(v.t)
        if isinstance(t, rt.Tuple) and name.isdigit():
            kind = t.elems[int(name)]
            if isinstance(v.e, ir.TupleLit):
                return V(v.e.elems[int(name)], kind)
            return V(op("tuple.index", [v.e, number(int(name))], self.stored(kind)), kind)
        if isinstance(t, rt.Named):
            info = self.scope.structs.get(t.name)
            name = info.member(name) if info is not None else name
            if info is not None and name in info.fields:
                return V(ir.Field(v.e, name, type=self.stored(info.fields[name])), info.fields[name])
            if t.name == "ProcessResult" and name == "exit_code":
                return V(op("process.exit_code", [v.e], ir.INT), rt.I32)
            if t.name == "HttpResponse" and name == "status":
                return V(op("http.status", [v.e], ir.INT), rt.Int("u16"))
            if t.name.startswith("error:"):
                known = {"status": "error.http_status", "exit_code": "error.exit_code"}
                if name in known:
                    return V(op(known[name], [v.e], ir.INT), rt.I64)
                raise self.fail(f"field {name} of an error of the runtime", node)
            if t.name == "Decision" and name == "allowed":
                return V(v.e, rt.BOOL)
            if t.name in self.scope.error_structs and name in self.scope.error_fields.get(t.name, {}):
                kind = self.scope.error_fields[t.name][name]
                return V(ir.Field(v.e, name, type=self.stored(kind)), kind)
        raise self.fail(f"field {name} of {words(t)}", node)

    def _index(self, node: SyntaxNode) -> V:
        base, at = code_children(node)[:2]
        v = self.x(base)
        t = resolve(v.t)
        if at.type == "range_expression":
            return self.slice(v, at, node)
        if isinstance(t, rt.Vec):
            mark = len(self.out)
            i = self.x(at, rt.USIZE)
            if len(self.out) > mark and not is_stable(v.e):
                # What is indexed is worked out before the index is.
                added = self.out[mark:]
                del self.out[mark:]
                v = self.temp("items", v)
                self.out.extend(added)
            self.unify(i.t, rt.USIZE, at)
            return V(op("list.index", [v.e, i.e], self.stored(t.elem), "IndexError"), t.elem)
        if isinstance(t, rt.Map):
            k = self.x(at, t.key)
            self.unify(k.t, t.key, at)
            v, k = self.stable(v), self.stable(k)
            missing = negate(op("dict.contains", [v.e, self.store(k.e)], ir.BOOL))
            if self.hoistable:
                self.emit(ir.If(missing, [self.stop(text_lit("the map has no such key"))], []), node)
                return V(op("dict.index", [v.e, self.store(k.e)], self.stored(t.value)), t.value)
        raise self.fail(f"indexing of {words(t)}", node)

    def bounds(self, node: SyntaxNode) -> tuple[SyntaxNode | None, SyntaxNode | None, bool]:
        """Start, end and whether the end is included, of a range expression."""
        start: SyntaxNode | None = None
        end: SyntaxNode | None = None
        seen = inclusive = False
        for c in node.children:
            if c.type in COMMENTS:
                continue
            if c.type in ("..", "..="):
                seen, inclusive = True, c.type == "..="
            elif seen:
                end = c
            else:
                start = c
        return start, end, inclusive

    def _changed_in_place(self, node: SyntaxNode) -> bool:
        """True for a part of a list through which the list itself is changed."""
        child, parent = node, node.parent
        while parent is not None and parent.type in ("parenthesized_expression", "index_expression"):
            child, parent = parent, parent.parent
        if parent is None:
            return False
        match parent.type:
            case "reference_expression":
                return any(c.type == "mutable_specifier" for c in parent.children)
            case "assignment_expression" | "compound_assignment_expr":
                left = parent.child_by_field_name("left")
                return left is not None and left.id == child.id
            case "field_expression":
                method = parent.child_by_field_name("field")
                return method is not None and self.src(method) in CHANGING_PARTS
            case _:
                return False

    def slice(self, v: V, at: SyntaxNode, node: SyntaxNode) -> V:
        """`v[a..b]`."""
        t = resolve(v.t)
        if self._changed_in_place(node):
            raise self.fail("a part of a list that is changed in place", node)
        start, end, inclusive = self.bounds(at)
        if isinstance(t, rt.Vec):
            low: ir.Expr = lit(None, ir.NONE)
            high: ir.Expr = lit(None, ir.NONE)
            if start is not None:
                a = self.x(start, rt.USIZE)
                self.unify(a.t, rt.USIZE, start)
                low = a.e
            if end is not None:
                b = self.x(end, rt.USIZE)
                self.unify(b.t, rt.USIZE, end)
                high = op("int.add", [b.e, number(1)], ir.INT) if inclusive else b.e
            self.scope.differ(
                "A slice beyond the end of a list stops the Rust program; here it ends with the list."
            )
            return V(op("list.slice", [v.e, low, high], to_ir(t)), t)
        raise self.fail(f"a slice of {words(t)}, which counts bytes", node)

    def _tuple(self, node: SyntaxNode, want: RType | None) -> V:
        w = resolve(want) if want is not None else None
        nodes = code_children(node)
        guides: list[RType | None] = (
            list(w.elems) if isinstance(w, rt.Tuple) and len(w.elems) == len(nodes) else [None] * len(nodes)
        )
        values = self.values(nodes, guides)
        kinds = tuple(v.t for v in values)
        for g, v, n in zip(guides, values, nodes, strict=True):
            if g is not None:
                self.unify(v.t, g, n)
        t = rt.Tuple(kinds)
        return V(ir.TupleLit([self.store(v.e) for v in values], type=to_ir(t)), t)

    def values(self, nodes: list[SyntaxNode], wants: list[RType | None]) -> list[V]:
        """Several values in order; earlier ones are kept in variables when a later one needs statements."""
        out: list[V] = []
        for n, w in zip(nodes, wants, strict=True):
            mark = len(self.out)
            v = self.x(n, w)
            if isinstance(resolve(v.t), rt.Res):
                raise self.fail("a Result that is kept as a value", n)
            if len(self.out) > mark and any(not isinstance(o.e, ir.Lit | ir.EnumMember) for o in out):
                added = self.out[mark:]
                del self.out[mark:]
                out = [
                    o if isinstance(o.e, ir.Lit | ir.EnumMember | ir.Lambda) else self.temp("value", o)
                    for o in out
                ]
                self.out.extend(added)
            out.append(self.owned(v, n))
        return out

    def _array(self, node: SyntaxNode, want: RType | None) -> V:
        length = node.child_by_field_name("length")
        nodes = [c for c in code_children(node) if length is None or c.id != length.id]
        if length is not None:
            return self.repeated(nodes[0], length, want)
        return self.list_of(nodes, want)

    def list_of(self, nodes: list[SyntaxNode], want: RType | None) -> V:
        """A list literal."""
        w = resolve(want) if want is not None else None
        elem: RType = w.elem if isinstance(w, rt.Vec) else rt.Var()
        values = self.values(nodes, [elem] * len(nodes))
        for v, n in zip(values, nodes, strict=True):
            self.unify(v.t, elem, n)
        t = rt.Vec(elem)
        return V(ir.ListLit([self.store(v.e) for v in values], type=to_ir(t)), t)

    def repeated(self, value: SyntaxNode, length: SyntaxNode, want: RType | None) -> V:
        """`vec![value; length]`."""
        w = resolve(want) if want is not None else None
        v = self.x(value, w.elem if isinstance(w, rt.Vec) else None)
        n = self.x(length, rt.USIZE)
        if self.changeable(v.t):
            name = self.fresh("unused", rt.USIZE)
            inner = V(v.e, v.t)
            clause = ir.Clause(
                ir.VarTarget(name, type=ir.INT),
                op("range", [number(0), n.e, number(1)], ir.IterT(ir.INT)),
                [],
            )
            made = isinstance(inner.e, ir.ListLit | ir.DictLit | ir.SetLit | ir.New | ir.Comp) or (
                isinstance(inner.e, ir.Intrinsic) and inner.e.op in ("list.repeat", "list.copy")
            )
            if not made or not is_pure(inner.e):
                raise self.fail("a list that repeats what can be changed", value)
            t = rt.Vec(v.t)
            return V(ir.Comp("list", inner.e, [clause], type=to_ir(t)), t)
        t = rt.Vec(v.t)
        one = ir.ListLit([self.store(v.e)], type=to_ir(t))
        return V(op("list.repeat", [one, n.e], to_ir(t)), t)

    # Structs

    def struct(self, node: SyntaxNode) -> V:
        """`Name { field: value, ... }`."""
        name_node, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        assert name_node is not None and body is not None
        name = self.src(name_node)
        given: list[tuple[str, SyntaxNode]] = []
        base: SyntaxNode | None = None
        for c in code_children(body):
            if c.type == "shorthand_field_initializer":
                inner = code_children(c)[-1]
                given.append((self.src(inner), inner))
            elif c.type == "field_initializer":
                f, v = c.child_by_field_name("field"), c.child_by_field_name("value")
                assert f is not None and v is not None
                given.append((self.src(f), v))
            elif c.type == "base_field_initializer":
                base = code_children(c)[0]
        head, _, last = name.rpartition("::")
        if head:
            owner = self.own if head == "Self" else head
            if owner in self.scope.enums:
                v = self.scope.enums[owner].variants.get(last)
                kinds = dict(v.fields) if v is not None else {}
                values = self.values([n for _, n in given], [kinds.get(f) for f, _ in given])
                return self.variant(
                    owner, last, [(f, w) for (f, _), w in zip(given, values, strict=True)], node
                )
            if (
                self.scope.is_foundation(head)
                and head.rpartition("::")[2] == "Error"
                and last in RUNTIME_VARIANTS
            ):
                return self._runtime_variant(last, given, node)
        own = self.own if name == "Self" else name
        if own in self.scope.error_structs:
            fields = self.scope.error_fields[own]
            values = self.values([n for _, n in given], [fields.get(f) for f, _ in given])
            by_name = {f: v for (f, _), v in zip(given, values, strict=True)}
            return V(
                ir.New(own, [(f, self.store(by_name[f].e)) for f in fields], type=ir.NamedT(own)),
                rt.Named(own),
            )
        info = self.scope.structs.get(own)
        if info is None:
            raise self.fail(f"{name} is not a struct of this file", node)
        return self.construct(own, info, given, base, node)

    def construct(
        self,
        name: str,
        info: Struct,
        given: list[tuple[str, SyntaxNode]],
        base: SyntaxNode | None,
        node: SyntaxNode,
    ) -> V:
        """An object of a struct of this file, with each field given or taken from a base."""
        if info.init is not None:
            raise self.fail(f"{name} is made by its constructor, and by its fields here", node)
        values = self.values([n for _, n in given], [info.fields.get(f) for f, _ in given])
        made = {f: v for (f, _), v in zip(given, values, strict=True)}
        if base is not None:
            b = self.stable(self.x(base, rt.Named(name)), "base")
            for f, t in info.fields.items():
                made.setdefault(f, V(ir.Field(b.e, f, type=self.stored(t)), t))
        args: list[tuple[str, ir.Expr]] = []
        for f, t in info.fields.items():
            if f not in made:
                raise self.fail(f"{name} without its field {f}", node)
            self.unify(made[f].t, t, node)
            args.append((f, self.store(made[f].e)))
        return V(ir.New(name, args, type=ir.NamedT(name)), rt.Named(name))

    def _runtime_variant(self, variant: str, given: list[tuple[str, SyntaxNode]], node: SyntaxNode) -> V:
        cls = RUNTIME_VARIANTS[variant]
        if cls not in RUNTIME_CONSTRUCTORS.values():
            raise self.fail(f"making a {cls} by hand", node)
        for f, n in given:
            if f == "source" and self.src(n) != "None":
                raise self.fail("an error with a source", node)
        message = next((self.x(n, rt.TEXT).e for f, n in given if f == "message"), text_lit(""))
        return V(ir.New(cls, [("message", message)], type=ir.NamedT(cls)), rt.Err("foundation"))

    # Results

    def _try(self, node: SyntaxNode, want: RType | None) -> V:
        inner = code_children(node)[0]
        if inner.type == "call_expression":
            head = inner.child_by_field_name("function")
            if head is not None and self.src(head) == "Err":
                self.raise_error(self.arguments(inner)[0], self._error_wanted(), node)
                return V(lit(None, ir.NONE), rt.NEVER)
        if inner.type in ("match_expression", "if_expression", "block"):
            t: RType = want if want is not None else rt.Var()
            name = self.fresh("value", t)
            dest = Dest("assign", rt.Res(t, self._error_wanted()), name, result=True)
            self.into(inner, dest)
            self.taken[name] = t
            return (
                V(ir.Name(name, type=self.stored(t)), t)
                if to_ir(t) != ir.NONE
                else V(lit(None, ir.NONE), rt.UNIT)
            )
        v = self.x(inner, rt.Res(want, rt.Var()) if want is not None else None)
        t2 = resolve(v.t)
        if isinstance(t2, rt.Res):
            if self.returned is not None:
                v = self.converted(v, self._error_wanted(), node)
            t2 = resolve(v.t)
            return V(v.e, t2.ok if isinstance(t2, rt.Res) else t2)
        if isinstance(t2, rt.Opt):
            if self.returned is None or not isinstance(resolve(self.returned.t), rt.Opt):
                raise self.fail("? on an Option in a function that does not return one", node)
            v = self.stable(v, "found")
            result = resolve(self.returned.t)
            assert isinstance(result, rt.Opt)
            self.emit(ir.If(negate(self.is_some(v.e)), [ir.Return(self.none(result.elem))], []), node)
            return V(self.unwrap(v.e, t2.elem), t2.elem)
        raise self.fail(f"? on {words(v.t)}", node)

    def _error_wanted(self) -> RType:
        if self.returned is None:
            return rt.Var()
        t = resolve(self.returned.t)
        return t.err if isinstance(t, rt.Res) else rt.Var()

    # Blocks as values

    def _if_value(self, node: SyntaxNode, want: RType | None) -> V:
        condition = node.child_by_field_name("condition")
        then, orelse = node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
        assert condition is not None and then is not None
        if orelse is not None:
            try:
                with self.pure(), self.inside():
                    test, later = self.test(condition)
                    with self.inside():
                        later(then)
                        a = self._simple_block(then, want)
                    b = self._simple_block(code_children(orelse)[-1], want if want is not None else a.t)
                    self.unify(a.t, b.t, node)
                    if isinstance(resolve(a.t), rt.Res):
                        raise NeedStatements("a Result inside an expression")
                    t = a.t if not isinstance(resolve(a.t), rt.Var) and resolve(a.t) != rt.NEVER else b.t
                    return V(ir.Cond(test, self.store(a.e), self.store(b.e), type=self.stored(t)), t)
            except NeedStatements:
                if not self.hoistable:
                    raise
        return self._block_value(node, want)

    def _simple_block(self, node: SyntaxNode, want: RType | None) -> V:
        if node.type == "block":
            inner = code_children(node)
            if len(inner) != 1 or (
                inner[0].type in ("let_declaration", "expression_statement")
                and self.src(inner[0]).endswith(";")
            ):
                raise NeedStatements("a block inside an expression")
            node = inner[0]
        return self.x(node, want)

    def _block_value(self, node: SyntaxNode, want: RType | None) -> V:
        if node.type == "match_expression" and not self.hoistable:
            return self._match_value(node, want)
        if node.type == "block" and not self.hoistable:
            return self._simple_block(node, want)
        t: RType = want if want is not None else rt.Var()
        name = self.fresh("value", rt.Var())
        dest = Dest("assign", t, name)
        with self.capture() as made:
            self.into(node, dest)
        if not self.hoistable:
            raise NeedStatements("a block inside an expression")
        self.out.extend(made)
        self.taken[name] = t
        found = resolve(t)
        if isinstance(found, rt.Res):
            raise self.fail("a Result that is kept as a value", node)
        if isinstance(found, rt.Var) and not dest.used:
            return V(lit(None, ir.NONE), rt.UNIT)
        if to_ir(t) == ir.NONE:
            return V(lit(None, ir.NONE), rt.UNIT)
        return V(ir.Name(name, type=self.stored(t)), t)

    def _match_value(self, node: SyntaxNode, want: RType | None) -> V:
        """A match inside an expression, as nested conditions."""
        value, held = node.child_by_field_name("value"), node.child_by_field_name("body")
        assert value is not None and held is not None
        v = self.stable(self.x(value))
        out: list[tuple[ir.Expr | None, V]] = []
        arms = [a for a in code_children(held) if a.type == "match_arm"]
        t: RType = want if want is not None else rt.Var()
        for i, arm in enumerate(arms):
            p, body = arm.child_by_field_name("pattern"), arm.child_by_field_name("value")
            assert p is not None and body is not None
            inner = next(c for c in p.children if c.type not in COMMENTS)
            guard = p.child_by_field_name("condition")
            with self.inside():
                tests, binds = self.pattern(inner, v)
                self.materialize([(n, w, False) for n, w, _ in binds], None, node)
                if guard is not None:
                    tests.append(self.x(guard, rt.BOOL).e)
                made = self._simple_block(body, t)
                self.unify(made.t, t, node)
            last = i == len(arms) - 1 and guard is None
            out.append((None if last or not tests else conjunction(tests), made))
            if out[-1][0] is None:
                break
        e = self.store(out[-1][1].e)
        for test, made in reversed(out[:-1]):
            assert test is not None
            e = ir.Cond(test, self.store(made.e), e, type=self.stored(t))
        return V(e, t)

    # Patterns

    def pattern(self, pattern: SyntaxNode, v: V) -> tuple[list[ir.Expr], list[tuple[str, V, bool]]]:
        """See `Body.pattern`."""
        t = resolve(v.t)
        match pattern.type:
            case "_":
                return [], []
            case "match_pattern":
                return self.pattern(next(c for c in pattern.children if c.type not in COMMENTS), v)
            case "mut_pattern" | "ref_pattern" | "reference_pattern":
                inner = [c for c in code_children(pattern) if c.type != "mutable_specifier"]
                if not inner and self.src(pattern).endswith("_"):
                    return [], []
                tests, binds = self.pattern(inner[-1], v)
                return tests, [(n, w, m or pattern.type == "mut_pattern") for n, w, m in binds]
            case "identifier" | "scoped_identifier":
                return self._name_pattern(pattern, v)
            case (
                "integer_literal"
                | "float_literal"
                | "string_literal"
                | "char_literal"
                | "boolean_literal"
                | "raw_string_literal"
                | "negative_literal"
            ):
                return [self._literal_test(pattern, v)], []
            case "range_pattern":
                return self._range_pattern(pattern, v), []
            case "or_pattern":
                return self._or_pattern(pattern, v)
            case "tuple_struct_pattern" | "struct_pattern" if self.scope.error_kind(t) == "module":
                return self._error_value(pattern, v)
            case "captured_pattern":
                inner = [c for c in pattern.children if c.type not in COMMENTS and c.type != "@"]
                tests, binds = self.pattern(inner[1], v)
                return tests, [(self.src(inner[0]), v, False), *binds]
            case "tuple_pattern" if isinstance(t, rt.Tuple):
                parts = self.pattern_parts(pattern)
                if len(parts) != len(t.elems):
                    raise self.fail("a tuple pattern with ..", pattern)
                tests: list[ir.Expr] = []
                binds: list[tuple[str, V, bool]] = []
                for i, (p, kind) in enumerate(zip(parts, t.elems, strict=True)):
                    part = (
                        v.e.elems[i]
                        if isinstance(v.e, ir.TupleLit)
                        else op("tuple.index", [v.e, number(i)], self.stored(kind))
                    )
                    more, names = self.pattern(p, V(part, kind))
                    tests.extend(more)
                    binds.extend(names)
                return tests, binds
            case "tuple_struct_pattern" | "struct_pattern" if (
                union := self.union_of(pattern, v)
            ) is not None:
                return self._union_pattern(pattern, v, union)
            case "tuple_struct_pattern":
                return self._variant_pattern(pattern, v)
            case "struct_pattern" if isinstance(t, rt.Named) and t.name in self.scope.structs:
                return self._struct_pattern(pattern, v, self.scope.structs[t.name].fields)
            case "slice_pattern" if isinstance(t, rt.Vec):
                return self._slice_pattern(pattern, v, t.elem)
            case _:
                if self.src(pattern) == "_":
                    return [], []
                raise self.fail("a pattern of this kind", pattern)

    def _name_pattern(self, pattern: SyntaxNode, v: V) -> tuple[list[ir.Expr], list[tuple[str, V, bool]]]:
        text = self.src(pattern)
        t = resolve(v.t)
        if text == "None":
            if isinstance(t, rt.Var):
                unify(t, rt.Opt(rt.Var()))
            return [negate(self.is_some(v.e))], []
        union = self.union_of(pattern, v)
        if union is not None:
            return self._union_pattern(pattern, v, union)
        if "::" in text and self.scope.error_kind(t) == "module":
            return self._error_value(pattern, v)
        if "::" in text or text in self.scope.consts or (text[0].isupper() and self.scope.full(text) != text):
            w = self.path(pattern, v.t)
            return [self.compare("eq", v, w, pattern)], []
        if text == "_":
            return [], []
        return [], [(text, v, False)]

    def _error_value(self, pattern: SyntaxNode, v: V) -> tuple[list[ir.Expr], list[tuple[str, V, bool]]]:
        """A variant of an error that is kept as a value."""
        classes, binds = self.error_pattern(pattern, v.t)
        names: list[ir.Expr] = [ir.Name(c, type=ir.ERROR) for c in classes]
        test = op("error.is", [v.e, ir.ListLit(names, type=ir.ListT(ir.ERROR))], ir.BOOL)
        held = op("error.as", [v.e], ir.NamedT(classes[0]))
        out: list[tuple[str, V, bool]] = []
        for name, field, t in binds:
            e = ir.Field(held, field, type=self.stored(t)) if field else v.e
            out.append((name, V(e, t), False))
        return [test], out

    def _literal_test(self, pattern: SyntaxNode, v: V) -> ir.Expr:
        if pattern.type == "negative_literal":
            inner = self.x(code_children(pattern)[0], v.t)
            assert isinstance(inner.e, ir.Lit)
            w = V(lit(-inner.e.value, inner.e.type), inner.t)
        else:
            w = self.x(pattern, v.t)
        if pattern.type == "boolean_literal":
            return v.e if self.src(pattern) == "true" else negate(v.e)
        return self.compare("eq", v, w, pattern)

    def _range_pattern(self, pattern: SyntaxNode, v: V) -> list[ir.Expr]:
        tests: list[ir.Expr] = []
        seen = inclusive = False
        for c in pattern.children:
            if c.type in COMMENTS:
                continue
            if c.type in ("..", "..=", "..."):
                seen, inclusive = True, c.type != ".."
                continue
            if c.type == "negative_literal":
                inner = self.x(code_children(c)[0], v.t)
                assert isinstance(inner.e, ir.Lit)
                w = V(lit(-inner.e.value, inner.e.type), inner.t)
            else:
                w = self.x(c, v.t)
            name = ("le" if inclusive else "lt") if seen else "ge"
            tests.append(self.compare(name, v, w, pattern))
        return tests

    def _or_pattern(self, pattern: SyntaxNode, v: V) -> tuple[list[ir.Expr], list[tuple[str, V, bool]]]:
        parts: list[SyntaxNode] = []
        todo = [pattern]
        while todo:
            at = todo.pop()
            if at.type == "or_pattern":
                todo.extend(reversed([c for c in at.children if c.type not in COMMENTS and c.type != "|"]))
            else:
                parts.append(at)
        choices: list[ir.Expr] = []
        for p in parts:
            tests, binds = self.pattern(p, v)
            if binds:
                raise self.fail("an alternative that binds names", pattern)
            if not tests:
                return [], []
            choices.append(conjunction(tests))
        return [ir.Bool("or", choices, type=ir.BOOL) if len(choices) > 1 else choices[0]], []

    def _variant_pattern(self, pattern: SyntaxNode, v: V) -> tuple[list[ir.Expr], list[tuple[str, V, bool]]]:
        parts = self.pattern_parts(pattern)
        head = self.src(parts[0])
        t = resolve(v.t)
        named = self.scope.structs.get(self.own if head == "Self" else head)
        if named is not None and named.positional:
            held: list[ir.Expr] = []
            bound: list[tuple[str, V, bool]] = []
            if len(parts) - 1 != len(named.fields):
                raise self.fail("a pattern with ..", pattern)
            for p, (f, kind) in zip(parts[1:], named.fields.items(), strict=True):
                more, names = self.pattern(p, V(ir.Field(v.e, f, type=self.stored(kind)), kind))
                held.extend(more)
                bound.extend(names)
            return held, bound
        if head == "Some" and len(parts) == 2:
            if isinstance(t, rt.Var):
                unify(t, rt.Opt(rt.Var()))
                t = resolve(t)
            if not isinstance(t, rt.Opt):
                raise self.fail(f"Some(...) as a pattern of {words(t)}", pattern)
            some = self.is_some(v.e)
            tests = [] if isinstance(some, ir.Lit) and some.value is True else [some]
            if v.split is not None and parts[1].type == "tuple_pattern":
                inner = self.pattern_parts(parts[1])
                return tests, [("", V(v.e, v.t, v.split), False)] if self._hold_split(inner) else []
            more, binds = self.pattern(parts[1], V(self.unwrap(v.e, t.elem), t.elem))
            return [*tests, *more], binds
        raise self.fail("a pattern of this kind", pattern)

    split_targets: list[str | None] | None = None

    def _hold_split(self, parts: list[SyntaxNode]) -> bool:
        names = [self.plain_name(p) for p in parts]
        if len(names) != 2 or any(n is None for n in names):
            raise self.fail("split_once with this pattern", parts[0])
        self.split_targets = names
        return True

    def _split_names(self, v: V, node: SyntaxNode) -> None:
        assert v.split is not None and self.split_targets is not None
        subject, sep = v.split
        targets: list[ir.Target] = []
        for n in (self.split_targets[0], "separator", self.split_targets[1]):
            made = self.fresh("rest" if n in ("_", None) else str(n), rt.TEXT)
            targets.append(ir.VarTarget(made, type=ir.STR))
            if n not in ("_", "separator", None):
                self.bind(str(n), ir.Name(made, type=ir.STR), rt.TEXT)
        kind = ir.TupleT((ir.STR, ir.STR, ir.STR))
        self.emit(
            ir.Assign(ir.TupleTarget(targets, type=kind), op("str.partition", [subject, sep], kind)), node
        )

    def _struct_pattern(
        self, pattern: SyntaxNode, v: V, fields: dict[str, RType]
    ) -> tuple[list[ir.Expr], list[tuple[str, V, bool]]]:
        tests: list[ir.Expr] = []
        binds: list[tuple[str, V, bool]] = []
        for c in code_children(pattern):
            if c.type != "field_pattern":
                continue
            name, inner = c.child_by_field_name("name"), c.child_by_field_name("pattern")
            assert name is not None
            field_name = self.src(name)
            if field_name not in fields:
                raise self.fail(f"a field {field_name} that is not known", pattern)
            part = V(ir.Field(v.e, field_name, type=self.stored(fields[field_name])), fields[field_name])
            if inner is None:
                binds.append((field_name, part, any(x.type == "mutable_specifier" for x in c.children)))
            else:
                more, names = self.pattern(inner, part)
                tests.extend(more)
                binds.extend(names)
        return tests, binds

    def _slice_pattern(
        self, pattern: SyntaxNode, v: V, elem: RType
    ) -> tuple[list[ir.Expr], list[tuple[str, V, bool]]]:
        parts = self.pattern_parts(pattern)
        rest = [i for i, p in enumerate(parts) if p.type == "remaining_field_pattern" or ".." in self.src(p)]
        count = len(parts) - len(rest)
        size = op("len", [v.e], ir.INT)
        tests: list[ir.Expr] = (
            [op("ge" if rest else "eq", [size, number(count)], ir.BOOL)] if count or not rest else []
        )
        binds: list[tuple[str, V, bool]] = []
        for i, p in enumerate(parts):
            if rest and i == rest[0]:
                if p.type == "captured_pattern":
                    high: ir.Expr = (
                        lit(None, ir.NONE)
                        if i == len(parts) - 1
                        else op("from_end", [number(len(parts) - 1 - i)], ir.INT)
                    )
                    name = self.src(next(c for c in p.children if c.type == "identifier"))
                    e = op(
                        "list.slice", [v.e, number(i) if i else lit(None, ir.NONE), high], to_ir(rt.Vec(elem))
                    )
                    binds.append((name, V(e, rt.Vec(elem)), False))
                continue
            at: ir.Expr = (
                number(i) if not rest or i < rest[0] else op("from_end", [number(len(parts) - i)], ir.INT)
            )
            part = V(op("list.index", [v.e, at], self.stored(elem), "IndexError"), elem)
            more, names = self.pattern(p, part)
            tests.extend(more)
            binds.extend(names)
        return tests, binds

    def error_pattern(
        self, pattern: SyntaxNode, err: RType
    ) -> tuple[list[str], list[tuple[str, str, RType]]]:
        """See `Body.error_pattern`."""
        binds: list[tuple[str, str, RType]] = []
        if pattern.type in ("reference_pattern", "ref_pattern"):
            return self.error_pattern(code_children(pattern)[-1], err)
        if pattern.type == "or_pattern":
            classes: list[str] = []
            for c in pattern.children:
                if c.type in COMMENTS or c.type == "|":
                    continue
                more, names = self.error_pattern(c, err)
                if names:
                    raise self.fail("an alternative that binds names", pattern)
                classes.extend(more)
            return classes, []
        if pattern.type == "captured_pattern":
            inner = [c for c in pattern.children if c.type not in COMMENTS and c.type != "@"]
            classes, binds = self.error_pattern(inner[1], err)
            return classes, [(self.src(inner[0]), "", err), *binds]
        path_node = pattern
        if pattern.type in ("tuple_struct_pattern", "struct_pattern"):
            path_node = pattern.child_by_field_name("type") or pattern
        text = self.src(path_node)
        head, _, last = text.rpartition("::")
        owner = self.own if head == "Self" else head
        if owner in self.scope.enums and self.scope.enums[owner].kind == "error":
            v = self.scope.enums[owner].variants[last]
            if v.transparent:
                if pattern.type == "tuple_struct_pattern":
                    inner_pattern = self.pattern_parts(pattern)[1]
                    source = v.source if v.source is not None else v.fields[0][1]
                    name = self.plain_name(inner_pattern)
                    if name is None:
                        return self.error_pattern(inner_pattern, source)
                    if name != "_":
                        binds.append((name, "", source))
                    return self._classes_of(source, pattern), binds
                return self._classes_of(v.fields[0][1], pattern), []
            if pattern.type == "tuple_struct_pattern":
                for p, (f, t) in zip(self.pattern_parts(pattern)[1:], v.fields, strict=False):
                    self._bind_field(p, f, t, binds)
            elif pattern.type == "struct_pattern":
                kinds = dict(v.fields)
                for c in code_children(pattern):
                    if c.type == "field_pattern":
                        name_node, inner_node = (
                            c.child_by_field_name("name"),
                            c.child_by_field_name("pattern"),
                        )
                        assert name_node is not None
                        f = self.src(name_node)
                        if inner_node is None:
                            binds.append((f, f, kinds[f]))
                        else:
                            self._bind_field(inner_node, f, kinds[f], binds)
            return [v.error], binds
        if (
            self.scope.is_foundation(head)
            and head.rpartition("::")[2] == "Error"
            and last in RUNTIME_VARIANTS
        ):
            if pattern.type == "tuple_struct_pattern":
                name = self.plain_name(self.pattern_parts(pattern)[1])
                if name is None:
                    raise self.fail("the inside of an error of the runtime", pattern)
                if name != "_":
                    binds.append((name, "", rt.Named(f"error:{RUNTIME_VARIANTS[last]}")))
                return [RUNTIME_VARIANTS[last]], binds
            for c in code_children(pattern):
                if c.type == "field_pattern":
                    f, inner_node = c.child_by_field_name("name"), c.child_by_field_name("pattern")
                    if (
                        f is not None
                        and self.src(f) == "message"
                        and last
                        in (
                            "Network",
                            "Timeout",
                            "ServiceUnavailable",
                            "Authentication",
                            "Validation",
                            "Http",
                        )
                    ):
                        raise self.fail("the message of an error taken apart", pattern)
                    raise self.fail("a field of an error of the runtime", pattern)
            return [RUNTIME_VARIANTS[last]], []
        raise self.fail("a pattern of an error of this kind", pattern)

    def _bind_field(self, p: SyntaxNode, f: str, t: RType, binds: list[tuple[str, str, RType]]) -> None:
        name = self.plain_name(p)
        if name is None:
            raise self.fail("a pattern inside an error's variant", p)
        if name != "_":
            binds.append((name, f, t))

    def _classes_of(self, t: RType, node: SyntaxNode) -> list[str]:
        match resolve(t):
            case rt.Err("foundation"):
                return ["FoundationError"]
            case rt.Err("io"):
                return ["OSError"]
            case rt.Err("parse"):
                return ["ValueError"]
            case rt.Named(name) if name in self.scope.enums:
                return [v.error for v in self.scope.enums[name].variants.values() if not v.transparent]
            case rt.Named(name) if name in self.scope.error_structs:
                return [name]
            case _:
                raise self.fail("a variant that passes on any error", node)


__all__ = ["Expressions", "Unsupported", "is_stable", "walk"]
