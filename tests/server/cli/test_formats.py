"""The reports for programs: each is valid in its format, and says the same as the others."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

# What SARIF 2.1.0 requires of the parts that are written here, and no property beside them that it does not know.
_REGION = {
    "type": "object",
    "required": ["startLine", "startColumn", "endLine", "endColumn"],
    "additionalProperties": {"type": "integer", "minimum": 1},
}
_ARTIFACT = {
    "type": "object",
    "required": ["uri", "uriBaseId"],
    "properties": {"uri": {"type": "string", "pattern": "^[^/: ][^: ]*$"}, "uriBaseId": {"const": "SRCROOT"}},
    "additionalProperties": False,
}
_LOCATION = {
    "type": "object",
    "required": ["artifactLocation", "region"],
    "properties": {"artifactLocation": _ARTIFACT, "region": _REGION},
    "additionalProperties": False,
}
_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
_RULE = {
    "type": "object",
    "required": ["id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration"],
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z_]+/[a-z-]+$"},
        "name": {"type": "string", "pattern": "^[A-Za-z]+$"},
        "shortDescription": _TEXT,
        "fullDescription": _TEXT,
        "help": {"required": ["text", "markdown"]},
        "helpUri": {"type": "string", "pattern": "^https?://"},
        "defaultConfiguration": {"properties": {"level": {"enum": ["none", "note", "warning", "error"]}}},
        "properties": {"type": "object"},
    },
    "additionalProperties": False,
}
_RESULT = {
    "type": "object",
    "required": ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": _TEXT,
        "locations": {
            "type": "array",
            "minItems": 1,
            "items": {"properties": {"physicalLocation": _LOCATION}},
        },
        "relatedLocations": {"type": "array", "items": {"required": ["id", "physicalLocation", "message"]}},
        "partialFingerprints": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": "string"},
        },
        "fixes": {
            "type": "array",
            "items": {
                "required": ["artifactChanges"],
                "properties": {
                    "artifactChanges": {
                        "minItems": 1,
                        "items": {
                            "properties": {
                                "artifactLocation": _ARTIFACT,
                                "replacements": {"minItems": 1, "items": {"required": ["deletedRegion"]}},
                            }
                        },
                    }
                },
            },
        },
    },
    "additionalProperties": False,
}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "properties": {
                            "driver": {
                                "required": ["name"],
                                "properties": {"rules": {"items": _RULE, "uniqueItems": True}},
                            }
                        }
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "originalUriBaseIds": {
                        "properties": {"SRCROOT": {"properties": {"uri": {"pattern": "^file:///.*/$"}}}}
                    },
                    "results": {"type": "array", "items": _RESULT},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}

SOURCE = (
    "from foundation.resilience import retry\n\n\n"
    "@retry(max_attemps=3)\ndef a(): ...\n\n\n"
    "@retry(backoff='linear', backoff_strategy='linear')\ndef b(): ...\n\n\n"
    "@retry(max_attempts=1)\ndef c(): ...\n\n\n"
    "@retry(max_attempts=3, jitter=False)\ndef d(): ...\n\n\n"
    "# é😀\n@retry(max_attempts=250)\ndef e(): ...\n\n\n@retry(max_attempts=250)\ndef f(): ...\n"
)


@pytest.fixture
def sources(project: Path) -> Path:
    directory = project / "dir with space, and:colon"
    directory.mkdir()
    (directory / "ä.py").write_text(SOURCE)
    return project


def test_sarif_is_valid_and_its_parts_agree(cli, sources: Path) -> None:
    ran = cli("lint", "--format", "sarif")
    log = json.loads(ran.out)
    log_text = json.dumps(log).replace("dir%20with%20space%2C%20and%3Acolon", "dir")
    Draft202012Validator(SARIF).validate(json.loads(log_text))
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == 6
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]}
    assert uris == {"dir%20with%20space%2C%20and%3Acolon/%C3%A4.py"}
    marks = [r["partialFingerprints"]["foundationFinding/v1"] for r in run["results"]]
    assert len(set(marks)) == len(marks)


def test_fingerprints_survive_moved_lines(cli, sources: Path) -> None:
    before = {f["fingerprint"] for f in map(json.loads, cli("lint", "--format", "jsonl").out.splitlines())}
    file = next(sources.rglob("*.py"))
    file.write_text("import os\n\n\n" + file.read_text())
    after = {f["fingerprint"] for f in map(json.loads, cli("lint", "--format", "jsonl").out.splitlines())}
    assert before == after


def test_json_has_places_in_code_points_and_bytes(cli, sources: Path) -> None:
    document = json.loads(cli("lint", "--format", "json").out)
    data = next(sources.rglob("*.py")).read_bytes()
    assert document["version"] == 1
    for finding in document["findings"]:
        start, end = finding["start"], finding["end"]
        line = data.decode().split("\n")[start["line"] - 1]
        by_columns = line[start["column"] - 1 : end["column"] - 1]
        assert data[start["offset"] : end["offset"]].decode() == by_columns
    summary = document["summary"]
    assert (summary["errors"], summary["infos"], summary["hints"], summary["files"]) == (4, 1, 1, 1)


def test_jsonl_is_the_findings_of_json(cli, sources: Path) -> None:
    document = json.loads(cli("lint", "--format", "json").out)
    assert document["findings"] == [
        json.loads(line) for line in cli("lint", "--format", "jsonl").out.splitlines()
    ]


def test_github_escapes_its_properties(cli, sources: Path) -> None:
    lines = cli("lint", "--format", "github").out.splitlines()
    assert len(lines) == 6
    pattern = (
        r"::(error|warning|notice) file=dir with space%2C and%3Acolon/ä\.py,line=\d+,col=\d+,"
        r"endLine=\d+,endColumn=\d+,title=foundation-lsp \([a-z_]+/[a-z-]+\)::.+"
    )
    assert all(re.fullmatch(pattern, line) for line in lines), lines


def test_gitlab_is_a_list_with_unique_fingerprints(cli, sources: Path) -> None:
    issues = json.loads(cli("lint", "--format", "gitlab").out)
    assert len({issue["fingerprint"] for issue in issues}) == 6
    assert {"description", "check_name", "fingerprint", "severity", "location"} == set(issues[0])
    assert {issue["severity"] for issue in issues} <= {"info", "minor", "major", "critical", "blocker"}
    assert all(issue["location"]["positions"]["begin"]["line"] >= 1 for issue in issues)


def test_junit_counts_what_it_holds(cli, sources: Path) -> None:
    root = ElementTree.fromstring(cli("lint", "--format", "junit").out)
    assert root.attrib["failures"] == "6"
    assert len(root.findall(".//testcase/failure")) == 6
    next(sources.rglob("*.py")).write_text("x = 1\n")
    clean = ElementTree.fromstring(cli("lint", "--format", "junit").out)
    assert clean.attrib["failures"] == "0"
    assert len(clean.findall(".//testcase")) == 1


def test_junit_survives_characters_that_xml_has_not(cli, project: Path) -> None:
    (project / "a.py").write_bytes(
        b"from foundation.resilience import retry\n\n@retry(backoff='a\x01\xff<&\"')\ndef f(): ...\n"
    )
    root = ElementTree.fromstring(cli("lint", "--format", "junit").out)
    assert root.attrib["failures"] == "1"


def test_text_cannot_steer_the_terminal(cli, project: Path) -> None:
    (project / "a.py").write_bytes(
        b"from foundation.resilience import retry\n\n"
        b"@retry(backoff='\x1b]0;x\x07\xe2\x80\xae', max_attempts=0)\ndef f(): ...\n"
    )
    out = cli("lint").out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\u202e" not in out
    assert "␛]0;x␇" in out


@pytest.mark.parametrize("format_name", ["text", "json", "jsonl", "sarif", "github", "gitlab", "junit"])
def test_no_findings_is_a_report_too(cli, project: Path, format_name: str) -> None:
    (project / "a.py").write_text("x = 1\n")
    ran = cli("lint", "--format", format_name)
    assert ran.code == 0
    if format_name in {"json", "sarif", "gitlab"}:
        json.loads(ran.out)
