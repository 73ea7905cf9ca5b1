"""Regular expressions in the four targets: the constant that holds a pattern, and what is done with its matches."""

# ruff: noqa: S101 - assertions here narrow types that the representation guarantees.
from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from foundation_specs.model import LanguageId

from foundation_engine.port import ir
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.regex import Regex, parsed, ruby_options, template, written

if TYPE_CHECKING:
    from foundation_engine.port.emit._go_intrinsics import Operations as GoOperations
    from foundation_engine.port.emit._rust_operations import Operations as RustOperations
    from foundation_engine.port.emit.python import Emitter as PythonEmitter
    from foundation_engine.port.emit.ruby import Emitter as RubyEmitter

_REPLACING = frozenset({"regex.replace", "regex.replace_text", "regex.replace_with"})
# What the whole match of a pattern that ends with Python's `$` would wrongly hold.
_END = re.compile(r"\\n\?\)?\$")


def is_group(e: ir.Expr) -> bool:
    """True for a group's text."""
    return isinstance(e, ir.Intrinsic) and e.op == "regex.group" and e.type == ir.STR


def _regex(e: ir.Expr) -> Regex:
    assert isinstance(e.type, ir.RegexT | ir.MatchT)
    return parsed(e.type.pattern, e.type.flags)


def _number(e: ir.Expr) -> int:
    assert isinstance(e, ir.Lit)
    return int(e.value)


def _kept(module: ir.Module, t: ir.Type) -> bool:
    """True for a pattern of which some replacement must leave a last line feed alone."""
    return any(
        isinstance(n, ir.Intrinsic) and n.op in _REPLACING and n.args[0].type == t
        for d in module.definitions
        for n in ir.walk(d)
    )


def _text(module: ir.Module, e: ir.Expr, language: LanguageId) -> str:
    """The pattern of a constant as a language that cannot look ahead writes it."""
    regex = _regex(e)
    return written(regex.pattern, regex.flags, language, keep_end=_kept(module, e.type))


def _whole(e: ir.Expr, language: LanguageId) -> None:
    """Raise where the whole match would hold a line feed that Python's does not."""
    regex = _regex(e)
    if _END.search(written(regex.pattern, regex.flags, language)):
        raise Unsupported("the whole match of a regular expression that may end before a last line feed")


def _template(module: ir.Module, e: ir.Intrinsic, language: LanguageId) -> list[str | int]:
    """A replacement, with the groups that keep a last line feed behind it."""
    given = e.args[2]
    assert isinstance(given, ir.Lit)
    return [*template(given.value, _regex(e.args[0])), *_ends(module, e, language)]


def _ends(module: ir.Module, e: ir.Intrinsic, language: LanguageId) -> Sequence[int]:
    before = len(_regex(e.args[0]).groups)
    count = len(_END.findall(_text(module, e.args[0], language)))
    return range(before + 1, before + count + 1)


def _only_whole(f: ir.Lambda) -> bool:
    """True for a function of a match that looks at nothing but the match's whole text."""
    name = f.params[0].name
    nodes = list(ir.walk(f.body))
    uses = sum(isinstance(n, ir.Name) and n.id == name for n in nodes)
    return uses == sum(
        isinstance(n, ir.Intrinsic)
        and n.op == "regex.group"
        and isinstance(n.args[0], ir.Name)
        and n.args[0].id == name
        and _number(n.args[1]) == 0
        for n in nodes
    )


def _of_text(f: ir.Lambda) -> ir.Lambda:
    """The function of a match as one of the match's whole text."""
    name = f.params[0].name
    return ir.Lambda([ir.Param(name, ir.STR)], f.body, type=f.type)


def _is_text(match: ir.Expr, name: str) -> bool:
    return isinstance(match, ir.Name) and match.id == name


