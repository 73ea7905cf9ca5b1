"""Port code that uses a pattern from one language to another through one typed intermediate representation."""

from __future__ import annotations

from foundation_engine.port.engine import PortError, directions, lower, port, runtime_root

__all__ = ["PortError", "directions", "lower", "port", "runtime_root"]
