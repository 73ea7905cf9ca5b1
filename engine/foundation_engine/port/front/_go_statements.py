"""Go statements: control flow, declarations, and error values as raising and handling."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: ARG002 - what one case needs, the others of its shape take too.
# ruff: noqa: PERF401 - conditions and steps stand one below the other.
# ruff: noqa: E501 - a long line here is one thought.
from __future__ import annotations

import re
from collections.abc import Sequence

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front import _go_guards as guards
from foundation_engine.port.front import _go_library as library
from foundation_engine.port.front import _go_retries as retries
from foundation_engine.port.front._go_concurrency import CANCEL, CANCELLATION, CONTEXT, DEADLINES, Concurrency
from foundation_engine.port.front._go_errors import Item, ends
from foundation_engine.port.front._go_expr import Frame, V, Var, entry, negated
from foundation_engine.port.front._go_package import Package, walk
from foundation_engine.port.front._go_patterns import CLI_ARGS, command_parameters
from foundation_engine.port.front._go_sharing import fresh_expression, fresh_variable, writes
from foundation_engine.port.front._go_types import (
    BOOL,
    BYTE,
    BYTES,
    ERROR,
    INT,
    NIL,
    RUNE,
    SCANNER,
    STRING,
    VOID,
    Chan,
    Empty,
    Func,
    FuncInfo,
    GoType,
    Map,
    Named,
    Pointer,
    Regex,
    Slice,
    Tuple,
    default_type,
    is_float,
    is_int,
    is_rune,
    is_untyped,
)
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import place, terminates

ZERO_BESIDE_ERROR = (
    "A call that fails gives nothing but its error; Go's other results are taken to be zero then."
)


class FunctionLowerer(Concurrency):
    """Lowers the body of one function."""

    def __init__(self, package: Package) -> None:
        super().__init__(package)
        self.handler: str = ""
        self.failed: set[str] = set()
        self.named_loop = ""  # the label of the loop that comes next
        self.labels: list[
            tuple[str, set[tuple[str, bool]]]
        ] = []  # of the loops around; jumps that cross each
        self.flags: dict[tuple[str, bool], str] = {}  # the variable that tells of a jump, by label and kind

    # Functions

    def function(self, info: FuncInfo, node: SyntaxNode) -> tuple[list[ir.Param], Type, list[ir.Stmt]]:
        """Parameters, result and body; what is not understood in the body is a hole."""
        body = self.child(node, "body")
        frame = Frame(info, body, info.values, info.fails, info.key)
        self.frames.append(frame)
        self.scopes.append({})
        owner = self.p.declared.get(info.owner)
        copies: list[ir.Stmt] = []
        params: list[ir.Param] = []
        if owner is not None:
            t: Type = ir.NamedT(owner.name) if owner.kind != "alias" else self.types.ir(Named(owner.name))
            if owner.kind == "struct":
                if not info.pointer and self.changes(info.receiver):
                    raise self.p.unsupported("a method with a value receiver that changes it", node)
                receiver = Var("self", self._receiver_type(info), t, "", value=ir.Name("self", type=t))
                self.scopes[-1][info.receiver] = receiver
            else:
                made = self.fresh_name(info.receiver if info.receiver != "_" else "value", t)
                kind = self._receiver_type(info) if owner.kind == "error" else Named(owner.name)
                self.scopes[-1][info.receiver] = Var(made, kind, t, "", param=True)
                params.append(ir.Param(made, t))
        params.extend(self._params(info, copies))
        if info.context and info.context != "_":
            self.scopes[-1][info.context] = Var("ctx", Named("context.Context"), ir.NONE, "")
        if info.result_names:
            copies.extend(self._named_results(info, body))
        result = self.result_type(info)
        out = copies + self.block(body, top=True)
        while out and isinstance(out[-1], ir.Return) and out[-1].value is None and not out[-1].comments:
            out.pop()
        self.scopes.pop()
        self.frames.pop()
        return params, result, out

    def init_params(self, info: FuncInfo) -> list[ir.Param]:
        """The parameters of a constructor, in scope."""
        return self._params(info, [])

    def _receiver_type(self, info: FuncInfo) -> GoType:
        return Pointer(Named(info.owner)) if info.pointer else Named(info.owner)

    def _params(self, info: FuncInfo, copies: list[ir.Stmt]) -> list[ir.Param]:
        out: list[ir.Param] = []
        for name, t in info.params:
            if t == CLI_ARGS:
                self.scopes[-1][name] = Var(name, t, ir.NONE, "")
                out.extend(command_parameters(self, info.name))
                continue
            key = f"{info.key}({name})"
            kind = self.place_type(t, key)
            made = self.fresh_name(name, kind)
            self.scopes[-1][name] = Var(made, t, kind, key, param=True)
            out.append(ir.Param(made, kind, line=info.line))
            if self.is_value(t) and self.changes(name):
                v = V(ir.Name(made, type=kind), t)
                copy = self.copied(v, self.frame.body)
                if copy is not v.expr:
                    own = self.fresh_name(f"own{name[:1].upper()}{name[1:]}", kind)
                    self.scopes[-1][name] = Var(own, t, kind, key)
                    copies.append(ir.Assign(ir.VarTarget(own, type=kind), copy))
        return out

    def result_type(self, info: FuncInfo) -> Type:
        """The result in the representation, optional where nil is returned."""
        values = info.values
        if not values:
            return ir.NONE
        types = [self.place_type(t, f"{info.key}->{i}") for i, t in enumerate(values)]
        return types[0] if len(types) == 1 else ir.TupleT(tuple(types))

    def _named_results(self, info: FuncInfo, body: SyntaxNode) -> list[ir.Stmt]:
        out: list[ir.Stmt] = []
        bare = any(n.type == "return_statement" and not self.named(n) for n in walk(body))
        deferred = any(n.type == "defer_statement" for n in walk(body))
        for name, t in zip(info.result_names, info.results, strict=True):
            if name == "_":
                continue
            used = bare or any(n.type == "identifier" and self.p.text(n) == name for n in walk(body))
            if not used:
                continue
            if t == ERROR:
                if deferred:
                    raise self.p.unsupported("a named error result in a function that defers", body)
                kind = ir.OptionalT(ir.ERROR)
                inside = any(
                    d.type == "assignment_statement"
                    and name in [self.p.text(x) for x in self.named(self.child(d, "left"))]
                    and not self._at_top(d, body)
                    for d in walk(body)
                )
                made = self.fresh_name(name, kind) if inside else name
                self.scopes[-1][name] = Var(made, ERROR, kind, "", known_nil=not inside)
                if inside:
                    out.append(ir.Assign(ir.VarTarget(made, type=kind), ir.Lit(None, type=kind)))
                continue
            var = self.declare(name, t, body)
            out.append(ir.Assign(ir.VarTarget(var.ir_name, type=var.type), self.zero(t, body, var.key)))
        return out

    def _at_top(self, node: SyntaxNode, body: SyntaxNode) -> bool:
        """True for a statement of the function's own block."""
        holder = node.parent
        if holder is not None and holder.type == "statement_list":
            holder = holder.parent
        return holder is not None and holder.id == body.id

    # Blocks

    def items(self, block: SyntaxNode) -> list[Item]:
        """The statements of a block with their comments."""
        out: list[Item] = []
        waiting: list[str] = []
        nodes: list[SyntaxNode] = []
        for c in block.named_children:
            nodes.extend(c.named_children if c.type == "statement_list" else [c])
        for n in nodes:
            if n.type == "comment":
                text = self.p.text(n)
                lines = [x.strip().lstrip("/*").rstrip("*/").strip() for x in text.splitlines()]
                lines = [x for x in lines if x and not x.startswith(("nolint", "foundation:", "go:"))]
                if out and self.p.line(n) == self.p.end_line(out[-1].node):
                    out[-1].trailing = " ".join(lines)
                else:
                    waiting.extend(lines)
            elif n.type != "empty_statement":
                out.append(Item(n, waiting))
                waiting = []
        return out

    def block(self, node: SyntaxNode, top: bool = False) -> list[ir.Stmt]:
        """The statements of a block in a scope of its own."""
        return self.statements(self.items(node), top)

    def statements(self, items: Sequence[Item], top: bool = False) -> list[ir.Stmt]:
        """Lower statements in order; from the first that is not understood the rest is a hole."""
        out: list[ir.Stmt] = []
        self.scopes.append({})
        i = 0
        while i < len(items):
            item = items[i]
            saved = self.pending
            self.pending = []
            try:
                if item.node.type == "defer_statement":
                    out.extend(self._defer(item, items[i + 1 :], top))
                    i = len(items)
                    made: list[ir.Stmt] = []
                    used = 0
                else:
                    made, used = self.statement(items, i)
                made = retries.raising_the_last(self, [*self.pending, *made])
            except Unsupported as why:
                end = items[-1].node.end_byte
                source = self.p.tree.text[item.node.start_byte : end].decode("utf-8", "replace")
                line = why.line or self.p.line(item.node)
                construct = why.construct or source.split("\n")[0]
                out.append(ir.Hole(why.reason, construct, source, line=self.p.line(item.node)))
                self.declines.append(Unsupported(why.reason, construct, line, self.p.part(item.node).path))
                self.pending = saved
                break
            self.pending = saved
            for s in made:
                if not s.line:
                    s.line = self.p.line(item.node)
            if made:
                made[0].comments = [*item.comments, *made[0].comments]
                if (item.trailing and not isinstance(made[-1], ir.Return)) or (
                    item.trailing and len(made) == 1
                ):
                    made[-1].trailing = made[-1].trailing or item.trailing
            elif item.comments and i + 1 < len(items):
                items[i + 1].comments[:0] = item.comments
            out.extend(made)
            i += max(used, 1) if used else 0
            if not used and i < len(items):
                i += 1
        self.scopes.pop()
        return out

    def statement(self, items: Sequence[Item], i: int) -> tuple[list[ir.Stmt], int]:
        """One statement, or several that belong together: the statements made and how many were taken."""
        node = items[i].node
        match node.type:
            case "short_var_declaration" | "assignment_statement":
                return self._assignment(items, i)
            case "var_declaration":
                return self._var(node, items, i), 1
            case "const_declaration":
                return self._const(node), 1
            case "type_declaration":
                for spec in self.named(node):
                    known = self.p.declared.get(self.p.text(self.child(spec, "name")))
                    if known is None or known.node.id != spec.id:
                        raise self.p.unsupported("a type declared in several functions", node)
                return [], 1
            case "expression_statement":
                return self._expression(self.named(node)[0]), 1
            case "inc_statement" | "dec_statement":
                return self._increment(node), 1
            case "return_statement":
                return self._return(node), 1
            case "if_statement":
                return self._if(node), 1
            case "for_statement":
                return self._for(node), 1
            case "expression_switch_statement":
                return self._switch(node), 1
            case "block":
                return self.block(node), 1
            case "break_statement" | "continue_statement":
                if self.named(node):
                    return self._jump(node), 1
                if not self.loops:
                    raise self.p.unsupported("a break out of a switch", node)
                return [ir.Break() if node.type == "break_statement" else ir.Continue()], 1
            case "go_statement":
                return self.goroutine(node), 1
            case "send_statement":
                return self.sent(node), 1
            case "select_statement":
                return self.selected(node), 1
            case "type_switch_statement":
                raise self.p.unsupported("a switch on a type", node)
            case "labeled_statement":
                return self._labelled(node), 1
            case _:
                raise self.p.unsupported(f"a {node.type.replace('_', ' ')}", node)

    # Labels

    def _labelled(self, node: SyntaxNode) -> list[ir.Stmt]:
        """A loop with a label that jumps in loops inside it name."""
        label = self.p.text(self.named(node)[0])
        inner = [n for n in self.named(node)[1:] if n.type == "for_statement"]
        if len(inner) != 1 or label in [name for name, _ in self.labels]:
            raise self.p.unsupported("a label", node)
        self.named_loop = label
        return self._for(inner[0])

    def _jump(self, node: SyntaxNode) -> list[ir.Stmt]:
        """`break outer` and `continue outer`: a variable tells the loops in between."""
        label, leaves = self.p.text(self.named(node)[0]), node.type == "break_statement"
        known = [name for name, _ in self.labels]
        if label not in known or not self.loops:
            raise self.p.unsupported("a label", node)
        between = self.labels[known.index(label) + 1 :]
        if not between:
            return [ir.Break() if leaves else ir.Continue()]
        held = self.flags.get((label, leaves))
        if held is None:
            held = self.fresh_name("done" if leaves else "skip", ir.BOOL)
            self.flags[label, leaves] = held
        for _, jumps in between:
            jumps.add((label, leaves))
        return [ir.Assign(ir.VarTarget(held, type=ir.BOOL), ir.Lit(True, type=ir.BOOL)), ir.Break()]

    def _told(self, made: list[ir.Stmt], jumps: set[tuple[str, bool]]) -> list[ir.Stmt]:
        """A loop, and what follows it when a jump in it names a loop around it."""
        before: list[ir.Stmt] = []
        after: list[ir.Stmt] = []
        for label, leaves in sorted(jumps):
            held = self.flags[label, leaves]
            no = ir.Lit(False, type=ir.BOOL)
            before.append(ir.Assign(ir.VarTarget(held, type=ir.BOOL), no))
            last = self.labels[-1][0] == label
            jump = ir.Continue() if last and not leaves else ir.Break()
            after.append(ir.If(ir.Name(held, type=ir.BOOL), [jump], []))
        return [*before, *made, *after]

    # Declarations and assignments

    def _var(self, node: SyntaxNode, items: Sequence[Item], i: int) -> list[ir.Stmt]:
        out: list[ir.Stmt] = []
        specs = [n for n in walk(node) if n.type == "var_spec"]
        for spec in specs:
            names = spec.children_by_field_name("name")
            kind = spec.child_by_field_name("type")
            values = spec.child_by_field_name("value")
            t = self.p.type_of(kind) if kind is not None else None
            given = self.named(values) if values is not None else []
            if given and len(given) != len(names):
                raise self.p.unsupported("a declaration of several variables from one call", spec)
            for k, n in enumerate(names):
                name = self.p.text(n)
                if given:
                    out.extend(self._define(n, given[k], t))
                    continue
                assert t is not None
                if t == ERROR:
                    out.extend(self._error_variable(name, n, items, i))
                    continue
                known = t.elem.name if isinstance(t, Pointer) and isinstance(t.elem, Named) else ""
                asked = re.search(rf"\bAs\([^()]*, &{re.escape(name)}\)", self.p.text(self.frame.body))
                if (self.types.kind(t) == "error" and (known or asked)) or known.startswith(
                    "foundation/errors."
                ):
                    # A target of errors.As, which declares it where the error is handled.
                    self.scopes[-1][name] = Var(name, t, ir.NamedT(""), "as")
                    continue
                if self.dropped_field(t):
                    self.scopes[-1][name] = Var(name, t, ir.NONE, "")
                    continue
                if self._loaded_next(name, items, i):
                    self.unset.add(self.declare(name, t, n).ir_name)
                    continue
                var = self.declare(name, t, n)
                var.fresh = fresh_variable(self, name, n)
                out.append(ir.Assign(ir.VarTarget(var.ir_name, type=var.type), self.zero(t, n, var.key)))
        return out

    def _loaded_next(self, name: str, items: Sequence[Item], i: int) -> bool:
        """True when the next statement fills the variable (`config.Load(&cfg)`, `json.Unmarshal(data, &v)`)."""
        if i + 1 >= len(items):
            return False
        text = self.p.text(items[i + 1].node)
        if re.search(rf"\.Load\(&{re.escape(name)}\b", text) is not None:
            return True
        return re.search(rf"\.Unmarshal\([^\n]*&{re.escape(name)}\)", text) is not None

    def _error_variable(self, name: str, node: SyntaxNode, items: Sequence[Item], i: int) -> list[ir.Stmt]:
        """`var err error`: a variable only when something below assigns it out of order."""
        kind = ir.OptionalT(ir.ERROR)
        made = self.fresh_name(name, kind)
        nested = False
        for item in items[i + 1 :]:
            n = item.node
            for d in walk(n):
                if d.type == "assignment_statement" and d.id != n.id:
                    nested |= name in [self.p.text(x) for x in self.named(self.child(d, "left"))]
        var = Var(made, ERROR, kind, "", known_nil=not nested)
        self.scopes[-1][name] = var
        if not nested:
            return []
        return [ir.Assign(ir.VarTarget(made, type=kind), ir.Lit(None, type=kind))]

    def _const(self, node: SyntaxNode) -> list[ir.Stmt]:
        out: list[ir.Stmt] = []
        kind: SyntaxNode | None = None
        values: SyntaxNode | None = None
        for i, spec in enumerate(n for n in self.named(node) if n.type == "const_spec"):
            given = spec.child_by_field_name("value")
            if given is not None:
                # A constant without a value repeats the type and value above it.
                kind, values = spec.child_by_field_name("type"), given
            if values is None:
                raise self.p.unsupported("a constant without a value", spec)
            self.iota = i
            t = self.p.type_of(kind) if kind is not None else None
            for n, v in zip(spec.children_by_field_name("name"), self.named(values), strict=True):
                made = self.expr(v, t)
                const, untyped = made.const, made.go if is_untyped(made.go) else None
                out.extend(self._define(n, v, t))
                var = self.lookup(self.p.text(n))
                if var is not None and const is not None and t is None:
                    # An untyped constant takes the type of its use.
                    var.key, var.untyped, var.const = "", untyped, const
        self.iota = None
        return out

    def _define(self, name: SyntaxNode, value: SyntaxNode, t: GoType | None) -> list[ir.Stmt]:
        """`name := value`."""
        label = self.p.text(name)
        if value.type == "func_literal" and label != "_":
            return self._named_closure(label, value, t)
        building = self._builds(value)
        if building:
            assert self.frame.init is not None
            out = self.init_fields(value)
            kind = ir.NamedT(self.frame.init.name)
            self.scopes[-1][label] = Var(
                "self", Pointer(Named(self.frame.init.name)), kind, "", value=ir.Name("self", type=kind)
            )
            return out
        v = self.expr(value, t)
        kind = t if t is not None else default_type(v.go)
        if isinstance(kind, Chan):
            held = self.fresh_name(label, v.expr.type)
            self.scopes[-1][label] = Var(held, kind, v.expr.type, "")
            return [ir.Assign(ir.VarTarget(held, type=v.expr.type), v.expr)]
        if kind in (NIL, VOID):
            raise self.p.unsupported("a variable without a value", value)
        if v.fails:
            raise self.p.unsupported("the error of a call that is not looked at", value)
        if label == "_":
            return [ir.ExprStmt(v.expr)]
        if self.dropped_field(kind):
            return []
        if isinstance(kind, Regex):
            # A compiled pattern is a constant of the module.
            self.scopes[-1][label] = Var(label, kind, v.expr.type, "", value=v.expr)
            return []
        if isinstance(v.expr, ir.Name) and v.expr.id == label and self.lookup(label) is None:
            # A command's argument under its own name is its parameter.
            self.scopes[-1][label] = Var(label, kind, v.expr.type, "", param=True)
            return []
        optional = isinstance(v.expr.type, ir.OptionalT) and self.types.nillable(kind)
        var = self.declare(label, kind, name, optional)
        if optional:
            self.p.mark_optional(var.key)
        if is_rune(kind) and v.expr.type == ir.INT:
            # What is computed of runes need not be one: it stays a number until a character is asked for.
            var.type = self.frame.names[var.ir_name] = ir.INT
        if self.is_value(kind):
            made = self._value_copy(label, V(self.convert(v, kind, value).expr, kind), value)
        elif var.type == ir.INT and is_rune(kind):
            made = self.code(v)
        else:
            made = self.fit(v, kind, var.key, value)
        var.fresh = (v.fresh or fresh_expression(self, value)) and fresh_variable(self, label, name)
        out: list[ir.Stmt] = [ir.Assign(ir.VarTarget(var.ir_name, type=var.type), made)]
        if isinstance(var.type, ir.OptionalT) and isinstance(made, ir.Wrap):
            self.narrowed.add(var.ir_name)
        return out

    def _value_copy(self, name: str, v: V, node: SyntaxNode) -> ir.Expr:
        """`b := a` of structs or arrays: a copy unless nothing in the function changes one of that type."""
        if self.types.is_array(v.go):
            return self.copied(v, node)
        info = self.types.info(v.go)
        if info is None or not info.mutated or not self._function_changes(info.name):
            return v.expr
        return self.copied(v, node)

    def _function_changes(self, struct: str) -> bool:
        """True when the function assigns a field of some struct of this type, or calls a method that may."""
        info = self.p.declared[struct]
        for n in walk(self.frame.body):
            targets: list[SyntaxNode] = []
            if n.type == "assignment_statement":
                targets = self.named(self.child(n, "left"))
            elif n.type in ("inc_statement", "dec_statement"):
                targets = [self.named(n)[0]]
            for t in targets:
                while t.type in ("index_expression", "parenthesized_expression"):
                    t = self.named(t)[0]
                if t.type == "selector_expression" and self.p.text(self.child(t, "field")) in info.fields:
                    return True
            if n.type == "call_expression":
                f = self.child(n, "function")
                name = (
                    self.p.text(self.child(f, "field")) if f.type == "selector_expression" else self.p.text(f)
                )
                m = info.methods.get(name)
                if m is not None and m.pointer:
                    return True
                other = self.p.functions.get(name)
                if other is not None and any(t == Pointer(Named(struct)) for _, t in other.params):
                    return True
        return False

    def _builds(self, value: SyntaxNode) -> bool:
        """True for the literal of the object that an initialiser makes."""
        info = self.frame.init
        if info is None:
            return False
        inner = self.child(value, "operand") if value.type == "unary_expression" else value
        return inner.type == "composite_literal" and self.p.text(self.child(inner, "type")) == info.name

    def init_fields(self, value: SyntaxNode) -> list[ir.Stmt]:
        """The fields of `&T{...}` as assignments to the object."""
        info = self.frame.init
        assert info is not None
        inner = self.child(value, "operand") if value.type == "unary_expression" else value
        body = self.child(inner, "body")
        values = self.struct_values(body, info, self.named(body))
        me = ir.NamedT(info.name)
        return [
            ir.Assign(
                ir.FieldTarget(ir.Name("self", type=me), name, type=self.place_type(info.fields[name].type, f"{info.name}.{name}")),
                e,
                line=self.p.line(value),
            )
            for name, e in values.items()
        ]  # fmt: skip

    def _assignment(self, items: Sequence[Item], i: int) -> tuple[list[ir.Stmt], int]:
        node = items[i].node
        left, right = self.named(self.child(node, "left")), self.named(self.child(node, "right"))
        operator = "=" if node.type == "assignment_statement" else ":="
        if self._policy(left, right):
            return [], 1
        if (
            [n.type for n in (*left, *right)] == ["identifier", "func_literal"]
            and operator == ":="
            and retries.operation(self, self.p.text(left[0]), right[0], [x.node for x in items[i + 1 :]])
        ):
            return [], 1
        if node.type == "assignment_statement":
            operator = self.p.text(self.child(node, "operator"))
        if operator == ":=" and self._clones(items, i, left, right):
            return self._define_clone(left[0], items[i + 1].node), 2
        if operator not in ("=", ":="):
            return self._augmented(left[0], operator[:-1], right[0], node), 1
        if len(right) == 1 and right[0].type == "call_expression":
            appended = self._append_statement(left, right[0], operator)
            if appended is not None:
                return appended, 1
            if self.call_fails(right[0]):
                return self.failing(items, i, left, right[0], operator)
        if len(left) == 2 and len(right) == 1:
            if right[0].type == "index_expression":
                return self._comma_ok(items, i, left, right[0], operator)
            if right[0].type == "type_assertion_expression":
                raise self.p.unsupported("a type assertion", right[0])
        if len(left) > 1 and len(right) == 1:
            return self._unpack(left, right[0], operator, node), 1
        if len(left) != len(right):
            raise self.p.unsupported("an assignment of this kind", node)
        if len(left) > 1 and operator == "=":
            return self._simultaneous(left, right, node), 1
        out: list[ir.Stmt] = []
        for target, value in zip(left, right, strict=True):
            name = self.p.text(target)
            if operator == ":=" and (target.type == "identifier" and name not in self.scopes[-1]):
                out.extend(self._define(target, value, None))
            else:
                out.extend(self._assign(target, value, node))
        return out, 1

    def _clones(self, items: Sequence[Item], i: int, left: list[SyntaxNode], right: list[SyntaxNode]) -> bool:
        """`to := make([]T, len(from))` with `copy(to, from)` after it."""
        if len(left) != 1 or len(right) != 1 or i + 1 >= len(items) or items[i + 1].comments:
            return False
        made = re.fullmatch(r"make\((\[\][^,]+), len\(([\w.]+)\)\)", self.p.text(right[0]))
        if made is None or made[1] == "[]byte":
            return False
        return self.p.text(items[i + 1].node) == f"copy({self.p.text(left[0])}, {made[2]})"

    def _define_clone(self, name: SyntaxNode, copy: SyntaxNode) -> list[ir.Stmt]:
        """`to` as a copy of `from`."""
        given = self.named(self.child(self.named(copy)[0], "arguments"))[1]
        v = self.present_value(self.expr(given))
        t = self.types.underlying(v.go)
        if not isinstance(t, Slice) or t == BYTES:
            raise self.p.unsupported("a copy of this", copy)
        var = self.declare(self.p.text(name), Slice(t.elem), name)
        var.fresh = fresh_variable(self, self.p.text(name), name)
        made: ir.Expr = ir.Intrinsic("list.copy", [v.expr], type=v.expr.type)
        if self.is_value(t.elem):
            made = self.copied_elements(v, t, copy)
        return [ir.Assign(ir.VarTarget(var.ir_name, type=var.type), made)]

    def _policy(self, left: list[SyntaxNode], right: list[SyntaxNode]) -> bool:
        """`b := backoff.NewExponentialBackOff()` and `b.Field = value`, which say how something is retried or guarded."""
        if len(left) != 1 or len(right) != 1:
            return False
        name, _, held = self.p.text(left[0]).partition(".")
        if held and name in self.settings:
            self.settings[name][held] = right[0]
            return True
        if held and name in self.policies:
            self.policies[name].fields[held] = right[0]
            return True
        settings = guards.settings_of(self, right[0])
        if settings is not None and left[0].type == "identifier":
            self.settings[name] = settings
            return True
        made = retries.policy_of(self, right[0])
        if made is None or left[0].type != "identifier":
            return False
        self.policies[name] = made
        return True

    def _assign(self, target: SyntaxNode, value: SyntaxNode, node: SyntaxNode) -> list[ir.Stmt]:
        if self.p.text(target) == "_":
            v = self.expr(value)
            return [ir.ExprStmt(v.expr)] if not isinstance(v.expr, ir.Name | ir.Lit) else []
        var = self.lookup(self.p.text(target)) if target.type == "identifier" else None
        if var is not None and var.go == ERROR:
            return self.assign_error(var, value)
        made, t, key = self.target(target)
        if isinstance(t, Empty) and isinstance(made, ir.IndexTarget):
            return [ir.ExprStmt(ir.Intrinsic("set.add", [made.obj, made.index], type=ir.NONE))]
        v = self.expr(value, t)
        if v.fails:
            raise self.p.unsupported("the error of a call that is not looked at", value)
        if self.is_value(t):
            e = self.stored(V(self.convert(v, t, value).expr, t), value)
        else:
            e = self._rune_for(made, self.fit(v, t, key, value))
        at = _target_place(made)
        if at:
            self.forget(at)
            if isinstance(made.type, ir.OptionalT) and isinstance(e, ir.Wrap):
                self.narrowed.add(at)
        return [ir.Assign(made, e)]

    def _rune_for(self, target: ir.Target, e: ir.Expr) -> ir.Expr:
        """A rune as its place holds it: as a character, or as a number where one was computed."""
        if target.type == ir.INT and e.type == ir.CHAR:
            return self.code(V(e, RUNE))
        if target.type == ir.CHAR and e.type == ir.INT:
            return self.char(V(e, RUNE))
        return e

    def target(self, node: SyntaxNode) -> tuple[ir.Target, GoType, str]:
        """What is assigned to, its Go type and the key of the place."""
        while node.type == "parenthesized_expression":
            node = self.named(node)[0]
        line = self.p.line(node)
        if node.type == "identifier":
            name = self.p.text(node)
            var = self.lookup(name)
            if var is None:
                if name in self.p.variables:
                    raise self.p.unsupported("a package variable that functions assign", node)
                raise self.p.unsupported(f"the name {name}, which this file does not declare", node)
            if var.value is not None:
                raise self.p.unsupported("an assignment to this", node)
            return ir.VarTarget(var.ir_name, type=var.type, line=line), var.go, var.key
        if node.type == "selector_expression":
            obj = self.present_value(self.expr(self.child(node, "operand")))
            name = self.p.text(self.child(node, "field"))
            while (through := self.types.embedding(obj.go, name)) is not None:
                obj = self.present_value(self.field_of(obj, through.name, node))
            info = self.types.info(obj.go)
            if info is None or info.kind != "struct" or name not in info.fields:
                raise self.p.unsupported("an assignment to this", node)
            t = info.fields[name].type
            key = f"{info.name}.{name}"
            return ir.FieldTarget(obj.expr, name, type=self.place_type(t, key), line=line), t, key
        if node.type == "index_expression":
            obj = self.present_value(self.expr(self.child(node, "operand")))
            u = self.types.underlying(obj.go)
            if isinstance(u, Slice) and u != BYTES:
                at = self.position(self.child(node, "index"), obj.expr)
                return ir.IndexTarget(obj.expr, at, type=self.types.ir(u.elem), line=line), u.elem, ""
            if isinstance(u, Map):
                at = self.value(self.child(node, "index"), u.key)
                value = self.types.ir(u.value) if not isinstance(u.value, Empty) else ir.NONE
                return ir.IndexTarget(obj.expr, at, type=value, line=line), u.value, ""
        raise self.p.unsupported("an assignment to this", node)

    def _simultaneous(
        self, left: list[SyntaxNode], right: list[SyntaxNode], node: SyntaxNode
    ) -> list[ir.Stmt]:
        if any(self.p.text(t) == "_" for t in left):
            raise self.p.unsupported("an assignment to nothing among others", node)
        places = [self.target(t) for t in left]
        values = [
            self._rune_for(made, self.fit(self.expr(r, t), t, key, r))
            for r, (made, t, key) in zip(right, places, strict=True)
        ]
        kinds = ir.TupleT(tuple(p[0].type for p in places))
        for made, _, _ in places:
            if at := _target_place(made):
                self.forget(at)
        return [
            ir.Assign(ir.TupleTarget([p[0] for p in places], type=kinds), ir.TupleLit(values, type=kinds))
        ]

    def _unpack(
        self, left: list[SyntaxNode], call: SyntaxNode, operator: str, node: SyntaxNode
    ) -> list[ir.Stmt]:
        cut = self._cut(left, call, operator)
        if cut is not None:
            return cut
        if self._limits(left, call):
            return []
        looked = self._looked_up(left, call, operator)
        if looked is not None:
            return looked
        v = self.expr(call)
        if not isinstance(v.go, Tuple) or len(v.go.elems) != len(left):
            raise self.p.unsupported("an assignment of this kind", node)
        targets = self.targets(left, v, operator)
        return [ir.Assign(ir.TupleTarget(targets, type=v.expr.type), v.expr)]

    def _looked_up(self, left: list[SyntaxNode], call: SyntaxNode, operator: str) -> list[ir.Stmt] | None:
        """`v, ok := os.LookupEnv(name)`."""
        if call.type != "call_expression" or operator != ":=" or len(left) != 2:
            return None
        package, _, called = self.p.text(self.child(call, "function")).partition(".")
        if called != "LookupEnv" or self.p.path(package) != "os":
            return None
        name = self.value(self.named(self.child(call, "arguments"))[0], STRING)
        kind = ir.OptionalT(ir.STR)
        held = self.fresh_name("found", kind)
        found = ir.Name(held, type=kind)
        there = ir.Intrinsic("is_some", [found], type=ir.BOOL)
        self.scopes[-1][self.p.text(left[1])] = Var(held, BOOL, ir.BOOL, "", value=there)
        value = ir.Cond(there, ir.Unwrap(found, type=ir.STR), ir.Lit("", type=ir.STR), type=ir.STR)
        self.scopes[-1][self.p.text(left[0])] = Var(held, STRING, ir.STR, "", value=value)
        got = ir.Intrinsic("env.get", [name], type=kind)
        return [ir.Assign(ir.VarTarget(held, type=kind), got)]

    def _limits(self, left: list[SyntaxNode], call: SyntaxNode) -> bool:
        """`ctx, cancel := context.WithTimeout(...)`: the port has the caller's context."""
        called = self.p.text(self.child(call, "function")) if call.type == "call_expression" else ""
        if self.p.path("context") != "context" or len(left) != 2:
            return False
        if called not in ("context.WithCancel", "context.WithTimeout", "context.WithDeadline"):
            return False
        if not self.is_context(self.named(self.child(call, "arguments"))[0]):
            raise self.p.unsupported("a context made from this", call)
        self.p.differ(CANCELLATION if called.endswith("Cancel") else DEADLINES)
        for n, t in zip(left, (CONTEXT, CANCEL), strict=True):
            self.scopes[-1][self.p.text(n)] = Var(self.p.text(n), t, ir.NONE, "")
        return True

    def targets(self, left: Sequence[SyntaxNode], v: V, operator: str) -> list[ir.Target]:
        """The targets of several results; new names are declared."""
        kinds = v.go.elems if isinstance(v.go, Tuple) else (v.go,)
        types = v.expr.type.elems if isinstance(v.expr.type, ir.TupleT) else (v.expr.type,)
        out: list[ir.Target] = []
        for n, t, kind in zip(left, kinds, types, strict=True):
            name = self.p.text(n)
            if name == "_":
                out.append(ir.VarTarget("_", type=kind))
                continue
            if operator == ":=" and name not in self.scopes[-1]:
                optional = isinstance(kind, ir.OptionalT) and self.types.nillable(t)
                var = self.declare(name, t, n, optional)
                if optional:
                    self.p.mark_optional(var.key)
                elif (
                    isinstance(var.type, ir.OptionalT)
                    and not isinstance(kind, ir.OptionalT)
                    and len(kinds) > 1
                ):
                    raise self.p.unsupported("a result that is stored where nil may be", n)
                var.fresh = False
                out.append(ir.VarTarget(var.ir_name, type=var.type))
                continue
            made, _, key = self.target(n)
            if isinstance(kind, ir.OptionalT) and not isinstance(made.type, ir.OptionalT):
                self.p.mark_optional(key)
            elif (
                isinstance(made.type, ir.OptionalT) and not isinstance(kind, ir.OptionalT) and len(kinds) > 1
            ):
                raise self.p.unsupported("a result that is stored where nil may be", n)
            if at := _target_place(made):
                self.forget(at)
            out.append(made)
        return out

    def _cut(self, left: list[SyntaxNode], call: SyntaxNode, operator: str) -> list[ir.Stmt] | None:
        """`before, after, found := strings.Cut(s, sep)`."""
        if call.type != "call_expression" or operator != ":=" or len(left) != 3:
            return None
        package, _, name = self.p.text(self.child(call, "function")).partition(".")
        if name != "Cut" or self.p.path(package) != "strings":
            return None
        args = self.named(self.child(call, "arguments"))
        s, sep = self.value(args[0], STRING), self.value(args[1], STRING)
        kinds = ir.TupleT((ir.STR, ir.STR, ir.STR))
        names: list[str] = []
        for n in left[:2]:
            names.append("_" if self.p.text(n) == "_" else self.declare(self.p.text(n), STRING, n).ir_name)
        found = self.p.text(left[2])
        middle = "_"
        if found != "_":
            middle = self.fresh_name("separator", ir.STR)
            test = ir.Intrinsic("ne", [ir.Name(middle, type=ir.STR), ir.Lit("", type=ir.STR)], type=ir.BOOL)
            self.scopes[-1][found] = Var(found, BOOL, ir.BOOL, "", value=test)
        target = ir.TupleTarget(
            [ir.VarTarget(n, type=ir.STR) for n in (names[0], middle, names[1])], type=kinds
        )
        return [ir.Assign(target, ir.Intrinsic("str.partition", [s, sep], type=kinds))]

    def _append_statement(
        self, left: list[SyntaxNode], call: SyntaxNode, operator: str
    ) -> list[ir.Stmt] | None:
        """`x = append(x, ...)`: the list grows in place where nobody else holds it."""
        if self.p.text(self.child(call, "function")) != "append" or len(left) != 1:
            return None
        args = self.named(self.child(call, "arguments"))
        if self._removes(left[0], args):
            return self._remove_element(left[0], args)
        if operator == ":=" or self.p.text(args[0]) != self.p.text(left[0]):
            self._check_append(left[0], args[0], call)
            return None
        if left[0].type == "index_expression":
            return self._append_entry(left[0], args)
        made, t, _ = self.target(left[0])
        extra = library.appended(self, args[1:], t)
        at = self.present_value(self.expr(left[0]))
        if self._holds_alone(left[0]):
            return self._grow(at.expr, extra)
        grown = ir.Intrinsic("list.concat", [at.expr, extra], type=self.types.ir(t))
        return [ir.Assign(made, grown)]

    def _grow(self, at: ir.Expr, extra: ir.Expr) -> list[ir.Stmt]:
        if isinstance(extra, ir.ListLit):
            return [ir.ExprStmt(ir.Intrinsic("list.append", [at, e], type=ir.NONE)) for e in extra.elems]
        return [ir.ExprStmt(ir.Intrinsic("list.extend", [at, extra], type=ir.NONE))]

    def _holds_alone(self, node: SyntaxNode) -> bool:
        """True when nobody else holds the list in this place."""
        if node.type == "identifier":
            var = self.lookup(self.p.text(node))
            return var is not None and var.fresh
        if node.type == "selector_expression":
            return self.p.text(self.child(node, "field")) in self.p.fresh_fields
        return False

    def _append_entry(self, target: SyntaxNode, args: list[SyntaxNode]) -> list[ir.Stmt] | None:
        obj = self.present_value(self.expr(self.child(target, "operand")))
        u = self.types.underlying(obj.go)
        if not isinstance(u, Map) or not isinstance(self.types.underlying(u.value), Slice):
            return None
        key = self.value(self.child(target, "index"), u.key)
        kind = self.types.ir(u.value)
        extra = library.appended(self, args[1:], u.value)
        empty = ir.ListLit([], type=kind)
        holder = self.p.text(self.child(target, "operand")).rpartition(".")[2]
        if f"{holder}[]" in self.p.fresh_fields:
            held = ir.Intrinsic("dict.setdefault", [obj.expr, key, empty], type=kind)
            return (
                self._grow(held, extra) if isinstance(extra, ir.ListLit) and len(extra.elems) == 1 else None
            )
        got = ir.Intrinsic("dict.get_or", [obj.expr, key, empty], type=kind)
        grown = ir.Intrinsic("list.concat", [got, extra], type=kind)
        return [ir.Assign(ir.IndexTarget(obj.expr, key, type=kind), grown)]

    def _removes(self, left: SyntaxNode, args: list[SyntaxNode]) -> bool:
        """`x = append(x[:i], x[i+1:]...)`."""
        if len(args) != 2 or args[1].type != "variadic_argument":
            return False
        x = re.escape(self.p.text(left))
        both = f"{self.p.text(args[0])} {self.p.text(args[1])}".replace(" ", "")
        return re.fullmatch(rf"{x}\[:(\w+)\]{x}\[\1\+1:\]\.\.\.", both) is not None

    def _remove_element(self, left: SyntaxNode, args: list[SyntaxNode]) -> list[ir.Stmt]:
        if not self._holds_alone(left):
            raise self.p.unsupported("an element removed from a list that somebody else may hold", left)
        v = self.expr(left)
        at = self.value(self.child(args[0], "end"), INT)
        return [ir.ExprStmt(ir.Intrinsic("list.delete", [v.expr, at], "IndexError", type=ir.NONE))]

    def _check_append(self, left: SyntaxNode, source: SyntaxNode, call: SyntaxNode) -> None:
        """`y := append(x, ...)` may share x's memory: allowed only where no second append could show it."""
        if source.type not in ("identifier", "selector_expression"):
            if source.type == "slice_expression":
                raise self.p.unsupported("append to a part of a slice", call)
            return
        name = self.p.text(source)
        appends = [
            n
            for n in walk(self.frame.body)
            if n.type == "call_expression"
            and self.p.text(self.child(n, "function")) == "append"
            and self.p.text(self.named(self.child(n, "arguments"))[0]) == name
        ]
        writes = [
            n
            for n in walk(self.frame.body)
            if n.type == "assignment_statement"
            and any(
                t.type == "index_expression"
                and self.p.text(self.child(t, "operand")) in (name, self.p.text(left))
                for t in self.named(self.child(n, "left"))
            )
        ]
        if len(appends) > 1 or writes:
            raise self.p.unsupported("two slices that may share their memory", call)

    def _augmented(self, target: SyntaxNode, op: str, value: SyntaxNode, node: SyntaxNode) -> list[ir.Stmt]:
        made, t, _ = self.target(target)
        left = self.expr(target)
        right = self.expr(value, t)
        if is_untyped(right.go) and op not in ("<<", ">>"):
            right = (
                self.convert(right, t, value) if not (t == Named("time.Duration") and op in "*/") else right
            )
        combined = self.arithmetic(op, left, right, node)
        e = combined.expr
        e = self._rune_for(made, e)
        if at := _target_place(made):
            self.forget(at)
        simple = not (isinstance(made, ir.IndexTarget) and not isinstance(made.obj.type, ir.ListT))
        if isinstance(e, ir.Intrinsic) and e.op in ir.IN_PLACE and ir.same(e.args[0], left.expr) and simple:
            return [ir.AugAssign(made, e.op, e.args[1])]
        return [ir.Assign(made, e)]

    def _increment(self, node: SyntaxNode) -> list[ir.Stmt]:
        target = self.named(node)[0]
        made, t, _ = self.target(target)
        op = "+" if node.type == "inc_statement" else "-"
        one = ir.Lit(1.0, type=ir.FLOAT) if is_float(self.types.underlying(t)) else ir.Lit(1, type=ir.INT)
        left = self.expr(target)
        e = self._rune_for(made, self.arithmetic(op, left, V(one, t), node).expr)
        simple = not (isinstance(made, ir.IndexTarget) and not isinstance(made.obj.type, ir.ListT))
        if isinstance(e, ir.Intrinsic) and e.op in ir.IN_PLACE and simple:
            return [ir.AugAssign(made, e.op, e.args[1])]
        return [ir.Assign(made, e)]

    # Maps that are asked

    def _comma_ok(
        self, items: Sequence[Item], i: int, left: list[SyntaxNode], index: SyntaxNode, operator: str
    ) -> tuple[list[ir.Stmt], int]:
        """`v, ok := m[k]`."""
        found = self._entry(index)
        name, ok = self.p.text(left[0]), self.p.text(left[1])
        if operator != ":=":
            raise self.p.unsupported("a map's entry assigned to variables that exist", index)
        pre, m, key, t = found
        contains = self._contains(m, key, t)
        after = items[i + 1].node if i + 1 < len(items) else None
        later = [n for item in items[i + 1 :] for n in walk(item.node) if n.type == "identifier"]
        uses = sum(self.p.text(n) == ok for n in later)
        guard = (
            after is not None
            and after.type == "if_statement"
            and after.child_by_field_name("initializer") is None
            and self.p.text(self.child(after, "condition")) == f"!{ok}"
            and after.child_by_field_name("alternative") is None
            and ends(self, self.child(after, "consequence"))
        )
        if name != "_" and self.types.nillable(t):
            var = self.declare(name, t, left[0], optional=True)
            self.p.mark_optional(var.key)
            got = ir.Intrinsic("dict.get", [m, key], type=ir.OptionalT(self.types.ir(t)))
            there = ir.Intrinsic("is_some", [ir.Name(var.ir_name, type=var.type)], type=ir.BOOL)
            if ok != "_":
                self.scopes[-1][ok] = Var(ok, BOOL, ir.BOOL, "", value=there)
            return [*pre, ir.Assign(ir.VarTarget(var.ir_name, type=var.type), got)], 1
        if guard and uses == 1 and after is not None:
            inner = self.child(after, "consequence")
            used_in = name != "_" and any(
                n.type == "identifier" and self.p.text(n) == name for n in walk(inner)
            )
            if not used_in:
                body = self.block(inner)
                out: list[ir.Stmt] = [*pre, ir.If(negated(contains), body, [], line=self.p.line(after))]
                out[-1].comments = list(items[i + 1].comments)
                if name != "_":
                    var = self.declare(name, t, left[0])
                    got = ir.Intrinsic("dict.index", [m, key], type=self.types.ir(t))
                    out.append(
                        ir.Assign(
                            ir.VarTarget(var.ir_name, type=var.type), self._entry_value(got, t, name, index)
                        )
                    )
                self.present.add(entry(m, key))
                return out, 2
        out = list(pre)
        if ok != "_":
            if (
                uses == 1
                and name == "_"
                and after is not None
                and any(self.p.text(n) == ok for n in walk(after))
            ):
                self.scopes[-1][ok] = Var(ok, BOOL, ir.BOOL, "", value=contains)
            else:
                var = self.declare(ok, BOOL, left[1])
                out.append(ir.Assign(ir.VarTarget(var.ir_name, type=ir.BOOL), contains))
        if name != "_":
            var = self.declare(name, t, left[0])
            got = ir.Intrinsic("dict.get_or", [m, key, self.zero(t, index)], type=self.types.ir(t))
            out.append(
                ir.Assign(ir.VarTarget(var.ir_name, type=var.type), self._entry_value(got, t, name, index))
            )
        return out, 1

    def _entry_value(self, got: ir.Expr, t: GoType, name: str, node: SyntaxNode) -> ir.Expr:
        """A struct that is read from a map is a copy, which matters where it is changed."""
        if self.is_value(t) and self.changes(name):
            return self.copied(V(got, t), node)
        return got

    def _entry(self, index: SyntaxNode) -> tuple[list[ir.Stmt], ir.Expr, ir.Expr, GoType]:
        """The map and key of an index expression; a computed key is kept in a variable."""
        m = self.present_value(self.expr(self.child(index, "operand")))
        u = self.types.underlying(m.go)
        if not isinstance(u, Map):
            raise self.p.unsupported("two values of this", index)
        key = self.value(self.child(index, "index"), u.key)
        pre: list[ir.Stmt] = []
        if not isinstance(key, ir.Lit | ir.EnumMember) and place(key) is None:
            name = self.fresh_name("key", key.type)
            pre.append(ir.Assign(ir.VarTarget(name, type=key.type), key))
            key = ir.Name(name, type=key.type)
        return pre, m.expr, key, u.value

    def _contains(self, m: ir.Expr, key: ir.Expr, t: GoType) -> ir.Expr:
        kind = "set" if isinstance(t, Empty) else "dict"
        return ir.Intrinsic(f"{kind}.contains", [m, key], type=ir.BOOL)

    # Expression statements

    def _expression(self, node: SyntaxNode) -> list[ir.Stmt]:
        slept = self.slept(node)
        if slept is not None:
            return [slept]
        if node.type == "unary_expression" and self.p.text(node).startswith("<-"):
            return [ir.ExprStmt(self.received(self.child(node, "operand")).expr)]
        if node.type != "call_expression":
            raise self.p.unsupported("a statement of this kind", node)
        if self.p.text(self.child(node, "function")).endswith(".RegisterCommand"):
            # The function is under the pattern; making the application finds it.
            given = self.named(self.child(node, "arguments"))
            if len(given) < 2 or self.p.commands.get(self.p.text(given[1])) is None:
                raise self.p.unsupported("a command that is not a function of the file", node)
            return []
        if self.p.text(self.child(node, "function")) == "copy" and self.lookup("copy") is None:
            return self._copied_into(node)
        special = self._effect(node)
        if special is not None:
            return special
        v = self.expr(node)
        target = self.assigns.pop(id(v.expr), None)
        made: ir.Stmt = ir.ExprStmt(v.expr) if target is None else ir.Assign(target, v.expr)
        if v.fails:
            return self.ignored([made], node)
        return [made]

    def _copied_into(self, node: SyntaxNode) -> list[ir.Stmt]:
        """`copy(to, from)`: as many elements as both have, read before any is assigned."""
        to_node, from_node = self.named(self.child(node, "arguments"))
        at: ir.Expr = ir.Lit(0, type=ir.INT)
        limit: ir.Expr | None = None
        if to_node.type == "slice_expression":
            start, end = to_node.child_by_field_name("start"), to_node.child_by_field_name("end")
            at = self.value(start, INT) if start is not None else at
            limit = self.value(end, INT) if end is not None else None
            to_node = self.child(to_node, "operand")
        to = self.present_value(self.expr(to_node))
        t = self.types.underlying(to.go)
        if not isinstance(t, Slice) or t == BYTES or place(to.expr) is None:
            raise self.p.unsupported("a copy into this", node)
        if not isinstance(at, ir.Lit) and place(at) is None:
            raise self.p.unsupported("a copy to a computed position", node)
        given = self.present_value(self.expr(from_node))
        out: list[ir.Stmt] = []
        read = given.expr
        moved = not isinstance(at, ir.Lit) or bool(at.value)
        if moved and place(read) is not None and (ir.same(read, to.expr) or not self._holds_alone(to_node)):
            # Both may be one list, of which nothing may be assigned before it is read.
            read = ir.Intrinsic("list.copy", [read], type=read.type)
        if place(read) is None:
            held = self.fresh_name("copied", read.type)
            out.append(ir.Assign(ir.VarTarget(held, type=read.type), read))
            read = ir.Name(held, type=read.type)
        whole = ir.Intrinsic("len", [to.expr], type=ir.INT)
        room: ir.Expr = limit if limit is not None else whole
        if moved:
            room = ir.Intrinsic("int.sub", [room, at], type=ir.INT)
        many = ir.Intrinsic("min", [room, ir.Intrinsic("len", [read], type=ir.INT)], type=ir.INT)
        kind = self.types.ir(t.elem)
        i = ir.Name(self.fresh_name("i", ir.INT), type=ir.INT)
        there: ir.Expr = i
        if moved:
            there = ir.Intrinsic("int.add", [at, i], type=ir.INT)
        value = self.stored(
            V(ir.Intrinsic("list.index", [read, i], "IndexError", type=kind), t.elem), from_node
        )
        step = ir.Assign(ir.IndexTarget(to.expr, there, type=kind), value)
        turns = ir.ForRange(ir.VarTarget(i.id, type=ir.INT), ir.Lit(0, type=ir.INT), many, 1, [step])
        return [*out, turns]

    def _effect(self, node: SyntaxNode) -> list[ir.Stmt] | None:
        """Statements that are more than a call: panics, builders, locks, commands to a context."""
        function = self.child(node, "function")
        args = self.named(self.child(node, "arguments"))
        text = self.p.text(function)
        if text == "panic" and self.lookup("panic") is None:
            return [
                ir.Raise(
                    ir.New(
                        "AssertionError",
                        [("message", self._panic_text(args[0]))],
                        type=ir.NamedT("AssertionError"),
                    )
                )
            ]
        called = self.lookup(text) if function.type == "identifier" else None
        if called is not None and called.go == CANCEL:
            return []
        if text == "close" and called is None:
            return []
        if function.type != "selector_expression":
            return None
        operand, name = self.child(function, "operand"), self.p.text(self.child(function, "field"))
        if (
            self.p.text(operand) == "fmt"
            and self.p.path("fmt") == "fmt"
            and name in ("Fprintf", "Fprint", "Fprintln")
        ):
            return self._write(args, name, node)
        if name in ("Lock", "Unlock", "RLock", "RUnlock") and self._is_lock(operand):
            return []
        if operand.type == "identifier" and (group := self.lookup(self.p.text(operand))) is not None:
            waited = self.waiting(group.go, name, args, node)
            if waited is not None:
                return waited
        if (
            operand.type == "identifier"
            and self.lookup(self.p.text(operand)) is None
            and self.p.path(self.p.text(operand))
        ):
            return None
        if name not in ("WriteString", "WriteByte", "WriteRune", "Reset", "Grow"):
            return None
        obj = self.expr(operand)
        if self.types.underlying(obj.go) != Named("strings.Builder"):
            return None
        if name == "Grow":
            return []
        made, _, _ = self.target(operand)
        if name == "Reset":
            return [ir.Assign(made, ir.Lit("", type=ir.STR))]
        if name == "WriteString":
            return [ir.AugAssign(made, "str.concat", self.value(args[0], STRING))]
        char = self.char(self.expr(args[0], RUNE))
        if isinstance(char, ir.Lit):
            return [ir.AugAssign(made, "str.concat", ir.Lit(char.value, type=ir.STR))]
        return [ir.AugAssign(made, "str.concat", ir.Intrinsic("char.to_str", [char], type=ir.STR))]

    def _panic_text(self, node: SyntaxNode) -> ir.Expr:
        v = self.expr(node)
        part = library.shown(self, v, node)
        return library.plain(ir.Format([part], type=ir.STR))

    def _write(self, args: list[SyntaxNode], name: str, node: SyntaxNode) -> list[ir.Stmt]:
        if args[0].type != "unary_expression" or not self.p.text(args[0]).startswith("&"):
            raise self.p.unsupported("a write to this", node)
        operand = self.child(args[0], "operand")
        obj = self.expr(operand)
        if self.types.underlying(obj.go) != Named("strings.Builder") or name != "Fprintf":
            raise self.p.unsupported("a write to this", node)
        made, _, _ = self.target(operand)
        return [ir.AugAssign(made, "str.concat", library.formatted(self, args[1:], node))]

    def _is_lock(self, operand: SyntaxNode) -> bool:
        if operand.type == "identifier":
            var = self.lookup(self.p.text(operand))
            if var is not None:
                return self._locks(var.go)
            known = self.p.variables.get(self.p.text(operand))
            return known is not None and known.type is not None and self.dropped_field(known.type)
        if operand.type == "selector_expression":
            obj = self.expr(self.child(operand, "operand"))
            info = self.types.info(obj.go)
            f = info.fields.get(self.p.text(self.child(operand, "field"))) if info is not None else None
            return f is not None and self._locks(f.type)
        return False

    def _locks(self, t: GoType) -> bool:
        """True for a mutex, and for a struct that embeds one."""
        info = self.types.info(t)
        embedded = [f.type for f in info.fields.values() if f.embedded] if info is not None else []
        return any(self.dropped_field(x) for x in (t, *embedded))

    # Control flow

    def _return(self, node: SyntaxNode) -> list[ir.Stmt]:
        lists = self.named(node)
        exprs = self.read_results(self.named(lists[0]) if lists else [])
        frame = self.frame
        if frame.mapped is not None and len(exprs) == 1:
            return self._mapped_return(exprs[0], frame.mapped)
        if not exprs and frame.turn:
            return [ir.Continue()]
        if not exprs and frame.info.result_names:
            return self._bare_return(node)
        if not exprs:
            return [ir.Return(None)]
        if frame.init is not None:
            return self._init_return(exprs, node)
        if (len(exprs) == 1 and len(frame.results) + frame.fails > 1) or (frame.fails and not frame.results):
            made = self._return_call(exprs[0], node) if len(exprs) == 1 else None
            if made is not None:
                return made
        if not frame.fails:
            return [ir.Return(self._results(exprs, node))]
        return self.return_with_error(exprs, node)

    def _bare_return(self, node: SyntaxNode) -> list[ir.Stmt]:
        frame = self.frame
        values: list[ir.Expr] = []
        checks: list[ir.Stmt] = []
        for i, (name, t) in enumerate(zip(frame.info.result_names, frame.info.results, strict=True)):
            var = self.lookup(name)
            if t == ERROR:
                if var is not None and var.value is not None:
                    return [self.raise_again(var)]
                if var is None or var.known_nil:
                    continue
                at = ir.Name(var.ir_name, type=var.type)
                raised = ir.Raise(ir.Unwrap(at, type=ir.ERROR))
                checks.append(ir.If(ir.Intrinsic("is_some", [at], type=ir.BOOL), [raised], []))
                continue
            assert var is not None
            values.append(self.fit(self.read(var), t, f"{frame.key}->{i}", node))
        if not values:
            return [*checks, ir.Return(None)]
        value = (
            values[0]
            if len(values) == 1
            else ir.TupleLit(values, type=ir.TupleT(tuple(v.type for v in values)))
        )
        return [*checks, ir.Return(value)]

    def _results(self, exprs: list[SyntaxNode], node: SyntaxNode) -> ir.Expr:
        frame = self.frame
        if len(exprs) != len(frame.results):
            raise self.p.unsupported("a return with another number of values", node)
        values: list[ir.Expr] = []
        for i, (e, t) in enumerate(zip(exprs, frame.results, strict=True)):
            v = self.expr(e, t)
            if v.fails:
                raise self.p.unsupported("the error of a call that is not looked at", e)
            outside = e.type != "identifier" or (
                (var := self.lookup(self.p.text(e))) is not None and var.param
            )
            if (self.is_struct(t) and e.type != "identifier") or (self.types.is_array(t) and outside):
                values.append(self.copied(V(self.convert(v, t, e).expr, t), e))
            else:
                values.append(self.fit(v, t, f"{frame.key}->{i}", e))
        if len(values) == 1:
            return values[0]
        return ir.TupleLit(values, type=ir.TupleT(tuple(v.type for v in values)))

    def returned(self, exprs: list[SyntaxNode], node: SyntaxNode) -> list[ir.Stmt]:
        """A return without an error."""
        return [ir.Return(self._results(exprs, node) if exprs else None)]

    def _return_call(self, e: SyntaxNode, node: SyntaxNode) -> list[ir.Stmt] | None:
        """`return f()` that hands on all results, the error too."""
        if e.type != "call_expression" or self.makes_error(e):
            return None
        v = self.expr(e)
        if v.fails != self.frame.fails:
            return None
        if not self.frame.results:
            target = self.assigns.pop(id(v.expr), None)
            made: ir.Stmt = ir.ExprStmt(v.expr) if target is None else ir.Assign(target, v.expr)
            return [made, ir.Return(None)]
        if len(self.frame.results) == 1:
            return [ir.Return(self.fit(v, self.frame.results[0], f"{self.frame.key}->0", e))]
        want = ir.TupleT(
            tuple(self.place_type(t, f"{self.frame.key}->{i}") for i, t in enumerate(self.frame.results))
        )
        if isinstance(v.expr.type, ir.TupleT):
            for i, (has, wants) in enumerate(zip(v.expr.type.elems, want.elems, strict=True)):
                if isinstance(has, ir.OptionalT) and not isinstance(wants, ir.OptionalT):
                    self.p.mark_optional(f"{self.frame.key}->{i}")
                elif has != wants and not is_optional_of(wants, has):
                    return None
                elif has != wants:
                    raise self.p.unsupported("results that are handed on where nil may be", e)
        return [ir.Return(v.expr)]

    def _init_return(self, exprs: list[SyntaxNode], node: SyntaxNode) -> list[ir.Stmt]:
        frame = self.frame
        if frame.fails and len(exprs) == 2 and not self.is_nil(exprs[1]):
            return self.return_with_error(exprs, node)
        if self._builds(exprs[0]):
            return [*self.init_fields(exprs[0]), ir.Return(None)]
        v = self.expr(exprs[0])
        if isinstance(v.expr, ir.Name) and v.expr.id == "self":
            return [ir.Return(None)]
        raise self.p.unsupported("a constructor that returns this", node)

    def _if(self, node: SyntaxNode) -> list[ir.Stmt]:
        first = node.child_by_field_name("initializer")
        if first is not None:
            return self._if_with_start(node, first)
        return self.branch(node)

    def branch(self, node: SyntaxNode) -> list[ir.Stmt]:
        """An if without an initialiser, in the scope that is current."""
        condition = self.child(node, "condition")
        dropped = self._cancellation(node, condition)
        if dropped is not None:
            return dropped
        test = self.cond(condition)
        return self.branches(test, node)

    def branches(self, test: ir.Expr, node: SyntaxNode, before: list[ir.Stmt] | None = None) -> list[ir.Stmt]:
        """The two branches of an if under a test; `before` begins the first."""
        positive, negative = self.facts(test)
        saved = set(self.narrowed), set(self.present)
        self.learn(positive)
        body = [*(before or []), *self.block(self.child(node, "consequence"))]
        after_body = set(self.narrowed), set(self.present)
        self.narrowed, self.present = set(saved[0]), set(saved[1])
        self.learn(negative)
        orelse = self.alternative(node)
        after_else = set(self.narrowed), set(self.present)
        if terminates(body):
            self.narrowed, self.present = after_else
        elif orelse and terminates(orelse):
            self.narrowed, self.present = after_body
        else:
            self.narrowed, self.present = after_body[0] & after_else[0], after_body[1] & after_else[1]
        if isinstance(test, ir.Lit):
            return body if test.value else orelse
        if not body and orelse:
            return [ir.If(negated(test), orelse, [], line=self.p.line(node))]
        return [ir.If(test, body or [ir.Pass()], orelse, line=self.p.line(node))]

    def alternative(self, node: SyntaxNode) -> list[ir.Stmt]:
        """The else branch."""
        other = node.child_by_field_name("alternative")
        if other is None:
            return []
        if other.type == "if_statement":
            self.scopes.append({})
            made = self._if(other)
            self.scopes.pop()
            return made
        return self.block(other)

    def _cancellation(self, node: SyntaxNode, condition: SyntaxNode) -> list[ir.Stmt] | None:
        """`if ctx.Err() != nil { return ... }` is left out."""
        m = re.fullmatch(r"(\w+)\.Err\(\) != nil", self.p.text(condition))
        if m is None or node.child_by_field_name("alternative") is not None:
            return None
        var = self.lookup(m[1])
        if var is None or var.go != Named("context.Context"):
            return None
        self.p.differ(CANCELLATION)
        return []

    def _if_with_start(self, node: SyntaxNode, first: SyntaxNode) -> list[ir.Stmt]:
        self.scopes.append({})
        try:
            if first.type in ("short_var_declaration", "assignment_statement"):
                left, right = self.named(self.child(first, "left")), self.named(self.child(first, "right"))
                operator = ":=" if first.type == "short_var_declaration" else "="
                if len(right) == 1 and right[0].type == "call_expression":
                    if self._context_error(left, right[0]):
                        self.p.differ(CANCELLATION)
                        return []
                    if self._scanner_error(right[0]):
                        return []
                    if self.call_fails(right[0]):
                        return self.failing_if(node, left, right[0], operator)
                if len(left) == 2 and len(right) == 1 and right[0].type == "index_expression":
                    made = self._entry_if(node, left, right[0])
                    if made is not None:
                        return made
                if len(right) == 1 and right[0].type == "type_assertion_expression":
                    raise self.p.unsupported("a type assertion", right[0])
            start, _ = self.statement([Item(first), Item(node)], 0)
            return [*start, *self.branch(node)]
        finally:
            self.scopes.pop()

    def _scanner_error(self, call: SyntaxNode) -> bool:
        """`scanner.Err()`, which is nil after the lines of a text."""
        m = re.fullmatch(r"(\w+)\.Err\(\)", self.p.text(call))
        var = self.lookup(m[1]) if m is not None else None
        return var is not None and var.go == SCANNER

    def _context_error(self, left: list[SyntaxNode], call: SyntaxNode) -> bool:
        m = re.fullmatch(r"(\w+)\.Err\(\)", self.p.text(call))
        var = self.lookup(m[1]) if m is not None else None
        return var is not None and var.go == Named("context.Context") and len(left) == 1

    def _entry_if(self, node: SyntaxNode, left: list[SyntaxNode], index: SyntaxNode) -> list[ir.Stmt] | None:
        """`if v, ok := m[k]; ok { ... }`."""
        name, ok = self.p.text(left[0]), self.p.text(left[1])
        condition = self.p.text(self.child(node, "condition"))
        if condition not in (ok, f"!{ok}"):
            return None
        pre, m, key, t = self._entry(index)
        there = condition == ok
        other = node.child_by_field_name("alternative")
        absent = other if there else self.child(node, "consequence")
        used = name != "_" and absent is not None and any(self.p.text(n) == name for n in walk(absent))
        if used:
            return None
        test = self._contains(m, key, t)
        self.scopes[-1][ok] = Var(ok, BOOL, ir.BOOL, "", value=ir.Lit(there, type=ir.BOOL))
        if name == "_":
            return [*pre, *self.branches(test if there else negated(test), node)]
        if self.types.nillable(t):
            var = self.declare(name, t, left[0], optional=True)
            self.p.mark_optional(var.key)
            got: ir.Expr = ir.Intrinsic("dict.get", [m, key], type=ir.OptionalT(self.types.ir(t)))
            found = ir.Intrinsic("is_some", [ir.Name(var.ir_name, type=var.type)], type=ir.BOOL)
            start = ir.Assign(ir.VarTarget(var.ir_name, type=var.type), got)
            return [*pre, start, *self.branches(found if there else negated(found), node)]
        var = self.declare(name, t, left[0])
        got = ir.Intrinsic("dict.index", [m, key], type=self.types.ir(t))
        assign = ir.Assign(
            ir.VarTarget(var.ir_name, type=var.type),
            self._entry_value(got, t, name, index),
            line=self.p.line(node),
        )
        if there:
            return [*pre, *self.branches(test, node, [assign])]
        body = self.block(self.child(node, "consequence"))
        orelse = [assign, *self.alternative(node)] if other is not None else []
        return [*pre, ir.If(negated(test), body, orelse, line=self.p.line(node))]

    # Switches

    def _switch(self, node: SyntaxNode) -> list[ir.Stmt]:
        self.scopes.append({})
        try:
            out: list[ir.Stmt] = []
            first = node.child_by_field_name("initializer")
            if first is not None:
                start, _ = self.statement([Item(first), Item(node)], 0)
                out.extend(start)
            value = node.child_by_field_name("value")
            subject: V | None = None
            if value is not None:
                subject = self.expr(value)
                if place(subject.expr) is None and not isinstance(subject.expr, ir.Lit):
                    kind = default_type(subject.go)
                    name = self.fresh_name("subject", subject.expr.type)
                    out.append(ir.Assign(ir.VarTarget(name, type=subject.expr.type), subject.expr))
                    subject = V(ir.Name(name, type=subject.expr.type), kind)
            return [*out, *self._cases(node, subject)]
        finally:
            self.scopes.pop()

    def _cases(self, node: SyntaxNode, subject: V | None) -> list[ir.Stmt]:
        cases = [c for c in self.named(node) if c.type in ("expression_case", "default_case")]
        default: list[ir.Stmt] = []
        tests: list[tuple[ir.Expr, SyntaxNode]] = []
        loops = self.loops
        self.loops = 0
        arms: list[tuple[ir.Expr, list[ir.Stmt], int]] = []
        saved = set(self.narrowed), set(self.present)
        try:
            for c in cases:
                if any(n.type == "fallthrough_statement" for n in walk(c)):
                    raise self.p.unsupported("fallthrough", c)
                # A break would leave the switch; continue still means the loop around it.
                self.loops = loops if not self._breaks(c) else 0
                if c.type == "default_case":
                    default = self._case_body(c)
                    continue
                values = self.named(self.child(c, "value"))
                test = self._case_test(values, subject, c)
                tests.append((test, c))
                self.learn(self.facts(test)[0])
                arms.append((test, self._case_body(c), self.p.line(c)))
                self.narrowed, self.present = set(saved[0]), set(saved[1])
                self.learn(self.facts(test)[1] if subject is None else set())
                saved = set(self.narrowed), set(self.present)
        finally:
            self.loops = loops
        self.narrowed, self.present = saved
        orelse: list[ir.Stmt] = default
        for test, body, line in reversed(arms):
            orelse = [ir.If(test, body or [ir.Pass()], orelse, line=line)]
        return orelse

    def _breaks(self, case: SyntaxNode) -> bool:
        """True when a break in the case leaves the switch."""

        def visit(n: SyntaxNode) -> bool:
            if n.type == "break_statement":
                return True
            if n.type in ("for_statement", "expression_switch_statement", "func_literal", "select_statement"):
                return False
            return any(visit(c) for c in self.named(n))

        return any(visit(c) for c in self.named(case))

    def _case_body(self, case: SyntaxNode) -> list[ir.Stmt]:
        items: list[Item] = []
        for c in case.named_children:
            if c.type == "statement_list":
                items.extend(self.items(case))
                break
        value = case.child_by_field_name("value")
        items = [i for i in items if value is None or i.node.id != value.id]
        return self.statements(items)

    def _case_test(self, values: list[SyntaxNode], subject: V | None, node: SyntaxNode) -> ir.Expr:
        tests: list[ir.Expr] = []
        for value in values:
            if subject is None:
                tests.append(self.cond(value))
                continue
            v = self.expr(value, subject.go)
            left, right = self.balance(subject, v, value)
            if self.types.kind(left.go) == "enum" and v.go == STRING:
                right = self.convert(v, left.go, value)
            u = self.types.underlying(left.go)
            if isinstance(u, Pointer) or u == ERROR:
                raise self.p.unsupported("a switch on identity", node)
            a, b = left.expr, right.expr
            if is_rune(u) and a.type != b.type:
                a, b = self.code(left), self.code(right)
            tests.append(ir.Intrinsic("eq", [a, b], type=ir.BOOL, line=self.p.line(value)))
        return tests[0] if len(tests) == 1 else ir.Bool("or", tests, type=ir.BOOL)

    # Loops

    def _for(self, node: SyntaxNode) -> list[ir.Stmt]:
        self.labels.append((self.named_loop, set()))
        self.named_loop = ""
        try:
            made = self._loop(node)
        finally:
            _, jumps = self.labels.pop()
        return self._told(made, jumps) if jumps else made

    def _loop(self, node: SyntaxNode) -> list[ir.Stmt]:
        body = self.child(node, "body")
        header = [c for c in self.named(node) if c.id != body.id]
        self._loop_forget(body)
        self.loops += 1
        self.scopes.append({})
        narrowed, present = set(self.narrowed), set(self.present)
        try:
            if not header:
                return [ir.While(ir.Lit(True, type=ir.BOOL), self.block(body))]
            if header[0].type == "range_clause":
                return self._range(header[0], body, node)
            if header[0].type == "for_clause":
                return self._clause(header[0], body, node)
            scanned = self._scanned(header[0], body)
            if scanned is not None:
                return scanned
            test = self.cond(header[0])
            self.learn(self.facts(test)[0])
            return [ir.While(test, self.block(body))]
        finally:
            self.narrowed, self.present = narrowed & self.narrowed, present & self.present
            self.scopes.pop()
            self.loops -= 1

    def _scanned(self, test: SyntaxNode, body: SyntaxNode) -> list[ir.Stmt] | None:
        """`for scanner.Scan() { ... scanner.Text() ... }`, None for another loop."""
        m = re.fullmatch(r"(\w+)\.Scan\(\)", self.p.text(test))
        var = self.lookup(m[1]) if m is not None else None
        if m is None or var is None or var.go != SCANNER:
            return None
        line = Var(self.fresh_name("text", ir.STR), STRING, ir.STR, "")
        self.scopes[-1][f"{m[1]}.Text()"] = line
        lines = ir.Name(var.ir_name, type=var.type)
        return [ir.For(ir.VarTarget(line.ir_name, type=ir.STR), lines, self.block(body))]

    def _loop_forget(self, body: SyntaxNode) -> None:
        """What a loop assigns is not known at its start, because an earlier turn may have changed it."""
        for n in walk(body):
            if n.type == "assignment_statement":
                for t in self.named(self.child(n, "left")):
                    var = self.lookup(self.p.text(t)) if t.type == "identifier" else None
                    if var is not None:
                        self.forget(var.ir_name)
                    elif t.type == "selector_expression":
                        field_name = self.p.text(self.child(t, "field"))
                        self.narrowed = {x for x in self.narrowed if not x.endswith(f".{field_name}")}
            elif n.type == "call_expression" and self.p.text(self.child(n, "function")) in (
                "delete",
                "clear",
            ):
                self.forget_entries()

    def _clause(self, clause: SyntaxNode, body: SyntaxNode, node: SyntaxNode) -> list[ir.Stmt]:
        counted = self._counted(clause, body)
        if counted is not None:
            return counted
        first, test, update = (clause.child_by_field_name(f) for f in ("initializer", "condition", "update"))
        out: list[ir.Stmt] = []
        if first is not None:
            start, _ = self.statement([Item(first)], 0)
            out.extend(start)
            self._loop_forget(node)
        if any(n.type == "func_literal" for n in walk(body)) and first is not None:
            raise self.p.unsupported("a closure in a loop that counts by hand", node)
        condition = self.cond(test) if test is not None else ir.Lit(True, type=ir.BOOL)
        lowered = self.block(body)
        if update is not None:
            step, _ = self.statement([Item(update)], 0)
            _before_continue(lowered, step, lambda: self.statement([Item(update)], 0)[0])
            if not terminates(lowered):
                lowered = [*lowered, *step]
        return [*out, ir.While(condition, lowered)]

    def _counted(self, clause: SyntaxNode, body: SyntaxNode) -> list[ir.Stmt] | None:
        """`for i := a; i < b; i++` whose bound and counter the body leaves alone."""
        first, test, update = (clause.child_by_field_name(f) for f in ("initializer", "condition", "update"))
        if first is None or test is None or update is None or first.type != "short_var_declaration":
            return None
        names, values = self.named(self.child(first, "left")), self.named(self.child(first, "right"))
        if len(names) != 1 or test.type != "binary_expression":
            return None
        name = self.p.text(names[0])
        op = self.p.text(self.child(test, "operator"))
        if self.p.text(self.child(test, "left")) != name or op not in ("<", "<=", ">", ">="):
            return None
        step = self._step(update, name)
        if step is None or (step > 0) != (op in ("<", "<=")):
            return None
        bound = self.child(test, "right")
        if self._assigned_in(body, name) or not self._invariant(bound, body):
            return None
        start = self.expr(values[0])
        stop = self.expr(bound)
        kind = default_type(start.go) if is_untyped(stop.go) or is_untyped(start.go) else start.go
        kind = default_type(stop.go) if is_untyped(start.go) and not is_untyped(stop.go) else kind
        if not is_int(self.types.underlying(kind)):
            return None
        low, high = self.convert(start, kind, values[0]).expr, self.convert(stop, kind, bound).expr
        if op in ("<=", ">="):
            shift = 1 if op == "<=" else -1
            if isinstance(high, ir.Lit):
                high = ir.Lit(high.value + shift, type=ir.INT)
            elif shift == 1:
                high = ir.Intrinsic("int.add", [high, ir.Lit(1, type=ir.INT)], type=ir.INT)
            else:
                high = ir.Intrinsic("int.sub", [high, ir.Lit(1, type=ir.INT)], type=ir.INT)
        var = self.declare(name, kind, names[0])
        return [ir.ForRange(ir.VarTarget(var.ir_name, type=ir.INT), low, high, step, self.block(body))]

    def _step(self, update: SyntaxNode, name: str) -> int | None:
        text = self.p.text(update).replace(" ", "")
        if text == f"{name}++":
            return 1
        if text == f"{name}--":
            return -1
        m = re.fullmatch(rf"{re.escape(name)}([+-])=(\d+)", text)
        return None if m is None or not int(m[2]) else int(m[2]) * (1 if m[1] == "+" else -1)

    def _assigned_in(self, body: SyntaxNode, name: str) -> bool:
        for n in walk(body):
            if n.type in ("assignment_statement", "inc_statement", "dec_statement"):
                left = n.child_by_field_name("left") or n
                if any(self.p.text(t) == name for t in self.named(left)):
                    return True
            if n.type == "unary_expression" and self.p.text(n) == f"&{name}":
                return True
        return False

    def _invariant(self, bound: SyntaxNode, body: SyntaxNode) -> bool:
        """True when nothing in the body can change the bound of a loop."""
        for n in walk(bound):
            if n.type == "call_expression" and self.p.text(self.child(n, "function")) not in (
                "len",
                "min",
                "max",
            ):
                return False
            if n.type == "identifier" and self._assigned_in(body, self.p.text(n)):
                return False
            if n.type == "selector_expression":
                if self._assigned_in(body, self.p.text(n)):
                    return False
                if any(c.type == "call_expression" for c in walk(body)) and self._field_assigned(n):
                    return False
        return True

    def _field_assigned(self, selector: SyntaxNode) -> bool:
        """True when some method could assign the field while the loop runs."""
        name = self.p.text(self.child(selector, "field"))
        return any(name in i.fields and i.mutated for i in self.p.declared.values())

    def _range(self, clause: SyntaxNode, body: SyntaxNode, node: SyntaxNode) -> list[ir.Stmt]:
        over_node = self.child(clause, "right")
        left = clause.child_by_field_name("left")
        names = self.named(left) if left is not None else []
        if names and ":=" not in self.p.text(clause):
            raise self.p.unsupported("a range over variables that exist", clause)
        labels = [self.p.text(n) for n in names]
        key = labels[0] if labels and labels[0] != "_" else ""
        value = labels[1] if len(labels) > 1 and labels[1] != "_" else ""
        over = self.present_value(self.expr(over_node))
        if isinstance(over.go, Chan):
            return self.drained(over, names, body, node)
        t = self.types.underlying(over.go)
        if is_int(t):
            var = self.declare(key, default_type(over.go), names[0]) if key else None
            name = var.ir_name if var is not None else self.fresh_name("_", ir.INT)
            zero = ir.Lit(0, type=ir.INT)
            if not self._invariant(over_node, body) and place(over.expr) is not None:
                # The bound is taken once, as Go does.
                pass
            return [ir.ForRange(ir.VarTarget(name, type=ir.INT), zero, over.expr, 1, self.block(body))]
        if isinstance(t, Slice) and t != BYTES:
            return self._range_list(over, over_node, t, key, value, names, body)
        if isinstance(t, Map):
            return self._range_map(over, over_node, t, key, value, names, body)
        if t == STRING:
            return self._range_text(over, key, value, names, body)
        if (
            t == BYTES
            and place(over.expr) is not None
            and not self._assigned_in(body, self.p.text(over_node))
        ):
            return self._range_bytes(over, key, value, names, body)
        raise self.p.unsupported("a range over this", clause)

    def _range_text(
        self, over: V, key: str, value: str, names: list[SyntaxNode], body: SyntaxNode
    ) -> list[ir.Stmt]:
        """A loop over a text's runes; positions count bytes, so that they are added up where they matter."""
        var = self.declare(value, RUNE, names[1]) if value else None
        name = var.ir_name if var is not None else self.fresh_name("rune" if key else "_", ir.CHAR)
        inner = ir.VarTarget(name, type=ir.CHAR)
        if not key:
            return [ir.For(inner, over.expr, self.block(body))]
        at = self.declare(key, INT, names[0]).ir_name
        first = all(
            n.parent is not None and re.fullmatch(r"\w+\s*(==|!=|>)\s*0", self.p.text(n.parent)) is not None
            for n in walk(body)
            if n.type == "identifier" and self.p.text(n) == key
        )
        if first:
            # Only the first rune is told from the others: any count of them does.
            pair = ir.TupleT((ir.INT, ir.CHAR))
            target = ir.TupleTarget([ir.VarTarget(at, type=ir.INT), inner], type=pair)
            counted = ir.Intrinsic("enumerate", [over.expr, ir.Lit(0, type=ir.INT)], type=ir.IterT(pair))
            return [ir.For(target, counted, self.block(body))]
        after = self.fresh_name(f"after{at[:1].upper()}{at[1:]}", ir.INT)
        size = ir.Intrinsic(
            "str.byte_len",
            [ir.Intrinsic("char.to_str", [ir.Name(name, type=ir.CHAR)], type=ir.STR)],
            type=ir.INT,
        )
        step: list[ir.Stmt] = [
            ir.Assign(ir.VarTarget(at, type=ir.INT), ir.Name(after, type=ir.INT)),
            ir.AugAssign(ir.VarTarget(after, type=ir.INT), "int.add", size),
        ]
        begin = ir.Assign(ir.VarTarget(after, type=ir.INT), ir.Lit(0, type=ir.INT))
        return [begin, ir.For(inner, over.expr, [*step, *self.block(body)])]

    def _range_bytes(
        self, over: V, key: str, value: str, names: list[SyntaxNode], body: SyntaxNode
    ) -> list[ir.Stmt]:
        """A loop over the positions of a text's bytes."""
        at = self.declare(key, INT, names[0]).ir_name if key else self.fresh_name("at", ir.INT)
        size = ir.Intrinsic("str.byte_len", [over.expr], type=ir.INT)
        first: list[ir.Stmt] = []
        if value:
            byte = self.declare(value, BYTE, names[1]).ir_name
            got = ir.Intrinsic(
                "str.byte_at", [over.expr, ir.Name(at, type=ir.INT)], "IndexError", type=ir.INT
            )
            first.append(ir.Assign(ir.VarTarget(byte, type=ir.INT), got))
        target = ir.VarTarget(at, type=ir.INT)
        return [ir.ForRange(target, ir.Lit(0, type=ir.INT), size, 1, [*first, *self.block(body)])]

    def _range_list(
        self,
        over: V,
        over_node: SyntaxNode,
        t: Slice,
        key: str,
        value: str,
        names: list[SyntaxNode],
        body: SyntaxNode,
    ) -> list[ir.Stmt]:
        items = over.expr
        if isinstance(items.type, ir.IterT):
            if key and not value:
                # A sequence gives its values as the first variable.
                key, value, names = "", key, [names[0], names[0]]
            elif key:
                raise self.p.unsupported("a range over pairs of a sequence", over_node)
        elem = self.types.ir(t.elem)
        # An array is copied before it is walked over.
        assigned = t.array and value and writes(self.p, body, self.p.text(over_node)) is not None
        if assigned or self._grows(over_node, body):
            items = ir.Intrinsic("list.copy", [items], type=items.type)
        if key and not value:
            var = self.declare(key, INT, names[0])
            n = ir.Intrinsic("len", [items], type=ir.INT)
            target = ir.VarTarget(var.ir_name, type=ir.INT)
            return [ir.ForRange(target, ir.Lit(0, type=ir.INT), n, 1, self.block(body))]
        made = self.declare(value, t.elem, names[1]).ir_name if value else "_"
        copies = self._loop_copies(value, made, t.elem, over_node, body) if value else []
        inner = ir.VarTarget(made, type=elem)
        if not key:
            return [ir.For(inner, items, [*copies, *self.block(body)])]
        index = self.declare(key, INT, names[0])
        pair = ir.TupleT((ir.INT, elem))
        target = ir.TupleTarget([ir.VarTarget(index.ir_name, type=ir.INT), inner], type=pair)
        counted = ir.Intrinsic("enumerate", [items, ir.Lit(0, type=ir.INT)], type=ir.IterT(pair))
        return [ir.For(target, counted, [*copies, *self.block(body)])]

    def _loop_copies(
        self, value: str, made: str, t: GoType, over: SyntaxNode, body: SyntaxNode
    ) -> list[ir.Stmt]:
        """The loop's variable is a copy of a struct; it is made one where the body changes it or the list."""
        info = self.types.info(t)
        array = self.types.is_array(t)
        if not array and (not self.is_struct(t) or info is None or not info.mutated):
            return []
        text = self.p.text(over)
        changed = self.changes(value)
        for n in walk(body):
            if n.type == "assignment_statement":
                changed |= any(
                    self.p.text(x).startswith(f"{text}[")
                    and x.type in ("selector_expression", "index_expression")
                    for x in self.named(self.child(n, "left"))
                )
        if not changed:
            return []
        kind = self.types.ir(t)
        copy = self.copied(V(ir.Name(made, type=kind), t), over)
        return [ir.Assign(ir.VarTarget(made, type=kind), copy)]

    def _grows(self, over: SyntaxNode, body: SyntaxNode) -> bool:
        """True when the body appends to, or otherwise resizes, what is iterated over."""
        text = self.p.text(over)
        for n in walk(body):
            if n.type == "assignment_statement" and text in [
                self.p.text(x) for x in self.named(self.child(n, "left"))
            ]:
                return True
            if over.type == "selector_expression" and n.type == "call_expression":
                f = self.child(n, "function")
                if (
                    f.type == "selector_expression"
                    and self.p.text(self.child(f, "operand")) == text.rpartition(".")[0]
                ):
                    return True
        return False

    def _range_map(
        self,
        over: V,
        over_node: SyntaxNode,
        t: Map,
        key: str,
        value: str,
        names: list[SyntaxNode],
        body: SyntaxNode,
    ) -> list[ir.Stmt]:
        m = over.expr
        changes = self._map_changes(over_node, body)
        k = self.types.ir(t.key)
        if isinstance(t.value, Empty):
            if changes:
                m = ir.Intrinsic("set.copy", [m], type=m.type)
            name = self.declare(key, t.key, names[0]).ir_name if key else "_"
            return [ir.For(ir.VarTarget(name, type=k), m, self.block(body))]
        if not value:
            name = self.declare(key, t.key, names[0]).ir_name if key else "_"
            fact = entry(m, ir.Name(name, type=k))
            if fact and not changes:
                self.present.add(fact)
            items: ir.Expr = m
            if changes:
                keys = ir.Intrinsic("dict.keys", [m], type=ir.IterT(k))
                items = ir.Intrinsic("to_list", [keys], type=ir.ListT(k))
            return [ir.For(ir.VarTarget(name, type=k), items, self.block(body))]
        made = self.declare(value, t.value, names[1]).ir_name
        v = self.types.ir(t.value)
        copies = self._loop_copies(value, made, t.value, over_node, body)
        if not key:
            items = ir.Intrinsic("dict.values", [m], type=ir.IterT(v))
            if changes:
                items = ir.Intrinsic("to_list", [items], type=ir.ListT(v))
            return [ir.For(ir.VarTarget(made, type=v), items, [*copies, *self.block(body)])]
        name = self.declare(key, t.key, names[0]).ir_name
        pair = ir.TupleT((k, v))
        items = ir.Intrinsic("dict.items", [m], type=ir.IterT(pair))
        if changes:
            items = ir.Intrinsic("to_list", [items], type=ir.ListT(pair))
        fact = entry(m, ir.Name(name, type=k))
        if fact and not changes:
            self.present.add(fact)
        target = ir.TupleTarget([ir.VarTarget(name, type=k), ir.VarTarget(made, type=v)], type=pair)
        return [ir.For(target, items, [*copies, *self.block(body)])]

    def _map_changes(self, over: SyntaxNode, body: SyntaxNode) -> bool:
        """True when the body may add or remove entries of the map that is iterated over."""
        text = self.p.text(over)
        for n in walk(body):
            if n.type == "call_expression":
                f = self.p.text(self.child(n, "function"))
                if (
                    f in ("delete", "clear")
                    and self.p.text(self.named(self.child(n, "arguments"))[0]) == text
                ):
                    return True
                if over.type == "selector_expression" and f.startswith(f"{text.rpartition('.')[0]}."):
                    return True
            if n.type in ("assignment_statement", "inc_statement"):
                left = n.child_by_field_name("left") or n
                for x in self.named(left):
                    if x.type == "index_expression" and self.p.text(self.child(x, "operand")) == text:
                        return True
        return False

    # Defer

    def _defer(self, item: Item, rest: Sequence[Item], top: bool) -> list[ir.Stmt]:
        node = item.node
        if not top:
            raise self.p.unsupported("a defer inside a block", node)
        call = self.named(node)[0]
        final: list[ir.Stmt] = []
        if call.type == "call_expression":
            function = self.child(call, "function")
            if function.type == "func_literal":
                if any(self.p.text(n) == "recover" for n in walk(function) if n.type == "identifier"):
                    raise self.p.unsupported("recover", node)
                if any(n.type == "return_statement" for n in walk(function)):
                    raise self.p.unsupported("a deferred function that returns early", node)
                final = self.block(self.child(function, "body"))
            else:
                for a in self.named(self.child(call, "arguments")):
                    if a.type == "identifier" and any(
                        self._assigned_in(r.node, self.p.text(a)) for r in rest
                    ):
                        raise self.p.unsupported("a deferred call whose arguments change", node)
                    if a.type != "identifier" and not a.type.endswith("literal"):
                        raise self.p.unsupported("a deferred call with computed arguments", node)
                final = self._expression(call)
        inner = self.statements(rest, top)
        # The scope of the rest was its own; what it declares is not seen after it.
        if not final:
            if inner and item.comments:
                inner[0].comments = [*item.comments, *inner[0].comments]
            return inner
        while inner and isinstance(inner[-1], ir.Return) and inner[-1].value is None:
            inner.pop()
        made = ir.Try(inner, [], [], final, line=self.p.line(node))
        made.comments = list(item.comments)
        return [made]

    # Closures

    def closure(self, node: SyntaxNode, want: GoType | None) -> V:
        """A function literal: an expression where it is one, else a named function just before."""
        info = self.p.signature(node, "")
        t = info.type()
        single = self._single(node)
        if single is not None and not info.fails and info.values:
            return V(self._lambda(info, single), t)
        name = self.fresh_name("step", self.types.ir(t))
        self.pending.append(self._function_def(name, info, node))
        return V(ir.Name(name, type=self.types.ir(t)), t)

    def _single(self, node: SyntaxNode) -> SyntaxNode | None:
        items = self.items(self.child(node, "body"))
        if len(items) != 1 or items[0].node.type != "return_statement" or items[0].comments:
            return None
        lists = self.named(items[0].node)
        values = self.named(lists[0]) if lists else []
        return values[0] if len(values) == 1 else None

    def _lambda(self, info: FuncInfo, body: SyntaxNode) -> ir.Lambda:
        self.scopes.append({})
        outer = self.frame
        self.frames.append(
            Frame(info, body, info.values, info.fails, f"{outer.key}.closure{info.line}", outer.names)
        )
        params = self._params(info, [])
        value = self.value(body, info.values[0], f"{self.frame.key}->0")
        self.frames.pop()
        self.scopes.pop()
        kind = ir.FuncT(tuple(p.type for p in params), value.type, raises=False, context=False)
        return ir.Lambda(params, value, type=kind)

    def _named_closure(self, name: str, node: SyntaxNode, t: GoType | None) -> list[ir.Stmt]:
        info = self.p.signature(node, name)
        kind = self.types.ir(info.type())
        made = self.fresh_name(name, kind)
        out = self._function_def(made, info, node)
        self.scopes[-1][name] = Var(made, info.type(), kind, "")
        return [out]

    def _function_def(self, name: str, info: FuncInfo, node: SyntaxNode) -> ir.FuncDef:
        outer = self.frame
        if outer.init is not None:
            raise self.p.unsupported("a closure in a constructor", node)
        saved = set(self.narrowed), set(self.present), self.loops
        self.loops = 0
        self.narrowed, self.present = set(), set()
        self.scopes.append({})
        info.name = f"{outer.key}.{name}"
        before = set(outer.names)
        self.frames.append(
            Frame(info, self.child(node, "body"), info.values, info.fails, info.key, outer.names)
        )
        copies: list[ir.Stmt] = []
        params = self._params(info, copies)
        if info.context and info.context != "_":
            self.scopes[-1][info.context] = Var("ctx", Named("context.Context"), ir.NONE, "")
        if info.result_names:
            copies.extend(self._named_results(info, self.child(node, "body")))
        body = copies + self.block(self.child(node, "body"), top=True)
        while body and isinstance(body[-1], ir.Return) and body[-1].value is None:
            body.pop()
        result = self.result_type(info)
        self.frames.pop()
        self.scopes.pop()
        outer.taken |= set(outer.names) - before
        self.narrowed, self.present, self.loops = saved
        line = self.p.line(node)
        function = ir.Function(name, params, result, body, line=line, end_line=self.p.end_line(node))
        return ir.FuncDef(function, line=line)

    def mapped(self, function: SyntaxNode, over: ir.Expr, node: SyntaxNode) -> V:
        """`strings.Map(f, s)`: a loop before the statement that adds to a text what each rune becomes."""
        text = ir.Name(self.fresh_name("mapped", ir.STR), type=ir.STR)
        self.pending.append(ir.Assign(ir.VarTarget(text.id, type=ir.STR), ir.Lit("", type=ir.STR)))
        if function.type != "func_literal":
            char = ir.Name(self.fresh_name("char", ir.CHAR), type=ir.CHAR)
            callee = self.expr(function)
            t = self.types.underlying(callee.go)
            named = self.p.functions.get(self.p.text(function))
            drops = named is None or named.node is None or "-1" in self.p.text(named.node)
            if t != Func((RUNE,), (RUNE,)) or drops:
                raise self.p.unsupported("strings.Map by this", node)
            made = ir.Call(callee.expr, [char], type=ir.CHAR)
            one = ir.AugAssign(
                ir.VarTarget(text.id, type=ir.STR),
                "str.concat",
                ir.Intrinsic("char.to_str", [made], type=ir.STR),
            )
            self.pending.append(ir.For(ir.VarTarget(char.id, type=ir.CHAR), over, [one]))
            return V(text, STRING)
        body = self.child(function, "body")
        inner = [n for n in walk(body) if n.type in ("for_statement", "func_literal")]
        if any(n.type == "return_statement" for loop in inner for n in walk(loop)):
            raise self.p.unsupported("strings.Map by a function that returns from a loop", node)
        info = self.p.signature(function, "")
        outer = self.frame
        self.scopes.append({})
        saved = set(self.narrowed), set(self.present), self.loops
        frame = Frame(info, body, info.values, False, f"{outer.key}.map{function.start_byte}", outer.names)
        frame.mapped = text
        self.frames.append(frame)
        name = info.params[0][0]
        var = self.declare(name, RUNE, function)
        self.loops = 1
        pending, self.pending = self.pending, []
        lowered = self.block(body, top=True)
        self.pending = pending
        _without_last_continue(lowered)
        self.frames.pop()
        self.scopes.pop()
        self.narrowed, self.present, self.loops = saved
        self.pending.append(ir.For(ir.VarTarget(var.ir_name, type=ir.CHAR), over, lowered or [ir.Pass()]))
        return V(text, STRING)

    def _mapped_return(self, value: SyntaxNode, text: ir.Name) -> list[ir.Stmt]:
        """What a function that maps runes returns, added to the text; -1 adds nothing."""
        if self.p.text(value) == "-1":
            return [ir.Continue()]
        char = self.char(self.expr(value, RUNE))
        added: ir.Expr = ir.Intrinsic("char.to_str", [char], type=ir.STR)
        if isinstance(char, ir.Lit):
            added = ir.Lit(char.value, type=ir.STR)
        return [ir.AugAssign(ir.VarTarget(text.id, type=ir.STR), "str.concat", added), ir.Continue()]

    def _method_value(self, node: SyntaxNode) -> V | None:
        """A method that is handed over to be called without arguments, as the call; None for another value."""
        operand, name = self.child(node, "operand"), self.p.text(self.child(node, "field"))
        if operand.type == "identifier" and self.lookup(self.p.text(operand)) is None:
            return None
        info = self.types.info(self.expr(operand).go)
        if info is None or name not in info.methods or info.methods[name].params:
            return None
        return self.method_call(self.expr(operand), info, info.methods[name], [], node)

    def closure_block(
        self, node: SyntaxNode, gives: GoType | None = None
    ) -> tuple[list[ir.Stmt], tuple[GoType, ...]]:
        """The body of a closure that runs at once, and its results without the error.

        `gives` is the type of what a closure gives that declares `any`, VOID where nobody looks at it.
        """
        if node.type == "selector_expression":
            owner = self._method_value(node)
            if owner is not None:
                values = (
                    owner.go.elems if isinstance(owner.go, Tuple) else () if owner.go == VOID else (owner.go,)
                )
                return ([ir.Return(owner.expr)] if values else [ir.ExprStmt(owner.expr)]), values
        if node.type != "func_literal":
            callee = self.present_value(self.expr(node))
            t = self.types.underlying(callee.go)
            if not isinstance(t, Func) or t.params:
                raise self.p.unsupported("a function that is run under a pattern", node)
            v = self.called(ir.Call(callee.expr, [], line=self.p.line(node)), t.results)
            values = t.results[:-1] if v.fails else t.results
            return ([ir.Return(v.expr)] if values else [ir.ExprStmt(v.expr)]), values
        info = self.p.signature(node, "")
        if info.params:
            raise self.p.unsupported("a closure with parameters under a pattern", node)
        if gives is not None:
            info.results = (ERROR,) if gives == VOID else (gives, ERROR)
            if info.result_names:
                raise self.p.unsupported("a closure under a pattern that names its results", node)
        outer = self.frame
        saved_loops = self.loops
        self.loops = 0
        self.scopes.append({})
        key = f"{outer.key}.block{node.start_byte}"
        frame = Frame(info, self.child(node, "body"), info.values, info.fails, key, outer.names)
        frame.unread = gives == VOID
        self.frames.append(frame)
        info.name = key
        saved = set(self.narrowed), set(self.present)
        if info.context and info.context != "_":
            self.scopes[-1][info.context] = Var("ctx", Named("context.Context"), ir.NONE, "")
        body = self.block(self.child(node, "body"), top=True)
        while body and isinstance(body[-1], ir.Return) and body[-1].value is None:
            body.pop()
        self.frames.pop()
        self.scopes.pop()
        self.narrowed, self.present = saved
        self.loops = saved_loops
        return body, info.values


