// The testee drives the Go runtime with the conformance suite: one JSON object per line in, one per line out.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"foundation/clock"
	"foundation/errors"
)

type object = map[string]any

// answer is what one case gives: the trace and the result.
type answer struct {
	trace  []string
	result object
}

// keys lists what a result holds besides error, for a pattern whose object could not be made.
var keys = map[string]string{
	"retry_with_backoff": "attempts success cause elapsed",
	"circuit_breaker":    "state failures",
	"rate_limiting":      "",
	"error_boundary":     "returned raised same context_after",
	"structured_logging": "lines",
	"configuration":      "values problems",
	"http_client":        "status body attempts cause cause_status",
	"cli_framework":      "exit stdout stderr",
	"process_execution":  "exit_code signal stdout stderr stdout_length stderr_length escalated",
	"file_operations":    "",
}

var patterns = map[string]func(given) answer{
	"retry_with_backoff": retry,
	"circuit_breaker":    circuitBreaker,
	"rate_limiting":      rateLimiting,
	"error_boundary":     errorBoundary,
	"structured_logging": structuredLogging,
	"configuration":      configuration,
	"http_client":        httpClient,
	"cli_framework":      cliFramework,
	"process_execution":  processExecution,
	"file_operations":    fileOperations,
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			encoder := json.NewEncoder(out)
			encoder.SetEscapeHTML(false)
			if err := encoder.Encode(respond(line)); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			out.Flush()
		}
		if err != nil {
			return
		}
	}
}

func respond(line []byte) (response object) {
	var request struct {
		ID, Pattern string
		Given       given
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if err := decoder.Decode(&request); err != nil {
		return object{"id": nil, "error": err.Error()}
	}
	if request.Pattern == "hello" {
		names := []string{}
		for name := range patterns {
			names = append(names, name)
		}
		about := object{"language": "go", "library": "foundation", "version": "0.1.0", "patterns": names}
		return object{"id": request.ID, "trace": []string{}, "result": about}
	}
	pattern := patterns[request.Pattern]
	if pattern == nil {
		return object{"id": request.ID, "skipped": fmt.Sprintf("no pattern %q", request.Pattern)}
	}
	defer func() {
		if recovered := recover(); recovered != nil {
			// A constructor reports a parameter out of its range by a panic.
			if err, ok := recovered.(error); ok && (errors.Is(err, errors.ErrConfiguration) || errors.Is(err, errors.ErrValidation)) {
				response = object{"id": request.ID, "trace": []string{}, "result": rejected(request.Pattern, err)}
			} else {
				response = object{"id": request.ID, "error": fmt.Sprint(recovered)}
			}
		}
	}()
	found := pattern(request.Given)
	if found.trace == nil {
		found.trace = []string{}
	}
	return object{"id": request.ID, "trace": found.trace, "result": found.result}
}

func rejected(pattern string, err error) object {
	result := object{"error": errors.ClassName(err)}
	for _, key := range strings.Fields(keys[pattern]) {
		result[key] = nil
	}
	return result
}

// given is a case's parameters and scenario.
type given object

func (g given) has(key string) bool { return g[key] != nil }

func integer(value any) int64 {
	i, err := value.(json.Number).Int64()
	if err != nil {
		panic(err)
	}
	return i
}

func (g given) int(key string) int { return int(integer(g[key])) }

func (g given) string(key string) string { s, _ := g[key].(string); return s }

func (g given) bool(key string) bool { b, _ := g[key].(bool); return b }

func (g given) list(key string) []any { l, _ := g[key].([]any); return l }

func (g given) object(key string) object { o, _ := g[key].(object); return o }

func (g given) strings(key string) []string {
	list := []string{}
	for _, item := range g.list(key) {
		list = append(list, item.(string))
	}
	return list
}

// seconds is a duration parameter, by the shared conversion.
func (g given) seconds(key string) time.Duration {
	number := g[key].(json.Number)
	if i, err := number.Int64(); err == nil {
		return clock.Seconds(i)
	}
	f, err := number.Float64()
	if err != nil {
		panic(errors.BadParameter(key, fmt.Sprintf("%s is %s; it must be a number of seconds", key, number)))
	}
	return clock.FloatSeconds(f)
}

func (g given) random() clock.Random {
	var numerators []uint64
	for _, k := range g.list("random") {
		numerators = append(numerators, uint64(integer(k)))
	}
	return &script{numerators}
}

// script yields the case's draws; one draw too many is an error of the case.
type script struct{ rest []uint64 }

func (s *script) Fraction() uint64 {
	if len(s.rest) == 0 {
		panic("the case has no more random numbers")
	}
	k := s.rest[0]
	s.rest = s.rest[1:]
	return k
}

// scripted is a virtual clock that writes its sleeps down and cancels a context at a given time.
type scripted struct {
	*clock.Virtual
	log      func(format string, args ...any)
	cancelAt time.Duration
	cancel   context.CancelFunc
}

func (g given) clock(log func(format string, args ...any)) (*scripted, context.Context) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &scripted{clock.NewVirtual(0), log, -1, cancel}
	if g.has("cancel_at") {
		c.cancelAt = time.Duration(integer(g["cancel_at"]))
		c.Advance(0)
	}
	return c, ctx
}

