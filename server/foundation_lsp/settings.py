"""The settings of a project: where they are written, what they may hold, and what is wrong with them.

Settings stand in `.foundation.toml`, or in `pyproject.toml` under `[tool.foundation-lsp]`. The nearest such file above
each source file counts, so that one repository may hold several projects. A file that cannot be used is reported with
its line and key; reading never raises on content.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from foundation_engine.check import CheckOptions
from foundation_engine.codes import CodeFilter, complaint, known_codes
from foundation_specs.model import Problem, Severity
from foundation_specs.registry import SpecRegistry

if TYPE_CHECKING:
    from pathspec import PathSpec

DOTFILE = ".foundation.toml"
PYPROJECT = "pyproject.toml"
SECTION = ("tool", "foundation-lsp")
# One megabyte of settings is a mistake, not a project.
LARGEST_SETTINGS_FILE = 1_000_000


def ignore_matcher(lines: Sequence[str]) -> PathSpec[Any]:
    """A matcher with the semantics of `.gitignore`."""
    # The library takes as long to import as all the rest, and most runs meet no pattern.
    from pathspec import PathSpec

    return PathSpec.from_lines("gitignore", lines)


@dataclass(frozen=True)
class Settings:
    """What a project asked for; globs are relative to `root`, the directory of the file they stand in.

    `select` empty means every code. `patterns` None means every pattern. `max_file_size` is in bytes.
    """

    root: Path
    path: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    patterns: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    severity: Mapping[str, Severity] = field(default_factory=dict[str, Severity])
    fail_on: Severity = Severity.WARNING
    max_file_size: int = 4_000_000
    respect_gitignore: bool = True
    go_module: str = "foundation"
    python: str = ""

    @cached_property
    def excluded(self) -> PathSpec[Any]:
        """The matcher of `exclude`, for paths relative to `root` with forward slashes."""
        return ignore_matcher(self.exclude)

    @cached_property
    def _per_file(self) -> tuple[tuple[PathSpec[Any], tuple[str, ...]], ...]:
        return tuple((ignore_matcher([glob]), codes) for glob, codes in self.per_file_ignores.items())

    @property
    def interpreter(self) -> str:
        """`python` as it is run: a path with a folder is relative to `root`, a bare name is looked for on the PATH."""
        return str(self.root / self.python) if "/" in self.python else self.python

    def ignored_in(self, path: Path) -> tuple[str, ...]:
        """The codes that `per-file-ignores` silences in this file."""
        relative = self._relative(path)
        if relative is None:
            return ()
        return tuple(code for spec, codes in self._per_file if spec.match_file(relative) for code in codes)

    def excludes(self, path: Path) -> bool:
        """True when `exclude` names this file or a directory above it."""
        relative = self._relative(path)
        return relative is not None and bool(self.exclude) and self.excluded.match_file(relative)

    def options_for(self, path: Path, select: Sequence[str] = (), ignore: Sequence[str] = ()) -> CheckOptions:
        """The options to check one file with; `select` and `ignore` of the command line replace and add to these."""
        codes = CodeFilter(tuple(select) or self.select, (*self.ignore, *ignore, *self.ignored_in(path)))
        return CheckOptions(codes, self.severity, None if self.patterns is None else frozenset(self.patterns))

    def _relative(self, path: Path) -> str | None:
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return None


@cache
def specs_of(root: Path) -> SpecRegistry:
    """The specs in force below a directory: the packaged ones, and those of its `.foundation/specs`."""
    if not (root / ".foundation" / "specs").is_dir():
        return SpecRegistry.builtin()
    return SpecRegistry.load([root])[0]


def _strings(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, list) and all(isinstance(item, str) for item in cast("list[Any]", value)):
        return tuple(cast("list[str]", value))
    return None


@dataclass(frozen=True, slots=True)
class _Key:
    """One settings key: the field it fills, what it must hold in words, and how its value is read (None: refused)."""

    field: str
    expected: str
    read: Callable[[Any], Any]


def _severity(value: Any) -> Severity | None:
    return Severity(value) if isinstance(value, str) and value in {s.value for s in Severity} else None


def _bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def module_path(value: Any) -> str | None:
    """A Go module path, which is pasted into the imports of ports; None for text that is none."""
    found = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._~/-]*", value) if isinstance(value, str) else None
    return found and found[0]


_SEVERITIES = "one of error, warning, info, hint"
KEYS: Mapping[str, _Key] = {
    "select": _Key("select", "a list of codes", _strings),
    "ignore": _Key("ignore", "a list of codes", _strings),
    "patterns": _Key("patterns", "a list of pattern ids", _strings),
    "exclude": _Key("exclude", "a list of globs", _strings),
    "fail-on": _Key("fail_on", _SEVERITIES, _severity),
    "max-file-size": _Key("max_file_size", "a positive number of bytes", _size),
    "respect-gitignore": _Key("respect_gitignore", "true or false", _bool),
    "go-module": _Key("go_module", "a Go module path", module_path),
    "python": _Key("python", "the path of a Python interpreter", _text),
}
TABLES = ("per-file-ignores", "severity")


def read_settings(
    values: Mapping[str, Any], root: Path, path: Path | None, text: str = ""
) -> tuple[Settings, list[Problem]]:
    """Settings from a mapping (a TOML section, or what an editor sent), with every problem in it.

    A key that is wrong keeps its default. `text` is the file's text, in which lines are looked up; without it,
    problems stand at line 1.
    """
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    prefix = SECTION if path is not None and path.name == PYPROJECT else ()
    where = str(path) if path is not None else "settings"

    def report(key: Sequence[str], message: str) -> None:
        line, column = _position(text, (*prefix, *key))
        problems.append(Problem(where, line, column, ".".join((*prefix, *key)), message))

    def codes_known(key: Sequence[str], codes: Sequence[str]) -> None:
        for code in codes:
            if message := complaint(code, known_codes(specs_of(root).specs)):
                report(key, message)

    for key, value in values.items():
        if key in TABLES:
            if not isinstance(value, Mapping):
                report((key,), f"expected a table, got {_shown(value)}")
                continue
            table = cast("Mapping[str, Any]", value)
            if key == "severity":
                found["severity"] = {}
                for code, level in table.items():
                    codes_known((key, code), (code,))
                    if level == "off":
                        found["ignore"] = (*found.get("ignore", ()), code)
                    elif (severity := _severity(level)) is None:
                        report((key, code), f"expected {_SEVERITIES}, off; got {_shown(level)}")
                    else:
                        found["severity"][code] = severity
            else:
                found["per_file_ignores"] = {}
                for glob, codes in table.items():
                    if (listed := _strings(codes)) is None:
                        report((key, glob), f"expected a list of codes, got {_shown(codes)}")
                    else:
                        codes_known((key, glob), listed)
                        found["per_file_ignores"][glob] = listed
            continue
        entry = KEYS.get(key)
        if entry is None:
            close: list[str] = difflib.get_close_matches(key.replace("_", "-"), [*KEYS, *TABLES], 1, 0.6)
            hint = (
                f"; did you mean {close[0]!r}?" if close else f"; known keys: {', '.join([*KEYS, *TABLES])}"
            )
            report((key,), f"unknown key{hint}")
            continue
        read = entry.read(value)
        if read is None:
            report((key,), f"expected {entry.expected}, got {_shown(value)}")
            continue
        if key in {"select", "ignore"}:
            codes_known((key,), read)
        if key == "patterns":
            for pattern in cast("tuple[str, ...]", read):
                if pattern not in specs_of(root):
                    near = difflib.get_close_matches(pattern, specs_of(root).ids, 1)
                    hint = f"; did you mean {near[0]!r}?" if near else ""
                    report((key,), f"unknown pattern {pattern!r}{hint}")
        found[entry.field] = (*found.get("ignore", ()), *read) if key == "ignore" else read
    return replace(Settings(root=root, path=path), **found), problems


def _shown(value: Any) -> str:
    names = {
        bool: "a boolean",
        int: "an integer",
        float: "a float",
        str: "a string",
        list: "a list",
        dict: "a table",
    }
    kind = names.get(cast("type[Any]", type(value)), type(value).__name__)
    shown = repr(value)
    return f"{kind}: {shown if len(shown) <= 40 else shown[:37] + '...'}"


_TABLE = re.compile(r"\s*\[\s*(?P<name>[^\[\]]+?)\s*\]\s*(?:#.*)?$")
_KEY_LINE = re.compile(
    r"\s*(?P<key>(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+))*)\s*="
)
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)")


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(a or b or c for a, b, c in _PART.findall(dotted))


def _position(text: str, key: tuple[str, ...]) -> tuple[int, int]:
    """The 1-based line and column where `key` is written, or that of its longest prefix that is; (1, 1) if none is.

    tomllib reports no positions, so headers and keys are looked up line by line; a key inside an inline table gives
    the line of the table.
    """
    table: tuple[str, ...] = ()
    best, best_length = (1, 1), 0
    for number, line in enumerate(text.split("\n"), 1):
        if header := _TABLE.match(line):
            table = _parts(header["name"])
            here, start = table, header.start("name")
        elif entry := _KEY_LINE.match(line):
            here, start = (*table, *_parts(entry["key"])), entry.start("key")
        else:
            continue
        if len(here) > best_length and key[: len(here)] == here:
            best, best_length = (number, start + 1), len(here)
    return best


_TOML_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")


def read_settings_file(path: Path) -> tuple[Settings | None, list[Problem]]:
    """The settings in one file and what is wrong with them; (None, []) for a `pyproject.toml` without our section."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            # Reading a pipe would wait for a writer.
            return None, [Problem(str(path), 1, 1, "", "not a regular file; not read")]
        with path.open("rb") as handle:
            data: bytes = handle.read(LARGEST_SETTINGS_FILE + 1)
    except OSError as error:
        return None, [Problem(str(path), 1, 1, "", f"cannot be read: {error.strerror or error}")]
    if len(data) > LARGEST_SETTINGS_FILE:
        return None, [Problem(str(path), 1, 1, "", f"larger than {LARGEST_SETTINGS_FILE} bytes; not read")]
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return None, [Problem(str(path), line, 1, "", f"not valid UTF-8 at byte {error.start}")]
    try:
        document: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place else (text.count("\n") + 1, 1)
        message = _TOML_PLACE.sub("", str(error)).removesuffix("(at end of document)").strip()
        return None, [Problem(str(path), line, column, "", f"not valid TOML: {message}")]
    except RecursionError:
        return None, [Problem(str(path), 1, 1, "", "not valid TOML: nested too deeply")]
    if path.name == PYPROJECT:
        for part in SECTION:
            document = cast("dict[str, Any]", document).get(part)
            if document is None:
                return None, []
            if not isinstance(document, dict):
                line, column = _position(text, SECTION)
                return None, [Problem(str(path), line, column, ".".join(SECTION), "expected a table")]
    return read_settings(cast("dict[str, Any]", document), path.parent, path, text)


