"""The report for people: each finding with an excerpt of its source, and a summary line."""

from __future__ import annotations

from collections import Counter
from typing import TextIO

from foundation_engine.finding import Applicability
from foundation_grammars.occurrence import ByteRange
from foundation_specs.model import Severity

from foundation_lsp.cli.console import Style, columns, printable, width, write
from foundation_lsp.cli.report import Report, Row
from foundation_lsp.cli.source import SourceText

TAB = 4
# An excerpt of a longer line shows this many columns around its caret.
WIDEST = 140


def write_text(report: Report, stream: TextIO, *, colour: bool) -> None:
    """Write every finding, then statistics when asked for, then the summary."""
    style = Style(enabled=colour)
    rows = report.rows()
    for row in rows:
        write(stream, _finding(row, style) + "\n")
    if report.statistics:
        write(stream, _statistics(report, rows))
    if not report.quiet:
        write(stream, _summary(report, rows, style) + "\n")


def _finding(row: Row, style: Style) -> str:
    finding = row.finding
    severity = finding.severity.value
    gutter = len(str(row.start.line))
    bar = style.dim("|")
    head = (
        f"{style.bold(printable(row.shown))}:{row.start.line}:{row.start.column}: "
        f"{style.severity(severity, severity)}: {printable(finding.message)} {style.dim(f'[{finding.code}]')}"
    )
    lines = [head, f"{' ' * gutter} {bar}"]
    lines += [
        f"{style.dim(str(row.start.line).rjust(gutter))} {bar} {text}"
        if number == 0
        else f"{' ' * gutter} {bar} {text}"
        for number, text in enumerate(excerpt(row.source, finding.range, style, severity))
    ]
    if finding.help:
        lines.append(f"{' ' * gutter} {style.dim('=')} help: {printable(finding.help)}")
    for place, note in finding.related:
        at = row.source.place(place.start)
        lines.append(f"{' ' * gutter} {style.dim('=')} {at.line}:{at.column}: {printable(note)}")
    if row.fixes:
        first = row.fixes[0]
        how = "--fix" if first.applicability is Applicability.SAFE else "--fix --unsafe-fixes"
        lines.append(f"{' ' * gutter} {style.dim('=')} fix: {printable(first.title)} {style.dim(f'({how})')}")
    return "\n".join(lines) + "\n"


def excerpt(source: SourceText, place: ByteRange, style: Style, severity: str) -> tuple[str, str]:
    """The line that a range begins on and a line of carets under it, both with tabs as spaces and wide text aligned.

    A range over several lines is marked to the end of its first line. An empty range gets one caret.
    """
    start, end = source.place(place.start), source.place(place.end)
    raw = source.line(start.line)
    first = start.column - 1
    last = end.column - 1 if end.line == start.line else len(raw.rstrip())
    before, marked, after = _expanded(raw[:first], 0), "", ""
    marked = _expanded(raw[first:last], columns(before))
    after = _expanded(raw[last:], columns(before) + columns(marked))
    before, marked, after = _cut(before, marked, after)
    carets = "^" * max(columns(marked), 1)
    return before + marked + after, " " * columns(before) + style.severity(severity, carets)


def _expanded(text: str, column: int) -> str:
    """Tabs as spaces up to the next stop, everything else made safe to print."""
    if "\t" not in text:
        return printable(text)
    parts: list[str] = []
    for character in text:
        if character == "\t":
            filling = TAB - column % TAB
            parts.append(" " * filling)
            column += filling
        else:
            shown = printable(character)
            parts.append(shown)
            column += width(shown)
    return "".join(parts)


def _cut(before: str, marked: str, after: str) -> tuple[str, str, str]:
    """The three parts cut to about `WIDEST` columns, with an ellipsis where something is missing."""
    if len(before) + len(marked) + len(after) <= WIDEST:
        return before, marked, after
    if len(marked) > WIDEST // 2:
        marked = marked[: WIDEST // 2] + "…"
    if len(before) > WIDEST // 3:
        before = "…" + before[-(WIDEST // 3) :]
    room = WIDEST - len(before) - len(marked)
    return before, marked, after if len(after) <= room else after[:room] + "…"


def _statistics(report: Report, rows: list[Row]) -> str:
    tally = report.tally
    counts = Counter(row.finding.code for row in rows)
    lines = [
        f"{count:6}  {code}" for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    share = 100 * tally.parsed / tally.files if tally.files else 0.0
    lines.append(
        f"{tally.files} files, {tally.read_bytes:,} bytes read; "
        f"{tally.parsed} parsed ({share:.1f} %), {tally.parsed_bytes:,} bytes"
    )
    return "\n".join(lines) + "\n\n"


def _summary(report: Report, rows: list[Row], style: Style) -> str:
    tally = report.tally
    counts = Counter(row.finding.severity for row in rows)
    checked = f"{tally.files} file{'s' * (tally.files != 1)} checked"
    extra: list[str] = []
    if tally.fixed:
        extra.append(f"{tally.fixed} fixed")
    if tally.accepted:
        extra.append(f"{tally.accepted} accepted by the baseline")
    safe = sum(any(fix.applicability is Applicability.SAFE for fix in row.fixes) for row in rows)
    if safe:
        extra.append(f"{safe} can be fixed with --fix")
    tail = "".join(f"; {item}" for item in extra)
    if not rows:
        return f"{style.good('No findings')}, {checked}{tail}"
    parts = [
        style.severity(severity.value, f"{counts[severity]} {_noun(severity, counts[severity])}")
        for severity in Severity
        if counts[severity]
    ]
    files = len({row.shown for row in rows})
    return f"{', '.join(parts)} in {files} file{'s' * (files != 1)}; {checked}{tail}"


def _noun(severity: Severity, count: int) -> str:
    return severity.value if severity is Severity.INFO else severity.value + "s" * (count != 1)
