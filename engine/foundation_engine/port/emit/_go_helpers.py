"""Go functions that a port brings along where Go has no operation with exactly the meaning that is needed."""

from __future__ import annotations

from collections.abc import Mapping

# name -> (source, the packages that it imports)
HELPERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "orderedMap": (
        r"""
// OrderedMap is a map that keeps the order in which its keys were added.
type OrderedMap[K comparable, V any] struct {
	Order  []K
	Values map[K]V
}

// NewOrderedMap returns a map of the entries.
func NewOrderedMap[K comparable, V any](entries ...Pair[K, V]) *OrderedMap[K, V] {
	m := &OrderedMap[K, V]{Values: make(map[K]V, len(entries))}
	for _, entry := range entries {
		m.Set(entry.First, entry.Second)
	}
	return m
}

// Set puts a value under a key, which comes last when it is new.
func (m *OrderedMap[K, V]) Set(key K, value V) {
	if _, ok := m.Values[key]; !ok {
		m.Order = append(m.Order, key)
	}
	m.Values[key] = value
}

// Delete removes a key.
func (m *OrderedMap[K, V]) Delete(key K) {
	if _, ok := m.Values[key]; ok {
		delete(m.Values, key)
		m.Order = slices.DeleteFunc(m.Order, func(k K) bool { return k == key })
	}
}
""",
        ("slices",),
    ),
    "monotonic": (
        r"""
// clockStart is the time that monotonic counts from.
var clockStart = time.Now()

// monotonic returns the seconds on a clock that nobody sets.
func monotonic() float64 {
	return time.Since(clockStart).Seconds()
}
""",
        ("time",),
    ),
    "newTime": (
        r"""
// newTime returns a point in time in UTC, or an error where there is no such date or time of the day.
func newTime(year, month, day, hour, minute, second, microsecond int) (time.Time, error) {
	t := time.Date(year, time.Month(month), day, hour, minute, second, microsecond*1000, time.UTC)
	same := t.Year() == year && int(t.Month()) == month && t.Day() == day && t.Hour() == hour &&
		t.Minute() == minute && t.Second() == second && t.Nanosecond() == microsecond*1000
	if !same || year < 1 || year > 9999 {
		return time.Time{}, errors.New("no such date or time")
	}
	return t, nil
}
""",
        ("errors", "time"),
    ),
    "parseTime": (
        r"""
// parseTime returns the time that a text holds in a layout, without a fraction of seconds that it does not have.
func parseTime(layout, text string) (time.Time, error) {
	t, err := time.Parse(layout, text)
	if err != nil || (!strings.ContainsAny(layout, ".,") && strings.ContainsAny(text, ".,")) {
		return time.Time{}, errors.New("not a date or time of this form")
	}
	return t, nil
}
""",
        ("errors", "strings", "time"),
    ),
    "parseISO": (
        r"""
// parseISO returns the date, or the date and time, that a text holds in the form of ISO 8601, with its offset.
func parseISO(text, zone string) (time.Time, error) {
	if zone == "" {
		if t, err := time.Parse(time.DateOnly, text); err == nil {
			return t, nil
		}
	}
	for _, clock := range []string{"T15:04:05", " 15:04:05", "T15:04", " 15:04"} {
		if t, err := time.Parse(time.DateOnly+clock+zone, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("not a date or time of this form")
}
""",
        ("errors", "time"),
    ),
    "isoFormat": (
        r"""
// isoFormat returns a time in the form of ISO 8601, with microseconds where it has some.
func isoFormat(t time.Time, zone string) string {
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05" + zone)
	}
	return t.Format("2006-01-02T15:04:05.000000" + zone)
}
""",
        ("time",),
    ),
    "localNow": (
        r"""
// localNow returns what the clock on the wall says, as a time in UTC.
func localNow() time.Time {
	now := time.Now().Truncate(time.Microsecond)
	_, offset := now.Zone()
	return now.UTC().Add(time.Duration(offset) * time.Second)
}
""",
        ("time",),
    ),
    "dateOf": (
        r"""
// dateOf returns the beginning of a time's day.
func dateOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}
""",
        ("time",),
    ),
    "orderedMapClone": (
        r"""
// Clone is a new map of the same entries.
func (m *OrderedMap[K, V]) Clone() *OrderedMap[K, V] {
	return &OrderedMap[K, V]{Order: slices.Clone(m.Order), Values: maps.Clone(m.Values)}
}
""",
        ("maps", "slices"),
    ),
    "orderedMapUpdate": (
        r"""
// Update puts every entry of another map.
func (m *OrderedMap[K, V]) Update(other *OrderedMap[K, V]) {
	for _, key := range other.Order {
		m.Set(key, other.Values[key])
	}
}
""",
        (),
    ),
    "digitOf": (
        r"""
// digitOf is the number that a decimal digit stands for.
func digitOf(c rune) (int, error) {
	if c < '0' || c > '9' {
		return 0, &strconv.NumError{Func: "digitOf", Num: string(c), Err: strconv.ErrSyntax}
	}
	return int(c - '0'), nil
}
""",
        ("strconv",),
    ),
    "sameValue": (
        r"""
// sameValue says whether two pointers are to equal values, or both nil.
func sameValue[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
""",
        (),
    ),
    "nonEmpty": (
        r"""
// nonEmpty is nil for an empty string.
func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
""",
        (),
    ),
    "replaceMatches": (
        r"""
// replaceMatches is s with each match of re replaced by what f makes of its groups.
func replaceMatches(re *regexp.Regexp, s string, f func(match []string) string) string {
	var out strings.Builder
	last := 0
	for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
		groups := make([]string, len(at)/2)
		for i := range groups {
			if at[2*i] >= 0 {
				groups[i] = s[at[2*i]:at[2*i+1]]
			}
		}
		out.WriteString(s[last:at[0]])
		out.WriteString(f(groups))
		last = at[1]
	}
	out.WriteString(s[last:])
	return out.String()
}
""",
        ("regexp", "strings"),
    ),
    "padding": (
        r"""
// padding is what s lacks to a width, counted in code points.
func padding(s string, width int, fill string) string {
	return strings.Repeat(fill, max(0, width-utf8.RuneCountInString(s)))
}
""",
        ("strings", "unicode/utf8"),
    ),
    "rpartition": (
        r"""
// rpartition is what stands before the last separator, the separator, and the rest; without one all is rest.
func rpartition(s, separator string) Triple[string, string, string] {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return Triple[string, string, string]{s[:i], separator, s[i+len(separator):]}
	}
	return Triple[string, string, string]{Third: s}
}
""",
        ("strings",),
    ),
    "jsonQuote": (
        r"""
// jsonQuote is a text in JSON, in ASCII.
func jsonQuote(text string) string {
	short := map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}
	var out strings.Builder
	out.WriteByte('"')
	for _, char := range text {
		if escaped, ok := short[char]; ok {
			out.WriteString(escaped)
		} else if char >= ' ' && char <= '~' {
			out.WriteRune(char)
		} else {
			for _, unit := range utf16.Encode([]rune{char}) {
				fmt.Fprintf(&out, `\u%04x`, unit)
			}
		}
	}
	out.WriteByte('"')
	return out.String()
}
""",
        ("fmt", "strings", "unicode/utf16"),
    ),
    "jsonQuoteText": (
        r"""
// jsonQuoteText is a text in JSON; only quotes, backslashes and control characters are escaped.
func jsonQuoteText(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, char := range text {
		switch short := strings.IndexRune("\"\\\n\r\t\b\f", char); {
		case short >= 0:
			out.WriteByte('\\')
			out.WriteByte("\"\\nrtbf"[short])
		case char < ' ':
			fmt.Fprintf(&out, `\u%04x`, char)
		default:
			out.WriteRune(char)
		}
	}
	out.WriteByte('"')
	return out.String()
}
""",
        ("fmt", "strings"),
    ),
    "jsonValue": (
        r"""
// jsonValue reads a whole JSON text; numbers keep their digits.
func jsonValue(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one JSON value")
	}
	return value, nil
}
""",
        ("bytes", "encoding/json", "fmt", "io"),
    ),
    "jsonField": (
        r"""
// jsonField is the value of a key of a JSON object.
func jsonField(value any, key string) (any, error) {
	field, ok := value.(map[string]any)[key]
	if !ok {
		return nil, fmt.Errorf("key %v not found", key)
	}
	return field, nil
}
""",
        ("fmt",),
    ),
    "jsonOr": (
        r"""
// jsonOr is the value of a key of a JSON object, or a default.
func jsonOr(value any, key string, fallback any) any {
	if field, ok := value.(map[string]any)[key]; ok {
		return field
	}
	return fallback
}
""",
        (),
    ),
    "jsonItems": (
        r"""
// jsonItems is what a JSON list holds.
func jsonItems(value any) []any {
	return value.([]any)
}
""",
        (),
    ),
    "jsonMembers": (
        r"""
// jsonMembers is what a JSON object holds.
func jsonMembers(value any) map[string]any {
	return value.(map[string]any)
}
""",
        (),
    ),
    "jsonHas": (
        r"""
// jsonHas reports whether a JSON object has a key.
func jsonHas(value any, key string) bool {
	_, ok := value.(map[string]any)[key]
	return ok
}
""",
        (),
    ),
    "jsonIs": (
        r"""
// jsonIs reports whether a JSON value is of a type.
func jsonIs[T any](value any) bool {
	_, ok := value.(T)
	return ok
}
""",
        (),
    ),
    "jsonIsInteger": (
        r"""
// jsonIsInteger reports whether a JSON value is a number without a point and an exponent.
func jsonIsInteger(value any) bool {
	number, ok := value.(json.Number)
	return ok && !strings.ContainsAny(number.String(), ".eE")
}
""",
        ("encoding/json", "strings"),
    ),
    "jsonPresent": (
        r"""
// jsonPresent is false for null and false.
func jsonPresent(value any) bool {
	return value != nil && value != false
}
""",
        (),
    ),
    "jsonInteger": (
        r"""
// jsonInteger is a JSON number that is whole.
func jsonInteger(value any) int {
	number, err := value.(json.Number).Int64()
	if err != nil {
		panic(err)
	}
	return int(number)
}
""",
        ("encoding/json",),
    ),
    "jsonBoolean": (
        r"""
// jsonBoolean is a JSON truth value.
func jsonBoolean(value any) bool {
	return value.(bool)
}
""",
        (),
    ),
    "jsonNumber": (
        r"""
// jsonNumber is a JSON number.
func jsonNumber(value any) float64 {
	number, err := value.(json.Number).Float64()
	if err != nil {
		panic(err)
	}
	return number
}
""",
        ("encoding/json",),
    ),
    "jsonString": (
        r"""
// jsonString is a JSON text.
func jsonString(value any) string {
	return value.(string)
}
""",
        (),
    ),
    "jsonTrue": (
        r"""
// jsonTrue is false for null, false, zero and what is empty.
func jsonTrue(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	case json.Number:
		number, err := v.Float64()
		return err != nil || number != 0
	default:
		return true
	}
}
""",
        ("encoding/json",),
    ),
    "jsonInt": (
        r"""
// jsonInt is a JSON value as a whole number: a number is cut, a text is read.
func jsonInt(value any) (int, error) {
	switch v := value.(type) {
	case int:
		return v, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case string:
		return strconv.Atoi(strings.TrimSpace(v))
	case json.Number:
		if number, err := v.Int64(); err == nil {
			return int(number), nil
		}
		number, err := v.Float64()
		return int(number), err
	default:
		panic(fmt.Sprintf("not a number: %v", value))
	}
}
""",
        ("encoding/json", "fmt", "strconv", "strings"),
    ),
    "jsonText": (
        r"""
// jsonText is a JSON value as text.
func jsonText(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return v
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE") {
			return v.String()
		}
		if number, err := v.Float64(); err == nil {
			return floatText(number)
		}
	}
	panic(fmt.Sprintf("not a text: %v", value))
}
""",
        ("encoding/json", "fmt", "strings"),
    ),
    "joinPath": (
        r"""
// joinPath is one path below another, without doubled separators and dots; an absolute second path stands alone.
func joinPath(folder, name string) string {
	if folder == "" || strings.HasPrefix(name, "/") {
		folder, name = name, ""
	}
	root := ""
	if strings.HasPrefix(folder, "//") && !strings.HasPrefix(folder, "///") {
		root = "//"
	} else if strings.HasPrefix(folder, "/") {
		root = "/"
	}
	parts := []string{}
	for _, part := range strings.Split(folder+"/"+name, "/") {
		if part != "" && part != "." {
			parts = append(parts, part)
		}
	}
	joined := root + strings.Join(parts, "/")
	if joined == "" {
		return "."
	}
	return joined
}
""",
        ("strings",),
    ),
    "lookupEnv": (
        r"""
// lookupEnv is the value of an environment variable, or nil.
func lookupEnv(name string) *string {
	if value, ok := os.LookupEnv(name); ok {
		return &value
	}
	return nil
}
""",
        ("os",),
    ),
    "envOr": (
        r"""
// envOr is the value of an environment variable, or a default.
func envOr(name, fallback string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return fallback
}
""",
        ("os",),
    ),
    "parseInt": (
        r"""
// parseInt reads a whole number within bounds.
func parseInt(s string, low, high int) (int, error) {
	n, err := strconv.Atoi(s)
	if err == nil && (n < low || n > high) {
		err = fmt.Errorf("%d is outside of %d to %d", n, low, high)
	}
	return n, err
}
""",
        ("fmt", "strconv"),
    ),
    "readFloat": (
        r"""
// readFloat is the number that a text holds.
func readFloat(text string) (float64, error) {
	number, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return 0, fmt.Errorf("could not convert string to float: %s", quoted(text))
	}
	return number, nil
}
""",
        ("fmt", "strconv", "strings"),
    ),
    "readInt": (
        r"""
// readInt is the integer that a text holds.
func readInt(text string) (int, error) {
	number, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("invalid literal for int() with base 10: %s", quoted(text))
	}
	return number, nil
}
""",
        ("fmt", "strconv", "strings"),
    ),
    "quoted": (
        r"""
// quoted is s in single quotes, or in double ones around an apostrophe, with escapes for what cannot be shown.
func quoted(s string) string {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}
""",
        ("fmt", "strings", "unicode"),
    ),
    "poppedInOrder": (
        r"""
// poppedInOrder removes a key and gives its value, or nil.
func poppedInOrder[K comparable, V any](m *OrderedMap[K, V], key K) *V {
	value, ok := m.Values[key]
	if !ok {
		return nil
	}
	m.Delete(key)
	return &value
}
""",
        (),
    ),
    "popped": (
        r"""
// popped removes a key and gives its value, or nil.
func popped[K comparable, V any](m map[K]V, key K) *V {
	value, ok := m[key]
	if !ok {
		return nil
	}
	delete(m, key)
	return &value
}
""",
        (),
    ),
    "mustGet": (
        r"""
// mustGet is the value of a key that has to be there.
func mustGet[K comparable, V any](m map[K]V, key K) V {
	value, ok := m[key]
	if !ok {
		panic(fmt.Sprintf("key %v not found", key))
	}
	return value
}
""",
        ("fmt",),
    ),
    "headerOf": (
        r"""
// headerOf is the first value of a header, or nil.
func headerOf(header http.Header, name string) *string {
	if values := header.Values(name); len(values) > 0 {
		return &values[0]
	}
	return nil
}
""",
        ("net/http",),
    ),
    "discardFile": (
        r"""
// discardFile removes a file that need not be there.
func discardFile(path string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
""",
        ("os",),
    ),
    "namesIn": (
        r"""
// namesIn lists the names of what is in a folder, in order.
func namesIn(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, nil
}
""",
        ("os",),
    ),
    "copyFile": (
        r"""
// copyFile copies a file with its mode.
func copyFile(source, target string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	return os.WriteFile(target, content, info.Mode().Perm())
}
""",
        ("os",),
    ),
    "removeTree": (
        r"""
// removeTree removes a folder, which must be there, and all that is in it.
func removeTree(folder string) error {
	if _, err := os.ReadDir(folder); err != nil {
		return err
	}
	return os.RemoveAll(folder)
}
""",
        ("os",),
    ),
    "appendText": (
        r"""
// appendText writes a text behind what a file holds.
func appendText(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
""",
        ("errors", "os"),
    ),
    "sizeOf": (
        r"""
// sizeOf is the size of a file in bytes.
func sizeOf(path string) (int, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return int(info.Size()), nil
}
""",
        ("os",),
    ),
    "which": (
        r"""
// which finds a program on the search path, nil when there is none.
func which(name string) *string {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil
	}
	return &path
}
""",
        ("os/exec",),
    ),
    "systemName": (
        r"""
// systemName is the name that the operating system has for itself.
func systemName() string {
	switch runtime.GOOS {
	case "darwin":
		return "Darwin"
	case "windows":
		return "Windows"
	case "linux":
		return "Linux"
	default:
		return runtime.GOOS
	}
}
""",
        ("runtime",),
    ),
    "decoded": (
        r"""
// decoded is the text that bytes are in UTF-8.
func decoded(content []byte) (string, error) {
	if !utf8.Valid(content) {
		return "", errors.New("the bytes are no UTF-8")
	}
	return string(content), nil
}
""",
        ("errors", "unicode/utf8"),
    ),
    "hmacHex": (
        r"""
// hmacHex is the digest of a message with a key, in hexadecimal digits.
func hmacHex(algorithm func() hash.Hash, key, message []byte) string {
	mac := hmac.New(algorithm, key)
	mac.Write(message)
	return hex.EncodeToString(mac.Sum(nil))
}
""",
        ("crypto/hmac", "encoding/hex", "hash"),
    ),
    "isLink": (
        r"""
// isLink reports whether a path is a symbolic link.
func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&os.ModeSymlink != 0
}
""",
        ("os",),
    ),
    "isFile": (
        r"""
// isFile reports whether there is a regular file at a path.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
""",
        ("os",),
    ),
    "isDir": (
        r"""
// isDir reports whether there is a directory at a path.
func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
""",
        ("os",),
    ),
    "exists": (
        r"""
// exists reports whether there is a file or directory at a path.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
""",
        ("os",),
    ),
    "readText": (
        r"""
// readText reads a file as text.
func readText(path string) (string, error) {
	content, err := os.ReadFile(path)
	return string(content), err
}
""",
        ("os",),
    ),
    "pair": (
        r"""
// Pair holds two values.
type Pair[A, B any] struct {
	First  A
	Second B
}
""",
        (),
    ),
    "triple": (
        r"""
// Triple holds three values.
type Triple[A, B, C any] struct {
	First  A
	Second B
	Third  C
}
""",
        (),
    ),
    "floorDiv": (
        r"""
// floorDiv divides and rounds down.
func floorDiv(a, b int) int {
	q := a / b
	if (a < 0) != (b < 0) && q*b != a {
		q--
	}
	return q
}
""",
        (),
    ),
    "floorMod": (
        r"""
// floorMod is the remainder of floorDiv; it has the sign of the divisor.
func floorMod(a, b int) int {
	r := a % b
	if r != 0 && (r < 0) != (b < 0) {
		r += b
	}
	return r
}
""",
        (),
    ),
    "floorDivFloat": (
        r"""
// floorDivFloat divides and rounds down without the error of rounding the quotient first.
func floorDivFloat(a, b float64) float64 {
	if b == 0 {
		panic("division by zero")
	}
	r := math.Mod(a, b)
	q := (a - r) / b
	if r != 0 && (r < 0) != (b < 0) {
		q--
	}
	if q == 0 {
		return math.Copysign(0, a/b)
	}
	f := math.Floor(q)
	if q-f > 0.5 {
		f++
	}
	return f
}
""",
        ("math",),
    ),
    "modFloat": (
        r"""
// modFloat is the remainder with the sign of the divisor.
func modFloat(a, b float64) float64 {
	if b == 0 {
		panic("division by zero")
	}
	r := math.Mod(a, b)
	if r == 0 {
		return math.Copysign(0, b)
	}
	if (r < 0) != (b < 0) {
		r += b
	}
	return r
}
""",
        ("math",),
    ),
    "intPow": (
        r"""
// intPow is base to the power exponent, which must not be negative.
func intPow(base, exponent int) int {
	if exponent < 0 {
		panic("negative exponent")
	}
	result := 1
	for ; exponent > 0; exponent >>= 1 {
		if exponent&1 == 1 {
			result *= base
		}
		base *= base
	}
	return result
}
""",
        (),
    ),
    "gcd": (
        r"""
// gcd is the greatest common divisor.
func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}
""",
        (),
    ),
    "isqrt": (
        r"""
// isqrt is the integer square root.
func isqrt(n int) int {
	if n < 0 {
		panic("isqrt of a negative number")
	}
	r := int(math.Sqrt(float64(n)))
	for r*r > n {
		r--
	}
	for (r+1)*(r+1) <= n {
		r++
	}
	return r
}
""",
        ("math",),
    ),
    "factorial": (
        r"""
// factorial is n!.
func factorial(n int) int {
	if n < 0 {
		panic("factorial of a negative number")
	}
	result := 1
	for i := 2; i <= n; i++ {
		result *= i
	}
	return result
}
""",
        (),
    ),
    "prefixedBase": (
        r"""
// prefixedBase writes n in a base behind its prefix.
func prefixedBase(n, base int, prefix string) string {
	if n < 0 {
		return "-" + prefix + strconv.FormatInt(-int64(n), base)
	}
	return prefix + strconv.FormatInt(int64(n), base)
}
""",
        ("strconv",),
    ),
    "roundTo": (
        r"""
// roundTo rounds to a number of decimals, correctly in the last one.
func roundTo(x float64, digits int) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', digits, 64), 64)
	return r
}
""",
        ("strconv",),
    ),
    "floatText": (
        r"""
// floatText is the shortest text that reads back as x, always with a point or an exponent.
func floatText(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	case a != 0 && (a < 1e-4 || a >= 1e16):
		return strconv.FormatFloat(x, 'e', -1, 64)
	}
	text := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}
""",
        ("math", "strconv", "strings"),
    ),
    "boolText": (
        r"""
// boolText writes a truth value with a capital letter.
func boolText(b bool) string {
	if b {
		return "True"
	}
	return "False"
}
""",
        (),
    ),
    "boolInt": (
        r"""
// boolInt is 1 for true and 0 for false.
func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
""",
        (),
    ),
    "runeIndex": (
        r"""
// runeIndex is the position of sub in s in code points, or -1.
func runeIndex(s, sub string) int {
	i := strings.Index(s, sub)
	if i < 0 {
		return -1
	}
	return utf8.RuneCountInString(s[:i])
}
""",
        ("strings", "unicode/utf8"),
    ),
    "runeLastIndex": (
        r"""
// runeLastIndex is the last position of sub in s in code points, or -1.
func runeLastIndex(s, sub string) int {
	i := strings.LastIndex(s, sub)
	if i < 0 {
		return -1
	}
	return utf8.RuneCountInString(s[:i])
}
""",
        ("strings", "unicode/utf8"),
    ),
    "splitLines": (
        r"""
// lineEnds makes every line end that Unicode knows a newline.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\x1c", "\n", "\x1d", "\n",
	"\x1e", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// splitLines splits at line ends; a final one adds no empty line.
func splitLines(s string) []string {
	s = lineEnds.Replace(s)
	if s == "" {
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}
""",
        ("strings",),
    ),
    "allRunes": (
        r"""
// allRunes reports whether s is not empty and every code point of it is of a kind.
func allRunes(s string, is func(rune) bool) bool {
	for _, r := range s {
		if !is(r) {
			return false
		}
	}
	return s != ""
}
""",
        (),
    ),
    "isAlphanumeric": (
        r"""
// isAlphanumeric reports whether r is a letter or a number.
func isAlphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
""",
        ("unicode",),
    ),
    "isUpper": (
        r"""
// isUpper reports whether s has letters with case and all of them are upper case.
func isUpper(s string) bool { return s == strings.ToUpper(s) && s != strings.ToLower(s) }
""",
        ("strings",),
    ),
    "isLower": (
        r"""
// isLower reports whether s has letters with case and all of them are lower case.
func isLower(s string) bool { return s == strings.ToLower(s) && s != strings.ToUpper(s) }
""",
        ("strings",),
    ),
    "capitalize": (
        r"""
// capitalize puts the first letter in upper case and the rest in lower case.
func capitalize(s string) string {
	if s == "" {
		return ""
	}
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToTitle(r)) + strings.ToLower(s[size:])
}
""",
        ("strings", "unicode", "unicode/utf8"),
    ),
    "titleCase": (
        r"""
// titleCase puts the first letter of every run of letters in upper case and the others in lower case.
func titleCase(s string) string {
	inside := false
	return strings.Map(func(r rune) rune {
		letter := unicode.IsLetter(r)
		defer func() { inside = letter }()
		if inside {
			return unicode.ToLower(r)
		}
		return unicode.ToTitle(r)
	}, s)
}
""",
        ("strings", "unicode"),
    ),
    "swapCase": (
        r"""
// swapCase changes the case of a letter.
func swapCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}
""",
        ("unicode",),
    ),
    "zeroFill": (
        r"""
// zeroFill pads with zeros after the sign.
func zeroFill(s string, width int) string {
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[:1], s[1:]
	}
	return sign + strings.Repeat("0", max(0, width-len(sign)-utf8.RuneCountInString(s))) + s
}
""",
        ("strings", "unicode/utf8"),
    ),
    "reverseString": (
        r"""
// reverseString reverses the code points.
func reverseString(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}
""",
        ("slices",),
    ),
    "sliceString": (
        r"""
// sliceString is the code points from low to before high; both may be past the end.
func sliceString(s string, low, high int) string {
	r := []rune(s)
	high = min(high, len(r))
	if low >= high {
		return ""
	}
	return string(r[low:high])
}
""",
        (),
    ),
    "bound": (
        r"""
// bound turns a slice bound that may count from the end into a position.
func bound(i, length int) int {
	if i < 0 {
		i += length
	}
	return min(max(i, 0), length)
}
""",
        (),
    ),
    "symmetric": (
        r"""
// symmetric reports whether xs is the same from both ends.
func symmetric[T comparable](xs []T) bool {
	for i, j := 0, len(xs)-1; i < j; i, j = i+1, j-1 {
		if xs[i] != xs[j] {
			return false
		}
	}
	return true
}
""",
        (),
    ),
    "reversedCopy": (
        r"""
// reversedCopy is a copy in the opposite order.
func reversedCopy[T any](xs []T) []T {
	out := slices.Clone(xs)
	slices.Reverse(out)
	return out
}
""",
        ("slices",),
    ),
    "countOf": (
        r"""
// countOf counts the elements that equal x.
func countOf[T comparable](xs []T, x T) int {
	n := 0
	for _, y := range xs {
		if x == y {
			n++
		}
	}
	return n
}
""",
        (),
    ),
    "countEach": (
        r"""
// countEach counts how often each element occurs.
func countEach[T comparable](xs []T) map[T]int {
	counts := make(map[T]int)
	for _, x := range xs {
		counts[x]++
	}
	return counts
}
""",
        (),
    ),
    "countInOrder": (
        r"""
// countInOrder counts how often each element occurs, in the order of their first occurrences.
func countInOrder[T comparable](xs []T) *OrderedMap[T, int] {
	counts := NewOrderedMap[T, int]()
	for _, x := range xs {
		counts.Set(x, counts.Values[x]+1)
	}
	return counts
}
""",
        (),
    ),
    "splitLast": (
        r"""
// splitLast splits s at the last separators, as often as most says.
func splitLast(s, separator string, most int) []string {
	parts := []string{}
	for ; most > 0; most-- {
		i := strings.LastIndex(s, separator)
		if i < 0 {
			break
		}
		parts = append(parts, s[i+len(separator):])
		s = s[:i]
	}
	parts = append(parts, s)
	slices.Reverse(parts)
	return parts
}
""",
        ("slices", "strings"),
    ),
    "runeAt": (
        r"""
// runeAt is the code point that begins at a byte of s.
func runeAt(s string, i int) rune {
	if c := s[i]; c < utf8.RuneSelf {
		return rune(c)
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return r
}
""",
        ("unicode/utf8",),
    ),
    "runeWidth": (
        r"""
// runeWidth is how many bytes the code point has that begins at a byte of s; 1 behind the end.
func runeWidth(s string, i int) int {
	if i >= len(s) || s[i] < utf8.RuneSelf {
		return 1
	}
	_, size := utf8.DecodeRuneInString(s[i:])
	return size
}
""",
        ("unicode/utf8",),
    ),
    "ahead": (
        r"""
// ahead is the position that is some code points behind a byte of s.
func ahead(s string, i, count int) int {
	for ; count > 0; count-- {
		i += runeWidth(s, i)
	}
	return i
}
""",
        (),
    ),
    "indexFrom": (
        r"""
// indexFrom is where a part of s begins behind a byte of it, or -1.
func indexFrom(s, part string, from int) int {
	if from > len(s) {
		return -1
	}
	at := strings.Index(s[from:], part)
	if at < 0 {
		return -1
	}
	return from + at
}
""",
        ("strings",),
    ),
    "dropRunes": (
        r"""
// dropRunes is s without its first n code points.
func dropRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[i:]
		}
		n--
	}
	return ""
}
""",
        (),
    ),
    "takeRunes": (
        r"""
// takeRunes are the first n code points of s.
func takeRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
""",
        (),
    ),
    "firstRune": (
        r"""
// firstRune is the first code point of s, which must not be empty.
func firstRune(s string) rune {
	if s == "" {
		panic("the first code point of an empty string")
	}
	r, _ := utf8.DecodeRuneInString(s)
	return r
}
""",
        ("unicode/utf8",),
    ),
    "lastRune": (
        r"""
// lastRune is the last code point of s, which must not be empty.
func lastRune(s string) rune {
	if s == "" {
		panic("the last code point of an empty string")
	}
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}
""",
        ("unicode/utf8",),
    ),
    "sortedKeys": (
        r"""
// sortedKeys are the keys of a map, or the elements of a set, in ascending order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
""",
        ("cmp", "slices"),
    ),
    "setOf": (
        r"""
// setOf is the set of the elements.
func setOf[T comparable](xs ...T) map[T]struct{} {
	set := make(map[T]struct{}, len(xs))
	for _, x := range xs {
		set[x] = struct{}{}
	}
	return set
}
""",
        (),
    ),
    "setUnion": (
        r"""
// setUnion holds what is in a or in b.
func setUnion[T comparable](a, b map[T]struct{}) map[T]struct{} {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
""",
        ("maps",),
    ),
    "setIntersection": (
        r"""
// setIntersection holds what is in a and in b.
func setIntersection[T comparable](a, b map[T]struct{}) map[T]struct{} {
	out := make(map[T]struct{})
	for x := range a {
		if _, ok := b[x]; ok {
			out[x] = struct{}{}
		}
	}
	return out
}
""",
        (),
    ),
    "sortedCommon": (
        r"""
// sortedCommon is what two lists have both, in ascending order.
func sortedCommon[T cmp.Ordered](xs, others []T) []T {
	missing := make(map[T]bool, len(xs))
	for _, x := range xs {
		missing[x] = true
	}
	common := []T{}
	for _, x := range others {
		if missing[x] {
			common = append(common, x)
			missing[x] = false
		}
	}
	slices.Sort(common)
	return common
}
""",
        ("cmp", "slices"),
    ),
    "setDifference": (
        r"""
// setDifference holds what is in a and not in b.
func setDifference[T comparable](a, b map[T]struct{}) map[T]struct{} {
	out := make(map[T]struct{})
	for x := range a {
		if _, ok := b[x]; !ok {
			out[x] = struct{}{}
		}
	}
	return out
}
""",
        (),
    ),
    "stride": (
        r"""
// stride is every n-th element, from the first.
func stride[T any](xs []T, n int) []T {
	out := make([]T, 0, len(xs)/n+1)
	for i := 0; i < len(xs); i += n {
		out = append(out, xs[i])
	}
	return out
}
""",
        (),
    ),
}
