"""Reading YAML that nobody vouches for: nothing runs, nothing raises, and every value has its place."""

import os
from pathlib import Path

import pytest
import yaml
from foundation_specs import yaml_source
from foundation_specs.type_mappings import load_type_mappings
from foundation_specs.workspace import check_text
from foundation_specs.yaml_source import Place, read_yaml, read_yaml_file
from hypothesis import given, settings
from hypothesis import strategies as st

YAML_PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "a",
                "b",
                "- ",
                ": ",
                "? ",
                ", ",
                "\n",
                "\n  ",
                "\n    ",
                "[",
                "]",
                "{",
                "}",
                "&x ",
                "*x",
                "<<",
                "!!int ",
                "!t ",
            ),
            *(
                '"',
                "'",
                "|\n",
                ">\n",
                "#",
                "%YAML 1.2\n",
                "---\n",
                "...\n",
                "\t",
                "1e999",
                "0x_",
                "1_0",
                ".nan",
                "~",
                "1:20",
            ),
            *(
                "2024-01-01",
                "=",
                "\u2028",
                "é",
                "😀",
                "\x85",
                "pattern_id: ",
                "semantics: ",
                "extends: retry_with_backoff\n",
            ),
        ]
    ),
    max_size=40,
).map("".join)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), inner, max_size=4)
    ),
    max_leaves=30,
)


@given(st.binary(max_size=200))
def test_bytes_never_raise(data: bytes) -> None:
    document, problems = read_yaml(data, "x.yaml")
    assert document is not None or problems
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)


@given(YAML_PIECES)
def test_yaml_like_text_never_raises_at_any_step(text: str) -> None:
    data = text.encode()
    spec, problems = check_text(data, "x.yaml")
    assert (spec is None) == bool(problems)
    load_type_mappings(data, "x.yaml")


@given(PLAIN, st.booleans())
def test_what_is_dumped_is_read_back(value: object, flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    document, problems = read_yaml(text.encode(), "x.yaml")
    assert problems == []
    assert document is not None
    assert document.value == value


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.integers(), min_size=1, max_size=6))
def test_each_key_and_value_has_its_place(value: dict[str, int]) -> None:
    document, _ = read_yaml("".join(f"{key}: {number}\n" for key, number in value.items()).encode(), "x.yaml")
    assert document is not None
    for line, key in enumerate(value, 1):
        assert document.keys[(key,)] == Place(line, 1)
        assert document.values[(key,)] == Place(line, len(key) + 3)


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"", "1:1", "the file is empty"),
        (b"# only a comment\n", "1:1", "the file is empty"),
        (b"a: \xff", "1:4", "byte 0xff is not UTF-8"),
        ("é: 😀\nb: \ufeff".encode("utf-16"), "1:1", "is not UTF-8"),
        (b"a:\n\tb: 1", "2:1", "a tab cannot indent"),
        (b"\ta: 1", "1:1", "a tab cannot indent"),
        (b"a: [1", "2:1", "not YAML"),
        (b"a: b: c", "1:5", "not YAML"),
        (b"a: \x07", "1:1", "control characters are not allowed"),
        (b"a: !!python/object/apply:os.system [ls]", "1:4", "the tag"),
        (b"a: !secret b", "1:4", "the tag !secret is not allowed"),
        (b"a: 1\nb: 2\na: 3", "3:1", "the key `a` stands here a second time; the first is on line 1"),
        (b"? [1, 2]\n: 3", "1:3", "a key must be text"),
        (b"a: &x 1\n*x : 2", "2:1", "a key must be text, not an alias"),
        (b"a: *nowhere", "1:4", "names no value"),
        (b"a: &x [*x]", "1:8", "names no value that is complete"),
        (b"<<: {a: 1}", "1:1", "merge keys are not supported"),
        (b"a: .inf", "1:4", "not a finite number"),
        (b"a: 1\n---\nb: 2", "2:1", "a second document"),
        (b"a: " + b"9" * 5000, "1:4", "is not a int"),
        (b"[" * 40, "1:33", "nested deeper than 32 levels"),
    ],
)
def test_a_problem_names_its_place_and_what_to_do(data: bytes, place: str, words: str) -> None:
    _, problems = read_yaml(data, "x.yaml")
    assert problems
    assert str(problems[0]).startswith(f"x.yaml:{place}: ")
    assert words in problems[0].message


def test_aliases_share_a_value_and_the_place_of_the_alias() -> None:
    document, problems = read_yaml(b"a: &x {b: [1, 2]}\nc: *x\n", "x.yaml")
    assert problems == []
    assert document is not None
    assert document.value == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}
    assert document.values[("c", "b", 1)] == Place(2, 4)


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    document, problems = read_yaml("\n".join(lines).encode(), "x.yaml")
    assert document is None
    assert f"more than {yaml_source.MAX_NODES} values" in problems[-1].message


def test_nesting_by_aliases_counts_as_nesting() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 60))]
    _, problems = read_yaml("\n".join(lines).encode(), "x.yaml")
    assert "nested deeper" in problems[-1].message


def test_a_file_beyond_the_size_limit_is_not_read() -> None:
    _, problems = read_yaml(b"a" * (yaml_source.MAX_BYTES + 1), "x.yaml")
    assert "larger than" in problems[0].message


@settings(max_examples=20)
@given(st.integers(40, 3000), st.sampled_from(["[", "{a: ", "- ", "? "]))
def test_depth_costs_no_recursion(depth: int, piece: str) -> None:
    _, problems = read_yaml((piece * depth).encode(), "x.yaml")
    assert problems


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    document, problems = read_yaml(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "x.yaml")
    assert problems == []
    assert document is not None
    assert document.value == {"a": 1, "b": 2}


def test_words_that_yaml_takes_for_booleans_stay_keys() -> None:
    document, _ = read_yaml(b"on: yes\n1: two\nnull: 3", "x.yaml")
    assert document is not None
    assert document.value == {"on": True, "1": "two", "null": 3}


def test_numbers_are_read_as_yaml_1_2_writes_them_too() -> None:
    document, _ = read_yaml(b"[1e3, 1e-3, 5e-324, 0o644, 1.5, 1_000, '1e3', !!str 1.0, 1e, e3]", "x.yaml")
    assert document is not None
    assert document.value == [1000.0, 0.001, 5e-324, 0o644, 1.5, 1000, "1e3", "1.0", "1e", "e3"]


def test_what_is_not_a_regular_file_is_not_opened_for_reading(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    for name, words in (
        ("pipe.yaml", "not a regular file"),
        ("folder.yaml", "not a regular file"),
        ("loop.yaml", "cannot be read"),
        ("missing.yaml", "No such file or directory"),
    ):
        document, problems = read_yaml_file(tmp_path / name)
        assert document is None
        assert words in problems[0].message, name
        assert problems[0].path == str(tmp_path / name)


def test_a_link_out_of_the_workspace_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("password: hunter2\n")
    inside = tmp_path / "workspace"
    inside.mkdir()
    (inside / "a.yaml").symlink_to(tmp_path / "secret.yaml")
    document, problems = read_yaml_file(inside / "a.yaml", inside=inside)
    assert document is None
    assert "leads out of the workspace" in problems[0].message
    assert "hunter2" not in str(problems)
