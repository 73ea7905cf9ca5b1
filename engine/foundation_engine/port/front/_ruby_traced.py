"""Types that a run of the user's command showed, written into Ruby source as RBS at the end of the `def` lines."""

from __future__ import annotations

from collections.abc import Mapping

from foundation_grammars.tree import parse
from foundation_specs.model import LanguageId

from foundation_engine.port.front import _ruby_ast as ast
from foundation_engine.port.front._ruby_types import Doc, read_doc
from foundation_engine.port.trace import Learned, Seen, Traced, merged, parts_of

_WORDS = {"int": "Integer", "float": "Float", "str": "String", "symbol": "Symbol", "None": "nil"}
_GENERIC = {"list": "Array", "set": "Set", "dict": "Hash"}
_OPEN = "untyped"


def rbs(kind: str | None) -> str:
    """A merged type as RBS writes it."""
    if kind is None:
        return _OPEN
    alternatives, arguments = parts_of(kind)
    if "None" in alternatives and len(alternatives) == 2:
        return f"{rbs(next(a for a in alternatives if a != 'None'))}?"
    head = kind.partition("[")[0]
    if head == "tuple":
        return f"[{', '.join(map(rbs, arguments))}]"
    if head in _GENERIC:
        return f"{_GENERIC[head]}[{', '.join(map(rbs, arguments))}]"
    return _WORDS.get(kind, kind)


def annotate(text: str, seen: Mapping[str, Seen]) -> Traced:
    """The text with a signature at every method that was called and does not say its own types."""
    reader = ast.Reader(parse(text.encode(), LanguageId.RUBY))
    found = [x for n in reader.program() for x in ast.walk(n) if isinstance(x, ast.Def)]
    entries = {int(key.rpartition(":")[2]): entry for key, entry in seen.items()}
    lines = text.splitlines(keepends=True)
    learned: list[Learned] = []
    for n in found:
        entry = entries.get(n.line)
        doc = read_doc(reader.above(n.line))
        trailing = reader.trailing.get(n.line, "")
        alone = sum(d.line == n.line for d in found) == 1
        if entry is None or doc.rbs_method or trailing.startswith(":") or not alone:
            continue
        one = _signature(n, entry, doc)
        if one is None:
            continue
        signature, said = one
        code = lines[n.line - 1].rstrip()
        if trailing:
            code = code[: -len(trailing)].rstrip().removesuffix("#").rstrip()
        lines[n.line - 1] = f"{code} #: {signature}\n"
        learned.append(said)
    return Traced("".join(lines), tuple(sorted(learned, key=lambda one: one.line)))


def _signature(n: ast.Def, entry: Seen, doc: Doc) -> tuple[str, Learned] | None:
    """The RBS of a method, and what of it the comments do not say; None when that is nothing."""
    given: list[str] = []
    new: list[tuple[str, str]] = []
    for p in n.params:
        if p.kind == "block":
            continue
        if p.kind not in ("required", "optional", "key"):
            return None
        known = p.name in doc.params or p.name in doc.rbs_params
        kind = _OPEN if known else rbs(merged(entry.arguments.get(p.name, ())))
        if kind != _OPEN:
            new.append((p.name, kind))
        name = f"{p.name}: " if p.kind == "key" else ""
        given.append(f"{'' if p.default is None else '?'}{name}{kind}")
    result = _OPEN if doc.result or doc.rbs_result else rbs(merged(entry.result))
    if n.name == "initialize":
        result = "void"
    if not new and result in (_OPEN, "void"):
        return None
    shown = "" if result in (_OPEN, "void") else result
    return f"({', '.join(given)}) -> {result}", Learned(n.name, n.line, tuple(new), shown)
