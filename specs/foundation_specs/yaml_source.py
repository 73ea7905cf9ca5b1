"""Reads YAML from files that nobody vouches for: plain values only, with the place of every key and value.

The text is read from libyaml's event stream and not from its composer, because the composer recurses in C and expands
aliases without a limit.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from yaml.constructor import SafeConstructor
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

from foundation_specs.model import Problem

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_NODES = 100_000

KeyPath: TypeAlias = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = {_TAG + name for name in ("str", "int", "float", "bool", "null")}
_FLOAT_1_2 = re.compile(r"[-+]?[0-9]{1,40}[eE][-+]?[0-9]{1,2}|[-+]?[0-9]{1,40}[eE]-[0-9]{1,4}")
_OCTAL_1_2 = re.compile(r"0o[0-7]{1,40}")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Place:
    """A 1-based line and column."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """The plain value of a document, and where the keys and values of each key path stand."""

    path: str
    value: Any = None
    values: Mapping[KeyPath, Place] = field(default_factory=dict[KeyPath, Place])
    keys: Mapping[KeyPath, Place] = field(default_factory=dict[KeyPath, Place])

    def problem(self, key: KeyPath, message: str, *, at_key: bool = False) -> Problem:
        """A problem at `key`, or at the nearest enclosing value that has a place."""
        place = self.keys.get(key) if at_key else None
        for length in range(len(key), -1, -1):
            if place is not None:
                break
            place = self.values.get(key[:length])
        place = place or Place()
        return Problem(self.path, place.line, place.column, dotted(key), message)


def dotted(key: KeyPath) -> str:
    """A key path as a reader writes it: `semantics.parameters.jitter.range[0]`; the document itself is `document`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "document"


def read_yaml_file(path: Path, inside: Path | None = None) -> tuple[YamlDocument | None, list[Problem]]:
    """Read one file; a file that leads out of `inside`, is not regular, or is too large is a problem and not read."""

    def refused(message: str) -> tuple[None, list[Problem]]:
        return None, [Problem(str(path), 1, 1, "document", message)]

    try:
        if inside is not None and not path.resolve().is_relative_to(inside.resolve()):
            return refused("this link leads out of the workspace and is not read; copy the file here instead")
        # O_NONBLOCK keeps the open of a named pipe from waiting for a writer; a regular file ignores it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return refused("this is not a regular file and is not read")
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return refused(f"the file cannot be read: {reason}")
    return read_yaml(data, str(path))


def read_yaml(data: bytes, path: str) -> tuple[YamlDocument | None, list[Problem]]:
    """Read one YAML document; never raises on content. The document is None when nothing of it can be used."""

    def refused(message: str, line: int = 1, column: int = 1) -> tuple[None, list[Problem]]:
        return None, [Problem(path, line, column, "document", message)]

    if len(data) > MAX_BYTES:
        return refused(f"the file is larger than {MAX_BYTES} bytes, the limit for a spec; split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return refused(
            f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8 without other encodings",
            line,
            column,
        )
    composer = _Composer(path)
    try:
        composer.run(text)
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        problem = " ".join(str(error.problem or error).split())
        if _at(text, mark) == "\t":
            problem = "a tab cannot indent or start a value in YAML; use spaces"
        elif error.context:
            problem = f"{' '.join(str(error.context).split())}: {problem}"
        place = _place(mark) if mark is not None else Place()
        composer.report(place, (), f"not YAML: {problem}")
        return None, composer.problems
    except yaml.YAMLError as error:
        # The reader reports control characters without a mark; the position is the only thing that it knows.
        return refused(f"not YAML: {' '.join(str(error).split())}")
    except _TooMuchError:
        return None, composer.problems
    if not composer.started:
        return refused("the file is empty; a spec starts with `pattern_id:`")
    return YamlDocument(path, composer.value, composer.values, composer.keys), composer.problems


def _at(text: str, mark: Any) -> str:
    """The character that a mark points at; marks count lines as YAML does, which is as `splitlines` on \\n here."""
    lines = text.split("\n")
    line, column = (0, 0) if mark is None else (int(mark.line), int(mark.column))
    return lines[line][column : column + 1] if line < len(lines) else ""


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


