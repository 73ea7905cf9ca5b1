"""Where the server listens, what a failing part does to the rest, and what an editor's options mean."""

from __future__ import annotations

import json
import logging
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from foundation_lsp import analysis, bug, options
from foundation_lsp.documents import Change, DocumentSnapshot
from foundation_lsp.framing import FramingError, MessageReader, frame
from foundation_lsp.positions import PositionEncoding
from foundation_lsp.serve import RemoteAddressError, is_loopback, serve_tcp
from foundation_lsp.settings import Settings
from foundation_specs.model import LanguageId
from foundation_specs.registry import SpecRegistry
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st


def test_only_loopback_addresses_unless_asked() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("")
    assert not is_loopback("192.0.2.1")
    with pytest.raises(RemoteAddressError, match=re.escape("0.0.0.0")):
        serve_tcp("0.0.0.0", 0)


def test_the_command_line_refuses_remote_addresses() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "foundation_lsp", "--tcp", "0.0.0.0:0"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 2
    assert "0.0.0.0" in run.stderr
    assert "--allow-remote" in run.stderr


class Socket:
    """A client on a socket."""

    def __init__(self, port: int) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port), 60)
        self.reader = MessageReader()
        self.arrived: list[dict[str, Any]] = []

    def request(self, number: int, method: str, params: Any) -> dict[str, Any]:
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self.connection.sendall(frame(json.dumps(message).encode()))
        while True:
            for body in self.reader.feed(self.connection.recv(65536)):
                answer = json.loads(body)
                if answer.get("id") == number:
                    return answer


def test_tcp_serves_several_clients_apart(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "foundation_lsp", "--tcp", "127.0.0.1:0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        assert server.stderr is not None
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", server.stderr.readline())
        assert found is not None
        first, second = Socket(int(found[1])), Socket(int(found[1]))
        start = {"processId": None, "rootUri": None, "capabilities": {}}
        assert "result" in first.request(1, "initialize", start)
        assert second.request(1, "textDocument/hover", {})["error"]["code"] == -32002
        assert "result" in second.request(2, "initialize", start)
        assert "result" in first.request(2, "shutdown", None)
        first.connection.sendall(frame(b'{"jsonrpc":"2.0","method":"exit"}'))
        assert first.connection.recv(10) == b""
        assert second.request(3, "textDocument/fly", {})["error"]["code"] == -32601
        second.connection.close()
    finally:
        server.kill()
        server.wait(30)
        assert server.stderr is not None
        server.stderr.close()


SOURCE = b"from foundation.resilience import retry\n\n@retry(max_attempts=300)\ndef f(): ...\n"


def analysed() -> analysis.Analysis:
    snapshot = DocumentSnapshot.opened("file:///a.py", 1, LanguageId.PYTHON, SOURCE)
    settings = Settings(root=Path("/"))
    return analysis.analyse(snapshot, LanguageId.PYTHON, Path("/a.py"), SpecRegistry.builtin(), settings, 0)


def test_a_failing_check_leaves_hover_and_symbols(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("no luck")

    assert analysed().findings
    monkeypatch.setattr(analysis, "check_tree", broken)
    monkeypatch.delenv(bug.RAISE_VARIABLE, raising=False)
    with caplog.at_level(logging.ERROR, "foundation_lsp"):
        found = analysed()
    assert found.findings == ()
    assert [o.pattern_id for o in found.occurrences] == ["retry_with_backoff"]
    assert "no luck" in caplog.text
    monkeypatch.setenv(bug.RAISE_VARIABLE, "1")
    with pytest.raises(bug.BugError, match="no luck"):
        analysed()


EDITS = st.lists(
    st.tuples(
        st.integers(0, 8),
        st.integers(0, 30),
        st.integers(0, 6),
        st.sampled_from(
            ["", "x", "(", ")", '"', "\n", "# ", "@retry(max_attempts=0)\n", '"""', "😀", "\r", "\x0c"]
        ),
    ),
    max_size=8,
)


@given(EDITS)
@example([(6, 7, 0, '"""'), (7, 1, 0, '"')])
@hypothesis_settings(max_examples=60, deadline=None)
def test_analysis_of_edits_equals_analysis_of_the_text(edits: list[tuple[int, int, int, str]]) -> None:
    """Reusing the tree of the version before never changes what is found."""
    settings, registry = Settings(root=Path("/")), SpecRegistry.builtin()
    snapshot = DocumentSnapshot.opened("file:///a.py", 0, LanguageId.PYTHON, SOURCE * 2)
    tree = None
    for version, (line, character, length, text) in enumerate(edits, 1):
        change = Change(text.encode(), (line, character), (line, character + length))
        snapshot = snapshot.changed(version, [change], PositionEncoding.UTF16)
        reused = analysis.analyse(snapshot, LanguageId.PYTHON, None, registry, settings, 0, tree)
        fresh = analysis.analyse(snapshot, LanguageId.PYTHON, None, registry, settings, 0)
        assert fresh.findings == reused.findings
        assert fresh.occurrences == reused.occurrences
        tree = reused.tree


def test_trust_comes_from_the_start_alone() -> None:
    start = options.at_start({"trusted": False})
    assert not start.trusted
    assert not options.changed({"foundation": {"trusted": True}}, start).trusted
    assert options.at_start(None).trusted
    assert options.at_start({"foundation": {"trusted": False}}).trusted is False


def test_editor_options_of_the_wrong_type_are_told_and_left_out() -> None:
    found = options.changed({"codeLens": "yes", "port": {"languages": ["go", "cobol"], "outputDirectory": 3}})
    assert found.code_lens is True
    assert found.port_languages == (LanguageId.GO,)
    assert found.port_directory == ""
    assert len(found.problems) == 3


@given(st.lists(st.binary(max_size=30), max_size=6), st.integers(1, 9))
def test_framing_survives_any_cut(bodies: list[bytes], size: int) -> None:
    stream = b"".join(map(frame, bodies))
    reader = MessageReader()
    found = [body for i in range(0, len(stream), size) for body in reader.feed(stream[i : i + size])]
    assert bodies == found


def test_framing_refuses_what_is_no_length() -> None:
    for header in (b"Content-Length: -1\r\n\r\n", b"Content-Length: 99999999999\r\n\r\n", b"x" * 70_000):
        with pytest.raises(FramingError):
            list(MessageReader().feed(header))
