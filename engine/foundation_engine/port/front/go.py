"""From Go source to the intermediate representation: a small type checker, and error values lifted into raising."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: ARG001, ARG002 - what one case needs, the others of its shape take too.

# ruff: noqa: E501 - a long line here is one thought.
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front._go_errors import Item
from foundation_engine.port.front._go_expr import ExpressionLowerer, Frame, V, free_name
from foundation_engine.port.front._go_files import join
from foundation_engine.port.front._go_logs import default_logger
from foundation_engine.port.front._go_package import Package, Variable, read_package, walk
from foundation_engine.port.front._go_patterns import annotated_patterns, annotation_lines, command_use
from foundation_engine.port.front._go_retries import permanent_class
from foundation_engine.port.front._go_sharing import fresh_fields
from foundation_engine.port.front._go_statements import FunctionLowerer
from foundation_engine.port.front._go_types import (
    Basic,
    FuncInfo,
    Named,
    Pointer,
    Regex,
    Slice,
    TypeInfo,
    default_type,
    is_untyped,
)
from foundation_engine.port.front._python_regex import placed
from foundation_engine.port.front._reading import reachable, tell_members_apart
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.request import SourceFile

_ROUNDS = 12
WRAPPED_FIELD = (
    "An error that wraps another in a field is of its own class alone: what it wraps is in the field."
)
ONE_TYPE = "A generic definition is ported for the types that this file uses it with."
MAP_ORDER = "Go's order of a map is random; the port's is the order of insertion."


def lower_module(text: str, name: str, line: int | None = None) -> ir.Module:
    """The file as IR; `line` restricts the port to the definition there and what it uses.

    Raises SyntaxError when the text is not Go. Everything else that is not understood becomes a hole or a `Declined`
    definition.
    """
    return lower_package(text, name, line)[1]


def lower_package(
    text: str,
    name: str,
    line: int | None = None,
    others: Sequence[SourceFile] = (),
    path: str = "",
) -> tuple[Package, ir.Module]:
    """The file and its module; see `lower_module`. The file knows the copies of its generic definitions afterwards.

    Of the `others` of its package comes what the file uses, and of those that are whole everything.
    """
    package = read_package(*join(path, text, others))
    wanted = _reachable(package, line)
    choose_constructors(package)
    module = ir.Module(name, "", [], [], {})
    for _ in range(_ROUNDS):
        package.changed = False
        package.differences.clear()
        package.delays.clear()
        package.decoders.clear()
        package.logger = ""
        package.fresh_fields = fresh_fields(package)
        for v in package.variables.values():
            v.ir_type = None
        module = _ModuleLowerer(package, name, wanted).lower()
        _share_interfaces(package)
        if not package.changed:
            break
    return package, module


def _share_interfaces(package: Package) -> None:
    """A method that may give or take nil does so in every interface that it implements, and the other way."""
    for interface in package.declared.values():
        if interface.kind != "interface":
            continue
        for struct in package.declared.values():
            if struct.kind != "struct" or not set(interface.methods) <= set(struct.methods):
                continue
            for m in interface.methods.values():
                other = struct.methods[m.name]
                places = [(f"{m.key}->{i}", f"{other.key}->{i}") for i in range(len(m.values))]
                pairs = zip(m.params, other.params, strict=False)
                places += [(f"{m.key}({a})", f"{other.key}({b})") for (a, _), (b, _) in pairs]
                for a, b in places:
                    if (a in package.optional) != (b in package.optional):
                        package.mark_optional(a)
                        package.mark_optional(b)


def choose_constructors(package: Package) -> None:
    """`NewX` becomes the initialiser of X where it is the only place that makes one, in one statement."""
    made: dict[str, list[SyntaxNode]] = {}
    for n in walk(package.tree.root):
        kind = n.child_by_field_name("type") if n.type == "composite_literal" else None
        if kind is not None and kind.type == "type_identifier":
            made.setdefault(package.text(kind), []).append(n)
        elif n.type == "var_spec":
            given = n.child_by_field_name("type")
            if given is not None and package.text(given).lstrip("*") in package.declared:
                made.setdefault(package.text(given).lstrip("*"), []).append(n)
    for info in package.declared.values():
        f = package.functions.get(f"New{info.name[:1].upper()}{info.name[1:]}")
        literals = made.get(info.name, [])
        if info.kind != "struct" or f is None or f.node is None or not info.methods or f.variadic:
            continue
        if f.values not in ((Pointer(Named(info.name)),), (Named(info.name),)):
            continue
        inside = [n for n in literals if f.node.start_byte <= n.start_byte < f.node.end_byte]
        whole = [n for n in inside if n.type == "composite_literal" and package.text(n) != f"{info.name}{{}}"]
        others = [n for n in literals if n not in inside]
        held = any(
            (isinstance(g.type, Named) and g.type.name == info.name) or _holds_value(g.type, info.name)
            for t in package.declared.values()
            for g in t.fields.values()
        )
        if len(whole) == 1 and not others and not held and _last_statement(package, f.node, whole[0]):
            info.constructor = f.name


def _holds_value(t: object, name: str) -> bool:
    return isinstance(t, Slice) and t.elem == Named(name)


def _last_statement(package: Package, function: SyntaxNode, literal: SyntaxNode) -> bool:
    """True when the literal is in a statement of the function's own block, and nothing returns after it but the end."""
    body = function.child_by_field_name("body")
    assert body is not None
    at = literal
    while at.parent is not None and at.parent.type not in ("statement_list", "block"):
        at = at.parent
    if at.parent is None:
        return False
    holder = at.parent.parent if at.parent.type == "statement_list" else at.parent
    if holder is None or holder.id != body.id:
        return False
    if at.type not in ("return_statement", "short_var_declaration"):
        return False
    later = [n for n in walk(body) if n.type == "return_statement" and n.start_byte >= at.end_byte]
    # Early returns of errors come before the object is made; a closure in a constructor is not lowered.
    return (at.type == "return_statement" and not later) or (
        at.type == "short_var_declaration" and len(later) == 1
    )


