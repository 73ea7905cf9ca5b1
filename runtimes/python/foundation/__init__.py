"""Ten infrastructure patterns that behave the same in Python, Go, Rust and Ruby.

Every public name is importable from here; the module behind it is imported when the name is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foundation.cli import App, Exit, register_command
    from foundation.clock import Cancellation, ScriptedRandom, SystemClock, VirtualClock
    from foundation.config import field, load_config
    from foundation.errors import (
        AuthenticationError,
        CancelledError,
        CircuitOpenError,
        ConfigurationError,
        ErrorBoundary,
        FoundationError,
        HttpError,
        HttpStatusError,
        MaxRetriesExceeded,
        NetworkError,
        ProcessError,
        ProcessTimeoutError,
        RateLimitExceeded,
        ServiceUnavailable,
        TimeoutError,  # noqa: A004 - the pattern's own name.
        ValidationError,
        error_boundary,
    )
    from foundation.files import AtomicFile, atomic_write
    from foundation.http import AsyncHttpClient, HttpClient, HttpResponse
    from foundation.logging import Logger, configure_logging, get_logger
    from foundation.process import arun_process, run_process, stream_process
    from foundation.resilience import (
        Backoff,
        CircuitBreaker,
        CircuitState,
        Jitter,
        RateLimiter,
        Retry,
        RetryPolicy,
        circuit_breaker,
        rate_limit,
        retry,
    )

__version__ = "0.1.0"

_HOME_OF = {
    "App": "cli",
    "Exit": "cli",
    "register_command": "cli",
    "Cancellation": "clock",
    "ScriptedRandom": "clock",
    "SystemClock": "clock",
    "VirtualClock": "clock",
    "field": "config",
    "load_config": "config",
    "AuthenticationError": "errors",
    "CancelledError": "errors",
    "CircuitOpenError": "errors",
    "ConfigurationError": "errors",
    "ErrorBoundary": "errors",
    "FoundationError": "errors",
    "HttpError": "errors",
    "HttpStatusError": "errors",
    "MaxRetriesExceeded": "errors",
    "NetworkError": "errors",
    "ProcessError": "errors",
    "ProcessTimeoutError": "errors",
    "RateLimitExceeded": "errors",
    "ServiceUnavailable": "errors",
    "TimeoutError": "errors",
    "ValidationError": "errors",
    "error_boundary": "errors",
    "AtomicFile": "files",
    "atomic_write": "files",
    "AsyncHttpClient": "http",
    "HttpClient": "http",
    "HttpResponse": "http",
    "Logger": "logging",
    "configure_logging": "logging",
    "get_logger": "logging",
    "arun_process": "process",
    "run_process": "process",
    "stream_process": "process",
    "Backoff": "resilience",
    "CircuitBreaker": "resilience",
    "CircuitState": "resilience",
    "Jitter": "resilience",
    "RateLimiter": "resilience",
    "Retry": "resilience",
    "RetryPolicy": "resilience",
    "circuit_breaker": "resilience",
    "rate_limit": "resilience",
    "retry": "resilience",
}

__all__ = [
    "App",
    "AsyncHttpClient",
    "AtomicFile",
    "AuthenticationError",
    "Backoff",
    "Cancellation",
    "CancelledError",
    "CircuitBreaker",
    "CircuitOpenError",
    "CircuitState",
    "ConfigurationError",
    "ErrorBoundary",
    "Exit",
    "FoundationError",
    "HttpClient",
    "HttpError",
    "HttpResponse",
    "HttpStatusError",
    "Jitter",
    "Logger",
    "MaxRetriesExceeded",
    "NetworkError",
    "ProcessError",
    "ProcessTimeoutError",
    "RateLimitExceeded",
    "RateLimiter",
    "Retry",
    "RetryPolicy",
    "ScriptedRandom",
    "ServiceUnavailable",
    "SystemClock",
    "TimeoutError",
    "ValidationError",
    "VirtualClock",
    "arun_process",
    "atomic_write",
    "circuit_breaker",
    "configure_logging",
    "error_boundary",
    "field",
    "get_logger",
    "load_config",
    "rate_limit",
    "register_command",
    "retry",
    "run_process",
    "stream_process",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'foundation' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"foundation.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
