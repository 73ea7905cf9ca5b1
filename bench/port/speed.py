"""Time generated functions beside hand-written ones.

`--set references` takes our own functions, whose references keep to their sources' contract (`references/`, timed by
`speed_references.py`). Without it, the typed HumanEval functions are timed against HumanEval-X's references, most of which
use another algorithm than the Python source. That data is not part of this repository: give the path of a MultiPL-E
checkout with --data (the Python sources) and of a CodeGeeX checkout with --references (the hand-written Go and Rust). A
pair is timed only when both give the same answers.

    python bench/port/speed.py --set references [--to go|rust|ruby] [--markdown FILE] [--json FILE]
    python bench/port/speed.py --data PATH --references PATH [--to go|rust] [--json FILE]
"""

# ruff: noqa: E501 - generated code reads best on one line.
from __future__ import annotations

import argparse
import gzip
import json
import re
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import speed_references
from foundation_engine.port import port, runtime_root
from foundation_engine.port.request import PortRequest
from foundation_engine.verify.cases import Case
from foundation_engine.verify.sandbox import Limits, run
from foundation_engine.verify.targets import TARGETS
from foundation_specs.model import LanguageId
from humaneval import calls_of, problems
from repository import Repository
from tables import made_by

REFERENCES = "codegeex/benchmark/humaneval-x/{0}/data/humaneval_{0}.jsonl.gz"
LIMITS = Limits(590, cpu_seconds=1200)


@dataclass(frozen=True)
class Pair:
    """A function in both hands: its number, our text, their text, and the calls to make."""

    number: int
    name: str
    ours: str
    theirs: Mapping[str, str]
    function: str
    cases: Sequence[Case]

    @property
    def label(self) -> str:
        """The name of the pair's files and modules."""
        return f"p{self.number:03d}"


def references(path: Path, language: LanguageId) -> dict[int, dict[str, str]]:
    """The hand-written functions by their number."""
    name = REFERENCES.format(language.value)
    data = Repository.at(path).data(name)
    if data is None:
        raise SystemExit(f"{path}: no {name}; --references takes a checkout of CodeGeeX")
    rows = [json.loads(line) for line in gzip.decompress(data).splitlines()]
    return {int(row["task_id"].partition("/")[2]): row for row in rows}


def pairs(data: Path, their: Mapping[int, dict[str, str]], language: LanguageId) -> list[Pair]:
    """Every function that is ported whole and has a reference and recorded calls."""
    out: list[Pair] = []
    for name, text in problems(data).items():
        number = int(name.split("_")[1])
        source, _, tests = text.partition("### Unit tests below ###")
        function, cases = calls_of(source, tests)
        candidate = port(PortRequest(f"p{number:03d}.py", source, LanguageId.PYTHON, language))
        if candidate.holes or not candidate.files or not cases or number not in their:
            continue
        ours = next(f.text for f in candidate.files if f.role == "source")
        ported = next(f.target_name for f in candidate.functions if f.source_name == function)
        out.append(Pair(number, name, ours, their[number], ported, cases[:20]))
    return out


# Go

_GO_MAIN = """package main

import (
	"fmt"
	"math"
	"time"
)

type problem struct {
	label string
	agree func() bool
	run   [2]func(n int)
}

var problems []problem

func timed(f func(int), n int) float64 {
	start := time.Now()
	f(n)
	return float64(time.Since(start).Nanoseconds()) / float64(n)
}

func main() {
	for _, p := range problems {
		if !p.agree() {
			fmt.Printf("{\\"label\\": %q, \\"agree\\": false}\\n", p.label)
			continue
		}
		n := 1
		for timed(p.run[0], n)*float64(n) < 3e6 && timed(p.run[1], n)*float64(n) < 3e6 {
			n *= 2
		}
		best := [2]float64{math.Inf(1), math.Inf(1)}
		for range 25 {
			for i, f := range p.run {
				best[i] = min(best[i], timed(f, n))
			}
		}
		fmt.Printf("{\\"label\\": %q, \\"agree\\": true, \\"ours\\": %f, \\"theirs\\": %f}\\n", p.label, best[0], best[1])
	}
}
"""


