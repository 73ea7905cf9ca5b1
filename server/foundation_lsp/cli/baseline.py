"""Baselines: findings that a project has accepted, by fingerprints of content, so that moved lines stay accepted."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from foundation_engine.finding import Finding

from foundation_lsp.cli.console import UsageError
from foundation_lsp.cli.source import SourceText

VERSION = 1


def fingerprints(shown: str, source: SourceText, findings: Sequence[Finding]) -> list[str]:
    """One stable fingerprint for each finding: of its code, its file, its line without spacing, and its ordinal.

    Line numbers are left out, so that code may move within a file; the ordinal tells equal lines apart.
    """
    seen: Counter[str] = Counter()
    result: list[str] = []
    for finding in findings:
        line = " ".join(source.line_at(finding.range.start).split())
        identity = "\0".join((finding.code, shown, line, finding.message))
        seen[identity] += 1
        digest = hashlib.sha256(
            f"{identity}\0{seen[identity]}".encode("utf-8", "surrogateescape")
        ).hexdigest()
        result.append(digest[:32])
    return result


def read_baseline(path: Path) -> Counter[str]:
    """The accepted fingerprints; raises UsageError when the file is no baseline."""
    try:
        document: Any = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"--baseline {path}: cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise UsageError(f"--baseline {path}: not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise UsageError(f"--baseline {path}: expected an object; write one with --write-baseline")
    fields = cast("dict[str, Any]", document)
    if fields.get("version") != VERSION or not isinstance(fields.get("findings"), list):
        raise UsageError(
            f"--baseline {path}: expected version {VERSION} and findings; write it with --write-baseline"
        )
    accepted: Counter[str] = Counter()
    for number, entry in enumerate(cast("list[Any]", fields["findings"])):
        held = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
        if not isinstance(held.get("fingerprint"), str):
            raise UsageError(f"--baseline {path}: findings[{number}]: expected an object with a fingerprint")
        accepted[held["fingerprint"]] += 1
    return accepted


def write_baseline(path: Path, entries: Iterable[tuple[str, str, Finding]]) -> int:
    """Write `(fingerprint, shown path, finding)` entries sorted by path; returns how many there are."""
    rows = sorted(
        (
            {"fingerprint": mark, "path": shown, "code": f.code, "message": f.message}
            for mark, shown, f in entries
        ),
        key=lambda row: (row["path"], row["code"], row["fingerprint"]),
    )
    try:
        path.write_text(
            json.dumps({"version": VERSION, "findings": rows}, indent=1, ensure_ascii=False) + "\n", "utf-8"
        )
    except OSError as error:
        raise UsageError(f"{path}: the baseline cannot be written: {error.strerror or error}") from error
    return len(rows)
