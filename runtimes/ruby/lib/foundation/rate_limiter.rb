# frozen_string_literal: true

require 'foundation/circuit_breaker'
require 'foundation/clock'
require 'foundation/numbers'

module Foundation
  # Admits `limit` permits per `period`, in integer arithmetic: no permit is ever lost to rounding.
  class RateLimiter
    ALGORITHMS = %i[token_bucket sliding_window].freeze

    # Whether permits were given; `retry_after` in nanoseconds when not, and how many are left.
    Decision = Struct.new(:allowed, :retry_after, :remaining) do
      def allowed?
        allowed
      end
    end

    attr_reader :limit

    def initialize(limit:, period: 1.0, burst: nil, algorithm: :token_bucket, wait: false, clock: SYSTEM_CLOCK)
      @limit = Numbers.integer('limit', limit, 1, 1_000_000_000)
      @period = Numbers.nanoseconds('period', period, 0.001, 86_400.0)
      @burst = burst.nil? ? limit : Numbers.integer('burst', burst, 1, 1_000_000_000)
      @algorithm = Numbers.choice('algorithm', algorithm, ALGORITHMS)
      @wait = Numbers.boolean('wait', wait)
      if @algorithm == :sliding_window && @burst != @limit
        raise ConfigurationError, "burst does not apply to a sliding window; leave it out or make it #{limit}"
      end

      @clock = clock
      @lock = Mutex.new
      @latest = clock.now
      @level = @burst * @period
      @last = @latest
      @log = []
      @used = 0
    end

    # Ask for `permits` without waiting; a Decision. Raises ValidationError for a number that can never be given.
    def try_acquire(permits = 1)
      most = @algorithm == :token_bucket ? @burst : @limit
      unless permits.is_a?(Integer) && permits.between?(0, most)
        raise ValidationError, "permits must be an integer from 0 to #{most}, not #{permits.inspect}"
      end

      @lock.synchronize do
        @latest = [@latest, @clock.now].max
        @algorithm == :token_bucket ? take_tokens(permits) : take_window(permits)
      end
    end

    # Take `permits`: waits with `wait: true`, else raises RateLimitExceeded. Returns the Decision.
    def acquire(permits = 1, cancellation: nil)
      loop do
        raise CancelledError if cancellation&.cancelled?

        decision = try_acquire(permits)
        return decision if decision.allowed?
        raise RateLimitExceeded, decision.retry_after unless @wait

        @clock.sleep(decision.retry_after, cancellation)
      end
    end

    private

    # Levels are in units of one period-th of a token, so that a nanosecond adds exactly `limit` of them.
    def take_tokens(permits)
      if @latest > @last
        @level = [@burst * @period, @level + ((@latest - @last) * @limit)].min
        @last = @latest
      end
      need = permits * @period
      if @level >= need
        @level -= need
        Decision.new(true, 0, @level / @period)
      else
        Decision.new(false, [(need - @level + @limit - 1) / @limit, Numbers::MAX].min, @level / @period)
      end
    end

    def take_window(permits)
      @used -= @log.shift[1] while @log.any? && @log.first[0] + @period <= @latest
      if @used + permits <= @limit
        @log << [@latest, permits] if permits.positive?
        @used += permits
        return Decision.new(true, 0, @limit - @used)
      end
      surplus = @used + permits - @limit
      freed = 0
      oldest = @log.find { |_, given| (freed += given) >= surplus }
      Decision.new(false, oldest[0] + @period - @latest, @limit - @used)
    end
  end

  RATE_LIMITERS = SharedByName.new
  private_constant :RATE_LIMITERS

  # Run the block with one permit of the limiter of this name, which every caller shares.
  #
  #   Foundation.rate_limit(name: 'search', limit: 10) { index.query(text) }
  def self.rate_limit(name:, cancellation: nil, **parameters)
    RATE_LIMITERS.fetch(name, parameters) { RateLimiter.new(**parameters) }.acquire(cancellation: cancellation)
    yield
  end
end
