"""Fixes: the edits that would meet a requirement, each marked with whether it may be made unread.

A `SAFE` fix writes what is beyond doubt meant (a misspelt name, an import of a name in use) or removes what has no
effect. Everything that decides something for the user (a number, a unit) is `UNSAFE`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from foundation_grammars.occurrence import ByteRange
from foundation_grammars.tree import SyntaxNode, SyntaxTree
from foundation_specs.model import LanguageId

from foundation_engine.finding import Applicability, Edit, Finding, Fix


def fixes(finding: Finding, tree: SyntaxTree) -> list[Fix]:
    """The fixes for a finding that checking `tree` has yielded, the best one first; none when a person must decide."""
    rule = finding.code.partition("/")[2]
    maker = _BY_RULE.get(rule) or _BY_KIND.get(str(finding.data.get("fix", "")))
    if maker is None:
        return []
    return [fix for fix in maker(finding, tree) if fix.edits]


def apply_edits(text: bytes, edits: Iterable[Edit]) -> bytes:
    """`text` with the edits made; raises ValueError when two of them overlap or one lies outside."""
    parts: list[bytes] = []
    position = 0
    for edit in sorted(edits, key=lambda e: (e.range.start, e.range.end)):
        if edit.range.start < position or edit.range.end > len(text):
            raise ValueError(
                f"edit {edit.range.start}..{edit.range.end} overlaps another or lies outside the text"
            )
        parts += [text[position : edit.range.start], edit.text.encode()]
        position = edit.range.end
    parts.append(text[position:])
    return b"".join(parts)


def apply_fixes(text: bytes, chosen: Iterable[Fix]) -> tuple[bytes, int]:
    """`text` with as many of the fixes as do not overlap, the earlier ones first, and how many those are."""
    taken: list[Edit] = []
    applied = 0
    for fix in chosen:
        fresh = [edit for edit in fix.edits if edit not in taken]
        if any(_collide(edit.range, other.range) for edit in fresh for other in taken):
            continue
        taken.extend(fresh)
        applied += 1
    return apply_edits(text, taken), applied


def _collide(a: ByteRange, b: ByteRange) -> bool:
    return (a.start < b.end and b.start < a.end) or a.start == b.start


def _place(finding: Finding, key: str) -> ByteRange | None:
    pair = _items(finding, key)
    if len(pair) != 2 or not all(isinstance(offset, int) for offset in pair):
        return None
    return ByteRange(pair[0], pair[1])


def _items(finding: Finding, key: str) -> list[Any]:
    """A list in the finding's data, which may have come back from a client as JSON; empty when it is none."""
    held = finding.data.get(key)
    return list(cast("Iterable[Any]", held)) if isinstance(held, (list, tuple)) else []


def _sure(finding: Finding) -> Applicability:
    return Applicability.SAFE if finding.data.get("certain") is True else Applicability.UNSAFE


def _rename(finding: Finding, tree: SyntaxTree) -> Iterable[Fix]:
    to = str(finding.data["to"])
    edits = [Edit(_name_only(finding.range, tree), to)]
    title = f"Rename to `{to}`"
    value = _items(finding, "value")
    if len(value) == 3:
        edits.append(Edit(ByteRange(int(value[0]), int(value[1])), str(value[2])))
        title = f"Replace by `{to}` of {value[2]}, which counts the first call too"
    yield Fix(title, tuple(edits), _sure(finding), preferred=True)


def _name_only(place: ByteRange, tree: SyntaxTree) -> ByteRange:
    """The name itself, without Ruby's trailing colon or a package qualifier that the range may take in."""
    text = tree.text[place.start : place.end]
    end = place.end - 1 if text.endswith(b":") else place.end
    start = place.start + text.rfind(b".") + 1 if b"." in text else place.start
    return ByteRange(start, end)


def _remove_argument(finding: Finding, tree: SyntaxTree) -> Iterable[Fix]:
    place = _place(finding, "argument")
    if place is None:
        return
    removed = argument_with_comma(tree.text, place)
    shown = tree.text[place.start : place.end].decode("utf-8", "replace")
    title = f"Remove `{shown if len(shown) <= 40 else shown[:37] + '...'}`"
    yield Fix(title, (Edit(removed, ""),), _sure(finding))


