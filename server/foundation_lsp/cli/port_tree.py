"""Porting several files at once: find them, skip what is ported already, and sum up what became of each."""

from __future__ import annotations

import argparse
import functools
import hashlib
import html
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from foundation_engine.port.request import Decline, PortCandidate, PortedFile, PortOptions, PortRequest
from foundation_engine.verify.report import Verdict, VerifyReport
from foundation_specs.model import LanguageId

from foundation_lsp.cli.console import Style, UsageError, colour_wanted, fail, notice, printable, write
from foundation_lsp.cli.discover import Discovery, display_path
from foundation_lsp.cli.port import (
    INCONCLUSIVE,
    STYLE,
    document,
    page_body,
    place_of,
    progress,
    read_source,
    refuse_mistakes,
    refuse_overwriting,
    request_of,
    settings_of,
    write_file,
)
from foundation_lsp.settings import SettingsFinder

STATE_FILE = ".foundation-port.json"
_STATE_VERSION = 1
_SHOWN_REASONS = 10


@dataclass(frozen=True, slots=True)
class _Job:
    """One source to port, as given or found; `directory` is where its files go below --out.

    A package has all of its `files`, and nothing is `given`.
    """

    given: str
    shown: str
    directory: str
    files: tuple[Path, ...] = ()


@dataclass(slots=True)
class _Row:
    """What became of one source; `document` is its JSON form, which a later run reads back."""

    shown: str
    error: str = ""
    unchanged: bool = False
    document: dict[str, Any] = field(default_factory=dict[str, Any])
    body: str = ""

    @property
    def functions(self) -> list[Mapping[str, Any]]:
        """The functions of the source."""
        return self.document.get("functions", [])

    @property
    def whole(self) -> int:
        """How many functions have no hole."""
        return sum(not f["holes"] for f in self.functions)

    @property
    def holes(self) -> list[Mapping[str, Any]]:
        """What was not ported."""
        return self.document.get("holes", [])

    @property
    def files(self) -> list[tuple[str, int, int, Mapping[str, Any]]]:
        """Of a package each file: how many of its functions have no hole, how many it has, and what ran of it."""
        source = self.document.get("source", {})
        if not any(f["whole"] for f in source.get("package", [])):
            return []
        paths = sorted([source["path"], *(f["path"] for f in source["package"] if f["whole"])])
        paths += [
            f["path"]
            for f in source["package"]
            if not f["whole"] and f["path"] in self.document["taken_along"]
        ]
        seen = {s["path"]: s for s in self.document.get("sources", [])}
        return [
            (path, sum(not f["holes"] for f in found), len(found), seen.get(path, {}))
            for path in paths
            for found in [[f for f in self.functions if f["path"] == path]]
        ]

    @property
    def verdict(self) -> str:
        """The verdict, `error` when the source cannot be ported at all, "" when it was not verified."""
        return "error" if self.error else self.document.get("verdict") or ""

    @property
    def verdicts(self) -> list[str]:
        """The verdicts on the files of a package."""
        return [s["verdict"] for s in self.document.get("sources", [])]

    @property
    def cases(self) -> int:
        """How many cases ran."""
        return sum(step["cases"] for step in self.document.get("steps", []))


def run(options: argparse.Namespace) -> int:
    """Port what the options name; returns the exit code."""
    target = LanguageId(options.to)
    jobs = _jobs(options.sources, target, options.source_language)
    if not jobs:
        raise UsageError(f"{', '.join(options.sources)}: nothing to port to {target} there")
    if options.explain:
        return _explain(options, jobs, target)
    out = Path(options.out) if options.out else None
    state = _State(out) if out is not None else None
    rows: list[_Row] = []
    count = sum(len(job.files) or 1 for job in jobs)
    with progress(f"porting {count} file{'s' * (count != 1)} to {target}") as say:
        for number, job in enumerate(jobs, 1):
            say(f"{number} of {len(jobs)}: {job.shown}")
            rows.append(_port_one(job, target, options, out, state))
    if options.report == "json":
        write(sys.stdout, json.dumps(_document(rows, target), indent=1) + "\n")
    elif options.report == "html":
        write(sys.stdout, _page(rows, target))
    else:
        _show(rows, Style(enabled=colour_wanted(options.color, sys.stdout)), verified=options.verify)
        if out is None:
            notice("nothing was written; --out DIR writes the files")
    verdicts = {row.verdict for row in rows}
    if "error" in verdicts or Verdict.FAILED.value in verdicts:
        return 1
    if options.strict and any(row.holes for row in rows):
        return 1
    return INCONCLUSIVE if Verdict.INCONCLUSIVE.value in verdicts else 0


