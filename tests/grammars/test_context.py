"""What is being typed, in code that is broken because it is being typed: `|` marks the caret."""

from __future__ import annotations

import pytest
from foundation_grammars.context import CompletionContext, Place, completion_context
from foundation_grammars.tree import parse
from foundation_specs.model import LanguageId
from hypothesis import given, settings
from hypothesis import strategies as st

PYTHON = (
    "from foundation.resilience import retry, RetryPolicy, Retry\n"
    "from foundation.resilience import retry as again\n"
    "from provide.foundation.process import run as r\n"
    "# 😀\n"
)
GO = 'package p\n\nimport "foundation/resilience"\n\n// 😀\n\n'
RUST = "use foundation::resilience::{retry, RetryPolicy, CircuitBreaker as Breaker};\n// 😀\n"
RUBY = "require 'foundation/resilience'\n# 😀\nF = Foundation\n"
PRELUDES = {LanguageId.PYTHON: PYTHON, LanguageId.GO: GO, LanguageId.RUST: RUST, LanguageId.RUBY: RUBY}


def context(language: LanguageId, marked: str, eol: str = "\n") -> tuple[CompletionContext | None, bytes]:
    source = (PRELUDES[language] + marked).replace("\n", eol).encode()
    offset = source.index(b"|")
    source = source[:offset] + source[offset + 1 :]
    return completion_context(parse(source, language), offset), source


PARAMETERS = [
    # language, text, pattern, prefix, word that is replaced, given
    ("python", "@retry(max_|", "retry_with_backoff", "max_", "max_", ()),
    ("python", "@retry(|)\ndef f(): ...\n", "retry_with_backoff", "", "", ()),
    ("python", "@retry(max_attempts=3, ba|", "retry_with_backoff", "ba", "ba", ("max_attempts",)),
    ("python", "@retry(m|ax, base_delay=1)\ndef f(): ...", "retry_with_backoff", "m", "max", ("base_delay",)),
    (
        "python",
        "@again(\n    # a (comment\n    max_attempts=3,\n    jit|\n)\ndef f(): ...",
        "retry_with_backoff",
        "jit",
        "jit",
        ("max_attempts",),
    ),
    ("python", "@retry(policy=RetryPolicy(max_|", "retry_with_backoff", "max_", "max_", ()),
    ("python", "value = Retry(RetryPolicy(ba|)).call(f)", "retry_with_backoff", "ba", "ba", ()),
    ("python", "r(['a'], ti|", "process_execution", "ti", "ti", ()),
    ("python", "@circuit_breaker(fa|", "circuit_breaker", "fa", "fa", ()),
    ("go", "// @retry(|", "retry_with_backoff", "", "", ()),
    ("go", "// @retry(maxAttempts=3, ba|)\nfunc F() {}", "retry_with_backoff", "ba", "ba", ("max_attempts",)),
    ("go", "// @retry(maxAttempts=3,\n//   ba|", "retry_with_backoff", "ba", "ba", ("max_attempts",)),
    ("go", "// @retry(policy=RetryPolicy{Max|", "retry_with_backoff", "Max", "Max", ()),
    (
        "go",
        "func F() {\n\tresilience.Retry(ctx, f, resilience.With|",
        "retry_with_backoff",
        "With",
        "With",
        (),
    ),
    (
        "go",
        "func F() {\n\tresilience.Retry(ctx, f, resilience.WithMaxAttempts(3), |)\n}",
        "retry_with_backoff",
        "",
        "",
        ("max_attempts",),
    ),
    (
        "go",
        "var p = resilience.RetryPolicy{MaxAttempts: 3, Ba|",
        "retry_with_backoff",
        "Ba",
        "Ba",
        ("max_attempts",),
    ),
    ("rust", "#[retry(|", "retry_with_backoff", "", "", ()),
    (
        "rust",
        "#[retry(max_attempts = 3, ba|)]\nfn f() {}",
        "retry_with_backoff",
        "ba",
        "ba",
        ("max_attempts",),
    ),
    ("rust", "#[foundation::retry(ba|", "retry_with_backoff", "ba", "ba", ()),
    (
        "rust",
        "fn f() { RetryPolicy::new().max_attempts(3).ba|",
        "retry_with_backoff",
        "ba",
        "ba",
        ("max_attempts",),
    ),
    ("rust", 'fn f() { let b = Breaker::builder("x").|;\n}', "circuit_breaker", "", "", ()),
    ("ruby", "Foundation.retry(|", "retry_with_backoff", "", "", ()),
    (
        "ruby",
        "Foundation.retry(max_attempts: 3, ba|) do\nend",
        "retry_with_backoff",
        "ba",
        "ba",
        ("max_attempts",),
    ),
    ("ruby", "F.retry(ba|", "retry_with_backoff", "ba", "ba", ()),
    ("ruby", "retry(max|", "retry_with_backoff", "max", "max", ()),
    ("ruby", "x = Foundation::CircuitBreaker.new(name: 'a', |)", "circuit_breaker", "", "", ("name",)),
]


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("language", "text", "pattern", "prefix", "word", "given"), PARAMETERS)
def test_a_parameter_is_being_typed(language, text, pattern, prefix, word, given, eol) -> None:
    found, source = context(LanguageId(language), text, eol)
    assert found is not None
    assert (found.place, found.pattern_id) == (Place.PARAMETER, pattern)
    assert (found.prefix, found.given) == (prefix, given)
    assert source[found.prefix_range.start : found.prefix_range.end].decode() == word


