"""What is being typed at an offset: an annotation's name, a parameter, or a parameter's value, in code that is broken.

A tree does not help while an argument list is open, so the text before the caret is read: the nearest call whose
parenthesis is still open decides. The tree only resolves the call's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from foundation_specs.model import LanguageId

from foundation_grammars._reading import Shape, line_before, snake_case
from foundation_grammars.occurrence import ByteRange, OccurrenceForm
from foundation_grammars.query import (
    PATTERN_IDS,
    named_export,
    pattern_hints,
    pattern_query,
    pattern_words,
    reader_for,
)
from foundation_grammars.tree import SyntaxNode, SyntaxTree

# How far back an argument list is looked for, and how far on the rest of it is read.
_WINDOW = 8_000
_AHEAD = 2_000


class Place(StrEnum):
    """What stands at the caret."""

    FORM = "form"  # the name of an annotation, attribute or `Foundation.` method: `@re`, `// @re`, `#[re`
    PARAMETER = "parameter"  # the name of an argument, an option function or a builder step
    VALUE = "value"  # the value of `parameter`


@dataclass(frozen=True, slots=True)
class CompletionContext:
    """The caret's place inside a surface form.

    `prefix` is what is already typed of the word at the caret and `prefix_range` the whole word, which a completion
    replaces. `parameter` is the id, in snake_case, of the parameter whose value is being typed, `spelled` the name as
    written. `given` are the parameters that the list holds already, `position` the index of the argument at the caret.
    `qualifier` is the Go package name that options carry (`resilience`), or the receiver before a step. `nested` is
    True inside a policy literal. At `Place.FORM` only language, form, prefix and qualifier are set.
    """

    place: Place
    language: LanguageId
    form: OccurrenceForm
    prefix: str
    prefix_range: ByteRange
    pattern_id: str = ""
    dialect: str = ""
    symbol: str = ""
    parameter: str = ""
    spelled: str = ""
    given: tuple[str, ...] = ()
    position: int = 0
    qualifier: str = ""
    nested: bool = False
    in_string: bool = False
    name_range: ByteRange | None = None
    arguments_range: ByteRange | None = None
    imported: bool = True


_STRINGS = {
    LanguageId.PYTHON: rb"""[rbufRBUF]{0,2}(?:"""
    rb"""\"\"\".*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)|"(?:[^"\\\n]|\\.)*(?:"|(?=\n)|\Z)|'(?:[^'\\\n]|\\.)*(?:'|(?=\n)|\Z))""",
    LanguageId.GO: rb""""(?:[^"\\\n]|\\.)*(?:"|(?=\n)|\Z)|`[^`]*(?:`|\Z)|'(?:[^'\\\n]|\\.)*'""",
    LanguageId.RUST: rb"""b?r\#*".*?(?:"\#*|\Z)|b?"(?:[^"\\]|\\.)*(?:"|\Z)|'(?:[^'\\\n]|\\[^\n]{1,8})'""",
    LanguageId.RUBY: rb""""(?:[^"\\\n]|\\.)*(?:"|(?=\n)|\Z)|'(?:[^'\\\n]|\\.)*(?:'|(?=\n)|\Z)""",
}
_COMMENTS = {
    LanguageId.PYTHON: rb"\#[^\n]*",
    LanguageId.GO: rb"//[^\n]*|/\*.*?(?:\*/|\Z)",
    LanguageId.RUST: rb"//[^\n]*|/\*.*?(?:\*/|\Z)",
    LanguageId.RUBY: rb"\#[^\n{]*",
}
_WORD = rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*"
_HEADS = {
    LanguageId.PYTHON: re.compile(rb"(@[ \t]*)?(" + _WORD + rb"(?:\." + _WORD + rb")*)[ \t]*\("),
    LanguageId.GO: re.compile(
        rb"(//[ \t]*@)?(" + _WORD + rb"(?:\." + _WORD + rb")?)(?:\[[^\[\]\n]*\])?[ \t]*(\(|\{)"
    ),
    LanguageId.RUST: re.compile(rb"(\#!?\[[ \t]*)?(" + _WORD + rb"(?:::" + _WORD + rb")*)[ \t]*\("),
    LanguageId.RUBY: re.compile(
        rb"((?:::)?[A-Z]\w*(?:::[A-Z]\w*)*[ \t]*&?\.[ \t]*)?([a-z_]\w*[?!]?)[ \t]*\("
    ),
}
_FORMS = {
    LanguageId.PYTHON: (re.compile(rb"^[ \t]*@[ \t]*((?:\w+\.)*)(\w*)$"), OccurrenceForm.DECORATOR),
    LanguageId.GO: (re.compile(rb"^[ \t]*//[ \t]*@()(\w*)$"), OccurrenceForm.ANNOTATION),
    LanguageId.RUST: (re.compile(rb"^[ \t]*\#\[[ \t]*((?:\w+::)*)(\w*)$"), OccurrenceForm.MACRO),
    LanguageId.RUBY: (re.compile(rb"(?:^|[^\w:.])((?:::)?Foundation)\.(\w*)$"), OccurrenceForm.BLOCK),
}
_GAP = rb"(?:\s|\#[^\n]*(?:\n|$)|//[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/)*"
_NAMED = {
    LanguageId.PYTHON: re.compile(_GAP + rb"(" + _WORD + rb")[ \t]*=(?!=)\s*"),
    LanguageId.GO: re.compile(_GAP + rb"(" + _WORD + rb")[ \t]*(?:=(?!=)|:)\s*"),
    LanguageId.RUST: re.compile(_GAP + rb"(" + _WORD + rb")[ \t]*=(?!=)\s*"),
    LanguageId.RUBY: re.compile(_GAP + rb"(?:(" + _WORD + rb"):(?!:)|:(" + _WORD + rb")[ \t]*=>)\s*"),
}
_DEFINES = re.compile(rb"\b(?:def|class|func|fn)[ \t]+$")
_LAST_WORD = re.compile(rb"(?:" + _WORD + rb")?$")
_NEXT_WORD = re.compile(rb"[\w\x80-\xff]*")
_STEP = re.compile(rb"\s*\.\s*(" + _WORD + rb")?")


