"""The values that a pattern spec loads into; every one is frozen and free of behaviour that reads files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class LanguageId(StrEnum):
    """The four languages, by the identifier that LSP clients send."""

    PYTHON = "python"
    GO = "go"
    RUST = "rust"
    RUBY = "ruby"


class Severity(StrEnum):
    """How much an unmet requirement matters; ordered from worst to mildest by `rank`."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    HINT = "hint"

    @property
    def rank(self) -> int:
        """0 for the worst, so that `a.rank <= threshold.rank` reads "at or above the threshold"."""
        return _RANK[self]


_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2, Severity.HINT: 3}


class ParameterType(StrEnum):
    """The type of a parameter as the spec spells it."""

    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    STRING = "string"
    ENUM = "enum"
    JITTER = "jitter"
    EXCEPTIONS = "exceptions"
    STRINGS = "strings"
    INTEGERS = "integers"
    MAPPING = "mapping"
    BYTES = "bytes"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a pattern.

    `minimum` and `maximum` are inclusive unless `exclusive_minimum`; for durations they are in `unit` (seconds).
    `default` is the spec's value, or None when the parameter is absent unless given (see `has_default`).
    """

    id: str
    type: ParameterType
    description: str = ""
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    default: Any = None
    has_default: bool = False
    required: bool = False
    values: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    positional: int | None = None


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A promise of the pattern; `check` is a CEL expression over the effective parameters that must be true."""

    id: str
    text: str
    severity: Severity = Severity.ERROR
    check: str | None = None


@dataclass(frozen=True, slots=True)
class Exceptions:
    """Names of error classes, as the spec spells them."""

    retryable: tuple[str, ...] = ()
    non_retryable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LanguageMapping:
    """How the pattern is written in one language.

    `forms` maps a form (`decorator`, `annotation`, `macro`, `method`, `call`) to its template with `{parameter}` holes.
    """

    language: LanguageId
    forms: Mapping[str, str]
    import_line: str
    test_framework: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """A library whose spelling of this pattern is recognised, and how it differs from the spec."""

    id: str
    language: LanguageId
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    extra_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    ignored: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PatternSpec:
    """One pattern, complete."""

    pattern_id: str
    version: str
    title: str
    description: str
    parameters: Mapping[str, Parameter]
    exceptions: Exceptions
    guarantees: tuple[Guarantee, ...]
    mappings: Mapping[LanguageId, LanguageMapping]
    dialects: tuple[Dialect, ...] = ()
    rationale: str = ""
    references: tuple[str, ...] = ()
    source: str = ""

    def parameter(self, spelled: str) -> Parameter | None:
        """The parameter with this id or alias, or None."""
        found = self.parameters.get(spelled)
        if found is not None:
            return found
        return next((p for p in self.parameters.values() if spelled in p.aliases), None)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a spec file: where (1-based line and column), which key, and what to do."""

    path: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.key}: {self.message}"
