"""Generic functions and types of a file: one copy for each set of type arguments that the file uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from foundation_grammars.tree import SyntaxNode

from foundation_engine.port.front._go_types import (
    ERROR,
    Basic,
    Func,
    FuncInfo,
    GoType,
    Map,
    Named,
    Pointer,
    Slice,
    TypeInfo,
    default_type,
    is_untyped,
)

if TYPE_CHECKING:
    from foundation_engine.port.front._go_expr import ExpressionLowerer
    from foundation_engine.port.front._go_package import Package

_MOST = 16  # copies of one function, beyond which its types surely grow without end


def type_parameters(p: Package, node: SyntaxNode) -> list[tuple[str, SyntaxNode | None]]:
    """The type parameters of a declaration with their constraints."""
    holder = node.child_by_field_name("type_parameters")
    out: list[tuple[str, SyntaxNode | None]] = []
    for declared in holder.named_children if holder is not None else ():
        if declared.type == "comment":
            continue
        constraint = declared.child_by_field_name("type")
        out.extend((p.text(n), constraint) for n in declared.children_by_field_name("name"))
    return out


def function_instance(p: Package, name: str, types: Sequence[GoType]) -> FuncInfo:
    """The copy of a generic function for these types, which later rounds emit."""
    key = (name, tuple(types))
    made = p.instances.get(key)
    if made is not None:
        return made
    node = p.generics[name]
    names = [n for n, _ in type_parameters(p, node)]
    label = _label(p, name, types)
    saved, p.bindings = p.bindings, dict(zip(names, types, strict=True))
    try:
        info = p.signature(node, label)
        info.bindings = dict(p.bindings)
    finally:
        p.bindings = saved
    info.ir_name = p.visible(label)
    info.generic = name
    p.instances[key] = info
    p.functions[label] = info
    p.changed = True
    return info


def _label(p: Package, name: str, types: Sequence[GoType]) -> str:
    """The plain name for the first copy, and one with its types for the others."""
    count = sum(n == name for n, _ in p.instances)
    if count >= _MOST:
        raise p.unsupported(f"{name} for more types than a file needs", p.generics[name])
    if not count and name not in p.functions and name not in p.declared:
        return name
    label = name + "".join(_word(t) for t in types)
    while label in p.functions or label in p.declared:
        label += "2"
    return label


def _word(t: GoType) -> str:
    match t:
        case Basic(name):
            return name[:1].upper() + name[1:]
        case Named(name):
            last = name.rpartition(".")[2]
            return last[:1].upper() + last[1:]
        case Slice(elem):
            return f"{_word(elem)}List"
        case Map(_, value):
            return f"{_word(value)}Map"
        case Pointer(elem):
            return _word(elem)
        case _:
            return "Function"


def type_instance(p: Package, name: str, types: Sequence[GoType]) -> str:
    """The name of the copy of a generic type for these types."""
    key = (name, tuple(types))
    made = p.instances_of_types.get(key)
    if made is not None:
        return made
    spec = p.generics[name]
    names = [n for n, _ in type_parameters(p, spec)]
    first = not any(n == name for n, _ in p.instances_of_types)
    label = name if first and name not in p.declared else name + "".join(_word(t) for t in types)
    p.instances_of_types[key] = label
    saved, p.bindings = p.bindings, dict(zip(names, types, strict=True))
    try:
        p.declare_instance(label, spec, p.generic_methods.get(name, []), list(types))
    except BaseException:
        del p.instances_of_types[key]
        p.declared.pop(label, None)
        raise
    finally:
        p.bindings = saved
    p.changed = True
    return label


def generic_call(
    low: ExpressionLowerer, name: str, given: Sequence[SyntaxNode], args: list[SyntaxNode], node: SyntaxNode
) -> FuncInfo:
    """The copy that a call means: its type arguments are written or follow from the arguments' types."""
    p = low.p
    declared = p.generics[name]
    parameters = type_parameters(p, declared)
    env: dict[str, GoType] = {}
    for (label, _), written in zip(parameters, given, strict=False):
        env[label] = p.type_of(written)
    names = {n for n, _ in parameters}
    places = _parameter_types(p, declared)
    values = [a for a in args if not low.is_context(a)]
    late: list[tuple[SyntaxNode, GoType]] = []
    for place, arg in zip(places, values, strict=False):
        t = _argument_type(low, arg)
        if t is None:
            continue
        if is_untyped(t):
            late.append((place, default_type(t)))
        else:
            unify(p, place, t, env, names)
    for label, constraint in parameters:
        core = _core(constraint)
        if core is not None and label in env:
            unify(p, core, low.types.underlying(env[label]), env, names)
    for place, t in late:
        unify(p, place, t, env, names)
    missing = [n for n, _ in parameters if n not in env]
    if missing:
        raise p.unsupported(f"a call that does not say what {missing[0]} is", node)
    return function_instance(p, name, [env[n] for n, _ in parameters])


