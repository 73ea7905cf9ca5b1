"""An exhaustive explorer of two server threads that take turns, with store buffers, doorbells and crashes.

Two callers of one client, each with a slot of its own, and two threads of the server of which the second comes and
goes. The model follows PROTOCOL.md section 7 ("Several runs at a time") one memory operation at a time: stores go into
a buffer of their thread and reach memory one by one, at any later moment, in order (x86's total store order). Taking
the turn and giving it away empty the buffer, as locks do. Nobody ever wakes by a time-out here, and a run may last for
ever: a request that could be served beside it and is not, because the other thread sleeps, is a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.shm.store_buffers import Buffer, Words, drains, fits, go, visit, with_item

WORDS = ("state0", "state1", "ring0", "ring1", "tail", "parked")
FREE, SUBMITTED, DONE = 0, 1, 4
STORE_BUFFER = 4

MEMORY = Words(WORDS)
load, store = MEMORY.load, MEMORY.store
# The client's two callers share a lock for the ring, so the ring's stores are in one thread's order.
CALLERS = (0, 1)
SERVERS = (2, 3)
HELPER = 3


@dataclass(frozen=True, slots=True)
class Rules:
    """What the model does; each switch off is a mistake that the explorer must find."""

    asks_for_doorbells: bool = True
    fence_after_asking: bool = True
    looks_again_after_asking: bool = True
    wakes_for_what_is_queued: bool = True
    sees_to_it_when_leaving: bool = True
    forgets_who_was_woken_when_reading: bool = True
    answers_with_the_turn: bool = True
    calls: tuple[int, int] = (2, 1)
    at_once: int = 2
    crashes: bool = True


@dataclass(frozen=True, slots=True)
class World:
    """Everything that matters at one moment."""

    memory: tuple[int, ...] = (0,) * len(WORDS)
    buffers: tuple[Buffer, ...] = ((), (), (), ())
    at: tuple[str, ...] = ("idle", "idle", "look", "gone")
    calls: tuple[int, int] = (0, 0)
    # The client's lock of its ring, and the server's turn: who has it.
    pushing: int | None = None
    turn: int | None = 2
    # What only the holder of the turn looks at.
    head: int = 0
    queue: tuple[int, ...] = ()
    asleep: frozenset[int] = frozenset()
    roused: bool = False
    running: int = 0
    book: tuple[bool, bool] = (False, False)
    # What a thread runs, and the requests that ran.
    runs: tuple[int | None, int | None] = (None, None)
    ran: tuple[int, int] = (0, 0)
    # The kernel's.
    doorbell: bool = False
    byte: bool = False
    crashed: bool = False
    dropped: bool = False


def caller_steps(world: World, me: int, rules: Rules) -> Iterator[World]:
    """A caller's next operation."""
    w, ordered = world, not world.buffers[me]
    match w.at[me]:
        case "idle" if w.calls[me] < rules.calls[me] and w.pushing is None:
            submitted = store(w, me, f"state{me}", SUBMITTED)
            calls = with_item(w.calls, me, w.calls[me] + 1)
            yield go(replace(submitted, calls=calls, pushing=me), me, "push")
        case "push":
            tail = load(w, me, "tail")
            rung = store(store(w, me, f"ring{tail % 2}", me), me, "tail", tail + 1)
            yield go(rung, me, "fence")
        case "fence" if ordered:
            yield go(replace(w, pushing=None), me, "ring")
        case "ring":
            yield go(replace(w, doorbell=w.doorbell or bool(load(w, me, "parked"))), me, "wait")
        case "wait" if load(w, me, f"state{me}") == DONE:
            yield go(store(w, me, f"state{me}", FREE), me, "idle")
        case _:
            pass


