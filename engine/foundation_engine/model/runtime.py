"""`MLRuntime`: PyTorch models behind the shared-memory server."""

# torch is an extra that the type checker's environment does not have.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import contextlib
import ctypes
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import torch
from foundation_shm import DType, Limits, Model, Server, ServerOptions, Tensor
from foundation_shm.model import Outputs, Result
from foundation_shm.processor import processors

from foundation_engine.model.sharing import calls_share_nothing

_TO_TORCH: Final[dict[int, torch.dtype]] = {
    DType.FLOAT32: torch.float32,
    DType.FLOAT64: torch.float64,
    DType.FLOAT16: torch.float16,
    DType.BFLOAT16: torch.bfloat16,
    DType.INT8: torch.int8,
    DType.INT16: torch.int16,
    DType.INT32: torch.int32,
    DType.INT64: torch.int64,
    DType.UINT8: torch.uint8,
    DType.BOOL: torch.bool,
    DType.UINT16: torch.uint16,
    DType.UINT32: torch.uint32,
    DType.UINT64: torch.uint64,
}
_FROM_TORCH: Final = {dtype: code for code, dtype in _TO_TORCH.items()}
_in_inference_mode: Final = torch.is_inference_mode_enabled
_FLOATING: Final = frozenset({DType.FLOAT32, DType.FLOAT64, DType.FLOAT16, DType.BFLOAT16})


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """A request in the words of the RFC: a model and its input tensors."""

    model_id: str
    inputs: tuple[torch.Tensor, ...]


@dataclass(frozen=True, slots=True)
class InferenceResponse:
    """The outputs of one inference, in the model's order."""

    outputs: tuple[torch.Tensor, ...]


class _Bound:
    """A request's tensors over the client's memory, made once for as long as the client repeats it."""

    __slots__ = ("dtypes", "key", "plain", "rows", "tensors")

    def __init__(self, tensors: tuple[torch.Tensor, ...], dtypes: tuple[int, ...]) -> None:
        # Booleans are bytes in here and become booleans when they are read.
        self.tensors = tensors
        self.dtypes = dtypes
        self.plain = all(dtype in _FLOATING for dtype in dtypes)
        self.rows = tensors[0].shape[0] if tensors and tensors[0].dim() else 0
        # Requests with equal keys can run as one: they differ in their first dimension only.
        same = self.rows and all(t.dim() and t.shape[0] == self.rows for t in tensors)
        self.key = (dtypes, tuple(t.shape[1:] for t in tensors)) if same else None

    def read(self) -> tuple[torch.Tensor, ...]:
        """The inputs as the model may take them.

        A hostile client can change its memory while a kernel runs. For floats that changes a number; an
        index that was checked and is then read again could reach outside a table, and a boolean that is
        neither 0 nor 1 is undefined. So integers and booleans are copied first.
        """
        if self.plain:
            return self.tensors
        return tuple(
            t if dtype in _FLOATING else t.ne(0) if dtype == DType.BOOL else t.clone()
            for t, dtype in zip(self.tensors, self.dtypes, strict=True)
        )


class _Output(Tensor):
    """A model's output that is copied to its place straight from torch's memory."""

    __slots__ = ("_made", "_source")

    def __init__(self, dtype: int, source: torch.Tensor) -> None:
        # The base's own `data` is made when it is asked for.
        self.dtype = dtype
        self.shape = source.shape
        self._source = source
        self._made: memoryview | None = None

    @property
    def data(self) -> memoryview:  # pyright: ignore[reportIncompatibleVariableOverride] - nobody sets it
        """The bytes, for whoever does more with them than copy them."""
        if self._made is None:
            self._made = _tensor(self._source).data
        return self._made

    def copy_to(self, memory: memoryview, address: int, start: int, end: int) -> None:  # noqa: ARG002 - the base's
        """See `Tensor.copy_to`."""
        source = self._source
        if source.nbytes != end - start:
            raise ValueError(f"{source.nbytes} bytes of output do not fit {end - start}")
        ctypes.memmove(address + start, source.data_ptr(), end - start)


