"""The reports for programs: one JSON document, or one JSON object a line."""

from __future__ import annotations

import json
from typing import Any, TextIO

from foundation_engine.fix import fix_summary

from foundation_lsp.cli.report import Report, Row

VERSION = 1


def write_json(report: Report, stream: TextIO, *, colour: bool) -> None:
    """One object: `version`, `findings`, `summary`."""
    del colour
    rows = report.rows()
    tally = report.tally
    document = {
        "version": VERSION,
        "findings": [finding_object(row) for row in rows],
        "summary": {
            "files": tally.files,
            "parsed": tally.parsed,
            "fixed": tally.fixed,
            "accepted": tally.accepted,
            **{
                f"{s}s": sum(row.finding.severity.value == s for row in rows)
                for s in ("error", "warning", "info", "hint")
            },
        },
    }
    json.dump(document, stream, indent=1, ensure_ascii=True)
    stream.write("\n")


def write_jsonl(report: Report, stream: TextIO, *, colour: bool) -> None:
    """One finding a line, as in the `findings` of the JSON document."""
    del colour
    stream.writelines(json.dumps(finding_object(row), ensure_ascii=True) + "\n" for row in report.rows())


def finding_object(row: Row) -> dict[str, Any]:
    """A finding as JSON: lines and columns are 1-based and count code points, offsets count bytes."""
    finding = row.finding
    return {
        "path": row.shown,
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "help": finding.help,
        "start": {"line": row.start.line, "column": row.start.column, "offset": finding.range.start},
        "end": {"line": row.end.line, "column": row.end.column, "offset": finding.range.end},
        "related": [_related(row, index) for index in range(len(finding.related))],
        "fixes": [fix_summary(fix) for fix in row.fixes],
        "fingerprint": row.mark,
    }


def _related(row: Row, index: int) -> dict[str, Any]:
    place, note = row.finding.related[index]
    at = row.source.place(place.start)
    return {"line": at.line, "column": at.column, "offset": place.start, "message": note}
