"""When the server stops watching memory: told by numbers that a scheduler could have given it."""

from __future__ import annotations

import os
import threading
import time

import pytest
from foundation_shm.processor import Share, WatchPolicy

MS = 1_000_000


class Scheduler(Share):
    """A scheduler that does what the test says."""

    __slots__ = ("helpers_used", "moves", "now", "times", "waited")

    def __init__(self) -> None:
        self.now = 1_000 * MS
        self.waited = self.times = self.moves = self.helpers_used = 0

    def put_off(self) -> tuple[int, int]:
        return self.waited, self.times

    def others_ns(self) -> int:
        return self.helpers_used

    def move(self) -> bool:
        self.moves += 1
        return True

    def pass_time(self, elapsed: int, waited: int = 0, times: int = 0) -> int:
        self.now += elapsed
        self.waited += waited
        self.times += times
        return self.now


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler()


@pytest.fixture
def policy(scheduler: Scheduler) -> WatchPolicy:
    made = WatchPolicy(scheduler, 200)
    assert not made.is_crowded(scheduler.now)
    return made


def test_a_thread_that_is_left_alone_stays(scheduler: Scheduler, policy: WatchPolicy) -> None:
    for _ in range(100):
        assert not policy.is_crowded(scheduler.pass_time(2 * MS, waited=10_000, times=1))
    assert scheduler.moves == 0


def test_waking_an_idle_processor_is_no_crowd(scheduler: Scheduler, policy: WatchPolicy) -> None:
    # Half of the time goes by in waits, but each is as short as an idle processor takes to wake.
    for _ in range(100):
        assert not policy.is_crowded(scheduler.pass_time(2 * MS, waited=1 * MS, times=40))
    assert scheduler.moves == 0


def test_a_bad_place_is_left_and_then_all_is_well(scheduler: Scheduler, policy: WatchPolicy) -> None:
    assert not policy.is_crowded(scheduler.pass_time(2 * MS, waited=MS, times=5))
    assert scheduler.moves == 1
    for _ in range(100):
        assert not policy.is_crowded(scheduler.pass_time(2 * MS))
    assert scheduler.moves == 1


def test_a_crowd_is_left_alone_for_longer_each_time(scheduler: Scheduler, policy: WatchPolicy) -> None:
    lengths: list[int] = []
    for _ in range(7):
        while not policy.is_crowded(scheduler.pass_time(2 * MS, waited=MS, times=1)):
            pass
        began = scheduler.now
        while policy.is_crowded(scheduler.pass_time(2 * MS)):
            pass
        lengths.append((scheduler.now - began) // MS)
    assert lengths == [500, 1000, 2000, 4000, 8000, 8000, 8000]
    # A while without trouble, and the next crowd is a short one again.
    for _ in range(100):
        assert not policy.is_crowded(scheduler.pass_time(2 * MS))
    assert not policy.is_crowded(scheduler.pass_time(2 * MS, waited=MS, times=1))
    for _ in range(100):
        assert not policy.is_crowded(scheduler.pass_time(2 * MS))
    while not policy.is_crowded(scheduler.pass_time(2 * MS, waited=MS, times=1)):
        pass
    began = scheduler.now
    while policy.is_crowded(scheduler.pass_time(2 * MS)):
        pass
    assert (scheduler.now - began) // MS == 500


def test_helpers_are_counted_in_processors(scheduler: Scheduler, policy: WatchPolicy) -> None:
    assert policy.helpers(scheduler.pass_time(2 * MS)) == 0
    scheduler.helpers_used += MS // 10
    assert policy.helpers(scheduler.pass_time(2 * MS)) == 0
    scheduler.helpers_used += 2 * MS
    assert policy.helpers(scheduler.pass_time(2 * MS)) == 1
    scheduler.helpers_used += 5 * MS
    assert policy.helpers(scheduler.pass_time(2 * MS)) == 3
    assert policy.helpers(scheduler.pass_time(2 * MS)) == 0


def test_clients_watch_as_long_as_a_model_takes(policy: WatchPolicy) -> None:
    assert policy.watch_us(0) == 200
    assert policy.watch_us(20_000) == 200
    assert policy.watch_us(300_000) == 600
    assert policy.watch_us(0) == 600, "no run since tells nothing new"
    assert policy.watch_us(600_000) == 1000, "a millisecond at most"
    assert policy.watch_us(5 * MS) == 0, "too long to watch"
    assert policy.watch_us(20_000) == 200


def test_the_kernel_tells_how_a_thread_is_put_off() -> None:
    """Two threads on one processor: the one that looks must see that it had to wait for the other."""
    seen: list[tuple[int, int]] = []
    allowed = os.sched_getaffinity(0)
    one = {min(allowed)}

    def work(look: bool) -> None:
        os.sched_setaffinity(0, one)
        share = Share()
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            sum(bytearray(1000))
        if look:
            seen.append(share.put_off())
        share.close()

    rival = os.fork()
    if rival == 0:
        work(look=False)
        os._exit(0)
    thread = threading.Thread(target=work, args=(True,))
    thread.start()
    thread.join()
    os.waitpid(rival, 0)
    ((waited, times),) = seen
    assert waited > 0
    assert times > 0


def test_moving_keeps_every_processor_allowed() -> None:
    share = Share()
    before = os.sched_getaffinity(0)
    assert share.move() == (len(before) > 1)
    assert os.sched_getaffinity(0) == before
    share.close()
    waited, times = share.put_off()
    assert waited >= 0 <= times, "without the kernel's account the preemptions are counted"