def is_optional_of(wants: Type, has: Type) -> bool:
    """True when one type is the other or nothing."""
    return isinstance(wants, ir.OptionalT) and wants.elem == has


def _target_place(t: ir.Target) -> str:
    match t:
        case ir.VarTarget(id=name):
            return name
        case ir.FieldTarget(obj=obj, name=name):
            base = place(obj)
            return f"{base}.{name}" if base else ""
        case _:
            return ""


def _without_last_continue(body: list[ir.Stmt]) -> None:
    """A loop's body without the continues after which the turn ends anyway."""
    while body and isinstance(body[-1], ir.Continue) and not body[-1].comments:
        body.pop()
    if body and isinstance(body[-1], ir.If):
        _without_last_continue(body[-1].body)
        _without_last_continue(body[-1].orelse)
        if not body[-1].body:
            body[-1].body.append(ir.Pass())


def _before_continue(body: list[ir.Stmt], step: list[ir.Stmt], again: object) -> None:
    """A loop's update runs before each continue of this loop too."""
    import copy

    i = 0
    while i < len(body):
        s = body[i]
        if isinstance(s, ir.Continue):
            made = copy.deepcopy(step)
            body[i:i] = made
            i += len(made)
        elif isinstance(s, ir.If):
            _before_continue(s.body, step, again)
            _before_continue(s.orelse, step, again)
        elif isinstance(s, ir.Try):
            for part in (s.body, s.orelse, s.final, *(h.body for h in s.handlers)):
                _before_continue(part, step, again)
        i += 1


__all__ = ["FunctionLowerer"]
