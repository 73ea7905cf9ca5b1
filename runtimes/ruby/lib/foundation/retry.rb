# frozen_string_literal: true

require 'foundation/clock'
require 'foundation/numbers'

module Foundation
  # How much of a delay is left to chance: `none`, `full`, `equal`, or `symmetric` by a ratio.
  class Jitter
    KINDS = %i[none full equal symmetric].freeze
    DEFAULT_RATIO = 0.25

    attr_reader :kind, :ratio

    def initialize(kind, ratio: DEFAULT_RATIO)
      @kind = Numbers.choice('jitter', kind, KINDS)
      @ratio = ratio
      @parts_per_million = Numbers.parts_per_million('jitter ratio', ratio)
      freeze
    end

    # What a policy accepts: true, false, a kind, `{kind:, ratio:}` or a Jitter.
    def self.of(value)
      case value
      when Jitter then value
      when true then new(:symmetric)
      when false then new(:none)
      when Symbol, String then new(value)
      when Hash then from_hash(value.transform_keys(&:to_sym))
      else raise ConfigurationError, "jitter must be true, false, a kind or {kind:, ratio:}, not #{value.inspect}"
      end
    end

    def self.from_hash(hash)
      unknown = hash.keys - %i[kind ratio]
      raise ConfigurationError, "jitter has no #{unknown.join(', ')}; it takes kind and ratio" unless unknown.empty?

      new(hash.fetch(:kind) { raise ConfigurationError, "jitter needs a kind, one of #{KINDS.join(', ')}" }, ratio: hash[:ratio] || DEFAULT_RATIO)
    end
    private_class_method :from_hash

    # `delay` in nanoseconds, changed by one draw of `random`.
    def apply(delay, random)
      case kind
      when :none then delay
      when :full then (delay * random.call) >> 53
      when :equal
        half = delay / 2
        half + (((delay - half) * random.call) >> 53)
      when :symmetric
        reach = delay * @parts_per_million / 1_000_000
        delay - reach + ((2 * reach * random.call) >> 53)
      end
    end
  end

  # When and how often to try again. Delays are in seconds here and in integer nanoseconds inside.
  class RetryPolicy
    BACKOFFS = %i[linear exponential fixed].freeze
    RETRYABLE = [NetworkError, TimeoutError, ServiceUnavailable].freeze
    NON_RETRYABLE = [AuthenticationError, ValidationError].freeze

    attr_reader :max_attempts, :base_delay, :max_delay, :backoff, :jitter, :retryable, :non_retryable

    def initialize(max_attempts: 3, base_delay: 1.0, backoff_strategy: nil, backoff: nil, max_delay: 60.0, jitter: true,
                   retryable: RETRYABLE, non_retryable: NON_RETRYABLE)
      raise ConfigurationError, 'give backoff or backoff_strategy, not both' if backoff && backoff_strategy

      @max_attempts = Numbers.integer('max_attempts', max_attempts, 1, 100)
      @base_delay = Numbers.nanoseconds('base_delay', base_delay, 0.0, 300.0)
      @max_delay = Numbers.nanoseconds('max_delay', max_delay, 0.0, 3600.0)
      @backoff = Numbers.choice('backoff_strategy', backoff || backoff_strategy || :exponential, BACKOFFS)
      @jitter = Jitter.of(jitter)
      @retryable = Numbers.errors('retryable', retryable)
      @non_retryable = Numbers.errors('non_retryable', non_retryable)
      freeze
    end

    # The delay after the n-th failure (from 1), in nanoseconds, with the draws that its jitter needs.
    def delay(number, random = SYSTEM_RANDOM)
      jitter.apply([without_jitter(number), max_delay].min, random)
    end

    # Whether an error is worth another attempt.
    def retry?(error)
      return false if CancelledError === error || CircuitOpenError === error
      return false if PROGRAMMING_ERRORS.any? { |klass| klass === error }

      !Foundation.matches?(error, non_retryable) && Foundation.matches?(error, retryable)
    end

    private

    def without_jitter(number)
      case backoff
      when :fixed then base_delay
      when :linear then [base_delay * number, Numbers::MAX].min
      # Doubling saturates, so the exponent can stop where every value above 0 already has.
      when :exponential then [base_delay << [number - 1, 63].min, Numbers::MAX].min
      end
    end
  end

  # Call the block until it succeeds, at most `max_attempts` times. Returns what it returns.
  #
  #   Foundation.retry(max_attempts: 3, base_delay: 0.5) { |attempt| client.get('/stock') }
  #
  # Raises MaxRetriesExceeded (with its cause) when every attempt failed, the error itself when it is not worth another
  # attempt, and CancelledError when `cancellation` says so. `on_retry` is called with attempt, error and delay.
  def self.retry(policy: nil, clock: SYSTEM_CLOCK, random: SYSTEM_RANDOM, cancellation: nil, on_retry: nil, **parameters)
    raise ArgumentError, 'Foundation.retry needs a block' unless block_given?
    raise ConfigurationError, "give policy or #{parameters.keys.join(', ')}, not both" if policy && !parameters.empty?

    policy ||= RetryPolicy.new(**parameters)
    attempt = 0
    last = nil
    loop do
      raise CancelledError.new, cause: last if cancellation&.cancelled?

      attempt += 1
      begin
        return yield attempt
      rescue *APPLICATION_ERRORS => e
        raise unless policy.retry?(e)
        raise MaxRetriesExceeded.new(attempt, e), cause: e if attempt == policy.max_attempts

        last = e
      end
      delay = policy.delay(attempt, random)
      on_retry&.call(attempt, last, delay)
      begin
        clock.sleep(delay, cancellation)
      rescue CancelledError => e
        raise e.class.new(e.message), cause: last
      end
    end
  end
end
