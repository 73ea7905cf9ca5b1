# frozen_string_literal: true

# Note the calls of the methods of one file, types and values; loaded by -r into a user's command.
#
# It loads nothing of this program, and a fault of its own must not become one of the user's run. Types are written as the
# other hooks write them: int float str bool symbol None list[...] tuple[..., ...] dict[..., ...] set[...] or a class of the
# file, "?" for what has none.

require 'json'
require 'set'

module FoundationTrace
  FILE = File.exist?(ENV['FOUNDATION_TRACE_FILE'].to_s) ? File.realpath(ENV['FOUNDATION_TRACE_FILE']) : ''
  OUT = ENV['FOUNDATION_TRACE_OUT'].to_s
  LOOKED_AT = 20 # elements of a collection
  CALLS = 60 # distinct calls of one method whose values are kept
  LARGEST = 4000 # characters of one call
  NAMED = %i[req opt key keyreq].freeze

  # A value that cannot be written down.
  class NoForm < StandardError; end

  class << self
    def start
      @seen = {}
      @same = {}
      @lock = Mutex.new
      @raised = {}.compare_by_identity
      @lines = TracePoint.new(:line) { recovered }
      traced = TracePoint.new(:call, :return, :raise) { |tp| note(tp) }
      traced.enable
      at_exit do
        traced.disable
        @lines.disable
        save
      end
    end

    private

    # An exception leaves methods without a result until some line runs again.
    def recovered
      @raised.delete(Thread.current)
      @lines.disable if @raised.empty?
    end

    def note(tracepoint)
      if tracepoint.event == :raise
        @raised[Thread.current] = true
        @lines.enable unless @lines.enabled?
        return
      end
      path = tracepoint.path
      @same[path] = File.exist?(path) && File.realpath(path) == FILE unless @same.key?(path)
      return unless @same[path]

      tracepoint.event == :call ? called(tracepoint) : returned(tracepoint)
    rescue StandardError
      nil # Anything may happen in the user's objects; what cannot be looked at is not noted.
    end

    def entry(tracepoint)
      line = tracepoint.lineno
      if tracepoint.event == :return
        _, line = Kernel.instance_method(:method).bind_call(tracepoint.self, tracepoint.method_id).source_location
      end
      key = "#{name_of(tracepoint)}:#{line}"
      @seen[key] ||= { 'arguments' => Hash.new { |h, k| h[k] = Set.new }, 'result' => Set.new, 'calls' => {} }
    end

    # `method`, or `Class.method` for a class; modules have functions.
    def name_of(tracepoint)
      owner = tracepoint.defined_class
      owner = tracepoint.self if owner.singleton_class?
      name = Class === owner && owner != Object ? Module.instance_method(:name).bind_call(owner) : nil
      name ? "#{name.split('::').last}.#{tracepoint.method_id}" : tracepoint.method_id.to_s
    end

    def called(tracepoint)
      frame = tracepoint.binding
      given = tracepoint.parameters.filter_map do |kind, name|
        [name, frame.local_variable_get(name)] if NAMED.include?(kind) && name
      end
      @lock.synchronize do
        made = entry(tracepoint)
        given.each { |name, value| made['arguments'][name.to_s] << type(value) }
        keep(made['calls'], tracepoint, given)
      end
    end

    def returned(tracepoint)
      value = tracepoint.return_value
      # A method that an exception leaves seems to give nil.
      return if value.nil? && @raised.key?(Thread.current)

      @lock.synchronize { entry(tracepoint)['result'] << type(value) }
    end

    # Keep the values of a call, where it has parameters by name only and its values can be written down.
    def keep(calls, tracepoint, given)
      return if calls.length >= CALLS || given.length != tracepoint.parameters.length

      receiver = tracepoint.self
      fields = Module === receiver || receiver.instance_of?(Object) ? {} : members(receiver, 0)
      text = JSON.generate([given.to_h { |name, value| [name.to_s, neutral(value)] }, fields])
      calls[text] = true if text.length <= LARGEST
    rescue NoForm, JSON::GeneratorError, EncodingError
      nil
    end

    def type(value, depth = 0)
      case value
      when nil then 'None'
      when true, false then 'bool'
      when Integer then 'int'
      when Float then 'float'
      when String then 'str'
      when Symbol then 'symbol'
      else depth > 4 ? '?' : compound(value, depth + 1)
      end
    end

    def compound(value, depth)
      case value
      when Struct then class_of(value)
      when Array then array(value, depth)
      when Set then "set[#{types(value.first(LOOKED_AT), depth)}]"
      when Hash
        pairs = value.first(LOOKED_AT)
        "dict[#{types(pairs.map(&:first), depth)}, #{types(pairs.map(&:last), depth)}]"
      else class_of(value)
      end
    end

    # A few values of different types are a tuple.
    def array(value, depth)
      each = value.first(LOOKED_AT).map { |v| type(v, depth) }
      mixed = (each.uniq - ['None']).length > 1 && value.length <= 4
      mixed ? "tuple[#{each.join(', ')}]" : "list[#{each.uniq.sort.join('|')}]"
    end

    def types(values, depth)
      values.map { |v| type(v, depth) }.uniq.sort.join('|')
    end

    def class_of(value)
      made_here?(value) ? value.class.name.split('::').last : '?'
    end

    def made_here?(value)
      name = value.class.name
      path, = name ? Object.const_source_location(name) : nil
      !path.nil? && File.exist?(path) && File.realpath(path) == FILE
    end

    # A value in the neutral form in which recorders read arguments.
    def neutral(value, depth = 0)
      raise NoForm if depth > 8

      case value
      when nil, true, false then value
      when String, Symbol then value.to_s.encode('UTF-8')
      when Integer then value.between?(-2**63, 2**63 - 1) ? value : raise(NoForm)
      when Float then value.finite? ? { 'float' => value.to_s } : raise(NoForm)
      when Struct then object(value, depth)
      when Array then { 'list' => value.map { |v| neutral(v, depth + 1) } }
      when Set then { 'set' => value.map { |v| neutral(v, depth + 1) } }
      when Hash then { 'dict' => value.map { |k, v| [neutral(k, depth + 1), neutral(v, depth + 1)] } }
      else object(value, depth)
      end
    end

    def object(value, depth)
      raise NoForm unless made_here?(value)

      { 'object' => { 'class' => value.class.name.split('::').last, 'fields' => members(value, depth + 1) } }
    end

    # The fields of a Struct or Data, of which another like it can be made.
    def members(value, depth)
      raise NoForm unless value.is_a?(Struct) || value.class.respond_to?(:members)

      value.class.members.to_h { |name| [name.to_s, neutral(value.public_send(name), depth)] }
    end

    # Several processes of one command add up.
    def save
      return if @seen.empty?

      lines = @seen.transform_values do |entry|
        {
          'arguments' => entry['arguments'].transform_values(&:sort), 'result' => entry['result'].sort,
          'calls' => entry['calls'].keys.map { |call| JSON.parse(call) }
        }
      end
      File.open(OUT, 'a') { |out| out.puts(JSON.generate(lines)) }
    end
  end
end

FoundationTrace.start unless FoundationTrace::OUT.empty? || FoundationTrace::FILE.empty?
