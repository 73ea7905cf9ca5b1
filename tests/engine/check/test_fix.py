"""Fixes: the text that each one makes, and that applying the safe ones ends the findings that they answer."""

from __future__ import annotations

import pytest
from foundation_engine.check import CheckOptions, check_tree
from foundation_engine.codes import CodeFilter
from foundation_engine.finding import Applicability, Edit, Finding, Fix
from foundation_engine.fix import apply_edits, apply_fixes, fixes
from foundation_grammars.occurrence import ByteRange
from foundation_grammars.tree import parse
from foundation_specs.model import LanguageId
from foundation_specs.registry import SpecRegistry
from hypothesis import given, settings
from hypothesis import strategies as st

REGISTRY = SpecRegistry.builtin()
OPTIONS = CheckOptions(CodeFilter())
PY, GO, RS, RB = LanguageId.PYTHON, LanguageId.GO, LanguageId.RUST, LanguageId.RUBY
SAFE, UNSAFE = Applicability.SAFE, Applicability.UNSAFE
IMPORT = "from foundation.resilience import retry\n\n"


def findings_with_fixes(text: bytes, language: LanguageId) -> list[tuple[Finding, list[Fix]]]:
    tree = parse(text, language)
    return [(finding, fixes(finding, tree)) for finding in check_tree(tree, REGISTRY, OPTIONS)]


@pytest.mark.parametrize(
    ("language", "rule", "applicability", "before", "after"),
    [
        (PY, "unknown-parameter", SAFE, IMPORT + "@retry(max_attemps=3)\ndef f(): ...\n", IMPORT + "@retry(max_attempts=3)\ndef f(): ...\n"),
        (PY, "unknown-parameter", UNSAFE, IMPORT + "@retry(max_retries=3)\ndef f(): ...\n", IMPORT + "@retry(max_attempts=4)\ndef f(): ...\n"),
        (PY, "unknown-parameter", UNSAFE, IMPORT + "@retry(max_attempts=3, colour=1)\ndef f(): ...\n", IMPORT + "@retry(max_attempts=3)\ndef f(): ...\n"),
        (PY, "wrong-type", SAFE, IMPORT + '@retry(max_attempts="3")\ndef f(): ...\n', IMPORT + "@retry(max_attempts=3)\ndef f(): ...\n"),
        (PY, "out-of-range", UNSAFE, IMPORT + "@retry(max_attempts=250)\ndef f(): ...\n", IMPORT + "@retry(max_attempts=100)\ndef f(): ...\n"),
        (PY, "unknown-value", SAFE, IMPORT + "@retry(backoff='exponental')\ndef f(): ...\n", IMPORT + "@retry(backoff='exponential')\ndef f(): ...\n"),
        (PY, "duplicate-parameter", SAFE, IMPORT + "@retry(\n    backoff='linear',\n    backoff_strategy='linear',\n)\ndef f(): ...\n", IMPORT + "@retry(\n    backoff='linear',\n)\ndef f(): ...\n"),
        (PY, "wrong-unit", UNSAFE, IMPORT + "D_MS = 250\n\n@retry(base_delay=D_MS)\ndef f(): ...\n", IMPORT + "D_MS = 250\n\n@retry(base_delay=D_MS / 1000)\ndef f(): ...\n"),
        (PY, "missing-import", SAFE, '"""Doc."""\n\nimport os\n\n@retry\ndef f(): ...\n', '"""Doc."""\n\nimport os\nfrom foundation.resilience import retry\n\n@retry\ndef f(): ...\n'),
        (PY, "missing-import", SAFE, '#!/usr/bin/env python\n"""Doc."""\n\n@retry\ndef f(): ...\n', '#!/usr/bin/env python\n"""Doc."""\n\nfrom foundation.resilience import retry\n\n@retry\ndef f(): ...\n'),
        (PY, "missing-import", SAFE, "@retry\r\ndef f(): ...\r\n", "from foundation.resilience import retry\r\n\r\n@retry\r\ndef f(): ...\r\n"),
        (PY, "unused", SAFE, "x = 1  # foundation: ignore[out-of-range]\n", "x = 1\n"),
        (PY, "unused", SAFE, "# foundation: ignore[out-of-range]\nx = 1\n", "x = 1\n"),
        (PY, "unused", SAFE, IMPORT + "@retry(max_attempts=250)  # foundation: ignore[wrong-type, out-of-range]\ndef f(): ...\n", IMPORT + "@retry(max_attempts=250)  # foundation: ignore[out-of-range]\ndef f(): ...\n"),
        (GO, "unknown-parameter", SAFE, "package p\n\n// @retry(maxAttemps=3)\nfunc F() {}\n", "package p\n\n// @retry(maxAttempts=3)\nfunc F() {}\n"),
        (GO, "wrong-unit", UNSAFE, 'package p\n\nimport "foundation/resilience"\n\nfunc F() error {\n\treturn resilience.Retry(ctx, f, resilience.WithBaseDelay(500))\n}\n', 'package p\n\nimport "foundation/resilience"\n\nfunc F() error {\n\treturn resilience.Retry(ctx, f, resilience.WithBaseDelay(500 * time.Millisecond))\n}\n'),
        (RS, "unknown-value", SAFE, 'use foundation::resilience::retry;\n\n#[retry(backoff = "exponental")]\nfn f() {}\n', 'use foundation::resilience::retry;\n\n#[retry(backoff = "exponential")]\nfn f() {}\n'),
        (RS, "missing-import", SAFE, "use std::io;\n\n#[retry]\nfn f() {}\n", "use std::io;\nuse foundation::resilience::retry;\n\n#[retry]\nfn f() {}\n"),
        (RB, "keyword-retry", SAFE, "require 'foundation/resilience'\n\nretry(max_attempts: 3) do\n  f\nend\n", "require 'foundation/resilience'\n\nFoundation.retry(max_attempts: 3) do\n  f\nend\n"),
        (RB, "unknown-parameter", SAFE, "require 'foundation'\nFoundation.retry(max_attemps: 3) { f }\n", "require 'foundation'\nFoundation.retry(max_attempts: 3) { f }\n"),
        (RB, "unknown-value", SAFE, "require 'foundation'\nFoundation.retry(backoff: :exponentail) { f }\n", "require 'foundation'\nFoundation.retry(backoff: :exponential) { f }\n"),
    ],
)  # fmt: skip
def test_a_fix_makes_this_text(
    language: LanguageId, rule: str, applicability: Applicability, before: str, after: str
) -> None:
    offered = [
        choices
        for f, choices in findings_with_fixes(before.encode(), language)
        if f.code.endswith(f"/{rule}")
    ]
    assert len(offered) == 1, offered
    first = offered[0][0]
    assert first.applicability is applicability
    assert after == apply_edits(before.encode(), first.edits).decode()


