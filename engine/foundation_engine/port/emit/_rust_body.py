"""Functions and statements in Rust."""

# ruff: noqa: E501, S101 - templates of Rust read best on one line; assertions narrow types.
from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.emit._rust_locals import SHADOW, borrowing_locals, reading_parameters
from foundation_engine.port.emit._rust_operations import Lent, Operations
from foundation_engine.port.emit._rust_options import Options
from foundation_engine.port.emit._rust_ownership import PARTS, Facts, Key, is_place, iterated, lends, root
from foundation_engine.port.emit._rust_patterns import Patterns
from foundation_engine.port.emit._rust_scan import found_or_left
from foundation_engine.port.emit._rust_words import INFIX, PRIMARY, documented, rust_char
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.passes import (
    blocks,
    declare,
    filling_loop,
    is_total,
    letter_of,
    lower_bounds,
    positions,
    reads,
    stores,
    terminates,
)
from foundation_engine.port.views import shares

if TYPE_CHECKING:
    from foundation_engine.port.emit.rust import RustModule


# What gives about as many bytes of letters as its text has.
_LETTERWISE = frozenset(
    {"enumerate", "str.bytes", "str.char_indices", "str.reversed", "str.lower", "str.upper", "str.swapcase"}
)


class FunctionWriter(Operations):
    """Writes one function."""

    def __init__(self, rust: RustModule, cls: ir.Class | None) -> None:
        super().__init__(rust, cls)
        self.fails: bool = False
        self.result: Type = ir.NONE
        self.current = ""  # the variable of the error that is being handled
        self.labels = 0
        self.options = Options(self)
        self.introduced = ""  # the variable that the statement before this one introduced
        self.again = False  # the body runs once for every attempt
        self.loops: list[str] = []  # the labels of the loops around, "" for one without
        self.block_loops = 0  # how many loops are around the block that has a label

    @contextmanager
    def block_of(self, head: str, tail: str = "}") -> Generator[None]:
        """A head, an indented inside and a tail."""
        self.write(head)
        with self.indented():
            yield
        self.write(tail)

    @contextmanager
    def loop(self, head: str, s: ir.For | ir.ForRange | ir.While) -> Generator[None]:
        """A loop; it has a label when a block with a label inside of it leaves it."""
        leaves = any(
            isinstance(n, ir.Try)
            and any(isinstance(m, ir.Break | ir.Continue) for b in n.body for m in ir.walk(b))
            for b in s.body
            for n in ir.walk(b)
        )
        label = ("each" if not self.loops else f"each{len(self.loops) + 1}") if leaves else ""
        self.loops.append(label)
        with self.block_of(f"'{label}: {head}" if label else head):
            yield
        self.loops.pop()

    # Functions

    def function(self, f: ir.Function) -> list[str]:
        """The lines of a function or method."""
        key: Key = (self.cls.name if self.cls is not None else "", f.name)
        own = self.rust.ownership
        self.result = f.result
        self.fails = self.can_fail = self.rust.failing[key]
        if f.is_async:
            self.rust.differ(
                f"{f.name} is a coroutine in the source and a plain function in Rust; run it on a thread where it must not block."
            )
        params: list[str] = []
        if self.cls is not None and f.kind != "static":
            params.append("&mut self" if "self" in own.changed[key] else "&self")
        params += [
            self._parameter(p, p.name in own.changed[key], p.name in own.kept[key], f) for p in f.params
        ]
        result = self.rust.result(f.result, self.fails)
        self.title = f.name
        attributes = Patterns(self).attributes(f)
        around = Patterns(self).wrapped(f)
        self.function_body = f.body
        declare(f, self._inline)
        self.facts = own.facts(f)
        self.again = any(p.pattern_id != "cli_framework" for p in f.patterns)
        if self.again:
            # The body runs again at every attempt, so that what it is given stays.
            given = {p.name for p in f.params}
            for s in f.body:
                for n in ir.walk(s):
                    if isinstance(n, ir.Name) and n.id in given:
                        self.facts.last.discard(id(n))
        for c in f.comments:
            self.write(f"// {c}")
        for line in documented(f.doc):
            self.write(line)
        for a in attributes:
            self.write(a)
        visibility = "" if f.private else "pub "
        made = self.rust.method(f.name) if self.cls is not None else self.rust.functions[f.name]
        with self.block_of(
            f"{visibility}fn {made}({', '.join(params)}){' -> ' + result if result else ''} {{"
        ):
            if around is not None:
                self.write(f"{around[0]}|| -> {result} {{")
                self.depth += 1
            self.lowest = lower_bounds(f)
            self.bounds = dict(self.lowest)
            bytes_ = self.rust.positions.get((self.cls.name if self.cls else "", f.name), set())
            self.indexes |= found_or_left(f.body)
            self.indexes |= {
                n.id
                for s in f.body
                for n in ir.walk(s)
                if isinstance(n, ir.VarTarget) and n.id.partition(SHADOW)[0] in bytes_
            }
            given = self.by_ref | (
                {"self"} if self.cls is not None and "self" not in own.changed[key] else set[str]()
            )
            self.locals = borrowing_locals(f, self.facts, self.rust.copies, given)
            self.by_ref |= self.locals.views
            self._reassigned(f)
            self._keep_code_points(f)
            self.block(f.body, tail=True)
            if around is not None:
                self.depth -= 1
                self.write(f"}}{around[1]}")
        if any(p.pattern_id == "cli_framework" for p in f.patterns):
            self.lines += Patterns(self).command(f)
        return self.lines

    def _keep_code_points(self, f: ir.Function) -> None:
        """Split a string into characters once when the function looks into it by position again and again."""
        self.positioned = positions(f.body, slices=False)
        for p in f.params:
            if p.type == ir.STR and p.name not in stores(f.body):
                self._split(p.name)

    positioned: frozenset[str] | set[str] = frozenset()  # texts that are looked into again and again

    def _split(self, text: str) -> None:
        """Split a text into characters once, right behind its declaration, where that is worth it."""
        if text in self.positioned:
            kept = self.name(f"{text.partition(SHADOW)[0]}_chars")
            self.write(f"let {kept}: Vec<char> = {self.name(text)}.chars().collect();")
            self.code_points[text] = kept
            if any(
                isinstance(n, ir.Intrinsic)
                and n.op == "str.slice"
                and isinstance(n.args[0], ir.Name)
                and n.args[0].id == text
                for s in self.function_body
                for loop in ir.walk(s)
                if isinstance(loop, ir.For | ir.ForRange | ir.While)
                for n in ir.walk(loop)
            ):
                places = self.name(f"{text.partition(SHADOW)[0]}_places")
                self.write(
                    f"let {places}: Vec<usize> = {self.name(text)}.char_indices().map(|(at, _)| at).collect();"
                )
                self.char_places[text] = places

    def _parameter(self, p: ir.Param, changed: bool, kept: bool, f: ir.Function) -> str:
        try:
            t = self.rust.param(p.type, changed, kept)
        except Unsupported as why:
            why.line = why.line or p.line or f.line
            raise
        if changed:
            if p.name in stores(f.body):
                raise Unsupported("a parameter that is changed and then names something else", p.name, f.line)
            self.by_mut.add(p.name)
        elif self.rust.borrowed(p.type) and not (kept and self.rust.is_shared(p.type)):
            self.by_ref.add(p.name)
        return f"{self.name(p.name)}: {t}"

    def _reassigned(self, f: ir.Function) -> None:
        stored = _assigned(f.body)
        for p in f.params:
            if p.name in stored:
                n = self.name(p.name)
                if p.name in self.locals.views:
                    self.write(f"let mut {n} = {n};")
                    continue
                given = self.own(ir.Name(p.name, type=p.type))
                self.by_ref.discard(p.name)
                self.write(f"let mut {n} = {given};")

    def constructor(self, init: ir.Function) -> list[str]:
        """The function that makes an object of a class."""
        assert self.cls is not None
        d = self.cls
        key: Key = (d.name, "__init__")
        own = self.rust.ownership
        self.fails = self.can_fail = self.rust.failing[key]
        params: list[str] = []
        for p in init.params:
            kept = p.name in own.kept[key]
            if p.name in own.changed[key]:
                raise Unsupported("a constructor that changes what it is given", p.name, init.line)
            if p.type == ir.STR:
                self.by_ref.add(p.name)
                t = "&str"
            else:
                t = self.rust.param(p.type, False, kept) if kept else self.rust.type(p.type)
            params.append(f"{self.name(p.name)}: {t}")
        init.body = reading_parameters(init)
        declare(init, self._inline)
        self.facts = own.facts(init)
        self.lowest = lower_bounds(init)
        self.bounds = dict(self.lowest)
        self.function_body = init.body
        before: list[ir.Stmt] = []
        values: dict[str, ir.Expr] = {}
        rest = list(init.body)
        while rest and len(values) < len(d.fields):
            s = rest[0]
            if (
                isinstance(s, ir.Assign)
                and isinstance(s.target, ir.FieldTarget)
                and isinstance(s.target.obj, ir.Name)
                and s.target.obj.id == "self"
            ):
                if any(isinstance(n, ir.Name) and n.id == "self" for n in ir.walk(s.value)):
                    break
                values[s.target.name] = s.value
            elif any(isinstance(n, ir.Name) and n.id == "self" for n in ir.walk(s)):
                break
            else:
                before.append(s)
            rest.pop(0)
        missing = [f.name for f in d.fields if f.name not in values and f.default is None]
        if missing:
            raise Unsupported("a constructor that sets a field late", missing[0], init.line)
        if before and any(isinstance(n, ir.Return) for s in before for n in ir.walk(s)):
            raise Unsupported("a constructor that returns early", d.name, init.line)
        result = "Result<Self, Error>" if self.fails else "Self"
        if self.fails:
            self.rust.errors.used = True
        for line in documented(init.doc):
            self.write(line)
        with self.block_of(f"pub fn new({', '.join(params)}) -> {result} {{"):
            self._reassigned(init)
            self._ordered(init, before, values)
            parts: list[str] = []
            for f in sorted(d.fields, key=lambda f: self._given_away(values.get(f.name), init, rest)):
                made = self.rust.field(ir.NamedT(d.name), f.name)
                value = values.get(f.name, f.default)
                assert value is not None
                text = made if f.name in self.early else self.own_as(value, f.type)
                parts.append(made if text == made else f"{made}: {text}")
            made = f"Self {{ {', '.join(parts)} }}"
            if rest:
                self.this = "this"
                changed = any(isinstance(n, ir.Name) and n.id == "self" for b in rest for n in ir.walk(b))
                self.write(f"let {'mut ' if changed else ''}this = {made};")
                self.result = ir.NONE
                self.block(rest)
                made = "this"
            self.write(f"Ok({made})" if self.fails else made)
        return self.lines

    def _given_away(self, value: ir.Expr | None, init: ir.Function, rest: Sequence[ir.Stmt]) -> bool:
        """True for a parameter that a field takes, and that nothing needs once the other fields are made; it then moves."""
        if not isinstance(value, ir.Name) or self.rust.copies(value.type) or value.id not in self.names:
            return False
        uses = [n for s in init.body for n in ir.walk(s) if isinstance(n, ir.Name) and n.id == value.id]
        whole = [
            s.value
            for s in init.body
            if isinstance(s, ir.Assign) and isinstance(s.value, ir.Name) and s.value.id == value.id
        ]
        if (
            len(uses) == 1
            or len(whole) != 1
            or self._mentions(value.id, rest)
            or value.id in self.facts.often
        ):
            return False
        self.facts.last.add(id(value))
        return True

    def own_as(self, e: ir.Expr, t: Type) -> str:
        """A value for a field; a service that is given is kept, a runtime's object that is made is shared where all are."""
        if isinstance(t, ir.FuncT) and not is_place(e):
            return f"Arc::new({self._function_value(e, t)})"
        return self.own(e)

    early: frozenset[str] = frozenset()

    def _ordered(self, init: ir.Function, before: list[ir.Stmt], values: dict[str, ir.Expr]) -> None:
        """Statements of a constructor before its object; fields stand before them where the source computes them first."""
        if not before:
            return
        early: set[str] = set()
        assert self.cls is not None
        touched = stores(before) | {root(e) for e, _ in self.rust.ownership.changes(before)}
        for s in init.body:
            if s in before:
                with_end = s
                self.block([with_end])
            elif (
                isinstance(s, ir.Assign) and isinstance(s.target, ir.FieldTarget) and s.target.name in values
            ):
                later = init.body[init.body.index(s) + 1 :]
                if any(x in before for x in later) and reads([s]) & touched:
                    raise Unsupported(
                        "a constructor that changes a value after it was kept", s.target.name, s.line
                    )
        self.early = frozenset(early)

    # Text of a whole expression

    def written(self, e: ir.Expr) -> str:
        """The statement that writes a text into a formatter `f`."""
        if isinstance(e, ir.Format):
            text, _ = self._format(e)
            if text.startswith("format!("):
                return f"write!(f, {text.removeprefix('format!(')}"
        return f"f.write_str(&{self.own(e, PRIMARY)})"

    def closure_of(self, body: list[ir.Stmt], t: Type) -> str:
        """A block of code as a closure that gives a result."""
        saved = (self.fails, self.result, self.label, self.can_fail, self.depth)
        self.fails, self.result, self.label, self.can_fail = True, t, "", True
        given = {n.id for s in body for n in ir.walk(s) if isinstance(n, ir.Name)}
        for s in body:
            for n in ir.walk(s):
                if isinstance(n, ir.Name) and n.id in given and n.id in self.names:
                    self.facts.last.discard(id(n))
        with self.captured() as lines:
            self.depth = 1
            self.block(body, tail=True)
            if t != ir.NONE and not terminates(body):
                raise Unsupported("a block that may end without a value", "", body[-1].line if body else 0)
        self.fails, self.result, self.label, self.can_fail, self.depth = saved
        return "\n".join([f"|| -> {self.rust.result(t, True)} {{", *lines, "}"])

    # Statements

    following: Sequence[ir.Stmt] = ()
    lowest: Mapping[
        str, int
    ] = {}  # what holds of integer variables in the whole function; `bounds` what holds here

    def block(self, body: Sequence[ir.Stmt], tail: bool = False) -> None:
        """Statements. `tail` means that the last one may be the value of the function."""
        skip = 0
        for i, s in enumerate(body):
            if skip:
                skip -= 1
                continue
            for c in s.comments:
                self.write(f"// {c}")
            start = len(self.lines)
            self.following = body[i + 1 :]
            if i:
                self._forget([body[i - 1]])
            if isinstance(s, ir.For | ir.ForRange | ir.While):
                self._forget([s])
            self.introduced = _introduced(body[i - 1]) if i else ""
            try:
                if self.options.write_guard(s, body[i + 1 :], tail):
                    return
                if isinstance(s, ir.VarDecl):
                    self._declare(s, body[i + 1 :])
                elif i + 1 < len(body) and (
                    self._enters(s, body[i + 1])
                    or self._divides(s, body[i + 1])
                    or self._takes(s, body[i + 1])
                    or self.write_found(s, body[i + 1 :])
                ):
                    skip = 1
                elif not tail and self._changes_entry(s):
                    pass
                elif not tail and (written := self._puts(s, body[i + 1] if i + 1 < len(body) else None)):
                    skip = written - 1
                else:
                    self.stmt(s, tail and i == len(body) - 1)
            except Unsupported as why:
                why.line = why.line or s.line
                raise
            if s.trailing and len(self.lines) == start + 1:
                self.lines[start] += f" // {s.trailing}"
        if tail and not body and self.fails:
            self.write("Ok(())")

    @contextmanager
    def _knowing(self, test: ir.Expr) -> Generator[None]:
        """The inside of a block that runs where a test holds, which may tell what integers are not below."""
        saved = dict(self.bounds)
        inner = stores([n for s in self.function_body for n in ir.walk(s) if isinstance(n, ir.FuncDef)])
        for name, least in _told(test):
            if name not in inner and least >= 0:
                self.bounds[name] = max(min(least, 1), self.bounds.get(name, 0))
        yield
        self.bounds = saved

    def _forget(self, body: Sequence[ir.Stmt]) -> None:
        """Know of the integers that statements set what holds in the whole function."""
        for name in stores(list(body)):
            if name in self.lowest:
                self.bounds[name] = self.lowest[name]
            else:
                self.bounds.pop(name, None)

    def _declare(self, s: ir.VarDecl, rest: Sequence[ir.Stmt]) -> None:
        if s.id not in reads(self.function_body) and not _assigns_alone(rest, s.id):
            return
        t = "&str" if s.id in self.locals.views else self.rust.type(s.type)
        t = "usize" if s.id in self.indexes else t
        if _sets(rest, s.id):
            again = sum(1 for x in rest for n in ir.walk(x) if isinstance(n, ir.VarTarget) and n.id == s.id)
            first = next(
                x for x in rest if any(isinstance(n, ir.VarTarget) and n.id == s.id for n in ir.walk(x))
            )
            inside = sum(1 for n in ir.walk(first) if isinstance(n, ir.VarTarget) and n.id == s.id)
            arms = _arms(first)
            mut = "mut " if again > inside or inside > arms or s.id in self.facts.changed else ""
            self.write(f"let {mut}{self.name(s.id)}: {t};")
            return
        if isinstance(s.type, ir.OptionalT):
            value = "None"
        elif self._has_default(s.type):
            if _set_before_read(rest, s.id, False) is not None:
                self.write(f"let mut {self.name(s.id)}: {t};")
                return
            value = {"i64": "0", "usize": "0", "f64": "0.0", "bool": "false", "&str": '""'}.get(
                t, "Default::default()"
            )
        else:
            raise Unsupported("a variable that may not be set", s.id, s.line)
        self.write(f"let mut {self.name(s.id)}: {t} = {value};")

    def _has_default(self, t: Type) -> bool:
        match t:
            case ir.P(kind):
                return kind in (
                    ir.Prim.INT,
                    ir.Prim.FLOAT,
                    ir.Prim.BOOL,
                    ir.Prim.STR,
                    ir.Prim.CHAR,
                    ir.Prim.BYTES,
                    *(of.kind for of in (ir.TIME, ir.NAIVE, ir.DATE, ir.DELTA)),
                )
            case ir.ListT() | ir.DictT() | ir.SetT() | ir.OptionalT():
                return True
            case ir.TupleT(elems):
                return all(self._has_default(e) for e in elems)
            case _:
                return False

    def stmt(self, s: ir.Stmt, tail: bool) -> None:
        """One statement."""
        match s:
            case ir.Assign():
                self._assign(s)
            case ir.AugAssign():
                self._augment(s)
            case ir.ExprStmt():
                self._effect(s)
                self._end(tail)
                return
            case ir.If():
                self._if(s, tail)
                return
            case ir.While():
                forever = isinstance(s.test, ir.Lit) and s.test.value is True
                taking = _taking(s)
                if taking is not None:
                    taken = self.pattern(taking[0], True)
                    with self.loop(f"while let Some({taken}) = {self._changing(taking[1])}.pop() {{", s):
                        self.block(s.body[1:])
                    self._end(tail)
                    return
                start = len(self.lines)
                with (
                    self.loop("loop {" if forever else f"while {self.x(s.test)} {{", s),
                    self._knowing(s.test),
                ):
                    self.block(s.body)
                if forever:
                    self.lines[start:] = while_let(self.lines[start:])
                if forever and terminates([s]):
                    return
            case ir.For() | ir.ForRange() if self._extends(s):
                pass
            case ir.ForRange():
                if self._over_indexes(s):
                    self._end(tail)
                    return
                step = ir.Lit(s.step, type=ir.INT)
                counted = ir.Intrinsic("range", [s.start, s.stop, step], type=ir.IterT(ir.INT))
                text = self.items(counted, told=not _has_method_called(s.target.id, s.body))
                bare = text[1:-1]
                if (
                    text.startswith("(")
                    and text.endswith(")")
                    and text.count("(") == text.count(")")
                    and s.step == 1
                    and _balanced(bare)
                ):
                    text = bare
                used = any(isinstance(n, ir.Name) and n.id == s.target.id for b in s.body for n in ir.walk(b))
                with self.loop(f"for {self.pattern(s.target, True) if used else '_'} in {text} {{", s):
                    self.block(s.body)
            case ir.For():
                self._for(s)
            case ir.Return():
                self._return(s, tail)
                return
            case ir.Break() | ir.Continue():
                word = "break" if isinstance(s, ir.Break) else "continue"
                through = (
                    self.loops[-1]
                    if self.loops and self.label and self.block_loops == len(self.loops)
                    else ""
                )
                self.write(f"{word} '{through};" if through else f"{word};")
            case ir.Raise():
                self._raise(s, tail)
                return
            case ir.Try():
                self._try(s, tail)
                return
            case ir.FuncDef():
                self._closure(s.func)
            case ir.Pass():
                pass
            case ir.Hole():
                raise Unsupported(s.reason, s.construct, s.line)
            case _:
                raise Unsupported(f"statement {type(s).__name__}", "", s.line)
        self._end(tail)

    def _extends(self, s: ir.For | ir.ForRange) -> bool:
        """Write a loop that adds a number in each turn, and goes on to the next one, as an extension of its list."""
        if s.comments or not isinstance(s.target, ir.VarTarget) or not self._free(s.target):
            return False
        added: list[tuple[int, str, ir.Expr]] = []
        for i, b in enumerate(s.body):
            match b:
                case ir.ExprStmt(value=ir.Intrinsic(op="list.append", args=[ir.Name(id=name), value])) if (
                    value.type in (ir.INT, ir.FLOAT, ir.BOOL)
                ):
                    added.append((i, name, value))
                case ir.Assign(target=ir.VarTarget(type=t)) | ir.AugAssign(target=ir.VarTarget(type=t)) if (
                    t in (ir.INT, ir.FLOAT, ir.BOOL)
                ):
                    pass
                case _:
                    return False
        if len(added) != 1 or len(s.body) < 2 or self.may_fail(s):
            return False
        at, name, value = added[0]
        calls = (ir.Call, ir.MethodCall, ir.PatternOp, ir.Lambda, ir.Comp, ir.Cond)
        if (
            self._mentions(name, s.body) != 1
            or name in self.by_ref
            or name in stores(s.body)
            or stores(s.body)
            & {n.id for b in self.function_body for n in ir.walk(b) if isinstance(n, ir.VarDecl)}
            or any(isinstance(n, calls) for b in s.body for n in ir.walk(b))
            or any(b.comments or b.trailing for b in s.body)
        ):
            return False
        if isinstance(s, ir.For):
            if not (
                is_place(s.iter) and isinstance(s.iter, ir.Name) and s.iter.type == ir.ListT(s.target.type)
            ):
                return False
            if s.iter.id == name or not self.rust.copies(s.target.type):
                return False
            items = self.items(s.iter)
        else:
            step = ir.Lit(s.step, type=ir.INT)
            counted = ir.Intrinsic("range", [s.start, s.stop, step], type=ir.IterT(ir.INT))
            items = self.items(counted)
        last = at == len(s.body) - 1
        shown = self.pattern(s.target) if self._mentions(s.target.id, s.body) else "_"
        into = self._changing(ir.Name(name, type=ir.ListT(value.type)))
        self.closures += 1
        with self.block_of(f"{into}.extend({items}.map(|{shown}| {{", "}));"):
            self.block(s.body[:at])
            if last:
                self.write(self.x(value))
            else:
                next_ = self.fresh("next")
                self.write(f"let {next_} = {self.x(value)};")
                self.block(s.body[at + 1 :])
                self.write(next_)
        self.closures -= 1
        return True

    def _over_indexes(self, s: ir.ForRange) -> bool:
        """Write a loop whose count is mostly an index of lists as one over `usize`."""
        name = s.target.id
        start, stop = self.index(s.start), None
        match s.stop:
            case ir.Intrinsic(op="len"):
                stop = self.index(s.stop)
            case ir.Intrinsic(
                op="int.sub", args=[ir.Intrinsic(op="len") as size, ir.Lit(value=int() as less)]
            ) if less > 0:
                whole = self.index(size)
                stop = None if whole is None else f"{whole}.saturating_sub({less})"
            case _:
                pass
        if start is None or stop is None or s.step != 1 or name in stores(s.body) or start.startswith("-"):
            return False
        if not self._mostly_index(name, s.body):
            return False
        self.names.pop(name, None)
        shown = self.pattern(s.target)
        with self._counting(name), self.loop(f"for {shown} in {start}..{stop} {{", s):
            self.block(s.body)
        return True

    @contextmanager
    def _counting(self, name: str) -> Generator[None]:
        """The inside of a loop whose variable is a `usize`."""
        outer = name in self.indexes
        self.indexes.add(name)
        yield
        if not outer:
            self.indexes.discard(name)

    def _mostly_index(self, name: str, body: Sequence[ir.Stmt]) -> bool:
        """True for a variable that is an index of lists in most places."""
        uses = direct = 0
        for b in body:
            for n in ir.walk(b):
                uses += isinstance(n, ir.Name) and n.id == name
                match n:
                    case ir.Intrinsic(op="list.index", args=[_, at]) | ir.IndexTarget(index=at) if _is_index(
                        at, name
                    ):
                        direct += isinstance(n, ir.Intrinsic) or isinstance(n.obj.type, ir.ListT)
                    case ir.Intrinsic(op="str.index", args=[ir.Name(id=text), at]) if (
                        text in self.code_points
                    ):
                        direct += _is_index(at, name)
                    case ir.ForRange(start=ir.Intrinsic(args=[ir.Name(id=at), ir.Lit()]) | ir.Name(id=at)):
                        direct += at == name
                    case _:
                        pass
        return direct > 0 and 2 * direct >= uses

    def _effect(self, s: ir.ExprStmt) -> None:
        v = s.value
        if isinstance(v, ir.Lit | ir.Name):
            return
        if isinstance(v, ir.Intrinsic) and v.op in ("print", "print.error", "print.part"):
            if any(a.type not in (ir.STR, ir.INT, ir.CHAR) for a in v.args):
                raise Unsupported("print of a value of this type", "", s.line)
            macro = {"print": "println", "print.error": "eprintln", "print.part": "print"}[v.op]
            blank = ir.FormatPart(" ")
            parts = [p for a in v.args for p in (blank, ir.FormatPart(value=a))][1:]
            self.write(f"{macro}!({self.formatted(ir.Format(parts, type=ir.STR, line=s.line))});")
            return
        text = self.x(v)
        if isinstance(v, ir.Intrinsic) and v.op == "dict.setdefault":
            text = self._changing(v)
        # A block at the beginning would be a statement of its own.
        self.write(f"let () = {text};" if text.startswith("{") else f"{text};")

    def _end(self, tail: bool) -> None:
        if tail and self.fails:
            self.write("Ok(())")

    def _return(self, s: ir.Return, tail: bool) -> None:
        if isinstance(s.value, ir.Comp) and self._filled(s.value):
            target = ir.VarTarget("found of ours", declares=True, type=s.value.type)
            self.fresh("found")
            self._assign_variable(ir.Assign(target, s.value, line=s.line), target)
            found = ir.Name(target.id, type=target.type, line=s.line)
            self.facts.last.add(id(found))
            s = ir.Return(found, line=s.line)
        if s.value is None:
            value = "()" if self.fails else ""
        else:
            self.returned = s.value.value if isinstance(s.value, ir.Wrap) else s.value
            if (
                is_place(self.returned)
                and self.rust.mutable(self.returned.type)
                and not self._moves(self.returned)
            ):
                self.rust.differ(
                    "A function that returns an object that it was given, or that another object holds, returns a copy of it."
                )
            value = self._shortened(s.value) or self.own(s.value)
            self.returned = None
        if (
            self.fails
            and isinstance(s.value, ir.Call | ir.MethodCall)
            and not self.label
            and value.endswith("?")
        ):
            # The call's outcome is the function's own.
            value = value[:-1]
        elif self.fails and not self.label and value in self.outcomes:
            value = self.outcomes[value]
        else:
            value = f"Ok({value})" if self.fails else value
        if tail:
            if value:
                self.write(value)
        else:
            self.write(f"return {value};" if value else "return;")

    def _shortened(self, e: ir.Expr) -> str:
        """Cut off the end of a text that the function has made and gives back, "" for another value."""
        match e:
            case ir.Intrinsic(
                op="str.rstrip" | "str.rstrip_chars", args=[ir.Name(id=name) as text, *chars]
            ) if (
                self._moves(text)
                and name in self.facts.often
                and name not in self.locals.views
                and not any(_named_in(c, name) for c in chars)
            ):
                shown = self.name(name)
                self.write(f"{shown}.truncate({self._trimmed(e)}.len());")
                return shown
            case _:
                return ""

    def _leave(self, error: str, tail: bool) -> None:
        """Fail with an error of the module's type."""
        if self.label:
            self.write(f"break '{self.label} Err({error});")
        else:
            self.write(f"Err({error})" if tail else f"return Err({error});")

    def _raise(self, s: ir.Raise, tail: bool) -> None:
        if s.error is None:
            if not self.current:
                raise Unsupported("raise without an error outside of a handler", "", s.line)
            self._leave(f"{self.current}.into()" if self.current in self.structs else self.current, tail)
            return
        if s.cause is not None:
            self.rust.differ("An error that is raised from another one does not keep it as its source.")
        if not isinstance(s.error, ir.New):
            if isinstance(s.error, ir.Name) and self.rust.is_error(s.error.type):
                name = self.name(s.error.id)
                self._leave(f"{name}.into()" if name in self.structs else name, tail)
                return
            if isinstance(s.error, ir.Intrinsic) and s.error.op == "error.cause":
                self._leave(self._cause(s.error, "last_error"), tail)
                return
            if isinstance(s.error, ir.Intrinsic) and s.error.op == "error.with_message":
                self._leave(self.own(s.error), tail)
                return
            if (
                isinstance(s.error, ir.Field)
                and s.error.type == ir.ERROR
                and isinstance(s.error.obj, ir.Name)
                and self.name(s.error.obj.id) in self.structs
            ):
                self._leave(f"*{self.name(s.error.obj.id)}.{self.rust.local(s.error.name)}", tail)
                return
            raise Unsupported("raise of a value", "", s.line)
        if s.error.cls in ir.STOPPING_ERRORS and not self.rust.errors.is_own(s.error.cls):
            message = next((a for n, a in s.error.args if n == "message"), ir.Lit("", type=ir.STR))
            self.write(f'panic!("{{}}", {self._shown(message)});')
            return
        if not self.can_fail:
            raise Unsupported(f"raise of {s.error.cls}", "", s.line)
        self._leave(self.raised(s.error), tail)

    def _if(self, s: ir.If, tail: bool) -> None:
        match s:
            case ir.If(
                body=[ir.Return(value=ir.Lit(value=bool() as yes))],
                orelse=[ir.Return(value=ir.Lit(value=bool() as no))],
            ) if yes is not no and not any(x.comments for x in (*s.body, *s.orelse)):
                test = s.test if yes else ir.Not(s.test, type=ir.BOOL)
                self._return(ir.Return(test, line=s.line), tail)
                return
            case _:
                pass
        if self.options.write_both(s, tail):
            return
        whole, before = s, ""
        while True:
            with self.options.arm(s, whole, before) as (body, other), self.indented(), self._knowing(s.test):
                self.block(body, tail)
            if len(other) == 1 and isinstance(other[0], ir.If) and not other[0].comments:
                s, before = other[0], "} else "
                continue
            break
        if other or (tail and self.fails):
            self.write("} else {")
            with self.indented():
                self.block(other, tail)
        self.write("}")

    # Loops

    def _finds(self, s: ir.For) -> bool:
        """Write a loop that leaves the function at the first item of which something holds as a search for its position."""
        match s:
            case ir.For(
                target=ir.TupleTarget(elems=[ir.VarTarget(id=count) as place, ir.VarTarget(id=item) as each]),
                iter=ir.Intrinsic(op="enumerate", args=[over, ir.Lit(value=0)]),
                body=[ir.If(test=test, body=found, orelse=[], comments=[], trailing="")],
            ) if isinstance(over.type, ir.ListT) and is_place(over):
                pass
            case _:
                return False
        if not (
            isinstance(found[-1], ir.Return)
            and self._free(place)
            and self._free(each)
            and self.rust.copies(each.type)
            and self._mentions(count, found)
            and not self._mentions(count, [test])
            and not self._mentions(item, found)
            and self._mentions(count, self.function_body) == self._mentions(count, [s])
            and self._mentions(item, self.function_body) == self._mentions(item, [s])
            and not any(isinstance(n, ir.Call | ir.MethodCall | ir.PatternOp) for n in ir.walk(test))
            and not self.may_fail(test)
        ):
            return False
        for name in (count, item):
            self.names.pop(name, None)
        shown = self.pattern(each)
        self.closures += 1
        search = f"{self.place(over)}.iter().position(|&{shown}| {self.x(test)})"
        self.closures -= 1
        with self._counting(count), self.block_of(f"if let Some({self.pattern(place)}) = {search} {{"):
            self.block(found)
        return True

    def _for(self, s: ir.For) -> None:
        if self._finds(s):
            return
        targets = stores([ir.For(s.target, s.iter, [])])
        own = self.rust.ownership
        match s:
            case ir.For(
                target=ir.TupleTarget(elems=[ir.VarTarget(id=count), _]) as both,
                iter=ir.Intrinsic(op="enumerate", args=[_, ir.Lit(value=0)]),
            ) if (
                self._free(both.elems[0]) and self.counting != id(both) and self._mostly_index(count, s.body)
            ):
                self.names.pop(count, None)
                self.counting = id(both)
                with self._counting(count):
                    self._for(s)
                return
            case _:
                pass
        source = iterated(s.iter)
        roots = {root(n) for n in ir.walk(s.iter) if isinstance(n, ir.Expr)} - {""}
        inside = {root(e) for e, _ in own.changes(s.body)} - {""}
        if targets & inside:
            self._for_changing(s, targets & inside)
            return
        # The keys on the way to a place are read before the loop begins.
        lending = {root(source)} if is_place(source) else roots
        shared = (inside & lending) - self._apart(s)
        if shared:
            # What changes is not what is gone through, when it is of another type.
            kinds = [t for e, t in own.changes(s.body) if root(e) in shared]
            if any(
                own.contains(source.type, k) or own.contains(k, source.type)
                for k in kinds
                if not (isinstance(k, ir.NamedT) and not own.contains(source.type, k))
            ):
                raise Unsupported("a list that changes while it is iterated over", "", s.line)
        with self.inferred(True):
            borrowed = None if shared or (stores(s.body) & roots) else self._borrowing(s)
        if borrowed is not None:
            pattern, text, lent = borrowed
            saved = set(self.by_ref)
            self.borrow_lent(lent)
            with self.loop(f"for {pattern} in {text} {{", s):
                self.block(s.body)
            self.by_ref = saved
            return
        with self.inferred(True):
            text = self.bound(s.iter, s.target)
        if stores(s.body) & roots or shared:
            # The loop goes on over what the list was when it began, while its variable may take another.
            text = f"{text}.collect::<Vec<_>>()"
        text = text.removesuffix(".into_iter()")
        pattern = self.pattern(s.target, True)
        exclusive = isinstance(s.iter, ir.Name) and s.iter.id in self.by_mut
        if is_place(s.iter) and not (exclusive or self.is_constant(s.iter)) and "mut " not in pattern:
            plain = text == f"{self.place(s.iter)}.iter().copied()"
            # The pattern takes out of a reference what copies.
            pattern, text = (f"&{pattern}", self.ref(s.iter)) if plain else (pattern, text)
        with self.loop(f"for {pattern} in {text} {{", s):
            self.block(s.body)

    def _apart(self, s: ir.For) -> set[str]:
        """The objects of which a loop goes over one field and changes others."""
        source = iterated(s.iter)
        over = _fields(source)
        name = root(source)
        if not over or sum(isinstance(n, ir.Name) and n.id == name for n in ir.walk(s.iter)) != 1:
            return set()
        changed = [_fields(e) for e, _ in self.rust.ownership.changes(s.body) if root(e) == name]
        return {name} if all(any(a != b for a, b in zip(over, c, strict=False)) for c in changed) else set()

    def _free(self, t: ir.Target) -> bool:
        """True for a variable that the loop only reads."""
        return isinstance(t, ir.VarTarget) and t.id not in self.facts.often and t.id not in self.facts.changed

    def _borrowing(self, s: ir.For) -> tuple[str, str, Lent] | None:
        """A loop over references: its pattern, what it goes over, and what is lent."""
        t, e = s.target, s.iter

        if not all(self._free(x) for x in ir.walk(t) if isinstance(x, ir.VarTarget)):
            return None
        lent = self.lent(t, e, isinstance(e, ir.Intrinsic) and e.op == "dict.items" and self._order_free(s))
        if lent is None:
            return None
        return self.lent_pattern(t, lent), lent.whole or lent.text, lent

    def _order_free(self, s: ir.For) -> bool:
        """True when the loop's result is the same in every order: it only fills maps and sets by key, or counts integers."""
        if any(
            isinstance(
                n, ir.Break | ir.Return | ir.Raise | ir.Call | ir.MethodCall | ir.PatternOp | ir.New | ir.Try
            )
            for b in s.body
            for n in ir.walk(b)
        ):
            return False
        for b in s.body:
            for n in ir.walk(b):
                match n:
                    case ir.AugAssign(op=op):
                        if op not in ("int.add", "int.sub", "int.mul"):
                            return False
                    case ir.Assign() | ir.ExprStmt() | ir.For() | ir.ForRange() | ir.While():
                        return False
                    case _:
                        pass
        return True

    def _for_changing(self, s: ir.For, names: set[str]) -> None:
        """A loop that changes the objects that a list or map holds."""
        t, e = s.target, s.iter
        own = self.rust.ownership

        def exclusive(pattern: str, text: str, name: str) -> None:
            saved = set(self.by_mut)
            self.by_mut.add(name)
            with self.loop(f"for {pattern} in {text} {{", s):
                self.block(s.body)
            self.by_mut = saved

        source = iterated(e)
        others = [x for x, _ in own.changes(s.body) if root(x) == root(source) and root(x) not in names]
        if others:
            raise Unsupported("a list that changes while it is iterated over", "", s.line)
        if (
            isinstance(t, ir.VarTarget)
            and isinstance(e.type, ir.ListT)
            and (is_place(e) or isinstance(e, ir.Unwrap))
            and not self.rust.copies(t.type)
        ):
            exclusive(self.pattern(t), f"{self._changing(e)}.iter_mut()", t.id)
            return
        if (
            isinstance(e, ir.Intrinsic)
            and e.op == "dict.values"
            and isinstance(t, ir.VarTarget)
            and is_place(e.args[0])
        ):
            self._unordered(False, e)
            exclusive(self.pattern(t), f"{self._changing(e.args[0])}.values_mut()", t.id)
            return
        if (
            isinstance(e, ir.Intrinsic)
            and e.op == "enumerate"
            and isinstance(t, ir.TupleTarget)
            and is_place(e.args[0])
        ):
            count, item = t.elems
            if (
                isinstance(item, ir.VarTarget)
                and isinstance(count, ir.VarTarget)
                and isinstance(e.args[1], ir.Lit)
            ):
                exclusive(
                    f"({self.pattern(count, True)}, {self.pattern(item)})",
                    f"({e.args[1].value}_i64..).zip({self._changing(e.args[0])}.iter_mut())",
                    item.id,
                )
                return
        if not is_place(source) and isinstance(t, ir.VarTarget) and root(source) == "":
            # A new list belongs to the loop alone.
            with self.loop(f"for {self.pattern(t, True)} in {self.bound(e, t)} {{", s):
                self.block(s.body)
            return
        raise Unsupported("a loop variable that is changed in place, which its list sees", min(names), s.line)

    def looped(self, e: ir.Comp, kind: str) -> str:
        """A comprehension as a block with loops."""
        found = self.fresh("found")
        with self.captured() as lines:
            depth = self.depth
            self.write(f"let mut {found} = {kind.partition('<')[0]}::new();")
            self._fill(e, "found of ours")
            self.write(found)
            self.depth = depth
        return "\n".join(["{", *lines, "}"])

    def _fill(self, e: ir.Comp, name: str) -> None:
        """The loops that put the items of a comprehension into a new collection."""
        into = ir.Name(name, type=e.type)
        match e.kind, e.elem:
            case "dict", ir.TupleLit(elems=[key, value]):
                body: list[ir.Stmt] = [
                    ir.Assign(ir.IndexTarget(into, key, type=value.type), value, line=e.line)
                ]
            case _:
                op = "set.add" if e.kind == "set" else "list.append"
                body = [ir.ExprStmt(ir.Intrinsic(op, [into, e.elem], type=ir.NONE, line=e.line))]
        for clause in reversed(e.clauses):
            for cond in reversed(clause.conds):
                body = [ir.If(cond, body, [], line=e.line)]
            body = [ir.For(clause.target, clause.iter, body, line=e.line)]
        targets = {t.id for c in e.clauses for t in ir.walk(c.target) if isinstance(t, ir.VarTarget)}
        saved = dict(self.names), set(self.by_ref), set(self.indexes)
        for target in targets:
            self.names.pop(target, None)
        self.by_ref -= targets
        self.indexes -= targets
        self.block(body)
        self.names, self.by_ref, self.indexes = saved

    def _filled(self, e: ir.Expr | None) -> bool:
        """True for a comprehension that stands better as loops before the statement that it is the value of."""
        return isinstance(e, ir.Comp) and e.kind in ("list", "set", "dict") and self.needs_loop(e)

    # Assignment

    def _assign(self, s: ir.Assign) -> None:
        t = s.target
        if self._combines(s):
            return
        match t:
            case ir.TupleTarget():
                self._unpack(s, t)
            case ir.IndexTarget():
                if self._counts(s, t):
                    return
                value = self.own(s.value)
                if isinstance(t.obj.type, ir.DictT):
                    self.write(
                        f"{self._changing(t.obj)}.insert({self._kept_for(t.index, s.value)}, {value});"
                    )
                    return
                self.write(f"{self._element(t)} = {value};")
            case ir.FieldTarget():
                owner = self._changing(t.obj)
                self.write(f"{owner}.{self.rust.field(t.obj.type, t.name)} = {self.own_as(s.value, t.type)};")
            case ir.VarTarget():
                self._assign_variable(s, t)
            case _:
                raise Unsupported("a target of this kind", "", s.line)

    def _combines(self, s: ir.Assign) -> bool:
        """Write `x = x + y` as `x += y`."""
        t, v = s.target, s.value
        if not (isinstance(v, ir.Intrinsic) and self.rust.copies(v.type)):
            return False
        if v.op in ("int.floordiv", "int.mod") and isinstance(t, ir.VarTarget) and not t.declares:
            return self._divides_in_place(t, v)
        if v.op not in ir.IN_PLACE:
            return False
        match t, v.args[0]:
            case ir.VarTarget(id=name, declares=False), ir.Name(id=old):
                again = name == old
            case ir.IndexTarget(obj=ir.Name() as obj, index=ir.Lit() | ir.Name() as index), ir.Intrinsic(
                op="list.index", args=[old, at]
            ):
                again = ir.same(obj, old) and ir.same(index, at)
            case ir.IndexTarget(obj=obj, index=ir.Lit() | ir.Name() as index), ir.Intrinsic(
                op="dict.index", args=[old, at]
            ):
                # Rust works out what is added before it looks for the entry.
                again = ir.same(obj, old) and ir.same(index, at) and is_total(v.args[1])
            case _:
                return False
        if again:
            self._augment(ir.AugAssign(t, v.op, v.args[1], line=s.line))
        return again

    def _divides_in_place(self, t: ir.VarTarget, v: ir.Intrinsic) -> bool:
        """Write `n = n / 10` as `n /= 10`, where an operator does what the source asks for."""
        if not (isinstance(v.args[0], ir.Name) and v.args[0].id == t.id) or t.id in self.by_mut:
            return False
        name, text = self.name(t.id), self.x(v)
        for sign in "/%":
            if text.startswith(f"{name} {sign} "):
                self.write(f"{name} {sign}= {text.removeprefix(f'{name} {sign} ')};")
                return True
        return False

    def _enters(self, s: ir.Stmt, then: ir.Stmt) -> bool:
        """Write `if key not in map: map[key] = start` with the change of the entry behind it as a change of the entry."""
        match s:
            case ir.If(
                test=ir.Not(value=ir.Intrinsic(op="dict.contains", args=[map_, key])),
                body=[
                    ir.Assign(
                        target=ir.IndexTarget(obj=obj, index=index), value=start, comments=[], trailing=""
                    )
                ],
                orelse=[],
            ) if (
                ir.same(map_, obj)
                and ir.same(key, index)
                and isinstance(key, ir.Name | ir.Lit | ir.Field)
                and (isinstance(start, ir.Lit) or not list(ir.children(start)))
            ):
                pass
            case _:
                return False
        entry = ir.Intrinsic("dict.setdefault", [map_, key, start], type=start.type, line=s.line)
        match then:
            case ir.AugAssign(target=ir.IndexTarget(obj=obj, index=index), value=value) if (
                then.op != "str.concat"
            ):
                where = obj, index
            case ir.ExprStmt(
                value=ir.Intrinsic(
                    op="list.append" | "list.extend" | "set.add",
                    args=[ir.Intrinsic(op="dict.index", args=[obj, index]), value],
                )
            ):
                where = obj, index
            case _:
                return False
        read = {n.id for n in ir.walk(value) if isinstance(n, ir.Name)}
        if not (ir.same(where[0], map_) and ir.same(where[1], key)) or then.comments or then.trailing:
            return False
        if root(map_) in read or self.may_fail(value):
            return False
        for n in ir.walk(key):
            self.facts.last.discard(id(n))
        match then:
            case ir.AugAssign(op=op):
                self.write(f"*{self._changing(entry)} {ir.IN_PLACE[op]}= {self.x(value)};")
            case ir.ExprStmt(value=ir.Intrinsic(op=op)):
                self._effect(ir.ExprStmt(ir.Intrinsic(op, [entry, value], type=ir.NONE, line=then.line)))
            case _:
                return False
        return True

    def _changes_entry(self, s: ir.Stmt) -> bool:
        """Write a test for a key, and the change of its entry, as one look for the entry."""
        match s:
            case ir.If(
                test=ir.Not(value=ir.Intrinsic(op="dict.contains", args=[map_, key])), orelse=[change]
            ):
                missing = s.body
            case ir.If(
                test=ir.Intrinsic(op="dict.contains", args=[map_, key]), body=[change], orelse=missing
            ):
                pass
            case _:
                return False
        if not (
            is_place(map_)
            and isinstance(map_.type, ir.DictT)
            and not map_.type.zero
            and isinstance(key, ir.Name | ir.Lit | ir.Field)
            and not change.comments
            and not change.trailing
        ):
            return False
        entry = ir.Name("entry of ours", type=map_.type.value, line=s.line)

        def is_entry(e: ir.Node) -> bool:
            match e:
                case ir.IndexTarget(obj=obj, index=at) | ir.Intrinsic(op="dict.index", args=[obj, at]):
                    return ir.same(obj, map_) and ir.same(at, key)
                case _:
                    return False

        target = ir.VarTarget(entry.id, type=entry.type)
        match change:
            case ir.AugAssign(target=ir.IndexTarget() as at, op=op, value=value) if is_entry(at):
                made: ir.Stmt = ir.AugAssign(target, op, value, line=change.line)
            case ir.Assign(target=ir.IndexTarget() as at, value=ir.Intrinsic(op=op) as whole) if is_entry(at):
                value = _added(whole, is_entry)
                if value is None or not (op == "str.concat" or self.rust.copies(entry.type)):
                    return False
                made = ir.AugAssign(target, op, value, line=change.line)
            case ir.ExprStmt(
                value=ir.Intrinsic(op="list.append" | "list.extend" | "set.add" as op, args=[grown, value])
            ) if is_entry(grown):
                made = ir.ExprStmt(ir.Intrinsic(op, [entry, value], type=ir.NONE, line=change.line))
            case _:
                return False
        if self._mentions(root(map_), [value]) or self.may_fail(value):
            return False
        shown = self.name(entry.id, "entry")
        self.by_mut.add(entry.id)
        if (first := self._first_entry(map_, key, missing)) is not None and not self._hands_on(made):
            given, value = first
            with self.captured() as lines:
                self.closures += 1
                self.stmt(made, False)
                start = self.own(value)
                self.closures -= 1
            entered = f"{self._changing(map_)}.entry({self.own(given)})"
            with self.block_of(f"{entered}.and_modify(|{shown}| {{", f"}}).or_insert_with(|| {start});"):
                self.lines += lines
            return True
        self.write(f"if let Some({shown}) = {self._changing(map_)}.get_mut({self.key(key)}) {{")
        with self.indented():
            self.stmt(made, False)
        if missing:
            self.write("} else {")
            with self.indented():
                self.block(missing)
        self.write("}")
        return True

    def _first_entry(
        self, map_: ir.Expr, key: ir.Expr, missing: Sequence[ir.Stmt]
    ) -> tuple[ir.Expr, ir.Expr] | None:
        """The key and value of a missing entry, where nothing else is done and the key, a text, can be given away."""
        match missing:
            case [
                ir.Assign(target=ir.IndexTarget(obj=obj, index=at), value=value, comments=[], trailing="")
            ] if (
                ir.same(obj, map_)
                and ir.same(at, key)
                and isinstance(at, ir.Name)
                and at.type == ir.STR
                and at.id not in self.by_ref | self.by_mut
                and self._moves(at)
                and not self.may_fail(value)
                and not self._mentions(root(map_), [value])
                and not self._mentions(at.id, [value])
            ):
                return at, value
            case _:
                return None

    def _hands_on(self, s: ir.Stmt) -> bool:
        """True for a change of an entry that may give away what the first entry is made of."""
        return not (isinstance(s, ir.AugAssign) and (s.op == "str.concat" or self.rust.copies(s.value.type)))

    def _halves(self, e: ir.Intrinsic) -> str:
        """The texts before and behind a separator, borrowed."""
        text = e.args[0]
        if not isinstance(text, ir.Name):
            whole = self.fresh("whole")
            self.write(f"let {whole} = {self.lent_text(text)};")
        else:
            whole = self._text_of(text)
        other = f'({whole}, "")' if e.op == "str.partition" else f'("", {whole})'
        return f"{self.split_once(e, whole.removesuffix('.as_str()'))}.unwrap_or({other})"

    def _divides(self, s: ir.Stmt, then: ir.Stmt) -> bool:
        """Write a text's partition, and the test whether the separator is there, as one `let` with a pattern."""
        match s, then:
            case (
                ir.Assign(
                    target=ir.TupleTarget(
                        elems=[
                            ir.VarTarget(id=before, declares=True) as left,
                            ir.VarTarget(id=separator, declares=True),
                            ir.VarTarget(id=after, declares=True) as right,
                        ]
                    ),
                    value=ir.Intrinsic(op="str.partition" | "str.rpartition") as value,
                ),
                ir.If(test=test, body=body, orelse=orelse, comments=[], trailing=""),
            ) if (
                {before, separator, after} <= self.locals.views
                and len({before, separator, after}) == 3
                and self._mentions(separator, self.function_body) == self._mentions(separator, [test]) == 1
            ):
                empty = _tells_empty(test)
            case _:
                return False
        missing, found = (body, orelse) if empty else (orelse, body)
        if empty is None or any(self._mentions(name, missing) for name in (before, after)):
            return False
        used = reads(self.function_body)
        names = ", ".join(self.pattern(t, True) if t.id in used else "_" for t in (left, right))
        text = f"Some(({names})) = {self.split_once(value, self.place(value.args[0]))}"
        if missing and terminates(missing) and not found:
            with self.block_of(f"let {text} else {{", "};"):
                self.block(missing)
            return True
        if not found or any(
            self._mentions(name, self.function_body) != self._mentions(name, found)
            for name in (before, after)
        ):
            return False
        self.write(f"if let {text} {{")
        with self.indented():
            self.block(found)
        if missing:
            self.write("} else {")
            with self.indented():
                self.block(missing)
        self.write("}")
        return True

    def _takes(self, s: ir.Stmt, then: ir.Stmt) -> bool:
        """Write the parts of a text, and the test whether there are enough, as one `let` with a pattern."""
        match s, then:
            case (
                ir.Assign(target=ir.VarTarget(id=name), value=ir.Intrinsic() as value),
                ir.If(body=body),
            ) if name in self.locals.parts.taken:
                wanted = self.locals.parts.taken[name]
            case _:
                return False
        places = wanted.places
        used = {
            at.value
            for b in self.function_body
            for n in ir.walk(b)
            if isinstance(n, ir.Intrinsic)
            and n.op == "list.index"
            and isinstance(at := n.args[1], ir.Lit)
            and isinstance(n.args[0], ir.Name)
            and n.args[0].id == name
        }
        names = [
            self.part_name(name, place) if place in used or wanted.gone_over else "_" for place in places
        ]
        steps = [
            "next()" if place == before + 1 else f"nth({place - before - 1})"
            for before, place in zip([-1, *places], places, strict=False)
        ]
        if len(places) == 1 and not wanted.exactly:
            pattern, source = f"Some({names[0]})", f"{self._parts(value)}.{steps[0]}"
        else:
            parts = self.name(name)
            self.write(f"let mut {parts} = {self._parts(value)};")
            patterns = [*(f"Some({n})" for n in names), *(["None"] if wanted.exactly else [])]
            sources = [f"{parts}.{step}" for step in (*steps, *(["next()"] if wanted.exactly else []))]
            pattern, source = f"({', '.join(patterns)})", f"({', '.join(sources)})"
        with self.block_of(f"let {pattern} = {source} else {{", "};"):
            self.block(body)
        return True

    def _mentions(self, name: str, nodes: Sequence[ir.Node]) -> int:
        return sum(isinstance(n, ir.Name) and n.id == name for s in nodes for n in ir.walk(s))

    def _puts(self, s: ir.Stmt, then: ir.Stmt | None) -> int:
        """Write a test for an item of a set and its addition as one, which tells if the item is new.

        How many statements are written: none, the test with the addition in it, or the test and the addition behind it.
        """
        match s, then:
            case ir.If(
                test=ir.Not(value=ir.Intrinsic(op="set.contains", args=[set_, item])),
                body=body,
                orelse=orelse,
            ), _:
                at, added = _addition(body, set_, item)
                if added is None:
                    return 0
                self.write(f"if {self._put(added, body[:at])} {{")
                inside = [*body[:at], *body[at + 1 :]]
            case (
                ir.If(
                    test=ir.Intrinsic(op="set.contains", args=[set_, item]), body=inside, orelse=[] as orelse
                ),
                ir.ExprStmt(comments=[], trailing=""),
            ) if terminates(inside):
                _, added = _addition([then], set_, item)
                if added is None:
                    return 0
                self.write(f"if !{self._put(added, inside)} {{")
            case _:
                return 0
        with self.indented():
            self.block(inside)
        if orelse:
            self.write("} else {")
            with self.indented():
                self.block(orelse)
        self.write("}")
        return 1 if isinstance(s.test, ir.Not) else 2

    def _put(self, added: ir.Intrinsic, later: list[ir.Stmt]) -> str:
        """The addition to a set, before statements that may still use the item."""
        return f"{self._changing(added.args[0])}.insert({self._kept_for(added.args[1], *later)})"

    def _kept_for(self, e: ir.Expr, *later: ir.Node) -> str:
        """A value that is written before another expression, which may still use its variables."""
        names = {n.id for x in later for n in ir.walk(x) if isinstance(n, ir.Name)}
        for n in ir.walk(e):
            if isinstance(n, ir.Name) and n.id in names:
                self.facts.last.discard(id(n))
        return self.own(e)

    def _counts(self, s: ir.Assign, t: ir.IndexTarget) -> bool:
        """Write `map[key] = map.get(key, start) + step` as a change of the entry."""
        v = s.value
        if not (
            isinstance(v, ir.Intrinsic) and v.op in INFIX and len(v.args) == 2 and self.rust.copies(v.type)
        ):
            return False
        old, step = v.args
        if not (
            isinstance(old, ir.Intrinsic)
            and old.op == "dict.get_or"
            and ir.same(old.args[0], t.obj)
            and ir.same(old.args[1], t.index)
        ):
            return False
        if (
            root(t.obj) in {n.id for n in ir.walk(step) if isinstance(n, ir.Name)}
            or self.may_fail(step)
            or self.may_fail(t.index)
        ):
            return False
        start = self.own(old.args[2])
        self.write(
            f"*{self._changing(t.obj)}.entry({self.own(t.index)}).or_insert({start}) {INFIX[v.op][0]}= {self.x(step)};"
        )
        return True

    def _element(self, t: ir.IndexTarget) -> str:
        return self.changing_element(ir.Intrinsic("list.index", [t.obj, t.index], type=t.type))

    def _assign_variable(self, s: ir.Assign, t: ir.VarTarget) -> None:
        name = self.name(t.id)
        if t.id in self.locals.views:
            text = self.lent_text(s.value)
            if t.declares:
                mut = "mut " if t.id in self.facts.often else ""
                self.write(f"let {mut}{name} = {text};")
                if not mut:
                    self._split(t.id)
            else:
                self.write(f"{name} = {text};")
            return
        if self._borrows(s, t) or self._literal_local(s, t):
            return
        if t.id in self.locals.parts.filtered:
            assert isinstance(s.value, ir.Intrinsic)
            text, letter = s.value.args[:2]
            self.write(f"let {name} = {self.place(text)}.chars().filter(|&c| c != {self._pattern(letter)});")
            return
        if (
            self.rust.mutable(s.value.type)
            and t.id in self.facts.changed
            and shares(s.value)
            and not self._moves(s.value)
        ):
            raise Unsupported("two names for one list that changes", t.id, s.line)
        if t.declares and isinstance(s.value, ir.ListLit) and (room := self._room(t.id)):
            more = f" + {len(s.value.elems)}" if s.value.elems else ""
            self.write(f"let mut {name}: {self.local_type(t.id, t.type)} = Vec::with_capacity({room}{more});")
            for v in s.value.elems:
                self.write(f"{name}.push({self.own(v)});")
            return
        if t.declares and isinstance(s.value, ir.SetLit) and not s.value.elems and (room := self._room(t.id)):
            self.write(f"let mut {name}: {self.local_type(t.id, t.type)} = HashSet::with_capacity({room});")
            return
        if (
            t.declares
            and isinstance(s.value, ir.DictLit)
            and not s.value.items
            and t.type == ir.DictT(ir.STR, ir.STR)
            and (room := self._room(t.id))
        ):
            # Texts by texts are seldom many for one key, as numbers that are counted are.
            kind = self.local_type(t.id, t.type)
            made = kind.partition("<")[0]
            self.write(f"let mut {name}: {kind} = {made}::with_capacity({room});")
            return
        if t.declares and isinstance(s.value, ir.Lit) and s.value.value == "" and (size := self._size(t.id)):
            self.write(f"let mut {name} = String::with_capacity({size});")
            return
        if (
            t.declares
            and isinstance(s.value, ir.Comp)
            and self._filled(s.value)
            and not _named_in(s.value, t.id)
        ):
            kind = self.local_type(t.id, t.type)
            self.write(f"let mut {name}: {kind} = {kind.partition('<')[0]}::new();")
            self._fill(s.value, t.id)
            return
        if t.id in self.indexes and t.type == ir.INT:
            mut = "mut " if t.id in self.facts.often else ""
            self.write(f"{f'let {mut}' if t.declares else ''}{name} = {self.byte_value(s.value)};")
            return
        value = self.own_as(s.value, t.type)
        if t.declares:
            mut = "mut " if t.id in self.facts.often | self.facts.changed else ""
            kind = (
                ""
                if t.type == s.value.type and _tells_type(s.value)
                else f": {self.local_type(t.id, t.type)}"
            )
            self.write(f"let {mut}{name}{kind} = {value};")
        else:
            self.write(f"{name} = {value};")

    def _room(self, name: str) -> str | None:
        """How many elements a new list gets in the loop that comes next, where that is plain to read."""
        loop = filling_loop(self.following, name)
        if loop is None:
            # What is filled in part has room for all elements of a list, but not for all letters of a text.
            loop = filling_loop(self.following, name, surely=False)
            if not (isinstance(loop, ir.For) and isinstance(iterated(loop.iter).type, ir.ListT)):
                return None
        match loop:
            case ir.For(iter=over):
                while isinstance(over, ir.Intrinsic) and over.op in ("enumerate", "reversed"):
                    over = over.args[0]
                if self.is_cursor(over) or self.taken_parts(over) is not None:
                    return None
                # No character takes less than a byte.
                counted = isinstance(over.type, ir.ListT | ir.DictT | ir.SetT) or (
                    over.type == ir.STR and not self.is_filtered(over)
                )
                return f"{self.place(over)}.len()" if counted and isinstance(over, ir.Name) else None
            case ir.ForRange(start=ir.Lit(value=0), stop=ir.Lit(value=int() as stop)):
                return str(stop)
            case ir.ForRange(start=ir.Lit(value=0), stop=ir.Name() as stop):
                known = self.index(stop)
                return known if known is not None else f"{self.x(stop, PRIMARY)}.max(0) as usize"
            case _:
                return None

    def _size(self, name: str) -> str | None:
        """How many bytes a new text is likely to get, where the next loop makes it of the characters of another."""
        if sum(
            isinstance(n, ir.VarTarget) and n.id == name for s in self.function_body for n in ir.walk(s)
        ) > 1 + sum(
            isinstance(n, ir.AugAssign) and isinstance(n.target, ir.VarTarget) and n.target.id == name
            for s in self.function_body
            for n in ir.walk(s)
        ):
            return None
        for s in self.following:
            match s:
                case ir.Assign(target=ir.VarTarget(), value=ir.Lit()):
                    continue
                case ir.For(iter=over, body=body):
                    # Most letters of another case take as many bytes.
                    while isinstance(over, ir.Intrinsic) and over.op in _LETTERWISE:
                        over = over.args[0]
                    grows = any(
                        isinstance(n, ir.AugAssign)
                        and isinstance(n.target, ir.VarTarget)
                        and n.target.id == name
                        and n.op == "str.concat"
                        for b in body
                        for n in ir.walk(b)
                    )
                    known = (
                        isinstance(over, ir.Name)
                        and over.type == ir.STR
                        and not (self.is_constant(over) or self.is_filtered(over))
                    )
                    return f"{self.place(over)}.len()" if grows and known else None
                case ir.While(body=body):
                    return self._cut_from(body, name)
                case _:
                    break
        return None

    def _cut_from(self, body: Sequence[ir.Stmt], name: str) -> str | None:
        """The size of the text whose parts a loop adds to a new one, between other things."""
        for n in (n for b in body for n in ir.walk(b)):
            match n:
                case ir.AugAssign(
                    target=ir.VarTarget(id=to),
                    op="str.concat",
                    value=ir.Intrinsic(op="str.slice" | "str.byte_slice", args=[ir.Name() as text, *_]),
                ) if to == name and not self.is_constant(text) and text.id not in stores(self.function_body):
                    return f"{self.place(text)}.len()"
                case _:
                    pass
        return None

    def _literal_local(self, s: ir.Assign, t: ir.VarTarget) -> bool:
        """Declare a variable that borrows: a literal that is only looked at, or the parts of a text."""
        name, value, known = self.name(t.id), s.value, self.locals
        if t.id in known.arrays or t.id in known.lists:
            assert isinstance(t.type, ir.ListT | ir.SetT)
            if isinstance(value, ir.Intrinsic):
                if t.id in known.parts.cursors:
                    mut = "mut " if known.parts.cursors[t.id] else ""
                    self.write(f"let {mut}{name} = {self._parts(value)};")
                else:
                    self.write(f"let {name}: Vec<&str> = {self._parts(value)}.collect();")
                return True
            assert isinstance(value, ir.ListLit | ir.SetLit)
            elems = list({(v.value if isinstance(v, ir.Lit) else None): v for v in value.elems}.values())
            items = ", ".join(
                self.ref(v) if v.type == ir.STR else self.own(v)
                for v in (elems if isinstance(value, ir.SetLit) else value.elems)
            )
            kind = "&str" if t.type.elem == ir.STR else self.rust.type(t.type.elem)
            self.write(f"let {name}: &[{kind}] = &[{items}];")
        elif t.id in known.ordered:
            assert isinstance(value, ir.SetLit)
            assert isinstance(t.type, ir.SetT)
            made = f"from([{self._elements(value.elems)}])" if value.elems else "new()"
            mut = "mut " if t.id in self.facts.changed else ""
            self.write(f"let {mut}{name}: BTreeSet<{self.rust.type(t.type.elem)}> = BTreeSet::{made};")
            return True
        elif t.id in known.maps:
            assert isinstance(value, ir.DictLit)
            key, kind = self.table_types(value, t.id in known.letters)
            with self.block_of(f"let {name} = |key: {key}| -> Option<{kind}> {{", "};"):
                self.table(value, t.id in known.letters)
            return True
        else:
            return False
        if t.id not in known.lists:
            self.by_ref.add(t.id)
        return True

    def table_types(self, e: ir.DictLit, letters: bool) -> tuple[str, str]:
        """The types of the key and the value of a map that is written as a `match`."""
        assert isinstance(e.type, ir.DictT)
        key, value = ("&str" if t == ir.STR else self.rust.type(t) for t in (e.type.key, e.type.value))
        return ("char" if letters else key), value

    def table(self, e: ir.DictLit, letters: bool) -> None:
        """A map as the `match` of a key."""
        arms: dict[object, str] = {}
        for k, v in e.items:
            assert isinstance(k, ir.Lit)
            key = rust_char(k.value) if letters else self.ref(k) if k.type == ir.STR else self.own(k)
            arms[k.value] = f"{key} => Some({self.ref(v) if v.type == ir.STR else self.own(v)}),"
        with self.block_of("match key {"):
            for arm in arms.values():
                self.write(arm)
            self.write("_ => None,")

    def _borrows(self, s: ir.Assign, t: ir.VarTarget) -> bool:
        """Declare a variable that is a reference: to an object that is changed through it, or that it only reads."""
        if not t.declares or t.id in self.facts.often:
            return False
        value = s.value
        found = value.args if isinstance(value, ir.Intrinsic) and value.op == "dict.get" else None
        changed = t.id in self.facts.changed
        entry = isinstance(value, ir.Intrinsic) and value.op == "dict.setdefault" and changed
        place = entry or (is_place(value) and not isinstance(value, ir.Name))
        inner = value.type.elem if found is not None and isinstance(value.type, ir.OptionalT) else value.type
        objects = (
            isinstance(inner, ir.NamedT)
            and isinstance(self.rust.module.find(inner.name), ir.Class)
            and self.rust.mutable(inner)
        )
        if (
            not (place or found is not None)
            or root(value) == ""
            or not (objects or (changed and self.rust.mutable(inner)))
        ):
            return False
        name = self.name(t.id)
        if changed:
            if found is not None and self._outlived(found[0], t.id):
                reason = "an entry of a map that is looked at after the map itself has changed; take what is needed first"
                raise Unsupported(reason, t.id, s.line)
            if found is not None:
                text = f"{self._changing(found[0])}.get_mut({self.key(found[1])})"
            else:
                looked_up = entry or (isinstance(value, ir.Intrinsic) and value.op == "dict.index")
                if isinstance(value, ir.Intrinsic) and value.op == "list.index":
                    made = self.changing_element(value)
                else:
                    made = self._changing(value)
                text = made.removeprefix("*") if looked_up or made.startswith("*") else f"&mut {made}"
            self.by_mut.add(t.id)
            self.write(f"let {'mut ' if found is not None else ''}{name} = {text};")
            if found is not None:
                self.optional_refs.add(t.id)
            return True
        if found is not None:
            text = f"{self.place(found[0])}.get({self.key(found[1])})"
            self.optional_refs.add(t.id)
        else:
            text = self.ref(value)
        self.by_ref.add(t.id)
        self.write(f"let {name} = {text};")
        return True

    def _outlived(self, table: ir.Expr, name: str) -> bool:
        """True where a variable that borrows an entry is read after an entry of the table came or went."""

        def changes(n: ir.Node) -> bool:
            match n:
                case ir.Intrinsic(op=op, args=[of, *_]):
                    return (
                        op.startswith("dict.")
                        and op.endswith(
                            (
                                ".delete",
                                ".pop",
                                ".pop_or",
                                ".pop_optional",
                                ".clear",
                                ".update",
                                ".setdefault",
                            )
                        )
                        and ir.same(of, table)
                    )
                case ir.IndexTarget(obj=of):
                    return ir.same(of, table)
                case _:
                    return False

        def after(body: list[ir.Stmt], changed: bool) -> tuple[bool, bool]:
            """Whether the variable is read behind a change, and whether the end is one."""
            for s in body:
                inner = blocks(s)
                nodes = [n for n in ir.walk(s) if changed or not inner]
                if changed and any(isinstance(n, ir.Name) and n.id == name for n in nodes):
                    return True, True
                ends = [(after(b, changed), b) for b in inner]
                if any(read for (read, _), _ in ends):
                    return True, True
                changed = changed or any(made and not terminates(b) for (_, made), b in ends)
                changed = changed or (not inner and any(map(changes, nodes)))
            return False, changed

        return after(self.function_body, False)[0]

    def _swaps(self, s: ir.Assign, target: ir.TupleTarget) -> bool:
        """Write `xs[i], xs[j] = xs[j], xs[i]` as the exchange that it is."""
        match target.elems, s.value:
            case (
                [
                    ir.IndexTarget(obj=obj, index=ir.Name() | ir.Lit() as i),
                    ir.IndexTarget(obj=also, index=ir.Name() | ir.Lit() as j),
                ],
                ir.TupleLit(
                    elems=[
                        ir.Intrinsic(op="list.index", args=[first, left]),
                        ir.Intrinsic(op="list.index", args=[second, right]),
                    ]
                ),
            ) if (
                all(ir.same(obj, other) for other in (also, first, second))
                and ir.same(i, right)
                and ir.same(j, left)
            ):
                self.write(f"{self._changing(obj)}.swap({self.usize(i)}, {self.usize(j)});")
                return True
            case _:
                return False

    def _unpack(self, s: ir.Assign, target: ir.TupleTarget) -> None:
        declares = [isinstance(t, ir.VarTarget) and t.declares for t in target.elems]
        if isinstance(s.value.type, ir.ListT):
            self._unpack_list(s, target, declares)
            return
        if self._swaps(s, target):
            return
        lent = any(isinstance(t, ir.VarTarget) and t.id in self.locals.views for t in target.elems)
        used = reads(self.function_body)
        if lent and isinstance(s.value, ir.Intrinsic):
            first, middle, last = target.elems
            if isinstance(middle, ir.VarTarget) and middle.id not in used:
                value = self._halves(s.value)
                target = replace(target, elems=[first, last])
                declares = [declares[0], declares[2]]
            else:
                value = self.partitioned(s.value)
        else:
            value = self.own(s.value)
        names = [
            "_" if isinstance(t, ir.VarTarget) and t.declares and t.id not in used else self.pattern(t, True)
            for t in target.elems
            if isinstance(t, ir.VarTarget | ir.TupleTarget)
        ]
        if all(declares):
            # A literal does not tell its type.
            kinds = [self.rust.type(t.type) for t in target.elems] if isinstance(s.value, ir.TupleLit) else []
            told = (
                f": ({', '.join(kinds)})"
                if any(
                    isinstance(v, ir.Lit | ir.ListLit | ir.DictLit | ir.SetLit)
                    for v in getattr(s.value, "elems", ())
                )
                else ""
            )
            self.write(f"let ({', '.join(names)}){told} = {value};")
            return
        lefts: list[str] = []
        assigned: set[str] = set()
        after: list[str] = []
        for i, t in enumerate(target.elems):
            read = {n.id for n in ir.walk(t) if isinstance(n, ir.Name)}
            if read & assigned:
                raise Unsupported("an assignment to several targets of which one decides another", "", s.line)
            if declares[i]:
                assert isinstance(t, ir.VarTarget)
                mut = "mut " if t.id in self.facts.often | self.facts.changed else ""
                kind = "&str" if t.id in self.locals.views else self.rust.type(t.type)
                self.write(f"let {mut}{self.name(t.id)}: {kind};")
                lefts.append(self.name(t.id))
            elif isinstance(t, ir.VarTarget):
                assigned.add(t.id)
                lefts.append("_" if t.id not in used else self.name(t.id))
            elif isinstance(t, ir.IndexTarget) and isinstance(t.obj.type, ir.ListT):
                lefts.append(self._element(t))
            elif isinstance(t, ir.FieldTarget):
                lefts.append(f"{self._changing(t.obj)}.{self.rust.field(t.obj.type, t.name)}")
            else:
                raise Unsupported("an assignment to these targets", "", s.line)
        self.write(f"({', '.join(lefts)}) = {value};")
        for line in after:
            self.write(line)

    def _unpack_list(self, s: ir.Assign, target: ir.TupleTarget, declares: list[bool]) -> None:
        """A list of exactly so many elements; another length is an error, as in the source."""
        assert isinstance(s.value.type, ir.ListT)
        count = len(target.elems)
        parts = s.value if isinstance(s.value, ir.Intrinsic) and s.value.op in PARTS else None
        lent = any(isinstance(t, ir.VarTarget) and t.id in self.locals.views for t in target.elems)
        value = "" if lent else self.own(s.value, PRIMARY)
        names: list[str] = []
        after: list[str] = []
        used = reads(self.function_body)
        for t, new in zip(target.elems, declares, strict=True):
            if not isinstance(t, ir.VarTarget):
                raise Unsupported("unpacking a list into these targets", "", s.line)
            if t.id not in used:
                names.append("_")
            elif new:
                names.append(self.pattern(t, True))
            else:
                names.append(f"new_{self.name(t.id)}")
                after.append(f"{self.name(t.id)} = new_{self.name(t.id)};")
        kind = self.rust.type(s.value.type.elem)
        message = ir.Lit(f"expected {count} values", type=ir.STR)
        error = self.raised(ir.New("ValueError", [("message", message)], type=ir.ERROR))
        if lent and parts is not None:
            source = self.fresh("parts")
            self.write(f"let mut {source} = {self._parts(parts)};")
            found = ", ".join([*(f"Some({n})" for n in names), "None"])
            taken = ", ".join([f"{source}.next()"] * (count + 1))
            with self.block_of(f"let ({found}) = ({taken}) else {{", "};"):
                self._leave(error, False)
            for line in after:
                self.write(line)
            return
        made = self.question(f"{value}.try_into().map_err(|_| {error})", s.value)
        self.write(f"let [{', '.join(names)}]: [{kind}; {count}] = {made};")
        for line in after:
            self.write(line)

    def _augment(self, s: ir.AugAssign) -> None:
        t = s.target
        match t:
            case ir.VarTarget():
                where = self.name(t.id)
                if t.id in self.by_mut:
                    where = f"*{where}"
            case ir.FieldTarget():
                where = f"{self._changing(t.obj)}.{self.rust.field(t.obj.type, t.name)}"
            case ir.IndexTarget() if isinstance(t.obj.type, ir.DictT):
                entry = ir.Intrinsic(
                    "dict.index", [t.obj, t.index], "" if t.obj.type.zero else "KeyError", type=t.type
                )
                # The key is looked up before anything changes.
                where = f"*{self._changing(entry)}"
            case ir.IndexTarget():
                where = self._element(t)
            case _:
                raise Unsupported("a target of this kind", "", s.line)
        if s.op == "str.concat":
            where = where.removeprefix("*")
            for part in self._parts_of(s.value, root(t) if isinstance(t, ir.Expr) else getattr(t, "id", "")):
                letter = letter_of(part)
                if letter is not None:
                    self.write(f"{where}.push({self.x(letter)});")
                elif (
                    isinstance(part, ir.Format)
                    and not _named_in(part, "self")
                    and not any(
                        _named_in(part, n.id) for n in ir.walk(t) if isinstance(n, ir.Name | ir.VarTarget)
                    )
                ):
                    self.rust.uses.add("std::fmt::Write as _")
                    shown, macro = self.formatted(part), "write"
                    if shown.endswith('\\n"'):
                        shown, macro = shown[: -len('\\n"')] + '"', "writeln"
                    self.write(f'{macro}!({where}, {shown}).expect("a text that grows");')
                else:
                    self.write(f"{where}.push_str({self._lent_str(part)});")
            return
        if s.op in ("int.shl", "int.shr") and not isinstance(s.value, ir.Lit):
            if isinstance(t, ir.IndexTarget) and isinstance(t.obj.type, ir.DictT):
                raise Unsupported("a shift of an entry of a map by a computed count", "", s.line)
            helper = self.helper("shift_left" if s.op == "int.shl" else "shift_right")
            self.write(f"{where} = {helper}({where}, {self.x(s.value)});")
            return
        moved = isinstance(t, ir.VarTarget) and t.id in self.indexes
        self.write(f"{where} {ir.IN_PLACE[s.op]}= {self.usize(s.value) if moved else self.x(s.value)};")

    def _parts_of(self, e: ir.Expr, grown: str) -> list[ir.Expr]:
        """What is put together to a text, one after the other, unless a part looks at the text that grows or may fail."""
        if not (isinstance(e, ir.Intrinsic) and e.op == "str.concat"):
            return [e]
        if self.may_fail(e) or any(isinstance(n, ir.Name) and n.id in ("self", grown) for n in ir.walk(e)):
            return [e]
        return [p for part in e.args for p in self._parts_of(part, grown)]

    def _lent_str(self, e: ir.Expr) -> str:
        if (entry := self.lent_entry(e)) is not None:
            return entry
        return self.ref(e) if is_place(e) or lends(e) or isinstance(e, ir.Lit) else f"&{self.own(e, PRIMARY)}"

    # Closures

    def _closure(self, f: ir.Function) -> None:
        """A function inside a function."""
        own = {p.name for p in f.params} | stores(f.body)
        outer = {n.id for s in f.body for n in ir.walk(s) if isinstance(n, ir.Name)} - own
        if f.name in outer:
            raise Unsupported("a function inside a function that calls itself", f.name, f.line)
        facts = self.rust.ownership.facts(f)
        captured = outer & set(self.names)
        # Python says what is shared; elsewhere what an inner function assigns may be the outer one's.
        assigned = set(f.shared) if self.rust.of_python else _assigned(f.body) & set(self.names)
        if (
            (assigned - {p.name for p in f.params})
            or (facts.changed | stores(f.body)) & captured
            or captured & (self.facts.often | self.facts.changed)
        ):
            raise Unsupported(
                "a function inside a function that shares a variable that changes", f.name, f.line
            )
        if f.patterns:
            raise Unsupported("a pattern around a function inside a function", f.name, f.line)
        saved = (
            self.names,
            self.by_ref,
            self.by_mut,
            self.facts,
            self.fails,
            self.can_fail,
            self.result,
            self.label,
            self.function_body,
        )
        indexes = set(self.indexes)
        self.names, self.by_ref = dict(self.names), set(self.by_ref)
        for name in own:
            self.names.pop(name, None)
            self.by_ref.discard(name)
            self.indexes.discard(name)
        # What is captured is used again at the next call.
        for s in f.body:
            for n in ir.walk(s):
                if isinstance(n, ir.Name) and n.id in captured:
                    facts.last.discard(id(n))
        self.facts = facts
        params: list[str] = []
        for p in f.params:
            changed = p.name in facts.changed
            params.append(f"{self.name(p.name)}: {self.rust.param(p.type, changed)}")
            if changed:
                raise Unsupported("a function inside a function that changes its argument", f.name, f.line)
            if self.rust.borrowed(p.type):
                self.by_ref.add(p.name)
        self.fails = self.can_fail = bool(f.raises)
        self.result, self.label, self.function_body = f.result, "", f.body
        result = self.rust.result(f.result, self.fails)
        with self.captured() as lines:
            self.depth += 1
            self._reassigned(f)
            self.block(f.body, tail=True)
            self.depth -= 1
        (
            self.names,
            self.by_ref,
            self.by_mut,
            self.facts,
            self.fails,
            self.can_fail,
            self.result,
            self.label,
            self.function_body,
        ) = saved
        self.indexes = indexes
        name = self.name(f.name)
        self.write(f"let {name} = |{', '.join(params)}|{' -> ' + result if result else ''} {{")
        self.lines.extend(lines)
        self.write("};")
        self.local_closures = self.local_closures | {f.name}
        self.by_ref.add(f.name)

    # Handling errors

    def choice(self, e: ir.Cond) -> str | None:
        """See `Options.choice`."""
        return self.options.choice(e)

    def may_fail(self, n: ir.Node) -> list[ir.Expr]:
        """The operations below a node that give a Result."""
        out: list[ir.Expr] = []
        for e in ir.walk(n):
            match e:
                case ir.Call() if (
                    isinstance(e.func, ir.Name)
                    and ("", e.func.id) in self.rust.failing
                    and e.func.id not in self.names
                ):
                    if self.rust.failing["", e.func.id]:
                        out.append(e)
                case ir.Call():
                    if e.raises:
                        out.append(e)
                case ir.MethodCall():
                    key = (e.obj.type.name if isinstance(e.obj.type, ir.NamedT) else "", e.method)
                    if self.rust.failing.get(key, True):
                        out.append(e)
                case ir.New() if isinstance(self.rust.module.find(e.cls), ir.Class):
                    if self.rust.failing.get((e.cls, "__init__"), False):
                        out.append(e)
                case ir.Intrinsic(raises=raises) if raises and raises not in ir.PROGRAM_ERRORS:
                    out.append(e)
                case ir.PatternOp() | ir.PatternCall():
                    if e.raises:
                        out.append(e)
                case ir.Assign(target=ir.TupleTarget(), value=ir.Expr(type=ir.ListT()) as list_):
                    # A list of another length than there are targets.
                    out.append(list_)
                case _:
                    pass
        return out

    def _direct(self, s: ir.Try) -> ir.Expr | None:
        """The one call that a body consists of, when handling its result is all there is to do."""
        if len(s.body) != 1 or s.final:
            return None
        b = s.body[0]
        match b:
            case ir.Assign(target=ir.VarTarget(), value=value) if all(terminates(h.body) for h in s.handlers):
                call = value
            case ir.ExprStmt(value=value):
                call = value
            case ir.Return(value=value) if value is not None:
                call = value
            case _:
                return None
        if not isinstance(call, ir.Call | ir.MethodCall) or self.may_fail(call) != [call]:
            return None
        return call

    def _yields(self, s: ir.Try) -> bool:
        """True when the body's variables can be its value, because every handler leaves."""
        return (
            not s.final
            and bool(s.handlers)
            and all(terminates(h.body) for h in s.handlers)
            and not terminates(s.body)
            and not any(isinstance(n, ir.Return | ir.Break | ir.Continue) for b in s.body for n in ir.walk(b))
        )

    def _inline(self, s: ir.Try) -> bool:
        return (
            self._yields(s)
            or _outcome(s) is not None
            or (self._direct(s) is not None and all(terminates(h.body) for h in s.handlers))
        )

    def _check_caught(self, s: ir.Try) -> None:
        for b in s.body:
            for n in ir.walk(b):
                if isinstance(n, ir.Intrinsic) and n.raises in ir.PROGRAM_ERRORS:
                    classes = {c for h in s.handlers for c in h.classes}
                    if any(not h.classes for h in s.handlers):
                        classes.add("Exception")
                    if any(self.rust.errors.tree.is_a(n.raises, c) for c in classes):
                        raise Unsupported(
                            f"except of {n.raises}, which stops a Rust program", "", n.line or s.line
                        )

    def _try(self, s: ir.Try, tail: bool) -> None:
        self._check_caught(s)
        if s.final:
            self._finally(s, tail)
            return
        raised = frozenset[str]()
        for b in s.body:
            raised |= self.rust.effects.statement(b)
        if not any(self.may_fail(b) or any(isinstance(n, ir.Raise) for n in ir.walk(b)) for b in s.body):
            # Nothing in it can fail here, so that no handler can be reached.
            self.block([*s.body, *s.orelse], tail)
            if tail and not s.body and not s.orelse:
                self._end(tail)
            return
        self.rust.errors.used = True
        outcome = _outcome(s)
        if outcome is not None:
            self._try_outcome(s, outcome, raised)
            self._end(tail)
            return
        call = self._direct(s)
        if call is None and len(s.body) == 1 and isinstance(s.body[0], ir.Return):
            value = s.body[0].value
            # A value that is somewhere already may be given as a copy, which only a return can tell.
            call = (
                value
                if value is not None and not (is_place(value) and self.rust.mutable(value.type))
                else None
            )
        if call is not None:
            b = s.body[0]
            text = self._result_of(call, self.result if isinstance(b, ir.Return) else call.type)
            if isinstance(b, ir.Assign):
                assert isinstance(b.target, ir.VarTarget)
                name = self.name(b.target.id)
                if b.target.declares:
                    mut = "mut " if b.target.id in self.facts.often | self.facts.changed else ""
                    head = f"let {mut}{name}: {self.rust.type(b.target.type)} = match {text} {{"
                else:
                    head = f"{name} = match {text} {{"
                self._arms(s, raised, head, "Ok(value) => value,", "};", [])
                self.block(s.orelse, tail)
                if not s.orelse:
                    self._end(tail)
                return
            if isinstance(b, ir.Return):
                value = "value" if self.result != ir.NONE else "()"
                given = f"Ok({value})" if self.fails else value
                self._arms(
                    s,
                    raised,
                    f"match {text} {{",
                    f"Ok({value}) => {given}," if tail else f"Ok({value}) => return {given},",
                    "}",
                    [],
                    tail,
                )
                return
            self._arms(s, raised, f"match {text} {{", "Ok(_) => {", "}", s.orelse, tail)
            return
        if self._yields(s):
            self._try_value(s, raised, tail)
            return
        leaves = any(isinstance(n, ir.Break | ir.Continue | ir.Return) for b in s.body for n in ir.walk(b))
        if leaves:
            self._labelled(s, raised, tail)
            return
        saved = self._as_function(ir.NONE)
        with self.captured() as lines:
            self.depth += 1
            self.block(s.body, tail=True)
            self.depth -= 1
        self._back(saved)
        self.write("let outcome = (|| -> Result<(), Error> {")
        self.lines.extend(lines)
        self.write("})();")
        self._arms(s, raised, "match outcome {", "Ok(()) => {", "}", s.orelse, tail)

    def _try_outcome(self, s: ir.Try, target: ir.VarTarget, raised: frozenset[str]) -> None:
        """A variable that the body sets, and every handler in its place."""
        (b,) = s.body
        assert isinstance(b, ir.Assign)
        text = self._result_of(b.value, target.type)
        head = self.name(target.id)
        if target.declares:
            nodes = [n for x in self.function_body for n in ir.walk(x)]
            stored = sum(isinstance(n, ir.VarTarget) and n.id == target.id for n in nodes)
            here = sum(isinstance(n, ir.VarTarget) and n.id == target.id for n in ir.walk(s))
            mut = "mut " if stored > here or target.id in self.facts.changed else ""
            head = f"let {mut}{head}: {self.rust.type(target.type)}"
        self.setting = target.id
        self._arms(s, raised, f"{head} = match {text} {{", "Ok(value) => value,", "};", [])
        self.setting = ""

    def _result_of(self, e: ir.Expr, t: Type) -> str:
        """A value that may fail, as the Result that it is, or that a closure gives."""
        if isinstance(e, ir.Call | ir.MethodCall) and self.may_fail(e) == [e]:
            return self.call(e)[0]
        saved = self._as_function(ir.NONE)
        value = self.own_as(e, t)
        self._back(saved)
        outcome = self.outcomes.get(value)
        if outcome is not None and len(self.may_fail(e)) == 1:
            return outcome
        # What fails inside of the last operation would leave the function, not the try.
        return f"(|| -> {self.rust.result(t, True)} {{ {outcome or f'Ok({value})'} }})()"

    setting = ""  # the variable whose value the handlers of a try are

    def _as_function(self, result: Type) -> tuple[bool, Type, str, bool]:
        saved = (self.fails, self.result, self.label, self.can_fail)
        self.fails, self.result, self.label, self.can_fail = True, result, "", True
        return saved

    def _back(self, saved: tuple[bool, Type, str, bool]) -> None:
        self.fails, self.result, self.label, self.can_fail = saved

    def _try_value(self, s: ir.Try, raised: frozenset[str], tail: bool) -> None:
        """The body as a closure whose value are the variables that it sets."""
        outside = list(_others(self.function_body, s))
        needed = set[str]()
        for x in outside:
            needed |= {n.id for n in ir.walk(x) if isinstance(n, ir.Name)}
        needed |= reads(s.orelse)
        made: list[ir.VarTarget] = []
        for b in s.body:
            for n in ir.walk(b):
                if (
                    isinstance(n, ir.VarTarget)
                    and n.declares
                    and n.id in needed
                    and n.id not in {m.id for m in made}
                ):
                    made.append(n)
        outer_names = [m.id for m in made]
        saved = self._as_function(ir.NONE)
        with self.captured() as lines:
            self.depth += 1
            self.block(s.body)
            names = [self.name(n) for n in outer_names]
            value = "()" if not names else names[0] if len(names) == 1 else f"({', '.join(names)})"
            self.write(f"Ok({value})")
            self.depth -= 1
        self._back(saved)
        types = [self.rust.type(m.type) for m in made]
        t = "()" if not types else types[0] if len(types) == 1 else f"({', '.join(types)})"
        after = [x for x in outside if isinstance(x, ir.Stmt)]
        again = _assigned(after) | {root(e) for e, _ in self.rust.ownership.changes(after)}
        pattern = [f"mut {self.name(m.id)}" if m.id in again else self.name(m.id) for m in made]
        left = (
            ""
            if not made
            else f"let {pattern[0] if len(pattern) == 1 else '(' + ', '.join(pattern) + ')'} = "
        )
        head_lines = [
            f"{left}match (|| -> Result<{t}, Error> {{",
            *[x.removeprefix("    " * self.depth) for x in lines],
            "})() {",
        ]
        for x in head_lines[:-1]:
            self.write(x)
        self._arms(
            s,
            raised,
            head_lines[-1],
            "Ok(value) => value," if made else "Ok(()) => {}",
            "};" if made else "}",
            [],
        )
        self.block(s.orelse, tail)
        if not s.orelse:
            self._end(tail)

    def _labelled(self, s: ir.Try, raised: frozenset[str], tail: bool) -> None:
        """The body as a block that its failures leave by name; what leaves the function or a loop does so directly."""
        self.labels += 1
        label = "attempt" if self.labels == 1 else f"attempt{self.labels}"
        saved_label, saved_can = self.label, self.can_fail
        self.write(f"let outcome: Result<(), Error> = '{label}: {{")
        self.depth += 1
        self.label, self.can_fail = label, True
        saved_loops, self.block_loops = self.block_loops, len(self.loops)
        self.block(s.body)
        self.block_loops = saved_loops
        if not terminates(s.body):
            self.write("Ok(())")
        self.label, self.can_fail = saved_label, saved_can
        self.depth -= 1
        self.write("};")
        # A body that always leaves has no success to go on from.
        first = "Ok(()) => unreachable!()," if terminates(s.body) else "Ok(()) => {"
        self._arms(s, raised, "match outcome {", first, "}", s.orelse, tail)

    def _arms(
        self,
        s: ir.Try,
        raised: frozenset[str],
        head: str,
        first: str,
        close: str,
        orelse: list[ir.Stmt],
        tail: bool = False,
    ) -> None:
        """The arms of a match on a result: success, every handler that can be reached, and the rest."""
        effects = self.rust.effects
        self.write(head)
        self.depth += 1
        if first.endswith("{"):
            self.write(first)
            self.depth += 1
            self.block(orelse, tail)
            self.depth -= 1
            self.write("}")
        else:
            self.write(first)
        left = raised
        exhausted = False
        handled: list[str] = []
        for h in s.handlers:
            if h.classes and not any(r == ir.ANY_ERROR or effects.may_match(r, h.classes) for r in left):
                continue
            self.rust.templates.handles(raised, h.classes, self.rust.module, self.rust.errors.tree)
            exhausted = not h.classes
            self._arm(h, tail, handled)
            handled += [c for c in h.classes if c != "FileNotFoundError"]
            left = effects.remaining(left, h.classes)
            if exhausted:
                break
        if not exhausted and self.rust.errors.left(handled):
            if self.can_fail:
                leave = (
                    f"break '{self.label} Err(error)"
                    if self.label
                    else "Err(error)"
                    if tail
                    else "return Err(error)"
                )
                self.write(f"Err(error) => {leave},")
            else:
                self.write('Err(error) => unreachable!("{error}"),')
        self.depth -= 1
        self.write(close)

    def _arm(self, h: ir.Handler, tail: bool, handled: list[str]) -> None:
        again = any(isinstance(n, ir.Raise) and n.error is None for b in h.body for n in ir.walk(b))
        causes = sum(
            1
            for b in h.body
            for n in ir.walk(b)
            if isinstance(n, ir.Raise)
            and n.error is not None
            and isinstance(n.cause, ir.Name)
            and n.cause.id == h.var
        )
        used = (
            bool(h.var)
            and sum(1 for b in h.body for n in ir.walk(b) if isinstance(n, ir.Name) and n.id == h.var)
            > causes
        )
        errors = self.rust.errors
        single = h.classes[0] if len(h.classes) == 1 and errors.is_own(h.classes[0]) else ""
        if single and any(errors.tree.is_a(d.name, single) and d.name != single for d in errors.own):
            if any(
                isinstance(n, ir.Field) and isinstance(n.obj, ir.Name) and n.obj.id == h.var
                for b in h.body
                for n in ir.walk(b)
            ):
                raise Unsupported("fields of an error class that has subclasses", single, h.line)
            single = ""
        name, several = "", False
        if used or again:
            self.names.pop(h.var, None)
            name = self.name(h.var) if h.var else "error"
        fields = any(
            isinstance(n, ir.Field) and isinstance(n.obj, ir.Name) and n.obj.id == h.var
            for b in h.body
            for n in ir.walk(b)
        )
        if fields and not single:
            raise Unsupported("fields of an error that may be of several classes", h.var, h.line)
        if not h.classes:
            pattern = name or "_"
        elif single and name:
            pattern = f"Error::{self.rust.class_name(single)}({name})"
        else:
            found = errors.patterns(
                ["OSError" if c == "FileNotFoundError" else c for c in h.classes], handled
            )
            several = len(found) > 1
            found = " | ".join(found)
            pattern = f"{name} @ ({found})" if name and several else f"{name} @ {found}" if name else found
        saved, saved_structs = self.current, set(self.structs)
        self.current = name
        if single and name:
            self.structs.add(name)
        else:
            self.structs.discard(name)
        guard = ""
        if "FileNotFoundError" in h.classes:
            shown = name or "cause"
            if not name:
                pattern = f"{shown} @ {f'({pattern})' if several else pattern}"
            guard = (
                f" if !matches!(&{shown}, Error::Io(found) if found.kind() != std::io::ErrorKind::NotFound)"
            )
        self.write(f"Err({pattern}){guard} => {{")
        self.depth += 1
        for c in h.comments:
            self.write(f"// {c}")
        last = h.body[-1] if h.body else None
        setting, self.setting = self.setting, ""
        if setting and isinstance(last, ir.Assign) and not terminates(h.body):
            self.block(h.body[:-1])
            self.write(self.own_as(last.value, last.target.type))
        else:
            self.block(h.body, tail)
        self.setting = setting
        self.depth -= 1
        self.write("}")
        self.current, self.structs = saved, saved_structs

    def _finally(self, s: ir.Try, tail: bool) -> None:
        """The body, with its handlers, in a closure; then what always runs; then the closure's outcome."""
        inner: list[ir.Stmt] = (
            [ir.Try(s.body, s.handlers, s.orelse, [], line=s.line)] if s.handlers else [*s.body, *s.orelse]
        )
        nodes = [n for b in inner for n in ir.walk(b)]
        if any(isinstance(n, ir.Break | ir.Continue) for n in nodes) and not any(
            isinstance(n, ir.For | ir.While | ir.ForRange) for n in nodes
        ):
            raise Unsupported("finally around what leaves a loop", "", s.line)
        returns = any(isinstance(n, ir.Return) for n in nodes)
        if returns and not terminates(inner):
            raise Unsupported("finally around what returns only at times", "", s.line)
        if any(isinstance(n, ir.Return | ir.Raise) for b in s.final for n in ir.walk(b)):
            raise Unsupported("finally that returns or raises", "", s.line)
        fails = self.can_fail
        result = self.result if returns else ir.NONE
        saved = self._as_function(result)
        self.fails = self.can_fail = fails
        with self.captured() as lines:
            self.depth += 1
            self.block(inner, tail=True)
            self.depth -= 1
        self._back(saved)
        shown = self.rust.result(result, fails)
        self.write(f"let outcome = (||{' -> ' + shown if shown else ''} {{")
        self.lines.extend(lines)
        self.write("})();")
        self.block(s.final)
        if returns:
            if self.label and fails:
                raise Unsupported("finally inside another try that returns", "", s.line)
            self.write("outcome" if tail else "return outcome;")
        elif fails:
            self.write(f"{self.question('outcome', ir.Lit(None, line=s.line))};")
            self._end(tail)
        else:
            self._end(tail)