VALUES = [
    # language, text, pattern, parameter, prefix
    ("python", "@retry(max_attempts=|", "retry_with_backoff", "max_attempts", ""),
    ("python", "@retry(max_attempts=3, backoff='lin|", "retry_with_backoff", "backoff", "lin"),
    ("python", "@retry(jitter=Jitter.|)\ndef f(): ...", "retry_with_backoff", "jitter", ""),
    ("python", "@retry(base_delay=timedelta(sec|", "retry_with_backoff", "base_delay", "sec"),
    ("python", "@retry((OSError, Val|", "retry_with_backoff", "retryable", "Val"),
    ("go", "// @retry(backoff=lin|", "retry_with_backoff", "backoff", "lin"),
    (
        "go",
        "func F() { resilience.Retry(ctx, f, resilience.WithBackoff(resilience.|",
        "retry_with_backoff",
        "backoff",
        "",
    ),
    ("go", "func F() { b := resilience.NewCircuitBreaker(|)}", "circuit_breaker", "name", ""),
    ("rust", '#[retry(backoff = "l|', "retry_with_backoff", "backoff", "l"),
    ("rust", "fn f() { RetryPolicy::new().max_attempts(|", "retry_with_backoff", "max_attempts", ""),
    ("rust", "fn f() { Breaker::builder(|", "circuit_breaker", "name", ""),
    ("ruby", "Foundation.retry(backoff: :l|", "retry_with_backoff", "backoff", "l"),
    ("ruby", "Foundation::Logging.logger('shop', level: |", "structured_logging", "level", ""),
]


@pytest.mark.parametrize(("language", "text", "pattern", "parameter", "prefix"), VALUES)
def test_a_value_is_being_typed(language, text, pattern, parameter, prefix) -> None:
    found, _ = context(LanguageId(language), text)
    assert found is not None
    assert (found.place, found.pattern_id, found.parameter) == (Place.VALUE, pattern, parameter)
    assert found.prefix == prefix


FORMS = [
    ("python", "@re|", "re", ""),
    ("python", "class A:\n    @|", "", ""),
    ("python", "@resilience.re|\ndef f(): ...", "re", "resilience"),
    ("go", "// @ret|\nfunc F() {}", "ret", ""),
    ("rust", "#[re|]\nfn f() {}", "re", ""),
    ("rust", "#[foundation::|", "", "foundation"),
    ("ruby", "x = Foundation.re|", "re", "Foundation"),
]


@pytest.mark.parametrize(("language", "text", "prefix", "qualifier"), FORMS)
def test_the_name_of_a_form_is_being_typed(language, text, prefix, qualifier) -> None:
    found, _ = context(LanguageId(language), text)
    assert found is not None
    assert (found.place, found.prefix, found.qualifier) == (Place.FORM, prefix, qualifier)


NOTHING = [
    ("python", "x = '@re|'"),
    ("python", "# @retry(|"),
    ("python", "'''\n@retry(|\n'''"),
    ("python", "@retry(3)|"),
    ("python", "@tenacity.retry(|"),
    ("python", "def retry(x|"),
    ("python", "from tenacity import retry\n@retry(|"),
    ("python", "print(|"),
    ("go", "func F() { fmt.Println(|"),
    ("go", "// use @retry and (|"),
    ("rust", "println!(|"),
    ("rust", "#[derive(|"),
    ("ruby", "job.retry(|"),
    ("ruby", "puts(|"),
    ("ruby", 'x = "Foundation.re|"'),
    ("python", "|"),
]


@pytest.mark.parametrize(("language", "text"), NOTHING)
def test_nothing_of_ours_is_being_typed(language: str, text: str) -> None:
    found, _ = context(LanguageId(language), text)
    assert found is None


def test_an_option_of_a_go_call_names_its_package() -> None:
    found, _ = context(LanguageId.GO, "func F() {\n\tresilience.Retry(ctx, f, |")
    assert found is not None
    assert (found.place, found.qualifier, found.position) == (Place.PARAMETER, "resilience", 2)


def test_a_form_that_nothing_imports_is_said_to_be_so() -> None:
    found, _ = context(LanguageId.PYTHON, "@rate_limit(li|")
    assert found is not None
    assert not found.imported


@settings(max_examples=120, deadline=None)
@given(
    case=st.sampled_from([(row[0], row[1]) for row in (*PARAMETERS, *VALUES, *FORMS, *NOTHING)]),
    cut=st.integers(0, 400),
    junk=st.sampled_from(["", "(", '"', "'", "{", "\n", "😀", "\x00", "/*", "#", ")"]),
)
def test_any_offset_in_any_broken_text_is_answered(case, cut, junk) -> None:
    language = LanguageId(case[0])
    source = (PRELUDES[language] + case[1].replace("|", junk)).encode()
    offset = min(cut, len(source))
    found = completion_context(parse(source, language), offset)
    if found is not None:
        assert found.prefix_range.start <= offset <= found.prefix_range.end
