"""Whether a module may be called from several threads at once: whether its calls write to anything that they share.

It is a proof or a no. A module of unknown code, and one whose graph cannot be read, may still be safe: who knows that
says so in its limits.
"""

# torch is an extra that the type checker's environment does not have.
# pyright: basic, reportMissingImports=false
# What tells of hooks, of operators and of what they write to has no public name in torch.
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch


def calls_share_nothing(model: Any) -> bool:
    """Whether no call of `model` writes to what another call reads.

    That is so for torch's own layers in evaluation mode without hooks, and for TorchScript and exported programs
    whose graphs write to none of their attributes.
    """
    if isinstance(model, torch.jit.ScriptModule):
        # A traced or scripted module without a `forward` has no graph.
        graph = getattr(model, "inlined_graph", None)
        return graph is not None and not _script_writes(graph)
    if isinstance(model, torch.fx.GraphModule):
        return not _graph_writes(model)
    return (
        isinstance(model, torch.nn.Module)
        and _is_plain(model)
        and all(calls_share_nothing(child) for child in model.children())
    )


def _is_plain(module: torch.nn.Module) -> bool:
    """Whether a module is one of torch's own layers, less its children, as it is when it is only called."""
    return (
        type(module).__module__.startswith("torch.nn.modules.")
        # A lazy layer makes its weights when it is first called.
        and not isinstance(module, torch.nn.modules.lazy.LazyModuleMixin)
        and not module.training
        and not module._forward_hooks
        and not module._forward_pre_hooks
    )


def _written(schema: Any, values: Iterable[Any]) -> Iterator[Any]:
    """The arguments that an operator writes to."""
    for argument, value in zip(schema.arguments, values, strict=False):
        if argument.alias_info is not None and argument.alias_info.is_write:
            yield value


def _graph_writes(module: torch.fx.GraphModule) -> bool:
    """Whether an exported program writes to one of its attributes."""
    for node in module.graph.nodes:
        if node.op == "call_module":
            # The only module that an export calls compares the inputs with what was exported.
            if type(module.get_submodule(node.target)).__module__ != "torch.export._unlift":
                return True
        elif node.op == "call_function":
            if not isinstance(node.target, torch._ops.OpOverload):
                if node.target.__module__ not in ("_operator", "builtins", "math"):
                    return True
            elif node.kwargs and node.target._schema.is_mutable:
                return True
            else:
                for value in _written(node.target._schema, node.args):
                    # What an operator writes to is an attribute, or a view of one, which is made of it first of all.
                    while isinstance(value, torch.fx.Node) and value.op == "call_function" and value.args:
                        value = value.args[0]
                    if not isinstance(value, torch.fx.Node) or value.op != "placeholder":
                        return True
        elif node.op == "call_method":
            return True
    return False


def _script_writes(graph: Any) -> bool:
    """Whether a TorchScript graph writes to one of its module's attributes."""
    for node in graph.nodes():
        if any(_script_writes(block) for block in node.blocks()):
            return True
        if node.kind() in ("prim::SetAttr", "prim::CallMethod", "prim::CallFunction"):
            return True
        text = node.schema()
        if text == "(no schema)":
            continue
        for value in _written(torch._C.parse_schema(text), node.inputs()):
            # As above; an input of the graph is made by a node without a schema of its own.
            made_by = value.node()
            while made_by.kind() not in ("prim::Param", "prim::GetAttr") and list(made_by.inputs()):
                made_by = next(iter(made_by.inputs())).node()
            if made_by.kind() != "prim::Param":
                return True
    return False
