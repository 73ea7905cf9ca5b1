# frozen_string_literal: true

# Run methods of a Ruby file on given arguments and report what they did, as JSON lines on standard output.
#
# A script of its own, started in a separate limited process, because it executes the user's code. Time stands still
# except when the code sleeps, and random draws are fixed, so that a run can be repeated. The request on standard input
# is {"path", "plans", "shapes"}: plans as for the other recorders, and what the port's names and types are in Ruby.

require 'fileutils'
require 'json'
require 'set'
require 'socket'
require 'stringio'
require 'timeout'

# Data came with Ruby 3.2; this is what it does, for older ones.
unless defined?(::Data) && ::Data.respond_to?(:define)
  Object.send(:remove_const, :Data) if defined?(::Data)
  class Data
    def self.define(*members, &body)
      made = Class.new(self) do
        attr_reader(*members)
        define_singleton_method(:members) { members }
        define_singleton_method(:new) do |*values, **named|
          named = members.zip(values).first(values.length).to_h if named.empty? && values.length <= members.length
          allocate.tap { |object| object.send(:initialize, **named) }
        end
        define_singleton_method(:[]) { |*values, **named| new(*values, **named) }
        define_method(:initialize) do |**named|
          missing = members - named.keys
          raise ArgumentError, "missing keyword#{'s' if missing.length > 1}: #{missing.map(&:inspect).join(', ')}" unless missing.empty?
          extra = named.keys - members
          raise ArgumentError, "unknown keyword#{'s' if extra.length > 1}: #{extra.map(&:inspect).join(', ')}" unless extra.empty?

          members.each { |member| instance_variable_set("@#{member}", named.fetch(member)) }
          freeze
        end
        define_method(:to_h) { members.to_h { |member| [member, public_send(member)] } }
        define_method(:deconstruct_keys) { |_| to_h }
        define_method(:with) { |**changes| self.class.new(**to_h, **changes) }
        define_method(:==) { |other| other.class == self.class && other.to_h == to_h }
        define_method(:eql?) { |other| self == other }
        define_method(:hash) { to_h.hash }
      end
      made.class_eval(&body) if body
      made
    end
  end
end

