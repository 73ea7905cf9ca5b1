"""Time ports of the functions in `references/` beside the hand-written references, in Go, Rust and Ruby.

Each Python file is ported whole. Port and reference run in one program, on the same calls of three sizes, in alternating
rounds; both must give the answers that Python gives. A function's ratio is the geometric mean over the sizes of the best
time of the port by the best time of the reference. Run by `speed.py --set references`.
"""

# ruff: noqa: E501 - generated code reads best on one line.
from __future__ import annotations

import contextlib
import importlib.util
import inspect
import json
import math
import re
import shutil
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foundation_engine.port import port, runtime_root
from foundation_engine.port.request import PortCandidate, PortRequest
from foundation_engine.verify.sandbox import Completed, Limits, run
from foundation_engine.verify.targets import TARGETS
from foundation_specs.model import LanguageId
from tables import share

FOLDER = Path(__file__).parent / "references"
LIMITS = Limits(590, cpu_seconds=1200)
ENDINGS = {LanguageId.GO: ".go", LanguageId.RUST: ".rs", LanguageId.RUBY: ".rb"}
# At so many rounds of each side, of about two milliseconds, the best times stand still.
ROUNDS = 25


@dataclass
class Timed:
    """One function: where it stands, its name in the target, and what was found."""

    name: str
    theme: str
    calls: Sequence[Sequence[Any]]
    answers: Sequence[Any]
    ours: str = ""
    problem: str = ""
    sizes: list[tuple[float, float]] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The time of the port by that of the reference: the geometric mean over the sizes."""
        return math.exp(statistics.fmean(math.log(ours / theirs) for ours, theirs in self.sizes))


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"references_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def neutral(value: Any) -> Any:
    """A value as JSON has it: tuples are lists, keys are texts."""
    if isinstance(value, dict):
        return {str(key): neutral(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [neutral(v) for v in value]
    return value


def alike(a: Any, b: Any) -> bool:
    """Whether two neutral values are the same; floats may differ in the last digits."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(alike(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) or isinstance(b, float):
        return isinstance(a, float | int) and isinstance(b, float | int) and math.isclose(a, b, rel_tol=1e-9)
    return a == b


def functions() -> list[Timed]:
    """Every function of the set with its calls and Python's answers to them."""
    inputs = _module(FOLDER / "inputs.py")
    out: list[Timed] = []
    for path in sorted((FOLDER / "python").glob("*.py")):
        module = _module(path)
        for name, f in vars(module).items():
            if inspect.isfunction(f) and f.__module__ == module.__name__:
                calls = inputs.calls(name)
                before = json.dumps(neutral(calls))
                answers = [neutral(f(*call)) for call in calls]
                assert json.dumps(neutral(calls)) == before, f"{name} changes its arguments"
                out.append(Timed(name, path.stem, neutral(calls), answers))
    return out


def ported(language: LanguageId, timed: Sequence[Timed]) -> dict[str, PortCandidate]:
    """The port of each file; functions that are not ported whole get their reason."""
    out: dict[str, PortCandidate] = {}
    for theme in dict.fromkeys(t.theme for t in timed):
        path = FOLDER / "python" / f"{theme}.py"
        text = path.read_text()
        candidate = port(PortRequest(path.name, text, LanguageId.PYTHON, language))
        out[theme] = candidate
        for t in timed:
            if t.theme == theme:
                t.ours = next((f.target_name for f in candidate.functions if f.source_name == t.name), "")
                t.problem = "" if t.ours else "declined"
        for hole in candidate.holes:
            for t in timed:
                if t.theme == theme and t.name in _meets(text, hole.line):
                    t.problem = f"declined: {hole.reason}"
    return out


def _meets(text: str, line: int) -> set[str]:
    """The functions that a line belongs to, or those that use the class that it belongs to."""
    parts = re.split(r"^(?=def |class )", text, flags=re.MULTILINE)
    names = {part: m[1] for part in parts if (m := re.match(r"(?:def|class) (\w+)", part))}
    at = 1
    home = ""
    for part in parts:
        if at <= line:
            home = names.get(part, "")
        at += part.count("\n")
    found = {home}
    # A function meets what the classes do that it uses, and those that these use.
    for _ in parts:
        classes = {n for n in found if n[:1].isupper()}
        found |= {names[p] for p in names if any(re.search(rf"\b{c}\(", p) for c in classes)}
    return found


