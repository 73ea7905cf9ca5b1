"""Local maps from letters in Go that are only looked up: functions that tell the letters apart.

pairs := func(key rune) rune {
    switch key {
    case ')':
        return '('
    }
    return 0
}
"""

from __future__ import annotations

from foundation_engine.port import ir
from foundation_engine.port.letters import letter
from foundation_engine.port.simplify import rewrite

_MOST = 16  # more cases than a reader takes in at once are a map


def switch_letters(module: ir.Module) -> None:
    """Rewrite the functions of a module in place.

    `char.switch` of keys and values in turn is such a function, `char.table(f, c)` what it gives for a character.
    """
    for _, f in module.functions():
        nodes = [n for s in f.body for n in ir.walk(s)]
        for s in nodes:
            match s:
                case ir.Assign(target=ir.VarTarget(id=name), value=ir.DictLit(items=[_, *_]) as made):
                    if _only_looked_up(f, nodes, name, made):
                        _switch(f, s, name, made)
                case _:
                    pass


def _only_looked_up(f: ir.Function, nodes: list[ir.Node], name: str, made: ir.DictLit) -> bool:
    """True for a map of different letters that is set once and only asked for letters that it is known to have."""
    pairs = [(k.value, v.value) for k, v in made.items if isinstance(k, ir.Lit) and isinstance(v, ir.Lit)]
    keys = {k for k, _ in pairs}
    if len(pairs) != len(made.items) or len(keys) != len(pairs) or len(pairs) > _MOST:
        return False
    if not all(isinstance(k, str) and len(k) == 1 for k in keys) or any(v is None for _, v in pairs):
        return False
    sets = sum(isinstance(n, ir.VarTarget) and n.id == name for n in nodes)
    reads = sum(isinstance(n, ir.Name) and n.id == name for n in nodes)
    looks = 0
    for n in nodes:
        match n:
            case ir.Intrinsic(op="dict.index" | "dict.contains", args=[ir.Name(id=of), key], raises="") if (
                of == name
            ):
                looks += letter(key) is not None
            case _:
                pass
    return sets == 1 and looks == reads and name not in {p.name for p in f.params}


def _switch(f: ir.Function, s: ir.Assign, name: str, made: ir.DictLit) -> None:
    keys = "".join(k.value for k, _ in made.items if isinstance(k, ir.Lit))
    given = [v for _, v in made.items if isinstance(v, ir.Lit)]
    assert isinstance(made.type, ir.DictT)  # noqa: S101 - a display of a map has its type.
    letters = made.type.value == ir.STR and all(len(v.value) == 1 for v in given)
    kind = ir.CHAR if letters else made.type.value
    function = ir.FuncT((ir.CHAR,), kind, raises=False, context=False)

    def change(e: ir.Expr) -> ir.Expr:
        match e:
            case ir.Intrinsic(op="dict.contains", args=[ir.Name(id=of), key]) if of == name:
                args = [ir.Lit(keys, type=ir.STR, line=e.line), letter(key) or key]
                return ir.Intrinsic("str.contains_char", args, type=ir.BOOL, line=e.line)
            case ir.Intrinsic(op="dict.index", args=[ir.Name(id=of), key]) if of == name:
                args = [ir.Name(name, type=function, line=e.line), letter(key) or key]
                found = ir.Intrinsic("char.table", args, type=kind, line=e.line)
                return ir.Intrinsic("char.to_str", [found], type=ir.STR, line=e.line) if letters else found
            case ir.Intrinsic(op="eq" | "ne", args=[a, b]) if a.type == ir.STR:
                one, other = letter(a), letter(b)
                return (
                    e
                    if one is None or other is None
                    else ir.Intrinsic(e.op, [one, other], type=ir.BOOL, line=e.line)
                )
            case _:
                return e

    rewrite(f, change)
    s.target.type = function
    pairs: list[ir.Expr] = []
    for (key, _), value in zip(made.items, given, strict=True):
        pairs += [ir.Lit(getattr(key, "value", ""), type=ir.CHAR), ir.Lit(value.value, type=kind)]
    s.value = ir.Intrinsic("char.switch", pairs, type=function, line=s.line)
