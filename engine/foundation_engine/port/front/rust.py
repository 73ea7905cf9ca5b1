"""From Rust source to the intermediate representation, with types from signatures and from local inference."""

# ruff: noqa: S101 - assertions here narrow types that the grammar guarantees.
from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields as dataclass_fields
from typing import Any

from foundation_grammars.occurrence import OccurrenceForm
from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front import _rust_types as rt
from foundation_engine.port.front._reading import reachable, tell_members_apart
from foundation_engine.port.front._rust_body import V, op, text_lit
from foundation_engine.port.front._rust_calls import snake
from foundation_engine.port.front._rust_patterns import Patterns
from foundation_engine.port.front._rust_scope import (
    COMMENTS,
    OPERATOR_TRAITS,
    Enum,
    Scope,
    Signature,
    Struct,
    Trait,
    Variant,
    code_children,
    kind_name,
    walk,
    zero_of,
)
from foundation_engine.port.front._rust_types import RType, resolve, to_ir
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.passes import terminates

_ITEMS = frozenset(
    {
        "function_item",
        "struct_item",
        "enum_item",
        "trait_item",
        "impl_item",
        "const_item",
        "static_item",
        "type_item",
    }
)
_IGNORED_TRAITS = frozenset(
    {
        "Error",
        "Clone",
        "Copy",
        "Debug",
        "Eq",
        "PartialEq",
        "Hash",
        "Send",
        "Sync",
        "Display",
        "From",
        "Classify",
        "Default",
    }
)
_INTERIOR = re.compile(r"\b(Mutex|RwLock|RefCell|Cell|Atomic\w+|OnceCell|OnceLock)\b")
_CHANGING = frozenset(
    {
        "push", "pop", "push_str", "push_back", "push_front", "pop_front", "pop_back", "insert", "remove", "clear",
        "extend", "append", "truncate", "retain", "sort", "sort_by", "sort_by_key", "sort_unstable", "dedup", "reverse",
        "take", "replace", "entry", "get_mut", "iter_mut", "drain", "swap", "extend_from_slice", "values_mut",
    }
)  # fmt: skip


def lower_module(text: str, name: str, line: int | None = None) -> ir.Module:
    """The module as IR; `line` restricts it to the definition there and what that uses.

    Raises SyntaxError when the text is not Rust. Everything else that is not understood becomes a hole or a
    `Declined` definition.
    """
    return ModuleLowerer(text, name).lower(line)


