"""What Ruby says of a text as a whole where a source looks at each of its characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from foundation_engine.port import ir
from foundation_engine.port.passes import blocks, terminates

# The class of a regular expression that the characters of a test are in.
_CLASSES = {
    "char.isdigit": "[:digit:]",
    "char.isalpha": r"\p{L}",
    "char.isalnum": r"\p{L}\p{N}",
    "char.isspace": "[:space:]",
    "char.isupper": "[:upper:]",
    "char.islower": "[:lower:]",
}


def character_class(test: ir.Expr, char: ir.Expr) -> str | None:
    """What stands between the brackets of the class of all characters that a test of one holds for, if one says it."""
    match test:
        case ir.Intrinsic(op=op, args=[of]) if op.replace("str.", "char.") in _CLASSES and is_letter(
            of, char
        ):
            return _CLASSES[op.replace("str.", "char.")]
        case ir.Intrinsic(
            op="eq", args=[of, ir.Lit(value=str(letter))] | [ir.Lit(value=str(letter)), of]
        ) if is_letter(of, char) and len(letter) == 1:
            return escaped(letter)
        case ir.Intrinsic(op="str.contains_char" | "str.contains", args=[ir.Lit(value=str(letters)), of]) if (
            is_letter(of, char) and letters
        ):
            return one_of(letters)
        case ir.Intrinsic(op="list.contains" | "set.contains", args=[of_list, of]) if is_letter(of, char):
            letters = _letters(of_list)
            return None if letters is None else one_of(letters)
        case ir.Not(
            value=ir.Bool(
                op="or", values=[ir.Intrinsic(op="lt" | "gt") as one, ir.Intrinsic(op="lt" | "gt") as other]
            )
        ):
            # What is not below and not above is in between.
            ends = [ir.Intrinsic("ge" if e.op == "lt" else "le", e.args, type=ir.BOOL) for e in (one, other)]
            return character_class(ir.Bool("and", list[ir.Expr](ends), type=ir.BOOL), char)
        case ir.Not(value=ir.Not(value=inner)):
            return character_class(inner, char)
        case ir.Bool(op="or", values=values):
            parts = [character_class(v, char) for v in values]
            return None if None in parts else "".join(p for p in parts if p is not None)
        case ir.Bool(op="and", values=[low, high]):
            first, last = _bound(low, char), _bound(high, char)
            if first is None or last is None or {first[0], last[0]} != {"low", "high"}:
                return None
            ends = dict((first, last))
            return f"{escaped(ends['low'])}-{escaped(ends['high'])}" if ends["low"] <= ends["high"] else None
        case _:
            return None


def pattern(test: ir.Expr, char: ir.Expr, negated: bool = False) -> str | None:
    """The regular expression of one character that a test of it holds for, or does not hold for with `negated`."""
    if isinstance(test, ir.Not):
        return pattern(test.value, char, not negated)
    match test:
        case ir.Intrinsic(op="ne"):
            return pattern(ir.Intrinsic("eq", test.args, type=ir.BOOL), char, not negated)
        case ir.Bool(op="and", values=values) if all(_denied(v) is not None for v in values):
            # What is none of several characters is not one of them.
            parts = [p for v in values if (p := _denied(v)) is not None]
            return pattern(ir.Bool("or", parts, type=ir.BOOL), char, not negated)
        case ir.Bool(
            op="or", values=[ir.Intrinsic(op="lt" | "gt") as one, ir.Intrinsic(op="lt" | "gt") as other]
        ):
            # What is below or above is not in between.
            ends = [ir.Intrinsic("ge" if e.op == "lt" else "le", e.args, type=ir.BOOL) for e in (one, other)]
            return pattern(ir.Bool("and", list[ir.Expr](ends), type=ir.BOOL), char, not negated)
        case _:
            pass
    inside = character_class(test, char)
    if inside is None:
        return None
    # Two of them would stand for what both sides have.
    inside = inside.replace("&&", "&")
    # A property needs no brackets, and its complement has a name of its own.
    if m := re.fullmatch(r"\\p\{(\w+)\}", inside):
        return rf"\P{{{m[1]}}}" if negated else inside
    return f"[{'^' if negated else ''}{inside}]"


def conjuncts(e: ir.Expr) -> list[ir.Expr]:
    """The tests that must all hold where one holds."""
    match e:
        case ir.Bool(op="and", values=values):
            return [c for v in values for c in conjuncts(v)]
        case ir.Not(value=ir.Not(value=inner)):
            return conjuncts(inner)
        case ir.Not(value=ir.Bool(op="or", values=values)) if not any(
            isinstance(v, ir.Intrinsic) and v.op in ("lt", "gt", "le", "ge") for v in values
        ):
            return [c for v in values for c in conjuncts(ir.Not(v, type=ir.BOOL, line=v.line))]
        case ir.Not(value=ir.Intrinsic(op="empty" | "nonempty" as op, args=args)):
            return [
                ir.Intrinsic("empty" if op == "nonempty" else "nonempty", args, type=ir.BOOL, line=e.line)
            ]
        case _:
            return [e]


def anchored(e: ir.Bool) -> tuple[ir.Name, str, list[ir.Expr]] | None:
    """A text, the regular expression that the first of several tests ask it to match, and the other tests."""
    values = conjuncts(e)
    text: ir.Name | None = None
    first = every = ""
    filled = False
    taken = 0
    for v in values:
        match v:
            case (
                ir.Intrinsic(op="nonempty", args=[ir.Name(type=ir.STR) as of])
                | ir.Intrinsic(op="ne", args=[ir.Name(type=ir.STR) as of, ir.Lit(value="")])
            ) if not filled:
                filled = True
            case ir.Intrinsic(
                op="all",
                args=[
                    ir.Comp(
                        elem=elem,
                        clauses=[
                            ir.Clause(target=ir.VarTarget() as t, iter=ir.Name(type=ir.STR) as of, conds=[])
                        ],
                    )
                ],
            ) if not every and (found := character_class(elem, ir.Name(t.id, type=t.type))) is not None:
                every = found.replace("&&", "&")
            case _:
                look = _first_letter(v)
                if look is None or not filled or first:
                    break
                of = look.args[0]
                found = character_class(v, look)
                if found is None or not isinstance(of, ir.Name):
                    break
                first = found.replace("&&", "&")
        if text is not None and not ir.same(of, text):
            break
        text = of
        taken += 1
    if text is None or taken < 2 or not every:
        return None
    if not first:
        whole = f"[{every}]+"
    elif set(_atoms(first)) <= set(_atoms(every)):
        whole = f"[{first}][{every}]*"
    else:
        whole = f"(?=[{first}])[{every}]+"
    return text, rf"\A{whole}\z", values[taken:]


def _first_letter(test: ir.Expr) -> ir.Intrinsic | None:
    """The look at the first character of a text that a test begins with."""
    for n in ir.walk(test):
        match n:
            case ir.Intrinsic(op="str.index", args=[ir.Name(), ir.Lit(value=0)]):
                return n
            case _:
                pass
    return None


def _atoms(inside: str) -> list[str]:
    """The parts of a class."""
    return re.findall(r"\\p\{\w+\}|\[:\w+:\]|(?:\\.|.)-(?:\\.|.)|\\u\{\w+\}|\\.|.", inside)


def literals_of(test: ir.Expr) -> tuple[ir.Name, list[ir.Expr]] | None:
    """A variable and the literals that a test asks whether it is one of."""
    match test:
        case ir.Intrinsic(op="eq", args=[ir.Name(type=ir.STR | ir.CHAR | ir.INT) as name, ir.Lit() as value]):
            return name, [value]
        case ir.Intrinsic(
            op="str.contains_char" | "str.contains",
            args=[ir.Lit(value=str(letters)), ir.Name(type=ir.CHAR) as name],
        ) if 0 < len(letters) < 7:
            return name, [ir.Lit(letter, type=ir.CHAR) for letter in dict.fromkeys(letters)]
        case ir.Intrinsic(
            op="list.contains" | "set.contains",
            args=[
                ir.ListLit(elems=values) | ir.SetLit(elems=values),
                ir.Name(type=ir.STR | ir.CHAR | ir.INT) as name,
            ],
        ) if values and all(isinstance(v, ir.Lit) for v in values):
            return name, values
        case ir.Bool(op="or", values=values):
            parts = [literals_of(v) for v in values]
            good = [p for p in parts if p is not None and parts[0] is not None and ir.same(p[0], parts[0][0])]
            return (good[0][0], [v for _, found in good for v in found]) if len(good) == len(parts) else None
        case _:
            return None


def literal_keys(f: ir.Function) -> dict[str, list[ir.Expr]]:
    """The keys of variables that hold a small map of literals, which nothing changes and nobody else gets."""
    nodes = [n for s in f.body for n in ir.walk(s)]
    set_ = [n.id for n in nodes if isinstance(n, ir.VarTarget)] + [p.name for p in f.params]
    looked = [
        n.args[0].id
        for n in nodes
        if isinstance(n, ir.Intrinsic)
        and n.op in ("dict.contains", "dict.index", "dict.get")
        and isinstance(n.args[0], ir.Name)
    ]
    out: dict[str, list[ir.Expr]] = {}
    for n in nodes:
        match n:
            case ir.Assign(
                target=ir.VarTarget(id=name), value=ir.DictLit(items=items, type=ir.DictT(zero=False))
            ) if (
                set_.count(name) == 1
                and looked.count(name) == _looks(f.body, name)
                and 0 < len(items) < 7
                and all(isinstance(key, ir.Lit) for key, _ in items)
            ):
                out[name] = [key for key, _ in items]
            case _:
                pass
    return out


def at_beginning(e: ir.Expr, position: str) -> tuple[ir.Expr, ir.Expr] | None:
    """What is said at the first position and elsewhere, where the position is only asked whether it is the first."""
    asked = [n for n in ir.walk(e) if isinstance(n, ir.Cond) and _behind(n.test, position) is not None]
    if not asked or _looks([ir.ExprStmt(e)], position) != len(asked):
        return None

    def of(node: ir.Expr, first: bool) -> ir.Expr:
        match node:
            case ir.Cond(test=test, body=body, orelse=orelse) if (yes := _behind(test, position)) is not None:
                return of(body if yes != first else orelse, first)
            case ir.Format(parts=parts):
                made = [(p, None if p.value is None else of(p.value, first)) for p in parts]
                left = [
                    ir.FormatPart(str(v.value), None)
                    if isinstance(v, ir.Lit) and not p.spec and isinstance(v.value, str)
                    else ir.FormatPart(p.text, v, p.spec)
                    for p, v in made
                    if not (isinstance(v, ir.Lit) and v.value == "")
                ]
                return ir.Format(left, type=node.type, line=node.line)
            case _:
                return node

    both = of(e, first=True), of(e, first=False)
    return None if any(_looks([ir.ExprStmt(b)], position) for b in both) else both


def _behind(test: ir.Expr, position: str) -> bool | None:
    """Whether a test asks for a position behind the first one, or for the first one."""
    match test:
        case ir.Intrinsic(op=op, args=[ir.Name(id=name), ir.Lit(value=int() as n)]) if name == position:
            return {
                ("gt", 0): True,
                ("ne", 0): True,
                ("ge", 1): True,
                ("eq", 0): False,
                ("lt", 1): False,
            }.get((op, n))
        case _:
            return None


def looks_for_missing(d: ir.Definition) -> bool:
    """True for a definition that looks into a map with a default for a key which it may be the first to mention."""
    held: set[int] = set()
    for n in ir.walk(d):
        match n:
            case ir.Assign(target=ir.IndexTarget(obj=obj, index=key), value=value):
                # What is assigned right behind is there anyway.
                held |= {
                    id(m)
                    for m in ir.walk(value)
                    if isinstance(m, ir.Intrinsic) and ir.same(m.args, [obj, key])
                }
            case ir.For(target=target, iter=over, body=body):
                for name, of in _keys_bound(target, over):
                    held |= {id(m) for b in body for m in ir.walk(b) if _looks_up(m, of, name)}
            case ir.Comp(clauses=clauses):
                for c in clauses:
                    for name, of in _keys_bound(c.target, c.iter):
                        held |= {id(m) for m in ir.walk(n) if _looks_up(m, of, name)}
            case _:
                pass
    return any(
        isinstance(n, ir.Intrinsic)
        and n.op == "dict.index"
        and id(n) not in held
        and isinstance(n.args[0].type, ir.DictT)
        and n.args[0].type.zero
        and isinstance(n.args[0].type.value, ir.P)
        for n in ir.walk(d)
    )


def _keys_bound(target: ir.Target, over: ir.Expr) -> list[tuple[str, ir.Expr]]:
    """The variable of a loop over a map's keys, and the map."""
    while isinstance(over, ir.Intrinsic) and over.op in (
        "sorted",
        "to_list",
        "dict.keys",
        "dict.items",
        "reversed",
    ):
        over = over.args[0]
    if isinstance(target, ir.TupleTarget):
        target = target.elems[0]
    return [(target.id, over)] if isinstance(target, ir.VarTarget) and isinstance(over.type, ir.DictT) else []


