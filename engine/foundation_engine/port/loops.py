"""Loops that say what one operation says, for targets whose operations on lists are written in a faster language.

A loop that fills a list is a comprehension, one that keeps what it has not seen takes each item once, one that counts
or gathers by a key is a count or a grouping, and one that puts a text together from characters joins what each becomes.
Every rewrite gives the same for every input; comments inside a loop keep it a loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foundation_engine.port import ir
from foundation_engine.port.letters import known_digits
from foundation_engine.port.passes import blocks
from foundation_engine.port.simplify import bound_only, join_only, local_lists, names_taken, rewrite
from foundation_engine.port.spellings import check_first, in_runs, search_first, spelled

# What a comprehension of more nodes says is read better as a loop.
_SIZE = 32
# Operations that change what they are given, and have a value.
_CHANGES = ("list.pop", "list.pop_at", "dict.pop", "dict.pop_or", "dict.pop_optional", "dict.setdefault")
# Types whose equal values cannot be told apart, even by what hashes them.
_PLAIN = (ir.STR, ir.CHAR, ir.INT, ir.BOOL)


def recognise(module: ir.Module) -> ir.Module:
    """Rewrite every function of a module in place; the module itself is returned."""
    for d in module.definitions:
        if isinstance(d, ir.Function):
            _function(d)
        elif isinstance(d, ir.Class):
            for f in [*d.methods, *([d.init] if d.init is not None else [])]:
                _function(f)
    return module


def _function(f: ir.Function) -> None:
    for name in local_lists(f):
        join_only(f, name)
    _Loops(f).block(f.body)
    _letters(f)
    rewrite(f, _looked_up)
    known_digits(f)
    check_first(f)
    search_first(f)
    _codes(f)
    _split_before(f)


class _Loops:
    """The loops of one function."""

    def __init__(self, f: ir.Function) -> None:
        self.f = f
        # What a handler or a closure reads is seen while it is being made.
        self.seen = {p.name for p in f.params}
        for n in (n for s in f.body for n in ir.walk(s)):
            watching: Sequence[ir.Node] = ()
            if isinstance(n, ir.Try):
                watching = [*(b for h in n.handlers for b in h.body), *n.final]
            elif isinstance(n, ir.FuncDef | ir.Lambda | ir.PatternCall):
                watching = [n]
            self.seen |= {m.id for w in watching for m in ir.walk(w) if isinstance(m, ir.Name)}

    def block(self, body: list[ir.Stmt]) -> None:
        """Rewrite the loops of a block, and of those in it."""
        at = 0
        while at < len(body):
            s = body[at]
            for inner in blocks(s):
                self.block(inner)
            if isinstance(s, ir.For | ir.ForRange) and not any(c.comments or c.trailing for c in _inside(s)):
                less = self._rewritten(body, at, s)
                if not less and isinstance(s, ir.For):
                    less = self._in_runs(body, at, s)
                at -= less
            at += 1

    def _rewritten(self, body: list[ir.Stmt], at: int, s: ir.For | ir.ForRange) -> int:
        """Replace a loop and what begins its result; how many statements there are less."""
        targets = [t.id for t in ir.walk(s.target) if isinstance(t, ir.VarTarget)]
        if not all(bound_only(self.f, t) for t in targets):
            return 0
        over = s.iter if isinstance(s, ir.For) else _range(s)
        for made in (self._once, self._counted, self._grouped, self._listed, self._spelled):
            found = made(s.target, over, s.body)
            if found is None:
                continue
            name, value, besides = found
            begun = [self._begun(body, at, n) for n in (name, *besides)]
            if any(b is None for b in begun) or name in self.seen or not self._alone(besides, s):
                continue
            first = next(b for b in begun if b is not None)
            target = body[first]
            assert isinstance(target, ir.Assign)  # noqa: S101 - `_begun` looked at it.
            if isinstance(target.value.type, ir.DictT):
                value.type = target.value.type
            said = [
                *(c for b in sorted({b for b in begun if b is not None}) for c in body[b].comments),
                *s.comments,
            ]
            body[at] = ir.Assign(target.target, value, line=s.line, comments=said, trailing=s.trailing)
            for b in sorted({b for b in begun if b is not None}, reverse=True):
                del body[b]
            self._returned(body, at - len(begun), name)
            return len(begun)
        return 0

    def _returned(self, body: list[ir.Stmt], at: int, name: str) -> None:
        """What is only returned needs no name."""
        match body[at : at + 2]:
            case [
                ir.Assign(value=value, comments=said, trailing=trailing),
                ir.Return(value=ir.Name(id=of)) as last,
            ] if of == name and _mentions(self.f.body, name) == 2 and not (last.comments or trailing):
                body[at : at + 2] = [ir.Return(value, line=last.line, comments=said, trailing=last.trailing)]
            case _:
                pass

    def _begun(self, body: Sequence[ir.Stmt], at: int, name: str) -> int | None:
        """The statement before a loop that makes a variable empty, which nothing in between mentions."""
        for i in range(at - 1, -1, -1):
            match body[i]:
                case ir.Assign(target=ir.VarTarget(id=to), value=value) if to == name:
                    return i if _empty(value) else None
                case s if any(isinstance(n, ir.Name | ir.VarTarget) and n.id == name for n in ir.walk(s)):
                    return None
                case _:
                    pass
        return None

    def _alone(self, names: Sequence[str], s: ir.Stmt) -> bool:
        """True when variables are used in a loop only, but for what begins them."""
        return all(
            _mentions(self.f.body, name) == _mentions([s], name) + 1 and name not in self.seen
            for name in names
        )

    # What loops say: the variable with the result, its value, and other variables that only the loop uses.

    def _once(
        self, target: ir.Target, over: ir.Expr, body: list[ir.Stmt]
    ) -> tuple[str, ir.Expr, list[str]] | None:
        """Items that were not seen before."""
        match body:
            case [ir.If(test=ir.Not(value=test), body=kept, orelse=[])]:
                pass
            case [ir.If(test=test, body=[ir.Continue()], orelse=[]), *kept]:
                pass
            case _:
                return None
        if not isinstance(target, ir.VarTarget) or not isinstance(test, ir.Intrinsic):
            return None
        added = [s.value for s in kept if isinstance(s, ir.ExprStmt) and isinstance(s.value, ir.Intrinsic)]
        if len(added) != len(kept) or not all(
            len(a.args) == 2 and _is(a.args[1], target.id) for a in (test, *added)
        ):
            return None
        to = {a.op: a.args[0] for a in added}
        match test.op, test.args[0], to.get("list.append"), to.get("set.add"):
            case "set.contains", ir.Name(id=seen), ir.Name(id=name), ir.Name(id=known) if (
                seen == known and len(added) == 2
            ):
                besides = [seen]
            case "list.contains", ir.Name(id=seen), ir.Name(id=name), None if (
                seen == name and len(added) == 1 and test.args[1].type in _PLAIN
            ):
                besides: list[str] = []
            case _:
                return None
        if {name, *besides} & {n.id for n in ir.walk(over) if isinstance(n, ir.Name)}:
            return None
        made = ir.Intrinsic("list.distinct", [over], type=ir.ListT(test.args[1].type), line=test.line)
        return name, made, besides

    def _counted(
        self, target: ir.Target, over: ir.Expr, body: list[ir.Stmt]
    ) -> tuple[str, ir.Expr, list[str]] | None:
        """How often each item, or what it gives, occurs."""
        match body:
            case [
                ir.If(
                    test=ir.Intrinsic(op="dict.contains", args=[ir.Name(id=of), asked]),
                    body=[more],
                    orelse=[new],
                )
            ]:
                added, begun = _added(more), _stored(new)
                if added is None or begun is None or not added[:1] == begun[:1] == (of,):
                    return None
                name, key, _ = added
                if not (ir.same(key, asked) and ir.same(begun[1], asked)):
                    return None
            case [s] if (added := _added(s)) is not None and added[2]:
                name, key, _ = added
            case _:
                return None
        if not _pure(key) or name in {
            n.id for e in (key, over) for n in ir.walk(e) if isinstance(n, ir.Name)
        }:
            return None
        items = over
        if not (isinstance(target, ir.VarTarget) and _is(key, target.id)):
            items = ir.Comp(
                "iter", key, [ir.Clause(target, over, [])], type=ir.IterT(key.type), line=key.line
            )
        return name, ir.Intrinsic("count_each", [items], type=ir.DictT(key.type, ir.INT), line=key.line), []

    def _grouped(
        self, target: ir.Target, over: ir.Expr, body: list[ir.Stmt]
    ) -> tuple[str, ir.Expr, list[str]] | None:
        """Items by what each gives."""
        besides: list[str] = []
        match body:
            case [ir.Assign(target=ir.VarTarget(id=short), value=given), *rest]:
                if _mentions(self.f.body, short) != _mentions(body, short) or short in self.seen:
                    return None
            case rest:
                short, given = "", None
        match rest:
            case [
                ir.If(
                    test=ir.Not(value=ir.Intrinsic(op="dict.contains", args=[_, asked])),
                    body=[first],
                    orelse=[],
                ),
                s,
            ]:
                new = _stored(first)
                gathered = _gathered(s, "dict.index")
                if new is None or gathered is None or new[0] != gathered[0] or not _empty(new[2]):
                    return None
                name, key, item = gathered
                if not (ir.same(key, asked) and ir.same(key, new[1])):
                    return None
            case [s] if (gathered := _gathered(s, "dict.setdefault")) is not None:
                name, key, item = gathered
            case _:
                return None
        if given is not None and _is(key, short):
            key = given
        if not isinstance(target, ir.VarTarget) or not _is(item, target.id) or not _pure(key):
            return None
        if {name, short} & {n.id for e in (key, over) for n in ir.walk(e) if isinstance(n, ir.Name)}:
            return None
        by = ir.Lambda(
            [ir.Param(target.id, target.type)], key, type=ir.FuncT((target.type,), key.type, False, False)
        )
        value = ir.Intrinsic(
            "group_each", [over, by], type=ir.DictT(key.type, ir.ListT(item.type)), line=key.line
        )
        return name, value, besides

    def _listed(
        self, target: ir.Target, over: ir.Expr, body: list[ir.Stmt]
    ) -> tuple[str, ir.Expr, list[str]] | None:
        """What each item, or each that passes a test, gives."""
        clauses = [ir.Clause(target, over, [])]
        short = ""
        while True:
            match body:
                case [ir.Assign(target=ir.VarTarget(id=to) as named, value=made), *rest] if (
                    not short
                    and isinstance(clauses[-1].target, ir.VarTarget)
                    and self._only_here(to, body, rest)
                ):
                    # What is looked at under a name of its own is filtered behind what makes it.
                    clauses, short, body = [ir.Clause(named, _mapped(clauses, made), [])], to, rest
                case [ir.If(test=test, body=[ir.Continue()], orelse=[]), *rest] if rest:
                    clauses[-1].conds.append(_negated(test))
                    body = rest
                case [ir.If(test=test, body=inner, orelse=[])]:
                    clauses[-1].conds.append(test)
                    body = inner
                case [ir.For(target=inner_target, iter=inner_over, body=inner)]:
                    clauses.append(ir.Clause(inner_target, inner_over, []))
                    body = inner
                case [
                    ir.ExprStmt(
                        value=ir.Intrinsic(op="list.append", args=[ir.Name(id=name, type=kind), elem])
                    )
                ]:
                    break
                case _:
                    return None
        parts = [elem, *(e for c in clauses for e in (c.iter, *c.conds))]
        if name in {n.id for p in parts for n in ir.walk(p) if isinstance(n, ir.Name)}:
            return None
        bound = [t.id for c in clauses for t in ir.walk(c.target) if isinstance(t, ir.VarTarget)]
        if len(bound) != len(set(bound)) or not all(b == short or bound_only(self.f, b) for b in bound):
            return None
        looked = (elem, *clauses[0].conds)
        if short and not all(_settled(e) and _names(e) <= {short} for e in looked):
            return None
        # A value that is nothing or false is filtered and taken in two steps, which effects would tell apart.
        tested = any(c.conds for c in clauses) and (
            elem.type == ir.BOOL or isinstance(elem.type, ir.OptionalT)
        )
        if tested or sum(1 for p in parts for _ in ir.walk(p)) > _SIZE:
            return None
        return name, ir.Comp("list", elem, clauses, type=kind, line=elem.line), []

    def _only_here(self, name: str, body: Sequence[ir.Stmt], rest: Sequence[ir.Stmt]) -> bool:
        """True for a variable that the first of some statements assigns, and only those behind it read."""
        stored = sum(isinstance(n, ir.VarTarget) and n.id == name for s in self.f.body for n in ir.walk(s))
        own = _mentions(body, name) == _mentions(rest, name) + 1
        return (
            stored == 1
            and own
            and name not in self.seen
            and _mentions(self.f.body, name) == _mentions(body, name)
        )

    def _spelled(
        self, target: ir.Target, over: ir.Expr, body: list[ir.Stmt]
    ) -> tuple[str, ir.Expr, list[str]] | None:
        """A text of what each character of a text becomes."""
        found = spelled(target, over, body)
        return found and (*found, [])

    def _in_runs(self, body: list[ir.Stmt], at: int, s: ir.For) -> int:
        """Replace a loop whose runs of other characters become a literal; how many statements there are less."""
        found = in_runs(s.target, s.iter, s.body)
        if found is None or not isinstance(s.target, ir.VarTarget) or not bound_only(self.f, s.target.id):
            return 0
        name, flag, test, mark = found
        begun, now = self._begun(body, at, name), None
        for i in range(at - 1, -1, -1):
            match body[i]:
                case ir.Assign(target=ir.VarTarget(id=to), value=ir.Lit(value=bool() as value)) if to == flag:
                    now = (i, value)
                    break
                case other if _mentions([other], flag):
                    break
                case _:
                    pass
        if begun is None or now is None or name in self.seen or not self._alone([flag], s):
            return 0
        char = ir.Lambda(
            [ir.Param(s.target.id, s.target.type)],
            test,
            type=ir.FuncT((s.target.type,), ir.BOOL, False, False),
        )
        first = body[begun]
        assert isinstance(first, ir.Assign)  # noqa: S101 - `_begun` looked at it.
        value = ir.Intrinsic(
            "str.in_runs",
            [s.iter, char, ir.Lit(mark, type=ir.STR), ir.Lit(now[1], type=ir.BOOL)],
            type=ir.STR,
            line=s.line,
        )
        said = [*first.comments, *body[now[0]].comments, *s.comments]
        body[at] = ir.Assign(first.target, value, line=s.line, comments=said, trailing=s.trailing)
        for i in sorted((begun, now[0]), reverse=True):
            del body[i]
        self._returned(body, at - 2, name)
        return 2


def _names(e: ir.Expr) -> set[str]:
    return {n.id for n in ir.walk(e) if isinstance(n, ir.Name)}


def _mapped(clauses: list[ir.Clause], made: ir.Expr) -> ir.Expr:
    """What each item gives, as a list."""
    return ir.Comp("list", made, clauses, type=ir.ListT(made.type), line=made.line)


def _settled(e: ir.Expr) -> bool:
    """True for what cannot fail and changes nothing, so that it may be looked at later."""
    return not any(
        isinstance(
            n, ir.Call | ir.MethodCall | ir.New | ir.PatternOp | ir.PatternCall | ir.PatternNew | ir.Unwrap
        )
        or (isinstance(n, ir.Intrinsic) and (n.raises or n.op in _CHANGES))
        for n in ir.walk(e)
    )


def _inside(s: ir.For | ir.ForRange) -> Iterator[ir.Stmt]:
    return (n for b in s.body for n in ir.walk(b) if isinstance(n, ir.Stmt))


def _range(s: ir.ForRange) -> ir.Expr:
    step = ir.Lit(s.step, type=ir.INT)
    return ir.Intrinsic("range", [s.start, s.stop, step], type=ir.IterT(ir.INT), line=s.line)


def _empty(e: ir.Expr) -> bool:
    match e:
        case ir.ListLit(elems=[]) | ir.SetLit(elems=[]) | ir.DictLit(items=[]) | ir.Lit(value=""):
            return True
        case _:
            return False


def _is(e: ir.Expr, name: str) -> bool:
    if isinstance(e, ir.Intrinsic) and e.op == "char.to_str":
        e = e.args[0]
    return isinstance(e, ir.Name) and e.id == name


def _negated(e: ir.Expr) -> ir.Expr:
    return e.value if isinstance(e, ir.Not) else ir.Not(e, type=ir.BOOL, line=e.line)


def _mentions(body: Sequence[ir.Stmt], name: str) -> int:
    """How often statements read or assign a variable."""
    return sum(isinstance(n, ir.Name | ir.VarTarget) and n.id == name for s in body for n in ir.walk(s))


def _stored(s: ir.Stmt) -> tuple[str, ir.Expr, ir.Expr] | None:
    """The map, the key and the value of an assignment to an entry."""
    match s:
        case ir.Assign(target=ir.IndexTarget(obj=ir.Name(id=name, type=ir.DictT()), index=key), value=value):
            return name, key, value
        case _:
            return None


def _added(s: ir.Stmt) -> tuple[str, ir.Expr, bool] | None:
    """The map and the key of an entry that grows by one, and whether it may have been missing."""
    match s:
        case ir.AugAssign(
            target=ir.IndexTarget(obj=ir.Name(id=name, type=ir.DictT(zero=zero)), index=key),
            op="int.add",
            value=ir.Lit(value=1),
        ):
            return name, key, zero
        case _:
            pass
    stored = _stored(s)
    match stored:
        case (
            name,
            key,
            ir.Intrinsic(op="int.add", args=[ir.Intrinsic(op=op, args=[of, asked, *more]), ir.Lit(value=1)]),
        ):
            if not _is(of, name) or not ir.same(key, asked):
                return None
            if op == "dict.get_or" and isinstance(more[0], ir.Lit) and more[0].value == 0:
                return name, key, True
            return (name, key, isinstance(of.type, ir.DictT) and of.type.zero) if op == "dict.index" else None
        case _:
            return None


def _gathered(s: ir.Stmt, op: str) -> tuple[str, ir.Expr, ir.Expr] | None:
    """The map, the key and the item of what appends to the list of an entry, which `op` looks up."""
    match s:
        case ir.ExprStmt(
            value=ir.Intrinsic(op="list.append", args=[ir.Intrinsic(op=asked, args=[of, key, *new]), item])
        ):
            fresh = all(map(_empty, new)) and len(new) == (op == "dict.setdefault")
            return (of.id, key, item) if asked == op and fresh and isinstance(of, ir.Name) else None
        case _:
            return None


def _pure(e: ir.Expr) -> bool:
    """True for what may be worked out once instead of twice: it changes nothing and asks nobody."""
    return not any(
        isinstance(n, ir.Call | ir.MethodCall | ir.New | ir.PatternOp | ir.PatternCall)
        or (isinstance(n, ir.Intrinsic) and n.op in _CHANGES)
        for n in ir.walk(e)
    )


def _letters(f: ir.Function) -> None:
    """A list of a text's characters that is only measured, joined or compared with its reverse is a text."""
    stored = [n.id for s in f.body for n in ir.walk(s) if isinstance(n, ir.VarTarget)]
    for s in (n for b in f.body for n in ir.walk(b)):
        match s:
            case ir.Assign(
                target=ir.VarTarget(id=name) as target, value=ir.Comp(kind="list", clauses=[only]) as made
            ):
                pass
            case _:
                continue
        letter = only.target.id if isinstance(only.target, ir.VarTarget) else ""
        if (
            only.iter.type != ir.STR
            or not only.conds
            or stored.count(name) != 1
            or not _is(made.elem, letter)
        ):
            continue
        nodes = [n for b in f.body for n in ir.walk(b)]
        if sum(_reads(n, name) for n in nodes) != sum(isinstance(n, ir.Name) and n.id == name for n in nodes):
            continue
        target.type = ir.STR
        made.kind, made.type = "iter", ir.IterT(ir.STR)
        s.value = ir.Intrinsic("str.join", [ir.Lit("", type=ir.STR), made], type=ir.STR, line=s.line)
        for n in nodes:
            if isinstance(n, ir.Name) and n.id == name:
                n.type = ir.STR
            elif isinstance(n, ir.Intrinsic) and n.op == "list.reversed" and _is(n.args[0], name):
                n.op, n.type = "str.reversed", ir.STR
        rewrite(f, lambda e, name=name: e.args[1] if _joins(e, name) and isinstance(e, ir.Intrinsic) else e)