def _parameter_types(p: Package, declared: SyntaxNode) -> list[SyntaxNode]:
    """The types of the parameters but contexts, one for each."""
    out: list[SyntaxNode] = []
    holder = declared.child_by_field_name("parameters")
    for x in holder.named_children if holder is not None else ():
        kind = x.child_by_field_name("type")
        if kind is None or p.text(kind) == "context.Context":
            continue
        if x.type == "variadic_parameter_declaration":
            out.extend([kind] * 8)
            continue
        out.extend([kind] * max(1, len(x.children_by_field_name("name"))))
    return out


def _core(constraint: SyntaxNode | None) -> SyntaxNode | None:
    """The type that a constraint such as `~[]E` spells out."""
    at = constraint
    while at is not None and at.type in ("type_constraint", "negated_type", "type_elem"):
        at = at.named_children[0] if at.named_children else None
    return at if at is not None and at.type in ("slice_type", "map_type") else None


def _argument_type(low: ExpressionLowerer, arg: SyntaxNode) -> GoType | None:
    """The type of an argument, None for one that says nothing."""
    if arg.type == "func_literal":
        return low.p.signature(arg, "").type()
    if arg.type == "variadic_argument":
        arg = low.named(arg)[0]
        spread = _argument_type(low, arg)
        return spread.elem if isinstance(spread, Slice) else None
    if arg.type == "nil":
        return None
    saved, narrowed = low.pending, set(low.narrowed)
    low.pending = []
    try:
        return low.expr(arg).go
    finally:
        low.pending, low.narrowed = saved, narrowed


def unify(p: Package, node: SyntaxNode, t: GoType, env: dict[str, GoType], names: set[str]) -> None:
    """Learn type parameters from a parameter's type and what it is given."""
    if node.type == "type_identifier":
        if p.text(node) in names:
            env.setdefault(p.text(node), t)
        return
    u = p.types.underlying(t)
    if node.type == "slice_type" and isinstance(u, Slice):
        unify(p, _field(node, "element"), u.elem, env, names)
    elif node.type == "map_type" and isinstance(u, Map):
        unify(p, _field(node, "key"), u.key, env, names)
        unify(p, _field(node, "value"), u.value, env, names)
    elif node.type == "pointer_type" and isinstance(u, Pointer):
        unify(p, node.named_children[0], u.elem, env, names)
    elif node.type == "function_type" and isinstance(u, Func):
        for place, inner in zip(_parameter_types(p, node), u.params, strict=False):
            unify(p, place, inner, env, names)
        results = [r for r in _result_types(node) if p.text(r) != "error"]
        for place, inner in zip(results, [r for r in u.results if r != ERROR], strict=False):
            unify(p, place, inner, env, names)
    elif node.type == "generic_type" and isinstance(t, Named):
        base = p.text(node.named_children[0])
        held = next((k for k, v in p.instances_of_types.items() if v == t.name and k[0] == base), None)
        for place, inner in zip(arguments_of(node), held[1] if held is not None else (), strict=False):
            unify(p, place, inner, env, names)


def _result_types(node: SyntaxNode) -> list[SyntaxNode]:
    result = node.child_by_field_name("result")
    if result is None:
        return []
    if result.type != "parameter_list":
        return [result]
    return [k for x in result.named_children if (k := x.child_by_field_name("type")) is not None]


def arguments_of(node: SyntaxNode) -> list[SyntaxNode]:
    """The types that a generic type or call is given."""
    out: list[SyntaxNode] = []
    for holder in node.named_children:
        if holder.type == "type_arguments":
            out.extend(a.named_children[0] if a.type == "type_elem" else a for a in holder.named_children)
    return out


def _field(node: SyntaxNode, name: str) -> SyntaxNode:
    found = node.child_by_field_name(name)
    return found if found is not None else node


def instance_methods(
    p: Package, label: str, nodes: Sequence[SyntaxNode], types: Sequence[GoType], info: TypeInfo
) -> None:
    """The methods of a generic type for its type arguments, whose names may differ from method to method."""
    for node in nodes:
        receiver = _field(node, "receiver").named_children[0]
        kind = _field(receiver, "type")
        pointer = kind.type == "pointer_type"
        generic = kind.named_children[0] if pointer else kind
        saved = p.bindings
        p.bindings = dict(zip(map(p.text, arguments_of(generic)), types, strict=False))
        try:
            name = p.text(_field(node, "name"))
            method = p.signature(node, name)
            method.bindings = dict(p.bindings)
        finally:
            p.bindings = saved
        given = receiver.child_by_field_name("name")
        method = replace(
            method,
            receiver=p.text(given) if given is not None else "_",
            owner=label,
            pointer=pointer,
            ir_name=p.visible(name),
        )
        info.methods[name] = method


__all__ = [
    "arguments_of", "function_instance", "generic_call", "instance_methods", "type_instance", "type_parameters",
    "unify",
]  # fmt: skip