def go_signature(text: str, name: str) -> tuple[int, int] | None:
    """How many parameters and results a Go function has."""
    m = re.search(rf"^func {name}\((.*?)\) *(.*?) *\{{$", text, re.MULTILINE)
    if m is None:
        return None
    results = m[2].strip("()")
    return (
        len([p for p in m[1].split(",") if p.strip()]),
        len([r for r in re.sub(r"\[.*?\]", "", results).split(",") if r.strip()]),
    )


def go_files(pair: Pair, module: Any) -> dict[str, str] | None:
    """The pair's packages and the file that calls both, or None when they cannot be called alike."""
    from foundation_engine.port.emit.go_tests import GoTests

    body = pair.theirs["import"] + "\n" + pair.theirs["declaration"] + pair.theirs["canonical_solution"]
    declared = re.findall(r"^func (\w+)\(", pair.theirs["declaration"], re.MULTILINE)
    mine, yours = go_signature(pair.ours, pair.function), go_signature(body, declared[-1])
    if mine is None or yours is None or mine[0] != yours[0] or not mine[1] or not yours[1]:
        return None
    maker = GoTests(module, pair.label, "foundation")
    function = next(f for _, f in module.functions() if f.name == pair.cases[0].plan.function)
    calls: list[str] = []
    for case in pair.cases:
        literals = [maker.literal(v, p.type) for v, p in zip(case.plan.args, function.params, strict=True)]
        calls.append(", ".join(literals))
    if any("ptr[" in c or "nil" in c for c in calls):
        return None
    n = pair.label
    # Called through variables, neither is inlined here, where work would be left out whose result nobody uses.
    held = f"var ours{n}, theirs{n} = ours.{pair.function}, theirs.{declared[-1]}"
    lines = ["package main", "", "import (", '\t"fmt"', '\t"runtime"', ""]
    lines += [f'\tours "speed/ours/{n}"', f'\ttheirs "speed/theirs/{n}"', ")", "", held]
    for i, call in enumerate(calls):
        names = ", ".join(f"a{n}c{i}x{k}" for k in range(mine[0]))
        if names:
            lines.append(f"var {names} = {call}")
    agree: list[str] = []
    bodies: list[list[str]] = [[], []]
    for side, (package, name, count) in enumerate(
        (("ours", pair.function, mine[1]), ("theirs", declared[-1], yours[1]))
    ):
        for i in range(len(calls)):
            args = ", ".join(f"a{n}c{i}x{k}" for k in range(mine[0]))
            # The error of a function that may fail is looked at by nobody here.
            results = ", ".join([f"r{i}", *["_"] * (count - 1)])
            bodies[side].append(f"{results} := {package}{n}({args}); runtime.KeepAlive(r{i})")
            if side == 0:
                agree.append(f"{{ before := fmt.Sprint({args}); {results} := ours.{name}({args})")
            else:
                others = ", ".join([f"s{i}", *["_"] * (count - 1)])
                # A reference that changes its argument in place does another job.
                agree[i] += (
                    f"; {others} := theirs.{name}({args}); "
                    f"if fmt.Sprint(r{i}) != fmt.Sprint(s{i}) || fmt.Sprint({args}) != before {{ return false }} }}"
                )
    lines += [
        "",
        "func init() {",
        f'\tproblems = append(problems, problem{{label: "{n}",',
        "\t\tagree: func() bool {",
    ]
    lines += [f"\t\t\t{a}" for a in agree]
    lines += ["\t\t\treturn true", "\t\t},", "\t\trun: [2]func(int){"]
    for body_lines in bodies:
        lines += ["\t\t\tfunc(n int) {", "\t\t\t\tfor range n {"]
        lines += [f"\t\t\t\t\t{b}" for b in body_lines]
        lines += ["\t\t\t\t}", "\t\t\t},"]
    lines += ["\t\t}})", "}", ""]
    return {
        f"{n}.go": "\n".join(lines),
        f"ours/{n}/ours.go": re.sub(r"^package \w+", "package ours", pair.ours, count=1, flags=re.MULTILINE),
        f"theirs/{n}/theirs.go": f"package theirs\n\n{body}",
    }


