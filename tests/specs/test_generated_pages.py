"""What is generated from the specs is up to date, and the schemas are schemas."""

from pathlib import Path

import pytest
from foundation_specs import docs
from foundation_specs._schema import schema
from foundation_specs.model import LanguageId, ParameterType
from foundation_specs.registry import SpecRegistry, builtin_data
from foundation_specs.suite import load_suite, parse_suite
from foundation_specs.type_mappings import load_type_mappings, type_mappings
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
CONFORMANCE = ROOT / "specs" / "foundation_specs" / "conformance"


@pytest.mark.parametrize(("name", "text"), docs.pages().items(), ids=str)
def test_pattern_pages_are_those_of_the_specs(name: str, text: str) -> None:
    page = ROOT / "docs" / "patterns" / name
    assert page.read_text("utf-8") == text, "run python -m foundation_specs.docs --write"


def test_there_is_no_page_without_a_pattern() -> None:
    assert {path.name for path in (ROOT / "docs" / "patterns").iterdir()} == set(docs.pages())


def test_writing_pages_repairs_a_stale_one_and_says_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert docs.main([]) == 1
    assert "docs/patterns/http_client.md is stale" in capsys.readouterr().err
    assert docs.main(["--write"]) == 0
    assert docs.main([]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["pattern", "types", "conformance", "requirements"])
def test_a_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("pattern_id", SpecRegistry.builtin().ids)
def test_a_packaged_spec_meets_its_schema(pattern_id: str) -> None:
    assert list(Draft202012Validator(schema("pattern")).iter_errors(builtin_data()[pattern_id])) == []


def test_the_schema_knows_every_type_and_language() -> None:
    definitions = schema("pattern")["$defs"]
    assert definitions["parameter"]["properties"]["type"]["enum"] == [kind.value for kind in ParameterType]
    assert list(schema("pattern")["properties"]["language_mappings"]["properties"]) == [
        language.value for language in LanguageId
    ]


def test_the_packaged_type_mappings_have_no_problem_and_cover_every_type() -> None:
    path = ROOT / "specs" / "foundation_specs" / "types.yaml"
    found, problems = load_type_mappings(path.read_bytes(), str(path))
    assert problems == ()
    assert found == type_mappings()
    assert {kind.value for kind in ParameterType} <= set(found)
    duration = found["duration"].spellings
    assert duration[LanguageId.GO].type == "time.Duration"
    assert duration[LanguageId.GO].import_line == 'import "time"'
    assert duration[LanguageId.RUBY].type == "Float"


def test_type_mappings_say_what_is_missing() -> None:
    _, problems = load_type_mappings(b"type_mappings:\n  integer: {python: int, golang: int}\n", "x.yaml")
    assert [str(problem) for problem in problems] == [
        "x.yaml:2:12: type_mappings.integer: the key `go` is missing",
        "x.yaml:2:12: type_mappings.integer: the key `ruby` is missing",
        "x.yaml:2:12: type_mappings.integer: the key `rust` is missing",
        "x.yaml:2:26: type_mappings.integer.golang: unknown key; expected one of description, python, go, rust, ruby",
    ]


@pytest.mark.parametrize(
    "path",
    [CONFORMANCE / f"{pattern_id}.yaml" for pattern_id in SpecRegistry.builtin().ids],
    ids=lambda path: path.stem,
)
def test_a_conformance_file_has_no_problem(path: Path) -> None:
    suite, problems = load_suite(path)
    assert problems == ()
    assert suite is not None
    assert suite.pattern_id == path.stem


def test_a_suite_says_what_is_wrong_with_its_cases() -> None:
    text = """\
test_suite: retry_with_backoff
version: "1.0"
test_cases:
  - {name: a, given: {}, expect: {success: true}}
  - {name: a, given: {}, expect: {min_duration: 2, max_duration: 1}}
"""
    suite, problems = parse_suite(text.encode(), "x.yaml")
    assert suite is None
    assert [str(problem) for problem in problems] == [
        "x.yaml:5:12: test_cases[1].name: the case `a` is already on line 4",
        "x.yaml:5:49: test_cases[1].expect.min_duration: 2 is above max_duration 1",
    ]
    _, problems = parse_suite(
        b"test_suite: x\nversion: '1'\ntest_cases:\n  - {name: a, expect: {success: 1}}\n", "x"
    )
    assert [problem.message for problem in problems] == [
        "the key `given` is missing",
        "expected true or false, got the number 1",
    ]
