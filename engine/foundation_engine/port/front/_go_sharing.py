"""Which lists nobody else holds: they may grow in place, as Go's append never changes the length that others see."""

# ruff: noqa: ARG001 - what one case needs, the others of its shape take too.
from __future__ import annotations

from typing import TYPE_CHECKING

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port.front._go_package import Package, walk

if TYPE_CHECKING:
    from foundation_engine.port.front._go_expr import ExpressionLowerer

PARTS = "A part of a slice is a copy: what a caller then assigns in it is not seen in the whole."
_MAKERS = frozenset({"make"})
_READERS = ("strings.", "sort.", "slices.", "maps.", "fmt.", "strconv.", "math.")
_COPIERS = frozenset(
    {"slices.Clone", "slices.Sorted", "slices.Collect", "strings.Split", "strings.SplitN", "strings.Fields"}
)


def fresh_expression(low: ExpressionLowerer, node: SyntaxNode) -> bool:
    """True for an expression that makes a new list."""
    return _fresh(low.p, node)


def _fresh(p: Package, node: SyntaxNode) -> bool:
    if node.type in ("composite_literal", "nil", "slice_expression"):
        return True
    if node.type == "type_conversion_expression":
        return p.text(node).endswith("(nil)")
    if node.type == "call_expression":
        function = node.child_by_field_name("function")
        name = p.text(function) if function is not None else ""
        return name in _MAKERS or name in _COPIERS or (name == "append" and _appends_to_nothing(p, node))
    return False


def _appends_to_nothing(p: Package, call: SyntaxNode) -> bool:
    arguments = call.child_by_field_name("arguments")
    if arguments is None or not arguments.named_children:
        return False
    first = arguments.named_children[0]
    return p.text(first).endswith(("{}", "(nil)"))


def fresh_variable(low: ExpressionLowerer, name: str, node: SyntaxNode) -> bool:
    """True when every list that the variable is given is new, and none is shared before it grows again."""
    p, body = low.p, low.frame.body
    appends: list[SyntaxNode] = []
    uses: list[SyntaxNode] = []
    for n in walk(body):
        if n.type == "assignment_statement":
            left, right = n.child_by_field_name("left"), n.child_by_field_name("right")
            if left is None or right is None:
                continue
            lefts = [p.text(x) for x in left.named_children]
            if name in lefts:
                rights = [x for x in right.named_children if x.type != "comment"]
                value = rights[lefts.index(name)] if len(rights) == len(lefts) else None
                if value is None or not (_fresh(p, value) or _appends_to(p, value, name)):
                    return False
                if _appends_to(p, value, name):
                    appends.append(n)
        if (
            n.type == "identifier"
            and p.text(n) == name
            and n.start_byte != node.start_byte
            and not _safe(p, n, name)
        ):
            uses.append(n)
    return not any(_harmful(p, u, appends, name, body, node) for u in uses)


def _appends_to(p: Package, value: SyntaxNode, name: str) -> bool:
    if value.type != "call_expression":
        return False
    function, arguments = value.child_by_field_name("function"), value.child_by_field_name("arguments")
    if function is None or arguments is None or p.text(function) != "append" or not arguments.named_children:
        return False
    return p.text(arguments.named_children[0]) in (name, f"{name}[:0]")


def _safe(p: Package, node: SyntaxNode, name: str) -> bool:
    """True for a use that neither keeps nor hands on the list itself."""
    parent = node.parent
    if parent is None:
        return False
    if parent.type in ("index_expression", "slice_expression"):
        operand = parent.child_by_field_name("operand")
        return (operand is not None and operand.id == node.id) or parent.type == "index_expression"
    if parent.type in (
        "range_clause",
        "variadic_argument",
        "binary_expression",
        "inc_statement",
        "dec_statement",
    ):
        return True
    if parent.type == "expression_list":
        holder = parent.parent
        if holder is None:
            return False
        left = holder.child_by_field_name("left")
        return left is not None and left.id == parent.id
    if parent.type in ("var_spec", "parameter_declaration"):
        return True
    if parent.type == "argument_list":
        call = parent.parent
        function = call.child_by_field_name("function") if call is not None else None
        if call is None or function is None:
            return False
        called = p.text(function)
        if called in ("len", "cap", "copy", "min", "max", "delete", "clear"):
            return True
        if called == "append":
            return parent.named_children[0].id == node.id
        return called.startswith(_READERS)
    return False


