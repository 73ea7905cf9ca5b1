"""Errors in Rust: one `Error` per module, an enum of the source's classes, or the runtime's own where it is enough."""

# ruff: noqa: E501 - Rust source, which its own formatter lays out.
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.emit._names import pascal
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.passes import Effects, error_tree

if TYPE_CHECKING:
    from foundation_engine.port.emit.rust import RustModule

# Errors of the standard libraries that callers may handle, and the variant of ours.
BUILTIN = {
    "Exception": "Failure", "ValueError": "Value", "LookupError": "Lookup", "KeyError": "Key", "IndexError": "Index",
    "ArithmeticError": "Arithmetic", "ZeroDivisionError": "ZeroDivision", "TypeError": "Type", "RuntimeError": "Runtime",
    "OSError": "Io", "Exit": "Exit",
}  # fmt: skip
# Errors of the runtime: the variant and what it holds.
RUNTIME = {
    "NetworkError": "Network { .. }", "TimeoutError": "Timeout { .. }", "ServiceUnavailable": "ServiceUnavailable { .. }",
    "AuthenticationError": "Authentication { .. }", "ValidationError": "Validation { .. }", "ConfigurationError": "Configuration { .. }",
    "MaxRetriesExceeded": "MaxRetriesExceeded { .. }", "CircuitOpenError": "CircuitOpen { .. }", "RateLimitExceeded": "RateLimitExceeded { .. }",
    "ProcessError": "Process(_)", "ProcessTimeoutError": "ProcessTimeout { .. }", "HttpError": "Http { .. }",
    "HttpStatusError": "HttpStatus(_)", "CancelledError": "Cancelled { .. }",
}  # fmt: skip
# What a variant holds when it is not a message.
HELD = {"OSError": "std::io::Error", "Exit": "foundation::cli::Exit"}
CONSTRUCTORS = {
    "NetworkError": "network", "TimeoutError": "timeout", "ServiceUnavailable": "service_unavailable",
    "AuthenticationError": "authentication", "ValidationError": "validation", "HttpError": "http",
}  # fmt: skip
_LAST_PLAIN = """
/// The error that retries gave up on.
fn last_error(error: Error) -> Error {
    let Error::MaxRetriesExceeded { attempts, cause } = error else {
        return error;
    };
    match cause.downcast() {
        Ok(last) => *last,
        Err(cause) => Error::MaxRetriesExceeded { attempts, cause },
    }
}
"""
_LAST = """
/// The error that retries gave up on.
fn last_error(error: Error) -> Error {
    let Error::Foundation(FoundationError::MaxRetriesExceeded { attempts, cause }) = error else {
        return error;
    };
    let cause = match cause.downcast::<Error>() {
        Ok(last) => return *last,
        Err(cause) => cause,
    };
    match cause.downcast::<FoundationError>() {
        Ok(last) => Error::Foundation(*last),
        Err(cause) => FoundationError::MaxRetriesExceeded { attempts, cause }.into(),
    }
}
"""
_CAUSE_PLAIN = """
/// The error that retries gave up on, looked at.
fn cause_of(error: &Error) -> Option<&Error> {
    error.cause()?.downcast_ref()
}
"""
_CAUSE = """
/// The runtime's error that retries gave up on, looked at.
fn cause_of(error: &Error) -> Option<&FoundationError> {
    let Error::Foundation(error) = error else {
        return None;
    };
    let cause = error.cause()?;
    match cause.downcast_ref::<Error>() {
        Some(Error::Foundation(last)) => Some(last),
        Some(_) => None,
        None => cause.downcast_ref(),
    }
}
"""
_OWN_CAUSE = """
/// The error of this module that retries gave up on, looked at.
fn own_cause_of(error: &Error) -> Option<&Error> {
    let Error::Foundation(error) = error else {
        return None;
    };
    error.cause()?.downcast_ref()
}
"""
_RUNTIME_OBJECT_ERRORS = frozenset({"http_client", "process_execution", "configuration"})


