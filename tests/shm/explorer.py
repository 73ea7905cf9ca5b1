"""An exhaustive explorer of one slot, its ring, the doorbell and the futex, with store buffers and crashes.

The model follows PROTOCOL.md sections 6 and 7 one memory operation at a time. Stores go into a buffer of their
process and reach memory one by one, at any later moment, in order (x86's total store order); a process reads
its own buffered stores. Waiting in the kernel is a state of its own. Every interleaving is visited, and after
every step either side may crash, which closes the connection.

`explore` returns the faults that it found: a caller that sleeps for ever, an answer to another request, a
request that ran twice, a slot that is reused too early, or a server that does not stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from tests.shm.store_buffers import visit

# Words of the shared memory.
WORDS = ("state", "waiting", "cancel", "ring", "tail", "parked", "request", "response")
FREE, SUBMITTED, PARTIAL, CONTINUE, DONE = range(5)
STORE_BUFFER = 6

Memory = tuple[int, ...]
Buffer = tuple[tuple[int, int], ...]
INDEX = {word: i for i, word in enumerate(WORDS)}


@dataclass(frozen=True, slots=True)
class Protocol:
    """What the model does; each switch off is a known mistake that the explorer must find."""

    client_submit_fence: bool = True
    client_wait_fence: bool = True
    server_park_fence: bool = True
    server_wake_fence: bool = True
    rechecks_before_sleep: bool = True
    tail_last: bool = True
    response_before_state: bool = True
    releases_only_when_done: bool = True
    streams: bool = False
    cancels: bool = False
    calls: int = 2
    crashes: bool = True


@dataclass(frozen=True, slots=True)
class World:
    """Everything that matters at one moment."""

    memory: Memory = (0,) * len(WORDS)
    client_buffer: Buffer = ()
    server_buffer: Buffer = ()
    client: str = "idle"
    server: str = "look"
    # The client's private knowledge: the request's number, what it stored, whether it gave up.
    number: int = 0
    expected: int = 0
    given_up: bool = False
    answers: tuple[int, ...] = ()
    # The server's private knowledge.
    head: int = 0
    held: int = 0
    ran: tuple[int, ...] = ()
    part_sent: bool = False
    # The kernel's.
    doorbell: bool = False
    futex_wake: bool = False
    client_dead: bool = False
    server_dead: bool = False


def load(world: World, side: Literal["client", "server"], word: str) -> int:
    """A load sees the process's own buffered stores first."""
    buffer = world.client_buffer if side == "client" else world.server_buffer
    for index, value in reversed(buffer):
        if index == INDEX[word]:
            return value
    return world.memory[INDEX[word]]


def store(world: World, side: Literal["client", "server"], *pairs: tuple[str, int]) -> World:
    added = tuple((INDEX[word], value) for word, value in pairs)
    if side == "client":
        return replace(world, client_buffer=world.client_buffer + added)
    return replace(world, server_buffer=world.server_buffer + added)


def drains(world: World) -> Iterator[World]:
    """The oldest buffered store of each process may reach memory at any moment."""
    for name, buffer in (("client_buffer", world.client_buffer), ("server_buffer", world.server_buffer)):
        if buffer:
            index, value = buffer[0]
            memory = (*world.memory[:index], value, *world.memory[index + 1 :])
            yield replace(world, memory=memory, **{name: buffer[1:]})


def client_steps(world: World, protocol: Protocol) -> Iterator[World]:
    """The client's next operation."""
    w = world
    match w.client:
        case "idle" if w.number < protocol.calls:
            n = w.number + 1
            yield replace(
                store(w, "client", ("request", n), ("cancel", 0), ("state", SUBMITTED)),
                client="push",
                number=n,
                expected=SUBMITTED,
                given_up=False,
            )
        case "push":
            tail = load(w, "client", "tail") + 1
            if protocol.tail_last:
                yield replace(store(w, "client", ("ring", 1), ("tail", tail)), client="fence")
            else:
                # The mistake: the tail is visible before the slot that it announces.
                late = replace(w, client_buffer=((INDEX["tail"], tail), *w.client_buffer, (INDEX["ring"], 1)))
                yield replace(late, client="fence")
        case "fence":
            if not protocol.client_submit_fence or not w.client_buffer:
                yield replace(w, client="ring")
        case "ring":
            rung = w.doorbell or bool(load(w, "client", "parked"))
            yield replace(w, client="wait", doorbell=rung)
        case "wait":
            if load(w, "client", "state") != w.expected:
                yield replace(w, client="read")
            else:
                yield replace(store(w, "client", ("waiting", 1)), client="wait fence", futex_wake=False)
            if protocol.cancels and not w.given_up:
                # The deadline passes: the call is given up, and its slot is left to the server.
                if protocol.releases_only_when_done:
                    yield replace(store(w, "client", ("cancel", 1)), given_up=True)
                else:
                    yield replace(store(w, "client", ("state", FREE)), client="idle")
        case "wait fence":
            if not protocol.client_wait_fence or not w.client_buffer:
                yield replace(w, client="futex")
        case "futex":
            # The kernel compares memory itself; the process's buffer is drained by then only with the fence.
            if w.memory[INDEX["state"]] != w.expected:
                yield replace(store(w, "client", ("waiting", 0)), client="read")
            else:
                yield replace(w, client="asleep")
        case "asleep":
            if w.futex_wake or w.server_dead:
                yield replace(store(w, "client", ("waiting", 0)), client="woken", futex_wake=False)
        case "woken":
            if load(w, "client", "state") != w.expected:
                yield replace(w, client="read")
            elif w.server_dead:
                yield replace(w, client="lost")
            else:
                yield replace(w, client="wait")
        case "read":
            state, response = load(w, "client", "state"), load(w, "client", "response")
            if state == PARTIAL:
                # Takes the part (or makes room) and hands the slot back.
                yield replace(
                    store(w, "client", ("state", CONTINUE)),
                    client="push",
                    expected=CONTINUE,
                    answers=(*w.answers, response),
                )
            elif state == DONE:
                yield replace(
                    store(w, "client", ("state", FREE)), client="idle", answers=(*w.answers, response)
                )
            else:
                yield replace(w, client="fault: read in state " + str(state))


