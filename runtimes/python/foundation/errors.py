"""The error classes of every pattern, and the boundary at which errors are logged, passed on or replaced.

FoundationError
├── NetworkError               (also a ConnectionError)
├── TimeoutError               (also the built-in TimeoutError)
├── ServiceUnavailable
├── AuthenticationError
├── ValidationError            (also a ValueError)
├── ConfigurationError         (also a ValueError)
├── CancelledError
├── MaxRetriesExceeded
├── CircuitOpenError
├── RateLimitExceeded
├── ProcessError
│   └── ProcessTimeoutError
└── HttpError
    └── HttpStatusError
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foundation.config import ConfigProblem
    from foundation.http import HttpResponse


class FoundationError(Exception):
    """The root of every error that this library raises."""


class NetworkError(FoundationError, ConnectionError):
    """A peer could not be reached, or the connection broke."""


class TimeoutError(FoundationError, builtins.TimeoutError):  # noqa: A001 - the pattern's own name.
    """An operation took longer than it was allowed to."""


class ServiceUnavailable(FoundationError):  # noqa: N818 - the RFC's name.
    """A service answered that it cannot serve for now."""


class AuthenticationError(FoundationError):
    """Who asks is unknown or may not ask; trying again does not help."""


class ValidationError(FoundationError, ValueError):
    """A value that was handed over is not acceptable; trying again does not help."""


class ConfigurationError(FoundationError, ValueError):
    """A policy or a configuration is not usable; `problems` lists every reason found, when there are several."""

    def __init__(self, message: str, problems: Sequence[ConfigProblem] = ()) -> None:
        super().__init__(message)
        self.problems: tuple[ConfigProblem, ...] = tuple(problems)


class CancelledError(FoundationError):
    """The caller gave up; `cause` is the last error before that, or None."""

    def __init__(self, message: str = "cancelled", cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.cause = cause


class MaxRetriesExceeded(FoundationError):  # noqa: N818 - the RFC's name.
    """Every attempt failed with an error worth retrying; `cause` is the last one."""

    def __init__(self, attempts: int, cause: BaseException) -> None:
        super().__init__(f"gave up after {attempts} attempt{'s' * (attempts != 1)}: {_named(cause)}")
        self.attempts = attempts
        self.cause = cause

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.attempts, self.cause)


class CircuitOpenError(FoundationError):
    """A breaker refused the call; `retry_after` is in nanoseconds, 0 when the breaker is busy probing."""

    def __init__(self, name: str, retry_after: int) -> None:
        super().__init__(f"circuit {name!r} is open; try again in {retry_after / 1e9:g} s")
        self.name = name
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.retry_after)


class RateLimitExceeded(FoundationError):  # noqa: N818 - the pattern's name in all four languages.
    """A limiter refused; the same request is admitted after `retry_after` nanoseconds, if nobody else comes first."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"rate limit exceeded; try again in {retry_after / 1e9:g} s")
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.retry_after,)


class ProcessError(FoundationError):
    """A process could not be started or ended with a code other than 0.

    `exit_code` is 127 when the program was not found, 126 when it could not be executed, and 128 + `signal`
    when a signal
    ended it. `command` is as given; the message shows it with secrets replaced.
    """

    def __init__(
        self,
        message: str,
        *,
        command: Sequence[str] = (),
        exit_code: int | None = None,
        signal: int | None = None,
        stdout: bytes = b"",
        stderr: bytes = b"",
    ) -> None:
        super().__init__(message)
        self.command = tuple(command)
        self.exit_code = exit_code
        self.signal = signal
        self.stdout_bytes = stdout
        self.stderr_bytes = stderr

    @property
    def stdout(self) -> str:
        """What the process had written to standard output, as text."""
        return self.stdout_bytes.decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        """What the process had written to standard error, as text."""
        return self.stderr_bytes.decode("utf-8", "replace")


class ProcessTimeoutError(ProcessError):
    """A process ran longer than `timeout` nanoseconds; `escalated` says whether it needed SIGKILL."""

    def __init__(self, message: str, *, timeout: int = 0, escalated: bool = False, **details: Any) -> None:
        super().__init__(message, **details)
        self.timeout = timeout
        self.escalated = escalated


class HttpError(FoundationError):
    """A request could not be completed for a reason that trying again does not mend."""


class HttpStatusError(HttpError):
    """The answer has a status of 400 or more; `response` is the whole answer."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(f"{response.request_method} {response.url} answered {response.status}")
        self.response = response
        self.status: int = response.status


def _named(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


#: Errors that mean "this program is wrong": no pattern retries them.
PROGRAMMING_ERRORS: tuple[type[Exception], ...] = (
    TypeError,
    AttributeError,
    NameError,
    AssertionError,
    NotImplementedError,
    SyntaxError,
    ImportError,
)


def is_cancellation_or_exit(error: BaseException) -> bool:
    """Whether an error is the caller's wish to stop, which no pattern may swallow, log, retry or count.

    asyncio's own `CancelledError` is among those that are no `Exception`.
    """
    return isinstance(error, CancelledError) or not isinstance(error, Exception)


# The built-in classes stand for the same thing as ours, so a list that names ours means them as well.
_NATIVE: dict[type[BaseException], type[BaseException]] = {
    NetworkError: ConnectionError,
    TimeoutError: builtins.TimeoutError,
}


def matching_classes(classes: Sequence[type[BaseException]]) -> tuple[type[BaseException], ...]:
    """The classes that an `isinstance` test for a list of errors must name, native equivalents included."""
    native = tuple(_NATIVE[c] for c in classes if c in _NATIVE)
    return tuple(classes) + native


# At the end, because the boundary needs the classes above.
from foundation._boundary import ErrorBoundary, error_boundary  # noqa: E402

__all__ = [
    "PROGRAMMING_ERRORS",
    "AuthenticationError",
    "CancelledError",
    "CircuitOpenError",
    "ConfigurationError",
    "ErrorBoundary",
    "FoundationError",
    "HttpError",
    "HttpStatusError",
    "MaxRetriesExceeded",
    "NetworkError",
    "ProcessError",
    "ProcessTimeoutError",
    "RateLimitExceeded",
    "ServiceUnavailable",
    "TimeoutError",
    "ValidationError",
    "error_boundary",
    "is_cancellation_or_exit",
    "matching_classes",
]
