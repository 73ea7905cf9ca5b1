"""What a Go file declares: imports, types, signatures, sentinels and constants, before any body is lowered."""

from __future__ import annotations

import bisect
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from foundation_grammars.occurrence import Occurrence
from foundation_grammars.query import find_occurrences
from foundation_grammars.tree import SyntaxNode, SyntaxTree, parse
from foundation_specs.model import LanguageId

from foundation_engine.port.emit._names import snake
from foundation_engine.port.front._go_files import Part, imported_as
from foundation_engine.port.front._go_generics import arguments_of, instance_methods, type_instance
from foundation_engine.port.front._go_prelude import needed
from foundation_engine.port.front._go_types import (
    ANY,
    BOOL,
    BUILDER,
    ERROR,
    MASKS,
    PREDECLARED,
    RUNTIME_SENTINELS,
    RUNTIME_TYPES,
    STRING,
    SYNONYMS,
    UNSIGNED,
    Basic,
    Chan,
    Empty,
    FieldInfo,
    Func,
    FuncInfo,
    GoType,
    Map,
    Named,
    Pointer,
    Sentinel,
    Slice,
    Tuple,
    TypeInfo,
    Types,
    error_class_name,
)
from foundation_engine.port.ir import Delays, Function, Type, Unsupported

_RUNTIME = re.compile(
    r"(?:^|/)foundation/(resilience|errors|logging|config|httpclient|cli|process|files|clock)$"
)
_KINDS = {"struct_type": "struct", "interface_type": "interface", "function_type": "func"}
_VERBS = ("Get", "Head", "Post", "Put", "Patch", "Delete", "Do")
ENUM_ORDER = "An enum's member is told from others by identity; Go allows any value of its underlying type."


@dataclass
class Variable:
    """A package-level constant or variable."""

    name: str
    type: GoType | None
    node: SyntaxNode | None
    const: object = None
    constant: bool = True
    line: int = 0
    ir_type: Type | None = None
    untyped: GoType | None = None  # what a constant without a type is
    iota: int | None = None  # the position in its group of constants


