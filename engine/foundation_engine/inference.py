"""Start, reach and stop the inference engine: a process of its own, because only it imports torch.

The language server and the command line use this module; it needs neither torch nor numpy. The engine reads
a config that names its models:

```yaml
server: {idle_timeout: 300, threads: 1}
models:
  - id: sentiment
    path: sentiment.pt2            # torch.export, TorchScript or safetensors, told apart by their bytes
    batch: {max_size: 32, max_delay_ms: 1}
    warmup: [{dtype: float32, shape: [1, 256]}]
  - id: ranker
    path: ranker.safetensors       # weights alone, so the layers are said here
    architecture: [{linear: [256, 64]}, relu, {linear: [64, 8]}]
    parallel: 2                    # runs at the same time
```

Without `parallel`, a model whose requests are not batched runs up to as often at a time as torch's `threads` fit the
processors, and only where that answers more requests than one run after the other; a model whose calls write to
anything that they share, or of which that is not known, runs once at a time.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, cast

import yaml
from foundation_shm import Client, ConnectError, DType, Limits, ShmError

INSTALL: Final = "pip install 'foundation-lsp[engine]'"
_NEEDED: Final = ("torch", "safetensors", "numpy")
_MODEL_KEYS: Final = frozenset(
    {
        "id",
        "path",
        "format",
        "device",
        "batch",
        "limits",
        "warmup",
        "architecture",
        "module",
        "offload",
        "parallel",
    }
)
FORMATS: Final = frozenset({"torchscript", "export", "safetensors", "pickle"})


class EngineError(Exception):
    """The engine cannot be started, reached or stopped; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a config: the key where it stands, and what was expected."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model of a config. `path` is absolute; `warmup` holds `(dtype, shape)` of each input."""

    model_id: str
    path: Path
    format: str | None
    device: str
    limits: Limits
    warmup: tuple[tuple[DType, tuple[int, ...]], ...]
    architecture: tuple[Any, ...] = ()
    module: str | None = None


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """What the engine serves. `idle_timeout` is in seconds; `threads` is torch's own, 0 for its default."""

    models: tuple[ModelConfig, ...] = ()
    idle_timeout: float | None = None
    threads: int = 0


