"""The values that recognition yields: a pattern found in source, its arguments and what they are attached to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from foundation_specs.model import LanguageId


@dataclass(frozen=True, slots=True, order=True)
class ByteRange:
    """A half-open range of UTF-8 byte offsets into the document."""

    start: int
    end: int

    def contains(self, offset: int) -> bool:
        """True when `offset` is inside or at either edge, which is what a caret position needs."""
        return self.start <= offset <= self.end

    def overlaps(self, other: ByteRange) -> bool:
        """True when the two ranges share a byte or touch as carets do."""
        return self.start <= other.end and other.start <= self.end


class ValueKind(StrEnum):
    """What a static value is, in terms that the four languages share."""

    INTEGER = "integer"
    FLOAT = "float"
    STRING = "string"
    BYTES = "bytes"
    BOOLEAN = "boolean"
    NONE = "none"
    SYMBOL = "symbol"  # an enum member: `Backoff.LINEAR`, `resilience.Linear`, `:linear` -> "linear"
    DURATION = (
        "duration"  # value is integer nanoseconds (`500 * time.Millisecond`, `Duration::from_millis(500)`)
    )
    LIST = "list"  # value is tuple[StaticValue, ...]
    MAPPING = "mapping"  # value is tuple[tuple[str, StaticValue], ...]
    NAME = "name"  # a class or error name: value is its last segment, as written
    UNKNOWN = "unknown"  # not statically known; never reported


@dataclass(frozen=True, slots=True)
class StaticValue:
    """A value known without running the program.

    `value` is an int, float, str, bool, None, or a tuple as `ValueKind` says. `text` is the source as written.
    `constant` names the constant it was resolved through ("MAX_TRIES"), or is None for a literal in place.
    """

    kind: ValueKind
    value: Any = None
    text: str = ""
    constant: str | None = None

    @property
    def known(self) -> bool:
        """False when the value depends on what only the running program knows."""
        return self.kind is not ValueKind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument at an occurrence.

    `parameter` is the spec's parameter id in snake_case when the spelling follows the language's convention for it
    (`maxAttempts`, `WithMaxAttempts`, `max_attempts:` all give "max_attempts"); the dialect's own names are mapped
    by the spec, not here. `spelled` is the name as written, "" for a positional argument (then `position` counts
    from 0). Positional error classes (`@retry(ConnectionError, TimeoutError)`) come as one argument whose value is the
    list of them. `nested` is True for an argument that came out of a policy literal (`policy=RetryPolicy(...)`); its
    ranges are where the literal stands, which is outside the occurrence when the policy is held in a constant.
    `policy` is True for the argument that carries such a policy: it is not a parameter itself.
    """

    parameter: str
    spelled: str
    value: StaticValue
    range: ByteRange
    value_range: ByteRange
    name_range: ByteRange | None = None
    position: int | None = None
    nested: bool = False
    policy: bool = False


class TargetKind(StrEnum):
    """What an occurrence is attached to."""

    FUNCTION = "function"
    METHOD = "method"
    ASYNC_FUNCTION = "async_function"
    CLASS = "class"
    BLOCK = "block"
    ASSIGNMENT = "assignment"
    EXPRESSION = "expression"


@dataclass(frozen=True, slots=True)
class Target:
    """The code that the pattern governs: the decorated function, the block, the variable that is bound."""

    kind: TargetKind
    name: str
    range: ByteRange
    name_range: ByteRange | None = None


class OccurrenceForm(StrEnum):
    """The shape of the surface form."""

    DECORATOR = "decorator"
    ANNOTATION = "annotation"
    MACRO = "macro"
    BLOCK = "block"
    CALL = "call"
    CONSTRUCTOR = "constructor"
    CLASS = "class"
    CONTEXT_MANAGER = "context_manager"
    IMPORT = "import"  # a ready-made object that is only imported, such as `provide.foundation.logger`


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A pattern found in source.

    `range` covers the surface form (decorator, comment annotation, attribute, call head); `name_range` its name only.
    `form` is the shape. `arguments` are in source order with policy literals flattened after them.
    `arguments_range` is what is between the parentheses, None for a bare form. `imported` is False when the form is
    written but nothing in the file imports it (annotations in Go need no import: they are always True).
    `malformed` holds a short code when the form itself is illegal in its language (Ruby's bare `retry(...) do` gives
    "keyword-retry"), else "". `spelled` is the name as written ("again", "resilience.Retry"), `symbol` the name that it
    stands for in its library ("foundation.resilience.retry", "foundation/resilience.Retry").
    `open_arguments` is True when the source does not show every argument (`**options`, `opts...`, a policy built
    elsewhere): a parameter that is not in `arguments` may still be given, so its absence means nothing.
    """

    pattern_id: str
    dialect: str
    language: LanguageId
    form: OccurrenceForm
    range: ByteRange
    name_range: ByteRange
    arguments: tuple[Argument, ...]
    target: Target | None
    arguments_range: ByteRange | None = None
    imported: bool = True
    malformed: str = ""
    spelled: str = ""
    symbol: str = ""
    open_arguments: bool = False

    def argument(self, parameter: str) -> Argument | None:
        """The last argument for this parameter (a direct argument wins over one nested in a policy), or None."""
        found: Argument | None = None
        for argument in self.arguments:
            if argument.parameter == parameter and (found is None or found.nested or not argument.nested):
                found = argument
        return found


@dataclass(frozen=True, slots=True)
class Suppression:
    """An inline `foundation: ignore[code, ...]` comment; `codes` is empty when it silences every code.

    `line` is the 0-based row of the code that it silences: its own line, or the next code line when it stands alone.
    """

    range: ByteRange
    codes: tuple[str, ...]
    code_ranges: tuple[ByteRange, ...]
    line: int
    stands_alone: bool
