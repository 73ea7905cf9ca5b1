"""Ruby tests of a port: the source's recorded behaviour in Minitest, with scripted fakes and virtual time."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: E501 - a template of the target's code reads best on one line.
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from foundation_engine.port import ir
from foundation_engine.port.emit._names import snake
from foundation_engine.port.emit._worlds import with_command
from foundation_engine.port.emit.go_tests import (
    UNEXPECTED,
    RecordedCase,
    any_type,
    float_text,
    made_object,
    tagged,
    time_value,
)
from foundation_engine.port.emit.ruby import Emitter, RubyEmitter, local, method_name, quote
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
      @calls << [method == :call ? @name : "#{@name}.#{method}", *args.map { |a| snapshot(a) }]
      outcome = outcomes.length > 1 ? outcomes.shift : outcomes.first
      raise outcome.allocate.exception('scripted') unless outcome.is_a?(Array)

      snapshot(outcome.first)
    end

    # What is changed later is not what was given or is given next time.
    def snapshot(value)
      Marshal.load(Marshal.dump(value))
    rescue TypeError
      value
    end
  end

  # Run without waiting; the nanoseconds slept. The block is given a way to let time pass.
  def virtual_time
    # Objects made before the block have seen the real clock, which must not run backwards.
    now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
    slept = 0
    clock = ->(_id, unit = :float_second) { unit == :nanosecond ? now : now / 1e9 }
    sleep = ->(seconds) { slept += (seconds * 1e9).round; now += (seconds * 1e9).round }
    begun = Time.now
    started = now
    today = -> { begun + Rational(now - started, 1_000_000_000) }
    Process.stub(:clock_gettime, clock) do
      Time.stub(:now, today) { Kernel.stub(:sleep, sleep) { yield ->(nanoseconds) { now += nanoseconds } } }
    end
    slept
  end

  # Equal by value: floats nearly.
  def same?(got, want)
    case want
    when Float then got.is_a?(Numeric) && (got == want || (got.to_f.nan? && want.nan?) || near?(got, want))
    when Array then got.is_a?(Array) && got.length == want.length && got.zip(want).all? { |a, b| same?(a, b) }
    when Hash then got.is_a?(Hash) && got.length == want.length && want.all? { |k, v| got.key?(k) && same?(got[k], v) }
    when Struct then got.instance_of?(want.class) && same?(got.to_a, want.to_a)
    else got == want
    end
  end

  # Infinity is near to nothing.
  def near?(got, want)
    (got - want).finite? && (got - want).abs <= 1e-9 * [got.abs, want.abs].max
  end

  def assert_same_value(want, got, what = 'result')
    assert same?(got, want), "#{what}: got #{got.inspect}, want #{want.inspect}"
  end
"""


