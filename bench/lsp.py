"""How fast the language server answers: start-up, and from a keystroke to diagnostics, against two baselines.

    python bench/lsp.py [--edits N]

Every server is a real process driven over stdio; their turns alternate, so that a busy machine is busy for all.
`pygls, full parse` is the plain way to write such a server: pygls's own documents and the same engine run over the
whole text at every edit. `ast-grep lsp` (when it is installed) runs one rule that finds the same planted violations.
CPU is user and system time of the server process; wall is what the client waited.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")

PLAIN = """
import sys
from lsprotocol import types
from pygls.lsp.server import LanguageServer
from foundation_engine.check import check_document
from foundation_specs.model import LanguageId
from foundation_specs.registry import SpecRegistry

server = LanguageServer("plain", "1")

def check(ls, uri):
    document = ls.workspace.get_text_document(uri)
    text = document.source.encode()
    def position(offset):
        before = text[:offset]
        line = before.count(b"\\n")
        return types.Position(line, len(before[before.rfind(b"\\n") + 1 :].decode()))
    found = check_document(text, LanguageId.PYTHON, SpecRegistry.builtin())
    items = [types.Diagnostic(types.Range(position(f.range.start), position(f.range.end)), f.message) for f in found]
    ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, items, version=document.version))

@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
def opened(ls: LanguageServer, params: types.DidOpenTextDocumentParams):
    check(ls, params.text_document.uri)

@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def changed(ls: LanguageServer, params: types.DidChangeTextDocumentParams):
    check(ls, params.text_document.uri)

server.start_io()
"""

RULE = """
id: attempts
language: python
severity: error
message: too many attempts
rule:
  kind: decorator
  regex: max_attempts=300
"""


class Server:
    """A server process and the messages that it has sent."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder
        )
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        folder_uri = folder.as_uri()
        self.send(
            id=1,
            method="initialize",
            params={
                "processId": None,
                "rootUri": folder_uri,
                "rootPath": str(folder),
                "workspaceFolders": [{"uri": folder_uri, "name": "bench"}],
                "capabilities": {"textDocument": {"publishDiagnostics": {"versionSupport": True}}},
            },
        )
        answer = self.until(lambda m: m.get("id") == 1 and "method" not in m)
        sync = answer["result"]["capabilities"]["textDocumentSync"]
        self.incremental = (sync["change"] if isinstance(sync, dict) else sync) == 2

    def _read(self) -> None:
        assert self.process.stdout is not None
        length = 0
        while header := self.process.stdout.readline():
            if header.lower().startswith(b"content-length:"):
                length = int(header.partition(b":")[2])
            elif header == b"\r\n":
                self._messages.put(json.loads(self.process.stdout.read(length)))
        self._messages.put(None)

    def send(self, **message: Any) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def until(self, wanted: Any) -> dict[str, Any]:
        while True:
            message = self._messages.get(timeout=120)
            if message is None:
                raise SystemExit("a server ended")
            if "id" in message and "method" in message:
                self.send(id=message["id"], result=None)
            if wanted(message):
                return message

    def published(self, uri: str, version: int) -> int:
        """How many diagnostics the push for a version holds."""
        message = self.until(
            lambda m: (
                m.get("method") == "textDocument/publishDiagnostics"
                and m["params"]["uri"] == uri
                and m["params"].get("version", version) == version
            )
        )
        return len(message["params"]["diagnostics"])

    def cpu(self) -> float:
        """CPU seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def resident(self) -> float:
        """Resident memory in MB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)


@dataclass
class Row:
    """The measurements of one server."""

    name: str
    command: list[str]
    start_wall: list[float] = field(default_factory=list)
    start_cpu: list[float] = field(default_factory=list)
    edit_wall: dict[int, list[float]] = field(default_factory=dict)
    edit_cpu: dict[int, float] = field(default_factory=dict)
    memory: float = 0.0


def source(lines: int, rng: random.Random) -> tuple[str, int]:
    """A Python file of this many lines with an annotation every 100 lines, and how many violations are planted."""
    out = ["from foundation.resilience import retry", ""]
    violations = 0
    while len(out) < lines:
        annotated = len(out) % 100 < 20
        bad = annotated and rng.random() < 0.2
        violations += bad
        attempts = 300 if bad else rng.randint(2, 9)
        out += [
            "",
            f"@retry(max_attempts={attempts}, base_delay=0.5, max_delay=2.0)" if annotated else "",
            f"def fetch_{len(out)}(client, order_id, *, timeout=1.0):",
        ]
        for _ in range(17):
            name = rng.choice(["items", "total", "reply", "order"])
            out.append(
                f"    {name} = client.get({rng.randint(1, 999)}, key='{name}') or {{'é': [1, 2, order_id]}}"
            )
    return "\n".join(out[:lines]) + "\n", violations


def measure_start(row: Row, folder: Path) -> None:
    started = time.perf_counter()
    server = Server(row.command, folder)
    row.start_wall.append(time.perf_counter() - started)
    row.start_cpu.append(server.cpu())
    server.stop()


