"""Port code that uses a pattern from one language to another through one typed intermediate representation."""

from __future__ import annotations

from foundation_engine.port.engine import PortError, lower, port, runtime_root

__all__ = ["PortError", "lower", "port", "runtime_root"]