def _others(body: list[ir.Stmt], s: ir.Try) -> Generator[ir.Node]:
    """The statements of a function outside of the body of a try."""
    for x in body:
        if x is s:
            for h in s.handlers:
                yield from h.body
            yield from s.orelse
            yield from s.final
        elif any(n is s for n in ir.walk(x)):
            for child in ir.children(x):
                if isinstance(child, ir.Stmt):
                    yield from _others([child], s)
                elif isinstance(child, ir.Handler):
                    yield from _others(child.body, s)
                else:
                    yield child
        else:
            yield x


def while_let(lines: list[str]) -> list[str]:
    """A loop that begins with a `let ... else { break; }` as a `while let`."""
    match [line.strip() for line in lines[:4]]:
        case [head, let, "break;", "};"] if (
            head.endswith("loop {") and let.startswith("let ") and let.endswith(" else {")
        ):
            return [lines[0].replace("loop {", f"while {let.removesuffix(' else {')} {{"), *lines[4:]]
        case _:
            return lines


def _has_method_called(name: str, body: list[ir.Stmt]) -> bool:
    """True when an operation that is a method in Rust has the variable as its receiver."""
    return any(
        isinstance(n, ir.Intrinsic)
        and n.op
        in (
            "int.floordiv",
            "int.mod",
            "int.abs",
            "int.pow",
            "int.isqrt",
            "max",
            "min",
            "int.truncdiv",
            "int.rem",
        )
        and any(isinstance(m, ir.Name) and m.id == name for a in n.args for m in ir.walk(a))
        for s in body
        for n in ir.walk(s)
    )