@cache
def _tokens(language: LanguageId) -> re.Pattern[bytes]:
    return re.compile(
        rb"(?P<comment>" + _COMMENTS[language] + rb")|(?P<string>" + _STRINGS[language] + rb")"
        rb"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comma>,)",
        re.DOTALL,
    )


@dataclass(frozen=True, slots=True)
class _List:
    """An argument list read up to the caret: where the current argument starts, how deep, inside which string."""

    argument_start: int
    position: int
    depth: int
    string_start: int | None
    starts: tuple[int, ...]


def completion_context(tree: SyntaxTree, offset: int) -> CompletionContext | None:
    """The caret's place in a surface form, or None when it is in none; never raises on broken code."""
    offset = max(0, min(offset, len(tree.lines)))
    return _builder_step(tree, offset) or _inside_list(tree, offset) or _form_start(tree, offset)


# -- the name of a form


def _form_start(tree: SyntaxTree, offset: int) -> CompletionContext | None:
    pattern, form = _FORMS[tree.language]
    text = tree.lines
    line_start = max(text.rfind(b"\n", 0, offset), text.rfind(b"\r", 0, offset)) + 1
    match = pattern.search(text[line_start:offset])
    if match is None or _in_text(tree, line_start + match.start(2), form):
        return None
    prefix_start = line_start + match.start(2)
    return CompletionContext(
        place=Place.FORM,
        language=tree.language,
        form=form,
        prefix=match.group(2).decode("utf-8", "replace"),
        prefix_range=ByteRange(prefix_start, _word_end(text, offset)),
        qualifier=match.group(1).decode("utf-8", "replace").rstrip(".:"),
    )


def _in_text(tree: SyntaxTree, offset: int, form: OccurrenceForm) -> bool:
    """True inside a string or an ordinary comment, where nothing is a form; Go's annotations live in comments."""
    if form is OccurrenceForm.ANNOTATION:
        return False
    node = tree.root.descendant_for_byte_range(max(0, offset - 1), offset)
    while node is not None:
        if node.type in ("interpolation", "block", "module", "program", "source_file"):
            return False
        if "string" in node.type or "comment" in node.type or node.type == "heredoc_body":
            return True
        node = node.parent
    return False


