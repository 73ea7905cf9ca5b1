"""Renders the specs' templates: a pattern with its arguments becomes text of the target language.

An emitter says how values are written in its language (`Writer`); what the pattern looks like there, and in which
library, is data (`foundation_specs/templates`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from foundation_specs.build import jitter_from
from foundation_specs.model import Jitter, LanguageId, Parameter, ParameterType, PatternSpec
from foundation_specs.registry import SpecRegistry
from foundation_specs.templates.load import FOUNDATION, PLACEHOLDER, templates
from foundation_specs.templates.model import FormTemplate, ParameterTemplate, PatternTemplates, TemplateSet

from foundation_engine.port import ir
from foundation_engine.port.emit._names import camel, pascal
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.passes import Errors, retryable_classes

_NOTHING = ParameterTemplate()
_LISTS = (ParameterType.EXCEPTIONS, ParameterType.STRINGS, ParameterType.INTEGERS)


class Writer(Protocol):
    """What the renderer asks of an emitter."""

    def value(self, kind: str, v: ir.Expr) -> str:
        """A value as the target writes it.

        `kind` is `duration` for a span of time in the target's type, `seconds` or `milliseconds` for one as a number,
        else the spec's parameter type or the kind that the template names.
        """
        ...

    def error_class(self, name: str, line: int) -> str:
        """An error class as a value of the target. Raises Unsupported when it has none."""
        ...

    def derives(self, name: str, base: str) -> bool:
        """True when one error class of the module is another or below it."""
        ...

    def imported(self, text: str) -> None:
        """Note an import of a template."""
        ...

    def differ(self, sentence: str) -> None:
        """Note a difference in meaning for the report."""
        ...


@dataclass(frozen=True, slots=True)
class Form:
    """A form that was found, with what it belongs to."""

    set: TemplateSet
    pattern: PatternTemplates
    form: FormTemplate
    spec: PatternSpec


@dataclass(frozen=True, slots=True)
class Rendered:
    """A pattern's text; it is several statements when it has several lines, else one expression."""

    text: str

    @property
    def lines(self) -> list[str]:
        """The lines of the text."""
        return self.text.split("\n")


class Templates:
    """The templates that one port uses: those of its dialect, and our runtime's for what the dialect does not have."""

    def __init__(self, language: LanguageId, dialect: str = FOUNDATION) -> None:
        self.language = language
        self.chosen = templates(language, dialect)
        self.ours = templates(language)

    def set_of(self, pattern_id: str) -> TemplateSet:
        """Where the templates of a pattern come from."""
        return self.chosen if pattern_id in self.chosen.patterns else self.ours

    def find(self, pattern_id: str, form: str) -> Form | None:
        """A form of a pattern, or None when there is no template for it."""
        chosen = self.set_of(pattern_id)
        pattern = chosen.patterns.get(pattern_id)
        found = pattern.forms.get(form) if pattern is not None else None
        if pattern is None or found is None:
            return None
        return Form(chosen, pattern, found, SpecRegistry.builtin()[pattern_id])

    def form(self, pattern_id: str, form: str) -> Form:
        """A form of a pattern. Raises Unsupported when there is no template for it."""
        found = self.find(pattern_id, form)
        if found is None:
            words = {"function": "around a function", "block": "around a block", "new": "as an object"}
            said = words.get(form) or form.replace("_", " ")
            raise Unsupported(f"pattern {pattern_id} {said} in {self.set_of(pattern_id).title}")
        return found

    def type(self, name: str, writer: Writer) -> str | None:
        """The target's type for a type of a pattern's objects, or None."""
        for chosen in (self.chosen, self.ours):
            for pattern in chosen.patterns.values():
                if name in pattern.types:
                    for each in pattern.imports:
                        writer.imported(each)
                    return pattern.types[name]
        return None

    def operation(self, op: str, args: Sequence[str], writer: Writer) -> str | None:
        """An operation that reads a value of a pattern (`http.status`), or None when no template has it."""
        for chosen in (self.chosen, self.ours):
            for pattern in chosen.patterns.values():
                if op in pattern.operations:
                    for each in pattern.imports:
                        writer.imported(each)
                    return _positional(pattern.operations[op], args)
        return None

    def handles(
        self, raised: frozenset[str], classes: Sequence[str], module: ir.Module, errors: Errors
    ) -> None:
        """Raise Unsupported when a handler would see how a retry ended, which the chosen library does not say.

        `raised` is what the handled code may raise, `classes` what the handler takes, none for every error.
        """
        lost = self.chosen.exhausted == "last_error" and "retry_with_backoff" in self.chosen.patterns
        if not lost or "MaxRetriesExceeded" not in raised or not classes or "Exception" in classes:
            return
        for name in classes:
            for last in ("MaxRetriesExceeded", *retryable_classes(module)):
                if errors.is_a(last, name) or errors.is_a(name, last):
                    raise Unsupported(
                        f"handling {name} around a retry, whose last error {self.chosen.title} gives as it is"
                    )

    def render(
        self,
        writer: Writer,
        pattern_id: str,
        form: str,
        arguments: Mapping[str, ir.Expr],
        slots: Mapping[str, str] | None = None,
        fields: Sequence[tuple[str, ir.Expr]] = (),
        *,
        procedure: bool = False,
    ) -> Rendered:
        """The text of a pattern in one form.

        `slots` are the texts that the emitter fills in (`body`, `object`, `0`); `fields` are named values;
        `procedure` chooses the text for what has no value. Raises Unsupported for what the library cannot do.
        """
        found = self.form(pattern_id, form)
        return _Rendering(self, found, writer, dict(arguments), dict(slots or {}), fields).run(procedure)


