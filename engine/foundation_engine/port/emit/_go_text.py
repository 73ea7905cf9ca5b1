"""Strings in Go: code points where positions matter, bytes where a string is ASCII, builders where it grows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from foundation_engine.port import ir
from foundation_engine.port.emit._lines import Lines
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.passes import GROWING, loop_nodes, place, positions, stores
from foundation_engine.port.texts import (
    appended,
    ascii_texts,
    code_range,
    growing_texts,
    is_ascii,
    least_length,
    measured_texts,
    pieces,
)

if TYPE_CHECKING:
    from foundation_engine.port.emit.go import GoModule

PRIMARY, ADD, LOWEST = 7, 4, 0


class Texts(Lines):
    """What is written of strings; a mixin of `FunctionEmitter`, which supplies names, writing and calls."""

    go: GoModule
    f: ir.Function
    read: set[str]
    by_position: set[str]  # strings that are split into code points once
    code_points: dict[str, str]  # by variable, the Go variable that holds its code points
    measured: Collection[str]  # strings whose length is worked out once
    lengths: dict[str, str]  # by variable, the Go variable that holds its length
    windows: dict[
        str, tuple[ir.Expr, ir.Expr | int]
    ]  # by position, what it moves along and what is left there
    within: dict[str, ir.Expr]
    ascii: Collection[str]
    builders: Collection[str]
    byte_chars: Collection[str] = frozenset()  # characters that are bytes
    following: Sequence[ir.Stmt]
    x: Any
    simple: Any
    name: Callable[[str], str]
    fresh: Callable[[str], str]
    use: Callable[[str], None]
    helper: Callable[[str], str]
    clauses: Any
    unordered: Any
    format_pattern: Any
    _branch: Any
    _nonnegative: Callable[[ir.Expr], bool]

    def study(self, body: list[ir.Stmt]) -> None:
        """Find how the strings of the function are used."""
        self.ascii = ascii_texts(self.f)
        self.builders = growing_texts(self.f) & self.read
        self.byte_chars = {
            t.id for s in body for n in ir.walk(s) if (t := _byte_target(n)) is not None and t.id in self.read
        }
        self.measured = measured_texts(self.f) - set(self.ascii) - set(self.builders)
        self.by_position = positions(body) - set(self.ascii) - set(self.builders)
        inside = [n for s in body for n in ir.walk(s) if isinstance(n, ir.Intrinsic) and not _edge(n)]
        # The first and the last character are found without those between.
        self.by_position &= {place(n.args[0]) for n in inside if n.op in ("str.index", "str.slice")}
        for s in body:
            for n in ir.walk(s):
                match n:
                    case ir.Intrinsic(
                        op="eq" | "ne",
                        args=[ir.Intrinsic(op="str.slice", args=[ir.Name(id=whole), *_]), ir.Name(id=part)],
                    ) if whole in self.by_position and part in self.measured:
                        # Slices of code points are compared with code points.
                        self.by_position.add(part)
                    case _:
                        pass

    def keep_code_points(self, id: str) -> None:  # noqa: A002 - the representation's own word.
        """Split a string into code points, or count them, once when the function asks again and again."""
        name = self.name(id)
        if id in self.by_position:
            self.code_points[id] = self.fresh("runes" if len(self.by_position) == 1 else f"{name}Runes")
            self.write(f"{self.code_points[id]} := []rune({name})")
        elif id in self.measured:
            self.use("unicode/utf8")
            self.lengths[id] = self.fresh(f"{name}Len")
            self.write(f"{self.lengths[id]} := utf8.RuneCountInString({name})")

    def text_length(self, v: ir.Expr) -> str:
        """The number of code points of a string."""
        if isinstance(v, ir.Name) and v.id in self.code_points:
            return f"len({self.code_points[v.id]})"
        if isinstance(v, ir.Name) and v.id in self.lengths:
            return self.lengths[v.id]
        if is_ascii(v, self.ascii):
            return f"len({self.x(v)})"
        self.use("unicode/utf8")
        return f"utf8.RuneCountInString({self.x(v)})"

    # Positions

    def from_end(self, i: ir.Expr) -> bool:
        """True for a position whose text needs the length."""
        return isinstance(i, ir.Intrinsic) and (
            i.op == "from_end" or (i.op == "wrap" and not self._nonnegative(i.args[0]))
        )

    def index_text(self, obj: str, i: ir.Expr) -> str:
        """The position of an index in a slice whose text is `obj`."""
        if isinstance(i, ir.Intrinsic) and i.op == "from_end":
            return f"len({obj})-{self.x(i.args[0])}"
        if isinstance(i, ir.Intrinsic) and i.op == "wrap":
            if self._nonnegative(i.args[0]):
                return self.x(i.args[0])
            return f"({self.x(i.args[0], ADD)}+len({obj}))%len({obj})"
        return self.x(i)

    def byte_text(self, e: ir.Expr) -> str | None:
        """The byte that a character of an ASCII string is, or None for any other expression."""
        if isinstance(e, ir.Name) and e.id in self.byte_chars:
            return self.name(e.id)
        if not (isinstance(e, ir.Intrinsic) and e.op == "str.index" and is_ascii(e.args[0], self.ascii)):
            return None
        s, i = e.args
        if isinstance(s, ir.Lit) or (isinstance(s, ir.Name) and s.id in self.code_points):
            # Go refuses a position outside of a literal when it compiles.
            return None
        obj = self.simple(s, "text") if self.from_end(i) else self.x(s, PRIMARY)
        return f"{obj}[{self.index_text(obj, i)}]"

    def string_index(self, e: ir.Intrinsic) -> str:
        """A character of a string by its position."""
        byte = self.byte_text(e)
        if byte is not None:
            return f"rune({byte})"
        s, i = e.args
        split = isinstance(s, ir.Name) and s.id in self.code_points
        match i:
            case ir.Lit(value=0) if not split:
                return f"{self.helper('firstRune')}({self.x(s)})"
            case ir.Intrinsic(op="from_end", args=[ir.Lit(value=1)]) if not split:
                return f"{self.helper('lastRune')}({self.x(s)})"
            case _:
                pass
        if split or self.from_end(i):
            runes = self._code_points(s)
            return f"{runes}[{self.index_text(runes, i)}]"
        return f"[]rune({self.x(s)})[{self.x(i)}]"

    def edge_text(self, e: ir.Intrinsic, sign: str) -> str:
        """Whether a string begins or ends with an ASCII character, which its first or last byte shows."""
        from foundation_engine.port.emit.go import go_rune

        s, char = e.args
        assert isinstance(char, ir.Lit)  # noqa: S101 - the operation's second operand is a literal.
        if e.op == "str.first_is":
            return f"{self.x(s, PRIMARY)}[0] {sign} {go_rune(char.value)}"
        obj = self.simple(s, "text")
        return f"{obj}[len({obj})-1] {sign} {go_rune(char.value)}"

    def code_points_of(self, s: ir.Expr) -> str:
        """The code points of a text that nothing else asks for."""
        if isinstance(s, ir.Name) and s.id in self.code_points:
            return self.code_points[s.id]
        return f"[]rune({self.x(s)})"

    def _code_points(self, s: ir.Expr) -> str:
        if isinstance(s, ir.Name) and s.id in self.code_points:
            return self.code_points[s.id]
        runes = self.fresh("runes")
        self.write(f"{runes} := []rune({self.x(s)})")
        return runes

    def bound_text(self, i: ir.Expr, length: str) -> str:
        """A slice bound as a position between 0 and the length; "" where it is one of them."""
        match i:
            case ir.Lit(value=None) | ir.Lit(value=0):
                return ""
            case ir.Intrinsic(op="from_end", args=[k]):
                return f"max(0, {length}-{self.x(k)})"
            case ir.Intrinsic(op="bound", args=[v]):
                if self._nonnegative(v):
                    return f"min({self.x(v)}, {length})"
                return f"{self.helper('bound')}({self.x(v)}, {length})"
            case _:
                return f"min({self.x(i)}, {length})"

    def slice_text(self, obj: str, low: ir.Expr, high: ir.Expr) -> str:
        """A slice of what has the text `obj`."""
        first, last = self.bound_text(low, f"len({obj})"), self.bound_text(high, f"len({obj})")
        if first and last:
            # An upper bound below the lower one gives an empty slice.
            name = self.fresh("low")
            self.write(f"{name} := {first}")
            return f"{obj}[{name}:max({name}, {last})]"
        return f"{obj}[{first}:{last}]"

    @contextmanager
    def moving_along(
        self, count: str, start: ir.Expr, stop: ir.Expr, body: Sequence[ir.Stmt]
    ) -> Generator[None]:
        """Inside, a count from zero or above to the length of a list is known to lie in the list."""
        match stop:
            case ir.Intrinsic(op="len", args=[ir.Name(id=name, type=ir.ListT()) as xs]) if self._nonnegative(
                start
            ):
                nodes = [n for b in body for n in ir.walk(b)]
                grown = {place(n.args[0]) for n in nodes if isinstance(n, ir.Intrinsic) and n.op in GROWING}
                if not {name, count} & (stores(list(body)) | grown):
                    self.within[count] = xs
            case _:
                pass
        yield
        self.within.pop(count, None)

    def window(self, xs: ir.Expr, low: ir.Expr, high: ir.Expr) -> str | None:
        """The bounds of a slice that is known to lie inside, because it moves along a list or string in a loop."""
        first = low.args[0] if isinstance(low, ir.Intrinsic) and low.op == "bound" else low
        last = high.args[0] if isinstance(high, ir.Intrinsic) and high.op == "bound" else high
        if isinstance(first, ir.Name) and first.id in self.within and ir.same(self.within[first.id], xs):
            match last:
                case ir.Intrinsic(op="int.add", args=[ir.Name(id=begin), size]) if (
                    begin == first.id and self._nonnegative(size)
                ):
                    return f"{self.x(first)}:min({self.x(last)}, len({self.x(xs)}))"
                case _:
                    pass
        known = self.windows.get(low.id) if isinstance(low, ir.Name) else None
        if known is None or not ir.same(known[0], xs):
            return None
        end = high.args[0] if isinstance(high, ir.Intrinsic) and high.op == "bound" else high
        match end, known[1]:
            case ir.Intrinsic(op="int.add", args=[start, ir.Lit(value=int(size))]), int(most):
                inside = 0 <= size <= most and ir.same(start, low)
            case ir.Intrinsic(op="int.add", args=[start, size]), ir.Expr() as whole:
                inside = ir.same(start, low) and ir.same(size, whole)
            case _:
                return None
        return f"{self.x(low)}:{self.x(end)}" if inside else None

    def moving(self, s: ir.ForRange) -> tuple[ir.Expr, ir.Expr | int] | None:
        """What a loop such as `for i in range(len(xs) - size + 1)` moves along, and how much is left there at least."""
        match s:
            case ir.ForRange(start=ir.Lit(value=0), step=1, stop=stop):
                pass
            case _:
                return None
        match stop:
            case ir.Intrinsic(
                op="int.add",
                args=[
                    ir.Intrinsic(op="int.sub", args=[ir.Intrinsic(op="len", args=[xs]), size]),
                    ir.Lit(value=1),
                ],
            ) if self._nonnegative(size):
                left: ir.Expr | int = size
            case ir.Intrinsic(
                op="int.sub", args=[ir.Intrinsic(op="len", args=[xs]), ir.Lit(value=int(less))]
            ) if less >= 0:
                left = less + 1
            case _:
                return None
        if not isinstance(xs, ir.Name):
            return None
        # Neither what is moved along nor the size may change on the way.
        fixed = {
            n.id
            for part in (xs, left)
            if isinstance(part, ir.Expr)
            for n in ir.walk(part)
            if isinstance(n, ir.Name)
        }
        changed = stores(s.body) | {
            place(n.args[0])
            for b in s.body
            for n in ir.walk(b)
            if isinstance(n, ir.Intrinsic) and n.op in GROWING
        }
        return None if (fixed | {s.target.id}) & changed else (xs, left)

    def rune_slice(self, e: ir.Intrinsic) -> str:
        """A slice of a string's code points."""
        s, low, high = e.args
        window = self.window(s, low, high)
        if window is not None:
            return f"{self._code_points(s)}[{window}]"
        return self.slice_text(self._code_points(s), low, high)

    def string_slice(self, e: ir.Intrinsic) -> str:
        """A slice of a string."""
        s, low, high = e.args
        shorter = self._without_one(s, low, high)
        if shorter is not None:
            return shorter
        split = isinstance(s, ir.Name) and s.id in self.code_points
        if not (split or is_ascii(s, self.ascii)):
            match low, high:
                case ir.Lit(value=int(n)), ir.Lit(value=None) if n > 0:
                    return f"{self.helper('dropRunes')}({self.x(s)}, {n})"
                case ir.Lit(value=None | 0), ir.Lit(value=int(n)) if n > 0:
                    return f"{self.helper('takeRunes')}({self.x(s)}, {n})"
                case _:
                    pass
        if split or not is_ascii(s, self.ascii):
            return f"string({self.rune_slice(e)})"
        whole = isinstance(high, ir.Lit) and high.value is None
        known = isinstance(low, ir.Lit) and isinstance(low.value, int) and 0 < low.value <= least_length(s)
        if whole and known and isinstance(low, ir.Lit):
            bases = {"int.bin": 2, "int.hex": 16, "int.oct": 8}
            if (
                isinstance(s, ir.Intrinsic)
                and s.op in bases
                and low.value == 2
                and self._nonnegative(s.args[0])
            ):
                self.use("strconv")
                return f"strconv.FormatInt(int64({self.x(s.args[0])}), {bases[s.op]})"
            return f"{self.x(s, PRIMARY)}[{low.value}:]"
        obj = self.simple(s, "text") if not isinstance(s, ir.Name) else self.x(s)
        window = self.window(s, low, high)
        return f"{obj}[{window}]" if window is not None else self.slice_text(obj, low, high)

    def _without_one(self, s: ir.Expr, low: ir.Expr, high: ir.Expr) -> str | None:
        """A string without its first or last character, whose size tells where the rest is; None for other slices."""
        if is_ascii(s, self.ascii) or (isinstance(s, ir.Name) and s.id in self.code_points):
            return None
        match low, high:
            case ir.Lit(value=1), ir.Lit(value=None):
                decode = "DecodeRuneInString"
            case ir.Lit(value=None | 0), ir.Intrinsic(op="from_end", args=[ir.Lit(value=1)]):
                decode = "DecodeLastRuneInString"
            case _:
                return None
        self.use("unicode/utf8")
        text, size = self.simple(s, "text"), self.fresh("size")
        self.write(f"_, {size} := utf8.{decode}({text})")
        return f"{text}[{size}:]" if decode == "DecodeRuneInString" else f"{text}[:len({text})-{size}]"

    def same_slices(self, a: ir.Expr, b: ir.Expr) -> str | None:
        """The comparison of a slice of code points with code points, which needs no strings; None for other texts."""

        def is_slice(e: ir.Expr) -> bool:
            return (
                isinstance(e, ir.Intrinsic)
                and e.op == "str.slice"
                and isinstance(e.args[0], ir.Name)
                and e.args[0].id in self.code_points
            )

        def runes(e: ir.Expr) -> str:
            if isinstance(e, ir.Intrinsic):
                return self.rune_slice(e)
            assert isinstance(e, ir.Name)  # noqa: S101 - `known` looked at it.
            return self.code_points[e.id]

        def known(e: ir.Expr) -> bool:
            return is_slice(e) or (isinstance(e, ir.Name) and e.id in self.code_points)

        if not (known(a) and known(b) and (is_slice(a) or is_slice(b))):
            return None
        self.use("slices")
        return f"slices.Equal({runes(a)}, {runes(b)})"

    def switched(self, s: ir.Stmt) -> bool:
        """Write a function that tells letters apart; False for any other statement."""
        match s:
            case ir.Assign(
                target=ir.VarTarget(id=name, type=ir.FuncT(result=kind)),
                value=ir.Intrinsic(op="char.switch", args=pairs),
            ):
                pass
            case _:
                return False
        if name not in self.read:
            return True
        self.write(f"{self.name(name)} := func(key rune) {self.go.type(kind)} {{")
        with self.indented():
            self.write("switch key {")
            for key, value in zip(pairs[::2], pairs[1::2], strict=True):
                self.write(f"case {self.x(key)}:")
                with self.indented():
                    self.write(f"return {self.x(value)}")
            self.write("}")
            self.write(f"return {self.go.zero(kind)}")
        self.write("}")
        return True

    # Growing

    def grows(self, s: ir.Stmt) -> bool:
        """Write a statement that starts, empties or extends a text in a builder; False for any other."""
        match s:
            case ir.Assign(target=ir.VarTarget(id=name) as target, value=value) if name in self.builders:
                added = appended(s)
                if added is not None:
                    self._add(name, ir.Name(name, type=ir.STR), added)
                elif target.declares:
                    self.use("strings")
                    self.write(f"var {self.name(name)} strings.Builder")
                    if room := self._room_for_text(name):
                        self.write(f"{self.name(name)}.Grow({room})")
                else:
                    assert isinstance(value, ir.Lit)  # noqa: S101 - such texts only grow or are emptied.
                    self.write(f"{self.name(name)}.Reset()")
                return True
            case ir.AugAssign(target=ir.VarTarget(id=name), value=value) if name in self.builders:
                self._add(name, ir.Name(name, type=ir.STR), pieces(value))
                return True
            case ir.VarDecl(id=name) if name in self.builders:
                self.use("strings")
                self.write(f"var {self.name(name)} strings.Builder")
                return True
            case _:
                return False

    def _room_for_text(self, name: str) -> str | None:
        """How long a text becomes, about, in the loop that comes next: over the characters of another text."""
        for s in self.following:
            match s:
                case ir.Assign(target=ir.VarTarget(), value=ir.Lit() | ir.Name()):
                    continue
                case ir.For(iter=over, body=body):
                    made = [n for n in loop_nodes(body) if isinstance(n, ir.Assign | ir.AugAssign)]
                    mine = [n for n in made if place(n.target) == name]
                    emptied = any(isinstance(n, ir.Assign) and appended(n) is None for n in mine)
                    return self._characters(over) if mine and not emptied else None
                case _:
                    return None
        return None

    def _characters(self, over: ir.Expr) -> str | None:
        """The size of the text that a loop runs over; None where it runs over something else."""
        match over:
            case ir.Name(type=ir.STR) if over.id not in self.builders:
                return f"len({self.x(over)})"
            case ir.Intrinsic(
                op="enumerate" | "str.char_indices" | "str.bytes" | "str.lower" | "str.upper",
                args=[inner, *_],
            ):
                return self._characters(inner)
            case _:
                return None

    def _add(self, name: str, whole: ir.Name, added: list[ir.Expr]) -> None:
        if len(added) > 1 and any(
            isinstance(n, ir.Name) and n.id == whole.id for e in added for n in ir.walk(e)
        ):
            # What is added looks at the text as it was before.
            text = added[0]
            for more in added[1:]:
                text = ir.Intrinsic("str.concat", [text, more], type=ir.STR)
            added = [text]
        else:
            added = [piece for e in added for piece in _pieces(e)]
        if len(added) == 1:
            self._add_to(self.name(name), added[0])
            return
        # What the values need is written before any of them is added.
        for line in [self.written(self.name(name), e) for e in added]:
            self.write(line)

    def written(self, builder: str, e: ir.Expr) -> str:
        """The statement that adds a text to a builder."""
        from foundation_engine.port.emit.go import go_rune

        match e:
            case ir.Lit(value=str(text)) if len(text) == 1 and text.isascii():
                return f"{builder}.WriteByte({go_rune(text)})"
            case ir.Intrinsic(op="char.to_str", args=[ir.Intrinsic(op="int.chr", args=[code])]) if (
                known := code_range(code)
            ) is not None and 0 <= known[0] <= known[1] < 128:
                return f"{builder}.WriteByte(byte({self.x(code)}))"
            case ir.Intrinsic(op="char.to_str", args=[char]):
                byte = self.byte_text(char)
                return f"{builder}.WriteByte({byte})" if byte else f"{builder}.WriteRune({self.x(char)})"
            case ir.Intrinsic(op="int.to_str", args=[n]):
                self.use("strconv")
                return f"{builder}.WriteString(strconv.Itoa({self.x(n)}))"
            case ir.Format() if any(p.value is not None for p in e.parts):
                text = self.x(e)
                if text.startswith("fmt.Sprintf("):
                    return f"fmt.Fprintf(&{builder}, {text.removeprefix('fmt.Sprintf(')}"
                return f"{builder}.WriteString({text})"
            case _:
                return f"{builder}.WriteString({self.x(e)})"

    def joined(self, e: ir.Comp, before: Sequence[ir.Expr] = ()) -> str:
        """The texts of a comprehension one after the other, behind those that stand before them."""
        if any(self.unordered(c.iter) for c in e.clauses):
            raise Unsupported("a text in the order of a map's or set's entries")
        self.use("strings")
        name = self.fresh("joined")
        self.write(f"var {name} strings.Builder")
        for text in before:
            self._add_to(name, text)
        if len(e.clauses) == 1 and (room := self._characters(e.clauses[0].iter)):
            self.write(f"{name}.Grow({room})")
        used = {n.id for n in ir.walk(e.elem) if isinstance(n, ir.Name)}
        self.clauses(e.clauses, lambda: self._add_to(name, e.elem), used)
        return f"{name}.String()"

    def in_pieces(self, e: ir.Comp, between: ir.Expr) -> str | None:
        """Texts made of several pieces, with one between them, as a text that grows; None for any others.

        The position tells which of them is the first, because the text before the second may be empty.
        """
        match e, between:
            case (
                ir.Comp(
                    clauses=[
                        ir.Clause(
                            target=ir.TupleTarget(elems=[ir.VarTarget(id=position), _]),
                            iter=ir.Intrinsic(op="enumerate", args=[_] | [_, ir.Lit(value=0)]),
                            conds=[],
                        )
                    ]
                ),
                ir.Lit(),
            ) if not self.unordered(e.clauses[0].iter):
                made_of = [text for piece in _pieces(e.elem) for text in _padded(piece)]
            case _:
                return None
        if len(made_of) == 1:
            return None
        self.use("strings")
        name = self.fresh("joined")
        self.write(f"var {name} strings.Builder")

        def add() -> None:
            self.write(f"if {self.name(position)} > 0 {{")
            with self.indented():
                self._add_to(name, between)
            self.write("}")
            for text in made_of:
                self._add_to(name, text)

        used = {position} | {n.id for n in ir.walk(e.elem) if isinstance(n, ir.Name)}
        self.clauses(e.clauses, add, used)
        return f"{name}.String()"

    def _add_to(self, builder: str, e: ir.Expr) -> None:
        if isinstance(e, ir.Cond):
            self._branch(
                e.test, lambda: self._add_to(builder, e.body), lambda: self._add_to(builder, e.orelse)
            )
        else:
            for line in [self.written(builder, piece) for piece in _pieces(e)]:
                self.write(line)


