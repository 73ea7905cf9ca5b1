"""The files of a Go package as one text, in which every line knows the file that it comes from.

The document keeps its place at the top. Of each other file that it needs, the imports move to the document's package
clause and the clause itself becomes blank, so that the text is Go that can be compiled, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foundation_grammars.tree import SyntaxNode, SyntaxTree, parse
from foundation_specs.model import LanguageId

from foundation_engine.port.request import SourceFile

# Endings of a Go file's name by which it belongs to the tests or to another machine.
ENDINGS = (
    "_test", "_aix", "_android", "_darwin", "_dragonfly", "_freebsd", "_illumos", "_ios", "_js", "_linux", "_netbsd",
    "_openbsd", "_plan9", "_solaris", "_wasip1", "_windows", "_386", "_amd64", "_arm", "_arm64", "_loong64", "_mips",
    "_mips64", "_mips64le", "_mipsle", "_ppc64", "_ppc64le", "_riscv64", "_s390x", "_wasm",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """Where a file begins in the joined text: the number of lines before it."""

    path: str
    before: int
    whole: bool


@dataclass(slots=True)
class _File:
    """A file that could be joined to the document: what it declares and mentions, and its imports by name."""

    source: SourceFile
    tree: SyntaxTree
    declares: set[str]
    mentions: set[str]
    imports: dict[str, str]


def imported_as(path: str) -> str:
    """The name under which a file uses a package that it imports without naming it."""
    parts = path.split("/")
    last = parts.pop()
    if last[:1] == "v" and last[1:].isdigit() and parts:
        last = parts.pop()
    return last


def join(path: str, text: str, others: Sequence[SourceFile]) -> tuple[str, tuple[Part, ...]]:
    """The document's text with the files that it needs behind it, and where each begins.

    Files that are `whole` are wanted for themselves. A file is left out when it does not parse, uses cgo or a dot
    import, or calls another package by a name that is taken; what it declares then stays unknown.
    """
    tree = parse(text.encode(), LanguageId.GO)
    alone = (Part(path, 0, True),)
    clause = next((n for n in tree.root.named_children if n.type == "package_clause"), None)
    if tree.errors or clause is None or not others:
        return text, alone
    own = _imports(tree) or {}
    imports = dict(own)
    kept: list[_File] = []
    for f in _needed(tree, [read for o in others if (read := _read(o)) is not None]):
        if all(imports.get(name, found) == found for name, found in f.imports.items()):
            imports.update(f.imports)
            kept.append(f)
    added = [
        f'"{found}"' if imported_as(found) == name else f'{name} "{found}"'
        for name, found in imports.items()
        if name not in own
    ]
    data = tree.text
    if added:
        at = clause.end_byte
        data = data[:at] + f"; import ({'; '.join(added)})".encode() + data[at:]
    parts = list(alone)
    for f in kept:
        data = data.rstrip(b"\n") + b"\n\n"
        parts.append(Part(f.source.path, data.count(b"\n"), f.source.whole))
        data += _body(f.tree)
    return data.decode(), tuple(parts)


def _read(source: SourceFile) -> _File | None:
    tree = parse(source.text.encode(), LanguageId.GO)
    imports = None if tree.errors else _imports(tree)
    if imports is None:
        return None
    return _File(source, tree, set(_declared(tree)), _mentioned(tree), imports)


def _needed(document: SyntaxTree, files: Sequence[_File]) -> list[_File]:
    """The files that are wanted, or that declare what another that is joined mentions, in their order."""
    joined = [f for f in files if f.source.whole or "init" in f.declares]
    mentioned = _mentioned(document).union(*(f.mentions for f in joined))
    while True:
        more = [f for f in files if f not in joined and f.declares & mentioned]
        if not more:
            return [f for f in files if f in joined]
        joined += more
        mentioned = mentioned.union(*(f.mentions for f in more))


def _imports(tree: SyntaxTree) -> dict[str, str] | None:
    """The packages that a file imports by the names it has for them; None for imports that cannot be moved."""
    out: dict[str, str] = {}
    for n in tree.root.named_children:
        for spec in _specs(n) if n.type == "import_declaration" else ():
            path = tree.source(spec.named_children[-1]).strip('"`')
            given = spec.child_by_field_name("name")
            name = tree.source(given) if given is not None else imported_as(path)
            if name == "." or path == "C":
                return None
            if name != "_":
                out[name] = path
    return out


def _specs(node: SyntaxNode) -> Iterator[SyntaxNode]:
    for n in node.named_children:
        if n.type == "import_spec":
            yield n
        else:
            yield from _specs(n)


def _declared(tree: SyntaxTree) -> Iterator[str]:
    """The names that a file declares for its package; a method counts for its type."""
    for n in tree.root.named_children:
        match n.type:
            case "function_declaration":
                yield from (tree.source(x) for x in n.children_by_field_name("name"))
            case "method_declaration":
                receiver = n.child_by_field_name("receiver")
                yield from _identifiers(tree, receiver) if receiver is not None else ()
            case "type_declaration" | "const_declaration" | "var_declaration":
                yield from _spec_names(tree, n)
            case _:
                pass


def _spec_names(tree: SyntaxTree, node: SyntaxNode) -> Iterator[str]:
    for n in node.named_children:
        if n.type.endswith("_spec") or n.type == "type_alias":
            yield from (tree.source(x) for x in n.children_by_field_name("name"))
        else:
            yield from _spec_names(tree, n)


def _mentioned(tree: SyntaxTree) -> set[str]:
    return set(_identifiers(tree, tree.root))


def _identifiers(tree: SyntaxTree, node: SyntaxNode) -> Iterator[str]:
    waiting = [node]
    while waiting:
        n = waiting.pop()
        if n.type in ("identifier", "type_identifier"):
            yield tree.source(n)
        waiting.extend(n.named_children)


def _body(tree: SyntaxTree) -> bytes:
    """A file's text with blanks in place of its package clause and its imports."""
    data = bytearray(tree.text)
    for n in tree.root.named_children:
        if n.type in ("package_clause", "import_declaration"):
            data[n.start_byte : n.end_byte] = bytes(
                b if b == 10 else 32 for b in data[n.start_byte : n.end_byte]
            )
    return bytes(data)
