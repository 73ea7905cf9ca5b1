"""The place where an error is logged once and then passed on or replaced (docs/semantics.md, section 7)."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from foundation.logging import Logger

P = ParamSpec("P")
T = TypeVar("T")


class ErrorBoundary:
    """A decorator for functions and coroutine functions, and a context manager.

    As a context manager with `reraise=False` it swallows what it catches; a fallback has a meaning only for functions.
    """

    def __init__(
        self,
        *positional: type[BaseException],
        catch: Iterable[type[BaseException]] | type[BaseException] | None = None,
        reraise: bool = True,
        fallback: Any = None,
        log_errors: bool = True,
        context: Mapping[str, Any] | None = None,
        name: str | None = None,
        logger: Logger | None = None,
    ) -> None:
        from foundation.errors import ConfigurationError, matching_classes

        if positional and catch is not None:
            raise ConfigurationError("give the errors to catch once: positional or as `catch`")
        classes: Iterable[type[BaseException]]
        if catch is None:
            classes = positional or (Exception,)
        else:
            classes = (catch,) if isinstance(catch, type) else catch
        self._catch = matching_classes(tuple(classes))
        self._reraise = reraise
        self._fallback = fallback
        self._log_errors = log_errors
        self._context = dict(context or {})
        self._name = name
        self._logger = logger

    def catches(self, error: BaseException) -> bool:
        """Whether this error is the boundary's business; cancellation and exit never are."""
        from foundation.errors import is_cancellation_or_exit

        return isinstance(error, self._catch) and not is_cancellation_or_exit(error)

    def note(self, error: BaseException) -> None:
        """Write the record; a logger that fails must not hide the error, so its failure is dropped."""
        if not self._log_errors:
            return
        fields: dict[str, Any] = {
            "boundary": self._name or "boundary",
            "error": type(error).__name__,
            "error_message": str(error),
        }
        if self._context:
            fields["context"] = dict(self._context)
        with contextlib.suppress(Exception):
            logger = self._logger
            if logger is None:
                from foundation.logging import get_logger

                logger = get_logger("foundation.errors")
            logger.log("error", "error caught", **fields)

    def __enter__(self) -> ErrorBoundary:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> bool:
        if error is None or not self.catches(error):
            return False
        self.note(error)
        return not self._reraise

    async def __aenter__(self) -> ErrorBoundary:
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> bool:
        return self.__exit__(kind, error, trace)

    def __call__(self, operation: Callable[P, T]) -> Callable[P, T]:
        if self._name is None:
            self._name = operation.__qualname__
        import inspect  # Here, because loggers and errors need no more than the classes.

        if inspect.iscoroutinefunction(operation):

            @functools.wraps(operation)
            async def run_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                with self:
                    return await operation(*args, **kwargs)
                return self._fallback  # pyright: ignore[reportUnreachable] - reached when the boundary swallows an error.

            return cast("Callable[P, T]", run_async)

        @functools.wraps(operation)
        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            with self:
                return operation(*args, **kwargs)
            return self._fallback  # pyright: ignore[reportUnreachable] - reached when the boundary swallows an error.

        return run


def error_boundary(*arguments: Any, **parameters: Any) -> Any:
    """An `ErrorBoundary`: bare as a decorator, with the errors to catch as positional arguments, or with keywords."""
    if len(arguments) == 1 and not parameters and not isinstance(arguments[0], type):
        return ErrorBoundary()(arguments[0])
    return ErrorBoundary(*arguments, **parameters)
