"""What an editor may ask of the server, beside the project's own settings files.

`initializationOptions`, `workspace/didChangeConfiguration` and the `foundation` section of `workspace/configuration`
hold the same keys:

* `severity`, a mapping of codes to `error`, `warning`, `info`, `hint` or `off`, and `patterns`, `select`, `ignore` as
  in `.foundation.toml`. A project's own file wins over them, so that an editor and CI agree;
* `port.languages`, the languages that "Generate ... equivalent" offers, and `port.outputDirectory`, where generated
  code goes, relative to the workspace folder (beside the source when it is not set), and `port.verify`, whether it is
  compiled and run first;
* `workspaceDiagnostics`, whether files that are not open are checked too, for clients that ask;
* `codeLens`, whether the delay schedule is shown above each occurrence.

`trusted` is read from `initializationOptions` alone: a workspace could set it for itself in its settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from foundation_specs.model import LanguageId

SECTION = "foundation"
T = TypeVar("T")
_PROJECT_KEYS = ("select", "ignore", "patterns", "exclude")


@dataclass(frozen=True, slots=True)
class EditorOptions:
    """The editor's wishes; `project` holds the keys that a settings file has too, spelled as there."""

    trusted: bool = True
    port_languages: tuple[LanguageId, ...] = tuple(LanguageId)
    port_directory: str = ""
    port_verify: bool = True
    workspace_diagnostics: bool = True
    code_lens: bool = True
    project: Mapping[str, Any] = field(default_factory=dict[str, Any])
    problems: tuple[str, ...] = ()


def at_start(values: Any) -> EditorOptions:
    """The options in `initializationOptions`; only here does the client say whether it trusts the workspace."""
    trusted = _section(values).get("trusted", True)
    return replace(changed(values), trusted=trusted is not False)


def changed(values: Any, previous: EditorOptions | None = None) -> EditorOptions:
    """The options in a settings object; trust stays as it was.

    A value of the wrong type is a problem and counts as not set; keys that are the editor extension's own are passed
    over.
    """
    section = _section(values)
    port = _mapping(section.get("port"))
    problems: list[str] = []
    project: dict[str, Any] = {key: section[key] for key in _PROJECT_KEYS if section.get(key)}
    levels = _mapping(section.get("severity"))
    if levels:
        project["severity"] = {code: level for code, level in levels.items() if level != "off"}
        silenced = [code for code, level in levels.items() if level == "off"]
        if silenced:
            project["ignore"] = [*_list(project.get("ignore")), *silenced]
    languages = port.get("languages")
    known = {language.value: language for language in LanguageId}
    problems += [f"port.languages: unknown language {n!r}" for n in _list(languages) if n not in known]
    return EditorOptions(
        trusted=previous.trusted if previous is not None else True,
        port_languages=tuple(known[n] for n in _list(languages) if n in known)
        if languages is not None
        else tuple(LanguageId),
        port_directory=_value(port, "outputDirectory", "", problems),
        port_verify=_value(port, "verify", True, problems),
        workspace_diagnostics=_value(section, "workspaceDiagnostics", True, problems),
        code_lens=_value(section, "codeLens", True, problems),
        project=project,
        problems=tuple(problems),
    )


def _value(section: Mapping[str, Any], key: str, default: T, problems: list[str]) -> T:
    value = section.get(key)
    if value is None:
        return default
    if not isinstance(value, type(default)):
        problems.append(f"{key}: expected a {type(default).__name__}, got {value!r}")
        return default
    return value


def _section(values: Any) -> Mapping[str, Any]:
    section = _mapping(values)
    return _mapping(section[SECTION]) if SECTION in section else section


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return list(cast("list[Any]", value)) if isinstance(value, (list, tuple)) else []
