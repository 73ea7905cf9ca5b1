"""Suppressions: which findings a `foundation: ignore[...]` comment silences, and which comments silence nothing."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from foundation_grammars.occurrence import ByteRange, Suppression
from foundation_grammars.tree import SyntaxTree
from foundation_specs.registry import SpecRegistry

from foundation_engine.codes import RULES, SUPPRESSION, CodeFilter, complaint, known_codes, selects
from foundation_engine.finding import Finding

_LINE_END = re.compile(rb"\r\n|\r|\n")


class Rows:
    """The rows of a document: lines end at `\\n`, `\\r\\n` or a lone `\\r`, and nowhere else."""

    def __init__(self, text: bytes) -> None:
        """Index the line starts of `text`."""
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def row(self, offset: int) -> int:
        """The 0-based row that a byte offset lies in."""
        return bisect_right(self._starts, offset) - 1


def apply_suppressions(
    findings: Iterable[Finding],
    suppressions: Sequence[Suppression],
    tree: SyntaxTree,
    registry: SpecRegistry,
    codes: CodeFilter,
) -> list[Finding]:
    """The findings that no suppression silences, and a finding for each suppression that silences none.

    A suppression counts for findings on its row, and for findings about an occurrence that begins on its row, so that
    one comment covers a decorator that is written over several lines.
    """
    if not suppressions:
        return list(findings)
    rows = Rows(tree.text)
    used: set[tuple[int, str | None]] = set()
    kept: list[Finding] = []
    for finding in findings:
        reached = {
            rows.row(finding.range.start),
            rows.row(int(finding.data.get("anchor", finding.range.start))),
        }
        silenced = False
        for index, suppression in enumerate(suppressions):
            if suppression.line not in reached:
                continue
            if not suppression.codes:
                used.add((index, None))
                silenced = True
            for code in suppression.codes:
                if selects(code, finding.code):
                    used.add((index, code))
                    silenced = True
        if not silenced:
            kept.append(finding)
    known = known_codes(registry.specs)
    for index, suppression in enumerate(suppressions):
        kept.extend(f for f in _unmet(index, suppression, used, known, codes) if codes.wants(f.code))
    return kept


def _unmet(
    index: int,
    suppression: Suppression,
    used: set[tuple[int, str | None]],
    known: tuple[str, ...],
    codes: CodeFilter,
) -> Iterable[Finding]:
    if not suppression.codes:
        if (index, None) not in used and not codes.select and not codes.ignore:
            yield _unused("this suppression silences nothing", suppression.range, suppression, whole=True)
        return
    idle: list[int] = []
    for position, code in enumerate(suppression.codes):
        if (index, code) in used:
            continue
        place = suppression.code_ranges[position]
        if message := complaint(code, known):
            yield Finding(
                code=f"{SUPPRESSION}/unknown-code",
                severity=RULES["unknown-code"].severity,
                message=message,
                range=place,
                help="write a code as `<pattern>/<requirement>`",
                pattern_id=SUPPRESSION,
            )
        # A code that the user did not ask for cannot be judged: its findings were never made.
        elif all(codes.wants(candidate) for candidate in known if selects(code, candidate)):
            idle.append(position)
    whole = len(idle) == len(suppression.codes)
    if whole:
        message = "this suppression silences nothing"
        yield _unused(message, suppression.range, suppression, whole=True)
        return
    for position in idle:
        code = suppression.codes[position]
        yield _unused(
            f"`{code}` silences nothing here",
            suppression.code_ranges[position],
            suppression,
            whole=False,
            position=position,
        )


def _unused(
    message: str, place: ByteRange, suppression: Suppression, *, whole: bool, position: int = 0
) -> Finding:
    if whole:
        removed = [suppression.range.start, suppression.range.end]
    else:
        ranges = suppression.code_ranges
        last = position == len(ranges) - 1
        start = ranges[position - 1].end if last and position else ranges[position].start
        end = ranges[position].end if last else ranges[position + 1].start
        removed = [start, end]
    return Finding(
        code=f"{SUPPRESSION}/unused",
        severity=RULES["unused"].severity,
        message=message,
        range=place,
        help="remove it",
        pattern_id=SUPPRESSION,
        data={"fix": "unsuppress", "remove": removed, "whole": whole, "alone": suppression.stands_alone},
    )
