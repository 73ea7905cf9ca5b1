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
//	├── ConfigurationError           Problems
//	├── CancelledError               Reason, Cause
//	├── MaxRetriesExceeded           Attempts, Cause
//	├── CircuitOpenError             Name, RetryAfter
//	├── RateLimitExceeded            RetryAfter
//	├── ProcessError                 Command, ExitCode, Signal, Stdout, Stderr
//	│   └── ProcessTimeoutError      Timeout, Escalated
//	└── HttpError
//	    └── HttpStatusError          Status, Header, Body
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
	"net/http"
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
	// ErrFoundation stands for the root: in a list of errors it matches every class of this package.
	ErrFoundation = errors.New("any FoundationError")
	// ErrAny stands for every error, as the name Exception does in the specs; it is for lists of errors, see Matches.
	ErrAny = errors.New("any error")
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

// Problem is one thing wrong with a configuration.
type Problem struct {
	// Kind is invalid_file, invalid_value, missing, unknown_key, unreadable_file or out_of_range.
	Kind string
	// Key is the dotted path of the key, a file's path, or a parameter's name.
	Key string
	// Source is file, environment, override, default or argument.
	Source  string
	Message string
}

// ConfigurationError says that settings are missing, unknown, ill-typed or out of range; it holds every problem found.
type ConfigurationError struct {
	Problems []Problem
	Cause    error
}

func (e *ConfigurationError) Error() string {
	messages := make([]string, len(e.Problems))
	for i, problem := range e.Problems {
		messages[i] = problem.Message
	}
	return text("ConfigurationError", strings.Join(messages, "; "), e.Cause)
}

// Unwrap returns the cause.
func (e *ConfigurationError) Unwrap() error { return e.Cause }

// Is matches ErrConfiguration.
func (e *ConfigurationError) Is(target error) bool { return target == ErrConfiguration }

// Class implements FoundationError.
func (e *ConfigurationError) Class() string { return "ConfigurationError" }

// OutOfRange is the ConfigurationError for a parameter outside its range.
func OutOfRange(key string, value, low, high any) *ConfigurationError {
	return BadParameter(key, fmt.Sprintf("%s is %v; it must be from %v to %v", key, value, low, high))
}

// BadParameter is the ConfigurationError for one parameter that is not acceptable.
func BadParameter(key, message string) *ConfigurationError {
	return &ConfigurationError{Problems: []Problem{{Kind: "out_of_range", Key: key, Source: "argument", Message: message}}}
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
	// ExitCode is the exit status: 128+N when signal N ended the process, 127 when the program was not found, 126 when it
	// could not be executed.
	ExitCode int
	// Signal is the signal that ended the process, or 0.
	Signal         int
	Stdout, Stderr []byte
	Cause          error
}

func (e *ProcessError) Error() string {
	command := strings.Join(e.Command, " ")
	if e.Cause != nil {
		return fmt.Sprintf("cannot run %s: %v", command, e.Cause)
	}
	message := fmt.Sprintf("%s exited with status %d", command, e.ExitCode)
	if e.Signal != 0 {
		message = fmt.Sprintf("%s was ended by signal %d", command, e.Signal)
	}
	if last := lastLine(e.Stderr); last != "" {
		message += ": " + last
	}
	return message
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

// ProcessTimeoutError says that a process was stopped because it ran past its time-out. It is a ProcessError.
type ProcessTimeoutError struct {
	ProcessError
	// Timeout is the limit that was exceeded.
	Timeout time.Duration
	// Escalated says that SIGTERM was not enough.
	Escalated bool
}

func (e *ProcessTimeoutError) Error() string {
	return fmt.Sprintf("%s did not finish within %v", strings.Join(e.Command, " "), e.Timeout)
}

// Unwrap returns the embedded ProcessError, so that As finds it.
func (e *ProcessTimeoutError) Unwrap() error { return &e.ProcessError }

// Is matches ErrProcessTimeout and ErrProcess.
func (e *ProcessTimeoutError) Is(target error) bool {
	return target == ErrProcessTimeout || target == ErrProcess
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
	Status      int
	Header      http.Header
	// Body is the whole body of the response.
	Body []byte
}

func (e *HttpStatusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s answered %d %s", e.Method, e.URL, e.Status, http.StatusText(e.Status)))
}

// Is matches ErrHTTPStatus and ErrHTTP.
func (e *HttpStatusError) Is(target error) bool { return target == ErrHTTPStatus || target == ErrHTTP }

// Class implements FoundationError.
func (e *HttpStatusError) Class() string { return "HttpStatusError" }

// CancelledError says that the caller's context was done before the operation was; it is never retried.
type CancelledError struct {
	// Reason is the context's error; errors.Is with context.Canceled or context.DeadlineExceeded finds it.
	Reason error
	// Cause is the last error before the cancellation, or nil.
	Cause error
}

func (e *CancelledError) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("cancelled (%v); the last call failed: %v", e.Reason, e.Cause)
	}
	return text("cancelled", "", e.Reason)
}

// Unwrap returns the context's error and the last call's.
func (e *CancelledError) Unwrap() []error {
	var wrapped []error
	for _, err := range []error{e.Reason, e.Cause} {
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

// IsCancellation reports whether err means that the caller's ctx ended: a CancelledError, context.Canceled, or
// context.DeadlineExceeded once ctx itself is done. No pattern retries, swallows, logs or counts such an error.
func IsCancellation(ctx context.Context, err error) bool {
	return errors.Is(err, ErrCancelled) || errors.Is(err, context.Canceled) ||
		(errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil)
}

// ClassName is the name of err's class: a foundation class's own name, else the name of err's Go type without its
// package.
func ClassName(err error) string {
	if classed, ok := err.(FoundationError); ok {
		return classed.Class()
	}
	name := fmt.Sprintf("%T", err)
	return name[strings.LastIndexAny(name, ".*")+1:]
}

// Matches reports whether err belongs to the class that target stands for. It is errors.Is, and in addition counts the
// standard library's own errors in the class they mean: a *net.OpError or a connection reset is an ErrNetwork, anything
// with Timeout() true (and context.DeadlineExceeded of an operation's own context) is an ErrTimeout. ErrAny and
// ErrFoundation match what they stand for. Exhausted retries match as MaxRetriesExceeded, not as their cause.
func Matches(err, target error) bool {
	var exceeded *MaxRetriesExceeded
	if errors.As(err, &exceeded) && target != ErrAny && target != ErrFoundation && target != ErrMaxRetriesExceeded {
		// Exhausted retries are an error of their own; errors.Is also sees the cause that they hold.
		return errors.Is(err, target) && !errors.Is(exceeded.Cause, target)
	}
	if errors.Is(err, target) {
		return true
	}
	switch target {
	case ErrAny:
		return true
	case ErrFoundation:
		var classed FoundationError
		return errors.As(err, &classed)
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
