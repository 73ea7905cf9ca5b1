"""How often ports with a construct were right, as measured, and what that says of a port that nothing has run yet.

The table `precision.json` is made by `bench/port/experiment.py --verify --precision` from ports of the corpus whose
behaviour suites were run. For every target and every construct of the representation it counts the ports that contained
the construct and how many of them were right, and for every target how many PASSED verdicts hidden cases confirmed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from foundation_engine.port import ir

TABLE = Path(__file__).with_name("precision.json")
# The shape of a function says nothing about whether its port is right.
_PLAIN = (ir.Name, ir.Lit, ir.Param, ir.Return, ir.ExprStmt)


@dataclass(frozen=True, slots=True)
class Precision:
    """A port's confidence, 0 to 1, and the sentence that says what it rests on."""

    confidence: float
    basis: str


def constructs(module: ir.Module) -> set[str]:
    """The constructs of a module: node kinds, operations, patterns by form."""
    out: set[str] = set()
    for d in module.definitions:
        out |= constructs_of(d)
    return out


def constructs_of(root: ir.Node) -> set[str]:
    """The constructs of one definition."""
    out: set[str] = set()
    for n in ir.walk(root):
        match n:
            case ir.Intrinsic(op=op):
                out.add(f"op:{op}")
            case ir.PatternOp(pattern_id=pattern, op=op):
                out.add(f"pattern:{pattern}.{op}")
            case ir.PatternNew(pattern_id=pattern):
                out.add(f"pattern:{pattern}.new")
            case ir.PatternCall(pattern_id=pattern):
                out.add(f"pattern:{pattern}.block")
            case ir.Function():
                out.update(f"pattern:{p.pattern_id}.function" for p in n.patterns)
            case _ if not isinstance(n, (*_PLAIN, ir.Declined, ir.Hole)):
                out.add(f"node:{type(n).__name__}")
            case _:
                pass
    return out


@dataclass(frozen=True, slots=True)
class Measured:
    """One port of the evaluation: its target, its constructs, whether its suite agreed, and the verifier's verdict.

    `verdict` is "" where the verifier was not asked; `false_verdict` says that PASSED did not hold.
    """

    target: str
    constructs: Sequence[str]
    right: bool
    verdict: str = ""
    false_verdict: bool = False


def write_table(ports: Iterable[Measured]) -> None:
    """Count right ports by construct and target, and verdicts that held, and keep the counts."""
    table: dict[str, dict[str, Any]] = {}
    for p in ports:
        mine = table.setdefault(p.target, {"ports": [0, 0], "verdicts": [0, 0], "constructs": {}})
        _count(mine["ports"], p.right)
        if p.verdict == "passed":
            _count(mine["verdicts"], not p.false_verdict)
        for c in p.constructs:
            _count(mine["constructs"].setdefault(c, [0, 0]), p.right)
    for mine in table.values():
        mine["constructs"] = dict(sorted(mine["constructs"].items()))
    # One line a construct keeps later changes readable.
    text = json.dumps(dict(sorted(table.items())), indent=1)
    text = re.sub(r"\[\s+(\d+),\s+(\d+)\s+\]", r"[\1, \2]", text)
    TABLE.write_text(text + "\n", encoding="utf-8")
    _table.cache_clear()


def _count(counts: list[int], good: bool) -> None:
    counts[0] += good
    counts[1] += 1


@cache
def _table() -> Mapping[str, Any]:
    try:
        return json.loads(TABLE.read_text(encoding="utf-8"))
    except OSError:
        return {}


def precision(found: set[str], target: str) -> Precision | None:
    """What the measured precision of constructs says of a port to a language; None where nothing was measured.

    A construct's precision is the mean of a Beta distribution that begins as ten ports of the target's overall
    precision, so that a construct that was seldom seen is near the overall figure. A port's confidence is the least of
    its constructs': they are not independent, and a product would fall with the length of the port alone.
    """
    mine = _table().get(target)
    if mine is None or not mine["ports"][1]:
        return None
    right, seen = mine["ports"]
    overall = (right + 1) / (seen + 2)
    least, name, of = overall, "", seen
    for c in sorted(found):
        good, count = mine["constructs"].get(c, (0, 0))
        value = (good + 10 * overall) / (count + 10)
        if count and value < least:
            least, name, of = value, c, count
    if not name:
        return Precision(round(least, 3), f"not run; {right} of {seen} measured ports to {target} were right")
    good = mine["constructs"].get(name, (0, 0))[0]
    rest = f"not run; its least certain construct is {name}: {good} of {of} measured ports to {target} were right"
    return Precision(round(least, 3), rest)


def verified(target: str) -> Precision | None:
    """How far a PASSED verdict can be trusted: the share of those of the evaluation that hidden cases confirmed."""
    mine = _table().get(target)
    if mine is None or not mine["verdicts"][1]:
        return None
    held, seen = mine["verdicts"]
    return Precision(
        round((held + 1) / (seen + 2), 3),
        f"cases agreed; hidden cases confirmed {held} of {seen} such verdicts of ports to {target}",
    )
