"""What the arguments at an occurrence mean by its spec: which parameter each one sets, and to which plain value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from foundation_grammars.occurrence import Argument, Occurrence, OccurrenceForm, StaticValue, ValueKind
from foundation_specs.effective import Origin, effective_parameters
from foundation_specs.model import Dialect, Jitter, LanguageId, Parameter, ParameterType, PatternSpec

from foundation_engine.schedule import jitter_of

POLICY_PATTERN = "retry_with_backoff"
_WRITTEN_AS_SECONDS = frozenset({OccurrenceForm.ANNOTATION, OccurrenceForm.DECORATOR, OccurrenceForm.MACRO})


@dataclass(frozen=True, slots=True)
class BoundArgument:
    """An argument and the parameter that it sets, as its dialect defines that parameter.

    `parameter` is None for a name that the spec does not have; `accepted` then says whether the library has it.
    """

    argument: Argument
    parameter: Parameter | None
    accepted: bool = True


def dialect_of(occurrence: Occurrence, spec: PatternSpec) -> Dialect | None:
    """The dialect that the occurrence is written in, or None when the spec describes none of that name."""
    return spec.dialect(occurrence.dialect, occurrence.language)


def parameter_by_id(spec: PatternSpec, dialect: Dialect | None, parameter_id: str) -> Parameter | None:
    """The parameter with this id as the dialect defines it, or None when the spec has none."""
    if dialect is not None and dialect.parameters:
        spelled = next((name for name, mapped in dialect.parameters.items() if mapped == parameter_id), None)
        return spec.parameters.get(parameter_id) if spelled is None else spec.parameter_in(dialect, spelled)
    return spec.parameter_in(dialect, parameter_id)


def bind(occurrence: Occurrence, spec: PatternSpec) -> tuple[BoundArgument, ...]:
    """Each argument of the occurrence with the parameter that it sets, in source order; policies are left out."""
    dialect = dialect_of(occurrence, spec)
    bound: list[BoundArgument] = []
    for argument in occurrence.arguments:
        if argument.policy:
            continue
        if not argument.spelled:
            # A positional argument beyond what the form takes has no parameter; the language itself rejects it.
            known = spec.parameter_in(dialect, argument.parameter) or parameter_by_id(
                spec, dialect, argument.parameter
            )
            bound.append(BoundArgument(argument, known))
            continue
        parameter = spec.parameter_in(dialect, argument.spelled) or spec.parameter_in(
            dialect, argument.parameter
        )
        if parameter is not None:
            bound.append(BoundArgument(argument, parameter))
            continue
        accepted = (
            dialect is None
            or dialect.open
            # A retry policy given to something else (a client's retry middleware) has names that only retry knows.
            or (argument.nested and spec.pattern_id != POLICY_PATTERN)
            or bool({argument.spelled, argument.parameter} & set(dialect.ignored))
        )
        bound.append(BoundArgument(argument, None, accepted))
    return tuple(bound)


def written_as_seconds(occurrence: Occurrence) -> bool:
    """True where a bare number is a duration in seconds: everywhere but in Go and Rust calls, which take a type."""
    return (
        occurrence.language in {LanguageId.PYTHON, LanguageId.RUBY} or occurrence.form in _WRITTEN_AS_SECONDS
    )


class UnreadableError(Exception):
    """The value has another type than the parameter; `wanted` says which in words."""

    def __init__(self, wanted: str) -> None:
        """Carry what was wanted, in words."""
        super().__init__(wanted)
        self.wanted = wanted


def plain(value: StaticValue, parameter: Parameter, occurrence: Occurrence) -> Any:
    """The value in the spec's terms: int, float (seconds for a duration), bool, str, `Jitter`, tuple or None.

    Raises `UnreadableError` when the value has another type, and LookupError when it is not statically known.
    """
    kind = value.kind
    if kind is ValueKind.UNKNOWN:
        raise LookupError(value.text)
    if kind is ValueKind.NONE and not parameter.required:
        return None
    reader = _READERS.get(parameter.type)
    return value.value if reader is None else reader(value, parameter, occurrence)


def _integer(value: StaticValue, _parameter: Parameter, _occurrence: Occurrence) -> Any:
    if value.kind is ValueKind.INTEGER:
        return value.value
    raise UnreadableError("an integer")


def _float(value: StaticValue, parameter: Parameter, occurrence: Occurrence) -> Any:
    if parameter.is_duration:
        if value.kind is ValueKind.DURATION and (
            # Python's runtime takes a timedelta wherever it takes seconds; Ruby has no type for a duration.
            occurrence.language is not LanguageId.RUBY or occurrence.dialect != "foundation"
        ):
            return _seconds(value.value)
        if value.kind in {ValueKind.INTEGER, ValueKind.FLOAT} and (
            written_as_seconds(occurrence) or not value.value
        ):
            return value.value
        raise UnreadableError(_duration_in_words(occurrence))
    if value.kind in {ValueKind.INTEGER, ValueKind.FLOAT}:
        return value.value
    raise UnreadableError("a number")


def _seconds(nanoseconds: int) -> float | int:
    whole, rest = divmod(nanoseconds, 1_000_000_000)
    return whole if not rest else nanoseconds / 1_000_000_000


def _duration_in_words(occurrence: Occurrence) -> str:
    if not written_as_seconds(occurrence):
        return "a time.Duration" if occurrence.language is LanguageId.GO else "a std::time::Duration"
    return "a number of seconds"


def _boolean(value: StaticValue, _parameter: Parameter, _occurrence: Occurrence) -> Any:
    if value.kind is ValueKind.BOOLEAN:
        return value.value
    raise UnreadableError("a boolean")


def _string(value: StaticValue, _parameter: Parameter, occurrence: Occurrence) -> Any:
    if value.kind is ValueKind.STRING or (
        value.kind is ValueKind.SYMBOL and occurrence.language is LanguageId.RUBY
    ):
        return value.value
    if value.kind is ValueKind.BYTES:
        return value.value
    raise UnreadableError("a string")


def _enum(value: StaticValue, parameter: Parameter, _occurrence: Occurrence) -> Any:
    if value.kind in {ValueKind.STRING, ValueKind.SYMBOL}:
        return str(value.value).lower()
    if value.kind is ValueKind.NAME:
        raise LookupError(value.text)
    raise UnreadableError("one of " + ", ".join(parameter.values))


def _jitter(value: StaticValue, parameter: Parameter, _occurrence: Occurrence) -> Any:
    spread = parameter.default if isinstance(parameter.default, Jitter) else None
    given: Any
    if value.kind is ValueKind.BOOLEAN:
        given = value.value
    elif value.kind in {ValueKind.STRING, ValueKind.SYMBOL}:
        given = str(value.value).lower()
    elif value.kind is ValueKind.MAPPING:
        given = {}
        for key, item in cast("tuple[tuple[str, StaticValue], ...]", value.value):
            if not item.known:
                raise LookupError(item.text)
            given[key] = item.value
    else:
        raise UnreadableError("true, false, or one of none, full, equal, symmetric")
    jitter = jitter_of(given) if spread is None else jitter_of(given, spread)
    if jitter is None:
        raise UnreadableError("true, false, or one of none, full, equal, symmetric with a ratio from 0 to 1")
    return jitter


def _exceptions(value: StaticValue, _parameter: Parameter, _occurrence: Occurrence) -> Any:
    if value.kind is ValueKind.NAME:
        return (str(value.value),)
    if value.kind is ValueKind.LIST:
        names: list[str] = []
        for item in cast("tuple[StaticValue, ...]", value.value):
            if not item.known:
                raise LookupError(item.text)
            if item.kind not in {ValueKind.NAME, ValueKind.STRING, ValueKind.SYMBOL}:
                raise UnreadableError("a list of error classes")
            names.append(str(item.value))
        return tuple(names)
    if value.kind in {ValueKind.STRING, ValueKind.SYMBOL}:
        return (str(value.value),)
    raise UnreadableError("a list of error classes")


def _list_of(kinds: frozenset[ValueKind], words: str) -> Any:
    def read(value: StaticValue, _parameter: Parameter, _occurrence: Occurrence) -> Any:
        if value.kind is not ValueKind.LIST:
            raise UnreadableError(words)
        items = cast("tuple[StaticValue, ...]", value.value)
        if any(item.known and item.kind not in kinds for item in items):
            raise UnreadableError(words)
        if not all(item.known for item in items):
            raise LookupError(value.text)
        return tuple(item.value for item in items)

    return read


def _mapping(value: StaticValue, _parameter: Parameter, _occurrence: Occurrence) -> Any:
    if value.kind is not ValueKind.MAPPING:
        raise UnreadableError("a mapping")
    entries = cast("tuple[tuple[str, StaticValue], ...]", value.value)
    return {key: item.value for key, item in entries if item.known}


def _bytes(value: StaticValue, _parameter: Parameter, _occurrence: Occurrence) -> Any:
    if value.kind in {ValueKind.STRING, ValueKind.BYTES}:
        return value.value
    raise UnreadableError("a string or bytes")


_READERS: Mapping[ParameterType, Any] = {
    ParameterType.INTEGER: _integer,
    ParameterType.FLOAT: _float,
    ParameterType.BOOLEAN: _boolean,
    ParameterType.STRING: _string,
    ParameterType.ENUM: _enum,
    ParameterType.JITTER: _jitter,
    ParameterType.EXCEPTIONS: _exceptions,
    ParameterType.STRINGS: _list_of(frozenset({ValueKind.STRING, ValueKind.SYMBOL}), "a list of strings"),
    ParameterType.INTEGERS: _list_of(frozenset({ValueKind.INTEGER}), "a list of integers"),
    ParameterType.MAPPING: _mapping,
    ParameterType.BYTES: _bytes,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter in force: its value when `known`, where that comes from, and the argument that set it, if any."""

    parameter: Parameter
    value: Any
    known: bool
    origin: Origin = Origin.ABSENT
    bound: BoundArgument | None = None


