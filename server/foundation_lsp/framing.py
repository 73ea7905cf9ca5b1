"""The `Content-Length` framing of messages, read from any stream of bytes."""

from __future__ import annotations

from collections.abc import Iterator

# No editor sends a message near this size; a header that claims more is garbage or an attack on our memory.
LARGEST_MESSAGE = 256 * 1024 * 1024
_LONGEST_HEADER = 64 * 1024


class FramingError(ValueError):
    """The stream does not hold messages; nothing after this point can be understood."""


class MessageReader:
    """Cuts bytes into message bodies; header names are read in any case and unknown headers are passed over."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bodies that are complete after `data`.

        Raises:
            FramingError: a header without an end, or a length that is no number or beyond LARGEST_MESSAGE.
        """
        self._buffer += data
        while True:
            if self._length is None:
                self._length = self._read_header()
            if self._length is None or len(self._buffer) < self._length:
                return
            body = bytes(self._buffer[: self._length])
            del self._buffer[: self._length]
            self._length = None
            yield body

    def _read_header(self) -> int | None:
        """The length that the next header announces, which is consumed; None while it is incomplete."""
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > _LONGEST_HEADER:
                    raise FramingError("no end of header in the first 64 KiB")
                return None
            fields = bytes(self._buffer[:end]).split(b"\r\n")
            del self._buffer[: end + 4]
            for field in fields:
                name, _, value = field.partition(b":")
                if name.strip().lower() == b"content-length":
                    return _length(value)
            # A header without a length announces no body: read the next one.


def _length(value: bytes) -> int:
    digits = value.strip()
    if not digits.isdigit() or int(digits) > LARGEST_MESSAGE:
        raise FramingError(f"Content-Length is {digits[:40]!r}, expected a number up to {LARGEST_MESSAGE}")
    return int(digits)


def frame(body: bytes) -> bytes:
    """A message ready to be written."""
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
