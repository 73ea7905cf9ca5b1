//! The Rust runtime of the foundation patterns: ten infrastructure patterns that behave the same, to the nanosecond, in
//! Python, Go, Rust and Ruby.
//!
//! | module | pattern |
//! |---|---|
//! | [`resilience`] | retry with backoff, circuit breaker, rate limiting |
//! | [`errors`] | the error classes and the error boundary |
//! | [`logging`] | structured logging |
//! | [`config`] | layered configuration |
//! | [`http`] | HTTP client with time-out and retry (feature `http`, on by default; `tls` for https) |
//! | [`cli`] | command line framework |
//! | [`process`] | process execution |
//! | [`files`] | atomic file writes |
//! | [`clock`] | the clock, the sleep, the random source and the cancellation that the others take |
//!
//! The attributes `#[retry]`, `#[circuit_breaker]`, `#[rate_limit]`, `#[error_boundary]` and `#[register_command]` work on
//! functions and, with the feature `tokio`, on async functions.

extern crate self as foundation;

/// The README's examples, run as tests.
#[cfg(all(doctest, feature = "tokio", feature = "http"))]
#[doc = include_str!("../../README.md")]
pub struct Readme;

pub mod cli;
pub mod clock;
pub mod config;
pub mod errors;
pub mod files;
#[cfg(feature = "http")]
pub mod http;
pub mod logging;
pub mod process;
mod record;
pub mod resilience;

pub use errors::{Class, Classify, Error};
pub use foundation_macros::{circuit_breaker, error_boundary, rate_limit, register_command, retry};
