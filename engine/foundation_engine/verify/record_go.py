"""Record a Go file: a test beside a copy of it calls its functions on planned arguments, in virtual time.

The test is generic code over reflection (`record_support.go.txt`) and a generated file that names the package's
functions, types, enums and error values and makes fakes for its interfaces. Annotations (`// @retry(...)`) are comments to
Go's compiler; the copy calls annotated functions through the runtime, as the port does.
"""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: PERF401 - conditions and steps stand one below the other.
# ruff: noqa: E501 - a template of generated code reads best on one line.
from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from foundation_grammars.tree import SyntaxNode
from foundation_specs.model import LanguageId

from foundation_engine.port import ir
from foundation_engine.port.engine import runtime_root
from foundation_engine.port.front import _go_types as go
from foundation_engine.port.front._go_expr import free_name
from foundation_engine.port.front._go_guards import is_breaker
from foundation_engine.port.front._go_logs import SLOG
from foundation_engine.port.front._go_package import Package, walk
from foundation_engine.port.front.go import lower_package
from foundation_engine.port.passes import error_tree
from foundation_engine.port.request import PortRequest
from foundation_engine.verify.cases import Case, Plan
from foundation_engine.verify.sandbox import Completed, Limits, run

_SUPPORT = Path(__file__).with_name("record_support.go.txt")
_GO = "1.25"
_PROGRAM = "recorded.test"
_ORDER = "\x00order"
_COMPARED = ("steps", "trace", "after", "state")
_TURNS = 20  # further runs, in which maps are walked over in other orders
_IMPORTED_RUNTIME = re.compile(
    r'"((?:[^"\s]*/)?foundation)/(resilience|errors|logging|config|httpclient|cli|process|files|clock)"'
)
_SLEEPS = "// Slept are the delays asked for while a source is recorded.\nvar Slept []time.Duration\n\n"
_DRAWS = """
// Draw replaces random fractions by the least or the greatest while a source is recorded.
var Draw = uint64(0)

func (systemRandom) Fraction() uint64 { return Draw }
"""

# A port runs goroutines one after the other; here each goes as far as it can before the next one starts.
_GOROUTINE = """func recGo(f func()) {
	var failed any
	go func() {
		defer func() { failed = recover() }()
		f()
	}()
	synctest.Wait()
	if failed != nil {
		panic(failed)
	}
}
"""

# Go itself begins a walk over a small map at the first entry that was put in more often than not. Here each order of two
# entries is as likely as the other, so that twenty runs tell a result that depends on it.
_MAPS = """
var recShuffles = os.Getenv("FOUNDATION_RECORD_SHUFFLE") != ""

// recShuffled is a map with the same entries in another order where that is asked for, else what it is given.
func recShuffled[T any](x T) T {
	if !recShuffles || reflect.TypeFor[T]().Kind() != reflect.Map {
		return x
	}
	m := reflect.ValueOf(x)
	if m.IsNil() {
		return x
	}
	keys := m.MapKeys()
	recrand.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	made := reflect.MakeMapWithSize(m.Type(), len(keys))
	for _, k := range keys {
		made.SetMapIndex(k, m.MapIndex(k))
	}
	return made.Interface().(T)
}
"""
# Libraries of which a recording has a copy of its own.
_GUARDS = re.compile(r"github\.com/sony/gobreaker(?:/v\d+)?$|golang\.org/x/time$")
_CHANGED = re.compile(rf"github\.com/(?:cenkalti/backoff|avast/retry-go)|{_GUARDS.pattern}")
# What a breaker refuses with, which tells its class whatever version of the library it is from.
_REFUSAL = r'= error(recRefused("\1"))'
_REFUSED = """
var _ = errors.New

type recRefused string

func (r recRefused) Error() string { return string(r) }

func (r recRefused) Class() string { return "CircuitOpenError" }
"""
# A limiter that the port refuses to make, as it says.
_NO_LIMITER = "\tif r < 1e-9 || b < 1 {\n\t\t_ = []int(nil)[max(b, 0)]\n\t}\n"
_WALKS = re.compile(r"maps\.(All|Keys|Values)$")