def _told(test: ir.Expr) -> list[tuple[str, int]]:
    """The integer variables that a test tells a lower bound of, where it holds."""
    match test:
        case ir.Bool(op="and", values=values):
            return [told for v in values for told in _told(v)]
        case ir.Intrinsic(
            op="gt" | "ge" as op, args=[ir.Name(id=name, type=t), ir.Lit(value=int() as least)]
        ) if t == ir.INT:
            return [(name, least + (op == "gt"))]
        case ir.Intrinsic(
            op="lt" | "le" as op, args=[ir.Lit(value=int() as least), ir.Name(id=name, type=t)]
        ) if t == ir.INT:
            return [(name, least + (op == "lt"))]
        case _:
            return []


def _added(e: ir.Intrinsic, is_entry: Callable[[ir.Node], bool]) -> ir.Expr | None:
    """What is put to an entry by an operation that can be done in place, None for anything else."""
    if e.op not in ir.IN_PLACE or len(e.args) != 2:
        return None
    first, second = e.args
    if is_entry(first):
        return second
    if e.op == "str.concat" and isinstance(first, ir.Intrinsic):
        before = _added(first, is_entry)
        return before and ir.Intrinsic("str.concat", [before, second], type=ir.STR, line=e.line)
    return None


def _tells_empty(test: ir.Expr) -> bool | None:
    """Whether a test of a text holds where it is empty, None for a test of something else."""
    match test:
        case ir.Not(value=inner):
            told = _tells_empty(inner)
            return None if told is None else not told
        case ir.Intrinsic(op="eq" | "ne" as op, args=[ir.Name(), ir.Lit(value="")]):
            return op == "eq"
        case ir.Intrinsic(op="nonempty", args=[ir.Name()]):
            return False
        case _:
            return None


