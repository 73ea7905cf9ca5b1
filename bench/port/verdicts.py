"""Ask for the verdict on many ports and look for PASSED verdicts that do not hold.

A verdict is false when it is PASSED and a hidden half of the cases disagrees: cases that somebody else wrote (the
tests of HumanEval, the canonical data of Exercism, the behaviour suites of the corpus), the same with their arguments
changed a little, and generated cases from other seeds. The verifier sees none of them. Defects are also planted in the
ports (`mutants.py`): a mutant that gets a PASSED verdict and differs on the hidden half is a verdict that missed a
defect.

    python bench/port/verdicts.py [--humaneval PATH] [--exercism FOLDER] [--corpus] [--mutants 3]
                                  [--from python] [--to go] [--only NAME] [--json FILE]

PATH is a checkout of MultiPL-E, FOLDER holds those of Exercism (see `humaneval.py` and `exercism.py`); nothing of them
is part of this repository. Results are kept by content, so a stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import math
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import exercism
import experiment
import humaneval
from foundation_engine.port import PortError, lower, port
from foundation_engine.port.request import PortRequest
from foundation_engine.verify.cases import Plan
from foundation_specs.model import LanguageId
from hidden import Judgements
from mutants import mutants
from tables import made_by, share


@dataclass
class Row:
    """One port, or one mutant of it, with its verdict and whether it held."""

    kind: str
    name: str
    source: str
    target: str
    mutant: str = ""
    line: int = 0
    verdict: str = ""
    detail: str = ""
    cases: int = 0
    hidden: int = 0
    wrong: int = 0
    seconds: float = 0.0

    @property
    def false(self) -> bool:
        """A PASSED verdict that the hidden half contradicts."""
        return self.verdict == "passed" and self.wrong > 0


@dataclass(frozen=True, slots=True)
class Subject:
    """A port to judge: the request, and calls that somebody else wrote."""

    kind: str
    name: str
    request: PortRequest
    given: Sequence[Plan] = field(default=())


# Verdicts


def rows_of(subject: Subject, judgements: Judgements, options: argparse.Namespace) -> Iterator[Row]:
    """The row of a port that is whole, and those of its mutants."""
    request = subject.request
    try:
        candidate = port(request)
    except PortError:
        return
    if candidate.holes or not any(not f.holes for f in candidate.functions):
        return
    direction = (subject.kind, subject.name, request.source.value, request.target.value)
    found = judgements.of(candidate, subject.given)
    yield Row(*direction, **dataclasses.asdict(found))
    if found.verdict != "passed" or found.wrong:
        return
    for m in mutants(request, candidate, options.mutants):
        found = judgements.of(m.candidate, subject.given, m.what, 40.0)
        yield Row(*direction, m.what, m.line, **dataclasses.asdict(found))


# Subjects


def of_humaneval(data: Path, options: argparse.Namespace) -> Iterator[Subject]:
    """The typed HumanEval functions with the calls of their own tests."""
    for name, text in humaneval.problems(data).items():
        if not chosen(name, options):
            continue
        source, _, tests = text.partition("### Unit tests below ###")
        _, cases = humaneval.calls_of(source, tests)
        given = tuple(c.plan for c in cases[:200])
        for target in targets(LanguageId.PYTHON, options):
            path = f"{humaneval.package_of(name)}.py"
            yield Subject("HumanEval", name, PortRequest(path, source, LanguageId.PYTHON, target), given)


def of_exercism(folder: Path, options: argparse.Namespace) -> Iterator[Subject]:
    """The example solutions of Exercism with the canonical data's calls."""
    tracks, shared = exercism.shared_exercises(folder)
    for source in sources(options):
        for slug, given in shared.items():
            if not chosen(slug, options):
                continue
            with tempfile.TemporaryDirectory(prefix="foundation-exercism-") as scratch:
                path, text = exercism.written(tracks[source], slug, source, Path(scratch))
                planned: tuple[Plan, ...] | None = None
                for target in targets(source, options):
                    request = PortRequest(str(path), text, source, target)
                    if planned is None:
                        planned = tuple(exercism.plans_for(request, given)[0]) if _whole(request) else ()
                    yield Subject("Exercism", slug, request, planned)


def of_corpus(options: argparse.Namespace) -> Iterator[Subject]:
    """The functions of the corpus with the calls of their behaviour suites."""
    for source in sources(options):
        for job in experiment.jobs(source, targets(source, options), options.only):
            if job.row.problem or job.request.line is None:
                continue
            name = f"{job.row.module}.{job.row.function}"
            yield Subject("corpus", name, job.request, tuple(c.plan for c in job.cases))


def _whole(request: PortRequest) -> bool:
    try:
        module = lower(request)
    except (SyntaxError, ValueError):
        return False
    return module is not None and not module.declines


def chosen(name: str, options: argparse.Namespace) -> bool:
    """Whether a name was asked for."""
    return not options.only or re.search(options.only, name, re.IGNORECASE) is not None


def sources(options: argparse.Namespace) -> list[LanguageId]:
    """The source languages that were asked for."""
    return [x for x in experiment.ENDINGS if not options.sources or x.value in options.sources]


def targets(source: LanguageId, options: argparse.Namespace) -> list[LanguageId]:
    """The target languages that were asked for."""
    wanted = options.targets
    return [x for x in experiment.ENDINGS if x is not source and (not wanted or x.value in wanted)]


# Tables


