"""Maps in Go: plain maps, and maps that keep the order of their keys where a function shows it.

An ordered map has the fields `Order` and `Values`: what only asks looks into `Values`, which is a plain map, and what
shows the order runs over `Order`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from foundation_engine.port import ir
from foundation_engine.port.emit._go_text import Texts
from foundation_engine.port.ir import Type, Unsupported

PRIMARY = 7
VIEWS = ("dict.keys", "dict.values", "dict.items")
# Why a statement is declined when it shows the order of a map.
_SHOWN = (
    "order of a map",
    "order of another map",
    "entries of a map or set",
    "map's or set's entries by a key",
)


def shows_order(why: Unsupported) -> bool:
    """True when what was declined shows the order of a map."""
    return any(reason in why.reason for reason in _SHOWN)


def shown_maps(s: ir.Stmt) -> Iterator[tuple[Type, Type]]:
    """The types of key and value of the maps over which a statement runs."""
    for n in ir.walk(s):
        over: list[ir.Expr] = []
        match n:
            case ir.Intrinsic(op=op, args=[m, *_]) if op in VIEWS or op in ("to_list", "sorted", "enumerate"):
                over = [m]
            case ir.For(iter=m) | ir.Clause(iter=m):
                over = [m]
            case ir.Intrinsic(op="json.dumps"):
                over = [m for m in ir.walk(n) if isinstance(m, ir.Expr)]
            case _:
                pass
        for m in over:
            if isinstance(m.type, ir.DictT):
                yield m.type.key, m.type.value


class Maps(Texts):
    """What is written of maps; a mixin of `FunctionEmitter`."""

    owned: Any
    handed: Any
    indented: Any

    def ordered(self, t: Type) -> bool:
        """True for maps that keep the order of their keys."""
        return self.go.is_ordered(t)

    def table(self, e: ir.Expr) -> str:
        """The text of the Go map that holds the values of a map."""
        text = self.x(e, PRIMARY)
        return f"{text}.Values" if self.ordered(e.type) else text

    def order(self, e: ir.Expr) -> str:
        """The text of the keys of an ordered map in their order."""
        return f"{self.x(e, PRIMARY)}.Order"

    def keys_of(self, e: ir.Expr) -> str | None:
        """The text of a list of an ordered map's keys that may not be changed, for the map or a view of its keys."""
        m = e.args[0] if isinstance(e, ir.Intrinsic) and e.op == "dict.keys" else e
        return self.order(m) if self.ordered(m.type) else None

    def store(self, obj: ir.Expr, key: str, value: str) -> None:
        """Put a value under a key, which may be new."""
        if self.ordered(obj.type):
            self.write(f"{self.x(obj, PRIMARY)}.Set({key}, {value})")
        else:
            self.write(f"{self.x(obj, PRIMARY)}[{key}] = {value}")

    def cloned(self, e: ir.Expr) -> str:
        """A new map of the same entries."""
        if self.ordered(e.type):
            self.helper("orderedMapClone")
            return f"{self.x(e, PRIMARY)}.Clone()"
        self.use("maps")
        return f"maps.Clone({self.x(e)})"

    def put_all(self, obj: ir.Expr, added: ir.Expr) -> None:
        """Put every entry of another map."""
        if isinstance(added, ir.DictLit):
            for k, v in added.items:
                self.store(obj, self.x(k), self.x(self.owned(v)))
        elif self.ordered(obj.type) and self.ordered(added.type):
            self.helper("orderedMapUpdate")
            self.write(f"{self.x(obj, PRIMARY)}.Update({self.x(added)})")
        elif self.ordered(obj.type) or self.ordered(added.type):
            raise Unsupported("entries of a map of another type for a map that keeps its order")
        else:
            self.use("maps")
            self.write(f"maps.Copy({self.x(obj)}, {self.x(added)})")

    def drop(self, obj: ir.Expr, key: str) -> None:
        """Remove a key that may be there."""
        text = self.x(obj, PRIMARY)
        self.write(f"{text}.Delete({key})" if self.ordered(obj.type) else f"delete({text}, {key})")

    def map_literal(self, e: ir.DictLit) -> str:
        """A new map of the given entries."""
        assert isinstance(e.type, ir.DictT)  # noqa: S101 - a literal of a map has a map's type.
        held = e.type.value
        entries = [(self.x(k), self.handed(v, held)) for k, v in e.items]
        if self.ordered(e.type):
            pair = f"Pair[{self.go.type(e.type.key)}, {self.go.type(e.type.value)}]"
            made = ", ".join(f"{pair}{{{k}, {v}}}" for k, v in entries)
            return f"{self.new_map(e.type)}({made})"
        if not entries:
            return f"make({self.go.type(e.type)})"
        return f"{self.go.type(e.type)}{{{', '.join(f'{k}: {v}' for k, v in entries)}}}"

    def new_map(self, t: ir.DictT) -> str:
        """What makes an ordered map."""
        self.go.type(t)
        return f"NewOrderedMap[{self.go.type(t.key)}, {self.go.type(t.value)}]"

    def start_map(self, name: str, t: Type, size: str | None = None) -> None:
        """A new variable with an empty map or set, which gets so many entries."""
        if isinstance(t, ir.DictT) and self.ordered(t):
            self.write(f"{name} := {self.new_map(t)}()")
        else:
            self.write(f"{name} := make({self.go.type(t)}{f', {size}' if size else ''})")

    def over_map(self, view: str, m: ir.Expr, names: list[str]) -> tuple[str, list[str]]:
        """The head of a loop over a view of an ordered map, and the lines that begin its body."""
        key = names[0] if view != "dict.values" else "_"
        value = names[-1] if view != "dict.keys" else "_"
        obj = self.simple(m, "entries")
        if value == "_":
            return (
                f"for range {obj}.Order {{" if key == "_" else f"for _, {key} := range {obj}.Order {{"
            ), []
        if key == "_":
            key = self.fresh("key")
        return f"for _, {key} := range {obj}.Order {{", [f"{value} := {obj}.Values[{key}]"]

    def map_effect(self, e: ir.Intrinsic) -> bool:
        """Write an operation that changes an ordered map; False for any other."""
        op, args = e.op, e.args
        if op == "list.append":
            inner = args[0]
            known = isinstance(inner, ir.Intrinsic) and inner.op in ("dict.setdefault", "dict.index")
            if not (known and isinstance(inner, ir.Intrinsic) and self.ordered(inner.args[0].type)):
                return False
            t = inner.args[0].type
            if inner.op == "dict.index" and not (isinstance(t, ir.DictT) and t.zero):
                return False
            key = self.simple(inner.args[1], "key")
            added = f"append({self.table(inner.args[0])}[{key}], {self.x(self.owned(args[1]))})"
            self.store(inner.args[0], key, added)
            return True
        if not args or not self.ordered(args[0].type):
            return False
        match op:
            case "dict.update":
                self.put_all(args[0], args[1])
            case "dict.clear":
                self.write(f"{self.order(args[0])} = nil")
                self.write(f"clear({self.table(args[0])})")
            case _:
                return False
        return True
