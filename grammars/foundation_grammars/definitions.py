"""Definitions: the functions, methods, classes and modules of a document, for outlines and for porting."""

from __future__ import annotations

import re
from ast import literal_eval
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from foundation_specs.model import LanguageId
from tree_sitter import Query, QueryCursor

from foundation_grammars.language import grammar
from foundation_grammars.occurrence import ByteRange
from foundation_grammars.tree import SyntaxNode, SyntaxTree, as_node

_COMMENTS = frozenset({"comment", "line_comment", "block_comment"})
_CLASS_LIKE = frozenset({"class_definition", "class", "singleton_class", "module", "impl_item", "trait_item"})
_FUNCTION_LIKE = frozenset({"function_definition", "function_item", "method", "singleton_method"})
_COMMENT_MARK = re.compile(r"^[ \t]*(?:#[ \t]?|//[/!]?[ \t]?|/\*+[ \t]?|\*/?[ \t]?)|[ \t]*\*/[ \t]*$")


class DefinitionKind(StrEnum):
    """What is defined."""

    FUNCTION = "function"
    METHOD = "method"
    CLASS = "class"
    IMPLEMENTATION = "implementation"  # Rust's `impl Type { ... }`
    MODULE = "module"


@dataclass(frozen=True, slots=True)
class Definition:
    """A named piece of the document.

    `range` covers the whole definition with its decorators, attributes and doc comment, `body_range` the definition
    itself from its first keyword. `container` is the name of the class or type that a method belongs to, dots between
    the names of nested ones. `doc` is the doc comment without its marks, "" when there is none. `decorators` are the
    ranges of decorators and attributes, and of comment annotations in Go.
    """

    kind: DefinitionKind
    name: str
    range: ByteRange
    name_range: ByteRange
    body_range: ByteRange
    container: str = ""
    doc: str = ""
    doc_range: ByteRange | None = None
    decorators: tuple[ByteRange, ...] = ()
    is_async: bool = False


@cache
def _query(language: LanguageId) -> Query:
    path = files("foundation_grammars").joinpath("queries", language.value, "definitions.scm")
    return Query(grammar(language), path.read_text("utf-8"))


def definitions(tree: SyntaxTree) -> list[Definition]:
    """Every definition in source order, an outer one before those inside it; what has lost its name is left out."""
    found: list[Definition] = []
    for _, captures in QueryCursor(_query(tree.language)).matches(as_node(tree.root)):
        name: SyntaxNode = captures["name"][0]
        for kind in ("function", "method", "class", "implementation", "module"):
            found.extend(
                _definition(tree, node, name, DefinitionKind(kind)) for node in captures.get(kind, ())
            )
    return sorted(found, key=lambda d: (d.range.start, -d.range.end, d.name_range.start))


def _definition(tree: SyntaxTree, node: SyntaxNode, name: SyntaxNode, kind: DefinitionKind) -> Definition:
    container = _container(tree, node)
    if kind is DefinitionKind.FUNCTION and container and _is_member(node):
        kind = DefinitionKind.METHOD
    outer = node
    decorators: list[ByteRange] = []
    parent = node.parent
    if parent is not None and parent.type == "decorated_definition":
        outer = parent
        decorators = [_span(c) for c in parent.named_children if c.type == "decorator"]
    elif parent is not None and parent.type == "type_declaration" and len(parent.named_children) == 1:
        outer = parent
    start, above, comments = _above(tree, outer)
    decorators.extend(above)
    doc, doc_range = (
        _docstring(tree, node) if tree.language is LanguageId.PYTHON else _comment_doc(tree, comments)
    )
    return Definition(
        kind=kind,
        name=tree.source(name),
        range=ByteRange(start, outer.end_byte),
        name_range=_span(name),
        body_range=_span(node),
        container=container,
        doc=doc,
        doc_range=doc_range,
        decorators=tuple(decorators),
        is_async=_is_async(tree, node),
    )


def _span(node: SyntaxNode) -> ByteRange:
    return ByteRange(node.start_byte, node.end_byte)


def _is_async(tree: SyntaxTree, node: SyntaxNode) -> bool:
    if tree.language is LanguageId.PYTHON:
        return node.type == "function_definition" and bool(node.children) and node.children[0].type == "async"
    modifiers = next((c for c in node.named_children if c.type == "function_modifiers"), None)
    return modifiers is not None and "async" in tree.source(modifiers).split()


