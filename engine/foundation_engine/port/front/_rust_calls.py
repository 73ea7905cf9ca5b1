"""Calls in Rust: functions and methods of the file, and the methods of the standard library's types."""

# ruff: noqa: S101, PT018 - assertions here narrow types that the grammar guarantees, two at a time.
from __future__ import annotations

import re

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front import _rust_durations as durations
from foundation_engine.port.front import _rust_types as rt
from foundation_engine.port.front._rust_body import (
    Dest,
    NeedStatements,
    V,
    conjunction,
    is_pure,
    is_stable,
    lit,
    negate,
    number,
    op,
    text_lit,
)
from foundation_engine.port.front._rust_expr import OVERFLOW
from foundation_engine.port.front._rust_iter import TERMINALS, Chain, Iterators
from foundation_engine.port.front._rust_scope import (
    RUNTIME_CONSTRUCTORS,
    WRAPPERS,
    Signature,
    closure_parameters,
    code_children,
    walk,
)
from foundation_engine.port.front._rust_types import RType, is_float, is_int, resolve, to_ir, unify, words
from foundation_engine.port.ir import Unsupported

# What an iterator has and a slice has not.
_OF_ITERATORS = TERMINALS - {"last", "next", "nth", "join", "max", "min", "try_for_each"}
_SAME = frozenset(
    {
        "as_str",
        "as_ref",
        "as_mut",
        "borrow",
        "borrow_mut",
        "to_string",
        "to_owned",
        "into",
        "as_deref",
        "into_boxed_str",
        "as_path",
        "to_path_buf",
        "into_string",
        "as_slice",
        "as_mut_slice",
        "into_inner",
        "as_deref_mut",
        "deref",
        "by_ref",
        "into_boxed_slice",
        "to_string_lossy",
        "display",
        "read",
        "write",
        "lock",
        "as_mut_str",
        "into_owned",
    }
)
CASE = "Changing case maps code points one to one; Rust also maps the few that become several (ß to SS)."
ASCII_CASE = "to_ascii_uppercase and to_ascii_lowercase change letters beyond ASCII too."


