"""Takes the value out of an optional variable where it is tested: `if let Some(x) = x`, `let Some(x) = x else`.

The source tests a variable and then uses its value, which the representation writes as `Unwrap(Name)`. While the code
that follows the test is written, those nodes are the bare names, of a variable that holds the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, cast

from foundation_engine.port import ir
from foundation_engine.port.passes import stores

if TYPE_CHECKING:
    from foundation_engine.port.emit._rust_body import FunctionWriter


@dataclass(frozen=True, slots=True)
class Test:
    """What a condition says: that a variable holds a value, or holds none, and what else must be true."""

    name: ir.Name
    there: bool
    others: tuple[ir.Expr, ...] = ()


def tested(e: ir.Expr) -> Test | None:
    """The variable that a condition is about, or None."""
    match e:
        case ir.Intrinsic(op="is_some" | "is_none" as op, args=[ir.Name() as name]):
            return Test(name, op == "is_some")
        case ir.Not(value=inner):
            found = tested(inner)
            if found is None or found.others:
                return None
            return Test(found.name, not found.there)
        case ir.Bool(op="and", values=[first, *others]):
            found = tested(first)
            if found is None or not found.there or found.others:
                return None
            return Test(found.name, True, tuple(others))
        case _:
            return None


def leaves(body: Sequence[ir.Stmt]) -> bool:
    """True when statements never go on with what stands behind them."""
    return bool(body) and isinstance(body[-1], ir.Return | ir.Raise | ir.Break | ir.Continue)


class Options:
    """Writes the tests of optional variables of one function."""

    def __init__(self, writer: FunctionWriter) -> None:
        self.w = writer

    def may_take(self, name: ir.Name, inside: Sequence[ir.Node]) -> bool:
        """True when `inside` does nothing with the variable but use its value, and does use it."""
        w = self.w
        kinds = w.locals
        if not isinstance(name.type, ir.OptionalT) or name.id not in w.names:
            return False
        if name.id in kinds.views | kinds.arrays | kinds.lists | kinds.maps | w.services | w.structs:
            return False
        if name.id in w.by_ref and w.rust.copies(name.type.elem) and name.id in w.optional_refs:
            return False
        found = [u for n in inside for u in _uses(n, name.id)]
        return (
            bool(found)
            and all(found)
            and name.id not in stores([n for n in inside if isinstance(n, ir.Stmt)])
            and not any(
                isinstance(n, ir.Lambda | ir.FuncDef) and any(_uses(n, name.id))
                for top in inside
                for n in ir.walk(top)
            )
        )

    def source(self, name: ir.Name, around: Sequence[ir.Node]) -> tuple[str, str]:
        """What the value is taken out of, and how the variable holds it then: "value", "reference" or "exclusive".

        `around` are the test and all that is written with it.
        """
        w = self.w
        text = w.name(name.id)
        elem = name.type.elem if isinstance(name.type, ir.OptionalT) else name.type
        if w.rust.copies(elem):
            return (f"*{text}" if name.id in w.by_ref | w.by_mut else text), "value"
        if name.id in w.optional_refs:
            if name.id not in w.by_mut:
                return text, "reference"
            return (text if self._ends(name, around) else f"{text}.as_deref_mut()"), "exclusive"
        if name.id in w.facts.changed or name.id in w.by_mut:
            return (text if name.id in w.by_mut else f"&mut {text}"), "exclusive"
        if name.id not in w.by_ref and self._ends(name, around):
            return text, "value"
        if elem == ir.STR or isinstance(elem, ir.ListT):
            return f"{text}.as_deref()", "reference"
        return (text if name.id in w.by_ref else f"&{text}"), "reference"

    def _ends(self, name: ir.Name, around: Sequence[ir.Node]) -> bool:
        """True when the variable is used nowhere else, and once, so that its value may move."""
        w = self.w
        once = not (w.closures or w.loops or w.again)
        return (once or w.introduced == name.id) and self._only(name, around)

    def _only(self, name: ir.Name, around: Sequence[ir.Node]) -> bool:
        def count(nodes: Sequence[ir.Node]) -> int:
            return sum(1 for n in nodes for m in ir.walk(n) if isinstance(m, ir.Name) and m.id == name.id)

        return count(around) == count(self.w.function_body)

    @contextmanager
    def taken(self, name: ir.Name, inside: Sequence[ir.Node], how: str) -> Generator[None]:
        """While `inside` is written, the variable is its value."""
        w = self.w
        kept = w.by_ref, w.by_mut, w.strings, w.optional_refs
        one = {name.id}
        w.by_ref = (w.by_ref | one) if how == "reference" else w.by_ref - one
        w.by_mut = (w.by_mut | one) if how == "exclusive" else w.by_mut - one
        w.strings, w.optional_refs = w.strings - one, w.optional_refs - one
        undo = list(_unwrapped(inside, name.id))
        try:
            yield
        finally:
            for restore in reversed(undo):
                restore()
            w.by_ref, w.by_mut, w.strings, w.optional_refs = kept

    def _binding(self, name: ir.Name, source: str, around: Sequence[ir.Node]) -> str:
        """What takes the value out: of the source, or of what the line before gave the variable, which then goes."""
        w = self.w
        text = w.name(name.id)
        if source == text and w.introduced == name.id and self._only(name, around):
            found = re.fullmatch(rf"\s*let (?:mut )?{re.escape(text)}(?:: [^=]+)? = (.*);", w.lines[-1])
            if found is not None:
                w.lines.pop()
                source = found[1]
        return f"let Some({text}) = {source}"

    def write_guard(self, s: ir.Stmt, rest: Sequence[ir.Stmt], tail: bool) -> bool:
        """Write `if x is None: leave` and what follows it with `let ... else`; False when that is not what it is.

        Where `x is None or ...` leaves with one statement, what is left of the condition is a test of its own.
        """
        w = self.w
        if not isinstance(s, ir.If) or s.orelse or not leaves(s.body):
            return False
        test, others = tested(s.test), list[ir.Expr]()
        if isinstance(s.test, ir.Bool) and s.test.op == "or" and len(s.body) == 1:
            test, others = tested(s.test.values[0]), s.test.values[1:]
        if test is None or test.there:
            return False
        if others:
            left = others[0] if len(others) == 1 else ir.Bool("or", others, type=ir.BOOL)
            rest = [ir.If(left, s.body, [], line=s.line), *rest]
        if any(any(_uses(b, test.name.id)) for b in s.body) or not self.may_take(test.name, rest):
            return False
        around = [s, *rest[1:]] if others else [s, *rest]
        source, how = self.source(test.name, around)
        with w.block_of(f"{self._binding(test.name, source, around)} else {{", "};"):
            w.block(s.body)
        with self.taken(test.name, rest, how):
            w.block(rest, tail)
        return True

    @contextmanager
    def arm(
        self, s: ir.If, whole: ir.If, before: str
    ) -> Generator[tuple[Sequence[ir.Stmt], Sequence[ir.Stmt]]]:
        """Write the head of an `if`; its body and what stands for its else, while the value is taken out."""
        w = self.w
        test = tested(s.test)
        swapped = test is not None and not test.there
        if swapped and (len(s.orelse) == 1 and isinstance(s.orelse[0], ir.If)):
            test = None
        inside = s.orelse if swapped else s.body
        if (
            test is None
            or test.others
            or not self.may_take(test.name, inside)
            or any(any(_uses(b, test.name.id)) for b in (s.body if swapped else s.orelse))
        ):
            w.write(f"{before}if {w.x(s.test)} {{")
            yield s.body, s.orelse
            return
        source, how = self.source(test.name, [whole])
        binding = (
            f"let Some({w.name(test.name.id)}) = {source}"
            if before
            else self._binding(test.name, source, [whole])
        )
        w.write(f"{before}if {binding} {{")
        with self.taken(test.name, inside, how):
            yield inside, (s.body if swapped else s.orelse)

    def write_both(self, s: ir.If, tail: bool) -> bool:
        """Write `if x is not None and ...` as one test in the other; False when that is not what it is."""
        w = self.w
        test = tested(s.test)
        if test is None or not test.others or s.orelse or (tail and w.fails):
            return False
        inside = [*test.others, *s.body]
        if not self.may_take(test.name, inside):
            return False
        source, how = self.source(test.name, [s])
        rest = test.others[0] if len(test.others) == 1 else ir.Bool("and", list(test.others), type=ir.BOOL)
        with (
            w.block_of(f"if {self._binding(test.name, source, [s])} {{"),
            self.taken(test.name, [rest, *s.body], how),
        ):
            if isinstance(rest, ir.Unwrap):
                rest = rest.value
            with w.block_of(f"if {w.x(rest)} {{"):
                w.block(s.body, tail)
        return True

    def choice(self, e: ir.Cond) -> str | None:
        """A choice between an optional variable's value, or something made of it, and something else."""
        w = self.w
        test = tested(e.test)
        if test is None or test.others:
            return None
        body, other = (e.body, e.orelse) if test.there else (e.orelse, e.body)
        if any(_uses(other, test.name.id)) or not self.may_take(test.name, [body]):
            return None
        if not isinstance(body, ir.Unwrap):
            source, how = self.source(test.name, [e])
            with self.taken(test.name, [body], how):
                made = w.own(body)
            return f"if let Some({w.name(test.name.id)}) = {source} {{ {made} }} else {{ {w.own(other)} }}"
        if w.may_fail(other):
            return None
        text = w.name(test.name.id)
        if w.rust.copies(e.type):
            text = f"{text}.copied()" if test.name.id in w.by_ref | w.by_mut else text
        elif not w.own(body).startswith(f"{text}.unwrap()"):
            text = f"{text}.{'cloned' if test.name.id in w.optional_refs else 'clone'}()"
        if isinstance(other, ir.Lit) and other.value in ("", 0, False):
            return f"{text}.unwrap_or_default()"
        w.closures += 1
        made = w.own(other)
        w.closures -= 1
        simple = w.rust.copies(e.type) and isinstance(other, ir.Lit | ir.Name)
        return f"{text}.unwrap_or({made})" if simple else f"{text}.unwrap_or_else(|| {made})"


