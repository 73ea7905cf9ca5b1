"""Port modules that use the patterns, verify them against their sources, and look for verdicts that do not hold.

For every module and target: functions emitted without a hole, the verdict on recorded cases, and whether a second
set of cases, made from another seed, disagrees with a verdict that passed.

    python bench/port/patterns.py [--to go] [--json FILE]
"""

# ruff: noqa: E501 - the columns of the table stand in one line.
from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_engine.verify.targets import TARGETS
from foundation_specs.model import LanguageId

HERE = Path(__file__).parent
SOURCES = [
    *sorted((HERE / "sources").glob("*.py")),
    HERE.parents[1] / "examples" / "shop" / "python" / "orders.py",
]


def main() -> int:
    """Run and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", action="append", choices=[t.value for t in TARGETS])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    print(
        f"{'module':12} {'target':6} {'functions':>9} {'whole':>5} {'verdict':13} {'cases':>6} {'second':>7} {'wrong':>5} {'seconds':>7}"
    )
    for path in SOURCES:
        for name in options.to or [t.value for t in TARGETS]:
            started = time.monotonic()
            candidate = port(PortRequest(str(path), path.read_text(), LanguageId.PYTHON, LanguageId(name)))
            first = verify(candidate, VerifyOptions(use_cache=False))
            seconds = time.monotonic() - started
            second = verify(candidate, VerifyOptions(use_cache=False, seed=7, cases=1, differential=120))
            wrong = sum(r.disagreements for r in second.results)
            row = {
                "module": path.stem,
                "target": name,
                "functions": len(candidate.functions),
                "whole": sum(not f.holes for f in candidate.functions),
                "verdict": first.verdict.value,
                "cases": sum(r.cases for r in first.results),
                "second": sum(r.cases for r in second.results),
                "wrong": wrong,
                "false_verified": first.verdict is Verdict.PASSED and wrong > 0,
                "seconds": round(seconds, 1),
                "declines": [f"{h.line}: {h.reason} | {h.source}" for h in candidate.holes],
                "problems": [
                    f"{r.step}: {r.detail}" for r in first.results if r.verdict is not Verdict.PASSED
                ],
            }
            rows.append(row)
            print(
                f"{row['module']:12} {name:6} {row['functions']:9} {row['whole']:5} {row['verdict']:13} {row['cases']:6} "
                f"{row['second']:7} {wrong:5} {row['seconds']:7}"
            )
            for text in (*row["declines"], *row["problems"]):
                print(f"    {text[:400]}")
    functions = sum(r["functions"] for r in rows)
    print(
        f"whole functions {sum(r['whole'] for r in rows)}/{functions}, modules passed "
        f"{sum(r['verdict'] == 'passed' for r in rows)}/{len(rows)}, false verdicts {sum(r['false_verified'] for r in rows)}"
    )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
