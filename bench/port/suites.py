"""Behaviour suites that no language owns: read the YAML, run it against a source, make test cases of it.

A suite `<module>.cases.yaml` stands beside its source and maps a function (`name` or `Class.method`) to its `patterns`
and `cases`. A case has

* `args` (by name, in the function's order), `object` (the constructor's), `repeat`, `advance` (seconds between calls);
* its world: `files`, `env`, `http` (the server's answers), `programs` (the commands' answers);
* what must be seen: `returns` or `raises` or `steps` of them; `delays` (seconds, or [least, greatest] under jitter),
  `calls` of fakes, `state`, `after` (arguments), `requests`, `commands`, `files_after`, `stdout`.

Values are plain YAML; `{$object: Class, field: ...}`, `{$enum: Class.MEMBER}`, `{$tuple: [...]}`, `{$set: [...]}`,
`{$float: text}`, `{$fake: Protocol, method: [...]}` and `{$script: [...]}` (a callable) with outcomes that are values
or `{raise: Class}`, `{$client: {...}}`, `{$made: Class, ...}` (an object of the runtime).
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from foundation_engine.port import ir
from foundation_engine.port.emit._names import snake
from foundation_engine.verify.cases import Case, Plan

NANO = 1_000_000_000
CORPUS = Path(__file__).with_name("corpus")


@dataclass(frozen=True, slots=True)
class Expected:
    """One case of a suite: the plan, and what must be seen, as it stands in the file."""

    title: str
    function: str
    plan: Plan
    want: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one function."""

    function: str
    patterns: tuple[str, ...]
    cases: tuple[Expected, ...]


def neutral(v: Any, name: str = "") -> Any:
    """A value of a suite in the engine's neutral form."""
    match v:
        case dict() if (tag := next((k for k in v if str(k).startswith("$")), None)) is not None:
            rest = {k: w for k, w in v.items() if k != tag}
            match tag:
                case "$object":
                    fields = {k: neutral(w) for k, w in rest.items()}
                    return {"object": {"class": v[tag], "fields": fields}}
                case "$enum":
                    return {"enum": v[tag].split(".")}
                case "$tuple":
                    return {"tuple": [neutral(w) for w in v[tag]]}
                case "$set":
                    return {"set": [neutral(w) for w in v[tag]]}
                case "$float":
                    return {"float": repr(float(v[tag]))}
                case "$fake":
                    return {"fake": {"name": v[tag], "methods": {k: _script(w) for k, w in rest.items()}}}
                case "$script":
                    return {"fake": {"name": name, "methods": {"": _script(v[tag])}}}
                case "$client":
                    given = {"base_url": "{server}", **v[tag]}
                    return {"made": ["HttpClient", {k: neutral(w) for k, w in given.items()}]}
                case "$made":
                    return {"made": [v[tag], {k: neutral(w) for k, w in rest.items()}]}
                case _:
                    raise ValueError(f"{tag} is no kind of value")
        case dict():
            return {"dict": [[neutral(k), neutral(w)] for k, w in v.items()]}
        case list():
            return {"list": [neutral(w) for w in v]}
        case float():
            return {"float": repr(v)}
        case _:
            return v


def _script(outcomes: list[Any]) -> list[dict[str, Any]]:
    return [
        {"error": o["raise"]} if isinstance(o, dict) and set(o) == {"raise"} else {"value": neutral(o)}
        for o in outcomes
    ]


_WORLD = {"files": "files", "env": "env", "http": "http", "programs": "commands"}


def load(path: Path) -> list[Suite]:
    """The suites of a file; raises ValueError for a key that is not one of ours."""
    known = {
        "case", "args", "object", "repeat", "advance", *_WORLD, "returns", "raises", "steps", "delays", "calls",
        "state", "after", "requests", "commands", "files_after", "stdout",
    }  # fmt: skip
    out: list[Suite] = []
    for function, body in yaml.safe_load(path.read_text()).items():
        cls, _, name = function.rpartition(".")
        cases: list[Expected] = []
        for given in body["cases"]:
            if unknown := set(given) - known:
                raise ValueError(f"{path}: {function}: {given['case']}: unknown keys {sorted(unknown)}")
            if len({"returns", "raises", "steps"} & set(given)) != 1:
                raise ValueError(f"{path}: {function}: {given['case']}: one of returns, raises and steps")
            world = {to: given[key] for key, to in _WORLD.items() if key in given}
            plan = Plan(
                name,
                tuple(neutral(v, k) for k, v in given["args"].items()),
                cls,
                tuple((k, neutral(v, k)) for k, v in given.get("object", {}).items()),
                int(given.get("repeat", 1)),
                world if set(_WORLD) & set(given) else None,
                round(given.get("advance", 0) * NANO),
                True,
            )
            cases.append(Expected(given["case"], function, plan, given))
        out.append(Suite(function, tuple(body["patterns"]), tuple(cases)))
    return out


