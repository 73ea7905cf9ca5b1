"""`foundation-lsp spec`: list the patterns, show one, validate spec files, print the schemas."""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from foundation_specs.model import Problem
from foundation_specs.registry import SpecRegistry

from foundation_lsp.cli.console import UsageError, fail, printable, write
from foundation_lsp.cli.discover import shown_problem

SCHEMAS = ("pattern", "templates", "types", "conformance", "requirements")
_EPILOG = "exit codes: 0 done, and every spec that was read is valid; 1 one is not; 2 usage error or unreadable path."


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    summary = "list, show and validate pattern specs"
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "spec", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", epilog=_EPILOG
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="every pattern in force here")
    listing.add_argument("--json", action="store_true", help="as JSON")
    showing = actions.add_parser("show", help="one pattern in full")
    showing.add_argument("pattern", metavar="ID")
    showing.add_argument("--json", action="store_true", help="as JSON")
    for each in (listing, showing):
        each.add_argument(
            "--root",
            metavar="DIR",
            default=".",
            help="the project whose .foundation/specs count (default: .)",
        )
    validating = actions.add_parser(
        "validate", help="check spec, template, type-mapping and test-suite files"
    )
    validating.add_argument("paths", nargs="+", metavar="PATH", help="YAML files, or directories of them")
    schema = actions.add_parser("schema", help="print a JSON Schema")
    schema.add_argument("kind", nargs="?", choices=SCHEMAS, default="pattern", help="(default: pattern)")


def run(options: argparse.Namespace) -> int:
    """Do what the options say; returns the exit code."""
    match options.action:
        case "list":
            return _list(options)
        case "show":
            return _show(options)
        case "validate":
            return _validate(options.paths)
        case _:
            text = (
                files("foundation_specs").joinpath("schema", f"{options.kind}.schema.json").read_text("utf-8")
            )
            write(sys.stdout, text if text.endswith("\n") else text + "\n")
            return 0


def _registry(options: argparse.Namespace) -> tuple[SpecRegistry, int]:
    """The specs in force, and the exit code: 1 when a spec of the project is not valid."""
    root = Path(options.root)
    if not root.is_dir():
        raise UsageError(f"--root {options.root}: no such directory")
    if not (root / ".foundation" / "specs").is_dir():
        return SpecRegistry.builtin(), 0
    registry, problems = SpecRegistry.load([root.absolute()])
    for problem in problems:
        fail(shown_problem(problem))
    return registry, 1 if problems else 0


def _list(options: argparse.Namespace) -> int:
    registry, code = _registry(options)
    if options.json:
        rows = [
            {"pattern_id": s.pattern_id, "version": s.version, "title": s.title, "source": s.source}
            for s in registry.specs
        ]
        write(sys.stdout, json.dumps(rows, indent=1) + "\n")
        return code
    widest = max(len(spec.pattern_id) for spec in registry.specs)
    for spec in registry.specs:
        own = "" if spec.source.startswith("foundation_specs/") else f"  ({spec.source})"
        summary = " ".join(spec.description.split())
        write(sys.stdout, printable(f"{spec.pattern_id:{widest}}  {spec.version:5} {summary}{own}") + "\n")
    return code


def _show(options: argparse.Namespace) -> int:
    from foundation_specs.docs import page

    registry, code = _registry(options)
    spec = registry.get(options.pattern)
    if spec is None:
        wanted: str = options.pattern
        close = difflib.get_close_matches(wanted, registry.ids, 1, 0.3)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise UsageError(f"no pattern {wanted!r}{hint} (known: {', '.join(registry.ids)})")
    if options.json:
        from dataclasses import asdict

        write(sys.stdout, json.dumps(asdict(spec), indent=1, default=str) + "\n")
        return code
    # The page's note about the file that it was generated into is of no use on a terminal.
    write(sys.stdout, re.sub(r"<!--.*?-->\n+", "", page(spec), count=1, flags=re.DOTALL).rstrip() + "\n")
    return code


def _validate(paths: list[str]) -> int:
    wrong = unreadable = 0
    checked = 0
    for given in paths:
        path = Path(given)
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.suffix in {".yaml", ".yml"} and p.is_file())
            if not found:
                fail(f"{given}: no YAML files below this directory")
                unreadable += 1
        elif path.is_file():
            found = [path]
        else:
            fail(f"{given}: {'not a regular file' if path.exists() else 'no such file or directory'}")
            unreadable += 1
            continue
        for file in found:
            if not os.access(file, os.R_OK):
                fail(f"{file}: cannot be read: Permission denied")
                unreadable += 1
                continue
            checked += 1
            kind, problems = check_file(file)
            for problem in problems:
                write(sys.stdout, printable(str(problem)) + "\n")
            wrong += bool(problems)
            if not problems:
                write(sys.stdout, printable(f"{file}: valid {kind}") + "\n")
    if wrong:
        write(sys.stdout, f"{wrong} of {checked} file{'s' * (checked != 1)} not valid\n")
    return 2 if unreadable else 1 if wrong else 0


def check_file(path: Path) -> tuple[str, tuple[Problem, ...]]:
    """What a file is (pattern spec, templates, type mappings, test suite) and every problem in it."""
    from foundation_specs.suite import load_suite
    from foundation_specs.templates import load_templates
    from foundation_specs.type_mappings import load_type_mappings
    from foundation_specs.workspace import check_file as check_spec

    try:
        with path.open("rb") as handle:
            head = handle.read(1 << 20)
    except OSError as error:
        return "file", (Problem(str(path), 1, 1, "", f"cannot be read: {error.strerror or error}"),)
    # The first key of a document tells its kind; a file with none of them is judged as a pattern spec.
    keys = {line.partition(b":")[0].strip() for line in head.splitlines() if line[:1].isalpha()}
    if b"test_suite" in keys:
        return "test suite", tuple(load_suite(path)[1])
    if b"type_mappings" in keys and b"pattern_id" not in keys:
        return "type mappings", tuple(load_type_mappings(head, str(path))[1])
    if b"patterns" in keys and b"dialect" in keys:
        return "templates", load_templates(path)[1]
    return "pattern spec", tuple(check_spec(path)[1])
