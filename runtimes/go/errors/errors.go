// Package errors holds the error classes that every foundation pattern raises or classifies, and the error boundary.
//
// The classes form the same tree in every language:
//
//	FoundationError                  root, an interface in Go
//	├── NetworkError                 retryable
//	├── TimeoutError                 retryable
//	├── ServiceUnavailable           retryable
//	├── AuthenticationError          never retried
//	├── ValidationError              never retried
//	│   └── ConfigurationError
//	├── MaxRetriesExceeded           Attempts, Cause
//	├── CircuitOpenError             Name, RetryAfter
//	├── RateLimitExceeded            RetryAfter
//	├── ProcessError                 Command, ExitCode
//	│   └── ProcessTimeoutError      also a TimeoutError
//	├── HttpError
//	│   └── HttpStatusError          StatusCode
//	└── CancelledError
//
// Each class is a struct whose pointer is an error. [Is] matches a class by its sentinel (ErrNetwork, ErrTimeout, ...),
// [As] extracts the value:
//
//	if errors.Is(err, errors.ErrNetwork) { ... }
//	var open *errors.CircuitOpenError
//	if errors.As(err, &open) { time.Sleep(open.RetryAfter) }
//
// New, Is, As, Join and Unwrap of the standard library are repeated here, so that one import serves.
package errors

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// New is the standard library's errors.New.
func New(text string) error { return errors.New(text) }

// Is is the standard library's errors.Is.
func Is(err, target error) bool { return errors.Is(err, target) }

// As is the standard library's errors.As.
func As(err error, target any) bool { return errors.As(err, target) }

// Unwrap is the standard library's errors.Unwrap.
func Unwrap(err error) error { return errors.Unwrap(err) }

// Join is the standard library's errors.Join.
func Join(errs ...error) error { return errors.Join(errs...) }

// FoundationError is implemented by every class of this package.
type FoundationError interface {
	error
	// Class is the class's name, the same in every language.
	Class() string
}

// The sentinels: errors.Is(err, ErrX) holds for every error of class X and of the classes below it.
var (
	ErrNetwork            error = &NetworkError{}
	ErrTimeout            error = &TimeoutError{}
	ErrServiceUnavailable error = &ServiceUnavailable{}
	ErrAuthentication     error = &AuthenticationError{}
	ErrValidation         error = &ValidationError{}
	ErrConfiguration      error = &ConfigurationError{}
	ErrMaxRetriesExceeded error = &MaxRetriesExceeded{}
	ErrCircuitOpen        error = &CircuitOpenError{}
	ErrRateLimitExceeded  error = &RateLimitExceeded{}
	ErrProcess            error = &ProcessError{}
	ErrProcessTimeout     error = &ProcessTimeoutError{}
	ErrHTTP               error = &HttpError{}
	ErrHTTPStatus         error = &HttpStatusError{}
	ErrCancelled          error = &CancelledError{}
)

// text joins a class name, a message and a cause the way Go errors read: "message: cause".
func text(class, message string, cause error) string {
	switch {
	case message != "" && cause != nil:
		return message + ": " + cause.Error()
	case message != "":
		return message
	case cause != nil:
		return class + ": " + cause.Error()
	default:
		return class
	}
}

// NetworkError says that a peer could not be reached or the connection broke; it is retryable.
type NetworkError struct {
	Message string
	Cause   error
}

func (e *NetworkError) Error() string { return text("NetworkError", e.Message, e.Cause) }

// Unwrap returns the cause.
func (e *NetworkError) Unwrap() error { return e.Cause }

// Is matches ErrNetwork.
func (e *NetworkError) Is(target error) bool { return target == ErrNetwork }

// Class implements FoundationError.
func (e *NetworkError) Class() string { return "NetworkError" }

// TimeoutError says that an operation took longer than allowed; it is retryable.
type TimeoutError struct {
	Message string
	Cause   error
}

func (e *TimeoutError) Error() string { return text("TimeoutError", e.Message, e.Cause) }

// Unwrap returns the cause.
func (e *TimeoutError) Unwrap() error { return e.Cause }

// Is matches ErrTimeout.
func (e *TimeoutError) Is(target error) bool { return target == ErrTimeout }

// Timeout makes the error satisfy the standard library's notion of a time-out.
func (e *TimeoutError) Timeout() bool { return true }

// Class implements FoundationError.
func (e *TimeoutError) Class() string { return "TimeoutError" }

// ServiceUnavailable says that the peer answered that it cannot serve now; it is retryable.
type ServiceUnavailable struct {
	Message string
	Cause   error
}

func (e *ServiceUnavailable) Error() string { return text("ServiceUnavailable", e.Message, e.Cause) }

// Unwrap returns the cause.
func (e *ServiceUnavailable) Unwrap() error { return e.Cause }

// Is matches ErrServiceUnavailable.
func (e *ServiceUnavailable) Is(target error) bool { return target == ErrServiceUnavailable }

