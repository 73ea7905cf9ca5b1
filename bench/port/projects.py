"""Port a project of others module by module: how many functions are ported whole, why the others are not, verdicts.

    python bench/port/projects.py --repository PATH [--to go] [--to ruby] [--verify] [--only TEXT] [--keep DIR]
                                  [--markdown FILE]

PATH is a checkout or a bare repository. Nothing of the project is kept in this repository. With --verify, functions of the
project are run on generated arguments (in limited processes), so its dependencies must be installed beside this program.
"""

# ruff: noqa: E501 - the columns of the table stand in one line.
from __future__ import annotations

import argparse
import ast
import collections
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from foundation_engine.port import port
from foundation_engine.port.engine import PortError
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_specs.model import LanguageId
from repository import Repository

SKIPPED = ("test", "tests", "docs", "examples", "archive", "conftest.py", "generated")


@dataclass
class Module:
    """One module of the project in one target."""

    path: str
    functions: int = 0
    whole: int = 0
    verdict: str = "-"
    cases: int = 0
    detail: str = ""
    reasons: list[str] = field(default_factory=list[str])


def sources(root: Path, only: str) -> list[Path]:
    """The project's own modules."""
    return [
        p
        for p in sorted(root.rglob("*.py"))
        if not any(part in SKIPPED or part.startswith(".") for part in p.relative_to(root).parts)
        and only in str(p.relative_to(root))
    ]


def functions_of(text: str) -> int:
    """How many functions and methods a module defines, nested ones aside."""
    count = 0

    def visit(body: list[ast.stmt]) -> None:
        nonlocal count
        for s in body:
            if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef):
                count += 1
            elif isinstance(s, ast.ClassDef):
                visit(s.body)

    visit(ast.parse(text).body)
    return count


def ported(path: Path, root: Path, target: LanguageId, options: argparse.Namespace) -> Module | None:
    """Port and verify one module; None when it has no function."""
    text = path.read_text(encoding="utf-8", errors="replace")
    made = Module(str(path.relative_to(root)))
    try:
        made.functions = functions_of(text)
        if not made.functions:
            return None
        candidate: PortCandidate = port(PortRequest(str(path), text, LanguageId.PYTHON, target))
    except (PortError, SyntaxError) as error:
        made.detail = str(error)
        return made
    # Initialisers and methods of classes that were declined whole are functions, too.
    whole = {f.source_name for f in candidate.functions if not f.holes}
    made.whole = min(made.functions, len(whole) + initialisers(text, candidate))
    made.reasons = [h.reason for h in candidate.holes]
    if options.keep and whole:
        for f in candidate.files:
            out = options.keep / target.value / Path(made.path).with_suffix("") / f.path
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(f.text, encoding="utf-8")
    if options.verify and whole:
        report = verify(candidate, VerifyOptions(cases=8, differential=32, step_seconds=120))
        failed = [r for r in report.results if r.verdict is Verdict.FAILED]
        made.cases = sum(r.cases for r in report.results)
        # A module with holes is never PASSED; what ran and agreed is said apart.
        agreed = any(r.step == "cases" and r.verdict is Verdict.PASSED for r in report.results)
        made.verdict = "failed" if failed else "agrees" if agreed else "not run"
        worst = failed or [r for r in report.results if r.verdict is Verdict.INCONCLUSIVE]
        made.detail = (
            f"{worst[0].step}: {worst[0].detail.splitlines()[0][:90]}" if worst and worst[0].detail else ""
        )
    return made


def initialisers(text: str, candidate: PortCandidate) -> int:
    """Initialisers of classes that came through: they are no functions of the port, but were ported."""
    declined = {f.source_name for f in candidate.functions if f.holes}
    return sum(
        isinstance(m, ast.FunctionDef) and m.name == "__init__"
        for c in ast.parse(text).body
        if isinstance(c, ast.ClassDef) and c.name not in declined
        for m in c.body
    )


def table(name: str, commit: str, target: LanguageId, modules: list[Module], seconds: float) -> list[str]:
    """The report of one target in Markdown."""
    functions, whole = sum(m.functions for m in modules), sum(m.whole for m in modules)
    verdicts = collections.Counter(m.verdict for m in modules if m.verdict != "-")
    reasons = collections.Counter(r for m in modules for r in m.reasons)
    ran = ", ".join(f"{n} {v}" for v, n in verdicts.most_common()) or "none"
    lines = [
        f"## {name} to {target.value}", "",
        (
            f"Commit {commit[:12]}: {len(modules)} modules with functions, {functions} functions, {whole} ported whole "
            f"({100 * whole / functions if functions else 0:.1f} %), {sum(reasons.values())} holes, {seconds:.0f} s."
        ), "",
        f"Modules that were run: {ran}; {sum(m.cases for m in modules)} cases.", "",
        "| module | functions | whole | run | cases | what stopped it |", "|---|---:|---:|---|---:|---|",
    ]  # fmt: skip
    lines.extend(
        f"| `{m.path}` | {m.functions} | {m.whole} | {m.verdict} | {m.cases} | {m.detail.replace('|', '/')} |"
        for m in modules
        if m.whole
    )
    lines.extend(["", "| holes | reason |", "|---:|---|"])
    lines.extend(f"| {n} | {r.replace('|', '/')} |" for r, n in reasons.most_common(25))
    return [*lines, ""]


def main() -> int:
    """Run and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repository", type=Path, required=True)
    parser.add_argument("--name", help="the project's name in the report")
    parser.add_argument("--to", action="append", choices=["go", "ruby", "rust"])
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--only", default="", help="only modules whose path contains this")
    parser.add_argument("--keep", type=Path, help="keep the ports here")
    parser.add_argument("--markdown", type=Path, help="append the tables to this file")
    options = parser.parse_args()
    lines: list[str] = []
    with tempfile.TemporaryDirectory(prefix="foundation-project-") as scratch:
        repository = Repository.at(options.repository)
        root, commit = repository.tree(Path(scratch)), repository.commit
        name = options.name or options.repository.resolve().name
        for language in options.to or ["go", "ruby"]:
            started = time.monotonic()
            target = LanguageId(language)
            found = [
                m for p in sources(root, options.only) if (m := ported(p, root, target, options)) is not None
            ]
            made = table(name, commit, target, found, time.monotonic() - started)
            print("\n".join(made), flush=True)
            lines.extend(made)
    if options.markdown:
        before = options.markdown.read_text(encoding="utf-8") if options.markdown.exists() else ""
        options.markdown.write_text(before + "\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
