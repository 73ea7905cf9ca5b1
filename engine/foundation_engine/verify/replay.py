"""Calls that the user's own tests made, as plans: what the tests cover is compared in the port as well."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from foundation_engine.port import ir
from foundation_engine.port.ir import Type
from foundation_engine.port.trace import Call
from foundation_engine.verify.cases import Generator, Plan


class _MisfitError(Exception):
    """A value that the type in the representation does not have."""


def replayed(module: ir.Module, names: Collection[str], calls: Iterable[Call]) -> list[Plan]:
    """The calls of ported functions (`f` or `Class.method`) that can be made again.

    Left out are calls of functions that look at files, the environment, commands or a server, which the tests had set
    up in their own way, and calls whose values the representation's types do not have.
    """
    generator = Generator(module, 0)
    known = {f"{c.name}.{f.name}" if c else f.name: (c, f) for c, f in module.functions()}
    out: dict[str, Plan] = {}
    for call in calls:
        if call.function not in names or call.function not in known:
            continue
        cls, f = known[call.function]
        looks = generator.look(cls, f)
        if looks.needs_world or looks.outlives:
            continue
        params = {p.name: p.type for p in f.params}
        made: dict[str, Type] = {}
        if cls is not None and f.kind != "static":
            if cls.init is not None:
                continue
            made = {d.name: d.type for d in cls.fields}
        if params.keys() != call.arguments.keys() or made.keys() != call.fields.keys():
            continue
        try:
            plan = Plan(
                f.name,
                tuple(_fitted(module, call.arguments[n], t) for n, t in params.items()),
                cls.name if cls else "",
                tuple((n, _fitted(module, call.fields[n], t)) for n, t in made.items()),
            )
        except _MisfitError:
            continue
        out[repr(plan)] = plan
    return list(out.values())


def _fitted(module: ir.Module, value: Any, t: Type) -> Any:
    """A value in the neutral form of its type; raises _MisfitError."""

    def each(values: list[Any], elem: Type) -> list[Any]:
        return [_fitted(module, v, elem) for v in values]

    match t, value:
        case ir.OptionalT(), None:
            return None
        case ir.OptionalT(elem), _:
            return _fitted(module, value, elem)
        case (ir.P(ir.Prim.BOOL), bool()) | (ir.P(ir.Prim.STR), str()):
            return value
        case ir.P(ir.Prim.INT), int() if not isinstance(value, bool):
            return value
        case ir.P(ir.Prim.FLOAT), int() if not isinstance(value, bool):
            return {"float": repr(float(value))}
        case (ir.P(ir.Prim.FLOAT), {"float": str()}) | (ir.P(ir.Prim.BYTES), {"bytes": list()}):
            return value
        case ir.ListT(elem), {"list": list(values)}:
            return {"list": each(values, elem)}
        case ir.SetT(elem), {"set": list(values)}:
            return {"set": each(values, elem)}
        case ir.TupleT(elems), {"tuple": list(values)} if len(elems) == len(values):
            return {"tuple": [_fitted(module, v, e) for v, e in zip(values, elems, strict=True)]}
        case ir.DictT(key, elem), {"dict": list(items)}:
            return {"dict": [[_fitted(module, k, key), _fitted(module, v, elem)] for k, v in items]}
        case ir.NamedT(name), {"enum": [str() as given, str()]} if name == given:
            return value
        case ir.NamedT(name), {"object": {"class": given, "fields": dict(fields)}} if name == given:
            d = module.find(name)
            if (
                not isinstance(d, ir.Class)
                or d.init is not None
                or {x.name for x in d.fields} != fields.keys()
            ):
                raise _MisfitError
            made = {x.name: _fitted(module, fields[x.name], x.type) for x in d.fields}
            return {"object": {"class": name, "fields": made}}
        case _:
            raise _MisfitError