def server_steps(world: World, protocol: Protocol) -> Iterator[World]:
    """The server's next operation."""
    w = world
    match w.server:
        case "look":
            if load(w, "server", "tail") != w.head:
                yield replace(w, server="take", head=w.head + 1)
            else:
                yield replace(store(w, "server", ("parked", 1)), server="park fence")
        case "park fence":
            if not protocol.server_park_fence or not w.server_buffer:
                yield replace(w, server="recheck")
        case "recheck":
            if protocol.rechecks_before_sleep and load(w, "server", "tail") != w.head:
                yield replace(store(w, "server", ("parked", 0)), server="look")
            else:
                yield replace(w, server="asleep")
        case "asleep":
            if w.client_dead:
                # The kernel closed the connection, which wakes the server too: it drops the region.
                yield replace(w, server="dropped", held=0)
            elif w.doorbell:
                yield replace(store(w, "server", ("parked", 0)), server="look", doorbell=False)
        case "take":
            if load(w, "server", "ring") != 1:
                yield replace(w, server="fault: the ring's entry is not there yet")
                return
            state, number = load(w, "server", "state"), load(w, "server", "request")
            if w.held:
                if state != CONTINUE:
                    yield replace(w, server="fault: a slot in the server's hands was submitted")
                else:
                    yield replace(w, server="answer", part_sent=True)
            elif state != SUBMITTED:
                yield replace(w, server="fault: a slot on the ring was not submitted")
            elif protocol.cancels and load(w, "server", "cancel"):
                yield replace(w, server="answer", held=number, part_sent=True)
            else:
                yield replace(w, server="answer", held=number, ran=(*w.ran, number), part_sent=False)
        case "answer":
            part = protocol.streams and not w.part_sent
            state = PARTIAL if part else DONE
            pairs = (("response", w.held), ("state", state))
            stored = store(w, "server", *(pairs if protocol.response_before_state else pairs[::-1]))
            yield replace(stored, server="wake fence", held=w.held if part else 0)
        case "wake fence":
            if not protocol.server_wake_fence or not w.server_buffer:
                yield replace(w, server="wake")
        case "wake":
            woken = bool(load(w, "server", "waiting")) and w.client == "asleep"
            yield replace(w, server="look", futex_wake=w.futex_wake or woken)


def faults(world: World, protocol: Protocol) -> Iterator[str]:
    """What is wrong at this moment."""
    for side in (world.client, world.server):
        if side.startswith("fault"):
            yield side
    if len(set(world.ran)) != len(world.ran):
        yield "a request ran twice"
    if world.answers:
        per_call = 2 if protocol.streams else 1
        allowed = [n for n in range(1, protocol.calls + 1) for _ in range(per_call)]
        if not protocol.cancels and list(world.answers) != allowed[: len(world.answers)]:
            yield f"answers {world.answers} are not the requests' own"
        if protocol.cancels and list(world.answers) != sorted(world.answers):
            yield f"answers {world.answers} are mixed up"
    if world.answers and world.answers[-1] > world.number:
        yield "an answer came before its request"


def explore(protocol: Protocol) -> tuple[int, set[str]]:
    """Visit every reachable world; returns how many there are, and the faults."""

    def following(world: World, found: set[str]) -> Iterator[World]:
        found.update(faults(world, protocol))
        steps = list(drains(world))
        if not world.client_dead:
            steps += client_steps(world, protocol)
        if not world.server_dead:
            steps += server_steps(world, protocol)
        if not steps and not _finished(world, protocol):
            found.add(f"stuck: the client is {world.client!r}, the server {world.server!r}")
        if protocol.crashes and not world.client_dead and not world.server_dead:
            # A process that dies has its buffered stores in memory or not; both are followed by `drains`.
            steps.append(replace(world, client_dead=True, client="dead"))
            steps.append(replace(world, server_dead=True, server="dead"))
        # A processor's store buffer is finite too: a process whose buffer is full waits for it to drain.
        return (one for one in steps if max(len(one.client_buffer), len(one.server_buffer)) <= STORE_BUFFER)

    return visit(World(), following)


def _finished(world: World, protocol: Protocol) -> bool:
    """Whether a world without a next step is one where everybody got what they were owed."""
    if world.client_dead:
        return world.server == "dropped"
    if world.server_dead:
        return world.client in {"lost", "idle"}
    return world.client == "idle" and world.number == protocol.calls and world.server == "asleep"
