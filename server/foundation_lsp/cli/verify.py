"""`foundation-lsp verify`: port a file again and say whether an implementation of it still behaves the same."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from foundation_engine.port.request import PortCandidate, PortedFile, PortOptions, PortRequest
from foundation_engine.verify.report import Verdict, VerifyReport
from foundation_grammars.language import language_of

from foundation_lsp.cli.console import UsageError, fail, write
from foundation_lsp.cli.port import INCONCLUSIVE, add_interpreter, read_source, settings_of

_EPILOG = """exit codes: 0 the implementations agree; 1 they differ, or the second does not compile; 2 usage error; 3
inconclusive (a missing toolchain, a time-out, nothing that could be compared).

Both files are compiled or loaded and their functions are run on generated arguments, in limited processes: use it on
code that you would run."""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    summary = "run two implementations of the same module against each other"
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "verify",
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. SOURCE says what should happen; IMPLEMENTATION, written "
        "by hand or ported and then edited, has the names that `foundation-lsp port` gives.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source", metavar="SOURCE", help="the Python, Go, Rust or Ruby file whose behaviour counts"
    )
    parser.add_argument(
        "implementation",
        metavar="IMPLEMENTATION",
        help="the file in another of these languages to compare with it",
    )
    parser.add_argument("--cases", type=int, default=60, metavar="N", help="calls per function (default: 60)")
    parser.add_argument("--seed", type=int, default=20260101, help="of the generated arguments")
    parser.add_argument("--report", choices=["text", "json"], default="text", help="(default: text)")
    add_interpreter(parser)


def run(options: argparse.Namespace) -> int:
    """Compare as the options say; returns the exit code."""
    from foundation_engine.port import PortError, port
    from foundation_engine.verify import VerifyOptions, verify

    source, implementation = Path(options.source), Path(options.implementation)
    settings = settings_of(source)
    texts = [read_source(path, settings.max_file_size) for path in (source, implementation)]
    source_language, target = language_of(source), language_of(implementation)
    if source_language is None or target is None:
        raise UsageError(
            f"{source if source_language is None else implementation}: not a Python, Go, Rust or Ruby file"
        )
    if source_language is target:
        raise UsageError(
            f"{source} and {implementation} are both written in {target}; a port is in another language"
        )
    if options.cases < 1:
        raise UsageError("--cases: at least 1")
    try:
        made = PortOptions(go_module=settings.go_module, python=options.python or settings.interpreter)
        candidate = port(PortRequest(str(source), texts[0], source_language, target, options=made))
    except PortError as error:
        fail(f"{source}: {error}")
        return 2
    report = verify(
        _with(candidate, texts[1]),
        VerifyOptions(
            cases=min(12, options.cases), differential=max(0, options.cases - 12), seed=options.seed
        ),
    )
    if options.report == "json":
        write(sys.stdout, json.dumps(_document(report), indent=1) + "\n")
    else:
        _show(report)
    return {Verdict.PASSED: 0, Verdict.FAILED: 1}.get(report.verdict, INCONCLUSIVE)


def _with(candidate: PortCandidate, text: str) -> PortCandidate:
    """The candidate with its source file replaced by the implementation's text; a hole of the port is not one of it."""
    files = tuple(PortedFile(f.path, text, f.role) if f.role == "source" else f for f in candidate.files)
    whole = {h.line for h in candidate.holes}
    functions = tuple(f for f in candidate.functions if not f.holes)
    return dataclasses.replace(
        candidate, files=files, functions=functions, holes=() if functions or not whole else candidate.holes
    )


def _document(report: VerifyReport) -> dict[str, Any]:
    found = asdict(report)
    found.pop("files")
    return found


def _show(report: VerifyReport) -> None:
    for r in report.results:
        cases = f", {r.cases} cases" if r.cases else ""
        write(sys.stdout, f"{r.step:13} {r.verdict}{cases}\n")
        if r.verdict is not Verdict.PASSED:
            write(sys.stdout, "".join(f"    {line}\n" for line in r.detail.splitlines()))
    write(sys.stdout, f"{report.verdict}\n")
