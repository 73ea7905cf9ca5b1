"""`foundation-lsp port`: port files or one definition to another language, verify it, and say what was seen."""

from __future__ import annotations

import argparse
import dataclasses
import html
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation_engine.port.request import PortCandidate, PortedFile, PortOptions, PortRequest
from foundation_engine.verify.report import Verdict, VerifyReport
from foundation_grammars.language import language_of
from foundation_specs.model import LanguageId

from foundation_lsp.cli.console import Style, UsageError, colour_wanted, fail, notice, printable, write
from foundation_lsp.cli.discover import display_path, shown_problem
from foundation_lsp.settings import Settings, SettingsFinder, module_path

if TYPE_CHECKING:
    from foundation_engine.port.trace import Call

INCONCLUSIVE = 3
_EPILOG = """exit codes: 0 ported, and passed when it was verified; 1 a verification failed, one file of several
could not be ported, or with --strict a hole was left; 2 usage error, or the only source cannot be ported; 3 a
verification was inconclusive (a missing toolchain, a time-out).

Directories are searched as `foundation-lsp lint` searches them. The files of a Python package, and files of a folder
that import one another, become one package with a file per source file, the files of a Go package one file; every
other file gets a directory of its own. What a single file uses of its package comes along.
A run that was stopped goes on where it was: what is ported already and has not changed is kept (.foundation-port.json
in DIR says what that is).

Verifying compiles and runs the source and its port in a scratch directory: use it on code that you would run."""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    summary = "port files or a definition to another language, and verify the result"
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "port",
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "sources",
        metavar="PATH",
        nargs="+",
        help="a file, FILE:LINE for the definition at that line with what it needs, or a directory",
    )
    parser.add_argument(
        "--from",
        dest="source_language",
        choices=[language.value for language in LanguageId],
        help="port only the files of this language below directories (default: every language but the target)",
    )
    parser.add_argument(
        "--to",
        required=True,
        choices=[language.value for language in LanguageId],
        help="the language to port to",
    )
    parser.add_argument("--out", metavar="DIR", help="write the files there (default: show them)")
    parser.add_argument("--force", action="store_true", help="overwrite files that exist in DIR")
    parser.add_argument(
        "--verify",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="compile and run the port (default: no)",
    )
    parser.add_argument(
        "--trace",
        metavar="COMMAND",
        help="run COMMAND, for example your tests, and take the types of a file without annotations from what it calls",
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 when anything was left as a hole")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="list everything that is not ported with its reason and place, and write nothing",
    )
    parser.add_argument("--report", choices=["text", "json", "html"], default="text", help="(default: text)")
    parser.add_argument(
        "--dialect",
        default="foundation",
        metavar="NAME",
        help="the library that retries are ported onto: foundation, native (a plain loop), cenkalti (Go), retriable"
        " (Ruby), tenacity (Python), backon (Rust); what a library does not have stays on our runtime"
        " (default: foundation)",
    )
    parser.add_argument(
        "--go-module", metavar="PATH", help="the module path of the Go runtime (default: from settings)"
    )
    parser.add_argument("--package", metavar="NAME", help="the name of the generated package or module")
    add_interpreter(parser)
    parser.add_argument("--color", choices=["auto", "always", "never"], default="auto")


def add_interpreter(parser: argparse.ArgumentParser) -> None:
    """Add the option that says which interpreter runs a Python source."""
    parser.add_argument(
        "--python",
        metavar="PATH",
        default="",
        help="the interpreter that runs a Python source to verify its port (default: from settings, the active"
        " virtual environment, the project's .venv or venv, or the one that runs this program)",
    )


