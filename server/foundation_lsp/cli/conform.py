"""`foundation-lsp conform`: run the conformance suite over the testees of four languages, or over your own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from foundation_lsp.cli.console import UsageError, fail

_SUMMARY = "run the conformance suite over the runtimes, or over a testee of your own"
_EPILOG = """exit codes: 0 every language conforms and all agree; 1 something does not, or a language is not here;
2 usage error, a suite that cannot be used, or a report that cannot be written."""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the subcommand."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "conform",
        help=_SUMMARY,
        description=f"{_SUMMARY[0].upper()}{_SUMMARY[1:]}.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="pattern ids (default: all ten)")
    parser.add_argument(
        "--lang",
        action="append",
        metavar="LANG",
        help="python, go, rust or ruby; repeat or separate by commas",
    )
    parser.add_argument(
        "--testee",
        action="append",
        default=[],
        metavar="LANG=CMD",
        help="run this command as the testee of LANG; with --testee alone, only these languages run",
    )
    parser.add_argument("--report", choices=("html", "json", "junit"), help="write a report of this kind")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where the report goes (default: standard output)"
    )
    parser.add_argument(
        "--cases", action="append", type=Path, default=[], metavar="FILE", help="run these suites too"
    )
    parser.add_argument("--only", metavar="NAME", help="run the cases whose name contains NAME")
    parser.add_argument("--list", action="store_true", help="list the cases and exit")
    parser.add_argument("--known-failures", type=Path, metavar="FILE", help="use this list of known failures")
    parser.add_argument("--runtimes", type=Path, metavar="DIR", help="the folder with the four runtimes")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where testees are built")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="for one answer (60)")
    parser.add_argument(
        "--generate",
        type=int,
        default=0,
        metavar="N",
        help="also run N generated cases per pattern (needs hypothesis)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the generated cases (0)")
    parser.add_argument(
        "--save",
        type=Path,
        metavar="DIR",
        help="save generated cases on which languages differ (default: conform-failures)",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print only the verdict")
    parser.set_defaults(run=run)
    return parser


def _fail(message: str) -> int:
    fail(message)
    return 2


def run(args: argparse.Namespace) -> int:
    """Run the subcommand and return its exit code."""
    from foundation_engine.conform import cases as suites
    from foundation_engine.conform import report as reports
    from foundation_engine.conform import run as matrix
    from foundation_engine.conform import toolchain

    unknown = [p for p in args.patterns if p not in suites.PATTERN_IDS]
    if unknown:
        return _fail(f"no pattern {unknown[0]!r}; there are {', '.join(suites.PATTERN_IDS)}")
    cases, problems = suites.builtin_cases(args.patterns or suites.PATTERN_IDS)
    extra, wrong = suites.load_cases(args.cases)
    cases += extra
    problems += wrong
    try:
        if args.known_failures is None:
            known, wrong = matrix.builtin_known_failures()
        else:
            text = args.known_failures.read_text("utf-8")
            known, wrong = matrix.read_known_failures(text, str(args.known_failures))
    except OSError as error:
        return _fail(f"cannot read {args.known_failures}: {error.strerror}")
    problems += wrong
    if problems:
        return _fail("\n  ".join(("a suite cannot be used:", *map(str, problems))))
    ids = [case.id for case in cases]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        return _fail(f"two suites have a case named {twice[0]}")
    if args.only:
        cases = [case for case in cases if args.only in case.name]
    if not cases:
        return _fail(f"no case has {args.only!r} in its name")
    if args.list:
        for case in cases:
            sys.stdout.write(f"{case.id}{'  ' + case.why if case.why else ''}\n")
        return 0

    testees: dict[str, matrix.Prepare] = {}
    languages = [name for text in args.lang or () for name in text.split(",") if name]
    if not languages and not args.testee:
        languages = list(toolchain.LANGUAGES)
    try:
        own = dict(matrix.command_from_text(text) for text in args.testee)
    except ValueError as error:
        return _fail(f"--testee: {error}")
    wanted = [language for language in languages if language not in own]
    for language in wanted:
        if language not in toolchain.LANGUAGES:
            return _fail(
                f"no language {language!r}; there are {', '.join(toolchain.LANGUAGES)}, "
                f"or give --testee {language}=COMMAND"
            )
    if wanted:
        runtimes = args.runtimes or toolchain.find_runtimes()
        if runtimes is None:
            return _fail("the runtimes are not here; give --runtimes DIR, or --testee LANG=COMMAND")
        testees.update(
            matrix.runtime_testees(wanted, runtimes, args.cache or toolchain.default_cache(runtimes))
        )
    testees.update(own)

    progress = None if args.quiet else _progress(list(testees))
    found = matrix.run_matrix(cases, testees, known_failures=known, progress=progress, timeout=args.timeout)
    generated = True
    if args.generate:
        generated = _run_generated(args, found, testees)
    _write_report(args, found, reports)
    _print_summary(found, reports, quiet=args.quiet, to=sys.stderr if _report_on_stdout(args) else sys.stdout)
    return 0 if found.passed and generated else 1


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _report_on_stdout(args: argparse.Namespace) -> bool:
    return args.report is not None and args.out is None


def _progress(languages: list[str]) -> Any:
    """A line on standard error that counts; nothing when it is not a terminal."""
    if not sys.stderr.isatty():
        return None
    done = dict.fromkeys(languages, 0)

    def show(language: str, number: int, total: int) -> None:
        done[language] = number
        text = "  ".join(f"{name} {count}/{total}" for name, count in done.items())
        end = "\n" if all(count == total for count in done.values()) else ""
        sys.stderr.write(f"\r{text}{end}")
        sys.stderr.flush()

    return show


def _run_generated(args: argparse.Namespace, found: Any, testees: Any) -> bool:
    try:
        from foundation_engine.conform import generate
    except ImportError:
        fail("generated cases need hypothesis: pip install hypothesis")
        return False
    available = {name: make for name, make in testees.items() if name not in found.unavailable}
    patterns = [p for p in args.patterns or generate.PATTERNS if p in generate.PATTERNS]
    failures = generate.run_generated(patterns, available, count=args.generate, seed=args.seed)
    sys.stderr.write(
        f"generated: {args.generate} cases for each of {len(patterns)} patterns (seed {args.seed}), "
        f"{len(available)} languages, {len(failures)} on which they differ\n"
    )
    if failures:
        folder = args.save or Path("conform-failures")
        for path in generate.save_failures(failures, folder):
            sys.stderr.write(f"languages differ on a generated case, saved as {path}\n")
    return not failures


def _write_report(args: argparse.Namespace, found: Any, reports: Any) -> None:
    if args.report is None:
        return
    text = {"html": reports.as_html, "json": reports.as_json, "junit": reports.as_junit}[args.report](found)
    if args.out is None:
        sys.stdout.write(text)
    else:
        try:
            args.out.parent.mkdir(parents=True, exist_ok=True)
            args.out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"--out {args.out}: {error.strerror or error}") from error


def _print_summary(found: Any, reports: Any, *, quiet: bool, to: Any) -> None:
    from foundation_engine.conform.run import Status

    if not quiet:
        for outcome in found.outcomes:
            if outcome.status.is_bad:
                to.write(f"{outcome.status.upper()} {outcome.language} {outcome.case.id}\n")
                for message in outcome.messages:
                    to.write(f"    {message}\n")
        for item in found.disagreements:
            to.write(f"DISAGREE {item.case.id}: {' and '.join(item.languages)}: {item.message}\n")
        for item in found.stale:
            to.write(f"STALE known failure names no case: {item.language} {item.pattern_id}/{item.case}\n")
    for language in found.languages:
        if language in found.unavailable:
            to.write(f"{language}: NOT AVAILABLE: {found.unavailable[language]}\n")
            continue
        numbers = reports.counts(found, language)
        shown = ", ".join(f"{number} {Status(status)}" for status, number in numbers.items())
        to.write(f"{language}: {shown}\n")
    nowhere = {case.id for case in found.cases} - {
        outcome.case.id for outcome in found.outcomes if outcome.status is not Status.SKIPPED
    }
    if nowhere:
        to.write(f"{len(nowhere)} cases ran in no language, for example {min(nowhere)}\n")
    verdict = "conforms" if found.passed else "does not conform"
    to.write(
        f"{verdict}: {_counted(len(found.cases), 'case')}, {_counted(len(found.languages), 'language')}, "
        f"{found.seconds:.1f} s\n"
    )
