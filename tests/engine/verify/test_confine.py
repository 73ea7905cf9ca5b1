"""What runs under verification changes its own folder only, whatever paths and processes its arguments name.

Where the kernel cannot confine, as `foundation-lsp doctor` says then, the same commands succeed: assertions compare.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from foundation_engine.verify import confine
from foundation_engine.verify.cases import Plan
from foundation_engine.verify.recorders import record_python
from foundation_engine.verify.sandbox import Limits, run

CONFINED = confine.version() >= 1
SOURCE = """
import os
import shutil
from pathlib import Path


def scrawl(path: str) -> str:
    Path(path).write_text("changed")
    return "written"


def sweep(path: str) -> str:
    shutil.rmtree(path)
    return "removed"


def stop(pid: str) -> str:
    os.kill(int(pid), 15)
    return "stopped"
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "work" / "danger.py"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


def script(folder: Path, text: str) -> str:
    """What a Python text says when it runs in a folder."""
    return run([sys.executable, "-c", text], folder, Limits(30)).text


def test_a_command_writes_below_its_folder_and_nowhere_else(tmp_path: Path) -> None:
    scratch, outside = tmp_path / "scratch", tmp_path / "outside"
    scratch.mkdir()
    outside.mkdir()
    (outside / "kept").write_text("as it was")
    assert script(scratch, "open('note', 'w').write('x'); print('done')") == "done"
    assert (scratch / "note").read_text() == "x"
    for change in (
        f"open({str(outside / 'kept')!r}, 'w')",
        f"open({str(outside / 'new')!r}, 'w')",
        f"import os; os.remove({str(outside / 'kept')!r})",
        f"import os; os.rename({str(outside / 'kept')!r}, 'mine')",
        f"import os; os.mkdir({str(outside / 'folder')!r})",
        f"import os; os.truncate({str(outside / 'kept')!r}, 0)",
        f"import os; os.symlink('x', {str(outside / 'link')!r})",
        f"import os; os.system('echo x > {outside / 'new'}'); raise PermissionError",
    ):
        assert ("PermissionError" in script(scratch, change)) == CONFINED or "system" in change, change
    if not CONFINED:
        return
    assert [p.name for p in outside.iterdir()] == ["kept"]
    assert (outside / "kept").read_text() == "as it was"


def test_a_command_has_a_temporary_folder_that_goes_with_it(tmp_path: Path) -> None:
    made = script(tmp_path, "import tempfile; print(tempfile.mkdtemp())")
    assert "foundation-run-" in made
    assert not Path(made).exists()


def test_a_command_cannot_signal_others(tmp_path: Path) -> None:
    # Kernels before 6.12 confine files alone.
    said = script(tmp_path, f"import os; os.kill({os.getpid()}, 0)")
    assert ("PermissionError" in said) == (confine.version() >= 6)


def test_a_recorded_call_leaves_the_source_and_its_neighbours_alone(source: Path) -> None:
    neighbour = source.parent / "neighbour.txt"
    neighbour.write_text("as it was")
    calls = [("scrawl", str(neighbour)), ("sweep", str(source.parent))] if CONFINED else []
    if confine.version() >= 6:
        calls.append(("stop", str(os.getpid())))
    for function, argument in calls:
        cases, problem = record_python(str(source), [Plan(function, (argument,))])
        assert cases == []
        assert "not permitted" in problem
    cases, _ = record_python(str(source), [Plan("scrawl", ("relative.txt",))])
    assert cases[0].steps == ({"value": "written"},)
    assert sorted(p.name for p in source.parent.iterdir()) == ["danger.py", "neighbour.txt"]
    assert neighbour.read_text() == "as it was"


def test_a_toolchain_that_was_never_used_makes_its_cache(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module fresh\n\ngo 1.25\n")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() {}\n")
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "GOCACHE": "", "GOMODCACHE": "", "GOPATH": "", "GOPROXY": "off"}
    done = run(["go", "build", "-o", "fresh", "."], tmp_path, Limits(300), environment)
    assert done.code == 0, done.text
    assert (home / ".cache" / "go-build").is_dir()
