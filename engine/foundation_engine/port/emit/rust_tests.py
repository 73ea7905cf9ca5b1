"""Rust tests of a port: the source's recorded behaviour, one test per case, with scripted fakes and a virtual clock."""

# ruff: noqa: E501, S101 - Rust source, which its own formatter lays out; assertions narrow types.
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from foundation_engine.port import ir
from foundation_engine.port.emit._names import pascal
from foundation_engine.port.emit._rust_errors import BUILTIN, CONSTRUCTORS
from foundation_engine.port.emit.go_tests import RecordedCase, elements, float_text, tagged
from foundation_engine.port.emit.rust import RustModule, rust_char, rust_float, rust_string, settled
from foundation_engine.port.ir import Type, Unsupported

_SUPPORT: Mapping[str, str] = {
    "Same": """
/// Equal by value: floats nearly.
trait Same {
    fn same(&self, want: &Self) -> bool;
}
impl Same for f64 {
    fn same(&self, want: &f64) -> bool {
        self == want || self.is_nan() && want.is_nan() || (self - want).abs() <= 1e-9 * self.abs().max(want.abs())
    }
}
macro_rules! exactly { ($($t:ty),*) => { $(impl Same for $t { fn same(&self, want: &$t) -> bool { self == want } })* } }
exactly!(i64, bool, char, String, ());
impl<T: Same> Same for Vec<T> {
    fn same(&self, want: &Self) -> bool {
        self.len() == want.len() && self.iter().zip(want).all(|(a, b)| a.same(b))
    }
}
impl<T: Same> Same for Option<T> {
    fn same(&self, want: &Self) -> bool {
        match (self, want) {
            (Some(a), Some(b)) => a.same(b),
            (None, None) => true,
            _ => false,
        }
    }
}
impl<K: Eq + std::hash::Hash, V: Same> Same for MAP<K, V> {
    fn same(&self, want: &Self) -> bool {
        self.len() == want.len() && want.iter().all(|(k, v)| self.get(k).is_some_and(|got| got.same(v)))
    }
}
impl<T: Eq + std::hash::Hash> Same for HashSet<T> {
    fn same(&self, want: &Self) -> bool {
        self == want
    }
}
macro_rules! together { ($($t:ident $i:tt),*) => { impl<$($t: Same),*> Same for ($($t,)*) { fn same(&self, want: &Self) -> bool { $(self.$i.same(&want.$i))&&* } } } }
together!(A 0, B 1);
together!(A 0, B 1, C 2);
together!(A 0, B 1, C 2, D 3);
""",
    "panics": """
/// Whether the code stops the program.
fn panics<T>(code: impl FnOnce() -> T) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(code)).is_err()
}
""",
    "Calls": """
/// The calls that fakes received, in order.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Vec<String>>>);

impl Calls {
    fn note(&self, call: String) {
        self.0.lock().unwrap().push(call);
    }

    fn list(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}
""",
    "Script": """
/// The outcomes of successive calls; the last one repeats.
struct Script<T>(Mutex<(usize, Vec<fn() -> Result<T, Error>>)>);

impl<T> Script<T> {
    fn new(outcomes: Vec<fn() -> Result<T, Error>>) -> Self {
        Self(Mutex::new((0, outcomes)))
    }

    fn next(&self) -> Result<T, Error> {
        let mut script = self.0.lock().unwrap();
        let outcome = script.1[script.0.min(script.1.len() - 1)];
        script.0 += 1;
        outcome()
    }
}
""",
    "timed": """
/// Runs a case in virtual time, which must then be from `low` to `high` nanoseconds later.
fn timed(low: i64, high: i64, case: impl FnOnce()) {
    let clock = Arc::new(VirtualClock::new());
    simulate(clock.clone(), Arc::new(Sequence::new(vec![0; 1000])), case);
    let took = clock.now();
    assert!((low..=high).contains(&took), "took {took} ns, want {low} to {high}");
}
""",
}


