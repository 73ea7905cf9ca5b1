"""Sources that are made to be difficult: deep, long, cyclic, or cut off anywhere."""

from __future__ import annotations

import pytest
from foundation_grammars.context import completion_context
from foundation_grammars.definitions import definitions
from foundation_grammars.occurrence import ValueKind
from foundation_grammars.query import find_occurrences
from foundation_grammars.suppression import find_suppressions
from foundation_grammars.tree import parse
from foundation_specs.model import LanguageId

DEEP = 3_000
HOSTILE = {
    "python-nested-lists": (
        LanguageId.PYTHON,
        "from foundation import retry\n@retry(retryable=" + "[" * DEEP + "]" * DEEP + ")\ndef f(): ...\n",
    ),
    "python-long-sum": (
        LanguageId.PYTHON,
        "from foundation import retry\n@retry(max_attempts=" + "1+" * DEEP + "1)\ndef f(): ...\n",
    ),
    "python-long-attribute": (
        LanguageId.PYTHON,
        "import foundation\n@foundation" + ".a" * DEEP + ".retry()\ndef f(): ...\n",
    ),
    "python-nested-functions": (
        LanguageId.PYTHON,
        "from foundation import retry\n"
        + "".join(" " * n + f"def f{n}():\n" for n in range(300))
        + " " * 300
        + "retry()\n",
    ),
    "python-huge-number": (
        LanguageId.PYTHON,
        "from foundation import retry\n@retry(max_attempts="
        + "9" * 9_000
        + ", base_delay=1e999, max_delay=2**64**64)\ndef f(): ...\n",
    ),
    "go-nested-annotation": (LanguageId.GO, "package p\n\n// @retry(a=" + "[" * DEEP + ")\nfunc F() {}\n"),
    "go-nested-braces": (LanguageId.GO, "package p\n\n// @retry(a=" + "{x: " * DEEP + ")\nfunc F() {}\n"),
    "go-many-comments": (LanguageId.GO, "package p\n\n" + "// @retry(a=1\n" * DEEP + "func F() {}\n"),
    "rust-nested-attribute": (
        LanguageId.RUST,
        "use foundation::retry;\n#[retry(a = " + "(" * DEEP + ")]\nfn f() {}\n",
    ),
    "rust-long-chain": (
        LanguageId.RUST,
        "use foundation::resilience::RetryPolicy;\nfn f() { RetryPolicy::new()"
        + ".max_attempts(3)" * 500
        + ".run(g); }\n",
    ),
    "rust-nested-generics": (
        LanguageId.RUST,
        "use foundation::resilience::RetryPolicy;\nfn f() { A::"
        + "<B" * 500
        + ">" * 500
        + "::new(); RetryPolicy::new(); }\n",
    ),
    "ruby-nested-blocks": (
        LanguageId.RUBY,
        "require 'foundation'\n" + "Foundation.retry { " * 300 + "x" + " }" * 300 + "\n",
    ),
    "ruby-nested-hash": (
        LanguageId.RUBY,
        "require 'foundation'\nFoundation.retry(a: " + "{b: " * 500 + "1" + "}" * 500 + ") { x }\n",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_depth_and_length_do_not_raise(name: str) -> None:
    language, source = HOSTILE[name]
    tree = parse(source.encode(), language)
    find_occurrences(tree)
    find_suppressions(tree)
    definitions(tree)
    for offset in (0, len(source) // 2, len(tree.text)):
        completion_context(tree, offset)


def test_a_name_that_broken_code_leaves_out() -> None:
    source = b"from foundation.resilience import RateLimiter\nx = RateLimiter(limit=10, /*period=1.0)\nlimiter(x(n=1)"
    for occurrence in find_occurrences(parse(source, LanguageId.PYTHON)):
        assert occurrence.pattern_id == "rate_limiting"


def test_many_comments_before_the_word_that_is_typed() -> None:
    source = b"use foundation::retry;\n#[retry(" + b"/* a */ " * 60 + b"max"
    context = completion_context(parse(source, LanguageId.RUST), len(source))
    assert context is not None
    assert context.prefix == "max"


def test_constants_that_refer_to_each_other_are_not_known() -> None:
    source = (
        b"from foundation import retry\nA = B\nB = A\n@retry(max_attempts=A)\ndef f(): ...\nretry = retry\n"
    )
    (occurrence,) = find_occurrences(parse(source, LanguageId.PYTHON))
    assert occurrence.arguments[0].value.kind is ValueKind.UNKNOWN
    ruby = b"require 'foundation'\nA = B\nB = A\nF = G\nG = F\nF.retry { x }\nFoundation.retry(max_attempts: A) { x }\n"
    (occurrence,) = find_occurrences(parse(ruby, LanguageId.RUBY))
    assert occurrence.arguments[0].value.kind is ValueKind.UNKNOWN
    go = b"package p\n\nconst a = b\nconst b = a\n\n// @retry(maxAttempts=a)\nfunc F() {}\n"
    (occurrence,) = find_occurrences(parse(go, LanguageId.GO))
    assert occurrence.arguments[0].value.kind is ValueKind.UNKNOWN
    rust = b"const A: u32 = B;\nconst B: u32 = A;\n#[foundation::retry(max_attempts = A)]\nfn f() {}\n"
    (occurrence,) = find_occurrences(parse(rust, LanguageId.RUST))
    assert occurrence.arguments[0].value.kind is ValueKind.UNKNOWN


SAMPLES = {
    LanguageId.PYTHON: """from foundation import retry as r, Jitter
A = 3
@r(OSError, max_attempts=A, jitter=Jitter.full(), **x)
def f(): 'd'
""",
    LanguageId.GO: """package p
import "foundation/resilience"
// @retry(maxAttempts=3, policy=RetryPolicy{A: 1})
func F() {
  resilience.Retry(c, f, resilience.WithPolicy(resilience.RetryPolicy{B: 2}))
}
""",
    LanguageId.RUST: """use foundation::resilience::{retry, RetryPolicy as P};
#[retry(a = 1, policy = RetryPolicy::new().b(2))]
fn f() { P::new().c("x").run(|| g()); }
""",
    LanguageId.RUBY: """require 'foundation'
Foundation.retry(a: 1, policy: Foundation::RetryPolicy.new(b: [2])) { |x| y }
retry(c: 3) do
end
""",
}


@pytest.mark.parametrize("language", sorted(SAMPLES))
def test_a_document_that_ends_anywhere(language: LanguageId) -> None:
    source = SAMPLES[language].encode()
    for end in range(len(source)):
        tree = parse(source[:end], language)
        for occurrence in find_occurrences(tree):
            assert occurrence.range.end <= end
        context = completion_context(tree, end)
        assert context is None or context.prefix_range.end <= end


def test_a_direct_argument_wins_over_one_in_a_policy() -> None:
    head = b"from foundation import retry, RetryPolicy\n"
    source = head + b"@retry(policy=RetryPolicy(max_attempts=9), max_attempts=2)\ndef f(): ...\n"
    (occurrence,) = find_occurrences(parse(source, LanguageId.PYTHON))
    found = occurrence.argument("max_attempts")
    assert found is not None
    assert (found.value.value, found.nested) == (2, False)
    assert occurrence.argument("base_delay") is None
