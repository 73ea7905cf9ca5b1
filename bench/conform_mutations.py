"""Plant divergences in scratch copies of the four runtimes and report how many the conformance suite catches.

    python bench/conform_mutations.py [--lang LANG] [--only WORD] [--out FILE.json]

Each mutation is one edit that a careful person could make by mistake. The runtime is copied, edited, built, and the
cases of the mutated pattern are run against it alone. A mutation that nothing notices is a gap in the suite: the exit
code is then 1.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from foundation_engine.conform.cases import builtin_cases
from foundation_engine.conform.run import Status, run_matrix, runtime_testees

ROOT = Path(__file__).parents[1]
SCRATCH = ROOT / ".cache" / "mutations"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One edit: the first occurrence of `old` in `path` becomes `new`."""

    language: str
    pattern_id: str
    what: str
    path: str
    old: str
    new: str


P = "foundation/resilience/"
R = "foundation/src/"
MUTATIONS = (
    Mutation(
        "python",
        "retry_with_backoff",
        "jitter comes before the cap",
        f"{P}_retry.py",
        'return cast("Jitter", self.jitter).apply(min(delay, self._cap), draw)',
        'return min(cast("Jitter", self.jitter).apply(delay, draw), self._cap)',
    ),
    Mutation(
        "python",
        "retry_with_backoff",
        "attempts are counted as retries",
        f"{P}_retry.py",
        "if number >= self.policy.max_attempts:",
        "if number > self.policy.max_attempts:",
    ),
    Mutation(
        "python",
        "circuit_breaker",
        "a late result counts",
        f"{P}_breaker.py",
        "if generation != self._generation:",
        "if generation > self._generation:",
    ),
    Mutation(
        "python",
        "structured_logging",
        "only nested names are redacted",
        "foundation/logging/__init__.py",
        "if is_secret(key, extra):",
        "if False:",
    ),
    Mutation(
        "python",
        "file_operations",
        "the directory is not synced",
        "foundation/files.py",
        '        if self._durable:\n            with self._steps.event("fsync_dir"):',
        '        if False:\n            with self._steps.event("fsync_dir"):',
    ),
    Mutation(
        "go",
        "retry_with_backoff",
        "equal jitter loses the odd nanosecond",
        "resilience/retry.go",
        "half + scale(delay-half, numerator)",
        "half + scale(half, numerator)",
    ),
    Mutation(
        "go",
        "circuit_breaker",
        "half-opens one nanosecond late",
        "resilience/circuit_breaker.go",
        "if elapsed < b.recoveryTimeout {",
        "if elapsed <= b.recoveryTimeout {",
    ),
    Mutation(
        "go",
        "circuit_breaker",
        "unlimited probes",
        "resilience/circuit_breaker.go",
        "if b.probes >= b.halfOpenMaxCalls {",
        "if b.probes > b.halfOpenMaxCalls+100 {",
    ),
    Mutation(
        "go",
        "http_client",
        "Retry-After has no cap",
        "httpclient/httpclient.go",
        "return min(after, c.maxDelay)",
        "return after",
    ),
    Mutation(
        "go",
        "process_execution",
        "only the leader is killed",
        "process/process.go",
        "group := -c.cmd.Process.Pid",
        "group := c.cmd.Process.Pid",
    ),
    Mutation(
        "rust",
        "retry_with_backoff",
        "ratios are truncated to millionths",
        f"{R}resilience/retry.rs",
        "(ratio * 1e6).round_ties_even() as i128",
        "(ratio * 1e6) as i128",
    ),
    Mutation(
        "rust",
        "rate_limiting",
        "retry_after rounds down",
        f"{R}resilience/rate_limiter.rs",
        "(cost - state.level).div_ceil(u128::from(self.limit))",
        "((cost - state.level) / u128::from(self.limit))",
    ),
    Mutation(
        "rust",
        "circuit_breaker",
        "trips on the failure after the threshold",
        f"{R}resilience/circuit_breaker.rs",
        "trip = inner.failures == self.settings.failure_threshold;",
        "trip = inner.failures > self.settings.failure_threshold;",
    ),
    Mutation(
        "rust",
        "http_client",
        "credentials follow a redirect",
        f"{R}http.rs",
        "if !next.same_origin(&target) {",
        "if false && !next.same_origin(&target) {",
    ),
    Mutation(
        "ruby",
        "retry_with_backoff",
        "non_retryable does not win",
        "lib/foundation/retry.rb",
        "!Foundation.matches?(error, non_retryable) && Foundation.matches?(error, retryable)",
        "Foundation.matches?(error, retryable)",
    ),
    Mutation(
        "ruby",
        "rate_limiting",
        "the window keeps an entry too long",
        "lib/foundation/rate_limiter.rb",
        "@log.first[0] + @period <= @latest",
        "@log.first[0] + @period < @latest",
    ),
    Mutation(
        "ruby",
        "configuration",
        "`enabled` is no boolean",
        "lib/foundation/config.rb",
        "TRUE_TEXTS = %w[true yes on 1 enabled]",
        "TRUE_TEXTS = %w[true yes on 1]",
    ),
    Mutation(
        "ruby",
        "process_execution",
        "only the leader is killed",
        "lib/foundation/process.rb",
        "::Process.kill(signal, -@pid)",
        "::Process.kill(signal, @pid)",
    ),
    Mutation(
        "ruby",
        "structured_logging",
        "camelCase is one word",
        "lib/foundation/redaction.rb",
        'name.gsub(/([a-z0-9])([A-Z])/, "\\\\1\\0\\\\2")',
        "name",
    ),
)