def _looks_up(n: ir.Node, of: ir.Expr, name: str) -> bool:
    return (
        isinstance(n, ir.Intrinsic)
        and n.op == "dict.index"
        and ir.same(n.args[0], of)
        and isinstance(n.args[1], ir.Name)
        and n.args[1].id == name
    )


def _denied(test: ir.Expr) -> ir.Expr | None:
    """What a test says not to hold; None for a test that says that something holds."""
    match test:
        case ir.Not(value=inner):
            return inner
        case ir.Intrinsic(op="ne"):
            return ir.Intrinsic("eq", test.args, type=ir.BOOL)
        case _:
            return None


def spellings(e: ir.Expr, char: ir.Expr) -> dict[str, str] | None:
    """What each of some characters becomes, where every other one stays itself; None where that is not what is said."""
    out: dict[str, str] = {}
    while isinstance(e, ir.Cond):
        match e.test, e.body:
            case ir.Intrinsic(op="eq", args=[of, ir.Lit(value=str(letters))]), ir.Lit(value=str(text)):
                pass
            case ir.Intrinsic(
                op="str.contains_char" | "str.contains", args=[ir.Lit(value=str(letters)), of]
            ), ir.Lit(value=str(text)):
                pass
            case _:
                return None
        if not is_letter(of, char) or (len(letters) != 1 and e.test.op == "eq"):
            return None
        for letter in letters:
            out.setdefault(letter, text)
        e = e.orelse
    return out if out and is_letter(e, char) else None


