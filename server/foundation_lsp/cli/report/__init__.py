"""Reports of a lint: the formats, and the module that writes each."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from foundation_lsp.cli.source import Place, SourceText

if TYPE_CHECKING:
    from foundation_engine.finding import Finding, Fix

    from foundation_lsp.cli.lint import FileResult, Tally

_MODULES = {
    "text": ("text", "write_text"),
    "json": ("data", "write_json"),
    "jsonl": ("data", "write_jsonl"),
    "sarif": ("sarif", "write_sarif"),
    "github": ("ci", "write_github"),
    "gitlab": ("ci", "write_gitlab"),
    "junit": ("ci", "write_junit"),
}


@dataclass(frozen=True, slots=True)
class Report:
    """What to report: the results in order, and the run's tally."""

    results: Sequence[FileResult]
    tally: Tally
    quiet: bool = False
    statistics: bool = False

    def rows(self) -> list[Row]:
        """Every finding with its places, in the order of files and then of places."""
        rows: list[Row] = []
        for result in self.results:
            if not result.findings:
                continue
            source = SourceText(result.text)
            for finding, fixes, mark in zip(result.findings, result.fixes, result.marks, strict=True):
                start, end = source.place(finding.range.start), source.place(finding.range.end)
                rows.append(Row(result.shown, source, finding, fixes, mark, start, end))
        return rows


@dataclass(frozen=True, slots=True)
class Row:
    """One finding and where it lies, in lines and columns that count code points."""

    shown: str
    source: SourceText
    finding: Finding
    fixes: tuple[Fix, ...]
    mark: str
    start: Place
    end: Place


Reporter = Callable[..., None]


def reporter(name: str) -> Reporter:
    """The function that writes a format: it takes the report and a stream, and `colour` by name."""
    module, function = _MODULES[name]
    return getattr(importlib.import_module(f"{__name__}.{module}"), function)


def write_all(stream: TextIO, text: str) -> None:
    """Write text to a stream whose encoding may not have all of it."""
    from foundation_lsp.cli.console import write

    write(stream, text)
