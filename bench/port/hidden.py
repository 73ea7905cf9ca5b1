"""The verdict on a port, and the hidden half of the cases, which shows whether a PASSED one holds.

The hidden half is what somebody else wrote about the source (tests, canonical data, a behaviour suite), calls near to
those, and calls generated from other seeds than the verifier's. The verifier sees none of it.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from foundation_engine.port import lower
from foundation_engine.port.request import PortCandidate
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_engine.verify.cases import Plan, plans, variations
from foundation_engine.verify.targets import TARGETS
from tables import ROOT

ENGINE = ROOT / "engine" / "foundation_engine"
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


@functools.cache
def machinery(source: str, target: str) -> str:
    """A digest of what verdicts rest on: the verifier, the source's recorder, what writes the target's tests."""
    parts = [ENGINE / "port" / "emit" / f"{target}_tests.py"]
    for path in (ENGINE / "verify").iterdir():
        of = re.match(r"record_(\w+)\.", path.name)
        compiled = of is not None and of[1] == "compiled" and source in ("go", "rust")
        support = path.name == f"record_support.{source}.txt"
        if path.is_file() and (of is None or of[1] in (source, "world") or compiled or support):
            parts.append(path)
    h = hashlib.sha256()
    for path in sorted(parts):
        h.update(path.read_bytes())
    return h.hexdigest()


class Judgements:
    """Judgements by content, on disk: what did not change is not asked again."""

    def __init__(self, *, fresh: bool = False) -> None:
        self.fresh = fresh
        self.folder = ROOT / ".cache" / "verdicts"
        self.folder.mkdir(parents=True, exist_ok=True)

    def known(self, candidate: PortCandidate, given: Sequence[Plan], what: str = "") -> Judgement | None:
        """The judgement on a port, of which `what` is a planted defect, where it is known."""
        path = self.folder / f"{self._key(candidate, given, what)}.json"
        if self.fresh or not path.exists():
            return None
        names = {f.name for f in dataclasses.fields(Judgement)}
        return Judgement(**{k: v for k, v in json.loads(path.read_text()).items() if k in names})

    def of(
        self, candidate: PortCandidate, given: Sequence[Plan], what: str = "", seconds: float = 600.0
    ) -> Judgement:
        """The judgement on a port, made and kept where it is not known; see `judged`."""
        found = self.known(candidate, given, what)
        if found is None:
            found = judged(candidate, given, seconds)
            path = self.folder / f"{self._key(candidate, given, what)}.json"
            path.write_text(json.dumps(dataclasses.asdict(found)))
        return found

    def _key(self, candidate: PortCandidate, given: Sequence[Plan], what: str) -> str:
        request = candidate.request
        h = hashlib.sha256()
        for part in (
            machinery(request.source.value, request.target.value),
            TARGETS[request.target].version(),
            request.text,
            repr(tuple(given)),
            *(f.path + "\0" + f.text for f in candidate.files),
            what,
        ):
            h.update(part.encode() + b"\0")
        return h.hexdigest()
