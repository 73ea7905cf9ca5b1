// Package matching reads lines.
package matching

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// name=value
var pair = regexp.MustCompile(`^([a-z_]+)\s*=\s*(\S.*)?$`)

var (
	number = regexp.MustCompile(`-?\d+`)
	run    = regexp.MustCompile(`(\d+)([a-z])`)
)

// NameOf is the name of a pair.
func NameOf(line string) string {
	m := pair.FindStringSubmatch(line)
	if m == nil {
		return "none"
	}
	return m[1] + ":" + m[2]
}

// Parts takes a duration apart.
func Parts(spec string) (int, string, error) {
	m := regexp.MustCompile(`^(\d{1,9})(s|m|h)$`).FindStringSubmatch(spec)
	if len(m) != 3 {
		return 0, "", fmt.Errorf("bad duration: %q", spec)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0, "", err
	}
	return n, m[2], nil
}

// Runs lists runs.
func Runs(text string) []string {
	var out []string
	for _, m := range run.FindAllStringSubmatch(text, -1) {
		out = append(out, m[2]+"*"+m[1])
	}
	return out
}

// Total adds numbers up.
func Total(text string) int {
	sum := 0
	for _, w := range number.FindAllString(text, -1) {
		n, err := strconv.Atoi(w)
		if err == nil {
			sum += n
		}
	}
	return sum
}

// Masked hides digits.
func Masked(text string) string {
	return run.ReplaceAllString(text, "${2}<$1>")
}

// Shouted is loud.
func Shouted(text string) string {
	re := regexp.MustCompile(`[a-z]+`)
	return re.ReplaceAllStringFunc(text, func(w string) string { return strings.ToUpper(w) + "!" })
}

// Fields splits.
func Fields(text string) []string {
	return regexp.MustCompile(`\s*[,;]\s*`).Split(text, -1)
}

// IsID tells an id.
func IsID(text string) bool {
	return regexp.MustCompile(`(?i)^[a-z][a-z0-9-]*$`).MatchString(text) && !number.MatchString(text)
}

// First is the first number.
func First(text string) string {
	return "n" + number.FindString(text)
}