def measure(language: LanguageId, folder: Path) -> list[Timed]:
    """Port, build and run the whole set in one language."""
    timed = functions()
    candidates = ported(language, timed)
    left = [t for t in timed if not t.problem]
    write, build, command = {
        LanguageId.GO: (_write_go, ["go", "build", "-gcflags=-e", "-o", "speed", "."], "./speed"),
        LanguageId.RUST: (
            _write_rust,
            ["cargo", "build", "--release", "--quiet", "--offline"],
            "target/release/speed",
        ),
        LanguageId.RUBY: (_write_ruby, None, "ruby main.rb"),
    }[language]
    env = {
        **TARGETS[language].env(),
        **({"CARGO_TARGET_DIR": "target"} if language is LanguageId.RUST else {}),
    }
    for _ in candidates:
        write(folder, candidates, left)
        if build is None:
            break
        done = run(build, folder, LIMITS, env)
        if done.code == 0:
            break
        bad = set(re.findall(r"ours/(\w+)[./]", done.text))
        if not bad:
            raise SystemExit(f"the benchmark does not build:\n{done.text[:3000]}")
        for t in left:
            if t.theme in bad:
                t.problem = "the port of its file does not compile"
        left = [t for t in left if not t.problem]
    # Answers are longer than what is kept of a program's output.
    done = run(["sh", "-c", f"{command} > rows"], folder, LIMITS, env)
    _read(done, (folder / "rows").read_text(), left)
    return timed


def _read(done: Completed, text: str, left: Sequence[Timed]) -> None:
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in text.splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            row = json.loads(line)
            rows.setdefault(row["name"], []).append(row)
    for t in left:
        got = rows.get(t.name, [])
        if len(got) < len(t.calls):
            t.problem = f"the program stopped: {done.text[:100]}"
        for row, answer in zip(got, t.answers, strict=False):
            for side in ("ours", "theirs"):
                if row.get("failed") or not alike(row[side], answer):
                    t.problem = (
                        row.get("failed") or f"{side} answers {str(row[side])[:80]}, not {str(answer)[:80]}"
                    )
            t.sizes.append(tuple(row["times"]))


def _source(candidate: PortCandidate) -> str:
    return next(f.text for f in candidate.files if f.role == "source")


# Go

_GO_MAIN = """package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"time"
)

// side makes, of a call's arguments, a loop over the call and the answer that it gives.
type side func(args []json.RawMessage) (func(n int), func() any)

type problem struct {
	name  string
	sides [2]side
}

func fill(text json.RawMessage, to reflect.Value) {
	switch to.Kind() {
	case reflect.Slice:
		var parts []json.RawMessage
		_ = json.Unmarshal(text, &parts)
		to.Set(reflect.MakeSlice(to.Type(), len(parts), len(parts)))
		for i, part := range parts {
			fill(part, to.Index(i))
		}
	case reflect.Struct:
		var parts []json.RawMessage
		_ = json.Unmarshal(text, &parts)
		for i, part := range parts {
			fill(part, to.Field(i))
		}
	default:
		_ = json.Unmarshal(text, to.Addr().Interface())
	}
}

func show(v reflect.Value) any {
	out := []any{}
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			out = append(out, show(v.Index(i)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			out = append(out, show(v.Field(i)))
		}
	case reflect.Map:
		members := map[string]any{}
		for _, key := range v.MapKeys() {
			members[fmt.Sprint(key.Interface())] = show(v.MapIndex(key))
		}
		return members
	default:
		return v.Interface()
	}
	return out
}

func timed(f func(int), n int) float64 {
	start := time.Now()
	f(n)
	return float64(time.Since(start).Nanoseconds()) / float64(n)
}

func report(row map[string]any) {
	text, _ := json.Marshal(row)
	fmt.Println(string(text))
}

func measure(p problem, args []json.RawMessage) {
	defer func() {
		if r := recover(); r != nil {
			report(map[string]any{"name": p.name, "failed": fmt.Sprint(r), "times": []float64{1, 1}})
		}
	}()
	var runs [2]func(int)
	var answers [2]any
	var again [2]func() any
	for i, s := range p.sides {
		runs[i], again[i] = s(args)
		answers[i] = again[i]()
	}
	n := 1
	for timed(runs[0], n)*float64(n) < 1e6 && timed(runs[1], n)*float64(n) < 1e6 {
		n *= 2
	}
	best := [2]float64{math.Inf(1), math.Inf(1)}
	for range %(rounds)d {
		for i, f := range runs {
			best[i] = min(best[i], timed(f, n))
		}
	}
	report(map[string]any{"name": p.name, "ours": again[0](), "theirs": again[1](), "times": best})
}

func main() {
	text, _ := os.ReadFile("calls.json")
	var calls map[string][][]json.RawMessage
	if err := json.Unmarshal(text, &calls); err != nil {
		panic(err)
	}
	for _, p := range problems {
		for _, args := range calls[p.name] {
			measure(p, args)
		}
	}
}
"""


