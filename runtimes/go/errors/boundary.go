package errors

import (
	"context"
	"fmt"
	"maps"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"

	"foundation/internal/record"
)

// Logger is what a boundary reports to; *logging.Logger is one.
type Logger interface {
	Error(message string, args ...any)
}

// PanicError is the error that a recovered panic becomes.
type PanicError struct {
	// Value is what was passed to panic.
	Value any
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the panic's value when it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

type boundary struct {
	catch     []error
	reraise   bool
	logErrors bool
	context   map[string]any
	name      string
	logger    Logger
}

// BoundaryOption configures Boundary.
type BoundaryOption func(*boundary)

// WithCatch lists the errors that the boundary catches; the default is every error. A cancellation is never caught.
func WithCatch(errs ...error) BoundaryOption {
	return func(b *boundary) { b.catch = append([]error{}, errs...) }
}

// WithReraise says whether a caught error is returned after it was recorded; it is by default.
func WithReraise(reraise bool) BoundaryOption { return func(b *boundary) { b.reraise = reraise } }

// WithLogErrors says whether a caught error is recorded; it is by default.
func WithLogErrors(logErrors bool) BoundaryOption {
	return func(b *boundary) { b.logErrors = logErrors }
}

// WithContext adds a field to the record's context.
func WithContext(key string, value any) BoundaryOption {
	return func(b *boundary) { b.context[key] = value }
}

// WithContextMap adds the fields of a mapping, which is copied, to the record's context.
func WithContextMap(fields map[string]any) BoundaryOption {
	return func(b *boundary) { maps.Copy(b.context, fields) }
}

// WithName names the boundary in its record; the default is the name of the calling function.
func WithName(name string) BoundaryOption { return func(b *boundary) { b.name = name } }

// WithLogger sends the record to logger; the default writes a line of JSON to standard error.
func WithLogger(logger Logger) BoundaryOption { return func(b *boundary) { b.logger = logger } }

// Boundary calls fn. An error that it catches, a panic included, is recorded once and then returned as it is (a panic
// goes on), or swallowed with WithReraise(false). A cancellation passes unchanged and unrecorded.
func Boundary(ctx context.Context, fn func(ctx context.Context) error, opts ...BoundaryOption) error {
	_, err := run(ctx, struct{}{}, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) }, opts)
	return err
}

// BoundaryValue is Boundary for a function that returns a value. With WithReraise(false) a caught error gives fallback
// and a nil error; an error that comes out comes with T's zero value.
func BoundaryValue[T any](ctx context.Context, fallback T, fn func(ctx context.Context) (T, error), opts ...BoundaryOption) (T, error) {
	return run(ctx, fallback, fn, opts)
}

func run[T any](ctx context.Context, fallback T, fn func(ctx context.Context) (T, error), opts []BoundaryOption) (value T, err error) {
	b := boundary{reraise: true, logErrors: true, context: map[string]any{}}
	for _, opt := range opts {
		opt(&b)
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		// A panic is recovered only if it will not go on, so that its own stack is the one that is shown; a
		// runtime.Goexit shows as a nil panic and is left alone.
		recovered := recover()
		if recovered == nil {
			return
		}
		caught := &PanicError{Value: recovered}
		if b.catches(ctx, caught) {
			b.record(caught)
			if !b.reraise {
				value, err = fallback, nil
				return
			}
		}
		panic(recovered)
	}()
	value, err = fn(ctx)
	returned = true
	if err == nil {
		return value, nil
	}
	var zero T
	if !b.catches(ctx, err) {
		return zero, err
	}
	b.record(err)
	if b.reraise {
		return zero, err
	}
	return fallback, nil
}

func (b *boundary) catches(ctx context.Context, err error) bool {
	return !IsCancellation(ctx, err) && (b.catch == nil || MatchesAny(err, b.catch))
}

func (b *boundary) record(err error) {
	if !b.logErrors {
		return
	}
	name := b.name
	if name == "" {
		name = callerName()
	}
	args := []any{"boundary", name, "error", ClassName(err), "error_message", err.Error()}
	if len(b.context) > 0 {
		args = append(args, "context", b.context)
	}
	logger := b.logger
	if logger == nil {
		logger = standardError{}
	}
	defer func() { _ = recover() }() // A failing logger must not replace the error.
	logger.Error("error caught", args...)
}

// callerName is the name of the function that called Boundary or BoundaryValue.
func callerName() string {
	var counters [16]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(2, counters[:])])
	own := reflect.TypeOf(boundary{}).PkgPath() + "."
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, own) && !strings.HasPrefix(frame.Function, "runtime.") {
			return frame.Function[strings.LastIndexByte(frame.Function, '/')+1:]
		}
		if !more {
			return ""
		}
	}
}

var standardErrorLock sync.Mutex

// standardError writes the record as foundation/logging would; this package cannot import that one, which uses its
// error classes.
type standardError struct{}

func (standardError) Error(message string, args ...any) {
	var redaction *record.Redaction
	line := record.AppendHead(nil, record.JSON, time.Now(), "error", "foundation.errors", message)
	for i := 0; i+1 < len(args); i += 2 {
		line = redaction.AppendField(line, record.JSON, record.Field{Key: args[i].(string), Value: args[i+1]})
	}
	standardErrorLock.Lock()
	defer standardErrorLock.Unlock()
	_, _ = os.Stderr.Write(record.AppendTail(line, record.JSON))
}
