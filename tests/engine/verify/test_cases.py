"""Generated calls reach what a function is meant for: texts that its patterns match, JSON with its keys."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from foundation_engine.port import ir, lower, port
from foundation_engine.port.regex import parsed
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_engine.verify.cases import Case, Plan, plans, variations
from foundation_engine.verify.matching import matching
from foundation_engine.verify.recorders import RECORDERS
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


def test_numbers_are_those_that_a_parameter_is_compared_with() -> None:
    source = (
        "LEAST = 40\n\n\ndef f(total: int, items: int) -> int:\n    if items >= 5 and total > LEAST:\n"
        "        return total - total // 10\n    return total\n"
    )
    module = lower(PortRequest("sample", source, LanguageId.PYTHON, LanguageId.GO))
    assert module is not None
    for seed in range(1, 6):
        calls = [p.args for p in plans(module, {"f"}, seed, 72)]
        assert any(items == 5 and total > 40 for total, items in calls)
        assert any(items >= 5 and total == 40 for total, items in calls)
        assert sum(items == 4 for _, items in calls) > 3
        assert len({total for total, _ in calls}) > 15


def test_texts_begin_and_end_with_what_the_code_looks_for() -> None:
    source = (
        "def f(address: str) -> bool:\n    if not address.startswith('pre/'):\n        raise ValueError(address)\n"
        "    return address.endswith('.txt')\n"
    )
    found = texts_for(source)
    assert sum(t.startswith("pre/") and not t.endswith((".txt", "pre/")) for t in found) > 1
    assert sum(t.endswith("pre/") and not t.startswith("pre/") for t in found) > 1


ANY = """from typing import Any


def label(entry: dict[str, Any]) -> str:
    if "size" in entry:
        return f"{entry.get('name', '?')}: {entry['size']}"
    return "-"


def half(n: int) -> Any:
    if n < 0:
        return None
    return n // 2 if n % 2 == 0 else {"half": n / 2, "of": [n, "odd"]}


def flag(value: Any) -> bool:
    if isinstance(value, str):
        return value in ("yes", "true")
    return bool(value)
"""


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST])
def test_values_of_any_type_are_given_and_compared(target: LanguageId) -> None:
    request = PortRequest("sample.py", ANY, LanguageId.PYTHON, target)
    report = verify(port(request), VerifyOptions(cases=12, differential=24))
    assert report.verdict is Verdict.PASSED, "\n".join(f"{r.step}: {r.detail}" for r in report.results)
    assert sum(r.cases for r in report.results) > 60
    module = lower(request)
    assert module is not None
    given: list[Any] = [p.args[0] for p in plans(module, {"flag"}, 1, 40)]
    for p in plans(module, {"label"}, 1, 40):
        given.extend(v for _, v in p.args[0]["dict"])
    assert {int, str, bool, dict, type(None)} <= {type(v) for v in given}


CORPUS = Path(__file__).resolve().parents[3] / "bench" / "port" / "corpus"
SOURCES = (
    "python/deploy.py",
    "python/catalog.py",
    "go/orders/orders.go",
    "ruby/bookings.rb",
    "rust/library.rs",
)
LANGUAGES = {".py": LanguageId.PYTHON, ".go": LanguageId.GO, ".rb": LanguageId.RUBY, ".rs": LanguageId.RUST}
PLANNING = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from test_cases import CORPUS, SOURCES, planned

print(hash("a text"))
for source in SOURCES:
    print(source, hashlib.sha256(repr(planned(CORPUS / source)).encode()).hexdigest())
"""


def names_of(module: ir.Module) -> set[str]:
    """The functions and methods of a module."""
    return {f"{c.name}.{f.name}" if c else f.name for c, f in module.functions()}


def planned(path: Path) -> list[Plan]:
    """The calls that are planned for a file, and calls near to them."""
    text = path.read_text(encoding="utf-8")
    language = LANGUAGES[path.suffix]
    target = LanguageId.RUBY if language is LanguageId.GO else LanguageId.GO
    module = lower(PortRequest(str(path), text, language, target))
    assert module is not None
    names = names_of(module)
    known = list(plans(module, names, 7, 12))
    return [*known, *variations(module, names, known, 7, 6)]


def told(seed: str) -> list[str]:
    """What a process says of the calls that it plans, with a seed of its own for what hashes."""
    done = subprocess.run(
        [sys.executable, "-c", PLANNING, str(Path(__file__).parent)],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_process_plans_the_same_calls() -> None:
    """A set that is walked over would give another order in each process."""
    one, other = told("1"), told("2")
    assert one[0] != other[0], "the processes hash alike, so this compares nothing"
    assert one[1:] == other[1:]
    assert len(one) == 1 + len(SOURCES)


def test_calls_of_a_function_do_not_depend_on_the_functions_before_it() -> None:
    def asked(source: str) -> list[Plan]:
        module = lower(PortRequest("sample", source, LanguageId.PYTHON, LanguageId.GO))
        assert module is not None
        return [p for p in plans(module, names_of(module), 7, 12) if p.function == "f"]

    own = "def f(a: int, b: str) -> str:\n    return b * a\n"
    alone, after = asked(own), asked("def g(n: list[int]) -> int:\n    return len(n)\n\n\n" + own)
    assert len(alone) == 12
    assert alone == after


WORDS = """package words

import "maps"

func Order(words []string) []string {
	seen := map[string]int{}
	for _, w := range words {
		seen[w]++
	}
	var all []string
	for w := range seen {
		all = append(all, w)
	}
	return all
}

func Last(words []string) string {
	seen := map[string]bool{}
	for i := range words {
		seen[words[i]] = true
	}
	last := ""
	for w := range maps.Keys(seen) {
		last = w
	}
	return last
}

func Longest(words []string) int {
	seen := map[string]int{}
	for _, w := range words {
		seen[w] = len(w)
	}
	longest := 0
	for w, n := range seen {
		if n > longest {
			longest = n
		}
		delete(seen, w)
	}
	for range 3 {
		longest++
	}
	return longest + len(seen)
}
"""


def recorded(plans: list[Plan]) -> list[Case]:
    """What Go gives for calls of the functions above."""
    request = PortRequest("words.go", WORDS, LanguageId.GO, LanguageId.PYTHON)
    module = lower(request)
    assert module is not None
    cases, problem = RECORDERS[LanguageId.GO].record(request, module, plans)
    assert not problem
    return cases


def test_what_depends_on_the_order_of_a_map_is_no_case() -> None:
    """Go walks over two entries in the order in which they came seven times of eight."""
    pairs = [({"list": [f"a{i}", f"b{i}"]},) for i in range(40)]
    calls = [Plan(f, args) for args in pairs for f in ("Order", "Last", "Longest")]
    calls += [Plan(f, ({"list": ["one", "one"]},)) for f in ("Order", "Last")]
    found = recorded(calls)
    assert [c.plan.args for c in found if c.plan.function != "Longest"] == [({"list": ["one", "one"]},)] * 2
    assert [c.plan.args for c in found if c.plan.function == "Longest"] == pairs
    assert {c.steps[0]["value"] for c in found if c.plan.function == "Longest"} == {5, 6}
