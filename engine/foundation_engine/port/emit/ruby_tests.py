"""Ruby tests of a port: the source's recorded behaviour in Minitest, with scripted fakes and virtual time."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: E501 - a template of the target's code reads best on one line.
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from foundation_engine.port import ir
from foundation_engine.port.emit._names import snake
from foundation_engine.port.emit.go_tests import RecordedCase, float_text, tagged
from foundation_engine.port.emit.ruby import RubyEmitter, local, method_name, quote
from foundation_engine.port.ir import Type, Unsupported

_SUPPORT = """
  # Answers from scripts and notes its calls; an outcome is [value] or an error class.
  class Fake
    def initialize(name, calls, scripts)
      @name = name
      @calls = calls
      scripts.each do |method, outcomes|
        define_singleton_method(method) { |*args| answer(method, outcomes, args) }
      end
    end

    private

    def answer(method, outcomes, args)
      @calls << [method == :call ? @name : "#{@name}.#{method}", *args]
      outcome = outcomes.length > 1 ? outcomes.shift : outcomes.first
      raise outcome.allocate unless outcome.is_a?(Array)

      outcome.first
    end
  end

  # Run without waiting; the nanoseconds slept.
  def virtual_time
    now = 0
    clock = ->(_id, unit = :float_second) { unit == :nanosecond ? now : now / 1e9 }
    Process.stub(:clock_gettime, clock) do
      Kernel.stub(:sleep, ->(seconds) { now += (seconds * 1e9).round }) { yield }
    end
    now
  end

  # Equal by value: floats nearly.
  def same?(got, want)
    case want
    when Float then got.is_a?(Numeric) && (got == want || (got - want).abs <= 1e-9 * [got.abs, want.abs].max || (got.to_f.nan? && want.nan?))
    when Array then got.is_a?(Array) && got.length == want.length && got.zip(want).all? { |a, b| same?(a, b) }
    when Hash then got.is_a?(Hash) && got.length == want.length && want.all? { |k, v| got.key?(k) && same?(got[k], v) }
    when Struct then got.instance_of?(want.class) && same?(got.to_a, want.to_a)
    else got == want
    end
  end

  def assert_same_value(want, got, what = 'result')
    assert same?(got, want), "#{what}: got #{got.inspect}, want #{want.inspect}"
  end
