"""Ruby's syntax as small typed nodes: what tree-sitter parsed, with sugar removed and strings decoded."""

# ruff: noqa: S101 - assertions here narrow types that the grammar guarantees.
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields

from foundation_grammars.tree import SyntaxNode, SyntaxTree

from foundation_engine.port.ir import Unsupported

Value = int | float | bool | str | None


@dataclass(slots=True)
class Node:
    """Base: 1-based first and last lines, and the half-open byte range in the source."""

    line: int = field(default=0, kw_only=True)
    last: int = field(default=0, kw_only=True)
    start: int = field(default=0, kw_only=True)
    end: int = field(default=0, kw_only=True)


@dataclass(slots=True)
class Literal(Node):
    """nil, true, false, a number or a plain string; `mutable` for a string that is not frozen by its own form."""

    value: Value


@dataclass(slots=True)
class Symbol(Node):
    """`:name`."""

    name: str


@dataclass(slots=True)
class Interpolated(Node):
    """A string with `#{}`: literal texts and nodes."""

    parts: list[str | Node]
    symbol: bool = False


@dataclass(slots=True)
class Regex(Node):
    """A regular expression without interpolation."""

    source: str
    flags: str


@dataclass(slots=True)
class Array(Node):
    """`[...]`, `%w[]`, `%i[]`."""

    elems: list[Node]


@dataclass(slots=True)
class Hash(Node):
    """`{...}`; a key of None is `**value`."""

    pairs: list[tuple[Node | None, Node]]


@dataclass(slots=True)
class Range(Node):
    """`low..high`, `low...high`; an end may be open."""

    low: Node | None
    high: Node | None
    exclusive: bool


@dataclass(slots=True)
class Splat(Node):
    """`*value`."""

    value: Node | None


@dataclass(slots=True)
class Ident(Node):
    """A name that is a local variable or a call without receiver and arguments; the scope says which."""

    name: str


@dataclass(slots=True)
class IVar(Node):
    """`@name`, without the sign."""

    name: str


@dataclass(slots=True)
class Global(Node):
    """`$name` or `@@name`, with its sign."""

    name: str


@dataclass(slots=True)
class Const(Node):
    """`A::B`, as written without a leading `::`."""

    path: str


@dataclass(slots=True)
class SelfNode(Node):
    """`self`."""


@dataclass(slots=True)
class BlockParam(Node):
    """A parameter of a block; `parts` when it is taken apart, `key` and its default only in a command's block."""

    name: str
    parts: list[BlockParam] | None = None
    splat: bool = False
    key: bool = False
    default: Node | None = None


@dataclass(slots=True)
class Block(Node):
    """`{ |x| ... }`, `do |x| ... end` or the body of a lambda."""

    params: list[BlockParam]
    body: list[Node]


@dataclass(slots=True)
class Call(Node):
    """A call of a method; operators and indexing are calls too (`+`, `[]`, `-@`)."""

    recv: Node | None
    name: str
    args: list[Node]
    named: list[tuple[str, Node]]
    block: Block | None = None
    passed: Node | None = None  # `&value`
    safe: bool = False  # `&.`
    spread: Node | None = None  # `**value`


@dataclass(slots=True)
class And(Node):
    """`a && b`."""

    left: Node
    right: Node


@dataclass(slots=True)
class Or(Node):
    """`a || b`."""

    left: Node
    right: Node


@dataclass(slots=True)
class Not(Node):
    """`!a`."""

    value: Node


@dataclass(slots=True)
class LambdaNode(Node):
    """`->(x) { ... }`, `lambda { |x| ... }` or `proc { ... }`."""

    block: Block
    proc: bool = False


@dataclass(slots=True)
class Multi(Node):
    """The left side of a multiple assignment."""

    targets: list[Node]


@dataclass(slots=True)
class Assign(Node):
    """`target = value`."""

    target: Node
    value: Node


@dataclass(slots=True)
class OpAssign(Node):
    """`target op= value`, `op` without the equals sign."""

    target: Node
    op: str
    value: Node


@dataclass(slots=True)
class If(Node):
    """`if`, `unless`, their modifiers and `?:`."""

    test: Node
    body: list[Node]
    orelse: list[Node]
    ternary: bool = False


@dataclass(slots=True)
class While(Node):
    """`while`, `until` and `loop do` (test is true); `post` for `begin ... end while`."""

    test: Node
    body: list[Node]
    post: bool = False