def go(at: GoOperations, e: ir.Intrinsic) -> str:
    """An operation in Go, over the strings of a match or nil."""
    from foundation_engine.port.emit.go import go_string

    module, args = at.go.module, e.args
    if e.op == "regex.compile":
        at.use("regexp")
        text = _text(module, e, LanguageId.GO)
        if r"\b" in text or r"\B" in text:
            at.go.differ(
                "A word in a regular expression ends at what is no ASCII letter, digit or underscore."
            )
        return f"regexp.MustCompile({go_string(text)})"
    if e.op in ("regex.group", "regex.group_text"):
        number = _number(args[1])
        if _is_text(args[0], at.matched):
            return at.x(ir.Name(at.matched, type=ir.STR))
        if number == 0:
            _whole(args[0], LanguageId.GO)
        text = f"{at.x(args[0], 7)}[{number}]"
        if e.op == "regex.group_text" or e.type == ir.STR:
            return text
        if _regex(args[0]).groups[number - 1].empty:
            raise Unsupported("a group that may be empty or missing, which Go does not tell apart")
        return f"{at.helper('nonEmpty')}({text})"
    regex, text = at.x(args[0], 7), at.x(args[1])
    match e.op:
        case "regex.test":
            return f"{regex}.MatchString({text})"
        case "regex.search":
            return f"{regex}.FindStringSubmatch({text})"
        case "regex.matches":
            return f"{regex}.FindAllStringSubmatch({text}, -1)"
        case "regex.find_all":
            _whole(args[0], LanguageId.GO)
            return f"{regex}.FindAllString({text}, -1)"
        case "regex.split":
            _whole(args[0], LanguageId.GO)
            most = _number(args[2])
            return f"{regex}.Split({text}, {most + 1 if most else -1})"
        case "regex.replace" | "regex.replace_text":
            if _number(args[3]):
                raise Unsupported("a replacement of the first matches only")
            if e.op == "regex.replace_text":
                _whole(args[0], LanguageId.GO)
                return f"{regex}.ReplaceAllLiteralString({text}, {at.x(args[2])})"
            parts = _template(module, e, LanguageId.GO)
            made = "".join(p.replace("$", "$$") if isinstance(p, str) else f"${{{p}}}" for p in parts)
            return f"{regex}.ReplaceAllString({text}, {go_string(made)})"
        case "regex.replace_with":
            _whole(args[0], LanguageId.GO)
            given = args[2]
            assert isinstance(given, ir.Lambda)
            if not _only_whole(given):
                return f"{at.helper('replaceMatches')}({regex}, {text}, {at.x(given)})"
            at.matched = given.params[0].name
            made = at.x(_of_text(given))
            at.matched = ""
            return f"{regex}.ReplaceAllStringFunc({text}, {made})"
        case _:
            raise Unsupported(f"operation {e.op} in Go")


def rust(at: RustOperations, e: ir.Intrinsic) -> str:
    """An operation in Rust, over `regex::Captures`."""
    from foundation_engine.port.emit._rust_words import rust_string

    module, args = at.rust.module, e.args
    if e.op == "regex.compile":
        at.rust.uses.add("regex::Regex")
        text = _text(module, e, LanguageId.RUST)
        if '"' in text:
            shown = f'r#"{text}"#' if '"#' not in text else rust_string(text)
        else:
            shown = f'r"{text}"'
        return f'Regex::new({shown}).expect("a regular expression")'
    if e.op in ("regex.group", "regex.group_text"):
        number = _number(args[1])
        if number == 0:
            _whole(args[0], LanguageId.RUST)
        found = at.place(args[0])
        if e.op == "regex.group_text":
            return f'{found}.get({number}).map_or("", |group| group.as_str())'
        if e.type == ir.STR:
            return f"{found}[{number}]"
        return f"{found}.get({number}).map(|group| group.as_str().to_string())"
    regex, text = at.place(args[0]), at.ref(args[1])
    match e.op:
        case "regex.test":
            return f"{regex}.is_match({text})"
        case "regex.search":
            return f"{regex}.captures({text})"
        case "regex.matches":
            return f"{regex}.captures_iter({text}).collect::<Vec<_>>()"
        case "regex.find_all":
            _whole(args[0], LanguageId.RUST)
            return f"{regex}.find_iter({text}).map(|found| found.as_str().to_string()).collect::<Vec<_>>()"
        case "regex.split":
            _whole(args[0], LanguageId.RUST)
            most = _number(args[2])
            parts = f"splitn({text}, {most + 1})" if most else f"split({text})"
            return f"{regex}.{parts}.map(str::to_string).collect::<Vec<_>>()"
        case "regex.replace" | "regex.replace_text":
            if e.op == "regex.replace_text":
                _whole(args[0], LanguageId.RUST)
                at.rust.uses.add("regex::NoExpand")
                made = f"NoExpand({at.ref(args[2])})"
            else:
                parts = _template(module, e, LanguageId.RUST)
                made = rust_string(
                    "".join(p.replace("$", "$$") if isinstance(p, str) else f"${{{p}}}" for p in parts)
                )
            count = _number(args[3])
            replaced = f"replacen({text}, {count}, {made})" if count else f"replace_all({text}, {made})"
            return f"{regex}.{replaced}.into_owned()"
        case "regex.replace_with":
            _whole(args[0], LanguageId.RUST)
            given = args[2]
            assert isinstance(given, ir.Lambda)
            at.rust.uses.add("regex::Captures")
            name = given.params[0]
            with at.closure([ir.VarTarget(name.name, type=name.type)]):
                shown = at.name(name.name)
                at.borrow({name.name})
                body = at.own(given.body)
            return f"{regex}.replace_all({text}, |{shown}: &Captures<'_>| {body}).into_owned()"
        case _:
            raise Unsupported(f"operation {e.op}", "", e.line)