class RustTests:
    """Builds the test files of one crate."""

    def __init__(self, module: ir.Module) -> None:
        self.rust, self.made = settled(module)
        self.module = self.rust.module
        self.support: set[str] = set()
        self.fakes: set[str] = set()

    # Values

    def literal(self, v: Any, t: Type) -> str:
        """A neutral value as Rust source."""
        match t:
            case ir.OptionalT(elem):
                return "None" if v is None else f"Some({self.literal(v, elem)})"
            case ir.P(ir.Prim.FLOAT):
                return rust_float(float(float_text(v)))
            case ir.P(ir.Prim.INT):
                return str(int(v))
            case ir.P(ir.Prim.BOOL):
                return "true" if v else "false"
            case ir.P(ir.Prim.CHAR) | ir.P(ir.Prim.STR):
                if not isinstance(v, str):
                    raise Unsupported("a value of another type than declared")
                return rust_char(v) if t == ir.CHAR else f"{rust_string(v)}.to_string()"
            case ir.P(ir.Prim.BYTES):
                return f"vec![{', '.join(f'{b}_u8' for b in v['bytes'])}]" if v["bytes"] else "Vec::<u8>::new()"
            case ir.ListT(elem):
                items = elements(v)
                if items is None:
                    raise Unsupported("a value of another type than declared")
                return f"vec![{', '.join(self.literal(x, elem) for x in items)}]" if items else f"Vec::<{self.rust.type(elem)}>::new()"
            case ir.SetT(elem):
                return f"{self.rust.type(t).replace('<', '::<', 1)}::from([{', '.join(self.literal(x, elem) for x in v['set'])}])"
            case ir.DictT(key, value):
                items = ", ".join(f"({self.literal(k, key)}, {self.literal(w, value)})" for k, w in v["dict"])
                return f"{self.rust.type(t).replace('<', '::<', 1)}::from([{items}])"
            case ir.TupleT(elems):
                items = v.get("tuple", v.get("list"))
                return f"({', '.join(self.literal(x, e) for x, e in zip(items, elems, strict=True))}{',' if len(elems) == 1 else ''})"
            case ir.NamedT(name):
                return self._object(v, name)
            case ir.P(ir.Prim.NONE):
                return "()"
            case _:
                raise Unsupported(f"a value of type {ir.type_text(t)} in a test")

    def _object(self, v: Any, name: str) -> str:
        d = self.module.find(name)
        if isinstance(d, ir.EnumClass):
            return f"{pascal(name, initialisms=False)}::{pascal(v['enum'][1], initialisms=False)}"
        if not isinstance(d, ir.Class) or "object" not in tagged(v):
            raise Unsupported(f"a value of type {name} in a test")
        fields: Mapping[str, Any] = v["object"]["fields"]
        if d.init is not None:
            return self._made(d, fields, [])
        if any(f.private for f in d.fields):
            raise Unsupported("an object with fields that nobody else sees")
        parts = [f"{self.rust.field(ir.NamedT(name), f.name)}: {self.literal(fields[f.name], f.type)}" for f in d.fields]
        return f"{self.rust.class_name(name)} {{ {', '.join(parts)} }}"

    def _made(self, d: ir.Class, fields: Mapping[str, Any], before: list[str]) -> str:
        """An object, by the constructor of its class."""
        if d.init is None:
            return self._object({"object": {"class": d.name, "fields": dict(fields)}}, d.name)
        key = (d.name, "__init__")
        kept = self.rust.ownership.kept[key]
        args: list[str] = []
        for p in d.init.params:
            v = fields[p.name]
            if p.name in kept or "fake" in tagged(v):
                args.append(self._given(v, p.type, p.name, before, p.name in kept))
            elif p.type == ir.STR:
                args.append(rust_string(v))
            else:
                args.append(self.literal(v, p.type))
        call = f"{self.rust.class_name(d.name)}::new({', '.join(args)})"
        return f"{call}.unwrap()" if self.rust.failing[key] else call

    # Arguments and fakes

    def _given(self, v: Any, t: Type, name: str, before: list[str], kept: bool) -> str:
        """A fake or another value that a function keeps, or a reference to one that it does not keep."""
        if "fake" not in tagged(v):
            raise Unsupported("a service that is no fake")
        made = self.rust.local(name)
        made = f"{made}_fake" if made in ("calls", "object", "got") else made
        fake: Mapping[str, Any] = v["fake"]
        self.support.update({"Calls", "Script"})
        if isinstance(t, ir.NamedT):
            d = self.module.find(t.name)
            if not isinstance(d, ir.Protocol):
                raise Unsupported("a fake of something that is no protocol")
            self.fakes.add(t.name)
            parts = [f"{self.rust.method(m.name)}: {self._script(fake['methods'][m.name], m.result)}" for m in d.methods]
            text = f"Fake{self.rust.class_name(t.name)} {{ {', '.join(['calls: calls.clone()', *parts])} }}"
        else:
            assert isinstance(t, ir.FuncT)
            before.append(f"let {made}_answers = {self._script(fake['methods'][''], t.result)};")
            before.append(f"let {made}_calls = calls.clone();")
            params = ", ".join(f"a{i}: {self.rust.param(p)}" for i, p in enumerate(t.params))
            args = ", ".join(f"a{i}" for i in range(len(t.params)))
            note = f'{made}_calls.note(format!("{fake["name"]} {{:?}}", ({args}{"," if len(t.params) == 1 else ""})));'
            text = f"move |{params}| {{ {note} {made}_answers.next(){'' if t.raises else '.unwrap()'} }}"
        before.append(f"let {made} = {f'Arc::new({text})' if kept else text};")
        return made if kept else f"&{made}"

    def _script(self, outcomes: Sequence[Mapping[str, Any]], result: Type) -> str:
        parts = [f"|| Err({self._scripted(o['error'])})" if "error" in o else f"|| Ok({self.literal(o['value'], result)})" for o in outcomes]
        return f"Script::<{'()' if result == ir.NONE else self.rust.type(result)}>::new(vec![{', '.join(parts)}])"

    def _scripted(self, cls: str) -> str:
        """An error of a class, as a fake raises it."""
        errors = self.rust.errors
        d = self.module.find(cls)
        if isinstance(d, ir.ErrorClass):
            if d.message is not None:
                raise Unsupported("an error with fields in a script")
            return f'{self.rust.class_name(cls)}("scripted".to_string()).into()'
        if cls in errors.builtin:
            return f'Error::{BUILTIN[cls]}("scripted".to_string())' if cls != "OSError" else 'Error::Io(std::io::Error::other("scripted"))'
        if errors.runtime and cls in CONSTRUCTORS:
            return f'{errors.foundation}::{CONSTRUCTORS[cls]}("scripted"){"" if errors.plain else ".into()"}'
        if errors.unknown and not errors.runtime:
            return f'Error::External("{cls}".into())'
        raise Unsupported(f"an error of class {cls} in a script")

    def _fake_type(self, name: str) -> list[str]:
        d = self.module.find(name)
        assert isinstance(d, ir.Protocol)
        made = f"Fake{self.rust.class_name(name)}"
        lines = ["", "/// Answers from scripts and notes its calls.", f"struct {made} {{", "    calls: Calls,"]
        lines += [f"    {self.rust.method(m.name)}: Script<{'()' if m.result == ir.NONE else self.rust.type(m.result)}>," for m in d.methods]
        lines += ["}", "", f"impl {self.rust.class_name(name)} for {made} {{"]
        for m in d.methods:
            params = ", ".join(["&self", *(f"{self.rust.local(p.name)}: {self.rust.param(p.type)}" for p in m.params)])
            args = ", ".join(self.rust.local(p.name) for p in m.params)
            args += "," if len(m.params) == 1 else ""
            lines += [
                f"    fn {self.rust.method(m.name)}({params}) -> {self.rust.result(m.result, True)} {{",
                f'        self.calls.note(format!("{name}.{m.name} {{:?}}", ({args})));', f"        self.{self.rust.method(m.name)}.next()", "    }",
            ]  # fmt: skip
        return [*lines, "}"]

    def _noted(self, traced: Any) -> str:
        """A call of a fake, as the port must have made it."""
        name, args = traced
        fake, _, method = name.partition(".")
        d = self.module.find(fake)
        if isinstance(d, ir.Protocol):
            types: Sequence[Type] = [p.type for p in next(m for m in d.methods if m.name == method).params]
        else:
            types = self._callable_types(name)
        if any(_unordered(t) for t in types):
            raise Unsupported("a call whose arguments have no order")
        texts = [self._shown(a, t) for a, t in zip(args, types, strict=True)]
        return f'format!("{name} {{:?}}", ({", ".join(texts)}{"," if len(texts) == 1 else ""}))'

    def _shown(self, v: Any, t: Type) -> str:
        if t == ir.INT:
            return f"{v}_i64"
        return rust_string(v) if t == ir.STR else self.literal(v, t)

    def _callable_types(self, name: str) -> Sequence[Type]:
        owners = [f.params for _, f in self.module.functions()]
        owners += [d.init.params for d in self.module.definitions if isinstance(d, ir.Class) and d.init is not None]
        for params in owners:
            for p in params:
                if p.name == name and isinstance(p.type, ir.FuncT):
                    return p.type.params
        raise Unsupported("a call of something unknown")

    # Files

    def file(self, cases: Sequence[RecordedCase], crate: str, prefix: str = "") -> str:
        """A test file beside the crate's source."""
        self.support.clear()
        self.fakes.clear()
        tests = self._tests(cases, prefix)
        fakes = [line for f in sorted(self.fakes) for line in self._fake_type(f)]
        support = [line for name in sorted(self.support) for line in ["", *_SUPPORT[name].replace("MAP<", f"{self.rust.map}<").strip().splitlines()]]
        if "Same" in self.support:
            named = [d for d in self.module.definitions if isinstance(d, ir.EnumClass | ir.Class)]
            for d in named:
                if f"{self.rust.class_name(d.name)}" not in "\n".join(tests):
                    continue
                support += self._same(d)
        text = "\n".join([*tests, *fakes, *support])
        uses = [f"use {crate}::*;"]
        std = [n for n in ("HashMap", "HashSet") if re.search(rf"\b{n}\b", text)]
        if std:
            uses.append(f"use std::collections::{std[0] if len(std) == 1 else '{' + ', '.join(std) + '}'};")
        sync = [n for n in ("Arc", "Mutex") if re.search(rf"\b{n}\b", text)]
        if sync:
            uses.append(f"use std::sync::{sync[0] if len(sync) == 1 else '{' + ', '.join(sync) + '}'};")
        if "IndexMap" in text:
            uses.append("use indexmap::IndexMap;")
        if "timed" in self.support:
            uses.append("use foundation::clock::{simulate, Clock, Sequence, VirtualClock};")
        if re.search(r"\bFoundationError\b", text):
            uses.append("use foundation::errors::Error as FoundationError;")
        elif self.rust.errors.plain and re.search(r"\bError\b", text):
            uses.append("use foundation::errors::Error;")
        allowed = "#![allow(unused_imports, unused_macros, dead_code, clippy::all)]" if self.support else "#![allow(unused_imports, clippy::all)]"
        return "\n".join([allowed, "", *uses, *tests, *fakes, *support, ""])

    def _same(self, d: ir.Class | ir.EnumClass) -> list[str]:
        name = self.rust.class_name(d.name)
        if isinstance(d, ir.EnumClass):
            return [f"exactly!({name});"]
        if any(f.private for f in d.fields):
            return []
        tests = " && ".join(f"self.{n}.same(&want.{n})" for n in (self.rust.field(ir.NamedT(d.name), f.name) for f in d.fields))
        return [f"impl Same for {name} {{ fn same(&self, want: &Self) -> bool {{ {tests or 'true'} }} }}"]

    def _tests(self, cases: Sequence[RecordedCase], prefix: str) -> list[str]:
        lines: list[str] = []
        count: dict[str, int] = {}
        for c in cases:
            owner = self.module.find(c.plan.cls) if c.plan.cls else None
            if isinstance(owner, ir.Class):
                f = next((m for m in owner.methods if m.name == c.plan.function), None)
                name = f"{self.rust.local(owner.name)}_{self.rust.method(c.plan.function)}"
            else:
                found = self.module.find(c.plan.function)
                f = found if isinstance(found, ir.Function) else None
                name = self.rust.functions.get(c.plan.function, "")
            if f is None:
                continue
            try:
                inner = self._case(f, owner if isinstance(owner, ir.Class) else None, c)
            except (Unsupported, KeyError, ValueError, TypeError, AttributeError):
                # A value that the declared types cannot hold is not a case.
                continue
            name = f"{prefix}{name}"
            count[name] = count.get(name, 0) + 1
            lines.extend(["", "#[test]", f"fn {name}_{count[name]}() {{", *(f"    {x}" for x in inner), "}"])
        return lines

    def _case(self, f: ir.Function, owner: ir.Class | None, c: RecordedCase) -> list[str]:
        key = (owner.name if owner is not None else "", f.name)
        changed, kept = self.rust.ownership.changed[key], self.rust.ownership.kept[key]
        setup: list[str] = []
        args: list[str] = []
        watched: list[tuple[str, Type, Any]] = []
        for i, (p, v) in enumerate(zip(f.params, c.plan.args, strict=True)):
            if "fake" in tagged(v):
                args.append(self._given(v, p.type, p.name, setup, p.name in kept))
                continue
            after = c.after[i] if i < len(c.after) else None
            text = self.literal(v, p.type)
            if p.name in changed:
                name = self.rust.local(p.name)
                name = f"{name}_argument" if name in ("calls", "object", "got") else name
                setup.append(f"let mut {name} = {text};")
                if after is not None:
                    watched.append((name, p.type, after))
                args.append(f"&mut {name}")
            elif after is not None and after != v:
                raise Unsupported("an argument that is changed")
            elif len(c.steps) > 1 and not self.rust.copies(p.type) and not self.rust.borrowed(p.type):
                args.append(text)
            else:
                args.append(rust_string(v) if p.type == ir.STR else f"&{text}" if self.rust.borrowed(p.type) else text)
        receiver = ""
        if owner is not None and f.kind != "static":
            made = self._made(owner, dict(c.plan.object), setup)
            receiver = "object"
            mutable = "mut " if "self" in changed else ""
            setup.append(f"let {mutable}object = {made};")
        if owner is not None:
            call = f"{receiver or self.rust.class_name(owner.name) + ':'}{'.' if receiver else ':'}{self.rust.method(f.name)}({', '.join(args)})"
        else:
            call = f"{self.rust.functions[f.name]}({', '.join(args)})"
        lines = ["let calls = Calls::default();"] if any("calls" in s for s in setup) else []
        lines += setup
        for step in c.steps:
            lines += self._step(key, f, call, step)
        for name, t, after in watched:
            lines += self._compare(name, after, t)
        if any("calls" in s for s in setup):
            expected = ", ".join(self._noted(t) for t in c.trace)
            lines.append(f"assert_eq!(calls.list(), {f'vec![{expected}]' if c.trace else 'Vec::<String>::new()'});")
        if receiver and c.state is not None and owner is not None:
            state: Mapping[str, Any] = c.state["object"]["fields"]
            for fd in owner.fields:
                if not fd.private and fd.name in state:
                    lines += self._compare(f"object.{self.rust.field(ir.NamedT(owner.name), fd.name)}", state[fd.name], fd.type)
        if "foundation" in self.made.crates and f.context:
            low, high = sum(c.sleeps), sum(c.sleeps_high or c.sleeps)
            self.support.add("timed")
            return [f"timed({min(low, high)}, {max(low, high)}, || {{", *(f"    {x}" for x in lines), "});"]
        return lines

    def _step(self, key: tuple[str, str], f: ir.Function, call: str, step: Mapping[str, Any]) -> list[str]:
        fails = self.rust.failing[key]
        if "error" in step:
            pattern = self._pattern(step) if fails else ""
            if not pattern:
                self.support.add("panics")
                return [f"assert!(panics(|| {call}));"]
            return [f'match {call} {{ Err({pattern}) => {{}} other => panic!("{{other:?}}, want {step["error"]}") }}' if self._debug(f.result) else f"assert!(matches!({call}, Err({pattern})));"]
        if f.result == ir.NONE:
            return [f"{call}{'.unwrap()' if fails else ''};"]
        lines = [f"let got = {call}{'.unwrap()' if fails else ''};"]
        return [*lines, *self._compare("got", step["value"], f.result)]

    def _debug(self, t: Type) -> bool:
        return all(d.name not in ir.type_text(t) or "Debug" in self._derives(d) for d in self.module.definitions if isinstance(d, ir.Class))

    def _derives(self, d: ir.Class) -> str:
        found = re.search(rf"#\[derive\(([^)]*)\)\]\s*pub struct {self.rust.class_name(d.name)}\b", self.made.source)
        return found[1] if found else ""

    def _pattern(self, step: Mapping[str, Any]) -> str:
        """The pattern of an expected error, "" when it is a mistake that stops the program."""
        errors = self.rust.errors
        for name in (step["error"], *step.get("bases", ())):
            if name in ir.PROGRAM_ERRORS and name not in errors.builtin:
                return ""
            if name == "Exception" and step["error"] not in errors.tree.bases:
                return "Error::External(_)" if errors.unknown and not errors.runtime else "_"
            found = errors.variants(name) if name in errors.tree.bases and name != "Exception" else []
            if found:
                return " | ".join(found)
            if not errors.runtime and errors.unknown and name in ir.RUNTIME_ERRORS:
                return "Error::External(_)"
        return "_"

    def _compare(self, got: str, v: Any, t: Type) -> list[str]:
        """Statements that compare a value with what the source gave."""
        if isinstance(t, ir.NamedT) and isinstance(self.module.find(t.name), ir.Class):
            d = self.module.find(t.name)
            assert isinstance(d, ir.Class)
            fields: Mapping[str, Any] = v["object"]["fields"]
            if d.init is not None or any(f.private for f in d.fields):
                out: list[str] = []
                for f in d.fields:
                    if not f.private and f.name in fields:
                        out += self._compare(f"{got}.{self.rust.field(t, f.name)}", fields[f.name], f.type)
                return out
        want = self.literal(v, t)
        if self._exact(t):
            if t == ir.BOOL:
                return [f"assert!({'' if v else '!'}{got});"]
            plain = rust_string(v) if t == ir.STR else want
            return [f"assert_eq!({got}, {plain});"]
        self.support.add("Same")
        shown = f"let want: {self.rust.type(t)} = {want};"
        return ["{", f"    {shown}", f'    assert!({got}.same(&want), "got {{:?}}, want {{want:?}}", {got});', "}"]

    def _exact(self, t: Type, seen: frozenset[str] = frozenset()) -> bool:
        """True when values are compared exactly: there is no float in them."""
        match t:
            case ir.P(kind):
                return kind is not ir.Prim.FLOAT
            case ir.ListT(elem) | ir.SetT(elem) | ir.OptionalT(elem):
                return self._exact(elem, seen)
            case ir.DictT(key, value):
                return self._exact(key, seen) and self._exact(value, seen)
            case ir.TupleT(elems):
                return all(self._exact(e, seen) for e in elems)
            case ir.NamedT(name):
                d = self.module.find(name)
                return not isinstance(d, ir.Class) or name in seen or ("PartialEq" in self._derives(d) and all(self._exact(f.type, seen | {name}) for f in d.fields))
            case _:
                return True


def _unordered(t: Type) -> bool:
    match t:
        case ir.DictT() | ir.SetT():
            return True
        case ir.ListT(elem) | ir.OptionalT(elem):
            return _unordered(elem)
        case ir.TupleT(elems):
            return any(_unordered(e) for e in elems)
        case _:
            return False
