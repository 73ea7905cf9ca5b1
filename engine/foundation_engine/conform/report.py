"""A run's report as one HTML page, as JSON and as JUnit XML."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from html import escape
from typing import Any, cast

from foundation_engine.conform.compare import comparable
from foundation_engine.conform.run import Outcome, Report, Status


def as_json(report: Report) -> str:
    """The whole report as JSON."""
    document = {
        "passed": report.passed,
        "seconds": round(report.seconds, 3),
        "languages": {
            language: {
                "about": report.about.get(language),
                "unavailable": report.unavailable.get(language),
                "counts": counts(report, language),
            }
            for language in report.languages
        },
        "cases": [
            {
                "pattern": case.pattern_id,
                "name": case.name,
                "outcomes": {
                    o.language: {
                        "status": str(o.status),
                        "messages": list(o.messages),
                        "seconds": round(o.seconds, 6),
                        **({} if o.status is Status.PASSED else _answer(o)),
                    }
                    for o in report.outcomes
                    if o.case.id == case.id
                },
            }
            for case in report.cases
        ],
        "disagreements": [
            {"case": d.case.id, "languages": list(d.languages), "message": d.message}
            for d in report.disagreements
        ],
        "stale_known_failures": [
            {"language": k.language, "pattern": k.pattern_id, "case": k.case} for k in report.stale
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _answer(outcome: Outcome) -> dict[str, Any]:
    answer = outcome.answer
    return {
        "trace": list(answer.trace),
        "result": dict(answer.result) if answer.result is not None else None,
        "observed": dict(answer.observed),
    }


def counts(report: Report, language: str, pattern_id: str | None = None) -> dict[str, int]:
    """How many cases ended how, in one language, in one pattern or all."""
    found = dict.fromkeys(map(str, Status), 0)
    for outcome in report.outcomes:
        if outcome.language == language and pattern_id in (None, outcome.case.pattern_id):
            found[str(outcome.status)] += 1
    return {status: number for status, number in found.items() if number}


def as_junit(report: Report) -> str:
    """One test suite per language and pattern."""
    root = ET.Element("testsuites", name="conformance", time=f"{report.seconds:.3f}")
    suites: dict[tuple[str, str], ET.Element] = {}
    for outcome in report.outcomes:
        key = (outcome.language, outcome.case.pattern_id)
        if key not in suites:
            suites[key] = ET.SubElement(root, "testsuite", name=f"{key[0]}.{key[1]}")
        item = ET.SubElement(
            suites[key],
            "testcase",
            classname=f"{key[0]}.{key[1]}",
            name=outcome.case.name,
            time=f"{outcome.seconds:.6f}",
        )
        text = _printable("\n".join(outcome.messages))
        if outcome.status.is_bad:
            ET.SubElement(item, "failure", message=text.partition("\n")[0]).text = text
        elif outcome.status in (Status.SKIPPED, Status.KNOWN_FAILURE):
            ET.SubElement(item, "skipped", message=text)
    for language, reason in report.unavailable.items():
        suite = ET.SubElement(root, "testsuite", name=f"{language}.testee")
        item = ET.SubElement(suite, "testcase", classname=language, name="testee")
        ET.SubElement(item, "error", message="the testee is not available").text = _printable(reason)
    for found in report.disagreements:
        suite = ET.SubElement(root, "testsuite", name="agreement")
        item = ET.SubElement(suite, "testcase", classname="agreement", name=found.case.id)
        message = f"{' and '.join(found.languages)}: {found.message}"
        ET.SubElement(item, "failure", message=_printable(message))
    for suite in root:
        suite.set("tests", str(len(suite)))
        for tag in ("failure", "error", "skipped"):
            suite.set(f"{tag}s" if tag != "skipped" else tag, str(len(suite.findall(f"testcase/{tag}"))))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(c if c in "\t\n" or c >= " " else f"\\x{ord(c):02x}" for c in text)


_STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --odd: #9a6700; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 110rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } th, td { border: 1px solid var(--line); padding: .3rem .7rem;
text-align: left; vertical-align: top; }
thead th { background: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); font-weight:
600; } .odd { color: var(--odd); }
pre { margin: 0; font: 13px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
mark { background: #ff818266; color: inherit; } details { margin: .3rem 0; } summary { cursor: pointer; }
.side { overflow-x: auto; }
"""


