"""Reports by content: the same port verified by the same tools with the same options is not run again."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from foundation_engine.port.request import PortCandidate, PortedFile
from foundation_engine.verify.report import FileResult, StepResult, Verdict, VerifyReport

_VERSION = 4


def folder() -> Path:
    """Where reports are kept: `$XDG_CACHE_HOME/foundation-lsp/verify`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "foundation-lsp" / "verify"


@cache
def tool_fingerprint() -> str:
    """A digest of the program that ports and verifies: another one may see what this one did not."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".rb", ".json", ".yaml") and "runtimes" not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def key(candidate: PortCandidate, *settings: object) -> str:
    """A digest of everything that a report depends on."""
    digest = hashlib.sha256()
    parts = [_VERSION, tool_fingerprint(), candidate.request.text, candidate.request.path, *settings]
    parts.extend((f.path, f.text, f.module) for f in candidate.request.files)
    parts.extend((f.path, f.text) for f in candidate.files)
    digest.update(json.dumps(parts, default=str).encode())
    return digest.hexdigest()


def load(digest: str) -> VerifyReport | None:
    """A stored report, or None; a damaged entry is a miss."""
    try:
        data: dict[str, Any] = json.loads((folder() / f"{digest}.json").read_text(encoding="utf-8"))
        stored: list[dict[str, Any]] = [{**r, "verdict": Verdict(r["verdict"])} for r in data["results"]]
        results = tuple(StepResult(**r) for r in stored)
        files = tuple(PortedFile(**f) for f in data["files"])
        by_file: list[dict[str, Any]] = [{**r, "verdict": Verdict(r["verdict"])} for r in data["sources"]]
        sources = tuple(FileResult(**r) for r in by_file)
        return VerifyReport(
            Verdict(data["verdict"]),
            results,
            data["toolchain"],
            data["confidence"],
            data["confidence_basis"],
            files,
            sources,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def store(digest: str, report: VerifyReport) -> None:
    """Keep a report; a cache that cannot be written is not an error."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder(), delete=False, encoding="utf-8") as f:
            json.dump(asdict(report), f)
        Path(f.name).replace(folder() / f"{digest}.json")
    except OSError:
        return
