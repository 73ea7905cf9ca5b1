"""What a server owes any client: every request is answered, nothing sent can end it, standard error is quiet."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Talk

OUT_OF_RANGE = "retry_with_backoff/out-of-range"
RETRY = "from foundation.resilience import retry\n\n@retry(max_attempts=300, base_delay=0.5)  # 😀\ndef f(): ...\n"


def codes(found: list[dict[str, Any]]) -> list[str]:
    return [item["code"] for item in found]


def test_requests_before_initialize_are_refused(talk: Talk) -> None:
    talk.notify("textDocument/didOpen", {"nonsense": True})
    assert talk.error("textDocument/hover", talk.at("file:///a.py", 0, 0))["code"] == -32002
    talk.initialize()


def test_second_initialize_is_refused_and_changes_nothing(talk: Talk) -> None:
    talk.initialize("nvim0.11")
    assert (
        talk.error("initialize", {"processId": None, "rootUri": None, "capabilities": {}})["code"] == -32600
    )
    uri = talk.open("a.py", RETRY)
    found = talk.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    assert OUT_OF_RANGE in codes(found["items"])


def test_unknown_methods(talk: Talk) -> None:
    talk.initialize()
    assert talk.error("textDocument/fly", {})["code"] == -32601
    assert talk.error("$/fly")["code"] == -32601
    talk.notify("$/progressOfFlight", {"x": 1})
    talk.notify("workspace/didFly")
    assert talk.request("textDocument/hover", talk.at("file:///a.py", 0, 0)) is None


def test_broken_messages_are_answered(talk: Talk) -> None:
    talk.initialize()
    talk.write(b"Content-Length: 9\r\n\r\n{broken!!")
    assert talk.answer(None)["error"]["code"] == -32700
    talk.write(b"Content-Length: 2\r\n\r\n[]")
    assert talk.answer(None)["error"]["code"] == -32600
    assert talk.error("textDocument/hover", {"textDocument": 7})["code"] == -32602
    assert talk.error("textDocument/hover")["code"] == -32602
    negative = {"line": -1, "character": -5}
    assert (
        talk.error("textDocument/hover", {"textDocument": {"uri": "x"}, "position": negative})["code"]
        == -32602
    )
    talk.send({"jsonrpc": "2.0", "id": {"a": 1}, "method": "textDocument/hover"})
    assert talk.answer(None)["error"]["code"] == -32600
    talk.send({"jsonrpc": "2.0", "id": "nobody-asked", "result": 1})
    talk.send({"jsonrpc": "2.0", "id": 99, "method": 12})
    assert talk.answer(99)["error"]["code"] == -32600


def test_header_in_lower_case_and_in_pieces(talk: Talk) -> None:
    talk.initialize()
    body = json.dumps({"jsonrpc": "2.0", "id": 900, "method": "textDocument/fly"}).encode()
    header = b"content-type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length: %d\r\n\r\n"
    message = header % len(body) + body
    for i in range(0, len(message), 7):
        talk.write(message[i : i + 7])
    assert talk.answer(900)["error"]["code"] == -32601


def test_documents_that_are_not_open(talk: Talk) -> None:
    talk.initialize()
    talk.change("file:///nowhere.py", 2, {"text": "x"})
    talk.notify("textDocument/didClose", {"textDocument": {"uri": "file:///nowhere.py"}})
    talk.notify("textDocument/didSave", {"textDocument": {"uri": "file:///nowhere.py"}})
    nowhere = talk.at("file:///nowhere.py", 5, 5)
    assert talk.request("textDocument/hover", nowhere) is None
    assert talk.request("textDocument/completion", nowhere) is None
    assert (
        talk.request("textDocument/documentSymbol", {"textDocument": {"uri": "file:///nowhere.py"}}) is None
    )
    everywhere = {"start": {"line": 0, "character": 0}, "end": {"line": 10**6, "character": 10**6}}
    asked = {
        "textDocument": {"uri": "file:///nowhere.py"},
        "range": everywhere,
        "context": {"diagnostics": []},
    }
    assert talk.request("textDocument/codeAction", asked) is None


def test_ranges_out_of_bounds_are_clamped(talk: Talk) -> None:
    talk.initialize("eglot1.9")
    uri = talk.open("a.py", RETRY)
    assert talk.request("textDocument/hover", talk.at(uri, 10**9, 10**9)) is None
    far = {"line": 10**9, "character": 10**9}
    talk.change(
        uri, 2, {"range": {"start": far, "end": far}, "text": "@retry(max_attempts=0)\ndef g(): ...\n"}
    )
    found = talk.diagnostics(uri, 2)
    assert [d["range"]["start"]["line"] for d in found if d["code"].endswith("/out-of-range")] == [2, 4]
    backwards = {"start": {"line": 4, "character": 22}, "end": {"line": 4, "character": 20}}
    talk.change(uri, 3, {"range": backwards, "text": ""})
    assert talk.diagnostics(uri, 3) == found


def test_uris_of_other_schemes_and_odd_characters(talk: Talk) -> None:
    talk.initialize("eglot1.9")
    for uri in (
        "untitled:Untitled-1",
        "git:/a.py?ref=x",
        "file:///tmp/a%20b%C3%A9%F0%9F%98%80.py",
        "nonsense",
    ):
        item = {"uri": uri, "languageId": "python", "version": 1, "text": RETRY}
        talk.notify("textDocument/didOpen", {"textDocument": item})
        assert OUT_OF_RANGE in codes(talk.diagnostics(uri, 1))
        assert (
            "Retry with backoff"
            in talk.request("textDocument/hover", talk.at(uri, 2, 2))["contents"]["value"]
        )


def test_lone_surrogates_are_taken(talk: Talk) -> None:
    talk.initialize("eglot1.9")
    uri = (talk.folder / "a.py").as_uri()
    text = json.dumps(RETRY.replace("😀", "X")).replace("X", "\\ud83d")
    body = (
        '{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":'
        f'{{"uri":"{uri}","languageId":"python","version":1,"text":{text}}}}}}}'
    ).encode()
    talk.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    assert OUT_OF_RANGE in codes(talk.diagnostics(uri, 1))


def test_after_shutdown_requests_are_refused(talk: Talk) -> None:
    talk.initialize()
    talk.request("shutdown")
    assert talk.error("textDocument/hover", talk.at("file:///a.py", 0, 0))["code"] == -32600
    assert talk.error("shutdown")["code"] == -32600
    talk.notify("textDocument/didOpen", {})
    talk.notify("exit")
    assert talk.process.wait(30) == 0


def test_exit_without_shutdown_is_a_failure(talk: Talk) -> None:
    talk.initialize()
    talk.notify("exit")
    assert talk.process.wait(30) == 1


def test_a_client_that_vanishes_ends_the_server(talk: Talk) -> None:
    talk.initialize()
    assert talk.process.stdin is not None
    talk.process.stdin.close()
    assert talk.process.wait(30) == 1


def test_garbage_instead_of_messages_ends_the_server(talk: Talk) -> None:
    talk.write(b"GET / HTTP/1.1\r\nContent-Length: huge\r\n\r\n")
    assert talk.process.wait(30) == 1


def test_a_failing_producer_takes_nothing_down(new_talk: Callable[..., Talk]) -> None:
    """Without the tests' switch a reported bug is only logged."""
    talk = new_talk(FOUNDATION_LSP_RAISE_BUGS="")
    talk.initialize("eglot1.9")
    uri = talk.open("a.py", RETRY)
    assert OUT_OF_RANGE in codes(talk.diagnostics(uri, 1))
    assert talk.leave() == 0
    assert talk.stderr() == b""


LOADED = """
import sys
from foundation_lsp import serve
import foundation_lsp.handlers
unwanted = {"torch", "numpy", "rich", "jsonschema", "yaml", "common_expression_language", "safetensors", "cel",
            "foundation_engine.port.port", "foundation_engine.model", "tree_sitter_go", "foundation_shm"}
print(sorted(unwanted & set(sys.modules)))
"""


def test_starting_imports_neither_torch_nor_what_only_some_requests_need() -> None:
    found = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "[]"


def test_a_session_never_imports_torch(talk: Talk) -> None:
    talk.initialize("vscode1.139")
    uri = talk.open("a.py", RETRY)
    talk.request("textDocument/hover", talk.at(uri, 2, 2))
    maps = (talk.folder / f"/proc/{talk.process.pid}/maps").read_text()
    assert "tree_sitter" in maps
    assert "torch" not in maps
