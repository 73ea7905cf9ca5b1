package references

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// LuhnValid returns whether the check digit of a card's number is right.
func LuhnValid(number string) bool {
	total, count := 0, 0
	for i := len(number) - 1; i >= 0; i-- {
		c := number[i]
		if c == ' ' {
			continue
		}
		if c < '0' || c > '9' {
			return false
		}
		digit := int(c - '0')
		if count%2 == 1 {
			digit *= 2
			if digit > 9 {
				digit -= 9
			}
		}
		total += digit
		count++
	}
	return count > 1 && total%10 == 0
}

// Isbn13Valid returns whether the check digit of an ISBN is right.
func Isbn13Valid(isbn string) bool {
	digits := strings.ReplaceAll(isbn, "-", "")
	if utf8.RuneCountInString(digits) != 13 {
		return false
	}
	total := 0
	for i, r := range digits {
		if r < '0' || r > '9' {
			return false
		}
		digit := int(r - '0')
		if i%2 == 1 {
			digit *= 3
		}
		total += digit
	}
	return total%10 == 0
}

// ParseIpv4 returns an address as a number.
func ParseIpv4(address string) (int, error) {
	parts := strings.Split(address, ".")
	if len(parts) != 4 {
		return 0, fmt.Errorf("not an address: %s", address)
	}
	value := 0
	for _, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil {
			return 0, fmt.Errorf("not a byte: %s", part)
		}
		value = value<<8 | int(n)
	}
	return value, nil
}

// InNetwork returns whether an address belongs to a network such as 10.0.0.0/8.
func InNetwork(address, network string) (bool, error) {
	baseText, bitsText, _ := strings.Cut(network, "/")
	bits, err := strconv.Atoi(bitsText)
	if err != nil {
		return false, err
	}
	ip, err := ParseIpv4(address)
	if err != nil {
		return false, err
	}
	base, err := ParseIpv4(baseText)
	if err != nil {
		return false, err
	}
	return ip>>(32-bits) == base>>(32-bits), nil
}

func versionNumbers(version string) ([]int, error) {
	parts := strings.Split(version, ".")
	numbers := make([]int, len(parts))
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, err
		}
		numbers[i] = n
	}
	return numbers, nil
}

// CompareVersions returns -1, 0 or 1 as the left version is older, as old or newer.
func CompareVersions(left, right string) (int, error) {
	a, err := versionNumbers(left)
	if err != nil {
		return 0, err
	}
	b, err := versionNumbers(right)
	if err != nil {
		return 0, err
	}
	for i := range max(len(a), len(b)) {
		x, y := 0, 0
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x < y {
			return -1, nil
		}
		if x > y {
			return 1, nil
		}
	}
	return 0, nil
}

// Balanced returns whether every bracket is closed in order.
func Balanced(text string) bool {
	stack := []rune{}
	for _, r := range text {
		var open rune
		switch r {
		case '(', '[', '{':
			stack = append(stack, r)
			continue
		case ')':
			open = '('
		case ']':
			open = '['
		case '}':
			open = '{'
		default:
			continue
		}
		if len(stack) == 0 || stack[len(stack)-1] != open {
			return false
		}
		stack = stack[:len(stack)-1]
	}
	return len(stack) == 0
}

// PasswordProblems returns what is wrong with a password.
func PasswordProblems(password string) []string {
	problems := []string{}
	digit, capital, small, mark := false, false, false, false
	count := 0
	for _, r := range password {
		count++
		switch {
		case unicode.IsDigit(r):
			digit = true
		case unicode.IsUpper(r):
			capital = true
		case unicode.IsLower(r):
			small = true
		case !unicode.IsLetter(r):
			mark = true
		}
	}
	if count < 12 {
		problems = append(problems, "too short")
	}
	if !digit {
		problems = append(problems, "no digit")
	}
	if !capital {
		problems = append(problems, "no capital")
	}
	if !small {
		problems = append(problems, "no small letter")
	}
	if !mark {
		problems = append(problems, "no mark")
	}
	return problems
}

// Checksum returns a checksum of the characters, after Fletcher.
func Checksum(text string) int {
	low, high := 1, 0
	for _, r := range text {
		low = (low + int(r)) % 65521
		high = (high + low) % 65521
	}
	return high*65536 + low
}

// ValidNames returns those that can name a variable.
func ValidNames(names []string) []string {
	valid := []string{}
	for _, name := range names {
		ok := name != ""
		for i, r := range name {
			if !(r == '_' || unicode.IsLetter(r) || i > 0 && unicode.IsDigit(r)) {
				ok = false
				break
			}
		}
		if ok {
			valid = append(valid, name)
		}
	}
	return valid
}
