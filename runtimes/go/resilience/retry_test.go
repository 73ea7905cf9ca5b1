package resilience_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"reflect"
	"syscall"
	"testing"
	"time"

	"foundation/clock"
	"foundation/errors"
	. "foundation/resilience"
)

var background = context.Background()

// failing returns a function that fails with err for the first n calls, and a pointer to its call count.
func failing(n int, err error) (func(context.Context) error, *int) {
	calls := 0
	return func(context.Context) error {
		calls++
		if calls <= n {
			return err
		}
		return nil
	}, &calls
}

func seconds(values ...float64) []time.Duration {
	var out []time.Duration
	for _, v := range values {
		out = append(out, time.Duration(v*float64(time.Second)))
	}
	return out
}

func expectEqual(t *testing.T, expected, actual any) {
	t.Helper()
	if !reflect.DeepEqual(expected, actual) {
		t.Fatalf("expected %v, got %v", expected, actual)
	}
}

func TestRetrySleepsFollowTheStrategy(t *testing.T) {
	cases := []struct {
		name    string
		options []RetryOption
		sleeps  []time.Duration
	}{
		{"defaults", []RetryOption{WithJitter(NoJitter), WithMaxAttempts(5)}, seconds(1, 2, 4, 8)},
		{"capped", []RetryOption{WithJitter(NoJitter), WithMaxAttempts(6), WithMaxDelay(3 * time.Second)}, seconds(1, 2, 3, 3, 3)},
		{"linear", []RetryOption{WithJitter(NoJitter), WithMaxAttempts(4), WithBackoff(Linear)}, seconds(1, 2, 3)},
		{"fixed", []RetryOption{WithJitter(NoJitter), WithMaxAttempts(4), WithBackoff(Fixed)}, seconds(1, 1, 1)},
		{"no delay", []RetryOption{WithMaxAttempts(3), WithBaseDelay(0)}, seconds(0, 0)},
		{"no delay by cap", []RetryOption{WithMaxAttempts(3), WithMaxDelay(0)}, seconds(0, 0)},
		{"one attempt", []RetryOption{WithMaxAttempts(1)}, nil},
		{"policy", []RetryOption{WithPolicy(RetryPolicy{MaxAttempts: 2, Jitter: NoJitter, BaseDelay: 5 * time.Second})}, seconds(5)},
		{"symmetric low", []RetryOption{WithRandom(clock.Sequence(0))}, seconds(0.75, 1.5)},
		{"symmetric middle", []RetryOption{WithRandom(clock.Sequence(1 << 52))}, seconds(1, 2)},
		{"full", []RetryOption{WithJitter(FullJitter), WithRandom(clock.Sequence(1<<52, 1<<51))}, seconds(0.5, 0.5)},
		{"equal", []RetryOption{WithJitter(EqualJitter), WithRandom(clock.Sequence(0, 1<<52))}, seconds(0.5, 1.5)},
		{"symmetric one", []RetryOption{WithJitter(Symmetric(1)), WithRandom(clock.Sequence(0))}, seconds(0, 0)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			virtual := clock.NewVirtual(0)
			fn, calls := failing(1000, errors.ErrNetwork)
			err := Retry(background, fn, append(c.options, WithClock(virtual))...)
			var exceeded *errors.MaxRetriesExceeded
			if !errors.As(err, &exceeded) {
				t.Fatalf("expected MaxRetriesExceeded, got %v", err)
			}
			expectEqual(t, c.sleeps, virtual.Sleeps())
			expectEqual(t, *calls, exceeded.Attempts)
			expectEqual(t, len(c.sleeps)+1, exceeded.Attempts)
			if !errors.Is(err, errors.ErrNetwork) || !errors.Is(err, errors.ErrMaxRetriesExceeded) {
				t.Fatalf("%v must match both ErrMaxRetriesExceeded and its cause", err)
			}
		})
	}
}

