"""What an editor shows, as text: each case is sources with markers, and what is expected under each marker.

A case file holds notes (lines that begin with `#:`) and one or more sources, each under a line `== NAME`. A line that
holds only spaces and carets, then a word, asks the server something about the line above it, at the carets' columns:

    ^^^^ error CODE: TEXT    a diagnostic (`diagnostics` files); lines after the first of its text follow as `| ...`
    ^ hover | completion | signature | actions | symbols | lenses

and the lines `| ...` below it are the answer. `--update` rewrites them.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from foundation_lsp.server import FoundationServer

HERE = Path(__file__).parent
CAPABILITIES = HERE.parent / "server" / "lsp" / "caps" / "vscode1.139.json"
LANGUAGES = {".py": "python", ".go": "go", ".rs": "rust", ".rb": "ruby"}
MARKER = re.compile(r"^(?P<indent> *)(?P<carets>\^+) (?P<rest>\S.*)$")
SEVERITIES = {1: "error", 2: "warning", 3: "info", 4: "hint"}


@dataclass
class Marker:
    """A question about a range of columns of a line, in code points."""

    line: int
    start: int
    end: int
    text: str


@dataclass
class Source:
    """One source of a case: its text without markers, and the markers."""

    name: str
    lines: list[str] = field(default_factory=list)
    markers: list[Marker] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def read_case(text: str) -> tuple[list[str], list[Source]]:
    """The notes and the sources of a case file."""
    notes: list[str] = []
    sources: list[Source] = []
    for line in text.rstrip("\n").split("\n"):
        if line.startswith("== "):
            sources.append(Source(line[3:].strip()))
        elif not sources:
            notes.append(line)
        elif line.startswith("| ") or line == "|":
            continue
        elif match := MARKER.match(line):
            start = len(match["indent"])
            sources[-1].markers.append(
                Marker(len(sources[-1].lines) - 1, start, start + len(match["carets"]), match["rest"])
            )
        else:
            sources[-1].lines.append(line)
    for source in sources:
        while source.lines and not source.lines[-1]:
            source.lines.pop()
    return notes, sources


class Talk:
    """A client in the server's own process: real messages, no pipes."""

    def __init__(self) -> None:
        self.server = FoundationServer()
        self.server.protocol.set_writer(self, include_headers=False)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._next = 0

    def write(self, data: bytes) -> None:
        message = json.loads(data)
        if "method" in message:
            if message["method"] == "window/logMessage":
                raise AssertionError(message["params"]["message"])
            if "id" in message:
                self._send({"id": message["id"], "result": None})
            return
        self._answers.pop(message["id"]).set_result(message)

    def close(self) -> None:
        """Nothing to close."""

    def _send(self, message: dict[str, Any]) -> None:
        asyncio.get_running_loop().call_soon(
            self.server.protocol.receive, json.dumps({"jsonrpc": "2.0", **message}).encode()
        )

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    async def request(self, method: str, params: Any) -> Any:
        self._next += 1
        future = self._answers[self._next] = asyncio.get_running_loop().create_future()
        self._send({"id": self._next, "method": method, "params": params})
        answer = await asyncio.wait_for(future, 60)
        assert "error" not in answer, answer["error"]
        return answer["result"]


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def columns(line: str, character: int) -> int:
    """Code points for UTF-16 units."""
    return len(line.encode("utf-16-le")[: 2 * character].decode("utf-16-le"))


def prefixed(text: str) -> list[str]:
    return [f"| {line}".rstrip() for line in text.split("\n")]


