"""Patterns, classes and errors in Rust: each line that carries a meaning behaves as in the source, in two crates."""

# ruff: noqa: E501 - a source and the reason stand on one line.
from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortCandidate, PortOptions, PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

GUARDED = '''
"""Guarded calls, errors, and objects that change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Protocol

from foundation.errors import NetworkError, ServiceUnavailable, ValidationError, error_boundary
from foundation.logging import get_logger
from foundation.resilience import CircuitBreaker, RateLimiter, circuit_breaker, rate_limit, retry

log = get_logger("guarded", level="critical")
KINDS = ("mail", "push")


class Refused(ValidationError):
    """With a code."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"{name} refused with {code}")
        self.name = name
        self.code = code


class Late(NetworkError):
    """A network error of our own."""


@dataclass
class Account:
    """Changes."""

    owner: str
    balance: int = 0
    history: list[int] = field(default_factory=list)


class Service(Protocol):
    """Somebody else."""

    def ask(self, name: str, times: int) -> int: ...

    def tell(self, text: str) -> None: ...


# The boundary is outside of the retry: what a retry still answers is not replaced.
@error_boundary(NetworkError, reraise=False, fallback=-1, log_errors=False)
@retry(NetworkError, ServiceUnavailable, max_attempts=3, base_delay=0.5, jitter=False)
def asked(service: Service, name: str) -> int:
    if not name:
        raise ValidationError("no name")
    return service.ask(name, len(name))


# A class of our own is retried where its base is listed.
@retry(NetworkError, max_attempts=2, base_delay=0.25, jitter=False)
def late(service: Service, times: int) -> int:
    got = service.ask("late", times)
    if got < 0:
        raise Late(f"{got} is late")
    return got


@circuit_breaker(failure_threshold=2, recovery_timeout=10.0)
@retry(NetworkError, max_attempts=2, base_delay=0.1, jitter=False)
def broken(ask: Callable[[int], int], n: int) -> int:
    return ask(n) + 1


@rate_limit(limit=2, period=60.0)
def limited(ask: Callable[[int], int], n: int) -> int:
    return ask(n)


def handled(service: Service, name: str) -> str:
    try:
        code = service.ask(name, 1)
        if code > 3:
            raise Refused(name, code)
        service.tell(f"{name} {code}")
    except Refused as refused:
        return f"refused {refused.code} {refused.name}"
    except (NetworkError, ServiceUnavailable):
        return "later"
    except ValidationError:
        raise
    return "told"


# A return and a continue inside of a try leave the function and the loop, not the handler's block.
def first(ask: Callable[[int], int], numbers: list[int]) -> int:
    for n in numbers:
        try:
            got = ask(n)
            if got > 2:
                return got
            if got == 2:
                continue
        except NetworkError:
            log.warning("skipped", n=n)
            continue
        finally:
            pass
        if n > 100:
            break
    return -1


def parsed(texts: list[str]) -> dict[str, int]:
    out: dict[str, int] = {}
    for text in texts:
        key, _, value = text.partition("=")
        try:
            out[key.strip()] = int(value)
        except ValueError:
            out[key.strip()] = -1
    return out


# The order of a map is the order in which its keys came.
def ordered(words: list[str]) -> list[str]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return [f"{word}:{n}" for word, n in counts.items()]


# The key that is kept is still needed for the value.
def merged(base: dict[str, int], changes: list[str]) -> dict[str, int]:
    out = dict(base)
    for change in changes:
        name, _, rest = change.partition("+")
        if name in out:
            out[name] = out[name] + len(rest)
    return out


def deposit(account: Account, cents: int) -> int:
    if cents <= 0:
        raise ValidationError(f"cannot deposit {cents}")
    account.balance += cents
    account.history.append(cents)
    return account.balance


# The caller sees what happens to the objects of its list.
def interest(accounts: list[Account], percent: int) -> int:
    paid = 0
    for account in accounts:
        share = account.balance * percent // 100
        account.balance += share
        paid += share
    return paid


def known(kind: str) -> bool:
    return kind in KINDS or kind.upper() == "SMS"


class Outbox:
    """Keeps a service, a breaker and a limiter."""

    def __init__(self, service: Service, limit: int) -> None:
        self._service = service
        self._breaker = CircuitBreaker(name="outbox", failure_threshold=2, recovery_timeout=5)
        self._limiter = RateLimiter(limit=100, period=1.0)
        self.limit = max(limit, 1)
        self.sent: list[str] = []

    def add(self, name: str) -> bool:
        if len(self.sent) >= self.limit or not self._limiter.try_acquire():
            return False
        times = self._breaker.call(self._service.ask, name, len(self.sent))
        if times > 0:
            self.sent.append(name)
        return times > 0
'''