func TestRetryDelaySaturates(t *testing.T) {
	policy := RetryPolicy{BaseDelay: 300 * time.Second, MaxDelay: time.Hour, Jitter: NoJitter}
	expectEqual(t, time.Hour, policy.Delay(100, 0))
	policy.Backoff = Linear
	expectEqual(t, time.Hour, policy.Delay(math.MaxInt, 0))
	expectEqual(t, 1250*time.Millisecond-1, RetryPolicy{}.Delay(1, 1<<53-1))
}

type selfAware struct{ retryable bool }

func (e selfAware) Error() string   { return "self-aware" }
func (e selfAware) Retryable() bool { return e.retryable }

func TestRetryClassifies(t *testing.T) {
	own := errors.New("own")
	cases := []struct {
		name      string
		err       error
		options   []RetryOption
		retryable bool
	}{
		{"network", &errors.NetworkError{Message: "refused"}, nil, true},
		{"time-out", fmt.Errorf("wrapped: %w", errors.ErrTimeout), nil, true},
		{"unavailable", errors.ErrServiceUnavailable, nil, true},
		{"authentication", errors.ErrAuthentication, nil, false},
		{"validation", errors.ErrValidation, nil, false},
		{"unknown", own, nil, false},
		{"own deadline", context.DeadlineExceeded, nil, true},
		{"refused", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, nil, true},
		{"unexpected end", io.ErrUnexpectedEOF, nil, true},
		{"cancelled", context.Canceled, []RetryOption{WithRetryable(context.Canceled)}, false},
		{"open circuit", &errors.CircuitOpenError{}, []RetryOption{WithRetryIf(func(error) bool { return true })}, false},
		{"configuration", errors.ErrConfiguration, nil, false},
		{"any", own, []RetryOption{WithRetryable(errors.ErrAny)}, true},
		{"any but validation", errors.ErrValidation, []RetryOption{WithRetryable(errors.ErrAny)}, false},
		{"root", errors.ErrProcess, []RetryOption{WithRetryable(errors.ErrFoundation)}, true},
		{"root refuses", own, []RetryOption{WithRetryable(errors.ErrFoundation)}, false},
		{"own listed", own, []RetryOption{WithRetryable(own)}, true},
		{"list replaces defaults", errors.ErrNetwork, []RetryOption{WithRetryable(own)}, false},
		{"empty list", errors.ErrNetwork, []RetryOption{WithRetryable()}, false},
		{"non-retryable wins", own, []RetryOption{WithRetryable(own), WithNonRetryable(own)}, false},
		{"emptied non-retryable", errors.ErrValidation, []RetryOption{WithRetryable(errors.ErrValidation), WithNonRetryable()}, true},
		{"predicate", own, []RetryOption{WithRetryIf(func(err error) bool { return err == own })}, true},
		{"predicate refuses", errors.ErrNetwork, []RetryOption{WithRetryIf(func(err error) bool { return err == own })}, false},
		{"says yes", selfAware{true}, nil, true},
		{"says no", fmt.Errorf("%w: %w", selfAware{false}, errors.ErrNetwork), nil, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fn, calls := failing(1, c.err)
			err := Retry(background, fn, append(c.options, WithClock(clock.NewVirtual(0)))...)
			if c.retryable {
				expectEqual(t, nil, err)
				expectEqual(t, 2, *calls)
			} else {
				expectEqual(t, c.err, err)
				expectEqual(t, 1, *calls)
			}
		})
	}
	if !(RetryPolicy{}).IsRetryable(background, errors.ErrNetwork) {
		t.Fatal("the zero policy retries network errors")
	}
}

func TestRetryReportsBadOptionsBeforeTheFirstCall(t *testing.T) {
	for key, option := range map[string]RetryOption{
		"max_attempts":     WithMaxAttempts(101),
		"base_delay":       WithBaseDelay(301 * time.Second),
		"max_delay":        WithMaxDelay(-1),
		"backoff_strategy": WithBackoff(9),
		"jitter.ratio":     WithJitter(Symmetric(math.NaN())),
	} {
		fn, calls := failing(0, nil)
		err := Retry(background, fn, option)
		var configuration *errors.ConfigurationError
		if !errors.As(err, &configuration) || configuration.Problems[0].Key != key {
			t.Fatalf("expected a ConfigurationError for %s, got %v", key, err)
		}
		expectEqual(t, 0, *calls)
	}
	if err := Retry(background, nil, WithMaxAttempts(0)); !errors.Is(err, errors.ErrConfiguration) {
		t.Fatalf("an explicit zero is out of range, got %v", err)
	}
}

func TestRetryStopsWhenTheContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(background)
	virtual := clock.NewVirtual(0)
	virtual.OnSleep = func(time.Duration) { cancel() }
	fn, calls := failing(10, errors.ErrNetwork)
	err := Retry(ctx, fn, WithClock(virtual))
	expectEqual(t, 1, *calls)
	for _, target := range []error{errors.ErrCancelled, context.Canceled, errors.ErrNetwork} {
		if !errors.Is(err, target) {
			t.Fatalf("%v must match %v", err, target)
		}
	}
	fn, calls = failing(0, nil)
	if err := Retry(ctx, fn); !errors.Is(err, context.Canceled) {
		t.Fatalf("a done context makes no call, got %v", err)
	}
	expectEqual(t, 0, *calls)

	ctx, cancel = context.WithCancel(background)
	err = Retry(ctx, func(context.Context) error { cancel(); return errors.ErrNetwork })
	if !errors.Is(err, errors.ErrCancelled) {
		t.Fatalf("a context that ends during a call ends the retry before the next one, got %v", err)
	}
	ctx, cancel = context.WithCancel(background)
	expectEqual(t, nil, Retry(ctx, func(context.Context) error { cancel(); return nil }))
}

func TestRetryInterruptsARealSleep(t *testing.T) {
	ctx, cancel := context.WithTimeout(background, 10*time.Millisecond)
	defer cancel()
	fn, calls := failing(10, errors.ErrNetwork)
	err := Retry(ctx, fn, WithBaseDelay(time.Minute))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("expected the deadline, got %v", err)
	}
	expectEqual(t, 1, *calls)
}

func TestRetryWallClockLowerBound(t *testing.T) {
	fn, calls := failing(2, errors.ErrNetwork)
	start := time.Now()
	if err := Retry(background, fn, WithBaseDelay(20*time.Millisecond), WithJitter(NoJitter)); err != nil {
		t.Fatal(err)
	}
	expectEqual(t, 3, *calls)
	if elapsed := time.Since(start); elapsed < 60*time.Millisecond {
		t.Fatalf("slept %v, expected at least 60ms", elapsed)
	}
}

func TestRetryValueReturnsTheValueOrZero(t *testing.T) {
	value, err := RetryValue(background, func(context.Context) (int, error) { return 7, nil })
	expectEqual(t, 7, value)
	expectEqual(t, nil, err)
	value, err = RetryValue(background, func(context.Context) (int, error) { return 7, errors.ErrValidation })
	expectEqual(t, 0, value)
	expectEqual(t, errors.ErrValidation, err)
}

func TestRetryTellsTheObserver(t *testing.T) {
	var seen []Failure
	fn, _ := failing(2, errors.ErrTimeout)
	err := Retry(background, fn, WithClock(clock.NewVirtual(0)), WithJitter(NoJitter), WithOnRetry(func(f Failure) { seen = append(seen, f) }))
	expectEqual(t, nil, err)
	expectEqual(t, []Failure{{1, time.Second, errors.ErrTimeout}, {2, 2 * time.Second, errors.ErrTimeout}}, seen)
	if err := (RetryPolicy{MaxAttempts: 1}).Do(background, fn); err != nil {
		t.Fatal(err)
	}
}

func TestRetryLetsAPanicThrough(t *testing.T) {
	calls := 0
	defer func() {
		expectEqual(t, "bug", recover())
		expectEqual(t, 1, calls)
	}()
	_ = Retry(background, func(context.Context) error { calls++; panic("bug") })
}

func TestStrategyNames(t *testing.T) {
	expectEqual(t, "exponential linear fixed unknown", fmt.Sprint(Exponential, " ", Linear, " ", Fixed, " ", BackoffStrategy(9)))
	expectEqual(t, JitterSymmetric, Jitter{}.Kind())
	expectEqual(t, 0.25, Jitter{}.Ratio())
}