def time_go(folder: Path, chosen: Sequence[Pair], modules: Mapping[int, Any]) -> list[dict[str, Any]]:
    """Build one program of all pairs that compile together, and run it."""
    files = {p.label: made for p in chosen if (made := go_files(p, modules[p.number])) is not None}
    (folder / "go.mod").write_text(
        "module speed\n\ngo 1.25\n\nrequire foundation v0.1.0\n\nreplace foundation => "
        f"{runtime_root(LanguageId.GO)}\n"
    )
    (folder / "main.go").write_text(_GO_MAIN)
    for made in files.values():
        for name, text in made.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    env = TARGETS[LanguageId.GO].env()
    command = ["go", "build", "-gcflags=-e", "-o", "speed", "."]
    _build(folder, files, lambda: run(command, folder, LIMITS, env), r"(p\d{3})[/.]")
    done = run([str(folder / "speed")], folder, LIMITS)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _build(folder: Path, files: dict[str, dict[str, str]], build: Callable[[], Any], places: str) -> None:
    """Build until it works, leaving out the pairs that do not compile beside each other."""
    for _ in range(12):
        done = build()
        if done.code == 0:
            return
        bad = {m for m in re.findall(places, done.text) if m in files}
        if not bad:
            raise SystemExit(f"the benchmark does not build:\n{done.text[:2000]}")
        for label in bad:
            for name in files.pop(label):
                (folder / name).unlink()
    raise SystemExit("the benchmark does not build")


# Rust

_RUST_MAIN = """#![allow(warnings)]
use std::time::Instant;
pub type Runs = (fn() -> bool, fn(usize) -> f64, fn(usize) -> f64);
{modules}
fn main() {{
    let problems: Vec<(&str, Runs)> = vec![{entries}];
    for (label, (agree, ours, theirs)) in problems {{
        if !std::panic::catch_unwind(agree).unwrap_or(false) {{
            println!("{{{{\\"label\\": \\"{{label}}\\", \\"agree\\": false}}}}");
            continue;
        }}
        let mut n = 1usize;
        while n < 200_000 && ours(n) * (n as f64) < 3e6 && theirs(n) * (n as f64) < 3e6 {{ n *= 2; }}
        let mut best = [f64::INFINITY; 2];
        for _ in 0..9 {{
            best[0] = best[0].min(ours(n));
            best[1] = best[1].min(theirs(n));
        }}
        println!("{{{{\\"label\\": \\"{{label}}\\", \\"agree\\": true, \\"ours\\": {{}}, \\"theirs\\": {{}}}}}}", best[0], best[1]);
    }}
}}
"""


def rust_signature(text: str, name: str) -> tuple[list[str], str] | None:
    """The parameter types and the result type of a Rust function, as texts."""
    m = re.search(rf"fn {name}(?:<[^>]*>)?\s*\(([^)]*)\)\s*(?:->\s*([^{{]+?))?\s*\{{", text)
    if m is None:
        return None
    depth, parts, current = 0, [], ""
    for c in m[1]:
        depth += (c in "<([") - (c in ">)]")
        if c == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += c
    parts.append(current)
    return [p.partition(":")[2].strip() for p in parts if p.strip()], (m[2] or "").strip()


def rust_value(v: Any, t: str) -> tuple[str, bool]:
    """An owned value of a type text, and whether it is passed by reference. Raises KeyError for other types."""
    t = t.replace(" ", "")
    if t.startswith("&"):
        inner = t.lstrip("&").removeprefix("'staticmut").removeprefix("mut")
        if inner.startswith("["):
            inner = f"Vec<{inner[1:-1]}>"
        if inner == "str":
            inner = "String"
        return rust_value(v, inner)[0], True
    if t in ("i64", "i32", "usize", "u32", "u64", "isize", "i128", "u128", "i8", "u8"):
        if isinstance(v, bool) or not isinstance(v, int):
            raise KeyError(t)
        return f"{v}{t}", False
    if t in ("f64", "f32"):
        text = v["float"] if isinstance(v, dict) else repr(float(v))
        return (f"{text}{t}" if text not in ("inf", "-inf", "nan") else f"{t}::NAN"), False
    if t == "bool" and isinstance(v, bool):
        return str(v).lower(), False
    if t == "String" and isinstance(v, str):
        return f"String::from({json.dumps(v, ensure_ascii=False)})", False
    if t.startswith("Vec<") and isinstance(v, dict) and "list" in v:
        return "vec![" + ", ".join(rust_value(x, t[4:-1])[0] for x in v["list"]) + "]", False
    raise KeyError(t)


