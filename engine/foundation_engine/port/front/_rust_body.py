"""Rust function bodies to statements of the representation: blocks, patterns, results and places."""

# ruff: noqa: S101, PT018 - assertions here narrow types that the grammar guarantees, two at a time.
from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front import _rust_types as rt
from foundation_engine.port.front._rust_scope import COMMENTS, Scope, code_children, kind_name, walk
from foundation_engine.port.front._rust_types import RType, resolve, to_ir, unify, words
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.passes import terminates

STOPPED = "AssertionError"


@dataclass
class V:
    """A lowered expression and its Rust type. `split` is (text, separator) when it came from `split_once`."""

    e: ir.Expr
    t: RType
    split: tuple[ir.Expr, ir.Expr] | None = None


@dataclass
class Binding:
    """What a name of the source stands for: a variable of the port or another expression that is the same value."""

    e: ir.Expr
    t: RType


@dataclass
class Dest:
    """Where the value of a block goes: "return", "assign" to a variable, or "discard"."""

    kind: str
    t: RType
    id: str = ""
    tail: bool = False  # nothing follows, so that a unit value needs no return statement
    result: bool = False  # an "assign" that takes the value of Ok and raises Err
    used: bool = field(default=False)
    ids: tuple[str, ...] = ()  # the variables that take the parts of a tuple


class NeedStatements(Unsupported):
    """An expression that needs statements before it, in a place that has none."""


def op(name: str, args: list[ir.Expr], t: ir.Type, raises: str = "") -> ir.Intrinsic:
    """An operation."""
    return ir.Intrinsic(name, args, raises, type=t)


def lit(value: object, t: ir.Type) -> ir.Lit:
    """A literal."""
    return ir.Lit(value, type=t)


def number(value: int) -> ir.Lit:
    """An integer literal."""
    return ir.Lit(value, type=ir.INT)


def text_lit(value: str) -> ir.Lit:
    """A string literal."""
    return ir.Lit(value, type=ir.STR)


