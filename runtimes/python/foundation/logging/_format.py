"""One record as one line of JSON or logfmt, byte for byte the same in every language (docs/semantics.md, section 8)."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from typing import Any, cast

from foundation.redaction import REDACTED, is_secret

DEEPEST = 16
TOO_DEEP = "[too deep]"

Extra = frozenset[tuple[str, ...]]

quote: Callable[[str], str] = encode_basestring  # The C encoder escapes exactly what section 8 says.

_BARE = re.compile(r'[^\x00-\x20"=\\\x7f]+')
_KEY_UNSAFE = re.compile(r'[\x00-\x20"=\x7f]')
_REDACTED_JSON = quote(REDACTED)
_LITERALS = {None: "null", True: "true", False: "false"}


def number(value: float) -> str:
    """A float as ECMAScript prints it; NaN and the infinities as JSON strings."""
    if value != value:
        return '"NaN"'
    if value in (float("inf"), float("-inf")):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    if value == 0:
        return "0"
    text = repr(abs(value))
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    # The decimal point stands before digit number `point`.
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    shown = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{sign}{shown}e{point - 1:+d}"


def json_value(value: Any, extra: Extra, depth: int = 1) -> str:
    """A value as JSON text, redacted below."""
    kind = type(value)  # pyright: ignore[reportUnknownVariableType] - any value may be logged.
    if kind is str:
        return quote(value)
    if kind is int:
        return int.__repr__(value)
    if value is None or kind is bool:
        return _LITERALS[value]
    if kind is float:
        return number(value)
    if isinstance(value, Mapping):
        if depth > DEEPEST:
            return quote(TOO_DEEP)
        members = _sorted_members(cast("Mapping[Any, Any]", value))
        return (
            "{"
            + ",".join(
                f"{quote(k)}:{_REDACTED_JSON if is_secret(k, extra) else json_value(v, extra, depth + 1)}"
                for k, v in members
            )
            + "}"
        )
    if isinstance(value, list | tuple | set | frozenset):
        if depth > DEEPEST:
            return quote(TOO_DEEP)
        items = cast("list[Any]", value)
        return "[" + ",".join(json_value(item, extra, depth + 1) for item in items) + "]"
    return _other(value)


def _sorted_members(value: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    named = [(k if isinstance(k, str) else str(k), v) for k, v in value.items()]
    return sorted(named, key=lambda member: member[0].encode("utf-8", "surrogatepass"))


def _other(value: Any) -> str:
    if isinstance(value, str):
        return quote(str(value))
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return number(float(value))
    if "datetime" in sys.modules:
        # A program that has not imported datetime has no dates to log.
        from datetime import UTC, date, datetime

        if isinstance(value, datetime):
            moment = value if value.tzinfo is not None else value.astimezone()
            return quote(moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        if isinstance(value, date):
            return quote(value.isoformat())
    if isinstance(value, bytes):
        return quote(value.decode("utf-8", "replace"))
    try:
        return quote(str(value))
    except Exception:  # noqa: BLE001 - a broken __str__ must not lose the record.
        return quote(f"<{type(value).__name__}>")


def _text(text: str) -> str:
    return text if _BARE.fullmatch(text) else quote(text)


def logfmt_key(key: str) -> str:
    """A key without the characters that end a logfmt key."""
    return _KEY_UNSAFE.sub("_", key) or "_"


def logfmt_pairs(key: str, value: Any, extra: Extra, depth: int = 1) -> list[str]:
    """A field as `key=value` texts; a mapping gives one for each member."""
    if isinstance(value, Mapping):
        if depth > DEEPEST:
            return [f"{key}={_text(TOO_DEEP)}"]
        members = _sorted_members(cast("Mapping[Any, Any]", value))
        if not members:
            return [f"{key}={{}}"]
        pairs: list[str] = []
        for k, v in members:
            inner = f"{key}.{logfmt_key(k)}"
            if is_secret(k, extra):
                pairs.append(f"{inner}={REDACTED}")
            else:
                pairs += logfmt_pairs(inner, v, extra, depth + 1)
        return pairs
    if isinstance(value, str):
        return [f"{key}={_text(str(value))}"]
    text = json_value(value, extra, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return [f"{key}={_text(text)}"]
    # What json_value wrote as a string is text again; numbers and literals are bare.
    return [f"{key}={_text(_unquoted(text))}" if text.startswith('"') else f"{key}={text}"]


def _unquoted(text: str) -> str:
    import json

    return cast("str", json.loads(text, strict=False))
