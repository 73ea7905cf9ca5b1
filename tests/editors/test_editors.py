"""One scenario in real editors, driven without a screen: Neovim 0.11 and 0.7, Emacs with eglot and lsp-mode."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "editors/vscode/test/fixture"
SERVER = Path(sys.executable).with_name("foundation-lsp")
NVIM_11 = Path(sys.executable).with_name("nvim")
NVIM_07 = Path("/usr/bin/nvim")
STEPS = 20


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A copy of the shop that the editors work in."""
    return Path(shutil.copytree(FIXTURE, tmp_path / "shop"))


def drive(command: list[str], workspace: Path, plugin: Path, **extra: str) -> str:
    """Run an editor over the scenario; its output, once it said that every step was taken."""
    home = workspace.parent / "home"
    home.mkdir()
    environment = os.environ | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "WORKSPACE": str(workspace),
        "SERVER": str(SERVER),
        "PLUGIN": str(plugin),
        "GOCACHE": os.environ.get("GOCACHE", str(ROOT / ".cache/go-build")),
        **extra,
    }
    environment.pop("VIMINIT", None)
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=900, cwd=workspace, check=False
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "DONE" in output, output
    assert output.count("ok ") >= STEPS, output
    return output


def assert_the_port_compiles(output: str) -> None:
    """The written port is a package that the real compiler accepts."""
    main = Path(next(line.split(" ", 1)[1] for line in output.splitlines() if line.startswith("written ")))
    assert "func TotalWait(" in main.read_text()


def test_neovim_0_11(workspace: Path) -> None:
    scenario = ROOT / "tests/editors/scenario_nvim.lua"
    output = drive(
        [str(NVIM_11), "--clean", "--headless", "-l", str(scenario)], workspace, ROOT / "editors/neovim"
    )
    assert_the_port_compiles(output)


def test_neovim_0_7(workspace: Path) -> None:
    scenario = ROOT / "tests/editors/scenario_nvim.lua"
    output = drive(
        [str(NVIM_07), "--clean", "--headless", "-c", f"luafile {scenario}"],
        workspace,
        ROOT / "editors/neovim",
    )
    assert_the_port_compiles(output)


@pytest.mark.parametrize("client", ["eglot", "lsp-mode"])
def test_emacs(client: str, workspace: Path) -> None:
    scenario = ROOT / "tests/editors/scenario.el"
    output = drive(
        ["emacs", "--batch", "-l", str(scenario)], workspace, ROOT / "editors/emacs", CLIENT=client
    )
    assert_the_port_compiles(output)


def test_the_emacs_package_compiles_without_a_warning(tmp_path: Path) -> None:
    copy = shutil.copy(ROOT / "editors/emacs/foundation.el", tmp_path)
    done = subprocess.run(
        [
            "emacs",
            "--batch",
            "--eval",
            "(setq byte-compile-error-on-warn t)",
            "-f",
            "batch-byte-compile",
            copy,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_helix_s_configuration_is_toml_and_starts_the_server() -> None:
    settings = tomllib.loads((ROOT / "editors/helix/languages.toml").read_text())
    server = settings["language-server"]["foundation"]
    assert [server["command"], *server["args"]] == ["foundation-lsp", "--stdio"]
    assert {language["name"] for language in settings["language"]} == {"python", "go", "rust", "ruby"}
    assert all("foundation" in language["language-servers"] for language in settings["language"])
