"""A call, and the answers that differ, as a person reads them: in the words of the source's language."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from foundation_specs.model import LanguageId

from foundation_engine.verify.cases import Case, Plan

_LONGEST = 200
_OF_A_FUNCTION = 3
_SHOWN = 8
# What each language calls nothing, true and false.
_WORDS: Mapping[LanguageId, Mapping[bool | None, str]] = {
    LanguageId.PYTHON: {None: "None", True: "True", False: "False"},
    LanguageId.GO: {None: "nil", True: "true", False: "false"},
    LanguageId.RUBY: {None: "nil", True: "true", False: "false"},
    LanguageId.RUST: {None: "None", True: "true", False: "false"},
}
# The name of a case's test: how those of its function begin, and its number.
_NUMBERED = re.compile(r"(.+?[/_])(?:case_)?(\d+)")
# Where a test of the port stands says nothing to somebody who has not got that test.
_PLACE = re.compile(r"\b(?:\w+_test\.(?:go|rb)|(?:test_)?\w+\.py|(?:tests/)?\w+\.rs):\d+(?::\d+)?: ?")

# What test frameworks say around the two answers.
_NOISE = (
    (re.compile(r"thread '[^']*' (?:\(\d+\) )?panicked at "), ""),
    (re.compile(r" note: run with `RUST_BACKTRACE=1`.*"), ""),
    (re.compile(r"assertion `left == right` failed(?:: (.*?))? left: (.*) right: "), r"\1 got \2, want "),
    (re.compile(r"^AssertionError: "), ""),
    (re.compile(r"(?:\[\])+(?:interface \{\}|\w+)\{"), "{"),
)


def call_text(plan: Plan, language: LanguageId) -> str:
    """A call such as `Cart(items=[]).add("tea", 2)`, how often it is made, and what it finds around it."""
    args = ", ".join(value_text(a, language) for a in plan.args)
    made = (
        f"{_made(plan.cls, dict(plan.object), language)}." if plan.object else f"{plan.cls}." * bool(plan.cls)
    )
    text = f"{made}{plan.function}({args})"
    if plan.repeat > 1:
        text += f", call 1 to {plan.repeat}"
    if plan.advance:
        text += f", {plan.advance / 1e9:g} s apart"
    around = {k: v for k, v in (plan.world or {}).items() if v}
    if around:
        text += f", where {json.dumps(around, ensure_ascii=False)}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def value_text(v: Any, language: LanguageId) -> str:
    """A value in neutral form."""
    words = _WORDS[language]
    match v:
        case None | bool():
            return words[v]
        case str():
            return json.dumps(v, ensure_ascii=False)
        case {"float": text}:
            return str(text)
        case {"list": items}:
            return f"[{_listed(items, language)}]"
        case {"tuple": items}:
            return f"({_listed(items, language)})"
        case {"set": items}:
            return f"{{{_listed(items, language)}}}"
        case {"dict": pairs}:
            inner = ", ".join(f"{value_text(k, language)}: {value_text(w, language)}" for k, w in pairs)
            return f"{{{inner}}}"
        case {"bytes": items}:
            return f"bytes [{_listed(items, language)}]"
        case {"enum": [cls, member]}:
            return f"{cls}.{member}"
        case {"object": {"class": cls, "fields": fields}} | {"made": [cls, fields]}:
            return _made(cls, fields, language)
        case {"fake": {"name": name, "methods": methods}}:
            said = "; ".join(
                f"{f'{m} ' if m else ''}{_answers(outcomes, language)}" for m, outcomes in methods.items()
            )
            return f"<a {name} whose {said}>" if any(methods) else f"<a {name} that {said}>"
        case _:
            return json.dumps(v, ensure_ascii=False)


def _listed(items: Iterable[Any], language: LanguageId) -> str:
    return ", ".join(value_text(i, language) for i in items)


def _made(cls: str, fields: Mapping[str, Any], language: LanguageId) -> str:
    return f"{cls}({', '.join(f'{k}={value_text(v, language)}' for k, v in fields.items())})"


def _answers(outcomes: Sequence[Mapping[str, Any]], language: LanguageId) -> str:
    """What a fake does call after call; the last repeats."""
    said = [
        f"fails with {o['error']}" if "error" in o else f"gives {value_text(o.get('value'), language)}"
        for o in outcomes
    ]
    return ", then ".join(said)


def named(
    cases: Iterable[Case], prefix: str, begin: Callable[[str], str], names: Iterable[str]
) -> dict[str, Case]:
    """The cases of a test file by the names that their tests have.

    `begin` tells how the names of a function's tests begin, which end in a number, `prefix` what stands before them in
    this file; `names` are the tests that ran.
    """
    numbered: dict[str, list[Case]] = {}
    for c in cases:
        own = f"{c.plan.cls}.{c.plan.function}" if c.plan.cls else c.plan.function
        numbered.setdefault(begin(own), []).append(c)
    out: dict[str, Case] = {}
    for name in names:
        found = (
            _NUMBERED.fullmatch(name.removeprefix(prefix).removeprefix("_"))
            if name.startswith(prefix)
            else None
        )
        mine = numbered.get(found[1], []) if found is not None else []
        if found is not None and 0 < int(found[2]) <= len(mine):
            out[name] = mine[int(found[2]) - 1]
    return out


def differing(failed: Mapping[str, str], cases: Mapping[str, Case], language: LanguageId) -> str:
    """One line for each case that differs: the call and both answers, of a function only the first few.

    `failed` has what the test of a case says, `cases` the case, by the test's name.
    """
    lines: list[str] = []
    counts: dict[str, int] = {}
    for name, said in failed.items():
        case = cases.get(name)
        found = _NUMBERED.fullmatch(name)
        function = (
            case.plan.function if case is not None else found[1].rstrip("/_") if found is not None else name
        )
        counts[function] = counts.get(function, 0) + 1
        if counts[function] <= _OF_A_FUNCTION and len(lines) < _SHOWN:
            call = call_text(case.plan, language) if case is not None else name
            lines.append(f"{call}: {_answer(said)}")
    if len(failed) > len(lines):
        all_of = (f"{n} {'call' if n == 1 else 'calls'} of {f}" for f, n in counts.items())
        lines.append(f"in all: {', '.join(all_of)}")
    return "\n".join(lines)


def _answer(said: str) -> str:
    for noise, left in _NOISE:
        said = noise.sub(left, said)
    parts = [p.strip() for p in _PLACE.split(said)]
    return "; ".join(p for p in parts if p) or "it differs"