"""


class RubyTests:
    """Builds the test file of one module."""

    def __init__(self, module: ir.Module, name: str) -> None:
        self.module = module
        self.ruby = RubyEmitter(module, name)
        self.file_name = name
        self.prefix = self.ruby.name

    def literal(self, v: Any, t: Type) -> str:
        """A neutral value as Ruby source."""
        if v is None:
            return "nil"
        match t:
            case ir.OptionalT(elem):
                return self.literal(v, elem)
            case ir.P(ir.Prim.FLOAT):
                text = float_text(v)
                if text in ("inf", "-inf", "nan"):
                    return {"inf": "Float::INFINITY", "-inf": "-Float::INFINITY", "nan": "Float::NAN"}[text]
                return (
                    text.replace("e", ".0e")
                    if "e" in text and "." not in text
                    else text
                    if any(c in text for c in ".e")
                    else f"{text}.0"
                )
            case ir.P(ir.Prim.INT):
                return str(int(v))
            case ir.P(ir.Prim.BOOL):
                return "true" if v else "false"
            case ir.P(ir.Prim.STR) | ir.P(ir.Prim.CHAR):
                if not isinstance(v, str):
                    raise Unsupported("a value of another type than declared")
                # A literal of a frozen-string file could not be told from the text that callers pass.
                return quote(v)
            case ir.P(ir.Prim.BYTES):
                return f"[{', '.join(map(str, v['bytes']))}].pack('C*')"
            case ir.ListT(elem):
                items = v.get("list", v.get("tuple"))
                return f"[{', '.join(self.literal(x, elem) for x in items)}]"
            case ir.SetT(elem):
                return f"Set[{', '.join(self.literal(x, elem) for x in v['set'])}]"
            case ir.DictT(key, value):
                items = ", ".join(f"{self.literal(k, key)} => {self.literal(w, value)}" for k, w in v["dict"])
                return f"{{ {items} }}" if items else "{}"
            case ir.TupleT(elems):
                items = v.get("tuple", v.get("list"))
                return f"[{', '.join(self.literal(x, e) for x, e in zip(items, elems, strict=True))}]"
            case ir.NamedT(name):
                return self._object(v, name)
            case _:
                raise Unsupported(f"a value of type {ir.type_text(t)} in a test")

    def _object(self, v: Any, name: str) -> str:
        d = self.module.find(name)
        if isinstance(d, ir.EnumClass):
            return f"{self.prefix}::{self.ruby.type_name(name)}::{v['enum'][1].upper()}"
        if not isinstance(d, ir.Class) or not d.dataclass or "object" not in v:
            raise Unsupported(f"a value of type {name} in a test")
        types = {f.name: f.type for f in d.fields}
        parts = [f"{local(k)}: {self.literal(w, types[k])}" for k, w in v["object"]["fields"].items()]
        return f"{self.prefix}::{self.ruby.type_name(name)}.new({', '.join(parts)})"

    def argument(self, v: Any, t: Type) -> str:
        """An argument; a fake is made in place."""
        if "fake" not in tagged(v):
            return self.literal(v, t)
        fake: Mapping[str, Any] = v["fake"]
        scripts: list[str] = []
        for method, outcomes in fake["methods"].items():
            result = self._result(t, method)
            items = [
                f"{self._qualified(o['error'])}" if "error" in o else f"[{self.literal(o['value'], result)}]"
                for o in outcomes
            ]
            name = method_name(method) if method else "call"
            scripts.append(f"{name}: [{', '.join(items)}]")
        return f"Fake.new({quote(fake['name'])}, calls, {', '.join(scripts)})"

    def _result(self, t: Type, method: str) -> Type:
        if isinstance(t, ir.FuncT):
            return t.result
        d = self.module.find(t.name) if isinstance(t, ir.NamedT) else None
        assert isinstance(d, ir.Protocol)
        return next(m.result for m in d.methods if m.name == method)

    def _qualified(self, name: str) -> str:
        made = self.ruby.error(name)
        return f"{self.prefix}::{made}" if isinstance(self.module.find(name), ir.ErrorClass) else made

    def file(self, cases: Sequence[RecordedCase], title: str = "") -> str:
        """The test file."""
        body: list[str] = []
        count: dict[str, int] = {}
        for c in cases:
            owner = self.module.find(c.plan.cls) if c.plan.cls else None
            if isinstance(owner, ir.Class):
                f = next(m for m in owner.methods if m.name == c.plan.function)
                name = f"{snake(c.plan.cls)}_{method_name(f.name)}"
            else:
                found = self.module.find(c.plan.function)
                assert isinstance(found, ir.Function)
                f, name = found, method_name(c.plan.function)
            try:
                inner = self._case(f, owner if isinstance(owner, ir.Class) else None, c)
            except (Unsupported, KeyError, ValueError, TypeError, AttributeError):
                # A value that the declared types cannot hold is not a case.
                continue
            count[name] = count.get(name, 0) + 1
            body.extend(["", f"  def test_{name}_{count[name]}", *(f"    {line}" for line in inner), "  end"])
        if body:
            body.pop(0)
        return "\n".join(
            [
                "# frozen_string_literal: true", "", "require 'minitest/autorun'", "require 'minitest/mock'", "require 'set'",
                f"require_relative '{self.file_name}'", "", f"class {title or self.prefix}Test < Minitest::Test", *_SUPPORT.strip("\n").splitlines(), "",
                *body, "end", "",
            ]
        )  # fmt: skip

    def _case(self, f: ir.Function, owner: ir.Class | None, c: RecordedCase) -> list[str]:
        lines: list[str] = []
        args: list[str] = []
        watched: list[tuple[str, str]] = []
        for i, (p, v) in enumerate(zip(f.params, c.plan.args, strict=True)):
            text = self.argument(v, p.type)
            after = c.after[i] if i < len(c.after) else None
            if after is not None and after != v:
                name = local(p.name)
                lines.append(f"{name} = {text}")
                watched.append((name, self.literal(after, p.type)))
                text = name
            args.append(text)
        receiver = self.prefix
        if owner is not None and f.kind == "static":
            receiver = f"{self.prefix}::{self.ruby.type_name(owner.name)}"
        elif owner is not None:
            lines.append(f"object = {self._make(owner, dict(c.plan.object))}")
            receiver = "object"
        call = f"{receiver}.{method_name(f.name)}" + (f"({', '.join(args)})" if args else "")
        fakes = "Fake.new(" in " ".join([*lines, call])
        if fakes:
            lines.insert(0, "calls = []")
        timed = bool(c.sleeps) or fakes
        steps: list[str] = []
        if len(c.steps) > 1 and fakes and "Fake.new(" in call:
            # The fakes are part of the arguments and must live over all steps.
            names: list[str] = []
            for i, a in enumerate(args):
                if a.startswith("Fake.new("):
                    lines.append(f"fake{i} = {a}")
                    a = f"fake{i}"
                names.append(a)
            call = f"{receiver}.{method_name(f.name)}({', '.join(names)})"
        for step in c.steps:
            if "error" in step:
                cls = self._error(step)
                steps.append(f"assert_raises({cls}) {{ {call} }}")
            elif f.result == ir.NONE:
                steps.append(call)
            else:
                steps.append(f"assert_same_value({self.literal(step['value'], f.result)}, {call})")
        if timed:
            low, high = sum(c.sleeps), sum(c.sleeps_high or c.sleeps)
            lines.append("slept = virtual_time do")
            lines.extend(f"  {s}" for s in steps)
            lines.append("end")
            slack = 1000 * max(1, len(c.sleeps))
            lines.append(f"assert_includes {max(0, min(low, high) - slack)}..{max(low, high) + slack}, slept")
        else:
            lines.extend(steps)
        if fakes:
            lines.append(f"assert_same_value([{', '.join(self._call(t) for t in c.trace)}], calls, 'calls')")
        for name, text in watched:
            lines.append(f"assert_same_value({text}, {name}, '{name} afterwards')")
        if owner is not None and c.state is not None:
            for k, v in c.state["object"]["fields"].items():
                types = {x.name: x.type for x in owner.fields}
                if k in types:
                    try:
                        lines.append(
                            f"assert_same_value({self.literal(v, types[k])}, object.{local(k)}, '{k}')"
                        )
                    except Unsupported:
                        continue
        return lines

    def _error(self, step: Mapping[str, Any]) -> str:
        for name in (step["error"], *step.get("bases", ())):
            if name in (
                "IndexError",
                "KeyError",
                "LookupError",
                "TypeError",
                "AttributeError",
                "ZeroDivisionError",
                "AssertionError",
            ):
                return "StandardError"
            try:
                return self._qualified(name)
            except Unsupported:
                continue
        return "StandardError"

    def _make(self, owner: ir.Class, fields: dict[str, Any]) -> str:
        name = f"{self.prefix}::{self.ruby.type_name(owner.name)}"
        if owner.init is not None:
            return (
                f"{name}.new({', '.join(self.argument(fields[p.name], p.type) for p in owner.init.params)})"
            )
        return f"{name}.new({', '.join(f'{local(x.name)}: {self.argument(fields[x.name], x.type)}' for x in owner.fields)})"

    def _call(self, traced: Any) -> str:
        name, args = traced
        fake, _, method = name.partition(".")
        d = self.module.find(fake)
        if isinstance(d, ir.Protocol):
            types: Sequence[Type] = [p.type for p in next(m for m in d.methods if m.name == method).params]
            label = f"{fake}.{method_name(method)}"
        else:
            types = self._callable(name)
            label = name
        return (
            "["
            + ", ".join([quote(label), *(self.literal(a, t) for a, t in zip(args, types, strict=True))])
            + "]"
        )

    def _callable(self, name: str) -> Sequence[Type]:
        for _, f in self.module.functions():
            for p in f.params:
                if p.name == name and isinstance(p.type, ir.FuncT):
                    return p.type.params
        raise Unsupported("a call of something unknown")
