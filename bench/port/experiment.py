"""Measure ports of the corpus: emitted whole, compiling, passing a behaviour suite that no language owns, verified.

Every function of `bench/port/corpus/<language>` that a suite names is ported alone, with what it uses, to every other
language. Its suite (see `suites.py`) is first confirmed on the source itself, then translated into the target's test
framework; the port passes when every case of it ran and agreed. With --verify each port also climbs the verifier's
ladder, which does not know the suite; a PASSED verdict is false when the suite, or hidden cases made from another seed,
disagrees. Results are kept by content, so a stopped run goes on where it was.

    python bench/port/experiment.py [--from python] [--to go] [--only NAME] [--verify] [--json FILE] [--markdown FILE]
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import hashlib
import json
import math
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import suites  # the module beside this one
from foundation_engine.port import ir, lower, port
from foundation_engine.port.emit._names import snake
from foundation_engine.port.request import PortCandidate, PortOptions, PortRequest
from foundation_engine.verify.cases import Case
from foundation_engine.verify.recorders import RECORDERS
from foundation_engine.verify.sandbox import Limits, run
from foundation_engine.verify.targets import TARGETS
from foundation_specs.model import LanguageId
from hidden import Judgements
from tables import ROOT, made_by, share

ENGINE = ROOT / "engine" / "foundation_engine"
ENDINGS = {LanguageId.PYTHON: ".py", LanguageId.GO: ".go", LanguageId.RUST: ".rs", LanguageId.RUBY: ".rb"}


@dataclass
class Row:
    """What became of one function in one direction."""

    source: str
    target: str
    module: str
    function: str
    patterns: list[str]
    cases: int = 0
    problem: str = ""  # why the source itself cannot be measured
    emitted: bool = False
    compiles: bool = False
    passes: bool = False
    ran: int = 0
    agreed: int = 0
    detail: str = ""
    declines: list[str] = field(default_factory=list)
    constructs: list[str] = field(default_factory=list)
    verdict: str = ""
    verified_in: float = 0.0
    hidden: int = 0
    wrong: int = 0
    false_verified: bool = False

    @property
    def name(self) -> str:
        """A name for its package, unique in a run."""
        return re.sub(r"\W", "_", f"{self.module}_{snake(self.function.replace('.', '_'))}").lower()


@dataclass
class Job:
    """A function to port, with its confirmed cases."""

    row: Row
    request: PortRequest
    cases: list[Case]
    candidate: PortCandidate | None = None


# Jobs


def jobs(source: LanguageId, targets: Sequence[LanguageId], only: str) -> Iterator[Job]:
    """Every function of the corpus of a language, in every direction; recorded once."""
    folder = suites.CORPUS / source.value
    for path in sorted(folder.glob("*.cases.yaml")):
        file = path.with_name(path.name.replace(".cases.yaml", ENDINGS[source]))
        if not file.exists():
            file = next(iter(sorted(folder.glob(f"{file.stem}/*{ENDINGS[source]}"))))
        found = [
            s
            for s in suites.load(path)
            if not only or re.search(only, f"{file.stem}.{s.function}", re.IGNORECASE)
        ]
        if not found:
            continue
        text = file.read_text()
        named, problem = in_source(PortRequest(str(file), text, source, targets[0]), found)
        recorder = RECORDERS.get(source)
        plans = [e.plan for s in named for e in s.cases]
        seen: list[Case] = []
        if recorder is None:
            problem = problem or f"recording {source.value} is not supported"
        elif plans and not problem:
            module = lower(PortRequest(str(file), text, source, targets[0]))
            assert module is not None
            seen, said = recorder.record(
                PortRequest(str(file), text, source, targets[0]), module, plans, 120.0
            )
            problem = problem or said
        for suite in named:
            good, problems = suites.confirmed(suite, seen, source is not LanguageId.PYTHON)
            for target in targets:
                row = Row(
                    source.value,
                    target.value,
                    file.stem,
                    suite.function,
                    list(suite.patterns),
                    len(suite.cases),
                )
                row.problem = problem or "; ".join(problems)
                line = function_line(text, source, suite.function)
                options = PortOptions(package=row.name)
                yield Job(row, PortRequest(str(file), text, source, target, line, options), good)


def in_source(request: PortRequest, found: list[suites.Suite]) -> tuple[list[suites.Suite], str]:
    """The suites with functions named as the lowered source names them."""
    if request.source is LanguageId.PYTHON:
        return found, ""
    try:
        module = lower(request)
    except (SyntaxError, ir.Unsupported) as error:
        return found, f"{type(error).__name__}: {error}"
    if module is None:
        return found, f"porting from {request.source.value} is not supported"
    names = {(snake(cls.name) if cls else "", snake(f.name)): (cls, f) for cls, f in module.functions()}
    out: list[suites.Suite] = []
    for suite in found:
        cls, _, name = suite.function.rpartition(".")
        key = snake(name.rstrip("?!"))
        real = names.get((snake(cls) if cls else "", key)) or names.get(
            (snake(cls) if cls else "", f"is_{key}")
        )
        if real is None:
            # It is declined as a whole; there is nothing to record.
            out.append(dataclasses.replace(suite, cases=()))
            continue
        cases = tuple(dataclasses.replace(e, plan=suites.adapted(e.plan, module, *real)) for e in suite.cases)
        out.append(dataclasses.replace(suite, cases=cases))
    return out, ""


def function_line(text: str, source: LanguageId, function: str) -> int | None:
    """The line of a definition in the source, by its name (`function` or `Class.method`)."""
    cls, _, name = (re.escape(part) for part in function.rpartition("."))
    start = 0
    if cls and source is not LanguageId.GO:
        head = {LanguageId.PYTHON: "class", LanguageId.RUBY: "class", LanguageId.RUST: "impl(?:<[^>]*>)?"}[
            source
        ]
        owner = re.search(rf"^[ \t]*{head} {cls}\b", text, re.MULTILINE)
        if owner is None:
            return None
        start = owner.end()
    margin = r"[ \t]*" if cls or source is not LanguageId.PYTHON else ""
    receiver = rf"\(\w+ \*?{cls}\) " if cls else ""
    head = {
        LanguageId.PYTHON: rf"^{margin}(?:async )?def {name}\(",
        LanguageId.GO: rf"^func {receiver}{name}\(",
        LanguageId.RUST: rf"^[ \t]*(?:pub )?(?:async )?fn {name}(?!\w)",
        LanguageId.RUBY: rf"^[ \t]*def (?:self\.)?{name}(?!\w)",
    }[source]
    m = re.compile(head, re.MULTILINE).search(text, start)
    return text.count("\n", 0, m.start()) + 1 if m else None


# Porting and running the suites


def emit(job: Job) -> None:
    """Port one function and note what it was made of."""
    row = job.row
    if job.request.line is None:
        row.declines = ["the function was not found in its source"]
        return
    try:
        job.candidate = port(job.request)
        module = lower(job.request)
    except Exception as error:  # noqa: BLE001 - a crash of the engine is a result here, and a defect to report.
        row.declines = [f"CRASH {type(error).__name__}: {error}"]
        return
    row.declines = [f"{h.reason} | line {h.line}: {h.source}" for h in job.candidate.holes]
    row.emitted = bool(job.candidate.files) and not job.candidate.holes
    if module is not None:
        row.constructs = sorted(constructs_of(module))


def constructs_of(module: Any) -> set[str]:
    """The constructs and operations of a lowered module, by which precision is counted."""
    from foundation_engine.port.precision import constructs

    return constructs(module)


def write(job: Job, folder: Path) -> None:
    """The port and its translated suite, under a folder."""
    assert job.candidate is not None
    module = lower(job.request)
    assert module is not None
    target = TARGETS[job.request.target]
    for f in job.candidate.files:
        (folder / f.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / f.path).write_text(f.text)
    for f in target.tests(module, job.row.name, job.request.options, job.cases, []):
        (folder / f.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / f.path).write_text(f.text)


def judge(row: Row, seen: dict[str, tuple[bool, str]], said: str) -> None:
    """Fill in how the suite went."""
    row.ran = len(seen)
    row.agreed = sum(ok for ok, _ in seen.values())
    row.passes = row.cases > 0 and row.ran == row.cases and row.agreed == row.cases
    if row.agreed != row.ran:
        row.detail = next(f"{n}: {d}" for n, (ok, d) in seen.items() if not ok)[:600]
    elif row.ran != row.cases:
        row.detail = f"{row.ran} of {row.cases} cases could be translated; {said[-400:]}"


def run_go(todo: list[Job], root: Path) -> None:
    """Compile and run all Go ports as packages of one module."""
    runtime = ROOT / "runtimes" / "go"
    (root / "go.mod").write_text(
        f"module experiment\n\ngo 1.25\n\nrequire foundation v0.1.0\n\nreplace foundation => {runtime}\n"
    )
    for job in todo:
        (root / job.row.name / "go.mod").unlink(missing_ok=True)
    target = TARGETS[LanguageId.GO]
    command = ["go", "test", "-json", "-vet=off", "-timeout", "120s", "./..."]
    done = run(command, root, Limits(900, cpu_seconds=1800), target.env())
    output: dict[str, list[str]] = {}
    results: dict[str, dict[str, tuple[bool, str]]] = {}
    said: dict[tuple[str, str], list[str]] = {}
    broken: set[str] = set()
    for line in done.stdout.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        package = (event.get("Package") or event.get("ImportPath") or "").partition(" ")[0].rpartition("/")[2]
        test, action = str(event.get("Test", "")), event.get("Action")
        if action in ("output", "build-output"):
            output.setdefault(package, []).append(str(event["Output"]).strip())
            said.setdefault((package, test), []).append(str(event["Output"]).strip())
        elif action == "build-fail":
            broken.add(package)
        elif "/" in test and action in ("pass", "fail"):
            shown = " ".join(
                t for t in said.get((package, test), []) if t and not t.startswith(("===", "---"))
            )
            results.setdefault(package, {})[test] = (action == "pass", shown)
    for job in todo:
        row = job.row
        text = " / ".join(
            t for t in output.get(row.name, []) if t and not t.startswith(("===", "---", "FAIL", "ok", "#"))
        )
        # A test that does not compile is not the port's failure to compile; it is told apart by the file named.
        in_port = [t for t in output.get(row.name, []) if re.search(r"(?<!_test)\.go:\d+:\d+", t)]
        row.compiles = row.name not in broken or not in_port
        judge(row, results.get(row.name, {}), text)
        if row.name in broken:
            row.detail = text[:600]


def run_each(todo: list[Job], root: Path) -> None:
    """Check and run port by port, for languages whose tools start quickly."""
    for job in todo:
        row, folder, target = job.row, root / job.row.name, TARGETS[job.request.target]
        assert job.candidate is not None
        if missing := target.missing():
            row.detail = missing
            continue
        if unready := target.prepare(folder, job.candidate):
            row.detail = unready
            continue
        row.compiles = True
        for _, command in target.compile_steps(folder):
            done = run(command, folder, Limits(300, cpu_seconds=900), target.env())
            if done.code != 0:
                row.compiles, row.detail = False, done.text[:600]
                break
        if row.compiles:
            done = run(target.test_command(folder), folder, Limits(300, cpu_seconds=900), target.env())
            judge(row, target.read_tests(done), done.text)


RUN = {LanguageId.GO: run_go}


# Verdicts


def climb(job: Job, judgements: Judgements, *, new: bool) -> None:
    """The verifier's own verdict, and whether it holds; with `new` False only where it is known already."""
    assert job.candidate is not None
    row, given = job.row, [c.plan for c in job.cases]
    found = judgements.known(job.candidate, given)
    if found is None and not new:
        return
    found = found or judgements.of(job.candidate, given)
    row.verdict, row.verified_in = found.verdict, found.seconds
    row.hidden, row.wrong = found.hidden, found.wrong
    row.detail = row.detail or found.detail
    row.false_verified = found.verdict == "passed" and (found.wrong > 0 or row.agreed < row.ran)


