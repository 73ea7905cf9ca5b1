"""Names that the Python front end resolves: our runtime's, the builtin error classes, and the module's own."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from foundation_engine.port import ir
from foundation_engine.port.ir import Type

# What a name imported from the runtime is. `provide.foundation` is read as the same names.
PATTERN_NAMES: Mapping[str, str] = {
    "retry": "retry_with_backoff",
    "Retry": "retry_with_backoff",
    "RetryPolicy": "retry_with_backoff",
    "circuit_breaker": "circuit_breaker",
    "CircuitBreaker": "circuit_breaker",
    "rate_limit": "rate_limiting",
    "RateLimiter": "rate_limiting",
    "error_boundary": "error_boundary",
    "get_logger": "structured_logging",
    "Logger": "structured_logging",
    "load_config": "configuration",
    "HttpClient": "http_client",
    "register_command": "cli_framework",
    "run_process": "process_execution",
    "atomic_write": "file_operations",
}
# Positional parameters of each pattern; "*exceptions" takes any number of error classes.
PATTERN_POSITIONAL: Mapping[str, tuple[str, ...] | str] = {
    "retry_with_backoff": "*exceptions",
    "error_boundary": "*exceptions",
    "structured_logging": ("name",),
    "cli_framework": ("name",),
    "process_execution": ("command",),
    "file_operations": ("path", "data"),
}
# The type of the object that a pattern's constructor makes.
PATTERN_OBJECTS: Mapping[str, str] = {
    "circuit_breaker": "CircuitBreaker",
    "rate_limiting": "RateLimiter",
    "retry_with_backoff": "Retry",
    "structured_logging": "Logger",
    "http_client": "HttpClient",
}
# Builtin error classes that have a class of ours with the same meaning.
BUILTIN_ERRORS: Mapping[str, str] = {
    "ConnectionError": "NetworkError",
    "ConnectionRefusedError": "NetworkError",
    "ConnectionResetError": "NetworkError",
    "BaseException": "Exception",
    "IOError": "OSError",
    "EnvironmentError": "OSError",
}


def foreign_name(module: str, name: str) -> tuple[str, str]:
    """The module and name that an import means; `provide.foundation` is our runtime's other spelling."""
    if module == "provide.foundation" or module.startswith("provide.foundation."):
        module = module.removeprefix("provide.")
    return module, name


@dataclass
class Comments:
    """Comments by line: those that stand alone, and those that trail code."""

    standing: dict[int, str] = field(default_factory=dict[int, str])
    trailing: dict[int, str] = field(default_factory=dict[int, str])

    def above(self, line: int, floor: int = 0) -> list[str]:
        """The block of standing comments that ends just above `line`."""
        found: list[str] = []
        at = line - 1
        while at > floor and at in self.standing:
            found.append(self.standing[at])
            at -= 1
        return found[::-1]


@dataclass
class Signature:
    """What a call of a function of this module needs to know."""

    params: list[ir.Param]
    result: Type
    is_async: bool = False
    kind: str = "function"


@dataclass
class ClassInfo:
    """What uses of a class of this module need to know, before bodies are lowered."""

    kind: str  # dataclass, plain, enum, protocol, error, derived, generic
    fields: dict[str, Type] = field(default_factory=dict[str, Type])
    init: list[ir.Param] = field(default_factory=list[ir.Param])
    methods: dict[str, Signature] = field(default_factory=dict[str, Signature])
    members: dict[str, object] = field(default_factory=dict[str, object])
    base: str = ""
    frozen: bool = False


@dataclass
class Scope:
    """Names of the module as later lowering sees them."""

    text: str
    foreign: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    modules: dict[str, str] = field(default_factory=dict[str, str])
    classes: dict[str, ClassInfo] = field(default_factory=dict[str, ClassInfo])
    functions: dict[str, Signature] = field(default_factory=dict[str, Signature])
    constants: dict[str, Type] = field(default_factory=dict[str, Type])
    differences: list[str] = field(default_factory=list[str])
    comments: Comments = field(default_factory=Comments)

    def differ(self, sentence: str) -> None:
        """Record a difference in semantics, once."""
        if sentence not in self.differences:
            self.differences.append(sentence)

    def error_base(self, name: str) -> str | None:
        """The base of an error class known here, or None when it is not an error class."""
        info = self.classes.get(name)
        if info is not None and info.kind == "error":
            return info.base
        return ir.ERROR_BASES.get(name)

    def source(self, node: ast.AST) -> str:
        """The source text of a node."""
        return ast.get_source_segment(self.text, node) or ""


def dotted(node: ast.AST) -> str | None:
    """`a.b.c` for a chain of names, else None."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else None
    return None
