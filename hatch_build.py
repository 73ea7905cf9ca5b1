"""Put the four runtimes into the wheel, as data of foundation_engine: ports are compiled and run against them.

An editable install finds them beside the source tree instead; files forced into it would hide the tree's own packages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEFT_OUT = {"target", "__pycache__", ".pytest_cache", ".hypothesis", "build", "dist", "coverage"}


class RuntimesHook(BuildHookInterface[Any]):
    """Adds `runtimes/` to a standard wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        root = Path(self.root)
        for path in sorted((root / "runtimes").rglob("*")):
            relative = path.relative_to(root)
            if (
                path.is_file()
                and not LEFT_OUT.intersection(relative.parts)
                and path.suffix not in (".pyc", ".lock")
            ):
                build_data["force_include"][str(path)] = f"foundation_engine/{relative.as_posix()}"
