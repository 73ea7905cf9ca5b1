# frozen_string_literal: true

require 'foundation/error_classes'

module Foundation
  # A wish to stop that several threads can see. Pass one as `cancellation:`; call `cancel` from anywhere.
  class Cancellation
    def initialize
      @lock = Mutex.new
      @condition = ConditionVariable.new
      @cancelled = false
    end

    def cancel
      @lock.synchronize do
        @cancelled = true
        @condition.broadcast
      end
    end

    def cancelled?
      @cancelled
    end

    # Wait until cancelled, at most `nanoseconds`; true when it was cancelled.
    def wait(nanoseconds)
      deadline = ::Process.clock_gettime(::Process::CLOCK_MONOTONIC, :nanosecond) + nanoseconds
      @lock.synchronize do
        until @cancelled
          left = deadline - ::Process.clock_gettime(::Process::CLOCK_MONOTONIC, :nanosecond)
          break unless left.positive?

          @condition.wait(@lock, left / 1e9)
        end
        @cancelled
      end
    end
  end

  # The system's clocks. `now` is monotonic, `wall` counts from the Unix epoch; both in integer nanoseconds.
  class SystemClock
    def now
      ::Process.clock_gettime(::Process::CLOCK_MONOTONIC, :nanosecond)
    end

    def wall
      ::Process.clock_gettime(::Process::CLOCK_REALTIME, :nanosecond)
    end

    # Sleep for integer nanoseconds; a cancellation ends it with CancelledError.
    def sleep(nanoseconds, cancellation = nil)
      if cancellation
        raise CancelledError if cancellation.wait(nanoseconds)
      elsif nanoseconds.positive?
        Kernel.sleep(nanoseconds / 1e9)
      end
    end
  end

  SYSTEM_CLOCK = SystemClock.new.freeze

  # Draws k with 0 <= k < 2**53, the fraction k / 2**53.
  SYSTEM_RANDOM = -> { Random.rand(1 << 53) }
end
