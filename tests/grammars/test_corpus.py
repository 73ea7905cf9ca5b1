"""Every source of the corpus yields exactly the occurrences that are written beside it."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from foundation_grammars.prefilter import may_hold_pattern
from foundation_grammars.query import PATTERN_IDS, find_occurrences
from foundation_grammars.tree import parse
from foundation_specs.model import LanguageId


def _load_corpus() -> ModuleType:
    # Test folders are no packages (pytest runs with importlib mode), so the format's module is loaded by its path.
    spec = importlib.util.spec_from_file_location("grammars_corpus", Path(__file__).with_name("corpus.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


corpus = _load_corpus()
if os.environ.get("FOUNDATION_UPDATE_CORPUS"):
    for file in sorted(corpus.ROOT.glob("*/*.txt")):
        corpus.rewrite(file)
CASES = corpus.all_cases()


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_corpus(case, record_property) -> None:
    found = Counter(corpus.found(case.source.encode(), case.language, case.pattern_id))
    expected = Counter(case.expected)
    missing, noisy = expected - found, found - expected
    record_property("corpus-reported", (expected & found).total())
    record_property("corpus-missing", missing.total())
    record_property("corpus-noisy", noisy.total())
    record_property("corpus-validated", int(not expected and not found))
    assert (sorted(missing.elements()), sorted(noisy.elements())) == ([], [])


_COMMENT = {LanguageId.PYTHON: "#", LanguageId.RUBY: "#", LanguageId.GO: "//", LanguageId.RUST: "//"}
_VARIANTS: dict[str, Callable[[str, LanguageId], bytes]] = {
    "crlf": lambda source, _: source.replace("\n", "\r\n").encode(),
    "carriage-return": lambda source, _: source.replace("\n", "\r").encode(),
    "byte-order-mark": lambda source, _: b"\xef\xbb\xbf" + source.encode(),
    "emoji-before": lambda source, language: f"{_COMMENT[language]} 😀 é \u2028 x\n\n{source}".encode(),
    "invalid-utf-8-before": lambda source, language: (
        _COMMENT[language].encode() + b" \xff\xfe\n\n" + source.encode()
    ),
    "broken-code-after": lambda source, _: source.encode() + b"\n\n)]} ???\n",
}


@pytest.mark.parametrize("variant", _VARIANTS)
def test_encoding_and_line_endings_change_nothing(variant: str) -> None:
    differences: list[tuple[str, list[str], list[str]]] = []
    for case in CASES:
        if "\r" in case.source or f"not under {variant}" in case.title:
            continue
        found = corpus.found(_VARIANTS[variant](case.source, case.language), case.language, case.pattern_id)
        if tuple(found) != case.expected:
            differences.append((case.id, list(case.expected), found))
    assert differences == []


def test_the_prefilter_passes_every_source_with_an_occurrence() -> None:
    refused = [
        case.id
        for case in CASES
        if find_occurrences(parse(case.source.encode(), case.language))
        and not may_hold_pattern(case.source.encode(), case.language)
    ]
    assert refused == []


def test_every_range_lies_in_the_document_and_names_what_it_says() -> None:
    for case in CASES:
        text = case.source.encode()
        for occurrence in find_occurrences(parse(text, case.language)):
            ranges = [occurrence.range, occurrence.name_range]
            ranges += [r for r in (occurrence.arguments_range,) if r is not None]
            for argument in occurrence.arguments:
                ranges += [argument.range, argument.value_range]
                assert argument.range.start <= argument.value_range.start
                assert argument.value_range.end <= argument.range.end
                if argument.name_range is not None:
                    name = text[argument.name_range.start : argument.name_range.end].decode()
                    assert name.strip("\"':") == argument.spelled, case.id
                assert text[argument.value_range.start : argument.value_range.end].decode().strip() != "" or (
                    not argument.value.known
                )
            for place in ranges:
                assert 0 <= place.start <= place.end <= len(text), case.id
            head = text[occurrence.name_range.start : occurrence.name_range.end].decode()
            assert head
            assert head.strip("@") in occurrence.spelled or occurrence.symbol.endswith(head), case.id
            assert occurrence.range.start <= occurrence.name_range.start, case.id


def test_each_language_and_pattern_has_enough_cases() -> None:
    counts = Counter((case.language, case.pattern_id) for case in CASES)
    validated = {(case.language, case.pattern_id) for case in CASES if not case.expected}
    for language in LanguageId:
        for pattern_id in PATTERN_IDS:
            wanted = 12 if pattern_id == "retry_with_backoff" else 6
            assert counts[language, pattern_id] >= wanted, (language, pattern_id)
            assert (language, pattern_id) in validated, (language, pattern_id)


def test_titles_are_unique() -> None:
    repeated = [name for name, count in Counter(case.id for case in CASES).items() if count > 1]
    assert repeated == []