@dataclass
class Package:
    """A file, with what it uses of its package's others, and everything that its bodies may name."""

    tree: SyntaxTree
    parts: tuple[Part, ...] = (Part("", 0, True),)
    name: str = ""
    doc: str = ""
    imports: dict[str, str] = field(default_factory=dict[str, str])
    declared: dict[str, TypeInfo] = field(default_factory=dict[str, TypeInfo])
    functions: dict[str, FuncInfo] = field(default_factory=dict[str, FuncInfo])
    variables: dict[str, Variable] = field(default_factory=dict[str, Variable])
    sentinels: dict[str, Sentinel] = field(default_factory=dict[str, Sentinel])
    declined: list[tuple[SyntaxNode, str, Unsupported]] = field(
        default_factory=list[tuple[SyntaxNode, str, Unsupported]]
    )
    optional: set[str] = field(default_factory=set[str])  # places that may hold nil
    changed: bool = False
    differences: list[str] = field(default_factory=list[str])
    delays: list[Delays] = field(default_factory=list[Delays])
    fresh_fields: set[str] = field(default_factory=set[str])
    waits: set[str] = field(default_factory=set[str])  # limiters that are waited for
    logger: str = ""  # the name of the module's own logger, where something logs without one
    rates_wait: bool = False  # some limiter of the file may be waited for
    assigned: set[str] = field(default_factory=set[str])  # package variables that a function assigns

    marks_permanent: bool = False  # some errors are marked as not to be retried
    decoders: dict[str, Function | None] = field(default_factory=dict[str, Function | None])  # of JSON
    wrapping: set[str] = field(default_factory=set[str])  # errors that wrap what a field holds
    prelude: set[str] = field(default_factory=set[str])  # functions that came along
    source_end: int = 0  # where the file ends and what came along begins
    commands: dict[str, SyntaxNode] = field(
        default_factory=dict[str, SyntaxNode]
    )  # function -> its registration
    generics: dict[str, SyntaxNode] = field(default_factory=dict[str, SyntaxNode])  # functions and types
    generic_methods: dict[str, list[SyntaxNode]] = field(default_factory=dict[str, list[SyntaxNode]])
    instances: dict[tuple[str, tuple[GoType, ...]], FuncInfo] = field(
        default_factory=dict[tuple[str, tuple[GoType, ...]], FuncInfo]
    )
    instances_of_types: dict[tuple[str, tuple[GoType, ...]], str] = field(
        default_factory=dict[tuple[str, tuple[GoType, ...]], str]
    )
    bindings: dict[str, GoType] = field(default_factory=dict[str, GoType])  # of what is being lowered
    written: set[str] = field(default_factory=set[str])  # names of the fields that something assigns
    renamed_fields: dict[str, dict[str, str]] = field(
        default_factory=dict[str, dict[str, str]]
    )  # by struct, the names in the representation of fields that a method has the name of
    unnamed: dict[int, str] = field(default_factory=dict[int, str])  # names given to types without one
    writers: dict[str, set[int]] | None = None  # the parameters whose elements a function assigns
    regex_comments: dict[str, list[str]] = field(
        default_factory=dict[str, list[str]]
    )  # above compiled patterns
    indexed: set[str] = field(
        default_factory=set[str]
    )  # names of which some element is assigned, or which are sliced
    retried: set[str] = field(default_factory=set[str])  # classes that some retry of the file retries
    retrying: set[str] = field(default_factory=set[str])  # functions and methods that may exhaust retries

    def may_exhaust(self, call: SyntaxNode) -> bool:
        """True when a call may give up on retries: of the runtime, or of a function of the file that retries."""
        for n in walk(call):
            if n.type == "call_expression":
                name = self.text(n.children[0]).rpartition(".")[2].partition("[")[0]
                if name in self.retrying or name in ("Retry", "RetryValue"):
                    return True
                if name in _VERBS and "foundation/httpclient" in self.imports.values():
                    return True
        return False

    def __post_init__(self) -> None:
        self.types = Types(self.declared)
        self._begins = [p.before for p in self.parts]
        self._rows = [0, *(m.end() for m in re.finditer(rb"\n", self.tree.text))]
        self.occurrences: dict[int, list[Occurrence]] = {}
        for o in find_occurrences(self.tree):
            self.occurrences.setdefault(o.range.start, []).append(o)

    # The tree

    def text(self, node: SyntaxNode) -> str:
        """The source of a node."""
        return self.tree.source(node)

    def line(self, node: SyntaxNode) -> int:
        """The 1-based line of its file on which a node begins."""
        return self._line_at(node.start_byte)

    def end_line(self, node: SyntaxNode) -> int:
        """The 1-based line of its file on which a node ends."""
        return self._line_at(max(node.end_byte - 1, 0))

    def _line_at(self, at: int) -> int:
        line = bisect.bisect_right(self._rows, at)
        return line - self._part(line).before

    def _part(self, line: int) -> Part:
        return self.parts[bisect.bisect_left(self._begins, line) - 1]

    def part(self, node: SyntaxNode) -> Part:
        """The file in which a node stands."""
        return self._part(bisect.bisect_right(self._rows, node.start_byte))

    def differ(self, sentence: str) -> None:
        """Note an accepted difference in meaning, once."""
        if sentence not in self.differences:
            self.differences.append(sentence)

    def unsupported(self, reason: str, node: SyntaxNode) -> Unsupported:
        """The error for a construct at a node."""
        return Unsupported(reason, self.text(node).split("\n")[0][:120], self.line(node))

    def mark_optional(self, key: str) -> None:
        """A place was seen to hold nil; the bodies are lowered once more."""
        if key and key not in self.optional:
            self.optional.add(key)
            self.changed = True

    def path(self, name: str) -> str | None:
        """The path of an imported package by its local name."""
        return self.imports.get(name)

    # Types

    def type_of(self, node: SyntaxNode) -> GoType:
        """The type that a type expression means; raises Unsupported."""
        match node.type:
            case "type_identifier":
                name = SYNONYMS.get(self.text(node), self.text(node))
                if name in self.bindings:
                    return self.bindings[name]
                if name in self.declared and name not in self.generics:
                    return Named(name)
                if name in PREDECLARED:
                    return Basic(name)
                raise self.unsupported(f"type {name} has no known counterpart", node)
            case "qualified_type":
                package, name = self.text(node).split(".", 1)
                path = self.path(package)
                if path == "context" and name == "Context":
                    return Named("context.Context")
                if path == "bytes" and name == "Buffer":
                    return BUILDER
                return Named(f"{path or package}.{name}")
            case "pointer_type":
                return Pointer(self.type_of(node.named_children[0]))
            case "slice_type":
                return Slice(self.type_of(_child(node, "element")))
            case "array_type":
                return Slice(self.type_of(_child(node, "element")), True, self._size(_child(node, "length")))
            case "implicit_length_array_type":
                return Slice(self.type_of(_child(node, "element")), array=True)
            case "map_type":
                value = _child(node, "value")
                empty = value.type == "struct_type" and not _field_nodes(value)
                return Map(self.type_of(_child(node, "key")), Empty() if empty else self.type_of(value))
            case "struct_type" if not _field_nodes(node):
                return Empty()
            case "struct_type" if node.id in self.unnamed:
                return Named(self.unnamed[node.id])
            case "interface_type" if not node.named_children:
                return Basic("any")
            case "function_type":
                info = self.signature(node, "func")
                return info.type()
            case "parenthesized_type":
                return self.type_of(node.named_children[0])
            case "channel_type":
                return Chan(self.type_of(_child(node, "value")))
            case "generic_type":
                name = self.text(node.named_children[0])
                if node.named_children[0].type == "qualified_type":
                    made = self.type_of(node.named_children[0])
                    if isinstance(made, Named) and made.name in RUNTIME_TYPES:
                        return made
                if name not in self.generics:
                    raise self.unsupported("a generic type of another package", node)
                return Named(type_instance(self, name, [self.type_of(a) for a in arguments_of(node)]))
            case _:
                raise self.unsupported("a type of this kind", node)

    def _size(self, node: SyntaxNode) -> int:
        """The size of an array: a number, or a constant of the file that is one."""
        if node.type == "int_literal":
            return go_int(self.text(node))
        known = self.variables.get(self.text(node))
        if known is not None and known.constant and isinstance(known.const, int):
            return known.const
        for spec in walk(self.tree.root):
            name, value = spec.child_by_field_name("name"), spec.child_by_field_name("value")
            if spec.type != "const_spec" or name is None or value is None:
                continue
            given = value.named_children
            if self.text(name) == self.text(node) and len(given) == 1 and given[0].type == "int_literal":
                return go_int(self.text(given[0]))
        raise self.unsupported("an array whose size is computed", node)

    def visible(self, name: str) -> str:
        """The name in the representation: an unexported one is marked as private, except in a program's main file."""
        return name if name[:1].isupper() or self.name == "main" else f"_{name}"

    def declare_instance(
        self, label: str, spec: SyntaxNode, methods: list[SyntaxNode], types: list[GoType]
    ) -> None:
        """A generic type with its type arguments, which are bound while this runs."""
        node = _child(spec, "type")
        kind = _KINDS.get(node.type, "alias")
        info = TypeInfo(label, kind, spec, line=self.line(spec), local=True, generic=True)
        self.declared[label] = info
        if kind == "struct":
            for f in _field_nodes(node):
                t = self.type_of(_child(f, "type"))
                names = f.children_by_field_name("name")
                if not names:
                    raise self.unsupported("a generic type that embeds another", f)
                for n in names:
                    info.fields[self.text(n)] = FieldInfo(self.text(n), t, "", "", self.line(f))
        elif kind == "interface":
            for m in (x for x in node.named_children if x.type == "method_elem"):
                method = self.signature(m, self.text(_child(m, "name")))
                info.methods[method.name] = replace(method, owner=label, ir_name=method.name)
        else:
            info.underlying = self.type_of(node)
        instance_methods(self, label, methods, types, info)
        info.mutated = any(f in self.written for f in info.fields)

    def signature(self, node: SyntaxNode, name: str) -> FuncInfo:
        """Parameters and results of a function, method, method element, function type or literal."""
        info = FuncInfo(name, name, [], (), line=self.line(node), node=node)
        parameters = node.child_by_field_name("parameters")
        for i, p in enumerate(parameters.named_children if parameters else ()):
            if p.type == "comment":
                continue
            kind = p.child_by_field_name("type")
            if kind is None:
                raise self.unsupported("a parameter without a type", p)
            names = [self.text(n) for n in p.children_by_field_name("name")] or [f"arg{i + 1}"]
            t = self.type_of(kind)
            if t == Named("context.Context"):
                info.context = names[0] if p.children_by_field_name("name") else "_"
                continue
            if p.type == "variadic_parameter_declaration":
                info.variadic = True
                t = Slice(t)
            info.params.extend((n if n != "_" else f"unused{i + 1}", t) for n in names)
        result = node.child_by_field_name("result")
        if result is not None and result.type == "parameter_list":
            results: list[GoType] = []
            labels: list[str] = []
            for p in result.named_children:
                if p.type == "comment":
                    continue
                kind = p.child_by_field_name("type")
                names = [self.text(n) for n in p.children_by_field_name("name")]
                if kind is None:
                    raise self.unsupported("a result without a type", p)
                labels.extend(names)
                results.extend([self.type_of(kind)] * max(1, len(names)))
            info.results, info.result_names = tuple(results), tuple(labels)
        elif result is not None:
            info.results = (self.type_of(result),)
        if ERROR in info.results[:-1]:
            raise self.unsupported("a function with an error that is not its last result", node)
        self._formats(info, node)
        return info

    def _formats(self, info: FuncInfo, node: SyntaxNode) -> None:
        """`func f(format string, args ...any)` that only makes a text of them takes that text."""
        kinds = [t for _, t in info.params[-2:]]
        body = node.child_by_field_name("body")
        if not info.variadic or kinds != [STRING, Slice(ANY)] or body is None or info.name[:1].isupper():
            return
        pattern, values = (n for n, _ in info.params[-2:])
        text = self.text(body)
        uses = [len(re.findall(rf"\b{re.escape(n)}\b", text)) for n in (pattern, values)]
        if uses == [1, 1] and f"fmt.Sprintf({pattern}, {values}...)" in text:
            info.params.pop()
            info.variadic, info.formats = False, True