def server_steps(world: World, me: int, rules: Rules) -> Iterator[World]:
    """What a thread of the server does next, except that its run ends."""
    w, ordered = world, not world.buffers[me]
    dead = w.dropped
    match w.at[me]:
        case "want" | "back" | "up" if w.turn is None:
            mine = replace(w, turn=me)
            if w.at[me] == "up":
                # What woke it is read with the turn, by whoever has it.
                mine = replace(mine, asleep=w.asleep - {me}, roused=False)
            elif w.at[me] == "back":
                mine = replace(mine, running=w.running - 1)
            mine = mine if dead else store(mine, me, "parked", 0)
            yield go(mine, me, "answer" if w.at[me] == "back" else "look")
        case "answer":
            yield answered(w, me)
        case "look":
            if w.byte or w.doorbell or (w.crashed and not dead):
                read = replace(w, byte=False, doorbell=False)
                if w.byte and rules.forgets_who_was_woken_when_reading:
                    read = replace(read, roused=False)
                yield replace(read, dropped=True, queue=(), book=(False, False)) if w.crashed else read
            if not dead and load(w, me, "tail") != w.head:
                yield take(w, me)
            elif w.queue and w.running < rules.at_once:
                slot = w.queue[0]
                if me != HELPER and w.at[HELPER] == "gone":
                    # Alone it keeps the turn; and it may find at the end that help is wanted.
                    done = replace(w, queue=w.queue[1:], ran=with_item(w.ran, slot, w.ran[slot] + 1))
                    done = go(replace(done, runs=changed_run(w, me, slot)), me, "answer")
                    yield done
                    yield go(done, HELPER, "want")
                else:
                    aside = replace(
                        w, queue=w.queue[1:], running=w.running + 1, runs=changed_run(w, me, slot)
                    )
                    full = aside.running >= rules.at_once
                    yield go(aside, me, "give away for run" if full else "see to it for run")
            elif dead:
                yield go(replace(w, asleep=w.asleep | {me}, turn=None), me, "asleep")
            else:
                yield go(store(w, me, "parked", 1), me, "park fence")
                if me == HELPER:
                    leaves = "see to it for leave" if rules.sees_to_it_when_leaving else "give away for leave"
                    yield go(w, me, leaves)
        case "park fence" if ordered or not rules.fence_after_asking:
            if load(w, me, "tail") != w.head and rules.looks_again_after_asking:
                yield go(store(w, me, "parked", 0), me, "look")
            else:
                yield go(w, me, "lie down")
        case "lie down" if ordered or not rules.fence_after_asking:
            yield go(replace(w, asleep=w.asleep | {me}, turn=None), me, "asleep")
        case "asleep" if w.byte or w.doorbell or (w.crashed and not dead):
            yield go(w, me, "up")
        case "see to it for run" | "see to it for leave":
            why = w.at[me].removeprefix("see to it for ")
            if not w.asleep or w.roused or dead:
                yield go(w, me, f"give away for {why}")
            elif w.queue and w.running < rules.at_once and rules.wakes_for_what_is_queued:
                yield go(replace(w, roused=True, byte=True), me, f"give away for {why}")
            elif rules.asks_for_doorbells:
                yield go(store(w, me, "parked", 1), me, f"fence for {why}")
            else:
                yield go(w, me, f"give away for {why}")
        case "fence for run" | "fence for leave" if ordered or not rules.fence_after_asking:
            why = w.at[me].removeprefix("fence for ")
            asked = load(w, me, "tail") != w.head and rules.looks_again_after_asking
            yield go(replace(w, roused=True, byte=True) if asked else w, me, f"give away for {why}")
        case "give away for run" if ordered or not rules.fence_after_asking:
            yield go(replace(w, turn=None), me, "run")
        case "give away for leave" if ordered or not rules.fence_after_asking:
            yield go(replace(w, turn=None), me, "gone")
        case _:
            pass


def changed_run(world: World, thread: int, slot: int | None) -> tuple[int | None, int | None]:
    return (slot, world.runs[1]) if thread == SERVERS[0] else (world.runs[0], slot)


def take(world: World, me: int) -> World:
    """Take the next entry of the ring into the queue, and note it in the book."""
    slot = load(world, me, f"ring{world.head % 2}")
    if world.book[slot] or load(world, me, f"state{slot}") != SUBMITTED:
        return go(world, me, "fault: a slot that is in the server's hands was on the ring")
    book = with_item(world.book, slot, 1)
    return replace(world, head=world.head + 1, queue=(*world.queue, slot), book=book)


def answered(world: World, me: int) -> World:
    """The end of a run: the answer, unless the client is gone."""
    slot = world.runs[me - SERVERS[0]]
    assert slot is not None
    free = replace(world, runs=changed_run(world, me, None))
    if world.dropped:
        return go(free, me, "look")
    book = with_item(world.book, slot, 0)
    return go(store(replace(free, book=book), me, f"state{slot}", DONE), me, "look")


def ends_of_runs(world: World, rules: Rules) -> Iterator[World]:
    """A run beside the turn ends: the thread wants the turn, and answers when it has it."""
    for me in SERVERS:
        if world.at[me] == "run":
            slot = world.runs[me - SERVERS[0]]
            assert slot is not None
            done = replace(world, ran=with_item(world.ran, slot, world.ran[slot] + 1))
            if rules.answers_with_the_turn:
                yield go(done, me, "back")
            else:
                # The mistake: the slot is the client's again before the book says so.
                yield go(store(done, me, f"state{slot}", DONE), me, "back")


def explore(rules: Rules, *, to_first_fault: bool = False) -> tuple[int, set[str]]:
    """Visit every reachable world; returns how many there are, and the faults."""

    def following(world: World, found: set[str]) -> Iterator[World]:
        found.update(at for at in world.at if at.startswith("fault"))
        steps = list(drains(world))
        for me in CALLERS:
            if not world.crashed:
                steps += caller_steps(world, me, rules)
        for me in SERVERS:
            steps += server_steps(world, me, rules)
        if not steps:
            found.update(faults(world, rules))
        steps += ends_of_runs(world, rules)
        if rules.crashes and not world.crashed:
            steps.append(replace(world, crashed=True))
        return (one for one in steps if fits(one, STORE_BUFFER))

    return visit(World(), following, until_a_fault=to_first_fault)


def faults(world: World, rules: Rules) -> Iterator[str]:
    """What is wrong in a world where nothing happens before a run ends, if it ever does."""
    submitted = world.memory[MEMORY["tail"]] - world.head + len(world.queue)
    if world.crashed:
        if not world.dropped and "run" not in world.at:
            yield f"the server does not notice that its client is gone: {world.at}"
    elif submitted and world.asleep and world.running < rules.at_once:
        yield f"a request waits while a thread sleeps: {world.at}"
    elif "run" not in world.at and any(
        world.calls[me] < rules.calls[me] or world.at[me] != "idle" for me in CALLERS
    ):
        yield f"stuck: {world.at}"
    if world.ran[0] > world.calls[0] or world.ran[1] > world.calls[1]:
        yield "a request ran twice"
    if world.running != world.at.count("run"):
        yield f"{world.running} runs are counted: {world.at}"
