"""The ten packaged specs are sound, complete and quiet by default."""

import subprocess
import sys

import pytest
from foundation_specs import compile as compiler
from foundation_specs.effective import effective_parameters
from foundation_specs.guarantees import broken, message
from foundation_specs.model import Guarantee, LanguageId, PatternSpec
from foundation_specs.registry import SpecRegistry

SPECS = SpecRegistry.builtin().specs
CHECKED = [(spec, guarantee) for spec in SPECS for guarantee in spec.guarantees if guarantee.check]


def name(value: object) -> str | None:
    if isinstance(value, PatternSpec):
        return value.pattern_id
    return value.id if isinstance(value, Guarantee) else None


def test_the_registry_serves_the_ten_in_the_order_of_the_rfc() -> None:
    assert SpecRegistry.builtin().ids == (
        "structured_logging",
        "configuration",
        "retry_with_backoff",
        "circuit_breaker",
        "error_boundary",
        "http_client",
        "cli_framework",
        "process_execution",
        "file_operations",
        "rate_limiting",
    )


def test_compiled_specs_are_those_of_the_yaml_files_and_these_have_no_problem() -> None:
    text, problems = compiler.compiled()
    assert problems == []
    assert compiler.COMPILED.read_text("utf-8") == text, "run python -m foundation_specs.compile --write"


def test_compiled_templates_are_those_of_the_yaml_files_and_these_have_no_problem() -> None:
    text, problems = compiler.compiled_templates()
    assert problems == []
    assert compiler.COMPILED_TEMPLATES.read_text("utf-8") == text, (
        "run python -m foundation_specs.compile --write"
    )


@pytest.mark.parametrize("spec", SPECS, ids=name)
def test_a_spec_is_complete(spec: PatternSpec) -> None:
    assert set(spec.mappings) == set(LanguageId)
    for mapping in spec.mappings.values():
        assert mapping.forms
        assert mapping.import_line
        assert mapping.test_framework
    assert {(d.id, d.language) for d in spec.dialects} == {
        *(("foundation", language) for language in LanguageId),
        ("provide", LanguageId.PYTHON),
    }
    assert all(parameter.description for parameter in spec.parameters.values())
    assert all(
        p.required or p.has_default or p.default_from or p.default_text for p in spec.parameters.values()
    )
    provide = spec.dialect("provide", LanguageId.PYTHON)
    assert provide is not None
    assert provide.differences
    assert spec.rationale
    assert spec.references
    assert sum(guarantee.check is None for guarantee in spec.guarantees) >= 3


@pytest.mark.parametrize(("spec", "guarantee"), CHECKED, ids=name)
def test_a_checked_guarantee_says_why_and_what_instead(spec: PatternSpec, guarantee: Guarantee) -> None:
    assert guarantee.message
    assert guarantee.rationale
    assert guarantee.remedy
    assert guarantee.parameters
    assert guarantee.valid
    assert guarantee.invalid


@pytest.mark.parametrize(("spec", "guarantee"), CHECKED, ids=name)
def test_the_examples_of_a_guarantee_keep_and_break_it(spec: PatternSpec, guarantee: Guarantee) -> None:
    for example in guarantee.valid:
        assert guarantee not in broken(spec, values(spec, example))
    for example in guarantee.invalid:
        effective = values(spec, example)
        assert guarantee in broken(spec, effective)
        assert "{" not in message(spec, guarantee, effective)


@pytest.mark.parametrize("spec", SPECS, ids=name)
def test_defaults_break_no_guarantee_in_any_dialect(spec: PatternSpec) -> None:
    for dialect in (None, *spec.dialects):
        names = ("", *(dialect.callable_defaults if dialect else ()))
        for callable_name in names:
            effective = effective_parameters(spec, {}, dialect=dialect, callable_name=callable_name)
            assert broken(spec, {key: found.value for key, found in effective.items()}, dialect) == []


@pytest.mark.parametrize("spec", SPECS, ids=name)
def test_lists_of_exceptions_agree_with_the_defaults_of_their_parameters(spec: PatternSpec) -> None:
    for parameter_id, names in (
        ("retryable", spec.exceptions.retryable),
        ("non_retryable", spec.exceptions.non_retryable),
    ):
        if parameter_id in spec.parameters:
            assert spec.parameters[parameter_id].default == names


def test_start_up_reads_no_yaml_and_loads_no_validator_and_no_cel() -> None:
    code = (
        "import sys; from pathlib import Path; from foundation_specs.registry import SpecRegistry;"
        "SpecRegistry.load([Path('/nowhere')]);"
        "print(sorted({'yaml', 'jsonschema', 'cel', 'typer', 'difflib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_evaluating_a_guarantee_does_not_load_the_command_line_of_the_cel_library() -> None:
    code = (
        "import sys; from foundation_specs.cel import program;"
        "assert program('1 < 2').evaluate({});"
        "print(sorted({'typer', 'rich', 'prompt_toolkit'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def values(spec: PatternSpec, given: object) -> dict[str, object]:
    """The effective values of an example."""
    assert isinstance(given, dict)
    return {key: found.value for key, found in effective_parameters(spec, given).items()}
