package resilience

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"foundation/clock"
	ferrors "foundation/errors"
)

// CircuitState is the state of a circuit breaker.
type CircuitState uint8

const (
	// Closed lets every call through and counts consecutive failures.
	Closed CircuitState = iota
	// Open refuses every call until the recovery time-out has passed.
	Open
	// HalfOpen lets a few probes through, whose results close or open the circuit again.
	HalfOpen
)

// String is the spec's spelling.
func (s CircuitState) String() string {
	switch s {
	case Closed:
		return "closed"
	case Open:
		return "open"
	case HalfOpen:
		return "half_open"
	}
	return "unknown"
}

// The spec's defaults.
const (
	DefaultFailureThreshold = 5
	DefaultRecoveryTimeout  = time.Minute
	DefaultHalfOpenMaxCalls = 1
	DefaultSuccessThreshold = 1
)

// CircuitBreaker refuses calls to something that keeps failing. It trips on the FailureThreshold-th consecutive
// failure; once the recovery time-out has passed it admits HalfOpenMaxCalls probes at a time, and closes after
// SuccessThreshold successful ones. The result of a call that started in an earlier state is dropped: a slow success
// from before the trip never closes the circuit. It is safe for concurrent use and holds no lock while calling.
//
// sony/gobreaker is not used underneath, because it trips on the sixth failure by default, compares the time-out with a
// strict greater-than and reads the wall clock.
type CircuitBreaker struct {
	name             string
	failureThreshold int
	recoveryTimeout  time.Duration
	halfOpenMaxCalls int
	successThreshold int
	expected         []error
	excluded         []error
	clock            clock.Clock
	onStateChange    func(from, to CircuitState)

	mu         sync.Mutex
	state      CircuitState
	failures   int
	successes  int
	probes     int
	openedAt   time.Duration
	generation uint64
}

// CircuitBreakerOption configures NewCircuitBreaker.
type CircuitBreakerOption interface{ applyBreaker(*CircuitBreaker) }

type breakerOption func(*CircuitBreaker)

func (o breakerOption) applyBreaker(b *CircuitBreaker) { o(b) }

// WithFailureThreshold sets the number of consecutive failures that trips the breaker; from 1 to 10000, default 5.
func WithFailureThreshold(n int) CircuitBreakerOption {
	return breakerOption(func(b *CircuitBreaker) { b.failureThreshold = n })
}

// WithRecoveryTimeout sets how long the breaker stays open before it probes; from 0 to a day, default 60 s.
func WithRecoveryTimeout(d time.Duration) CircuitBreakerOption {
	return breakerOption(func(b *CircuitBreaker) { b.recoveryTimeout = d })
}

// WithHalfOpenMaxCalls sets how many probes may be in flight at once; from 1 to 1000, default 1.
func WithHalfOpenMaxCalls(n int) CircuitBreakerOption {
	return breakerOption(func(b *CircuitBreaker) { b.halfOpenMaxCalls = n })
}

// WithSuccessThreshold sets how many probes must succeed before the breaker closes; from 1 to 1000, default 1.
func WithSuccessThreshold(n int) CircuitBreakerOption {
	return breakerOption(func(b *CircuitBreaker) { b.successThreshold = n })
}

// WithExpected lists the errors that count as failures; the default is every error that is not excluded.
func WithExpected(errs ...error) CircuitBreakerOption {
	return breakerOption(func(b *CircuitBreaker) { b.expected = append([]error{}, errs...) })
}

// WithExcluded lists the errors that say nothing about the callee's health; the default is ErrAuthentication and
// ErrValidation. A cancellation never counts.
func WithExcluded(errs ...error) CircuitBreakerOption {
	return breakerOption(func(b *CircuitBreaker) { b.excluded = append([]error{}, errs...) })
}

// WithOnStateChange is told about each change of state, in order. It is called while the breaker is locked, so it must
// return quickly and must not use the breaker.
func WithOnStateChange(observe func(from, to CircuitState)) CircuitBreakerOption {
	return breakerOption(func(b *CircuitBreaker) { b.onStateChange = observe })
}

// NewCircuitBreaker returns a closed breaker. It panics with a *ConfigurationError when an option is out of its range,
// which is a mistake in the program and not a condition to handle.
func NewCircuitBreaker(name string, opts ...CircuitBreakerOption) *CircuitBreaker {
	b := &CircuitBreaker{
		name:             name,
		failureThreshold: DefaultFailureThreshold,
		recoveryTimeout:  DefaultRecoveryTimeout,
		halfOpenMaxCalls: DefaultHalfOpenMaxCalls,
		successThreshold: DefaultSuccessThreshold,
		excluded:         defaultNonRetryable,
		clock:            clock.System(),
	}
	for _, opt := range opts {
		opt.applyBreaker(b)
	}
	requireRange("failure_threshold", b.failureThreshold, 1, 10_000)
	requireRange("recovery_timeout", b.recoveryTimeout, 0, 24*time.Hour)
	requireRange("half_open_max_calls", b.halfOpenMaxCalls, 1, 1000)
	requireRange("success_threshold", b.successThreshold, 1, 1000)
	return b
}

