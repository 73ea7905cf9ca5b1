"""Measure the port engine on the typed HumanEval functions: coverage, compiling, passing, with Wilson intervals.

The data is not part of this repository: give the path of a MultiPL-E checkout (or bare repository) with --data. Each
function's own assertions supply the calls; what the Python function answers is the expected result.

    python bench/port/humaneval.py --data PATH [--to go] [--json FILE] [--markdown FILE]
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import copy
import io
import json
import re
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foundation_engine.port import lower, port
from foundation_engine.port.request import PortRequest
from foundation_engine.verify.cases import Case, Plan
from foundation_engine.verify.sandbox import Limits, run
from foundation_engine.verify.targets import TARGETS
from foundation_specs.model import LanguageId
from repository import Repository
from tables import made_by, share

FOLDER = "datasets/originals-with-cleaned-doctests"


def problems(data: Path) -> dict[str, str]:
    """Problem name to file text."""
    found = Repository.at(data)
    return {Path(name).stem: found.text(name) or "" for name in found.names(FOLDER) if name.endswith(".py")}


def package_of(name: str) -> str:
    """The package that a problem's port is."""
    return "p" + re.sub(r"\W", "_", name.lower()).removeprefix("humaneval_")


def neutral(v: Any) -> Any:
    """A Python value in the recorder's neutral form."""
    match v:
        case None | bool() | str():
            return v
        case int():
            if not -(2**63) <= v < 2**63:
                raise ValueError("beyond 64 bits")
            return v
        case float():
            return {"float": repr(v)}
        case list():
            return {"list": [neutral(x) for x in v]}
        case tuple():
            return {"tuple": [neutral(x) for x in v]}
        case set():
            return {"set": [neutral(x) for x in sorted(v, key=repr)]}
        case dict():
            return {"dict": [[neutral(k), neutral(w)] for k, w in v.items()]}
        case _:
            raise ValueError(type(v).__name__)


def calls_of(source: str, tests: str) -> tuple[str, list[Case]]:
    """The name of the tested function and its calls with their results."""
    scope: dict[str, Any] = {}
    cases: list[Case] = []
    name = re.findall(r"check\((\w+)\)", tests)[-1]

    def alarm(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, alarm)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(source, scope)
        function = scope[name]

        def candidate(*args: Any) -> Any:
            before = copy.deepcopy(args)
            signal.setitimer(signal.ITIMER_REAL, 3)
            try:
                value = function(*args)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            with contextlib.suppress(ValueError):
                encoded = tuple(neutral(a) for a in before)
                cases.append(
                    Case(Plan(name, encoded), ({"value": neutral(value)},), after=(None,) * len(args))
                )
            return value

        # Some assertions use their own helpers; those that fail or ask for the impossible end the collection.
        with contextlib.suppress(AssertionError, Exception):
            exec(tests, scope)
            scope["check"](candidate)
    return name, cases


def main() -> int:
    """Run the evaluation, print it and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a checkout of MultiPL-E")
    parser.add_argument("--to", action="append", choices=[t.value for t in EVALUATE], help="default: all")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--keep", type=Path, help="keep the generated packages here")
    parser.add_argument("--only", default="", help="only problems whose name contains this")
    options = parser.parse_args()
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for language in (x for x in EVALUATE if not options.to or x.value in options.to):
        if missing := TARGETS[language].missing():
            print(missing, file=sys.stderr)
            return 2
        with tempfile.TemporaryDirectory(prefix="foundation-humaneval-") as scratch:
            root = options.keep / language.value if options.keep else Path(scratch)
            found[language.value] = measure(language, root, options)
    lines = table(found)
    print("\n".join(lines))
    if options.markdown:
        made = made_by("python bench/port/humaneval.py --data PATH")
        note = "The set was used to find what to build, so these are not figures of unseen code."
        options.markdown.write_text("\n".join(["# Typed HumanEval", "", f"{made} {note}", "", *lines]) + "\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def measure(language: LanguageId, root: Path, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Port every function to a language, and run its calls there: what became of each."""
    target = TARGETS[language]
    rows: dict[str, dict[str, Any]] = {}
    root.mkdir(parents=True, exist_ok=True)
    for name, text in problems(options.data).items():
        if options.only not in name:
            continue
        source, _, tests = text.partition("### Unit tests below ###")
        row = rows[name] = {"emitted": False, "compiles": False, "passes": False, "cases": 0, "detail": ""}
        package = package_of(name)
        request = PortRequest(f"{package}.py", source, LanguageId.PYTHON, language)
        _, cases = calls_of(source, tests)
        candidate = port(request)
        if candidate.holes or not candidate.files:
            row["detail"] = candidate.holes[0].reason if candidate.holes else "no files"
            continue
        row["emitted"] = True
        row["cases"] = len(cases)
        module = lower(request)
        assert module is not None
        folder = root / package
        folder.mkdir(exist_ok=True)
        for f in (*candidate.files, *target.tests(module, package, request.options, cases, [])):
            if f.role != "module" or language is not LanguageId.GO:
                (folder / f.path).parent.mkdir(parents=True, exist_ok=True)
                (folder / f.path).write_text(f.text)
        row["package"] = package
    EVALUATE[language](root, rows)
    return rows