def run(options: argparse.Namespace) -> int:
    """Port as the options say; returns the exit code."""
    from foundation_engine.port.engine import PortError as NoSuchDialect
    from foundation_engine.port.engine import check_dialect

    if options.trace is not None and not options.trace.strip():
        raise UsageError("--trace: expected a command, for example --trace 'python -m pytest tests'")
    if options.package is not None and re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", options.package) is None:
        raise UsageError(f"--package {options.package}: expected a letter, then letters, digits, _ or -")
    if options.go_module is not None and module_path(options.go_module) is None:
        raise UsageError(
            f"--go-module {options.go_module}: expected a Go module path, such as example.com/foundation"
        )
    try:
        check_dialect(LanguageId(options.to), options.dialect)
    except NoSuchDialect as error:
        raise UsageError(f"--dialect: {error}") from error
    if options.explain or len(options.sources) > 1 or Path(options.sources[0]).is_dir():
        if options.trace:
            raise UsageError("--trace takes one FILE, and no --explain")
        if options.explain and (options.out or options.verify):
            notice("--explain only lists: nothing is written or verified; leave it out for that")
        from foundation_lsp.cli.port_tree import run as run_tree

        return run_tree(options)
    from foundation_engine.port import PortError, port

    request = _request(options)
    learned: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    if options.trace:
        request, learned, calls = _traced(request, options.trace)
    try:
        with progress(f"porting {request.path} to {request.target}"):
            candidate = port(request)
    except PortError as error:
        fail(f"{request.path}: {error}")
        return 2
    directory = Path(options.out) if options.out else None
    if directory is not None:
        refuse_overwriting(candidate.files, directory, force=options.force)
    report: VerifyReport | None = None
    if options.verify:
        from foundation_engine.verify import VerifyOptions, verify

        with progress(f"verifying the {request.target} port") as say:
            report = verify(candidate, VerifyOptions(progress=say, calls=calls))
    files = [*candidate.files, *(report.files if report is not None else ())]
    if directory is not None:
        # The tests that verification made belong beside the port, and overwrite nothing either.
        refuse_overwriting(files, directory, force=options.force)
    # Files are written whatever the verdict is: the user asked for them, and the report says what they are worth.
    written = [] if directory is None else [write_file(directory, each) for each in files]
    if options.report == "json":
        made = document(candidate, report, written) | {"traced": list(learned)}
        write(sys.stdout, json.dumps(made, indent=1) + "\n")
    elif options.report == "html":
        write(sys.stdout, page(candidate, report, written))
    else:
        style = Style(enabled=colour_wanted(options.color, sys.stdout))
        _show(candidate, report, written, style)
        for signature in learned:
            write(sys.stdout, f"{style.severity('info', 'traced')} {printable(signature)}\n")
    if report is not None and report.verdict is Verdict.FAILED:
        return 1
    if options.strict and candidate.holes:
        return 1
    return INCONCLUSIVE if report is not None and report.verdict is Verdict.INCONCLUSIVE else 0


def _traced(request: PortRequest, command: str) -> tuple[PortRequest, tuple[str, ...], tuple[Call, ...]]:
    """The request with the types that a run of the command showed, the signatures that were added, and the calls."""
    from foundation_engine.port.trace import TraceError, trace

    try:
        with progress(f"tracing {command}"):
            traced = trace(request.path, request.text, request.source, command)
    except TraceError as error:
        raise UsageError(f"--trace {error}") from error
    return dataclasses.replace(request, text=traced.text), tuple(map(str, traced.learned)), traced.calls


def _request(options: argparse.Namespace) -> PortRequest:
    return request_of(
        options.sources[0],
        LanguageId(options.to),
        dialect=options.dialect,
        go_module=options.go_module,
        package=options.package,
        python=options.python,
    )


def request_of(
    given: str,
    target: LanguageId,
    *,
    dialect: str = "foundation",
    go_module: str | None = None,
    package: str | None = None,
    python: str = "",
) -> PortRequest:
    """The request to port FILE[:LINE] to a language; raises UsageError when the file cannot be had or read."""
    path, line = place_of(given)
    language = language_of(path)
    if language is None:
        raise UsageError(f"{path}: not a Python, Go, Rust or Ruby file")
    if language is target:
        raise UsageError(f"{path} is written in {target} already")
    settings = settings_of(path)
    text = read_source(path, settings.max_file_size)
    count = text.count("\n") + 1
    if line is not None and line > count:
        raise UsageError(f"{path}:{line}: the file has {count} lines")
    options = PortOptions(dialect, go_module or settings.go_module, package, python or settings.interpreter)
    request = PortRequest(str(path), text, language, target, line, options)
    from foundation_engine.port.package import with_siblings

    return with_siblings(request, lambda p: _sibling(p, settings.max_file_size), display_path)