def negate(e: ir.Expr) -> ir.Expr:
    """The negation of a test."""
    if isinstance(e, ir.Not):
        return e.value
    if isinstance(e, ir.Intrinsic):
        flipped = {"is_some": "is_none", "is_none": "is_some", "eq": "ne", "ne": "eq"}
        if e.op in flipped:
            return op(flipped[e.op], e.args, ir.BOOL)
        if e.op in ("lt", "ge", "gt", "le") and e.args[0].type != ir.FLOAT:
            return op({"lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}[e.op], e.args, ir.BOOL)
    return ir.Not(e, type=ir.BOOL)


def conjunction(tests: list[ir.Expr]) -> ir.Expr:
    """All of the tests."""
    flat: list[ir.Expr] = []
    for t in tests:
        flat.extend(t.values if isinstance(t, ir.Bool) and t.op == "and" else [t])
    return flat[0] if len(flat) == 1 else ir.Bool("and", flat, type=ir.BOOL)


def is_stable(e: ir.Expr) -> bool:
    """True for what can be read twice without doing anything twice."""
    match e:
        case ir.Name() | ir.Lit() | ir.EnumMember():
            return True
        case ir.Field(obj=obj):
            return is_stable(obj)
        case ir.Unwrap(value=value) | ir.Wrap(value=value):
            return is_stable(value)
        case ir.TupleLit(elems=elems):
            return all(map(is_stable, elems))
        case ir.Intrinsic(op="error.message" | "tuple.index" | "char.to_str" | "enum.value", args=args):
            return all(map(is_stable, args))
        case _:
            return False


def is_pure(e: ir.Expr) -> bool:
    """True when evaluating the expression changes nothing and cannot fail."""
    return not any(
        isinstance(n, ir.Call | ir.MethodCall | ir.PatternOp | ir.PatternNew | ir.PatternCall | ir.Comp)
        or (
            isinstance(n, ir.Intrinsic)
            and (n.raises or n.op.endswith((".pop", ".pop_at", ".pop_optional")) or n.op == "print")
        )
        for n in ir.walk(e)
    )


class Body:
    """State and statements of one function; the expressions are in mixins."""

    def __init__(self, scope: Scope, own: str = "", generics: dict[str, RType] | None = None) -> None:
        self.scope = scope
        self.own = own
        self.generics = generics or {}
        self.out: list[ir.Stmt] = []
        self.scopes: list[dict[str, Binding]] = [{}]
        self.taken: dict[str, RType] = {}
        self.result: RType = rt.UNIT
        self.returned: Dest | None = None
        self.declines: list[Unsupported] = []
        self.hoistable = True
        self.tried: dict[int, V] = {}
        self.facts: set[tuple[str, str]] = set()
        self.plans: dict[str, SyntaxNode] = {}  # variables that hold how another library retries
        self.loops: list[Dest | None] = []
        self.closure_depth = 0
        self.assigned_in_closure: list[set[str]] = []
        self.last_line = 0
        self.parses: list[tuple[ir.Intrinsic, RType, SyntaxNode]] = []  # parses whose type is not known yet

    # The expression side, in mixins

    def x(self, node: SyntaxNode, want: RType | None = None) -> V:
        """The value of an expression."""
        raise NotImplementedError

    def macro(self, node: SyntaxNode, want: RType | None) -> V:
        """The value of a macro's call."""
        raise NotImplementedError

    def loop_over(self, node: SyntaxNode, pattern: SyntaxNode, body: Callable[[], None]) -> None:
        """A `for` loop."""
        raise NotImplementedError

    # Small things

    def src(self, node: SyntaxNode) -> str:
        """The source text of a node."""
        return self.scope.src(node)

    def fail(self, reason: str, node: SyntaxNode) -> Unsupported:
        """A decline at a node."""
        return Unsupported(reason, self.src(node).splitlines()[0], self.scope.line(node))

    def type_of(self, node: SyntaxNode | None) -> RType:
        """The type that a type expression means here."""
        return self.scope.type_of(node, self.generics, self.own)

    @contextmanager
    def capture(self) -> Generator[list[ir.Stmt]]:
        """Collect the statements that are emitted meanwhile."""
        saved, self.out = self.out, []
        try:
            yield self.out
        finally:
            self.out = saved

    @contextmanager
    def inside(self) -> Generator[None]:
        """A scope of names of its own."""
        self.scopes.append({})
        facts = set(self.facts)
        try:
            yield
        finally:
            self.scopes.pop()
            self.facts = facts

    @contextmanager
    def pure(self) -> Generator[None]:
        """A place without statements: what needs one raises NeedStatements."""
        saved, self.hoistable = self.hoistable, False
        held = self.out
        self.out = []
        try:
            yield
            if self.out:
                raise NeedStatements("an expression that needs statements, inside an expression")
        finally:
            self.out = held
            self.hoistable = saved

    def emit(self, s: ir.Stmt, node: SyntaxNode | None = None) -> None:
        """Add a statement."""
        if not self.hoistable:
            raise NeedStatements("an expression that needs statements, inside an expression")
        if node is not None and not s.line:
            s.line = self.scope.line(node)
        self.out.append(s)

    # Names

    def lookup(self, name: str) -> Binding | None:
        """What a name stands for, innermost first."""
        for s in reversed(self.scopes):
            if name in s:
                return s[name]
        return None

    def fresh(self, name: str, t: RType) -> str:
        """A variable's name in the port: the source's, unless that is another variable which is still alive."""
        base = name.removeprefix("r#").lstrip("_") or "value"
        if base in self.scope.functions or base in ("self", "list", "dict", "str", "len", "print"):
            base = f"{base}_value"
        mine = self.scopes[-1].get(name)
        for i in range(1, 1000):
            candidate = base if i == 1 else f"{base}_{i}"
            known = self.taken.get(candidate)
            if known is None:
                self.taken[candidate] = t
                return candidate
            alive = any(
                isinstance(n, ir.Name) and n.id == candidate
                for s in self.scopes
                for b in s.values()
                if b is not mine
                for n in ir.walk(b.e)
            )
            if not alive and not rt.is_open(known) and not rt.is_open(t) and to_ir(known) == to_ir(t):
                return candidate
        raise Unsupported("too many variables of one name")

    def bind(self, name: str, e: ir.Expr, t: RType) -> None:
        """Let a name stand for an expression from here on."""
        self.scopes[-1][name] = Binding(e, t)
        self.forget(name)

    def new_var(self, name: str, t: RType, kind: ir.Type | None = None) -> ir.Name:
        """A new variable of the port that the source's name stands for."""
        made = self.fresh(name, t)
        e = ir.Name(made, type=kind if kind is not None else to_ir(t))
        self.bind(name, e, t)
        return ir.Name(made, type=e.type)

    def temp(self, hint: str, v: V) -> V:
        """The value in a variable of its own."""
        name = self.fresh(hint, v.t)
        self.emit(ir.Assign(ir.VarTarget(name, type=v.e.type), v.e, line=v.e.line))
        return V(ir.Name(name, type=v.e.type), v.t, v.split)

    def stable(self, v: V, hint: str = "value") -> V:
        """The value as something that can be read twice."""
        if is_stable(v.e):
            return v
        if not self.hoistable and is_pure(v.e):
            return v
        return self.temp(hint, v)

    def forget(self, name: str) -> None:
        """Drop the facts that mention a name that was assigned."""
        self.facts = {f for f in self.facts if name not in re.findall(r"\w+", f"{f[0]} {f[1]}")}

    def unify(self, a: RType, b: RType, node: SyntaxNode) -> None:
        """Make two types one, or decline."""
        if not unify(a, b):
            raise self.fail(f"{words(a)} where {words(b)} is needed", node)

    # Options

    def is_some(self, e: ir.Expr) -> ir.Expr:
        """The test that an optional holds a value, simplified where the expression shows it."""
        match e:
            case ir.Wrap():
                return lit(True, ir.BOOL)
            case ir.Lit(value=None):
                return lit(False, ir.BOOL)
            case ir.Cond(test=test, body=ir.Wrap(), orelse=ir.Lit(value=None)):
                return test
            case ir.Cond(test=test, body=ir.Lit(value=None), orelse=ir.Wrap()):
                return negate(test)
            case ir.Cond(test=test, body=body, orelse=ir.Lit(value=None)):
                return conjunction([test, self.is_some(body)])
            case _:
                return op("is_some", [e], ir.BOOL)

    def unwrap(self, e: ir.Expr, t: RType) -> ir.Expr:
        """The value of an optional that is known to be there."""
        match e:
            case ir.Wrap(value=value):
                return value
            case ir.Cond(body=body, orelse=ir.Lit(value=None)):
                return self.unwrap(body, t)
            case ir.Cond(body=ir.Lit(value=None), orelse=orelse):
                return self.unwrap(orelse, t)
            case ir.Intrinsic(op="dict.get", args=args):
                return op("dict.index", args, self.stored(t))
            case _:
                return ir.Unwrap(e, type=self.stored(t), line=e.line)

    def stored(self, t: RType) -> ir.Type:
        """The type in the representation of a stored value: characters are strings there."""
        found = to_ir(t)
        return ir.STR if found == ir.CHAR else found

    def none(self, t: RType) -> ir.Expr:
        """None of an Option<t>."""
        return ir.Lit(None, type=to_ir(rt.Opt(t)))

    def wrap(self, e: ir.Expr, t: RType) -> ir.Expr:
        """Some(e)."""
        return ir.Wrap(self.store(e), type=to_ir(rt.Opt(t)), line=e.line)

    def code_point(self, e: ir.Expr) -> ir.Expr:
        """The number of a character, which may be stored as a text of one."""
        if isinstance(e, ir.Lit):
            return number(ord(e.value))
        return op("str.ord" if e.type == ir.CHAR else "str.ord_first", [e], ir.INT)

    def store(self, e: ir.Expr) -> ir.Expr:
        """The value as it is stored."""
        return op("char.to_str", [e], ir.STR) if e.type == ir.CHAR else e

    def stop(self, message: ir.Expr, cls: str = STOPPED) -> ir.Raise:
        """The statement for a panic."""
        return ir.Raise(ir.New(cls, [("message", message)], type=ir.NamedT(cls)))

    # Functions

    def function_body(self, block: SyntaxNode, result: RType) -> list[ir.Stmt]:
        """The statements of a function with this result."""
        self.result = result
        self.returned = Dest("return", result, tail=True)
        self.last_line = self.scope.line(block)
        with self.capture() as out:
            self.block(block, self.returned)
        return out

    def block(self, node: SyntaxNode, dest: Dest) -> None:
        """Lower a block's statements; its last expression goes to `dest`."""
        with self.inside():
            children = code_children(node)
            children = [
                c for c in children if c.type not in ("label", "attribute_item", "inner_attribute_item")
            ]
            for i, c in enumerate(children):
                last = i == len(children) - 1
                value = last and c.type not in (
                    "let_declaration", "expression_statement", "function_item", "use_declaration", "empty_statement",
                    "const_item",
                )  # fmt: skip
                # `if`, `match` and loops at the end are statements to the grammar even when they are the value.
                if last and c.type == "expression_statement" and not self.src(c).rstrip().endswith(";"):
                    value = True
                    inner = code_children(c)
                    c = inner[0] if inner else c
                mark = len(self.out)
                try:
                    if value:
                        self.into(c, dest)
                    else:
                        self.statement(c)
                        if last and dest.kind != "discard" and not terminates(self.out):
                            self.finish_unit(dest, c)
                except NeedStatements:
                    if not self.hoistable:
                        raise
                    self.hole(
                        Unsupported("an expression that needs statements, inside an expression", "", 0),
                        children[i:],
                    )
                    return
                except Unsupported as why:
                    if not self.hoistable or self.closure_depth:
                        raise
                    del self.out[mark:]
                    self.hole(why, children[i:])
                    return
                self.attach(mark, c)
            if not children:
                self.finish_unit(dest, node)

    def attach(self, mark: int, node: SyntaxNode) -> None:
        """Give the comments around a statement to what it became."""
        made = self.out[mark:]
        line, end = self.scope.line(node), self.scope.end_line(node)
        if made:
            made[0].comments = self.scope.comments.above(line, self.last_line) + made[0].comments
            if end == line:
                made[-1].trailing = made[-1].trailing or self.scope.comments.trailing.get(line, "")
            for s in made:
                s.line = s.line or line
        self.last_line = end

    def hole(self, why: Unsupported, rest: list[SyntaxNode]) -> None:
        """Mark what was not understood, with the rest of its block."""
        why = Unsupported(why.reason, why.construct, why.line)
        if not why.line:
            why.line = self.scope.line(rest[0])
        if not why.construct:
            why.construct = self.src(rest[0]).splitlines()[0]
        self.declines.append(why)
        text = self.scope.bytes[rest[0].start_byte : rest[-1].end_byte].decode("utf-8", "replace")
        self.out.append(ir.Hole(why.reason, why.construct, text, line=why.line))

    def finish_unit(self, dest: Dest, node: SyntaxNode) -> None:
        """The end of a block without a value."""
        if dest.kind == "return" and not dest.tail:
            self.emit(ir.Return(None), node)

    # Values into places

    def into(self, node: SyntaxNode, dest: Dest) -> None:
        """Evaluate an expression and put its value where it belongs."""
        want = dest.t
        match node.type:
            case "parenthesized_expression":
                self.into(code_children(node)[0], dest)
            case "expression_statement":
                self.into(code_children(node)[0], dest)
            case "block":
                self.block(node, dest)
            case "unsafe_block":
                raise self.fail("unsafe code", node)
            case "async_block":
                raise self.fail("an async block", node)
            case "if_expression":
                self.if_(node, dest)
            case "match_expression":
                self.match(node, dest)
            case "loop_expression" | "while_expression" | "for_expression":
                self.loop(node, dest)
            case "return_expression" | "break_expression" | "continue_expression":
                self.jump(node)
            case "assignment_expression" | "compound_assignment_expr":
                self.statement(node)
                self.finish_unit(dest, node)
            case _:
                if self.constructed(node, dest):
                    return
                v = self.x(node, want)
                self.finish(v, dest, node)

    def constructed(self, node: SyntaxNode, dest: Dest) -> bool:
        """`Ok(v)`, `Err(e)` and values of an optional, where a result or a value is wanted."""
        want = resolve(dest.t)
        if not isinstance(want, rt.Res) or node.type != "call_expression":
            return False
        head = node.child_by_field_name("function")
        name = self.src(head) if head is not None else ""
        args = self.arguments(node)
        if name == "Ok" and len(args) == 1:
            inner = Dest(dest.kind, want.ok, dest.id, dest.tail, ids=dest.ids)
            if args[0].type == "unit_expression":
                self.finish_unit(inner, node)
            else:
                self.into(args[0], inner)
            return True
        if name == "Err" and len(args) == 1:
            if dest.kind == "discard":
                return True
            self.raise_error(args[0], want.err, node)
            return True
        return False

    def finish(self, v: V, dest: Dest, node: SyntaxNode) -> None:
        """Put a value where it belongs."""
        t = resolve(v.t)
        line = self.scope.line(node)
        v.e.line = v.e.line or line
        if t == rt.NEVER:
            if not (isinstance(v.e, ir.Lit) and v.e.value is None):
                self.emit(ir.ExprStmt(v.e), node)
            return
        if dest.kind == "discard":
            if not is_pure(v.e) or (isinstance(v.e, ir.Intrinsic) and v.e.type == ir.NONE):
                self.emit(ir.ExprStmt(v.e), node)
            return
        want = resolve(dest.t)
        if isinstance(t, rt.Res):
            if not isinstance(want, rt.Res) and not dest.result:
                raise self.fail("a Result that is kept as a value", node)
            if isinstance(want, rt.Res):
                unify(t, want)
                v = self.converted(v, want.err, node)
            t = resolve(t.ok)
            want = resolve(want.ok) if isinstance(want, rt.Res) else want
        else:
            self.unify(t, want, node)
        if to_ir(t) == ir.NONE:
            if not (isinstance(v.e, ir.Lit) and v.e.value is None):
                self.emit(ir.ExprStmt(v.e), node)
            self.finish_unit(dest, node)
            return
        e = self.store(v.e)
        if dest.ids:
            assert isinstance(want, rt.Tuple)
            targets: list[ir.Target] = [
                ir.VarTarget(i, type=self.stored(k)) for i, k in zip(dest.ids, want.elems, strict=True)
            ]
            self.emit(ir.Assign(ir.TupleTarget(targets, type=to_ir(want)), e), node)
        elif dest.kind == "return":
            self.emit(ir.Return(e), node)
        else:
            dest.used = True
            self.emit(
                ir.Assign(
                    ir.VarTarget(dest.id, type=self.stored(dest.t if not isinstance(want, rt.Res) else want)),
                    e,
                ),
                node,
            )

    # Errors

    def raise_error(self, node: SyntaxNode, err: RType, at: SyntaxNode) -> None:
        """`Err(node)` that leaves the function."""
        v = self.error_value(node, err)
        self.emit(ir.Raise(v), at)

    def error_value(self, node: SyntaxNode, err: RType) -> ir.Expr:
        """An error as the port raises it; a text is a RuntimeError."""
        if node.type == "call_expression":
            head = node.child_by_field_name("function")
            name = self.src(head) if head is not None else ""
            if name in ("Box::new", "Box::from", "anyhow::Error::msg"):
                return self.error_value(self.arguments(node)[0], err)
            if head is not None and head.type == "field_expression":
                method = self.src(head.child_by_field_name("field") or head)
                receiver = head.child_by_field_name("value")
                if method in ("into", "clone", "to_owned") and receiver is not None:
                    return self.error_value(receiver, err)
            if name.endswith("::from") and len(self.arguments(node)) == 1 and self.is_error_type(name[:-6]):
                return self.error_value(self.arguments(node)[0], err)
        v = self.x(node, err)
        return self.as_error(v, node)

    def as_error(self, v: V, node: SyntaxNode) -> ir.Expr:
        """A value that is used as an error."""
        t = resolve(v.t)
        if t == rt.TEXT:
            if (
                isinstance(v.e, ir.Intrinsic)
                and v.e.op == "error.message"
                and isinstance(v.e.args[0], ir.Name)
            ):
                # A text that came out of a failed call goes on as it came.
                return v.e.args[0]
            return ir.New("RuntimeError", [("message", self.store(v.e))], type=ir.NamedT("RuntimeError"))
        if self.scope.error_kind(t):
            if isinstance(v.e, ir.New | ir.Name):
                return v.e
            return self.temp("error", v).e
        raise self.fail("an error of a type that this port does not know", node)

    def is_error_type(self, name: str) -> bool:
        """True for the name of an error type."""
        if name in self.scope.error_structs or (
            name in self.scope.enums and self.scope.enums[name].kind == "error"
        ):
            return True
        return self.scope.is_foundation(name) and name.rpartition("::")[2] == "Error"

    def converted(self, v: V, want: RType, node: SyntaxNode) -> V:
        """A result whose error becomes the function's, where `From` makes another error of it."""
        t = resolve(v.t)
        assert isinstance(t, rt.Res)
        variant = self.wrapping_variant(t.err, want)
        if variant is None:
            return v
        cls, field_name = variant
        made = self.try_value(
            v,
            "value",
            lambda e: [ir.Raise(ir.New(cls, [(field_name, e)], type=ir.NamedT(cls)))],
            node,
        )
        return V(made.e, rt.Res(t.ok, want))

    def wrapping_variant(self, have: RType, want: RType) -> tuple[str, str] | None:
        """The error class that `From` wraps an error into, and the field that takes it; None when it stays itself."""
        have, want = resolve(have), resolve(want)
        if have == want or not isinstance(want, rt.Named):
            return None
        enum = self.scope.enums.get(want.name)
        if any(t == have for t in self.scope.lossy.get(want.name, ())):
            raise Unsupported(f"an error that From makes another error of ({want.name})")
        if enum is None:
            return None
        for variant in enum.variants.values():
            if variant.source is not None and variant.source == have:
                return None if variant.transparent else (variant.error, variant.fields[0][0])
        return None

    def try_value(
        self,
        v: V,
        hint: str,
        handler: Callable[[ir.Expr], list[ir.Stmt]],
        node: SyntaxNode,
        before: list[ir.Stmt] | None = None,
    ) -> V:
        """The value of a result, with another outcome where it fails. `v` may have been lowered into `before`."""
        t = resolve(v.t)
        ok = resolve(t.ok) if isinstance(t, rt.Res) else t
        name = self.fresh("error", rt.Err("box"))
        held = ir.Name(name, type=ir.ERROR)
        body = list(before or [])
        if to_ir(ok) == ir.NONE:
            body.append(ir.ExprStmt(v.e, line=self.scope.line(node)))
            made: ir.Expr = ir.Lit(None, type=ir.NONE)
        else:
            target = self.fresh(hint, ok)
            kind = v.e.type
            body.append(ir.Assign(ir.VarTarget(target, type=kind), v.e, line=self.scope.line(node)))
            made = ir.Name(target, type=kind)
        handled = handler(held)
        used = any(isinstance(n, ir.Name) and n.id == name for s in handled for n in ir.walk(s))
        self.emit(ir.Try(body, [ir.Handler([], name if used else "", handled)], [], []), node)
        return V(made, ok)

    def guarded(self, node: SyntaxNode, want: RType | None = None) -> tuple[V, list[ir.Stmt]]:
        """A result whose failure is handled here: what its parts raise by `?` is raised before."""
        for n in walk(node):
            if n.type == "closure_expression":
                continue
            inside = n.type == "try_expression" and n is not node and not self._in_closure(n, node)
            if inside and n.id not in self.tried:
                self.tried[n.id] = self.stable(self.x(n))
        with self.capture() as before:
            v = self.x(node, want)
        return v, before

    def _in_closure(self, n: SyntaxNode, top: SyntaxNode) -> bool:
        at = n.parent
        while at is not None and at.id != top.id:
            if at.type in ("closure_expression", "try_expression"):
                return True
            at = at.parent
        return False

    # Statements

    def arguments(self, call: SyntaxNode) -> list[SyntaxNode]:
        """The arguments of a call."""
        held = call.child_by_field_name("arguments")
        return [c for c in code_children(held) if c.type != "attribute_item"] if held is not None else []

    def statement(self, node: SyntaxNode) -> None:
        """One statement."""
        match node.type:
            case "expression_statement":
                inner = code_children(node)
                if inner:
                    self.into(inner[0], Dest("discard", rt.Var())) if inner[0].type not in (
                        "assignment_expression", "compound_assignment_expr",
                    ) else self.statement(inner[0])  # fmt: skip
            case "let_declaration":
                self.let(node)
            case "assignment_expression":
                if not self.assign_self(node):
                    self.assign(node)
            case "compound_assignment_expr":
                self.augment(node)
            case "empty_statement" | "use_declaration":
                if node.type == "use_declaration":
                    self.scope.read_use(node)
            case (
                "function_item"
                | "const_item"
                | "struct_item"
                | "enum_item"
                | "impl_item"
                | "macro_definition"
            ):
                raise self.fail("an item inside a function", node)
            case "macro_invocation":
                self.finish(self.macro(node, None), Dest("discard", rt.Var()), node)
            case _:
                self.into(node, Dest("discard", rt.Var()))

    def assign_self(self, node: SyntaxNode) -> bool:
        """`*self = value`: each field is assigned; False for another assignment."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        assert left is not None and right is not None
        bound = self.x(left) if re.sub(r"\s", "", self.src(left)) == "*self" else None
        t = resolve(bound.t) if bound is not None else None
        if bound is None or not isinstance(t, rt.Named) or t.name not in self.scope.structs:
            return False
        made = self.x(right, t)
        if not isinstance(made.e, ir.New):
            made = self.temp("made", made)
        values: list[tuple[str, ir.Expr]] = []
        given = made.e.args if isinstance(made.e, ir.New) else []
        kinds = {n: e.type for n, e in given}
        if not given:
            info = self.scope.structs[t.name]
            if info.union:
                kind = ir.NamedT(kind_name(t.name))
                values.append(("kind", ir.Field(made.e, "kind", type=kind)))
            values.extend((f, ir.Field(made.e, f, type=self.stored(k))) for f, k in info.fields.items())
        for n, e in given:
            if any(isinstance(x, ir.Name) and x.id == "self" for x in ir.walk(e)):
                kept = self.temp("kept", V(e, rt.Var()))
                e = ir.Name(kept.e.id, type=kinds[n]) if isinstance(kept.e, ir.Name) else e
            values.append((n, e))
        for n, e in values:
            self.emit(ir.Assign(ir.FieldTarget(bound.e, n, type=e.type), e), node)
        return True

    def keeps_plan(self, name: str, value: SyntaxNode) -> bool:
        """True where a variable holds how another library retries, which is read where it is used."""
        raise NotImplementedError

    def let(self, node: SyntaxNode) -> None:
        """`let pattern: type = value else { ... };`."""
        pattern = node.child_by_field_name("pattern")
        value = node.child_by_field_name("value")
        kind = node.child_by_field_name("type")
        orelse = node.child_by_field_name("alternative")
        assert pattern is not None
        t: RType = self.type_of(kind) if kind is not None else rt.Var()
        if value is None:
            name = self.src(pattern).removeprefix("mut ").strip()
            # It is assigned later, on every path; the port introduces it there.
            self.new_var(name, t)
            return
        if orelse is not None:
            self.let_else(pattern, value, orelse, t)
            return
        name = self.plain_name(pattern)
        if name is not None and self.keeps_plan(name, value):
            return
        if (
            name is not None
            and name != "_"
            and value.type
            in ("if_expression", "match_expression", "block", "loop_expression", "unsafe_block")
        ):
            if self.conditional(name, value, t):
                return
            made = self.fresh(name, rt.Var())
            dest = Dest("assign", t, made)
            self.into(value, dest)
            e = ir.Name(made, type=to_ir(t))
            self.taken[made] = t
            self.bind(name, e, t)
            return
        if name == "_":
            self.into(value, Dest("discard", rt.Var()))
            return
        if (
            name is None
            and pattern.type == "tuple_pattern"
            and value.type in ("if_expression", "match_expression", "block")
        ):
            names = [self.plain_name(c) for c in self.pattern_parts(pattern)]
            if all(n not in (None, "_") for n in names):
                self.let_each([str(n) for n in names], value, t)
                return
        if name is not None and value.type == "closure_expression":
            self.local_closure(name, value, t)
            return
        mark = len(self.out)
        v = self.x(value, t)
        if isinstance(resolve(v.t), rt.Res):
            raise self.fail("a Result that is kept as a value", node)
        self.unify(v.t, t, node)
        v = self.owned(v, value)
        if (
            isinstance(resolve(v.t), rt.Vec)
            and is_stable(v.e)
            and re.search(r"\.(into_iter|iter|chars)\(\)$", self.src(value))
        ):
            v = V(op("list.copy", [v.e], to_ir(v.t)), v.t)
        if name is not None and self.renamed(name, v, mark):
            return
        if name is not None:
            self.introduce(name, v, node)
            return
        self.destructure(pattern, v, node)

    def let_each(self, names: list[str], value: SyntaxNode, t: RType) -> None:
        """`let (a, b) = if ... {(x, y)} else {(z, w)};`: each branch assigns each variable."""
        kinds: list[RType] = [rt.Var() for _ in names]
        unify(t, rt.Tuple(tuple(kinds)))
        made = [self.fresh(n, k) for n, k in zip(names, kinds, strict=True)]
        self.into(value, Dest("assign", t, "", ids=tuple(made)))
        for n, m, k in zip(names, made, kinds, strict=True):
            self.bind(n, ir.Name(m, type=self.stored(k)), k)

    def renamed(self, name: str, v: V, mark: int) -> bool:
        """Give a variable that was made for this value alone the name that the source has for it."""
        if not isinstance(v.e, ir.Name):
            return False
        made = v.e.id
        new = self.out[mark:]
        nodes = [n for s in new for n in ir.walk(s)]
        if not any(isinstance(n, ir.VarTarget) and n.id == made for n in nodes):
            return False
        if any(
            isinstance(n, ir.Name) and n.id == made
            for s in self.scopes
            for b in s.values()
            for n in ir.walk(b.e)
        ):
            return False
        if any(
            isinstance(n, ir.Name | ir.VarTarget) and n.id == made
            for s in self.out[:mark]
            for n in ir.walk(s)
        ):
            return False
        chosen = self.fresh(name, v.t)
        if any(isinstance(n, ir.Name | ir.VarTarget) and n.id == chosen for n in nodes):
            return False
        for n in nodes:
            if isinstance(n, ir.Name | ir.VarTarget) and n.id == made:
                n.id = chosen
        self.taken.pop(made, None)
        self.taken[chosen] = v.t
        self.bind(name, ir.Name(chosen, type=v.e.type), v.t)
        return True

    def local_closure(self, name: str, node: SyntaxNode, t: RType) -> None:
        """`let f = |x| ...;`."""
        raise NotImplementedError

    def conditional(self, name: str, value: SyntaxNode, t: RType) -> bool:
        """`let x = if a { b } else { c };` as one expression, where both are simple; False when it needs statements."""
        if value.type != "if_expression":
            return False
        try:
            with self.pure():
                v = self.x(value, t)
        except NeedStatements:
            return False
        if any(isinstance(n, ir.Cond) for n in ir.walk(v.e) if n is not v.e) or not is_pure(v.e):
            return False
        self.introduce(name, v, value)
        return True

    def introduce(self, name: str, v: V, node: SyntaxNode) -> None:
        """A new variable with a value."""
        if to_ir(v.t) == ir.NONE:
            if not is_pure(v.e):
                self.emit(ir.ExprStmt(v.e), node)
            self.bind(name, ir.Lit(None, type=ir.NONE), v.t)
            return
        made = self.fresh(name, v.t)
        e = v.e
        if isinstance(e, ir.Name) and e.id == made and not isinstance(e.type, ir.OptionalT):
            self.bind(name, ir.Name(made, type=e.type), v.t)
            return
        self.emit(ir.Assign(ir.VarTarget(made, type=e.type), e), node)
        self.bind(name, ir.Name(made, type=e.type), v.t)

    def plain_name(self, pattern: SyntaxNode) -> str | None:
        """The name that a pattern binds when it is nothing but a name."""
        match pattern.type:
            case "identifier":
                text = self.src(pattern)
                return (
                    text
                    if not (text[0].isupper() and (text in self.scope.consts or text == "None"))
                    else None
                )
            case "_":
                return "_"
            case "tuple_pattern" if re.sub(r"\s+", "", self.src(pattern)) == "()":
                return "_"
            case "unit_pattern" | "unit_expression":
                return "_"
            case "mut_pattern" | "ref_pattern" | "reference_pattern":
                inner = [c for c in code_children(pattern) if c.type != "mutable_specifier"]
                return self.plain_name(inner[0]) if inner else None
            case _:
                return "_" if self.src(pattern) == "_" else None

    def destructure(self, pattern: SyntaxNode, v: V, node: SyntaxNode) -> None:
        """`let (a, b) = ...;` and other patterns that always match."""
        if pattern.type == "tuple_pattern" and isinstance(resolve(v.t), rt.Tuple):
            t = resolve(v.t)
            assert isinstance(t, rt.Tuple)
            names = [self.plain_name(c) for c in self.pattern_parts(pattern)]
            if (
                len(names) == len(t.elems)
                and all(n is not None for n in names)
                and not isinstance(v.e, ir.TupleLit)
            ):
                targets: list[ir.Target] = []
                for n, kind in zip(names, t.elems, strict=True):
                    made = self.fresh("unused" if n == "_" else str(n), kind)
                    targets.append(ir.VarTarget(made, type=self.stored(kind)))
                    if n != "_":
                        self.bind(str(n), ir.Name(made, type=self.stored(kind)), kind)
                self.emit(ir.Assign(ir.TupleTarget(targets, type=to_ir(v.t)), v.e), node)
                return
        v = self.stable(v)
        tests, binds = self.pattern(pattern, v)
        if tests:
            raise self.fail("a pattern that may not match", pattern)
        self.materialize(binds, None, node)

    def materialize(
        self, binds: list[tuple[str, V, bool]], body: SyntaxNode | None, node: SyntaxNode
    ) -> None:
        """Bind the names of a pattern: to the value's own place where nothing changes it, else to a copy."""
        for name, v, mutable in binds:
            if v.split is not None and name == "":
                self._split_names(v, node)
                continue
            alias = is_stable(v.e) and not mutable and not (body is not None and self.changes(body, v.e))
            if alias:
                self.bind(name, v.e, v.t)
            else:
                self.introduce(name, V(v.e, v.t), node)

    def _split_names(self, v: V, node: SyntaxNode) -> None:
        assert v.split is not None
        raise self.fail("split_once with this pattern", node)

    def changes(self, body: SyntaxNode, e: ir.Expr) -> bool:
        """True when code may change the place that an expression reads."""
        root: ir.Expr = e
        while isinstance(root, ir.Field | ir.Unwrap | ir.Wrap | ir.Intrinsic):
            match root:
                case ir.Field(obj=obj):
                    root = obj
                case ir.Unwrap(value=value) | ir.Wrap(value=value):
                    root = value
                case ir.Intrinsic(args=args):
                    if not args:
                        return False
                    root = args[0]
        if not isinstance(root, ir.Name):
            return False
        if isinstance(e, ir.Name) and e.type == ir.ERROR:
            return False
        names = {
            n for s in self.scopes for n, b in s.items() if isinstance(b.e, ir.Name) and b.e.id == root.id
        }
        names.add(root.id)
        for n in walk(body):
            if n.type in ("assignment_expression", "compound_assignment_expr"):
                left = n.child_by_field_name("left")
                if left is not None and self._root_text(left) in names:
                    return True
            elif n.type == "reference_expression" and any(c.type == "mutable_specifier" for c in n.children):
                if self._root_text(code_children(n)[-1]) in names:
                    return True
            elif n.type == "call_expression":
                head = n.child_by_field_name("function")
                if head is not None and head.type == "field_expression":
                    method = self.src(head.child_by_field_name("field") or head)
                    receiver = head.child_by_field_name("value")
                    if receiver is not None and self._root_text(receiver) in names and self.mutates(method):
                        return True
        return False

    def mutates(self, method: str) -> bool:
        """True for a method name that changes what it is called on, here or in the standard library."""
        if method in _MUTATING:
            return True
        for holder in (*self.scope.structs.values(), *self.scope.traits.values()):
            s = holder.methods.get(method)
            if s is not None and s.receiver == "&mut":
                return True
        return False

    def _root_text(self, node: SyntaxNode) -> str:
        while True:
            if node.type == "field_expression":
                inner = node.child_by_field_name("value")
            elif node.type in (
                "index_expression",
                "unary_expression",
                "parenthesized_expression",
                "reference_expression",
            ):
                inner = next((c for c in code_children(node) if c.type != "mutable_specifier"), None)
            elif node.type == "call_expression":
                inner = node.child_by_field_name("function")
            else:
                return self.src(node)
            if inner is None:
                return self.src(node)
            node = inner

    def owned(self, v: V, node: SyntaxNode) -> V:
        """A copy where the source copies a value that is changed later: a struct that is Copy, an array."""
        t = resolve(v.t)
        if isinstance(t, rt.Vec) and not isinstance(v.e, ir.ListLit | ir.Comp) and self._is_array(node):
            return self.copy(v, node)
        if (
            isinstance(t, rt.Named)
            and t.name in self.scope.structs
            and not isinstance(v.e, ir.New | ir.Call | ir.MethodCall)
        ):
            info = self.scope.structs[t.name]
            if (
                "Copy" in info.derives
                and not info.frozen
                and node.type in ("identifier", "field_expression", "index_expression", "unary_expression")
            ):
                return self.copy(v, node)
        return v

    def _is_array(self, node: SyntaxNode) -> bool:
        """True for a place that holds an array, which is copied where a vector moves."""
        match node.type:
            case "index_expression":
                # An element that is taken out of a list without a reference can be copied.
                return code_children(node)[1].type != "range_expression"
            case "unary_expression":
                return self.src(node).startswith("*")
            case "field_expression":
                name = re.escape(self.src(node.child_by_field_name("field") or node))
                declared = re.compile(rf"\b{name}\s*:\s*\[[^\]]*;")
                return any(declared.search(self.src(s.node)) for s in self.scope.structs.values())
            case "identifier":
                at = node
                while at.parent is not None and at.type != "function_item":
                    at = at.parent
                name = re.escape(self.src(node))
                return (
                    re.search(
                        rf"\b{name}\s*:\s*\[[^=]*;|\blet\s+(mut\s+)?{name}(\s*:[^=]*)?\s*=\s*\[", self.src(at)
                    )
                    is not None
                )
            case _:
                return False

    def copy(self, v: V, node: SyntaxNode) -> V:
        """`v.clone()`: a copy of what can be changed, the value itself of what cannot."""
        t = resolve(v.t)
        match t:
            case rt.Vec(elem):
                if isinstance(v.e, ir.ListLit | ir.Comp):
                    return v
                return V(self._copied_list(v.e, elem, node), t)
            case rt.Map(key, value):
                if self.changeable(value):
                    name = self.fresh("key", rt.Var()), self.fresh("value", rt.Var())
                    k, w = ir.Name(name[0], type=self.stored(key)), ir.Name(name[1], type=self.stored(value))
                    pair = ir.TupleLit([k, self.copy(V(w, value), node).e], type=ir.TupleT((k.type, w.type)))
                    items = op("dict.items", [v.e], ir.IterT(ir.TupleT((k.type, w.type))))
                    targets: list[ir.Target] = [
                        ir.VarTarget(name[0], type=k.type),
                        ir.VarTarget(name[1], type=w.type),
                    ]
                    clause = ir.Clause(ir.TupleTarget(targets, type=ir.TupleT((k.type, w.type))), items, [])
                    return V(ir.Comp("dict", pair, [clause], type=to_ir(t)), t)
                return V(op("dict.copy", [v.e], to_ir(t)), t)
            case rt.Set():
                return V(op("set.copy", [v.e], to_ir(t)), t)
            case rt.Opt(elem) if self.changeable(elem):
                v = self.stable(v)
                inner = self.copy(V(self.unwrap(v.e, elem), elem), node)
                return V(
                    ir.Cond(self.is_some(v.e), self.wrap(inner.e, elem), self.none(elem), type=to_ir(t)), t
                )
            case rt.Named(name) if name in self.scope.structs and not self.scope.structs[name].frozen:
                info = self.scope.structs[name]
                if info.init is not None:
                    raise self.fail(f"a copy of {name}, whose constructor does not take its fields", node)
                v = self.stable(v, "original")
                args = [
                    (f, self.copy(V(ir.Field(v.e, f, type=self.stored(ft)), ft), node).e)
                    for f, ft in info.fields.items()
                ]
                return V(ir.New(name, args, type=ir.NamedT(name)), t)
            case rt.Tuple(elems) if any(map(self.changeable, elems)):
                raise self.fail("a copy of a tuple that holds what can be changed", node)
            case _:
                return v

    def _copied_list(self, e: ir.Expr, elem: RType, node: SyntaxNode) -> ir.Expr:
        if not self.changeable(elem):
            return op("list.copy", [e], to_ir(rt.Vec(elem)))
        name = self.fresh("item", rt.Var())
        held = ir.Name(name, type=self.stored(elem))
        with self.pure():
            made = self.copy(V(held, elem), node)
        clause = ir.Clause(ir.VarTarget(name, type=held.type), e, [])
        return ir.Comp("list", made.e, [clause], type=to_ir(rt.Vec(elem)))

    def changeable(self, t: RType) -> bool:
        """True when a value of the type can be changed in place."""
        t = resolve(t)
        match t:
            case rt.Vec() | rt.Map() | rt.Set():
                return True
            case rt.Opt(elem):
                return self.changeable(elem)
            case rt.Tuple(elems):
                return any(map(self.changeable, elems))
            case rt.Named(name):
                info = self.scope.structs.get(name)
                return info is not None and not info.frozen
            case _:
                return False

    # Assignment

    def target(self, node: SyntaxNode) -> tuple[ir.Target, RType, bool]:
        """A place that is assigned to, its type, and whether the value is wrapped first (the inside of an Option)."""
        match node.type:
            case "parenthesized_expression":
                return self.target(code_children(node)[0])
            case "unary_expression" if self.src(node).startswith("*"):
                return self.target(code_children(node)[-1])
            case "identifier":
                b = self.lookup(self.src(node))
                if b is None:
                    raise self.fail("assignment to a name that is not a local variable", node)
                self.forget(self.src(node))
                return self._place(b.e, b.t, node)
            case "field_expression" | "index_expression":
                v = self.x(node)
                self.forget(self._root_text(node))
                return self._place(v.e, v.t, node)
            case "call_expression":
                v = self.x(node)
                return self._place(v.e, v.t, node)
            case _:
                raise self.fail("an assignment target of this kind", node)

    def _place(self, e: ir.Expr, t: RType, node: SyntaxNode) -> tuple[ir.Target, RType, bool]:
        match e:
            case ir.Name(id=name) if name != "self" and name not in self.scope.consts:
                if self.assigned_in_closure and name not in self.assigned_in_closure[-1]:
                    raise self.fail("a closure that changes a variable around it", node)
                return ir.VarTarget(name, type=e.type), t, False
            case ir.Field(obj=obj, name=name):
                return ir.FieldTarget(obj, name, type=self.stored(t)), t, False
            case ir.Intrinsic(op="list.index" | "dict.index", args=[obj, index]):
                return ir.IndexTarget(obj, index, type=self.stored(t)), t, False
            case ir.Unwrap(value=value):
                place, _, _ = self._place(value, rt.Opt(t), node)
                return place, t, True
            case _:
                raise self.fail("an assignment target of this kind", node)

    def assign(self, node: SyntaxNode) -> None:
        """`place = value`."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        assert left is not None and right is not None
        if left.type == "_" or self.src(left) == "_":
            self.into(right, Dest("discard", rt.Var()))
            return
        if left.type == "tuple_expression":
            values = self.x(right)
            t = resolve(values.t)
            if not isinstance(t, rt.Tuple):
                raise self.fail("an assignment target of this kind", left)
            places = [self.target(c) for c in code_children(left)]
            self.emit(ir.Assign(ir.TupleTarget([p for p, _, _ in places], type=to_ir(t)), values.e), node)
            return
        known: RType = rt.Var()
        if left.type == "identifier":
            b = self.lookup(self.src(left))
            known = b.t if b is not None else known
            if (
                right.type in ("if_expression", "match_expression", "block")
                and b is not None
                and isinstance(b.e, ir.Name)
            ):
                place, _, _ = self.target(left)
                assert isinstance(place, ir.VarTarget)
                self.into(right, Dest("assign", b.t, place.id))
                return
        else:
            known = self.peek(left)
        v = self.x(right, known)
        v = self.owned(v, right)
        place, t, wrapped = self.target(left)
        self.unify(v.t, t, node)
        e = self.store(v.e) if not isinstance(place, ir.VarTarget) or place.type != ir.CHAR else v.e
        if wrapped:
            e = self.wrap(e, t)
        self.emit(ir.Assign(place, e), node)

    def peek(self, node: SyntaxNode, want: RType | None = None) -> RType:
        """The type of an expression, without a trace."""
        with self.capture(), self.inside():
            saved, taken = set(self.facts), dict(self.taken)
            declines, parses = list(self.declines), list(self.parses)
            try:
                return self.x(node, want).t
            finally:
                self.facts, self.taken, self.declines, self.parses = saved, taken, declines, parses

    def augment(self, node: SyntaxNode) -> None:
        """`place += value`."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        assert left is not None and right is not None and operator is not None
        sign = self.src(operator).removesuffix("=")
        if self._entry_place(left):
            entry = self.entry_place(left)
            if entry is not None:
                self._augment_entry(entry, sign, right, node)
                return
        held = self.x(left)
        t = resolve(held.t)
        if t == rt.TEXT and sign == "+":
            v = self.x(right, rt.TEXT)
            place, _, wrapped = self.target(left)
            if wrapped:
                raise self.fail("an addition to the inside of an Option", node)
            self.emit(ir.AugAssign(place, "str.concat", self.store(v.e)), node)
            return
        own = self.operator(f"{sign}=", held, right, node)
        if own is not None:
            self.emit(ir.ExprStmt(own.e), node)
            return
        v = self.x(right, t)
        combined = self.arithmetic(sign, held, v, node)
        place, kind, wrapped = self.target(left)
        if wrapped:
            self.emit(ir.Assign(place, self.wrap(combined.e, kind)), node)
            return
        e = combined.e
        if (
            isinstance(e, ir.Intrinsic)
            and e.op in ir.IN_PLACE
            and e.op != "str.concat"
            and ir.same(e.args[0], held.e)
            and len(e.args) == 2
        ):
            self.emit(ir.AugAssign(place, e.op, e.args[1]), node)
        else:
            self.emit(ir.Assign(place, e), node)

    def _entry_place(self, left: SyntaxNode) -> bool:
        return left.type == "unary_expression" and ".entry(" in self.src(left).replace(" ", "").replace(
            "\n", ""
        )

    def entry_place(self, left: SyntaxNode) -> tuple[ir.Expr, ir.Expr, RType, ir.Expr] | None:
        """`*map.entry(key).or_insert(v)`: the map, the key, the value's type and the first value; None for another."""
        raise NotImplementedError

    def _augment_entry(
        self, entry: tuple[ir.Expr, ir.Expr, RType, ir.Expr], sign: str, right: SyntaxNode, node: SyntaxNode
    ) -> None:
        table, key, t, first = entry
        key = self.stable(V(key, rt.Var()), "key").e
        v = self.x(right, t)
        old = V(op("dict.get_or", [table, key, first], to_ir(t)), t)
        if resolve(t) == rt.TEXT and sign == "+":
            made = V(op("str.concat", [old.e, v.e], ir.STR), rt.TEXT)
        else:
            made = self.arithmetic(sign, old, v, node)
        self.emit(ir.Assign(ir.IndexTarget(table, key, type=to_ir(t)), made.e), node)

    def arithmetic(self, sign: str, a: V, b: V, node: SyntaxNode) -> V:
        """An operation on two numbers."""
        raise NotImplementedError

    def operator(self, sign: str, a: V, right: SyntaxNode, node: SyntaxNode) -> V | None:
        """An operator that a type of the file implements, as a call of its method; None for another type."""
        raise NotImplementedError

    # Control flow

    def test(self, node: SyntaxNode) -> tuple[ir.Expr, Callable[[SyntaxNode | None], None]]:
        """A condition, and what binds the names of its `let` patterns inside the branch."""
        match node.type:
            case "parenthesized_expression":
                return self.test(code_children(node)[0])
            case "let_condition":
                pattern, value = node.child_by_field_name("pattern"), node.child_by_field_name("value")
                assert pattern is not None and value is not None
                v = self.found(value, pattern)
                if isinstance(resolve(v.t), rt.Res):
                    raise self.fail("a condition on a Result among other conditions", node)
                tests, binds = self.pattern(pattern, v)
                later: Callable[[SyntaxNode | None], None] = lambda body: self.materialize(binds, body, node)  # noqa: E731 - a closure over one condition.
                return (conjunction(tests) if tests else lit(True, ir.BOOL)), later
            case "let_chain":
                tests: list[ir.Expr] = []
                laters: list[Callable[[SyntaxNode | None], None]] = []
                for c in code_children(node):
                    if c.type == "let_condition" and tests:
                        with self.capture() as before:
                            e, later = self.test(c)
                        if before:
                            raise self.fail("a chain of conditions with a computed value", node)
                    else:
                        e, later = self.test(c)
                    tests.append(e)
                    # Names of a condition are known to the conditions after it.
                    later(node)
                    laters.append(later)
                return conjunction(tests), lambda _body: None
            case _:
                v = self.x(node, rt.BOOL)
                self.unify(v.t, rt.BOOL, node)
                return v.e, lambda _body: None

    def found(self, value: SyntaxNode, pattern: SyntaxNode) -> V:
        """The value that a pattern takes apart, in a variable of the pattern's name when it has to be kept."""
        mark = len(self.out)
        v = self.x(value)
        if self._once(v) or isinstance(resolve(v.t), rt.Res):
            return v
        v = self.stable(v, self.hint(pattern))
        with self.inside():
            if self.renamed(self.hint(pattern), v, mark):
                return V(ir.Name(self.scopes[-1][self.hint(pattern)].e.id, type=v.e.type), v.t, v.split)  # type: ignore[attr-defined]
        return v

    def _once(self, v: V) -> bool:
        """True when the presence and the value are two different expressions, each evaluated once."""
        match v.e:
            case ir.Cond(test=test, body=ir.Wrap(), orelse=ir.Lit(value=None)):
                return is_pure(test)
            case _:
                return False

    def hint(self, pattern: SyntaxNode) -> str:
        """A name for the value that a pattern takes apart: the name inside `Some(...)`."""
        for n in walk(pattern):
            if n.type == "identifier" and self.src(n)[0].islower():
                return self.src(n)
        return "found"

    def if_(self, node: SyntaxNode, dest: Dest) -> None:
        """`if`, `if let`, `else if`."""
        condition = node.child_by_field_name("condition")
        then = node.child_by_field_name("consequence")
        orelse = node.child_by_field_name("alternative")
        assert condition is not None and then is not None
        if condition.type == "let_condition" and self.is_result(condition.child_by_field_name("value")):
            self.if_let_result(condition, then, orelse, dest)
            return
        with self.inside():
            test, later = self.test(condition)
            held = set(self.facts)
            with self.capture() as body, self.inside():
                self.learn(condition, True)
                later(then)
                self.block(then, dest)
        other: list[ir.Stmt] = []
        if orelse is not None:
            with self.capture() as other, self.inside():
                self.facts = held
                self.learn(condition, False)
                self.into(code_children(orelse)[-1], dest)
        elif dest.kind == "return" and not dest.tail:
            with self.capture() as other:
                self.finish_unit(dest, node)
        if not body and not other and is_pure(test):
            return
        if not body and other:
            test, body, other = negate(test), other, []
        if terminates(body) and other:
            # What follows a branch that leaves needs no else.
            self.emit(ir.If(test, body, []), node)
            self.out.extend(other)
        else:
            self.emit(ir.If(test, body, other), node)
        if terminates(body) and orelse is None:
            self.learn(condition, False)

    def learn(self, condition: SyntaxNode, holds: bool) -> None:
        """Remember what a condition says about sizes: pairs (a, b) of texts with a >= b."""
        match condition.type:
            case "parenthesized_expression":
                self.learn(code_children(condition)[0], holds)
            case "unary_expression" if self.src(condition).startswith("!"):
                self.learn(code_children(condition)[-1], not holds)
            case "binary_expression":
                left, right = condition.child_by_field_name("left"), condition.child_by_field_name("right")
                sign = self.src(condition.child_by_field_name("operator") or condition)
                if left is None or right is None:
                    return
                if (sign == "&&" and holds) or (sign == "||" and not holds):
                    self.learn(left, holds)
                    self.learn(right, holds)
                    return
                a, b = self.plain(left), self.plain(right)
                if not holds:
                    sign = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}.get(sign, "")
                if sign in (">=", "=="):
                    self.facts.add((a, b))
                if sign in ("<=", "=="):
                    self.facts.add((b, a))
                if sign == ">":
                    self.facts.add((a, f"{int(b) + 1}" if b.isdigit() else b))
                if sign == "<":
                    self.facts.add((b, f"{int(a) + 1}" if a.isdigit() else a))
                if sign == "!=" and b == "0":
                    self.facts.add((a, "1"))
            case "call_expression" if not holds and self.src(condition).endswith(".is_empty()"):
                self.facts.add((self.plain(condition).removesuffix(".is_empty()") + ".len()", "1"))
            case _:
                return

    def plain(self, node: SyntaxNode) -> str:
        """The text of an expression, for comparing places."""
        text = re.sub(r"\s+", "", self.src(node))
        text = re.sub(r"(?<=\d)_(?=\d)|(?<=\d)(usize|u64|u32|i64|i32)$", "", text)
        return text.removeprefix("&").removeprefix("*")

    def is_result(self, node: SyntaxNode | None, want: RType | None = None) -> bool:
        """True when an expression is a Result."""
        if node is None:
            return False
        try:
            return isinstance(resolve(self.peek(node, want)), rt.Res)
        except Unsupported:
            return False

    def if_let_result(
        self, condition: SyntaxNode, then: SyntaxNode, orelse: SyntaxNode | None, dest: Dest
    ) -> None:
        """`if let Ok(v) = f() {...} else {...}` and `if let Err(e) = ...`."""
        pattern, value = condition.child_by_field_name("pattern"), condition.child_by_field_name("value")
        assert pattern is not None and value is not None
        other = code_children(orelse)[-1] if orelse is not None else None
        arms: list[tuple[SyntaxNode | None, SyntaxNode | None, SyntaxNode | None]] = [
            (pattern, None, then),
            (None, None, other),
        ]
        self.match_result(value, arms, dest, condition)

    def let_else(self, pattern: SyntaxNode, value: SyntaxNode, orelse: SyntaxNode, t: RType) -> None:
        """`let Some(x) = value else { ... };`."""
        if self.is_result(value):
            v, before = self.guarded(value)
            inner = code_children(pattern)
            if self.src(inner[0]) != "Ok":
                raise self.fail("let else with this pattern", pattern)
            with self.capture() as handler:
                self.block(orelse, Dest("discard", rt.UNIT))
            name = self.plain_name(inner[1])
            if name is None:
                raise self.fail("let else with this pattern", pattern)
            made = self.try_value(v, name, lambda _: handler, value, before)
            if name != "_" and to_ir(made.t) != ir.NONE:
                self.bind(name, made.e, made.t)
            return
        v = self.x(value, t)
        if not self._once(v):
            v = self.stable(v, self.hint(pattern))
        tests, binds = self.pattern(pattern, v)
        with self.capture() as other:
            self.block(orelse, Dest("discard", rt.UNIT))
        if tests:
            self.emit(ir.If(negate(conjunction(tests)), other, []), value)
        self.materialize(binds, None, value)

    # match

    def match(self, node: SyntaxNode, dest: Dest) -> None:
        """`match`."""
        value, held = node.child_by_field_name("value"), node.child_by_field_name("body")
        assert value is not None and held is not None
        arms: list[tuple[SyntaxNode | None, SyntaxNode | None, SyntaxNode | None]] = []
        for arm in code_children(held):
            if arm.type != "match_arm":
                continue
            p = arm.child_by_field_name("pattern")
            assert p is not None
            guard = p.child_by_field_name("condition")
            inner = [c for c in p.children if c.type not in COMMENTS]
            arms.append((inner[0], guard, arm.child_by_field_name("value")))
        if self.is_result(value):
            self.match_result(value, arms, dest, node)
            return
        assert arms[0][0] is not None
        v = self.found(value, arms[0][0])
        if not self._once(v) or len(arms) > 2:
            v = self.stable(v, self.hint(arms[0][0]))
        self.arms(v, arms, dest, node)

    def arms(
        self,
        v: V,
        arms: Iterable[tuple[SyntaxNode | None, SyntaxNode | None, SyntaxNode | None]],
        dest: Dest,
        node: SyntaxNode,
    ) -> None:
        """The arms of a match as a chain of tests; the last needs none, because a match is exhaustive."""
        todo = list(arms)
        chain: list[tuple[ir.Expr | None, list[ir.Stmt], SyntaxNode]] = []
        for i, (pattern, guard, body) in enumerate(todo):
            assert pattern is not None
            with self.inside():
                tests, binds = self.pattern(pattern, v)
                with self.capture() as made:
                    if guard is not None:
                        # The guard reads the value's own place; a guard needs no statements.
                        with self.pure():
                            self.materialize([(n, w, False) for n, w, _ in binds], None, node)
                            tests.append(self.x(guard, rt.BOOL).e)
                    self.materialize(binds, body, node)
                    if body is not None:
                        self.last_line = max(self.last_line, self.scope.line(body) - 1)
                        self.into(body, dest)
                        if self.out and body.type != "block":
                            self.attach(0, body)
            final = i == len(todo) - 1 and guard is None
            chain.append((None if final or not tests else conjunction(tests), made, body or node))
            if not tests:
                break
        out: list[ir.Stmt] = []
        for test, made, at in reversed(chain):
            if test is None:
                out = made
                continue
            if not made and not out:
                continue
            if not made and out:
                out = [ir.If(negate(test), out, [], line=self.scope.line(at))]
            elif terminates(made) and out and dest.kind == "return":
                out = [ir.If(test, made, [], line=self.scope.line(at)), *out]
            else:
                out = [ir.If(test, made, out, line=self.scope.line(at))]
        for s in out:
            self.emit(s, node)

    def match_result(
        self,
        value: SyntaxNode,
        arms: list[tuple[SyntaxNode | None, SyntaxNode | None, SyntaxNode | None]],
        dest: Dest,
        node: SyntaxNode,
    ) -> None:
        """A match on a Result: the arms of Err are handlers, the arms of Ok follow the call."""
        v, before = self.guarded(value)
        t = resolve(v.t)
        assert isinstance(t, rt.Res)
        oks: list[tuple[SyntaxNode, SyntaxNode | None, SyntaxNode | None]] = []
        errs: list[tuple[SyntaxNode | None, SyntaxNode | None, SyntaxNode | None]] = []
        other_ok: SyntaxNode | None = None
        has_other = False
        for pattern, guard, body in arms:
            parts = self._result_patterns(pattern)
            if parts is None:
                other_ok, has_other = body, True
                errs.append((None, guard, body))
                continue
            side, inner = parts
            if side == "Ok":
                oks.append((inner, guard, body))
            else:
                errs.append((inner, guard, body))
        body_out = list(before)
        orelse: list[ir.Stmt] = []
        unit = to_ir(t.ok) == ir.NONE
        with self.inside():
            name = self.plain_name(oks[0][0]) if len(oks) == 1 and oks[0][1] is None else None
            straight = (
                name not in (None, "_") and len(oks) == 1 and oks[0][2] is not None and oks[0][2].type == "identifier"
                and self.src(oks[0][2]) == name and dest.kind == "assign"
            )  # fmt: skip
            held = V(ir.Lit(None, type=ir.NONE), t.ok)
            if straight:
                body_out.append(
                    ir.Assign(ir.VarTarget(dest.id, type=v.e.type), v.e, line=self.scope.line(value))
                )
                unify(t.ok, dest.t)
            elif unit or (name == "_") or (not oks):
                body_out.append(ir.ExprStmt(v.e, line=self.scope.line(value)))
            else:
                hint = name if name is not None else self.hint(oks[0][0])
                made = self.fresh(hint if hint != "found" else "value", t.ok)
                held = V(ir.Name(made, type=v.e.type), t.ok)
                body_out.append(
                    ir.Assign(ir.VarTarget(made, type=v.e.type), v.e, line=self.scope.line(value))
                )
            if oks and not straight:
                with self.capture() as orelse:
                    if name is not None:
                        if name != "_":
                            self.bind(name, held.e, held.t)
                        first = oks[0][2]
                        if first is not None:
                            self.into(first, dest)
                    else:
                        rest: list[tuple[SyntaxNode | None, SyntaxNode | None, SyntaxNode | None]] = list(oks)
                        if has_other:
                            raise self.fail("a match on a Result with several Ok arms and a wildcard", node)
                        self.arms(held, rest, dest, node)
            elif not oks and has_other and other_ok is not None:
                with self.capture() as orelse:
                    self.into(other_ok, dest)
        handlers = self.handlers(errs, t.err, dest, node)
        if not handlers:
            self.out.extend(body_out)
            self.out.extend(orelse)
            return
        self.emit(ir.Try(body_out, handlers, orelse, []), node)

    def _result_patterns(self, pattern: SyntaxNode | None) -> tuple[str, SyntaxNode] | None:
        """("Ok" or "Err", the pattern inside), None for a wildcard."""
        if pattern is None or self.src(pattern) == "_":
            return None
        if pattern.type == "tuple_struct_pattern":
            inner = [c for c in pattern.children if c.type not in COMMENTS and c.type not in ("(", ")", ",")]
            head = self.src(inner[0])
            if head in ("Ok", "Err") and len(inner) == 2:
                return head, inner[1]
        raise self.fail("a pattern of a Result of this kind", pattern)

    def handlers(
        self,
        errs: list[tuple[SyntaxNode | None, SyntaxNode | None, SyntaxNode | None]],
        err: RType,
        dest: Dest,
        node: SyntaxNode,
    ) -> list[ir.Handler]:
        """The arms of Err as handlers; arms that only pass the error on are left out where nothing follows them."""
        out: list[ir.Handler] = []
        i = 0
        while i < len(errs):
            pattern, guard, body = errs[i]
            name = self.plain_name(pattern) if pattern is not None else "_"
            if name is not None:
                group = [errs[i]]
                while group[-1][1] is not None and i + 1 < len(errs):
                    i += 1
                    nxt, _, _ = errs[i]
                    if nxt is not None and self.plain_name(nxt) is None:
                        raise self.fail("an Err arm with a guard before arms by variant", node)
                    group.append(errs[i])
                out.append(self._catch_all(group, err, dest))
                break
            assert pattern is not None
            classes, binds = self.error_pattern(pattern, err)
            var = self.fresh("error", rt.Err("box"))
            kind: ir.Type = ir.NamedT(classes[0]) if len(classes) == 1 else ir.ERROR
            test: ir.Expr | None = None
            with self.inside(), self.capture() as made:
                for bound, field_name, t in binds:
                    if field_name == "":
                        self.bind(bound, ir.Name(var, type=kind), t)
                    else:
                        self.bind(
                            bound, ir.Field(ir.Name(var, type=kind), field_name, type=self.stored(t)), t
                        )
                if guard is not None:
                    with self.pure():
                        test = self.x(guard, rt.BOOL).e
                if body is not None:
                    self.into(body, dest)
            if test is not None:
                # An error that the guard refuses goes on to the arms after it.
                rest = errs[i + 1 :]
                following = (
                    self.plain_name(rest[0][0])
                    if len(rest) == 1 and rest[0][0] is not None
                    else "_"
                    if len(rest) == 1
                    else None
                )
                if following is None or rest[0][1] is not None:
                    raise self.fail("an Err arm with a guard and a variant before several arms", node)
                with self.capture() as other, self.inside():
                    if following != "_":
                        self.bind_error(following, ir.Name(var, type=kind), err)
                    if rest[0][2] is not None:
                        self.into(rest[0][2], dest)
                chosen: list[ir.Stmt] = [ir.If(test, made, other)]
                out.append(self._handler(classes, var, chosen, body))
                break
            out.append(self._handler(classes, var, made, body))
            i += 1
        # Passing the error on unchanged at the end is what happens anyway.
        while out and len(out[-1].body) == 1 and isinstance(out[-1].body[0], ir.Raise):
            raised = out[-1].body[0].error
            if not (isinstance(raised, ir.Name) and raised.id == out[-1].var) or out[-1].body[0].comments:
                break
            out.pop()
        return out

    def _handler(
        self, classes: list[str], var: str, made: list[ir.Stmt], body: SyntaxNode | None
    ) -> ir.Handler:
        used = any(isinstance(n, ir.Name) and n.id == var for s in made for n in ir.walk(s))
        return ir.Handler(
            classes, var if used else "", made, line=self.scope.line(body) if body is not None else 0
        )

    def _catch_all(
        self,
        group: list[tuple[SyntaxNode | None, SyntaxNode | None, SyntaxNode | None]],
        err: RType,
        dest: Dest,
    ) -> ir.Handler:
        named = next(
            (self.plain_name(p) for p, _, _ in group if p is not None and self.plain_name(p) != "_"), None
        )
        var = self.fresh(named or "error", rt.Err("box"))
        held = ir.Name(var, type=ir.ERROR)
        out: list[ir.Stmt] = []
        for pattern, guard, body in reversed(group):
            with self.inside(), self.capture() as made:
                name = self.plain_name(pattern) if pattern is not None else "_"
                if name is not None and name != "_":
                    self.bind_error(name, held, err)
                test: ir.Expr | None = None
                if guard is not None:
                    with self.pure():
                        test = self.x(guard, rt.BOOL).e
                if body is not None:
                    self.last_line = max(self.last_line, self.scope.line(body) - 1)
                    self.into(body, dest)
            out = made if test is None else [ir.If(test, made, out)]
        return self._handler([], var, out, group[0][2])

    def bind_error(self, name: str, held: ir.Name, err: RType) -> None:
        """Let a name stand for the error that is handled."""
        if resolve(err) == rt.TEXT:
            self.bind(name, op("error.message", [held], ir.STR), rt.TEXT)
        else:
            self.bind(name, held, err)

    def error_pattern(
        self, pattern: SyntaxNode, err: RType
    ) -> tuple[list[str], list[tuple[str, str, RType]]]:
        """The error classes that a pattern inside Err matches, and the names it binds: (name, field, type)."""
        raise NotImplementedError

    # Patterns

    def pattern_parts(self, pattern: SyntaxNode) -> list[SyntaxNode]:
        """The patterns inside a tuple or slice pattern, wildcards included."""
        return [
            c for c in pattern.children if c.type not in COMMENTS and c.type not in ("(", ")", "[", "]", ",")
        ]

    def pattern(self, pattern: SyntaxNode, v: V) -> tuple[list[ir.Expr], list[tuple[str, V, bool]]]:
        """The tests under which a pattern matches a value, and the names it binds: (name, value, mutable)."""
        raise NotImplementedError

    # Loops

    def loop(self, node: SyntaxNode, dest: Dest) -> None:
        """`loop`, `while`, `while let`, `for`."""
        if any(c.type == "label" for c in node.children):
            raise self.fail("a labelled loop", node)
        body = node.child_by_field_name("body")
        assert body is not None
        self.loop_forget(body)
        if node.type == "for_expression":
            pattern, value = node.child_by_field_name("pattern"), node.child_by_field_name("value")
            assert pattern is not None and value is not None
            self.loops.append(None)
            with self.inside():
                self.loop_over(value, pattern, lambda: self.block(body, Dest("discard", rt.UNIT)))
            self.loops.pop()
            self.finish_unit(dest, node)
            return
        if node.type == "loop_expression":
            self.loops.append(dest)
            with self.capture() as made:
                self.block(body, Dest("discard", rt.UNIT))
            self.loops.pop()
            self.emit(ir.While(lit(True, ir.BOOL), made), node)
            return
        condition = node.child_by_field_name("condition")
        assert condition is not None
        self.loops.append(None)
        with self.inside():
            if condition.type == "let_condition" and self.is_result(condition.child_by_field_name("value")):
                raise self.fail("while let on a Result", node)
            with self.capture() as before:
                test, later = self.test(condition)
            with self.capture() as made, self.inside():
                self.learn(condition, True)
                later(body)
                self.block(body, Dest("discard", rt.UNIT))
            if before:
                made = [*before, ir.If(negate(test), [ir.Break()], []), *made]
                test = lit(True, ir.BOOL)
            self.emit(ir.While(test, made), node)
        self.loops.pop()
        self.finish_unit(dest, node)

    def loop_forget(self, body: SyntaxNode) -> None:
        """What a loop assigns is not known at its start, because an earlier turn may have changed it."""
        for n in walk(body):
            if n.type in ("assignment_expression", "compound_assignment_expr"):
                left = n.child_by_field_name("left")
                if left is not None:
                    self.forget(self._root_text(left))
            elif n.type == "call_expression":
                head = n.child_by_field_name("function")
                if head is not None and head.type == "field_expression":
                    receiver, name = head.child_by_field_name("value"), head.child_by_field_name("field")
                    if receiver is not None and name is not None and self.mutates(self.src(name)):
                        self.forget(self._root_text(receiver))

    def jump(self, node: SyntaxNode) -> None:
        """`return`, `break`, `continue`."""
        inner = [c for c in code_children(node) if c.type != "label"]
        if any(c.type == "label" for c in code_children(node)):
            raise self.fail("a jump to a label", node)
        match node.type:
            case "return_expression":
                if self.returned is None:
                    raise self.fail("a return inside a closure", node)
                if inner:
                    self.into(inner[0], Dest("return", self.returned.t))
                else:
                    self.emit(ir.Return(None), node)
            case "break_expression":
                dest = self.loops[-1] if self.loops else None
                if inner:
                    if dest is None:
                        raise self.fail("a break with a value", node)
                    self.into(inner[0], Dest(dest.kind, dest.t, dest.id, False, dest.result))
                    if dest.kind == "return":
                        return
                self.emit(ir.Break(), node)
            case _:
                self.emit(ir.Continue(), node)


_MUTATING = frozenset(
    {
        "push", "pop", "push_str", "push_back", "push_front", "pop_front", "pop_back", "insert", "remove", "clear",
        "extend", "append", "truncate", "retain", "sort", "sort_by", "sort_by_key", "sort_unstable", "dedup", "reverse",
        "take", "replace", "entry", "get_mut", "iter_mut", "drain", "swap", "insert_str", "extend_from_slice",
    }
)  # fmt: skip