def is_letter(e: ir.Expr, char: ir.Expr) -> bool:
    """True for a character that is looked at."""
    return ir.same(_bare(e), char)


def _bare(e: ir.Expr) -> ir.Expr:
    return e.args[0] if isinstance(e, ir.Intrinsic) and e.op == "char.to_str" else e


def asked(test: ir.Expr) -> ir.Expr | None:
    """The character that a test, or the first of several, looks at: a variable, or what stands somewhere in a text."""
    match test:
        case ir.Bool(values=[first, *_]) | ir.Not(value=first):
            return asked(first)
        case ir.Intrinsic(op=op, args=[of]) if op in _CLASSES:
            found = _bare(of)
        case ir.Intrinsic(op="str.contains_char" | "str.contains", args=[ir.Lit(), of]):
            found = _bare(of)
        case ir.Intrinsic(op="eq" | "ne" | "lt" | "le" | "gt" | "ge", args=[a, b]):
            found = _bare(b if isinstance(a, ir.Lit) else a)
        case _:
            return None
    match found:
        case ir.Name(type=ir.CHAR) | ir.Intrinsic(op="str.index", args=[ir.Name(), ir.Name() | ir.Lit()]):
            return found
        case _:
            return None


def sought(f: ir.Function, module: ir.Module) -> tuple[frozenset[int], dict[int, bool]]:
    """Searches that may answer with nil rather than -1, and the tests of what they found, by identity.

    Of a variable that holds only what searches found, each of which a test follows, before anything else looks at it.
    A test is True where it asks whether nothing was found.
    """
    finds: dict[str, set[int]] = {}
    tests: dict[str, dict[int, bool]] = {}
    looks: dict[str, int] = {}
    others: set[str] = {p.name for p in f.params} | f.shared

    def block(body: Sequence[ir.Stmt]) -> None:
        for at, s in enumerate(body):
            match s:
                case ir.Assign(target=ir.VarTarget(id=name) as target, value=value) if _searches(
                    value, module
                ):
                    test = body[at + 1] if at + 1 < len(body) else None
                    asked = _misses(test.test, name) if isinstance(test, ir.If) else None
                    if isinstance(test, ir.If) and asked is not None:
                        # Behind the test something was found, or nobody looks.
                        where = test.orelse if asked else test.body
                        if asked and terminates(test.body):
                            where = [*test.orelse, *body[at + 2 :]]
                        finds.setdefault(name, set()).add(id(value))
                        tests.setdefault(name, {})[id(test.test)] = asked
                        looks[name] = looks.get(name, 0) + 1 + _looks(where, name)
                        settled.add(id(target))
                case _:
                    pass
            for inner in blocks(s):
                block(inner)

    settled: set[int] = set()
    block(f.body)
    nodes = [n for s in f.body for n in ir.walk(s)]
    others |= {n.id for n in nodes if isinstance(n, ir.VarTarget) and id(n) not in settled}
    # A closure may run at any time.
    closures = [n for n in nodes if isinstance(n, ir.FuncDef | ir.Lambda | ir.PatternCall)]
    others |= {m.id for n in closures for m in ir.walk(n) if isinstance(m, ir.Name)}
    good = [n for n in finds if n not in others and looks[n] == _looks(f.body, n)]
    return (
        frozenset(i for n in good for i in finds[n]),
        {i: missed for n in good for i, missed in tests[n].items()},
    )