def _byte_target(n: ir.Node) -> ir.VarTarget | None:
    """The variable that holds the bytes of a text one after the other."""
    match n:
        case ir.For(target=ir.VarTarget() as target, iter=ir.Intrinsic(op="reversed", args=[over])):
            pass
        case ir.For(target=ir.VarTarget() as target, iter=over):
            pass
        case ir.Assign(target=ir.VarTarget() as target, value=ir.Intrinsic(op="str.byte_char")):
            return target
        case _:
            return None
    return target if isinstance(over, ir.Intrinsic) and over.op == "str.bytes" else None


def _edge(e: ir.Intrinsic) -> bool:
    """True for the first or the last character of a text."""
    match e:
        case ir.Intrinsic(op="str.index", args=[_, ir.Lit(value=0)]):
            return True
        case ir.Intrinsic(op="str.index", args=[_, ir.Intrinsic(op="from_end", args=[ir.Lit(value=1)])]):
            return True
        case _:
            return False


def _padded(e: ir.Expr) -> list[ir.Expr]:
    """A text that is filled up to a width as the text and what it lacks."""
    match e:
        case ir.Intrinsic(op="str.ljust" | "str.ljust_char", args=[ir.Name() as text, *rest]):
            return [text, ir.Intrinsic("str.padding", [ir.unshared(text), *rest], type=ir.STR, line=e.line)]
        case _:
            return [e]


def _pieces(e: ir.Expr) -> list[ir.Expr]:
    """The texts that a formatted text is written as, one after the other: numbers, texts and letters as they are."""
    if isinstance(e, ir.Intrinsic) and e.op == "str.concat":
        return [piece for part in pieces(e) for piece in _pieces(part)]
    plain = isinstance(e, ir.Format) and all(
        p.value is None or (not p.spec and p.value.type in (ir.INT, ir.STR, ir.CHAR)) for p in e.parts
    )
    if not (plain and isinstance(e, ir.Format)) or len(e.parts) > 4:
        return [e]
    out: list[ir.Expr] = []
    for p in e.parts:
        if p.text:
            out.append(ir.Lit(p.text, type=ir.STR, line=e.line))
        match p.value:
            case None:
                pass
            case ir.Expr(type=ir.INT) as value:
                out.append(ir.Intrinsic("int.to_str", [value], type=ir.STR, line=e.line))
            case ir.Expr(type=ir.CHAR) as value:
                out.append(ir.Intrinsic("char.to_str", [value], type=ir.STR, line=e.line))
            case value:
                out.append(value)
    return out
