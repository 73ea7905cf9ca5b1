"""Porting from the editor: the files, the verdict and its evidence, progress, cancelling, trust; no overwriting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

if TYPE_CHECKING:
    from conftest import Talk

SOURCE = '''"""Look up what an order costs. 😀"""

from foundation.errors import NetworkError
from foundation.resilience import retry


@retry(max_attempts=3, base_delay=0.5)
def price(quantity: int, unit: int) -> int:
    """The price of some pieces."""
    if quantity < 0:
        raise NetworkError("negative")
    return quantity * unit
'''


def path_of(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path))


def opened(talk: Talk, caps: str, folder: str = "", **more: Any) -> str:
    talk.initialize(caps, **more)
    name = f"{folder}orders.py"
    (talk.folder / name).parent.mkdir(parents=True, exist_ok=True)
    (talk.folder / name).write_text(SOURCE)
    return talk.open(name, SOURCE)


def generate_action(talk: Talk, uri: str) -> dict[str, Any]:
    place = {"start": {"line": 6, "character": 3}, "end": {"line": 6, "character": 3}}
    asked = {
        "textDocument": {"uri": uri},
        "range": place,
        "context": {"diagnostics": [], "only": ["refactor"]},
    }
    [action] = [
        a for a in talk.request("textDocument/codeAction", asked) if a["title"] == "Generate Go equivalent"
    ]
    return action


def progress_of(talk: Talk) -> list[str]:
    return [m["params"]["value"]["kind"] for m in talk.seen if m.get("method") == "$/progress"]


@pytest.mark.slow
def test_port_command_with_its_evidence(talk: Talk) -> None:
    uri = opened(talk, "vscode1.139")
    argument = {
        "uri": uri,
        "position": {"line": 7, "character": 5},
        "target": "go",
        "verify": True,
        "directory": None,
    }
    result = talk.request("workspace/executeCommand", {"command": "foundation.port", "arguments": [argument]})
    assert result["verdict"] == "passed", result
    assert result["summary"].startswith("passed")
    assert path_of(result["directory"]) == talk.folder / "orders"
    roles = {f["role"] for f in result["files"]}
    assert {"source", "module", "test"} <= roles
    [source] = [f for f in result["files"] if f["role"] == "source"]
    assert "resilience." in source["text"]
    assert {s["step"] for s in result["steps"]} >= {"compile"}
    assert all({"step", "verdict", "detail", "cases", "disagreements"} <= s.keys() for s in result["steps"])
    assert result["holes"] == []
    assert (progress_of(talk)[0], progress_of(talk)[-1]) == ("begin", "end")
    assert sorted(p.name for p in talk.folder.iterdir()) == ["orders.py"]


def test_an_untrusted_workspace_runs_nothing(talk: Talk) -> None:
    uri = opened(talk, "eglot1.9", initializationOptions={"trusted": False})
    # Settings come from the workspace, so they cannot grant trust.
    talk.notify("workspace/didChangeConfiguration", {"settings": {"foundation": {"trusted": True}}})
    argument = {"uri": uri, "target": "go", "verify": True}
    result = talk.request("workspace/executeCommand", {"command": "foundation.port", "arguments": [argument]})
    assert (result["verdict"], result["steps"], result["summary"]) == (
        None,
        [],
        "not verified, because the workspace is not trusted",
    )
    assert result["files"]
    assert progress_of(talk) == []


def test_generate_makes_new_files_where_the_client_can(talk: Talk) -> None:
    uri = opened(talk, "nvim0.11", folder="python/", initializationOptions={"trusted": False})
    (talk.folder / "go").mkdir()
    (talk.folder / "go" / "go.mod").write_text("module shop\n")
    action = generate_action(talk, uri)
    assert action["data"] == {"generate": "go", "uri": uri, "line": 8}
    assert "edit" not in action
    edit = talk.request("codeAction/resolve", action)["edit"]
    assert "changes" not in edit
    made = [c for c in edit["documentChanges"] if c.get("kind") == "create"]
    assert [path_of(c["uri"]) for c in made] == [talk.folder / "go" / "orders" / "orders.go"]
    assert [c["options"] for c in made] == [{"overwrite": False}]
    filled = [c for c in edit["documentChanges"] if "textDocument" in c]
    assert [c["textDocument"]["version"] for c in filled] == [None]
    assert "package orders" in filled[0]["edits"][0]["newText"]


def test_generate_refuses_to_overwrite(talk: Talk) -> None:
    uri = opened(talk, "vscode1.139", initializationOptions={"trusted": False})
    action = generate_action(talk, uri)
    (talk.folder / "orders").mkdir()
    (talk.folder / "orders" / "orders.go").write_text("package orders\n")
    error = talk.error("codeAction/resolve", action)
    assert "orders.go exists already" in error["message"]
    shown = [m["params"] for m in talk.seen if m.get("method") == "window/showMessage"]
    assert [m["type"] for m in shown] == [1]
    assert (talk.folder / "orders" / "orders.go").read_text() == "package orders\n"


def test_generate_by_command_for_a_client_that_cannot_resolve(talk: Talk) -> None:
    talk.answers["workspace/applyEdit"] = {"applied": True}
    uri = opened(talk, "eglot1.9", initializationOptions={"trusted": False})
    action = generate_action(talk, uri)
    command = action["command"]
    talk.request(
        "workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]}
    )
    [applied] = [m["params"]["edit"] for m in talk.seen if m.get("method") == "workspace/applyEdit"]
    assert "documentChanges" not in applied
    assert {path_of(u).name for u in applied["changes"]} == {"orders.go", "go.mod"}


def test_an_output_directory_outside_the_workspace_is_refused(talk: Talk) -> None:
    options = {"trusted": False, "port": {"outputDirectory": "../elsewhere"}}
    uri = opened(talk, "vscode1.139", initializationOptions=options)
    argument = {"uri": uri, "target": "go", "verify": False}
    error = talk.error("workspace/executeCommand", {"command": "foundation.port", "arguments": [argument]})
    assert "outside the workspace" in error["message"]


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ({"uri": "file:///nowhere.py", "target": "go"}, "cannot read"),
        ({"uri": "untitled:a", "target": "go"}, "save the file"),
        ({"target": "go"}, "expected a uri"),
        ({"uri": "file:///a.py", "target": "cobol"}, "expected a uri"),
    ],
)
def test_port_errors_say_what_is_wrong(shared_talk: Talk, argument: dict[str, Any], said: str) -> None:
    error = shared_talk.error(
        "workspace/executeCommand", {"command": "foundation.port", "arguments": [argument]}
    )
    assert said in error["message"]


def test_other_command_errors(shared_talk: Talk) -> None:
    broken = shared_talk.open("broken.py", "from foundation.resilience import retry\n@retry(\ndef f(:\n")
    argument = {"uri": broken, "target": "go"}
    error = shared_talk.error(
        "workspace/executeCommand", {"command": "foundation.port", "arguments": [argument]}
    )
    assert "does not parse" in error["message"]
    assert "unknown command" in shared_talk.error("workspace/executeCommand", {"command": "rm"})["message"]
    unknown = {"command": "foundation.showPatternSpec", "arguments": [{"pattern": "x"}]}
    assert "unknown pattern" in shared_talk.error("workspace/executeCommand", unknown)["message"]


def test_pattern_spec_page(shared_talk: Talk) -> None:
    listed = shared_talk.request("workspace/executeCommand", {"command": "foundation.showPatternSpec"})
    assert len(listed["patterns"]) == 10
    asked = {"command": "foundation.showPatternSpec", "arguments": [{"pattern": "retry_with_backoff"}]}
    page = shared_talk.request("workspace/executeCommand", asked)["markdown"]
    assert "| `max_attempts` | integer, calls | [1, 100] | `3` |" in page


@pytest.mark.parametrize("way", ["request", "progress"])
def test_cancelling_stops_the_worker(talk: Talk, way: str) -> None:
    """The worker's process is gone after either way of cancelling, and the server goes on."""
    talk.initialize("vscode1.139")
    slow = "".join(
        f"@retry(max_attempts=3)\ndef price{i}(pieces: int, unit: int) -> int:\n    return pieces * unit + {i}\n\n\n"
        for i in range(60)
    )
    uri = talk.open("slow.py", "from foundation.resilience import retry\n\n\n" + slow)
    argument = {"uri": uri, "target": "go", "verify": True}
    number = talk.ask("workspace/executeCommand", {"command": "foundation.port", "arguments": [argument]})
    begun = talk.until(lambda m: m.get("method") == "$/progress" and m["params"]["value"]["kind"] == "report")
    workers = children(talk.process.pid)
    assert workers
    if way == "request":
        talk.notify("$/cancelRequest", {"id": number})
    else:
        talk.notify("window/workDoneProgress/cancel", {"token": begun["params"]["token"]})
    assert talk.answer(number)["error"]["code"] == -32800
    assert all(not Path(f"/proc/{worker}").exists() for worker in workers)
    assert talk.request("textDocument/hover", talk.at(uri, 3, 2))


def children(pid: int) -> list[int]:
    """The child processes of a process."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in found for child in path.read_text().split()]
