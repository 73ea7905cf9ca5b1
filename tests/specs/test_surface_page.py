"""The specs and `docs/surface.md` say the same."""

import re
from pathlib import Path

import pytest
from foundation_specs.docs import type_words
from foundation_specs.model import LanguageId, Parameter, ParameterType, PatternSpec
from foundation_specs.registry import SpecRegistry

PAGE = (Path(__file__).parents[2] / "docs" / "surface.md").read_text("utf-8")
SPECS = SpecRegistry.builtin().specs
SECTIONS = {
    found[1]: found[2]
    for found in re.finditer(r"^## \d+\. `(\w+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def rows(section: str) -> list[dict[str, str]]:
    """The parameter table of a section, by column."""
    lines = [line for line in section.splitlines() if line.startswith("|")]
    head = cells(lines[0])
    return [dict(zip(head, cells(line), strict=True)) for line in lines[2:]]


def by_id(section: str) -> dict[str, dict[str, str]]:
    return {re.findall(r"`(\w+)`", row["parameter"])[0]: row for row in rows(section)}


def number(text: str) -> float:
    return int(text, 8) if text.startswith("0o") else float(text)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.pattern_id)
def test_parameters_and_their_aliases_are_those_of_the_page(spec: PatternSpec) -> None:
    table = by_id(SECTIONS[spec.pattern_id])
    assert list(spec.parameters) == list(table)
    for parameter in spec.parameters.values():
        aliases = re.findall(r"`(\w+)`", table[parameter.id]["parameter"])[1:]
        assert list(parameter.aliases) == aliases, parameter.id


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.pattern_id)
def test_types_units_and_ranges_are_those_of_the_page(spec: PatternSpec) -> None:
    for parameter_id, row in by_id(SECTIONS[spec.pattern_id]).items():
        parameter = spec.parameters[parameter_id]
        assert same_type(parameter, row["type"]), f"{parameter_id}: {row['type']}"
        assert parameter.unit == (row.get("unit") or None), parameter_id
        found = re.match(r"\[([\d.]+), ([\d.]+)\]", row.get("range", ""))
        if parameter.type in (ParameterType.INTEGER, ParameterType.FLOAT):
            assert found is not None, parameter_id
            assert (parameter.minimum, parameter.maximum) == (float(found[1]), float(found[2])), parameter_id
            assert parameter.exclusive_minimum == ("exclusive" in row["range"])
        if "at least one" in row.get("range", ""):
            assert parameter.min_items == 1


def same_type(parameter: Parameter, words: str) -> bool:
    if parameter.type is ParameterType.ENUM:
        return words.startswith("enum") and re.findall(r"`(\w+)`", words) == list(parameter.values)
    if parameter.type is ParameterType.MAPPING:
        return words.startswith("mapping")
    return words.startswith(type_words(parameter))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.pattern_id)
def test_defaults_are_those_of_the_page(spec: PatternSpec) -> None:
    for parameter_id, row in by_id(SECTIONS[spec.pattern_id]).items():
        parameter, words = spec.parameters[parameter_id], row["default"]
        assert parameter.required == words.startswith("*required*"), parameter_id
        if parameter.default_from is not None:
            assert words == f"`{parameter.default_from}`"
        elif parameter.required or not parameter.has_default:
            assert not re.match(r"[\d.]+$", words), parameter_id
        elif parameter.type is ParameterType.JITTER:
            assert words == "`true` = symmetric 0.25"
            assert (str(parameter.default.kind), parameter.default.ratio) == ("symmetric", 0.25)
        elif isinstance(parameter.default, bool):
            assert words.split("`")[1] == str(parameter.default).lower(), parameter_id
        elif isinstance(parameter.default, (int, float)):
            assert number(words.split()[0]) == parameter.default, parameter_id
        elif isinstance(parameter.default, str):
            assert words.strip("`") == (parameter.default or '""'), parameter_id
        elif parameter.default:
            assert re.findall(r"\w+", words) == [str(item) for item in parameter.default], parameter_id
        else:
            assert words in ("empty", "the secret-name set"), parameter_id


def test_imports_are_those_of_the_table_of_modules() -> None:
    table = {
        found[1]: found.groups()[1:]
        for found in re.finditer(
            r"^\| `(\w+)` \| `(foundation\.\w+)` \| `([\w/]+)` \| `([\w:]+)` \| `([\w/]+)` \|$",
            PAGE,
            re.MULTILINE,
        )
    }
    assert set(table) == {spec.pattern_id for spec in SPECS}
    for spec in SPECS:
        python, go, rust, ruby = table[spec.pattern_id]
        lines = {language: mapping.import_line for language, mapping in spec.mappings.items()}
        assert lines[LanguageId.PYTHON].startswith(f"from {python} import ")
        assert lines[LanguageId.GO] == f'import "{go}"'
        assert re.fullmatch(rf"use {rust}::\w+;", lines[LanguageId.RUST])
        assert lines[LanguageId.RUBY] == f"require '{ruby}'"


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.pattern_id)
def test_every_form_is_shown_on_the_page(spec: PatternSpec) -> None:
    section = SECTIONS[spec.pattern_id]
    for mapping in spec.mappings.values():
        for form, template in mapping.forms.items():
            # What a reader recognises a form by is the name before its parenthesis, without the object it belongs to.
            head = re.sub(
                r"\{\w+\}\.?", "", template.partition("(")[0] if "(" in template else template
            ).strip()
            assert head.removesuffix(" :") in section, f"{mapping.language} {form}: {head}"


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.pattern_id)
def test_names_of_the_provide_library_are_those_of_the_page(spec: PatternSpec) -> None:
    provide = spec.dialect("provide", LanguageId.PYTHON)
    assert provide is not None
    column = SECTIONS[spec.pattern_id].partition("`provide`:")[2]
    assert column
    known = {*provide.parameters, *provide.ignored}
    for name in re.findall(r"(\w+)=", column):
        assert name in known, f"{name} is on the page and not in the spec"
