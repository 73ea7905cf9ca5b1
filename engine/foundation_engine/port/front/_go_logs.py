"""Lines that `log/slog` and `log` write as the runtime's structured logging."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port import ir
from foundation_engine.port.front._go_types import ERROR, STRING, VOID, GoType, Named, Pointer

if TYPE_CHECKING:
    from foundation_engine.port.front._go_expr import ExpressionLowerer, V

SLOG = "log/slog"
SLOG_LOGGER = Pointer(Named(f"{SLOG}.Logger"))
_LEVELS = {"Debug": "debug", "Info": "info", "Warn": "warning", "Error": "error"}
_ATTRIBUTES = frozenset({"String", "Int", "Int64", "Uint64", "Float64", "Bool", "Any"})
_HANDLERS = {"NewJSONHandler": "json", "NewTextHandler": "logfmt"}
_NAMES = ("logger", "package_logger", "default_logger")
_SHAPE = (
    "Log lines have the runtime's shape and go where it writes them: `message`, `level` and `timestamp` stand where"
    " log/slog has `msg`, `level` and `time`."
)
_PLAIN = "What the package log prints is logged by a structured logger, at the level info."


def function(
    low: ExpressionLowerer, path: str, name: str, args: list[SyntaxNode], node: SyntaxNode
) -> V | None:
    """A call of a function of the two packages, None for another one."""
    if path == "log" and name in ("Print", "Println", "Printf"):
        low.p.differ(_PLAIN)
        op = _written(_default(low, node), "info", _printed(low, name, args, node), [], low.p.line(node))
        return _v(op, VOID)
    if path != SLOG:
        return None
    level = _LEVELS.get(name.removesuffix("Context"))
    if level is not None:
        return _line(low, _default(low, node), level, args, node)
    if name in ("Default", "With"):
        base = _v(_default(low, node), SLOG_LOGGER)
        return base if name == "Default" else method(low, base, name, args, node)
    if name == "New" and len(args) == 1:
        given = {"name": ir.Lit(low.p.name, type=ir.STR), **_handler(low, args[0])}
        low.p.differ(_SHAPE)
        made = ir.PatternNew("structured_logging", given, line=low.p.line(node))
        made.type = ir.NamedT("Logger")
        return _v(made, SLOG_LOGGER)
    return None


def method(low: ExpressionLowerer, obj: V, name: str, args: list[SyntaxNode], node: SyntaxNode) -> V | None:
    """A method of a `*slog.Logger`, None for another type."""
    if obj.go != SLOG_LOGGER:
        return None
    e = low.present_value(obj).expr
    level = _LEVELS.get(name.removesuffix("Context"))
    if level is not None:
        return _line(low, e, level, args, node)
    if name != "With":
        raise low.p.unsupported(f"the method {name} of a logger", node)
    op = ir.PatternOp("structured_logging", e, "bind", [], fields(low, args, node), line=low.p.line(node))
    op.type = ir.NamedT("Logger")
    return _v(op, SLOG_LOGGER)


def fields(low: ExpressionLowerer, args: list[SyntaxNode], node: SyntaxNode) -> list[tuple[str, ir.Expr]]:
    """The named values of a log call: names and values in turn, or attributes of slog."""
    out: list[tuple[str, ir.Expr]] = []
    rest = list(args)
    while rest:
        key = rest.pop(0)
        if (pair := _attribute(low, key)) is not None:
            key, value = pair
        elif rest:
            value = rest.pop(0)
        else:
            raise low.p.unsupported("a log call whose values have no names", node)
        name = low.expr(key).const
        if not isinstance(name, str) or not name.isidentifier():
            raise low.p.unsupported("a log call whose names are not plain words", node)
        if name in dict(out):
            raise low.p.unsupported("a log call that gives a name twice", node)
        out.append((name, _value(low, value)))
    return out


def _v(e: ir.Expr, t: GoType) -> V:
    from foundation_engine.port.front._go_expr import V

    return V(e, t)


def _value(low: ExpressionLowerer, value: SyntaxNode) -> ir.Expr:
    from foundation_engine.port.front._go_library import shown

    v = low.expr(value)
    if low.types.underlying(v.go) != ERROR:
        return low.value(value)
    part = shown(low, v, value).value
    if part is None:
        raise low.p.unsupported("an error in a log call", value)
    return part


def _attribute(low: ExpressionLowerer, node: SyntaxNode) -> tuple[SyntaxNode, SyntaxNode] | None:
    """`slog.String("name", value)`, None for another expression."""
    if node.type != "call_expression":
        return None
    package, _, name = low.p.text(low.child(node, "function")).partition(".")
    given = low.named(low.child(node, "arguments"))
    if low.p.path(package) != SLOG or name not in _ATTRIBUTES or len(given) != 2:
        return None
    return given[0], given[1]


def _line(low: ExpressionLowerer, e: ir.Expr, level: str, args: list[SyntaxNode], node: SyntaxNode) -> V:
    given = [a for a in args if not low.is_context(a)]
    if not given:
        raise low.p.unsupported("a log call without a message", node)
    low.p.differ(_SHAPE)
    message = low.value(given[0], STRING)
    return _v(_written(e, level, message, fields(low, given[1:], node), low.p.line(node)), VOID)


def _written(
    e: ir.Expr, level: str, message: ir.Expr, named: list[tuple[str, ir.Expr]], line: int
) -> ir.PatternOp:
    return ir.PatternOp("structured_logging", e, level, [message], named, type=ir.NONE, line=line)


def _printed(low: ExpressionLowerer, name: str, args: list[SyntaxNode], node: SyntaxNode) -> ir.Expr:
    from foundation_engine.port.front._go_library import formatted, line_of

    if name == "Printf":
        return formatted(low, args, node)
    if name == "Print" and len(args) != 1:
        raise low.p.unsupported("log.Print of several values", node)
    return line_of(low, args)


def _default(low: ExpressionLowerer, node: SyntaxNode) -> ir.Expr:
    """The logger of the module, which `default_logger` declares."""
    source = low.p.tree.text.decode("utf-8", "replace").replace("_", "")
    free = (
        n for n in _NAMES if not re.search(rf"(?<![.\w]){n.replace('_', '')}\b(?!\.)", source, re.IGNORECASE)
    )
    name = next(free, "")
    if not name:
        raise low.p.unsupported("the default logger beside variables of its names", node)
    low.p.logger = name
    return ir.Name(name, type=ir.NamedT("Logger"))


def default_logger(name: str, package: str) -> ir.Constant:
    """The logger that functions of the packages write to."""
    kind = ir.NamedT("Logger")
    made = ir.PatternNew("structured_logging", {"name": ir.Lit(package, type=ir.STR)}, type=kind)
    return ir.Constant(name, kind, made)


def _handler(low: ExpressionLowerer, node: SyntaxNode) -> dict[str, ir.Expr]:
    """The format and level of `slog.NewJSONHandler(os.Stderr, options)`."""
    if node.type != "call_expression":
        raise low.p.unsupported("a handler of log lines that is made elsewhere", node)
    package, _, name = low.p.text(low.child(node, "function")).partition(".")
    given = low.named(low.child(node, "arguments"))
    texts = [low.p.text(a) for a in given]
    if low.p.path(package) != SLOG or name not in _HANDLERS or len(given) != 2:
        raise low.p.unsupported("a handler of log lines of this kind", node)
    if texts[0] not in ("os.Stdout", "os.Stderr"):
        raise low.p.unsupported("log lines that go elsewhere than to the standard streams", node)
    out: dict[str, ir.Expr] = {"format": ir.Lit(_HANDLERS[name], type=ir.STR)}
    m = re.fullmatch(
        r"nil|&slog\.HandlerOptions\{(?:Level:\s*slog\.Level(Debug|Info|Warn|Error),?\s*)?\}", texts[1]
    )
    if m is None:
        raise low.p.unsupported("options of a handler of log lines", node)
    if m[1]:
        out["level"] = ir.Lit(_LEVELS[m[1]], type=ir.STR)
    return out


__all__ = ["SLOG", "default_logger", "fields", "function", "method"]