class SettingsFinder:
    """Finds the settings that are in force for a file: the nearest settings file above it.

    Answers are remembered per directory; `forget` drops them, for when a settings file was edited.
    """

    def __init__(self, explicit: Path | None = None, *, enabled: bool = True) -> None:
        """With `explicit`, that file is used for everything; with `enabled` false, no file is."""
        self._explicit = explicit
        self._enabled = enabled
        self._by_directory: dict[Path, Settings | None] = {}
        self._problems: dict[Path, list[Problem]] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong in every settings file read so far, by file."""
        return tuple(problem for path in sorted(self._problems) for problem in self._problems[path])

    def forget(self) -> None:
        """Read everything anew from now on."""
        self._by_directory.clear()
        self._problems.clear()
        specs_of.cache_clear()

    def for_file(self, path: Path) -> Settings:
        """The settings for an absolute file path; defaults rooted at its directory when there is no settings file."""
        return self.for_directory(path.parent)

    def for_directory(self, directory: Path) -> Settings:
        """The settings for the files directly in an absolute directory."""
        if self._explicit is not None:
            settings = self._by_directory.get(self._explicit)
            if settings is None:
                settings = self._read(self._explicit) or Settings(root=self._explicit.parent)
                self._by_directory[self._explicit] = settings
            return settings
        found = self._search(directory) if self._enabled else None
        return found or Settings(root=directory)

    def _search(self, directory: Path) -> Settings | None:
        if directory in self._by_directory:
            return self._by_directory[directory]
        found: Settings | None = None
        for name in (DOTFILE, PYPROJECT):
            candidate = directory / name
            # Whatever is called .foundation.toml was meant to be read; a folder named pyproject.toml was not.
            if os.path.lexists(candidate) if name == DOTFILE else os.path.isfile(candidate):  # noqa: PTH113 - pathlib raises in a folder that is somebody else's.
                found = self._read(candidate)
                if found is not None or name in {p.name for p in self._problems if p.parent == directory}:
                    break
        if found is None and directory.parent != directory:
            found = self._search(directory.parent)
        self._by_directory[directory] = found
        return found

    def _read(self, path: Path) -> Settings | None:
        settings, problems = read_settings_file(path)
        if problems:
            self._problems[path] = problems
        return settings