# Results


def digest(job: Job, tests: str, stage: str) -> str:
    """What a result depends on."""
    assert job.candidate is not None
    h = hashlib.sha256()
    for f in job.candidate.files:
        h.update(f.path.encode() + b"\0" + f.text.encode() + b"\0")
    h.update(tests.encode())
    h.update(TARGETS[job.request.target].version().encode())
    h.update(stage.encode())
    return h.hexdigest()


KEPT = ("emitted", "compiles", "passes", "ran", "agreed", "detail")


class Known:
    """Results by content, on disk."""

    def __init__(self) -> None:
        self.folder = ROOT / ".cache" / "experiment"
        self.folder.mkdir(parents=True, exist_ok=True)

    def load(self, key: str, row: Row, names: Sequence[str]) -> bool:
        """Fill in what is known of a row."""
        path = self.folder / f"{key}.json"
        if not path.exists():
            return False
        for name, value in json.loads(path.read_text()).items():
            if name in names:
                setattr(row, name, value)
        return True

    def store(self, key: str, row: Row, names: Sequence[str]) -> None:
        """Keep what was found."""
        (self.folder / f"{key}.json").write_text(json.dumps({n: getattr(row, n) for n in names}))


def measure(source: LanguageId, target: LanguageId, found: list[Job], options: argparse.Namespace) -> None:
    """Port, compile, run and, if asked, verify the functions of one direction."""
    known, judgements = Known(), Judgements(fresh=options.fresh)
    with tempfile.TemporaryDirectory(prefix="foundation-experiment-") as name:
        root = options.keep / f"{source.value}-{target.value}" if options.keep else Path(name)
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        todo: list[Job] = []
        keys: dict[int, str] = {}
        for job in found:
            emit(job)
            if job.candidate is None or not job.row.emitted or job.row.problem:
                continue
            folder = root / job.row.name
            try:
                write(job, folder)
            except Exception as error:  # noqa: BLE001 - a crash of a tests emitter is a result here.
                job.row.detail = f"CRASH writing the tests: {type(error).__name__}: {error}"
                continue
            tests = "".join(p.read_text() for p in sorted(folder.rglob("*")) if p.is_file())
            keys[id(job)] = digest(job, tests, "suite")
            if options.fresh or not known.load(keys[id(job)], job.row, KEPT):
                todo.append(job)
            elif not options.keep:
                shutil.rmtree(folder)
        if todo:
            RUN.get(target, run_each)(todo, root)
        for job in todo:
            known.store(keys[id(job)], job.row, KEPT)
        if options.verify:
            for job in found:
                if job.candidate is None or not job.row.emitted or not job.row.compiles or job.row.problem:
                    continue
                # What is left after that long is asked by the next run.
                climb(job, judgements, new=time.monotonic() - options.started <= options.seconds)