_FRESH = """
  # Load the module again, because its breakers and limiters outlive a call.
  def fresh
    %i[CIRCUIT_BREAKERS RATE_LIMITERS].each do |name|
      Foundation.const_get(name).instance_variable_get(:@made).clear if Foundation.const_defined?(name)
    end
    Foundation.const_get(:APP_COMMANDS).clear if Foundation.const_defined?(:APP_COMMANDS)
    Object.send(:remove_const, :MODULE)
    load File.join(__dir__, 'FILE.rb')
  end
"""
_FORGET = "    $LOADED_FEATURES.reject! { |path| path.start_with?(File.join(__dir__, 'FILE/')) }\n"
_WORLD = with_command(
    r"""
  # A folder with files, an environment, commands on the path, and a server on the loopback address.
  class World
    SCRIPT = <<~'SH'
      <script>
    SH

    attr_reader :address

    def initialize(env: {}, files: {}, commands: {}, http: nil)
      @env = env
      @files = files
      @commands = commands
      @http = http
      @requests = []
    end

    # Run the block in it; what there is afterwards.
    def run
      Dir.mktmpdir do |root|
        @folder = File.join(File.realpath(root), 'work')
        bin, notes = %w[bin notes].map { |name| File.join(root, name) }
        [@folder, bin, notes].each { |folder| Dir.mkdir(folder) }
        write_files
        write_scripts(bin, notes)
        serving do
          with_environment(bin) { Dir.chdir(@folder) { yield self } }
        end
        { files: files_now, stdout: @stdout.string, commands: calls(notes), requests: @requests }
      end
    end

    # The text with the server's address.
    def text(text)
      @address ? text.gsub('{server}', @address) : text
    end

    private

    def write_files
      @files.each do |name, text|
        path = File.join(@folder, name)
        FileUtils.mkdir_p(File.dirname(path))
        File.binwrite(path, text)
      end
    end

    def write_scripts(bin, notes)
      @commands.each do |name, outcomes|
        log = File.join(notes, name)
        outcomes.each_with_index do |(out, err, code), i|
          File.binwrite("#{log}.#{i}.out", out)
          File.binwrite("#{log}.#{i}.err", err)
          File.binwrite("#{log}.#{i}.exit", "#{code}\n")
        end
        words = { 'LOG' => log, 'ALL' => File.join(notes, 'all'), 'NAME' => name, 'COUNT' => outcomes.length.to_s }
        File.write(File.join(bin, name), SCRIPT.gsub(/LOG|ALL|NAME|COUNT/, words))
        File.chmod(0o755, File.join(bin, name))
      end
    end

    def serving
      return yield unless @http

      listening = TCPServer.new('127.0.0.1', 0)
      @address = "http://127.0.0.1:#{listening.addr[1]}"
      thread = Thread.new { loop { answer(listening.accept) } }
      yield
    ensure
      thread&.kill
      listening&.close
    end

    def answer(socket)
      verb, path, = socket.gets.to_s.split
      size = 0
      while (line = socket.gets) && line != "\r\n"
        size = line.split(':')[1].to_i if line.downcase.start_with?('content-length:')
      end
      body = size.positive? ? socket.read(size).force_encoding('UTF-8') : ''
      @requests << [verb, path, body]
      status, headers, text = @http[[@requests.length, @http.length].min - 1] || [500, {}, '']
      head = headers.map { |name, value| "#{name}: #{text(value)}\r\n" }.join
      socket.write("HTTP/1.1 #{status} Status\r\n#{head}content-length: #{text.bytesize}\r\nconnection: close\r\n\r\n")
      socket.write(text) unless verb == 'HEAD'
    rescue SystemCallError, IOError
      # A client that goes away in the middle of an answer is its own affair.
    ensure
      socket.close
    end

    def with_environment(bin)
      before = ENV.to_h
      stdout = $stdout
      $stdout = @stdout = StringIO.new
      @env.each { |name, value| ENV[name] = text(value) }
      ENV['PATH'] = bin
      yield
    ensure
      $stdout = stdout
      ENV.replace(before)
    end

    def files_now
      Dir.glob('**/*', File::FNM_DOTMATCH, base: @folder).select { |name| File.file?(File.join(@folder, name)) }
         .to_h { |name| [name, File.read(File.join(@folder, name), encoding: 'UTF-8')] }
    end

    def calls(notes)
      log = File.join(notes, 'all')
      File.exist?(log) ? File.read(log, encoding: 'UTF-8').split("\x1e").map { |call| call.split("\x1f", -1)[0..-2] } : []
    end
  end

  # What a call left, against what the source's call left.
  def assert_left(world, got, files:, stdout:, commands: nil, requests: nil)
    assert_same_value(files.transform_values { |text| world.text(text) }, got[:files], 'files')
    assert_same_value(world.text(stdout), got[:stdout], 'standard output')
    assert_same_value(commands, got[:commands], 'commands') if commands
    return unless requests

    assert_equal(requests.length, got[:requests].length, 'requests')
    requests.zip(got[:requests]) do |(verb, path, body), (got_verb, got_path, got_body)|
      assert_equal([verb, parameters_in_order(world.text(path))], [got_verb, parameters_in_order(got_path)], 'request')
      assert_same_value(parsed(world.text(body)), parsed(got_body), 'body')
    end
  end

  # A request's path with its parameters sorted, because their order carries no meaning.
  def parameters_in_order(path)
    where, parameters = path.split('?', 2)
    [where, parameters.to_s.gsub('+', '%20').split('&').sort]
  end

  def parsed(body)
    JSON.parse(body)
  rescue JSON::ParserError
    body
  end
""",
    margin="      ",
)


