"""What sampled programs once got wrong, as one module that every target compiles and runs, and a sample of today's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_specs.model import LanguageId

sys.path.insert(0, str(Path(__file__).parents[3] / "bench" / "port"))
import sampler

FOUND = '''"""Programs that once did not compile or answered differently."""

RATE = 0.1
STEP = 3


def rounded_at_each_step(n: int) -> float:
    return n * (RATE * STEP + 0.2)


def cut(n: int) -> int:
    return int(2.5) * n + round(-1.25)


def doubly_negative(n: int) -> int:
    return max(n, -(-5)) + abs(-7)


def only_counted(names: list[str]) -> int:
    seen = 0
    for name in names:
        seen += 1
    return len(names)


def unread(pairs: list[tuple[str, int]]) -> int:
    total = 0
    for name, amount in pairs:
        label = name.upper()
        total += amount
    return total


def both(n: int) -> tuple[int, str]:
    return n, str(n)


def for_its_effect(n: int) -> int:
    both(n)
    return n


class Refused(Exception):
    """What is not taken."""


def checked(n: int) -> int:
    if n < 0:
        raise Refused(f"{n} is below zero")
    return n


def checked_pair(n: int) -> tuple[int, str]:
    return checked(n), "checked"


def kept_pair(n: int) -> tuple[int, str]:
    pair = checked_pair(n)
    if n > 3:
        pair = checked_pair(n - 4)
    return pair


def tried_in_vain(n: int) -> int:
    try:
        twice = n * 2
    except Refused:
        raise
    except KeyError as error:
        raise ValueError("no key") from error
    return twice
'''


@pytest.mark.slow
@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST])
def test_what_was_found_stays_right(target: LanguageId) -> None:
    candidate = port(PortRequest("found.py", FOUND, LanguageId.PYTHON, target))
    assert candidate.holes == ()
    report = verify(candidate, VerifyOptions(cases=6, differential=20, use_cache=False))
    assert report.agreed, report.results


@pytest.mark.slow
@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY])
def test_a_sampled_module_agrees(target: LanguageId) -> None:
    text = sampler.module(seed=20, functions=10)
    candidate = port(PortRequest("sampled.py", text, LanguageId.PYTHON, target))
    assert sum(not f.holes for f in candidate.functions) >= 5
    report = verify(candidate, VerifyOptions(cases=1, differential=20, use_cache=False))
    steps = {r.step: r.verdict for r in report.results}
    assert Verdict.FAILED not in steps.values(), report.results
    assert steps["differential"] is Verdict.PASSED
