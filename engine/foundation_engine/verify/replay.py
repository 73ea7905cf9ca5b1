"""Calls that the user's own tests made, as plans: what the tests cover is compared in the port as well."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, cast

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
            if cls.init is not None or not cls.made:
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
    tag, body = _tagged(value)
    match t, tag:
        case ir.OptionalT(elem), _:
            return None if value is None else _fitted(module, value, elem)
        case (ir.P(ir.Prim.BOOL), "bool") | (ir.P(ir.Prim.STR), "str") | (ir.P(ir.Prim.INT), "int"):
            return value
        case (ir.P(ir.Prim.FLOAT), "float") | (ir.P(ir.Prim.BYTES), "bytes"):
            return value
        case ir.P(ir.Prim.FLOAT), "int":
            return {"float": repr(float(body))}
        case (ir.ListT(elem), "list") | (ir.SetT(elem), "set"):
            return {tag: [_fitted(module, v, elem) for v in body]}
        case ir.TupleT(elems), "tuple" if len(elems) == len(body):
            return {tag: [_fitted(module, v, e) for v, e in zip(body, elems, strict=True)]}
        case ir.DictT(key, elem), "dict":
            return {tag: [[_fitted(module, k, key), _fitted(module, v, elem)] for k, v in body]}
        case ir.NamedT(name), "enum" if name == body[0]:
            return value
        case ir.NamedT(name), "object" if name == body["class"]:
            d = module.find(name)
            given = body["fields"]
            if (
                not isinstance(d, ir.Class)
                or d.init is not None
                or {x.name for x in d.fields} != given.keys()
            ):
                raise _MisfitError
            return {
                tag: {
                    "class": name,
                    "fields": {x.name: _fitted(module, given[x.name], x.type) for x in d.fields},
                }
            }
        case _:
            raise _MisfitError


def _tagged(value: Any) -> tuple[str, Any]:
    """The kind of a value in neutral form, and what it holds."""
    if not isinstance(value, dict):
        return type(value).__name__, value
    ((tag, body),) = cast("dict[str, Any]", value).items()
    return tag, body
