"""Regular expressions mean the same in four dialects: sampled patterns on sampled texts, one process per language."""

# ruff: noqa: E501 - samples need no secrecy, and rows read best on one line; the toolchains of this machine run a program that the test writes.
from __future__ import annotations

import json
import os
import random
import re
import subprocess
from pathlib import Path

import pytest
from foundation_engine.port.emit._rust_words import rust_string
from foundation_engine.port.emit.go import go_string
from foundation_engine.port.engine import cargo_toml
from foundation_engine.port.ir import Unsupported
from foundation_engine.port.regex import parsed, ruby_options, written
from foundation_engine.verify.cargo import ENV, ready
from foundation_specs.model import LanguageId

_LETTERS = [
    "a",
    "b",
    "A",
    "ß",
    "é",
    "0",
    "7",
    "٣",
    "_",
    "-",
    " ",
    "\n",
    "\t",
    "\x1c",
    "\xa0",
    "/",
    "#",
    ".",
    "{",
    "'",
    '"',
    "`",
]
_CLASSES = [
    r"\d",
    r"\D",
    r"\w",
    r"\W",
    r"\s",
    r"\S",
    ".",
    "[a-c]",
    "[^a]",
    r"[\w-]",
    r"[^\s/]",
    r"[.#{]",
    r"[\d_é]",
    r"[\]^\\]",
]


def _sample(rng: random.Random, depth: int) -> str:
    roll = rng.random()
    if depth == 0 or roll < 0.4:
        return re.escape(rng.choice(_LETTERS)) if rng.random() < 0.5 else rng.choice(_CLASSES)
    if roll < 0.6:
        return "".join(_sample(rng, depth - 1) for _ in range(rng.randint(1, 3)))
    if roll < 0.72:
        return f"({_sample(rng, depth - 1)})"
    if roll < 0.84:
        return f"(?:{_sample(rng, depth - 1)}|{_sample(rng, depth - 1)})"
    repeat = rng.choice(["*", "+", "?", "{2}", "{1,2}", "*?", "+?", "??", "{1,3}?"])
    return f"(?:{_sample(rng, depth - 1)}){repeat}"


def _pattern(rng: random.Random) -> tuple[str, str]:
    flags = "".join(f for f in "imsa" if rng.random() < 0.2)
    start = rng.choice(["", "", "^", r"\A"])
    end = rng.choice(["", "", "$", r"\Z"])
    return f"{start}{_sample(rng, 3)}{end}", flags


def _text(rng: random.Random) -> str:
    return "".join(rng.choice(_LETTERS) for _ in range(rng.randint(0, 7))) + rng.choice(["", "", "\n"])


