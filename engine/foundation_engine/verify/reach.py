"""Which branches of the source the cases run: to choose cases that tell more, and to name what nothing ran."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from foundation_engine.port import ir
from foundation_engine.port.request import PortRequest
from foundation_engine.verify.cases import Case


@dataclass(frozen=True, slots=True)
class Branch:
    """A block that runs under a condition: its file, its function, the line that decides and the block's first line.

    The file is "" for the document.
    """

    path: str
    function: str
    decides: int
    line: int
    what: str


def branches(module: ir.Module, names: Set[str], request: PortRequest) -> Iterator[Branch]:
    """The branches of functions (`f` or `Class.method`) of a source that begin in a line of their own."""
    lines = {path: request.text_of(path).splitlines() for path in ["", *(f.path for f in request.files)]}
    for cls, f in module.functions():
        name = f"{cls.name}.{f.name}" if cls else f.name
        path, own = place_in(module, request, name)
        # A function that a front end brings along stands in no line of the text.
        if name not in names or not any(
            own.rpartition(".")[2].strip("_") in line for line in lines[path][f.line - 1 : f.line]
        ):
            continue
        for n in ir.walk(f):
            for what, block in _blocks(n):
                first = next((s.line for s in block if s.line), 0)
                if first and first != n.line:
                    yield Branch(path, name, n.line, first, what)


def place_in(module: ir.Module, request: PortRequest, name: str) -> tuple[str, str]:
    """The file of a function (`f` or `Class.method`), "" for the document, and its name there."""
    head, dot, method = name.partition(".")
    origin = module.origins.get(head) if module.files else None
    if origin is None:
        return "", name
    return origin.path if origin.path != request.path else "", f"{origin.name}{dot}{method}"


def _blocks(n: ir.Node) -> Iterator[tuple[str, Sequence[ir.Stmt]]]:
    match n:
        case ir.If(body=body, orelse=orelse):
            yield "the branch", body
            yield "the other branch", orelse
        case ir.While(body=body) | ir.For(body=body) | ir.ForRange(body=body):
            yield "the loop", body
        case ir.Handler(body=body):
            yield "the handler", body
        case ir.Try(orelse=orelse):
            yield "what follows success", orelse
        case _:
            pass


def unreached(
    module: ir.Module, names: Set[str], cases: Sequence[Case], request: PortRequest
) -> list[Branch]:
    """The branches of a source that no case runs; none where no recorder told the lines."""
    lines = {(path, line) for c in cases for a, b, path in c.steps_taken for line in (a, b)}
    return [b for b in branches(module, names, request) if (b.path, b.line) not in lines] if lines else []


def telling(cases: Sequence[Case], count: int) -> list[Case]:
    """At most `count` of a function's cases: first those that take a step of the source that none before them takes."""
    taken: set[tuple[int, int, str]] = set()
    first: list[Case] = []
    rest: list[Case] = []
    for c in cases:
        (rest if c.steps_taken <= taken else first).append(c)
        taken |= c.steps_taken
    return [*first, *rest][:count]
