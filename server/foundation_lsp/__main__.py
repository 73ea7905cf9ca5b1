"""The `foundation-lsp` command: one language server, and the command line that calls the same engine."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__" and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - pathlib imports what is guarded here.
    # `python -m` looks into the working directory first: a workspace's own `queue.py` would run.
    del sys.path[0]

from foundation_lsp.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
