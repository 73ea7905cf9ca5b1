"""The ladder that a port climbs: parse, check, compile, vet, recorded cases, differential runs."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import copy
import json
import re
import tempfile
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from foundation_grammars.tree import parse
from foundation_specs.model import Severity
from foundation_specs.templates import templates

from foundation_engine.port import delays, ir
from foundation_engine.port.engine import lower, package_name
from foundation_engine.port.precision import verified
from foundation_engine.port.request import PortCandidate, PortedFile
from foundation_engine.port.trace import Call
from foundation_engine.verify import cache, shown
from foundation_engine.verify.by_file import Evidence, file_results, is_package
from foundation_engine.verify.cases import Case, Plan, plans, variations
from foundation_engine.verify.interpreter import interpreter_of
from foundation_engine.verify.reach import place_in, telling, unreached
from foundation_engine.verify.recorders import RECORDERS
from foundation_engine.verify.replay import replayed
from foundation_engine.verify.report import StepResult, Verdict, VerifyReport
from foundation_engine.verify.sandbox import Completed, Limits, run
from foundation_engine.verify.targets import TARGETS, Target

# Calls that are recorded for every one that becomes a case, and the least of a function: those are kept that reach more
# of the source.
_TRIED = 3
_LEAST = 200
# How often more calls are made near to those that reached most, while a branch was not reached; and how many of those.
_TURNS = 3
_POOL = 25
_GROUPED = re.compile(r"[0-9]_[0-9]")


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What to run.

    `execute` False stops before anything of the user's runs: parse, check, compile and vet only. `cases` recorded cases
    per function are delivered as a test; `differential` more per function are run and not delivered. Where there are
    `plans`, those calls are made instead of generated ones. `calls` are those of the user's own tests, made as
    well.
    """

    execute: bool = True
    cases: int = 12
    differential: int = 60
    seed: int = 20260101
    step_seconds: float = 600.0
    use_cache: bool = True
    plans: tuple[Plan, ...] = ()
    calls: tuple[Call, ...] = ()
    progress: Callable[[str], None] = field(default=lambda _: None)


@dataclass
class _Run:
    """State of one verification."""

    candidate: PortCandidate
    options: VerifyOptions
    target: Target
    folder: Path
    results: list[StepResult] = field(default_factory=list[StepResult])
    files: list[PortedFile] = field(default_factory=list[PortedFile])
    replayed: set[str] = field(default_factory=set[str])  # the plans that are calls of the user's tests
    seen: Evidence = field(default_factory=Evidence)

    def is_replayed(self, case: Case) -> bool:
        """True of a call that the user's tests made."""
        return repr(case.plan) in self.replayed

    def module(self) -> ir.Module:
        """The source as lowered, for one use: generators and test writers change what they are given."""
        made = self.candidate.module or lower(self.candidate.request)
        assert made is not None
        return copy.deepcopy(made)

    def add(
        self,
        step: str,
        verdict: Verdict,
        detail: str,
        done: Completed | None = None,
        cases: int = 0,
        disagreements: int = 0,
    ) -> bool:
        command = " ".join(done.command) if done else ""
        seconds = round(done.seconds, 3) if done else 0.0
        self.results.append(StepResult(step, verdict, detail, command, seconds, cases, disagreements))
        if verdict is Verdict.FAILED and not disagreements:
            self.seen.said[step] = done.text if done else detail
        return verdict is Verdict.PASSED


def verify(candidate: PortCandidate, options: VerifyOptions | None = None) -> VerifyReport:
    """Climb the ladder until a step fails; never raises on content.

    With `options.execute` the source's functions and the port run with generated arguments, in limited processes of
    their own: this executes the user's code. A missing toolchain, a time-out or a crash gives INCONCLUSIVE.
    """
    options = options or VerifyOptions()
    target = TARGETS.get(candidate.request.target)
    if not candidate.files or target is None:
        reason = (
            candidate.holes[0].reason if candidate.holes else f"no verifier for {candidate.request.target}"
        )
        return VerifyReport(Verdict.INCONCLUSIVE, (StepResult("parse", Verdict.INCONCLUSIVE, reason),))
    key = cache.key(
        candidate,
        options.execute,
        options.cases,
        options.differential,
        options.seed,
        target.version(),
        interpreter_of(Path(candidate.request.path), candidate.request.options.python),
        [p.as_json() for p in (*options.plans, *options.calls)],
    )
    if options.use_cache and (known := cache.load(key)) is not None:
        return known
    with tempfile.TemporaryDirectory(prefix="foundation-verify-") as folder:
        state = _Run(candidate, options, target, Path(folder))
        _climb(state)
        report = _report(state)
    if options.use_cache and report.verdict is not Verdict.INCONCLUSIVE:
        cache.store(key, report)
    return report


