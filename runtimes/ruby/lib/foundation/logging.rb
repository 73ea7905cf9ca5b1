# frozen_string_literal: true

require 'foundation/clock'
require 'foundation/numbers'
require 'foundation/redaction'

module Foundation
  # Structured logging: one record is one line, JSON or logfmt, with secrets replaced at every depth.
  module Logging
    LEVELS = %i[trace debug info warning error critical].freeze
    FORMATS = %i[json logfmt].freeze
    RESERVED = %w[timestamp level logger message].to_h { |name| [name, "#{name}_"] }.freeze

    NO_FIELDS = {}.freeze
    private_constant :NO_FIELDS

    # One lock per output, so that loggers that share an output never mix their records.
    LOCKS = ObjectSpace::WeakMap.new
    LOCKS_GUARD = Mutex.new
    private_constant :LOCKS, :LOCKS_GUARD

    def self.lock_for(output)
      LOCKS_GUARD.synchronize { LOCKS[output] ||= Mutex.new }
    end

    # A logger with a name. `bind` gives a new one with more fields.
    #
    #   log = Foundation::Logging.logger('shop.orders', level: :info)
    #   log.info('order placed', order_id: 7)
    def self.logger(name, level: :info, format: :json, redact: [], timestamps: true, output: $stderr, clock: SYSTEM_CLOCK)
      Logger.new(name, level: level, format: format, redact: redact, timestamps: timestamps, output: output, clock: clock)
    end

    # Writes records of one name and at least one level to one output.
    class Logger
      attr_reader :name

      def initialize(name, level:, format:, redact:, timestamps:, output:, clock:)
        raise ConfigurationError, "a logger's name must be a text, not #{name.inspect}" unless name.is_a?(String)

        @name = name
        @threshold = LEVELS.index(Numbers.choice('level', level, LEVELS))
        @format = Numbers.choice('format', format, FORMATS)
        Numbers.boolean('timestamps', timestamps)
        redaction = redact.empty? ? DEFAULT_REDACTION : Redaction.new(redact)
        @record = (@format == :json ? JsonRecord : LogfmtRecord).new(name, redaction, timestamps ? Timestamps.new(clock) : nil)
        @output = output
        @lock = Logging.lock_for(output)
        @fields = NO_FIELDS
      end

      LEVELS.each_with_index do |level, index|
        define_method(level) do |message, **fields|
          write(index, message, fields) if index >= @threshold
        end
        define_method(:"#{level}?") { index >= @threshold }
      end

      # A new logger with these fields in every record; this one is unchanged.
      def bind(**fields)
        dup.tap { |bound| bound.__send__(:fields=, @fields.merge(self.class.named(fields))) }
      end

      # A record with a level known only at run time.
      def log(level, message, **fields)
        index = LEVELS.index(Numbers.choice('level', level, LEVELS))
        write(index, message, fields) if index >= @threshold
      end

      def self.named(fields)
        fields.transform_keys { |key| RESERVED[text = key.to_s] || text }
      end

      private

      attr_writer :fields

      def write(level, message, fields)
        fields = fields.empty? ? NO_FIELDS : self.class.named(fields)
        fields = @fields.merge(fields) unless @fields.empty?
        line = @record.line(LEVELS[level], message, fields)
        @lock.synchronize do
          @output.write(line)
          @output.flush
        end
        nil
      end
    end

    # The wall clock as text; the part above one second is made once a second.
    class Timestamps
      def initialize(clock)
        @clock = clock
        @second = nil
        @prefix = nil
      end

      def now
        second, nanosecond = @clock.wall.divmod(1_000_000_000)
        # Two threads may both make the same prefix; they assign it together with its second, so neither sees a mixture.
        known = @prefix
        known = @prefix = [second, Time.at(second).utc.strftime('%Y-%m-%dT%H:%M:%S.')].freeze unless known && known[0] == second
        micros = (nanosecond / 1000).to_s
        "#{known[1]}#{micros.rjust(6, '0')}Z"
      end
    end

    DEFAULT_REDACTION = Redaction.new
    private_constant :DEFAULT_REDACTION
  end
end

# After the levels above, which a record is written with.
require 'foundation/record'
