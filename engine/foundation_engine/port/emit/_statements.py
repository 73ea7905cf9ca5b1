"""The statements of one body: comments at their places, holes, and one method for each kind of statement."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

from foundation_engine.port import ir
from foundation_engine.port.emit._lines import Lines
from foundation_engine.port.ir import Unsupported


def comment(text: str, mark: str = "#", indent: str = "") -> list[str]:
    """Lines of a comment that `mark` begins."""
    return [f"{indent}{mark} {line}".rstrip() for line in text.splitlines()]


def comments(texts: Iterable[str], mark: str = "#", indent: str = "") -> list[str]:
    """Lines of comments, one after the other."""
    return [line for text in texts for line in comment(text, mark, indent)]


class Statements(Lines, ABC):
    """What the emitters of bodies that may hold holes have in common."""

    mark = "#"
    """What begins a comment."""
    before_mark = " "
    """What stands between a statement and its comment."""
    quoted = "   "
    """What stands between the mark of a comment and the source that it shows."""
    next_turn = "continue"
    """The statement that begins a loop's next turn."""

    def __init__(self, depth: int = 1) -> None:
        super().__init__(depth)
        self.holes: list[Unsupported] = []

    def block(self, body: Sequence[ir.Stmt], tail: bool = False) -> None:
        """Statements; the first that cannot be written takes the rest of its block along as a hole.

        With `tail` the value of the last one is the value of the block.
        """
        for at, s in enumerate(body):
            before = self._state()
            try:
                self.set_off(body, at)
                self.remarks(s.comments)
                self.statement(body, at, tail)
            except Unsupported as why:
                self._restore(before)
                why.line = why.line or s.line
                self.hole(why, "")
                return
            if isinstance(s, ir.Hole):
                return

    def _state(self) -> dict[str, tuple[Any, Any]]:
        """What the emitter knows, with copies of the collections that grow: of lines, how many there are."""
        return {
            name: (v, len(v) if v is self.lines else copy(v) if isinstance(v, list | dict | set) else None)  # pyright: ignore[reportUnknownArgumentType]
            for name, v in vars(self).items()
        }

    def _restore(self, before: dict[str, tuple[Any, Any]]) -> None:
        """Forget what a statement that was not finished began: its lines, names, handlers and depth."""
        for name, (v, was) in before.items():
            setattr(self, name, v)
            match v:
                case list() if isinstance(was, int):
                    del v[was:]
                case list():
                    v[:] = was
                case dict() | set():
                    v.clear()
                    v.update(was)  # pyright: ignore[reportUnknownMemberType]
                case _:
                    pass

    def set_off(self, body: Sequence[ir.Stmt], at: int) -> None:
        """What stands between a statement, with its comments, and the one before."""

    def remarks(self, texts: Iterable[str]) -> None:
        """Comments on lines of their own."""
        for line in comments(texts, self.mark):
            self.write(line)

    def statement(self, body: Sequence[ir.Stmt], at: int, tail: bool) -> None:
        """One statement of a block, with the comment behind it."""
        del tail
        start = len(self.lines)
        self.stmt(body[at])
        self.remark(body[at].trailing, start)

    def remark(self, text: str, start: int) -> None:
        """A comment behind the statement that begins at a line; it has its own line where nothing was written."""
        if not text:
            return
        if len(self.lines) > start:
            self.lines[start] += f"{self.before_mark}{self.mark} {text}"
        else:
            self.remarks([text])

    def hole(self, why: Unsupported, source: str) -> None:
        """A marked hole: it says why, shows the source, and stops the program when it is reached."""
        self.holes.append(Unsupported(why.reason, why.construct, why.line))
        shown = source or why.construct
        self.write(f"{self.mark} not ported (line {why.line}){':' if shown else ''}")
        for line in shown.splitlines():
            self.write(f"{self.mark}{self.quoted}{line}".rstrip())
        self.write(self.stop(f"not ported: {why.reason}"))

    def stmt(self, s: ir.Stmt) -> None:
        """One statement."""
        match s:
            case ir.Hole():
                self.hole(Unsupported(s.reason, s.construct, s.line), s.source)
            case ir.Pass():
                return
            case ir.VarDecl():
                self._declare(s)
            case ir.Assign():
                self._assign(s)
            case ir.AugAssign():
                self._augmented(s)
            case ir.ExprStmt():
                self.effect(s.value)
            case ir.If():
                self._if(s)
            case ir.While():
                self._while(s)
            case ir.ForRange():
                self._for_range(s)
            case ir.For():
                self._for(s)
            case ir.Return():
                self._return(s)
            case ir.Break():
                self.write("break")
            case ir.Continue():
                self.write(self.next_turn)
            case ir.Raise():
                self._raise(s)
            case ir.Try():
                self._try(s)
            case ir.FuncDef():
                self._closure(s.func)
            case _:
                raise Unsupported(f"statement {type(s).__name__}")

    def _declare(self, s: ir.VarDecl) -> None:
        """A variable that a later block sets; nothing where setting it declares it."""

    @abstractmethod
    def stop(self, message: str) -> str:
        """The statement that stops the program with a message."""

    @abstractmethod
    def effect(self, e: ir.Expr) -> None:
        """An expression that is evaluated for what it does."""

    @abstractmethod
    def _assign(self, s: ir.Assign) -> None: ...

    @abstractmethod
    def _augmented(self, s: ir.AugAssign) -> None: ...

    @abstractmethod
    def _if(self, s: ir.If) -> None: ...

    @abstractmethod
    def _while(self, s: ir.While) -> None: ...

    @abstractmethod
    def _for_range(self, s: ir.ForRange) -> None: ...

    @abstractmethod
    def _for(self, s: ir.For) -> None: ...

    @abstractmethod
    def _return(self, s: ir.Return) -> None: ...

    @abstractmethod
    def _raise(self, s: ir.Raise) -> None: ...

    @abstractmethod
    def _try(self, s: ir.Try) -> None: ...

    @abstractmethod
    def _closure(self, f: ir.Function) -> None: ...
