"""Which files belong to a document: the siblings that it imports, read without running anything.

A Python file's package is found by the `__init__.py` files above it; without one, its siblings are the files of its
folder. A Go file's package are the files of its folder that name the same package, are no tests, and are built on every
machine. Nothing outside of that folder is read, and links that lead out of it are not followed.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from foundation_specs.model import LanguageId

from foundation_engine.port.front._go_files import ENDINGS
from foundation_engine.port.front._ruby_files import required
from foundation_engine.port.front._ruby_signatures import ROOTS
from foundation_engine.port.request import PortOptions, PortRequest, SourceFile

LARGEST_PACKAGE = 400
"""How many files are ported together."""

Reader = Callable[[Path], str | None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file stands: the folder that imports start from, its dotted name, the folder that holds its siblings."""

    root: Path
    module: str
    inside: Path


def place_of(path: Path) -> Place:
    """The place of a Python file, by the `__init__.py` files above it."""
    path = path.absolute()
    folder = path.parent
    parts = [] if path.name == "__init__.py" else [path.stem]
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    inside = folder / parts[0] if len(parts) > 1 or path.name == "__init__.py" else folder
    return Place(folder, ".".join(parts), inside)


def read_source(path: Path) -> str | None:
    """A file's text, None when it cannot be read as UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def imports_of(text: str, place: Place, *, is_package: bool) -> list[str]:
    """The dotted names of modules that a file may import: `from a import b` means `a`, and perhaps `a.b`."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    package = place.module.split(".") if is_package else place.module.split(".")[:-1]
    out: dict[str, None] = {}
    for n in ast.walk(tree):
        if isinstance(n, ast.Import):
            out.update((a.name, None) for a in n.names)
        elif isinstance(n, ast.ImportFrom):
            base = package[: len(package) - n.level + 1] if n.level else []
            if n.level > len(package) + 1:
                continue
            module = ".".join([*base, *([n.module] if n.module else [])])
            out.update(dict.fromkeys([module] if module else []))
            out.update((f"{module}.{a.name}" if module else a.name, None) for a in n.names if a.name != "*")
    return list(out)


def file_of(module: str, place: Place) -> Path | None:
    """The file of a module beside or below a file's siblings, None for one from elsewhere."""
    at = place.root.joinpath(*module.split("."))
    for found in (at.with_name(f"{at.name}.py"), at / "__init__.py"):
        if found.is_file() and found.is_relative_to(place.inside):
            return found if found.resolve().is_relative_to(place.inside.resolve()) else None
    return None


def siblings(
    documents: Sequence[Path], texts: Callable[[Path], str | None] = read_source, limit: int = LARGEST_PACKAGE
) -> tuple[list[Path], bool]:
    """The files that documents import, directly and through each other; False when there are more than the limit.

    The packages on the way to a file belong to it: importing it runs them.
    """
    start = [d.absolute() for d in documents]
    seen: dict[Path, None] = dict.fromkeys(start)
    todo = list(start)
    while todo:
        path = todo.pop(0)
        text = texts(path)
        if text is None:
            continue
        place = place_of(path)
        names = imports_of(text, place, is_package=path.name == "__init__.py")
        parts = place.module.split(".")
        above = [".".join(parts[: i + 1]) for i in range(len(parts) - 1)]
        for name in [*above, *names]:
            found = file_of(name, place)
            if found is not None and found not in seen:
                if len(seen) >= limit:
                    return [p for p in seen if p not in start], False
                seen[found] = None
                todo.append(found)
    return [p for p in seen if p not in start], True


def with_siblings(
    request: PortRequest,
    texts: Callable[[Path], str | None] = read_source,
    shown: Callable[[Path], str] = str,
) -> PortRequest:
    """The request for one document with the files of its package that it imports."""
    path = Path(request.path)
    if request.source not in (LanguageId.PYTHON, LanguageId.GO, LanguageId.RUBY) or not path.exists():
        return request
    own = path.absolute()
    if request.source is LanguageId.RUBY:
        found = _ruby_files(own, request.text, texts)
        return replace(request, files=tuple(SourceFile(shown(p), t, p.stem) for p, t in found.items()))
    if request.source is LanguageId.GO:
        return replace(request, files=_go_files(request.text, _beside(own), texts, shown, whole=False))

    def text_of(p: Path) -> str | None:
        return request.text if p == own else texts(p)

    found, _ = siblings([own], text_of)
    files = [
        SourceFile(shown(p), text, place_of(p).module)
        for p in found
        if (text := text_of(p)) is not None
    ]  # fmt: skip
    return replace(request, module=place_of(own).module, files=tuple(files))