def _harmful(
    p: Package, use: SyntaxNode, appends: list[SyntaxNode], name: str, body: SyntaxNode, declared: SyntaxNode
) -> bool:
    """True when the list may grow after somebody else got hold of it."""
    at: SyntaxNode | None = use
    loops: list[SyntaxNode] = []
    statement: SyntaxNode | None = None
    while at is not None and at.id != body.id:
        if at.type == "return_statement":
            return False
        parent = at.parent
        if statement is None and parent is not None and parent.type == "statement_list":
            statement = at
        if at.type == "for_statement" and not (at.start_byte <= declared.start_byte < at.end_byte):
            loops.append(at)
        at = parent
    if statement is not None:
        after = statement.next_named_sibling
        if after is not None and after.type == "assignment_statement":
            left, right = after.child_by_field_name("left"), after.child_by_field_name("right")
            if (
                left is not None
                and right is not None
                and p.text(left) == name
                and _fresh(p, right.named_children[0])
            ):
                return False
    for a in appends:
        if a.start_byte > use.start_byte:
            return True
        if any(loop.start_byte <= a.start_byte < loop.end_byte for loop in loops):
            return True
    return False


_WRITING_CALLS = ("sort.", "slices.Sort", "slices.Reverse", "rand.Shuffle", "copy", "clear")


def writes(p: Package, within: SyntaxNode, name: str) -> SyntaxNode | None:
    """The first place at which elements of the slice under a name are assigned, None when there is none."""
    for n in walk(within):
        if n.type in ("assignment_statement", "inc_statement", "dec_statement"):
            left = n.child_by_field_name("left") or n
            for t in left.named_children:
                operand = t.child_by_field_name("operand") if t.type == "index_expression" else None
                if operand is not None and p.text(operand) == name:
                    return n
        elif n.type == "call_expression":
            function, arguments = n.child_by_field_name("function"), n.child_by_field_name("arguments")
            if function is None or arguments is None:
                continue
            given = [a for a in arguments.named_children if a.type != "comment"]
            for i, a in enumerate(given):
                operand = a.child_by_field_name("operand") if a.type == "slice_expression" else None
                held = p.text(operand) if operand is not None else p.text(a).removesuffix("...")
                if held == name and _call_writes(p, p.text(function), i):
                    return n
    return None


def _call_writes(p: Package, called: str, position: int) -> bool:
    """True when a call assigns elements of the slice that it is given at a position."""
    if called.startswith(_WRITING_CALLS):
        return position == 0
    return position in _writers(p).get(called.rpartition(".")[2], set())


def _writers(p: Package) -> dict[str, set[int]]:
    """The parameters of each function and method of the file whose elements it assigns, by position."""
    if p.writers is not None:
        return p.writers
    p.writers = {}
    functions = [*p.functions.values(), *(m for t in p.declared.values() for m in t.methods.values())]
    grown = True
    while grown:
        grown = False
        for f in functions:
            body = f.node.child_by_field_name("body") if f.node is not None else None
            offset = 1 if f.context else 0
            for i, (name, _) in enumerate(f.params if body is not None else ()):
                known = p.writers.setdefault(f.name, set())
                if i + offset not in known and body is not None and writes(p, body, name) is not None:
                    known.add(i + offset)
                    grown = True
    return p.writers