@dataclass(slots=True)
class For(Node):
    """`for target in iter`."""

    target: Node
    iter: Node
    body: list[Node]


@dataclass(slots=True)
class Case(Node):
    """`case subject when ...`; `orelse` None when there is no else."""

    subject: Node | None
    whens: list[tuple[list[Node], list[Node]]]
    orelse: list[Node] | None


@dataclass(slots=True)
class Clause(Node):
    """One `in pattern if guard` of a `case/in`."""

    pattern: Pattern
    guard: Node | None
    body: list[Node]


@dataclass(slots=True)
class CaseIn(Node):
    """`case subject in ...`."""

    subject: Node
    clauses: list[Clause]
    orelse: list[Node] | None


@dataclass(slots=True)
class Pattern(Node):
    """A pattern of `case/in`: kind is value, bind, array, hash, alternative, as; `cls` a class in front of it."""

    kind: str
    value: Node | None = None
    name: str = ""
    parts: list[Pattern] = field(default_factory=list["Pattern"])
    keys: list[str] = field(default_factory=list[str])
    cls: str = ""


@dataclass(slots=True)
class Rescue(Node):
    """One `rescue A, B => e`."""

    classes: list[Node]
    var: str
    body: list[Node]


@dataclass(slots=True)
class Begin(Node):
    """`begin ... rescue ... else ... ensure ... end`; also a method's or block's body with such parts."""

    body: list[Node]
    rescues: list[Rescue]
    orelse: list[Node]
    ensure: list[Node]


@dataclass(slots=True)
class Jump(Node):
    """return, break, next, redo or retry, with a value or None."""

    kind: str
    value: Node | None


@dataclass(slots=True)
class Yield(Node):
    """`yield args`."""

    args: list[Node]


@dataclass(slots=True)
class Super(Node):
    """`super(args)`; `bare` for `super` that passes everything on."""

    args: list[Node]
    named: list[tuple[str, Node]]
    bare: bool


@dataclass(slots=True)
class Seq(Node):
    """Statements in parentheses."""

    body: list[Node]


@dataclass(slots=True)
class Parameter(Node):
    """A parameter of a method: kind is required, optional, key, rest, keyrest or block."""

    name: str
    kind: str
    default: Node | None = None


@dataclass(slots=True)
class Def(Node):
    """A method; `singleton` for `def self.name`."""

    name: str
    params: list[Parameter]
    body: list[Node]
    singleton: bool = False


@dataclass(slots=True)
class ClassNode(Node):
    """`class Name < Base`."""

    path: str
    base: Node | None
    body: list[Node]


@dataclass(slots=True)
class ModuleNode(Node):
    """`module Name`; also `class << self` with the path "<<self"."""

    path: str
    body: list[Node]


@dataclass(slots=True)
class Opaque(Node):
    """Syntax without a node of its own; using it is not supported."""

    kind: str


def subnodes(n: Node) -> Iterator[Node]:
    """The nodes directly below."""
    for f in fields(n):
        yield from _nodes(getattr(n, f.name))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _nodes(item)  # pyright: ignore[reportUnknownArgumentType]


def walk(n: Node) -> Iterator[Node]:
    """The node and everything below it, in order."""
    yield n
    for child in subnodes(n):
        yield from walk(child)


def own(n: Node) -> Iterator[Node]:
    """The node and what is below it, without the bodies of definitions inside."""
    yield n
    for child in subnodes(n):
        if not isinstance(child, Def | ClassNode | ModuleNode):
            yield from own(child)


_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "0": "\0", "e": "\x1b", "s": " ", "a": "\a", "b": "\b", "f": "\f", "v": "\v",
}  # fmt: skip


def unescape(text: str) -> str:
    """What one escape sequence of a double-quoted string means."""
    body = text[1:]
    if body.startswith("u{"):
        return "".join(chr(int(h, 16)) for h in body[2:-1].split())
    if body.startswith("u"):
        return chr(int(body[1:], 16))
    if body.startswith("x"):
        code = int(body[1:], 16)
        if code > 127:
            raise Unsupported("a byte escape in a string")
        return chr(code)
    if body[:1] in "01234567" and body:
        return chr(int(body, 8))
    if body == "\n":
        return ""
    return _ESCAPES.get(body, body)