def _reachable(package: Package, line: int | None) -> set[str] | None:
    """Names of the definition at `line`, or of what the whole files define, and of what that uses; None for all."""
    if line is None and all(p.whole for p in package.parts):
        return None
    places: dict[str, list[SyntaxNode]] = {}
    for n in package.tree.root.named_children:
        for name in _defined(package, n):
            places.setdefault(name, []).append(n)
    start: list[str] = []
    for name, nodes in places.items():
        for n in nodes:
            part = package.part(n)
            if line is None:
                start += [name] if part.whole and n.start_byte < package.source_end else []
            elif part is package.parts[0] and package.line(
                _documented(package, n)
            ) <= line <= package.end_line(n):
                start = [name]
    if not start:
        return None

    def mentions(name: str) -> Iterable[str]:
        for node in places[name]:
            for sub in walk(node):
                if sub.type in ("identifier", "type_identifier") and package.text(sub) in places:
                    yield package.text(sub)
        yield from package.prelude
        if name in package.declared and f"New{name}" in places:
            yield f"New{name}"

    return set[str]().union(*(reachable(name, mentions) for name in start))


def _documented(package: Package, node: SyntaxNode) -> SyntaxNode:
    first = node
    while True:
        before = first.prev_named_sibling
        if before is None or before.type != "comment" or package.end_line(before) + 1 != package.line(first):
            return first
        first = before


def _defined(package: Package, node: SyntaxNode) -> list[str]:
    """The names that a declaration introduces; a method counts for its type."""
    if node.type == "function_declaration":
        return [package.text(n) for n in node.children_by_field_name("name")]
    if node.type == "method_declaration":
        for n in walk(node):
            if n.type == "type_identifier":
                return [package.text(n)]
    if node.type in ("type_declaration", "const_declaration", "var_declaration"):
        kinds = ("type_spec", "type_alias", "const_spec", "var_spec")
        return [
            package.text(x) for n in walk(node) if n.type in kinds for x in n.children_by_field_name("name")
        ]
    return []