def _is_index(e: ir.Expr, name: str) -> bool:
    """True for a count, or for one a little further."""
    if isinstance(e, ir.Intrinsic) and e.op == "int.add" and isinstance(e.args[1], ir.Lit):
        e = e.args[0]
    return isinstance(e, ir.Name) and e.id == name


def _balanced(text: str) -> bool:
    depth = 0
    for c in text:
        depth += {"(": 1, ")": -1}.get(c, 0)
        if depth < 0:
            return False
    return depth == 0


def _sets(rest: Sequence[ir.Stmt], name: str) -> bool:
    """True when the first statement that names a variable sets it on every way through."""
    for s in rest:
        if any(isinstance(n, ir.Name | ir.VarTarget) and n.id == name for n in ir.walk(s)):
            return _assigns([s], name)
    return False


def _tells_type(e: ir.Expr) -> bool:
    """True for a value whose type a reader, and Rust, sees in it."""
    match e:
        case ir.Lit():
            return e.type in (ir.STR, ir.BOOL, ir.CHAR)
        case ir.Call() | ir.MethodCall() | ir.New() | ir.Format():
            return not isinstance(e.type, ir.FuncT)
        case ir.Field():
            return True
        case ir.Intrinsic(op=op):
            return (op.startswith("str.") and e.type == ir.STR) or op in (
                "len",
                "eq",
                "ne",
                "lt",
                "le",
                "gt",
                "ge",
            )
        case _:
            return False