def _climb(state: _Run) -> None:
    candidate, options, target = state.candidate, state.options, state.target
    options.progress("parsing the port")
    if not _parse(state) or not _check(state):
        return
    for f in candidate.files:
        path = state.folder / f.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f.text, encoding="utf-8")
    missing = target.missing()
    if missing:
        state.add("compile", Verdict.INCONCLUSIVE, missing)
        return
    unready = target.prepare(state.folder, candidate)
    if unready:
        state.add("compile", Verdict.INCONCLUSIVE, unready)
        return
    with ThreadPoolExecutor(max_workers=1) as pool:
        # The source is recorded while the port compiles.
        recording = pool.submit(_record, state) if options.execute else None
        for step, command in target.compile_steps(state.folder):
            options.progress(f"{step}: {' '.join(command)}")
            done = run(command, state.folder, Limits(options.step_seconds), target.env())
            if not _outcome(state, step, done) and not (step == "vet" and is_package(candidate)):
                if recording is not None:
                    recording.result()
                return
        if recording is None:
            return
        options.progress("recording the source")
        cases, problem = recording.result()
    if problem:
        state.add("cases", Verdict.INCONCLUSIVE, problem)
        return
    if not cases:
        detail = (
            "no function of this port has arguments that can be generated"
            if candidate.functions
            else "the port has no functions"
        )
        state.add("cases", Verdict.INCONCLUSIVE, detail)
        return
    _run_cases(state, cases)


def _parse(state: _Run) -> bool:
    for f in state.candidate.files:
        if f.role != "source":
            continue
        tree = parse(f.text.encode(), state.candidate.request.target)
        if tree.errors:
            start = tree.errors[0].start
            line = f.text.encode()[:start].count(b"\n") + 1
            return state.add("parse", Verdict.FAILED, f"{f.path}:{line}: syntax error")
    return state.add("parse", Verdict.PASSED, "the port parses")


def _check(state: _Run) -> bool:
    from foundation_specs.registry import SpecRegistry

    from foundation_engine.check import check_document

    registry = SpecRegistry.builtin()
    request = state.candidate.request
    texts = [request.text, *(f.text for f in request.files)]
    before = {f.code for text in texts for f in check_document(text.encode(), request.source, registry)}
    worse: list[str] = []
    for f in state.candidate.files:
        if f.role != "source":
            continue
        for finding in check_document(f.text.encode(), request.target, registry):
            if finding.severity is Severity.ERROR and finding.code not in before:
                line = f.text.encode()[: finding.range.start].count(b"\n") + 1
                worse.append(f"{f.path}:{line}: {finding.code}: {finding.message}")
    if worse:
        return state.add("check", Verdict.FAILED, "\n".join(worse[:10]))
    return state.add("check", Verdict.PASSED, "no finding that the source does not have")


def _outcome(state: _Run, step: str, done: Completed) -> bool:
    if done.timed_out:
        return state.add(
            step, Verdict.INCONCLUSIVE, f"took longer than {state.options.step_seconds:.0f} s", done
        )
    if done.code is None:
        return state.add(step, Verdict.INCONCLUSIVE, done.stderr, done)
    if done.code != 0:
        lines = done.text.splitlines()
        # A compiler may say first what it only warns of.
        first = next((i for i, line in enumerate(lines) if line.startswith("error")), 0)
        return state.add(step, Verdict.FAILED, "\n".join(lines[first : first + 20]), done)
    return state.add(step, Verdict.PASSED, "no errors", done)


# Recording


