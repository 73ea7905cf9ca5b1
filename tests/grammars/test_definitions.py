"""Definitions: names, nesting, doc comments and decorators in the four languages."""

from __future__ import annotations

from foundation_grammars.definitions import definitions
from foundation_grammars.tree import parse
from foundation_specs.model import LanguageId


def outline(source: str, language: LanguageId) -> list[tuple[str, str, str, str]]:
    return [(d.kind.value, d.container, d.name, d.doc) for d in definitions(parse(source.encode(), language))]


PYTHON = '''"""Module."""
# 😀
@retry(max_attempts=3)
@other
async def fetch(url):
    """Fetch it.

    More text.
    """
    def inner(): ...


class Client(Base):
    "One line."

    class Options:
        def check(self): ...

    def get(self):
        # not a docstring
        return 1
'''


def test_python() -> None:
    assert outline(PYTHON, LanguageId.PYTHON) == [
        ("function", "", "fetch", "Fetch it.\n\nMore text."),
        ("function", "", "inner", ""),
        ("class", "", "Client", "One line."),
        ("class", "Client", "Options", ""),
        ("method", "Client.Options", "check", ""),
        ("method", "Client", "get", ""),
    ]
    text = PYTHON.encode()
    fetch = definitions(parse(text, LanguageId.PYTHON))[0]
    assert fetch.is_async
    assert [text[r.start : r.end] for r in fetch.decorators] == [b"@retry(max_attempts=3)", b"@other"]
    assert text[fetch.range.start : fetch.range.start + 6] == b"@retry"
    assert text[fetch.body_range.start : fetch.body_range.start + 9] == b"async def"
    assert text[fetch.name_range.start : fetch.name_range.end] == b"fetch"
    assert fetch.doc_range is not None
    assert text[fetch.doc_range.start : fetch.doc_range.end].startswith(b'"""Fetch')


GO = """package p

// Fetch gets größe.
//
// It retries.
// @retry(maxAttempts=3,
//   baseDelay=1)
// foundation: ignore[a/b]
func Fetch() error { return nil }

var x = 1 // trailing
func (c *Client[T]) Get() {}

// apart

type Client struct{}
"""


def test_go() -> None:
    assert outline(GO, LanguageId.GO) == [
        ("function", "", "Fetch", "Fetch gets größe.\n\nIt retries."),
        ("method", "Client", "Get", ""),
        ("class", "", "Client", ""),
    ]
    fetch = definitions(parse(GO.encode(), LanguageId.GO))[0]
    assert len(fetch.decorators) == 1
    assert GO.encode()[fetch.range.start :].startswith(b"// Fetch")


RUST = """/// Fetches.
#[retry(max_attempts = 3)]
#[inline]
pub async fn fetch() {}

mod inner {
    impl<T> Client<T> {
        // Plain.
        fn get(&self) {}
    }
    trait Fetch { fn fetch(&self); }
}
"""


def test_rust() -> None:
    assert outline(RUST, LanguageId.RUST) == [
        ("function", "", "fetch", "Fetches."),
        ("module", "", "inner", ""),
        ("implementation", "", "Client<T>", ""),
        ("method", "Client<T>", "get", "Plain."),
        ("class", "", "Fetch", ""),
        ("method", "Fetch", "fetch", ""),
    ]
    fetch = definitions(parse(RUST.encode(), LanguageId.RUST))[0]
    assert fetch.is_async
    assert len(fetch.decorators) == 2


RUBY = """# Shop things.
module Shop
  class Client < Base
    # Gets it.
    # Twice.
    def get = 1

    def self.build; end
  end
end

def top; end
"""


def test_ruby() -> None:
    assert outline(RUBY, LanguageId.RUBY) == [
        ("module", "", "Shop", "Shop things."),
        ("class", "Shop", "Client", ""),
        ("method", "Shop.Client", "get", "Gets it.\nTwice."),
        ("method", "Shop.Client", "build", ""),
        ("function", "", "top", ""),
    ]


def test_broken_code_keeps_what_has_a_name() -> None:
    source = "def a(): pass\n\ndef b(:\n\ndef c():\n    pass\n"
    names = [name for _, _, name, _ in outline(source, LanguageId.PYTHON)]
    assert names[0] == "a"
    assert "c" in names
