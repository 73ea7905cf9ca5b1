"""The engine with torch. Run by name in an environment that has the `engine` extra: `make test-engine`.

It is not collected with the other tests, because their environment has no torch on purpose.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
import warnings
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from foundation_engine import inference
from foundation_engine.inference import Engine, EngineError
from foundation_engine.model.load import ModelFileError, detect_format, load_model
from foundation_engine.model.runtime import InferenceRequest, MLRuntime
from foundation_engine.model.sharing import calls_share_nothing
from foundation_shm import Client, DType, InvalidRequest, Limits, ModelFailed, Tensor
from foundation_shm.processor import processors
from safetensors.torch import save_file

from tests.shm.conftest import wait_until


def stack() -> torch.nn.Module:
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU()).eval()


def run(client: Client, model: str, *inputs: Any) -> list[Any]:
    return [tensor.numpy() for tensor in client.infer(model, *inputs).outputs]


@pytest.fixture
def runtime(endpoint: str) -> Iterator[MLRuntime]:
    made = MLRuntime()
    yield made
    made.stop()


def expected(x: Any) -> Any:
    with torch.no_grad():
        return stack()(torch.from_numpy(x)).numpy()


def test_the_runtime_of_the_rfc(runtime: MLRuntime, endpoint: str) -> None:
    runtime.register_model("m", stack())
    runtime.start_shm_server(endpoint)
    runtime.register_model("late", lambda x: (x + 1, {"twice": x * 2}))
    x = numpy.random.rand(2, 4).astype(numpy.float32)
    response = runtime.process_inference(InferenceRequest("m", (torch.from_numpy(x),)))
    assert numpy.array_equal(response.outputs[0].numpy(), expected(x))
    for transport in ("shm", "socket"):
        with Client(endpoint, transport=transport) as client:
            assert numpy.array_equal(run(client, "m", x)[0], expected(x))
            one, two = run(client, "late", x)
            assert numpy.array_equal(one, x + 1)
            assert numpy.array_equal(two, x * 2)
    with pytest.raises(ValueError, match="already"):
        runtime.register_model("m", stack())


def test_every_dtype_survives_the_round_trip(runtime: MLRuntime, endpoint: str) -> None:
    runtime.register_model("same", lambda *x: tuple(t.clone() for t in x))
    runtime.start_shm_server(endpoint)
    with Client(endpoint) as client:
        for dtype in DType:
            data = bytes([0, 1] * 8) if dtype == DType.BOOL else bytes(range(16))
            size = {1: 16, 2: 8, 4: 4, 8: 2}[__import__("foundation_shm").layout.ITEM_SIZE[dtype]]
            (out,) = client.infer("same", Tensor.of(data, dtype=dtype, shape=[size])).outputs
            assert (out.dtype, out.shape, bytes(out.data)) == (dtype, (size,), data)
        scalar = client.infer("same", Tensor.of(bytes(4), dtype=DType.FLOAT32, shape=[]))[0]
        assert scalar.shape == ()
        empty = client.infer("same", Tensor.of(b"", dtype=DType.FLOAT32, shape=[0, 3]))[0]
        assert empty.shape == (0, 3)


def test_booleans_that_are_neither_are_made_so(runtime: MLRuntime, endpoint: str) -> None:
    runtime.register_model("not", torch.logical_not)
    runtime.start_shm_server(endpoint)
    with Client(endpoint) as client:
        out = client.infer("not", Tensor.of(b"\0\1\2\xff", dtype=DType.BOOL, shape=[4]))[0]
    assert bytes(out.data) == b"\1\0\0\0"


def test_floats_are_read_in_place_and_integers_copied(runtime: MLRuntime, endpoint: str) -> None:
    seen: list[torch.Tensor] = []

    def keep(*inputs: torch.Tensor) -> torch.Tensor:
        seen.extend(inputs)
        return inputs[0]

    runtime.register_model("keep", keep)
    runtime.start_shm_server(endpoint)
    with Client(endpoint) as client:
        floats = client.allocate(DType.FLOAT32, (4,))
        whole = client.allocate(DType.INT64, (4,))
        floats.data[:], whole.data[:] = bytes(16), bytes(32)
        client.infer("keep", floats, whole)
        floats.data[:], whole.data[:] = b"\1" * 16, b"\1" * 32
        assert seen[0].count_nonzero() == 4
        assert seen[1].count_nonzero() == 0


def test_requests_run_in_one_batch(runtime: MLRuntime, endpoint: str) -> None:
    sizes: list[int] = []
    module = stack()

    def counted(x: torch.Tensor) -> torch.Tensor:
        sizes.append(len(x))
        return module(x)

    runtime.register_model("m", counted, limits=Limits(max_batch=8, max_delay=0.2))
    runtime.start_shm_server(endpoint)
    rows = [numpy.random.rand(1 + n % 2, 4).astype(numpy.float32) for n in range(16)]
    with Client(endpoint) as client:
        calls = [client.submit("m", row) for row in rows]
        for row, call in zip(rows, calls, strict=True):
            assert numpy.allclose(call.result()[0].numpy(), expected(row), atol=1e-6)
        assert max(sizes) == 12
        # Shapes that do not go together run apart, and a bad one fails alone.
        good, bad = client.submit("m", rows[0]), client.submit("m", numpy.zeros((1, 5), numpy.float32))
        assert numpy.allclose(good.result()[0].numpy(), expected(rows[0]), atol=1e-6)
        with pytest.raises(ModelFailed, match="shapes"):
            bad.result()


class Counter(torch.nn.Module):
    """Writes to a buffer with each call."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))
        self.layer = torch.nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls.add_(1)
        return self.layer(x) + self.calls


