# frozen_string_literal: true

require 'foundation/clock'

module Foundation
  # A clock that moves only when it is told to, for tests of code that retries, limits and breaks circuits.
  class VirtualClock
    attr_reader :now, :wall, :sleeps

    # `cancel_at` is the virtual time at which the wish to stop comes, or nil. `trace` is called with each sleep.
    def initialize(wall: 0, cancel_at: nil, trace: nil)
      @now = 0
      @wall = wall
      @cancel_at = cancel_at
      @trace = trace
      @sleeps = []
    end

    def advance(nanoseconds)
      @now += nanoseconds
    end

    # The clock is its own cancellation: it is time that cancels.
    def cancelled?
      !@cancel_at.nil? && @now >= @cancel_at
    end

    def sleep(nanoseconds, _cancellation = nil)
      @sleeps << nanoseconds
      @trace&.call(@now, nanoseconds)
      if @cancel_at && @now + nanoseconds >= @cancel_at && (@now + nanoseconds > @cancel_at || cancelled?)
        @now = [@now, @cancel_at].max
        raise CancelledError
      end
      @now += nanoseconds
    end
  end

  # Draws from a list, and says when the list is too short.
  class ScriptedRandom
    def initialize(draws)
      @draws = draws.dup
    end

    def call
      @draws.shift || raise(IndexError, 'more draws than the test provides')
    end
  end
end