_BEFORE = re.compile(rb",[ \t]*(?:(?:\r\n|\n|\r)[ \t]*)?$")
_AFTER = re.compile(rb"[ \t]*,[ \t]*(?:(?:\r\n|\n|\r)[ \t]*)?")


def argument_with_comma(text: bytes, place: ByteRange) -> ByteRange:
    """The range to delete so that an argument goes with one of its commas; a call in a builder chain goes alone."""
    before = _BEFORE.search(text, max(0, place.start - 400), place.start)
    if before is not None:
        return ByteRange(before.start(), place.end)
    after = _AFTER.match(text, place.end)
    return ByteRange(place.start, after.end()) if after is not None else place


def _replace(finding: Finding, _tree: SyntaxTree) -> Iterable[Fix]:
    place = _place(finding, "span")
    if place is not None:
        to = str(finding.data["to"])
        yield Fix(f"Replace by `{to}`", (Edit(place, to),), _sure(finding), preferred=True)


def _choose(finding: Finding, tree: SyntaxTree) -> Iterable[Fix]:
    """Replace only the letters of an enum value, in the case that it is written in, and keep its quotes or its type."""
    place = _place(finding, "span")
    if place is None:
        return
    before, after = str(finding.data["from"]), str(finding.data["to"])
    written = tree.text[place.start : place.end].decode("utf-8", "replace")
    at = written.lower().rfind(before)
    if at < 0:
        squashed = before.replace("_", "")
        at = written.lower().rfind(squashed)
        before = squashed
        if at < 0:
            return
    old = written[at : at + len(before)]
    start = place.start + len(written[:at].encode())
    new = _cased(after, old)
    edit = Edit(ByteRange(start, start + len(old.encode())), new)
    yield Fix(f"Replace by `{new}`", (edit,), _sure(finding), preferred=True)


def _cased(text: str, like: str) -> str:
    if like.isupper():
        return text.upper()
    if like[:1].isupper():
        return "".join(word.capitalize() for word in text.split("_"))
    return text


def _convert_unit(finding: Finding, _tree: SyntaxTree) -> Iterable[Fix]:
    place = _place(finding, "span")
    if place is None:
        return
    for number, choice in enumerate(_items(finding, "choices")):
        yield Fix(
            f"Write `{choice}`", (Edit(place, str(choice)),), Applicability.UNSAFE, preferred=number == 0
        )


def _qualify_retry(finding: Finding, _tree: SyntaxTree) -> Iterable[Fix]:
    start = finding.range.start
    yield Fix(
        "Call `Foundation.retry`",
        (Edit(ByteRange(start, start), "Foundation."),),
        Applicability.SAFE,
        preferred=True,
    )


def _unsuppress(finding: Finding, tree: SyntaxTree) -> Iterable[Fix]:
    place = _place(finding, "remove")
    if place is None:
        return
    if not finding.data.get("whole"):
        yield Fix("Remove this code", (Edit(place, ""),), Applicability.SAFE, preferred=True)
        return
    text = tree.text
    start, end = _comment(text, place)
    line_start = max(text.rfind(b"\n", 0, start), text.rfind(b"\r", 0, start)) + 1
    if not text[line_start:start].strip():
        ending = re.compile(rb"[ \t]*(?:\r\n|\n|\r|$)").match(text, end)
        if ending is not None:
            yield Fix(
                "Remove the suppression",
                (Edit(ByteRange(line_start, ending.end()), ""),),
                Applicability.SAFE,
                True,
            )
            return
    while start > line_start and text[start - 1 : start] in (b" ", b"\t"):
        start -= 1
    yield Fix(
        "Remove the suppression", (Edit(ByteRange(start, end), ""),), Applicability.SAFE, preferred=True
    )


_COMMENT_MARK = re.compile(rb"(?:#|//)[ \t]*$")


