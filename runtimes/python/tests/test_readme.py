"""Every example of the README runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from foundation_engine.conform.world import ScriptedServer

README = Path(__file__).parents[1] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_each_pattern_has_an_example() -> None:
    headings = re.findall(r"^## (.*)", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(headings) == 11
    assert len(EXAMPLES) >= 10


@pytest.mark.parametrize("source", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ScriptedServer() as server:
        base, _ = server.add([{"body": "[]"}])
        code = compile(
            source.replace("http://inventory.example", base), "README.md", "exec", dont_inherit=True
        )
        exec(code, {"__name__": "example"})