def table(found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """The shares by target, and why each function that is missing is."""
    out = [
        "| target | functions | emitted without a hole | compile, of emitted | correct, of emitted | correct, of all |",
        "|---|---:|---|---|---|---|",
    ]
    for target, rows in found.items():
        emitted = [r for r in rows.values() if r["emitted"]]
        passing = sum(r["passes"] for r in emitted)
        out.append(
            f"| {target} | {len(rows)} | {share(len(emitted), len(rows))} "
            f"| {share(sum(r['compiles'] for r in emitted), len(emitted))} | {share(passing, len(emitted))} "
            f"| {share(passing, len(rows))} |"
        )
    missing: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for target, rows in found.items():
        for name, r in rows.items():
            short = re.sub(r"^HumanEval_\d+_", "", name)
            if not r["emitted"]:
                missing[target, f"declined: {r['detail']}"].append(short)
            elif not r["passes"]:
                missing[target, f"wrong: {' '.join(r['detail'].split())[:160]}"].append(short)
    out += ["", "What is missing:", ""]
    out += [
        f"* {target}, {len(names)}: {why} ({', '.join(names)})"
        for (target, why), names in sorted(missing.items(), key=lambda i: (i[0][0], -len(i[1])))
    ]
    return out


def evaluate_go(root: Path, rows: dict[str, dict[str, Any]]) -> None:
    """Compile and test all packages of one module in one go."""
    target = TARGETS[LanguageId.GO]
    (root / "go.mod").write_text(
        "module humaneval\n\ngo 1.25\n\nrequire foundation v0.1.0\n\nreplace foundation => "
        + str(_runtime())
        + "\n"
    )
    done = run(
        ["go", "test", "-json", "-vet=off", "-timeout", "30s", "./..."],
        root,
        Limits(580, cpu_seconds=1200),
        target.env(),
    )
    built: set[str] = set()
    tests: dict[str, dict[str, bool]] = {}
    output: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        event = json.loads(line)
        package = (event.get("Package") or event.get("ImportPath") or "").partition(" ")[0].rpartition("/")[2]
        if event["Action"] == "run":
            built.add(package)
        if event["Action"] in ("output", "build-output"):
            output.setdefault(package, []).append(event["Output"].strip())
        if "/" in event.get("Test", "") and event["Action"] in ("pass", "fail"):
            tests.setdefault(package, {})[event["Test"]] = event["Action"] == "pass"
    for row in rows.values():
        package = row.get("package", "")
        if not package:
            continue
        row["compiles"] = package in built
        seen = tests.get(package, {})
        row["passes"] = bool(seen) and all(seen.values()) and len(seen) > 0
        row["ran"] = len(seen)
        if not row["passes"]:
            noise = ("===", "---", "FAIL", "ok", "# ")
            row["detail"] = " / ".join(t for t in output.get(package, []) if t and not t.startswith(noise))[
                :400
            ]


def _runtime() -> Path | None:
    from foundation_engine.port.engine import runtime_root

    return runtime_root(LanguageId.GO)


def evaluate_each(root: Path, rows: dict[str, dict[str, Any]], language: LanguageId) -> None:
    """Check and test package by package, for languages whose tools start quickly."""
    target = TARGETS[language]
    for row in rows.values():
        if "package" not in row:
            continue
        folder = root / row["package"]
        row["compiles"] = True
        for _, command in target.compile_steps(folder):
            done = run(command, folder, Limits(60), target.env())
            if done.code != 0:
                row["compiles"] = False
                row["detail"] = done.text[:300]
                break
        if row["compiles"]:
            done = run(target.test_command(folder), folder, Limits(60), target.env())
            seen = target.read_tests(done)
            row["ran"] = len(seen)
            row["passes"] = bool(seen) and all(ok for ok, _ in seen.values())
            row["detail"] = next((f"{n}: {d}" for n, (ok, d) in seen.items() if not ok), done.text[:300])


EVALUATE = {
    LanguageId.GO: evaluate_go,
    LanguageId.RUBY: lambda root, rows: evaluate_each(root, rows, LanguageId.RUBY),
    LanguageId.RUST: lambda root, rows: evaluate_each(root, rows, LanguageId.RUST),
}

if __name__ == "__main__":
    sys.exit(main())
