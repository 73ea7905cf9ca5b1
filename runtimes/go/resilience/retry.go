// Package resilience holds the patterns that keep a service standing when what it calls does not: retry with backoff,
// circuit breaker and rate limiting. All arithmetic is in integer nanoseconds; clock, sleep and randomness are injected.
//
// The retry loop is written here, not taken from a library, because the Go retry libraries differ from the shared
// semantics where it matters: sethvargo/go-retry counts retries instead of calls, cenkalti/backoff changed sides between
// v4 and v5 and applies jitter in floating point, avast/retry-go caps after additive jitter, and none of them takes a
// random source.
package resilience

import (
	"context"
	"errors"
	"math"
	"math/bits"
	"time"

	"foundation/clock"
	ferrors "foundation/errors"
)

// BackoffStrategy says how the delay grows from one failed call to the next.
type BackoffStrategy uint8

const (
	// Exponential doubles the delay after each failure: base, 2*base, 4*base... It is the default.
	Exponential BackoffStrategy = iota
	// Linear adds the base delay after each failure: base, 2*base, 3*base...
	Linear
	// Fixed keeps the base delay.
	Fixed
)

// String is the spec's spelling.
func (b BackoffStrategy) String() string {
	switch b {
	case Exponential:
		return "exponential"
	case Linear:
		return "linear"
	case Fixed:
		return "fixed"
	}
	return "unknown"
}

// JitterKind names a way to randomise a delay.
type JitterKind uint8

const (
	jitterDefault JitterKind = iota
	// JitterNone keeps the delay.
	JitterNone
	// JitterFull draws from [0, delay).
	JitterFull
	// JitterEqual draws from [delay/2, delay).
	JitterEqual
	// JitterSymmetric draws from [delay*(1-ratio), delay*(1+ratio)).
	JitterSymmetric
)

// Jitter randomises a delay after the cap, so that clients which failed together do not come back together. The zero
// Jitter is the spec's default, Symmetric(0.25).
type Jitter struct {
	kind  JitterKind
	ratio float64
}

var (
	// NoJitter keeps the computed delay.
	NoJitter = Jitter{kind: JitterNone}
	// FullJitter draws each delay from [0, delay).
	FullJitter = Jitter{kind: JitterFull}
	// EqualJitter keeps half of the delay and draws the other half.
	EqualJitter = Jitter{kind: JitterEqual}
)

const defaultJitterRatio = 0.25

// Symmetric draws each delay from [delay*(1-ratio), delay*(1+ratio)); ratio is from 0 to 1.
func Symmetric(ratio float64) Jitter { return Jitter{kind: JitterSymmetric, ratio: ratio} }

// Kind is the kind of jitter; the zero Jitter answers JitterSymmetric.
func (j Jitter) Kind() JitterKind {
	if j.kind == jitterDefault {
		return JitterSymmetric
	}
	return j.kind
}

// Ratio is the half width of symmetric jitter as a fraction of the delay.
func (j Jitter) Ratio() float64 {
	if j.kind == jitterDefault {
		return defaultJitterRatio
	}
	return j.ratio
}

// NoDelay is the BaseDelay or MaxDelay of a policy that does not wait; a plain zero in a RetryPolicy means the default.
const NoDelay time.Duration = -1

// The spec's defaults and ranges.
const (
	DefaultMaxAttempts = 3
	DefaultBaseDelay   = time.Second
	DefaultMaxDelay    = time.Minute

	maxMaxAttempts = 100
	maxBaseDelay   = 300 * time.Second
	maxMaxDelay    = 3600 * time.Second
)

