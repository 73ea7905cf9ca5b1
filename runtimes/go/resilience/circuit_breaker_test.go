package resilience_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"foundation/clock"
	"foundation/errors"
	. "foundation/resilience"
)

func call(b *CircuitBreaker, err error) error {
	return b.Call(background, func(context.Context) error { return err })
}

func TestBreakerTripsProbesAndCloses(t *testing.T) {
	virtual := clock.NewVirtual(0)
	var changes []string
	b := NewCircuitBreaker("db", WithClock(virtual), WithFailureThreshold(2), WithRecoveryTimeout(10*time.Second),
		WithSuccessThreshold(2), WithOnStateChange(func(from, to CircuitState) { changes = append(changes, fmt.Sprint(from, ">", to)) }))
	expectEqual(t, "db", b.Name())
	expectEqual(t, errors.ErrNetwork, call(b, errors.ErrNetwork))
	expectEqual(t, nil, call(b, nil)) // A success starts the count again.
	_ = call(b, errors.ErrNetwork)
	expectEqual(t, errors.ErrTimeout, call(b, errors.ErrTimeout)) // The tripping call keeps its own error.
	expectEqual(t, Open, b.State())
	expectEqual(t, 2, b.Failures())

	virtual.Advance(10*time.Second - 1)
	var open *errors.CircuitOpenError
	if err := call(b, nil); !errors.As(err, &open) || open.RetryAfter != 1 || open.Name != "db" {
		t.Fatalf("expected a refusal for 1ns, got %v", err)
	}
	virtual.Advance(1)
	expectEqual(t, Open, b.State()) // It probes on the next call, not by itself.
	expectEqual(t, nil, call(b, nil))
	expectEqual(t, HalfOpen, b.State())
	expectEqual(t, nil, call(b, nil))
	expectEqual(t, Closed, b.State())
	expectEqual(t, []string{"closed>open", "open>half_open", "half_open>closed"}, changes)
	expectEqual(t, "unknown", CircuitState(9).String())
}

func TestBreakerProbeLimitAndLateResults(t *testing.T) {
	virtual := clock.NewVirtual(0)
	b := NewCircuitBreaker("b", WithClock(virtual), WithFailureThreshold(1), WithRecoveryTimeout(0))
	early, err := b.Begin()
	expectEqual(t, nil, err)
	_ = call(b, errors.ErrNetwork)
	expectEqual(t, Open, b.State())
	early.End(background, nil) // Started before the trip: it must not close the circuit.
	expectEqual(t, Open, b.State())

	probe, err := b.Begin()
	expectEqual(t, nil, err)
	if _, err := b.Begin(); !errors.Is(err, errors.ErrCircuitOpen) {
		t.Fatalf("a second probe must be refused, got %v", err)
	}
	probe.Drop()
	probe.End(background, nil) // Ended twice counts once.
	expectEqual(t, HalfOpen, b.State())
	probe, err = b.Begin()
	expectEqual(t, nil, err)
	probe.EndPanic()
	expectEqual(t, Open, b.State())
	b.Reset()
	expectEqual(t, Closed, b.State())
	expectEqual(t, 0, b.Failures())
}

func TestBreakerJudges(t *testing.T) {
	own := errors.New("own")
	cancelled, cancel := context.WithCancel(background)
	cancel()
	cases := []struct {
		name    string
		options []CircuitBreakerOption
		ctx     context.Context
		err     error
		counts  bool
	}{
		{"any error", nil, background, own, true},
		{"excluded by default", nil, background, errors.ErrValidation, false},
		{"nothing excluded", []CircuitBreakerOption{WithExcluded()}, background, errors.ErrValidation, true},
		{"expected", []CircuitBreakerOption{WithExpected(errors.ErrNetwork)}, background, errors.ErrNetwork, true},
		{"not expected", []CircuitBreakerOption{WithExpected(errors.ErrNetwork)}, background, own, false},
		{"cancelled", nil, background, context.Canceled, false},
		{"the caller's deadline", nil, cancelled, context.DeadlineExceeded, false},
		{"another deadline", nil, background, context.DeadlineExceeded, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := NewCircuitBreaker("b", append(c.options, WithFailureThreshold(1))...)
			_ = b.Call(c.ctx, func(context.Context) error { return c.err })
			expectEqual(t, c.counts, b.State() == Open)
		})
	}
}

func TestBreakerCountsAPanic(t *testing.T) {
	for _, c := range []struct {
		option CircuitBreakerOption
		state  CircuitState
	}{
		{WithFailureThreshold(1), Open},
		{WithExpected(errors.ErrNetwork), Closed},
		{WithExpected(errors.ErrAny), Open},
		{WithExcluded(errors.ErrAny), Closed},
	} {
		b := NewCircuitBreaker("b", WithFailureThreshold(1), c.option)
		func() {
			defer func() { expectEqual(t, "bug", recover()) }()
			_ = b.Call(background, func(context.Context) error { panic("bug") })
		}()
		expectEqual(t, c.state, b.State())
	}
}

func TestBreakerAdmitsOneProbeAmongManyCallers(t *testing.T) {
	b := NewCircuitBreaker("b", WithFailureThreshold(1), WithRecoveryTimeout(0), WithHalfOpenMaxCalls(3))
	_ = call(b, errors.ErrNetwork)
	var admitted atomic.Int64
	release := make(chan struct{})
	var refused, all sync.WaitGroup
	refused.Add(17)
	for range 20 {
		all.Add(1)
		go func() {
			defer all.Done()
			err := b.Call(background, func(context.Context) error { admitted.Add(1); <-release; return nil })
			if errors.Is(err, errors.ErrCircuitOpen) {
				refused.Done()
			}
		}()
	}
	refused.Wait()
	close(release)
	all.Wait()
	expectEqual(t, int64(3), admitted.Load())
	expectEqual(t, Closed, b.State())
}

func TestBreakerRejectsBadSettings(t *testing.T) {
	for key, option := range map[string]CircuitBreakerOption{
		"failure_threshold":   WithFailureThreshold(0),
		"recovery_timeout":    WithRecoveryTimeout(-1),
		"half_open_max_calls": WithHalfOpenMaxCalls(1001),
		"success_threshold":   WithSuccessThreshold(0),
	} {
		expectPanic(t, key, func() { NewCircuitBreaker("b", option) })
	}
}

func expectPanic(t *testing.T, key string, fn func()) {
	t.Helper()
	defer func() {
		t.Helper()
		err, ok := recover().(*errors.ConfigurationError)
		if !ok || err.Problems[0].Key != key {
			t.Fatalf("expected a panic for %s, got %v", key, err)
		}
	}()
	fn()
}

func TestCallValue(t *testing.T) {
	b := NewCircuitBreaker("b")
	value, err := CallValue(background, b, func(context.Context) (string, error) { return "v", nil })
	expectEqual(t, "v", value)
	expectEqual(t, nil, err)
}

func TestRetryDoesNotRetryAnOpenCircuit(t *testing.T) {
	b := NewCircuitBreaker("b", WithFailureThreshold(2))
	virtual := clock.NewVirtual(0)
	err := Retry(background, func(ctx context.Context) error { return call(b, errors.ErrNetwork) },
		WithMaxAttempts(5), WithClock(virtual), WithJitter(NoJitter))
	if !errors.Is(err, errors.ErrCircuitOpen) {
		t.Fatalf("expected the refusal, got %v", err)
	}
	expectEqual(t, seconds(1, 2), virtual.Sleeps())
}