class Viewer(Counter):
    """The same through a view."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls.view(1, 1)[0].add_(1)
        return self.layer(x)


class Keeper(torch.nn.Module):
    """Keeps its last input."""

    def __init__(self) -> None:
        super().__init__()
        self.last = torch.zeros(2, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        before = self.last
        self.last = x
        return x + before


def test_which_modules_may_be_called_by_several_threads_at_once() -> None:
    x = torch.rand(2, 4)
    plain = torch.nn.Sequential(
        torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.Dropout(), torch.nn.ReLU(inplace=True)
    ).eval()
    with warnings.catch_warnings():
        # Torch would rather have everything exported.
        warnings.simplefilter("ignore")
        assert calls_share_nothing(plain)
        assert calls_share_nothing(torch.export.export(plain, (x,)).module())
        assert calls_share_nothing(torch.jit.trace(plain, x))
        assert calls_share_nothing(torch.jit.freeze(torch.jit.script(plain)))
        for kind in (Counter, Viewer, Keeper):
            module = kind().eval()
            assert not calls_share_nothing(module), kind
            assert not calls_share_nothing(torch.jit.script(module)), kind
            assert not calls_share_nothing(torch.jit.freeze(torch.jit.script(module))), kind
            if kind is not Keeper:
                assert not calls_share_nothing(torch.jit.trace(module, x)), kind
                assert not calls_share_nothing(torch.export.export(module, (x,)).module()), kind
        assert not calls_share_nothing(torch.nn.Sequential(plain, Counter()).eval())
    assert not calls_share_nothing(torch.nn.LazyLinear(3).eval())
    assert not calls_share_nothing(torch.logical_not)
    hooked = torch.nn.Sequential(torch.nn.Linear(4, 3)).eval()
    hooked[0].register_forward_hook(lambda *_: None)
    assert not calls_share_nothing(hooked)
    assert not calls_share_nothing(plain.train())


def test_a_model_that_shares_nothing_runs_as_often_at_a_time_as_threads_fit(runtime: MLRuntime) -> None:
    limits = {
        "one by one": (stack(), None),
        "batched": (stack(), Limits(max_batch=8)),
        "function": (lambda x: x, None),
        "told": (Counter(), Limits(parallel=3)),
    }
    for name, (module, chosen) in limits.items():
        runtime.register_model(name, module, limits=chosen, device="cpu")
    found = {name: runtime._wrapped[name][1].parallel for name in limits}
    fit = max(1, processors() // torch.get_num_threads())
    assert found == {"one by one": fit, "batched": 1, "function": 1, "told": 3}


def test_runs_at_the_same_time_do_not_mix(runtime: MLRuntime, endpoint: str) -> None:
    torch.manual_seed(2)
    module = torch.nn.Sequential(*(torch.nn.Linear(700, 700) for _ in range(4))).eval()
    runtime.register_model("m", module, limits=Limits(parallel=3))
    runtime.start_shm_server(endpoint)
    rows = [numpy.random.rand(1, 700).astype(numpy.float32) for _ in range(6)]
    with torch.inference_mode():
        expecting = [module(torch.from_numpy(row)).numpy() for row in rows]
    with Client(endpoint) as client, ThreadPoolExecutor(6) as pool:

        def press(number: int) -> bool:
            outs = [run(client, "m", rows[number])[0] for _ in range(100)]
            return all(numpy.allclose(out, expecting[number], atol=1e-5) for out in outs)

        give_up = time.monotonic() + 60
        while client.status()["models"]["m"]["most_parallel"] < 2:
            assert time.monotonic() < give_up, "never two runs at a time"
            assert all(pool.map(press, range(6)))
        assert all(pool.map(press, range(6)))


def test_streams_of_tensors(runtime: MLRuntime, endpoint: str) -> None:
    def tokens(x: torch.Tensor) -> Any:
        return (x + n for n in range(3))

    runtime.register_model("tokens", tokens)
    runtime.start_shm_server(endpoint)
    x = numpy.zeros(2, numpy.float32)
    with Client(endpoint) as client:
        parts = [part[0].tolist() for part in client.stream("tokens", x)]
        assert parts == [[0, 0], [1, 1], [2, 2]]
        assert client.infer("tokens", x)[0].tolist() == [2, 2]


def test_outputs_that_cannot_be_sent(runtime: MLRuntime, endpoint: str) -> None:
    runtime.register_model("text", lambda _: "hello")
    runtime.register_model("complex", lambda x: x.to(torch.complex64))
    runtime.start_shm_server(endpoint)
    with Client(endpoint) as client:
        for model, message in (("text", "returned str"), ("complex", "complex64")):
            with pytest.raises(ModelFailed, match=message):
                client.infer(model, numpy.zeros(2, numpy.float32))
        with pytest.raises(InvalidRequest):
            client.infer("text", Tensor(99, (1,), memoryview(b"x")))


# Model files


def files(folder: Path) -> dict[str, Path]:
    paths = {name: folder / f"model.{name}" for name in ("export", "torchscript", "safetensors", "pickle")}
    torch.export.save(torch.export.export(stack(), (torch.zeros(2, 4),)), str(folder / "model.pt2"))
    (folder / "model.pt2").rename(paths["export"])
    torch.jit.trace(stack(), torch.zeros(2, 4)).save(str(paths["torchscript"]))
    save_file(stack().state_dict(), str(paths["safetensors"]))
    torch.save(stack().state_dict(), paths["pickle"])
    return paths


def config(path: Path, **more: Any) -> inference.ModelConfig:
    layers = ({"linear": [4, 3]}, "relu")
    return inference.ModelConfig("m", path, None, "cpu", Limits(), (), **{"architecture": layers, **more})


def test_formats_are_told_by_their_bytes(tmp_path: Path) -> None:
    for name, path in files(tmp_path).items():
        assert detect_format(path) == name
    (tmp_path / "junk").write_bytes(b"junk" * 100)
    with pytest.raises(ModelFileError, match="no model file"):
        detect_format(tmp_path / "junk")


def test_files_load_and_pickles_only_on_consent(tmp_path: Path) -> None:
    x = torch.rand(2, 4)
    paths = files(tmp_path)
    for name in ("export", "torchscript", "safetensors"):
        with torch.no_grad():
            assert torch.allclose(load_model(config(paths[name]))(x), stack()(x)), name
    with pytest.raises(ModelFileError, match="--allow-pickle"):
        load_model(config(paths["pickle"]))
    with torch.no_grad():
        assert torch.allclose(load_model(config(paths["pickle"]), allow_pickle=True)(x), stack()(x))
    with pytest.raises(ModelFileError, match="--allow-code"):
        load_model(config(paths["safetensors"], module="tests.shm.torch_engine:stack"))
    with pytest.raises(ModelFileError, match="architecture"):
        load_model(config(paths["safetensors"], architecture=()))
    with pytest.raises(ModelFileError, match="unknown layer 'system'"):
        load_model(config(paths["safetensors"], architecture=({"system": ["id"]},)))
    truncated = tmp_path / "short"
    truncated.write_bytes(paths["safetensors"].read_bytes()[:-4])
    with pytest.raises(ModelFileError, match="cannot be loaded"):
        load_model(config(truncated))


class Bomb:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.path),))


def test_a_pickle_hidden_in_an_export_does_not_run(tmp_path: Path) -> None:
    source, trap = files(tmp_path)["export"], tmp_path / "ran"
    for kind in ("sample_inputs", "weights"):
        hostile = tmp_path / f"hostile-{kind}"
        with zipfile.ZipFile(source) as old, zipfile.ZipFile(hostile, "w") as new:
            for name in old.namelist():
                data = old.read(name)
                if kind == "sample_inputs" and "sample_inputs" in name:
                    bomb = tmp_path / "bomb"
                    torch.save(Bomb(trap), bomb)
                    data = bomb.read_bytes()
                if kind == "weights" and name.endswith("weights_config.json"):
                    data = data.replace(b'"use_pickle": false', b'"use_pickle": true')
                if kind == "weights" and "/weight_" in name:
                    data = pickle.dumps(Bomb(trap))
                new.writestr(name, data)
        with pytest.raises(ModelFileError):
            load_model(config(hostile))
        assert not trap.exists(), kind


# The process


def test_the_engine_starts_on_demand_and_stops_when_idle(tmp_path: Path, endpoint: str) -> None:
    files(tmp_path)
    path = tmp_path / "engine.yaml"
    path.write_text(
        "server: {threads: 1}\nmodels:\n"
        "  - {id: a, path: model.export, warmup: [{shape: [2, 4]}]}\n"
        "  - {id: b, path: model.safetensors, architecture: [{linear: [4, 3]}, relu]}\n"
    )
    x = numpy.random.rand(2, 4).astype(numpy.float32)
    with Engine(path, endpoint, idle=1.0) as engine:
        client = engine.client()
        with ThreadPoolExecutor(4) as pool:
            outs = list(pool.map(lambda n: run(client, "ab"[n % 2], x)[0], range(40)))
        assert all(numpy.allclose(out, expected(x), atol=1e-6) for out in outs)
        wait_until(lambda: not inference.is_running(endpoint), "the idle engine stops", 60)
        assert numpy.allclose(run(engine.client(), "a", x)[0], expected(x), atol=1e-6)
        assert inference.stop(endpoint)


def test_an_engine_that_cannot_start_says_why(tmp_path: Path, endpoint: str) -> None:
    files(tmp_path)
    path = tmp_path / "engine.yaml"
    path.write_text("models: [{id: a, path: model.pickle}]")
    with Engine(path, endpoint) as engine, pytest.raises(EngineError, match="--allow-pickle"):
        engine.client()
    path.write_text("models: [{id: a, path: model.export, warmup: [{shape: [2, 9]}]}]")
    with Engine(path, endpoint) as engine, pytest.raises(EngineError, match="'a' failed its warm-up"):
        engine.client()
    assert "torch" in sys.modules
