"""What front ends keep of a source beside its syntax."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from foundation_engine.port import ir
from foundation_engine.port.emit._names import snake


def reachable(start: str, mentions: Callable[[str], Iterable[str]]) -> set[str]:
    """A definition's name with the names of all that it mentions, directly or through others."""
    wanted: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo.extend(mentions(name))
    return wanted


def tell_members_apart(module: ir.Module) -> dict[str, dict[str, str]]:
    """Give a field another name where a method has it, as both would be one member; the new names by class."""
    renamed: dict[str, dict[str, str]] = {}
    for c in module.definitions:
        if not isinstance(c, ir.Class):
            continue
        methods = {snake(m.name) for m in c.methods}
        for f in (f for f in c.fields if snake(_written(f, c)) in methods):
            made = f"{f.name}_value" if f.name == snake(f.name) else f"{f.name}Value"
            renamed.setdefault(c.name, {})[f.name] = made
            f.name = made
    if not renamed:
        return renamed
    for d in module.definitions:
        for n in ir.walk(d):
            match n:
                case ir.Field(obj=obj) | ir.FieldTarget(obj=obj) if isinstance(obj.type, ir.NamedT):
                    n.name = renamed.get(obj.type.name, {}).get(n.name, n.name)
                case ir.New(cls=cls) if cls in renamed:
                    n.args = [(renamed[cls].get(name, name), e) for name, e in n.args]
                case _:
                    pass
    return renamed


def _written(f: ir.FieldDef, c: ir.Class) -> str:
    """The name under which a field is a member: a private one of a class with an initialiser gets an underscore."""
    return f"_{f.name.lstrip('_')}" if f.private and c.init else f.name


@dataclass
class Comments:
    """Comments by line: those that stand alone, and those that trail code."""

    standing: dict[int, str] = field(default_factory=dict[int, str])
    trailing: dict[int, str] = field(default_factory=dict[int, str])

    def above(self, line: int, floor: int = 0) -> list[str]:
        """The block of standing comments that ends just above `line`."""
        found: list[str] = []
        at = line - 1
        while at > floor and at in self.standing:
            found.append(self.standing[at])
            at -= 1
        return found[::-1]
