"""Names that the Python front end resolves: our runtime's, the builtin error classes, and the module's own."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from foundation_engine.port import ir
from foundation_engine.port.front._reading import Comments
from foundation_engine.port.ir import Type


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name of a pattern's library: the pattern, the name there, and the library's dialect."""

    pattern: str
    name: str
    dialect: str = "foundation"


def _symbols() -> dict[tuple[str, str], Symbol]:
    own = {
        "retry": "retry_with_backoff", "Retry": "retry_with_backoff", "RetryPolicy": "retry_with_backoff",
        "circuit_breaker": "circuit_breaker", "CircuitBreaker": "circuit_breaker",
        "rate_limit": "rate_limiting", "RateLimiter": "rate_limiting",
        "error_boundary": "error_boundary",
        "get_logger": "structured_logging", "Logger": "structured_logging",
        "load_config": "configuration",
        "HttpClient": "http_client", "AsyncHttpClient": "http_client", "HttpResponse": "http_client",
        "register_command": "cli_framework", "App": "cli_framework",
        "run_process": "process_execution", "arun_process": "process_execution", "ProcessResult": "process_execution",
        "atomic_write": "file_operations",
    }  # fmt: skip
    provide = {
        "retry": "retry_with_backoff", "RetryPolicy": "retry_with_backoff", "RetryExecutor": "retry_with_backoff",
        "circuit_breaker": "circuit_breaker", "SyncCircuitBreaker": "circuit_breaker",
        "CircuitBreaker": "circuit_breaker",
        "error_boundary": "error_boundary", "resilient": "error_boundary",
        "get_logger": "structured_logging", "register_command": "cli_framework",
        "run": "process_execution", "async_run": "process_execution",
        "atomic_write_text": "file_operations",
    }  # fmt: skip
    out = {("foundation", n): Symbol(p, n) for n, p in own.items()}
    out |= {("provide", n): Symbol(p, n, "provide") for n, p in provide.items()}
    for n in ("retry", "Retrying", "AsyncRetrying"):
        out["tenacity", n] = Symbol("retry_with_backoff", n, "tenacity")
    out["backoff", "on_exception"] = Symbol("retry_with_backoff", "on_exception", "backoff")
    verbs = ("get", "head", "post", "put", "patch", "delete", "request")
    for library, clients in (("requests", ("Session", "session")), ("httpx", ("Client", "AsyncClient"))):
        out |= {(library, n): Symbol("http_client", n, library) for n in (*verbs, *clients)}
    out |= {("subprocess", n): Symbol("process_execution", n, "subprocess") for n in ("run", "check_output")}
    return out


# What a name imported from a pattern's library is, by the library and the name there.
PATTERN_SYMBOLS: Mapping[tuple[str, str], Symbol] = _symbols()
# Positional parameters of a name; "*exceptions" takes any number of error classes.
PATTERN_POSITIONAL: Mapping[tuple[str, str], tuple[str, ...] | str] = {
    ("foundation", "retry"): "*exceptions",
    ("foundation", "Retry"): "*exceptions",
    ("foundation", "error_boundary"): "*exceptions",
    ("foundation", "circuit_breaker"): (),
    ("foundation", "CircuitBreaker"): ("name",),
    ("foundation", "rate_limit"): ("limit", "period"),
    ("foundation", "RateLimiter"): ("limit", "period"),
    ("foundation", "get_logger"): ("name",),
    ("foundation", "register_command"): ("name", "description"),
    ("foundation", "App"): ("name", "version"),
    ("foundation", "run_process"): ("command",),
    ("foundation", "arun_process"): ("command",),
    ("foundation", "atomic_write"): ("path", "data"),
    ("provide", "retry"): "*exceptions",
    ("provide", "RetryExecutor"): "*exceptions",
    ("provide", "resilient"): (),
    ("provide", "error_boundary"): "*exceptions",
    ("provide", "circuit_breaker"): ("failure_threshold", "recovery_timeout", "expected"),
    ("provide", "SyncCircuitBreaker"): ("failure_threshold", "recovery_timeout", "expected"),
    ("provide", "CircuitBreaker"): ("failure_threshold", "recovery_timeout", "expected"),
    ("provide", "run"): ("command", "cwd", "env"),
    ("provide", "async_run"): ("command", "cwd", "env"),
    ("provide", "atomic_write_text"): ("path", "data"),
}
# The type of the object that a constructor makes; also the types that annotations name.
PATTERN_OBJECTS: Mapping[str, str] = {
    "CircuitBreaker": "CircuitBreaker",
    "SyncCircuitBreaker": "CircuitBreaker",
    "RateLimiter": "RateLimiter",
    "Retry": "RetryPolicy",
    "RetryExecutor": "RetryPolicy",
    "RetryPolicy": "RetryPolicy",
    "Retrying": "RetryPolicy",
    "AsyncRetrying": "RetryPolicy",
    "Logger": "Logger",
    "get_logger": "Logger",
    "HttpClient": "HttpClient",
    "AsyncHttpClient": "HttpClient",
    "App": "App",
}
# Types of objects whose methods and attributes the patterns define.
PATTERN_TYPES = frozenset({*PATTERN_OBJECTS.values(), "HttpResponse", "ProcessResult"})
# Other spellings of the spec's parameters.
PATTERN_ALIASES: Mapping[str, str] = {
    "backoff": "backoff_strategy", "retryable_exceptions": "retryable", "retryable_errors": "retryable",
    "expected_exception": "expected", "failures": "expected",
}  # fmt: skip
# The names of `provide.foundation` for the spec's parameters, where they differ.
PROVIDE_PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "process_execution": {"cmd": "command"},
    "file_operations": {"text": "data"},
    "circuit_breaker": {"expected_exception": "expected"},
    "retry_with_backoff": {"retryable_errors": "retryable"},
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


