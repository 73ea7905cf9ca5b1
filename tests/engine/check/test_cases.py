"""Every case file: the findings of a source are exactly those that are drawn under its lines."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from foundation_engine.check import CheckOptions, check_document
from foundation_engine.codes import CodeFilter
from foundation_lsp.cli.source import SourceText
from foundation_specs.registry import SpecRegistry

_spec = importlib.util.spec_from_file_location("check_casefile", Path(__file__).with_name("casefile.py"))
assert _spec is not None
assert _spec.loader is not None
casefile = importlib.util.module_from_spec(_spec)
sys.modules["check_casefile"] = casefile
_spec.loader.exec_module(casefile)

CASES = casefile.read_cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_findings_are_those_drawn(case) -> None:
    text = case.source.encode()
    source = SourceText(text)
    found = check_document(text, case.language, SpecRegistry.builtin(), CheckOptions(CodeFilter()))
    actual = []
    for finding in found:
        start, end = source.place(finding.range.start), source.place(finding.range.end)
        stop = end.column - 1 if end.line == start.line else len(source.line(start.line))
        actual.append((start.line, start.column - 1, stop, str(finding.severity), finding.code))
    expected = [(e.line, e.start, e.end, e.severity, e.code) for e in case.expected]
    assert sorted(expected) == sorted(actual), "\n".join(f"{f.code}: {f.message}" for f in found)
    for wanted in case.expected:
        messages = [f.message for f in found if f.code == wanted.code]
        assert any(wanted.text in message for message in messages), messages


def test_every_language_has_cases() -> None:
    assert {"python", "go", "rust", "ruby"} == {case.language.value for case in CASES}
