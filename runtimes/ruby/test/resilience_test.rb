# frozen_string_literal: true

require 'minitest/autorun'
require 'foundation/errors'
require 'foundation/resilience'
require 'foundation/testing'

class RetryTest < Minitest::Test
  def setup
    @clock = Foundation::VirtualClock.new
  end

  def attempt(*outcomes, **options)
    calls = 0
    value = Foundation.retry(clock: @clock, jitter: false, **options) do |number|
      calls += 1
      assert_equal calls, number
      outcome = outcomes[calls - 1] || outcomes.last
      raise outcome if outcome.is_a?(Exception) || outcome.is_a?(Class)

      outcome
    end
    [value, calls]
  end

  def test_waits_twice_as_long_each_time
    assert_equal [:done, 3], attempt(Foundation::NetworkError, Foundation::TimeoutError, :done, base_delay: 0.1)
    assert_equal [100_000_000, 200_000_000], @clock.sleeps
  end

  def test_exhaustion_keeps_the_cause
    error = assert_raises(Foundation::MaxRetriesExceeded) { attempt(Errno::ECONNREFUSED, max_attempts: 2) }
    assert_equal 2, error.attempts
    assert_kind_of Errno::ECONNREFUSED, error.cause
    assert_match(/2 attempts.*refused/, error.message)
  end

  def test_what_is_not_retried
    [Foundation::AuthenticationError, Foundation::CancelledError, NoMethodError, RuntimeError, ArgumentError].each do |klass|
      calls = 0
      assert_raises(klass) { Foundation.retry(clock: @clock, retryable: [Foundation::FoundationError, NameError, ArgumentError]) { calls += 1; raise klass } }
      assert_equal 1, calls, klass.name
    end
    assert_empty @clock.sleeps
  end

  def test_an_open_circuit_is_not_retried
    calls = 0
    assert_raises(Foundation::CircuitOpenError) { Foundation.retry(clock: @clock, retryable: [StandardError]) { calls += 1; raise Foundation::CircuitOpenError.new('x', 1) } }
    assert_equal 1, calls
  end

  def test_interrupt_passes_through
    assert_raises(Interrupt) { attempt(Interrupt) }
  end

  def test_cancellation_during_the_wait
    @clock = Foundation::VirtualClock.new(cancel_at: 500_000_000)
    error = assert_raises(Foundation::CancelledError) { attempt(Foundation::NetworkError, cancellation: @clock) }
    assert_kind_of Foundation::NetworkError, error.cause
    assert_equal 500_000_000, @clock.now
  end

  def test_cancellation_before_the_start
    cancellation = Foundation::Cancellation.new
    cancellation.cancel
    error = assert_raises(Foundation::CancelledError) { Foundation.retry(cancellation: cancellation) { flunk } }
    assert_nil error.cause
  end

  def test_on_retry_is_told
    told = []
    attempt(Foundation::NetworkError, :ok, on_retry: ->(number, error, delay) { told << [number, error.class, delay] })
    assert_equal [[1, Foundation::NetworkError, 1_000_000_000]], told
  end

  def test_delays_of_each_kind
    policy = ->(**options) { Foundation::RetryPolicy.new(base_delay: 0.1, **options) }
    half = -> { 1 << 52 }
    assert_equal [100, 200, 300], (1..3).map { |n| policy.call(backoff: :linear, jitter: :none).delay(n) / 1_000_000 }
    assert_equal [100, 100], (1..2).map { |n| policy.call(backoff_strategy: 'fixed', jitter: :none).delay(n) / 1_000_000 }
    assert_equal 50_000_000, policy.call(jitter: :full).delay(1, half)
    assert_equal 75_000_000, policy.call(jitter: 'equal').delay(1, half)
    assert_equal 75_000_000, policy.call(jitter: { kind: :symmetric, ratio: 0.25 }).delay(1, -> { 0 })
    assert_equal 100_000_000, policy.call(jitter: Foundation::Jitter.new(:symmetric)).delay(1, half)
    assert_equal 1_000_000_000, policy.call(max_delay: 1, jitter: false).delay(100)
    assert_equal 3_600_000_000_000, Foundation::RetryPolicy.new(base_delay: 300, max_delay: 3600, jitter: false).delay(100)
  end

  def test_bad_parameters_are_named
    {
      { max_attempts: 0 } => /max_attempts.*1 to 100.*0/, { max_attempts: true } => /max_attempts/, { base_delay: Float::NAN } => /base_delay/,
      { base_delay: '1' } => /base_delay/, { max_delay: 3601 } => /max_delay/, { backoff: :cubic } => /linear, exponential, fixed/,
      { jitter: 7 } => /jitter/, { jitter: { ratio: 0.1 } } => /kind/, { jitter: { kind: :full, size: 1 } } => /size/,
      { jitter: { kind: :symmetric, ratio: 2 } } => /ratio/, { retryable: ['NetworkError'] } => /retryable/, { backoff: :linear, backoff_strategy: :fixed } => /not both/
    }.each do |parameters, message|
      assert_match message, assert_raises(Foundation::ConfigurationError) { Foundation::RetryPolicy.new(**parameters) }.message
    end
    assert_match(/not both/, assert_raises(Foundation::ConfigurationError) { Foundation.retry(policy: Foundation::RetryPolicy.new, max_attempts: 1) { 1 } }.message)
    assert_raises(ArgumentError) { Foundation.retry }
  end

  def test_real_sleep_is_cut_short_by_a_cancellation
    cancellation = Foundation::Cancellation.new
    canceller = Thread.new { sleep 0.05; cancellation.cancel }
    assert_raises(Foundation::CancelledError) { Foundation.retry(base_delay: 60, cancellation: cancellation) { raise Foundation::NetworkError } }
    canceller.join
    refute Foundation::Cancellation.new.wait(1_000)
    Foundation::SYSTEM_CLOCK.sleep(1_000)
    assert_operator Foundation::SYSTEM_CLOCK.wall, :>, 1_500_000_000_000_000_000
  end
