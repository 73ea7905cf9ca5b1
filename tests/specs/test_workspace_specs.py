"""Specs of a workspace add to the packaged ones and override them."""

import re
from pathlib import Path

import pytest
from foundation_specs import workspace, yaml_source
from foundation_specs.guarantees import broken
from foundation_specs.model import LanguageId, ParameterType, Severity
from foundation_specs.registry import SpecRegistry
from foundation_specs.workspace import check_file, check_text
from hypothesis import given
from hypothesis import strategies as st

NEW_PATTERN = """\
pattern_id: bulkhead
version: "0.1"
semantics:
  description: Limit how many calls run at once.
  parameters:
    max_concurrent: {type: integer, unit: calls, range: [1, 1000], default: 10}
  guarantees:
    - At most max_concurrent calls run at once.
language_mappings:
  python:
    decorator: "@bulkhead(max_concurrent={max_concurrent})"
    import: from foundation.resilience import bulkhead
    test_framework: pytest
"""


def write(root: Path, **texts: str) -> None:
    folder = root / ".foundation" / "specs"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)


def test_a_workspace_without_specs_has_the_packaged_ones(tmp_path: Path) -> None:
    registry, problems = SpecRegistry.load([tmp_path, tmp_path / "missing"])
    assert problems == ()
    assert registry is SpecRegistry.builtin()


def test_a_new_pattern_comes_after_the_packaged_ones(tmp_path: Path) -> None:
    write(tmp_path, bulkhead=NEW_PATTERN)
    registry, problems = SpecRegistry.load([tmp_path])
    assert problems == ()
    assert registry.ids == (*SpecRegistry.builtin().ids, "bulkhead")
    assert registry["bulkhead"].title == "Bulkhead"
    assert registry["bulkhead"].source.endswith(".foundation/specs/bulkhead.yaml")
    assert registry["retry_with_backoff"] is SpecRegistry.builtin()["retry_with_backoff"]


def test_a_pattern_is_replaced_as_a_whole(tmp_path: Path) -> None:
    text = NEW_PATTERN.replace("bulkhead\n", "rate_limiting\n", 1)
    write(tmp_path, mine=text)
    registry, problems = SpecRegistry.load([tmp_path])
    assert problems == ()
    spec = registry["rate_limiting"]
    assert list(spec.parameters) == ["max_concurrent"]
    assert list(spec.mappings) == [LanguageId.PYTHON]
    assert [guarantee.text for guarantee in spec.guarantees] == ["At most max_concurrent calls run at once."]
    assert registry.ids == SpecRegistry.builtin().ids


def test_extending_a_pattern_merges_mappings_and_guarantees(tmp_path: Path) -> None:
    write(
        tmp_path,
        retry="""\
extends: retry_with_backoff
semantics:
  parameters:
    max_attempts: {range: [1, 5]}
    jitter: {default: {kind: full}}
    tenant: {type: string, default_text: none}
  guarantees:
    - {id: single-attempt, severity: hint}
    - id: too-eager
      severity: warning
      text: The first delay is at least a tenth of a second.
      check: base_delay >= 0.1
""",
    )
    registry, problems = SpecRegistry.load([tmp_path])
    assert problems == ()
    spec, packaged = registry["retry_with_backoff"], SpecRegistry.builtin()["retry_with_backoff"]
    assert (spec.parameters["max_attempts"].maximum, spec.parameters["max_attempts"].default) == (5, 3)
    assert str(spec.parameters["jitter"].default.kind) == "full"
    assert list(spec.parameters) == [*packaged.parameters, "tenant"]
    ids = {guarantee.id: guarantee for guarantee in spec.guarantees}
    assert ids["single-attempt"].severity is Severity.HINT
    assert ids["single-attempt"].check == "max_attempts > 1"
    assert [found.id for found in broken(spec, {"base_delay": 0.01})] == ["too-eager"]
    assert len(spec.guarantees) == len(packaged.guarantees) + 1
    assert [d.id for d in spec.dialects] == [d.id for d in packaged.dialects]