class GoRecorder:
    """Copies the file into a module of its own and runs a generated test there."""

    def record(
        self, request: PortRequest, module: ir.Module, planned: Sequence[Plan], seconds: float = 60.0
    ) -> tuple[list[Case], str]:
        """See `Recorder.record`."""
        from foundation_engine.verify.recorders import read_cases

        package, _ = lower_package(request.text, module.name, request.line, request.files, request.path)
        made = _Registry(package, module)
        if not any(path.startswith("foundation/") for path in package.imports.values()):
            planned = [_without_runtime(p) for p in planned]
        with tempfile.TemporaryDirectory(prefix="foundation-record-", ignore_cleanup_errors=True) as scratch:
            folder = Path(scratch)
            problem = _workspace(folder, request, package, made)
            if problem:
                return [], problem
            plans = [made.plan(p) for p in planned]
            (folder / "plans.json").write_text(json.dumps(plans), encoding="utf-8")
            done = _test(folder, seconds)
            cases = folder / "cases.jsonl"
            text = cases.read_text(encoding="utf-8") if cases.exists() else ""
            if not text and not done.timed_out:
                joined = {Path(p.path).name for p in package.parts}
                siblings = [s for s in _siblings(request, package.name) if s.name not in joined]
                if siblings and done.code:
                    for s in siblings:
                        (folder / s.name).write_text(s.read_text(encoding="utf-8"), encoding="utf-8")
                    done = _test(folder, seconds)
                    text = cases.read_text(encoding="utf-8") if cases.exists() else ""
            again = [_seen_again(folder, seconds) for _ in range(_TURNS if text and made.walks_maps else 0)]
        tree = error_tree(module)
        lines: list[str] = []
        for line in text.splitlines():
            try:
                seen: dict[str, Any] = json.loads(line)
            except ValueError:
                continue
            if any(
                {k: a.get(seen["index"], {}).get(k) for k in _COMPARED} != {k: seen.get(k) for k in _COMPARED}
                for a in again
            ):
                seen = {"index": seen["index"], "skipped": "the result depends on the order of a map"}
            seen = made.seen(seen)
            for step in seen.get("steps") or ():
                if "error" in step:
                    step["bases"] = list(tree.ancestors(step["error"]))
            lines.append(json.dumps(seen))
        problem_text = next(
            (x for x in done.text.splitlines() if re.search(r"\.go:\d+|panic|cannot|error", x)), ""
        )
        stderr = problem_text or done.stderr
        read = Completed(
            done.command,
            done.code if not lines else 0,
            "\n".join(lines),
            stderr,
            done.seconds,
            done.timed_out,
        )
        return read_cases(read, planned, seconds)


def _recording(folder: Path) -> dict[str, str]:
    """Where a recording process finds its plans and writes its cases."""
    return {
        "FOUNDATION_RECORD_PLANS": str(folder / "plans.json"),
        "FOUNDATION_RECORD_CASES": str(folder / "cases.jsonl"),
    }


def _test(folder: Path, seconds: float) -> Completed:
    env = {
        "GOFLAGS": "-mod=mod -buildvcs=false",
        "GOPROXY": "off",
        "GOWORK": "off",
        "GO111MODULE": "on",
        **_recording(folder),
    }
    command = [
        "go",
        "test",
        "-o",
        _PROGRAM,
        "-vet=off",
        "-count=1",
        "-run",
        "^TestRecord$",
        "-timeout",
        f"{int(seconds)}s",
        ".",
    ]
    if (folder / "overlay.json").exists():
        command[2:2] = ["-overlay", "overlay.json"]
    return run(command, folder, Limits(seconds * 2, cpu_seconds=int(seconds * 4)), env)


def _seen_again(folder: Path, seconds: float) -> dict[int, dict[str, Any]]:
    """What another run of the plans records with maps in other orders, by their index."""
    cases = folder / "cases.jsonl"
    cases.unlink(missing_ok=True)
    run(
        [str(folder / _PROGRAM), "-test.run", "^TestRecord$", "-test.timeout", f"{int(seconds)}s"],
        folder,
        Limits(seconds * 2, cpu_seconds=int(seconds * 4)),
        {**_recording(folder), "FOUNDATION_RECORD_SHUFFLE": "yes"},
    )
    found: dict[int, dict[str, Any]] = {}
    for line in cases.read_text(encoding="utf-8").splitlines() if cases.exists() else ():
        with suppress(ValueError):
            seen = json.loads(line)
            found[seen["index"]] = seen
    return found


def _siblings(request: PortRequest, name: str) -> list[Path]:
    """Other files of the package, for a document that is part of one."""
    source = Path(request.path)
    if not source.parent.is_dir():
        return []
    out: list[Path] = []
    for p in sorted(source.parent.glob("*.go")):
        if p.name == source.name or p.name.endswith("_test.go"):
            continue
        try:
            text = p.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if re.search(rf"^package {re.escape(name)}\b", text, re.MULTILINE):
            out.append(p)
    return out


def _workspace(folder: Path, request: PortRequest, package: Package, made: _Registry) -> str:
    """Write the module; what is missing, "" when nothing is."""
    root = runtime_root(LanguageId.GO)
    found = _IMPORTED_RUNTIME.search(package.tree.text.decode())
    runtime = found[1] if found else "foundation"
    (folder / "go.mod").write_text(_go_mod(request, runtime, root), encoding="utf-8")
    sums = _near(request, "go.sum")
    if sums is not None:
        (folder / "go.sum").write_text(sums.read_text(encoding="utf-8"), encoding="utf-8")
    uses = bool(found) or bool(made.wrapped)
    if uses and root is None:
        return "the Go runtime was not found; set FOUNDATION_RUNTIMES to the folder that holds it"
    if uses and root is not None:
        clock = root / "clock" / "clock.go"
        text = clock.read_text(encoding="utf-8")
        patched = re.sub(r"\nfunc \(systemRandom\) Fraction\(\) uint64 \{[^\n]*\}\n", _DRAWS, text)
        patched = patched.replace('\t"math/rand/v2"\n', "")
        patched = patched.replace(
            "\ttimer := time.NewTimer(d)\n", "\tSlept = append(Slept, d)\n\ttimer := time.NewTimer(d)\n", 1
        )
        patched = patched.replace("type systemRandom struct{}", _SLEEPS + "type systemRandom struct{}", 1)
        (folder / "clock.go.txt").write_text(patched, encoding="utf-8")
        (folder / "overlay.json").write_text(
            json.dumps({"Replace": {str(clock): str(folder / "clock.go.txt")}}), encoding="utf-8"
        )
    made.drawing = _libraries(folder, package)
    name = Path(request.path).name or "source.go"
    (folder / (name if name.endswith(".go") and not name.endswith("_test.go") else "source.go")).write_text(
        made.source(), encoding="utf-8"
    )
    (folder / "zz_registry_test.go").write_text(made.text(runtime, uses), encoding="utf-8")
    if made.wrapped:
        (folder / "zz_patterns.go").write_text(made.wrappers(runtime), encoding="utf-8")
    support = _SUPPORT.read_text(encoding="utf-8").replace("package PACKAGE", f"package {package.name}", 1)
    (folder / "zz_support_test.go").write_text(support, encoding="utf-8")
    return ""