class _Rendering:
    """One use of one form."""

    def __init__(
        self,
        owner: Templates,
        found: Form,
        writer: Writer,
        arguments: dict[str, ir.Expr],
        slots: dict[str, str],
        fields: Sequence[tuple[str, ir.Expr]],
    ) -> None:
        self.owner = owner
        self.spec, self.pattern, self.form = found.spec, found.pattern, found.form
        self.title = found.set.title
        self.foreign = found.set.dialect != FOUNDATION
        self.writer = writer
        self.slots = slots
        self.fields = fields
        self.arguments: dict[str, ir.Expr] = {}
        for name, value in arguments.items():
            parameter = self.spec.parameter(name)
            if parameter is None:
                raise Unsupported(f"parameter {name} of {self.spec.pattern_id}")
            self.arguments[parameter.id] = value
        for name in (*self.pattern.explicit, *self.form.explicit):
            default = default_value(self.spec.parameters[name])
            if name not in self.arguments and default is not None:
                self.arguments[name] = default
        self.clamp()

    def clamp(self) -> None:
        """Cut the first delay to the longest one, as our runtimes do and libraries do not."""
        given = {n: self.arguments.get(n) for n in ("base_delay", "max_delay")}
        if self.foreign and self.spec.pattern_id == "retry_with_backoff":
            for name, value in given.items():
                given[name] = value if value is not None else default_value(self.spec.parameters[name])
            base, longest = given["base_delay"], given["max_delay"]
            if isinstance(base, ir.Lit) and isinstance(longest, ir.Lit) and base.value > longest.value:
                self.arguments["base_delay"] = longest

    def run(self, procedure: bool) -> Rendered:
        text = self.form.procedure if procedure and self.form.procedure else self.form.text
        # What a placeholder names is no option; a choice's text may name further parameters.
        self.consumed = {m["name"] for m in PLACEHOLDER.finditer(text)}
        for name in list(self.consumed):
            template = self.template(name)
            for choice in template.values.values():
                self.consumed |= {m["name"] for m in PLACEHOLDER.finditer(choice)}
        for name, value in self.arguments.items():
            template = self.template(name)
            said = template.disjoint and self.disjoint(value, template.disjoint)
            if template.declined and not said and not self.is_default(name, value):
                raise Unsupported(template.declined, line=value.line)
            if template.dropped and not self.is_default(name, value):
                self.writer.differ(template.dropped)
        for sentence in (*self.pattern.differences, *self.form.differences):
            self.writer.differ(sentence)
        for each in (*self.pattern.imports, *self.form.imports):
            self.writer.imported(each)
        if not self.foreign and self.owner.chosen is not self.owner.ours:
            self.writer.differ(
                f"{self.spec.title} stays on our runtime: there are no templates of it for {self.owner.chosen.title}."
            )
        return Rendered(self.expand(text))

    def template(self, name: str) -> ParameterTemplate:
        return self.form.parameters.get(name) or self.pattern.parameters.get(name) or _NOTHING

    def is_default(self, name: str, value: ir.Expr) -> bool:
        default = default_value(self.spec.parameters[name])
        return default is not None and ir.same(default, value)

    def expand(self, text: str) -> str:
        return PLACEHOLDER.sub(self._placeholder, text)

    def _placeholder(self, m: re.Match[str]) -> str:
        name, before = m["name"], m["before"] or ""
        if name in ("options", "fields"):
            items = self.options() if name == "options" else self.named()
            joined = (self.form.join if name == "options" else ", ").join(items)
            if not joined:
                return ""
            return f"{before}{joined}{m['after'] or ''}"
        if name in self.slots:
            return f"{before if self.slots[name] else ''}{self.slots[name]}"
        if name in self.spec.parameters:
            return f"{before}{self.parameter(name, m['filter'] or '')}"
        if name.isdigit():
            return ""
        raise Unsupported(f"the template of {self.spec.pattern_id} needs `{name}`")

    def parameter(self, name: str, applied: str) -> str:
        """The value of a parameter for a placeholder: as given, by default, or what its absence means."""
        parameter = self.spec.parameters[name]
        value = self.arguments.get(name)
        if value is None:
            if name in self.form.absent:
                return self.expand(self.form.absent[name])
            value = default_value(parameter)
        if value is None:
            raise Unsupported(f"{self.spec.pattern_id} without `{name}`")
        if applied == "minus_one":
            if isinstance(value, ir.Lit) and isinstance(value.value, int):
                value = ir.Lit(value.value - 1, type=ir.INT)
            else:
                value = ir.Intrinsic("int.sub", [value, ir.Lit(1, type=ir.INT)], type=ir.INT)
            applied = ""
        return self.value(parameter, self.template(name), value, applied)

    def options(self) -> list[str]:
        out: list[str] = []
        for name, value in self.arguments.items():
            template = self.template(name)
            if name in self.consumed or template.dropped or template.option == "":
                continue
            if template.disjoint and self.disjoint(value, template.disjoint):
                continue
            parameter = self.spec.parameters[name]
            text = template.option if template.option is not None else self.form.option
            if template.empty is not None and isinstance(value, ir.ListLit) and not value.elems:
                text = template.empty
            if not text:
                raise Unsupported(f"{self.title} has no option `{name}`", line=value.line)
            shown = "" if "{value}" not in text else self.value(parameter, template, value, "")
            spelled = template.name or name
            made = {
                "name": spelled,
                "Name": spelled if template.name else pascal(name, initialisms=True),
                "camelName": spelled if template.name else camel(name),
                "value": shown,
            }
            saved, self.slots = self.slots, {**self.slots, **made}
            out.append(self.expand(text))
            self.slots = saved
        return out

    def disjoint(self, value: ir.Expr, other: str) -> bool:
        """True when no class of a list is at or below a class of the list of another parameter."""
        against = self.arguments.get(other) or default_value(self.spec.parameters[other])
        if not isinstance(value, ir.ListLit) or not isinstance(against, ir.ListLit):
            return False
        names = [v.id for v in value.elems if isinstance(v, ir.Name)]
        bases = [v.id for v in against.elems if isinstance(v, ir.Name)]
        return not any(self.writer.derives(n, b) for n in names for b in bases)

    def named(self) -> list[str]:
        out: list[str] = []
        for name, value in self.fields:
            text = self.form.fields.get(name) or self.form.fields.get("*")
            if text is None:
                raise Unsupported(f"`{name}` of {self.spec.pattern_id} in {self.title}", line=value.line)
            shown = self.writer.value(f"field_{name}" if name in self.form.fields else "any", value)
            out.append(_filled(text, {"key": name, "value": shown}))
        return out

    def value(self, parameter: Parameter, template: ParameterTemplate, v: ir.Expr, applied: str) -> str:
        """One value: a choice from the template's table, a list of its items, or what the emitter writes."""
        kind = applied or template.kind
        if parameter.type is ParameterType.JITTER:
            return self.jitter(parameter, template, v)
        if parameter.type is ParameterType.ENUM or (
            template.values and parameter.type is ParameterType.BOOLEAN
        ):
            if not isinstance(v, ir.Lit):
                raise Unsupported(f"a computed `{parameter.id}`", line=v.line)
            key = (
                {True: "true", False: "false"}.get(v.value, v.value) if isinstance(v.value, bool) else v.value
            )
            if not template.values:
                return self.writer.value(kind or "enum", v)
            return self.choice(parameter, template, str(key), v)
        if parameter.type in _LISTS and not kind:
            if not isinstance(v, ir.ListLit | ir.TupleLit):
                if parameter.type is ParameterType.EXCEPTIONS:
                    raise Unsupported(f"a computed list of error classes as `{parameter.id}`", line=v.line)
                return _filled(template.computed, {"value": self.writer.value(parameter.type.value, v)})
            items: list[str] = []
            for item in v.elems:
                if parameter.type is ParameterType.EXCEPTIONS:
                    if not isinstance(item, ir.Name):
                        raise Unsupported(f"a computed error class in `{parameter.id}`", line=v.line)
                    if item.id in template.values:
                        items.append(template.values[item.id])
                        continue
                    text = self.writer.error_class(item.id, item.line)
                else:
                    text = self.writer.value(
                        "string" if parameter.type is ParameterType.STRINGS else "integer", item
                    )
                for each in template.imports:
                    self.writer.imported(each)
                items.append(_filled(template.each, {"value": text}))
            return template.between.join(items)
        return self.writer.value(kind or ("duration" if parameter.is_duration else parameter.type.value), v)

    def jitter(self, parameter: Parameter, template: ParameterTemplate, v: ir.Expr) -> str:
        given: Any = v.value if isinstance(v, ir.Lit) else None
        if isinstance(given, dict):
            table = cast("dict[str, Any]", given)
            given = table["kind"] if table.get("ratio") is None else table
        found = jitter_from(given, cast("Jitter", parameter.default)) if given is not None else None
        if found is None:
            raise Unsupported("a computed jitter", line=v.line)
        if found.kind.value not in template.values:
            raise Unsupported(f"{self.title} has no {parameter.id} `{found.kind.value}`", line=v.line)
        return self.expand(template.values[found.kind.value].replace("{ratio}", repr(found.ratio)))

    def choice(self, parameter: Parameter, template: ParameterTemplate, key: str, v: ir.Expr) -> str:
        if key not in template.values:
            raise Unsupported(f"{self.title} has no {parameter.id} `{key}`", line=v.line)
        return self.expand(template.values[key])


def default_value(parameter: Parameter) -> ir.Expr | None:
    """A parameter's default as an expression, or None when it has none."""
    default = parameter.default
    if not parameter.has_default:
        return None
    if isinstance(default, Jitter):
        return ir.Lit({"kind": default.kind.value, "ratio": default.ratio}, type=ir.ANY)
    if isinstance(default, tuple):
        items = cast("tuple[Any, ...]", default)
        if parameter.type is ParameterType.EXCEPTIONS:
            return ir.ListLit([ir.Name(name, type=ir.ERROR) for name in items], type=ir.ListT(ir.ERROR))
        item = ir.INT if parameter.type is ParameterType.INTEGERS else ir.STR
        return ir.ListLit([ir.Lit(each, type=item) for each in items], type=ir.ListT(item))
    kinds = {bool: ir.BOOL, int: ir.INT, float: ir.FLOAT, str: ir.STR}
    return ir.Lit(default, type=kinds[type(default)]) if type(default) in kinds else None


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(value|key)\}", lambda m: values.get(m[1], m[0]), text)


def _positional(text: str, args: Sequence[str]) -> str:
    return re.sub(r"\{(\d)\}", lambda m: args[int(m[1])] if int(m[1]) < len(args) else "", text)
