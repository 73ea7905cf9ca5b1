"""Positions that count bytes in Rust: a `usize` where one is never -1, parts of a text as `&text[low..high]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from foundation_engine.port import ir
from foundation_engine.port.emit._lines import Lines
from foundation_engine.port.emit._rust_ownership import Facts
from foundation_engine.port.emit._rust_words import CAST, PRIMARY
from foundation_engine.port.passes import blocks, terminates

_AT_BYTE = frozenset({"str.byte_len", "str.width_at", "str.ahead"})


class Positions(Lines):
    """What is written of positions in bytes; a mixin of `Operations`, which supplies the rest."""

    place: Callable[[ir.Expr], str]
    ref: Callable[[ir.Expr], str]
    helper: Callable[[str], str]
    usize: Callable[[ir.Expr], str]
    index: Callable[[ir.Expr], str | None]
    _pattern: Callable[[ir.Expr], str]
    name: Callable[[str], str]
    block: Callable[[list[ir.Stmt]], None]
    block_of: Any
    facts: Facts
    indexes: set[str]
    x: Any

    def byte_index(self, e: ir.Expr) -> str | None:
        """A number of bytes that is a `usize` by itself, None for another expression."""
        match e:
            case ir.Intrinsic(op="str.byte_len", args=[text]):
                return f"{self.place(text)}.len()"
            case ir.Intrinsic(op="str.width_at", args=[text, at]):
                return f"{self.helper('width_at')}({self.ref(text)}, {self.usize(at)})"
            case ir.Intrinsic(op="str.ahead", args=[text, at, ir.Lit(value=int(count))]):
                return f"{self.helper('ahead')}({self.ref(text)}, {self.usize(at)}, {count})"
            case ir.Intrinsic(op="min", args=[a, ir.Intrinsic(op="str.byte_len") as size]):
                first = self.usize(a)
                return f"{f'({first})' if ' ' in first else first}.min({self.usize(size)})"
            case ir.Intrinsic(
                op="int.add", args=[a, ir.Intrinsic(op="str.byte_len" | "str.width_at") as more]
            ):
                return f"{self.usize(a)} + {self.usize(more)}"
            case _:
                return None

    def byte_value(self, e: ir.Expr) -> str:
        """What a position is set to."""
        if isinstance(e, ir.Cond):
            return (
                f"if {self.x(e.test)} {{ {self.byte_value(e.body)} }} else {{ {self.byte_value(e.orelse)} }}"
            )
        return self.usize(e)

    def byte_comparison(self, sign: str, a: ir.Expr, b: ir.Expr) -> str | None:
        """A comparison of positions as they are, or of a letter with one of ASCII; None for any other."""
        match a, b:
            case ir.Intrinsic(op="str.char_at", args=[text, at]), ir.Lit(value=str(letter)) if (
                letter.isascii()
            ):
                # Every byte of another character is above all of ASCII.
                shown = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "'": "\\'", "\\": "\\\\"}.get(letter, letter)
                if shown.isprintable():
                    return f"{self.place(text)}.as_bytes()[{self.usize(at)}] {sign} b'{shown}'"
            case _ if a.type == ir.INT and any(self._counts_bytes(e) for e in (a, b)):
                if any(isinstance(e, ir.Lit) and e.value < 0 for e in (a, b)):
                    return None
                left, right = self.index(a), self.index(b)
                return None if left is None or right is None else f"{left} {sign} {right}"
            case _:
                pass
        return None

    def _counts_bytes(self, e: ir.Expr) -> bool:
        if isinstance(e, ir.Intrinsic) and e.op == "int.add":
            return self._counts_bytes(e.args[0])
        return (isinstance(e, ir.Name) and e.id in self.indexes) or (
            isinstance(e, ir.Intrinsic) and e.op in _AT_BYTE
        )

    def between(self, e: ir.Intrinsic) -> str:
        """The part of a text between two bytes, as a place."""
        text, low, high = e.args
        first, last = (
            "" if isinstance(b, ir.Lit) and b.value in (None, default) else self.usize(b)
            for b, default in ((low, 0), (high, None))
        )
        return f"{self.place(text)}[{first}..{last}]"

    def cut(self, e: ir.Intrinsic) -> str:
        """The part of a text between bytes that may lie behind its end, or in the wrong order."""
        text, low, high = e.args
        first = "0" if isinstance(low, ir.Lit) and low.value is None else self.usize(low)
        last = (
            f"{self.place(text)}.len()"
            if isinstance(high, ir.Lit) and high.value is None
            else self.usize(high)
        )
        return f"{self.helper('cut_between')}({self.ref(text)}, {first}, {last})"

    def _op_str_char_at(self, e: ir.Intrinsic) -> tuple[str, int]:
        text, at = e.args
        return f'{self.place(text)}[{self.usize(at)}..].chars().next().expect("a character")', PRIMARY

    def _op_str_width_at(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.byte_index(e)} as i64", CAST

    _op_str_ahead = _op_str_width_at

    def _op_str_cut(self, e: ir.Intrinsic) -> tuple[str, int]:
        return f"{self.cut(e)}.to_string()", PRIMARY

    def found_at(self, e: ir.Expr) -> tuple[str, str] | None:
        """Where a search ends, as an optional number of bytes, and behind which byte it is; None for another value."""
        match e:
            case ir.Intrinsic(op="str.byte_find" | "str.byte_rfind" as op, args=[text, part]):
                return f"{self.place(text)}.{op.removeprefix('str.byte_')}({self._pattern(part)})", ""
            case ir.Intrinsic(op="str.byte_find_on", args=[text, part, start]):
                first = self.usize(start)
                rest = self.place(text) if first == "0" else f"{self.place(text)}[{first}..]"
                return f"{rest}.find({self._pattern(part)})", "" if first == "0" else first
            case ir.Intrinsic(op="str.byte_find_from", args=[text, part, start]):
                helper = self.helper("find_from")
                return f"{helper}({self.ref(text)}, {self.ref(part)}, {self.usize(start)})", ""
            case _:
                return None

    def _found(self, e: ir.Intrinsic) -> tuple[str, int]:
        found = self.found_at(e)
        assert found is not None  # noqa: S101 - the operation is one of those that it knows.
        search, behind = found
        at = _unused(behind)
        return f"{search}.map_or(-1, |{at}| {f'({behind} + {at})' if behind else at} as i64)", PRIMARY

    _op_str_byte_find = _found
    _op_str_byte_rfind = _found
    _op_str_byte_find_on = _found
    _op_str_byte_find_from = _found

    def write_found(self, s: ir.Stmt, rest: Sequence[ir.Stmt]) -> bool:
        """Write a search, and what leaves where it finds nothing, with `let ... else`; False for anything else."""
        if not (isinstance(s, ir.Assign) and isinstance(s.target, ir.VarTarget)):
            return False
        name, found = s.target.id, self.found_at(s.value) if s.target.id in self.indexes else None
        if found is None:
            return False
        search, behind = found
        at = _unused(behind)
        found_there = f"{search}.map(|{at}| {behind} + {at})" if behind else search
        assert isinstance(rest[0], ir.If)  # noqa: S101 - `found_or_left` looked at it.
        mut = "mut " if name in self.facts.often else ""
        with self.block_of(f"let Some({mut}{self.name(name)}) = {found_there} else {{", "};"):
            self.block(rest[0].body)
        return True


def _unused(text: str) -> str:
    """A name for a place that an expression does not mention."""
    return next(n for n in ("at", "next", "found") if not re.search(rf"\b{n}\b", text))


def found_or_left(body: Sequence[ir.Stmt]) -> set[str]:
    """The variables that are where searches end, each followed by what leaves where nothing is found."""
    good: set[str] = set()
    bad: set[str] = set()

    def visit(body: Sequence[ir.Stmt]) -> None:
        for i, s in enumerate(body):
            after = body[i + 1] if i + 1 < len(body) else None
            for inner in blocks(s):
                visit(inner)
            match s:
                case ir.Assign(target=ir.VarTarget(id=name, declares=True), value=ir.Intrinsic(op=op)) if (
                    op.startswith(("str.byte_find", "str.byte_rfind")) and _leaves(after, name)
                ):
                    good.add(name)
                case ir.AugAssign(
                    target=ir.VarTarget(),
                    op="int.add",
                    value=ir.Intrinsic(op="str.byte_len" | "str.width_at" | "len") | ir.Lit(value=1),
                ):
                    pass
                case ir.VarDecl(id=name):
                    bad.add(name)
                case ir.Assign(target=target) | ir.AugAssign(target=target) | ir.For(target=target):
                    bad.update(t.id for t in ir.walk(target) if isinstance(t, ir.VarTarget))
                case ir.ForRange(target=target):
                    bad.add(target.id)
                case _:
                    pass

    visit(body)
    return good - bad


def _leaves(s: ir.Stmt | None, name: str) -> bool:
    """True for `if name < 0` that leaves the block, or the same in other words, and does not mention the name."""
    match s:
        case ir.If(
            test=ir.Intrinsic(op=op, args=[ir.Name(id=tested), ir.Lit(value=int(number))]),
            body=body,
            orelse=[],
        ) if tested == name and (op, number) in (("lt", 0), ("eq", -1), ("le", -1)):
            named = {n.id for b in body for n in ir.walk(b) if isinstance(n, ir.Name | ir.VarTarget)}
            return terminates(body) and name not in named and not s.comments
        case _:
            return False