def _looked_up(e: ir.Expr) -> ir.Expr:
    """A look for a text of one character is one for the character."""
    match e:
        case ir.Intrinsic(
            op="str.contains", args=[ir.Lit() as text, ir.Intrinsic(op="char.to_str", args=[char])]
        ):
            return ir.Intrinsic("str.contains_char", [text, char], type=ir.BOOL, line=e.line)
        case _:
            return e


def _codes(f: ir.Function) -> None:
    """A loop over characters of which only the codes are looked at is one over codes."""
    for s in (n for b in f.body for n in ir.walk(b)):
        match s:
            case ir.For(target=ir.VarTarget(id=name) as target, iter=ir.Expr(type=ir.STR) as over):
                pass
            case ir.For(
                target=ir.TupleTarget(elems=[_, ir.VarTarget(id=name) as target]),
                iter=ir.Intrinsic(op="enumerate", args=[ir.Expr(type=ir.STR) as over, _]),
            ):
                pass
            case _:
                continue
        nodes = [n for b in s.body for n in ir.walk(b)]
        codes = [n for n in nodes if isinstance(n, ir.Expr) and _is_code(n, name)]
        compared = [n for n in nodes if isinstance(n, ir.Expr) and _compared(n, name) is not None]
        if not codes or len(codes) + len(compared) != _mentions(s.body, name) or not bound_only(f, name):
            continue
        coded = ir.Intrinsic("str.codepoints", [over], type=ir.IterT(ir.INT), line=over.line)
        if isinstance(s.iter, ir.Intrinsic) and s.iter.op == "enumerate":
            s.iter.args[0] = coded
        else:
            s.iter = coded
        target.type = ir.INT
        for b in s.body:
            rewrite(b, lambda e, name=name: _coded(e, name))


