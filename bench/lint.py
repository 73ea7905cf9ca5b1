"""How much processor time a lint takes beside ast-grep, on the same files in the same run; and how fast it starts.

    python bench/lint.py                     a generated tree of 2,000 files, one in fifty with patterns
    python bench/lint.py PATH...             these trees instead
    python bench/lint.py --share 0.3         of the generated files, how many hold patterns

ast-grep (the package `ast-grep-cli`) is the baseline: a linter that parses every file. Both look for the same thing, a
retry with more than a hundred attempts, with one thread. Times are user and system seconds of the child process, the
least of several interleaved runs, because other work on the machine lengthens wall time but hardly changes these.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

RULES = """
id: attempts-python
language: Python
rule: {kind: decorator, regex: 'retry\\(.*max_attempts=\\d{3,}'}
---
id: attempts-go
language: Go
rule: {kind: comment, regex: '@retry\\(.*maxAttempts=\\d{3,}'}
---
id: attempts-rust
language: Rust
rule: {kind: attribute_item, regex: 'retry\\(.*max_attempts = \\d{3,}'}
---
id: attempts-ruby
language: Ruby
rule: {kind: call, regex: '^Foundation\\.retry\\(.*max_attempts: \\d{3,}'}
"""
WITH_PATTERN = {
    "py": """from foundation.resilience import retry


@retry(max_attempts={n}, base_delay=0.5)
def fetch_{i}(url):
    return get(url)


""",
    "go": """// @retry(maxAttempts={n}, baseDelay=0.5)
func Fetch{i}(url string) error {{
	return get(url)
}}

""",
    "rs": """#[foundation::resilience::retry(max_attempts = {n}, base_delay = 0.5)]
fn fetch_{i}(url: &str) -> Result<(), Error> {{
    get(url)
}}

""",
    "rb": """Foundation.retry(max_attempts: {n}, base_delay: 0.5) {{ get(url_{i}) }}

""",
}
PLAIN = {
    "py": """class Order{i}:
    def __init__(self, items):
        self.items = [item for item in items if item.price > {n}]

    def total(self):
        return sum(item.price * item.count for item in self.items)


""",
    "go": """type Order{i} struct {{
	items []Item
}}

func (o *Order{i}) Total() int {{
	sum := {n}
	for _, item := range o.items {{
		sum += item.Price * item.Count
	}}
	return sum
}}

""",
    "rs": """struct Order{i} {{
    items: Vec<Item>,
}}

impl Order{i} {{
    fn total(&self) -> u64 {{
        self.items.iter().map(|item| item.price * item.count + {n}).sum()
    }}
}}

""",
    "rb": """class Order{i}
  def initialize(items)
    @items = items.select {{ |item| item.price > {n} }}
  end

  def total
    @items.sum {{ |item| item.price * item.count }}
  end
end

""",
}


def generate(root: Path, files: int, share: float) -> int:
    """Write a tree of source files in four languages; returns how many findings both tools must have."""
    source = random.Random(7)
    planted = 0
    for number in range(files):
        language = ("py", "go", "rs", "rb")[number % 4]
        parts = ["package shop\n\n"] if language == "go" else []
        blocks = source.randint(10, 60)
        holds = source.random() < share
        parts += [
            PLAIN[language].format(i=f"{number}x{block}", n=source.randint(1, 99)) for block in range(blocks)
        ]
        if holds:
            attempts = source.choice([3, 5, 250])
            planted += attempts > 100
            parts.insert(source.randrange(1, len(parts)), WITH_PATTERN[language].format(i=number, n=attempts))
        directory = root / f"d{number % 40:02}"
        directory.mkdir(exist_ok=True)
        (directory / f"f{number}.{language}").write_text("".join(parts))
    return planted


def processor_seconds(command: Sequence[str], cwd: Path) -> tuple[float, str]:
    """User and system seconds of a command and its children, and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in {0, 1}:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr.strip()[:400]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def least(commands: Mapping[str, Sequence[str]], cwd: Path, runs: int) -> dict[str, tuple[float, str]]:
    """The least time of each command over interleaved runs, with its last output."""
    best: dict[str, tuple[float, str]] = {}
    for _ in range(runs):
        for name, command in commands.items():
            seconds, output = processor_seconds(command, cwd)
            if name not in best or seconds < best[name][0]:
                best[name] = (seconds, output)
    return best


