"""A Python source runs with the interpreter of its own project, whose libraries it imports."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortOptions, PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.interpreter import interpreter_of
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

SOURCE = """import shop_rates


def doubled(cents: int) -> int:
    shop_rates.check()
    return cents * 2


def half(cents: int) -> int:
    return cents // 2
"""


def environment(folder: Path) -> Path:
    """A folder that looks like a virtual environment; its interpreter."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    return python


def test_the_chosen_interpreter_comes_before_the_active_and_the_projects(tmp_path: Path) -> None:
    project, source = tmp_path / "project", tmp_path / "project" / "src" / "shop" / "orders.py"
    own, active = environment(project / ".venv"), environment(tmp_path / "active")
    (project / "pyproject.toml").touch()
    assert interpreter_of(source, "", {}) == str(own)
    assert interpreter_of(source, "", {"VIRTUAL_ENV": str(tmp_path / "active")}) == str(active)
    assert interpreter_of(source, "", {"VIRTUAL_ENV": str(tmp_path / "gone")}) == str(own)
    assert interpreter_of(source, "python3.12", {"VIRTUAL_ENV": str(active)}) == "python3.12"


def test_an_environment_above_the_project_is_not_the_projects(tmp_path: Path) -> None:
    environment(tmp_path / ".venv")
    (tmp_path / "project" / ".git").mkdir(parents=True)
    assert interpreter_of(tmp_path / "project" / "orders.py", "", {}) == sys.executable


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose environment has a library that ours has not; the path of its source."""
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    (tmp_path / "pyproject.toml").touch()
    venv.create(tmp_path / ".venv", with_pip=False)
    (packages,) = (tmp_path / ".venv" / "lib").glob("python*/site-packages")
    (packages / "shop_rates.py").write_text("def check() -> None:\n    pass\n")
    source = tmp_path / "rates.py"
    source.write_text(SOURCE)
    return source


def test_a_source_that_needs_its_projects_libraries_is_verified_with_them(project: Path) -> None:
    request = PortRequest(str(project), SOURCE, LanguageId.PYTHON, LanguageId.RUBY)
    candidate = port(request)
    report = verify(candidate, VerifyOptions(cases=4, differential=4, use_cache=False))
    assert {r.step: r.verdict for r in report.results}["cases"] is Verdict.PASSED, report.summary


@pytest.mark.parametrize("python", [sys.executable, "/nonexistent/python"])
def test_a_run_without_the_libraries_names_the_interpreter(project: Path, python: str) -> None:
    options = PortOptions(python=python)
    candidate = port(PortRequest(str(project), SOURCE, LanguageId.PYTHON, LanguageId.RUBY, options=options))
    report = verify(candidate, VerifyOptions(cases=4, differential=0, use_cache=False))
    assert report.verdict is Verdict.INCONCLUSIVE
    detail = report.results[-1].detail
    assert python in detail
    assert "--python" in detail
