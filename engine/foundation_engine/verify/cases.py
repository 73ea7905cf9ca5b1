"""Which calls to make: typed arguments from signatures, the source's own constants and a seeded generator."""

from __future__ import annotations

import datetime
import itertools
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from foundation_engine.port import ir
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import Effects
from foundation_engine.port.regex import Regex, parsed
from foundation_engine.verify.matching import matching
from foundation_engine.verify.worlds import Looks, Surroundings, Worlds


@dataclass(frozen=True, slots=True)
class Plan:
    """One call to make: of a function, or of a method of an object that is made first. Values are in neutral form.

    `world` is what the call finds around it (see "Worlds" in the port engine's README), None when it looks at nothing.
    A call that is repeated finds `advance` nanoseconds more on the clock each time. `fresh` asks for a module that has
    not been used yet, because breakers and limiters of the module outlive a call.
    """

    function: str
    args: tuple[Any, ...]
    cls: str = ""
    object: tuple[tuple[str, Any], ...] = ()
    repeat: int = 1
    world: Mapping[str, Any] | None = None
    advance: int = 0
    fresh: bool = False

    def as_json(self) -> dict[str, Any]:
        """The plan as the recorder reads it."""
        return {
            "function": self.function, "args": list(self.args), "class": self.cls, "object": dict(self.object),
            "repeat": self.repeat, "state": bool(self.cls), "advance": self.advance, "fresh": self.fresh,
            "world": dict(self.world) if self.world is not None else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A plan and what the source did: per step a value or an error class, the calls of fakes, the delays slept."""

    plan: Plan
    steps: tuple[dict[str, Any], ...]
    trace: tuple[Any, ...] = ()
    sleeps: tuple[int, ...] = ()
    sleeps_high: tuple[int, ...] = ()
    after: tuple[Any, ...] = ()
    state: Any = None
    world_after: Mapping[str, Any] | None = None
    # From line to line of a file of the source ("" is the document); empty where it is not told.
    steps_taken: frozenset[tuple[int, int, str]] = frozenset()


_LAYOUTS: Mapping[str, str] = {"time.parse_iso": "%Y-%m-%dT%H:%M:%S+00:00", "date.parse_iso": "%Y-%m-%d"}
# Errors of the runtime that are a ValueError or an OSError, too, in Python alone.
_WIDE_IN_PYTHON = frozenset({"NetworkError", "TimeoutError", "ValidationError", "ConfigurationError"})


@dataclass
class Constants:
    """Literals of the source by kind: the values at which its behaviour is likely to change."""

    ints: list[int] = field(default_factory=list[int])
    floats: list[float] = field(default_factory=list[float])
    strings: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])
    reads_numbers: bool = False  # the code makes numbers of texts
    layouts: list[str] = field(
        default_factory=list[str]
    )  # forms of the dates and times that it reads, as of strptime
    patterns: list[Regex] = field(default_factory=list[Regex])  # regular expressions that it looks for


def constants_of(module: ir.Module) -> Constants:
    """What the module's code compares with, adds and names."""
    out = Constants()
    for d in module.definitions:
        for n in ir.walk(d):
            if isinstance(n, ir.Lit):
                match n.value:
                    case bool() | None:
                        pass
                    case int() if abs(n.value) < 10**9:
                        out.ints.extend(v for v in (n.value - 1, n.value, n.value + 1) if v not in out.ints)
                    case float() if n.value not in out.floats:
                        out.floats.append(n.value)
                    case str() if n.value and n.value not in out.strings and len(n.value) <= 40:
                        out.strings.append(n.value)
                    case _:
                        pass
            elif isinstance(n, ir.Intrinsic) and n.op in _NUMBERS:
                out.reads_numbers = True
            elif isinstance(n, ir.Intrinsic) and n.op in _LAYOUTS:
                out.layouts.append(_LAYOUTS[n.op].removesuffix("+00:00" if n.type == ir.NAIVE else "."))
            elif isinstance(n, ir.Intrinsic) and n.op == "time.parse":
                out.layouts.extend(str(a.value) for a in n.args if isinstance(a, ir.Lit))
            elif isinstance(n, ir.Intrinsic) and n.op == "regex.compile":
                with suppress(Unsupported):
                    out.patterns.append(parsed(*(a.value for a in n.args if isinstance(a, ir.Lit))))
            elif isinstance(n, ir.Handler):
                out.errors.extend(c for c in n.classes if c not in out.errors)
            elif isinstance(n, ir.New) and n.cls in ir.RUNTIME_ERRORS and n.cls not in out.errors:
                out.errors.append(n.cls)
    for doc in _docs(module):
        # An example in a comment is what the code is meant for.
        out.strings.extend(
            s for s in re.findall(r"[`'\"]([^`'\"\n]{3,40})[`'\"]", doc) if s not in out.strings
        )
    # An error with fields of its own cannot be made the same in every language without knowing what they mean.
    for d in module.definitions:
        if isinstance(d, ir.ErrorClass) and d.message is not None and d.name in out.errors:
            out.errors.remove(d.name)
    for _, f in module.functions():
        for p in f.patterns:
            for v in p.arguments.values():
                if isinstance(v, ir.ListLit):
                    out.errors.extend(
                        e.id for e in v.elems if isinstance(e, ir.Name) and e.id not in out.errors
                    )
            if p.pattern_id == "retry_with_backoff":
                out.errors.extend(
                    c for c in ("NetworkError", "TimeoutError", "ValidationError") if c not in out.errors
                )
    if any(d.startswith(ir.WIDE_ERRORS) for d in module.differences):
        # What fakes raise is of the same classes in every language.
        out.errors = [c for c in out.errors if not ir.is_wide(c) and c not in _WIDE_IN_PYTHON] or [
            "Exception"
        ]
    return out


def _docs(module: ir.Module) -> Iterator[str]:
    for d in module.definitions:
        yield from (n.doc for n in ir.walk(d) if isinstance(n, ir.Function | ir.Class))


class Generator:
    """Values of a type, from small and telling to random."""

    def __init__(self, module: ir.Module, seed: int) -> None:
        self.module = module
        self.seed = seed
        self.random = random.Random(seed)  # noqa: S311 - reproducible test data, no secret.
        self.constants = constants_of(module)
        self.effects = Effects(module)
        self.effects.run()
        self.surroundings = Surroundings(module)
        self.looks = Looks()
        self.worlds = Worlds(self.looks, self.random, (), ())
        self.compared: Mapping[str, list[int]] = {}  # what the function compares its numbers with
        self.sought: Mapping[str, list[str]] = {}  # what it looks for in its texts

    def look(self, cls: ir.Class | None, f: ir.Function) -> Looks:
        """Generate for this function from now on; what it looks at.

        What is drawn for it does not depend on what was drawn for others.
        """
        self.random.seed(f"{self.seed} {cls.name if cls else ''}.{f.name}")
        self.looks = self.surroundings.of(cls, f)
        self.compared = _compared(self.module, f)
        self.sought = _sought(f)
        self.worlds = Worlds(self.looks, self.random, self.constants.strings, self.constants.ints)
        return self.looks

    def value(self, t: Type, name: str = "", depth: int = 0) -> Any:
        """One value of the type in neutral form; raises Unsupported when the type has no generator."""
        r = self.random
        match t:
            case ir.P(ir.Prim.INT):
                if name in self.compared and depth <= 1 and r.random() < 0.5:
                    return r.choice(self.compared[name])
                if self.constants.ints and r.random() < 0.35:
                    return r.choice(self.constants.ints)
                return r.choice(
                    [*_INTS, r.randint(-20, 100), r.randint(0, 12), r.randint(1, 1000), r.randint(-5, 5)]
                )
            case ir.P(ir.Prim.FLOAT):
                pool = [
                    0.0,
                    1.0,
                    0.5,
                    2.5,
                    -1.5,
                    round(r.uniform(-50, 200), 2),
                    round(r.uniform(0, 10), 3),
                    float(r.randint(0, 20)),
                ]
                if self.constants.floats and r.random() < 0.35:
                    return {"float": repr(r.choice(self.constants.floats))}
                return {"float": repr(float(r.choice(pool)))}
            case ir.P(ir.Prim.BOOL):
                return r.random() < 0.5
            case ir.P(ir.Prim.CHAR):
                return r.choice([*"aZ0 (\u00e9", *(s for s in self.constants.strings if len(s) == 1)])
            case ir.P(ir.Prim.STR):
                if name in self.looks.paths and depth <= 1:
                    return self.worlds.path()
                if name in self.looks.addresses and depth <= 1:
                    return self.worlds.address()
                text = self._text()
                if name in self.sought and depth <= 1 and r.random() < 0.4:
                    found = r.choice(self.sought[name])
                    text = r.choice([found + text, text + found, found, text.removeprefix(found)])
                # Whatever becomes of a text, it names nothing outside of the working directory.
                if self.looks.http:
                    # Runtimes differ in what they make of an address that is none.
                    text = re.sub(r"[^A-Za-z0-9_.,:/=-]", "-", text)
                    text = re.sub(r"(?<![A-Za-z0-9])\.|\.(?![A-Za-z0-9])", "-", text)
                return text.replace("/", "-").replace("..", ".") if self.looks.files else text
            case ir.ListT(elem) if depth == 0 and self.looks.cli and elem == ir.STR:
                return {"list": list(self.worlds.words())}
            case ir.P(ir.Prim.TIME) | ir.P(ir.Prim.NAIVE):
                return {"time": self._point().isoformat() + ("+00:00" if t == ir.TIME else "")}
            case ir.P(ir.Prim.DATE):
                return {"date": self._point().date().isoformat()}
            case ir.P(ir.Prim.DELTA):
                return {"delta": r.choice([*self._lengths(), r.randint(-(10**12), 10**12)])}
            case ir.P(ir.Prim.BYTES):
                return {"bytes": [r.randint(0, 255) for _ in range(r.randint(0, 6))]}
            case ir.ListT(elem):
                size = r.choice([0, 1, 2, 3, 3, 4, 5, 8]) if depth == 0 else r.choice([0, 1, 2, 3])
                items = [self.value(elem, name, depth + 1) for _ in range(size)]
                if len(items) > 1 and r.random() < 0.35:
                    # Equal elements, and elements in order, take ways of their own through many functions.
                    items = r.choice(
                        [items[:1] * size, [*items, *items[:2]], items + items[::-1], _in_order(items)]
                    )
                return {"list": items}
            case ir.SetT(elem):
                items = [self.value(elem, name, depth + 1) for _ in range(r.randint(0, 5))]
                return {"set": _unique(items)}
            case ir.P(ir.Prim.ANY):
                return self._any(depth)
            case ir.DictT(ir.STR, ir.P(ir.Prim.ANY)) if r.random() < 0.8:
                return self._members(depth)
            case ir.DictT(key, value):
                keys = _unique(self.value(key, name, depth + 1) for _ in range(r.randint(0, 4)))
                return {"dict": [[k, self.value(value, name, depth + 1)] for k in keys]}
            case ir.TupleT(elems):
                return {"tuple": [self.value(e, name, depth + 1) for e in elems]}
            case ir.OptionalT(elem):
                # A class that may hold another of its kind ends somewhere.
                deep = depth >= 3 and isinstance(elem, ir.NamedT)
                return None if deep or r.random() < 0.3 else self.value(elem, name, depth)
            case ir.NamedT(cls):
                return self._object(cls, depth)
            case ir.FuncT(_, result):
                return {"fake": {"name": name, "methods": {"": self._script(result, fails=t.raises)}}}
            case _:
                raise Unsupported(f"no generator for {ir.type_text(t)}")

    def _lengths(self) -> list[int]:
        """Lengths of time in microseconds at which code is likely to do something else: what it names, and units."""
        units = [0, 1, 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000]
        named = [n * unit for n in self.constants.ints if 0 < n < 4000 for unit in units[2:]]
        return [*units, *[x for x in named if x < 400 * units[-1]], -1, -1_000_000, -86_400_000_000]

    def _point(self) -> datetime.datetime:
        """A date and a time of the day near to the ends of a minute, a day, a month and a year, and to others."""
        r = self.random
        start = r.choice([(2024, 2, 28, 23, 59, 30), (2023, 12, 31, 12, 0, 0), (2024, 3, 1, 0, 0, 0)])
        made = datetime.datetime(*start)  # noqa: DTZ001 - the offset is written behind it.
        if r.random() < 0.7:
            made += datetime.timedelta(microseconds=r.choice(self._lengths()))
        if r.random() < 0.2:
            made += datetime.timedelta(days=r.randint(-800, 800), microseconds=r.choice([0, 250_000, 7]))
        return made

    def argument(self, p: ir.Param, depth: int = 0) -> Any:
        """One value of a parameter, of a type that it may hold."""
        return self.value(self.random.choice(p.one_of) if p.one_of else p.type, p.name, depth)

    def _any(self, depth: int) -> Any:
        """A value of a kind that JSON has."""
        r = self.random
        inner = depth < 3 and self.looks.nested and r.random() < 0.3
        if inner and r.random() < 0.5:
            return {"list": [self._any(depth + 1) for _ in range(r.randint(0, 3))]}
        if inner:
            return self._members(depth)
        kind = r.choice([ir.INT, ir.STR, ir.STR, ir.FLOAT, ir.BOOL, ir.NONE])
        return None if kind == ir.NONE else self.value(kind, "", depth + 1)

    def _members(self, depth: int) -> Any:
        """A map from names that the code has to values of any kind."""
        r = self.random
        known = dict.fromkeys([*self.looks.keys, *self.constants.strings])
        names = [s for s in known if s.isidentifier() and s not in _KINDS]
        held = [n for n in names[:12] if r.random() < 0.7] or ["id"]
        return {"dict": [[n, self._any(depth + 1)] for n in held]}

    def _matched(self) -> str:
        """A text in which a regular expression of the code finds something, or nearly."""
        r = self.random
        found = [matching(r.choice(self.constants.patterns), r) for _ in range(r.choice([1, 1, 1, 2, 3]))]
        text = r.choice(["", " ", ","]).join(found)
        roll = r.random()
        if text and roll < 0.2:
            at = r.randrange(len(text))
            return text[:at] + r.choice(["", "#", "a", "0"]) + text[at + 1 :]
        return f"{r.choice(['a ', '-', '7'])}{text}{r.choice([' b', '.', ''])}" if roll < 0.4 else text

    def _text(self) -> str:
        r = self.random
        texts = self.constants.strings
        marks = [s for s in texts if len(s) == 1 and not s.isalnum()]
        if self.looks.parses and r.random() < 0.6:
            return r.choice([*[json.dumps(self.worlds.json_value())] * 4, "{", ""])
        if self.constants.layouts and r.random() < 0.5:
            text = self._point().strftime(r.choice(self.constants.layouts))
            return text if r.random() < 0.8 else text.replace(r.choice("0123-"), r.choice("379x"), 1)
        if self.constants.patterns and r.random() < 0.4:
            return self._matched()
        if self.constants.reads_numbers and r.random() < 0.4:
            return r.choice([" ", "", "", ",", *marks]).join(
                str(r.choice([r.randint(0, 9), r.randint(0, 400)])) for _ in range(r.randint(1, 6))
            )
        roll = r.random()
        if texts and roll < 0.2:
            return r.choice(texts)
        if texts and roll < 0.45:
            # Texts are often read piece by piece: join what the code looks for, alone or with values.
            noise = [str(r.randint(0, 120)), "abc", "TEA-1", " ", "x"] if r.random() < 0.5 else []
            pieces = [r.choice([*texts, *noise]) for _ in range(r.randint(2, 6))]
            if r.random() < 0.45:
                # Whatever the code tells apart meets in one text.
                pieces = r.sample(texts, min(len(texts), 12))
            return r.choice([" ", "", ",", " ", *marks]).join(pieces)
        if roll < 0.7:
            return r.choice(_TEXTS)
        alphabet = "abcXYZ019 _-.:,/é()" + "".join(texts)[:60]
        letters = [t for t in texts if len(t) == 1]
        if letters and r.random() < 0.4:
            alphabet = [*r.sample(letters, min(len(letters), 3)), r.choice(alphabet)]
        elif r.random() < 0.5:
            alphabet = r.sample(alphabet, 3)
        made = "".join(r.choice(alphabet) for _ in range(r.randint(0, 12)))
        return made + made[::-1] if r.random() < 0.1 else made

    def edges(self, t: Type) -> list[Any]:
        """The least and most telling values of a type, in neutral form; none for a type that has no such values."""
        match t:
            case ir.P(ir.Prim.INT):
                return _unique([0, 1, -1, 2, *self.constants.ints[:24]])
            case ir.P(ir.Prim.FLOAT):
                return _unique({"float": repr(v)} for v in (0.0, 1.0, -0.5, 2.5, *self.constants.floats[:20]))
            case ir.P(ir.Prim.BOOL):
                return [False, True]
            case ir.P(ir.Prim.STR) if not self.looks.http and not self.looks.files:
                return _unique(["", "a", "Ab", " ", "\u65e5\u672c", *self.constants.strings[:20]])
            case ir.ListT(elem) if not (self.looks.cli and elem == ir.STR):
                some = self.edges(elem)
                return [
                    {"list": []},
                    *({"list": v} for v in (some[:1], some[1:2] * 2, some[:4], some[3::-1], some[:24]) if v),
                ]
            case ir.SetT(elem):
                return [{"set": []}, *({"set": v} for v in (self.edges(elem)[:1], self.edges(elem)[:3]) if v)]
            case ir.DictT(key, value):
                pairs = [list(p) for p in zip(self.edges(key), self.edges(value), strict=False)]
                return [{"dict": []}, *({"dict": v} for v in (pairs[:1], pairs[:3]) if v)]
            case ir.OptionalT(elem):
                return [None, *self.edges(elem)]
            case ir.TupleT(elems):
                each = [self.edges(e) for e in elems]
                if not all(each):
                    return []
                return [{"tuple": [e[i % len(e)] for e in each]} for i in range(max(map(len, each)))]
            case _:
                return []

    def edge_arguments(self, params: Sequence[ir.Param]) -> Iterator[tuple[Any, ...]]:
        """Arguments at the edges: every edge of every parameter, once beside edges and once beside other values."""
        each = [
            [] if p.name in self.looks.paths | self.looks.addresses else self.edges(p.type) for p in params
        ]
        for i in range(max(map(len, each), default=0)):
            yield tuple(e[i % len(e)] if e else self.argument(p) for p, e in zip(params, each, strict=True))
        if len(params) > 1:
            for at, found in enumerate(each):
                for v in found:
                    yield tuple(v if i == at else self.argument(p) for i, p in enumerate(params))

    def related(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments with one that has to do with another: the same, an element or a part of it, its length."""
        r = self.random
        if len(args) < 2 or self.looks.http or self.looks.files or self.looks.cli or r.random() < 0.5:
            return args
        at, to = r.sample(range(len(args)), 2)
        match args[at], args[to]:
            case bool(), _:
                return args
            case int(), {"list": [*items]}:
                ints = [i for i in items if isinstance(i, int) and not isinstance(i, bool)]
                made: Any = r.choice([len(items), len(items) - 1, *ints])
            case int(), str(text):
                made = r.choice([len(text), len(text) - 1])
            case int(), int(other) if not isinstance(other, bool):
                made = r.choice([other, other, other + 1, other - 1])
            case str(), str(text):
                low = r.randint(0, len(text))
                made = r.choice(
                    [text, text[:low], text[low:], text[low : low + 1], text.swapcase(), text[::-1]]
                )
            case str(), {"list": [*items]} if items and all(isinstance(i, str) for i in items):
                made = r.choice(items)
            case {"list": [*mine]}, {"list": [*items]} if _kinds(mine) == _kinds(items):
                made = {"list": r.choice([items, items[::-1], items[1:], items[:-1]])}
            case {"float": _}, {"float": text}:
                made = {"float": text}
            case {"fake": {"name": str(name), "methods": methods}}, other:
                # What the fake answers is what it was asked about.
                made = _fake(name, methods, lambda o: {"value": other} if _answers_like(o, other) else o)
            case _:
                return args
        return (*args[:at], made, *args[at + 1 :])

    def varied(self, plan: Plan) -> Plan:
        """The same call with its arguments changed a little."""
        return replace(
            plan,
            args=tuple(self._near(v) for v in plan.args),
            object=tuple((k, self._near(v)) for k, v in plan.object),
        )

    def _near(self, v: Any) -> Any:
        r = self.random
        if r.random() < 0.3:
            return v
        match v:
            case bool():
                return not v
            case int():
                made = r.choice([v - 1, v + 1, -v, 0, v * 2, *self.constants.ints[:20]])
                return max(-(2**62), min(2**62, made))
            case str() if not (self.looks.files or self.looks.http):
                return self._near_text(v)
            case {"fake": {"name": str(name), "methods": methods}}:
                return _fake(
                    name, methods, lambda o: {"value": self._near(o["value"])} if "value" in o else o
                )
            case {"float": str(text)}:
                x = float(text)
                return {"float": repr(r.choice([x + 1, x - 0.5, -x, x / 2, 0.0]))}
            case {"list": [*items]}:
                if items and r.random() < 0.2:
                    return {"list": self._as_long(items)}
                made = [self._near(i) for i in items]
                if made and r.random() < 0.6:
                    at = r.randrange(len(made))
                    made = r.choice(
                        [made[:at] + made[at + 1 :], made[: at + 1] + made[at:], made[::-1], made + made[:1]]
                    )
                return {"list": made}
            case {"tuple": [*items]}:
                return {"tuple": [self._near(i) for i in items]}
            case {"dict": [*pairs]}:
                kept = [p for p in pairs if r.random() < 0.9]
                return {"dict": [[k, self._near(w)] for k, w in kept]}
            case _:
                return v

    def _as_long(self, items: Sequence[Any]) -> Sequence[Any]:
        """The items again and again, as many as a number of the source says."""
        sizes = [i for i in self.constants.ints if 2 < i <= 64] or [2 * len(items)]
        size = self.random.choice(sizes)
        return (
            (items * (size // len(items) + 1))[:size]
            if isinstance(items, str)
            else (list(items) * size)[:size]
        )

    def _near_text(self, v: str) -> str:
        r = self.random
        if v and r.random() < 0.1:
            return str(self._as_long(v))
        numbers = list(re.finditer(r"-?\d+", v))
        if numbers and r.random() < 0.3:
            m = r.choice(numbers)
            return v[: m.start()] + r.choice(["0", "-1", "x", "", str(int(m[0]) + 1), "99"]) + v[m.end() :]
        low, high = sorted((r.randint(0, len(v)), r.randint(0, len(v))))
        piece = r.choice([*self.constants.strings, *v, *" aZ09,.\u00e9"])
        return r.choice(
            [
                v[:low] + piece + v[low:],
                v[:low] + piece + v[high:],
                v[:low] + v[low + 1 :],
                v[::-1],
                v.swapcase(),
                v + piece,
                piece + v,
            ]
        )

    def _object(self, cls: str, depth: int) -> Any:
        d = self.module.find(cls)
        match d:
            case ir.EnumClass():
                return {"enum": [cls, self.random.choice(d.members)[0]]}
            case ir.Protocol():
                methods = {m.name: self._script(m.result, fails=bool(m.raises)) for m in d.methods}
                return {"fake": {"name": cls, "methods": methods}}
            case None if cls in _MADE:
                return {"made": [cls, self._made(cls)]}
            case ir.Class() if depth < 4:
                return {"object": {"class": cls, "fields": dict(self.fields(d, depth))}}
            case _:
                raise Unsupported(f"no generator for {cls}")

    def _made(self, cls: str) -> dict[str, Any]:
        """Parameters for an object of the runtime."""
        r = self.random
        match cls:
            case "HttpClient":
                return {
                    "base_url": "{server}",
                    "max_attempts": r.choice([1, 2, 3]),
                    "base_delay": {"float": "0.5"},
                }
            case "CircuitBreaker":
                return {
                    "name": "test",
                    "failure_threshold": r.choice([1, 2, 3]),
                    "recovery_timeout": {"float": "5.0"},
                }
            case "RateLimiter":
                return {"limit": r.choice([1, 2, 3, 5]), "period": {"float": "10.0"}}
            case _:
                return {"name": "test"}

    def fields(self, d: ir.Class, depth: int = 0) -> list[tuple[str, Any]]:
        """Arguments for the class's constructor."""
        if not d.made:
            raise Unsupported(f"an object of {d.name}, whose initialiser is not ported")
        params = d.init.params if d.init is not None else [ir.Param(f.name, f.type) for f in d.fields]
        if d.variants:
            return self._variant(d, params, depth)
        return [(p.name, self.argument(p, depth + 1)) for p in params]

    def _variant(self, d: ir.Class, params: list[ir.Param], depth: int) -> list[tuple[str, Any]]:
        """A union of some kind, whose other fields hold nothing; deep inside of one, a kind without a union in it."""
        held = {p.name: p.type for p in params}
        flat = [k for k, names in d.variants.items() if not any(_holds(held[n], d.name) for n in names)]
        kind = self.random.choice(flat if depth >= 2 and flat else list(d.variants))
        out: list[tuple[str, Any]] = []
        for p in params:
            if p.name == "kind" and isinstance(p.type, ir.NamedT):
                out.append((p.name, {"enum": [p.type.name, kind]}))
            elif p.name in d.variants[kind]:
                inner = p.type.elem if isinstance(p.type, ir.OptionalT) and _holds(p.type, d.name) else p.type
                out.append((p.name, self.value(inner, p.name, depth + 1)))
            else:
                out.append((p.name, zero_value(p.type)))
        return out

    def _script(self, result: Type, *, fails: bool = True) -> list[dict[str, Any]]:
        """Outcomes of successive calls, of one that cannot fail without errors; the last repeats."""
        r = self.random

        def success() -> dict[str, Any]:
            return {"value": None if result == ir.NONE else self.value(result, "", 1)}

        errors = self.constants.errors or ["NetworkError"]
        kind = r.random()
        if not fails:
            return [success() for _ in range(r.randint(1, 3))]
        if self.looks.outlives and r.random() < 0.6:
            # What a breaker does shows only after failures, as many as it takes and more.
            least = r.choice([1, 2, 3, 6, 6])
            return [*({"error": r.choice(errors)} for _ in range(least)), *([] if least > 3 else [success()])]
        if kind < 0.4:
            return [success()]
        if kind < 0.75:
            return [*({"error": r.choice(errors)} for _ in range(r.randint(1, 3))), success()]
        if kind < 0.9:
            return [{"error": r.choice(errors)}]
        return [success(), {"error": r.choice(errors)}, success()]


def _compared(module: ir.Module, f: ir.Function) -> dict[str, list[int]]:
    """The numbers that a function compares parameters and fields with, and their neighbours, by the names of these."""
    known = {d.name: d.value for d in module.definitions if isinstance(d, ir.Constant)}
    out: dict[str, list[int]] = {}
    for n in ir.walk(f):
        if not (isinstance(n, ir.Intrinsic) and n.op in _COMPARISONS and len(n.args) == 2):
            continue
        for one, other in (n.args, n.args[::-1]):
            name = one.id if isinstance(one, ir.Name) else one.name if isinstance(one, ir.Field) else ""
            bound = known.get(other.id) if isinstance(other, ir.Name) else other
            if name and isinstance(bound, ir.Lit) and type(bound.value) is int and abs(bound.value) < 10**9:
                values = out.setdefault(name, [])
                values.extend(v for v in (bound.value - 1, bound.value, bound.value + 1) if v not in values)
    return out


def _sought(f: ir.Function) -> dict[str, list[str]]:
    """The texts that a function looks for in parameters and fields, by the names of these."""
    out: dict[str, list[str]] = {}
    for n in ir.walk(f):
        if not isinstance(n, ir.Intrinsic) or n.op not in _SEEKING:
            continue
        match n.args:
            case [ir.Name(id=name) | ir.Field(name=name), ir.Lit(value=str(text)), *_] if text:
                values = out.setdefault(name, [])
                values.extend([text] * (text not in values))
            case _:
                pass
    return out


def _holds(t: Type, name: str) -> bool:
    """True for a type that has the class somewhere in it."""
    match t:
        case ir.NamedT(named):
            return named == name
        case ir.OptionalT(elem) | ir.ListT(elem) | ir.SetT(elem):
            return _holds(elem, name)
        case ir.DictT(key, value):
            return _holds(key, name) or _holds(value, name)
        case ir.TupleT(elems):
            return any(_holds(e, name) for e in elems)
        case _:
            return False


def zero_value(t: Type) -> Any:
    """What a field of a union holds in the kinds that do not have it, in neutral form."""
    match t:
        case ir.P(ir.Prim.INT):
            return 0
        case ir.P(ir.Prim.FLOAT):
            return {"float": "0.0"}
        case ir.P(ir.Prim.BOOL):
            return False
        case ir.P(ir.Prim.STR):
            return ""
        case ir.ListT():
            return {"list": []}
        case ir.SetT():
            return {"set": []}
        case ir.DictT():
            return {"dict": []}
        case _:
            return None


# Objects of the runtime that can be arguments.
_MADE = frozenset(("HttpClient", "CircuitBreaker", "RateLimiter", "Logger"))


# What `json.is` asks for.
_KINDS = ("null", "boolean", "integer", "float", "number", "string", "list", "object")
_SEEKING = (
    "eq", "ne", "str.startswith", "str.endswith", "str.contains", "str.removeprefix", "str.removesuffix", "str.find",
    "str.split", "str.partition", "str.count", "str.replace",
)  # fmt: skip
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
# Operations that make numbers of texts.
_NUMBERS = (
    "str.to_int",
    "str.to_float",
    "str.parse_int",
    "str.parse_float",
    "str.to_int_base",
    "str.isdigit",
    "char.isdigit",
)
_INTS = (0, 1, 2, 3, 5, 7, 10, -1, -2, 100, 1000)
_TEXTS = (
    "", "a", "abc", "Hello World", "  padded ", "x=1", "a,b,c", "42", "-7", "3.5", "na\u00efve caf\u00e9",
    "\u65e5\u672c\u8a9e", "A-1", "one two  three", "()[]{}", "aab", "abba", "AAA", "007", "0", "cafe\u0301",
    "\U0001f44d\U0001f3fd ok", "a\nb\n", "\tx", "(()", "1 2 3", "Z a Z", "tHe qUick",
)  # fmt: skip


def _in_order(items: list[Any]) -> list[Any]:
    """The items in order where they are plain values."""
    plain = all(isinstance(i, int) for i in items) or all(isinstance(i, str) for i in items)
    return sorted(items) if plain else items


def _fake(name: str, methods: Any, change: Callable[[Any], Any]) -> Any:
    """A fake whose outcomes are changed."""
    changed = {str(m): [change(o) for o in outcomes] for m, outcomes in methods.items()}
    return {"fake": {"name": name, "methods": changed}}


def _answers_like(outcome: Any, value: Any) -> bool:
    """Whether an outcome is a value of the same kind."""
    given = outcome.get("value")
    return given is not None and _kinds([given]) == _kinds([value])


def _kinds(items: list[Any]) -> set[str]:
    """The kinds of a list's items."""
    return {next(iter(json.dumps(i))) for i in items}


def _unique(items: Iterable[Any]) -> list[Any]:
    out: list[Any] = []
    for i in items:
        if i not in out:
            out.append(i)
    return out


def plans(module: ir.Module, names: set[str], seed: int, count: int, tries: int = 1) -> Iterator[Plan]:
    """`count` calls of every ported function (`f` or `Class.method`) whose arguments can be generated.

    The first of them are at the edges of the types and of the source's own constants. There are `tries` times as many
    of a function that looks at no world and keeps nothing, which are quick to make.
    """
    generator = Generator(module, seed)
    for cls, f in module.functions():
        full = f"{cls.name}.{f.name}" if cls else f.name
        if full not in names or f.name.startswith("_"):
            continue
        looks = generator.look(cls, f)
        varies = f.params or cls is not None or looks.needs_world or looks.outlives
        wanted = count if looks.needs_world or looks.outlives else count * tries
        seen: set[str] = set()
        try:
            edges = itertools.islice(generator.edge_arguments(f.params), wanted // 3)
            drawn = (
                generator.related(tuple(generator.argument(p) for p in f.params))
                for _ in range(wanted * 3 if varies else 1)
            )
            for args in itertools.chain(edges, drawn):
                if len(seen) >= wanted:
                    break
                made = tuple(generator.fields(cls)) if cls is not None and f.kind != "static" else ()
                if made and args:
                    both = generator.related((*(v for _, v in made), *args))
                    made = tuple((name, v) for (name, _), v in zip(made, both, strict=False))
                    args = both[len(made) :]
                repeat, advance = _repeated(generator, cls, f, args)
                named = [*zip((p.name for p in f.params), args, strict=True), *made]
                paths = [v for name, v in named if name in looks.paths]
                texts = [v for v in args if isinstance(v, str) and v not in paths and "{server}" not in v]
                world = generator.worlds.world([v for v in paths if isinstance(v, str)], texts)
                plan = Plan(
                    f.name, args, cls.name if cls else "", made, repeat, world, advance, looks.outlives
                )
                key = repr(plan)
                if key not in seen:
                    seen.add(key)
                    yield plan
        except Unsupported:
            continue


def variations(
    module: ir.Module, names: Set[str], known: Sequence[Plan], seed: int, count: int
) -> Iterator[Plan]:
    """`count` calls of each of these functions that are near to known ones, which look at no world."""
    generator = Generator(module, seed)
    for cls, f in module.functions():
        name = f"{cls.name}.{f.name}" if cls else f.name
        mine = [
            p for p in known if (p.cls, p.function) == (cls.name if cls else "", f.name) and p.world is None
        ]
        if name not in names or not mine:
            continue
        generator.look(cls, f)
        for _ in range(count):
            plan = generator.random.choice(mine)
            for _ in range(generator.random.randint(1, 3)):
                plan = generator.varied(plan)
            yield plan


def _repeated(
    generator: Generator, cls: ir.Class | None, f: ir.Function, args: tuple[Any, ...]
) -> tuple[int, int]:
    """How often to call, and how many nanoseconds pass in between."""
    r, looks = generator.random, generator.looks
    made: list[str] = [v["made"][0] for v in args if isinstance(v, dict) and "made" in v]
    given = "CircuitBreaker" in made or "RateLimiter" in made
    if looks.outlives or looks.times or given:
        # Long enough for a breaker to half-open or a limiter to refill, a part of it, or no time at all.
        whole = round(r.choice([*looks.times, 5.0 if given else 60.0]) * 1_000_000_000)
        return r.choice([1, 3, 6, 6]), r.choice([0, whole, whole - 1, whole // 2])
    if cls is not None and f.kind != "static" and not cls.frozen:
        return r.choice([1, 1, 3]), 0
    return 1, 0