def as_html(report: Report) -> str:
    """One page without scripts or links to elsewhere: the matrix, and each failing case with its traces side
    by side."""
    verdict = (
        '<span class="good">conforms</span>' if report.passed else '<span class="bad">does not conform</span>'
    )
    patterns = list(dict.fromkeys(case.pattern_id for case in report.cases))
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>Conformance</title><style>{_STYLE}</style>",
        f"<h1>Conformance: {verdict}</h1>",
        f"<p>{len(report.cases)} cases in {len(report.languages)} languages, {report.seconds:.1f} s.</p>",
        "<table><thead><tr><th>Pattern",
        *(
            f"<th>{escape(language)}<br><small>{_about(report, language)}</small>"
            for language in report.languages
        ),
        "</thead><tbody>",
    ]
    for pattern_id in patterns:
        parts.append(f"<tr><th scope=row><a href='#{pattern_id}'>{pattern_id}</a>")
        parts += [f"<td>{_cell(report, language, pattern_id)}" for language in report.languages]
    parts.append("</tbody></table>")
    for language, reason in report.unavailable.items():
        parts.append(f"<h2 class=bad>{escape(language)} is not available</h2><pre>{escape(reason)}</pre>")
    parts += _failures(report)
    if report.disagreements:
        parts.append("<h2 class=bad>Languages that disagree where the spec is silent</h2><ul>")
        parts += [
            f"<li><b>{escape(d.case.id)}</b>, {escape(' and '.join(d.languages))}: {escape(d.message)}"
            for d in report.disagreements
        ]
        parts.append("</ul>")
    if report.stale:
        parts.append("<h2 class=bad>Known failures that name no case</h2><ul>")
        parts += [f"<li>{escape(k.language)} {escape(k.pattern_id)}/{escape(k.case)}" for k in report.stale]
        parts.append("</ul>")
    for pattern_id in patterns:
        parts.append(f"<h2 id='{pattern_id}'>{pattern_id}</h2>")
        parts.append("<table><thead><tr><th>Case" + "".join(f"<th>{escape(x)}" for x in report.languages))
        parts.append("</thead><tbody>")
        for case in report.cases:
            if case.pattern_id != pattern_id:
                continue
            why = f"<br><small>{escape(case.why)}</small>" if case.why else ""
            parts.append(f"<tr><td><details><summary>{escape(case.name)}{why}</summary>")
            parts.append(f"<pre>given {_pretty(case.given)}\nexpect {_pretty(case.expect)}</pre></details>")
            parts += [f"<td>{_mark(report.outcome(case, language))}" for language in report.languages]
        parts.append("</tbody></table>")
    return "\n".join(parts) + "\n"


def _about(report: Report, language: str) -> str:
    if language in report.unavailable:
        return "not available"
    about = report.about.get(language, {})
    return escape(f"{about.get('library', '')} {about.get('version', '')}".strip())


_CLASSES = {Status.PASSED: "good", Status.FAILED: "bad", Status.UNEXPECTED_PASS: "bad"}


def _cell(report: Report, language: str, pattern_id: str) -> str:
    found = counts(report, language, pattern_id)
    return (
        ", ".join(
            f"<span class={_CLASSES.get(Status(status), 'odd')}>{number} {status}</span>"
            for status, number in found.items()
        )
        or "<span class=bad>not run</span>"
    )


def _mark(outcome: Outcome | None) -> str:
    if outcome is None:
        return "<span class=bad>not run</span>"
    title = escape("\n".join(outcome.messages), quote=True)
    return f'<span class={_CLASSES.get(outcome.status, "odd")} title="{title}">{outcome.status}</span>'


_LONGEST = 500


def _pretty(value: Any) -> str:
    return escape(json.dumps(_shortened(value), ensure_ascii=False, indent=1))


def _shortened(value: Any) -> Any:
    """The value with long texts cut, so that a megabyte of input does not make a megabyte of page."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:100]}... ({len(value)} characters)"
    if isinstance(value, list):
        return [_shortened(item) for item in cast("list[Any]", value)]
    if isinstance(value, Mapping):
        return {str(k): _shortened(item) for k, item in cast("Mapping[Any, Any]", value).items()}
    return value


def _failures(report: Report) -> list[str]:
    parts: list[str] = []
    for case in report.cases:
        group = [o for o in report.outcomes if o.case.id == case.id]
        if not any(o.status.is_bad for o in group):
            continue
        parts.append(f"<h2 class=bad>{escape(case.id)}</h2>")
        parts += [
            f"<p><b>{escape(o.language)}</b>: {escape('; '.join(o.messages))}"
            for o in group
            if o.status.is_bad
        ]
        columns: dict[str, list[str]] = {}
        if "trace" in case.expect:
            columns["spec"] = list(case.expect["trace"])
        for outcome in group:
            columns[outcome.language] = list(outcome.answer.trace)
        reference = next(iter(columns.values()), list[str]())
        parts.append("<div class=side><table><thead><tr>" + "".join(f"<th>{escape(c)}" for c in columns))
        parts.append("</thead><tbody><tr>")
        for lines in columns.values():
            shown = [
                escape(line)
                if index < len(reference) and reference[index] == line
                else f"<mark>{escape(line)}</mark>"
                for index, line in enumerate(lines)
            ]
            parts.append(f"<td><pre>{'<br>'.join(shown) or '(no events)'}</pre>")
        offset = (
            ["<td><pre>" + _pretty(_expected_result(case.expect)) + "</pre>"] if "spec" in columns else []
        )
        parts.append("<tr>" + "".join(offset))
        parts += [
            f"<td><pre>{_pretty({k: v for k, v in comparable(case, o.answer).items() if k != 'trace'})}</pre>"
            for o in group
        ]
        parts.append("</tbody></table></div>")
    return parts


def _expected_result(expect: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in expect.items() if key != "trace"}
