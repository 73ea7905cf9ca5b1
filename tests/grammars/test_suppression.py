"""Suppression comments: where they count, what they name, and what only looks like one."""

from __future__ import annotations

import pytest
from foundation_grammars.suppression import find_suppressions
from foundation_grammars.tree import parse
from foundation_specs.model import LanguageId

CASES = [
    # language, source, [(codes, row of the code, stands alone)]
    ("python", "@retry()  # foundation: ignore[a/b]\n", [(("a/b",), 0, False)]),
    ("python", "# foundation: ignore[a/b, c/*]\n\n# why\n@retry()\n", [(("a/b", "c/*"), 3, True)]),
    ("python", "x = 1  # noqa  # foundation: ignore\n", [((), 0, False)]),
    ("python", "x = 1  # foundation:ignore [ a ,, b ]\n", [(("a", "b"), 0, False)]),
    ("python", "    # foundation: ignore[a]\n", [(("a",), 0, True)]),
    ("python", "s = '# foundation: ignore[a]'\n", []),
    ("python", '"""\n# foundation: ignore[a]\n"""\n', []),
    ("python", "# see foundation: ignore[a]\n", []),
    ("python", "# foundation: ignore[a\n", []),
    ("python", "# foundation: ignored[a]\n", []),
    (
        "go",
        "package p\n\n// foundation: ignore[a]\n// @retry(maxAttempts=500)\nfunc F() {}\n",
        [(("a",), 3, True)],
    ),
    ("go", "package p\n\n// @retry(a=1) // foundation: ignore[a]\nfunc F() {}\n", [(("a",), 2, False)]),
    ("go", "package p\n\n/* foundation: ignore[a] */ func F() {}\n", [(("a",), 2, False)]),
    ("go", "package p\n\n/* foundation: ignore[a] */\nfunc F() {}\n", [(("a",), 3, True)]),
    ("go", "package p\n\nvar s = `\n// foundation: ignore[a]\n`\n", []),
    ("rust", "// foundation: ignore[a]\n#[retry]\nfn f() {}\n", [(("a",), 1, True)]),
    ("rust", "fn f() {} /* foundation: ignore */\n", [((), 0, False)]),
    ("rust", "/// foundation: ignore[a]\nfn f() {}\n", [(("a",), 1, True)]),
    ("rust", 'const S: &str = "// foundation: ignore[a]";\n', []),
    ("ruby", "Foundation.retry(a: 1) { x } # foundation: ignore[a]\n", [(("a",), 0, False)]),
    ("ruby", "# foundation: ignore[a]\nFoundation.retry { x }\n", [(("a",), 1, True)]),
    ("ruby", 's = "# foundation: ignore[a]"\n', []),
    ("ruby", "=begin\nfoundation: ignore[a]\n=end\n", []),
]


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("language", "source", "expected"), CASES)
def test_suppressions(language, source, expected, eol) -> None:
    text = source.replace("\n", eol).encode()
    found = find_suppressions(parse(text, LanguageId(language)))
    assert [(s.codes, s.line, s.stands_alone) for s in found] == expected
    for suppression in found:
        assert text[suppression.range.start :].startswith(b"foundation:")
        assert tuple(text[r.start : r.end].decode() for r in suppression.code_ranges) == suppression.codes


def test_broken_code_and_non_ascii_text_around() -> None:
    source = "def f(:\n  😀 = = 1  # foundation: ignore[größe]\n".encode()
    (found,) = find_suppressions(parse(source, LanguageId.PYTHON))
    assert found.codes == ("größe",)
    assert found.line == 1