def _split_before(f: ir.Function) -> None:
    """A text whose characters a loop inside of a loop goes over is split once, before the outer one."""
    texts = {p.name for p in f.params if p.type == ir.STR}
    texts -= {n.id for s in f.body for n in ir.walk(s) if isinstance(n, ir.VarTarget)}
    taken = names_taken(f)
    at = 0
    while at < len(f.body):
        s = f.body[at]
        at += 1
        if not isinstance(s, ir.For | ir.ForRange | ir.While):
            continue
        made: dict[str, ir.Name] = {}
        for n in (n for b in s.body for n in ir.walk(b)):
            numbered = isinstance(n, ir.For) and isinstance(n.iter, ir.Intrinsic) and n.iter.op == "enumerate"
            match n:
                case ir.For(iter=ir.Intrinsic(args=[ir.Name(id=name), *_])) if numbered and name in texts:
                    pass
                case ir.For(iter=ir.Name(id=name)) if name in texts:
                    pass
                case _:
                    continue
            if name not in made:
                split = f"{name}_chars"
                while split in taken:
                    split += "_"
                taken.add(split)
                made[name] = ir.Name(split, type=ir.ListT(ir.CHAR))
            if numbered and isinstance(n.iter, ir.Intrinsic):
                n.iter.args[0] = ir.unshared(made[name])
            else:
                n.iter = ir.unshared(made[name])
        for name, split in made.items():
            of = ir.Intrinsic("to_list", [ir.Name(name, type=ir.STR)], type=split.type, line=s.line)
            new = ir.Assign(ir.VarTarget(split.id, type=split.type), of, line=s.line)
            new.comments, s.comments = s.comments, []
            f.body.insert(at - 1, new)
            at += 1


