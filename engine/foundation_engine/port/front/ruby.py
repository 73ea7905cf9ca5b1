"""From Ruby source to the intermediate representation: types from RBS, YARD and inference over the whole file."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, cast

from foundation_grammars.tree import parse
from foundation_specs.model import LanguageId

from foundation_engine.port import ir
from foundation_engine.port.front import _ruby_ast as ast
from foundation_engine.port.front._python_regex import placed
from foundation_engine.port.front._reading import reachable, tell_members_apart
from foundation_engine.port.front._ruby_files import Joined, join, settle
from foundation_engine.port.front._ruby_nodes import Maybe, lit
from foundation_engine.port.front._ruby_patterns import arguments, shared_name
from foundation_engine.port.front._ruby_prelude import PRELUDE
from foundation_engine.port.front._ruby_scope import ClassInfo, ConstantInfo, Param, Scope, Signature
from foundation_engine.port.front._ruby_signatures import Signatures, read_signatures, signatures_beside
from foundation_engine.port.front._ruby_stmt import Memory, Statements
from foundation_engine.port.front._ruby_types import (
    Declared,
    Doc,
    SymbolT,
    Types,
    VarT,
    erased,
    read_doc,
)
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.request import SourceFile

_SWEEPS = 12
_META = frozenset(
    [
        "method_missing",
        "respond_to_missing?",
        "define_method",
        "class_eval",
        "instance_eval",
        "refine",
        "using",
        "eval",
        "included",
        "inherited",
        "extended",
        "const_missing",
    ]
)


@dataclass
class Shapes:
    """What a recorder must know of the source that the representation does not say: Ruby's names, kinds and symbols."""

    functions: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    classes: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    protocols: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    errors: dict[str, str] = field(default_factory=dict[str, str])
    natives: dict[str, str] = field(default_factory=dict[str, str])


def lower_module(text: str, name: str, line: int | None = None, signatures: str = "") -> ir.Module:
    """The module as IR; `line` restricts it to the definition there and what it uses; `signatures` is RBS text.

    Raises SyntaxError when the text is not Ruby. Everything else that is not understood becomes a hole or a `Declined`
    definition.
    """
    return lower_with_shapes(text, name, line, signatures)[0]


def lower_document(
    text: str, name: str, line: int | None, path: str, others: Sequence[SourceFile] = ()
) -> tuple[ir.Module, Shapes]:
    """The same with the RBS files beside the source at `path`, and what a recorder must know of it.

    Of `others`, the files that it requires, comes what it uses.
    """
    return _ModuleLowerer(join(path, text, others), name, signatures_beside(path)).lower(line)


def lower_with_shapes(
    text: str,
    name: str,
    line: int | None = None,
    signatures: str = "",
) -> tuple[ir.Module, Shapes]:
    """The module, and what a recorder of its source must know."""
    return _ModuleLowerer(join("", text, ()), name, signatures).lower(line)


_OPERATORS = {
    "+": "plus",
    "-": "minus",
    "*": "times",
    "/": "divided_by",
    "%": "modulo",
    "[]": "at",
    "<<": "push",
    "-@": "negated",
    "call": "call",
}


def identifier(name: str, taken: Callable[[str], bool] = lambda _: False) -> str:
    """A Ruby method's name where `?`, `!` and `=` may not be part of it."""
    if name.endswith("?"):
        plain = name[:-1]
        made = (
            plain
            if re.match(r"(is|has|can|should|was|are|needs|does|will|may|must)_", plain)
            else f"is_{plain}"
        )
    elif name.endswith("!"):
        made = name[:-1]
        made = f"{made}_now" if taken(made) else made
    elif name.endswith("="):
        made = f"set_{name[:-1]}"
    elif name in _OPERATORS:
        made = _OPERATORS[name]
    else:
        return name
    return f"{made}_" if taken(made) else made


