"""The `foundation-lsp` command: one language server, and the command line that calls the same engine."""

from __future__ import annotations

import sys

from foundation_lsp.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