# Errors of other libraries that have classes of ours with the same meaning.
LIBRARY_ERRORS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("requests", "Timeout"): ("TimeoutError",),
    ("requests", "ReadTimeout"): ("TimeoutError",),
    ("requests", "ConnectTimeout"): ("TimeoutError",),
    ("requests", "ConnectionError"): ("NetworkError",),
    ("requests", "HTTPError"): ("HttpStatusError",),
    ("requests", "TooManyRedirects"): ("HttpError",),
    ("requests", "JSONDecodeError"): ("ValueError",),
    ("requests", "RequestException"): ("NetworkError", "TimeoutError", "HttpError"),
    ("json", "JSONDecodeError"): ("ValueError",),
    ("httpx", "TimeoutException"): ("TimeoutError",),
    ("httpx", "ReadTimeout"): ("TimeoutError",),
    ("httpx", "ConnectTimeout"): ("TimeoutError",),
    ("httpx", "ConnectError"): ("NetworkError",),
    ("httpx", "NetworkError"): ("NetworkError",),
    ("httpx", "TransportError"): ("NetworkError", "TimeoutError"),
    ("httpx", "RequestError"): ("NetworkError", "TimeoutError"),
    ("httpx", "HTTPStatusError"): ("HttpStatusError",),
    ("httpx", "HTTPError"): ("NetworkError", "TimeoutError", "HttpError"),
    ("subprocess", "CalledProcessError"): ("ProcessError",),
    ("subprocess", "TimeoutExpired"): ("ProcessTimeoutError",),
    ("subprocess", "SubprocessError"): ("ProcessError",),
}
# Types of other libraries whose objects are used as ours.
LIBRARY_TYPES: Mapping[tuple[str, str], str] = {
    ("requests", "Response"): "HttpResponse",
    ("requests", "Session"): "HttpClient",
    ("httpx", "Response"): "HttpResponse",
    ("httpx", "Client"): "HttpClient",
    ("httpx", "AsyncClient"): "HttpClient",
    ("subprocess", "CompletedProcess"): "ProcessResult",
}


# The type of paths: that of texts, as a value of its own, because a path is true even when it is empty.
PATH: Type = ir.P(ir.Prim.STR)


# The type of what `urlparse` gives, the text of the address as a value of its own.
ADDRESS: Type = ir.P(ir.Prim.STR)


def foreign_name(module: str, name: str) -> tuple[str, str]:
    """The module and name that an import means; tenacity's RetryError says what our MaxRetriesExceeded says."""
    if module.split(".")[0] == "tenacity" and name == "RetryError":
        return "foundation.errors", "MaxRetriesExceeded"
    return module, name


@dataclass
class Signature:
    """What a call of a function of this module needs to know."""

    params: list[ir.Param]
    result: Type
    is_async: bool = False
    kind: str = "function"
    rest: str = ""  # the parameter that takes any further positional arguments as a list
    named_rest: str = ""  # the parameter that takes any further named arguments as a map
    by_name: frozenset[str] = frozenset()  # parameters behind an asterisk


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
    ordered: bool = False  # a data class whose objects compare by their fields
    order: tuple[
        str, ...
    ] = ()  # the fields by which objects are smaller or greater, where the class says which
    # Members that are not ported, with the reason: a field that has no type here, a method with such a signature.
    lost: dict[str, str] = field(default_factory=dict[str, str])
    made: bool = True  # its objects can be made: nothing that their making needs is lost
    # Its objects compare, or are true or false, in a way that only the source knows.
    opaque: bool = False
    # The type that the members of an enum are of besides, and whether they are shown as their values.
    mixed: Type | None = None
    shown: bool = False


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
    delays: list[ir.Delays] = field(default_factory=list[ir.Delays])
    comments: Comments = field(default_factory=Comments)
    module: str = ""
    # Constants of the module that hold a retry policy, error classes, or an expression that options are made of.
    policies: dict[str, dict[str, ir.Expr]] = field(default_factory=dict[str, dict[str, ir.Expr]])
    decorators: dict[str, dict[str, ir.Expr]] = field(default_factory=dict[str, dict[str, ir.Expr]])
    error_tuples: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    constant_nodes: dict[str, ast.expr] = field(default_factory=dict[str, ast.expr])
    # Functions of the library that come along, by name and the types that stand for its type parameters.
    library: dict[tuple[str, tuple[Type, ...]], ir.Function] = field(
        default_factory=dict[tuple[str, tuple[Type, ...]], ir.Function]
    )
    # Context managers of the module, the methods that setters became, and the functions that methods of enums became.
    managers: dict[str, ast.FunctionDef] = field(default_factory=dict[str, ast.FunctionDef])
    setters: set[str] = field(default_factory=set[str])
    enum_functions: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    # Classes whose objects are context managers, and whether what is entered is the object itself.
    entered: dict[str, bool] = field(default_factory=dict[str, bool])
    aware: bool = False  # what the module calls a datetime has the offset of UTC
    # The comments above regular expressions that have a name.
    regex_comments: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def beside(self, text: str, comments: Comments, module: str) -> Scope:
        """The scope of another file of the package: the same definitions, other imports."""
        return replace(self, text=text, comments=comments, module=module, foreign={}, modules={})

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

    def origin(self, node: ast.expr) -> tuple[str, str]:
        """The library and the name in it that an expression means through the imports of the file, or ("", "")."""
        path = dotted(node) or ""
        head, _, rest = path.partition(".")
        module, name = self.foreign.get(path, ("", ""))
        if rest and head in self.modules:
            module, name = self.modules[head], rest.rpartition(".")[2]
        return module.partition(".")[0], name

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