class _ModuleLowerer:
    """Names first, then sweeps over the bodies until the types stand still, then the representation."""

    def __init__(self, joined: Joined, name: str, signatures: str) -> None:
        self.joined = joined
        text = joined.text
        data = text.encode()
        tree = parse(data, LanguageId.RUBY)
        if tree.errors:
            at = data[: tree.errors[0].start].count(b"\n") + 1
            error = SyntaxError("syntax error")
            error.lineno = at
            raise error
        self.text = text
        self.reader = ast.Reader(tree)
        self.types = Types()
        self.scope = Scope(self.reader, self.types)
        self.types.differ = self.scope.differ
        self.module = ir.Module(name, "", [], [], {})
        self.signatures: Signatures = read_signatures(signatures)
        self.order: list[tuple[str, Any]] = []
        self.memories: dict[int, Memory] = {}
        self.registrations: list[ast.Call] = []
        self.commands: list[tuple[Signature, ast.Call]] = []
        self.prelude_used: set[str] = set()
        self.declared = Declared(self.types, self._named, self._duck, self._declared_record)
        self.late: dict[str, list[str]] = {}  # fields that only methods assign, which are nil at first
        self.regex_comments: dict[str, list[str]] = {}  # what stands above constants that hold patterns
        self.counted: set[int] = set()  # methods whose shared breakers and limiters were counted

    # Names

    def _named(self, path: str) -> Type | None:
        info = self.scope.class_named(path)
        if info is not None:
            return ir.NamedT(info.name)
        error = self.scope.error_name(path)
        if error is not None:
            return ir.ERROR if error == "Exception" else ir.NamedT(error)
        return None

    def _duck(self, name: str) -> Type:
        return ir.NamedT(self.scope.protocol(name).name)

    def _declared_record(self, members: list[tuple[str, Type]]) -> Type:
        info = self.scope.record(tuple(k for k, _ in members), members[0][0] if members else "", 0)
        for k, t in members:
            info.fields[k] = self.types.join(info.fields[k], t)
        return ir.NamedT(info.name)

    def lower(self, line: int | None) -> tuple[ir.Module, Shapes]:
        """The module."""
        every = self.reader.program()
        program = [n for n in every if self._own(n.line)]
        # What others define is known before the document is read, as it is when it is loaded.
        self._survey([n for n in every if not self._own(n.line)], "", None)
        self._survey(program, "", None)
        self._registered_at_load(program)
        for n in self.registrations:
            self._command(n)
        self.module.doc = self._module_doc(program)
        for info in self.scope.classes.values():
            self._guard_class(info)
        for s in self._signatures():
            self._declare(s)
        self._sweep()
        self._settle()
        wanted = self._reachable(line)
        if wanted is not None and line is not None:
            self._forget_calls(program, wanted)
        self.scope.final = True
        self._define(wanted)
        self._finish()
        shapes = self._shapes()
        self.module.differences = self.scope.differences
        self.module.delays = list(dict.fromkeys(self.scope.delays))
        if len(self.joined.paths) > 1:
            settle(self.module, self.joined, wanted or ())
        return self.module, shapes

    def _module_doc(self, program: list[ast.Node]) -> str:
        if not program:
            return ""
        first = program[0]
        if isinstance(first, ast.ModuleNode):
            return self._doc_above(first.line).text
        lines = [t for at, t in sorted(self.reader.standing.items()) if at < first.line]
        return read_doc(lines).text if not isinstance(first, ast.Def | ast.ClassNode | ast.Assign) else ""

    def _doc_above(self, line: int) -> Doc:
        return read_doc(self.reader.above(line))

    def _survey(self, nodes: list[ast.Node], path: str, cls: ClassInfo | None) -> None:
        """Collect the definitions of a body. `path` is the module or class around it in Ruby."""
        mode = "instance" if path else "function"
        private = False
        for n in nodes:
            match n:
                case ast.Ident(name="module_function"):
                    mode = "function"
                case ast.Ident(name="private" | "protected"):
                    private = True
                case ast.Ident(name="public"):
                    private = False
                case ast.Call(recv=None, name="extend", args=[ast.SelfNode()]):
                    mode = "function"
                case ast.Call(recv=None, name="module_function", args=args) if args:
                    for a in args:
                        if isinstance(a, ast.Def):
                            self._method(a, path, cls, "function", private)
                        elif isinstance(a, ast.Symbol):
                            self._promote(a.name, path)
                case ast.Call(
                    recv=None, name="private" | "private_class_method" | "protected" | "public", args=args
                ):
                    hidden = n.name != "public"
                    for a in args:
                        match a:
                            case ast.Def():
                                self._method(a, path, cls, mode if not a.singleton else "function", hidden)
                            case ast.Symbol(name=name):
                                self._hide(name, cls, n.name, path)
                            case ast.Call(recv=None, name="attr_reader" | "attr_accessor" | "attr_writer"):
                                if cls is not None:
                                    self._attributes(a, cls, hidden)
                            case _:
                                pass
                case ast.Call(
                    recv=None,
                    name="private_constant" | "require" | "require_relative" | "using" | "public_constant",
                ):
                    if n.name == "using":
                        self._decline(n, n.name, Unsupported("refinements", "", n.line))
                case ast.Call(recv=None, name="attr_reader" | "attr_accessor" | "attr_writer") if (
                    cls is not None
                ):
                    self._attributes(n, cls, private)
                case ast.Call(recv=None, name="include" | "extend" | "prepend") if cls is not None or path:
                    names = [a.path for a in n.args if isinstance(a, ast.Const)]
                    if names not in (["Comparable"], ["Enumerable"]) or n.name != "include":
                        why = Unsupported(f"{n.name} {', '.join(names)}", self._first(n), n.line)
                        if cls is not None:
                            cls.failed = cls.failed or why
                        else:
                            self._decline(n, path, why)
                case ast.Def(name=name) if name in _META:
                    why = Unsupported(f"{name}: a class that changes at run time", f"def {name}", n.line)
                    if cls is not None:
                        cls.failed = cls.failed or why
                    else:
                        self._decline(n, name, why)
                case ast.Def():
                    self._method(
                        n, path, cls, "function" if n.singleton else mode, private and not n.singleton
                    )
                case ast.ModuleNode(path="<<self", body=body):
                    hidden = False
                    for b in body:
                        if isinstance(b, ast.Ident) and b.name == "private":
                            hidden = True
                        elif isinstance(b, ast.Def):
                            self._method(b, path, cls, "function", hidden)
                        elif (
                            isinstance(b, ast.Call)
                            and b.name == "private"
                            and b.args
                            and isinstance(b.args[0], ast.Def)
                        ):
                            self._method(b.args[0], path, cls, "function", True)
                        else:
                            self._decline(
                                b, path, Unsupported("this in class << self", self._first(b), b.line)
                            )
                case ast.ModuleNode(path=name, body=body):
                    inner = f"{path}::{name}" if path else name
                    self.scope.modules.add(inner)
                    self._survey(body, inner, None)
                case ast.ClassNode():
                    self._class(n, path)
                case ast.Assign(target=ast.Const(path=name)):
                    self._constant(n, name, path)
                case ast.Call() if _registers(n):
                    self.registrations.append(n)
                case ast.If() | ast.Literal():
                    if isinstance(n, ast.If) and "__FILE__" not in self._first(n):
                        self._decline(
                            n,
                            f"statement {n.line}",
                            Unsupported("a statement at the top level", self._first(n), n.line),
                        )
                case _:
                    where = "in a class" if cls is not None else "at the top level"
                    why = Unsupported(f"a statement {where}", self._first(n), n.line)
                    if cls is not None:
                        cls.failed = cls.failed or why
                    else:
                        self._decline(n, f"statement {n.line}", why)

    def _first(self, n: ast.Node) -> str:
        text = self.reader.source(n)
        return text.splitlines()[0] if text else ""

    def _decline(self, n: ast.Node, name: str, why: Unsupported) -> None:
        line = why.line or n.line
        source = self.reader.source(n)
        construct = why.construct or self._first(n)
        if any(isinstance(d, ir.Declined) and d.name == name for d in self.module.definitions):
            return
        self.module.definitions.append(ir.Declined(why.reason, construct, name, source, line=line))
        self.module.declines.append(Unsupported(why.reason, construct, line))

    def _promote(self, name: str, path: str) -> None:
        for s in list(self.scope.functions.values()):
            if s.name == name and s.path == path:
                s.kind = "function"
                s.failed = None

    def _hide(self, name: str, cls: ClassInfo | None, call: str, path: str) -> None:
        hidden = call != "public"
        single = cls.static(name) if cls is not None and call == "private_class_method" else None
        if single is not None:
            single.private = hidden
        elif cls is not None and name in cls.methods:
            cls.methods[name].private = hidden
        elif cls is not None and hidden:
            cls.public.discard(name)
        elif name in self.scope.functions and self.scope.functions[name].path == path:
            self.scope.functions[name].private = hidden

    def _method(self, n: ast.Def, path: str, cls: ClassInfo | None, mode: str, private: bool) -> None:
        doc = self._doc_above(n.line)
        trailing = self.reader.trailing.get(n.line, "")
        if trailing.startswith(":") and not doc.rbs_method:
            doc.rbs_method = trailing[1:].strip()
        kind = "function" if cls is None else "static" if mode == "function" else "method"
        made = Signature(
            n.name,
            [],
            self.types.var(("result", n.start), f"the result of {n.name}"),
            False,
            n,
            doc,
            kind,
            cls.name if cls is not None else "",
            path,
            private,
        )
        if cls is not None:
            if n.name == "initialize":
                made.kind = "method"
                made.declared, made.result = True, ir.NONE
                cls.init = made
                return
            other = cls.methods.get(n.name)
            if other is not None and other.kind == made.kind:
                made.failed = Unsupported(f"{n.name} is defined twice", f"def {n.name}", n.line)
            elif other is not None:
                # A singleton and an instance method may share a name in Ruby alone.
                single = made if made.kind == "static" else other
                single.name = re.sub(r"([?!]?)$", r"_of\1", n.name, count=1)
                cls.renamed[n.name] = single.name
                cls.methods = {s.name: s for s in (*cls.methods.values(), made)}
                return
            cls.methods[n.name] = made
            return
        if mode == "instance":
            made.failed = Unsupported(
                "an instance method of a module, which other classes include", f"def {n.name}", n.line
            )
        if n.name in self.scope.functions:
            made.failed = Unsupported(f"a second method of the name {n.name}", f"def {n.name}", n.line)
            self._decline(n, f"{path}.{n.name}", made.failed)
            return
        self.scope.functions[n.name] = made
        self.order.append(("function", made))

    # Commands

    def _registered_at_load(self, nodes: list[ast.Node]) -> None:
        """Take the commands out of a method that only registers them, when loading the file calls it."""
        for n in nodes:
            if isinstance(n, ast.ModuleNode):
                self._registered_at_load(n.body)
            if not isinstance(n, ast.Call | ast.Ident) or not self._bare_call(n):
                continue
            s = self.scope.functions.get(n.name)
            if s is None or s.node.params or not s.node.body or ("function", s) not in self.order:
                continue
            calls = [b for b in s.node.body if isinstance(b, ast.Call) and _registers(b)]
            if len(calls) != len(s.node.body):
                continue
            self.registrations.extend(calls)
            del self.scope.functions[s.name]
            self.order.remove(("function", s))
            self._forget_declines({f"statement {n.line}"})

    def _bare_call(self, n: ast.Call | ast.Ident) -> bool:
        """True for a call of a method of the file without arguments."""
        return isinstance(n, ast.Ident) or not (
            n.args
            or n.named
            or n.block is not None
            or not (n.recv is None or (isinstance(n.recv, ast.Const) and n.recv.path in self.scope.modules))
        )

    def _forget_declines(self, names: set[str]) -> None:
        lines = {int(name.split()[1]) for name in names}
        self.module.definitions = [
            d for d in self.module.definitions if not (isinstance(d, ir.Declined) and d.name in names)
        ]
        self.module.declines = [d for d in self.module.declines if d.line not in lines]

    def _command(self, n: ast.Call) -> None:
        """The function of a command: the block's positions are arguments and its keywords options."""
        block = n.block
        assert block is not None
        first = n.args[0] if n.args else None
        try:
            if not isinstance(first, ast.Literal) or not isinstance(first.value, str):
                raise Unsupported("a command whose name is computed", self._first(n), n.line)
            name = re.sub(r"\W+", "_", first.value)
            while name in self.scope.functions:
                name = f"{name}_command"
            params: list[ast.Parameter] = []
            for p in block.params:
                unset = p.key and p.default is None and not any(k == "configure" for k, _ in n.named)
                if p.parts is not None or p.splat or unset:
                    raise Unsupported("a parameter of a command of this kind", self._first(n), n.line)
                kind = "optional" if p.key else "required"
                params.append(ast.Parameter(p.name, kind, p.default, line=p.line))
            types = self._configured(n, params)
        except Unsupported as why:
            self._decline(n, f"command {n.line}", why)
            return
        node = ast.Def(name, params, block.body, line=n.line, last=n.last, start=n.start, end=n.end)
        result = self.types.var(("result", n.start), "")
        made = Signature(name, [], result, False, node, self._doc_above(n.line))
        for p in params:
            # The words of a command line are strings, unless the command says otherwise.
            made.doc.params.setdefault(p.name, types.get(p.name, "String"))
        self.scope.functions[name] = made
        self.order.append(("function", made))
        self.commands.append((made, n))

    def _configured(self, n: ast.Call, params: list[ast.Parameter]) -> dict[str, str]:
        """The types of a command's parameters by `configure:`, whose defaults stand in `params` then."""
        given = next((v for k, v in n.named if k == "configure"), None)
        if given is None:
            return {}
        why = Unsupported("a command that is configured in this way", self._first(n), n.line)
        if not isinstance(given, ast.LambdaNode) or len(given.block.params) != 1:
            raise why
        n.named = [(k, v) for k, v in n.named if k != "configure"]
        command = given.block.params[0].name
        known = {p.name: p for p in params}
        types: dict[str, str] = {}
        for b in given.block.body:
            if not (
                isinstance(b, ast.Call)
                and isinstance(b.recv, ast.Ident)
                and b.recv.name == command
                and b.name in ("argument", "option")
                and 1 <= len(b.args) <= 2
                and {k for k, _ in b.named} <= {"default", "description", "multiple"}
            ):
                raise why
            name, kind = b.args[0], b.args[1] if len(b.args) == 2 else ast.Symbol("string")
            options = dict(b.named)
            word = name.name if isinstance(name, ast.Symbol) else getattr(name, "value", None)
            p = known.pop(str(word), None)
            if p is None or not isinstance(kind, ast.Symbol) or kind.name not in _WORDS:
                raise why
            types[p.name] = _WORDS[kind.name]
            multiple = options.get("multiple")
            if isinstance(multiple, ast.Literal) and multiple.value is True:
                types[p.name] = f"Array<{types[p.name]}>"
                if b.name == "option" or "default" in options:
                    raise why
            p.default = options.get("default")
            if b.name == "option" and p.default is None:
                # What is not given is handed to the block all the same.
                p.default = ast.Literal(False if kind.name == "boolean" else None, line=b.line)
            p.kind = "required" if p.default is None else "optional"
            if b.name == "argument" and p.default is not None:
                raise why
        if known:
            raise why
        return types

    # Classes

    def _class(self, n: ast.ClassNode, path: str) -> None:
        name = n.path.rpartition("::")[2]
        full = f"{path}::{n.path}" if path else n.path
        base = n.base
        kind, members, keyword = "plain", list[str](), False
        base_name = ""
        failed: Unsupported | None = None
        if isinstance(base, ast.Const):
            error = self.scope.error_name(base.path)
            if error is not None:
                kind, base_name = "error", error
            else:
                failed = Unsupported(
                    f"a class derived from {base.path}", f"class {name} < {base.path}", n.line
                )
        elif isinstance(base, ast.Call):
            found = self._record(base)
            if found is None:
                failed = Unsupported("a class with a computed base class", self._first(n), n.line)
            else:
                kind, members, keyword = found
        existing = self.scope.classes.get(name)
        if existing is not None:
            if existing.path != full:
                self._decline(
                    n, full, Unsupported(f"a second class of the name {name}", self._first(n), n.line)
                )
                return
            self._survey(n.body, full, existing)
            return
        if name in _BUILTIN and not path:
            self._decline(
                n, name, Unsupported(f"{name} is reopened (a monkey patch)", self._first(n), n.line)
            )
            return
        self._add_class(
            ClassInfo(name, full, kind, n, base=base_name, doc=self._doc_above(n.line), failed=failed),
            members,
            keyword,
            n.body,
        )

    def _add_class(self, info: ClassInfo, members: list[str], keyword: bool, body: list[ast.Node]) -> None:
        info.keyword_init = keyword
        info.body = body
        self.scope.classes[info.name] = info
        self.order.append(("class", info))
        for m in members:
            self._add_field(info, m, self._member_type(info, m))
            info.order.append(m)
            info.public.add(m)
        self._survey(body, info.path, info)

    def _member_type(self, info: ClassInfo, name: str) -> Type:
        written = info.doc.attributes.get(name) or info.doc.params.get(name)
        rbs = self.signatures.attributes.get((info.path, name)) or info.doc.rbs_params.get(name)
        try:
            if rbs:
                return self.declared.rbs(rbs)
            if written:
                return self.declared.yard(written)
        except Unsupported as why:
            info.failed = info.failed or why
        return self.types.var(("field", info.path, name), f"param:{name}")

    def _add_field(self, info: ClassInfo, name: str, t: Type) -> None:
        info.fields.setdefault(name, t)

    def _record(self, call: ast.Call) -> tuple[str, list[str], bool] | None:
        """Kind, members and whether by keyword, of `Struct.new(...)` and `Data.define(...)`."""
        if not isinstance(call.recv, ast.Const):
            return None
        if (call.recv.path, call.name) not in (("Struct", "new"), ("Data", "define")):
            return None
        members = [a.name for a in call.args if isinstance(a, ast.Symbol)]
        if len(members) != len(call.args):
            return None
        keyword = any(
            k == "keyword_init" and isinstance(v, ast.Literal) and v.value is True for k, v in call.named
        )
        return ("struct" if call.recv.path == "Struct" else "data"), members, keyword

    def _attributes(self, n: ast.Call, cls: ClassInfo, private: bool) -> None:
        doc = self._doc_above(n.line)
        trailing = self.reader.trailing.get(n.line, "")
        for a in n.args:
            if not isinstance(a, ast.Symbol):
                continue
            written = doc.result if len(n.args) == 1 else ""
            inline = trailing[1:].strip() if trailing.startswith(":") else doc.rbs_method
            rbs = self.signatures.attributes.get((cls.path, a.name)) or inline
            t: Type = self.types.var(("field", cls.path, a.name), f"param:{a.name}")
            try:
                if rbs:
                    t = self.declared.rbs(rbs)
                elif written:
                    t = self.declared.yard(written)
                elif a.name in cls.doc.attributes:
                    t = self.declared.yard(cls.doc.attributes[a.name])
            except Unsupported as why:
                cls.failed = cls.failed or why
            if isinstance(self.types.shallow(cls.fields.get(a.name, t)), VarT):
                cls.fields[a.name] = t
            if not private:
                cls.public.add(a.name)
                if n.name != "attr_reader":
                    cls.writable.add(a.name)
            elif n.name != "attr_reader":
                cls.writable.add(a.name)
            if n.name != "attr_writer":
                cls.readers.add(a.name)

    def _guard_class(self, info: ClassInfo) -> None:
        """Fields of a plain class are what its methods assign to instance variables."""
        if info.kind == "error":
            self._error_class(info)
            return
        nodes: list[tuple[str, ast.Node]] = []
        if info.init is not None:
            nodes += [("init", b) for b in info.init.node.body]
        for m in info.methods.values():
            nodes += [("method", b) for b in m.node.body]
        for where, b in nodes:
            for x in ast.walk(b):
                targets: list[ast.Node] = []
                if isinstance(x, ast.Assign | ast.OpAssign):
                    targets = x.target.targets if isinstance(x.target, ast.Multi) else [x.target]
                for t in targets:
                    if isinstance(t, ast.IVar):
                        fresh: Type = self.types.var(("field", info.path, t.name), f"param:{t.name}")
                        if t.name not in info.fields:
                            info.fields[t.name] = fresh if where == "init" else ir.OptionalT(fresh)
                            if where == "method":
                                self.late.setdefault(info.name, []).append(t.name)
        if info.kind in ("struct", "data") and info.init is not None:
            info.failed = info.failed or Unsupported(
                "a record with an initializer of its own", f"class {info.name}", info.init.node.line
            )

    def _error_class(self, info: ClassInfo) -> None:
        extra = list(info.methods.values())
        if extra:
            info.failed = Unsupported("an error class with methods", f"class {info.name}", extra[0].node.line)
        base = self.scope.classes.get(info.base)
        if info.init is None and base is not None and base.init is not None and base.fields:
            info.failed = Unsupported(
                "an error class that inherits fields", f"class {info.name}", info.node.line
            )

    def _constant(self, n: ast.Assign, name: str, path: str) -> None:
        value = n.value
        while isinstance(value, ast.Call) and value.name == "freeze" and value.recv is not None:
            value = value.recv
        if isinstance(value, ast.Call):
            found = self._record(value)
            full = f"{path}::{name}" if path else name
            if found is not None:
                kind, members, keyword = found
                info = ClassInfo(name, full, kind, n, doc=self._doc_above(n.line))
                self._add_class(info, members, keyword, value.block.body if value.block is not None else [])
                return
            if (
                isinstance(value.recv, ast.Const)
                and (value.recv.path, value.name) == ("Class", "new")
                and len(value.args) == 1
            ):
                base = value.args[0]
                error = self.scope.error_name(base.path) if isinstance(base, ast.Const) else None
                if error is not None and value.block is None:
                    self._add_class(
                        ClassInfo(name, full, "error", n, base=error, doc=self._doc_above(n.line)),
                        [],
                        False,
                        [],
                    )
                    return
            if (
                isinstance(value.recv, ast.Const)
                and (value.recv.path, value.name) == ("Foundation::Config", "define")
                and value.block is not None
            ):
                self._config(name, full, n, value.block)
                return
        if isinstance(value, ast.Regex):
            self.scope.regexes[name] = value
            self.regex_comments[name] = self._doc_above(n.line).text.splitlines()
            return
        info2 = ConstantInfo(name, n, self.types.var(("constant", n.start), f"constant {name}"), path)
        if name in self.scope.constants:
            self._decline(
                n,
                f"{path}::{name}",
                Unsupported(f"a second constant of the name {name}", self._first(n), n.line),
            )
            return
        self.scope.constants[name] = info2
        self.order.append(("constant", info2))

    def _config(self, name: str, full: str, n: ast.Assign, block: ast.Block) -> None:
        info = ClassInfo(name, full, "config", n, doc=self._doc_above(n.line))
        kinds: dict[str, Type] = {
            "string": ir.STR,
            "integer": ir.INT,
            "float": ir.FLOAT,
            "boolean": ir.BOOL,
            "strings": ir.ListT(ir.STR),
        }
        for b in block.body:
            options = dict(b.named) if isinstance(b, ast.Call) else {}
            if not (isinstance(b, ast.Call) and b.name == "field" and len(b.args) == 2 and b.block is None):
                info.failed = Unsupported("a configuration field of this kind", self._first(b), b.line)
                break
            key, kind = b.args
            if not isinstance(key, ast.Symbol) or not isinstance(kind, ast.Symbol) or kind.name not in kinds:
                info.failed = Unsupported("a configuration field of this kind", self._first(b), b.line)
                break
            t = kinds[kind.name]
            default: ir.Expr | None = None
            if "default" in options:
                node = options["default"]
                if isinstance(node, ast.Literal) and node.value is None:
                    t = ir.OptionalT(t)
                    default = lit(None, t)
                elif isinstance(node, ast.Literal):
                    low = Statements(self.scope)
                    default = low.coerce(low.expr(node), t)
                elif isinstance(node, ast.Array) and not node.elems:
                    default = ir.ListLit([], type=t)
                else:
                    info.failed = Unsupported("a configuration default of this kind", self._first(b), b.line)
                    break
            env = options.get("env")
            doc = self.reader.trailing.get(b.line, "")
            made = ir.FieldDef(key.name, t, default, doc=doc, line=b.line)
            made.env = str(env.value) if isinstance(env, ast.Literal) else ""
            made.secret = bool(_SECRET.search(key.name))
            info.config.append(made)
            info.fields[key.name] = t
            info.public.add(key.name)
        self.scope.classes[name] = info
        self.order.append(("class", info))

    # Signatures

    def _signatures(self) -> list[Signature]:
        out = list(self.scope.functions.values())
        for info in self.scope.classes.values():
            if info.init is not None:
                out.append(info.init)
            out.extend(info.methods.values())
        return out

    def _declare(self, s: Signature) -> None:
        try:
            self._parameters(s)
        except Unsupported as why:
            why.line = why.line or s.node.line
            why.construct = why.construct or f"def {s.name}"
            s.failed = s.failed or why

    def _parameters(self, s: Signature) -> None:
        doc = s.doc
        method = doc.rbs_method or self.signatures.methods.get((s.path, s.node.name, s.kind != "method"), "")
        rbs_params: list[tuple[str, str, Type]] | None = None
        block_type: Type | None = None
        result: Type | None = None
        if method:
            rbs_params, block_type, result = self.declared.method(method)
        # What RBS leaves untyped, YARD may say.
        if result is None or isinstance(result, VarT):
            if doc.rbs_result:
                result = self.declared.rbs(doc.rbs_result)
            elif doc.result:
                result = self.declared.yard(doc.result)
        if result is not None and not isinstance(result, VarT):
            s.result, s.declared = result, True
        if s.name == "initialize":
            s.result, s.declared = ir.NONE, True
        yields = any(
            isinstance(x, ast.Yield)
            or (isinstance(x, ast.Call) and x.recv is None and x.name == "block_given?")
            for b in s.node.body
            for x in ast.own(b)
        )
        optional_block = any(
            isinstance(x, ast.Call | ast.Ident) and x.name == "block_given?"
            for b in s.node.body
            for x in ast.own(b)
        )
        positional = [p for p in s.node.params if p.kind in ("required", "optional")]
        for p in s.node.params:
            if p.kind == "block":
                continue
            if p.kind not in ("required", "optional", "key"):
                kinds = {
                    "rest": "*args",
                    "keyrest": "**options",
                    "destructured": "a parameter that is taken apart",
                }
                raise Unsupported(f"{kinds.get(p.kind, p.kind)}", f"def {s.name}", p.line)
            t: Type | None = None
            if rbs_params is not None:
                if p.kind == "key":
                    t = next((x for kind, key, x in rbs_params if kind == "key" and key == p.name), None)
                else:
                    at = positional.index(p)
                    plain = [x for kind, _, x in rbs_params if kind != "key"]
                    t = plain[at] if at < len(plain) else None
                if t is None:
                    raise Unsupported(
                        f"the RBS of {s.name} does not say the type of {p.name}", method, s.node.line
                    )
            if t is None or isinstance(t, VarT):
                if p.name in doc.rbs_params:
                    t = self.declared.rbs(doc.rbs_params[p.name])
                elif p.name in doc.params:
                    t = self.declared.yard(doc.params[p.name])
            if t is not None and isinstance(t, VarT):
                # A duck type: the methods that are called on it say what it is.
                self.types.origin[t.id] = f"param:{p.name}"
            if t is None:
                t = self.types.var(("param", s.node.start, p.name), f"param:{p.name}")
            if (
                isinstance(p.default, ast.Literal)
                and p.default.value is None
                and not isinstance(t, ir.OptionalT)
            ):
                t = ir.OptionalT(t)
            if p.default is not None and not isinstance(
                p.default, ast.Literal | ast.Symbol | ast.Const | ast.Array | ast.Hash | ast.Call
            ):
                raise Unsupported("a computed default argument", f"def {s.name}", p.line)
            s.params.append(Param(p.name, t, "key" if p.kind == "key" else p.kind, p.default, p.line))
        # Keyword parameters without a default are required; Ruby lets them follow those with one.
        block = next((p for p in s.node.params if p.kind == "block"), None)
        if block is not None or yields:
            t = block_type
            name = block.name if block is not None and block.name else "block"
            if t is None:
                t = self._yielded(s, name)
            elif optional_block and not isinstance(t, ir.OptionalT):
                t = ir.OptionalT(t)
            s.params.append(Param(name, t, "block", None, s.node.line))

    def _yielded(self, s: Signature, name: str) -> Type:
        """The type of a block by what is yielded to it."""
        counts = {len(x.args) for b in s.node.body for x in ast.own(b) if isinstance(x, ast.Yield)}
        counts |= {
            len(x.args)
            for b in s.node.body
            for x in ast.own(b)
            if isinstance(x, ast.Call)
            and x.name == "call"
            and isinstance(x.recv, ast.Ident)
            and x.recv.name == name
        }
        if len(counts) != 1:
            raise Unsupported(
                "a block that is not called with one number of values", f"def {s.name}", s.node.line
            )
        count = counts.pop()
        params: list[Type] = [
            self.types.var(("yield", s.node.start, i), "a value yielded to a block") for i in range(count)
        ]
        for i, written in enumerate(s.doc.yields[:count]):
            params[i] = self.declared.yard(written)
        result: Type = self.types.var(("yielded", s.node.start), "the result of a block")
        if s.doc.yield_result:
            result = self.declared.yard(s.doc.yield_result)
        t: Type = ir.FuncT(tuple(params), result)
        optional = any(
            isinstance(x, ast.Call | ast.Ident) and x.name == "block_given?"
            for b in s.node.body
            for x in ast.own(b)
        )
        return ir.OptionalT(t) if optional else t

    # Inference

    def _lowerer(self, s: Signature) -> Statements:
        cls = self.scope.classes.get(s.owner) if s.owner else None
        memory = self.memories.setdefault(s.node.start, Memory())
        return Statements(self.scope, cls, s, memory)

    def _sweep(self) -> None:
        for _ in range(_SWEEPS):
            self.types.changed = False
            self.scope.made.clear()
            for info in self.scope.constants.values():
                self._infer_constant(info)
            for s in self._signatures():
                if s.failed is not None or self._class_failed(s):
                    continue
                self._count_shared(s)
                low = self._lowerer(s)
                for p in s.params:
                    if p.default is not None:
                        self._default(low, p, s)
                if s.owner and self.scope.classes[s.owner].kind == "error":
                    self._infer_error(s)
                    continue
                try:
                    low.method_body()
                except Unsupported:
                    continue
            if not self.types.changed:
                break

    def _count_shared(self, s: Signature) -> None:
        if s.node.start in self.counted:
            return
        self.counted.add(s.node.start)
        for b in s.node.body:
            for x in ast.walk(b):
                if (
                    isinstance(x, ast.Call)
                    and isinstance(x.recv, ast.Const)
                    and x.recv.path == "Foundation"
                    and x.name in ("circuit_breaker", "rate_limit")
                ):
                    try:
                        pattern = "circuit_breaker" if x.name == "circuit_breaker" else "rate_limiting"
                        key = shared_name(
                            pattern,
                            arguments(
                                Statements(self.scope),
                                pattern,
                                [(k, v) for k, v in x.named if k == "name"],
                                x,
                            ),
                        )
                    except Unsupported:
                        continue
                    self.scope.shared[key] = self.scope.shared.get(key, 0) + 1

    def _class_failed(self, s: Signature) -> bool:
        return bool(s.owner) and self.scope.classes[s.owner].failed is not None

    def _default(self, low: Statements, p: Param, s: Signature) -> None:
        try:
            if isinstance(p.default, ast.Literal) and p.default.value is None:
                return
            low.default(p)
        except Unsupported as why:
            if self.scope.final:
                s.failed = why

    def _infer_constant(self, info: ConstantInfo) -> None:
        low = Statements(self.scope, None, None, self.memories.setdefault(info.node.start, Memory()))
        try:
            low.pre = []
            written = self._doc_above(info.node.line)
            trailing = self.reader.trailing.get(info.node.line, "")
            want: Type | None = None
            if trailing.startswith(":") or written.rbs_method:
                want = self.declared.rbs(
                    trailing[1:].strip() if trailing.startswith(":") else written.rbs_method
                )
            elif written.result:
                want = self.declared.yard(written.result)
            elif (info.path, info.name) in self.signatures.constants:
                want = self.declared.rbs(self.signatures.constants[info.path, info.name])
            e = low.expr(info.node.value, want)
            t = want if want is not None else e.type
            info.type = self.types.join(info.type, t) if t != ir.NONE else info.type
        except Unsupported:
            return

    def _infer_error(self, s: Signature) -> None:
        info = self.scope.classes[s.owner]
        low = self._lowerer(s)
        for p in s.params:
            low.vars[p.name] = p.type
            low.names[p.name] = p.name
        try:
            self._error_parts(info, low)
        except Unsupported:
            return

    def _settle(self) -> None:
        """What is still open after the last sweep: a result that nobody gave is none; a parameter is declined."""
        for proto in self.scope.protocols.values():
            for m in proto.methods.values():
                t = self.types.shallow(m.result)
                if isinstance(t, VarT):
                    self.types.solved[t.id] = ir.NONE
        for s in self._signatures():
            for p in s.params:
                t = self.types.full(p.type)
                inner = t.elem if isinstance(t, ir.OptionalT) else t
                if isinstance(inner, ir.FuncT) and isinstance(self.types.shallow(inner.result), VarT):
                    self.types.solved[cast("VarT", self.types.shallow(inner.result)).id] = ir.NONE
                if self.types.open(p.type) and s.failed is None:
                    s.failed = Unsupported(
                        f"the type of parameter {p.name} is not known; annotate it: "
                        f"`# @param {p.name} [String]` above the method, or RBS `#: (String) -> ...`",
                        f"def {s.name}",
                        p.line or s.node.line,
                    )
            t = self.types.shallow(s.result)
            if isinstance(t, VarT):
                self.types.solved[t.id] = ir.NONE
        for info in self.scope.classes.values():
            for name, t in info.fields.items():
                if self.types.open(t) and info.failed is None and info.kind != "record":
                    info.failed = Unsupported(
                        f"the type of @{name} is not known; annotate it: `# @return [String]` above its attr_reader, "
                        "or the parameter that it is set from",
                        f"class {info.name}",
                        info.node.line,
                    )

    # Which definitions

    def _reachable(self, line: int | None) -> set[str] | None:
        """Names of the definition at `line`, or of the document's, and of what they use; None for everything."""
        nodes = self._nodes()
        if line is None:
            own = [name for name, x in nodes.items() if self._own(x.line)]
            every = len(self.joined.paths) == 1
            return None if every else {used for name in own for used in self._used(name, nodes)}
        start = next((n for n, x in nodes.items() if x.line <= line <= x.last), None)
        if start is None:
            return None
        wanted = self._used(start, nodes)
        if self._makes_app(wanted, nodes):
            # An application has all commands of the file.
            for made, _ in self.commands:
                wanted |= self._used(made.name, nodes)
        return wanted

    def _own(self, line: int) -> bool:
        """True for a line of the document itself."""
        return self.joined.place(line)[0] == self.joined.paths[0]

    def _makes_app(self, wanted: set[str], nodes: dict[str, ast.Node]) -> bool:
        return any(
            isinstance(x, ast.Call) and _of_runtime(x) and x.name == "app"
            for name in wanted
            for x in ast.walk(nodes[name])
        )

    def _nodes(self) -> dict[str, ast.Node]:
        return {d.name: d.node for _, d in self.order}

    def _used(self, start: str, nodes: dict[str, ast.Node]) -> set[str]:
        """The name of a definition and of all that it mentions."""

        def mentions(name: str) -> Iterable[str]:
            for x in ast.walk(nodes[name]):
                found = (
                    x.name
                    if isinstance(x, ast.Ident | ast.Call)
                    else x.path.rpartition("::")[2]
                    if isinstance(x, ast.Const)
                    else ""
                )
                if found in nodes:
                    yield found
            # The comments in a class say the types of its methods.
            node = nodes[name]
            comments = self.reader.above(node.line)
            comments += [text for at, text in self.reader.standing.items() if node.line <= at <= node.last]
            yield from (word for word in re.findall(r"[A-Z]\w*", "\n".join(comments)) if word in nodes)

        return reachable(start, mentions)

    def _forget_calls(self, program: list[ast.Node], wanted: set[str]) -> None:
        """Take back the declines of calls at load time that share nothing with the definitions asked for.

        Such a call is of a function of the file, without arguments. It shares only functions and frozen constants with
        `wanted`, and uses nothing of the runtime but registers commands, which an app would miss.
        """
        nodes = self._nodes()
        kinds = {d.name: kind for kind, d in self.order}
        if self._makes_app(wanted, nodes):
            return
        apart: set[str] = set()
        for n in program:
            if not isinstance(n, ast.Call | ast.Ident) or n.name not in self.scope.functions:
                continue
            if not self._bare_call(n):
                continue
            used = self._used(n.name, nodes)
            own = all(
                not (
                    isinstance(x, ast.Global | ast.IVar | ast.Opaque)
                    or (isinstance(x, ast.Call) and _of_runtime(x) and x.name != "register_command")
                    or (isinstance(x, ast.Const) and x.path == "ENV")
                )
                for name in used
                for x in ast.walk(nodes[name])
            )
            if own and all(kinds[name] == "function" or _frozen(nodes[name]) for name in used & wanted):
                apart.add(f"statement {n.line}")
        self._forget_declines(apart)

    # The representation

    def _define(self, wanted: set[str] | None) -> None:
        self.scope.made.clear()
        for kind, d in self.order:
            if wanted is not None and d.name not in wanted:
                continue
            node: ast.Node = d.node
            count = len(self.module.definitions)
            try:
                made: ir.Definition
                if kind == "function":
                    made = self._function(d)
                elif kind == "class":
                    made = self._class_definition(d)
                else:
                    made = self._constant_definition(d)
                del self.module.definitions[count:]
                self.module.definitions.append(made)
            except Unsupported as why:
                del self.module.definitions[count:]
                why.line = why.line or node.line
                self._decline(node, d.name, why)

    def _function(self, s: Signature) -> ir.Function:
        if s.failed is not None:
            raise s.failed
        low = self._lowerer(s)
        patterns: list[ir.PatternUse] = []
        for made, n in self.commands:
            if made is s:
                given = [("name", n.args[0]), *n.named]
                patterns.append(
                    ir.PatternUse("cli_framework", arguments(low, "cli_framework", given, n), n.line)
                )
        defaults: dict[str, ir.Expr] = {}
        for p in s.params:
            if p.default is not None:
                defaults[p.name] = low.default(p)
        body = low.method_body()
        self.module.declines.extend(low.declines)
        self.prelude_used |= low.prelude_used
        params = [
            ir.Param(p.name, self.types.full(p.type), defaults.get(p.name), line=p.line) for p in s.params
        ]
        for p in s.params:
            if p.kind == "block" and isinstance(self.types.full(p.type), ir.OptionalT):
                next(x for x in params if x.name == p.name).default = lit(None, self.types.full(p.type))
        result = self.types.full(s.result)
        made_function = ir.Function(
            s.name,
            params,
            ir.NONE if isinstance(result, VarT) else result,
            body,
            s.doc.text,
            [*patterns, *low.patterns],
            s.kind,
            private=s.private,
            line=s.node.line,
            end_line=s.node.last,
        )
        bad = _unknown(self.types, made_function)
        if bad is not None:
            raise Unsupported(
                f"the type of {bad[0]} is not known; annotate it",
                self._source_line(bad[1] or s.node.line),
                bad[1] or s.node.line,
            )
        return made_function

    def _source_line(self, line: int) -> str:
        lines = self.text.splitlines()
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""

    def _constant_definition(self, info: ConstantInfo) -> ir.Definition:
        low = Statements(self.scope, None, None, self.memories.setdefault(info.node.start, Memory()))
        low.pre = []
        try:
            value = low.expr(
                info.node.value,
                None if isinstance(self.types.shallow(info.type), VarT) else self.types.full(info.type),
            )
            if low.pre:
                raise Unsupported(
                    "a constant that is computed in several statements",
                    self._first(info.node),
                    info.node.line,
                )
            t = self.types.full(info.type)
            if not isinstance(t, VarT):
                value = low.coerce(value, t)
            t = self.types.full(value.type)
            if self.types.open(t) or t == ir.NONE:
                raise Unsupported(
                    f"the type of {info.name} is not known; annotate it",
                    self._first(info.node),
                    info.node.line,
                )
        except Unsupported as why:
            info.failed = why
            raise
        self.prelude_used |= low.prelude_used
        comments = [
            c
            for c in self.reader.above(info.node.line)
            if not c.startswith(("@return", ":", "rubocop", "@type"))
        ]
        trailing = self.reader.trailing.get(info.node.line, "")
        return ir.Constant(
            info.name,
            t,
            value,
            comments,
            "" if trailing.startswith((":", "rubocop")) else trailing,
            line=info.node.line,
        )

    def _class_definition(self, info: ClassInfo) -> ir.Definition:
        if info.failed is not None:
            raise info.failed
        if info.kind == "error":
            return self._error_definition(info)
        if info.kind == "config":
            return ir.Class(info.name, info.config, [], info.doc.text, True, True, line=info.node.line)
        made: list[ir.FieldDef] = []
        names = info.order or list(info.fields)
        for name in names:
            t = self.types.full(info.fields[name])
            made.append(
                ir.FieldDef(
                    info.field_name(name),
                    t,
                    None,
                    not (info.kind != "plain" or name in info.public),
                    line=info.node.line,
                )
            )
        init: ir.Function | None = None
        if info.kind == "plain":
            if info.init is None and info.fields:
                node = ast.Def("initialize", [], [], line=info.node.line)
                info.init = Signature(
                    "initialize", [], ir.NONE, True, node, Doc(), "method", info.name, info.path
                )
            if info.init is not None:
                if info.init.failed is not None:
                    raise info.init.failed
                init = self._function(info.init)
                holes = [x for b in init.body for x in ir.walk(b) if isinstance(x, ir.Hole)]
                if holes:
                    raise Unsupported(f"initialize: {holes[0].reason}", holes[0].construct, holes[0].line)
                me = ir.Name("self", type=ir.NamedT(info.name))
                for name in self.late.get(info.name, ()):
                    t = self.types.full(info.fields[name])
                    target = ir.FieldTarget(me, info.field_name(name), type=t)
                    init.body.append(ir.Assign(target, lit(None, t), line=init.line))
                init.name = "__init__"
                init.body = [s for s in init.body if not (isinstance(s, ir.Return) and s.value is None)]
        methods: list[ir.Function] = []
        for s in info.methods.values():
            if s.name in (
                "==",
                "<=>",
                "hash",
                "eql?",
                "each",
                "[]=",
                "coerce",
                "to_str",
                "inspect",
                "initialize_copy",
            ):
                raise Unsupported(f"a class that defines {s.name}", f"def {s.name}", s.node.line)
            try:
                methods.append(self._function(s))
            except Unsupported as why:
                why.line = why.line or s.node.line
                self.module.declines.append(why)
                source = self.reader.source(s.node)
                result = self.types.full(s.result)
                if s.failed is not None or any(self.types.open(p.type) for p in s.params):
                    # A method whose types are not known is left out; calls of it are declined, too.
                    s.failed = s.failed or why
                    continue
                hole = ir.Hole(why.reason, why.construct or f"def {s.name}", source, line=s.node.line)
                params = [ir.Param(p.name, self.types.full(p.type)) for p in s.params]
                methods.append(
                    ir.Function(
                        s.name,
                        params,
                        ir.NONE if self.types.open(result) else result,
                        [hole],
                        s.doc.text,
                        kind=s.kind,
                        private=s.private,
                        line=s.node.line,
                    )
                )
        frozen = info.kind == "data"
        return ir.Class(
            info.name,
            made,
            methods,
            info.doc.text,
            frozen,
            info.kind in ("struct", "data"),
            init,
            line=info.node.line,
        )

    def _error_parts(self, info: ClassInfo, low: Statements) -> tuple[ir.Expr | None, list[str]]:
        """The message of an error class with an initializer, and the parameters it keeps."""
        assert info.init is not None
        message: ir.Expr | None = None
        kept: list[str] = []
        names = {p.name for p in info.init.params}
        for n in info.init.node.body:
            match n:
                case ast.Super(bare=True):
                    if len(info.init.params) != 1:
                        raise Unsupported("super that passes several arguments on", self._first(n), n.line)
                    first = info.init.params[0]
                    self.types.join(first.type, ir.STR)
                    message = ir.Name(first.name, type=ir.STR)
                case ast.Super(args=args, named=[]):
                    if len(args) > 1:
                        raise Unsupported("an error with several arguments to super", self._first(n), n.line)
                    with low.without_statements():
                        message = low.text(low.expr(args[0])) if args else lit(info.path, ir.STR)
                case ast.Assign(target=ast.IVar(name=name), value=ast.Ident(name=source)) if source in names:
                    if name != source:
                        raise Unsupported(
                            "an error class whose field has another name than its parameter",
                            self._first(n),
                            n.line,
                        )
                    p = next(p for p in info.init.params if p.name == source)
                    if name in info.fields:
                        info.fields[name] = self.types.join(info.fields[name], p.type)
                    else:
                        info.fields[name] = p.type
                    p.type = self.types.full(info.fields[name])
                    low.vars[name] = p.type
                    kept.append(name)
                case _:
                    raise Unsupported("an error class that computes its fields", self._first(n), n.line)
        return message, kept

    def _error_definition(self, info: ClassInfo) -> ir.Definition:
        doc = info.doc.text
        if info.init is None:
            params = [ir.Param("message", ir.STR, lit("", ir.STR))]
            return ir.ErrorClass(info.name, info.base, params, [], None, doc, line=info.node.line)
        s = info.init
        if s.failed is not None:
            raise s.failed
        low = self._lowerer(s)
        for p in s.params:
            low.vars[p.name] = self.types.full(p.type)
            low.names[p.name] = p.name
        message, kept = self._error_parts(info, low)
        if message is None:
            raise Unsupported("an error class that does not call super", f"class {info.name}", info.node.line)
        if (
            not kept
            and len(s.params) == 1
            and isinstance(message, ir.Name)
            and message.id == s.params[0].name
        ):
            s.params[0].name = "message"
            return ir.ErrorClass(
                info.name,
                info.base,
                [ir.Param("message", ir.STR, lit("", ir.STR))],
                [],
                None,
                doc,
                line=info.node.line,
            )
        params = [
            ir.Param(p.name, self.types.full(p.type), low.default(p) if p.default is not None else None)
            for p in s.params
        ]
        made = [ir.FieldDef(p.name, p.type, line=s.node.line) for p in params if p.name in kept]
        if len(made) != len(params):
            made = [ir.FieldDef(p.name, p.type, line=s.node.line) for p in params]
        return ir.ErrorClass(info.name, info.base, params, made, message, doc, line=info.node.line)

    # The end

    def _finish(self) -> None:
        definitions = self.module.definitions
        used = {x.id for d in definitions for x in ir.walk(d) if isinstance(x, ir.Name)}
        shared = [c for c in self.scope.made.values() if c.name in used]
        protocols = [p for p in (self._protocol(name) for name in self.scope.protocols) if p is not None]
        named = {t for d in definitions for t in _names_in(d)}
        records = [
            self._record_class(r)
            for r in self.scope.records.values()
            if not any(self.types.open(t) for t in r.fields.values())
        ]
        changed = True
        keep: list[ir.Protocol | ir.Class] = []
        while changed:
            changed = False
            for p in [*protocols, *records]:
                if p.name in named and p not in keep:
                    keep.append(p)
                    named |= set(_names_in(p))
                    changed = True
        self.module.definitions = [*keep, *shared, *definitions]
        if self.prelude_used:
            self.module.definitions.extend(prelude(frozenset(self.prelude_used)))
        self.names = _Names(self.scope)
        rewriter = _Rewriter(self.types, self.names)
        self.shape_source = [
            (d, [(p.name, self.types.full(p.type)) for p in d.params])
            for d in self.module.definitions
            if isinstance(d, ir.Function)
        ]
        for d in self.module.definitions:
            rewriter.visit(d)
        placed(self.module, self.regex_comments)
        self.renamed_fields = tell_members_apart(self.module)

    def _record_class(self, info: ClassInfo) -> ir.Class:
        made = [ir.FieldDef(k, self.types.full(info.fields[k]), line=info.node.line) for k in info.order]
        return ir.Class(info.name, made, [], info.doc.text, not info.writable, True, line=info.node.line)

    def _protocol(self, name: str) -> ir.Protocol | None:
        info = self.scope.protocols[name]
        if not info.methods:
            return None
        methods: list[ir.Function] = []
        for m in info.methods.values():
            params = [ir.Param(p, self.types.full(t)) for p, t in m.params]
            if any(self.types.open(t) for _, t in m.params):
                return None
            methods.append(
                ir.Function(
                    m.name,
                    params,
                    self.types.full(m.result),
                    [],
                    kind="method",
                    line=m.line,
                    raises=frozenset({ir.ANY_ERROR}),
                    context=True,
                )
            )
        return ir.Protocol(name, methods, line=info.line)

    def _shapes(self) -> Shapes:
        out = Shapes()
        out.natives = {k: v for k, v in self.scope.natives.items() if not v.startswith("Foundation::")}
        full = self.types.full

        def params(s: Signature) -> list[dict[str, Any]]:
            return [{"name": p.name, "kind": p.kind, "type": shape(full(p.type))} for p in s.params]

        for s in self.scope.functions.values():
            taken = params(s)
            entry = {"owner": s.path, "name": s.name, "params": taken, "result": shape(full(s.result))}
            command = next((n for made, n in self.commands if made is s), None)
            if command is not None:
                entry["command"] = str(cast("ast.Literal", command.args[0]).value)
                for p in taken:
                    p["kind"] = "required"  # the recorder gives them by name
            out.functions[self.names.function(s)] = entry
        for info in self.scope.classes.values():
            if info.kind == "error":
                out.errors[info.name] = info.path
                if info.init is not None:
                    out.classes[info.name] = {"path": info.path, "kind": "error", "params": params(info.init)}
                continue
            entry = {
                "path": info.path,
                "kind": info.kind,
                "keyword": info.keyword_init,
                "params": params(info.init)
                if info.init is not None
                else [{"name": f, "kind": "member", "type": shape(full(info.fields[f]))} for f in info.order],
                "fields": {
                    self.renamed_fields.get(info.name, {}).get(info.field_name(f), info.field_name(f)): {
                        "ivar": f,
                        "type": shape(full(t)),
                    }
                    for f, t in info.fields.items()
                },
                "methods": {
                    self.names.method(m): {
                        "name": m.node.name,
                        "params": params(m),
                        "result": shape(full(m.result)),
                        "static": m.kind == "static",
                    }
                    for m in info.methods.values()
                },
            }
            out.classes[info.name] = entry
        for name, proto in self.scope.protocols.items():
            out.protocols[name] = {
                identifier(m.name): {
                    "name": m.name,
                    "params": [p for p, _ in m.params],
                    "types": [shape(full(t)) for _, t in m.params],
                    "result": shape(full(m.result)),
                }
                for m in proto.methods.values()
            }
        return out