def drop_unread(body: list[ir.Stmt]) -> None:
    """Leave out what a variable is set to and never read as, because the next statement that names it sets it again."""
    for i, s in reversed(list(enumerate(body))):
        for inner in blocks(s):
            drop_unread(inner)
        match s:
            case ir.Assign(target=ir.VarTarget(id=name), value=value) if (
                not s.comments
                and not s.trailing
                and (isinstance(value, ir.Lit) or (isinstance(value, ir.ListLit) and not value.elems))
            ):
                later = next((x for x in body[i + 1 :] if _named([x], name)), None)
                if later is not None and _assigns([later], name) and isinstance(later, ir.Assign):
                    del body[i]
            case _:
                pass


def _set_before_read(body: Sequence[ir.Stmt], name: str, known: bool) -> bool | None:
    """Whether statements leave a variable set, None where they may read it before; `known` says that it is set already."""
    for s in body:
        if known or not _named([s], name):
            continue
        match s:
            case ir.Assign(target=ir.VarTarget(id=found), value=value) if found == name:
                if _named_in(value, name):
                    return None
                known = True
            case ir.If() if not _named_in(s.test, name):
                arms = [_set_before_read(arm, name, known) for arm in (s.body, s.orelse)]
                if None in arms:
                    return None
                known = all(
                    done or terminates(arm) for done, arm in zip(arms, (s.body, s.orelse), strict=True)
                )
            case ir.While(test=head) | ir.For(iter=head) | ir.ForRange(stop=head) if not _named_in(
                head, name
            ):
                if isinstance(s, ir.ForRange) and _named_in(s.start, name):
                    return None
                if not isinstance(s, ir.While) and _named_in(s.target, name):
                    return None
                if _set_before_read(s.body, name, known) is None:
                    return None
            case _:
                return None
    return known


