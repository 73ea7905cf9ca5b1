"""Commands from functions: `app group command --option value argument` (docs/semantics.md, section 11).

click was considered as a base: it reports an unknown option although `--help` follows, its numbers accept underscores
and its groups have no aliases, so the parser is written here; it also keeps the import small.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import shutil
import sys
import textwrap
import traceback
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TextIO, TypeVar

from foundation import config
from foundation.errors import ConfigurationError, is_cancellation_or_exit

F = TypeVar("F", bound=Callable[..., Any])

_MISSING = inspect.Parameter.empty


class Exit(Exception):  # noqa: N818 - it is not an error.
    """Raised by a command to end the program with a code of its own choice."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(f"exit {code}")
        self.code = code


class _UsageError(Exception):
    """What the user typed cannot be understood; `path` is the group in which that became clear."""

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class _Help(Exception):  # noqa: N818 - it is not an error.
    """The user asked for help; `path` is the group about which, or None for the command being parsed."""

    def __init__(self, path: tuple[str, ...] | None = None) -> None:
        super().__init__()
        self.path = path


@dataclass(frozen=True, slots=True)
class Parameter:
    """One option or argument of a command.

    `kind` is `string`, `integer`, `float` or `boolean`. Put one in `Annotated[...]` to name a short option or a help
    text, or give a list to `register_command(parameters=...)`.
    """

    name: str = ""
    kind: str = "string"
    option: bool = True
    required: bool = False
    default: Any = None
    short: str | None = None
    multiple: bool = False
    help: str = ""

    @property
    def spelled(self) -> str:
        """The name as the user types it."""
        return self.name.replace("_", "-")

    def convert(self, text: str) -> Any:
        """The value that a text stands for, or a usage error."""
        try:
            return config.value_of_text(self.kind, text)
        except ValueError as error:
            shown = f"--{self.spelled}" if self.option else self.spelled
            raise _UsageError(f"invalid value {text!r} for {shown}: {error}") from None


@dataclass(frozen=True, slots=True)
class Command:
    """A registered command: its dotted name, its function, and how it is listed."""

    name: str
    function: Callable[..., Any]
    description: str
    aliases: tuple[str, ...]
    hidden: bool
    category: str | None
    parameters: tuple[Parameter, ...]

    @property
    def path(self) -> tuple[str, ...]:
        """The words that the user types."""
        return tuple(self.name.split("."))


_TYPES: dict[Any, str] = {str: "string", int: "integer", float: "float", bool: "boolean"}


def _parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The command line of a function: a parameter without default is an argument, one with a default an option."""
    hints = typing.get_type_hints(function, include_extras=True)
    found: list[Parameter] = []
    for name, item in inspect.signature(function).parameters.items():
        hint = hints.get(name, str)
        extra = Parameter()
        if typing.get_origin(hint) is typing.Annotated:
            hint, *notes = typing.get_args(hint)
            extra = next((note for note in notes if isinstance(note, Parameter)), extra)
        if typing.get_origin(hint) in (typing.Union, types.UnionType):
            hint = next(a for a in typing.get_args(hint) if a is not type(None))
        multiple = item.kind is item.VAR_POSITIONAL
        if typing.get_origin(hint) in (list, tuple):
            hint, multiple = typing.get_args(hint)[0], True
        if hint not in _TYPES:
            raise ConfigurationError(
                f"parameter {name!r} of {function.__qualname__} has type {hint!r}; "
                "a command takes str, int, float, bool, or a list of one of these"
            )
        required = item.default is _MISSING and item.kind is not item.VAR_POSITIONAL
        found.append(
            Parameter(
                name=name,
                kind=_TYPES[hint],
                option=item.kind is item.KEYWORD_ONLY or not (required or multiple) or hint is bool,
                required=required and hint is not bool,
                default=(False if hint is bool else None) if item.default is _MISSING else item.default,
                short=extra.short,
                multiple=multiple,
                help=extra.help,
            )
        )
    return tuple(found)


class Registry:
    """Commands by their path; aliases stand beside the names."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self._paths: dict[tuple[str, ...], Command] = {}

    def add(self, command: Command) -> None:
        """Register a command, or raise `ConfigurationError` when a path is taken or empty."""
        if not all(command.path):
            raise ConfigurationError(f"a command's name must have no empty part: {command.name!r}")
        paths = [command.path, *((*command.path[:-1], alias) for alias in command.aliases)]
        for path in paths:
            if not all(path):
                raise ConfigurationError(f"an alias of {command.name!r} is empty")
            if path in self._paths or paths.count(path) > 1:
                raise ConfigurationError(f"the command {' '.join(path)!r} is registered twice")
        for path in paths:
            self._paths[path] = command
        self.commands.append(command)

    def find(self, path: tuple[str, ...]) -> Command | None:
        """The command with this path, by name or alias."""
        return self._paths.get(path)

    def is_group(self, path: tuple[str, ...]) -> bool:
        """Whether commands lie below this path."""
        return any(len(p) > len(path) and p[: len(path)] == path for p in self._paths)

    def words_below(self, path: tuple[str, ...]) -> list[str]:
        """What the user may type next."""
        return sorted({p[len(path)] for p in self._paths if len(p) > len(path) and p[: len(path)] == path})