class Reader:
    """Converts one syntax tree; raises Unsupported for syntax that cannot be read at all."""

    def __init__(self, tree: SyntaxTree) -> None:
        self.tree = tree
        self.text = tree.text
        self.lines: list[int] = [0]
        for m in re.finditer(rb"\n", tree.text):
            self.lines.append(m.end())
        self.heredocs: list[SyntaxNode] = []
        self.standing: dict[int, str] = {}
        self.trailing: dict[int, str] = {}
        self._survey(tree.root)
        self._heredoc = 0

    def line_of(self, offset: int) -> int:
        """The 1-based line of a byte offset."""
        from bisect import bisect_right

        return bisect_right(self.lines, offset)

    def source(self, n: Node | SyntaxNode) -> str:
        """The text of a node."""
        if isinstance(n, Node):
            return self.text[n.start : n.end].decode("utf-8", "replace")
        return self.text[n.start_byte : n.end_byte].decode("utf-8", "replace")

    def _survey(self, n: SyntaxNode) -> None:
        if n.type == "heredoc_body":
            self.heredocs.append(n)
        if n.type == "comment":
            raw = self.source(n)
            line = self.line_of(n.start_byte)
            if raw.startswith("=begin"):
                for i, text in enumerate(raw.splitlines()[1:-1]):
                    self.standing[line + 1 + i] = text
                return
            before = self.text[self.lines[line - 1] : n.start_byte].strip()
            (self.trailing if before else self.standing)[line] = raw[1:].strip() if raw != "#" else ""
        for c in n.children:
            self._survey(c)

    # Statements

    def above(self, line: int) -> list[str]:
        """The comments that stand just above a line."""
        at = line
        while at - 1 in self.standing:
            at -= 1
        return [self.standing[i] for i in range(at, line)]

    def program(self) -> list[Node]:
        """The statements of the file."""
        return self.body(self.tree.root)

    def body(self, n: SyntaxNode | None) -> list[Node]:
        """The statements of a block of any kind; rescue parts wrap them in one Begin."""
        if n is None:
            return []
        if n.type not in (
            "program", "body_statement", "block_body", "then", "else", "ensure", "do", "begin", "begin_block",
            "parenthesized_statements", "block",
        ):  # fmt: skip
            return [self.node(n)]
        plain: list[Node] = []
        rescues: list[Rescue] = []
        orelse: list[Node] = []
        ensure: list[Node] = []
        for c in n.named_children:
            match c.type:
                case "comment" | "heredoc_body" | "empty_statement" | "uninterpreted":
                    continue
                case "rescue":
                    rescues.append(self._rescue(c))
                case "else" if n.type in ("body_statement", "begin"):
                    orelse = self.body(c)
                case "ensure":
                    ensure = self.body(c)
                case _:
                    plain.append(self.node(c))
        if rescues or ensure:
            made = Begin(plain, rescues, orelse, ensure)
            self._place(made, n)
            if plain:
                made.line = plain[0].line
            return [made]
        return plain

    def _rescue(self, n: SyntaxNode) -> Rescue:
        classes = n.child_by_field_name("exceptions")
        var = n.child_by_field_name("variable")
        name = ""
        if var is not None and var.named_children:
            name = self.source(var.named_children[0])
        made = Rescue(
            [self.node(c) for c in classes.named_children] if classes is not None else [],
            name,
            self.body(n.child_by_field_name("body")),
        )
        self._place(made, n)
        return made

    def _place(self, made: Node, n: SyntaxNode) -> None:
        made.start, made.end = n.start_byte, n.end_byte
        made.line = self.line_of(n.start_byte)
        made.last = self.line_of(max(n.end_byte - 1, n.start_byte))

    def node(self, n: SyntaxNode) -> Node:
        """One expression or statement."""
        try:
            made = self._node(n)
        except Unsupported as why:
            # What cannot be read declines what uses it, not the file.
            made = Opaque(why.reason)
        if not made.line:
            self._place(made, n)
        return made

    def _field(self, n: SyntaxNode, name: str) -> Node:
        found = n.child_by_field_name(name)
        assert found is not None, (n.type, name)
        return self.node(found)

    def _optional(self, n: SyntaxNode, name: str) -> Node | None:
        found = n.child_by_field_name(name)
        return self.node(found) if found is not None else None

    def _named(self, n: SyntaxNode) -> list[SyntaxNode]:
        return [c for c in n.named_children if c.type not in ("comment", "heredoc_body")]

    def _node(self, n: SyntaxNode) -> Node:
        text = self.source(n)
        match n.type:
            case "nil":
                return Literal(None)
            case "true" | "false":
                return Literal(n.type == "true")
            case "integer":
                return self._integer(text)
            case "float":
                return Literal(float(text.replace("_", "")))
            case "character":
                return Literal(unescape(text[1:]) if text[1:2] == "\\" and len(text) > 2 else text[1:])
            case (
                "string" | "bare_string" | "chained_string" | "delimited_symbol" | "bare_symbol" | "subshell"
            ):
                return self._string(n)
            case "heredoc_beginning":
                return self._heredoc_text(text)
            case "simple_symbol":
                return Symbol(text[1:])
            case "hash_key_symbol":
                return Symbol(text)
            case "regex":
                return self._regex(n, text)
            case "array" | "string_array" | "symbol_array" | "right_assignment_list":
                return Array([self.node(c) for c in self._named(n)])
            case "hash":
                return Hash([self._pair(c) for c in self._named(n)])
            case "range":
                low, high = n.child_by_field_name("begin"), n.child_by_field_name("end")
                op = n.child_by_field_name("operator")
                return Range(
                    self.node(low) if low is not None else None,
                    self.node(high) if high is not None else None,
                    op is not None and self.source(op) == "...",
                )
            case "identifier":
                if text in ("retry", "redo"):
                    return Jump(text, None)
                return Ident(text)
            case "constant" | "scope_resolution":
                return self._const(n)
            case "instance_variable":
                return IVar(text[1:])
            case "global_variable" | "class_variable":
                return Global(text)
            case "self":
                return SelfNode()
            case "parenthesized_statements":
                body = self.body(n)
                return body[0] if len(body) == 1 else Seq(body)
            case "begin" | "begin_block":
                body = self.body(n)
                return body[0] if len(body) == 1 and isinstance(body[0], Begin) else Seq(body)
            case "binary":
                return self._binary(n)
            case "unary":
                return self._unary(n)
            case "conditional":
                return If(
                    self._field(n, "condition"),
                    [self._field(n, "consequence")],
                    [self._field(n, "alternative")],
                    True,
                )
            case "if" | "unless" | "elsif":
                return self._if(n)
            case "if_modifier" | "unless_modifier":
                test = self._field(n, "condition")
                body = [self._field(n, "body")]
                return If(Not(test, line=test.line) if n.type == "unless_modifier" else test, body, [])
            case "while" | "until" | "while_modifier" | "until_modifier":
                return self._while(n)
            case "for":
                value = n.child_by_field_name("value")
                assert value is not None
                pattern = n.child_by_field_name("pattern")
                assert pattern is not None
                return For(
                    self._target(pattern),
                    self.node(self._named(value)[0]),
                    self.body(n.child_by_field_name("body")),
                )
            case "case":
                return self._case(n)
            case "case_match":
                return self._case_in(n)
            case "rescue_modifier":
                made = Rescue([], "", [self._field(n, "handler")], line=self.line_of(n.start_byte))
                return Begin([self._field(n, "body")], [made], [], [])
            case "return" | "break" | "next" | "redo" | "retry":
                args = [self.node(c) for a in self._named(n) for c in self._named(a)]
                value = (
                    None
                    if not args
                    else args[0]
                    if len(args) == 1
                    else Array(args, line=self.line_of(n.start_byte))
                )
                return Jump(n.type, value)
            case "yield":
                return Yield([self.node(c) for a in self._named(n) for c in self._named(a)])
            case "super":
                return Super([], [], True)
            case "call":
                return self._call(n)
            case "element_reference":
                children = self._named(n)
                call = Call(self.node(children[0]), "[]", [], [])
                self._arguments(call, children[1:])
                return call
            case "lambda":
                return self._lambda(n)
            case "assignment":
                left = n.child_by_field_name("left")
                assert left is not None
                return Assign(self._target(left), self._field(n, "right"))
            case "operator_assignment":
                op = n.child_by_field_name("operator")
                left = n.child_by_field_name("left")
                assert op is not None
                assert left is not None
                return OpAssign(self._target(left), self.source(op)[:-1], self._field(n, "right"))
            case "method" | "singleton_method":
                return self._def(n)
            case "class":
                base = n.child_by_field_name("superclass")
                name = n.child_by_field_name("name")
                assert name is not None
                return ClassNode(
                    self.source(name),
                    self.node(self._named(base)[0]) if base is not None else None,
                    self.body(n.child_by_field_name("body")),
                )
            case "module":
                name = n.child_by_field_name("name")
                assert name is not None
                return ModuleNode(self.source(name), self.body(n.child_by_field_name("body")))
            case "singleton_class":
                return ModuleNode("<<self", self.body(n.child_by_field_name("body")))
            case "splat_argument":
                children = self._named(n)
                return Splat(self.node(children[0]) if children else None)
            case "destructured_left_assignment" | "left_assignment_list" | "rest_assignment":
                return self._target(n)
            case _:
                return Opaque(n.type)

    def _integer(self, text: str) -> Node:
        digits = text.replace("_", "").lower()
        if digits[-1] in "ri" and not digits.startswith("0x"):
            return Opaque("rational or imaginary number")
        if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
            return Literal(int(digits, 8))
        return Literal(int(digits.replace("0d", ""), 0))

    def _const(self, n: SyntaxNode) -> Node:
        text = self.source(n).removeprefix("::")
        if not re.fullmatch(r"[A-Z]\w*(::[A-Z]\w*)*", text):
            return Opaque("a constant of a computed scope")
        return Const(text)

    # Strings

    def _string(self, n: SyntaxNode) -> Node:
        if n.type == "subshell":
            return Opaque("a command in backquotes")
        parts: list[str | Node] = []
        if n.type == "chained_string":
            for c in self._named(n):
                inner = self.node(c)
                parts.extend(inner.parts if isinstance(inner, Interpolated) else [str(_text(inner))])
        else:
            opening = self.source(n)[:2]
            single = opening.startswith("'") or opening == "%q"
            for c in n.named_children:
                parts.extend(self._piece(c, single))
        parts = _joined(parts)
        symbol = n.type in ("delimited_symbol", "bare_symbol")
        if all(isinstance(p, str) for p in parts):
            text = "".join(p for p in parts if isinstance(p, str))
            return Symbol(text) if symbol else Literal(text)
        return Interpolated(parts, symbol)

    def _piece(self, c: SyntaxNode, single: bool) -> list[str | Node]:
        match c.type:
            case "string_content" | "heredoc_content":
                text = self.source(c)
                return [re.sub(r"\\([\\'])", r"\1", text) if single else text]
            case "escape_sequence":
                text = self.source(c)
                return [
                    text[1:] if single and text[1:] in ("\\", "'") else text if single else unescape(text)
                ]
            case "interpolation":
                body = [self.node(x) for x in self._named(c)]
                return [body[0] if len(body) == 1 else Seq(body, line=self.line_of(c.start_byte))]
            case _:
                return []

    def _heredoc_text(self, opening: str) -> Node:
        body = self.heredocs[self._heredoc]
        self._heredoc += 1
        raw = "'" in opening
        pieces: list[tuple[str, str | Node]] = []
        for c in body.named_children:
            if c.type == "heredoc_end":
                continue
            for p in self._piece(c, False):
                kind = "raw" if c.type == "heredoc_content" else "made"
                pieces.append((kind, p if not (raw and c.type == "escape_sequence") else self.source(c)))
        # The body starts on the line after the opening: the line feed that ends that line is not part of it.
        if pieces and isinstance(pieces[0][1], str) and pieces[0][1].startswith("\n"):
            pieces[0] = (pieces[0][0], pieces[0][1][1:])
        # The whitespace before the end mark belongs to the mark.
        if pieces and isinstance(pieces[-1][1], str) and pieces[-1][0] == "raw":
            last = pieces[-1][1]
            head, feed, tail = last.rpartition("\n")
            if feed and not tail.strip():
                pieces[-1] = ("raw", head + feed)
        if "~" in opening:
            pieces = _dedent(pieces)
        parts = _joined([p for _, p in pieces])
        if all(isinstance(p, str) for p in parts):
            return Literal("".join(p for p in parts if isinstance(p, str)))
        return Interpolated(parts)

    def _regex(self, n: SyntaxNode, text: str) -> Node:
        if any(c.type == "interpolation" for c in n.named_children):
            return Opaque("a regular expression with interpolation")
        source = "".join(self.source(c) for c in n.named_children)
        m = re.search(r"([a-z]*)$", text)
        return Regex(source, m[1] if m else "")

    # Operators

    def _binary(self, n: SyntaxNode) -> Node:
        op_node = n.child_by_field_name("operator")
        assert op_node is not None
        op = self.source(op_node)
        left, right = self._field(n, "left"), self._field(n, "right")
        match op:
            case "&&" | "and":
                return And(left, right)
            case "||" | "or":
                return Or(left, right)
            case "!=":
                call = Call(left, "==", [right], [])
                self._place(call, n)
                return Not(call)
            case "!~":
                call = Call(left, "=~", [right], [])
                self._place(call, n)
                return Not(call)
            case _:
                return Call(left, op, [right], [])

    def _unary(self, n: SyntaxNode) -> Node:
        op_node = n.child_by_field_name("operator")
        operand = self._field(n, "operand")
        op = self.source(op_node) if op_node is not None else ""
        if op in ("!", "not"):
            return Not(operand)
        if op == "-" and isinstance(operand, Literal) and type(operand.value) in (int, float):
            assert isinstance(operand.value, int | float)
            return Literal(-operand.value)
        if op in ("-", "+", "~"):
            return Call(operand, f"{op}@" if op != "~" else "~", [], [])
        return Opaque(op)

    # Control flow

    def _if(self, n: SyntaxNode) -> Node:
        test = self._field(n, "condition")
        body = self.body(n.child_by_field_name("consequence"))
        alternative = n.child_by_field_name("alternative")
        orelse: list[Node] = []
        if alternative is not None:
            orelse = [self.node(alternative)] if alternative.type == "elsif" else self.body(alternative)
        if n.type == "unless":
            return If(Not(test, line=test.line), body, orelse)
        return If(test, body, orelse)

    def _while(self, n: SyntaxNode) -> Node:
        test = self._field(n, "condition")
        if n.type.startswith("until"):
            test = Not(test, line=test.line)
        body_node = n.child_by_field_name("body")
        if n.type.endswith("modifier"):
            assert body_node is not None
            if body_node.type == "begin":
                return While(test, self.body(body_node), True)
            return While(test, [self.node(body_node)])
        return While(test, self.body(body_node))

    def _case(self, n: SyntaxNode) -> Node:
        whens: list[tuple[list[Node], list[Node]]] = []
        orelse: list[Node] | None = None
        for c in self._named(n):
            if c.type == "when":
                patterns = [self.node(self._named(p)[0]) for p in c.children_by_field_name("pattern")]
                whens.append((patterns, self.body(c.child_by_field_name("body"))))
            elif c.type == "else":
                orelse = self.body(c)
        return Case(self._optional(n, "value"), whens, orelse)

    def _case_in(self, n: SyntaxNode) -> Node:
        clauses: list[Clause] = []
        orelse: list[Node] | None = None
        for c in self._named(n):
            if c.type == "in_clause":
                pattern = c.child_by_field_name("pattern")
                guard = c.child_by_field_name("guard")
                test: Node | None = None
                if guard is not None:
                    test = self._field(guard, "condition")
                    if guard.type == "unless_guard":
                        test = Not(test, line=test.line)
                assert pattern is not None
                made = Clause(self._pattern(pattern), test, self.body(c.child_by_field_name("body")))
                self._place(made, c)
                clauses.append(made)
            elif c.type == "else":
                orelse = self.body(c)
        return CaseIn(self._field(n, "value"), clauses, orelse)

    def _pattern(self, n: SyntaxNode) -> Pattern:
        made = self._pattern_of(n)
        self._place(made, n)
        return made

    def _pattern_of(self, n: SyntaxNode) -> Pattern:
        match n.type:
            case "identifier":
                return Pattern("bind", name=self.source(n))
            case "as_pattern":
                value, name = n.child_by_field_name("value"), n.child_by_field_name("name")
                assert value is not None
                assert name is not None
                return Pattern("as", name=self.source(name), parts=[self._pattern(value)])
            case "alternative_pattern":
                return Pattern("alternative", parts=[self._pattern(c) for c in self._named(n)])
            case "parenthesized_pattern":
                return self._pattern_of(self._named(n)[0])
            case "array_pattern":
                cls = n.child_by_field_name("class")
                parts = [self._pattern(c) for c in self._named(n) if cls is None or c.id != cls.id]
                return Pattern("array", parts=parts, cls=self.source(cls) if cls is not None else "")
            case "hash_pattern":
                cls = n.child_by_field_name("class")
                keys: list[str] = []
                parts: list[Pattern] = []
                for c in self._named(n):
                    if cls is not None and c.id == cls.id:
                        continue
                    if c.type != "keyword_pattern":
                        return Pattern("value", Opaque(c.type))
                    key = c.child_by_field_name("key")
                    value = c.child_by_field_name("value")
                    assert key is not None
                    keys.append(self.source(key))
                    parts.append(
                        self._pattern(value) if value is not None else Pattern("bind", name=self.source(key))
                    )
                return Pattern(
                    "hash", parts=parts, keys=keys, cls=self.source(cls) if cls is not None else ""
                )
            case (
                "splat_parameter"
                | "find_pattern"
                | "variable_reference_pattern"
                | "expression_reference_pattern"
            ):
                return Pattern("value", Opaque(n.type))
            case _:
                return Pattern("value", self.node(n))

    # Calls

    def _arguments(self, call: Call, nodes: Sequence[SyntaxNode]) -> None:
        for a in nodes:
            match a.type:
                case "pair":
                    key, value = self._pair(a)
                    if isinstance(key, Symbol):
                        call.named.append((key.name, value))
                    else:
                        # `f('a' => 1)` is one hash argument.
                        if call.args and isinstance(call.args[-1], Hash) and not call.args[-1].start:
                            call.args[-1].pairs.append((key, value))
                        else:
                            call.args.append(Hash([(key, value)], line=self.line_of(a.start_byte)))
                case "hash_splat_argument":
                    children = self._named(a)
                    call.spread = self.node(children[0]) if children else Opaque("**")
                case "block_argument":
                    children = self._named(a)
                    call.passed = self.node(children[0]) if children else Opaque("&")
                case "forward_argument":
                    call.args.append(Opaque("..."))
                case "comment" | "heredoc_body":
                    continue
                case _:
                    call.args.append(self.node(a))

    def _pair(self, n: SyntaxNode) -> tuple[Node | None, Node]:
        if n.type == "hash_splat_argument":
            return None, self.node(self._named(n)[0])
        key, value = n.child_by_field_name("key"), n.child_by_field_name("value")
        assert key is not None
        made = self.node(key)
        # `"text": value` is a symbol key.
        if (
            key.type == "string"
            and isinstance(made, Literal)
            and self.text[key.end_byte : key.end_byte + 1] == b":"
        ):
            made = Symbol(str(made.value), line=made.line)
        if value is None:
            assert isinstance(made, Symbol)
            return made, Ident(made.name, line=made.line, start=key.start_byte, end=key.end_byte)
        return made, self.node(value)

    def _call(self, n: SyntaxNode) -> Node:
        method = n.child_by_field_name("method")
        recv = n.child_by_field_name("receiver")
        args = n.child_by_field_name("arguments")
        block = n.child_by_field_name("block")
        op = n.child_by_field_name("operator")
        name = self.source(method) if method is not None else "call"
        call = Call(self.node(recv) if recv is not None else None, name, [], [])
        if op is not None:
            call.safe = self.source(op) == "&."
            if (
                self.source(op) == "::"
                and recv is not None
                and method is not None
                and method.type == "constant"
                and args is None
            ):
                return self._const(n)
        if args is not None:
            self._arguments(call, args.named_children)
        if block is not None:
            call.block = self._block(block, commands=name == "register_command")
        if method is not None and method.type == "super":
            return Super(call.args, call.named, args is None)
        if recv is None and name in ("lambda", "proc") and call.block is not None:
            return LambdaNode(call.block, name == "proc")
        if recv is None and name == "loop" and call.block is not None:
            return While(Literal(True), call.block.body)
        if recv is None and name == "block_given?":
            return call
        return call

    def _block(self, n: SyntaxNode, commands: bool = False) -> Block:
        body = n.child_by_field_name("body")
        made = Block(self._block_params(n.child_by_field_name("parameters"), commands), self.body(body))
        self._place(made, n)
        if not made.params:
            used = {x.name for b in made.body for x in walk(b) if isinstance(x, Ident)}
            if "_1" in used:
                count = max(int(u[1:]) for u in used if re.fullmatch(r"_[1-9]", u))
                made.params = [BlockParam(f"_{i + 1}", line=made.line) for i in range(count)]
        return made

    def _block_params(self, n: SyntaxNode | None, commands: bool = False) -> list[BlockParam]:
        out: list[BlockParam] = []
        for c in self._named(n) if n is not None else []:
            match c.type:
                case "identifier":
                    made = BlockParam(self.source(c))
                case "destructured_parameter":
                    made = BlockParam("", self._block_params(c))
                case "splat_parameter":
                    name = c.child_by_field_name("name")
                    made = BlockParam(self.source(name) if name is not None else "_", splat=True)
                case "keyword_parameter" if commands:
                    name, value = c.child_by_field_name("name"), c.child_by_field_name("value")
                    default = self.node(value) if value is not None else None
                    made = BlockParam(
                        self.source(name) if name is not None else "_", key=True, default=default
                    )
                case _:
                    raise Unsupported(
                        "a block parameter of this kind", self.source(c), self.line_of(c.start_byte)
                    )
            self._place(made, c)
            out.append(made)
        return out

    def _lambda(self, n: SyntaxNode) -> Node:
        body = n.child_by_field_name("body")
        assert body is not None
        inner = body.child_by_field_name("body")
        block = Block(self._block_params(n.child_by_field_name("parameters")), self.body(inner))
        self._place(block, n)
        return LambdaNode(block)

    # Assignment targets

    def _target(self, n: SyntaxNode) -> Node:
        if n.type in ("left_assignment_list", "destructured_left_assignment"):
            made: Node = Multi([self._target(c) for c in self._named(n)])
        elif n.type == "rest_assignment":
            children = self._named(n)
            made = Splat(self._target(children[0]) if children else None)
        elif n.type == "identifier":
            made = Ident(self.source(n))
        else:
            made = self.node(n)
        if not made.line:
            self._place(made, n)
        return made

    # Definitions

    def _def(self, n: SyntaxNode) -> Node:
        name = n.child_by_field_name("name")
        assert name is not None
        params = n.child_by_field_name("parameters")
        made: list[Parameter] = []
        kinds = {
            "identifier": "required", "optional_parameter": "optional", "keyword_parameter": "key",
            "splat_parameter": "rest", "hash_splat_parameter": "keyrest", "block_parameter": "block",
            "destructured_parameter": "destructured", "forward_parameter": "forward", "hash_splat_nil": "forward",
        }  # fmt: skip
        for c in self._named(params) if params is not None else []:
            own_name = c.child_by_field_name("name")
            text = (
                self.source(c)
                if c.type == "identifier"
                else self.source(own_name)
                if own_name is not None
                else ""
            )
            p = Parameter(text, kinds.get(c.type, "forward"), self._optional(c, "value"))
            self._place(p, c)
            made.append(p)
        body = n.child_by_field_name("body")
        if n.type == "singleton_method":
            receiver = n.child_by_field_name("object")
            if receiver is None or receiver.type != "self":
                return Opaque("a singleton method of another object")
        return Def(self.source(name), made, self.body(body), n.type == "singleton_method")


