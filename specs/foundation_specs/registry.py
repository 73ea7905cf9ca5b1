"""Serves the pattern specs: the ten that are packaged, and those that a workspace adds or overrides."""

from __future__ import annotations

import json
import os
import pkgutil
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

from foundation_specs.build import Plain, build_pattern
from foundation_specs.model import PatternSpec, Problem

SPEC_FOLDER = Path(".foundation", "specs")


class SpecRegistry:
    """Pattern specs by pattern id: the packaged ones in the RFC's order, then those that a workspace adds."""

    def __init__(self, specs: Iterable[PatternSpec]) -> None:
        self._specs = MappingProxyType({spec.pattern_id: spec for spec in specs})

    @staticmethod
    @cache
    def builtin() -> SpecRegistry:
        """The ten packaged specs; read once in a process."""
        return SpecRegistry(
            build_pattern(data, _source(data["pattern_id"])) for data in builtin_data().values()
        )

    @staticmethod
    def load(roots: Sequence[Path]) -> tuple[SpecRegistry, tuple[Problem, ...]]:
        """The packaged specs with those of `<root>/.foundation/specs/*.yaml` over them, and every problem found.

        A file with a problem is left out as a whole. A later root and a later file name win.
        """
        if not any(os.path.lexists(root / SPEC_FOLDER) for root in roots):
            return SpecRegistry.builtin(), ()
        # Imported here, because reading YAML costs what a start without workspace specs need not pay.
        from foundation_specs.workspace import load_workspace

        return load_workspace(roots)

    def get(self, pattern_id: str) -> PatternSpec | None:
        """The spec of this pattern, or None."""
        return self._specs.get(pattern_id)

    def __getitem__(self, pattern_id: str) -> PatternSpec:
        return self._specs[pattern_id]

    def __contains__(self, pattern_id: object) -> bool:
        return pattern_id in self._specs

    def __len__(self) -> int:
        return len(self._specs)

    @property
    def ids(self) -> tuple[str, ...]:
        """The pattern ids, in the order of the specs."""
        return tuple(self._specs)

    @property
    def specs(self) -> tuple[PatternSpec, ...]:
        """Every spec."""
        return tuple(self._specs.values())


def builtin_data() -> dict[str, Plain]:
    """The plain values of the packaged specs by pattern id, as their YAML files hold them."""
    # pkgutil reads from the same loaders as importlib.resources and costs a start-up about 10 ms less to import.
    return json.loads(pkgutil.get_data("foundation_specs", "patterns/compiled.json") or b"{}")


def _source(pattern_id: str) -> str:
    return f"foundation_specs/patterns/{pattern_id}.yaml"
