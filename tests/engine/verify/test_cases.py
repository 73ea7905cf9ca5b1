"""Generated calls reach what a function is meant for: texts that its patterns match, JSON with its keys."""

from __future__ import annotations

import json
import random
import re

import pytest
from foundation_engine.port import lower
from foundation_engine.port.regex import parsed
from foundation_engine.port.request import PortRequest
from foundation_engine.verify.cases import plans
from foundation_engine.verify.matching import matching
from foundation_specs.model import LanguageId


@pytest.mark.parametrize(
    "pattern",
    [
        r"([a-z]+)([0-9]*)", r"^\d{4}-\d{2}-\d{2}$", r"(?P<a>\w+)\s*=\s*(?P=a)", r"[^,;]+(?:,|;)", r"a|bb|c{2,}",
        r"https?://[\w.]+/?", r"\S+@\S+?", r"[A-Fa-f0-9]{6}", r".-.",
    ],
)  # fmt: skip
def test_a_pattern_matches_the_texts_that_are_made_of_it(pattern: str) -> None:
    draw = random.Random(1)
    texts = [matching(parsed(pattern, ""), draw) for _ in range(50)]
    assert [t for t in texts if not re.search(pattern, t)] == []
    assert len(set(texts)) > 2


def texts_for(source: str, language: LanguageId = LanguageId.PYTHON) -> list[str]:
    """The texts that calls of a function are made with."""
    module = lower(PortRequest("sample", source, language, LanguageId.GO))
    assert module is not None
    return [p.args[0] for p in plans(module, {"f"}, 1, 60)]


def test_texts_are_made_of_the_patterns_that_the_code_looks_for() -> None:
    source = (
        'import re\n\nDATE = re.compile(r"^(\\d{4})-(\\d{2})$")\n\n\ndef f(text: str) -> str:\n'
        '    found = DATE.match(text)\n    return found.group(2) if found else ""\n'
    )
    found = [bool(re.match(r"^(\d{4})-(\d{2})$", t)) for t in texts_for(source)]
    assert sum(found) > 5
    assert sum(not x for x in found) > 5


def test_texts_are_json_where_the_code_reads_it() -> None:
    source = (
        "require 'json'\n\n#: (String) -> Integer\ndef f(text)\n  data = JSON.parse(text)\n"
        "  data['count'].to_i + data['names'].to_i\nend\n"
    )
    read = 0
    for text in texts_for(source, LanguageId.RUBY):
        try:
            read += isinstance(made := json.loads(text), dict) and "count" in made
        except ValueError:
            continue
    assert read > 5
