"""`foundation-lsp lint`: check files, apply fixes, and report in the format that was asked for."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation_engine.check import CheckOptions, check_tree, worth_parsing
from foundation_engine.codes import complaint, known_codes
from foundation_engine.finding import Applicability, Finding, Fix
from foundation_engine.fix import apply_fixes, fixes
from foundation_grammars.language import language_of
from foundation_grammars.tree import parse
from foundation_specs.model import LanguageId, Problem, Severity
from foundation_specs.registry import SpecRegistry

from foundation_lsp.cli.console import UsageError, colour_wanted, fail, notice
from foundation_lsp.cli.discover import Discovery, Skipped, SourceFile, display_path, shown_problem
from foundation_lsp.cli.source import SourceText
from foundation_lsp.settings import SettingsFinder, specs_of

if TYPE_CHECKING:
    from foundation_lsp.cli.report import Report

FORMATS = ("text", "json", "jsonl", "sarif", "github", "gitlab", "junit")
# Below this many bytes to parse, starting processes costs more than it saves (about 30 ms, against 10 MB/s).
WORTH_PROCESSES = 1_500_000
# A fix may uncover what another fix can mend; this many rounds end any circle.
MOST_ROUNDS = 10
_BINARY_PROBE = 8192

_EPILOG = """exit codes: 0 no finding at or above --fail-on; 1 there are some (with --diff: something would change);
2 a usage error, a mistake in settings or specs, a path that cannot be read, or an internal error.

