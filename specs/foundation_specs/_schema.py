"""Compares plain values with a packaged JSON Schema and says in plain words what is wrong and where."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from foundation_specs.model import Problem
from foundation_specs.yaml_source import KeyPath, YamlDocument

_TYPE_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def schema(name: str) -> dict[str, Any]:
    """The packaged JSON Schema (draft 2020-12) of this name: `pattern`, `templates`, `types` or `conformance`."""
    return json.loads(files("foundation_specs").joinpath("schema", f"{name}.schema.json").read_text("utf-8"))


@cache
def _validator(name: str) -> Any:
    # jsonschema costs about 0.15 s to import, and a workspace without specs of its own never needs it.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema(name))


def schema_problems(document: YamlDocument, name: str) -> list[Problem]:
    """Every violation of the schema `name` in a document, in the order of their places."""
    found = {
        problem
        for error in _validator(name).iter_errors(document.value)
        for problem in _explain(document, error)
    }
    return sorted(found, key=lambda problem: (problem.line, problem.column, problem.key, problem.message))


def _explain(document: YamlDocument, error: Any) -> Iterator[Problem]:
    key: KeyPath = tuple(error.absolute_path)
    value, rule = error.instance, error.validator_value
    match error.validator:
        case "additionalProperties" if rule is False:
            known = list(error.schema.get("properties", {}))
            for name in value:
                if name not in known:
                    yield document.problem((*key, name), f"unknown key; {_nearest(name, known)}", at_key=True)
        case "required":
            missing = [name for name in rule if name not in value]
            yield from (document.problem(key, f"the key `{name}` is missing") for name in missing)
        case validator if "propertyNames" in error.absolute_schema_path:
            # The instance is the name itself, and the path ends at the mapping that holds it.
            yield document.problem((*key, value), _sentence(validator, rule, value, ()), at_key=True)
        case _:
            yield document.problem(key, _sentence(error.validator, rule, value, key))


def _sentence(validator: str, rule: Any, value: Any, key: KeyPath) -> str:
    match validator:
        case "type":
            wanted = " or ".join(_TYPE_WORDS[name] for name in ([rule] if isinstance(rule, str) else rule))
            hint = '; quote it: "1.0"' if key and key[-1] == "version" else ""
            return f"expected {wanted}, got {shown(value)}{hint}"
        case "enum":
            return f"expected one of {', '.join(map(str, rule))}; got {shown(value)}"
        case "pattern" if "_" in rule:
            return f"expected lower-case letters, digits and underscores, starting with a letter; got {shown(value)}"
        case "pattern" if "-" in rule and "a-z" in rule:
            return f"expected lower-case words joined by dashes; got {shown(value)}"
        case "pattern":
            return f'expected a version such as "1.0"; got {shown(value)}'
        case "minLength" | "minItems" if not value:
            return "must not be empty"
        case "minItems" | "maxItems":
            return f"expected {rule} items, got {len(value)}"
        case "maxLength":
            return f"longer than {rule} characters"
        case "minimum":
            return f"expected at least {rule}, got {shown(value)}"
        case "maximum":
            return f"expected at most {rule}, got {shown(value)}"
        case "uniqueItems":
            return "the same item stands twice"
        case _:
            return f"does not meet `{validator}: {rule}`"


def shown(value: Any) -> str:
    """A value for a message: its kind and, where it is short, the value."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = value if len(value) <= 40 else value[:37] + "..."
        return f"the text {json.dumps(text, ensure_ascii=False)}"
    text = str(value) if not isinstance(value, int) or value.bit_length() < 200 else "a very large number"
    return f"the number {text}" if text[0] != "a" else text


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else f"expected one of {', '.join(known)}"
