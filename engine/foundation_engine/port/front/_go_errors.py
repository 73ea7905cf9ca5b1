"""Go's error values as raising and handling: which handling a check of an error amounts to."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: ARG002 - what one case needs, the others of its shape take too.
from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front import _go_generics as generics
from foundation_engine.port.front import _go_library as library
from foundation_engine.port.front import _go_retries as retries
from foundation_engine.port.front._go_expr import ExpressionLowerer, V, Var
from foundation_engine.port.front._go_package import go_string, walk
from foundation_engine.port.front._go_patterns import runtime_type
from foundation_engine.port.front._go_prelude import PRELUDE
from foundation_engine.port.front._go_types import (
    ERROR,
    MESSAGE_ERRORS,
    STRING,
    VOID,
    Func,
    GoType,
    Named,
    Pointer,
    Tuple,
)
from foundation_engine.port.passes import terminates

_FALLIBLE = {
    "foundation/resilience": {"Retry", "RetryValue", "CallValue"},
    "foundation/errors": {"Boundary", "BoundaryValue"},
    "foundation/config": {"Load"},
    "foundation/files": {"AtomicWrite", "AtomicWriteText"},
    "foundation/process": {"Run"},
    "strconv": {"Atoi", "ParseInt", "ParseFloat"},
    "encoding/json": {"Unmarshal"},
    "os": {"ReadFile", "Remove", "WriteFile", "MkdirAll"},
}
_FALLIBLE_METHODS = {
    "CircuitBreaker": {"Call", "Execute"},
    "RateLimiter": {"Acquire", "Wait", "WaitN", "AllowN"},
    "HttpClient": {"Get", "Head", "Post", "Put", "Patch", "Delete", "Do"},
}


NOT_THERE = "Every failure to read or remove a file counts as a file that is not there."


@dataclass
class Item:
    """A statement with the comments above it and at its end."""

    node: SyntaxNode
    comments: list[str] = field(default_factory=list[str])
    trailing: str = ""


@dataclass
class Clause:
    """One way in which a call's outcome is handled. `kind` is is, as, any, none (no error) or not (any but these)."""

    kind: str
    classes: list[str]
    block: SyntaxNode | None
    target: str = ""
    comments: list[str] = field(default_factory=list[str])
    items: list[Item] | None = None
    guard: SyntaxNode | None = None  # what must hold besides the class


