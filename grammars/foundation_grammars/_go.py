"""Reading Go: import names, constants, comment annotations and option functions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from foundation_grammars._annotation import AnnotationParser, closing, literal_number, string
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
    nested,
    snake_case,
    span,
    through,
    unknown,
    word_places,
)
from foundation_grammars.occurrence import Argument, ByteRange, StaticValue, Target, TargetKind, ValueKind
from foundation_grammars.tree import SyntaxNode, SyntaxTree

_PACKAGE = re.compile(r"(?:^|/)foundation(?:-go)?/(\w+)$")
_UNITS = {
    "Nanosecond": 1,
    "Microsecond": 10**3,
    "Millisecond": 10**6,
    "Second": 10**9,
    "Minute": 60 * 10**9,
    "Hour": 3600 * 10**9,
}
_LEVELS = frozenset({"Trace", "Debug", "Info", "Warning", "Warn", "Error", "Critical"})
# Names that our packages export as enum values, with the spec's spelling.
_MEMBERS = {
    "resilience": {
        "Exponential": "exponential",
        "Linear": "linear",
        "Fixed": "fixed",
        "TokenBucket": "token_bucket",
        "SlidingWindow": "sliding_window",
    },
    "logging": {"JSON": "json", "Logfmt": "logfmt", "LogFmt": "logfmt"}
    | {name: name.lower() for name in _LEVELS},
    "process": {
        "Inherit": "inherit",
        "Replace": "replace",
        "Scrub": "scrub",
        "EnvInherit": "inherit",
        "EnvReplace": "replace",
        "EnvScrub": "scrub",
    },
}
_JITTER = {"NoJitter": "none", "FullJitter": "full", "EqualJitter": "equal", "SymmetricJitter": "symmetric"}
_ANNOTATION = re.compile(rb"//[ \t]*@([A-Za-z]\w*)[ \t]*(\()?")
_LINE_MARK = re.compile(rb"(?:^|\n)[ \t]*//")
_NEXT_ANNOTATION = re.compile(rb"\n[ \t]*//[ \t]*@[A-Za-z]")
_NEXT_LINE = re.compile(
    rb"[ \t\r]*\n(?P<line>[ \t]*(?:(?P<comment>//|/\*.*?\*/[ \t\r]*$))?[^\n]*)", re.MULTILINE
)
_FUNCTION = re.compile(
    rb"[ \t]*func[ \t]*(?P<receiver>\([^()]*\)[ \t]*)?(?P<name>[A-Za-z_\x80-\xff][\w\x80-\xff]*)"
)
_BLOCKS = frozenset(
    {"block", "func_literal", "function_declaration", "method_declaration", "source_file", "statement_list"}
)
_LISTED = frozenset(
    {
        "retryable",
        "non_retryable",
        "catch",
        "expected",
        "excluded",
        "redact",
        "aliases",
        "files",
        "retry_statuses",
        "retry_methods",
    }
)


@dataclass(frozen=True, slots=True)
class _Binder:
    """One place that binds a name in a function or at package level; `value` for a constant with a value of its own."""

    node: SyntaxNode
    scope: SyntaxNode
    value: SyntaxNode | None = None


class GoReader:
    """The imports, constants and comments of one Go file."""

    def __init__(self, tree: SyntaxTree) -> None:
        self._tree = tree
        self._text = tree.lines
        self._root = tree.root
        self._packages: dict[str, str] = {}
        self._dots: list[str] = []
        self._binders: dict[str, list[_Binder]] = {}
        self._groups: dict[int, tuple[int, re.Match[bytes] | None]] = {}
        self._without_marks: bytes | None = None
        for start, end in word_places(self._text, b"import"):
            node = self._root.descendant_for_byte_range(start, end)
            if node is not None and node.type == "import" and node.parent is not None:
                for spec in _specs(node.parent):
                    self._import(spec)

    def _import(self, spec: SyntaxNode) -> None:
        path_node, name_node = spec.child_by_field_name("path"), spec.child_by_field_name("name")
        if path_node is None:
            return
        path = self._tree.source(path_node).strip('"`')
        if name_node is None:
            self._packages[path.rpartition("/")[2]] = path
        elif name_node.type == "dot":
            self._dots.append(path)
        elif name_node.type != "blank_identifier":
            self._packages[self._tree.source(name_node)] = path

    # -- names

    def resolve(self, name: SyntaxNode, shape: Shape) -> Resolution | None:
        """`foundation/<package>.<Name>` for a selector on one of our packages or a dot-imported name."""
        if shape.member:
            wanted = shape.exports[0].rpartition(".")[0].partition(".")[0]
            imported = any(self._ours(path) == wanted for path in [*self._packages.values(), *self._dots])
            return Resolution(shape.exports[0]) if imported else None
        path = self._path(name)
        return Resolution(path) if path is not None else None

    def spelled_path(self, spelled: str, _node: SyntaxNode, _shape: Shape, /) -> Resolution | None:
        """The same for a name in text: `resilience.Retry`, or `Retry` under a dot import."""
        holder, dot, member = spelled.rpartition(".")
        if dot:
            package = self._ours(self._packages.get(holder))
            return Resolution(f"{package}.{member}") if package is not None else None
        for path in self._dots:
            package = self._ours(path)
            if package is not None and not self._declared(member):
                return Resolution(f"{package}.{member}")
        return None

    def _path(self, node: SyntaxNode) -> str | None:
        if node.type in ("index_expression", "generic_type"):
            inner = node.child_by_field_name("operand") or node.child_by_field_name("type")
            return self._path(inner) if inner is not None else None
        if node.type in ("selector_expression", "qualified_type"):
            holder = node.child_by_field_name("operand") or node.child_by_field_name("package")
            member = node.child_by_field_name("field") or node.child_by_field_name("name")
            if holder is None or member is None or holder.type not in ("identifier", "package_identifier"):
                return None
            name = self._tree.source(holder)
            package = self._ours(self._packages.get(name))
            if package is None or self._shadowed(name, node):
                return None
            return f"{package}.{self._tree.source(member)}"
        if node.type in ("identifier", "type_identifier") and any(self._ours(path) for path in self._dots):
            name = self._tree.source(node)
            if self._find(name, node) is not None or self._declared(name):
                return None
            for path in self._dots:
                package = self._ours(path)
                if package is not None:
                    return f"{package}.{name}"
        return None

    @staticmethod
    def _ours(path: str | None) -> str | None:
        match = _PACKAGE.search(path) if path is not None else None
        return f"foundation/{match.group(1)}" if match is not None else None

    def _shadowed(self, name: str, use: SyntaxNode) -> bool:
        return self._find(name, use) is not None

    def _declared(self, name: str) -> bool:
        """True for a function or type of this file, which hides a dot import."""
        pattern = rb"^(?:func|type)[ \t]+" + re.escape(name.encode()) + rb"\b"
        return re.search(pattern, self._text, re.MULTILINE) is not None

    def _find(self, name: str, use: SyntaxNode) -> _Binder | None:
        """The innermost binder of `name` that is visible where `use` stands."""
        visible: _Binder | None = None
        for binder in self._all_binders(name):
            scope = binder.scope
            if not (scope.start_byte <= use.start_byte < max(scope.end_byte, scope.start_byte + 1)):
                continue
            if scope.type != "source_file" and binder.node.start_byte > use.start_byte:
                continue
            if visible is None or scope.start_byte >= visible.scope.start_byte:
                visible = binder
        return visible

    def _all_binders(self, name: str) -> list[_Binder]:
        held = self._binders.get(name)
        if held is None:
            held = self._binders[name] = list(self._find_binders(name))
        return held

    def _find_binders(self, name: str) -> Iterable[_Binder]:
        for start, end in word_places(self._text, name.encode()):
            node = self._root.descendant_for_byte_range(start, end)
            if node is None or node.type != "identifier" or node.parent is None:
                continue
            parent = node.parent
            if parent.type == "const_spec" and node in parent.children_by_field_name("name"):
                yield _Binder(node, _scope(parent), self._const_value(node, parent))
            elif parent.type == "var_spec" and node in parent.children_by_field_name("name"):
                yield _Binder(node, _scope(parent), None)
            elif parent.type in ("parameter_declaration", "variadic_parameter_declaration"):
                if node in parent.children_by_field_name("name"):
                    yield _Binder(node, _scope(parent), None)
            elif parent.type == "expression_list" and parent.parent is not None:
                statement = parent.parent
                declares = statement.type in ("short_var_declaration", "range_clause")
                if declares and statement.child_by_field_name("left") == parent:
                    yield _Binder(node, _scope(statement), self._short_value(node, statement))

    def _const_value(self, name: SyntaxNode, spec: SyntaxNode) -> SyntaxNode | None:
        values = spec.child_by_field_name("value")
        names = list(spec.children_by_field_name("name"))
        if values is None or len(values.named_children) != len(names):
            return None
        return values.named_children[names.index(name)]

    def _short_value(self, name: SyntaxNode, statement: SyntaxNode) -> SyntaxNode | None:
        """The value of `policy := resilience.RetryPolicy{...}` when the variable is never assigned again."""
        left, right = statement.child_by_field_name("left"), statement.child_by_field_name("right")
        if statement.type != "short_var_declaration" or left is None or right is None:
            return None
        if len(left.named_children) != len(right.named_children):
            return None
        scope = _scope(statement)
        spelled = re.escape(self._tree.source(name).encode())
        after = self._text[statement.end_byte : scope.end_byte]
        changed = (
            rb"(?<![\w.])" + spelled + rb"(?:\.\w+)*\s*(?:=(?!=)|[-+*/%|&^]=|\+\+|--)|&" + spelled + rb"\b"
        )
        if re.search(changed, after):
            return None
        return right.named_children[list(left.named_children).index(name)]

    # -- values

    def value(self, node: SyntaxNode | None, depth: int = 0) -> StaticValue:
        """What an expression is without running the program; durations in integer nanoseconds."""
        if node is None:
            return unknown("")
        text = self._tree.source(node)
        if depth > MAX_DEPTH:
            return unknown(text)
        match node.type:
            case "int_literal" | "float_literal":
                return literal_number(text)
            case "interpreted_string_literal" | "raw_string_literal":
                return string(text)
            case "true" | "false":
                return StaticValue(ValueKind.BOOLEAN, node.type == "true", text)
            case "parenthesized_expression" | "literal_element":
                inner = node.named_children
                return (
                    replace(self.value(inner[0], depth + 1), text=text) if len(inner) == 1 else unknown(text)
                )
            case "unary_expression":
                return self._unary(node, text, depth)
            case "binary_expression":
                return self._binary(node, text, depth)
            case "composite_literal":
                return self._composite(node, text, depth)
            case "identifier":
                return self._identifier(node, text, depth)
            case "selector_expression":
                return self._selector(node, text)
            case "call_expression":
                return self._call(node, text, depth)
            case "type_conversion_expression":
                kind, operand = node.child_by_field_name("type"), node.child_by_field_name("operand")
                held = self.value(operand, depth + 1)
                if kind is not None and self._tree.source(kind) == "[]byte" and held.kind is ValueKind.STRING:
                    return StaticValue(ValueKind.BYTES, held.value, text)
                return unknown(text)
            case _:
                return unknown(text)

    def _unary(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        operand = self.value(node.child_by_field_name("operand"), depth + 1)
        numeric = operand.kind in (ValueKind.INTEGER, ValueKind.FLOAT, ValueKind.DURATION)
        if text[0] in "+-" and numeric:
            return replace(operand, value=-operand.value if text[0] == "-" else operand.value, text=text)
        return replace(operand, text=text) if text[0] == "&" else unknown(text)

    def _binary(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        left = self.value(node.child_by_field_name("left"), depth + 1)
        right = self.value(node.child_by_field_name("right"), depth + 1)
        symbol = node.child_by_field_name("operator")
        operator = symbol.type if symbol is not None else ""
        kinds = (left.kind, right.kind)
        if ValueKind.DURATION in kinds:
            scalars = (ValueKind.INTEGER, ValueKind.FLOAT, ValueKind.DURATION)
            if left.kind not in scalars or right.kind not in scalars:
                return unknown(text)
            if operator == "*" and kinds.count(ValueKind.DURATION) == 1:
                product = left.value * right.value
                if abs(product) < 1 << 63:
                    return StaticValue(ValueKind.DURATION, round(product), text)
            if operator in ("+", "-") and kinds.count(ValueKind.DURATION) == 2:
                total = left.value + right.value if operator == "+" else left.value - right.value
                return StaticValue(ValueKind.DURATION, total, text)
            if (
                operator == "/"
                and left.kind is ValueKind.DURATION
                and right.kind is ValueKind.INTEGER
                and right.value
            ):
                quotient = abs(left.value) // abs(right.value)
                negative = (left.value < 0) != (right.value < 0)
                return StaticValue(ValueKind.DURATION, -quotient if negative else quotient, text)
            return unknown(text)
        return arithmetic(operator, left, right, text)

    def _composite(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        kind, body = node.child_by_field_name("type"), node.child_by_field_name("body")
        if kind is None or body is None:
            return unknown(text)
        elements = [e for e in body.named_children if e.type != "comment"]
        if kind.type in ("slice_type", "array_type", "implicit_length_array_type"):
            if any(e.type == "keyed_element" for e in elements):
                return unknown(text)
            return StaticValue(ValueKind.LIST, tuple(self.value(e, depth + 1) for e in elements), text)
        if kind.type == "map_type":
            entries: list[tuple[str, StaticValue]] = []
            for element in elements:
                key = self.value(element.child_by_field_name("key"), depth + 1)
                if key.kind is not ValueKind.STRING:
                    return unknown(text)
                entries.append((key.value, self.value(element.child_by_field_name("value"), depth + 1)))
            return StaticValue(ValueKind.MAPPING, tuple(entries), text)
        return unknown(text)

    def _identifier(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        binder = self._find(text, node)
        if binder is not None:
            return (
                through(self.value(binder.value, depth + 1), text, text)
                if binder.value is not None
                else _error(text)
            )
        path = self._path(node)
        if path is not None:
            member = _member(path, text)
            if member is not None:
                return member
        return _error(text)

    def constant(self, name: str) -> StaticValue | None:
        """A package-level constant of this file, for annotations."""
        for binder in self._all_binders(name):
            if binder.scope.type == "source_file" and binder.value is not None:
                return through(self.value(binder.value), name, name)
        holder, _, member = name.rpartition(".")
        package = self._ours(self._packages.get(holder)) if holder else None
        if package is None:
            package = f"foundation/{holder}" if holder in _MEMBERS else None
        if package is not None:
            return _member(f"{package}.{member}", name)
        # An annotation needs no import, so the names of the packages may stand alone.
        return _member(f"foundation/resilience.{name}", name) if not holder else None

    def _selector(self, node: SyntaxNode, text: str) -> StaticValue:
        operand, field = node.child_by_field_name("operand"), node.child_by_field_name("field")
        if operand is None or field is None:
            return unknown(text)
        holder, member = self._tree.source(operand), self._tree.source(field)
        if member in _UNITS and self._packages.get(holder) == "time":
            return StaticValue(ValueKind.DURATION, _UNITS[member], text)
        path = self._path(node)
        if path is not None:
            found = _member(path, text)
            if found is not None:
                return found
        return _error(text) if holder in self._packages else unknown(text)

    def _call(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return unknown(text)
        values = [self.value(a, depth + 1) for a in arguments.named_children if a.type != "comment"]
        spelled = self._tree.source(function)
        holder, _, name = spelled.rpartition(".")
        if name == "Duration" and self._packages.get(holder) == "time" and len(values) == 1:
            if values[0].kind in (ValueKind.INTEGER, ValueKind.DURATION):
                return StaticValue(ValueKind.DURATION, values[0].value, text)
            return unknown(text)
        if (
            spelled in ("int", "int64", "int32", "uint", "uint32", "uint64", "float64", "os.FileMode")
            and len(values) == 1
        ):
            return (
                replace(values[0], text=text)
                if values[0].kind in (ValueKind.INTEGER, ValueKind.FLOAT)
                else unknown(text)
            )
        if spelled == "[]byte" and len(values) == 1 and values[0].kind is ValueKind.STRING:
            return StaticValue(ValueKind.BYTES, values[0].value, text)
        path = self._path(function)
        last = path.rpartition(".")[2] if path is not None else ""
        if path is not None and (last.lower() in JITTER_KINDS or last in _JITTER):
            return jitter(_JITTER.get(last, last.lower()), values[0] if values else None, text)
        return unknown(text)

    # -- arguments

    def arguments(self, node: SyntaxNode, positional: tuple[str, ...], depth: int = 0) -> Arguments:
        """Positional arguments by the form's list, then option functions as named arguments."""
        direct: list[Argument] = []
        flattened: list[Argument] = []
        is_open = False
        position = 0
        for item in node.named_children:
            if item.type in ("comment", "ERROR"):
                continue
            if item.type == "variadic_argument":
                is_open = True
                continue
            option = self._option(item, depth)
            if option is not None:
                argument, more, opened = option
                direct.append(argument)
                flattened.extend(more)
                is_open = is_open or opened
                continue
            if position < len(positional):
                if positional[position] != "_":
                    name = positional[position]
                    direct.append(
                        Argument(name, "", self.value(item), span(item), span(item), None, position)
                    )
            elif item.type in ("identifier", "call_expression", "selector_expression", "index_expression"):
                # An option that is built elsewhere: `withDefaults()`, `option`.
                is_open = True
            position += 1
        return Arguments((*direct, *flattened), is_open, inside(node))

    def _option(self, item: SyntaxNode, depth: int) -> tuple[Argument, tuple[Argument, ...], bool] | None:
        """`resilience.WithMaxAttempts(3)`; a package other than ours has its own `With...` functions."""
        function = item.child_by_field_name("function") if item.type == "call_expression" else None
        arguments = item.child_by_field_name("arguments") if item.type == "call_expression" else None
        path = self._path(function) if function is not None else None
        if function is None or arguments is None or path is None:
            return None
        name = path.rpartition(".")[2]
        if not name.startswith("With") or len(name) == 4:
            return None
        parameter = snake_case(name[4:])
        field = function.child_by_field_name("field") or function
        values = [v for v in arguments.named_children if v.type != "comment"]
        spread = any(v.type == "variadic_argument" for v in values)
        if parameter == "policy":
            more, opened = self._policy(values[0], depth) if values else ((), True)
            covered = span(values[0]) if values else inside(arguments)
            argument = Argument(
                parameter,
                name,
                unknown(self._tree.source(item)),
                span(item),
                covered,
                span(field),
                policy=True,
            )
            return argument, more, opened
        covered = ByteRange(values[0].start_byte, values[-1].end_byte) if values else inside(arguments)
        text = self._text[covered.start : covered.end].decode("utf-8", "replace")
        if spread:
            value = unknown(text)
        elif parameter in _LISTED or len(values) > 1:
            value = StaticValue(ValueKind.LIST, tuple(self.value(v, depth + 1) for v in values), text)
            if len(values) == 1 and value.value[0].kind is ValueKind.LIST:
                value = value.value[0]
            if parameter == "context" and len(values) == 2 and value.value[0].kind is ValueKind.STRING:
                value = StaticValue(ValueKind.MAPPING, ((value.value[0].value, value.value[1]),), text)
        elif values:
            value = self.value(values[0], depth + 1)
        else:
            value = (
                StaticValue(ValueKind.BOOLEAN, True, "") if parameter in ("strict", "hidden") else unknown("")
            )
        return Argument(parameter, name, value, span(item), covered, span(field)), (), False

    def _policy(self, value: SyntaxNode, depth: int) -> tuple[tuple[Argument, ...], bool]:
        """The fields of a policy literal, followed through a variable that is assigned once."""
        constant: str | None = None
        node = value
        for _ in range(MAX_DEPTH):
            if node.type in ("parenthesized_expression", "unary_expression") and node.named_children:
                node = node.named_children[0]
            elif node.type == "identifier":
                binder = self._find(self._tree.source(node), node)
                if binder is None or binder.value is None:
                    found = self._package_variable(self._tree.source(node))
                    if found is None:
                        return (), True
                    constant, node = constant or self._tree.source(node), found
                    continue
                constant, node = constant or self._tree.source(node), binder.value
            else:
                break
        if node.type != "composite_literal":
            return (), True
        kind = node.child_by_field_name("type")
        path = self._path(kind) if kind is not None else None
        if path is None or not path.endswith("Policy") or depth > MAX_DEPTH:
            return (), True
        inner = nested(self.fields(node, depth + 1), constant)
        return inner.items, inner.open

    def _package_variable(self, name: str) -> SyntaxNode | None:
        """The value of `var policy = resilience.RetryPolicy{...}` when nothing in the file assigns to it."""
        assigned = (
            rb"(?<![\w.])" + re.escape(name.encode()) + rb"(?:\.\w+)*[ \t]*(?:=(?!=)|[-+*/%|&^]=|\+\+|--)"
        )
        for match in re.finditer(assigned, self._text):
            node = self._root.descendant_for_byte_range(match.start(), match.start() + len(name.encode()))
            if node is None or node.parent is None or node.parent.type != "var_spec":
                return None
        for binder in self._all_binders(name):
            spec = binder.node.parent
            values = (
                spec.child_by_field_name("value") if spec is not None and spec.type == "var_spec" else None
            )
            if values is not None and len(values.named_children) == 1 and binder.scope.type == "source_file":
                return values.named_children[0]
        return None

    def fields(self, literal: SyntaxNode, depth: int = 0) -> Arguments:
        """The fields of `resilience.RetryPolicy{MaxAttempts: 5}` as arguments."""
        body = literal.child_by_field_name("body")
        items: list[Argument] = []
        is_open = False
        if body is None:
            return Arguments()
        for element in body.named_children:
            if element.type == "comment":
                continue
            key, value = element.child_by_field_name("key"), element.child_by_field_name("value")
            if element.type != "keyed_element" or key is None or value is None:
                is_open = True
                continue
            spelled = self._tree.source(key)
            held = self.value(value, depth + 1)
            items.append(Argument(snake_case(spelled), spelled, held, span(element), span(value), span(key)))
        return Arguments(tuple(items), is_open, inside(body))

    # -- readings

    def read(self, shape: Shape, captures: dict[str, list[SyntaxNode]]) -> Reading | None:
        """An annotation above a function, a call, or a literal of a policy type."""
        whole = captures["occurrence"][0]
        if shape.form == "annotation":
            return self._annotation(whole, shape)
        name = captures["name"][0]
        operand = name.child_by_field_name("operand") if name.type == "index_expression" else name
        last = (
            (operand or name).child_by_field_name("field")
            or (operand or name).child_by_field_name("name")
            or operand
            or name
        )
        if whole.type == "composite_literal":
            arguments = self.fields(whole)
        else:
            arguments = self.arguments(captures["arguments"][0], shape.positional)
        return Reading(
            shape.form, span(whole), span(last), self._tree.source(name), arguments, self._context(whole)
        )

    def _annotation(self, comment: SyntaxNode, shape: Shape) -> Reading | None:
        match = _ANNOTATION.match(self._text, comment.start_byte)
        line_start = self._text.rfind(b"\n", 0, comment.start_byte) + 1
        if match is None or match.group(1).decode() != shape.positional[0]:
            return None
        if self._text[line_start : comment.start_byte].strip(b" \t\r"):
            return None  # A trailing comment belongs to the statement before it.
        documented = self._documented(comment)
        if documented is None:
            return None
        group_end, target = documented
        name_range = ByteRange(match.start(1) - 1, match.end(1))
        spelled = "@" + shape.positional[0]
        if match.group(2) is None:
            rest = self._text[match.end() : comment.end_byte].strip()
            if rest:
                return None  # Prose that mentions the name: `// @retry wraps the call`.
            return Reading(
                "annotation",
                ByteRange(comment.start_byte, match.end(1)),
                name_range,
                spelled,
                Arguments(),
                target,
            )
        opening = match.end() - 1
        masked = self._unmarked()
        following = _NEXT_ANNOTATION.search(self._text, opening, group_end)
        limit = following.start() if following is not None else group_end
        closes = closing(masked, opening, limit)
        end = closes if closes is not None else comment.end_byte
        parsed = AnnotationParser(masked, opening + 1, end, self.constant).arguments()
        is_open = parsed.open or closes is None
        arguments = Arguments(parsed.items, is_open, ByteRange(opening + 1, end))
        covered = ByteRange(comment.start_byte, end + 1 if closes is not None else end)
        return Reading("annotation", covered, name_range, spelled, arguments, target)

    def _unmarked(self) -> bytes:
        """The document with the marks of line comments blanked; the same length."""
        if self._without_marks is None:
            self._without_marks = _LINE_MARK.sub(lambda m: m.group()[:-2] + b"  ", self._text)
        return self._without_marks

    def _documented(self, comment: SyntaxNode) -> tuple[int, Target] | None:
        """The end of the comment group and the function directly beneath it, if that is what the group documents.

        The lines are read rather than the tree, so that broken code elsewhere does not hide the function.
        """
        group_end = position = comment.end_byte
        passed: list[int] = []
        header: re.Match[bytes] | None = None
        while position not in self._groups:
            passed.append(position)
            line = _NEXT_LINE.match(self._text, position)
            if line is None or line.group("comment") is None:
                header = _FUNCTION.match(self._text, line.start("line")) if line is not None else None
                break
            group_end = position = line.end()
        if position in self._groups:
            group_end, header = self._groups[position]
        # Every annotation of a group has the same function beneath it.
        self._groups.update((place, (group_end, header)) for place in passed)
        return (group_end, self._function_target(header)) if header is not None else None

    def _function_target(self, header: re.Match[bytes]) -> Target:
        name_range = ByteRange(*header.span("name"))
        kind = TargetKind.METHOD if header.group("receiver") is not None else TargetKind.FUNCTION
        node = self._root.descendant_for_byte_range(name_range.start, name_range.end)
        parent = node.parent if node is not None else None
        declared = parent is not None and parent.type in ("function_declaration", "method_declaration")
        covered = span(parent) if parent is not None and declared else ByteRange(header.start(), header.end())
        return Target(kind, header.group("name").decode("utf-8", "replace"), covered, name_range)

    def _context(self, call: SyntaxNode) -> Target:
        node = call
        while node.parent is not None:
            parent = node.parent
            if parent.type in (
                "selector_expression",
                "parenthesized_expression",
                "unary_expression",
                "expression_list",
            ) or (parent.type == "call_expression" and parent.child_by_field_name("function") == node):
                node = parent
            elif parent.type in ("short_var_declaration", "assignment_statement"):
                left = parent.child_by_field_name("left")
                if left is None or left == node:
                    break
                return Target(TargetKind.ASSIGNMENT, self._tree.source(left), span(parent), span(left))
            elif parent.type in ("var_spec", "const_spec"):
                name = parent.child_by_field_name("name")
                if name is None:
                    break
                return Target(TargetKind.ASSIGNMENT, self._tree.source(name), span(parent), span(name))
            else:
                break
        if node.type == "expression_list":
            node = call
        return Target(TargetKind.EXPRESSION, "", span(node))


def _specs(declaration: SyntaxNode) -> Iterable[SyntaxNode]:
    for child in declaration.named_children:
        if child.type == "import_spec":
            yield child
        elif child.type == "import_spec_list":
            yield from (s for s in child.named_children if s.type == "import_spec")


def _scope(node: SyntaxNode) -> SyntaxNode:
    """The block or function that a declaration belongs to."""
    current = node.parent
    last = node
    while current is not None:
        if current.type in _BLOCKS:
            return current
        last, current = current, current.parent
    return last


def _member(path: str, text: str) -> StaticValue | None:
    package, _, name = path.rpartition(".")
    if name in _JITTER and package.endswith("/resilience"):
        return jitter(_JITTER[name], None, text)
    known = _MEMBERS.get(package.rpartition("/")[2], {})
    return StaticValue(ValueKind.SYMBOL, known[name], text) if name in known else None


def _error(text: str) -> StaticValue:
    """An error variable by Go's naming convention, which is what lists of errors hold; anything else is unknown."""
    last = text.rpartition(".")[2]
    named = re.match(r"Err[A-Z]\w*$|err[A-Z]\w*$|\w+Error$|EOF$", last)
    return StaticValue(ValueKind.NAME, last, text) if named else unknown(text)