def _is_member(node: SyntaxNode) -> bool:
    """True when nothing that is itself a function stands between the node and its class."""
    current = node.parent
    while current is not None:
        if current.type in _CLASS_LIKE:
            return True
        if current.type in _FUNCTION_LIKE:
            return False
        current = current.parent
    return False


def _container(tree: SyntaxTree, node: SyntaxNode) -> str:
    if node.type == "method_declaration":
        receiver = node.child_by_field_name("receiver")
        names = re.findall(r"\w+", re.sub(r"\[.*", "", tree.source(receiver))) if receiver is not None else []
        return names[-1] if names else ""
    names: list[str] = []
    current = node.parent
    while current is not None:
        # A Rust module is no class, but Ruby's and a type's names make the path of a method.
        if current.type in _CLASS_LIKE and current.parent is not None:
            field = "type" if current.type == "impl_item" else "name"
            name = current.child_by_field_name(field)
            if name is not None:
                names.append(tree.source(name))
        current = current.parent
    return ".".join(reversed(names))


def _above(tree: SyntaxTree, node: SyntaxNode) -> tuple[int, list[ByteRange], list[SyntaxNode]]:
    """Where the definition starts with what stands directly above it: its attributes and its doc comment."""
    start = node.start_byte
    attributes: list[ByteRange] = []
    comments: list[SyntaxNode] = []
    previous = node.prev_named_sibling
    if previous is None and node.parent is not None and node.parent.type == "body_statement":
        # Comments above the first definition of a Ruby class stand beside its body, not in it.
        previous = node.parent.prev_named_sibling
    while previous is not None:
        gap = tree.text[previous.end_byte : start]
        breaks = gap.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")
        ended = tree.text[previous.end_byte - 1 : previous.end_byte] in (b"\n", b"\r")
        if gap.strip() or breaks + ended > 1 or _shares_row(tree.text, previous.start_byte):
            break
        if previous.type == "attribute_item":
            attributes.append(_span(previous))
        elif previous.type in _COMMENTS and tree.language is not LanguageId.PYTHON:
            comments.append(previous)
            if tree.language is LanguageId.GO and re.match(r"//[ \t]*@\w+", tree.source(previous)):
                attributes.append(_span(previous))
        else:
            break
        start = previous.start_byte
        previous = previous.prev_named_sibling
    return start, list(reversed(attributes)), list(reversed(comments))


def _shares_row(text: bytes, offset: int) -> bool:
    """True for a comment that trails code in its line: it belongs to that code."""
    line_start = max(text.rfind(b"\n", 0, offset), text.rfind(b"\r", 0, offset)) + 1
    return bool(text[line_start:offset].strip())


def _comment_doc(tree: SyntaxTree, comments: list[SyntaxNode]) -> tuple[str, ByteRange | None]:
    if not comments:
        return "", None
    lines: list[str] = []
    depth = 0
    for comment in comments:
        text = tree.source(comment).rstrip("\r\n")
        if depth > 0 or (tree.language is LanguageId.GO and re.match(r"//(?:go:|[ \t]*@\w+)", text)):
            # An annotation may go on over several comment lines, until its parenthesis closes.
            depth += text.count("(") - text.count(")")
            continue
        if re.search(r"foundation:[ \t]*ignore\b", text):
            continue
        lines.extend(_COMMENT_MARK.sub("", line) for line in re.split(r"\r\n|\r|\n", text))
    doc = "\n".join(line.rstrip() for line in lines).strip("\n")
    return doc, ByteRange(comments[0].start_byte, comments[-1].end_byte) if doc else None


def _docstring(tree: SyntaxTree, node: SyntaxNode) -> tuple[str, ByteRange | None]:
    body = node.child_by_field_name("body")
    first = next((c for c in body.named_children if c.type != "comment"), None) if body is not None else None
    literal = first.named_children[0] if first is not None and first.type == "expression_statement" else None
    if literal is None or literal.type not in ("string", "concatenated_string"):
        return "", None
    try:
        value = literal_eval(f"({tree.source(literal)})")
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return "", None
    if not isinstance(value, str):
        return "", None
    lines = value.expandtabs().split("\n")
    indents = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    margin = min(indents, default=0)
    cleaned = [lines[0].strip(), *(line[margin:].rstrip() for line in lines[1:])]
    return "\n".join(cleaned).strip("\n"), _span(literal)
