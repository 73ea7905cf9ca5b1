package errors_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"foundation/errors"
	"foundation/logging"
)

var background = context.Background()

type recorder struct{ lines []string }

func (r *recorder) Error(message string, args ...any) {
	r.lines = append(r.lines, fmt.Sprint(append([]any{message}, args...)...))
}

type failingLogger struct{}

func (failingLogger) Error(string, ...any) { panic("the disk is full") }

func TestBoundary(t *testing.T) {
	own := errors.New("own")
	fails := func(context.Context) (int, error) { return 1, own }
	panics := func(context.Context) (int, error) { panic("bug") }
	cases := []struct {
		name     string
		run      func(context.Context) (int, error)
		options  []errors.BoundaryOption
		value    int
		err      error
		recorded int
		panics   bool
	}{
		{"a value", func(context.Context) (int, error) { return 7, nil }, nil, 7, nil, 0, false},
		{"recorded and returned", fails, nil, 0, own, 1, false},
		{"swallowed", fails, []errors.BoundaryOption{errors.WithReraise(false)}, 42, nil, 1, false},
		{"not recorded", fails, []errors.BoundaryOption{errors.WithLogErrors(false)}, 0, own, 0, false},
		{"not caught", fails, []errors.BoundaryOption{errors.WithReraise(false), errors.WithCatch(io.EOF)}, 0, own, 0, false},
		{"a cancellation", func(context.Context) (int, error) { return 0, context.Canceled }, []errors.BoundaryOption{errors.WithReraise(false)}, 0, context.Canceled, 0, false},
		{"a panic goes on", panics, nil, 0, nil, 1, true},
		{"a panic swallowed", panics, []errors.BoundaryOption{errors.WithReraise(false)}, 42, nil, 1, false},
		{"a panic not caught", panics, []errors.BoundaryOption{errors.WithCatch(own), errors.WithReraise(false)}, 0, nil, 0, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			log := &recorder{}
			defer func() {
				if recovered := recover(); (recovered != nil) != c.panics {
					t.Fatalf("panic: %v", recovered)
				}
				if len(log.lines) != c.recorded {
					t.Fatalf("expected %d records, got %q", c.recorded, log.lines)
				}
			}()
			value, err := errors.BoundaryValue(background, 42, c.run, append(c.options, errors.WithLogger(log))...)
			if value != c.value || err != c.err {
				t.Fatalf("expected %v %v, got %v %v", c.value, c.err, value, err)
			}
		})
	}
}

func TestBoundaryRecord(t *testing.T) {
	var out strings.Builder
	given := map[string]any{"order": 7}
	err := errors.Boundary(background, func(context.Context) error { return &errors.NetworkError{Message: "refused"} },
		errors.WithName("load"), errors.WithContextMap(given), errors.WithContext("password", "x"),
		errors.WithLogger(logging.New("shop", logging.WithWriter(&out), logging.WithTimestamps(false))))
	if !errors.Is(err, errors.ErrNetwork) {
		t.Fatal(err)
	}
	expected := `{"level":"error","logger":"shop","message":"error caught","boundary":"load","error":"NetworkError","error_message":"refused","context":{"order":7,"password":"[REDACTED]"}}` + "\n"
	if out.String() != expected {
		t.Fatalf("expected %s, got %s", expected, out.String())
	}
	if !reflect.DeepEqual(given, map[string]any{"order": 7}) {
		t.Fatalf("the caller's mapping was written: %v", given)
	}
}

func TestBoundarySurvivesAFailingLogger(t *testing.T) {
	own := errors.New("own")
	if err := errors.Boundary(background, func(context.Context) error { return own }, errors.WithLogger(failingLogger{})); err != own {
		t.Fatal(err)
	}
}

func TestBoundaryWritesToStandardErrorByDefault(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	kept := os.Stderr
	os.Stderr = writer
	_ = errors.Boundary(background, func(context.Context) error { return io.EOF })
	os.Stderr = kept
	writer.Close()
	line, _ := io.ReadAll(reader)
	for _, part := range []string{`"logger":"foundation.errors","message":"error caught"`, `"boundary":"errors_test.TestBoundaryWritesToStandardErrorByDefault"`, `"error_message":"EOF"`} {
		if !strings.Contains(string(line), part) {
			t.Fatalf("%s lacks %s", line, part)
		}
	}
}

func TestPanicErrorUnwraps(t *testing.T) {
	if !errors.Is(&errors.PanicError{Value: io.EOF}, io.EOF) || errors.Unwrap(&errors.PanicError{Value: 1}) != nil {
		t.Fatal("a PanicError wraps an error and nothing else")
	}
}
