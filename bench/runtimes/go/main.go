// Measures the Go runtime beside native libraries in the same run, and prints a table with the ratios.
//
//	go run . [-rounds 5]
//
// Each figure is the best of the rounds, which alternate between the libraries so that all see the same machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"time"

	"foundation/clock"
	ferrors "foundation/errors"
	"foundation/logging"
	"foundation/resilience"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// contender is one implementation of a task.
type contender struct {
	name string
	run  func(n int)
}

var ctx = context.Background()

var sink int

//go:noinline
func succeed() error { sink++; return nil }

func retries() []contender {
	succeeding := func(context.Context) error { return succeed() }
	policy := resilience.RetryPolicy{}
	return []contender{
		{"plain call (floor)", func(n int) {
			for range n {
				_ = succeed()
			}
		}},
		{"foundation policy.Do", func(n int) {
			for range n {
				_ = policy.Do(ctx, succeeding)
			}
		}},
		{"foundation Retry with options", func(n int) {
			for range n {
				_ = resilience.Retry(ctx, succeeding, resilience.WithMaxAttempts(3), resilience.WithBaseDelay(time.Millisecond))
			}
		}},
		{"cenkalti/backoff v5 (baseline)", func(n int) {
			for range n {
				_, _ = backoff.Retry(ctx, func() (int, error) { return 0, succeed() }, backoff.WithMaxTries(3))
			}
		}},
	}
}

// instant is a clock whose sleep does not wait, as the zero backoff of the baseline.
type instant struct{ clock.Clock }

func (instant) Sleep(context.Context, time.Duration) error { return nil }

var errRefused = errors.New("refused")

func failures() []contender {
	refused := &ferrors.NetworkError{Message: "refused"}
	policy := resilience.RetryPolicy{MaxAttempts: 3, BaseDelay: resilience.NoDelay, Jitter: resilience.NoJitter, Clock: instant{clock.System()}}
	return []contender{
		{"foundation, 3 failing calls", func(n int) {
			for range n {
				_ = policy.Do(ctx, func(context.Context) error { return refused })
			}
		}},
		{"cenkalti/backoff v5 (baseline)", func(n int) {
			for range n {
				_, _ = backoff.Retry(ctx, func() (int, error) { return 0, errRefused }, backoff.WithMaxTries(3), backoff.WithBackOff(&backoff.ZeroBackOff{}))
			}
		}},
	}
}

func loggers() []contender {
	ours := logging.New("shop.orders", logging.WithWriter(io.Discard))
	bound := ours.Bind("service", "shop", "region", "eu")
	std := slog.New(slog.NewJSONHandler(io.Discard, nil)).With("logger", "shop.orders")
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	z := zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(io.Discard)), zap.InfoLevel)).Named("shop.orders")
	sugar := z.Sugar()
	return []contender{
		{"foundation, 4 fields", func(n int) {
			for i := range n {
				ours.Info("order placed", "order_id", i, "customer", "c-42", "total", 12.5, "paid", true)
			}
		}},
		{"foundation, 4 fields and 2 bound", func(n int) {
			for i := range n {
				bound.Info("order placed", "order_id", i, "customer", "c-42", "total", 12.5, "paid", true)
			}
		}},
		{"log/slog JSON (baseline)", func(n int) {
			for i := range n {
				std.Info("order placed", "order_id", i, "customer", "c-42", "total", 12.5, "paid", true)
			}
		}},
		{"zap sugared", func(n int) {
			for i := range n {
				sugar.Infow("order placed", "order_id", i, "customer", "c-42", "total", 12.5, "paid", true)
			}
		}},
		{"zap typed", func(n int) {
			for i := range n {
				z.Info("order placed", zap.Int("order_id", i), zap.String("customer", "c-42"), zap.Float64("total", 12.5), zap.Bool("paid", true))
			}
		}},
	}
}

// threaded runs each contender in eight goroutines.
func threaded(contenders []contender) []contender {
	var out []contender
	for _, c := range contenders {
		out = append(out, contender{c.name, func(n int) {
			var all sync.WaitGroup
			for range 8 {
				all.Add(1)
				go func() { defer all.Done(); c.run(n / 8) }()
			}
			all.Wait()
		}})
	}
	return out
}

func table(title string, rounds, n int, contenders []contender, perSecond bool) {
	best := make([]time.Duration, len(contenders))
	for range rounds {
		for i, c := range contenders {
			start := time.Now()
			c.run(n)
			if took := time.Since(start); best[i] == 0 || took < best[i] {
				best[i] = took
			}
		}
	}
	baseline := best[len(best)-1]
	for i, c := range contenders {
		if len(c.name) > 10 && c.name[len(c.name)-10:] == "(baseline)" {
			baseline = best[i]
		}
	}
	fmt.Printf("\n%s (%d calls, best of %d)\n", title, n, rounds)
	for i, c := range contenders {
		per := float64(best[i].Nanoseconds()) / float64(n)
		line := fmt.Sprintf("  %-36s %10.1f ns  %6.2fx the baseline's time", c.name, per, float64(best[i])/float64(baseline))
		if perSecond {
			line += fmt.Sprintf("  %12.0f records/s", 1e9/per)
		}
		fmt.Println(line)
	}
}

// memory prints what a record costs in bytes and allocations, and what a logger keeps.
func memory(contenders []contender) {
	fmt.Printf("\nlogger memory\n")
	for _, c := range contenders {
		result := testing.Benchmark(func(b *testing.B) { b.ReportAllocs(); c.run(b.N) })
		fmt.Printf("  %-36s %6d B/record  %3d allocations/record\n", c.name, result.AllocedBytesPerOp(), result.AllocsPerOp())
	}
	heap := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	measure := func(make func(i int) any) float64 {
		const count = 10_000
		kept := [count]any{}
		before := heap()
		for i := range kept {
			kept[i] = make(i)
		}
		after := heap()
		runtime.KeepAlive(kept)
		return float64(after-before) / count
	}
	base := logging.New("shop", logging.WithWriter(io.Discard))
	std := slog.New(slog.NewJSONHandler(io.Discard, nil)).With("logger", "shop")
	ours := measure(func(i int) any { return base.Bind("request", i, "user", "u") })
	theirs := measure(func(i int) any { return std.With("request", i, "user", "u") })
	fmt.Printf("  a bound logger keeps: foundation %.0f B, log/slog %.0f B, %.2fx\n", ours, theirs, ours/theirs)
}

func main() {
	testing.Init()
	rounds := flag.Int("rounds", 5, "rounds of each measurement")
	flag.Parse()
	fmt.Println(runtime.Version(), "with", runtime.GOMAXPROCS(0), "processors")
	table("retry, the call succeeds", *rounds, 500_000, retries(), false)
	table("retry, three calls fail without delay", *rounds, 100_000, failures(), false)
	table("logging to a discarded writer, one thread", *rounds, 200_000, loggers(), true)
	table("logging, eight threads", *rounds, 200_000, threaded(loggers()), true)
	memory(loggers())
}
