"""What the packaged specs cost a start, in CPU time of fresh processes; the baselines are in the same table.

Each row is the smallest of several starts, because a busy machine only ever adds.
"""

import resource
import subprocess
import sys

STARTS = 15
ROWS = {
    "python, nothing imported": "pass",
    "python, dataclasses, enum and json": "import dataclasses, enum, json",
    "the ten specs, compiled to JSON (what runs)": (
        "from foundation_specs.registry import SpecRegistry; SpecRegistry.builtin()"
    ),
    "the ten specs, read from YAML by libyaml": (
        "from pathlib import Path; import foundation_specs;"
        "from foundation_specs.build import build_pattern; from foundation_specs.yaml_source import read_yaml_file;"
        "folder = Path(foundation_specs.__file__).parent / 'patterns';"
        "[build_pattern(read_yaml_file(path)[0].value) for path in folder.glob('*.yaml')]"
    ),
    "the same, read by PyYAML without libyaml": (
        "from pathlib import Path; import yaml; import foundation_specs;"
        "from foundation_specs.build import build_pattern;"
        "folder = Path(foundation_specs.__file__).parent / 'patterns';"
        "[build_pattern(yaml.load(path.read_text(), yaml.SafeLoader)) for path in folder.glob('*.yaml')]"
    ),
    "a spec of the workspace checked as well": (
        "from foundation_specs.workspace import check_text;"
        "assert not check_text(b'extends: http_client', 'x.yaml')[1]"
    ),
}


def cpu_seconds(code: str) -> float:
    """User and system time of the cheapest start."""
    found: list[float] = []
    for _ in range(STARTS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def main() -> None:
    """Print the table."""
    costs = {name: cpu_seconds(code) for name, code in ROWS.items()}
    bare = costs["python, nothing imported"]
    ours = costs["the ten specs, compiled to JSON (what runs)"] - bare
    print(f"{'start':<46}{'CPU ms':>8}{'above bare':>12}{'of ours':>9}")
    for name, cost in costs.items():
        print(f"{name:<46}{cost * 1e3:>8.1f}{(cost - bare) * 1e3:>12.1f}{(cost - bare) / ours:>8.1f}x")


if __name__ == "__main__":
    main()