def settings_of(path: Path) -> Settings:
    """The settings for a source file; raises UsageError when there is a mistake in them."""
    finder = SettingsFinder()
    settings = finder.for_file(path.absolute())
    refuse_mistakes(finder)
    return settings


def refuse_mistakes(finder: SettingsFinder) -> None:
    """Raise UsageError with every mistake in the settings that were read."""
    if finder.problems:
        raise UsageError(
            "\n  ".join(("there is a mistake in the settings:", *map(shown_problem, finder.problems)))
        )


def read_source(path: Path, largest: int) -> str:
    """The text of a source file of at most `largest` bytes; raises UsageError when it cannot be had."""
    try:
        size = path.stat().st_size
        if size > largest:
            limit = f"only files up to {largest:,} are ported (max-file-size)"
            raise UsageError(f"{path}: {size:,} bytes; {limit}")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not valid UTF-8 at byte {error.start}") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def _sibling(path: Path, largest: int) -> str | None:
    """The text of a file that a source imports, None for one that is not read: its names stay unknown."""
    try:
        return read_source(path, largest)
    except UsageError as error:
        notice(f"{error}; what is imported from there is unknown")
        return None


def place_of(given: str) -> tuple[Path, int | None]:
    """A path and the line after its last colon; a file that is really called so wins."""
    match = re.fullmatch(r"(.+?):(\d+)(?::\d+)?", given)
    path = Path(given)
    line: int | None = None
    if match is not None and not path.exists():
        path, line = Path(match[1]), int(match[2])
        if line < 1:
            raise UsageError(f"{given}: lines count from 1")
    if not path.exists():
        raise UsageError(f"{path}: no such file")
    if not path.is_file():
        raise UsageError(f"{path}: not a regular file")
    return path, line


@contextmanager
def progress(what: str) -> Generator[Callable[[str], None]]:
    """Say what is under way, and each step of it: a spinner on a terminal, a line elsewhere."""
    what = printable(what)
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from rich.console import Console
        from rich.text import Text

        # Text, because a name with brackets must not be read as rich's markup.
        with Console(stderr=True).status(Text(f"{what} ...")) as status:
            yield lambda step: status.update(Text(f"{what}: {printable(step)} ..."))
    else:
        write(sys.stderr, f"{what} ...\n")
        yield lambda step: write(sys.stderr, f"  {printable(step)} ...\n")


def _target(directory: Path, ported: PortedFile) -> Path:
    """Where a generated file goes; never outside the directory."""
    relative = Path(ported.path)
    if relative.is_absolute() or ".." in relative.parts:
        raise UsageError(f"{ported.path}: a generated file would lie outside {directory}")
    return directory / relative


def refuse_overwriting(files: Sequence[PortedFile], directory: Path, *, force: bool) -> None:
    """Raise UsageError when one of the files exists in the directory and `force` is not given."""
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"--out {directory}: not a directory")
    existing = [str(path) for each in files if (path := _target(directory, each)).exists()]
    if existing and not force:
        raise UsageError(f"{', '.join(existing)}: exists already; --force overwrites it")


def write_file(directory: Path, ported: PortedFile) -> str:
    """Write a file below the directory, whole or not at all; its path. Raises UsageError."""
    path = _target(directory, ported)
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as handle:
            handle.write(ported.text)
            mask = os.umask(0)
            os.umask(mask)
            os.fchmod(handle.fileno(), 0o666 & ~mask)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error
    return str(path)


