package record

import (
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/big"
	"reflect"
	"sort"
	"strconv"
	"time"
	"unicode/utf8"

	"foundation/internal/text"
)

// MaxDepth is the depth below which lists and mappings are not written.
const MaxDepth = 16

const tooDeep = "[too deep]"

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string: quotes, backslashes and control characters escaped, the rest as UTF-8, with
// U+FFFD for what is not UTF-8.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\b':
				dst = append(dst, `\b`...)
			case '\f':
				dst = append(dst, `\f`...)
			case '\n':
				dst = append(dst, `\n`...)
			case '\r':
				dst = append(dst, `\r`...)
			case '\t':
				dst = append(dst, `\t`...)
			default:
				dst = append(dst, `\u00`...)
				dst = append(dst, hexDigits[c>>4], hexDigits[c&0xf])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\uFFFD"...)
			i += text.InvalidLength([]byte(s[i:min(len(s), i+utf8.UTFMax)]))
			start = i
			continue
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// AppendFloat appends f as ECMAScript's Number.prototype.toString writes it; NaN and the infinities are strings.
func AppendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	case f == 0:
		return append(dst, '0')
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, bits)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	// Go pads the exponent to two digits: e-07.
	if n := len(dst); n >= 4 && dst[n-4] == 'e' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// AppendValue appends v as JSON, with the secrets of its mappings redacted; v stands at the given depth.
func (r *Redaction) AppendValue(dst []byte, v any, depth int) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return AppendString(dst, v)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case int32:
		return strconv.AppendInt(dst, int64(v), 10)
	case uint64:
		return strconv.AppendUint(dst, v, 10)
	case float64:
		return AppendFloat(dst, v, 64)
	case float32:
		return AppendFloat(dst, float64(v), 32)
	case time.Time:
		return AppendString(dst, v.Format(time.RFC3339Nano))
	case json.RawMessage: // Numbers of any size, for one.
		return append(dst, v...)
	case *big.Int:
		return v.Append(dst, 10)
	case error:
		return AppendString(dst, safeText(v.Error))
	case slog.LogValuer:
		return r.AppendValue(dst, v.LogValue().Resolve().Any(), depth)
	case []slog.Attr:
		return r.appendAttrs(dst, v, depth)
	case encoding.TextMarshaler:
		if text, err := v.MarshalText(); err == nil {
			return AppendString(dst, string(text))
		}
	case fmt.Stringer:
		return AppendString(dst, safeText(v.String))
	case []byte:
		return AppendString(dst, string(v))
	}
	return r.appendReflected(dst, reflect.ValueOf(v), depth)
}

// safeText calls a method of a caller's value that may panic, on a nil pointer for example: logging must not.
func safeText(text func() string) (s string) {
	defer func() {
		if recovered := recover(); recovered != nil {
			s = fmt.Sprintf("[panic: %v]", recovered)
		}
	}()
	return text()
}

func (r *Redaction) appendAttrs(dst []byte, attrs []slog.Attr, depth int) []byte {
	members := make(map[string]any, len(attrs))
	for _, attr := range attrs {
		members[attr.Key] = attr.Value.Resolve().Any()
	}
	return r.appendReflected(dst, reflect.ValueOf(members), depth)
}

func (r *Redaction) appendReflected(dst []byte, v reflect.Value, depth int) []byte {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(dst, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(dst, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.AppendUint(dst, v.Uint(), 10)
	case reflect.Float32:
		return AppendFloat(dst, v.Float(), 32)
	case reflect.Float64:
		return AppendFloat(dst, v.Float(), 64)
	case reflect.String:
		return AppendString(dst, v.String())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(dst, "null"...)
		}
		if depth > MaxDepth { // A pointer to itself would never end.
			return AppendString(dst, tooDeep)
		}
		if v.Kind() == reflect.Pointer {
			depth++
		}
		if v.Elem().CanInterface() {
			return r.AppendValue(dst, v.Elem().Interface(), depth)
		}
		return r.appendReflected(dst, v.Elem(), depth)
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return append(dst, "null"...)
		}
		if depth > MaxDepth {
			return AppendString(dst, tooDeep)
		}
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = r.AppendValue(dst, v.Index(i).Interface(), depth+1)
		}
		return append(dst, ']')
	case reflect.Map, reflect.Struct:
		if v.Kind() == reflect.Map && v.IsNil() {
			return append(dst, "null"...)
		}
		if depth > MaxDepth {
			return AppendString(dst, tooDeep)
		}
		dst = append(dst, '{')
		for i, member := range members(v) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(AppendString(dst, member.key), ':')
			if r.IsSecret(member.key) {
				dst = AppendString(dst, Redacted)
			} else {
				dst = r.AppendValue(dst, member.value, depth+1)
			}
		}
		return append(dst, '}')
	}
	return AppendString(dst, safeText(func() string { return fmt.Sprintf("%v", v) }))
}

