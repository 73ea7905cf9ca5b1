"""The matrix: every case in every language, in parallel by language."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any, cast

import yaml
from foundation_specs.model import Problem

from foundation_engine.conform.cases import Case
from foundation_engine.conform.compare import differences, disagreement
from foundation_engine.conform.testee import Answer, TesteeError
from foundation_engine.conform.toolchain import TesteeCommand, ToolchainError
from foundation_engine.conform.world import ScriptedServer, world_of


class Status(StrEnum):
    """How one case ended in one language."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    KNOWN_FAILURE = "known failure"
    UNEXPECTED_PASS = "unexpected pass"  # noqa: S105 - no password, a status.

    @property
    def is_bad(self) -> bool:
        """Whether it makes the run fail."""
        return self in (Status.FAILED, Status.UNEXPECTED_PASS)


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """A case that is known to fail in a language, and why."""

    language: str
    pattern_id: str
    case: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case in one language."""

    case: Case
    language: str
    status: Status
    messages: tuple[str, ...]
    answer: Answer
    seconds: float


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two languages that answered one case differently."""

    case: Case
    languages: tuple[str, str]
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a run found."""

    languages: tuple[str, ...]
    cases: tuple[Case, ...]
    outcomes: tuple[Outcome, ...]
    disagreements: tuple[Disagreement, ...]
    unavailable: Mapping[str, str] = field(default_factory=dict[str, str])
    about: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    stale: tuple[KnownFailure, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every language conforms and all of them agree."""
        return not (
            self.unavailable
            or self.stale
            or self.disagreements
            or any(outcome.status.is_bad for outcome in self.outcomes)
        )

    def outcome(self, case: Case, language: str) -> Outcome | None:
        """What happened to a case in a language."""
        return next((o for o in self.outcomes if o.case.id == case.id and o.language == language), None)


def read_known_failures(text: str, path: str) -> tuple[list[KnownFailure], list[Problem]]:
    """The list of known failures; each needs a language, a pattern, a case and a reason."""
    try:
        loaded: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return [], [Problem(path, 1, 1, "", f"not valid YAML: {error}")]
    found: list[KnownFailure] = []
    problems: list[Problem] = []
    keys = {"language", "pattern", "case", "reason"}
    if loaded is None:
        return [], []
    if not isinstance(loaded, list):
        return [], [Problem(path, 1, 1, "", "expected a list of {language, pattern, case, reason}")]
    for number, entry in enumerate(cast("list[Any]", loaded)):
        if not isinstance(entry, dict):
            problems.append(Problem(path, 1, 1, str(number), f"expected the keys {sorted(keys)}"))
            continue
        values = cast("dict[str, Any]", entry)
        if set(values) != keys or not all(isinstance(v, str) and v.strip() for v in values.values()):
            problems.append(Problem(path, 1, 1, str(number), f"expected texts under the keys {sorted(keys)}"))
            continue
        found.append(KnownFailure(values["language"], values["pattern"], values["case"], values["reason"]))
    return found, problems


def builtin_known_failures() -> tuple[list[KnownFailure], list[Problem]]:
    """The list that comes with the suite."""
    file = resources.files("foundation_specs").joinpath("conformance/known_failures.yaml")
    return read_known_failures(file.read_text("utf-8"), "known_failures.yaml")


Progress = Callable[[str, int, int], None]
Prepare = Callable[[], TesteeCommand]


def ask_in_world(testee: Any, case: Case, server: ScriptedServer) -> Answer:
    """The answer to one case together with what the runner observed; a testee that fails is an answer with `error`."""
    try:
        with world_of(case, server) as (given, observed):
            answer = cast("Answer", testee.ask(case.pattern_id, given))
        place = observed.pop("here", None)
        return _without_place(
            Answer(answer.trace, answer.result, answer.skipped, answer.error, observed), place
        )
    except TesteeError as error:
        return Answer(error=str(error))