end

class CircuitBreakerTest < Minitest::Test
  def setup
    @clock = Foundation::VirtualClock.new
    @breaker = Foundation::CircuitBreaker.new(name: 'payments', failure_threshold: 2, recovery_timeout: 10, clock: @clock)
  end

  def fail_once(error = Foundation::NetworkError)
    assert_raises(error) { @breaker.call { raise error } }
  end

  def trip
    2.times { fail_once }
  end

  def test_trips_on_the_threshold_and_says_when_to_come_back
    trip
    assert_equal :open, @breaker.state
    @clock.advance(4_000_000_000)
    error = assert_raises(Foundation::CircuitOpenError) { @breaker.call { flunk } }
    assert_equal ['payments', 6_000_000_000], [error.name, error.retry_after]
  end

  def test_a_success_in_between_starts_the_count_again
    fail_once
    assert_equal 7, @breaker.call { 7 }
    fail_once
    assert_equal :closed, @breaker.state
  end

  def test_one_probe_closes_it_or_opens_it_again
    trip
    @clock.advance(10_000_000_000)
    probe = @breaker.begin_call
    assert_equal 0, assert_raises(Foundation::CircuitOpenError) { @breaker.call { flunk } }.retry_after
    probe.failure(Foundation::NetworkError.new)
    probe.success
    assert_equal :open, @breaker.state
    @clock.advance(10_000_000_000)
    @breaker.call { nil }
    assert_equal [:closed, 0], [@breaker.state, @breaker.failures]
  end

  def test_a_late_success_changes_nothing
    late = @breaker.begin_call
    trip
    late.success
    assert_equal :open, @breaker.state
  end

  def test_ignored_outcomes
    [Foundation::AuthenticationError, Foundation::CancelledError].each { |error| 3.times { fail_once(error) } }
    assert_equal :closed, @breaker.state
    3.times { catch(:out) { @breaker.call { throw :out } } }
    assert_equal 0, @breaker.failures
    only = Foundation::CircuitBreaker.new(failure_threshold: 1, expected: [IOError])
    assert_raises(RuntimeError) { only.call { raise 'other' } }
    assert_equal :closed, only.state
  end

  def test_a_dropped_probe_gives_its_place_back
    trip
    @clock.advance(10_000_000_000)
    @breaker.begin_call.drop
    assert_equal 1, @breaker.call { 1 }
  end

  def test_reset
    trip
    @breaker.reset
    assert_equal :closed, @breaker.state
  end

  def test_shared_by_name
    2.times { assert_raises(IOError) { Foundation.circuit_breaker(name: 'shared', failure_threshold: 2) { raise IOError } } }
    assert_raises(Foundation::CircuitOpenError) { Foundation.circuit_breaker(name: 'shared', failure_threshold: 2) { flunk } }
    assert_raises(Foundation::ConfigurationError) { Foundation.circuit_breaker(name: 'shared', failure_threshold: 3) { flunk } }
  end

  def test_twenty_threads_one_probe
    trip
    @clock.advance(10_000_000_000)
    gate = Queue.new
    admitted = Queue.new
    threads = 20.times.map do
      Thread.new do
        @breaker.call do
          admitted << 1
          gate.pop
        end
      rescue Foundation::CircuitOpenError
        nil
      end
    end
    sleep 0.01 until threads.count(&:alive?) == 1
    gate << 1
    threads.each(&:join)
    assert_equal 1, admitted.size
  end
