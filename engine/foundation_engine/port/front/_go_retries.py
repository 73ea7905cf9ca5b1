"""Retries of cenkalti/backoff and avast/retry-go as the spec's; what has no exact counterpart is declined or stated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.delays import growing
from foundation_engine.port.front._go_types import DURATION, INT, VOID, GoType
from foundation_engine.port.ir import Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.front._go_expr import ExpressionLowerer, V

_CENKALTI = re.compile(r"github\.com/cenkalti/backoff(?:/v(\d+))?$")
_AVAST = re.compile(r"github\.com/avast/retry-go(?:/v\d+)?$")
PERMANENT = "PermanentError"
_MAKERS = ("NewConstantBackOff", "WithMaxRetries", "WithContext")
_ELAPSED = "The port goes on for as many attempts as it has, where backoff.Retry also ends after {limit}."
_GROWS = "delays that grow by {factor:g}, not by 2 (backoff's default is 1.5): set Multiplier to 2"
_DOUBLED = (
    "Delays double before they are spread by {ratio} %, where the policy's grow by {factor:g}"
    " (Multiplier = 2 makes them alike)."
)
_MESSAGES = (
    "When every attempt failed, the last error is raised as it is, where retry-go's message lists them all."
)
_NO_JITTER = "Delays are not spread, where retry-go adds up to 100 ms to each at random."
_NEVER = "A programming error and an open circuit are never retried, whatever the list of errors says."


@dataclass
class Policy:
    """A variable that holds a policy of backoff: its kind, and the values of its fields."""

    kind: str
    fields: dict[str, SyntaxNode] = field(default_factory=dict[str, SyntaxNode])


@dataclass
class _Plan:
    """A policy as the spec has it."""

    strategy: str
    base: ir.Expr
    longest: ir.Expr | None = None
    ratio: float = 0.0
    retries: ir.Expr | None = None  # retries after the first attempt, where a policy limits them
    elapsed: str = ""
    factor: float = 1.0  # by which a delay grows


def version(path: str) -> int:
    """The major version of cenkalti/backoff that an import path means, 0 for another package."""
    m = _CENKALTI.match(path)
    return int(m[1] or 1) if m is not None else 0


def is_retry(path: str, name: str) -> bool:
    """True for the functions of the two libraries that run something again."""
    if version(path):
        return name in ("Retry", "RetryWithData")
    return _AVAST.match(path) is not None and name in ("Do", "DoWithData")


def is_permanent(path: str, name: str) -> bool:
    """True for the function that marks an error as one that is not retried."""
    return (version(path) > 0 and name == "Permanent") or (
        _AVAST.match(path) is not None and name == "Unrecoverable"
    )


def policy_of(low: ExpressionLowerer, node: SyntaxNode) -> Policy | None:
    """The policy that an expression makes, None for another expression."""
    at = node
    if at.type == "unary_expression" and low.p.text(at).startswith("&"):
        at = low.child(at, "operand")
    if at.type == "composite_literal":
        package, _, name = low.p.text(low.child(at, "type")).partition(".")
        if not version(low.p.path(package) or "") or name != "ExponentialBackOff":
            return None
        # A literal has the zero value where the constructor has a default.
        made = Policy("literal")
        for item in low.named(low.child(at, "body")):
            if item.type != "keyed_element":
                raise low.p.unsupported("a policy without names for its fields", item)
            value = low.child(item, "value")
            inner = low.named(value)[0] if value.type == "literal_element" else value
            made.fields[low.p.text(low.child(item, "key"))] = inner
        return made
    if at.type != "call_expression":
        return None
    package, _, name = low.p.text(low.child(at, "function")).partition(".")
    if not version(low.p.path(package) or ""):
        return None
    if name == "NewExponentialBackOff":
        if low.named(low.child(at, "arguments")):
            raise low.p.unsupported("a policy with options", node)
        return Policy("exponential")
    return Policy("made", {"": at}) if name in _MAKERS else None


def operation(low: ExpressionLowerer, name: str, literal: SyntaxNode, later: Sequence[SyntaxNode]) -> bool:
    """Whether `name := func() error {...}` is only there to be run again by one of the statements after it.

    It is then known under its name and lowered where it runs. What it mentions must mean the same there.
    """
    from foundation_engine.port.front._go_package import walk

    if low.named(low.child(literal, "parameters")):
        return False
    mentions = [
        n
        for n in walk(low.frame.body)
        if n.type in ("identifier", "field_identifier") and low.p.text(n) == name
    ]
    runs = [
        n
        for s in later
        for n in walk(s)
        if n.type == "call_expression"
        and name in [low.p.text(a) for a in low.named(low.child(n, "arguments"))[:2]]
    ]
    if len(mentions) != 2 or len(runs) != 1:
        return False
    package, _, called = low.p.text(low.child(runs[0], "function")).partition(".")
    if not is_retry(low.p.path(package) or "", called.partition("[")[0]):
        return False
    inside = {low.p.text(n) for n in walk(literal) if n.type == "identifier"} - set(_declared(low, literal))
    for s in later:
        if s.start_byte >= runs[0].start_byte or inside & set(_declared(low, s, runs[0].start_byte)):
            break
        if s.end_byte >= runs[0].end_byte:
            low.operations[name] = literal
            return True
    return False


def _declared(low: ExpressionLowerer, node: SyntaxNode, before: int = 2**63) -> Iterator[str]:
    """The names that are declared in a node, by declarations that end before a place."""
    from foundation_engine.port.front._go_package import walk

    for n in walk(node):
        if n.end_byte > before:
            continue
        if n.type in ("short_var_declaration", "range_clause"):
            left = n.child_by_field_name("left")
            yield from (low.p.text(x) for x in low.named(left)) if left is not None else ()
        elif n.type in ("var_spec", "const_spec", "parameter_declaration"):
            yield from (low.p.text(x) for x in n.children_by_field_name("name"))


def retried(low: ExpressionLowerer, path: str, args: list[SyntaxNode], node: SyntaxNode) -> V:
    """The call as a block under a retry; what it raises in the end is the last error itself."""
    from foundation_engine.port.front._go_expr import V
    from foundation_engine.port.front._go_package import walk

    args = [a for a in args if not low.is_context(a)]
    if not args:
        raise low.p.unsupported("a retry of nothing", node)
    given = _cenkalti(low, args[1:], version(path), node) if version(path) else _avast(low, args[1:], node)
    given["retryable"] = given.get("retryable") or _classes(["Exception"])
    run = low.operations.get(low.p.text(args[0]), args[0])
    # Of a function from elsewhere nobody knows here which errors it marks: any that the file marks.
    marked = any(_marks(low, n) for n in walk(run if run.type == "func_literal" else low.p.tree.root))
    given["non_retryable"] = _classes([PERMANENT] if marked else [])
    low.p.differ(_NEVER)
    body, values = low.closure_block(run)
    if len(values) > 1:
        raise low.p.unsupported("a retry around several results", node)
    go: GoType = values[0] if values else VOID
    made = ir.PatternCall(
        "retry_with_backoff", None, given, body, type=low.types.result(values), line=low.p.line(node)
    )
    low.last_errors[id(made)] = marked
    return V(made, go, True)


def _marks(low: ExpressionLowerer, node: SyntaxNode) -> bool:
    """True for `backoff.Permanent(err)` and `retry.Unrecoverable(err)`."""
    if node.type != "call_expression":
        return False
    package, _, name = low.p.text(low.child(node, "function")).partition(".")
    return is_permanent(low.p.path(package) or "", name)


def permanent(low: ExpressionLowerer, error: ir.Expr) -> ir.Expr:
    """An error that is not retried, around the error itself."""
    if PERMANENT in low.p.declared:
        raise Unsupported(f"a type called {PERMANENT} beside one that the port needs")
    low.p.marks_permanent = True
    return ir.New(PERMANENT, [("error", error)], type=ir.NamedT(PERMANENT))


def permanent_class() -> ir.ErrorClass:
    """The class of errors that are not retried; each holds the error that it is about."""
    held = ir.Name("error", type=ir.ERROR)
    message = ir.Intrinsic("error.message", [held], type=ir.STR)
    about = "An error that is not retried, around the error itself."
    fields = [ir.FieldDef("error", ir.ERROR)]
    return ir.ErrorClass(PERMANENT, "Exception", [ir.Param("error", ir.ERROR)], fields, message, about)


def _classes(names: list[str]) -> ir.Expr:
    return ir.ListLit([ir.Name(n, type=ir.ERROR) for n in names])


# cenkalti/backoff


def _cenkalti(
    low: ExpressionLowerer, options: list[SyntaxNode], major: int, node: SyntaxNode
) -> dict[str, ir.Expr]:
    attempts: ir.Expr | None = None
    plan: _Plan | None = None
    limit = ""
    if major >= 5:
        limit = "15 minutes"
        for o in options:
            called, values = _option(low, o)
            if called == "WithMaxTries":
                attempts = _count(low, values[0])
            elif called == "WithBackOff":
                plan = _policy(low, values[0], node)
            elif called == "WithMaxElapsedTime":
                limit = "" if low.p.text(values[0]) == "0" else low.p.text(values[0])
            else:
                raise low.p.unsupported(f"the option {called} of backoff.Retry", o)
    else:
        if len(options) != 1:
            raise low.p.unsupported("a retry with these arguments", node)
        plan = _policy(low, options[0], node)
        limit = plan.elapsed
        attempts = plan.retries
        if isinstance(attempts, ir.Lit):
            # Version 4 counts what comes after the first attempt.
            attempts = ir.Lit(attempts.value + 1, type=ir.INT)
    if attempts is None:
        raise low.p.unsupported("a retry without a greatest number of attempts", node)
    plan = plan or _exponential(low, Policy("exponential"), node)
    if limit:
        low.p.differ(_ELAPSED.format(limit=limit))
    if plan.factor not in (1.0, 2.0):
        _doubled(low, attempts, plan, node)
    return _parameters(attempts, plan)


def _doubled(low: ExpressionLowerer, attempts: ir.Expr, plan: _Plan, node: SyntaxNode) -> None:
    """State that delays double in the port, which is accepted where they are spread at random anyway."""
    known = [e.value for e in (attempts, plan.base, plan.longest) if isinstance(e, ir.Lit)]
    if not plan.ratio or plan.factor < 1.0 or len(known) < 3:
        raise low.p.unsupported(_GROWS.format(factor=plan.factor), node)
    tries, base, longest = known
    grown = [growing(base, f, longest, plan.ratio, tries) for f in (plan.factor, 2.0)]
    low.p.delays.append(ir.Delays(*grown))
    low.p.differ(_DOUBLED.format(factor=plan.factor, ratio=round(plan.ratio * 100)))


def _option(low: ExpressionLowerer, node: SyntaxNode) -> tuple[str, list[SyntaxNode]]:
    if node.type != "call_expression":
        raise low.p.unsupported("options of a retry that are not written in place", node)
    name = low.p.text(low.child(node, "function")).rpartition(".")[2]
    return name, low.named(low.child(node, "arguments"))


def _count(low: ExpressionLowerer, node: SyntaxNode) -> ir.Expr:
    """A number of attempts, which must be known, because none means without an end."""
    v = low.expr(node, INT)
    if not isinstance(v.const, int) or not 1 <= v.const <= 100:
        raise low.p.unsupported("a number of attempts that is not known to be from 1 to 100", node)
    return ir.Lit(v.const, type=ir.INT)


def _policy(low: ExpressionLowerer, node: SyntaxNode, call: SyntaxNode) -> _Plan:
    """A policy: a constructor, a variable that holds one, or one in a limit of retries or in a context."""
    if node.type == "identifier":
        held = low.policies.get(low.p.text(node))
        if held is None:
            raise low.p.unsupported("a policy that is made elsewhere", node)
        return _policy(low, held.fields[""], call) if held.kind == "made" else _exponential(low, held, node)
    made = policy_of(low, node)
    if made is not None and made.kind != "made":
        return _exponential(low, made, node)
    name, values = _option(low, node)
    if name == "NewConstantBackOff":
        return _Plan("fixed", low.value(values[0], DURATION))
    if name == "WithContext":
        return _policy(low, values[0], call)
    if name == "WithMaxRetries":
        plan = _policy(low, values[0], call)
        plan.retries = _count(low, values[1])
        return plan
    raise low.p.unsupported(f"the policy {name} of backoff", node)


def _exponential(low: ExpressionLowerer, made: Policy, node: SyntaxNode) -> _Plan:
    fresh = made.kind == "literal"
    defaults: Mapping[str, float] = (
        {"RandomizationFactor": 0.0, "Multiplier": 0.0}
        if fresh
        else {"RandomizationFactor": 0.5, "Multiplier": 1.5}
    )
    known = {"InitialInterval", "RandomizationFactor", "Multiplier", "MaxInterval", "MaxElapsedTime"}
    other = next((f for f in made.fields if f not in known), None)
    if other is not None:
        raise low.p.unsupported(f"the field {other} of a policy", node)

    def number(name: str) -> float:
        given = made.fields.get(name)
        if given is None:
            return defaults[name]
        const = low.expr(given).const
        if not isinstance(const, int | float):
            raise low.p.unsupported(f"a {name} that is computed", given)
        return float(const)

    def span(name: str, default: float) -> ir.Expr:
        given = made.fields.get(name)
        if given is not None:
            return low.value(given, DURATION)
        if fresh:
            raise low.p.unsupported(f"a policy without {name}", node)
        return ir.Lit(default, type=ir.FLOAT)

    factor, ratio = number("Multiplier"), number("RandomizationFactor")
    base, longest = span("InitialInterval", 0.5), span("MaxInterval", 60.0)
    given = made.fields.get("MaxElapsedTime")
    elapsed = "" if fresh else "15 minutes"
    if given is not None:
        elapsed = "" if low.p.text(given) == "0" else low.p.text(given)
    strategy = "fixed" if factor == 1.0 else "exponential"
    return _Plan(strategy, base, longest, ratio, elapsed=elapsed, factor=factor)


def _parameters(attempts: ir.Expr, plan: _Plan) -> dict[str, ir.Expr]:
    out: dict[str, ir.Expr] = {"max_attempts": attempts, "base_delay": plan.base}
    out["backoff_strategy"] = ir.Lit(plan.strategy, type=ir.STR)
    out["max_delay"] = plan.longest if plan.longest is not None else plan.base
    jitter = {"kind": "symmetric", "ratio": plan.ratio}
    out["jitter"] = ir.Lit(jitter, type=ir.ANY) if plan.ratio else ir.Lit(False, type=ir.BOOL)
    return out


# avast/retry-go


def _avast(low: ExpressionLowerer, options: list[SyntaxNode], node: SyntaxNode) -> dict[str, ir.Expr]:
    attempts: ir.Expr = ir.Lit(10, type=ir.INT)
    base: ir.Expr = ir.Lit(0.1, type=ir.FLOAT)
    longest: ir.Expr = ir.Lit(3600.0, type=ir.FLOAT)
    strategy, spread, last = "exponential", True, False
    chosen: dict[str, ir.Expr] = {}
    for o in options:
        called, values = _option(low, o)
        text = low.p.text(values[0]) if values else ""
        match called:
            case "Attempts":
                attempts = _count(low, values[0])
            case "Delay":
                base = low.value(values[0], DURATION)
            case "MaxDelay":
                longest = low.value(values[0], DURATION)
            case "DelayType":
                kind = text.rpartition(".")[2]
                if kind not in ("BackOffDelay", "FixedDelay"):
                    raise low.p.unsupported(f"delays by {text}", o)
                strategy, spread = "exponential" if kind == "BackOffDelay" else "fixed", False
            case "LastErrorOnly" if text == "true":
                last = True
            case "Context":
                continue
            case "RetryIf":
                chosen = _condition(low, values[0], o)
            case _:
                raise low.p.unsupported(f"the option {called} of retry-go", o)
    if strategy == "exponential":
        # The first delay is Delay in some versions of retry-go, and twice as long in others.
        raise low.p.unsupported("retry-go's delays that double, whose first one depends on its version", node)
    if spread:
        low.p.differ(_NO_JITTER)
    if not last:
        low.p.differ(_MESSAGES)
    return {**_parameters(attempts, _Plan(strategy, base, longest)), **chosen}


def _condition(low: ExpressionLowerer, node: SyntaxNode, option: SyntaxNode) -> dict[str, ir.Expr]:
    """`func(err error) bool { return errors.Is(err, ErrX) || ... }`."""
    from foundation_engine.port.front import _go_library as library
    from foundation_engine.port.front._go_package import walk

    body = low.p.text(low.child(node, "body")) if node.type == "func_literal" else ""
    test = r"errors\.Is\(\w+,\s*[\w.]+\)"
    if not re.fullmatch(rf"\{{\s*return\s+{test}(?:\s*\|\|\s*{test})*\s*\}}", body):
        raise low.p.unsupported("a condition of a retry of this kind", option)
    names: list[str] = []
    for call in (n for n in walk(node) if n.type == "call_expression"):
        cls = library.error_class(low, low.named(low.child(call, "arguments"))[1])
        if cls is None:
            raise low.p.unsupported("a condition of a retry of this kind", option)
        names.append(cls)
    return {"retryable": _classes(names)}


def raising_the_last(low: ExpressionLowerer, statements: list[ir.Stmt]) -> list[ir.Stmt]:
    """Statements whose retries raise the last error itself when every attempt failed."""
    out: list[ir.Stmt] = []
    for s in statements:
        value = s.value if isinstance(s, ir.Return | ir.ExprStmt | ir.Assign) else None
        if isinstance(s, ir.Try):
            s.body = raising_the_last(low, s.body)
        if value is None or id(value) not in low.last_errors:
            out.append(s)
            continue
        marked = low.last_errors.pop(id(value))
        name = low.fresh_name("exhausted", ir.ERROR)
        held = ir.Name(name, type=ir.NamedT("MaxRetriesExceeded"))
        cause = ir.Intrinsic("error.cause", [held], type=ir.ERROR)
        handlers = [ir.Handler(["MaxRetriesExceeded"], name, [ir.Raise(cause)], line=s.line)]
        if marked:
            label = low.fresh_name("permanent", ir.ERROR)
            inner = ir.Field(ir.Name(label, type=ir.NamedT(PERMANENT)), "error", type=ir.ERROR)
            handlers.append(ir.Handler([PERMANENT], label, [ir.Raise(inner)], line=s.line))
        made = ir.Try([s], handlers, [], [], line=s.line)
        made.comments, s.comments = s.comments, []
        out.append(made)
    return out


__all__ = [
    "PERMANENT",
    "Policy",
    "is_permanent",
    "is_retry",
    "permanent",
    "permanent_class",
    "policy_of",
    "raising_the_last",
    "retried",
    "version",
]
