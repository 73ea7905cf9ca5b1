"""Which calls to make: typed arguments from signatures, the source's own constants and a seeded generator."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from foundation_engine.port import ir
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import Effects
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


@dataclass
class Constants:
    """Literals of the source by kind: the values at which its behaviour is likely to change."""

    ints: list[int] = field(default_factory=list[int])
    floats: list[float] = field(default_factory=list[float])
    strings: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])


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
            elif isinstance(n, ir.Handler):
                out.errors.extend(c for c in n.classes if c not in out.errors)
            elif isinstance(n, ir.New) and n.cls in ir.RUNTIME_ERRORS and n.cls not in out.errors:
                out.errors.append(n.cls)
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
    return out


class Generator:
    """Values of a type, from small and telling to random."""

    def __init__(self, module: ir.Module, seed: int) -> None:
        self.module = module
        self.random = random.Random(seed)  # noqa: S311 - reproducible test data, no secret.
        self.constants = constants_of(module)
        self.effects = Effects(module)
        self.effects.run()
        self.surroundings = Surroundings(module)
        self.looks = Looks()
        self.worlds = Worlds(self.looks, self.random, (), ())

    def look(self, cls: ir.Class | None, f: ir.Function) -> Looks:
        """Generate for this function from now on; what it looks at."""
        self.looks = self.surroundings.of(cls, f)
        self.worlds = Worlds(self.looks, self.random, self.constants.strings, self.constants.ints)
        return self.looks

    def value(self, t: Type, name: str = "", depth: int = 0) -> Any:
        """One value of the type in neutral form; raises Unsupported when the type has no generator."""
        r = self.random
        match t:
            case ir.P(ir.Prim.INT):
                if depth == 0 and self.constants.ints and r.random() < 0.35:
                    return r.choice(self.constants.ints)
                return r.choice(
                    [0, 1, 2, 3, 5, 7, 10, -1, r.randint(-20, 100), r.randint(0, 12), r.randint(1, 1000)]
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
                pool.extend(self.constants.floats[:6])
                return {"float": repr(float(r.choice(pool)))}
            case ir.P(ir.Prim.BOOL):
                return r.random() < 0.5
            case ir.P(ir.Prim.STR) | ir.P(ir.Prim.CHAR):
                if name in self.looks.paths and depth <= 1:
                    return self.worlds.path()
                text = self._text()
                # Whatever becomes of a text, it names nothing outside of the working directory.
                if self.looks.http:
                    # Runtimes differ in what they make of an address that is none.
                    text = re.sub(r"[^A-Za-z0-9_.,:/=-]", "-", text)
                    text = re.sub(r"(?<![A-Za-z0-9])\.|\.(?![A-Za-z0-9])", "-", text)
                return text.replace("/", "-").replace("..", ".") if self.looks.files else text
            case ir.ListT(elem) if depth == 0 and self.looks.cli and elem == ir.STR:
                return {"list": list(self.worlds.words())}
            case ir.P(ir.Prim.BYTES):
                return {"bytes": [r.randint(0, 255) for _ in range(r.randint(0, 6))]}
            case ir.ListT(elem):
                size = r.choice([0, 1, 2, 3, 3, 4, 5, 8]) if depth == 0 else r.choice([0, 1, 2, 3])
                return {"list": [self.value(elem, name, depth + 1) for _ in range(size)]}
            case ir.SetT(elem):
                items = [self.value(elem, name, depth + 1) for _ in range(r.randint(0, 5))]
                return {"set": _unique(items)}
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

    def _text(self) -> str:
        r = self.random
        texts = self.constants.strings
        plain = [
            "",
            "a",
            "abc",
            "Hello World",
            "  padded ",
            "x=1",
            "a,b,c",
            "42",
            "-7",
            "3.5",
            "naïve café",
            "日本語",
            "A-1",
            "one two  three",
            "()[]{}",
        ]
        roll = r.random()
        if texts and roll < 0.25:
            return r.choice(texts)
        if texts and roll < 0.45:
            # Texts are often read piece by piece: join what the code looks for with values.
            pieces = [
                r.choice([*texts, str(r.randint(0, 120)), "abc", "TEA-1", " ", "x"])
                for _ in range(r.randint(2, 5))
            ]
            return r.choice([" ", "", ",", " "]).join(pieces)
        if roll < 0.75:
            return r.choice(plain)
        alphabet = "abcXYZ019 _-.:,/é" + "".join(t for t in texts if len(t) == 1)
        return "".join(r.choice(alphabet) for _ in range(r.randint(0, 12)))

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
        params = d.init.params if d.init is not None else [ir.Param(f.name, f.type) for f in d.fields]
        return [(p.name, self.value(p.type, p.name, depth + 1)) for p in params]

    def _script(self, result: Type, *, fails: bool = True) -> list[dict[str, Any]]:
        """Outcomes of successive calls, of one that cannot fail without errors; the last repeats."""
        r = self.random

        def success() -> dict[str, Any]:
            return {"value": None if result == ir.NONE else self.value(result, "", 1)}

        errors = self.constants.errors or ["NetworkError"]
        kind = r.random()
        if not fails:
            return [success() for _ in range(r.randint(1, 3))]
        if kind < 0.4:
            return [success()]
        if kind < 0.75:
            return [*({"error": r.choice(errors)} for _ in range(r.randint(1, 3))), success()]
        if kind < 0.9:
            return [{"error": r.choice(errors)}]
        return [success(), {"error": r.choice(errors)}, success()]


# Objects of the runtime that can be arguments.
_MADE = frozenset(("HttpClient", "CircuitBreaker", "RateLimiter", "Logger"))


def _unique(items: Iterable[Any]) -> list[Any]:
    out: list[Any] = []
    for i in items:
        if i not in out:
            out.append(i)
    return out


def plans(module: ir.Module, names: set[str], seed: int, count: int) -> Iterator[Plan]:
    """`count` calls of every ported function (`f` or `Class.method`) whose arguments can be generated."""
    generator = Generator(module, seed)
    for cls, f in module.functions():
        full = f"{cls.name}.{f.name}" if cls else f.name
        if full not in names or f.name.startswith("_"):
            continue
        looks = generator.look(cls, f)
        seen: set[str] = set()
        try:
            for i in range(count * 3):
                varies = f.params or cls is not None or looks.needs_world or looks.outlives
                if len(seen) >= count or (not varies and i):
                    break
                args = tuple(generator.value(p.type, p.name) for p in f.params)
                made = tuple(generator.fields(cls)) if cls is not None and f.kind != "static" else ()
                repeat, advance = _repeated(generator, cls, f, args)
                named = [*zip((p.name for p in f.params), args, strict=True), *made]
                paths = [v for name, v in named if name in looks.paths]
                world = generator.worlds.world([v for v in paths if isinstance(v, str)])
                plan = Plan(
                    f.name, args, cls.name if cls else "", made, repeat, world, advance, looks.outlives
                )
                key = repr(plan)
                if key not in seen:
                    seen.add(key)
                    yield plan
        except Unsupported:
            continue


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
        return r.choice([1, 2, 4, 6]), r.choice([0, 0, whole, whole // 2])
    if cls is not None and f.kind != "static" and not cls.frozen:
        return r.choice([1, 1, 3]), 0
    return 1, 0
