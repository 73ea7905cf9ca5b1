"""Retry, circuit breaker and rate limiter; nothing here needs a third-party package."""

from foundation.clock import Cancellation, ScriptedRandom, VirtualClock
from foundation.resilience._breaker import CircuitBreaker, CircuitState, Permit, circuit_breaker
from foundation.resilience._limiter import Algorithm, Decision, RateLimiter, rate_limit
from foundation.resilience._retry import Attempt, Backoff, Jitter, Retry, RetryPolicy, retry

__all__ = [
    "Algorithm",
    "Attempt",
    "Backoff",
    "Cancellation",
    "CircuitBreaker",
    "CircuitState",
    "Decision",
    "Jitter",
    "Permit",
    "RateLimiter",
    "Retry",
    "RetryPolicy",
    "ScriptedRandom",
    "VirtualClock",
    "circuit_breaker",
    "rate_limit",
    "retry",
]
