"""Reads the specs that a workspace keeps in `.foundation/specs` and lays them over the packaged ones.

A file with a `pattern_id` and no `extends` replaces the whole pattern; where it is silent about other libraries
(`dialects`), aliases of parameters that it keeps, the title, rationale and references, the old ones stay. A file with
`extends: <pattern_id>` is merged: mappings key by key, guarantees by id, any other list or value replaced. With a
`pattern_id` of its own it makes a new pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foundation_specs._check import pattern_problems
from foundation_specs._schema import schema_problems
from foundation_specs.build import Plain, build_pattern, checked_ids, items_of, section
from foundation_specs.model import PatternSpec, Problem
from foundation_specs.registry import SPEC_FOLDER, SpecRegistry, builtin_data
from foundation_specs.yaml_source import YamlDocument, read_yaml, read_yaml_file

MAX_FILES = 500

_KEPT = ("title", "order", "dialects", "rationale", "references")


def load_workspace(roots: Sequence[Path]) -> tuple[SpecRegistry, tuple[Problem, ...]]:
    """The packaged specs with the workspace's over them, and every problem of every file."""
    patterns = _Patterns()
    problems: list[Problem] = []
    for root in roots:
        paths, found = spec_files(root)
        problems += found
        for path in paths:
            document, found = read_yaml_file(path, inside=root)
            problems += found
            if document is not None and not found:
                problems += patterns.add(document)
    if not patterns.changed:
        return SpecRegistry.builtin(), tuple(problems)
    return SpecRegistry(patterns.specs()), tuple(problems)


def check_file(path: Path) -> tuple[PatternSpec | None, tuple[Problem, ...]]:
    """The spec that one file describes over the packaged ones, or None, and every problem of the file."""
    return _checked(*read_yaml_file(path))


def check_text(data: bytes, path: str) -> tuple[PatternSpec | None, tuple[Problem, ...]]:
    """As `check_file` for text that is not saved, such as an editor's; `path` is for the problems."""
    return _checked(*read_yaml(data, path))


def _checked(
    document: YamlDocument | None, problems: list[Problem]
) -> tuple[PatternSpec | None, tuple[Problem, ...]]:
    if document is None:
        return None, tuple(problems)
    patterns = _Patterns()
    problems += patterns.add(document)
    problems.sort(key=lambda problem: (problem.line, problem.column))
    if problems or patterns.changed is None:
        return None, tuple(problems)
    return patterns.spec(patterns.changed), ()


def spec_files(root: Path) -> tuple[list[Path], list[Problem]]:
    """The spec files of a workspace folder by name, and a problem when they cannot be listed."""
    folder = root / SPEC_FOLDER
    try:
        if not folder.is_dir():
            return [], []
        found = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
    except OSError as error:
        return [], [Problem(str(folder), 1, 1, "document", f"the folder cannot be read: {error.strerror}")]
    if len(found) > MAX_FILES:
        return found[:MAX_FILES], [
            Problem(
                str(folder), 1, 1, "document", f"only the first {MAX_FILES} of {len(found)} files are read"
            )
        ]
    return found, []


class _Patterns:
    """The plain values of every pattern while files are laid over one another."""

    def __init__(self) -> None:
        self._data = builtin_data()
        self._sources: dict[str, str] = {}
        self._defined: dict[str, str] = {}
        self.changed: str | None = None

    def add(self, document: YamlDocument) -> list[Problem]:
        """Lay one file over the patterns, or return why it is left out."""
        problems = schema_problems(document, "pattern")
        if problems:
            return problems
        given: Plain = document.value
        base_id: str | None = given.get("extends")
        pattern_id: str = given.get("pattern_id") or base_id or ""
        if base_id is not None and base_id not in self._data:
            known = ", ".join(self._data)
            return [
                document.problem(("extends",), f"there is no pattern `{base_id}`; expected one of {known}")
            ]
        if base_id is not None:
            data = merged(self._data[base_id], given)
        else:
            other = self._defined.get(pattern_id)
            if other is not None:
                return [
                    document.problem(
                        ("pattern_id",),
                        f"`{pattern_id}` is already defined in {other}; use `extends: {pattern_id}` to add to it",
                    )
                ]
            data = replaced(self._data.get(pattern_id, {}), given)
        data["pattern_id"] = pattern_id
        problems = pattern_problems(document, data)
        if problems:
            return problems
        self._data[pattern_id] = data
        self._sources[pattern_id] = document.path
        if base_id is None:
            self._defined[pattern_id] = document.path
        self.changed = pattern_id
        return []

    def spec(self, pattern_id: str) -> PatternSpec:
        return build_pattern(self._data[pattern_id], self._sources.get(pattern_id, ""))

    def specs(self) -> list[PatternSpec]:
        builtin = SpecRegistry.builtin()
        return [
            self.spec(pattern_id) if pattern_id in self._sources else builtin[pattern_id]
            for pattern_id in self._data
        ]