class Calls(Iterators):
    """Calls by path and by method."""

    # Patterns of the runtime, in the last mixin

    def pattern_call(self, node: SyntaxNode, want: RType | None) -> V | None:
        """A call of our runtime, or None when it is another call."""
        raise NotImplementedError

    def runtime_method(
        self, v: V, name: str, args: list[SyntaxNode], node: SyntaxNode, want: RType | None
    ) -> V | None:
        """A method of an object of our runtime, or None."""
        raise NotImplementedError

    def call(self, node: SyntaxNode, want: RType | None) -> V:
        """See `Expressions.call`."""
        made = self.pattern_call(node, want)
        if made is not None:
            return made
        head = node.child_by_field_name("function")
        assert head is not None
        turbofish: RType | None = None
        if head.type == "generic_function":
            targs = head.child_by_field_name("type_arguments")
            head = head.child_by_field_name("function") or head
            kinds = code_children(targs) if targs is not None else []
            if kinds:
                turbofish = self.type_of(kinds[0])
        args = self.arguments(node)
        if head.type == "field_expression":
            return self.method_call(node, head, args, want, turbofish)
        text = re.sub(r"\s+|::<[^()]*>(?=::|$)", "", self.src(head))
        if self.reversing and text.rpartition("::")[2] == "Reverse":
            # The sort itself goes the other way.
            self.reversing = False
            return self.x(args[0])
        if head.type == "parenthesized_expression":
            v = self.x(head)
            return self._call_value(v, args, node)
        local = self.lookup(text)
        if local is not None:
            return self._call_value(V(local.e, local.t), args, node)
        return self.path_call(text, args, node, want)

    def _call_value(self, v: V, args: list[SyntaxNode], node: SyntaxNode) -> V:
        t = resolve(v.t)
        if not isinstance(t, rt.Fn):
            raise self.fail(f"a call of {words(t)}", node)
        values = self.passed([(f"a{i}", p) for i, p in enumerate(t.params)], args, node)
        return V(ir.Call(v.e, values, type=self.stored(t.result)), t.result)

    def passed(
        self, params: list[tuple[str, RType]], args: list[SyntaxNode], node: SyntaxNode
    ) -> list[ir.Expr]:
        """Arguments for parameters."""
        if len(params) != len(args):
            raise self.fail("a call with another number of arguments", node)
        values = self.values(args, [p for _, p in params])
        for v, (_, p), n in zip(values, params, args, strict=True):
            self.unify(v.t, p, n)
        return [self.store(v.e) for v in values]

    def function_call(self, s: Signature, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V:
        """A call of a function of this file."""
        kinds = tuple(to_ir(p) for _, p in s.params)
        values = self.passed(s.params, args, node)
        func = ir.Name(s.rename or name, type=ir.FuncT(kinds, to_ir(s.result)))
        return V(ir.Call(func, values, type=self.stored(s.result)), s.result)

    def path_call(self, text: str, args: list[SyntaxNode], node: SyntaxNode, want: RType | None) -> V:
        """`path(args)`."""
        w = resolve(want) if want is not None else None
        match text:
            case "Some":
                v = self.x(args[0], w.elem if isinstance(w, rt.Opt) else None)
                v = self.owned(v, args[0])
                if isinstance(w, rt.Opt):
                    self.unify(v.t, w.elem, node)
                return V(self.wrap(v.e, v.t), rt.Opt(v.t))
            case "Ok":
                ok = w.ok if isinstance(w, rt.Res) else rt.Var()
                if args[0].type == "unit_expression":
                    return V(
                        lit(None, ir.NONE), rt.Res(rt.UNIT, w.err if isinstance(w, rt.Res) else rt.Var())
                    )
                v = self.x(args[0], ok)
                return V(v.e, rt.Res(v.t, w.err if isinstance(w, rt.Res) else rt.Var()))
            case "Err":
                raise NeedStatements("an error inside an expression")
            case "drop" | "std::mem::drop" | "mem::drop":
                return V(lit(None, ir.NONE), rt.UNIT)
            case _:
                pass
        if text in self.scope.functions:
            return self.function_call(self.scope.functions[text], text, args, node)
        head, _, last = text.rpartition("::")
        made = self._positional(self.own if text == "Self" else text, args, node)
        if made is not None:
            return made
        if not head:
            full = self.scope.full(text)
            if full != text and not full.startswith("foundation"):
                return self.path_call(full, args, node, want)
            if full == "foundation::cli::Exit" and len(args) == 1:
                code = self.x(args[0], rt.I32)
                return V(ir.New("Exit", [("code", code.e)], type=ir.NamedT("Exit")), rt.Err("box"))
            raise self.fail(f"a call of {text}", node)
        owner = self.own if head == "Self" else head
        if owner in self.scope.enums:
            info = self.scope.enums[owner]
            if last in info.variants:
                v = info.variants[last]
                values = self.values(
                    args, [t for _, t in v.fields] if len(v.fields) == len(args) else [None] * len(args)
                )
                if v.transparent:
                    return V(self.as_error(values[0], node), rt.Named(owner))
                return self.variant(owner, last, [(str(i), x) for i, x in enumerate(values)], node)
            if last in info.methods:
                s = info.methods[last]
                if s.receiver:
                    params = [("self", rt.Named(owner)), *s.params]
                    return self.function_call(Signature(params, s.result, rename=s.rename), last, args, node)
                return self.function_call(s, last, args, node)
            if last == "from" and info.kind == "error":
                v = self.x(args[0])
                found = self.wrapping_variant(v.t, rt.Named(owner))
                if found is not None:
                    return V(ir.New(found[0], [(found[1], v.e)], type=ir.NamedT(found[0])), rt.Named(owner))
                return V(self.as_error(v, node), rt.Named(owner))
        if owner in self.scope.error_structs:
            s = self.scope.error_constructors.get((owner, last))
            if s is not None:
                values = self.passed(s.params, args, node)
                return V(
                    ir.New(
                        owner,
                        [(n, e) for (n, _), e in zip(s.params, values, strict=True)],
                        type=ir.NamedT(owner),
                    ),
                    rt.Named(owner),
                )
        if owner in self.scope.structs:
            return self._associated(owner, last, args, node)
        if (
            self.scope.is_foundation(head)
            and head.rpartition("::")[2] == "Error"
            and last in RUNTIME_CONSTRUCTORS
        ):
            v = self.x(args[0], rt.TEXT)
            cls = RUNTIME_CONSTRUCTORS[last]
            return V(
                ir.New(cls, [("message", self.text_of(v, node))], type=ir.NamedT(cls)), rt.Err("foundation")
            )
        return self._std_call(head, last, args, node, want)

    def _positional(self, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
        """`Money(5)`: an object of a struct whose fields have numbers, None for another call."""
        info = self.scope.structs.get(name)
        if info is None or not info.positional:
            return None
        values = self.passed(list(info.fields.items()), args, node)
        made = ir.New(name, list(zip(info.fields, values, strict=True)), type=ir.NamedT(name))
        return V(made, rt.Named(name))

    def _associated(self, owner: str, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V:
        info = self.scope.structs[owner]
        s = info.methods.get(name)
        if s is None and name == "default" and "Default" in info.derives:
            fields = [(f, self.default_of(t, node)) for f, t in info.fields.items()]
            return V(ir.New(owner, fields, type=ir.NamedT(owner)), rt.Named(owner))
        if s is None:
            raise self.fail(f"{owner}::{name} is not in this file", node)
        if s.receiver:
            v = self.x(args[0])
            values = self.passed(s.params, args[1:], node)
            return V(ir.MethodCall(v.e, name, values, type=self.stored(s.result)), s.result)
        values = self.passed(s.params, args, node)
        if s.rename == "__init__":
            made = ir.New(
                owner, [(n, e) for (n, _), e in zip(s.params, values, strict=True)], type=ir.NamedT(owner)
            )
            return V(made, s.result)
        if s.rename == "__fields__":
            by_name = {n: e for (n, _), e in zip(s.params, values, strict=True)}
            return V(
                ir.New(owner, [(f, by_name[f]) for f in info.fields], type=ir.NamedT(owner)), rt.Named(owner)
            )
        cls = ir.Name(owner, type=ir.NamedT(owner))
        return V(ir.MethodCall(cls, s.rename or name, values, type=self.stored(s.result)), s.result)

    def default_of(self, t: RType, node: SyntaxNode) -> ir.Expr:
        """`Default::default()` of a type."""
        t = resolve(t)
        match t:
            case rt.Vec():
                return ir.ListLit([], type=to_ir(t))
            case rt.Map():
                return ir.DictLit([], type=to_ir(t))
            case rt.Set():
                return ir.SetLit([], type=to_ir(t))
            case rt.Opt(elem):
                return self.none(elem)
            case rt.Simple("text"):
                return text_lit("")
            case rt.Simple("bool"):
                return lit(False, ir.BOOL)
            case rt.Simple("unit"):
                return lit(None, ir.NONE)
            case rt.Tuple(elems):
                return ir.TupleLit([self.default_of(e, node) for e in elems], type=to_ir(t))
            case rt.Named(name) if (
                name in self.scope.structs and "Default" in self.scope.structs[name].derives
            ):
                info = self.scope.structs[name]
                if info.init is None:
                    return ir.New(
                        name,
                        [(f, self.default_of(k, node)) for f, k in info.fields.items()],
                        type=ir.NamedT(name),
                    )
            case _:
                if is_float(t) or t == rt.DURATION:
                    return lit(0.0, ir.FLOAT)
                if is_int(t):
                    return number(0)
        raise self.fail(f"the default of {words(t)}", node)

    def _std_call(
        self, head: str, last: str, args: list[SyntaxNode], node: SyntaxNode, want: RType | None
    ) -> V:
        full = f"{self.scope.full(head)}::{last}".removeprefix("std::collections::").removeprefix(
            "std::string::"
        )
        w = resolve(want) if want is not None else None
        kind = full.rpartition("::")[0]
        match full:
            case "String::new" | "String::with_capacity" | "String::default":
                return V(text_lit(""), rt.TEXT)
            case (
                "String::from"
                | "str::from"
                | "Cow::from"
                | "Cow::Borrowed"
                | "Cow::Owned"
                | "PathBuf::from"
                | "Path::new"
            ):
                return V(self.store(self.x(args[0]).e), rt.TEXT)
            case "std::path::Path::new" | "std::path::PathBuf::from":
                return V(self.x(args[0], rt.TEXT).e, rt.TEXT)
            case "String::from_utf8_lossy" | "String::from_utf8":
                v = self.x(args[0])
                if resolve(v.t) == rt.Simple("bytes"):
                    t = rt.TEXT if last.endswith("lossy") else rt.Res(rt.TEXT, rt.Err("parse"))
                    return V(v.e, t)
            case "Vec::new" | "Vec::with_capacity" | "VecDeque::new" | "VecDeque::with_capacity":
                t = w if isinstance(w, rt.Vec) else rt.Vec(rt.Var())
                return V(ir.ListLit([], type=to_ir(t)), t)
            case "HashMap::new" | "BTreeMap::new" | "HashMap::with_capacity":
                t2 = w if isinstance(w, rt.Map) else rt.Map(rt.Var(), rt.Var(), full.startswith("B"))
                return V(ir.DictLit([], type=to_ir(t2)), t2)
            case "HashSet::new" | "BTreeSet::new" | "HashSet::with_capacity":
                t3 = w if isinstance(w, rt.Set) else rt.Set(rt.Var(), full.startswith("B"))
                return V(ir.SetLit([], type=to_ir(t3)), t3)
            case "HashMap::from" | "BTreeMap::from" if args[0].type == "array_expression":
                return self._map_literal(args[0], w, full.startswith("B"))
            case "HashSet::from" | "BTreeSet::from" if args[0].type == "array_expression":
                listed = self.list_of(
                    code_children(args[0]), rt.Vec(w.elem) if isinstance(w, rt.Set) else None
                )
                lt = resolve(listed.t)
                assert isinstance(lt, rt.Vec) and isinstance(listed.e, ir.ListLit)
                st = rt.Set(lt.elem, full.startswith("B"))
                return V(ir.SetLit(listed.e.elems, type=to_ir(st)), st)
            case "Vec::from" | "VecDeque::from" | "HashSet::from_iter" | "Vec::from_iter":
                v = self.x(args[0])
                if isinstance(resolve(v.t), rt.Vec) and last == "from":
                    return self.copy(v, node)
            case _:
                pass
        if kind.rpartition("::")[2] in WRAPPERS and last in ("new", "from"):
            return self.x(args[0], want)
        if kind in ("Arc", "Rc", "std::sync::Arc", "std::rc::Rc") and last == "clone":
            return self.x(args[0], want)
        if full.startswith(("std::time::Duration::", "core::time::Duration::")):
            if last in ("ZERO", "default"):
                return V(lit(0.0, ir.FLOAT), rt.DURATION)
            return durations.made(self, last, args, node)
        if full in ("std::thread::sleep", "thread::sleep", "tokio::time::sleep", "time::sleep"):
            return durations.slept(self, args)
        if full == "Default::default":
            if w is None or rt.is_open(w):
                raise self.fail("Default::default() of a type that is not known here", node)
            return V(self.default_of(w, node), w)
        if last == "default" and kind in ("HashMap", "Vec", "BTreeMap", "HashSet"):
            return self._std_call(head, "new", args, node, want)
        if full in ("std::mem::take", "mem::take", "std::mem::replace", "mem::replace"):
            return self._replace(args, node)
        if full in ("std::mem::swap", "mem::swap"):
            a, _, _ = self.target(args[0])
            b, _, _ = self.target(args[1])
            x, y = self.x(args[0]), self.x(args[1])
            t4 = to_ir(rt.Tuple((x.t, y.t)))
            self.emit(ir.Assign(ir.TupleTarget([a, b], type=t4), ir.TupleLit([y.e, x.e], type=t4)), node)
            return V(lit(None, ir.NONE), rt.UNIT)
        if full in ("std::cmp::max", "cmp::max", "std::cmp::min", "cmp::min"):
            a, b = self.both(args[0], args[1], want)
            self.unify(a.t, b.t, node)
            return V(op(last, [a.e, b.e], self.stored(a.t)), a.t)
        number_type = kind.rpartition("::")[2]
        if last == "from" and re.fullmatch(r"[iu](8|16|32|64|size)|f64", number_type):
            v = self.x(args[0])
            return self.cast(v, rt.FLOAT if number_type == "f64" else rt.Int(number_type), node)
        if last == "try_from" and re.fullmatch(r"[iu](8|16|32|64|size)", number_type):
            return self._try_from(self.x(args[0]), rt.Int(number_type), node)
        if full in ("std::env::var", "env::var"):
            v = self.x(args[0], rt.TEXT)
            return V(op("env.get", [v.e], ir.OptionalT(ir.STR)), rt.Opt(rt.TEXT))
        if full in ("std::fs::read_to_string", "fs::read_to_string"):
            v = self.x(args[0], rt.TEXT)
            return V(op("file.read_text", [v.e], ir.STR, "OSError"), rt.Res(rt.TEXT, rt.Err("io")))
        if full in ("std::fs::remove_file", "fs::remove_file"):
            v = self.x(args[0], rt.TEXT)
            return V(op("file.remove", [v.e], ir.NONE, "OSError"), rt.Res(rt.UNIT, rt.Err("io")))
        if full.endswith(("io::Error::new", "io::Error::other")):
            v = self.x(args[-1], rt.TEXT)
            return V(
                ir.New("OSError", [("message", self.text_of(v, node))], type=ir.NamedT("OSError")),
                rt.Err("io"),
            )
        if full in ("char::from_digit", "std::char::from_digit", "char::from_u32", "char::from"):
            raise self.fail(f"a call of {full}", node)
        if (
            kind.rpartition("::")[2] in ("f64", "i64", "i32", "u32", "u64", "usize", "str", "String")
            and args
            and last != "from"
        ):
            # `f64::min(a, b)` is `a.min(b)`.
            guide = (
                rt.FLOAT if kind.endswith("f64") else rt.TEXT if kind.endswith(("str", "String")) else None
            )
            first = self.x(args[0], guide or rt.Int(kind.rpartition("::")[2]))
            return self.method(first, last, args[1:], node, want)
        raise self.fail(f"a call of {head}::{last}", node)

    def _map_literal(self, array: SyntaxNode, w: RType | None, ordered: bool) -> V:
        t = w if isinstance(w, rt.Map) else rt.Map(rt.Var(), rt.Var(), ordered)
        items: list[tuple[ir.Expr, ir.Expr]] = []
        for pair in code_children(array):
            if pair.type != "tuple_expression":
                raise self.fail("a map from something that is not pairs", array)
            k, v = self.values(code_children(pair), [t.key, t.value])
            self.unify(k.t, t.key, pair)
            self.unify(v.t, t.value, pair)
            items.append((self.store(k.e), self.store(v.e)))
        return V(ir.DictLit(items, type=to_ir(t)), t)

    def _replace(self, args: list[SyntaxNode], node: SyntaxNode) -> V:
        old = self.temp("previous", self.x(args[0]))
        new = self.x(args[1], old.t) if len(args) > 1 else V(self.default_of(old.t, node), old.t)
        place, t, wrapped = self.target(args[0])
        e = self.store(new.e)
        self.emit(ir.Assign(place, self.wrap(e, t) if wrapped else e), node)
        return old

    def _try_from(self, v: V, want: rt.Int, node: SyntaxNode) -> V:
        have = resolve(v.t)
        if not is_int(have):
            raise self.fail(f"try_from of {words(have)}", node)
        v = self.stable(v, "number")
        tests: list[ir.Expr] = []
        source = have if isinstance(have, rt.Int) else rt.I64
        if source.low < want.low:
            tests.append(op("lt", [v.e, number(want.low)], ir.BOOL))
        if source.high > want.high:
            tests.append(op("gt", [v.e, number(want.high)], ir.BOOL))
        if tests:
            test = ir.Bool("or", tests, type=ir.BOOL) if len(tests) > 1 else tests[0]
            error = ir.New(
                "ValueError",
                [("message", text_lit("out of range integral type conversion attempted"))],
                type=ir.NamedT("ValueError"),
            )
            self.emit(ir.If(test, [ir.Raise(error)], []), node)
        return V(v.e, rt.Res(want, rt.Err("parse")))

    def text_of(self, v: V, node: SyntaxNode) -> ir.Expr:
        """A value as text, for a message: strings, and errors by their message."""
        t = resolve(v.t)
        if t in (rt.TEXT, rt.CHAR):
            return self.store(v.e)
        if self.scope.error_kind(t):
            return op("error.message", [v.e], ir.STR)
        raise self.fail(f"a text from {words(t)}", node)

    def call_named(self, node: SyntaxNode, args: list[V]) -> V:
        """See `Iterators.call_named`."""
        text = re.sub(r"\s+", "", self.src(node))
        v = args[0]
        local = self.lookup(text)
        if local is not None and isinstance(resolve(local.t), rt.Fn):
            t = resolve(local.t)
            assert isinstance(t, rt.Fn)
            return V(ir.Call(local.e, [self.store(a.e) for a in args], type=self.stored(t.result)), t.result)
        if text in self.scope.functions:
            s = self.scope.functions[text]
            for a, (_, p) in zip(args, s.params, strict=True):
                self.unify(a.t, p, node)
            func = ir.Name(
                s.rename or text, type=ir.FuncT(tuple(to_ir(p) for _, p in s.params), to_ir(s.result))
            )
            return V(ir.Call(func, [self.store(a.e) for a in args], type=self.stored(s.result)), s.result)
        if text == "Some":
            return V(self.wrap(v.e, v.t), rt.Opt(v.t))
        held = self.scope.structs.get(text)
        if held is not None and held.positional and len(held.fields) == 1:
            (f, kind), *_ = held.fields.items()
            self.unify(v.t, kind, node)
            return V(ir.New(text, [(f, self.store(v.e))], type=ir.NamedT(text)), rt.Named(text))
        if text in (
            "String::from",
            "Into::into",
            "str::to_string",
            "String::as_str",
            "ToString::to_string",
            "str::to_owned",
            "ToOwned::to_owned",
            "AsRef::as_ref",
        ):
            return self.method(v, "to_string", [], node, None)
        head, _, last = text.rpartition("::")
        owner = self.own if head == "Self" else head
        if owner in self.scope.enums and last in self.scope.enums[owner].variants:
            return self.variant(owner, last, [(str(i), a) for i, a in enumerate(args)], node)
        if owner in self.scope.structs and last in self.scope.structs[owner].methods:
            s = self.scope.structs[owner].methods[last]
            if s.receiver:
                return V(ir.MethodCall(v.e, last, [], type=self.stored(s.result)), s.result)
        if owner in self.scope.enums and last in self.scope.enums[owner].methods:
            s = self.scope.enums[owner].methods[last]
            func = ir.Name(s.rename, type=ir.FuncT(tuple(to_ir(a.t) for a in args), to_ir(s.result)))
            return V(ir.Call(func, [a.e for a in args], type=self.stored(s.result)), s.result)
        if last == "from" and re.fullmatch(r"[iu](8|16|32|64|size)|f64", head):
            return self.cast(v, rt.FLOAT if head == "f64" else rt.Int(head), node)
        if head in (
            "str",
            "String",
            "Vec",
            "Option",
            "char",
            "f64",
            "i64",
            "u64",
            "usize",
            "i32",
            "u32",
            "slice",
        ):
            return self.method(v, last, [], node, None)
        raise self.fail(f"a function given by the name {text}", node)

    # Closures as values

    def closure(self, node: SyntaxNode, want: RType | None) -> V:
        """See `Expressions.closure`."""
        w = resolve(want) if want is not None else None
        if not isinstance(w, rt.Fn):
            raise self.fail("a closure whose parameter types are not known", node)
        params = node.child_by_field_name("parameters")
        body = node.child_by_field_name("body")
        assert params is not None and body is not None
        names = closure_parameters(params)
        if len(names) != len(w.params):
            raise self.fail("a closure with other parameters", node)
        if isinstance(resolve(w.result), rt.Res) or body.type == "block":
            return self._function_value("operation", node, w)
        with self.pure(), self.inside():
            made: list[ir.Param] = []
            for p, t in zip(names, w.params, strict=True):
                name = self._closure_name(p)
                var = self.fresh(name if name != "_" else "unused", t)
                made.append(ir.Param(var, self.stored(t)))
                self.bind(name, ir.Name(var, type=self.stored(t)), t)
            self.assigned_in_closure.append(set())
            try:
                v = self.x(body, w.result)
            finally:
                self.assigned_in_closure.pop()
            self.unify(v.t, w.result, node)
        kind = ir.FuncT(tuple(p.type for p in made), self.stored(w.result), raises=False, context=False)
        return V(ir.Lambda(made, self.store(v.e), type=kind), w)

    def _closure_name(self, p: SyntaxNode) -> str:
        if p.type == "parameter":
            p = p.child_by_field_name("pattern") or p
        name = self.plain_name(p)
        if name is None:
            raise self.fail("a closure's parameter that is a pattern", p)
        return name

    def local_closure(self, name: str, node: SyntaxNode, t: RType) -> None:
        """See `Body.local_closure`."""
        params = node.child_by_field_name("parameters")
        assert params is not None
        kinds: list[RType] = []
        for p in closure_parameters(params):
            kind = p.child_by_field_name("type") if p.type == "parameter" else None
            kinds.append(self.type_of(kind) if kind is not None else rt.Var())
        result = node.child_by_field_name("return_type")
        ft = rt.Fn(tuple(kinds), self.type_of(result) if result is not None else rt.Var())
        unify(t, ft)
        v = self._function_value(name, node, ft)
        self.bind(name, v.e, v.t)

    def _function_value(self, hint: str, node: SyntaxNode, t: rt.Fn) -> V:
        """A closure as a function defined in place."""
        params, body = node.child_by_field_name("parameters"), node.child_by_field_name("body")
        assert params is not None and body is not None
        name = self.fresh(hint, t)
        made: list[ir.Param] = []
        held_return, held_loops = self.returned, self.loops
        self.loops = []
        with self.inside(), self.capture() as out:
            own: set[str] = set()
            for p, kind in zip(closure_parameters(params), t.params, strict=True):
                pname = self._closure_name(p)
                var = self.fresh(pname if pname != "_" else "unused", kind)
                own.add(var)
                made.append(ir.Param(var, self.stored(kind)))
                self.bind(pname, ir.Name(var, type=self.stored(kind)), kind)
            before = set(self.taken) - own
            outer = {b.e.id for s in self.scopes[:-1] for b in s.values() if isinstance(b.e, ir.Name)}
            self.returned = Dest("return", t.result, tail=True)
            if body.type == "block":
                self.block(body, self.returned)
            else:
                self.into(body, self.returned)
            del before
        self.returned, self.loops = held_return, held_loops
        for s in out:
            for n in ir.walk(s):
                if isinstance(n, ir.VarTarget) and n.id in outer:
                    raise self.fail("a closure that changes a variable around it", node)
        found = to_ir(t.result)
        func = ir.Function(name, made, found, out, line=self.scope.line(node))
        self.emit(ir.FuncDef(func), node)
        raises = isinstance(resolve(t.result), rt.Res)
        kind2 = ir.FuncT(tuple(p.type for p in made), found, raises=raises, context=False)
        return V(ir.Name(name, type=kind2), t)

    # Methods

    reversing = False  # the key that is lowered may be in Reverse

    def _in_range(self, receiver: SyntaxNode, value: SyntaxNode) -> V | None:
        """`(a..b).contains(&x)`; None for what is no range with two ends."""
        while receiver.type == "parenthesized_expression":
            receiver = code_children(receiver)[0]
        if receiver.type != "range_expression":
            return None
        start, end, inclusive = self.bounds(receiver)
        if start is None or end is None:
            return None
        v = self.stable(self.x(value))
        low, high = self.x(start, v.t), self.x(end, v.t)
        tests = [
            self.compare("ge", v, low, receiver),
            self.compare("le" if inclusive else "lt", v, high, receiver),
        ]
        return V(ir.Bool("and", tests, type=ir.BOOL), rt.BOOL)

    def method_call(
        self,
        node: SyntaxNode,
        head: SyntaxNode,
        args: list[SyntaxNode],
        want: RType | None,
        turbofish: RType | None,
    ) -> V:
        """`receiver.name(args)`."""
        receiver, name_node = head.child_by_field_name("value"), head.child_by_field_name("field")
        assert receiver is not None and name_node is not None
        name = self.src(name_node)
        if name == "contains" and len(args) == 1 and (held := self._in_range(receiver, args[0])) is not None:
            return held
        if name in ("or_insert", "or_insert_with", "or_default"):
            entry = self.entry_value(node)
            if entry is not None:
                return entry
        if name in TERMINALS:
            c = self.chain(receiver)
            if c is None and name in _OF_ITERATORS:
                c = self.given_iterator(receiver)
            if c is not None:
                return self.terminal(name, c, args, node, want, turbofish)
        c2 = self.chain(node)
        if c2 is not None:
            made = self.iterable_or_list(c2, node)
            if isinstance(made.e.type, ir.ListT):
                return V(made.e, rt.Vec(made.t))
            return self.listed(c2, node)
        if name in (
            "unwrap_or",
            "unwrap_or_else",
            "unwrap_or_default",
            "ok",
            "is_ok",
            "is_err",
            "map_err",
            "err",
            "or_else",
            "expect",
            "unwrap",
            "map",
            "and_then",
            "map_or",
            "map_or_else",
            "unwrap_or_exit",
            "inspect_err",
            "with_context",
            "context",
            "ok_or_else",
        ) and self.is_result(receiver, _result_wanted(name, want)):
            return self._result_method(receiver, name, args, node, want)
        want_in: RType | None = None
        if (
            name in ("clone", "to_vec", "to_owned", "into", "as_ref", "unwrap_or", "min", "max")
            and want is not None
        ):
            want_in = want if name in ("clone", "min", "max") else None
        v = self.x(receiver, want_in)
        made2 = self.runtime_method(v, name, args, node, want)
        if made2 is not None:
            return made2
        return self.method(v, name, args, node, want, turbofish, receiver)

    def method(
        self, v: V, name: str, args: list[SyntaxNode], node: SyntaxNode, want: RType | None,
        turbofish: RType | None = None, receiver: SyntaxNode | None = None,
    ) -> V:  # fmt: skip
        """A method of a value."""
        t = resolve(v.t)
        match t:
            case rt.Named(owner):
                found = self._own_method(owner, v, name, args, node)
                if found is not None:
                    return found
            case _:
                pass
        if name == "clone" or name == "to_vec" or (name == "to_owned" and isinstance(t, rt.Vec)):
            return self.copy(v, node)
        if name in ("lock", "read", "write") and receiver is not None:
            return V(v.e, rt.Res(v.t, rt.Err("lock")))
        if t == rt.DURATION:
            found = durations.method(self, v, name, args, node)
            if found is not None:
                return found
        if self.scope.error_kind(t) and t != rt.TEXT:
            if name == "to_string":
                return V(op("error.message", [v.e], ir.STR), rt.TEXT)
            if name in ("into", "as_ref", "clone"):
                return v
            raise self.fail(f"method {name} of an error", node)
        match t:
            case rt.Simple("text"):
                found = self._text_method(v, name, args, node, want, turbofish)
            case rt.Simple("char"):
                found = self._char_method(v, name, args, node)
            case rt.Simple("bool"):
                found = self._bool_method(v, name, args, node)
            case rt.Simple("bytes"):
                found = v if name in ("to_vec", "as_slice", "into", "clone") else None
            case rt.Vec():
                found = self._vec_method(v, t, name, args, node)
            case rt.Map():
                found = self._map_method(v, t, name, args, node)
            case rt.Set():
                found = self._set_method(v, t, name, args, node)
            case rt.Opt():
                found = self._opt_method(v, t, name, args, node)
            case _:
                found = self._number_method(v, t, name, args, node, want)
        if found is not None:
            return found
        if name in _SAME and not args:
            return v
        raise self.fail(f"method {name} of {words(t)}", node)

    def _own_method(self, owner: str, v: V, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
        holder = self.scope.structs.get(owner) or self.scope.traits.get(owner)
        if holder is not None and name in holder.methods:
            s = holder.methods[name]
            if not s.receiver:
                raise self.fail(f"{name} is not a method", node)
            values = self.passed(s.params, args, node)
            return V(ir.MethodCall(v.e, s.rename or name, values, type=self.stored(s.result)), s.result)
        info = self.scope.structs.get(owner)
        if info is not None:
            t = info.fields.get(name)
            if name == "to_string" and info.display:
                return V(ir.MethodCall(v.e, "to_text", [], type=ir.STR), rt.TEXT)
            del t
            if name in ("as_ref", "as_mut", "borrow", "borrow_mut", "lock", "into"):
                return None
        enum = self.scope.enums.get(owner)
        if enum is not None:
            s2 = enum.methods.get(name)
            if s2 is not None:
                return self._enum_method(owner, s2, v, args, node)
            if name == "to_string" and enum.display and enum.kind == "plain":
                func = ir.Name(f"{snake(owner)}_text", type=ir.FuncT((ir.NamedT(owner),), ir.STR))
                return V(ir.Call(func, [v.e], type=ir.STR), rt.TEXT)
        return None

    def _enum_method(self, owner: str, s: Signature, v: V, args: list[SyntaxNode], node: SyntaxNode) -> V:
        values = self.passed(s.params, args, node)
        kinds = (ir.NamedT(owner), *(to_ir(p) for _, p in s.params))
        func = ir.Name(s.rename, type=ir.FuncT(kinds, to_ir(s.result)))
        return V(ir.Call(func, [v.e, *values], type=self.stored(s.result)), s.result)

    # Results

    def _result_method(
        self, receiver: SyntaxNode, name: str, args: list[SyntaxNode], node: SyntaxNode, want: RType | None
    ) -> V:
        v, before = self.guarded(receiver, _result_wanted(name, want))
        t = resolve(v.t)
        assert isinstance(t, rt.Res)
        ok = resolve(t.ok)
        unit = to_ir(ok) == ir.NONE
        if resolve(t.err) == rt.Err("lock"):
            self.out.extend(before)
            return V(v.e, ok)
        match name:
            case "unwrap" | "expect":
                message: ir.Expr = text_lit("called `Result::unwrap()` on an `Err` value")
                if name == "expect":
                    message = self.store(self.x(args[0], rt.TEXT).e)
                return self.try_value(v, "value", lambda _: [self.stop(message)], node, before)
            case "map_err" | "or_else" | "with_context" | "context":
                if name in ("with_context", "context"):
                    raise self.fail("an error's context", node)
                return self._map_err(v, t, name, args[0], node, before)
            case "unwrap_or" | "unwrap_or_default" | "unwrap_or_else" | "ok" | "is_ok" | "is_err" | "map_or":
                pass
            case "map" | "and_then":
                self.out.extend(before)
                held = v
                with self.inside():
                    if not is_stable(held.e) and not unit:
                        held = self.temp("value", V(v.e, ok))
                    elif unit:
                        self.emit(ir.ExprStmt(v.e), node)
                        held = V(lit(None, ir.NONE), ok)
                    made = self.apply(args[0], [V(held.e, ok)])
                if name == "map":
                    return V(made.e, rt.Res(made.t, t.err))
                return V(made.e, made.t)
            case _:
                raise self.fail(f"{name} of a Result", node)
        kind: RType = ok
        if name in ("is_ok", "is_err"):
            kind = rt.BOOL
        elif name == "ok":
            kind = rt.Opt(ok)
        made_name = self.fresh(
            {"is_ok": "succeeded", "is_err": "failed", "ok": "found"}.get(name, "value"), kind
        )
        it = to_ir(kind)
        body = list(before)
        stored = v.e.type if name in ("unwrap_or", "unwrap_or_default", "unwrap_or_else") else it
        target = lambda: ir.VarTarget(made_name, type=stored)  # noqa: E731 - one node per use.
        if name in ("is_ok", "is_err"):
            body.append(ir.ExprStmt(v.e))
            body.append(ir.Assign(target(), lit(name == "is_ok", ir.BOOL)))
        elif name == "ok":
            if unit:
                raise self.fail("ok() of a Result without a value", node)
            body.append(ir.Assign(target(), self.wrap(v.e, ok)))
        elif unit:
            body.append(ir.ExprStmt(v.e))
        else:
            body.append(ir.Assign(target(), v.e))
        var = self.fresh("error", rt.Err("box"))
        held_error = ir.Name(var, type=ir.ERROR)
        with self.capture() as handler, self.inside():
            if name in ("is_ok", "is_err"):
                self.emit(ir.Assign(target(), lit(name == "is_err", ir.BOOL)))
            elif name == "ok":
                self.emit(ir.Assign(target(), self.none(ok)))
            else:
                if name == "unwrap_or_default":
                    w = V(self.default_of(ok, node), ok)
                elif name == "unwrap_or":
                    w = self.x(args[0], ok)
                else:
                    closure = args[0]
                    if closure.type == "closure_expression":
                        params = closure.child_by_field_name("parameters")
                        body_node = closure.child_by_field_name("body")
                        assert params is not None and body_node is not None
                        pname = self._closure_name(closure_parameters(params)[0])
                        if pname != "_":
                            self.bind_error(pname, held_error, t.err)
                        if unit:
                            self.into(body_node, Dest("discard", rt.UNIT))
                            w = V(lit(None, ir.NONE), ok)
                        else:
                            w = self.x(body_node, ok)
                    else:
                        raise self.fail("unwrap_or_else with a named function", node)
                unify(w.t, ok)
                if not unit:
                    self.emit(ir.Assign(target(), self.store(w.e)))
        self.emit(ir.Try(body, [self._handler([], var, handler, None)], [], []), node)
        if unit and name not in ("is_ok", "is_err"):
            return V(lit(None, ir.NONE), rt.UNIT)
        return V(ir.Name(made_name, type=stored), kind)

    def _map_err(
        self, v: V, t: rt.Res, name: str, closure: SyntaxNode, node: SyntaxNode, before: list[ir.Stmt]
    ) -> V:
        err: list[RType] = []
        wanted = self._error_wanted()

        def handler(held: ir.Expr) -> list[ir.Stmt]:
            assert isinstance(held, ir.Name)
            with self.capture() as out, self.inside():
                if closure.type == "closure_expression":
                    params, body = (
                        closure.child_by_field_name("parameters"),
                        closure.child_by_field_name("body"),
                    )
                    assert params is not None and body is not None
                    pname = self._closure_name(closure_parameters(params)[0])
                    if pname != "_":
                        self.bind_error(pname, held, t.err)
                    if name == "or_else":
                        raise self.fail("or_else of a Result", node)
                    inner = self._last_expression(body)
                    e = self.error_value(inner, wanted)
                    found = wanted
                    if isinstance(e, ir.New):
                        found = self._error_type(e.cls)
                    err.append(found)
                    if isinstance(e, ir.Name) and e.id == held.id:
                        pass
                    self.emit(ir.Raise(e), node)
                else:
                    made = self._named_error(closure, held, t.err)
                    err.append(made.t)
                    self.emit(ir.Raise(self.as_error(made, node)), node)
            return out

        made = self.try_value(v, "value", handler, node, before)
        return V(made.e, rt.Res(made.t, err[0] if err else wanted))

    def _named_error(self, path: SyntaxNode, held: ir.Name, err: RType) -> V:
        """`map_err(ShopError::Inventory)`, `map_err(Into::into)`."""
        text = re.sub(r"\s+", "", self.src(path))
        if text in ("Into::into", "From::from", "Box::from"):
            return V(held, err)
        value = V(op("error.message", [held], ir.STR), rt.TEXT) if resolve(err) == rt.TEXT else V(held, err)
        return self.call_named(path, [value])

    def _error_type(self, cls: str) -> RType:
        for name, info in self.scope.enums.items():
            if any(v.error == cls for v in info.variants.values()):
                return rt.Named(name)
        if cls in self.scope.error_structs:
            return rt.Named(cls)
        if cls == "RuntimeError":
            return rt.TEXT
        return rt.Err("io" if cls == "OSError" else "foundation")

    def _last_expression(self, body: SyntaxNode) -> SyntaxNode:
        """The value of a closure's body; statements before it are lowered."""
        if body.type != "block":
            return body
        inner = code_children(body)
        for s in inner[:-1]:
            self.statement(s)
        last = inner[-1]
        return code_children(last)[0] if last.type == "expression_statement" else last

    # Options

    def _opt_method(self, v: V, t: rt.Opt, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
        elem = t.elem
        match name:
            case "is_some":
                return V(self.is_some(v.e), rt.BOOL)
            case "is_none":
                return V(negate(self.is_some(v.e)), rt.BOOL)
            case "as_ref" | "as_deref" | "as_mut" | "cloned" | "copied" | "as_deref_mut" | "as_slice":
                if name == "cloned":
                    return self.copy(v, node)
                return v
            case "unwrap" | "expect":
                message: ir.Expr = text_lit("called `Option::unwrap()` on a `None` value")
                if name == "expect":
                    message = self.store(self.x(args[0], rt.TEXT).e)
                if not self._once(v):
                    v = self.stable(v, "found")
                some = self.is_some(v.e)
                if not (isinstance(some, ir.Lit) and some.value is True):
                    self.emit(ir.If(negate(some), [self.stop(message)], []), node)
                return V(self.unwrap(v.e, elem), elem)
            case "unwrap_or" | "unwrap_or_default" | "unwrap_or_else":
                return self._or_value(v, t, name, args, node)
            case (
                "map"
                | "and_then"
                | "filter"
                | "is_some_and"
                | "map_or"
                | "map_or_else"
                | "is_none_or"
                | "or"
                | "or_else"
            ):
                return self._mapped(v, t, name, args, node)
            case "ok_or" | "ok_or_else" | "map_err" if name != "map_err" or _from_env(v.e):
                if not self._once(v):
                    v = self.stable(v, "found")
                with self.capture() as failing:
                    inner = args[0]
                    if name != "ok_or" and inner.type == "closure_expression":
                        body = inner.child_by_field_name("body")
                        assert body is not None
                        inner = self._last_expression(body)
                        e = self.error_value(inner, self._error_wanted())
                    elif name != "ok_or":
                        raise self.fail(f"{name} with a named function", node)
                    else:
                        e = self.error_value(inner, self._error_wanted())
                    self.emit(ir.Raise(e), node)
                err = self._error_type(e.cls) if isinstance(e, ir.New) else self._error_wanted()
                self.emit(ir.If(negate(self.is_some(v.e)), failing, []), node)
                return V(self.unwrap(v.e, elem), rt.Res(elem, err))
            case "take":
                old = self.temp("previous", v)
                place, _, _ = self._place(v.e, v.t, node)
                self.emit(ir.Assign(place, self.none(elem)), node)
                return old
            case "replace" | "insert":
                new = self.x(args[0], elem)
                self.unify(new.t, elem, node)
                old = self.temp("previous", v)
                place, _, _ = self._place(v.e, v.t, node)
                self.emit(ir.Assign(place, self.wrap(new.e, elem)), node)
                return old
            case "into_iter" | "iter":
                raise self.fail("iteration over an Option", node)
            case "flatten":
                raise self.fail("an Option in an Option", node)
            case _:
                return None

    def _or_value(self, v: V, t: rt.Opt, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V:
        elem = t.elem
        with self.capture() as before:
            if name == "unwrap_or_default":
                w = V(self.default_of(elem, node), elem)
            elif name == "unwrap_or":
                w = self.x(args[0], elem)
            else:
                with self.inside():
                    w = (
                        self.apply(args[0], [])
                        if args[0].type == "closure_expression"
                        else self._zero_call(args[0], elem, node)
                    )
            unify(w.t, elem)
        if before and name == "unwrap_or_else":
            name2 = self.fresh("value", elem)
            if not self._once(v):
                v = self.stable(v, "found")
            kind = self.stored(elem)
            before.append(ir.Assign(ir.VarTarget(name2, type=kind), self.store(w.e)))
            then: list[ir.Stmt] = [ir.Assign(ir.VarTarget(name2, type=kind), self.unwrap(v.e, elem))]
            self.emit(ir.If(self.is_some(v.e), then, before), node)
            return V(ir.Name(name2, type=kind), elem)
        self.out.extend(before)
        if before and not self.hoistable:
            raise NeedStatements("an expression that needs statements, inside an expression")
        if isinstance(v.e, ir.Intrinsic) and v.e.op == "dict.get" and is_pure(w.e):
            return V(op("dict.get_or", [*v.e.args, self.store(w.e)], self.stored(elem)), elem)
        if not self._once(v):
            v = self.stable(v, "found")
        e = ir.Cond(self.is_some(v.e), self.unwrap(v.e, elem), self.store(w.e), type=self.stored(elem))
        return V(e, elem)

    def _zero_call(self, node: SyntaxNode, elem: RType, at: SyntaxNode) -> V:
        text = self.src(node)
        if text in self.scope.functions:
            return self.function_call(self.scope.functions[text], text, [], at)
        opened: dict[str, RType] = {
            "Vec::new": rt.Vec(rt.Var()), "VecDeque::new": rt.Vec(rt.Var()), "String::new": rt.TEXT,
            "HashMap::new": rt.Map(rt.Var(), rt.Var()), "BTreeMap::new": rt.Map(rt.Var(), rt.Var(), True),
            "HashSet::new": rt.Set(rt.Var()), "BTreeSet::new": rt.Set(rt.Var(), True),
        }  # fmt: skip
        if text in opened:
            unify(elem, opened[text])
        if text in opened or text == "Default::default":
            return V(self.default_of(elem, at), elem)
        head, _, last = text.rpartition("::")
        if head in self.scope.structs or head == "Self":
            return self._associated(self.own if head == "Self" else head, last, [], at)
        raise self.fail(f"a function given by the name {text}", at)

    def _mapped(self, v: V, t: rt.Opt, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V:
        elem = t.elem
        if not self._once(v):
            v = self.stable(v, self._closure_hint(args[-1]))
        some, inner = self.is_some(v.e), V(self.unwrap(v.e, elem), elem)
        if name in ("or", "or_else"):
            w = self.x(args[0], t) if name == "or" else self.apply(args[0], [])
            unify(w.t, t)
            held = v.e if is_stable(v.e) else self.stable(v).e
            return V(ir.Cond(some, held, w.e, type=to_ir(t)), t)
        if not is_stable(inner.e) and self.hoistable and (name == "filter" or self._uses_twice(args[-1])):
            # The value is read more than once: it is kept where it is known to be there.
            return self._mapped_by_statements(some, inner, t, name, args, node)
        try:
            with self.pure(), self.inside():
                made = self.apply(args[-1], [inner])
                if isinstance(resolve(made.t), rt.Res):
                    raise NeedStatements("a Result inside an expression")
        except NeedStatements:
            if not self.hoistable:
                raise
            return self._mapped_by_statements(some, inner, t, name, args, node)
        match name:
            case "map":
                kind: RType = rt.Opt(made.t)
                return V(ir.Cond(some, self.wrap(made.e, made.t), self.none(made.t), type=to_ir(kind)), kind)
            case "and_then":
                ot = resolve(made.t)
                if not isinstance(ot, rt.Opt):
                    raise self.fail("and_then with something that is not an Option", node)
                return V(ir.Cond(some, made.e, self.none(ot.elem), type=to_ir(ot)), ot)
            case "filter":
                return V(
                    ir.Cond(
                        conjunction([some, made.e]), self.wrap(inner.e, elem), self.none(elem), type=to_ir(t)
                    ),
                    t,
                )
            case "is_some_and":
                return V(conjunction([some, made.e]), rt.BOOL)
            case "is_none_or":
                return V(ir.Bool("or", [negate(some), made.e], type=ir.BOOL), rt.BOOL)
            case _:
                w = self.x(args[0], made.t) if name == "map_or" else self.apply(args[0], [])
                unify(w.t, made.t)
                return V(ir.Cond(some, self.store(made.e), self.store(w.e), type=self.stored(made.t)), made.t)

    def _closure_hint(self, node: SyntaxNode) -> str:
        if node.type == "closure_expression":
            params = node.child_by_field_name("parameters")
            if params is not None and closure_parameters(params):
                name = self.plain_name(closure_parameters(params)[0])
                if name not in (None, "_"):
                    return str(name)
        return "found"

    def _mapped_by_statements(
        self, some: ir.Expr, inner: V, t: rt.Opt, name: str, args: list[SyntaxNode], node: SyntaxNode
    ) -> V:
        kind: RType = rt.Var()
        made_name = self.fresh("value", rt.Var())
        with self.capture() as body, self.inside():
            if not is_stable(inner.e):
                inner = self.temp(self._closure_hint(args[-1]), inner)
            made = self.apply(args[-1], [inner])
            if isinstance(resolve(made.t), rt.Res):
                raise self.fail("an Option of a Result", node)
            if name == "map":
                kind, e = rt.Opt(made.t), self.wrap(made.e, made.t)
            elif name == "and_then":
                kind, e = made.t, made.e
            elif name == "filter":
                kind = t
                e = ir.Cond(made.e, self.wrap(inner.e, inner.t), self.none(inner.t), type=to_ir(t))
            elif name == "is_some_and":
                kind, e = rt.BOOL, made.e
            else:
                kind, e = made.t, self.store(made.e)
            self.emit(ir.Assign(ir.VarTarget(made_name, type=to_ir(kind)), e), node)
        with self.capture() as other:
            if name == "is_some_and":
                w = V(lit(False, ir.BOOL), rt.BOOL)
            elif name in ("map_or", "map_or_else"):
                w = self.x(args[0], kind) if name == "map_or" else self.apply(args[0], [])
            else:
                ot = resolve(kind)
                assert isinstance(ot, rt.Opt)
                w = V(self.none(ot.elem), ot)
            unify(w.t, kind)
            self.emit(ir.Assign(ir.VarTarget(made_name, type=to_ir(kind)), w.e), node)
        self.taken[made_name] = kind
        self.emit(ir.If(some, body, other), node)
        return V(ir.Name(made_name, type=to_ir(kind)), kind)

    # Texts

    def _text_method(
        self,
        v: V,
        name: str,
        args: list[SyntaxNode],
        node: SyntaxNode,
        want: RType | None,
        turbofish: RType | None,
    ) -> V | None:
        e = self.store(v.e)
        simple = {
            "trim": "str.strip", "trim_start": "str.lstrip", "trim_end": "str.rstrip", "to_uppercase": "str.upper",
            "to_lowercase": "str.lower", "to_ascii_uppercase": "str.upper", "to_ascii_lowercase": "str.lower",
        }  # fmt: skip
        if name in simple and not args:
            if "case" in name:
                self.scope.differ(ASCII_CASE if "ascii" in name else CASE)
            return V(op(simple[name], [e], ir.STR), rt.TEXT)
        match name:
            case "len":
                return V(op("str.byte_len", [e], ir.INT), rt.USIZE)
            case "is_empty":
                return V(op("eq", [e, text_lit("")], ir.BOOL), rt.BOOL)
            case "find" | "rfind" if len(args) == 1 and args[0].type != "closure_expression":
                part = self.x(args[0])
                if resolve(part.t) not in (rt.TEXT, rt.CHAR):
                    return None
                found = op(f"str.byte_{name}", [e, self.store(part.e)], ir.INT)
                at = self.stable(V(found, rt.USIZE), "at")
                there = op("ge", [at.e, number(0)], ir.BOOL)
                t = rt.Opt(rt.USIZE)
                return V(ir.Cond(there, self.wrap(at.e, rt.USIZE), self.none(rt.USIZE), type=to_ir(t)), t)
            case "starts_with" | "ends_with" | "contains":
                ops = {
                    "starts_with": "str.startswith",
                    "ends_with": "str.endswith",
                    "contains": "str.contains",
                }
                if args[0].type == "closure_expression":
                    if name != "contains":
                        raise self.fail(f"{name} with a closure", node)
                    made = self._comprehension(Chain(e, rt.CHAR, [("map", args[0])]), "iter")
                    return V(op("any", [made.e], ir.BOOL), rt.BOOL)
                return V(op(ops[name], [e, self.separator(args[0])], ir.BOOL), rt.BOOL)
            case "strip_prefix" | "strip_suffix":
                if not is_stable(e):
                    e = self.stable(V(e, rt.TEXT), "text").e
                part = self.separator(args[0])
                test = op("str.startswith" if name == "strip_prefix" else "str.endswith", [e, part], ir.BOOL)
                cut = op(
                    "str.removeprefix" if name == "strip_prefix" else "str.removesuffix", [e, part], ir.STR
                )
                return V(
                    ir.Cond(test, self.wrap(cut, rt.TEXT), self.none(rt.TEXT), type=ir.OptionalT(ir.STR)),
                    rt.Opt(rt.TEXT),
                )
            case "trim_matches" | "trim_start_matches" | "trim_end_matches":
                n = self.x(args[0])
                if resolve(n.t) != rt.CHAR:
                    raise self.fail(f"{name} with a pattern that is not a character", node)
                ops = {
                    "trim_matches": "str.strip_chars",
                    "trim_start_matches": "str.lstrip_chars",
                    "trim_end_matches": "str.rstrip_chars",
                }
                return V(op(ops[name], [e, self.separator(args[0])], ir.STR), rt.TEXT)
            case "split_once":
                e = self.stable(V(e, rt.TEXT), "text").e
                sep = self.separator(args[0])
                cut = op("str.split_n", [e, sep, number(1)], ir.ListT(ir.STR))
                halves = [op("list.index", [cut, number(i)], ir.STR, "IndexError") for i in (0, 1)]
                pair = ir.TupleLit(list(halves), type=ir.TupleT((ir.STR, ir.STR)))
                t = rt.Opt(rt.Tuple((rt.TEXT, rt.TEXT)))
                made = ir.Cond(
                    op("str.contains", [e, sep], ir.BOOL),
                    ir.Wrap(pair, type=to_ir(t)),
                    ir.Lit(None, type=to_ir(t)),
                    type=to_ir(t),
                )
                return V(made, t, (e, sep))
            case "rsplit_once":
                held = self.stable(V(e, rt.TEXT), "text").e
                sep = self.separator(args[0])
                triple = ir.TupleT((ir.STR, ir.STR, ir.STR))
                cut = op("str.rpartition", [held, sep], triple)
                halves = [op("tuple.index", [cut, number(i)], ir.STR) for i in (0, 2)]
                pair = ir.TupleLit(list(halves), type=ir.TupleT((ir.STR, ir.STR)))
                t = rt.Opt(rt.Tuple((rt.TEXT, rt.TEXT)))
                there = op("str.contains", [held, sep], ir.BOOL)
                none = ir.Lit(None, type=to_ir(t))
                return V(ir.Cond(there, ir.Wrap(pair, type=to_ir(t)), none, type=to_ir(t)), t)
            case "repeat":
                return V(op("str.repeat", [e, self.x(args[0], rt.USIZE).e], ir.STR), rt.TEXT)
            case "replace":
                return V(
                    op(
                        "str.replace",
                        [e, self.separator(args[0]), self.store(self.x(args[1], rt.TEXT).e)],
                        ir.STR,
                    ),
                    rt.TEXT,
                )
            case "replacen":
                n = self.x(args[2], rt.USIZE)
                return V(
                    op(
                        "str.replace_n",
                        [e, self.separator(args[0]), self.store(self.x(args[1], rt.TEXT).e), n.e],
                        ir.STR,
                    ),
                    rt.TEXT,
                )
            case "parse":
                return self._parse(e, node, want, turbofish)
            case "push_str" | "push":
                place, _, wrapped = self._place(v.e, v.t, node)
                w = self.x(args[0], rt.TEXT if name == "push_str" else rt.CHAR)
                if wrapped:
                    raise self.fail("an addition to the inside of an Option", node)
                self.emit(ir.AugAssign(place, "str.concat", self.store(w.e)), node)
                return V(lit(None, ir.NONE), rt.UNIT)
            case "clear":
                place, _, _ = self._place(v.e, v.t, node)
                self.emit(ir.Assign(place, text_lit("")), node)
                return V(lit(None, ir.NONE), rt.UNIT)
            case "eq_ignore_ascii_case":
                self.scope.differ(ASCII_CASE)
                other = self.separator(args[0])
                return V(
                    op("eq", [op("str.lower", [e], ir.STR), op("str.lower", [other], ir.STR)], ir.BOOL),
                    rt.BOOL,
                )
            case "as_bytes" | "into_bytes" | "bytes":
                if name == "bytes":
                    raise self.fail("the bytes of a String", node)
                return V(e, rt.Simple("bytes"))
            case "exists" | "is_file":
                return V(op("file.exists", [e], ir.BOOL), rt.BOOL)
            case "to_string" | "to_owned" | "into" | "as_str" | "to_string_lossy" | "into_string" | "clone":
                return V(e, rt.TEXT)
            case _:
                return None

    def _parse(self, e: ir.Expr, node: SyntaxNode, want: RType | None, turbofish: RType | None) -> V:
        kind: RType | None = turbofish
        if kind is None and want is not None:
            w = resolve(want)
            kind = resolve(w.ok) if isinstance(w, rt.Res) else None
        if kind is None:
            kind = rt.Var("")
        kind = resolve(kind)
        if isinstance(kind, rt.Int):
            bounds = [number(kind.low), number(kind.high)]
            return V(op("str.parse_int", [e, *bounds], ir.INT, "ValueError"), rt.Res(kind, rt.Err("parse")))
        if is_float(kind):
            return V(op("str.parse_float", [e], ir.FLOAT, "ValueError"), rt.Res(rt.FLOAT, rt.Err("parse")))
        if isinstance(kind, rt.Named):
            holder = self.scope.structs.get(kind.name) or self.scope.enums.get(kind.name)
            s = holder.methods.get("from_str") if holder is not None else None
            if s is not None:
                if kind.name not in self.scope.structs:
                    func = ir.Name(s.rename, type=ir.FuncT((ir.STR,), to_ir(s.result)))
                    return V(ir.Call(func, [e], type=self.stored(s.result)), s.result)
                cls = ir.Name(kind.name, type=ir.NamedT(kind.name))
                return V(
                    ir.MethodCall(cls, s.rename or "from_str", [e], type=self.stored(s.result)), s.result
                )
        if isinstance(kind, rt.Var):
            made = op("str.parse_int", [e], to_ir(kind), "ValueError")
            self.parses.append((made, kind, node))
            return V(made, rt.Res(kind, rt.Err("parse")))
        raise self.fail(f"parse into {words(kind)}", node)

    def settle_parses(self) -> None:
        """Tell each parse the type that a later use of its value showed."""
        for made, kind, node in self.parses:
            t = resolve(kind)
            if isinstance(t, rt.Var) and t.kind == "int":
                t = rt.I32
            if isinstance(t, rt.Int):
                made.args = [made.args[0], number(t.low), number(t.high)]
            elif is_float(t):
                made.op = "str.parse_float"
            else:
                raise self.fail(f"parse into {words(t)}", node)

    def _char_method(self, v: V, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
        prefix = "char" if v.e.type == ir.CHAR else "str"
        tests = {
            "is_alphabetic": "isalpha",
            "is_alphanumeric": "isalnum",
            "is_whitespace": "isspace",
            "is_uppercase": "isupper",
            "is_lowercase": "islower",
        }
        if name in tests:
            return V(op(f"{prefix}.{tests[name]}", [v.e], ir.BOOL), rt.BOOL)
        ranges = {
            "is_ascii_digit": ["09"], "is_ascii_lowercase": ["az"], "is_ascii_uppercase": ["AZ"],
            "is_ascii_alphabetic": ["az", "AZ"], "is_ascii_alphanumeric": ["09", "az", "AZ"],
            "is_ascii_hexdigit": ["09", "af", "AF"],
        }  # fmt: skip
        if name in ranges:
            v = self.stable(v, "char")
            kind = v.e.type
            choices: list[ir.Expr] = []
            for low, high in ranges[name]:
                pair = [op("ge", [v.e, lit(low, kind)], ir.BOOL), op("le", [v.e, lit(high, kind)], ir.BOOL)]
                choices.append(conjunction(list(pair)))
            return V(choices[0] if len(choices) == 1 else ir.Bool("or", choices, type=ir.BOOL), rt.BOOL)
        match name:
            case "is_digit" if args and self.src(args[0]) == "10":
                return self._char_method(v, "is_ascii_digit", [], node)
            case "is_ascii":
                return V(op("le", [self.code_point(v.e), number(127)], ir.BOOL), rt.BOOL)
            case "to_digit" if args and self.src(args[0]) == "10":
                v = self.stable(v, "char")
                test = self._char_method(v, "is_ascii_digit", [], node)
                assert test is not None
                value = op("int.sub", [self.code_point(v.e), number(48)], ir.INT)
                t = rt.Opt(rt.U32)
                return V(ir.Cond(test.e, self.wrap(value, rt.U32), self.none(rt.U32), type=to_ir(t)), t)
            case "to_ascii_uppercase" | "to_ascii_lowercase":
                self.scope.differ(ASCII_CASE)
                which = "upper" if name.endswith("uppercase") else "lower"
                return V(op(f"{prefix}.{which}", [v.e], v.e.type), rt.CHAR)
            case "to_uppercase" | "to_lowercase":
                self.scope.differ(CASE)
                which = "upper" if name == "to_uppercase" else "lower"
                return V(op(f"str.{which}", [self.store(v.e)], ir.STR), rt.TEXT)
            case "to_string":
                return V(self.store(v.e), rt.TEXT)
            case "eq_ignore_ascii_case":
                return None
            case _:
                return None

    def _bool_method(self, v: V, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
        match name:
            case "then" | "then_some":
                w = self.x(args[0]) if name == "then_some" else self.apply(args[0], [])
                t = rt.Opt(w.t)
                return V(ir.Cond(v.e, self.wrap(w.e, w.t), self.none(w.t), type=to_ir(t)), t)
            case "to_string":
                return V(ir.Cond(v.e, text_lit("true"), text_lit("false"), type=ir.STR), rt.TEXT)
            case _:
                del node
                return None

    # Collections

    def _vec_method(self, v: V, t: rt.Vec, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
        elem, e = t.elem, v.e
        unit = V(lit(None, ir.NONE), rt.UNIT)

        def done(o: ir.Intrinsic) -> V:
            self.emit(ir.ExprStmt(o), node)
            return unit

        def optional(test: ir.Expr, value: ir.Expr) -> V:
            made = ir.Cond(test, self.wrap(value, elem), self.none(elem), type=to_ir(rt.Opt(elem)))
            return V(made, rt.Opt(elem))

        match name:
            case "len":
                return V(op("len", [e], ir.INT), rt.USIZE)
            case "is_empty":
                return V(negate(op("nonempty", [e], ir.BOOL)), rt.BOOL)
            case "push" | "push_back":
                w = self.owned(self.x(args[0], elem), args[0])
                self.unify(w.t, elem, node)
                return done(op("list.append", [e, self.store(w.e)], ir.NONE))
            case "next" if not args and isinstance(e, ir.Name):
                # An iterator that is kept in a variable is a list of what is left of it.
                first = op("list.pop_at", [e, number(0)], self.stored(elem), "IndexError")
                return optional(op("nonempty", [e], ir.BOOL), first)
            case "push_front":
                w = self.x(args[0], elem)
                self.unify(w.t, elem, node)
                return done(op("list.insert", [e, number(0), self.store(w.e)], ir.NONE))
            case "insert":
                i, w = self.values(args, [rt.USIZE, elem])
                self.unify(w.t, elem, node)
                return done(op("list.insert", [e, i.e, self.store(w.e)], ir.NONE))
            case "remove":
                i = self.x(args[0], rt.USIZE)
                return V(op("list.pop_at", [e, i.e], self.stored(elem), "IndexError"), elem)
            case "pop" | "pop_back":
                v = self.stable(v, "items")
                return optional(
                    op("nonempty", [v.e], ir.BOOL), op("list.pop", [v.e], self.stored(elem), "IndexError")
                )
            case "pop_front":
                v = self.stable(v, "items")
                return optional(
                    op("nonempty", [v.e], ir.BOOL),
                    op("list.pop_at", [v.e, number(0)], self.stored(elem), "IndexError"),
                )
            case "clear":
                return done(op("list.clear", [e], ir.NONE))
            case "reverse":
                return done(op("list.reverse", [e], ir.NONE))
            case "contains":
                w = self.x(args[0], elem)
                self.unify(w.t, elem, node)
                self._comparable(elem, node)
                return V(op("list.contains", [e, self.store(w.e)], ir.BOOL), rt.BOOL)
            case "first" | "last" | "front" | "back":
                v = self.stable(v, "items")
                at: ir.Expr = number(0) if name in ("first", "front") else op("from_end", [number(1)], ir.INT)
                return optional(
                    op("nonempty", [v.e], ir.BOOL),
                    op("list.index", [v.e, at], self.stored(elem), "IndexError"),
                )
            case "get" | "get_mut" if args[0].type != "range_expression":
                v = self.stable(v, "items")
                i = self.stable(self.x(args[0], rt.USIZE), "index")
                return optional(
                    op("lt", [i.e, op("len", [v.e], ir.INT)], ir.BOOL),
                    op("list.index", [v.e, i.e], self.stored(elem), "IndexError"),
                )
            case "extend" | "extend_from_slice" | "append":
                c = self.chain(args[0])
                if c is not None:
                    w = self.listed(c, node)
                else:
                    w = self.x(args[0], t)
                self.unify(w.t, t, node)
                done(op("list.extend", [e, w.e], ir.NONE))
                if name == "append":
                    self.emit(ir.ExprStmt(op("list.clear", [w.e], ir.NONE)), node)
                return unit
            case "sort" | "sort_unstable":
                inner = resolve(elem)
                plain = [inner] if not isinstance(inner, rt.Tuple) else [resolve(x) for x in inner.elems]
                if not all(is_int(x) or x in (rt.TEXT, rt.CHAR) for x in plain):
                    raise self.fail(f"an order of {words(elem)}", node)
                key: ir.Expr = lit(None, ir.NONE)
                if isinstance(inner, rt.Tuple):
                    item = self.fresh("item", elem)
                    held = ir.Name(item, type=self.stored(elem))
                    kinds = [self.stored(x) for x in inner.elems]
                    parts: list[ir.Expr] = [
                        op("tuple.index", [held, number(i)], k) for i, k in enumerate(kinds)
                    ]
                    pair = ir.TupleLit(parts, type=held.type)
                    ft = ir.FuncT((held.type,), held.type, raises=False, context=False)
                    key = ir.Lambda([ir.Param(item, held.type)], pair, type=ft)
                return done(op("list.sort", [e, key, lit(False, ir.BOOL)], ir.NONE))
            case "sort_by_key" | "sort_unstable_by_key" | "sort_by_cached_key":
                inner = args[0]
                body = inner.child_by_field_name("body") if inner.type == "closure_expression" else None
                reverse = (
                    body is not None and re.match(r"(std::cmp::|cmp::)?Reverse\(", self.src(body)) is not None
                )
                self.reversing = reverse
                key = self.key_lambda(inner, elem, node)
                self.reversing = False
                return done(op("list.sort", [e, key, lit(reverse, ir.BOOL)], ir.NONE))
            case "sort_by" | "sort_unstable_by":
                for key, reverse in reversed(self.comparators(args[0], elem, node)):
                    if isinstance(key, ir.Lambda) and isinstance(key.body, ir.Name):
                        key = lit(None, ir.NONE)
                    self.emit(ir.ExprStmt(op("list.sort", [e, key, lit(reverse, ir.BOOL)], ir.NONE)), node)
                return unit
            case "join" | "concat":
                if resolve(elem) != rt.TEXT:
                    raise self.fail(f"{name} of {words(t)}", node)
                sep = self.store(self.x(args[0], rt.TEXT).e) if args else text_lit("")
                return V(op("str.join", [sep, e], ir.STR), rt.TEXT)
            case "swap":
                i, j = (self.stable(w, "index") for w in self.values(args, [rt.USIZE, rt.USIZE]))
                kind = self.stored(elem)
                places: list[ir.Target] = [ir.IndexTarget(e, x.e, type=kind) for x in (i, j)]
                read = [op("list.index", [e, x.e], kind, "IndexError") for x in (j, i)]
                pair = ir.TupleT((kind, kind))
                self.emit(
                    ir.Assign(ir.TupleTarget(places, type=pair), ir.TupleLit(list(read), type=pair)), node
                )
                return unit
            case "retain":
                made = self._comprehension(Chain(e, elem, [("filter", args[0])]), "list")
                place, _, _ = self._place(e, t, node)
                self.emit(ir.Assign(place, made.e), node)
                return unit
            case "truncate":
                place, _, _ = self._place(e, t, node)
                n = self.x(args[0], rt.USIZE)
                self.emit(ir.Assign(place, op("list.slice", [e, lit(None, ir.NONE), n.e], to_ir(t))), node)
                return unit
            case "dedup":
                self._comparable(elem, node)
                place, _, _ = self._place(e, t, node)
                kind = self.stored(elem)
                kept = self.fresh("kept", t)
                item = self.fresh("item", elem)
                held, one = ir.Name(kept, type=to_ir(t)), ir.Name(item, type=kind)
                last = op("list.index", [held, op("from_end", [number(1)], ir.INT)], kind, "IndexError")
                differs = ir.Bool(
                    "or",
                    [negate(op("nonempty", [held], ir.BOOL)), op("ne", [last, one], ir.BOOL)],
                    type=ir.BOOL,
                )
                grow = ir.ExprStmt(op("list.append", [held, one], ir.NONE))
                self.emit(ir.Assign(ir.VarTarget(kept, type=to_ir(t)), ir.ListLit([], type=to_ir(t))), node)
                self.emit(ir.For(ir.VarTarget(item, type=kind), e, [ir.If(differs, [grow], [])]), node)
                self.emit(ir.Assign(place, ir.Name(kept, type=to_ir(t))), node)
                return unit
            case "as_slice" | "as_mut_slice" | "into_boxed_slice" | "as_ref" | "to_owned" | "into":
                return v
            case "as_bytes":
                return None
            case "repeat":
                return V(op("list.repeat", [e, self.x(args[0], rt.USIZE).e], to_ir(t)), t)
            case "starts_with":
                return None
            case _:
                return None

    def _comparable(self, t: RType, node: SyntaxNode) -> None:
        t = resolve(t)
        if isinstance(t, rt.Named):
            info = self.scope.structs.get(t.name)
            if info is not None and ("PartialEq" not in info.derives or info.init is not None):
                raise self.fail(f"equality of {t.name}", node)

    def _map_method(self, v: V, t: rt.Map, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
        e, unit = v.e, V(lit(None, ir.NONE), rt.UNIT)
        if name in ("insert", "get", "get_mut", "contains_key", "remove", "entry"):
            if name == "insert":
                k, w = self.values(args, [t.key, t.value])
                self.unify(w.t, t.value, node)
            else:
                k = self.x(args[0], t.key)
                w = None
            self.unify(k.t, t.key, node)
            key = self.store(k.e)
            kind = to_ir(rt.Opt(t.value))
            match name:
                case "insert":
                    assert w is not None
                    parent = node.parent
                    used = parent is None or parent.type != "expression_statement"
                    old: V = unit
                    if (
                        used
                        and parent is not None
                        and parent.type not in ("match_arm", "block", "closure_expression")
                    ):
                        key = self.stable(V(key, t.key), "key").e
                        old = self.temp("previous", V(op("dict.get", [e, key], kind), rt.Opt(t.value)))
                    self.emit(
                        ir.Assign(ir.IndexTarget(e, key, type=self.stored(t.value)), self.store(w.e)), node
                    )
                    return old
                case "contains_key":
                    return V(op("dict.contains", [e, key], ir.BOOL), rt.BOOL)
                case "get":
                    return V(op("dict.get", [e, key], kind), rt.Opt(t.value))
                case "get_mut":
                    key = self.stable(V(key, t.key), "key").e
                    at = op("dict.index", [e, key], self.stored(t.value))
                    return V(
                        ir.Cond(
                            op("dict.contains", [e, key], ir.BOOL),
                            self.wrap(at, t.value),
                            self.none(t.value),
                            type=kind,
                        ),
                        rt.Opt(t.value),
                    )
                case "remove":
                    return V(op("dict.pop_optional", [e, key], kind), rt.Opt(t.value))
                case _:
                    raise self.fail("an entry that is kept", node)
        match name:
            case "or_insert" | "or_insert_with" | "or_default" | "and_modify":
                return None
            case "len":
                return V(op("len", [e], ir.INT), rt.USIZE)
            case "is_empty":
                return V(negate(op("nonempty", [e], ir.BOOL)), rt.BOOL)
            case "clear":
                self.emit(ir.ExprStmt(op("dict.clear", [e], ir.NONE)), node)
                return unit
            case "extend":
                w2 = self.x(args[0], t)
                if not isinstance(resolve(w2.t), rt.Map):
                    raise self.fail("a map extended by something that is not a map", node)
                self.unify(w2.t, t, node)
                self.emit(ir.ExprStmt(op("dict.update", [e, w2.e], ir.NONE)), node)
                return unit
            case _:
                return None

    def method_of_entry(self, node: SyntaxNode) -> tuple[ir.Expr, ir.Expr, rt.Map, ir.Expr] | None:
        """`map.entry(key).or_insert(value)`: map, key, the map's type and the value for a new key."""
        if node.type == "parenthesized_expression":
            return self.method_of_entry(code_children(node)[0])
        if node.type != "call_expression":
            return None
        head = node.child_by_field_name("function")
        if head is None or head.type != "field_expression":
            return None
        name = self.src(head.child_by_field_name("field") or head)
        inner = head.child_by_field_name("value")
        if (
            name not in ("or_insert", "or_insert_with", "or_default")
            or inner is None
            or inner.type != "call_expression"
        ):
            return None
        inner_head = inner.child_by_field_name("function")
        if (
            inner_head is None
            or inner_head.type != "field_expression"
            or self.src(inner_head.child_by_field_name("field") or inner_head) != "entry"
        ):
            return None
        receiver = inner_head.child_by_field_name("value")
        assert receiver is not None
        table = self.x(receiver)
        t = resolve(table.t)
        if not isinstance(t, rt.Map):
            return None
        k = self.x(self.arguments(inner)[0], t.key)
        self.unify(k.t, t.key, node)
        args = self.arguments(node)
        if name == "or_insert":
            w = self.x(args[0], t.value)
            self.unify(w.t, t.value, node)
            first = self.store(w.e)
        elif name == "or_insert_with":
            w = (
                self.apply(args[0], [])
                if args[0].type == "closure_expression"
                else self._zero_call(args[0], t.value, node)
            )
            self.unify(w.t, t.value, node)
            first = w.e
        else:
            first = self._late_default(t.value, node)
        return table.e, self.store(k.e), t, first

    def _late_default(self, t: RType, node: SyntaxNode) -> ir.Expr:
        if rt.is_open(t) and isinstance(resolve(t), rt.Var) and not resolve(t).kind:  # type: ignore[union-attr]
            raise self.fail("or_default of a type that is not known here; annotate the map", node)
        return self.default_of(t, node)

    def entry_place(self, left: SyntaxNode) -> tuple[ir.Expr, ir.Expr, RType, ir.Expr] | None:
        """See `Body.entry_place`."""
        found = self.method_of_entry(code_children(left)[-1])
        if found is None:
            return None
        table, key, t, first = found
        return table, key, t.value, first

    def entry_value(self, node: SyntaxNode) -> V | None:
        """An entry's value as a place: made first when the key is missing."""
        found = self.method_of_entry(node)
        if found is None:
            return None
        table, key, t, first = found
        key = self.stable(V(key, t.key), "key").e
        missing = negate(op("dict.contains", [table, key], ir.BOOL))
        place = ir.IndexTarget(table, key, type=self.stored(t.value))
        self.emit(ir.If(missing, [ir.Assign(place, first)], []), node)
        return V(op("dict.index", [table, key], self.stored(t.value)), t.value)

    def _set_method(self, v: V, t: rt.Set, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
        e, unit = v.e, V(lit(None, ir.NONE), rt.UNIT)
        match name:
            case "insert" | "remove" | "contains":
                w = self.x(args[0], t.elem)
                self.unify(w.t, t.elem, node)
                value = self.store(w.e)
                if name == "contains":
                    return V(op("set.contains", [e, value], ir.BOOL), rt.BOOL)
                parent = node.parent
                used = parent is None or parent.type != "expression_statement"
                made = unit
                if used:
                    value = self.stable(V(value, t.elem), "item").e
                    there = op("set.contains", [e, value], ir.BOOL)
                    made = self.temp(
                        "is_new" if name == "insert" else "was_there",
                        V(negate(there) if name == "insert" else there, rt.BOOL),
                    )
                self.emit(
                    ir.ExprStmt(op("set.add" if name == "insert" else "set.discard", [e, value], ir.NONE)),
                    node,
                )
                return made
            case "len":
                return V(op("len", [e], ir.INT), rt.USIZE)
            case "is_empty":
                return V(negate(op("nonempty", [e], ir.BOOL)), rt.BOOL)
            case "is_subset" | "is_disjoint" | "is_superset":
                w = self.x(args[0], t)
                a, b = (w.e, e) if name == "is_superset" else (e, w.e)
                return V(
                    op("set.isdisjoint" if name == "is_disjoint" else "set.issubset", [a, b], ir.BOOL),
                    rt.BOOL,
                )
            case "clear":
                self.emit(ir.ExprStmt(op("set.clear", [e], ir.NONE)), node)
                return unit
            case "extend":
                c = self.chain(args[0])
                w = self.listed(c, node) if c is not None else self.x(args[0])
                wt = resolve(w.t)
                if isinstance(wt, rt.Vec):
                    self.unify(wt.elem, t.elem, node)
                    w = V(op("to_set", [w.e], to_ir(t)), t)
                self.emit(ir.ExprStmt(op("set.update", [e, w.e], ir.NONE)), node)
                return unit
            case _:
                return None

    # Numbers

    def _number_method(
        self, v: V, t: RType, name: str, args: list[SyntaxNode], node: SyntaxNode, want: RType | None
    ) -> V | None:
        if is_float(t):
            return self._float_method(v, name, args, node)
        if not is_int(t):
            return None
        e = v.e
        kind = t if isinstance(t, rt.Int) else None

        def other() -> V:
            w = self.x(args[0], t)
            self.unify(w.t, t, node)
            return w

        match name:
            case "abs":
                return V(op("int.abs", [e], ir.INT), t)
            case "pow":
                self.scope.differ(OVERFLOW)
                return V(op("int.pow", [e, self.x(args[0], rt.U32).e], ir.INT), t)
            case "min" | "max":
                return V(op(name, [e, other().e], ir.INT), t)
            case "clamp":
                low, high = self.values(args, [t, t])
                return V(op("min", [op("max", [e, low.e], ir.INT), high.e], ir.INT), t)
            case "abs_diff":
                return V(op("int.abs", [op("int.sub", [e, other().e], ir.INT)], ir.INT), t)
            case "is_multiple_of":
                w = other()
                if isinstance(w.e, ir.Lit) and w.e.value:
                    return V(op("eq", [op("int.mod", [e, w.e], ir.INT), number(0)], ir.BOOL), rt.BOOL)
                by, of = self.stable(w, "divisor"), self.stable(v, "number")
                rest = op("int.mod", [of.e, by.e], ir.INT, "ZeroDivisionError")
                # Zero is the only multiple of zero.
                divides = conjunction(
                    [op("ne", [by.e, number(0)], ir.BOOL), op("eq", [rest, number(0)], ir.BOOL)]
                )
                zero = conjunction(
                    [op("eq", [by.e, number(0)], ir.BOOL), op("eq", [of.e, number(0)], ir.BOOL)]
                )
                return V(ir.Bool("or", [divides, zero], type=ir.BOOL), rt.BOOL)
            case "rem_euclid" | "div_euclid":
                w = other()
                if not (isinstance(w.e, ir.Lit) and w.e.value > 0):
                    raise self.fail(f"{name} by what may be negative", node)
                return V(
                    op(
                        "int.mod" if name == "rem_euclid" else "int.floordiv",
                        [e, w.e],
                        ir.INT,
                        "ZeroDivisionError",
                    ),
                    t,
                )
            case "to_string":
                return V(op("int.to_str", [e], ir.STR), rt.TEXT)
            case "is_positive" | "is_negative":
                return V(op("gt" if name == "is_positive" else "lt", [e, number(0)], ir.BOOL), rt.BOOL)
            case (
                "saturating_sub"
                | "saturating_add"
                | "checked_add"
                | "checked_sub"
                | "checked_mul"
                | "saturating_mul"
                | "wrapping_add"
                | "wrapping_sub"
                | "wrapping_mul"
            ):
                wanted = resolve(want) if want is not None else None
                kind = wanted if kind is None and isinstance(wanted, rt.Int) else kind
                if kind is None:
                    raise self.fail(f"{name} of a type that is not known here", node)
                return self._explicit(name, V(e, kind), other(), kind, node)
            case "checked_div" | "checked_rem":
                w = self.stable(other(), "divisor")
                made = op(
                    "int.truncdiv" if name == "checked_div" else "int.rem",
                    [e, w.e],
                    ir.INT,
                    "ZeroDivisionError",
                )
                ot = rt.Opt(t)
                return V(
                    ir.Cond(
                        op("ne", [w.e, number(0)], ir.BOOL), self.wrap(made, t), self.none(t), type=to_ir(ot)
                    ),
                    ot,
                )
            case "div_ceil":
                w = other()
                if isinstance(w.e, ir.Lit) and w.e.value > 0 and rt.is_unsigned(t):
                    total = op("int.add", [e, number(w.e.value - 1)], ir.INT)
                    return V(op("int.truncdiv", [total, w.e], ir.INT, "ZeroDivisionError"), t)
                raise self.fail("div_ceil by what may be zero", node)
            case "try_into":
                w2 = resolve(want) if want is not None else None
                inner = resolve(w2.ok) if isinstance(w2, rt.Res) else None
                if isinstance(inner, rt.Int):
                    return self._try_from(v, inner, node)
                raise self.fail("try_into of a type that is not known here", node)
            case "into":
                w3 = resolve(want) if want is not None else None
                if isinstance(w3, rt.Int):
                    return self.cast(v, w3, node)
                if w3 == rt.FLOAT:
                    return self.cast(v, rt.FLOAT, node)
                return v
            case _:
                return None

    def _explicit(self, name: str, a: V, b: V, t: rt.Int, node: SyntaxNode) -> V:
        """Arithmetic whose overflow the source states."""
        how, _, what = name.partition("_")
        a, b = self.stable(a, "left"), self.stable(b, "right")
        made = op(f"int.{what}", [a.e, b.e], ir.INT)
        if t.bits < 64:
            low, high = number(t.low), number(t.high)
            if what == "mul" and t.bits > 31 and t.signed is False and how == "wrapping":
                raise self.fail(f"{name} of {t.name}", node)
            if how == "saturating":
                inner: ir.Expr = made
                if t.signed or what == "sub":
                    inner = op("max", [inner, low], ir.INT)
                if t.signed or what != "sub":
                    inner = op("min", [inner, high], ir.INT)
                return V(inner, t)
            if how == "wrapping":
                if t.signed:
                    raise self.fail(f"{name} of a signed type", node)
                return V(op("int.band", [made, high], ir.INT), t)
            tests: list[ir.Expr] = []
            if t.signed or what == "sub":
                tests.append(op("ge", [made, low], ir.BOOL))
            if t.signed or what != "sub":
                tests.append(op("le", [made, high], ir.BOOL))
            ot = rt.Opt(t)
            return V(ir.Cond(conjunction(tests), self.wrap(made, t), self.none(t), type=to_ir(ot)), ot)
        zero, top, bottom = number(0), number((1 << 63) - 1), number(-(1 << 63))
        ot = rt.Opt(t)
        if not t.signed:
            self.scope.differ(
                "Unsigned 64-bit integers have 63 bits here: checked and saturating arithmetic stops at 2^63 - 1."
            )
            if what == "sub" and how in ("saturating", "checked"):
                if how == "saturating":
                    return V(op("max", [made, zero], ir.INT), t)
                return V(
                    ir.Cond(op("ge", [a.e, b.e], ir.BOOL), self.wrap(made, t), self.none(t), type=to_ir(ot)),
                    ot,
                )
            if what == "add" and how in ("saturating", "checked"):
                fits = op("le", [a.e, op("int.sub", [top, b.e], ir.INT)], ir.BOOL)
                if how == "saturating":
                    return V(ir.Cond(fits, made, top, type=ir.INT), t)
                return V(ir.Cond(fits, self.wrap(made, t), self.none(t), type=to_ir(ot)), ot)
            if what == "mul" and how in ("saturating", "checked"):
                fits = ir.Bool(
                    "or",
                    [
                        op("eq", [b.e, zero], ir.BOOL),
                        op("le", [a.e, op("int.truncdiv", [top, b.e], ir.INT, "ZeroDivisionError")], ir.BOOL),
                    ],
                    type=ir.BOOL,
                )
                if how == "saturating":
                    return V(ir.Cond(fits, made, top, type=ir.INT), t)
                return V(ir.Cond(fits, self.wrap(made, t), self.none(t), type=to_ir(ot)), ot)
            raise self.fail(f"{name} of {t.name}", node)
        if what == "add" and how == "checked":
            fits = ir.Cond(
                op("ge", [b.e, zero], ir.BOOL),
                op("le", [a.e, op("int.sub", [top, b.e], ir.INT)], ir.BOOL),
                op("ge", [a.e, op("int.sub", [bottom, b.e], ir.INT)], ir.BOOL),
                type=ir.BOOL,
            )
            return V(ir.Cond(fits, self.wrap(made, t), self.none(t), type=to_ir(ot)), ot)
        if what == "sub" and how == "checked":
            fits = ir.Cond(
                op("ge", [b.e, zero], ir.BOOL),
                op("ge", [a.e, op("int.add", [bottom, b.e], ir.INT)], ir.BOOL),
                op("le", [a.e, op("int.add", [top, b.e], ir.INT)], ir.BOOL),
                type=ir.BOOL,
            )
            return V(ir.Cond(fits, self.wrap(made, t), self.none(t), type=to_ir(ot)), ot)
        raise self.fail(f"{name} of {t.name}", node)

    def _float_method(self, v: V, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
        e = v.e
        f = ir.FLOAT
        match name:
            case "abs":
                return V(op("float.abs", [e], f), rt.FLOAT)
            case "sqrt" | "sin" | "cos" | "tan" | "exp" | "log2" | "log10":
                return V(op(f"math.{name}", [e], f), rt.FLOAT)
            case "ln":
                return V(op("math.log", [e], f), rt.FLOAT)
            case "powi":
                n = self.x(args[0], rt.I32)
                return V(op("float.pow", [e, self.cast(n, rt.FLOAT, node).e], f), rt.FLOAT)
            case "powf":
                return V(op("float.pow", [e, self.x(args[0], rt.FLOAT).e], f), rt.FLOAT)
            case "floor" | "ceil" | "trunc":
                return V(op("int.to_float", [op(f"float.{name}", [e], ir.INT)], f), rt.FLOAT)
            case "round":
                return V(op("int.to_float", [op("float.round_away", [e], ir.INT)], f), rt.FLOAT)
            case "min" | "max":
                return V(op(name, [e, self.x(args[0], rt.FLOAT).e], f), rt.FLOAT)
            case "clamp":
                low, high = self.values(args, [rt.FLOAT, rt.FLOAT])
                return V(op("min", [op("max", [e, low.e], f), high.e], f), rt.FLOAT)
            case "is_nan":
                v = self.stable(v, "number")
                return V(op("ne", [v.e, v.e], ir.BOOL), rt.BOOL)
            case "to_string":
                return V(op("float.to_plain", [e], ir.STR), rt.TEXT)
            case _:
                return None


def _result_wanted(name: str, want: RType | None) -> RType | None:
    """What a Result holds when its method `name` is wanted to give this."""
    w = resolve(want) if want is not None else None
    if w is None:
        return None
    if name == "ok":
        return rt.Res(w.elem, rt.Var()) if isinstance(w, rt.Opt) else None
    if name in ("unwrap", "expect", "unwrap_or", "unwrap_or_else", "unwrap_or_default"):
        return rt.Res(w, rt.Var())
    return (
        rt.Res(w.ok, rt.Var())
        if name in ("map_err", "or_else", "inspect_err") and isinstance(w, rt.Res)
        else None
    )


def _from_env(e: ir.Expr) -> bool:
    """True for a variable of the environment, whose Result is an optional here."""
    return isinstance(e, ir.Intrinsic) and e.op == "env.get"


def snake(name: str) -> str:
    """PaymentStatus as payment_status."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


__all__ = ["Calls", "Unsupported", "snake", "walk"]