def test_extending_under_another_id_makes_a_new_pattern(tmp_path: Path) -> None:
    write(tmp_path, a="extends: retry_with_backoff\npattern_id: careful_retry\ntitle: Careful retry\n")
    registry, problems = SpecRegistry.load([tmp_path])
    assert problems == ()
    assert registry["careful_retry"].title == "Careful retry"
    assert registry["careful_retry"].parameters == registry["retry_with_backoff"].parameters


def test_files_are_laid_over_one_another_by_name_and_roots_in_order(tmp_path: Path) -> None:
    extend = "extends: circuit_breaker\nsemantics: {parameters: {failure_threshold: {default: %d}}}\n"
    write(tmp_path / "one", b=extend % 7, a=extend % 6)
    write(tmp_path / "two", a=extend % 8)
    for roots, expected in ((["one"], 7), (["one", "two"], 8), (["two", "one"], 7)):
        registry, problems = SpecRegistry.load([tmp_path / root for root in roots])
        assert problems == ()
        assert registry["circuit_breaker"].parameters["failure_threshold"].default == expected


def test_two_definitions_of_a_pattern_are_a_problem_and_the_first_stays(tmp_path: Path) -> None:
    write(tmp_path, a=NEW_PATTERN, b=NEW_PATTERN.replace("[1, 1000]", "[1, 99]"))
    registry, problems = SpecRegistry.load([tmp_path])
    assert [Path(problem.path).name for problem in problems] == ["b.yaml"]
    assert "already defined in" in problems[0].message
    assert registry["bulkhead"].parameters["max_concurrent"].maximum == 1000


def test_a_file_with_a_problem_is_left_out_and_the_others_count(tmp_path: Path) -> None:
    write(tmp_path, bad="pattern_id: x\n", good=NEW_PATTERN)
    registry, problems = SpecRegistry.load([tmp_path])
    assert "bulkhead" in registry
    assert "x" not in registry
    assert [problem.message for problem in problems] == [
        "the key `language_mappings` is missing",
        "the key `semantics` is missing",
        "the key `version` is missing",
    ]