class ModuleLowerer:
    """Several sweeps over a file: names, then types and signatures, then bodies."""

    def __init__(self, text: str, name: str) -> None:
        self.scope = Scope(text)
        if self.scope.tree.errors:
            at = self.scope.line_at(self.scope.tree.errors[0].start)
            raise SyntaxError("the grammar does not know this", ("", at, 0, ""))
        self.module = ir.Module(name, self.scope.module_doc(), [], [], {}, unordered=True)
        self.items: list[SyntaxNode] = []
        self.impls: dict[str, list[tuple[str, SyntaxNode]]] = {}
        self.declined: set[str] = set()
        self.doubled: set[tuple[str, str]] = set()  # Owner and name of methods that several traits define.
        self.emitted: set[int] = set()

    def src(self, node: SyntaxNode | None) -> str:
        return self.scope.src(node) if node is not None else ""

    def name_of(self, node: SyntaxNode) -> str:
        return self.src(node.child_by_field_name("name"))

    # Sweeps

    def lower(self, line: int | None) -> ir.Module:
        scope = self.scope
        for n in scope.tree.root.children:
            if n.type == "use_declaration":
                scope.read_use(n)
            elif n.type in _ITEMS:
                self.items.append(n)
            elif n.type == "mod_item":
                if not self._is_test(n) and n.child_by_field_name("body") is not None:
                    self._decline(
                        n, self.name_of(n), Unsupported("a module inside the file", "", scope.line(n))
                    )
            elif n.type in ("macro_definition", "foreign_mod_item", "union_item"):
                self._decline(n, self.name_of(n), Unsupported("an item of this kind", "", scope.line(n)))
            elif n.type == "expression_statement" or n.type == "macro_invocation":
                self._decline(n, "", Unsupported("a macro at the top of the file", "", scope.line(n)))
        self.items = [n for n in self.items if not self._is_test(n)]
        self._names()
        self._types()
        self._signatures()
        wanted = self._reachable(line)
        for n in self.items:
            if wanted is None or n.type == "impl_item" or self.name_of(n) in wanted:
                self._define(n)
        self.module.foreign.update({k: v for k, v in scope.uses.items() if v.startswith("foundation::")})
        self._finish()
        self.module.differences = scope.differences
        scope.renamed_fields = tell_members_apart(self.module)
        return self.module

    def _is_test(self, node: SyntaxNode) -> bool:
        texts = [re.sub(r"\s+", "", self.src(a)) for a in self.scope.attributes(node)]
        return any(t in ("#[cfg(test)]", "#[test]", "#[tokio::test]") for t in texts)

    def _guard(self, node: SyntaxNode, name: str, action: Callable[[], object]) -> bool:
        try:
            action()
        except Unsupported as why:
            self._decline(node, name, why)
            return False
        return True

    def _decline(self, node: SyntaxNode, name: str, why: Unsupported) -> None:
        if name in self.declined and name:
            return
        self.declined.add(name)
        line = why.line or self.scope.line(node)
        source = self.src(node)
        construct = why.construct or source.splitlines()[0]
        self.module.definitions.append(ir.Declined(why.reason, construct, name, source, line=line))
        self.module.declines.append(Unsupported(why.reason, construct, line))
        for table in (
            self.scope.functions,
            self.scope.structs,
            self.scope.enums,
            self.scope.traits,
            self.scope.consts,
        ):
            table.pop(name, None)

    def _names(self) -> None:
        scope = self.scope
        for n in self.items:
            name = self.name_of(n)
            match n.type:
                case "struct_item":
                    scope.structs[name] = Struct(n, derives=scope.derives(n))
                case "enum_item":
                    scope.enums[name] = Enum(n, derives=scope.derives(n))
                case "trait_item":
                    scope.traits[name] = Trait(n)
                case "type_item":
                    scope.aliases[name] = n
                case "impl_item":
                    kind = n.child_by_field_name("type")
                    if kind is not None and kind.type == "generic_type":
                        kind = kind.child_by_field_name("type")
                    trait = n.child_by_field_name("trait")
                    if trait is not None and trait.type == "generic_type":
                        trait_name = self.src(trait.child_by_field_name("type")).rpartition("::")[2]
                    else:
                        trait_name = self.src(trait).rpartition("::")[2]
                    self.impls.setdefault(self.src(kind), []).append((trait_name, n))
                case _:
                    pass

    def has_impl(self, name: str, *traits: str) -> bool:
        return any(t in traits for t, _ in self.impls.get(name, []))

    def _fails_with(self, name: str) -> bool:
        """True for a type that is what some function fails with, and of which nothing else is made."""
        text = self.scope.text
        result = re.search(rf"\bResult<[^;{{]*,\s*(?:self::)?{name}\s*>", text) is not None
        made = len(re.findall(rf"\b{name}::\w+", text))
        closure = r"(?:map_err|ok_or_else)\(\s*\|[^|]*\|\s*"
        failed = len(
            re.findall(rf"\b(?:(?:Err|ok_or|Err\(Box::new)\(\s*|{closure})(?:self::)?{name}::\w+", text)
        )
        return result and made > 0 and made == failed

    def _types(self) -> None:
        scope = self.scope
        for name, info in scope.enums.items():
            if self.has_impl(name, "Error", "Classify") or "Error" in info.derives or self._fails_with(name):
                info.kind = "error"
            info.display = self.has_impl(name, "Display")
        for name, info in scope.structs.items():
            if self.has_impl(name, "Error", "Classify") or "Error" in info.derives:
                scope.error_structs.add(name)
            info.display = self.has_impl(name, "Display")
        for name in scope.error_structs:
            for trait, node in self.impls.get(name, []):
                if trait == "From":
                    self._read_from(name, node, {})
            info = scope.structs.pop(name)
            scope.error_nodes[name] = info.node
        for name, info in list(scope.enums.items()):
            self._guard(info.node, name, lambda name=name, info=info: self._variants(name, info))
        for name, node in scope.error_nodes.items():
            self._guard(node, name, lambda name=name, node=node: self._error_struct(name, node))
        for name, info in list(scope.structs.items()):
            self._guard(info.node, name, lambda info=info: self._fields(info))
        for name, trait in list(scope.traits.items()):
            self._guard(trait.node, name, lambda name=name, trait=trait: self._trait(name, trait))

    def _fields(self, info: Struct) -> None:
        if info.union:
            return
        info.generics = self.scope.generics_of(info.node)
        body = info.node.child_by_field_name("body")
        if body is None:
            return
        if body.type == "ordered_field_declaration_list":
            info.positional = True
            kinds, _ = self._variant_fields(info.node)
            info.fields = {
                ("value" if len(kinds) == 1 else f"value_{i + 1}"): t for i, (_, t) in enumerate(kinds)
            }
            # A field behind `pub` is seen outside.
            shown = [c.type for c in body.children if c.type == "visibility_modifier" or c.is_named]
            shown = [t for t in shown if t not in (*COMMENTS, "attribute_item")]
            before = (
                [shown[i - 1] for i, t in enumerate(shown) if t != "visibility_modifier"] if shown else []
            )
            if shown and shown[0] != "visibility_modifier":
                before[0] = ""
            info.private = {f for f, b in zip(info.fields, before, strict=True) if b != "visibility_modifier"}
            return
        for f in code_children(body):
            if f.type != "field_declaration":
                continue
            name = self.name_of(f)
            kind = f.child_by_field_name("type")
            info.fields[name] = self.scope.type_of(kind, info.generics)
            if not any(c.type == "visibility_modifier" for c in f.children):
                info.private.add(name)
            if kind is not None and _INTERIOR.search(self.src(kind)):
                info.frozen = False

    def _variant_fields(self, node: SyntaxNode) -> tuple[list[tuple[str, RType]], bool]:
        body = node.child_by_field_name("body")
        if body is None:
            return [], False
        if body.type == "field_declaration_list":
            return [
                (self.name_of(f), self.scope.type_of(f.child_by_field_name("type")))
                for f in code_children(body)
                if f.type == "field_declaration"
            ], False
        kinds = [c for c in code_children(body) if c.type not in ("attribute_item", "visibility_modifier")]
        return [(str(i), self.scope.type_of(k)) for i, k in enumerate(kinds)], True

    def _variants(self, name: str, info: Enum) -> None:
        scope = self.scope
        if any(c.type == "type_parameters" for c in info.node.children):
            raise Unsupported("a generic enum", f"enum {name}", scope.line(info.node))
        body = info.node.child_by_field_name("body")
        assert body is not None
        value: int | None = None
        explicit = any(
            v.child_by_field_name("value") is not None
            for v in code_children(body)
            if v.type == "enum_variant"
        )
        for v in code_children(body):
            if v.type != "enum_variant":
                continue
            given = v.child_by_field_name("value")
            if given is not None:
                written = self.src(given).replace("_", "")
                if not re.fullmatch(r"-?(?:0[xob])?[0-9a-fA-F]+", written):
                    raise Unsupported("an enum whose values are computed", self.src(v), scope.line(v))
                value = int(written, 0)
            elif explicit:
                value = 0 if value is None else value + 1
            kinds, positional = self._variant_fields(v)
            info.variants[self.name_of(v)] = Variant(self.name_of(v), kinds, positional, value)
        if info.kind == "error":
            self._error_variants(name, info, body)
        elif any(v.fields for v in info.variants.values()):
            self._union(name, info)

    def _union(self, name: str, info: Enum) -> None:
        """An enum whose variants hold values: an object with a kind, and with the fields of all variants."""
        scope = self.scope
        if kind_name(name) in {*scope.structs, *scope.enums, *scope.traits}:
            raise Unsupported(f"a type called {kind_name(name)} beside {name}", "", scope.line(info.node))
        info.kind = "data"
        kinds: dict[str, list[RType]] = {}
        for v in info.variants.values():
            for f, t in v.fields:
                if not v.positional:
                    kinds.setdefault(f, []).append(t)
        fields: dict[str, RType] = {}
        for v in info.variants.values():
            for i, (f, t) in enumerate(v.fields):
                if v.positional:
                    held = snake(v.name) if len(v.fields) == 1 else f"{snake(v.name)}_{i + 1}"
                else:
                    same = all(resolve(t) == resolve(k) for k in kinds[f])
                    held = f if same else f"{snake(v.name)}_{f}"
                held = held if held != "kind" else f"{snake(v.name)}_kind"
                v.held.append(held)
                fields[held] = t if zero_of(t) is not None else rt.Opt(t)
        positional = {h for v in info.variants.values() if v.positional for h in v.held}
        if positional & {h for v in info.variants.values() if not v.positional for h in v.held}:
            raise Unsupported(
                "variants whose fields cannot be told apart", f"enum {name}", scope.line(info.node)
            )
        holder = Struct(info.node, fields, derives=info.derives, display=info.display, union=True)
        holder.frozen = re.search(r"match\s+&mut|=\s*&mut|ref\s+mut|iter_mut|\*self\s*=", scope.text) is None
        scope.structs[name] = holder

    def _error_variants(self, name: str, info: Enum, body: SyntaxNode) -> None:
        """Each variant as an error class; one that only passes another error on stays that error."""
        scope = self.scope
        froms: dict[str, RType] = {}
        for trait, node in self.impls.get(name, []):
            if trait == "From":
                self._read_from(name, node, froms)
        arms = self._display_arms(name)
        nodes = {self.name_of(v): v for v in code_children(body) if v.type == "enum_variant"}
        for v in info.variants.values():
            node = nodes[v.name]
            attributes = {re.sub(r"\s+", " ", self.src(a)) for a in scope.attributes(node)}
            said = next((a for a in attributes if a.startswith("#[error(")), "")
            if "#[from]" in self.src(node) and v.fields:
                froms[v.name] = v.fields[0][1]
            v.source = froms.get(v.name)
            forwards = "transparent" in said
            if v.name in arms and len(v.fields) == 1:
                forwards = self._forwards(*arms[v.name])
            elif said and v.fields:
                forwards = forwards or re.fullmatch(r'#\[error\("\{0\}"\)\]', said) is not None
            inner_error = (
                len(v.fields) == 1
                and bool(scope.error_kind(v.fields[0][1]))
                and resolve(v.fields[0][1]) != rt.TEXT
            )
            v.transparent = inner_error and (forwards or resolve(v.fields[0][1]) == rt.Err("foundation"))
            if v.transparent:
                if v.source is None:
                    v.source = v.fields[0][1]
                if not forwards:
                    scope.differ(f"{name}::{v.name} has the message of the error in it.")
                continue
            if v.positional:
                v.fields = [(self._field_name(v, i, arms), t) for i, (_, t) in enumerate(v.fields)]
            taken = {
                *scope.structs,
                *scope.enums,
                *scope.traits,
                *scope.error_structs,
                *ir.ERROR_BASES,
                *scope.class_names.values(),
            }
            v.error = v.name if not {v.name, f"{v.name}Error"} & taken else f"{name}{v.name}"
            scope.class_names[v.name] = v.error

    def _read_from(self, name: str, node: SyntaxNode, froms: dict[str, RType]) -> None:
        """An implementation of From: of the variant that keeps the error, or of another error that does not."""
        targs = node.child_by_field_name("trait")
        inner = targs.child_by_field_name("type_arguments") if targs is not None else None
        if inner is None:
            return
        try:
            source = self.scope.type_of(code_children(inner)[0])
        except Unsupported:
            return
        body = next((m for m in walk(node) if m.type == "function_item"), node)
        text = self.src(body.child_by_field_name("body"))
        made = re.fullmatch(rf"\{{\s*(?:{name}|Self)::(\w+)\(\s*\w+\s*\)\s*\}}", text)
        if made is not None:
            froms[made[1]] = source
        else:
            self.scope.lossy.setdefault(name, []).append(source)

    def _field_name(self, v: Variant, i: int, arms: dict[str, tuple[SyntaxNode, SyntaxNode]]) -> str:
        if v.name in arms:
            pattern = arms[v.name][0]
            names = [
                self.src(c)
                for c in pattern.children
                if c.type not in COMMENTS and c.type not in ("(", ")", ",")
            ][1:]
            if i < len(names) and re.fullmatch(r"[a-z]\w*", names[i]) and names[i] not in ("f", "e"):
                return names[i]
        t = resolve(v.fields[i][1])
        if self.scope.error_kind(t) and t != rt.TEXT:
            return "source" if i == 0 else f"source_{i}"
        plain = "message" if t == rt.TEXT else "value"
        return plain if len(v.fields) == 1 else f"{plain}_{i + 1}"

    def _display_arms(self, name: str) -> dict[str, tuple[SyntaxNode, SyntaxNode]]:
        """Variant name to (pattern, value) of the match in `impl Display`."""
        out: dict[str, tuple[SyntaxNode, SyntaxNode]] = {}
        for trait, node in self.impls.get(name, []):
            if trait != "Display":
                continue
            for arm in walk(node):
                if arm.type != "match_arm":
                    continue
                pattern, value = arm.child_by_field_name("pattern"), arm.child_by_field_name("value")
                if pattern is None or value is None:
                    continue
                inner = next(c for c in pattern.children if c.type not in COMMENTS)
                todo = [inner]
                if inner.type == "or_pattern":
                    todo = [
                        c
                        for c in walk(inner)
                        if c.type in ("scoped_identifier", "tuple_struct_pattern", "struct_pattern")
                    ]
                for p in todo:
                    head = (
                        p.child_by_field_name("type")
                        if p.type in ("tuple_struct_pattern", "struct_pattern")
                        else p
                    )
                    variant = self.src(head).rpartition("::")[2]
                    out.setdefault(variant, (p, value))
        return out

    def _forwards(self, pattern: SyntaxNode, value: SyntaxNode) -> bool:
        text = re.sub(r"\s+", "", self.src(value)).removeprefix("{").removesuffix("}")
        names = [self.src(c) for c in pattern.children if c.type == "identifier"]
        return any(
            text
            in (
                f'write!(f,"{{}}",{n})',
                f'write!(f,"{{{n}}}")',
                f"{n}.fmt(f)",
                f"fmt::Display::fmt({n},f)",
                f"std::fmt::Display::fmt({n},f)",
                f'write!(f,"{{{n}',
            )
            for n in names
        )

    def _error_struct(self, name: str, node: SyntaxNode) -> None:
        body = node.child_by_field_name("body")
        kinds, positional = self._variant_fields(node) if body is not None else ([], False)
        if positional:
            kinds = [
                ("message" if resolve(t) == rt.TEXT and len(kinds) == 1 else f"value_{i + 1}", t)
                for i, (_, t) in enumerate(kinds)
            ]
        self.scope.error_fields[name] = dict(kinds)

    def _trait(self, name: str, trait: Trait) -> None:
        body = trait.node.child_by_field_name("body")
        assert body is not None
        if any(c.type == "type_parameters" for c in trait.node.children):
            raise Unsupported("a generic trait", f"trait {name}", self.scope.line(trait.node))
        for m in code_children(body):
            if m.type == "function_signature_item":
                trait.methods[self.name_of(m)] = self._signature(m, name)
            elif m.type == "function_item":
                trait.methods[self.name_of(m)] = self._signature(m, name)
                trait.bodies[self.name_of(m)] = m
            elif m.type != "attribute_item":
                raise Unsupported(
                    "a trait with types or constants", self.src(m).splitlines()[0], self.scope.line(m)
                )

    def _signature(self, f: SyntaxNode, own: str = "", outer: dict[str, RType] | None = None) -> Signature:
        scope = self.scope
        generics = scope.generics_of(f, own, outer)
        out = Signature([], rt.UNIT)
        params = f.child_by_field_name("parameters")
        for p in code_children(params) if params is not None else []:
            if p.type == "self_parameter":
                text = self.src(p).replace(" ", "")
                out.receiver = "&mut" if "&" in text and "mut" in text else "&" if "&" in text else "self"
                continue
            if p.type != "parameter":
                continue
            pattern, kind = p.child_by_field_name("pattern"), p.child_by_field_name("type")
            assert pattern is not None
            if self.src(pattern) == "self":
                out.receiver = "self"
                continue
            if pattern.type not in ("identifier", "mut_pattern", "_"):
                raise Unsupported("a parameter that is a pattern", self.src(p), scope.line(p))
            name = self.src(pattern).removeprefix("mut ").strip().lstrip("_") or "unused"
            out.params.append((name, scope.type_of(kind, generics, own)))
            out.mutable.append(
                kind is not None and re.match(r"&\s*('\w+\s+)?mut\b", self.src(kind)) is not None
            )
        result = f.child_by_field_name("return_type")
        out.result = scope.type_of(result, generics, own)
        if isinstance(resolve(out.result), rt.Named) and self.src(result).startswith("impl"):
            raise Unsupported(
                "a function that returns impl Trait", self.src(f).splitlines()[0], scope.line(f)
            )
        mods = next((c for c in f.children if c.type == "function_modifiers"), None)
        if mods is not None:
            words = self.src(mods).split()
            out.is_async = "async" in words
            if "unsafe" in words:
                raise Unsupported("an unsafe function", self.src(f).splitlines()[0], scope.line(f))
        return out

    def _signatures(self) -> None:
        scope = self.scope
        for n in self.items:
            name = self.name_of(n)
            if n.type == "function_item":
                self._guard(
                    n, name, lambda n=n, name=name: scope.functions.__setitem__(name, self._signature(n))
                )
            elif n.type in ("const_item", "static_item"):
                self._guard(n, name, lambda n=n, name=name: self._const_type(n, name))
        for owner, impls in self.impls.items():
            for trait, node in impls:
                self._impl_signatures(owner, trait, node)
        for owner, name in self.doubled:
            (scope.structs.get(owner) or scope.enums[owner]).methods.pop(name)
        for name, info in scope.structs.items():
            self._frozen(name, info)
        for name, info in list(scope.structs.items()):
            self._constructor(name, info)

    def _const_type(self, n: SyntaxNode, name: str) -> None:
        if any(c.type == "mutable_specifier" for c in n.children):
            raise Unsupported("a static that changes", self.src(n), self.scope.line(n))
        kind = n.child_by_field_name("type")
        if kind is not None and re.search(r"\b(Mutex|RwLock|Atomic\w+|RefCell)\b", self.src(kind)):
            raise Unsupported("a static that changes", self.src(n).splitlines()[0], self.scope.line(n))
        self.scope.consts[name] = self.scope.type_of(kind)
        value = n.child_by_field_name("value")
        if value is not None:
            self.scope.const_values[name] = value

    def _impl_signatures(self, owner: str, trait: str, node: SyntaxNode) -> None:
        scope = self.scope
        body = node.child_by_field_name("body")
        holder = scope.structs.get(owner) or scope.enums.get(owner)
        if body is None or (holder is None and owner not in scope.error_structs):
            return
        for m in [*code_children(body), *self._inherited(trait, body)]:
            name = self.name_of(m)
            if m.type == "const_item":
                self._guard(
                    m, f"{owner}::{name}", lambda m=m, name=name: self._const_type(m, f"{owner}::{name}")
                )
                continue
            if m.type == "type_item":
                continue
            if m.type != "function_item" or trait in (
                "Display",
                "Error",
                "From",
                "Classify",
                "Clone",
                "PartialEq",
                "Hash",
                "Debug",
            ):
                continue
            outer = {
                **(holder.generics if isinstance(holder, Struct) else {}),
                **self._associated(owner, node),
            }
            try:
                s = self._signature(m, owner, outer)
            except Unsupported:
                continue
            if holder is None:
                held = scope.error_fields.get(owner, {})
                if not s.receiver and self._plain_fields(m, list(held)):
                    order = self._plain_fields(m, list(held))
                    scope.error_constructors[owner, name] = Signature(
                        [(order[n], t) for n, t in s.params], s.result
                    )
                continue
            if isinstance(holder, Enum):
                s.rename = f"{snake(owner)}_{name}"
            elif not s.receiver and name in ("default", "from_str") and trait:
                s.rename = name
            if name in holder.methods:
                self.doubled.add((owner, name))
            holder.methods[name] = s

    def _plain_fields(self, f: SyntaxNode, names: list[str]) -> dict[str, str]:
        """Parameter to field of a constructor that only puts its parameters into all fields; empty for another."""
        body = f.child_by_field_name("body")
        inner = code_children(body) if body is not None else []
        if len(inner) != 1 or inner[0].type != "struct_expression":
            return {}
        held = inner[0].child_by_field_name("body")
        out: dict[str, str] = {}
        for c in code_children(held) if held is not None else []:
            if c.type == "shorthand_field_initializer":
                out[self.src(code_children(c)[-1])] = self.src(code_children(c)[-1])
            elif c.type == "field_initializer":
                value = re.sub(
                    r"\.(into|to_string|to_owned)\(\)$", "", self.src(c.child_by_field_name("value"))
                )
                if not re.fullmatch(r"[a-z_]\w*", value):
                    return {}
                out[value] = self.src(c.child_by_field_name("field"))
            else:
                return {}
        return out if sorted(out.values()) == sorted(names) else {}

    def _frozen(self, name: str, info: Struct) -> None:
        """A struct is frozen when nothing in the file changes a field of one."""
        if any(s.receiver == "&mut" for s in info.methods.values()):
            info.frozen = False
        for n in walk(self.scope.tree.root):
            if n.type in ("assignment_expression", "compound_assignment_expr"):
                at = n.child_by_field_name("left")
                while at is not None and at.type in (
                    "index_expression",
                    "unary_expression",
                    "parenthesized_expression",
                ):
                    at = next(iter(code_children(at)), None)
                if (
                    at is not None
                    and at.type == "field_expression"
                    and info.member(self.src(at.child_by_field_name("field"))) in info.fields
                ):
                    info.frozen = False
            elif n.type == "call_expression":
                head = n.child_by_field_name("function")
                if (
                    head is not None
                    and head.type == "field_expression"
                    and self.src(head.child_by_field_name("field")) in _CHANGING
                ):
                    at = head.child_by_field_name("value")
                    if (
                        at is not None
                        and at.type == "field_expression"
                        and info.member(self.src(at.child_by_field_name("field"))) in info.fields
                    ):
                        info.frozen = False
            elif n.type == "reference_expression" and any(c.type == "mutable_specifier" for c in n.children):
                at = code_children(n)[-1]
                field = self.src(at.child_by_field_name("field"))
                if at.type == "field_expression" and info.member(field) in info.fields:
                    info.frozen = False
        del name

    def functions_of(self, owner: str) -> list[tuple[str, SyntaxNode, SyntaxNode]]:
        """(trait, impl, function) of every function of a type."""
        out: list[tuple[str, SyntaxNode, SyntaxNode]] = []
        for trait, node in self.impls.get(owner, []):
            body = node.child_by_field_name("body")
            out.extend(
                (trait, node, m)
                for m in ([*code_children(body), *self._inherited(trait, body)] if body is not None else [])
                if m.type == "function_item"
            )
        return out

    def _inherited(self, trait: str, body: SyntaxNode) -> list[SyntaxNode]:
        """The default methods of a trait that an implementation leaves as they are."""
        known = self.scope.traits.get(trait)
        written = {self.name_of(m) for m in code_children(body) if m.type == "function_item"}
        return [m for name, m in known.bodies.items() if name not in written] if known is not None else []

    def _associated(self, owner: str, node: SyntaxNode) -> dict[str, RType]:
        """The types that an implementation names: `type Output = Money;` is `Self::Output`."""
        body = node.child_by_field_name("body")
        out: dict[str, RType] = {}
        for m in code_children(body) if body is not None else []:
            if m.type == "type_item":
                # One that is not known is missed by the signatures that use it.
                with contextlib.suppress(Unsupported):
                    kind = self.scope.type_of(m.child_by_field_name("type"), None, owner)
                    out[f"Self::{self.name_of(m)}"] = kind
        return out

    def _constructor(self, name: str, info: Struct) -> None:
        """What `new` becomes: the plain constructor, the initialiser, or a static method."""
        made = next((m for t, _, m in self.functions_of(name) if not t and self.name_of(m) == "new"), None)
        s = info.methods.get("new")
        if made is None or s is None or s.receiver:
            return
        order = self._plain_fields(made, list(info.fields))
        if order:
            s.params = [(order[n], t) for n, t in s.params]
            s.rename = "__fields__"
            self.emitted.add(made.id)
            return
        literals = 0
        for n in walk(self.scope.tree.root):
            if n.type == "struct_expression":
                head = self.src(n.child_by_field_name("name"))
                if head == name or (head == "Self" and self.owner_of(n) == name):
                    literals += 1
        last = code_children(made.child_by_field_name("body") or made)
        straight = bool(last) and last[-1].type == "struct_expression"
        if not last and isinstance(resolve(s.result), rt.Named):
            straight = False
        result = resolve(s.result)
        if not straight and last and last[-1].type == "call_expression" and isinstance(result, rt.Res):
            head = last[-1].child_by_field_name("function")
            inner = code_children(last[-1].child_by_field_name("arguments") or last[-1])
            straight = self.src(head) == "Ok" and bool(inner) and inner[0].type == "struct_expression"
        if (
            straight
            and literals == 1
            and "Default" not in info.derives
            and "Clone" not in info.derives | set()
        ) or (straight and literals == 1 and not self._copied(name)):
            s.rename = "__init__"
            info.init = made
        else:
            s.rename = "create"

    def _copied(self, name: str) -> bool:
        """True when the file may copy an object of a struct that can be changed."""
        return not self.scope.structs[name].frozen and ".clone()" in self.scope.text

    def owner_of(self, node: SyntaxNode) -> str:
        at = node.parent
        while at is not None and at.type != "impl_item":
            at = at.parent
        if at is None:
            return ""
        kind = at.child_by_field_name("type")
        if kind is not None and kind.type == "generic_type":
            kind = kind.child_by_field_name("type")
        return self.src(kind)

    def _reachable(self, line: int | None) -> set[str] | None:
        """Names of the definition at `line` and of what it uses in this file; None for everything."""
        if line is None:
            return None
        texts: dict[str, str] = {}
        start = None
        for n in self.items:
            name = (
                self.name_of(n)
                if n.type != "impl_item"
                else self.owner_of(code_children(n)[-1]) or self.name_of(n)
            )
            if n.type == "impl_item":
                kind = n.child_by_field_name("type")
                if kind is not None and kind.type == "generic_type":
                    kind = kind.child_by_field_name("type")
                name = self.src(kind)
            texts[name] = texts.get(name, "") + "\n" + self.src(n)
            above = [self.scope.line(a) for a in self.scope.attributes(n)]
            if min([self.scope.line(n), *above]) <= line <= self.scope.end_line(n):
                start = name
        if start is None:
            return None

        def mentions(name: str) -> Iterator[str]:
            for word in re.findall(r"[A-Za-z_]\w*", texts[name]):
                # `#[register_command]` makes a function `f_command` beside `f`.
                for meant in (word, word.removesuffix("_command")):
                    if meant in texts:
                        yield meant

        self.wanted = reachable(start, mentions)
        return self.wanted

    wanted: set[str] | None = None

    # Definitions

    def _define(self, n: SyntaxNode) -> None:
        name = self.name_of(n)
        if name in self.declined:
            return
        match n.type:
            case "function_item":
                self._guard(
                    n,
                    name,
                    lambda: self.module.definitions.append(
                        self._function(n, self.scope.functions[name], name)
                    ),
                )
            case "struct_item":
                if name in self.scope.error_structs:
                    self._guard(n, name, lambda: self._define_error_struct(n, name))
                else:
                    self._guard(n, name, lambda: self.module.definitions.append(self._class(n, name)))
            case "enum_item":
                self._guard(n, name, lambda: self._define_enum(n, name))
            case "trait_item":
                self._guard(n, name, lambda: self.module.definitions.append(self._protocol(n, name)))
            case "const_item" | "static_item":
                self._guard(n, name, lambda: self._constant(n, name, name))
            case "impl_item":
                self._rest_of_impl(n)
            case _:
                pass

    def _comments(self, n: SyntaxNode) -> list[str]:
        first = min([self.scope.line(n), *(self.scope.line(a) for a in self.scope.attributes(n))])
        at = n.prev_sibling
        while at is not None and at.type in (*COMMENTS, "attribute_item"):
            if any(c.type == "doc_comment" for c in at.children):
                first = min(first, self.scope.line(at))
            at = at.prev_sibling
        return self.scope.comments.above(first)

    def _private(self, n: SyntaxNode) -> bool:
        return not any(c.type == "visibility_modifier" for c in n.children)

    def _of_trait(self, f: SyntaxNode) -> bool:
        """True for a method that a type has because a trait asks for it: seen wherever the trait is."""
        holder = f.parent.parent if f.parent is not None else None
        if holder is None or holder.type not in ("impl_item", "trait_item"):
            return False
        return holder.type == "trait_item" or holder.child_by_field_name("trait") is not None

    def _constant(self, n: SyntaxNode, name: str, key: str, own: str = "") -> None:
        t = self.scope.consts[key]
        if resolve(t) == rt.DURATION:
            return
        value = n.child_by_field_name("value")
        assert value is not None
        body = Patterns(self.scope, own)
        node = value
        if node.type == "call_expression" and re.match(
            r"(\w+::)*(LazyLock|Lazy)::new$", self.src(node.child_by_field_name("function"))
        ):
            closure = body.arguments(node)[0]
            node = closure.child_by_field_name("body") or closure
            if node.type == "block":
                node = code_children(node)[0]
        v = body.x(node, t)
        if body.out:
            raise Unsupported("a constant that is computed by statements", "", self.scope.line(n))
        body.unify(v.t, t, n)
        line = self.scope.line(n)
        e = body.store(v.e)
        doc = self.scope.doc(n)
        comments = [*self._comments(n), *doc.splitlines()]
        trailing = self.scope.comments.trailing.get(self.scope.end_line(n), "")
        self.module.definitions.append(ir.Constant(name, body.stored(t), e, comments, trailing, line=line))

    def _function(
        self, f: SyntaxNode, s: Signature, name: str, own: str = "", receiver_name: str = ""
    ) -> ir.Function:
        scope = self.scope
        holder = scope.structs.get(own)
        generics = scope.generics_of(f, own, holder.generics if holder is not None else None)
        body = Patterns(scope, own if not receiver_name else "", generics)
        params: list[ir.Param] = []
        if receiver_name:
            kind = ir.NamedT(own)
            params.append(ir.Param(receiver_name, kind, line=scope.line(f)))
            body.own = own
            body.bind("self", ir.Name(receiver_name, type=kind), rt.Named(own))
            body.taken[receiver_name] = rt.Named(own)
        for p, t in s.params:
            params.append(ir.Param(p, body.stored(t), line=scope.line(f)))
            body.taken[p] = t
            body.bind(p, ir.Name(p, type=body.stored(t)), t)
        # A parameter whose name begins with an underscore is known by that name in the body.
        listed = f.child_by_field_name("parameters")
        plain = (
            [
                p
                for p in code_children(listed)
                if p.type == "parameter" and self.src(p.child_by_field_name("pattern")) != "self"
            ]
            if listed is not None
            else []
        )
        for p, (known, t) in zip(plain, s.params, strict=True):
            written = self.src(p.child_by_field_name("pattern")).removeprefix("mut ").strip()
            if written != known:
                body.bind(written, ir.Name(known, type=body.stored(t)), t)
        block = f.child_by_field_name("body")
        assert block is not None
        if any(
            o.form is OccurrenceForm.MACRO
            for a in scope.attributes(f)
            for o in scope.occurrences.get(a.start_byte, ())
        ):
            body.check_pattern_errors(s.result, f)
        patterns = [
            body.pattern_use(o)
            for a in scope.attributes(f)
            for o in scope.occurrences.get(a.start_byte, ())
            if o.form is OccurrenceForm.MACRO
        ]
        if any(p.pattern_id == "cli_framework" for p in patterns):
            self._command_defaults(params, f)
        for a in scope.attributes(f):
            text = re.sub(r"\s+", "", self.src(a))
            if not scope.occurrences.get(a.start_byte) and not re.match(
                r"#\[(must_use|inline|allow|expect|doc|cold|warn|deny|tokio::main|track_caller|deprecated|rustfmt|clippy|tracing::instrument|instrument)",
                text,
            ):
                raise Unsupported("an attribute that this port does not know", self.src(a), scope.line(a))
        copies = self._copied_parameters(f, s, body)
        out = [*copies, *body.function_body(block, s.result)]
        body.settle_parses()
        self._check_types(out)
        result = body.stored(s.result)
        self._end(name, out, result)
        self.module.declines.extend(body.declines)
        if s.is_async:
            scope.differ("An async function blocks in the port.")
        made = ir.Function(
            s.rename or name, params, result, out, scope.doc(f), patterns,
            "function" if not own or receiver_name else "method" if s.receiver else "static",
            private=self._private(f) and not self._of_trait(f), is_async=s.is_async,
            line=scope.line(f), end_line=scope.end_line(f),
            comments=self._comments(f), mutates=s.receiver == "&mut",
        )  # fmt: skip
        return _lifted(made)

    def _command_defaults(self, params: list[ir.Param], f: SyntaxNode) -> None:
        """A command's Option is an option that may be left out, and its bool a switch."""
        for p in params:
            if isinstance(p.type, ir.OptionalT):
                p.default = ir.Lit(None, type=p.type)
            elif p.type == ir.BOOL:
                p.default = ir.Lit(False, type=ir.BOOL)
        given = [p.default is not None for p in params]
        if given != sorted(given):
            raise Unsupported(
                "a command whose options come before its arguments", self.src(f), self.scope.line(f)
            )

    def _check_types(self, out: list[ir.Stmt]) -> None:
        for s in out:
            _settle(s)

    def _end(self, name: str, out: list[ir.Stmt], result: ir.Type) -> None:
        if result == ir.NONE or terminates(out):
            return
        message = text_lit(f"{name} ended without a value")
        out.append(
            ir.Raise(ir.New("AssertionError", [("message", message)], type=ir.NamedT("AssertionError")))
        )

    def _copied_parameters(self, f: SyntaxNode, s: Signature, body: Patterns) -> list[ir.Stmt]:
        """A collection that the function owns and changes is copied, because the port's caller still has it."""
        out: list[ir.Stmt] = []
        params = f.child_by_field_name("parameters")
        for p in code_children(params) if params is not None else []:
            pattern, kind = p.child_by_field_name("pattern"), p.child_by_field_name("type")
            if p.type != "parameter" or pattern is None or kind is None:
                continue
            mutable = pattern.type == "mut_pattern" or any(c.type == "mutable_specifier" for c in p.children)
            if not mutable or self.src(kind).startswith("&"):
                continue
            name = self.src(pattern).removeprefix("mut ").strip()
            b = body.lookup(name)
            if b is not None and isinstance(resolve(b.t), rt.Vec | rt.Map | rt.Set):
                v = body.copy(V(b.e, b.t), p)
                assert isinstance(b.e, ir.Name)
                out.append(ir.Assign(ir.VarTarget(b.e.id, type=b.e.type), v.e, line=self.scope.line(f)))
        del s
        return out

    def _class(self, n: SyntaxNode, name: str) -> ir.Class:
        scope = self.scope
        info = scope.structs[name]
        fields = self._field_defs(n, name, info)
        methods: list[ir.Function] = []
        init: ir.Function | None = None
        for trait, node, m in self.functions_of(name):
            mname = self.name_of(m)
            if trait in ("Error", "Classify", "Clone", "PartialEq", "Hash", "Debug", "From") or self._is_test(
                m
            ):
                continue
            if trait == "Display":
                methods.append(self._display(m, name))
                continue
            known = (
                trait in scope.traits
                or trait in OPERATOR_TRAITS
                or trait in ("Default", "FromStr", "TryFrom")
            )
            if trait and not known:
                raise Unsupported(
                    f"an implementation of {trait}", self.src(node).splitlines()[0], scope.line(node)
                )
            s = info.methods.get(mname)
            if s is None:
                self._without_signature(m, name)
                continue
            if m.id in self.emitted:
                continue
            if info.init is not None and m.id == info.init.id:
                init = self._initialiser(m, s, name, info)
                continue
            try:
                methods.append(self._function(m, s, mname, name))
            except Unsupported as why:
                self._decline(m, f"{name}.{mname}", why)
                info.methods.pop(mname, None)
        dataclass = init is None
        held = scope.enums[name].variants.values() if info.union else ()
        return ir.Class(
            name, fields, methods, scope.doc(n), info.frozen and dataclass, dataclass, init,
            self._private(n), self._comments(n), {v.name: tuple(v.held) for v in held},
            line=scope.line(n),
        )  # fmt: skip

    def _without_signature(self, m: SyntaxNode, owner: str) -> None:
        """Decline a function of a type that has no signature of its own, for the reason."""
        name = self.name_of(m)
        if (owner, name) in self.doubled:
            line = self.scope.line(m)
            why = Unsupported(f"{owner} has two functions named {name}", "", line)
            self._decline(m, f"{owner}.{name} in line {line}", why)
            return
        holder = self.scope.structs.get(owner)
        try:
            self._signature(m, owner, holder.generics if holder is not None else None)
        except Unsupported as why:
            self._decline(m, f"{owner}.{name}", why)

    def _field_defs(self, n: SyntaxNode, name: str, info: Struct) -> list[ir.FieldDef]:
        out: list[ir.FieldDef] = []
        if info.union:
            at = self.scope.line(n)
            out.append(ir.FieldDef("kind", ir.NamedT(kind_name(name)), line=at))
            for f, t in info.fields.items():
                out.append(ir.FieldDef(f, _stored(t), zero_of(t), line=at))
            return out
        holder = n.child_by_field_name("body")
        body = Patterns(self.scope, name, info.generics)
        if info.positional:
            at = self.scope.line(n)
            return [
                ir.FieldDef(f, body.stored(t), None, f in info.private, line=at)
                for f, t in info.fields.items()
            ]
        whole_default = any(
            "#[serde(default)]" in re.sub(r"\s+", "", self.src(a)) for a in self.scope.attributes(n)
        )
        for f in code_children(holder) if holder is not None else []:
            if f.type != "field_declaration":
                continue
            fname = self.name_of(f)
            t = info.fields[fname]
            default: ir.Expr | None = None
            for a in self.scope.attributes(f):
                text = re.sub(r"\s+", "", self.src(a))
                named = re.search(r'default="(\w+)"', text)
                if named is not None and named[1] in self.scope.functions:
                    default = self._default_of(named[1])
                elif "serde(default" in text and named is None:
                    default = body.default_of(t, f)
            if whole_default and default is None and "Default" in info.derives:
                default = body.default_of(t, f)
            doc = self.scope.doc(f) or self.scope.comments.trailing.get(self.scope.line(f), "")
            out.append(
                ir.FieldDef(
                    fname,
                    body.stored(t),
                    default,
                    fname in info.private,
                    doc=" ".join(doc.split()),
                    line=self.scope.line(f),
                )
            )
        return out

    def _default_of(self, name: str) -> ir.Expr:
        """The value that a function without parameters gives, when it is one expression."""
        node = next(n for n in self.items if n.type == "function_item" and self.name_of(n) == name)
        block = node.child_by_field_name("body")
        inner = code_children(block) if block is not None else []
        if len(inner) != 1:
            raise Unsupported("a default that is computed by statements", name, self.scope.line(node))
        s = self.scope.functions[name]
        body = Patterns(self.scope)
        v = body.x(inner[0], s.result)
        return body.store(v.e)

    def _initialiser(self, m: SyntaxNode, s: Signature, name: str, info: Struct) -> ir.Function:
        """`new` as statements that assign the fields."""
        scope = self.scope
        generics = scope.generics_of(m, name, info.generics)
        body = Patterns(scope, name, generics)
        params: list[ir.Param] = []
        for p, t in s.params:
            params.append(ir.Param(p, body.stored(t), line=scope.line(m)))
            body.taken[p] = t
            body.bind(p, ir.Name(p, type=body.stored(t)), t)
        block = m.child_by_field_name("body")
        assert block is not None
        children = code_children(block)
        from foundation_engine.port.front._rust_body import Dest

        result = resolve(s.result)
        body.returned = Dest("return", s.result, tail=True) if isinstance(result, rt.Res) else None
        for c in children[:-1]:
            mark = len(body.out)
            body.statement(c)
            body.attach(mark, c)
        last = children[-1]
        if last.type == "call_expression":
            last = body.arguments(last)[0]
        held = last.child_by_field_name("body")
        own = ir.Name("self", type=ir.NamedT(name))
        given: list[tuple[str, SyntaxNode]] = []
        for c in code_children(held) if held is not None else []:
            if c.type == "shorthand_field_initializer":
                given.append((self.src(code_children(c)[-1]), code_children(c)[-1]))
            elif c.type == "field_initializer":
                value = c.child_by_field_name("value")
                assert value is not None
                given.append((self.src(c.child_by_field_name("field")), value))
            else:
                raise Unsupported("a constructor with a base", self.src(m).splitlines()[0], scope.line(m))
        for fname, value in given:
            t = info.fields[fname]
            v = body.x(value, t)
            body.unify(v.t, t, value)
            body.emit(ir.Assign(ir.FieldTarget(own, fname, type=body.stored(t)), body.store(v.e)), value)
        self._check_types(body.out)
        return ir.Function(
            "__init__", params, ir.NONE, body.out, scope.doc(m), kind="method", line=scope.line(m),
            end_line=scope.end_line(m), comments=self._comments(m),
        )  # fmt: skip

    def _display(self, m: SyntaxNode, name: str, receiver_name: str = "") -> ir.Function:
        """`impl Display` as a method or function that gives the text."""
        scope = self.scope
        body = Patterns(scope, name)
        params = m.child_by_field_name("parameters")
        names = (
            [
                self.src(p.child_by_field_name("pattern"))
                for p in code_children(params)
                if p.type == "parameter"
            ]
            if params is not None
            else []
        )
        body.formatter = names[0] if names else "f"
        made: list[ir.Param] = []
        if receiver_name:
            kind = ir.NamedT(name)
            made.append(ir.Param(receiver_name, kind))
            body.bind("self", ir.Name(receiver_name, type=kind), rt.Named(name))
            body.taken[receiver_name] = rt.Named(name)
        block = m.child_by_field_name("body")
        assert block is not None
        self._only_one_write(block)
        out = body.function_body(block, rt.TEXT)
        self._check_types(out)
        self.module.declines.extend(body.declines)
        self._end(name, out, ir.STR)
        fname = f"{snake(name)}_text" if receiver_name else "to_text"
        return ir.Function(
            fname, made, ir.STR, out, "The text of it.", kind="function" if receiver_name else "method",
            line=scope.line(m), end_line=scope.end_line(m),
        )  # fmt: skip

    def _only_one_write(self, block: SyntaxNode) -> None:
        for n in walk(block):
            if n.type == "try_expression":
                raise Unsupported(
                    "a Display that writes piece by piece", self.src(n).splitlines()[0], self.scope.line(n)
                )

    def _define_enum(self, n: SyntaxNode, name: str) -> None:
        scope = self.scope
        info = scope.enums[name]
        if info.kind == "error":
            self._define_errors(n, name, info)
            return
        if info.kind == "data":
            plain: list[tuple[str, Any]] = [(v.name, v.value) for v in info.variants.values()]
            about = f"What a {name} can be."
            self.module.definitions.append(ir.EnumClass(kind_name(name), plain, about, line=scope.line(n)))
            self.module.definitions.append(self._class(n, name))
            return
        members = [(v.name, v.value) for v in info.variants.values()]
        self.module.definitions.append(
            ir.EnumClass(name, members, scope.doc(n), self._comments(n), line=scope.line(n))
        )
        receiver = snake(name)
        for trait, _, m in self.functions_of(name):
            mname = self.name_of(m)
            if trait in _IGNORED_TRAITS - {"Display", "Default"}:
                continue
            if trait == "Display":
                self._guard(
                    m,
                    f"{name}.fmt",
                    lambda m=m: self.module.definitions.append(self._display(m, name, receiver)),
                )
                continue
            s = info.methods.get(mname)
            if s is None:
                self._without_signature(m, name)
                continue
            self._guard(
                m,
                f"{name}.{mname}",
                lambda m=m, s=s, mname=mname: self.module.definitions.append(
                    self._function(m, s, mname, name, receiver if s.receiver else "")
                    if s.receiver
                    else self._static_function(m, s, mname, name)
                ),
            )

    def _static_function(self, m: SyntaxNode, s: Signature, mname: str, name: str) -> ir.Function:
        made = self._function(m, s, mname, name)
        made.kind = "function"
        return made

    def _classes_by_variant(self, name: str) -> dict[str, str]:
        """Variant to the class that `impl Classify` gives it."""
        out: dict[str, str] = {}
        for trait, node in self.impls.get(name, []):
            if trait != "Classify":
                continue
            for arm in walk(node):
                if arm.type == "match_arm":
                    pattern = self.src(arm.child_by_field_name("pattern"))
                    value = self.src(arm.child_by_field_name("value"))
                    cls = re.search(r"Class::(\w+)", value)
                    for v in re.findall(r"::(\w+)", pattern):
                        if cls is not None and cls[1] != "Other" and cls[1] in ir.ERROR_BASES:
                            out[v] = cls[1]
        return out

    def _define_errors(self, n: SyntaxNode, name: str, info: Enum) -> None:
        scope = self.scope
        bases = self._classes_by_variant(name)
        arms = self._display_arms(name)
        made: list[ir.Definition] = []
        holder = n.child_by_field_name("body")
        nodes = (
            {self.name_of(v): v for v in code_children(holder) if v.type == "enum_variant"}
            if holder is not None
            else {}
        )
        for v in info.variants.values():
            if v.transparent:
                continue
            node = nodes[v.name]
            params = [ir.Param(f, _stored(t), line=scope.line(node)) for f, t in v.fields]
            message = self._message(v, node, arms)
            base = bases.get(v.name, name)
            doc = scope.doc(node)
            made.append(self._error_class(v.error, base, params, message, doc, scope.line(node)))
        if any(isinstance(d, ir.ErrorClass) and d.base == name for d in made):
            base_class = ir.ErrorClass(
                name, "Exception", [ir.Param("message", ir.STR, text_lit(""))], [], None, scope.doc(n),
                self._comments(n),
                line=scope.line(n),
            )  # fmt: skip
            self.module.definitions.append(base_class)
        self.module.definitions.extend(made)
        for trait, _, m in self.functions_of(name):
            mname = self.name_of(m)
            s = info.methods.get(mname)
            if trait in _IGNORED_TRAITS:
                continue
            if s is None:
                self._without_signature(m, name)
                continue
            if s.receiver == "&mut":
                self._decline(m, f"{name}.{mname}", Unsupported("an error that changes", "", scope.line(m)))
                info.methods.pop(mname)
                continue
            receiver = snake(name) if s.receiver else ""
            self._guard(
                m,
                f"{name}.{mname}",
                lambda m=m, s=s, mname=mname, receiver=receiver: self.module.definitions.append(
                    self._function(m, s, mname, name, receiver)
                    if receiver
                    else self._static_function(m, s, mname, name)
                ),
            )

    def _error_class(
        self, name: str, base: str, params: list[ir.Param], message: ir.Expr, doc: str, line: int
    ) -> ir.ErrorClass:
        if (
            len(params) == 1
            and params[0].type == ir.STR
            and _is_just(message, params[0].name)
            and params[0].name == "message"
        ):
            plain = [ir.Param("message", ir.STR, text_lit(""), line=line)]
            return ir.ErrorClass(name, base, plain, [], None, doc, line=line)
        fields = [ir.FieldDef(p.name, p.type, line=p.line) for p in params]
        return ir.ErrorClass(name, base, params, fields, message, doc, line=line)

    def _message(
        self, v: Variant, node: SyntaxNode, arms: dict[str, tuple[SyntaxNode, SyntaxNode]]
    ) -> ir.Expr:
        scope = self.scope
        body = Patterns(scope)
        for f, t in v.fields:
            body.bind(f, ir.Name(f, type=_stored(t)), t)
        for a in scope.attributes(node):
            if re.match(r"#\[\s*error\s*\(", self.src(a)):
                return self._attribute_message(a, v, body)
        if not any(e.display and e.variants.get(v.name) is v for e in scope.enums.values()):
            # An error that nothing shows is known by its name.
            return text_lit(v.name)
        if v.name not in arms:
            raise Unsupported("an error whose Display does not show its message", v.name, scope.line(node))
        pattern, value = arms[v.name]
        if pattern.type == "tuple_struct_pattern":
            inner = [c for c in pattern.children if c.type not in COMMENTS and c.type not in ("(", ")", ",")][
                1:
            ]
            for p, (f, t) in zip(inner, v.fields, strict=False):
                body.bind(self.src(p), ir.Name(f, type=_stored(t)), t)
        elif pattern.type == "struct_pattern":
            kinds = dict(v.fields)
            for c in code_children(pattern):
                if c.type == "field_pattern":
                    f = self.src(c.child_by_field_name("name"))
                    inner_pattern = c.child_by_field_name("pattern")
                    body.bind(
                        self.src(inner_pattern) if inner_pattern is not None else f,
                        ir.Name(f, type=_stored(kinds[f])),
                        kinds[f],
                    )
        return self._written(body, value)

    def _written(self, body: Patterns, value: SyntaxNode) -> ir.Expr:
        """The text that an arm of `fmt` writes."""
        body.formatter = "f"
        while value.type == "block" and len(code_children(value)) == 1:
            value = code_children(value)[0]
        if value.type == "expression_statement":
            value = code_children(value)[0]
        if value.type == "call_expression":
            head = value.child_by_field_name("function")
            text = self.src(head)
            if text == "f.write_str":
                v = body.x(body.arguments(value)[0], rt.TEXT)
            elif text.endswith(".fmt"):
                v = body.x(head.child_by_field_name("value") or value) if head is not None else body.x(value)
                v = V(body.text_of(v, value), rt.TEXT)
            else:
                raise Unsupported(
                    "a Display of this kind", self.src(value).splitlines()[0], self.scope.line(value)
                )
        else:
            v = body.x(value)
        if body.out or resolve(v.t) != rt.TEXT:
            raise Unsupported(
                "a Display of this kind", self.src(value).splitlines()[0], self.scope.line(value)
            )
        return v.e

    def _attribute_message(self, a: SyntaxNode, v: Variant, body: Patterns) -> ir.Expr:
        """`#[error("... {0} {name}")]`."""
        text = self.src(a)
        m = re.match(r"#\[\s*error\s*\(\s*(.*)\)\s*\]$", text, re.DOTALL)
        if m is None:
            raise Unsupported("an error's message of this kind", text, self.scope.line(a))
        for i, (f, t) in enumerate(v.fields):
            body.bind(str(i), ir.Name(f, type=_stored(t)), t)
        start = a.start_byte + len(text[: m.start(1)].encode())
        quoted = re.match(r'"(?:[^"\\]|\\.)*"', m[1], re.DOTALL)
        if quoted is None or m[1][quoted.end() :].strip(" ,\n"):
            raise Unsupported("an error's message with arguments", text, self.scope.line(a))
        return body.format([(start, start + len(quoted[0].encode()))], a)

    def _define_error_struct(self, n: SyntaxNode, name: str) -> None:
        scope = self.scope
        kinds = scope.error_fields[name]
        params = [ir.Param(f, _stored(t), line=scope.line(n)) for f, t in kinds.items()]
        body = Patterns(scope, name)
        own = ir.Name("self", type=ir.NamedT(name))
        base = "Exception"
        for trait, node in self.impls.get(name, []):
            cls = re.search(r"Class::(\w+)", self.src(node)) if trait == "Classify" else None
            if cls is not None and cls[1] in ir.ERROR_BASES:
                base = cls[1]
        message: ir.Expr | None = None
        for a in scope.attributes(n):
            if re.match(r"#\[\s*error\s*\(", self.src(a)):
                for f, t in kinds.items():
                    body.bind(f, ir.Name(f, type=_stored(t)), t)
                message = self._attribute_message(a, Variant(name, list(kinds.items())), body)
        shown = next((m for t, _, m in self.functions_of(name) if t == "Display"), None)
        if message is None and shown is not None:
            del own
            for f, t in kinds.items():
                body.bind(f"self.{f}", ir.Name(f, type=_stored(t)), t)
            message = self._struct_message(shown, kinds, body)
        if message is None:
            raise Unsupported("an error without Display", f"struct {name}", scope.line(n))
        made = self._error_class(name, base, params, message, scope.doc(n), scope.line(n))
        made.comments = self._comments(n)
        self.module.definitions.append(made)
        for trait, _, m in self.functions_of(name):
            if trait in _IGNORED_TRAITS or (name, self.name_of(m)) in scope.error_constructors:
                continue
            self._decline(
                m, f"{name}.{self.name_of(m)}", Unsupported("a method of an error", "", scope.line(m))
            )

    def _struct_message(self, shown: SyntaxNode, kinds: dict[str, RType], body: Patterns) -> ir.Expr:
        """The message of a struct: `self.field` is the constructor's parameter."""
        block = shown.child_by_field_name("body")
        inner = code_children(block) if block is not None else []
        if len(inner) != 1:
            raise Unsupported(
                "a Display of this kind", self.src(shown).splitlines()[0], self.scope.line(shown)
            )
        positional = {str(i): f for i, f in enumerate(kinds)}
        body.own_fields = {**{f: f for f in kinds}, **positional}
        return self._written(body, inner[0])

    def _protocol(self, n: SyntaxNode, name: str) -> ir.Protocol:
        scope = self.scope
        trait = scope.traits[name]
        methods: list[ir.Function] = []
        body = Patterns(scope, name)
        holder = n.child_by_field_name("body")
        for m in code_children(holder) if holder is not None else []:
            if m.type not in ("function_signature_item", "function_item"):
                continue
            s = trait.methods[self.name_of(m)]
            raises = isinstance(resolve(s.result), rt.Res)
            methods.append(
                ir.Function(
                    self.name_of(m), [ir.Param(p, body.stored(t)) for p, t in s.params], body.stored(s.result), [],
                    scope.doc(m),
                    kind="method", line=scope.line(m), is_async=s.is_async,
                    raises=frozenset({ir.ANY_ERROR}) if raises else frozenset(), context=raises,
                    mutates=s.receiver == "&mut",
                )
            )  # fmt: skip
        return ir.Protocol(name, methods, scope.doc(n), self._comments(n), line=scope.line(n))

    def _rest_of_impl(self, n: SyntaxNode) -> None:
        """What an `impl` holds beside functions: constants; functions are with their type."""
        owner = self.owner_of(code_children(n)[-1])
        if self.wanted is not None and owner not in self.wanted:
            return
        known = owner in self.scope.structs or owner in self.scope.enums or owner in self.scope.error_structs
        if not known:
            if owner not in self.declined:
                self._decline(
                    n,
                    f"impl {owner}",
                    Unsupported("an implementation for a type from elsewhere", "", self.scope.line(n)),
                )
            return
        body = n.child_by_field_name("body")
        for m in code_children(body) if body is not None else []:
            if m.type == "const_item":
                key = f"{owner}::{self.name_of(m)}"
                if key in self.scope.consts:
                    self._guard(
                        m,
                        key,
                        lambda m=m, key=key: self._constant(m, key.replace("::", "_").upper(), key, owner),
                    )

    # The end

    def _finish(self) -> None:
        """Write the types that inference found; a definition whose types stay open is declined."""
        kept: list[ir.Definition] = []
        for d in self.module.definitions:
            try:
                _settle(d)
                kept.append(d)
            except Unsupported as why:
                name = str(getattr(d, "name", ""))
                self.module.declines.append(Unsupported(why.reason, name, d.line))
                lines = self.scope.text.splitlines()
                source = lines[d.line - 1].strip() if 0 < d.line <= len(lines) else name
                kept.append(ir.Declined(why.reason, name, name, source, line=d.line))
        order = {id(d): i for i, d in enumerate(kept)}
        # An assertion about a constant of a type stands before its first use in the other languages.
        constants = [d for d in kept if isinstance(d, ir.Constant)]
        rest = [d for d in kept if not isinstance(d, ir.Constant)]
        first = min((order[id(d)] for d in rest), default=0)
        del first
        early = [c for c in constants if not _uses_classes(c, rest)]
        late = [c for c in constants if c not in early]
        self.module.definitions = [*early, *rest]
        for c in late:
            at = max(
                (i for i, d in enumerate(self.module.definitions) if getattr(d, "name", None) in _named(c)),
                default=-1,
            )
            self.module.definitions.insert(at + 1, c)


