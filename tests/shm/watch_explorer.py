"""An exhaustive explorer of callers that watch memory for each other, with store buffers and crashes.

Two callers of one client, each with a slot of its own, and the server. The model follows PROTOCOL.md section 7
("One caller watches for all") one memory operation at a time: plain stores go into a buffer of their thread and
reach memory one by one, at any later moment, in order (x86's total store order); a sequentially consistent
operation first empties its thread's buffer. Nobody ever wakes by a time-out here: whoever sleeps is woken by the
server or by the other caller, or the explorer calls it stuck.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.shm.store_buffers import Buffer, Words, drains, fits, go, visit, with_item

WORDS = ("state0", "state1", "waiting0", "waiting1", "sleeps0", "sleeps1", "watched")
FREE, SUBMITTED, DONE = 0, 1, 4
STORE_BUFFER = 3

MEMORY = Words(WORDS)
load, store, store_at_once = MEMORY.load, MEMORY.store, MEMORY.store_at_once
SERVER = 2


@dataclass(frozen=True, slots=True)
class Rules:
    """What the model does; each switch off is a mistake that the explorer must find."""

    asks_who_watches: bool = True
    leaves_sleepers_to_the_server: bool = True
    looks_again_after_leaving: bool = True
    fence_after_leaving: bool = True
    looks_again_after_removing: bool = True
    calls: int = 2
    crashes: bool = True


@dataclass(frozen=True, slots=True)
class World:
    """Everything that matters at one moment. The third thread is the server's."""

    memory: tuple[int, ...] = (0,) * len(WORDS)
    buffers: tuple[Buffer, Buffer, Buffer] = ((), (), ())
    at: tuple[str, str, str] = ("idle", "idle", "look")
    calls: tuple[int, int] = (0, 0)
    woken: tuple[bool, bool] = (False, False)
    crashed: bool = False


def wake(world: World, caller: int) -> World:
    """The kernel's part: only who sleeps is woken."""
    if world.at[caller] != "asleep":
        return world
    return replace(world, woken=with_item(world.woken, caller, True))


def caller_steps(world: World, me: int, rules: Rules) -> Iterator[World]:
    """A caller's next operation."""
    other = 1 - me
    w, ordered = world, not world.buffers[me]
    mine, theirs = f"state{me}", f"state{other}"
    match w.at[me]:
        case "idle" if w.calls[me] < rules.calls:
            calls = with_item(w.calls, me, w.calls[me] + 1)
            submitted = store(store(w, me, f"waiting{me}", 0), me, mine, SUBMITTED)
            yield go(replace(submitted, calls=calls), me, "wait")
        case "wait":
            if load(w, me, mine) == DONE:
                yield go(w, me, "read")
            elif ordered:
                # Who finds that nobody watches may, and need not: the hint may say that it is not worth it.
                if not w.memory[MEMORY["watched"]]:
                    yield go(store_at_once(w, "watched", 1), me, "spare the server")
                yield go(w, me, "lie down")
        case "spare the server":
            sleeps = load(w, me, f"sleeps{other}")
            yield go(store(w, me, f"waiting{other}", 0) if sleeps else w, me, "watch")
        case "watch":
            if load(w, me, mine) == DONE:
                yield go(w, me, "leave")
            else:
                # Its time is over.
                yield go(w, me, "leave")
                if load(w, me, f"sleeps{other}") and load(w, me, theirs) == DONE:
                    yield go(w, me, "remove, then leave")
        case "remove, then leave" | "remove, then go on" if ordered:
            yield go(store_at_once(w, f"sleeps{other}", 0), me, "again" + w.at[me].removeprefix("remove"))
        case "again, then leave" | "again, then go on":
            following = "leave" if w.at[me].endswith("leave") else "after"
            if load(w, me, theirs) == DONE:
                yield go(wake(w, other), me, following)
            elif not rules.looks_again_after_removing:
                yield go(w, me, following)
            elif ordered:
                yield go(store_at_once(w, f"sleeps{other}", 1), me, following)
        case "leave" if ordered:
            yield go(store_at_once(w, "watched", 0), me, "left")
        case "left":
            if load(w, me, f"sleeps{other}") and rules.leaves_sleepers_to_the_server:
                yield go(store(w, me, f"waiting{other}", 1), me, "fence after leaving")
            else:
                yield go(w, me, "after")
        case "fence after leaving" if ordered or not rules.fence_after_leaving:
            answered = rules.looks_again_after_leaving and load(w, me, theirs) == DONE
            yield go(w, me, "remove, then go on" if answered else "after")
        case "after":
            yield go(w, me, "read" if load(w, me, mine) == DONE else "lie down")
        case "lie down" if ordered:
            yield go(store_at_once(w, f"sleeps{me}", 1), me, "ask who watches")
        case "ask who watches":
            if rules.asks_who_watches and not load(w, me, "watched"):
                yield go(store(w, me, f"waiting{me}", 1), me, "fence")
            else:
                yield go(w, me, "futex")
        case "fence" if ordered:
            yield go(w, me, "futex")
        case "futex":
            # The kernel compares memory itself.
            yield go(w, me, "get up" if w.memory[MEMORY[mine]] == DONE else "asleep")
        case "asleep" if w.woken[me]:
            yield go(replace(w, woken=with_item(w.woken, me, False)), me, "futex")
        case "get up" if ordered:
            up = store_at_once(w, f"sleeps{me}", 0)
            yield go(store(up, me, f"waiting{me}", 0), me, "read")
        case "read":
            yield go(store(w, me, mine, FREE), me, "idle")
        case _:
            pass


def server_steps(world: World) -> Iterator[World]:
    """The server answers what was submitted, in any order, and wakes who asks for it."""
    w = world
    place = w.at[SERVER]
    if place == "look":
        for slot in (0, 1):
            if w.memory[MEMORY[f"state{slot}"]] == SUBMITTED:
                yield go(store(w, SERVER, f"state{slot}", DONE), SERVER, f"fence {slot}")
    elif place.startswith("fence"):
        if not w.buffers[SERVER]:
            yield go(w, SERVER, f"wake {place[-1]}")
    else:
        slot = int(place[-1])
        woken = wake(w, slot) if load(w, SERVER, f"waiting{slot}") else w
        yield go(woken, SERVER, "look")


def explore(rules: Rules, *, to_first_fault: bool = False) -> tuple[int, set[str]]:
    """Visit every reachable world; returns how many there are, and the faults."""

    def following(world: World, found: set[str]) -> Iterator[World]:
        steps = [*drains(world), *caller_steps(world, 0, rules), *caller_steps(world, 1, rules)]
        if not world.crashed:
            steps += server_steps(world)
        if not steps:
            found.update(faults(world, rules))
        if rules.crashes and not world.crashed:
            steps.append(replace(world, crashed=True))
        return (one for one in steps if fits(one, STORE_BUFFER))

    return visit(World(), following, until_a_fault=to_first_fault)


def faults(world: World, rules: Rules) -> Iterator[str]:
    """What is wrong in a world where nothing happens any more."""
    # When the server is dead its callers find out by looking at the connection between two sleeps.
    if world.crashed and any(at not in ("idle", "asleep") for at in world.at[:2]):
        yield f"stuck after a crash: the callers are {world.at[0]!r} and {world.at[1]!r}"
    finished = world.at == ("idle", "idle", "look") and world.calls == (rules.calls, rules.calls)
    if not world.crashed and not finished:
        yield f"stuck: the callers are {world.at[0]!r} and {world.at[1]!r}"