_BUILTIN = frozenset(
    [
        "String",
        "Integer",
        "Float",
        "Array",
        "Hash",
        "Symbol",
        "Object",
        "Kernel",
        "Numeric",
        "NilClass",
        "Range",
        "Proc",
        "Time",
        "Set",
        "Struct",
        "Comparable",
        "Enumerable",
        "Exception",
        "StandardError",
        "Module",
        "Class",
        "TrueClass",
        "FalseClass",
        "BasicObject",
    ]
)
# What a command's words are read as.
_WORDS = {"string": "String", "integer": "Integer", "float": "Float", "boolean": "Boolean"}
_SECRET = re.compile(r"password|passwd|secret|token|api_?key|private_?key|credential|auth", re.IGNORECASE)


def shape(t: Type) -> Any:
    """A type as JSON for the recorder."""
    match t:
        case SymbolT():
            return "sym"
        case ir.P(kind):
            return kind.value
        case ir.ListT(elem):
            return ["list", shape(elem)]
        case ir.SetT(elem):
            return ["set", shape(elem)]
        case ir.IterT(elem):
            return ["list", shape(elem)]
        case ir.OptionalT(elem):
            return ["opt", shape(elem)]
        case ir.DictT(key, value, zero):
            return ["dict", shape(key), shape(value), zero]
        case ir.TupleT(elems):
            return ["tuple", *(shape(e) for e in elems)]
        case ir.FuncT(params, result):
            return ["func", [shape(p) for p in params], shape(result)]
        case ir.NamedT(name):
            return ["obj", name]
        case _:
            return "any"