def check_part(low: ExpressionLowerer, node: SyntaxNode) -> None:
    """Raise Unsupported where a part of a slice, which shares its memory, is told from a copy of it."""
    p, body = low.p, low.frames[0].body
    operand = node.child_by_field_name("operand")
    source = p.text(operand) if operand is not None else ""
    at, parent = node, node.parent
    while parent is not None and parent.type in ("parenthesized_expression", "literal_element"):
        at, parent = parent, parent.parent
    refused = p.unsupported("a part of a slice whose elements are assigned", node)
    if parent is None:
        return
    if parent.type == "index_expression":
        return
    if parent.type in ("argument_list", "variadic_argument"):
        spread = parent.type == "variadic_argument"
        arguments = parent.parent if spread else parent
        call = arguments.parent if arguments is not None else None
        function = call.child_by_field_name("function") if call is not None else None
        if arguments is None or function is None:
            return
        given = [a for a in arguments.named_children if a.type != "comment"]
        position = next((i for i, a in enumerate(given) if a.start_byte <= at.start_byte < a.end_byte), 0)
        called = p.text(function)
        if called == "append" and position and not spread and writes(p, body, source) is not None:
            raise refused
        if _call_writes(p, called, position):
            raise refused
        return
    if parent.type == "range_clause":
        if parent.parent is not None and writes(p, parent.parent, source) is not None:
            raise refused
        return
    holder = parent.parent
    if parent.type == "expression_list" and holder is not None and holder.type == "return_statement":
        p.differ(PARTS)
        return
    target = ""
    if parent.type == "expression_list" and holder is not None:
        left, right = holder.child_by_field_name("left"), holder.child_by_field_name("right")
        if left is not None and right is not None and len(left.named_children) == len(right.named_children):
            place = [n.id for n in right.named_children].index(at.id) if parent.id == right.id else 0
            target = p.text(left.named_children[place])
    if target == source:
        var = low.lookup(source)
        own = var.fresh if var is not None else source.rpartition(".")[2] in p.fresh_fields
        if not own and writes(p, body, source) is not None:
            raise refused
        return
    if writes(p, body, source) is not None:
        raise refused
    if target and (writes(p, body, target) is not None or target.rpartition(".")[2] in p.indexed):
        raise refused
    if target and node.child_by_field_name("end") is not None and _grows(p, body, target):
        raise refused


def _grows(p: Package, body: SyntaxNode, name: str) -> bool:
    """True when something is appended to the slice under a name, which its memory may have room for."""
    return any(_appends_to(p, n, name) for n in walk(body))


def fresh_fields(p: Package) -> set[str]:
    """Names of fields, and `name[]` of maps, whose lists nobody else holds anywhere in the file."""
    names: set[str] = set()
    for info in p.declared.values():
        names |= set(info.fields)
    shared: set[str] = set()
    entries: set[str] = set()
    shared_entries: set[str] = set()
    for n in walk(p.tree.root):
        if n.type == "selector_expression":
            inner = n.child_by_field_name("field")
            name = p.text(inner) if inner is not None else ""
            if name in names and not _safe(p, n, p.text(n)):
                shared.add(name)
        elif n.type == "index_expression":
            operand = n.child_by_field_name("operand")
            holder = p.text(operand).rpartition(".")[2] if operand is not None else ""
            entries.add(holder)
            if not _safe(p, n, p.text(n)) and not _stored(p, n):
                shared_entries.add(holder)
        elif n.type == "keyed_element":
            key, value = n.child_by_field_name("key"), n.child_by_field_name("value")
            if key is not None and value is not None and p.text(key) in names:
                inner = value.named_children[0] if value.type == "literal_element" else value
                if not _fresh(p, inner) and inner.type not in ("interpreted_string_literal", "int_literal"):
                    shared.add(p.text(key))
        elif n.type == "assignment_statement":
            left, right = n.child_by_field_name("left"), n.child_by_field_name("right")
            if left is None or right is None:
                continue
            for x, v in zip(left.named_children, right.named_children, strict=False):
                if x.type == "selector_expression" and not (_fresh(p, v) or _appends_to(p, v, p.text(x))):
                    shared.add(p.text(x).rpartition(".")[2])
                if x.type == "index_expression" and not (_fresh(p, v) or _appends_to(p, v, p.text(x))):
                    operand = x.child_by_field_name("operand")
                    shared_entries.add(p.text(operand).rpartition(".")[2] if operand is not None else "")
        elif n.type == "range_clause":
            left, right = n.child_by_field_name("left"), n.child_by_field_name("right")
            if left is not None and right is not None and len(left.named_children) == 2:
                value = p.text(left.named_children[1])
                loop = n.parent
                if value != "_" and loop is not None:
                    for u in walk(loop):
                        inside = u.type == "identifier" and p.text(u) == value and u.start_byte > n.end_byte
                        if inside and not _safe(p, u, value):
                            shared_entries.add(p.text(right).rpartition(".")[2])
    return (names - shared) | {f"{e}[]" for e in entries - shared_entries}


def _stored(p: Package, node: SyntaxNode) -> bool:
    """True for the target of an assignment."""
    parent = node.parent
    return (
        parent is not None
        and parent.type in ("expression_list", "inc_statement", "dec_statement")
        and _safe(p, node, "")
    )


__all__ = ["check_part", "fresh_expression", "fresh_fields", "fresh_variable", "writes"]