def table(rows: list[Row]) -> list[str]:
    """The Markdown table of the directions."""
    out = [
        (
            "| from | to | functions | emitted whole | compile, of emitted | pass the suite, of all "
            "| pass, of emitted | verdict passed, of asked | false verdicts | median time to a verified port |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    directions = list(dict.fromkeys((r.source, r.target) for r in rows))
    for source, target in directions:
        mine = [r for r in rows if (r.source, r.target) == (source, target)]
        emitted = [r for r in mine if r.emitted]
        passing = [r for r in mine if r.passes]
        passed = [r for r in mine if r.verdict == "passed"]
        judged = any(r.verdict for r in mine)
        wrong = sum(r.false_verified for r in passed)
        seconds = f"{statistics.median([r.verified_in for r in passed]):.1f} s" if passed else "-"
        out.append(
            f"| {source} | {target} | {len(mine)} | {share(len(emitted), len(mine))} "
            f"| {share(sum(r.compiles for r in emitted), len(emitted))} | {share(len(passing), len(mine))} "
            f"| {share(len(passing), len(emitted))} "
            f"| {share(len(passed), sum(bool(r.verdict) for r in mine)) if judged else 'not run'} "
            f"| {f'{wrong} of {len(passed)}' if judged else 'not run'} | {seconds} |"
        )
    return out


def by_pattern(rows: list[Row]) -> list[str]:
    """How many functions of each pattern pass, by direction."""
    directions = list(dict.fromkeys((r.source, r.target) for r in rows))
    patterns = sorted({p for r in rows for p in r.patterns})
    out = [
        "| pattern | " + " | ".join(f"{s} to {t}" for s, t in directions) + " |",
        "|---|" + "---|" * len(directions),
    ]
    for pattern in patterns:
        cells: list[str] = []
        for direction in directions:
            mine = [r for r in rows if (r.source, r.target) == direction and pattern in r.patterns]
            cells.append(f"{sum(r.passes for r in mine)}/{len(mine)}")
        out.append(f"| `{pattern}` | {' | '.join(cells)} |")
    return out


def verdict_tables(paths: list[Path]) -> list[str]:
    """The tables of verdicts on many ports and on planted defects."""
    import verdicts  # It takes subjects from this module.

    return verdicts.read(paths)


def misses(rows: list[Row]) -> list[str]:
    """Why functions do not pass, most frequent reason first."""
    reasons: dict[tuple[str, str, str], list[Row]] = collections.defaultdict(list)
    for r in rows:
        if r.passes:
            continue
        if r.problem:
            kind = f"source: {r.problem}"
        elif not r.emitted:
            kind = f"declined: {r.declines[0].partition(' | ')[0] if r.declines else 'no files'}"
        elif not r.compiles:
            kind = "does not compile"
        elif r.agreed < r.ran:
            kind = "disagrees with the suite"
        else:
            kind = "cases could not be translated or run"
        reasons[r.source, r.target, kind].append(r)
    out: list[str] = []
    for (source, target, kind), mine in sorted(reasons.items(), key=lambda i: (*i[0][:2], -len(i[1]))):
        names = ", ".join(f"{r.module}.{r.function}" for r in mine)
        out.append(f"* {source} to {target}, {len(mine)}: {kind} ({names})")
    return out


def main() -> int:
    """Run, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [x.value for x in ENDINGS]
    parser.add_argument("--from", dest="sources", action="append", choices=names)
    parser.add_argument("--to", dest="targets", action="append", choices=names)
    parser.add_argument("--only", default="", help="a regular expression over module.function")
    parser.add_argument("--verify", action="store_true", help="also ask the verifier for its verdict")
    parser.add_argument(
        "--seconds", type=float, default=math.inf, help="ask for no new verdict after this long"
    )
    parser.add_argument("--fresh", action="store_true", help="use no kept result")
    parser.add_argument("--keep", type=Path, help="leave ports and tests in this folder")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument(
        "--merge", type=Path, nargs="*", default=[], help="rows of earlier runs to show as well"
    )
    parser.add_argument("--note", default="", help="a paragraph for the top of the report")
    parser.add_argument("--title", default="Ports of the corpus")
    parser.add_argument(
        "--verdicts", type=Path, nargs="*", default=[], help="what `verdicts.py --json` wrote, for its tables"
    )
    parser.add_argument(
        "--precision", action="store_true", help="write the engine's table of precision by construct"
    )
    options = parser.parse_args()
    options.started = time.monotonic()
    rows: list[Row] = [Row(**r) for path in options.merge for r in json.loads(path.read_text())]
    for source in (LanguageId(s) for s in options.sources or ([] if options.merge else names)):
        if not (suites.CORPUS / source.value).is_dir():
            continue
        targets = [
            LanguageId(t) for t in options.targets or names if t != source.value and LanguageId(t) in TARGETS
        ]
        if not targets:
            continue
        found = list(jobs(source, targets, options.only))
        for target in targets:
            mine = [j for j in found if j.request.target is target]
            measure(source, target, mine, options)
            rows.extend(j.row for j in mine)
            print("\n".join(table([j.row for j in mine])[-1:]), flush=True)
    text = [
        f"# {options.title}",
        "",
        made_by(f"python bench/port/experiment.py{' --verify' if options.verify else ''}"),
        "",
        *([options.note, ""] if options.note else []),
        *table(rows),
        "",
        "Functions that pass, by pattern:",
        "",
        *by_pattern(rows),
        "",
        "What does not pass:",
        "",
        *misses(rows),
        *(
            ["", "## Verdicts and hidden cases", "", *verdict_tables(options.verdicts)]
            if options.verdicts
            else []
        ),
    ]
    print("\n".join(text[4:]))
    if options.markdown:
        options.markdown.write_text("\n".join(text) + "\n")
    if options.json:
        options.json.write_text(json.dumps([dataclasses.asdict(r) for r in rows], indent=1) + "\n")
    if options.precision:
        from foundation_engine.port.precision import Measured, write_table

        write_table(
            Measured(r.target, r.constructs, r.passes, r.verdict, r.false_verified)
            for r in rows
            if r.emitted and not r.problem
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
