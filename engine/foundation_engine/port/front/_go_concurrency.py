"""Goroutines that do independent work, as one after the other, where no order of running them can be seen.

A goroutine that only writes what no other one writes, and that only waits for locks, may as well run where it is
started: that is one of the orders in which Go may run it. What depends on the order is declined.
"""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import re
from collections.abc import Iterator

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front._go_errors import ErrorFlow
from foundation_engine.port.front._go_expr import Frame, V
from foundation_engine.port.front._go_library import not_negative
from foundation_engine.port.front._go_package import walk
from foundation_engine.port.front._go_types import DURATION, WAIT_GROUP, Chan, GoType, Named, Pointer

SEQUENTIAL = "Goroutines run one after the other: what they do does not depend on their order."
CANCELLATION = "Cancellation by a context is the target's own; checks of ctx.Err() are left out."
DEADLINES = "Time limits of contexts are left out: what takes longer is not cancelled."
CONTEXT = Named("context.Context")
CANCEL = Named("context.CancelFunc")
_SORTS = re.compile(r"\b(?:sort|slices)\.(?:Sort\w*|Strings|Ints|Float64s|Slice|SliceStable)\((\w+)")


class Concurrency(ErrorFlow):
    """Lowers goroutines, wait groups, and channels that collect what goroutines give."""

    # Goroutines

    def goroutine(self, node: SyntaxNode) -> list[ir.Stmt]:
        """`go f(x)` and `go func(...) {...}(...)`."""
        return self.spawned(self.named(node)[0], node)

    def spawned(self, call: SyntaxNode, node: SyntaxNode) -> list[ir.Stmt]:
        """A call that runs in a goroutine, run in place."""
        if call.type != "call_expression":
            raise self.p.unsupported("a goroutine", node)
        function = self.child(call, "function")
        args = self.named(self.child(call, "arguments"))
        if function.type != "func_literal":
            self._check_waited(node)
            raise self.p.unsupported("a goroutine of a function by its name", node)
        body = self.child(function, "body")
        if self._only_closes(body):
            return []
        self._check_waited(node)
        self._check_body(body, node)
        info = self.p.signature(function, "")
        if info.results or len(info.params) != len(args):
            raise self.p.unsupported("a goroutine with results", node)
        self.p.differ(SEQUENTIAL)
        out: list[ir.Stmt] = []
        given = [self.value(a, t) for a, (_, t) in zip(args, info.params, strict=True)]
        self.scopes.append({})
        for (name, t), value, a in zip(info.params, given, args, strict=True):
            held = self.lookup(self.p.text(a)) if a.type == "identifier" else None
            if held is not None and not self._written(body, name) and self._loop_variable(self.p.text(a)):
                self.scopes[-1][name] = held
                continue
            var = self.declare(name, t, function)
            out.append(ir.Assign(ir.VarTarget(var.ir_name, type=var.type), value, line=self.p.line(node)))
        last = self._ends_turn(node)
        returns = [n for n in _own(body) if n.type == "return_statement"]
        looped = any(n.type == "for_statement" and any(x in returns for x in _own(n)) for n in _own(body))
        if returns and (not last or looped):
            raise self.p.unsupported("a goroutine that returns early", node)
        outer = self.frame
        frame = Frame(info, body, (), False, outer.key, outer.names, outer.taken, turn=last)
        self.frames.append(frame)
        out.extend(self.block(body, top=True))
        while out and isinstance(out[-1], ir.Continue):
            out.pop()
        self.frames.pop()
        self.scopes.pop()
        return out

    def _ends_turn(self, node: SyntaxNode) -> bool:
        """True for the last statement of a loop's body: leaving it is the loop's next turn."""
        holder = node.parent
        if holder is not None and holder.type == "statement_list":
            holder = holder.parent
        if holder is None or holder.parent is None or holder.parent.type != "for_statement":
            return False
        return self.items(holder)[-1].node.id == node.id

    def _only_closes(self, body: SyntaxNode) -> bool:
        """`wg.Wait(); close(ch)`, which ends a loop over the channel."""
        items = self.items(body)
        return bool(items) and all(
            re.fullmatch(r"close\(\w+\)|\w+\.Wait\(\)", self.p.text(i.node)) is not None for i in items
        )

    def _check_waited(self, node: SyntaxNode) -> None:
        """The function waits for its goroutines, and holds no lock while it starts them."""
        own = [n for n in _own(self.frame.body) if n.start_byte > node.start_byte]
        if len(self.frames) > 1 or not any(self._waits(n) for n in own):
            raise self.p.unsupported("a goroutine that nobody waits for", node)
        calls = [self.p.text(n) for n in _own(self.frame.body) if n.type == "call_expression"]
        if any(c.endswith("Lock()") for c in calls):
            raise self.p.unsupported("a goroutine that is started while a lock is held", node)

    def _waits(self, n: SyntaxNode) -> bool:
        """True where a wait group or a channel is waited for."""
        text = self.p.text(n)
        m = re.fullmatch(r"(\w+)\.Wait\(\)|<-\s*(\w+)", text)
        name = (m[1] or m[2]) if m is not None else ""
        if n.type == "range_clause":
            name = self.p.text(self.child(n, "right"))
        var = self.lookup(name) if name else None
        bare = var.go.elem if var is not None and isinstance(var.go, Pointer) else var.go if var else None
        return bare == WAIT_GROUP or isinstance(bare, Chan)

    def _check_body(self, body: SyntaxNode, node: SyntaxNode) -> None:
        """No receive, no selection, and writes whose order cannot be seen."""
        for n in walk(body):
            if n.type in ("select_statement", "go_statement", "receive_statement"):
                raise self.p.unsupported("a goroutine that waits for others", node)
            if n.type == "unary_expression" and self.p.text(n).startswith("<-"):
                raise self.p.unsupported("a goroutine that waits for others", node)
            if n.type == "range_clause":
                over = self.child(n, "right")
                var = self.lookup(self.p.text(over)) if over.type == "identifier" else None
                if var is not None and isinstance(var.go, Chan):
                    raise self.p.unsupported("a goroutine that waits for others", node)
            if n.type == "call_expression" and self.p.text(n).endswith(".Do()"):
                raise self.p.unsupported("what only the first of several goroutines does", node)
        self.check_order(body)

    def check_order(self, body: SyntaxNode) -> None:
        """Writes to what is shared do not depend on their order, or the code is declined."""
        own = self._declared_in(body)
        for n in walk(body):
            if n.type in ("inc_statement", "dec_statement"):
                continue
            if n.type != "assignment_statement":
                continue
            operator = self.p.text(self.child(n, "operator"))
            rights = self.named(self.child(n, "right"))
            for i, target in enumerate(self.named(self.child(n, "left"))):
                root = target
                while root.type in ("selector_expression", "index_expression", "parenthesized_expression"):
                    root = self.named(root)[0]
                if self.p.text(root) in own or self.p.text(target) == "_":
                    continue
                value = rights[i] if i < len(rights) else rights[0]
                if not self._commutes(target, operator, value, own):
                    raise self.p.unsupported("a result that depends on which goroutine is first", n)

    def _commutes(self, target: SyntaxNode, operator: str, value: SyntaxNode, own: set[str]) -> bool:
        if target.type == "index_expression" and operator == "=":
            index = self.child(target, "index")
            root = index
            while root.type == "selector_expression":
                root = self.child(root, "operand")
            # Every turn has a place of its own.
            return self.p.text(root) in own or self._loop_variable(self.p.text(root))
        if operator in ("+=", "-=", "|=", "&="):
            name = self.p.text(target)
            var = self.lookup(name) if target.type == "identifier" else None
            return var is not None and var.type == ir.INT
        if operator == "=" and value.type == "call_expression":
            name = self.p.text(target)
            if self.p.text(self.child(value, "function")) == "append":
                return name in _SORTS.findall(self.p.text(self.frames[0].body))
        return False

    def _loop_variable(self, name: str) -> bool:
        for n in walk(self.frame.body):
            clause = n if n.type in ("range_clause", "for_clause") else None
            if clause is None:
                continue
            left = clause.child_by_field_name("left") or clause.child_by_field_name("initializer")
            if left is not None and any(
                x.type == "identifier" and self.p.text(x) == name for x in walk(left)
            ):
                return True
        return False

    def _written(self, body: SyntaxNode, name: str) -> bool:
        """True when the body assigns the variable."""
        return any(
            self.p.text(t) == name
            for n in walk(body)
            if n.type in ("assignment_statement", "inc_statement", "dec_statement")
            for t in self.named(n.child_by_field_name("left") or n)
        )

    def _declared_in(self, body: SyntaxNode) -> set[str]:
        """The names that a goroutine's function, or the body of a loop, declares itself."""
        holder = body.parent if body.parent is not None else body
        out: set[str] = set()
        for n in walk(holder):
            if n.type in ("parameter_declaration", "var_spec"):
                out |= {self.p.text(x) for x in n.children_by_field_name("name")}
            elif n.type in ("short_var_declaration", "range_clause"):
                left = n.child_by_field_name("left")
                out |= {self.p.text(x) for x in self.named(left)} if left is not None else set()
        return out

    # Wait groups

    def waiting(
        self, obj: GoType, name: str, args: list[SyntaxNode], node: SyntaxNode
    ) -> list[ir.Stmt] | None:
        """A method of a wait group, None for another type."""
        bare = obj.elem if isinstance(obj, Pointer) else obj
        if bare != WAIT_GROUP:
            return None
        if name in ("Add", "Done", "Wait"):
            return []
        if name == "Go" and len(args) == 1 and args[0].type == "func_literal":
            return self._waited(args[0], node)
        raise self.p.unsupported(f"a wait group's {name}", node)

    def _waited(self, function: SyntaxNode, node: SyntaxNode) -> list[ir.Stmt]:
        """`wg.Go(func() {...})`."""
        body = self.child(function, "body")
        self._check_waited(node)
        self._check_body(body, node)
        if any(n.type == "return_statement" for n in _own(body)):
            raise self.p.unsupported("a goroutine that returns early", node)
        self.p.differ(SEQUENTIAL)
        return self.block(body)

    # Channels

    def sent(self, node: SyntaxNode) -> list[ir.Stmt]:
        """`ch <- v`."""
        channel, t = self._channel(self.child(node, "channel"))
        value = self.value(self.child(node, "value"), t.elem)
        return [ir.ExprStmt(ir.Intrinsic("list.append", [channel, value], type=ir.NONE))]

    def received(self, operand: SyntaxNode) -> V:
        """`<-ch`: what was sent first."""
        channel, t = self._channel(operand)
        first = ir.Lit(0, type=ir.INT)
        made = ir.Intrinsic("list.pop_at", [channel, first], "IndexError", type=self.types.ir(t.elem))
        return V(made, t.elem)

    def drained(self, over: V, names: list[SyntaxNode], body: SyntaxNode, node: SyntaxNode) -> list[ir.Stmt]:
        """`for v := range ch`, of a channel that goroutines have filled and closed."""
        assert isinstance(over.go, Chan)
        if len(names) > 1 or any(n.type == "send_statement" for n in walk(body)):
            raise self.p.unsupported("a channel", node)
        self.check_order(body)
        kind = self.types.ir(over.go.elem)
        label = self.p.text(names[0]) if names else "_"
        made = self.declare(label, over.go.elem, names[0]).ir_name if label != "_" else "_"
        return [ir.For(ir.VarTarget(made, type=kind), over.expr, self.block(body))]

    def _channel(self, node: SyntaxNode) -> tuple[ir.Expr, Chan]:
        var = self.lookup(self.p.text(node)) if node.type == "identifier" else None
        if var is None or not isinstance(var.go, Chan):
            raise self.p.unsupported("a channel", node)
        return ir.Name(var.ir_name, type=var.type), var.go

    def selected(self, node: SyntaxNode) -> list[ir.Stmt]:
        """A selection between a context's end and something else is the something else."""
        others: list[SyntaxNode] = []
        for c in self.named(node):
            text = self.p.text(c.child_by_field_name("communication") or c)
            m = re.fullmatch(r"<-\s*(\w+)\.Done\(\)", text)
            var = self.lookup(m[1]) if m is not None else None
            if c.type == "communication_case" and var is not None and var.go == CONTEXT:
                continue
            others.append(c)
        if len(others) != 1 or len(self.named(node)) != 2:
            raise self.p.unsupported("a selection between channels", node)
        case = others[0]
        self.p.differ(CANCELLATION)
        items = [
            i
            for i in self.items(case)
            if i.node.parent is not None and i.node.parent.type == "statement_list"
        ]
        if any(n.type == "break_statement" for i in items for n in walk(i.node)):
            raise self.p.unsupported("a break out of a selection", node)
        if case.type == "default_case":
            return self.statements(items)
        waits = self.slept(self.child(case, "communication"))
        if waits is None:
            raise self.p.unsupported("a selection between channels", node)
        return [waits, *self.statements(items)]

    def slept(self, node: SyntaxNode) -> ir.Stmt | None:
        """`<-time.After(d)`, None for another receive."""
        text = self.p.text(node)
        call = next((n for n in walk(node) if n.type == "call_expression"), None)
        if call is None or not re.fullmatch(r"<-\s*time\.After\(.*\)", text, re.DOTALL):
            return None
        if self.p.path("time") != "time":
            return None
        d = self.value(self.named(self.child(call, "arguments"))[0], DURATION)
        return ir.ExprStmt(ir.Intrinsic("sleep", [not_negative(d)], type=ir.NONE), line=self.p.line(node))


def _own(node: SyntaxNode) -> Iterator[SyntaxNode]:
    """The nodes of a function without those of the functions inside it."""
    for c in node.named_children:
        if c.type != "func_literal":
            yield c
            yield from _own(c)


__all__ = ["CANCEL", "CANCELLATION", "CONTEXT", "DEADLINES", "Concurrency"]
