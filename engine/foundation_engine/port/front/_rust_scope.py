"""What the Rust front end knows of a file before it lowers bodies: imports, types, signatures, comments, patterns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from foundation_grammars.occurrence import Occurrence
from foundation_grammars.query import find_occurrences
from foundation_grammars.tree import SyntaxNode, SyntaxTree, parse
from foundation_specs.model import LanguageId

from foundation_engine.port import ir
from foundation_engine.port.front import _rust_types as rt
from foundation_engine.port.front._reading import Comments
from foundation_engine.port.front._rust_types import RType
from foundation_engine.port.ir import Unsupported

COMMENTS = frozenset({"line_comment", "block_comment"})
_INTS = frozenset({"i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize"})
# Types that a value is made in with `new` or `from`, and that mean the value itself here.
WRAPPERS = frozenset({"Box", "Arc", "Rc", "Mutex", "RwLock", "RefCell", "Cell"})
_TRANSPARENT = WRAPPERS | {"Cow", "LazyLock", "OnceLock", "Lazy", "OnceCell"}
# Types of our runtime that stay objects in the representation.
RUNTIME_TYPES: Mapping[str, str] = {
    "CircuitBreaker": "CircuitBreaker", "RateLimiter": "RateLimiter", "RetryPolicy": "RetryPolicy",
    "Logger": "Logger", "HttpClient": "HttpClient", "ProcessResult": "ProcessResult",
}  # fmt: skip
# The crate's error variants and constructors, and their classes.
RUNTIME_VARIANTS: Mapping[str, str] = {
    "Network": "NetworkError", "Timeout": "TimeoutError", "ServiceUnavailable": "ServiceUnavailable",
    "Authentication": "AuthenticationError", "Validation": "ValidationError", "Configuration": "ConfigurationError",
    "Cancelled": "CancelledError", "MaxRetriesExceeded": "MaxRetriesExceeded", "CircuitOpen": "CircuitOpenError",
    "RateLimitExceeded": "RateLimitExceeded", "Process": "ProcessError", "ProcessTimeout": "ProcessTimeoutError",
    "Http": "HttpError", "HttpStatus": "HttpStatusError",
}  # fmt: skip
RUNTIME_CONSTRUCTORS: Mapping[str, str] = {
    "network": "NetworkError", "timeout": "TimeoutError", "service_unavailable": "ServiceUnavailable",
    "authentication": "AuthenticationError", "validation": "ValidationError", "http": "HttpError",
}  # fmt: skip


@dataclass
class Signature:
    """What a call of a function of this file needs to know; `receiver` is "", "&", "&mut" or "self"."""

    params: list[tuple[str, RType]]
    result: RType
    receiver: str = ""
    is_async: bool = False
    mutable: list[bool] = field(default_factory=list[bool])  # parameters that are `&mut`
    rename: str = ""  # the name in the representation, when it is another


@dataclass
class Struct:
    """A struct of this file."""

    node: SyntaxNode
    fields: dict[str, RType] = field(default_factory=dict[str, RType])
    private: set[str] = field(default_factory=set[str])
    methods: dict[str, Signature] = field(default_factory=dict[str, Signature])
    derives: set[str] = field(default_factory=set[str])
    generics: dict[str, RType] = field(default_factory=dict[str, RType])
    init: SyntaxNode | None = None  # the function `new` that became the initialiser
    frozen: bool = True
    display: bool = False
    union: bool = False  # an enum whose variants hold values, as an object with a kind and the fields of all
    positional: bool = False  # its fields have numbers in the source

    def member(self, name: str) -> str:
        """The name of a field, which the source may give by its number."""
        names = list(self.fields)
        return names[int(name)] if self.positional and name.isdigit() and int(name) < len(names) else name


@dataclass
class Variant:
    """A variant of an enum: its fields by name (positions are "0", "1"... in `positional` ones)."""

    name: str
    fields: list[tuple[str, RType]]
    positional: bool = False
    value: int | None = None
    error: str = ""  # the error class it became; for a transparent variant, ""
    transparent: bool = False
    source: RType | None = None  # what `From` turns into this variant
    held: list[str] = field(default_factory=list[str])  # where a union keeps each of its fields


@dataclass
class Enum:
    """An enum of this file; `kind` is plain, error or data."""

    node: SyntaxNode
    variants: dict[str, Variant] = field(default_factory=dict[str, Variant])
    kind: str = "plain"
    methods: dict[str, Signature] = field(default_factory=dict[str, Signature])
    derives: set[str] = field(default_factory=set[str])
    display: bool = False


@dataclass
class Trait:
    """A trait of this file."""

    node: SyntaxNode
    methods: dict[str, Signature] = field(default_factory=dict[str, Signature])
    bodies: dict[str, SyntaxNode] = field(default_factory=dict[str, SyntaxNode])  # of its default methods


# The operators of a type of the file by the methods that say what they do.
OPERATOR_TRAITS: Mapping[str, tuple[str, str]] = {
    "Add": ("+", "add"), "Sub": ("-", "sub"), "Mul": ("*", "mul"), "Div": ("/", "div"), "Rem": ("%", "rem"),
    "AddAssign": ("+=", "add_assign"), "SubAssign": ("-=", "sub_assign"), "MulAssign": ("*=", "mul_assign"),
}  # fmt: skip


def code_children(node: SyntaxNode) -> list[SyntaxNode]:
    """The named children that are not comments."""
    return [c for c in node.named_children if c.type not in COMMENTS]


def closure_parameters(params: SyntaxNode) -> list[SyntaxNode]:
    """The parameters of a closure, `_` included."""
    return [c for c in params.children if c.type not in COMMENTS and c.type not in ("|", "||", ",")]


def walk(node: SyntaxNode) -> Iterator[SyntaxNode]:
    """The node and everything below it."""
    todo = [node]
    while todo:
        at = todo.pop()
        yield at
        todo.extend(reversed(at.children))


class Scope:
    """Names of the file as later lowering sees them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.bytes = text.encode()
        self.tree: SyntaxTree = parse(self.bytes, LanguageId.RUST)
        self._starts = [0]
        for i, b in enumerate(self.bytes):
            if b == 10:
                self._starts.append(i + 1)
        self.uses: dict[str, str] = {}
        self.globs: list[str] = []
        self.structs: dict[str, Struct] = {}
        self.enums: dict[str, Enum] = {}
        self.traits: dict[str, Trait] = {}
        self.aliases: dict[str, SyntaxNode] = {}
        self.functions: dict[str, Signature] = {}
        self.consts: dict[str, RType] = {}
        self.statics: set[str] = set()
        self.const_values: dict[str, SyntaxNode] = {}  # the values of constants of type Duration
        self.differences: list[str] = []
        # By struct, the names in the representation of fields that a method has the name of.
        self.renamed_fields: dict[str, dict[str, str]] = {}
        self.error_structs: set[str] = set()
        self.error_nodes: dict[str, SyntaxNode] = {}
        self.error_fields: dict[str, dict[str, RType]] = {}
        self.error_constructors: dict[tuple[str, str], Signature] = {}
        # Errors that From turns into another error without keeping them, by the type that they become.
        self.lossy: dict[str, list[RType]] = {}
        self.class_names: dict[str, str] = {}  # names of error variants, and the classes they became
        self.fragments: list[SyntaxNode] = []  # kept, because nodes are told apart by their ids
        self.comments = self._read_comments()
        self.occurrences: dict[int, list[Occurrence]] = {}
        for o in find_occurrences(self.tree):
            self.occurrences.setdefault(o.range.start, []).append(o)

    # Text

    def src(self, node: SyntaxNode) -> str:
        """The source text of a node."""
        return self.bytes[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def line(self, node: SyntaxNode) -> int:
        """The 1-based line on which a node begins."""
        return self.line_at(node.start_byte)

    def line_at(self, offset: int) -> int:
        """The 1-based line of a byte offset."""
        import bisect

        return bisect.bisect_right(self._starts, offset)

    def end_line(self, node: SyntaxNode) -> int:
        """The 1-based line on which a node ends."""
        return self.line_at(max(node.end_byte - 1, node.start_byte))

    def fragment(self, start: int, end: int, before: str, after: str = "}") -> SyntaxNode:
        """The root of a tree in which the bytes `start..end` stand where they are, between two texts."""
        blank = bytearray(10 if b == 10 else 32 for b in self.bytes[:start])
        head = before.encode()
        if len(head) > start:
            raise Unsupported("a macro at the start of the file")
        blank[start - len(head) : start] = head
        return parse(bytes(blank) + self.bytes[start:end] + after.encode(), LanguageId.RUST).root

    def _read_comments(self) -> Comments:
        out = Comments()
        for n in walk(self.tree.root):
            if n.type not in COMMENTS or any(c.type == "doc_comment" for c in n.children):
                continue
            row = self.line(n)
            body = self.src(n).strip()
            if body.startswith("/*"):
                body = body.removeprefix("/*").removesuffix("*/").strip()
            else:
                body = body.lstrip("/").strip()
            if not body or body.startswith(("rustfmt::", "foundation: ignore", "clippy::")):
                continue
            if self.bytes[self._starts[row - 1] : n.start_byte].strip():
                out.trailing[row] = body
            elif "\n" not in body:
                out.standing[row] = body
        return out

    def doc(self, node: SyntaxNode) -> str:
        """The doc comment above an item, without attributes between."""
        lines: list[str] = []
        at = node.prev_sibling
        while at is not None and (at.type in COMMENTS or at.type == "attribute_item"):
            inner = next((c for c in at.children if c.type == "doc_comment"), None)
            if inner is not None and any(c.type == "outer_doc_comment_marker" for c in at.children):
                lines.append(self.src(inner).rstrip("\n").removeprefix(" ").rstrip())
            elif at.type in COMMENTS and inner is None:
                break
            at = at.prev_sibling
        return "\n".join(lines[::-1]).strip()

    def module_doc(self) -> str:
        """The `//!` comment of the file."""
        lines: list[str] = []
        for n in self.tree.root.children:
            if any(c.type == "inner_doc_comment_marker" for c in n.children):
                inner = next(c for c in n.children if c.type == "doc_comment")
                lines.append(self.src(inner).rstrip("\n").removeprefix(" ").rstrip())
        return "\n".join(lines).strip()

    def attributes(self, node: SyntaxNode) -> list[SyntaxNode]:
        """The attributes above an item, outermost first."""
        out: list[SyntaxNode] = []
        at = node.prev_sibling
        while at is not None and (at.type in COMMENTS or at.type == "attribute_item"):
            if at.type == "attribute_item":
                out.append(at)
            at = at.prev_sibling
        return out[::-1]

    def derives(self, node: SyntaxNode) -> set[str]:
        """The traits in `#[derive(...)]`."""
        out: set[str] = set()
        for a in self.attributes(node):
            text = self.src(a).replace(" ", "")
            if text.startswith("#[derive("):
                out |= {d.rpartition("::")[2] for d in text[9:].rstrip("])").split(",") if d}
        return out

    def differ(self, sentence: str) -> None:
        """Record a difference in semantics, once."""
        if sentence not in self.differences:
            self.differences.append(sentence)

    # Names

    def full(self, path: str) -> str:
        """A path with its first segment replaced by what `use` brought it from."""
        head, sep, rest = path.partition("::")
        return self.uses.get(head, head) + sep + rest

    def read_use(self, node: SyntaxNode, prefix: str = "") -> None:
        """Record the names that a `use` declaration brings in."""

        def join(tail: str) -> str:
            return f"{prefix}::{tail}" if prefix else tail

        match node.type:
            case "use_declaration":
                inner = node.child_by_field_name("argument")
                if inner is not None:
                    self.read_use(inner)
            case "use_list":
                for c in code_children(node):
                    self.read_use(c, prefix)
            case "scoped_use_list":
                path, inner = node.child_by_field_name("path"), node.child_by_field_name("list")
                if inner is not None:
                    self.read_use(inner, join(self.src(path)) if path is not None else prefix)
            case "use_as_clause":
                path, alias = node.child_by_field_name("path"), node.child_by_field_name("alias")
                if path is not None and alias is not None:
                    self.uses[self.src(alias)] = join(self.src(path))
            case "use_wildcard":
                inner = code_children(node)
                self.globs.append(join(self.src(inner[0])) if inner else prefix)
            case "self":
                self.uses[prefix.rpartition("::")[2]] = prefix
            case _:
                full = join(self.src(node))
                self.uses[full.rpartition("::")[2]] = full

    def error_kind(self, t: RType) -> str:
        """What an error type is: foundation, box, io, parse, text, or module for one of this file."""
        t = rt.resolve(t)
        match t:
            case rt.Err(name):
                return name
            case rt.Simple("text"):
                return "text"
            case rt.Named(name) if name in self.enums and self.enums[name].kind == "error":
                return "module"
            case rt.Named(name) if name in self.error_structs:
                return "module"
            case _:
                return ""

    # Types

    def type_of(
        self, node: SyntaxNode | None, generics: Mapping[str, RType] | None = None, own: str = ""
    ) -> RType:
        """The type that a type expression means; raises Unsupported. `own` is what Self stands for."""
        if node is None:
            return rt.UNIT

        def again(n: SyntaxNode | None) -> RType:
            return self.type_of(n, generics, own)

        match node.type:
            case "unit_type":
                return rt.UNIT
            case "never_type":
                return rt.NEVER
            case "primitive_type" | "type_identifier" | "scoped_type_identifier":
                return self._named(node, generics or {}, own)
            case "reference_type":
                inner = node.child_by_field_name("type")
                return again(inner)
            case "generic_type":
                return self._generic(node, generics or {}, own)
            case "tuple_type":
                return rt.Tuple(tuple(again(c) for c in code_children(node)))
            case "array_type":
                return rt.Vec(again(node.child_by_field_name("element")))
            case "slice_type":
                return rt.Vec(again(code_children(node)[0]))
            case "dynamic_type" | "abstract_type":
                return again(node.child_by_field_name("trait"))
            case "bounded_type":
                # `dyn Fn() + Send + 'static`: the first bound says what it is.
                return again(code_children(node)[0])
            case "function_type":
                return self._function_type(node, generics or {}, own)
            case "removed_trait_bound" | "higher_ranked_trait_bound":
                inner = node.child_by_field_name("type")
                if inner is not None:
                    return again(inner)
            case _:
                pass
        raise Unsupported("a type that this port does not know", self.src(node), self.line(node))

    def _function_type(self, node: SyntaxNode, generics: Mapping[str, RType], own: str) -> RType:
        params = node.child_by_field_name("parameters")
        result = node.child_by_field_name("return_type")
        trait = node.child_by_field_name("trait")
        if trait is not None and self.src(trait) not in ("Fn", "FnMut", "FnOnce"):
            raise Unsupported("a type that this port does not know", self.src(node), self.line(node))
        kinds = [self.type_of(c, generics, own) for c in code_children(params)] if params is not None else []
        return rt.Fn(tuple(kinds), self.type_of(result, generics, own))

    def _named(self, node: SyntaxNode, generics: Mapping[str, RType], own: str) -> RType:
        text = self.src(node)
        if text == "Self" and own:
            return rt.Named(own)
        if text in generics:
            return generics[text]
        if text in _INTS:
            return rt.Int(text)
        if text in ("f64", "f32"):
            if text == "f32":
                raise Unsupported("f32, which rounds to 32 bits", text, self.line(node))
            return rt.FLOAT
        if text in ("bool", "char"):
            return rt.Simple(text)
        if text == "_":
            return rt.Var()
        full = self.full(text)
        last = full.rpartition("::")[2]
        if text in ("str", "String") or full == "std::string::String":
            return rt.TEXT
        if text in self.aliases:
            return self.type_of(self.aliases[text].child_by_field_name("type"), generics, own)
        if text in self.structs or text in self.enums or text in self.traits:
            return rt.Named(text)
        if full in ("std::time::Duration", "core::time::Duration"):
            return rt.DURATION
        if full == "std::time::Instant":
            return rt.INSTANT
        if full in ("std::path::Path", "std::path::PathBuf"):
            return rt.TEXT
        if self.is_foundation(text):
            if last in RUNTIME_TYPES:
                return rt.Named(RUNTIME_TYPES[last])
            if last == "Error":
                return rt.Err("foundation")
            if last == "BoxError":
                return rt.Err("box")
            if full.endswith("http::Response"):
                return rt.Named("HttpResponse")
        if full in ("std::io::Error", "io::Error"):
            return rt.Err("io")
        if full in ("std::num::ParseIntError", "std::num::ParseFloatError", "std::str::ParseBoolError"):
            return rt.Err("parse")
        if full == "anyhow::Error" or (last == "Error" and text != "Error" and full.startswith("std::error")):
            return rt.Err("box")
        if full == "std::error::Error":
            return rt.Err("box")
        raise Unsupported(f"type {text} is not known to this port", text, self.line(node))

    def is_foundation(self, path: str) -> bool:
        """True when a path names something of our runtime."""
        full = self.full(path)
        if full.startswith(("foundation::", "::foundation::")):
            return True
        head = path.partition("::")[0]
        return (
            head not in self.uses
            and "::" not in path
            and any(g == "foundation" or g.startswith("foundation::") for g in self.globs)
            and path not in self.structs
            and path not in self.enums
        )

    def _generic(self, node: SyntaxNode, generics: Mapping[str, RType], own: str) -> RType:
        head_node = node.child_by_field_name("type")
        args_node = node.child_by_field_name("type_arguments")
        assert head_node is not None  # noqa: S101 - the grammar has it.
        head = self.src(head_node)
        last = head.rpartition("::")[2]
        nodes = [c for c in code_children(args_node) if c.type != "lifetime"] if args_node is not None else []
        if last == "Result" and head not in self.aliases:
            ok = self.type_of(nodes[0], generics, own)
            full = self.full(head)
            if len(nodes) == 2:
                return rt.Res(ok, self.type_of(nodes[1], generics, own))
            if full == "std::io::Result" or head == "io::Result":
                return rt.Res(ok, rt.Err("io"))
            if full == "anyhow::Result":
                return rt.Res(ok, rt.Err("box"))
            raise Unsupported("a Result whose error type is not shown", self.src(node), self.line(node))
        if head in self.aliases:
            alias = self.aliases[head]
            names = alias.child_by_field_name("type_parameters")
            inner = {
                self.src(p.child_by_field_name("name") or p): self.type_of(n, generics, own)
                for p, n in zip(code_children(names) if names is not None else [], nodes, strict=False)
            }
            return self.type_of(alias.child_by_field_name("type"), {**generics, **inner}, own)
        if last in ("Into", "AsRef", "Borrow", "ToString", "Display", "IntoIterator", "Iterator"):
            inner_nodes = nodes
            if inner_nodes and inner_nodes[0].type == "type_binding":
                item = inner_nodes[0].child_by_field_name("type")
                return rt.Vec(self.type_of(item, generics, own))
            if inner_nodes:
                return self.type_of(inner_nodes[0], generics, own)
        args = [self.type_of(n, generics, own) for n in nodes]
        if last in _TRANSPARENT:
            inner = args[-1]
            return (
                rt.Err("box")
                if last == "Box" and isinstance(inner, rt.Err) and inner.name == "box"
                else inner
            )
        if last in ("Vec", "VecDeque"):
            return rt.Vec(args[0])
        if last == "Option":
            return rt.Opt(args[0])
        if last in ("HashMap", "BTreeMap") and len(args) >= 2:
            return rt.Map(args[0], args[1], last == "BTreeMap")
        if last in ("HashSet", "BTreeSet"):
            return rt.Set(args[0], last == "BTreeSet")
        if head in self.structs or head in self.enums or head in self.traits:
            return rt.Named(head)
        raise Unsupported(f"type {head} is not known to this port", self.src(node), self.line(node))

    def generics_of(
        self, node: SyntaxNode, own: str = "", outer: Mapping[str, RType] | None = None
    ) -> dict[str, RType]:
        """What the type parameters of an item stand for; raises Unsupported for one that stays open."""
        out: dict[str, RType] = dict(outer or {})
        bounds: list[tuple[str, SyntaxNode]] = []
        holder = node.child_by_field_name("type_parameters")
        names: list[str] = []
        if holder is not None:
            for p in code_children(holder):
                if p.type in ("lifetime_parameter", "lifetime"):
                    continue
                if p.type == "const_parameter":
                    raise Unsupported("a constant type parameter", self.src(p), self.line(p))
                name_node = p.child_by_field_name("name") or p
                name = self.src(name_node)
                names.append(name)
                b = p.child_by_field_name("bounds")
                if b is not None:
                    bounds.append((name, b))
        where = next((c for c in node.children if c.type == "where_clause"), None)
        if where is not None:
            for p in code_children(where):
                left, b = p.child_by_field_name("left"), p.child_by_field_name("bounds")
                if left is not None and b is not None:
                    bounds.append((self.src(left), b))
        for name, b in bounds:
            for c in code_children(b):
                if c.type == "lifetime":
                    continue
                found = self._bound(c, out, own)
                if found is not None:
                    out[name] = found
                    break
        for name in names:
            if name not in out:
                raise Unsupported(
                    f"the type parameter {name}", self.src(node).splitlines()[0], self.line(node)
                )
        return out

    def _bound(self, c: SyntaxNode, generics: Mapping[str, RType], own: str) -> RType | None:
        text = self.src(c)
        if text in (
            "Send",
            "Sync",
            "Clone",
            "Copy",
            "Debug",
            "std::fmt::Debug",
            "Sized",
            "Eq",
            "PartialEq",
            "Hash",
        ):
            return None
        if text in ("ToString", "Display", "std::fmt::Display", "fmt::Display"):
            return rt.TEXT
        if text in ("Error", "std::error::Error"):
            return rt.Err("box")
        return self.type_of(c, generics, own)


def kind_name(enum: str) -> str:
    """The plain enum that tells the variants of a union apart."""
    return f"{enum}Kind"


def zero_of(t: RType) -> ir.Expr | None:
    """What a field of a union holds in the variants that do not have it; None where a type has no such value."""
    t = rt.resolve(t)
    match t:
        case rt.Int():
            return ir.Lit(0, type=ir.INT)
        case rt.Simple("float"):
            return ir.Lit(0.0, type=ir.FLOAT)
        case rt.Simple("bool"):
            return ir.Lit(False, type=ir.BOOL)
        case rt.Simple("text" | "char"):
            return ir.Lit("", type=ir.STR)
        case rt.Vec():
            return ir.ListLit([], type=rt.to_ir(t))
        case rt.Map():
            return ir.DictLit([], type=rt.to_ir(t))
        case rt.Set():
            return ir.SetLit([], type=rt.to_ir(t))
        case rt.Opt():
            return ir.Lit(None, type=rt.to_ir(t))
        case _:
            return None


def is_error_class(name: str) -> bool:
    """True for a class of our runtime."""
    return name in ir.ERROR_BASES
