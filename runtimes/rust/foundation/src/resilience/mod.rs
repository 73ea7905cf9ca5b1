//! The patterns that keep a service standing when what it calls does not: retry with backoff, circuit breaker and rate
//! limiting. All arithmetic is in integer nanoseconds; clock, sleep, randomness and cancellation are injected.

mod circuit_breaker;
mod rate_limiter;
mod retry;

pub use circuit_breaker::{CircuitBreaker, CircuitBreakerBuilder, CircuitState, Permit};
pub use foundation_macros::{circuit_breaker, rate_limit, retry};
pub use rate_limiter::{Algorithm, Decision, RateLimiter, RateLimiterBuilder};
pub use retry::{Backoff, Jitter, RetryPolicy};
