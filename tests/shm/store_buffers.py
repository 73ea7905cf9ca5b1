"""Threads with store buffers over words of memory (x86's total store order), and the search through their worlds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, TypeVar

Buffer = tuple[tuple[int, int], ...]


class Threads(Protocol):
    """A moment: what memory holds, what each thread stored that is not there yet, and where each thread is."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def memory(self) -> tuple[int, ...]: ...

    @property
    def buffers(self) -> tuple[Buffer, ...]: ...

    @property
    def at(self) -> tuple[str, ...]: ...


World = TypeVar("World", bound=Threads)
Visited = TypeVar("Visited", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of memory by name."""

    names: tuple[str, ...]

    def __getitem__(self, name: str) -> int:
        return self.names.index(name)

    def load(self, world: Threads, thread: int, word: str) -> int:
        """A load sees the thread's own buffered stores first."""
        place = self[word]
        for index, value in reversed(world.buffers[thread]):
            if index == place:
                return value
        return world.memory[place]

    def store(self, world: World, thread: int, word: str, value: int) -> World:
        """A plain store goes into the thread's buffer."""
        buffer = (*world.buffers[thread], (self[word], value))
        return replace(world, buffers=with_item(world.buffers, thread, buffer))

    def store_at_once(self, world: World, word: str, value: int) -> World:
        """A sequentially consistent store of a thread whose buffer is empty."""
        return replace(world, memory=with_item(world.memory, self[word], value))


def with_item(values: tuple[Any, ...], index: int, value: object) -> tuple[Any, ...]:
    """The tuple with another value at one place."""
    return (*values[:index], value, *values[index + 1 :])


def go(world: World, thread: int, to: str) -> World:
    return replace(world, at=with_item(world.at, thread, to))


def drains(world: World) -> Iterator[World]:
    """The oldest buffered store of each thread may reach memory at any moment."""
    for thread, buffer in enumerate(world.buffers):
        if buffer:
            index, value = buffer[0]
            memory = with_item(world.memory, index, value)
            yield replace(world, memory=memory, buffers=with_item(world.buffers, thread, buffer[1:]))


def visit(
    start: Visited,
    following: Callable[[Visited, set[str]], Iterable[Visited]],
    *,
    until_a_fault: bool = False,
) -> tuple[int, set[str]]:
    """Visit every world that can be reached; returns how many there are, and the faults that were found.

    `following` gives the worlds one step on and adds the faults of the world to the set.
    """
    seen = {start}
    todo = [start]
    found: set[str] = set()
    while todo and not (until_a_fault and found):
        for one in following(todo.pop(), found):
            if one not in seen:
                seen.add(one)
                todo.append(one)
    return len(seen), found


def fits(world: Threads, most: int) -> bool:
    """Whether no buffer holds more: a processor's is finite, and a thread whose buffer is full waits."""
    return max(map(len, world.buffers)) <= most
