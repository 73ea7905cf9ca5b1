"""Rust tests of a port: the source's recorded behaviour, one test per case, with scripted fakes and a virtual clock."""

# ruff: noqa: E501, S101 - Rust source, which its own formatter lays out; assertions narrow types.
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from foundation_engine.port import ir
from foundation_engine.port.emit import _rust_times as times
from foundation_engine.port.emit._names import pascal
from foundation_engine.port.emit._rust_body import FunctionWriter
from foundation_engine.port.emit._rust_errors import BUILTIN, CONSTRUCTORS
from foundation_engine.port.emit._worlds import with_command
from foundation_engine.port.emit.go_tests import (
    RecordedCase,
    any_value,
    elements,
    float_text,
    made_object,
    tagged,
    time_value,
)
from foundation_engine.port.emit.rust import rust_char, rust_float, rust_string, settled
from foundation_engine.port.ir import Type, Unsupported

_WALL = frozenset({"time.now", "time.local_now", "date.today", "clock.wall"})
NATIVE = "native"  # the dialect of plain loops, which sleep with the standard library

_SUPPORT: Mapping[str, str] = {
    "Same": """
/// Equal by value: floats nearly.
trait Same {
    fn same(&self, want: &Self) -> bool;
}
impl Same for f64 {
    fn same(&self, want: &f64) -> bool {
        // Infinity is near to nothing.
        let near = self.is_finite() && want.is_finite() && (self - want).abs() <= 1e-9 * self.abs().max(want.abs());
        self == want || self.is_nan() && want.is_nan() || near
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
    "SameJson": """
impl Same for serde_json::Value {
    fn same(&self, want: &Self) -> bool {
        match (self, want) {
            (Self::Number(a), Self::Number(b)) => a.is_f64() == b.is_f64() && (a == b || a.as_f64().same(&b.as_f64())),
            (Self::Array(a), Self::Array(b)) => a.same(b),
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len() && b.iter().all(|(key, v)| a.get(key).is_some_and(|got| got.same(v)))
            }
            _ => self == want,
        }
    }
}
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
    "here": """
/// The text with the address of this case's server.
fn here(text: &str) -> String {
    text.replace("{server}", &std::env::var("CASE_SERVER").unwrap_or_default())
}
""",
    "alone": with_command(r"""
/// Set in the process that a case has to itself.
const ALONE: &str = "CASE_ALONE";

/// Runs a case in a process of its own: what it counts and what is open begin anew.
fn alone(name: &str, case: impl FnOnce()) {
    in_world(name, Given::default(), None, case);
}

/// What a case finds around it.
#[derive(Default)]
struct Given {
    env: Vec<(&'static str, &'static str)>,
    files: Vec<(&'static str, &'static str)>,
    commands: Vec<(&'static str, Vec<Output>)>,
    server: bool,
    http: Vec<Answer>,
}

/// How a command ends.
struct Output {
    stdout: &'static str,
    stderr: &'static str,
    exit: i32,
}

/// What the server says.
#[derive(Clone)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: &'static str,
}

/// What a case leaves.
struct Left {
    files: Vec<(&'static str, &'static str)>,
    stdout: &'static str,
    commands: Vec<Vec<&'static str>>,
    requests: Vec<(&'static str, &'static str, &'static str)>,
}

/// Answers from its list in turn, the last one repeating, and notes its arguments.
const COMMAND: &str = r#"<script>
"#;

type Requests = Arc<Mutex<Vec<(String, String, String)>>>;

/// Runs a case in a process and a folder of its own, and checks what it leaves there.
fn in_world(name: &str, given: Given, left: Option<Left>, case: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        print!("\u{2}");
        case();
        print!("\u{3}");
        return;
    }
    let name = name.split_once("::").map_or(name, |(_, name)| name);
    let root = std::env::temp_dir().join(format!("case-{}-{}", std::process::id(), name.replace("::", "-")));
    let (work, bin, notes) = (root.join("work"), root.join("bin"), root.join("notes"));
    for folder in [&work, &bin, &notes] {
        fs::create_dir_all(folder).unwrap();
    }
    for (path, text) in &given.files {
        fs::create_dir_all(work.join(path).parent().unwrap()).unwrap();
        fs::write(work.join(path), text).unwrap();
    }
    for (command, outputs) in &given.commands {
        let log = notes.join(command).display().to_string();
        for (i, output) in outputs.iter().enumerate() {
            fs::write(format!("{log}.{i}.out"), output.stdout).unwrap();
            fs::write(format!("{log}.{i}.err"), output.stderr).unwrap();
            fs::write(format!("{log}.{i}.exit"), format!("{}\n", output.exit)).unwrap();
        }
        let script = COMMAND
            .replace("LOG", &log)
            .replace("ALL", &notes.join("all").display().to_string())
            .replace("NAME", command)
            .replace("COUNT", &outputs.len().to_string());
        fs::write(bin.join(command), script).unwrap();
        fs::set_permissions(bin.join(command), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let requests = Requests::default();
    let server = if given.server { serve(given.http.clone(), requests.clone()) } else { String::new() };
    let here = |text: &str| text.replace("{server}", &server);
    let mut run = Command::new(std::env::current_exe().unwrap());
    run.args(["--exact", name, "--nocapture"]).env(ALONE, "1").env("CASE_SERVER", &server).current_dir(&work);
    for (name, value) in &given.env {
        run.env(name, here(value));
    }
    if left.is_some() {
        run.env("PATH", &bin);
    }
    let done = run.output().unwrap();
    let stdout = String::from_utf8_lossy(&done.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
    let found = files_below(&work, &work);
    let noted = fs::read_to_string(notes.join("all")).unwrap_or_default();
    let _ = fs::remove_dir_all(&root);
    assert!(done.status.success() && stdout.contains('\u{3}'), "{stderr}{stdout}");
    let Some(left) = left else { return };
    let want: BTreeMap<String, String> = left.files.iter().map(|(path, text)| (path.to_string(), here(text))).collect();
    assert_eq!(found, want, "files");
    let said = stdout.split('\u{2}').nth(1).and_then(|rest| rest.split('\u{3}').next()).unwrap_or_default();
    assert_eq!(said, here(left.stdout), "standard output");
    let calls: Vec<Vec<&str>> = noted.split_terminator('\u{1e}').map(|call| call.split_terminator('\u{1f}').collect()).collect();
    assert_eq!(calls, left.commands, "commands");
    let got: Vec<_> = requests.lock().unwrap().iter().map(|(m, p, b)| (m.clone(), in_order(p), json(b))).collect();
    let want: Vec<_> = left.requests.iter().map(|(m, p, b)| (m.to_string(), in_order(&here(p)), json(&here(b)))).collect();
    assert_eq!(got, want, "requests");
}

fn files_below(folder: &Path, root: &Path) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files_below(&path, root));
        } else {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            out.insert(name, String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned());
        }
    }
    out
}

/// The path with its parameters sorted, because their order carries no meaning.
fn in_order(path: &str) -> String {
    let (place, parameters) = path.split_once('?').unwrap_or((path, ""));
    let parameters = parameters.replace('+', "%20");
    let mut list: Vec<&str> = parameters.split('&').collect();
    list.sort_unstable();
    format!("{place}?{}", list.join("&"))
}

/// A JSON text in one form, any other text as it is.
fn json(text: &str) -> String {
    serde_json::from_str::<serde_json::Value>(text).map_or_else(|_| text.to_string(), |value| value.to_string())
}

/// A server that answers from a list in turn, the last one repeating.
fn serve(answers: Vec<Answer>, requests: Requests) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let me = address.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut line, mut length) = (String::new(), 0);
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                continue;
            }
            let mut words = line.split_whitespace().map(str::to_string);
            let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            loop {
                let mut header = String::new();
                if reader.read_line(&mut header).unwrap_or(0) == 0 || header.trim().is_empty() {
                    break;
                }
                if let Some((name, value)) = header.split_once(':') {
                    if name.eq_ignore_ascii_case("content-length") {
                        length = value.trim().parse().unwrap_or(0);
                    }
                }
            }
            let mut body = vec![0; length];
            let _ = reader.read_exact(&mut body);
            let mut seen = requests.lock().unwrap();
            seen.push((method.clone(), path, String::from_utf8_lossy(&body).into_owned()));
            let last = Answer { status: 500, headers: Vec::new(), body: "" };
            let answer = answers.get((seen.len() - 1).min(answers.len().saturating_sub(1))).unwrap_or(&last);
            let mut text = format!("HTTP/1.1 {} Answer\r\nConnection: close\r\n", answer.status);
            for (name, value) in &answer.headers {
                text += &format!("{name}: {}\r\n", value.replace("{server}", &me));
            }
            text += &format!("Content-Length: {}\r\n\r\n", answer.body.len());
            if method != "HEAD" {
                text += answer.body;
            }
            let _ = reader.get_mut().write_all(text.as_bytes());
        }
    });
    address
}
"""),
    "timed": """
/// Runs a case in virtual time, which must then be from `low` to `high` nanoseconds later.
fn timed(low: i64, high: i64, case: impl FnOnce(&VirtualClock)) {
    let clock = Arc::new(VirtualClock::new());
    let now = clock.clone();
    simulate(clock.clone(), Arc::new(Sequence::new(vec![0; 1000])), move || case(&now));
    let took = clock.now();
    assert!((low..=high).contains(&took), "took {took} ns, want {low} to {high}");
}
""",
}


