"""Structured logging: one record is one line of JSON or logfmt, with secrets replaced.

structlog was considered as a base: its renderers cannot give the byte layout that the four languages share,
and its processor chain
costs several times what a record may cost here.
"""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Protocol

from foundation.errors import ConfigurationError
from foundation.logging._format import Extra, json_value, logfmt_key, logfmt_pairs, quote
from foundation.redaction import REDACTED, is_secret, word_lists

__all__ = ["Format", "Level", "Logger", "configure_logging", "get_logger"]


class Level(StrEnum):
    """How important a record is, from the least."""

    TRACE = "trace"
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Format(StrEnum):
    """How a record is written."""

    JSON = "json"
    LOGFMT = "logfmt"


_RANK: dict[str, int] = {level: rank for rank, level in enumerate(Level)}
_RESERVED = frozenset(("timestamp", "level", "logger", "message"))

# A program has few field names, but a hostile one could send many.
_REMEMBERED = 4096


def _unreserved(key: str) -> str:
    return f"{key}_" if key in _RESERVED else key


class TextSink(Protocol):
    """Where lines go: anything with `write`."""

    def write(self, text: str, /) -> object:
        """Take one whole line."""
        ...


class _Output:
    """One stream and its lock; every record is one write of one line."""

    __slots__ = ("_binary", "_buffered", "_lock", "_stream")

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        buffer = getattr(stream, "buffer", None)
        self._binary = isinstance(stream, io.RawIOBase | io.BufferedIOBase)
        if buffer is not None and not self._binary:
            # Straight to the bytes below the text layer: no second encoding, no newline translation.
            stream.flush()
            self._stream = buffer
            self._binary = True
        self._buffered = isinstance(self._stream, io.BufferedIOBase)
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        try:
            data = line.encode()
        except UnicodeEncodeError:
            # A lone surrogate has no UTF-8 form; the record is worth more than the character.
            line = line.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            data = line.encode()
        with self._lock:
            if self._binary:
                self._stream.write(data)
                if self._buffered:
                    self._stream.flush()
            else:
                self._stream.write(line)


class _Settings:
    """What `configure_logging` set; a logger with its own value does not look here."""

    level = Level.INFO
    format = Format.JSON
    timestamps = True
    redact: Extra = frozenset()
    output: _Output | None = None


def configure_logging(
    *,
    level: Level | str = Level.INFO,
    format: Format | str = Format.JSON,  # noqa: A002 - the parameter's name in all four languages.
    timestamps: bool = True,
    redact: Iterable[str] = (),
    stream: Any = None,
) -> None:
    """Set what loggers made afterwards use unless they say otherwise; `stream` is standard error by default.

    A file opened for binary writing with buffering is flushed after each record; a text stream is written
    through its buffer.
    """
    _Settings.level = _member(Level, "level", level)
    _Settings.format = _member(Format, "format", format)
    _Settings.timestamps = timestamps
    _Settings.redact = word_lists(redact)
    _Settings.output = None if stream is None else _Output(stream)


def _member(enum: Any, name: str, value: str) -> Any:
    try:
        return enum(value)
    except ValueError:
        raise ConfigurationError(f"{name} must be one of {', '.join(enum)}, not {value!r}") from None


_stderr_outputs: dict[int, tuple[Any, _Output]] = {}


def _standard_error() -> _Output:
    # pytest and others replace sys.stderr; one output per stream object keeps one lock per stream.
    stream = sys.stderr
    held = _stderr_outputs.get(id(stream))
    if held is None or held[0] is not stream:
        held = _stderr_outputs[id(stream)] = (stream, _Output(stream))
    return held[1]


class _Stamp:
    """The text of the current second, made once a second."""

    second = -1
    text = ""


def _timestamp(wall: int) -> str:
    second, rest = divmod(wall, 1_000_000_000)
    if second == _Stamp.second:
        text = _Stamp.text
    else:
        text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        # Two threads may both write here; each reads its own text, so a record never takes another's second.
        _Stamp.text = text
        _Stamp.second = -1
        _Stamp.second = second
    return f"{text}{rest // 1000:06d}Z"


