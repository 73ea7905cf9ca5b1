"""Signature help: every parameter of the pattern whose arguments are being written, with its default."""

from __future__ import annotations

from foundation_grammars.context import CompletionContext, Place, completion_context
from foundation_grammars.tree import SyntaxTree
from foundation_specs.model import Parameter, ParameterType, PatternSpec
from foundation_specs.registry import SpecRegistry
from lsprotocol import types

from foundation_lsp.client import Client
from foundation_lsp.completions import default_text, parameter_text, parameters_of, spelling
from foundation_lsp.to_lsp import documentation


def signature(
    tree: SyntaxTree, offset: int, registry: SpecRegistry, client: Client
) -> types.SignatureHelp | None:
    """The signature at an offset, or None outside an argument list."""
    context = completion_context(tree, offset)
    spec = registry.get(context.pattern_id) if context is not None else None
    if context is None or spec is None or context.place is Place.FORM:
        return None
    parameters = parameters_of(spec, spec.dialect(context.dialect, context.language))
    if not parameters:
        return None
    label = _name(tree, context, spec) + "("
    places: list[types.ParameterInformation] = []
    for index, (parameter, spelled) in enumerate(parameters):
        text = _shown(parameter, spelled, context, spec)
        start = _units(label)
        document = parameter_text(parameter)
        places.append(
            types.ParameterInformation(
                label=(start, start + _units(text)) if client.label_offsets else text,
                documentation=documentation(document, accepts_markdown=client.signature_markdown),
            )
        )
        label += text + (", " if index < len(parameters) - 1 else "")
    active = _active(parameters, context)
    summary = spec.description.strip()
    return types.SignatureHelp(
        signatures=[
            types.SignatureInformation(
                label=label + ")",
                documentation=documentation(summary, accepts_markdown=client.signature_markdown),
                parameters=places,
                active_parameter=active,
            )
        ],
        active_signature=0,
        active_parameter=active,
    )


def _name(tree: SyntaxTree, context: CompletionContext, spec: PatternSpec) -> str:
    if context.name_range is None:
        return spec.pattern_id
    return tree.text[context.name_range.start : context.name_range.end].decode("utf-8", "replace")


def _shown(parameter: Parameter, spelled: str, context: CompletionContext, spec: PatternSpec) -> str:
    """One parameter in the signature: its name with its default, or with a question mark when it may be left out."""
    name, joint, closing = spelling(spelled, context, spec)
    if not parameter.has_default or parameter.default is None:
        return name if parameter.required else f"{name}?"
    if parameter.type is ParameterType.EXCEPTIONS:
        return f"{name}{joint}…{closing}"
    return f"{name}{joint}{default_text(parameter, context)}{closing}"


def _active(parameters: list[tuple[Parameter, str]], context: CompletionContext) -> int:
    """The parameter at the caret: the one that is named there, the one that is begun, else the next one left."""
    for index, (parameter, spelled) in enumerate(parameters):
        if context.parameter in {parameter.id, spelled, *parameter.aliases}:
            return index
    given = set(context.given)
    left = [i for i, (p, spelled) in enumerate(parameters) if not {p.id, spelled, *p.aliases} & given]
    begun = [i for i in left if context.prefix and parameters[i][1].startswith(context.prefix)]
    return next(iter((*begun, *left)), 0)


def _units(text: str) -> int:
    """The length that the protocol counts in labels, which is UTF-16 whatever the positions are in."""
    return len(text.encode("utf-16-le")) // 2
