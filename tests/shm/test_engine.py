"""The engine without torch: its config, its control, its command line, and the message that names the extra."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from foundation_engine import inference
from foundation_engine.inference import EngineError, load_config
from foundation_lsp.cli import main

from tests.shm.conftest import ROOT, ServerProcess, wait_until

WITHOUT_TORCH = "import sys; sys.modules['torch'] = None\n"


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def write(folder: Path, text: str) -> Path:
    path = folder / "engine.yaml"
    path.write_text(text)
    return path


def problems(folder: Path, text: str, **options: bool) -> list[str]:
    return [str(problem) for problem in load_config(write(folder, text), **options)[1]]


def test_without_torch_the_message_names_the_extra(tmp_path: Path) -> None:
    config = write(tmp_path, "models: []")
    code = WITHOUT_TORCH + "from foundation_lsp.cli import main; sys.exit(main(sys.argv[1:]))"
    done = run_python(code, "engine", "serve", "--config", str(config))
    assert done.returncode == 2
    assert "torch" in done.stderr
    assert "pip install 'foundation-lsp[engine]'" in done.stderr
    assert "Traceback" not in done.stderr
    # The worker says the same when it is started by hand.
    code = (
        WITHOUT_TORCH
        + "import runpy; sys.argv[0] = 'x'; runpy.run_module('foundation_engine.model', run_name='__main__')"
    )
    done = run_python(code, "--config", str(config))
    assert done.returncode == 2
    assert "pip install 'foundation-lsp[engine]'" in done.stderr


def test_what_the_user_set_for_the_memory_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THP_MEM_ALLOC_ENABLE", raising=False)
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=1")
    environment = inference.worker_environment()
    assert environment["THP_MEM_ALLOC_ENABLE"] == "1"
    assert environment["GLIBC_TUNABLES"] == "glibc.malloc.arena_max=1"
    monkeypatch.setenv("THP_MEM_ALLOC_ENABLE", "0")
    assert inference.worker_environment()["THP_MEM_ALLOC_ENABLE"] == "0"


def test_starting_on_demand_without_torch_is_a_clear_error(tmp_path: Path, endpoint: str) -> None:
    code = WITHOUT_TORCH + (
        "from pathlib import Path; from foundation_engine.inference import Engine, EngineError\n"
        "try: Engine(Path(sys.argv[1]), sys.argv[2]).client()\n"
        "except EngineError as error: print(error)"
    )
    done = run_python(code, str(write(tmp_path, "models: []")), endpoint)
    assert "pip install 'foundation-lsp[engine]'" in done.stdout, done.stderr


def test_only_the_models_package_imports_torch() -> None:
    code = (
        "import sys, foundation_shm, foundation_engine.inference, foundation_lsp.cli.engine\n"
        "assert not {'torch', 'numpy', 'safetensors'} & set(sys.modules)"
    )
    assert run_python(code).returncode == 0
    importers = {
        path.relative_to(ROOT).as_posix()
        for package in ("engine", "server", "shm/foundation_shm", "grammars", "specs")
        for path in (ROOT / package).rglob("*.py")
        if any(
            line.lstrip().startswith(("import torch", "from torch")) for line in path.read_text().splitlines()
        )
    }
    assert importers
    assert all(path.startswith("engine/foundation_engine/model/") for path in importers), importers


def test_a_config_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.pt2").write_bytes(b"x")
    config, found = load_config(
        write(
            tmp_path,
            """
            server: {idle_timeout: 60, threads: 2}
            models:
              - id: sentiment
                path: m.pt2
                batch: {max_size: 32, max_delay_ms: 1.5}
                limits: {max_queue: 7, max_request_bytes: 1000}
                parallel: 3
                warmup: [{dtype: int64, shape: [1, 256]}]
            """,
        )
    )
    assert found == []
    (model,) = config.models
    assert (model.model_id, model.path) == ("sentiment", (tmp_path / "m.pt2").resolve())
    assert (model.limits.max_batch, model.limits.max_delay, model.limits.max_queue) == (32, 0.0015, 7)
    assert model.limits.parallel == 3
    assert model.warmup == ((inference.DType.INT64, (1, 256)),)
    assert (config.idle_timeout, config.threads) == (60, 2)


def test_every_problem_of_a_config_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"x")
    found = problems(
        tmp_path,
        """
        sever: {}
        server: {threads: many}
        models:
          - {id: a, path: m, batch: {max_size: 0}, device: 3}
          - {id: a, path: missing, wramup: [], parallel: 0}
          - {id: '', path: m, warmup: [{dtype: float31, shape: [1]}, {shape: [0]}]}
          - just text
          - {id: b, path: ../../../etc/passwd}
        """,
    )
    for expected in (
        "sever: unknown key",
        "server.threads: expected a number",
        "models[0].batch.max_size",
        "models[0].device",
        "models[1].id: 'a' is used twice",
        "models[1].path",
        "models[1].parallel: expected a number from 1",
        "models[1].wramup: unknown key",
        "models[2].id",
        "models[2].warmup[0].dtype: expected one of float32",
        "models[2].warmup[1].shape",
        "models[3]: expected a mapping, found text",
        "models[4].path",
    ):
        assert any(problem.startswith(expected) for problem in found), (expected, found)
    assert "--allow-outside" in next(p for p in found if p.startswith("models[4].path"))


@pytest.mark.parametrize(
    "text", ["models: [", "[]", "", "models: 3", "\0", "models: !!python/object:os.system {}"]
)
def test_a_config_that_is_none_is_a_problem_not_a_crash(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)
    assert load_config(tmp_path / "missing.yaml")[1]


def test_status_bench_and_stop_from_the_shell(
    server: ServerProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--endpoint", server.endpoint]
    assert (
        main(["engine", "bench", *at, "--model", "double", "--shape", "2,8", "--calls", "20", "--json"]) == 0
    )
    bench = json.loads(capsys.readouterr().out)
    assert bench["transport"] == "shm"
    assert set(bench["us"]) == {"round trip", "model", "overhead"}
    assert main(["engine", "bench", *at, "--model", "double", "--calls", "20"]) == 0
    assert "overhead" in capsys.readouterr().out
    assert main(["engine", "status", *at]) == 0
    shown = capsys.readouterr().out
    assert "serving at" in shown
    assert "double" in shown
    assert main(["engine", "status", *at, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"]["double"]["requests"] == 80
    assert main(["engine", "bench", *at, "--model", "missing", "--calls", "2"]) == 1
    assert "'missing'" in capsys.readouterr().err
    assert main(["engine", "bench", *at, "--model", "double", "--shape", "two"]) == 2
    assert main(["engine", "stop", *at]) == 0
    assert server.process.wait(20) == 0


def test_nothing_to_control(endpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("status", "stop"):
        assert main(["engine", action, "--endpoint", endpoint]) == 1
        assert endpoint in capsys.readouterr().err
    assert inference.stop(endpoint) is False
    with pytest.raises(EngineError, match="no server answers"):
        inference.status(endpoint)


def test_serve_needs_a_config(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engine", "serve"]) == 2
    assert "--config" in capsys.readouterr().err


def test_an_engine_that_runs_already_is_used(server: ServerProcess, tmp_path: Path) -> None:
    with inference.Engine(write(tmp_path, ""), server.endpoint) as engine:
        assert engine.client().infer("echo", b"x")[0].data == b"x"
        assert inference.is_running(server.endpoint)
    wait_until(
        lambda: inference.status(server.endpoint)["state"] == "serving", "the engine outlives its user"
    )
