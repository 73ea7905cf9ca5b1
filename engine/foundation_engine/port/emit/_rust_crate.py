"""A package as a crate: a module per source file, each with the names that it takes from the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from foundation_engine.port import ir
from foundation_engine.port.emit._files import stems
from foundation_engine.port.emit._rust_words import KEYWORDS

# Texts and comments, in which a name is only a word.
_TEXT = re.compile(r'"(?:\\.|[^"\\])*"|//.*$', re.MULTILINE)
_ITEM = re.compile(
    r"^(?:pub(?:\(crate\))? )?(?:async )?(?:fn|struct|enum|trait|const|static|type) (?:r#)?(\w+)",
    re.MULTILINE,
)
_PRIVATE = re.compile(r"^(?=(?:async )?(?:fn|struct|enum|trait|const|static|type) )")


def module_names(module: ir.Module) -> dict[str, str]:
    """The name of the module that each source file becomes, by its path; "" is what they share."""
    return stems(module, lambda stem: stem in KEYWORDS or stem in ("lib", "main", "mod", "tests"))


def crate(
    module: ir.Module, parts: Mapping[str, list[str]], imports: Callable[[str], list[str]]
) -> tuple[str, dict[str, str]]:
    """The crate's root and its modules by path; `imports` gives the `use` lines that a text needs from elsewhere."""
    names = module_names(module)
    texts = {p: "\n".join(_shared(lines)) for p, lines in parts.items()}
    words = {p: _TEXT.sub("", text) for p, text in texts.items()}
    items = {item: p for p, text in words.items() for item in _ITEM.findall(text)}
    docs = {f.path: f.doc for f in module.files if not f.main}
    out: dict[str, str] = {}
    for p, text in texts.items():
        taken: dict[str, set[str]] = {}
        for item, home in items.items():
            if home != p and _mentions(words[p], item):
                taken.setdefault(names[home], set()).add(item)
        lines = [f"//! {line}".rstrip() for line in docs.get(p, "" if p else _SHARED).splitlines()]
        used = imports(words[p])
        mine = [
            f"use crate::{name}::{next(iter(found)) if len(found) == 1 else '{' + ', '.join(sorted(found)) + '}'};"
            for name, found in sorted(taken.items())
        ]
        for block in (used, mine):
            lines.extend(["", *block] if block else [])
        out[p] = "\n".join([*lines, "", text]).strip() + "\n"
    root = [f"//! {line}".rstrip() for line in module.doc.splitlines()]
    modules = sorted(names[p] for p in out)
    root += ["", *(f"mod {name};" for name in modules), "", *(f"pub use {name}::*;" for name in modules)]
    return "\n".join(root).strip() + "\n", out


_SHARED = "What the modules of the crate share."


def _mentions(text: str, item: str) -> bool:
    """True when the text uses an item of another module by its name, which may be a variable's elsewhere."""
    if not re.search(rf"(?<![.\w]){item}\b", text):
        return False
    if re.search(rf"(?<![.\w]){item}[(!<]|(?<![.\w]){item}::", text) or not item[:1].islower():
        return True
    return not re.search(rf"\blet (?:mut )?{item}\b|[(,|]\s*(?:mut )?{item}\s*[:,|]", text)


def _shared(lines: Iterable[str]) -> list[str]:
    """The lines with items, fields and methods that the whole crate can use."""
    out: list[str] = []
    inside = ""
    for line in lines:
        if line.startswith("}"):
            inside = ""
        elif re.match(r"(?:pub )?struct \w+(?:<.*>)? \{$", line):
            inside = "struct"
        elif re.match(r"impl(?:<.*>)? \w+(?:<.*>)? \{$", line):
            inside = "impl"
        private = {"struct": r"    [a-z_]\w*: ", "impl": r"    (?:async )?fn "}.get(inside)
        if private is not None and re.match(private, line):
            line = f"    pub(crate) {line.strip()}"
        out.append(_PRIVATE.sub("pub(crate) ", line))
    return out
