"""Reports that build services show beside the code: GitHub annotations, GitLab code quality, JUnit."""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from foundation_specs.model import Severity

from foundation_lsp.cli.report import Report, Row, write_all

_GITHUB = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
    Severity.HINT: "notice",
}
_GITLAB = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info", Severity.HINT: "info"}


def write_github(report: Report, stream: TextIO, *, colour: bool) -> None:
    """Workflow commands, one a line: `::error file=...,line=...::message`."""
    del colour
    for row in report.rows():
        finding = row.finding
        # GitHub draws columns only for a range on one line.
        end = f",endLine={row.end.line}" + (
            f",endColumn={row.end.column}" if row.end.line == row.start.line else ""
        )
        properties = (
            f"file={_property(row.shown)},line={row.start.line},col={row.start.column}{end},"
            f"title={_property('foundation-lsp (' + finding.code + ')')}"
        )
        write_all(stream, f"::{_GITHUB[finding.severity]} {properties}::{_data(_message(row))}\n")


def _message(row: Row) -> str:
    finding = row.finding
    return f"{finding.message}; {finding.help}" if finding.help else finding.message


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def write_gitlab(report: Report, stream: TextIO, *, colour: bool) -> None:
    """A code quality report: a JSON array with a fingerprint for each finding."""
    del colour
    document = [
        {
            "description": _message(row),
            "check_name": row.finding.code,
            "fingerprint": row.mark,
            "severity": _GITLAB[row.finding.severity],
            "location": {
                "path": row.shown,
                "positions": {
                    "begin": {"line": row.start.line, "column": row.start.column},
                    "end": {"line": row.end.line, "column": row.end.column},
                },
            },
        }
        for row in report.rows()
    ]
    json.dump(document, stream, indent=1, ensure_ascii=True)
    stream.write("\n")


# XML 1.0 has no way to write these, not even as references.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(report: Report, stream: TextIO, *, colour: bool) -> None:
    """A test suite for each file with findings, and a failed test for each finding."""
    del colour
    rows = report.rows()
    lines = ['<?xml version="1.0" encoding="utf-8"?>']
    lines.append(f'<testsuites name="foundation-lsp" tests="{max(len(rows), 1)}" failures="{len(rows)}">')
    for shown, group in groupby(rows, key=lambda row: row.shown):
        found = list(group)
        lines.append(
            f'<testsuite name={_attribute(shown)} tests="{len(found)}" failures="{len(found)}" errors="0">'
        )
        for row in found:
            name = _attribute(f"{row.finding.code}:{row.start.line}:{row.start.column}")
            body = escape(
                _NOT_XML.sub("\ufffd", f"{shown}:{row.start.line}:{row.start.column}: {_message(row)}")
            )
            lines.append(
                f'<testcase name={name} classname={_attribute(shown)} file={_attribute(shown)} line="{row.start.line}">'
            )
            lines.append(
                f'<failure type="{row.finding.severity.value}" message={_attribute(row.finding.message)}>'
                f"{body}</failure>"
            )
            lines.append("</testcase>")
        lines.append("</testsuite>")
    if not rows:
        lines.append('<testsuite name="foundation-lsp" tests="1" failures="0" errors="0">')
        lines.append('<testcase name="no findings" classname="foundation-lsp"/></testsuite>')
    lines.append("</testsuites>")
    write_all(stream, "\n".join(lines) + "\n")


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))
