"""Patterns written from the specs' templates: the data, the renderer, and ports that compile and run for real."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from foundation_engine.port import PortError, ir, port, runtime_root
from foundation_engine.port.emit.templates import Templates
from foundation_engine.port.request import PortCandidate, PortOptions, PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId
from foundation_specs.registry import SpecRegistry
from foundation_specs.templates import dialects_of, load_templates, templates

CENKALTI = "github.com/cenkalti/backoff/v5@v5.0.3"


def ported(
    text: str, target: LanguageId, dialect: str = "foundation", source: LanguageId = LanguageId.PYTHON
) -> PortCandidate:
    suffix = {LanguageId.PYTHON: "py", LanguageId.RUBY: "rb"}[source]
    return port(PortRequest(f"tool.{suffix}", text, source, target, options=PortOptions(dialect=dialect)))


def source_of(candidate: PortCandidate) -> str:
    return next(f.text for f in candidate.files if f.role == "source")


# The data


@pytest.mark.parametrize("language", [LanguageId.GO, LanguageId.PYTHON, LanguageId.RUBY])
def test_every_pattern_has_templates_for_our_runtime(language: LanguageId) -> None:
    assert set(templates(language).patterns) == set(SpecRegistry.builtin().ids)


def test_a_template_file_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "go.yaml"
    path.write_text(
        "language: go\ndialect: mine\ntitle: mine\npatterns:\n  retry_with_backoff:\n    parameters:\n"
        "      atempts: {option: ''}\n    forms:\n      function: 'Retry({max_atempts}, {max_attempts|squared})'\n"
        "  no_such_pattern: {}\n",
        encoding="utf-8",
    )
    made, problems = load_templates(path)
    assert made is None
    said = [str(p).removeprefix(str(path)) for p in problems]
    assert any(s.startswith(":7:") or "`atempts`" in s for s in said)
    assert any("`{max_atempts}` is neither a parameter" in s for s in said)
    assert any("no filter `squared`" in s for s in said)
    assert any("no pattern `no_such_pattern`" in s for s in said)


def test_a_dialect_that_a_target_does_not_have_is_refused_with_those_it_has() -> None:
    assert dialects_of(LanguageId.GO)[0] == "foundation"
    with pytest.raises(PortError, match=r"known: foundation, cenkalti, native\); tenacity is for python"):
        ported("def f() -> int:\n    return 1\n", LanguageId.GO, "tenacity")


# The renderer


@dataclass
class Plain:
    """A writer that shows what it is asked for."""

    imports: list[str] = field(default_factory=list[str])
    said: list[str] = field(default_factory=list[str])

    def value(self, kind: str, v: ir.Expr) -> str:
        assert isinstance(v, ir.Lit)
        return f"{kind}:{v.value}"

    def error_class(self, name: str, line: int) -> str:
        del line
        return f"E{name}"

    def derives(self, name: str, base: str) -> bool:
        return name == base or (name, base) == ("NetworkError", "FoundationError")

    def imported(self, text: str) -> None:
        self.imports.append(text)

    def differ(self, sentence: str) -> None:
        self.said.append(sentence)


def lit(value: object) -> ir.Lit:
    return ir.Lit(value, type=ir.ANY)


def errors(*names: str) -> ir.ListLit:
    return ir.ListLit([ir.Name(n, type=ir.ERROR) for n in names], type=ir.ListT(ir.ERROR))


def test_arguments_become_options_in_the_order_of_the_source() -> None:
    made = Templates(LanguageId.GO).render(
        (writer := Plain()),
        "retry_with_backoff",
        "function",
        {
            "jitter": lit("full"),
            "max_attempts": lit(4),
            "backoff": lit("linear"),
            "retryable": errors("A", "B"),
        },
        slots={"body": "f"},
    )
    assert made.text == (
        "resilience.RetryValue(ctx, f, resilience.WithJitter(resilience.FullJitter), "
        "resilience.WithMaxAttempts(integer:4), resilience.WithBackoff(resilience.Linear), "
        "resilience.WithRetryable(EA, EB))"
    )
    assert "{runtime}/resilience" in writer.imports


def test_a_library_gets_what_it_counts_and_never_a_delay_above_the_longest() -> None:
    made = Templates(LanguageId.RUBY, "retriable").render(
        Plain(),
        "retry_with_backoff",
        "function",
        {"base_delay": lit(9.0), "max_delay": lit(2.0)},
        slots={"body": "f"},
    )
    assert "tries: integer:3" in made.text  # the spec's default, because the library's may change
    assert "base_interval: duration:2.0" in made.text


@pytest.mark.parametrize(
    ("dialect", "arguments", "reason"),
    [
        ("retriable", {"backoff_strategy": lit("linear")}, "has no backoff_strategy `linear`"),
        ("retriable", {"jitter": lit("full")}, "has no jitter `full`"),
        (
            "native",
            {"retryable": errors("FoundationError"), "non_retryable": errors("NetworkError")},
            "retryable by one list and not by the other",
        ),
    ],
)
def test_what_a_library_cannot_do_is_declined(
    dialect: str, arguments: dict[str, ir.Expr], reason: str
) -> None:
    slots = {"body": "f", "attempt": "attempt", "delay": "delay"}
    with pytest.raises(ir.Unsupported, match=reason):
        Templates(LanguageId.RUBY, dialect).render(
            Plain(), "retry_with_backoff", "function", arguments, slots=slots
        )


def test_a_pattern_that_a_library_does_not_have_stays_on_our_runtime() -> None:
    made = Templates(LanguageId.GO, "cenkalti").render(
        (writer := Plain()), "circuit_breaker", "new", {"name": lit("stock")}
    )
    assert made.text == "resilience.NewCircuitBreaker(string:stock)"
    assert writer.said == [
        "Circuit breaker stays on our runtime: there are no templates of it for cenkalti/backoff."
    ]


# All ten patterns

TOOL = '''
"""A deploy tool."""
from dataclasses import dataclass

from foundation import (
    App, CircuitBreaker, HttpClient, NetworkError, atomic_write, circuit_breaker, error_boundary, get_logger,
    load_config, rate_limit, register_command, retry, run_process,
)
from foundation.config import field

log = get_logger("deploy", level="info")
breaker = CircuitBreaker(name="inventory", failure_threshold=3)


@dataclass
class DeployConfig:
    host: str = "localhost"
    port: int = field(default=8080, env="DEPLOY_PORT")
    token: str = field(default="", secret=True)


def address() -> str:
    cfg = load_config(DeployConfig, env_prefix="DEPLOY", files=["deploy.json"], strict=False)
    return f"{cfg.host}:{cfg.port}"


def stock(client: HttpClient, sku: str) -> int:
    response = client.get(f"/items/{sku}", params={"page": 2}, headers={"X-Trace": "1"})
    if response.status == 204:
        return 0
    return int(response.text)


def git_head(directory: str) -> str:
    return run_process(["git", "rev-parse", "HEAD"], timeout=30, cwd=directory).stdout.strip()


def save(path: str, text: str) -> None:
    atomic_write(path, text, backup=True, mode=0o600)


def careful(values: list[int]) -> int:
    total = 0
    with error_boundary(ValueError, reraise=False, context={"count": len(values)}):
        for v in values:
            if v < 0:
                raise ValueError("negative")
            total += v
    return total


@register_command("db.migrate", description="Apply migrations", aliases=["m"])
def migrate(target: str, dry_run: bool = False, steps: int = 1) -> int:
    log.bind(target=target).info("migrating", steps=steps)
    return 0 if dry_run else min(steps, 4)


def main(argv: list[str]) -> int:
    app = App(name="shop", version="1.0")
    return app.run(argv)


@rate_limit(limit=2, period=60.0)
@circuit_breaker(failure_threshold=2, recovery_timeout=30)
@retry(NetworkError, max_attempts=2, base_delay=0.1)
def guarded(a: int) -> int:
    if a < 0:
        raise NetworkError("down")
    return a + 1


def state() -> str:
    return breaker.state.value
'''


def test_all_ten_patterns_in_go_pass_vet(tmp_path: Path) -> None:
    candidate = ported(TOOL, LanguageId.GO)
    assert [h.reason for h in candidate.holes] == []
    text = source_of(candidate)
    for part in (
        '`default:"8080" env:"DEPLOY_PORT"`',
        'd.Token = "[REDACTED]"',
        'config.Load(&cfg, config.WithEnvPrefix("DEPLOY"), config.WithFiles("deploy.json"), config.WithStrict(false))',
        'httpclient.WithParam("page", strconv.Itoa(2)), httpclient.WithHeader("X-Trace", "1")',
        'process.Run(ctx, []string{"git", "rev-parse", "HEAD"}, process.WithTimeout(30*time.Second)',
        "files.AtomicWriteText(path, text, files.WithBackup(true), files.WithMode(0o600))",
        'errors.WithContextMap(map[string]any{"count": len(values)})',
        'app.RegisterCommand("db.migrate", func(ctx context.Context, args cli.Args) error {',
        'cli.WithOption("steps", config.Integer, cli.Default(1))',
        "if err := guardedLimiter.Acquire(1); err != nil {",
        "breaker.State().String()",
    ):
        assert part in text
    for f in candidate.files:
        (tmp_path / f.path).write_text(f.text, encoding="utf-8")
    done = subprocess.run(
        ["go", "vet", "./..."], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr


def test_all_ten_patterns_in_ruby_run(tmp_path: Path) -> None:
    candidate = ported(TOOL, LanguageId.RUBY)
    assert [h.reason for h in candidate.holes] == []
    (tmp_path / "tool.rb").write_text(source_of(candidate), encoding="utf-8")
    (tmp_path / "deploy.json").write_text('{"host": "example.org"}', encoding="utf-8")
    script = (
        "require './tool'; p Tool.address, Tool.careful([1, 2, -1, 5]), Tool.main(%w[db migrate v2 --steps 9]),"
        " Tool.main(%w[db m v2 --dry-run]), Tool.guarded(1), Tool.state, Tool::DeployConfig.new(token: 'x').inspect;"
        " Tool.save('out.txt', 'text'); p File.read('out.txt'), Tool.git_head('.') rescue p $!.class"
    )
    done = subprocess.run(
        ["ruby", "-w", "-I", f"{runtime_root(LanguageId.RUBY)}/lib", "-e", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "DEPLOY_PORT": "9000", "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)},
        check=False,
    )
    lines = done.stdout.splitlines()
    # What a command returns is not its exit code.
    assert lines[:6] == ['"example.org:9000"', "3", "0", "0", "2", '"closed"'], done.stderr
    assert "[REDACTED]" in lines[6]
    assert lines[7] == "Foundation::ProcessError"
    assert (tmp_path / "out.txt").read_text() == "text"


# Meaning, with real tools

MEANING = """
from foundation import NetworkError, RateLimiter, RateLimitExceeded, error_boundary, retry


