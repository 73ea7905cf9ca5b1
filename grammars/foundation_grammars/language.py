"""Which of the four languages a path is written in, and the tree-sitter grammar of each, loaded on first use."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import PurePath
from typing import cast

from foundation_specs.model import LanguageId
from tree_sitter import Language

_SUFFIXES = {
    ".py": LanguageId.PYTHON,
    ".pyi": LanguageId.PYTHON,
    ".pyw": LanguageId.PYTHON,
    ".go": LanguageId.GO,
    ".rs": LanguageId.RUST,
    ".rb": LanguageId.RUBY,
    ".rake": LanguageId.RUBY,
    ".ru": LanguageId.RUBY,
    ".gemspec": LanguageId.RUBY,
}
_NAMES = {
    "Gemfile": LanguageId.RUBY,
    "Rakefile": LanguageId.RUBY,
    "Guardfile": LanguageId.RUBY,
    "Vagrantfile": LanguageId.RUBY,
}
_MODULES = {
    LanguageId.PYTHON: "tree_sitter_python",
    LanguageId.GO: "tree_sitter_go",
    LanguageId.RUST: "tree_sitter_rust",
    LanguageId.RUBY: "tree_sitter_ruby",
}


def language_of(path: str | PurePath) -> LanguageId | None:
    """The language that a file name stands for, or None when it is none of the four."""
    name = PurePath(path)
    return _NAMES.get(name.name) or _SUFFIXES.get(name.suffix.lower())


@cache
def grammar(language: LanguageId) -> Language:
    """The tree-sitter grammar; only the languages that a run meets are loaded."""
    return Language(cast("object", importlib.import_module(_MODULES[language]).language()))