def copy_runtime(language: str) -> Path:
    """A fresh copy of one runtime under the scratch folder; what was built there before is kept."""
    target = SCRATCH / "runtimes" / language
    shutil.rmtree(target, ignore_errors=True)
    ignore = shutil.ignore_patterns("target", "__pycache__", "*.egg-info", "tests")
    shutil.copytree(ROOT / "runtimes" / language, target, ignore=ignore)
    return target


def caught_by(mutation: Mutation) -> tuple[list[str], str]:
    """The cases that fail with the mutation in place, or why the runtime did not build."""
    file = copy_runtime(mutation.language) / mutation.path
    text = file.read_text(encoding="utf-8")
    if mutation.old not in text:
        raise SystemExit(f"{mutation.path}: the text to mutate is gone: {mutation.old!r}")
    file.write_text(text.replace(mutation.old, mutation.new, 1), encoding="utf-8")
    cases, problems = builtin_cases([mutation.pattern_id])
    assert not problems, problems
    testees = runtime_testees([mutation.language], SCRATCH / "runtimes", SCRATCH / "cache")
    report = run_matrix(cases, testees)
    if report.unavailable:
        return [], f"did not build: {report.unavailable[mutation.language][:300]}"
    return [o.case.name for o in report.outcomes if o.status is Status.FAILED], ""


def main() -> int:
    """Run the mutations and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lang")
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    # Its own target folder: the scratch copies must not disturb builds of the real sources.
    os.environ["CARGO_TARGET_DIR"] = str(SCRATCH / "cargo-target")
    rows: list[dict[str, object]] = []
    for mutation in MUTATIONS:
        if args.lang not in (None, mutation.language) or args.only not in mutation.what:
            continue
        started = time.monotonic()
        cases, problem = caught_by(mutation)
        verdict = f"caught by {len(cases)}" if cases else problem or "NOT CAUGHT"
        first = f" ({cases[0]})" if cases else ""
        print(
            f"{mutation.language:7} {mutation.pattern_id:19} {mutation.what:42} {verdict}{first}"
            f"  {time.monotonic() - started:.1f} s",
            flush=True,
        )
        rows.append(
            {
                "language": mutation.language,
                "pattern": mutation.pattern_id,
                "what": mutation.what,
                "cases": cases,
            }
        )
    caught = sum(bool(row["cases"]) for row in rows)
    print(f"\n{caught} of {len(rows)} planted divergences were caught")
    if args.out is not None:
        args.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0 if caught == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
