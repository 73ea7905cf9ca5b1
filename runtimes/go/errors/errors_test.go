package errors_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"foundation/errors"
)

func TestEveryClassMatchesItselfAndItsParents(t *testing.T) {
	inner := errors.New("inner")
	process := errors.ProcessError{Command: []string{"make"}, ExitCode: 2, Stderr: []byte("one\nlast line\n")}
	cases := []struct {
		err     errors.FoundationError
		matches []error
		text    string
	}{
		{&errors.NetworkError{Message: "refused", Cause: inner}, []error{errors.ErrNetwork, inner}, "refused: inner"},
		{&errors.TimeoutError{}, []error{errors.ErrTimeout}, "TimeoutError"},
		{&errors.TimeoutError{Cause: inner}, []error{errors.ErrTimeout, inner}, "TimeoutError: inner"},
		{&errors.ServiceUnavailable{Message: "busy"}, []error{errors.ErrServiceUnavailable}, "busy"},
		{&errors.AuthenticationError{Message: "who"}, []error{errors.ErrAuthentication}, "who"},
		{&errors.ValidationError{Message: "no"}, []error{errors.ErrValidation}, "no"},
		{errors.OutOfRange("n", 0, 1, 9), []error{errors.ErrConfiguration}, "n is 0; it must be from 1 to 9"},
		{&errors.MaxRetriesExceeded{Attempts: 1, Cause: inner}, []error{errors.ErrMaxRetriesExceeded, inner}, "gave up after 1 attempt: inner"},
		{&errors.MaxRetriesExceeded{Attempts: 2, Cause: inner}, []error{errors.ErrMaxRetriesExceeded}, "gave up after 2 attempts: inner"},
		{&errors.CircuitOpenError{Name: "db", RetryAfter: time.Second}, []error{errors.ErrCircuitOpen}, `circuit "db" is open; retry after 1s`},
		{&errors.RateLimitExceeded{RetryAfter: time.Second}, []error{errors.ErrRateLimitExceeded}, "rate limit exceeded; retry after 1s"},
		{&process, []error{errors.ErrProcess}, "make exited with status 2: last line"},
		{&errors.ProcessError{Command: []string{"x"}, Signal: 9}, []error{errors.ErrProcess}, "x was ended by signal 9"},
		{&errors.ProcessError{Command: []string{"x"}, Cause: inner}, []error{errors.ErrProcess, inner}, "cannot run x: inner"},
		{&errors.ProcessTimeoutError{ProcessError: process, Timeout: time.Second}, []error{errors.ErrProcessTimeout, errors.ErrProcess}, "make did not finish within 1s"},
		{&errors.HttpError{Method: "GET", URL: "http://x", Message: "lost"}, []error{errors.ErrHTTP}, "GET http://x: lost"},
		{&errors.HttpError{Cause: inner}, []error{errors.ErrHTTP, inner}, "HttpError: inner"},
		{&errors.HttpStatusError{Method: "GET", URL: "http://x", Status: http.StatusNotFound}, []error{errors.ErrHTTPStatus, errors.ErrHTTP}, "GET http://x answered 404 Not Found"},
		{&errors.CancelledError{Reason: context.Canceled, Cause: inner}, []error{errors.ErrCancelled, context.Canceled, inner}, "cancelled (context canceled); the last call failed: inner"},
		{&errors.CancelledError{}, []error{errors.ErrCancelled}, "cancelled"},
	}
	sentinels := []error{errors.ErrNetwork, errors.ErrTimeout, errors.ErrServiceUnavailable, errors.ErrAuthentication, errors.ErrValidation,
		errors.ErrConfiguration, errors.ErrMaxRetriesExceeded, errors.ErrCircuitOpen, errors.ErrRateLimitExceeded, errors.ErrProcess,
		errors.ErrProcessTimeout, errors.ErrHTTP, errors.ErrHTTPStatus, errors.ErrCancelled}
	for _, c := range cases {
		wrapped := fmt.Errorf("while testing: %w", error(c.err))
		if c.err.Error() != c.text {
			t.Errorf("expected the text %q, got %q", c.text, c.err.Error())
		}
		for _, target := range c.matches {
			if !errors.Is(wrapped, target) {
				t.Errorf("%T must match %T", c.err, target)
			}
		}
		for _, target := range sentinels {
			if target != errors.ErrTimeout && errors.Is(c.err, target) != contains(c.matches, target) {
				t.Errorf("%T and %T", c.err, target)
			}
		}
		if errors.ClassName(c.err) != c.err.Class() || !strings.HasSuffix(fmt.Sprintf("%T", c.err), c.err.Class()) {
			t.Errorf("the class of %T is called %s", c.err, c.err.Class())
		}
		if !errors.Matches(wrapped, errors.ErrFoundation) || !errors.Matches(wrapped, errors.ErrAny) {
			t.Errorf("%T must match the roots", c.err)
		}
	}
	var failed *errors.ProcessError
	if !errors.As(&errors.ProcessTimeoutError{ProcessError: process}, &failed) || failed.ExitCode != 2 {
		t.Error("a ProcessTimeoutError must be found as a ProcessError")
	}
	if errors.Unwrap(&errors.NetworkError{Cause: inner}) != inner || !errors.Is(errors.Join(inner, io.EOF), io.EOF) {
		t.Error("the standard functions work")
	}
}

func contains(list []error, wanted error) bool {
	for _, item := range list {
		if item == wanted {
			return true
		}
	}
	return false
}

func TestMatchesTheStandardLibrary(t *testing.T) {
	for _, c := range []struct {
		err    error
		target error
		match  bool
	}{
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, errors.ErrNetwork, true},
		{&net.DNSError{}, errors.ErrNetwork, true},
		// Exhausted retries are a class of their own, whatever their cause is.
		{&errors.MaxRetriesExceeded{Attempts: 3, Cause: &errors.NetworkError{}}, errors.ErrNetwork, false},
		{&errors.MaxRetriesExceeded{Attempts: 3, Cause: &errors.NetworkError{}}, errors.ErrMaxRetriesExceeded, true},
		{&errors.MaxRetriesExceeded{Attempts: 3, Cause: &errors.NetworkError{}}, errors.ErrAny, true},
		{&url.Error{Op: "Get", Err: io.EOF}, errors.ErrNetwork, true},
		{&url.Error{Op: "Get", Err: errors.New("unsupported protocol scheme")}, errors.ErrNetwork, false},
		{syscall.ECONNRESET, errors.ErrNetwork, true},
		{io.EOF, errors.ErrNetwork, false},
		{context.DeadlineExceeded, errors.ErrTimeout, true},
		{&net.DNSError{IsTimeout: true}, errors.ErrTimeout, true},
		{io.EOF, errors.ErrTimeout, false},
		{io.EOF, errors.ErrFoundation, false},
		{io.EOF, errors.ErrAny, true},
	} {
		if errors.Matches(c.err, c.target) != c.match {
			t.Errorf("%T %v against %T: expected %v", c.err, c.err, c.target, c.match)
		}
	}
	if errors.ClassName(io.EOF) != "errorString" {
		t.Errorf("the class of io.EOF is called %s", errors.ClassName(io.EOF))
	}
}
