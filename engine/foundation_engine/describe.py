"""What an occurrence means: its effective parameters, its delay schedule, and the same in other languages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from foundation_grammars.occurrence import ByteRange, Occurrence, Target
from foundation_specs.model import Guarantee, LanguageId, Parameter, PatternSpec

from foundation_engine.schedule import DelaySchedule


class ValueSource(StrEnum):
    """Where an effective value comes from."""

    LITERAL = "literal"  # written at the occurrence
    CONSTANT = "constant"  # a constant of the file; `constant` names it
    POLICY = "policy"  # written inside a policy literal
    DEFAULT = "default"  # the spec's default
    DIALECT = "dialect default"  # the default of the library in use, where it differs from the spec's
    RUNTIME = "only known at run time"


@dataclass(frozen=True, slots=True)
class EffectiveParameter:
    """One parameter as it is in force at the occurrence.

    `value` is an int, float (seconds for a duration), bool, str, tuple, `model.Jitter` or None; it means something
    only when `known`. `text` is what to show ("0.5 s", "exponential", "symmetric 0.25", "MAX_TRIES + 1"). `spelled` is
    the name that this language and dialect use. `range` is the argument's, None for a default.
    """

    parameter: Parameter
    spelled: str
    value: Any
    known: bool
    text: str
    source: ValueSource
    constant: str | None = None
    range: ByteRange | None = None

    @property
    def provenance(self) -> str:
        """The source in words: "default", "literal", "constant MAX_TRIES", "policy"."""
        if self.source is ValueSource.CONSTANT and self.constant:
            return f"constant {self.constant}"
        return str(self.source)


@dataclass(frozen=True, slots=True)
class GuaranteeState:
    """A guarantee and whether the effective parameters keep it; None when it is not decided by parameters."""

    guarantee: Guarantee
    kept: bool | None


@dataclass(frozen=True, slots=True)
class Translation:
    """The same annotation in another language, with the line that imports it."""

    language: LanguageId
    text: str
    import_line: str


@dataclass(frozen=True, slots=True)
class Description:
    """All that a hover shows for one occurrence.

    `schedule` is set for patterns that wait between attempts and only when every value it needs is known.
    `translations` hold the three other languages, in the order Python, Go, Rust, Ruby. `retryable` and
    `non_retryable` are the exception names in force. `differences` are plain sentences about a dialect that does not
    behave as the spec says. `summary` is the pattern's own description.
    """

    pattern_id: str
    version: str
    title: str
    summary: str
    dialect: str
    language: LanguageId
    spelled: str
    range: ByteRange
    target: Target | None
    parameters: tuple[EffectiveParameter, ...]
    schedule: DelaySchedule | None
    schedule_text: str
    retryable: tuple[str, ...]
    non_retryable: tuple[str, ...]
    guarantees: tuple[GuaranteeState, ...]
    translations: tuple[Translation, ...]
    differences: tuple[str, ...]
    references: tuple[str, ...]


def describe(occurrence: Occurrence, spec: PatternSpec) -> Description:
    """Describe `occurrence` by its spec; whatever is not statically known says so instead of being guessed."""
    raise NotImplementedError(occurrence.pattern_id, spec.pattern_id)