def test_overlapping_fixes_are_not_both_applied() -> None:
    one = Fix("one", (Edit(ByteRange(0, 2), "x"),), SAFE)
    two = Fix("two", (Edit(ByteRange(1, 3), "y"),), SAFE)
    assert apply_fixes(b"abc", [one, two]) == (b"xc", 1)
    with pytest.raises(ValueError, match="overlaps"):
        apply_edits(b"abc", [*one.edits, *two.edits])


NAMES = st.sampled_from(
    ["max_attempts", "max_attemps", "max_retries", "base_delay", "base_dely", "backoff", "backoff_strategy", "jitter",
     "max_delay", "maxdelay", "colour", "retryable", "non_retryable", "policy"]
)  # fmt: skip
VALUES = {
    PY: st.sampled_from(["3", "0", "250", '"3"', "3.0", "True", "'linear'", "'lienar'", "None", "1e9", "[OSError]", "N", "D_MS"]),
    GO: st.sampled_from(["3", "0", "250", '"3"', "3.5", "true", '"linear"', '"lienar"', "500ms", "[A, B]", '"é😀"']),
    RS: st.sampled_from(["3", "0", "250", '"3"', "3.5", "true", '"linear"', '"lienar"', "[A, B]", '"é😀"']),
    RB: st.sampled_from(["3", "0", "250", "'3'", "3.5", "true", ":linear", ":lienar", "[A, B]", "nil", "N", "'é😀'"]),
}  # fmt: skip
SUPPRESSIONS = st.sampled_from(
    [
        "",
        "foundation: ignore",
        "foundation: ignore[out-of-range]",
        "foundation: ignore[wrong-type, out-of-range, x]",
    ]
)
NEWLINES = st.sampled_from(["\n", "\r\n"])


def document(
    language: LanguageId, pairs: list[tuple[str, str]], suppression: str, imported: bool, end: str
) -> str:
    def camel(name: str) -> str:
        head, *rest = name.split("_")
        return head + "".join(word.capitalize() for word in rest)

    if language is PY:
        arguments = ", ".join(f"{n}={v}" for n, v in pairs)
        comment = f"  # {suppression}" if suppression else ""
        lines = ["from foundation.resilience import retry" if imported else "import os", "N = 7", "D_MS = 5", "",
                 f"@retry({arguments}){comment}", "def f():", "    pass", ""]  # fmt: skip
    elif language is GO:
        arguments = ", ".join(f"{camel(n)}={v}" for n, v in pairs)
        lines = ["package p", "", f"// {suppression}", f"// @retry({arguments})", "func F() {}", ""]
    elif language is RS:
        arguments = ", ".join(f"{n} = {v}" for n, v in pairs)
        comment = f" // {suppression}" if suppression else ""
        lines = ["use foundation::resilience::retry;" if imported else "use std::io;", "",
                 f"#[retry({arguments})]{comment}", "fn f() {}", ""]  # fmt: skip
    else:
        arguments = ", ".join(f"{n}: {v}" for n, v in pairs)
        comment = f"  # {suppression}" if suppression else ""
        head = "Foundation.retry" if imported else "retry"
        lines = ["require 'foundation'", "N = 7", "", f"{head}({arguments}) do{comment}", "  f", "end", ""]
    return end.join(lines)


@pytest.mark.parametrize("language", list(LanguageId))
def test_after_the_safe_fixes_none_is_left(language: LanguageId) -> None:
    """Whatever is written, a few rounds of safe fixes end in a text that none applies to."""

    @settings(max_examples=120, deadline=None)
    @given(
        st.lists(st.tuples(NAMES, VALUES[language]), max_size=5),
        SUPPRESSIONS,
        st.booleans(),
        NEWLINES,
        st.booleans(),
    )
    def check(pairs: list[tuple[str, str]], suppression: str, imported: bool, end: str, bom: bool) -> None:
        text = (b"\xef\xbb\xbf" if bom else b"") + document(
            language, pairs, suppression, imported, end
        ).encode()
        for _ in range(8):
            safe = [
                (finding.code, fix)
                for finding, choices in findings_with_fixes(text, language)
                for fix in choices[:1]
                if fix.applicability is SAFE
            ]
            if not safe:
                return
            mended, applied = apply_fixes(text, [fix for _, fix in safe])
            assert applied >= 1
            assert mended != text, safe
            mended.decode()
            assert bom == mended.startswith(b"\xef\xbb\xbf"), mended
            text = mended
        raise AssertionError(f"still being fixed after eight rounds: {text!r}")

    check()