def _go_side(params: int, fails: bool) -> tuple[str, str]:
    """The name and text of the function that makes a side of a Go function."""
    name = f"of{params}{'Fails' if fails else ''}"
    types = ", ".join(f"A{i}" for i in range(params))
    results = "(R, error)" if fails else "R"
    kept = "kept, _" if fails else "kept"
    lines = [f"func {name}[{types}, R any](f func({types}) {results}) side {{"]
    lines.append("\treturn func(args []json.RawMessage) (func(int), func() any) {")
    lines += [f"\t\tvar a{i} A{i}\n\t\tfill(args[{i}], reflect.ValueOf(&a{i}).Elem())" for i in range(params)]
    given = ", ".join(f"a{i}" for i in range(params))
    lines.append("\t\tvar kept R")
    lines.append(f"\t\trepeat := func(n int) {{ for range n {{ {kept} = f({given}) }} }}")
    lines.append("\t\treturn repeat, func() any { repeat(1); return show(reflect.ValueOf(kept)) }\n\t}\n}")
    return name, "\n".join(lines)


def _write_go(folder: Path, candidates: Mapping[str, PortCandidate], left: Sequence[Timed]) -> None:
    root = runtime_root(LanguageId.GO)
    (folder / "go.mod").write_text(
        f"module speed\n\ngo 1.25\n\nrequire foundation v0.1.0\n\nreplace foundation => {root}\n"
    )
    (folder / "main.go").write_text(_GO_MAIN % {"rounds": ROUNDS})
    (folder / "calls.json").write_text(json.dumps({t.name: t.calls for t in left}))
    shutil.copytree(FOLDER / "go", folder / "references", dirs_exist_ok=True)
    references = "\n".join(p.read_text() for p in sorted((FOLDER / "go").glob("*.go")))
    declared = {n.lower(): n for n in re.findall(r"^func ([A-Z]\w*)\(", references, re.MULTILINE)}
    themes = sorted({t.theme for t in left})
    for theme in themes:
        package = folder / "ours" / theme
        package.mkdir(parents=True, exist_ok=True)
        (package / "ours.go").write_text(
            re.sub(
                r"^package \w+", f"package {theme}", _source(candidates[theme]), count=1, flags=re.MULTILINE
            )
        )
    sides: dict[str, str] = {}
    entries: list[str] = []
    for t in left:
        made: list[str] = []
        theirs = declared[t.name.replace("_", "")]
        for text, package, name in (
            (_source(candidates[t.theme]), t.theme, t.ours),
            (references, "references", theirs),
        ):
            fails = re.search(rf"^func {name}\(.*, error\) {{$", text, re.MULTILINE) is not None
            side, body = _go_side(len(t.calls[0]), fails)
            sides[side] = body
            made.append(f"{side}({package}.{name})")
        entries.append(f'\t{{"{t.name}", [2]side{{{", ".join(made)}}}}},')
    imports = [
        '"encoding/json"',
        '"reflect"',
        '"speed/references"',
        *(f'"speed/ours/{theme}"' for theme in themes),
    ]
    text = [
        "package main",
        "import (",
        *imports,
        ")",
        "var problems = []problem{",
        *entries,
        "}",
        *sides.values(),
    ]
    (folder / "sides.go").write_text("\n".join(text) + "\n")


# Rust