def settings_in_force(occurrence: Occurrence, spec: PatternSpec) -> dict[str, Setting]:
    """Every parameter of the spec by id, as it is in force at the occurrence.

    A value of another type than the parameter's counts as not known. So does a parameter that is not written where
    the source does not show every argument, or where one must be written.
    """
    dialect = dialect_of(occurrence, spec)
    bound: dict[str, BoundArgument] = {}
    for item in bind(occurrence, spec):
        if item.parameter is None:
            continue
        held = bound.get(item.parameter.id)
        if held is None or held.argument.nested or not item.argument.nested:
            bound[item.parameter.id] = item
    given: dict[str, Any] = {}
    unknown: set[str] = set()
    for parameter_id, parameter in spec.parameters.items():
        item = bound.get(parameter_id)
        if item is not None and item.parameter is not None:
            try:
                given[parameter_id] = plain(item.argument.value, item.parameter, occurrence)
            except (UnreadableError, LookupError):
                unknown.add(parameter_id)
        elif occurrence.open_arguments or parameter.required:
            unknown.add(parameter_id)
    called = (occurrence.symbol or occurrence.spelled).replace("::", ".").rpartition(".")[2]
    effective = effective_parameters(spec, given, unknown=unknown, dialect=dialect, callable_name=called)
    settings: dict[str, Setting] = {}
    for parameter_id, own in spec.parameters.items():
        item = bound.get(parameter_id)
        parameter = item.parameter if item is not None else parameter_by_id(spec, dialect, parameter_id)
        found = effective.get(parameter_id)
        settings[parameter_id] = Setting(
            parameter or own,
            None if found is None else found.value,
            found is not None,
            Origin.ABSENT if found is None else found.origin,
            item,
        )
    return settings


def known_values(settings: Mapping[str, Setting]) -> dict[str, Any]:
    """The values that are statically known, by parameter id, for guarantee checks; None is known to be absent."""
    return {key: setting.value for key, setting in settings.items() if setting.known}