def _frozen(n: ast.Node) -> bool:
    return isinstance(n, ast.Assign) and isinstance(n.value, ast.Call) and n.value.name == "freeze"


def _registers(n: ast.Call) -> bool:
    return n.name == "register_command" and _of_runtime(n) and n.block is not None


def _of_runtime(n: ast.Call) -> bool:
    return isinstance(n.recv, ast.Const) and n.recv.path.partition("::")[0] == "Foundation"


def _unknown(types: Types, f: ir.Function) -> tuple[str, int] | None:
    """Something in a function whose type is still open, and its line."""
    for s in f.body:
        for n in ir.walk(s):
            t = getattr(n, "type", None)
            if isinstance(t, Type) and types.open(t) and not isinstance(n, ir.Lit):
                what = n.id if isinstance(n, ir.Name | ir.VarTarget) else "a value here"
                return what, n.line or s.line
    return None


def _names_in(d: ir.Definition) -> set[str]:
    """Names of classes and protocols that a definition's types mention."""
    out: set[str] = set()

    def of_type(t: Type) -> None:
        match t:
            case ir.NamedT(name):
                out.add(name)
            case ir.ListT(elem) | ir.SetT(elem) | ir.IterT(elem) | ir.OptionalT(elem):
                of_type(elem)
            case ir.DictT(key, value):
                of_type(key)
                of_type(value)
            case ir.TupleT(elems):
                for e in elems:
                    of_type(e)
            case ir.FuncT(params, result):
                for p in params:
                    of_type(p)
                of_type(result)
            case _:
                return

    for n in ir.walk(d):
        for f in fields(n):
            value = getattr(n, f.name)
            if isinstance(value, Type):
                of_type(value)
    return out


