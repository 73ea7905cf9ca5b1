"""Plant defects in ports: the kinds of mistake that a wrong emitter, or a careless hand, makes.

A defect is planted in the representation just before the target's code is written, so that the code is the correct port
but for that one place, in any language: another operator, a bound that is one off, another literal, a condition turned
round, a branch or a statement dropped, an error swallowed, another delay, and the confusions of languages (rounding of
division, bytes for code points, halves rounded away).
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from foundation_engine.port import ir, lower
from foundation_engine.port.engine import emit
from foundation_engine.port.request import PortCandidate, PortRequest

SWAPPED = {
    "lt": "le", "le": "lt", "gt": "ge", "ge": "gt", "eq": "ne", "ne": "eq",
    "int.add": "int.sub", "int.sub": "int.add", "int.mul": "int.add", "float.add": "float.sub",
    "float.sub": "float.add", "float.mul": "float.div", "int.floordiv": "int.truncdiv", "int.mod": "int.rem",
    "str.len": "str.byte_len", "str.upper": "str.lower", "str.lower": "str.upper", "str.strip": "str.lstrip",
    "str.find": "str.rfind", "str.startswith": "str.endswith", "str.endswith": "str.startswith",
    "max": "min", "min": "max", "any": "all", "all": "any", "set.union": "set.intersection",
    "set.intersection": "set.union", "float.round": "float.round_away", "set.add": "set.discard",
    "float.floor": "float.ceil", "float.ceil": "float.floor",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """A port with one planted defect: what it is, and the source line that it stands for."""

    what: str
    line: int
    candidate: PortCandidate


@dataclass(frozen=True, slots=True)
class Site:
    """A place where a defect can be planted."""

    what: str
    line: int
    plant: Callable[[], None]


def mutants(request: PortRequest, correct: PortCandidate, count: int) -> list[Mutant]:
    """At most `count` ports that differ from the correct one in one place, drawn by the request's own text."""
    draw = random.Random(f"{request.path}:{request.line}:{request.target}")
    module = lower(request)
    assert module is not None
    order = list(range(len(list(sites(module)))))
    draw.shuffle(order)
    out: list[Mutant] = []
    for at in order:
        if len(out) == count:
            break
        # Writing a module changes it, so each defect gets a new one.
        module = lower(request)
        assert module is not None
        site = list(sites(module))[at]
        site.plant()
        try:
            candidate = emit(request, module)
        except (ir.Unsupported, KeyError, ValueError, AssertionError, AttributeError, IndexError):
            # No front end makes such a module, so that an emitter need not write it.
            continue
        if candidate.holes or [f.text for f in candidate.files] == [f.text for f in correct.files]:
            continue
        # What the verifier takes cases from is the source, which has no defect.
        out.append(Mutant(site.what, site.line, dataclasses.replace(candidate, module=correct.module)))
    return out


def sites(module: ir.Module) -> Iterator[Site]:
    """Every place of a module where a defect can be planted, in a fixed order."""
    for d in module.definitions:
        if isinstance(d, ir.Function | ir.Class | ir.Constant):
            unseen = _unseen(d)
            yield from (s for n, line in _with_lines(d, d.line) for s in _sites_of(n, line, unseen))


def _with_lines(node: ir.Node, line: int) -> Iterator[tuple[ir.Node, int]]:
    """Every node with the line of the innermost node around it that has one."""
    at = node.line or line
    yield node, at
    for child in ir.children(node):
        yield from _with_lines(child, at)


def _unseen(d: ir.Node) -> set[int]:
    """Nodes whose value no case compares: what is logged, and the wording of errors."""
    out: set[int] = set()
    for n in ir.walk(d):
        match n:
            case (
                ir.PatternOp(pattern_id="structured_logging")
                | ir.Raise()
                | ir.PatternNew(pattern_id="structured_logging")
            ):
                out.update(id(x) for x in ir.walk(n) if x is not n)
            case _:
                pass
    return out


def _sites_of(n: ir.Node, line: int, unseen: set[int]) -> Iterator[Site]:
    if id(n) in unseen:
        return

    def changed(what: str, name: str, value: Any) -> Site:
        return Site(what, line, lambda: setattr(n, name, value))

    match n:
        case ir.AugAssign(op=op) if SWAPPED.get(op) not in ir.IN_PLACE:
            pass
        case ir.Intrinsic(op=op) | ir.AugAssign(op=op) if op in SWAPPED:
            yield changed(f"{op} becomes {SWAPPED[op]}", "op", SWAPPED[op])
        case ir.Lit(value=bool(v)):
            yield changed(f"{v} becomes {not v}", "value", not v)
        case ir.Lit(value=int(v)):
            yield changed(f"{v} becomes {v + 1}", "value", v + 1)
            if v > 0:
                yield changed(f"{v} becomes {v - 1}", "value", v - 1)
        case ir.Lit(value=float(v)):
            yield changed(f"{v} becomes {v * 2 + 0.5}", "value", v * 2 + 0.5)
        case ir.Lit(value=str(v)) if v and n.type == ir.STR:
            yield changed(f"{v!r} becomes {v[:-1]!r}", "value", v[:-1])
        case ir.Cond(test=test):
            yield changed("a condition is turned round", "test", ir.Not(test, type=ir.BOOL))
        case ir.Bool(op=op):
            other = "or" if op == "and" else "and"
            yield changed(f"{op} becomes {other}", "op", other)
        case ir.If(test=test, body=body, orelse=orelse):
            yield changed("a condition is turned round", "test", ir.Not(test, type=ir.BOOL))
            yield changed("a branch is dropped", "body", [ir.Pass()])
            if orelse:
                yield changed("an else is dropped", "orelse", [])
            elif len(body) == 1:
                yield changed("a test is dropped", "test", ir.Lit(value=True, type=ir.BOOL))
        case ir.ForRange(start=start, stop=stop):
            one = ir.Lit(value=1, type=ir.INT)
            yield changed(
                "a range begins one later", "start", ir.Intrinsic("int.add", [start, one], type=ir.INT)
            )
            yield changed(
                "a range ends one earlier", "stop", ir.Intrinsic("int.sub", [stop, one], type=ir.INT)
            )
        case ir.Handler(classes=classes, body=body):
            if classes and classes != ["Exception"]:
                yield changed("a handler takes every error", "classes", ["Exception"])
            if any(isinstance(s, ir.Raise) for s in body):
                yield changed(
                    "an error is swallowed",
                    "body",
                    [ir.Pass() if isinstance(s, ir.Raise) else s for s in body],
                )
        case ir.Comp(clauses=clauses) if any(c.conds for c in clauses):
            yield Site(
                "a filter is dropped", line, lambda: [setattr(c, "conds", []) for c in clauses] and None
            )
        case _:
            pass
    for name in ("body", "orelse", "final"):
        block = getattr(n, name, None)
        if isinstance(block, list):
            for i, s in enumerate(block):
                if isinstance(s, ir.ExprStmt | ir.AugAssign | ir.Continue) and not _logs(s):
                    left = [ir.Pass() if j == i else x for j, x in enumerate(block)]
                    yield changed(f"a {type(s).__name__} is dropped", name, left)


def _logs(s: ir.Stmt) -> bool:
    return (
        isinstance(s, ir.ExprStmt)
        and isinstance(s.value, ir.PatternOp)
        and s.value.pattern_id == "structured_logging"
    )
