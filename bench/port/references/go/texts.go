package references

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Slugify returns a title as a part of an address.
func Slugify(title string) string {
	var out strings.Builder
	out.Grow(len(title))
	dashed := true
	for _, r := range strings.ToLower(title) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			out.WriteByte(byte(r))
			dashed = false
		} else if !dashed {
			out.WriteByte('-')
			dashed = true
		}
	}
	return strings.TrimRight(out.String(), "-")
}

// WrapWords returns lines of words that are no longer than a width.
func WrapWords(text string, width int) []string {
	lines := []string{}
	line := ""
	length := 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case line == "":
			line, length = word, n
		case length+1+n <= width:
			line += " " + word
			length += 1 + n
		default:
			lines = append(lines, line)
			line, length = word, n
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// RenderTemplate returns a template with each {name} replaced; unknown names stay.
func RenderTemplate(template string, values map[string]string) string {
	var out strings.Builder
	for {
		start := strings.IndexByte(template, '{')
		if start < 0 {
			break
		}
		length := strings.IndexByte(template[start:], '}')
		if length < 0 {
			break
		}
		end := start + length
		out.WriteString(template[:start])
		if value, ok := values[template[start+1:end]]; ok {
			out.WriteString(value)
		} else {
			out.WriteString(template[start : end+1])
		}
		template = template[end+1:]
	}
	out.WriteString(template)
	return out.String()
}

// MaskDigits returns a text whose digits are stars, but for the last ones.
func MaskDigits(text string, visible int) string {
	digits := 0
	for _, r := range text {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	seen := 0
	var masked strings.Builder
	masked.Grow(len(text))
	for _, r := range text {
		if unicode.IsDigit(r) {
			seen++
			if seen <= digits-visible {
				r = '*'
			}
		}
		masked.WriteRune(r)
	}
	return masked.String()
}

// SnakeToCamel returns retry_after as retryAfter.
func SnakeToCamel(name string) string {
	var out strings.Builder
	out.Grow(len(name))
	for i, word := range strings.Split(name, "_") {
		if i == 0 {
			out.WriteString(word)
			continue
		}
		for j, r := range word {
			if j == 0 {
				out.WriteRune(unicode.ToUpper(r))
			} else {
				out.WriteRune(unicode.ToLower(r))
			}
		}
	}
	return out.String()
}

// CamelToSnake returns retryAfter as retry_after.
func CamelToSnake(name string) string {
	var out strings.Builder
	out.Grow(len(name) + 8)
	for i, r := range name {
		if unicode.IsUpper(r) {
			if i > 0 {
				out.WriteByte('_')
			}
			r = unicode.ToLower(r)
		}
		out.WriteRune(r)
	}
	return out.String()
}

// Caesar shifts each letter of the alphabet.
func Caesar(text string, shift int) string {
	by := rune((shift%26 + 26) % 26)
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return (r-'a'+by)%26 + 'a'
		case r >= 'A' && r <= 'Z':
			return (r-'A'+by)%26 + 'A'
		}
		return r
	}, text)
}

// IsPalindrome returns whether letters and digits read the same from both ends.
func IsPalindrome(text string) bool {
	cleaned := make([]rune, 0, len(text))
	for _, r := range strings.ToLower(text) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			cleaned = append(cleaned, r)
		}
	}
	for i, j := 0, len(cleaned)-1; i < j; i, j = i+1, j-1 {
		if cleaned[i] != cleaned[j] {
			return false
		}
	}
	return true
}

// RunLengthEncode returns each run of a character as its length and the character.
func RunLengthEncode(text string) string {
	if text == "" {
		return ""
	}
	var out strings.Builder
	previous, _ := utf8.DecodeRuneInString(text)
	count := 0
	for _, r := range text {
		if r == previous {
			count++
			continue
		}
		out.WriteString(strconv.Itoa(count))
		out.WriteRune(previous)
		previous, count = r, 1
	}
	out.WriteString(strconv.Itoa(count))
	out.WriteRune(previous)
	return out.String()
}

// Shorten returns a text with dots in its middle where it is too long.
func Shorten(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	kept := width - 3
	left := (kept + 1) / 2
	return string(runes[:left]) + "..." + string(runes[len(runes)-(kept-left):])
}

// Initials returns the first letters of the words of each name, in capitals.
func Initials(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		var letters strings.Builder
		for word := range strings.FieldsSeq(name) {
			r, _ := utf8.DecodeRuneInString(word)
			letters.WriteRune(unicode.ToUpper(r))
		}
		out[i] = letters.String()
	}
	return out
}

// StripComments returns lines without comments, and without those that are then empty.
func StripComments(lines []string) []string {
	kept := []string{}
	for _, line := range lines {
		code, _, _ := strings.Cut(line, "#")
		if code = strings.TrimRightFunc(code, unicode.IsSpace); code != "" {
			kept = append(kept, code)
		}
	}
	return kept
}

// EscapeHtml returns a text that can stand in a page.
func EscapeHtml(text string) string {
	var out strings.Builder
	out.Grow(len(text) + len(text)/8)
	for _, r := range text {
		switch r {
		case '&':
			out.WriteString("&amp;")
		case '<':
			out.WriteString("&lt;")
		case '>':
			out.WriteString("&gt;")
		case '"':
			out.WriteString("&quot;")
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// Align returns rows of cells as lines whose columns stand below each other.
func Align(rows [][]string) []string {
	widths := []int{}
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	lines := make([]string, len(rows))
	var line strings.Builder
	for k, row := range rows {
		line.Reset()
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			line.WriteString(cell)
			for range widths[i] - utf8.RuneCountInString(cell) {
				line.WriteByte(' ')
			}
		}
		lines[k] = strings.TrimRightFunc(line.String(), unicode.IsSpace)
	}
	return lines
}