class _ModuleLowerer:
    """One round over a file: every definition in source order."""

    def __init__(self, package: Package, name: str, wanted: set[str] | None) -> None:
        self.p = package
        self.wanted = wanted
        self.module = ir.Module(name, "", [], [], {})
        # The file whose definitions are lowered now.
        self.part = package.parts[0]

    def lower(self) -> ir.Module:
        p = self.p
        declined: set[str] = set()
        for node, name, why in p.declined:
            if self._wants(name.rpartition(".")[0] or name):
                self._decline(node, name, why)
                declined.add(name)
        for n in p.tree.root.named_children:
            if n.type == "package_clause":
                self.module.doc = self._doc(n, p.name, package=True)
            self.part = p.part(n)
            if n.type in ("const_declaration", "var_declaration"):
                self._values(n)
            elif n.type == "type_declaration":
                for spec in n.named_children:
                    name = spec.child_by_field_name("name")
                    if (
                        name is not None
                        and p.text(name) in p.declared
                        and p.text(name) not in p.generics
                        and self._wants(p.text(name))
                    ):
                        self._guard(spec, p.text(name), lambda s=spec, n=n: self._type(s, n))
            elif n.type == "function_declaration":
                name = p.text(n.children_by_field_name("name")[0])
                if (
                    name in p.functions
                    and name not in p.generics
                    and self._wants(name)
                    and not self._is_constructor(name)
                ):
                    self._guard(
                        n, name, lambda n=n, name=name: self._add(self._function(p.functions[name], n))
                    )
        for info in [i for i in p.declared.values() if i.local and i.node.parent is not None]:
            holder = info.node.parent
            if info.node.type == "struct_type":
                top = info.node
                while top.parent is not None and top.parent.id != p.tree.root.id:
                    top = top.parent
                wanted = any(self._wants(name) for name in _defined(p, top))
            else:
                wanted = self._wants(p.text(info.node.children_by_field_name("name")[0]))
            if holder is not None and wanted:
                self._guard(info.node, info.name, lambda i=info, h=holder: self._type(i.node, h, i))
        self._generics()
        self.module.definitions.extend(f for f in p.decoders.values() if f is not None)
        if p.logger:
            self.module.definitions.insert(0, default_logger(p.logger, p.name))
        if p.marks_permanent:
            self.module.definitions.insert(0, permanent_class())
        self.module.differences = list(p.differences)
        self.module.delays = list(dict.fromkeys(p.delays))
        # A type that a constant declares in place comes before it.
        files = {f.path: i for i, f in enumerate(p.parts)}
        homes = {name: files[origin.path] for name, origin in self.module.origins.items()}
        order = {
            id(d): (homes.get(d.name, 0), d.line, not isinstance(d, ir.Class))
            for d in self.module.definitions
        }
        self.module.definitions.sort(key=lambda d: order[id(d)])
        placed(self.module, p.regex_comments)
        p.renamed_fields = tell_members_apart(self.module)
        return self.module

    def _generics(self) -> None:
        """The copies of generic functions and types that the file uses, and what it never uses."""
        p = self.p
        for info in list(p.instances.values()):
            node = info.node
            if node is not None and self._wants(info.generic):
                self._guard(node, info.name, lambda i=info, n=node: self._add(self._function(i, n)))
        used = {name for name, _ in (*p.instances, *p.instances_of_types)}
        if used:
            p.differ(ONE_TYPE)
        for name, node in p.generics.items():
            if name not in used and self._wants(name):
                why = p.unsupported("a generic definition that this file uses for no type", node)
                self._decline(node, name, why)

    def _wants(self, name: str) -> bool:
        return self.wanted is None or name in self.wanted

    def _add(self, d: ir.Definition) -> None:
        self.module.definitions.append(d)
        if len(self.p.parts) > 1:
            self.module.origins[d.name] = ir.Origin(self.part.path, d.name)

    def _is_constructor(self, name: str) -> bool:
        return any(i.constructor == name for i in self.p.declared.values())

    def _guard(self, node: SyntaxNode, name: str, action: object) -> None:
        outer, self.part = self.part, self.p.part(node)
        try:
            action()  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
        except Unsupported as why:
            self._decline(node, name, why)
        except RecursionError:
            # Generated code adds up literals by the thousand, each inside the one before.
            self._decline(node, name, Unsupported("an expression that is nested too deeply"))
        finally:
            self.part = outer

    def _decline(self, node: SyntaxNode, name: str, why: Unsupported) -> None:
        p = self.p
        outer, self.part = self.part, p.part(node)
        source = p.text(node)
        construct = why.construct or source.split("\n")[0]
        line = why.line or p.line(node)
        self._add(ir.Declined(why.reason, construct, name, source, line=p.line(node)))
        self.module.declines.append(Unsupported(why.reason, construct, line, self.part.path))
        self.part = outer

    # Documentation

    def _comments(self, node: SyntaxNode) -> list[SyntaxNode]:
        out: list[SyntaxNode] = []
        at = node
        while True:
            before = at.prev_named_sibling
            if before is None or before.type != "comment" or self.p.end_line(before) + 1 != self.p.line(at):
                return out[::-1]
            inline = before.prev_named_sibling
            if (
                inline is not None
                and inline.type != "comment"
                and self.p.end_line(inline) == self.p.line(before)
            ):
                return out[::-1]
            out.append(before)
            at = before

    def _doc(self, node: SyntaxNode, name: str, skip: set[int] | None = None, package: bool = False) -> str:
        """The documentation above a declaration, without its name at the start and without annotations."""
        lines: list[str] = []
        for c in self._comments(node):
            if self.p.line(c) in (skip or set()):
                continue
            for text in self.p.text(c).splitlines():
                plain = re.sub(r"^\s*(//|/\*+|\*/|\*)\s?|\s*\*/\s*$", "", text).rstrip()
                if not plain.startswith(("go:", "nolint", "+build")):
                    lines.append(plain)
        text = "\n".join(lines).strip()
        if package:
            return re.sub(rf"^Package {re.escape(name)} ", "", text)[:1].upper() + re.sub(rf"^Package {re.escape(name)} ", "", text)[1:]  # fmt: skip
        rest = re.sub(rf"^{re.escape(name)} (is |are )?", "", text)
        return rest[:1].upper() + rest[1:] if rest != text else text

    # Constants and variables

    def _values(self, node: SyntaxNode) -> None:
        p = self.p
        for spec in (n for n in walk(node) if n.type in ("const_spec", "var_spec")):
            for label in spec.children_by_field_name("name"):
                name = p.text(label)
                if not self._wants(name):
                    continue
                holder = spec if len([n for n in walk(node) if n.type == spec.type]) > 1 else node
                doc = self._doc(holder, name)
                if name in p.sentinels:
                    s = p.sentinels[name]
                    message = ir.Param("message", ir.STR, ir.Lit(s.message, type=ir.STR))
                    self._add(ir.ErrorClass(s.cls, s.base, [message], [], None, doc, line=s.line))
                    continue
                known = p.variables.get(name)
                if known is None:
                    continue
                info = p.types.info(known.type) if known.type is not None else None
                if info is not None and info.kind == "enum" and name in info.members:
                    continue
                if known.type is not None and _is_lock(known.type):
                    continue
                self._guard(spec, name, lambda k=known, s=spec, d=doc: self._constant(k, s, d))

    def _constant(self, v: Variable, spec: SyntaxNode, doc: str) -> None:
        p = self.p
        if v.name in p.assigned:
            raise p.unsupported("a package variable that functions assign", spec)
        low = _top(p, spec)
        low.iota = v.iota
        if v.node is None:
            raise p.unsupported("a package variable without a value", spec)
        made = low.expr(v.node, v.type)
        kind = v.type if v.type is not None else default_type(made.go)
        if low.pending or made.fails:
            raise p.unsupported("a package variable that is computed by functions", spec)
        if isinstance(kind, Regex) and isinstance(made.expr, ir.Name):
            v.type, v.ir_type = kind, made.expr.type
            p.regex_comments[v.name] = doc.splitlines()
            return
        if (
            isinstance(v.const, int | float)
            and not isinstance(v.const, bool)
            and v.constant
            and v.type is None
        ):
            # An untyped constant fits every numeric type; it is declared as what its text says.
            kind = default_type(made.go)
        if v.constant and v.type is None and is_untyped(made.go):
            v.untyped = made.go
        value = low.convert(made, kind, v.node).expr
        if isinstance(value.type, ir.OptionalT):
            raise p.unsupported("a package variable that holds nil", spec)
        if v.iota is not None and isinstance(made.const, int) and "iota" in p.text(v.node):
            value = ir.Lit(made.const, type=value.type)
        v.type, v.ir_type = (kind, value.type)
        if v.constant and isinstance(made.const, int | float | str):
            v.const = made.const
        trailing = spec.next_named_sibling
        note = ""
        if trailing is not None and trailing.type == "comment" and p.line(trailing) == p.end_line(spec):
            note = p.text(trailing).lstrip("/").strip()
        self._add(ir.Constant(v.name, value.type, value, doc.splitlines() if doc else [], note, line=v.line))

    # Types

    def _type(self, spec: SyntaxNode, declaration: SyntaxNode, instance: TypeInfo | None = None) -> None:
        p = self.p
        info = (
            instance if instance is not None else p.declared[p.text(spec.children_by_field_name("name")[0])]
        )
        name = info.name
        holder = declaration if len(declaration.named_children) == 1 else spec
        doc = self._doc(holder, name) if spec.type != "struct_type" else ""
        match info.kind:
            case "struct":
                self._add(self._struct(info, doc))
            case "error":
                self._add(self._error(info, doc))
            case "enum":
                base = p.types.underlying(info.underlying or Basic("int"))
                members: list[tuple[str, object]] = list(info.values.items())
                self._add(ir.EnumClass(name, members, doc, [], base == Basic("string"), line=info.line))
                self._free_methods(info)
            case "interface":
                self._add(self._interface(info, doc))
            case "alias":
                p.types.ir(Named(name))
                self._free_methods(info)
            case _:
                p.types.ir(Named(name))

    def _free_methods(self, info: TypeInfo) -> None:
        """Methods of an enum, of an error or of a named basic type become functions."""
        for m in info.methods.values():
            if info.kind == "error" and m.name in ("Error", "Unwrap"):
                continue
            assert m.node is not None
            self._guard(m.node, f"{info.name}.{m.name}", lambda m=m: self._add(self._function(m, m.node)))

    def _interface(self, info: TypeInfo, doc: str) -> ir.Protocol:
        p = self.p
        methods: list[ir.Function] = []
        low = FunctionLowerer(p)
        for m in info.methods.values():
            params = [ir.Param(n, low.place_type(t, f"{m.key}({n})")) for n, t in m.params]
            types = [low.place_type(t, f"{m.key}->{i}") for i, t in enumerate(m.values)]
            result = ir.NONE if not types else types[0] if len(types) == 1 else ir.TupleT(tuple(types))
            assert m.node is not None
            about = self._doc(m.node, m.name)
            raises = frozenset({ir.ANY_ERROR}) if m.fails else frozenset[str]()
            methods.append(
                ir.Function(
                    m.ir_name, params, result, [], about, kind="method", line=m.line, raises=raises, context=bool(m.context)
                )
            )  # fmt: skip
        return ir.Protocol(info.name, methods, doc, line=info.line)

    def _struct(self, info: TypeInfo, doc: str) -> ir.Class:
        p = self.p
        low = FunctionLowerer(p)
        init: ir.Function | None = None
        if info.constructor:
            f = p.functions[info.constructor]
            assert f.node is not None
            init = self._init(info, f, f.node)
        methods: list[ir.Function] = []
        for m in info.methods.values():
            assert m.node is not None
            self._guard(
                m.node, f"{info.name}.{m.name}", lambda m=m: methods.append(self._function(m, m.node))
            )
        inner = _top(p, info.node)
        fields: list[ir.FieldDef] = []
        for f in info.fields.values():
            if inner.dropped_field(f.type):
                continue
            env, secret, default = self._tag(f.tag)
            kind = low.place_type(f.type, f"{info.name}.{f.name}")
            value = self._default(inner, default, V(ir.Lit(None), f.type)) if default is not None else None
            private = bool(init) and not f.exported and not self._seen_outside(info, f.name)
            fields.append(
                ir.FieldDef(f.name, kind, value, private, doc=f.doc, env=env, secret=secret, line=f.line)
            )
        data = init is None
        return ir.Class(
            info.name, fields, methods, doc, data and not info.mutated, data, init,
            private=not info.name[:1].isupper(), line=info.line,
        )  # fmt: skip

    def _seen_outside(self, info: TypeInfo, name: str) -> bool:
        """True when something other than the struct's own methods reads or sets the field."""
        p = self.p
        for n in walk(p.tree.root):
            if n.type != "selector_expression":
                continue
            field, operand = n.child_by_field_name("field"), n.child_by_field_name("operand")
            if field is None or operand is None or p.text(field) != name:
                continue
            own = any(
                m.node is not None
                and m.node.start_byte <= n.start_byte < m.node.end_byte
                and p.text(operand) == m.receiver
                for m in info.methods.values()
            )
            f = p.functions.get(info.constructor)
            built = (
                f is not None and f.node is not None and f.node.start_byte <= n.start_byte < f.node.end_byte
            )
            if not own and not built:
                return True
        return False

    def _tag(self, tag: str) -> tuple[str, bool, str | None]:
        found = dict(re.findall(r'(\w+):"((?:[^"\\]|\\.)*)"', tag))
        secret = found.get("secret") == "true" or "secret" in found.get("config", "").split(",")
        return found.get("env", ""), secret, found.get("default")

    def _default(self, low: ExpressionLowerer, text: str, v: V) -> ir.Expr:
        t = self.p.types.underlying(v.go)
        match self.p.types.ir(t):
            case ir.P(ir.Prim.STR):
                return ir.Lit(text, type=ir.STR)
            case ir.P(ir.Prim.INT):
                return ir.Lit(int(text), type=ir.INT)
            case ir.P(ir.Prim.FLOAT):
                return ir.Lit(float(text), type=ir.FLOAT)
            case ir.P(ir.Prim.BOOL):
                return ir.Lit(text in ("true", "1", "yes", "on"), type=ir.BOOL)
            case _:
                raise Unsupported("a default of this type", text)

    def _error(self, info: TypeInfo, doc: str) -> ir.ErrorClass:
        """A struct with an `Error` method: its message is what the method returns."""
        p = self.p
        base = self._unwraps(info)
        m = info.methods["Error"]
        assert m.node is not None
        low = FunctionLowerer(p)
        body = m.node.child_by_field_name("body")
        assert body is not None
        low.frames.append(Frame(m, body, m.values, False, m.key))
        me = ir.NamedT(info.name)
        receiver = low.declare(m.receiver, Pointer(Named(info.name)), m.node)
        receiver.value = ir.Name("self", type=me)
        value = _message(low, low.items(body), m.node)
        params = [
            ir.Param(f.name, low.place_type(f.type, f"{info.name}.{f.name}"), line=f.line)
            for f in info.fields.values()
        ]
        fields = [ir.FieldDef(x.name, x.type, line=x.line) for x in params]
        made = ir.ErrorClass(info.name, base, params, fields, _own_fields(value), doc, line=info.line)
        self._free_methods(info)
        return made

    def _unwraps(self, info: TypeInfo) -> str:
        """The class above an error: that of the sentinel which its `Unwrap` returns."""
        p = self.p
        unwrap = info.methods.get("Unwrap")
        if unwrap is None:
            other = next((m for m in ("Is", "As") if m in info.methods), None)
            if other is not None:
                raise p.unsupported(f"an error with a method {other}", info.methods[other].node or info.node)
            return "Exception"
        assert unwrap.node is not None
        if info.name in p.wrapping:
            p.differ(WRAPPED_FIELD)
            return "Exception"
        m = re.fullmatch(r"\{\s*return\s+(\w+)\s*\}", p.text(unwrap.node.children_by_field_name("body")[0]))
        if m is None or m[1] not in p.sentinels:
            raise p.unsupported("an error that wraps something computed", unwrap.node)
        return p.sentinels[m[1]].cls

    # Functions

    def _init(self, info: TypeInfo, f: FuncInfo, node: SyntaxNode) -> ir.Function:
        low = FunctionLowerer(self.p)
        body = node.child_by_field_name("body")
        assert body is not None
        low.frames.append(Frame(f, body, f.values, f.fails, f.key, init=info))
        low.scopes.append({})
        params = low.init_params(f)
        statements = low.block(body, top=True)
        while statements and isinstance(statements[-1], ir.Return) and statements[-1].value is None:
            statements.pop()
        self.module.declines.extend(low.declines)
        assigned = {
            s.target.name
            for s in statements
            if isinstance(s, ir.Assign) and isinstance(s.target, ir.FieldTarget)
        }
        missing = [n for n, g in info.fields.items() if n not in assigned and not low.dropped_field(g.type)]
        if missing or any(isinstance(s, ir.Hole) for s in statements):
            raise self.p.unsupported("a constructor that is not understood", node)
        skip = annotation_lines(low, node)
        doc = self._doc(node, f.name, skip)
        return ir.Function(
            "__init__", params, ir.NONE, statements, doc, kind="method", line=self.p.line(node),
            end_line=self.p.end_line(node),
        )  # fmt: skip

    def _function(self, info: FuncInfo, node: SyntaxNode | None) -> ir.Function:
        p = self.p
        assert node is not None
        saved, p.bindings = p.bindings, info.bindings
        try:
            return self._lowered(info, node)
        finally:
            p.bindings = saved

    def _lowered(self, info: FuncInfo, node: SyntaxNode) -> ir.Function:
        p = self.p
        low = FunctionLowerer(p)
        low.frames.append(Frame(info, node, info.values, info.fails, info.key))
        uses = annotated_patterns(low, node)
        command = command_use(low, info.name) if not info.owner else None
        if command is not None:
            uses.append(command)
        skip = annotation_lines(low, node)
        low.frames.pop()
        params, result, body = low.function(info, node)
        for use in uses:
            quiet = use.arguments.get("reraise")
            swallows = (
                use.pattern_id == "error_boundary" and isinstance(quiet, ir.Lit) and quiet.value is False
            )
            if swallows and "fallback" not in use.arguments and len(info.values) == 1:
                # Go gives the zero value where an error is swallowed, other languages nothing.
                use.arguments["fallback"] = low.zero(info.values[0], node, f"{info.key}->0")
        patterns, body = _whole_body(uses, body, result)
        self.module.declines.extend(low.declines)
        owner = p.declared.get(info.owner)
        free = owner is not None and owner.kind in ("enum", "alias", "error")
        name = free_name(info) if free else info.ir_name
        kind = "method" if owner is not None and not free else "function"
        return ir.Function(
            name, params, result, body, self._doc(node, info.name, skip), patterns, kind,
            private=name.startswith("_"), line=p.line(node), end_line=p.end_line(node),
        )  # fmt: skip