_RUST_MAIN = """#![allow(warnings)]
use std::collections::*;
use std::hint::black_box;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::rc::Rc;
use std::time::Instant;
mod ours { %(ours)s }
mod theirs { %(theirs)s }

/// What the file of calls says: numbers on lines of their own, texts after their length in bytes, lists after theirs.
pub struct Tokens { text: String, at: usize }
impl Tokens {
    fn line(&mut self) -> String {
        let end = self.text[self.at..].find('\\n').unwrap() + self.at;
        let line = self.text[self.at..end].to_string();
        self.at = end + 1;
        line
    }
    fn number<T: std::str::FromStr>(&mut self) -> T { self.line().parse().ok().unwrap() }
}
pub trait Given: Sized { fn read(t: &mut Tokens) -> Self; }
macro_rules! plain { ($($t:ty),*) => { $(
    impl Given for $t { fn read(t: &mut Tokens) -> Self { t.number() } }
    impl Shown for $t { fn show(&self) -> String { self.to_string() } }
)* } }
plain!(i64, i32, usize, u64, bool, f64);
impl Given for String {
    fn read(t: &mut Tokens) -> Self {
        let n: usize = t.number();
        t.at += n + 1;
        t.text[t.at - n - 1..t.at - 1].to_string()
    }
}
impl<T: Given> Given for Vec<T> {
    fn read(t: &mut Tokens) -> Self { (0..t.number::<usize>()).map(|_| T::read(t)).collect() }
}
impl<A: Given, B: Given> Given for (A, B) {
    fn read(t: &mut Tokens) -> Self { t.line(); (A::read(t), B::read(t)) }
}
impl<A: Given, B: Given, C: Given> Given for (A, B, C) {
    fn read(t: &mut Tokens) -> Self { t.line(); (A::read(t), B::read(t), C::read(t)) }
}
impl<K: Given + Eq + std::hash::Hash, V: Given> Given for HashMap<K, V> {
    fn read(t: &mut Tokens) -> Self { (0..t.number::<usize>()).map(|_| (K::read(t), V::read(t))).collect() }
}
pub trait Shown { fn show(&self) -> String; }
impl Shown for String {
    fn show(&self) -> String { format!("\\"{}\\"", self.replace('\\\\', "\\\\\\\\").replace('"', "\\\\\\"")) }
}
impl<T: Shown> Shown for Vec<T> {
    fn show(&self) -> String { format!("[{}]", self.iter().map(T::show).collect::<Vec<_>>().join(",")) }
}
impl<A: Shown, B: Shown> Shown for (A, B) {
    fn show(&self) -> String { format!("[{},{}]", self.0.show(), self.1.show()) }
}
fn members<'a, K: Shown + 'a, V: Shown + 'a>(pairs: impl Iterator<Item = (&'a K, &'a V)>) -> String {
    let parts: Vec<_> = pairs.map(|(k, v)| format!("\\"{}\\":{}", k.show().trim_matches('"'), v.show())).collect();
    format!("{{{}}}", parts.join(","))
}
impl<K: Shown, V: Shown> Shown for HashMap<K, V> { fn show(&self) -> String { members(self.iter()) } }
%(ordered)s
impl<T: Shown, E> Shown for Result<T, E> {
    fn show(&self) -> String { match self { Ok(v) => v.show(), Err(_) => panic!("it failed") } }
}

type Side = (Box<dyn Fn(usize) -> f64>, Box<dyn Fn() -> String>);
type Make = fn(&mut Tokens) -> Side;
macro_rules! side { ($types:ty, $args:ident, $call:expr) => { |t: &mut Tokens| {
    let held = Rc::new(<$types>::read_all(t));
    let other = held.clone();
    (Box::new(move |n| {
        let $args = &*held;
        let start = Instant::now();
        for _ in 0..n { let $args = black_box($args); black_box($call); }
        start.elapsed().as_nanos() as f64 / n as f64
    }), Box::new(move || { let $args = &*other; $call.show() }))
} } }
pub trait All { fn read_all(t: &mut Tokens) -> Self; }
macro_rules! all { ($($t:ident),*) => {
    impl<$($t: Given),*> All for ($($t,)*) { fn read_all(t: &mut Tokens) -> Self { ($($t::read(t),)*) } }
} }
all!(A);
all!(A, B);
all!(A, B, C);
all!(A, B, C, D);

fn measure(sides: &[Make; 2], t: &mut Tokens) -> String {
    let start = t.at;
    let (ours, our_answer) = sides[0](t);
    let end = t.at;
    t.at = start;
    let (theirs, their_answer) = sides[1](t);
    assert_eq!(t.at, end);
    our_answer();
    let mut n = 1usize;
    while ours(n) * (n as f64) < 1e6 && theirs(n) * (n as f64) < 1e6 { n *= 2; }
    let mut best = [f64::INFINITY; 2];
    for _ in 0..%(rounds)d {
        best[0] = best[0].min(ours(n));
        best[1] = best[1].min(theirs(n));
    }
    format!("\\"ours\\":{},\\"theirs\\":{},\\"times\\":[{},{}]", our_answer(), their_answer(), best[0], best[1])
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let problems: Vec<(&str, [Make; 2])> = vec![%(entries)s];
    for (name, sides) in problems {
        for size in 0..3 {
            let text = std::fs::read_to_string(format!("calls/{name}.{size}")).unwrap();
            let mut t = Tokens { text, at: 0 };
            match catch_unwind(AssertUnwindSafe(|| measure(&sides, &mut t))) {
                Ok(row) => println!("{{\\"name\\":\\"{name}\\",{row}}}"),
                Err(_) => println!("{{\\"name\\":\\"{name}\\",\\"failed\\":\\"it panicked\\",\\"times\\":[1,1]}}"),
            }
        }
    }
}
"""


