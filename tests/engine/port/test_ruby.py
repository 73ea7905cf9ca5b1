"""Python functions in Ruby behave as in Python where the languages differ; every trap here is run in both."""

# ruff: noqa: E501 - a source stands on one line.
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_specs.model import LanguageId

TRAPS = (
    Path(__file__).with_name("traps.py").read_text(encoding="utf-8")
    + r"""


def hexed(n: int) -> str:
    return f"{n:x} {n:>6b} {n:04d}"


def floored(x: float) -> str:
    return str(x // 0.7)


def parsed(text: str) -> float:
    return float(text)


def framed(text: str) -> list[str]:
    return [text.zfill(6), text.strip("ab "), text.replace("a", "\\0"), text.ljust(4) + "|", text.removeprefix("ab")]
"""
)


def test_what_differs_between_the_languages_behaves_as_in_python(ports_whole: Callable[..., None]) -> None:
    ports_whole("traps.py", TRAPS, LanguageId.RUBY, differential=60, cases=900)


def test_a_parameter_named_as_a_function_is_the_parameter() -> None:
    source = "def part(x: int) -> int:\n    return x\n\n\ndef use(text: str, part: str) -> int:\n    return text.find(part)\n"
    candidate = port(PortRequest("a.py", source, LanguageId.PYTHON, LanguageId.RUBY))
    text = next(f.text for f in candidate.files if f.role == "source")
    assert "index(part)" in text