def _named(c: ir.Constant) -> set[str]:
    out: set[str] = set()
    for n in ir.walk(c):
        if isinstance(n, ir.New):
            out.add(n.cls)
        elif isinstance(n, ir.EnumMember):
            out.add(n.enum)
        elif isinstance(n, ir.Name):
            out.add(n.id)
    return out


def _uses_classes(c: ir.Constant, rest: Sequence[ir.Definition]) -> bool:
    names = {getattr(d, "name", "") for d in rest}
    return bool(_named(c) & names)


def _stored(t: RType) -> ir.Type:
    found = to_ir(t)
    return ir.STR if found == ir.CHAR else found


def _is_just(message: ir.Expr, name: str) -> bool:
    if isinstance(message, ir.Name):
        return message.id == name
    return (
        isinstance(message, ir.Format)
        and len(message.parts) == 1
        and isinstance(message.parts[0].value, ir.Name)
        and message.parts[0].value.id == name
        and not message.parts[0].spec
    )


def _lifted(f: ir.Function) -> ir.Function:
    """A function whose whole body is one block under a retry or a boundary has the pattern itself."""
    if len(f.body) != 1 or f.kind != "function":
        return f
    only = f.body[0]
    if not isinstance(only, ir.Return | ir.ExprStmt) or not isinstance(only.value, ir.PatternCall):
        return f
    call = only.value
    constant = all(
        not isinstance(n, ir.Name) or n.type == ir.ERROR or n.id.isupper()
        for a in call.arguments.values()
        for n in ir.walk(a)
    )
    if (
        call.obj is not None
        or call.pattern_id not in ("retry_with_backoff", "error_boundary")
        or not constant
    ):
        return f
    f.patterns.append(ir.PatternUse(call.pattern_id, call.arguments, call.line or f.line))
    f.body = call.body
    return f


def _settle(node: ir.Node) -> None:
    """Replace every type that was open when its node was made."""
    for n in ir.walk(node):
        for f in dataclass_fields(n):
            value = getattr(n, f.name)
            if isinstance(value, ir.Type):
                settled = _settled(value)
                if settled is not value:
                    setattr(n, f.name, settled)


def _settled(t: Any) -> Any:
    match t:
        case rt.Late(rust):
            return to_ir(rust, final=True)  # type: ignore[arg-type]
        case ir.ListT(elem):
            return ir.ListT(_settled(elem))
        case ir.SetT(elem):
            return ir.SetT(_settled(elem))
        case ir.IterT(elem):
            return ir.IterT(_settled(elem))
        case ir.OptionalT(elem):
            return ir.OptionalT(_settled(elem))
        case ir.DictT(key, value, zero):
            return ir.DictT(_settled(key), _settled(value), zero)
        case ir.TupleT(elems):
            return ir.TupleT(tuple(map(_settled, elems)))
        case ir.FuncT(params, result, raises, context):
            return ir.FuncT(tuple(map(_settled, params)), _settled(result), raises, context)
        case _:
            return t


__all__ = ["lower_module", "op"]