def merged(base: Plain, given: Plain) -> Plain:
    """`given` over `base` as `extends` means it; neither is changed."""
    return _merge(base, {key: value for key, value in given.items() if key != "extends"}, ())


def _merge(base: Any, given: Any, path: tuple[str, ...]) -> Any:
    if isinstance(base, dict) and isinstance(given, dict):
        old: Plain = base  # pyright: ignore[reportUnknownVariableType]
        new: Plain = given  # pyright: ignore[reportUnknownVariableType]
        if path[:2] == ("semantics", "parameters") and path[3:4] == ("default",):
            return new  # A jitter or a mapping is one value, not a place for single keys.
        result = dict(old)
        for key, value in new.items():
            result[key] = _merge(old[key], value, (*path, key)) if key in old else value
        return result
    if path == ("semantics", "guarantees") and isinstance(base, list) and isinstance(given, list):
        return _merge_guarantees(base, given)  # pyright: ignore[reportUnknownArgumentType]
    return given


def _merge_guarantees(base: list[Any], given: list[Any]) -> list[Any]:
    result = list(base)
    for item in given:
        same = [
            index
            for index, old in enumerate(result)
            if isinstance(item, dict) and isinstance(old, dict) and old.get("id") == item.get("id")  # pyright: ignore[reportUnknownMemberType]
        ]
        if same:
            result[same[0]] = {**result[same[0]], **item}
        elif item not in result:
            result.append(item)
    return result


def replaced(base: Plain, given: Plain) -> Plain:
    """`given` in place of `base`, keeping aliases and what `base` says of other libraries where `given` is silent.

    A dialect's names for parameters that no longer exist are kept as names that the library takes, so that code which
    uses them is not reported.
    """
    result = dict(given)
    for key in _KEPT:
        if key in base and key not in given:
            result[key] = base[key]
    parameters = _with_aliases(
        section(section(given, "semantics"), "parameters"), section(section(base, "semantics"), "parameters")
    )
    if parameters:
        result["semantics"] = {**section(given, "semantics"), "parameters": parameters}
    if "dialects" not in given and "dialects" in result:
        guarantees = set(checked_ids(items_of(section(given, "semantics"), "guarantees")))
        result["dialects"] = {
            dialect: {
                language: _narrowed(value, parameters, guarantees) for language, value in languages.items()
            }
            for dialect, languages in result["dialects"].items()
        }
    return result


def _with_aliases(given: Plain, base: Plain) -> Plain:
    """The parameters of `given`; those that say nothing of aliases keep the ones that code already uses."""
    result: Plain = {}
    for name, parameter in given.items():
        aliases = [alias for alias in items_of(base.get(name, {}), "aliases") if alias not in given]
        keeps = aliases and "aliases" not in parameter
        result[name] = {**parameter, "aliases": aliases} if keeps else parameter
    return result


def _narrowed(dialect: Plain, parameters: Plain, guarantees: set[str]) -> Plain:
    """The dialect with only the parameters and guarantees that still exist."""
    result = dict(dialect)
    names: dict[str, str] = section(dialect, "parameters")
    if names:
        result["parameters"] = {name: target for name, target in names.items() if target in parameters}
        gone = [name for name, target in names.items() if target not in parameters]
        result["ignored"] = [*(items_of(dialect, "ignored")), *gone]
    for key in ("defaults", "types", "ranges"):
        if key in dialect:
            result[key] = {name: value for name, value in dialect[key].items() if name in parameters}
    if "extra_values" in dialect:
        result["extra_values"] = {
            name: value
            for name, value in dialect["extra_values"].items()
            if name in parameters and parameters[name].get("type") == "enum"
        }
    if "callable_defaults" in dialect:
        result["callable_defaults"] = {
            name: {key: value for key, value in values.items() if key in parameters}
            for name, values in dialect["callable_defaults"].items()
        }
    if "positional" in dialect:
        result["positional"] = [name for name in dialect["positional"] if name in parameters]
    if "exempt" in dialect:
        result["exempt"] = [name for name in dialect["exempt"] if name in guarantees]
    return result
