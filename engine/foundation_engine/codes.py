"""Rule codes: which exist, how severe each is, and which of them a user's words select.

A code is `<pattern_id>/<requirement-id>`. A user may write it whole, its pattern (`retry_with_backoff`), its
requirement (`unknown-parameter`), the beginning of either (`retry_with_backoff/unknown-`, `circuit`), or a glob
(`*/out-*`); `ALL` selects every code.
"""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from foundation_specs.model import PatternSpec, Severity

SUPPRESSION = "suppression"


@dataclass(frozen=True, slots=True)
class Rule:
    """A requirement that checking knows how to judge.

    `pattern_ids` are the patterns that it applies to, or None for every pattern. `title` names the problem in a few
    words; the page that explains it lies in `foundation_specs`, under the same id.
    """

    id: str
    severity: Severity
    title: str
    pattern_ids: tuple[str, ...] | None = None


_RETRY = ("retry_with_backoff",)
_BREAKER = ("circuit_breaker",)

RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule("unknown-parameter", Severity.ERROR, "A parameter that the pattern does not have"),
        Rule("wrong-type", Severity.ERROR, "A value of another type than the parameter's"),
        Rule("wrong-unit", Severity.ERROR, "A duration in another unit than the parameter's"),
        Rule("out-of-range", Severity.ERROR, "A value outside the range of the parameter"),
        Rule("unknown-value", Severity.ERROR, "A value that is none of the parameter's choices"),
        Rule("missing-parameter", Severity.ERROR, "A required parameter is absent"),
        Rule("duplicate-parameter", Severity.ERROR, "The same parameter twice"),
        Rule("conflicting-parameters", Severity.ERROR, "Parameters that exclude one another"),
        Rule("missing-import", Severity.ERROR, "The pattern is used but not imported"),
        Rule("contradictory-exceptions", Severity.ERROR, "An exception both retried and not retried", _RETRY),
        Rule("ignored-exceptions", Severity.ERROR, "Exceptions beside a policy that are ignored", _RETRY),
        Rule("keyword-retry", Severity.ERROR, "Ruby's keyword `retry` called like a method", _RETRY),
        Rule(
            "retried-generator", Severity.ERROR, "A retry on a generator, whose body runs outside it", _RETRY
        ),
        Rule("nested-retry", Severity.WARNING, "Retries inside retries multiply", _RETRY),
        Rule(
            "retried-open-circuit",
            Severity.WARNING,
            "A retry around a circuit breaker that may be open",
            _RETRY,
        ),
        Rule("breaker-per-call", Severity.WARNING, "A circuit breaker made anew for every call", _BREAKER),
        Rule("limiter-per-call", Severity.WARNING, "A limiter made anew for every call", ("rate_limiting",)),
        Rule("client-per-attempt", Severity.INFO, "A client made anew for every attempt", ("http_client",)),
        Rule(
            "backup-window", Severity.WARNING, "A backup that moves the file away first", ("file_operations",)
        ),
        Rule(
            "interpolated-shell",
            Severity.ERROR,
            "A shell command built from variables",
            ("process_execution",),
        ),
        Rule("unused", Severity.WARNING, "A suppression that silences nothing", (SUPPRESSION,)),
        Rule("unknown-code", Severity.WARNING, "A suppression of a code that does not exist", (SUPPRESSION,)),
    )
}


def severity_of(code: str) -> Severity:
    """The severity of a code that `RULES` knows."""
    return RULES[code.partition("/")[2]].severity


def known_codes(specs: Iterable[PatternSpec]) -> tuple[str, ...]:
    """Every code that checking against these specs can yield, sorted: the rules, and the specs' own guarantees."""
    codes: set[str] = set()
    pattern_ids: list[str] = []
    for spec in specs:
        pattern_ids.append(spec.pattern_id)
        codes.update(f"{spec.pattern_id}/{g.id}" for g in spec.guarantees if g.check is not None)
    for rule in RULES.values():
        for pattern_id in pattern_ids if rule.pattern_ids is None else rule.pattern_ids:
            if pattern_id in pattern_ids or pattern_id == SUPPRESSION:
                codes.add(f"{pattern_id}/{rule.id}")
    return tuple(sorted(codes))


def selects(selector: str, code: str) -> bool:
    """True when what the user wrote means this code."""
    if selector == "ALL":
        return True
    if any(mark in selector for mark in "*?["):
        return fnmatch.fnmatchcase(code, selector)
    return code.startswith(selector) or code.partition("/")[2] == selector


def complaint(selector: str, codes: Iterable[str]) -> str | None:
    """Why a selector means nothing, with a suggestion; None when it selects some code."""
    codes = tuple(codes)
    if any(selects(selector, code) for code in codes):
        return None
    requirements = {code.partition("/")[2] for code in codes}
    patterns = {code.partition("/")[0] for code in codes}
    close = difflib.get_close_matches(selector, [*codes, *sorted(requirements), *sorted(patterns)], 1)
    hint = (
        f"; did you mean {close[0]!r}?"
        if close
        else "; `foundation-lsp lint --explain list` shows every code"
    )
    return f"no code matches {selector!r}{hint}"


@dataclass(frozen=True, slots=True)
class CodeFilter:
    """Which codes are wanted; `select` empty means all, and `ignore` wins."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def wants(self, code: str) -> bool:
        """True when a finding with this code is to be reported."""
        if any(selects(selector, code) for selector in self.ignore):
            return False
        return not self.select or any(selects(selector, code) for selector in self.select)
