"""The RFC's own YAML loads as it is."""

from pathlib import Path

from foundation_specs.model import Jitter, JitterKind, LanguageId, ParameterType
from foundation_specs.suite import load_suite
from foundation_specs.type_mappings import load_type_mappings
from foundation_specs.workspace import check_file

FIXTURES = Path(__file__).parent / "fixtures"


def test_the_pattern_block_loads_unchanged() -> None:
    spec, problems = check_file(FIXTURES / "rfc_pattern.yaml")
    assert problems == ()
    assert spec is not None
    assert spec.pattern_id == "retry_with_backoff"
    assert list(spec.parameters) == ["max_attempts", "base_delay", "backoff_strategy", "jitter"]
    attempts = spec.parameters["max_attempts"]
    assert (attempts.type, attempts.minimum, attempts.maximum, attempts.default) == (
        ParameterType.INTEGER,
        1,
        100,
        3,
    )
    assert spec.parameters["base_delay"].is_duration
    assert spec.exceptions.retryable == ("NetworkError", "TimeoutError", "ServiceUnavailable")
    assert [guarantee.text for guarantee in spec.guarantees] == [
        "Total attempts = max_attempts",
        "Delay between attempts follows backoff_strategy",
        "Operation stops on non_retryable exception",
        "Operation succeeds if any attempt succeeds",
    ]
    assert spec.mappings[LanguageId.GO].forms == {
        "annotation": "// @retry(maxAttempts={max_attempts}, baseDelay={base_delay})"
    }
    assert spec.mappings[LanguageId.GO].import_line == 'import "foundation/resilience"'
    assert spec.mappings[LanguageId.RUBY].test_framework == "rspec"


def test_its_boolean_jitter_takes_kinds_as_well() -> None:
    spec, _ = check_file(FIXTURES / "rfc_pattern.yaml")
    assert spec is not None
    jitter = spec.parameters["jitter"]
    assert jitter.type is ParameterType.JITTER
    assert jitter.default == Jitter(JitterKind.SYMMETRIC, 0.25)


def test_replacing_the_pattern_keeps_what_is_known_about_other_libraries() -> None:
    spec, _ = check_file(FIXTURES / "rfc_pattern.yaml")
    assert spec is not None
    provide = spec.dialect("provide", LanguageId.PYTHON)
    assert provide is not None
    assert provide.parameters == {
        "max_attempts": "max_attempts",
        "base_delay": "base_delay",
        "backoff": "backoff_strategy",
        "jitter": "jitter",
    }
    assert {"max_delay", "retryable_errors"} <= set(provide.ignored)


def test_replacing_the_pattern_keeps_the_spelling_of_the_code_samples() -> None:
    spec, _ = check_file(FIXTURES / "rfc_pattern.yaml")
    assert spec is not None
    assert spec.parameter("backoff") is spec.parameters["backoff_strategy"]


def test_the_type_mappings_load_unchanged() -> None:
    found, problems = load_type_mappings((FIXTURES / "rfc_type_mappings.yaml").read_bytes(), "rfc")
    assert problems == ()
    assert set(found) == {"integer", "float", "duration", "exception"}
    assert found["duration"].spellings[LanguageId.RUBY].type == "Time"


def test_the_test_suite_loads_unchanged() -> None:
    suite, problems = load_suite(FIXTURES / "rfc_test_suite.yaml")
    assert problems == ()
    assert suite is not None
    assert [case.name for case in suite.cases] == [
        "basic_retry_success",
        "max_attempts_exceeded",
        "non_retryable_exception",
    ]
    first = suite.cases[0]
    assert first.given == {"max_attempts": 3, "base_delay": 0.1, "mock_failures": 2}
    assert first.expect == {"total_attempts": 3, "success": True, "min_duration": 0.3, "max_duration": 0.5}
    assert first.line == 5
