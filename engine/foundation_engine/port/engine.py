"""The port itself: choose a front end and an emitter, and put the generated files together.

A front end or an emitter is imported where it is used: most processes need two of the eight, and together they take
longer to import than a port takes.
"""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import copy
import dataclasses
import keyword
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

from foundation_specs.model import LanguageId
from foundation_specs.templates import Library, dialects_of, known_dialects, templates

from foundation_engine.port import ir
from foundation_engine.port import precision as measured
from foundation_engine.port.emit._files import stems
from foundation_engine.port.emit._rust_words import KEYWORDS
from foundation_engine.port.last_error import raise_last_errors, raises_last_errors
from foundation_engine.port.request import (
    Decline,
    PortCandidate,
    PortedFile,
    PortedFunction,
    PortRequest,
    SourceFile,
)

# The Go release that the generated module names: tests run under a virtual clock that it introduced.
GO_VERSION = "1.25"


# Names that a Go module or package cannot have: of the tool itself, of the language, and of the standard library.
_GO_NAMES = frozenset(
    [
        "all", "cmd", "internal", "main", "std", "tool", "vendor", "work", "break", "case", "chan", "const",
        "continue", "default", "defer", "else", "fallthrough", "for", "func", "go", "goto", "if", "import",
        "interface", "map", "package", "range", "return", "select", "struct", "switch", "type", "var", "archive",
        "bufio", "builtin", "bytes", "cmp", "compress", "container", "context", "crypto", "database", "debug",
        "embed", "encoding", "errors", "expvar", "flag", "fmt", "hash", "html", "image", "index", "io", "iter",
        "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "slices",
        "sort", "strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time", "unicode", "unique",
        "unsafe", "weak",
    ]
)  # fmt: skip


class PortError(Exception):
    """The document cannot be ported at all: it does not parse, or the direction is not supported."""


def port(request: PortRequest) -> PortCandidate:
    """Port a document, or the definition at `request.line` with what it uses.

    Never runs the user's code. What is not understood is a hole in the files and is listed in `holes`. Raises
    `PortError` when the document has a syntax error or the direction has no front end or emitter.
    """
    if (request.source, request.target) not in directions():
        known = ", ".join(f"{a} to {b}" for a in _FRONT_ENDS for b in _EMITTERS if a is not b)
        raise PortError(
            f"porting from {request.source} to {request.target} is not supported yet (supported: {known})"
        )
    check_dialect(request.target, request.options.dialect)
    try:
        module = lower(request)
    except SyntaxError as error:
        raise PortError(f"line {error.lineno or 1}: the source does not parse: {error.msg}") from error
    except ir.Unsupported as error:
        raise PortError(f"line {error.line or 1}: the file cannot be ported: {error.reason}") from error
    except (ValueError, RecursionError) as error:
        # A null byte, or nesting beyond what the parser can hold.
        raise PortError(f"the source does not parse: {error}") from error
    assert module is not None
    kept = copy.deepcopy(module)
    if templates(request.target, request.options.dialect).exhausted != "last_error":
        raise_last_errors(module)
        return dataclasses.replace(emit(request, module), module=kept)
    made = emit(request, module)
    if raises_last_errors(kept):
        # The library does as the source does.
        stated = (d for d in made.differences if "the source raises MaxRetriesExceeded" not in d)
        made = dataclasses.replace(made, differences=tuple(stated))
    return dataclasses.replace(made, module=kept)


def emit(request: PortRequest, module: ir.Module) -> PortCandidate:
    """The port of a module that is lowered already, in the request's target; the module is used up."""
    return _EMITTERS[request.target](request, module)


def check_dialect(target: LanguageId, dialect: str) -> None:
    """Raise `PortError` for a library that ports to a language cannot use; it names those that they can."""
    known = dialects_of(target)
    if dialect in known:
        return
    elsewhere = known_dialects().get(dialect, ())
    hint = f"; {dialect} is for {', '.join(elsewhere)}" if elsewhere else ""
    raise PortError(f"no dialect {dialect!r} for {target} (known: {', '.join(known)}){hint}")


def directions() -> frozenset[tuple[LanguageId, LanguageId]]:
    """The pairs of a source and a target language that `port` supports."""
    return frozenset(
        (source, target) for source in _FRONT_ENDS for target in _EMITTERS if source is not target
    )