def rust_file(pair: Pair) -> str | None:
    """The module of a pair, or None when they cannot be called alike."""
    declaration = pair.theirs["declaration"]
    theirs = declaration + pair.theirs["canonical_solution"]
    theirs = "\n".join(
        x for x in theirs.splitlines() if not re.match(r"use (rand|regex|md5|std::\{slice)", x)
    )
    theirs = "use std::{cmp::{self, max, min}, collections::*};\n" + theirs
    names = re.findall(r"fn (\w+)", declaration)
    mine, yours = rust_signature(pair.ours, pair.function), rust_signature(declaration, names[-1])
    if mine is None or yours is None or len(mine[0]) != len(yours[0]) or not mine[0]:
        return None
    out = ["#![allow(warnings)]", "mod ours {", pair.ours, "}", "mod theirs {"]
    out += [re.sub(rf"(?:pub )?fn {names[-1]}\b", f"pub fn {names[-1]}", theirs, count=1), "}"]
    calls: dict[str, list[str]] = {}
    try:
        for side, name, (types, _) in (("ours", pair.function, mine), ("theirs", names[-1], yours)):
            makes: list[str] = []
            for case in pair.cases:
                values = [rust_value(v, t) for v, t in zip(case.plan.args, types, strict=True)]
                makes.append(f"({', '.join(v for v, _ in values)},)")
            passed = ", ".join(
                f"{'&mut ' if '&mut' in t else '&' if t.startswith('&') else ''}a.{k}"
                for k, t in enumerate(types)
            )
            calls[side] = makes
            out.append(
                f"fn call_{side}(mut a: Args_{side}) -> impl std::fmt::Debug {{ {side}::{name}({passed}) }}"
            )
            owned = [_owned(t) for t in types]
            out.append(f"type Args_{side} = ({', '.join(owned)},);")
            out.append(f"fn make_{side}() -> Vec<Args_{side}> {{ vec![{', '.join(makes)}] }}")
            out.append(
                f"pub fn run_{side}(n: usize) -> f64 {{ let cases = make_{side}();"
                " let batch: Vec<_> = (0..n).flat_map(|_| cases.clone()).collect();"
                " let start = std::time::Instant::now();"
                f" for a in batch {{ std::hint::black_box(call_{side}(a)); }}"
                " start.elapsed().as_nanos() as f64 / n as f64 }"
            )
    except (KeyError, ValueError):
        return None
    out.append(
        'fn shown(v: impl std::fmt::Debug) -> String { let t = format!("{v:?}");'
        ' let t = t.strip_prefix("Ok(").and_then(|x| x.strip_suffix(")")).unwrap_or(&t).to_string(); t }\n'
        "pub fn agree() -> bool { make_ours().into_iter().zip(make_theirs())"
        ".all(|(a, b)| shown(call_ours(a)) == shown(call_theirs(b))) }\n"
        "pub const RUNS: crate::Runs = (agree, run_ours, run_theirs);"
    )
    return "\n".join(out) + "\n"


def _owned(t: str) -> str:
    t = t.replace(" ", "").lstrip("&").removeprefix("mut")
    if t.startswith("["):
        return f"Vec<{t[1:-1]}>"
    return "String" if t == "str" else t


def time_rust(folder: Path, chosen: Sequence[Pair]) -> list[dict[str, Any]]:
    """Build one program of all pairs that compile, and run it."""
    files = {p.label: {f"src/{p.label}.rs": made} for p in chosen if (made := rust_file(p)) is not None}
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "speed"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
    )
    for made in files.values():
        for name, text in made.items():
            (folder / name).write_text(text)

    def build() -> Any:
        text = _RUST_MAIN.format(
            modules="\n".join(f"mod {n};" for n in files),
            entries=", ".join(f'("{n}", {n}::RUNS)' for n in files),
        )
        (folder / "src" / "main.rs").write_text(text)
        return run(
            ["cargo", "build", "--release", "--quiet", "--offline"],
            folder,
            LIMITS,
            {"CARGO_TARGET_DIR": "target"},
        )

    _build(folder, files, build, r"--> src/(p\d{3})\.rs")
    done = run([str(folder / "target" / "release" / "speed")], folder, LIMITS)
    return [json.loads(line) for line in done.stdout.splitlines()]


