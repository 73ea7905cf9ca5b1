package resilience

import (
	"foundation/clock"
)

// ClockOption injects the clock; every pattern of this package takes it.
type ClockOption struct{ clock clock.Clock }

// WithClock injects the clock that tells time and sleeps. The default is clock.System().
func WithClock(c clock.Clock) ClockOption { return ClockOption{c} }

func (o ClockOption) applyRetry(p *RetryPolicy)           { p.Clock = o.clock }
func (o ClockOption) applyBreaker(b *CircuitBreaker)      { b.clock = o.clock }
func (o ClockOption) applyLimiter(s *rateLimiterSettings) { s.clock = o.clock }
