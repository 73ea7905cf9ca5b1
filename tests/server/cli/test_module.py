"""`python -m foundation_lsp` in a folder that nobody has said to trust."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_modules_of_the_workspace_do_not_run(tmp_path: Path) -> None:
    for name in ("queue", "re", "pathlib", "typing"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the workspace runs')\n", encoding="utf-8")
    (tmp_path / "app.py").write_text("x = 1\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "foundation_lsp", "lint", "app.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "the workspace runs" not in done.stdout + done.stderr