def _libraries(folder: Path, package: Package) -> list[str]:
    """Bring along libraries that differ from the port as it says; those that draw random numbers.

    Retries draw the least or greatest random number, as our runtime does while a source is recorded, and breakers are
    without what `_exact` takes from them.
    """
    drawing: list[str] = []
    cache = Path(os.environ.get("GOMODCACHE") or Path.home() / "go" / "pkg" / "mod")
    module = folder / "go.mod"
    text = module.read_text(encoding="utf-8")
    for path in (p.removesuffix("/rate") for p in package.imports.values()):
        wanted = re.search(rf"^\s*(?:require\s+)?{re.escape(path)}\s+(v\S+)", text, re.MULTILINE)
        if not _CHANGED.match(path) or wanted is None:
            continue
        parent, _, last = path.rpartition("/")
        original = cache / parent / f"{last}@{wanted[1]}"
        if not original.is_dir():
            continue
        copy = folder / "libraries" / path
        for file in [*original.iterdir(), *original.glob("rate/*")]:
            if file.suffix in (".go", ".mod") and not file.name.endswith("_test.go"):
                source = file.read_text(encoding="utf-8")
                made = _exact(source) if _GUARDS.match(path) else _least(source)
                if "RecHigh" in made and path not in drawing:
                    drawing.append(path)
                (copy / file.relative_to(original)).parent.mkdir(parents=True, exist_ok=True)
                (copy / file.relative_to(original)).write_text(made, encoding="utf-8")
        text += f"replace {path} => ./libraries/{path}\n"
    module.write_text(text, encoding="utf-8")
    return drawing


def _exact(text: str) -> str:
    """Go source of a library that guards calls, without differences that the port states.

    gobreaker tries again when its timeout has passed, and counts on while it is closed; a limiter is made of numbers that
    are at least one, else the program stops, which is no case.
    """
    made = re.sub(
        r"(case StateOpen:\n\t\tif )cb\.expiry\.Before\(now\)", r"\1!cb.expiry.After(now)", text, count=1
    )
    made, refusals = re.subn(
        r'= errors\.New\("(too many requests|circuit breaker is open)"\)', _REFUSAL, made
    )
    if refusals:
        made += _REFUSED
    made = re.sub(r"(\n\tcb := new\(CircuitBreaker(?:\[T\])?\)\n)", r"\1\tst.Interval = 0\n", made, count=1)
    return re.sub(
        r"(\nfunc NewLimiter\(r Limit, b int\) \*Limiter \{\n)", lambda m: m[0] + _NO_LIMITER, made, count=1
    )


def _least(text: str) -> str:
    """Go source whose random fractions are the least, or the greatest, and whose random numbers are zero."""
    made = text.replace("rand.Float64()", "recFraction()")
    made = re.sub(r"\brand\.Int63n\((?:[^()]|\([^()]*\))*\)", "int64(0)", made)
    if made == text:
        return text
    made += "\nvar _ = rand.Float64\n"
    if "recFraction()" in made:
        made += "\n// RecHigh asks for the greatest fraction.\nvar RecHigh bool\n"
        made += (
            "\nfunc recFraction() float64 {\n\tif RecHigh {\n\t\treturn 1 - 1.0/(1<<53)\n\t}\n\treturn 0\n}\n"
        )
    return made


def _near(request: PortRequest, name: str) -> Path | None:
    source = Path(request.path).resolve()
    return next((p / name for p in list(source.parents)[:6] if (p / name).exists()), None)


def _go_mod(request: PortRequest, runtime: str, root: Path | None) -> str:
    """The source's own module file with our runtime in place, or one made for it."""
    own = _near(request, "go.mod")
    lines = ["module recorded", "", f"go {_GO}"]
    if own is not None:
        for line in own.read_text(encoding="utf-8").splitlines():
            if re.match(r"\s*(module|go|toolchain)\b", line) or re.search(rf"\b{re.escape(runtime)}\s", line):
                continue
            moved = re.search(r"=>\s*(\.\.?/\S*)", line)
            lines.append(line.replace(moved[1], str((own.parent / moved[1]).resolve())) if moved else line)
    if root is not None:
        lines.extend([f"require {runtime} v0.1.0", f"replace {runtime} => {root}"])
    return "\n".join(lines) + "\n"


def _without_runtime(plan: Plan) -> Plan:
    """A plan for a file without our runtime, where what is called fails with errors of no class."""

    def plain(v: Any) -> Any:
        if isinstance(v, dict):
            table = cast("dict[str, Any]", v)
            if set(table) == {"error"} and table["error"] in ir.RUNTIME_ERRORS:
                return {"error": "RuntimeError"}
            return {k: plain(x) for k, x in table.items()}
        if isinstance(v, list):
            return [plain(x) for x in cast("list[Any]", v)]
        return v

    given = tuple((k, plain(v)) for k, v in plan.object)
    return replace(plan, args=tuple(plain(a) for a in plan.args), object=given)


