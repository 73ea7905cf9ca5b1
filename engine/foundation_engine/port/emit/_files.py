"""The files that the definitions of a package are written into: a package is written as one text, then cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from foundation_engine.port import ir

SHARED = "support"
"""The file of what several files share: what a source's language has and the target's does not."""

_MARK = "\0"


class Cut:
    """Marks in the lines of a package, at which they are cut into the files of its definitions.

    A module of one file has no marks, so that its text is what it was.
    """

    def __init__(self, module: ir.Module) -> None:
        self._module = module
        self._at: str | None = None

    def path(self, d: ir.Definition | None) -> str:
        """The source file of a definition, "" for what the emitter adds."""
        origin = self._module.origins.get(d.name) if d is not None else None
        return origin.path if origin is not None else ""

    def moves(self, d: ir.Definition | None) -> bool:
        """True when the definition is not of the file that is written now."""
        return bool(self._module.files) and self.path(d) != self._at

    def mark(self, d: ir.Definition | None) -> list[str]:
        """What stands before the lines of a definition."""
        if not self.moves(d):
            return []
        self._at = self.path(d)
        return [f"{_MARK}{self._at}"]

    def place(self, holes: Iterable[ir.Unsupported], d: ir.Definition) -> None:
        """Note the file of holes that were found in a definition."""
        for h in holes:
            h.path = h.path or self.path(d)

    def parts(self, lines: Iterable[str]) -> dict[str, list[str]]:
        """The lines by source file, in the order in which the files can be loaded; "" has what they share."""
        out: dict[str, list[str]] = {"": [], **{f.path: [] for f in self._module.files}}
        at = ""
        for line in lines:
            if line.startswith(_MARK):
                at = line.removeprefix(_MARK)
            else:
                out.setdefault(at, []).append(line)
        return {p: found for p, found in out.items() if any(found)}


def joined(lines: Iterable[str]) -> str:
    """The lines as one text without marks."""
    return "\n".join(line for line in lines if not line.startswith(_MARK))


def stems(module: ir.Module, means_more: Callable[[str], bool] = lambda _: False) -> dict[str, str]:
    """The name of the file that each source file becomes, by its path; "" is the shared one.

    `shop.orders` of the package `shop` is `orders`, `shop.api.errors` is `api_errors`, `shop` itself is `shop`. A name
    that `means_more` to the target's tools gets another ending.
    """
    names = [f.module.split(".") for f in module.files]
    inner = [n for n in names if not any(o != n and o[: len(n)] == n for o in names)]
    above = [n[:-1] for n in inner]
    depth = next(
        (i for i, level in enumerate(zip(*above, strict=False)) if len(set(level)) > 1), min(map(len, above))
    )
    out: dict[str, str] = {}
    used: set[str] = set()
    for f, parts in zip(module.files, names, strict=True):
        own = parts[depth:] or parts[-1:]
        made = re.sub(r"\W", "_", "_".join(p.strip("_") or p for p in own)).lower().strip("_") or "file"
        while made in used or means_more(made):
            made += "_source"
        used.add(made)
        out[f.path] = made
    shared = SHARED
    while shared in used:
        shared += "_shared"
    out[""] = shared
    return out


def needs(module: ir.Module) -> dict[str, list[str]]:
    """For each file of a package those whose definitions its own mention, in the order in which they can be loaded."""
    used: dict[str, set[str]] = {f.path: set() for f in module.files}
    for d in module.definitions:
        home = module.origins.get(d.name)
        if home is None:
            continue
        names = {d.base} if isinstance(d, ir.ErrorClass) else set[str]()
        for n in ir.walk(d):
            match n:
                case ir.Name(id=name) | ir.New(cls=name) | ir.EnumMember(enum=name):
                    names.add(name)
                case ir.Handler(classes=classes):
                    names.update(classes)
                case _:
                    pass
        used.setdefault(home.path, set()).update(
            o.path for n in names if (o := module.origins.get(n)) is not None
        )
    return {p: [f.path for f in module.files if f.path in found and f.path != p] for p, found in used.items()}