class Logger:
    """A logger with a name and bound fields; `bind` gives a new one. Thread-safe."""

    __slots__ = (
        "_bound",
        "_extra",
        "_format",
        "_heads",
        "_output",
        "_plain",
        "_rank",
        "_tail",
        "_timestamps",
        "_wall",
        "name",
    )

    def __init__(
        self,
        name: str,
        *,
        level: Level | str | None = None,
        format: Format | str | None = None,  # noqa: A002 - the parameter's name in all four languages.
        timestamps: bool | None = None,
        redact: Iterable[str] | None = None,
        stream: Any = None,
        wall_clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.name = name
        self._rank = _RANK[_Settings.level if level is None else _member(Level, "level", level)]
        self._format = _Settings.format if format is None else _member(Format, "format", format)
        self._timestamps = _Settings.timestamps if timestamps is None else timestamps
        self._extra = _Settings.redact if redact is None else word_lists(redact)
        self._output = _Settings.output if stream is None else _Output(stream)
        self._wall = wall_clock
        self._bound: dict[str, Any] = {}
        self._plain: dict[str, str] = {}
        self._tail = ""
        self._heads = {level: self._head(level) for level in Level}

    def _head(self, level: Level) -> str:
        if self._format is Format.JSON:
            return f'"level":"{level}","logger":{quote(self.name)},"message":'
        return " ".join((f"level={level}", *logfmt_pairs("logger", self.name, self._extra))) + " "

    def bind(self, **fields: Any) -> Logger:
        """A logger that adds these fields to each record; this one is unchanged."""
        new = object.__new__(Logger)
        for slot in Logger.__slots__:
            setattr(new, slot, getattr(self, slot))
        new._bound = {**self._bound, **fields}
        new._tail = new._fields(new._bound)
        return new

    def is_enabled(self, level: Level | str) -> bool:
        """Whether a record of this level would be written."""
        return _RANK[level] >= self._rank

    def _fields(self, fields: dict[str, Any]) -> str:
        """The text after the message, each field with its separator in front."""
        parts: list[str] = []
        if self._format is Format.JSON:
            plain = self._plain
            for key, value in fields.items():
                start = plain.get(key)
                if start is None:
                    start = self._start(key)
                    if start is None:
                        parts.append(f',{quote(_unreserved(key))}:"{REDACTED}"')
                        continue
                kind = type(value)  # pyright: ignore[reportUnknownVariableType] - any value may be logged.
                if kind is str:
                    parts.append(start + quote(value))
                elif kind is int:
                    parts.append(start + int.__repr__(value))
                else:
                    parts.append(start + json_value(value, self._extra))
        else:
            extra = self._extra
            for key, value in fields.items():
                key = _unreserved(key)
                shown = logfmt_key(key)
                if is_secret(key, extra):
                    parts.append(f" {shown}={REDACTED}")
                else:
                    parts += (f" {pair}" for pair in logfmt_pairs(shown, value, extra))
        return "".join(parts)

    def _start(self, key: str) -> str | None:
        """The text before a field's value, remembered for the next record; None for a secret."""
        written = _unreserved(key)
        if is_secret(written, self._extra):
            return None
        start = f",{quote(written)}:"
        if len(self._plain) < _REMEMBERED:
            self._plain[key] = start
        return start

    def log(self, level: Level | str, message: str, /, **fields: Any) -> None:
        """Write a record, unless its level is below the logger's."""
        rank = _RANK.get(level)
        if rank is None:
            rank = _RANK[_member(Level, "level", level)]
        if rank >= self._rank:
            self._write(level, message, fields)

    def _write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        if not fields:
            tail = self._tail
        elif not self._bound:
            tail = self._fields(fields)
        elif self._bound.keys().isdisjoint(fields):
            tail = self._tail + self._fields(fields)
        else:
            tail = self._fields({**self._bound, **fields})
        if type(message) is not str:
            message = str(message)
        if self._format is Format.JSON:
            start = f'{{"timestamp":"{_timestamp(self._wall())}",' if self._timestamps else "{"
            line = f"{start}{self._heads[level]}{quote(message)}{tail}}}\n"  # type: ignore[index]
        else:
            start = f"timestamp={_timestamp(self._wall())} " if self._timestamps else ""
            (shown,) = logfmt_pairs("message", message, self._extra)
            line = f"{start}{self._heads[level]}{shown}{tail}\n"  # type: ignore[index]
        (self._output or _standard_error()).write(line)

    def trace(self, message: str, /, **fields: Any) -> None:
        """Write a record of level `trace`."""
        if self._rank <= 0:
            self._write("trace", message, fields)

    def debug(self, message: str, /, **fields: Any) -> None:
        """Write a record of level `debug`."""
        if self._rank <= 1:
            self._write("debug", message, fields)

    def info(self, message: str, /, **fields: Any) -> None:
        """Write a record of level `info`."""
        if self._rank <= 2:
            self._write("info", message, fields)

    def warning(self, message: str, /, **fields: Any) -> None:
        """Write a record of level `warning`."""
        if self._rank <= 3:
            self._write("warning", message, fields)

    def error(self, message: str, /, **fields: Any) -> None:
        """Write a record of level `error`."""
        if self._rank <= 4:
            self._write("error", message, fields)

    def critical(self, message: str, /, **fields: Any) -> None:
        """Write a record of level `critical`."""
        self._write("critical", message, fields)

    def exception(self, message: str, /, **fields: Any) -> None:
        """Write a record of level `error` with the exception being handled: its class, message and traceback."""
        error = sys.exception() if sys.version_info >= (3, 12) else sys.exc_info()[1]
        if error is not None:
            import traceback  # Here and not above: it is a third of what the logger would cost to import.

            fields = {
                **fields,
                "error": type(error).__name__,
                "error_message": str(error),
                "traceback": "".join(traceback.format_exception(error)),
            }
        self.error(message, **fields)


def get_logger(name: str, **parameters: Any) -> Logger:
    """A logger with this name; takes the parameters of `Logger`."""
    return Logger(name, **parameters)