def test_every_problem_is_reported_at_once_with_its_place(tmp_path: Path) -> None:
    text = """\
pattern_id: retry_with_backoff
version: 1.0
semantcs: 3
semantics:
  parameters:
    max_attempts: {type: integer, rang: [1, 5]}
    Bad: {type: integre}
  guarantees:
    - 5
    - {id: Foo, check: "1 < 2", severity: bad}
language_mappings:
  java: {}
"""
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    spec, problems = check_file(path)
    assert spec is None
    assert [str(problem).removeprefix(f"{tmp_path}/bad.yaml:") for problem in problems] == [
        '2:10: version: expected text, got the number 1.0; quote it: "1.0"',
        "3:1: semantcs: unknown key; did you mean `semantics`?",
        "6:35: semantics.parameters.max_attempts.rang: unknown key; did you mean `range`?",
        (
            "7:5: semantics.parameters.Bad: expected lower-case letters, digits and underscores, "
            'starting with a letter; got the text "Bad"'
        ),
        (
            "7:17: semantics.parameters.Bad.type: expected one of integer, float, boolean, string, enum, jitter, "
            'exceptions, strings, integers, mapping, bytes, any; got the text "integre"'
        ),
        "9:7: semantics.guarantees[0]: expected text or a mapping, got the number 5",
        '10:12: semantics.guarantees[1].id: expected lower-case words joined by dashes; got the text "Foo"',
        '10:43: semantics.guarantees[1].severity: expected one of error, warning, info, hint; got the text "bad"',
        "12:3: language_mappings.java: unknown key; expected one of python, go, rust, ruby",
    ]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("max_attempts: {range: [1, 2]}", "max_attempts.default", "3 is outside the range [1, 2]"),
        (
            "max_attempts: {range: [9, 2]}",
            "max_attempts.range",
            "the smallest value 9 is above the largest 2",
        ),
        (
            "max_attempts: {default: many}",
            "max_attempts.default",
            'expected a whole number, got the text "many"',
        ),
        ("max_attempts: {default: true}", "max_attempts.default", "expected a whole number, got true"),
        ("jitter: {default: {kind: wild}}", "jitter.default", "expected true, false or"),
        ("jitter: {default: {kind: full, ratio: 2}}", "jitter.default", "expected true, false or"),
        ("backoff_strategy: {default: cubic}", "backoff_strategy.default", "expected one of linear"),
        (
            "backoff_strategy: {aliases: [jitter]}",
            "aliases[0]",
            "`jitter` already means the parameter `jitter`",
        ),
        ("retryable: {default: NetworkError}", "retryable.default", "expected a list of texts"),
        ("retryable: {range: [1, 2]}", "retryable.range", "only numbers have a range"),
        ("x: {type: enum}", "parameters.x", "an enum needs the key `values`"),
        ("x: {description: y}", "parameters.x", "the key `type` is missing"),
        ("x: {type: float, values: [a]}", "x.values", "only an enum has values"),
        ("x: {type: string, unit: seconds}", "x.unit", "only numbers have a unit"),
        ("x: {type: float, default_from: base_dely}", "x.default_from", "did you mean `base_delay`?"),
        (
            "x: {type: float, default_from: max_attempts}",
            "x.default_from",
            "`max_attempts` is of another type",
        ),
        (
            "x: {type: integer, default: 1, required: true}",
            "x.required",
            "a required parameter has no default",
        ),
        ("x: {type: float, min_items: 1}", "x.min_items", "only lists have items"),
        ("x: {type: string, positional: 0}", "x.positional", "the position 0 already belongs to `retryable`"),
    ],
)
def test_a_contradiction_in_a_parameter_is_found_when_loading(text: str, place: str, words: str) -> None:
    problem = only(f"extends: retry_with_backoff\nsemantics:\n  parameters:\n    {text}\n")
    assert place in problem.key
    assert words in problem.message
    assert problem.line == 4


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        (
            "{id: a, check: '1 +'}",
            "check",
            "not a CEL expression: column 4: Syntax error: the end is missing",
        ),
        ("{id: a, check: 'max_attempt > 1'}", "check", "there is no parameter `max_attempt`; did you mean"),
        ("{id: a, check: 'siz(retryable) > 1'}", "check", "there is no function `siz`; did you mean `size`?"),
        ("{id: a, check: 'max_attempts + 1'}", "check", "the result is int, not a truth value"),
        ("{id: a, check: 'max_attempts > \"x\"'}", "check", "does not fit its parameters"),
        (
            "{id: a, check: 'max_attempts > 1', message: 'has {max}'}",
            "message",
            "there is no parameter `max`",
        ),
        (
            "{id: a, check: 'max_attempts > 1', examples: {valid: [{max_attempts: 1}]}}",
            "valid[0]",
            "but it breaks",
        ),
        ("{id: a, check: 'max_attempts > 1', examples: {invalid: [{}]}}", "invalid[0]", "but it keeps"),
        ("{id: a, check: 'true', examples: {valid: [{attempts: 1}]}}", "attempts", "there is no parameter"),
        ("{id: a, check: 'x.all(a, x.all(b, x.all(c, true)))'}", "check", "more than 2 of all, exists"),
        ("{id: a}\n    - {id: a}", "guarantees[1].id", "stands here a second time"),
    ],
)
def test_a_broken_guarantee_is_found_when_loading(text: str, key: str, words: str) -> None:
    problem = only(f"extends: retry_with_backoff\nsemantics:\n  guarantees:\n    - {text}\n")
    assert key in problem.key
    assert words in problem.message
    assert problem.line >= 4


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("extends: retry", "extends", "there is no pattern `retry`"),
        ("language_mappings: {go: {call: 'f({max_attempt})'}}", "go.call", "did you mean `max_attempts`?"),
        (
            "language_mappings: {go: {names: {max_attempt: M}}}",
            "names.max_attempt",
            "did you mean `max_attempts`?",
        ),
        (
            "dialects: {lib: {go: {parameters: {n: max_attempt}}}}",
            "parameters.n",
            "did you mean `max_attempts`?",
        ),
        ("dialects: {lib: {go: {positional: [x]}}}", "positional[0]", "there is no parameter `x`"),
        ("dialects: {lib: {go: {defaults: {x: 1}}}}", "defaults.x", "there is no parameter `x`"),
        ("dialects: {lib: {go: {exempt: [too-slow]}}}", "exempt[0]", "there is no guarantee `too-slow`"),
        (
            "dialects: {lib: {go: {extra_values: {jitter: [a]}}}}",
            "extra_values.jitter",
            "`jitter` is not an enum",
        ),
        (
            "dialects: {lib: {go: {ranges: {base_delay: [2, 1]}}}}",
            "ranges.base_delay",
            "is above the largest",
        ),
        (
            "semantics: {exceptions: {non_retryable: [NetworkError]}}",
            "non_retryable[0]",
            "also listed as retryable",
        ),
    ],
)
def test_a_name_of_nothing_is_found_when_loading(text: str, key: str, words: str) -> None:
    head = "" if text.startswith("extends") else "extends: retry_with_backoff\n"
    problem = only(f"{head}{text}\n")
    assert problem.key.endswith(key)
    assert words in problem.message


