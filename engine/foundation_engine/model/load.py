"""Load model files without running code that is hidden in them.

safetensors files hold numbers. TorchScript and `torch.export` archives hold a program in torch's own language,
but torch will also unpickle Python objects that such an archive names; here it may not. A pickle is loaded
only with the user's consent, because it can run anything.
"""

# torch is an extra that the type checker's environment does not have.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import contextlib
import importlib
import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import torch

from foundation_engine.inference import ModelConfig

_LAYERS: Final[dict[str, Callable[..., torch.nn.Module]]] = {
    "linear": torch.nn.Linear,
    "conv1d": torch.nn.Conv1d,
    "conv2d": torch.nn.Conv2d,
    "embedding": torch.nn.Embedding,
    "layer_norm": torch.nn.LayerNorm,
    "batch_norm1d": torch.nn.BatchNorm1d,
    "batch_norm2d": torch.nn.BatchNorm2d,
    "max_pool2d": torch.nn.MaxPool2d,
    "adaptive_avg_pool2d": torch.nn.AdaptiveAvgPool2d,
    "flatten": torch.nn.Flatten,
    "relu": torch.nn.ReLU,
    "gelu": torch.nn.GELU,
    "silu": torch.nn.SiLU,
    "tanh": torch.nn.Tanh,
    "sigmoid": torch.nn.Sigmoid,
    "softmax": torch.nn.Softmax,
}


class ModelFileError(Exception):
    """A model file that cannot or must not be loaded; the message names it and what to do."""


def detect_format(path: Path) -> str:
    """`safetensors`, `torchscript`, `export` or `pickle`, from the file's bytes, never from its name."""
    with path.open("rb") as file:
        head = file.read(16)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = [name.partition("/")[2] for name in archive.namelist()]
        if "archive_format" in names or "serialized_exported_program.json" in archive.namelist():
            return "export"
        if "constants.pkl" in names and any(name.startswith("code/") for name in names):
            return "torchscript"
        if "data.pkl" in names:
            return "pickle"
        raise ModelFileError(f"{path} is a zip archive, but neither torch.export's nor TorchScript's")
    # safetensors: the size of a JSON header, then the header.
    if len(head) >= 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= path.stat().st_size - 8:
        return "safetensors"
    if head[:1] == b"\x80":
        return "pickle"
    raise ModelFileError(
        f"{path} is no model file that this engine knows: safetensors, TorchScript, torch.export"
    )


def load_model(config: ModelConfig, *, allow_pickle: bool = False, allow_code: bool = False) -> Any:
    """The callable model that a config names. Raises `ModelFileError`.

    `allow_pickle` and `allow_code` are the user's consent to unpickle and to import `config.module`.
    """
    path = config.path
    try:
        found = detect_format(path)
        if config.format is not None and config.format != found:
            raise ModelFileError(f"{path} is {found}; the config says {config.format}")
        if found == "pickle":
            if not allow_pickle:
                raise ModelFileError(
                    f"{path} is a pickle, which can run any code when it is loaded. Convert it to safetensors or "
                    "torch.export, or pass --allow-pickle if you trust where it came from"
                )
            return _load_pickle(config, allow_code=allow_code)
        with no_pickles(path):
            if found == "torchscript":
                return torch.jit.load(str(path), map_location="cpu")
            if found == "export":
                return torch.export.load(str(path)).module()
        return _load_weights(config, allow_code=allow_code)
    except ModelFileError:
        raise
    except Exception as error:
        raise ModelFileError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error


@contextlib.contextmanager
def no_pickles(path: Path) -> Iterator[None]:
    """While this lasts, torch can read tensors but not unpickle objects.

    `torch.export.load` falls back to the unrestricted unpickler for sample inputs, custom objects and
    weights that the archive marks as pickled; each of these ways is closed here.
    """

    def refuse(*_: Any, **__: Any) -> Any:
        raise ModelFileError(
            f"{path} holds pickled Python objects, which can run any code; export the model without them"
        )

    plain_load = cast(Any, torch).load

    def load_tensors(*arguments: Any, **options: Any) -> Any:
        options["weights_only"] = True
        return plain_load(*arguments, **options)

    bindings = cast(Any, torch)._C  # noqa: SLF001 - the unpickler to close has no public name
    closed: list[tuple[Any, str, Any]] = [
        (pickle, "loads", refuse),
        (pickle, "load", refuse),
        (torch, "load", load_tensors),
    ]
    if hasattr(bindings, "_pickle_load_obj"):
        closed.append((bindings, "_pickle_load_obj", refuse))
    saved = [(owner, name, getattr(owner, name)) for owner, name, _ in closed]
    try:
        for owner, name, replacement in closed:
            setattr(owner, name, replacement)
        yield
    finally:
        for owner, name, value in saved:
            setattr(owner, name, value)


def _load_pickle(config: ModelConfig, *, allow_code: bool) -> Any:
    loaded: Any = cast(Any, torch).load(config.path, map_location="cpu", weights_only=False)
    if isinstance(loaded, torch.nn.Module):
        return loaded
    if isinstance(loaded, Mapping):
        return _with_weights(config, cast(Mapping[str, torch.Tensor], loaded), allow_code=allow_code)
    raise ModelFileError(f"{config.path} holds {type(loaded).__name__}; expected a module or its weights")


def _load_weights(config: ModelConfig, *, allow_code: bool) -> torch.nn.Module:
    load_file: Any = importlib.import_module("safetensors.torch").load_file
    return _with_weights(config, load_file(str(config.path)), allow_code=allow_code)


def _with_weights(
    config: ModelConfig, weights: Mapping[str, torch.Tensor], *, allow_code: bool
) -> torch.nn.Module:
    if config.module is not None:
        if not allow_code:
            raise ModelFileError(
                f"models {config.model_id!r} names code to import ({config.module}); pass --allow-code to permit it"
            )
        module_name, _, attribute = config.module.partition(":")
        model = getattr(importlib.import_module(module_name), attribute)()
    elif config.architecture:
        model = build(config.architecture)
    else:
        raise ModelFileError(
            f"{config.path} holds weights alone; say the layers under `architecture` (or a class under `module`)"
        )
    model.load_state_dict(dict(weights))
    return cast(torch.nn.Module, model)


def build(layers: Sequence[Any]) -> torch.nn.Sequential:
    """A `Sequential` from a config's layers: `relu`, `{linear: [256, 64]}`, `{softmax: {dim: -1}}`."""
    modules: list[torch.nn.Module] = []
    for index, layer in enumerate(layers):
        name, arguments = (
            next(iter(cast(dict[str, Any], layer).items()))
            if isinstance(layer, dict) and layer
            else (layer, [])
        )
        if not isinstance(name, str) or name not in _LAYERS:
            raise ModelFileError(
                f"architecture[{index}]: unknown layer {name!r}; known: {', '.join(sorted(_LAYERS))}"
            )
        try:
            if isinstance(arguments, dict):
                modules.append(_LAYERS[name](**cast(dict[str, Any], arguments)))
            else:
                modules.append(_LAYERS[name](*cast(list[Any], arguments)))
        except (TypeError, ValueError) as error:
            raise ModelFileError(f"architecture[{index}]: {name}: {error}") from error
    return torch.nn.Sequential(*modules)