def table(rows: list[Row]) -> list[str]:
    """Verdicts on ports as they are, by kind of source and direction."""
    out = [
        "| sources | from | to | ports | verdict passed | false verdicts, of passed | hidden cases |",
        "|---|---|---|---:|---|---|---:|",
    ]
    plain = [r for r in rows if not r.mutant]
    for kind, source, target in dict.fromkeys((r.kind, r.source, r.target) for r in plain):
        mine = [r for r in plain if (r.kind, r.source, r.target) == (kind, source, target)]
        out.append(f"| {kind} | {source} | {target} | {_cells(mine)} |")
    out.append(f"| all | | | {_cells(plain)} |")
    return out


def _cells(rows: list[Row]) -> str:
    passed = [r for r in rows if r.verdict == "passed"]
    return (
        f"{len(rows)} | {share(len(passed), len(rows))} | {share(sum(r.false for r in passed), len(passed))} "
        f"| {sum(r.hidden for r in passed)}"
    )


def mutant_table(rows: list[Row]) -> list[str]:
    """What became of planted defects, by target.

    A mutant that neither half tells from the correct port may be equal to it: it counts as no defect.
    """
    out = [
        (
            "| to | mutants | refused | passed, both halves agree | passed, the hidden half differs "
            "| missed, of those that differ |"
        ),
        "|---|---:|---:|---:|---:|---|",
    ]
    planted = [r for r in rows if r.mutant]
    for target in [*dict.fromkeys(r.target for r in planted), ""]:
        mine = [r for r in planted if not target or r.target == target]
        refused = sum(r.verdict != "passed" for r in mine)
        missed = sum(r.false for r in mine)
        out.append(
            f"| {target or 'all'} | {len(mine)} | {refused} | {len(mine) - refused - missed} | {missed} "
            f"| {share(missed, refused + missed)} |"
        )
    return out


def listed(rows: list[Row]) -> list[str]:
    """Every verdict that did not hold, and why others were not PASSED."""
    out = [
        f"* {r.kind} {r.name}, {r.source} to {r.target}"
        + (f", with a planted defect in line {r.line} ({r.mutant})" if r.mutant else "")
        + f": {r.wrong} of {r.hidden} hidden cases differ"
        for r in rows
        if r.false
    ]
    reasons = collections.Counter(
        (r.verdict, r.detail.partition("\n")[0][:110]) for r in rows if not r.mutant and r.verdict != "passed"
    )
    return [*out, *(f"* {n} not passed ({v}): {text}" for (v, text), n in reasons.most_common(25))]


def report(made: Sequence[str], rows: list[Row]) -> list[str]:
    """The tables of runs, and how these were made."""
    return [" ".join(made), "", *table(rows), "", *mutant_table(rows), "", *listed(rows)]


def read(paths: Sequence[Path]) -> list[str]:
    """The report on what `--json` wrote in several runs."""
    found = [json.loads(p.read_text()) for p in paths]
    return report(list(dict.fromkeys(f["made"] for f in found)), [Row(**r) for f in found for r in f["rows"]])


def shown(options: argparse.Namespace) -> str:
    """The options of a run, without where its data lies."""
    parts = [f"--{n} PATH" for n in ("humaneval", "exercism") if getattr(options, n)]
    parts += ["--corpus"] * options.corpus
    return " ".join([*parts, f"--mutants {options.mutants}"])


def main() -> int:
    """Run, print and write; exit code 1 when a verdict on a port did not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [x.value for x in experiment.ENDINGS]
    parser.add_argument("--humaneval", type=Path, help="a checkout of MultiPL-E")
    parser.add_argument("--exercism", type=Path, help="a folder with checkouts of Exercism's repositories")
    parser.add_argument("--corpus", action="store_true", help="the corpus of this repository")
    parser.add_argument("--from", dest="sources", action="append", choices=names)
    parser.add_argument("--to", dest="targets", action="append", choices=names)
    parser.add_argument("--only", default="", help="a regular expression over names")
    parser.add_argument("--mutants", type=int, default=0, help="planted defects in each port (default: 0)")
    parser.add_argument(
        "--seconds",
        type=float,
        default=math.inf,
        help="begin no new port after this long; the order is random",
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: list[Iterator[Subject]] = []
    if options.humaneval and (not options.sources or "python" in options.sources):
        found.append(of_humaneval(options.humaneval, options))
    if options.exercism:
        found.append(of_exercism(options.exercism, options))
    if options.corpus:
        found.append(of_corpus(options))
    if not found:
        parser.error("name the sources: --humaneval PATH, --exercism FOLDER or --corpus")
    judgements, started, rows = Judgements(), time.monotonic(), list[Row]()
    subjects = [s for each in found for s in each]
    # A run that is stopped has seen a sample of all, not those that come first.
    random.Random(1).shuffle(subjects)
    for subject in subjects:
        if time.monotonic() - started > options.seconds:
            print("stopped: the time is up", file=sys.stderr)
            break
        for row in rows_of(subject, judgements, options):
            rows.append(row)
            if row.false or (not row.mutant and row.verdict != "passed"):
                print(
                    f"{row.name} to {row.target}: {row.mutant} {row.verdict} {row.wrong}: {row.detail}",
                    flush=True,
                )
    made = made_by(f"python bench/port/verdicts.py {shown(options)}")
    print("\n".join(report([made], rows)))
    if options.json:
        kept = {"made": made, "rows": [dataclasses.asdict(r) for r in rows]}
        options.json.write_text(json.dumps(kept, indent=1) + "\n")
    return 1 if any(r.false and not r.mutant for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