def _jobs(given: Sequence[str], target: LanguageId, source: str | None) -> list[_Job]:
    """Every source that the arguments name, each once. Raises UsageError for a path that does not exist."""
    single: dict[str, str] = {}
    paths: list[str] = []
    for each in given:
        if not Path(each).exists() and place_of(each)[1] is not None:
            single[each] = each
        paths.append(each)
    finder = SettingsFinder()
    discovery = Discovery(finder)
    jobs: list[_Job] = []
    for each in paths:
        if each in single:
            path, line = place_of(each)
            jobs.append(_Job(each, each, _folder(path.name, line)))
            continue
        top = Path(each).absolute()
        alone: dict[Path, _Job] = {}
        for found in discovery.files([each]):
            if found.language is target or (source is not None and found.language.value != source):
                continue
            if top.is_dir() and found.path.name.endswith("_test.go"):
                # The tests of a Go package are no part of it.
                continue
            relative = found.path.relative_to(top) if top.is_dir() else Path(found.path.name)
            alone[found.path] = _Job(str(found.path), found.shown, _folder(relative.as_posix(), None))
        jobs.extend(_together(alone, top))
    refuse_mistakes(finder)
    for skipped in discovery.skipped:
        if skipped.fatal:
            raise UsageError(f"{skipped.shown} {skipped.reason}")
        notice(f"{skipped.shown} {skipped.reason}")
    jobs = _apart(jobs)
    _refuse_twins(jobs)
    return jobs


def _together(alone: Mapping[Path, _Job], top: Path) -> list[_Job]:
    """The jobs, those of files that belong to one package as one; each where its first file was found."""
    from foundation_engine.port.package import go_groups, groups

    inside = list(alone) if top.is_dir() else []
    packages = {
        path: group
        for group in (
            *groups(p for p in inside if p.suffix in (".py", ".pyw")),
            *go_groups(p for p in inside if p.suffix == ".go"),
        )
        if len(group) > 1
        for path in group
    }
    made: dict[Path, _Job] = {}
    for path, job in alone.items():
        group = packages.get(path)
        if group is None:
            made[path] = job
        elif group[0] not in made:
            shared = Path(os.path.commonpath([p.parent for p in group]))
            relative = shared.relative_to(top).as_posix()
            taken = {j.directory for j in made.values() if j.files}
            directory = (
                relative if relative not in taken else _folder(group[0].relative_to(top).as_posix(), None)
            )
            made[group[0]] = _Job("", display_path(shared), directory, tuple(group))
    return list(made.values())


def _folder(relative: str, line: int | None) -> str:
    path = Path(relative)
    name = path.stem if line is None else f"{path.stem}_{line}"
    return (path.parent / name).as_posix()


def _apart(jobs: Sequence[_Job]) -> list[_Job]:
    """The jobs, those that only the endings of their files tell apart (`x.go`, `x.rb`) with these in their folders."""
    count = Counter(job.directory for job in jobs)
    return [
        replace(job, directory=f"{job.directory}_{place_of(job.given)[0].suffix[1:]}")
        if count[job.directory] > 1 and not job.files
        else job
        for job in jobs
    ]


def _refuse_twins(jobs: Iterable[_Job]) -> None:
    seen: dict[str, str] = {}
    for job in jobs:
        other = seen.setdefault(job.directory, job.shown)
        if other != job.shown:
            raise UsageError(
                f"{other} and {job.shown} would both be written to {job.directory}; port them apart"
            )


def _explain(options: argparse.Namespace, jobs: Sequence[_Job], target: LanguageId) -> int:
    from foundation_engine.port import PortError, port

    found: dict[str, list[tuple[str, Decline]]] = defaultdict(list)
    functions = whole = 0
    failed = False
    for job in jobs:
        try:
            candidate = port(_request(job, target, options))
        except PortError as error:
            fail(f"{job.shown}: {error}")
            failed = True
            continue
        functions += len(candidate.functions)
        whole += sum(not f.holes for f in candidate.functions)
        for hole in candidate.holes:
            found[hole.reason].append((hole.path or candidate.request.path, hole))
    style = Style(enabled=colour_wanted(options.color, sys.stdout))
    for reason, places in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        write(sys.stdout, style.bold(f"{printable(reason)} ({len(places)})") + "\n")
        for shown, hole in places:
            write(sys.stdout, f"  {printable(f'{shown}:{hole.line}: {hole.construct}')}\n")
    write(sys.stdout, f"{_counted(whole, functions)} to {target}\n")
    return 1 if failed else 0


def _request(job: _Job, target: LanguageId, options: argparse.Namespace) -> PortRequest:
    if job.files:
        return _package(job, target, options)
    return request_of(
        job.given,
        target,
        dialect=options.dialect,
        go_module=options.go_module,
        package=options.package,
        python=options.python,
    )