def _child(node: SyntaxNode, name: str) -> SyntaxNode:
    found = node.child_by_field_name(name)
    if found is None:
        raise Unsupported(f"a {node.type} without {name}")
    return found


def _field_nodes(struct: SyntaxNode) -> list[SyntaxNode]:
    return [f for c in struct.named_children for f in c.named_children if f.type == "field_declaration"]


def walk(node: SyntaxNode) -> Iterator[SyntaxNode]:
    """The node and everything named below it, in the order of the source."""
    waiting = [node]
    while waiting:
        at = waiting.pop()
        yield at
        waiting.extend(reversed(at.named_children))


def read_package(text: str, parts: tuple[Part, ...] = (Part("", 0, True),)) -> Package:
    """Parse a file, or joined `parts`, and collect the declarations. Raises SyntaxError when it does not parse."""
    tree = parse(text.encode(), LanguageId.GO)
    keys = [
        key.start_byte
        for n in walk(tree.root)
        if n.type == "type_instantiation_expression" and n.named_children[0].type == "generic_type"
        for key in (*arguments_of(n.named_children[0]), *n.named_children[1:])
    ]
    if keys and not tree.errors:
        # The grammar takes an element of an element, `m[p.x][p.y]`, for types; a sign, which means nothing, helps.
        data = bytearray(text.encode())
        for at in sorted(keys, reverse=True):
            data[at:at] = b"+"
        return read_package(data.decode(), parts)
    if tree.errors:
        line = tree.text[: tree.errors[0].start].count(b"\n") + 1
        error = SyntaxError("this is not Go")
        error.lineno = line
        raise error
    package = Package(tree, parts)
    _Reader(package).read()
    extra = [f for f in needed(text, package.imports) if f.name not in package.functions]
    if extra:
        whole = text + "".join(f.source for f in extra)
        imports = dict(package.imports)
        package = Package(parse(whole.encode(), LanguageId.GO), parts, prelude={f.name for f in extra})
        package.imports.update(
            {path: path for f in extra for path in f.imports if path not in imports.values()}
        )
        _Reader(package).read()
    package.source_end = len(text.encode())
    return package


