"""Fill a dataclass from defaults, files, the environment and overrides (docs/semantics.md, section 9)."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from foundation.errors import ConfigurationError
from foundation.redaction import REDACTED, is_secret

T = TypeVar("T")

_INTEGER = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TRUE = frozenset(("true", "yes", "on", "1", "enabled"))
_FALSE = frozenset(("false", "no", "off", "0", "disabled"))
_SPACE = " \t\r\n"
_LOW, _HIGH = -(2**63), 2**63 - 1


@dataclasses.dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One reason why a configuration cannot be used.

    `kind` is `unknown_key`, `missing`, `invalid_value`, `invalid_file` or `unreadable_file`; `key` the
    dotted path, or the
    path of the file; `source` is `default`, `file`, `environment` or `override`.
    """

    kind: str
    key: str
    source: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message} ({self.source})"


def field(
    *,
    default: Any = dataclasses.MISSING,
    default_factory: Any = dataclasses.MISSING,
    env: str | None = None,
    secret: bool = False,
) -> Any:
    """A dataclass field that names its own environment variable, or is kept out of the printed form."""
    settings: dict[str, Any] = {"metadata": {"foundation.env": env}, "repr": not secret}
    if default is not dataclasses.MISSING:
        settings["default"] = default
    if default_factory is not dataclasses.MISSING:
        settings["default_factory"] = default_factory
    return dataclasses.field(**settings)


class _Invalid(ValueError):  # noqa: N818 - callers outside see a ValueError.
    """A value that does not fit; its text says what was expected."""


class _Unreadable(Exception):  # noqa: N818 - never leaves this module.
    """A secret file that cannot be read."""


_MISSING = object()


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    name: str
    kind: str
    env: str | None
    fields: tuple[_Field, ...]
    cls: type[Any] | None
    has_default: bool


_KINDS: dict[Any, str] = {str: "string", int: "integer", float: "float", bool: "boolean"}


def _schema(cls: type[Any], path: str = "") -> tuple[_Field, ...]:
    hints = typing.get_type_hints(cls)
    found: list[_Field] = []
    for item in dataclasses.fields(cls):
        if not item.init:
            continue
        hint = hints[item.name]
        if typing.get_origin(hint) in (typing.Union, types.UnionType):
            rest = [a for a in typing.get_args(hint) if a is not type(None)]
            hint = rest[0] if len(rest) == 1 else hint
        nested: tuple[_Field, ...] = ()
        inner: type[Any] | None = None
        if dataclasses.is_dataclass(hint):
            kind, inner = "nested", cast("type[Any]", hint)
            nested = _schema(inner, f"{path}{item.name}.")
        elif typing.get_origin(hint) in (list, tuple, Sequence) and typing.get_args(hint)[0] is str:
            kind = "strings" if typing.get_origin(hint) is not tuple else "strings_tuple"
        elif hint in _KINDS:
            kind = _KINDS[hint]
        else:
            raise ConfigurationError(
                f"{cls.__name__}.{path}{item.name} has type {hint!r}; a configuration field is str, int, float, bool, "
                "list[str] or a dataclass"
            )
        has_default = (
            item.default is not dataclasses.MISSING or item.default_factory is not dataclasses.MISSING
        )
        found.append(_Field(item.name, kind, item.metadata.get("foundation.env"), nested, inner, has_default))
    return tuple(found)


def value_of_text(kind: str, text: str) -> Any:
    """Text as a value of this kind (`string`, `integer`, `float`, `boolean`, `strings`); `ValueError` when
    it is none."""
    if kind == "string":
        return text
    trimmed = text.strip(_SPACE)
    if kind == "integer":
        if _INTEGER.fullmatch(trimmed) and _LOW <= int(trimmed) <= _HIGH:
            return int(trimmed)
        raise _Invalid("expected a whole number of 64 bits")
    if kind == "float":
        if _FLOAT.fullmatch(trimmed) and math.isfinite(float(trimmed)):
            return float(trimmed)
        raise _Invalid("expected a number")
    if kind == "boolean":
        word = trimmed.lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        raise _Invalid("expected true, yes, on, 1, enabled or false, no, off, 0, disabled")
    return [item for item in (part.strip(_SPACE) for part in text.split(",")) if item]