A CODE is a whole code (retry_with_backoff/out-of-range), a pattern, a requirement (out-of-range), the beginning of a
code, a glob ('*/out-*') or ALL. Settings stand in .foundation.toml or in pyproject.toml under [tool.foundation-lsp]."""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "lint",
        help="check source files and report findings",
        description="Check Python, Go, Rust and Ruby files against the pattern specs.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files and directories; - for standard input (default: .)"
    )
    what = parser.add_argument_group("what to report")
    what.add_argument(
        "--select", action="append", default=[], metavar="CODE", help="report only these codes (also a,b)"
    )
    what.add_argument(
        "--ignore", action="append", default=[], metavar="CODE", help="do not report these codes (also a,b)"
    )
    what.add_argument(
        "--fail-on",
        choices=["error", "warning", "info", "hint", "never"],
        help="exit 1 at this severity or worse (default: warning)",
    )
    what.add_argument("--baseline", metavar="FILE", help="leave out the findings that this file accepts")
    what.add_argument(
        "--write-baseline", metavar="FILE", help="accept every finding of this run in FILE, and exit 0"
    )
    what.add_argument("--explain", metavar="CODE", help="explain a code and exit; 'list' names them all")
    repair = parser.add_argument_group("repair")
    repair.add_argument("--fix", action="store_true", help="apply the safe fixes")
    repair.add_argument(
        "--unsafe-fixes",
        action="store_true",
        help="with --fix or --diff, take the fixes that need a look too",
    )
    repair.add_argument(
        "--diff", action="store_true", help="show what the fixes would change, and change nothing"
    )
    files = parser.add_argument_group("files")
    files.add_argument(
        "--stdin-filename", metavar="NAME", help="the name that standard input is checked under"
    )
    files.add_argument(
        "--files-from",
        metavar="FILE",
        help="read paths from FILE, one a line or separated by NUL; - for standard input",
    )
    files.add_argument(
        "--no-ignore",
        action="store_true",
        help="check files that .gitignore and .foundationignore leave out, too",
    )
    files.add_argument("--config", metavar="FILE", help="use this settings file for every file")
    files.add_argument("--isolated", action="store_true", help="use no settings file")
    output = parser.add_argument_group("output")
    output.add_argument("--format", choices=FORMATS, default="text", help="(default: text)")
    output.add_argument(
        "--output", metavar="FILE", help="write the report there instead of to standard output"
    )
    output.add_argument(
        "--statistics", action="store_true", help="count findings by code, and files read and parsed"
    )
    output.add_argument("--color", choices=["auto", "always", "never"], default="auto")
    output.add_argument(
        "--quiet", "-q", action="store_true", help="no notices about skipped files, no summary"
    )
    output.add_argument(
        "--jobs",
        "-j",
        type=int,
        default=0,
        metavar="N",
        help="processes to parse with (default: as many as are worth it)",
    )


@dataclass(frozen=True, slots=True)
class FileResult:
    """What came of one file: its findings with their fixes, and the text that they lie in.

    `text` is empty when there is nothing to show. `fixed` counts applied fixes; `patched` is the new text, None when
    it is unchanged. `failure` tells of a defect of ours.
    """

    shown: str
    language: LanguageId
    findings: tuple[Finding, ...] = ()
    fixes: tuple[tuple[Fix, ...], ...] = ()
    text: bytes = b""
    marks: tuple[str, ...] = ()
    fixed: int = 0
    patched: bytes | None = None
    failure: str = ""


@dataclass(slots=True)
class Tally:
    """What a run looked at, for `--statistics` and the summary."""

    files: int = 0
    read_bytes: int = 0
    parsed: int = 0
    parsed_bytes: int = 0
    accepted: int = 0
    fixed: int = 0
    started: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True, slots=True)
class _Job:
    """One file for a worker: everything it needs, and nothing that cannot be pickled."""

    path: str
    shown: str
    language: LanguageId
    options: CheckOptions
    spec_root: str
    repair: bool
    unsafe: bool
    text: bytes | None = None


def run(options: argparse.Namespace) -> int:
    """Lint as the options say; returns the exit code."""
    from foundation_lsp.cli import ERROR, FINDINGS, OK

    if options.explain is not None:
        from foundation_lsp.cli.explain import explain

        return explain(options.explain)
    select, ignore = _codes(options.select), _codes(options.ignore)
    finder = SettingsFinder(_settings_file(options), enabled=not options.isolated)
    tally = Tally()
    results: list[FileResult] = []
    jobs: list[_Job] = []
    fatal = False
    baseline: Counter[str] | None = None
    if options.baseline:
        from foundation_lsp.cli.baseline import read_baseline

        baseline = read_baseline(Path(options.baseline))
    paths = _paths(options)
    discovery = Discovery(finder, respect_ignores=not options.no_ignore)
    fix_mode = options.fix or options.diff
    if options.unsafe_fixes and not fix_mode:
        raise UsageError("--unsafe-fixes goes with --fix or --diff")
    if "-" in paths:
        if paths != ["-"]:
            raise UsageError("- (standard input) cannot be combined with other paths")
        sources: Iterable[tuple[SourceFile, bytes | None]] = [_standard_input(options, finder)]
    else:
        if options.stdin_filename:
            raise UsageError("--stdin-filename goes with the path -")
        sources = ((source, None) for source in discovery.files(paths))
    roots = _SpecRoots()
    for source, given in sources:
        # Asked for every file, not only for those that are parsed: a mistake in a spec is told in any case.
        spec_root = roots.above(source.path.parent)
        text = given if given is not None else _read(source, discovery)
        if text is None:
            continue
        tally.files += 1
        tally.read_bytes += len(text)
        if not worth_parsing(text, source.language):
            if given is not None and options.fix:
                _write_through(text)
            continue
        if not _valid_utf8(text) and not options.quiet:
            notice(f"{source.shown}: not valid UTF-8; checked as it is")
        tally.parsed += 1
        tally.parsed_bytes += len(text)
        jobs.append(
            _Job(
                str(source.path),
                source.shown,
                source.language,
                source.settings.options_for(source.path, select, ignore),
                str(spec_root or ""),
                fix_mode,
                options.unsafe_fixes,
                given,
            )
        )
    fatal |= _report_selectors(select, ignore, roots)
    for problem in (*finder.problems, *roots.problems()):
        fail(shown_problem(problem))
        fatal = True
    results = _run_jobs(jobs, options.jobs, tally)
    for skipped in discovery.skipped:
        if skipped.fatal:
            fail(f"{skipped.shown}: {skipped.reason}")
            fatal = True
        elif not options.quiet:
            notice(f"skipped {skipped.shown}: {skipped.reason}")
    for result in results:
        if result.failure:
            fail(f"{result.shown}: internal error while checking: {result.failure}")
            fatal = True
    changed = _apply(results, options, tally)
    if options.write_baseline:
        from foundation_lsp.cli.baseline import write_baseline

        entries = ((m, r.shown, f) for r in results for m, f in zip(r.marks, r.findings, strict=True))
        count = write_baseline(Path(options.write_baseline), entries)
        notice(f"accepted {count} finding{'s' * (count != 1)} in {options.write_baseline}")
        return ERROR if fatal else OK
    if baseline is not None:
        results = [_without(result, baseline, tally) for result in results]
    if options.diff:
        return ERROR if fatal else FINDINGS if changed else OK
    if not (options.fix and paths == ["-"]):
        _report(results, tally, options)
    threshold = options.fail_on or str(_fail_on(finder, results))
    failed = threshold != "never" and any(
        finding.severity.rank <= Severity(threshold).rank for result in results for finding in result.findings
    )
    return ERROR if fatal else FINDINGS if failed else OK


def _codes(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(code.strip() for item in given for code in item.split(",") if code.strip())


def _settings_file(options: argparse.Namespace) -> Path | None:
    if not options.config:
        return None
    if options.isolated:
        raise UsageError("--config and --isolated exclude one another")
    path = Path(options.config).absolute()
    if not path.is_file():
        raise UsageError(f"--config {options.config}: no such file")
    return path


def _paths(options: argparse.Namespace) -> list[str]:
    paths = list(options.paths)
    if options.files_from:
        try:
            if options.files_from == "-":
                data = sys.stdin.buffer.read()
            else:
                data = Path(options.files_from).read_bytes()
        except OSError as error:
            raise UsageError(f"--files-from {options.files_from}: {error.strerror or error}") from error
        separator = b"\0" if b"\0" in data else b"\n"
        paths += [os.fsdecode(line.rstrip(b"\r")) for line in data.split(separator) if line.strip()]
        return paths
    return paths or ["."]


def _standard_input(options: argparse.Namespace, finder: SettingsFinder) -> tuple[SourceFile, bytes]:
    name = options.stdin_filename
    if not name:
        raise UsageError("standard input needs --stdin-filename NAME, whose ending tells the language")
    language = language_of(name)
    if language is None:
        raise UsageError(f"--stdin-filename {name}: not the name of a Python, Go, Rust or Ruby file")
    path = Path(os.path.abspath(name))  # noqa: PTH100 - the file need not exist, and its links mean nothing here
    return SourceFile(path, display_path(path), language, finder.for_file(path)), sys.stdin.buffer.read()


def _read(source: SourceFile, discovery: Discovery) -> bytes | None:
    """The bytes of a file, or None with an entry in `discovery.skipped`."""
    limit = source.settings.max_file_size
    try:
        # Unbuffered, and by the size that the file has: a buffer of the largest size allowed costs more than the file.
        with source.path.open("rb", buffering=0) as handle:
            size = os.fstat(handle.fileno()).st_size
            data = b"" if size > limit else handle.readall()
        if max(size, len(data)) > limit:
            reason = f"{size:,} bytes; only files up to {limit:,} are checked (max-file-size)"
            discovery.skipped.append(Skipped(source.shown, reason))
            return None
    except OSError as error:
        discovery.skipped.append(
            Skipped(source.shown, f"cannot be read: {error.strerror or error}", fatal=True)
        )
        return None
    if b"\0" in data[:_BINARY_PROBE]:
        discovery.skipped.append(Skipped(source.shown, "is binary"))
        return None
    return data


def _valid_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class _SpecRoots:
    """Which directory's `.foundation/specs` is in force where: the nearest above a file."""

    def __init__(self) -> None:
        self._found: dict[Path, Path | None] = {}

    def above(self, directory: Path) -> Path | None:
        """The nearest directory at or above this one that has specs of its own, or None."""
        if directory not in self._found:
            if (directory / ".foundation" / "specs").is_dir():
                self._found[directory] = directory
            elif directory.parent == directory:
                self._found[directory] = None
            else:
                self._found[directory] = self.above(directory.parent)
        return self._found[directory]

    def roots(self) -> list[Path]:
        """Every root found so far."""
        return sorted({root for root in self._found.values() if root is not None})

    def problems(self) -> Iterable[Problem]:
        """What is wrong in the specs of those roots."""
        for root in self.roots():
            yield from SpecRegistry.load([root])[1]


