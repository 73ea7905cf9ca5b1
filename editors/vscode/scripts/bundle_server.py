"""Put the server and its dependencies into bundled/libs, so that the extension works with only a Python on the machine.

The parser and the expression evaluator are compiled; wheels for every supported Python minor version are laid over each
other (their shared objects carry the version in the name), for the platform that this script runs on.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parents[1]
LIBS = HERE / "bundled" / "libs"
PYTHONS = ("3.11", "3.12", "3.13")


def uv() -> str:
    """The uv program: on PATH, or the one that the bootstrap fetched."""
    found = shutil.which("uv") or str(ROOT / ".cache/uv/bin/uv")
    if not Path(found).exists():
        sys.exit("bundle_server: uv is not installed. Run: make setup")
    return found


def install(python: str, target: Path) -> None:
    """Install the tool as it would be released, with pinned dependencies, for one Python version."""
    command = [uv(), "pip", "install", "--quiet", "--python-version", python, "--target", str(target)]
    command += [
        "--only-binary",
        ":all:",
        "--no-binary",
        "foundation-lsp",
        "--no-binary",
        "foundation-runtime",
    ]
    command += ["--constraint", str(ROOT / "constraints.txt"), str(ROOT), str(ROOT / "runtimes/python")]
    subprocess.run(command, check=True)


def lay_over(source: Path, target: Path) -> None:
    """Copy what is not there yet: pure Python is the same for every version, shared objects are not."""
    for path in source.rglob("*"):
        destination = target / path.relative_to(source)
        if path.is_file() and not destination.exists():
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, destination)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    shutil.rmtree(LIBS.parent, ignore_errors=True)
    LIBS.mkdir(parents=True)
    for python in PYTHONS:
        staged = LIBS.parent / f"staged-{python}"
        install(python, staged)
        lay_over(staged, LIBS)
        shutil.rmtree(staged)
    shutil.rmtree(LIBS / "bin", ignore_errors=True)
    for cache in list(LIBS.rglob("__pycache__")):
        shutil.rmtree(cache)
    size = sum(path.stat().st_size for path in LIBS.rglob("*") if path.is_file())
    print(f"bundled {size / 1e6:.1f} MB for Python {', '.join(PYTHONS)}")


if __name__ == "__main__":
    main()
