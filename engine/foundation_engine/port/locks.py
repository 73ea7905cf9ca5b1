"""Locks around blocks, and clocks that are only asked how long something took.

A block under a lock is the statement `lock.acquire` and, behind it, a `Try` whose last part is `lock.release`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foundation_engine.port import ir
from foundation_engine.port.passes import blocks

# What a lock may protect beside the values that a program holds.
_OUTSIDE = ("file.", "print", "process.", "sleep", "http.", "env.")


def locked(body: Sequence[ir.Stmt], i: int) -> ir.Try | None:
    """The block under a lock that is taken by a statement of the body, None for another statement."""
    s = body[i]
    following = body[i + 1] if i + 1 < len(body) else None
    if not (
        isinstance(s, ir.ExprStmt)
        and isinstance(s.value, ir.Intrinsic)
        and s.value.op == "lock.acquire"
        and isinstance(following, ir.Try)
        and not following.handlers
        and len(following.final) == 1
    ):
        return None
    last = following.final[0]
    released = isinstance(last, ir.ExprStmt) and isinstance(last.value, ir.Intrinsic)
    return following if released and last.value.op == "lock.release" else None  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]


def made_by_its_type(s: ir.Stmt) -> bool:
    """True for a statement that gives a field a new lock."""
    match s:
        case ir.Assign(target=ir.FieldTarget(), value=ir.Intrinsic(op="lock.new")):
            return True
        case _:
            return False


def without_new(module: ir.Module) -> None:
    """Leave out the making of locks, for a target whose locks are ready as they are declared."""
    for d in module.definitions:
        if isinstance(d, ir.Class) and d.init is not None:
            d.init.body = [s for s in d.init.body if not made_by_its_type(s)]


def by_borrowing(module: ir.Module) -> None:
    """Leave out the locks of objects whose methods borrow them exclusively where they change them.

    Raises nothing: a method in which a lock protects something else than the object's own values is declined by a
    `Hole` in the place of its body.
    """
    used = {
        n.id for d in module.definitions for n in ir.walk(d) if isinstance(n, ir.Name) and n.type == ir.LOCK
    }
    module.definitions = [
        d
        for d in module.definitions
        if not (isinstance(d, ir.Constant) and d.type == ir.LOCK and d.name not in used)
    ]
    for d in module.definitions:
        if isinstance(d, ir.Class) and any(f.type == ir.LOCK for f in d.fields):
            module.differ(
                "An object that keeps a lock for itself has none in Rust, where a method that changes it has it for"
                " itself: who shares it between threads puts it into a Mutex."
            )
            d.fields = [f for f in d.fields if f.type != ir.LOCK]
            if d.init is not None:
                d.init.body = [s for s in d.init.body if not made_by_its_type(s)]
            for m in d.methods:
                if _protects_more(d, m):
                    reason = "a lock around what is outside of the object, as files are; Rust has none for that here"
                    m.body = [ir.Hole(reason, "lock", f"def {m.name}", line=m.line)]
                else:
                    _unlock(m.body)


def _blocks_under(body: list[ir.Stmt]) -> Iterator[ir.Try]:
    for i, s in enumerate(body):
        if (found := locked(body, i)) is not None:
            yield found
        for inner in blocks(s):
            yield from _blocks_under(inner)


def _protects_more(c: ir.Class, m: ir.Function) -> bool:
    called = {n.method for b in _blocks_under(m.body) for n in ir.walk(b) if isinstance(n, ir.MethodCall)}
    bodies: list[ir.Node] = [*_blocks_under(m.body)]
    if bodies:
        bodies += [other for other in c.methods if other.name in called]
    return any(
        (isinstance(n, ir.Intrinsic) and n.op.startswith(_OUTSIDE))
        or (
            isinstance(n, ir.PatternOp | ir.PatternCall) and getattr(n, "pattern", "") != "structured_logging"
        )
        for b in bodies
        for n in ir.walk(b)
    )


def _unlock(body: list[ir.Stmt]) -> None:
    i = 0
    while i < len(body):
        found = locked(body, i)
        if found is not None:
            if found.body and not found.body[0].comments:
                found.body[0].comments = body[i].comments
            body[i : i + 2] = found.body
            continue
        for inner in blocks(body[i]):
            _unlock(inner)
        i += 1


def elapsed(module: ir.Module) -> bool:
    """Keep a point of the clock where a variable's time is only taken from a later one; True where times stay numbers.

    `start = clock.monotonic`, `clock.monotonic - start` become `clock.now` and `clock.since(start)`. What the wall's
    clock says is a number for others to read, unless it is only asked in this way: nobody wants its adjustments then.
    """
    for _, f in module.functions():
        if any(isinstance(n, ir.FuncDef | ir.Lambda) for n in ir.walk(f)):
            # A name may mean another variable there.
            continue
        kept: dict[str, list[ir.Assign]] = {}
        reads: dict[str, int] = {}
        for n in ir.walk(f):
            match n:
                case ir.Assign(
                    target=ir.VarTarget(id=name), value=ir.Intrinsic(op="clock.monotonic" | "clock.wall")
                ):
                    kept.setdefault(name, []).append(n)
                case ir.Name(id=name):
                    reads[name] = reads.get(name, 0) + 1
                case _:
                    pass
        targets = [id(a.target) for found in kept.values() for a in found]
        others = {p.name for p in f.params} | {
            n.id for n in ir.walk(f) if isinstance(n, ir.VarTarget) and id(n) not in targets
        }
        for name, found in kept.items():
            since = [n for n in ir.walk(f) if _since(n, name)]
            clocks = {
                n.args[0].op
                for n in since
                if isinstance(n, ir.Intrinsic) and isinstance(n.args[0], ir.Intrinsic)
            }
            clocks |= {a.value.op for a in found if isinstance(a.value, ir.Intrinsic)}
            if name in others or len(since) != reads.get(name, 0) or len(clocks) > 1:
                continue
            for a in found:
                a.target.type = ir.INSTANT
                a.value = ir.Intrinsic("clock.now", [], type=ir.INSTANT, line=a.value.line)
            for n in since:
                assert isinstance(n, ir.Intrinsic)  # noqa: S101 - what _since tells.
                n.op = "clock.since"
                n.args = [ir.Name(name, type=ir.INSTANT, line=n.line)]
    return any(
        isinstance(n, ir.Intrinsic) and n.op == "clock.monotonic"
        for d in module.definitions
        for n in ir.walk(d)
    )


def _since(n: ir.Node, name: str) -> bool:
    match n:
        case ir.Intrinsic(
            op="float.sub", args=[ir.Intrinsic(op="clock.monotonic" | "clock.wall"), ir.Name(id=read)]
        ) if read == name:
            return True
        case _:
            return False
