"""Small functions of Go's standard library that no other language has: they come along, lowered from Go.

`fail(text)` is only known here: an error of the class that a text which cannot be read has everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prelude:
    """A function as Go source, and the packages that it needs."""

    name: str
    source: str
    imports: tuple[str, ...] = ()


def _cut(end: str) -> Prelude:
    """`strings.CutPrefix` or `strings.CutSuffix`."""
    return Prelude(
        f"cut{end}",
        f"""
// cut{end} gives the text without a {end.lower()}, and whether it was there.
func cut{end}(text, {end.lower()} string) (string, bool) {{
	return strings.Trim{end}(text, {end.lower()}), strings.Has{end}(text, {end.lower()})
}}
""",
        ("strings",),
    )


PRELUDE: dict[tuple[str, str], Prelude] = {
    ("strings", "CutPrefix"): _cut("Prefix"),
    ("strings", "CutSuffix"): _cut("Suffix"),
    ("strings", "ContainsAny"): Prelude(
        "containsAny",
        """
// containsAny says whether one of the characters is in the text.
func containsAny(text, characters string) bool {
	for _, r := range text {
		if strings.ContainsRune(characters, r) {
			return true
		}
	}
	return false
}
""",
        ("strings",),
    ),
    ("strconv", "ParseBool"): Prelude(
        "parseBool",
        """
// parseBool reads a truth value.
func parseBool(text string) (bool, error) {
	switch text {
	case "1", "t", "T", "true", "TRUE", "True":
		return true, nil
	case "0", "f", "F", "false", "FALSE", "False":
		return false, nil
	}
	return false, fail("strconv.ParseBool: parsing \\"" + text + "\\": invalid syntax")
}
""",
    ),
    ("time", "ParseDuration"): Prelude(
        "parseDuration",
        """
// parseDuration reads a duration such as 1h30m or 250ms.
func parseDuration(text string) (time.Duration, error) {
	rest := strings.TrimPrefix(strings.TrimPrefix(text, "+"), "-")
	if rest == "0" {
		return 0, nil
	}
	total, number, unit := 0.0, "", ""
	parts := 0
	for _, r := range rest + "0" {
		digit := r == '.' || r >= '0' && r <= '9'
		if digit && unit != "" {
			value, err := strconv.ParseFloat(number, 64)
			if err != nil {
				return 0, errors.New("time: invalid duration \\"" + text + "\\"")
			}
			switch unit {
			case "ns":
				total += value / 1000000000
			case "us", "µs", "μs":
				total += value / 1000000
			case "ms":
				total += value / 1000
			case "s":
				total += value
			case "m":
				total += value * 60
			case "h":
				total += value * 3600
			default:
				return 0, errors.New("time: unknown unit in duration \\"" + text + "\\"")
			}
			number, unit = "", ""
			parts++
		}
		if digit {
			number += string(r)
		} else {
			unit += string(r)
		}
	}
	if parts == 0 || number != "0" || strings.HasPrefix(text, "+-") {
		return 0, errors.New("time: invalid duration \\"" + text + "\\"")
	}
	if strings.HasPrefix(text, "-") {
		total = -total
	}
	return time.Duration(total * 1e9), nil
}
""",
        ("errors", "strings", "strconv", "time"),
    ),
    ("bufio", "NewScanner"): Prelude(
        "scanLines",
        """
// scanLines gives the lines of a text without their ends.
func scanLines(text string) []string {
	var lines []string
	if text == "" {
		return lines
	}
	for _, line := range strings.Split(strings.TrimSuffix(text, "\\n"), "\\n") {
		lines = append(lines, strings.TrimSuffix(line, "\\r"))
	}
	return lines
}
""",
        ("strings",),
    ),
}


def needed(text: str, imports: dict[str, str]) -> list[Prelude]:
    """The functions that a file with these imports calls."""
    return [
        made
        for (path, name), made in PRELUDE.items()
        for local, imported in imports.items()
        if imported == path and re.search(rf"\b{re.escape(local)}\.{name}\(", text) is not None
    ]


__all__ = ["PRELUDE", "Prelude", "needed"]
