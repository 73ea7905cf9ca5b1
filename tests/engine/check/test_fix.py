"""Fixes: the text that each one makes, and that applying the safe ones ends the findings that they answer."""

from __future__ import annotations

import re
from pathlib import Path

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
SAFE = Applicability.SAFE


def findings_with_fixes(text: bytes, language: LanguageId) -> list[tuple[Finding, list[Fix]]]:
    tree = parse(text, language)
    return [(finding, fixes(finding, tree)) for finding in check_tree(tree, REGISTRY, OPTIONS)]


_FIXES = (Path(__file__).parent / "cases" / "fixes.fix").read_text("utf-8")
_HEAD = re.compile(r"^--- (\w+) ([\w-]+) (safe|unsafe)\n", re.MULTILINE)


def fix_cases() -> list[tuple[LanguageId, str, Applicability, str, str]]:
    """Each case of the file: its language, rule and applicability, the text before and after the first fix."""
    parts = _HEAD.split(_FIXES)[1:]
    cases = []
    for language, rule, applicability, body in zip(*[iter(parts)] * 4, strict=True):
        before, arrow, after = body.partition("=>\n")
        assert arrow, body
        cases.append((LanguageId(language), rule, Applicability(applicability), before, after))
        if language == "python" and rule == "missing-import":
            ends = (before.replace("\n", "\r\n"), after.replace("\n", "\r\n"))
            cases.append((LanguageId(language), rule, Applicability(applicability), *ends))
    return cases


@pytest.mark.parametrize(("language", "rule", "applicability", "before", "after"), fix_cases())
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
    PY: st.sampled_from(["3", "0", "250", '"3"', "3.0", "True", "'linear'", "'lienar'", "None", "[OSError]", "D_MS"]),
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

    @settings(max_examples=60, deadline=None)
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