def _searches(e: ir.Expr, module: ir.Module) -> bool:
    match e:
        case ir.Intrinsic(op="str.find" | "str.rfind" | "list.find_where"):
            return True
        case ir.Call(func=ir.Name(id=name)):
            known = module.find(name)
            return isinstance(known, ir.Function) and known.library == "find_from"
        case _:
            return False


def _misses(test: ir.Expr, name: str) -> bool | None:
    """Whether a test asks that a search found nothing, or something; None for another test."""
    match test:
        case ir.Intrinsic(op=op, args=[ir.Name(id=of), ir.Lit(value=int() as n)]) if of == name:
            return {
                ("lt", 0): True,
                ("eq", -1): True,
                ("le", -1): True,
                ("ge", 0): False,
                ("ne", -1): False,
                ("gt", -1): False,
            }.get((op, n))
        case _:
            return None


def _looks(body: Sequence[ir.Stmt], name: str) -> int:
    return sum(isinstance(n, ir.Name) and n.id == name for s in body for n in ir.walk(s))


def told_by_class(test: ir.Bool) -> bool:
    """True when a class says a test of several parts better: it has ranges or classes in it."""
    for n in ir.walk(test):
        if isinstance(n, ir.Intrinsic) and (n.op in _CLASSES or n.op in ("lt", "le", "gt", "ge")):
            return True
    return False