def only(text: str):
    spec, problems = check_text(text.encode(), "x.yaml")
    assert spec is None
    assert len(problems) == 1, problems
    return problems[0]


def test_links_and_odd_files_in_the_folder_are_problems_and_harm_nothing(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root, good=NEW_PATTERN)
    folder = root / ".foundation" / "specs"
    (folder / "out.yaml").symlink_to("/etc/hostname")
    (folder / "loop.yaml").symlink_to(folder / "loop.yaml")
    (folder / "dir.yaml").mkdir()
    (folder / "bytes.yaml").write_bytes(b"\x00\xff" * 50)
    (folder / "notes.txt").write_text("not a spec")
    registry, problems = SpecRegistry.load([root])
    assert "bulkhead" in registry
    assert sorted(Path(problem.path).name for problem in problems) == [
        "bytes.yaml",
        "dir.yaml",
        "loop.yaml",
        "out.yaml",
    ]


@given(st.integers(1, 100), st.floats(0, 300, allow_nan=False))
def test_what_a_spec_says_about_a_parameter_is_what_is_served(default: int, delay: float) -> None:
    text = (
        "extends: retry_with_backoff\nsemantics: {parameters: "
        f"{{max_attempts: {{default: {default}}}, base_delay: {{default: {delay!r}}}}}}}\n"
    )
    spec, problems = check_text(text.encode(), "x.yaml")
    assert problems == ()
    assert spec is not None
    assert spec.parameters["max_attempts"].default == default
    assert spec.parameters["base_delay"].default == delay


PAGE = (Path(__file__).parents[2] / "docs" / "workspace-specs.md").read_text("utf-8")


@pytest.mark.parametrize(
    "block", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL), ids=["extend", "replace"]
)
def test_the_examples_of_the_page_about_workspace_specs_load(block: str) -> None:
    spec, problems = check_text(block.encode(), "x.yaml")
    assert problems == ()
    assert spec is not None


def test_the_page_about_workspace_specs_names_every_type_and_limit() -> None:
    assert all(f"{kind.value}" in PAGE for kind in ParameterType)
    assert f"{yaml_source.MAX_NODES:,} values" in PAGE
    assert f"{yaml_source.MAX_DEPTH} levels" in PAGE
    assert f"{workspace.MAX_FILES} files" in PAGE
    assert yaml_source.MAX_BYTES == 1 << 20
