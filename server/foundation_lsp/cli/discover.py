"""Finding the source files that a lint looks at: below directories, past ignore files, never through a link loop."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation_grammars.language import language_of
from foundation_specs.model import LanguageId, Problem

from foundation_lsp.settings import Settings, SettingsFinder, ignore_matcher

if TYPE_CHECKING:
    from pathspec import PathSpec

# Directories that hold other people's code or build products; a path given on the command line is looked at anyway.
PRUNED = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        ".eggs",
        "site-packages",
    }
)
IGNORE_FILES = (".gitignore", ".ignore", ".foundationignore")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to check: its absolute path, how to show it, its language, and its project's settings."""

    path: Path
    shown: str
    language: LanguageId
    settings: Settings


@dataclass(frozen=True, slots=True)
class Skipped:
    """A path that was not checked, and why; `fatal` when it was asked for by name and cannot be had."""

    shown: str
    reason: str
    fatal: bool = False


class _Ignores:
    """The ignore patterns in force in one directory, from the repository's root down to it; the deepest wins."""

    def __init__(self, parent: _Ignores | None, directory: Path, lines: Sequence[str]) -> None:
        self._parent = parent
        self._directory = directory
        self._spec: PathSpec[Any] | None = ignore_matcher(lines) if lines else None

    def ignores(self, path: Path, *, directory: bool) -> bool:
        """True when the deepest pattern that matches the path says so."""
        if self._spec is not None:
            relative = path.relative_to(self._directory).as_posix() + ("/" if directory else "")
            decided = self._spec.check_file(relative).include
            if decided is not None:
                return decided
        return self._parent is not None and self._parent.ignores(path, directory=directory)


def display_path(path: Path, base: Path | None = None) -> str:
    """The path relative to the working directory when it lies below, else absolute; with forward slashes."""
    try:
        return path.relative_to(base or Path.cwd()).as_posix() or "."
    except ValueError:
        return path.as_posix()


def shown_problem(problem: Problem) -> str:
    """A problem with its file as `display_path` shows it."""
    return str(replace(problem, path=display_path(Path(problem.path).absolute())))