def _record(state: _Run) -> tuple[list[Case], str]:
    request = state.candidate.request
    recorder = RECORDERS.get(request.source)
    if recorder is None:
        return [], f"recording {request.source} is not supported"
    module = state.module()
    whole = _reaching_no_hole(state.candidate, module)
    count = state.options.cases + state.options.differential
    if state.options.plans:
        given = [
            p for p in state.options.plans if (f"{p.cls}.{p.function}" if p.cls else p.function) in whole
        ]
        if not given:
            return [], ""
        cases, problem = recorder.record(request, module, given)
        return _as_stated(cases, module), problem
    mine = replayed(module, whole, state.options.calls)
    state.replayed.update(repr(p) for p in mine)
    tries = max(_TRIED, _LEAST // count)
    drawn = plans(module, whole, state.options.seed, count, tries)
    planned = [*mine, *(p for p in drawn if repr(p) not in state.replayed)]
    if not planned:
        return [], ""
    cases, problem = recorder.record(request, module, planned, max(60.0, len(planned) / 4))
    for turn in range(_TURNS):
        open_ = unreached(module, whole, cases, request)
        # A private function is called by others of its file.
        asked = {b.path for b in open_ if b.function.rpartition(".")[2].startswith("_")}
        left = {b.function for b in open_}
        left |= {name for name in whole if asked and place_in(module, request, name)[0] in asked}
        left |= _always_alike(cases, module)
        pool = [c.plan for group in _by_function(cases) for c in telling(group, _POOL)]
        near = list(variations(module, left, pool, state.options.seed + turn, count * tries))
        if not near:
            break
        more, _ = recorder.record(request, module, near)
        cases = [*cases, *more]
    cases = _as_stated(cases, module)
    theirs = [c for c in cases if state.is_replayed(c)]
    others = _by_function([c for c in cases if not state.is_replayed(c)])
    return [*theirs, *(c for group in others for c in telling(group, count))], problem


# How the text of a ValueError begins that Python raises where a port goes on, by what the port states of it.
_REFUSED = {
    ir.ZIPS_THE_SHORTER: "zip() argument",
    ir.WIDTH_BELOW_ZERO: "Sign not allowed in string format specifier",
}


def _always_alike(cases: list[Case], module: ir.Module) -> set[str]:
    """Functions that give true or false and gave only one of them: their conditions were hardly tried."""
    out: set[str] = set()
    for cls, f in module.functions():
        mine = [c for c in cases if (c.plan.cls, c.plan.function) == (cls.name if cls else "", f.name)]
        given = {s["value"] for c in mine for s in c.steps if isinstance(s.get("value"), bool)}
        if f.result == ir.BOOL and len(given) == 1:
            out.add(f"{cls.name}.{f.name}" if cls else f.name)
    return out


def _as_stated(cases: list[Case], module: ir.Module) -> list[Case]:
    """The calls that can be compared, with what the port states in them."""
    return [_delayed_as_stated(c, module) for c in cases if _comparable(c, module)]


def _comparable(case: Case, module: ir.Module) -> bool:
    """Whether a call gave what its function declares and was not given what ports state to read otherwise.

    A function that falls off its end gives nothing where it should not. Digits with underscores between them are a
    number for Python alone.
    """
    plan = case.plan
    if any("underscores" in d for d in module.differences) and _GROUPED.search(json.dumps(plan.as_json())):
        return False
    refused = tuple(start for said, start in _REFUSED.items() if said in module.differences)
    if refused and any(
        s.get("error") == "ValueError" and s.get("message", "").startswith(refused) for s in case.steps
    ):
        return False
    results = [
        f.result for c, f in module.functions() if (c.name if c else "", f.name) == (plan.cls, plan.function)
    ]
    absent = any("value" in s and s["value"] is None for s in case.steps)
    return not absent or all(isinstance(t, ir.OptionalT) or t in (ir.NONE, ir.ANY) for t in results)


def _delayed_as_stated(case: Case, module: ir.Module) -> Case:
    """The case with the delays of a port whose policy has others than the source's, as the port states."""
    for d in module.delays if case.sleeps else ():
        found = delays.expected(d, case.sleeps, case.sleeps_high)
        if found is not None:
            return replace(case, sleeps=found[0], sleeps_high=found[1])
    return case


def _by_function(cases: list[Case]) -> list[list[Case]]:
    groups: dict[tuple[str, str], list[Case]] = {}
    for c in cases:
        groups.setdefault((c.plan.cls, c.plan.function), []).append(c)
    return list(groups.values())


# What sources call what makes an object.
_CONSTRUCTORS = ("__init__", "__post_init__", "initialize")


def _reaching_no_hole(candidate: PortCandidate, module: ir.Module) -> set[str]:
    """The functions (`f` or `Class.method`) that were ported whole and use only such functions."""
    whole = {f.source_name for f in candidate.functions if not f.holes}
    bodies = {f"{c.name}.{f.name}" if c else f.name: f for c, f in module.functions()}
    # An application runs the commands of the file.
    commands = {
        f.name for _, f in module.functions() if any(p.pattern_id == "cli_framework" for p in f.patterns)
    }
    used = {
        name: {n.id for n in ir.walk(f) if isinstance(n, ir.Name)}
        | {_method(n, bodies) for n in ir.walk(f) if isinstance(n, ir.MethodCall)}
        | (commands if any(_is_app(n) for n in ir.walk(f)) else set[str]())
        for name, f in bodies.items()
    }
    # A hole in a constructor is one of whatever needs an object of the class.
    parts = [f.source_name.rpartition(".") for f in candidate.functions if f.holes]
    unmade = {cls for cls, _, name in parts if cls and name in _CONSTRUCTORS}
    holed_lines = {(h.path, h.line) for h in candidate.holes}
    for c in module.definitions:
        if isinstance(c, ir.Class) and c.init is not None:
            path = place_in(module, candidate.request, c.name)[0]
            if any((path, n.line) in holed_lines for n in ir.walk(c.init) if n.line):
                unmade.add(c.name)
    whole = {name for name in whole if name not in bodies or not _needed(name, bodies[name]) & unmade}
    while True:
        holed = {name for name in bodies if name not in whole}
        holed |= {f".{name.rpartition('.')[2]}" for name in holed if "." in name}
        left = {name for name in whole if not used.get(name, set()) & holed}
        if left == whole:
            return whole
        whole = left


def _needed(name: str, f: ir.Function) -> set[str]:
    """The classes of which a function or method, known by its name, needs objects."""
    given = {t for p in f.params for t in re.findall(r"\w+", ir.type_text(p.type))}
    made = {n.cls for n in ir.walk(f) if isinstance(n, ir.New)}
    return {name.rpartition(".")[0], *given, *made}


def _is_app(n: ir.Node) -> bool:
    return isinstance(n, ir.PatternNew) and n.pattern_id == "cli_framework"


def _method(e: ir.MethodCall, known: Collection[str]) -> str:
    """The method that is called: `Class.method` of a class that is known to have it, else `.method` of any."""
    name = f"{e.obj.type.name}.{e.method}" if isinstance(e.obj.type, ir.NamedT) else ""
    return name if name in known else f".{e.method}"


# Running


def _run_cases(state: _Run, cases: list[Case]) -> None:
    chosen: list[Case] = []
    rest: list[Case] = []
    for group in _by_function(cases):
        theirs = [c for c in group if state.is_replayed(c)]
        first, more = _telling([c for c in group if not state.is_replayed(c)], state.options.cases)
        chosen.extend([*theirs, *first])
        rest.extend(more)
    request = state.candidate.request
    module = state.module()
    if templates(request.target, request.options.dialect).exhausted == "last_error":
        chosen, rest = [_last_error(c) for c in chosen], [_last_error(c) for c in rest]
    tests = state.target.tests(module, package_name(request), request.options, chosen, rest)
    for f in tests:
        (state.folder / f.path).parent.mkdir(parents=True, exist_ok=True)
        (state.folder / f.path).write_text(f.text, encoding="utf-8")
    unchanged = {(f.path, f.text) for f in state.candidate.files}
    delivered = [f for f in tests if f.role in ("test", "module") and (f.path, f.text) not in unchanged]
    state.files.extend(delivered)
    state.options.progress(f"running {len(cases)} cases")
    command = state.target.test_command(state.folder)
    done = run(command, state.folder, Limits(state.options.step_seconds), state.target.env())
    outcomes = state.target.read_tests(done)
    begin = state.target.case_prefix
    state.seen.cases = {
        **shown.named(chosen, "", begin, outcomes),
        **shown.named(rest, "Differential", begin, outcomes),
    }
    whole = _reaching_no_hole(state.candidate, module)
    idle = _idle(state, set(outcomes))
    left = unreached(module, whole, cases, request)
    state.seen.outcomes, state.seen.whole, state.seen.idle, state.seen.unreached = outcomes, whole, idle, left
    for step, prefix in (("cases", ""), ("differential", "Differential")):
        mine = {n: o for n, o in outcomes.items() if n.startswith("Differential") == bool(prefix)}
        failed = [n for n, (ok, _) in mine.items() if not ok]
        if done.timed_out:
            state.add(
                step,
                Verdict.INCONCLUSIVE,
                f"the tests took longer than {state.options.step_seconds:.0f} s",
                done,
                len(mine),
            )
            return
        if failed:
            told = shown.differing({n: mine[n][1] for n in failed}, state.seen.cases, request.source)
            state.add(step, Verdict.FAILED, told, done, len(mine), len(failed))
        elif not mine and step == "cases":
            verdict = Verdict.FAILED if done.code else Verdict.INCONCLUSIVE
            state.add(step, verdict, "\n".join(done.text.splitlines()[:20]) or "no test ran", done)
            return
        elif mine and done.code and all(ok for ok, _ in outcomes.values()):
            ended = f"{len(mine)} cases agree, then the tests ended with exit code {done.code}"
            state.add(step, Verdict.INCONCLUSIVE, ended, done, len(mine))
        elif mine:
            state.add(step, Verdict.PASSED, f"{len(mine)} cases agree", done, len(mine))
    if state.options.calls:
        theirs = sum(map(state.is_replayed, cases))
        seen = len(state.options.calls)
        detail = f"{theirs} of the {seen} calls that the traced command made are among the cases"
        state.add("user-tests", Verdict.PASSED, detail, cases=theirs)
    if idle:
        state.add("exercised", Verdict.INCONCLUSIVE, f"no case runs {', '.join(idle)}")
    elif left:
        first = "; ".join(f"{b.what} in line {b.line} ({b.function})" for b in left[:8])
        more = f", and {len(left) - 8} more" if len(left) > 8 else ""
        hint = "; the calls of your own tests are cases, too: port --trace COMMAND"
        state.add("branches", Verdict.INCONCLUSIVE, f"no case runs {first}{more}{hint}")


def _last_error(case: Case) -> Case:
    """The case as a library has it that gives the last error itself when every attempt failed."""

    def step(given: dict[str, Any]) -> dict[str, Any]:
        if given.get("error") != "MaxRetriesExceeded":
            return given
        bases: list[str] = given.get("cause") or ["Exception"]
        return {"error": bases[0], "bases": bases, "message": ""}

    return replace(case, steps=tuple(step(s) for s in case.steps))


def _idle(state: _Run, outcomes: set[str]) -> list[str]:
    """Public functions of the port that no case called, by their names in the source."""
    return [
        f.source_name
        for f in state.candidate.functions
        if not f.holes
        and not f.source_name.rpartition(".")[2].startswith("_")
        and not any(o.startswith(state.target.case_prefix(f.source_name)) for o in outcomes)
    ]


def _telling(group: list[Case], count: int) -> tuple[list[Case], list[Case]]:
    """The cases to deliver: one of every kind of outcome first, small ones before large ones."""
    ordered = sorted(group, key=lambda c: len(json.dumps([c.plan.as_json(), c.trace])))
    ordered = telling(ordered, len(ordered))
    kinds: dict[str, list[Case]] = {}
    for c in ordered:
        kind = (
            "|".join(s.get("error") or _shape(s.get("value")) for s in c.steps)
            + f"#{len(c.trace)}#{len(c.sleeps)}"
        )
        kinds.setdefault(kind, []).append(c)
    chosen: list[Case] = []
    while len(chosen) < count and any(kinds.values()):
        for waiting in kinds.values():
            if waiting and len(chosen) < count:
                chosen.append(waiting.pop(0))
    return chosen, [c for waiting in kinds.values() for c in waiting]


def _shape(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, dict):
        (tag, body), *_ = value.items()  # pyright: ignore[reportUnknownVariableType]
        return f"{tag}{min(len(body), 3) if isinstance(body, list) else ''}"  # pyright: ignore[reportUnknownArgumentType]
    return "0" if not value else type(value).__name__


def _report(state: _Run) -> VerifyReport:
    verdicts = {r.verdict for r in state.results}
    ran = [r for r in state.results if r.step in ("cases", "differential") and r.verdict is Verdict.PASSED]
    if Verdict.FAILED in verdicts:
        verdict = Verdict.FAILED
    elif Verdict.INCONCLUSIVE in verdicts or not ran or state.candidate.holes:
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = Verdict.PASSED
    confidence, basis = state.candidate.confidence, state.candidate.confidence_basis
    if verdict is Verdict.FAILED:
        confidence, basis = 0.0, "a step failed"
    elif verdict is Verdict.PASSED and (known := verified(state.candidate.request.target.value)) is not None:
        confidence, basis = known.confidence, known.basis
    sources = (
        file_results(state.candidate, state.target, state.results, state.seen)
        if is_package(state.candidate)
        else ()
    )
    return VerifyReport(
        verdict, tuple(state.results), state.target.version(), confidence, basis, tuple(state.files), sources
    )


__all__ = ["VerifyOptions", "verify"]
