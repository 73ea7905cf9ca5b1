"""Guarantees are judged by what is known, and by nothing else."""

from contextlib import suppress

import pytest
from foundation_specs import cel
from foundation_specs.build import jitter_from
from foundation_specs.effective import Effective, Origin, effective_parameters
from foundation_specs.guarantees import broken, in_words, message
from foundation_specs.model import Jitter, JitterKind, LanguageId, ParameterType
from foundation_specs.registry import SpecRegistry
from hypothesis import given
from hypothesis import strategies as st

REGISTRY = SpecRegistry.builtin()
RETRY = REGISTRY["retry_with_backoff"]


def ids(pattern_id: str, **parameters: object) -> list[str]:
    return [found.id for found in broken(REGISTRY[pattern_id], parameters)]


def test_a_guarantee_with_a_value_that_is_not_known_is_skipped() -> None:
    assert ids("retry_with_backoff", base_delay=120.0) == []
    assert ids("retry_with_backoff", base_delay=120.0, max_delay=60.0) == ["delay-exceeds-cap"]


def test_an_integer_counts_as_a_float_and_a_wrong_type_as_not_known() -> None:
    assert ids("retry_with_backoff", base_delay=120, max_delay=60) == ["delay-exceeds-cap"]
    assert ids("retry_with_backoff", base_delay="120", max_delay=60) == []
    assert ids("retry_with_backoff", max_attempts=True) == []
    assert ids("retry_with_backoff", max_attempts=10**30) == []


def test_an_absent_parameter_is_null_and_not_unknown() -> None:
    assert ids("process_execution", grace_period=0.0, timeout=None) == []
    assert ids("process_execution", grace_period=0.0) == []
    assert ids("process_execution", grace_period=0.0, timeout=5.0) == ["killed-without-warning"]


def test_a_dialect_may_be_exempt() -> None:
    spec = REGISTRY["error_boundary"]
    provide = spec.dialect("provide", LanguageId.PYTHON)
    given_values = {"reraise": True, "fallback": 0}
    assert [found.id for found in broken(spec, given_values)] == ["fallback-unused"]
    assert broken(spec, given_values, provide) == []


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (False, "none"),
        (True, "symmetric"),
        ("full", "full"),
        ({"kind": "equal"}, "equal"),
        (Jitter(JitterKind.NONE), "none"),
    ],
)
def test_jitter_comes_in_every_spelling(value: object, kind: str) -> None:
    jitter = jitter_from(value)
    assert jitter is not None
    assert jitter.kind == kind
    found = ids("retry_with_backoff", jitter=value, max_attempts=3, base_delay=1.0)
    assert found == (["synchronised-retries"] if kind == "none" else [])


@pytest.mark.parametrize(
    "value", [3, None, "wild", {"kind": "wild"}, {"ratio": 2}, {"ratio": True}, {"kind": "full", "x": 1}]
)
def test_what_is_no_jitter_is_none(value: object) -> None:
    assert jitter_from(value) is None


def test_a_message_has_its_values_in_words() -> None:
    guarantee = next(found for found in RETRY.guarantees if found.id == "delay-exceeds-cap")
    assert message(RETRY, guarantee, {"base_delay": 120.0, "max_delay": 60}) == (
        "`base_delay` (120 s) is longer than `max_delay` (60 s): every delay is cut to `max_delay`"
    )


@pytest.mark.parametrize(
    ("pattern_id", "parameter", "value", "words"),
    [
        ("retry_with_backoff", "max_attempts", 1, "1 call"),
        ("retry_with_backoff", "max_attempts", 3, "3 calls"),
        ("circuit_breaker", "success_threshold", 1, "1 success"),
        ("circuit_breaker", "success_threshold", 2, "2 successes"),
        ("retry_with_backoff", "base_delay", 0.1, "0.1 s"),
        ("retry_with_backoff", "jitter", Jitter(JitterKind.FULL), "full"),
        ("retry_with_backoff", "retryable", ("A", "B"), "[A, B]"),
        ("file_operations", "mode", 0o644, "420 (0o644)"),
        ("structured_logging", "name", "shop", '"shop"'),
        ("structured_logging", "timestamps", True, "true"),
        ("circuit_breaker", "name", None, "none"),
    ],
)
def test_values_in_words(pattern_id: str, parameter: str, value: object, words: str) -> None:
    assert in_words(REGISTRY[pattern_id].parameters[parameter], value) == words