type member struct {
	key   string
	value any
}

// members lists a mapping's entries, or a struct's exported fields under their json names, sorted by key.
func members(v reflect.Value) []member {
	var list []member
	if v.Kind() == reflect.Map {
		for iterator := v.MapRange(); iterator.Next(); {
			list = append(list, member{keyText(iterator.Key()), iterator.Value().Interface()})
		}
	} else {
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name := field.Name
			if tag, _, _ := cut(field.Tag.Get("json")); tag == "-" || !field.IsExported() {
				continue
			} else if tag != "" {
				name = tag
			}
			list = append(list, member{name, v.Field(i).Interface()})
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].key < list[j].key })
	return list
}

func cut(tag string) (string, string, bool) {
	for i := range len(tag) {
		if tag[i] == ',' {
			return tag[:i], tag[i+1:], true
		}
	}
	return tag, "", false
}

func keyText(key reflect.Value) string {
	for key.Kind() == reflect.Interface && !key.IsNil() {
		key = key.Elem()
	}
	if key.Kind() == reflect.String {
		return key.String()
	}
	return fmt.Sprint(key.Interface())
}

// Format is the form of a line.
type Format uint8

// The two forms.
const (
	JSON Format = iota
	Logfmt
)

// Field is one key with its value.
type Field struct {
	Key   string
	Value any
}

// FieldName is the key under which a field of this name is written: the record's own keys are taken.
func FieldName(name string) string {
	switch name {
	case "timestamp", "level", "logger", "message":
		return name + "_"
	}
	return name
}

// AppendField appends one field in the given form, with the separator before it.
func (r *Redaction) AppendField(dst []byte, format Format, field Field) []byte {
	if format == Logfmt {
		return r.appendLogfmt(dst, string(appendKey(nil, FieldName(field.Key))), field.Value, r.IsSecret(field.Key), 1)
	}
	dst = append(dst, ',')
	dst = append(AppendString(dst, FieldName(field.Key)), ':')
	if r.IsSecret(field.Key) {
		return AppendString(dst, Redacted)
	}
	return r.AppendValue(dst, field.Value, 1)
}

// appendLogfmt appends a value under a key that is clean already.
func (r *Redaction) appendLogfmt(dst []byte, key string, value any, secret bool, depth int) []byte {
	if secret {
		return AppendBare(append(append(append(dst, ' '), key...), '='), Redacted)
	}
	if nested, ok := mapping(value); ok && depth <= MaxDepth {
		list := members(nested)
		if len(list) == 0 {
			return append(append(append(dst, ' '), key...), "={}"...)
		}
		for _, m := range list {
			dst = r.appendLogfmt(dst, key+"."+string(appendKey(nil, m.key)), m.value, r.IsSecret(m.key), depth+1)
		}
		return dst
	}
	dst = append(append(append(dst, ' '), key...), '=')
	start := len(dst)
	dst = r.AppendValue(dst, value, depth)
	switch dst[start] {
	case '"':
		if text := dst[start+1 : len(dst)-1]; isBare(text) {
			copy(dst[start:], text)
			dst = dst[:len(dst)-2]
		}
	case '[':
		if text := string(dst[start:]); !isBare([]byte(text)) {
			dst = AppendString(dst[:start], text)
		}
	}
	return dst
}

