"""Port the Exercism exercises that the four tracks share, and drive every port with their canonical data.

    python bench/port/exercism.py --tracks FOLDER [--from python] [--to go] [--only leap] [--json FILE]
                                  [--markdown FILE]

FOLDER holds checkouts (or bare repositories) of exercism/problem-specifications, python, go, rust and ruby, each in a
directory whose name ends in its own; nothing of them is part of this repository. A track's example solution is the
source. Its function for a property of the canonical data is the one that gives the expected answers; the types of
Python and Ruby come from a run of the track's own tests where the solution has none.
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from foundation_engine.port import PortError, directions, lower, port
from foundation_engine.port.request import PortRequest
from foundation_engine.port.trace import TRACERS, TraceError, trace
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_engine.verify.cases import Plan
from foundation_engine.verify.recorders import RECORDERS
from foundation_specs.model import LanguageId
from humaneval import neutral
from repository import Repository
from tables import made_by, share

ENDINGS = {LanguageId.PYTHON: "py", LanguageId.GO: "go", LanguageId.RUST: "rs", LanguageId.RUBY: "rb"}


def cases(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The canonical cases, groups unfolded; a case that another replaces is left out."""
    replaced = {c["reimplements"] for c in _leaves(data) if "reimplements" in c}
    yield from (c for c in _leaves(data) if c["uuid"] not in replaced)


