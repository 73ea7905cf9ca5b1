"""Writes `patterns/compiled.json` and `templates/compiled.json` from the YAML files, because a start that reads JSON
costs a third of one that reads YAML (`bench/spec_loading.py`).

Run `python -m foundation_specs.compile --write` after a change to a packaged spec; a test fails until it is done.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from foundation_specs._check import pattern_problems
from foundation_specs._schema import schema_problems
from foundation_specs.build import Plain
from foundation_specs.model import Problem
from foundation_specs.yaml_source import read_yaml_file

PATTERNS = Path(__file__).parent / "patterns"
COMPILED = PATTERNS / "compiled.json"
TEMPLATES = Path(__file__).parent / "templates"
COMPILED_TEMPLATES = TEMPLATES / "compiled.json"


def compiled() -> tuple[str, list[Problem]]:
    """The text that `compiled.json` must have, and the problems of the YAML files."""
    found: list[Plain] = []
    problems: list[Problem] = []
    for path in sorted(PATTERNS.glob("*.yaml")):
        document, wrong = read_yaml_file(path)
        if document is not None and not wrong:
            wrong = schema_problems(document, "pattern") or pattern_problems(document, document.value)
        problems += wrong
        if document is not None and not wrong:
            found.append(document.value)
    found.sort(key=lambda data: data.get("order", sys.maxsize))
    patterns = {data["pattern_id"]: data for data in found}
    return json.dumps(patterns, ensure_ascii=False, separators=(",", ":")) + "\n", problems


def compiled_templates() -> tuple[str, list[Problem]]:
    """The text that `templates/compiled.json` must have, and the problems of the YAML files."""
    from foundation_specs.templates.load import template_problems

    found: list[Plain] = []
    problems: list[Problem] = []
    for path in sorted(TEMPLATES.glob("*/*.yaml")):
        document, wrong = read_yaml_file(path)
        if document is not None and not wrong:
            wrong = schema_problems(document, "templates") or template_problems(document)
        if document is not None and not wrong:
            place = (document.value["language"], document.value["dialect"])
            if place != (path.parent.name, path.stem):
                wrong = [
                    document.problem(("dialect",), f"the file of {'/'.join(place)} is {'/'.join(place)}.yaml")
                ]
        problems += wrong
        if document is not None and not wrong:
            found.append(document.value)
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")) + "\n", problems


def main(arguments: list[str]) -> int:
    """0 when the file is up to date or was written, 1 when it is stale or a spec has a problem."""
    # Templates name the parameters of the patterns, so that these are written first.
    for path, made in ((COMPILED, compiled), (COMPILED_TEMPLATES, compiled_templates)):
        text, problems = made()
        for problem in problems:
            print(problem, file=sys.stderr)
        if problems:
            return 1
        if "--write" in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            print(
                f"{path.parent.name}/compiled.json is stale; run `python -m foundation_specs.compile --write`",
                file=sys.stderr,
            )
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