def by_first_seen(words: list[str]) -> list[str]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return [f"{word!r}={n}" for word, n in counts.items() if n > 0]


def ranked(words: list[str]) -> list[str]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    found = [word for word, n in counts.items() if n < 9]
    found.sort(key=lambda word: (-counts[word], word))
    return found


def sorted_out(lines: list[str]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {"long": [], "short": []}
    for line in lines:
        out["long" if len(line) > 2 else "short"].append(line)
    return out


@error_boundary(NetworkError, reraise=False, fallback=-1)
@retry(NetworkError, max_attempts=2, base_delay=1.0, jitter=False)
def exhausted(n: int) -> int:
    if n > 1:
        raise NetworkError("down")
    return n


@retry(NetworkError, max_attempts=3, base_delay=1.0)
def both(n: int) -> tuple[int, str]:
    if n > 2:
        raise NetworkError("down")
    n += 1
    return n, str(n)


def take(n: int) -> str:
    limiter = RateLimiter(limit=2, period=60.0)
    try:
        limiter.acquire(n)
    except RateLimitExceeded:
        return "later"
    return "now"


def parsed(text: str) -> str:
    def read(part: str) -> int:
        if part == "x":
            raise KeyError(part)
        return int(part)

    try:
        return f"{read(text)}"
    except ValueError:
        return "no number"
    except KeyError:
        return "a letter"


def first(text: str, table: dict[str, int]) -> str:
    try:
        n = int(text)
        if n < 0:
            raise ValueError("negative")
        if n > 5:
            return "many"
        return str(table[text])
    except ValueError:
        return "no"
    except KeyError:
        pass
    return "missing"


def charged(cents: int, paid: int) -> bool:
    try:
        if cents <= 0:
            raise ValueError("nothing to charge")
        if paid > 3:
            raise KeyError("later")
        return True
    except KeyError:
        return False


def dropped(table: dict[str, int], key: str) -> int:
    old = table.pop(key, None)
    return -1 if old is None else old + len(table)


def total(texts: list[str]) -> int:
    out = 0
    for text in texts:
        try:
            if text == "x":
                raise KeyError(text)
            out += int(text)
        except KeyError:
            out += 100
        except ValueError:
            out -= 1
    return out
"""


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY])
def test_ports_keep_what_patterns_and_maps_mean(target: LanguageId) -> None:
    candidate = ported(MEANING, target)
    assert [h.reason for h in candidate.holes] == []
    report = verify(candidate, VerifyOptions(use_cache=False, cases=8, differential=24))
    assert report.agreed, [r for r in report.results if r.verdict is not Verdict.PASSED]


# Other libraries

RETRIES = """
from foundation import NetworkError, TimeoutError, retry


class Gateway:
    def __init__(self, fail: int) -> None:
        self.fail = fail
        self.calls = 0

    @retry(NetworkError, max_attempts=3, base_delay=0.5, max_delay=4.0, jitter=False)
    def fetch(self, key: str) -> str:
        self.calls += 1
        if self.calls <= self.fail:
            raise NetworkError(f"no {key}")
        if key == "bad":
            raise ValueError("bad key")
        return key.upper()


@retry(max_attempts=4, base_delay=1.0, backoff="fixed")
def ping(n: int) -> None:
    if n > 2:
        raise TimeoutError("slow")
    if n < 0:
        raise ValueError("negative")


def tried(n: int) -> int:
    try:
        ping(n)
    except ValueError:
        return 0
    return 1
"""
JITTER = """

@retry(NetworkError, max_attempts=4, base_delay=1.0, backoff="linear", jitter="full")
def pull(n: int, delay: int) -> int:
    n += delay
    if n > 2:
        raise NetworkError("slow")
    return n
"""
RUBY_RETRIES = """
require 'foundation'

# Calls.
module Calls
  module_function

  # @param n [Integer]
  # @return [Integer]
  def pull(n)
    Foundation.retry(retryable: [Foundation::NetworkError], max_attempts: 3, base_delay: 0.5, jitter: false) do
      raise Foundation::NetworkError, 'slow' if n > 2

      n + 1
    end
  end

  # @param n [Integer]
  # @return [Integer]
  def wait(n)
    Foundation.retry(max_attempts: 4, base_delay: 1.0) do
      raise Foundation::TimeoutError, 'slow' if n > 2

      n * 2
    end
  end
end
"""


@pytest.mark.parametrize(
    ("source", "target", "dialect", "text"),
    [
        (LanguageId.PYTHON, LanguageId.GO, "cenkalti", RETRIES),
        (LanguageId.PYTHON, LanguageId.GO, "native", RETRIES + JITTER),
        (LanguageId.PYTHON, LanguageId.RUBY, "retriable", RETRIES),
        (LanguageId.PYTHON, LanguageId.RUBY, "native", RETRIES + JITTER),
        (LanguageId.PYTHON, LanguageId.RUST, "native", RETRIES + JITTER),
        (LanguageId.RUBY, LanguageId.PYTHON, "tenacity", RUBY_RETRIES),
        (LanguageId.RUBY, LanguageId.PYTHON, "native", RUBY_RETRIES),
    ],
)
def test_retries_behave_alike_on_other_libraries(
    source: LanguageId, target: LanguageId, dialect: str, text: str
) -> None:
    if dialect == "cenkalti":
        subprocess.run(["go", "mod", "download", CENKALTI], timeout=120, check=True, capture_output=True)
    candidate = ported(text, target, dialect, source)
    assert [h.reason for h in candidate.holes] == []
    assert any("raises MaxRetriesExceeded with it as the cause" in d for d in candidate.differences)
    report = verify(candidate, VerifyOptions(use_cache=False, cases=8, differential=24))
    assert report.verdict is Verdict.PASSED, [r for r in report.results if r.verdict is not Verdict.PASSED]


def test_code_that_sees_how_a_retry_ended_is_declined_for_a_library() -> None:
    text = RETRIES.replace("except ValueError", "except TimeoutError")
    reasons = [h.reason for h in ported(text, LanguageId.RUBY, "retriable").holes]
    assert reasons == ["handling TimeoutError around a retry, whose last error retriable gives as it is"]


def test_a_library_that_is_not_there_is_inconclusive_with_the_line_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "foundation_engine.verify.targets._version_line",
        lambda *command: str(tmp_path) if "GOMODCACHE" in command else "go version",
    )
    report = verify(ported(RETRIES, LanguageId.GO, "cenkalti"), VerifyOptions(use_cache=False))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "bring it with: go get github.com/cenkalti/backoff/v5@v5.0.3" in report.results[-1].detail