_default_registry = Registry()


def register_command(
    name: str,
    description: str | None = None,
    *,
    aliases: Iterable[str] = (),
    hidden: bool = False,
    category: str | None = None,
    parameters: Sequence[Parameter] | None = None,
    registry: Registry | None = None,
) -> Callable[[F], F]:
    """Make a function a command of every `App` that has no registry of its own.

    Parameters without a default are arguments, those with one are options, booleans are flags. `parameters`
    replaces what the
    signature says.
    """

    def register(function: F) -> F:
        text = description if description is not None else inspect.getdoc(function) or ""
        (registry or _default_registry).add(
            Command(
                name,
                function,
                text,
                tuple(aliases),
                hidden,
                category,
                _parameters(function) if parameters is None else tuple(parameters),
            )
        )
        return function

    return register


class _Parser:
    """The words after a command's name."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._options = {f"--{p.spelled}": p for p in command.parameters if p.option}
        self._options.update({f"-{p.short}": p for p in command.parameters if p.option and p.short})
        self._negations = {
            f"--no-{p.spelled}": p for p in command.parameters if p.option and p.kind == "boolean"
        }
        self._values: dict[str, Any] = {}
        self._positional: list[str] = []

    def parse(self, words: Sequence[str]) -> dict[str, Any]:
        """The function's keyword arguments; raises `_Help` or `_UsageError`."""
        problem: _UsageError | None = None
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word == "--":
                self._positional += rest
                break
            try:
                self._word(word, rest)
            except _UsageError as error:
                # Somebody who asks for help gets it, whatever else is wrong.
                problem = problem or error
        if problem is not None:
            raise problem
        return self._arguments()

    def _word(self, word: str, rest: list[str]) -> None:
        if word in ("--help", "-h") and word not in self._options:
            raise _Help
        if not word.startswith("-") or word == "-":
            self._positional.append(word)
            return
        name, equals, text = word.partition("=")
        if name in self._negations and not equals:
            self._values[self._negations[name].name] = False
            return
        option = self._options.get(name)
        if option is None:
            raise _UsageError(f"no such option: {name}")
        if option.kind == "boolean":
            if equals:
                raise _UsageError(f"{name} takes no value")
            self._values[option.name] = True
            return
        if not equals:
            if not rest:
                raise _UsageError(f"{name} needs a value")
            text = rest.pop(0)
        value = option.convert(text)
        if option.multiple:
            self._values.setdefault(option.name, []).append(value)
        else:
            self._values[option.name] = value

    def _arguments(self) -> dict[str, Any]:
        given = list(self._positional)
        following = sum(not p.option for p in self._command.parameters)
        for parameter in self._command.parameters:
            if parameter.option:
                continue
            following -= 1
            if parameter.multiple:
                if given:
                    # The arguments after one that collects take theirs first.
                    count = max(len(given) - following, 1)
                    self._values[parameter.name] = [parameter.convert(text) for text in given[:count]]
                    given = given[count:]
            elif given:
                self._values[parameter.name] = parameter.convert(given.pop(0))
        if given:
            raise _UsageError(f"too many arguments: {' '.join(given)}")
        for parameter in self._command.parameters:
            if parameter.name in self._values:
                continue
            if parameter.required:
                what = (
                    f"option --{parameter.spelled}" if parameter.option else f"argument {parameter.spelled}"
                )
                raise _UsageError(f"missing {what}")
            default = parameter.default
            if default is None and parameter.multiple:
                default = []
            elif default is None and parameter.kind == "boolean":
                default = False
            self._values[parameter.name] = default
        return self._values