// RetryPolicy says when to call again. Its zero value is the spec's default policy: 3 calls, 1 s doubling up to 60 s,
// symmetric jitter of 25 %, retrying ErrNetwork, ErrTimeout and ErrServiceUnavailable.
//
// An error is classified in this order; the first rule that applies decides:
//
//  1. a cancellation (ErrCancelled, context.Canceled, the caller's own deadline) and an open circuit are never retried;
//  2. an error that matches NonRetryable is not retried;
//  3. when Retryable or RetryIf is set, an error is retried if it matches one of the former or the latter says so;
//  4. an error that says about itself whether it is, with a method Retryable() bool, is believed;
//  5. an error is retried if it matches the default classes.
//
// Matching is [foundation/errors.Matches]: errors.Is, so that sentinels and classes both work, and the standard
// library's own network errors and time-outs count as what they are. A panic is never retried.
type RetryPolicy struct {
	// MaxAttempts counts all calls, the first one included; from 1 to 100, zero means 3.
	MaxAttempts int
	// BaseDelay is the delay after the first failure; up to 300 s, zero means 1 s, NoDelay means none.
	BaseDelay time.Duration
	// Backoff is how the delay grows.
	Backoff BackoffStrategy
	// MaxDelay caps the delay before jitter; up to one hour, zero means 60 s, NoDelay means no waiting at all.
	MaxDelay time.Duration
	// Jitter randomises the capped delay.
	Jitter Jitter
	// Retryable lists the errors to retry; nil means ErrNetwork, ErrTimeout and ErrServiceUnavailable.
	Retryable []error
	// NonRetryable lists the errors that end the retry at once; nil means ErrAuthentication and ErrValidation.
	NonRetryable []error
	// RetryIf decides for errors that are not in Retryable.
	RetryIf func(error) bool
	// OnRetry, when set, is told about each failed call that will be repeated, before the sleep.
	OnRetry func(Failure)
	// Clock tells time and sleeps; nil means clock.System().
	Clock clock.Clock
	// Random draws the jitter; nil means clock.SystemRandom().
	Random clock.Random
}

// Failure describes a failed call that will be repeated.
type Failure struct {
	// Attempt is the number of the failed call, from 1.
	Attempt int
	// Delay is the time until the next call.
	Delay time.Duration
	// Err is what the call returned.
	Err error
}

var (
	defaultRetryable    = []error{ferrors.ErrNetwork, ferrors.ErrTimeout, ferrors.ErrServiceUnavailable}
	defaultNonRetryable = []error{ferrors.ErrAuthentication, ferrors.ErrValidation}
)

// RetryOption changes one field of the policy that Retry follows.
type RetryOption interface{ applyRetry(*RetryPolicy) }

type retryOption func(*RetryPolicy)

func (o retryOption) applyRetry(p *RetryPolicy) { o(p) }

// WithPolicy starts from a whole policy; options after it change single fields.
func WithPolicy(policy RetryPolicy) RetryOption {
	return retryOption(func(p *RetryPolicy) { *p = policy })
}

// WithMaxAttempts sets the number of calls, the first one included; from 1 to 100.
func WithMaxAttempts(n int) RetryOption {
	return retryOption(func(p *RetryPolicy) {
		if n == 0 {
			n = math.MinInt // An explicit zero is out of range, it is not the field's "default".
		}
		p.MaxAttempts = n
	})
}

// WithBaseDelay sets the delay after the first failure; from 0 to 300 s.
func WithBaseDelay(d time.Duration) RetryOption {
	return retryOption(func(p *RetryPolicy) { p.BaseDelay = explicitDelay(d) })
}

// WithMaxDelay caps the delay before jitter; from 0 to one hour.
func WithMaxDelay(d time.Duration) RetryOption {
	return retryOption(func(p *RetryPolicy) { p.MaxDelay = explicitDelay(d) })
}

// explicitDelay keeps an option's zero (no delay) and its NoDelay (out of range) apart from the field's zero (default).
func explicitDelay(d time.Duration) time.Duration {
	if d == 0 {
		return NoDelay
	}
	if d == NoDelay {
		return math.MinInt64
	}
	return d
}

// WithBackoff sets how the delay grows.
func WithBackoff(b BackoffStrategy) RetryOption {
	return retryOption(func(p *RetryPolicy) { p.Backoff = b })
}

// WithJitter sets the jitter: NoJitter, FullJitter, EqualJitter or Symmetric(ratio).
func WithJitter(j Jitter) RetryOption { return retryOption(func(p *RetryPolicy) { p.Jitter = j }) }

