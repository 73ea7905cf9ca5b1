"""The cache of compiled dependencies: what one verification uses, another one does not remove."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from foundation_engine.verify import cargo


def test_dependencies_that_are_in_use_are_not_forgotten(tmp_path: Path) -> None:
    places = [tmp_path / f"{i:02}" for i in range(18)]
    for i, place in enumerate(places):
        place.mkdir()
        (place / "lock").touch()
        os.utime(place, (1000 + i, 1000 + i))
    with (places[0] / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        os.utime(places[0], (1000, 1000))
        cargo._prune(places[17])  # pyright: ignore[reportPrivateUsage] - the step that removes.
    assert [p for p in places if not p.exists()] == [places[1]]
