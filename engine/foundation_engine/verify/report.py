"""What a verification saw, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from foundation_engine.port.request import PortedFile


class Verdict(StrEnum):
    """PASSED only when everything ran and agreed; a missing toolchain, a time-out or a crash is INCONCLUSIVE."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class StepResult:
    """One rung of the ladder (parse, check, compile, vet, cases, differential, user-tests).

    `command` is what was run, if anything; `detail` is what the user should read: the first errors, or counts.
    `cases` counts the comparisons made, `disagreements` those that differed.
    """

    step: str
    verdict: Verdict
    detail: str
    command: str = ""
    seconds: float = 0.0
    cases: int = 0
    disagreements: int = 0


@dataclass(frozen=True, slots=True)
class FileResult:
    """The verdict on one source file of a package and the evidence for it.

    PASSED: it is ported whole, and cases ran everything in it and agreed. INCONCLUSIVE: nothing disagreed, and `detail`
    says what is open. `cases` and `disagreements` count those of its functions.
    """

    path: str
    verdict: Verdict
    detail: str
    cases: int = 0
    disagreements: int = 0


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The verdict on a port and the evidence for it.

    `files` are what verification added to the port: the tests made from the source's recorded behaviour. They belong
    beside the candidate's files. `sources` tells the files of a package apart; of a single document it is empty.
    """

    verdict: Verdict
    results: tuple[StepResult, ...]
    toolchain: str = ""
    confidence: float | None = None
    confidence_basis: str = ""
    files: tuple[PortedFile, ...] = ()
    sources: tuple[FileResult, ...] = ()

    @property
    def agreed(self) -> bool:
        """True when cases ran and everything that ran agreed, whatever no case has reached."""
        left = {r.step for r in self.results if r.verdict is not Verdict.PASSED}
        return any(r.step == "cases" for r in self.results) and left <= {"exercised", "branches"}

    @property
    def summary(self) -> str:
        """One line: the verdict and what it rests on."""
        parts = [f"{r.step} {r.verdict}" + (f" ({r.cases} cases)" if r.cases else "") for r in self.results]
        return f"{self.verdict}: " + ", ".join(parts)
