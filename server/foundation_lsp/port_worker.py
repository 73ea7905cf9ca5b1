"""A process that ports and verifies one document: a JSON request on standard input, JSON lines on standard output.

Porting is heavy and verifying runs code, so neither happens in the server's process; killing this one cancels both.
Each line is `{"step": text}` or, last, `{"result": {...}}` or `{"error": text}`.
"""

from __future__ import annotations

import json
import signal
import sys
from types import FrameType
from typing import Any

from foundation_engine.port.package import with_siblings
from foundation_engine.port.request import PortCandidate, PortOptions, PortRequest
from foundation_engine.verify.report import VerifyReport
from foundation_specs.model import LanguageId


def request_of(values: dict[str, Any]) -> PortRequest:
    """The request that the server sent, with the files of the document's package that it imports."""
    return with_siblings(
        PortRequest(
            path=values["path"],
            text=values["text"],
            source=LanguageId(values["source"]),
            target=LanguageId(values["target"]),
            line=values.get("line"),
            options=PortOptions(
                go_module=values.get("go_module", "foundation"), python=values.get("python", "")
            ),
        )
    )


def answer(
    candidate: PortCandidate, report: VerifyReport | None, *, distrusted: bool = False
) -> dict[str, Any]:
    """What a client is told about a port: the files, the verdict with its evidence, what was left out.

    `distrusted` when verification was asked for in a workspace that is not trusted.
    """
    holes = len(candidate.holes)
    refusal = "not verified, because the workspace is not trusted" if distrusted else "not verified"
    summary = report.summary if report is not None else refusal
    if holes:
        summary += f"; {holes} hole{'s' if holes > 1 else ''} left for you to fill"
    return {
        "target": candidate.request.target.value,
        "files": [
            {"path": f.path, "text": f.text, "role": f.role}
            for f in (*candidate.files, *(report.files if report is not None else ()))
        ],
        "verdict": report.verdict.value if report is not None else None,
        "summary": summary,
        "steps": [
            {
                "step": r.step,
                "verdict": r.verdict.value,
                "detail": r.detail,
                "command": r.command,
                "seconds": r.seconds,
                "cases": r.cases,
                "disagreements": r.disagreements,
            }
            for r in (report.results if report is not None else ())
        ],
        "confidence": report.confidence if report is not None else None,
        "holes": [
            {
                "path": h.path or candidate.request.path,
                "line": h.line,
                "construct": h.construct,
                "reason": h.reason,
                "source": h.source,
            }
            for h in candidate.holes
        ],
        "differences": list(candidate.differences),
        "coverage": candidate.coverage,
    }


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    sys.exit(1)


def main() -> int:
    """Do what standard input asks; 0 when there is a result, 1 when there is an error."""
    # Being told to stop unwinds the stack, so that `verify` stops the toolchains that it has started.
    signal.signal(signal.SIGTERM, _stop)
    values = json.load(sys.stdin)
    from foundation_engine.port import PortError, port

    try:
        _say({"step": f"porting to {values['target']}"})
        candidate = port(request_of(values))
    except PortError as error:
        _say({"error": str(error)})
        return 1
    report: VerifyReport | None = None
    if values.get("verify"):
        from foundation_engine.verify.verify import VerifyOptions, verify

        report = verify(candidate, VerifyOptions(progress=lambda text: _say({"step": text})))
    _say({"result": answer(candidate, report, distrusted=bool(values.get("distrusted")))})
    return 0


if __name__ == "__main__":
    sys.exit(main())
