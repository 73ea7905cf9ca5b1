// Package traps holds what ports from Go once got wrong.
package traps

import (
	"fmt"
	"strings"
	"unicode"
)

// Result has the name of a type of Rust's.
type Result struct {
	Label string
	Count int
}

// Option is one of the choices.
type Option int

// The options.
const (
	First Option = iota
	Second
)

// Counted makes a Result.
func Counted(label string, parts []string) Result {
	return Result{Label: label, Count: len(parts)}
}

// Checked fails, so that its value is a result of Rust's, too.
func Checked(label string, n int) (Result, error) {
	if n < 0 {
		return Result{}, fmt.Errorf("%q has %d parts", label, n)
	}
	return Result{Label: label, Count: n}, nil
}

// Chosen is an option by a number.
func Chosen(n int) Option {
	if n > 0 {
		return Second
	}
	return First
}

// Letters keeps the letters of a text.
func Letters(text string) string {
	var kept []rune
	for _, r := range text {
		if unicode.IsLetter(r) {
			kept = append(kept, r)
		}
	}
	return string(kept)
}

// Reversed turns a text round.
func Reversed(text string) string {
	runes := []rune(text)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes) + strings.ToUpper(string(runes))
}

// Turn says which way a bracket turns.
type Turn bool

// Its values.
const (
	Open  Turn = true
	Close Turn = false
)

// Turned is how a bracket turns.
func Turned(char rune) Turn {
	if char == '(' || char == '[' {
		return Open
	}
	return Close
}

// Place is one place of a board.
type Place struct {
	X, Y int
}

func (p Place) within(size int) bool {
	return p.X >= 0 && p.Y >= 0 && p.X < size && p.Y < size
}

// Inside counts the places on a board, by a method that is not exported.
func Inside(places []Place, size int) int {
	count := 0
	for _, p := range places {
		if p.within(size) {
			count++
		}
	}
	return count
}

// ByNothing divides by what the compilers of other languages see to be zero.
func ByNothing(n int) int {
	zero, two := 0, 2
	if n > 40 {
		return n / zero
	}
	if n < -40 {
		return n % (zero * 3)
	}
	return n/two + n%-3
}