def lower(request: PortRequest) -> ir.Module | None:
    """The request's text as IR, or None when its language has no front end. Raises SyntaxError."""
    if request.source is LanguageId.RUBY:
        from foundation_engine.port.front.ruby import lower_document

        # Its types may stand in RBS files beside it.
        name = package_name(request)
        return lower_document(request.text, name, request.line, request.path, request.files)[0]
    if request.source is LanguageId.PYTHON and request.files:
        from foundation_engine.port.front.python import lower_package

        document = SourceFile(request.path, request.text, request.module or package_name(request), True)
        return lower_package([document, *request.files], package_name(request), request.line)
    if request.source is LanguageId.GO and request.files:
        from foundation_engine.port.front import go

        return go.lower_package(
            request.text, package_name(request), request.line, request.files, request.path
        )[1]
    front = _FRONT_ENDS.get(request.source)
    return front(request.text, package_name(request), request.line) if front is not None else None


def package_name(request: PortRequest) -> str:
    """The name of the generated package: as asked for, else from the file's name."""
    path = Path(request.path)
    name = request.options.package or (path.parent.name if path.stem == "__init__" else path.stem)
    cleaned = re.sub(r"[^a-z0-9_]", "", name.lower().replace("-", "_"))
    if not cleaned or cleaned[0].isdigit():
        return f"ported_{cleaned}"
    if request.target is LanguageId.GO and cleaned in {*_GO_NAMES, request.options.go_module}:
        return f"{cleaned}port"
    if request.target is LanguageId.PYTHON and (
        cleaned in sys.stdlib_module_names or keyword.iskeyword(cleaned)
    ):
        # Beside a program, a file of such a name would be imported instead of the library's; a keyword cannot be.
        return f"{cleaned}_port"
    if request.target is LanguageId.RUST and cleaned in KEYWORDS:
        return f"{cleaned}_port"
    return cleaned


def runtime_root(language: LanguageId) -> Path | None:
    """The folder of a language's runtime: in `$FOUNDATION_RUNTIMES`, in the package, in the checkout, or None."""
    places: list[Path] = []
    if given := os.environ.get("FOUNDATION_RUNTIMES"):
        places.append(Path(given))
    places.append(Path(str(files("foundation_engine"))) / "runtimes")
    places.extend(parent / "runtimes" for parent in Path(__file__).resolve().parents[:5])
    marks = {
        LanguageId.GO: "go.mod",
        LanguageId.PYTHON: "pyproject.toml",
        LanguageId.RUST: "Cargo.toml",
        LanguageId.RUBY: "lib",
    }
    return next((p / language.value for p in places if (p / language.value / marks[language]).exists()), None)


def _declines(request: PortRequest, found: list[ir.Unsupported]) -> tuple[Decline, ...]:
    texts = {path: request.text_of(path).splitlines() for path in {d.path for d in found}}
    out: dict[Decline, None] = {}
    for d in found:
        lines = texts[d.path]
        source = lines[d.line - 1].strip() if 0 < d.line <= len(lines) else ""
        path = "" if d.path == request.path else d.path
        out.setdefault(Decline(d.reason, d.construct or source, d.line, source, path))
    order = ["", *(f.path for f in request.files)]
    return tuple(sorted(out, key=lambda d: (order.index(d.path) if d.path in order else 0, d.line)))


def _means_more_in_go(stem: str) -> bool:
    from foundation_engine.port.front._go_files import ENDINGS

    return stem.endswith(ENDINGS)


def _to_go(request: PortRequest, module: ir.Module) -> PortCandidate:
    from foundation_engine.port.emit import go as emit_go

    package = package_name(request)
    runtime = request.options.go_module
    python = request.source is LanguageId.PYTHON
    made = emit_go.emit(module, package, runtime, request.options.dialect, python_texts=python)
    source = "" if made.parts else formatted(["gofmt", "-s"], made.source)
    library = templates(LanguageId.GO, request.options.dialect).library
    if library is not None and library.package not in made.imports:
        library = None
    if made.parts:
        names = stems(module, _means_more_in_go)
        ported = [
            PortedFile(f"{names[path]}.go", formatted(["gofmt", "-s"], text), "source", path)
            for path, text in made.parts.items()
        ]
    else:
        ported = [PortedFile(f"{package}.go", source, "source")]
    ported.append(PortedFile("go.mod", go_mod(package, runtime, made.runtime, library), "module"))
    return _candidate(request, module, ported, made.imports, made.holes, made.functions)


