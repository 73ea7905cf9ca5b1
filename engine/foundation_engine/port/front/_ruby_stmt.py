"""Ruby statements to IR statements: every construct is an expression in Ruby, so a sink says where its value goes."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from foundation_engine.port import ir
from foundation_engine.port.front import _ruby_ast as ast
from foundation_engine.port.front import _ruby_blocks as blocks
from foundation_engine.port.front import _ruby_calls as calls
from foundation_engine.port.front import _ruby_json as json
from foundation_engine.port.front import _ruby_regex as regex
from foundation_engine.port.front._ruby_expr import Expressions
from foundation_engine.port.front._ruby_nodes import CORE_CLASSES, ENUMERATORS, Maybe, integer, lit, op
from foundation_engine.port.front._ruby_scope import ClassInfo, Scope, Signature, pure, type_text
from foundation_engine.port.front._ruby_types import SYMBOL, VarT
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import terminates

_LOOPS = frozenset(
    [
        "each",
        "each_with_index",
        "each_pair",
        "each_value",
        "each_key",
        "times",
        "upto",
        "downto",
        "step",
        "each_char",
        "each_slice",
        "each_cons",
        "reverse_each",
        "each_entry",
        "with_index",
        "each_line",
    ]
)
_PROCEDURES = _LOOPS | frozenset(
    [
        "<<",
        "push",
        "append",
        "unshift",
        "prepend",
        "concat",
        "clear",
        "add",
        "merge!",
        "update",
        "sort!",
        "sort_by!",
        "reverse!",
        "reject!",
        "select!",
        "keep_if",
        "delete_if",
        "map!",
        "uniq!",
        "compact!",
        "filter!",
        "insert",
        "puts",
        "print",
    ]
)
# Methods that nil lacks, or that fail on it: a variable used only so must hold a value.
_NIL_HAS = frozenset(
    [
        "nil?",
        "to_s",
        "to_a",
        "to_i",
        "to_f",
        "inspect",
        "==",
        "!=",
        "!",
        "is_a?",
        "kind_of?",
        "respond_to?",
        "class",
        "&",
        "|",
        "dup",
        "freeze",
        "itself",
        "then",
        "tap",
        "instance_of?",
    ]
)


@dataclass
class Sink:
    """Where a value goes: `put` makes the statements for it, `nothing` those for nil by falling out of the end."""

    put: Callable[[ir.Expr], list[ir.Stmt]]
    want: Type | None = None
    nothing: Callable[[], list[ir.Stmt]] | None = None
    returns: bool = False


@dataclass
class Memory:
    """What one sweep over a method remembers for the next."""

    vars: dict[str, Type] = field(default_factory=dict[str, Type])
    split: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    renamed: dict[int, str] = field(default_factory=dict[int, str])


class Statements(Expressions):
    """Lowers the body of one method; swept over until the types of its variables stand still."""

    def __init__(
        self,
        scope: Scope,
        cls: ClassInfo | None = None,
        signature: Signature | None = None,
        memory: Memory | None = None,
    ) -> None:
        super().__init__(scope, cls, signature)
        self.memory = memory or Memory()
        self.scopes: list[int] = []
        self.owner: dict[str, int] = {}
        self.substitutes: dict[str, ir.Expr] = {}
        self.jumps: list[tuple[str, Sink | None]] = []
        self.declines: list[Unsupported] = []
        self.prelude_used: set[str] = set()
        self.last_line = 0
        self.patterns: list[ir.PatternUse] = []
        self.whole = False
        body = signature.node.body if signature is not None else []
        self.last_match_read = regex.reads_last_match(body)
        self.found: ir.Expr | None = None  # the match that the condition in hand looked for
        self.matched: ir.Expr | None = None  # the last match, where it is certain that there is one

    # What blocks and calls ask for

    def sink(self, put: Callable[[ir.Expr], list[ir.Stmt]], want: Type | None = None) -> Sink:
        """A sink that takes every value of a block."""
        return Sink(put, want)

    @contextmanager
    def jumping(self, kind: str, sink: Sink | None = None) -> Generator[None]:
        """What `next` and `break` mean inside: kind is loop, collect or function."""
        self.jumps.append((kind, sink))
        try:
            yield
        finally:
            self.jumps.pop()

    def block_fits(self, block: ast.Block) -> bool:
        """True when a block may be written as statements."""
        return bool(block.body)

    def result_name(self, base: str) -> str:
        """The name of a value that a loop gathers."""
        return self.fresh(base)

    def local(self, name: str, t: Type, place: int) -> str:
        """Introduce a variable of a block; one of another type with the same name gets a name of its own."""
        del place
        made = name
        count = 1
        visible = set(self.names.values())
        while (
            made != "_"
            and made in self.vars
            and (made in visible or self.full(self.vars[made]) != self.full(t))
        ):
            count += 1
            made = f"{name}_{count}"
        self.vars[made] = self.full(t)
        self.names[name] = made
        self.forget(made)
        return made

    def substitute(self, name: str, value: ir.Expr) -> None:
        """Read a name as an expression."""
        key = f"<{name}#{len(self.substitutes)}>"
        self.names[name] = key
        self.vars[key] = value.type
        self.substitutes[key] = value

    def _expr(self, n: ast.Node, want: Type | None) -> ir.Expr:
        if isinstance(n, ast.Ident) and self.names.get(n.name, "") in self.substitutes:
            return copy.deepcopy(self.substitutes[self.names[n.name]])
        if isinstance(n, ast.Global) and regex.asks(n):
            return regex.of_global(self, n)
        made = super()._expr(n, want)
        if isinstance(n, ast.Ident) and isinstance(made, ir.Name) and made.type == ir.CHAR:
            # Ruby has no characters: the variable of a loop over a string reads as a string.
            return op("char.to_str", [made], ir.STR)
        return made

    def as_text(self, n: ast.Node) -> ir.Expr:
        """A node as a string."""
        return self.coerce(self.value(n), ir.STR)

    def prelude(self, name: str, args: list[ir.Expr], t: Type) -> ir.Expr:
        """A call of a small function that the port brings along, for what Ruby's method means exactly."""
        self.prelude_used.add(name)
        func = ir.Name(f"_{name}", type=ir.FuncT(tuple(self.full(a.type) for a in args), t))
        return ir.Call(func, args, type=t)

    def learn(self, n: ast.Node, t: Type) -> None:
        """Record what a use says about the type of a place."""
        match n:
            case ast.Ident(name=name) if name in self.names:
                key = self.names[name]
                if key not in self.fixed or self.types.open(self.vars[key]):
                    self.vars[key] = self.join(self.vars[key], t)
            case ast.IVar(name=name) if self.cls is not None:
                if name in self.cls.fields:
                    self._learn_field(self.cls, name, t)
            case ast.Ident(name=name) if self.cls is not None and name in self.cls.fields:
                self._learn_field(self.cls, name, t)
            case ast.Call(recv=recv, name="[]", args=[_]) if recv is not None:
                base = self.full(self.expr(recv).type)
                base = base.elem if isinstance(base, ir.OptionalT) else base
                if isinstance(base, ir.ListT):
                    self.learn(recv, ir.ListT(self.join(base.elem, t)))
                elif isinstance(base, ir.DictT):
                    self.learn(recv, ir.DictT(base.key, self.join(base.value, t), base.zero))
            case ast.Call(recv=recv, name=name, args=[]) if recv is not None and not isinstance(
                recv, ast.Const
            ):
                base = self.full(self.expr(recv).type)
                base = base.elem if isinstance(base, ir.OptionalT) else base
                if isinstance(base, ir.NamedT):
                    info = self.scope.classes.get(base.name)
                    if info is not None and name in info.fields:
                        self._learn_field(info, name, t)
            case ast.OpAssign(target=target):
                self.learn(target, t)
            case _:
                return

    def _learn_field(self, info: ClassInfo, name: str, t: Type) -> None:
        joined = self.join(info.fields[name], t)
        if joined != self.full(info.fields[name]):
            self.types.changed = True
        info.fields[name] = joined

    def forget_stored(self, body: list[ast.Node]) -> None:
        """What a loop assigns is not narrowed at its start, because an earlier turn may have changed it."""
        for n in body:
            for x in ast.walk(n):
                targets: list[ast.Node] = []
                if isinstance(x, ast.Assign | ast.OpAssign):
                    targets = x.target.targets if isinstance(x.target, ast.Multi) else [x.target]
                elif isinstance(x, ast.Call) and x.name in (
                    "delete",
                    "clear",
                    "shift",
                    "pop",
                    "delete_if",
                    "reject!",
                    "select!",
                ):
                    self.forget_entries(None)
                for t in targets:
                    if isinstance(t, ast.Ident) and t.name in self.names:
                        self.forget(self.names[t.name])
                    elif isinstance(t, ast.IVar):
                        self.forget(f"@{t.name}")
                    elif isinstance(t, ast.Call):
                        self.forget_entries(self.key_of(t.recv))

    # Statements

    def statement(self, n: ast.Node) -> list[ir.Stmt]:
        """One node for its effect, with what it needs before it."""
        saved = self.pre
        self.pre = []
        try:
            out = self.lowered(n, None)
            return [*self.pre, *out]
        finally:
            self.pre = saved

    def through_variable(self, n: ast.Node, want: Type | None) -> ir.Expr:
        """The value of a construct that is a statement elsewhere, through a variable before the statement."""
        if self.pre is None:
            raise Unsupported(
                "a construct of several statements in a place where only an expression fits",
                self._first(n),
                n.line,
            )
        if isinstance(n, ast.Seq):
            for x in n.body[:-1]:
                self.pre.extend(self.statement(x))
            return self.expr(n.body[-1], want)
        if isinstance(n, ast.OpAssign):
            self.pre.extend(self.statement(n))
            return self.expr(n.target)
        held = self.types.var(("through", n.start, n.end), "")
        name = self.fresh("value")
        self.vars[name] = self.full(held)

        def put(e: ir.Expr) -> list[ir.Stmt]:
            if e.type == ir.NONE and not isinstance(e, ir.Lit):
                raise Unsupported("the value of something that gives nothing", "", n.line)
            self.vars[name] = self._settle(name, e.type)
            t = self.vars[name]
            return [ir.Assign(ir.VarTarget(name, type=t), self.coerce(e, t), line=n.line)]

        first = self.memory.vars.get(f"{name}@{n.start}")
        if first is not None:
            self.vars[name] = first
        outer = self.pre
        self.pre = []
        try:
            out = self.lowered(n, Sink(put, want))
            outer.extend([*self.pre, *out])
        finally:
            self.pre = outer
        self._remember(f"{name}@{n.start}", self.vars[name])
        return ir.Name(name, type=self.vars[name])

    def _remember(self, key: str, t: Type) -> None:
        if self.memory.vars.get(key) != t:
            self.memory.vars[key] = t
            self.types.changed = True

    def _settle(self, name: str, t: Type) -> Type:
        known = self.full(self.vars[name])
        if t == ir.NONE:
            return known if isinstance(known, ir.OptionalT) else ir.OptionalT(known)
        return self.join(known, t)

    def _first(self, n: ast.Node) -> str:
        text = self.scope.reader.source(n)
        return text.splitlines()[0] if text else ""

    def block(self, nodes: list[ast.Node], sink: Sink | None = None) -> list[ir.Stmt]:
        """Lower statements; the first that is not understood swallows the rest of its block as a hole."""
        out: list[ir.Stmt] = []
        saved = dict(self.narrowed)
        outer = self.pre
        if not nodes and sink is not None:
            out.extend(self._nothing(sink))
        for i, n in enumerate(nodes):
            self.pre = []
            try:
                made = self.lowered(n, sink if i == len(nodes) - 1 else None)
                lowered = [*self.pre, *made]
            except Unsupported as why:
                why.line = why.line or n.line
                why.construct = why.construct or self._first(n)
                if not self.scope.final:
                    continue
                rest = "\n".join(self.scope.reader.source(r) for r in nodes[i:])
                self.declines.append(why)
                hole: list[ir.Stmt] = [ir.Hole(why.reason, why.construct, rest, line=why.line)]
                self._comments(hole, n)
                out.extend(hole)
                break
            finally:
                self.pre = outer
            self._comments(lowered, n)
            for s in lowered:
                s.line = s.line or n.line
            out.extend(lowered)
        self.block_end = self.narrowed
        self.narrowed = saved
        return out

    block_end: dict[str, Type]

    def _comments(self, lowered: list[ir.Stmt], n: ast.Node) -> None:
        if not lowered or not self.scope.final:
            return
        standing, trailing = self.scope.reader.standing, self.scope.reader.trailing
        found: list[str] = []
        at = n.line - 1
        while at > self.last_line and at in standing:
            if not standing[at].startswith(("rubocop:", ":", "@rbs", "steep:", "typed:")):
                found.append(standing[at])
            at -= 1
        lowered[0].comments = found[::-1] + lowered[0].comments
        text = trailing.get(n.line, "")
        if text and not text.startswith((":", "rubocop:", "@rbs", "steep:")):
            if n.last == n.line:
                lowered[-1].trailing = lowered[-1].trailing or text
            elif text not in lowered[0].comments:
                lowered[0].comments.append(text)

    def _nothing(self, sink: Sink) -> list[ir.Stmt]:
        if sink.nothing is not None:
            return sink.nothing()
        return sink.put(lit(None, ir.NONE))

    def lowered(self, n: ast.Node, sink: Sink | None) -> list[ir.Stmt]:
        """One node as statements; its value goes to `sink` when there is one."""
        match n:
            case ast.If():
                return self._if(n, sink)
            case ast.Case():
                return self._case(n, sink)
            case ast.CaseIn():
                return self._case_in(n, sink)
            case ast.Begin():
                return self._begin(n, sink)
            case ast.Seq(body=body):
                return self._inline(body, sink)
            case ast.While():
                return [
                    *self._while(n),
                    *(self._nothing(sink) if sink is not None and not self._endless(n) else []),
                ]
            case ast.For():
                return [*self._for(n), *(self._nothing(sink) if sink is not None else [])]
            case ast.Jump():
                return self._jump(n)
            case ast.Assign(target=ast.Multi()):
                made = self._multiple(n)
                if sink is not None:
                    made += self._nothing(sink)
                return made
            case ast.Assign():
                made = self._assign(n)
                return made + self._after_assignment(n, n.target, sink)
            case ast.OpAssign():
                made = self._augmented(n)
                return made + self._after_assignment(n, n.target, sink)
            case ast.And(left=left, right=right) if sink is None:
                return self._if(
                    ast.If(left, [right], [], line=n.line, last=n.last, start=n.start, end=n.end), None
                )
            case ast.Or(left=left, right=right) if sink is None:
                test = ast.Not(left, line=n.line, last=n.last, start=n.start, end=n.end)
                return self._if(
                    ast.If(test, [right], [], line=n.line, last=n.last, start=n.start, end=n.end), None
                )
            case (
                ast.Or(left=left, right=ast.Call(recv=None, name="raise" | "fail"))
                | ast.Or(left=left, right=ast.Jump())
            ) if sink is not None:
                return self._or_else(n, left, sink)
            case ast.Call():
                return self._call(n, sink)
            case ast.Ident(name="raise") if "raise" not in self.names:
                return self._raise(ast.Call(None, "raise", [], [], line=n.line, start=n.start, end=n.end))
            case ast.Def():
                raise Unsupported("a method defined inside a method", self._first(n), n.line)
            case _:
                return self._value(n, sink)

    def _or_else(self, n: ast.Or, left: ast.Node, sink: Sink) -> list[ir.Stmt]:
        e = self.expr(left, sink.want)
        t = self.full(e.type)
        if not isinstance(t, ir.OptionalT):
            return self._value(n, sink)
        held = e if pure(e) and isinstance(e, ir.Name) else self.hoist(e, "found")
        test = op("is_none", [held], ir.BOOL)
        failing = self.statement(n.right)
        return [ir.If(test, failing, [], line=n.line), *sink.put(ir.Unwrap(held, type=t.elem))]

    def _inline(self, body: list[ast.Node], sink: Sink | None) -> list[ir.Stmt]:
        out: list[ir.Stmt] = []
        for i, x in enumerate(body):
            last = i == len(body) - 1
            made = self.lowered(x, sink if last else None)
            assert self.pre is not None
            out.extend([*self.pre, *made])
            self.pre.clear()
        if not body and sink is not None:
            out.extend(self._nothing(sink))
        return out

    def _value(self, n: ast.Node, sink: Sink | None) -> list[ir.Stmt]:
        e = self.expr(n, sink.want if sink is not None else None)
        return self._put(e, n, sink)

    def _put(self, e: ir.Expr, n: ast.Node, sink: Sink | None) -> list[ir.Stmt]:
        if sink is None:
            return self._effect(e, n)
        if e.type == ir.NONE and not isinstance(e, ir.Lit):
            return [ir.ExprStmt(e, line=n.line), *self._nothing(sink)]
        return sink.put(e)

    def _effect(self, e: ir.Expr, n: ast.Node) -> list[ir.Stmt]:
        """An expression whose value nobody reads."""
        if pure(e):
            return []
        if isinstance(e, Maybe):
            return [ir.If(e.test, self._effect(e.plain, n), [], line=n.line)]
        if isinstance(e, ir.Cond):
            return [ir.If(e.test, self._effect(e.body, n), self._effect(e.orelse, n), line=n.line)]
        if isinstance(e, ir.Wrap | ir.Unwrap):
            return self._effect(e.value, n)
        if isinstance(e, ir.Intrinsic) and e.op == "dict.pop_optional":
            key = e.args[1]
            if pure(key):
                test = op("dict.contains", [e.args[0], key], ir.BOOL)
                return [
                    ir.If(
                        test, [ir.ExprStmt(op("dict.delete", e.args, ir.NONE, "KeyError"))], [], line=n.line
                    )
                ]
        return [ir.ExprStmt(e, line=n.line)]

    def _after_assignment(
        self, n: ast.Assign | ast.OpAssign, target: ast.Node, sink: Sink | None
    ) -> list[ir.Stmt]:
        if sink is None:
            return []
        memo = isinstance(n, ast.OpAssign) and n.op in ("||", "&&")
        if (
            sink.returns
            and not memo
            and self.signature is not None
            and not self.signature.used
            and not self._declared_value()
        ):
            # A method that ends in an assignment is called for its effect, unless some caller reads the value.
            return self._nothing(sink)
        saved, self.pre = self.pre, None
        try:
            return sink.put(self.expr(target, sink.want))
        finally:
            self.pre = saved

    def _declared_value(self) -> bool:
        s = self.signature
        return s is not None and s.declared and self.full(s.result) != ir.NONE

    # Conditions

    def _if(self, n: ast.If, sink: Sink | None) -> list[ir.Stmt]:
        self.found = None
        test = self.cond(n.test)
        before = list(self.pre or [])
        if self.pre is not None:
            self.pre.clear()
        positive, negative = self.facts(n.test)
        names = dict(self.names)
        found, fails = self.found, isinstance(n.test, ast.Not)
        self.matched = None if fails else found
        with self.narrowing(positive):
            body = self.block(n.body, sink)
            after_body = dict(self.block_end)
        body_names = dict(self.names)
        self.names = {**names, **{k: v for k, v in body_names.items() if k not in names}}
        self.matched = found if fails else None
        with self.narrowing(negative):
            orelse = self.block(n.orelse, sink)
            after_orelse = dict(self.block_end) if n.orelse else {**self.narrowed, **negative}
        self.matched = found if fails and terminates(body) and not orelse else None
        if terminates(body):
            self.narrowed = after_orelse
        elif orelse and terminates(orelse):
            self.narrowed = after_body
        else:
            self.narrowed = {k: t for k, t in after_body.items() if after_orelse.get(k) == t}
        if isinstance(test, ir.Lit):
            return [*before, *(body if test.value else orelse)]
        if not body and not orelse:
            return [*before, *([] if pure(test) else [ir.ExprStmt(test)])]
        if not body and orelse:
            return [*before, ir.If(ir.Not(test, type=ir.BOOL), orelse, [], line=n.line)]
        return [*before, ir.If(test, body, orelse, line=n.line)]

    def _case(self, n: ast.Case, sink: Sink | None) -> list[ir.Stmt]:
        subject: ir.Expr | None = None
        key: str | None = None
        if n.subject is not None:
            subject = self.expr(n.subject)
            key = self.key_of(n.subject)
            if not pure(subject) or isinstance(subject, ir.Intrinsic | ir.Cond | ir.Format):
                subject = self.hoist(subject, "subject")
        before = list(self.pre or [])
        if self.pre is not None:
            self.pre.clear()
        branches: list[tuple[ir.Expr, list[ir.Stmt]]] = []
        ends: list[tuple[list[ir.Stmt], dict[str, Type]]] = []
        names = dict(self.names)
        for patterns, body in n.whens:
            self.matched = None
            first = patterns[0] if len(patterns) == 1 and self.last_match_read else None
            if subject is not None and isinstance(first, ast.Regex):
                text = self.coerce(self.required(copy.deepcopy(subject)), ir.STR)
                search = regex.search(self, first, text)
                self.matched = ir.Name(self.fresh("found"), type=search.type)
                self.vars[self.matched.id] = search.type
                before.append(ir.Assign(ir.VarTarget(self.matched.id, type=search.type), search, line=n.line))
                branches.append((op("is_some", [self.matched], ir.BOOL), self.block(body, sink)))
                ends.append((branches[-1][1], dict(self.block_end)))
                self.names = {**self.names, **names}
                continue
            with self.without_statements():
                if subject is None:
                    tests = [self.cond(p) for p in patterns]
                    facts = self.facts(patterns[0])[0] if len(patterns) == 1 else {}
                else:
                    tests = [self._when(subject, p, n) for p in patterns]
                    t = self.full(subject.type)
                    nil = any(isinstance(p, ast.Literal) and p.value is None for p in patterns)
                    facts = (
                        {key: t.elem} if key is not None and isinstance(t, ir.OptionalT) and not nil else {}
                    )
            test = tests[0] if len(tests) == 1 else ir.Bool("or", tests, type=ir.BOOL)
            with self.narrowing(facts):
                made = self.block(body, sink)
                ends.append((made, dict(self.block_end)))
            self.names = {**self.names, **names}
            branches.append((test, made))
        self.matched = None
        orelse = (
            self.block(n.orelse, sink)
            if n.orelse is not None
            else (self._nothing(sink) if sink is not None else [])
        )
        ends.append((orelse, dict(self.block_end) if n.orelse is not None else dict(self.narrowed)))
        open_ends = [facts for body, facts in ends if not terminates(body)]
        if open_ends:
            self.narrowed = {k: t for k, t in open_ends[0].items() if all(o.get(k) == t for o in open_ends)}
        out: list[ir.Stmt] = orelse
        for test, body in reversed(branches):
            if isinstance(test, ir.Lit):
                out = body if test.value else out
                continue
            out = [ir.If(test, body, out, line=n.line)]
        return [*before, *out]

    def _when(self, subject: ir.Expr, p: ast.Node, n: ast.Node) -> ir.Expr:
        """`pattern === subject`."""
        subject = copy.deepcopy(subject)
        match p:
            case ast.Range():
                t = self.full(subject.type)
                if isinstance(t, ir.OptionalT):
                    inner = calls.in_range(self, ir.Unwrap(subject, type=t.elem), p)
                    return ir.Bool("and", [op("is_some", [subject], ir.BOOL), inner], type=ir.BOOL)
                return calls.in_range(self, subject, p)
            case ast.Const(path=path) if self.scope.class_named(path) is not None or path in CORE_CLASSES | {
                "StandardError"
            }:
                t = self.full(subject.type)
                if (isinstance(t, ir.NamedT) and self.scope.error_base(t.name) is not None) or t == ir.ERROR:
                    raise Unsupported("case over the class of an error; use rescue", self._first(p), p.line)
                made = calls.is_a(self, subject, path, p)
                if made is None:
                    raise Unsupported(f"whether a {type_text(t)} is a {path}", self._first(p), p.line)
                return made
            case ast.Regex():
                call = ast.Call(
                    ast.Ident("subject_"), "match?", [p], [], line=p.line, start=p.start, end=p.end
                )
                return calls.of_string(self, call, self.coerce(self.required(subject), ir.STR))
            case ast.Splat(value=value) if value is not None:
                items = self.value(value)
                assert isinstance(items.type, ir.ListT)
                return calls.membership(self, subject, items, items.type.elem, n)
            case ast.LambdaNode():
                raise Unsupported("a lambda as a pattern", self._first(p), p.line)
            case _:
                e = self.expr(p)
                if isinstance(self.full(e.type), ir.ListT) and not isinstance(
                    self.full(subject.type), ir.ListT
                ):
                    raise Unsupported("a list as a pattern; write *list", self._first(p), p.line)
                return self.compare("eq", subject, e)

    def _case_in(self, n: ast.CaseIn, sink: Sink | None) -> list[ir.Stmt]:
        subject = self.expr(n.subject)
        if not isinstance(subject, ir.Name):
            name = self.fresh("subject")
            self.vars[name] = subject.type
            assert self.pre is not None
            self.pre.append(ir.Assign(ir.VarTarget(name, type=subject.type), subject, line=n.line))
            subject = ir.Name(name, type=subject.type)
        before = list(self.pre or [])
        if self.pre is not None:
            self.pre.clear()
        out: list[ir.Stmt]
        if n.orelse is not None:
            out = self.block(n.orelse, sink)
        else:
            message = lit("no pattern matches", ir.STR)
            out = [
                ir.Raise(
                    ir.New("AssertionError", [("message", message)], type=ir.NamedT("AssertionError")),
                    line=n.line,
                )
            ]
            self.scope.differ("A case/in without a matching pattern stops the port.")
        for clause in reversed(n.clauses):
            saved = dict(self.names)
            binds: list[tuple[str, ir.Expr]] = []
            with self.without_statements():
                tests = self._pattern(clause.pattern, subject, binds)
            made: list[ir.Stmt] = []
            for name, value in binds:
                made.extend(self._store_local(name, value, clause.line))
            guard = None
            if clause.guard is not None:
                if made:
                    for name, value in binds:
                        self.substitute(name, value)
                with self.without_statements():
                    guard = self.cond(clause.guard)
                for name, _ in binds:
                    self.names[name] = name
            if guard is not None:
                tests.append(guard)
            body = self.block(clause.body, sink)
            self.names = {**saved, **{k: v for k, v in self.names.items() if k in saved}}
            body = [*made, *body]
            if not tests:
                out = body
            else:
                test = tests[0] if len(tests) == 1 else ir.Bool("and", tests, type=ir.BOOL)
                out = [ir.If(test, body, out, line=clause.line)]
        return [*before, *out]

    def _store_local(self, name: str, value: ir.Expr, line: int) -> list[ir.Stmt]:
        made = self.local(name, value.type, 0) if name not in self.names else self.names[name]
        self.vars[made] = self.join(self.vars[made], value.type)
        return [
            ir.Assign(
                ir.VarTarget(made, type=self.vars[made]), self.coerce(value, self.vars[made]), line=line
            )
        ]

    def _pattern(self, p: ast.Pattern, subject: ir.Expr, binds: list[tuple[str, ir.Expr]]) -> list[ir.Expr]:
        """The tests of a pattern; what it binds is added to `binds`."""
        subject = copy.deepcopy(subject)
        t = self.full(subject.type)
        match p.kind:
            case "bind":
                if p.name != "_":
                    binds.append((p.name, subject))
                return []
            case "as":
                tests = self._pattern(p.parts[0], subject, binds)
                value = ir.Unwrap(subject, type=t.elem) if isinstance(t, ir.OptionalT) and tests else subject
                binds.append((p.name, value))
                return tests
            case "alternative":
                parts: list[ir.Expr] = []
                for x in p.parts:
                    inner = self._pattern(x, subject, binds)
                    parts.append(inner[0] if len(inner) == 1 else ir.Bool("and", inner, type=ir.BOOL))
                if binds:
                    raise Unsupported("an alternative pattern that binds", "", p.line)
                return [ir.Bool("or", parts, type=ir.BOOL)]
            case "value":
                assert p.value is not None
                made = self._when(subject, p.value, p)
                return [] if isinstance(made, ir.Lit) and made.value else [made]
            case "array":
                return self._array_pattern(p, subject, t, binds)
            case "hash":
                return self._hash_pattern(p, subject, t, binds)
            case _:
                raise Unsupported("a pattern of this kind", "", p.line)

    def _array_pattern(
        self, p: ast.Pattern, subject: ir.Expr, t: Type, binds: list[tuple[str, ir.Expr]]
    ) -> list[ir.Expr]:
        tests: list[ir.Expr] = []
        match t:
            case ir.TupleT(elems) if len(elems) == len(p.parts):
                for i, (x, et) in enumerate(zip(p.parts, elems, strict=True)):
                    tests += self._pattern(x, op("tuple.index", [subject, integer(i)], et), binds)
                return tests
            case ir.ListT(elem):
                tests.append(op("eq", [op("len", [subject], ir.INT), integer(len(p.parts))], ir.BOOL))
                for i, x in enumerate(p.parts):
                    tests += self._pattern(
                        x, op("list.index", [subject, integer(i)], elem, "IndexError"), binds
                    )
                return tests
            case _:
                raise Unsupported(f"an array pattern over {type_text(t)}", "", p.line)

    def _hash_pattern(
        self, p: ast.Pattern, subject: ir.Expr, t: Type, binds: list[tuple[str, ir.Expr]]
    ) -> list[ir.Expr]:
        tests: list[ir.Expr] = []
        match t:
            case ir.NamedT(cls) if (info := self.scope.classes.get(cls)) is not None and info.kind in (
                "struct",
                "data",
                "record",
            ):
                if p.cls and self.scope.class_named(p.cls) is not info:
                    raise Unsupported("a pattern over another class", "", p.line)
                for k, x in zip(p.keys, p.parts, strict=True):
                    if k not in info.fields:
                        raise Unsupported(f"{cls} has no member {k}", "", p.line)
                    tests += self._pattern(x, ir.Field(subject, k, type=info.fields[k]), binds)
                return tests
            case ir.DictT(key, value) if key == SYMBOL:
                for k, x in zip(p.keys, p.parts, strict=True):
                    tests.append(op("dict.contains", [subject, lit(k, SYMBOL)], ir.BOOL))
                    tests += self._pattern(x, op("dict.index", [subject, lit(k, SYMBOL)], value), binds)
                return tests
            case _:
                raise Unsupported(f"a hash pattern over {type_text(t)}", "", p.line)

    # Loops

    def _endless(self, n: ast.While) -> bool:
        return (
            isinstance(n.test, ast.Literal)
            and n.test.value is True
            and not any(isinstance(x, ast.Jump) and x.kind == "break" for b in n.body for x in ast.walk(b))
        )

    def _while(self, n: ast.While) -> list[ir.Stmt]:
        self.forget_stored(n.body)
        outer = self.pre
        self.pre = []
        try:
            test: ir.Expr = self.cond(n.test)
            before = self.pre
        finally:
            self.pre = outer
        positive, negative = self.facts(n.test)
        with self.narrowing({} if n.post else positive), self.jumping("loop"):
            body = self.block(n.body)
        if n.post:
            leave = ir.If(ir.Not(test, type=ir.BOOL), [ir.Break()], [], line=n.line)
            if any(isinstance(x, ast.Jump) and x.kind == "next" for b in n.body for x in ast.walk(b)):
                raise Unsupported("next in begin ... end while", "", n.line)
            return [ir.While(lit(True, ir.BOOL), [*body, *before, leave], line=n.line)]
        if before:
            leave = ir.If(ir.Not(test, type=ir.BOOL), [ir.Break()], [], line=n.line)
            return [ir.While(lit(True, ir.BOOL), [*before, leave, *body], line=n.line)]
        if not any(isinstance(x, ast.Jump) and x.kind == "break" for b in n.body for x in ast.walk(b)):
            self.narrowed.update(negative)
        return [ir.While(test, body, line=n.line)]

    def _for(self, n: ast.For) -> list[ir.Stmt]:
        if not isinstance(n.target, ast.Ident):
            raise Unsupported("for with several variables", self._first(n), n.line)
        s = blocks.source(self, n.iter)
        before = list(self.pre or [])
        if self.pre is not None:
            self.pre.clear()
        self.forget_stored(n.body)
        name = self.names.get(n.target.name) or self.local(n.target.name, s.elem, n.start)
        self.vars[name] = self.join(self.vars[name], s.elem)
        with self.jumping("loop"):
            body = self.block(n.body)
        return [*before, blocks.loop(s, ir.VarTarget(name, type=s.elem), body, n.line)]

    def _jump(self, n: ast.Jump) -> list[ir.Stmt]:
        match n.kind:
            case "return":
                return self._return(n)
            case "next":
                if not self.jumps:
                    raise Unsupported("next outside a block", "", n.line)
                kind, sink = self.jumps[-1]
                if kind == "loop":
                    return [ir.Continue()]
                assert sink is not None
                made = self._into(n.value, sink, n)
                return made if kind == "function" else [*made, ir.Continue()]
            case "break":
                if not self.jumps or self.jumps[-1][0] != "loop":
                    raise Unsupported("break out of a block that gives a value", "", n.line)
                if n.value is not None:
                    raise Unsupported("break with a value", "", n.line)
                return [ir.Break()]
            case "retry":
                if not any(kind == "retry" for kind, _ in self.jumps[-1:]):
                    raise Unsupported("retry in this place", "", n.line)
                return [ir.Continue()]
            case _:
                raise Unsupported(n.kind, "", n.line)

    def _into(self, value: ast.Node | None, sink: Sink, n: ast.Node) -> list[ir.Stmt]:
        if value is None:
            return sink.put(lit(None, ir.NONE))
        made = self._value(value, sink)
        del n
        return made

    def _return(self, n: ast.Jump) -> list[ir.Stmt]:
        for kind, _ in reversed(self.jumps):
            if kind == "function":
                if self.whole and len([k for k, _ in self.jumps if k == "function"]) == 1:
                    break
                raise Unsupported("return out of a block that runs elsewhere", "", n.line)
        sink = self.return_sink(False)
        value = n.value
        if value is None:
            return sink.put(lit(None, ir.NONE))
        if isinstance(value, ast.Array) and not self.scope.reader.source(value).startswith("["):
            want = self.full(sink.want) if sink.want is not None else None
            if not isinstance(want, ir.ListT | ir.TupleT):
                parts = self.exprs(value.elems)
                return sink.put(ir.TupleLit(parts, type=ir.TupleT(tuple(p.type for p in parts))))
        if isinstance(value, ast.If | ast.Case | ast.Begin | ast.CaseIn) and not (
            isinstance(value, ast.If) and value.ternary
        ):
            return self.lowered(value, sink)
        return self._value(value, sink)

    def return_sink(self, tail: bool) -> Sink:
        """Where the method's value goes; `tail` at its end, where nothing has to be said to return."""
        s = self.signature
        assert s is not None

        def put(e: ir.Expr) -> list[ir.Stmt]:
            result = self.full(s.result)
            if s.declared and result == ir.NONE:
                effect = self._effect(e, ast.Literal(None, line=e.line))
                return effect if tail else [*effect, ir.Return(None)]
            if isinstance(e, ir.Lit) and e.value is None:
                s.nil = True
                if isinstance(result, ir.OptionalT):
                    return [ir.Return(lit(None, result))]
                if isinstance(result, VarT) or result == ir.NONE:
                    return [] if tail else [ir.Return(None)]
                if s.declared:
                    raise Unsupported(f"nil returned where {type_text(result)} is declared", "", e.line)
                return [ir.Return(lit(None, ir.OptionalT(result)))]
            if self.full(e.type) == ir.NONE:
                return [ir.ExprStmt(e), *([] if tail else [ir.Return(None)])]
            if s.declared and not self.types.open(result):
                return [ir.Return(self.coerce(e, result))]
            joined = self.join(result, e.type)
            if s.nil and not isinstance(joined, ir.OptionalT):
                joined = ir.OptionalT(joined)
            if joined != result:
                s.result = joined
                self.types.changed = True
            return [ir.Return(self.coerce(e, joined))]

        def nothing() -> list[ir.Stmt]:
            result = self.full(s.result)
            if result == ir.NONE or isinstance(result, VarT):
                return [] if tail else [ir.Return(None)]
            if isinstance(result, ir.OptionalT):
                return [ir.Return(lit(None, result))]
            if s.declared:
                raise Unsupported(f"a way out without a value where {type_text(result)} is declared")
            s.nil = True
            return [ir.Return(lit(None, ir.OptionalT(result)))]

        want = self.full(s.result)
        return Sink(put, None if isinstance(want, VarT) or want == ir.NONE else want, nothing, True)

    # Assignment

    def _assign(self, n: ast.Assign) -> list[ir.Stmt]:
        value = n.value
        if isinstance(value, ast.If | ast.Case | ast.CaseIn | ast.Begin) and not (
            isinstance(value, ast.If) and value.ternary and self._simple_ternary(value)
        ):
            return self._assign_through(n, value)
        if isinstance(value, ast.Seq) and len(value.body) > 1:
            return self._assign_through(n, value)
        if isinstance(value, ast.Assign):
            made = self._assign(value)
            return made + self._assign(
                ast.Assign(n.target, value.target, line=n.line, start=n.start, end=n.end)
            )
        if isinstance(value, ast.Or) and isinstance(value.right, ast.Call | ast.Jump):
            right = value.right
            if isinstance(right, ast.Jump) or (right.recv is None and right.name in ("raise", "fail")):
                sink = Sink(lambda e: self._store(n.target, e, n), self.peek(n.target))
                return self._or_else(value, value.left, sink)
        if isinstance(value, ast.Array) and not self.scope.reader.source(value).startswith(("[", "%")):
            raise Unsupported("an assignment of several values to one target", self._first(n), n.line)
        before = len(self.pre) if self.pre is not None else 0
        e = self.expr(value, self.peek(n.target))
        if (
            isinstance(e, Maybe | ir.Intrinsic)
            and isinstance(n.target, ast.Ident)
            and isinstance(self.full(e.type), ir.OptionalT)
            and n.target.name not in self.names
            and self._only_required(n.target.name, n)
        ):
            e = self.required(e)
        made = self._store(n.target, e, n)
        return self._renamed(made, before)

    def _simple_ternary(self, n: ast.If) -> bool:
        return len(n.body) == 1 and len(n.orelse) == 1

    def _renamed(self, made: list[ir.Stmt], before: int) -> list[ir.Stmt]:
        """A loop that gathers into a name of its own only to be assigned gathers into the target."""
        if self.pre is None or len(made) != 1 or len(self.pre) <= before:
            return made
        last = made[0]
        if not (
            isinstance(last, ir.Assign)
            and isinstance(last.target, ir.VarTarget)
            and isinstance(last.value, ir.Name)
        ):
            return made
        temporary, target = last.value.id, last.target.id
        mine = self.pre[before:]
        introduced = any(
            isinstance(s, ir.Assign) and isinstance(s.target, ir.VarTarget) and s.target.id == temporary
            for s in mine
        )
        if not introduced or self.full(last.target.type) != self.full(last.value.type):
            return made
        if any(
            (isinstance(x, ir.Name | ir.VarTarget) and x.id == target) for s in self.pre for x in ir.walk(s)
        ):
            return made
        for s in mine:
            for x in ir.walk(s):
                if isinstance(x, ir.Name | ir.VarTarget) and x.id == temporary:
                    x.id = target
        self.vars.pop(temporary, None)
        return []

    def _assign_through(self, n: ast.Assign, value: ast.Node) -> list[ir.Stmt]:
        """Each branch assigns the target."""
        want = self.peek(n.target)
        return self.lowered(value, Sink(lambda e: self._store(n.target, e, n), want))

    def peek(self, n: ast.Node) -> Type | None:
        """The type that an assignment target has already, or None."""
        match n:
            case ast.Ident(name=name):
                if name not in self.names:
                    return None
                t = self.full(self.vars[self.names[name]])
                return None if isinstance(t, VarT) else t
            case ast.IVar(name=name):
                if self.cls is not None and name in self.cls.fields:
                    t = self.full(self.cls.fields[name])
                    return None if isinstance(t, VarT) else t
                return None
            case ast.Call(recv=recv, name="[]") if recv is not None:
                try:
                    t = self.full(self.expr(recv).type)
                except Unsupported:
                    return None
                if isinstance(t, ir.ListT):
                    return t.elem
                return t.value if isinstance(t, ir.DictT) else None
            case ast.Call(recv=recv, name=name) if recv is not None:
                try:
                    return self.full(self.expr(n).type)
                except Unsupported:
                    return None
            case _:
                return None

    def _only_required(self, name: str, at: ast.Node) -> bool:
        """True when every use of a variable fails on nil, so that it may be required where it is assigned."""
        uses = good = 0

        def visit(n: ast.Node, parent: ast.Node | None) -> None:
            nonlocal uses, good
            if (
                isinstance(n, ast.Ident)
                and n.name == name
                and not (isinstance(parent, ast.Assign) and parent.target is n)
            ):
                uses += 1
                if isinstance(parent, ast.Call) and not parent.safe:
                    if parent.recv is n:
                        good += parent.name not in _NIL_HAS
                    elif parent.name in ("+", "-", "*", "/", "%", "<", ">", "<=", ">=", "**"):
                        good += 1
            for c in ast.subnodes(n):
                visit(c, n)

        for b in self.body:
            visit(b, None)
        return uses > 0 and uses == good and self._used_at_once(name, at)

    def _used_at_once(self, name: str, at: ast.Node) -> bool:
        """True when what follows an assignment certainly reads the variable before the method can be left."""
        for body in self._bodies():
            for i, statement in enumerate(body):
                if statement is not at:
                    continue
                for later in body[i + 1 :]:
                    if any(isinstance(x, ast.Ident) and x.name == name for x in _certain(later)):
                        return True
                    if any(
                        isinstance(x, ast.Jump | ast.Yield)
                        or (isinstance(x, ast.Call) and x.name in ("raise", "fail"))
                        for x in ast.walk(later)
                    ):
                        return False
        return False

    def _bodies(self) -> Generator[list[ast.Node]]:
        """Every list of statements of the method."""
        yield self.body
        for b in self.body:
            for x in ast.walk(b):
                for part in ("body", "orelse", "ensure"):
                    found = getattr(x, part, None)
                    if isinstance(found, list):
                        yield found  # pyright: ignore[reportUnknownVariableType]
                if isinstance(x, ast.Case):
                    for _, body in x.whens:
                        yield body

    def _store(self, target: ast.Node, e: ir.Expr, n: ast.Node) -> list[ir.Stmt]:
        """Assign a lowered value."""
        if self.full(e.type) == ir.NONE and not isinstance(e, ir.Lit):
            raise Unsupported("the value of something that gives nothing", self._first(n), n.line)
        match target:
            case ast.Ident(name=name):
                return self._store_name(name, e, n)
            case ast.IVar(name=name):
                return self._store_field(name, e, n)
            case ast.Call(recv=recv, name="[]", args=[key]) if recv is not None and not target.named:
                return self._store_item(recv, key, e, target, n)
            case ast.Call(recv=recv, name=name, args=[]) if recv is not None:
                return self._store_attribute(recv, name, e, n)
            case _:
                raise Unsupported("an assignment target of this kind", self._first(n), n.line)

    def _store_name(self, name: str, e: ir.Expr, n: ast.Node) -> list[ir.Stmt]:
        place = self.scopes[-1] if self.scopes else 0
        given = (
            ir.OptionalT(self.types.var(("nil", id(self.memory), name), f"variable {name}"))
            if e.type == ir.NONE
            else e.type
        )
        if n.start in self.memory.renamed:
            self.names[name] = self.memory.renamed[n.start]
        elif name not in self.names:
            made = name
            if (place, name) in self.memory.split:
                made = f"{name}_{self.scope.reader.line_of(place)}"
            self.names[name] = made
            self.owner[made] = place
        made = self.names[name]
        known = self.vars.get(made, self.memory.vars.get(made))
        if known is None:
            joined = self.full(given)
        else:
            try:
                joined = (
                    self.full(known)
                    if made in self.fixed and not self.types.open(known) and self._holds(known, given)
                    else self.join(known, given)
                )
            except Unsupported:
                self._split(name, made, place, n)
                raise
            if made in self.fixed and joined != self.full(known) and not self.types.open(known):
                self._split(name, made, place, n)
                raise Unsupported(f"{name} takes a value of another type", self._first(n), n.line)
        self.vars[made] = joined
        self._remember(made, joined)
        self.forget(made)
        low_bound = self.lower_bound(e)
        if low_bound is not None and not self.jumps:
            assigned = sum(
                isinstance(x, ast.Assign | ast.OpAssign)
                and isinstance(x.target, ast.Ident)
                and x.target.name == name
                for b in self.body
                for x in ast.walk(b)
            )
            grows = all(
                not isinstance(x, ast.OpAssign)
                or not isinstance(x.target, ast.Ident)
                or x.target.name != name
                or (x.op == "+" and isinstance(x.value, ast.Literal | ast.Call | ast.Ident))
                for b in self.body
                for x in ast.walk(b)
            )
            plain = sum(
                isinstance(x, ast.Assign) and isinstance(x.target, ast.Ident) and x.target.name == name
                for b in self.body
                for x in ast.walk(b)
            )
            adds_literal = all(
                isinstance(x.value, ast.Literal)
                for b in self.body
                for x in ast.walk(b)
                if isinstance(x, ast.OpAssign) and isinstance(x.target, ast.Ident) and x.target.name == name
            )
            if assigned == 1 or (plain == 1 and grows and adds_literal):
                self.lower[made] = low_bound
        if isinstance(joined, ir.OptionalT) and not isinstance(self.full(given), ir.OptionalT):
            self.narrowed[made] = joined.elem
        return [ir.Assign(ir.VarTarget(made, type=joined), self.coerce(e, joined), line=n.line)]

    def _holds(self, known: Type, given: Type) -> bool:
        known, given = self.full(known), self.full(given)
        if isinstance(known, ir.OptionalT):
            return isinstance(given, ir.OptionalT) or known.elem == given
        return known == given or isinstance(given, ir.OptionalT)

    def _split(self, name: str, made: str, place: int, n: ast.Node) -> None:
        """Give a variable that takes a value of another type a name of its own in the next sweep."""
        if any(b is n for b in self.body) and n.start not in self.memory.renamed and not self.jumps:
            taken = {*self.vars, *self.memory.vars}
            made_new = next(f"{name}_{i}" for i in range(2, 99) if f"{name}_{i}" not in taken)
            self.memory.renamed[n.start] = made_new
            self.types.changed = True
        elif place and (place, name) not in self.memory.split:
            self.memory.split.add((place, name))
            self.memory.vars.pop(made, None)
            self.types.changed = True

    def _store_field(self, name: str, e: ir.Expr, n: ast.Node) -> list[ir.Stmt]:
        if self.cls is None or self.signature is None or self.signature.kind != "method":
            raise Unsupported("an instance variable outside a class's methods", f"@{name}", n.line)
        cls = self.cls
        given = (
            ir.OptionalT(self.types.var(("field", cls.name, name), f"@{name}"))
            if e.type == ir.NONE
            else e.type
        )
        if name not in cls.fields:
            raise Unsupported(f"@{name}, which initialize does not set", f"@{name}", n.line)
        self._learn_field(cls, name, given)
        t = self.full(cls.fields[name])
        self.forget(f"@{name}")
        if isinstance(t, ir.OptionalT) and not isinstance(self.full(given), ir.OptionalT):
            self.narrowed[f"@{name}"] = t.elem
        me = ir.Name("self", type=ir.NamedT(cls.name))
        return [ir.Assign(ir.FieldTarget(me, cls.field_name(name), type=t), self.coerce(e, t), line=n.line)]

    def _store_attribute(self, recv: ast.Node, name: str, e: ir.Expr, n: ast.Node) -> list[ir.Stmt]:
        if (
            isinstance(recv, ast.SelfNode)
            and self.cls is not None
            and name in self.cls.fields
            and f"{name}=" not in self.cls.methods
        ):
            return self._store_field(name, e, n)
        obj = self.value(recv)
        t = self.full(obj.type)
        info = self.scope.classes.get(t.name) if isinstance(t, ir.NamedT) else None
        if (
            info is None
            or name not in info.fields
            or f"{name}=" in info.methods
            or not (name in info.writable or info.kind == "struct")
        ):
            raise Unsupported(f"assignment to {name} of {type_text(t)}", self._first(n), n.line)
        self._learn_field(
            info,
            name,
            ir.OptionalT(self.types.var(("field", info.name, name), "")) if e.type == ir.NONE else e.type,
        )
        ft = self.full(info.fields[name])
        key = self.key_of(recv)
        if key is not None:
            self.forget(f"{key}.{name}")
        return [
            ir.Assign(ir.FieldTarget(obj, info.field_name(name), type=ft), self.coerce(e, ft), line=n.line)
        ]

    def _store_item(
        self, recv: ast.Node, key: ast.Node, e: ir.Expr, target: ast.Call, n: ast.Node
    ) -> list[ir.Stmt]:
        obj = self.value(recv)
        t = self.full(obj.type)
        if isinstance(t, VarT):
            t = calls.infer(self, ast.Call(recv, "store", [], []), t)
        given = e.type if e.type != ir.NONE else ir.OptionalT(self.types.var(("item", n.start), ""))
        base = self.key_of(recv)
        if isinstance(t, ir.DictT):
            k = self.required(self.expr(key, t.key))
            if {self.full(k.type), self.full(t.key)} == {ir.STR, SYMBOL}:
                raise Unsupported(
                    "a string used as a key where the hash has symbols, or the other way round",
                    self._first(n),
                    n.line,
                )
            self.learn(recv, ir.DictT(k.type, given, t.zero))
            obj = self.value(recv)
            t = self.full(obj.type)
            assert isinstance(t, ir.DictT)
            at = self.key_of(target)
            if at is not None:
                self.narrowed[at] = ir.NONE
            place = ir.IndexTarget(obj, self.coerce(k, t.key), type=t.value)
            return [ir.Assign(place, self.coerce(e, t.value), line=n.line)]
        if isinstance(t, ir.ListT):
            self.learn(recv, ir.ListT(given))
            obj = self.value(recv)
            t = self.full(obj.type)
            assert isinstance(t, ir.ListT)
            i = self.coerce(self.value(key), ir.INT)
            self.require_pure(i)
            _, at_index = calls.position(self, i, op("len", [obj], ir.INT))
            self.scope.differ(
                "An assignment beyond the end of an array stops the port, where Ruby fills up with nil."
            )
            if base is not None:
                self.forget_entries(base)
            stored = self.coerce(e, t.elem)
            place = ir.Assign(ir.IndexTarget(obj, at_index, type=t.elem), stored, line=n.line)
            together = isinstance(n, ast.Assign) and isinstance(n.target, ast.Multi)
            if (
                together
                or not self._starts_empty(recv)
                or not isinstance(stored, ir.Name | ir.Lit | ir.ListLit)
            ):
                return [place]
            if isinstance(stored, ir.ListLit) and stored.elems:
                return [place]
            at_end = op(
                "eq", [self.coerce(self.value(key), ir.INT), op("len", [self.value(recv)], ir.INT)], ir.BOOL
            )
            append = op("list.append", [self.value(recv), replace(stored)], ir.NONE)
            return [ir.If(at_end, [ir.ExprStmt(append, line=n.line)], [place], line=n.line)]
        if isinstance(t, ir.NamedT) and isinstance(key, ast.Symbol):
            info = self.scope.classes.get(t.name)
            if info is not None and info.kind in ("record", "struct") and key.name in info.fields:
                self._learn_field(info, key.name, given)
                info.writable.add(key.name)
                ft = self.full(info.fields[key.name])
                return [ir.Assign(ir.FieldTarget(obj, key.name, type=ft), self.coerce(e, ft), line=n.line)]
        raise Unsupported(f"item assignment to {type_text(t)}", self._first(n), n.line)

    def _starts_empty(self, n: ast.Node) -> bool:
        """True of a local list that is made without elements: an assignment at its end adds one."""
        values = [
            x.value
            for b in self.body
            for x in ast.walk(b)
            if isinstance(n, ast.Ident)
            and isinstance(x, ast.Assign)
            and isinstance(x.target, ast.Ident)
            and x.target.name == n.name
        ]
        return bool(values) and all(isinstance(v, ast.Array) and not v.elems for v in values)

    def _multiple(self, n: ast.Assign) -> list[ir.Stmt]:
        assert isinstance(n.target, ast.Multi)
        targets = n.target.targets
        if any(isinstance(t, ast.Splat | ast.Multi) for t in targets):
            return self._splat_assign(targets, n)
        value = n.value
        if (
            isinstance(value, ast.Array)
            and not any(isinstance(x, ast.Splat) for x in value.elems)
            and len(value.elems) == len(targets)
        ):
            values = self.exprs(value.elems, [self.peek(t) for t in targets])
            simple = [self._store(t, v, n) for t, v in zip(targets, values, strict=True)]
            stores: list[ir.Target] = []
            made: list[ir.Expr] = []
            for group in simple:
                only = group[0]
                assert isinstance(only, ir.Assign)
                stores.append(only.target)
                made.append(only.value)
            t = ir.TupleT(tuple(x.type for x in stores))
            return [ir.Assign(ir.TupleTarget(stores, type=t), ir.TupleLit(made, type=t), line=n.line)]
        e = self._apart(value, targets, n)
        t = self.full(e.type)
        if isinstance(t, ir.TupleT) and len(t.elems) >= len(targets):
            stores = []
            for x, et in zip(targets, t.elems, strict=False):
                placeholder = ir.Name("_", type=et)
                group = self._store(x, placeholder, n)
                assert isinstance(group[0], ir.Assign)
                if group[0].value is not placeholder:
                    return self._one_by_one(targets, e, t, n)
                stores.append(group[0].target)
            if len(t.elems) == len(targets):
                return [ir.Assign(ir.TupleTarget(stores, type=t), e, line=n.line)]
            return self._one_by_one(targets, e, t, n)
        if isinstance(t, ir.ListT):
            held = self.hoist(e, "parts")
            out: list[ir.Stmt] = []
            for i, x in enumerate(targets):
                out += self._store(x, self._part(x, held, i, t.elem, n), n)
            return out
        raise Unsupported(f"a {type_text(t)} assigned to several targets", self._first(n), n.line)

    def _part(self, target: ast.Node, held: ir.Expr, i: int, elem: Type, at: ast.Node) -> ir.Expr:
        """The i-th element of a list for a target, nil where the list is too short."""
        plain = op("list.index", [held, integer(i)], elem, "IndexError")
        if isinstance(target, ast.Ident) and (
            self._only_required(target.name, at) or target.name.startswith("_")
        ):
            return plain
        test = op("gt", [op("len", [held], ir.INT), integer(i)], ir.BOOL)
        t = ir.OptionalT(elem)
        return Maybe(test, ir.Wrap(plain, type=t), lit(None, t), plain=plain, type=t)

    def _one_by_one(self, targets: list[ast.Node], e: ir.Expr, t: ir.TupleT, n: ast.Node) -> list[ir.Stmt]:
        held = self.hoist(e, "parts")
        out: list[ir.Stmt] = []
        for i, (x, et) in enumerate(zip(targets, t.elems, strict=False)):
            out += self._store(x, op("tuple.index", [held, integer(i)], et), n)
        return out

    def _apart(self, value: ast.Node, targets: list[ast.Node], n: ast.Assign) -> ir.Expr:
        """What is taken apart into variables: of nil they all are nil, which one of them must fail on at once."""
        e = self.expr(value)
        if isinstance(self.full(e.type), ir.OptionalT) and not any(
            isinstance(x, ast.Ident) and self._only_required(x.name, n) for x in targets
        ):
            why = "taking apart what may be nil, of which every variable would be nil; test it before"
            raise Unsupported(why, self._first(n), n.line)
        return self.required(e)

    def _splat_assign(self, targets: list[ast.Node], n: ast.Assign) -> list[ir.Stmt]:
        e = self._apart(n.value, targets, n)
        t = self.full(e.type)
        splats = [i for i, x in enumerate(targets) if isinstance(x, ast.Splat)]
        if not isinstance(t, ir.ListT) or len(splats) != 1 or any(isinstance(x, ast.Multi) for x in targets):
            raise Unsupported("a multiple assignment of this kind", self._first(n), n.line)
        at = splats[0]
        held = self.hoist(e, "parts")
        out: list[ir.Stmt] = []
        after = len(targets) - at - 1
        for i, x in enumerate(targets):
            if i < at:
                out += self._store(x, self._part(x, held, i, t.elem, n), n)
            elif i > at:
                out += self._store(
                    x,
                    op(
                        "list.index",
                        [held, op("from_end", [integer(len(targets) - i)], ir.INT)],
                        t.elem,
                        "IndexError",
                    ),
                    n,
                )
            else:
                assert isinstance(x, ast.Splat)
                if x.value is None:
                    continue
                stop: ir.Expr = op("from_end", [integer(after)], ir.INT) if after else lit(None, ir.NONE)
                out += self._store(x.value, op("list.slice", [held, integer(at), stop], t), n)
        self.scope.differ(
            "Taking apart a list that is too short stops the port, where Ruby fills up with nil."
        )
        return out

    def _augmented(self, n: ast.OpAssign) -> list[ir.Stmt]:
        target = n.target
        if n.op in ("||", "&&"):
            return self._conditional_assign(n)
        if isinstance(target, ast.Call) and target.recv is not None and target.name == "[]":
            # h[k] op= v reads and writes one place: what is computed for it is computed once.
            obj = self.value(target.recv)
            if not (isinstance(obj, ir.Intrinsic) and obj.op == "dict.setdefault"):
                self.require_pure(obj)
            keys = self.exprs(target.args)
            for k in keys:
                self.require_pure(k)
        left = self.expr(target)
        if isinstance(self.full(left.type), ir.OptionalT):
            left = self.required(left)
        call = ast.Call(target, n.op, [n.value], [], line=n.line, last=n.last, start=n.start, end=n.end)
        lt = self.full(left.type)
        if isinstance(lt, VarT) and isinstance(target, ast.Call) and target.recv is not None:
            # A map of counters that is empty so far: what is added says what it holds.
            right = self.expr(n.value)
            self.learn(target, right.type)
            left = self.expr(target)
            lt = self.full(left.type)
        if lt in (ir.INT, ir.FLOAT):
            right = self.value(n.value)
            if isinstance(self.full(right.type), VarT):
                raise Unsupported(
                    "arithmetic with a value whose type is not known; annotate it", self._first(n), n.line
                )
            combined = calls.arithmetic(self, n.op, left, right, n)
        else:
            combined = self.expr(call)
        if self.full(combined.type) == ir.NONE:
            raise Unsupported(f"`{n.op}=` of this kind", self._first(n), n.line)
        stored = self._store(target, combined, n)
        only = stored[0]
        assert isinstance(only, ir.Assign)
        if (
            isinstance(combined, ir.Intrinsic)
            and only.value is combined
            and len(combined.args) == 2
            and ir.same(combined.args[0], left)
            and combined.op in ir.IN_PLACE
            and not (isinstance(left, ir.Unwrap))
            and not (isinstance(left, ir.Intrinsic) and left.raises == "KeyError")
        ):
            return [ir.AugAssign(only.target, combined.op, combined.args[1], line=n.line)]
        self.require_pure(left)
        return stored

    def _conditional_assign(self, n: ast.OpAssign) -> list[ir.Stmt]:
        target = n.target
        if isinstance(target, ast.Ident) and target.name not in self.names:
            raise Unsupported(f"{target.name} {n.op}= before it has a value", self._first(n), n.line)
        current = self.expr(target)
        t = self.full(current.type)
        if n.op == "&&":
            test = self.cond(target)
        else:
            if not isinstance(t, ir.OptionalT):
                if t == ir.BOOL:
                    test = ir.Not(current, type=ir.BOOL)
                elif (
                    isinstance(current, ir.Intrinsic)
                    and current.op == "dict.index"
                    and isinstance(current.args[0].type, ir.DictT)
                    and current.args[0].type.zero
                ):
                    raise Unsupported("||= on a hash with a default", self._first(n), n.line)
                elif isinstance(t, VarT):
                    raise Unsupported(
                        "||= of a value whose type is not known; annotate it", self._first(n), n.line
                    )
                else:
                    return []
            else:
                test = self.cond(ast.Not(target, line=n.line))
            if isinstance(current, ir.Intrinsic) and current.op == "dict.get":
                test = ir.Not(op("dict.contains", current.args, ir.BOOL), type=ir.BOOL)
                if (
                    isinstance(self.full(current.args[0].type), ir.DictT)
                    and isinstance(
                        self.full(current.type.elem) if isinstance(current.type, ir.OptionalT) else None, ir.P
                    )
                    and self.full(current.type.elem if isinstance(current.type, ir.OptionalT) else ir.NONE)
                    == ir.BOOL
                ):
                    raise Unsupported("||= on a hash of booleans", self._first(n), n.line)
        outer, self.pre = self.pre, []
        try:
            value = self.expr(n.value, t.elem if isinstance(t, ir.OptionalT) else None)
            body = [*self.pre, *self._store(target, value, n)]
        finally:
            self.pre = outer
        key = self.key_of(target)
        if (
            n.op == "||"
            and key is not None
            and isinstance(t, ir.OptionalT)
            and not isinstance(self.full(value.type), ir.OptionalT)
            and value.type != ir.NONE
        ):
            self.narrowed[key] = t.elem
        return [ir.If(test, body, [], line=n.line)]

    # Calls as statements

    def _call(self, n: ast.Call, sink: Sink | None) -> list[ir.Stmt]:
        from foundation_engine.port.front import _ruby_patterns as patterns

        name = n.name
        if n.recv is None and name in ("raise", "fail"):
            return self._raise(n)
        if n.recv is None and name in (
            "private",
            "public",
            "require",
            "require_relative",
            "attr_reader",
            "include",
            "extend",
        ):
            raise Unsupported(f"{name} inside a method", self._first(n), n.line)
        made = patterns.statement(self, n, sink)
        if made is not None:
            return made
        if name == "scan" and n.block is not None and sink is None:
            every = replace(n, block=None)
            n = ast.Call(every, "each", [], [], n.block, line=n.line, last=n.last, start=n.start, end=n.end)
            name = n.name
        if n.safe and sink is None and n.recv is not None:
            return self._safe_statement(n)
        if (
            n.recv is not None
            and name in _LOOPS
            and (n.block is not None or n.passed is not None)
            and not isinstance(n.recv, ast.Const)
        ):
            looped = self._loop(n)
            if looped is not None:
                if sink is None:
                    return looped
                return looped + self._after_procedure(n, sink)
        if n.recv is not None and name == "<<" and len(n.args) == 1:
            appended = self._append_text(n)
            if appended is not None:
                return appended + ([] if sink is None else self._after_procedure(n, sink))
        if n.recv is not None and name == "concat" and self._is_text(n.recv):
            appended = self._append_text(n)
            if appended is not None:
                return appended + ([] if sink is None else self._after_procedure(n, sink))
        if n.recv is not None and name == "each_with_object" and sink is None:
            self.expr(n)
            return []
        if n.recv is not None and name in ("tap", "then", "yield_self") and n.block is not None:
            return self._handed(n, sink)
        e = self.expr(n, sink.want if sink is not None else None)
        if sink is not None:
            self._mark_used(e, n)
        if self.full(e.type) == ir.NONE and sink is not None and not isinstance(e, ir.Lit):
            return [ir.ExprStmt(e, line=n.line), *self._after_procedure(n, sink)]
        return self._put(e, n, sink)

    def _handed(self, n: ast.Call, sink: Sink | None) -> list[ir.Stmt]:
        """A block that gets a value once: `tap` gives the value, `then` what the block gives."""
        assert n.recv is not None
        assert n.block is not None
        if any(isinstance(x, ast.Jump) and x.kind != "return" for b in n.block.body for x in ast.walk(b)):
            # It would leave the block, and no loop around it.
            raise Unsupported(f"next, break or redo in the block of {n.name}", self._first(n), n.line)
        held = self.hoist(self.expr(n.recv), "result")
        with blocks.inside(self, n.block):
            if n.block.params:
                self.substitute(n.block.params[0].name, held)
            if n.name != "tap":
                return self._inline(n.block.body, sink)
            body = [s for x in n.block.body for s in self.statement(x)]
        return body + (sink.put(held) if sink is not None else [])

    def _mark_used(self, e: ir.Expr, n: ast.Node) -> None:
        del e, n

    def _after_procedure(self, n: ast.Call, sink: Sink) -> list[ir.Stmt]:
        """A method that ends in a loop or a change in place is called for its effect, unless its value is declared."""
        if (
            sink.returns
            and not self._declared_value()
            and not (self.signature is not None and self.signature.used)
        ):
            return self._nothing(sink)
        if n.recv is not None and n.name in _PROCEDURES and not isinstance(n.recv, ast.Call | ast.Range):
            return sink.put(self.expr(n.recv))
        if sink.nothing is not None:
            return sink.nothing()
        raise Unsupported(f"the value of {n.name}", self._first(n), n.line)

    def _safe_statement(self, n: ast.Call) -> list[ir.Stmt]:
        assert n.recv is not None
        obj = self.expr(n.recv)
        t = self.full(obj.type)
        plain = copy.copy(n)
        plain.safe = False
        if not isinstance(t, ir.OptionalT):
            return self._call(plain, None)
        key = self.key_of(n.recv)
        if key is None:
            held = self.hoist(obj, "value")
            assert isinstance(held, ir.Name)
            self.names[held.id] = held.id
            plain.recv = ast.Ident(held.id, line=n.line, start=n.start, end=n.end)
            key = held.id
            obj = held
        test = obj.test if isinstance(obj, Maybe) else op("is_some", [obj], ir.BOOL)
        with self.narrowing({key: t.elem}):
            body = self.statement(plain)
        return [ir.If(test, body, [], line=n.line)]

    def _loop(self, n: ast.Call) -> list[ir.Stmt] | None:
        """An iterator that is run for its effect."""
        n = json.paired(self, n)
        assert n.recv is not None
        name = n.name
        block = blocks.block_of(self, n, 1)
        if name == "each_line":
            text = self.coerce(self.value(n.recv), ir.STR)
            split = "lines_of" if any(k == "chomp" for k, _ in n.named) else "lines_with_feeds"
            s = blocks.Source(self.prelude(split, [text], ir.ListT(ir.STR)), ir.STR)
        elif name == "with_index" or name == "each_with_index":
            inner = n.recv
            if (
                isinstance(inner, ast.Call)
                and inner.name == "each"
                and inner.block is None
                and inner.recv is not None
            ):
                inner = inner.recv
            elif (
                isinstance(inner, ast.Call)
                and inner.name in ("map", "select", "reject", "flat_map", "filter_map")
                and inner.block is None
            ):
                return None
            s = blocks.source(
                self, ast.Call(inner, "each_with_index", n.args, [], line=n.line, start=n.start, end=n.end)
            )
        elif name in ("each_key", "each_value"):
            obj = self.value(n.recv)
            t = self.full(obj.type)
            if not isinstance(t, ir.DictT):
                raise Unsupported(f"{name} of {type_text(t)}", self._first(n), n.line)
            elem = t.key if name == "each_key" else t.value
            s = blocks.Source(
                op("dict.keys" if name == "each_key" else "dict.values", [obj], ir.IterT(elem)), elem
            )
        elif name in (
            "times",
            "upto",
            "downto",
            "step",
            "each_char",
            "each_slice",
            "each_cons",
            "reverse_each",
        ):
            plain = copy.copy(n)
            plain.block = plain.passed = None
            s = blocks.source(self, plain)
        else:
            obj = self._iterated(n)
            t = self.full(obj.type) if obj is not None else None
            if isinstance(t, ir.NamedT | ir.FuncT):
                return None
            s = blocks.source(self, n.recv)
        if name == "each_slice" or name == "each_cons":
            s = blocks.Source(s.iter, s.elem)
        before = list(self.pre or [])
        if self.pre is not None:
            self.pre.clear()
        return [*before, *blocks.each(self, n, s, block)]

    def _iterated(self, n: ast.Call) -> ir.Expr | None:
        """What `each` is called on, with a type inferred for it when it has none."""
        assert n.recv is not None
        if isinstance(n.recv, ast.Range) or (isinstance(n.recv, ast.Call) and n.recv.name in _ITERATED):
            return None
        e = self.expr(n.recv)
        t = self.full(e.type)
        if isinstance(t, VarT):
            calls.infer(self, n, t)
        return e

    def _is_text(self, n: ast.Node) -> bool:
        try:
            return self.full(self.expr(n).type) == ir.STR
        except Unsupported:
            return False

    def _append_text(self, n: ast.Call) -> list[ir.Stmt] | None:
        """`text << more` on a string that no other name shares."""
        assert n.recv is not None
        root = n.recv
        values = [n.args[0]]
        while (
            isinstance(root, ast.Call) and root.name == "<<" and root.recv is not None and len(root.args) == 1
        ):
            values.insert(0, root.args[0])
            root = root.recv
        left = self.expr(root)
        t = self.full(left.type)
        if t != ir.STR:
            if isinstance(t, VarT):
                raise Unsupported(
                    "`<<` on a value whose type is not known; annotate it", self._first(n), n.line
                )
            if len(values) > 1 and isinstance(t, ir.ListT):
                out: list[ir.Stmt] = []
                for v in values:
                    one = ast.Call(root, "<<", [v], [], line=n.line, last=n.last, start=n.start, end=n.end)
                    out += self._put(self.expr(one), n, None)
                return out
            return None
        if isinstance(root, ast.Ident) and root.name in self.names:
            if self.names[root.name] in self.fixed or not self._own_text(root.name):
                raise Unsupported("`<<` on a string that another name may share", self._first(n), n.line)
        else:
            raise Unsupported("`<<` on a string that is not a local variable", self._first(n), n.line)
        out = []
        for v in values:
            part = self.required(self.expr(v))
            if self.full(part.type) != ir.STR:
                raise Unsupported(f"`<<` of {type_text(part.type)} to a string", self._first(n), n.line)
            target = ir.VarTarget(self.names[root.name], type=ir.STR)
            out.append(ir.AugAssign(target, "str.concat", self.coerce(part, ir.STR), line=n.line))
        return out

    def _own_text(self, name: str) -> bool:
        """True when every value of a string variable is new, and no other name sees it when it is appended to."""
        fresh = True
        shared: list[
            tuple[ast.Node, list[ast.Node]]
        ] = []  # places where another name may see it, with the loops around
        changes: list[tuple[ast.Node, list[ast.Node]]] = []

        def is_new(v: ast.Node) -> bool:
            return isinstance(v, ast.Interpolated | ast.Literal) or (
                isinstance(v, ast.Call) and v.name in _NEW_TEXT
            )

        def visit(n: ast.Node, parent: ast.Node | None, loops: list[ast.Node]) -> None:
            nonlocal fresh
            if isinstance(n, ast.Assign) and isinstance(n.target, ast.Ident) and n.target.name == name:
                fresh = fresh and is_new(n.value)
            if isinstance(n, ast.Call) and n.name in ("<<", "concat") and _root(n, name):
                changes.append((n, loops))
            if isinstance(n, ast.Ident) and n.name == name:
                read = (
                    isinstance(
                        parent,
                        ast.Interpolated | ast.Jump | ast.OpAssign | ast.If | ast.Seq | ast.Block | ast.Begin,
                    )
                    or parent is None
                )
                read = read or (isinstance(parent, ast.Assign) and parent.target is n)
                read = read or (
                    isinstance(parent, ast.Call)
                    and (parent.recv is n or parent.name in ("puts", "==", "+", "include?"))
                )
                if not read:
                    shared.append((n, loops))
            inner = [*loops, n] if isinstance(n, ast.While | ast.For | ast.Block) else loops
            for c in ast.subnodes(n):
                visit(c, n, inner)

        for b in self.body:
            visit(b, None, [])
        for use, loops in shared:
            if self._renewed(use, name, is_new):
                continue
            if any(change.start > use.start or any(x in loops for x in around) for change, around in changes):
                return False
        return fresh

    def _renewed(self, use: ast.Node, name: str, is_new: Callable[[ast.Node], bool]) -> bool:
        """True when the statement after the one with `use` gives the variable a new string."""

        for body in self._bodies():
            for first, second in itertools.pairwise(body):
                if (
                    (
                        first.start <= use.start < first.end
                        and isinstance(second, ast.Assign)
                        and isinstance(second.target, ast.Ident)
                    )
                    and second.target.name == name
                    and is_new(second.value)
                ):
                    return True
        return False

    # Errors

    def error_value(self, n: ast.Call) -> ir.Expr:
        """`SomeError.new(...)`."""
        assert isinstance(n.recv, ast.Const)
        return self._error(n.recv.path, n.args, n.named, n)

    def _error(
        self, path: str, args: list[ast.Node], named: list[tuple[str, ast.Node]], n: ast.Node
    ) -> ir.Expr:
        name = self.scope.error_name(path)
        if name is None:
            raise Unsupported(f"raise of {path}, which is not a known error class", self._first(n), n.line)
        info = self.scope.classes.get(name)
        if info is not None and info.failed is not None:
            raise Unsupported(f"{name} was not ported ({info.failed.reason})", self._first(n), n.line)
        if info is not None and info.init is not None:
            call = ast.Call(None, name, args, named, line=n.line, start=n.start, end=n.end)
            values = self.arguments(info.init.params, call, f"{name}.new")
            made = [(p.name, a) for p, a in zip(info.init.params, values, strict=True)]
            return ir.New(name, made, type=ir.NamedT(name))
        if name in (
            "CircuitOpenError",
            "RateLimitExceeded",
            "MaxRetriesExceeded",
            "HttpStatusError",
            "ProcessError",
            "ProcessTimeoutError",
        ):
            raise Unsupported(f"raise of {name}, which only the runtime makes", self._first(n), n.line)
        if name == "Exit":
            code = self.coerce(self.expr(args[0]), ir.INT) if args else integer(0)
            return ir.New(name, [("code", code)], type=ir.NamedT(name))
        if len(args) > 1 or named:
            raise Unsupported(f"{path} with several arguments", self._first(n), n.line)
        if args:
            e = self.expr(args[0], ir.STR)
            message: ir.Expr = self.text(e) if self.full(e.type) != ir.STR else e
        else:
            # An error without a message has its class's name as one.
            message = lit(path, ir.STR)
        return ir.New(name, [("message", message)], type=ir.NamedT(name))

    def _raise(self, n: ast.Call) -> list[ir.Stmt]:
        args = list(n.args)
        cause: ir.Expr | None = None
        named = [(k, v) for k, v in n.named if k != "cause"]
        for k, v in n.named:
            if k == "cause" and not (isinstance(v, ast.Literal) and v.value is None):
                cause = self.expr(v)
        if not args:
            return [ir.Raise(None, line=n.line)]
        first = args[0]
        before = list(self.pre or [])
        if self.pre is not None:
            self.pre.clear()
        match first:
            case ast.Const(path=path):
                error = self._error(path, args[1:2], named, n)
                if len(args) > 2:
                    raise Unsupported("raise with a backtrace", self._first(n), n.line)
            case ast.Call(recv=ast.Const(path=path), name="new") if self.scope.error_name(path) is not None:
                error = self._error(path, first.args, first.named, n)
            case ast.Literal() | ast.Interpolated():
                message = self.coerce(self.expr(first), ir.STR)
                error = ir.New("RuntimeError", [("message", message)], type=ir.NamedT("RuntimeError"))
            case _:
                error = self.expr(first)
                t = self.full(error.type)
                if t == ir.STR:
                    error = ir.New("RuntimeError", [("message", error)], type=ir.NamedT("RuntimeError"))
                elif not (
                    t == ir.ERROR or (isinstance(t, ir.NamedT) and self.scope.error_base(t.name) is not None)
                ):
                    raise Unsupported(f"raise of {type_text(t)}", self._first(n), n.line)
        more = list(self.pre or [])
        if self.pre is not None:
            self.pre.clear()
        return [*before, *more, ir.Raise(error, cause, line=n.line)]

    def _begin(self, n: ast.Begin, sink: Sink | None) -> list[ir.Stmt]:
        retries = any(
            isinstance(x, ast.Jump) and x.kind == "retry"
            for r in n.rescues
            for b in r.body
            for x in ast.walk(b)
        )
        if retries and (n.orelse or n.ensure):
            raise Unsupported("retry with else or ensure", self._first(n), n.line)
        if retries:
            for part in (n.body, *(r.body for r in n.rescues)):
                if (
                    any(
                        isinstance(x, ast.Jump) and x.kind in ("next", "break")
                        for b in part
                        for x in ast.own(b)
                    )
                    and self.jumps
                ):
                    raise Unsupported("next or break inside a begin that is retried", self._first(n), n.line)
            self.forget_stored([*n.body, *(b for r in n.rescues for b in r.body)])
        if n.ensure and any(
            isinstance(x, ast.Jump) and x.kind == "return" for b in n.ensure for x in ast.walk(b)
        ):
            raise Unsupported("return inside ensure", self._first(n), n.line)
        saved = dict(self.narrowed)
        with self._retrying(retries):
            body = self.block(n.body, None if n.orelse else sink)
        self.narrowed = dict(saved)
        self.forget_stored(n.body)
        after = dict(self.narrowed)
        handlers: list[ir.Handler] = []
        self._tell_value_errors(n, body)
        for r in n.rescues:
            classes = self._classes(r)
            names = dict(self.names)
            if r.var:
                t: Type = ir.NamedT(classes[0]) if len(classes) == 1 else ir.ERROR
                self.local(r.var, t, r.start)
            with self._retrying(retries):
                made = self.block(r.body, sink)
            var = self.names[r.var] if r.var else ""
            self.names = {**names, **{k: v for k, v in self.names.items() if k not in names and k != r.var}}
            if retries and not terminates(made):
                made.append(ir.Break())
            handlers.append(ir.Handler(classes, var if self._reads(made, var) else "", made, line=r.line))
            self.narrowed = dict(after)
        orelse = self.block(n.orelse, sink) if n.orelse else []
        final = self.block(n.ensure)
        self.narrowed = {}
        if not handlers and not final:
            return body
        if not body:
            return [*orelse, *final]
        if retries:
            attempt = ir.Try(body, handlers, [] if terminates(body) else [ir.Break()], [], line=n.line)
            return [ir.While(lit(True, ir.BOOL), [attempt], line=n.line)]
        return [ir.Try(body, handlers, orelse, final, line=n.line)]

    def _tell_value_errors(self, n: ast.Begin, body: list[ir.Stmt]) -> None:
        """Refuse a rescue of one of Ruby's classes that are ValueError in the port, where another one may come, too."""
        rescued = {c.path for r in n.rescues for c in r.classes if isinstance(c, ast.Const)}
        for mine, other in (("JSON::ParserError", "ArgumentError"), ("ArgumentError", "JSON::ParserError")):
            if mine in rescued and other not in rescued and other in self._value_errors(n.body, body):
                raise Unsupported(
                    f"a rescue of {mine} around what may raise {other}, which is one class with it in the port",
                    self._first(n),
                    n.line,
                )

    def _value_errors(self, nodes: list[ast.Node], body: list[ir.Stmt]) -> set[str]:
        """Which of these classes a body may raise: by its operations, and by what the methods that it calls mention."""
        out: set[str] = set()
        for x in (x for s in body for x in ir.walk(s)):
            if isinstance(x, ir.Intrinsic) and x.raises == "ValueError":
                out.add("JSON::ParserError" if x.op in ("json.parse", "http.json") else "ArgumentError")
            elif isinstance(x, ir.New) and x.cls == "ValueError":
                out.add("ArgumentError")
        seen: set[str] = set()
        todo = [s for b in nodes for x in ast.walk(b) for s in self._called(x, seen)]
        while todo:
            for x in (x for b in todo.pop().node.body for x in ast.walk(b)):
                if isinstance(x, ast.Const) and x.path in ("ArgumentError", "JSON::ParserError"):
                    out.add(x.path)
                if isinstance(x, ast.Call) and x.recv is None and x.name in ("Integer", "Float"):
                    out.add("ArgumentError")
                if isinstance(x, ast.Call) and x.recv is not None and x.name in ("json", "parse"):
                    out.add("JSON::ParserError")
                todo.extend(self._called(x, seen))
        return out

    def _called(self, x: ast.Node, seen: set[str]) -> list[Signature]:
        """The methods of the file that a call may mean, the first time that it is seen."""
        if not isinstance(x, ast.Call | ast.Ident) or x.name in seen:
            return []
        recv = x.recv if isinstance(x, ast.Call) else None
        if isinstance(recv, ast.Const) and not (
            recv.path in self.scope.modules or self.scope.class_named(recv.path)
        ):
            return []
        seen.add(x.name)
        found = [
            self.scope.functions.get(x.name),
            *(f(x.name) for i in self.scope.classes.values() for f in (i.method, i.static)),
        ]
        return [s for s in found if s is not None]

    @contextmanager
    def _retrying(self, retries: bool) -> Generator[None]:
        if not retries:
            yield
            return
        self.jumps.append(("retry", None))
        try:
            yield
        finally:
            self.jumps.pop()

    def _reads(self, body: list[ir.Stmt], name: str) -> bool:
        return bool(name) and any(isinstance(x, ir.Name) and x.id == name for s in body for x in ir.walk(s))

    def _classes(self, r: ast.Rescue) -> list[str]:
        classes: list[str] = []
        for c in r.classes:
            if not isinstance(c, ast.Const):
                raise Unsupported("rescue of a computed class", self._first(c), c.line)
            name = self.scope.error_name(c.path)
            if name is None:
                raise Unsupported(
                    f"rescue of {c.path}, which is not a known error class", self._first(c), c.line
                )
            if name == "Exception":
                return []
            if name not in classes:
                classes.append(name)
            if name == "IndexError":
                # KeyError is one in Ruby.
                classes.append("KeyError")
        return classes

    # Functions as values

    def function_value(self, block: ast.Block, want: Type | None) -> ir.Expr:
        """A block or lambda as a value."""
        want = self.full(want) if want is not None else None
        want = want.elem if isinstance(want, ir.OptionalT) else want
        params = block.params
        if any(p.parts is not None or p.splat for p in params):
            raise Unsupported("a lambda that takes its arguments apart", "", block.line)
        if isinstance(want, ir.FuncT):
            if len(params) > len(want.params):
                raise Unsupported("a block with more parameters than it is given", "", block.line)
            types: list[Type] = list(want.params)
        else:
            types = [
                self.types.var(("lambda", block.start, i), f"param:{p.name}") for i, p in enumerate(params)
            ]
        result: Type = (
            want.result if isinstance(want, ir.FuncT) else self.types.var(("lambda result", block.start), "")
        )
        if isinstance(want, VarT):
            self.types.solve(want, ir.FuncT(tuple(types), result))
        only = blocks.simple(block)
        if isinstance(only, ast.If | ast.Case) and self.pre is not None:
            # A choice reads better, and in every language, as statements.
            only = None
        if only is not None:
            try:
                with blocks.inside(self, block), self.without_statements():
                    made = [
                        ir.Param(
                            self.local(params[i].name if i < len(params) else f"_unused{i}", t, block.start),
                            self.full(t),
                        )
                        for i, t in enumerate(types)
                    ]
                    body = self.expr(only, None if isinstance(self.full(result), VarT) else result)
                    if self.full(result) != ir.NONE:
                        if body.type == ir.NONE:
                            raise Unsupported("a block that gives nothing", "", block.line)
                        self.unify(result, body.type)
                        body = self.coerce(body, self.full(result))
                t = ir.FuncT(
                    tuple(self.full(x) for x in types), self.full(body.type), raises=False, context=False
                )
                return ir.Lambda(made, body, type=t)
            except Unsupported:
                if self.pre is None:
                    raise
        return self._closure(block, types, result)

    def _closure(self, block: ast.Block, types: list[Type], result: Type) -> ir.Expr:
        if self.pre is None:
            raise Unsupported(
                "a block of several statements in a place where only an expression fits", "", block.line
            )
        stored = {
            x.target.name
            for b in block.body
            for x in ast.walk(b)
            if isinstance(x, ast.Assign | ast.OpAssign) and isinstance(x.target, ast.Ident)
        }
        if stored & set(self.names):
            raise Unsupported("a block that assigns a variable of the method around it", "", block.line)
        if any(isinstance(x, ast.Jump) and x.kind == "return" for b in block.body for x in ast.own(b)):
            raise Unsupported("return inside a lambda", "", block.line)
        name = self.fresh("action")
        outer_sig = self.signature
        node = ast.Def(name, [], block.body, line=block.line)
        assert outer_sig is not None
        inner_sig = Signature(name, [], result, False, node, outer_sig.doc, kind=outer_sig.kind)
        saved = self.pre
        self.signature = inner_sig
        self.pre = []
        outer_jumps, self.jumps = self.jumps, []
        try:
            with blocks.inside(self, block):
                params = [
                    ir.Param(
                        self.local(
                            block.params[i].name if i < len(block.params) else f"_unused{i}", t, block.start
                        ),
                        self.full(t),
                    )
                    for i, t in enumerate(types)
                ]
                sink = self.return_sink(True)
                with self.jumping("function", self.return_sink(False)):
                    body = self.block(block.body, sink)
        finally:
            self.signature = outer_sig
            self.pre = saved
            self.jumps = outer_jumps
        found = self.full(inner_sig.result)
        found = ir.NONE if isinstance(found, VarT) else found
        self.unify(result, found) if found != ir.NONE else None
        func = ir.Function(name, params, found, body, line=block.line)
        self.pre.append(ir.FuncDef(func, line=block.line))
        t = ir.FuncT(tuple(self.full(x) for x in types), found, raises=False, context=False)
        self.vars[name] = t
        return ir.Name(name, type=t)

    # A method

    def method_body(self) -> list[ir.Stmt]:
        """The body of the method; what is not understood becomes holes."""
        s = self.signature
        assert s is not None
        self.body = s.node.body
        for p in s.params:
            self.vars[p.name] = self.full(p.type)
            self.names[p.name] = p.name
            self.fixed.add(p.name)
        self.last_line = s.node.line
        nodes = s.node.body
        from foundation_engine.port.front import _ruby_patterns as patterns

        peeled = patterns.peel(self, nodes)
        if peeled is not None:
            nodes, self.patterns = peeled
            self.whole = True
            sink = self.return_sink(True)
            with self.jumping("function", self.return_sink(False)):
                out = self.block(nodes, sink)
        else:
            out = self.block(nodes, self.return_sink(True))
        # Parameters that the body taught.
        for p in s.params:
            learned = self.full(self.vars[p.name])
            if learned != self.full(p.type) and self.types.open(p.type):
                p.type = learned
        result = self.full(s.result)
        if result != ir.NONE and not isinstance(result, VarT) and not terminates(out):
            if isinstance(result, ir.OptionalT):
                out.append(ir.Return(lit(None, result)))
            elif not any(isinstance(x, ir.Hole) for x in out):
                message = lit(f"{s.name} ended without a value", ir.STR)
                stop = ir.New("AssertionError", [("message", message)], type=ir.NamedT("AssertionError"))
                out.append(ir.Raise(stop))
        return out


def _certain(n: ast.Node) -> Generator[ast.Node]:
    """The node and what below it is evaluated whenever it is."""
    yield n
    match n:
        case ast.If(test=part) | ast.While(test=part) | ast.And(left=part) | ast.Or(left=part):
            yield from _certain(part)
        case ast.Case(subject=part):
            if part is not None:
                yield from _certain(part)
        case ast.Begin() | ast.Block() | ast.LambdaNode() | ast.CaseIn() | ast.Def():
            return
        case ast.Call(safe=True, recv=part) if part is not None:
            yield from _certain(part)
        case _:
            for c in ast.subnodes(n):
                yield from _certain(c)


def _root(n: ast.Node | None, name: str) -> bool:
    """True for `name << a << b`."""
    while isinstance(n, ast.Call) and n.name in ("<<", "concat"):
        n = n.recv
    return isinstance(n, ast.Ident) and n.name == name


_NEW_TEXT = frozenset(
    ["+@", "dup", "new", "join", "format", "+", "upcase", "downcase", "strip", "to_s", "gsub", "sub"]
)
_ITERATED = ENUMERATORS | {"each", "select", "map", "reject", "sort_by", "sort", "filter", "group_by"}
