"""Record Rust functions: a copy of the source with a recorder in it is compiled once and called for every plan."""

# ruff: noqa: E501 - the text of generated Rust reads best on one line.
from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from foundation_grammars.tree import SyntaxNode, parse
from foundation_specs.model import LanguageId

from foundation_engine.port import ir
from foundation_engine.port.engine import runtime_root
from foundation_engine.port.front import _rust_types as rt
from foundation_engine.port.front._rust_scope import COMMENTS, code_children, kind_name
from foundation_engine.port.front.rust import ModuleLowerer
from foundation_engine.port.passes import error_tree
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import cargo
from foundation_engine.verify.cases import Case, Plan, zero_value
from foundation_engine.verify.sandbox import RECORDED, Completed, Limits, run

_PRELUDE = Path(__file__).with_name("record_rust.rs")
_DRIVER = Path(__file__).with_name("record_compiled.py")
# Crates that a source may use when it has no manifest of its own.
_CRATES = {
    "serde": 'serde = { version = "1", features = ["derive"] }',
    "thiserror": 'thiserror = "2"',
    "anyhow": 'anyhow = "1"',
    "backon": 'backon = { version = "1", default-features = false, features = ["std", "std-blocking-sleep"] }',
}
_RUNTIME_OBJECTS = ("CircuitBreaker", "RateLimiter", "Logger", "HttpClient")


