"""The house rules that a machine can check."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("python", "go", "rust", "ruby")
PATTERNS = (
    "structured_logging",
    "configuration",
    "retry_with_backoff",
    "circuit_breaker",
    "error_boundary",
    "http_client",
    "cli_framework",
    "process_execution",
    "file_operations",
    "rate_limiting",
)


def tracked_files() -> list[Path]:
    """Every file under version control that is still in the working tree."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_comes_with_its_whole_set_of_files(pattern: str) -> None:
    expected = [
        ROOT / f"specs/foundation_specs/patterns/{pattern}.yaml",
        ROOT / f"specs/foundation_specs/conformance/{pattern}.yaml",
        ROOT / f"docs/patterns/{pattern}.md",
        *(ROOT / f"grammars/foundation_grammars/queries/{language}/{pattern}.scm" for language in LANGUAGES),
        *(ROOT / f"tests/corpus/{language}/{pattern}.txt" for language in LANGUAGES),
        ROOT / f"tests/marker/hover/{pattern}.txt",
    ]
    assert [str(path.relative_to(ROOT)) for path in expected if not path.is_file()] == []


def test_there_is_no_pattern_outside_the_set() -> None:
    found = sorted(path.stem for path in (ROOT / "specs/foundation_specs/patterns").glob("*.yaml"))
    assert found == sorted(PATTERNS)


def test_the_layers_import_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_model_package_imports_torch() -> None:
    allowed = ROOT / "engine/foundation_engine/model"
    importers = [
        str(path.relative_to(ROOT))
        for folder in ("specs", "grammars", "shm", "engine", "server")
        for path in (ROOT / folder).rglob("*.py")
        if allowed not in path.parents
        and re.search(r"^\s*(?:import|from)\s+torch\b", path.read_text(), re.MULTILINE)
    ]
    assert importers == []


def test_only_the_engine_s_worker_imports_the_model_package() -> None:
    importing = re.compile(r"^\s*(?:import|from)\s+foundation_engine\.model\b", re.MULTILINE)
    importers = {
        str(path.relative_to(ROOT))
        for folder in ("specs", "grammars", "shm", "engine", "server")
        for path in (ROOT / folder).rglob("*.py")
        if ROOT / "engine/foundation_engine/model" not in path.parents and importing.search(path.read_text())
    }
    assert importers == set()


def test_nothing_names_a_registry_s_host() -> None:
    # Written in pieces, so that this file does not name them either.
    hosts = ["pypi" + ".org", "files.python" + "hosted", "registry.npm" + "js", "proxy.golang" + ".org"]
    hosts += ["static.crates" + ".io", "index.crates" + ".io", "deb.debian" + ".org"]
    naming = []
    for path in tracked_files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        naming += [f"{path.relative_to(ROOT)}: {host}" for host in hosts if host in text]
    assert naming == []


def test_every_workflow_of_the_makefile_is_a_real_script() -> None:
    scripts = re.findall(r"scripts/[\w.-]+\.sh", (ROOT / "Makefile").read_text())
    assert scripts
    assert [name for name in scripts if not (ROOT / name).is_file()] == []


def test_yaml_and_rule_codes_agree_about_their_pattern() -> None:
    for path in (ROOT / "specs/foundation_specs/patterns").glob("*.yaml"):
        assert yaml.safe_load(path.read_text())["pattern_id"] == path.stem