module Recording
  LARGEST = 20_000 # characters of one recorded case
  LONGEST = 200 # calls that one case makes of fakes
  SECONDS = 4 # that one case takes

  # A value that has no neutral form, or a call that is no case.
  class Unrecordable < StandardError; end

  # Not a StandardError, so that code under test does not handle it.
  class TooManyCalls < Exception; end # rubocop:disable Lint/InheritException

  class TooSlow < Exception; end # rubocop:disable Lint/InheritException

  # A JSON text is looked into as an object: Ruby finds a part of it, or nothing, which a port need not do.
  class AnotherKind < Exception; end # rubocop:disable Lint/InheritException

  # The texts of parsed JSON, which have no keys.
  module Keyless
    def [](at, *)
      raise AnotherKind, 'a JSON text is asked for a key' if at.is_a?(String)

      super
    end

    def self.mark(value)
      case value
      when Hash then value.each_value { |inner| mark(inner) }
      when Array then value.each { |inner| mark(inner) }
      when String then value.extend(self) unless value.frozen?
      end
      value
    end
  end

  # The process's clocks, sleeps and random draws.
  module Fixed
    class << self
      attr_accessor :now, :sleeps, :high

      def reset
        @now ||= 1_000_000_000_000
        @sleeps = []
      end

      def sleep(seconds)
        raise ArgumentError, 'time interval must not be negative' if seconds.negative?

        nanoseconds = (seconds * 1_000_000_000).round
        @sleeps << nanoseconds
        @now += nanoseconds
        seconds.round
      end

      def draw(limit)
        case limit
        when nil, 0 then high ? 1 - 2.0**-53 : 0.0
        when Integer then high ? limit - 1 : 0
        when Float then high ? limit * (1 - 2.0**-53) : 0.0
        when Range then high ? limit.max : limit.min
        end
      end
    end
    reset

    REAL_CLOCK = ::Process.method(:clock_gettime)
    REAL_SLEEP = ::Kernel.method(:sleep)
    UNITS = {
      nanosecond: 1, microsecond: 1_000, millisecond: 1_000_000, second: 1_000_000_000
    }.freeze

    def self.install
      ::Process.define_singleton_method(:clock_gettime) do |id, unit = :float_second|
        next REAL_CLOCK.call(id, unit) unless [::Process::CLOCK_MONOTONIC, ::Process::CLOCK_REALTIME].include?(id)

        case unit
        when :float_second then Fixed.now / 1e9
        when :float_millisecond then Fixed.now / 1e6
        when :float_microsecond then Fixed.now / 1e3
        else Fixed.now / UNITS.fetch(unit)
        end
      end
      pause = lambda do |seconds|
        # Waiting for a real process takes real time, and how often is chance.
        real = caller_locations(2, 4).any? { |at| at.path.to_s.match?(%r{foundation/(process|http)\.rb|/(open3|timeout|net/\w+)\.rb}) }
        next REAL_SLEEP.call(seconds) if real && !caller_locations(2, 4).any? { |at| at.path.to_s.end_with?('clock.rb') }

        Fixed.sleep(seconds)
      end
      ::Kernel.define_singleton_method(:sleep) { |seconds| pause.call(seconds) }
      ::Kernel.module_eval do
        define_method(:sleep) { |seconds| pause.call(seconds) }
        define_method(:rand) { |limit = nil| Fixed.draw(limit) }
        private :sleep, :rand
      end
      ::Kernel.define_singleton_method(:rand) { |limit = nil| Fixed.draw(limit) }
      ::Random.define_singleton_method(:rand) { |limit = nil| Fixed.draw(limit) }
      ::Time.define_singleton_method(:now) { |**_| ::Time.at(0, Fixed.now, :nanosecond) }
      ::JSON.singleton_class.prepend(Module.new { define_method(:parse) { |*given, **named| Keyless.mark(super(*given, **named)) } })
    end
  end

  # An object or callable that answers from a script and notes its calls.
  class Fake < BasicObject
    def initialize(session, name, methods, protocol)
      @session = session
      @name = name
      @protocol = protocol
      @by_ruby = methods.keys.to_h { |m| [(protocol.dig(m, 'name') || m).to_sym, m] }
      @scripts = methods
      @at = ::Hash.new(0)
    end

    def __answer__(method, args)
      label = method.empty? ? @name : "#{@name}.#{method}"
      shapes = @protocol.dig(method, 'types') || []
      @session.trace << [label, args.each_with_index.map { |a, i| @session.encode(a, shapes[i] || 'any') }]
      ::Kernel.raise TooManyCalls if @session.trace.length > LONGEST

      outcomes = @scripts.fetch(method)
      outcome = outcomes[[@at[method], outcomes.length - 1].min]
      @at[method] += 1
      ::Kernel.raise @session.error(outcome['error']) if outcome.key?('error')

      @session.decode(outcome['value'], @protocol.dig(method, 'result') || 'any')
    end

    def respond_to?(name, _all = false)
      @by_ruby.key?(name.to_sym)
    end

    def nil?
      false
    end

    def is_a?(_cls)
      false
    end

    def class
      ::Recording::Fake
    end

    def inspect
      "#<fake #{@name}>"
    end

    def method_missing(name, *args, **named)
      found = @by_ruby[name]
      ::Kernel.raise ::NoMethodError, "undefined method `#{name}' for a fake of #{@name}" unless found

      __answer__(found, [*args, *named.values])
    end

    def respond_to_missing?(name, _all)
      @by_ruby.key?(name)
    end
  end

  NAMES = {
    'StandardError' => 'Exception', 'Exception' => 'Exception', 'ArgumentError' => 'ValueError', 'KeyError' => 'KeyError',
    'IndexError' => 'IndexError', 'ZeroDivisionError' => 'ZeroDivisionError', 'RuntimeError' => 'RuntimeError',
    'NotImplementedError' => 'NotImplementedError', 'IOError' => 'OSError', 'SystemCallError' => 'OSError', 'EOFError' => 'OSError',
    'SocketError' => 'NetworkError', 'Timeout::Error' => 'TimeoutError', 'NoMatchingPatternError' => 'AssertionError',
    'NoMatchingPatternKeyError' => 'AssertionError', 'Errno::ECONNREFUSED' => 'NetworkError', 'Errno::ECONNRESET' => 'NetworkError',
    'Errno::EPIPE' => 'NetworkError', 'Errno::ETIMEDOUT' => 'TimeoutError', 'Foundation::CLI::Exit' => 'Exit',
    'JSON::ParserError' => 'ValueError', 'JSON::JSONError' => 'Exception'
  }.freeze
  BACK = {
    'ValueError' => ArgumentError, 'Exception' => StandardError, 'OSError' => IOError, 'LookupError' => IndexError,
    'ArithmeticError' => ZeroDivisionError
  }.freeze
  # Mistakes of the program, nil where a value should be above all: such a call is no case.
  MISTAKES = [NameError, TypeError, FrozenError, EncodingError, SystemStackError, NoMemoryError, FloatDomainError, Math::DomainError].freeze

  MISUSED = %w[first last take drop each_slice each_cons * ljust rjust center format sprintf sqrt ord].freeze

  # Encoding and decoding of values by the types that the port gave them.
  class Session
    attr_reader :trace

    def initialize(shapes, world)
      @shapes = shapes
      @world = world
      @trace = []
    end

    def constant(path)
      path.split('::').reduce(Object) { |scope, name| scope.const_get(name, false) }
    rescue NameError
      Object.const_get(path)
    end

    def error(name)
      cls = @shapes['errors'].key?(name) ? constant(@shapes['errors'][name]) : nil
      cls ||= constant(@shapes['natives'][name]) if @shapes['natives'].key?(name)
      cls ||= Foundation.const_get(name) if defined?(Foundation) && Foundation.const_defined?(name, false)
      cls ||= BACK[name] || (Object.const_defined?(name) ? Object.const_get(name) : nil)
      raise Unrecordable, "no error class #{name}" unless cls

      entry = @shapes['classes'][name]
      if entry && !entry['params'].empty?
        positional, named, = arguments(entry['params'], entry['params'].map { |p| sample(p['type']) })
        return cls.new(*positional, **named)
      end
      cls.new('scripted')
    rescue ::ArgumentError
      raise Unrecordable, "an error #{name} that cannot be made"
    end

    def sample(shape)
      case shape
      when 'int' then 0
      when 'float' then 0.0
      when 'bool' then false
      when 'sym' then :scripted
      when 'str', 'any' then 'scripted'
      else raise Unrecordable, 'an error with arguments of its own'
      end
    end

    # Positional arguments, keywords and the block for values in the order of the parameters.
    def arguments(params, values)
      positional = []
      named = {}
      block = nil
      params.zip(values).each do |param, value|
        case param['kind']
        when 'key' then named[param['name'].to_sym] = value
        when 'block' then block = value
        else positional << value
        end
      end
      [positional, named, block]
    end

    def decode(value, shape)
      shape = shape[1] if shape.is_a?(Array) && shape[0] == 'opt'
      return value if value.nil? || value == true || value == false
      return text(value, shape) if value.is_a?(String)
      return shape == 'float' ? Float(value) : value unless value.is_a?(Hash)

      tag, body = value.first
      inner = shape.is_a?(Array) ? shape : []
      case tag
      when 'float' then Float(body.sub('inf', 'Infinity').sub('nan', 'NaN').then { |t| t.match?(/Inf|NaN/) ? '0' : t })
      when 'list' then body.map { |x| decode(x, inner[1] || 'any') }
      when 'tuple' then body.each_with_index.map { |x, i| decode(x, inner[i + 1] || 'any') }
      when 'set' then body.to_set { |x| decode(x, inner[1] || 'any') }
      when 'dict' then hash(body, inner)
      when 'bytes' then body.pack('C*')
      when 'object' then object(body)
      when 'fake' then fake(body)
      when 'made' then made(*body)
      else raise Unrecordable, tag
      end
    end

    def text(value, shape)
      value = value.gsub('{server}', @world.server) if @world
      shape == 'sym' ? value.to_sym : value.dup
    end

    def hash(body, inner)
      zero = { 'int' => 0, 'float' => 0.0, 'str' => '', 'bool' => false }[inner[2].is_a?(String) ? inner[2] : '']
      out = inner[3] && !zero.nil? ? Hash.new(zero) : {}
      body.each { |k, v| out[decode(k, inner[1] || 'any')] = decode(v, inner[2] || 'any') }
      out
    end

    def object(body)
      entry = @shapes['classes'].fetch(body['class'])
      params = entry['params']
      return params.to_h { |p| [p['name'].to_sym, decode(body['fields'].fetch(p['name']), p['type'])] } if entry['kind'] == 'record'

      cls = constant(entry['path'])
      values = params.map { |p| decode(body['fields'].fetch(p['name']), p['type']) }
      return cls.new(**params.map { |p| p['name'].to_sym }.zip(values).to_h) if entry['kind'] == 'data' || entry['keyword']

      positional, named, block = arguments(params, values)
      cls.new(*positional, **named, &block)
    end

    def fake(body)
      methods = body['methods']
      protocol = @shapes['protocols'][body['name']] || {}
      made = Fake.new(self, body['name'], methods, protocol)
      return made unless methods.key?('')

      proc { |*args, **named| made.__answer__('', [*args, *named.values]) }
    end

    def made(name, parameters)
      given = parameters.to_h { |k, v| [k.to_sym, decode(v, 'any')] }
      case name
      when 'Logger'
        require 'foundation/logging'
        Foundation::Logging.logger(given.delete(:name), **given)
      when 'HttpClient'
        require 'foundation/http'
        Foundation::HttpClient.new(**given)
      else
        require 'foundation/resilience'
        Foundation.const_get(name).new(**given)
      end
    end

    def encode(value, shape, depth = 0)
      raise Unrecordable, 'a value nested too deeply' if depth > 12

      optional = shape.is_a?(Array) && shape[0] == 'opt'
      inner = optional ? shape[1] : shape
      parts = inner.is_a?(Array) ? inner : [inner]
      raise Unrecordable, 'nil where another type is declared' if value.nil? && !optional && !%w[any none].include?(inner)

      case value
      when nil then nil
      when true, false
        raise Unrecordable, 'a truth value where another type is declared' unless %w[bool any].include?(parts[0])

        value
      when Symbol then value.to_s
      when Integer
        raise Unrecordable, 'an integer beyond 64 bits' unless value.between?(-2**63, 2**63 - 1)
        raise Unrecordable, 'a number where another type is declared' unless %w[int float any].include?(parts[0])

        value
      when Float
        raise Unrecordable, 'a float where another type is declared' unless %w[float any].include?(parts[0])

        { 'float' => float(value) }
      when String
        raise Unrecordable, 'a string where another type is declared' unless %w[str char any].include?(parts[0])

        string(value)
      when Proc, Method then { 'fake' => { 'name' => '' } }
      when Array then array(value, parts, depth)
      when Set then { 'set' => value.map { |x| encode(x, parts[1] || 'any', depth + 1) }.sort_by(&:to_json) }
      when Hash
        return record(value, parts[1], depth) if parts[0] == 'obj'

        { 'dict' => value.map { |k, v| [encode(k, parts[1] || 'any', depth + 1), encode(v, parts[2] || 'any', depth + 1)] } }
      else object_value(value, depth)
      end
    end

    # A hash that the port has as an object.
    def record(value, name, depth)
      entry = @shapes['classes'][name]
      raise Unrecordable, 'a hash where an object is declared' unless entry && entry['kind'] == 'record'

      fields = entry['fields']
      raise Unrecordable, 'a hash with other keys than its record' unless value.keys.map(&:to_s).sort == fields.keys.sort

      { 'object' => { 'class' => name, 'fields' => fields.to_h { |k, at| [k, encode(value[k.to_sym], at['type'], depth + 1)] } } }
    end

    def float(value)
      return value.nan? ? 'nan' : value.positive? ? 'inf' : '-inf' unless value.finite?

      value.to_s.sub('.0e', 'e')
    end

    def string(value)
      text = value.encoding == Encoding::BINARY ? value.dup.force_encoding('UTF-8') : value.encode('UTF-8')
      raise Unrecordable, 'a string that is not text' unless text.valid_encoding?

      text
    rescue EncodingError
      raise Unrecordable, 'a string that is not text'
    end

    def array(value, parts, depth)
      if parts[0] == 'tuple'
        raise Unrecordable, 'an array of another length than declared' unless value.length == parts.length - 1

        return { 'tuple' => value.each_with_index.map { |x, i| encode(x, parts[i + 1], depth + 1) } }
      end
      { 'list' => value.map { |x| encode(x, parts[1] || 'any', depth + 1) } }
    end

    def object_value(value, depth)
      return { 'fake' => { 'name' => '' } } if Fake === value # rubocop:disable Style/CaseEquality

      name, entry = @shapes['classes'].find { |_, e| e['path'] == value.class.name }
      raise Unrecordable, "a value of type #{value.class}" unless entry && entry['fields']

      fields = entry['fields'].reject { |field, _| field.start_with?('_') }
      {
        'object' => {
          'class' => name,
          'fields' => fields.to_h { |field, at| [field, encode(member(value, entry, at['ivar']), at['type'], depth + 1)] }
        }
      }
    end

    def member(value, entry, name)
      entry['kind'] == 'plain' ? value.instance_variable_get("@#{name}") : value.public_send(name)
    end

    def error_names(error)
      error.class.ancestors.filter_map do |cls|
        next unless cls.is_a?(Class) && cls <= StandardError

        name = cls.name.to_s
        known = @shapes['errors'].key(name)
        known || NAMES[name] || name.delete_prefix('Foundation::')
      end
    end
  end

  # What a recorded call finds around it: a folder with files, an environment, commands and a server on the loopback.
  class World
    attr_reader :server, :root

    STUB = <<~'SH'
      #!/bin/sh
      n=0
      [ -f %<log>s.n ] && read -r n < %<log>s.n
      echo $((n + 1)) > %<log>s.n
      { printf '%%s\037' %<name>s "$@"; printf '\036'; } >> %<all>s
      [ "$n" -lt %<count>d ] || n=$((%<count>d - 1))
      /bin/cat %<log>s.$n.out
      /bin/cat %<log>s.$n.err >&2
      read -r code < %<log>s.$n.exit
      exit "$code"
    SH

    def initialize(given, root)
      bodiless = (given['http'] || []).any? { |a| [204, 205, 304].include?(a['status']) && !a['body'].to_s.empty? }
      raise Unrecordable, 'an answer with a body that its status does not have' if bodiless

      @given = given
      @root = root
      @requests = []
      @server = ''
      @folder = File.join(root, 'work')
      @notes = File.join(root, 'notes')
      [@folder, @notes, File.join(root, 'bin')].each { |folder| FileUtils.mkdir_p(folder) }
      commands
      (given['files'] || {}).each do |name, text|
        path = File.join(@folder, name)
        FileUtils.mkdir_p(File.dirname(path))
        File.binwrite(path, text)
      end
      listen if given.key?('http') || given.to_json.include?('{server}')
    end

    # Only in a process of its own: nothing is put back.
    def enter
      Dir.chdir(@folder)
      ENV.replace((@given['env'] || {}).transform_values { |v| v.gsub('{server}', @server) })
      # Only the scripts are found by name, so that no real command runs.
      ENV['PATH'] = File.join(@root, 'bin')
      ARGV.replace(@given['argv'] || [])
      $stdout = @stdout = StringIO.new
    end

    def after
      out = { 'files' => {}, 'stdout' => @stdout.string }
      Dir.glob('**/*', File::FNM_DOTMATCH, base: @folder).each do |name|
        path = File.join(@folder, name)
        next unless File.file?(path)

        text = File.binread(path).force_encoding('UTF-8')
        raise Unrecordable, 'a file that is not text' unless text.valid_encoding?

        out['files'][name] = text
      end
      if @given['commands'] && !@given['commands'].empty?
        log = File.join(@notes, 'all')
        calls = File.exist?(log) ? File.read(log) : ''
        out['commands'] = calls.split("\u001e").map { |call| call.split("\u001f", -1)[0..-2] }
      end
      out['requests'] = @requests unless @server.empty?
      out
    end

    private

    def commands
      (@given['commands'] || {}).each do |name, outcomes|
        log = File.join(@notes, name.tr('/', '_'))
        outcomes.each_with_index do |outcome, i|
          File.binwrite("#{log}.#{i}.out", outcome['stdout'] || '')
          File.binwrite("#{log}.#{i}.err", outcome['stderr'] || '')
          File.write("#{log}.#{i}.exit", "#{outcome['exit'] || 0}\n")
        end
        script = File.join(@root, 'bin', name)
        all = File.join(@notes, 'all')
        quoted = [log, all, name].map { |t| "'#{t.gsub("'", "'\\\\''")}'" }
        File.write(script, format(STUB, log: quoted[0], all: quoted[1], name: quoted[2], count: outcomes.length))
        File.chmod(0o755, script)
      end
    end

    def listen
      server = TCPServer.new('127.0.0.1', 0)
      @server = "http://127.0.0.1:#{server.addr[1]}"
      Thread.new do
        loop do
          connection = server.accept
          Thread.new { answer(connection) }
        end
      end
    end

    def answer(connection)
      verb, path = connection.gets.to_s.split
      return unless path

      headers = {}
      while (line = connection.gets) && !line.strip.empty?
        name, value = line.split(':', 2)
        headers[name.downcase] = value.strip
      end
      body = connection.read(headers['content-length'].to_i).to_s.force_encoding('UTF-8').scrub
      @requests << { 'method' => verb, 'path' => path, 'body' => body }
      given = @given['http']
      given = [{ 'status' => 500, 'body' => '' }] if given.nil? || given.empty?
      reply(connection, verb, given[[@requests.length, given.length].min - 1])
    rescue IOError, SystemCallError
      nil # A client that goes away in the middle of an answer is its own affair.
    ensure
      connection.close
    end

    def reply(connection, verb, answer)
      data = answer['body'].to_s
      lines = ["HTTP/1.1 #{answer['status'] || 200} Answer"]
      (answer['headers'] || {}).each { |name, value| lines << "#{name}: #{value.to_s.gsub('{server}', @server)}" }
      lines << "content-length: #{data.bytesize}" << 'connection: close' << '' << ''
      connection.write(lines.join("\r\n"))
      connection.write(data) unless verb == 'HEAD'
    end
  end

  # Runs plans against the loaded file.
  class Recorder
    def initialize(shapes, scratch, path)
      @shapes = shapes
      @scratch = scratch
      @path = path
    end

    # What is seen when one plan runs, as JSON values.
    def run(plan)
      twice(plan)
    end

    private

    # A call that sleeps runs once more with the greatest draws.
    def twice(plan)
      Fixed.high = false
      seen = forked_or_here(plan)
      return seen if seen['sleeps'].empty?

      Fixed.high = true
      again = forked_or_here(plan)
      Fixed.high = false
      same = again['steps'].map { |s| s['error'] || s['value'] } == seen['steps'].map { |s| s['error'] || s['value'] }
      raise Unrecordable, 'the result depends on randomness' unless same && again['sleeps'].length == seen['sleeps'].length

      seen['sleeps_high'] = again['sleeps']
      seen
    end

    # Each of the two runs begins with a file that nothing has used, where the plan asks for one.
    def forked_or_here(plan)
      return once(plan) unless plan['world'] || plan['fresh']

      reader, writer = IO.pipe
      child = fork do
        reader.close
        line = begin
          once(plan).to_json
        rescue TooManyCalls
          { 'skipped' => 'more calls than a test should make' }.to_json
        rescue Unrecordable, StandardError => e
          { 'skipped' => e.is_a?(Unrecordable) ? e.message : "#{e.class}: #{e.message}" }.to_json
        end
        writer.write(line)
        writer.close
        exit!(0)
      end
      writer.close
      text = reader.read
      Process.wait(child)
      raise Unrecordable, 'the call ended the process' if text.empty?

      seen = JSON.parse(text)
      raise Unrecordable, seen['skipped'] if seen['skipped']

      seen
    end

    def once(plan)
      return call(Session.new(@shapes, nil), plan) unless plan['world']

      root = File.join(@scratch, "world-#{Process.pid}")
      world = World.new(plan['world'], root)
      begin
        world.enter
        seen = call(Session.new(@shapes, world), plan)
        seen['world_after'] = world.after
        text = seen.to_json
        raise Unrecordable, 'a result that names the working directory' if text.include?(root)

        world.server.empty? ? seen : JSON.parse(text.gsub(world.server, '{server}'))
      ensure
        Dir.chdir(@scratch)
        FileUtils.rm_rf(root)
      end
    end

    def call(session, plan)
      Fixed.reset
      entry, callable, object = target(session, plan)
      params = entry['params']
      values = params.zip(plan['args']).map { |p, v| session.decode(v, p['type']) }
      positional, named, block = session.arguments(params, values)
      taken = Set.new
      steps = (plan['repeat'] || 1).times.map do |i|
        Fixed.now += plan['advance'] || 0 if i.positive?
        step(session, entry) { tracing(taken) { callable.call(*positional, **named, &block) } }
      end
      {
        'steps_taken' => taken.to_a,
        'steps' => steps, 'trace' => session.trace.map(&:dup), 'sleeps' => Fixed.sleeps.dup,
        'after' => after(session, plan, params, values), 'state' => state(session, plan, object)
      }
    end

    def target(session, plan)
      if plan['class'].to_s.empty?
        entry = @shapes['functions'].fetch(plan['function'])
        return [entry, command(entry), nil] if entry['command']

        owner = entry['owner'].empty? ? TOPLEVEL_BINDING.receiver : session.constant(entry['owner'])
        return [entry, owner.method(entry['name']), nil]
      end
      owner = @shapes['classes'].fetch(plan['class'])
      entry = owner['methods'].fetch(plan['function'])
      return [entry, session.constant(owner['path']).method(entry['name']), nil] if entry['static']

      object = session.object('class' => plan['class'], 'fields' => plan['object'])
      [entry, object.method(entry['name']), object]
    end

    # The block of a registered command, which the runtime calls with values by name.
    def command(entry)
      found = Foundation.const_get(:APP_COMMANDS).find { |c| c.name == entry['command'] }
      raise Unrecordable, 'a command that is not registered' unless found

      names = entry['params'].map { |p| p['name'].to_sym }
      ->(*values) { found.action.call(**names.zip(values).to_h) }
    end

    # Notes the steps from line to line of the file.
    def tracing(taken, &)
      last = 0
      trace = TracePoint.new(:line) do |at|
        next unless at.path == @path

        taken << [last, at.lineno]
        last = at.lineno
      end
      trace.enable(&)
    end

    def step(session, entry)
      value = yield
      { 'value' => entry['result'] == 'none' ? nil : session.encode(value.is_a?(Enumerator) ? value.to_a : value, entry['result']) }
    rescue Unrecordable
      raise
    rescue AnotherKind, *MISTAKES => e
      raise Unrecordable, "#{e.class}: #{e.message}"
    rescue ArgumentError => e
      # A core method that was misused (`first(-1)`) is a mistake of the program; what the file raises is not.
      misused = MISUSED.include?(e.backtrace_locations&.first&.label) || e.message == 'negative array size'
      raise Unrecordable, "ArgumentError: #{e.message}" if misused

      failure(session, e)
    rescue Errno::EACCES => e
      # The folder that it may write to ends here; outside a recording the call might have succeeded.
      raise Unrecordable, "the call was not permitted: #{e.message}"
    rescue SystemExit
      raise Unrecordable, 'the call ended the program'
    rescue StandardError, NotImplementedError => e
      failure(session, e)
    end

    def failure(session, e)
      names = e.is_a?(NotImplementedError) ? %w[NotImplementedError RuntimeError Exception] : session.error_names(e)
      seen = { 'error' => names.first, 'bases' => names, 'message' => e.message.to_s }
      seen['cause'] = session.error_names(e.cause) if e.cause
      seen
    end

    def after(session, plan, params, values)
      values.each_with_index.map do |value, i|
        given = plan['args'][i]
        next nil if given.is_a?(Hash) && (given.key?('fake') || given.key?('made'))

        session.encode(value, params[i]['type'])
      end
    end

    def state(session, plan, object)
      return nil unless object && plan['state']

      session.encode(object, 'any')
    rescue Unrecordable
      # An object that keeps something that has no neutral form is compared by what it answers.
      nil
    end
  end

  def self.main
    out = IO.for_fd($stdout.fcntl(Fcntl::F_DUPFD), 'w')
    out.sync = true
    $stdout.reopen($stderr)
    request = JSON.parse($stdin.read)
    scratch = Dir.pwd
    Fixed.install
    $PROGRAM_NAME = 'recorded'
    load(request['path'])
    recorder = Recorder.new(request['shapes'], scratch, request['path'])
    request['plans'].each_with_index do |plan, i|
      out.puts(line(recorder, plan, i))
    end
  end

  def self.line(recorder, plan, index)
    seen = Timeout.timeout(SECONDS, TooSlow) { recorder.run(plan) }.merge('index' => index)
    taken = seen.delete('steps_taken')
    return { 'index' => index, 'skipped' => 'a result too large to compare in a test' }.to_json if seen.to_json.length > LARGEST

    seen.merge('steps_taken' => taken).to_json
  rescue TooSlow
    { 'index' => index, 'skipped' => "the call takes more than #{SECONDS} s" }.to_json
  rescue TooManyCalls
    { 'index' => index, 'skipped' => 'more calls than a test should make' }.to_json
  rescue Unrecordable, StandardError => e
    { 'index' => index, 'skipped' => e.is_a?(Unrecordable) ? e.message : "#{e.class}: #{e.message}" }.to_json
  end
end

require 'fcntl'
Recording.main if $PROGRAM_NAME == __FILE__
