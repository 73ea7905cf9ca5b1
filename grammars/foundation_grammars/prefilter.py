"""A byte search that says whether a file is worth parsing: annotation shapes and imports, never topic words.

Every expression starts with a literal, which lets the regex engine skip at memory speed; an alternation of words would
run twenty times slower. The search may say yes to a file without a pattern, never no to a legal one with one.
"""

from __future__ import annotations

import re

from foundation_specs.model import LanguageId

_SNAKE = rb"(?:retry|circuit_breaker|rate_limit|error_boundary|register_command)"
_CAMEL = rb"(?:retry|circuitBreaker|rateLimit|errorBoundary|registerCommand)"

_PYTHON_DECORATOR = re.compile(rb"@(?:[ \t]|\\\r?\n)*(?:\w+[ \t]*\.[ \t]*)*" + _SNAKE + rb"\b")
_PYTHON_IMPORT = re.compile(rb"\b(?:from|import)\b")
_GO_ANNOTATION = re.compile(rb"@" + _CAMEL + rb"\b")
_GO_IMPORT = re.compile(
    rb"foundation(?:-go)?/(?:resilience|errors|logging|config|httpclient|cli|process|files)[\"`]"
)
_RUST_ATTRIBUTE = re.compile(rb"#\s*\[\s*(?:[\w\s]*::\s*)*" + _SNAKE + rb"\b")
_RUST_PATH = re.compile(rb"foundation\s*(?:::|;|as\b|,|\})")
_RUBY_MEMBER = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*(?:&?\.\s*[a-z_]|::)")
_RUBY_ALIAS = re.compile(rb"=\s*(?:::)?$")
_RUBY_KEYWORD = re.compile(rb"retry[ \t]*\(")


def may_hold_pattern(data: bytes, language: LanguageId) -> bool:
    """False only when no occurrence of any pattern can be in `data`."""
    match language:
        case LanguageId.PYTHON:
            return _python_import(data) or _PYTHON_DECORATOR.search(data) is not None
        case LanguageId.GO:
            return _GO_ANNOTATION.search(data) is not None or _GO_IMPORT.search(data) is not None
        case LanguageId.RUST:
            return _rust_path(data) or _RUST_ATTRIBUTE.search(data) is not None
        case LanguageId.RUBY:
            return _ruby_constant(data) or _RUBY_KEYWORD.search(data) is not None


def _rust_path(data: bytes) -> bool:
    """True when a path starts at our crate; `core_foundation::` is another one."""
    return any(
        not (before := data[max(0, match.start() - 1) : match.start()]).isalnum() and before != b"_"
        for match in _RUST_PATH.finditer(data)
    )


def _ruby_constant(data: bytes) -> bool:
    """True when `Foundation` has a member called on it, or is given another name; prose only mentions it."""
    position = data.find(b"Foundation")
    while position >= 0:
        end = position + len(b"Foundation")
        if _RUBY_MEMBER.match(data, end) or _RUBY_ALIAS.search(data[max(0, position - 40) : position]):
            return True
        position = data.find(b"Foundation", end)
    return False


def _python_import(data: bytes) -> bool:
    """True when `foundation` stands on a line that imports, or continues such a line."""
    position = data.find(b"foundation")
    while position >= 0:
        start = max(data.rfind(b"\n", 0, position), data.rfind(b"\r", 0, position)) + 1
        if _PYTHON_IMPORT.search(data, start, position):
            return True
        if data[max(0, start - 3) : start].rstrip(b"\r\n").endswith(b"\\"):
            return True
        position = data.find(b"foundation", position + 1)
    return False