SURROUNDED = '''
"""What surrounds a program."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from foundation.cli import App, register_command
from foundation.config import load_config
from foundation.errors import ConfigurationError, ProcessError, error_boundary
from foundation.files import atomic_write
from foundation.http import HttpClient
from foundation.process import run_process


@dataclass
class Settings:
    """Settings."""

    name: str = "shop"
    port: int = 8080
    tags: list[str] = field(default_factory=list)


def configured() -> str:
    try:
        settings = load_config(Settings, env_prefix="SHOP")
    except ConfigurationError:
        return "wrong"
    return f"{settings.name}:{settings.port}:{','.join(settings.tags)}"


def branch() -> str:
    try:
        return run_process(["git", "branch"], timeout=10).stdout.strip()
    except ProcessError as error:
        return f"none {error.exit_code}"


def count(path: str) -> int:
    number = 0
    with error_boundary(OSError, ValueError, reraise=False, log_errors=False):
        number = int(Path(path).read_text().strip())
    number += 1
    atomic_write(path, f"{number}\\n")
    return number


def status(client: HttpClient, name: str) -> int:
    return client.get(f"/items/{name}").status


@register_command("greet", description="Greet somebody")
def greet(name: str, times: int = 1, loud: bool = False) -> int:
    for _ in range(times):
        print(name.upper() if loud else name)
    return 0 if times else 3


def run_tool(argv: list[str]) -> int:
    return App(name="tool", version="1.0").run(argv)


def home() -> str:
    return os.environ.get("SHOP_HOME") or "/nowhere"
'''


def to_rust(source: str, path: str = "guarded.py") -> PortCandidate:
    """The port of a source."""
    return port(PortRequest(path, source, LanguageId.PYTHON, LanguageId.RUST))


def source_of(candidate: PortCandidate) -> str:
    """The Rust source of a port."""
    return next(f.text for f in candidate.files if f.role == "source")


@pytest.mark.parametrize(
    ("name", "source", "differential"), [("guarded", GUARDED, 10), ("surrounded", SURROUNDED, 4)]
)
def test_every_function_agrees_with_its_source(
    tmp_path: Path, name: str, source: str, differential: int
) -> None:
    path = tmp_path / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    candidate = to_rust(source, str(path))
    report = verify(candidate, VerifyOptions(cases=6, differential=differential, use_cache=False))
    steps = "\n".join(f"{r.step} {r.verdict}: {r.detail}" for r in report.results)
    assert not candidate.holes, candidate.holes
    assert report.verdict is Verdict.PASSED, steps


def test_attributes_stand_with_the_innermost_first() -> None:
    text = source_of(to_rust(GUARDED))
    assert text.index("#[retry(") < text.index("#[error_boundary(")


def test_what_is_changed_is_borrowed_exclusively_and_services_are_shared() -> None:
    text = source_of(to_rust(GUARDED))
    assert "pub fn deposit(account: &mut Account, cents: i64) -> Result<i64, Error>" in text
    assert "pub fn interest(accounts: &mut Vec<Account>, percent: i64) -> i64" in text
    assert re.search(r"pub fn asked\(service: &dyn Service, name: &str\)", text)
    assert "service: Arc<dyn Service>" in text


def test_backon_counts_retries_and_the_report_says_what_differs() -> None:
    source = "from typing import Callable\nfrom foundation.errors import NetworkError\nfrom foundation.resilience import retry\n\n\n@retry(NetworkError, max_attempts=4, base_delay=0.2, jitter=False)\ndef fetch(ask: Callable[[str], int], name: str) -> int:\n    return ask(name)\n"
    candidate = port(
        PortRequest(
            "fetch.py", source, LanguageId.PYTHON, LanguageId.RUST, options=PortOptions(dialect="backon")
        )
    )
    text = source_of(candidate)
    assert ".with_max_times(3)" in text
    assert "matches!(error, Error::Foundation(FoundationError::Network { .. }))" in text
    assert "#[retry" not in text
    assert any("MaxRetriesExceeded" in d for d in candidate.differences)
    manifest = next(f.text for f in candidate.files if f.path == "Cargo.toml")
    assert "backon = {" in manifest


DECLINED = [
    # An object that two places share and that changes.
    ("class C:\n    def __init__(self) -> None:\n        self.n = 0\n    def up(self) -> None:\n        self.n += 1\n\n\ndef f(c: C) -> list[C]:\n    xs = [c, c]\n    xs[0].up()\n    return xs", "two places share"),
    # A mistake in the program stops a Rust program.
    ("def f(xs: list[int]) -> int:\n    try:\n        return xs[3]\n    except IndexError:\n        return 0", "stops a Rust program"),
    # What an error holds is known only when its class is.
    ("class A(Exception):\n    def __init__(self, n: int) -> None:\n        super().__init__(str(n))\n        self.n = n\n\n\nclass B(A):\n    pass\n\n\ndef f(g: int) -> int:\n    try:\n        if g > 1:\n            raise A(g)\n    except A as e:\n        return e.n\n    return 0", ""),
]  # fmt: skip


@pytest.mark.parametrize(("source", "reason"), DECLINED)
def test_what_is_not_certain_is_a_marked_hole(source: str, reason: str) -> None:
    candidate = to_rust(textwrap.dedent(source))
    assert [h for h in candidate.holes if reason in h.reason], [h.reason for h in candidate.holes]
