"""Product search: a budget for each client, a breaker around the index, results from a cache when it is down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from foundation.errors import (
    CircuitOpenError,
    NetworkError,
    RateLimitExceeded,
    TimeoutError,
    ValidationError,
    error_boundary,
)
from foundation.resilience import CircuitBreaker, RateLimiter, circuit_breaker, rate_limit, retry

STOP_WORDS = frozenset({"a", "an", "and", "in", "of", "the", "with"})


@dataclass(frozen=True)
class Hit:
    """One result; a greater score is a better one."""

    sku: str
    score: float


class Index(Protocol):
    """The search engine."""

    def find(self, term: str) -> list[str]: ...


def tokenize(query: str) -> list[str]:
    """The words of a query in lower case, without the ones that say nothing, each once."""
    seen: set[str] = set()
    words: list[str] = []
    for raw in query.lower().replace(",", " ").split():
        word = raw.strip(".!?\"'")
        if word and word not in STOP_WORDS and word not in seen:
            seen.add(word)
            words.append(word)
    return words


def rank(found: dict[str, int], total: int) -> list[Hit]:
    """The best results first; equal ones by article number."""
    hits = [Hit(sku, round(count / total, 3)) for sku, count in found.items()]
    return sorted(hits, key=lambda hit: (-hit.score, hit.sku))


def _count(index: Index, words: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        for sku in index.find(word):
            counts[sku] = counts.get(sku, 0) + 1
    return counts


@rate_limit(limit=5, period=60.0, burst=2)
def search(index: Index, query: str) -> list[Hit]:
    """Results for a query; two at once, five a minute."""
    words = tokenize(query)
    if not words:
        raise ValidationError("nothing to search for")
    return rank(_count(index, words), len(words))


@circuit_breaker(failure_threshold=3, recovery_timeout=15.0, expected=(NetworkError, TimeoutError))
@retry(NetworkError, max_attempts=2, base_delay=0.1, jitter=False)
def suggest(index: Index, prefix: str, limit: int = 5) -> list[str]:
    """Articles whose number starts like that, best first."""
    wanted = prefix.strip().upper()
    return [sku for sku in index.find(wanted) if sku.startswith(wanted)][:limit]


class CachedSearch:
    """Answers from the last good results while the index is in trouble."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._breaker = CircuitBreaker(
            name="index", failure_threshold=2, recovery_timeout=20, half_open_max_calls=1, success_threshold=2
        )
        self._cache: dict[str, list[str]] = {}
        self.stale = 0

    def find(self, term: str) -> list[str]:
        """Results, perhaps old ones. An index that fails and a term that was never seen give none."""
        key = term.casefold().strip()
        try:
            found = self._breaker.call(self._index.find, key)
        except (CircuitOpenError, NetworkError, TimeoutError):
            self.stale += 1
            return self._cache.get(key, [])
        self._cache[key] = found
        return found


class Budgets:
    """One budget of searches for each client."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._limiters: dict[str, RateLimiter] = {}

    def allow(self, client: str, cost: int = 1) -> bool:
        """Whether a client may search now."""
        limiter = self._limiters.get(client)
        if limiter is None:
            limiter = RateLimiter(limit=self._per_minute, period=60.0)
            self._limiters[client] = limiter
        try:
            limiter.acquire(cost)
        except RateLimitExceeded:
            return False
        return True


@error_boundary(NetworkError, ValidationError, reraise=False, fallback=())
def related(index: Index, sku: str) -> tuple[str, ...]:
    """Articles like this one, without itself; nothing when the index is not there."""
    family, dash, _ = sku.partition("-")
    if not dash:
        raise ValidationError(f"{sku} belongs to no family")
    return tuple(other for other in index.find(family) if other != sku)