func (c *scripted) Advance(d time.Duration) {
	c.Virtual.Advance(d)
	if c.cancelAt >= 0 && c.Now() >= c.cancelAt {
		c.cancel()
	}
}

func (c *scripted) Sleep(ctx context.Context, d time.Duration) error {
	if c.log != nil {
		c.log("%d sleep %d", c.Now(), d)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.cancelAt >= 0 && c.Now()+d >= c.cancelAt {
		d = c.cancelAt - c.Now()
	}
	c.Advance(d)
	return ctx.Err()
}

// OtherError is an ordinary error of an application.
type OtherError struct{ message string }

func (e *OtherError) Error() string { return e.message }

// ProgrammingError is what the testee panics with.
type ProgrammingError struct{ message string }

func (e *ProgrammingError) Error() string { return e.message }

var errOther = errors.New("stands for OtherError in lists")

func (e *OtherError) Is(target error) bool { return target == errOther }

func makeError(name, message string) error {
	switch name {
	case "OtherError":
		return &OtherError{message}
	case "NetworkError":
		return &errors.NetworkError{Message: message}
	case "TimeoutError":
		return &errors.TimeoutError{Message: message}
	case "ServiceUnavailable":
		return &errors.ServiceUnavailable{Message: message}
	case "AuthenticationError":
		return &errors.AuthenticationError{Message: message}
	case "ValidationError":
		return &errors.ValidationError{Message: message}
	case "ConfigurationError":
		return &errors.ConfigurationError{Problems: []errors.Problem{{Message: message}}}
	case "CancelledError":
		return &errors.CancelledError{Reason: context.Canceled}
	case "Interrupt":
		return context.Canceled
	case "MaxRetriesExceeded":
		return &errors.MaxRetriesExceeded{Attempts: 1, Cause: &OtherError{message}}
	case "CircuitOpenError":
		return &errors.CircuitOpenError{Name: "inner"}
	case "RateLimitExceeded":
		return &errors.RateLimitExceeded{}
	case "ProcessError":
		return &errors.ProcessError{ExitCode: 1}
	case "ProcessTimeoutError":
		return &errors.ProcessTimeoutError{}
	case "HttpError":
		return &errors.HttpError{Message: message}
	case "HttpStatusError":
		return &errors.HttpStatusError{Status: 500}
	case "ProgrammingError":
		panic(&ProgrammingError{message})
	}
	panic(fmt.Sprintf("unknown error %q", name))
}

var classes = map[string]error{
	"Exception": errors.ErrAny, "FoundationError": errors.ErrFoundation, "OtherError": errOther,
	"NetworkError": errors.ErrNetwork, "TimeoutError": errors.ErrTimeout, "ServiceUnavailable": errors.ErrServiceUnavailable,
	"AuthenticationError": errors.ErrAuthentication, "ValidationError": errors.ErrValidation,
	"ConfigurationError": errors.ErrConfiguration, "CancelledError": errors.ErrCancelled,
	"MaxRetriesExceeded": errors.ErrMaxRetriesExceeded, "CircuitOpenError": errors.ErrCircuitOpen,
	"RateLimitExceeded": errors.ErrRateLimitExceeded, "ProcessError": errors.ErrProcess,
	"ProcessTimeoutError": errors.ErrProcessTimeout, "HttpError": errors.ErrHTTP, "HttpStatusError": errors.ErrHTTPStatus,
	"ProgrammingError": errors.New("a panic is matched by Exception only"),
}

func (g given) classes(key string) []error {
	list := []error{}
	for _, name := range g.strings(key) {
		class := classes[name]
		if class == nil {
			panic(fmt.Sprintf("unknown error class %q", name))
		}
		list = append(list, class)
	}
	return list
}

// catching runs fn and gives a panic of the script back as its error.
func catching(fn func() error) (err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			own, ok := recovered.(*ProgrammingError)
			if !ok {
				panic(recovered)
			}
			err = own
		}
	}()
	return fn()
}

// errorName is an error's name in results, nil for no error.
func errorName(err error) any {
	if err == nil {
		return nil
	}
	if name := errnoName(err); name != "" {
		return "OSError:" + name
	}
	if err == context.Canceled {
		return "Interrupt"
	}
	return errors.ClassName(err)
}