class ErrorFlow(ExpressionLowerer):
    """Lowers calls that may fail together with the checks that follow them."""

    handler: str
    failed: set[str]

    @abstractmethod
    def block(self, node: SyntaxNode, top: bool = False) -> list[ir.Stmt]:
        """The statements of a block."""

    @abstractmethod
    def statements(self, items: Sequence[Item], top: bool = False) -> list[ir.Stmt]:
        """Statements in a scope of their own."""

    @abstractmethod
    def items(self, block: SyntaxNode) -> list[Item]:
        """The statements of a block with their comments."""

    @abstractmethod
    def targets(self, left: Sequence[SyntaxNode], v: V, operator: str) -> list[ir.Target]:
        """The targets of several results."""

    @abstractmethod
    def returned(self, exprs: list[SyntaxNode], node: SyntaxNode) -> list[ir.Stmt]:
        """A return without an error."""

    @abstractmethod
    def _scanner_error(self, call: SyntaxNode) -> bool:
        """True for the error of a scanner, which is nil."""

    @abstractmethod
    def branch(self, node: SyntaxNode) -> list[ir.Stmt]:
        """An if whose initialiser was dealt with."""

    # Which calls fail

    def call_fails(self, call: SyntaxNode) -> bool:
        """True when the last result of a call is an error that may be there."""
        function = self.child(call, "function")
        while function.type == "index_expression":
            function = self.child(function, "operand")
        if function.type == "identifier":
            name = self.p.text(function)
            var = self.lookup(name)
            if var is not None:
                t = self.types.underlying(var.go)
                return isinstance(t, Func) and bool(t.results) and t.results[-1] == ERROR
            if name in self.p.generics:
                made = generics.generic_call(
                    self, name, generics.arguments_of(call), self.named(self.child(call, "arguments")), call
                )
                return made.fails
            f = self.p.functions.get(name)
            return f is not None and f.fails
        if function.type != "selector_expression":
            return False
        operand, name = self.child(function, "operand"), self.p.text(self.child(function, "field"))
        if operand.type == "identifier" and self.lookup(self.p.text(operand)) is None:
            path = self.p.path(self.p.text(operand))
            if path is not None:
                if retries.is_retry(path, name):
                    return True
                came = PRELUDE.get((path, name))
                if came is not None:
                    return came.name in self.p.prelude and self.p.functions[came.name].fails
                return name in _FALLIBLE.get(path, ())
        obj = self.expr(operand)
        kind = runtime_type(obj.go)
        if kind:
            return name in _FALLIBLE_METHODS.get(kind, ())
        while (through := self.types.embedding(obj.go, name)) is not None:
            obj = self.field_of(obj, through.name, operand)
        info = self.types.info(obj.go)
        if info is None:
            return False
        if name in info.methods:
            return info.methods[name].fails
        if name in info.fields:
            t = self.types.underlying(info.fields[name].type)
            return isinstance(t, Func) and bool(t.results) and t.results[-1] == ERROR
        return False

    def makes_error(self, node: SyntaxNode) -> bool:
        """True for `errors.New(...)` and `fmt.Errorf(...)`."""
        if node.type != "call_expression":
            return False
        package, _, name = self.p.text(self.child(node, "function")).partition(".")
        path = self.p.path(package)
        if self.frames[0].info.name in self.p.prelude and package == "fail":
            return True
        if retries.is_permanent(path or "", name):
            return True
        return (path, name) in (
            ("foundation/cli", "Exit"),
            ("errors", "New"),
            ("errors", "Join"),
            ("foundation/errors", "New"),
            ("fmt", "Errorf"),
        )

    # Statements

    def failing(
        self, items: Sequence[Item], i: int, left: list[SyntaxNode], call: SyntaxNode, operator: str
    ) -> tuple[list[ir.Stmt], int]:
        """`v, err := f()` with the checks of err below it."""
        name = self.p.text(left[-1])
        v = self.expr(call)
        # What a closure gives under a pattern is left out where nobody looks at it.
        values = [] if v.go == VOID else left[:-1]
        if name == "_":
            made = self._assigned(values, v, operator, call)
            return self.ignored(made, call, values), 1
        known = self.lookup(name)
        fresh = operator == ":=" and name not in self.scopes[-1]
        here = fresh or name in self.scopes[-1]
        plan = self._plan(items, i + 1, name)
        if plan is not None and (known is None or fresh or known.known_nil):
            clauses, end = plan
            if self._simple(clauses, items[end:], name, here):
                made = self._assigned(values, v, operator, call)
                if fresh:
                    self.scopes[-1][name] = Var("", ERROR, ir.OptionalT(ir.ERROR), "", known_nil=True)
                out = self._tried(made, clauses, name, values, operator, call)
                for item in items[i + 1 : end]:
                    if item.comments and out:
                        _comment(out, item.comments)
                return out, end - i
        if fresh:
            self.scopes[-1][name] = Var("", ERROR, ir.OptionalT(ir.ERROR), "", known_nil=True)
        return self._materialised(name, values, v, operator, call, here), 1

    def failing_if(
        self, node: SyntaxNode, left: list[SyntaxNode], call: SyntaxNode, operator: str
    ) -> list[ir.Stmt]:
        """`if v, err := f(); err != nil { ... } else { ... }`."""
        name = self.p.text(left[-1])
        v = self.expr(call)
        values = left[:-1]
        known = self.lookup(name)
        fresh = operator == ":="
        clauses = self._chain(node, name, None)
        complete = clauses is not None and any(c.kind in ("any", "none", "not") for c in clauses)
        if name == "_" or clauses is None or not complete or not (fresh or known is None or known.known_nil):
            clauses = None
        if clauses is not None and (fresh or self._returns(clauses)):
            made = self._assigned(values, v, operator, call)
            if fresh:
                self.scopes[-1][name] = Var("", ERROR, ir.OptionalT(ir.ERROR), "", known_nil=True)
            return self._tried(made, clauses, name, values, operator, call)
        if fresh:
            self.scopes[-1][name] = Var("", ERROR, ir.OptionalT(ir.ERROR), "", known_nil=True)
        here = fresh or name in self.scopes[-1]
        return [*self._materialised(name, values, v, operator, call, here), *self.branch(node)]

    def _assigned(self, values: list[SyntaxNode], v: V, operator: str, call: SyntaxNode) -> list[ir.Stmt]:
        """The call with its results but the error in their variables."""
        line = self.p.line(call)
        loaded = self.assigns.pop(id(v.expr), None)
        if loaded is not None:
            return [ir.Assign(loaded, v.expr, line=line)]
        kinds: list[GoType] = list(v.go.elems) if isinstance(v.go, Tuple) else [v.go] * (v.go != VOID)
        if len(kinds) != len(values):
            raise self.p.unsupported("an assignment of this kind", call)
        if all(self.p.text(n) == "_" for n in values):
            return [ir.ExprStmt(v.expr, line=line)]
        targets = self.targets(values, v, operator)
        if len(targets) > 1:
            return [ir.Assign(ir.TupleTarget(targets, type=v.expr.type), v.expr, line=line)]
        t, key = kinds[0], ""
        var = self.lookup(self.p.text(values[0])) if values[0].type == "identifier" else None
        key = var.key if var is not None else ""
        made = v.expr
        if isinstance(targets[0].type, ir.OptionalT) and not isinstance(made.type, ir.OptionalT):
            made = ir.Wrap(made, type=targets[0].type)
        elif not isinstance(targets[0].type, ir.OptionalT) and isinstance(made.type, ir.OptionalT):
            made = self.fit(v, t, key, call)
        out: list[ir.Stmt] = [ir.Assign(targets[0], made, line=line)]
        if isinstance(made, ir.Wrap) and isinstance(targets[0], ir.VarTarget):
            self.narrowed.add(targets[0].id)
        return out

    def ignored(
        self, made: list[ir.Stmt], node: SyntaxNode, values: Sequence[SyntaxNode] = ()
    ) -> list[ir.Stmt]:
        """A call whose error nobody looks at."""
        before = self._zeros(values, node)
        handler = ir.Handler([], "", [ir.Pass()], line=self.p.line(node))
        return [*before, ir.Try(made, [handler], [], [], line=self.p.line(node))]

    def _zeros(self, values: Sequence[SyntaxNode], node: SyntaxNode) -> list[ir.Stmt]:
        out: list[ir.Stmt] = []
        for n in values:
            var = self.lookup(self.p.text(n)) if n.type == "identifier" else None
            if var is None:
                continue
            target = ir.VarTarget(var.ir_name, type=var.type)
            out.append(ir.Assign(target, self.zero(var.go, node, var.key), line=self.p.line(node)))
            self.narrowed.discard(var.ir_name)
        return out

    def _materialised(
        self, name: str, values: list[SyntaxNode], v: V, operator: str, call: SyntaxNode, here: bool
    ) -> list[ir.Stmt]:
        """The error is kept in a variable, because what follows is not one of the usual checks."""
        var = self.lookup(name)
        if var is None or var.value is not None:
            raise self.p.unsupported("an error that is kept here", call)
        line = self.p.line(call)
        if not var.ir_name:
            if not here:
                raise self.p.unsupported("an error variable that is set in an inner block", call)
            var.ir_name = self.fresh_name(name, ir.OptionalT(ir.ERROR))
        var.known_nil = False
        self.narrowed.discard(var.ir_name)
        target = ir.VarTarget(var.ir_name, type=var.type)
        made = self._assigned(values, v, operator, call)
        caught = self.fresh_name("caught", ir.ERROR)
        wrapped = ir.Wrap(ir.Name(caught, type=ir.ERROR), type=var.type)
        handler = ir.Handler([], caught, [ir.Assign(target, wrapped, line=line)], line=line)
        before = self._zeros(values, call)
        reset = ir.Assign(ir.VarTarget(var.ir_name, type=var.type), ir.Lit(None, type=var.type), line=line)
        return [*before, reset, ir.Try(made, [handler], [], [], line=line)]

    # Reading checks

    def _plan(self, items: Sequence[Item], j: int, name: str) -> tuple[list[Clause], int] | None:
        """The checks of an error from `items[j]` on: the clauses and where they end, None when they are not usual."""
        out: list[Clause] = []
        target: tuple[str, str] | None = None
        while j < len(items):
            node = items[j].node
            declared = self._as_target(node)
            if declared is not None and j + 1 < len(items):
                target = declared
                j += 1
                continue
            if node.type == "if_statement" and node.child_by_field_name("initializer") is None:
                found = self._chain(node, name, target)
                if found is None:
                    return None
                found[0].comments = [*items[j].comments, *found[0].comments]
                out.extend(found)
                j += 1
                target = None
                if any(c.kind in ("any", "none", "not") for c in found):
                    return self._with_rest(out, items, j)
                if not all(c.block is not None and ends(self, c.block) for c in found):
                    return None
                continue
            if node.type == "expression_switch_statement" and node.child_by_field_name("value") is None:
                found = self._switch_clauses(node, name, target)
                if found is None or out:
                    return None
                return self._with_rest(found, items, j + 1)
            if node.type == "return_statement" and self._returns_error(node, name):
                return [*out, Clause("any", [], None)], j
            return None
        return None

    def _with_rest(self, out: list[Clause], items: Sequence[Item], j: int) -> tuple[list[Clause], int]:
        """After `if err == nil { return ... }` the rest of the block is what happens to an error."""
        kinds = {c.kind for c in out}
        whole = all(c.block is not None and self._clause_ends(c, returns=True) for c in out)
        if "none" not in kinds or kinds & {"any", "not"} or not whole or j >= len(items):
            return out, j
        return [*out, Clause("any", [], items[j].node, items=list(items[j:]))], len(items)

    def _returns_error(self, node: SyntaxNode, name: str) -> bool:
        lists = self.named(node)
        exprs = self.named(lists[0]) if lists else []
        return bool(exprs) and self.p.text(exprs[-1]) == name and self.frame.fails

    def _as_target(self, node: SyntaxNode) -> tuple[str, str] | None:
        """`var target *SomeError`."""
        if node.type != "var_declaration":
            return None
        m = re.fullmatch(r"var\s+(\w+)\s+\*?([\w.]+)", self.p.text(node).strip())
        if m is None:
            return None
        cls = self._struct_error(m[2])
        return (m[1], cls) if cls is not None else None

    def _struct_error(self, text: str) -> str | None:
        info = self.p.declared.get(text)
        if info is not None:
            return text if info.kind == "error" else None
        package, _, name = text.partition(".")
        if self.p.path(package) == "foundation/errors" and name in ir.RUNTIME_ERRORS:
            return name
        return None

    def _chain(self, node: SyntaxNode, name: str, target: tuple[str, str] | None) -> list[Clause] | None:
        """An if with its else branches as clauses, None when it asks for something else."""
        out: list[Clause] = []
        at: SyntaxNode | None = node
        while at is not None and at.type == "if_statement":
            if at is not node and at.child_by_field_name("initializer") is not None:
                return None
            condition = self.child(at, "condition")
            clause = self._test(condition, name, target)
            if (
                clause is None
                and any(c.kind == "none" for c in out)
                and self.p.text(condition).startswith("!")
            ):
                # There is an error, because that there is none was asked before.
                asked = self._test(self.child(condition, "operand"), name, None)
                clause = (
                    Clause("not", asked.classes, None) if asked is not None and asked.kind == "is" else None
                )
            if clause is None:
                return None
            clause.block = self.child(at, "consequence")
            out.append(clause)
            at = at.child_by_field_name("alternative")
        if at is not None:
            kinds = {c.kind for c in out}
            if "any" in kinds and "none" not in kinds:
                out.append(Clause("none", [], at))
            elif "none" in kinds and "any" not in kinds:
                out.append(Clause("any", [], at))
            else:
                return None
        return out

    def _switch_clauses(
        self, node: SyntaxNode, name: str, target: tuple[str, str] | None
    ) -> list[Clause] | None:
        out: list[Clause] = []
        default: Clause | None = None
        for c in self.named(node):
            if any(n.type in ("break_statement", "fallthrough_statement") for n in walk(c)):
                return None
            items = [
                i for i in self.items(c) if i.node.parent is None or i.node.parent.type == "statement_list"
            ]
            if c.type == "default_case":
                default = Clause("", [], c, items=items)
                continue
            if c.type != "expression_case":
                continue
            values = self.named(self.child(c, "value"))
            tests = [self._test(v, name, target) for v in values]
            clause = tests[0]
            if clause is None or clause.kind == "not":
                return None
            for other in tests[1:]:
                if other is None or other.kind != "is" or clause.kind != "is":
                    return None
                clause.classes.extend(other.classes)
            clause.block, clause.items = c, items
            out.append(clause)
        kinds = {c.kind for c in out}
        if default is not None:
            if "any" in kinds and "none" in kinds:
                return None
            default.kind = "none" if "any" in kinds else "any"
            if default.kind == "any" and "none" not in kinds:
                return None
            out.append(default)
        if not kinds & {"any", "none"}:
            return None
        # A case for any error hides the cases for classes below it.
        seen = False
        for c in out:
            if seen and c.kind in ("is", "as"):
                return None
            seen |= c.kind == "any"
        return out

    def _test(self, node: SyntaxNode, name: str, target: tuple[str, str] | None) -> Clause | None:
        """What a condition asks of the error, None for another condition."""
        text = self.p.text(node)
        if text == f"{name} != nil":
            return Clause("any", [], None)
        if text == f"{name} == nil":
            return Clause("none", [], None)
        while node.type == "parenthesized_expression":
            node = self.named(node)[0]
        if node.type == "binary_expression":
            op = self.p.text(self.child(node, "operator"))
            left, right = self.child(node, "left"), self.child(node, "right")
            if op == "||":
                a, b = self._test(left, name, None), self._test(right, name, None)
                if a is not None and b is not None and a.kind == b.kind == "is":
                    return Clause("is", [*a.classes, *b.classes], None)
            if op == "&&" and self.p.text(left) == f"{name} != nil":
                inner = right
                if inner.type == "unary_expression" and self.p.text(inner).startswith("!"):
                    asked = self._test(self.child(inner, "operand"), name, None)
                    if asked is not None and asked.kind == "is":
                        return Clause("not", asked.classes, None)
                asked = self._test(inner, name, target)
                if asked is not None and asked.kind in ("is", "as"):
                    return asked
            if op == "&&":
                asked = self._test(left, name, target)
                if asked is not None and asked.kind in ("is", "as") and asked.guard is None:
                    asked.guard = right
                    return asked
        if node.type == "call_expression":
            called = self.p.text(self.child(node, "function")).rpartition(".")
            if self.p.path(called[0]) == "os" and called[2] == "IsNotExist":
                self.p.differ(NOT_THERE)
                if self.p.text(self.named(self.child(node, "arguments"))[0]) == name:
                    return Clause("is", ["OSError"], None)
            if self.p.path(called[0]) in ("errors", "foundation/errors"):
                args = self.named(self.child(node, "arguments"))
                if len(args) == 2 and self.p.text(args[0]) == name:
                    if called[2] == "Is":
                        cls = library.error_class(self, args[1])
                        return Clause("is", [cls], None) if cls is not None else None
                    if called[2] == "As":
                        return self._as_clause(args[1], target)
        return None

    def _as_clause(self, arg: SyntaxNode, target: tuple[str, str] | None) -> Clause | None:
        label = self.p.text(arg).lstrip("&")
        if target is not None and target[0] == label:
            return Clause("as", [target[1]], None, label)
        var = self.lookup(label)
        if var is not None and isinstance(var.go, Pointer) and isinstance(var.go.elem, Named):
            cls = self._struct_error(var.go.elem.name.replace("foundation/errors.", "errors."))
            if cls is None and var.go.elem.name.startswith("foundation/errors."):
                cls = var.go.elem.name.rpartition(".")[2]
            return Clause("as", [cls], None, label) if cls is not None else None
        return None

    def _returns(self, clauses: list[Clause]) -> bool:
        """True when every handler leaves the function, and none is missing."""
        if not any(c.kind in ("any", "not") for c in clauses):
            return False
        return all(
            c.kind == "none" or (c.block is None) or self._clause_ends(c, returns=True) for c in clauses
        )

    def _clause_ends(self, c: Clause, returns: bool = False) -> bool:
        assert c.block is not None
        if c.items is not None:
            return bool(c.items) and _ends_statement(self, c.items[-1].node, returns)
        return ends(self, c.block, returns)

    def _simple(self, clauses: list[Clause], rest: Sequence[Item], name: str, here: bool) -> bool:
        """True when nobody looks at the error variable after its checks."""
        if self._returns(clauses):
            return True
        if not here:
            return False
        handlers = [c for c in clauses if c.kind != "none"]
        missing = not any(c.kind in ("any", "not") for c in clauses) and "none" in {c.kind for c in clauses}
        if not missing and all(c.block is None or self._clause_ends(c) for c in handlers):
            return True
        for item in rest:
            n = item.node
            left = (
                n.child_by_field_name("left")
                if n.type in ("short_var_declaration", "assignment_statement")
                else None
            )
            if left is not None and name in [self.p.text(x) for x in self.named(left)]:
                right = n.child_by_field_name("right")
                return right is None or not any(self.p.text(x) == name for x in walk(right))
            if any(x.type == "identifier" and self.p.text(x) == name for x in walk(n)):
                return False
        return True

    # Handling

    def _tried(
        self,
        made: list[ir.Stmt],
        clauses: list[Clause],
        name: str,
        values: list[SyntaxNode],
        operator: str,
        call: SyntaxNode,
    ) -> list[ir.Stmt]:
        """The call with its handlers; handing the error on needs none."""
        guarded = [cls for c in clauses if c.guard is not None for cls in c.classes]
        later = [cls for c in clauses if c.kind in ("is", "as") and c.guard is None for cls in c.classes]
        if len(guarded) != len(set(guarded)) or set(guarded) & set(later):
            raise self.p.unsupported("several tests for one class of error", call)
        handlers: list[ir.Handler] = []
        orelse: list[ir.Stmt] = []
        swallowed = True
        saved_failed = self.failed
        self.failed = saved_failed | {self.p.text(n) for n in values}
        narrowed, present = set(self.narrowed), set(self.present)
        clauses = self._expanded(clauses, name)
        exhausted = self._exhausted(clauses, name, call)
        self.narrowed, self.present = set(narrowed), set(present)
        for c in clauses:
            if c.kind == "none":
                orelse = self._clause_body(c)
                self.narrowed, self.present = set(narrowed), set(present)
                continue
            if c.kind == "not":
                handlers.append(ir.Handler(c.classes, "", [ir.Pass()], line=self.p.line(call)))
            if c.kind in ("any", "not"):
                swallowed = False
                if c.block is None or self._propagates(c, name):
                    continue
            rest = next((x for x in clauses if x.kind == "any"), None)
            made_handler = self._handler(c, name, call, rest)
            if not made_handler.classes:
                handlers.extend(exhausted)
                exhausted = []
            handlers.append(made_handler)
            self.narrowed, self.present = set(narrowed), set(present)
        handlers.extend(exhausted)
        self.failed = saved_failed
        kinds = {c.kind for c in clauses}
        if swallowed and "none" in kinds and not kinds & {"any", "not"}:
            # `if err == nil { ... }` alone: an error is passed over.
            handlers.append(ir.Handler([], "", [ir.Pass()], line=self.p.line(call)))
        if not handlers:
            return [*made, *orelse]
        falls = [h for h in handlers if not terminates(h.body)]
        before: list[ir.Stmt] = []
        if falls and values:
            before = self._defaults(falls, [n for n in values if self._seen(n, clauses, call)], call)
        return [*before, ir.Try(made, handlers, orelse, [], line=self.p.line(call))]

    def _exhausted(self, clauses: list[Clause], name: str, call: SyntaxNode) -> list[ir.Handler]:
        """errors.Is and errors.As look through exhausted retries at their last error, so that one more handler does."""
        asked = {cls for c in clauses if c.kind in ("is", "as", "not") for cls in c.classes}
        if not asked & self.p.retried or not self.p.may_exhaust(call):
            return []
        if "MaxRetriesExceeded" in asked or any(c.kind == "not" for c in clauses):
            raise self.p.unsupported(f"a test for {min(asked)}, which exhausted retries may hold", call)
        made = self._handler_name(name)
        held = ir.Name(made, type=ir.NamedT("MaxRetriesExceeded"))
        before, self.handler = self.handler, made
        orelse: list[ir.Stmt] = [ir.Raise(None)]
        for c in reversed(clauses):
            if c.kind == "none" or c.block is None:
                continue
            scope = {name: Var(made, ERROR, held.type, "", value=held)}
            cause = ir.Intrinsic("error.cause", [held], type=ir.ERROR)
            if c.target:
                scope[c.target] = Var(
                    made, Pointer(Named(self._declared_error(c.classes[0]))), ir.ERROR, "", value=cause
                )
            self.scopes.append(scope)
            guard = self.cond(c.guard) if c.guard is not None else None
            body: list[ir.Stmt] = (
                [ir.Raise(None)] if c.kind == "any" and self._propagates(c, name) else self._clause_body(c)
            )
            self.scopes.pop()
            if c.kind == "any":
                orelse = body
                continue
            names: list[ir.Expr] = [ir.Name(cls, type=ir.ERROR) for cls in c.classes]
            test = ir.Intrinsic("error.is", [cause, ir.ListLit(names, type=ir.ListT(ir.ERROR))], type=ir.BOOL)
            whole: ir.Expr = test if guard is None else ir.Bool("and", [test, guard], type=ir.BOOL)
            orelse = [ir.If(whole, body or [ir.Pass()], orelse, line=self.p.line(call))]
        self.handler = before
        return [ir.Handler(["MaxRetriesExceeded"], made, orelse, line=self.p.line(call))]

    def _expanded(self, clauses: list[Clause], name: str) -> list[Clause]:
        """Tests for classes at the start of `if err != nil { ... }` as handlers of their own."""
        out: list[Clause] = []
        for c in clauses:
            if c.kind != "any" or c.block is None or (c.items is None and c.block.type == "if_statement"):
                out.append(c)
                continue
            items = list(c.items if c.items is not None else self.items(c.block))
            target: tuple[str, str] | None = None
            declared: Item | None = None
            while items:
                node = items[0].node
                found = self._as_target(node)
                if found is not None:
                    target, declared = found, items.pop(0)
                    continue
                if node.type != "if_statement" or node.child_by_field_name("initializer") is not None:
                    break
                tests = self._chain(node, name, target)
                if tests is None or not all(t.kind in ("is", "as") for t in tests):
                    break
                if not all(t.block is not None and ends(self, t.block) for t in tests):
                    break
                tests[0].comments = [*(declared.comments if declared else []), *items[0].comments]
                out.extend(tests)
                target = declared = None
                items.pop(0)
            if declared is not None:
                items.insert(0, declared)
            out.append(Clause("any", [], c.block, c.target, c.comments, items))
        return out

    def _seen(self, value: SyntaxNode, clauses: list[Clause], call: SyntaxNode) -> bool:
        """True when a handler, or what comes after them, looks at a result."""
        name = self.p.text(value)
        end = call.end_byte
        for c in clauses:
            nodes = (
                [i.node for i in c.items] if c.items is not None else [c.block] if c.block is not None else []
            )
            end = max([end, *(n.end_byte for n in nodes)])
            if c.kind != "none" and any(
                self.p.text(x) == name for n in nodes for x in walk(n) if x.type == "identifier"
            ):
                return True
        return any(
            n.type == "identifier" and n.start_byte >= end and self.p.text(n) == name
            for n in walk(self.frames[0].body)
        )

    def _defaults(self, falls: list[ir.Handler], values: list[SyntaxNode], call: SyntaxNode) -> list[ir.Stmt]:
        """Results have their zero values where a failed call is passed over."""
        out: list[ir.Stmt] = []
        for n in values:
            var = self.lookup(self.p.text(n)) if n.type == "identifier" else None
            if var is None or all(_gives(h.body, var.ir_name) for h in falls):
                continue
            out.extend(self._zeros([n], call))
        return out

    def _handler(self, c: Clause, name: str, call: SyntaxNode, rest: Clause | None = None) -> ir.Handler:
        single = c.classes[0] if len(c.classes) == 1 and c.kind in ("is", "as") else ""
        kind = ir.NamedT(single) if single else ir.ERROR
        label = c.target or name
        made = self._handler_name(label)
        value = ir.Name(made, type=kind)
        scope = {name: Var(made, ERROR, kind, "", value=value)}
        if c.target:
            scope[c.target] = Var(made, Pointer(Named(self._declared_error(single))), kind, "", value=value)
        self.scopes.append(scope)
        before = self.handler
        self.handler = made
        guard = self.cond(c.guard) if c.guard is not None else None
        body = self._clause_body(c)
        if guard is not None:
            # An error of the class for which the condition does not hold is like any other.
            handed = rest is None or rest.block is None or self._propagates(rest, name)
            other: list[ir.Stmt] = [ir.Raise(None)]
            if not handed and rest is not None:
                other = self._clause_body(rest)
            checked: list[ir.Stmt] = [ir.If(guard, body or [ir.Pass()], other, line=self.p.line(call))]
            body = checked
        self.handler = before
        self.scopes.pop()
        used = any(isinstance(n, ir.Name) and n.id == made for s in body for n in ir.walk(s))
        classes = c.classes if c.kind in ("is", "as") else []
        return ir.Handler(
            classes, made if used else "", body or [ir.Pass()], list(c.comments), line=self.p.line(call)
        )

    def _declared_error(self, name: str) -> str:
        return name if name in self.p.declared else f"foundation/errors.{name}"

    def _handler_name(self, label: str) -> str:
        taken = self.frame.names.get(label)
        if (taken is None or taken == ir.ERROR) and not any(
            v.ir_name == label and v.value is None and not v.known_nil
            for s in self.scopes
            for v in s.values()
        ):
            self.frame.names[label] = ir.ERROR
            return label
        return self.fresh_name(f"{label}_value" if len(label) < 3 else label, ir.ERROR)

    def _clause_body(self, c: Clause) -> list[ir.Stmt]:
        assert c.block is not None
        if c.items is not None:
            return self.statements(c.items)
        if c.block.type == "if_statement":
            self.scopes.append({})
            made = self.branch(c.block)
            self.scopes.pop()
            return made
        return self.block(c.block)

    def _propagates(self, c: Clause, name: str) -> bool:
        """True for `return zero, err` alone."""
        assert c.block is not None
        items = c.items if c.items is not None else self.items(c.block)
        if len(items) != 1 or items[0].node.type != "return_statement" or not self.frame.fails:
            return False
        lists = self.named(items[0].node)
        exprs = self.read_results(self.named(lists[0]) if lists else [])
        if not exprs or self.p.text(exprs[-1]) != name or len(exprs) != len(self.frame.results) + 1:
            return False
        return all(self._nothing(e) for e in exprs[:-1])

    def read_results(self, exprs: list[SyntaxNode]) -> list[SyntaxNode]:
        """What a return gives that somebody looks at."""
        if not self.frame.unread or len(exprs) != 2:
            return exprs
        plain = exprs[0].type in ("nil", "identifier", "true", "false") or exprs[0].type.endswith("literal")
        if not plain or exprs[0].type in ("composite_literal", "func_literal"):
            raise self.p.unsupported("a result that nobody looks at, but that is worked out", exprs[0])
        return exprs[1:]

    def _nothing(self, node: SyntaxNode) -> bool:
        """True for a result that says nothing beside an error."""
        return is_zero_node(self, node) or self.p.text(node) in self.failed or self._marks(node)

    def _marks(self, node: SyntaxNode) -> bool:
        """True for a literal that only says that there is no result, and that no caller in the file looks at."""
        text = self.p.text(node)
        if not re.fullmatch(r"-?\d+|\"[^\"]*\"|true", text):
            return False
        name = re.escape(self.frames[0].info.name)
        source = self.p.tree.text.decode("utf-8", "replace")
        return not re.search(rf"\b_\s*:?=[^\n]*\b{name}\(", source) and "\x00" not in text

    def raise_again(self, var: Var) -> ir.Stmt:
        """`return err` where the error is being handled."""
        if self.handler == var.ir_name:
            return ir.Raise(None)
        assert var.value is not None
        return ir.Raise(var.value)

    # Errors that are made

    def return_with_error(self, exprs: list[SyntaxNode], node: SyntaxNode) -> list[ir.Stmt]:
        """`return values, err`."""
        values, err = exprs[:-1], exprs[-1]
        if self.is_nil(err):
            return self.returned(values, node)
        var = self.lookup(self.p.text(err)) if err.type == "identifier" else None
        if var is not None and var.known_nil:
            return self.returned(values, node)
        if var is not None and var.value is None and isinstance(var.type, ir.OptionalT):
            at = ir.Name(var.ir_name, type=var.type)
            raised = ir.Raise(ir.Unwrap(at, type=ir.ERROR), line=self.p.line(node))
            if var.ir_name in self.narrowed:
                return [raised]
            test = ir.Intrinsic("is_some", [at], type=ir.BOOL)
            return [ir.If(test, [raised], [], line=self.p.line(node)), *self.returned(values, node)]
        if not all(self._nothing(v) for v in values):
            raise self.p.unsupported("a result beside an error", node)
        if var is not None and var.value is not None:
            return [self.raise_again(var)]
        if err.type == "call_expression" and not self.makes_error(err):
            v = self.expr(err)
            if not v.fails or v.go != VOID:
                raise self.p.unsupported("an error of this kind", err)
            return [ir.ExprStmt(v.expr, line=self.p.line(node)), *self.returned(values, node)]
        if self._joins(err):
            return self._joined(err, values, node)
        e, cause = self.error_value(err)
        return [*self._wraps_nothing(err, node), ir.Raise(e, cause, line=self.p.line(node))]

    def _joins(self, node: SyntaxNode) -> bool:
        """True for `errors.Join(...)`."""
        if node.type != "call_expression" or not self.makes_error(node):
            return False
        return self.p.text(self.child(node, "function")).endswith(".Join")

    def _joined(self, err: SyntaxNode, values: list[SyntaxNode], node: SyntaxNode) -> list[ir.Stmt]:
        """`return errors.Join(errs...)`: an error when the list has one."""
        args = self.named(self.child(err, "arguments"))
        if len(args) != 1 or args[0].type != "variadic_argument":
            raise self.p.unsupported("errors.Join of single errors", err)
        held = self.named(args[0])[0]
        v = self.expr(held)
        if v.expr.type != ir.ListT(ir.ERROR):
            raise self.p.unsupported("errors.Join of this", err)
        self.p.differ(
            "An error of errors.Join has the texts of all its errors, but is of none of their classes."
        )
        item = ir.Name(self.fresh_name("problem", ir.ERROR), type=ir.ERROR)
        told = ir.Intrinsic("error.message", [item], type=ir.STR)
        each = ir.Clause(ir.VarTarget(item.id, type=ir.ERROR), v.expr, [])
        texts = ir.Comp("list", told, [each], type=ir.ListT(ir.STR))
        message = ir.Intrinsic("str.join", [library.text("\n"), texts], type=ir.STR)
        raised = ir.Raise(self._runtime_error(message), line=self.p.line(node))
        at = node.parent
        while at is not None and at.type in ("statement_list", "block"):
            at = at.parent
        asked = (
            self.p.text(self.child(at, "condition")) if at is not None and at.type == "if_statement" else ""
        )
        if asked in (f"len({self.p.text(held)}) > 0", f"len({self.p.text(held)}) != 0"):
            return [raised]
        some = ir.Intrinsic("nonempty", [v.expr], type=ir.BOOL)
        return [ir.If(some, [raised], [], line=self.p.line(node)), *self.returned(values, node)]

    def _wraps_nothing(self, err: SyntaxNode, node: SyntaxNode) -> list[ir.Stmt]:
        """`fmt.Errorf("...%w", err)` of an error that may be nil makes an error of no class then."""
        if err.type != "call_expression" or not self.p.text(self.child(err, "function")).endswith("Errorf"):
            return []
        args = self.named(self.child(err, "arguments"))
        held = [self.lookup(self.p.text(a)) for a in args[1:] if a.type == "identifier"]
        var = next((v for v in held if v is not None and v.go == ERROR and v.value is None), None)
        if var is None or not isinstance(var.type, ir.OptionalT) or var.ir_name in self.narrowed:
            return []
        nothing = Var("", STRING, ir.STR, "", value=library.text("%!w(<nil>)"))
        name = next(self.p.text(a) for a in args[1:] if self.lookup(self.p.text(a)) is var)
        self.scopes.append({name: nothing})
        message = library.formatted(self, args, err)
        self.scopes.pop()
        self.narrowed.add(var.ir_name)
        absent = ir.Intrinsic("is_none", [ir.Name(var.ir_name, type=var.type)], type=ir.BOOL)
        return [ir.If(absent, [ir.Raise(self._runtime_error(message))], [], line=self.p.line(node))]

    def is_nil(self, node: SyntaxNode) -> bool:
        """True for nil and for an error variable that is known to hold none."""
        if node.type == "nil" or self._scanner_error(node):
            return True
        var = self.lookup(self.p.text(node)) if node.type == "identifier" else None
        return var is not None and var.known_nil

    def assign_error(self, var: Var, value: SyntaxNode) -> list[ir.Stmt]:
        """`err = value`, where value is not a call that fails."""
        if var.value is not None:
            raise self.p.unsupported("an assignment to an error that is being handled", value)
        if not var.ir_name:
            if not any(v is var for v in self.scopes[-1].values()):
                raise self.p.unsupported("an error variable that is set in an inner block", value)
            var.ir_name = self.fresh_name(
                self.p.text(value.parent or value)[:0] or "failure", ir.OptionalT(ir.ERROR)
            )
        var.known_nil = False
        self.narrowed.discard(var.ir_name)
        target = ir.VarTarget(var.ir_name, type=var.type)
        if value.type == "nil":
            return [ir.Assign(target, ir.Lit(None, type=var.type))]
        if value.type == "identifier":
            other = self.lookup(self.p.text(value))
            if other is not None:
                e = self.read(other).expr
                if e.type == ir.NONE:
                    return [ir.Assign(target, ir.Lit(None, type=var.type))]
                return [
                    ir.Assign(target, e if isinstance(e.type, ir.OptionalT) else ir.Wrap(e, type=var.type))
                ]
        e, cause = self.error_value(value)
        if cause is not None:
            raise self.p.unsupported("an error with a cause that is kept", value)
        self.narrowed.add(var.ir_name)
        return [ir.Assign(target, ir.Wrap(e, type=var.type))]

    def error_value(self, node: SyntaxNode) -> tuple[ir.Expr, ir.Expr | None]:
        """An error that is made in place, and what caused it."""
        while node.type == "parenthesized_expression":
            node = self.named(node)[0]
        if node.type == "call_expression" and self.makes_error(node):
            args = self.named(self.child(node, "arguments"))
            if self.p.text(self.child(node, "function")).endswith(".Exit"):
                return self.expr(node).expr, None
            if self._joins(node):
                raise self.p.unsupported("errors.Join of what may be empty, here", node)
            package, _, called = self.p.text(self.child(node, "function")).partition(".")
            if retries.is_permanent(self.p.path(package) or "", called):
                e, _ = self.error_value(args[0])
                return retries.permanent(self, e), None
            if self.p.text(self.child(node, "function")) == "fail":
                given = [("message", self.value(args[0]))]
                return ir.New("ValueError", given, type=ir.NamedT("ValueError")), None
            if self.p.text(self.child(node, "function")).endswith(".New"):
                return self._runtime_error(self.value(args[0])), None
            return self._errorf(args, node)
        if node.type == "unary_expression" and self.p.text(node).startswith("&"):
            made = self._runtime_literal(self.child(node, "operand"))
            if made is not None:
                return made
        v = self.expr(node)
        if isinstance(v.expr, ir.New):
            return v.expr, None
        e = v.expr
        if isinstance(e.type, ir.OptionalT):
            e = ir.Unwrap(e, type=e.type.elem)
        if e.type == ir.ERROR or isinstance(e.type, ir.NamedT):
            return e, None
        raise self.p.unsupported("an error of this kind", node)

    def _runtime_error(self, message: ir.Expr) -> ir.New:
        return ir.New("RuntimeError", [("message", message)], type=ir.NamedT("RuntimeError"))

    def _runtime_literal(self, literal: SyntaxNode) -> tuple[ir.Expr, ir.Expr | None] | None:
        """`&errors.ValidationError{Message: "..."}` of our runtime."""
        if literal.type != "composite_literal":
            return None
        package, _, name = self.p.text(self.child(literal, "type")).partition(".")
        if self.p.path(package) != "foundation/errors":
            return None
        if name not in MESSAGE_ERRORS:
            raise self.p.unsupported(f"a {name} that is made here", literal)
        message: ir.Expr = library.text("")
        cause: ir.Expr | None = None
        for item in self.named(self.child(literal, "body")):
            if item.type != "keyed_element":
                raise self.p.unsupported("an error without names for its fields", literal)
            key, value = self.p.text(self.child(item, "key")), self.child(item, "value")
            inner = self.named(value)[0] if value.type == "literal_element" else value
            if key == "Message":
                message = self.value(inner)
            elif key == "Cause":
                cause = self.value(inner)
        return ir.New(name, [("message", message)], type=ir.NamedT(name)), cause

    def _errorf(self, args: list[SyntaxNode], node: SyntaxNode) -> tuple[ir.Expr, ir.Expr | None]:
        """`fmt.Errorf(...)`: the class of what it wraps, under a new message."""
        message = library.formatted(self, args, node)
        pattern = go_string(self.p.text(args[0])) if args[0].type.endswith("string_literal") else ""
        verbs = [
            m[4] for m in re.finditer(r"%([-+# 0]*)(\d*)(?:\.(\d+))?([a-zA-Z%])", pattern) if m[4] != "%"
        ]
        wrapped = [a for a, v in zip(args[1:], verbs, strict=False) if v == "w"]
        shown = [a for a, v in zip(args[1:], verbs, strict=False) if v in "vs"]
        if len(wrapped) > 1:
            raise self.p.unsupported("an error that wraps two", node)
        cause: ir.Expr | None = None
        for a in shown:
            var = self.lookup(self.p.text(a)) if a.type == "identifier" else None
            if var is not None and var.go == ERROR and var.value is not None:
                cause = var.value
        if not wrapped:
            return self._runtime_error(message), None
        e, _ = self.error_value(wrapped[0])
        if isinstance(e, ir.New):
            sentinel = any(s.cls == e.cls for s in self.p.sentinels.values())
            if sentinel or e.cls in MESSAGE_ERRORS or e.cls == "RuntimeError":
                return ir.New(e.cls, [("message", message)], type=e.type), cause
            raise self.p.unsupported("an error with fields under another message", node)
        if isinstance(e.type, ir.NamedT):
            cls = e.type.name
            if any(s.cls == cls for s in self.p.sentinels.values()) or cls in MESSAGE_ERRORS:
                return ir.New(cls, [("message", message)], type=ir.NamedT(cls)), e
        return ir.Intrinsic("error.with_message", [e, message], type=ir.ERROR), None