def _tokens(value: Any) -> Iterator[str]:
    """A value as `Tokens` reads it."""
    if isinstance(value, bool):
        yield str(value).lower() + "\n"
    elif isinstance(value, str):
        yield f"{len(value.encode())}\n{value}\n"
    elif isinstance(value, list):
        yield f"{len(value)}\n"
        for inner in value:
            yield from _tokens(inner)
    elif isinstance(value, dict):
        yield f"{len(value)}\n"
        for key, inner in value.items():
            yield from _tokens(key)
            yield from _tokens(inner)
    else:
        yield f"{value!r}\n"


def _rust_side(text: str, place: str, name: str) -> str | None:
    """A side of a Rust function, or None where its parameters are not shared references and plain values."""
    m = re.search(rf"pub fn {name}(?:<[^>]*>)?\s*\((.*?)\)\s*->", text, re.DOTALL)
    assert m is not None, name
    owned: list[str] = []
    given: list[str] = []
    # A comma inside of a type is no comma between parameters.
    for i, parameter in enumerate(re.split(r",\s*(?=\w+\s*:)", m[1].strip().rstrip(","))):
        t = parameter.partition(":")[2].strip()
        if t.startswith("&mut"):
            return None
        borrowed = t.startswith("&")
        t = re.sub(r"^&(?:'\w+\s*)?", "", t)
        t = f"Vec<{t[1:-1]}>" if t.startswith("[") else "String" if t == "str" else t
        if not borrowed and t not in ("i64", "f64", "bool"):
            return None
        owned.append(t)
        given.append(f"{'&' if borrowed else ''}a.{i}")
    return f"side!(({', '.join(owned)},), a, {place}::{name}({', '.join(given)}))"


