"""Reading Rust: use trees, constants, attribute tokens and builder chains."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from foundation_grammars._annotation import AnnotationParser, literal_number, string
from foundation_grammars._reading import (
    ENUM_TYPES,
    JITTER_KINDS,
    MAX_DEPTH,
    Arguments,
    Reading,
    Resolution,
    Shape,
    arithmetic,
    inside,
    jitter,
    line_before,
    nested,
    snake_case,
    span,
    through,
    unknown,
    word_places,
)
from foundation_grammars.occurrence import Argument, ByteRange, StaticValue, Target, TargetKind, ValueKind
from foundation_grammars.tree import SyntaxNode, SyntaxTree

_SCOPES = frozenset({"source_file", "block", "declaration_list"})
_DURATION = {
    "from_secs": 10**9,
    "from_millis": 10**6,
    "from_micros": 10**3,
    "from_nanos": 1,
    "from_mins": 60 * 10**9,
}
# The steps that end a builder chain: from here on the value is not a builder any more.
_ENDS = frozenset(
    {
        "build",
        "run",
        "run_async",
        "call",
        "call_async",
        "load",
        "load_from",
        "write",
        "write_async",
        "register_command",
    }
)
_LINKS = frozenset(
    {"field_expression", "call_expression", "generic_function", "try_expression", "await_expression"}
)
_FUNCTION = re.compile(
    rb"(?:\s|//[^\n]*|/\*.*?\*/|\#\[[^\]\n]*\])*"
    rb"(?P<head>(?:pub(?:\([^)]*\))?\s+)?(?:(?:const|unsafe|(?P<async>async))\s+)*"
    rb"fn\s+(?P<name>[A-Za-z_\x80-\xff][\w\x80-\xff]*))"
)


@dataclass(frozen=True, slots=True)
class _Use:
    """One leaf of a use tree: the local name, the path it stands for and the block that it is visible in."""

    name: str
    path: str
    scope: SyntaxNode


class RustReader:
    """The use trees and constants of one Rust file."""

    def __init__(self, tree: SyntaxTree) -> None:
        self._tree = tree
        self._text = tree.lines
        self._root = tree.root
        self._uses: dict[str, list[_Use]] = {}
        self._wildcards: list[_Use] = []
        for declaration in self._keyword_nodes("use", "use_declaration"):
            argument = declaration.child_by_field_name("argument")
            if argument is not None:
                self._collect(argument, "", _scope(declaration))
        for declaration in self._keyword_nodes("extern", "extern_crate_declaration"):
            name, alias = declaration.child_by_field_name("name"), declaration.child_by_field_name("alias")
            if name is not None and alias is not None:
                self._add(tree.source(alias), tree.source(name), _scope(declaration))

    def _keyword_nodes(self, token: str, parent_type: str) -> Iterable[SyntaxNode]:
        for start, end in word_places(self._text, token.encode()):
            node = self._root.descendant_for_byte_range(start, end)
            parent = node.parent if node is not None and node.type == token else None
            if parent is not None and parent.type == parent_type:
                yield parent

    def _collect(self, node: SyntaxNode, prefix: str, scope: SyntaxNode) -> None:
        match node.type:
            case "use_as_clause":
                path, alias = node.child_by_field_name("path"), node.child_by_field_name("alias")
                if path is not None and alias is not None:
                    held = _joined(prefix, self._plain(path))
                    self._add(self._tree.source(alias), held.removesuffix("::self"), scope)
            case "scoped_use_list":
                path, items = node.child_by_field_name("path"), node.child_by_field_name("list")
                head = _joined(prefix, self._plain(path)) if path is not None else prefix
                if items is not None:
                    self._collect(items, head, scope)
            case "use_list":
                for item in node.named_children:
                    self._collect(item, prefix, scope)
            case "use_wildcard":
                inner = node.named_children
                path = _joined(prefix, self._plain(inner[0])) if inner else prefix
                self._wildcards.append(_Use("*", path, scope))
            case "self":
                self._add(prefix.rpartition("::")[2], prefix, scope)
            case "identifier" | "scoped_identifier" | "crate" | "super":
                path = _joined(prefix, self._plain(node))
                self._add(path.rpartition("::")[2], path, scope)
            case _:
                pass

    def _add(self, name: str, path: str, scope: SyntaxNode) -> None:
        self._uses.setdefault(name, []).append(_Use(name, path.removeprefix("::"), scope))

    def _plain(self, node: SyntaxNode) -> str:
        """A path without white space and generic arguments."""
        text = re.sub(r"\s+", "", self._tree.source(node))
        while "<" in text:
            stripped = re.sub(r"(?:::)?<[^<>]*>", "", text)
            if stripped == text:
                break
            text = stripped
        return text

    # -- names

    def resolve(self, name: SyntaxNode, shape: Shape) -> Resolution | None:
        """The full path of a name; `imported=False` when no use declaration brings it in."""
        spelled = self._plain(name)
        path = self._path(spelled, name, shape.form == "macro")
        if path is not None:
            return Resolution(path)
        if shape.form != "macro" or "::" in spelled or self._foreign_wildcard() or spelled in self._uses:
            return None
        return Resolution(f"foundation::{spelled}", imported=False)

    def spelled_path(self, spelled: str, node: SyntaxNode, shape: Shape, /) -> Resolution | None:
        """The same for a name in text; the function that starts a builder is not part of the type's path."""
        if shape.form == "constructor":
            spelled, separator, method = spelled.rpartition("::")
            if not separator or method not in ("new", "builder", "default"):
                return None
        path = self._path(spelled, node, shape.form == "macro")
        if path is not None:
            return Resolution(path)
        if not shape.unimported or "::" in spelled or self._foreign_wildcard() or spelled in self._uses:
            return None
        return Resolution(f"foundation::{spelled}", imported=False)

    def _foreign_wildcard(self) -> bool:
        return any(not _ours(use.path) for use in self._wildcards) or b"#[macro_use]" in self._text

    def _path(self, spelled: str, node: SyntaxNode, is_macro: bool = False) -> str | None:
        absolute = spelled.startswith("::")
        head, separator, rest = spelled.removeprefix("::").partition("::")
        for _ in range(MAX_DEPTH):
            use = None if absolute else self._visible(head, node)
            if use is None:
                break
            full = use.path
            first = full.partition("::")[0]
            if first == "foundation" or first == head or first not in self._uses:
                joined = full + separator + rest
                return joined if _ours(joined) else None
            absolute = False
            head, separator, rest = full.partition("::")[0], "::", full.partition("::")[2] + separator + rest
        if head == "foundation" and (absolute or not self._defines(head)):
            return "foundation" + separator + rest
        for use in self._wildcards:
            if _ours(use.path) and _covers(use.scope, node) and (is_macro or not self._defines(head)):
                return f"{use.path.removeprefix('::')}::{head}{separator}{rest}"
        return None

    def _visible(self, name: str, node: SyntaxNode) -> _Use | None:
        best: _Use | None = None
        for use in self._uses.get(name, ()):
            # A `use` is visible in its block and the blocks inside it; a module inside sees it only through `super::*`,
            # which test modules nearly always have.
            if _covers(use.scope, node) and (best is None or use.scope.start_byte >= best.scope.start_byte):
                best = use
        return best

    def _defines(self, name: str) -> bool:
        return any(
            re.search(rb"\b(?:struct|enum|trait|type|mod|fn|union)[ \t]+$", line_before(self._text, start))
            for start, _ in word_places(self._text, name.encode())
        )

    # -- values

    def value(self, node: SyntaxNode | None, depth: int = 0) -> StaticValue:
        """What an expression is without running the program; durations in integer nanoseconds."""
        if node is None:
            return unknown("")
        text = self._tree.source(node)
        if depth > MAX_DEPTH:
            return unknown(text)
        match node.type:
            case "integer_literal" | "float_literal":
                return literal_number(text)
            case "string_literal" | "raw_string_literal":
                return string(text)
            case "boolean_literal":
                return StaticValue(ValueKind.BOOLEAN, text == "true", text)
            case "parenthesized_expression" | "reference_expression":
                inner = [
                    c for c in node.named_children if c.type not in ("mutable_specifier", "line_comment")
                ]
                return (
                    replace(self.value(inner[0], depth + 1), text=text) if len(inner) == 1 else unknown(text)
                )
            case "unary_expression":
                operand = self.value(node.named_children[0] if node.named_children else None, depth + 1)
                numeric = operand.kind in (ValueKind.INTEGER, ValueKind.FLOAT)
                return (
                    replace(operand, value=-operand.value, text=text)
                    if text[0] == "-" and numeric
                    else unknown(text)
                )
            case "binary_expression":
                return self._binary(node, text, depth)
            case "type_cast_expression":
                return self._cast(node, text, depth)
            case "array_expression":
                if node.child_by_field_name("length") is not None:
                    return unknown(text)
                values = tuple(self.value(v, depth + 1) for v in _elements(node))
                return StaticValue(ValueKind.LIST, values, text)
            case "macro_invocation":
                return self._macro(node, text)
            case "identifier":
                return self._name(node, text, depth)
            case "scoped_identifier":
                return self._scoped(node, text, depth)
            case "call_expression":
                return self._call(node, text, depth)
            case _:
                return unknown(text)

    def _binary(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        left = self.value(node.child_by_field_name("left"), depth + 1)
        right = self.value(node.child_by_field_name("right"), depth + 1)
        symbol = node.child_by_field_name("operator")
        operator = symbol.type if symbol is not None else ""
        kinds = {left.kind, right.kind}
        if kinds == {ValueKind.DURATION, ValueKind.INTEGER} and operator == "*":
            return StaticValue(ValueKind.DURATION, left.value * right.value, text)
        if kinds == {ValueKind.DURATION} and operator in ("+", "-"):
            total = left.value + right.value if operator == "+" else left.value - right.value
            return StaticValue(ValueKind.DURATION, total, text)
        if operator == "/" and left.kind is right.kind is ValueKind.FLOAT and right.value:
            return StaticValue(ValueKind.FLOAT, left.value / right.value, text)
        return arithmetic(operator, left, right, text)

    def _cast(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        value, kind = (
            self.value(node.child_by_field_name("value"), depth + 1),
            node.child_by_field_name("type"),
        )
        target = self._tree.source(kind) if kind is not None else ""
        if value.kind is ValueKind.INTEGER and target in ("f32", "f64"):
            return StaticValue(ValueKind.FLOAT, float(value.value), text)
        return (
            replace(value, text=text)
            if value.kind is ValueKind.INTEGER and target[:1] in "iu"
            else unknown(text)
        )

    def _macro(self, node: SyntaxNode, text: str) -> StaticValue:
        name = node.child_by_field_name("macro")
        tokens = next((c for c in node.named_children if c.type == "token_tree"), None)
        if name is None or tokens is None or self._tree.source(name) != "vec":
            return unknown(text)
        bounds = inside(tokens)
        items = AnnotationParser(self._text, bounds.start, bounds.end, self.constant).arguments().items
        return StaticValue(ValueKind.LIST, tuple(i.value for i in items), text)

    def _name(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        if text == "None":
            return StaticValue(ValueKind.NONE, None, text)
        held = self._constant_value(text)
        if held is not None:
            return through(self.value(held, depth + 1), text, text)
        if re.match(r"[A-Z]\w*[a-z]\w*$", text):
            use = self._visible(text, node)
            return StaticValue(
                ValueKind.NAME, use.path.rpartition("::")[2] if use is not None else text, text
            )
        return unknown(text)

    def constant(self, name: str) -> StaticValue | None:
        """A constant of this file, for attributes."""
        held = self._constant_value(name)
        return through(self.value(held), name, name) if held is not None else None

    def _constant_value(self, name: str) -> SyntaxNode | None:
        """The value of the only `const` or `static` of this name in the file."""
        if not re.fullmatch(r"\w+", name):
            return None
        found: list[SyntaxNode] = []
        for start, end in word_places(self._text, name.encode()):
            if not re.search(rb"\b(?:const|static)[ \t]+$", line_before(self._text, start)):
                continue
            node = self._root.descendant_for_byte_range(start, end)
            parent = node.parent if node is not None else None
            if parent is not None and parent.type in ("const_item", "static_item"):
                mutable = any(c.type == "mutable_specifier" for c in parent.children)
                value = parent.child_by_field_name("value")
                if value is not None and not mutable:
                    found.append(value)
        return found[0] if len(found) == 1 else None

    def _scoped(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        spelled = self._plain(node)
        path = self._path(spelled, node) or spelled
        head, _, last = path.rpartition("::")
        holder = head.rpartition("::")[2]
        if holder == "Duration":
            return StaticValue(ValueKind.DURATION, 0, text) if last == "ZERO" else unknown(text)
        if holder == "Jitter" and last.lower() in JITTER_KINDS:
            return jitter(last.lower(), None, text)
        if holder in ENUM_TYPES:
            return StaticValue(ValueKind.SYMBOL, snake_case(last), text)
        if holder in ("Self", "self", "crate", "super"):
            held = self._constant_value(last)
            if held is not None:
                return through(self.value(held, depth + 1), text, text)
        if re.match(r"[A-Z]\w*[a-z]\w*$", last):
            return StaticValue(ValueKind.NAME, last, text)
        return unknown(text)

    def _call(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return unknown(text)
        if function.type == "field_expression":
            field, receiver = function.child_by_field_name("field"), function.child_by_field_name("value")
            converts = field is not None and self._tree.source(field) in (
                "to_string",
                "to_owned",
                "into",
                "to_vec",
            )
            return replace(self.value(receiver, depth + 1), text=text) if converts else unknown(text)
        values = [self.value(a, depth + 1) for a in _elements(arguments)]
        spelled = self._plain(function)
        head, _, last = spelled.rpartition("::")
        holder = head.rpartition("::")[2]
        if not values:
            return unknown(text)
        if holder == "Duration":
            return _duration(last, values, text)
        if spelled in ("Some", "String::from", "Ok", "Box::new"):
            return replace(values[0], text=text)
        if holder == "Jitter" and last.lower() in JITTER_KINDS:
            return jitter(last.lower(), values[0], text)
        return unknown(text)

    # -- arguments

    def _chain(
        self, head: SyntaxNode, plural: dict[str, str], ends: dict[str, str], depth: int
    ) -> tuple[list[Argument], list[Argument], bool, SyntaxNode, bool]:
        """The steps after a builder's head: direct and flattened arguments, openness, the last step, the end."""
        direct: list[Argument] = []
        flattened: list[Argument] = []
        is_open = False
        node = head
        while True:
            field = node.parent
            call = field.parent if field is not None and field.type == "field_expression" else None
            if call is not None and call.type == "generic_function":
                return direct, flattened, is_open, node, True  # `.load::<AppConfig>()` ends a builder.
            if field is None or call is None or call.type != "call_expression":
                return direct, flattened, is_open, node, False
            name, arguments = field.child_by_field_name("field"), call.child_by_field_name("arguments")
            if name is None or arguments is None or call.child_by_field_name("function") != field:
                return direct, flattened, is_open, node, False
            spelled = self._tree.source(name)
            values = _elements(arguments)
            if spelled in _ENDS or not values:
                if values and spelled in ends:
                    held, value = span(values[0]), self.value(values[0], depth + 1)
                    direct.append(Argument(ends[spelled], "", value, held, held, None, 0))
                return direct, flattened, is_open, node, True
            covered = ByteRange(values[0].start_byte, values[-1].end_byte)
            whole = ByteRange(name.start_byte, call.end_byte)
            if spelled == "policy":
                more, opened = self._policy(values[0], depth + 1)
                flattened.extend(more)
                is_open = is_open or opened
                direct.append(
                    Argument("policy", spelled, unknown(""), whole, covered, span(name), policy=True)
                )
            else:
                value = self._step_value(values, covered, depth)
                _append(
                    direct,
                    Argument(plural.get(spelled, spelled), spelled, value, whole, covered, span(name)),
                    plural,
                )
            node = call

    def _step_value(self, values: list[SyntaxNode], covered: ByteRange, depth: int) -> StaticValue:
        if len(values) == 1:
            return self.value(values[0], depth + 1)
        text = self._text[covered.start : covered.end].decode("utf-8", "replace")
        read = tuple(self.value(v, depth + 1) for v in values)
        if len(read) == 2 and read[0].kind is ValueKind.STRING:
            return StaticValue(ValueKind.MAPPING, ((read[0].value, read[1]),), text)
        return StaticValue(ValueKind.LIST, read, text)

    def _policy(self, value: SyntaxNode, depth: int) -> tuple[tuple[Argument, ...], bool]:
        """The arguments of a policy that is built in place or held in a constant."""
        constant: str | None = None
        node = value
        for _ in range(MAX_DEPTH):
            if node.type == "reference_expression":
                node = node.named_children[-1]
                continue
            if node.type == "call_expression" and _is_clone(node, self._tree):
                node = node.named_children[0].named_children[0]
                continue
            held = self._constant_value(self._tree.source(node)) if node.type == "identifier" else None
            if held is None:
                break
            constant, node = constant or self._tree.source(node), held
        if node.type == "struct_expression":
            name = node.child_by_field_name("name")
            if name is not None and (self._path(self._plain(name), name) or "").endswith("Policy"):
                inner = nested(self._fields(node, depth), constant)
                return inner.items, inner.open
            return (), True
        head = _chain_head(node)
        function = head.child_by_field_name("function") if head is not None else None
        path = self._path(self._plain(function), function) if function is not None else None
        if (
            head is None
            or path is None
            or not path.rpartition("::")[0].endswith("Policy")
            or depth > MAX_DEPTH
        ):
            return (), True
        direct, flattened, is_open, _, _ = self._chain(head, {}, {}, depth + 1)
        inner = nested(Arguments((*direct, *flattened), is_open), constant)
        return inner.items, inner.open

    def _fields(self, literal: SyntaxNode, depth: int) -> Arguments:
        body = literal.child_by_field_name("body")
        items: list[Argument] = []
        is_open = False
        for element in body.named_children if body is not None else ():
            if element.type == "field_initializer":
                field, value = element.child_by_field_name("field"), element.child_by_field_name("value")
                if field is not None and value is not None:
                    spelled = self._tree.source(field)
                    held = self.value(value, depth + 1)
                    items.append(Argument(spelled, spelled, held, span(element), span(value), span(field)))
            elif element.type == "base_field_initializer":
                is_open = is_open or not self._tree.source(element).endswith("default()")
            elif element.type == "shorthand_field_initializer":
                spelled = self._tree.source(element)
                held = unknown(spelled)
                items.append(Argument(spelled, spelled, held, span(element), span(element), span(element)))
        return Arguments(tuple(items), is_open, inside(body) if body is not None else None)

    # -- readings

    def read(self, shape: Shape, captures: dict[str, list[SyntaxNode]]) -> Reading | None:
        """An attribute, a builder chain or a struct literal."""
        whole, name = captures["occurrence"][0], captures["name"][0]
        if shape.form == "macro":
            tokens = captures["arguments"][0] if "arguments" in captures else None
            return self._attribute(whole, name, tokens)
        last = name.child_by_field_name("name") if name.type == "scoped_identifier" else name
        spelled = self._tree.source(name)
        if whole.type == "struct_expression":
            fields = self._fields(whole, 0)
            return Reading(shape.form, span(whole), span(last or name), spelled, fields, self._context(whole))
        if whole.parent is not None and whole.parent.type == "base_field_initializer":
            return None  # `..RetryPolicy::default()` is part of the literal that it completes.
        arguments = captures["arguments"][0]
        positional: list[Argument] = []
        is_open = False
        extra: list[Argument] = []
        for position, item in enumerate(_elements(arguments)):
            parameter = shape.positional[position] if position < len(shape.positional) else "_"
            if parameter == "policy":
                more, opened = self._policy(item, 0)
                extra.extend(more)
                is_open = is_open or opened
            if parameter != "_":
                held = self.value(item)
                carries = parameter == "policy"
                positional.append(
                    Argument(parameter, "", held, span(item), span(item), None, position, policy=carries)
                )
        plural = dict(pair.split("=", 1) for pair in shape.plural)
        ends = dict(pair.split("=", 1) for pair in shape.ends)
        direct, flattened, opened, last_step, ended = self._chain(whole, plural, ends, 0)
        opened = opened or (bool(ends) and not ended)
        target = self._context(last_step)
        is_open = is_open or opened or self._continued(whole, last_step, ended)
        items = (*positional, *direct, *extra, *flattened)
        covered = ByteRange(whole.start_byte, last_step.end_byte)
        read = Arguments(items, is_open, inside(arguments))
        return Reading(shape.form, covered, span(last or name), spelled, read, target)

    def _continued(self, head: SyntaxNode, last: SyntaxNode, ended: bool) -> bool:
        """True when a builder is kept and may be given more later: `let mut b = RetryPolicy::new();`."""
        parent = last.parent
        if ended or parent is None:
            return False
        if parent.type == "let_declaration" and any(c.type == "mutable_specifier" for c in parent.children):
            return True
        function = head.child_by_field_name("function")
        return function is not None and self._plain(function).endswith("::builder")

    def _attribute(self, whole: SyntaxNode, name: SyntaxNode, tokens: SyntaxNode | None) -> Reading | None:
        last = name.child_by_field_name("name") if name.type == "scoped_identifier" else name
        target = self._attributed(whole)
        spelled = self._plain(name)
        if target is None and whole.parent is not None and whole.parent.type != "ERROR":
            return None  # Attributes of fields, variants and types belong to derive macros.
        arguments = Arguments()
        if tokens is not None:
            bounds = inside(tokens)
            parsed = AnnotationParser(self._text, bounds.start, bounds.end, self.constant).arguments()
            arguments = Arguments(parsed.items, parsed.open, bounds)
        return Reading("macro", span(whole), span(last or name), spelled, arguments, target)

    def _attributed(self, attribute: SyntaxNode) -> Target | None:
        node = attribute.next_named_sibling
        while node is not None and node.type in ("attribute_item", "line_comment", "block_comment"):
            node = node.next_named_sibling
        if node is None or node.type not in ("function_item", "function_signature_item"):
            return self._broken_target(attribute)
        name = node.child_by_field_name("name")
        if name is None:
            return None
        modifiers = next((c for c in node.named_children if c.type == "function_modifiers"), None)
        if modifiers is not None and "async" in self._tree.source(modifiers).split():
            kind = TargetKind.ASYNC_FUNCTION
        elif node.parent is not None and node.parent.type == "declaration_list" and _in_impl(node.parent):
            kind = TargetKind.METHOD
        else:
            kind = TargetKind.FUNCTION
        return Target(kind, self._tree.source(name), span(node), span(name))

    def _broken_target(self, attribute: SyntaxNode) -> Target | None:
        """The function beneath an attribute that broken code has torn from it, read from the text."""
        if attribute.parent is None or not attribute.parent.has_error:
            return None
        header = _FUNCTION.match(self._text, attribute.end_byte)
        if header is None:
            return None
        name_range = ByteRange(*header.span("name"))
        kind = TargetKind.ASYNC_FUNCTION if header.group("async") is not None else TargetKind.FUNCTION
        name = header.group("name").decode("utf-8", "replace")
        return Target(kind, name, ByteRange(header.start("head"), header.end()), name_range)

    def _context(self, node: SyntaxNode) -> Target:
        current = node
        while current.parent is not None:
            parent = current.parent
            if parent.type in _LINKS:
                if parent.type == "call_expression" and parent.child_by_field_name("function") != current:
                    break
                current = parent
            elif parent.type == "let_declaration":
                name = parent.child_by_field_name("pattern")
                if name is None:
                    break
                return Target(TargetKind.ASSIGNMENT, self._tree.source(name), span(parent), span(name))
            elif parent.type in ("const_item", "static_item"):
                name = parent.child_by_field_name("name")
                if name is None:
                    break
                return Target(TargetKind.ASSIGNMENT, self._tree.source(name), span(parent), span(name))
            else:
                break
        return Target(TargetKind.EXPRESSION, "", span(current))


def _joined(prefix: str, path: str) -> str:
    return f"{prefix}::{path}" if prefix else path


def _ours(path: str) -> bool:
    return path.removeprefix("::").partition("::")[0] == "foundation"


def _scope(node: SyntaxNode) -> SyntaxNode:
    current = node.parent
    last = node
    while current is not None:
        if current.type in _SCOPES:
            return current
        last, current = current, current.parent
    return last


def _covers(scope: SyntaxNode, node: SyntaxNode) -> bool:
    return scope.parent is None or scope.start_byte <= node.start_byte < scope.end_byte


def _elements(node: SyntaxNode) -> list[SyntaxNode]:
    skipped = ("line_comment", "block_comment", "attribute_item", "ERROR")
    return [child for child in node.named_children if child.type not in skipped]


def _append(items: list[Argument], argument: Argument, plural: dict[str, str]) -> None:
    """Add an argument; a step that is repeated (`.file("a").file("b")`) grows one list."""
    if argument.spelled not in plural:
        items.append(argument)
        return
    value = StaticValue(ValueKind.LIST, (argument.value,), argument.value.text)
    for index, held in enumerate(items):
        if held.spelled == argument.spelled:
            merged = replace(held.value, value=(*held.value.value, argument.value))
            ranges = ByteRange(held.range.start, argument.range.end)
            values = ByteRange(held.value_range.start, argument.value_range.end)
            items[index] = replace(held, value=merged, range=ranges, value_range=values)
            return
    items.append(replace(argument, value=value))


def _duration(name: str, values: list[StaticValue], text: str) -> StaticValue:
    first = values[0]
    if name in _DURATION and first.kind is ValueKind.INTEGER:
        return StaticValue(ValueKind.DURATION, first.value * _DURATION[name], text)
    if name in ("from_secs_f64", "from_secs_f32") and first.kind in (ValueKind.FLOAT, ValueKind.INTEGER):
        return StaticValue(ValueKind.DURATION, round(first.value * 10**9), text)
    if name == "new" and len(values) == 2 and all(v.kind is ValueKind.INTEGER for v in values):
        return StaticValue(ValueKind.DURATION, first.value * 10**9 + values[1].value, text)
    return unknown(text)


def _is_clone(node: SyntaxNode, tree: SyntaxTree) -> bool:
    function = node.child_by_field_name("function")
    return (
        function is not None
        and function.type == "field_expression"
        and tree.source(function).endswith(".clone")
    )


def _chain_head(node: SyntaxNode) -> SyntaxNode | None:
    """The first call of `RetryPolicy::new().max_attempts(3)`."""
    current: SyntaxNode | None = node
    while current is not None and current.type == "call_expression":
        function = current.child_by_field_name("function")
        if function is None or function.type != "field_expression":
            return current
        current = function.child_by_field_name("value")
    return None


def _in_impl(body: SyntaxNode) -> bool:
    return body.parent is not None and body.parent.type in ("impl_item", "trait_item")