def _show(candidate: PortCandidate, report: VerifyReport | None, written: list[str], style: Style) -> None:
    out = sys.stdout
    if written:
        for path in written:
            write(out, f"wrote {printable(path)}\n")
    else:
        for ported in candidate.files:
            write(
                out, style.bold(f"==> {ported.path} ({ported.role})") + "\n" + ported.text.rstrip() + "\n\n"
            )
    functions = len(candidate.functions)
    whole = sum(not function.holes for function in candidate.functions)
    write(out, f"{whole} of {functions} function{'s' * (functions != 1)} ported without a hole\n")
    for path, names in taken_along(candidate).items():
        told = printable(f"{path}: {', '.join(names)}")
        write(out, f"{style.severity('info', 'from')} {told}\n")
    for hole in candidate.holes:
        place = f"{hole.path or candidate.request.path}:{hole.line}"
        told = printable(f"{place}: {hole.construct}: {hole.reason}")
        write(out, f"{style.severity('warning', 'hole')} {told}\n")
    for difference in candidate.differences:
        write(out, f"{style.severity('info', 'differs')} {printable(difference)}\n")
    if report is None:
        if candidate.confidence is not None:
            write(out, f"confidence {candidate.confidence:.2f}: {printable(candidate.confidence_basis)}\n")
        write(out, "not verified; --verify compiles and runs it\n")
        return
    show_evidence(report, style)


def taken_along(candidate: PortCandidate) -> dict[str, list[str]]:
    """What was ported of other files because the document uses it: names by file."""
    out: dict[str, list[str]] = {}
    whole = {candidate.request.path, *(f.path for f in candidate.request.files if f.whole)}
    module = candidate.module
    for name, origin in module.origins.items() if module is not None else ():
        if origin.path not in ("", *whole):
            out.setdefault(origin.path, []).append(name)
    return out


def show_evidence(report: VerifyReport, style: Style) -> None:
    """Write each step of a verification with what it saw, then the verdict."""
    out = sys.stdout
    for result in report.results:
        counted = f", {result.cases} cases" if result.cases else ""
        verdict = _painted(result.verdict, result.verdict.value.ljust(12), style)
        write(out, f"  {verdict} {result.step} ({result.seconds:.1f} s{counted})\n")
        if result.detail:
            shown = result.detail.strip().splitlines()
            limit = len(shown) if result.verdict is not Verdict.PASSED else 3
            for line in shown[:limit]:
                write(out, f"      {printable(line)}\n")
    verdict = _painted(report.verdict, report.verdict.value.upper(), style)
    tail = f" with {report.toolchain}" if report.toolchain else ""
    write(out, f"{verdict}{printable(tail)}\n")
    if report.confidence is not None:
        write(out, f"confidence {report.confidence:.2f}: {printable(report.confidence_basis)}\n")


def _painted(verdict: Verdict, text: str, style: Style) -> str:
    if verdict is Verdict.PASSED:
        return style.good(text)
    return style.severity("error" if verdict is Verdict.FAILED else "warning", text)


def document(candidate: PortCandidate, report: VerifyReport | None, written: list[str]) -> dict[str, Any]:
    """A port and its evidence as JSON."""
    request = candidate.request
    return {
        "version": 1,
        "source": {
            "path": request.path,
            "language": request.source.value,
            "line": request.line,
            "package": [{"path": f.path, "whole": f.whole} for f in request.files],
        },
        "target": request.target.value,
        "files": [
            {"path": f.path, "role": f.role, "text": f.text, "source": f.origin}
            for f in (*candidate.files, *(report.files if report is not None else ()))
        ],
        "written": written,
        "imports": list(candidate.imports),
        "functions": [
            {
                "path": f.path or request.path,
                "source": f.source_name,
                "target": f.target_name,
                "line": f.line,
                "holes": f.holes,
                "confidence": f.confidence,
            }
            for f in candidate.functions
        ],
        "coverage": candidate.coverage,
        "holes": [
            {
                "path": h.path or request.path,
                "line": h.line,
                "construct": h.construct,
                "reason": h.reason,
                "source": h.source,
            }
            for h in candidate.holes
        ],
        "taken_along": taken_along(candidate),
        "differences": list(candidate.differences),
        "provenance": dict(candidate.provenance),
        "verdict": None if report is None else report.verdict.value,
        "toolchain": "" if report is None else report.toolchain,
        "confidence": candidate.confidence if report is None else report.confidence,
        "confidence_basis": candidate.confidence_basis if report is None else report.confidence_basis,
        "steps": [
            {
                "step": r.step,
                "verdict": r.verdict.value,
                "detail": r.detail,
                "command": r.command,
                "seconds": round(r.seconds, 3),
                "cases": r.cases,
                "disagreements": r.disagreements,
            }
            for r in (report.results if report is not None else ())
        ],
        "sources": [
            {
                "path": r.path,
                "verdict": r.verdict.value,
                "detail": r.detail,
                "cases": r.cases,
                "disagreements": r.disagreements,
            }
            for r in (report.sources if report is not None else ())
        ],
    }


