"""One document through the engine: the same functions, in the same order, as the command line runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from foundation_engine.check import CheckOptions, check_tree, worth_parsing
from foundation_engine.finding import Finding
from foundation_grammars.occurrence import Occurrence
from foundation_grammars.query import find_occurrences
from foundation_grammars.tree import SyntaxTree, parse
from foundation_specs.model import LanguageId
from foundation_specs.registry import SpecRegistry

from foundation_lsp import bug
from foundation_lsp.documents import DocumentSnapshot
from foundation_lsp.settings import Settings


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is known about one snapshot.

    `tree` is None when no pattern can be in the text, which was then not parsed. `generation` is the session's when
    the specs and settings were read.
    """

    snapshot: DocumentSnapshot
    generation: int
    registry: SpecRegistry
    settings: Settings
    tree: SyntaxTree | None
    occurrences: tuple[Occurrence, ...]
    findings: tuple[Finding, ...]

    def parsed(self, language: LanguageId) -> SyntaxTree:
        """The tree, made now when the text had not been worth parsing: an annotation may be about to be written."""
        return self.tree if self.tree is not None else parse(self.snapshot.text, language)

    def occurrence_at(self, offset: int) -> Occurrence | None:
        """The innermost occurrence whose surface form holds the caret; its name decides when forms touch."""
        holding = [o for o in self.occurrences if o.range.contains(offset)]
        return min(
            holding,
            key=lambda o: (not o.name_range.contains(offset), o.range.end - o.range.start),
            default=None,
        )


def analyse(
    snapshot: DocumentSnapshot,
    language: LanguageId,
    path: Path | None,
    registry: SpecRegistry,
    settings: Settings,
    generation: int,
    old: SyntaxTree | None = None,
) -> Analysis:
    """Parse, find and check one snapshot; `old` is an earlier tree of the same document."""
    tree: SyntaxTree | None = None
    occurrences: list[Occurrence] = []
    findings: list[Finding] = []
    if worth_parsing(snapshot.text, language):
        tree = parsed = parse(snapshot.text, language, old)
        occurrences = bug.guarded("finding occurrences", lambda: find_occurrences(parsed), occurrences)
        if path is None or not settings.excludes(path):
            options = check_options(settings, path)
            findings = bug.guarded(
                "checking", lambda: check_tree(parsed, registry, options, occurrences), findings
            )
    return Analysis(snapshot, generation, registry, settings, tree, tuple(occurrences), tuple(findings))


def check_options(settings: Settings, path: Path | None) -> CheckOptions:
    """What a project's settings ask to be reported in one file; a buffer without a file lies in the root."""
    return settings.options_for(path if path is not None else settings.root / "untitled")
