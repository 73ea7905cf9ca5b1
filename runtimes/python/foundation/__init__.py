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

_HOMES = {
    "cli": "App Exit register_command",
    "clock": "Cancellation ScriptedRandom SystemClock VirtualClock",
    "config": "field load_config",
    "errors": (
        "AuthenticationError CancelledError CircuitOpenError ConfigurationError ErrorBoundary FoundationError HttpError "
        "HttpStatusError MaxRetriesExceeded NetworkError ProcessError ProcessTimeoutError RateLimitExceeded "
        "ServiceUnavailable TimeoutError ValidationError error_boundary"
    ),
    "files": "AtomicFile atomic_write",
    "http": "AsyncHttpClient HttpClient HttpResponse",
    "logging": "Logger configure_logging get_logger",
    "process": "arun_process run_process stream_process",
    "resilience": (
        "Backoff CircuitBreaker CircuitState Jitter RateLimiter Retry RetryPolicy circuit_breaker rate_limit retry"
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [  # noqa: PLE0604, RUF022 # pyright: ignore[reportUnsupportedDunderAll] - one list of names, kept above.
    *sorted(_HOME_OF)
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