def _text(n: Node) -> Value:
    return n.value if isinstance(n, Literal) else ""


def _joined(parts: list[str | Node]) -> list[str | Node]:
    out: list[str | Node] = []
    for p in parts:
        if isinstance(p, str) and out and isinstance(out[-1], str):
            out[-1] += p
        elif p != "":
            out.append(p)
    return out


def _dedent(pieces: list[tuple[str, str | Node]]) -> list[tuple[str, str | Node]]:
    """Remove the common indentation of a squiggly heredoc; what escapes and interpolation make counts as text."""
    marked = "".join(p if kind == "raw" and isinstance(p, str) else "\0" for kind, p in pieces)
    depths = [len(line) - len(line.lstrip(" \t")) for line in marked.split("\n") if line.strip(" \t")]
    depth = min(depths, default=0)
    out: list[tuple[str, str | Node]] = []
    at_start = True
    for kind, p in pieces:
        if kind == "raw" and isinstance(p, str):
            lines = p.split("\n")
            for i, line in enumerate(lines):
                if i or at_start:
                    indent = len(line) - len(line.lstrip(" \t"))
                    lines[i] = line[min(depth, indent) :]
            at_start = p.endswith("\n")
            out.append((kind, "\n".join(lines)))
        else:
            out.append((kind, p))
            at_start = False
    return out