// Class implements FoundationError.
func (e *ServiceUnavailable) Class() string { return "ServiceUnavailable" }

// AuthenticationError says that the caller is not who it must be; it is never retried.
type AuthenticationError struct {
	Message string
	Cause   error
}

func (e *AuthenticationError) Error() string { return text("AuthenticationError", e.Message, e.Cause) }

// Unwrap returns the cause.
func (e *AuthenticationError) Unwrap() error { return e.Cause }

// Is matches ErrAuthentication.
func (e *AuthenticationError) Is(target error) bool { return target == ErrAuthentication }

// Class implements FoundationError.
func (e *AuthenticationError) Class() string { return "AuthenticationError" }

// ValidationError says that an input is not acceptable; it is never retried.
type ValidationError struct {
	Message string
	Cause   error
}

func (e *ValidationError) Error() string { return text("ValidationError", e.Message, e.Cause) }

// Unwrap returns the cause.
func (e *ValidationError) Unwrap() error { return e.Cause }

// Is matches ErrValidation.
func (e *ValidationError) Is(target error) bool { return target == ErrValidation }

// Class implements FoundationError.
func (e *ValidationError) Class() string { return "ValidationError" }

// ConfigurationError says that a setting is missing, unknown, ill-typed or out of range. It is a ValidationError.
type ConfigurationError struct {
	// Key is the parameter or configuration key at fault, when there is exactly one.
	Key     string
	Message string
	Cause   error
}

func (e *ConfigurationError) Error() string { return text("ConfigurationError", e.Message, e.Cause) }

// Unwrap returns the cause.
func (e *ConfigurationError) Unwrap() error { return e.Cause }

// Is matches ErrConfiguration and ErrValidation.
func (e *ConfigurationError) Is(target error) bool {
	return target == ErrConfiguration || target == ErrValidation
}

// Class implements FoundationError.
func (e *ConfigurationError) Class() string { return "ConfigurationError" }

// OutOfRange is the ConfigurationError for a parameter outside its range.
func OutOfRange(key string, value, low, high any) *ConfigurationError {
	return &ConfigurationError{Key: key, Message: fmt.Sprintf("%s is %v; it must be from %v to %v", key, value, low, high)}
}

// MaxRetriesExceeded says that every allowed call failed with a retryable error.
type MaxRetriesExceeded struct {
	// Attempts counts the calls made, all of them.
	Attempts int
	// Cause is the last call's error.
	Cause error
}

func (e *MaxRetriesExceeded) Error() string {
	calls := "attempts"
	if e.Attempts == 1 {
		calls = "attempt"
	}
	return fmt.Sprintf("gave up after %d %s: %v", e.Attempts, calls, e.Cause)
}

// Unwrap returns the last call's error.
func (e *MaxRetriesExceeded) Unwrap() error { return e.Cause }

// Is matches ErrMaxRetriesExceeded.
func (e *MaxRetriesExceeded) Is(target error) bool { return target == ErrMaxRetriesExceeded }

// Class implements FoundationError.
func (e *MaxRetriesExceeded) Class() string { return "MaxRetriesExceeded" }

// CircuitOpenError says that a circuit breaker refused the call; it is never retried.
type CircuitOpenError struct {
	// Name is the breaker's name.
	Name string
	// RetryAfter is the time until the breaker admits a probe; zero when all its probes are in flight.
	RetryAfter time.Duration
}

func (e *CircuitOpenError) Error() string {
	return fmt.Sprintf("circuit %q is open; retry after %v", e.Name, e.RetryAfter)
}

// Is matches ErrCircuitOpen.
func (e *CircuitOpenError) Is(target error) bool { return target == ErrCircuitOpen }

// Class implements FoundationError.
func (e *CircuitOpenError) Class() string { return "CircuitOpenError" }

// RateLimitExceeded says that a rate limiter refused the call.
type RateLimitExceeded struct {
	// RetryAfter is the time until the same request would be admitted.
	RetryAfter time.Duration
}

func (e *RateLimitExceeded) Error() string {
	return fmt.Sprintf("rate limit exceeded; retry after %v", e.RetryAfter)
}

// Is matches ErrRateLimitExceeded.
func (e *RateLimitExceeded) Is(target error) bool { return target == ErrRateLimitExceeded }

// Class implements FoundationError.
func (e *RateLimitExceeded) Class() string { return "RateLimitExceeded" }

// ProcessError says that a process could not be started or did not exit with status 0.
type ProcessError struct {
	// Command is the argument vector with secrets masked.
	Command []string
	// ExitCode is the exit status, -N when signal N ended the process, or 127 or 126 when it could not be started.
	ExitCode       int
	Stdout, Stderr []byte
	Message        string
	Cause          error
}

func (e *ProcessError) Error() string {
	message := e.Message
	if message == "" {
		message = fmt.Sprintf("%s exited with status %d", strings.Join(e.Command, " "), e.ExitCode)
		if last := lastLine(e.Stderr); last != "" {
			message += " (" + last + ")"
		}
	}
	return text("ProcessError", message, e.Cause)
}