def _report_selectors(select: Sequence[str], ignore: Sequence[str], roots: _SpecRoots) -> bool:
    if not select and not ignore:
        return False
    codes = {code for root in roots.roots() for code in known_codes(specs_of(root).specs)}
    codes |= set(known_codes(SpecRegistry.builtin().specs))
    wrong = False
    for flag, given in (("--select", select), ("--ignore", ignore)):
        for code in given:
            if message := complaint(code, sorted(codes)):
                fail(f"{flag}: {message}")
                wrong = True
    return wrong


def _run_jobs(jobs: Sequence[_Job], asked: int, tally: Tally) -> list[FileResult]:
    """The results in the order of the jobs; in several processes when that is worth it."""
    if asked < 0:
        raise UsageError(f"--jobs {asked}: expected 0 (as many as are worth it) or more")
    processes = asked or (min(_processors(), 8) if tally.parsed_bytes >= WORTH_PROCESSES else 1)
    processes = min(processes, len(jobs))
    if processes <= 1:
        return [check_file(job) for job in jobs]
    # The largest files first, so that no process is left with one at the end.
    order = sorted(range(len(jobs)), key=lambda i: -_size(jobs[i]))
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(processes) as pool:
        done = pool.map(check_file, [jobs[i] for i in order], chunksize=max(1, len(jobs) // (processes * 8)))
        results: list[FileResult | None] = [None] * len(jobs)
        for index, result in zip(order, done, strict=True):
            results[index] = result
    return [result for result in results if result is not None]


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _size(job: _Job) -> int:
    try:
        return len(job.text) if job.text is not None else Path(job.path).stat().st_size
    except OSError:
        return 0


def check_file(job: _Job) -> FileResult:
    """Check one file, and mend it when asked; never raises on content."""
    result = FileResult(job.shown, job.language)
    try:
        text = job.text if job.text is not None else Path(job.path).read_bytes()
        registry = specs_of(Path(job.spec_root)) if job.spec_root else SpecRegistry.builtin()
        original, applied = text, 0
        tree = parse(text, job.language)
        found = check_tree(tree, registry, job.options)
        offered = [tuple(fixes(finding, tree)) for finding in found]
        for _ in range(MOST_ROUNDS if job.repair else 0):
            chosen = [
                fix for choices in offered if (fix := _applicable(choices, unsafe=job.unsafe)) is not None
            ]
            if not chosen:
                break
            text, count = apply_fixes(text, chosen)
            applied += count
            tree = parse(text, job.language, tree)
            found = check_tree(tree, registry, job.options)
            offered = [tuple(fixes(finding, tree)) for finding in found]
        marks: list[str] = []
        if found:
            from foundation_lsp.cli.baseline import fingerprints

            marks = fingerprints(job.shown, SourceText(text), found)
        shown = text if found or applied else b""
        patched = text if text != original else None
        return replace(
            result,
            findings=tuple(found),
            fixes=tuple(offered),
            text=shown,
            marks=tuple(marks),
            fixed=applied,
            patched=patched,
        )
    except Exception as error:
        if os.environ.get("FOUNDATION_LSP_TRACEBACK"):
            raise
        return replace(result, failure=f"{type(error).__name__}: {error}")


def _applicable(choices: Sequence[Fix], *, unsafe: bool) -> Fix | None:
    wanted = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    return next((fix for fix in choices if fix.applicability in wanted), None)


def _write_through(text: bytes) -> None:
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def _apply(results: Sequence[FileResult], options: argparse.Namespace, tally: Tally) -> bool:
    """Write or show the mended texts; True when any text changed."""
    changed = False
    for result in results:
        if result.patched is None:
            if options.fix and not options.diff and options.paths == ["-"] and not result.failure:
                _write_through(result.text)
            continue
        changed = True
        tally.fixed += result.fixed
        if options.diff:
            from foundation_lsp.cli.diff import unified

            if options.paths == ["-"]:
                raise UsageError(
                    "--diff needs files; use --fix to have standard input mended to standard output"
                )
            _write_through(unified(result.shown, Path(result.shown).read_bytes(), result.patched))
        elif options.paths == ["-"]:
            _write_through(result.patched)
        else:
            from foundation_lsp.cli.rewrite import rewrite

            rewrite(Path(result.shown), result.patched)
    return changed


def _without(result: FileResult, baseline: Counter[str], tally: Tally) -> FileResult:
    """The result without the findings that the baseline accepts; each entry accepts one."""
    kept: list[int] = []
    for index, mark in enumerate(result.marks):
        if baseline[mark] > 0:
            baseline[mark] -= 1
            tally.accepted += 1
        else:
            kept.append(index)
    return replace(
        result,
        findings=tuple(result.findings[i] for i in kept),
        fixes=tuple(result.fixes[i] for i in kept),
        marks=tuple(result.marks[i] for i in kept),
    )


def _fail_on(finder: SettingsFinder, results: Sequence[FileResult]) -> Severity:
    """The mildest threshold among the projects that the results come from; warning when none says."""
    chosen = {finder.for_file(Path(result.shown).absolute()).fail_on for result in results}
    return max(chosen, key=lambda severity: severity.rank, default=Severity.WARNING)


def _report(results: Sequence[FileResult], tally: Tally, options: argparse.Namespace) -> None:
    from foundation_lsp.cli.report import Report, reporter

    report: Report = Report(results, tally, quiet=options.quiet, statistics=options.statistics)
    if options.output:
        try:
            with Path(options.output).open("w", encoding="utf-8", newline="\n") as stream:
                reporter(options.format)(report, stream, colour=False)
        except OSError as error:
            raise UsageError(f"--output {options.output}: {error.strerror or error}") from error
    else:
        reporter(options.format)(report, sys.stdout, colour=colour_wanted(options.color, sys.stdout))