class TorchModel(Model):
    """A `torch.nn.Module` (or anything callable with tensors) as the server runs it."""

    def __init__(self, module: Any, device: torch.device, *, batched: bool) -> None:
        self._module = module
        self._device = device
        self._on_cpu = device.type == "cpu"
        self._batched = batched

    def bind(self, inputs: tuple[Tensor, ...]) -> _Bound:
        """Tensors over the same bytes, without a copy."""
        tensors: list[torch.Tensor] = []
        for tensor in inputs:
            dtype = _TO_TORCH[tensor.dtype]
            raw = torch.uint8 if dtype is torch.bool else dtype
            data = bytearray(tensor.data) if tensor.data.readonly else tensor.data
            made = torch.frombuffer(data, dtype=raw) if len(data) else torch.empty(0, dtype=raw)
            tensors.append(made.reshape(tensor.shape))
        return _Bound(tuple(tensors), tuple(tensor.dtype for tensor in inputs))

    def run(self, batch: Sequence[_Bound]) -> Sequence[Result]:
        """Run requests together where their shapes allow it, else one after the other."""
        # The server's threads are in inference mode already; entering it costs a tenth of a small model.
        if _in_inference_mode():
            return [self._alone(batch[0])] if len(batch) == 1 else self._run(batch)
        with torch.inference_mode():
            return self._run(batch)

    def run_one(self, bound: _Bound) -> Result:
        """See `Model.run_one`."""
        if _in_inference_mode():
            return self._alone(bound)
        with torch.inference_mode():
            return self._alone(bound)

    def _run(self, batch: Sequence[_Bound]) -> Sequence[Result]:
        if len(batch) == 1:
            return [self._alone(batch[0])]
        if not self._batched:
            return [self._guarded(bound) for bound in batch]
        key = batch[0].key
        if key is not None and all(bound.key == key for bound in batch):
            return self._together(batch) or [self._guarded(bound) for bound in batch]
        results: list[Result | None] = [None] * len(batch)
        groups: dict[Any, list[int]] = {}
        for index, bound in enumerate(batch):
            groups.setdefault(bound.key if bound.key is not None else index, []).append(index)
        for members in groups.values():
            together = self._together([batch[index] for index in members]) if len(members) > 1 else None
            if together is None:
                together = [self._guarded(batch[index]) for index in members]
            for index, result in zip(members, together, strict=True):
                results[index] = result
        return cast(list[Result], results)

    def describe(self) -> dict[str, Any]:
        """The device and the kind of module."""
        return {"device": str(self._device), "module": type(self._module).__name__}

    def _call(self, tensors: Sequence[torch.Tensor]) -> Any:
        if not self._on_cpu:
            tensors = [tensor.to(self._device, non_blocking=True) for tensor in tensors]
        return self._module(*tensors)

    def _alone(self, bound: _Bound) -> Result:
        inputs = bound.tensors if bound.plain else bound.read()
        output = self._module(*inputs) if self._on_cpu else self._call(inputs)
        if type(output) is torch.Tensor:
            return [_output(output)]
        if isinstance(output, Iterator):
            return _stream(cast(Iterator[Any], output))
        return [_tensor(t) for t in flatten(output)]

    def _guarded(self, bound: _Bound) -> Result:
        try:
            return self._alone(bound)
        except Exception as error:  # noqa: BLE001 - one member's failure is not the others'
            return error

    def _together(self, members: Sequence[_Bound]) -> list[Result] | None:
        """The members' results from one call, or `None` when the outputs cannot be told apart."""
        columns = zip(
            *[bound.tensors if bound.plain else bound.read() for bound in members],
            strict=True,
        )
        inputs = [torch.cat(column) for column in columns]
        total = inputs[0].shape[0]
        try:
            outputs = flatten(self._call(inputs))
        except Exception:  # noqa: BLE001 - perhaps one member's fault: each is tried alone and gets its own error
            return None
        if any(output.dim() == 0 or output.shape[0] != total for output in outputs):
            return None
        wholes = [
            (whole.dtype, whole.shape[1:], whole.data, len(whole.data) // total)
            for whole in map(_tensor, outputs)
        ]
        results: list[Result] = []
        row = 0
        for bound in members:
            end = row + bound.rows
            results.append(
                [
                    Tensor(dtype, (bound.rows, *shape), data[row * width : end * width])
                    for dtype, shape, data, width in wholes
                ]
            )
            row = end
        return results


def _stream(parts: Iterator[Any]) -> Iterator[Outputs]:
    while True:
        with torch.inference_mode():
            part = next(parts, None)
        if part is None:
            return
        yield [_tensor(t) for t in flatten(part)]


def flatten(output: Any) -> list[torch.Tensor]:
    """A module's output as a list of tensors. Raises `TypeError` for anything but tensors and their containers."""
    if isinstance(output, torch.Tensor):
        return [output]
    if isinstance(output, Mapping):
        return [t for value in cast(Mapping[Any, Any], output).values() for t in flatten(value)]
    if isinstance(output, list | tuple):
        return [t for value in cast(Sequence[Any], output) for t in flatten(value)]
    raise TypeError(
        f"the model returned {type(output).__name__}; expected tensors or tuples, lists and dicts of them"
    )


def _output(tensor: torch.Tensor) -> Tensor:
    """As `_tensor`, the short way for bytes that lie in memory as the protocol has them."""
    dtype = _FROM_TORCH.get(tensor.dtype)
    if (
        dtype is not None
        and tensor.is_cpu
        and tensor.layout is torch.strided
        and tensor.is_contiguous()
        and not tensor.is_neg()
    ):
        return _Output(dtype, tensor)
    return _tensor(tensor)


def _tensor(tensor: torch.Tensor) -> Tensor:
    """A contiguous CPU tensor's bytes, without a copy where it is one already."""
    dtype = _FROM_TORCH.get(tensor.dtype)
    if dtype is None:
        raise TypeError(f"the model returned {tensor.dtype}, which the protocol does not carry")
    if not tensor.is_cpu:
        tensor = tensor.cpu()
    if not tensor.is_contiguous():
        tensor = tensor.contiguous()
    shape = tuple(tensor.shape)
    if not tensor.numel():
        return Tensor(dtype, shape, memoryview(b""))
    if dtype == DType.BFLOAT16:
        tensor = tensor.view(torch.int16)
    # A zero-dimensional buffer cannot be cast to bytes.
    array = tensor.reshape(-1).numpy() if not shape else tensor.numpy()
    return Tensor(dtype, shape, memoryview(array).cast("B"))


class MLRuntime:
    """Models by name, and the server that offers them to every language.

    `runtime.register_model("m", module)`, then `runtime.start_shm_server("engine")` for a thread of its own or
    `runtime.serve_forever("engine")` on this one.
    """

    def __init__(self, options: ServerOptions | None = None) -> None:
        self.models: dict[str, Any] = {}
        self.shm_server: Server | None = None
        self._options = options
        self._wrapped: dict[str, tuple[TorchModel, Limits]] = {}

    def register_model(
        self,
        model_id: str,
        model: Any,
        *,
        limits: Limits | None = None,
        device: str = "auto",
        warmup: Sequence[tuple[int, Sequence[int]]] = (),
    ) -> None:
        """Register a module under an id; it is put into evaluation mode and onto its device.

        `device` is `auto` (the first GPU when there is one), `cpu` or torch's own name. `warmup` is the dtype
        and shape of each input: the model then runs a few times now, so that its first caller does not pay
        for lazy initialisation. Unless `limits.parallel` says otherwise, a module that keeps nothing from one
        call to the next runs as often at a time as torch's threads fit the processors. Raises `ValueError` for an
        id that is taken.
        """
        if model_id in self.models:
            raise ValueError(f"a model {model_id!r} is already registered")
        place = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
        if isinstance(model, torch.nn.Module):
            model = _to(model, place)
        chosen = limits or Limits()
        if chosen.parallel is None:
            # Batches do the same for a model that gains by them.
            alone = chosen.max_batch == 1
            chosen = replace(chosen, parallel=_runs_at_once(model, place) if alone else 1)
        wrapped = TorchModel(model, place, batched=chosen.max_batch > 1)
        if warmup:
            _warm_up(wrapped, warmup, chosen.max_batch)
        self.models[model_id] = model
        self._wrapped[model_id] = (wrapped, chosen)
        if self.shm_server is not None:
            self.shm_server.register(model_id, wrapped, chosen)

    def start_shm_server(self, shm_region: str) -> None:
        """Serve at an endpoint (a name or a socket path) on a thread of its own."""
        self._make_server(shm_region).start()

    def serve_forever(self, shm_region: str) -> None:
        """Serve on the calling thread, which must be the main one, until a signal or the idle time-out."""
        server = self._make_server(shm_region)
        server.stop_on_signals()
        server.serve_forever()

    def stop(self) -> None:
        """Drain and stop the server."""
        if self.shm_server is not None:
            self.shm_server.stop()
            self.shm_server = None

    def process_inference(self, request: InferenceRequest) -> InferenceResponse:
        """Run one request in this process, without the server. Raises `KeyError` for an unknown model."""
        with torch.inference_mode():
            return InferenceResponse(tuple(flatten(self.models[request.model_id](*request.inputs))))

    def _make_server(self, endpoint: str) -> Server:
        if self.shm_server is not None:
            raise RuntimeError(f"already serving at {self.shm_server.endpoint}")
        server = Server(endpoint, self._options, around=_in_torch)
        for model_id, (model, limits) in self._wrapped.items():
            server.register(model_id, model, limits)
        server.bind()
        self.shm_server = server
        return server


@contextlib.contextmanager
def _in_torch() -> Iterator[None]:
    """What each thread that runs models lives in."""
    # OpenMP counts threads for each thread that starts some; asking gives this one the number that was set.
    torch.get_num_threads()
    with torch.inference_mode():
        yield


def _runs_at_once(model: Any, device: torch.device) -> int:
    """How many runs of a model at the same time gain by it: a GPU runs what it is given in turn."""
    if device.type != "cpu" or not calls_share_nothing(model):
        return 1
    return max(1, processors() // torch.get_num_threads())


def _to(model: torch.nn.Module, device: torch.device) -> torch.nn.Module:
    moved = model.to(device)
    # An exported program is in evaluation mode already and refuses to be told so.
    try:
        return moved.eval()
    except NotImplementedError:
        return moved


def _warm_up(model: TorchModel, inputs: Sequence[tuple[int, Sequence[int]]], max_batch: int) -> None:
    tensors: list[Tensor] = []
    for dtype, shape in inputs:
        made = torch.zeros(tuple(shape), dtype=_TO_TORCH[dtype])
        tensors.append(_tensor(made))
    bound = model.bind(tuple(tensors))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            (result,) = model.run([bound])
            if isinstance(result, BaseException):
                raise result
        if max_batch > 1:
            model.run([bound] * min(max_batch, 8))