def _write_rust(folder: Path, candidates: Mapping[str, PortCandidate], left: list[Timed]) -> None:
    themes = sorted({t.theme for t in left})
    for name in ("src/ours", "src/theirs", "calls"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    needed: set[str] = set()
    for theme in themes:
        (folder / "src" / "ours" / f"{theme}.rs").write_text(_source(candidates[theme]))
        shutil.copy(FOLDER / "rust" / f"{theme}.rs", folder / "src" / "theirs")
        manifest = next(f.text for f in candidates[theme].files if f.path == "Cargo.toml")
        if m := re.search(r"\[dependencies\]\n(.*?)(?:\n\[|\Z)", manifest, re.DOTALL):
            needed |= {line for line in m[1].splitlines() if line.strip()}
    entries: list[str] = []
    for t in left:
        sides = [
            _rust_side(_source(candidates[t.theme]), f"ours::{t.theme}", t.ours),
            _rust_side((FOLDER / "rust" / f"{t.theme}.rs").read_text(), f"theirs::{t.theme}", t.name),
        ]
        if None in sides:
            t.problem = "takes its arguments in another way than by shared references"
            continue
        entries.append(f'("{t.name}", [{sides[0]}, {sides[1]}])')
        for i, call in enumerate(t.calls):
            (folder / "calls" / f"{t.name}.{i}").write_text("".join(p for a in call for p in _tokens(a)))
    left[:] = [t for t in left if not t.problem]
    root = runtime_root(LanguageId.RUST)
    if needed and root is not None:
        shutil.copy(root / "Cargo.lock", folder)
    manifest = (
        '[package]\nname = "speed"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n\n[dependencies]\n'
    )
    (folder / "Cargo.toml").write_text(manifest + "\n".join(sorted(needed)) + "\n")
    ordered = "use indexmap::IndexMap;\nimpl<K: Shown, V: Shown> Shown for IndexMap<K, V> { fn show(&self) -> String { members(self.iter()) } }"
    modules = " ".join(f"pub mod {theme};" for theme in themes)
    (folder / "src" / "main.rs").write_text(
        _RUST_MAIN
        % {
            "ours": modules,
            "theirs": modules,
            "ordered": ordered if any("indexmap" in line for line in needed) else "",
            "entries": ",\n".join(entries),
            "rounds": ROUNDS,
        }
    )


# Ruby

_RUBY_MAIN = """# frozen_string_literal: true

require 'json'

def timed(run, args, n)
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
  run.call(n, args)
  (Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) - start).fdiv(n)
end

%(requires)s
problems = [
%(entries)s
]
calls = JSON.parse(File.read('calls.json'))
problems.each do |name, runs|
  calls.fetch(name).each do |args|
    n = 1
    n *= 2 while runs.all? { |run| timed(run, args, n) * n < 1e6 }
    best = [Float::INFINITY, Float::INFINITY]
    %(rounds)d.times do
      runs.each_with_index { |run, i| best[i] = [best[i], timed(run, args, n)].min }
    end
    answers = runs.map { |run| run.call(1, args) }
    puts JSON.generate(name: name, ours: answers[0], theirs: answers[1], times: best)
  rescue StandardError => e
    puts JSON.generate(name: name, failed: e.message, times: [1, 1])
  end
end
"""


def _write_ruby(folder: Path, candidates: Mapping[str, PortCandidate], left: Sequence[Timed]) -> None:
    requires = [f"require '{FOLDER / 'ruby' / (theme + '.rb')}'" for theme in candidates]
    (folder / "ours").mkdir(parents=True, exist_ok=True)
    (folder / "calls.json").write_text(json.dumps({t.name: t.calls for t in left}))
    entries: list[str] = []
    modules: dict[str, str] = {}
    for theme in sorted({t.theme for t in left}):
        source = _source(candidates[theme])
        (folder / "ours" / f"{theme}.rb").write_text(source)
        requires.append(f"require_relative 'ours/{theme}'")
        m = re.search(r"^module (\w+)", source, re.MULTILINE)
        assert m is not None
        modules[theme] = m[1]
    for t in left:
        given = ", ".join(f"a[{i}]" for i in range(len(t.calls[0])))
        both = (f"{modules[t.theme]}.{t.ours}({given})", f"References.{t.name}({given})")
        runs = ", ".join(
            f"->(n, a) {{ r = nil; i = 0; while i < n; r = {call}; i += 1; end; r }}" for call in both
        )
        entries.append(f"  ['{t.name}', [{runs}]],")
    (folder / "main.rb").write_text(
        _RUBY_MAIN % {"requires": "\n".join(requires), "entries": "\n".join(entries), "rounds": ROUNDS}
    )


# The table


def report(language: LanguageId, timed: Sequence[Timed]) -> str:
    """The results in one language as Markdown."""
    good = sorted((t for t in timed if not t.problem), key=lambda t: t.ratio)
    ratios = [t.ratio for t in good]
    out = [f"| measure | {language.value} |", "|---|---:|", f"| functions of the set | {len(timed)} |"]
    out.append(f"| timed, port and reference both answering as Python | {len(good)} |")
    if ratios:
        out.append(f"| median ratio | {statistics.median(ratios):.2f} |")
        out += [
            f"| within {limit} | {share(sum(r <= limit for r in ratios), len(ratios))} |"
            for limit in (1.2, 2.0)
        ]
        out += [f"| over 3 | {sum(r > 3 for r in ratios)} |", f"| worst | {ratios[-1]:.2f} |"]
    slow = [t for t in reversed(good) if t.ratio > 1.2]
    if slow:
        out += ["", "| over 1.2 | ratio | at the three sizes |", "|---|---:|---|"]
        out += [
            f"| {t.name} | {t.ratio:.2f} | {', '.join(f'{a / b:.2f}' for a, b in t.sizes)} |" for t in slow
        ]
    if left := [t for t in timed if t.problem]:
        out += ["", "| not timed | why |", "|---|---|"]
        out += [f"| {t.name} | {' '.join(t.problem.replace('|', ' ').split())[:160]} |" for t in left]
    return "\n".join(out) + "\n"


def rows(timed: Sequence[Timed]) -> list[dict[str, Any]]:
    """The results as data."""
    return [
        {
            "name": t.name,
            "problem": t.problem,
            "times_ns": t.sizes,
            "ratio": t.ratio if t.sizes and not t.problem else None,
        }
        for t in timed
    ]
