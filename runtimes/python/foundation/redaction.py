"""Which names stand for secrets, and how text and values are shown without them (docs/semantics.md, section 8)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

REDACTED = "[REDACTED]"

_ANYWHERE = frozenset(
    [
        "password",
        "passwords",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "secrets",
        "credential",
        "credentials",
        "authorization",
    ]
)
_ENDINGS: tuple[tuple[str, ...], ...] = tuple(
    tuple(ending.split())
    for ending in (
        "token",
        "apikey",
        "api key",
        "accesskey",
        "access key",
        "privatekey",
        "private key",
        "encryption key",
        "signing key",
        "session key",
        "ssh key",
        "cookie",
        "sessionid",
        "session id",
        "ssn",
        "cvv",
        "card number",
        "otp",
        "jwt",
        "bearer",
        "auth",
        "dsn",
        "connection string",
    )
)

_SEPARATORS = re.compile(r"[\x00-/:-@\[-`{-\x7f]+")
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_UPPER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def words(name: str) -> tuple[str, ...]:
    """The lower-case words of a name: `X-APIKey` gives `("x", "api", "key")`."""
    return tuple(
        word.translate(_UPPER) for part in _SEPARATORS.split(name) for word in _BOUNDARY.split(part) if word
    )


@lru_cache(maxsize=4096)
def is_secret(name: str, extra: frozenset[tuple[str, ...]] = frozenset()) -> bool:
    """Whether a field of this name holds a secret; `extra` holds the word lists of further names."""
    found = words(name)
    return (
        not _ANYWHERE.isdisjoint(found)
        or any(found[-len(ending) :] == ending for ending in _ENDINGS)
        or found in extra
    )


def word_lists(names: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """Names in the form that `is_secret` takes as `extra`."""
    return frozenset(words(name) for name in names)


_ASSIGNMENT = re.compile(r"(-{0,2}[^=\s]+?)=(.*)", re.DOTALL)


def redact_command(command: Sequence[str]) -> list[str]:
    """A command line with the values of secret-named options and assignments replaced."""
    shown: list[str] = []
    hide_next = False
    for argument in command:
        if hide_next and not argument.startswith("-"):
            shown.append(REDACTED)
            hide_next = False
            continue
        hide_next = False
        assignment = _ASSIGNMENT.fullmatch(argument)
        if assignment is not None:
            name = assignment[1]
            shown.append(f"{name}={REDACTED}" if is_secret(name) else argument)
            continue
        hide_next = argument.startswith("--") and is_secret(argument)
        shown.append(argument)
    return shown
