"""Descriptions: effective values with their sources, the schedule, the guarantees and the other languages."""

from __future__ import annotations

import pytest
from foundation_engine.describe import Description, ValueSource, describe
from foundation_engine.effective import settings_in_force
from foundation_engine.render import render
from foundation_grammars.query import find_occurrences
from foundation_grammars.tree import parse
from foundation_specs.model import Jitter, JitterKind, LanguageId
from foundation_specs.registry import SpecRegistry
from hypothesis import given, settings
from hypothesis import strategies as st

REGISTRY = SpecRegistry.builtin()


def described(source: str, language: LanguageId = LanguageId.PYTHON) -> Description:
    (occurrence,) = find_occurrences(parse(source.encode(), language))
    return describe(occurrence, REGISTRY[occurrence.pattern_id])


def values(description: Description) -> dict[str, tuple[object, str]]:
    return {p.parameter.id: (p.value, p.provenance) for p in description.parameters}


def test_each_value_names_its_source() -> None:
    found = described(
        "from foundation.resilience import retry\nTRIES = 4\n\n"
        "@retry(max_attempts=TRIES, base_delay=0.5, max_delay=limit())\ndef f(): ...\n"
    )
    assert values(found)["max_attempts"] == (4, "constant TRIES")
    assert values(found)["base_delay"] == (0.5, "literal")
    assert values(found)["backoff_strategy"] == ("exponential", "default")
    unknown = next(p for p in found.parameters if p.parameter.id == "max_delay")
    assert not unknown.known
    assert unknown.source is ValueSource.RUNTIME
    assert unknown.text == "limit()"
    assert found.schedule is None


def test_a_policy_is_the_source_of_its_values() -> None:
    found = described(
        "from foundation.resilience import retry, RetryPolicy\n\n"
        "@retry(policy=RetryPolicy(max_attempts=5, backoff='linear'))\ndef f(): ...\n"
    )
    assert values(found)["max_attempts"] == (5, "policy")
    assert values(found)["backoff_strategy"] == ("linear", "policy")


def test_a_library_with_defaults_of_its_own_says_so() -> None:
    found = described(
        "from provide.foundation.resilience import SyncCircuitBreaker\nb = SyncCircuitBreaker(failure_threshold=2)\n"
    )
    assert values(found)["recovery_timeout"] == (30.0, "dialect default")
    assert found.differences


def test_the_schedule_of_the_defaults() -> None:
    found = described("from foundation.resilience import retry\n\n@retry\ndef f(): ...\n")
    assert found.schedule is not None
    assert found.schedule.nominal == (1_000_000_000, 2_000_000_000)
    assert found.schedule_text == "1 s, 2 s; with symmetric jitter 0.75 to 1.25; worst case 3.75 s"
    assert found.retryable == ("NetworkError", "TimeoutError", "ServiceUnavailable")


def test_guarantees_say_whether_they_are_kept() -> None:
    found = described("from foundation.resilience import retry\n\n@retry(base_delay=120)\ndef f(): ...\n")
    states = {state.guarantee.id: state.kept for state in found.guarantees}
    assert states["delay-exceeds-cap"] is False
    assert states["total-attempts"] is None
    assert states["single-attempt"] is True


def test_the_same_annotation_in_the_other_languages() -> None:
    found = described("// @retry(maxAttempts=5, baseDelay=0.5)\nfunc F() {}\n", LanguageId.GO)
    assert [(t.language.value, t.text) for t in found.translations] == [
        ("python", "@retry(max_attempts=5, base_delay=0.5)"),
        ("rust", "#[retry(max_attempts = 5, base_delay = 0.5)]"),
        ("ruby", "Foundation.retry(max_attempts: 5, base_delay: 0.5)"),
    ]


_GO_BODY = "\nfunc F() error {{ return nil }}\n"
_WRAPPED = {
    LanguageId.PYTHON: "{import_line}, Jitter, RateLimiter\n\n{form}\ndef f(): ...\n",
    LanguageId.GO: "package p\n\n{form}" + _GO_BODY,
    LanguageId.RUST: "{import_line}\n\n{form}\nfn f() -> Result<(), E> {{ Ok(()) }}\n",
    LanguageId.RUBY: "{import_line}\n\n{form} do\n  f\nend\n",
}
_GIVEN = {
    "retry_with_backoff": st.fixed_dictionaries(
        {},
        optional={
            "max_attempts": st.integers(1, 100),
            "base_delay": st.one_of(st.integers(0, 300), st.sampled_from([0.5, 0.25, 1.75, 299.5])),
            "backoff_strategy": st.sampled_from(["linear", "exponential", "fixed"]),
            "max_delay": st.integers(0, 3600),
            "jitter": st.sampled_from(
                [
                    Jitter(JitterKind.NONE, 0.0),
                    Jitter(JitterKind.FULL),
                    Jitter(JitterKind.EQUAL),
                    Jitter(JitterKind.SYMMETRIC),
                ]
            ),
        },
    ),
    "circuit_breaker": st.fixed_dictionaries(
        {},
        optional={
            "failure_threshold": st.integers(1, 10_000),
            "recovery_timeout": st.sampled_from([0.5, 1, 30, 86_400]),
            "half_open_max_calls": st.integers(1, 1000),
        },
    ),
    "rate_limiting": st.fixed_dictionaries(
        {"limit": st.integers(1, 10**9)},
        optional={
            "period": st.sampled_from([0.5, 1, 60]),
            "burst": st.integers(1, 10**9),
            "algorithm": st.sampled_from(["token_bucket", "sliding_window"]),
            "wait": st.booleans(),
        },
    ),
}


@pytest.mark.parametrize("language", list(LanguageId))
@pytest.mark.parametrize("pattern_id", list(_GIVEN))
def test_what_is_rendered_reads_back_as_it_was(pattern_id: str, language: LanguageId) -> None:
    spec = REGISTRY[pattern_id]

    @settings(max_examples=25, deadline=None)
    @given(_GIVEN[pattern_id])
    def check(given_values: dict[str, object]) -> None:
        rendering = render(spec, language, given_values)
        assert rendering is not None
        assert not rendering.omitted
        source = _WRAPPED[language].format(form=rendering.text, import_line=rendering.import_line)
        occurrences = [
            o for o in find_occurrences(parse(source.encode(), language)) if o.pattern_id == pattern_id
        ]
        assert len(occurrences) == 1, source
        in_force = settings_in_force(occurrences[0], spec)
        for key, value in given_values.items():
            assert in_force[key].known, source
            read = in_force[key].value
            if isinstance(value, Jitter) and value.kind is not JitterKind.SYMMETRIC:
                assert read.kind is value.kind, source
            else:
                assert read == value, source

    check()