# -- inside an argument list


def _inside_list(tree: SyntaxTree, offset: int) -> CompletionContext | None:
    text = tree.lines
    begin = max(0, offset - _WINDOW)
    heads = list(_HEADS[tree.language].finditer(text, begin, offset))
    inner: _Inner | None = None
    for head in reversed(heads):
        annotated = head.group(1) is not None and tree.language is LanguageId.GO
        source = _unmarked(text, head.start(), offset) if annotated else text
        opening = head.end() - 1
        read = _read_list(source, opening, offset, tree.language)
        if read is None:
            continue
        found = _named_form(tree, head)
        if found is None:
            step = _builder_step(tree, head.end(2)) if tree.language is LanguageId.RUST else None
            if step is not None:
                return _step_value(tree, step, head, read, offset)
            inner = inner or _Inner(head, read)
            continue
        return _in_form(tree, source, head, read, found, inner, offset)
    return None


@dataclass(frozen=True, slots=True)
class _Inner:
    """The innermost open call, when it is not itself a form: an option function or any other call."""

    head: re.Match[bytes]
    read: _List


@dataclass(frozen=True, slots=True)
class _Form:
    pattern_id: str
    dialect: str
    symbol: str
    shape: Shape
    imported: bool
    name_range: ByteRange
    qualifier: str = ""


def _unmarked(text: bytes, start: int, end: int) -> bytes:
    """The text with the comment marks of a Go annotation's lines blanked; the same length."""
    blanked = re.sub(rb"(^|\n)([ \t]*)//", lambda m: m.group(1) + m.group(2) + b"  ", text[start:end])
    return text[:start] + blanked + text[end:]


def _read_list(text: bytes, opening: int, offset: int, language: LanguageId) -> _List | None:
    """Read from the bracket at `opening` to the caret; None when the bracket closes before it."""
    depth = 0
    starts = [opening + 1]
    string_start: int | None = None
    for token in _tokens(language).finditer(text, opening, offset):
        if token.lastgroup == "open":
            depth += 1
        elif token.lastgroup == "close":
            depth -= 1
            if depth == 0:
                return None
        elif token.lastgroup == "comma" and depth == 1:
            starts.append(token.end())
        elif token.end() == offset:
            if token.lastgroup == "comment":
                return None
            quote = text[token.end() - 1 : token.end()]
            closed = len(token.group().lstrip(b"rbufRBUF")) > 1 and quote in (b'"', b"'", b"`")
            string_start = None if closed else token.start()
    return _List(starts[-1], len(starts) - 1, depth, string_start, tuple(starts))


def _named_form(tree: SyntaxTree, head: re.Match[bytes]) -> _Form | None:
    """The pattern that a call's name stands for."""
    text = tree.lines
    mark, spelled = head.group(1), head.group(2).decode("utf-8", "replace")
    name_range = ByteRange(
        head.start(2) + max(head.group(2).rfind(b"."), head.group(2).rfind(b":")) + 1, head.end(2)
    )
    language = tree.language
    if language is LanguageId.GO and mark is not None:
        for pattern_id in PATTERN_IDS:
            if head.group(2) not in pattern_hints(language, pattern_id):
                continue
            for shape in pattern_query(language, pattern_id).shapes:
                if shape.form == "annotation" and shape.positional == (spelled,):
                    return _Form(
                        pattern_id, "foundation", "", replace(shape, positional=()), True, name_range
                    )
        return None
    if language is LanguageId.RUBY and spelled == "retry" and mark is None:
        for shape in pattern_query(language, "retry_with_backoff").shapes:
            if shape.malformed and text[max(0, head.start(2) - 1) : head.start(2)] not in (b".", b":", b"_"):
                return _Form("retry_with_backoff", "foundation", "Foundation.retry", shape, True, name_range)
    if _DEFINES.search(line_before(text, head.start())):
        return None
    node = tree.root.descendant_for_byte_range(head.start(2), head.end(2))
    if node is None or _in_text(tree, head.start(2) + 1, OccurrenceForm.CALL):
        return None
    if language is LanguageId.RUBY:
        spelled = (mark or b"").decode("utf-8", "replace") + spelled
        if spelled.endswith(".new"):
            name_range = ByteRange(head.start(1), head.end(1))
    return _resolved(tree, node, mark is not None, spelled, name_range)


