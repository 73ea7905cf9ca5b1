"""What functions look at besides their arguments, and worlds to call them in ("Worlds" in the port engine's README)."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from foundation_engine.port import ir

_PATH_NAME = re.compile(
    r"(^|_)(path|file|filename|target|source|folder|dir|directory|destination|output|input)$"
)
_ADDRESS_NAME = re.compile(r"(^|_)(url|uri|base|endpoint|host|server|address|origin)$")
_FILE_OPS = (
    "file.read_text", "file.exists", "file.is_file", "file.is_dir", "file.remove", "file.discard", "file.write_text",
    "file.make_folders", "file.list", "file.make_folder", "file.rename", "file.copy", "file.remove_tree",
    "file.append_text", "file.size",
)  # fmt: skip
_NESTED = ("json.items", "json.members", "json.field", "json.item", "json.get_or", "json.has")
_NAMES = ("a.txt", "data.json", "sub/b.txt", "notes.txt")
_OUTLIVING = ("circuit_breaker", "rate_limiting")


@dataclass
class Looks:
    """What a function looks at, with everything that it calls."""

    http: bool = False
    files: bool = False
    prints: bool = False
    outlives: bool = False  # A breaker or limiter is shared by its calls.
    commands: list[str] = field(default_factory=list[str])
    env: dict[str, ir.Type] = field(default_factory=dict[str, ir.Type])
    file_names: list[str] = field(default_factory=list[str])
    paths: set[str] = field(default_factory=set[str])  # its parameters that name files
    addresses: set[str] = field(default_factory=set[str])  # its parameters that name a server
    records: list[ir.Class] = field(default_factory=list[ir.Class])  # classes that configuration files fill
    parses: bool = False  # It makes JSON of a text.
    nested: bool = False  # It looks into lists or maps among values of any type.
    keys: list[str] = field(default_factory=list[str])  # keys that it looks up in JSON
    cli: list[ir.Function] = field(default_factory=list[ir.Function])
    times: list[float] = field(
        default_factory=list[float]
    )  # seconds after which a breaker or limiter changes

    @property
    def needs_world(self) -> bool:
        """Whether a call has to be made in a world."""
        return bool(self.http or self.files or self.prints or self.commands or self.env or self.records)


class Surroundings:
    """What the functions of a module look at."""

    def __init__(self, module: ir.Module) -> None:
        self.module = module
        self._functions: dict[str, list[tuple[ir.Class | None, ir.Function]]] = {}
        for cls, f in module.functions():
            self._functions.setdefault(f.name, []).append((cls, f))
        self._classes = {d.name: d for d in module.definitions if isinstance(d, ir.Class)}
        self._constants = {d.name: d for d in module.definitions if isinstance(d, ir.Constant)}

    def of(self, cls: ir.Class | None, f: ir.Function) -> Looks:
        """What a function looks at. A call whose target is not known counts for every function of that name."""
        looks = Looks()
        for node in self._reached(cls, f, looks):
            self._note(node, looks)
        own = {p.name for p in f.params}
        for node in ir.walk(f):
            path = _path_of(node)
            if path is not None:
                looks.paths.update(n.id for n in ir.walk(path) if isinstance(n, ir.Name) and n.id in own)
        if looks.files or looks.records:
            given = [*f.params, *(cls.init.params if cls is not None and cls.init is not None else ())]
            looks.paths.update(p.name for p in given if p.type == ir.STR and _PATH_NAME.search(p.name))
        if looks.http:
            # A client without an address of its own asks the server that a parameter names.
            given = [*f.params, *(cls.init.params if cls is not None and cls.init is not None else ())]
            looks.addresses.update(p.name for p in given if p.type == ir.STR and _ADDRESS_NAME.search(p.name))
        looks.http = looks.http or any(p.type == ir.NamedT("HttpClient") for p in f.params)
        return looks

    def _reached(self, cls: ir.Class | None, f: ir.Function, looks: Looks) -> Iterator[ir.Node]:
        waiting: list[tuple[ir.Class | None, ir.Function]] = [(cls, f)]
        seen: set[int] = set()
        while waiting:
            owner, function = waiting.pop()
            if id(function) in seen:
                continue
            seen.add(id(function))
            for use in function.patterns:
                if use.pattern_id in _OUTLIVING:
                    looks.outlives = True
                    self._times(use.arguments, looks)
            if owner is not None and owner.init is not None:
                waiting.append((owner, owner.init))
            for node in ir.walk(function):
                yield node
                match node:
                    case ir.MethodCall(method=name):
                        waiting.extend(self._functions.get(name, ()))
                    case ir.Name(id=name):
                        waiting.extend((c, g) for c, g in self._functions.get(name, ()) if c is None)
                        if (constant := self._constants.get(name)) is not None:
                            for inner in ir.walk(constant.value):
                                if isinstance(inner, ir.PatternNew) and inner.pattern_id in _OUTLIVING:
                                    looks.outlives = True
                                yield inner
                    case ir.New(cls=name) if name in self._classes:
                        made = self._classes[name]
                        if made.init is not None:
                            waiting.append((made, made.init))
                    case ir.PatternOp(pattern_id="cli_framework"):
                        commands = [
                            (c, g)
                            for c, g in self.module.functions()
                            if any(p.pattern_id == "cli_framework" for p in g.patterns)
                        ]
                        looks.cli.extend(g for _, g in commands if g not in looks.cli)
                        waiting.extend(commands)
                    case _:
                        pass

    def _note(self, node: ir.Node, looks: Looks) -> None:
        match node:
            case ir.PatternOp(pattern_id="http_client"):
                looks.http = True
            case ir.PatternOp(pattern_id="process_execution", args=args):
                words = args[0].elems if args and isinstance(args[0], ir.ListLit) else []
                first = words[0] if words else None
                if (
                    isinstance(first, ir.Lit)
                    and isinstance(first.value, str)
                    and first.value not in looks.commands
                ):
                    looks.commands.append(first.value)
                looks.prints = True
            case ir.PatternOp(pattern_id="file_operations"):
                looks.files = True
            case ir.PatternOp(pattern_id="configuration", arguments=arguments, type=ir.NamedT(name)):
                self._configuration(name, arguments, looks)
            case ir.PatternOp(pattern_id="cli_framework") | ir.Intrinsic(op="print" | "print.part"):
                looks.prints = True
            case ir.PatternNew(pattern_id=pattern, arguments=arguments) if pattern in _OUTLIVING:
                self._times(arguments, looks)
            case ir.Intrinsic(op=op, args=[ir.Lit(value=str(name)), *_]) if op.startswith("env."):
                looks.env.setdefault(name, ir.STR)
            case ir.Intrinsic(op=op):
                looks.files = looks.files or op in _FILE_OPS
                looks.parses = looks.parses or op == "json.parse"
                looks.nested = looks.nested or op in _NESTED
                if op in (
                    "any.index",
                    "any.get",
                    "json.index",
                    "json.get",
                    "json.field",
                    "json.get_or",
                    "json.has",
                    "dict.get",
                    "dict.index",
                    "dict.contains",
                ):
                    looks.keys.extend(
                        a.value for a in node.args if isinstance(a, ir.Lit) and isinstance(a.value, str)
                    )
            case _:
                pass
        path = _path_of(node)
        if isinstance(path, ir.Lit) and isinstance(path.value, str):
            looks.file_names.append(path.value)

    def _times(self, arguments: dict[str, ir.Expr], looks: Looks) -> None:
        for name in ("recovery_timeout", "period"):
            given = arguments.get(name)
            if isinstance(given, ir.Lit) and isinstance(given.value, int | float):
                looks.times.append(float(given.value))

    def _configuration(self, name: str, arguments: dict[str, ir.Expr], looks: Looks) -> None:
        record = self._classes.get(name)
        if record is None:
            return
        looks.records.append(record)
        prefix = arguments.get("env_prefix")
        start = prefix.value if isinstance(prefix, ir.Lit) and isinstance(prefix.value, str) else ""
        self._variables(record, f"{start}_" if start else "", looks)
        files = arguments.get("files")
        for node in ir.walk(files) if files is not None else ():
            looks.files = True
            if isinstance(node, ir.Lit) and isinstance(node.value, str):
                looks.file_names.append(node.value)
            if isinstance(node, ir.Name):
                looks.paths.add(node.id)

    def _variables(self, record: ir.Class, prefix: str, looks: Looks) -> None:
        for f in record.fields:
            if isinstance(f.type, ir.NamedT) and f.type.name in self._classes:
                self._variables(self._classes[f.type.name], f"{prefix}{f.name.upper()}__", looks)
            else:
                looks.env[f.env or f"{prefix}{f.name.upper()}"] = f.type


def _path_of(node: ir.Node) -> ir.Expr | None:
    """The path that a node reads or writes."""
    match node:
        case ir.PatternOp(pattern_id="file_operations", args=[path, *_]):
            return path
        case ir.Intrinsic(op=op, args=[path, *_]) if op in _FILE_OPS:
            return path
        case _:
            return None


class Worlds:
    """Worlds for one function, from a seeded generator and the literals of the source."""

    def __init__(
        self, looks: Looks, draw: random.Random, strings: Sequence[str], ints: Sequence[int]
    ) -> None:
        self.looks = looks
        self.draw = draw
        self.strings = [s for s in strings if len(s) <= 40]
        self.given: Sequence[str] = ()
        self.ints = list(ints)
        self.environments = 0  # how many were drawn

    def path(self) -> str:
        """A relative path below the working directory."""
        return self.draw.choice([*_NAMES, *(n for n in self.looks.file_names if _inside(n))])

    def address(self) -> str:
        """The address of the case's server, now and then with a path, and seldom one where nobody listens."""
        return self.draw.choice(["{server}"] * 6 + ["{server}/api", "http://127.0.0.1:9"])

    def world(self, paths: Sequence[str], texts: Sequence[str] = ()) -> dict[str, Any] | None:
        """A world for a call that was given these paths and other texts; None when the function looks at nothing."""
        looks, r = self.looks, self.draw
        self.given = [t for t in texts if "\n" not in t]
        if not looks.needs_world:
            return None
        out: dict[str, Any] = {}
        if looks.files or looks.records:
            names = [p for p in [*paths, *looks.file_names] if _inside(p)]
            out["files"] = {
                n: self._content(n) for n in dict.fromkeys([*names, *names, "b.txt"]) if r.random() < 0.75
            }
        if looks.env:
            out["env"] = {
                name: self._setting(t) for name, t in looks.env.items() if r.random() < 0.6 or name == "HOME"
            }
            typed = [n for n, t in looks.env.items() if t in (ir.INT, ir.FLOAT, ir.BOOL)]
            self.environments += 1
            if typed and self.environments % 4 == 3:
                # A setting that cannot be read takes a way of its own, which no function may lack in its first calls.
                out["env"][r.choice(typed)] = "many"
        if looks.commands:
            out["commands"] = {
                name: [self._output() for _ in range(r.randint(1, 3))]
                for name in looks.commands
                if r.random() < 0.95
            }
        if looks.http:
            out["http"] = [self._answer() for _ in range(r.randint(1, 4))]
        return out

    def words(self) -> list[str]:
        """A command line for the module's commands."""
        r = self.draw
        if not self.looks.cli or r.random() < 0.05:
            return r.choice([[], ["nothing"], ["--nothing"]])
        f = r.choice(self.looks.cli)
        use = next(p for p in f.patterns if p.pattern_id == "cli_framework")
        name = use.arguments.get("name")
        out = str(name.value).split(".") if isinstance(name, ir.Lit) else [f.name]
        for p in f.params:
            value = self._word(p.type)
            if p.default is None:
                if r.random() < 0.93:
                    out.append(value)
            elif r.random() < 0.5:
                option = "--" + p.name.replace("_", "-")
                if p.type == ir.BOOL:
                    out.append(option)
                else:
                    out.extend([f"{option}={value}"] if r.random() < 0.5 else [option, value])
        return out

    def _word(self, t: ir.Type) -> str:
        r = self.draw
        match t:
            case ir.P(ir.Prim.INT):
                return str(r.choice([0, 1, 2, 7, 30, *(i for i in self.ints if 0 <= i < 10**6)]))
            case ir.P(ir.Prim.FLOAT):
                return r.choice(["0.5", "2", "1.25"])
            case ir.ListT(elem):
                return self._word(elem)
            case _:
                plain = [s for s in self.strings if re.fullmatch(r"[\w.]+", s)]
                return r.choice([*plain[:12], "1.2.3", "v2.0.1", "abc", "12k"])

    def _piece(self) -> str:
        r = self.draw
        if self.given and r.random() < 0.3:
            return r.choice(self.given)
        return r.choice(
            [*self.strings, str(r.randint(-9, 120)), str(r.randint(0, 9)), "abc", "x y", "7.5", "tea"]
        )

    def _line(self) -> str:
        r = self.draw
        marks = [s for s in self.strings if len(s) == 1 and not s.isalnum()] or ["="]
        if r.random() < 0.6:
            mark = r.choice([*marks, "="])
            return mark.join(self._piece().strip("\n") for _ in range(r.choice([1, 2, 2, 3, 3])))
        return " ".join(self._piece().strip("\n") for _ in range(r.randint(0, 3)))

    def _content(self, name: str) -> str:
        r = self.draw
        if name.endswith(".json") or (self.looks.records and r.random() < 0.9):
            if self.looks.records and r.random() < 0.85:
                return json.dumps(self._settings(r.choice(self.looks.records)))
            return r.choice([json.dumps(self.json_value()), "{", ""])
        if r.random() < 0.25:
            return r.choice(["", str(r.randint(0, 50)), " 42\n", "\n"])
        text = "\n".join(self._line() for _ in range(r.randint(1, 4))) + r.choice(["", "\n"])
        # Languages read a carriage return in different ways, which ports state.
        return text.replace("\r", "")

    def _settings(self, record: ir.Class) -> dict[str, Any]:
        r = self.draw
        out: dict[str, Any] = {}
        for f in record.fields:
            if r.random() < 0.4:
                continue
            match f.type:
                case ir.P(ir.Prim.INT):
                    out[f.name] = r.choice([0, 1, 5, 80, 9000])
                case ir.P(ir.Prim.FLOAT):
                    out[f.name] = r.choice([0.5, 2.0, 10.25])
                case ir.P(ir.Prim.BOOL):
                    out[f.name] = r.random() < 0.5
                case ir.P(ir.Prim.STR):
                    out[f.name] = self._piece()
                case ir.ListT():
                    out[f.name] = [self._piece() for _ in range(r.randint(0, 2))]
                case ir.NamedT(name) if name != record.name:
                    pass
                case _:
                    pass
        if r.random() < 0.08:
            out["unknown_key"] = 1
        return out

    def _setting(self, t: ir.Type) -> str:
        r = self.draw
        if r.random() < 0.08:
            return r.choice(["many", "", "4.5.6"])
        match t:
            case ir.P(ir.Prim.INT):
                return str(r.choice([0, 1, 2, 8, 8080, *(i for i in self.ints if 0 <= i < 10**6)]))
            case ir.P(ir.Prim.FLOAT):
                return r.choice(["0.5", "2", "10.25"])
            case ir.P(ir.Prim.BOOL):
                return r.choice(["true", "false", "yes", "no", "on", "1"])
            case ir.ListT():
                return ",".join(self._piece().replace(",", "") for _ in range(r.randint(1, 3)))
            case _:
                return r.choice([self._piece(), "alpha1234", "a,b", "http://x/y?z=1"])

    def _output(self) -> dict[str, Any]:
        r = self.draw
        out: dict[str, Any] = {}
        if r.random() < 0.85:
            out["stdout"] = "".join(f"{self._line()}\n" for _ in range(r.choice([0, 1, 1, 2, 3])))
        if r.random() < 0.25:
            out["exit"] = r.choice([1, 2, 128])
            out["stderr"] = r.choice(["failed\n", "fatal: no\n", ""])
        return out

    def _answer(self) -> dict[str, Any]:
        r = self.draw
        near = [i for i in self.ints if 200 <= i < 600]
        status = r.choice([200, 200, 200, 200, 201, 204, 404, 500, 503, *near])
        body = r.choice([json.dumps(self.json_value()), json.dumps(self.json_value()), self._line(), ""])
        if 300 <= status < 400:
            status = 200
        if status in (204, 304):
            body = ""
        return {"status": status, "body": body}

    def json_value(self, depth: int = 0) -> Any:
        """A JSON value with the keys that the code looks up, to that depth."""
        r = self.draw
        names = [k for k in [*self.looks.keys, *self.strings] if re.fullmatch(r"[A-Za-z_]\w*", k)] or ["id"]
        roll = r.random()
        if depth == 0 and roll < 0.3:
            return [self.json_value(1) for _ in range(r.choice([0, 1, 2, 3]))]
        if depth < 2 and roll < 0.9:
            return {k: self.json_value(2) for k in dict.fromkeys(names) if r.random() < 0.8}
        return r.choice([0, 1, 7, 42, "7", "tea", True, None, r.randint(0, 100), r.randint(0, 9)])


def _inside(path: str) -> bool:
    """Whether a path stays below the working directory."""
    return bool(path) and not path.startswith(("/", "~")) and ".." not in path.split("/")
