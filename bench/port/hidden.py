"""The verdict on a port, and the hidden half of the cases, which shows whether a PASSED one holds.

The hidden half is what somebody else wrote about the source (tests, canonical data, a behaviour suite), calls near to
those, and calls generated from other seeds than the verifier's. The verifier sees none of it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from foundation_engine.port import lower
from foundation_engine.port.request import PortCandidate
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_engine.verify.cases import Plan, plans, variations

SEEDS = (7, 4242)
GENERATED = 40  # hidden calls of every function from every seed, and as many near to what somebody else wrote


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, how many cases it rests on, and how many of how many hidden cases differ where it is PASSED."""

    verdict: str
    detail: str
    cases: int
    seconds: float
    hidden: int = 0
    wrong: int = 0


def hidden_calls(candidate: PortCandidate, given: Sequence[Plan]) -> tuple[Plan, ...]:
    """The calls of the hidden half."""
    module = lower(candidate.request)
    assert module is not None
    names = {f.source_name for f in candidate.functions}
    near = variations(module, names, given, SEEDS[0], GENERATED)
    fresh = (p for seed in SEEDS for p in plans(module, names, seed, GENERATED))
    out: dict[str, Plan] = {}
    for p in (*given, *near, *fresh):
        out.setdefault(repr(p), p)
    return tuple(out.values())


def judged(candidate: PortCandidate, given: Sequence[Plan], seconds: float = 600.0) -> Judgement:
    """Ask for the verdict, in steps of at most so many seconds, and run the hidden half if it is PASSED."""
    started = time.monotonic()
    report = verify(candidate, VerifyOptions(use_cache=False, step_seconds=seconds))
    taken = round(time.monotonic() - started, 2)
    cases = sum(r.cases for r in report.results)
    if report.verdict is not Verdict.PASSED:
        worst = (f"{r.step}: {r.detail}" for r in report.results if r.verdict is not Verdict.PASSED)
        return Judgement(report.verdict.value, next(worst, "holes")[:600], cases, taken)
    options = VerifyOptions(
        use_cache=False, cases=1, plans=hidden_calls(candidate, given), step_seconds=seconds
    )
    second = verify(candidate, options)
    wrong = [r for r in second.results if r.disagreements]
    return Judgement(
        report.verdict.value,
        wrong[0].detail[:600] if wrong else "",
        cases,
        taken,
        sum(r.cases for r in second.results),
        sum(r.disagreements for r in wrong),
    )
