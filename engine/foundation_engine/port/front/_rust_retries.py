"""Retries of backon and tokio-retry as the spec's; what has no exact counterpart is declined or stated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front import _rust_types as rt
from foundation_engine.port.front._rust_body import V, lit, number, op, text_lit
from foundation_engine.port.front._rust_scope import code_children
from foundation_engine.port.front._rust_types import resolve, to_ir

if TYPE_CHECKING:
    from foundation_engine.port.front._rust_patterns import Patterns

_NEVER = "A programming error and an open circuit are never retried, whatever the list of errors says."
_BUILDERS = ("ExponentialBuilder", "ConstantBuilder")
_STRATEGIES = ("ExponentialBackoff", "FixedInterval")
_AFTER = frozenset({"when", "call", "sleep", "notify", "await"})


@dataclass
class _Plan:
    """A policy as the spec has it; delays in seconds."""

    strategy: str
    base: float
    longest: float
    retries: int | None
    jitter: ir.Expr


def _links(body: Patterns, node: SyntaxNode) -> tuple[SyntaxNode, list[tuple[str, list[SyntaxNode]]]]:
    """What a chain of methods begins with, and its methods with their arguments in order."""
    out: list[tuple[str, list[SyntaxNode]]] = []
    at = node
    while at.type == "call_expression":
        head = at.child_by_field_name("function")
        if head is None or head.type != "field_expression":
            break
        value, name = head.child_by_field_name("value"), head.child_by_field_name("field")
        if value is None or name is None:
            break
        out.append((body.src(name), body.arguments(at)))
        at = value
    return at, out[::-1]


def _from(body: Patterns, name: str, crate: str) -> bool:
    return body.scope.full(name.partition("::")[0]).partition("::")[0] in (crate, crate.replace("-", "_"))


def is_plan(body: Patterns, node: SyntaxNode) -> bool:
    """True for an expression that makes a policy of one of the two libraries."""
    base, _ = _links(body, node)
    head = base.child_by_field_name("function") if base.type == "call_expression" else None
    text = body.src(head).partition("::<")[0] if head is not None else ""
    name = text.rpartition("::")[0].rpartition("::")[2]
    return (name in _BUILDERS and _from(body, name, "backon")) or (
        name in _STRATEGIES and _from(body, name, "tokio_retry")
    )


def retried(body: Patterns, node: SyntaxNode) -> V | None:
    """A call that retries with one of the two libraries, None for another call."""
    base, links = _links(body, node)
    if links and links[0][0] == "retry" and all(n in _AFTER for n, _ in links[1:]):
        if not any(p.partition("::")[0] == "backon" for p in body.scope.uses.values()):
            return None
        plan = _backon(body, links[0][1][0])
        classes: list[str] = []
        for name, args in links[1:]:
            if name in ("sleep", "notify"):
                raise body.fail(f"the method {name} of backon", node)
            if name == "when":
                classes = _classes(body, args[0], node)
        inner = base
        while inner.type == "parenthesized_expression":
            inner = code_children(inner)[0]
        return _run(body, plan, inner, classes, node)
    head = base.child_by_field_name("function") if base.type == "call_expression" and not links else None
    text = body.src(head) if head is not None else ""
    if text in ("Retry::spawn", "RetryIf::spawn", "tokio_retry::Retry::spawn") and (
        text.startswith("tokio_retry") or _from(body, text, "tokio_retry")
    ):
        args = body.arguments(base)
        plan = _tokio(body, args[0])
        classes = _classes(body, args[2], node) if text.startswith("RetryIf") else []
        return _run(body, plan, args[1], classes, node)
    return None


def _run(body: Patterns, plan: _Plan, operation: SyntaxNode, classes: list[str], node: SyntaxNode) -> V:
    if plan.retries is None:
        raise body.fail("a retry without a greatest number of attempts", node)
    if not body.hoistable:
        raise body.fail("a retry inside an expression", node)
    body.scope.differ(_NEVER)
    names: list[ir.Expr] = [ir.Name(c, type=ir.ERROR) for c in classes or ["Exception"]]
    given: dict[str, ir.Expr] = {
        "max_attempts": number(plan.retries + 1),
        "base_delay": lit(plan.base, ir.FLOAT),
        "backoff_strategy": text_lit(plan.strategy),
        "max_delay": lit(plan.longest, ir.FLOAT),
        "jitter": plan.jitter,
        "retryable": ir.ListLit(names),
        "non_retryable": ir.ListLit([]),
    }
    made = body.block_under("retry_with_backoff", given, operation, node)
    t = resolve(made.t)
    if not isinstance(t, rt.Res):
        raise body.fail("a retry of something that does not fail", node)
    kind = to_ir(t.ok)
    line = body.scope.line(node)
    stored = body.fresh("value", t.ok)
    first: ir.Stmt = ir.ExprStmt(made.e, line=line)
    if kind != ir.NONE:
        first = ir.Assign(ir.VarTarget(stored, type=made.e.type), made.e, line=line)
    caught = body.fresh("exhausted", rt.Err("foundation"))
    held = ir.Name(caught, type=ir.NamedT("MaxRetriesExceeded"))
    cause = op("error.cause", [held], ir.ERROR)
    # Both libraries give the last error as it is when every attempt failed.
    handler = ir.Handler(["MaxRetriesExceeded"], caught, [ir.Raise(cause)], line=line)
    body.emit(ir.Try([first], [handler], [], [], line=line), node)
    value: ir.Expr = lit(None, ir.NONE) if kind == ir.NONE else ir.Name(stored, type=made.e.type)
    return V(value, t)


def _classes(body: Patterns, node: SyntaxNode, at: SyntaxNode) -> list[str]:
    """`|e| matches!(e, E::A(_) | E::B)` as the classes of the variants; empty for every error."""
    text = re.sub(r"\s+", " ", body.src(node))
    if re.fullmatch(r"\|\s*_\w*\s*(?::[^|]*)?\| true", text):
        return []
    m = re.fullmatch(r"\|\s*(\w+)\s*(?::[^|]*)?\| matches!\(\s*\*?(\w+)\s*,(.*)\)", text)
    if m is None or m[1] != m[2] or " if " in m[3]:
        raise body.fail("a condition of a retry of this kind", at)
    out: list[str] = []
    for part in m[3].split("|"):
        variant = re.match(r"\s*(\w+)::(\w+)\s*(?:\(.*\)|\{.*\})?\s*,?\s*$", part)
        enum = body.scope.enums.get(variant[1]) if variant is not None else None
        if variant is None or enum is None or enum.kind != "error" or variant[2] not in enum.variants:
            raise body.fail("a condition of a retry of this kind", at)
        found = enum.variants[variant[2]]
        if found.transparent:
            raise body.fail("a condition of a retry on an error that holds another", at)
        out.append(found.error)
    return out


def _resolved(body: Patterns, node: SyntaxNode) -> SyntaxNode:
    """A policy itself, where it stands in a variable or in parentheses."""
    while node.type in ("reference_expression", "parenthesized_expression"):
        node = code_children(node)[-1]
    base, links = _links(body, node)
    if base.type == "identifier" and body.src(base) in body.plans:
        if any(n != "clone" for n, _ in links):
            raise body.fail("a policy that is changed where it is used", node)
        return body.plans[body.src(base)]
    return node


def _number(body: Patterns, node: SyntaxNode, want: rt.RType) -> float:
    v = body.x(node, want)
    if not isinstance(v.e, ir.Lit) or not isinstance(v.e.value, int | float):
        raise body.fail("a policy of retries that is computed", node)
    return float(v.e.value)


def _builder(
    body: Patterns, node: SyntaxNode
) -> tuple[str, str, list[SyntaxNode], list[tuple[str, list[SyntaxNode]]]]:
    """Type, constructor, its arguments, and the methods of a policy."""
    base, links = _links(body, _resolved(body, node))
    head = base.child_by_field_name("function") if base.type == "call_expression" else None
    owner, _, made = (body.src(head) if head is not None else "").rpartition("::")
    if head is None:
        raise body.fail("a policy of retries that is made elsewhere", node)
    return owner.rpartition("::")[2], made, body.arguments(base), links


def _backon(body: Patterns, node: SyntaxNode) -> _Plan:
    owner, made, _, links = _builder(body, node)
    if owner not in _BUILDERS or made not in ("default", "new"):
        raise body.fail(f"the policy {owner} of backon", node)
    constant = owner == "ConstantBuilder"
    plan = _Plan("fixed" if constant else "exponential", 1.0, 60.0, 3, lit(False, ir.BOOL))
    spread = False
    for name, args in links:
        match name:
            case "with_min_delay" if not constant:
                plan.base = _number(body, args[0], rt.DURATION)
            case "with_delay" if constant:
                plan.base = _number(body, args[0], rt.DURATION)
            case "with_max_delay" if not constant:
                plan.longest = _number(body, args[0], rt.DURATION)
            case "with_max_times":
                plan.retries = int(_number(body, args[0], rt.USIZE))
            case "with_factor" if not constant and _number(body, args[0], rt.FLOAT) in (1.0, 2.0):
                plan.strategy = "fixed" if _number(body, args[0], rt.FLOAT) == 1.0 else "exponential"
            case "with_jitter":
                spread = True
            case _:
                raise body.fail(f"the method {name} of a policy of backon", node)
    if constant:
        plan.longest = plan.base
    if spread:
        # A delay is once to twice itself: half as long again, and a third more or less than that.
        plan.base, plan.longest = plan.base * 1.5, plan.longest * 1.5
        plan.jitter = lit({"kind": "symmetric", "ratio": 1 / 3}, ir.ANY)
    return plan


def _tokio(body: Patterns, node: SyntaxNode) -> _Plan:
    owner, made, given, links = _builder(body, node)
    plan = _Plan("fixed", 0.0, 3600.0, None, lit(False, ir.BOOL))
    growth = 0.0
    if owner == "FixedInterval" and made in ("from_millis", "new"):
        unit = 1000.0 if made == "from_millis" else 1.0
        plan.base = _number(body, given[0], rt.U64 if made == "from_millis" else rt.DURATION) / unit
    elif owner == "ExponentialBackoff" and made == "from_millis":
        # The number is what delays are multiplied by, and the first delay in milliseconds.
        growth = _number(body, given[0], rt.U64)
        plan.strategy, plan.base = "exponential", growth / 1000.0
    else:
        raise body.fail(f"the policy {owner} of tokio-retry", node)
    for name, args in links:
        match name:
            case "factor" if growth:
                plan.base *= _number(body, args[0], rt.U64)
            case "max_delay" if growth:
                plan.longest = _number(body, args[0], rt.DURATION)
            case "map" if body.src(args[0]).rpartition("::")[2] == "jitter":
                plan.jitter = lit({"kind": "full", "ratio": None}, ir.ANY)
            case "take":
                plan.retries = int(_number(body, args[0], rt.USIZE))
            case _:
                raise body.fail(f"the method {name} of a policy of tokio-retry", node)
    if growth not in (0.0, 2.0):
        raise body.fail(f"delays that grow by {growth:g}, not by 2", node)
    return plan


__all__ = ["is_plan", "retried"]
