"""The corpus format: sources with the occurrences that must be found in them, one file per language and pattern.

A file starts with free text. A case starts at a line `=== title` and holds the source, a line `---`, and one line for
each occurrence of the file's pattern, in source order; a case without such lines is a source in which nothing may be
found. A line reads

    dialect form name(parameter=value, ...) on target-kind target-name [flag] ...

where a missing argument list means that the form has none, `policy.name=value` came out of a policy literal, `via NAME`
follows a value that was resolved through a constant, `?` is a value that is not statically known, and the flags are
`open`, `unimported` and the code of a malformed form.

`FOUNDATION_UPDATE_CORPUS=1 pytest tests/grammars/test_corpus.py` rewrites the expected lines; read the difference.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from foundation_grammars.occurrence import Argument, Occurrence, OccurrenceForm, StaticValue, ValueKind
from foundation_grammars.query import find_occurrences
from foundation_grammars.tree import parse
from foundation_specs.model import LanguageId

ROOT = Path(__file__).resolve().parents[1] / "corpus"


@dataclass(frozen=True, slots=True)
class Case:
    """One source of a corpus file and what must be found in it."""

    path: Path
    title: str
    source: str
    expected: tuple[str, ...]

    @property
    def language(self) -> LanguageId:
        return LanguageId(self.path.parent.name)

    @property
    def pattern_id(self) -> str:
        return self.path.stem

    @property
    def id(self) -> str:
        return (
            f"{self.language}/{self.pattern_id}/{re.sub(r'[^a-z0-9]+', '-', self.title.lower()).strip('-')}"
        )


def read_cases(path: Path) -> list[Case]:
    """The cases of one corpus file."""
    cases: list[Case] = []
    for block in re.split(r"^=== ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, _, rest = block.partition("\n")
        source, separator, expected = rest.partition("\n---\n")
        if not separator:
            raise ValueError(f"{path}: the case {title!r} has no `---` line")
        lines = tuple(line for line in expected.splitlines() if line.strip())
        cases.append(Case(path, title.strip(), source + "\n", lines))
    return cases


def all_cases() -> list[Case]:
    """Every case of the corpus."""
    return [case for path in sorted(ROOT.glob("*/*.txt")) for case in read_cases(path)]


def rewrite(path: Path) -> None:
    """Replace the expected lines of a file by what is found now."""
    text = path.read_text("utf-8")
    head = re.split(r"^=== ", text, flags=re.MULTILINE)[0]
    blocks = [head]
    for case in read_cases(path):
        lines = found(case.source.encode(), case.language, case.pattern_id)
        blocks.append(f"=== {case.title}\n{case.source}---\n" + "".join(f"{line}\n" for line in lines) + "\n")
    path.write_text("".join(blocks).rstrip("\n") + "\n", "utf-8")


def found(source: bytes, language: LanguageId, pattern_id: str) -> list[str]:
    """The occurrences of a pattern in a source, rendered."""
    return [render(o) for o in find_occurrences(parse(source, language)) if o.pattern_id == pattern_id]


def render(occurrence: Occurrence) -> str:
    """One occurrence as a line."""
    bare = occurrence.arguments_range is None and not occurrence.arguments
    arguments = "" if bare else f"({', '.join(map(_argument, occurrence.arguments))})"
    name = "" if occurrence.form is OccurrenceForm.CLASS else arguments
    parts = [occurrence.dialect, occurrence.form.value, occurrence.spelled + name]
    if occurrence.target is not None:
        parts += ["on", occurrence.target.kind.value, *occurrence.target.name.split()]
    parts += [f"[{occurrence.malformed}]"] if occurrence.malformed else []
    parts += ["[open]"] if occurrence.open_arguments else []
    parts += ["[unimported]"] if not occurrence.imported else []
    return " ".join(parts)


def _argument(argument: Argument) -> str:
    if argument.policy:
        return "policy"
    prefix = "policy." if argument.nested else ""
    place = f"#{argument.position} " if argument.position is not None else ""
    return f"{place}{prefix}{argument.parameter}={_value(argument.value)}"


def _value(value: StaticValue) -> str:
    through = f" via {value.constant}" if value.constant else ""
    match value.kind:
        case ValueKind.UNKNOWN:
            return "?"
        case ValueKind.STRING:
            text = json.dumps(value.value, ensure_ascii=False)
        case ValueKind.BOOLEAN:
            text = str(value.value).lower()
        case ValueKind.SYMBOL:
            text = f":{value.value}"
        case ValueKind.DURATION:
            text = f"{value.value}ns"
        case ValueKind.LIST:
            text = f"[{', '.join(_value(item) for item in value.value)}]"
        case ValueKind.MAPPING:
            text = "{" + ", ".join(f"{key}: {_value(item)}" for key, item in value.value) + "}"
        case ValueKind.NONE:
            text = "none"
        case _:
            text = str(value.value)
    return text + through