def _python(pattern: str, flags: str, text: str) -> object:
    value = sum({"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "a": re.ASCII}[f] for f in flags)
    regex = parsed(pattern, flags)
    compiled = re.compile(pattern, value)
    found = compiled.search(text)
    groups = [g or "" for g in found.groups()] if found else None
    replaced = compiled.sub("<>", text) if regex.least else None
    return [groups, replaced]


_GO = """package main

import ("encoding/json"; "os"; "regexp")

type pair struct {{ search, replace *regexp.Regexp; groups, kept int }}

var patterns = []pair{{
{rows}
}}

func main() {{
	var cases [][]any
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {{ panic(err) }}
	out := [][]any{{}}
	for _, c := range cases {{
		p, text := patterns[int(c[0].(float64))], c[1].(string)
		var groups any
		if m := p.search.FindStringSubmatch(text); m != nil {{ groups = m[1:p.groups+1] }}
		template := "<>"
		for i := 0; i < p.kept; i++ {{ template += "${{" + string(rune('0' + p.groups + 1 + i)) + "}}" }}
		out = append(out, []any{{groups, p.replace.ReplaceAllString(text, template)}})
	}}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {{ panic(err) }}
}}
"""
_RUST = """use regex::Regex;

fn main() {{
    let patterns: Vec<(&str, &str, usize, usize)> = vec![
{rows}
    ];
    let made: Vec<(Regex, Regex)> = patterns.iter().map(|p| (Regex::new(p.0).unwrap(), Regex::new(p.1).unwrap())).collect();
    let cases: serde_json::Value = serde_json::from_reader(std::io::stdin()).unwrap();
    let mut out = Vec::new();
    for case in cases.as_array().unwrap() {{
        let at = case[0].as_u64().unwrap() as usize;
        let text = case[1].as_str().unwrap();
        let (count, kept) = (patterns[at].2, patterns[at].3);
        let groups = made[at].0.captures(text).map(|m| (1..=count).map(|i| m.get(i).map_or("", |g| g.as_str()).to_string()).collect::<Vec<_>>());
        let mut template = "<>".to_string();
        for i in 0..kept {{
            template.push_str(&format!("${{{{{{}}}}}}", count + 1 + i));
        }}
        let replaced = made[at].1.replace_all(text, template.as_str()).into_owned();
        out.push(serde_json::json!([groups, replaced]));
    }}
    println!("{{}}", serde_json::to_string(&out).unwrap());
}}
"""
_RUBY = """require 'json'
PATTERNS = [
{rows}
].freeze
cases = JSON.parse($stdin.read)
puts JSON.generate(cases.map {{ |at, text|
  m = PATTERNS[at].match(text)
  [m && m.captures.map(&:to_s), text.gsub(PATTERNS[at], '<>')]
}})
"""


def _written(language: LanguageId, rows: list[tuple[str, str]]) -> dict[int, str]:
    """The row of each pattern that the language can say."""
    out: dict[int, str] = {}
    for i, (pattern, flags) in enumerate(rows):
        try:
            search = written(pattern, flags, language)
            replace = written(pattern, flags, language, keep_end=True)
        except Unsupported:
            continue
        kept = len(re.findall(r"\(\\n\?\)\$", replace)) if language is not LanguageId.RUBY else 0
        groups = len(parsed(pattern, flags).groups)
        if language is LanguageId.GO:
            out[i] = (
                f"{{regexp.MustCompile({go_string(search)}), regexp.MustCompile({go_string(replace)}), {groups}, {kept}}},"
            )
        elif language is LanguageId.RUST:
            out[i] = f"({rust_string(search)}, {rust_string(replace)}, {groups}, {kept}),"
        else:
            out[i] = f"/{search}/{ruby_options(parsed(pattern, flags).flags)},"
    return out


def _command(language: LanguageId, folder: Path, rows: list[str]) -> tuple[list[str], dict[str, str]]:
    body = "\n".join(rows)
    match language:
        case LanguageId.GO:
            (folder / "go.mod").write_text("module sampled\n\ngo 1.24\n")
            (folder / "main.go").write_text(_GO.format(rows=body), encoding="utf-8")
            return ["go", "run", "."], {}
        case LanguageId.RUST:
            (folder / "src").mkdir()
            (folder / "src" / "main.rs").write_text(_RUST.format(rows=body), encoding="utf-8")
            (folder / "Cargo.toml").write_text(cargo_toml("sampled", frozenset({"regex", "serde_json"})))
            assert ready(folder, "sampled") == ""
            return ["cargo", "run", "--quiet"], {**ENV, "CARGO_TARGET_DIR": str(folder / "target")}
        case _:
            (folder / "main.rb").write_text(_RUBY.format(rows=body), encoding="utf-8")
            return ["ruby", "main.rb"], {"LANG": "C.UTF-8"}


@pytest.mark.parametrize("language", [LanguageId.GO, LanguageId.RUST, LanguageId.RUBY], ids=lambda x: x.value)
def test_a_sampled_pattern_finds_what_it_finds_in_python(language: LanguageId, tmp_path: Path) -> None:
    rng = random.Random(20261123)
    rows: list[tuple[str, str]] = []
    while len(rows) < 300:
        pattern, flags = _pattern(rng)
        try:
            parsed(pattern, flags)
        except Unsupported:
            continue
        rows.append((pattern, flags))
    known = _written(language, rows)
    assert len(known) > 200
    numbered = {i: n for n, i in enumerate(known)}
    cases = [(i, _text(rng)) for i in known for _ in range(8)]
    command, env = _command(language, tmp_path, list(known.values()))
    done = subprocess.run(
        command,
        input=json.dumps([[numbered[i], t] for i, t in cases]),
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
        env={**os.environ, **env},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    wrong: list[str] = []
    for (i, text), given in zip(cases, json.loads(done.stdout), strict=True):
        pattern, flags = rows[i]
        groups, replaced = _python(pattern, flags, text)  # type: ignore[misc]
        if groups != given[0] or (replaced is not None and replaced != given[1]):
            wrong.append(repr((pattern, flags, known[i], text, [groups, replaced], given)))
    assert not wrong, f"{len(wrong)} of {len(cases)}: " + "\n".join(wrong[:12])