@cache
def _compiler() -> str:
    try:
        done = subprocess.run(("rustc", "--version"), capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


class Unplanned(Exception):  # noqa: N818 - it says why a function cannot be called, which is data.
    """A function that the recorder cannot call."""


@dataclass
class _Made:
    """The text of one function's recorder: what is made before the steps, the arguments of a step, what is read after."""

    setup: list[str] = field(default_factory=list[str])
    args: list[str] = field(default_factory=list[str])
    after: list[str] = field(default_factory=list[str])


class RustRecorder:
    """Compiles the source with a recorder and calls its functions, with virtual time and fixed random draws."""

    def record(
        self, request: PortRequest, module: ir.Module, planned: Sequence[Plan], seconds: float = 60.0
    ) -> tuple[list[Case], str]:
        """See `Recorder.record`."""
        if shutil.which("cargo") is None:
            return [], "cargo was not found; install Rust from https://rustup.rs"
        root = runtime_root(LanguageId.RUST)
        if root is None:
            return [], "the Rust runtime was not found, which recording needs for its clock"
        maker = Maker(request.text, module)
        with tempfile.TemporaryDirectory(prefix="foundation-record-", ignore_cleanup_errors=True) as scratch:
            folder = Path(scratch)
            (folder / "src").mkdir()
            (folder / "Cargo.toml").write_text(_manifest(request, root), encoding="utf-8")
            (folder / "src" / "main.rs").write_text(
                "#![allow(warnings)]\nmod source;\nfn main() {\n    source::rec_module::rec_main();\n}\n",
                encoding="utf-8",
            )
            problem = cargo.ready(folder, _compiler())
            if problem:
                return [], problem
            wanted = sorted({(p.cls, p.function) for p in planned})
            problem = _compile(folder, maker, wanted)
            if problem:
                return [], problem
            unordered = re.search(r"\bHash(Map|Set)\b", request.text) is not None
            return self._run(folder, module, planned, seconds, unordered)

    def _run(
        self, folder: Path, module: ir.Module, planned: Sequence[Plan], seconds: float, unordered: bool
    ) -> tuple[list[Case], str]:
        from foundation_engine.verify.recorders import read_cases

        program = folder / "target" / "debug" / "recorder"
        given = json.dumps(
            {"program": str(program), "unordered": unordered, "plans": [p.as_json() for p in planned]}
        )
        work = folder / "work"
        work.mkdir()
        done = run(
            (sys.executable, str(_DRIVER)),
            work,
            Limits(
                max(seconds, 120.0),
                cpu_seconds=int(max(seconds, 120.0)),
                file_bytes=RECORDED,
                output_bytes=RECORDED,
            ),
            {"PYTHONDONTWRITEBYTECODE": "1", "RUST_BACKTRACE": "0"},
            given,
        )
        return read_cases(_with_bases(done, module), planned, seconds)


def _with_bases(done: Completed, module: ir.Module) -> Completed:
    """The recording with the bases of each error class, which the compiled recorder does not know."""
    tree = error_tree(module)
    out: list[str] = []
    for line in done.stdout.splitlines():
        try:
            seen: dict[str, Any] = json.loads(line)
        except ValueError:
            continue
        for step in seen.get("steps", ()):
            if "error" in step:
                step["bases"] = list(tree.ancestors(step["error"]))
            if "cause" in step:
                step["cause"] = list(tree.ancestors(step["cause"]))
        out.append(json.dumps(seen))
    return Completed(done.command, done.code, "\n".join(out), done.stderr, done.seconds, done.timed_out)


def _manifest(request: PortRequest, root: Path) -> str:
    lines = [
        "[package]", 'name = "recorder"', 'version = "0.1.0"', 'edition = "2021"', "", "[dependencies]",
        f'foundation = {{ path = "{root / "foundation"}" }}',
        'serde_json = { version = "1", default-features = false, features = ["std"] }',
    ]  # fmt: skip
    for crate, text in _CRATES.items():
        if re.search(rf"\b{crate}::", request.text) or (crate == "serde" and "Deserialize" in request.text):
            lines.append(text)
    return "\n".join([*lines, "", "[workspace]", ""])


def _compile(folder: Path, maker: Maker, wanted: list[tuple[str, str]]) -> str:
    """Compile the recorder; functions whose recorder does not compile are left out. "" or what is wrong."""
    dropped: set[tuple[str, str]] = set()
    text, said = "", ["no message"]
    for _ in range(4):
        text = maker.source([w for w in wanted if w not in dropped])
        (folder / "src" / "source.rs").write_text(text, encoding="utf-8")
        done = run(
            ("cargo", "build", "--quiet", "--message-format", "short"),
            folder,
            Limits(300.0),
            {**cargo.ENV, "CARGO_TARGET_DIR": "target"},
        )
        if done.code == 0:
            return ""
        if done.timed_out or done.code is None:
            return "the source took too long to compile" if done.timed_out else done.stderr
        lines = text.splitlines()
        found: set[tuple[str, str]] = set()
        for m in re.finditer(r"^src/source\.rs:(\d+):\d+: error", done.text, re.MULTILINE):
            at = int(m[1]) - 1
            while at >= 0 and not lines[at].startswith("// recorder of "):
                at -= 1
            if at < 0:
                first = done.text.strip().splitlines()[0]
                return f"the source does not compile: {first}"
            cls, _, name = lines[at].removeprefix("// recorder of ").rpartition(".")
            found.add((cls, name))
        said = done.text.strip().splitlines()[:1] or said
        if not found - dropped:
            break
        dropped |= found
        maker.dropped |= found
    return f"the source does not compile with its recorder: {said[0]}"


class Maker:
    """Writes the recorder of one source."""

    def __init__(self, text: str, module: ir.Module) -> None:
        self.text = text
        self.module = module
        self.lowerer = ModuleLowerer(text, module.name)
        self.lowerer.lower(None)
        self.scope = self.lowerer.scope
        self.items: dict[tuple[str, str], tuple[SyntaxNode, str]] = {}
        self.fakes: set[str] = set()
        self.dropped: set[tuple[str, str]] = set()
        self._index()

    def _index(self) -> None:
        """Every function by (class, name in the representation), with the type that owns it."""
        low = self.lowerer
        for n in low.items:
            if n.type == "function_item":
                self.items["", low.name_of(n)] = (n, "")
        for owner in low.impls:
            for trait, _, m in low.functions_of(owner):
                name = low.name_of(m)
                if owner in self.scope.enums and owner not in self.scope.structs:
                    s = self.scope.enums[owner].methods.get(name)
                    if trait == "Display":
                        self.items["", f"{_snake(owner)}_text"] = (m, owner)
                    elif s is not None and s.rename:
                        self.items["", s.rename] = (m, owner)
                elif owner in self.scope.structs:
                    s = self.scope.structs[owner].methods.get(name)
                    known = (
                        "to_text"
                        if trait == "Display"
                        else (s.rename if s is not None and s.rename else name)
                    )
                    self.items[owner, known] = (m, owner)

    # The whole

    def source(self, wanted: list[tuple[str, str]]) -> str:
        """The copy of the source with the recorder at its end."""
        self.fakes = set()
        functions: list[str] = []
        arms: list[str] = []
        for i, (cls, name) in enumerate(wanted):
            key = f"{cls}.{name}"
            try:
                body = self._function(cls, name)
            except (Unplanned, KeyError):
                continue
            functions.append(
                f"// recorder of {key}\n#[allow(clippy::all)]\nfn rec_{i}(plan: &Json, turn: &RecTurn) -> RecResult<Json, String> {{\n{body}\n}}\n// end of a recorder"
            )
            arms.append(f'        ("{cls}", "{name}") => rec_{i}(plan, turn),')
        dispatch = "\n".join(
            [
                "fn rec_dispatch(plan: &Json, turn: &RecTurn) -> RecResult<Json, String> {",
                '    match (plan["class"].as_str().unwrap_or_default(), plan["function"].as_str().unwrap_or_default()) {',
                *arms,
                '        _ => Err("a function that the recorder cannot call".to_owned()),',
                "    }",
                "}",
            ]
        )
        types = [
            *self._structs(),
            *self._enums(),
            *self._errors(),
            *(self._fake(t) for t in sorted(self.fakes)),
        ]
        body = "\n".join([_PRELUDE.read_text(encoding="utf-8"), *types, dispatch, *functions])
        source = re.sub(r"(?:::)?\b(?:std::)?thread::sleep\s*\(", "self::rec_module::rec_sleep(", self.text)
        if "BlockingRetryable" in source and "fn call(" not in source:
            # What backon waits for is noted, and takes no time.
            source = source.replace(".call()", ".sleep(self::rec_module::rec_sleep).call()")
        source = re.sub(r"^(\s*)fn main\(\)", r"\1#[allow(dead_code)] fn main()", source, flags=re.MULTILINE)
        return f"{source}\n#[allow(warnings)]\npub mod rec_module {{\nuse super::*;\n{body}\n}}\n"

    # Types

    def src(self, node: SyntaxNode | None) -> str:
        return self.scope.src(node) if node is not None else ""

    def _static(self, text: str) -> str:
        """A type's text with every reference and lifetime 'static."""
        text = re.sub(r"'\w+", "'static", text)
        return re.sub(r"&(?!\s*'|\s*mut\b|\s*\w*dyn)\s*", "&'static ", text)

    def _generics(self, node: SyntaxNode) -> str:
        """`<'static, T>` for the lifetimes of an item; an item with type parameters is not recorded."""
        held = node.child_by_field_name("type_parameters")
        if held is None:
            return ""
        kinds = [c.type for c in code_children(held)]
        if any(k not in ("lifetime_parameter", "lifetime") for k in kinds):
            raise Unplanned("type parameters")
        return "<" + ", ".join("'static" for _ in kinds) + ">"

    def _plain(self, node: SyntaxNode | None) -> bool:
        """True for a type whose values have a neutral form."""
        text = self.src(node)
        if re.search(
            r"\b(dyn|impl|Fn|FnMut|FnOnce|Mutex|RefCell|Cell|RwLock|Atomic\w+|Instant|PhantomData)\b",
            text,
        ):
            return False
        names = set(re.findall(r"[A-Za-z_]\w*", text))
        if names & {*_RUNTIME_OBJECTS, "RetryPolicy", "ErrorBoundary"}:
            return False
        for name in names:
            info = self.scope.structs.get(name)
            if info is not None and not self._plain_struct(name):
                return False
            if name in self.scope.traits or name in self.scope.error_structs:
                return False
            if name in self.scope.enums and self.scope.enums[name].kind == "error":
                return False
        return True

    def _plain_name(self, name: str, seen: frozenset[str]) -> bool:
        """True for the name of a type whose values have a neutral form."""
        if name in self.scope.structs:
            return self._plain_struct(name, seen)
        if name in self.scope.traits or name in self.scope.error_structs or name in _RUNTIME_OBJECTS:
            return False
        return name not in self.scope.enums or self.scope.enums[name].kind == "plain"

    def _plain_struct(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        if name in seen:
            return True
        node = self.scope.structs[name].node
        try:
            self._generics(node)
        except Unplanned:
            return False
        if self.scope.structs[name].union:
            held = [n for n in _walk(node) if n.type in ("type_identifier", "primitive_type", "generic_type")]
            texts = [self.src(n) for n in held if self.src(n) != name]
            kinds = {w for t in texts for w in re.findall(r"\w+", t)} - {name}
            return all(self._plain_name(k, seen | {name}) for k in kinds)
        body = node.child_by_field_name("body")
        for f in code_children(body) if body is not None else []:
            if f.type != "field_declaration":
                continue
            text = self.src(f.child_by_field_name("type"))
            if name in re.findall(r"\w+", text):
                continue
            if not self._plain(f.child_by_field_name("type")):
                return False
        return True

    def _structs(self) -> list[str]:
        out: list[str] = []
        for name, info in self.scope.structs.items():
            if not self._plain_struct(name):
                continue
            if info.union:
                out.extend(self._union(name))
                continue
            generics = self._generics(info.node)
            shown = self._shown(name)
            pairs = "".join(f'fields.insert("{s}".to_owned(), self.{f}.rec_encode()); ' for f, s in shown)
            made = ", ".join(f'{f}: RecDecode::rec_decode(&fields["{s}"])' for f, s in shown)
            out.append(
                f"impl RecEncode for super::{name}{generics} {{ fn rec_encode(&self) -> Json {{ let mut fields = ::serde_json::Map::new(); {pairs}"
                f'json!({{"object": {{"class": "{name}", "fields": fields}}}}) }} }}'
            )
            decoded = f'let fields = &v["object"]["fields"]; Self {{ {made} }}'
            made_by = self._by_constructor(name)
            if made_by is not None:
                decoded = f'let fields = &v["object"]["fields"]; {made_by}'
            out.append(
                f"impl RecDecode for super::{name}{generics} {{ fn rec_decode(v: &Json) -> Self {{ {decoded} }} }}"
            )
        return out

    def _shown(self, name: str) -> list[tuple[str, str]]:
        """The fields of a struct, and their names in the representation."""
        names = self.scope.renamed_fields.get(name, {})
        info = self.scope.structs[name]
        return [(str(i) if info.positional else f, names.get(f, f)) for i, f in enumerate(info.fields)]

    def _union(self, name: str) -> list[str]:
        """An enum whose variants hold values, as the object that it is in the representation."""
        d = self.module.find(name)
        if not isinstance(d, ir.Class):
            return []
        zeros = {f.name: zero_value(f.type) for f in d.fields if f.name != "kind"}
        kind = kind_name(name)
        shown: list[str] = []
        read: list[str] = []
        for v in self.scope.enums[name].variants.values():
            labels = [f"x{i}" for i in range(len(v.fields))]
            if v.positional:
                pattern = f"({', '.join(labels)})" if labels else ""
                made = f"({', '.join(self._held(h) for h in v.held)})" if labels else ""
            else:
                names = [f for f, _ in v.fields]
                pattern = (
                    f" {{ {', '.join(f'{f}: {x}' for f, x in zip(names, labels, strict=True))} }}"
                    if labels
                    else ""
                )
                held = ", ".join(f"{f}: {self._held(h)}" for f, h in zip(names, v.held, strict=True))
                made = f" {{ {held} }}" if labels else ""
            values = "".join(
                f'fields.insert("{h}".to_owned(), {x}.rec_encode()); '
                for h, x in zip(v.held, labels, strict=True)
            )
            shown.append(f'super::{name}::{v.name}{pattern} => {{ {values} "{v.name}" }}')
            others = [z for z in zeros if z not in v.held]
            checks = "".join(
                f'if fields["{z}"] != json!({json.dumps(zeros[z])}) {{ return rec_skip("a field of another variant") }} '
                for z in others
            )
            read.append(f'Some("{v.name}") => {{ {checks}super::{name}::{v.name}{made} }}')
        blank = "".join(
            f'fields.insert("{z}".to_owned(), json!({json.dumps(v)})); ' for z, v in zeros.items()
        )
        encode = (
            f"impl RecEncode for super::{name} {{ fn rec_encode(&self) -> Json {{ let mut fields = ::serde_json::Map::new(); {blank}"
            f"let kind = match self {{ {', '.join(shown)} }}; "
            f'fields.insert("kind".to_owned(), json!({{"enum": ["{kind}", kind]}})); '
            f'json!({{"object": {{"class": "{name}", "fields": fields}}}}) }} }}'
        )
        decode = (
            f'impl RecDecode for super::{name} {{ fn rec_decode(v: &Json) -> Self {{ let fields = &v["object"]["fields"]; '
            f'match fields["kind"]["enum"][1].as_str() {{ {", ".join(read)}, _ => rec_skip("not a variant") }} }} }}'
        )
        return [encode, decode]

    def _held(self, field: str) -> str:
        return f'RecDecode::rec_decode(&fields["{field}"])'

    def _by_constructor(self, name: str) -> str | None:
        """An object of a struct that plans make by its constructor; None when they give its fields."""
        info = self.scope.structs[name]
        if info.init is None:
            return None
        made = _Made()
        s = info.methods["new"]
        call = self._arguments(info.init, [p for p, _ in s.params], "fields", made, "n", owned=True)
        result = f"super::{name}::new({', '.join(call)})"
        if isinstance(rt.resolve(s.result), rt.Res):
            result = f'match {result} {{ Ok(made) => made, Err(_) => rec_skip("a constructor that fails") }}'
        return "\n".join([*made.setup, result])

    def _enums(self) -> list[str]:
        out: list[str] = []
        for name, info in self.scope.enums.items():
            if info.kind != "plain":
                continue
            shown = ", ".join(f'super::{name}::{v} => "{v}"' for v in info.variants)
            read = ", ".join(f'Some("{v}") => super::{name}::{v}' for v in info.variants)
            out.append(
                f'impl RecEncode for super::{name} {{ fn rec_encode(&self) -> Json {{ json!({{"enum": ["{name}", match self {{ {shown} }}]}}) }} }}'
            )
            out.append(
                f"impl RecDecode for super::{name} {{ fn rec_decode(v: &Json) -> Self {{ "
                f'match v["enum"][1].as_str() {{ {read}, _ => rec_skip("not a member") }} }} }}'
            )
        return out

    # Errors

    def _errors(self) -> list[str]:
        out: list[str] = []
        known: list[str] = []
        for name, info in self.scope.enums.items():
            if info.kind != "error":
                continue
            seen: list[str] = []
            scripted: list[str] = []
            shown = info.display or "Error" in info.derives
            for v in info.variants.values():
                held = f"super::{name}::{v.name}"
                if v.transparent:
                    seen.append(f"{held}(inner) => inner.rec_failure(),")
                    if rt.resolve(v.fields[0][1]) == rt.Err("foundation"):
                        scripted.append(
                            f"_ if ::foundation::Error::rec_scripted(class).is_some() => ::foundation::Error::rec_scripted(class).map({held}),"
                        )
                    continue
                pattern = f"{held} {{ .. }}"
                text = "self.to_string()" if shown else f'"{v.name}".to_owned()'
                seen.append(f'{pattern} => rec_seen("{v.error}", {text}),')
                if not v.fields:
                    scripted.insert(0, f'"{v.error}" => Some({held}),')
                elif all(rt.resolve(t) == rt.TEXT for _, t in v.fields):
                    value = '"scripted".into()'
                    if v.positional:
                        scripted.insert(
                            0, f'"{v.error}" => Some({held}({", ".join(value for _ in v.fields)})),'
                        )
                    else:
                        made = ", ".join(f"{f}: {value}" for f, _ in v.fields)
                        scripted.insert(0, f'"{v.error}" => Some({held} {{ {made} }}),')
            if not any("_ if ::foundation" in s for s in scripted) and self._from_foundation(name):
                scripted.append(
                    "_ => ::foundation::Error::rec_scripted(class).map(Self::from).filter(|made| made.rec_failure().class == class),"
                )
            else:
                scripted.append("_ => None,")
            out.append(
                f"impl RecFailure for super::{name} {{ fn rec_failure(&self) -> RecSeen {{ match self {{ {' '.join(seen)} }} }} }}"
            )
            out.append(
                f"impl RecScripted for super::{name} {{ fn rec_scripted(class: &str) -> Option<Self> {{ match class {{ {' '.join(scripted)} }} }} }}"
            )
            if self.lowerer.has_impl(name, "Error") or "Error" in info.derives:
                known.append(name)
        for name in sorted(self.scope.error_structs):
            out.append(
                f'impl RecFailure for super::{name} {{ fn rec_failure(&self) -> RecSeen {{ rec_seen("{name}", self.to_string()) }} }}'
            )
            fields = self.scope.error_fields.get(name, {})
            other = (
                "::foundation::Error::rec_scripted(class).map(Into::into)"
                if self._from_foundation(name)
                else "None"
            )
            made = "None"
            if (
                fields
                and all(rt.resolve(t) == rt.TEXT for t in fields.values())
                and "(" not in self.src(self.scope.error_nodes[name].child_by_field_name("body"))
            ):
                values = ", ".join(f'{f}: "scripted".into()' for f in fields)
                made = f"Some(super::{name} {{ {values} }})"
            elif fields and len(fields) == 1 and rt.resolve(next(iter(fields.values()))) == rt.TEXT:
                made = f'Some(super::{name}("scripted".into()))'
            out.append(
                f"impl RecScripted for super::{name} {{ fn rec_scripted(class: &str) -> Option<Self> {{ "
                f'if class == "{name}" {{ {made} }} else {{ {other} }} }} }}'
            )
            known.append(name)
        tests = "".join(
            f"if let Some(error) = error.downcast_ref::<super::{n}>() {{ return Some(error.rec_failure()); }} "
            for n in known
        )
        out.append(
            f"fn rec_known(error: &(dyn ::std::error::Error + 'static)) -> Option<RecSeen> {{ {tests}None }}"
        )
        return out

    def _from_foundation(self, name: str) -> bool:
        for trait, node in self.lowerer.impls.get(name, []):
            if trait == "From":
                kind = node.child_by_field_name("trait")
                inner = kind.child_by_field_name("type_arguments") if kind is not None else None
                if inner is not None and self.scope.is_foundation(self.src(code_children(inner)[0])):
                    return True
        return False

    # Fakes

    def _fake(self, trait: str) -> str:
        node = self.scope.traits[trait].node
        body = node.child_by_field_name("body")
        methods: list[str] = []
        for m in code_children(body) if body is not None else []:
            if m.type not in ("function_signature_item", "function_item"):
                continue
            # A method with a default is answered by the script, too.
            written_body = m.child_by_field_name("body")
            end = written_body.start_byte if written_body is not None else m.end_byte
            head = self.scope.bytes[m.start_byte : end].decode().rstrip().rstrip(";")
            names = [p for p, _ in self.scope.traits[trait].methods[self.lowerer.name_of(m)].params]
            written = self._parameter_names(m)
            args = ", ".join(f"{w}.rec_encode()" for w in written)
            del names
            methods.append(f'{head} {{ self.0.answer("{self.lowerer.name_of(m)}", vec![{args}]) }}')
        return f"struct RecFake{trait}(RecArc<RecFake>);\nimpl super::{trait} for RecFake{trait} {{ {' '.join(methods)} }}"

    def _parameter_names(self, f: SyntaxNode) -> list[str]:
        out: list[str] = []
        params = f.child_by_field_name("parameters")
        for p in code_children(params) if params is not None else []:
            if p.type == "parameter":
                text = self.src(p.child_by_field_name("pattern")).removeprefix("mut ").strip()
                if text != "self":
                    out.append(text)
        return out

    # Calls

    def _bounds(self, f: SyntaxNode, owner: str) -> dict[str, str]:
        """The first telling bound of every type parameter of a function and of its type."""
        out: dict[str, str] = {}
        nodes = [f]
        if owner in self.scope.structs:
            nodes.append(self.scope.structs[owner].node)
        for n in nodes:
            held = n.child_by_field_name("type_parameters")
            for p in code_children(held) if held is not None else []:
                name, b = self.src(p.child_by_field_name("name")), p.child_by_field_name("bounds")
                if b is not None:
                    out[name] = self.src(b).lstrip(":").strip()
            where = next((c for c in n.children if c.type == "where_clause"), None)
            for p in code_children(where) if where is not None else []:
                left, b = p.child_by_field_name("left"), p.child_by_field_name("bounds")
                if left is not None and b is not None:
                    out[self.src(left)] = self.src(b).lstrip(":").strip()
        return out

    def _arguments(
        self, f: SyntaxNode, names: list[str], source: str, made: _Made, prefix: str, owned: bool = False
    ) -> list[str]:
        """The texts of a call's arguments; `source` is the JSON that holds them, by name or position."""
        params = f.child_by_field_name("parameters")
        nodes = (
            [
                p
                for p in code_children(params)
                if p.type == "parameter" and self.src(p.child_by_field_name("pattern")) != "self"
            ]
            if params is not None
            else []
        )
        owner = self._owner(f)
        bounds = self._bounds(f, owner)
        out: list[str] = []
        for i, (p, name) in enumerate(zip(nodes, names, strict=True)):
            value = (
                f'&{source}["{name}"]'
                if source == "fields" or source.endswith("object")
                else f"&{source}[{i}]"
            )
            out.append(
                self._argument(
                    self.src(p.child_by_field_name("type")).strip(),
                    value,
                    bounds,
                    made,
                    f"{prefix}{i}",
                    owned,
                )
            )
        return out

    def _owner(self, f: SyntaxNode) -> str:
        return self.lowerer.owner_of(f)

    def _argument(
        self, kind: str, value: str, bounds: dict[str, str], made: _Made, name: str, owned: bool
    ) -> str:
        """One argument: how it is made, and how it is passed."""
        kind = (
            re.sub(r"'\w+\s*", "", kind) if not kind.startswith("&'static") else kind.replace("'static ", "")
        )
        kind = re.sub(r"\s+", " ", kind).strip()
        mark = ""
        inner = kind
        m = re.match(r"&\s*(mut\s+)?", kind)
        if m is not None:
            mark = "&mut " if m[1] else "&"
            inner = kind[m.end() :].strip()
        wrapper = ""
        w = re.match(r"(?:std::\w+::)?(Box|Arc|Rc)<(.*)>$", inner)
        if w is not None and (w[2].strip().startswith("dyn") or w[2].strip() in bounds):
            wrapper, inner = w[1], w[2].strip()
        inner = inner.removeprefix("(").removesuffix(")") if inner.startswith(("(dyn", "(impl")) else inner
        bound = bounds.get(inner, inner)
        bound = re.sub(r"^(dyn|impl)\s+", "", bound)
        callable_ = re.match(r"(?:for<[^>]*>\s*)?(Fn|FnMut|FnOnce)\s*\(", bound)
        if callable_ is not None:
            made.setup.append(f"let {name} = RecFake::new({value});")
            text = self._closure(bound, f"{name}.clone()", bounds)
            return self._wrapped(text, mark, wrapper, made)
        trait = re.match(r"[A-Za-z_]\w*", bound)
        if trait is not None and trait[0] in self.scope.traits:
            self.fakes.add(trait[0])
            made.setup.append(f"let {name} = RecFake::new({value});")
            return self._wrapped(f"RecFake{trait[0]}({name}.clone())", mark, wrapper, made)
        text_like = re.match(r"(Into|AsRef)<\s*(String|str)\s*>|ToString|Display|Into<\s*Cow", bound)
        if (inner in bounds or kind.startswith("impl")) and text_like is not None:
            made.setup.append(f"let {name}: &'static str = RecDecode::rec_decode({value});")
            return f"{mark}{name}"
        items = re.match(r"IntoIterator<\s*Item\s*=\s*(.*)>$", bound)
        if (inner in bounds or kind.startswith("impl")) and items is not None:
            made.setup.append(f"let {name} = {value};")
            return f"<Vec<{self._static(items[1])}> as RecDecode>::rec_decode({name})"
        if inner in bounds or "dyn " in inner or kind.startswith("impl"):
            raise Unplanned(kind)
        if mark == "&mut ":
            held = self._static(inner)
            if held.startswith("["):
                held = f"Vec<{held[1:-1]}>"
            made.setup.append(f"let mut {name}: {held} = RecDecode::rec_decode({value});")
            made.after.append(f"{name}.rec_encode()")
            return f"&mut {name}"
        whole = self._static(f"{mark}{inner}" if not wrapper else kind)
        if mark == "&":
            made.setup.append(f"let {name}: {whole} = RecDecode::rec_decode({value});")
            names = set(re.findall(r"\w+", inner))
            made.after.append(f"{name}.rec_encode()" if not names & set(_RUNTIME_OBJECTS) else "Json::Null")
            return name
        del owned
        made.setup.append(f"let {name} = {value};")
        return f"<{whole} as RecDecode>::rec_decode({name})"

    def _wrapped(self, text: str, mark: str, wrapper: str, made: _Made) -> str:
        made.after.append("Json::Null")
        if wrapper:
            owner = {"Arc": "RecArc", "Rc": "::std::rc::Rc"}.get(wrapper, "Box")
            text = f"{owner}::new({text})"
        if not mark:
            return text
        # What is borrowed lives as long as the object that borrows it.
        held = f"held_{len(made.setup)}"
        made.setup.append(f"let mut {held} = {text};")
        return f"{mark}{held}"

    def _closure(self, bound: str, fake: str, bounds: dict[str, str]) -> str:
        """A closure that answers from a script."""
        first = re.sub(r"^for<[^>]*>\s*", "", bound)
        tree = parse(f"type T = Box<dyn {first}>;".encode(), LanguageId.RUST)
        node = next((n for n in _walk(tree.root) if n.type == "function_type"), None)
        if node is None:
            raise Unplanned(bound)
        params = node.child_by_field_name("parameters")
        result = node.child_by_field_name("return_type")
        kinds = [
            tree.source(c)
            for c in (params.named_children if params is not None else ())
            if c.type not in COMMENTS
        ]
        back = tree.source(result) if result is not None else "()"
        for b, meaning in bounds.items():
            if re.search(rf"\b{b}\b", back) and "Future" in meaning:
                raise Unplanned("a closure that gives a future")
        if "Future" in back:
            raise Unplanned("a closure that gives a future")
        args = ", ".join(f"a{i}: {k}" for i, k in enumerate(kinds))
        values = ", ".join(f"a{i}.rec_encode()" for i in range(len(kinds)))
        return f'{{ let fake = {fake}; move |{args}| -> {self._static(back)} {{ fake.answer("", vec![{values}]) }} }}'

    def _function(self, cls: str, name: str) -> str:
        """The body of a function's recorder."""
        node, owner = self.items[cls, name]
        if (cls, name) in self.dropped:
            raise Unplanned("it does not compile")
        made = _Made()
        params = self._parameter_names(node)
        receiver = next(
            (
                c
                for c in code_children(node.child_by_field_name("parameters") or node)
                if c.type == "self_parameter"
            ),
            None,
        )
        shift = (
            1
            if owner in self.scope.enums
            and owner not in self.scope.structs
            and (receiver is not None or name == f"{_snake(owner)}_text")
            else 0
        )
        source_args = 'plan["args"]'
        display = name in (f"{_snake(owner)}_text", "to_text") and owner != ""
        if display:
            params = []
        lines: list[str] = []
        call_args: list[str] = []
        if shift:
            lines.append(f"let object: super::{owner} = RecDecode::rec_decode(&{source_args}[0]);")
        if not display:
            source = source_args if not shift else "rec_args"
            if shift:
                lines.append(
                    f"let rec_args: Vec<Json> = {source_args}.as_array().unwrap().iter().skip(1).cloned().collect();"
                )
            call_args = self._arguments(node, params, source, made, "a")
        if shift:
            made.after.insert(0, "Json::Null")
        consumed = receiver is not None and "&" not in self.src(receiver)
        state = "Json::Null"
        make = ""
        if cls:
            make = self._object(cls, made) if receiver is not None or display else ""
            if make and self._plain_struct(cls) and not consumed:
                state = "object.rec_encode()"
            elif make and not consumed:
                state = self._shown_state(cls)
        target = "super::"
        if display:
            called = "object.to_string()"
        elif receiver is not None:
            called = f"object.{self.lowerer.name_of(node)}({', '.join(call_args)})"
        elif owner:
            called = f"{target}{owner}::{self.lowerer.name_of(node)}({', '.join(call_args)})"
        else:
            called = f"{target}{self.lowerer.name_of(node)}({', '.join(call_args)})"
        mods = next((c for c in node.children if c.type == "function_modifiers"), None)
        if mods is not None and "async" in self.src(mods):
            called = f"rec_block_on({called})"
        lines.extend(made.setup)
        if make and not consumed:
            lines.append(f"let mut object = {make};")
        inner = (
            f"let mut object = {make}; {called}.rec_outcome()"
            if make and consumed
            else f"{called}.rec_outcome()"
        )
        after = self._after(node, call_args, made, shift)
        lines.extend(
            [
                "let mut steps: Vec<Json> = Vec::new();",
                'for step in 0..plan["repeat"].as_i64().unwrap_or(1) {',
                "    rec_turn(plan, turn, step);",
                f"    steps.push(rec_step(|| {{ {inner} }})?);",
                "}",
                f"let rec_state: Json = {state};",
                f'Ok(json!({{"steps": steps, "after": [{", ".join(after)}], "state": rec_state}}))',
            ]
        )
        return "\n".join(f"    {line}" for line in lines)

    def _shown_state(self, cls: str) -> str:
        """The public fields of an object that keeps, hidden, what has no neutral form; null when it shows such a thing."""
        info = self.scope.structs[cls]
        body = info.node.child_by_field_name("body")
        kinds = {
            self.lowerer.name_of(f): f.child_by_field_name("type")
            for f in (code_children(body) if body is not None else ())
            if f.type == "field_declaration"
        }
        public = [(f, s) for f, s in self._shown(cls) if f not in info.private]
        if not public or not all(self._plain(kinds[f]) for f, _ in public):
            return "Json::Null"
        pairs = "".join(f'fields.insert("{s}".to_owned(), object.{f}.rec_encode()); ' for f, s in public)
        return f'{{ let mut fields = ::serde_json::Map::new(); {pairs}json!({{"object": {{"class": "{cls}", "fields": fields}}}}) }}'

    def _after(self, node: SyntaxNode, call_args: list[str], made: _Made, shift: int) -> list[str]:
        """What each argument is afterwards: null for what was given away."""
        out: list[str] = ["Json::Null"] * shift
        for i, text in enumerate(call_args):
            plain = re.fullmatch(r"(?:&mut )?(a\d+)", text)
            known = f"{plain[1]}.rec_encode()" if plain is not None else ""
            out.append(known if known in made.after else "Json::Null")
            del i
        del node
        return out

    def _object(self, cls: str, made: _Made) -> str:
        """The text that makes the object of a method's call."""
        info = self.scope.structs[cls]
        source = 'plan["object"]'
        if info.union:
            return f'<super::{cls} as RecDecode>::rec_decode(&json!({{"object": {{"fields": {source}}}}}))'
        if info.init is not None:
            s = info.methods["new"]
            params = info.init.child_by_field_name("parameters")
            nodes = [p for p in code_children(params) if p.type == "parameter"] if params is not None else []
            bounds = self._bounds(info.init, cls)
            args = [
                self._argument(
                    self.src(p.child_by_field_name("type")).strip(),
                    f'&{source}["{n}"]',
                    bounds,
                    made,
                    f"o{i}",
                    True,
                )
                for i, (p, (n, _)) in enumerate(zip(nodes, s.params, strict=True))
            ]
            call = f"super::{cls}::new({', '.join(args)})"
            if isinstance(rt.resolve(s.result), rt.Res):
                call = f'match {call} {{ Ok(made) => made, Err(_) => rec_skip("a constructor that fails") }}'
            return call
        body = info.node.child_by_field_name("body")
        bounds = self._bounds(info.node, cls)
        shown = dict(self._shown(cls))
        parts: list[str] = []
        for i, f in (
            enumerate(c for c in code_children(body) if c.type == "field_declaration")
            if body is not None
            else ()
        ):
            name = self.lowerer.name_of(f)
            text = self.src(f.child_by_field_name("type")).strip()
            parts.append(
                f"{name}: {self._argument(text, f'&{source}[' + chr(34) + shown[name] + chr(34) + ']', bounds, made, f'o{i}', True)}"
            )
        return f"super::{cls} {{ {', '.join(parts)} }}"


def _walk(node: SyntaxNode) -> list[SyntaxNode]:
    out = [node]
    for c in node.children:
        out.extend(_walk(c))
    return out


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