class RustTests:
    """Builds the test files of one crate."""

    def __init__(self, module: ir.Module, dialect: str = "foundation") -> None:
        self.rust, self.made = settled(module, dialect=dialect)
        # Breakers and limiters of the module are there as long as its process is.
        self.outlives = any(f.patterns for _, f in module.functions()) or any(
            isinstance(d, ir.Constant) and any(isinstance(n, ir.PatternNew) for n in ir.walk(d))
            for d in module.definitions
        )
        self.module = self.rust.module
        self.support: set[str] = set()
        self.fakes: set[str] = set()
        self.scripted: set[str] = set()
        self.objects: set[str] = set()  # what objects of the runtime are called and where they come from

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
                if "{server}" in v and t == ir.STR:
                    self.support.add("here")
                    return f"here({rust_string(v)})"
                return rust_char(v) if t == ir.CHAR else f"{rust_string(v)}.to_string()"
            case ir.P() if t in (ir.TIME, ir.NAIVE, ir.DATE, ir.DELTA):
                return FunctionWriter(self.rust, None).own(time_value(v, t))
            case ir.P(ir.Prim.BYTES):
                return (
                    f"vec![{', '.join(f'{b}_u8' for b in v['bytes'])}]" if v["bytes"] else "Vec::<u8>::new()"
                )
            case ir.ListT(elem):
                items = elements(v)
                if items is None:
                    raise Unsupported("a value of another type than declared")
                return (
                    f"vec![{', '.join(self.literal(x, elem) for x in items)}]"
                    if items
                    else f"Vec::<{self.rust.type(elem)}>::new()"
                )
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
            case ir.P(ir.Prim.ANY):
                return FunctionWriter(self.rust, None).own(any_value(v))
            case _:
                raise Unsupported(f"a value of type {ir.type_text(t)} in a test")

    def _object(self, v: Any, name: str) -> str:
        d = self.module.find(name)
        if isinstance(d, ir.EnumClass):
            return f"{self.rust.class_name(name)}::{pascal(v['enum'][1], initialisms=False)}"
        if not isinstance(d, ir.Class) or "object" not in tagged(v):
            raise Unsupported(f"a value of type {name} in a test")
        fields: Mapping[str, Any] = v["object"]["fields"]
        if d.init is not None:
            return self._made(d, fields, [])
        if any(f.private for f in d.fields):
            raise Unsupported("an object with fields that nobody else sees")
        parts = [
            f"{self.rust.field(ir.NamedT(name), f.name)}: {self.literal(fields[f.name], f.type)}"
            for f in d.fields
        ]
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
            if p.name in kept or "fake" in tagged(v) or "made" in tagged(v):
                args.append(self._given(v, p.type, p.name, before, p.name in kept))
            elif p.type == ir.STR:
                # A text is borrowed here.
                args.append(f"&{self.literal(v, p.type)}" if "{server}" in v else rust_string(v))
            else:
                args.append(self.literal(v, p.type))
        call = f"{self.rust.class_name(d.name)}::new({', '.join(args)})"
        return f"{call}.unwrap()" if self.rust.failing[key] else call

    # Arguments and fakes

    def _given(self, v: Any, t: Type, name: str, before: list[str], kept: bool) -> str:
        """A fake or another value that a function keeps, or a reference to one that it does not keep."""
        if "made" in tagged(v):
            return self._runtime_object(v, t, name, before, kept)
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
            parts = [
                f"{self.rust.method(m.name)}: {self._script(fake['methods'].get(m.name, []), m.result)}"
                for m in d.methods
            ]
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

    def _runtime_object(self, v: Any, t: Type, name: str, before: list[str], kept: bool) -> str:
        """An object of the runtime with the parameters of the case."""
        made = self.rust.local(name)
        made = f"{made}_made" if made in ("calls", "object", "got") else made
        text = FunctionWriter(self.rust, None).own(made_object(v))
        text = f"{text[:-1]}.unwrap()" if text.endswith("?") else text
        if "{server}" in text:
            self.support.add("here")
            text = text.replace('"{server}"', 'here("{server}")')
        self.objects |= self.rust.uses
        before.append(f"let {made} = {text};")
        return f"{made}.clone()" if kept else f"&{made}" if self.rust.borrowed(t) else made

    def _scripts(self, values: Any) -> set[str]:
        """The classes of the errors that fakes among some values answer with."""
        inside: list[Any] = list(cast("list[Any]", values)) if isinstance(values, list | tuple) else []
        found: set[str] = set()
        if isinstance(values, dict):
            named = cast("dict[str, Any]", values)
            inside = list(named.values())
            if isinstance(named.get("error"), str):
                found.add(named["error"])
        return found.union(*(self._scripts(v) for v in inside))

    def _script(self, outcomes: Sequence[Mapping[str, Any]], result: Type) -> str:
        parts = [
            f"|| Err({self._scripted(o['error'])})"
            if "error" in o
            else f"|| Ok({self.literal(o['value'], result)})"
            for o in outcomes
        ]
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
            return (
                f'Error::{BUILTIN[cls]}("scripted".to_string())'
                if cls != "OSError"
                else 'Error::Io(std::io::Error::other("scripted"))'
            )
        if errors.runtime and cls in CONSTRUCTORS:
            return f'{errors.foundation}::{CONSTRUCTORS[cls]}("scripted"){"" if errors.plain else ".into()"}'
        if errors.unknown:
            return f'Error::External("{cls}".into())'
        raise Unsupported(f"an error of class {cls} in a script")

    def _fake_type(self, name: str) -> list[str]:
        d = self.module.find(name)
        assert isinstance(d, ir.Protocol)
        made = f"Fake{self.rust.class_name(name)}"
        lines = [
            "",
            "/// Answers from scripts and notes its calls.",
            f"struct {made} {{",
            "    calls: Calls,",
        ]
        lines += [
            f"    {self.rust.method(m.name)}: Script<{'()' if m.result == ir.NONE else self.rust.type(m.result)}>,"
            for m in d.methods
        ]
        lines += ["}", "", f"impl {self.rust.class_name(name)} for {made} {{"]
        for m in d.methods:
            params = ", ".join(
                ["&self", *(f"{self.rust.local(p.name)}: {self.rust.param(p.type)}" for p in m.params)]
            )
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
        owners += [
            d.init.params for d in self.module.definitions if isinstance(d, ir.Class) and d.init is not None
        ]
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
        support = [
            line
            for name in sorted(self.support)
            for line in ["", *_SUPPORT[name].replace("MAP<", f"{self.rust.map}<").strip().splitlines()]
        ]
        if "Same" in self.support:
            named = [d for d in self.module.definitions if isinstance(d, ir.EnumClass | ir.Class)]
            for d in named:
                if f"{self.rust.class_name(d.name)}" not in "\n".join(tests):
                    continue
                support += self._same(d)
            if "chrono" in self.made.crates:
                support.append(f"exactly!({', '.join(times.TYPES.values())});")
        text = "\n".join([*tests, *fakes, *support])
        text = re.sub(r"#!/bin/sh.*?\"#;", "", text, flags=re.DOTALL)
        uses = [f"use {crate}::*;"]
        if "alone" in self.support:
            uses += [
                "use std::collections::BTreeMap;",
                "use std::fs;",
                "use std::io::{BufRead, BufReader, Read, Write};",
                "use std::net::TcpListener;",
                "use std::os::unix::fs::PermissionsExt;",
                "use std::path::Path;",
                "use std::process::Command;",
            ]
        brought: dict[str, set[str]] = {}
        for path in sorted(self.objects):
            place, _, rest = path.partition("::{") if "{" in path else path.rpartition("::")
            for n in rest.rstrip("}").split(", "):
                if (
                    place.startswith("foundation::")
                    and n not in ("Class", "Classify")
                    and " as " not in n
                    and re.search(rf"\b{n}\b", "\n".join(tests))
                ):
                    brought.setdefault(place, set()).add(n)
        brought.get("foundation::errors", set()).discard("Error")
        uses += [
            f"use {place}::{{{', '.join(sorted(names))}}};"
            for place, names in sorted(brought.items())
            if names
        ]
        if "Duration::" in text:
            uses.append("use std::time::Duration;")
        std = [n for n in ("HashMap", "HashSet") if re.search(rf"\b{n}\b", text)]
        if std:
            uses.append(f"use std::collections::{std[0] if len(std) == 1 else '{' + ', '.join(std) + '}'};")
        sync = [n for n in ("Arc", "Mutex") if re.search(rf"\b{n}\b", text)]
        if sync:
            uses.append(f"use std::sync::{sync[0] if len(sync) == 1 else '{' + ', '.join(sync) + '}'};")
        if "IndexMap" in text:
            uses.append("use indexmap::IndexMap;")
        if chrono := [n for n in times.NAMES if re.search(rf"\b{n}\b", text)]:
            uses.append(f"use chrono::{{{', '.join(chrono)}}};")
        if "timed" in self.support:
            uses.append("use foundation::clock::{simulate, Clock, Sequence, VirtualClock};")
        if re.search(r"\bFoundationError\b", text):
            uses.append("use foundation::errors::Error as FoundationError;")
        elif self.rust.errors.plain and re.search(r"\bError\b", text):
            uses.append("use foundation::errors::Error;")
        allowed = (
            "#![allow(unused_imports, unused_macros, dead_code, clippy::all)]"
            if self.support
            else "#![allow(unused_imports, clippy::all)]"
        )
        return "\n".join([allowed, "", *uses, *tests, *fakes, *support, ""])

    def _same(self, d: ir.Class | ir.EnumClass) -> list[str]:
        name = self.rust.class_name(d.name)
        if isinstance(d, ir.EnumClass):
            return [f"exactly!({name});"]
        if any(f.private for f in d.fields):
            return []
        tests = " && ".join(
            f"self.{n}.same(&want.{n})"
            for n in (self.rust.field(ir.NamedT(d.name), f.name) for f in d.fields)
        )
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
            name = f"{prefix}{name}"
            count[name] = count.get(name, 0) + 1
            title = f"{name}_{count[name]}"
            try:
                inner = self._case(f, owner if isinstance(owner, ir.Class) else None, c, title)
            except (Unsupported, KeyError, ValueError, TypeError, AttributeError):
                # A value that the declared types cannot hold is not a case.
                continue
            lines.extend(["", "#[test]", f"fn {title}() {{", *(f"    {x}" for x in inner), "}"])
        return lines

    def _case(self, f: ir.Function, owner: ir.Class | None, c: RecordedCase, title: str) -> list[str]:
        name = f'concat!(module_path!(), "::{title}")'
        key = (owner.name if owner is not None else "", f.name)
        native = self.rust.templates.chosen.dialect == NATIVE
        foreign = self.rust.templates.chosen.dialect not in ("foundation", NATIVE)
        if foreign and c.sleeps:
            # Another library sleeps in real time.
            raise Unsupported("a pattern of another library in a test")
        changed, kept = self.rust.ownership.changed[key], self.rust.ownership.kept[key]
        self.scripted = self._scripts([list(c.plan.args), dict(c.plan.object)])
        setup: list[str] = []
        args: list[str] = []
        watched: list[tuple[str, Type, Any]] = []
        for i, (p, v) in enumerate(zip(f.params, c.plan.args, strict=True)):
            if "fake" in tagged(v) or "made" in tagged(v):
                args.append(self._given(v, p.type, p.name, setup, p.name in kept))
                continue
            after = c.after[i] if i < len(c.after) else None
            text = self.literal(v, p.type)
            if p.name in changed:
                local = self.rust.local(p.name)
                local = f"{local}_argument" if local in ("calls", "object", "got", "clock") else local
                setup.append(f"let mut {local} = {text};")
                if after is not None:
                    watched.append((local, p.type, after))
                args.append(f"&mut {local}")
            elif after is not None and after != v:
                raise Unsupported("an argument that is changed")
            elif len(c.steps) > 1 and not self.rust.copies(p.type) and not self.rust.borrowed(p.type):
                args.append(text)
            else:
                args.append(
                    rust_string(v)
                    if p.type == ir.STR and "{server}" not in v
                    else f"&{text}"
                    if self.rust.borrowed(p.type)
                    else text
                )
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
        for i, step in enumerate(c.steps):
            if i and c.plan.advance:
                lines.append(f"clock.advance({c.plan.advance});")
            lines += self._step(key, f, call, step)
        for local, t, after in watched:
            lines += self._compare(local, after, t)
        if any("calls" in s for s in setup):
            expected = ", ".join(self._noted(t) for t in c.trace)
            lines.append(
                f"assert_eq!(calls.list(), {f'vec![{expected}]' if c.trace else 'Vec::<String>::new()'});"
            )
        if receiver and c.state is not None and owner is not None:
            state: Mapping[str, Any] = c.state["object"]["fields"]
            for fd in owner.fields:
                if not fd.private and fd.name in state:
                    lines += self._compare(
                        f"object.{self.rust.field(ir.NamedT(owner.name), fd.name)}", state[fd.name], fd.type
                    )
        if native and not c.plan.advance:
            # A plain loop sleeps with the standard library, in its own rhythm.
            pass
        elif c.sleeps and any(
            isinstance(n, ir.Intrinsic) and n.op in _WALL for d in self.module.definitions for n in ir.walk(d)
        ):
            raise Unsupported("time that passes on our clock, but not on the system's")
        elif "foundation" in self.made.crates and (f.context or c.sleeps or c.plan.advance):
            passed = c.plan.advance * (len(c.steps) - 1)
            low, high = sum(c.sleeps) + passed, sum(c.sleeps_high or c.sleeps) + passed
            self.support.add("timed")
            clock = "clock" if c.plan.advance and len(c.steps) > 1 else "_"
            lines = [
                f"timed({min(low, high)}, {max(low, high)}, |{clock}| {{",
                *(f"    {x}" for x in lines),
                "});",
            ]
        elif c.sleeps or c.plan.advance:
            raise Unsupported("time that passes without our clock")
        if c.plan.world is not None:
            self.support.add("alone")
            given, left = self._world(c.plan.world), self._left(c.world_after or {})
            return [f"in_world({name}, {given}, Some({left}), || {{", *(f"    {x}" for x in lines), "});"]
        if c.plan.fresh and self.outlives:
            self.support.add("alone")
            return [f"alone({name}, || {{", *(f"    {x}" for x in lines), "});"]
        return lines

    # Worlds

    def _world(self, world: Mapping[str, Any]) -> str:
        parts: list[str] = []
        for key in ("env", "files"):
            items = ", ".join(
                f"({rust_string(k)}, {rust_string(str(v))})" for k, v in world.get(key, {}).items()
            )
            parts += [f"{key}: vec![{items}]"] if items else []
        if world.get("commands"):
            commands = [
                f"({rust_string(n)}, vec![{', '.join(map(_output, outcomes))}])"
                for n, outcomes in world["commands"].items()
            ]
            parts.append(f"commands: vec![{', '.join(commands)}]")
        if "http" in world or "{server}" in str(world):
            parts.append(f"server: true, http: vec![{', '.join(map(_answer, world.get('http', ())))}]")
        return (
            f"Given {{ {', '.join([*parts, '..Given::default()'])} }}"
            if len(parts) < 4
            else f"Given {{ {', '.join(parts)} }}"
        )

    def _left(self, after: Mapping[str, Any]) -> str:
        files = ", ".join(f"({rust_string(k)}, {rust_string(v)})" for k, v in after.get("files", {}).items())
        commands = ", ".join(
            f"vec![{', '.join(map(rust_string, words))}]" for words in after.get("commands", ())
        )
        requests = ", ".join(
            f"({rust_string(r['method'])}, {rust_string(r['path'])}, {rust_string(r.get('body') or '')})"
            for r in after.get("requests", ())
        )
        return f"Left {{ files: vec![{files}], stdout: {rust_string(after.get('stdout', ''))}, commands: vec![{commands}], requests: vec![{requests}] }}"

    def _step(self, key: tuple[str, str], f: ir.Function, call: str, step: Mapping[str, Any]) -> list[str]:
        fails = self.rust.failing[key]
        if "error" in step:
            pattern = self._pattern(step) if fails else ""
            if not pattern:
                self.support.add("panics")
                return [f"assert!(panics(|| {call}));"]
            return [
                f'match {call} {{ Err({pattern}) => {{}} other => panic!("{{other:?}}, want {step["error"]}") }}'
                if self._debug(f.result)
                else f"assert!(matches!({call}, Err({pattern})));"
            ]
        if f.result == ir.NONE:
            return [f"{call}{'.unwrap()' if fails else ''};"]
        lines = [f"let got = {call}{'.unwrap()' if fails else ''};"]
        return [*lines, *self._compare("got", step["value"], f.result)]

    def _debug(self, t: Type) -> bool:
        return all(
            d.name not in ir.type_text(t) or "Debug" in self._derives(d)
            for d in self.module.definitions
            if isinstance(d, ir.Class)
        )

    def _derives(self, d: ir.Class) -> str:
        found = re.search(
            rf"#\[derive\(([^)]*)\)\]\s*pub struct {self.rust.class_name(d.name)}\b", self.made.source
        )
        return found[1] if found else ""

    def _pattern(self, step: Mapping[str, Any]) -> str:
        """The pattern of an expected error, "" when it is a mistake that stops the program."""
        errors = self.rust.errors
        if (
            # The last is what Python says of a value that is not of the type that the port reads it as.
            step["error"] in {*ir.PROGRAM_ERRORS, "AttributeError"}
            and step["error"] not in errors.builtin
            and step["error"] not in self.scripted
        ):
            return ""
        for name in (step["error"], *step.get("bases", ())):
            if name in ir.PROGRAM_ERRORS and name not in errors.builtin:
                continue
            if name == "Exception" and step["error"] not in errors.tree.bases:
                break
            found = errors.variants(name) if name in errors.tree.bases and name != "Exception" else []
            if found:
                return " | ".join(found)
            if not errors.runtime and errors.unknown and name in ir.RUNTIME_ERRORS:
                break
        return "Error::External(_)" if errors.unknown else "_"

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
            plain = rust_string(v) if t == ir.STR and "{server}" not in v else want
            return [f"assert_eq!({got}, {plain});"]
        self.support.add("Same")
        if any(
            isinstance(n, ir.Expr) and n.type == ir.ANY for d in self.module.definitions for n in ir.walk(d)
        ):
            self.support.add("SameJson")
        shown = f"let want: {self.rust.type(t)} = {want};"
        return [
            "{",
            f"    {shown}",
            f'    assert!({got}.same(&want), "got {{:?}}, want {{want:?}}", {got});',
            "}",
        ]

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
                return (
                    not isinstance(d, ir.Class)
                    or name in seen
                    or (
                        "PartialEq" in self._derives(d)
                        and all(self._exact(f.type, seen | {name}) for f in d.fields)
                    )
                )
            case _:
                return True


def _output(o: Mapping[str, Any]) -> str:
    return f"Output {{ stdout: {rust_string(o.get('stdout', ''))}, stderr: {rust_string(o.get('stderr', ''))}, exit: {o.get('exit', 0)} }}"


def _answer(a: Mapping[str, Any]) -> str:
    given = cast("dict[str, Any]", a.get("headers") or {})
    headers = ", ".join(f"({rust_string(k)}, {rust_string(str(v))})" for k, v in given.items())
    return f"Answer {{ status: {a.get('status', 200)}, headers: vec![{headers}], body: {rust_string(a.get('body') or '')} }}"


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