def ruby(at: RubyEmitter, e: ir.Intrinsic) -> str:
    """An operation in Ruby, over `MatchData`."""
    args = e.args
    if e.op == "regex.compile":
        regex = _regex(e)
        text = written(regex.pattern, regex.flags, LanguageId.RUBY)
        return f"/{text}/{ruby_options(regex.flags)}"
    if e.op in ("regex.group", "regex.group_text"):
        number = _number(args[1])
        if _is_text(args[0], at.matched):
            return at.x(ir.Name(at.matched, type=ir.STR))
        text = (
            f"Regexp.last_match({number})"
            if _is_text(args[0], at.last_match)
            else f"{at.x(args[0], 14)}[{number}]"
        )
        return f"{text}.to_s" if e.op == "regex.group_text" else text
    regex, text = at.x(args[0], 14), at.x(args[1], 14)
    match e.op:
        case "regex.test":
            return f"{text}.match?({regex})"
        case "regex.search":
            return f"{regex}.match({at.x(args[1])})"
        case "regex.matches":
            return f"{text}.to_enum(:scan, {regex}).map {{ Regexp.last_match }}"
        case "regex.find_all":
            return f"{text}.scan({regex})"
        case "regex.split":
            most = _number(args[2])
            limit = f", {most + 1}" if most else ""
            return f"{at.helper('split_by')}({at.x(args[1])}, {regex}{limit})"
        case "regex.replace" | "regex.replace_text":
            count = _number(args[3])
            if count > 1:
                raise Unsupported("a replacement of the first matches only")
            method = "sub" if count else "gsub"
            if e.op == "regex.replace_text":
                return f"{text}.{method}({regex}) {{ {at.x(args[2])} }}"
            given = args[2]
            assert isinstance(given, ir.Lit)
            parts = template(given.value, _regex(args[0]))
            literal = "".join(p for p in parts if isinstance(p, str))
            if "\\" in literal or any(isinstance(p, int) and p > 9 for p in parts):
                raise Unsupported("a replacement with backslashes")
            if all(isinstance(p, str) for p in parts):
                return f"{text}.{method}({regex}, {at.x(ir.Lit(literal, type=ir.STR))})"
            made = "".join(p if isinstance(p, str) else f"\\{p}" for p in parts)
            return f"{text}.{method}({regex}, {at.x(ir.Lit(made, type=ir.STR))})"
        case "regex.replace_with":
            given = args[2]
            assert isinstance(given, ir.Lambda)
            name = given.params[0].name
            if _only_whole(given):
                at.matched = name
                shown = at.x(ir.Name(name, type=ir.STR))
                made = at.x(given.body)
                at.matched = ""
                return f"{text}.gsub({regex}) {{ |{shown}| {made} }}"
            at.last_match = name
            made = at.x(given.body)
            at.last_match = ""
            return f"{text}.gsub({regex}) {{ {made} }}"
        case _:
            raise Unsupported(f"operation {e.op}", "", e.line)


_PYTHON_FLAGS = {"i": "IGNORECASE", "m": "MULTILINE", "s": "DOTALL", "x": "VERBOSE", "a": "ASCII"}
_PYTHON_COMPARE, _PYTHON_OR, _PYTHON_PRIMARY = 6, 3, 15


def _python_string(text: str) -> str:
    raw = '"' not in text and "\\" in text and not text.endswith("\\") and text.isprintable()
    return f'r"{text}"' if raw else repr(text)


def python(at: PythonEmitter, e: ir.Intrinsic) -> tuple[str, int]:
    """An operation in Python, with how tightly it binds."""
    args = e.args
    if e.op == "regex.compile":
        at.python.imports.add("import re")
        regex = _regex(e)
        flags = " | ".join(f"re.{_PYTHON_FLAGS[f]}" for f in regex.flags)
        return f"re.compile({_python_string(regex.pattern)}{', ' + flags if flags else ''})", _PYTHON_PRIMARY
    if e.op in ("regex.group", "regex.group_text"):
        text = f"{at.x(args[0], _PYTHON_PRIMARY)}[{_number(args[1])}]"
        return (text, _PYTHON_PRIMARY) if e.op == "regex.group" else (f'{text} or ""', _PYTHON_OR)
    regex, text = at.x(args[0], _PYTHON_PRIMARY), at.x(args[1])
    match e.op:
        case "regex.test":
            return f"{regex}.search({text}) is not None", _PYTHON_COMPARE
        case "regex.search":
            return f"{regex}.search({text})", _PYTHON_PRIMARY
        case "regex.matches":
            return f"list({regex}.finditer({text}))", _PYTHON_PRIMARY
        case "regex.find_all":
            return f"{regex}.findall({text})", _PYTHON_PRIMARY
        case "regex.split":
            most = _number(args[2])
            return f"{regex}.split({text}{f', maxsplit={most}' if most else ''})", _PYTHON_PRIMARY
        case "regex.replace" | "regex.replace_text":
            given, count = args[2], _number(args[3])
            made = f"lambda _: {at.x(given)}"
            if e.op == "regex.replace":
                assert isinstance(given, ir.Lit)
                made = _python_string(given.value)
            return f"{regex}.sub({made}, {text}{f', count={count}' if count else ''})", _PYTHON_PRIMARY
        case "regex.replace_with":
            return f"{regex}.sub({at.x(args[2])}, {text})", _PYTHON_PRIMARY
        case _:
            raise Unsupported(f"operation {e.op}", "", e.line)