class _TooMuchError(Exception):
    """A limit was passed; the problem is already reported and nothing after it is read."""


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been read.

    `key` is the mapping key that waits for its value, which is dropped when `drops`. The whole collection is dropped
    when `skip`.
    """

    container: dict[str, Any] | list[Any]
    path: KeyPath
    anchor: str | None
    key: str | None = None
    drops: bool = False
    skip: bool = False


class _Composer:
    """Builds plain values from parse events with an explicit stack, so that depth costs no recursion."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.values: dict[KeyPath, Place] = {}
        self.keys: dict[KeyPath, Place] = {}
        self.value: Any = None
        self.started = False
        self._stack: list[_Open] = []
        self._anchors: dict[str, Any] = {}
        self._nodes = 0
        self._resolver = Resolver()
        self._constructor = SafeConstructor()

    def report(self, place: Place, key: KeyPath, message: str) -> None:
        self.problems.append(Problem(self.path, place.line, place.column, dotted(key), message))

    def run(self, text: str) -> None:
        loader = _LOADER(text)
        try:
            while loader.check_event():
                if not self._take(loader.get_event()):
                    break
        finally:
            loader.dispose()

    def _take(self, event: Any) -> bool:
        """Use one event; False ends the reading."""
        if isinstance(event, DocumentStartEvent):
            if self.started:
                self.report(
                    _place(event.start_mark), (), "a second document starts here; write one spec in each file"
                )
                return False
            return True
        if isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            self._begin(event)
        elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            closed = self._stack.pop()
            if not closed.skip:
                self._remember(closed.anchor, closed.container)
        elif isinstance(event, ScalarEvent):
            self._scalar(event)
        elif isinstance(event, AliasEvent):
            self._alias(event)
        return True

    def _count(self, place: Place, amount: int = 1) -> None:
        self._nodes += amount
        if self._nodes > MAX_NODES:
            self.report(
                place, self._here(), f"more than {MAX_NODES} values, aliases counted in full; split the file"
            )
            raise _TooMuchError

    def _here(self) -> KeyPath:
        """The key path that the next value gets."""
        if not self._stack:
            return ()
        top = self._stack[-1]
        if isinstance(top.container, list):
            return (*top.path, len(top.container))
        return (*top.path, top.key) if top.key is not None else top.path

    def _begin(self, event: Any) -> None:
        place = _place(event.start_mark)
        self._count(place)
        if len(self._stack) >= MAX_DEPTH:
            self.report(place, self._here(), f"nested deeper than {MAX_DEPTH} levels")
            raise _TooMuchError
        is_mapping = isinstance(event, MappingStartEvent)
        expected = _TAG + ("map" if is_mapping else "seq")
        if event.tag not in (None, "!", expected):
            self.report(place, self._here(), f"the tag {event.tag} is not allowed; write plain YAML values")
        container: dict[str, Any] | list[Any] = {} if is_mapping else []
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.container, dict) and top.key is None:
            self.report(place, top.path, "a key must be text, not a collection")
            # The collection is read to its end and dropped, and so is the value that belongs to it.
            self._stack.append(_Open(container, top.path, None, skip=True))
            top.key, top.drops = "", True
            return
        path = self._here()
        self._put(container, place, event.anchor)
        self._stack.append(_Open(container, path, event.anchor))

    def _scalar(self, event: Any) -> None:
        place = _place(event.start_mark)
        self._count(place)
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.container, dict) and top.key is None:
            self._take_key(top, event.value, place)
            return
        self._put(self._plain(event, place), place, event.anchor)

    def _take_key(self, top: _Open, key: str, place: Place) -> None:
        """Keys are their text, so that `on:` and `1:` stay what the author wrote."""
        path = (*top.path, key)
        if key == "<<":
            self.report(place, path, "merge keys are not supported; use `extends:` or repeat the values")
            top.drops = True
        elif key in top.container:
            first = self.keys.get(path, Place())
            self.report(
                place, path, f"the key `{key}` stands here a second time; the first is on line {first.line}"
            )
        else:
            self.keys[path] = place
        top.key = key

    def _alias(self, event: Any) -> None:
        place = _place(event.start_mark)
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.container, dict) and top.key is None:
            self.report(place, top.path, "a key must be text, not an alias")
            top.key, top.drops = "", True
            return
        if event.anchor not in self._anchors:
            self.report(
                place, self._here(), f"the alias *{event.anchor} names no value that is complete before it"
            )
            self._put(None, place, None)
            return
        value = self._anchors[event.anchor]
        path = self._here()
        paths = list(_paths(value, path))
        self._count(place, len(paths))
        if max(map(len, paths)) > MAX_DEPTH:
            self.report(place, path, f"nested deeper than {MAX_DEPTH} levels")
            raise _TooMuchError
        self._put(value, place, None)
        for inner in paths:
            self.values.setdefault(inner, place)

    def _put(self, value: Any, place: Place, anchor: str | None) -> None:
        path = self._here()
        self.values.setdefault(path, place)
        if not self._stack:
            self.value = value
            self.started = True
        else:
            top = self._stack[-1]
            if isinstance(top.container, list):
                top.container.append(value)
            elif top.key is not None:
                if not top.drops:
                    top.container.setdefault(top.key, value)
                top.key, top.drops = None, False
        if not isinstance(value, (dict, list)):
            self._remember(anchor, value)

    def _remember(self, anchor: str | None, value: Any) -> None:
        if anchor is not None:
            self._anchors[anchor] = value

    def _plain(self, event: Any, place: Place) -> Any:
        resolver: Any = self._resolver
        tag = event.tag
        if tag is None or tag == "!":
            tag = resolver.resolve(ScalarNode, event.value, event.implicit)
            if tag == _TAG + "str" and event.implicit[0]:
                # YAML 1.2 reads these as numbers and 1.1, which the resolver follows, as text.
                if _FLOAT_1_2.fullmatch(event.value):
                    return float(event.value)
                if _OCTAL_1_2.fullmatch(event.value):
                    return int(event.value, 8)
        if tag not in _PLAIN_TAGS or event.tag not in (None, "!", _TAG + "str"):
            if event.tag not in (None, "!"):
                self.report(
                    place, self._here(), f"the tag {event.tag} is not allowed; write plain YAML values"
                )
            return event.value
        constructor: Any = self._constructor
        node = ScalarNode(tag, event.value)
        try:
            value = constructor.construct_object(node)
        except (ValueError, LookupError, yaml.YAMLError):
            self.report(place, self._here(), f"`{event.value[:40]}` is not a {tag.removeprefix(_TAG)}")
            return event.value
        finally:
            constructor.constructed_objects.clear()
        if isinstance(value, float) and value - value != 0.0:
            self.report(place, self._here(), f"`{event.value}` is not a finite number")
            return 0.0
        return value


def _paths(value: Any, path: KeyPath) -> Iterator[KeyPath]:
    """The key path of every value below and including `value`."""
    pending: list[tuple[Any, KeyPath]] = [(value, path)]
    while pending:
        node, here = pending.pop()
        yield here
        if isinstance(node, dict):
            pending.extend((child, (*here, str(key))) for key, child in node.items())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        elif isinstance(node, list):
            pending.extend((child, (*here, index)) for index, child in enumerate(node))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