def _candidate(
    request: PortRequest,
    module: ir.Module,
    ported: list[PortedFile],
    imports: tuple[str, ...],
    holes: list[ir.Unsupported],
    functions: list[tuple[str, str, int, int]],
) -> PortCandidate:
    target = request.target.value
    certain = {
        f"{cls.name}.{f.name}" if cls else f.name: measured.precision(measured.constructs_of(f), target)
        for cls, f in module.functions()
    }

    def path(name: str) -> str:
        origin = module.origins.get(name.partition(".")[0])
        return origin.path if origin is not None and origin.path != request.path else ""

    found = tuple(
        PortedFunction(*f, known.confidence if (known := certain.get(f[0])) else None, path(f[0]))
        for f in functions
    ) + tuple(
        PortedFunction(d.name, "", d.line, 1, path=path(d.name))
        for d in module.definitions
        if isinstance(d, ir.Declined)
    )
    least = measured.precision(measured.constructs(module), target)
    patterns = sorted({p.pattern_id for _, f in module.functions() for p in f.patterns})
    origin = ", ".join(["rules", *(f"template:{p}" for p in patterns)])
    provenance = {f.path: origin if f.role == "source" else "rules" for f in ported}
    declines = _declines(request, [*module.declines, *holes])
    return PortCandidate(
        request, tuple(ported), imports, found, declines, provenance, tuple(module.differences),
        least.confidence if least else None, least.basis if least else "",
    )  # fmt: skip


def go_mod(package: str, runtime: str, uses_runtime: bool, library: Library | None = None) -> str:
    """The module file; our runtime is replaced by the folder that this tool found, when it has its own name."""
    lines = [f"module {package}", "", f"go {GO_VERSION}"]
    if library is not None:
        lines.extend(["", f"require {library.package} {library.version}"])
    if uses_runtime:
        lines.extend(["", f"require {runtime} v0.1.0"])
        root = runtime_root(LanguageId.GO)
        if root is not None:
            lines.extend(["", f"replace {runtime} => {root}"])
    return "\n".join(lines) + "\n"


def formatted(command: list[str], text: str) -> str:
    """The text as the target's formatter writes it; unchanged when there is none or it refuses the text."""
    if shutil.which(command[0]) is None:
        return text
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return text
    return done.stdout if done.returncode == 0 and done.stdout else text


def _from_go(text: str, name: str, line: int | None) -> ir.Module:
    from foundation_engine.port.front.go import lower_module

    return lower_module(text, name, line)


def _from_python(text: str, name: str, line: int | None) -> ir.Module:
    from foundation_engine.port.front.python import lower_module

    return lower_module(text, name, line)


def _from_ruby(text: str, name: str, line: int | None) -> ir.Module:
    from foundation_engine.port.front.ruby import lower_module

    return lower_module(text, name, line)


def _from_rust(text: str, name: str, line: int | None) -> ir.Module:
    from foundation_engine.port.front.rust import lower_module

    return lower_module(text, name, line)


def _ruby_package(name: str, module: ir.Module, parts: Mapping[str, str]) -> list[PortedFile]:
    """The file that loads the others in an order that works, and they in a folder of their own."""
    names = stems(module)
    lines = ["# frozen_string_literal: true", ""]
    if module.doc and not any(f.main for f in module.files):
        lines += [*(f"# {line}".rstrip() for line in module.doc.splitlines()), ""]
    lines += [f"require_relative '{name}/{names[p]}'" for p in parts]
    return [
        PortedFile(f"{name}.rb", "\n".join([*lines, ""]), "source"),
        *(PortedFile(f"{name}/{names[p]}.rb", text, "source", p) for p, text in parts.items()),
    ]


def _to_ruby(request: PortRequest, module: ir.Module) -> PortCandidate:
    from foundation_engine.port.emit import ruby as emit_ruby

    name = package_name(request)
    python = request.source is LanguageId.PYTHON
    made = emit_ruby.emit(module, name, request.options.dialect, python_texts=python)
    if made.parts:
        ported = _ruby_package(name, module, made.parts)
    else:
        ported = [PortedFile(f"{name}.rb", made.source, "source")]
    gems: list[str] = []
    if any(r.startswith("foundation") for r in made.requires):
        root = runtime_root(LanguageId.RUBY)
        gems.append("gem 'foundation'" + (f", path: '{root}'" if root is not None else ""))
    library = templates(LanguageId.RUBY, request.options.dialect).library
    if library is not None and library.package in made.requires:
        gems.append(f"gem '{library.package}', '~> {library.version}'")
    if gems:
        ported.append(
            PortedFile("Gemfile", "\n".join(["# frozen_string_literal: true", "", *gems, ""]), "module")
        )
    return _candidate(request, module, ported, made.requires, made.holes, made.functions)


def python_candidate(request: PortRequest, module: ir.Module) -> PortCandidate:
    """A module as a Python package of one file."""
    from foundation_engine.port.emit import python as emit_python

    name = package_name(request)
    of_python = request.source is LanguageId.PYTHON
    # In Ruby as in Python an index below zero counts from the end, and integers grow.
    wraps = of_python or request.source is LanguageId.RUBY
    if not wraps:
        module.differ("Integers grow beyond 64 bits, where the source's wrap or stop.")
    made = emit_python.emit(module, wraps, request.options.dialect, of_python)
    for sentence in made.differences:
        module.differ(sentence)
    ported = [PortedFile(f"{name}.py", formatted(python_formatter(), made.source), "source")]
    if made.runtime:
        ported.append(PortedFile("pyproject.toml", _pyproject(name), "module"))
    return _candidate(request, module, ported, made.imports, made.holes, made.functions)


