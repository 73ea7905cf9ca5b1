"""Which Python runs a Python source: its libraries are installed in its project's environment, not in ours."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

# What stands at the top of a project; no environment above it is the project's.
_TOP = (".git", ".hg", "pyproject.toml", "setup.py", "setup.cfg", "Pipfile")
_FOLDERS = (".venv", "venv")


def interpreter_of(source: Path, chosen: str = "", environment: Mapping[str, str] = os.environ) -> str:
    """The interpreter to run a source with: the chosen one, the active environment's, the project's, or ours.

    The project's is `.venv` or `venv` in the source's folder or above it, up to the top of the project. A chosen one
    is taken as it is, so that a mistake in it is told where it is run.
    """
    if chosen:
        return chosen
    active = environment.get("VIRTUAL_ENV")
    for folder in ([Path(active)] if active else []) + list(_environments(source)):
        python = folder / "bin" / "python"
        # First the access, which is False where looking at the file would raise (its folder is somebody else's).
        if os.access(python, os.X_OK) and python.is_file():
            return str(python)
    return sys.executable


def _environments(source: Path) -> Iterator[Path]:
    for folder in source.absolute().parents:
        yield from (folder / name for name in _FOLDERS)
        if any((folder / name).exists() for name in _TOP):
            return