def adapted(plan: Plan, module: ir.Module, cls: ir.Class | None, f: ir.Function) -> Plan:
    """A plan with the names of the source as lowered, whatever case its language writes them in."""
    args = tuple(_named(v, p.type, module) for v, p in zip(plan.args, f.params, strict=True))
    made = plan.object
    if cls is not None and made:
        params = cls.init.params if cls.init is not None else [ir.Param(x.name, x.type) for x in cls.fields]
        given = {snake(k): v for k, v in made}
        made = tuple(
            (p.name, _named(given[snake(p.name)], p.type, module)) for p in params if snake(p.name) in given
        )
    name = cls.name if cls is not None else ""
    return dataclasses.replace(plan, function=f.name, cls=name, args=args, object=made)


def _named(v: Any, t: ir.Type, module: ir.Module) -> Any:
    if isinstance(t, ir.OptionalT):
        return None if v is None else _named(v, t.elem, module)
    if t == ir.FLOAT and isinstance(v, int):
        return {"float": repr(float(v))}
    match v:
        case {"list": items}:
            elem = t.elem if isinstance(t, ir.ListT | ir.SetT) else ir.UNKNOWN
            return {"list": [_named(i, elem, module) for i in items]}
        case {"dict": pairs} if isinstance(t, ir.DictT):
            return {"dict": [[_named(k, t.key, module), _named(w, t.value, module)] for k, w in pairs]}
        case {"object": body}:
            d = module.find(t.name) if isinstance(t, ir.NamedT) else None
            if not isinstance(d, ir.Class):
                return v
            given = {snake(k): w for k, w in body["fields"].items()}
            fields = {
                f.name: _named(given[snake(f.name)], f.type, module)
                for f in d.fields
                if snake(f.name) in given
            }
            return {"object": {"class": d.name, "fields": fields}}
        case {"enum": [_, member]}:
            d = module.find(t.name) if isinstance(t, ir.NamedT) else None
            if not isinstance(d, ir.EnumClass):
                return v
            return {
                "enum": [
                    d.name,
                    next(
                        m[0] for m in d.members if _plain(m[0]) in (_plain(member), _plain(d.name + member))
                    ),
                ]
            }
        case {"fake": body}:
            d = module.find(t.name) if isinstance(t, ir.NamedT) else None
            if not isinstance(d, ir.Protocol):
                return v
            scripts = {snake(k): w for k, w in body["methods"].items()}
            methods: dict[str, Any] = {}
            for m in d.methods:
                outcomes = scripts.get(snake(m.name), [{"error": "RuntimeError"}])
                methods[m.name] = [
                    o if "error" in o else {"value": _named(o["value"], m.result, module)} for o in outcomes
                ]
            return {"fake": {"name": d.name, "methods": methods}}
        case _:
            return v


def _plain(name: str) -> str:
    """A name without what languages add to it: case, underscores, `Err` and `Error`."""
    text = snake(name.rpartition(".")[2]).replace("_", "")
    return text.removeprefix("err").removesuffix("error") or text


def _plainly(v: Any) -> Any:
    match v:
        case {"object": body}:
            return {"object": {_plain(k): _plainly(w) for k, w in body["fields"].items()}}
        case {"enum": [_, member]}:
            return {"enum": _plain(member)}
        case {"dict": pairs} if not pairs:
            return {"dict": []}
        case dict():
            return {k: _plainly(w) for k, w in v.items()}
        case list() | tuple():
            return [_plainly(w) for w in v]
        case _:
            return v