class _Reader:
    """The first sweep over a file."""

    def __init__(self, package: Package) -> None:
        self.p = package

    def read(self) -> None:
        p = self.p
        root = p.tree.root
        for n in root.named_children:
            if n.type == "package_clause":
                p.name = p.text(n.named_children[0])
            elif n.type == "import_declaration":
                for spec in walk(n):
                    if spec.type == "import_spec":
                        self._import(spec)
        specs = [
            s
            for n in walk(root)
            if n.type == "type_declaration"
            for s in n.named_children
            if s.type in ("type_spec", "type_alias")
        ]
        twice = Counter(p.text(_child(s, "name")) for s in specs)
        for s in specs:
            name = p.text(_child(s, "name"))
            local = s.parent is not None and s.parent.parent is not None and s.parent.parent.id != root.id
            if s.child_by_field_name("type_parameters") is not None:
                p.generics[name] = s
            elif not local or twice[name] == 1:
                kind = self._kind(_child(s, "type"))
                p.declared[name] = TypeInfo(name, kind, s, line=p.line(s), local=local)
        specs = [i.node for i in p.declared.values()]
        self._unnamed_structs()
        for s in specs:
            self._guard(s, p.text(_child(s, "name")), self._type)
        self._embedded_interfaces()
        self._methods()
        for n in root.named_children:
            if n.type == "function_declaration":
                self._guard(n, p.text(_child(n, "name")), self._function)
        self._constants()
        self._usage()

    def _unnamed_structs(self) -> None:
        """A struct that a variable declares in place is a type of this file, named after the variable."""
        p = self.p
        for n in walk(p.tree.root):
            if n.type not in ("var_spec", "short_var_declaration"):
                continue
            name = n.child_by_field_name("name") or n.child_by_field_name("left")
            structs = [s for s in walk(n) if s.type == "struct_type" and _field_nodes(s)]
            inside = any(x.type == "func_literal" for x in walk(n))
            if len(structs) != 1 or name is None or inside or not re.fullmatch(r"\w+", p.text(name)):
                continue
            base = p.text(name)[:1].lower() + p.text(name)[1:]
            singular = base[:-1] if base.endswith("s") and not base.endswith("ss") and len(base) > 3 else base
            label, used = f"{singular}Entry", p.text(p.tree.root)
            if re.search(rf"\b{label}\b", used) or label in p.declared:
                continue
            struct = structs[0]
            p.unnamed[struct.id] = label
            info = TypeInfo(label, "struct", struct, line=p.line(struct), local=True)
            p.declared[label] = info
            try:
                for f in _field_nodes(struct):
                    t = p.type_of(_child(f, "type"))
                    for field_name in f.children_by_field_name("name"):
                        info.fields[p.text(field_name)] = FieldInfo(p.text(field_name), t, line=p.line(f))
            except Unsupported:
                del p.declared[label], p.unnamed[struct.id]

    def _guard(self, node: SyntaxNode, name: str, action: object) -> None:
        try:
            action(node)  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
        except Unsupported as why:
            self.p.declined.append((node, name, why))
            self.p.declared.pop(name, None)

    def _import(self, spec: SyntaxNode) -> None:
        p = self.p
        path = p.text(_child(spec, "path")).strip('"`')
        m = _RUNTIME.search(path)
        if m is not None:
            path = f"foundation/{m[1]}"
        given = spec.child_by_field_name("name")
        p.imports[p.text(given) if given is not None else imported_as(path)] = path

    def _kind(self, node: SyntaxNode) -> str:
        return _KINDS.get(node.type, "alias")

    def _type(self, spec: SyntaxNode) -> None:
        p = self.p
        info = p.declared[p.text(_child(spec, "name"))]
        node = _child(spec, "type")
        if info.kind == "struct":
            for f in _field_nodes(node):
                names = f.children_by_field_name("name")
                t = p.type_of(_child(f, "type"))
                if not names:
                    self._embed(info, f, t)
                    continue
                tag = f.child_by_field_name("tag")
                doc = self._trailing(f)
                for n in names:
                    info.fields[p.text(n)] = FieldInfo(
                        p.text(n), t, p.text(tag)[1:-1] if tag is not None else "", doc, p.line(f)
                    )
        elif info.kind == "interface":
            for m in node.named_children:
                if m.type == "comment":
                    continue
                if m.type == "type_elem" and p.text(m) in p.declared:
                    info.embeds.append(p.text(m))
                    continue
                if m.type != "method_elem":
                    raise p.unsupported("an interface that lists types", m)
                method = p.signature(m, p.text(_child(m, "name")))
                method.owner, method.ir_name = info.name, method.name
                info.methods[method.name] = method
        else:
            info.underlying = p.type_of(node)

    def _embed(self, info: TypeInfo, node: SyntaxNode, t: GoType) -> None:
        """An embedded struct or interface is a field of its type's name."""
        p = self.p
        bare = t.elem if isinstance(t, Pointer) else t
        if p.text(node).lstrip().startswith("*"):
            t = Pointer(t)
        if not isinstance(bare, Named):
            raise p.unsupported("an embedded type of this kind", node)
        name = bare.name.rpartition(".")[2]
        info.fields[name] = FieldInfo(name, t, "", self._trailing(node), p.line(node), embedded=True)

    def _embedded_interfaces(self) -> None:
        """An interface has the methods of those that it embeds."""
        p = self.p
        grown = True
        while grown:
            grown = False
            for info in p.declared.values():
                for name in info.embeds:
                    other = p.declared.get(name)
                    for m in (
                        other.methods.values() if other is not None and other.kind == "interface" else ()
                    ):
                        if m.name not in info.methods:
                            info.methods[m.name] = replace(m, owner=info.name)
                            grown = True
        for info in [i for i in p.declared.values() if i.embeds]:
            if any(n not in p.declared or p.declared[n].kind != "interface" for n in info.embeds):
                why = p.unsupported("an interface that embeds something that is not ported", info.node)
                p.declined.append((info.node, info.name, why))
                del p.declared[info.name]

    def _trailing(self, node: SyntaxNode) -> str:
        after = node.next_named_sibling
        if after is not None and after.type == "comment" and self.p.line(after) == self.p.end_line(node):
            return self.p.text(after).lstrip("/").strip()
        return ""

    def _methods(self) -> None:
        p = self.p
        for n in p.tree.root.named_children:
            if n.type != "method_declaration":
                continue
            receiver = _child(n, "receiver").named_children[0]
            name = p.text(_child(n, "name"))
            try:
                kind = _child(receiver, "type")
                pointer = kind.type == "pointer_type"
                named = kind.named_children[0] if pointer else kind
                if named.type == "generic_type" and p.text(named.named_children[0]) in p.generics:
                    p.generic_methods.setdefault(p.text(named.named_children[0]), []).append(n)
                    continue
                owner = p.text(named)
                if owner not in p.declared:
                    raise p.unsupported(f"a method of {owner}, which is not ported", n)
                info = p.signature(n, name)
                label = receiver.child_by_field_name("name")
                info.receiver = p.text(label) if label is not None else "_"
                info.owner, info.pointer = owner, pointer
                info.ir_name = p.visible(name)
                p.declared[owner].methods[name] = info
            except Unsupported as why:
                p.declined.append((n, f"{p.text(receiver)}.{name}", why))
        for info in p.declared.values():
            error = info.methods.get("Error")
            if info.kind == "struct" and error is not None and error.results == (Basic("string"),):
                info.kind = "error"
                unwrap = info.methods.get("Unwrap")
                if (
                    unwrap is not None
                    and unwrap.node is not None
                    and "." in p.text(_child(unwrap.node, "body"))
                ):
                    p.wrapping.add(info.name)

    def _function(self, n: SyntaxNode) -> None:
        p = self.p
        name = p.text(_child(n, "name"))
        if n.child_by_field_name("type_parameters") is not None:
            p.generics[name] = n
            return
        if name == "init":
            raise p.unsupported("an init function", n)
        info = p.signature(n, name)
        info.ir_name = p.visible(name)
        p.functions[name] = info
        alike = next(
            (f for f in p.functions.values() if f is not info and snake(f.name) == snake(name)), None
        )
        if alike is not None:
            # Other languages write both names alike: the one that only this file sees is told apart.
            inner = info if alike.name[:1].isupper() else alike
            inner.ir_name = p.visible(f"{inner.name}Inner")
            if inner.name[:1].isupper() or f"{inner.name}Inner" in p.functions:
                raise p.unsupported("two functions whose names differ only in case", n)

    # Constants and variables

    def _constants(self) -> None:
        p = self.p
        for n in p.tree.root.named_children:
            if n.type == "const_declaration":
                self._const_block(n)
            elif n.type == "var_declaration":
                for spec in walk(n):
                    if spec.type == "var_spec":
                        self._var(spec)
        # Error values that wrap another are classes below it.
        for s in p.sentinels.values():
            if s.base in p.sentinels:
                s.base = p.sentinels[s.base].cls

    def _const_block(self, block: SyntaxNode) -> None:
        p = self.p
        kind: GoType | None = None
        values: list[SyntaxNode] = []
        for i, spec in enumerate(s for s in block.named_children if s.type == "const_spec"):
            given = spec.child_by_field_name("value")
            if given is not None:
                values = [v for v in given.named_children if v.type != "comment"]
                t = spec.child_by_field_name("type")
                try:
                    kind = p.type_of(t) if t is not None else None
                except Unsupported as why:
                    p.declined.append((spec, p.text(spec.children_by_field_name("name")[0]), why))
                    continue
            for name_node, value in zip(spec.children_by_field_name("name"), values, strict=False):
                name = p.text(name_node)
                try:
                    const = self._constant_value(value, i)
                except RecursionError:
                    const = None
                if name == "_":
                    continue
                p.variables[name] = Variable(name, kind, value, const, True, p.line(spec), iota=i)
                info = p.declared.get(kind.name) if isinstance(kind, Named) else None
                if info is not None and info.kind in ("alias", "enum") and isinstance(const, str | int):
                    member = _member(name, info.name)
                    info.members[name] = member
                    info.values[member] = const
        for info in p.declared.values():
            if info.kind == "alias" and len(info.members) > 1 and not self._converted(info):
                info.kind = "enum"

    def _converted(self, info: TypeInfo) -> bool:
        """True when values of the type are made or computed other than by its constants."""
        p = self.p
        base = p.types.underlying(info.underlying) if info.underlying is not None else None
        if not isinstance(base, Basic):
            return True
        for n in walk(p.tree.root):
            if n.type == "call_expression" and p.text(n.children[0]) == info.name:
                return True
        return len(set(info.values.values())) != len(info.values)

    def _constant_value(self, node: SyntaxNode, iota: int) -> object:
        """The value of a constant expression, None when it is not known here."""
        p = self.p
        match node.type:
            case "int_literal":
                return go_int(p.text(node))
            case "float_literal":
                return float(p.text(node).replace("_", ""))
            case "interpreted_string_literal" | "raw_string_literal":
                return _text(p.text(node))
            case "rune_literal":
                return None
            case "iota":
                return iota
            case "true" | "false":
                return node.type == "true"
            case "parenthesized_expression":
                return self._constant_value(node.named_children[0], iota)
            case "identifier":
                known = p.variables.get(p.text(node))
                return known.const if known is not None and known.constant else None
            case "unary_expression" if p.text(node).startswith("-"):
                inner = self._constant_value(node.named_children[0], iota)
                return -inner if isinstance(inner, int | float) and not isinstance(inner, bool) else None
            case "binary_expression":
                left = self._constant_value(_child(node, "left"), iota)
                right = self._constant_value(_child(node, "right"), iota)
                return _fold(p.text(_child(node, "operator")), left, right)
            case _:
                return None

    def _var(self, spec: SyntaxNode) -> None:
        p = self.p
        names = [p.text(n) for n in spec.children_by_field_name("name")]
        values = spec.child_by_field_name("value")
        given = [v for v in values.named_children if v.type != "comment"] if values is not None else []
        kind = spec.child_by_field_name("type")
        for i, name in enumerate(names):
            node = given[i] if i < len(given) else None
            sentinel = self._sentinel(name, node, p.line(spec)) if node is not None else None
            if sentinel is not None:
                p.sentinels[name] = sentinel
                continue
            try:
                t = p.type_of(kind) if kind is not None else None
            except Unsupported as why:
                p.declined.append((spec, name, why))
                continue
            p.variables[name] = Variable(name, t, node, None, False, p.line(spec))

    def _sentinel(self, name: str, node: SyntaxNode, line: int) -> Sentinel | None:
        p = self.p
        if node.type != "call_expression":
            return None
        function = p.text(_child(node, "function"))
        package, _, called = function.partition(".")
        path = p.imports.get(package, "")
        arguments = [a for a in _child(node, "arguments").named_children if a.type != "comment"]
        if not arguments or not arguments[0].type.endswith("string_literal"):
            return None
        text = _text(p.text(arguments[0]))
        if text is None:
            return None
        if called == "New" and path in ("errors", "foundation/errors") and len(arguments) == 1:
            return Sentinel(name, error_class_name(name), text, line=line)
        if called == "Errorf" and path == "fmt":
            if len(arguments) == 1 and "%" not in text:
                return Sentinel(name, error_class_name(name), text, line=line)
            if len(arguments) == 2 and text.count("%") == 1 and "%w" in text:
                below = p.text(arguments[1])
                base = p.sentinels.get(below)
                if base is not None:
                    return Sentinel(
                        name, error_class_name(name), text.replace("%w", base.message), below, line=line
                    )
        return None

    # How things are used in the whole file

    def _usage(self) -> None:
        p = self.p
        for n in walk(p.tree.root):
            if n.type in ("assignment_statement", "inc_statement", "dec_statement"):
                left = n.child_by_field_name("left") or n
                for target in left.named_children:
                    if target.type == "identifier" and p.text(target) in p.variables:
                        p.assigned.add(p.text(target))
            elif n.type == "call_expression":
                function = n.child_by_field_name("function")
                if function is not None and p.text(function).endswith(".RegisterCommand"):
                    given = [a for a in _child(n, "arguments").named_children if a.type != "comment"]
                    if len(given) > 1 and given[1].type == "identifier":
                        p.commands[p.text(given[1])] = n
                if function is not None and function.type == "selector_expression":
                    called = p.text(_child(function, "field"))
                    p.rates_wait = p.rates_wait or called in ("Wait", "WaitN")
                    if called == "Wait":
                        p.waits.add(p.text(_child(function, "operand")).rpartition(".")[2])
        self._mutations()
        self._retries()

    def _retries(self) -> None:
        """Which classes the file's retries retry, and which functions may give up on them."""
        p = self.p
        found = [o for items in p.occurrences.values() for o in items if o.pattern_id == "retry_with_backoff"]
        for o in found:
            given = o.argument("retryable")
            names = (
                [str(v.value) for v in given.value.value] if given is not None and given.value.known else []
            )
            p.retried |= {
                RUNTIME_SENTINELS.get(n, p.sentinels[n].cls if n in p.sentinels else n) for n in names
            }
            if given is None or not given.value.known or o.argument("retry_if") is not None:
                p.retried |= {"NetworkError", "TimeoutError", "ServiceUnavailable"}
                if o.argument("retry_if") is not None:
                    p.retried |= {s.cls for s in p.sentinels.values()} | set(p.declared)
        if p.retried:
            p.retried |= {"FoundationError", "Exception"}
        if "foundation/httpclient" in p.imports.values():
            p.retried |= {
                "HttpError",
                "HttpStatusError",
                "NetworkError",
                "TimeoutError",
                "FoundationError",
                "Exception",
            }
        functions = list(p.functions.values()) + [m for t in p.declared.values() for m in t.methods.values()]
        for o in found:
            if o.target is not None and o.form.value == "annotation":
                p.retrying.add(o.target.name)
        grown = True
        while grown:
            grown = False
            for f in functions:
                body = f.node.child_by_field_name("body") if f.node is not None else None
                if body is not None and f.name not in p.retrying and p.may_exhaust(body):
                    p.retrying.add(f.name)
                    grown = True

    def _mutations(self) -> None:
        """Which structs have a field assigned after they were made, by the names of the fields."""
        p = self.p
        changed: set[str] = set()
        for n in walk(p.tree.root):
            targets: list[SyntaxNode] = []
            if n.type == "assignment_statement":
                targets = list(_child(n, "left").named_children)
            elif n.type in ("inc_statement", "dec_statement"):
                targets = [n.named_children[0]]
            for t in targets:
                while t.type == "parenthesized_expression":
                    t = t.named_children[0]
                if t.type == "selector_expression":
                    changed.add(p.text(_child(t, "field")))
                elif t.type == "index_expression":
                    p.indexed |= _holders(p, t)
            if n.type == "slice_expression" or (n.type == "unary_expression" and p.text(n).startswith("&")):
                p.indexed |= _holders(p, n)
        p.written = changed
        for info in p.declared.values():
            info.mutated = any(
                name in changed or (p.types.is_array(f.type) and name in p.indexed)
                for name, f in info.fields.items()
            )
        grown = True
        while grown:
            # A struct that holds one which changes changes with it.
            grown = False
            for info in p.declared.values():
                held = [
                    p.declared.get(f.type.name) for f in info.fields.values() if isinstance(f.type, Named)
                ]
                if not info.mutated and any(h is not None and h.mutated for h in held):
                    info.mutated = grown = True


