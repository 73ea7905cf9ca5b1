"""What a run of the user's own command, for example the tests, tells about a source: types and calls.

The command runs only because the user names it. The types are put into the text as annotations, on the same lines, so
that everything else works as if the user had written them; the report lists them for review. The calls are made again
in the port when it is verified.
"""

from __future__ import annotations

import ast
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import tokenize
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from foundation_specs.model import LanguageId

_HOOKS = {language: Path(__file__).with_name(name) for language, name in (
    (LanguageId.PYTHON, "trace_python.py"), (LanguageId.RUBY, "trace_ruby.rb"),
)}  # fmt: skip


class TraceError(Exception):
    """The command could not be run, or told nothing about the file."""


@dataclass(frozen=True, slots=True)
class Learned:
    """The signature of one function as seen: the text that was added for each parameter and for the result."""

    function: str
    line: int
    parameters: tuple[tuple[str, str], ...]
    result: str

    def __str__(self) -> str:
        given = ", ".join(f"{name}: {kind}" for name, kind in self.parameters)
        return f"{self.function}({given})" + (f" -> {self.result}" if self.result else "")


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it was seen, with values in the neutral form of the recorders.

    `function` is `f` or `Class.method`; `fields` are those of the method's object.
    """

    function: str
    arguments: Mapping[str, Any]
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, Any]:
        """The call as text, for keys of caches."""
        return {"function": self.function, "arguments": dict(self.arguments), "fields": dict(self.fields)}


@dataclass(frozen=True, slots=True)
class Traced:
    """A source text with the types that were learned, what they are, and the calls whose values could be kept."""

    text: str
    learned: tuple[Learned, ...]
    calls: tuple[Call, ...] = ()


@dataclass
class Seen:
    """The types of one function's arguments and results, as the hook wrote them."""

    arguments: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    result: set[str] = field(default_factory=set[str])
    calls: list[tuple[dict[str, Any], dict[str, Any]]] = field(
        default_factory=list[tuple[dict[str, Any], dict[str, Any]]]
    )


def trace(path: str, text: str, language: LanguageId, command: str, seconds: float = 600.0) -> Traced:
    """Run a command in the working directory and annotate the text of a file with the types that were seen.

    This executes the user's code with the user's rights. Raises `TraceError` when the command cannot be run, runs
    longer than `seconds`, or calls no function of the file.
    """
    tracer = TRACERS.get(language)
    if tracer is None:
        raise TraceError(f"tracing {language} is not supported; it is for {', '.join(TRACERS)}")
    words = shlex.split(command)
    if not words or shutil.which(words[0]) is None:
        raise TraceError(f"{command}: the command was not found")
    with tempfile.TemporaryDirectory(prefix="foundation-trace-") as folder:
        out = Path(folder) / "seen.jsonl"
        environment = {
            **os.environ,
            **tracer.environment(Path(folder)),
            "FOUNDATION_TRACE_FILE": str(Path(path).resolve()),
            "FOUNDATION_TRACE_OUT": str(out),
        }
        try:
            done = subprocess.run(words, env=environment, capture_output=True, timeout=seconds, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise TraceError(f"{command}: {error}") from error
        seen = _read(out)
    if not seen:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()[-1:]
        raise TraceError(
            f"{command}: exit code {done.returncode}, and no function of {path} was called"
            + (f" ({said[0]})" if said else "")
        )
    calls = [
        Call(tracer.named(key.rpartition(":")[0]), *each)
        for key, entry in seen.items()
        for each in entry.calls
    ]
    return replace(tracer.annotate(text, seen), calls=tuple(calls))


def _read(out: Path) -> dict[str, Seen]:
    seen: dict[str, Seen] = {}
    try:
        lines = out.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    for line in lines:
        read = cast("dict[str, dict[str, Any]]", json.loads(line))
        for key, entry in read.items():
            into = seen.setdefault(key, Seen())
            for name, types in entry["arguments"].items():
                into.arguments.setdefault(name, set()).update(types)
            into.result.update(entry["result"])
            into.calls.extend((values, fields) for values, fields in entry.get("calls", ()))
    return seen


# Python


def _python_environment(folder: Path) -> Mapping[str, str]:
    shutil.copyfile(_HOOKS[LanguageId.PYTHON], folder / "sitecustomize.py")
    known = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(folder), *([known] if known else [])])}


def merged(types: Iterable[str]) -> str | None:
    """One annotation for every type that was seen in a place, None when they do not fit one."""
    found = {t for t in types if t}
    if any("?" in t for t in found):
        return None
    optional = "None" in found
    found.discard("None")
    if not found:
        return "None" if optional else None
    if found <= {"int", "float"} and "float" in found:
        found = {"float"}
    one = found.pop() if len(found) == 1 else None
    if one is None:
        one = _collection(found)
    elif "[" in one:
        one = _collection({one})
    if one is None:
        return None
    return f"{one} | None" if optional else one