class _Names:
    """Ruby's names of methods in the representation: identifiers, private ones with an underscore."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def function(self, s: Signature) -> str:
        """The name of a function."""
        made = identifier(s.name, lambda n: n in self.scope.functions)
        return f"_{made}" if s.private and not made.startswith("_") else made

    def method(self, s: Signature) -> str:
        """The name of a method."""
        info = self.scope.classes.get(s.owner)
        taken = set(info.methods) | set(info.fields) if info is not None else set[str]()
        made = identifier(s.name, lambda n: n in taken)
        return f"_{made}" if s.private and not made.startswith("_") else made


class _Rewriter:
    """Solves and erases every type, drops what only the front end knows, and renames methods."""

    def __init__(self, types: Types, names: _Names) -> None:
        self.types = types
        self.names = names
        self.functions = {s.name: names.function(s) for s in names.scope.functions.values()}
        self.methods = {
            (c.name, m.name): names.method(m)
            for c in names.scope.classes.values()
            for m in c.methods.values()
        }

    def visit(self, n: Any) -> Any:
        """The value rewritten; nodes are changed in place."""
        if isinstance(n, Type):
            return erased(self.types.full(n))
        if isinstance(n, list):
            items = cast("list[Any]", n)
            items[:] = [self.visit(x) for x in items]
            return items
        if isinstance(n, tuple):
            return tuple(self.visit(x) for x in cast("tuple[Any, ...]", n))
        if isinstance(n, dict):
            table = cast("dict[Any, Any]", n)
            for k in list(table):
                table[k] = self.visit(table[k])
            return table
        if isinstance(n, ir.PatternUse):
            n.arguments = self.visit(n.arguments)
            return n
        if not isinstance(n, ir.Node) or not is_dataclass(n):
            return n
        if isinstance(n, ir.MethodCall):
            owner = self.types.full(n.obj.type)
            cls = owner.name if isinstance(owner, ir.NamedT) else ""
            n.method = self.methods.get((cls, n.method), identifier(n.method))
        if isinstance(n, ir.Function) and n.kind == "function":
            n.name = self.functions.get(n.name, n.name)
        if (
            isinstance(n, ir.Call)
            and isinstance(n.func, ir.Name)
            and n.func.id in self.functions
            and isinstance(n.func.type, ir.FuncT)
        ):
            n.func.id = self.functions[n.func.id]
        if isinstance(n, ir.Class):
            for m in n.methods:
                m.name = self.methods.get((n.name, m.name), m.name)
        if isinstance(n, ir.Protocol):
            for m in n.methods:
                m.name = identifier(m.name)
        for f in fields(n):
            value = getattr(n, f.name)
            if f.name == "value" and isinstance(n, ir.Lit):
                continue
            setattr(n, f.name, self.visit(value))
        if isinstance(n, Maybe):
            return ir.Cond(n.test, n.body, n.orelse, type=n.type, line=n.line)
        if isinstance(n, ir.Intrinsic) and n.op in ("symbol.to_str", "str.to_symbol"):
            inner = n.args[0]
            inner.type = n.type
            return inner
        return n


def prelude(used: frozenset[str]) -> list[ir.Function]:
    """The functions of the prelude that are used, with those they use, named with an underscore."""
    lowerer = _ModuleLowerer(join("", PRELUDE, ()), "prelude", "")
    lowerer.scope.in_prelude = True
    lowered = lowerer.lower(None)[0]
    assert not lowered.declines, [(d.reason, d.line, d.construct) for d in lowered.declines]
    known = {d.name: d for d in lowered.definitions if isinstance(d, ir.Function)}
    todo, keep = list(used), list[str]()
    while todo:
        name = todo.pop()
        if name not in keep:
            keep.append(name)
            calls = [
                x
                for b in known[name].body
                for x in ir.walk(b)
                if isinstance(x, ir.Call) and isinstance(x.func, ir.Name)
            ]
            for x in calls:
                assert isinstance(x.func, ir.Name)
                todo.append(x.func.id)
                x.func.id = f"_{x.func.id}"
    out: list[ir.Function] = []
    for name in sorted(keep):
        d = known[name]
        d.name, d.private = f"_{name}", True
        out.append(d)
    return out