# The table


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", choices=["humaneval", "references"], default="humaneval", dest="chosen")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--references", type=Path)
    parser.add_argument("--to", choices=["go", "rust", "ruby"], default="go")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path, help="put the table of --set references into this file")
    parser.add_argument("--keep", type=Path, help="keep the generated program here")
    options = parser.parse_args()
    language = LanguageId(options.to)
    if options.chosen == "references":
        return _time_references(language, options)
    if options.data is None or options.references is None or language is LanguageId.RUBY:
        parser.error("HumanEval is timed --to go or rust, and takes --data and --references")
    chosen = pairs(options.data, references(options.references, language), language)
    with tempfile.TemporaryDirectory(prefix="foundation-speed-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if language is LanguageId.GO:
            rows = time_go(folder, chosen, _modules(chosen, options.data))
        else:
            rows = time_rust(folder, chosen)
    names = {p.label: p.name for p in chosen}
    timed = [
        row | {"name": names[row["label"]], "ratio": row["ours"] / row["theirs"]}
        for row in rows
        if row["agree"]
    ]
    timed.sort(key=lambda row: row["ratio"])
    for row in timed:
        print(f"{row['ratio']:6.2f}  {row['ours']:10.0f} ns  {row['theirs']:10.0f} ns  {row['name']}")
    ratios = [row["ratio"] for row in timed]
    disagreeing = sum(not row["agree"] for row in rows)
    within = sum(r <= 1.2 for r in ratios)
    print(
        f"{language}: {len(ratios)} functions timed beside hand-written ones ({len(chosen)} ported with a reference, "
        f"{disagreeing} whose reference answers differently or changes its argument, the rest with other signatures)"
    )
    if ratios:
        print(
            f"generated / hand-written: median {statistics.median(ratios):.2f}, within 1.2: {within} of {len(ratios)} "
            f"({100 * within / len(ratios):.0f} %), over 3: {sum(r > 3 for r in ratios)}, worst {ratios[-1]:.2f}"
        )
    if options.json:
        options.json.write_text(json.dumps({"target": options.to, "rows": timed}, indent=1) + "\n")
    return 0


def _time_references(language: LanguageId, options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="foundation-speed-") as temporary:
        folder = (options.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        timed = speed_references.measure(language, folder)
    text = speed_references.report(language, timed)
    print(text)
    if options.json:
        rows = speed_references.rows(timed)
        options.json.write_text(json.dumps({"target": options.to, "rows": rows}, indent=1) + "\n")
    if options.markdown:
        _put_section(options.markdown, language, text)
    return 0


def _put_section(path: Path, language: LanguageId, text: str) -> None:
    """Put the table of a language under its heading, in place of what stood there."""
    heading = f"## Our own set, {language.value}\n"
    command = f"python bench/port/speed.py --set references --to {language.value}"
    section = f"{heading}\n{made_by(command)}\n\n{text}\n"
    old = path.read_text() if path.exists() else ""
    before, found, after = old.partition(heading)
    if found:
        _, more, rest = after.partition("\n## ")
        old = before + section + (f"## {rest}" if more else "")
    else:
        old = f"{old.rstrip()}\n\n{section}".lstrip()
    path.write_text(old.rstrip() + "\n")


def _modules(chosen: Sequence[Pair], data: Path) -> dict[int, Any]:
    from foundation_engine.port import lower
    from foundation_engine.port.passes import Effects

    texts = {int(name.split("_")[1]): text for name, text in problems(data).items()}
    out: dict[int, Any] = {}
    for pair in chosen:
        source = texts[pair.number].partition("### Unit tests below ###")[0]
        module = lower(PortRequest(f"{pair.label}.py", source, LanguageId.PYTHON, LanguageId.GO))
        assert module is not None
        Effects(module).run()
        out[pair.number] = module
    return out


if __name__ == "__main__":
    sys.exit(main())
