"""Python tests of a port: the source's recorded behaviour for unittest, with scripted fakes and virtual time."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

from foundation_engine.port import ir
from foundation_engine.port.emit._names import snake
from foundation_engine.port.emit.go_tests import RecordedCase, elements, float_text, tagged
from foundation_engine.port.emit.python import PLAIN_ERRORS, PythonEmitter, local, quote
from foundation_engine.port.ir import Type, Unsupported

_HOMES: Mapping[str, str] = {
    "HttpClient": "foundation.http", "CircuitBreaker": "foundation.resilience", "RateLimiter": "foundation.resilience",
}  # fmt: skip


class PythonTests:
    """Builds the test file of one module."""

    def __init__(self, module: ir.Module, name: str) -> None:
        self.module = module
        self.python = PythonEmitter(module)
        self.name = name
        self.imports: set[str] = set()
        # Objects that look at the clock must be made when time is virtual.
        timed = ("circuit_breaker", "rate_limiting", "retry_with_backoff")
        self.timed = any(f.patterns for _, f in module.functions()) or any(
            isinstance(n, ir.PatternNew) and n.pattern_id in timed
            for d in module.definitions
            for n in ir.walk(d)
        )

    # Values

    def literal(self, v: Any, t: Type, *, expected: bool = False) -> str:
        """A neutral value as Python source; an `expected` object is described by its fields."""
        if v is None:
            return "None"
        match t:
            case ir.OptionalT(elem):
                return self.literal(v, elem, expected=expected)
            case ir.P(ir.Prim.FLOAT):
                return self._float(float_text(v))
            case ir.ListT(elem) | ir.IterT(elem) if elements(v) is not None:
                return f"[{', '.join(self.literal(x, elem, expected=expected) for x in elements(v) or [])}]"
            case ir.TupleT(elems) if elements(v) is not None:
                items = elements(v) or []
                parts = [self.literal(x, e, expected=expected) for x, e in zip(items, elems, strict=True)]
                return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
            case ir.SetT(elem) if "set" in tagged(v):
                inner = ", ".join(self.literal(x, elem, expected=expected) for x in v["set"])
                return f"{{{inner}}}" if inner else "set()"
            case ir.DictT(key, value) if "dict" in tagged(v):
                items = ", ".join(
                    f"{self.literal(k, key)}: {self.literal(w, value, expected=expected)}"
                    for k, w in v["dict"]
                )
                if t.zero and isinstance(value, ir.ListT | ir.SetT | ir.DictT) and not expected:
                    self.imports.add("from collections import defaultdict")
                    made = (
                        "list"
                        if isinstance(value, ir.ListT)
                        else "set"
                        if isinstance(value, ir.SetT)
                        else "dict"
                    )
                    return f"defaultdict({made}, {{{items}}})"
                return f"{{{items}}}"
            case ir.NamedT(name) if name not in _HOMES and name != "Logger":
                return self._object(v, name, expected)
            case ir.P(ir.Prim.STR) | ir.P(ir.Prim.CHAR) if not isinstance(v, str):
                raise Unsupported("a value of another type than declared")
            case ir.P(ir.Prim.INT) if isinstance(v, bool) or not isinstance(v, int):
                raise Unsupported("a value of another type than declared")
            case _:
                return self._plain(v, expected)

    def _float(self, text: str) -> str:
        if text in ("inf", "-inf", "nan"):
            return f'float("{text}")'
        return text if any(c in text for c in ".e") else f"{text}.0"

    def _plain(self, v: Any, expected: bool) -> str:
        """A value by its tag alone."""
        match v:
            case None | bool() | int():
                return repr(v)
            case str():
                text = quote(v)
                return (
                    f'{text}.replace("{{server}}", world.server)'
                    if "{server}" in v and not expected
                    else text
                )
            case {"float": text}:
                return self._float(str(text))
            case {"list": items}:
                return f"[{', '.join(self._plain(x, expected) for x in items)}]"
            case {"tuple": items}:
                return (
                    f"({', '.join(self._plain(x, expected) for x in items)}{',' if len(items) == 1 else ''})"
                )
            case {"set": items}:
                return f"{{{', '.join(self._plain(x, expected) for x in items)}}}" if items else "set()"
            case {"dict": items}:
                return (
                    "{"
                    + ", ".join(f"{self._plain(k, expected)}: {self._plain(w, expected)}" for k, w in items)
                    + "}"
                )
            case {"bytes": items}:
                return repr(bytes(items))
            case {"enum": [cls, member]}:
                return f"{self.name}.{self.python.type_name(cls)}.{self.python.enum_member(member)}"
            case {"object": {"class": cls}}:
                return self._object(v, str(cls), expected)
            case {"made": [cls, given]}:
                return self._made(str(cls), given)
            case _:
                raise Unsupported("a value of this kind in a test")

    def _made(self, cls: str, given: Mapping[str, Any]) -> str:
        options = ", ".join(f"{k}={self._plain(w, False)}" for k, w in given.items())
        if cls == "Logger":
            self.imports.add("from foundation.logging import get_logger")
            return f"get_logger({options})"
        if cls not in _HOMES:
            raise Unsupported(f"an object of {cls} in a test")
        self.imports.add(f"from {_HOMES[cls]} import {cls}")
        return f"{cls}({options})"

    def _object(self, v: Any, name: str, expected: bool) -> str:
        d = self.module.find(name)
        if isinstance(d, ir.EnumClass) or "enum" in tagged(v):
            return self._plain(v, expected)
        if not isinstance(d, ir.Class) or "object" not in tagged(v):
            raise Unsupported(f"a value of type {name} in a test")
        types: dict[str, Type] = {f.name: f.type for f in d.fields}
        if d.init is not None and not expected:
            types = {p.name: p.type for p in d.init.params}
        parts: list[str] = []
        for k, w in v["object"]["fields"].items():
            if k not in types:
                raise Unsupported(f"a field {k} of {name} in a test")
            shown = self.python.field_name(name, k) if d.init is None or expected else local(k)
            if expected and shown.startswith("_"):
                continue
            parts.append(f"{shown}={self.literal(w, types[k], expected=expected)}")
        made = f"{self.name}.{self.python.type_name(name)}"
        return f"Like({', '.join([made, *parts])})" if expected else f"{made}({', '.join(parts)})"

    def argument(self, v: Any, t: Type) -> str:
        """An argument; a fake is made in place."""
        if "fake" not in tagged(v):
            return self.literal(v, t)
        fake: Mapping[str, Any] = v["fake"]
        scripts: list[str] = []
        protocol = t.name if isinstance(t, ir.NamedT) else ""
        for method, outcomes in fake["methods"].items():
            result = self._result(t, method)
            items = [
                self._raised(str(o["error"])) if "error" in o else f"[{self.literal(o['value'], result)}]"
                for o in outcomes
            ]
            shown = self.python.method_name(protocol, method) if method else ""
            scripts.append(f"{quote(shown)}: [{', '.join(items)}]")
        return f"Fake({quote(fake['name'])}, calls, {{{', '.join(scripts)}}})"

    def _raised(self, name: str) -> str:
        d = self.module.find(name)
        if isinstance(d, ir.ErrorClass) and d.message is not None:
            values = ", ".join(
                "0" if p.type == ir.INT else '"scripted"' for p in d.params if p.default is None
            )
            if not all(p.type in (ir.INT, ir.STR) for p in d.params if p.default is None):
                raise Unsupported(f"a scripted {name}")
            return f"{self._qualified(name)}({values})"
        if name in ir.RUNTIME_ERRORS and name not in PLAIN_ERRORS:
            raise Unsupported(f"a scripted {name}")
        return f'{self._qualified(name)}("scripted")'

    def _result(self, t: Type, method: str) -> Type:
        if isinstance(t, ir.OptionalT):
            return self._result(t.elem, method)
        if isinstance(t, ir.FuncT):
            return t.result
        d = self.module.find(t.name) if isinstance(t, ir.NamedT) else None
        assert isinstance(d, ir.Protocol)
        return next(m.result for m in d.methods if m.name == method)

    def _qualified(self, name: str) -> str:
        if isinstance(self.module.find(name), ir.ErrorClass):
            return f"{self.name}.{self.python.type_name(name)}"
        if name in ir.RUNTIME_ERRORS or name == "FoundationError":
            self.imports.add("from foundation import errors")
            return f"errors.{name}"
        if name == "Exit":
            self.imports.add("from foundation.cli import Exit")
            return name
        found = getattr(builtins, name, None)
        if isinstance(found, type) and issubclass(found, Exception):
            return name
        raise Unsupported(f"error class {name}")

    def _error(self, step: Mapping[str, Any]) -> str:
        """The class of the error that a step raises, or the nearest base that is known here."""
        for name in (step["error"], *step.get("bases", ())):
            try:
                return self._qualified(str(name))
            except Unsupported:
                continue
        return "Exception"

    # The file

    def file(self, cases: Sequence[RecordedCase], title: str = "") -> str:
        """The test file."""
        body: list[str] = []
        count: dict[str, int] = {}
        for c in cases:
            owner = self.module.find(c.plan.cls) if c.plan.cls else None
            if isinstance(owner, ir.Class):
                f = next(m for m in owner.methods if m.name == c.plan.function)
            else:
                found = self.module.find(c.plan.function)
                assert isinstance(found, ir.Function)
                f = found
            name = case_name(c.plan.cls, f.name)
            count[name] = count.get(name, 0) + 1
            try:
                inner = self._case(f, owner if isinstance(owner, ir.Class) else None, c)
            except (Unsupported, KeyError, ValueError, TypeError, AttributeError):
                # A value that the declared types cannot hold is not a case.
                continue
            body.extend(
                [
                    "",
                    f"    def test_{name}_{count[name]}(self) -> None:",
                    *(f"        {line}" for line in inner),
                ]
            )
        used = [
            "RecordedCase",
            *(n for n in ("Fake", "Like", "fresh", "virtual_time") if any(f"{n}(" in b for b in body)),
        ]
        lines = [
            f'"""What the source of `{self.name}` did, recorded: the port must do the same."""', "",
            "from __future__ import annotations", "", "import unittest", *sorted(self.imports), "",
            f"import {self.name}",
            f"from recorded import {', '.join(sorted(used))}",
        ]  # fmt: skip
        if any("with World(" in b for b in body):
            lines.append("from recorded_world import World")
        cls = "".join(p.capitalize() for p in self.name.split("_"))
        lines.extend(
            ["", "", f"class {title or cls}Test(RecordedCase):", f'    """Cases of `{self.name}`."""', *body]
        )
        return "\n".join([*lines, "", "", 'if __name__ == "__main__":', "    unittest.main()", ""])

    def _case(self, f: ir.Function, owner: ir.Class | None, c: RecordedCase) -> list[str]:
        lines: list[str] = []
        args: list[str] = []
        watched: list[tuple[str, str]] = []
        repeated = len(c.steps) > 1
        for i, (p, v) in enumerate(zip(f.params, c.plan.args, strict=True)):
            text = self.argument(v, p.type)
            after = c.after[i] if i < len(c.after) else None
            changed = after is not None and after != v
            if changed or (repeated and ("(" in text or "[" in text or "{" in text)):
                name = f"given_{i + 1}"
                lines.append(f"{name} = {text}")
                if changed:
                    watched.append((name, self.literal(after, p.type, expected=True)))
                text = name
            args.append(text)
        receiver = self.name
        method = (
            self.python.function_name(f.name)
            if owner is None
            else self.python.method_name(owner.name, f.name)
        )
        if owner is not None and f.kind == "static":
            receiver = f"{self.name}.{self.python.type_name(owner.name)}"
        elif owner is not None:
            lines.append(f"made = {self._make(owner, dict(c.plan.object))}")
            receiver = "made"
        call = f"{receiver}.{method}" + ("" if f.kind == "property" else f"({', '.join(args)})")
        advance = int(getattr(c.plan, "advance", 0))
        for i, step in enumerate(c.steps):
            if i and advance:
                lines.append(f"clock.advance({advance})")
            if "error" in step:
                lines.extend([f"with self.assertRaises({self._error(step)}):", f"    {call}"])
            elif f.result == ir.NONE:
                lines.append(call)
            else:
                lines.append(
                    f"self.assert_same({self.literal(step['value'], f.result, expected=True)}, {call})"
                )
        text = " ".join(lines)
        fakes = "Fake(" in text
        if getattr(c.plan, "fresh", False):
            lines = [f'{self.name} = fresh("{self.name}")', *lines]
        if c.sleeps or fakes or advance or self.timed or "Breaker(" in text or "Limiter(" in text:
            lines = ["with virtual_time() as clock:", *(f"    {line}" for line in lines)]
            lines.append(f"self.assert_slept({list(c.sleeps)}, clock)")
        if fakes:
            lines.insert(0, "calls: list[list[object]] = []")
            lines.append(f'self.assert_same([{", ".join(self._call(t) for t in c.trace)}], calls, "calls")')
        lines.extend(f'self.assert_same({want}, {name}, "{name} afterwards")' for name, want in watched)
        if owner is not None and c.state is not None and f.kind != "static":
            lines.extend(self._state(owner, c.state))
        world = getattr(c.plan, "world", None)
        if world is not None:
            wanted: Any = getattr(c, "world_after", None) or {}
            lines = [f"with World({world!r}) as world:", *(f"    {line}" for line in lines)]
            lines.append(f"    self.assert_world({wanted!r}, world)")
        return lines

    def _state(self, owner: ir.Class, state: Any) -> list[str]:
        lines: list[str] = []
        types = {x.name: x.type for x in owner.fields}
        for k, v in state["object"]["fields"].items():
            shown = self.python.field_name(owner.name, k)
            if k in types and not shown.startswith("_"):
                try:
                    lines.append(
                        f'self.assert_same({self.literal(v, types[k], expected=True)}, made.{shown}, "{k}")'
                    )
                except Unsupported:
                    continue
        return lines

    def _make(self, owner: ir.Class, fields: dict[str, Any]) -> str:
        name = f"{self.name}.{self.python.type_name(owner.name)}"
        if not self.python.is_dataclass(owner):
            assert owner.init is not None
            return f"{name}({', '.join(self.argument(fields[p.name], p.type) for p in owner.init.params)})"
        parts = [
            f"{self.python.field_name(owner.name, x.name)}={self.argument(fields[x.name], x.type)}"
            for x in owner.fields
            if x.init and x.name in fields
        ]
        return f"{name}({', '.join(parts)})"

    def _call(self, traced: Any) -> str:
        name, args = traced
        fake, _, method = name.partition(".")
        d = self.module.find(fake)
        if isinstance(d, ir.Protocol):
            types: Sequence[Type] = [p.type for p in next(m for m in d.methods if m.name == method).params]
            name = f"{fake}.{self.python.method_name(fake, method)}"
        else:
            types = self._callable(name)
        shown = [quote(name), *(self.literal(a, t, expected=True) for a, t in zip(args, types, strict=True))]
        return f"[{', '.join(shown)}]"

    def _callable(self, name: str) -> Sequence[Type]:
        functions = [f for _, f in self.module.functions()]
        functions += [
            d.init for d in self.module.definitions if isinstance(d, ir.Class) and d.init is not None
        ]
        for f in functions:
            for p in f.params:
                t = p.type.elem if isinstance(p.type, ir.OptionalT) else p.type
                if p.name == name and isinstance(t, ir.FuncT):
                    return t.params
        raise Unsupported("a call of something unknown")


def case_name(cls: str, function: str) -> str:
    """How the names of a function's cases begin, without `test_`."""
    return f"{snake(cls)}_{snake(function)}" if cls else snake(function)