async def answer(talk: Talk, uri: str, source: Source, marker: Marker) -> list[str]:
    """The lines under a marker."""
    line = source.lines[marker.line]
    start = {"line": marker.line, "character": units(line[: marker.start])}
    end = {"line": marker.line, "character": units(line[: marker.end])}
    document = {"textDocument": {"uri": uri}}
    match marker.text.split()[0]:
        case "hover":
            found = await talk.request("textDocument/hover", {**document, "position": start})
            return prefixed(found["contents"]["value"]) if found else ["| (nothing)"]
        case "completion":
            found = await talk.request("textDocument/completion", {**document, "position": start})
            return [completion_line(item, line) for item in found["items"]] or ["| (nothing)"]
        case "signature":
            found = await talk.request("textDocument/signatureHelp", {**document, "position": start})
            return signature_lines(found) if found else ["| (nothing)"]
        case "actions":
            # What can be generated depends on the port engine, which has tests of its own.
            context = {"diagnostics": [], "triggerKind": 1, "only": ["quickfix", "source.fixAll"]}
            asked = {**document, "range": {"start": start, "end": end}, "context": context}
            found = await talk.request("textDocument/codeAction", asked)
            lines: list[str] = []
            for action in found:
                lines += await action_lines(talk, action, source)
            return lines or ["| (nothing)"]
        case "lenses":
            found = await talk.request("textDocument/codeLens", document)
            return [
                f"| line {item['range']['start']['line'] + 1}: {item['command']['title']}" for item in found
            ]
        case "symbols":
            found = await talk.request("textDocument/documentSymbol", document)
            return list(symbol_lines(found, 0)) or ["| (nothing)"]
        case other:
            raise AssertionError(f"unknown question {other!r}")


def completion_line(item: dict[str, Any], line: str) -> str:
    edit = item["textEdit"]
    replaced = line[
        columns(line, edit["range"]["start"]["character"]) : columns(line, edit["range"]["end"]["character"])
    ]
    imports = "".join(f"  [adds {e['newText'].strip()}]" for e in item.get("additionalTextEdits", []))
    chosen = " *" if item.get("preselect") else ""
    return f"| {item['label']}{chosen}  ({item['detail']})  {replaced!r} -> {edit['newText']!r}{imports}"


def signature_lines(found: dict[str, Any]) -> list[str]:
    [signature] = found["signatures"]
    label = signature["label"]
    encoded = label.encode("utf-16-le")
    start, end = signature["parameters"][found["activeParameter"]]["label"]
    active = encoded[2 * start : 2 * end].decode("utf-16-le")
    return [f"| {label}", f"| active: {active}"]


async def action_lines(talk: Talk, action: dict[str, Any], source: Source) -> list[str]:
    preferred = " *" if action.get("isPreferred") else ""
    lines = [f"| {action['kind']}{preferred}: {action['title']}"]
    if "edit" not in action and "suppress" in action.get("data", {}):
        action = await talk.request("codeAction/resolve", action)
    if "edit" in action:
        [change] = action["edit"]["documentChanges"]
        before = source.lines
        after = edited(source.text, change["edits"]).rstrip("\n").split("\n")
        lines += [f"|   - {old}" for old in before if old not in after]
        lines += [f"|   + {new}" for new in after if new not in before]
    return lines