def disagreements(expected: Expected, seen: Case, loosely: bool = False) -> list[str]:
    """How what was seen differs from what the suite says, as sentences; none when it agrees.

    `loosely` compares names of classes, fields and methods without the case in which their language writes them.
    """
    want, out = expected.want, []

    def compare(what: str, wanted: Any, got: Any) -> None:
        if loosely and what.startswith("error"):
            wanted, got = _plain(str(wanted)), _plain(str(got))
        elif loosely and what == "calls":
            wanted, got = ([[_plain(c[0]), _plainly(c[1])] for c in calls] for calls in (wanted, got))
        elif loosely:
            wanted, got = _plainly(wanted), _plainly(got)
        if not equal(wanted, got):
            out.append(f"{what}: want {json.dumps(wanted)}, got {json.dumps(got)}")

    steps = (
        want.get("steps") or [{k: want[k] for k in ("returns", "raises") if k in want}] * expected.plan.repeat
    )
    compare("number of calls", len(steps), len(seen.steps))
    for i, (w, got) in enumerate(zip(steps, seen.steps, strict=False), 1):
        if "raises" in w:
            compare(f"error of call {i}", w["raises"], got.get("error") or f"no error but {got.get('value')}")
        else:
            compare(
                f"result of call {i}", neutral(w["returns"]), got["value"] if "value" in got else got["error"]
            )
    if "delays" in want:
        pairs = [d if isinstance(d, list) else [d, d] for d in want["delays"]]
        compare("delays", [round(low * NANO) for low, _ in pairs], list(seen.sleeps))
        # The greatest random fraction is a little below one.
        high = [
            0 if abs(a - round(b * NANO)) <= 1 else a
            for a, (_, b) in zip(seen.sleeps_high or seen.sleeps, pairs, strict=False)
        ]
        compare("greatest delays", [0] * len(pairs), high)
    if "calls" in want:
        compare(
            "calls",
            [[c[0], [neutral(a) for a in c[1:]]] for c in want["calls"]],
            [list(c) for c in seen.trace],
        )
    if "state" in want:
        name = _plain if loosely else str
        fields = {name(k): v for k, v in (seen.state["object"]["fields"] if seen.state else {}).items()}
        wanted = {name(k): neutral(v) for k, v in want["state"].items()}
        compare("state", wanted, {k: fields.get(k) for k in wanted})
    for name, value in want.get("after", {}).items():
        at = list(want["args"]).index(name)
        compare(f"{name} afterwards", neutral(value), seen.after[at])
    after = seen.world_after or {}
    if "requests" in want:
        wanted = [
            [r["method"], r["path"], r["json"] if "json" in r else r.get("body")] for r in want["requests"]
        ]
        got = [
            [
                r["method"],
                query(r["path"]),
                json.loads(r["body"]) if "json" in w else r["body"] if "body" in w else None,
            ]
            for w, r in zip(want["requests"], after.get("requests", []), strict=False)
        ]
        compare("requests", wanted, got)
        compare("number of requests", len(wanted), len(after.get("requests", [])))
    for key, name in (("commands", "commands"), ("stdout", "stdout")):
        if key in want:
            # Keys that do not matter are absent.
            compare(key, want[key], after.get(name, "" if key == "stdout" else []))
    if "files_after" in want:
        given = expected.plan.world.get("files", {}) if expected.plan.world else {}
        # A file that the call leaves alone need not be named again.
        files = {
            k: v for k, v in after.get("files", {}).items() if k in want["files_after"] or given.get(k) != v
        }
        compare("files", want["files_after"], files)
    return out


def query(path: str) -> str:
    """A request's path with its parameters in order, as the order and the plus sign carry no meaning."""
    where, mark, parameters = path.partition("?")
    return where + mark + "&".join(sorted(parameters.replace("+", "%20").split("&")))


def equal(a: Any, b: Any) -> bool:
    """Equal in neutral form: dictionaries in any order, floats nearly."""
    match a, b:
        case {"dict": x}, {"dict": y}:
            return len(x) == len(y) and all(any(equal(i, j) for j in y) for i in x)
        case {"set": x}, {"set": y}:
            return len(x) == len(y) and all(any(equal(i, j) for j in y) for i in x)
        case {"float": x}, {"float": y}:
            return x == y or math.isclose(float(x), float(y), rel_tol=1e-9)
        case dict(), dict():
            return a.keys() == b.keys() and all(equal(v, b[k]) for k, v in a.items())
        case list() | tuple(), list() | tuple():
            return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
        case _:
            return type(a) is type(b) and a == b


def function_line(text: str, function: str) -> int:
    """Where a function of a Python source begins, 1-based; 0 when it is not there."""
    m = re.search(rf"^\s*(?:async )?def {re.escape(function.rpartition('.')[2])}\(", text, re.MULTILINE)
    return text.count("\n", 0, m.start() + 1) + 1 if m else 0


def confirmed(suite: Suite, seen: list[Case], loosely: bool = False) -> tuple[list[Case], list[str]]:
    """The cases whose source did what the suite says, and the sentences about the others."""
    by_plan = {id(c.plan): c for c in seen}
    good: list[Case] = []
    problems: list[str] = []
    for e in suite.cases:
        case = by_plan.get(id(e.plan))
        if case is None:
            problems.append(f"{suite.function}: {e.title}: could not be recorded")
            continue
        wrong = disagreements(e, case, loosely)
        problems.extend(f"{suite.function}: {e.title}: {w}" for w in wrong)
        if not wrong:
            good.append(dataclasses.replace(case))
    return good, problems
