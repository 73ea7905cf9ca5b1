package resilience

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"sync"
	"time"

	"foundation/clock"
	ferrors "foundation/errors"
)

// Algorithm says how a RateLimiter counts.
type Algorithm uint8

const (
	// TokenBucket admits bursts up to the burst size and refills continuously at limit per period. It is the default.
	TokenBucket Algorithm = iota
	// SlidingWindow admits at most limit permits in any window of one period.
	SlidingWindow
)

// String is the spec's spelling.
func (a Algorithm) String() string {
	if a == SlidingWindow {
		return "sliding_window"
	}
	return "token_bucket"
}

// Decision is the answer to a request for permits.
type Decision struct {
	Allowed bool
	// RetryAfter is the time until the same request would be admitted if nobody else asked; zero when Allowed.
	RetryAfter time.Duration
	// Remaining is the number of whole permits left.
	Remaining int
}

// RateLimiter admits a limited number of permits per period. All arithmetic is exact, in integers: a limiter of ten per
// second that is asked once every 100 ms never refuses, which limiters with floating point tokens (golang.org/x/time/rate
// among them) cannot promise. It is safe for concurrent use.
type RateLimiter struct {
	settings rateLimiterSettings

	mu sync.Mutex
	// level holds the tokens in units of 1/period tokens: one permit costs period (in nanoseconds), and each nanosecond
	// adds limit. With these units nothing is ever rounded.
	level   uint128
	updated time.Duration
	// admitted holds what the sliding window has let through, oldest first.
	admitted []admission
	inWindow int64
}

type rateLimiterSettings struct {
	limit, burst int
	period       time.Duration
	algorithm    Algorithm
	clock        clock.Clock
}

type admission struct {
	at time.Duration
	n  int64
}

// RateLimiterOption configures NewRateLimiter.
type RateLimiterOption interface{ applyLimiter(*rateLimiterSettings) }

type limiterOption func(*rateLimiterSettings)

func (o limiterOption) applyLimiter(s *rateLimiterSettings) { o(s) }

// WithBurst sets how many permits a token bucket holds; from 1 to 10^9, default the limit.
func WithBurst(n int) RateLimiterOption {
	return limiterOption(func(s *rateLimiterSettings) { s.burst = n })
}

// WithAlgorithm chooses TokenBucket or SlidingWindow.
func WithAlgorithm(a Algorithm) RateLimiterOption {
	return limiterOption(func(s *rateLimiterSettings) { s.algorithm = a })
}

const maxPermits = 1_000_000_000

// NewRateLimiter admits limit permits (from 1 to 10^9) per period (from 1 ms to a day) and starts full. It panics with a
// *ConfigurationError when a setting is out of its range, which is a mistake in the program and not a condition to handle.
func NewRateLimiter(limit int, period time.Duration, opts ...RateLimiterOption) *RateLimiter {
	s := rateLimiterSettings{limit: limit, period: period, burst: limit, clock: clock.System()}
	for _, opt := range opts {
		opt.applyLimiter(&s)
	}
	requireRange("limit", s.limit, 1, maxPermits)
	requireRange("period", s.period, time.Millisecond, 24*time.Hour)
	requireRange("burst", s.burst, 1, maxPermits)
	if s.algorithm == SlidingWindow && s.burst != s.limit {
		panic(ferrors.BadParameter("burst", fmt.Sprintf("burst is %d; a sliding window has no burst other than its limit, %d", s.burst, s.limit)))
	}
	l := &RateLimiter{settings: s, updated: s.clock.Now()}
	l.level = l.capacity()
	return l
}

func (l *RateLimiter) capacity() uint128 {
	return mul(uint64(l.settings.burst), uint64(l.settings.period))
}

// largest is the largest request that can ever be admitted.
func (l *RateLimiter) largest() int {
	if l.settings.algorithm == SlidingWindow {
		return l.settings.limit
	}
	return l.settings.burst
}

// Allow takes one permit if there is one.
func (l *RateLimiter) Allow() bool {
	decision, _ := l.AllowN(1)
	return decision.Allowed
}

