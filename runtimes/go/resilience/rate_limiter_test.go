package resilience_test

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"foundation/clock"
	"foundation/errors"
	. "foundation/resilience"
)

// row is a request for n permits at a time in milliseconds.
type row struct {
	at, n int
	ok    bool
}

func TestTokenBucketVectors(t *testing.T) {
	cases := []struct {
		name         string
		limit, burst int
		rows         []row
	}{
		// The tables of golang.org/x/time/rate and of governor.
		{"burst 1", 10, 1, []row{{0, 1, true}, {0, 1, false}, {0, 1, false}, {100, 1, true}, {100, 1, false}, {100, 1, false}, {200, 1, true}, {200, 1, false}}},
		{"burst 3", 10, 3, []row{{0, 2, true}, {0, 2, false}, {0, 1, true}, {0, 1, false}, {200, 1, true}, {300, 1, true}, {400, 1, true}, {400, 1, true}, {400, 1, false}, {400, 1, false}, {900, 3, true}, {900, 0, true}}},
		{"two per second", 2, 2, []row{{0, 1, true}, {1, 1, true}, {2, 1, false}, {1002, 1, true}, {1003, 1, true}, {1004, 1, false}}},
		{"idle", 5, 5, []row{{0, 5, true}, {0, 1, false}, {2000, 5, true}, {2000, 1, false}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			virtual := clock.NewVirtual(0)
			l := NewRateLimiter(c.limit, time.Second, WithBurst(c.burst), WithClock(virtual))
			for i, row := range c.rows {
				virtual.Advance(time.Duration(row.at)*time.Millisecond - virtual.Now())
				decision, err := l.AllowN(row.n)
				if err != nil || decision.Allowed != row.ok {
					t.Fatalf("row %d: expected %v, got %+v %v", i, row.ok, decision, err)
				}
			}
		})
	}
}

func TestTokenBucketLosesNothingToRounding(t *testing.T) {
	virtual := clock.NewVirtual(0)
	l := NewRateLimiter(3, time.Second, WithBurst(1), WithClock(virtual))
	expectEqual(t, true, l.Allow())
	for range 1000 {
		decision, _ := l.AllowN(1)
		virtual.Advance(decision.RetryAfter)
		expectEqual(t, true, l.Allow())
	}
	// A thousand thirds of a second, each rounded up by itself to the nanosecond when asked early.
	if virtual.Now() < 333*time.Second || virtual.Now() > 334*time.Second {
		t.Fatalf("1000 permits at 3 per second took %v", virtual.Now())
	}
}

func TestSlidingWindow(t *testing.T) {
	virtual := clock.NewVirtual(0)
	l := NewRateLimiter(3, time.Second, WithAlgorithm(SlidingWindow), WithClock(virtual))
	expectEqual(t, nil, l.Acquire(1))
	virtual.Advance(400 * time.Millisecond)
	expectEqual(t, nil, l.Acquire(1))
	expectEqual(t, nil, l.Acquire(1))
	expectEqual(t, 0, l.Remaining())
	var exceeded *errors.RateLimitExceeded
	if err := l.Acquire(1); !errors.As(err, &exceeded) || exceeded.RetryAfter != 600*time.Millisecond {
		t.Fatalf("expected 600ms, got %v", err)
	}
	if err := l.Acquire(2); !errors.As(err, &exceeded) || exceeded.RetryAfter != time.Second {
		t.Fatalf("expected 1s, got %v", err)
	}
	virtual.Advance(600 * time.Millisecond)
	expectEqual(t, true, l.Allow())
	expectEqual(t, false, l.Allow())
	virtual.Advance(400 * time.Millisecond)
	expectEqual(t, 2, l.Remaining())
	expectEqual(t, "sliding_window token_bucket", SlidingWindow.String()+" "+TokenBucket.String())
}

func TestLimiterRefusesWhatItCanNeverAdmit(t *testing.T) {
	l := NewRateLimiter(2, time.Second)
	for _, n := range []int{-1, 3} {
		if err := l.Acquire(n); !errors.Is(err, errors.ErrValidation) {
			t.Fatalf("%d: expected a ValidationError, got %v", n, err)
		}
	}
	expectEqual(t, 2, l.Remaining())
}

func TestLimiterWaits(t *testing.T) {
	virtual := clock.NewVirtual(0)
	l := NewRateLimiter(1, time.Second, WithClock(virtual))
	expectEqual(t, nil, l.Wait(background, 1))
	expectEqual(t, nil, l.Wait(background, 1))
	expectEqual(t, seconds(1), virtual.Sleeps())

	ctx, cancel := context.WithCancel(background)
	virtual.OnSleep = func(time.Duration) { cancel() }
	if err := l.Wait(ctx, 1); !errors.Is(err, errors.ErrCancelled) {
		t.Fatalf("expected the cancellation, got %v", err)
	}
	if err := l.Wait(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Fatalf("expected the cancellation before the first try, got %v", err)
	}
}

func TestLimiterSaturatesRetryAfter(t *testing.T) {
	l := NewRateLimiter(1, 24*time.Hour, WithBurst(1_000_000_000), WithClock(clock.NewVirtual(0)))
	expectEqual(t, nil, l.Acquire(1_000_000_000))
	decision, err := l.AllowN(1_000_000_000)
	expectEqual(t, nil, err)
	expectEqual(t, time.Duration(math.MaxInt64), decision.RetryAfter)
}

func TestLimiterRejectsBadSettings(t *testing.T) {
	expectPanic(t, "limit", func() { NewRateLimiter(0, time.Second) })
	expectPanic(t, "period", func() { NewRateLimiter(1, time.Microsecond) })
	expectPanic(t, "burst", func() { NewRateLimiter(1, time.Second, WithBurst(0)) })
	expectPanic(t, "burst", func() { NewRateLimiter(1, time.Second, WithBurst(2), WithAlgorithm(SlidingWindow)) })
}

func TestLimiterUnderConcurrency(t *testing.T) {
	l := NewRateLimiter(100, time.Second, WithClock(clock.NewVirtual(0)))
	var admitted atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 50 {
				if l.Allow() {
					admitted.Add(1)
				}
			}
		}()
	}
	all.Wait()
	expectEqual(t, int64(100), admitted.Load())
}
