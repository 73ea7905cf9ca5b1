"""The verdict on each source file of a package: what ran of it, what disagreed, and what nothing could run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from foundation_engine.port.request import PortCandidate, PortedFunction
from foundation_engine.verify import shown
from foundation_engine.verify.cases import Case
from foundation_engine.verify.reach import Branch
from foundation_engine.verify.report import FileResult, StepResult, Verdict
from foundation_engine.verify.targets import Target

_BEFORE_CASES = ("parse", "check", "compile", "vet")
_SHOWN = 4


@dataclass(slots=True)
class Evidence:
    """What a verification saw, to be told apart by file.

    `said` is what a step that failed wrote; `outcomes` tells by a case's name whether it agreed and what it said.
    `cases` are the cases by those names. `whole` are the functions (`f` or `Class.method`) that use nothing with a
    hole, `idle` those that no case called.
    """

    said: dict[str, str] = field(default_factory=dict[str, str])
    outcomes: dict[str, tuple[bool, str]] = field(default_factory=dict[str, tuple[bool, str]])
    cases: Mapping[str, Case] = field(default_factory=dict[str, Case])
    whole: Set[str] = frozenset()
    idle: Sequence[str] = ()
    unreached: Sequence[Branch] = ()


def is_package(candidate: PortCandidate) -> bool:
    """True where several files were asked for."""
    return any(f.whole for f in candidate.request.files)


def file_results(
    candidate: PortCandidate, target: Target, results: Sequence[StepResult], seen: Evidence
) -> tuple[FileResult, ...]:
    """A result for each file of a package that has functions, in the order in which they were asked for."""
    request = candidate.request
    functions: dict[str, list[PortedFunction]] = {}
    for f in candidate.functions:
        functions.setdefault(f.path, []).append(f)
    ran = _by_function(candidate, target, seen.outcomes)
    refused = {step: _refused(candidate, text) for step, text in seen.said.items()}
    out: list[FileResult] = []
    for path in ["", *(f.path for f in request.files)]:
        mine = functions.get(path)
        if mine is None:
            continue
        cases = {n: o for f in mine for n, o in ran.get(f.source_name, {}).items()}
        failed = {n: said for n, (ok, said) in cases.items() if not ok}
        differing = shown.differing(failed, seen.cases, request.source).splitlines()
        broken = [line for lines in refused.values() for line in lines.get(path, ())]
        if broken or differing:
            verdict, detail = Verdict.FAILED, "\n".join([*broken, *differing][:_SHOWN])
        elif reasons := _open(candidate, path, mine, len(cases), results, seen):
            verdict, detail = Verdict.INCONCLUSIVE, "; ".join(reasons)
        else:
            verdict, detail = Verdict.PASSED, f"{len(cases)} cases agree"
        out.append(FileResult(path or request.path, verdict, detail, len(cases), len(failed)))
    return tuple(out)


def _open(
    candidate: PortCandidate,
    path: str,
    mine: Sequence[PortedFunction],
    cases: int,
    results: Sequence[StepResult],
    seen: Evidence,
) -> list[str]:
    """Why a file in which nothing disagreed is not PASSED."""
    names = {f.source_name for f in mine}
    holed = [f.source_name for f in mine if f.holes]
    outside = [h for h in candidate.holes if h.path == path]
    stuck = sorted(names - set(holed) - seen.whole)
    stopped = [
        r for r in results if r.step in _BEFORE_CASES and r.verdict is not Verdict.PASSED and r.step != "vet"
    ]
    unrun = [r for r in results if r.step in ("cases", "differential") and r.verdict is Verdict.INCONCLUSIVE]
    out: list[str] = []
    if holed:
        out.append(f"{len(holed)} of {len(mine)} functions have holes")
    elif outside:
        out.append(f"line {outside[0].line} is not ported: {outside[0].reason}")
    if stopped:
        out.append(f"nothing ran: {stopped[0].step} {stopped[0].verdict}")
    elif unrun:
        out.append(unrun[0].detail.splitlines()[0])
    elif not seen.outcomes:
        out.append("no case ran")
    else:
        if stuck:
            out.append(f"what {_listed(stuck)} needs has holes")
        if idle := [n for n in seen.idle if n in names and n not in stuck]:
            out.append(f"no case runs {_listed(idle)}")
        if left := [b for b in seen.unreached if b.path == path]:
            out.append(f"no case runs {_listed([f'{b.what} in line {b.line} ({b.function})' for b in left])}")
        if not out and not cases:
            out.append("no case is of its own functions")
    return out


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _by_function(
    candidate: PortCandidate, target: Target, outcomes: Mapping[str, tuple[bool, str]]
) -> dict[str, dict[str, tuple[bool, str]]]:
    """The outcomes of each function: a case belongs to the longest name that its own begins with."""
    prefixes = {target.case_prefix(f.source_name): f.source_name for f in candidate.functions if not f.holes}
    longest = sorted(prefixes, key=len, reverse=True)
    out: dict[str, dict[str, tuple[bool, str]]] = {}
    for name, outcome in outcomes.items():
        own = name.removeprefix("Differential").lstrip("_")
        prefix = next((p for p in longest if own.startswith(p)), None)
        if prefix is not None:
            out.setdefault(prefixes[prefix], {})[name] = outcome
    return out


def _refused(candidate: PortCandidate, text: str) -> dict[str, list[str]]:
    """The lines of a compiler's or linter's message by the source file of the generated file that they name."""
    request = candidate.request
    origins = {
        f.path: "" if f.origin == request.path else f.origin for f in candidate.files if f.role == "source"
    }
    named = re.compile(rf"(?<![\w/])(?:\./)?({'|'.join(map(re.escape, origins))}):\d+")
    out: dict[str, list[str]] = {}
    header = ""
    for line in text.splitlines():
        if line.startswith(("error", "warning")):
            header = line
        found = named.search(line)
        # A warning is no refusal, and a trace names the files on the way.
        if found is None or header.startswith("warning") or line.lstrip().startswith("from "):
            continue
        out.setdefault(origins[found[1]], []).append(f"{header} {line.strip()}".strip())
    return out