def _resolved(
    tree: SyntaxTree, node: SyntaxNode, marked: bool, spelled: str, name_range: ByteRange
) -> _Form | None:
    reader = reader_for(tree)
    language = tree.language
    segments = {segment.encode() for segment in re.findall(r"\w+", spelled)}
    for pattern_id in PATTERN_IDS:
        # Compiling the query of a pattern whose names are not spelled here would only cost time.
        if not segments & pattern_words(tree, pattern_id):
            continue
        for shape in pattern_query(language, pattern_id).shapes:
            if (
                shape.form in ("import", "class", "annotation")
                or shape.malformed
                or shape.derives
                or shape.member
            ):
                continue
            annotates = shape.form in ("decorator", "macro")
            if language in (LanguageId.PYTHON, LanguageId.RUST) and marked != annotates:
                continue
            resolution = reader.spelled_path(spelled, node, shape)
            if resolution is None or not (resolution.imported or shape.unimported):
                continue
            named = named_export(language, resolution.path, shape.exports)
            if named is not None and (shape.positional or not _has_positional(language, pattern_id, shape)):
                qualifier = spelled.partition(".")[0] if language is LanguageId.GO and "." in spelled else ""
                return _Form(
                    pattern_id, named[0], named[1], shape, resolution.imported, name_range, qualifier
                )
    return None


def _has_positional(language: LanguageId, pattern_id: str, shape: Shape) -> bool:
    """True when the same exports have a shape with positional arguments: a decorator with parentheses has, bare not."""
    shapes = pattern_query(language, pattern_id).shapes
    return any(s.exports == shape.exports and s.form == shape.form and s.positional for s in shapes)


def _in_form(
    tree: SyntaxTree,
    source: bytes,
    head: re.Match[bytes],
    read: _List,
    form: _Form,
    inner: _Inner | None,
    offset: int,
) -> CompletionContext:
    text = tree.lines
    language = tree.language
    opening = head.end() - 1
    end = _list_end(text, opening, offset, language)
    given = _given(
        text if source is text else _unmarked(text, head.start(), end), opening, end, language, read
    )
    prefix_start = offset - len(_last_word(text, offset))
    base = CompletionContext(
        place=Place.PARAMETER,
        language=language,
        form=OccurrenceForm(form.shape.form),
        prefix=text[prefix_start:offset].decode("utf-8", "replace"),
        prefix_range=ByteRange(prefix_start, _word_end(text, offset)),
        pattern_id=form.pattern_id,
        dialect=form.dialect,
        symbol=form.symbol,
        given=given,
        position=read.position,
        qualifier=form.qualifier,
        name_range=form.name_range,
        arguments_range=ByteRange(opening + 1, end),
        imported=form.imported,
        in_string=read.string_start is not None,
    )
    if read.string_start is not None:
        opened = re.match(rb"[rbufRBUF]*(?:\"\"\"|'''|[\"'`])", source[read.string_start : offset])
        start = read.string_start + (opened.end() if opened is not None else 0)
        base = replace(
            base, prefix=text[start:offset].decode("utf-8", "replace"), prefix_range=ByteRange(start, offset)
        )
    if language is LanguageId.GO and form.shape.form != "annotation":
        return _go_option(tree, base, read, inner, form, offset)
    if language is LanguageId.RUST and form.shape.form == "constructor":
        return replace(base, place=Place.VALUE, parameter=_positional(form.shape, read.position))
    if inner is not None and _is_policy(inner.head) and inner.read.depth == 1:
        read, base = inner.read, replace(base, nested=True, position=inner.read.position)
        inner_end = _list_end(text, inner.head.end() - 1, offset, language)
        nested_given = _given(source, inner.head.end() - 1, inner_end, language, read)
        base = replace(base, given=(*given, *nested_given))
    elif inner is not None and inner.read.argument_start > read.argument_start:
        read = replace(read, depth=max(2, read.depth))
    return _named_argument(source, base, read, form.shape, offset)