func lastLine(output []byte) string {
	trimmed := strings.TrimSpace(string(output[max(0, len(output)-512):]))
	return strings.TrimSpace(trimmed[strings.LastIndexByte(trimmed, '\n')+1:])
}

// Unwrap returns the cause.
func (e *ProcessError) Unwrap() error { return e.Cause }

// Is matches ErrProcess.
func (e *ProcessError) Is(target error) bool { return target == ErrProcess }

// Class implements FoundationError.
func (e *ProcessError) Class() string { return "ProcessError" }

// ProcessTimeoutError says that a process was stopped because it ran past its time-out. It is a ProcessError and a
// TimeoutError.
type ProcessTimeoutError struct {
	ProcessError
	// Timeout is the limit that was exceeded.
	Timeout time.Duration
}

func (e *ProcessTimeoutError) Error() string {
	return fmt.Sprintf("%s did not finish within %v", strings.Join(e.Command, " "), e.Timeout)
}

// Unwrap returns the embedded ProcessError, so that As finds it.
func (e *ProcessTimeoutError) Unwrap() error { return &e.ProcessError }

// Is matches ErrProcessTimeout, ErrProcess and ErrTimeout.
func (e *ProcessTimeoutError) Is(target error) bool {
	return target == ErrProcessTimeout || target == ErrProcess || target == ErrTimeout
}

// Class implements FoundationError.
func (e *ProcessTimeoutError) Class() string { return "ProcessTimeoutError" }

// HttpError says that an HTTP request failed for a reason other than the response's status.
type HttpError struct {
	Method, URL string
	Message     string
	Cause       error
}

func (e *HttpError) Error() string {
	message := e.Message
	if e.Method != "" {
		message = strings.TrimSuffix(e.Method+" "+e.URL+": "+e.Message, ": ")
	}
	return text("HttpError", message, e.Cause)
}

// Unwrap returns the cause.
func (e *HttpError) Unwrap() error { return e.Cause }

// Is matches ErrHTTP.
func (e *HttpError) Is(target error) bool { return target == ErrHTTP }

// Class implements FoundationError.
func (e *HttpError) Class() string { return "HttpError" }

// HttpStatusError says that a response's status is an error. It is an HttpError.
type HttpStatusError struct {
	Method, URL string
	StatusCode  int
	// Body holds the response's body.
	Body []byte
}

func (e *HttpStatusError) Error() string {
	return fmt.Sprintf("%s %s answered %d", e.Method, e.URL, e.StatusCode)
}

// Is matches ErrHTTPStatus and ErrHTTP.
func (e *HttpStatusError) Is(target error) bool { return target == ErrHTTPStatus || target == ErrHTTP }

// Class implements FoundationError.
func (e *HttpStatusError) Class() string { return "HttpStatusError" }

// CancelledError says that the caller's context was done before the operation was; it is never retried.
type CancelledError struct {
	// Cause is the context's error; errors.Is with context.Canceled or context.DeadlineExceeded finds it.
	Cause error
	// Last is the error of the last call before the cancellation, or nil.
	Last error
}

func (e *CancelledError) Error() string {
	if e.Last != nil {
		return fmt.Sprintf("cancelled (%v); the last call failed: %v", e.Cause, e.Last)
	}
	return text("cancelled", "", e.Cause)
}

// Unwrap returns the context's error and the last call's.
func (e *CancelledError) Unwrap() []error {
	var wrapped []error
	for _, err := range []error{e.Cause, e.Last} {
		if err != nil {
			wrapped = append(wrapped, err)
		}
	}
	return wrapped
}

// Is matches ErrCancelled.
func (e *CancelledError) Is(target error) bool { return target == ErrCancelled }

// Class implements FoundationError.
func (e *CancelledError) Class() string { return "CancelledError" }

// Matches reports whether err belongs to the class that target stands for. It is errors.Is, and in addition counts the
// standard library's own errors in the class they mean: a *net.OpError or a connection reset is an ErrNetwork, anything
// with Timeout() true (and context.DeadlineExceeded of an operation's own context) is an ErrTimeout.
func Matches(err, target error) bool {
	if errors.Is(err, target) {
		return true
	}
	switch target {
	case ErrNetwork:
		var operation *net.OpError
		var lookup *net.DNSError
		var request *url.Error
		return errors.As(err, &operation) || errors.As(err, &lookup) ||
			(errors.As(err, &request) && errors.Is(err, io.EOF)) || errors.Is(err, io.ErrUnexpectedEOF) ||
			errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	case ErrTimeout:
		var timeout interface{ Timeout() bool }
		return errors.As(err, &timeout) && timeout.Timeout()
	case ErrCancelled:
		return errors.Is(err, context.Canceled)
	}
	return false
}

// MatchesAny reports whether err matches one of the targets.
func MatchesAny(err error, targets []error) bool {
	for _, target := range targets {
		if Matches(err, target) {
			return true
		}
	}
	return false
}
