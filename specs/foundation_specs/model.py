"""The values that a pattern spec loads into; every one is frozen and free of behaviour that reads files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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


class JitterKind(StrEnum):
    """How a computed delay is spread; `u` is a fraction drawn uniformly from [0, 1)."""

    NONE = "none"  # the delay itself
    FULL = "full"  # u * delay
    EQUAL = "equal"  # delay / 2 + u * delay / 2
    SYMMETRIC = "symmetric"  # delay * (1 - ratio + 2 * ratio * u)


@dataclass(frozen=True, slots=True)
class Jitter:
    """Spread added to a delay; `ratio` counts for the symmetric kind only."""

    kind: JitterKind
    ratio: float = 0.25


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a pattern.

    `minimum` and `maximum` are inclusive unless `exclusive_minimum`; for durations they are in `unit` (seconds); for
    `integers` they bound each item. `default` is the spec's value, or None when the parameter is absent unless given
    (see `has_default`); the default of a `jitter` is a `Jitter`, and it is what a bare `true` means. `default_from`
    names the parameter whose value is the default (`burst` takes `limit`), `default_text` says in words what an absent
    value means ("the function's name"). `min_items` is the shortest list accepted.
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
    default_from: str | None = None
    default_text: str = ""
    min_items: int = 0

    @property
    def is_duration(self) -> bool:
        """True for a span of time, which is written in seconds, or as the language's duration type in a call."""
        return self.unit == "seconds"


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A promise of the pattern; `check` is a CEL expression over the effective parameters that must be true.

    `text` is the promise in one sentence and `message` the finding, with `{parameter}` holes for effective values.
    `parameters` are the ids that `check` reads. `rationale` says why breaking it is bad, `remedy` what to write
    instead, `fix_safety` what an automatic fix may change. `valid` and `invalid` are parameters, as they would be
    given at an occurrence, that keep and break it.
    """

    id: str
    text: str
    severity: Severity = Severity.ERROR
    check: str | None = None
    message: str = ""
    parameters: tuple[str, ...] = ()
    rationale: str = ""
    remedy: str = ""
    fix_safety: str = ""
    valid: tuple[Mapping[str, Any], ...] = ()
    invalid: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Exceptions:
    """Names of error classes, as the spec spells them."""

    retryable: tuple[str, ...] = ()
    non_retryable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LanguageMapping:
    """How the pattern is written in one language.

    `forms` maps a form (`decorator`, `annotation`, `macro`, `method`, `call`, `constructor`, `context_manager`) to its
    template with `{parameter}` holes; the first is the one to show. `names` maps a parameter id to its spelling where
    the language's convention does not give it (Go's `backoff_strategy` is `WithBackoff`).
    """

    language: LanguageId
    forms: Mapping[str, str]
    import_line: str
    test_framework: str
    names: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Dialect:
    """A library whose spelling of this pattern is recognised, and how it differs from the spec.

    `parameters` maps each name that the library accepts to the spec's parameter id; when it is empty the library
    accepts the spec's own names and aliases. `ignored` are names that it accepts and the spec does not have. `defaults`
    replace the spec's (by parameter id; None means absent), and `callable_defaults` replace those in turn for one
    callable of the library, by its name. `types` and `ranges` replace the spec's by parameter id; a range end of None
    is open. `positional` are the parameter ids that positional arguments fill, the last one taking the rest when it is
    a list of exceptions; None keeps the spec's, and more positional arguments than that are not the spec's business.
    `open` is True when the library takes any further name. `exempt` are ids of guarantees that do not hold there by
    design and are not checked.
    """

    id: str
    language: LanguageId
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    callable_defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    extra_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    types: Mapping[str, ParameterType] = field(default_factory=dict[str, ParameterType])
    ranges: Mapping[str, tuple[float | None, float | None]] = field(
        default_factory=dict[str, tuple[float | None, float | None]]
    )
    positional: tuple[str, ...] | None = None
    ignored: tuple[str, ...] = ()
    open: bool = False
    exempt: tuple[str, ...] = ()
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

    def dialect(self, dialect_id: str, language: LanguageId) -> Dialect | None:
        """The dialect of this id in this language, or None."""
        return next((d for d in self.dialects if d.id == dialect_id and d.language is language), None)

    def parameter_in(self, dialect: Dialect | None, spelled: str) -> Parameter | None:
        """What `spelled` means in a dialect: the parameter with that library's type, range, values and default.

        None when the library does not have it, and also for a name in `dialect.ignored`.
        """
        if dialect is None or not dialect.parameters:
            found = self.parameter(spelled)
        else:
            found = self.parameters.get(dialect.parameters.get(spelled, ""))
        if found is None or dialect is None:
            return found
        changes: dict[str, Any] = {}
        if found.id in dialect.types:
            changes["type"] = dialect.types[found.id]
        if found.id in dialect.ranges:
            changes["minimum"], changes["maximum"] = dialect.ranges[found.id]
        if found.id in dialect.extra_values:
            changes["values"] = found.values + dialect.extra_values[found.id]
        if found.id in dialect.defaults:
            changes["default"] = dialect.defaults[found.id]
            changes["has_default"] = dialect.defaults[found.id] is not None
            changes["required"] = False
        return replace(found, **changes) if changes else found


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a spec file: where (1-based line and column), which key, and what to do."""

    path: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}"
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"
