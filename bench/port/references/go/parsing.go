package references

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

var unitSeconds = map[byte]int{'d': 86400, 'h': 3600, 'm': 60, 's': 1}

var unitBytes = map[string]int{
	"B": 1, "KB": 1000, "MB": 1000000, "GB": 1000000000,
	"KIB": 1024, "MIB": 1048576, "GIB": 1073741824,
}

// ParseDuration returns the seconds of a text such as 1h30m15s.
func ParseDuration(text string) (int, error) {
	total, number, digits := 0, 0, 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= '0' && c <= '9' {
			number = number*10 + int(c-'0')
			digits++
			continue
		}
		seconds, ok := unitSeconds[c]
		if !ok || digits == 0 {
			return 0, fmt.Errorf("not a duration: %s", text)
		}
		total += number * seconds
		number, digits = 0, 0
	}
	if digits > 0 {
		return 0, fmt.Errorf("no unit at the end: %s", text)
	}
	return total, nil
}

// ParseSize returns the bytes of a text such as 10 KiB or 5MB.
func ParseSize(text string) (int, error) {
	stripped := strings.TrimSpace(text)
	end := 0
	for end < len(stripped) && stripped[end] >= '0' && stripped[end] <= '9' {
		end++
	}
	if end == 0 {
		return 0, fmt.Errorf("not a size: %s", text)
	}
	unit := strings.ToUpper(strings.TrimSpace(stripped[end:]))
	if unit == "" {
		unit = "B"
	}
	factor, ok := unitBytes[unit]
	if !ok {
		return 0, fmt.Errorf("unknown unit: %s", unit)
	}
	n, err := strconv.Atoi(stripped[:end])
	if err != nil {
		return 0, err
	}
	return n * factor, nil
}

// ParseHeaders returns header lines by their name in lower case.
func ParseHeaders(lines []string) map[string]string {
	headers := make(map[string]string, len(lines))
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		key := strings.ToLower(strings.TrimSpace(name))
		value = strings.TrimSpace(value)
		if old, ok := headers[key]; ok {
			value = old + ", " + value
		}
		headers[key] = value
	}
	return headers
}

// ParseQuery returns the values of each field of a query string.
func ParseQuery(query string) map[string][]string {
	fields := map[string][]string{}
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		fields[name] = append(fields[name], strings.ReplaceAll(value, "+", " "))
	}
	return fields
}

// Range is a first and a last position.
type Range struct{ First, Last int }

// ParseRanges returns the ranges of a Range header that lie within a size.
func ParseRanges(header string, size int) ([]Range, error) {
	list, ok := strings.CutPrefix(header, "bytes=")
	if !ok {
		return nil, fmt.Errorf("only ranges of bytes are known")
	}
	ranges := []Range{}
	for part := range strings.SplitSeq(list, ",") {
		first, last, _ := strings.Cut(strings.TrimSpace(part), "-")
		start, end := 0, size-1
		if first == "" {
			n, err := strconv.Atoi(last)
			if err != nil {
				return nil, err
			}
			start = max(0, size-n)
		} else {
			n, err := strconv.Atoi(first)
			if err != nil {
				return nil, err
			}
			start = n
			if last != "" {
				if n, err = strconv.Atoi(last); err != nil {
					return nil, err
				}
				end = min(n, size-1)
			}
		}
		if start <= end {
			ranges = append(ranges, Range{start, end})
		}
	}
	return ranges, nil
}

// ParseFields returns the fields of a log line such as level=info msg="it runs".
func ParseFields(line string) map[string]string {
	fields := map[string]string{}
	n := len(line)
	for i := 0; i < n; {
		for i < n && line[i] == ' ' {
			i++
		}
		start := i
		for i < n && line[i] != '=' && line[i] != ' ' {
			i++
		}
		key := line[start:i]
		if i >= n || line[i] == ' ' {
			if key != "" {
				fields[key] = ""
			}
			continue
		}
		i++
		if i < n && line[i] == '"' {
			i++
			start = i
			for i < n && line[i] != '"' {
				i++
			}
			fields[key] = line[start:i]
			i++
		} else {
			start = i
			for i < n && line[i] != ' ' {
				i++
			}
			fields[key] = line[start:i]
		}
	}
	return fields
}

// SplitCsvLine returns the cells of a line of comma separated values.
func SplitCsvLine(line string) []string {
	cells := []string{}
	var cell strings.Builder
	quoted := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quoted && c == '"' && i+1 < len(line) && line[i+1] == '"':
			cell.WriteByte('"')
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			cells = append(cells, cell.String())
			cell.Reset()
		default:
			cell.WriteByte(c)
		}
	}
	return append(cells, cell.String())
}

// Tokenize returns the numbers, names and operators of an expression.
func Tokenize(text string) []string {
	tokens := []string{}
	start := -1
	for i, r := range text {
		if r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			tokens = append(tokens, text[start:i])
			start = -1
		}
		if !unicode.IsSpace(r) {
			tokens = append(tokens, string(r))
		}
	}
	if start >= 0 {
		tokens = append(tokens, text[start:])
	}
	return tokens
}

// CountStatuses returns how many lines of an access log have each class of status.
func CountStatuses(lines []string) map[string]int {
	counts := map[string]int{}
	for _, line := range lines {
		words := strings.Fields(line)
		if len(words) < 9 {
			continue
		}
		counts[words[8][:1]+"xx"]++
	}
	return counts
}

// ExpandCronField returns the numbers that a field of a cron line stands for.
func ExpandCronField(field string, low, high int) ([]int, error) {
	found := map[int]bool{}
	for part := range strings.SplitSeq(field, ",") {
		span, stepText, _ := strings.Cut(part, "/")
		step := 1
		var err error
		if stepText != "" {
			if step, err = strconv.Atoi(stepText); err != nil {
				return nil, err
			}
		}
		first, last := low, high
		if span != "*" {
			from, to, ranged := strings.Cut(span, "-")
			if first, err = strconv.Atoi(from); err != nil {
				return nil, err
			}
			last = first
			if ranged {
				if last, err = strconv.Atoi(to); err != nil {
					return nil, err
				}
			}
		}
		for value := first; value <= last; value += step {
			found[value] = true
		}
	}
	numbers := make([]int, 0, len(found))
	for value := range found {
		numbers = append(numbers, value)
	}
	slices.Sort(numbers)
	return numbers, nil
}
