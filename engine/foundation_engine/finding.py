"""The values that checking yields: an unmet requirement, and the edits that would meet it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from foundation_grammars.occurrence import ByteRange
from foundation_specs.model import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """An unmet requirement at a place in one document.

    `code` is `<pattern_id>/<requirement-id>`. `message` is one plain sentence; `help` says what to do. `related` are
    other places in the same document with a note each. `data` is small and JSON-serialisable: what `fix.fixes` needs.
    """

    code: str
    severity: Severity
    message: str
    range: ByteRange
    help: str = ""
    pattern_id: str = ""
    related: tuple[tuple[ByteRange, str], ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Applicability(StrEnum):
    """Whether a fix may be applied without a person reading it."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the bytes of `range` by `text` (UTF-8)."""

    range: ByteRange
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A titled set of edits to one document that do not overlap."""

    title: str
    edits: tuple[Edit, ...]
    applicability: Applicability
    preferred: bool = False
