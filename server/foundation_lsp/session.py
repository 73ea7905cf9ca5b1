"""All state of one conversation: open documents, workspace folders, specs, settings. Nothing else remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from foundation_specs.model import LanguageId, Problem
from foundation_specs.registry import SpecRegistry
from lsprotocol import types

from foundation_lsp.analysis import Analysis
from foundation_lsp.cli.discover import Discovery, SourceFile
from foundation_lsp.client import Client
from foundation_lsp.documents import Change, DocumentSnapshot
from foundation_lsp.options import EditorOptions
from foundation_lsp.settings import DOTFILE, PYPROJECT, Settings, SettingsFinder, read_settings

SPEC_DIRECTORY = Path(".foundation") / "specs"


@dataclass(slots=True)
class OpenDocument:
    """An open document: its newest snapshot and the last analysis, whose tree the next parse starts from."""

    snapshot: DocumentSnapshot
    analysis: Analysis | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class _Specs:
    registry: SpecRegistry
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class FileReport:
    """The diagnostics of one file as it was on disk, and the name of exactly these diagnostics."""

    stamp: tuple[int, int]
    generation: int
    name: str
    found: list[types.Diagnostic]


class Session:
    """What the client has told us and what was derived from it.

    `generation` grows whenever specs, settings or options may have changed, so that older analyses are not reused.
    `changed` is set when files that are not open may have new findings.
    """

    def __init__(self) -> None:
        self.client = Client()
        self.options = EditorOptions()
        self.roots: tuple[Path, ...] = ()
        self.documents: dict[str, OpenDocument] = {}
        self.generation = 0
        self.changed = asyncio.Event()
        self.too_large: set[str] = set()
        self.reports: dict[Path, FileReport] = {}
        self.workspace_reported = False
        self._finder = SettingsFinder()
        self._specs: dict[Path | None, _Specs] = {}
        self._spec_roots: dict[Path, Path | None] = {}

    def open(self, uri: str, version: int, language: LanguageId | None, text: bytes) -> None:
        """Take a document over from the disk; opening one again replaces it."""
        self.documents[uri] = OpenDocument(DocumentSnapshot.opened(uri, version, language, text))

    def change(self, uri: str, version: int, changes: Iterable[Change]) -> bool:
        """Apply edits; False when the document is not open."""
        document = self.documents.get(uri)
        if document is None:
            return False
        document.snapshot = document.snapshot.changed(version, changes, self.client.encoding)
        return True

    def close(self, uri: str) -> bool:
        """Give a document back to the disk; False when it was not open."""
        self.too_large.discard(uri)
        return self.documents.pop(uri, None) is not None

    def root_of(self, path: Path | None) -> Path | None:
        """The innermost workspace folder that holds this path; without a path, the first folder."""
        if path is None:
            return self.roots[0] if self.roots else None
        holding = [root for root in self.roots if path.is_relative_to(root)]
        return max(holding, key=lambda root: len(root.parts), default=None)

    def registry(self, path: Path | None) -> SpecRegistry:
        """The patterns that are known to a file: the built-in ones and those of the nearest specs above it."""
        return self._specs_of(self._spec_root(path.parent if path is not None else None)).registry

    def _spec_root(self, directory: Path | None) -> Path | None:
        """The nearest directory at or above this one that has specs of its own, or None."""
        if directory is None:
            return None
        if directory not in self._spec_roots:
            if (directory / SPEC_DIRECTORY).is_dir():
                self._spec_roots[directory] = directory
            else:
                above = directory.parent if directory.parent != directory else None
                self._spec_roots[directory] = self._spec_root(above)
        return self._spec_roots[directory]

    def _specs_of(self, root: Path | None) -> _Specs:
        specs = self._specs.get(root)
        if specs is None:
            specs = (
                _Specs(*SpecRegistry.load([root])) if root is not None else _Specs(SpecRegistry.builtin(), ())
            )
            self._specs[root] = specs
        return specs

    def source_files(self) -> Iterator[SourceFile]:
        """The source files of every workspace folder, as the command line would find them there."""
        return Discovery(self._finder).files(str(root) for root in self.roots)

    def settings(self, path: Path | None) -> Settings:
        """The settings in force for a file: the nearest settings file's, filled up with the editor's wishes."""
        place = path.parent if path is not None else (self.root_of(None) or Path("/"))
        found = self._finder.for_directory(place)
        if not self.options.project:
            return found
        return with_editor_wishes(found, self.options.project)

    def reload(self) -> None:
        """Read specs and settings files anew from now on."""
        self._finder.forget()
        self._specs.clear()
        self._spec_roots.clear()
        self.generation += 1
        self.changed.set()

    def configuration_problems(self) -> Mapping[Path, list[Problem]]:
        """What is wrong in the settings files and specs of the workspace, by file."""
        for root in self.roots:
            self._finder.for_directory(root)
        found: dict[Path, list[Problem]] = {}
        for problem in self._finder.problems:
            found.setdefault(Path(problem.path), []).append(problem)
        spec_roots = {self._spec_root(root) for root in self.roots} | set(self._spec_roots.values())
        for problem in (p for root in spec_roots for p in self._specs_of(root).problems):
            found.setdefault(Path(problem.path), []).append(problem)
        return found

    def option_problems(self) -> tuple[str, ...]:
        """What is wrong in the options that the editor sent."""
        _, problems = read_settings(self.options.project, Path("/"), None)
        return (*self.options.problems, *(f"{p.key}: {p.message}" for p in problems))


def with_editor_wishes(settings: Settings, wishes: Mapping[str, object]) -> Settings:
    """A project's settings, filled up with the editor's; severities are merged code by code."""
    editor, _ = read_settings(wishes, settings.root, None)
    unset = Settings(root=settings.root)
    changes: dict[str, object] = {
        f.name: getattr(editor, f.name)
        for f in fields(Settings)
        if f.name not in {"root", "path"} and getattr(settings, f.name) == getattr(unset, f.name)
    }
    changes["severity"] = {**editor.severity, **settings.severity}
    changes["ignore"] = (*settings.ignore, *editor.ignore)
    return replace(settings, **changes)


def is_configuration(path: Path) -> bool:
    """True for the files whose change means that everything must be checked anew."""
    in_specs = path.suffix in {".yaml", ".yml"} and path.parent.parts[-2:] == SPEC_DIRECTORY.parts
    return path.name in {DOTFILE, PYPROJECT} or in_specs