def _coded(e: ir.Expr, name: str) -> ir.Expr:
    """What looks at a character or its code, looking at the variable that holds the code."""
    code = ir.Name(name, type=ir.INT, line=e.line)
    if _is_code(e, name):
        return code
    letter = _compared(e, name)
    if letter is not None and isinstance(e, ir.Intrinsic):
        return ir.Intrinsic(e.op, [code, ir.Lit(ord(letter), type=ir.INT)], type=ir.BOOL, line=e.line)
    return e


def _compared(e: ir.Expr, name: str) -> str | None:
    """The letter that a character is, or is not."""
    match e:
        case ir.Intrinsic(op="eq" | "ne", args=[of, ir.Lit(value=str(letter))]) if len(letter) == 1:
            return letter if _is(of, name) else None
        case _:
            return None


def _is_code(e: ir.Expr, name: str) -> bool:
    return isinstance(e, ir.Intrinsic) and e.op == "str.ord" and _is(e.args[0], name)


def _joins(e: ir.Node, name: str) -> bool:
    match e:
        case ir.Intrinsic(op="str.join", args=[ir.Lit(value=""), of]):
            return _is(of, name)
        case _:
            return False


def _reads(n: ir.Node, name: str) -> int:
    """How often an operation that a text has, too, reads a list of its characters."""
    match n:
        case ir.Intrinsic(op="len" | "nonempty", args=[of]):
            return _is(of, name)
        case ir.Intrinsic(op="eq" | "ne", args=[a, ir.Intrinsic(op="list.reversed", args=[b])]):
            return 2 * (_is(a, name) and _is(b, name))
        case _:
            return int(_joins(n, name))