def _named_argument(
    source: bytes, base: CompletionContext, read: _List, shape: Shape, offset: int
) -> CompletionContext:
    current = source[read.argument_start : offset]
    named = _NAMED[base.language].match(current)
    if named is not None:
        spelled = (named.group(1) or named.group(named.lastindex or 1)).decode("utf-8", "replace")
        return replace(base, place=Place.VALUE, parameter=snake_case(spelled), spelled=spelled)
    only_word = re.fullmatch(_GAP + rb"(?::?" + _WORD + rb")?", current) is not None
    if read.depth > 1 or read.string_start is not None or not only_word:
        return replace(base, place=Place.VALUE, parameter=_positional(shape, read.position))
    return base


def _go_option(
    tree: SyntaxTree,
    base: CompletionContext,
    read: _List,
    inner: _Inner | None,
    form: _Form,
    offset: int,
) -> CompletionContext:
    """`resilience.With` is the name of an option, `resilience.WithMaxAttempts(` the value of one."""
    text = tree.lines
    if inner is not None:
        option = re.fullmatch(rb"(?:\w+\.)?With(\w+)", inner.head.group(2))
        if option is not None and inner.head.group(3) == b"(":
            spelled = inner.head.group(2).rpartition(b".")[2].decode()
            return replace(base, place=Place.VALUE, parameter=snake_case(spelled[4:]), spelled=spelled)
        if _is_policy(inner.head) and inner.head.group(3) == b"{" and inner.read.depth == 1:
            nested = replace(base, nested=True, position=inner.read.position)
            return _named_argument(text, nested, inner.read, Shape("", ()), offset)
    if head_is_literal(text, form.name_range):
        return _named_argument(text, base, read, Shape("", ()), offset)
    current = text[read.argument_start : offset].strip()
    positional = _positional(form.shape, read.position)
    if read.depth > 1 or base.in_string or read.position < len(form.shape.positional):
        return replace(base, place=Place.VALUE, parameter=positional)
    qualified = re.fullmatch(rb"(" + _WORD + rb")\.(?:" + _WORD + rb")?", current)
    if qualified is not None:
        return replace(base, qualifier=qualified.group(1).decode("utf-8", "replace"), spelled="qualified")
    return base if re.fullmatch(rb"(?:" + _WORD + rb")?", current) else replace(base, place=Place.VALUE)


def head_is_literal(text: bytes, name_range: ByteRange) -> bool:
    """True for `RetryPolicy{`, whose fields are named with a colon."""
    return text[name_range.end : name_range.end + 2].lstrip()[:1] == b"{"


def _is_policy(head: re.Match[bytes]) -> bool:
    return head.group(2).endswith(b"Policy") or head.group(2).endswith(b"Policy::new")


def _positional(shape: Shape, position: int) -> str:
    names = shape.positional
    if position < len(names):
        return "" if names[position] == "_" else names[position].lstrip("*")
    return names[-1][1:] if names and names[-1].startswith("*") else ""


def _last_word(text: bytes, offset: int) -> bytes:
    match = _LAST_WORD.search(text[max(0, offset - 200) : offset])
    return match.group() if match is not None else b""


def _word_end(text: bytes, offset: int) -> int:
    match = _NEXT_WORD.match(text, offset)
    return match.end() if match is not None else offset


def _list_end(text: bytes, opening: int, offset: int, language: LanguageId) -> int:
    """Where the list closes; the end of the caret's line when it is still open, so that later code is left alone."""
    source = text
    if language is LanguageId.GO:
        line_start = text.rfind(b"\n", 0, opening) + 1
        if text[line_start:opening].lstrip().startswith(b"//"):
            source = _unmarked(text, line_start, min(len(text), offset + _AHEAD))
    depth = 0
    for token in _tokens(language).finditer(source, opening, min(len(text), offset + _AHEAD)):
        depth += {"open": 1, "close": -1}.get(token.lastgroup or "", 0)
        if depth == 0:
            return token.start()
    match = re.compile(rb"[^\r\n]*").match(text, offset)
    return match.end() if match is not None else offset


