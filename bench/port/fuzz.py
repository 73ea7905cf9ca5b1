"""Port sampled programs to every target and look for answers that differ from the source's.

    python bench/port/fuzz.py [--seconds 60] [--seed 1] [--to go] [--keep DIR]

A batch is one module of sampled functions (`sampler.py`), run as Python and ported to each target; every port that is
emitted is compiled and run on the same generated arguments. What declines to be ported is counted and not compared.
A disagreement, or a port that does not compile, is written to DIR with its source; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sampler
from foundation_engine.port import lower, port
from foundation_engine.port.engine import emit
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, VerifyReport, verify
from foundation_engine.verify.targets import TARGETS
from foundation_specs.model import LanguageId


@dataclass
class Tally:
    """What was seen for one target."""

    functions: int = 0
    whole: int = 0
    cases: int = 0
    disagreements: int = 0
    broken: int = 0
    inconclusive: int = 0
    declined: collections.Counter[str] = field(default_factory=collections.Counter[str])


def main() -> int:
    """Run and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--functions", type=int, default=12, help="in one module (default: 12)")
    parser.add_argument("--cases", type=int, default=40, help="per function (default: 40)")
    parser.add_argument("--to", action="append", choices=[t.value for t in TARGETS])
    parser.add_argument(
        "--keep", type=Path, help="where disagreements are written (default: they are printed)"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    targets = [LanguageId(t) for t in options.to] if options.to else list(TARGETS)
    tallies = {t: Tally() for t in targets}
    end = time.monotonic() + options.seconds
    seed, batches = options.seed, 0
    while time.monotonic() < end:
        text = sampler.module(seed, options.functions)
        for target in targets:
            _one(text, seed, target, options, tallies[target])
        seed += 1
        batches += 1
    rows = {
        str(t): {
            "functions": y.functions, "whole": y.whole, "cases": y.cases, "disagreements": y.disagreements,
            "broken": y.broken, "inconclusive": y.inconclusive, "declined": dict(y.declined.most_common(15)),
        }
        for t, y in tallies.items()
    }  # fmt: skip
    _table(rows, batches, options)
    if options.json:
        options.json.write_text(
            json.dumps({"batches": batches, "seed": options.seed, "targets": rows}, indent=1) + "\n"
        )
    return 1 if any(y.disagreements or y.broken for y in tallies.values()) else 0


def _one(text: str, seed: int, target: LanguageId, options: argparse.Namespace, tally: Tally) -> None:
    request = PortRequest(f"sampled_{seed}.py", text, LanguageId.PYTHON, target)
    if target is LanguageId.PYTHON:
        # Through the representation and back: what Python becomes when it is written again.
        module = lower(request)
        assert module is not None
        candidate = emit(request, module)
    else:
        candidate = port(request)
    tally.functions += len(candidate.functions)
    tally.whole += sum(not f.holes for f in candidate.functions)
    tally.declined.update(h.reason for h in candidate.holes)
    report = verify(
        candidate, VerifyOptions(cases=1, differential=options.cases - 1, use_cache=False, seed=seed)
    )
    tally.cases += sum(r.cases for r in report.results)
    bad = [r for r in report.results if r.verdict is Verdict.FAILED]
    tally.disagreements += sum(r.disagreements for r in bad)
    tally.broken += any(not r.disagreements for r in bad)
    tally.inconclusive += any(
        r.verdict is Verdict.INCONCLUSIVE and r.step in ("compile", "vet", "cases", "differential")
        for r in report.results
    )
    if bad:
        _keep(text, seed, target, candidate, report, options.keep)


def _keep(
    text: str,
    seed: int,
    target: LanguageId,
    candidate: PortCandidate,
    report: VerifyReport,
    folder: Path | None,
) -> None:
    details = "\n".join(f"{r.step}: {r.detail}" for r in report.results if r.verdict is Verdict.FAILED)
    print(f"seed {seed} to {target}:\n{details}\n", flush=True)
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{seed}-{target}"
    (folder / f"{name}.py").write_text(text)
    ported = "\n".join(f.text for f in candidate.files if f.role == "source")
    (folder / f"{name}.txt").write_text(f"{details}\n\n{ported}")
    named = sorted(set(re.findall(r"\bf(\d+)[_/]", details.lower())), key=int)
    (folder / f"{name}.functions").write_text(" ".join(f"f{n}" for n in named) + "\n")


def _table(rows: dict[str, dict[str, Any]], batches: int, options: argparse.Namespace) -> None:
    print(f"{batches} modules of {options.functions} functions from seed {options.seed}")
    print(
        f"{'target':8} {'functions':>9} {'whole':>7} {'cases':>8} {'disagree':>8} {'broken':>6} {'unclear':>7}"
    )
    for target, row in rows.items():
        print(
            f"{target:8} {row['functions']:9d} {row['whole']:7d} {row['cases']:8d} {row['disagreements']:8d} "
            f"{row['broken']:6d} {row['inconclusive']:7d}"
        )
        for reason, count in list(row["declined"].items())[:6]:
            print(f"    {count:6d}  {reason}")


if __name__ == "__main__":
    sys.exit(main())