def _starts_waited(package: Package, node: SyntaxNode) -> bool:
    """`wg.Go(func() {...})`."""
    text = package.text(node) if node.type == "call_expression" else ""
    return re.match(r"[\w.]+\.Go\(func\(\) \{", text) is not None


def _walked(package: Package) -> Iterator[SyntaxNode]:
    """The expressions that a file walks over and that may be maps."""
    for n in walk(package.tree.root):
        if n.type == "range_clause":
            over = n.child_by_field_name("right")
            literal = over is not None and (
                over.type == "int_literal" or over.type.endswith("string_literal")
            )
            if over is not None and not literal:
                yield over
        elif n.type == "call_expression" and _WALKS.match(package.text(n.children[0])):
            yield from n.children[1].named_children[:1]


class _Registry:
    """The generated file: what the package has, by the names of the representation."""

    def __init__(self, package: Package, module: ir.Module) -> None:
        self.p = package
        self.module = module
        self.constructed = {t.name: t for t in package.declared.values() if t.constructor}
        self.wrapped = self._wrapped()
        self.drawing: list[str] = []  # libraries whose random fractions can be chosen
        self.walked = list(_walked(package))  # what may be a map of which the order shows
        waits = (b"time.Sleep(", b"time.After(")
        self.sleeps = self.p.imports.get("time") == "time" and any(w in self.p.tree.text for w in waits)

    @property
    def walks_maps(self) -> bool:
        """True for a file whose results may depend on the order of a map."""
        return bool(self.walked) and (b"map[" in self.p.tree.text or b"maps." in self.p.tree.text)

    # Plans

    def plan(self, p: Plan) -> dict[str, Any]:
        """A plan in JSON; objects with constructors carry their arguments in order."""
        out = p.as_json()
        out["args"] = [self._ordered(a) for a in out["args"]]
        out["object"] = self._fields(p.cls, out["object"])
        return out

    def _fields(self, cls: str, fields: dict[str, Any]) -> dict[str, Any]:
        own = {made: name for name, made in self.p.renamed_fields.get(cls, {}).items()}
        inner = {own.get(k, k): self._ordered(v) for k, v in fields.items()}
        if cls in self.constructed:
            return {_ORDER: list(inner.values())}
        return inner

    def _ordered(self, v: Any) -> Any:
        if isinstance(v, list):
            return [self._ordered(x) for x in cast("list[Any]", v)]
        if not isinstance(v, dict):
            return v
        table = cast("dict[str, Any]", v)
        if "object" in table:
            o = table["object"]
            return {"object": {"class": o["class"], "fields": self._fields(o["class"], o["fields"])}}
        return {k: self._ordered(x) for k, x in table.items()}

    def seen(self, v: Any) -> Any:
        """What was recorded, with the representation's names of fields."""
        if isinstance(v, list):
            return [self.seen(x) for x in cast("list[Any]", v)]
        if not isinstance(v, dict):
            return v
        table = {k: self.seen(x) for k, x in cast("dict[str, Any]", v).items()}
        if isinstance(table.get("object"), dict):
            held = cast("dict[str, Any]", table["object"])
            names = self.p.renamed_fields.get(str(held.get("class")), {})
            if names:
                fields = cast("dict[str, Any]", held["fields"])
                held = {**held, "fields": {names.get(k, k): x for k, x in fields.items()}}
            return {**table, "object": held}
        return table

    # The source

    def _wrapped(self) -> list[tuple[go.FuncInfo, ir.Function]]:
        """Functions and methods that an annotation puts under a pattern."""
        out: list[tuple[go.FuncInfo, ir.Function]] = []
        for cls, f in self.module.functions():
            uses = [u for u in f.patterns if u.pattern_id != "cli_framework"]
            info = self._info(cls, f)
            if uses and info is not None and self._annotated(info):
                out.append((info, f))
        return out

    def _info(self, cls: ir.Class | None, f: ir.Function) -> go.FuncInfo | None:
        if cls is None:
            return next((i for i in self.p.functions.values() if i.ir_name == f.name), None)
        owner = self.p.declared.get(cls.name)
        return next((m for m in owner.methods.values() if m.ir_name == f.name), None) if owner else None

    def _annotated(self, info: go.FuncInfo) -> bool:
        node = info.node
        name = node.child_by_field_name("name") if node is not None else None
        return name is not None and any(
            o.form.value == "annotation" and o.target is not None and o.target.name_range is not None
            and o.target.name_range.start == name.start_byte
            for found in self.p.occurrences.values()
            for o in found
        )  # fmt: skip

    def source(self) -> str:
        """The file with annotated functions under another name."""
        data = self.p.tree.text[: self.p.source_end]
        places: list[int] = []
        for info, _ in self.wrapped:
            assert info.node is not None
            name = info.node.child_by_field_name("name")
            assert name is not None
            places.append(name.end_byte)
        changes = [(at, at, b"Unguarded") for at in places]
        for n in self.walked if self.walks_maps else ():
            changes += [(n.start_byte, n.start_byte, b"recShuffled("), (n.end_byte, n.end_byte, b")")]
        for n in walk(self.p.tree.root):
            if n.type == "go_statement":
                changes += [
                    (n.start_byte, n.start_byte + 2, b"recGo(func() {"),
                    (n.end_byte, n.end_byte, b" })"),
                ]
            elif _starts_waited(self.p, n):
                changes.append((n.children[0].start_byte, n.children[0].end_byte, b"recGo"))
        for start, end, more in sorted(changes, reverse=True):
            if start < len(data):
                data = data[:start] + more + data[end:]
        text = data.decode("utf-8")
        if self.sleeps:
            # The name stays in use where this was its only one.
            text = re.sub(r"\btime\.(Sleep|After)\(", r"rec\1(", text) + "\nvar _ = time.Now\n"
        return text

    def wrappers(self, runtime: str) -> str:
        """Functions under the annotated names that run the source's under their patterns."""
        body: list[str] = []
        for info, f in self.wrapped:
            body.extend(self._wrapper(info, f))
        text = "\n".join(body)
        imports = self._imports(
            text,
            runtime,
            {
                "context": "context",
                "time": "time",
                "recresilience": f"{runtime}/resilience",
                "recerrors": f"{runtime}/errors",
            },
        )
        return f"package {self.p.name}\n\n{imports}\n{text}\n"

    def _imports(self, text: str, runtime: str, more: dict[str, str]) -> str:
        lines: list[str] = []
        named = dict(more)
        for name, path in self.p.imports.items():
            full = re.sub(r"^foundation/", f"{runtime}/", path)
            named.setdefault(name, full)
        lines.extend(
            f'\t{name} "{path}"' for name, path in named.items() if re.search(rf"\b{re.escape(name)}\.", text)
        )
        return "import (\n" + "\n".join(lines) + "\n)\n" if lines else ""

    def _wrapper(self, info: go.FuncInfo, f: ir.Function) -> list[str]:
        node = info.node
        assert node is not None
        params = [
            f"a{i} {self.go_text(t, info.variadic and i == len(info.params) - 1)}"
            for i, (_, t) in enumerate(info.params)
        ]
        args = [
            f"a{i}{'...' if info.variadic and i == len(info.params) - 1 else ''}"
            for i in range(len(info.params))
        ]
        if info.context:
            params.insert(0, "ctx context.Context")
            args.insert(0, "ctx")
        results = [f"r{i} {self.go_text(t)}" for i, t in enumerate(info.values)]
        receiver, call = "", f"{info.name}Unguarded"
        if info.owner:
            receiver = f"(self {'*' if info.pointer else ''}{info.owner}) "
            call = f"self.{call}"
        out = [f"func {receiver}{info.name}({', '.join(params)}) ({', '.join([*results, 'err error'])}) {{"]
        if not info.context:
            out.append("\tctx := context.Background()")
        targets = ", ".join([*(f"r{i}" for i in range(len(results))), "err"])
        run_it = (
            f"func(ctx context.Context) (err error) {{ {targets} = {call}({', '.join(args)}); return err }}"
        )
        shared: list[str] = []
        for n, use in enumerate(reversed(f.patterns)):
            options = self._options(use)
            name = f"rec{info.owner}{info.name}{n}"
            match use.pattern_id:
                case "retry_with_backoff":
                    run_it = f"func(ctx context.Context) error {{ return recresilience.Retry(ctx, {', '.join([run_it, *options])}) }}"
                case "error_boundary":
                    fallback = use.arguments.get("fallback")
                    reset = (
                        f"; if err != nil {{ r0 = {self._literal(fallback)} }}"
                        if fallback is not None and results
                        else ""
                    )
                    run_it = f"func(ctx context.Context) error {{ failed := false; err := recerrors.Boundary(ctx, func(ctx context.Context) error {{ err := {run_it}(ctx); failed = err != nil; return err }}, {', '.join(options)}); _ = failed{reset.replace('err != nil', 'failed')}; return err }}"
                case "circuit_breaker":
                    shared.append(
                        f"var {name} = recresilience.NewCircuitBreaker({', '.join([json.dumps(info.name), *options])})"
                    )
                    run_it = f"func(ctx context.Context) error {{ return {name}.Call(ctx, {run_it}) }}"
                case "rate_limiting":
                    limit = self._literal(use.arguments["limit"])
                    period = self._seconds(use.arguments.get("period", ir.Lit(1, type=ir.INT)))
                    shared.append(
                        f"var {name} = recresilience.NewRateLimiter({', '.join([limit, period, *options])})"
                    )
                    run_it = f"func(ctx context.Context) error {{ if err := {name}.Acquire(1); err != nil {{ return err }}; return {run_it}(ctx) }}"
                case _:
                    continue
        if not info.fails:
            out[0] = f"func {receiver}{info.name}({', '.join(params)}) ({', '.join(results)}) {{"
            return [
                *shared,
                out[0],
                f"\treturn {call}({', '.join(args)})" if results else f"\t{call}({', '.join(args)})",
                "}",
            ]
        out.append(f"\terr = ({run_it})(ctx)")
        out.append("\treturn")
        return [*shared, *out, "}"]

    def _options(self, use: ir.PatternUse) -> list[str]:
        from foundation_specs.registry import SpecRegistry

        from foundation_engine.port.emit._names import pascal

        spec = SpecRegistry.builtin()[use.pattern_id]
        package = "recerrors" if use.pattern_id == "error_boundary" else "recresilience"
        out: list[str] = []
        for name, v in use.arguments.items():
            parameter = spec.parameter(name)
            if name in ("limit", "period", "fallback", "wait", "name") or parameter is None:
                continue
            option = "Backoff" if name == "backoff_strategy" else pascal(name)
            if isinstance(v, ir.ListLit):
                value = ", ".join(self.sentinel(e.id) or "nil" for e in v.elems if isinstance(e, ir.Name))
            elif parameter.unit == "seconds":
                value = self._seconds(v)
            elif name == "jitter":
                value = self._jitter(v)
            elif isinstance(v, ir.Lit) and isinstance(v.value, str) and parameter.type.value == "enum":
                value = f"{package}.{pascal(v.value)}"
            elif isinstance(v, ir.DictLit):
                out.extend(
                    f"{package}.WithContext({self._literal(k)}, {self._literal(x)})" for k, x in v.items
                )
                continue
            else:
                value = self._literal(v)
            out.append(f"{package}.With{option}({value})")
        return out

    def _jitter(self, v: ir.Expr) -> str:
        given = v.value if isinstance(v, ir.Lit) else True
        if given is False or given == "none":
            return "recresilience.NoJitter"
        if isinstance(given, dict):
            kind = cast("dict[str, Any]", given)
            if kind["kind"] in ("full", "equal"):
                return f"recresilience.{str(kind['kind']).title()}Jitter"
            return f"recresilience.Symmetric({kind.get('ratio') or 0.25})"
        return "recresilience.Symmetric(0.25)"

    def _seconds(self, v: ir.Expr) -> str:
        seconds = v.value if isinstance(v, ir.Lit) else 0
        return f"time.Duration({round(float(seconds) * 1e9)})"

    def _literal(self, v: ir.Expr | None) -> str:
        match v:
            case ir.Lit(value=None):
                return "nil"
            case ir.Lit(value=value):
                return json.dumps(value)
            case _:
                return "nil"

    # Types

    def go_text(self, t: go.GoType, variadic: bool = False) -> str:
        """A type as the file writes it."""
        match t:
            case go.Basic(name):
                return name
            case go.Slice(elem, array):
                if array:
                    raise ir.Unsupported("an array in a signature")
                return f"{'...' if variadic else '[]'}{self.go_text(elem)}"
            case go.Map(key, value):
                return f"map[{self.go_text(key)}]{self.go_text(value)}"
            case go.Pointer(elem):
                return f"*{self.go_text(elem)}"
            case go.Func(params, results, context):
                inner = (
                    ["context.Context", *map(self.go_text, params)]
                    if context
                    else list(map(self.go_text, params))
                )
                return f"func({', '.join(inner)}) ({', '.join(map(self.go_text, results))})"
            case go.Empty():
                return "struct{}"
            case go.Named(name) if "." in name:
                path, _, last = name.rpartition(".")
                local = next((k for k, v in self.p.imports.items() if v == path), path.rpartition("/")[2])
                return f"{local}.{last}"
            case go.Named(name):
                made = next((k for k, v in self.p.instances_of_types.items() if v == name), None)
                return f"{made[0]}[{', '.join(map(self.go_text, made[1]))}]" if made is not None else name
            case _:
                raise ir.Unsupported("a type in a signature")

    # The generated file

    def sentinel(self, cls: str) -> str | None:
        """The error value that stands for a class, None when there is none."""
        for s in self.p.sentinels.values():
            if s.cls == cls:
                return s.name
        for name, runtime_class in go.RUNTIME_SENTINELS.items():
            if runtime_class == cls:
                return f"recerrors.{name}"
        return None

    def text(self, runtime: str, uses_runtime: bool) -> str:
        """The registry as Go source."""
        lines: list[str] = ["func recLoaded() *recRegistry {", "\treturn &recRegistry{"]
        lines.append("\t\tfunctions: map[string]reflect.Value{")
        for d in self.module.definitions:
            if isinstance(d, ir.Function):
                named = self._function_text(d)
                if named:
                    lines.append(f"\t\t\t{json.dumps(d.name)}: reflect.ValueOf({named}),")
            elif isinstance(d, ir.Class) and not self.p.declared[d.name].local:
                info = self.p.declared[d.name]
                for m in info.methods.values():
                    if not any(x.name == m.ir_name for x in d.methods):
                        continue
                    lines.append(
                        f"\t\t\t{json.dumps(f'{d.name}.{m.ir_name}')}: reflect.ValueOf((*{d.name}).{m.name}),"
                    )
        lines.append("\t\t},")
        lines.append("\t\tconstructors: map[string]reflect.Value{")
        lines.extend(
            f"\t\t\t{json.dumps(n)}: reflect.ValueOf({t.constructor})," for n, t in self.constructed.items()
        )
        lines.append("\t\t},\n\t\ttypes: map[string]reflect.Type{")
        classes = [
            d
            for d in self.module.definitions
            if isinstance(d, ir.Class) and not self.p.declared[d.name].local
        ]
        lines.extend(f"\t\t\t{json.dumps(c.name)}: reflect.TypeOf({c.name}{{}})," for c in classes)
        lines.append("\t\t},\n\t\tenums: map[string]reflect.Value{")
        for d in self.module.definitions:
            if isinstance(d, ir.EnumClass):
                for constant, member in self.p.declared[d.name].members.items():
                    lines.append(f"\t\t\t{json.dumps(f'{d.name}.{member}')}: reflect.ValueOf({constant}),")
        lines.append("\t\t},\n\t\thidden: map[string][]string{")
        for c in classes:
            own = {made: name for name, made in self.p.renamed_fields.get(c.name, {}).items()}
            shown = {own.get(f.name, f.name) for f in c.fields if not f.private and not self._opaque(f.type)}
            hidden = [f for f in self.p.declared[c.name].fields if f not in shown]
            lines.append(f"\t\t\t{json.dumps(c.name)}: {{{', '.join(map(json.dumps, hidden))}}},")
        lines.append("\t\t},\n\t\tfakes: map[string]func(f *recFake) any{")
        fakes = [d for d in self.module.definitions if isinstance(d, ir.Protocol)]
        lines.extend(
            f"\t\t\t{json.dumps(d.name)}: func(f *recFake) any {{ return &fake{d.name}{{f}} }},"
            for d in fakes
        )
        lines.append("\t\t},\n\t\tsentinels: map[string]error{")
        lines.extend(f"\t\t\t{json.dumps(s.cls)}: {s.name}," for s in self.p.sentinels.values())
        breaker = next((name for name, path in self.p.imports.items() if is_breaker(path)), None)
        if breaker is not None and not uses_runtime:
            lines.append(f'\t\t\t"CircuitOpenError": {breaker}.ErrOpenState,')
        if uses_runtime:
            seen = {s.cls for s in self.p.sentinels.values()}
            for name, cls in go.RUNTIME_SENTINELS.items():
                if cls in seen or cls in ("Exception", "FoundationError"):
                    continue
                made = (
                    f'&recerrors.{cls}{{Message: "scripted"}}'
                    if cls in go.MESSAGE_ERRORS
                    else f"recerrors.{name}"
                )
                lines.append(f"\t\t\t{json.dumps(cls)}: {made},")
        lines.append("\t\t},\n\t\terrorTypes: map[string]string{")
        lines.extend(
            f"\t\t\t{json.dumps(t.name)}: {json.dumps(t.name)},"
            for t in self.p.declared.values()
            if t.kind == "error"
        )
        lines.append("\t\t},")
        text = "\n".join(lines)
        lines.append(self._makers())
        lines.append(self._reset())
        lines.append("\t\tvirtual: true,")
        highs = "".join(f" reclib{i}.RecHigh = high;" for i in range(len(self.drawing)))
        if highs and not uses_runtime:
            lines.append(f"\t\thigh: func(high bool) {{{highs} }},")
        if uses_runtime:
            lines.append(
                "\t\tslept: func() []time.Duration { out := recclock.Slept; recclock.Slept = nil; return out },"
            )
            lines.append(
                "\t\thigh: func(high bool) { recclock.Draw = 0; if high { recclock.Draw = 1<<53 - 1 };"
                + highs
                + " },"
            )
        elif self.sleeps:
            lines.append("\t\tslept: func() []time.Duration { out := recSlept; recSlept = nil; return out },")
        lines.extend(["\t}", "}", ""])
        if self.sleeps:
            noted = "recclock.Slept" if uses_runtime else "recSlept"
            lines.append(
                f"func recSleep(d time.Duration) {{\n\t{noted} = append({noted}, max(d, 0))\n\ttime.Sleep(d)\n}}\n\n"
                f"func recAfter(d time.Duration) <-chan time.Time {{\n\t{noted} = append({noted}, max(d, 0))\n\treturn time.After(d)\n}}\n"
            )
            if not uses_runtime:
                lines.append("var recSlept []time.Duration\n")
        lines.append(_GOROUTINE)
        if self.walks_maps:
            lines.append(_MAPS)
        for d in fakes:
            lines.extend(self._fake(d))
        text = "\n".join(lines)
        more = {
            "synctest": "testing/synctest", "os": "os", "recrand": "math/rand/v2", **{f"reclib{i}": p for i, p in enumerate(self.drawing)},
            "reflect": "reflect", "context": "context", "time": "time", "recerrors": f"{runtime}/errors", "recclock": f"{runtime}/clock",
            "rechttp": f"{runtime}/httpclient", "recres": f"{runtime}/resilience", "reclog": f"{runtime}/logging",
        }  # fmt: skip
        imports = self._imports(text, runtime, more)
        return f"package {self.p.name}\n\n{imports}\n{text}\n"

    def _opaque(self, t: ir.Type) -> bool:
        """True for fields whose value is no data: runtime objects, functions and fakes."""
        if isinstance(t, ir.OptionalT):
            return self._opaque(t.elem)
        if isinstance(t, ir.NamedT):
            return not isinstance(self.module.find(t.name), ir.Class | ir.EnumClass)
        return isinstance(t, ir.FuncT)

    def _function_text(self, d: ir.Function) -> str:
        for f in self.p.functions.values():
            if f.ir_name == d.name and f.name not in self.p.prelude:
                types = ", ".join(map(self.go_text, f.bindings.values()))
                return f"{f.generic}[{types}]" if f.generic else f.name
        for t in self.p.declared.values():
            if t.kind in ("enum", "alias"):
                for m in t.methods.values():
                    if free_name(m) == d.name:
                        return f"({'*' if m.pointer else ''}{t.name}).{m.name}"
        return ""

    def _makers(self) -> str:
        used = self.p.tree.text.decode("utf-8", "replace")
        out = ["\t\tmade: map[string]func(p map[string]any) any{"]
        paths = set(self.p.imports.values())
        if "foundation/httpclient" in paths:
            options = [
                ("max_attempts", "rechttp.WithMaxAttempts(int(recNumber(v)))"), ("timeout", "rechttp.WithTimeout(recSpanOf(v))"),
                ("base_delay", "rechttp.WithBaseDelay(recSpanOf(v))"), ("max_delay", "rechttp.WithMaxDelay(recSpanOf(v))"),
            ]  # fmt: skip
            out.append(
                self._maker(
                    "HttpClient",
                    "rechttp.Option",
                    'rechttp.WithBaseURL(recText(p["base_url"]))',
                    options,
                    "rechttp.New(opts...)",
                )
            )
        if "CircuitBreaker" in used:
            options = [
                ("failure_threshold", "recres.WithFailureThreshold(int(recNumber(v)))"),
                ("recovery_timeout", "recres.WithRecoveryTimeout(recSpanOf(v))"),
                ("half_open_max_calls", "recres.WithHalfOpenMaxCalls(int(recNumber(v)))"),
                ("success_threshold", "recres.WithSuccessThreshold(int(recNumber(v)))"),
            ]
            out.append(
                self._maker(
                    "CircuitBreaker",
                    "recres.CircuitBreakerOption",
                    "",
                    options,
                    'recres.NewCircuitBreaker(recText(p["name"]), opts...)',
                )
            )
        if "RateLimiter" in used:
            every = 'func() time.Duration { if p["period"] == nil { return time.Second }; return recSpanOf(p["period"]) }()'
            out.append(
                f'\t\t\t"RateLimiter": func(p map[string]any) any {{ return recres.NewRateLimiter(int(recNumber(p["limit"])), {every}) }},'
            )
        if "foundation/logging" in paths:
            out.append(
                '\t\t\t"Logger": func(p map[string]any) any { return reclog.New(recText(p["name"])) },'
            )
        local = next((name for name, path in self.p.imports.items() if path == SLOG), None)
        if local is not None and "foundation/logging" not in paths:
            made = f"{local}.New({local}.DiscardHandler)"
            out.append(f'\t\t\t"Logger": func(p map[string]any) any {{ return {made} }},')
        return "\n".join([*out, "\t\t},"])

    def _maker(self, name: str, kind: str, first: str, options: list[tuple[str, str]], make: str) -> str:
        """How an object of the runtime is made from the parameters that a plan gives."""
        body = "".join(
            f'if v := p["{key}"]; v != nil {{ opts = append(opts, {text}) }}; ' for key, text in options
        )
        return f'\t\t\t"{name}": func(p map[string]any) any {{ opts := []{kind}{{{first}}}; {body}return {make} }},'

    def _reset(self) -> str:
        """Package variables that outlive a call are made anew before each plan."""
        out: list[str] = []
        for d in self.module.definitions:
            if isinstance(d, ir.Constant) and isinstance(d.value, ir.PatternNew):
                known = self.p.variables.get(d.name)
                if known is not None and known.node is not None:
                    out.append(f"\t\t\t{d.name} = {self._node(known.node)}")
        for info, f in self.wrapped:
            for line in self._wrapper(info, f):
                if line.startswith("var "):
                    out.append("\t\t\t" + line.removeprefix("var ").replace("recresilience.", "recres."))
        return "\t\treset: func() {\n" + "\n".join(out) + "\n\t\t}," if out else ""

    def _node(self, node: SyntaxNode) -> str:
        return self.p.text(node)

    def _fake(self, d: ir.Protocol) -> list[str]:
        info = self.p.declared[d.name]
        out = [
            f"type fake{d.name} struct{{ *recFake }}",
            f"func (f *fake{d.name}) recFakeName() string {{ return f.name }}",
        ]
        for m in info.methods.values():
            last = len(m.params) - 1
            params = [
                f"a{i} {self.go_text(t, m.variadic and i == last)}" for i, (_, t) in enumerate(m.params)
            ]
            if m.context:
                params.insert(0, "ctx context.Context")
            args = "".join(f", a{i}" for i in range(len(m.params)))
            results = ", ".join(self.go_text(t) for t in m.results)
            types = ", ".join(f"reflect.TypeOf((*{self.go_text(t)})(nil)).Elem()" for t in m.values)
            out.append(f"func (f *fake{d.name}) {m.name}({', '.join(params)}) ({results}) {{")
            out.append(f"\tv, err := f.answer({json.dumps(m.ir_name)}, []reflect.Type{{{types}}}{args})")
            values = [f"recAs[{self.go_text(t)}](v[{i}])" for i, t in enumerate(m.values)]
            if m.fails:
                out.append("\t_ = v")
                out.append(f"\treturn {', '.join([*values, 'err'])}")
            else:
                out.append('\tif err != nil {\n\t\trecSkipf("a fake that fails where it cannot")\n\t}')
                out.append(f"\treturn {', '.join(values)}" if values else "\t_ = v")
            out.append("}")
        return [*out, ""]


__all__ = ["GoRecorder"]