def _package(job: _Job, target: LanguageId, options: argparse.Namespace) -> PortRequest:
    """The request for a package; a file that cannot be read is left out with a notice."""
    from foundation_engine.port.package import LARGEST_PACKAGE, package_request

    if len(job.files) > LARGEST_PACKAGE:
        raise UsageError(
            f"{job.shown}: {len(job.files)} files import one another, and at most {LARGEST_PACKAGE} are ported"
            " together; port a folder of it"
        )
    settings = settings_of(job.files[0])

    def text_of(path: Path) -> str | None:
        try:
            return read_source(path, settings.max_file_size)
        except UsageError as error:
            notice(f"{error}; it is left out")
            return None

    texts = functools.cache(text_of)
    made = PortOptions(
        options.dialect,
        options.go_module or settings.go_module,
        options.package,
        options.python or settings.interpreter,
    )
    return package_request(job.files, target, made, texts, display_path)


class _State:
    """What earlier runs wrote below a directory, so that a run that was stopped goes on where it was."""

    def __init__(self, out: Path) -> None:
        self._path = out / STATE_FILE
        self._out = out
        self._files: dict[str, dict[str, Any]] = {}
        try:
            read = json.loads(self._path.read_text(encoding="utf-8"))
            if read["version"] == _STATE_VERSION:
                self._files = cast(dict[str, dict[str, Any]], read["files"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{self._path}: not the record of a port ({error}); remove it to port anew"
            ) from error

    def document(self, job: _Job, key: str) -> dict[str, Any] | None:
        """The JSON form of an earlier port by the same key whose files are still as they were written."""
        entry = self._files.get(job.directory)
        if entry is None or entry.get("key") != key:
            return None
        return entry["document"] if self._untouched(entry) else None

    def may_overwrite(self, job: _Job, files: Iterable[PortedFile]) -> bool:
        """True when what would be overwritten was written by an earlier run and not changed since."""
        entry = self._files.get(job.directory)
        if entry is None or not self._untouched(entry):
            return False
        return {_place(job, f) for f in files if self._exists(job, f)} <= set(entry["written"])

    def keep(self, job: _Job, key: str, document: dict[str, Any], files: Iterable[PortedFile]) -> None:
        """Note a port that was just written."""
        written = {_place(job, f): _hash(f.text.encode()) for f in files}
        self._files[job.directory] = {"key": key, "written": written, "document": document}
        text = json.dumps({"version": _STATE_VERSION, "files": self._files}, indent=1) + "\n"
        write_file(self._out, PortedFile(STATE_FILE, text, "support"))

    def _exists(self, job: _Job, file: PortedFile) -> bool:
        return (self._out / job.directory / file.path).exists()

    def _untouched(self, entry: Mapping[str, Any]) -> bool:
        for path, known in entry["written"].items():
            try:
                if _hash((self._out / path).read_bytes()) != known:
                    return False
            except OSError:
                return False
        return True


def _place(job: _Job, file: PortedFile) -> str:
    """Where a file of a job goes below --out."""
    return (Path(job.directory) / file.path).as_posix()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _key(request: PortRequest, *, verified: bool) -> str:
    from foundation_engine.verify.cache import tool_fingerprint

    parts = [
        tool_fingerprint(),
        str(request.target),
        repr(request.line),
        repr(request.options),
        str(verified),
        *(repr((f.path, f.module, f.whole, f.text)) for f in request.files),
    ]
    return _hash("\0".join([*parts, request.text]).encode())


def _port_one(
    job: _Job, target: LanguageId, options: argparse.Namespace, out: Path | None, state: _State | None
) -> _Row:
    from foundation_engine.port import PortError, port

    try:
        request = _request(job, target, options)
        key = _key(request, verified=options.verify)
        if state is not None and not options.force and (known := state.document(job, key)) is not None:
            return _Row(job.shown, unchanged=True, document=known)
        candidate = port(request)
    except (PortError, UsageError) as error:
        return _Row(job.shown, error=str(error))
    report = _verified(candidate) if options.verify else None
    files = (*candidate.files, *(report.files if report is not None else ()))
    written: list[str] = []
    if out is not None and state is not None:
        directory = out / job.directory
        forced = options.force or state.may_overwrite(job, files)
        try:
            refuse_overwriting(files, directory, force=forced)
            written = [write_file(directory, each) for each in files]
        except UsageError as error:
            return _Row(job.shown, error=str(error))
    made = document(candidate, report, written)
    if state is not None:
        state.keep(job, key, made, files)
    return _Row(job.shown, document=made, body=page_body(candidate, report, written))


def _verified(candidate: PortCandidate) -> VerifyReport:
    from foundation_engine.verify import VerifyOptions, verify

    return verify(candidate, VerifyOptions())


def _counted(whole: int, functions: int) -> str:
    return f"{whole} of {functions} function{'s' * (functions != 1)} ported without a hole"


def _verdict(verdict: str, cases: int, style: Style) -> str:
    shown = verdict + (f" ({cases} cases)" if cases else "")
    return style.good(shown) if verdict == "passed" else style.severity("warning", shown)


def _show(rows: Sequence[_Row], style: Style, *, verified: bool) -> None:
    width = max(
        len(printable(name)) for row in rows for name in [row.shown, *(f"  {f[0]}" for f in row.files)]
    )
    for row in rows:
        parts = [printable(row.shown).ljust(width), f"{row.whole:>3}/{len(row.functions):<3}"]
        if row.error:
            parts.append(style.severity("error", "not ported"))
        elif row.verdict:
            parts.append(_verdict(row.verdict, row.cases, style))
        if row.unchanged:
            parts.append("ported before")
        write(sys.stdout, "  ".join(parts).rstrip() + "\n")
        if row.error:
            write(sys.stdout, f"      {printable(row.error)}\n")
        elif row.verdict in ("failed", "inconclusive"):
            bad = [s for s in row.document["steps"] if s["verdict"] != "passed"]
            for step in bad:
                first = (step["detail"].strip().splitlines() or [""])[0]
                write(sys.stdout, f"      {step['step']}: {printable(first)}\n")
        for path, whole, functions, seen in row.files:
            parts = [printable(f"  {path}").ljust(width), f"{whole:>3}/{functions:<3}"]
            if seen:
                parts.append(_verdict(seen["verdict"], seen["cases"], style))
            write(sys.stdout, "  ".join(parts).rstrip() + "\n")
            if seen and seen["verdict"] != "passed":
                for line in seen["detail"].splitlines():
                    write(sys.stdout, f"      {printable(line)}\n")
    write(sys.stdout, "\n")
    reasons = Counter(hole["reason"] for row in rows for hole in row.holes)
    for reason, count in reasons.most_common(_SHOWN_REASONS):
        write(sys.stdout, f"{count:>5}  {printable(reason)}\n")
    if len(reasons) > _SHOWN_REASONS:
        write(sys.stdout, f"       and {len(reasons) - _SHOWN_REASONS} more reasons\n")
    if reasons:
        write(sys.stdout, "       --explain lists every place\n\n")
    functions = sum(len(row.functions) for row in rows)
    count = sum(len(row.files) or 1 for row in rows)
    parts = [f"{count} file{'s' * (count != 1)}: {_counted(sum(row.whole for row in rows), functions)}"]
    if verified:
        counts = Counter(verdict for row in rows for verdict in row.verdicts or [row.verdict])
        parts += [f"{counts[name]} {name}" for name in ("passed", "failed", "inconclusive") if counts[name]]
    write(sys.stdout, "; ".join(parts) + "\n")


def _document(rows: Sequence[_Row], target: LanguageId) -> dict[str, Any]:
    return {
        "version": 1,
        "target": target.value,
        "functions": sum(len(row.functions) for row in rows),
        "whole": sum(row.whole for row in rows),
        "verdicts": dict(Counter(row.verdict or "not verified" for row in rows)),
        "files": [
            {"path": row.shown, "error": row.error} if row.error else {"path": row.shown, **row.document}
            for row in rows
        ],
    }


def _page(rows: Sequence[_Row], target: LanguageId) -> str:
    def text(value: object) -> str:
        return html.escape(str(value))

    title = f"{len(rows)} files to {target}"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f"<title>{text(title)}</title><style>{STYLE}</style></head><body><h1>{text(title)}</h1>",
        f"<p>{text(_counted(sum(r.whole for r in rows), sum(len(r.functions) for r in rows)))}</p>",
        "<table><tr><th>source</th><th>functions</th><th>without a hole</th><th>verdict</th><th>cases</th></tr>",
    ]
    for number, row in enumerate(rows):
        parts.append(
            f'<tr><td><a href="#f{number}">{text(row.shown)}</a></td><td>{len(row.functions)}</td>'
            f'<td>{row.whole}</td><td class="{text(row.verdict)}">{text(row.verdict or "not verified")}</td>'
            f"<td>{row.cases or ''}</td></tr>"
        )
        parts += [
            f'<tr><td>{text(path)}</td><td>{functions}</td><td>{whole}</td><td class="{text(seen.get("verdict", ""))}">'
            f"{text(seen.get('verdict', ''))}</td><td>{seen.get('cases') or ''}</td></tr>"
            for path, whole, functions, seen in row.files
        ]
    parts.append("</table>")
    for number, row in enumerate(rows):
        parts.append(f'<h2 id="f{number}">{text(row.shown)}</h2>')
        if row.error:
            parts.append(f'<p class="failed">{text(row.error)}</p>')
        elif row.unchanged:
            parts.append("<p>Ported by an earlier run; its files have not changed since.</p>")
        parts.append(row.body)
    parts.append("</body></html>\n")
    return "\n".join(parts)