def _holders(p: Package, node: SyntaxNode) -> set[str]:
    """The names of the variables and fields that an element, a part or a pointer is taken of."""
    found: set[str] = set()
    at = node
    while at.type in ("index_expression", "slice_expression", "unary_expression", "parenthesized_expression"):
        at = at.named_children[0]
        if at.type == "selector_expression":
            found.add(p.text(_child(at, "field")))
        elif at.type == "identifier":
            found.add(p.text(at))
    return found


def go_int(text: str) -> int:
    """The value of an integer literal."""
    plain = text.replace("_", "").lower()
    if plain.startswith("0") and len(plain) > 1 and plain[1].isdigit():
        return int(plain, 8)
    return int(plain, 0)


_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "\\": "\\",
    '"': '"',
    "'": "'",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
}


def go_string(text: str) -> str:
    """The value of a string or rune literal; raises Unsupported for bytes that are not text."""
    if text.startswith("`"):
        return text[1:-1].replace("\r", "")
    body = text[1:-1]

    def one(m: re.Match[str]) -> str:
        escape = m[0][1:]
        if escape in _ESCAPES:
            return _ESCAPES[escape]
        value = int(escape[1:], 16) if escape[0] in "uUx" else int(escape, 8)
        if value > 127 and escape[0] not in "uU":
            raise Unsupported("a string literal that is not text", text)
        return chr(value)

    return re.sub(r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-7]{3}|.)", one, body)