def _given(text: bytes, opening: int, end: int, language: LanguageId, read: _List) -> tuple[str, ...]:
    """The parameters that are named in the list, other than the one at the caret."""
    depth = 0
    starts = [opening + 1]
    for token in _tokens(language).finditer(text, opening, end):
        depth += {"open": 1, "close": -1}.get(token.lastgroup or "", 0)
        if token.lastgroup == "comma" and depth == 1:
            starts.append(token.end())
    found: list[str] = []
    for start in starts:
        if start == read.argument_start:
            continue
        option = re.compile(rb"\s*(?:\w+\.)?With(\w+)\(").match(text, start, end)
        named = _NAMED[language].match(text, start, end)
        if option is not None and language is LanguageId.GO:
            found.append(snake_case(option.group(1).decode("utf-8", "replace")))
        elif named is not None:
            name = named.group(1) or named.group(named.lastindex or 1)
            found.append(snake_case(name.decode("utf-8", "replace")))
    return tuple(dict.fromkeys(found))


# -- builder steps


def _step_value(
    tree: SyntaxTree, step: CompletionContext, head: re.Match[bytes], read: _List, offset: int
) -> CompletionContext:
    """`.max_attempts(`: the value of the parameter that the step is named after."""
    text = tree.lines
    start = offset - len(_last_word(text, offset))
    spelled = head.group(2).decode("utf-8", "replace")
    return replace(
        step,
        place=Place.VALUE,
        prefix=text[start:offset].decode("utf-8", "replace"),
        prefix_range=ByteRange(start, _word_end(text, offset)),
        parameter=spelled,
        spelled=spelled,
        in_string=read.string_start is not None,
        arguments_range=ByteRange(head.end(), _list_end(text, head.end() - 1, offset, tree.language)),
    )


def _builder_step(tree: SyntaxTree, offset: int) -> CompletionContext | None:
    """`RetryPolicy::new().max_attempts(3).ba`: the name of the next step of a Rust builder."""
    if tree.language is not LanguageId.RUST:
        return None
    text = tree.lines
    for head in reversed(list(_HEADS[LanguageId.RUST].finditer(text, max(0, offset - _WINDOW), offset))):
        if head.group(1) is not None or b"::" not in head.group(2):
            continue
        steps = _steps(text, head.end() - 1, offset)
        if steps is None:
            continue
        found = _named_form(tree, head)
        if found is None:
            continue
        given, start = steps
        return CompletionContext(
            place=Place.PARAMETER,
            language=tree.language,
            form=OccurrenceForm.CONSTRUCTOR,
            prefix=text[start:offset].decode("utf-8", "replace"),
            prefix_range=ByteRange(start, _word_end(text, offset)),
            pattern_id=found.pattern_id,
            dialect=found.dialect,
            symbol=found.symbol,
            given=given,
            position=len(given),
            name_range=found.name_range,
            imported=found.imported,
        )
    return None


def _steps(text: bytes, opening: int, offset: int) -> tuple[tuple[str, ...], int] | None:
    """The steps between a builder's head and the caret, and where the word at the caret starts."""
    given: list[str] = []
    position = opening
    while True:
        closes = _closes(text, position, offset)
        if closes is None:
            return None
        step = _STEP.match(text, closes + 1, offset)
        if step is None:
            return None
        if step.end() == offset:
            return tuple(given), step.start(1) if step.group(1) is not None else offset
        if step.group(1) is None or text[step.end() : step.end() + 1] != b"(":
            return None
        given.append(step.group(1).decode("utf-8", "replace"))
        position = step.end()


def _closes(text: bytes, opening: int, limit: int) -> int | None:
    depth = 0
    for token in _tokens(LanguageId.RUST).finditer(text, opening, limit):
        depth += {"open": 1, "close": -1}.get(token.lastgroup or "", 0)
        if depth == 0:
            return token.start()
    return None
