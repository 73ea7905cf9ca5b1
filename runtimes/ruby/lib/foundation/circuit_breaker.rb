# frozen_string_literal: true

require 'foundation/clock'
require 'foundation/numbers'

module Foundation
  # Stops calling what keeps failing, and probes it again after a while.
  #
  # Every change of state starts a new generation; what a call of an older generation brings back is dropped, so a
  # success that started before the trip never closes the breaker.
  class CircuitBreaker
    EXCLUDED = [AuthenticationError, ValidationError].freeze

    # Admission of one call. End it once, with `success`, `failure` or `drop`; what comes after the first is ignored.
    class Permit
      def initialize(breaker, generation)
        @breaker = breaker
        @generation = generation
        @ended = false
      end

      def success
        finish(:success)
      end

      def failure(error)
        finish(@breaker.verdict(error))
      end

      def drop
        finish(:ignored)
      end

      private

      def finish(verdict)
        return if @ended

        @ended = true
        @breaker.__send__(:complete, @generation, verdict)
      end
    end

    attr_reader :name

    def initialize(name: 'circuit', failure_threshold: 5, recovery_timeout: 60.0, half_open_max_calls: 1, success_threshold: 1,
                   expected: [Exception], excluded: EXCLUDED, clock: SYSTEM_CLOCK)
      @name = name
      @failure_threshold = Numbers.integer('failure_threshold', failure_threshold, 1, 10_000)
      @recovery_timeout = Numbers.nanoseconds('recovery_timeout', recovery_timeout, 0.0, 86_400.0)
      @half_open_max_calls = Numbers.integer('half_open_max_calls', half_open_max_calls, 1, 1000)
      @success_threshold = Numbers.integer('success_threshold', success_threshold, 1, 1000)
      @expected = Numbers.errors('expected', expected)
      @excluded = Numbers.errors('excluded', excluded)
      @clock = clock
      @lock = Mutex.new
      @latest = clock.now
      @generation = 0
      @opened_at = 0
      @failures = 0
      enter(:closed)
    end

    # Run the block if the breaker admits it; raises CircuitOpenError if not, and the block's own error as it is.
    def call
      permit = begin_call
      begin
        value = yield
      rescue *APPLICATION_ERRORS => e
        permit.failure(e)
        raise
      else
        permit.success
        value
      ensure
        # A block that is left by `throw`, `break` or an exit has no verdict.
        permit.drop
      end
    end

    # The first half of a call whose operation is not one block; raises CircuitOpenError.
    def begin_call
      @lock.synchronize do
        now = tick
        if @state == :open
          left = @opened_at + @recovery_timeout - now
          raise CircuitOpenError.new(name, left) if left.positive?

          enter(:half_open)
        end
        if @state == :half_open
          raise CircuitOpenError.new(name, 0) if @in_flight >= @half_open_max_calls

          @in_flight += 1
        end
        Permit.new(self, @generation)
      end
    end

    # The stored state: `:closed`, `:open` or `:half_open`.
    def state
      @lock.synchronize { @state }
    end

    def failures
      @lock.synchronize { @failures }
    end

    # Close it and forget what happened.
    def reset
      @lock.synchronize do
        enter(:closed)
        @failures = 0
      end
    end

    # What an error says about the health of what is called: `:failure` or `:ignored`.
    def verdict(error)
      return :ignored if CancelledError === error || Foundation.matches?(error, @excluded)

      Foundation.matches?(error, @expected) ? :failure : :ignored
    end

    private

    def complete(generation, verdict)
      @lock.synchronize do
        return if generation != @generation

        now = tick
        @state == :closed ? complete_closed(now, verdict) : complete_half_open(now, verdict)
      end
    end

    def complete_closed(now, verdict)
      case verdict
      when :success then @failures = 0
      when :failure
        @failures += 1
        trip(now) if @failures == @failure_threshold
      end
    end

    def complete_half_open(now, verdict)
      @in_flight -= 1
      case verdict
      when :success
        @successes += 1
        if @successes == @success_threshold
          enter(:closed)
          @failures = 0
        end
      when :failure then trip(now)
      end
    end

    def trip(now)
      enter(:open)
      @opened_at = now
    end

    def enter(state)
      @state = state
      @generation += 1
      @successes = 0
      @in_flight = 0
    end

    # A clock that goes backwards stands still.
    def tick
      @latest = [@latest, @clock.now].max
    end
  end

  # Objects that `Foundation.circuit_breaker` and `Foundation.rate_limit` share by name.
  class SharedByName
    def initialize
      @lock = Mutex.new
      @made = {}
    end

    # The object of this name, made on first use; other parameters for the same name are a mistake in the program.
    def fetch(name, parameters)
      @lock.synchronize do
        made, given = @made[name]
        unless made
          made = yield
          @made[name] = [made, parameters]
          return made
        end
        return made if given == parameters

        raise ConfigurationError, "#{name.inspect} was made with #{given}, and is now asked for with #{parameters}"
      end
    end
  end

  CIRCUIT_BREAKERS = SharedByName.new
  private_constant :CIRCUIT_BREAKERS

  # Run the block behind the breaker of this name, which every caller shares.
  #
  #   Foundation.circuit_breaker(name: 'payments', failure_threshold: 5) { gateway.charge(order) }
  def self.circuit_breaker(name:, **parameters, &block)
    CIRCUIT_BREAKERS.fetch(name, parameters) { CircuitBreaker.new(name: name, **parameters) }.call(&block)
  end
end