class App:
    """A program made of commands; `run` returns its exit code."""

    def __init__(
        self,
        name: str,
        version: str = "",
        *,
        description: str = "",
        registry: Registry | None = None,
        debug: bool = False,
    ) -> None:
        self.name = name
        self.version = version
        self.description = description
        self.debug = debug
        self._registry = registry if registry is not None else _default_registry

    def command(self, name: str, description: str | None = None, **parameters: Any) -> Callable[[F], F]:
        """`register_command` for this app's registry."""
        return register_command(name, description, registry=self._registry, **parameters)

    def main(self, argv: Sequence[str] | None = None) -> NoReturn:
        """Run and end the process."""
        sys.exit(self.run(argv))

    def run(
        self,
        argv: Sequence[str] | None = None,
        *,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> int:
        """Run the command that `argv` names (default: the process's arguments) and return the exit code."""
        out, err = stdout or sys.stdout, stderr or sys.stderr
        words = list(sys.argv[1:] if argv is None else argv)
        path: tuple[str, ...] = ()
        command: Command | None = None
        try:
            if words[:1] == ["--version"]:
                out.write(f"{self.name} {self.version}\n")
                return 0
            path, command, rest = self._resolve(words)
            if command is None:
                raise _UsageError("")
            arguments = _Parser(command).parse(rest)
        except _Help as asked:
            out.write(self.help(path if asked.path is None else asked.path))
            return 0
        except _UsageError as error:
            if str(error):
                shown = " ".join((self.name, *(path or error.path)))
                err.write(f"Error: {error}\nTry '{shown} --help' for help.\n")
            else:
                err.write(self.help(path))
            return 2
        return self._call(command, arguments, err)

    def _resolve(self, words: Sequence[str]) -> tuple[tuple[str, ...], Command | None, Sequence[str]]:
        path: tuple[str, ...] = ()
        for index, word in enumerate(words):
            if word in ("--help", "-h"):
                raise _Help(path)
            deeper = (*path, word)
            command = self._registry.find(deeper)
            if command is not None and not (
                self._registry.is_group(deeper)
                and index + 1 < len(words)
                and words[index + 1] in self._registry.words_below(deeper)
            ):
                return deeper, command, words[index + 1 :]
            if command is None and not self._registry.is_group(deeper):
                before = words[index : words.index("--")] if "--" in words else words[index:]
                if "--help" in before or "-h" in before:
                    raise _Help(path)
                known = ", ".join(self._registry.words_below(path))
                what = "option" if word.startswith("-") else "command"
                raise _UsageError(f"no such {what}: {word}; there are {known}", path)
            path = deeper
        return path, None, ()

    def _call(self, command: Command, arguments: Mapping[str, Any], err: TextIO) -> int:
        try:
            signature = inspect.signature(command.function).parameters.values()
            star = next((p.name for p in signature if p.kind is p.VAR_POSITIONAL), None)
            named = dict(arguments)
            extra = named.pop(star, ()) if star else ()
            if star:
                leading = [
                    named.pop(p.name)
                    for p in signature
                    if p.kind is p.POSITIONAL_OR_KEYWORD and p.name in named
                ]
                value = command.function(*leading, *extra, **named)
            else:
                value = command.function(**named)
            if inspect.iscoroutine(value):
                asyncio.run(value)
        except Exit as exit_request:
            return exit_request.code
        except SystemExit as exit_request:
            code = exit_request.code
            return code if isinstance(code, int) else int(code is not None)
        except KeyboardInterrupt:
            return 130
        except Exception as error:  # noqa: BLE001 - whatever a command raises ends as a message and a code.
            if is_cancellation_or_exit(error):
                return 130
            if self.debug:
                traceback.print_exception(error, file=err)
            err.write(f"Error: {str(error) or type(error).__name__}\n")
            return 1
        return 0

    def help(self, path: tuple[str, ...] = ()) -> str:
        """The help text of the app, a group or a command."""
        width = min(shutil.get_terminal_size().columns, 100)
        command = self._registry.find(path)
        lines: list[str] = []
        if command is not None:
            arguments = [_argument_shape(p) for p in command.parameters if not p.option]
            lines.append(" ".join(("Usage:", self.name, *path, "[OPTIONS]", *arguments)))
            lines += _paragraphs(command.description, width)
            if command.aliases:
                lines += ["", f"Aliases: {', '.join(command.aliases)}"]
            named = [(p.spelled, p.help) for p in command.parameters if not p.option]
            lines += _table("Arguments", named, width)
            lines += _table("Options", [_option_row(p) for p in command.parameters if p.option], width)
        if command is None or self._registry.is_group(path):
            if command is None:
                lines.append(" ".join(("Usage:", self.name, *path, "COMMAND [ARGS]...")))
                if not path:
                    lines += _paragraphs(self.description, width)
            lines += self._listing(path, width)
        common = [("--help, -h", "Show this message and exit.")]
        if not path:
            common.append(("--version", "Show the version and exit."))
        lines += _table("Common options", common, width)
        return "\n".join(lines) + "\n"

    def _listing(self, path: tuple[str, ...], width: int) -> list[str]:
        depth = len(path)
        by_category: dict[str, dict[str, str]] = {}
        for command in self._registry.commands:
            if command.hidden or len(command.path) <= depth or command.path[:depth] != path:
                continue
            word = command.path[depth]
            if len(command.path) == depth + 1:
                shown = f"{word} ({', '.join(command.aliases)})" if command.aliases else word
                first = command.description.strip().partition("\n")[0]
                by_category.setdefault(command.category or "Commands", {})[shown] = first
            else:
                by_category.setdefault("Groups", {}).setdefault(word, f"Commands of {word}.")
        lines: list[str] = []
        for category, rows in by_category.items():
            lines += _table(category, list(rows.items()), width)
        return lines


def _argument_shape(parameter: Parameter) -> str:
    shape = f"{parameter.spelled.upper()}{'...' if parameter.multiple else ''}"
    return shape if parameter.required else f"[{shape}]"


def _option_row(parameter: Parameter) -> tuple[str, str]:
    name = f"--{parameter.spelled}"
    if parameter.kind == "boolean":
        name += f", --no-{parameter.spelled}"
    if parameter.short:
        name += f", -{parameter.short}"
    if parameter.kind != "boolean":
        name += f" {parameter.kind.upper()}"
    notes = [parameter.help] if parameter.help else []
    if parameter.required:
        notes.append("(required)")
    elif parameter.default not in (None, False, [], ()):
        notes.append(f"(default: {parameter.default})")
    return name, " ".join(notes)


def _paragraphs(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph:
            lines += [
                "",
                *textwrap.wrap(
                    " ".join(paragraph.split()), width, initial_indent="  ", subsequent_indent="  "
                ),
            ]
    return lines


def _table(title: str, rows: Sequence[tuple[str, str]], width: int) -> list[str]:
    if not rows:
        return []
    column = min(max(len(name) for name, _ in rows), 30)
    lines = ["", f"{title}:"]
    for name, text in rows:
        wrapped = textwrap.wrap(text, max(width - column - 4, 20))
        lines.append(f"  {name:<{column}}  {wrapped[0] if wrapped else ''}".rstrip())
        lines += [" " * (column + 4) + line for line in wrapped[1:]]
    return lines
