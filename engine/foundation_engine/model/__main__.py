"""The engine's process: `python -m foundation_engine.model --config engine.yaml --endpoint engine`.

Exit codes: 0 stopped by a signal or idle, 1 the config or a model cannot be used, 2 usage error or a missing
package.
"""

# torch is an extra that the type checker's environment does not have.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from foundation_shm import EndpointError, ServerOptions

from foundation_engine.inference import EngineError, load_config, require_packages


def main(argv: list[str] | None = None) -> int:
    """Load the models, then serve until a signal or the idle time-out."""
    parser = argparse.ArgumentParser(prog="python -m foundation_engine.model", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--endpoint", default="engine")
    parser.add_argument("--idle", type=float)
    parser.add_argument("--allow-pickle", action="store_true")
    parser.add_argument("--allow-code", action="store_true")
    parser.add_argument("--allow-outside", action="store_true")
    options = parser.parse_args(argv)
    try:
        require_packages()
    except EngineError as error:
        return _fail(str(error), 2)
    config, problems = load_config(options.config, allow_outside=options.allow_outside)
    if problems:
        return _fail("\n".join(f"{options.config}: {problem}" for problem in problems), 1)

    # Only now, when there is something to serve, is the time for importing torch spent.
    import torch

    from foundation_engine.model.load import ModelFileError, load_model
    from foundation_engine.model.runtime import MLRuntime

    if config.threads:
        torch.set_num_threads(config.threads)
    idle = options.idle if options.idle is not None else config.idle_timeout
    runtime = MLRuntime(ServerOptions(idle_timeout=idle))
    for model in config.models:
        try:
            loaded = load_model(model, allow_pickle=options.allow_pickle, allow_code=options.allow_code)
            runtime.register_model(
                model.model_id, loaded, limits=model.limits, device=model.device, warmup=model.warmup
            )
        except ModelFileError as error:
            return _fail(str(error), 1)
        except Exception as error:  # noqa: BLE001 - a model may fail its warm-up in any way; the config names it
            return _fail(f"model {model.model_id!r} failed its warm-up: {type(error).__name__}: {error}", 1)
    try:
        runtime.serve_forever(options.endpoint)
    except EndpointError as error:
        return _fail(str(error), 1)
    return 0


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"foundation-lsp engine: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