def _from_native(kind: str, value: Any) -> Any:
    if isinstance(value, str):
        return value_of_text(kind, value)
    if kind == "integer" and isinstance(value, int) and not isinstance(value, bool):
        if _LOW <= value <= _HIGH:
            return value
        raise _Invalid("expected a whole number of 64 bits")
    if kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(value):
            return float(value)
        raise _Invalid("expected a finite number")
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind.startswith("strings") and isinstance(value, list | tuple):
        items = cast("Sequence[Any]", value)
        if all(isinstance(item, str) for item in items):
            return list(items)
        raise _Invalid("expected a list of strings")
    expected = {"strings": "a list of strings", "strings_tuple": "a list of strings", "integer": "an integer"}
    raise _Invalid(f"expected {expected.get(kind, f'a {kind}')}, found {_kind_of(value)}")


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return "a mapping" if isinstance(value, Mapping) else f"a {type(value).__name__}"


class _Loader:
    def __init__(self, secret_files: bool, strict: bool) -> None:
        self.problems: list[ConfigProblem] = []
        self._secret_files = secret_files
        self._strict = strict

    def problem(self, kind: str, key: str, source: str, message: str) -> None:
        self.problems.append(ConfigProblem(kind, key, source, message))

    def _resolve_secret(self, text: str) -> str:
        if not self._secret_files or not text.startswith("file:///"):
            return text
        try:
            content = Path(text.removeprefix("file://")).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise _Unreadable(f"cannot read {text}: {error}") from None
        if content.endswith("\r\n"):
            return content[:-2]
        return content.removesuffix("\n")

    def convert(self, item: _Field, key: str, source: str, value: Any) -> Any:
        try:
            if isinstance(value, str) and source != "override":
                value = self._resolve_secret(value)
            return _from_native(item.kind, value)
        except _Invalid as error:
            shown = (
                "" if is_secret(item.name) or not isinstance(value, str | int | float) else f", not {value!r}"
            )
            self.problem("invalid_value", key, source, f"{error}{shown}")
        except _Unreadable as error:
            self.problem("unreadable_file", key, source, str(error))
        return _MISSING

    def merge(
        self,
        fields: tuple[_Field, ...],
        into: dict[str, Any],
        given: Mapping[Any, Any],
        source: str,
        prefix: str = "",
    ) -> None:
        known = {item.name: item for item in fields}
        for name, value in given.items():
            key = f"{prefix}{name}"
            item = known.get(name)
            if item is None:
                if self._strict or source == "override":
                    self.problem(
                        "unknown_key", key, source, f"no such key; there are {', '.join(sorted(known))}"
                    )
            elif value is None:
                continue
            elif item.kind == "nested":
                if isinstance(value, Mapping):
                    self.merge(
                        item.fields,
                        into.setdefault(name, {}),
                        cast("Mapping[Any, Any]", value),
                        source,
                        f"{key}.",
                    )
                else:
                    self.problem("invalid_value", key, source, f"expected a mapping, found {_kind_of(value)}")
            else:
                converted = self.convert(item, key, source, value)
                if converted is not _MISSING:
                    into[name] = converted

    def environment(
        self,
        fields: tuple[_Field, ...],
        into: dict[str, Any],
        environment: Mapping[str, str],
        prefix: str,
        path: tuple[str, ...] = (),
    ) -> None:
        for item in fields:
            inner = (*path, item.name)
            if item.kind == "nested":
                values: dict[str, Any] = into.setdefault(item.name, {})
                self.environment(item.fields, values, environment, prefix, inner)
                continue
            text = environment.get(item.env or prefix + "__".join(inner).upper())
            if text is not None:
                value = self.convert(item, ".".join(inner), "environment", text)
                if value is not _MISSING:
                    into[item.name] = value

    def build(
        self, cls: type[Any], fields: tuple[_Field, ...], values: dict[str, Any], prefix: str = ""
    ) -> Any:
        arguments: dict[str, Any] = {}
        failed = {problem.key for problem in self.problems}
        complete = True
        for item in fields:
            key = f"{prefix}{item.name}"
            if item.kind == "nested":
                given = values.get(item.name, {})
                if not given and item.has_default and not any(k.startswith(f"{key}.") for k in failed):
                    continue
                assert item.cls is not None  # noqa: S101 - a nested field has its class.
                built = self.build(item.cls, item.fields, given, f"{key}.")
                complete = complete and built is not None
                arguments[item.name] = built
            elif item.name in values:
                value = values[item.name]
                arguments[item.name] = tuple(value) if item.kind == "strings_tuple" else value
            elif not item.has_default:
                complete = False
                if key not in failed:
                    self.problem("missing", key, "default", "no default, and no source gives a value")
        return cls(**arguments) if complete else None


