"""SARIF 2.1.0, as code scanning services read it.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0, 27 March 2020.
"""

from __future__ import annotations

import json
import os
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from foundation_engine.codes import RULES
from foundation_engine.finding import Fix
from foundation_grammars.occurrence import ByteRange
from foundation_specs.model import Severity
from foundation_specs.registry import SpecRegistry
from foundation_specs.requirements import explain

from foundation_lsp.cli.report import Report, Row

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "foundationFinding/v1"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note", Severity.HINT: "note"}


def write_sarif(report: Report, stream: TextIO, *, colour: bool) -> None:
    """One run, with the metadata of every rule that has a result, and URIs relative to %SRCROOT%."""
    del colour
    rows = report.rows()
    codes = sorted({row.finding.code for row in rows})
    index = {code: number for number, code in enumerate(codes)}
    worst = {
        code: min((row.finding.severity for row in rows if row.finding.code == code), key=lambda s: s.rank)
        for code in codes
    }
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "foundation-lsp",
                        "semanticVersion": version("foundation-lsp"),
                        "version": version("foundation-lsp"),
                        "rules": [_rule(code, worst[code]) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"SRCROOT": {"uri": Path.cwd().as_uri().rstrip("/") + "/"}},
                "results": [_result(row, index) for row in rows],
            }
        ],
    }
    json.dump(document, stream, indent=1, ensure_ascii=True)
    stream.write("\n")


def _rule(code: str, severity: Severity) -> dict[str, Any]:
    requirement = code.partition("/")[2]
    page = explain(code) or ""
    known = RULES.get(requirement)
    titled = re.search(r"^\*\*(.+?)\.\*\*", page, re.MULTILINE)
    title = (
        known.title
        if known is not None
        else titled[1]
        if titled is not None
        else requirement.replace("-", " ")
    )
    rule: dict[str, Any] = {
        "id": code,
        "name": "".join(word.capitalize() for word in re.split(r"[_/-]", code)),
        "shortDescription": {"text": title},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {"tags": [code.partition("/")[0]]},
    }
    if page:
        checks = re.search(r"^## What it checks\n\n(.+?)(?:\n\n|\Z)", page, re.MULTILINE | re.DOTALL)
        rule["fullDescription"] = {"text": checks[1] if checks is not None else title}
        rule["help"] = {"text": page, "markdown": page}
    spec = SpecRegistry.builtin().get(code.partition("/")[0])
    link = next((r for r in spec.references if "http" in r), "") if spec is not None else ""
    if found := re.search(r"https?://\S+", link):
        rule["helpUri"] = found[0]
    return rule


def _result(row: Row, index: dict[str, int]) -> dict[str, Any]:
    finding = row.finding
    text = f"{finding.message}. {finding.help}" if finding.help else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": _location(row, finding.range)}],
        "partialFingerprints": {FINGERPRINT: row.mark},
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _location(row, place), "message": {"text": note}}
            for number, (place, note) in enumerate(finding.related)
        ]
    if row.fixes:
        result["fixes"] = [_fix(row, fix) for fix in row.fixes]
    return result


def _artifact(shown: str) -> dict[str, Any]:
    if Path(shown).is_absolute():
        return {"uri": Path(shown).as_uri()}
    return {"uri": quote(os.fsencode(shown), safe="/"), "uriBaseId": "SRCROOT"}


def _location(row: Row, place: ByteRange) -> dict[str, Any]:
    return {"artifactLocation": _artifact(row.shown), "region": _region(row, place)}


def _region(row: Row, place: ByteRange) -> dict[str, Any]:
    start, end = row.source.place(place.start), row.source.place(place.end)
    return {
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    }


def _fix(row: Row, fix: Fix) -> dict[str, Any]:
    return {
        "description": {"text": fix.title},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(row.shown),
                "replacements": [
                    {"deletedRegion": _region(row, edit.range), "insertedContent": {"text": edit.text}}
                    for edit in fix.edits
                ],
            }
        ],
    }