def size_of(root: Path) -> tuple[int, int]:
    """How many source files there are below a directory, and their bytes."""
    files = [p for p in root.rglob("*") if p.suffix in {".py", ".go", ".rs", ".rb"} and p.is_file()]
    return len(files), sum(p.stat().st_size for p in files)


def find_ast_grep() -> str | None:
    """The baseline's program: beside this interpreter, or on PATH."""
    beside = Path(sys.executable).with_name("ast-grep")
    return str(beside) if beside.exists() else shutil.which("ast-grep")


def compare(name: str, root: Path, rules: Path, ast_grep: str, runs: int, planted: int | None) -> None:
    """Print one row: both times and their ratio."""
    ours = [
        sys.executable,
        "-m",
        "foundation_lsp",
        "lint",
        "--isolated",
        "--no-ignore",
        "--fail-on",
        "never",
        "--jobs",
        "1",
    ]
    theirs = [
        ast_grep,
        "scan",
        "--rule",
        str(rules),
        "-j",
        "1",
        "--json=stream",
        "--no-ignore",
        "hidden",
        str(root),
    ]
    select = ["--select", "retry_with_backoff/out-of-range", "--format", "jsonl", str(root)]
    best = least({"ours": [*ours, *select], "ast-grep": theirs}, root, runs)
    found, their_found = (best[key][1].count("\n") for key in ("ours", "ast-grep"))
    if planted is not None and not found == their_found == planted:
        raise SystemExit(
            f"{planted} planted, {found} found by foundation-lsp, {their_found} by ast-grep: not the same work"
        )
    files, size = size_of(root)
    mine, other = best["ours"][0], best["ast-grep"][0]
    print(
        f"{name:24} {files:6} {size / 1e6:7.1f} {mine:9.3f} {other:9.3f} {other / mine:7.1f}x "
        f"{size / 1e6 / mine:8.1f} {found:6} {their_found:6}"
    )


def main() -> int:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--share", type=float, action="append")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    ast_grep = find_ast_grep()
    if ast_grep is None:
        print("bench/lint.py needs its baseline: pip install ast-grep-cli", file=sys.stderr)
        return 2
    load = os.getloadavg()[0]
    print(
        f"processor seconds, least of {options.runs} interleaved runs, one thread each; load average {load:.1f}"
    )
    print(
        f"{'tree':24} {'files':>6} {'MB':>7} {'ours':>9} {'ast-grep':>9} {'ratio':>8} {'MB/s':>8} "
        f"{'found':>6} {'theirs':>6}"
    )
    with tempfile.TemporaryDirectory() as scratch:
        rules = Path(scratch) / "rules.yml"
        rules.write_text(RULES)
        if options.paths:
            for path in options.paths:
                compare(path.name, path.resolve(), rules, ast_grep, options.runs, None)
        else:
            for share in options.share or (0.02, 0.3):
                tree = Path(scratch) / f"tree{share}"
                tree.mkdir()
                planted = generate(tree, options.files, share)
                compare(f"generated, {share:.0%} hold", tree, rules, ast_grep, options.runs, planted)
        empty = Path(scratch) / "empty"
        empty.mkdir()
        (empty / "a.py").write_text("x = 1\n")
        (empty / "one").mkdir()
        (empty / "one" / "b.py").write_text(WITH_PATTERN["py"].format(n=250, i=1))
        python = [sys.executable, "-m", "foundation_lsp"]
        starts = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "foundation-lsp --version": [*python, "--version"],
            "lint, nothing to parse": [*python, "lint", "--isolated", "a.py"],
            "lint, one file parsed": [*python, "lint", "--isolated", "--fail-on", "never", "one"],
            "import pygls": [sys.executable, "-c", "import pygls.lsp.server"],
        }
        best = least(starts, empty, options.runs + 2)
        print(f"\n{'start-up':32} {'CPU s':>7} {'to bare Python':>15}")
        bare = best["python -c pass"][0]
        for name, (seconds, _) in best.items():
            print(f"{name:32} {seconds:7.3f} {seconds / bare:14.1f}x")
    return 0


if __name__ == "__main__":
    sys.exit(main())
