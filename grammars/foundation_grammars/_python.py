"""Reading Python: bindings by scope, constants, decorator and call arguments."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Iterable
from dataclasses import dataclass, replace

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
    nested,
    number,
    parse_integer,
    span,
    through,
    unknown,
    word_places,
)
from foundation_grammars.occurrence import (
    Argument,
    ByteRange,
    StaticValue,
    Target,
    TargetKind,
    ValueKind,
)
from foundation_grammars.tree import SyntaxNode, SyntaxTree

_SCOPES = frozenset(
    {
        "module",
        "function_definition",
        "class_definition",
        "lambda",
        "list_comprehension",
        "set_comprehension",
        "dictionary_comprehension",
        "generator_expression",
    }
)
_BRANCHES = frozenset({"try_statement", "if_statement"})
_PATTERNS = frozenset(
    {"pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern", "parenthesized_expression"}
)
_PARAMETERS = frozenset({"parameters", "lambda_parameters"})
_TIMEDELTA = {
    "days": 86_400 * 10**9,
    "seconds": 10**9,
    "microseconds": 10**3,
    "milliseconds": 10**6,
    "minutes": 60 * 10**9,
    "hours": 3_600 * 10**9,
    "weeks": 7 * 86_400 * 10**9,
}
_TIMEDELTA_ORDER = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")


@dataclass(frozen=True, slots=True)
class _Binder:
    """One place that binds a name: `path` for an import, `value` for an assignment, neither for anything else."""

    node: SyntaxNode
    scope: SyntaxNode
    path: str | None = None
    value: SyntaxNode | None = None
    definition: SyntaxNode | None = None


class PythonReader:
    """The bindings, constants and scopes of one Python document; names are looked up as they are asked for."""

    def __init__(self, tree: SyntaxTree) -> None:
        self._tree = tree
        self._text = tree.lines
        self._root = tree.root
        self._binders: dict[str, list[_Binder]] = {}
        self._by_scope: dict[str, dict[int, list[_Binder]]] = {}
        self._star_modules: list[str] | None = None
        self._globals: set[str] = {
            name.decode("utf-8", "replace")
            for keyword in (b"global", b"nonlocal")
            for _, end in word_places(self._text, keyword)
            for line in re.compile(rb"[ \t]+([^\n#;]*)").findall(self._text, end, end + 200)[:1]
            for name in re.findall(rb"\w+", line)
        }

    # -- names

    def resolve(self, name: SyntaxNode, shape: Shape) -> Resolution | None:
        """The dotted path that a name or attribute stands for; `imported=False` when nothing in the file binds it."""
        if shape.derives:
            return self._base(name)
        if shape.form == "import":
            own = self._as_binder(name)
            return Resolution(own.path) if own is not None and own.path is not None else None
        path, bound = self._path(name, 0)
        if path is None:
            return None
        if bound:
            return Resolution(path)
        # A name that is bound anywhere in the file is not missing its import, even where that binding is out of scope.
        if self._stars() or self._all_binders(path.partition(".")[0]):
            return None
        if name.type == "identifier":
            return Resolution(f"foundation.{path}", imported=False)
        return Resolution(path, imported=False)

    def spelled_path(self, spelled: str, node: SyntaxNode, shape: Shape, /) -> Resolution | None:
        """The dotted path that a name stands for, read from its text."""
        head, dot, rest = spelled.replace(" ", "").partition(".")
        binder = self._binder(head, node)
        if binder is not None:
            path = binder.path
            if path is None and binder.value is not None:
                path = self._path(binder.value, 1)[0]
            return Resolution(path + dot + rest) if path is not None else None
        for module in self._stars():
            if _is_ours(module):
                return Resolution(f"{module}.{head}{dot}{rest}")
        if self._stars() or not shape.unimported:
            return None
        return Resolution(f"{head}.{rest}" if dot else f"foundation.{head}", imported=False)

    def _base(self, name: SyntaxNode) -> Resolution | None:
        """The first imported base, in this file, of the class that `name` refers to."""
        current: SyntaxNode | None = name
        for _ in range(MAX_DEPTH):
            binder = self._binder(self._tree.source(current), current) if current is not None else None
            if binder is not None and binder.path is not None:
                return Resolution(binder.path)
            bases = (
                binder.definition.child_by_field_name("superclasses")
                if binder and binder.definition
                else None
            )
            current = None
            for base in bases.named_children if bases is not None else ():
                path, bound = self._path(base, 0)
                if path is not None and bound:
                    return Resolution(path)
                current = base if current is None and base.type == "identifier" else current
        return None

    def _path(self, node: SyntaxNode, depth: int) -> tuple[str | None, bool]:
        if depth > MAX_DEPTH:
            return None, True
        if node.type == "attribute":
            base, member = node.child_by_field_name("object"), node.child_by_field_name("attribute")
            if base is None or member is None:
                return None, True
            path, bound = self._path(base, depth + 1)
            return (f"{path}.{self._tree.source(member)}" if path else None), bound
        if node.type != "identifier":
            return None, True
        name = self._tree.source(node)
        binder = self._binder(name, node)
        if binder is None:
            for module in self._stars():
                if _is_ours(module):
                    return f"{module}.{name}", True
            return name, False
        if binder.path is not None:
            return binder.path, True
        if binder.value is not None and binder.value.type in ("identifier", "attribute"):
            return self._path(binder.value, depth + 1)
        return None, True

    def _stars(self) -> list[str]:
        if self._star_modules is None:
            found = re.findall(rb"from[ \t]+([\w.]+)[ \t]+import[ \t]*\(?[ \t]*\*", self._text)
            self._star_modules = [module.decode("utf-8", "replace") for module in found]
        return self._star_modules

    def _binder(self, name: str, use: SyntaxNode) -> _Binder | None:
        """What binds `name` where `use` stands, following Python's scopes; None when nothing in the file does."""
        binders = self._binders_by_scope(name)
        if not binders:
            return None
        crossed_function = False
        scope = _scope(use)
        first = True
        while scope is not None:
            if scope.type != "class_definition" or first:
                here = binders.get(scope.id, [])
                if not crossed_function and scope.type in ("module", "class_definition"):
                    here = [b for b in here if b.node.start_byte < use.start_byte]
                if here:
                    return _preferred(here)
            crossed_function = crossed_function or scope.type in ("function_definition", "lambda")
            first = False
            parent = scope.parent
            scope = _scope(parent, itself=True) if parent is not None else None
        return None

    def _binders_by_scope(self, name: str) -> dict[int, list[_Binder]]:
        """The binders of a name by the id of their scope: a name such as `self` is bound in hundreds of them."""
        held = self._by_scope.get(name)
        if held is None:
            held = self._by_scope[name] = {}
            for binder in self._all_binders(name):
                held.setdefault(binder.scope.id, []).append(binder)
        return held

    def _all_binders(self, name: str) -> list[_Binder]:
        held = self._binders.get(name)
        if held is None:
            held = self._binders[name] = list(self._find_binders(name))
        return held

    def _find_binders(self, name: str) -> Iterable[_Binder]:
        for start, end in word_places(self._text, name.encode()):
            node = self._root.descendant_for_byte_range(start, end)
            if node is not None and node.type == "identifier":
                binder = self._as_binder(node)
                if binder is not None:
                    yield binder

    def _as_binder(self, node: SyntaxNode) -> _Binder | None:
        parent = node.parent
        if parent is None:
            return None
        match parent.type:
            case "dotted_name":
                return self._import_binder(node, parent)
            case "aliased_import":
                if parent.child_by_field_name("alias") == node:
                    target = parent.child_by_field_name("name")
                    return _Binder(node, _scope(parent), path=self._imported_path(parent, target))
                return None
            case "function_definition" | "class_definition":
                if parent.child_by_field_name("name") == node and parent.parent is not None:
                    return _Binder(node, _scope(parent.parent, itself=True), definition=parent)
                return None
            case "default_parameter" | "typed_default_parameter":
                return _Binder(node, _scope(parent)) if parent.child_by_field_name("name") == node else None
            case "typed_parameter" | "dictionary_splat_pattern":
                return _Binder(node, _scope(parent)) if _in_parameters(parent) else None
            case kind if kind in _PARAMETERS:
                return _Binder(node, _scope(parent))
            case "as_pattern_target" | "case_pattern":
                return _Binder(node, _scope(parent))
            case "named_expression":
                return _Binder(node, _scope(parent)) if parent.child_by_field_name("name") == node else None
            case _:
                return _target_binder(node)

    def _import_binder(self, node: SyntaxNode, dotted: SyntaxNode) -> _Binder | None:
        statement = dotted.parent
        if statement is None:
            return None
        if statement.type == "import_statement" and dotted.named_children[0] == node:
            return _Binder(node, _scope(statement), path=self._tree.source(node))
        if (
            statement.type == "import_from_statement"
            and statement.child_by_field_name("module_name") != dotted
        ):
            return _Binder(node, _scope(statement), path=self._imported_path(statement, dotted))
        if statement.type == "case_pattern":
            return _Binder(node, _scope(statement))
        return None

    def _imported_path(self, node: SyntaxNode, name: SyntaxNode | None) -> str:
        statement = node if node.type == "import_from_statement" else node.parent
        imported = re.sub(r"\s", "", self._tree.source(name)) if name is not None else ""
        if statement is not None and statement.type == "import_from_statement":
            module = statement.child_by_field_name("module_name")
            holder = re.sub(r"[\s\\]", "", self._tree.source(module)) if module is not None else ""
            return f"{holder}.{imported}"
        return imported

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
                if text[-1] in "jJ":
                    return unknown(text)
                found = parse_integer(text)
                return unknown(text) if found is None else StaticValue(ValueKind.INTEGER, found, text)
            case "float":
                try:
                    return number(ValueKind.FLOAT, float(text.replace("_", "")), text)
                except ValueError:
                    return unknown(text)
            case "true" | "false":
                return StaticValue(ValueKind.BOOLEAN, node.type == "true", text)
            case "none":
                return StaticValue(ValueKind.NONE, None, text)
            case "string" | "concatenated_string":
                return self._string(node, text)
            case "parenthesized_expression" | "type":
                inner = node.named_children
                return (
                    replace(self.value(inner[0], depth + 1), text=text) if len(inner) == 1 else unknown(text)
                )
            case "unary_operator":
                operand = self.value(node.child_by_field_name("argument"), depth + 1)
                if operand.kind in (ValueKind.INTEGER, ValueKind.FLOAT) and text[0] in "+-":
                    return replace(
                        operand, value=-operand.value if text[0] == "-" else operand.value, text=text
                    )
                return unknown(text)
            case "binary_operator":
                return self._binary(node, text, depth)
            case "list" | "tuple" | "set":
                return self._list(node.named_children, text, depth)
            case "dictionary":
                return self._mapping(node, text, depth)
            case "identifier":
                return self._name(node, text, depth)
            case "attribute":
                return self._attribute(node, text, depth)
            case "call":
                return self._call(node, text, depth)
            case _:
                return unknown(text)

    def _string(self, node: SyntaxNode, text: str) -> StaticValue:
        parts = node.named_children if node.type == "concatenated_string" else [node]
        if any(p.type == "interpolation" for part in parts for p in part.named_children):
            return unknown(text)
        try:
            value = literal_eval(f"({text})")
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return unknown(text)
        if isinstance(value, str):
            return StaticValue(ValueKind.STRING, value, text)
        return StaticValue(ValueKind.BYTES, value, text) if isinstance(value, bytes) else unknown(text)

    def _binary(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        left = self.value(node.child_by_field_name("left"), depth + 1)
        right = self.value(node.child_by_field_name("right"), depth + 1)
        symbol = node.child_by_field_name("operator")
        operator = symbol.type if symbol is not None else ""
        numbers = {ValueKind.INTEGER, ValueKind.FLOAT}
        if operator in ("/", "//") and left.kind in numbers and right.kind in numbers and right.value:
            try:
                result = left.value / right.value if operator == "/" else left.value // right.value
            except OverflowError:
                return unknown(text)
            return number(ValueKind.FLOAT if isinstance(result, float) else ValueKind.INTEGER, result, text)
        if operator == "+" and left.kind is right.kind is ValueKind.LIST:
            return StaticValue(ValueKind.LIST, (*left.value, *right.value), text)
        return arithmetic(operator, left, right, text)

    def _list(self, items: Iterable[SyntaxNode], text: str, depth: int) -> StaticValue:
        values: list[StaticValue] = []
        for item in items:
            if item.type == "comment":
                continue
            if item.type == "list_splat":
                return unknown(text)
            values.append(self.value(item, depth + 1))
        return StaticValue(ValueKind.LIST, tuple(values), text)

    def _mapping(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        entries: list[tuple[str, StaticValue]] = []
        for pair in node.named_children:
            if pair.type == "comment":
                continue
            key = (
                self.value(pair.child_by_field_name("key"), depth + 1) if pair.type == "pair" else unknown("")
            )
            if key.kind is not ValueKind.STRING:
                return unknown(text)
            entries.append((key.value, self.value(pair.child_by_field_name("value"), depth + 1)))
        return StaticValue(ValueKind.MAPPING, tuple(entries), text)

    def _constant(self, node: SyntaxNode) -> _Binder | None:
        """The only binder of a constant that a name refers to, or None when it is bound twice, or by something else."""
        name = self._tree.source(node)
        binder = self._binder(name, node)
        if binder is None or binder.value is None or name in self._globals:
            return None
        rivals = [b for b in self._all_binders(name) if b.scope == binder.scope]
        return binder if len(rivals) == 1 else None

    def _name(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        constant = self._constant(node)
        if constant is not None:
            return through(self.value(constant.value, depth + 1), text, text)
        binder = self._binder(text, node)
        if binder is None:
            return StaticValue(ValueKind.NAME, text, text) if _names_a_class(text) else unknown(text)
        if binder.path is not None or (
            binder.definition is not None and binder.definition.type == "class_definition"
        ):
            last = binder.path.rpartition(".")[2] if binder.path is not None else text
            return StaticValue(ValueKind.NAME, last, text) if _names_a_class(last) else unknown(text)
        return unknown(text)

    def _attribute(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        base, attribute = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        if base is None or attribute is None:
            return unknown(text)
        member = self._tree.source(attribute)
        path, _ = self._path(base, 0)
        if base.type == "attribute" and path is None:
            path = self._tree.source(base)
        holder = path.rpartition(".")[2] if path is not None else self._tree.source(base)
        if holder == "Jitter" and member.lower() in JITTER_KINDS:
            return jitter(member.lower(), None, text)
        if holder in ENUM_TYPES:
            return StaticValue(ValueKind.SYMBOL, member.lower(), text)
        held = self._class_member(base, member)
        if held is not None:
            return through(self.value(held, depth + 1), text, text)
        # A name that is not a class here is an object whose attributes only the running program knows.
        if path is not None and _names_a_class(member) and not holder[:1].isupper():
            return StaticValue(ValueKind.NAME, member, text)
        return unknown(text)

    def _class_member(self, base: SyntaxNode, member: str) -> SyntaxNode | None:
        """The value of a constant written in the body of a class of this file (`Settings.MAX_TRIES`)."""
        if base.type != "identifier":
            return None
        binder = self._binder(self._tree.source(base), base)
        if binder is None or binder.definition is None or binder.definition.type != "class_definition":
            return None
        found = [b for b in self._all_binders(member) if b.scope == binder.definition]
        assigned = re.search(rb"\." + re.escape(member.encode()) + rb"\s*(?:=(?!=)|[-+*/|&]=)", self._text)
        return found[0].value if len(found) == 1 and assigned is None else None

    def _call(self, node: SyntaxNode, text: str, depth: int) -> StaticValue:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return unknown(text)
        path, _ = self._path(function, 0)
        if path is None:
            return unknown(text)
        last = path.rpartition(".")[2]
        positional: list[StaticValue] = []
        keywords: dict[str, StaticValue] = {}
        for item in arguments.named_children:
            if item.type == "keyword_argument":
                key = item.child_by_field_name("name")
                keywords[self._tree.source(key) if key is not None else ""] = self.value(
                    item.child_by_field_name("value"), depth + 1
                )
            elif item.type in ("list_splat", "dictionary_splat", "generator_expression"):
                return unknown(text)
            elif item.type != "comment":
                positional.append(self.value(item, depth + 1))
        if path in ("datetime.timedelta", "timedelta"):
            return _timedelta(positional, keywords, text)
        if path.rpartition(".")[0].endswith("Jitter") and last.lower() in JITTER_KINDS:
            return jitter(
                last.lower(), keywords.get("ratio") or (positional[0] if positional else None), text
            )
        if path in ("frozenset", "tuple", "list", "set") and not keywords:
            if not positional:
                return StaticValue(ValueKind.LIST, (), text)
            return (
                replace(positional[0], text=text) if positional[0].kind is ValueKind.LIST else unknown(text)
            )
        numeric = len(positional) == 1 and positional[0].kind in (ValueKind.INTEGER, ValueKind.FLOAT)
        if path in ("float", "int") and numeric and not keywords:
            kind = ValueKind.FLOAT if path == "float" else ValueKind.INTEGER
            convert = float if path == "float" else int
            return StaticValue(kind, convert(positional[0].value), text)
        return unknown(text)

    # -- arguments

    def arguments(self, node: SyntaxNode | None, positional: tuple[str, ...], depth: int = 0) -> Arguments:
        """The arguments of a call, policy literals flattened after the direct ones."""
        if node is None:
            return Arguments()
        if node.type != "argument_list":  # A lone generator expression stands in place of the argument list.
            return Arguments((), True, inside(node))
        direct: list[Argument] = []
        flattened: list[Argument] = []
        rest: list[SyntaxNode] = []
        is_open = False
        position = 0
        for item in node.named_children:
            match item.type:
                case "comment" | "ERROR":
                    continue
                case "keyword_argument":
                    argument, more, opened = self._keyword(item, depth)
                    direct.append(argument)
                    flattened.extend(more)
                    is_open = is_open or opened
                case "dictionary_splat":
                    more, opened = self._splat(item, depth)
                    direct.extend(more)
                    is_open = is_open or opened
                case "list_splat":
                    is_open = True
                    position = len(positional)
                case _:
                    name = _positional_name(positional, position)
                    if name.startswith("*"):
                        rest.append(item)
                    elif name != "_":
                        argument, more, opened = self._argument(name, "", item, item, None, position, depth)
                        direct.append(argument)
                        flattened.extend(more)
                        is_open = is_open or opened
                    position += 1
        if rest:
            direct.insert(0, self._rest(positional[-1][1:], rest))
        direct.sort(key=lambda a: a.range)
        return Arguments((*direct, *flattened), is_open, inside(node))

    def _rest(self, name: str, items: list[SyntaxNode]) -> Argument:
        covered = ByteRange(items[0].start_byte, items[-1].end_byte)
        text = self._text[covered.start : covered.end].decode("utf-8", "replace")
        if len(items) == 1:
            single = self.value(items[0])
            if single.kind in (ValueKind.LIST, ValueKind.UNKNOWN):
                return Argument(name, "", single, covered, covered, position=0)
        return Argument(name, "", self._list(items, text, 0), covered, covered, position=0)

    def _keyword(self, item: SyntaxNode, depth: int) -> tuple[Argument, tuple[Argument, ...], bool]:
        name, value = item.child_by_field_name("name"), item.child_by_field_name("value")
        spelled = self._tree.source(name) if name is not None else ""
        return self._argument(spelled, spelled, item, value, name, None, depth)

    def _argument(
        self,
        parameter: str,
        spelled: str,
        whole: SyntaxNode,
        value: SyntaxNode | None,
        name: SyntaxNode | None,
        position: int | None,
        depth: int,
    ) -> tuple[Argument, tuple[Argument, ...], bool]:
        carries = parameter == "policy"
        more, opened = self._policy(value, depth) if carries and value is not None else ((), False)
        argument = Argument(
            parameter,
            spelled,
            self.value(value, depth + 1),
            span(whole),
            span(value) if value is not None else ByteRange(whole.end_byte, whole.end_byte),
            span(name) if name is not None else None,
            position,
            policy=carries,
        )
        return argument, more, opened

    def _policy(self, value: SyntaxNode, depth: int) -> tuple[tuple[Argument, ...], bool]:
        """The arguments of a policy literal, followed through constants; the flag says that some are not visible."""
        constant: str | None = None
        node = value
        for _ in range(MAX_DEPTH):
            if node.type == "parenthesized_expression" and node.named_children:
                node = node.named_children[0]
                continue
            if node.type != "identifier":
                break
            binder = self._constant(node)
            if binder is None or binder.value is None:
                return (), True
            constant = constant or self._tree.source(node)
            node = binder.value
        if node.type == "none":
            return (), False
        function = node.child_by_field_name("function") if node.type == "call" else None
        path = self._path(function, 0)[0] if function is not None else None
        if path is None or not path.endswith("Policy") or depth > MAX_DEPTH:
            return (), True
        inner = nested(self.arguments(node.child_by_field_name("arguments"), (), depth + 1), constant)
        return inner.items, inner.open

    def _splat(self, item: SyntaxNode, depth: int) -> tuple[list[Argument], bool]:
        """`**{"max_attempts": 3}` written in place gives its arguments; any other mapping is not visible."""
        inner = item.named_children[0] if item.named_children else None
        found: list[Argument] = []
        if inner is None or inner.type != "dictionary":
            return found, True
        for pair in inner.named_children:
            key = pair.child_by_field_name("key") if pair.type == "pair" else None
            name = self.value(key) if key is not None else unknown("")
            if key is None or name.kind is not ValueKind.STRING:
                return found, True
            value = pair.child_by_field_name("value")
            argument, _, _ = self._argument(name.value, name.value, pair, value, key, None, depth)
            found.append(argument)
        return found, False

    # -- readings

    def read(self, shape: Shape, captures: dict[str, list[SyntaxNode]]) -> Reading | None:
        """A decorator, a call, a `with` item, a class or an import."""
        name = captures["name"][0]
        whole = captures["occurrence"][0]
        form = shape.form
        last = name.child_by_field_name("attribute") if name.type == "attribute" else None
        last = captures["method"][0] if "method" in captures else last
        if form == "class":
            return self._class(whole, name)
        arguments = self.arguments(
            captures["arguments"][0] if "arguments" in captures else None, shape.positional
        )
        if form == "decorator":
            target = self._decorated(whole)
        elif form == "import":
            target = None
            arguments = Arguments((), True, None)
        else:
            form, target = self._context(whole, form)
        spelled = self._tree.source(name)
        if "method" in captures:
            spelled = f"{spelled}.{self._tree.source(captures['method'][0])}"
        return Reading(form, span(whole), span(last or name), spelled, arguments, target)

    def _class(self, whole: SyntaxNode, base: SyntaxNode) -> Reading | None:
        name = whole.child_by_field_name("name")
        superclasses = whole.child_by_field_name("superclasses")
        if name is None or superclasses is None:
            return None
        target = Target(TargetKind.CLASS, self._tree.source(name), span(whole), span(name))
        covered = ByteRange(whole.start_byte, superclasses.end_byte)
        last = base.child_by_field_name("attribute") if base.type == "attribute" else None
        return Reading("class", covered, span(last or base), self._tree.source(base), Arguments(), target)

    def _decorated(self, decorator: SyntaxNode) -> Target | None:
        parent = decorator.parent
        definition = parent.child_by_field_name("definition") if parent is not None else None
        return self._definition_target(definition) if definition is not None else None

    def _definition_target(self, definition: SyntaxNode) -> Target | None:
        name = definition.child_by_field_name("name")
        if name is None:
            return None
        if definition.type == "class_definition":
            kind = TargetKind.CLASS
        elif definition.children[0].type == "async":
            kind = TargetKind.ASYNC_FUNCTION
        elif _scope(definition).type == "class_definition":
            kind = TargetKind.METHOD
        else:
            kind = TargetKind.FUNCTION
        return Target(kind, self._tree.source(name), span(definition), span(name))

    def _context(self, call: SyntaxNode, form: str) -> tuple[str, Target]:
        """What a call is for: the `with` block, the variable that it is bound to, or the expression that it is in."""
        node = call
        while node.parent is not None:
            parent = node.parent
            match parent.type:
                case "attribute" | "await" | "parenthesized_expression":
                    node = parent
                case "call" if parent.child_by_field_name("function") == node:
                    node = parent
                case "as_pattern" | "with_item" | "with_clause":
                    statement = next((a for a in _upwards(parent) if a.type == "with_statement"), None)
                    if statement is None:
                        break
                    name = next((c for c in parent.named_children if c.type == "as_pattern_target"), None)
                    held = self._tree.source(name) if name is not None else ""
                    form = "context_manager" if node == call else form
                    return form, Target(TargetKind.BLOCK, held, span(statement), span(name) if name else None)
                case "assignment" if parent.child_by_field_name("right") == node:
                    left = parent.child_by_field_name("left")
                    if left is None:
                        break
                    return form, Target(
                        TargetKind.ASSIGNMENT, self._tree.source(left), span(parent), span(left)
                    )
                case _:
                    break
        return form, Target(TargetKind.EXPRESSION, "", span(node))


def _is_ours(module: str) -> bool:
    return module == "foundation" or module.startswith(("foundation.", "provide.foundation"))


def _names_a_class(name: str) -> bool:
    return name[:1].isupper() and not name.isupper()


def _positional_name(positional: tuple[str, ...], position: int) -> str:
    if position < len(positional):
        return positional[position]
    return positional[-1] if positional and positional[-1].startswith("*") else ""


def _timedelta(positional: list[StaticValue], keywords: dict[str, StaticValue], text: str) -> StaticValue:
    total = 0
    for name, value in [*zip(_TIMEDELTA_ORDER, positional, strict=False), *keywords.items()]:
        if name not in _TIMEDELTA or value.kind not in (ValueKind.INTEGER, ValueKind.FLOAT):
            return unknown(text)
        total += round(value.value * _TIMEDELTA[name])
    return StaticValue(ValueKind.DURATION, total, text)


def _upwards(node: SyntaxNode) -> Iterable[SyntaxNode]:
    current: SyntaxNode | None = node
    while current is not None:
        yield current
        current = current.parent


def _scope(node: SyntaxNode, *, itself: bool = False) -> SyntaxNode:
    """The scope that a node is in; with `itself`, the node when it is a scope."""
    current = node if itself else node.parent
    last = node
    while current is not None:
        if current.type in _SCOPES:
            return current
        last, current = current, current.parent
    return last


def _in_parameters(node: SyntaxNode) -> bool:
    return node.parent is not None and node.parent.type in {*_PARAMETERS, "typed_parameter"}


def _target_binder(node: SyntaxNode) -> _Binder | None:
    """A name on the left of an assignment, a loop or an augmented assignment, possibly inside a tuple pattern."""
    inner, parent = node, node.parent
    while parent is not None and parent.type in _PATTERNS:
        if (
            parent.type == "list_splat_pattern"
            and parent.parent is not None
            and parent.parent.type in _PARAMETERS
        ):
            return _Binder(node, _scope(parent))
        inner, parent = parent, parent.parent
    if parent is None:
        return None
    if parent.type not in ("assignment", "augmented_assignment", "for_statement", "for_in_clause"):
        return None
    if parent.child_by_field_name("left") != inner:
        return None
    plain = parent.type == "assignment" and inner == node
    return _Binder(node, _scope(parent), value=parent.child_by_field_name("right") if plain else None)


def _preferred(binders: list[_Binder]) -> _Binder:
    """The last binder, or the branch tried first when the last one is an alternative of a `try` or an `if`."""
    last = binders[-1]
    for earlier in binders[:-1]:
        if earlier.path is None:
            continue
        for branch in _upwards(last.node):
            if branch == last.scope:
                break
            shared = branch.start_byte <= earlier.node.start_byte < branch.end_byte
            if branch.type in _BRANCHES and shared and _arm(branch, earlier.node) != _arm(branch, last.node):
                return earlier
    return last


def _arm(branch: SyntaxNode, node: SyntaxNode) -> int:
    """Which child of a `try` or `if` holds the node."""
    for index, child in enumerate(branch.children):
        if child.start_byte <= node.start_byte and node.end_byte <= child.end_byte:
            return index
    return -1
