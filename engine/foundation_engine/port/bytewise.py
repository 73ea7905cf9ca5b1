"""Loops over the characters of a text that can run over its bytes.

No byte of a character outside of ASCII is one of ASCII, and all of them are above it. Where a turn for such a character
only adds it to texts, sets what it sets however often it runs, or leaves, a turn for each of its bytes does the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from foundation_engine.port import ir
from foundation_engine.port.passes import reads, stores, terminates
from foundation_engine.port.texts import growing_texts

# What a comparison with a character of ASCII gives for every other character, and for every byte of one.
_OTHERS = {"eq": False, "ne": True, "lt": False, "le": False, "gt": True, "ge": True}
# What looks for a key of a map.
_LOOKING = frozenset({"dict.contains", "dict.index", "dict.get", "dict.get_or"})
_TURNED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


def loop_over_bytes(module: ir.Module, *, adding: bool) -> None:
    """Make loops over characters that are gone through backwards loops over bytes.

    With `adding`, loops whose characters are added to texts, too; without it, those that only ask how a character
    compares.
    `str.bytes` of a text are its bytes. Wherever one is asked for more than how it compares with a character of ASCII,
    it is one.
    """
    tables = _tables(module)
    for _, f in module.functions():
        nodes = [n for s in f.body for n in ir.walk(s)]
        if any(isinstance(n, ir.PatternCall) for n in nodes):
            continue
        for loop in nodes:
            if not isinstance(loop, ir.For):
                continue
            match loop.iter, loop.target:
                case (
                    ir.Intrinsic(op="str.reversed", args=[text]),
                    ir.VarTarget(id=char, type=ir.CHAR),
                ) if only_here(nodes, loop.body, char) and alike(loop.body, char, tables=tables) == set():
                    loop.iter = ir.Intrinsic(
                        "reversed", [_bytes(text)], type=ir.IterT(ir.CHAR), line=text.line
                    )
                case ir.Expr(type=ir.STR) as text, ir.VarTarget(id=char, type=ir.CHAR) if (
                    only_here(nodes, loop.body, char)
                    and (added := alike(loop.body, char, tables=tables)) is not None
                    and (
                        (added <= growing_texts(f) & reads(f.body) and _adds(loop.body, char))
                        if adding
                        else not added
                    )
                ):
                    loop.iter = _bytes(text)
                case _:
                    pass


def _tables(module: ir.Module) -> frozenset[str]:
    """The constant maps of a module that have keys of ASCII alone, and that are only looked into."""
    nodes = [n for d in module.definitions for n in ir.walk(d)]
    found = {
        d.name
        for d in module.definitions
        if isinstance(d, ir.Constant)
        and isinstance(d.value, ir.DictLit)
        and all(
            isinstance(k, ir.Lit) and isinstance(k.value, str) and k.value.isascii() for k, _ in d.value.items
        )
    }
    looks = Counter(
        n.args[0].id
        for n in nodes
        if isinstance(n, ir.Intrinsic) and n.op in _LOOKING and isinstance(n.args[0], ir.Name)
    )
    named = Counter(n.id for n in nodes if isinstance(n, ir.Name))
    hidden = {
        n.id if isinstance(n, ir.VarTarget) else n.name
        for n in nodes
        if isinstance(n, ir.VarTarget | ir.Param)
    }
    return frozenset(name for name in found - hidden if named[name] == looks[name])


def _bytes(text: ir.Expr) -> ir.Expr:
    return ir.Intrinsic("str.bytes", [text], type=ir.IterT(ir.CHAR), line=text.line)


def only_here(nodes: Sequence[ir.Node], body: Sequence[ir.Stmt], char: str) -> bool:
    """True for a variable that one loop sets, that only its turns read, and no function inside of them."""
    inside = [n for s in body for n in ir.walk(s)]
    closures = [n for n in inside if isinstance(n, ir.Lambda | ir.FuncDef | ir.Comp)]
    held = any(isinstance(m, ir.Name) and m.id == char for n in closures for m in ir.walk(n))
    sets = sum(isinstance(n, ir.VarTarget) and n.id == char for n in nodes)
    reads = sum(isinstance(n, ir.Name) and n.id == char for n in nodes)
    return not held and sets == 1 and reads == sum(isinstance(n, ir.Name) and n.id == char for n in inside)


def _adds(body: Sequence[ir.Stmt], char: str) -> bool:
    return any(_added(n, char) is not None for s in body for n in ir.walk(s))


def _added(n: ir.Node, char: str) -> str | None:
    """The text that a statement adds a character to, alone; None for any other statement."""
    match n:
        case ir.AugAssign(
            target=ir.VarTarget(id=text),
            op="str.concat",
            value=ir.Intrinsic(op="char.to_str", args=[ir.Name(id=name)]),
        ) if name == char:
            return text
        case _:
            return None


def alike(
    body: Sequence[ir.Stmt],
    char: str,
    stepping: ir.AugAssign | None = None,
    tables: frozenset[str] = frozenset(),
) -> set[str] | None:
    """The texts that a turn adds a character outside of ASCII to, where a turn for each of its bytes does the same.

    None where that is not so. `stepping` is the statement at the end of the turn that goes on to the next character;
    `tables` are maps whose keys are of ASCII.
    """
    nodes = [n for s in body for n in ir.walk(s)]
    if any(isinstance(n, ir.VarTarget) and n.id == char for n in nodes):
        return None
    turn = _Turn(char, stepping, tables)
    turn.run(body)
    if turn.differs or turn.asked & turn.set or turn.added & (turn.asked | turn.set):
        return None
    return turn.added


class _Turn:
    """What is reached in a turn for a character outside of ASCII."""

    def __init__(self, char: str, stepping: ir.AugAssign | None, tables: frozenset[str]) -> None:
        self.char, self.stepping, self.tables = char, stepping, tables
        self.differs = False  # something is done that makes a difference when it is done again
        self.asked: set[str] = set()  # variables that decide what is done
        self.set: set[str] = set()  # variables that are set to what they are
        self.added: set[str] = set()  # texts that the character is added to

    def run(self, body: Sequence[ir.Stmt]) -> bool:
        """Follow statements; True when what is behind them is reached."""
        for s in body:
            match s:
                case ir.AugAssign(target=ir.VarTarget(id=name)) if s is self.stepping:
                    self.set.add(name)
                case ir.Pass():
                    pass
                case ir.Continue():
                    # The step at the end would be passed by.
                    self.differs |= self.stepping is not None
                    return False
                case ir.Break() | ir.Return() | ir.Raise():
                    # It happens at the first byte, where everything is as at the character if none was added yet.
                    self.differs |= self._names(s) or bool(self.added)
                    return False
                case ir.If(test=test, body=inner, orelse=orelse):
                    known = self.told(test)
                    if known is None:
                        if self._once(test, inner, orelse):
                            continue
                        self.asked |= {n.id for n in ir.walk(test) if isinstance(n, ir.Name)}
                        self.differs |= not _steady(test)
                        ways: list[bool] = []
                        before, added = self.added, set[str]()
                        for way in (inner, orelse):
                            self.added = set(before)
                            ways.append(self.run(way))
                            added |= self.added
                        self.added = added
                    else:
                        ways = [self.run(inner if known else orelse)]
                    if not any(ways):
                        return False
                case ir.Assign(target=ir.VarTarget(id=name), value=ir.Lit()):
                    self.set.add(name)
                case _ if (text := _added(s, self.char)) is not None:
                    # Added twice in a turn, the bytes of one would stand between those of the other.
                    self.differs |= text in self.added
                    self.added.add(text)
                case _:
                    self.differs = True
        return True

    def _names(self, node: ir.Node) -> bool:
        return any(isinstance(n, ir.Name) and n.id == self.char for n in ir.walk(node))

    def _once(self, test: ir.Expr, body: Sequence[ir.Stmt], orelse: Sequence[ir.Stmt]) -> bool:
        """True for what a variable lets run once, because it sets the variable."""
        wanted = not isinstance(test, ir.Not)
        name = test if isinstance(test, ir.Name) else test.value if isinstance(test, ir.Not) else None
        inside = [n for s in body for n in ir.walk(s)]
        leaves = any(isinstance(n, ir.Break | ir.Continue) for n in inside)
        if not isinstance(name, ir.Name) or orelse or not body or leaves or terminates(list(body)):
            return False
        last = body[-1]
        match last:
            case ir.Assign(target=ir.VarTarget(id=to), value=ir.Lit(value=bool() as value)) if to == name.id:
                once = value is not wanted
            case _:
                return False
        # Nothing else may set it, or depend on how often a turn runs.
        self.set.add(name.id)
        self.differs |= name.id in self.asked or name.id in stores(list(body[:-1]))
        self.differs |= any(self._names(s) for s in body) or bool(stores(list(body[:-1])) & self.asked)
        # A text that the character was added to has its first byte only.
        self.differs |= bool(self.added & reads(list(body)))
        self.set |= stores(list(body[:-1]))
        return once

    def told(self, test: ir.Expr) -> bool | None:
        """What a test gives for every character outside of ASCII and each of its bytes; None where it depends."""
        match test:
            case ir.Not(value=inner):
                known = self.told(inner)
                return None if known is None else not known
            case ir.Bool(op=op, values=values):
                found = [self.told(v) for v in values]
                if (op == "or") in found:
                    # What stands before may not do anything.
                    decided = found.index(op == "or")
                    return (op == "or") if all(map(_steady, values[:decided])) else None
                return None if None in found else op == "and"
            case ir.Intrinsic(op=op, args=[ir.Name(id=name), ir.Lit(value=str(letter))]) if (
                op in _OTHERS and name == self.char and letter.isascii()
            ):
                return _OTHERS[op]
            case ir.Intrinsic(op=op, args=[ir.Lit(value=str(letter)), ir.Name(id=name)]) if (
                op in _OTHERS and name == self.char and letter.isascii()
            ):
                return _OTHERS[_TURNED[op]]
            case ir.Intrinsic(op="str.contains_char", args=[ir.Lit(value=str(text)), ir.Name(id=name)]) if (
                name == self.char and text.isascii()
            ):
                return False
            case ir.Intrinsic(
                op="dict.contains",
                args=[ir.Name(id=table), ir.Intrinsic(op="char.to_str", args=[ir.Name(id=name)])],
            ) if name == self.char and table in self.tables:
                return False
            case _:
                self.differs |= self._names(test)
                return None


def _steady(e: ir.Expr) -> bool:
    """True for a test of numbers, texts and truth values alone, which only an assignment changes."""
    return all(
        isinstance(n, ir.Lit | ir.Not | ir.Bool)
        or (isinstance(n, ir.Name) and n.type in (ir.BOOL, ir.INT, ir.FLOAT, ir.STR, ir.CHAR))
        or (
            isinstance(n, ir.Intrinsic)
            and not n.raises
            and n.op in (*_OTHERS, "nonempty", "len", "str.contains_char")
        )
        for n in ir.walk(e)
    )
