"""What recording needs to know of each source language: how to run its functions on planned calls."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from foundation_specs.model import LanguageId

from foundation_engine.port import ir
from foundation_engine.port.engine import package_name, runtime_root
from foundation_engine.port.request import PortRequest
from foundation_engine.verify.cases import Case, Plan
from foundation_engine.verify.interpreter import interpreter_of
from foundation_engine.verify.sandbox import RECORDED, Completed, Limits, run

_PYTHON_RECORDER = Path(__file__).with_name("record_python.py")
_RUBY_RECORDER = Path(__file__).with_name("record_ruby.rb")


class Recorder(Protocol):
    """One source language."""

    def record(
        self, request: PortRequest, module: ir.Module, planned: Sequence[Plan], seconds: float = 60.0
    ) -> tuple[list[Case], str]:
        """Run the source on planned calls in a limited process: the cases, and what went wrong if there are none.

        This executes the user's code. `module` is the source as lowered, for recorders that need its types.
        """
        ...


def read_cases(
    done: Completed, planned: Sequence[Plan], seconds: float, paths: Mapping[str, str] | None = None
) -> tuple[list[Case], str]:
    """The cases that a recording process wrote, one JSON object a line, and what went wrong if there are none.

    A line has `index` (of the plan) and `steps trace sleeps sleeps_high after state world_after steps_taken` as in
    `Case`, or `skipped` with the reason why the plan cannot be a case. `paths` tells what a case calls the files of a
    package, by which its steps end.
    """
    known = paths or {}
    cases: list[Case] = []
    skipped: list[str] = []
    for line in done.stdout.splitlines():
        try:
            seen: dict[str, Any] = json.loads(line)
        except ValueError:
            # The last line of a process that was stopped may be cut.
            continue
        if "skipped" in seen:
            skipped.append(str(seen["skipped"]))
            continue
        cases.append(
            Case(
                planned[int(seen["index"])],
                tuple(seen["steps"]),
                tuple(seen.get("trace", ())),
                tuple(seen.get("sleeps", ())),
                tuple(seen.get("sleeps_high", ())),
                tuple(seen.get("after", ())),
                seen.get("state"),
                seen.get("world_after"),
                frozenset(
                    (int(a), int(b), known[p[0]] if p else "") for a, b, *p in seen.get("steps_taken", ())
                ),
            )
        )
    if done.timed_out and not cases:
        return [], f"the source did not finish within {seconds:.0f} s"
    if done.code != 0 and not done.timed_out and not cases:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        return [], f"the source could not be run: {last[0]}"
    if planned and not cases and skipped:
        return [], f"no call of the source could be recorded: {skipped[0]}"
    return cases, ""


class PythonRecorder:
    """Imports the module and calls its functions, with virtual time and fixed random draws."""

    def record(
        self, request: PortRequest, module: ir.Module, planned: Sequence[Plan], seconds: float = 60.0
    ) -> tuple[list[Case], str]:
        """See `Recorder.record`."""
        if module.files:
            return _record_package(request, module, planned, seconds)
        source = Path(request.path)
        python = interpreter_of(source, request.options.python)
        if source.exists() and source.read_text(encoding="utf-8") == request.text:
            return record_python(str(source), planned, seconds, python=python)
        # The document is unsaved: run its text beside the file, so that its imports resolve.
        with tempfile.TemporaryDirectory(prefix="foundation-source-") as folder:
            copy = Path(folder) / (source.name or "source.py")
            copy.write_text(request.text, encoding="utf-8")
            return record_python(str(copy), planned, seconds, source.resolve().parent, python=python)


def _record_package(
    request: PortRequest, module: ir.Module, planned: Sequence[Plan], seconds: float
) -> tuple[list[Case], str]:
    """Record the files of a package: each is imported when a call of it is made."""
    texts = {request.path: request.text, **{f.path: f.text for f in request.files}}
    seconds += 2 * len(texts)
    python = interpreter_of(Path(request.path), request.options.python)

    def same(path: Path, text: str) -> bool:
        return path.exists() and path.read_text(encoding="utf-8") == text

    def shown(path: str) -> str:
        return "" if path == request.path else path

    def names(place: Callable[[str], str]) -> dict[str, list[str]]:
        return {n: [place(o.path), o.name] for n, o in module.origins.items()}

    if all(same(Path(p), text) for p, text in texts.items()):
        known = names(lambda p: str(Path(p).absolute()))
        paths = {str(Path(p).absolute()): shown(p) for p in texts}
        return record_python(request.path, planned, seconds, names=known, paths=paths, python=python)
    # Some document is unsaved: the texts run from a folder of their own.
    with tempfile.TemporaryDirectory(prefix="foundation-source-") as folder:
        modules = {request.path: request.module, **{f.path: f.module for f in request.files}}
        copies = {p: _copy_of(Path(folder), p, m) for p, m in modules.items()}
        for p, copied in copies.items():
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_text(texts[p], encoding="utf-8")
        for m in modules.values():
            parts = m.split(".")[:-1]
            for i in range(len(parts)):
                (Path(folder).joinpath(*parts[: i + 1]) / "__init__.py").touch()
        beside = Path(request.path).resolve().parent
        known = names(lambda p: str(copies[p]))
        paths = {str(copied): shown(p) for p, copied in copies.items()}
        return record_python(str(copies[request.path]), planned, seconds, beside, known, paths, python)


def _copy_of(folder: Path, path: str, module: str) -> Path:
    """Where a file of a package lies below a folder from which it can be imported."""
    place = folder.joinpath(*module.split("."))
    return place / "__init__.py" if Path(path).name == "__init__.py" else place.with_suffix(".py")


def record_python(
    path: str,
    planned: Sequence[Plan],
    seconds: float = 60.0,
    beside: Path | None = None,
    names: Mapping[str, Sequence[str]] | None = None,
    paths: Mapping[str, str] | None = None,
    python: str = sys.executable,
) -> tuple[list[Case], str]:
    """Record a Python file with an interpreter; see `Recorder.record`. Its imports are looked for `beside` it, too.

    Of a package, `names` tells for each definition that calls may name the file and its name there, and `paths` what a
    case calls the files ("" is the document).
    """
    roots = [beside, runtime_root(LanguageId.PYTHON)]
    extra = {
        "FOUNDATION_RECORD_PATH": os.pathsep.join(str(root) for root in roots if root is not None),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }
    request = json.dumps(
        {"path": os.path.abspath(path), "plans": [p.as_json() for p in planned], "names": names}  # noqa: PTH100 - no symlink is resolved.
    )
    # Not beside the source: a function that writes to a generated path must not write there.
    with tempfile.TemporaryDirectory(prefix="foundation-record-", ignore_cleanup_errors=True) as scratch:
        done = run(
            [python, str(_PYTHON_RECORDER)],
            Path(scratch),
            Limits(
                seconds, cpu_seconds=int(seconds), memory=4 << 30, file_bytes=RECORDED, output_bytes=RECORDED
            ),
            extra,
            request,
        )
    cases, problem = read_cases(done, planned, seconds, paths)
    if "ModuleNotFoundError" in problem or (done.code is None and not done.timed_out):
        problem += (
            f" (the interpreter was {python}; if another has the project's libraries, name it with --python or"
            " `python` in the settings)"
        )
    return cases, problem


class RubyRecorder:
    """Loads the file and calls its methods, with virtual time and fixed random draws."""

    def record(
        self, request: PortRequest, module: ir.Module, planned: Sequence[Plan], seconds: float = 60.0
    ) -> tuple[list[Case], str]:
        """See `Recorder.record`."""
        del module
        if shutil.which("ruby") is None:
            return (
                [],
                "ruby was not found; install it with: apt install ruby (or from https://www.ruby-lang.org)",
            )
        source = Path(request.path)
        if source.exists() and source.read_text(encoding="utf-8") == request.text:
            return _record_ruby(request, str(source), planned, seconds)
        # The document is unsaved: its text runs from a folder of its own.
        with tempfile.TemporaryDirectory(prefix="foundation-source-") as folder:
            copy = Path(folder) / (source.name or "source.rb")
            copy.write_text(request.text, encoding="utf-8")
            return _record_ruby(request, str(copy), planned, seconds)


def _record_ruby(
    request: PortRequest, path: str, planned: Sequence[Plan], seconds: float
) -> tuple[list[Case], str]:
    from foundation_engine.port.front.ruby import lower_document

    runtime = runtime_root(LanguageId.RUBY)
    _, shapes = lower_document(request.text, package_name(request), request.line, request.path, request.files)
    asked = json.dumps(
        {"path": os.path.abspath(path), "plans": [p.as_json() for p in planned], "shapes": asdict(shapes)}  # noqa: PTH100 - no symlink is resolved.
    )
    extra = {"RUBYLIB": str(runtime / "lib") if runtime is not None else "", "RUBYOPT": "-W0"}
    # Not beside the source: a function that writes to a generated path must not write there.
    with tempfile.TemporaryDirectory(prefix="foundation-record-", ignore_cleanup_errors=True) as scratch:
        done = run(
            ["ruby", str(_RUBY_RECORDER)],
            Path(scratch),
            Limits(
                seconds, cpu_seconds=int(seconds), memory=4 << 30, file_bytes=RECORDED, output_bytes=RECORDED
            ),
            extra,
            asked,
        )
    return read_cases(done, planned, seconds)


class GoSource:
    """Go: functions that call the source's, built with it and run."""

    def record(
        self, request: PortRequest, module: ir.Module, planned: Sequence[Plan], seconds: float = 60.0
    ) -> tuple[list[Case], str]:
        """See `Recorder.record`."""
        from foundation_engine.verify.record_go import GoRecorder

        return GoRecorder().record(request, module, planned, seconds)


class RustSource:
    """Rust: functions that call the source's, built with it and run."""

    def record(
        self, request: PortRequest, module: ir.Module, planned: Sequence[Plan], seconds: float = 60.0
    ) -> tuple[list[Case], str]:
        """See `Recorder.record`."""
        from foundation_engine.verify.record_rust import RustRecorder

        return RustRecorder().record(request, module, planned, seconds)


RECORDERS: Mapping[LanguageId, Recorder] = {
    LanguageId.GO: GoSource(),
    LanguageId.PYTHON: PythonRecorder(),
    LanguageId.RUBY: RubyRecorder(),
    LanguageId.RUST: RustSource(),
}
