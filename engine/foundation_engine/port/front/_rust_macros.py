"""Rust's macros: format! and its family, vec!, matches!, assertions and panics."""

# ruff: noqa: S101, PT018 - assertions here narrow types that the grammar guarantees, two at a time.
from __future__ import annotations

import re

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front import _rust_types as rt
from foundation_engine.port.front._rust_body import V, conjunction, lit, negate, op, text_lit
from foundation_engine.port.front._rust_calls import Calls, snake
from foundation_engine.port.front._rust_expr import unescape
from foundation_engine.port.front._rust_scope import COMMENTS, code_children, walk
from foundation_engine.port.front._rust_types import RType, is_float, is_int, resolve, words

_SPEC = re.compile(r"(?:(.)?([<>^]))?([+])?(#)?(0)?(\d+)?(?:\.(\d+))?(\?|x|X|b|o|e)?$")
QUOTES = "A quoted text in a message has the target's quotes and escapes, where Rust's {:?} writes its own."


class Macros(Calls):
    """Calls of macros."""

    def macro(self, node: SyntaxNode, want: RType | None) -> V:
        """See `Body.macro`."""
        name_node = node.child_by_field_name("macro")
        name = self.src(name_node).rpartition("::")[2] if name_node is not None else ""
        pieces = self.macro_arguments(node)
        match name:
            case "format":
                return V(self.format(pieces, node), rt.TEXT)
            case "vec":
                return self._vec(node, pieces, want)
            case "println" | "print":
                if name == "print":
                    raise self.fail("print! without a line's end", node)
                self.emit(ir.ExprStmt(op("print", [self.format(pieces, node)], ir.NONE)), node)
                return V(lit(None, ir.NONE), rt.UNIT)
            case "panic" | "unreachable" | "todo" | "unimplemented":
                message: ir.Expr = self.format(pieces, node) if pieces else text_lit(f"{name}!")
                if name == "unreachable" and not pieces:
                    message = text_lit("internal error: entered unreachable code")
                self.emit(
                    self.stop(
                        message,
                        "NotImplementedError" if name in ("todo", "unimplemented") else "AssertionError",
                    ),
                    node,
                )
                return V(lit(None, ir.NONE), rt.NEVER)
            case "assert" | "debug_assert":
                test = self.x(self.expression(*pieces[0]), rt.BOOL)
                message = self.format(pieces[1:], node) if len(pieces) > 1 else text_lit("assertion failed")
                self.emit(ir.If(negate(test.e), [self.stop(message)], []), node)
                return V(lit(None, ir.NONE), rt.UNIT)
            case "assert_eq" | "assert_ne" | "debug_assert_eq":
                a, b = self.both(self.expression(*pieces[0]), self.expression(*pieces[1]))
                test2 = self.compare("ne" if name.endswith("eq") else "eq", a, b, node)
                message = self.format(pieces[2:], node) if len(pieces) > 2 else text_lit("assertion failed")
                self.emit(ir.If(test2, [self.stop(message)], []), node)
                return V(lit(None, ir.NONE), rt.UNIT)
            case "matches":
                return self._matches(node, pieces)
            case "bail":
                message = self.format(pieces, node)
                self.emit(
                    ir.Raise(ir.New("RuntimeError", [("message", message)], type=ir.NamedT("RuntimeError"))),
                    node,
                )
                return V(lit(None, ir.NONE), rt.NEVER)
            case "anyhow":
                message = self.format(pieces, node)
                return V(
                    ir.New("RuntimeError", [("message", message)], type=ir.NamedT("RuntimeError")),
                    rt.Err("box"),
                )
            case "write" | "writeln":
                return self._write(name, pieces, node)
            case _:
                raise self.fail(f"the macro {name}!", node)

    def macro_arguments(self, node: SyntaxNode) -> list[tuple[int, int]]:
        """Byte ranges of the arguments of a macro, split at its own commas."""
        tree = next(c for c in node.children if c.type == "token_tree")
        out: list[tuple[int, int]] = []
        start: int | None = None
        end = 0
        depth = 0
        for c in tree.children[1:-1]:
            if c.type in COMMENTS:
                continue
            if self.src(c) == "," and not depth:
                if start is not None:
                    out.append((start, end))
                start = None
                continue
            if self.src(c) == "|" and start is None:
                depth = 0
            start = c.start_byte if start is None else start
            end = c.end_byte
        if start is not None:
            out.append((start, end))
        return out

    def expression(self, start: int, end: int) -> SyntaxNode:
        """The expression between two offsets, parsed where it stands."""
        root = self.scope.fragment(start, end, "fn f(){")
        self.scope.fragments.append(root)
        block = next(n for n in walk(root) if n.type == "block")
        inner = code_children(block)
        if len(inner) != 1 or root.has_error:
            raise self.fail("a macro's argument of this kind", block)
        return inner[0]

    def _text(self, piece: tuple[int, int]) -> str:
        return self.scope.bytes[piece[0] : piece[1]].decode("utf-8", "replace")

    def _vec(self, node: SyntaxNode, pieces: list[tuple[int, int]], want: RType | None) -> V:
        tree = next(c for c in node.children if c.type == "token_tree")
        for c in tree.children[1:-1]:
            if self.src(c) == ";":
                value = self.expression(pieces[0][0], c.start_byte)
                length = self.expression(c.end_byte, pieces[-1][1])
                return self.repeated(value, length, want)
        return self.list_of([self.expression(*p) for p in pieces], want)

    def _matches(self, node: SyntaxNode, pieces: list[tuple[int, int]]) -> V:
        start, end = pieces[0]
        last = pieces[-1][1]
        text = self.scope.bytes
        # `matches!(value, pattern if guard)` is read as a match of one arm, each byte where it stands.
        comma = next(i for i in range(end, last) if text[i : i + 1] == b",")
        saved = self.scope.bytes
        root = self._match_fragment(start, end, comma, last)
        self.scope.bytes = saved
        self.scope.fragments.append(root)
        arm = next(n for n in walk(root) if n.type == "match_arm")
        value = next(n for n in walk(root) if n.type == "match_expression").child_by_field_name("value")
        pattern = arm.child_by_field_name("pattern")
        assert value is not None and pattern is not None
        v = self.stable(self.x(value), "value")
        guard = pattern.child_by_field_name("condition")
        inner = next(c for c in pattern.children if c.type not in COMMENTS)
        with self.inside():
            tests, binds = self.pattern(inner, v)
            if guard is not None:
                self.materialize([(n, w, False) for n, w, _ in binds], None, node)
                with self.pure():
                    tests.append(self.x(guard, rt.BOOL).e)
        return V(conjunction(tests) if tests else lit(True, ir.BOOL), rt.BOOL)

    def _match_fragment(self, start: int, end: int, comma: int, last: int) -> SyntaxNode:
        from foundation_grammars.tree import parse
        from foundation_specs.model import LanguageId

        source = self.scope.bytes
        blank = bytearray(10 if b == 10 else 32 for b in source[:start])
        head = b"fn f(){match "
        blank[start - len(head) : start] = head
        made = (
            bytes(blank)
            + source[start:end]
            + b" " * (comma - end)
            + b"{"
            + source[comma + 1 : last]
            + b"=>0}}"
        )
        return parse(made, LanguageId.RUST).root

    def _write(self, name: str, pieces: list[tuple[int, int]], node: SyntaxNode) -> V:
        """`write!(f, ...)`: what a Display implementation gives; on a String it is an addition."""
        place = self._text(pieces[0]).removeprefix("&mut ").strip()
        text = self.format(pieces[1:], node)
        if name == "writeln":
            text = (
                ir.Format([*text.parts, ir.FormatPart("\n")], type=ir.STR)
                if isinstance(text, ir.Format)
                else op("str.concat", [text, text_lit("\n")], ir.STR)
            )
        b = self.lookup(place)
        if b is not None and resolve(b.t) == rt.TEXT and isinstance(b.e, ir.Name):
            self.emit(ir.AugAssign(ir.VarTarget(b.e.id, type=ir.STR), "str.concat", text), node)
            return V(lit(None, ir.NONE), rt.Res(rt.UNIT, rt.Err("format")))
        if place == self.formatter:
            return V(text, rt.TEXT)
        raise self.fail(f"{name}! into something else than a String", node)

    formatter = ""

    # Formatting

    def format(self, pieces: list[tuple[int, int]], node: SyntaxNode) -> ir.Expr:
        """A formatted text."""
        if not pieces:
            return text_lit("")
        first = self._text(pieces[0])
        m = re.fullmatch(r'r?#*"(.*)"#*', first, re.DOTALL)
        if m is None:
            v = self.x(self.expression(*pieces[0]))
            return self.text_of(v, node)
        template = m[1] if first.startswith("r") else unescape(m[1])
        positional: list[SyntaxNode] = []
        named: dict[str, SyntaxNode] = {}
        for p in pieces[1:]:
            text = self._text(p)
            pair = re.match(r"([A-Za-z_]\w*)\s*=(?!=)\s*", text)
            if pair is not None:
                named[pair[1]] = self.expression(p[0] + len(pair[0].encode()), p[1])
            else:
                positional.append(self.expression(*p))
        order: list[tuple[str, str]] = []
        texts: list[str] = [""]
        i = 0
        automatic = 0
        while i < len(template):
            c = template[i]
            if template[i : i + 2] in ("{{", "}}"):
                texts[-1] += c
                i += 2
            elif c == "{":
                end = template.index("}", i)
                name, _, spec = template[i + 1 : end].partition(":")
                name = name.strip()
                if not name:
                    name = str(automatic)
                    automatic += 1
                order.append((name, spec.strip()))
                texts.append("")
                i = end + 1
            else:
                texts[-1] += c
                i += 1
        nodes: list[SyntaxNode | None] = [*positional, *named.values()]
        keys = [str(k) for k in range(len(positional))] + list(named)
        values = dict(
            zip(keys, self.values([n for n in nodes if n is not None], [None] * len(nodes)), strict=True)
        )
        parts: list[ir.FormatPart] = []
        for k, text in enumerate(texts):
            if text:
                parts.append(ir.FormatPart(text))
            if k < len(order):
                name, spec = order[k]
                v = values.get(name)
                if v is None:
                    b = self.lookup(name)
                    if b is None and name in self.scope.consts:
                        v = V(
                            ir.Name(name, type=self.stored(self.scope.consts[name])), self.scope.consts[name]
                        )
                    elif b is None:
                        raise self.fail(f"{{{name}}} in a format, which is not known here", node)
                    else:
                        v = V(ir.Name(b.e.id, type=b.e.type) if isinstance(b.e, ir.Name) else b.e, b.t)
                if "$" in spec or "*" in spec:
                    raise self.fail("a computed width or precision", node)
                parts.append(self._part(v, spec, node))
        if not parts:
            return text_lit("")
        if len(parts) == 1 and parts[0].value is None:
            return text_lit(parts[0].text)
        return ir.Format(parts, type=ir.STR)

    def _part(self, v: V, spec: str, node: SyntaxNode) -> ir.FormatPart:
        m = _SPEC.match(spec)
        if m is None:
            raise self.fail(f"format {{:{spec}}}", node)
        fill, align, sign, alternate, zero, width, precision, kind = m.groups()
        t = resolve(v.t)
        if sign and not width and (is_int(t) or is_float(t)) and kind is None:
            v = self.stable(v, "number")
            unsigned = spec.replace("+", "", 1)
            test = op("ge", [v.e, lit(0, ir.INT) if is_int(t) else lit(0.0, ir.FLOAT)], ir.BOOL)
            signed = ir.Format([ir.FormatPart("+"), self._part(v, unsigned, node)], type=ir.STR)
            below = ir.Format([self._part(v, unsigned, node)], type=ir.STR)
            return ir.FormatPart(value=ir.Cond(test, signed, below, type=ir.STR))
        if (fill and fill != " ") or align == "^" or sign or alternate or kind == "e":
            raise self.fail(f"format {{:{spec}}}", node)
        if kind == "?":
            return self._debug(v, node)
        if is_int(t):
            if precision:
                raise self.fail(f"format {{:{spec}}}", node)
            if not spec:
                return ir.FormatPart(value=v.e)
            return ir.FormatPart(
                value=v.e, spec=f"int:{align or '>'}:{zero or ''}:{width or ''}:{kind or 'd'}"
            )
        if is_float(t):
            if precision is not None:
                return ir.FormatPart(
                    value=v.e, spec=f"float:{align or '>'}:{zero or ''}:{width or ''}:{precision}:f"
                )
            if width:
                raise self.fail(f"format {{:{spec}}} of a float", node)
            return ir.FormatPart(value=op("float.to_plain", [v.e], ir.STR))
        text = self._display(v, node)
        if precision or zero:
            raise self.fail(f"format {{:{spec}}} of a text", node)
        if width:
            return ir.FormatPart(value=text, spec=f"str:{align or '<'}:{width}")
        return ir.FormatPart(value=text)

    def _display(self, v: V, node: SyntaxNode) -> ir.Expr:
        t = resolve(v.t)
        if t == rt.TEXT or t == rt.CHAR:
            return v.e
        if t == rt.BOOL:
            return ir.Cond(v.e, text_lit("true"), text_lit("false"), type=ir.STR)
        if self.scope.error_kind(t):
            return op("error.message", [v.e], ir.STR)
        if isinstance(t, rt.Named):
            enum = self.scope.enums.get(t.name)
            if enum is not None and enum.display:
                func = ir.Name(f"{snake(t.name)}_text", type=ir.FuncT((ir.NamedT(t.name),), ir.STR))
                return ir.Call(func, [v.e], type=ir.STR)
            info = self.scope.structs.get(t.name)
            if info is not None and info.display:
                return ir.MethodCall(v.e, "to_text", [], type=ir.STR)
        raise self.fail(f"{{}} of {words(t)}", node)

    def _debug(self, v: V, node: SyntaxNode) -> ir.FormatPart:
        t = resolve(v.t)
        if is_int(t):
            return ir.FormatPart(value=v.e)
        if t == rt.TEXT:
            self.scope.differ(QUOTES)
            return ir.FormatPart(value=v.e, spec="quoted")
        if t == rt.BOOL:
            return ir.FormatPart(value=self._display(v, node))
        if (
            isinstance(t, rt.Named)
            and t.name in self.scope.enums
            and self.scope.enums[t.name].kind == "plain"
        ):
            info = self.scope.enums[t.name]
            held = self.stable(v).e
            members = list(info.variants)
            e: ir.Expr = text_lit(members[-1])
            for m in reversed(members[:-1]):
                test = op("eq", [held, ir.EnumMember(t.name, m, type=ir.NamedT(t.name))], ir.BOOL)
                e = ir.Cond(test, text_lit(m), e, type=ir.STR)
            return ir.FormatPart(value=e)
        raise self.fail(f"{{:?}} of {words(t)}", node)