func requireRange[T int | time.Duration](key string, value, low, high T) {
	if value < low || value > high {
		panic(ferrors.OutOfRange(key, value, low, high))
	}
}

// Name is the breaker's name.
func (b *CircuitBreaker) Name() string { return b.name }

// State is the breaker's state. It stays Open after the recovery time-out until a call makes the breaker probe.
func (b *CircuitBreaker) State() CircuitState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// Failures is the number of consecutive failures; an open or probing breaker keeps the number that tripped it.
func (b *CircuitBreaker) Failures() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures
}

// Reset closes the breaker and forgets its failures; results of calls that are in flight are dropped.
func (b *CircuitBreaker) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.enter(Closed)
}

// enter changes the state and starts a new generation, which makes the results of earlier calls void.
func (b *CircuitBreaker) enter(state CircuitState) {
	from := b.state
	b.state = state
	b.generation++
	b.successes, b.probes = 0, 0
	if state == Closed {
		b.failures = 0
	}
	if from != state && b.onStateChange != nil {
		b.onStateChange(from, state)
	}
}

// Permit is the admission of one call, for operations that are not one function. Every permit must be given back with
// End or Drop; only the first of them counts.
type Permit struct {
	breaker    *CircuitBreaker
	generation uint64
	ended      atomic.Bool
}

// Begin admits a call, or returns a *CircuitOpenError.
func (b *CircuitBreaker) Begin() (*Permit, error) {
	generation, err := b.admit()
	if err != nil {
		return nil, err
	}
	return &Permit{breaker: b, generation: generation}, nil
}

// End gives the permit back with the operation's outcome.
func (p *Permit) End(ctx context.Context, err error) { p.settle(p.breaker.judge(ctx, err)) }

// EndPanic gives the permit back after the operation panicked.
func (p *Permit) EndPanic() { p.settle(p.breaker.judgePanic()) }

// Drop gives the permit back without an outcome: nothing is learned about the callee.
func (p *Permit) Drop() { p.settle(ignored) }

func (p *Permit) settle(v verdict) {
	if p.ended.CompareAndSwap(false, true) {
		p.breaker.settle(p.generation, v)
	}
}

// admit returns the generation the call belongs to, or the refusal.
func (b *CircuitBreaker) admit() (uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == Open {
		elapsed := max(b.clock.Now()-b.openedAt, 0)
		if elapsed < b.recoveryTimeout {
			return 0, &ferrors.CircuitOpenError{Name: b.name, RetryAfter: b.recoveryTimeout - elapsed}
		}
		b.enter(HalfOpen)
	}
	if b.state == HalfOpen {
		if b.probes >= b.halfOpenMaxCalls {
			return 0, &ferrors.CircuitOpenError{Name: b.name}
		}
		b.probes++
	}
	return b.generation, nil
}

type verdict uint8

const (
	ignored verdict = iota
	success
	failure
)

func (b *CircuitBreaker) judge(ctx context.Context, err error) verdict {
	switch {
	case err == nil:
		return success
	case ferrors.IsCancellation(ctx, err), ferrors.MatchesAny(err, b.excluded):
		return ignored
	case b.expected == nil, ferrors.MatchesAny(err, b.expected):
		return failure
	}
	return ignored
}

// judgePanic is the verdict on a panic, an error that only ErrAny matches.
func (b *CircuitBreaker) judgePanic() verdict {
	if slices.Contains(b.excluded, ferrors.ErrAny) || (b.expected != nil && !slices.Contains(b.expected, ferrors.ErrAny)) {
		return ignored
	}
	return failure
}

func (b *CircuitBreaker) settle(generation uint64, v verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if generation != b.generation {
		return
	}
	if b.state == HalfOpen {
		b.probes--
		switch v {
		case success:
			b.successes++
			if b.successes == b.successThreshold {
				b.enter(Closed)
			}
		case failure:
			b.trip()
		}
		return
	}
	switch v {
	case success:
		b.failures = 0
	case failure:
		b.failures++
		if b.failures == b.failureThreshold {
			b.trip()
		}
	}
}

func (b *CircuitBreaker) trip() {
	b.openedAt = b.clock.Now()
	b.enter(Open)
}

// Call runs fn if the circuit admits it, and returns fn's own error; a refusal is a *CircuitOpenError. A panic in fn is
// judged as an error and goes on.
func (b *CircuitBreaker) Call(ctx context.Context, fn func(ctx context.Context) error) error {
	generation, err := b.admit()
	if err != nil {
		return err
	}
	panicked := true
	defer func() {
		if panicked {
			b.settle(generation, b.judgePanic())
		}
	}()
	err = fn(ctx)
	panicked = false
	b.settle(generation, b.judge(ctx, err))
	return err
}

// CallValue is Call for a function that returns a value; on failure the value is what fn returned with its error.
func CallValue[T any](ctx context.Context, b *CircuitBreaker, fn func(ctx context.Context) (T, error)) (T, error) {
	var value T
	err := b.Call(ctx, func(ctx context.Context) (err error) {
		value, err = fn(ctx)
		return err
	})
	return value, err
}