def _named_in(n: ir.Node, name: str) -> bool:
    return any(isinstance(x, ir.Name | ir.VarTarget) and x.id == name for x in ir.walk(n))


def _assigned(body: Sequence[ir.Stmt]) -> set[str]:
    """The variables that statements assign to; those of comprehensions are others."""
    own = {id(t) for s in body for n in ir.walk(s) if isinstance(n, ir.Clause) for t in ir.walk(n.target)}
    return {n.id for s in body for n in ir.walk(s) if isinstance(n, ir.VarTarget) and id(n) not in own}


def _assigns(body: Sequence[ir.Stmt], name: str) -> bool:
    for s in body:
        match s:
            case ir.Assign(target=ir.VarTarget(id=found), value=value) if found == name:
                return not any(isinstance(n, ir.Name) and n.id == name for n in ir.walk(value))
            case ir.If() if not any(isinstance(n, ir.Name) and n.id == name for n in ir.walk(s.test)):
                if bool(s.orelse) and all(
                    _assigns(arm, name) or (terminates(arm) and not _named(arm, name))
                    for arm in (s.body, s.orelse)
                ):
                    return True
                if _named([s], name):
                    return False
            case ir.Raise() | ir.Return() | ir.Continue() | ir.Break():
                return not _named([s], name)
            case _:
                if _named([s], name):
                    return False
    return False


