// Package foundation is the Go runtime of the foundation patterns: ten infrastructure patterns that behave the same,
// to the nanosecond, in Python, Go, Rust and Ruby.
//
// The patterns live in the sub-packages:
//
//	foundation/resilience  retry with backoff, circuit breaker, rate limiting
//	foundation/errors      the error classes and the error boundary
//	foundation/logging     structured logging
//	foundation/config      layered configuration
//	foundation/httpclient  HTTP client with time-out and retry
//	foundation/cli         command line framework
//	foundation/process     process execution
//	foundation/files       atomic file writes
//	foundation/clock       the clock, the sleep and the random source that the others take
package foundation
