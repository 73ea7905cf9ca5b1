"""Completion: whole annotations, parameters that are not given yet, and the values that a parameter takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from foundation_engine.finding import Edit
from foundation_engine.fix import import_edit
from foundation_engine.render import UnwritableError, camel, literal, pascal
from foundation_grammars.context import CompletionContext, Place, completion_context
from foundation_grammars.occurrence import ByteRange, OccurrenceForm
from foundation_grammars.tree import SyntaxTree
from foundation_specs.model import (
    Dialect,
    Jitter,
    JitterKind,
    LanguageId,
    Parameter,
    ParameterType,
    PatternSpec,
)
from foundation_specs.registry import SpecRegistry
from lsprotocol import types

from foundation_lsp.client import Client
from foundation_lsp.documents import DocumentSnapshot
from foundation_lsp.spec_text import limits
from foundation_lsp.to_lsp import documentation, range_of, text_edits

_MARKS = {
    OccurrenceForm.DECORATOR: re.compile(r"^@(\w+)(.*)$"),
    OccurrenceForm.ANNOTATION: re.compile(r"^//\s*@(\w+)(.*)$"),
    OccurrenceForm.MACRO: re.compile(r"^#\[(\w+)(.*)\]$"),
    OccurrenceForm.BLOCK: re.compile(r"^(?:\w+\s*=\s*)?Foundation\.(\w+)(\(.*\))"),
}
_SECONDS = frozenset({OccurrenceForm.DECORATOR, OccurrenceForm.ANNOTATION, OccurrenceForm.MACRO})


@dataclass(frozen=True, slots=True)
class Proposal:
    """One completion: what is listed, what is written (`{parameter}` holes become fields of a snippet), and why."""

    label: str
    text: str
    detail: str
    documentation: str
    kind: types.CompletionItemKind
    fields: tuple[tuple[str, str], ...] = ()
    choices: tuple[tuple[str, tuple[str, ...]], ...] = ()
    import_line: str = ""
    preselected: bool = False


def completions(
    tree: SyntaxTree, snapshot: DocumentSnapshot, offset: int, registry: SpecRegistry, client: Client
) -> list[types.CompletionItem]:
    """What may be written at an offset, in the order of the spec."""
    context = completion_context(tree, offset)
    if context is None:
        return []
    found = list(proposals(context, snapshot, registry))
    return [_item(p, index, context, tree, snapshot, client) for index, p in enumerate(found)]


def proposals(
    context: CompletionContext, snapshot: DocumentSnapshot, registry: SpecRegistry
) -> Iterator[Proposal]:
    """The proposals for a place, before they are shaped for a client."""
    if context.place is Place.FORM:
        for spec in registry.specs:
            yield from _forms(spec, context)
        return
    spec = registry.get(context.pattern_id)
    if spec is None:
        return
    dialect = spec.dialect(context.dialect, context.language)
    if context.place is Place.PARAMETER:
        following = snapshot.text[context.prefix_range.end : context.prefix_range.end + 40]
        for parameter, name in parameters_of(spec, dialect):
            if not {parameter.id, name, *parameter.aliases} & set(context.given):
                yield _parameter(parameter, name, context, spec, following)
    else:
        parameter = spec.parameter_in(dialect, context.spelled) or spec.parameter_in(
            dialect, context.parameter
        )
        if parameter is not None:
            yield from _values(parameter, context, spec)


def parameters_of(spec: PatternSpec, dialect: Dialect | None) -> list[tuple[Parameter, str]]:
    """The parameters that a dialect accepts, each with the name that it has there."""
    if dialect is None or not dialect.parameters:
        return [(spec.parameter_in(dialect, p) or spec.parameters[p], p) for p in spec.parameters]
    named = [(spec.parameter_in(dialect, name), name) for name in dialect.parameters]
    return [(parameter, name) for parameter, name in named if parameter is not None]


def _forms(spec: PatternSpec, context: CompletionContext) -> Iterator[Proposal]:
    mapping = spec.mappings.get(context.language)
    if mapping is None:
        return
    for template in mapping.forms.values():
        match = _MARKS[context.form].match(template)
        if match is None:
            continue
        closing = "]" if context.form is OccurrenceForm.MACRO else ""
        fields = tuple(
            (hole, default_text(spec.parameters[hole], context)) if hole in spec.parameters else (hole, hole)
            for hole in re.findall(r"\{(\w+)\}", match[2])
        )
        yield Proposal(
            label=match[1],
            text=match[1] + match[2] + closing,
            detail=spec.title,
            documentation=spec.description.strip(),
            kind=types.CompletionItemKind.Function,
            fields=fields,
            choices=tuple(
                choice
                for hole, _ in fields
                if hole in spec.parameters
                for choice in _choices(spec.parameters[hole], context)
            ),
            import_line="" if context.qualifier or context.language is LanguageId.GO else mapping.import_line,
        )
        return


def _parameter(
    parameter: Parameter, name: str, context: CompletionContext, spec: PatternSpec, following: bytes
) -> Proposal:
    spelled, joint, closing = spelling(name, context, spec)
    bare = following.lstrip()[:1] in {b"=", b":", b"("} and following[:2] != b"=="
    text = spelled if bare else f"{spelled}{joint}{{{parameter.id}}}{closing}"
    return Proposal(
        label=spelled + joint.rstrip(),
        text=text,
        detail=_kind(parameter),
        documentation=parameter_text(parameter),
        kind=types.CompletionItemKind.Field,
        fields=() if bare else ((parameter.id, default_text(parameter, context)),),
        choices=_choices(parameter, context),
        preselected=parameter.required,
    )


def spelling(name: str, context: CompletionContext, spec: PatternSpec) -> tuple[str, str, str]:
    """How a parameter is named at the place, what joins it to its value, and what follows the value."""
    match context.language:
        case LanguageId.PYTHON:
            return name, "=", ""
        case LanguageId.RUBY:
            return name, ": ", ""
        case LanguageId.RUST:
            return (name, "(", ")") if context.form is OccurrenceForm.CONSTRUCTOR else (name, " = ", "")
        case LanguageId.GO:
            if context.nested:
                return pascal(name), ": ", ""
            if context.form is OccurrenceForm.ANNOTATION:
                return camel(name), "=", ""
            mapping = spec.mappings.get(LanguageId.GO)
            option = (mapping.names.get(name) if mapping else None) or f"With{pascal(name)}"
            package = f"{context.qualifier}." if context.qualifier and context.spelled != "qualified" else ""
            return package + option, "(", ")"


def _seconds(context: CompletionContext) -> bool:
    return context.form in _SECONDS or context.language in {LanguageId.PYTHON, LanguageId.RUBY}


def default_text(parameter: Parameter, context: CompletionContext) -> str:
    """The default as source text; the parameter's own name when there is none that could be written."""
    if not parameter.has_default or parameter.default is None:
        return parameter.id
    try:
        return literal(
            parameter.default,
            parameter,
            context.language,
            seconds=_seconds(context),
            package=context.qualifier,
        )
    except UnwritableError:
        return parameter.id