def _uses(node: ir.Node, name: str) -> Iterator[bool]:
    """For each use of a variable whether it is one of its value."""
    if isinstance(node, ir.Unwrap) and isinstance(node.value, ir.Name) and node.value.id == name:
        yield True
        return
    if isinstance(node, ir.Name) and node.id == name:
        yield False
    for child in ir.children(node):
        yield from _uses(child, name)


def _unwrapped(nodes: Sequence[ir.Node], name: str) -> Iterator[Callable[[], None]]:
    """Put the variable in the place of its unwrapped value; yields what undoes each change."""
    for top in nodes:
        for node in list(ir.walk(top)):
            for f in fields(node):
                old = getattr(node, f.name)
                new = _without(old, name)
                if new is not old:
                    setattr(node, f.name, new)
                    yield lambda node=node, label=f.name, old=old: setattr(node, label, old)
    for top in nodes:
        for node in ir.walk(top):
            if isinstance(node, ir.Name) and node.id == name and isinstance(node.type, ir.OptionalT):
                optional = node.type
                node.type = optional.elem
                yield lambda node=node, optional=optional: setattr(node, "type", optional)


def _without(value: Any, name: str) -> Any:
    match value:
        case ir.Unwrap(value=ir.Name(id=found) as inner) if found == name:
            return inner
        case list() | tuple():
            items = cast("list[Any] | tuple[Any, ...]", value)
            made = [_without(v, name) for v in items]
            if all(a is b for a, b in zip(made, items, strict=True)):
                return items
            return made if isinstance(items, list) else tuple(made)
        case dict():
            table = cast("dict[Any, Any]", value)
            made = {k: _without(v, name) for k, v in table.items()}
            return table if all(made[k] is v for k, v in table.items()) else made
        case _:
            return value
