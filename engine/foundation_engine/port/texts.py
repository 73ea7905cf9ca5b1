"""What can be known of a function's strings: which are ASCII whatever the input, which grow, which are measured often.

Targets whose strings are bytes look into an ASCII string without decoding it, and build a growing one in a buffer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from foundation_engine.port import ir
from foundation_engine.port.passes import blocks

# The least length of what an operation gives, where it is ASCII.
_ASCII = {"int.to_str": 1, "int.bin": 3, "int.hex": 3, "int.oct": 3, "float.to_str": 3, "bool.to_str": 4}
# Operations whose result is ASCII when their operands are.
_KEEPING = frozenset(
    {
        "str.concat",
        "str.slice",
        "str.reversed",
        "str.upper",
        "str.lower",
        "str.strip",
        "str.lstrip",
        "str.rstrip",
        "str.replace",
        "str.zfill",
        "str.swapcase",
        "char.to_str",
        "str.index",
    }
)


def is_ascii(e: ir.Expr, known: Collection[str]) -> bool:
    """True for a text of ASCII characters only, whatever the input; `known` are variables that hold such texts."""
    match e:
        case ir.Lit(value=str(text)):
            return text.isascii()
        case ir.Name(id=name):
            return name in known and e.type in (ir.STR, ir.CHAR)
        case ir.Cond(body=body, orelse=orelse):
            return is_ascii(body, known) and is_ascii(orelse, known)
        case ir.Intrinsic(op="str.repeat", args=[text, _]):
            return is_ascii(text, known)
        case ir.Intrinsic(op=op, args=args):
            texts = [a for a in args if a.type in (ir.STR, ir.CHAR)]
            return op in _ASCII or (op in _KEEPING and all(is_ascii(a, known) for a in texts))
        case ir.Format(parts=parts):
            return all(
                p.text.isascii()
                and (p.value is None or p.value.type in (ir.INT, ir.FLOAT) or is_ascii(p.value, known))
                for p in parts
            )
        case _:
            return False


def code_range(e: ir.Expr) -> tuple[int, int] | None:
    """The least and the greatest value of a number that is computed for a character, where both are plain."""
    match e:
        case ir.Lit(value=int(number)):
            return number, number
        case ir.Intrinsic(op="str.ord", args=[ir.Lit(value=str(letter))]):
            return ord(letter), ord(letter)
        case ir.Intrinsic(op="int.mod", args=[_, ir.Lit(value=int(divisor))]) if divisor > 0:
            return 0, divisor - 1
        case ir.Intrinsic(op="int.add", args=[a, b]):
            one, other = code_range(a), code_range(b)
            return None if one is None or other is None else (one[0] + other[0], one[1] + other[1])
        case _:
            return None


def least_length(e: ir.Expr) -> int:
    """How many characters a text has at least."""
    match e:
        case ir.Lit(value=str(text)):
            return len(text)
        case ir.Intrinsic(op=op) if op in _ASCII:
            return _ASCII[op]
        case _:
            return 0


def ascii_texts(f: ir.Function) -> frozenset[str]:
    """Variables of a function that only ever hold ASCII texts or characters."""
    values: dict[str, list[ir.Expr | None]] = {p.name: [None] for p in f.params}

    def note(t: ir.Target, value: ir.Expr | None) -> None:
        if isinstance(t, ir.VarTarget):
            values.setdefault(t.id, []).append(value if t.type in (ir.STR, ir.CHAR) else None)
        elif isinstance(t, ir.TupleTarget):
            parts = value.elems if isinstance(value, ir.TupleLit) else [None] * len(t.elems)
            for inner, part in zip(t.elems, parts, strict=True):
                note(inner, part)

    for n in _nodes(f):
        match n:
            case ir.Assign(target=target, value=value):
                note(target, value)
            case ir.AugAssign(target=target, value=value):
                note(target, value)
            case ir.For(target=target, iter=over) | ir.Clause(target=target, iter=over):
                note(target, over if over.type == ir.STR else None)
            case ir.ForRange(target=target):
                note(target, None)
            case ir.Param(name=name):
                values.setdefault(name, []).append(None)
            case ir.FuncDef(func=func):
                values.setdefault(func.name, []).append(None)
            case ir.Handler(var=name):
                values.setdefault(name, []).append(None)
            case _:
                pass
    known = set(values)
    while True:
        left = {n for n in known if all(v is not None and is_ascii(v, known) for v in values[n])}
        if left == known:
            return frozenset(known)
        known = left


def _nodes(f: ir.Function) -> Iterator[ir.Node]:
    return (n for s in f.body for n in ir.walk(s))


def growing_texts(f: ir.Function) -> frozenset[str]:
    """Local variables that hold an empty text first, grow at their end in a loop, and else are only read or emptied."""
    grown: set[str] = set()
    bad: set[str] = {p.name for p in f.params}
    good: set[int] = set()
    started: set[str] = set()
    closures: set[int] = set()

    def visit(body: list[ir.Stmt], loops: int) -> None:
        for s in body:
            match s:
                case ir.Assign(target=ir.VarTarget(id=name, type=ir.STR) as target, value=ir.Lit(value="")):
                    good.add(id(target))
                    started.add(name)
                case ir.AugAssign(target=ir.VarTarget(id=name, type=ir.STR) as target, op="str.concat"):
                    good.add(id(target))
                    if loops:
                        grown.add(name)
                case _:
                    if appended(s) is not None:
                        assert isinstance(s, ir.Assign)  # noqa: S101 - `appended` looked at it.
                        assert isinstance(s.target, ir.VarTarget)  # noqa: S101 - likewise.
                        good.add(id(s.target))
                        if loops:
                            grown.add(s.target.id)
            if not isinstance(s, ir.FuncDef):
                for inner in blocks(s):
                    visit(inner, loops + isinstance(s, ir.For | ir.ForRange | ir.While))

    visit(f.body, 0)
    for n in _nodes(f):
        if isinstance(n, ir.FuncDef | ir.Lambda | ir.PatternCall) and id(n) not in closures:
            closures.add(id(n))
            bad |= {m.id for m in ir.walk(n) if isinstance(m, ir.Name | ir.VarTarget)}
        elif isinstance(n, ir.VarTarget) and id(n) not in good:
            bad.add(n.id)
    return frozenset(grown & started - bad)


def appended(s: ir.Stmt) -> list[ir.Expr] | None:
    """What `x = x + a + b` adds to a text variable, in order; None for any other statement."""
    if not (isinstance(s, ir.Assign) and isinstance(s.target, ir.VarTarget)):
        return None
    first, *more = pieces(s.value)
    if not more or not isinstance(first, ir.Name) or first.id != s.target.id or first.type != ir.STR:
        return None
    return more


def pieces(e: ir.Expr) -> list[ir.Expr]:
    """The texts that a text is put together from, in order."""
    if isinstance(e, ir.Intrinsic) and e.op == "str.concat":
        return [p for a in e.args for p in pieces(a)]
    return [e]


def measured_texts(f: ir.Function) -> frozenset[str]:
    """String variables that are assigned once at most and whose length is asked for twice or more, or in a loop."""
    weights: dict[str, int] = {}
    assigned: dict[str, int] = {}

    def visit(node: ir.Node, loops: dict[str, int], depth: int) -> None:
        match node:
            case ir.Intrinsic(op="len", args=[ir.Name(id=name, type=ir.STR)]):
                weights[name] = weights.get(name, 0) + (2 if depth > loops.get(name, 0) else 1)
            case ir.VarTarget(id=name):
                assigned[name] = assigned.get(name, 0) + 1
            case ir.Param(name=name):
                assigned[name] = assigned.get(name, 0) + 2
            case _:
                pass
        inner = depth
        if isinstance(node, ir.While | ir.For | ir.ForRange | ir.Comp | ir.Lambda | ir.FuncDef):
            inner += 1
        if isinstance(node, ir.For):
            # What the loop itself binds is new in each turn.
            loops = loops | {t.id: inner for t in ir.walk(node.target) if isinstance(t, ir.VarTarget)}
        for child in ir.children(node):
            visit(child, loops, inner)

    for s in f.body:
        visit(s, {}, 0)
    return frozenset(n for n, weight in weights.items() if weight >= 2 and assigned.get(n, 0) <= 1)