def _pyproject(name: str) -> str:
    """The project file; our runtime is taken from the folder that this tool found."""
    root = runtime_root(LanguageId.PYTHON)
    place = f" @ {root.as_uri()}" if root is not None else ""
    return (
        f'[project]\nname = "{name.replace("_", "-")}"\nversion = "0.1.0"\nrequires-python = ">=3.11"\n'
        f'dependencies = ["foundation-runtime{place}"]\n\n[tool.setuptools]\npy-modules = ["{name}"]\n'
    )


def python_formatter() -> list[str]:
    """The command of Python's formatter: ruff on the path, or beside the interpreter."""
    beside = Path(sys.executable).with_name("ruff")
    ruff = str(beside) if beside.exists() and shutil.which("ruff") is None else "ruff"
    return [ruff, "format", "--line-length", "100", "--stdin-filename", "ported.py", "-"]


def _to_rust(request: PortRequest, module: ir.Module) -> PortCandidate:
    from foundation_engine.port.emit import rust as emit_rust
    from foundation_engine.port.emit._rust_crate import module_names

    name = package_name(request)
    quotes = request.source is LanguageId.PYTHON
    sources = {p: request.text_of(p) for p in [request.path, *(f.path for f in request.files)]}
    made = emit_rust.emit(
        module, request.text, request.options.dialect, quotes_python=quotes, sources=sources
    )
    rustfmt = ["rustfmt", "--edition", "2021"]
    if made.parts:
        names = module_names(module)
        # Without a folder to look in, the formatter would miss the modules that the root names.
        ported = [PortedFile("src/lib.rs", made.root, "source")] + [
            PortedFile(f"src/{names[p]}.rs", formatted(rustfmt, text), "source", p)
            for p, text in made.parts.items()
        ]
    else:
        ported = [PortedFile("src/lib.rs", formatted(rustfmt, made.source), "source")]
    http = "foundation::http" in made.source
    ported.append(PortedFile("Cargo.toml", cargo_toml(name, made.crates, http), "module"))
    return _candidate(request, module, ported, tuple(sorted(made.crates)), made.holes, made.functions)


# The crates that a port may need beside our runtime, in the versions that the runtime is built with.
_CRATES = {
    "indexmap": '"2"',
    "regex": '"1"',
    "chrono": '{ version = "0.4", default-features = false, features = ["clock", "std"] }',
    "serde_json": '{ version = "1", default-features = false, features = ["std", "preserve_order"] }',
    "serde": '{ version = "1", features = ["derive"] }',
    "backon": '{ version = "1", default-features = false, features = ["std", "std-blocking-sleep"] }',
}


def cargo_toml(
    name: str, crates: frozenset[str], http: bool = False, tests: frozenset[str] = frozenset()
) -> str:
    """The manifest of a port; our runtime is named by its folder on this machine. `tests` are its tests' crates."""
    lines = ["[package]", f'name = "{name}"', 'version = "0.1.0"', 'edition = "2021"']
    needed: list[str] = []
    for crate in sorted(crates):
        if crate == "foundation":
            root = runtime_root(LanguageId.RUST)
            place = f'path = "{root / "foundation"}"' if root is not None else 'version = "0.1"'
            needed.append(f"foundation = {{ {place}{'' if http else ', default-features = false'} }}")
        else:
            needed.append(f"{crate} = {_CRATES[crate]}")
    if needed:
        lines += ["", "[dependencies]", *needed]
    if tests - crates:
        lines += [
            "",
            "[dev-dependencies]",
            *(f"{crate} = {_CRATES[crate]}" for crate in sorted(tests - crates)),
        ]
    return "\n".join([*lines, "", "[workspace]", ""])


_FRONT_ENDS: Mapping[LanguageId, Callable[[str, str, int | None], ir.Module]] = {
    LanguageId.GO: _from_go,
    LanguageId.PYTHON: _from_python,
    LanguageId.RUBY: _from_ruby,
    LanguageId.RUST: _from_rust,
}
_EMITTERS: Mapping[LanguageId, Callable[[PortRequest, ir.Module], PortCandidate]] = {
    LanguageId.GO: _to_go,
    LanguageId.PYTHON: python_candidate,
    LanguageId.RUBY: _to_ruby,
    LanguageId.RUST: _to_rust,
}