def _collection(types: set[str]) -> str | None:
    heads = {t.partition("[")[0] for t in types}
    if len(heads) != 1 or not all(t.endswith("]") for t in types):
        return None
    head = heads.pop()
    columns = [_arguments(t) for t in types]
    if head == "tuple" and len({len(c) for c in columns}) != 1:
        return None
    parts: list[str] = []
    for i in range(max(len(c) for c in columns)):
        part = merged({alternative for c in columns for alternative in _alternatives(c[i])})
        if part is None:
            return None
        parts.append(part)
    return f"{head}[{', '.join(parts)}]"


def _split(text: str, mark: str) -> list[str]:
    out, depth = [""], 0
    for c in text:
        depth += (c == "[") - (c == "]")
        if c == mark and depth == 0:
            out.append("")
        else:
            out[-1] += c
    return [part.strip() for part in out]


def _arguments(text: str) -> list[str]:
    return _split(text.partition("[")[2][:-1], ",")


def _alternatives(text: str) -> list[str]:
    return [part for part in _split(text, "|") if part]


def parts_of(annotation: str) -> tuple[list[str], list[str]]:
    """The alternatives of an annotation, and the arguments in its brackets."""
    return _alternatives(annotation), _arguments(annotation) if annotation.endswith("]") else []


def _annotate_python(text: str, seen: Mapping[str, Seen]) -> Traced:
    tree = ast.parse(text)
    by_line: dict[int, Seen] = {}
    for key, entry in seen.items():
        by_line[int(key.rpartition(":")[2])] = entry
    classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    lines = text.splitlines(keepends=True)
    inserts: list[tuple[int, int, str]] = []
    learned: list[Learned] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        # A decorated function's code begins at its first decorator.
        entry = by_line.get(min([node.lineno, *(d.lineno for d in node.decorator_list)]))
        if entry is None:
            continue
        parameters: list[tuple[str, str]] = []
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            kind = _quoted(merged(entry.arguments.get(argument.arg, ())), classes)
            if argument.annotation is None and kind is not None:
                parameters.append((argument.arg, kind))
                inserts.append((argument.end_lineno or 0, argument.end_col_offset or 0, f": {kind}"))
        result = ""
        if node.returns is None and (kind := _quoted(merged(entry.result), classes)) is not None:
            place = _before_colon(lines, node)
            if place is not None:
                result = kind
                inserts.append((*place, f" -> {kind}"))
        if parameters or result:
            learned.append(Learned(node.name, node.lineno, tuple(parameters), result))
    for line, column, added in sorted(inserts, reverse=True):
        # Columns count bytes of UTF-8.
        data = lines[line - 1].encode()
        lines[line - 1] = (data[:column] + added.encode() + data[column:]).decode()
    return Traced("".join(lines), tuple(sorted(learned, key=lambda one: one.line)))


def _quoted(annotation: str | None, classes: set[str]) -> str | None:
    """An annotation in quotes when it names a class of the file, which may be defined further down."""
    if annotation is None or not set(re.findall(r"\w+", annotation)) & classes:
        return annotation
    return f'"{annotation}"'


def _before_colon(lines: list[str], node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[int, int] | None:
    """Where the signature's last parenthesis ends: the 1-based line and the column in bytes."""
    depth = 0
    source = "".join(lines[node.lineno - 1 :])
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type != tokenize.OP:
                continue
            depth += (token.string in "([{") - (token.string in ")]}")
            if token.string == ")" and depth == 0:
                line = node.lineno + token.end[0] - 1
                return line, len(lines[line - 1][: token.end[1]].encode())
    except (tokenize.TokenError, SyntaxError):
        return None
    return None


# Ruby


def _ruby_environment(folder: Path) -> Mapping[str, str]:
    shutil.copyfile(_HOOKS[LanguageId.RUBY], folder / "foundation_trace.rb")
    return {
        "RUBYOPT": " ".join(
            ["-r" + str(folder / "foundation_trace.rb"), os.environ.get("RUBYOPT", "")]
        ).strip()
    }


def _annotate_ruby(text: str, seen: Mapping[str, Seen]) -> Traced:
    from foundation_engine.port.front._ruby_traced import annotate

    return annotate(text, seen)


def _named_ruby(name: str) -> str:
    """`Class.method?` as the representation names it."""
    from foundation_engine.port.front.ruby import identifier

    cls, dot, method = name.rpartition(".")
    return f"{cls}{dot}{identifier(method)}"


@dataclass(frozen=True, slots=True)
class Tracer:
    """How one language is traced: what makes its interpreter load the hook, how types are put into a text, and what the
    representation calls a function that the hook names `f` or `Class.method`."""

    environment: Callable[[Path], Mapping[str, str]]
    annotate: Callable[[str, Mapping[str, Seen]], Traced]
    named: Callable[[str], str] = str


TRACERS: Mapping[LanguageId, Tracer] = {
    LanguageId.PYTHON: Tracer(_python_environment, _annotate_python),
    LanguageId.RUBY: Tracer(_ruby_environment, _annotate_ruby, _named_ruby),
}
