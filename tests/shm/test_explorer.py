"""The slot's state machine, visited exhaustively; and the proof that the explorer can find a mistake."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.shm.explorer import Protocol, explore


@pytest.mark.parametrize("streams", [False, True], ids=["single_answers", "answers_in_parts"])
@pytest.mark.parametrize("cancels", [False, True], ids=["patient", "cancelling"])
def test_no_interleaving_and_no_crash_breaks_a_slot(streams: bool, cancels: bool) -> None:
    worlds, found = explore(Protocol(streams=streams, cancels=cancels))
    assert found == set()
    assert worlds > 1000


@pytest.mark.parametrize(
    ("mistake", "fault"),
    [
        ("client_submit_fence", "stuck"),
        ("server_park_fence", "stuck"),
        ("client_wait_fence", "stuck"),
        ("server_wake_fence", "stuck"),
        ("rechecks_before_sleep", "stuck"),
        ("tail_last", "fault"),
        ("response_before_state", "answers"),
    ],
)
def test_each_rule_is_needed(mistake: str, fault: str) -> None:
    """Every rule of sections 6 and 7, taken away, leads to a fault that the explorer sees."""
    _, found = explore(replace(Protocol(), **{mistake: False}))
    assert any(one.startswith(fault) for one in found), found


def test_a_slot_given_back_too_early_is_found() -> None:
    _, found = explore(Protocol(cancels=True, releases_only_when_done=False))
    assert found