def _without_place(answer: Answer, place: str | None) -> Answer:
    """The answer with the case's own directory written as `{here}`, so that it can be compared."""
    if place is None:
        return answer

    def placeless(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(place, "{here}")
        if isinstance(value, list):
            return [placeless(item) for item in cast("list[Any]", value)]
        if isinstance(value, dict):
            return {k: placeless(v) for k, v in cast("dict[str, Any]", value).items()}
        return value

    return Answer(
        tuple(placeless(list(answer.trace))),
        placeless(answer.result),
        answer.skipped,
        answer.error,
        placeless(answer.observed),
    )


def _judged(case: Case, answer: Answer, known: KnownFailure | None) -> tuple[Status, tuple[str, ...]]:
    if answer.skipped is not None:
        return Status.SKIPPED, (answer.skipped,)
    messages = tuple(differences(case, answer))
    if known is not None:
        if messages:
            return Status.KNOWN_FAILURE, (f"known: {known.reason}", *messages)
        return Status.UNEXPECTED_PASS, (f"passes, but is listed as a known failure: {known.reason}",)
    return (Status.FAILED, messages) if messages else (Status.PASSED, ())


def run_matrix(
    cases: Sequence[Case],
    testees: Mapping[str, Prepare],
    *,
    known_failures: Sequence[KnownFailure] = (),
    progress: Progress | None = None,
    timeout: float = 60.0,
) -> Report:
    """Run every case in every language.

    `testees` maps a language to a function that builds its testee; a `ToolchainError` makes the language
    unavailable, which
    fails the run.
    """
    started = time.monotonic()
    known = {(k.language, k.pattern_id, k.case): k for k in known_failures}
    outcomes: list[Outcome] = []
    unavailable: dict[str, str] = {}
    about: dict[str, Mapping[str, Any]] = {}
    lock = threading.Lock()

    def run_language(language: str, prepare: Prepare) -> None:
        try:
            command = prepare()
        except ToolchainError as error:
            with lock:
                unavailable[language] = str(error)
            return
        with command.start(timeout) as testee:
            try:
                hello = testee.ask("hello", {})
                with lock:
                    about[language] = hello.result or {}
            except TesteeError as error:
                with lock:
                    unavailable[language] = str(error)
                return
            for number, case in enumerate(cases, start=1):
                begun = time.monotonic()
                answer = ask_in_world(testee, case, server)
                status, messages = _judged(case, answer, known.get((language, case.pattern_id, case.name)))
                outcome = Outcome(case, language, status, messages, answer, time.monotonic() - begun)
                with lock:
                    outcomes.append(outcome)
                if progress is not None:
                    progress(language, number, len(cases))

    with ScriptedServer() as server, concurrent.futures.ThreadPoolExecutor(max(1, len(testees))) as pool:
        for future in [pool.submit(run_language, language, prepare) for language, prepare in testees.items()]:
            future.result()

    order = {case.id: index for index, case in enumerate(cases)}
    languages = tuple(testees)
    outcomes.sort(key=lambda o: (order[o.case.id], languages.index(o.language)))
    names = {(o.language, o.case.pattern_id, o.case.name) for o in outcomes}
    patterns = {case.pattern_id for case in cases}
    stale = tuple(
        k for key, k in known.items() if k.language in about and k.pattern_id in patterns and key not in names
    )
    return Report(
        languages,
        tuple(cases),
        tuple(outcomes),
        tuple(_disagreements(outcomes)),
        unavailable,
        about,
        stale,
        time.monotonic() - started,
    )


def _disagreements(outcomes: Sequence[Outcome]) -> list[Disagreement]:
    """Cases that every language passed and that were still answered differently: what the spec does not say."""
    by_case: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.status is Status.PASSED:
            by_case.setdefault(outcome.case.id, []).append(outcome)
    found: list[Disagreement] = []
    for group in by_case.values():
        first = group[0]
        for other in group[1:]:
            message = disagreement(first.case, first.answer, other.answer)
            if message is not None:
                found.append(Disagreement(first.case, (first.language, other.language), message))
    return found


def command_from_text(text: str) -> tuple[str, Prepare]:
    """`language=command line` as a testee; raises `ValueError` with what was expected."""
    import shlex

    language, equals, line = text.partition("=")
    command = shlex.split(line)
    if not equals or not language or not command:
        raise ValueError(f"expected language=command, for example ruby='ruby my_testee.rb', not {text!r}")
    return language, lambda: TesteeCommand(language, command)


def runtime_testees(languages: Sequence[str], runtimes: Path, cache: Path) -> dict[str, Prepare]:
    """The testees of our own runtimes."""
    from foundation_engine.conform.toolchain import prepare

    def maker(language: str) -> Prepare:
        return lambda: prepare(language, runtimes, cache)

    return {language: maker(language) for language in languages}
