// Package clock holds the three things that make time-dependent code testable: a monotonic clock, a sleep that a context
// can interrupt, and a random source that yields exact fractions. Every pattern takes them as options.
package clock

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// Clock tells monotonic time and sleeps.
type Clock interface {
	// Now is the time since an arbitrary fixed origin; it never goes back.
	Now() time.Duration
	// Sleep waits for d, or returns ctx.Err() as soon as ctx is done. A d of zero or less returns at once.
	Sleep(ctx context.Context, d time.Duration) error
}

// Random yields the numerators k of uniform fractions k/2^53 with 0 <= k < 2^53. Fractions of 53 bits are exact in
// every language, so that an injected sequence gives the same nanosecond everywhere.
type Random interface {
	Fraction() uint64
}

// FractionBits is the number of bits in a Random's fraction.
const FractionBits = 53

// Seconds is a whole number of seconds as a duration, saturating.
func Seconds(seconds int64) time.Duration {
	if seconds > math.MaxInt64/int64(time.Second) {
		return math.MaxInt64
	}
	if seconds < math.MinInt64/int64(time.Second) {
		return math.MinInt64
	}
	return time.Duration(seconds) * time.Second
}

// FloatSeconds is a number of seconds as a duration: one multiplication in float64, rounded half to even, so that every
// language gives the same nanosecond. It saturates; NaN becomes the most negative duration, which no range admits.
func FloatSeconds(seconds float64) time.Duration {
	switch nanoseconds := math.RoundToEven(seconds * 1e9); {
	case nanoseconds >= math.MaxInt64:
		return math.MaxInt64
	case nanoseconds > math.MinInt64:
		return time.Duration(nanoseconds)
	}
	return math.MinInt64
}

type systemClock struct{ origin time.Time }

var system = &systemClock{origin: time.Now()}

// System is the process's monotonic clock.
func System() Clock { return system }

func (c *systemClock) Now() time.Duration { return time.Since(c.origin) }

func (c *systemClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type systemRandom struct{}

// SystemRandom draws from the runtime's random generator, which is seeded per process and safe for concurrent use.
func SystemRandom() Random { return systemRandom{} }

func (systemRandom) Fraction() uint64 { return rand.Uint64() >> (64 - FractionBits) }

// Sequence is a Random that yields the given numerators in order and starts again after the last; an empty sequence
// yields zero for ever.
func Sequence(numerators ...uint64) Random { return &sequence{numerators: numerators} }

type sequence struct {
	mu         sync.Mutex
	numerators []uint64
	next       int
}

func (s *sequence) Fraction() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.numerators) == 0 {
		return 0
	}
	k := s.numerators[s.next%len(s.numerators)] & (1<<FractionBits - 1)
	s.next++
	return k
}

// Virtual is a Clock that moves only when told to: Sleep advances it by exactly the requested time and records the
// request, Advance moves it by hand.
type Virtual struct {
	mu     sync.Mutex
	now    time.Duration
	sleeps []time.Duration
	// OnSleep, when set, is called with every requested sleep before the clock moves.
	OnSleep func(d time.Duration)
}

// NewVirtual returns a clock that stands at start.
func NewVirtual(start time.Duration) *Virtual { return &Virtual{now: start} }

// Now implements Clock.
func (v *Virtual) Now() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// Sleep implements Clock; it returns at once.
func (v *Virtual) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if v.OnSleep != nil {
		v.OnSleep(d)
	}
	v.mu.Lock()
	v.sleeps = append(v.sleeps, d)
	if d > 0 {
		v.now += d
	}
	v.mu.Unlock()
	return ctx.Err()
}

// Advance moves the clock by d; a negative d is ignored, because the clock is monotonic.
func (v *Virtual) Advance(d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if d > 0 {
		v.now += d
	}
}

// Sleeps is a copy of the sleeps requested so far.
func (v *Virtual) Sleeps() []time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]time.Duration(nil), v.sleeps...)
}
