"""Rust tests of a port: the source's recorded behaviour of plain functions, one test per case."""

# ruff: noqa: E501 - Rust source, which its own formatter lays out.
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from foundation_engine.port import ir
from foundation_engine.port.emit._names import pascal
from foundation_engine.port.emit.go_tests import RecordedCase
from foundation_engine.port.emit.rust import ERROR_KINDS, RustModule, rust_char, rust_float, rust_string
from foundation_engine.port.ir import Type, Unsupported

_SUPPORT = """
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
    impl<K: Eq + std::hash::Hash, V: Same> Same for HashMap<K, V> {
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
"""


class RustTests:
    """Builds the test module of one file."""

    def __init__(self, module: ir.Module) -> None:
        self.module = module
        self.rust = RustModule(module)
        self.rust.settle()

    def literal(self, v: Any, t: Type) -> str:
        """A neutral value as Rust source."""
        match t:
            case ir.OptionalT(elem):
                return "None" if v is None else f"Some({self.literal(v, elem)})"
            case ir.P(ir.Prim.FLOAT):
                number: object = cast("dict[str, object]", v)["float"] if isinstance(v, dict) else v
                return rust_float(float(str(number)))
            case ir.P(ir.Prim.INT):
                return str(int(v))
            case ir.P(ir.Prim.BOOL):
                return "true" if v else "false"
            case ir.P(ir.Prim.CHAR) | ir.P(ir.Prim.STR):
                if not isinstance(v, str):
                    raise Unsupported("a value of another type than declared")
                return rust_char(v) if t == ir.CHAR else f"{rust_string(v)}.to_string()"
            case ir.ListT(elem):
                items = v.get("list", v.get("tuple"))
                return (
                    f"vec![{', '.join(self.literal(x, elem) for x in items)}]"
                    if items
                    else f"Vec::<{self.rust.type(elem)}>::new()"
                )
            case ir.SetT(elem):
                return f"HashSet::from([{', '.join(self.literal(x, elem) for x in v['set'])}])"
            case ir.DictT(key, value):
                items = ", ".join(f"({self.literal(k, key)}, {self.literal(w, value)})" for k, w in v["dict"])
                return f"HashMap::from([{items}])"
            case ir.TupleT(elems):
                items = v.get("tuple", v.get("list"))
                return f"({', '.join(self.literal(x, e) for x, e in zip(items, elems, strict=True))})"
            case ir.NamedT(name) if "enum" in v:
                return f"{pascal(name, initialisms=False)}::{pascal(v['enum'][1], initialisms=False)}"
            case ir.P(ir.Prim.NONE):
                return "()"
            case _:
                raise Unsupported(f"a value of type {ir.type_text(t)} in a test")

    def file(self, cases: Sequence[RecordedCase], crate: str, prefix: str = "") -> str:
        """A test file beside the crate's source."""
        lines = [f"use {crate}::*;", "use std::collections::{HashMap, HashSet};", ""]
        lines += [line.removeprefix("    ") for line in _SUPPORT.strip("\n").splitlines()]
        lines += self._tests(cases, prefix)
        return "\n".join(["#![allow(unused_imports, unused_macros)]", "", *lines, ""])

    def _tests(self, cases: Sequence[RecordedCase], prefix: str) -> list[str]:
        lines: list[str] = []
        count: dict[str, int] = {}
        for c in cases:
            f = self.module.find(c.plan.function)
            if c.plan.cls or not isinstance(f, ir.Function):
                continue
            try:
                inner = self._case(f, c)
            except (Unsupported, KeyError, ValueError, TypeError, AttributeError):
                # A value that the declared types cannot hold is not a case.
                continue
            name = f"{prefix}{self.rust.functions[f.name]}"
            count[name] = count.get(name, 0) + 1
            panics = any("error" in s and not self._kind(f, s) for s in c.steps)
            lines.extend(["", "#[test]", *(["#[should_panic]"] if panics else [])])
            lines.extend([f"fn {name}_{count[name]}() {{", *(f"    {x}" for x in inner), "}"])
        return lines

    def _kind(self, f: ir.Function, step: Mapping[str, Any]) -> str:
        """The kind of our error that a failure of the source is, "" when it is a panic."""
        if not self.rust.failing[f.name] or step["error"] in ir.PROGRAM_ERRORS:
            return ""
        return next((ERROR_KINDS[n] for n in (step["error"], *step.get("bases", ())) if n in ERROR_KINDS), "")

    def _case(self, f: ir.Function, c: RecordedCase) -> list[str]:
        args: list[str] = []
        for p, v in zip(f.params, c.plan.args, strict=True):
            text = self.literal(v, p.type)
            args.append(f"&{text}" if self.rust.borrowed(p.type) else text)
        for before, after in zip(c.plan.args, c.after, strict=False):
            if after is not None and after != before:
                raise Unsupported("an argument that is changed")
        call = f"{self.rust.functions[f.name]}({', '.join(args)})"
        fails = self.rust.failing[f.name]
        lines: list[str] = []
        for step in c.steps:
            if "error" in step:
                kind = self._kind(f, step)
                lines.append(
                    f"assert!(matches!({call}, Err(Error::{kind}(_))));" if kind else f"let _ = {call};"
                )
            else:
                t = "()" if f.result == ir.NONE else self.rust.type(f.result)
                lines.append(f"let got: {t} = {call}{'.unwrap()' if fails else ''};")
                lines.append(f"let want: {t} = {self.literal(step['value'], f.result)};")
                lines.append('assert!(got.same(&want), "got {got:?}, want {want:?}");')
        return lines