def _whole_body(
    uses: list[ir.PatternUse], body: list[ir.Stmt], result: ir.Type
) -> tuple[list[ir.PatternUse], list[ir.Stmt]]:
    """A function whose whole body is one block under a pattern is a function under that pattern."""
    while len(body) == 1:
        only = body[0]
        value = only.value if isinstance(only, ir.Return | ir.ExprStmt) else None
        constant = isinstance(value, ir.PatternCall) and all(
            not any(isinstance(n, ir.Name) and n.type != ir.ERROR for n in ir.walk(a))
            for a in value.arguments.values()
        )
        if (
            not isinstance(value, ir.PatternCall)
            or value.obj is not None
            or value.pattern_id != "retry_with_backoff"
            or value.type != result
            or not constant
        ):
            break
        uses = [*uses, ir.PatternUse(value.pattern_id, value.arguments, value.line)]
        comments = only.comments
        body = value.body
        if body and comments:
            body[0].comments = [*comments, *body[0].comments]
    return uses, body


def _message(low: FunctionLowerer, items: Sequence[Item], node: SyntaxNode) -> ir.Expr:
    """What `Error` returns: one expression, or several that conditions choose between."""
    if not items:
        raise low.p.unsupported("an error whose message is computed in several steps", node)
    first = items[0].node
    if first.type == "return_statement" and len(items) == 1:
        return low.value(low.named(low.named(first)[0])[0], Basic("string"))
    plain = first.type == "if_statement" and first.child_by_field_name("initializer") is None
    other = first.child_by_field_name("alternative")
    if not plain or (other is not None and (len(items) > 1 or other.type == "if_statement")):
        raise low.p.unsupported("an error whose message is computed in several steps", node)
    test = low.cond(low.child(first, "condition"))
    positive, negative = low.facts(test)
    saved = set(low.narrowed), set(low.present)
    low.learn(positive)
    body = _message(low, low.items(low.child(first, "consequence")), node)
    low.narrowed, low.present = set(saved[0]), set(saved[1])
    low.learn(negative)
    orelse = _message(low, low.items(other) if other is not None else items[1:], node)
    low.narrowed, low.present = saved
    return ir.Cond(test, body, orelse, type=ir.STR, line=low.p.line(first))