def _leaves(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for case in data["cases"]:
        if "cases" in case:
            yield from _leaves(case)
        else:
            yield case


def solution(track: Repository, slug: str, language: LanguageId) -> str | None:
    """The example solution of a track, when it is one file."""
    base = f"exercises/practice/{slug}/.meta"
    found = [
        n for n in track.names(base) if re.search(rf"/(?:example|exemplar)[^/]*\.{ENDINGS[language]}$", n)
    ]
    return track.text(found[0]) if len(found) == 1 else None


def typed(text: str, path: Path, track: Repository, slug: str, language: LanguageId) -> str:
    """The solution with types from the track's own tests, where the language can be traced."""
    if language not in TRACERS:
        return text
    test = _named(track, slug, "test")
    body = track.text(f"exercises/practice/{slug}/{test}")
    if body is None:
        return text
    # A learner takes one test after the other; the example solution passes all of them.
    (path.parent / test).write_text(re.sub(r"^ *skip$", "", body, flags=re.MULTILINE))
    command = {
        LanguageId.PYTHON: [sys.executable, "-m", "unittest", test.removesuffix(".py")],
        LanguageId.RUBY: ["ruby", f"-I{path.parent}", test],
    }[language]
    words = ["sh", "-c", f"cd {shlex.quote(str(path.parent))} && exec {shlex.join(command)}"]
    try:
        return trace(str(path), text, language, shlex.join(words), seconds=60).text
    except TraceError:
        return text


def _named(track: Repository, slug: str, role: str) -> str:
    """How a track calls the file of a solution or of its test."""
    told = json.loads(track.text(f"exercises/practice/{slug}/.meta/config.json") or "{}")
    return told["files"][role][0]


def shared_exercises(
    folder: Path, only: str = ""
) -> tuple[dict[LanguageId, Repository], dict[str, list[dict[str, Any]]]]:
    """The tracks, and the canonical cases of the exercises that all of them solve in one file."""
    specifications = Repository.named(folder, "exercism/problem-specifications")
    tracks = {x: Repository.named(folder, f"exercism/{x.value}") for x in LanguageId}
    data: dict[str, list[dict[str, Any]]] = {}
    for name in specifications.names("exercises"):
        slug = name.split("/")[1]
        if name.endswith("canonical-data.json") and only in slug:
            data[slug] = list(cases(json.loads(specifications.text(name) or "")))
    shared = [s for s in sorted(data) if all(solution(t, s, x) is not None for x, t in tracks.items())]
    return tracks, {s: data[s] for s in shared}


def written(track: Repository, slug: str, language: LanguageId, folder: Path) -> tuple[Path, str]:
    """A track's solution as a file in a folder, and its text with types."""
    path = folder / Path(_named(track, slug, "solution")).name
    text = solution(track, slug, language) or ""
    path.write_text(text)
    return path, typed(text, path, track, slug, language)


def plans_for(request: PortRequest, given: list[dict[str, Any]]) -> tuple[list[Plan], int]:
    """Calls for the canonical cases that the source answers as expected, and how many cases could be tried at all."""
    module = lower(request)
    recorder = RECORDERS.get(request.source)
    if module is None or recorder is None:
        return [], 0
    functions = [f for c, f in module.functions() if c is None and not f.name.startswith("_")]
    chosen: list[Plan] = []
    tried = 0
    by_property: dict[str, list[dict[str, Any]]] = collections.defaultdict(list)
    for case in given:
        by_property[case["property"]].append(case)
    for group in by_property.values():
        best: list[Plan] = []
        usable = 0
        for function in functions:
            planned: list[tuple[Plan, Any]] = []
            for case in group:
                try:
                    values = [neutral(v) for v in case["input"].values()]
                except ValueError:
                    continue
                if len(values) == len(function.params):
                    planned.append((Plan(function.name, tuple(values)), case["expected"]))
            usable = max(usable, len(planned))
            if not planned:
                continue
            recorded, _ = recorder.record(request, module, [p for p, _ in planned])
            right = [c.plan for c in recorded if _expected(c.steps[0], dict_of(planned).get(repr(c.plan)))]
            best = max(best, right, key=len)
        chosen += best
        tried += usable
    return chosen, tried


def dict_of(planned: list[tuple[Plan, Any]]) -> dict[str, Any]:
    """Expected answers by plan."""
    return {repr(plan): expected for plan, expected in planned}


def _expected(step: Mapping[str, Any], expected: Any) -> bool:
    if isinstance(expected, dict) and "error" in expected:
        return "error" in step
    if "value" not in step:
        return False
    return _plain(step["value"]) == expected


def _plain(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    (tag, body), *_ = value.items()
    match tag:
        case "float":
            return float(body)
        case "list" | "tuple" | "set":
            return [_plain(v) for v in body]
        case "dict":
            return {str(_plain(k)): _plain(v) for k, v in body}
        case _:
            return None


def main() -> int:
    """Run and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=Path, required=True)
    parser.add_argument("--from", dest="sources", action="append", choices=[x.value for x in LanguageId])
    parser.add_argument("--to", action="append", choices=[x.value for x in LanguageId])
    parser.add_argument("--only", help="exercises whose name contains this")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--show", action="store_true", help="every exercise with its reason")
    options = parser.parse_args()
    tracks, shared = shared_exercises(options.tracks, options.only or "")
    print(f"{len(shared)} exercises with canonical data and a solution in one file in all four tracks")
    rows: list[dict[str, Any]] = []
    for source in LanguageId:
        if options.sources and source.value not in options.sources:
            continue
        targets = [
            t for s, t in sorted(directions()) if s is source and (not options.to or t.value in options.to)
        ]
        for slug in shared:
            rows += _exercise(slug, source, targets, tracks[source], shared[slug], options)
        print("\n".join(table([r for r in rows if r["from"] == source.value])), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    if options.markdown:
        made = made_by("python bench/port/exercism.py --tracks PATH")
        note = (
            f"The example solutions of the {len(shared)} exercises with canonical data that the four tracks share. "
            "Those in Python and Ruby have no annotations; their types come from a run of the track's own tests "
            "(`port --trace`)."
        )
        text = ["# Exercism", "", f"{made} {note}", "", *table(rows)]
        options.markdown.write_text("\n".join(text) + "\n")
    return 0


def _exercise(
    slug: str,
    source: LanguageId,
    targets: list[LanguageId],
    track: Repository,
    given: list[dict[str, Any]],
    options: argparse.Namespace,
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="foundation-exercism-") as folder:
        path, text = written(track, slug, source, Path(folder))
        planned: list[Plan] | None = None
        for target in targets:
            row: dict[str, Any] = {
                "from": source.value,
                "to": target.value,
                "exercise": slug,
                "cases": len(given),
            }
            rows.append(row)
            request = PortRequest(str(path), text, source, target)
            try:
                candidate = port(request)
            except PortError as error:
                row["result"], row["detail"] = "declined", str(error)
                continue
            if candidate.holes or not candidate.functions:
                hole = candidate.holes[0] if candidate.holes else None
                row["result"] = "declined"
                row["detail"] = f"{hole.reason} | {hole.construct}" if hole else "no functions"
                continue
            if planned is None:
                planned, _ = plans_for(request, given)
            row["driven"] = len(planned)
            report = verify(candidate, VerifyOptions(plans=tuple(planned), cases=max(12, len(planned))))
            failed = [r for r in report.results if r.verdict is Verdict.FAILED]
            # The canonical cases need not run everything.
            unclear = [
                r
                for r in report.results
                if r.verdict is Verdict.INCONCLUSIVE and r.step not in ("exercised", "branches")
            ]
            row["result"] = "failed" if failed else "passed" if not unclear else "unclear"
            row["step"] = failed[0].step if failed else unclear[0].step if unclear else ""
            row["detail"] = (failed or unclear)[0].detail[:300] if failed or unclear else ""
            row["kind"] = "canonical" if planned else "generated"
    if options.show:
        for row in rows:
            print(
                f"  {slug}: {row['from']} to {row['to']}: {row['result']} {row.get('detail', '')[:160]!r}",
                flush=True,
            )
    return rows


def table(rows: list[dict[str, Any]]) -> list[str]:
    """The shares by direction, and why each exercise that is missing is."""
    out = [
        "| from | to | exercises | emitted whole | pass, of emitted | driven by canonical data | pass, of all |",
        "|---|---|---:|---|---|---:|---|",
    ]
    missing: dict[tuple[str, str, str], list[str]] = collections.defaultdict(list)
    for source, target in dict.fromkeys((r["from"], r["to"]) for r in rows):
        mine = [r for r in rows if (r["from"], r["to"]) == (source, target)]
        emitted = [r for r in mine if r["result"] != "declined"]
        passed = [r for r in emitted if r["result"] == "passed"]
        canonical = sum(r.get("kind") == "canonical" for r in passed)
        out.append(
            f"| {source} | {target} | {len(mine)} | {share(len(emitted), len(mine))} "
            f"| {share(len(passed), len(emitted))} | {canonical} | {share(len(passed), len(mine))} |"
        )
        for r in mine:
            why = " ".join(r.get("detail", "").partition(" | ")[0].split())[:160]
            if r["result"] == "declined":
                missing[source, target, f"declined: {why}"].append(r["exercise"])
            elif r["result"] != "passed":
                missing[source, target, f"{r['result']} at {r['step']}: {why}"].append(r["exercise"])
    out += ["", "What is missing:", ""]
    out += [
        f"* {source} to {target}, {len(names)}: {why} ({', '.join(names)})"
        for (source, target, why), names in sorted(missing.items(), key=lambda i: (*i[0][:2], -len(i[1])))
    ]
    return out


if __name__ == "__main__":
    sys.exit(main())