def _choices(parameter: Parameter, context: CompletionContext) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The values of an enum as source text, the default first."""
    if parameter.type is not ParameterType.ENUM:
        return ()
    default_first = sorted(parameter.values, key=lambda value: value != parameter.default)
    written = [
        default_text(replace(parameter, default=value, has_default=True), context) for value in default_first
    ]
    return ((parameter.id, tuple(written)),)


def _values(parameter: Parameter, context: CompletionContext, spec: PatternSpec) -> Iterator[Proposal]:
    if context.in_string:
        for value in parameter.values:
            yield Proposal(value, value, _kind(parameter), "", types.CompletionItemKind.EnumMember)
        return
    if parameter.type is ParameterType.EXCEPTIONS:
        for name in dict.fromkeys((*spec.exceptions.retryable, *spec.exceptions.non_retryable)):
            yield Proposal(name, name, _kind(parameter), "", types.CompletionItemKind.Class)
        return
    candidates: list[object] = []
    match parameter.type:
        case ParameterType.ENUM:
            candidates += parameter.values
        case ParameterType.BOOLEAN:
            candidates += [True, False]
        case ParameterType.JITTER:
            default = (
                parameter.default if isinstance(parameter.default, Jitter) else Jitter(JitterKind.SYMMETRIC)
            )
            others = (JitterKind.FULL, JitterKind.EQUAL)
            candidates += [default, Jitter(JitterKind.NONE), *(Jitter(kind) for kind in others)]
        case _ if parameter.has_default and parameter.default is not None:
            candidates.append(parameter.default)
        case _:
            return
    for value in candidates:
        try:
            text = literal(
                value, parameter, context.language, seconds=_seconds(context), package=context.qualifier
            )
        except UnwritableError:
            continue
        is_default = parameter.has_default and value == parameter.default
        yield Proposal(
            label=text,
            text=text,
            detail="default" if is_default else _kind(parameter),
            documentation=parameter_text(parameter),
            kind=types.CompletionItemKind.EnumMember
            if parameter.type is ParameterType.ENUM
            else types.CompletionItemKind.Value,
            preselected=is_default,
        )


def _kind(parameter: Parameter) -> str:
    unit = f", {parameter.unit}" if parameter.unit else ""
    return f"{parameter.type}{unit}"


def parameter_text(parameter: Parameter) -> str:
    """What a person wants to know of a parameter: what it does, what it may be, what it is when left out."""
    parts = [parameter.description.strip()]
    if allowed := limits(parameter):
        parts.append(f"Allowed: {allowed}" + (f" {parameter.unit}" if parameter.unit else ""))
    if parameter.required:
        parts.append("Required.")
    elif parameter.default_text:
        parts.append(f"Default: {parameter.default_text}")
    elif parameter.has_default:
        parts.append(f"Default: {shown_value(parameter.default)}")
    return "\n\n".join(part for part in parts if part)


def shown_value(value: object) -> str:
    """A default in a few characters."""
    if isinstance(value, Jitter):
        return f"{value.kind} {value.ratio:g}" if value.kind is JitterKind.SYMMETRIC else value.kind.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, cast("tuple[object, ...]", value)))
    return str(value)


def _item(
    proposal: Proposal,
    index: int,
    context: CompletionContext,
    tree: SyntaxTree,
    snapshot: DocumentSnapshot,
    client: Client,
) -> types.CompletionItem:
    place, text = context.prefix_range, proposal.text
    if text.endswith("]") and snapshot.text[place.end : place.end + 1] == b"]":
        text = text[:-1]
    fields = dict(proposal.fields)
    written = (
        _snippet(text, fields, dict(proposal.choices)) if client.snippets and fields else _plain(text, fields)
    )
    edits: list[Edit] = []
    if proposal.import_line and not _imported(proposal, tree):
        edits = [import_edit(tree, proposal.import_line)]
        if edits[0].range.overlaps(ByteRange(place.start, place.end)):
            edits = []
    extra = [e for e in text_edits(edits, snapshot, client.encoding) if isinstance(e, types.TextEdit)]
    return types.CompletionItem(
        label=proposal.label,
        kind=proposal.kind,
        detail=proposal.detail,
        documentation=documentation(proposal.documentation, accepts_markdown=client.completion_markdown)
        if proposal.documentation
        else None,
        sort_text=f"{index:03}",
        filter_text=proposal.label,
        preselect=proposal.preselected or None,
        insert_text_format=types.InsertTextFormat.Snippet if client.snippets and fields else None,
        text_edit=types.TextEdit(range_of(snapshot, place, client.encoding), written),
        additional_text_edits=extra or None,
    )


def _snippet(text: str, fields: dict[str, str], choices: Mapping[str, tuple[str, ...]]) -> str:
    """A snippet whose fields are the holes, each filled with its default or offering its choices."""
    numbers = {name: number for number, name in enumerate(fields, 1)}

    def field(match: re.Match[str]) -> str:
        name = match[1]
        if listed := choices.get(name):
            offered = ",".join(re.sub(r"([\\,|])", r"\\\1", choice) for choice in listed)
            return f"${{{numbers[name]}|{offered}|}}"
        return f"${{{numbers[name]}:{_escaped(fields[name])}}}"

    return _filled(text, fields, field, _escaped) + "$0"


def _plain(text: str, fields: dict[str, str]) -> str:
    """The text with its defaults in place; a hole without a default stays empty for the user to fill."""
    return _filled(text, fields, lambda m: "" if fields[m[1]] == m[1] else fields[m[1]], lambda part: part)


def _filled(
    text: str,
    fields: dict[str, str],
    field: Callable[[re.Match[str]], str],
    other: Callable[[str], str],
) -> str:
    parts: list[str] = []
    position = 0
    for match in re.finditer(r"\{(\w+)\}", text):
        if match[1] in fields:
            parts += [other(text[position : match.start()]), field(match)]
            position = match.end()
    return "".join([*parts, other(text[position:])])


def _escaped(text: str) -> str:
    return re.sub(r"([\\$}])", r"\\\1", text)


def _imported(proposal: Proposal, tree: SyntaxTree) -> bool:
    """True when the file seems to import the name already; a wrong guess is a finding with a fix of its own."""
    text = tree.text
    if proposal.import_line.encode() in text:
        return True
    match tree.language:
        case LanguageId.PYTHON:
            name = re.escape(proposal.label.encode())
            listed = rb"(?:[^\n(#]*|\s*\([^)]*)\b" + name + rb"\b"
            return (
                re.search(rb"^[ \t]*from[ \t]+[\w.]+[ \t]+import\b" + listed, text, re.MULTILINE) is not None
            )
        case LanguageId.RUBY:
            return re.search(rb"^[ \t]*require[ (]*['\"]foundation['\"/]", text, re.MULTILINE) is not None
        case LanguageId.RUST:
            name = re.escape(proposal.label.encode())
            return re.search(rb"\buse\s+foundation\b[^;]*(?:\b" + name + rb"\b|\*)", text) is not None
        case LanguageId.GO:
            return True
