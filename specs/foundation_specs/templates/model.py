"""The values that a template file loads into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from foundation_specs.model import LanguageId


@dataclass(frozen=True, slots=True)
class Library:
    """The package that a dialect needs beyond our runtime and the standard library.

    `package` is its name in the language's package manager, `version` the version that the templates were written for,
    and `install` the command line that brings it onto a machine.
    """

    package: str
    version: str
    install: str


@dataclass(frozen=True, slots=True)
class ParameterTemplate:
    """How one parameter of a pattern becomes text.

    `option` is the option's text with `{value}`, None takes the form's `option`, and "" writes no option: the value
    is then used by a placeholder alone. `name` is the parameter's spelling where the language's convention does not
    give it. `values` maps a choice (an enum's value, a jitter's kind, `true` and `false`) to its text; a choice that is
    missing is declined. `each` and `between` write the items of a list, `computed` a list that is no literal, and
    `empty` is the option of a list without items, where a language cannot tell from it what its items are. `kind` says
    how an emitter writes the value where the spec's type does not: `seconds` for a duration as a number. `declined` is
    the reason why a value that differs from the spec's default cannot be ported, `dropped` the sentence that tells what
    changes when it is left out. `disjoint` names a list of exceptions: when no class of this one is below a class of
    that, it says nothing new and is left out in silence. `imports` are those of `each`, for a list with such an item.
    """

    option: str | None = None
    name: str = ""
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    each: str = "{value}"
    between: str = ", "
    computed: str = "{value}"
    empty: str | None = None
    kind: str = ""
    declined: str = ""
    dropped: str = ""
    disjoint: str = ""
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormTemplate:
    """One way to write a pattern: around a function, around a block, an object, or an operation of an object.

    `text` has placeholders in braces (see the port engine's README); `procedure` replaces it where there is no value.
    `option` writes one parameter by `{name}`, `{Name}` or `{camelName}` and `{value}`, `join` stands between options.
    `closure` is the head of the function literal that `{body}` becomes, in languages that need one. `leave` is the
    word by which the body returns from itself. `locals` are placeholders for variables of the text, for which the
    emitter finds free names. `fields` writes named values by `{key}` and `{value}`; the key `*` is any name. `absent`
    gives the text of a placeholder whose parameter was not given and has no default. `parameters` replaces the
    pattern's templates of parameters in this form.
    """

    text: str
    procedure: str = ""
    option: str = ""
    join: str = ", "
    closure: str = ""
    leave: str = ""
    locals: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    explicit: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict[str, str])
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    parameters: Mapping[str, ParameterTemplate] = field(default_factory=dict[str, ParameterTemplate])
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PatternTemplates:
    """The templates of one pattern in one library.

    `types` maps a type of the representation (`HttpClient`) to the language's, `operations` maps an operation that
    reads a value of such a type (`http.status`) to its text over `{0}`, `{1}`. `explicit` are the parameters that are
    always written, because the library's default is another one.
    """

    pattern_id: str
    imports: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict[str, str])
    parameters: Mapping[str, ParameterTemplate] = field(default_factory=dict[str, ParameterTemplate])
    forms: Mapping[str, FormTemplate] = field(default_factory=dict[str, FormTemplate])
    operations: Mapping[str, str] = field(default_factory=dict[str, str])
    explicit: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """Every template of one language and library.

    A pattern that a library does not have is written for our runtime instead. `exhausted` says what a retry raises
    when every attempt failed: `wrapped` (MaxRetriesExceeded) or `last_error`.
    """

    language: LanguageId
    dialect: str
    title: str
    patterns: Mapping[str, PatternTemplates]
    library: Library | None = None
    exhausted: str = "wrapped"