def test_the_origin_of_every_effective_value_is_known() -> None:
    spec = REGISTRY["rate_limiting"]
    found = effective_parameters(spec, {"limit": 10}, unknown=("wait",))
    assert found == {
        "limit": Effective(10, Origin.GIVEN),
        "period": Effective(1.0, Origin.DEFAULT),
        "burst": Effective(10, Origin.PARAMETER),
        "algorithm": Effective("token_bucket", Origin.DEFAULT),
    }
    assert "burst" not in effective_parameters(spec, {}, unknown=("limit",))


def test_a_library_and_its_callables_have_defaults_of_their_own() -> None:
    spec = REGISTRY["circuit_breaker"]
    provide = spec.dialect("provide", LanguageId.PYTHON)

    def timeout(callable_name: str) -> Effective:
        found = effective_parameters(spec, {}, dialect=provide, callable_name=callable_name)
        return found["recovery_timeout"]

    assert timeout("circuit_breaker") == Effective(60.0, Origin.DEFAULT)
    assert timeout("SyncCircuitBreaker") == Effective(30.0, Origin.DIALECT)
    assert effective_parameters(spec, {}, dialect=provide)["excluded"] == Effective(None, Origin.ABSENT)


def test_a_dialect_renames_retypes_and_widens_parameters() -> None:
    limiter = REGISTRY["rate_limiting"]
    provide = limiter.dialect("provide", LanguageId.PYTHON)
    capacity = limiter.parameter_in(provide, "capacity")
    assert capacity is not None
    assert (capacity.id, capacity.type, capacity.minimum, capacity.maximum) == (
        "burst",
        ParameterType.FLOAT,
        1.0,
        None,
    )
    assert limiter.parameter_in(provide, "burst") is None
    backoff = RETRY.parameter_in(RETRY.dialect("provide", LanguageId.PYTHON), "backoff")
    assert backoff is not None
    assert "fibonacci" in backoff.values
    foundation = RETRY.dialect("foundation", LanguageId.GO)
    assert RETRY.parameter_in(foundation, "backoff") == RETRY.parameters["backoff_strategy"]


@given(
    st.sampled_from(["fixed", "linear", "exponential"]),
    st.integers(0, 10**9),
    st.integers(0, 10**10),
    st.integers(1, 40),
)
def test_the_total_delay_is_the_sum_of_the_schedule(
    strategy: str, base: int, cap: int, attempts: int
) -> None:
    """Against the formula of docs/semantics.md in integers."""

    def delay(n: int) -> int:
        grown = {"fixed": base, "linear": base * n, "exponential": base * 2 ** (n - 1)}[strategy]
        return min(grown, cap)

    expected = sum(delay(n) for n in range(1, attempts))
    found = cel.total_delay(strategy, base / 1e9, cap / 1e9, attempts, {"kind": "none"})
    assert found == pytest.approx(expected / 1e9, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "expression",
    [
        "1 +",
        "a.all(x, a.all(y, a.all(z, true)))",
        "a" * 1001,
        "(" * 60 + "a" + ")" * 60,
        "",
        "a b",
        "/",
        "\x00",
    ],
)
def test_what_is_no_affordable_expression_is_refused(expression: str) -> None:
    with pytest.raises(cel.CelError):
        cel.Program(expression)


@given(st.text(st.sampled_from("ab1. ()[]{}?:!-+*/%<>=&|,'\"\\x0_\n"), max_size=60))
def test_compiling_and_evaluating_raise_nothing_else(text: str) -> None:
    with suppress(cel.CelError):
        assert isinstance(cel.Program(text).evaluate({"a": 1, "b": [1, 2]}), bool)
