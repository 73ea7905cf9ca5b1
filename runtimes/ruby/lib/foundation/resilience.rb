# frozen_string_literal: true

require 'foundation/retry'
require 'foundation/circuit_breaker'
require 'foundation/rate_limiter'
