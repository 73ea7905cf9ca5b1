"""Port a project of others: how many functions are ported whole, why the others are not, verdicts by module.

    python bench/port/projects.py --repository PATH [--to go] [--to ruby] [--to rust] [--verify] [--alone] [--only TEXT]
                                  [--keep DIR] [--markdown FILE]

PATH is a checkout or a bare repository. The files of a package are ported together, as `foundation-lsp port` does it;
with --alone every module is ported without the modules that it imports. Nothing of the project is kept in this
repository. With --verify, functions of the project are run on generated arguments (in limited processes), so its
dependencies must be installed beside this program.
"""

from __future__ import annotations

import argparse
import ast
import collections
import contextlib
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from foundation_engine.port import ir, port
from foundation_engine.port.engine import PortError
from foundation_engine.port.package import groups, package_request
from foundation_engine.port.request import PortCandidate, PortOptions, PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_engine.verify.report import FileResult
from foundation_specs.model import LanguageId
from repository import Repository

ORDER = (Verdict.FAILED, Verdict.INCONCLUSIVE)
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


def functions_of(text: str) -> list[str]:
    """The functions and methods that a module defines (`f`, `Class.method`), nested ones aside."""
    out: list[str] = []
    for s in ast.parse(text).body:
        if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef):
            out.append(s.name)
        elif isinstance(s, ast.ClassDef):
            out += [
                f"{s.name}.{m.name}" for m in s.body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef)
            ]
    return out


def ported(group: list[Path], root: Path, target: LanguageId, options: argparse.Namespace) -> list[Module]:
    """Port and verify files that belong together; a row for each that has a function."""
    shown = {p: str(p.relative_to(root)) for p in group}
    texts = {shown[p]: p.read_text(encoding="utf-8", errors="replace") for p in group}
    made: dict[str, Module] = {}
    named: dict[str, list[str]] = {}
    for path, text in texts.items():
        try:
            named[path] = functions_of(text)
        except SyntaxError as error:
            made[path] = Module(path, detail=str(error))
            continue
        if named[path]:
            made[path] = Module(path, len(named[path]))
    if not any(named.values()):
        return list(made.values())
    if len(group) > 1:
        request = package_request(group, target, PortOptions(), shown=lambda p: str(p.relative_to(root)))
    else:
        request = PortRequest(shown[group[0]], texts[shown[group[0]]], LanguageId.PYTHON, target)
    # Paths are those of the report; the recorder finds the files from the project's root.
    with contextlib.chdir(root):
        try:
            candidate: PortCandidate = port(request)
        except PortError as error:
            for row in made.values():
                row.detail = str(error)
            return list(made.values())
        _counted(candidate, made, named)
        if options.keep and candidate.coverage:
            for f in candidate.files:
                out = options.keep / target.value / Path(request.path).with_suffix("") / f.path
                out.parent.mkdir(parents=True, exist_ok=True)
                out.write_text(f.text, encoding="utf-8")
        if options.verify and any(row.whole for row in made.values()):
            _verified(candidate, made)
    return list(made.values())


def _counted(candidate: PortCandidate, made: dict[str, Module], named: dict[str, list[str]]) -> None:
    """Count what was ported whole, and why the rest was not."""
    module = candidate.module
    assert module is not None
    main = candidate.request.path
    origins = {n: (o.path or main, o.name) for n, o in module.origins.items()}
    whole: dict[str, set[str]] = {}
    lost: dict[str, set[str]] = {}
    for f in candidate.functions:
        head, dot, method = f.source_name.partition(".")
        path, name = origins.get(head, (f.path or main, head))
        (lost if f.holes else whole).setdefault(path, set()).add(f"{name}{dot}{method}")
    for d in module.definitions:
        # Initialisers are no functions of the port, but were ported with their classes; an error's is its message.
        if isinstance(d, ir.Class | ir.ErrorClass):
            path, name = origins[d.name]
            whole.setdefault(path, set()).add(f"{name}.__init__")
    for path, row in made.items():
        good = whole.get(path, set()) - lost.get(path, set())
        row.whole = sum(name in good for name in named.get(path, ()))
    for h in candidate.holes:
        path = h.path or main
        made.setdefault(path, Module(path)).reasons.append(h.reason)


def _verified(candidate: PortCandidate, made: dict[str, Module]) -> None:
    """Run the port beside its source; a module with holes is never PASSED, so what ran and agreed is said apart."""
    report = verify(candidate, VerifyOptions(cases=8, differential=32, step_seconds=600))
    for step in report.results:
        if step.verdict is Verdict.FAILED:
            print(f"{candidate.request.path}: {step.step}: {step.detail}", file=sys.stderr)
    worst = sorted(
        (r for r in report.results if r.verdict is not Verdict.PASSED), key=lambda r: ORDER.index(r.verdict)
    )
    alone = FileResult(
        candidate.request.path, report.verdict, worst[0].detail if worst else "",
        sum(r.cases for r in report.results), sum(r.disagreements for r in report.results),
    )  # fmt: skip
    for found in report.sources or (alone,):
        row = made.setdefault(found.path, Module(found.path))
        agrees = found.verdict is Verdict.INCONCLUSIVE and found.cases
        row.verdict = "agrees" if agrees else found.verdict.value
        row.cases = found.cases
        row.detail = found.detail.partition("\n")[0][:120] if found.verdict is not Verdict.PASSED else ""


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
    parser.add_argument(
        "--alone", action="store_true", help="port every module without those that it imports"
    )
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
            every = sources(root, options.only)
            together = [[p] for p in every] if options.alone else groups(every)
            found = [m for group in together for m in ported(group, root, target, options)]
            made = table(name, commit, target, found, time.monotonic() - started)
            print("\n".join(made), flush=True)
            lines.extend(made)
    if options.markdown:
        before = options.markdown.read_text(encoding="utf-8") if options.markdown.exists() else ""
        options.markdown.write_text(before + "\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
