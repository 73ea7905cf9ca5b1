"""Diagnostics over real pipes: pushed or pulled, never both; current, coalesced, cleared; in every encoding."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Talk

ROOT = Path(__file__).resolve().parents[3]
LANGUAGES = {".py": "python", ".go": "go", ".rs": "rust", ".rb": "ruby"}
HEAD = "from foundation.resilience import retry\n\n"
RETRY = HEAD + "x = '😀'; y = retry(max_attempts=300)  # é\n"
OUT_OF_RANGE = "retry_with_backoff/out-of-range"


def codes(found: list[dict[str, Any]]) -> list[str]:
    return [item["code"] for item in found]


def pull(talk: Talk, uri: str, previous: str | None = None) -> dict[str, Any]:
    asked = {"textDocument": {"uri": uri}, "identifier": "foundation", "previousResultId": previous}
    return talk.request("textDocument/diagnostic", asked)


@pytest.mark.parametrize(("encoding", "start"), [("utf-8", 35), ("utf-16", 33), ("utf-32", 32)])
def test_columns_in_every_encoding(talk: Talk, encoding: str, start: int) -> None:
    result = talk.initialize({"general": {"positionEncodings": [encoding, "utf-16"]}})
    assert result["capabilities"]["positionEncoding"] == encoding
    uri = talk.open("a.py", HEAD + "x = '😀'; y = retry(max_attempts=300)\n")
    [found] = [d for d in talk.diagnostics(uri, 1) if d["code"] == OUT_OF_RANGE]
    assert found["range"] == {
        "start": {"line": 2, "character": start},
        "end": {"line": 2, "character": start + 3},
    }
    # An edit behind the emoji, in the same unit, must reach the same digits.
    edit = {"start": {"line": 2, "character": start}, "end": {"line": 2, "character": start + 3}}
    talk.change(uri, 2, {"range": edit, "text": "30"})
    assert OUT_OF_RANGE not in codes(talk.diagnostics(uri, 2))


def test_push_follows_typing_and_closing(talk: Talk) -> None:
    talk.initialize("eglot1.9")
    uri = talk.open("a.py", RETRY)
    assert OUT_OF_RANGE in codes(talk.diagnostics(uri, 1))
    talk.change(uri, 2, {"text": HEAD})
    assert talk.diagnostics(uri, 2) == []
    talk.change(uri, 3, {"text": RETRY})
    assert OUT_OF_RANGE in codes(talk.diagnostics(uri, 3))
    talk.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert talk.diagnostics(uri) == []


def test_thirty_quick_edits_cause_few_checks(talk: Talk) -> None:
    talk.initialize("eglot1.9")
    uri = talk.open("a.py", HEAD + "def f(): ...\n" * 3000)
    talk.diagnostics(uri, 1)
    before = len(talk.pushed(uri))
    top = {"start": {"line": 2, "character": 0}, "end": {"line": 2, "character": 0}}
    for version in range(2, 32):
        talk.change(uri, version, {"range": top, "text": f"y{version} = retry(max_attempts=300)\n"})
    found = talk.diagnostics(uri, 31)
    assert codes(found).count(OUT_OF_RANGE) == 30
    assert len(talk.pushed(uri)) - before < 15
    assert [p["version"] for p in talk.pushed(uri)] == sorted({p["version"] for p in talk.pushed(uri)})


def test_pull_is_the_only_way_for_a_client_that_pulls(talk: Talk) -> None:
    talk.initialize("nvim0.11")
    uri = talk.open("a.py", RETRY)
    first = pull(talk, uri)
    assert (first["kind"], OUT_OF_RANGE in codes(first["items"])) == ("full", True)
    again = pull(talk, uri, first["resultId"])
    assert again == {"kind": "unchanged", "resultId": first["resultId"]}
    talk.change(uri, 2, {"text": HEAD})
    changed = pull(talk, uri, first["resultId"])
    assert (changed["kind"], changed["items"]) == ("full", [])
    talk.change(uri, 3, {"text": HEAD + "z = 1\n"})
    assert pull(talk, uri, changed["resultId"])["kind"] == "unchanged"
    talk.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert pull(talk, uri)["items"] == []
    assert talk.pushed(uri) == []


def test_workspace_pull_waits_for_news(talk: Talk) -> None:
    (talk.folder / "bad.py").write_text(RETRY)
    (talk.folder / "fine.py").write_text(HEAD)
    (talk.folder / "secret.py").write_text(RETRY)
    (talk.folder / ".ignore").write_text("secret.py\n")
    talk.initialize("vscode1.139")
    bad = (talk.folder / "bad.py").as_uri()
    first = talk.request("workspace/diagnostic", {"previousResultIds": []})
    [report] = first["items"]
    assert (report["uri"], report["version"], OUT_OF_RANGE in codes(report["items"])) == (bad, None, True)
    known = [{"uri": bad, "value": report["resultId"]}]
    waiting = talk.ask("workspace/diagnostic", {"previousResultIds": known})
    # Nothing has changed, so another request is answered first.
    assert talk.request("textDocument/hover", talk.at(bad, 0, 0)) is None
    assert not [m for m in talk.seen if m.get("id") == waiting and "method" not in m]
    (talk.folder / "bad.py").write_text(HEAD + "# better now\n")
    change = {"uri": bad, "type": 2}
    talk.notify("workspace/didChangeWatchedFiles", {"changes": [change]})
    assert talk.answer(waiting)["result"]["items"][0]["items"] == []
    waiting = talk.ask("workspace/diagnostic", {"previousResultIds": []})
    talk.notify("$/cancelRequest", {"id": waiting})
    assert talk.answer(waiting)["error"]["code"] == -32800


def test_configuration_is_read_anew(talk: Talk) -> None:
    talk.initialize("eglot1.9")
    uri = talk.open("a.py", RETRY)
    assert OUT_OF_RANGE in codes(talk.diagnostics(uri, 1))
    settings = talk.folder / ".foundation.toml"

    def changed() -> None:
        changes = [{"uri": settings.as_uri(), "type": 2}]
        talk.notify("workspace/didChangeWatchedFiles", {"changes": changes})

    settings.write_text('ignore = ["retry_with_backoff"]\n')
    changed()
    assert talk.diagnostics(uri) == []
    settings.write_text('ignore = ["retry_with_backoff"]\nignorr = 1\n')
    changed()
    [problem] = talk.diagnostics(settings.as_uri())
    assert problem["range"]["start"] == {"line": 1, "character": 0}
    assert "ignore" in problem["message"]
    shown = talk.until(lambda m: m.get("method") == "window/showMessage")["params"]["message"]
    assert ".foundation.toml:2" in shown
    settings.write_text("")
    changed()
    assert talk.diagnostics(settings.as_uri()) == []
    assert OUT_OF_RANGE in codes(talk.diagnostics(uri))
    # The editor's own settings fill up the project's.
    talk.notify(
        "workspace/didChangeConfiguration", {"settings": {"foundation": {"severity": {OUT_OF_RANGE: "off"}}}}
    )
    assert OUT_OF_RANGE not in codes(talk.diagnostics(uri))
    talk.notify(
        "workspace/didChangeConfiguration", {"settings": {"foundation": {"severity": {OUT_OF_RANGE: "hint"}}}}
    )
    assert [d["severity"] for d in talk.diagnostics(uri) if d["code"] == OUT_OF_RANGE] == [4]
    settings.write_text(f'[severity]\n"{OUT_OF_RANGE}" = "warning"\n')
    changed()
    assert [d["severity"] for d in talk.diagnostics(uri) if d["code"] == OUT_OF_RANGE] == [2]


def test_an_open_settings_file_is_pulled_and_a_closed_one_pushed(talk: Talk) -> None:
    settings = talk.folder / ".foundation.toml"
    settings.write_text("ignorr = 1\n")
    talk.initialize("nvim0.11")
    assert len(talk.diagnostics(settings.as_uri())) == 1
    uri = talk.open(".foundation.toml", settings.read_text(), "toml")
    assert talk.diagnostics(uri) == []
    assert len(pull(talk, uri)["items"]) == 1
    talk.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert len(talk.diagnostics(uri)) == 1


def test_settings_are_asked_for_when_the_client_only_says_that_they_changed(talk: Talk) -> None:
    talk.answers["workspace/configuration"] = [{"severity": {OUT_OF_RANGE: "off"}}]
    talk.initialize("vscode1.139")
    uri = talk.open("a.py", RETRY)
    talk.until(lambda m: m.get("method") == "workspace/diagnostic/refresh")
    assert OUT_OF_RANGE not in codes(pull(talk, uri)["items"])
    talk.answers["workspace/configuration"] = [
        {"severity": {}, "nonsense": 1, "port": {"languages": ["cobol"]}}
    ]
    talk.notify("workspace/didChangeConfiguration", {"settings": None})
    shown = talk.until(lambda m: m.get("method") == "window/showMessage")["params"]["message"]
    assert "cobol" in shown
    assert OUT_OF_RANGE in codes(pull(talk, uri)["items"])


def test_specs_of_the_workspace(talk: Talk) -> None:
    specs = talk.folder / ".foundation" / "specs"
    specs.mkdir(parents=True)
    (specs / "broken.yaml").write_text("pattern_id: [\n")
    talk.initialize("eglot1.9")
    uri = (specs / "broken.yaml").as_uri()
    [problem, *_] = talk.diagnostics(uri)
    assert problem["source"] == "foundation"
    (specs / "broken.yaml").unlink()
    talk.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": 3}]})
    assert talk.diagnostics(uri) == []


def test_folders_come_and_go(talk: Talk, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "b.py").write_text(RETRY)
    talk.initialize("vscode1.139")
    assert talk.request("workspace/diagnostic", {"previousResultIds": []})["items"] == []
    folder = {"uri": other.as_uri(), "name": "other"}
    waiting = talk.ask("workspace/diagnostic", {"previousResultIds": []})
    talk.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [folder], "removed": []}})
    [report] = talk.answer(waiting)["result"]["items"]
    assert report["uri"] == (other / "b.py").as_uri()
    known = [{"uri": report["uri"], "value": report["resultId"]}]
    waiting = talk.ask("workspace/diagnostic", {"previousResultIds": known})
    talk.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folder]}})
    [report] = talk.answer(waiting)["result"]["items"]
    assert report["items"] == []


def test_a_file_above_the_limit_is_skipped_with_a_notice(talk: Talk) -> None:
    talk.initialize("eglot1.9")
    uri = talk.open("big.py", RETRY + "# padding\n" * 500_000)
    message = talk.until(lambda m: m.get("method") == "window/showMessage")["params"]["message"]
    assert "big.py" in message
    assert "max-file-size" in message
    assert talk.diagnostics(uri, 1) == []
    assert talk.request("textDocument/hover", talk.at(uri, 2, 18)) is None


def test_a_big_file_does_not_hold_up_other_requests(talk: Talk) -> None:
    """The parse of 3.5 MB takes about a second; a question about another file is answered before it ends."""
    talk.initialize("eglot1.9")
    small = talk.open("small.py", RETRY)
    talk.diagnostics(small, 1)
    big = talk.open("big.py", RETRY + "value = [1, 2, 3, {'key': 'text'}]\n" * 100_000)
    cancelled = talk.ask("textDocument/hover", talk.at(big, 2, 18))
    hover = talk.request("textDocument/hover", talk.at(small, 2, 16))
    assert "Retry with backoff" in hover["contents"]["value"]
    talk.notify("$/cancelRequest", {"id": cancelled})
    assert talk.answer(cancelled)["error"]["code"] == -32800
    assert talk.pushed(big) == []
    assert OUT_OF_RANGE in codes(talk.diagnostics(big, 1))


def test_crlf_bom_form_feeds_and_line_separators(talk: Talk) -> None:
    talk.initialize("eglot1.9")
    text = "\ufeff" + HEAD.replace("\n", "\r\n") + "\x0c\r\nz = '\u2028'\ry = retry(max_attempts=300)\r\n"
    uri = talk.open("a.py", text)
    [found] = [d for d in talk.diagnostics(uri, 1) if d["code"] == OUT_OF_RANGE]
    assert found["range"]["start"] == {"line": 4, "character": 23}


def test_the_command_line_and_the_server_agree(talk: Talk) -> None:
    """Every source of the example and of the marker files gives the same findings whichever face is asked."""
    sources = [p for p in sorted((ROOT / "examples").rglob("*")) if p.suffix in LANGUAGES]
    for number, source in enumerate(sources):
        (talk.folder / f"example{number}{source.suffix}").write_bytes(source.read_bytes())
    for case in sorted((ROOT / "tests" / "marker").glob("*/*.txt")):
        for number, section in enumerate(case.read_text().split("\n== ")[1:]):
            name, _, text = section.partition("\n")
            kept = [line for line in text.split("\n") if not re.match(r"\||\s*\^", line)]
            (talk.folder / f"{case.parent.name}_{case.stem}_{number}{Path(name).suffix}").write_text(
                "\n".join(kept)
            )
    command = [sys.executable, "-m", "foundation_lsp", "lint", "--format", "json", str(talk.folder)]
    lint = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    from_lint = {
        (
            Path(f["path"]).name,
            f["code"],
            f["severity"],
            f["start"]["line"],
            f["start"]["column"],
            f["message"],
        )
        for f in json.loads(lint.stdout)["findings"]
    }
    talk.initialize({"general": {"positionEncodings": ["utf-32"]}, "textDocument": {"diagnostic": {}}})
    from_server = set()
    files = sorted(p for p in talk.folder.iterdir() if p.suffix in LANGUAGES)
    for path in files:
        for item in pull(talk, talk.open(path.name, path.read_text(), LANGUAGES[path.suffix]))["items"]:
            start = item["range"]["start"]
            severity = {1: "error", 2: "warning", 3: "info", 4: "hint"}[item["severity"]]
            message = item["message"].partition("\n")[0]
            place = (start["line"] + 1, start["character"] + 1)
            from_server.add((path.name, item["code"], severity, *place, message))
    assert len(files) > 40
    assert len(from_lint) > 20
    assert from_lint == from_server
