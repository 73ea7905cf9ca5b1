"""Compile and run a port out of process, and say what was seen."""

from __future__ import annotations

from foundation_engine.verify.report import StepResult, Verdict, VerifyReport
from foundation_engine.verify.verify import VerifyOptions, verify

__all__ = ["StepResult", "Verdict", "VerifyOptions", "VerifyReport", "verify"]