class RubyTests:
    """Builds the test file of one module."""

    def __init__(self, module: ir.Module, name: str) -> None:
        self.module = module
        self.ruby = RubyEmitter(module, name)
        self.file_name = name
        self.prefix = self.ruby.name
        # Breakers and limiters that outlive a call.
        self.keeps_state = any(
            p.pattern_id in ("circuit_breaker", "rate_limiting")
            for _, f in module.functions()
            for p in f.patterns
        ) or any(
            isinstance(n, ir.PatternNew)
            for d in module.definitions
            if isinstance(d, ir.Constant)
            for n in ir.walk(d)
        )

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
                return f"world.text({quote(v)})" if "{server}" in v else quote(v)
            case ir.P() if t in (ir.TIME, ir.NAIVE, ir.DATE, ir.DELTA):
                return Emitter(self.ruby, ir.Function("test", [], ir.NONE, [])).x(time_value(v, t))
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
            case ir.P(ir.Prim.ANY):
                return self.literal(v, any_type(v))
            case _:
                raise Unsupported(f"a value of type {ir.type_text(t)} in a test")

    def _object(self, v: Any, name: str) -> str:
        d = self.module.find(name)
        if isinstance(d, ir.EnumClass):
            return f"{self.prefix}::{self.ruby.type_name(name)}::{v['enum'][1].upper()}"
        if not isinstance(d, ir.Class) or not d.dataclass or "object" not in v:
            raise Unsupported(f"a value of type {name} in a test")
        types = {f.name: f.type for f in d.fields}
        if set(types) - set(v["object"]["fields"]):
            raise Unsupported(f"a {name} with fields that hold no data, in a test")
        parts = [f"{local(k)}: {self.literal(w, types[k])}" for k, w in v["object"]["fields"].items()]
        return f"{self.prefix}::{self.ruby.type_name(name)}.new({', '.join(parts)})"

    def argument(self, v: Any, t: Type) -> str:
        """An argument; a fake is made in place."""
        if "made" in tagged(v):
            # The emitter writes it as it writes the constructor in a port.
            text = Emitter(self.ruby, ir.Function("test", [], ir.NONE, [])).x(made_object(v))
            return text.replace("'{server}'", "world.address")
        if "fake" not in tagged(v):
            return self.literal(v, t)
        fake: Mapping[str, Any] = v["fake"]
        scripts: list[str] = []
        methods = dict(fake["methods"])
        d = self.module.find(t.name) if isinstance(t, ir.NamedT) else None
        if isinstance(d, ir.Protocol):
            methods = {m.name: methods.get(m.name, UNEXPECTED) for m in d.methods}
        for method, outcomes in methods.items():
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
            count[name] = count.get(name, 0) + 1
            try:
                inner = self._case(f, owner if isinstance(owner, ir.Class) else None, c)
            except (Unsupported, KeyError, ValueError, TypeError, AttributeError):
                # A value that the declared types cannot hold is not a case.
                continue
            body.extend(["", f"  def test_{name}_{count[name]}", *(f"    {line}" for line in inner), "  end"])
        if body:
            body.pop(0)
        support = _SUPPORT
        required = ["minitest/autorun", "minitest/mock", "set"]
        if "World.new" in "".join(body):
            support += _WORLD
            required.extend(["fileutils", "json", "socket", "stringio", "tmpdir"])
        if any(line.strip() == "fresh" for line in body):
            again = _FRESH
            if self.module.files:
                # The file that is loaded again requires the others of the package.
                again = again.replace("    load ", f"{_FORGET}    load ")
            support += again.replace("MODULE", self.prefix).replace("FILE", self.file_name)
        if any("Foundation::" in line for line in body):
            # Fakes answer with our errors even where the port itself needs none.
            required.append("foundation/errors")
        return "\n".join(
            [
                "# frozen_string_literal: true", "", *(f"require '{r}'" for r in sorted(required)),
                f"require_relative '{self.file_name}'", "", f"class {title or self.prefix}Test < Minitest::Test", *support.strip("\n").splitlines(), "",
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
        timed = bool(c.sleeps) or fakes or bool(c.plan.advance)
        steps: list[str] = []
        if len(c.steps) > 1:
            # Fakes and objects are part of the arguments and must live over all steps.
            names: list[str] = []
            for i, (a, v) in enumerate(zip(args, c.plan.args, strict=True)):
                if {"fake", "made", "list", "dict", "set", "object"} & set(tagged(v)):
                    lines.append(f"argument{i} = {a}")
                    a = f"argument{i}"
                names.append(a)
            call = f"{receiver}.{method_name(f.name)}" + (f"({', '.join(names)})" if names else "")
        for i, step in enumerate(c.steps):
            if i and c.plan.advance:
                steps.append(f"pass_time.call({c.plan.advance})")
            if "error" in step:
                cls = self._error(step)
                steps.append(f"assert_raises({cls}) {{ {call} }}")
            elif f.result == ir.NONE:
                steps.append(call)
            else:
                steps.append(f"assert_same_value({self.literal(step['value'], f.result)}, {call})")
        if timed:
            low, high = sum(c.sleeps), sum(c.sleeps_high or c.sleeps)
            lines.append("slept = virtual_time do" + (" |pass_time|" if c.plan.advance else ""))
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
                hidden = owner.init is not None and any(x.name == k and x.private for x in owner.fields)
                reader = f"instance_variable_get(:@{local(k)})" if hidden else local(k)
                if k in types:
                    try:
                        lines.append(
                            f"assert_same_value({self.literal(v, types[k])}, object.{reader}, '{k}')"
                        )
                    except Unsupported:
                        continue
        if c.plan.fresh and self.keeps_state:
            lines.insert(0, "fresh")
        if c.plan.world is not None:
            given = self._given(c.plan.world)
            lines = [f"world = World.new{given}", "left = world.run do", *(f"  {x}" for x in lines), "end"]
            if c.world_after is not None:
                lines.append(f"assert_left(world, left, {self._left(c.world_after)})")
        return lines

    # Worlds

    def _given(self, world: Mapping[str, Any]) -> str:
        parts = [f"{key}: {{ {self._table(world[key])} }}" for key in ("env", "files") if world.get(key)]
        if world.get("commands"):
            items = ", ".join(
                f"{quote(name)} => [{', '.join(self._output(o) for o in outcomes)}]"
                for name, outcomes in world["commands"].items()
            )
            parts.append(f"commands: {{ {items} }}")
        if "http" in world or "{server}" in str(world):
            answers = ", ".join(
                f"[{a.get('status', 200)}, {{{self._table(a.get('headers', {}))}}}, {quote(str(a.get('body', '')))}]"
                for a in world.get("http", ())
            )
            parts.append(f"http: [{answers}]")
        return f"({', '.join(parts)})" if parts else ""

    def _table(self, texts: Mapping[str, Any]) -> str:
        return ", ".join(f"{quote(k)} => {quote(str(v))}" for k, v in texts.items())

    def _output(self, o: Mapping[str, Any]) -> str:
        return f"[{quote(o.get('stdout', ''))}, {quote(o.get('stderr', ''))}, {o.get('exit', 0)}]"

    def _left(self, after: Mapping[str, Any]) -> str:
        parts = [f"files: {{ {self._table(after.get('files', {}))} }}".replace("{  }", "{}")]
        parts.append(f"stdout: {quote(after.get('stdout', ''))}")
        if "commands" in after:
            calls = ", ".join(f"[{', '.join(quote(w) for w in call)}]" for call in after["commands"])
            parts.append(f"commands: [{calls}]")
        if "requests" in after:
            requests = ", ".join(
                f"[{quote(r['method'])}, {quote(r['path'])}, {quote(r['body'])}]" for r in after["requests"]
            )
            parts.append(f"requests: [{requests}]")
        return ", ".join(parts)

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