def measure_edits(rows: list[Row], folder: Path, lines: int, edits: int) -> None:
    """Type one character at a time in random lines, each server in turn, waiting for each answer."""
    rng = random.Random(lines)
    text, violations = source(lines, rng)
    path = folder / f"module_{lines}.py"
    path.write_text(text)
    uri = path.as_uri()
    servers = [Server(row.command, folder) for row in rows]
    try:
        for server in servers:
            server.send(method="initialized", params={})
            item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
            server.send(method="textDocument/didOpen", params={"textDocument": item})
            found = server.published(uri, 1)
            if found < violations:
                raise SystemExit(f"{violations} violations planted, {found} found")
        before = [server.cpu() for server in servers]
        rows_of_text = text.split("\n")
        bodies = [number for number, line in enumerate(rows_of_text) if line.startswith("    ")]
        for version in range(2, edits + 2):
            line = rng.choice(bodies)
            place = {"line": line, "character": 6}
            typed = {"range": {"start": place, "end": place}, "text": rng.choice("abcdefg")}
            rows_of_text[line] = rows_of_text[line][:6] + typed["text"] + rows_of_text[line][6:]
            whole = {"text": "\n".join(rows_of_text)}
            for row, server in zip(rows, servers, strict=True):
                time.sleep(0.06)
                changes = [typed if server.incremental else whole]
                params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": changes}
                started = time.perf_counter()
                server.send(method="textDocument/didChange", params=params)
                if server.published(uri, version) < violations:
                    raise SystemExit(f"{row.name} lost violations after an edit")
                row.edit_wall.setdefault(lines, []).append(time.perf_counter() - started)
        for row, server, was in zip(rows, servers, before, strict=True):
            row.edit_cpu[lines] = (server.cpu() - was) / edits
            row.memory = server.resident()
    finally:
        for server in servers:
            server.stop()


def table(title: str, header: list[str], rows: list[list[str]]) -> None:
    print(f"\n{title}")
    widths = [max(len(r[i]) for r in [header, *rows]) for i in range(len(header))]
    for row in [header, ["-" * w for w in widths], *rows]:
        print(
            "  ".join(
                cell.ljust(w) if i == 0 else cell.rjust(w)
                for i, (cell, w) in enumerate(zip(row, widths, strict=True))
            )
        )


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edits", type=int, default=40, help="keystrokes per file and server")
    parser.add_argument("--starts", type=int, default=5, help="starts per server")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "plain.py").write_text(PLAIN)
        (folder / "sgconfig.yml").write_text("ruleDirs: [rules]\n")
        (folder / "rules").mkdir()
        (folder / "rules" / "attempts.yml").write_text(RULE)
        rows = [
            Row("foundation-lsp", [sys.executable, "-m", "foundation_lsp", "--stdio"]),
            Row("pygls, full parse", [sys.executable, str(folder / "plain.py")]),
        ]
        found = shutil.which(
            "ast-grep", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        )
        if found:
            rows.append(Row("ast-grep lsp", [found, "lsp"]))
        else:
            print("ast-grep is not installed: that baseline is left out (PyPI package ast-grep-cli)")
        for _ in range(options.starts):
            for row in rows:
                measure_start(row, folder)
        for lines in (2_000, 10_000):
            measure_edits(rows, folder, lines, options.edits)

        ours = rows[0]
        table(
            f"Start-up to the answer to initialize ({options.starts} starts, alternating)",
            ["server", "wall min", "wall median", "CPU min", "CPU ratio to ours"],
            [
                [
                    row.name,
                    milliseconds(min(row.start_wall)),
                    milliseconds(statistics.median(row.start_wall)),
                    milliseconds(min(row.start_cpu)),
                    f"{min(row.start_cpu) / min(ours.start_cpu):.2f}",
                ]
                for row in rows
            ],
        )
        for lines in (2_000, 10_000):
            median = statistics.median(ours.edit_wall[lines])
            table(
                f"Keystroke to diagnostics, {lines:,} lines ({options.edits} keystrokes, alternating)",
                ["server", "wall min", "wall median", "wall p95", "CPU per edit", "wall ratio", "CPU ratio"],
                [
                    [
                        row.name,
                        milliseconds(min(row.edit_wall[lines])),
                        milliseconds(statistics.median(row.edit_wall[lines])),
                        milliseconds(sorted(row.edit_wall[lines])[int(0.95 * (options.edits - 1))]),
                        milliseconds(row.edit_cpu[lines]),
                        f"{statistics.median(row.edit_wall[lines]) / median:.2f}",
                        f"{row.edit_cpu[lines] / max(ours.edit_cpu[lines], 1e-9):.2f}",
                    ]
                    for row in rows
                ],
            )
        print("\nRatios are to foundation-lsp: above 1 means slower than it.")
        print(
            "Resident memory with the larger file: " + ", ".join(f"{r.name} {r.memory:.0f} MB" for r in rows)
        )


if __name__ == "__main__":
    main()