def _outcome(s: ir.Stmt) -> ir.VarTarget | None:
    """The variable that a try only sets, in its body or in a handler; at least one handler goes on."""
    match s:
        case ir.Try(
            body=[ir.Assign(target=ir.VarTarget() as target, comments=[], trailing="")],
            handlers=[_, *_] as handlers,
            orelse=[],
            final=[],
        ):
            ending = [h.body for h in handlers if not terminates(h.body)]
            for body in ending:
                last = body[-1] if body else None
                if not (
                    isinstance(last, ir.Assign)
                    and isinstance(last.target, ir.VarTarget)
                    and last.target.id == target.id
                    and not last.comments
                    and not last.trailing
                    and not _named(body[:-1], target.id)
                ):
                    return None
            return target if ending else None
        case _:
            return None


def _fields(e: ir.Node) -> list[str]:
    """The fields on the way from a variable to a place, up to the first element."""
    out: list[str] = []
    while not isinstance(e, ir.Name):
        match e:
            case ir.Field() | ir.FieldTarget():
                out.append(e.name)
                e = e.obj
            case ir.IndexTarget():
                out.clear()
                e = e.obj
            case ir.Intrinsic(args=[first, *_]):
                out.clear()
                e = first
            case ir.Unwrap() | ir.Wrap():
                e = e.value
            case _:
                return []
    return out[::-1]