STYLE = """body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
pre { background: #f6f8fa; padding: 1rem; overflow: auto }
table { border-collapse: collapse }
td, th { border: 1px solid #ccc; padding: .3rem .6rem; text-align: left; vertical-align: top }
.passed { color: #116329 } .failed { color: #a40e26 } .inconclusive { color: #7d4e00 }"""


def page(candidate: PortCandidate, report: VerifyReport | None, written: list[str]) -> str:
    """A port and its evidence as one HTML page without scripts or outside resources."""
    request = candidate.request

    def text(value: object) -> str:
        return html.escape(str(value))

    verdict = "not verified" if report is None else report.verdict.value
    title = f"{request.path} to {request.target}: {verdict}"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f"<title>{text(title)}</title><style>{STYLE}</style></head><body>",
            f"<h1>{text(request.path)} to {text(request.target)}</h1>",
            page_body(candidate, report, written),
            "</body></html>\n",
        ]
    )


def page_body(candidate: PortCandidate, report: VerifyReport | None, written: list[str]) -> str:
    """What a page shows of one port: the verdict, the evidence, the holes and the files."""
    request = candidate.request

    def text(value: object) -> str:
        return html.escape(str(value))

    verdict = "not verified" if report is None else report.verdict.value
    parts = [f'<p class="{text(verdict)}"><b>{text(verdict)}</b></p>']
    if report is not None:
        parts.append(
            "<h2>Evidence</h2><table><tr><th>step</th><th>verdict</th><th>cases</th><th>seconds</th><th>detail</th></tr>"
        )
        parts += [
            f'<tr><td>{text(r.step)}</td><td class="{text(r.verdict)}">{text(r.verdict)}</td><td>{r.cases or ""}</td>'
            f"<td>{r.seconds:.1f}</td><td><pre>{text(r.detail)}</pre></td></tr>"
            for r in report.results
        ]
        parts.append("</table>")
    if report is not None and report.sources:
        parts.append(
            "<h2>Files of the package</h2><table><tr><th>file</th><th>verdict</th><th>cases</th><th>detail</th></tr>"
        )
        parts += [
            f'<tr><td>{text(r.path)}</td><td class="{text(r.verdict)}">{text(r.verdict)}</td><td>{r.cases or ""}</td>'
            f"<td><pre>{text(r.detail)}</pre></td></tr>"
            for r in report.sources
        ]
        parts.append("</table>")
    if candidate.holes:
        parts.append("<h2>Holes</h2><table><tr><th>place</th><th>construct</th><th>reason</th></tr>")
        parts += [
            f"<tr><td>{text(h.path or request.path)}:{h.line}</td><td><code>{text(h.construct)}</code></td>"
            f"<td>{text(h.reason)}</td></tr>"
            for h in candidate.holes
        ]
        parts.append("</table>")
    if candidate.differences:
        parts.append(
            "<h2>Differences</h2><ul>"
            + "".join(f"<li>{text(d)}</li>" for d in candidate.differences)
            + "</ul>"
        )
    parts.append("<h2>Files</h2>")
    parts += [f"<h3>{text(f.path)} ({text(f.role)})</h3><pre>{text(f.text)}</pre>" for f in candidate.files]
    if written:
        parts.append("<p>Written: " + ", ".join(text(path) for path in written) + "</p>")
    parts.append(f"<h2>Source</h2><pre>{text(request.text)}</pre>")
    parts += [f"<h3>{text(f.path)}</h3><pre>{text(f.text)}</pre>" for f in request.files]
    return "\n".join(parts)
