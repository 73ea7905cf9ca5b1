"""RBS files: the types of methods, attributes and constants by the class or module that they are in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_MOST_FILES = 200
_MOST_BYTES = 1 << 20
ROOTS = ("Gemfile", ".git", "Steepfile", "Rakefile")


@dataclass
class Signatures:
    """Texts of RBS types. Methods by (path, name, on the class itself); attributes and constants by (path, name)."""

    methods: dict[tuple[str, str, bool], str] = field(default_factory=dict[tuple[str, str, bool], str])
    attributes: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    constants: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])


def read_signatures(text: str) -> Signatures:
    """The declarations of RBS text; a method with overloads and what is not understood are left out."""
    out = Signatures()
    path: list[str] = []
    lines = [line.split("#")[0].rstrip() for line in text.splitlines()]
    i = 0
    while i < len(lines):
        line = lines[i].strip()
        i += 1
        if m := re.match(r"(?:class|module|interface)\s+([A-Z_][\w:]*)", line):
            path.append(m[1])
        elif line == "end":
            if path:
                path.pop()
        elif m := re.match(r"def\s+(self\??\.)?([\w?!=\[\]<>+\-*/%~^&|]+)\s*:\s*(.+)$", line):
            written = m[3]
            while i < len(lines) and (written.count("(") > written.count(")") or "->" not in written):
                written += " " + lines[i].strip()
                i += 1
            overloaded = i < len(lines) and lines[i].strip().startswith("|")
            while i < len(lines) and lines[i].strip().startswith("|"):
                i += 1
            if not overloaded:
                owner = "::".join(path)
                for on_class in (True, False) if m[1] == "self?." else (bool(m[1]),):
                    out.methods[owner, m[2], on_class or not owner] = written
        elif m := re.match(r"attr_(?:reader|accessor|writer)\s+(\w+)\s*(?:\([^)]*\))?\s*:\s*(.+)$", line):
            out.attributes["::".join(path), m[1]] = m[2]
        elif m := re.match(r"@(\w+)\s*:\s*(.+)$", line):
            out.attributes.setdefault(("::".join(path), m[1]), m[2])
        elif m := re.match(r"([A-Z]\w*)\s*:\s*(.+)$", line):
            out.constants["::".join(path), m[1]] = m[2]
    return out


def signatures_beside(path: str) -> str:
    """The text of `sig/**/*.rbs` beside a source file or in a folder above it, up to the root of its project."""
    source = Path(path)
    folder = source.parent
    for _ in range(8):
        place = folder / "sig"
        if place.is_dir():
            return _read(place)
        if any((folder / mark).exists() for mark in ROOTS) or folder.parent == folder:
            return ""
        folder = folder.parent
    return ""


def _read(place: Path) -> str:
    texts: list[str] = []
    size = 0
    root = place.resolve()
    for file in sorted(place.rglob("*.rbs"))[:_MOST_FILES]:
        # A link that leads out of the folder is not followed.
        if not file.resolve().is_relative_to(root) or not file.is_file():
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        size += len(text)
        if size > _MOST_BYTES:
            break
        texts.append(text)
    return "\n".join(texts)