def _letters(e: ir.Expr) -> list[str] | None:
    if not isinstance(e, ir.ListLit | ir.SetLit) or not e.elems:
        return None
    found = [
        v.value for v in e.elems if isinstance(v, ir.Lit) and isinstance(v.value, str) and len(v.value) == 1
    ]
    return found if len(found) == len(e.elems) else None


def _bound(test: ir.Expr, char: ir.Expr) -> tuple[str, str] | None:
    """Whether a test says the first or the last character of a range, and which."""
    match test:
        case ir.Intrinsic(op="le" | "ge" as op, args=[ir.Lit(value=str(letter)), of]) if is_letter(of, char):
            side = "low" if op == "le" else "high"
        case ir.Intrinsic(op="le" | "ge" as op, args=[of, ir.Lit(value=str(letter))]) if is_letter(of, char):
            side = "high" if op == "le" else "low"
        case _:
            return None
    return (side, letter) if len(letter) == 1 else None


def one_of(letters: Iterable[str]) -> str:
    """The inside of a class of some characters: four or more letters or digits that follow each other are a range."""
    kept = list(dict.fromkeys(letters))
    out = ""
    at = 0
    while at < len(kept):
        end = at + 1
        while (
            end < len(kept)
            and ord(kept[end]) == ord(kept[end - 1]) + 1
            and _kind(kept[end]) == _kind(kept[at])
        ):
            end += 1
        if end - at > 3 and _kind(kept[at]):
            out += f"{kept[at]}-{kept[end - 1]}"
        else:
            out += "".join(map(escaped, kept[at:end]))
        at = end
    return out


def _kind(letter: str) -> str:
    kinds = {"small": ("a", "z"), "large": ("A", "Z"), "digit": ("0", "9")}
    return next((kind for kind, (low, high) in kinds.items() if low <= letter <= high), "")


def escaped(letter: str) -> str:
    """A character inside the brackets of a class."""
    if letter in "\n\t\r":
        return {"\n": r"\n", "\t": r"\t", "\r": r"\r"}[letter]
    if not letter.isprintable():
        return f"\\u{{{ord(letter):x}}}"
    return re.sub(r"[\\\]\[^/#-]", r"\\\g<0>", letter)
