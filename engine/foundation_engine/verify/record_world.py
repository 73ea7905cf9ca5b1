"""What a recorded call finds around it: a folder with files, an environment, commands and a server on the loopback.

Used by `record_python.py` in the process that runs the user's code, so it imports nothing of this program.
"""

# pyright: basic, reportAttributeAccessIssue=false
# ruff: noqa: N815, PTH101, PTH102, PTH103, PTH109, PTH110, PTH118, PTH120, PTH123
# It starts fast without pathlib, and like the recorder it is run as a script beside the user's code.

import contextlib
import http.server
import io
import os
import shlex
import shutil
import sys
import tempfile
import threading

STUB = """#!/bin/sh
# Answers from its list in turn, and notes its arguments.
n=0
[ -f {log}.n ] && read -r n < {log}.n
echo $((n + 1)) > {log}.n
{{ printf '%s\\037' {name} "$@"; printf '\\036'; }} >> {all}
[ "$n" -lt {count} ] || n=$(({count} - 1))
/bin/cat {log}.$n.out
/bin/cat {log}.$n.err >&2
read -r code < {log}.$n.exit
exit "$code"
"""


class _Answers(http.server.BaseHTTPRequestHandler):
    def _answer(self):
        size = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(size).decode("utf-8", "replace")
        world = self.server.world
        world.requests.append({"method": self.command, "path": self.path, "body": body})
        given = world.given.get("http") or [{"status": 500, "body": ""}]
        answer = given[min(len(world.requests), len(given)) - 1]
        data = str(answer.get("body", "")).encode()
        self.send_response_only(int(answer.get("status", 200)))
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, str(value).replace("{server}", world.server))
        if "requests" in sys.modules and "content-type" not in {n.lower() for n in answer.get("headers", {})}:
            # It guesses the encoding of a body that does not tell, which ports state as a difference.
            self.send_header("content-type", "text/plain; charset=utf-8")
        self.send_header("content-length", str(len(data)))
        self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

    def log_message(self, format, *args):  # noqa: A002 - the base class names it.
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # A client that goes away in the middle of an answer is its own affair.
        pass


class World:
    """A context in which one call runs; `after()` says what it left."""

    def __init__(self, given):
        self.given = given
        self.requests = []
        self.server = ""
        self._undo = contextlib.ExitStack()

    def __enter__(self):
        keep = self._undo
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="foundation-world-"))
        keep.callback(shutil.rmtree, self.root, ignore_errors=True)
        self.folder = os.path.join(self.root, "work")
        commands = os.path.join(self.root, "bin")
        os.mkdir(self.folder)
        os.mkdir(commands)
        self._stubs(commands)
        for name, text in self.given.get("files", {}).items():
            path = os.path.join(self.folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        if "http" in self.given or "{server}" in str(self.given):
            listening = _Server(("127.0.0.1", 0), _Answers)
            listening.world = self
            self.server = f"http://127.0.0.1:{listening.server_address[1]}"
            threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
            keep.callback(listening.server_close)
            keep.callback(listening.shutdown)
        keep.callback(os.chdir, os.getcwd())
        os.chdir(self.folder)
        before = dict(os.environ)
        keep.callback(os.environ.update, before)
        keep.callback(os.environ.clear)
        os.environ.update(
            {k: v.replace("{server}", self.server) for k, v in self.given.get("env", {}).items()}
        )
        # Only the scripts are found by name, so that no real command runs.
        os.environ["PATH"] = commands
        argv = list(sys.argv)
        keep.callback(sys.argv.__setitem__, slice(None), argv)
        sys.argv[1:] = self.given.get("argv", [])
        self.stdout = io.StringIO()
        keep.enter_context(contextlib.redirect_stdout(self.stdout))
        return self

    def __exit__(self, *failure):
        self._undo.close()

    def _stubs(self, folder):
        notes = os.path.join(self.root, "notes")
        os.mkdir(notes)
        self._log = os.path.join(notes, "all")
        for name, outcomes in self.given.get("commands", {}).items():
            log = os.path.join(notes, name.replace("/", "_"))
            for i, outcome in enumerate(outcomes):
                for part in ("out", "err"):
                    with open(f"{log}.{i}.{part}", "w", encoding="utf-8", newline="") as file:
                        file.write(outcome.get(f"std{part}", ""))
                with open(f"{log}.{i}.exit", "w", encoding="utf-8") as file:
                    file.write(f"{outcome.get('exit', 0)}\n")
            script = os.path.join(folder, name)
            with open(script, "w", encoding="utf-8") as file:
                file.write(
                    STUB.format(
                        log=shlex.quote(log),
                        all=shlex.quote(self._log),
                        name=shlex.quote(name),
                        count=len(outcomes),
                    )
                )
            os.chmod(script, 0o755)  # noqa: S103 - a script has to be executable.

    def after(self):
        """What there is now, in the form of `Case.world_after`; keys that do not matter are absent."""
        out = {"files": {}, "stdout": self.stdout.getvalue()}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    out["files"][os.path.relpath(path, self.folder)] = file.read().decode("utf-8")
        if self.given.get("commands"):
            out["commands"] = []
            if os.path.exists(self._log):
                with open(self._log, encoding="utf-8", newline="") as file:
                    out["commands"] = [call.split("\037")[:-1] for call in file.read().split("\036")[:-1]]
        if self.server:
            out["requests"] = self.requests
        return out