def _comment(text: bytes, place: ByteRange) -> tuple[int, int]:
    """The whole comment when the suppression is all that it holds, else the suppression itself."""
    line_start = max(text.rfind(b"\n", 0, place.start), text.rfind(b"\r", 0, place.start)) + 1
    end_match = re.compile(rb"[^\r\n]*").match(text, place.end)
    line_end = end_match.end() if end_match is not None else place.end
    mark = _COMMENT_MARK.search(text, line_start, place.start)
    if mark is not None and not text[place.end : line_end].strip():
        return mark.start(), line_end
    return place.start, place.end


def _add_import(finding: Finding, tree: SyntaxTree) -> Iterable[Fix]:
    line = str(finding.data.get("import_line") or "")
    if not line:
        return
    edit = import_edit(tree, line)
    yield Fix(f"Add `{line}`", (edit,), Applicability.SAFE, preferred=True)


def import_edit(tree: SyntaxTree, line: str) -> Edit:
    """The edit that adds an import line after the imports that are there, or at the first place an import may stand."""
    text = tree.text
    newline = "\r\n" if b"\r\n" in text else "\n"
    last: SyntaxNode | None = None
    prologue = 3 if text.startswith(b"\xef\xbb\xbf") else 0
    for node in tree.root.children:
        if _is_import(node, tree):
            last = node
        elif last is None and _is_prologue(node, tree):
            prologue = node.end_byte
        elif node.is_named and node.type not in {"comment", "line_comment", "block_comment"}:
            break
    if last is not None:
        return Edit(ByteRange(last.end_byte, last.end_byte), f"{newline}{line}")
    if prologue > 3:
        at = _line_end(text, prologue)
        return Edit(
            ByteRange(at, at),
            f"{newline}{newline}{line}" if at == prologue or at == len(text) else line + newline,
        )
    return Edit(ByteRange(prologue, prologue), f"{line}{newline}{newline}")


def _line_end(text: bytes, at: int) -> int:
    found = re.compile(rb"[^\r\n]*").match(text, at)
    return found.end() if found is not None else at


_IMPORTS = frozenset({"import_statement", "import_from_statement", "future_import_statement", "import_declaration",
                      "use_declaration", "extern_crate_declaration"})  # fmt: skip


def _is_import(node: SyntaxNode, tree: SyntaxTree) -> bool:
    if node.type in _IMPORTS:
        return True
    if node.type == "call" and tree.language is LanguageId.RUBY:
        method = node.child_by_field_name("method")
        return method is not None and tree.source(method) in {"require", "require_relative"}
    return False


def _is_prologue(node: SyntaxNode, tree: SyntaxTree) -> bool:
    """A shebang, a magic comment, a docstring, an inner attribute or a package clause: an import comes after it."""
    source = tree.text[node.start_byte : node.start_byte + 40]
    match tree.language:
        case LanguageId.PYTHON:
            if node.type == "comment":
                return node.start_byte == 0 or b"coding" in source
            return (
                node.type == "expression_statement"
                and bool(node.children)
                and node.children[0].type == "string"
            )
        case LanguageId.RUBY:
            return node.type == "comment" and (source.startswith(b"#!") or b"frozen_string_literal" in source)
        case LanguageId.RUST:
            return node.type in {"inner_attribute_item", "shebang"} or source.startswith(b"//!")
        case LanguageId.GO:
            return node.type == "package_clause"


_Maker = Callable[[Finding, SyntaxTree], Iterable[Fix]]
_BY_RULE: Mapping[str, _Maker] = {
    "keyword-retry": _qualify_retry,
    "missing-import": _add_import,
}
_BY_KIND: Mapping[str, _Maker] = {
    "rename": _rename,
    "remove": _remove_argument,
    "replace": _replace,
    "choice": _choose,
    "unit": _convert_unit,
    "unsuppress": _unsuppress,
}


def fix_summary(fix: Fix) -> Mapping[str, Any]:
    """A fix as JSON: its title, whether it is safe, and its edits with byte offsets."""
    return {
        "title": fix.title,
        "applicability": fix.applicability.value,
        "edits": [{"start": e.range.start, "end": e.range.end, "text": e.text} for e in fix.edits],
    }
