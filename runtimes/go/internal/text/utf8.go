// Package text decodes bytes that should be UTF-8.
package text

import (
	"strings"
	"unicode/utf8"
)

// Valid returns b as a string with U+FFFD in place of each maximal invalid sequence, as the WHATWG encoding standard
// and the other languages replace them; strings.ToValidUTF8 would join neighbouring ones.
func Valid(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	out.Grow(len(b))
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			size = InvalidLength(b)
		}
		out.WriteRune(r)
		b = b[size:]
	}
	return out.String()
}

// InvalidLength is the length of the invalid sequence that b starts with: a truncated but otherwise well-formed
// beginning of a character counts as one sequence.
func InvalidLength(b []byte) int {
	need, low, high := 0, byte(0x80), byte(0xBF)
	switch c := b[0]; {
	case 0xC2 <= c && c <= 0xDF:
		need = 1
	case 0xE0 <= c && c <= 0xEF:
		need = 2
		if c == 0xE0 {
			low = 0xA0
		} else if c == 0xED {
			high = 0x9F
		}
	case 0xF0 <= c && c <= 0xF4:
		need = 3
		if c == 0xF0 {
			low = 0x90
		} else if c == 0xF4 {
			high = 0x8F
		}
	}
	length := 1
	for length <= need && length < len(b) && low <= b[length] && b[length] <= high {
		length++
		low, high = 0x80, 0xBF
	}
	return length
}
