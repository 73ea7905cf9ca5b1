package clock_test

import (
	"context"
	"math"
	"testing"
	"time"

	"foundation/clock"
)

func TestSystemClock(t *testing.T) {
	c := clock.System()
	start := c.Now()
	if err := c.Sleep(context.Background(), 5*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if elapsed := c.Now() - start; elapsed < 5*time.Millisecond {
		t.Fatalf("slept %v", elapsed)
	}
	if err := c.Sleep(context.Background(), 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := c.Sleep(ctx, time.Minute); err != context.DeadlineExceeded {
		t.Fatalf("expected the deadline, got %v", err)
	}
	if err := c.Sleep(ctx, 0); err != context.DeadlineExceeded {
		t.Fatalf("expected the deadline, got %v", err)
	}
}

func TestVirtualClock(t *testing.T) {
	v := clock.NewVirtual(time.Second)
	v.Advance(-time.Hour)
	if err := v.Sleep(context.Background(), 2*time.Second); err != nil || v.Now() != 3*time.Second {
		t.Fatalf("%v %v", err, v.Now())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := v.Sleep(ctx, time.Second); err != context.Canceled || len(v.Sleeps()) != 1 {
		t.Fatalf("%v %v", err, v.Sleeps())
	}
}

func TestRandom(t *testing.T) {
	sequence := clock.Sequence(1, 1<<53+2)
	for i, expected := range []uint64{1, 2, 1} {
		if k := sequence.Fraction(); k != expected {
			t.Fatalf("draw %d: expected %d, got %d", i, expected, k)
		}
	}
	if clock.Sequence().Fraction() != 0 {
		t.Fatal("an empty sequence yields zero")
	}
	high := uint64(0)
	for range 1000 {
		k := clock.SystemRandom().Fraction()
		if k >= 1<<clock.FractionBits {
			t.Fatalf("%d is no fraction", k)
		}
		high = max(high, k)
	}
	if high < 1<<52 {
		t.Fatal("a thousand draws all lie in the lower half")
	}
}

func TestSeconds(t *testing.T) {
	for seconds, expected := range map[float64]time.Duration{
		0.1: 100 * time.Millisecond, 1e-9: 1, 2.5e-9: 2, 3.5e-9: 4, 1e300: math.MaxInt64, -1e300: math.MinInt64, -1: -time.Second,
	} {
		if d := clock.FloatSeconds(seconds); d != expected {
			t.Fatalf("%v s: expected %d, got %d", seconds, expected, d)
		}
	}
	if clock.FloatSeconds(math.NaN()) != math.MinInt64 || clock.Seconds(math.MaxInt64) != math.MaxInt64 ||
		clock.Seconds(math.MinInt64) != math.MinInt64 || clock.Seconds(2) != 2*time.Second {
		t.Fatal("the ends of the range saturate")
	}
}
