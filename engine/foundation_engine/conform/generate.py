"""Generated cases: Hypothesis makes parameters and scripts, and every language must answer the same.

There is no oracle: the languages are compared with each other. A case on which they differ is shrunk and can
be saved as a suite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.errors import NoSuchExample

from foundation_engine.conform.cases import Case, suite_text
from foundation_engine.conform.compare import disagreement
from foundation_engine.conform.run import Prepare, ask_in_world
from foundation_engine.conform.testee import Answer, Testee
from foundation_engine.conform.world import ScriptedServer

_RETRIED = ("NetworkError", "TimeoutError", "ServiceUnavailable")
_FINAL = (
    "AuthenticationError",
    "ValidationError",
    "OtherError",
    "CancelledError",
    "CircuitOpenError",
    "ProgrammingError",
)
_LISTED = (
    *_RETRIED,
    "AuthenticationError",
    "ValidationError",
    "OtherError",
    "ProcessError",
    "HttpError",
    "Exception",
)
_RAISED = (*_RETRIED, *_FINAL, "ProcessTimeoutError", "RateLimitExceeded", "ConfigurationError")

_fractions = st.one_of(
    st.sampled_from((0, 1, 2**52, 2**53 - 1)), st.integers(min_value=0, max_value=2**53 - 1)
)
_jitter: st.SearchStrategy[Any] = st.one_of(
    st.booleans(),
    st.sampled_from(("none", "full", "equal", "symmetric")),
    st.fixed_dictionaries(
        {"kind": st.sampled_from(("none", "full", "equal", "symmetric"))},
        optional={"ratio": st.one_of(st.sampled_from((0, 1, 0.25)), st.floats(0, 1, allow_nan=False))},
    ),
)


def _seconds(high: float) -> st.SearchStrategy[float | int]:
    """Durations that users write, and doubles whose product with 1e9 is no whole number."""
    return st.one_of(
        st.integers(0, int(high)),
        st.sampled_from((0.1, 0.3, 0.05, 2.5e-9, 1.5e-9, 0.1 + 0.2)),
        st.floats(0, high, allow_nan=False, allow_subnormal=False),
    )


@st.composite
def _retry_cases(draw: st.DrawFn) -> dict[str, Any]:
    attempts = draw(st.integers(1, 12))
    outcome = st.one_of(
        st.sampled_from(("ok", *_RETRIED, *_RETRIED)),
        st.sampled_from(_RAISED),
        st.fixed_dictionaries(
            {"outcome": st.sampled_from(("ok", *_RETRIED)), "takes": st.integers(0, 5 * 10**9)}
        ),
    )
    given: dict[str, Any] = {
        "max_attempts": attempts,
        "outcomes": draw(st.lists(outcome, min_size=1, max_size=attempts + 1)),
        "random": draw(st.lists(_fractions, min_size=attempts, max_size=attempts)),
        "base_delay": draw(_seconds(300)),
        "jitter": draw(_jitter),
        "backoff_strategy": draw(st.sampled_from(("exponential", "linear", "fixed"))),
    }
    if draw(st.booleans()):
        given["max_delay"] = draw(_seconds(3600))
    if draw(st.integers(0, 3)) == 0:
        given["cancel_at"] = draw(st.integers(0, 10**10))
    for name in ("retryable", "non_retryable"):
        if draw(st.integers(0, 2)) == 0:
            given[name] = draw(st.lists(st.sampled_from(_LISTED), max_size=3, unique=True))
    return given


@st.composite
def _breaker_cases(draw: st.DrawFn) -> dict[str, Any]:
    steps: list[str] = []
    admitted: list[str] = []
    errors = (
        "NetworkError",
        "NetworkError",
        "TimeoutError",
        "OtherError",
        "ValidationError",
        "CancelledError",
        "ProgrammingError",
    )
    timeout = draw(st.sampled_from((0, 1, 10, 0.5)))
    # A `begin` may be refused, and an `end` of a refused call is no scenario: calls are begun only before
    # the first failure can
    # have tripped the breaker, or ended through `call`.
    for number in range(draw(st.integers(0, 4))):
        admitted.append(f"p{number}")
        steps.append(f"begin p{number}")
    for _ in range(draw(st.integers(1, 25))):
        kind = draw(st.integers(0, 9))
        if kind <= 3:
            steps.append(f"call {draw(st.sampled_from(errors))}")
        elif kind <= 5:
            steps.append("call ok")
        elif kind <= 7:
            exact = round(timeout * 10**9)
            step = st.sampled_from((1, max(exact - 1, 0), exact, exact + 1))
            steps.append(f"advance {draw(step)}")
        elif admitted and kind == 8:
            permit = admitted.pop(draw(st.integers(0, len(admitted) - 1)))
            steps.append(f"end {permit} {draw(st.sampled_from(('ok', *errors)))}")
        else:
            steps.append(draw(st.sampled_from(("reset", "state"))))
    return {
        "failure_threshold": draw(st.integers(1, 4)),
        "recovery_timeout": timeout,
        "half_open_max_calls": draw(st.integers(1, 3)),
        "success_threshold": draw(st.integers(1, 3)),
        "steps": steps,
        **({"expected": ["NetworkError"]} if draw(st.booleans()) else {}),
        **({"excluded": ["TimeoutError", "OtherError"]} if draw(st.booleans()) else {}),
    }


@st.composite
def _limiter_cases(draw: st.DrawFn) -> dict[str, Any]:
    limit = draw(st.one_of(st.integers(1, 12), st.integers(1, 10**9)))
    period = draw(st.one_of(st.sampled_from((1, 0.001, 60, 86400, 0.333)), st.floats(0.001, 86400)))
    given: dict[str, Any] = {"limit": limit, "period": period}
    most = limit
    if draw(st.booleans()):
        given["algorithm"] = "sliding_window"
    elif draw(st.booleans()):
        most = given["burst"] = draw(st.one_of(st.integers(1, 12), st.integers(1, 10**9)))
    if period <= 60 and most <= 1000 * limit and draw(st.integers(0, 2)) == 0:
        # Without this bound, waits could add up to more than 64 bits of virtual time.
        given["wait"] = True
    n = st.one_of(st.integers(0, min(most, 12)), st.integers(0, most), st.sampled_from((-1, most, most + 1)))
    unit = round(period * 1e9)
    moves = st.one_of(
        st.sampled_from((1, unit, unit - 1, unit // limit, unit // limit + 1)), st.integers(0, unit)
    )
    steps: list[str] = []
    for _ in range(draw(st.integers(1, 20))):
        kind = draw(st.sampled_from(("try", "try", "acquire", "advance", "advance")))
        steps.append(f"{kind} {draw(moves if kind == 'advance' else n)}")
    given["steps"] = steps
    return given


_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
_names = st.one_of(
    _text,
    st.sampled_from(
        (
            "password",
            "apiKey",
            "user",
            "access_token",
            "token_count",
            "message",
            "level",
            "X-API-Key",
            "author",
            "",
        )
    ),
)
_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        _text,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_names, inner, max_size=3)),
    max_leaves=8,
)


@st.composite
def _logging_cases(draw: st.DrawFn) -> dict[str, Any]:
    fields = st.lists(st.tuples(_names, _values).map(list), max_size=4)
    level = st.sampled_from(("trace", "debug", "info", "warning", "error", "critical"))
    step = st.one_of(
        st.fixed_dictionaries({"op": st.just("log"), "level": level, "message": _text, "fields": fields}),
        st.fixed_dictionaries({"op": st.just("bind"), "fields": fields}),
    )
    return {
        "name": draw(_text),
        "level": draw(level),
        "format": draw(st.sampled_from(("json", "logfmt"))),
        "timestamps": draw(st.booleans()),
        "wall_clock": draw(st.integers(0, 4 * 10**18)),
        "redact": draw(st.lists(_names, max_size=2)),
        "steps": draw(st.lists(step, min_size=1, max_size=5)),
    }


@st.composite
def _configuration_cases(draw: st.DrawFn) -> dict[str, Any]:
    kinds = st.sampled_from(("string", "integer", "float", "boolean", "strings"))
    names = draw(
        st.lists(st.sampled_from(("host", "port", "ratio", "debug", "tags")), min_size=1, unique=True)
    )
    schema = [{"name": name, "type": draw(kinds)} for name in names]
    words = st.one_of(
        st.sampled_from(
            (
                "true",
                "No",
                "on",
                "1",
                "0",
                "t",
                "",
                " 42 ",
                "1e3",
                "-.5",
                "1_0",
                "nan",
                "a, b,,c",
                "+7",
                "0x1",
                "1.",
                "\u0661",
            )
        ),
        st.text("0123456789+-.eE ,_xyesnotrufa", max_size=8),
    )
    native = st.one_of(
        words,
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(-1e9, 1e9),
        st.lists(words, max_size=2),
        st.none(),
    )
    import json

    content = draw(st.dictionaries(st.sampled_from((*names, "prot")), native, max_size=3))
    return {
        "schema": schema,
        "env_prefix": draw(st.sampled_from(("", "APP", "app_"))),
        "strict": draw(st.booleans()),
        "file_contents": [{"path": "a.json", "content": json.dumps(content)}],
        "environment": {
            f"{prefix}{name.upper()}": draw(words)
            for prefix in ("", "APP_")
            for name in names
            if draw(st.booleans())
        },
    }


_COMMANDS: list[dict[str, Any]] = [
    {
        "name": "db.migrate",
        "aliases": ["m"],
        "options": [
            {"name": "steps", "type": "integer", "default": 1, "short": "s"},
            {"name": "dry_run", "type": "boolean"},
            {"name": "tag", "type": "string", "multiple": True},
            {"name": "ratio", "type": "float", "default": 0.5},
        ],
        "arguments": [{"name": "target", "type": "string", "required": False, "default": "head"}],
    },
    {
        "name": "add",
        "options": [{"name": "note", "type": "string", "required": True}],
        "arguments": [
            {"name": "first", "type": "integer", "required": True},
            {"name": "rest", "type": "integer", "required": False, "multiple": True},
        ],
    },
    {"name": "hidden", "hidden": True},
]
_ARGV = st.one_of(
    st.sampled_from(
        (
            "--steps",
            "-s",
            "--steps=3",
            "--dry-run",
            "--no-dry-run",
            "--tag",
            "--tag=",
            "--ratio",
            "--note",
            "--note=x=y",
        )
    ),
    st.sampled_from(
        ("--", "--help", "-h", "-", "--bogus", "-x", "--dry-run=1", "--step", "--no-steps", "--version")
    ),
    st.sampled_from(("3", "-3", "0.5", "x", "", " 7 ", "1_0", "\u00e9", "migrate", "db", "add")),
)


@st.composite
def _cli_cases(draw: st.DrawFn) -> dict[str, Any]:
    start = draw(
        st.sampled_from(
            (["db", "migrate"], ["db", "m"], ["add"], ["add", "1", "--note", "n"], ["hidden"], ["db"], [])
        )
    )
    argv = [*start, *draw(st.lists(_ARGV, max_size=6))]
    return {"app": {"name": "shop", "version": "1.0"}, "commands": _COMMANDS, "argv": argv}


_STRATEGIES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "retry_with_backoff": _retry_cases(),
    "circuit_breaker": _breaker_cases(),
    "rate_limiting": _limiter_cases(),
    "structured_logging": _logging_cases(),
    "configuration": _configuration_cases(),
    "cli_framework": _cli_cases(),
}

#: The patterns for which cases are generated: those whose behaviour is all in their trace.
PATTERNS = tuple(_STRATEGIES)


@dataclass(frozen=True, slots=True)
class GeneratedFailure:
    """A shrunk case on which two languages differ."""

    case: Case
    languages: tuple[str, str]
    message: str
    answers: Mapping[str, Answer]


def _first_difference(
    case: Case, testees: Sequence[Testee], server: ScriptedServer
) -> GeneratedFailure | None:
    answers = {testee.language: ask_in_world(testee, case, server) for testee in testees}
    names = list(answers)
    for name in names:
        if answers[name].error is not None:
            return GeneratedFailure(case, (name, name), f"the testee failed: {answers[name].error}", answers)
    answered = [name for name in names if answers[name].skipped is None]
    for other in answered[1:]:
        message = disagreement(case, answers[answered[0]], answers[other])
        if message is not None:
            return GeneratedFailure(case, (answered[0], other), message, answers)
    return None


def run_generated(
    pattern_ids: Sequence[str], testees: Mapping[str, Prepare], *, count: int, seed: int = 0
) -> list[GeneratedFailure]:
    """At most one failure per pattern, each the smallest that was found; deterministic for a seed."""
    from random import Random

    failures: list[GeneratedFailure] = []
    running = [make().start() for make in testees.values()]
    try:
        with ScriptedServer() as server:
            for pattern_id in pattern_ids:
                seen: dict[str, GeneratedFailure] = {}

                def differs(given: dict[str, Any], pattern_id: str = pattern_id) -> bool:
                    case = Case(pattern_id, "generated", given, {})
                    failure = _first_difference(case, running, server)
                    if failure is not None:
                        seen[repr(given)] = failure  # noqa: B023 - used within this turn of the loop only.
                    return failure is not None

                options = settings(
                    max_examples=count,
                    deadline=None,
                    database=InMemoryExampleDatabase(),
                    phases=(Phase.generate, Phase.shrink),
                    suppress_health_check=[
                        HealthCheck.too_slow,
                        HealthCheck.data_too_large,
                        HealthCheck.filter_too_much,
                    ],
                )
                try:
                    smallest = find(
                        _STRATEGIES[pattern_id],
                        differs,
                        settings=options,
                        random=Random(seed),  # noqa: S311 - reproducible on purpose.
                    )
                except NoSuchExample:
                    continue
                failures.append(seen[repr(smallest)])
    finally:
        for testee in running:
            testee.close()
    return failures


def save_failures(failures: Sequence[GeneratedFailure], folder: Path) -> list[Path]:
    """Write each failure as a suite whose expectation is the first language's answer, and say where."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for failure in failures:
        answer = failure.answers[failure.languages[0]]
        why = f"{failure.languages[0]} and {failure.languages[1]} differ: {failure.message}"
        expect: dict[str, Any] = {"trace": list(answer.trace), "result": dict(answer.result or {})}
        number = 1
        while (path := folder / f"{failure.case.pattern_id}_{number}.yaml").exists():
            number += 1
        case = Case(failure.case.pattern_id, f"generated_{number}", failure.case.given, expect, why)
        path.write_text(suite_text([case]), encoding="utf-8")
        paths.append(path)
    return paths
