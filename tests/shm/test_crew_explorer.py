"""Server threads that take turns, visited exhaustively; and the proof that the explorer finds a mistake."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.shm.crew_explorer import Rules, explore


@pytest.mark.parametrize(
    "rules", [Rules(crashes=False), Rules(calls=(1, 1)), Rules(calls=(1, 1), at_once=1)], ids=repr
)
def test_no_request_waits_for_a_thread_that_sleeps(rules: Rules) -> None:
    worlds, found = explore(rules)
    assert found == set()
    assert worlds > 1000


@pytest.mark.parametrize(
    ("mistake", "calls", "fault"),
    [
        ("asks_for_doorbells", (1, 1), "a request waits"),
        ("fence_after_asking", (1, 1), "a request waits"),
        ("looks_again_after_asking", (1, 1), "a request waits"),
        ("wakes_for_what_is_queued", (2, 1), "a request waits"),
        ("sees_to_it_when_leaving", (1, 1), "a request waits"),
        ("forgets_who_was_woken_when_reading", (2, 2), "a request waits"),
        ("answers_with_the_turn", (2, 1), "fault"),
    ],
)
def test_each_rule_is_needed(mistake: str, calls: tuple[int, int], fault: str) -> None:
    rules = replace(Rules(calls=calls, crashes=False), **{mistake: False})
    _, found = explore(rules, to_first_fault=True)
    assert any(one.startswith(fault) for one in found), found