def edited(text: str, edits: list[dict[str, Any]]) -> str:
    """The text after edits whose lines end at line feeds."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def index(position: dict[str, int]) -> int:
        line = text.split("\n")[position["line"]]
        return starts[position["line"]] + columns(line, position["character"])

    for edit in sorted(
        edits, key=lambda e: (e["range"]["start"]["line"], e["range"]["start"]["character"]), reverse=True
    ):
        text = text[: index(edit["range"]["start"])] + edit["newText"] + text[index(edit["range"]["end"]) :]
    return text


def symbol_lines(found: list[dict[str, Any]], depth: int) -> Iterator[str]:
    for symbol in found:
        span = f"{symbol['range']['start']['line'] + 1}-{symbol['range']['end']['line'] + 1}"
        yield f"| {'  ' * depth}{symbol['name']}  {span}  {symbol.get('detail', '')}".rstrip()
        yield from symbol_lines(symbol.get("children", []), depth + 1)


def diagnostic_lines(found: list[dict[str, Any]], source: Source) -> dict[int, list[str]]:
    """The diagnostics as markers, by the line that they stand under."""
    by_line: dict[int, list[str]] = {}
    for item in found:
        row = item["range"]["start"]["line"]
        line = source.lines[row]
        start = columns(line, item["range"]["start"]["character"])
        last = item["range"]["end"]
        end = columns(line, last["character"]) if last["line"] == row else len(line)
        first, *rest = item["message"].split("\n")
        carets = "^" * max(end - start, 1)
        head = f"{' ' * start}{carets} {SEVERITIES[item['severity']]} {item['code']}: {first}"
        related = [
            f"| see line {r['location']['range']['start']['line'] + 1}: {r['message']}"
            for r in item.get("relatedInformation", [])
        ]
        by_line.setdefault(row, []).extend([head, *(f"| {more}".rstrip() for more in rest), *related])
    return by_line


async def rendered(case: str, request: str, folder: Path) -> str:
    """The case file as the server answers it now."""
    notes, sources = read_case(case)
    talk = Talk()
    capabilities = json.loads(CAPABILITIES.read_text())["capabilities"]
    capabilities["workspace"]["didChangeWatchedFiles"] = {}
    await talk.request(
        "initialize", {"capabilities": capabilities, "rootUri": folder.as_uri(), "processId": None}
    )
    out = list(notes)
    for source in sources:
        uri = (folder / source.name).as_uri()
        language = LANGUAGES[Path(source.name).suffix]
        item = {"uri": uri, "languageId": language, "version": 1, "text": source.text}
        talk.notify("textDocument/didOpen", {"textDocument": item})
        out.append(f"== {source.name}")
        answers: dict[int, list[str]] = {}
        if request == "diagnostics":
            report = await talk.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
            answers = diagnostic_lines(report["items"], source)
        for marker in source.markers if request != "diagnostics" else []:
            carets = " " * marker.start + "^" * (marker.end - marker.start)
            lines = [f"{carets} {marker.text}", *await answer(talk, uri, source, marker)]
            answers.setdefault(marker.line, []).extend(lines)
        for number, line in enumerate(source.lines):
            out.append(line)
            out += answers.get(number, [])
        out.append("")
    await talk.request("shutdown", None)
    await talk.server.close()
    return "\n".join(out).rstrip("\n") + "\n"


CASES = sorted(HERE.glob("*/*.txt"))


@pytest.mark.parametrize("path", CASES, ids=[f"{p.parent.name}/{p.stem}" for p in CASES])
def test_case(
    path: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOUNDATION_LSP_RAISE_BUGS", "1")
    monkeypatch.chdir(tmp_path)
    case = path.read_text("utf-8")
    found = asyncio.run(rendered(case, path.parent.name, tmp_path))
    if request.config.getoption("--update"):
        path.write_text(found, "utf-8")
        return
    assert case == found


@pytest.mark.parametrize("path", CASES, ids=[f"{p.parent.name}/{p.stem}" for p in CASES])
def test_case_asks_something_behind_an_emoji(path: Path) -> None:
    """A case without a marker checks nothing, and one without a character beyond the basic plane misses half of it."""
    _, sources = read_case(path.read_text("utf-8"))
    assert any(source.markers for source in sources) or "clean" in path.stem
    assert any(ord(char) > 0xFFFF for source in sources for char in source.text)


def test_marker_files_exist() -> None:
    assert len(CASES) >= 10
    assert {"hover", "diagnostics", "completion", "signature", "actions", "symbols", "lenses"} <= {
        p.parent.name for p in CASES
    }


def test_a_wrong_golden_fails(tmp_path: Path) -> None:
    """The comparison notices a column that is off by one."""
    case = "== a.py\nfrom foundation.resilience import retry\n@retry(max_attempts=300)\ndef f(): ...\n"
    found = asyncio.run(rendered(case, "diagnostics", tmp_path))
    assert re.search(r"^ {20}\^\^\^ error retry_with_backoff/out-of-range: ", found, re.MULTILINE)