class RustErrors:
    """What a module's functions fail with, and how it is made, matched and shown."""

    def __init__(self, module: ir.Module, effects: Effects, known: Iterable[str] = ()) -> None:
        self.module = module
        self.effects = effects
        self.tree = error_tree(module)
        self.own = [d for d in module.definitions if isinstance(d, ir.ErrorClass)]
        own = {d.name for d in self.own}
        named: set[str] = set()
        bases: set[str] = set()
        patterns = False
        self.listed: set[str] = set()  # classes that a pattern's list of errors names
        for d in module.definitions:
            for n in ir.walk(d):
                match n:
                    case ir.New(cls=cls) if not isinstance(module.find(cls), ir.Class):
                        named.add(cls)
                    case ir.Handler(classes=classes):
                        named.update(classes)
                    case ir.Intrinsic(raises=raises) if raises and raises not in ir.PROGRAM_ERRORS:
                        named.add(raises)
                    case ir.Assign(target=ir.TupleTarget(), value=ir.Expr(type=ir.ListT())):
                        named.add("ValueError")
                    case ir.PatternNew() | ir.PatternOp() | ir.PatternCall():
                        patterns = True
                        self.listed.update(_names(n.arguments.values()))
                    case ir.Function(patterns=uses) if uses:
                        patterns = True
                        for use in uses:
                            self.listed.update(_names(use.arguments.values()))
                    case ir.ErrorClass(base=base):
                        bases.add(base)
                    case _:
                        pass
        self.unknown = any(ir.ANY_ERROR in f.raises for _, f in module.functions()) or any(
            isinstance(d, ir.Protocol)
            or (isinstance(d, ir.Function) and any(isinstance(p.type, ir.FuncT) for p in d.params))
            for d in module.definitions
        )
        self.runtime = patterns or any(
            n in ir.RUNTIME_ERRORS or n == "FoundationError" for n in named | bases
        )
        # A base class is matched by its subclasses, and is a variant only when it is made itself.
        made = {n.cls for d in module.definitions for n in ir.walk(d) if isinstance(n, ir.New)}
        raised = {
            n.raises
            for d in module.definitions
            for n in ir.walk(d)
            if isinstance(n, ir.Intrinsic) and n.raises and n.raises not in ir.PROGRAM_ERRORS
        }
        self.builtin = {
            n
            for n in (made | raised | {h for h in named if h not in ir.PROGRAM_ERRORS or h in made})
            if n in BUILTIN and n not in own
        }
        if "FileNotFoundError" in made | raised | named:
            self.builtin.add("OSError")
        self.builtin |= {*known}
        self.builtin -= {n for n in self.builtin if n in ir.STOPPING_ERRORS}
        if any(
            isinstance(n, ir.PatternOp) and n.pattern_id == "file_operations"
            for d in module.definitions
            for n in ir.walk(d)
        ):
            self.builtin.add("OSError")
        # A service or a callable may fail with errors that only its owner knows.
        self.plain = self.runtime and not self.own and not self.builtin and not self.unknown
        self.reworded = False  # set when an error gets another message
        self.causes: set[str] = set()  # which functions the file has that look at what exhausted retries hold
        self.used = False  # set when something of the file says `Error`

    # Making

    def value(self, rust_text: str, cls: str) -> str:
        """An error of a builtin class with a message, as a value of the module's error type."""
        self.used = True
        if cls == "OSError":
            return f"Error::Io(std::io::Error::other({rust_text}))"
        self.builtin.add(cls)
        return f"Error::{BUILTIN[cls]}({rust_text})"

    @property
    def foundation(self) -> str:
        """The path of the runtime's error."""
        return "Error" if self.plain else "FoundationError"

    def is_own(self, cls: str) -> bool:
        """True for an error class of this module."""
        return any(d.name == cls for d in self.own)

    # Matching

    def variants(self, cls: str) -> list[str]:
        """The patterns that an error of this class or below it matches."""
        return self._variants([cls])

    def _variants(self, classes: Iterable[str], handled: Iterable[str] = ()) -> list[str]:
        wanted = [
            c
            for c in classes
            if c not in ir.PROGRAM_ERRORS or any(self.tree.is_a(b, c) for b in self.builtin)
        ]

        def means(name: str) -> bool:
            return any(self.tree.is_a(name, c) for c in wanted) and not any(
                self.tree.is_a(name, c) for c in handled
            )

        inner = [v for n, v in RUNTIME.items() if means(n)]
        out = [f"Error::{pascal(d.name, initialisms=False)}(_)" for d in self.own if means(d.name)]
        out += [f"Error::{BUILTIN[b]}(_)" for b in sorted(self.builtin) if means(b)]
        if inner and self.runtime:
            if self.plain:
                out += [f"Error::{v}" for v in inner]
            elif len(inner) == len(RUNTIME):
                out.append("Error::Foundation(_)")
            else:
                out.append(f"Error::Foundation({' | '.join(f'FoundationError::{v}' for v in inner)})")
        return out

    def patterns(self, classes: Iterable[str], handled: Iterable[str] = ()) -> list[str]:
        """Patterns for errors of several classes but for those of a handler before; Unsupported when nothing can match."""
        out = self._variants(classes, list(handled))
        if not out:
            raise Unsupported(f"except {', '.join(classes)}, which no error of the port is")
        return out

    def held(self, classes: Iterable[str]) -> tuple[list[str], list[str]]:
        """The patterns of the runtime's errors of these classes, and those of the module's own."""
        runtime = [
            f"{self.foundation}::{v}"
            for n, v in RUNTIME.items()
            if any(self.tree.is_a(n, c) for c in classes)
        ]
        own = [
            v for v in self._variants(classes) if not self.plain and not v.startswith("Error::Foundation(")
        ]
        if not runtime and not own:
            raise Unsupported(f"a test for {', '.join(classes)}, which no error of the port is")
        return runtime, own

    def left(self, handled: Iterable[str]) -> bool:
        """True when an error of the module's type may be of none of these classes."""
        classes = {d.name for d in self.own} | self.builtin | (set(RUNTIME) if self.runtime else set[str]())
        return self.unknown or any(not any(self.tree.is_a(n, c) for c in handled) for n in classes)

    # The type

    def class_of(self, d: ir.ErrorClass) -> str:
        """The class that patterns see: the runtime's nearest, or its own where a list names it."""
        if any(c in self.listed for c in self.tree.ancestors(d.name) if self.is_own(c)):
            return f'Class::Other("{d.name}")'
        nearest = next(
            (c for c in self.tree.ancestors(d.name) if c in RUNTIME or c == "FoundationError"), None
        )
        return f"Class::{nearest}" if nearest else f'Class::Other("{d.name}")'

    def expanded(self, names: list[str]) -> list[str]:
        """The classes of a pattern's list, with those below that patterns see as classes of their own."""
        out = list(names)
        for d in self.own:
            if (
                self.class_of(d).startswith("Class::Other")
                and d.name not in out
                and any(self.tree.is_a(d.name, n) for n in names if n != "Exception")
            ):
                out.append(d.name)
        for n in names:
            out.extend(
                b for b in sorted(self.builtin) if b not in out and n != "Exception" and self.tree.is_a(b, n)
            )
        return out

    def rewording(self) -> list[str]:
        """The source of the function that gives an error another message."""
        if not self.reworded:
            return []
        arms: list[str] = []
        for variant, more in (
            ("Network", "source"),
            ("Timeout", "source"),
            ("Http", "source"),
            ("ServiceUnavailable", ""),
            ("Authentication", ""),
            ("Validation", ""),
        ):
            inner = f"{self.foundation}::{variant} {{ {more + ', ' if more else ''}.. }}"
            made = f"{self.foundation}::{variant} {{ message{', ' + more if more else ''} }}"
            if self.runtime:
                arms.append(
                    f"{inner} => {made},"
                    if self.plain
                    else f"Error::Foundation({inner}) => Error::Foundation({made}),"
                )
        for d in self.own:
            if d.message is None:
                name = pascal(d.name, initialisms=False)
                arms.append(f"Error::{name}(_) => Error::{name}({name}(message)),")
        arms += [
            f"Error::{BUILTIN[b]}(_) => Error::{BUILTIN[b]}(message),"
            for b in sorted(self.builtin)
            if b not in HELD
        ]
        return [
            "/// The same error under another message, where its class has one of its own.",
            "fn with_message(message: String, error: Error) -> Error {",
            "    match error {", *(f"        {a}" for a in arms), "        other => other,", "    }", "}", "",
        ]  # fmt: skip

    def exhausted(self) -> list[str]:
        """The source of the functions that look at what exhausted retries ended with."""
        out: list[str] = []
        if "last_error" in self.causes:
            out += (_LAST_PLAIN if self.plain else _LAST).splitlines()
        if "cause_of" in self.causes:
            out += (_CAUSE_PLAIN if self.plain else _CAUSE).splitlines()
        if "own_cause_of" in self.causes:
            out += _OWN_CAUSE.splitlines()
        return [*out, ""] if out else out

    def definitions(self, rust: RustModule) -> list[str]:
        """The source of the error type."""
        if self.plain or not (self.used or self.own):
            return []
        variants: list[tuple[str, str]] = []
        shown: list[str] = []
        classes: list[str] = []
        for d in self.own:
            name = pascal(d.name, initialisms=False)
            variants.append((name, name))
            classes.append(f"Error::{name}(_) => {self.class_of(d)},")
        messages = [BUILTIN[b] for b in sorted(self.builtin) if b not in HELD]
        for b in sorted(self.builtin):
            variants.append((BUILTIN[b], HELD.get(b, "String")))
            classes.append(
                'Error::Io(_) => Class::Other("OSError"),'
                if b == "OSError"
                else f'Error::{BUILTIN[b]}(_) => Class::Other("{b}"),'
            )
        if self.runtime:
            variants.append(("Foundation", "FoundationError"))
            classes.append("Error::Foundation(error) => error.class(),")
        if self.unknown:
            variants.append(("External", "Box<dyn std::error::Error + Send + Sync>"))
            classes.append('Error::External(_) => Class::Other("Error"),')
        shown = [f"Error::{v}(error) => error.fmt(f)," for v, t in variants if t != "String"]
        if messages:
            shown.append(f"{' | '.join(f'Error::{m}(message)' for m in messages)} => f.write_str(message),")
        lines = [
            "/// What a function of this module can fail with.", "#[derive(Debug)]", "pub enum Error {",
            *(f"    {v}({t})," for v, t in variants), "}", "",
            "impl std::fmt::Display for Error {",
            "    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {",
            "        match self {" if variants else "        match *self {", *(f"            {s}" for s in shown), "        }", "    }", "}", "",
            "impl std::error::Error for Error {}",
        ]  # fmt: skip
        for v, t in variants:
            if t != "String" and not t.startswith("Box<"):
                lines += [
                    "",
                    f"impl From<{t}> for Error {{",
                    f"    fn from(error: {t}) -> Self {{",
                    f"        Error::{v}(error)",
                    "    }",
                    "}",
                ]
        if self.runtime:
            lines += [
                "",
                "impl Classify for Error {",
                "    fn class(&self) -> Class {",
                "        match self {",
                *(f"            {c}" for c in classes),
                "        }",
                "    }",
                "}",
            ]
            rust.uses.update(
                {
                    "foundation::errors::Classify",
                    "foundation::errors::Class",
                    "foundation::errors::Error as FoundationError",
                }
            )
        return lines


def _names(values: Iterable[ir.Expr]) -> set[str]:
    return {e.id for v in values if isinstance(v, ir.ListLit) for e in v.elems if isinstance(e, ir.Name)}