// WithRetryable replaces the errors to retry. Without arguments no error is retried.
func WithRetryable(errs ...error) RetryOption {
	return retryOption(func(p *RetryPolicy) { p.Retryable = append([]error{}, errs...) })
}

// WithNonRetryable replaces the errors that end the retry at once.
func WithNonRetryable(errs ...error) RetryOption {
	return retryOption(func(p *RetryPolicy) { p.NonRetryable = append([]error{}, errs...) })
}

// WithRetryIf retries an error when retryIf says so; it is asked after the lists.
func WithRetryIf(retryIf func(error) bool) RetryOption {
	return retryOption(func(p *RetryPolicy) { p.RetryIf = retryIf })
}

// WithOnRetry is told about each failed call that will be repeated, before the sleep.
func WithOnRetry(observe func(Failure)) RetryOption {
	return retryOption(func(p *RetryPolicy) { p.OnRetry = observe })
}

// WithRandom injects the random source that the jitter draws from.
func WithRandom(r clock.Random) RetryOption {
	return retryOption(func(p *RetryPolicy) { p.Random = r })
}

// Validate reports the first field that is out of its range, as a *ConfigurationError.
func (p RetryPolicy) Validate() error {
	if p.MaxAttempts < 0 || p.MaxAttempts > maxMaxAttempts {
		return ferrors.OutOfRange("max_attempts", max(p.MaxAttempts, 0), 1, maxMaxAttempts)
	}
	if p.BaseDelay < NoDelay || p.BaseDelay > maxBaseDelay {
		return ferrors.OutOfRange("base_delay", p.BaseDelay, 0, maxBaseDelay)
	}
	if p.MaxDelay < NoDelay || p.MaxDelay > maxMaxDelay {
		return ferrors.OutOfRange("max_delay", p.MaxDelay, 0, maxMaxDelay)
	}
	if p.Backoff > Fixed {
		return ferrors.BadParameter("backoff_strategy", "backoff_strategy must be Exponential, Linear or Fixed")
	}
	if ratio := p.Jitter.Ratio(); !(ratio >= 0 && ratio <= 1) {
		return ferrors.OutOfRange("jitter.ratio", ratio, 0, 1)
	}
	return nil
}

func orDefault(d, fallback time.Duration) time.Duration {
	switch d {
	case 0:
		return fallback
	case NoDelay:
		return 0
	}
	return d
}

// Delay is the delay after the given failed call (counted from 1) when the random source yields numerator/2^53. It is
// exact: base delay grown by saturating integer arithmetic, capped, then jittered.
func (p RetryPolicy) Delay(attempt int, numerator uint64) time.Duration {
	return jittered(p.cappedDelay(attempt), p.Jitter, numerator)
}

func (p *RetryPolicy) cappedDelay(attempt int) time.Duration {
	base := orDefault(p.BaseDelay, DefaultBaseDelay)
	limit := orDefault(p.MaxDelay, DefaultMaxDelay)
	delay := base
	switch p.Backoff {
	case Exponential:
		for n := 1; n < attempt && delay < limit && delay > 0; n++ {
			if delay > math.MaxInt64/2 {
				return limit
			}
			delay *= 2
		}
	case Linear:
		high, low := bits.Mul64(uint64(base), uint64(attempt))
		if high != 0 || low > math.MaxInt64 {
			return limit
		}
		delay = time.Duration(low)
	}
	return min(delay, limit)
}

// scale is floor(d * numerator / 2^53), computed in 128 bits.
func scale(d time.Duration, numerator uint64) time.Duration {
	high, low := bits.Mul64(uint64(d), numerator)
	return time.Duration(high<<(64-clock.FractionBits) | low>>clock.FractionBits)
}

func jittered(delay time.Duration, jitter Jitter, numerator uint64) time.Duration {
	switch jitter.Kind() {
	case JitterFull:
		return scale(delay, numerator)
	case JitterEqual:
		half := delay / 2
		return half + scale(delay-half, numerator)
	case JitterSymmetric:
		// A capped delay is at most an hour, so the product with a million fits into 63 bits.
		width := delay * time.Duration(math.RoundToEven(jitter.Ratio()*1e6)) / 1e6
		return delay - width + scale(2*width, numerator)
	}
	return delay
}