def _own_fields(e: ir.Expr) -> ir.Expr:
    """The receiver's fields as the constructor's parameters."""
    from dataclasses import fields

    for n in list(ir.walk(e)):
        for f in fields(n):
            value = getattr(n, f.name)
            if isinstance(value, ir.Field) and isinstance(value.obj, ir.Name) and value.obj.id == "self":
                setattr(n, f.name, ir.Name(value.name, type=value.type, line=value.line))
            elif isinstance(value, list):
                items: list[object] = value  # pyright: ignore[reportUnknownVariableType]
                for i, item in enumerate(items):
                    if isinstance(item, ir.Field) and isinstance(item.obj, ir.Name) and item.obj.id == "self":
                        items[i] = ir.Name(item.name, type=item.type, line=item.line)
    if isinstance(e, ir.Field) and isinstance(e.obj, ir.Name) and e.obj.id == "self":
        return ir.Name(e.name, type=e.type, line=e.line)
    return e


def _top(package: Package, node: SyntaxNode) -> FunctionLowerer:
    """A lowerer for expressions outside functions."""
    low = FunctionLowerer(package)
    info = FuncInfo("", "", [], (), line=package.line(node))
    low.frames.append(Frame(info, node, (), False, ""))
    return low


def _is_lock(t: object) -> bool:
    return isinstance(t, Named) and t.name in ("sync.Mutex", "sync.RWMutex")


__all__ = ["choose_constructors", "lower_module"]