def _ruby_files(own: Path, text: str, texts: Callable[[Path], str | None]) -> dict[Path, str]:
    """What a Ruby file requires by relative paths inside its project, each file behind those that it requires."""
    above = own.parent.parents
    inside = next(
        (p for p in (own.parent, *above) if any((p / m).exists() for m in ROOTS)), own.parent
    ).resolve()
    out: dict[Path, str] = {}
    seen = {own}

    def visit(path: Path, text: str) -> None:
        for name in required(text):
            found = Path(os.path.normpath(path.parent / f"{name}.rb"))
            if found in seen or len(seen) > LARGEST_PACKAGE or not found.resolve().is_relative_to(inside):
                continue
            seen.add(found)
            more = texts(found) if found.is_file() else None
            if more is not None:
                visit(found, more)
                out[found] = more

    visit(own, text)
    return out


_CLAUSE = re.compile(r"^package[ \t]+(\w+)", re.MULTILINE)
_CONSTRAINT = re.compile(r"^//(?:go:build| \+build)\b", re.MULTILINE)


def go_package(text: str) -> str:
    """The name of the package that a Go file is of, "" for a file that is built on some machines only, or not Go."""
    found = _CLAUSE.search(text)
    return found[1] if found is not None and not _CONSTRAINT.search(text, 0, found.start()) else ""


def _beside(own: Path) -> list[Path]:
    folder = own.parent.resolve()
    return [p for p in sorted(own.parent.glob("*.go")) if p != own and p.resolve().parent == folder]


def _go_files(
    text: str,
    paths: Iterable[Path],
    texts: Callable[[Path], str | None],
    shown: Callable[[Path], str],
    *,
    whole: bool,
) -> tuple[SourceFile, ...]:
    """The files among `paths` that are of the same package as a text."""
    name = go_package(text)
    return tuple(
        SourceFile(shown(p), found, p.stem, whole)
        for p in (p for p in paths if not p.stem.endswith(ENDINGS))
        if name and (found := texts(p)) is not None and go_package(found) == name
    )[:LARGEST_PACKAGE]


def go_groups(paths: Iterable[Path]) -> list[list[Path]]:
    """The Go files that are ported together: those of a folder that are of one package."""
    together: dict[tuple[Path, str], list[Path]] = {}
    alone: list[list[Path]] = []
    for p in sorted({p.absolute() for p in paths}):
        name = "" if p.stem.endswith(ENDINGS) else go_package(read_source(p) or "")
        if name:
            together.setdefault((p.parent, name), []).append(p)
        else:
            alone.append([p])
    return [*together.values(), *alone]


def groups(paths: Iterable[Path], limit: int = LARGEST_PACKAGE) -> list[list[Path]]:
    """The files that are ported together: those of one package, and those of a folder that import one another.

    A package with more files than the limit falls apart into the files that import one another.
    """
    every = sorted({p.absolute() for p in paths})
    places = {p: place_of(p) for p in every}
    together: dict[Path, Path] = {p: p for p in every}

    def head(p: Path) -> Path:
        while together[p] != p:
            p = together[p]
        return p

    def join(a: Path, b: Path) -> None:
        first, second = sorted((head(a), head(b)))
        together[second] = first

    tops: dict[Path, list[Path]] = {}
    for p in every:
        if places[p].inside != places[p].root:
            tops.setdefault(places[p].inside, []).append(p)
    whole = {top for top, members in tops.items() if len(members) <= limit}
    for top in whole:
        for p in tops[top]:
            join(tops[top][0], p)
    known = set(every)
    for p in every:
        if places[p].inside in whole:
            continue
        for name in imports_of(read_source(p) or "", places[p], is_package=p.name == "__init__.py"):
            found = file_of(name, places[p])
            if found is not None and found in known and places[found].inside not in whole:
                join(p, found)
    out: dict[Path, list[Path]] = {}
    for p in every:
        out.setdefault(head(p), []).append(p)
    return list(out.values())


def package_request(
    paths: Sequence[Path],
    target: LanguageId,
    options: PortOptions,
    texts: Callable[[Path], str | None] = read_source,
    shown: Callable[[Path], str] = str,
) -> PortRequest:
    """The request for all of some files that belong together, with what they import from elsewhere in their package.

    The package's `__init__.py` speaks for it, where it is among them.
    """
    if paths[0].suffix == ".go":
        first, *others = sorted(p.absolute() for p in paths)
        text = texts(first) or ""
        made = replace(options, package=options.package or first.parent.name)
        files = _go_files(text, others, texts, shown, whole=True)
        return PortRequest(shown(first), text, LanguageId.GO, target, None, made, "", files)
    every = sorted((p.absolute() for p in paths), key=lambda p: (p.name != "__init__.py", len(p.parts), p))
    first = next((p for p in every if _parses(texts(p))), every[0])
    others = [(p, True) for p in sorted(every) if p != first]
    others += [(p, False) for p in siblings(every, texts)[0]]
    files = tuple(
        SourceFile(shown(p), text, place_of(p).module, whole)
        for p, whole in others
        if (text := texts(p)) is not None
    )
    name = options.package or (place_of(first).inside if first.name == "__init__.py" else first.parent).name
    return PortRequest(
        shown(first), texts(first) or "", LanguageId.PYTHON, target, None, replace(options, package=name),
        place_of(first).module, files,
    )  # fmt: skip


def _parses(text: str | None) -> bool:
    try:
        ast.parse(text or "")
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True