def read_config_file(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    """The mapping in a JSON, TOML or YAML file; `ConfigurationError` with one problem when there is none."""
    shown = os.fspath(path)

    def fail(kind: str, message: str) -> ConfigurationError:
        return ConfigurationError(f"{shown}: {message}", [ConfigProblem(kind, shown, "file", message)])

    suffix = Path(path).suffix
    if suffix not in (".json", ".toml", ".yaml", ".yml"):
        raise fail(
            "invalid_file", f"a configuration file ends in .json, .toml, .yaml or .yml, not {suffix!r}"
        )
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise fail("unreadable_file", f"cannot read it: {error.strerror}") from None
    try:
        text = content.decode("utf-8")
        if suffix == ".json":
            value: Any = json.loads(text)
        elif suffix == ".toml":
            value = tomllib.loads(text)
        else:
            import yaml  # pyright: ignore[reportMissingModuleSource] - an extra.

            value = yaml.safe_load(text) or {}
    except ImportError:
        raise fail("invalid_file", "YAML needs PyYAML: pip install 'foundation-runtime[yaml]'") from None
    except Exception as error:  # noqa: BLE001 - three parsers, each with errors of its own.
        raise fail("invalid_file", f"not valid {suffix[1:].upper()}: {error}") from None
    if not isinstance(value, dict):
        raise fail("invalid_file", f"the top level must be a mapping, not {_kind_of(value)}")
    return cast("dict[str, Any]", value)


def load_config(
    cls: type[T],
    *,
    env_prefix: str = "",
    files: Sequence[str | os.PathLike[str]] = (),
    overrides: Mapping[str, Any] | None = None,
    strict: bool = True,
    secret_files: bool = True,
    environment: Mapping[str, str] | None = None,
) -> T:
    """An instance of a dataclass, filled from its defaults, the files, the environment and the overrides, in
    this order.

    Raises `ConfigurationError` with every problem found.
    """
    if not dataclasses.is_dataclass(cls):
        raise ConfigurationError(f"{cls!r} is not a dataclass")
    schema = _schema(cls)
    loader = _Loader(secret_files, strict)
    values: dict[str, Any] = {}
    for path in files:
        try:
            given = read_config_file(path)
        except ConfigurationError as error:
            loader.problems.extend(error.problems)
        else:
            loader.merge(schema, values, given, "file")
    prefix = env_prefix.upper()
    if prefix and not prefix.endswith("_"):
        prefix += "_"
    loader.environment(schema, values, os.environ if environment is None else environment, prefix)
    loader.merge(schema, values, overrides or {}, "override")
    built = loader.build(cls, schema, values)
    if loader.problems:
        problems = sorted(loader.problems, key=lambda p: (p.kind, p.key))
        raise ConfigurationError(
            f"{len(problems)} problem{'s' * (len(problems) != 1)} in the configuration:\n"
            + "\n".join(f"  {problem}" for problem in problems),
            problems,
        )
    return cast("T", built)


def describe_config(config: Any) -> dict[str, Any]:
    """The values of a loaded configuration as plain mappings, with the values of secret-named fields replaced."""
    shown: dict[str, Any] = {}
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        if is_secret(item.name) or not item.repr:
            shown[item.name] = REDACTED
        elif dataclasses.is_dataclass(value):
            shown[item.name] = describe_config(value)
        else:
            shown[item.name] = value
    return shown
