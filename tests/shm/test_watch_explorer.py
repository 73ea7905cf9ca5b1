"""Callers that watch memory for each other, visited exhaustively; and the proof that the explorer finds a mistake."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.shm.watch_explorer import Rules, explore


def test_nobody_sleeps_past_an_answer() -> None:
    worlds, found = explore(Rules())
    assert found == set()
    assert worlds > 1000


@pytest.mark.parametrize(
    "mistake",
    [
        "asks_who_watches",
        "leaves_sleepers_to_the_server",
        "looks_again_after_leaving",
        "fence_after_leaving",
        "looks_again_after_removing",
    ],
)
def test_each_rule_is_needed(mistake: str) -> None:
    _, found = explore(replace(Rules(crashes=False), **{mistake: False}), to_first_fault=True)
    assert any(one.startswith("stuck") for one in found), found
