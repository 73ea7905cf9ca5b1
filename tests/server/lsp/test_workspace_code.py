"""A workspace is data: nothing in it is imported or run because of its name, wherever the server was started."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Talk

SOURCE = '''def double(number: int) -> int:
    """Twice a number."""
    return number * 2
'''


def test_a_folder_with_the_name_of_ours_is_not_imported(new_talk: Callable[..., Talk]) -> None:
    talk = new_talk()
    for name in ("foundation_lsp", "foundation_engine", "json", "re"):
        (talk.folder / name).mkdir()
        (talk.folder / name / "__init__.py").write_text(f"open({str(talk.folder / 'RAN')!r}, 'w').close()\n")
        (talk.folder / name / "__main__.py").write_text("")
        (talk.folder / name / "port_worker.py").write_text("")
    talk.initialize("vscode1.139", initializationOptions={"trusted": False})
    uri = talk.open("numbers.py", SOURCE)
    argument = {"uri": uri, "position": {"line": 0, "character": 5}, "target": "go", "verify": True}
    answer = talk.request("workspace/executeCommand", {"command": "foundation.port", "arguments": [argument]})
    assert answer["verdict"] is None
    assert any("func Double(" in file["text"] for file in answer["files"])
    assert not (talk.folder / "RAN").exists()


def test_setting_the_trace_says_nothing(talk: Talk) -> None:
    talk.initialize("vscode1.139")
    talk.notify("$/setTrace", {"value": "verbose"})
    assert talk.error("$/unknown")["code"] == -32601
    assert [m for m in talk.seen if m.get("method") == "window/logMessage"] == []