// IsRetryable applies the classification rules of the type's documentation to an err that a call under ctx returned.
func (p RetryPolicy) IsRetryable(ctx context.Context, err error) bool { return p.isRetryable(ctx, err) }

func (p *RetryPolicy) isRetryable(ctx context.Context, err error) bool {
	if ferrors.IsCancellation(ctx, err) || errors.Is(err, ferrors.ErrCircuitOpen) {
		return false
	}
	nonRetryable := p.NonRetryable
	if nonRetryable == nil {
		nonRetryable = defaultNonRetryable
	}
	if ferrors.MatchesAny(err, nonRetryable) {
		return false
	}
	if p.Retryable != nil || p.RetryIf != nil {
		return ferrors.MatchesAny(err, p.Retryable) || (p.RetryIf != nil && p.RetryIf(err))
	}
	var self interface{ Retryable() bool }
	if errors.As(err, &self) {
		return self.Retryable()
	}
	return ferrors.MatchesAny(err, defaultRetryable)
}

// Retry calls fn until it succeeds, fails with an error that is not retryable (which is returned as it is), or has been
// called MaxAttempts times (then the error is a *MaxRetriesExceeded that wraps the last one). When ctx ends first, the
// error is a *CancelledError that wraps ctx's error and the last failure. An option out of its range is reported as a
// *ConfigurationError before the first call.
func Retry(ctx context.Context, fn func(ctx context.Context) error, opts ...RetryOption) error {
	var policy RetryPolicy
	for _, opt := range opts {
		opt.applyRetry(&policy)
	}
	return policy.run(ctx, fn)
}

// RetryValue is Retry for a function that returns a value; on failure the value is T's zero value.
func RetryValue[T any](ctx context.Context, fn func(ctx context.Context) (T, error), opts ...RetryOption) (T, error) {
	var value T
	err := Retry(ctx, func(ctx context.Context) (err error) {
		value, err = fn(ctx)
		return err
	}, opts...)
	if err != nil {
		var zero T
		return zero, err
	}
	return value, nil
}

// Do is Retry with this policy.
func (p RetryPolicy) Do(ctx context.Context, fn func(ctx context.Context) error) error {
	return p.run(ctx, fn)
}

func (p *RetryPolicy) run(ctx context.Context, fn func(ctx context.Context) error) error {
	if err := p.Validate(); err != nil {
		return err
	}
	maxAttempts := p.MaxAttempts
	if maxAttempts == 0 {
		maxAttempts = DefaultMaxAttempts
	}
	var last error
	for attempt := 1; ; attempt++ {
		if cancelled := ctx.Err(); cancelled != nil {
			return &ferrors.CancelledError{Reason: cancelled, Cause: last}
		}
		last = fn(ctx)
		if last == nil {
			return nil
		}
		if !p.isRetryable(ctx, last) {
			return last
		}
		if attempt == maxAttempts {
			return &ferrors.MaxRetriesExceeded{Attempts: attempt, Cause: last}
		}
		delay := p.nextDelay(attempt)
		if p.OnRetry != nil {
			p.OnRetry(Failure{Attempt: attempt, Delay: delay, Err: last})
		}
		sleeper := p.Clock
		if sleeper == nil {
			sleeper = clock.System()
		}
		if cancelled := sleeper.Sleep(ctx, delay); cancelled != nil {
			return &ferrors.CancelledError{Reason: cancelled, Cause: last}
		}
	}
}

func (p *RetryPolicy) nextDelay(attempt int) time.Duration {
	delay := p.cappedDelay(attempt)
	if p.Jitter.Kind() == JitterNone {
		return delay
	}
	random := p.Random
	if random == nil {
		random = clock.SystemRandom()
	}
	return jittered(delay, p.Jitter, random.Fraction())
}