@dataclass(slots=True)
class _Reader:
    """Collects problems while a config is read, so that all of them are reported at once."""

    problems: list[Problem] = field(default_factory=list[Problem])

    def complain(self, key: str, message: str) -> None:
        self.problems.append(Problem(key, message))

    def mapping(self, key: str, value: Any) -> Mapping[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.complain(key, f"expected a mapping, found {_kind(value)}")
            return {}
        return {str(name): item for name, item in cast(dict[Any, Any], value).items()}

    def items(self, key: str, value: Any) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.complain(key, f"expected a list, found {_kind(value)}")
            return []
        return cast(list[Any], value)

    def number(self, key: str, value: Any, default: float, least: float, most: float) -> float:
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.complain(key, f"expected a number from {least:g} to {most:g}, found {value!r}")
            return default
        return float(value)

    def unknown(self, key: str, mapping: Mapping[str, Any], known: frozenset[str]) -> None:
        for name in sorted(set(mapping) - known):
            self.complain(f"{key}.{name}" if key else name, f"unknown key; known: {', '.join(sorted(known))}")


def load_config(path: Path, *, allow_outside: bool = False) -> tuple[EngineConfig, list[Problem]]:
    """Read a config; problems name their key and are reported all at once. Never raises on content.

    Model files outside the config's folder are refused unless `allow_outside`, so that a config that came
    with somebody's repository cannot point anywhere else.
    """
    reader = _Reader()
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        return EngineConfig(), [Problem(str(path), f"cannot be read: {error.strerror}")]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return EngineConfig(), [Problem(str(path), f"is not YAML: {' '.join(str(error).split())}")]
    root = reader.mapping("the config", document)
    reader.unknown("", root, frozenset({"server", "models"}))
    server = reader.mapping("server", root.get("server"))
    reader.unknown("server", server, frozenset({"idle_timeout", "threads"}))
    idle = server.get("idle_timeout")
    models: list[ModelConfig] = []
    seen: set[str] = set()
    entries = reader.items("models", root.get("models"))
    if not entries and not reader.problems:
        reader.complain("models", "expected a list of at least one model")
    for index, entry in enumerate(entries):
        model = _read_model(reader, f"models[{index}]", entry, path.resolve().parent, allow_outside)
        if model is None:
            continue
        if model.model_id in seen:
            reader.complain(f"models[{index}].id", f"{model.model_id!r} is used twice")
        seen.add(model.model_id)
        models.append(model)
    config = EngineConfig(
        tuple(models),
        None if idle is None else reader.number("server.idle_timeout", idle, 300, 0, 1e9),
        int(reader.number("server.threads", server.get("threads"), 0, 0, 4096)),
    )
    return config, reader.problems


def _read_model(
    reader: _Reader, key: str, entry: Any, folder: Path, allow_outside: bool
) -> ModelConfig | None:
    before = len(reader.problems)
    model = reader.mapping(key, entry)
    if len(reader.problems) > before:
        return None
    reader.unknown(key, model, _MODEL_KEYS)
    model_id, path = model.get("id"), model.get("path")
    if not isinstance(model_id, str) or not 0 < len(model_id.encode()) < 64 or "\0" in model_id:
        reader.complain(f"{key}.id", f"expected a name of 1 to 63 bytes, found {model_id!r}")
        model_id = ""
    if not isinstance(path, str) or not path:
        reader.complain(f"{key}.path", f"expected the path of a model file, found {path!r}")
        path = "."
    file = (folder / path).resolve()
    if not allow_outside and not file.is_relative_to(folder):
        reader.complain(f"{key}.path", f"{file} is outside {folder}; pass --allow-outside to permit it")
    elif path != "." and not file.is_file():
        reader.complain(f"{key}.path", f"{file} is not a file")
    form = model.get("format")
    if form is not None and form not in FORMATS:
        reader.complain(f"{key}.format", f"expected one of {', '.join(sorted(FORMATS))}, found {form!r}")
    device = model.get("device", "auto")
    if not isinstance(device, str):
        reader.complain(f"{key}.device", f"expected auto, cpu or a name such as cuda:0, found {device!r}")
        device = "auto"
    batch = reader.mapping(f"{key}.batch", model.get("batch"))
    reader.unknown(f"{key}.batch", batch, frozenset({"max_size", "max_delay_ms"}))
    limits = reader.mapping(f"{key}.limits", model.get("limits"))
    reader.unknown(f"{key}.limits", limits, frozenset({"max_queue", "max_request_bytes"}))
    offload = model.get("offload")
    if offload is not None and not isinstance(offload, bool):
        reader.complain(f"{key}.offload", f"expected true or false, found {offload!r}")
        offload = None
    parallel = model.get("parallel")
    module = model.get("module")
    if module is not None and (not isinstance(module, str) or module.count(":") != 1):
        reader.complain(f"{key}.module", f"expected 'package.module:Class', found {module!r}")
        module = None
    return ModelConfig(
        model_id,
        file,
        form if form in FORMATS else None,
        device,
        Limits(
            max_batch=int(reader.number(f"{key}.batch.max_size", batch.get("max_size"), 1, 1, 65536)),
            max_delay=reader.number(f"{key}.batch.max_delay_ms", batch.get("max_delay_ms"), 0, 0, 1000)
            / 1000,
            max_queue=int(
                reader.number(f"{key}.limits.max_queue", limits.get("max_queue"), 1024, 1, 1 << 24)
            ),
            max_request_bytes=int(
                reader.number(
                    f"{key}.limits.max_request_bytes", limits.get("max_request_bytes"), 1 << 30, 0, 1 << 48
                )
            ),
            offload=offload,
            parallel=None
            if parallel is None
            else int(reader.number(f"{key}.parallel", parallel, 1, 1, 1024)),
        ),
        _read_warmup(reader, f"{key}.warmup", model.get("warmup")),
        tuple(reader.items(f"{key}.architecture", model.get("architecture"))),
        module,
    )


def _read_warmup(reader: _Reader, key: str, value: Any) -> tuple[tuple[DType, tuple[int, ...]], ...]:
    found: list[tuple[DType, tuple[int, ...]]] = []
    for index, item in enumerate(reader.items(key, value)):
        entry = reader.mapping(f"{key}[{index}]", item)
        reader.unknown(f"{key}[{index}]", entry, frozenset({"dtype", "shape"}))
        name = str(entry.get("dtype", "float32")).upper()
        shape = reader.items(f"{key}[{index}].shape", entry.get("shape"))
        if name not in DType.__members__:
            known = ", ".join(member.lower() for member in DType.__members__)
            reader.complain(f"{key}[{index}].dtype", f"expected one of {known}, found {entry.get('dtype')!r}")
        elif not all(isinstance(size, int) and 0 < size < 1 << 31 for size in shape) or len(shape) > 8:
            reader.complain(f"{key}[{index}].shape", f"expected up to 8 positive integers, found {shape!r}")
        else:
            found.append((DType[name], tuple(shape)))
    return tuple(found)


def _kind(value: object) -> str:
    for kind, name in ((str, "text"), (list, "a list"), (dict, "a mapping"), (bool, "true or false")):
        if isinstance(value, kind):
            return name
    return "nothing" if value is None else "a number or a date"


def missing_packages() -> list[str]:
    """The packages that the engine needs and that are not installed; none of them is imported."""
    return [name for name in _NEEDED if importlib.util.find_spec(name) is None]


def require_packages() -> None:
    """Raise `EngineError` naming the extra when the engine's packages are not installed."""
    missing = missing_packages()
    if missing:
        raise EngineError(f"the inference engine needs {' and '.join(missing)}; install the extra: {INSTALL}")


def worker_command(
    config: Path, endpoint: str, consents: tuple[str, ...] = (), idle: float | None = None
) -> list[str]:
    """The command line of the engine's process. `consents` are flags such as `--allow-pickle`."""
    command = [
        sys.executable,
        # -P: a folder of this name in the working directory must not take the place of ours.
        "-P",
        "-m",
        "foundation_engine.model",
        "--config",
        str(config),
        "--endpoint",
        endpoint,
    ]
    if idle is not None:
        command += ["--idle", str(idle)]
    return [*command, *consents]


def worker_environment() -> dict[str, str]:
    """The environment of the engine's process: ours, and what makes its memory quicker.

    From 256 KiB on glibc copies past the caches. The memory of a client lies in the cache of the client's
    processor: to write a megabyte over it took 450 microseconds where the lines had to be fetched from there
    first, and 47 past the caches. And torch keeps tensors of 2 MiB and more in huge pages: a model of 10 MB reads
    its weights through a handful of address translations instead of 2,500. Whoever sets `GLIBC_TUNABLES` or
    `THP_MEM_ALLOC_ENABLE` decides for himself.
    """
    return {
        "GLIBC_TUNABLES": "glibc.cpu.x86_non_temporal_threshold=0x40000",
        "THP_MEM_ALLOC_ENABLE": "1",
        **os.environ,
    }


def status(endpoint: str = "engine", timeout: float = 5.0) -> dict[str, Any]:
    """The running engine's figures. Raises `EngineError` when nothing answers."""
    try:
        with Client(endpoint, transport="socket", connect_timeout=0.0, name="control") as client:
            return client.status(timeout=timeout)
    except ShmError as error:
        raise EngineError(str(error)) from error


def stop(endpoint: str = "engine", timeout: float = 15.0) -> bool:
    """Drain and stop the engine at an endpoint; false when none was running.

    The process to signal is the one that holds the socket, as the kernel tells it.
    """
    try:
        with Client(endpoint, transport="socket", connect_timeout=0.0, name="control") as client:
            pid = client.server_pid()
    except ConnectError:
        return False
    except ShmError as error:
        raise EngineError(str(error)) from error
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return True
    except PermissionError as error:
        raise EngineError(f"process {pid} serves {endpoint} and may not be signalled by you") from error
    give_up = time.monotonic() + timeout
    while time.monotonic() < give_up:
        if not is_running(endpoint):
            return True
        time.sleep(0.02)
    raise EngineError(f"process {pid} did not stop within {timeout:g} s; its calls are still running")


def is_running(endpoint: str = "engine") -> bool:
    """Whether an engine answers at the endpoint."""
    try:
        with Client(endpoint, transport="socket", connect_timeout=0.0, name="control") as client:
            client.connect(timeout=1.0)
    except ShmError:
        return False
    return True


class Engine:
    """An engine that starts on demand and stops when it was idle for `idle` seconds.

    `client()` is all that a caller needs: it starts the process when none is running and returns a connected
    client. Closing the engine closes the client; the process is left to its idle time-out, because other
    programs may be using it.
    """

    def __init__(
        self,
        config: Path,
        endpoint: str = "engine",
        *,
        idle: float = 300.0,
        start_timeout: float = 120.0,
        consents: tuple[str, ...] = (),
    ) -> None:
        self.config = config
        self.endpoint = endpoint
        self._idle = idle
        self._start_timeout = start_timeout
        self._consents = consents
        self._client: Client | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def client(self) -> Client:
        """A client of the running engine. Raises `EngineError` when it cannot be started."""
        if not is_running(self.endpoint):
            self._start()
        if self._client is None:
            self._client = Client(self.endpoint, name="language-server")
        return self._client

    def _start(self) -> None:
        require_packages()
        _, problems = load_config(self.config, allow_outside="--allow-outside" in self._consents)
        if problems:
            raise EngineError(f"{self.config}: " + "; ".join(map(str, problems)))
        if self._process is not None:
            # Our last engine stopped when it was idle; this takes its exit status, so that none is left over.
            self._process.poll()
        process = subprocess.Popen(
            worker_command(self.config, self.endpoint, self._consents, self._idle),
            env=worker_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._process = process
        give_up = time.monotonic() + self._start_timeout
        while time.monotonic() < give_up:
            if process.poll() is not None:
                stderr = cast(Any, process.stderr).read().decode(errors="replace").strip()
                if is_running(self.endpoint):
                    # Another program started one at the same moment; that one serves us as well.
                    return
                raise EngineError(f"the engine stopped with code {process.returncode}: {stderr[-2000:]}")
            if is_running(self.endpoint):
                return
            time.sleep(0.05)
        process.kill()
        process.wait()
        raise EngineError(f"the engine did not answer within {self._start_timeout:g} s")

    def close(self) -> None:
        """Close the client; the engine stops when it is idle."""
        if self._client is not None:
            self._client.close()
            self._client = None
        if self._process is not None and self._process.stderr is not None:
            self._process.stderr.close()
            self._process.poll()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
