"""Reading Ruby: requires, constant aliases, keyword arguments and blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from foundation_grammars._reading import (
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
    number,
    parse_integer,
    snake_case,
    span,
    through,
    unknown,
    word_places,
)
from foundation_grammars.occurrence import Argument, ByteRange, StaticValue, Target, TargetKind, ValueKind
from foundation_grammars.tree import SyntaxNode, SyntaxTree

_REQUIRE = re.compile(
    rb"""[ \t]*(?:require|require_relative|load|autoload\s*:\w+\s*,)[ \t(]*"""
    rb"""["'](?:[^"'\n]*/)?foundation(?:/[^"'\n]*)?(?:\.rb)?["']"""
)
_ASSIGNS = re.compile(rb"[ \t]*(?:\|\||&&|[-+*/])?=(?![=~>])")
_SECONDS = {
    "second": 10**9,
    "minute": 60 * 10**9,
    "hour": 3_600 * 10**9,
    "day": 86_400 * 10**9,
    "week": 7 * 86_400 * 10**9,
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "e": "\x1b", "s": " ", "a": "\a", "b": "\b"}


class RubyReader:
    """The requires and constants of one Ruby file."""

    def __init__(self, tree: SyntaxTree) -> None:
        self._tree = tree
        self._text = tree.lines
        self._root = tree.root
        self._constants: dict[str, list[SyntaxNode]] = {}
        self._required = b"Bundler.require" in self._text or any(
            _REQUIRE.match(line_before(self._text, end))
            for start, _ in word_places(self._text, b"foundation")
            if (end := self._text.find(b"\n", start)) >= 0 or (end := len(self._text))
        )
        self._own = self._defines_foundation()
        self._aliased = any(
            re.search(rb"=[ \t]*(?:::)?$", line_before(self._text, start)) is not None
            for start, _ in word_places(self._text, b"Foundation")
        )

    def _defines_foundation(self) -> bool:
        """True when the file has a `Foundation` module of its own that is not the library reopened."""
        for start, end in word_places(self._text, b"Foundation"):
            if not re.search(rb"\b(?:module|class)[ \t]+$", line_before(self._text, start)):
                continue
            node = self._root.descendant_for_byte_range(start, end)
            holder = node.parent if node is not None else None
            if holder is None or holder.type not in ("module", "class"):
                continue
            if not self._required or (holder.parent is not None and holder.parent.type != "program"):
                return True
        return False

    # -- names

    def resolve(self, name: SyntaxNode, shape: Shape) -> Resolution | None:
        """`Foundation.<method>` or `Foundation::<Class>.<method>` for a call on our module."""
        if shape.malformed:
            return Resolution(shape.exports[0], self._required)
        call = name.parent
        receiver = call.child_by_field_name("receiver") if call is not None else None
        if receiver is None or not (self._aliased or "Foundation" in self._tree.source(receiver)):
            return None
        path = self.constant_path(receiver, 0)
        if path is None or path.partition("::")[0] != "Foundation":
            return None
        if self._own and not self._tree.source(receiver).startswith("::"):
            return None
        return Resolution(f"{path}.{self._tree.source(name)}", self._required)

    def spelled_path(self, spelled: str, _node: SyntaxNode, _shape: Shape, /) -> Resolution | None:
        """The same for a name in text: `Foundation.retry`, `F::CircuitBreaker.new`."""
        receiver, dot, method = re.sub(r"\s+", "", spelled).replace("&.", ".").rpartition(".")
        head, separator, rest = receiver.removeprefix("::").partition("::")
        for _ in range(MAX_DEPTH):
            values = self._assigned(head) if head else []
            if len(values) != 1 or values[0].type not in ("constant", "scope_resolution"):
                break
            expanded = self._tree.source(values[0]).removeprefix("::")
            head, _, tail = expanded.partition("::")
            rest = "::".join(part for part in (tail, rest) if part)
            separator = "::" if rest else ""
        if not dot or head != "Foundation" or (self._own and not receiver.startswith("::")):
            return None
        return Resolution(f"{head}{separator}{rest}.{method}", self._required)

    def constant_path(self, node: SyntaxNode, depth: int) -> str | None:
        """A constant with its aliases followed: `F::CircuitBreaker` where `F = Foundation`."""
        if depth > MAX_DEPTH:
            return None
        if node.type == "scope_resolution":
            scope, name = node.child_by_field_name("scope"), node.child_by_field_name("name")
            if name is None:
                return None
            if scope is None:
                return self._tree.source(name)
            head = self.constant_path(scope, depth + 1)
            return f"{head}::{self._tree.source(name)}" if head is not None else None
        if node.type != "constant":
            return None
        spelled = self._tree.source(node)
        values = self._assigned(spelled)
        if len(values) == 1 and values[0].type in ("constant", "scope_resolution"):
            return self.constant_path(values[0], depth + 1)
        return spelled if not values else None

    def _assigned(self, name: str) -> list[SyntaxNode]:
        """The values that the file assigns to a constant, every assignment counted."""
        held = self._constants.get(name)
        if held is None:
            held = self._constants[name] = list(self._assignments(name))
        return held

    def _assignments(self, name: str) -> Iterable[SyntaxNode]:
        for start, end in word_places(self._text, name.encode()):
            if self._text[start - 1 : start] in (b":", b".") or not _ASSIGNS.match(self._text, end):
                continue
            node = self._root.descendant_for_byte_range(start, end)
            parent = node.parent if node is not None else None
            if node is None or parent is None or parent.child_by_field_name("left") != node:
                continue
            right = parent.child_by_field_name("right")
            if right is not None and parent.type in ("assignment", "operator_assignment"):
                yield right if parent.type == "assignment" else parent

    # -- values

    def value(self, node: SyntaxNode | None, depth: int = 0) -> StaticValue:
        """What an expression is without running the program."""
        if node is None:
            return unknown("")
        text = self._tree.source(node)
        if depth > MAX_DEPTH:
            return unknown(text)
        match node.type:
            case "integer":
                found = parse_integer(
                    text.lower().replace("0d", "", 1) if text.lower().startswith("0d") else text
                )
                return unknown(text) if found is None else StaticValue(ValueKind.INTEGER, found, text)
            case "float":
                return number(ValueKind.FLOAT, float(text.replace("_", "")), text)
            case "true" | "false":
                return StaticValue(ValueKind.BOOLEAN, node.type == "true", text)
            case "nil":
                return StaticValue(ValueKind.NONE, None, text)
            case "string" | "chained_string" | "bare_string":
                return self._string(node, text)
            case "simple_symbol":
                return StaticValue(ValueKind.SYMBOL, text[1:], text)
            case "delimited_symbol" | "bare_symbol":
                held = self._string(node, text)
                return replace(held, kind=ValueKind.SYMBOL) if held.known else held
            case "array" | "string_array" | "symbol_array":
                return self._array(node, text, depth)
            case "hash":
                return self._hash(node, text, depth)
            case "parenthesized_statements":
                inner = node.named_children
                return (
                    replace(self.value(inner[0], depth + 1), text=text) if len(inner) == 1 else unknown(text)
                )
            case "unary":
                operand = self.value(node.child_by_field_name("operand"), depth + 1)
                numeric = operand.kind in (ValueKind.INTEGER, ValueKind.FLOAT, ValueKind.DURATION)
                return (
                    replace(operand, value=-operand.value, text=text)
                    if text[0] == "-" and numeric
                    else unknown(text)
                )
            case "binary":
                return self._binary(node, text, depth)
            case "constant":
                return self._constant(text, depth)
            case "scope_resolution":
                return self._scoped(node, text, depth)
            case "call":
                return self._call(node, text, depth)
            case _:
                return unknown(text)

    def _string(self, node: SyntaxNode, text: str) -> StaticValue:
        parts: list[str] = []
        double = text[:1] in ('"', "%") or node.type != "string"
        for child in node.named_children:
            held = self._tree.source(child)
            match child.type:
                case "string_content":
                    parts.append(held)
                case "escape_sequence":
                    parts.append(_ESCAPES.get(held[1:], held[1:]) if double else held[1:])
                case "string":
                    inner = self._string(child, held)
                    if not inner.known:
                        return unknown(text)
                    parts.append(inner.value)
                case _:
                    return unknown(text)
        return StaticValue(ValueKind.STRING, "".join(parts), text)

    def _array(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        items = [c for c in node.named_children if c.type != "comment"]
        if any(c.type == "splat_argument" for c in items):
            return unknown(text)
        return StaticValue(ValueKind.LIST, tuple(self.value(c, depth + 1) for c in items), text)

    def _hash(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        entries: list[tuple[str, StaticValue]] = []
        for pair in node.named_children:
            if pair.type == "comment":
                continue
            key = self._key(pair) if pair.type == "pair" else None
            if key is None:
                return unknown(text)
            entries.append((key, self.value(pair.child_by_field_name("value"), depth + 1)))
        return StaticValue(ValueKind.MAPPING, tuple(entries), text)

    def _key(self, pair: SyntaxNode) -> str | None:
        key = pair.child_by_field_name("key")
        if key is None:
            return None
        if key.type == "hash_key_symbol":
            return self._tree.source(key)
        held = self.value(key)
        return str(held.value) if held.kind in (ValueKind.STRING, ValueKind.SYMBOL) else None

    def _binary(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        left = self.value(node.child_by_field_name("left"), depth + 1)
        right = self.value(node.child_by_field_name("right"), depth + 1)
        symbol = node.child_by_field_name("operator")
        operator = symbol.type if symbol is not None else ""
        if (
            operator == "/"
            and {left.kind, right.kind} <= {ValueKind.INTEGER, ValueKind.FLOAT}
            and right.value
        ):
            whole = left.kind is right.kind is ValueKind.INTEGER
            result = left.value // right.value if whole else left.value / right.value
            return StaticValue(ValueKind.INTEGER if whole else ValueKind.FLOAT, result, text)
        return arithmetic(operator, left, right, text)

    def _constant(self, text: str, depth: int) -> StaticValue:
        values = self._assigned(text)
        if len(values) == 1:
            return through(self.value(values[0], depth + 1), text, text)
        if not values and re.search(r"[a-z]", text):
            return StaticValue(ValueKind.NAME, text, text)
        return unknown(text)

    def _scoped(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        name = node.child_by_field_name("name")
        last = self._tree.source(name) if name is not None else ""
        path = self.constant_path(node, 0) or ""
        if path.startswith("Foundation::Jitter::") and last.lower() in JITTER_KINDS:
            return jitter(last.lower(), None, text)
        if re.match(r"Foundation::(?:\w+::)*(?:Backoff|BackoffStrategy|Level|Format|Algorithm)::\w+$", path):
            return StaticValue(ValueKind.SYMBOL, snake_case(last), text)
        if re.search(r"[a-z]", last):
            return StaticValue(ValueKind.NAME, last, text)
        values = self._assigned(last)
        return through(self.value(values[0], depth + 1), text, text) if len(values) == 1 else unknown(text)

    def _call(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        receiver, method = node.child_by_field_name("receiver"), node.child_by_field_name("method")
        arguments = node.child_by_field_name("arguments")
        if receiver is None or method is None:
            return unknown(text)
        name = self._tree.source(method)
        if name == "freeze" and arguments is None:
            return replace(self.value(receiver, depth + 1), text=text)
        path = self.constant_path(receiver, 0)
        if path in ("Foundation::Jitter", "Jitter") and name in JITTER_KINDS:
            values = (
                [self.value(a, depth + 1) for a in arguments.named_children] if arguments is not None else []
            )
            return jitter(name, values[0] if values else None, text)
        if arguments is None and (unit := name.removesuffix("s")) in _SECONDS:
            held = self.value(receiver, depth + 1)
            if held.kind in (ValueKind.INTEGER, ValueKind.FLOAT):
                return StaticValue(ValueKind.DURATION, round(held.value * _SECONDS[unit]), text)
        return unknown(text)

    # -- arguments

    def arguments(self, node: SyntaxNode | None, positional: tuple[str, ...], depth: int = 0) -> Arguments:
        """Keyword and positional arguments, policy literals flattened after the direct ones."""
        if node is None:
            return Arguments()
        direct: list[Argument] = []
        flattened: list[Argument] = []
        is_open = False
        position = 0
        for item in node.named_children:
            match item.type:
                case "comment" | "ERROR" | "block_argument":
                    continue
                case "pair":
                    key = item.child_by_field_name("key")
                    spelled = self._key(item)
                    if key is None or spelled is None:
                        is_open = True
                        continue
                    value = item.child_by_field_name("value")
                    argument, more, opened = self._argument(spelled, item, key, value, depth)
                    direct.append(argument)
                    flattened.extend(more)
                    is_open = is_open or opened
                case "hash_splat_argument" | "splat_argument" | "forward_argument":
                    is_open = True
                case _:
                    if position < len(positional) and positional[position] != "_":
                        name = positional[position]
                        held = self.value(item, depth + 1)
                        direct.append(Argument(name, "", held, span(item), span(item), None, position))
                    position += 1
        parenthesised = self._text[node.start_byte : node.start_byte + 1] == b"("
        return Arguments((*direct, *flattened), is_open, inside(node) if parenthesised else span(node))

    def _argument(
        self, spelled: str, pair: SyntaxNode, key: SyntaxNode, value: SyntaxNode | None, depth: int
    ) -> tuple[Argument, tuple[Argument, ...], bool]:
        carries = spelled == "policy"
        more: tuple[Argument, ...] = ()
        opened = False
        if carries:
            more, opened = self._policy(value, depth) if value is not None else ((), True)
        held = self.value(value, depth + 1) if value is not None else unknown(spelled)
        covered = span(value) if value is not None else ByteRange(pair.end_byte, pair.end_byte)
        argument = Argument(spelled, spelled, held, span(pair), covered, span(key), policy=carries)
        return argument, more, opened

    def _policy(self, value: SyntaxNode, depth: int) -> tuple[tuple[Argument, ...], bool]:
        """The arguments of `Foundation::RetryPolicy.new(...)`, followed through constants."""
        constant: str | None = None
        node = value
        for _ in range(MAX_DEPTH):
            if node.type == "constant":
                values = self._assigned(self._tree.source(node))
                if len(values) != 1:
                    return (), True
                constant, node = constant or self._tree.source(node), values[0]
                continue
            method = node.child_by_field_name("method") if node.type == "call" else None
            receiver = node.child_by_field_name("receiver") if node.type == "call" else None
            if method is not None and receiver is not None and self._tree.source(method) == "freeze":
                node = receiver
                continue
            break
        if node.type == "nil":
            return (), False
        receiver = node.child_by_field_name("receiver") if node.type == "call" else None
        path = self.constant_path(receiver, 0) if receiver is not None else None
        if path is None or not path.endswith("Policy") or depth > MAX_DEPTH:
            return (), True
        inner = nested(self.arguments(node.child_by_field_name("arguments"), (), depth + 1), constant)
        return inner.items, inner.open

    # -- readings

    def read(self, shape: Shape, captures: dict[str, list[SyntaxNode]]) -> Reading | None:
        """A call with or without a block, or the keyword form that Ruby does not allow."""
        whole, name = captures["occurrence"][0], captures["name"][0]
        arguments_node = captures["arguments"][0] if "arguments" in captures else None
        if shape.malformed:
            return self._keyword(whole, arguments_node, shape)
        receiver = whole.child_by_field_name("receiver")
        arguments_node = whole.child_by_field_name("arguments")
        block = whole.child_by_field_name("block")
        method = self._tree.source(name)
        last = name
        spelled = method
        if receiver is not None:
            spelled = f"{self._tree.source(receiver)}.{method}"
            if method == "new":
                last = receiver.child_by_field_name("name") or receiver
        arguments = self.arguments(arguments_node, shape.positional)
        end = (arguments_node or name).end_byte
        form = "block" if block is not None and shape.form == "call" else shape.form
        if block is not None:
            target = Target(TargetKind.BLOCK, "", span(block))
        else:
            target = self._context(whole)
        return Reading(form, ByteRange(whole.start_byte, end), span(last), spelled, arguments, target)

    def _keyword(self, whole: SyntaxNode, arguments_node: SyntaxNode | None, shape: Shape) -> Reading | None:
        """`retry(max_attempts: 3) do`: Ruby's own `retry` takes no arguments, so named ones tell what is meant."""
        if arguments_node is None:
            return None
        arguments = self.arguments(arguments_node, shape.positional)
        followed = re.match(rb"[ \t]*(?:do\b|\{)", self._text[arguments_node.end_byte :][:40])
        if not any(a.spelled for a in arguments.items) and not arguments.open and followed is None:
            return None
        keyword = ByteRange(whole.start_byte, whole.start_byte + len("retry"))
        return Reading(
            "block", ByteRange(whole.start_byte, arguments_node.end_byte), keyword, "retry", arguments, None
        )

    def _context(self, call: SyntaxNode) -> Target:
        node = call
        while node.parent is not None:
            parent = node.parent
            if parent.type == "call" and parent.child_by_field_name("receiver") == node:
                node = parent
            elif (
                parent.type in ("assignment", "operator_assignment")
                and parent.child_by_field_name("right") == node
            ):
                left = parent.child_by_field_name("left")
                if left is None:
                    break
                return Target(TargetKind.ASSIGNMENT, self._tree.source(left), span(parent), span(left))
            else:
                break
        return Target(TargetKind.EXPRESSION, "", span(node))
