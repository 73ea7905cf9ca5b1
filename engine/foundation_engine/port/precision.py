"""How often ports with a construct were right, as measured, and what that says of a port that nothing has run yet.

The table `precision.json` is made by `bench/port/experiment.py --precision` from ports of the corpus whose behaviour
suites were run. For every construct of the representation it counts the ports that contained it and how many of them
were right.
"""

from __future__ import annotations

import json
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
    """The constructs of a module: node kinds, operations, patterns by form, kinds of types in signatures."""
    out: set[str] = set()
    for d in module.definitions:
        for n in ir.walk(d):
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
                case _ if not isinstance(n, _PLAIN):
                    out.add(f"node:{type(n).__name__}")
                case _:
                    pass
    return out


def write_table(ports: Iterable[tuple[Sequence[str], bool]]) -> None:
    """Count the constructs of ports that were run and keep the counts; each port says whether it was right."""
    counts: dict[str, list[int]] = {}
    total = [0, 0]
    for found, right in ports:
        total = [total[0] + right, total[1] + 1]
        for c in found:
            seen = counts.setdefault(c, [0, 0])
            seen[0] += right
            seen[1] += 1
    data = {"ports": total, "constructs": dict(sorted(counts.items()))}
    TABLE.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    _table.cache_clear()


@cache
def _table() -> Mapping[str, Any] | None:
    try:
        return json.loads(TABLE.read_text(encoding="utf-8"))
    except OSError:
        return None


def precision(module: ir.Module) -> Precision | None:
    """What the measured precision of its constructs says of a port of this module; None without a table.

    Every construct's precision is the mean of a Beta distribution that begins with ten ports of the overall precision,
    so that a construct that was seldom seen is near the overall figure. The port's confidence is the least of them: the
    constructs of one port are not independent, and a product would fall with the port's length alone.
    """
    table = _table()
    if table is None or not table["ports"][1]:
        return None
    right, seen = table["ports"]
    overall = (right + 1) / (seen + 2)
    least, name, of = overall, "", seen
    for c in sorted(constructs(module)):
        good, count = table["constructs"].get(c, (0, 0))
        value = (good + 10 * overall) / (count + 10)
        if value < least:
            least, name, of = value, c, count
    rest = f"least of its constructs: {name}, in {of} measured ports" if name else f"{seen} measured ports"
    return Precision(round(least, 3), rest)