def _taking(s: ir.While) -> tuple[ir.Target, ir.Expr] | None:
    """What a loop over a list that is not empty takes from its end first, and the list."""
    match s.test, s.body:
        case (
            ir.Intrinsic(op="nonempty", args=[ir.Name() as list_]),
            [
                ir.Assign(
                    target=target,
                    value=ir.Intrinsic(op="list.pop", args=[ir.Name() as popped]),
                    comments=[],
                    trailing="",
                ),
                *_,
            ],
        ) if ir.same(list_, popped):
            targets = target.elems if isinstance(target, ir.TupleTarget) else [target]
            return (
                (target, list_) if all(isinstance(t, ir.VarTarget) and t.declares for t in targets) else None
            )
        case _:
            return None


def _addition(body: list[ir.Stmt], set_: ir.Expr, item: ir.Expr) -> tuple[int, ir.Intrinsic | None]:
    """Where statements add an item to a set, which nothing before can see, prevent or change."""
    known = {root(set_), root(item)} - {""}
    if not (is_place(set_) and isinstance(item, ir.Name | ir.Lit)):
        return 0, None
    for i, s in enumerate(body):
        match s:
            case ir.ExprStmt(
                value=ir.Intrinsic(op="set.add", args=[to, added]) as addition, comments=[], trailing=""
            ) if ir.same(to, set_) and ir.same(added, item):
                return i, addition
            case ir.ExprStmt(value=ir.Intrinsic(op="list.append", args=[ir.Name() as to, value])) if (
                to.id not in known and is_total(value) and not _named_in(value, root(set_))
            ):
                pass
            case ir.Assign(target=ir.VarTarget(id=name), value=value) if (
                name not in known and is_total(value) and not _named_in(value, root(set_))
            ):
                pass
            case _:
                break
    return 0, None


def _named(body: Sequence[ir.Stmt], name: str) -> bool:
    return any(_named_in(s, name) for s in body)


def _introduced(s: ir.Stmt) -> str:
    """The variable that a statement declares with a value, "" for none."""
    target = s.target if isinstance(s, ir.Assign) else None
    return target.id if isinstance(target, ir.VarTarget) and target.declares else ""


def _assigns_alone(body: Sequence[ir.Stmt], name: str) -> bool:
    """True where a variable is assigned in another way than as a part of what is taken apart."""
    nodes = [n for s in body for n in ir.walk(s)]
    parts = {id(t) for n in nodes if isinstance(n, ir.TupleTarget) for t in n.elems}
    return any(
        isinstance(n, ir.VarTarget | ir.VarDecl) and n.id == name and id(n) not in parts for n in nodes
    )


def _arms(s: ir.Stmt) -> int:
    """How many ways a chain of branches has."""
    if not isinstance(s, ir.If):
        return 1
    return sum(
        _arms(arm[0]) if len(arm) == 1 and isinstance(arm[0], ir.If) else 1
        for arm in (s.body, s.orelse)
        if arm
    )


__all__ = ["Facts", "FunctionWriter", "drop_unread"]