def is_zero_node(low: ExpressionLowerer, node: SyntaxNode) -> bool:
    """True for the literal zero value of some type."""
    text = low.p.text(node)
    if node.type == "composite_literal":
        return not low.named(low.child(node, "body"))
    if text in ("0", '""', "nil", "false", "0.0", "``"):
        return True
    if node.type == "identifier":
        known = low.p.variables.get(text)
        return known is not None and known.constant and known.const in (0, "") and low.lookup(text) is None
    return False


def _gives(body: list[ir.Stmt], name: str) -> bool:
    """True when a handler assigns the variable before anything reads it."""
    for s in body:
        if isinstance(s, ir.Assign) and isinstance(s.target, ir.VarTarget) and s.target.id == name:
            return not any(isinstance(n, ir.Name) and n.id == name for n in ir.walk(s.value))
        if any(isinstance(n, ir.Name) and n.id == name for n in ir.walk(s)):
            return False
    return False


def _comment(out: list[ir.Stmt], comments: list[str]) -> None:
    """Comments of a check go to the handler that it became, else to the call."""
    for s in out:
        if isinstance(s, ir.Try) and s.handlers:
            if not any(c in h.comments for h in s.handlers for c in comments):
                s.handlers[0].comments[:0] = comments
            return


def ends(low: ExpressionLowerer, block: SyntaxNode, returns: bool = False) -> bool:
    """True when control does not leave a block at its end; with `returns` only by leaving the function."""
    if block.type == "if_statement":
        return _ends_statement(low, block, returns)
    nodes: list[SyntaxNode] = []
    for c in block.named_children:
        nodes.extend(c.named_children if c.type == "statement_list" else [c])
    nodes = [n for n in nodes if n.type != "comment"]
    return bool(nodes) and _ends_statement(low, nodes[-1], returns)


def _ends_statement(low: ExpressionLowerer, last: SyntaxNode, returns: bool) -> bool:
    if last.type == "return_statement":
        return True
    if last.type in ("break_statement", "continue_statement"):
        return not returns
    if last.type == "expression_statement":
        return low.p.text(last).startswith("panic(")
    if last.type == "if_statement":
        other = last.child_by_field_name("alternative")
        return (
            other is not None
            and ends(low, low.child(last, "consequence"), returns)
            and ends(low, other, returns)
        )
    if last.type == "block":
        return ends(low, last, returns)
    return False
