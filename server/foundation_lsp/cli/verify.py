"""`foundation-lsp verify`: compare an implementation that exists already with the source that it was made from."""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation_grammars.language import language_of
from foundation_specs.model import LanguageId

from foundation_lsp.cli import port as port_command
from foundation_lsp.cli.console import Style, UsageError, colour_wanted, fail, printable, write
from foundation_lsp.settings import SettingsFinder

if TYPE_CHECKING:
    from foundation_engine.port.request import PortCandidate, PortedFunction, PortRequest

_EPILOG = """exit codes: 0 every function of SOURCE is in PORTED and they agree; 1 they do not agree, or PORTED does not
compile; 2 usage error; 3 inconclusive: a missing toolchain, a time-out, a function that PORTED does not have.

Verifying compiles and runs both files in a scratch directory: use it on code that you would run."""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    summary = "compile, run and compare a port that exists already"
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "verify",
        help=summary,
        description="Check that PORTED does what SOURCE does: its functions run with the same generated arguments.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="SOURCE", help="the file that was ported")
    parser.add_argument("ported", metavar="PORTED", help="the file in the other language, as it is now")
    parser.add_argument("--report", choices=["text", "json", "html"], default="text", help="(default: text)")
    parser.add_argument(
        "--go-module", metavar="PATH", help="the module path of the Go runtime (default: from settings)"
    )
    parser.add_argument("--color", choices=["auto", "always", "never"], default="auto")


def run(options: argparse.Namespace) -> int:
    """Compare the two files; returns the exit code."""
    from foundation_engine.port import PortError
    from foundation_engine.verify import Verdict, VerifyOptions, verify

    path = Path(options.ported)
    language = language_of(path)
    if language is None:
        raise UsageError(f"{path}: not a Python, Go, Rust or Ruby file")
    text = _read(path)
    request = port_command.request_of(
        options.source,
        language,
        go_module=options.go_module or SettingsFinder().for_file(path.absolute()).go_module,
        package=_package(text, path, language),
    )
    try:
        candidate, absent = substituted(request, text)
    except PortError as error:
        fail(f"{request.path}: {error}")
        return 2
    with port_command.progress(f"verifying {path}") as say:
        report = verify(candidate, VerifyOptions(progress=say))
    if options.report == "json":
        held = {**port_command.document(candidate, report, []), "absent": absent}
        write(sys.stdout, json.dumps(held, indent=1) + "\n")
    elif options.report == "html":
        write(sys.stdout, port_command.page(candidate, report, []))
    else:
        style = Style(enabled=colour_wanted(options.color, sys.stdout))
        port_command.show_evidence(report, style)
        for name in absent:
            write(sys.stdout, printable(f"not compared: {path} has no {name}") + "\n")
    if report.verdict is Verdict.FAILED:
        return 1
    return port_command.INCONCLUSIVE if absent or report.verdict is Verdict.INCONCLUSIVE else 0


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not valid UTF-8 at byte {error.start}") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def _package(text: str, path: Path, language: LanguageId) -> str:
    """The name that the file's package or module has; the port is made under the same one."""
    clause = re.search(r"^package\s+(\w+)", text, re.MULTILINE) if language is LanguageId.GO else None
    return clause[1] if clause is not None else re.sub(r"\W", "_", path.stem)


def substituted(request: PortRequest, text: str) -> tuple[PortCandidate, list[str]]:
    """The port of a request with its source text replaced by `text`, and the functions that `text` does not have.

    Raises PortError when the request cannot be ported, because its functions are then not known.
    """
    from foundation_engine.port import port

    candidate = port(request)
    kept: list[PortedFunction] = []
    absent: list[str] = []
    for function in candidate.functions:
        name = function.target_name.rpartition(".")[2]
        if name and re.search(rf"\b{re.escape(name)}\b", text):
            # A hole of the port may have been filled by hand since; whether it was, running it will show.
            kept.append(replace(function, holes=0))
        else:
            absent.append(function.target_name or function.source_name)
    files = tuple(replace(f, text=text) if f.role == "source" else f for f in candidate.files)
    return replace(candidate, files=files, functions=tuple(kept), holes=()), absent
