"""What Go's compiler and vet refuse in a function: variables that nothing uses, statements that nothing reaches.

A source may assign what it never reads, and a statement that was not ported may have been a variable's only use. The
statements of one function are looked at as text, after everything that could use a variable has been written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

_TEXT = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`|\'(?:\\.|[^\'\\])+\'|//.*$')
_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
# Indentation, a keyword where the declaration belongs to a statement, the names, the operator and the rest.
_ASSIGNED = re.compile(
    r"^(\t*)((?:\} else )?(?:if|for|switch) )?([A-Za-z_]\w*(?:, [A-Za-z_]\w*)*) (:?=) (.*)$"
)
_DECLARED = re.compile(r"^(\t*)var ([A-Za-z_]\w*) ([^=]+?)(?: = (.+))?$")
_CHANGED = re.compile(r"^(\t*)([A-Za-z_]\w*) ?(?:(?:[-+*/%&|^]|<<|>>|&\^)= (.*)|\+\+|--)$")


def tidy(lines: list[str], parameters: Iterable[str]) -> list[str]:
    """The lines of a function's body without what nothing reaches and without variables that nothing uses.

    The values of those variables stay, because working them out may have an effect.
    """
    lines = _reached(part for whole in lines for part in whole.split("\n"))
    while unused := _unused(lines) - set(parameters):
        made = [line for old in lines if (line := _rewritten(old, unused)) is not None]
        if made == lines:
            break
        lines = made
    return _handed_on(_joined(_redeclared(lines, parameters)))


def _handed_on(lines: list[str]) -> list[str]:
    """The lines with `return f(x)` for a call whose value and error are only looked at to be returned."""
    words = Counter(w for line in lines for w in _WORD.findall(blanked(line)))
    out: list[str] = []
    for line in lines:
        if m := re.match(r"^(\t*)return (\w+), nil$", line):
            indent, name = m[1], m[2]
            called = re.match(rf"^{indent}{name}, err :?= ([^{{]*)$", out[-4]) if len(out) > 3 else None
            checked = [f"{indent}if err != nil {{", f"{indent}}}"] == [out[-3], out[-1]] if called else False
            left = re.match(rf"^{indent}\treturn [^,]+, err$", out[-2]) if checked else None
            if called and left and words[name] == 2:
                out[-4:] = [f"{indent}return {called[1]}"]
                continue
        out.append(line)
    return out


def _joined(lines: list[str]) -> list[str]:
    """The lines with `if _, ok := m[k]; !ok {` for a lookup of which only `ok` is asked, and only once."""
    words = Counter(w for line in lines for w in _WORD.findall(blanked(line)))
    out: list[str] = []
    for line in lines:
        asked = re.match(r"^(\t*)if !(\w+) \{$", line)
        known = f"{asked[1]}_, {asked[2]} := " if asked else ""
        if asked and words[asked[2]] == 2 and out and out[-1].startswith(known):
            line = f"{asked[1]}if {out.pop().strip()}; !{asked[2]} {{"
        out.append(line)
    return out


def _redeclared(lines: list[str], parameters: Iterable[str]) -> list[str]:
    """The lines with `=` for a `:=` whose names its block has declared already, which Go refuses."""
    out: list[str] = []
    scopes: dict[int, set[str]] = {1: set(parameters)}
    for line in (part for whole in lines for part in whole.split("\n")):
        code = blanked(line)
        depth = len(code) - len(code.lstrip("\t"))
        if code.strip():
            scopes = {d: names for d, names in scopes.items() if d <= depth}
        known = scopes.setdefault(depth, set())
        if m := _DECLARED.match(code):
            known.add(m[2])
        elif (m := _ASSIGNED.match(code)) and not m[2] and m[4] == ":=":
            names = set(m[3].split(", ")) - {"_"}
            if names <= known:
                line = f"{line[: m.start(4)]}={line[m.end(4) :]}"
            known |= names
        out.append(line)
    return out


def _reached(lines: Iterable[str]) -> list[str]:
    """The lines without what follows a hole in its block, and what follows branches that holes end as a comment.

    Who fills the holes in wants what follows the branches; until then vet refuses it.
    """
    out: list[str] = []
    ends: dict[int, str] = {}  # by depth, what the last statement there ends with: "", "leaves" or "hole"
    branches: dict[
        int, list[str]
    ] = {}  # by depth, the ends of the branches of an if statement, its test left out
    behind: tuple[int, list[str]] | None = None  # the depth and the lines of what is not reached
    for line in lines:
        code = blanked(line).rstrip()
        depth = len(line) - len(line.lstrip("\t"))
        if behind is not None:
            if not line or depth >= behind[0]:
                behind[1].append(line)
                continue
            out.extend(_set_aside(*behind))
            behind = None
        if not code.strip():
            # A comment stands with the statement below it.
            if line and ends.get(depth) == "hole":
                behind = (depth, [line])
            else:
                out.append(line)
            continue
        statement = code[depth:]
        if ends.get(depth) == "hole":
            behind = (depth, [line])
            continue
        last = ends.pop(depth + 1, "")
        if statement.startswith("if ") and statement.endswith("{"):
            branches[depth] = []
        elif statement.startswith("} else ") and depth in branches:
            branches[depth].append(last)
            if statement == "} else {":
                branches[depth].append("else")
        elif statement == "}" and (closed := branches.pop(depth, None)) is not None and "else" in closed:
            found = {*closed, last} - {"else"}
            ends[depth] = "" if "" in found else "hole" if "hole" in found else "leaves"
        else:
            ends[depth] = _end(line.lstrip("\t"))
        out.append(line)
    return [*out, *(_set_aside(*behind) if behind is not None else ())]


def _end(statement: str) -> str:
    if statement.startswith('panic("not ported'):
        return "hole"
    leaves = re.match(r"(return|panic|break|continue)\b", statement)
    return "leaves" if leaves else ""


def _set_aside(depth: int, lines: Sequence[str]) -> list[str]:
    """Statements that nothing reaches, as a comment; leaving the function there says nothing."""
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    if all(line.strip() in ("", "return", "return nil") for line in lines):
        return []
    indent = "\t" * depth
    shown = [f"{indent}//\t{line[depth:]}".rstrip() for line in lines]
    return [f"{indent}// Not reached while the branches above are not ported:", *shown]


def blanked(line: str) -> str:
    return _TEXT.sub(lambda m: " " * len(m[0]), line)


def _unused(lines: list[str]) -> set[str]:
    declared: set[str] = set()
    used: set[str] = set()
    for line in lines:
        code = blanked(line)
        if m := _DECLARED.match(code):
            declared.add(m[2])
            used.update(_WORD.findall(m[4] or ""))
        elif m := _ASSIGNED.match(code):
            if m[4] == ":=":
                declared.update(m[3].split(", "))
            used.update(_WORD.findall(m[5]))
        elif m := _CHANGED.match(code):
            used.update(_WORD.findall(m[3] or ""))
        else:
            used.update(_WORD.findall(code))
    return declared - used - {"_"}


def _rewritten(line: str, unused: set[str]) -> str | None:
    code = blanked(line)
    if m := _DECLARED.match(code):
        if m[2] not in unused:
            return line
        value = line[m.start(4) :] if m[4] else "nil"
        return None if value == "nil" else f"{m[1]}_ = {value}"
    if m := _ASSIGNED.match(code):
        names = ["_" if name in unused else name for name in m[3].split(", ")]
        if names == m[3].split(", "):
            return line
        rest = line[m.start(5) :]
        keyword = m[2] or ""
        if set(names) == {"_"}:
            if keyword == "for " and rest.startswith("range "):
                return f"{m[1]}for {rest}"
            if m[4] == "=" and rest == "nil":
                return None
            return f"{m[1]}{keyword}{', '.join(names)} = {rest}"
        if keyword == "for " and names[-1] == "_":
            names.pop()
        return f"{m[1]}{keyword}{', '.join(names)} {m[4]} {rest}"
    if (m := _CHANGED.match(code)) and m[2] in unused:
        return f"{m[1]}_ = {line[m.start(3) :]}" if m[3] else None
    return line