// mapping unwraps value to the map or struct that is flattened; values with a text form of their own are not.
func mapping(value any) (reflect.Value, bool) {
	switch v := value.(type) {
	case nil, string, bool, int, int64, float64, error, encoding.TextMarshaler, fmt.Stringer:
		return reflect.Value{}, false
	case slog.LogValuer:
		return mapping(v.LogValue().Resolve().Any())
	case []slog.Attr:
		nested := make(map[string]any, len(v))
		for _, attr := range v {
			nested[attr.Key] = attr.Value.Resolve().Any()
		}
		return reflect.ValueOf(nested), true
	}
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Map:
		return v, !v.IsNil()
	case reflect.Struct:
		return v, true
	}
	return reflect.Value{}, false
}

func isBare(text []byte) bool {
	for _, c := range text {
		if c <= 0x20 || c == '"' || c == '=' || c == '\\' || c == 0x7f {
			return false
		}
	}
	return len(text) > 0
}

// AppendBare appends a text for logfmt, quoted only when it must be.
func AppendBare(dst []byte, text string) []byte {
	start := len(dst)
	dst = AppendString(dst, text)
	if inner := dst[start+1 : len(dst)-1]; isBare(inner) {
		copy(dst[start:], inner)
		dst = dst[:len(dst)-2]
	}
	return dst
}

func appendKey(dst []byte, key string) []byte {
	if key == "" {
		return append(dst, '_')
	}
	for _, r := range key { // Ranging over a string turns what is not UTF-8 into U+FFFD.
		if r <= 0x20 || r == '=' || r == '"' || r == 0x7f {
			r = '_'
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// AppendHead appends the record's own keys, up to and with the message. A zero at leaves the timestamp out.
func AppendHead(dst []byte, format Format, at time.Time, level, logger, message string) []byte {
	if format == Logfmt {
		if !at.IsZero() {
			dst = append(appendTimestamp(append(dst, "timestamp="...), at), ' ')
		}
		dst = append(append(dst, "level="...), level...)
		dst = AppendBare(append(dst, " logger="...), logger)
		return AppendBare(append(dst, " message="...), message)
	}
	dst = append(dst, '{')
	if !at.IsZero() {
		dst = append(appendTimestamp(append(dst, `"timestamp":"`...), at), `",`...)
	}
	dst = append(append(append(dst, `"level":"`...), level...), `","logger":`...)
	dst = AppendString(dst, logger)
	return AppendString(append(dst, `,"message":`...), message)
}

// AppendTail ends the line.
func AppendTail(dst []byte, format Format) []byte {
	if format == JSON {
		dst = append(dst, '}')
	}
	return append(dst, '\n')
}

func appendTimestamp(dst []byte, at time.Time) []byte {
	at = at.UTC()
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	dst = append(appendPadded(dst, year, 4), '-')
	dst = append(appendPadded(dst, int(month), 2), '-')
	dst = append(appendPadded(dst, day, 2), 'T')
	dst = append(appendPadded(dst, hour, 2), ':')
	dst = append(appendPadded(dst, minute, 2), ':')
	dst = append(appendPadded(dst, second, 2), '.')
	return append(appendPadded(dst, at.Nanosecond()/1000, 6), 'Z')
}

func appendPadded(dst []byte, value, width int) []byte {
	var digits [8]byte
	for i := width - 1; i >= 0; i-- {
		digits[i] = byte('0' + value%10)
		value /= 10
	}
	return append(dst, digits[:width]...)
}

// Dedupe merges fields that are given twice: the first place, the last value. It returns fields itself when there are
// none, and never changes it.
func Dedupe(fields []Field) []Field {
	for i := 1; i < len(fields); i++ {
		for j := range i {
			if FieldName(fields[i].Key) == FieldName(fields[j].Key) {
				return dedupe(fields)
			}
		}
	}
	return fields
}

func dedupe(fields []Field) []Field {
	places := make(map[string]int, len(fields))
	var merged []Field
	for _, field := range fields {
		name := FieldName(field.Key)
		if place, seen := places[name]; seen {
			merged[place].Value = field.Value
		} else {
			places[name] = len(merged)
			merged = append(merged, field)
		}
	}
	return merged
}