// AllowN takes n permits if they are all there, and none otherwise. Asking for more than can ever be admitted, or for a
// negative number, is a *ValidationError; asking for none is always allowed.
func (l *RateLimiter) AllowN(n int) (Decision, error) {
	if n < 0 || n > l.largest() {
		return Decision{}, &ferrors.ValidationError{Message: fmt.Sprintf("n is %d; it must be from 0 to %d, the most this limiter admits at once", n, l.largest())}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := max(l.settings.clock.Now(), l.updated)
	if l.settings.algorithm == SlidingWindow {
		return l.slide(now, int64(n)), nil
	}
	return l.drip(now, n), nil
}

func (l *RateLimiter) drip(now time.Duration, n int) Decision {
	l.level = l.level.add(mul(uint64(now-l.updated), uint64(l.settings.limit)))
	if capacity := l.capacity(); capacity.less(l.level) {
		l.level = capacity
	}
	l.updated = now
	cost := mul(uint64(n), uint64(l.settings.period))
	if l.level.less(cost) {
		return Decision{
			RetryAfter: time.Duration(cost.sub(l.level).add(uint128{low: uint64(l.settings.limit) - 1}).div(uint64(l.settings.limit))),
			Remaining:  l.remaining(),
		}
	}
	l.level = l.level.sub(cost)
	return Decision{Allowed: true, Remaining: l.remaining()}
}

func (l *RateLimiter) remaining() int {
	return int(l.level.div(uint64(l.settings.period)))
}

func (l *RateLimiter) slide(now time.Duration, n int64) Decision {
	l.updated = now
	expired := 0
	for expired < len(l.admitted) && now-l.admitted[expired].at >= l.settings.period {
		l.inWindow -= l.admitted[expired].n
		expired++
	}
	l.admitted = l.admitted[expired:]
	limit := int64(l.settings.limit)
	excess := l.inWindow + n - limit
	if excess <= 0 {
		l.inWindow += n
		if last := len(l.admitted) - 1; last >= 0 && l.admitted[last].at == now {
			l.admitted[last].n += n
		} else if n > 0 {
			l.admitted = append(l.admitted, admission{now, n})
		}
		return Decision{Allowed: true, Remaining: int(limit - l.inWindow)}
	}
	var freed int64
	for _, past := range l.admitted {
		freed += past.n
		if freed >= excess {
			return Decision{RetryAfter: past.at + l.settings.period - now, Remaining: int(limit - l.inWindow)}
		}
	}
	panic("unreachable: the window holds at least the excess")
}

// Remaining is the number of whole permits that could be taken now.
func (l *RateLimiter) Remaining() int {
	decision, _ := l.AllowN(0)
	return decision.Remaining
}

// Acquire takes n permits or returns a *RateLimitExceeded that says when to come back.
func (l *RateLimiter) Acquire(n int) error {
	decision, err := l.AllowN(n)
	if err == nil && !decision.Allowed {
		return &ferrors.RateLimitExceeded{RetryAfter: decision.RetryAfter}
	}
	return err
}

// Wait takes n permits, sleeping until they are there. It returns a *CancelledError when ctx ends first; then nothing
// has been taken.
func (l *RateLimiter) Wait(ctx context.Context, n int) error {
	for {
		if err := ctx.Err(); err != nil {
			return &ferrors.CancelledError{Reason: err}
		}
		decision, err := l.AllowN(n)
		if err != nil || decision.Allowed {
			return err
		}
		if err := l.settings.clock.Sleep(ctx, decision.RetryAfter); err != nil {
			return &ferrors.CancelledError{Reason: err}
		}
	}
}

// uint128 is an unsigned 128-bit integer; tokens times nanoseconds do not fit into 64 bits.
type uint128 struct{ high, low uint64 }

func mul(a, b uint64) uint128 {
	high, low := bits.Mul64(a, b)
	return uint128{high, low}
}

func (a uint128) add(b uint128) uint128 {
	low, carry := bits.Add64(a.low, b.low, 0)
	high, _ := bits.Add64(a.high, b.high, carry)
	return uint128{high, low}
}

func (a uint128) sub(b uint128) uint128 {
	low, borrow := bits.Sub64(a.low, b.low, 0)
	high, _ := bits.Sub64(a.high, b.high, borrow)
	return uint128{high, low}
}

func (a uint128) less(b uint128) bool {
	return a.high < b.high || (a.high == b.high && a.low < b.low)
}

// div is the quotient rounded down, saturating at the largest duration.
func (a uint128) div(divisor uint64) int64 {
	if a.high >= divisor {
		return math.MaxInt64
	}
	quotient, _ := bits.Div64(a.high, a.low, divisor)
	return int64(min(quotient, math.MaxInt64))
}
