"""How much work the prefilter and the search by places save, on real source trees.

    python bench/grammars.py PATH...     one row for each tree and language in it
    python bench/grammars.py             the standard library of this Python, and this repository

The baseline is in the same run: parse every file and query nothing, which is the least that a linter without a
prefilter does. Times are processor seconds, the least of several interleaved rounds, with the bytes already in memory.

A second table takes the largest file of each tree, adds one pattern to it, and splits the time between two keystrokes:
a fresh parse, an incremental parse after one byte was typed, and finding the occurrences. Its baseline is a fresh parse
and a run of the ten queries over the whole tree.
"""

from __future__ import annotations

import argparse
import os
import sys
import sysconfig
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from foundation_grammars.language import language_of
from foundation_grammars.prefilter import may_hold_pattern
from foundation_grammars.query import PATTERN_IDS, find_occurrences, pattern_query
from foundation_grammars.tree import ByteEdit, as_node, parse
from foundation_specs.model import LanguageId
from tree_sitter import QueryCursor

SKIPPED = frozenset({".git", ".venv", "node_modules", "target", "__pycache__", ".cache"})
PLANTED = {
    LanguageId.PYTHON: (b"from foundation import retry\n", b"\n@retry(max_attempts=3)\ndef planted(): ...\n"),
    LanguageId.GO: (b"", b"\n// @retry(maxAttempts=3)\nfunc planted() error { return nil }\n"),
    LanguageId.RUST: (b"use foundation::retry;\n", b"\n#[retry(max_attempts = 3)]\nfn planted() {}\n"),
    LanguageId.RUBY: (b"require 'foundation'\n", b"\nFoundation.retry(max_attempts: 3) { planted }\n"),
}


@dataclass(frozen=True, slots=True)
class Tree:
    """The sources of one language under one path."""

    name: str
    language: LanguageId
    sources: tuple[bytes, ...]

    @property
    def megabytes(self) -> float:
        return sum(map(len, self.sources)) / 1e6


def source_files(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in SKIPPED)
        yield from (Path(folder, name) for name in sorted(files))


def read_trees(root: Path) -> list[Tree]:
    sources: dict[LanguageId, list[bytes]] = defaultdict(list)
    for path in source_files(root):
        language = language_of(path)
        if language is not None and path.is_file():
            sources[language].append(path.read_bytes())
    return [Tree(root.name, language, tuple(found)) for language, found in sorted(sources.items())]


def least(steps: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """The least processor seconds of each step, the rounds interleaved."""
    best = [float("inf")] * len(steps)
    for _ in range(rounds):
        for index, step in enumerate(steps):
            start = time.process_time()
            step()
            best[index] = min(best[index], time.process_time() - start)
    return best


def parse_everything(tree: Tree) -> None:
    for source in tree.sources:
        parse(source, tree.language)


def prefiltered(tree: Tree) -> int:
    count = 0
    for source in tree.sources:
        if may_hold_pattern(source, tree.language):
            count += len(find_occurrences(parse(source, tree.language)))
    return count


def compare(trees: Sequence[Tree], rounds: int) -> None:
    print(
        f"{'tree':22} {'lang':7} {'files':>6} {'MB':>6} {'hits':>5} {'share':>6} {'found':>6}"
        f" {'filter MB/s':>12} {'ours s':>8} {'ours MB/s':>10} {'baseline s':>11} {'base MB/s':>10} {'ratio':>8}"
    )
    for tree in trees:
        hits = sum(may_hold_pattern(source, tree.language) for source in tree.sources)
        found = prefiltered(tree)
        seconds = least(
            [
                lambda tree=tree: [may_hold_pattern(source, tree.language) for source in tree.sources],
                lambda tree=tree: prefiltered(tree),
                lambda tree=tree: parse_everything(tree),
            ],
            rounds,
        )
        searching, ours, baseline = (max(s, 1e-6) for s in seconds)
        print(
            f"{tree.name[:22]:22} {tree.language.value:7} {len(tree.sources):6} {tree.megabytes:6.1f} {hits:5}"
            f" {hits / len(tree.sources):6.1%} {found:6} {tree.megabytes / searching:12.0f} {ours:8.3f}"
            f" {tree.megabytes / ours:10.1f} {baseline:11.3f} {tree.megabytes / baseline:10.1f}"
            f" {baseline / ours:7.1f}x"
        )


def keystroke(trees: Sequence[Tree], rounds: int) -> None:
    print(
        f"\n{'largest file of':22} {'lang':7} {'KB':>6} {'lines':>6} {'parse ms':>9} {'edit ms':>8} {'find ms':>8}"
        f" {'all queries ms':>15} {'ratio':>7}"
    )
    for tree in trees:
        head, tail = PLANTED[tree.language]
        text = head + max(tree.sources, key=len) + tail
        old = parse(text, tree.language)
        middle = text.find(b"\n", len(text) // 2)
        middle = middle if middle >= 0 else len(text) // 2
        lines = text.count(b"\n")
        typed = text[:middle] + b" " + text[middle:]
        edit = [ByteEdit(middle, middle, middle + 1)]

        def run_every_query(tree: Tree = tree, old=old) -> None:
            for pattern_id in PATTERN_IDS:
                QueryCursor(pattern_query(tree.language, pattern_id).query).matches(as_node(old.root))

        run_every_query()
        fresh, incremental, finding, whole = least(
            [
                lambda text=text, tree=tree: parse(text, tree.language),
                lambda typed=typed, tree=tree, old=old, edit=edit: parse(typed, tree.language, old, edit),
                lambda old=old: find_occurrences(old),
                run_every_query,
            ],
            rounds,
        )
        print(
            f"{tree.name[:22]:22} {tree.language.value:7} {len(text) / 1e3:6.0f} {lines:6}"
            f" {fresh * 1e3:9.1f} {incremental * 1e3:8.2f} {finding * 1e3:8.2f} {whole * 1e3:15.1f}"
            f" {(fresh + whole) / max(incremental + finding, 1e-6):6.1f}x"
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", type=Path, help="source trees")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of which the least counts (default: 3)")
    options = parser.parse_args()
    paths = options.paths or [Path(sysconfig.get_path("stdlib")), Path(__file__).resolve().parents[1]]
    missing = [str(path) for path in paths if not path.is_dir()]
    if missing:
        parser.error(f"not a folder: {', '.join(missing)}")
    trees = [tree for path in paths for tree in read_trees(path.resolve())]
    if not trees:
        parser.error("no Python, Go, Rust or Ruby file in these folders")
    compare(trees, options.rounds)
    keystroke(trees, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