class Discovery:
    """Walks what the user named; collects files in a fixed order and says what it skipped."""

    def __init__(self, finder: SettingsFinder, *, respect_ignores: bool = True) -> None:
        """`respect_ignores` False looks at ignored files too, as `--no-ignore` asks."""
        self._finder = finder
        self._respect_ignores = respect_ignores
        self._base = Path.cwd()
        self._seen: set[Path] = set()
        self._above: dict[Path, _Ignores | None] = {}
        self.skipped: list[Skipped] = []

    def files(self, paths: Iterable[str]) -> Iterator[SourceFile]:
        """The source files at and below the paths, each once, sorted by path within each argument."""
        for given in paths:
            path = Path(os.path.abspath(given))  # noqa: PTH100 - Path.resolve would follow the link that the user named
            shown = display_path(path, self._base)
            try:
                mode = path.stat().st_mode
            except FileNotFoundError:
                dangling = path.is_symlink()
                reason = "is a link to something that does not exist" if dangling else "does not exist"
                self.skipped.append(Skipped(shown, reason, fatal=True))
                continue
            except OSError as error:
                self.skipped.append(Skipped(shown, f"cannot be read: {error.strerror or error}", fatal=True))
                continue
            except ValueError:
                self.skipped.append(Skipped(shown, "is not a path", fatal=True))
                continue
            if stat.S_ISDIR(mode):
                yield from self._walk(path, self._ignores_above(path))
            else:
                yield from self._named(path, shown, mode)

    def _named(self, path: Path, shown: str, mode: int) -> Iterator[SourceFile]:
        if not stat.S_ISREG(mode):
            self.skipped.append(Skipped(shown, "is not a regular file", fatal=True))
            return
        language = language_of(path)
        if language is None:
            self.skipped.append(Skipped(shown, "is not a Python, Go, Rust or Ruby file"))
            return
        yield from self._source(path, shown, language)

    def _source(self, path: Path, shown: str, language: LanguageId) -> Iterator[SourceFile]:
        if path not in self._seen:
            self._seen.add(path)
            yield SourceFile(path, shown, language, self._finder.for_file(path))

    def _walk(self, top: Path, ignores: _Ignores | None) -> Iterator[SourceFile]:
        pending: list[tuple[Path, _Ignores | None]] = [(top, ignores)]
        while pending:
            directory, above = pending.pop()
            try:
                with os.scandir(directory) as scan:
                    entries = sorted(scan, key=lambda entry: entry.name)
            except OSError as error:
                shown = display_path(directory, self._base)
                self.skipped.append(Skipped(shown, f"cannot be read: {error.strerror or error}"))
                continue
            settings = self._finder.for_directory(directory)
            ignores = self._below(directory, above, {entry.name for entry in entries}, settings)
            below: list[tuple[Path, _Ignores | None]] = []
            prefix = display_path(directory, self._base)
            prefix = "" if prefix == "." else prefix if prefix.endswith("/") else f"{prefix}/"
            for entry in entries:
                # A link to a directory is not followed, so a loop is never entered; what it points at is found by
                # its own name when it lies in the tree.
                if entry.is_dir(follow_symlinks=False):
                    path = directory / entry.name
                    if entry.name not in PRUNED and not self._left_out(
                        path, ignores, settings, directory=True
                    ):
                        below.append((path, ignores))
                    continue
                language = language_of(entry.name)
                if language is None:
                    continue
                path = directory / entry.name
                if not self._left_out(path, ignores, settings, directory=False):
                    yield from self._entry(entry, path, prefix + entry.name, language)
            pending.extend(reversed(below))

    def _entry(
        self, entry: os.DirEntry[str], path: Path, shown: str, language: LanguageId
    ) -> Iterator[SourceFile]:
        try:
            # A link to a file elsewhere in the tree would be checked twice, and one to outside was not asked for.
            if entry.is_symlink():
                return
            if entry.is_file(follow_symlinks=False):
                yield from self._source(path, shown, language)
            else:
                self.skipped.append(Skipped(shown, "is not a regular file"))
        except OSError as error:
            self.skipped.append(Skipped(shown, f"cannot be read: {error.strerror or error}"))

    def _left_out(self, path: Path, ignores: _Ignores | None, settings: Settings, *, directory: bool) -> bool:
        if settings.exclude and settings.excludes(path):
            return True
        return ignores is not None and ignores.ignores(path, directory=directory)

    def _below(
        self, directory: Path, above: _Ignores | None, names: set[str], settings: Settings
    ) -> _Ignores | None:
        if not self._respect_ignores or not settings.respect_gitignore:
            return None
        # A repository inside the tree starts anew; patterns of the one around it do not reach into it.
        parent = None if ".git" in names else above
        lines = [line for name in IGNORE_FILES if name in names for line in _lines(directory / name)]
        if ".git" in names:
            lines = [*_lines(directory / ".git" / "info" / "exclude"), *lines]
        return _Ignores(parent, directory, lines) if lines else parent

    def _ignores_above(self, top: Path) -> _Ignores | None:
        """The patterns of the directories above `top`, up to the root of its repository."""
        if top in self._above:
            return self._above[top]
        chain: list[Path] = []
        current = top
        while not (current / ".git").exists():
            if current.parent == current:
                # Not in a repository: ignore files further up are not the user's project.
                self._above[top] = None
                return None
            current = current.parent
            chain.append(current)
        found: _Ignores | None = None
        for directory in reversed(chain):
            names = {name for name in (*IGNORE_FILES, ".git") if (directory / name).exists()}
            found = self._below(directory, found, names, self._finder.for_directory(directory))
        self._above[top] = found
        return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_bytes()[:1_000_000].decode("utf-8", "replace").splitlines()
    except OSError:
        return []