end

class RateLimiterTest < Minitest::Test
  def setup
    @clock = Foundation::VirtualClock.new
  end

  def test_token_bucket_loses_nothing
    limiter = Foundation::RateLimiter.new(limit: 10, burst: 1, clock: @clock)
    limiter.acquire
    admitted = 1000.times.count do
      @clock.advance(100_000_000)
      limiter.try_acquire.allowed?
    end
    assert_equal 1000, admitted
  end

  def test_refusal_says_when
    limiter = Foundation::RateLimiter.new(limit: 3, clock: @clock)
    assert_equal [true, 0, 0], limiter.try_acquire(3).to_a
    assert_equal 333_333_334, assert_raises(Foundation::RateLimitExceeded) { limiter.acquire }.retry_after
    assert_raises(Foundation::ValidationError) { limiter.try_acquire(4) }
    assert_raises(Foundation::ValidationError) { limiter.try_acquire(-1) }
    assert limiter.try_acquire(0).allowed?
  end

  def test_waiting
    limiter = Foundation::RateLimiter.new(limit: 2, wait: true, clock: @clock)
    3.times { limiter.acquire }
    assert_equal [500_000_000], @clock.sleeps
    cancelled = Foundation::Cancellation.new.tap(&:cancel)
    assert_raises(Foundation::CancelledError) { limiter.acquire(cancellation: cancelled) }
  end

  def test_sliding_window
    limiter = Foundation::RateLimiter.new(limit: 2, algorithm: :sliding_window, clock: @clock)
    limiter.acquire
    @clock.advance(400_000_000)
    limiter.acquire
    assert_equal [false, 600_000_000, 0], limiter.try_acquire.to_a
    assert_equal 1_000_000_000, limiter.try_acquire(2).retry_after
    @clock.advance(600_000_000)
    assert limiter.try_acquire.allowed?
    assert_raises(Foundation::ConfigurationError) { Foundation::RateLimiter.new(limit: 2, burst: 3, algorithm: 'sliding_window') }
  end

  def test_shared_by_name
    assert_equal 5, Foundation.rate_limit(name: 'one', limit: 1, period: 3600) { 5 }
    assert_raises(Foundation::RateLimitExceeded) { Foundation.rate_limit(name: 'one', limit: 1, period: 3600) { flunk } }
    assert_raises(Foundation::ConfigurationError) { Foundation::RateLimiter.new(limit: 1, wait: nil) }
  end
end

class ErrorBoundaryTest < Minitest::Test
  Recorder = Struct.new(:records) do
    def error(message, **fields)
      records << [message, fields]
    end
  end

  def setup
    @logger = Recorder.new([])
  end

  def test_a_value_passes
    assert_equal 3, Foundation.error_boundary(logger: @logger) { 3 }
    assert_empty @logger.records
  end

  def test_the_same_error_is_raised_again_and_recorded_once
    error = IOError.new('gone')
    assert_same error, assert_raises(IOError) { Foundation.error_boundary(name: 'load', context: { order: 7 }, logger: @logger) { raise error } }
    assert_equal [['error caught', { boundary: 'load', error: 'IOError', error_message: 'gone', context: { order: 7 } }]], @logger.records
  end

  def test_fallback
    assert_equal [], Foundation.error_boundary(reraise: false, fallback: [], log_errors: false) { raise 'x' }
    assert_nil Foundation.error_boundary(reraise: false, logger: @logger) { raise Foundation::NetworkError, 'x' }
    assert_equal 'NetworkError', @logger.records[0][1][:error]
    assert_match(/test_fallback/, @logger.records[0][1][:boundary])
  end

  def test_what_passes_through
    assert_raises(IOError) { Foundation.error_boundary(catch: [KeyError], reraise: false, logger: @logger) { raise IOError } }
    assert_raises(Foundation::CancelledError) { Foundation.error_boundary(reraise: false, logger: @logger) { raise Foundation::CancelledError } }
    assert_raises(Interrupt) { Foundation.error_boundary(reraise: false, logger: @logger) { raise Interrupt } }
    assert_empty @logger.records
  end

  def test_a_failing_logger_does_not_hide_the_error
    assert_raises(KeyError) { Foundation.error_boundary(logger: nil.instance_eval { Class.new { def error(*) = raise('broken') }.new }) { raise KeyError } }
    assert_raises(Foundation::ConfigurationError) { Foundation.error_boundary(reraise: 1) { 2 } }
  end
end
