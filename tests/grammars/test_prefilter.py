"""The prefilter never refuses a file with an occurrence, and refuses files that only speak of the topics."""

from __future__ import annotations

import pytest
from foundation_grammars.prefilter import may_hold_pattern
from foundation_grammars.query import find_occurrences
from foundation_grammars.tree import parse
from foundation_specs.model import LanguageId
from hypothesis import given, settings
from hypothesis import strategies as st

GAP = st.sampled_from(["", " ", "\t", "  "])
NAMES = ["retry", "circuit_breaker", "rate_limit", "error_boundary", "register_command"]
CAMEL = ["retry", "circuitBreaker", "rateLimit", "errorBoundary", "registerCommand"]
ALIAS = st.sampled_from(["", " as again", " as  x1", " as größe"])
MODULES = ["foundation", "foundation.resilience", "provide.foundation", "provide.foundation.resilience"]
EOL = st.sampled_from(["\n", "\r\n", "\r"])
PROSE = st.sampled_from(
    ["", "# The Free Software Foundation\n", "x = 1\n", '"""doc foundation"""\n', "import os\n"]
)


@st.composite
def python_sources(draw: st.DrawFn) -> str:
    name, module, gap, alias = (
        draw(st.sampled_from(NAMES)),
        draw(st.sampled_from(MODULES)),
        draw(GAP),
        draw(ALIAS),
    )
    local = alias.removeprefix(" as").strip() or name
    imports = draw(
        st.sampled_from(
            [
                f"from {module} import {name}{alias}",
                f"from  {module}  import ( other,\n  {name}{alias},\n)",
                f"from {module} \\\n  import {name}{alias}",
                f"from \\\n  {module} import {name}{alias}",
                f"try: from {module} import {name}{alias}\nexcept ImportError: pass",
                "",
            ]
        )
    )
    use = local if imports else name
    head = draw(st.sampled_from([f"@{gap}{use}", f"@{use}(", f"@{use}{gap}(a=1", f"wrapped = {use}(a=1"]))
    closing = ")" if "(" in head else ""
    return f"{draw(PROSE)}{imports}\n{head}{closing}\ndef f(): pass\n"


@st.composite
def go_sources(draw: st.DrawFn) -> str:
    gap, name = draw(GAP), draw(st.sampled_from(CAMEL))
    path = draw(
        st.sampled_from(
            ["foundation/resilience", "a.b/c/foundation/resilience", "x/foundation-go/resilience"]
        )
    )
    quote = draw(st.sampled_from(['"', "`"]))
    annotation = f"//{gap}@{name}{draw(st.sampled_from(['', '(a=1)', ' (a=1)']))}\nfunc F() {{}}\n"
    local = draw(st.sampled_from(["", "r ", ". "]))
    body = "func G() { resilience.Retry(c, f); r.Retry(c, f); Retry(c, f) }"
    call = f"import {local}{quote}{path}{quote}\n\n{body}\n"
    return "package p\n\n" + draw(st.sampled_from([annotation, call, call + annotation]))


@st.composite
def rust_sources(draw: st.DrawFn) -> str:
    gap, name = draw(GAP), draw(st.sampled_from(NAMES))
    use = draw(
        st.sampled_from(
            [
                "",
                f"use foundation{gap}::resilience::{name};",
                f"use {{std::fs, foundation::resilience::{{self, {name}}}}};",
                "extern crate foundation;",
                "use foundation as f;",
                "use ::foundation::resilience::*;",
            ]
        )
    )
    path = draw(
        st.sampled_from(
            [name, f"foundation{gap}::{gap}{name}", f"f::resilience::{name}", f"::foundation::{name}"]
        )
    )
    chain = draw(
        st.sampled_from(["", "fn g() { foundation::resilience::RetryPolicy::new().max_attempts(3); }"])
    )
    return f"{use}\n#{gap}[{gap}{path}{gap}(a = 1)]\nfn f() {{}}\n{chain}\n"


@st.composite
def ruby_sources(draw: st.DrawFn) -> str:
    gap = draw(GAP)
    head = draw(
        st.sampled_from(["require 'foundation'\n", "", "F = Foundation\n", "R = ::Foundation::RetryPolicy\n"])
    )
    call = draw(
        st.sampled_from(
            [
                f"Foundation{gap}.retry(a: 1) {{ x }}",
                "Foundation\n  .retry(a: 1) { x }",
                "Foundation&.retry { x }",
                f"Foundation{gap}::CircuitBreaker.new(name: 'x')",
                "F.retry { x }",
                "R.new(max_attempts: 1)",
                f"retry{gap}(max_attempts: 3) do\n x\nend",
            ]
        )
    )
    return f"{head}{call}\n"


STRATEGIES = {
    LanguageId.PYTHON: python_sources(),
    LanguageId.GO: go_sources(),
    LanguageId.RUST: rust_sources(),
    LanguageId.RUBY: ruby_sources(),
}


@pytest.mark.parametrize("language", sorted(STRATEGIES))
def test_a_file_with_an_occurrence_is_never_refused(language: LanguageId) -> None:
    occurred = 0

    @settings(max_examples=150, deadline=None)
    @given(source=STRATEGIES[language], eol=EOL)
    def check(source: str, eol: str) -> None:
        nonlocal occurred
        data = source.replace("\n", eol).encode()
        if find_occurrences(parse(data, language)):
            occurred += 1
            assert may_hold_pattern(data, language)

    check()
    # The generator must make what it is for: most of its sources hold an occurrence.
    assert occurred > 50


REFUSED = {
    LanguageId.PYTHON: [
        b"# Copyright the Free Software Foundation\nimport logging\nlog = logging.getLogger(__name__)\n",
        b"def retry(max_attempts=3):\n    '''retry the http request, log errors to a file'''\n",
        b"x = 'foundation of the house'\n",
        b"@cache\ndef circuit_breaker(): ...\n",
        b"",
        b"\x00\xff" * 100,
    ],
    LanguageId.GO: [
        b'package p\n\nimport "log"\n\n// Retry retries with backoff; see http://foundation.org\nfunc Retry() {}\n',
        b'package p\n\nimport "github.com/aws/foundation/other"\n',
    ],
    LanguageId.RUST: [
        b"// retry the request\n#[derive(Debug)]\nstruct Retry;\nuse core_foundation::base;\n",
        b"#[tokio::test]\nasync fn retry() {}\n",
    ],
    LanguageId.RUBY: [
        b"# Free Software Foundation\nbegin\n  x\nrescue\n  retry\nend\n",
        b"class Foundations; end\nretry_on Net::OpenTimeout\n",
    ],
}


@pytest.mark.parametrize("language", sorted(REFUSED))
def test_topic_words_are_not_enough(language: LanguageId) -> None:
    assert [may_hold_pattern(data, language) for data in REFUSED[language]] == [False] * len(
        REFUSED[language]
    )