def _text(text: str) -> str | None:
    """The value of a string literal, None for bytes that are not text."""
    try:
        return go_string(text)
    except Unsupported:
        return None


def _member(constant: str, type_name: str) -> str:
    """`StatusPending` of `Status` is `Pending`; `PriorityHigh` of `TaskPriority` is `High` too."""
    if constant.startswith(type_name) and constant != type_name:
        return constant[len(type_name) :]
    if constant.lower().startswith(type_name.lower()) and len(constant) > len(type_name):
        return constant[len(type_name) :]
    for i in range(1, len(type_name)):
        if type_name[i].isupper() and constant.startswith(type_name[i:]) and constant != type_name[i:]:
            return constant[len(type_name) - i :]
    return constant


def _fold(op: str, a: object, b: object) -> object:
    if not isinstance(a, int | float | str) or not isinstance(b, int | float | str):
        return None
    if isinstance(a, bool) or isinstance(b, bool):
        return None
    if isinstance(a, str) or isinstance(b, str):
        return a + b if op == "+" and isinstance(a, str) and isinstance(b, str) else None
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/" if b:
            if isinstance(a, int) and isinstance(b, int):
                return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
            return a / b
        case "<<" if isinstance(a, int) and isinstance(b, int) and 0 <= b < 64:
            return a << b
        case ">>" if isinstance(a, int) and isinstance(b, int) and 0 <= b < 64:
            return a >> b
        case "|" if isinstance(a, int) and isinstance(b, int):
            return a | b
        case _:
            return None


__all__ = [
    "BOOL", "MASKS", "UNSIGNED", "Func", "Package", "Tuple", "Variable", "go_int", "go_string", "read_package", "walk",
]  # fmt: skip
